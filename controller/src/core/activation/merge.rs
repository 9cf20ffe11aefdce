//! What two controllers hold open, brought together: nothing a person opened is lost, nothing a person closed comes back.
//!
//! The last digit of an activation's number is the rank of the controller that gave it, and its numbers rise; so that
//! for each digit the highest number known tells what was heard of and what was not (an observed-remove set with a
//! version vector). What one side does not hold and knew of was ended there; what it never heard of is joined.

use std::collections::BTreeMap;

use firmware_config::wire::{ActivationNote, Order, Period, RANK_MAX, WallMs};

use super::{Activation, Activations, Held, Source, earlier, read_note, remaining};
use crate::core::Now;

/// For each last digit, the activation with the highest number heard of.
pub type Known = BTreeMap<u8, Period>;

/// One more than the ranks there are: the numbers between two of one controller.
const STRIDE: u64 = RANK_MAX as u64 + 1;

fn digit(id: u64) -> u8 {
    u8::try_from(id % STRIDE).expect("a digit")
}

fn hear(known: &mut Known, activation: u64, since_ms: WallMs) {
    if !heard_of(known, activation, since_ms) {
        known.insert(digit(activation), Period { activation, since_ms });
    }
}

/// Whether that act was heard of: a number given again after a store was lost is of a later act.
fn heard_of(known: &Known, id: u64, since_ms: WallMs) -> bool {
    known.get(&digit(id)).is_some_and(|highest| (highest.activation, highest.since_ms) >= (id, since_ms))
}

impl Activations {
    /// Those of a controller that is one of several: its numbers end with `rank`. `newest`: the newest order it knows.
    #[must_use]
    pub fn seated(mut self, rank: u8, newest: Option<&Order>) -> Self {
        self.rank = Some(rank);
        let noted = newest.iter().flat_map(|order| &order.activations).map(|note| (note.id, note.since_ms));
        let knows = newest.iter().filter_map(|order| order.controller.as_ref()).flat_map(|it| it.knows.values());
        let knows = knows.map(|period| (period.activation, period.since_ms));
        let held = self.iter().map(|held| (held.id, held.since_ms));
        let all: Vec<_> = noted.chain(knows).chain(held).collect();
        self.heard(all);
        self.of_before = self.known.get(&rank).map_or(0, |highest| highest.activation);
        self
    }

    /// What was heard of.
    #[must_use]
    pub fn known(&self) -> &Known {
        &self.known
    }

    fn heard(&mut self, all: Vec<(u64, WallMs)>) {
        for (id, since_ms) in all {
            hear(&mut self.known, id, since_ms);
            self.last_id = self.last_id.max(id);
        }
    }

    /// The next number, for what is open since then: the next one, or the next that ends with the rank.
    pub(super) fn number(&mut self, since_ms: WallMs) -> u64 {
        self.last_id += 1;
        if let Some(rank) = self.rank.map(u64::from) {
            self.last_id += (rank + STRIDE - self.last_id % STRIDE) % STRIDE;
            let heard = self.rank.and_then(|rank| self.known.get(&rank)).map_or(0, |highest| highest.activation);
            self.passed_over.get_or_insert((heard, self.last_id));
            hear(&mut self.known, self.last_id, since_ms);
        }
        self.last_id
    }

    /// Brings in what an order of a town with several controllers says was in force, whose issuer had heard of
    /// `theirs`. Where the order `counts` more than ours, so does what it says of an act that both hold. `ours`: we gave
    /// it ourselves, in a start of before.
    pub fn merge(&mut self, notes: &[ActivationNote], theirs: &Known, counts: bool, ours: bool, now: Now) {
        let noted: Vec<Activation> = notes.iter().map(read_note).collect();
        let told = noted.iter().map(|note| (note.id, note.since_ms));
        let told: Vec<_> = told.chain(theirs.values().map(|it| (it.activation, it.since_ms))).collect();
        self.last_id = told.iter().map(|(id, _)| *id).fold(self.last_id, u64::max);
        let forgotten = self.renumber(&noted, theirs, ours);
        // Ours under a lower number, and perhaps not for long: another act may turn out to have that number.
        let folded: Vec<u64> = self.folded.iter().map(|(id, _)| *id).collect();
        let is_noted = |held: &Held| noted.iter().any(|note| note.id == held.activation.id);
        self.held.retain(|held| is_noted(held) || !heard_of(theirs, held.activation.id, held.activation.since_ms));
        for note in &noted {
            let ends = remaining(note, now);
            if let Some(held) = self.held.iter_mut().find(|held| held.activation.id == note.id) {
                held.from_before = true;
                if counts {
                    held.ends = earlier(held.ends, ends);
                    held.activation = note.clone();
                }
            } else if !heard_of(&self.known, note.id, note.since_ms)
                || forgotten.contains(&note.id)
                || folded.contains(&note.id)
            {
                // The others heard of a higher one of ours, and would take it for closed.
                let id = if ours && self.is_passed_over(note.id) { self.number(note.since_ms) } else { note.id };
                self.held.push(Held { activation: Activation { id, ..note.clone() }, ends, from_before: true });
            }
        }
        self.heard(told);
        self.one_for_each_key();
        if counts {
            let place = |held: &Held| noted.iter().position(|note| note.id == held.activation.id);
            self.held.sort_by_key(|held| place(held).unwrap_or(usize::MAX));
        }
    }

    /// Others have heard of what we opened and do not remember: our store was lost, or is older. What was opened since
    /// the start must not be taken for what was closed under its number before; nor may what is open under a number that
    /// was given again be taken for what was closed here. Returns the numbers of such. `before`: the order is our own of
    /// before, which cannot know what was opened since, although others do.
    fn renumber(&mut self, noted: &[Activation], theirs: &Known, before: bool) -> Vec<u64> {
        let Some(rank) = self.rank else { return Vec::new() };
        let theirs = theirs.get(&rank);
        let ours = self.known.get(&rank).copied();
        let is_another = |id: u64, since_ms: WallMs| {
            theirs.is_some_and(|theirs| theirs.activation == id && theirs.since_ms != since_ms)
        };
        let forgot = theirs.is_some_and(|theirs| theirs.activation > ours.map_or(0, |ours| ours.activation))
            || ours.is_some_and(|ours| is_another(ours.activation, ours.since_ms))
            || self
                .held
                .iter()
                .map(|held| (held.from_before, &held.activation))
                .any(|(from_before, act)| !from_before && is_another(act.id, act.since_ms));
        let mut given_twice = Vec::new();
        for at in 0..self.held.len() {
            let held = &self.held[at];
            let of = &held.activation;
            let same = |note: &Activation| (&note.source, note.since_ms) == (&of.source, of.since_ms);
            let mut under_its_number = noted.iter().filter(|note| note.id == of.id);
            let since_start = !held.from_before || (before && of.id > self.of_before);
            let to_be_told_apart = match under_its_number.next() {
                Some(note) => !same(note),
                None => forgot && since_start,
            };
            if digit(of.id) == rank && to_be_told_apart {
                let (id, since_ms) = (of.id, of.since_ms);
                given_twice.push(id);
                self.held[at].activation.id = self.number(since_ms);
            }
        }
        let unheard = |id: &u64| {
            let of_before = forgot && digit(*id) == rank && *id > self.of_before;
            given_twice.contains(id) || of_before || (before && self.is_passed_over(*id))
        };
        noted.iter().map(|note| note.id).filter(unheard).collect()
    }

    /// Whether that is a number of ours which was not given since the start, although a higher one was.
    fn is_passed_over(&self, id: u64) -> bool {
        let between = |(heard, first): (u64, u64)| heard < id && id < first;
        self.rank == Some(digit(id)) && self.passed_over.is_some_and(between)
    }

    /// A key holds one activation: of two under different numbers, the one that was told first.
    fn one_for_each_key(&mut self) {
        let mut first: Vec<(Source, u64)> = Vec::new();
        for held in self.held.iter().filter(|held| !held.activation.source.is_person()) {
            let Activation { source, id, .. } = &held.activation;
            match first.iter_mut().find(|(known, _)| known == source) {
                Some((_, lowest)) => *lowest = (*id).min(*lowest),
                None => first.push((source.clone(), *id)),
            }
        }
        let dropped = self.held.extract_if(.., |held| {
            let Activation { source, id, .. } = &held.activation;
            !source.is_person() && !first.contains(&(source.clone(), *id))
        });
        self.folded.extend(dropped.map(|held| (held.activation.id, held.activation.source)));
        self.forget_folded();
    }

    /// What a key does not hold any more, it holds under no number.
    pub(super) fn forget_folded(&mut self) {
        let held: Vec<&Source> = self.held.iter().map(|held| &held.activation.source).collect();
        self.folded.retain(|(_, source)| held.contains(&source));
    }
}
