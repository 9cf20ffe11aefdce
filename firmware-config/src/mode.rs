//! The mode: what a town, a facility or one access point is doing.

use serde::{Deserialize, Serialize};

/// What is being done. Ordered: where two activations cover one place, the greater mode wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 平時: the town's own networks only.
    #[default]
    Normal,
    /// 訓練: `00000JAPAN` is on the air as an announced drill with an end.
    Drill,
    /// 災害: `00000JAPAN` is on the air until whoever opened it closes it.
    Disaster,
}

impl Mode {
    /// Whether `00000JAPAN` is on the air in this mode.
    #[must_use]
    pub fn is_open(self) -> bool {
        self != Self::Normal
    }

    /// The word on the wire, in files and in `/api/v1`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Drill => "drill",
            Self::Disaster => "disaster",
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
