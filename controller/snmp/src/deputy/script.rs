//! A flip with every name and value filled in: what is written, in order, and what must be read afterwards.
//!
//! Made from a profile's flip and the selected rows before the first SET: nothing is left to be chosen on the way.

mod write;

use std::time::Duration;

use crate::oid::Oid;
use crate::trouble::Status;
use crate::value::{Sheet, Value, VarBind};

/// One way of a flip, for the rows it is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// In order.
    pub lines: Vec<Line>,
    /// What must be read afterwards, all of it.
    pub proofs: Vec<Proof>,
    /// What makes it survive a reboot.
    pub save: Option<Saving>,
    /// How many rows there are.
    pub rows: usize,
}

/// One SET of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// For people.
    pub name: String,
    /// The row it is for; none: for the device as a whole.
    pub row: Option<usize>,
    /// Left out where all of these hold already.
    pub unless: Vec<(Oid, Want)>,
    /// What is written, in one PDU.
    pub binds: Vec<VarBind>,
    /// How long the answer may take.
    pub timeout: Duration,
    /// Refusals that say it is so already.
    pub accept: Vec<Status>,
    /// Pause afterwards.
    pub settle: Duration,
    /// How long the device may be silent afterwards.
    pub silence: Duration,
    /// Twice would do it twice: never sent where it seems to be done already.
    pub once: bool,
}

/// A read that must come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// For people.
    pub name: String,
    /// The row it is of; none: of the device as a whole.
    pub row: Option<usize>,
    /// What is read.
    pub oid: Oid,
    /// What it must be.
    pub want: Want,
    /// How long it may take to become so.
    pub within: Duration,
    /// How often it is read until then.
    pub every: Duration,
    /// What is read instead is the device's own word on what went wrong.
    pub text_is_error: bool,
}

/// What a read must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// One of these, whatever numeric type they come in.
    Numbers(Vec<i64>),
    /// These exactly.
    Octets(Vec<u8>),
    /// Not there.
    Absent,
}

/// Making it survive a reboot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// SETs, in order.
    pub sets: Vec<Vec<VarBind>>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Where the device tells how it went.
    pub poll: Option<SavingPoll>,
    /// Tidying up afterwards, whatever came of it.
    pub cleanup: Vec<VarBind>,
}

/// Where a device tells how its saving went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavingPoll {
    /// What is read.
    pub oid: Oid,
    /// Saved.
    pub done: i64,
    /// Not saved.
    pub fail: Option<i64>,
    /// How long it may take.
    pub within: Duration,
    /// How often it is read.
    pub every: Duration,
}

impl Want {
    /// Whether `oid` reads so on `sheet`.
    #[must_use]
    pub fn holds(&self, sheet: &Sheet, oid: &Oid) -> bool {
        let found = sheet.get(oid).filter(|value| value.is_there());
        match (self, found) {
            (Self::Absent, found) => found.is_none(),
            (Self::Numbers(wanted), Some(value)) => {
                value.number().is_some_and(|number| wanted.iter().any(|wanted| i128::from(*wanted) == number))
            }
            (Self::Octets(wanted), Some(Value::Octets(found))) => wanted == found,
            _ => false,
        }
    }
}
