//! Networks of others that are called `00000JAPAN`, or nearly so, as our APs hear them.
//!
//! In a disaster carriers and other towns open the same name, rightly: while we are open such a network is a note. While
//! nothing is open here it is an alarm. A look-alike is a warning at any time.

use std::collections::BTreeMap;
use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::preflight::{Why, imitates_bytes};
use firmware_config::ssid::UNIFIED_SSID;
use firmware_config::wire::{AirName, Bssid, Heard, WallMs};

use super::Now;
use super::neighbours::{CONTRADICTS_AFTER, FRESH_FOR};

/// Strange networks remembered, at about 300 bytes each: 40 kB.
pub const STRANGERS_MAX: usize = 128;

/// Of those, such as one AP was the first to tell of: a stolen AP takes an eighth of the room.
pub const STRANGERS_OF_ONE_MAX: usize = 16;

/// How a strange network deceives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deceit {
    /// It has the name itself, and is none of ours.
    SameName,
    /// It looks like it.
    LookAlike(Why),
}

/// A strange network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Its name.
    pub ssid: AirName,
    /// Its sender.
    pub bssid: Bssid,
    /// Channel, 0 where it is not known.
    pub channel: u16,
    /// How strong it was heard, in dBm.
    pub signal_dbm: i16,
    /// Which AP told of it first.
    pub by: ApId,
    /// Since when it is known.
    pub since_ms: WallMs,
    /// How it deceives.
    pub deceit: Deceit,
    /// Whether it is called `00000JAPAN` while nothing is open here.
    pub alarm: bool,
    /// Last heard, on the clock to wait by.
    at: Duration,
    written: bool,
}

impl Stranger {
    /// What it is, in one word: `alarm`, `same-name` or `look-alike`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.deceit {
            Deceit::SameName if self.alarm => "alarm",
            Deceit::SameName => "same-name",
            Deceit::LookAlike(_) => "look-alike",
        }
    }
}

/// All of them that were heard of late.
#[derive(Debug, Clone, Default)]
pub struct Strangers {
    known: BTreeMap<(AirName, Bssid), Stranger>,
    /// Since when nothing is open here.
    closed: Option<Duration>,
}

impl Strangers {
    /// `by` hears this network, which is none of ours.
    pub fn heard(&mut self, by: &ApId, it: Heard, now: Now) {
        let deceit = if it.ssid.as_bytes() == UNIFIED_SSID.as_bytes() {
            Deceit::SameName
        } else {
            let Some(why) = imitates_bytes(it.ssid.as_bytes()) else { return };
            Deceit::LookAlike(why)
        };
        let at = now.mono.saturating_sub(Duration::from_millis(it.age_ms));
        if now.mono.saturating_sub(at) > FRESH_FOR {
            return;
        }
        if let Some(known) = self.known.get_mut(&(it.ssid.clone(), it.bssid)) {
            known.at = known.at.max(at);
            return;
        }
        let told = self.known.values().filter(|known| known.by == *by).count();
        if told >= STRANGERS_OF_ONE_MAX || self.known.len() >= STRANGERS_MAX {
            return;
        }
        let Heard { ssid, bssid, channel, signal_dbm, .. } = it;
        let (by, since_ms) = (by.clone(), now.wall_ms);
        let key = (ssid.clone(), bssid);
        let it = Stranger { ssid, bssid, channel, signal_dbm, by, since_ms, deceit, alarm: false, at, written: false };
        self.known.insert(key, it);
    }

    /// A network of that name turned out to be one of ours.
    pub fn forget(&mut self, ours: impl Fn(&Bssid) -> bool) {
        self.known.retain(|_, known| known.deceit != Deceit::SameName || !ours(&known.bssid));
    }

    /// What time and the town's mode make of them. Returns those that are to be written down.
    pub fn look(&mut self, open: bool, now: Duration) -> Vec<Stranger> {
        self.closed = if open { None } else { self.closed.or(Some(now)) };
        self.known.retain(|_, known| now.saturating_sub(known.at) <= FRESH_FOR);
        let mut news = Vec::new();
        for known in self.known.values_mut() {
            // What was heard while we were open, or shortly after, may be a neighbour town that closes as we do.
            let closed = self.closed.is_some_and(|closed| known.at >= closed + CONTRADICTS_AFTER);
            let alarm = known.deceit == Deceit::SameName && !open && (closed || known.alarm);
            if !known.written || (alarm && !known.alarm) {
                news.push(Stranger { alarm, ..known.clone() });
            }
            (known.alarm, known.written) = (alarm, true);
        }
        news
    }

    /// When the next one is forgotten.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.known.values().map(|known| known.at + FRESH_FOR + Duration::from_millis(1)).min()
    }

    /// All, alarms first.
    #[must_use]
    pub fn views(&self) -> Vec<Stranger> {
        let mut all: Vec<Stranger> = self.known.values().cloned().collect();
        all.sort_by_key(|known| (!known.alarm, known.since_ms));
        all
    }
}
