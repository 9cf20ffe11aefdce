//! The next order, or none: what differs enough for one, what opens, what ends, and what belongs to a drill.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::Order;

use super::bench::*;
use crate::core::activation::{Activations, Given};
use crate::core::order::{Decision, greatest, next};
use crate::core::{Now, Source};

const NOW: Now = Now { mono: Duration::from_secs(1_000), wall_ms: MORNING_MS };

fn person() -> Source {
    Source::Operator("sato".to_owned())
}

fn nobody() -> Activations {
    Activations::new(Vec::new(), 0, NOW)
}

fn opened(held: &mut Activations, place: &str, drill: Option<Duration>) -> Given {
    held.open(person(), [facility(place)].into(), drill, "", NOW).given()
}

fn decide(newest: Option<&Order>, twin: Option<&Order>, held: &Activations) -> Option<Decision> {
    next(newest, twin, 7, &inventory(), held, NOW)
}

/// The order that is in force where `held` is what people hold.
fn in_force(held: &Activations) -> Order {
    decide(None, None, held).expect("the first").order
}

/// Whether the next order opens, ends, and belongs to a drill.
fn step(newest: &Order, held: &Activations) -> (bool, bool, bool) {
    let decision = decide(Some(newest), None, held).expect("something changed");
    (decision.opens, decision.ends, decision.drill)
}

#[test]
fn the_first_order_says_of_every_place_what_it_is_to_do() {
    let first = decide(None, None, &nobody()).expect("there is always a first");
    assert_eq!((first.order.number, first.order.facilities.len(), greatest(&first.order)), (7, 3, Mode::Normal));
    assert_eq!((first.opens, first.ends, first.drill), (false, false, false));
    let mut held = nobody();
    opened(&mut held, "gym", None);
    let first = decide(None, None, &held).expect("there is always a first");
    assert_eq!((first.opens, first.ends, greatest(&first.order)), (true, false, Mode::Disaster));
}

#[test]
fn nothing_is_ordered_where_nothing_differs_but_the_seconds_left_of_a_drill() {
    let mut held = nobody();
    opened(&mut held, "gym", Some(s(600)));
    let newest = in_force(&held);
    assert_eq!(decide(Some(&newest), None, &held), None);
    let later = Now { mono: NOW.mono + s(100), wall_ms: NOW.wall_ms + 100_000 };
    assert_eq!(next(Some(&newest), None, 7, &inventory(), &held, later), None);
    // Another end is another wish; so is another mode, another place, and another who holds the same.
    let mut longer = nobody();
    opened(&mut longer, "gym", Some(s(900)));
    assert_eq!(step(&newest, &longer), (false, false, true));
    let mut other = newest.clone();
    other.facilities.get_mut(&facility("hall")).expect("a place").mode = Mode::Drill;
    assert_eq!(step(&other, &held), (false, true, true));
    let mut fewer = newest.clone();
    fewer.facilities.remove(&facility("hall"));
    assert_eq!(step(&fewer, &held), (false, false, true), "a hall that is new in the town");
    let mut renamed = newest.clone();
    let wanted = renamed.facilities.remove(&facility("hall")).expect("a place");
    renamed.facilities.insert(facility("harbour"), wanted);
    assert_eq!(step(&renamed, &held), (false, false, true));
    let mut ended = newest.clone();
    ended.facilities.get_mut(&facility("gym")).expect("a place").drill.as_mut().expect("a drill").until_ms += 1;
    assert_eq!(step(&ended, &held), (false, false, true));
    let mut joined = held.clone();
    opened(&mut joined, "gym", Some(s(600)));
    assert_eq!(step(&newest, &joined), (false, false, true), "somebody joins what is open already");
}

#[test]
fn a_step_that_opens_anywhere_opens_and_one_that_lessens_anywhere_ends() {
    let (mut gym, mut hall, mut drill) = (nobody(), nobody(), nobody());
    opened(&mut gym, "gym", None);
    opened(&mut hall, "hall", None);
    opened(&mut drill, "gym", Some(s(600)));
    assert_eq!(step(&in_force(&nobody()), &gym), (true, false, false));
    assert_eq!(step(&in_force(&gym), &nobody()), (false, true, false));
    assert_eq!(step(&in_force(&gym), &hall), (true, true, false), "here and there");
    assert_eq!(step(&in_force(&nobody()), &drill), (true, false, true));
    assert_eq!(step(&in_force(&drill), &nobody()), (false, true, true), "the end of a drill is the drill's");
    assert_eq!(step(&in_force(&drill), &gym), (true, false, false), "the disaster's");
    assert_eq!(step(&in_force(&gym), &drill), (false, true, false));
}

#[test]
fn whoever_lets_go_of_what_another_holds_open_ends_something_and_touches_no_place() {
    let mut both = nobody();
    opened(&mut both, "gym", None);
    let second = opened(&mut both, "gym", None);
    let newest = in_force(&both);
    both.close(&second);
    assert_eq!(step(&newest, &both), (false, true, false));
    opened(&mut both, "gym", None);
    assert_eq!(step(&newest, &both), (false, true, false), "although a third one joins");
}

#[test]
fn of_two_orders_with_one_number_the_next_opens_where_it_opens_for_either() {
    let mut gym = nobody();
    opened(&mut gym, "gym", None);
    let (open, shut) = (in_force(&gym), in_force(&nobody()));
    assert_eq!(decide(Some(&open), None, &gym), None);
    let next = decide(Some(&open), Some(&shut), &gym).expect("some follow the other");
    assert_eq!((next.opens, next.ends), (true, false));
    let next = decide(Some(&open), Some(&open), &gym).expect("there is always one above two");
    assert_eq!((next.opens, next.ends), (false, false));
    assert_eq!(next.order.controller, None, "the only controller of a town");
}
