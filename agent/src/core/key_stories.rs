//! The key at an AP (施設の鍵) as stories: it opens its own facility, and asks nobody.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Normal};
use firmware_config::wire::AgentState::{Empty, Serving};
use firmware_config::wire::{ActivationNote, ENDED_MAX};

use super::holding::SignedOrder;
use super::sim::{AT_DISASTER, AT_NORMAL, Ap, CUT, RADIOS, Up, order};

const SECOND: Duration = Duration::from_secs(1);

/// An order that opens the facility for `by`.
fn opened_by(number: u64, by: &[&str]) -> SignedOrder {
    let mut signed = order(number, Disaster);
    let note = |(id, by): (usize, &&str)| ActivationNote {
        id: id as u64 + 1,
        boot: String::new(),
        by: (*by).to_owned(),
        mode: Disaster,
        facilities: vec!["yakuba".parse().expect("valid")],
        since_ms: 0,
        until_ms: None,
        why: String::new(),
    };
    signed.order.activations = by.iter().enumerate().map(note).collect();
    signed
}

#[test]
fn a_facility_key_opens_with_no_controller_no_broker_no_order_and_no_clock() {
    // Shows that a turn opens within the rest of the contacts, and back closes; at no time was anything else there.
    let mut ap = Ap::with_key();
    ap.now.wall_ms = 1_000;
    assert!(ap.asked.is_empty() && !ap.is_open(), "nothing opens by itself: {:?}", ap.asked);
    ap.turn(AT_DISASTER);
    assert!(ap.is_open());
    ap.pass(60 * SECOND);
    ap.turn(AT_NORMAL);
    assert!(ap.open().is_empty());
    ap.connect();
    let report = ap.told();
    let key = report.facility_key.expect("told");
    assert_eq!((report.told, report.mode, report.state), (0, Normal, Serving));
    assert_eq!((key.open, key.ended.len(), key.ended[0].until_ms.expect("ended") >= 61_000), (None, 1, true));
}

#[test]
fn a_key_that_was_never_turned_takes_nothing_off_the_air() {
    let mut ap = Ap::with_key();
    for radio in RADIOS {
        ap.air.insert(radio.to_owned(), Up::good());
    }
    ap.pass(60 * SECOND);
    assert!(ap.is_open() && ap.asked.is_empty(), "whoever put it there knows why: {:?}", ap.asked);
}

#[test]
fn a_power_cut_leaves_it_open_and_the_key_alone_closes() {
    let mut ap = Ap::with_key();
    ap.turn(AT_DISASTER);
    let held = ap.flash.key.clone();
    assert_eq!((held.last_id, held.open.map(|act| act.id)), (1, Some(1)));
    // Open again before the key could be read: its wire is cut.
    ap.contacts = Some(CUT);
    ap.reboot();
    assert!(ap.is_open());
    ap.pass(60 * SECOND);
    assert!(ap.is_open(), "a fault changes nothing");
    ap.connect();
    let key = ap.told().facility_key.expect("told");
    assert_eq!((key.fault.as_str(), key.open.map(|act| act.id)), ("broken", Some(1)));
    ap.contacts = Some(AT_NORMAL);
    ap.reboot();
    ap.pass(SECOND);
    assert!(ap.open().is_empty(), "turned back while there was no power: the level counts");
}

#[test]
fn a_key_turned_while_there_was_no_power_is_obeyed() {
    let mut ap = Ap::with_key();
    ap.contacts = Some(AT_DISASTER);
    ap.reboot();
    ap.pass(SECOND);
    assert!(ap.is_open());
}

#[test]
fn the_greater_of_the_order_and_the_key_is_served() {
    let mut ap = Ap::with_key();
    ap.connect();
    ap.offer(order(1, Normal));
    ap.turn(AT_DISASTER);
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
    ap.offer(order(2, Normal));
    assert!(ap.is_open(), "an order does not close what the key holds open");
    ap.offer(opened_by(3, &["facility-key:yakuba-1", "key"]));
    ap.turn(AT_NORMAL);
    assert_eq!(ap.says(), (3, 3, Disaster, Serving), "nor the key what others hold open");
    ap.offer(order(4, Normal));
    assert_eq!(ap.says(), (4, 4, Normal, Serving));
}

#[test]
fn turned_back_it_closes_although_the_controller_that_opened_for_it_is_gone() {
    let mut ap = Ap::with_key();
    ap.connect();
    ap.turn(AT_DISASTER);
    ap.offer(opened_by(1, &["facility-key:yakuba-1"]));
    ap.disconnect();
    ap.turn(AT_NORMAL);
    assert!(ap.open().is_empty());
    ap.reboot();
    ap.pass(SECOND);
    assert!(ap.open().is_empty(), "and stays closed over a reboot");
    // The key of a neighbour in the same facility is another person's act.
    ap.offer(opened_by(2, &["facility-key:yakuba-2"]));
    assert!(ap.is_open());
}

#[test]
fn what_it_did_alone_is_told_later_and_bounded() {
    let mut ap = Ap::with_key();
    for _ in 0..20 {
        ap.turn(AT_DISASTER);
        ap.pass(30 * SECOND);
        ap.turn(AT_NORMAL);
        ap.pass(30 * SECOND);
    }
    ap.connect();
    let ended = ap.told().facility_key.expect("told").ended;
    assert_eq!((ended.len(), ended.last().map(|act| act.id)), (ENDED_MAX, Some(20)));
}

#[test]
fn an_ap_without_a_key_says_nothing_of_one() {
    let mut ap = Ap::ready();
    assert_eq!(ap.told().facility_key, None);
    assert_eq!(ap.says().3, Empty);
}
