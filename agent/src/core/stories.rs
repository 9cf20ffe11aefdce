//! The core as stories: each test is a sentence of `docs/states.md` or of the design's rulings.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Drill, Normal};
use firmware_config::wire::AgentState::{Applying, Empty, Refused, Serving};
use firmware_config::wire::TurnedAwayReason;

use super::air::RadioState;
use super::sim::{Ap, ISSUED_MS, Mood, Up, order, order_for};
use super::{Agent, Event, Heard};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn with_no_order_ever_the_air_is_left_as_it_is() {
    let mut ap = Ap::ready();
    ap.air.insert("wlan0jp".to_owned(), Up::good());
    ap.pass(60 * SECOND);
    assert!(ap.asked.is_empty(), "{:?}", ap.asked);
    assert_eq!(ap.says(), (0, 0, Normal, Empty));
    assert!(ap.told().networks.iter().any(|network| network.ssid == "00000JAPAN"), "and yet it is reported");
}

#[test]
fn an_order_opens_and_the_report_waits_for_the_look() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    assert!(ap.is_open());
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
    assert_eq!(ap.flash.order, Some(order(1, Disaster)));
    // Nobody was told that it runs before a look showed it.
    assert!(ap.reports.iter().all(|report| report.running == 0 || !report.networks.is_empty()));
    ap.offer(order(2, Normal));
    assert_eq!((ap.open().len(), ap.says()), (0, (2, 2, Normal, Serving)));
    assert_eq!(ap.air.len(), 1, "the town's own network was not touched");
}

#[test]
fn a_flip_is_told_in_one_report() {
    let mut ap = Ap::ready();
    ap.pass(SECOND);
    let before = ap.reports.len();
    ap.offer(order(1, Disaster));
    assert_eq!(ap.reports.len(), before + 1);
    assert_eq!(ap.reports[before].state, Serving);
}

#[test]
fn an_older_order_is_stale_and_answered_with_the_one_held() {
    let mut ap = Ap::ready();
    ap.offer(order(5, Disaster));
    ap.offer(order(4, Normal));
    let report = ap.told();
    assert!(ap.is_open());
    assert_eq!(report.turned_away.expect("said").reason, TurnedAwayReason::Stale);
    assert_eq!(report.holds, Some(order(5, Disaster).jws));
    assert_eq!((report.told, report.told_issued_ms), (5, Some(order(5, Disaster).order.issued_at_ms)));
    ap.offer(order(6, Disaster));
    assert_eq!(ap.told().holds, None, "once is enough");
}

#[test]
fn the_same_number_with_other_content_is_refused_with_a_shout() {
    let mut ap = Ap::ready();
    ap.offer(order(5, Disaster));
    ap.offer(order(5, Normal));
    assert!(ap.is_open());
    let turned_away = ap.told().turned_away.expect("said");
    assert_eq!((turned_away.reason, turned_away.number), (TurnedAwayReason::Conflicting, Some(5)));
}

#[test]
fn the_same_again_is_nothing() {
    let mut ap = Ap::ready();
    ap.offer(order(5, Disaster));
    ap.pass(2 * SECOND);
    let (reports, asked, writes) = (ap.reports.len(), ap.asked.len(), ap.ledger_writes);
    (0..100).for_each(|_| ap.offer(order(5, Disaster)));
    ap.pass(2 * SECOND);
    assert_eq!((ap.reports.len(), ap.asked.len(), ap.ledger_writes), (reports, asked, writes));
}

#[test]
fn an_order_that_does_not_name_the_facility_changes_nothing_and_its_number_counts() {
    let mut ap = Ap::ready();
    ap.offer(order(5, Disaster));
    ap.offer(order_for("gakkou", 7, Normal));
    assert!(ap.is_open());
    let report = ap.told();
    assert_eq!((report.told, report.running, report.state), (5, 5, Serving));
    let turned_away = report.turned_away.expect("said");
    assert_eq!((turned_away.reason, turned_away.number), (TurnedAwayReason::NotMine, Some(7)));
    assert_eq!(report.why, "order 7 does not name facility yakuba; going on with order 5");
    ap.offer(order(6, Normal));
    assert!(ap.is_open(), "6 is older than 7");
    ap.reboot();
    assert!(ap.is_open(), "and a reboot forgets neither");
    ap.offer(order(6, Normal));
    assert!(ap.is_open());
    ap.offer(order(8, Normal));
    assert!(ap.open().is_empty());
}

#[test]
fn another_towns_order_is_not_ours() {
    let mut ap = Ap::ready();
    ap.offer(order(5, Disaster));
    let mut other = order(9, Normal);
    other.order.town = "minato".parse().expect("valid");
    ap.offer(other);
    assert!(ap.is_open());
    assert_eq!(ap.told().turned_away.expect("said").reason, TurnedAwayReason::NotMine);
    ap.offer(order(6, Normal));
    assert!(ap.open().is_empty(), "its number does not count here");
}

#[test]
fn opening_does_not_wait_for_a_flash_that_is_full() {
    let mut ap = Ap::ready();
    ap.flash_full = true;
    ap.offer(order(1, Disaster));
    assert!(ap.is_open());
    let report = ap.told();
    assert_eq!(report.state, Serving);
    assert!(report.why.contains("not kept on flash"), "{}", report.why);
    ap.pass(300 * SECOND);
    assert!((5..30).contains(&ap.ledger_writes), "tried, not hammered: {}", ap.ledger_writes);
    ap.flash_full = false;
    ap.pass(61 * SECOND);
    assert_eq!(ap.flash.order, Some(order(1, Disaster)));
    assert_eq!(ap.told().why, "");
}

#[test]
fn a_refused_network_is_tried_for_ever_at_most_ten_seconds_apart() {
    let mut ap = Ap::ready();
    ap.moods.insert("wlan1jp".to_owned(), Mood::Refuses);
    ap.offer(order(1, Disaster));
    let report = ap.told();
    assert_eq!((report.running, report.state), (0, Refused));
    assert!(report.why.contains("wlan1jp"), "{}", report.why);
    assert_eq!(ap.open().len(), 1, "the other radio is not held up");
    ap.pass(60 * SECOND);
    let tried = ap.asked.len();
    ap.pass(100 * SECOND);
    assert!((9..=11).contains(&(ap.asked.len() - tried)), "{}", ap.asked.len() - tried);
    assert!(ap.log.len() < 20, "the log is not filled with it: {:?}", ap.log);
    assert_eq!(ap.open().len(), 1, "and stays up");
    ap.moods.clear();
    ap.pass(10 * SECOND);
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
}

#[test]
fn a_newer_order_interrupts_the_wait() {
    let mut ap = Ap::ready();
    ap.moods.insert("wlan0jp".to_owned(), Mood::Refuses);
    ap.offer(order(1, Disaster));
    ap.pass(60 * SECOND);
    ap.moods.clear();
    ap.offer(order(2, Drill));
    assert!(ap.is_open(), "at once, not in ten seconds");
}

#[test]
fn an_ok_is_not_believed_before_a_look_shows_it() {
    let mut ap = Ap::ready();
    ap.moods.insert("wlan0jp".to_owned(), Mood::Lies);
    ap.offer(order(1, Disaster));
    let report = ap.told();
    assert_eq!((report.running, report.state), (0, Refused));
    assert!(report.why.contains("said OK"), "{}", report.why);
}

#[test]
fn after_a_time_out_it_looks_and_does_not_ask_again() {
    let mut ap = Ap::ready();
    ap.moods.insert("wlan0jp".to_owned(), Mood::IsSlow);
    ap.offer(order(1, Disaster));
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
    assert_eq!(ap.asked, ["+wlan0jp", "+wlan1jp"]);
}

#[test]
fn what_somebody_removed_is_put_back_and_what_somebody_added_is_taken_away() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    ap.air.remove("wlan0jp");
    ap.pass(11 * SECOND);
    assert!(ap.is_open(), "found by the timer");
    ap.air.remove("wlan0jp");
    ap.on(Event::Heard(Heard::AirChanged));
    assert!(ap.is_open(), "found by the event");
    ap.offer(order(2, Normal));
    ap.air.insert("wlan0jp".to_owned(), Up::good());
    ap.pass(11 * SECOND);
    assert!(ap.open().is_empty());
}

#[test]
fn after_every_restart_of_hostapd_the_network_comes_back() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    for _ in 0..3 {
        ap.kill_hostapd();
        let (told, running, mode, state) = ap.says();
        assert_eq!((told, running, mode, state), (1, 0, Normal, Applying));
        assert!(ap.told().why.contains("waiting for hostapd"));
        ap.start_hostapd();
        assert!(ap.is_open());
        ap.kill_hostapd();
        ap.start_hostapd();
        assert_eq!(ap.says(), (1, 1, Disaster, Serving));
    }
}

#[test]
fn an_order_that_comes_while_hostapd_is_gone_is_carried_out_when_it_is_back() {
    let mut ap = Ap::ready();
    ap.kill_hostapd();
    ap.offer(order(1, Disaster));
    assert_eq!(ap.says(), (1, 0, Normal, Applying));
    ap.start_hostapd();
    assert!(ap.is_open());
}

#[test]
fn rebooted_in_the_dark_it_serves_its_ledger() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    ap.now.wall_ms = 0;
    ap.reboot();
    assert!(ap.is_open(), "no broker, no controller, 1970");
    ap.connect();
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
}

#[test]
fn a_spoilt_ledger_is_an_empty_one_and_is_told() {
    let mut ap = Ap::ready();
    let identity = ap.agent.identity.clone();
    let (agent, _) = Agent::new(identity, Err("half a page".to_owned()), "boot-x".to_owned(), ap.now);
    ap.agent = agent;
    ap.on(Event::HostapdUp);
    ap.on(Event::BrokerUp);
    let report = ap.told();
    assert_eq!((report.state, report.told), (Empty, 0));
    assert!(report.why.contains("half a page"), "{}", report.why);
    ap.offer(order(3, Disaster));
    assert_eq!(ap.told().why, "");
}

#[test]
fn a_radio_that_listens_for_radar_is_waited_for() {
    let mut ap = Ap::ready();
    ap.moods.insert("wlan0jp".to_owned(), Mood::Lies);
    let dfs = Up { radio: RadioState::Preparing("DFS".to_owned()), ..Up::good() };
    ap.air.insert("wlan0jp".to_owned(), dfs);
    ap.offer(order(1, Disaster));
    ap.pass(60 * SECOND);
    let report = ap.told();
    assert_eq!((report.state, report.running), (Applying, 0));
    assert_eq!(report.why, "radio of wlan0jp is in state DFS: it listens for radar first, for a minute");
    assert_eq!(ap.asked, ["+wlan0jp", "+wlan1jp"], "each was asked once, and nothing meanwhile");
    ap.air.insert("wlan0jp".to_owned(), Up::good());
    ap.pass(2 * SECOND);
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
}

#[test]
fn a_network_under_a_wrong_name_is_put_up_anew_until_it_is_right() {
    let mut ap = Ap::ready();
    ap.air.insert("wlan0jp".to_owned(), Up { ssid: "0000JAPAN".to_owned(), ..Up::good() });
    ap.on(Event::Heard(Heard::AirChanged));
    ap.offer(order(1, Disaster));
    assert_eq!(ap.asked, ["-wlan0jp", "+wlan1jp", "+wlan0jp"].map(str::to_owned).to_vec());
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
}

#[test]
fn a_hostapd_that_talks_nonsense_is_still_asked_to_open() {
    let mut ap = Ap::new();
    ap.look_fails = true;
    ap.start_hostapd();
    ap.connect();
    ap.offer(order(1, Disaster));
    ap.pass(2 * SECOND);
    assert!(ap.is_open());
    let report = ap.told();
    assert_eq!(report.running, 0, "nobody has seen it");
    assert!(report.why.contains("does not say what is on the air"), "{}", report.why);
    ap.look_fails = false;
    ap.pass(11 * SECOND);
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
}

#[test]
fn a_drill_ends_by_itself_and_a_reboot_does_not_start_it_again() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Drill));
    assert_eq!(ap.says(), (1, 1, Drill, Serving));
    ap.disconnect();
    ap.pass(601 * SECOND);
    assert!(ap.open().is_empty());
    ap.now.wall_ms = ISSUED_MS;
    ap.reboot();
    assert!(ap.open().is_empty());
    ap.connect();
    ap.offer(order(1, Drill));
    assert_eq!(ap.says(), (1, 1, Normal, Serving));
    assert!(ap.open().is_empty());
}

#[test]
fn a_drill_ends_although_the_clock_was_never_set() {
    let mut ap = Ap::ready();
    ap.now.wall_ms = 0;
    ap.offer(order(1, Drill));
    ap.pass(599 * SECOND);
    assert!(ap.is_open());
    ap.pass(2 * SECOND);
    assert!(ap.open().is_empty());
}

#[test]
fn a_drill_that_is_over_by_the_clock_never_starts() {
    let mut ap = Ap::ready();
    ap.now.wall_ms = ISSUED_MS + 700_000;
    ap.offer(order(1, Drill));
    assert_eq!(ap.says(), (1, 1, Normal, Serving));
    assert!(ap.asked.is_empty(), "not even for a moment: {:?}", ap.asked);
}

#[test]
fn a_clock_that_jumps_ends_a_drill_and_never_a_disaster() {
    for wall_ms in [0, i64::from(i32::MAX) * 1000, i64::MAX / 2, i64::MIN / 2] {
        let mut ap = Ap::ready();
        ap.offer(order(1, Disaster));
        ap.now.wall_ms = wall_ms;
        ap.pass(3600 * SECOND);
        assert!(ap.is_open(), "{wall_ms}");
        ap.offer(order(2, Drill));
        ap.pass(601 * SECOND);
        assert!(ap.open().is_empty(), "{wall_ms}");
    }
}

#[test]
fn the_key_wins_over_a_drill_and_its_end() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Drill));
    ap.pass(300 * SECOND);
    ap.offer(order(2, Disaster));
    ap.pass(3600 * SECOND);
    assert_eq!(ap.says(), (2, 2, Disaster, Serving));
    assert!(!ap.asked.iter().any(|asked| asked.starts_with('-')), "it was on the air all the time");
}

#[test]
fn a_drill_without_an_end_is_no_order() {
    let mut ap = Ap::ready();
    let mut endless = order(1, Drill);
    endless.order.facilities.values_mut().for_each(|wanted| wanted.drill = None);
    ap.offer(endless);
    assert!(ap.open().is_empty());
    assert_eq!(ap.told().turned_away.expect("said").reason, TurnedAwayReason::Malformed);
}

#[test]
fn a_clock_that_is_set_later_puts_the_dates_right() {
    let mut ap = Ap::new();
    ap.now.wall_ms = 1_000;
    ap.start_hostapd();
    ap.connect();
    ap.offer(order(1, Disaster));
    ap.pass(60 * SECOND);
    let since_ms = ap.told().since_ms;
    assert!(since_ms < 10_000, "1970: {since_ms}");
    ap.now.wall_ms = ISSUED_MS;
    ap.pass(11 * SECOND);
    let report = ap.told();
    assert!((ISSUED_MS - 70_000..ISSUED_MS).contains(&report.since_ms), "{}", report.since_ms);
    let reports = ap.reports.len();
    ap.pass(600 * SECOND);
    assert_eq!(ap.reports.len(), reports + 30, "then no more than each 20 s");
}

#[test]
fn every_connection_is_told_everything_anew() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    ap.pass(2 * SECOND);
    let seq = ap.reports.last().expect("a report").seq;
    ap.disconnect();
    ap.offer(order(2, Normal));
    ap.connect();
    let report = ap.reports.last().expect("a report");
    assert_eq!((report.running, report.seq), (2, seq + 1));
}

#[test]
fn it_is_never_silent_for_long_even_without_hostapd_and_without_counts() {
    let mut ap = Ap::new();
    ap.agent.identity.counts_every = None;
    ap.connect();
    ap.pass(100 * SECOND);
    assert_eq!(ap.reports.len(), 6, "at once, then each 20 s: {:?}", ap.reports);
    assert!(ap.reports.windows(2).all(|two| two[1].seq > two[0].seq), "each is newer than the one before");
    ap.disconnect();
    ap.pass(100 * SECOND);
    assert_eq!(ap.reports.len(), 6, "nobody to say it to");
}

#[test]
fn a_flood_of_rubbish_does_not_become_a_flood_of_reports() {
    let mut ap = Ap::ready();
    ap.pass(2 * SECOND);
    let before = ap.reports.len();
    for _ in 0..1000 {
        ap.on(Event::TurnedAway { reason: TurnedAwayReason::Malformed, why: "x".repeat(100_000) });
    }
    let report = ap.told();
    assert!(ap.reports.len() <= before + 2, "{}", ap.reports.len() - before);
    let turned_away = report.turned_away.expect("said");
    assert_eq!(turned_away.count, 1000);
    assert!(ap.log.len() < 50, "nor of log lines: {}", ap.log.len());
    assert!(turned_away.why.len() < 1000);
}

#[test]
fn counts_tell_how_many_and_a_drills_numbers_stand_apart() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Drill));
    let join = |ap: &mut Ap, name: &str| ap.on(Event::Heard(Heard::Joined { interface: name.to_owned() }));
    ap.pass(30 * SECOND);
    ap.counts.clear();
    (0..3).for_each(|_| join(&mut ap, "wlan0jp"));
    join(&mut ap, "wlan0");
    ap.on(Event::Heard(Heard::Left { interface: "wlan0jp".to_owned() }));
    ap.air.get_mut("wlan0jp").expect("on air").stations = 2;
    ap.pass(10 * SECOND);
    ap.offer(order(2, Normal));
    let drill = ap.counts.last().expect("the interval ends with the mode").clone();
    assert_eq!(drill.mode, Drill);
    let row = drill.networks.iter().find(|row| row.interface == "wlan0jp").expect("counted");
    assert_eq!((row.ssid.as_str(), row.joins, row.leaves), ("00000JAPAN", 3, 1));
    ap.pass(31 * SECOND);
    let normal = ap.counts.last().expect("the next interval");
    assert_eq!((normal.mode, normal.interval_s), (Normal, 30));
    assert_eq!(normal.networks.iter().map(|row| row.joins).sum::<u32>(), 0);
    assert!(ap.counts.windows(2).all(|pair| pair[0].seq < pair[1].seq));
}
