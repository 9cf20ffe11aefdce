//! Waiting: for the store, for an AP that does not confirm, for one that says nothing; and the moment of each next look.

use std::time::Duration;

use super::bench::*;
use crate::core::archive::{ANSWER_WITHIN, Answer, Archive, OFFER_AGAIN_AFTER};
use crate::core::ear::{AGAIN_AT_ONCE, AGAIN_PAUSE, Ears};
use crate::core::inventory::Managed;
use crate::core::listening::{GRACE, Listening, SILENT_AFTER};
use crate::core::retry::{CAP, FIRST, Retry};
use crate::core::{Action, Event, Kind, Now};

const T: Duration = Duration::from_secs(1_000);

fn at(mono: Duration) -> Now {
    Now { mono, wall_ms: MORNING_MS }
}

#[test]
fn tries_go_on_for_ever_further_apart_and_never_further_than_ten_seconds() {
    let first = Retry::first(T);
    assert_eq!(first.due(), T + FIRST);
    assert!(!first.is_due(T + FIRST - ms(1)) && first.is_due(T + FIRST) && first.is_due(T + s(9)));
    assert_eq!(Retry::after(None, T), first);
    let mut last = first;
    let mut waits = Vec::new();
    for _ in 0..6 {
        last = Retry::after(Some(last), T);
        waits.push((last.due() - T).as_secs());
    }
    assert_eq!(waits, [2, 4, 8, 10, 10, 10]);
    assert_eq!(CAP, s(10));
}

#[test]
fn a_batch_is_offered_when_there_is_something_and_none_is_under_way() {
    let mut archive = Archive::default();
    assert_eq!(archive.offer(None, None, T), None, "there is nothing to store");
    assert_eq!(archive.next_wake(), None);
    assert_eq!(archive.offer(Some(3), Some(7), T), Some(1));
    assert_eq!(archive.next_wake(), Some(T + ANSWER_WITHIN));
    archive.changed();
    assert_eq!(archive.offer(Some(4), None, T + s(1)), None, "one at a time");
    assert_eq!(archive.took(9), None, "that is no answer to this one");
    assert_eq!(archive.took(1), Some(Answer { last_entry: Some(3), order: Some(7) }));
    assert_eq!(archive.took(1), None);
    assert_eq!(archive.offer(None, None, T + s(1)), Some(2), "what changed meanwhile is offered next");
    assert_eq!(archive.took(2), Some(Answer { last_entry: None, order: None }));
    assert_eq!(archive.offer(None, None, T + s(2)), None);
}

#[test]
fn a_batch_that_is_not_answered_loses_the_store_after_a_while_and_is_offered_anew_later() {
    let mut archive = Archive::default();
    assert_eq!(archive.offer(Some(1), None, T), Some(1));
    assert!(!archive.overdue(at(T + ANSWER_WITHIN - ms(1))) && archive.lost().is_none());
    assert!(archive.overdue(at(T + ANSWER_WITHIN)));
    assert!(!archive.overdue(at(T + ANSWER_WITHIN + s(1))), "said once");
    assert_eq!(archive.lost(), Some(&(MORNING_MS, "no answer for 5 s".to_owned())));
    assert_eq!(archive.next_wake(), Some(T + OFFER_AGAIN_AFTER));
    assert_eq!(archive.offer(Some(1), None, T + OFFER_AGAIN_AFTER - ms(1)), None);
    assert_eq!(archive.offer(None, None, T + OFFER_AGAIN_AFTER), Some(2), "whatever it held is tried again");
    assert_eq!(archive.took(1), None, "the answer to the first comes too late");
    assert!(archive.took(2).is_some() && archive.back() && !archive.back());
    assert_eq!(archive.lost(), None);
}

#[test]
fn a_batch_that_is_refused_is_tried_again_with_growing_patience() {
    let mut archive = Archive::default();
    assert_eq!(archive.offer(Some(1), None, T), Some(1));
    assert!(!archive.failed(9, "none of ours".to_owned(), at(T)) && archive.lost().is_none());
    assert!(archive.failed(1, "disk full".to_owned(), at(T)));
    assert_eq!(archive.next_wake(), Some(T + s(1)));
    assert_eq!(archive.offer(Some(1), None, T + ms(999)), None);
    assert_eq!(archive.offer(Some(1), None, T + s(1)), Some(2));
    assert!(!archive.failed(2, "read-only".to_owned(), Now { wall_ms: MORNING_MS + 9, ..at(T + s(1)) }), "known");
    assert_eq!(archive.lost(), Some(&(MORNING_MS, "read-only".to_owned())), "since then, for this reason now");
    assert_eq!(archive.next_wake(), Some(T + s(3)));
    // Somebody acts: no waiting, and the tries begin anew.
    archive.changed();
    assert_eq!(archive.next_wake(), None, "it is offered at once");
    assert_eq!(archive.offer(Some(2), None, T + s(1)), Some(3));
    assert!(!archive.failed(3, "read-only".to_owned(), at(T + s(1))));
    assert_eq!(archive.next_wake(), Some(T + s(2)));
    // Taken: nothing waits any more.
    assert_eq!(archive.offer(Some(2), None, T + s(2)), Some(4));
    assert!(archive.took(4).is_some());
    assert_eq!(archive.next_wake(), None);
}

#[test]
fn an_order_is_offered_to_a_lost_store_at_once_and_not_at_the_next_try() {
    let mut bench = Bench::settled();
    bench.store = Store::Fails;
    bench.on(Event::MessageRefused { from: "x".to_owned(), why: "not a document".to_owned() });
    bench.pass(s(40));
    // The last try was less than ten seconds ago, and the next is not due.
    let from = bench.actions.len();
    bench.turn(DISASTER);
    let offered = |action: &Action| matches!(action, Action::Store { what, .. } if what.order.is_some());
    assert!(bench.actions[from..].iter().any(offered), "it may work again by now");
    assert_eq!(bench.entries(Kind::Opened).len(), 0);
}

#[test]
fn what_is_told_again_is_told_with_measure_and_to_nobody_while_nobody_can_be_reached() {
    let mut ears = Ears::new(T);
    let ear = ears.of_mut(Managed::Agent);
    for place in 0..AGAIN_AT_ONCE + 5 {
        ear.again.insert((T + s(1), place));
    }
    assert_eq!(ear.next_again(0, T + s(1) - ms(1)), None, "not due");
    ear.listening.broker(false, T);
    assert_eq!(ear.next_again(0, T + s(2)), None, "nobody hears it");
    assert_eq!(ears.next_wake(), None);
    let ear = ears.of_mut(Managed::Agent);
    ear.listening.broker(true, T + s(2));
    let now = T + s(2);
    let told: Vec<_> = (0..).map_while(|told| ear.next_again(told, now)).collect();
    assert_eq!(told, (0..AGAIN_AT_ONCE).collect::<Vec<_>>());
    assert_eq!(ear.next_again(0, now + AGAIN_PAUSE - ms(1)), None, "a pause");
    assert_eq!(ears.next_wake(), Some(now + AGAIN_PAUSE));
    let ear = ears.of_mut(Managed::Agent);
    assert_eq!(ear.next_again(0, now + AGAIN_PAUSE), Some(AGAIN_AT_ONCE));
    // The deputies are in this very program; and the nearest of all is the next to look at.
    ears.of_mut(Managed::Snmp).again.insert((T + s(1), 3));
    assert_eq!(ears.next_wake(), Some(T + s(1)));
    assert_eq!(ears.of_mut(Managed::Snmp).next_again(0, T + s(1)), Some(3));
    ears.of_mut(Managed::Snmp).silence.insert((s(1), 3));
    assert_eq!(ears.next_wake(), Some(T + s(1)), "a silence counts from the start");
    assert_eq!(ears.of(Managed::Snmp).silence.len(), 1);
    assert_eq!(ears.of(Managed::Agent).silence.len(), 0);
}

#[test]
fn the_clock_of_silence_stands_while_nobody_can_be_heard() {
    let mut clock = Listening::new(T, GRACE);
    assert_eq!((clock.at(T), clock.at(T + s(7)), clock.mono(s(7))), (s(0), s(7), T + s(7)));
    assert_eq!(clock.silent_from(None), GRACE, "nobody is silent before that");
    assert_eq!(clock.silent_from(Some(s(40))), s(40) + SILENT_AFTER);
    clock.broker(false, T + s(100));
    assert!(!clock.is_up());
    clock.broker(false, T + s(150));
    assert_eq!(clock.at(T + s(400)), s(100), "it stands since the first time it was said");
    clock.broker(true, T + s(400));
    assert!(clock.is_up());
    assert_eq!((clock.at(T + s(405)), clock.mono(s(105))), (s(105), T + s(405)));
    assert_eq!(clock.silent_from(Some(s(60))), s(100) + GRACE, "time to come back");
    assert_eq!(clock.silent_from(Some(s(99))), s(99) + SILENT_AFTER);
    clock.broker(true, T + s(500));
    clock.broker(false, T + s(500));
    clock.broker(true, T + s(600));
    assert_eq!(clock.at(T + s(600)), s(200), "outages add up");
}

#[test]
fn an_ap_is_silent_the_moment_it_is_due_and_told_again_the_moment_that_is() {
    // Nothing else happens meanwhile: no key is read, no count comes.
    let mut bench = Bench::settled();
    bench.contacts = None;
    for model in bench.aps.values_mut() {
        model.linked = false;
    }
    bench.speak(&ap("gym-1"));
    bench.pass(s(60));
    let stands = bench.entries(Kind::ApStands);
    assert_eq!(stands.iter().filter(|it| field(it, "to") == "silent").count(), 6);
    let last = bench.ap("gym-1");
    assert_eq!(Some(last.since_ms), last.heard_ms.map(|heard| heard + 30_000));
}
