//! The closed vocabularies of `/api/v1`: each word of the core has exactly one word here.

use firmware_config::mode::Mode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::core::key::{KeyFault, KeyPosition};
use crate::core::view::Standing;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident from $core:ty { $($(#[$word_doc:meta])* $variant:ident = $from:pat),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$word_doc])* $variant),* }

        impl From<&$core> for $name {
            fn from(it: &$core) -> Self {
                match it { $($from => Self::$variant),* }
            }
        }
    };
}

words!(
    /// What is being done: 平時, 訓練 (an announced drill with an end), 災害.
    ModeWord from Mode {
        /// The town's own networks only.
        Normal = Mode::Normal,
        /// `00000JAPAN` is on the air as a drill.
        Drill = Mode::Drill,
        /// `00000JAPAN` is on the air.
        Disaster = Mode::Disaster,
    }
);
words!(
    /// Where the key stands.
    KeyWord from KeyPosition {
        /// 平時
        Normal = KeyPosition::Normal,
        /// 訓練
        Drill = KeyPosition::Drill,
        /// 災害
        Disaster = KeyPosition::Disaster,
    }
);
words!(
    /// What is wrong with the key.
    FaultWord from KeyFault {
        /// A wire is cut, or the key stands between two positions.
        Broken = KeyFault::Broken,
        /// A short, or somebody tampers.
        Shorted = KeyFault::Shorted,
        /// Disaster and drill at once.
        Contradiction = KeyFault::Contradiction,
        /// It moves faster than any hand.
        Chattering = KeyFault::Chattering,
        /// It cannot be read at all.
        Unreadable = KeyFault::Unreadable(_),
    }
);
words!(
    /// Where an AP stands.
    StandingWord from Standing {
        /// It says it runs what was ordered, and nothing contradicts it.
        Settled = Standing::Settled,
        /// Ordered, not confirmed yet; tries go on.
        Settling = Standing::Settling,
        /// It says it cannot, and why; tries go on.
        Refused = Standing::Refused,
        /// Two accounts contradict one another.
        Diverged = Standing::Diverged,
        /// Not heard.
        Silent = Standing::Silent,
    }
);
