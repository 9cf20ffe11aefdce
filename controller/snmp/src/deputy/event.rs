//! Everything that can happen to a deputy, and everything it may ask of the world or tell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, Presence, Report, WallMs};

use crate::oid::Oid;
use crate::profile::Plan;
use crate::trouble::Trouble;
use crate::value::{Sheet, VarBind};

/// The time, handed in: one clock to wait by, one for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic, from an arbitrary start.
    pub mono: Duration,
    /// Wall clock.
    pub wall_ms: WallMs,
}

/// Everything that can happen to a deputy.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Event {
    /// The newest order; what each AP of this device is to be in. Orders are checked before they come here.
    Ordered { number: u64, wanted: BTreeMap<ApId, Mode> },
    /// Whether what was ordered is carried out by this deputy; else it watches whether it is.
    Hands(bool),
    /// The town is in a disaster or a drill: look more often; or no more.
    Hurry(bool),
    /// Request `ask` came to this.
    Answered { ask: u64, answer: Result<Answer, Trouble> },
    /// The device sent a trap: look now. A hint, never a fact.
    Hint,
    /// The time asked for by `next_wake` has come.
    Woke,
}

/// What a request brought.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Answer {
    /// A poll or a get: what was there, and what was wrong with it (a table cut short, a loop), in words.
    Sheet { sheet: Sheet, faults: Vec<String> },
    /// A SET was answered without an error. That is not yet proof of anything.
    Set,
}

/// What is asked of the device.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Request {
    /// These objects.
    Get(Vec<Oid>),
    /// The name right behind each of these (GETNEXT): for probes.
    GetNext(Vec<Oid>),
    /// A whole poll.
    Poll(Arc<Plan>),
    /// A SET, in one PDU, with the write credentials, sent once: whether it is sent again is decided here.
    Set { binds: Vec<VarBind>, timeout: Duration },
}

/// What a deputy wants done.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Act {
    /// Ask the device; answer with [`Event::Answered`]. `urgent`: part of a flip, before any poll of anybody.
    Ask { ask: u64, request: Request, urgent: bool },
    /// Tell the controller.
    Tell(Box<Letter>),
    /// One line for the log: what happened, then fields.
    Log(String),
}

/// What a deputy tells the controller.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Letter {
    /// What is to be known of an AP that this device flips: in the place of an agent's report. `stations`: all those on
    /// the AP, where the device says; the report's own figures are 0 where it does not.
    Report { report: Report, stations: Option<u32> },
    /// Whether it is there, as an agent's connection would say.
    Presence(Presence),
    /// Counts of one interval.
    Counted(Counts),
    /// What was seen of an AP that has an agent of its own: the second pair of eyes.
    Saw(Sighting),
}

/// What SNMP saw of an AP that our agent looks after.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// Which.
    pub ap: ApId,
    /// Whether `00000JAPAN` is on the air; none where the device could not be asked, and why.
    pub open: Result<bool, String>,
    /// When, by our clock.
    pub at_ms: WallMs,
}
