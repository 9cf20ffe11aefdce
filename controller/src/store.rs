//! The archive: every line of SQL; keeps orders, activations, the record and counts.

use firmware_config::wire::{Counts, WallMs};

use crate::core::{Durable, Remembered};

/// One entry as stored: kinds and field names are words for the dashboard to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Number.
    pub seq: u64,
    /// When.
    pub at_ms: WallMs,
    /// `Kind::as_str`.
    pub kind: String,
    /// Belongs to a drill.
    pub drill: bool,
    /// Particulars.
    pub fields: Vec<(String, String)>,
}

/// One stored row of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    /// End of the interval.
    pub at_ms: WallMs,
    /// AP.
    pub ap: String,
    /// Interface.
    pub interface: String,
    /// SSID.
    pub ssid: String,
    /// `normal`, `drill` or `disaster`.
    pub mode: String,
    /// Stations at the end of the interval.
    pub stations: u32,
    /// Associations in the interval.
    pub joins: u32,
    /// Disassociations in the interval.
    pub leaves: u32,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
#[error("store {file}: {why}")]
pub struct StoreError {
    /// The file.
    pub file: String,
    /// What SQLite said.
    pub why: String,
}

/// The store: cheap to clone, one writer inside.
#[derive(Debug, Clone)]
pub struct Store {}

impl Store {
    /// Opens (or makes) the file and brings its tables up to date.
    ///
    /// # Errors
    /// The file cannot be opened or is not a database.
    pub async fn open(_path: &std::path::Path) -> Result<Self, StoreError> {
        unimplemented!()
    }

    /// What was stored last, with the signed text of the newest order.
    pub async fn remembered(&self) -> Result<(Remembered, Option<String>), StoreError> {
        unimplemented!()
    }

    /// Stores a batch in one transaction (entries by `seq`, once; activations replaced; the order with its signed text).
    pub async fn write(&self, _what: &Durable, _signed: Option<&str>) -> Result<(), StoreError> {
        unimplemented!()
    }

    /// Stores counts; a sample `(ap, boot, seq)` is stored once however often it comes.
    pub async fn add_counts(&self, _counts: &[Counts]) -> Result<(), StoreError> {
        unimplemented!()
    }

    /// Entries older than `before`, newest first.
    pub async fn entries(&self, _before: Option<u64>, _limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        unimplemented!()
    }

    /// Counts of `[from, to)`, of one AP or of all, oldest first, at most `limit` rows.
    pub async fn counts(
        &self,
        _ap: Option<&str>,
        _from_ms: WallMs,
        _to_ms: WallMs,
        _limit: u32,
    ) -> Result<Vec<CountRow>, StoreError> {
        unimplemented!()
    }

    /// Stations of the whole town per bucket of `bucket_ms` in `[from, to)`: per AP and network the bucket's last
    /// gauge, summed. Empty buckets are missing.
    pub async fn series(
        &self,
        _from_ms: WallMs,
        _to_ms: WallMs,
        _bucket_ms: i64,
    ) -> Result<Vec<(WallMs, u32)>, StoreError> {
        unimplemented!()
    }
}
