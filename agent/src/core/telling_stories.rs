//! What it tells the controller and the log: proofs that fit, remarks that are heard, numbers that stand for something.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Normal};
use firmware_config::wire::{self, DOCUMENT_MAX_BYTES, Presence, TurnedAwayReason};

use super::sim::{Ap, order, order_for};
use super::{Event, Heard, SPEAK_EVERY};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_order_held_is_sent_as_proof_where_the_report_stays_a_document_that_is_read() {
    for (bytes, sent) in [(DOCUMENT_MAX_BYTES / 2, true), (DOCUMENT_MAX_BYTES - 1_000, false)] {
        let mut ap = Ap::ready();
        let mut held = order(5, Disaster);
        held.jws = "j".repeat(bytes);
        ap.offer(held);
        ap.offer(order(4, Normal));
        let report = ap.told();
        assert_eq!(report.turned_away.as_ref().map(|it| it.reason), Some(TurnedAwayReason::Stale));
        assert_eq!(report.holds.is_some(), sent, "an order of {bytes} bytes");
        assert!(wire::write(&report).len() <= DOCUMENT_MAX_BYTES, "longer than anybody reads");
    }
}

#[test]
fn each_kind_of_message_turned_away_is_in_the_log_at_once_and_its_likes_ever_more_rarely() {
    let mut ap = Ap::ready();
    let turn_away = |ap: &mut Ap, reason| ap.on(Event::TurnedAway { reason, why: "why".to_owned() });
    let lines = |ap: &Ap, word: &str| ap.log.iter().filter(|line| line.contains(word)).count();
    (0..6).for_each(|_| turn_away(&mut ap, TurnedAwayReason::Malformed));
    assert_eq!(lines(&ap, "reason=Malformed"), 3, "the 1st, 2nd and 4th: {:?}", ap.log);
    turn_away(&mut ap, TurnedAwayReason::Forged);
    assert_eq!(lines(&ap, "reason=Forged"), 1, "another kind, the 7th in all: {:?}", ap.log);
}

#[test]
fn an_order_that_is_for_others_is_answered_with_the_facility_that_it_does_not_name() {
    let mut ap = Ap::ready();
    ap.offer(order_for("gakkou", 7, Disaster));
    for _ in 0..2 {
        let report = ap.told();
        assert_eq!(report.turned_away.expect("said").why, "order 7 does not name facility \"yakuba\"");
        assert_eq!(report.why, "order 7 does not name facility yakuba", "it stands as empty, and says why");
        // The same once more is answered the same: whoever sends it again may not have heard.
        ap.offer(order_for("gakkou", 7, Disaster));
    }
}

#[test]
fn the_last_will_says_that_this_start_of_this_ap_is_gone() {
    let ap = Ap::ready();
    let will: Presence = wire::read(&ap.agent.last_will(), None).expect("the controller reads it");
    assert_eq!((will.ap.as_str(), will.online, will.boot.as_str()), ("yakuba-1", false, "boot-0"));
}

#[test]
fn a_mode_that_comes_and_goes_in_one_moment_leaves_no_sample_of_no_length() {
    let mut ap = Ap::ready();
    ap.pass(45 * SECOND);
    ap.offer(order(1, Disaster));
    ap.offer(order(2, Normal));
    ap.pass(60 * SECOND);
    assert!(ap.counts.len() >= 3, "{:?}", ap.counts);
    assert!(ap.counts.iter().all(|counts| counts.interval_s > 0), "{:?}", ap.counts);
    assert_eq!(ap.counts.iter().map(|counts| counts.interval_s).sum::<u32>(), 105, "and no second is missing");
}

#[test]
fn an_ap_that_is_not_to_count_does_not_count_at_a_flip_either() {
    let mut ap = Ap::ready();
    ap.agent.identity.counts_every = None;
    ap.pass(45 * SECOND);
    ap.offer(order(1, Disaster));
    ap.pass(60 * SECOND);
    let page = ap.agent.stopping(ap.now);
    assert!(ap.counts.is_empty() && page.is_none(), "{:?} {page:?}", ap.counts);
}

#[test]
fn a_report_that_carried_news_puts_off_the_next_that_says_only_i_am_here() {
    let mut ap = Ap::ready();
    ap.pass(SPEAK_EVERY - 2 * SECOND);
    ap.offer(order(1, Disaster));
    let reports = ap.reports.len();
    ap.pass(SPEAK_EVERY - SECOND);
    assert_eq!(ap.reports.len(), reports, "it has just spoken");
    ap.pass(2 * SECOND);
    assert_eq!(ap.reports.len(), reports + 1);
}

#[test]
fn a_newer_order_is_told_within_a_tenth_of_a_second_and_lesser_things_once_a_second() {
    let mut ap = Ap::ready();
    ap.kill_hostapd();
    ap.offer(order(1, Disaster));
    ap.pass(SECOND / 2);
    let reports = ap.reports.len();
    assert_eq!(ap.reports[reports - 1].told, 1);
    // Its state does not change, there is no hostapd; that it has heard of the order is worth saying all the same.
    ap.offer(order(2, Disaster));
    ap.pass(SECOND / 5);
    assert_eq!((ap.reports.len(), ap.reports[reports].told), (reports + 1, 2));
    for _ in 0..50 {
        ap.on(Event::TurnedAway { reason: TurnedAwayReason::Malformed, why: "rubbish".to_owned() });
        ap.pass(SECOND / 5);
    }
    let lesser = ap.reports.len() - reports - 1;
    assert!((9..=11).contains(&lesser), "{lesser} in ten seconds");
}

#[test]
fn who_came_and_went_on_a_network_that_ended_is_counted() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    ap.pass(31 * SECOND);
    ap.counts.clear();
    let on = |ap: &mut Ap, heard: fn(String) -> Heard| ap.on(Event::Heard(heard("wlan0jp".to_owned())));
    for _ in 0..2 {
        on(&mut ap, |interface| Heard::Joined { interface });
        on(&mut ap, |interface| Heard::Left { interface });
    }
    ap.offer(order(2, Normal));
    ap.pass(31 * SECOND);
    let rows: Vec<_> = ap.counts.iter().flat_map(|counts| &counts.networks).filter(|row| row.joins > 0).collect();
    assert_eq!(rows.len(), 1, "{:?}", ap.counts);
    assert_eq!((rows[0].interface.as_str(), rows[0].joins, rows[0].leaves, rows[0].stations), ("wlan0jp", 2, 2, 0));
}

#[test]
fn lesser_things_that_happen_together_are_told_together() {
    let mut ap = Ap::ready();
    ap.pass(5 * SECOND);
    let reports = ap.reports.len();
    for _ in 0..2 {
        assert_eq!(ap.reports.len(), reports, "it waits a moment for what else there is");
        ap.on(Event::TurnedAway { reason: TurnedAwayReason::Malformed, why: "rubbish".to_owned() });
        ap.pass(SECOND / 20);
    }
    ap.pass(SECOND / 10);
    assert_eq!(ap.reports.len(), reports + 1);
    assert_eq!(ap.reports[reports].turned_away.as_ref().expect("told").count, 2);
}
