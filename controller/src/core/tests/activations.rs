//! Who holds what open: what decides of it, and what another order of ours knows better than our store.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{ActivationNote, WallMs, Wanted};

use super::bench::*;
use crate::core::activation::{Activation, Activations, Given};
use crate::core::{Now, Source};

const NOW: Now = Now { mono: Duration::from_secs(1_000), wall_ms: MORNING_MS };

/// An hour before.
const BEFORE_MS: WallMs = MORNING_MS - 3_600_000;

fn person(name: &str) -> Source {
    Source::Operator(name.to_owned())
}

fn places(ids: &[&str]) -> BTreeSet<firmware_config::ident::FacilityId> {
    ids.iter().map(|id| facility(id)).collect()
}

/// What was opened an hour before, in disaster.
fn act(id: u64, source: Source, ids: &[&str]) -> Activation {
    Activation {
        id,
        boot: String::new(),
        source,
        mode: Mode::Disaster,
        facilities: places(ids),
        since_ms: BEFORE_MS,
        until_ms: None,
        why: "flood".to_owned(),
    }
}

fn note(act: &Activation) -> ActivationNote {
    Activations::new(vec![act.clone()], 0, NOW).notes().remove(0)
}

fn notes(acts: &[Activation]) -> Vec<ActivationNote> {
    acts.iter().map(note).collect()
}

fn ids(held: &Activations) -> Vec<u64> {
    held.iter().map(|held| held.id).collect()
}

/// What the only controller of a town gave under this number.
fn given(id: u64) -> Given {
    Given { id, boot: String::new() }
}

fn anybody(_: &Source) -> bool {
    true
}

fn nobody(_: &Source) -> bool {
    false
}

#[test]
fn who_opened_is_read_as_it_is_written_and_an_unknown_hand_is_a_person() {
    let at = || Some("yakuba".parse().expect("a name"));
    let keys = [
        Source::Key(None),
        Source::DrillKey(None),
        Source::Key(at()),
        Source::DrillKey(at()),
        Source::FacilityKey(ap("gym-1")),
    ];
    for source in keys {
        assert_eq!(Source::from_word(&source.word()), source);
        assert!(!source.is_person());
    }
    assert_eq!(Source::from_word(&person("sato").word()), person("sato"));
    for word in ["key:", "drill-key:", "facility-key:", "feed:j-alert"] {
        assert_eq!(Source::from_word(word), person(word));
        assert!(Source::from_word(word).is_person(), "nothing a person opened is closed for it");
    }
}

#[test]
fn of_what_is_held_the_greatest_mode_decides_and_of_those_the_first() {
    let mut held = Activations::new(Vec::new(), 0, NOW);
    assert_eq!(held.decisive(), None);
    held.open(person("drill"), places(&["gym"]), Some(s(600)), "", NOW);
    assert_eq!(held.decisive().map(|it| it.mode), Some(Mode::Drill));
    for name in ["first", "second"] {
        held.open(person(name), places(&["hall"]), None, "", NOW);
    }
    assert_eq!(held.decisive().map(|it| it.source.word()), Some("operator:first".to_owned()));
}

#[test]
fn drills_end_one_after_the_other_and_the_next_end_is_known() {
    let mut held = Activations::new(Vec::new(), 0, NOW);
    held.open(person("flood"), places(&["hall"]), None, "", NOW);
    assert_eq!(held.next_end(), None, "what is no drill has no end");
    held.open(person("long"), places(&["gym"]), Some(s(120)), "", NOW);
    held.open(person("short"), places(&["gym"]), Some(s(60)), "", NOW);
    assert_eq!(held.next_end(), Some(NOW.mono + s(60)));
    let wanted = held.wanted(&facility("gym"), NOW);
    assert_eq!(wanted.drill.map(|drill| (drill.for_s, drill.until_ms)), Some((120, NOW.wall_ms + 120_000)));
    let later = Now { mono: NOW.mono + s(60), ..NOW };
    assert_eq!(held.end_drills(Now { mono: later.mono - ms(1), ..NOW }), []);
    assert_eq!(held.end_drills(later).iter().map(|it| it.source.word()).collect::<Vec<_>>(), ["operator:short"]);
    assert_eq!(held.next_end(), Some(NOW.mono + s(120)));
    assert_eq!(held.wanted(&facility("school"), NOW), Wanted { mode: Mode::Normal, drill: None }, "nobody holds it");
}

#[test]
fn keys_of_halls_are_counted_apart_from_the_town() {
    let mut held = Activations::new(Vec::new(), 0, NOW);
    for id in ["gym-1", "gym-2", "school-1"] {
        held.open(Source::FacilityKey(ap(id)), places(&["gym"]), None, "", NOW);
    }
    for source in [Source::Key(None), person("sato")] {
        held.open(source, places(&["gym"]), None, "", NOW);
    }
    assert_eq!((held.of_facility_keys(), held.of_the_town()), (3, 2));
}

#[test]
fn a_number_that_was_given_is_not_given_again() {
    let mut held = Activations::new(vec![act(4, person("sato"), &["gym"])], 2, NOW);
    held.given(7);
    held.given(3);
    assert_eq!(held.open(person("kato"), places(&["gym"]), None, "", NOW).id, 8);
    assert_eq!(held.close(&given(99)), None);
    assert_eq!(held.close(&given(4)).map(|closed| closed.source), Some(person("sato")));
    assert_eq!(ids(&held), [8]);
}

#[test]
fn what_was_opened_since_the_start_is_told_from_what_was_there_before() {
    let mut held = Activations::new(vec![act(10, Source::Key(None), &["gym"])], 10, NOW);
    let mine = held.open(person("sato"), places(&["gym"]), None, "", NOW).id;
    assert_eq!(held.opened_since_start(&Source::Key(None)), None);
    assert_eq!(held.opened_since_start(&person("sato")), Some(given(mine)));
    // An order of before that tells of the key's act makes it one of before; a person's stays what it is.
    let key = held.open(Source::DrillKey(None), places(&["gym"]), Some(s(600)), "", NOW).id;
    assert_eq!(held.opened_since_start(&Source::DrillKey(None)), Some(given(key)));
    let noted: Vec<_> = held.iter().cloned().collect();
    held.adopt(&notes(&noted), false, anybody, NOW);
    assert_eq!(held.opened_since_start(&Source::DrillKey(None)), None);
    assert_eq!(held.opened_since_start(&person("sato")), Some(given(mine)));
    assert_eq!(ids(&held), [10, mine, key], "each act once");
}

#[test]
fn what_the_key_covers_grows_and_that_is_told_once() {
    let mut held = Activations::new(vec![act(1, person("sato"), &["hall"])], 1, NOW);
    assert!(!held.cover(&Source::Key(None), &places(&["school"])), "nothing is held by it");
    held.open(Source::Key(None), places(&["gym"]), None, "", NOW);
    assert!(held.cover(&Source::Key(None), &places(&["gym", "school"])));
    assert!(!held.cover(&Source::Key(None), &places(&["gym", "school"])));
    assert_eq!(held.of(&Source::Key(None)).map(|it| it.facilities.clone()), Some(places(&["gym", "school"])));
    assert_eq!(held.of(&person("sato")).map(|it| it.facilities.clone()), Some(places(&["hall"])));
}

#[test]
fn the_only_key_of_a_town_is_the_key_at_the_first_of_several_controllers() {
    let of_before = vec![
        act(1, Source::Key(None), &["gym"]),
        act(2, person("sato"), &["gym"]),
        act(3, Source::Key(Some("kouminkan".parse().expect("a name"))), &["gym"]),
    ];
    let held = Activations::new(of_before, 3, NOW).key_is_at(&"yakuba".parse().expect("a name"));
    let by: Vec<String> = held.iter().map(|it| it.source.word()).collect();
    assert_eq!(by, ["key:yakuba", "operator:sato", "key:kouminkan"]);
}

#[test]
fn a_newer_order_ends_what_people_held_before_the_start_and_nothing_else() {
    // The store is of an hour ago; since then one act was closed and one went on, which the order tells of.
    let ended = act(1, person("sato"), &["gym"]);
    let goes_on = act(2, person("kato"), &["hall"]);
    let key = act(3, Source::Key(None), &["school"]);
    for newer in [true, false] {
        let mut held = Activations::new(vec![ended.clone(), goes_on.clone(), key.clone()], 3, NOW);
        let since = held.open(person("ito"), places(&["gym"]), None, "", NOW).id;
        held.adopt(&notes(std::slice::from_ref(&goes_on)), newer, anybody, NOW);
        let mut expected = BTreeSet::from([2, 3, since]);
        if !newer {
            expected.insert(1);
        }
        assert_eq!(ids(&held).into_iter().collect::<BTreeSet<_>>(), expected, "newer: {newer}");
    }
}

#[test]
fn an_order_brings_back_what_the_store_forgot_and_no_drill_that_is_over() {
    let drill =
        |id, until_ms| Activation { mode: Mode::Drill, until_ms, ..act(id, person(&format!("drill-{id}")), &["gym"]) };
    let told = [
        act(5, person("sato"), &["hall"]),
        drill(6, Some(NOW.wall_ms)),
        drill(7, Some(NOW.wall_ms + 60_000)),
        drill(8, None),
    ];
    let mut held = Activations::new(Vec::new(), 0, NOW);
    held.adopt(&notes(&told), true, nobody, NOW);
    assert_eq!(ids(&held), [5, 7], "a person is believed although no key is");
    assert_eq!(held.next_end(), Some(NOW.mono + s(60)), "what is left of it");
    assert_eq!(held.open(person("ito"), places(&["hall"]), None, "", NOW).id, 9, "and the numbers are given");
}

#[test]
fn what_is_left_of_a_drill_is_never_more_than_its_length_whatever_the_clock_says() {
    let drill =
        Activation { mode: Mode::Drill, until_ms: Some(BEFORE_MS + 600_000), ..act(1, person("sato"), &["gym"]) };
    for (wall_ms, left) in [(0, s(600)), (BEFORE_MS + 200_000, s(400)), (MORNING_MS, s(0))] {
        let held = Activations::new(vec![drill.clone()], 1, Now { wall_ms, ..NOW });
        assert_eq!(held.next_end(), Some(NOW.mono + left));
    }
}

#[test]
fn a_key_is_believed_where_it_cannot_be_asked_and_holds_one_act_at_most() {
    let told = act(5, Source::Key(None), &["gym", "school"]);
    let adopted = |before: Vec<Activation>, believes: fn(&Source) -> bool| {
        let mut held = Activations::new(before, 5, NOW);
        held.adopt(&notes(std::slice::from_ref(&told)), true, believes, NOW);
        held.iter().map(|it| (it.id, it.facilities.len())).collect::<Vec<_>>()
    };
    assert_eq!(adopted(Vec::new(), anybody), [(5, 2)]);
    assert_eq!(adopted(Vec::new(), nobody), [], "the key itself says otherwise");
    let of_ours = act(4, Source::Key(None), &["gym"]);
    assert_eq!(adopted(vec![of_ours], anybody), [(4, 1)], "what it holds here counts");
    let the_same = act(4, Source::Key(None), &["gym", "school"]);
    assert_eq!(adopted(vec![the_same], nobody), [(5, 2)], "one act, under the number it was first given");
}

#[test]
fn one_number_for_two_acts_is_settled_by_the_newer_order_and_both_stay() {
    let (ours, theirs) = (act(5, person("sato"), &["gym"]), act(5, person("kato"), &["hall"]));
    let adopted = |newer| {
        let mut held = Activations::new(vec![act(2, Source::Key(None), &["school"])], 2, NOW);
        held.given(4);
        assert_eq!(held.open(ours.source.clone(), ours.facilities.clone(), None, "flood", NOW).id, 5);
        held.adopt(&notes(std::slice::from_ref(&theirs)), newer, anybody, NOW);
        let mut all: Vec<_> = held.iter().map(|it| (it.source.word(), it.id)).collect();
        all.sort();
        all
    };
    let all =
        |sato, kato| [("key", 2), ("operator:kato", kato), ("operator:sato", sato)].map(|(by, id)| (by.to_owned(), id));
    assert_eq!(adopted(true), all(6, 5));
    assert_eq!(adopted(false), all(5, 6));
}

#[test]
fn one_act_told_under_two_numbers_is_one_and_two_acts_of_one_person_are_two() {
    let ours = act(5, person("sato"), &["gym"]);
    let adopted = |told: Activation| {
        let mut held = Activations::new(vec![act(1, person("ito"), &["gym"]), ours.clone()], 5, NOW);
        held.adopt(&notes(&[told]), false, anybody, NOW);
        ids(&held)
    };
    assert_eq!(adopted(Activation { id: 9, ..ours.clone() }), [1, 9], "the same, told under its first number");
    for other in [
        Activation { id: 9, since_ms: BEFORE_MS + 1, ..ours.clone() },
        Activation { id: 9, why: "storm".to_owned(), ..ours.clone() },
        Activation { id: 9, facilities: places(&["school"]), ..ours.clone() },
        Activation { id: 9, source: person("kato"), ..ours.clone() },
    ] {
        assert_eq!(adopted(other), [1, 5, 9]);
    }
}

#[test]
fn what_a_newer_order_tells_of_comes_in_its_order_and_what_it_does_not_after_it() {
    let all: Vec<_> = ["a", "b", "c"].iter().zip(1..).map(|(name, id)| act(id, person(name), &["gym"])).collect();
    let mut held = Activations::new(all.clone(), 3, NOW);
    let since = held.open(person("ito"), places(&["gym"]), None, "", NOW).id;
    let told = notes(&[all[2].clone(), all[0].clone(), all[1].clone()]);
    held.adopt(&told, false, anybody, NOW);
    assert_eq!(ids(&held), [1, 2, 3, since]);
    held.adopt(&told, true, anybody, NOW);
    assert_eq!(ids(&held), [3, 1, 2, since]);
}
