//! One thing that is wrong with a wish: where, what was found, what is allowed.

use std::fmt;

use crate::preflight::Objection;

/// A complaint about one field of a [`crate::wish::Wish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The field, as a path into the file: `radio[0].network[1].ssid`. Counted from 0.
    pub at: String,
    /// What was found there, made safe for a terminal; of a secret only its length.
    pub found: String,
    /// What is allowed there.
    pub allowed: String,
    /// The rule of the unified network that is broken, where it is one.
    pub objection: Option<Objection>,
}

impl Complaint {
    /// In Japanese.
    #[must_use]
    pub fn words_ja(&self) -> String {
        let Self { at, found, allowed, objection } = self;
        match objection {
            Some(objection) => format!("{at}: {}", objection.words_ja()),
            None => format!("{at}: {found} は使えません（使えるもの: {allowed}）"),
        }
    }
}

/// In English.
impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, found, allowed, objection } = self;
        match objection {
            Some(objection) => write!(f, "{at}: {objection}"),
            None => write!(f, "{at}: found {found}; allowed: {allowed}"),
        }
    }
}
