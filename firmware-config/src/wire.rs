//! The treaty between controller and agents: topics built and parsed, messages written and read, orders as JWS.
//!
//! Described for people in `docs/wire.md`; pinned by the files in `tests/wire/v1`.
//! A reader ignores fields it does not know (a newer peer may add some) and refuses a document whose `v` is not its own.

mod controllers;
mod distinct;
mod facility_key;
mod jws;
mod sightings;
mod topic;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use controllers::{Beat, HeardOf, Heartbeat, Issuer, RANK_MAX, Stamp};
pub use distinct::{DISTINCT_MAX, Distinct, DistinctDevices, Period};
pub use facility_key::{ENDED_MAX, FacilityKey, KeyAct};
pub use jws::{JwsError, Unverified, compact, heartbeat_input, signing_input};
pub use sightings::{AirError, AirName, Bssid, Heard, SIGHTINGS_MAX, Sightings};
pub use topic::{Topic, TopicError};

use crate::ident::{ApId, FacilityId, TownId};
use crate::mode::Mode;

/// The version every document carries in `v`, and the second part of every topic.
pub const VERSION: u32 = 1;

/// Longest document either side reads, in bytes: an order naming 3,000 facilities and 100 activations is about 250 kB.
pub const DOCUMENT_MAX_BYTES: usize = 1 << 20;

/// Milliseconds since 1970-01-01 UTC, as the writer's clock had it. For people and records, never for ordering.
pub type WallMs = i64;

/// One decision of the controller, complete: what every facility of the town is to do.
///
/// Immutable. A number is used for one content only; a higher number replaces a lower one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Document version.
    pub v: u32,
    /// The town it is for; an agent refuses another town's.
    pub town: TownId,
    /// Only ever rises.
    pub number: u64,
    /// When it was decided, by the controller's clock.
    pub issued_at_ms: WallMs,
    /// Whose it is, where the town has several controllers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<Box<Issuer>>,
    /// What each facility is to do. A facility that is missing keeps what it has, and says so.
    pub facilities: BTreeMap<FacilityId, Wanted>,
    /// Who holds what open: so that a controller that lost its store learns from its own order what people had opened.
    pub activations: Vec<ActivationNote>,
}

/// What one facility is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The mode.
    pub mode: Mode,
    /// Only with `drill`: how the drill ends without anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillEnd>,
}

/// The end of a drill, told twice: as a date for those whose clock is right, as a length for those whose clock is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillEnd {
    /// When it ends, by the controller's clock.
    pub until_ms: WallMs,
    /// Seconds from `issued_at_ms` to the end. No AP drills longer than this after it starts or reboots.
    pub for_s: u64,
}

/// One activation in force when the order was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationNote {
    /// Its number, unique in the town, but for one that a controller gives again after its store was lost.
    pub id: u64,
    /// The start of the controller that gave the number ([`Heartbeat::boot`]), which tells such two apart; empty where the
    /// town had one controller.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub boot: String,
    /// Who opened it: `key`, `drill-key`, `facility-key:AP` or `operator:NAME`; where the town has several controllers,
    /// `key:CONTROLLER` and `drill-key:CONTROLLER`.
    pub by: String,
    /// What it opens.
    pub mode: Mode,
    /// The facilities it covers.
    pub facilities: Vec<FacilityId>,
    /// Since when, by the controller's clock.
    pub since_ms: WallMs,
    /// Its end, for a drill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<WallMs>,
    /// The reason given.
    #[serde(default)]
    pub why: String,
}

/// What an agent says of its AP. Retained; sent on every change and on every connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Document version.
    pub v: u32,
    /// Who speaks; must be the AP of the topic.
    pub ap: ApId,
    /// The facility the AP believes it stands in.
    pub facility: FacilityId,
    /// Drawn afresh at each start of the agent; with `seq` it orders reports.
    pub boot: String,
    /// Counts up within one `boot`.
    pub seq: u64,
    /// Number of the newest order it accepted; 0 for none ever.
    pub told: u64,
    /// When that one was made, by its controller's clock: of two orders with one number, which it is. A deputy, which
    /// keeps no order, does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_issued_ms: Option<WallMs>,
    /// Number of the order whose mode is on the air; 0 for none.
    pub running: u64,
    /// The mode that is on the air.
    pub mode: Mode,
    /// Since when, by the AP's clock.
    pub since_ms: WallMs,
    /// What it is doing about the newest order.
    pub state: AgentState,
    /// Why, where `state` needs a reason; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Every network hostapd says is on the air now.
    pub networks: Vec<Network>,
    /// The last message the agent turned away, if any since it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<TurnedAway>,
    /// The order it holds (JWS), when it was offered an older one or another of the same number: proof for a
    /// controller that forgot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
    /// Only of an AP with a key of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facility_key: Option<Box<FacilityKey>>,
    /// The agent's version.
    pub agent: String,
}

/// What an agent is doing about the newest order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// No order was ever accepted.
    Empty,
    /// It is being carried out.
    Applying,
    /// It is on the air, seen by asking hostapd.
    Serving,
    /// It was tried and did not come on the air (or off it); tries go on.
    Refused,
}

/// One network as hostapd reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Interface, such as `wlan0jp`.
    pub interface: String,
    /// SSID; bytes that are not UTF-8 escaped as hostapd prints them (`\xNN`).
    pub ssid: String,
    /// The AP's own address on this network.
    pub bssid: String,
    /// Channel number, 0 where hostapd does not say.
    pub channel: u16,
    /// Stations associated now.
    pub stations: u32,
}

/// A message an agent did not act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnedAway {
    /// Why.
    pub reason: TurnedAwayReason,
    /// In words, with both sides of the mismatch.
    pub why: String,
    /// The number it carried, if that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// How many since the agent started.
    pub count: u64,
}

/// Why a message was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnedAwayReason {
    /// Not a document of this treaty.
    Malformed,
    /// The signature is not the town's.
    Forged,
    /// For another town, or it does not name this facility.
    NotMine,
    /// A lower number than the one held.
    Stale,
    /// The number held, with other content.
    Conflicting,
}

/// Whether an agent is there. Retained; the last will says `false`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Document version.
    pub v: u32,
    /// Who; must be the AP of the topic.
    pub ap: ApId,
    /// There, or gone.
    pub online: bool,
    /// The same as in its reports.
    pub boot: String,
}

/// Counts of one interval. Gauges and counters only: nothing here names a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Document version.
    pub v: u32,
    /// Who; must be the AP of the topic.
    pub ap: ApId,
    /// The same as in its reports.
    pub boot: String,
    /// Counts up within one `boot`; what was counted under `(ap, boot, seq)` never changes.
    pub seq: u64,
    /// End of the interval, by the AP's clock.
    pub at_ms: WallMs,
    /// How long ago the interval ended when this was sent, in milliseconds by the monotonic clock; with `at_unsure`, at
    /// least so long ago. None: the sample is of an earlier start, or the agent is an older one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The sample is of an earlier start in which the AP's clock was never set: its time is the latest that can be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_unsure: bool,
    /// Length of the interval in seconds.
    pub interval_s: u32,
    /// How many samples are summarised in this one; absent: it is one. With more, they are those whose numbers end with
    /// `seq`, without a hole, and `stations` are the greatest number at the end of any of them.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub samples: u32,
    /// How many samples wait behind this one.
    #[serde(default, skip_serializing_if = "is_none")]
    pub waiting: u32,
    /// The mode on the air at the end of the interval: a drill's numbers never mix into statistics.
    pub mode: Mode,
    /// One row per network.
    pub networks: Vec<NetworkCounts>,
}

fn one() -> u32 {
    1
}

fn is_one(n: &u32) -> bool {
    *n == 1
}

fn is_none(n: &u32) -> bool {
    *n == 0
}

/// Samples of one AP that the controller has stored for good, or had already. Controller → agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsStored {
    /// Document version.
    pub v: u32,
    /// Whose; must be the AP of the topic.
    pub ap: ApId,
    /// Which.
    pub samples: Vec<StoredSample>,
}

/// One sample that is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSample {
    /// As in [`Counts`].
    pub boot: String,
    /// As in [`Counts`].
    pub seq: u64,
    /// As in [`Counts`]: stored are so many numbers, of which `seq` is the last. None: an older controller, which means
    /// whatever bears this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
}

impl StoredSample {
    /// All that these counts cover.
    #[must_use]
    pub fn of(counts: &Counts) -> Self {
        Self { boot: counts.boot.clone(), seq: counts.seq, samples: Some(counts.samples) }
    }
}

/// What one sample of an AP is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SampleId {
    /// As in [`Counts`].
    pub boot: String,
    /// As in [`Counts`].
    pub seq: u64,
}

/// One network's counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkCounts {
    /// Interface.
    pub interface: String,
    /// SSID, as in [`Network`].
    pub ssid: String,
    /// Stations associated at the end of the interval; of several samples, the greatest number.
    pub stations: u32,
    /// Associations in the interval.
    pub joins: u32,
    /// Disassociations in the interval.
    pub leaves: u32,
    /// What came together up to the end of the interval. None: an older agent, or a deputy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<SoFar>,
}

/// All that came and went on one network since this start of the agent: what a store that has a part of a summary needs,
/// to know the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SoFar {
    /// Associations.
    pub joins: u32,
    /// Disassociations.
    pub leaves: u32,
}

/// Why a document was not read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Larger than [`DOCUMENT_MAX_BYTES`].
    #[error("document of {0} bytes; at most {DOCUMENT_MAX_BYTES} are read")]
    TooLong(usize),
    /// Not JSON, or not of this shape.
    #[error("not a document of this kind: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another version.
    #[error("document of version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// The AP in the document is not the AP of the topic.
    #[error("document of \"{document}\" on the topic of \"{topic}\"")]
    OtherAp {
        /// The AP the document names.
        document: ApId,
        /// The AP of the topic.
        topic: ApId,
    },
}

/// A document of this treaty: knows its version, and whose it is.
pub trait Document: Serialize + for<'de> Deserialize<'de> {
    /// Its `v`.
    fn version(&self) -> u32;
    /// The AP it must come from; none for an order.
    fn ap(&self) -> Option<&ApId> {
        None
    }
}

macro_rules! document {
    ($($name:ident),*) => { $(
        impl Document for $name {
            fn version(&self) -> u32 { self.v }
            fn ap(&self) -> Option<&ApId> { Some(&self.ap) }
        }
    )* };
}
document!(Report, Presence, Counts, CountsStored, Distinct, Sightings);

impl Document for Heartbeat {
    fn version(&self) -> u32 {
        self.v
    }
}

impl Document for Order {
    fn version(&self) -> u32 {
        self.v
    }
}

/// Reads a document that came from `topic_ap`'s topic (none: an order).
///
/// # Errors
/// Too long, not of this shape, of another version, or another AP's.
pub fn read<D: Document>(bytes: &[u8], topic_ap: Option<&ApId>) -> Result<D, DocumentError> {
    if bytes.len() > DOCUMENT_MAX_BYTES {
        return Err(DocumentError::TooLong(bytes.len()));
    }
    let document: D = serde_json::from_slice(bytes)?;
    if document.version() != VERSION {
        return Err(DocumentError::Version(document.version()));
    }
    match (document.ap(), topic_ap) {
        (Some(named), Some(topic)) if named != topic => {
            Err(DocumentError::OtherAp { document: named.clone(), topic: topic.clone() })
        }
        _ => Ok(document),
    }
}

/// Writes a document.
#[must_use]
pub fn write<D: Document>(document: &D) -> Vec<u8> {
    serde_json::to_vec(document).expect("a document has string keys and no failing serializer")
}
