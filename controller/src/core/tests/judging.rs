//! Where one AP stands, account by account: what counts before what, and where two accounts contradict one another.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, FacilityKey, KeyAct, Report, TurnedAway, TurnedAwayReason};

use super::bench::*;
use crate::core::judge::{Accounts, Line, WHY, judge};
use crate::core::lamp::{enough, signal};
use crate::core::neighbours::{CONTRADICTS_AFTER, FRESH_FOR, Neighbours};
use crate::core::view::Standing::{self, Diverged, Refused, Settled, Settling, Silent};
use crate::core::{Pattern, fleet};

const NOW: Duration = Duration::from_secs(1_000);

/// An AP that serves order 7 in this mode, as ordered.
fn serving(mode: Mode) -> Accounts {
    let mut bench = Bench::settled();
    bench.aps.get_mut(&ap("gym-1")).expect("there").mode = mode;
    let report = Report { told: 7, running: 7, mode, state: AgentState::Serving, ..bench.report(&ap("gym-1")) };
    let issued_ms = report.told_issued_ms.expect("it was told");
    let line = Line::There;
    Accounts { wanted: mode, issued_ms, report: Some(report), line, heard: Some(s(990)), ..Accounts::default() }
}

fn with(mode: Mode, change: impl FnOnce(&mut Accounts)) -> (Standing, String) {
    let mut accounts = serving(mode);
    change(&mut accounts);
    let (standing, why) = judge(&accounts, 7, false, NOW);
    if !matches!(standing, Settled | Refused) {
        assert!(WHY.contains(&why.as_str()) || why.contains(' '), "the dashboard has no sentence for {why:?}");
    }
    (standing, why)
}

fn said(accounts: &mut Accounts) -> &mut Report {
    accounts.report.as_mut().expect("it spoke")
}

#[test]
fn who_serves_what_was_ordered_is_settled() {
    for mode in [Mode::Normal, Mode::Drill, Mode::Disaster] {
        assert_eq!(with(mode, |_| {}), (Settled, String::new()));
    }
}

#[test]
fn who_is_not_heard_stands_by_that_whatever_it_said_before() {
    let silent = |accounts: &Accounts| judge(accounts, 7, true, NOW);
    let mut accounts = serving(Mode::Disaster);
    assert_eq!(silent(&accounts), (Silent, "not-heard".to_owned()));
    accounts.line = Line::Gone;
    assert_eq!(judge(&accounts, 7, false, NOW), (Silent, "offline".to_owned()));
    accounts.no_deputy = Some("no profile fits".to_owned());
    assert_eq!(silent(&accounts), (Refused, "no profile fits".to_owned()));
    let never = Accounts::default();
    assert_eq!(silent(&never), (Silent, "never-heard".to_owned()));
    assert_eq!(judge(&never, 7, false, NOW), (Settling, "never-heard".to_owned()));
    let mute = Accounts { heard: Some(NOW), ..Accounts::default() };
    assert_eq!(judge(&mute, 7, false, NOW), (Settling, "no-report".to_owned()));
}

#[test]
fn the_number_it_was_told_comes_before_what_it_does() {
    let told = |number| with(Mode::Disaster, |accounts| said(accounts).told = number);
    assert_eq!(told(6), (Settling, "not-told".to_owned()));
    assert_eq!(told(8), (Settling, "newer-order".to_owned()));
    assert_eq!(judge(&serving(Mode::Disaster), 0, false, NOW), (Settling, "newer-order".to_owned()));
    let mut empty = serving(Mode::Normal);
    (said(&mut empty).told, said(&mut empty).running) = (0, 0);
    assert_eq!(judge(&empty, 0, false, NOW), (Settling, "no-order".to_owned()));
    assert_eq!(with(Mode::Disaster, |accounts| accounts.misplaced = true), (Diverged, "wrong-facility".to_owned()));
}

#[test]
fn who_turned_the_newest_order_away_refuses_in_its_own_words_and_an_older_one_does_not_count() {
    let turned = |number| {
        with(Mode::Disaster, |accounts| {
            let why = "order 7 does not name facility".to_owned();
            let away = TurnedAway { reason: TurnedAwayReason::NotMine, why, number: Some(number), count: 1 };
            (said(accounts).told, said(accounts).turned_away) = (6, Some(away));
        })
    };
    assert_eq!(turned(7), (Refused, "order 7 does not name facility".to_owned()));
    assert_eq!(turned(6), (Settling, "not-told".to_owned()));
}

#[test]
fn what_is_under_way_is_settling_with_the_aps_own_reason_where_it_has_one() {
    let why = |running, state, why: &str| {
        with(Mode::Disaster, |accounts| {
            let report = said(accounts);
            (report.running, report.state, report.why) = (running, state, why.to_owned());
        })
    };
    assert_eq!(why(6, AgentState::Applying, ""), (Settling, "applying".to_owned()));
    assert_eq!(why(7, AgentState::Applying, ""), (Settling, "applying".to_owned()), "it has not looked");
    assert_eq!(why(6, AgentState::Serving, ""), (Settling, "applying".to_owned()));
    assert_eq!(why(6, AgentState::Applying, "waiting for hostapd"), (Settling, "waiting for hostapd".to_owned()));
    assert_eq!(why(6, AgentState::Refused, "no such device"), (Refused, "no such device".to_owned()));
}

#[test]
fn another_order_of_the_newest_number_is_not_the_newest_order() {
    let twin = |told, issued| {
        with(Mode::Disaster, |accounts| {
            said(accounts).told = told;
            said(accounts).told_issued_ms = issued;
            accounts.issued_ms = 60_000;
        })
    };
    assert_eq!(twin(7, Some(60_000)), (Settled, String::new()));
    assert_eq!(twin(7, Some(59_999)), (Settling, "not-told".to_owned()));
    assert_eq!(twin(7, Some(60_001)), (Settling, "not-told".to_owned()));
    assert_eq!(twin(7, None), (Settled, String::new()), "a deputy keeps no order");
    assert_eq!(twin(8, Some(59_999)), (Settling, "newer-order".to_owned()));
}

#[test]
fn what_it_says_and_what_it_lists_must_agree() {
    let open_without = with(Mode::Disaster, |accounts| said(accounts).networks.truncate(1));
    assert_eq!(open_without, (Diverged, "not-on-air".to_owned()));
    let shut_with = with(Mode::Normal, |accounts| said(accounts).networks[0].ssid = "00000JAPAN".to_owned());
    assert_eq!(shut_with, (Diverged, "open-unordered".to_owned()));
}

#[test]
fn another_mode_than_ordered_is_a_contradiction_but_for_a_drill_that_ended_a_second_apart() {
    let wanted = |serves, wants| with(serves, |accounts| accounts.wanted = wants);
    assert_eq!(wanted(Mode::Drill, Mode::Disaster), (Diverged, "wrong-mode".to_owned()));
    assert_eq!(wanted(Mode::Disaster, Mode::Drill), (Diverged, "wrong-mode".to_owned()));
    assert_eq!(wanted(Mode::Normal, Mode::Drill), (Settling, "drill-over".to_owned()));
    assert_eq!(wanted(Mode::Normal, Mode::Disaster), (Diverged, "wrong-mode".to_owned()));
}

#[test]
fn an_aps_own_key_that_opened_it_settles_it_and_one_that_was_turned_back_is_awaited() {
    let key = |open: bool, serves, wants| {
        with(serves, |accounts| {
            let act = KeyAct { id: 1, since_ms: 0, until_ms: None };
            said(accounts).facility_key =
                Some(Box::new(FacilityKey { open: open.then_some(act), ..Default::default() }));
            accounts.wanted = wants;
        })
    };
    assert_eq!(key(true, Mode::Disaster, Mode::Normal), (Settled, String::new()), "our next order says the same");
    assert_eq!(key(true, Mode::Disaster, Mode::Disaster), (Settled, String::new()));
    assert_eq!(key(false, Mode::Normal, Mode::Disaster), (Settling, "facility-key-back".to_owned()));
    assert_eq!(key(false, Mode::Normal, Mode::Normal), (Settled, String::new()));
    assert_eq!(key(false, Mode::Disaster, Mode::Normal), (Diverged, "wrong-mode".to_owned()));
}

#[test]
fn two_neighbours_that_hear_what_it_says_is_off_contradict_it_and_one_does_not() {
    let mut neighbours = Neighbours::default();
    neighbours.claims(Some(false), s(800));
    let late = s(800) + CONTRADICTS_AFTER;
    neighbours.heard(&ap("gym-2"), late - s(1), 0);
    neighbours.heard(&ap("school-1"), late, 0);
    assert!(!neighbours.contradict(late), "the one heard it while it was closing");
    neighbours.heard(&ap("gym-2"), late, 0);
    assert!(neighbours.contradict(late) && neighbours.contradict(late + FRESH_FOR));
    assert!(!neighbours.contradict(late + FRESH_FOR + s(1)), "that is long ago");
    let stands = with(Mode::Normal, |accounts| accounts.neighbours = neighbours.clone());
    assert_eq!(stands, (Diverged, "neighbours-see-it".to_owned()));
    neighbours.lost(&ap("gym-2"));
    assert!(!neighbours.contradict(late));
    assert_eq!(neighbours.confirm(late), None, "it says that it is off");
}

#[test]
fn what_it_says_is_on_is_confirmed_by_whoever_heard_it_last_since_it_said_so() {
    let mut neighbours = Neighbours::default();
    assert!(!neighbours.could());
    neighbours.claims(Some(true), s(100));
    neighbours.heard(&ap("gym-2"), s(99), 1);
    assert!(neighbours.could() && neighbours.confirm(s(100)).is_none(), "that was before");
    neighbours.heard(&ap("gym-2"), s(100), 2);
    neighbours.heard(&ap("school-1"), s(120), 3);
    assert_eq!(neighbours.confirm(s(130)), Some((&ap("school-1"), 3)));
    neighbours.claims(Some(true), s(140));
    assert_eq!(neighbours.confirm(s(140)), Some((&ap("school-1"), 3)), "it says nothing new");
    assert!(!neighbours.contradict(s(400)));
    // Four are remembered; a fifth takes the place of one that was not heard for long.
    for (n, name) in ["n-1", "n-2", "n-3"].iter().enumerate() {
        neighbours.heard(&ap(name), s(200 + n as u64), 10);
    }
    assert_eq!(neighbours.confirm(s(210)), Some((&ap("n-2"), 10)));
    neighbours.heard(&ap("n-3"), s(100) + FRESH_FOR + s(50), 11);
    assert_eq!(neighbours.confirm(s(100) + FRESH_FOR + s(50)), Some((&ap("n-3"), 11)));
}

#[test]
fn the_share_the_town_agreed_on_is_of_those_to_open_or_of_those_that_are_heard() {
    let tally = fleet::Tally { aps: 10, settled: 7, silent: 2, to_open: 5, open: 4 };
    assert!(enough(Mode::Disaster, tally, 80) && !enough(Mode::Disaster, tally, 81));
    assert!(enough(Mode::Normal, tally, 87) && !enough(Mode::Normal, tally, 88), "7 of the 8 that are there");
}

#[test]
fn the_lamp_shows_how_far_it_is_and_the_buzzer_only_what_is_wrong_with_the_key() {
    use Pattern::{Alarm, Blink, Off, Steady};
    assert_eq!(signal(true, false, Mode::Disaster, true), (Alarm, Alarm));
    assert_eq!(signal(false, true, Mode::Normal, true), (Alarm, Off));
    assert_eq!(signal(false, true, Mode::Disaster, true), (Steady, Off), "it is open by order");
    assert_eq!(signal(false, false, Mode::Disaster, false), (Blink, Off));
    assert_eq!(signal(false, false, Mode::Normal, false), (Blink, Off));
    assert_eq!(signal(false, false, Mode::Normal, true), (Off, Off));
}
