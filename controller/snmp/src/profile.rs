//! A platform as data: how it is known, what it is asked, how its answers read, and the flip where it has one.
//!
//! One TOML file a platform (`docs/profiles.md`); the shipped ones are in `controller/snmp/profiles`.

pub mod flip;
pub mod template;

use crate::oid::Oid;

/// What one poll of a device asks: the same every time, decided when the profile is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Scalars, by full name.
    pub get: Vec<Oid>,
    /// Tables: the columns of one table are walked side by side.
    pub tables: Vec<TablePlan>,
}

/// One table of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePlan {
    /// Its name in the profile.
    pub name: String,
    /// The columns, each without an instance.
    pub columns: Vec<Oid>,
    /// Rows after which the table counts as endless and is cut, with a fault.
    pub rows_max: usize,
    /// Names that do not rise are a device's table sorted its own way, not a loop: go on, each name once.
    pub unordered: bool,
}
