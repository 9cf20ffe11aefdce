//! A platform as data: how it is known, what it is asked, how its answers read, and the flip where it has one.
//!
//! One TOML file a platform (`docs/profiles.md`); the shipped ones are in `controller/snmp/profiles`. `Profile::parse`
//! proves a file whole: what it names is there, its templates can be filled in, an open has its close. Inside, in
//! reading order: `parse` (the file), `cell`, `table`, `source` (how values read), `read` (a sheet to readings),
//! `select` (the rows a flip switches), `explain` (what each line found), `rule` and `library` (all profiles, and which
//! one a device's is).

mod cell;
pub mod explain;
pub mod library;
mod parse;
mod read;
pub mod rule;
pub mod select;
mod shipped;
mod source;
mod table;

pub mod flip;
pub mod manners;
pub mod template;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use manners::Manners;
pub use parse::form::{Mistake, ProfileErrors};

use crate::oid::Oid;

/// One platform, proven.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name: letters, digits, `-`.
    pub id: String,
    /// Whose platform.
    pub vendor: String,
    /// How far it is proven.
    pub evidence: Evidence,
    /// What is proven and what is not, for people.
    pub notes: Vec<String>,
    /// How the device wants to be asked.
    pub manners: Manners,
    /// Both ways of the flip, where there is one.
    pub flips: Option<flip::Flips>,
    /// Why there is none; there is one or the other.
    pub no_flip: Option<String>,
    /// The words of the device that its flip needs (`${ap.NAME}`), without `ap.`.
    pub words: BTreeSet<String>,
    rules: Vec<rule::Rule>,
    plan: Arc<Plan>,
    tables: Vec<table::Table>,
    objects: Vec<source::Object>,
    identity: read::IdentityFrom,
    networks: Vec<read::NetworkFrom>,
    radios: Vec<read::RadioFrom>,
    managed: Option<read::ManagedFrom>,
    metrics: Vec<read::Metric>,
    chosen: Option<select::Chosen>,
}

/// How far a profile is proven. A flip below [`Evidence::Lab`] was never seen to work by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Read in the vendor's MIB only.
    Mib,
    /// The objects it reads were seen on a recording of a real device.
    Dump,
    /// Tried on a device in the lab.
    Lab,
    /// In use in a town.
    Field,
}

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

/// A figure that a profile says it reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The metric.
    pub metric: String,
    /// What it is of.
    pub scope: String,
    /// Its unit.
    pub unit: String,
}

impl Profile {
    /// Reads and proves a profile. `name`: the file's, for the mistakes.
    ///
    /// # Errors
    /// Every mistake, with its line.
    pub fn parse(name: &str, toml: &str) -> Result<Self, ProfileErrors> {
        parse::profile(name, toml)
    }

    /// What one poll asks.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Whether it is only used where the town names it.
    #[must_use]
    pub fn is_by_name_only(&self) -> bool {
        self.rules.is_empty()
    }

    /// How it is known.
    #[must_use]
    pub fn rules(&self) -> &[rule::Rule] {
        &self.rules
    }
}

impl Evidence {
    /// As profiles write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mib => "mib",
            Self::Dump => "dump",
            Self::Lab => "lab",
            Self::Field => "field",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Mib, Self::Dump, Self::Lab, Self::Field].into_iter().find(|evidence| evidence.word() == word)
    }
}

#[cfg(test)]
mod tests;
