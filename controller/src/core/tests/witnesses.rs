//! Ruling 8 with a second pair of eyes: what SNMP sees against what an agent says, and for how long.

use super::bench::*;
use crate::core::view::{Standing, Witnessed};
use crate::core::witness::{CONTRADICTS_AFTER, STALE_AFTER};
use crate::core::{Event, Kind, Sighting};

/// The witnessed AP of a town in disaster, all settled.
fn open_town() -> Bench {
    let mut bench = Bench::settled_in(mixed());
    bench.turn(DISASTER);
    bench.pass(s(21));
    assert_eq!(bench.view().totals.settled, 6, "{:?}", bench.unsettled());
    bench
}

fn eyes(bench: &mut Bench, eyes: Eyes) {
    bench.aps.get_mut(&ap("gym-2")).expect("there").eyes = eyes;
}

#[test]
fn what_is_seen_as_ordered_is_counted_and_what_has_no_eyes_apart() {
    let bench = open_town();
    let totals = bench.view().totals;
    assert_eq!((totals.witnessed, totals.unwitnessable), (1, 5));
    assert!(matches!(bench.ap("gym-2").witnessed, Witnessed::Seen { open: true, .. }));
}

#[test]
fn an_agent_that_says_open_where_nothing_is_seen_diverges_with_both_facts() {
    let mut bench = open_town();
    eyes(&mut bench, Eyes::Wrong(false));
    bench.pass(s(20));
    assert_eq!(bench.stands("gym-2").0, Standing::Settled, "one look may be wrong");
    bench.pass(CONTRADICTS_AFTER + s(20));
    assert_eq!(bench.stands("gym-2"), (Standing::Diverged, "witness-sees-it-not".to_owned()));
    let seat = bench.ap("gym-2");
    assert!(matches!(seat.witnessed, Witnessed::Seen { open: false, .. }));
    assert!(seat.reported.expect("it reports").networks.iter().any(|network| network.ssid == "00000JAPAN"));
    assert_eq!(bench.view().totals.witnessed, 0);
    let stood: Vec<_> = bench.entries(Kind::ApStands);
    assert_eq!(field(stood.last().expect("recorded"), "why"), "witness-sees-it-not");

    eyes(&mut bench, Eyes::Open);
    bench.pass(s(20));
    assert_eq!(bench.stands("gym-2"), (Standing::Settled, String::new()), "seen again, and that is the end of it");
}

#[test]
fn an_agent_that_says_closed_where_it_is_seen_diverges() {
    let mut bench = Bench::settled_in(mixed());
    eyes(&mut bench, Eyes::Wrong(true));
    bench.pass(s(20) + CONTRADICTS_AFTER + s(20));
    assert_eq!(bench.stands("gym-2"), (Standing::Diverged, "witness-sees-it".to_owned()));
}

#[test]
fn a_look_from_before_the_flip_is_no_contradiction() {
    // The witness is a poll behind at every turn of the key, as it is in life: nobody diverges.
    let mut bench = Bench::settled_in(mixed());
    for (turn, was) in [(DISASTER, false), (NORMAL, true), (DISASTER, false)] {
        bench.turn(turn);
        bench.on(Event::Witnessed(Sighting { ap: ap("gym-2"), open: Ok(was), at_ms: bench.now.wall_ms }));
        bench.pass(s(25));
        assert_eq!(bench.stands("gym-2"), (Standing::Settled, String::new()));
    }
    assert!(bench.entries(Kind::ApStands).iter().all(|entry| field(entry, "to") != "diverged"));
}

#[test]
fn a_witness_that_cannot_look_proves_nothing_and_is_not_forgotten() {
    let mut bench = open_town();
    eyes(&mut bench, Eyes::Shut);
    bench.pass(s(20));
    assert!(matches!(bench.ap("gym-2").witnessed, Witnessed::Seen { open: true, .. }), "what was seen is fresh enough");
    bench.pass(STALE_AFTER);
    assert_eq!(bench.ap("gym-2").witnessed, Witnessed::NotAsked { why: "no answer".to_owned() });
    assert_eq!(bench.stands("gym-2"), (Standing::Settled, String::new()));
    let totals = bench.view().totals;
    assert_eq!((totals.witnessed, totals.unwitnessable), (0, 5), "it has means, and nobody could look");
}

#[test]
fn a_contradiction_that_nobody_looks_at_any_more_ends() {
    let mut bench = open_town();
    eyes(&mut bench, Eyes::Wrong(false));
    bench.pass(s(20) + CONTRADICTS_AFTER + s(20));
    assert_eq!(bench.stands("gym-2").0, Standing::Diverged);
    eyes(&mut bench, Eyes::Shut);
    bench.pass(STALE_AFTER + s(41));
    assert_eq!(bench.stands("gym-2").0, Standing::Settled);
}

#[test]
fn a_sighting_of_an_ap_that_has_no_witness_is_turned_away() {
    let mut bench = Bench::settled_in(mixed());
    for id in ["gym-1", "school-2", "nobody"] {
        bench.on(Event::Witnessed(Sighting { ap: ap(id), open: Ok(true), at_ms: 0 }));
    }
    bench.pass(s(1));
    assert_eq!(bench.view().totals.settled, 6);
    assert_eq!(bench.entries(Kind::MessageRefused).len(), 3);
}

#[test]
fn an_agent_at_work_is_not_contradicted() {
    // A radio that waits for radar says so: that it is not seen yet is as it should be.
    let mut bench = Bench::settled_in(mixed());
    bench.aps.get_mut(&ap("gym-2")).expect("there").linked = false;
    bench.turn(DISASTER);
    for _ in 0..8 {
        let mut slow = bench.report_told(&ap("gym-2"));
        slow.state = firmware_config::wire::AgentState::Applying;
        bench.on(Event::Reported(slow));
        bench.look(&ap("gym-2"));
        bench.pass(s(10));
        assert_eq!(bench.stands("gym-2"), (Standing::Settling, "applying".to_owned()));
    }
}
