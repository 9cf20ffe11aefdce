//! Who stands by, and who comes back: what is left to the one that decides, and what a lost or late store must not undo.

use firmware_config::key::KeyPosition;
use firmware_config::mode::Mode;
use firmware_config::wire::{FacilityKey, Heartbeat, KeyAct, Report};

use super::bench::{Bench, DISASTER, DRILL, NORMAL, ap, facility, ms, s};
use super::pair::{Pair, id};
use crate::core::activation::Source;
use crate::core::{Event, Kind, Remembered};

#[test]
fn what_is_open_under_a_number_that_a_lost_store_gave_again_stays_open() {
    // What was opened meanwhile under that number may be closed again, or not: it is another act.
    for closed in [false, true] {
        let mut pair = Pair::quiet();
        let gym = pair.open(0, "gym");
        pair.pass(s(10));
        pair.kill(0);
        pair.halls[0].shelf = Default::default();
        pair.link(0, false);
        pair.start(0);
        let school = pair.open(0, "school");
        assert_eq!(school, gym, "it knows no better");
        if closed {
            pair.close(0, school).expect("a person's");
        }
        pair.link(0, true);
        pair.pass(s(30));
        assert_eq!((pair.is_open("gym"), pair.is_open("school")), (true, !closed));
        assert_eq!(pair.at_rest(), Ok(()));
        let opened = pair
            .view(1)
            .activations
            .iter()
            .find(|held| held.facilities.contains(&"gym".parse().expect("a name")))
            .map(|held| held.id);
        pair.close(0, opened.expect("in force")).expect("a person's");
        pair.pass(s(30));
        assert!(!pair.is_open("gym"), "and closed it does not come back");
    }
}

#[test]
fn a_standby_leaves_the_keys_of_halls_to_the_one_that_decides_and_looks_after_them_once_it_does() {
    let mut pair = Pair::quiet();
    let key = KeyAct { id: 1, since_ms: 5, until_ms: None };
    let turned = |seq| {
        let base = Bench::settled().report(&ap("gym-1"));
        let key =
            FacilityKey { position: Some(KeyPosition::Disaster), open: Some(key.clone()), ..FacilityKey::default() };
        let report =
            Report { boot: "b".to_owned(), seq, told: 1, running: 1, facility_key: Some(Box::new(key)), ..base };
        Event::Reported(report)
    };
    // It reaches the standby alone: that one does not open for it.
    pair.on(1, turned(1_000));
    pair.pass(s(2));
    assert_eq!((pair.active(), pair.number(1), pair.view(1).activations.len()), ([true, false], 1, 0));
    // Nobody else is left to hear of it.
    pair.link_ap(&ap("gym-1"), false);
    pair.kill(0);
    pair.pass(s(20));
    let held: Vec<_> = pair.view(1).activations.iter().map(|held| held.source.word()).collect();
    assert_eq!((pair.active(), held), ([false, true], vec!["facility-key:gym-1".to_owned()]));
    assert_eq!(pair.modes("gym")[1], Mode::Disaster);
}

#[test]
fn a_closing_at_a_standby_without_the_lock_is_obeyed_where_the_one_that_has_it_is_heard() {
    let mut pair = Pair::quiet_with(Some(true));
    let gym = pair.open(0, "gym");
    pair.pass(s(2));
    assert_eq!((pair.lock, pair.active()), (Some(0), [true, false]));
    pair.close(1, gym).expect("a person's");
    pair.pass(s(1));
    assert!(!pair.is_open("gym"), "it steps back, and lets the lock go");
    pair.pass(s(10));
    assert_eq!((pair.lock, pair.active(), pair.at_rest()), (Some(1), [false, true], Ok(())));
}

#[test]
fn our_order_is_said_once_more_to_whoever_is_behind_and_not_to_one_that_says_no_more_than_its_number() {
    let said_again = |change: fn(&mut Heartbeat)| {
        let mut pair = Pair::quiet();
        pair.open(0, "hall");
        pair.pass(s(2));
        let mut beat = pair.last_beat(1);
        beat.seq += 1;
        change(&mut beat);
        pair.retained = None;
        pair.on(0, Event::PeerHeard(beat));
        pair.pass(s(5));
        pair.retained.is_some()
    };
    assert!(said_again(|beat| beat.number = 1), "it is behind");
    assert!(!said_again(|_| {}), "it is not");
    assert!(!said_again(|beat| beat.order = None), "a program of before tells of no more than the number");
}

#[test]
fn what_was_done_at_a_standby_before_it_was_killed_is_ordered_when_it_is_back() {
    // The act was stored, and the order was not: the power failed between the two.
    let mut pair = Pair::quiet();
    let before = pair.halls[1].shelf.clone();
    pair.link(1, false);
    let opened = pair.open(1, "hall");
    let after = pair.halls[1].shelf.clone();
    pair.kill(1);
    pair.halls[1].shelf = Remembered { order: before.order, ..after };
    pair.link(1, true);
    pair.start(1);
    pair.pass(s(5));
    assert!(pair.is_open("hall"));
    assert_eq!((pair.active(), pair.view(0).activations[0].id), ([false, true], opened));
    pair.pass(s(30));
    assert_eq!(pair.at_rest(), Ok(()));
    // And where nothing was done, who comes back has nothing to say.
    let orders = pair.orders.len();
    pair.kill(0);
    pair.pass(s(1));
    pair.start(0);
    pair.pass(s(30));
    assert_eq!((pair.orders.len(), pair.active()), (orders, [false, true]));
}

#[test]
fn what_a_store_that_comes_late_tells_of_stays_open_beside_what_was_opened_before_it_came() {
    // After a power cut neither the broker nor the store is there yet, and somebody acts.
    let mut pair = Pair::quiet();
    let gym = pair.open(0, "gym");
    pair.pass(s(10));
    pair.kill(0);
    let memory = std::mem::take(&mut pair.halls[0].shelf);
    pair.link(0, false);
    pair.start(0);
    assert_eq!(pair.open(0, "school"), gym, "it knows no better");
    pair.on(0, Event::Recalled(memory));
    assert_eq!(pair.view(0).activations.len(), 2);
    pair.link(0, true);
    pair.pass(s(30));
    assert!(pair.is_open("gym") && pair.is_open("school"), "a person opened each");
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn what_the_only_key_of_a_town_held_is_closed_by_it_though_there_are_two_now_and_the_store_comes_late() {
    let mut pair = Pair::quiet();
    pair.turn(0, DISASTER);
    pair.pass(s(10));
    pair.kill(0);
    // As a controller wrote it that was the only one: neither the key nor the order names a controller.
    let mut memory = std::mem::take(&mut pair.halls[0].shelf);
    memory.order = None;
    memory.activations.iter_mut().for_each(|it| it.source = Source::Key(None));
    assert_eq!(memory.activations.len(), 1);
    pair.retained = None;
    pair.start(0);
    pair.on(0, Event::Recalled(memory));
    pair.pass(s(30));
    assert_eq!((pair.at_rest(), pair.is_open("gym")), (Ok(()), true));
    let by: Vec<String> = pair.view(0).activations.iter().map(|it| it.source.word()).collect();
    assert_eq!(by, [format!("key:{}", id(0))]);
    pair.turn(0, NORMAL);
    pair.pass(s(30));
    assert_eq!((pair.at_rest(), pair.is_open("gym")), (Ok(()), false));
}

#[test]
fn of_two_that_gave_one_number_for_different_acts_the_first_in_rank_goes_on_with_both() {
    let mut pair = Pair::quiet();
    pair.link(1, false);
    pair.open(0, "gym");
    pair.pass(s(20));
    pair.open(1, "hall");
    assert_eq!((pair.active(), pair.number(0), pair.number(1)), ([true, true], 2, 2));
    pair.link(1, true);
    pair.pass(s(2));
    assert_eq!((pair.active(), pair.is_open("gym"), pair.is_open("hall")), ([true, false], true, true));
    assert_eq!(pair.entries(0, Kind::SteppedBack).len(), 0);
    pair.pass(s(30));
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn what_does_not_belong_on_the_order_topic_is_for_the_one_that_decides_to_replace() {
    let mut pair = Pair::quiet();
    for at in [1, 0] {
        pair.on(at, Event::ForeignOrderSeen { why: "not a compact JWS".to_owned() });
        pair.pass(s(1));
    }
    assert_eq!([0, 1].map(|at| pair.entries(at, Kind::OrderRestored).len()), [1, 0]);
}

#[test]
fn a_drill_that_only_the_orders_tell_of_is_the_one_the_key_had() {
    // Its store is lost in the middle of its own key's drill, and the key is left where it stands.
    let mut pair = Pair::quiet();
    pair.turn(0, DRILL);
    pair.pass(s(60));
    pair.kill(0);
    pair.halls[0].shelf = Remembered::default();
    pair.start(0);
    pair.pass(s(60));
    assert!(pair.is_open("gym"), "it goes on");
    pair.pass(s(900));
    assert!(!pair.is_open("gym"), "and is not begun again");
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn one_that_decides_and_forgot_is_told_the_order_that_only_the_standby_knows() {
    // Its store, the broker's memory and the APs' are gone, and it acts before it hears anybody; the lock is its own, so
    // that nobody takes over from it.
    let mut pair = Pair::quiet_with(Some(true));
    pair.open(0, "gym");
    pair.open(0, "hall");
    pair.pass(s(2));
    pair.kill(0);
    pair.halls[0].shelf = Remembered::default();
    pair.retained = None;
    pair.sites.values_mut().for_each(|site| site.held = None);
    pair.link(0, false);
    pair.start(0);
    pair.open(0, "school");
    pair.pass(ms(100));
    pair.link(0, true);
    pair.pass(s(2));
    assert_eq!((pair.lock, pair.active(), pair.is_open("gym")), (Some(0), [true, false], false));
    pair.pass(s(20));
    assert_eq!(pair.at_rest(), Ok(()));
    assert!(["gym", "hall", "school"].iter().all(|place| pair.is_open(place)), "a person opened each");
}

#[test]
fn two_orders_of_one_number_from_one_who_forgot_are_brought_together_by_whoever_knows_of_both() {
    // No AP has heard the first, and the broker forgot it: only the standby knows of it.
    let mut pair = Pair::quiet();
    let aps: Vec<_> = pair.sites.keys().cloned().collect();
    let before = pair.halls[0].shelf.clone();
    aps.iter().for_each(|ap| pair.link_ap(ap, false));
    pair.turn(0, DRILL);
    pair.pass(s(2));
    pair.kill(0);
    (pair.halls[0].shelf, pair.retained) = (before, None);
    pair.pass(s(1));
    pair.link(0, false);
    pair.start(0);
    pair.pass(s(1));
    pair.link(0, true);
    pair.pass(s(5));
    let twins = pair.orders.iter().filter(|order| order.number == 2).count();
    assert_eq!(twins, 2, "it knew no better");
    assert_eq!((pair.number(0), pair.number(1)), (3, 3), "of two orders 2 comes one above both");
    aps.iter().for_each(|ap| pair.link_ap(ap, true));
    pair.pass(s(30));
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn what_one_of_two_orders_of_one_number_says_and_the_other_ended_is_something_between_them() {
    // One who forgot gave number 2 twice: with the gym open, and with the gym closed by somebody who knew of it. After the
    // second nothing is held that it does not tell of; whoever knows of both orders above both all the same.
    let mut pair = Pair::quiet();
    pair.open(0, "gym");
    pair.pass(s(2));
    pair.kill(0);
    let mut closed = pair.orders.last().cloned().expect("given");
    closed.activations.clear();
    closed.facilities.values_mut().for_each(|wanted| wanted.mode = Mode::Normal);
    closed.issued_at_ms += 1_000;
    assert_eq!((closed.number, pair.number(1), pair.active()), (2, 2, [false, false]));
    pair.on(1, Event::OwnOrderSeen(closed));
    pair.pass(s(1));
    assert_eq!((pair.number(1), pair.is_open("gym")), (3, false));
    pair.pass(s(30));
    assert!(!pair.is_open("gym"));
}

#[test]
fn two_orders_of_ours_with_one_number_are_brought_together_though_nothing_is_left_to_say() {
    // Its store was lost; what it opened then under a number of before it closes again, and may not say so: the other has
    // the lock. Then it hears the first order of that number, which says the same.
    let mut pair = Pair::quiet_with(Some(true));
    pair.kill(0);
    pair.pass(s(20));
    assert_eq!((pair.lock, pair.number(1)), (Some(1), 1));
    pair.halls[0].shelf = Remembered::default();
    pair.link(0, false);
    pair.start(0);
    pair.link_ap(&ap("gym-1"), false);
    pair.turn(0, DISASTER);
    let ours = pair.orders.last().cloned();
    let opens = |order: &firmware_config::wire::Order| order.facilities[&facility("gym")].mode == Mode::Disaster;
    assert_eq!((pair.number(0), ours.as_ref().is_some_and(opens)), (1, true));
    pair.sites.get_mut(&ap("gym-1")).expect("there").held = ours;
    pair.turn(0, NORMAL);
    pair.kill(0);
    pair.start(0);
    pair.link(0, true);
    pair.link_ap(&ap("gym-1"), true);
    pair.pass(s(30));
    assert_eq!((pair.at_rest(), pair.is_open("gym")), (Ok(()), false));
}

#[test]
fn a_third_order_under_one_number_puts_off_nothing() {
    let mut pair = Pair::quiet();
    pair.link(1, false);
    let first = pair.orders[0].clone();
    pair.open(1, "hall");
    assert_eq!(pair.number(1), 2);
    // Two others of that number, of whoever counts more, are said in turn.
    let mut others = [first.clone(), first];
    for (at, other) in others.iter_mut().enumerate() {
        (other.number, other.issued_at_ms) = (2, other.issued_at_ms + 1 + i64::try_from(at).expect("small"));
    }
    for other in others.iter().cycle().take(20) {
        pair.on(1, Event::OwnOrderSeen(other.clone()));
        pair.pass(s(1));
    }
    assert!(pair.number(1) > 2, "it waits for ever");
    assert!(pair.view(1).facilities.iter().any(|it| it.id == facility("hall") && it.wanted == Mode::Disaster));
}

#[test]
fn what_a_store_that_comes_late_says_was_opened_here_is_ordered_whatever_the_other_ordered_meanwhile() {
    // Cut off, it opened a hall by an order that nobody heard, and was killed; the other gave that number too, and others
    // above it. When it is back its store does not answer yet.
    for meanwhile in [&["gym"][..], &["gym", "school"]] {
        let mut pair = Pair::quiet();
        let closed = pair.open(0, "gym");
        pair.pass(s(2));
        pair.link(1, false);
        pair.open(1, "hall");
        assert_eq!(pair.number(1), 3);
        pair.pass(s(2));
        pair.kill(1);
        let memory = std::mem::take(&mut pair.halls[1].shelf);
        pair.close(0, closed).expect("a person's");
        meanwhile.iter().for_each(|place| assert!(pair.open(0, place) > closed));
        pair.link(1, true);
        pair.start(1);
        pair.pass(s(30));
        assert_eq!((pair.active(), pair.at_rest(), pair.is_open("hall")), ([true, false], Ok(()), false));
        // Before the store answers somebody opens here too.
        pair.open(1, "hall");
        pair.on(1, Event::Recalled(memory));
        pair.pass(s(30));
        assert_eq!((pair.at_rest(), pair.is_open("hall")), (Ok(()), true));
        assert!(meanwhile.iter().all(|place| pair.is_open(place)));
        let held = pair.view(0).activations;
        assert_eq!(held.len(), meanwhile.len() + 2, "what was closed does not come back: {held:?}");
        held.iter().for_each(|it| assert!(pair.close(0, it.id).is_ok()));
        pair.pass(s(5));
        assert!(["gym", "school", "hall"].iter().all(|place| !pair.is_open(place)));
    }
}

#[test]
fn our_own_order_that_comes_back_after_another_of_its_number_was_followed_is_no_news() {
    // Both opened and closed something while they were apart: two orders of one number, and nothing between them.
    let mut pair = Pair::quiet();
    pair.link(1, false);
    for at in [0, 1] {
        let opened = pair.open(at, "hall");
        pair.close(at, opened).expect("a person's");
        pair.pass(s(1));
    }
    let ours = pair.halls[1].shelf.order.clone().expect("it closed");
    assert_eq!((pair.number(0), pair.number(1)), (3, 3));
    pair.link(1, true);
    pair.pass(s(2));
    assert_eq!(pair.active(), [true, false]);
    let orders = pair.orders.len();
    for _ in 0..5 {
        pair.on(1, Event::OwnOrderSeen(ours.clone()));
        pair.pass(s(1));
    }
    assert_eq!((pair.orders.len(), pair.active()), (orders, [true, false]));
    assert_eq!(pair.entries(1, Kind::OrderRemembered).len(), 0);
}
