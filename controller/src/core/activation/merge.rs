//! What two controllers hold open, brought together: nothing a person opened is lost, nothing a person closed comes back.
//!
//! An activation is known by its number and the start of the controller that gave it. The numbers of one start rise, so
//! that for each start the highest number known tells what was heard of and what was not (an observed-remove set with a
//! version vector). What one side does not hold and knew of was ended there; what it never heard of is joined. Whoever
//! forgot gives numbers in a start of its own, and has not heard of those it gave before.
//!
//! For one key several may have been opened, by each controller that read it before it heard of the other. One of them
//! stands for all, and it must be the same one whoever chooses: to take one for the other is to end it.

use firmware_config::wire::{ActivationNote, HeardOf, Order, RANK_MAX};

use super::{Activation, Activations, Given, Held, Source, earlier, read_note, remaining};
use crate::core::Now;
use crate::core::inventory::Seat;

/// One more than the ranks there are: the numbers between two of one controller.
const STRIDE: u64 = RANK_MAX as u64 + 1;

/// Most starts of which is remembered what was heard: 64 × 40 bytes are 2.5 kB of each order. Only a start in which
/// something was opened counts: with a drill each month and two controllers that start anew for each, two years and a half.
/// Of what is older nobody has heard: whoever held it open all the while opens it again.
pub const STARTS_MAX: usize = 64;

fn digit(id: u64) -> u64 {
    id % STRIDE
}

/// Whether that is of the same start. Two controllers that drew one word are told apart by their rank.
fn is_of(heard: &HeardOf, Given { id, boot }: &Given) -> bool {
    heard.boot == *boot && digit(heard.activation) == digit(*id)
}

fn heard_of(known: &[HeardOf], given: &Given) -> bool {
    known.iter().any(|heard| is_of(heard, given) && heard.activation >= given.id)
}

impl Activations {
    /// Those of a controller that is one of several: its numbers end with its rank. `newest`: the newest order it knows.
    #[must_use]
    pub fn seated(mut self, seat: &Seat, newest: Option<&Order>) -> Self {
        self.seat = Some(seat.clone());
        let knows = newest.iter().filter_map(|order| order.controller.as_ref()).flat_map(|issuer| &issuer.heard);
        let noted = newest.iter().flat_map(|order| &order.activations).map(|note| read_note(note).given());
        let held = self.iter().map(Activation::given);
        let all: Vec<Given> = knows.map(given).chain(noted).chain(held).collect();
        self.heard(&all);
        self
    }

    /// What was heard of, the last start last.
    #[must_use]
    pub fn known(&self) -> &[HeardOf] {
        &self.known
    }

    /// These were heard of; the only controller of a town needs no memory of that.
    pub(super) fn heard(&mut self, all: &[Given]) {
        for given in all.iter().filter(|_| self.seat.is_some()) {
            self.last_id = self.last_id.max(given.id);
            if heard_of(&self.known, given) {
                continue;
            }
            self.known.retain(|heard| !is_of(heard, given));
            self.known.push(HeardOf { boot: given.boot.clone(), activation: given.id });
            if self.known.len() > STARTS_MAX {
                // Of what is held it will have to be said that it ended.
                let is_held = |heard: &HeardOf| self.held.iter().any(|held| is_of(heard, &held.activation.given()));
                if let Some(oldest) = self.known.iter().position(|heard| !is_held(heard)) {
                    self.known.remove(oldest);
                }
            }
        }
    }

    /// The next number: one more, or the next that ends with the rank.
    pub(super) fn number(&mut self) -> Given {
        self.last_id += 1;
        let Some(seat) = &self.seat else { return Given { id: self.last_id, boot: String::new() } };
        self.last_id += (u64::from(seat.rank) + STRIDE - digit(self.last_id)) % STRIDE;
        let given = Given { id: self.last_id, boot: seat.boot.clone() };
        self.heard(std::slice::from_ref(&given));
        given
    }

    /// Brings in what an order of a town with several controllers says was in force, whose issuer had heard of
    /// `theirs`. Where the order `counts` more than ours, so does what it says of an act that both hold.
    pub fn merge(&mut self, notes: &[ActivationNote], theirs: &[HeardOf], counts: bool, now: Now) {
        let noted: Vec<Activation> = notes.iter().map(read_note).collect();
        let place = |held: &Held| noted.iter().position(|note| note.is(&held.activation.given()));
        self.held.retain(|held| place(held).is_some() || !heard_of(theirs, &held.activation.given()));
        for note in &noted {
            let (given, ends) = (note.given(), remaining(note, now));
            if let Some(held) = self.held.iter_mut().find(|held| held.activation.is(&given)) {
                held.from_before = true;
                if counts {
                    held.ends = earlier(held.ends, ends);
                    let source = named(&held.activation.source, &note.source);
                    held.activation = Activation { source, ..note.clone() };
                }
            } else if !heard_of(&self.known, &given) {
                self.held.push(Held { activation: note.clone(), ends, from_before: true });
            }
        }
        let told: Vec<Given> = theirs.iter().map(self::given).chain(noted.iter().map(Activation::given)).collect();
        self.heard(&told);
        self.one_for_each_key();
        if counts {
            self.held.sort_by_key(|held| place(held).unwrap_or(usize::MAX));
        }
        self.tell_apart();
    }

    /// Of what was opened for one key the oldest stands for all: controllers read it before they heard of one another. The
    /// oldest of all nobody takes for another, whatever each has heard of so far, so that something is held in any case.
    fn one_for_each_key(&mut self) {
        let age = |act: &Activation| (act.since_ms, act.given());
        let acts: Vec<Activation> = self.iter().filter(|act| !act.source.is_person()).cloned().collect();
        let stands_for =
            |act: &Activation| acts.iter().any(|other| other.source == act.source && age(other) < age(act));
        self.held.retain(|held| !stands_for(&held.activation));
    }

    /// A number that we gave again, because we had forgotten it, to an act of this start: that one gets another, so that
    /// people can name it. Only whoever gave it last does so, or two would correct one another for ever; and not once
    /// another's order has it, for somebody may have closed it by that.
    fn tell_apart(&mut self) {
        let Some(boot) = self.seat.as_ref().map(|seat| seat.boot.clone()) else { return };
        for at in 0..self.held.len() {
            let act = &self.held[at].activation;
            let before =
                |other: &Activation| other.id == act.id && (other.since_ms, &other.boot) < (act.since_ms, &act.boot);
            if act.boot == boot && !self.held[at].from_before && self.iter().any(before) {
                let number = self.number();
                self.held[at].activation.renumber(number);
            }
        }
    }
}

/// Whose it is: an order of the time when the town had one controller does not say whose the key is.
fn named(known: &Source, told: &Source) -> Source {
    match (known, told) {
        (Source::Key(Some(_)), Source::Key(None)) | (Source::DrillKey(Some(_)), Source::DrillKey(None)) => {
            known.clone()
        }
        _ => told.clone(),
    }
}

fn given(heard: &HeardOf) -> Given {
    Given { id: heard.activation, boot: heard.boot.clone() }
}
