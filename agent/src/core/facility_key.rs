//! The key switch at this AP (施設の鍵): its contacts in, what it holds open out. It asks nobody.
//!
//! The key is a level: read at the start, on each edge and each second. What it held open before a power cut it holds
//! open from the first moment, until a hand turns it back; what cannot be read changes nothing.

use std::time::Duration;

use firmware_config::key::{KeyFault, KeyNews, KeyPosition, Watchman};
use firmware_config::mode::Mode;
use firmware_config::wire::{ENDED_MAX, FacilityKey, KeyAct, WallMs};
use serde::{Deserialize, Serialize};

use super::Now;

/// What of the key survives a power cut.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyHeld {
    /// Where it was last sworn to stand, and since when.
    pub position: Option<(KeyPosition, WallMs)>,
    /// What it holds open.
    pub open: Option<KeyAct>,
    /// What it held open before, oldest first; at most [`ENDED_MAX`].
    pub ended: Vec<KeyAct>,
    /// The last number given.
    pub last_id: u64,
}

/// What a reading, or the time, has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something to keep, and to report.
    Kept(String),
    /// Something to report only.
    Told(String),
}

/// The key.
#[derive(Debug, Clone)]
pub struct Key {
    watchman: Watchman,
    held: KeyHeld,
}

impl Key {
    /// Takes up what was kept.
    #[must_use]
    pub fn new(held: KeyHeld, now: Now) -> Self {
        Self { watchman: Watchman::new(held.position, true, now), held }
    }

    /// What is to survive a power cut.
    #[must_use]
    pub fn held(&self) -> &KeyHeld {
        &self.held
    }

    /// What it wants here: none where it never opened anything, so that nothing is taken off the air for it.
    #[must_use]
    pub fn wants(&self) -> Option<Mode> {
        let mode = if self.held.open.is_some() { Mode::Disaster } else { Mode::Normal };
        (self.held.last_id > 0).then_some(mode)
    }

    /// The contacts were read, or could not be.
    pub fn read(&mut self, says: Result<KeyPosition, KeyFault>, now: Now) -> Vec<Change> {
        let news = self.watchman.read(says, now);
        self.learn(news, now)
    }

    /// Time passed.
    pub fn look(&mut self, now: Now) -> Vec<Change> {
        let news = self.watchman.look(now);
        self.learn(news, now)
    }

    /// When to look again.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.watchman.next_wake()
    }

    /// What the town is told of it.
    #[must_use]
    pub fn report(&self) -> FacilityKey {
        FacilityKey {
            position: self.watchman.sworn().map(|(position, _)| position),
            fault: self.watchman.fault().map_or_else(String::new, |(fault, _)| fault.as_str().to_owned()),
            open: self.held.open.clone(),
            ended: self.held.ended.clone(),
        }
    }

    fn learn(&mut self, news: Vec<KeyNews>, now: Now) -> Vec<Change> {
        let told = |piece| match piece {
            KeyNews::Turned { to, .. } => Change::Kept(format!("facility key at {}", to.as_str())),
            KeyNews::Faulted(KeyFault::Unreadable(why)) => Change::Told(format!("facility key unreadable why={why:?}")),
            KeyNews::Faulted(fault) => Change::Told(format!("facility key fault={}", fault.as_str())),
            KeyNews::Mended(position) => {
                Change::Told(format!("facility key can be read again, at {}", position.as_str()))
            }
        };
        let mut changes: Vec<Change> = news.into_iter().map(told).collect();
        self.held.position = self.watchman.sworn();
        changes.extend(self.watchman.swears().and_then(|position| self.stands(position, now)));
        changes
    }

    /// The position itself says what is held open, however the key came there.
    fn stands(&mut self, position: KeyPosition, now: Now) -> Option<Change> {
        match (position, self.held.open.take()) {
            (KeyPosition::Disaster, None) => {
                self.held.last_id += 1;
                let id = self.held.last_id;
                self.held.open = Some(KeyAct { id, since_ms: now.wall_ms, until_ms: None });
                Some(Change::Kept(format!("opened by the facility key act={id}")))
            }
            (KeyPosition::Disaster, open) => {
                self.held.open = open;
                None
            }
            (KeyPosition::Normal | KeyPosition::Drill, None) => None,
            (KeyPosition::Normal | KeyPosition::Drill, Some(act)) => {
                let id = act.id;
                self.held.ended.push(KeyAct { until_ms: Some(now.wall_ms), ..act });
                let many = self.held.ended.len().saturating_sub(ENDED_MAX);
                self.held.ended.drain(..many);
                Some(Change::Kept(format!("no longer open by the facility key act={id}")))
            }
        }
    }
}
