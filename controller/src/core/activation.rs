//! Activations: who holds which facilities open, in which mode, until when.

mod merge;

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::{ApId, ControllerId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::{ActivationNote, DrillEnd, HeardOf, WallMs, Wanted};

use super::Now;
use super::inventory::Seat;
pub use merge::STARTS_MAX;

/// What stands before the AP in [`Source::word`].
const FACILITY_KEY: &str = "facility-key:";
/// What stands before the controller in it.
const KEY: &str = "key:";
/// The same.
const DRILL_KEY: &str = "drill-key:";

/// Who opened, and therefore who closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The key at 災害: the only one, or the one at this controller.
    Key(Option<ControllerId>),
    /// The key at 訓練, likewise.
    DrillKey(Option<ControllerId>),
    /// The key switch at this AP: it opens its own facility, and nothing else.
    FacilityKey(ApId),
    /// A person at a screen or a terminal.
    Operator(String),
}

impl Source {
    /// The words on the wire, in the store and in the record: `key`, `drill-key`, `key:CONTROLLER`,
    /// `drill-key:CONTROLLER`, `facility-key:AP` or `operator:NAME`.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Key(None) => "key".to_owned(),
            Self::DrillKey(None) => "drill-key".to_owned(),
            Self::Key(Some(at)) => format!("{KEY}{at}"),
            Self::DrillKey(Some(at)) => format!("{DRILL_KEY}{at}"),
            Self::FacilityKey(ap) => format!("{FACILITY_KEY}{ap}"),
            Self::Operator(name) => format!("operator:{name}"),
        }
    }

    /// Whether a person at a screen opened it, and not a key.
    #[must_use]
    pub fn is_person(&self) -> bool {
        matches!(self, Self::Operator(_))
    }

    /// Reads [`Source::word`]. What it does not know is a person: nothing a person opened is closed for being
    /// written in an unknown hand.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "key" => Self::Key(None),
            "drill-key" => Self::DrillKey(None),
            other if let Some(Ok(at)) = other.strip_prefix(KEY).map(str::parse) => Self::Key(Some(at)),
            other if let Some(Ok(at)) = other.strip_prefix(DRILL_KEY).map(str::parse) => Self::DrillKey(Some(at)),
            other if let Some(Ok(ap)) = other.strip_prefix(FACILITY_KEY).map(str::parse) => Self::FacilityKey(ap),
            other => Self::Operator(other.strip_prefix("operator:").unwrap_or(other).to_owned()),
        }
    }
}

/// One activation in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its number, unique in the town, but for one that a controller gives again after its store was lost.
    pub id: u64,
    /// The start of the controller that gave the number; empty in a town with one controller.
    pub boot: String,
    /// Who opened it.
    pub source: Source,
    /// What it opens: `Drill` or `Disaster`.
    pub mode: Mode,
    /// What it covers.
    pub facilities: BTreeSet<FacilityId>,
    /// Since when.
    pub since_ms: WallMs,
    /// A drill's end.
    pub until_ms: Option<WallMs>,
    /// The reason given.
    pub why: String,
}

/// An activation for ever: its number, and the start in which a controller gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// See [`Activation::id`].
    pub id: u64,
    /// See [`Activation::boot`].
    pub boot: String,
}

impl Activation {
    /// What it is known by.
    #[must_use]
    pub fn given(&self) -> Given {
        Given { id: self.id, boot: self.boot.clone() }
    }

    fn renumber(&mut self, Given { id, boot }: Given) {
        (self.id, self.boot) = (id, boot);
    }

    fn is(&self, given: &Given) -> bool {
        (self.id, &self.boot) == (given.id, &given.boot)
    }
}

/// Most activations in force at once: what one order carries (`wire::DOCUMENT_MAX_BYTES`).
pub const ACTIVATIONS_MAX: usize = 100;

/// Most facility keys that hold their facilities open at once, beside those: 400 notes of one facility and no reason,
/// 250 bytes each, are 100 kB of an order.
pub const FACILITY_KEYS_MAX: usize = 400;

/// Longest reason kept, in characters; 100 activations × 200 characters × 4 bytes are 80 kB of an order.
pub const WHY_MAX: usize = 200;

/// An activation and what the controller alone knows of it.
#[derive(Debug, Clone)]
struct Held {
    activation: Activation,
    /// A drill's end on the clock that does not jump.
    ends: Option<Duration>,
    /// Opened before this start: an order newer than our store knows better whether it is still in force.
    from_before: bool,
}

/// Every activation in force.
#[derive(Debug, Clone)]
pub struct Activations {
    held: Vec<Held>,
    last_id: u64,
    /// Our place, where the town has several controllers: its rank is the last digit of our numbers.
    seat: Option<Seat>,
    /// What was heard of; kept only there.
    known: Vec<HeardOf>,
}

impl Activations {
    /// Those found in the store.
    #[must_use]
    pub fn new(remembered: Vec<Activation>, last_id: u64, now: Now) -> Self {
        let last_id = remembered.iter().map(|activation| activation.id).fold(last_id, u64::max);
        let held = remembered
            .into_iter()
            .map(|activation| Held { ends: remaining(&activation, now), activation, from_before: true })
            .collect();
        Self { held, last_id, seat: None, known: Vec::new() }
    }

    /// Opens; returns the activation.
    pub fn open(
        &mut self,
        source: Source,
        facilities: BTreeSet<FacilityId>,
        drill: Option<Duration>,
        why: &str,
        now: Now,
    ) -> &Activation {
        let Given { id, boot } = self.number();
        let activation = Activation {
            id,
            boot,
            source,
            mode: if drill.is_some() { Mode::Drill } else { Mode::Disaster },
            facilities,
            since_ms: now.wall_ms,
            until_ms: drill.map(|length| now.wall_ms.saturating_add(whole_ms(length))),
            why: why.trim().chars().take(WHY_MAX).collect(),
        };
        self.held.push(Held { activation, ends: drill.map(|length| now.mono + length), from_before: false });
        &self.held[self.held.len() - 1].activation
    }

    /// Makes what `source` holds cover `facilities` too; whether that is more than before.
    pub fn cover(&mut self, source: &Source, facilities: &BTreeSet<FacilityId>) -> bool {
        let Some(held) = self.held.iter_mut().find(|held| held.activation.source == *source) else { return false };
        let before = held.activation.facilities.len();
        held.activation.facilities.extend(facilities.iter().cloned());
        held.activation.facilities.len() > before
    }

    /// Ends one.
    pub fn close(&mut self, given: &Given) -> Option<Activation> {
        let at = self.held.iter().position(|held| held.activation.is(given))?;
        let closed = self.held.remove(at).activation;
        self.heard(&[closed.given()]);
        Some(closed)
    }

    /// Ends the drills whose time has come.
    pub fn end_drills(&mut self, now: Now) -> Vec<Activation> {
        let over = |held: &mut Held| held.ends.is_some_and(|ends| ends <= now.mono);
        let ended: Vec<_> = self.held.extract_if(.., over).map(|held| held.activation).collect();
        self.heard(&ended.iter().map(Activation::given).collect::<Vec<_>>());
        ended
    }

    /// When the next drill ends.
    #[must_use]
    pub fn next_end(&self) -> Option<Duration> {
        self.held.iter().filter_map(|held| held.ends).min()
    }

    /// All that `source` holds.
    #[must_use]
    pub fn all_of(&self, source: &Source) -> Vec<Given> {
        self.iter().filter(|activation| activation.source == *source).map(Activation::given).collect()
    }

    /// The first that `source` holds.
    #[must_use]
    pub fn of(&self, source: &Source) -> Option<&Activation> {
        self.iter().find(|activation| activation.source == *source)
    }

    /// The one that `source` opened since this start, and that no order of before has.
    #[must_use]
    pub fn opened_since_start(&self, source: &Source) -> Option<Given> {
        let held = self.held.iter().find(|held| held.activation.source == *source && !held.from_before)?;
        Some(held.activation.given())
    }

    /// What the only key of a town held, the key at this controller holds, now that there are several.
    #[must_use]
    pub fn key_is_at(mut self, id: &ControllerId) -> Self {
        for held in &mut self.held {
            let source = &mut held.activation.source;
            if let Source::Key(at @ None) | Source::DrillKey(at @ None) = source {
                *at = Some(id.clone());
            }
        }
        self
    }

    /// Numbers up to `last_id` were given before.
    pub fn given(&mut self, last_id: u64) {
        self.last_id = self.last_id.max(last_id);
    }

    /// All, in the order they were opened.
    pub fn iter(&self) -> impl Iterator<Item = &Activation> {
        self.held.iter().map(|held| &held.activation)
    }

    /// How many facility keys hold something open.
    #[must_use]
    pub fn of_facility_keys(&self) -> usize {
        self.iter().filter(|held| matches!(held.source, Source::FacilityKey(_))).count()
    }

    /// How many others do.
    #[must_use]
    pub fn of_the_town(&self) -> usize {
        self.held.len() - self.of_facility_keys()
    }

    /// The one that decides the town's mode: of the greatest mode, the first.
    #[must_use]
    pub fn decisive(&self) -> Option<&Activation> {
        self.iter().reduce(|first, next| if next.mode > first.mode { next } else { first })
    }

    /// What `facility` is to do: the greatest mode that covers it; of drills, the one that ends last.
    #[must_use]
    pub fn wanted(&self, facility: &FacilityId, now: Now) -> Wanted {
        let covering = || self.held.iter().filter(|held| held.activation.facilities.contains(facility));
        let mode = covering().map(|held| held.activation.mode).max().unwrap_or_default();
        let last = || {
            let (ends, until_ms) = covering()
                .filter_map(|held| Some((held.ends?, held.activation.until_ms?)))
                .max_by_key(|(ends, _)| *ends)?;
            // Rounded up: an AP that ends a second late is better than one that reports an end nobody ordered.
            let for_s = ends.saturating_sub(now.mono).as_millis().div_ceil(1000);
            Some(DrillEnd { until_ms, for_s: u64::try_from(for_s).unwrap_or(u64::MAX) })
        };
        Wanted { mode, drill: if mode == Mode::Drill { last() } else { None } }
    }

    /// What the order says of them.
    #[must_use]
    pub fn notes(&self) -> Vec<ActivationNote> {
        let note = |activation: &Activation| ActivationNote {
            id: activation.id,
            boot: activation.boot.clone(),
            by: activation.source.word(),
            mode: activation.mode,
            facilities: activation.facilities.iter().cloned().collect(),
            since_ms: activation.since_ms,
            until_ms: activation.until_ms,
            why: activation.why.clone(),
        };
        self.iter().map(note).collect()
    }

    /// Takes over what another order of ours says was in force, where our store knew less. Where it is `newer`, what
    /// was opened before this start and is not noted any more was closed by somebody, and stays closed; what was opened
    /// since stays open.
    ///
    /// `believes` says whether a note of the key's is to be believed: not where the key itself can be asked.
    pub fn adopt(&mut self, notes: &[ActivationNote], newer: bool, believes: impl Fn(&Source) -> bool, now: Now) {
        let noted: Vec<Activation> = notes.iter().map(read_note).collect();
        self.last_id = noted.iter().map(|note| note.id).fold(self.last_id, u64::max);
        self.held.retain(|held| {
            let forgotten = held.activation.source.is_person() && held.from_before;
            !newer || !forgotten || noted.iter().any(|note| one_act(&held.activation, note))
        });
        for note in &noted {
            let ends = remaining(note, now);
            if ends.is_some_and(|ends| ends <= now.mono) {
                continue;
            }
            let exact = self.held.iter().position(|held| held.activation == *note);
            let own = exact.or_else(|| self.held.iter().position(|held| one_act(&held.activation, note)));
            if own.is_none() && !note.source.is_person() && !(believes(&note.source) && self.of(&note.source).is_none())
            {
                continue;
            }
            let taken = self.held.iter().position(|held| held.activation.id == note.id).filter(|at| Some(*at) != own);
            let mut note = note.clone();
            if let Some(other) = taken {
                let fresh = self.number();
                // The newer order's numbers count, also for what is ours: two controllers that keep to their own would
                // correct one another for ever.
                match self.held.get_mut(other).filter(|_| newer) {
                    Some(other) => other.activation.renumber(fresh),
                    None => note.renumber(own.map_or(fresh, |at| self.held[at].activation.given())),
                }
            }
            if let Some(held) = own.and_then(|at| self.held.get_mut(at)) {
                // The same act, told under the number it was first given.
                held.ends = earlier(held.ends, ends);
                held.from_before |= !note.source.is_person();
                held.activation = note;
            } else {
                self.held.push(Held { activation: note, ends, from_before: true });
            }
        }
        self.heard(&noted.iter().map(Activation::given).collect::<Vec<_>>());
        if newer {
            let place = |held: &Held| noted.iter().position(|note| note.id == held.activation.id);
            self.held.sort_by_key(|held| place(held).unwrap_or(usize::MAX));
        }
    }
}

/// Whether two notes are of one act, under whatever number: the same key and the same halls, or the same person's.
fn one_act(one: &Activation, other: &Activation) -> bool {
    let said = |act: &Activation| (act.mode, act.since_ms, act.until_ms, act.why.clone());
    one.source == other.source
        && one.facilities == other.facilities
        && (!one.source.is_person() || said(one) == said(other))
}

fn read_note(note: &ActivationNote) -> Activation {
    Activation {
        id: note.id,
        boot: note.boot.clone(),
        source: Source::from_word(&note.by),
        mode: note.mode,
        facilities: note.facilities.iter().cloned().collect(),
        since_ms: note.since_ms,
        until_ms: note.until_ms,
        why: note.why.clone(),
    }
}

/// A drill's end on the clock that does not jump: what the wall clock says is left of it, and never more than its
/// length, for the wall clock may be in 1970.
fn remaining(activation: &Activation, now: Now) -> Option<Duration> {
    if activation.mode != Mode::Drill {
        return None;
    }
    // A drill without an end is none of ours: it ends at once rather than never.
    let until_ms = activation.until_ms.unwrap_or(activation.since_ms);
    let length = until_ms.saturating_sub(activation.since_ms).max(0);
    let left = until_ms.saturating_sub(now.wall_ms).clamp(0, length);
    Some(now.mono + Duration::from_millis(left.unsigned_abs()))
}

/// The end that is told of an act, and never later than it was: another act under its number has one of its own.
fn earlier(known: Option<Duration>, told: Option<Duration>) -> Option<Duration> {
    told.map(|told| known.map_or(told, |known| known.min(told)))
}

fn whole_ms(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
