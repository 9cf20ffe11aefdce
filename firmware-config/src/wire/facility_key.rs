//! What an AP says of a key switch of its own: the facility key (施設の鍵).

use serde::{Deserialize, Serialize};

use super::WallMs;
use crate::key::KeyPosition;

/// Most ended acts an agent tells of; of more, the newest.
pub const ENDED_MAX: usize = 8;

/// The facility key at one AP, and what it holds or held open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FacilityKey {
    /// Where it stood when it could last be read; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<KeyPosition>,
    /// What is wrong with it now: `broken`, `shorted`, `contradiction`, `chattering`, `unreadable`; else empty. A fault
    /// changes nothing of what is open.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fault: String,
    /// What it holds open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<KeyAct>,
    /// What it held open before, oldest first; at most [`ENDED_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<KeyAct>,
}

/// One turn of a facility key to 災害 and what came of it: a person's act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAct {
    /// Its number on this AP. With `since_ms` it is one act for ever, also on an AP that lost its memory.
    pub id: u64,
    /// Since when, by the AP's clock, which may never have been set.
    pub since_ms: WallMs,
    /// Until when, once it ended, by the same clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<WallMs>,
}
