//! What was written down, as `/api/v1` tells it: entries of the record, rows of counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::times::iso;
use crate::store::{CountRow, StoredEntry};

/// One entry of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryJson {
    /// Its number; only ever rises.
    pub seq: u64,
    /// When.
    pub at: String,
    /// What happened, such as `key-turned`.
    pub kind: String,
    /// Whether it belongs to a drill.
    pub drill: bool,
    /// Particulars.
    pub fields: BTreeMap<String, String>,
}

impl From<StoredEntry> for EntryJson {
    fn from(it: StoredEntry) -> Self {
        Self { seq: it.seq, at: iso(it.at_ms), kind: it.kind, drill: it.drill, fields: it.fields.into_iter().collect() }
    }
}

/// Counts of one network of one AP over one interval. Gauges and counters only: nothing here names a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountJson {
    /// End of the interval, by the AP's clock.
    pub at: String,
    /// AP.
    pub ap: String,
    /// Interface.
    pub interface: String,
    /// SSID.
    pub ssid: String,
    /// `normal`, `drill` or `disaster`: a drill's numbers are never mixed into statistics.
    pub mode: String,
    /// Stations associated at the end of the interval.
    pub stations: u32,
    /// Associations in the interval.
    pub joins: u32,
    /// Disassociations in the interval.
    pub leaves: u32,
    /// Length of the interval in seconds.
    pub interval_s: u32,
    /// How many samples are summarised in this one: with more than one, `stations` is the greatest of them.
    pub samples: u32,
    /// The AP's clock was never set: the interval ended at `at` at the latest.
    pub unsure: bool,
}

impl From<CountRow> for CountJson {
    fn from(it: CountRow) -> Self {
        Self {
            at: iso(it.at_ms),
            ap: it.ap,
            interface: it.interface,
            ssid: it.ssid,
            mode: it.mode,
            stations: it.stations,
            joins: it.joins,
            leaves: it.leaves,
            interval_s: it.interval_s,
            samples: it.samples,
            unsure: it.unsure,
        }
    }
}
