//! How many distinct devices an AP met in each activation: sketches, and nothing that names one.

use serde::{Deserialize, Serialize};

use super::{ActivationNote, WallMs};
use crate::ident::ApId;
use crate::sketch::Sketch;

/// Sketches in one document at most: of activations in force, and of some that ended while nobody could be told.
pub const DISTINCT_MAX: usize = 8;

/// What an agent says of distinct devices. Retained; said again when it grew, and on every connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    /// Document version.
    pub v: u32,
    /// Who; must be the AP of the topic.
    pub ap: ApId,
    /// One for each activation, at most [`DISTINCT_MAX`].
    pub activations: Vec<DistinctDevices>,
}

/// The devices that were on `00000JAPAN` of one AP in one activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistinctDevices {
    /// Which activation.
    #[serde(flatten)]
    pub period: Period,
    /// The sketch, under a key of this activation alone.
    pub registers: Sketch,
}

/// An activation as a time of counting: its number may have been given before a store was lost, its beginning not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// [`ActivationNote::id`].
    pub activation: u64,
    /// [`ActivationNote::since_ms`].
    pub since_ms: WallMs,
}

impl Period {
    /// Of an activation that an order carries.
    #[must_use]
    pub fn of(note: &ActivationNote) -> Self {
        Self { activation: note.id, since_ms: note.since_ms }
    }
}
