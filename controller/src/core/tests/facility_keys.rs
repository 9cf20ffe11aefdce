//! Facility keys: a hall opened itself, and the town learns of it.

use super::bench::*;
use crate::core::view::Standing;
use crate::core::{Ask, AskRefused, Kind, Source};
use firmware_config::key::KeyPosition;
use firmware_config::mode::Mode;
use firmware_config::wire::FacilityKey;

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
    // the database was lost, and so was the AP's ledger while it was turned back.
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.pass(s(1));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.shelf = Shelf::default();
    bench.restart(s(10));
    bench.pass(s(10));
    assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Disaster, 1));
    let lost = bench.aps.get_mut(&ap("gym-1")).expect("there");
    lost.key = Some(FacilityKey { position: Some(KeyPosition::Normal), ..FacilityKey::default() });
    lost.linked = true;
    bench.speak(&ap("gym-1"));
    bench.pass(s(12));
    assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Normal, 0));
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
