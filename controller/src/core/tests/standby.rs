//! Two controllers: one decides, the other stands by; a person's act at either is obeyed at once.

use super::bench::{DISASTER, NORMAL, field, ms, s};
use super::pair::{Pair, id};
use crate::core::peers::BEAT;
use crate::core::{Ask, AskRefused, Kind, Source, Town};

#[test]
fn one_decides_and_the_other_follows_every_order() {
    let mut pair = Pair::quiet();
    pair.turn(0, DISASTER);
    pair.pass(s(2));
    assert_eq!((pair.active(), pair.number(0), pair.number(1)), ([true, false], 2, 2));
    assert!(pair.is_open("gym") && pair.is_open("school") && !pair.is_open("hall"));
    assert_eq!(pair.at_rest(), Ok(()));
    assert_eq!(pair.view(1).activations, pair.view(0).activations, "it could take over at once");
    assert_eq!(pair.view(1).totals.settled, 6, "and it measures the APs by the same order");
    assert_eq!(pair.halls[1].deputies, Some((2, false)), "its deputies watch");
    assert_eq!(pair.view(1).activations[0].source, Source::Key(Some(id(0))));
}

#[test]
fn a_standby_whose_key_reads_normal_does_not_end_what_the_others_key_holds_open() {
    let mut pair = Pair::quiet();
    pair.turn(0, DISASTER);
    pair.pass(s(600));
    assert!(pair.is_open("gym"));
    assert_eq!((pair.orders.len(), pair.active()), (2, [true, false]), "and nobody had anything to say");
}

#[test]
fn the_standby_takes_over_when_the_active_one_is_killed_and_closes_and_opens() {
    let mut pair = Pair::quiet();
    pair.turn(0, DISASTER);
    pair.pass(s(2));
    pair.kill(0);
    pair.pass(s(2));
    assert_eq!(pair.active(), [false, false], "it may be a connection that was cut");
    pair.pass(s(5));
    assert_eq!(pair.active(), [false, true]);
    assert_eq!(pair.halls[1].deputies, Some((2, true)), "its deputies work");
    // What the other's key opened stays open; nobody can turn that key, so a person may close.
    let held = pair.view(1).activations[0].id;
    assert!(pair.is_open("gym"));
    pair.turn(1, DISASTER);
    pair.close(1, held).expect("nobody can turn that key");
    assert!(pair.is_open("gym"), "our own key holds it open");
    pair.turn(1, NORMAL);
    pair.pass(s(1));
    assert!(!pair.is_open("gym"));
}

#[test]
fn what_a_key_that_is_heard_of_holds_open_no_person_closes() {
    let mut pair = Pair::quiet();
    pair.turn(0, DISASTER);
    pair.pass(s(2));
    let held = pair.view(1).activations[0].id;
    let refused = pair.close(1, held).expect_err("the key closes");
    assert_eq!(refused, AskRefused::NotYours { id: held, by: "key:yakuba".to_owned() });
}

#[test]
fn an_act_at_the_standby_is_obeyed_at_once_and_makes_it_the_one_that_decides() {
    let mut pair = Pair::quiet();
    let began = pair.time;
    pair.turn(1, DISASTER);
    assert!(pair.is_open("gym"), "after {:?}", pair.time - began);
    assert_eq!((pair.active(), pair.number(0)), ([false, true], 2));
    assert_eq!(pair.halls[0].deputies, Some((2, false)));
    // And back: whoever opened closes, wherever that is.
    pair.open(0, "hall");
    assert_eq!(pair.active(), [true, false]);
    pair.turn(1, NORMAL);
    pair.pass(s(1));
    assert_eq!((pair.active(), pair.is_open("gym"), pair.is_open("hall")), ([false, true], false, true));
    pair.pass(s(60));
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn a_person_closes_at_the_one_what_was_opened_at_the_other_and_it_stays_closed() {
    let mut pair = Pair::quiet();
    let opened = pair.open(1, "gym");
    pair.close(0, opened).expect("a person's");
    pair.pass(s(60));
    assert!(!pair.is_open("gym"));
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn an_opening_at_the_standby_waits_neither_for_the_broker_nor_for_a_start() {
    let mut pair = Pair::quiet();
    pair.kill(1);
    pair.link(1, false);
    pair.start(1);
    pair.turn(1, DISASTER);
    assert_eq!(pair.halls[1].deputies, Some((2, true)), "the APs flipped by SNMP open without the broker");
    pair.link(1, true);
    pair.pass(s(2));
    assert!(pair.is_open("gym"));
    pair.pass(s(60));
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn cut_from_one_another_both_go_on_and_rejoined_nothing_that_people_did_is_lost() {
    // The links of both to the broker are cut, one after the other; in the meantime each is asked for something.
    let mut pair = Pair::quiet();
    let (gym, school) = (pair.open(0, "gym"), pair.open(0, "school"));
    pair.pass(s(2));
    pair.link(0, false);
    pair.link(1, false);
    pair.close(1, gym).expect("a person's");
    let hall = pair.open(1, "hall");
    pair.close(0, school).expect("a person's");
    pair.turn(0, DISASTER);
    pair.pass(s(60));
    assert!(pair.is_open("gym") && pair.is_open("school") && !pair.is_open("hall"), "the APs go on");
    pair.link(1, true);
    pair.pass(s(30));
    pair.link(0, true);
    pair.pass(s(60));
    assert_eq!(pair.at_rest(), Ok(()));
    let held: Vec<_> = pair.view(0).activations.iter().map(|it| (it.id, it.source.word())).collect();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held.iter().any(|(id, by)| *id == hall && by == "operator:sato"), "{held:?}");
    assert!(held.iter().any(|(_, by)| by == "key:yakuba"), "{held:?}");
}

#[test]
fn two_that_believe_they_are_the_one_come_to_rest() {
    // One key with two pairs of contacts, read by both at one moment: one number, two orders.
    let mut pair = Pair::quiet();
    for contacts in [DISASTER, NORMAL, DISASTER] {
        let numbers = pair.orders.len();
        for at in [0, 1] {
            pair.halls[at].contacts = contacts;
            pair.on(at, crate::core::Event::Contacts(contacts));
        }
        pair.pass(s(30));
        assert_eq!((pair.at_rest(), pair.is_open("gym")), (Ok(()), contacts == DISASTER));
        let told = pair.orders.len() - numbers;
        assert!(told <= 6, "{told} orders for one turn");
    }
}

#[test]
fn one_that_comes_back_hears_the_other_and_stands_by() {
    let mut pair = Pair::quiet();
    pair.kill(0);
    pair.pass(s(20));
    pair.turn(1, DISASTER);
    pair.start(0);
    pair.pass(s(60));
    assert_eq!((pair.active(), pair.at_rest()), ([false, true], Ok(())));
    assert!(pair.is_open("gym"), "its key at normal closes nothing of the other's");
    assert_eq!(field(pair.entries(0, Kind::OrderFollowed)[0], "of"), "kouminkan");
}

#[test]
fn one_that_is_cut_off_and_never_knew_steps_back() {
    // Cut off for a minute, it believed it was the one all the time.
    let mut pair = Pair::quiet();
    pair.link(0, false);
    pair.pass(s(60));
    assert_eq!(pair.active(), [true, true]);
    pair.open(1, "gym");
    pair.link(0, true);
    pair.pass(s(30));
    assert_eq!((pair.active(), pair.at_rest()), ([false, true], Ok(())));
    assert!(pair.is_open("gym"));
    assert_eq!(field(pair.entries(0, Kind::SteppedBack)[0], "for"), "kouminkan");
    // Where neither did anything meanwhile, the lower rank goes on.
    pair.link(1, false);
    pair.pass(s(60));
    pair.link(1, true);
    pair.pass(s(30));
    assert_eq!((pair.active(), pair.at_rest()), ([true, false], Ok(())));
}

#[test]
fn a_recording_of_a_dead_controller_keeps_nobody_waiting() {
    // A broker in wrong hands says for ever what the active one said while it lived.
    let mut pair = Pair::quiet();
    let mut recorded = Vec::new();
    for _ in 0..20 {
        pair.pass(s(1));
        recorded.push(pair.last_beat(0));
    }
    pair.kill(0);
    let mut waited = 0;
    for beat in recorded.iter().cycle().take(60) {
        pair.on(1, crate::core::Event::PeerHeard(beat.clone()));
        pair.pass(s(1));
        waited += 1;
        if pair.active()[1] {
            break;
        }
    }
    assert!(waited <= 15, "{waited} s");
}

#[test]
fn an_active_one_that_lost_its_store_and_is_behind_is_not_waited_for() {
    // Its store and the broker's memory are gone at once; the standby knows more.
    let mut pair = Pair::quiet();
    pair.open(0, "gym");
    pair.pass(s(2));
    pair.kill(0);
    pair.halls[0].shelf = Default::default();
    pair.retained = None;
    pair.start(0);
    pair.pass(s(60));
    assert_eq!(pair.at_rest(), Ok(()));
    assert!(pair.is_open("gym"));
}

#[test]
fn a_lost_store_gives_no_number_of_an_activation_twice() {
    // What is opened before the town was heard has the number of something that was closed long ago.
    let mut pair = Pair::quiet();
    let long_ago = pair.open(0, "gym");
    pair.close(0, long_ago).expect("a person's");
    pair.pass(s(10));
    pair.kill(0);
    pair.halls[0].shelf = Default::default();
    pair.link(0, false);
    pair.start(0);
    let again = pair.open(0, "gym");
    assert_eq!(again, long_ago, "it knows no better");
    pair.link(0, true);
    pair.pass(s(30));
    assert!(pair.is_open("gym"), "a person opened it");
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn whoever_forgot_while_cut_off_closes_nothing_that_the_other_holds_however_much_it_ordered() {
    let mut pair = Pair::quiet();
    let held = pair.open(0, "gym");
    let also = pair.open(0, "school");
    pair.pass(s(10));
    pair.link(0, false);
    pair.kill(0);
    pair.halls[0].shelf = Default::default();
    pair.start(0);
    // More orders and more acts than the town had, under the same numbers, and all of them closed but the last.
    for _ in 0..6 {
        let again = pair.open(0, "hall");
        pair.pass(s(10));
        pair.close(0, again).expect("a person's");
        pair.pass(s(10));
    }
    let last = pair.open(0, "hall");
    assert!(pair.number(0) > pair.number(1) && last > also);
    pair.link(0, true);
    pair.pass(s(60));
    assert_eq!(pair.at_rest(), Ok(()));
    assert_eq!(["gym", "school", "hall"].map(|place| pair.is_open(place)), [true; 3], "nobody closed any of them");
    for act in [held, also, last] {
        pair.close(1, act).expect("a person's");
    }
    pair.pass(s(30));
    assert_eq!((pair.at_rest(), pair.is_open("gym")), (Ok(()), false));
}

#[test]
fn of_two_acts_under_one_number_a_person_closes_the_one_that_a_person_may() {
    // The first controller forgot and is dead; the second holds what it opened before, by its key, and after, by a person.
    let mut pair = Pair::quiet();
    pair.turn(0, DISASTER);
    pair.pass(s(5));
    pair.link(1, false);
    pair.kill(0);
    pair.halls[0].shelf = Default::default();
    pair.halls[0].contacts = NORMAL;
    pair.broker_forgets();
    for ap in pair.sites.keys().cloned().collect::<Vec<_>>() {
        pair.link_ap(&ap, false);
    }
    pair.start(0);
    let number = pair.open(0, "gym");
    let more = pair.open(0, "hall");
    pair.close(0, more).expect("a person's");
    pair.pass(s(10));
    assert!(pair.number(0) > pair.number(1));
    pair.kill(0);
    pair.link(1, true);
    pair.pass(s(60));
    let same = |pair: &Pair| pair.view(1).activations.iter().filter(|held| held.id == number).count();
    assert_eq!(same(&pair), 2, "{:?}", pair.view(1).activations);
    // Its key is not heard of: a person may close both, one after the other.
    pair.close(1, number).expect("one of them");
    assert_eq!(same(&pair), 1);
    pair.close(1, number).expect("the other");
    assert_eq!(same(&pair), 0);
}

#[test]
fn numbers_of_activations_end_with_the_rank() {
    let mut pair = Pair::quiet();
    let ids = [pair.open(0, "gym"), pair.open(1, "gym"), pair.open(1, "hall"), pair.open(0, "hall")];
    assert_eq!(ids, [1, 2, 12, 21]);
}

#[test]
fn a_drill_ends_once_and_a_standby_that_takes_over_ends_it() {
    let mut pair = Pair::quiet();
    let drill = |pair: &mut Pair, at| {
        pair.ask(at, Ask::Drill { facilities: None, length: s(120), why: "training".to_owned() }).expect("granted");
    };
    drill(&mut pair, 0);
    let orders = pair.orders.len();
    pair.pass(s(130));
    assert_eq!((pair.is_open("gym"), pair.orders.len()), (false, orders + 1));
    drill(&mut pair, 0);
    pair.pass(s(60));
    pair.kill(0);
    pair.pass(s(70));
    assert!(!pair.is_open("gym"));
}

#[test]
fn with_a_database_whoever_holds_the_lock_decides_and_a_dead_one_lets_it_go() {
    let mut pair = Pair::quiet_with(Some(true));
    assert_eq!(pair.lock, Some(0));
    pair.turn(1, DISASTER);
    assert!(pair.is_open("gym"), "an opening asks no database");
    pair.pass(s(3));
    assert_eq!((pair.lock, pair.active()), (Some(1), [false, true]), "the lock goes with it");
    pair.kill(1);
    pair.pass(s(10));
    assert_eq!((pair.lock, pair.active()), (Some(0), [true, false]));
}

#[test]
fn whoever_cannot_get_the_lock_while_the_database_answers_closes_nothing_and_opens_all_the_same() {
    // The active one is cut from the broker and not from the database.
    let mut pair = Pair::quiet_with(Some(true));
    let gym = pair.open(0, "gym");
    pair.pass(s(2));
    pair.link(0, false);
    pair.pass(s(60));
    assert_eq!(pair.active(), [true, false], "the other lives: the database says so");
    pair.close(1, gym).expect("a person's");
    pair.pass(s(60));
    assert!(pair.is_open("gym"), "and may hold it open for a reason that nobody here knows");
    pair.open(1, "hall");
    assert!(pair.is_open("hall"), "an opening waits for nothing");
    pair.link(0, true);
    pair.pass(s(30));
    assert_eq!((pair.at_rest(), pair.is_open("hall"), pair.is_open("gym")), (Ok(()), true, false));
}

#[test]
fn a_database_out_of_reach_leaves_it_to_the_broker() {
    let mut pair = Pair::quiet_with(Some(true));
    pair.database = Some(false);
    pair.pass(s(10));
    pair.kill(0);
    pair.pass(s(15));
    assert_eq!(pair.active(), [false, true]);
    pair.turn(1, DISASTER);
    assert!(pair.is_open("gym"));
    pair.turn(1, NORMAL);
    pair.pass(s(2));
    assert!(!pair.is_open("gym"));
}

#[test]
fn a_town_that_had_one_controller_goes_on_with_its_key() {
    // What "the key" opened before there were two, the key at this controller closes.
    let mut pair = Pair::dark(None);
    let mut bench = super::bench::Bench::settled();
    bench.turn(DISASTER);
    pair.halls[0].shelf = bench.shelf.remembered.clone();
    pair.retained = bench.retained.clone();
    for site in pair.sites.values_mut() {
        site.held = bench.retained.clone();
    }
    pair.halls[0].contacts = DISASTER;
    pair.start(0);
    pair.start(1);
    pair.pass(s(30));
    assert!(pair.is_open("gym"));
    pair.turn(0, NORMAL);
    pair.pass(s(30));
    assert_eq!((pair.is_open("gym"), pair.at_rest()), (false, Ok(())));
}

#[test]
fn two_with_one_name_are_told_of() {
    let mut pair = Pair::quiet();
    for n in 1..5 {
        let mut beat = pair.last_beat(0);
        (beat.boot, beat.seq) = ("another".to_owned(), n);
        pair.on(0, crate::core::Event::PeerHeard(beat));
        pair.pass(ms(500));
    }
    let refused = pair.entries(0, Kind::MessageRefused);
    assert!(field(refused[0], "why").contains("another controller is called \"yakuba\" too"), "{refused:?}");
}

#[test]
fn two_with_one_rank_are_told_of_and_lose_nothing() {
    let mut pair = Pair::dark(None);
    pair.ranks = [1, 1];
    pair.start(0);
    pair.start(1);
    pair.pass(s(30));
    assert_eq!(pair.active().iter().filter(|active| **active).count(), 1, "the name tells them apart");
    for at in [0, 1] {
        let refused = pair.entries(at, Kind::MessageRefused);
        assert!(field(refused[0], "why").contains("it has our rank"), "{refused:?}");
        assert!(pair.view(at).seat.is_some_and(|seat| seat.mistake.is_some()), "and it is on the screen");
    }
    pair.open(0, "gym");
    pair.open(1, "hall");
    pair.pass(s(30));
    assert!(pair.is_open("gym") && pair.is_open("hall"));
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn both_started_at_once_one_decides_and_it_is_the_first_in_rank() {
    let mut pair = Pair::dark(None);
    pair.turn(1, DISASTER);
    pair.start(1);
    pair.start(0);
    pair.pass(ms(100));
    assert!(pair.is_open("gym"), "a key at 災害 waits for nobody");
    pair.pass(s(30));
    assert_eq!((pair.active(), pair.at_rest()), ([false, true], Ok(())));
    let mut pair = Pair::dark(None);
    pair.start(1);
    pair.start(0);
    pair.pass(s(30));
    assert_eq!((pair.active(), pair.entries(1, Kind::TookOver).len()), ([true, false], 0));
}

#[test]
fn an_old_backup_put_back_at_one_opens_nothing_closes_nothing_and_repeats_no_number() {
    let mut pair = Pair::quiet();
    let gone = pair.open(0, "gym");
    pair.pass(s(10));
    let backup = pair.halls[0].shelf.clone();
    pair.close(0, gone).expect("a person's");
    let kept = pair.open(0, "school");
    pair.open(1, "hall");
    pair.pass(s(10));
    let number = pair.number(1);
    pair.kill(0);
    pair.halls[0].shelf = backup;
    pair.start(0);
    pair.pass(s(60));
    assert_eq!((pair.number(0), pair.number(1)), (number, number), "nothing was to be ordered");
    assert!(!pair.is_open("gym") && pair.is_open("school") && pair.is_open("hall"));
    assert_eq!((pair.active(), pair.at_rest()), ([false, true], Ok(())));
    let again = pair.open(0, "gym");
    assert!(again != kept && again > gone, "{again}");
    // And cut off from everybody, with a person at it: what it knows is old, what he did is not.
    let backup = pair.halls[0].shelf.clone();
    pair.close(0, kept).expect("a person's");
    pair.open(1, "school");
    pair.pass(s(10));
    pair.kill(0);
    pair.link(0, false);
    pair.halls[0].shelf = backup;
    pair.start(0);
    pair.close(0, again).expect("a person's");
    pair.pass(s(60));
    pair.link(0, true);
    pair.pass(s(60));
    assert!(!pair.is_open("gym") && pair.is_open("school") && pair.is_open("hall"));
    assert_eq!(pair.at_rest(), Ok(()));
}

#[test]
fn a_clock_that_is_wrong_at_one_of_them_decides_nothing() {
    for off_ms in [-40 * 365 * 86_400_000_i64, 365 * 86_400_000] {
        let mut pair = Pair::dark(None);
        pair.halls[1].off_ms = off_ms;
        pair.start(0);
        pair.start(1);
        pair.pass(s(30));
        assert_eq!(pair.active(), [true, false]);
        let gym = pair.open(1, "gym");
        pair.close(0, gym).expect("a person's");
        pair.turn(0, DISASTER);
        pair.kill(0);
        pair.pass(s(20));
        assert_eq!((pair.active(), pair.is_open("gym")), ([false, true], true));
        pair.start(0);
        pair.turn(0, NORMAL);
        pair.open(0, "hall");
        pair.pass(s(30));
        assert!(!pair.is_open("gym") && pair.is_open("hall"));
        assert_eq!(pair.at_rest(), Ok(()));
    }
}

#[test]
fn what_a_standby_ordered_unheard_before_it_was_killed_is_said_when_it_is_back() {
    // Cut off from the broker, its key is turned; then it is killed. The other lives, and holds the lock.
    for (database, cut) in [(None, false), (Some(true), false), (Some(true), true)] {
        let mut pair = Pair::quiet_with(database);
        pair.link(1, false);
        pair.turn(1, DISASTER);
        assert!(!pair.is_open("gym"), "nobody can have heard it");
        pair.kill(1);
        pair.link(0, !cut);
        pair.start(1);
        pair.link(1, true);
        // With nobody to say that he has not heard of it, it waits for as long as any standby.
        pair.pass(if cut { s(14) } else { s(2) });
        assert!(pair.is_open("gym"), "{database:?} {cut}");
        pair.link(0, true);
        pair.pass(s(60));
        assert_eq!(pair.at_rest(), Ok(()));
    }
}

#[test]
fn no_lock_is_in_the_way_of_an_order_that_the_one_with_the_lock_forgot() {
    let mut pair = Pair::quiet_with(Some(true));
    pair.open(0, "gym");
    pair.pass(s(2));
    pair.kill(0);
    pair.pass(s(1));
    pair.halls[0].shelf = Default::default();
    pair.link(1, false);
    pair.broker_forgets();
    pair.start(0);
    for ap in pair.sites.keys().cloned().collect::<Vec<_>>() {
        pair.link_ap(&ap, false);
    }
    pair.pass(s(30));
    pair.link(1, true);
    pair.pass(s(60));
    for ap in pair.sites.keys().cloned().collect::<Vec<_>>() {
        pair.link_ap(&ap, true);
    }
    pair.pass(s(60));
    assert_eq!((pair.at_rest(), pair.is_open("gym")), (Ok(()), true));
}

#[test]
fn one_killed_before_it_said_that_it_decides_is_known_by_its_order() {
    let mut pair = Pair::dark(None);
    pair.start(0);
    pair.start(1);
    while !pair.active()[0] {
        pair.pass(ms(50));
    }
    pair.turn(0, DISASTER);
    pair.kill(0);
    pair.pass(s(7));
    assert_eq!((pair.active(), pair.is_open("gym")), ([false, true], true));
}

#[test]
fn it_asks_to_be_woken_for_each_heartbeat_and_needs_no_key_that_is_read() {
    let pair = Pair::quiet();
    for at in 0..2 {
        let wakes_at = pair.halls[at].town.as_ref().and_then(Town::next_wake).expect("it waits for something");
        assert!(wakes_at <= pair.now(at).mono + BEAT, "controller {at} would be silent until {wakes_at:?}");
    }
}

#[test]
fn a_standby_that_has_not_the_newest_order_is_told_it_once_more() {
    let mut pair = Pair::quiet();
    let before = (pair.retained.clone(), pair.halls[1].shelf.clone());
    pair.open(0, "hall");
    pair.pass(s(2));
    // An older order stands on the topic and in the standby's store, and the one who decides saw nothing of that.
    pair.kill(1);
    (pair.retained, pair.halls[1].shelf) = before;
    pair.start(1);
    pair.pass(s(5));
    assert_eq!((pair.number(0), pair.number(1)), (2, 2));
    assert_eq!(pair.retained.as_ref().map(|order| order.number), Some(2));
    assert_eq!(pair.active(), [true, false]);
}

#[test]
fn of_two_orders_with_one_number_and_nothing_between_them_the_standby_keeps_the_one_that_counts() {
    let mut pair = Pair::quiet();
    pair.link(1, false);
    pair.open(0, "hall");
    pair.pass(s(20));
    // It decides alone, and orders what the other has ordered as well, under the same number; then it dies.
    pair.open(1, "hall");
    pair.pass(s(2));
    pair.kill(1);
    pair.link(1, true);
    pair.start(1);
    pair.pass(s(60));
    assert_eq!(pair.at_rest(), Ok(()));
    assert_eq!(pair.halls[0].shelf.order, pair.halls[1].shelf.order);
}

#[test]
fn a_drill_that_is_over_does_not_keep_a_standby_awake() {
    let mut pair = Pair::quiet();
    let ask = Ask::Drill { facilities: None, length: s(60), why: "drill".to_owned() };
    pair.ask(0, ask).expect("granted");
    pair.pass(s(57));
    pair.link(0, false);
    // The bench counts how often it asks to be woken within one moment.
    pair.pass(s(5));
    assert_eq!(pair.active(), [true, false], "it is not time yet to take over");
    pair.pass(s(20));
    assert_eq!(pair.active(), [true, true]);
    assert!(!pair.is_open("gym"), "and then it ends the drill");
}

#[test]
fn an_order_that_was_never_said_gives_way_to_the_one_that_was_where_nothing_is_between_them() {
    let mut pair = Pair::quiet();
    // The first is cut off, its key opens and is turned back while it is dead: what it ordered nobody ever heard.
    pair.link(0, false);
    pair.turn(0, DISASTER);
    pair.kill(0);
    pair.pass(s(20));
    let place = pair.open(1, "hall");
    pair.close(1, place).expect("ours");
    pair.halls[0].contacts = NORMAL;
    pair.link(0, true);
    pair.start(0);
    pair.pass(s(60));
    assert_eq!(pair.at_rest(), Ok(()));
    assert_eq!(pair.halls[0].shelf.order, pair.halls[1].shelf.order);
    assert!(!pair.is_open("gym") && !pair.is_open("hall"));
}

#[test]
fn another_order_under_our_number_is_met_with_ours_once_more() {
    let mut pair = Pair::quiet();
    pair.open(0, "hall");
    pair.pass(s(2));
    let mut beat = pair.last_beat(1);
    beat.seq += 1;
    beat.order.as_mut().expect("of two controllers").issued_at_ms += 1;
    pair.retained = None;
    pair.on(0, crate::core::Event::PeerHeard(beat));
    pair.pass(s(5));
    assert_eq!(
        pair.retained.as_ref().map(|order| order.number),
        Some(2),
        "it is said again, and learned by who gave it"
    );
}
