//! Facility keys in a town with two controllers: whoever was away does not undo what the other saw the key do.

use firmware_config::wire::Order;

use super::bench::{ap, facility, field, s};
use super::pair::Pair;
use crate::core::{Event, Kind};

/// The acts of keys that a controller's record tells of, by kind.
fn acts(pair: &Pair, at: usize, kind: Kind) -> Vec<String> {
    let act = |fields: &[(&str, String)]| fields.iter().find(|(name, _)| *name == "act").map(|(_, act)| act.clone());
    pair.entries(at, kind).iter().filter_map(|entry| act(&entry.fields)).collect()
}

/// One is cut off and the other decides; then somebody acts at the one, who decides as soon as it is back. How many orders
/// there were by then.
fn while_one_is_away(pair: &mut Pair, meanwhile: impl FnOnce(&mut Pair)) -> usize {
    pair.link(0, false);
    pair.pass(s(30));
    assert!(pair.active()[1]);
    meanwhile(pair);
    pair.pass(s(5));
    pair.open(0, "hall");
    let orders = pair.orders.len();
    pair.link(0, true);
    pair.pass(s(30));
    assert_eq!((pair.active(), pair.at_rest()), ([true, false], Ok(())));
    assert!(pair.is_open("hall"));
    orders
}

fn is_open_by(order: &Order) -> bool {
    order.facilities[&facility("gym")].mode.is_open()
}

#[test]
fn what_the_key_ended_while_one_was_away_is_not_opened_again_on_an_old_report() {
    let mut pair = Pair::quiet();
    pair.turn_at(&ap("gym-1"), true);
    pair.pass(s(2));
    let back = while_one_is_away(&mut pair, |pair| pair.turn_at(&ap("gym-1"), false));
    assert!(!pair.is_open("gym") && !pair.orders[back..].iter().any(is_open_by), "not for a moment");
    assert_eq!(acts(&pair, 0, Kind::Opened).len(), 1, "once");
    // And what the key does from now on is obeyed.
    pair.turn_at(&ap("gym-1"), true);
    pair.pass(s(2));
    assert!(pair.is_open("gym"));
}

#[test]
fn what_the_key_opened_while_one_was_away_is_not_closed_on_an_old_report() {
    let mut pair = Pair::quiet();
    pair.turn_at(&ap("gym-1"), true);
    pair.turn_at(&ap("gym-1"), false);
    pair.pass(s(2));
    let back = while_one_is_away(&mut pair, |pair| pair.turn_at(&ap("gym-1"), true));
    assert!(pair.is_open("gym") && pair.orders[back..].iter().all(is_open_by), "not for a moment");
    assert_eq!(pair.entries(0, Kind::Closed).len(), 1, "the first act, by its key");
    pair.turn_at(&ap("gym-1"), false);
    pair.pass(s(2));
    assert!(!pair.is_open("gym"), "the key closes");
}

#[test]
fn a_report_that_the_broker_kept_from_before_undoes_nothing_that_the_key_did_meanwhile() {
    for opened in [true, false] {
        let mut pair = Pair::quiet();
        pair.turn_at(&ap("gym-1"), true);
        if opened {
            pair.turn_at(&ap("gym-1"), false);
        }
        pair.pass(s(2));
        let before = pair.reports[&ap("gym-1")].clone();
        pair.link(0, false);
        pair.pass(s(30));
        pair.turn_at(&ap("gym-1"), opened);
        pair.pass(s(5));
        let ordered = pair.orders.last().cloned().expect("by the other");
        assert_eq!((ordered.number, is_open_by(&ordered)), (pair.number(1), opened));
        // It decides too, and the first it hears is that order, and what the AP said last before it was away.
        pair.open(0, "hall");
        pair.on(0, Event::OwnOrderSeen(ordered));
        pair.on(0, Event::Reported(before));
        let held = pair.view(0).activations.iter().any(|it| it.facilities.contains(&facility("gym")));
        assert_eq!(held, opened);
        pair.link(0, true);
        pair.pass(s(30));
        assert_eq!((pair.at_rest(), pair.is_open("gym")), (Ok(()), opened));
    }
}

#[test]
fn a_standby_knows_by_which_act_the_key_holds_and_tells_the_next_from_it() {
    let mut pair = Pair::quiet();
    pair.turn_at(&ap("gym-1"), true);
    pair.pass(s(2));
    // Nobody listens while it is turned back, and to 災害 again.
    pair.kill(0);
    pair.link(1, false);
    pair.turn_at(&ap("gym-1"), false);
    pair.turn_at(&ap("gym-1"), true);
    pair.link(1, true);
    pair.pass(s(30));
    assert!(pair.active()[1] && pair.is_open("gym"));
    assert_eq!((acts(&pair, 1, Kind::Opened).len(), pair.entries(1, Kind::Closed).len()), (1, 1));
}

#[test]
fn whoever_never_heard_which_act_it_is_writes_down_all_that_the_ap_tells_of() {
    let mut pair = Pair::quiet();
    pair.turn_at(&ap("gym-1"), true);
    pair.pass(s(2));
    // The standby starts anew and hears nobody; nor does anybody hear the key.
    pair.link(1, false);
    pair.kill(1);
    pair.start(1);
    pair.link(0, false);
    pair.turn_at(&ap("gym-1"), false);
    pair.pass(s(2));
    pair.turn_at(&ap("gym-1"), true);
    pair.open(1, "hall");
    pair.link(1, true);
    pair.pass(s(30));
    assert!(pair.active()[1] && pair.is_open("gym"));
    let told = pair.entries(1, Kind::FacilityKeyActed);
    let ends: Vec<bool> = told.iter().map(|entry| !field(entry, "until").is_empty()).collect();
    assert_eq!((acts(&pair, 1, Kind::FacilityKeyActed).len(), ends), (2, vec![true, false]));
    // Heard again it is no news.
    pair.pass(s(60));
    assert_eq!(pair.entries(1, Kind::FacilityKeyActed).len(), 2);
    pair.turn_at(&ap("gym-1"), false);
    pair.pass(s(2));
    assert!(!pair.is_open("gym"));
    assert_eq!(pair.entries(1, Kind::FacilityKeyActed).len(), 2);
}
