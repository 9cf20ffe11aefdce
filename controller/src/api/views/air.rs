//! What is on the air that should not be, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::iso;
use crate::core::fleet::LeftOpen;
use crate::core::strangers::{Deceit, Stranger};

/// An access point that is on the air without an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOpenJson {
    /// Which.
    pub ap: String,
    /// Where.
    pub facility: String,
    /// Since when.
    pub since: String,
}

impl From<&LeftOpen> for LeftOpenJson {
    fn from(it: &LeftOpen) -> Self {
        Self { ap: it.ap.to_string(), facility: it.facility.to_string(), since: iso(it.since_ms) }
    }
}

/// A network of others that is called `00000JAPAN` or looks like it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StrangerJson {
    /// Its name; what is no visible character is escaped.
    pub ssid: String,
    /// The address of the access point that sends it.
    pub bssid: String,
    /// Channel, 0 where it is not known.
    pub channel: u16,
    /// How strong it was heard, in dBm.
    pub signal_dbm: i16,
    /// The access point that told of it first.
    pub by: String,
    /// Since when it is known.
    pub since: String,
    /// Whether it has the name itself while nothing is open here.
    pub alarm: bool,
    /// How it differs from the name; null where it does not.
    pub why: Option<String>,
}

impl From<&Stranger> for StrangerJson {
    fn from(it: &Stranger) -> Self {
        Self {
            ssid: it.ssid.to_string(),
            bssid: it.bssid.to_string(),
            channel: it.channel,
            signal_dbm: it.signal_dbm,
            by: it.by.to_string(),
            since: iso(it.since_ms),
            alarm: it.alarm,
            why: match it.deceit {
                Deceit::SameName => None,
                Deceit::LookAlike(why) => Some(why.words_en()),
            },
        }
    }
}
