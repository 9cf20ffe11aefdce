//! A key switch: its contacts, its positions, what can be wrong with it, and the watchman who swears to it.

pub mod switch;
pub mod watchman;

use serde::{Deserialize, Serialize};

pub use switch::{Bias, KeyLines, KeySwitch, Line};
pub use watchman::{KeyNews, Watchman};

/// Where the key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPosition {
    /// 平時
    Normal,
    /// 訓練
    Drill,
    /// 災害
    Disaster,
}

impl KeyPosition {
    /// The word on `/api/v1`, in the store and in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Drill => "drill",
            Self::Disaster => "disaster",
        }
    }
}

/// Contacts as the shell reads them: `true` is closed. The wiring says which exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactReading {
    /// Two contacts, normally-open and normally-closed: `01` normal, `10` disaster, `00` broken wire, `11` short or
    /// tamper. `drill` is a third contact, where there is one.
    Pair {
        /// The normally-open contact.
        no: bool,
        /// The normally-closed contact: it stays closed at drill, and opens at disaster alone.
        nc: bool,
        /// The drill contact.
        drill: Option<bool>,
    },
    /// One contact: closed is disaster. Weaker: a cut wire reads as normal.
    Single {
        /// The contact.
        closed: bool,
        /// The drill contact.
        drill: Option<bool>,
    },
}

impl ContactReading {
    /// What these contacts say, taken by themselves.
    ///
    /// # Errors
    /// They contradict themselves.
    pub fn says(self) -> Result<KeyPosition, KeyFault> {
        let (disaster, drill) = match self {
            Self::Pair { no: false, nc: false, .. } => return Err(KeyFault::Broken),
            Self::Pair { no: true, nc: true, .. } => return Err(KeyFault::Shorted),
            Self::Pair { no, drill, .. } => (no, drill),
            Self::Single { closed, drill } => (closed, drill),
        };
        match (disaster, drill.unwrap_or(false)) {
            (true, true) => Err(KeyFault::Contradiction),
            (true, false) => Ok(KeyPosition::Disaster),
            (false, true) => Ok(KeyPosition::Drill),
            (false, false) => Ok(KeyPosition::Normal),
        }
    }
}

/// What is wrong with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFault {
    /// `00`: a wire is cut, or the key stands between two positions.
    Broken,
    /// `11`: a short, or somebody tampers.
    Shorted,
    /// Disaster and drill at once.
    Contradiction,
    /// It moves faster than any hand.
    Chattering,
    /// The lines or the panel cannot be read at all.
    Unreadable(String),
}

impl KeyFault {
    /// The word on `/api/v1` and in the record.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Shorted => "shorted",
            Self::Contradiction => "contradiction",
            Self::Chattering => "chattering",
            Self::Unreadable(_) => "unreadable",
        }
    }
}
