//! How a platform wants to be asked: how much at once, how patiently, and what never.

use std::time::Duration;

use crate::oid::Oid;

/// Manners of a platform: `[session]` of its profile. Limits here only ever narrow what the session does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manners {
    /// Whether it answers GETBULK properly; never used with SNMPv1.
    pub bulk: bool,
    /// Most rows asked for in one GETBULK, 1 to 100; the session goes below it by itself where the device cannot.
    pub max_repetitions: u32,
    /// Most varbinds in one request, 1 to 100.
    pub max_varbinds: usize,
    /// How long one try waits for an answer.
    pub timeout: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// What names that do not rise mean.
    pub ordering: Ordering,
    /// Rows after which a table counts as endless, 1 or more; a table may say less.
    pub row_limit: usize,
    /// Where answers may come from.
    pub reply_from: ReplyFrom,
    /// Names that are never read, with all below them: reading has effects there.
    pub never_read: Vec<Oid>,
}

/// What it means when the names of a table do not rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ordering {
    /// A loop: the table is stopped, its rows so far are kept.
    #[default]
    Strict,
    /// The device sorts its own way: go on, each name once, up to the row limit.
    Tolerate,
}

/// Where answers may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyFrom {
    /// The address and port that were asked.
    #[default]
    Same,
    /// Anywhere: devices with several addresses that answer from another. Everything else is checked as before.
    Any,
}

impl Default for Manners {
    /// For a device nothing is known of.
    fn default() -> Self {
        Self {
            bulk: true,
            max_repetitions: 25,
            max_varbinds: 16,
            timeout: Duration::from_secs(2),
            retries: 2,
            ordering: Ordering::Strict,
            row_limit: 5000,
            reply_from: ReplyFrom::Same,
            never_read: Vec::new(),
        }
    }
}
