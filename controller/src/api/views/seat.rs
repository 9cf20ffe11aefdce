//! Which of several controllers this one is, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::iso;
use crate::core::peers::Lock;
use crate::core::view::{Mistake, PeerView, SeatView};

/// One of several controllers, by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeatJson {
    /// Its name.
    pub id: String,
    /// Whether it decides; else it stands by.
    pub active: bool,
    /// Since when.
    pub since: String,
    /// Since when no other controller is heard; null while one is, and in the first seconds.
    pub alone_since: Option<String>,
    /// The others, as far as it ever heard of them.
    pub others: Vec<PeerJson>,
    /// What the database says of the lock: `ours`, `theirs`, `out-of-reach`, `not-known` (not asked, or no answer yet);
    /// null where there is none.
    pub lock: Option<String>,
    /// What is wrong with the files of both: `same-name`, or `same-rank:CONTROLLER`; null where nothing is.
    pub mistake: Option<String>,
}

/// Another controller, as it is heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerJson {
    /// Its name.
    pub id: String,
    /// Whether it is heard.
    pub heard: bool,
    /// Whether it decides, and is heard.
    pub active: bool,
    /// The number of its newest order, as it said last; 0 for none.
    pub number: u64,
    /// When it was last heard; null: never by more than a recording.
    pub heard_at: Option<String>,
}

impl From<&SeatView> for SeatJson {
    fn from(it: &SeatView) -> Self {
        let lock = |said: &Option<Lock>| match said {
            None => "not-known",
            Some(Lock::Ours) => "ours",
            Some(Lock::Theirs) => "theirs",
            Some(Lock::OutOfReach { .. }) => "out-of-reach",
        };
        Self {
            id: it.id.to_string(),
            active: it.active,
            since: iso(it.since_ms),
            alone_since: it.alone_since_ms.map(iso),
            others: it.peers.iter().map(Into::into).collect(),
            lock: it.lock.as_ref().map(|said| lock(said).to_owned()),
            mistake: it.mistake.as_ref().map(|mistake| match mistake {
                Mistake::SameName => "same-name".to_owned(),
                Mistake::SameRank(id) => format!("same-rank:{id}"),
            }),
        }
    }
}

impl From<&PeerView> for PeerJson {
    fn from(it: &PeerView) -> Self {
        Self {
            id: it.id.to_string(),
            heard: it.there,
            active: it.active,
            number: it.number,
            heard_at: it.heard_ms.map(iso),
        }
    }
}
