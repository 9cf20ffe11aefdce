//! What two controllers hold, brought together: what was never heard of is joined, what was ended stays ended.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{ActivationNote, HeardOf, WallMs};

use super::bench::*;
use crate::core::activation::{Activation, Activations, Given, STARTS_MAX};
use crate::core::{Now, Seat, Source};

const NOW: Now = Now { mono: Duration::from_secs(1_000), wall_ms: MORNING_MS };

/// An hour before.
const BEFORE_MS: WallMs = MORNING_MS - 3_600_000;

/// The start of the first controller in which these stories are told, one before it, and one of the second controller.
const OURS: &str = "ours";
const BEFORE: &str = "before";
const THEIRS: &str = "theirs";

fn person(name: &str) -> Source {
    Source::Operator(name.to_owned())
}

fn key() -> Source {
    Source::Key(Some("yakuba".parse().expect("a name")))
}

fn act(id: u64, boot: &str, source: Source) -> Activation {
    Activation {
        id,
        boot: boot.to_owned(),
        source,
        mode: Mode::Disaster,
        facilities: BTreeSet::from([facility("gym")]),
        since_ms: BEFORE_MS,
        until_ms: None,
        why: "flood".to_owned(),
    }
}

fn notes(acts: &[Activation]) -> Vec<ActivationNote> {
    Activations::new(acts.to_vec(), 0, NOW).notes()
}

/// What a controller has heard of that knows these, each the highest of its start.
fn knows(all: &[(u64, &str)]) -> Vec<HeardOf> {
    all.iter().map(|&(activation, boot)| HeardOf { boot: boot.to_owned(), activation }).collect()
}

fn seat(rank: u8, boot: &str) -> Seat {
    Seat { id: "yakuba".parse().expect("a name"), rank, boot: boot.to_owned(), lock: false }
}

/// The first of two controllers, with what its store had.
fn first(store: &[Activation]) -> Activations {
    Activations::new(store.to_vec(), 0, NOW).seated(&seat(1, OURS), None)
}

fn open(held: &mut Activations, name: &str) -> u64 {
    held.open(person(name), BTreeSet::from([facility("school")]), None, "", NOW).id
}

fn given(id: u64, boot: &str) -> Given {
    Given { id, boot: boot.to_owned() }
}

fn all(held: &Activations) -> Vec<(u64, String)> {
    held.iter().map(|it| (it.id, it.source.word())).collect()
}

fn said(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(id, name)| (*id, format!("operator:{name}"))).collect()
}

#[test]
fn numbers_end_with_the_rank_and_are_above_all_that_were_heard_of() {
    let mut held = Activations::new(Vec::new(), 0, NOW).seated(&seat(3, OURS), None);
    assert_eq!([open(&mut held, "a"), open(&mut held, "b")], [3, 13]);
    held.merge(&notes(&[act(25, THEIRS, person("c"))]), &knows(&[(25, THEIRS)]), true, NOW);
    assert_eq!(open(&mut held, "d"), 33);
    // Also above what is over already, of which only the highest is told.
    held.merge(&[], &knows(&[(33, OURS), (91, BEFORE)]), true, NOW);
    assert_eq!(open(&mut held, "e"), 93);
    assert_eq!(held.known(), knows(&[(25, THEIRS), (91, BEFORE), (93, OURS)]), "the last to be heard of last");
    assert!(held.iter().filter(|it| it.id != 25).all(|it| it.boot == OURS));
    let mut ninth = Activations::new(vec![act(9, BEFORE, person("a"))], 9, NOW).seated(&seat(9, OURS), None);
    assert_eq!(open(&mut ninth, "b"), 19);
    // The only controller of a town numbers as it did, and says nothing of starts.
    let mut alone = Activations::new(Vec::new(), 0, NOW);
    assert_eq!([open(&mut alone, "a"), open(&mut alone, "b")], [1, 2]);
    assert!(alone.iter().all(|it| it.boot.is_empty()) && alone.known().is_empty());
}

#[test]
fn a_start_knows_what_its_store_and_the_newest_order_tell_of() {
    let mut pair = super::pair::Pair::quiet();
    let over = pair.open(0, "hall");
    pair.close(0, over).expect("a person's");
    let noted = pair.open(1, "hall");
    pair.pass(s(2));
    let newest = pair.retained.clone().expect("published");
    assert_eq!((over, noted), (1, 2));
    let store = vec![act(53, BEFORE, person("a"))];
    let mut held = Activations::new(store, 0, NOW).seated(&seat(1, OURS), Some(&newest));
    let heard: Vec<u64> = held.known().iter().map(|it| it.activation).collect();
    assert_eq!(heard, [1, 2, 53], "what is over, what the order notes, what the store holds");
    assert_eq!(open(&mut held, "b"), 61);
}

#[test]
fn what_was_never_heard_of_is_joined_and_what_was_ended_is_ended_for_both() {
    // The other ended 11, of which it knew, opened 2 and 12, has not heard of 21, and notes 1, which we ended.
    let was = [act(1, OURS, person("a")), act(11, OURS, person("b")), act(21, OURS, person("c"))];
    let mut held = first(&was);
    assert_eq!(held.close(&given(1, OURS)).map(|it| it.id), Some(1));
    let told = notes(&[act(1, OURS, person("a")), act(2, THEIRS, person("d")), act(12, THEIRS, person("e"))]);
    let heard = knows(&[(11, OURS), (12, THEIRS)]);
    held.merge(&told, &heard, false, NOW);
    assert_eq!(all(&held), said(&[(21, "c"), (2, "d"), (12, "e")]));
    // Heard a second time it is no news.
    held.merge(&told, &heard, false, NOW);
    assert_eq!(all(&held), said(&[(21, "c"), (2, "d"), (12, "e")]));
    held.close(&given(2, THEIRS));
    held.merge(&told, &heard, false, NOW);
    assert_eq!(all(&held), said(&[(21, "c"), (12, "e")]), "what a person closes here does not come back");
}

#[test]
fn of_an_act_that_both_hold_the_order_that_counts_tells_more_and_in_which_order_they_are() {
    let drill = |until_ms| Activation { mode: Mode::Drill, until_ms: Some(until_ms), ..act(2, THEIRS, person("b")) };
    let told = |until_ms| notes(&[drill(until_ms), act(1, OURS, person("a"))]);
    let heard = knows(&[(1, OURS), (2, THEIRS)]);
    for (counts, expected) in [(false, [1, 2]), (true, [2, 1])] {
        let mut held = first(&[act(1, OURS, person("a")), drill(NOW.wall_ms + 60_000)]);
        held.merge(&told(NOW.wall_ms + 30_000), &heard, counts, NOW);
        assert_eq!(held.iter().map(|it| it.id).collect::<Vec<_>>(), expected);
        let until = if counts { 30_000 } else { 60_000 };
        assert_eq!(held.of(&person("b")).and_then(|it| it.until_ms), Some(NOW.wall_ms + until));
        assert_eq!(held.next_end(), Some(NOW.mono + ms(until.unsigned_abs())));
    }
}

#[test]
fn what_was_opened_since_a_lost_store_is_not_what_was_closed_under_its_number() {
    // Whether the others know of higher numbers of ours or of this very one.
    for theirs in [1, 21] {
        let mut held = first(&[]);
        assert_eq!([open(&mut held, "a"), open(&mut held, "b")], [1, 11]);
        held.merge(&[], &knows(&[(theirs, BEFORE)]), true, NOW);
        assert_eq!(all(&held), said(&[(1, "a"), (11, "b")]), "nobody ended that");
        assert_eq!(open(&mut held, "c"), if theirs == 1 { 21 } else { 31 });
    }
    // Where they know of that very act, they ended it; so what was opened before the start, too.
    let mut held = first(&[act(1, BEFORE, person("a"))]);
    assert_eq!(open(&mut held, "b"), 11);
    held.merge(&[], &knows(&[(1, BEFORE)]), true, NOW);
    assert_eq!(all(&held), said(&[(11, "b")]));
    held.merge(&[], &knows(&[(11, OURS)]), true, NOW);
    assert_eq!(all(&held), []);
}

#[test]
fn what_is_open_is_not_closed_by_whoever_forgot_it_however_many_numbers_it_gave_since() {
    // The other lost its store while it was cut off, and gave 2 to 92 again, and closed them all.
    let mut held = first(&[act(2, BEFORE, person("a")), act(22, BEFORE, person("b"))]);
    held.merge(&[], &knows(&[(92, THEIRS)]), true, NOW);
    assert_eq!(all(&held), said(&[(2, "a"), (22, "b")]));
    // And it is joined by the one that forgot, under the number that it has.
    let mut forgot = Activations::new(Vec::new(), 0, NOW).seated(&seat(2, "once more"), None);
    assert_eq!([open(&mut forgot, "c"), open(&mut forgot, "d")], [2, 12]);
    forgot.merge(&held.notes(), held.known(), true, NOW);
    assert_eq!(all(&forgot), said(&[(2, "a"), (22, "b"), (102, "c"), (12, "d")]), "one number for each");
}

#[test]
fn two_acts_under_one_number_are_both_held_and_the_later_one_is_numbered_anew_by_whoever_gave_it() {
    let theirs = act(1, BEFORE, person("z"));
    let told = notes(std::slice::from_ref(&theirs));
    let mut held = first(&[]);
    assert_eq!(open(&mut held, "a"), 1);
    held.merge(&told, &knows(&[(1, BEFORE)]), true, NOW);
    assert_eq!(all(&held), said(&[(1, "z"), (11, "a")]));
    // Ours may be closed again by now.
    let mut held = first(&[]);
    open(&mut held, "a");
    held.close(&given(1, OURS));
    held.merge(&told, &knows(&[(1, BEFORE)]), true, NOW);
    assert_eq!(all(&held), said(&[(1, "z")]));
    // Of those of before, and of others, we number none.
    let mut held = first(&[]);
    let told = notes(&[theirs.clone(), act(1, "another", person("y")), act(2, THEIRS, person("x"))]);
    held.merge(&told, &knows(&[(1, BEFORE), (1, "another"), (2, THEIRS)]), true, NOW);
    assert_eq!(all(&held), said(&[(1, "z"), (1, "y"), (2, "x")]));
    // What another's order has already somebody may have closed by its number.
    let mut held = first(&[]);
    open(&mut held, "a");
    let ours = held.notes();
    held.merge(&ours, &knows(&[(1, OURS)]), true, NOW);
    held.merge(&[ours, notes(std::slice::from_ref(&theirs))].concat(), &knows(&[(1, BEFORE)]), true, NOW);
    assert_eq!(all(&held), said(&[(1, "a"), (1, "z")]));
    // Where the clock says that ours is the older one, it stays what it is: two may not number one another in turn.
    let mut held = first(&[]);
    open(&mut held, "a");
    let later = Activation { since_ms: NOW.wall_ms + 1, ..theirs };
    held.merge(&notes(&[later]), &knows(&[(1, BEFORE)]), true, NOW);
    assert_eq!(all(&held), said(&[(1, "z"), (1, "a")]));
}

#[test]
fn two_starts_of_one_name_are_told_apart_by_the_rank_in_their_numbers() {
    let mut held = first(&[]);
    open(&mut held, "a");
    // The second controller drew the same word; it has given 2 to 92, and not heard of ours.
    held.merge(&[], &knows(&[(92, OURS)]), true, NOW);
    assert_eq!(all(&held), said(&[(1, "a")]));
    assert_eq!(held.known(), knows(&[(1, OURS), (92, OURS)]));
}

#[test]
fn of_what_was_opened_for_a_key_the_oldest_stands_for_all() {
    let mut held = first(&[]);
    held.open(key(), BTreeSet::from([facility("gym")]), None, "", NOW);
    let hers = open(&mut held, "a");
    let told = notes(&[act(12, THEIRS, key()), act(22, THEIRS, person("a"))]);
    held.merge(&told, &knows(&[(22, THEIRS)]), true, NOW);
    assert_eq!(held.all_of(&key()), [given(12, THEIRS)], "it was read there an hour before");
    assert_eq!(
        held.all_of(&person("a")),
        [given(22, THEIRS), given(hers, OURS)],
        "a person holds as many as there are"
    );
    // Of the same age it is the one of which both would say the same.
    let mut held = first(&[act(11, BEFORE, key())]);
    held.merge(&notes(&[act(2, THEIRS, key())]), &knows(&[(2, THEIRS)]), false, NOW);
    assert_eq!(held.all_of(&key()), [given(2, THEIRS)]);
}

#[test]
fn what_a_key_holds_is_held_by_both_in_whatever_order_they_hear_of_one_another() {
    // It was opened before the first controller forgot, and again after that, under the number of a drill.
    let before = act(11, BEFORE, key());
    let drill = Activation { since_ms: BEFORE_MS - 1, ..act(1, BEFORE, person("a")) };
    let mut forgot = first(&[]);
    forgot.open(key(), BTreeSet::from([facility("gym")]), None, "", NOW);
    forgot.merge(&notes(std::slice::from_ref(&drill)), &knows(&[(1, BEFORE)]), true, NOW);
    assert_eq!(forgot.all_of(&key()), [given(11, OURS)], "numbered anew");
    let mut other = Activations::new(vec![before, drill], 0, NOW).seated(&seat(2, THEIRS), None);
    // Their orders cross, twice.
    for _ in 0..2 {
        let (ours, theirs) = (forgot.clone(), other.clone());
        forgot.merge(&theirs.notes(), theirs.known(), false, NOW);
        other.merge(&ours.notes(), ours.known(), true, NOW);
        assert_eq!([forgot.all_of(&key()), other.all_of(&key())], [[given(11, BEFORE)], [given(11, BEFORE)]]);
    }
    forgot.close(&given(11, BEFORE));
    other.merge(&forgot.notes(), forgot.known(), true, NOW);
    assert_eq!(other.all_of(&key()), [], "it lets go of all");
}

#[test]
fn the_key_of_a_town_that_had_one_controller_stays_its_keys() {
    // Another controller took the town's last order over as it stands; it does not say whose the key is.
    let mut held = first(&[act(8, "", Source::Key(None))]).key_is_at(&"yakuba".parse().expect("a name"));
    held.merge(&notes(&[act(8, "", Source::Key(None))]), &knows(&[(8, "")]), true, NOW);
    assert_eq!(held.all_of(&key()), [given(8, "")]);
}

#[test]
fn what_was_closed_was_heard_of_wherever_it_came_from() {
    // An order of the time when the town had one controller was taken over; a person closes here what was open then.
    let mut held = first(&[]);
    let told = notes(&[act(8, "", person("a"))]);
    held.adopt(&told, true, |_| true, NOW);
    assert_eq!(held.close(&given(8, "")).map(|it| it.id), Some(8));
    assert_eq!(held.known(), knows(&[(8, "")]));
    held.merge(&told, &[], true, NOW);
    assert_eq!(all(&held), [], "it does not come back");
}

#[test]
fn our_own_order_of_before_a_lost_store_closes_nothing_that_was_opened_since() {
    let mut held = first(&[]);
    assert_eq!(open(&mut held, "a"), 1);
    // The others know of it by now, and it is not news to them.
    let told = held.notes();
    held.merge(&told, &knows(&[(1, OURS)]), true, NOW);
    held.merge(&[], &knows(&[(21, BEFORE)]), true, NOW);
    assert_eq!(all(&held), said(&[(1, "a")]));
    // What it tells of we had forgotten.
    held.merge(&notes(&[act(31, BEFORE, person("b"))]), &knows(&[(31, BEFORE)]), true, NOW);
    assert_eq!(all(&held), said(&[(31, "b"), (1, "a")]));
}

#[test]
fn a_number_that_another_gave_again_after_it_forgot_is_of_another_act() {
    // The second gave number 12, which was closed; it lost its store, and gives it to what is opened later.
    let mut held = first(&[]);
    held.merge(&notes(&[act(12, BEFORE, person("a"))]), &knows(&[(12, BEFORE)]), true, NOW);
    assert_eq!(held.close(&given(12, BEFORE)).map(|it| it.id), Some(12));
    held.merge(&notes(&[act(12, BEFORE, person("a"))]), &knows(&[(12, BEFORE)]), true, NOW);
    assert_eq!(all(&held), []);
    held.merge(&notes(&[act(12, THEIRS, person("b"))]), &knows(&[(12, THEIRS)]), true, NOW);
    assert_eq!(all(&held), said(&[(12, "b")]));
}

#[test]
fn of_so_many_starts_is_remembered_what_was_heard_and_what_is_older_is_news_again() {
    let mut held = first(&[]);
    let start = |n: usize| format!("start-{n}");
    for n in 0..STARTS_MAX {
        held.merge(&[], &knows(&[(2, &start(n))]), true, NOW);
    }
    // Heard of once more with a higher number, the first is the last.
    held.merge(&[], &knows(&[(12, &start(0))]), true, NOW);
    held.merge(&[], &knows(&[(1, &start(5))]), true, NOW);
    assert_eq!(held.known().len(), STARTS_MAX);
    held.merge(&[], &knows(&[(2, "one more")]), true, NOW);
    let known = |held: &Activations| held.known().iter().map(|heard| heard.boot.clone()).collect::<Vec<_>>();
    assert_eq!(held.known().len(), STARTS_MAX);
    assert!(!known(&held).contains(&start(2)) && known(&held).contains(&start(0)), "{:?}", known(&held));
    // But not of what is still held: whoever closes it must be able to say so.
    held.merge(&notes(&[act(22, "held", person("a"))]), &[], true, NOW);
    for n in 0..2 * STARTS_MAX {
        held.merge(&held.notes(), &knows(&[(2, &format!("later-{n}"))]), true, NOW);
    }
    assert!(known(&held).contains(&"held".to_owned()) && held.known().len() == STARTS_MAX);
}
