//! Distinct devices of an activation: merged, bounded to the AP that told them, apart for each activation.

use firmware_config::mode::Mode;
use firmware_config::sketch::{Mark, REGISTERS, Sketch};
use firmware_config::wire::{Distinct, DistinctDevices, Period};

use super::bench::*;
use crate::core::distinct::{About, DistinctView, KeptSketch};
use crate::core::{Action, Event, Kind};

fn mixed_up(device: u64) -> u64 {
    let mixed = (device + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

fn sketch(devices: std::ops::Range<u64>) -> Sketch {
    let mut sketch = Sketch::default();
    devices.for_each(|device| {
        sketch.note(Mark::of(mixed_up(device)));
    });
    sketch
}

fn says(id: &str, sketches: Vec<(Period, Sketch)>) -> Event {
    let devices = |(period, registers)| DistinctDevices { period, registers };
    Event::Sketched(Distinct { v: 1, ap: ap(id), activations: sketches.into_iter().map(devices).collect() })
}

fn period(bench: &Bench, at: usize) -> Period {
    let activation = &bench.view().activations[at];
    Period { activation: activation.id, since_ms: activation.since_ms }
}

fn newest(bench: &Bench) -> DistinctView {
    bench.view().distinct.first().expect("an activation").clone()
}

fn kept(actions: &[Action]) -> Vec<&KeptSketch> {
    fn one(action: &Action) -> Option<&KeptSketch> {
        if let Action::StoreSketch(kept) = action { Some(kept) } else { None }
    }
    actions.iter().filter_map(one).collect()
}

fn near(about: About, truth: f64) -> bool {
    about.devices.is_some_and(|devices| (f64::from(devices) / truth - 1.0).abs() < 0.08)
}

#[test]
fn whoever_walks_from_hall_to_hall_is_one_and_hearing_it_again_changes_nothing() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let now = period(&bench, 0);
    bench.on(says("gym-1", vec![(now, sketch(0..800))]));
    let actions = bench.on(says("school-1", vec![(now, sketch(300..1_000))]));
    assert_eq!(kept(&actions).iter().map(|kept| kept.ap.to_string()).collect::<Vec<_>>(), ["school-1"]);
    let told = newest(&bench);
    assert!(near(told.town, 1_000.0) && told.in_force && told.mode == Mode::Disaster, "{told:?}");
    assert!(told.facilities.iter().any(|(id, about)| id.as_str() == "school" && near(*about, 700.0)), "{told:?}");
    // Retained, so said again at every connection; and an agent that began anew knows fewer.
    for again in [sketch(300..1_000), sketch(500..600), Sketch::default()] {
        let actions = bench.on(says("school-1", vec![(now, again)]));
        assert!(kept(&actions).is_empty());
        assert_eq!(newest(&bench), told);
    }
}

#[test]
fn what_a_stolen_ap_invents_is_counted_nowhere_and_named() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let now = period(&bench, 0);
    bench.on(says("gym-1", vec![(now, sketch(0..500))]));
    let before = newest(&bench);
    let full = Sketch::read(&"2".repeat(REGISTERS)).expect("a sketch");
    for invented in [full, sketch(0..200_000)] {
        let actions = bench.on(says("school-1", vec![(now, invented)]));
        assert!(kept(&actions).is_empty(), "not even stored");
        let told = newest(&bench);
        assert_eq!((told.town, &told.facilities), (before.town, &before.facilities));
        assert!(told.aps.contains(&(ap("school-1"), None)), "{told:?}");
    }
    let refused = bench.entries(Kind::MessageRefused);
    assert_eq!(field(refused[0], "from"), "ap/school-1/distinct");
    assert!(field(refused[0], "why").contains("counted nowhere"), "{}", field(refused[0], "why"));
    // A document of a thousand sketches is read as far as a good one goes.
    let many = (0..1_000).map(|n| (Period { activation: n, since_ms: 0 }, sketch(0..1))).collect();
    assert_eq!(kept(&bench.on(says("school-1", many))).len(), 8);
    // Nor does anybody speak for an AP that is none of ours; and a sketch is no sign of life.
    assert!(kept(&bench.on(says("harbour-9", vec![(now, sketch(0..9))]))).is_empty());
}

#[test]
fn a_drill_and_a_disaster_are_never_added_up_and_what_ended_is_still_told() {
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    bench.pass(s(1));
    let drill = period(&bench, 0);
    bench.on(says("gym-1", vec![(drill, sketch(0..300))]));
    bench.turn(DISASTER);
    bench.pass(s(1));
    let flood = period(&bench, 0);
    assert_ne!(drill, flood);
    // The drill's last word comes late, with the disaster's first.
    bench.on(says("gym-1", vec![(drill, sketch(0..400)), (flood, sketch(0..20))]));
    let told = bench.view().distinct;
    let of = |period| told.iter().find(|it| it.period == period).expect("there");
    assert!(near(of(drill).town, 400.0) && !of(drill).in_force && of(drill).mode == Mode::Drill);
    assert!(near(of(flood).town, 20.0) && of(flood).in_force && of(flood).mode == Mode::Disaster);
    for _ in 0..10 {
        bench.turn(NORMAL);
        bench.turn(DISASTER);
    }
    assert!(bench.view().distinct.len() <= 5, "those that ended long ago are in the store");
}

#[test]
fn an_estimate_says_no_more_than_it_knows() {
    let about = |estimate: f64| About::of(estimate).devices;
    assert_eq!([0.0, 1.0, 9.4].map(about), [None; 3], "few are nobody's business");
    assert_eq!([9.6, 10.4, 123.4, 999.4].map(about), [10, 10, 123, 999].map(Some));
    assert_eq!([1_234.0, 98_765.0, 1_234_567.0].map(about), [1_230, 98_800, 1_230_000].map(Some));
    assert_eq!(about(f64::INFINITY), Some(4_290_000_000), "no town, and still a number");
}

#[test]
fn the_last_four_that_ended_are_still_shown_and_all_that_are_in_force() {
    let mut bench = Bench::settled();
    let mut opened = Vec::new();
    for _ in 0..3 {
        opened.push(bench.open(&["gym"]));
    }
    for _ in 0..5 {
        let id = bench.open(&["hall"]);
        bench.ask(crate::core::Ask::Close { activation: id, why: "over".to_owned() }).expect("granted");
        opened.push(id);
    }
    // The first of those that ended is put away; one in force is not, however old.
    opened.remove(3);
    let shown: Vec<(u64, bool)> =
        bench.view().distinct.iter().rev().map(|it| (it.period.activation, it.in_force)).collect();
    let expected: Vec<(u64, bool)> = opened.iter().enumerate().map(|(at, id)| (*id, at < 3)).collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_document_of_as_many_sketches_as_may_be_is_read_and_one_more_is_told_of() {
    let mut bench = Bench::settled();
    let refused = |bench: &mut Bench, count: u64| {
        let many = (0..count).map(|n| (Period { activation: 900 + n, since_ms: 0 }, sketch(0..3))).collect();
        let stored = kept(&bench.on(says("gym-1", many))).len();
        bench.pass(s(61));
        (stored, bench.entries(Kind::MessageRefused).len())
    };
    assert_eq!(refused(&mut bench, 8), (8, 0));
    assert_eq!(refused(&mut bench, 9), (8, 1));
    assert_eq!(refused(&mut bench, 10), (8, 2));
    // What brought nobody is not kept, and a sketch told twice of what is over is kept twice: nobody knows it any more.
    assert!(
        kept(&bench.on(says("gym-1", vec![(Period { activation: 1, since_ms: 0 }, Sketch::default())]))).is_empty()
    );
}

#[test]
fn devices_that_are_heard_of_before_their_activation_are_told_of_once_it_is_known() {
    // The database is gone, and the broker hands out what the APs said before it hands out the order.
    let mut bench = Bench::settled();
    bench.open(&["gym"]);
    let now = period(&bench, 0);
    bench.shelf = Shelf::default();
    let order = bench.retained.take().expect("published");
    bench.restart(s(60));
    assert!(bench.view().activations.is_empty());
    bench.on(says("gym-1", vec![(now, sketch(0..800))]));
    bench.on(says("school-1", vec![(now, sketch(700..900))]));
    assert!(bench.view().distinct.is_empty());
    bench.on(Event::OwnOrderSeen(order));
    let told = newest(&bench);
    assert!(told.period == now && near(told.town, 900.0) && told.aps.len() == 2, "{told:?}");
    // From here on it is known, and nothing waits.
    bench.on(says("gym-1", vec![(now, sketch(0..1_000))]));
    assert!(near(newest(&bench).town, 1_000.0));
}

#[test]
fn of_what_an_ap_says_of_unknown_activations_its_last_four_wait() {
    let mut bench = Bench::settled();
    bench.open(&["gym"]);
    let now = period(&bench, 0);
    bench.shelf = Shelf::default();
    let order = bench.retained.take().expect("published");
    bench.restart(s(60));
    let unknown = |n: u64| (Period { activation: 700 + n, since_ms: 0 }, sketch(0..9));
    let others = (0..4).map(unknown);
    bench.on(says("gym-1", [(now, sketch(0..800))].into_iter().chain(others.clone()).collect()));
    bench.on(says("school-1", [(now, sketch(0..300))].into_iter().chain(others.take(3)).collect()));
    bench.on(says("hall-1", vec![(now, sketch(0..500))]));
    bench.on(says("hall-1", vec![unknown(1)]));
    bench.on(Event::OwnOrderSeen(order));
    let told: Vec<_> = newest(&bench).aps.iter().map(|(ap, _)| ap.to_string()).collect();
    assert_eq!(told, ["school-1"], "what an AP said last is what waits");
}

#[test]
fn the_first_word_of_an_ap_is_kept_although_it_brings_nobody_new() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let now = period(&bench, 0);
    assert_eq!(kept(&bench.on(says("gym-1", vec![(now, sketch(0..50))]))).len(), 1);
    assert_eq!(kept(&bench.on(says("gym-2", vec![(now, sketch(0..50))]))).len(), 1, "of this AP nothing was kept yet");
    assert_eq!(kept(&bench.on(says("gym-2", vec![(now, sketch(0..50))]))).len(), 0);
    let told = newest(&bench);
    assert_eq!(told.facilities.len(), 1);
    let of = |id: &str| told.aps.iter().find(|(ap, _)| ap.as_str() == id).and_then(|(_, about)| *about);
    assert!(of("gym-1").is_some_and(|about| near(about, 50.0)) && of("gym-1") == of("gym-2"));
}

#[test]
fn a_sketch_of_more_devices_than_one_ap_can_meet_is_counted_nowhere() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let now = period(&bench, 0);
    let full = Sketch::read(&"2".repeat(REGISTERS)).expect("a sketch");
    assert!(kept(&bench.on(says("gym-1", vec![(now, full)]))).is_empty());
    assert_eq!((newest(&bench).town, newest(&bench).aps), (About::default(), vec![(ap("gym-1"), None)]));
    assert!(field(bench.entries(Kind::MessageRefused)[0], "why").contains("counted nowhere"));
}
