//! When it wants to be woken: not while an answer is awaited, and not at once again after it had nothing to do.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Normal};
use firmware_config::wire::AgentState::{Applying, Refused};

use super::air::RadioState;
use super::listen::{LATER, Listener, Manner, SOON};
use super::radios::{Answer, Verb};
use super::sim::{Ap, Mood, RADIOS, Up, order};
use super::{Action, Event, Now};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn while_hostapd_has_not_answered_there_is_nothing_to_wake_for() {
    let mut ap = Ap::ready();
    let actions = ap.agent.on(Event::Offered(order(1, Disaster)), ap.now);
    assert!(actions.iter().any(|action| matches!(action, Action::Add { .. })), "{actions:?}");
    for _ in 0..10 {
        let wake = ap.agent.next_wake(ap.now).expect("counts, if nothing else");
        assert!(wake > ap.now.mono, "it spins until hostapd answers");
        ap.now.mono = wake;
        let actions = ap.agent.on(Event::Woke, ap.now);
        assert!(!actions.iter().any(|action| matches!(action, Action::Look | Action::Add { .. })), "{actions:?}");
    }
}

#[test]
fn while_a_look_is_under_way_there_is_no_second_one() {
    let mut ap = Ap::ready();
    ap.pass(SECOND);
    ap.now.mono += 30 * SECOND;
    let looks = |actions: &[Action]| actions.iter().filter(|action| matches!(action, Action::Look)).count();
    let actions = ap.agent.on(Event::Woke, ap.now);
    assert_eq!(looks(&actions), 1);
    ap.now.mono += 30 * SECOND;
    let actions = ap.agent.on(Event::Woke, ap.now);
    assert_eq!(looks(&actions), 0);
}

#[test]
fn it_looks_each_ten_seconds_while_all_is_well_and_each_second_while_it_is_not() {
    let looks = |ap: &mut Ap| {
        ap.pass(2 * SECOND);
        ap.looks = 0;
        ap.pass(100 * SECOND);
        ap.looks
    };
    let calm = 10..=16;
    let mut ap = Ap::ready();
    ap.set_listens(None);
    assert!(calm.contains(&looks(&mut ap)), "with no order: {}", ap.looks);
    ap.offer(order(1, Disaster));
    assert!(calm.contains(&looks(&mut ap)), "open: {}", ap.looks);
    ap.moods.insert("wlan0jp".to_owned(), Mood::Refuses);
    ap.offer(order(2, Normal));
    assert!((95..=130).contains(&looks(&mut ap)), "it will not shut: {}", ap.looks);
}

#[test]
fn an_opening_that_an_order_to_close_overtook_is_undone_at_once_and_nobody_is_blamed() {
    let mut ap = Ap::ready();
    ap.agent.on(Event::Offered(order(1, Disaster)), ap.now);
    ap.agent.on(Event::Offered(order(2, Normal)), ap.now);
    // hostapd had been asked already, and did it.
    RADIOS.iter().for_each(|name| drop(ap.air.insert((*name).to_owned(), Up::good())));
    for index in 0..RADIOS.len() {
        ap.agent.on(Event::Answered { index, verb: Verb::Add, answer: Answer::Ok }, ap.now);
    }
    let actions = ap.agent.on(Event::Looked(Ok(ap.look())), ap.now);
    let removed = actions.iter().filter(|action| matches!(action, Action::Remove { .. })).count();
    assert_eq!((removed, ap.agent.state()), (2, Applying), "{actions:?}");
}

#[test]
fn a_network_that_comes_up_under_a_wrong_name_is_told_by_its_name() {
    let mut ap = Ap::ready();
    ap.agent.on(Event::Offered(order(1, Disaster)), ap.now);
    ap.air.insert("wlan0jp".to_owned(), Up { ssid: "0000JAPAN".to_owned(), ..Up::good() });
    ap.agent.on(Event::Answered { index: 0, verb: Verb::Add, answer: Answer::Ok }, ap.now);
    ap.agent.on(Event::Answered { index: 1, verb: Verb::Add, answer: Answer::Fail("FAIL".to_owned()) }, ap.now);
    ap.agent.on(Event::Looked(Ok(ap.look())), ap.now);
    let why = ap.agent.why();
    assert!(why.contains("wlan0jp is called \"0000JAPAN\"") && why.contains("its prepared file is wrong"), "{why}");
}

#[test]
fn a_network_that_listens_for_radar_and_will_not_go_is_told_as_refused() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Normal));
    ap.moods.insert("wlan0jp".to_owned(), Mood::Lies);
    ap.air.insert("wlan0jp".to_owned(), Up { radio: RadioState::Preparing("DFS".to_owned()), ..Up::good() });
    ap.pass(11 * SECOND);
    let report = ap.told();
    assert_eq!(report.state, Refused, "{}", report.why);
    assert!(report.why.contains("said OK to REMOVE wlan0jp"), "{}", report.why);
}

#[test]
fn a_network_of_a_wrong_name_that_will_not_go_is_told_by_what_hostapd_said() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Normal));
    ap.moods.insert("wlan0jp".to_owned(), Mood::Lies);
    ap.air.insert("wlan0jp".to_owned(), Up { ssid: "0000JAPAN".to_owned(), ..Up::good() });
    ap.pass(11 * SECOND);
    let why = ap.told().why;
    assert!(why.contains("said OK to REMOVE wlan0jp"), "{why}");
}

#[test]
fn a_round_of_listening_that_hostapd_does_not_answer_is_put_off_and_comes() {
    let at = |mono| Now { mono, wall_ms: 0 };
    let manner = Manner { every: 300 * SECOND, others: Vec::new() };
    let mut listener = Listener::new(Some(manner), "boot-1", at(SECOND));
    let due = listener.next_wake().expect("a round");
    assert!(!listener.asks(at(due - SECOND)) && listener.asks(at(due)));
    assert_eq!(listener.next_wake(), None, "the answer comes first");
    listener.unanswered(at(due + SECOND));
    assert_eq!(listener.next_wake(), Some(due + SECOND + LATER));
    // A flip in the middle of a round is worth listening to: ten seconds after it, and neither at once nor in minutes.
    assert!(listener.asks(at(due + 60 * SECOND)));
    listener.flipped(at(due + 61 * SECOND));
    listener.unanswered(at(due + 62 * SECOND));
    let next = listener.next_wake().expect("a round");
    assert!(next >= due + 61 * SECOND + SOON && next <= due + 62 * SECOND + LATER, "{next:?}");
}
