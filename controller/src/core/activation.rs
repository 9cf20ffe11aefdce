//! Activations: who holds which facilities open, in which mode, until when.

use std::collections::BTreeSet;

use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

/// Who opened, and therefore who closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The key at 災害.
    Key,
    /// The key at 訓練.
    DrillKey,
    /// A person at a screen or a terminal.
    Operator(String),
}

/// One activation in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its number, unique in the town.
    pub id: u64,
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
