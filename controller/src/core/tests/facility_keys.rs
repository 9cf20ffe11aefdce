//! Facility keys: a hall opened itself, and the town learns of it.

use super::bench::*;
use crate::core::view::Standing;
use crate::core::{Ask, AskRefused, Kind, Source, read_act};
use firmware_config::key::KeyPosition;
use firmware_config::mode::Mode;
use firmware_config::wire::{FacilityKey, KeyAct};

fn source() -> Source {
    Source::FacilityKey(ap("gym-1"))
}

fn diverged(bench: &Bench) -> bool {
    bench.entries(Kind::ApStands).iter().any(|entry| field(entry, "to") == "diverged")
}

#[test]
fn a_facility_key_opens_its_own_facility_and_no_other() {
    // Shows that what an AP says of its key becomes an activation that opens the other APs of that facility with the
    // next order, that nothing else opens, and that no AP ever stands Diverged for it.
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    let held = bench.view().activations[0].clone();
    assert_eq!((&held.source, held.mode, held.why.as_str()), (&source(), Mode::Disaster, ""));
    assert_eq!(held.facilities.iter().collect::<Vec<_>>(), [&facility("gym")]);
    assert_eq!((bench.wanted("gym"), bench.wanted("school"), bench.wanted("hall")), {
        (Mode::Disaster, Mode::Normal, Mode::Normal)
    });
    assert_eq!(bench.aps[&ap("gym-2")].mode, Mode::Disaster);
    assert_eq!(bench.unsettled(), []);
    let opened = bench.entries(Kind::Opened)[0].clone();
    assert_eq!((field(&opened, "by"), field(&opened, "ap")), ("facility-key:gym-1", "gym-1"));

    bench.turn_at("gym-1", false);
    bench.pass(s(1));
    assert_eq!((bench.view().activations.len(), bench.wanted("gym")), (0, Mode::Normal));
    assert_eq!(bench.aps[&ap("gym-2")].mode, Mode::Normal);
    assert_eq!(bench.unsettled(), []);
    assert_eq!(field(bench.entries(Kind::Closed)[0], "by"), "facility-key:gym-1");
    assert!(!diverged(&bench), "two accounts agree all the time");
}

#[test]
fn a_screen_cannot_close_what_a_facility_key_holds_open() {
    // Nor where the town has no key of its own; and the facility key closes nothing that others hold open.
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    let id = bench.view().activations[0].id;
    let close = Ask::Close { activation: id, why: "over".to_owned() };
    assert_eq!(bench.ask(close.clone()), Err(AskRefused::NotYours { id, by: "facility-key:gym-1".to_owned() }));
    bench.open(&["gym"]);
    bench.turn_at("gym-1", false);
    bench.pass(s(1));
    assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Disaster, 1));

    let mut keyless = inventory();
    keyless.has_key = false;
    let mut bench = Bench::settled_in(keyless);
    bench.turn_at("gym-1", true);
    assert_eq!(bench.ask(close), Err(AskRefused::NotYours { id, by: "facility-key:gym-1".to_owned() }));
}

#[test]
fn a_lost_ap_and_a_restarted_controller_keep_its_activation_in_force() {
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.pass(s(120));
    assert_eq!(bench.stands("gym-1").0, Standing::Silent);
    bench.restart(s(60));
    bench.pass(s(60));
    assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Disaster, 1));
    assert_eq!(bench.aps[&ap("gym-2")].mode, Mode::Disaster);
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    bench.turn_at("gym-1", false);
    bench.pass(s(12));
    assert_eq!((bench.wanted("gym"), bench.unsettled()), (Mode::Normal, vec![]));
    assert_eq!((bench.entries(Kind::Opened).len(), bench.entries(Kind::Closed).len()), (1, 1));
    assert_eq!(bench.entries(Kind::FacilityKeyActed).len(), 0);
}

#[test]
fn what_it_opened_and_closed_while_nobody_listened_is_written_down_once() {
    // Shows that acts of an AP that was away are in the record with the AP's own times, once each, over restarts too,
    // and open nothing; and that the one that is still in force is opened.
    let mut bench = Bench::settled();
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    let first_ms = bench.now.wall_ms;
    for disaster in [true, false, true, false, true] {
        bench.turn_at("gym-1", disaster);
        bench.pass(s(60));
    }
    assert_eq!(bench.entries(Kind::FacilityKeyActed).len(), 0);
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    bench.speak(&ap("gym-1"));
    bench.pass(s(5));
    for _ in 0..3 {
        bench.restart(s(10));
        bench.speak(&ap("gym-1"));
        bench.pass(s(5));
    }
    let acted = bench.entries(Kind::FacilityKeyActed);
    assert_eq!(acted.len(), 2, "{acted:?}");
    assert_eq!(field(acted[0], "since"), first_ms.to_string());
    assert_eq!((bench.entries(Kind::Opened).len(), bench.wanted("gym")), (1, Mode::Disaster));
    bench.turn_at("gym-1", false);
    bench.turn_at("gym-1", true);
    bench.turn_at("gym-1", false);
    bench.pass(s(5));
    assert_eq!((bench.entries(Kind::Opened).len(), bench.entries(Kind::Closed).len()), (2, 2));
    assert_eq!((bench.entries(Kind::FacilityKeyActed).len(), bench.wanted("gym")), (2, Mode::Normal));
}

#[test]
fn a_store_that_was_lost_learns_of_it_again() {
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    bench.shelf = Shelf::default();
    bench.restart(s(10));
    bench.pass(s(10));
    assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Disaster, 1));
    assert_eq!(bench.view().activations[0].source, source());
    bench.turn_at("gym-1", false);
    bench.pass(s(12));
    assert_eq!((bench.wanted("gym"), bench.unsettled()), (Mode::Normal, vec![]));
}

#[test]
fn a_hall_of_which_neither_its_ap_nor_the_store_knows_closes_when_its_key_says_normal() {
    // Shows that what only the town's own order still tells of is ended by the key at 平時, although no act is named:
    // the database was lost, and so was the AP's ledger while it was turned back; or the key was taken off the wall.
    let turned_back = FacilityKey { position: Some(KeyPosition::Normal), ..FacilityKey::default() };
    for key in [Some(turned_back), None] {
        let mut bench = Bench::settled();
        bench.turn_at("gym-1", true);
        bench.pass(s(1));
        bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
        bench.shelf = Shelf::default();
        bench.restart(s(10));
        bench.pass(s(10));
        assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Disaster, 1));
        let lost = bench.aps.get_mut(&ap("gym-1")).expect("there");
        (lost.key, lost.linked) = (key, true);
        bench.speak(&ap("gym-1"));
        bench.pass(s(12));
        assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Normal, 0));
    }
}

#[test]
fn an_ap_whose_flash_lost_its_last_act_has_no_earlier_one_written_down_again() {
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    bench.turn_at("gym-1", false);
    bench.pass(s(1));
    let before = bench.aps[&ap("gym-1")].key.clone();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    for _ in 0..2 {
        bench.aps.get_mut(&ap("gym-1")).expect("there").key = before.clone();
        bench.pass(s(60));
        bench.turn_at("gym-1", true);
        bench.pass(s(1));
        bench.restart(s(10));
        bench.pass(s(10));
    }
    assert_eq!((bench.entries(Kind::FacilityKeyActed).len(), bench.wanted("gym")), (0, Mode::Disaster));
}

#[test]
fn a_broken_facility_key_is_said_and_changes_nothing() {
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.aps.get_mut(&ap("gym-1")).expect("there").key.as_mut().expect("a key").fault = "broken".to_owned();
    bench.speak(&ap("gym-1"));
    bench.speak(&ap("gym-1"));
    let faults = bench.entries(Kind::FacilityKeyFault);
    assert_eq!((faults.len(), field(faults[0], "fault"), field(faults[0], "ap")), (1, "broken", "gym-1"));
    assert_eq!(bench.wanted("gym"), Mode::Disaster);
    bench.aps.get_mut(&ap("gym-1")).expect("there").key.as_mut().expect("a key").fault.clear();
    bench.speak(&ap("gym-1"));
    assert_eq!(bench.entries(Kind::FacilityKeyMended).len(), 1);
}

#[test]
fn an_ap_in_the_wrong_hands_opens_its_own_facility_at_most_and_makes_no_storm_of_orders() {
    // Shows that it cannot name another facility, and that turning its key without end holds its hall open.
    let mut bench = Bench::settled();
    let stolen = bench.aps.get_mut(&ap("gym-1")).expect("there");
    stolen.facility = facility("school");
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    assert_eq!(bench.view().mode, Mode::Normal, "a report that names another facility opens nothing");
    bench.aps.get_mut(&ap("gym-1")).expect("there").facility = facility("gym");
    let before = bench.number();
    for turn in 0..200 {
        bench.turn_at("gym-1", turn % 2 == 0);
        bench.pass(ms(100));
    }
    assert!(bench.number() - before <= 21, "{} orders", bench.number() - before);
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Normal));
    bench.pass(s(700));
    bench.speak(&ap("gym-1"));
    bench.pass(s(6));
    assert_eq!(bench.wanted("gym"), Mode::Normal);
}

#[test]
fn an_ap_taken_out_of_the_inventory_takes_its_activation_along() {
    // Shows that what nobody could ever close does not stay open for ever.
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    bench.inventory.aps.retain(|known| known.id != ap("gym-1"));
    bench.aps.remove(&ap("gym-1"));
    bench.restart(s(10));
    bench.pass(s(12));
    assert_eq!((bench.view().activations.len(), bench.wanted("gym")), (0, Mode::Normal));
    assert_eq!(field(bench.entries(Kind::Closed)[0], "by"), "facility-key:gym-1");
}

#[test]
fn an_ap_that_stands_in_another_facility_now_takes_its_activation_along() {
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    let place = bench.inventory.aps.iter_mut().find(|it| it.id == ap("gym-1")).expect("there");
    place.facility = facility("school");
    let moved = bench.aps.get_mut(&ap("gym-1")).expect("there");
    (moved.facility, moved.linked) = (facility("school"), false);
    bench.restart(s(10));
    bench.pass(s(12));
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Normal, Mode::Normal));
    let closed = bench.entries(Kind::Closed)[0];
    assert!(field(closed, "why").contains("another facility"), "{closed:?}");
}

/// The entries that tell of a key that the inventory does not know.
fn refused(bench: &Bench) -> usize {
    let of_a_key = |entry: &&&crate::core::Entry| field(entry, "why").contains("[ap.key]");
    bench.entries(Kind::MessageRefused).iter().filter(of_a_key).count()
}

#[test]
fn an_ap_without_a_key_in_the_inventory_opens_nothing_by_saying_that_its_key_was_turned() {
    // Shows that a stolen AP that has no key opens no hall, now or by what it says to have done before; that it is
    // written down once for each act and not once for each report; and that the rest of what it says counts.
    let mut bench = Bench::settled();
    for id in ["gym-2", "school-1", "hall-1"] {
        let before = (bench.number(), refused(&bench));
        bench.turn_at(id, true);
        for _ in 0..20 {
            bench.pass(s(10));
            bench.speak(&ap(id));
        }
        assert_eq!((bench.number(), bench.view().activations.len()), (before.0, 0), "{id}");
        assert_eq!(refused(&bench) - before.1, 1, "{id}");
        assert_eq!(bench.stands(id).0, Standing::Diverged, "{id} is heard, and open without an order");
        bench.turn_at(id, false);
        bench.pass(s(120));
        bench.speak(&ap(id));
        assert_eq!((refused(&bench) - before.1, bench.unsettled()), (2, vec![]), "{id}");
    }
    assert_eq!((bench.entries(Kind::Opened).len(), bench.entries(Kind::FacilityKeyActed).len()), (0, 0));
    let left = bench.entries(Kind::LeftOpen).iter().map(|it| field(it, "ap").to_owned()).collect::<Vec<_>>();
    assert_eq!(left, ["gym-2", "school-1", "hall-1"], "on the air without an order is an alarm");
}

#[test]
fn an_act_that_is_claimed_while_refusals_are_held_back_is_written_down_when_they_are_not() {
    let mut bench = Bench::settled();
    bench.turn_at("gym-2", false);
    assert_eq!(refused(&bench), 1);
    bench.turn_at("gym-2", true);
    bench.pass(s(30));
    bench.speak(&ap("gym-2"));
    assert_eq!(refused(&bench), 1, "one a minute");
    bench.pass(s(31));
    bench.speak(&ap("gym-2"));
    assert_eq!(refused(&bench), 2);
}

#[test]
fn a_key_taken_out_of_the_inventory_takes_its_activation_along() {
    // Shows that what a key holds open that is a key no more ends at the start, and does not come back by its reports.
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    for place in &mut bench.inventory.aps {
        place.key = false;
    }
    bench.restart(s(10));
    for _ in 0..5 {
        bench.pass(s(12));
        bench.speak(&ap("gym-1"));
    }
    assert_eq!((bench.view().activations.len(), bench.wanted("gym")), (0, Mode::Normal));
    let closed = bench.entries(Kind::Closed)[0];
    assert_eq!(field(closed, "by"), "facility-key:gym-1");
    assert!(field(closed, "why").contains("no key in the inventory"), "{closed:?}");
}

#[test]
fn what_an_order_of_before_says_of_a_key_that_is_no_more_ends_with_the_first_report() {
    // Shows that an activation that comes back with our own order, after the store was lost, can still be closed.
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    bench.shelf = Shelf::default();
    for place in &mut bench.inventory.aps {
        place.key = false;
    }
    bench.restart(s(10));
    bench.pass(s(12));
    bench.speak(&ap("gym-1"));
    bench.pass(s(1));
    assert_eq!((bench.view().activations.len(), bench.wanted("gym")), (0, Mode::Normal));
}

/// The key at this AP, at normal, with these acts behind it.
fn behind(bench: &mut Bench, acts: std::ops::RangeInclusive<u64>) {
    let ended = acts.map(|id| KeyAct { id, since_ms: 1_000 * i64::try_from(id).expect("small"), until_ms: Some(0) });
    let key = FacilityKey { position: Some(KeyPosition::Normal), ended: ended.collect(), ..FacilityKey::default() };
    bench.aps.get_mut(&ap("gym-1")).expect("there").key = Some(key);
    bench.speak(&ap("gym-1"));
}

/// The numbers of the acts that were written down.
fn acted(bench: &Bench) -> Vec<String> {
    bench.entries(Kind::FacilityKeyActed).iter().map(|it| field(it, "act").to_owned()).collect()
}

#[test]
fn the_last_sixteen_acts_are_known_over_a_restart_and_older_ones_are_written_down_again() {
    // An AP whose flash lost its last pages names old acts again, more of them with each page.
    for (named, again) in [(5, 0), (4, 1)] {
        let mut bench = Bench::settled();
        bench.shelf.remembered.facility_acts =
            (1..=20).map(|id: u64| (ap("gym-1"), (id, 1_000 * i64::try_from(id).expect("small")))).collect();
        bench.restart(s(10));
        behind(&mut bench, named..=named);
        assert_eq!(acted(&bench).len(), again, "act {named}");
    }
    let mut bench = Bench::settled();
    behind(&mut bench, 1..=8);
    behind(&mut bench, 9..=16);
    behind(&mut bench, 1..=1);
    assert_eq!(acted(&bench).len(), 16, "sixteen are known");
    behind(&mut bench, 17..=17);
    behind(&mut bench, 1..=1);
    assert_eq!(acted(&bench).last().map(String::as_str), Some("1@1000"), "not the seventeenth");
}

#[test]
fn of_what_an_ap_names_only_what_came_after_what_is_known_is_written_down() {
    let mut bench = Bench::settled();
    behind(&mut bench, 1..=3);
    behind(&mut bench, 2..=5);
    assert_eq!(acted(&bench), ["1@1000", "2@2000", "3@3000", "4@4000", "5@5000"]);
    // More than an AP tells of: the last eight count.
    behind(&mut bench, 6..=20);
    assert_eq!((acted(&bench).len(), acted(&bench)[5].as_str()), (5 + 8, "13@13000"));
    assert_eq!(bench.view().activations.len(), 0);
}

#[test]
fn ten_closings_in_ten_minutes_are_obeyed_and_the_eleventh_when_the_first_is_that_long_ago() {
    let mut bench = Bench::settled();
    let turn = |bench: &mut Bench, disaster| {
        bench.turn_at("gym-1", disaster);
        bench.pass(s(1));
    };
    turn(&mut bench, true);
    turn(&mut bench, false);
    let first = bench.now.mono - s(1);
    for _ in 1..10 {
        turn(&mut bench, true);
        assert_eq!(bench.wanted("gym"), Mode::Disaster);
        turn(&mut bench, false);
        assert_eq!(bench.wanted("gym"), Mode::Normal);
    }
    turn(&mut bench, true);
    turn(&mut bench, false);
    bench.pass(first + s(600) - ms(1) - bench.now.mono);
    bench.speak(&ap("gym-1"));
    assert_eq!(bench.wanted("gym"), Mode::Disaster, "rather open than flickering");
    bench.pass(ms(1));
    bench.speak(&ap("gym-1"));
    assert_eq!(bench.wanted("gym"), Mode::Normal);
}

#[test]
fn acts_in_the_record_are_read_as_they_are_written() {
    let mut bench = Bench::settled();
    let now_ms = bench.now.wall_ms;
    bench.turn_at("gym-1", true);
    let opened = bench.entries(Kind::Opened)[0];
    assert_eq!((field(opened, "since"), read_act(field(opened, "act"))), (&*now_ms.to_string(), Some((1, now_ms))));
    assert_eq!(["", "7", "7@", "@5", "x@5", "7@y"].map(read_act), [None; 6]);
    bench.pass(s(5));
    bench.turn_at("gym-1", false);
    let why = format!("until {} by its own clock", now_ms + 5_000);
    assert_eq!(field(bench.entries(Kind::Closed)[0], "why"), why);
}

#[test]
fn what_is_wrong_with_a_facility_key_is_told_in_few_words_and_where_it_is_when_mended() {
    let mut bench = Bench::settled();
    let fault = |bench: &mut Bench, fault: &str| {
        let position = Some(KeyPosition::Normal);
        let key = FacilityKey { position, fault: fault.to_owned(), ..FacilityKey::default() };
        bench.aps.get_mut(&ap("gym-1")).expect("there").key = Some(key);
        bench.speak(&ap("gym-1"));
    };
    fault(&mut bench, &"x".repeat(10_000));
    fault(&mut bench, "shorted");
    fault(&mut bench, "");
    let told: Vec<_> = bench.entries(Kind::FacilityKeyFault).iter().map(|it| field(it, "fault").len()).collect();
    assert_eq!(told, [40, "shorted".len()]);
    assert_eq!(field(bench.entries(Kind::FacilityKeyMended)[0], "position"), "normal");
    // It is taken off the wall: that is no fault, and nothing is written.
    bench.aps.get_mut(&ap("gym-1")).expect("there").key = None;
    bench.speak(&ap("gym-1"));
    let told =
        |bench: &Bench| (bench.entries(Kind::FacilityKeyFault).len(), bench.entries(Kind::FacilityKeyMended).len());
    assert_eq!(told(&bench), (2, 1));
    // A fault of a key that is taken off the wall is over.
    fault(&mut bench, "shorted");
    bench.aps.get_mut(&ap("gym-1")).expect("there").key = None;
    bench.speak(&ap("gym-1"));
    assert_eq!(told(&bench), (3, 2));
}

#[test]
fn what_came_before_an_act_that_is_known_is_not_written_down_again_while_that_act_goes_on() {
    let mut bench = Bench::settled();
    bench.shelf.remembered.facility_acts = vec![(ap("gym-1"), (5, 5_000))];
    bench.restart(s(10));
    let ended = (1..=4).map(|id| KeyAct { id, since_ms: 1_000, until_ms: Some(2_000) }).collect();
    let open = Some(KeyAct { id: 5, since_ms: 5_000, until_ms: None });
    let key = FacilityKey { position: Some(KeyPosition::Disaster), open, ended, ..FacilityKey::default() };
    bench.aps.get_mut(&ap("gym-1")).expect("there").key = Some(key);
    bench.speak(&ap("gym-1"));
    assert_eq!((acted(&bench).len(), bench.wanted("gym")), (0, Mode::Disaster));
}
