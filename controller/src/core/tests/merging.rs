//! What two controllers hold, brought together: what was never heard of is joined, what was ended stays ended.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{ActivationNote, Period, WallMs};

use super::bench::*;
use crate::core::activation::{Activation, Activations, Known};
use crate::core::{Now, Source};

const NOW: Now = Now { mono: Duration::from_secs(1_000), wall_ms: MORNING_MS };

/// An hour before.
const BEFORE_MS: WallMs = MORNING_MS - 3_600_000;

fn person(name: &str) -> Source {
    Source::Operator(name.to_owned())
}

fn act(id: u64, source: Source) -> Activation {
    Activation {
        id,
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

/// What a controller has heard of that knows these numbers, each the highest of its last digit.
fn knows(all: &[(u64, WallMs)]) -> Known {
    all.iter()
        .map(|&(activation, since_ms)| {
            (u8::try_from(activation % 10).expect("a digit"), Period { activation, since_ms })
        })
        .collect()
}

/// The first of two controllers, with what its store had.
fn first(store: &[Activation]) -> Activations {
    Activations::new(store.to_vec(), 0, NOW).seated(1, None)
}

fn open(held: &mut Activations, name: &str) -> u64 {
    held.open(person(name), BTreeSet::from([facility("school")]), None, "", NOW)
}

fn all(held: &Activations) -> Vec<(u64, String)> {
    held.iter().map(|it| (it.id, it.source.word())).collect()
}

fn said(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(id, name)| (*id, format!("operator:{name}"))).collect()
}

#[test]
fn numbers_end_with_the_rank_and_are_above_all_that_were_heard_of() {
    let mut held = Activations::new(Vec::new(), 0, NOW).seated(3, None);
    assert_eq!([open(&mut held, "a"), open(&mut held, "b")], [3, 13]);
    held.merge(&notes(&[act(25, person("c"))]), &knows(&[(25, BEFORE_MS)]), true, false, NOW);
    assert_eq!(open(&mut held, "d"), 33);
    // Also above what is over already, of which only the highest is told.
    held.merge(&[], &knows(&[(33, NOW.wall_ms), (91, 0)]), true, false, NOW);
    assert_eq!(open(&mut held, "e"), 93);
    let highest: Vec<u64> = held.known().values().map(|it| it.activation).collect();
    assert_eq!(highest, [91, 93, 25]);
    let mut ninth = Activations::new(vec![act(9, person("a"))], 9, NOW).seated(9, None);
    assert_eq!(open(&mut ninth, "b"), 19);
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
    let mut held = Activations::new(vec![act(53, person("a"))], 0, NOW).seated(1, Some(&newest));
    let heard: Vec<u64> = held.known().values().map(|it| it.activation).collect();
    assert_eq!(heard, [1, 2, 53], "what is over, what the order notes, what the store holds");
    assert_eq!(open(&mut held, "b"), 61);
}

#[test]
fn what_was_never_heard_of_is_joined_and_what_was_ended_is_ended_for_both() {
    // The other ended 11, of which it knew, opened 2 and 12, has not heard of 21, and notes 1, which we ended.
    let mut held = first(&[act(1, person("a")), act(11, person("b")), act(21, person("c"))]);
    assert_eq!(held.close(1).map(|it| it.id), Some(1));
    let told = notes(&[act(1, person("a")), act(2, person("d")), act(12, person("e"))]);
    held.merge(&told, &knows(&[(11, BEFORE_MS), (12, BEFORE_MS)]), false, false, NOW);
    assert_eq!(all(&held), said(&[(21, "c"), (2, "d"), (12, "e")]));
    // Heard a second time it is no news.
    held.merge(&told, &knows(&[(11, BEFORE_MS), (12, BEFORE_MS)]), false, false, NOW);
    assert_eq!(all(&held), said(&[(21, "c"), (2, "d"), (12, "e")]));
    held.close(2);
    held.merge(&told, &knows(&[(11, BEFORE_MS), (12, BEFORE_MS)]), false, false, NOW);
    assert_eq!(all(&held), said(&[(21, "c"), (12, "e")]), "what a person closes here does not come back");
}

#[test]
fn of_an_act_that_both_hold_the_order_that_counts_tells_more_and_in_which_order_they_are() {
    let drill = |until_ms| Activation { mode: Mode::Drill, until_ms: Some(until_ms), ..act(2, person("b")) };
    let told = |until_ms| notes(&[drill(until_ms), act(1, person("a"))]);
    let heard = knows(&[(1, BEFORE_MS), (2, BEFORE_MS)]);
    for (counts, expected) in [(false, [1, 2]), (true, [2, 1])] {
        let mut held = first(&[act(1, person("a")), drill(NOW.wall_ms + 60_000)]);
        held.merge(&told(NOW.wall_ms + 30_000), &heard, counts, false, NOW);
        assert_eq!(held.iter().map(|it| it.id).collect::<Vec<_>>(), expected);
        let until = if counts { 30_000 } else { 60_000 };
        assert_eq!(held.get(2).and_then(|it| it.until_ms), Some(NOW.wall_ms + until));
        assert_eq!(held.next_end(), Some(NOW.mono + ms(until.unsigned_abs())));
    }
}

#[test]
fn what_was_opened_since_a_lost_store_is_not_what_was_closed_under_its_number() {
    // Whether the others know of higher numbers of ours or of another act of this number.
    for theirs in [(1, BEFORE_MS), (21, BEFORE_MS)] {
        let mut held = first(&[]);
        assert_eq!(open(&mut held, "a"), 1);
        held.merge(&[], &knows(&[theirs]), true, false, NOW);
        assert_eq!(all(&held), said(&[(theirs.0 + 10, "a")]));
    }
    // However many were opened since.
    let mut held = first(&[]);
    assert_eq!([open(&mut held, "a"), open(&mut held, "b")], [1, 11]);
    held.merge(&[], &knows(&[(1, BEFORE_MS)]), true, false, NOW);
    assert_eq!(all(&held), said(&[(21, "a"), (31, "b")]));
    // Where they know of that very act, they ended it.
    let mut held = first(&[]);
    assert_eq!(open(&mut held, "a"), 1);
    held.merge(&[], &knows(&[(1, NOW.wall_ms)]), true, false, NOW);
    assert_eq!(all(&held), []);
    // And what was opened before the start, too.
    let mut held = first(&[act(1, person("a"))]);
    held.merge(&[], &knows(&[(21, NOW.wall_ms)]), true, false, NOW);
    assert_eq!(all(&held), []);
}

#[test]
fn who_forgot_nothing_keeps_the_numbers_that_were_given() {
    let mut held = first(&[]);
    assert_eq!([open(&mut held, "a"), open(&mut held, "b")], [1, 11]);
    // They heard of the first and note it; of the second they have not heard.
    let told: Vec<_> = held.notes().into_iter().take(1).collect();
    held.merge(&told, &knows(&[(1, NOW.wall_ms)]), true, false, NOW);
    assert_eq!(all(&held), said(&[(1, "a"), (11, "b")]));
    // What they note under its number keeps it also where a number of ours was forgotten.
    held.merge(&told, &knows(&[(41, BEFORE_MS)]), true, false, NOW);
    assert_eq!(all(&held), said(&[(1, "a"), (51, "b")]));
    assert_eq!(open(&mut held, "c"), 61);
}

#[test]
fn another_act_under_our_number_is_joined_and_ours_gets_a_number_of_its_own() {
    let told = notes(&[act(1, person("z"))]);
    for theirs in [(1, BEFORE_MS), (1, NOW.wall_ms), (31, BEFORE_MS)] {
        let mut held = first(&[]);
        assert_eq!(open(&mut held, "a"), 1);
        held.merge(&told, &knows(&[theirs]), true, false, NOW);
        assert_eq!(all(&held), said(&[(1, "z"), (theirs.0 + 10, "a")]), "{theirs:?}");
    }
    // Ours may be closed again by now; and what was closed before the start stays so.
    let mut held = first(&[]);
    let ours = open(&mut held, "a");
    held.close(ours);
    held.merge(&told, &knows(&[(1, BEFORE_MS)]), true, false, NOW);
    assert_eq!(all(&held), said(&[(1, "z")]));
    let mut held = first(&[act(11, person("b"))]);
    held.merge(&told, &knows(&[(31, BEFORE_MS)]), true, false, NOW);
    assert_eq!(all(&held), []);
}

#[test]
fn numbers_of_others_are_theirs_to_give_anew() {
    // The second controller's act under number 2 is another one there: we have no say in that.
    let mut held = first(&[]);
    assert_eq!(open(&mut held, "a"), 1);
    held.merge(&notes(&[act(2, person("b"))]), &knows(&[(2, BEFORE_MS)]), true, false, NOW);
    let told = notes(&[Activation { since_ms: BEFORE_MS + 5, ..act(2, person("c")) }]);
    held.merge(&told, &knows(&[(1, NOW.wall_ms), (2, BEFORE_MS + 5)]), true, false, NOW);
    assert_eq!(held.iter().map(|it| it.id).collect::<Vec<_>>(), [2]);
    // The only controller of a town numbers as it did.
    let mut alone = Activations::new(Vec::new(), 0, NOW);
    assert_eq!([open(&mut alone, "a"), open(&mut alone, "b")], [1, 2]);
}

#[test]
fn a_key_holds_one_act_of_two_the_one_that_was_told_first() {
    let key = || Source::Key(Some("yakuba".parse().expect("a name")));
    let mut held = first(&[]);
    let ours = held.open(key(), BTreeSet::from([facility("gym")]), None, "", NOW);
    let hers = open(&mut held, "a");
    assert_eq!((ours, hers), (1, 11));
    held.merge(&notes(&[act(2, key()), act(12, person("a"))]), &knows(&[(12, BEFORE_MS)]), true, false, NOW);
    let ids: BTreeSet<u64> = held.iter().map(|it| it.id).collect();
    assert_eq!(ids, BTreeSet::from([1, 11, 12]), "and a person as many as there are");
}

#[test]
fn what_a_key_holds_under_two_numbers_is_not_closed_by_giving_one_of_them_to_another_act() {
    // Ours is 12; an order of before tells of it as 1. Then it shows that 1 is another act by now.
    let key = || Source::Key(Some("yakuba".parse().expect("a name")));
    let second = || Activations::new(Vec::new(), 0, NOW).seated(2, None);
    let folded = || {
        let mut held = second();
        held.open(key(), BTreeSet::from([facility("gym")]), None, "", NOW);
        held.merge(&notes(&[act(1, key())]), &knows(&[(1, BEFORE_MS)]), true, false, NOW);
        assert_eq!(held.iter().map(|it| it.id).collect::<Vec<_>>(), [1]);
        held
    };
    let told = notes(&[Activation { since_ms: NOW.wall_ms, ..act(1, person("a")) }, act(2, key())]);
    let heard = knows(&[(1, NOW.wall_ms), (2, NOW.wall_ms)]);
    let mut held = folded();
    held.merge(&told, &heard, true, false, NOW);
    assert_eq!(
        held.iter().map(|it| (it.id, it.source.word())).collect::<Vec<_>>(),
        [(1, "operator:a".to_owned()), (2, "key:yakuba".to_owned())]
    );
    // Where the key ended what it held, it ended it under both; the other act is news.
    let mut held = folded();
    held.close(1);
    held.merge(&told, &heard, true, false, NOW);
    assert_eq!(held.iter().map(|it| it.source.word()).collect::<Vec<_>>(), ["operator:a"]);
}

#[test]
fn another_act_under_a_number_of_before_the_start_takes_nothing_away() {
    // The store was lost, gave a number again, and the controller was started once more; now the first act is heard of.
    let mut held = first(&[act(1, person("a"))]);
    let drill = Activation {
        mode: Mode::Drill,
        since_ms: BEFORE_MS - 5,
        until_ms: Some(NOW.wall_ms + 60_000),
        ..act(1, person("z"))
    };
    held.merge(&notes(std::slice::from_ref(&drill)), &knows(&[(1, BEFORE_MS - 5)]), true, false, NOW);
    assert_eq!(all(&held), said(&[(1, "z"), (11, "a")]));
    // Whoever is not the one to number it takes the order's word, with the end that a drill has.
    let mut held = Activations::new(vec![act(1, person("a"))], 0, NOW).seated(2, None);
    held.merge(&notes(&[drill]), &knows(&[(1, BEFORE_MS - 5)]), true, false, NOW);
    assert_eq!((all(&held), held.next_end()), (said(&[(1, "z")]), Some(NOW.mono + s(60))));
}

#[test]
fn our_own_order_of_before_a_lost_store_closes_nothing_that_was_opened_since() {
    let since = |own| {
        let mut held = first(&[]);
        assert_eq!(open(&mut held, "a"), 1);
        // The others know of it by now, and it is not news to them.
        let told = held.notes();
        held.merge(&told, &knows(&[(1, NOW.wall_ms)]), true, false, NOW);
        held.merge(&[], &knows(&[(21, BEFORE_MS)]), true, own, NOW);
        all(&held)
    };
    assert_eq!(since(true), said(&[(31, "a")]));
    assert_eq!(since(false), said(&[]), "another one ended it");
}

#[test]
fn a_number_that_another_gave_again_after_it_forgot_is_of_another_act() {
    // The second gave number 12, which was closed; it lost its store, and gives it to what is opened later.
    let later = |since_ms| {
        let mut held = first(&[]);
        let known = notes(&[act(12, person("a"))]);
        held.merge(&known, &knows(&[(12, BEFORE_MS)]), true, false, NOW);
        assert_eq!(held.close(12).map(|it| it.id), Some(12));
        let told = notes(&[Activation { since_ms, ..act(12, person("b")) }]);
        held.merge(&told, &knows(&[(12, since_ms)]), true, false, NOW);
        all(&held)
    };
    assert_eq!(later(BEFORE_MS + 1), said(&[(12, "b")]));
    // What began no later may be what was closed.
    assert_eq!((later(BEFORE_MS), later(BEFORE_MS - 1)), (said(&[]), said(&[])));
}
