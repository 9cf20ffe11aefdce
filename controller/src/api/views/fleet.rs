//! Facilities and access points, as `/api/v1` tells them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{ModeWord, StandingWord};
use crate::api::times::iso;
use crate::core::view::{ApView, FacilityView, Witnessed};

/// One facility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FacilityJson {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Name in English; may be empty.
    pub name_en: String,
    /// District.
    pub district: String,
    /// Whether the key opens it.
    pub shelter: bool,
    /// What it is ordered to be in.
    pub wanted: ModeWord,
    /// Its access points.
    pub aps: Vec<ApJson>,
}

impl From<&FacilityView> for FacilityJson {
    fn from(it: &FacilityView) -> Self {
        Self {
            id: it.id.as_str().to_owned(),
            name: it.name_ja.clone(),
            name_en: it.name_en.clone(),
            district: it.district.clone(),
            shelter: it.shelter,
            wanted: (&it.wanted).into(),
            aps: it.aps.iter().map(Into::into).collect(),
        }
    }
}

/// One access point: three accounts of it that are never merged, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApJson {
    /// Identifier.
    pub id: String,
    /// Name, such as 体育館.
    pub name: String,
    /// Desired: what was ordered.
    pub wanted: WantedJson,
    /// Reported: what its agent says; null where it never spoke.
    pub reported: Option<ReportedJson>,
    /// How it is flipped: `agent` (ours, on it) or `snmp`.
    pub managed: String,
    /// Its SNMP profile, such as `cisco-wlc`; null where SNMP does not flip it or its platform is not known yet.
    pub profile: Option<String>,
    /// Witnessed: what other eyes saw; null where there is no means of seeing.
    pub witnessed: Option<WitnessedJson>,
    /// Where it stands.
    pub standing: StandingWord,
    /// Since when.
    pub since: String,
    /// Why; empty when settled.
    pub why: String,
    /// When it was last heard.
    pub heard: Option<String>,
    /// Stations on all its networks now; null when that is not known now.
    pub stations: Option<u32>,
}

/// What was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WantedJson {
    /// The order's number.
    pub number: u64,
    /// The mode.
    pub mode: ModeWord,
}

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedJson {
    /// Newest order it accepted.
    pub told: u64,
    /// Order whose mode is on the air.
    pub running: u64,
    /// Mode on the air.
    pub mode: ModeWord,
    /// Networks on the air.
    pub networks: Vec<NetworkJson>,
    /// The agent's version.
    pub agent: String,
}

/// One network on the air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkJson {
    /// Interface on the AP.
    pub interface: String,
    /// SSID.
    pub ssid: String,
    /// The AP's own address on this network.
    pub bssid: String,
    /// Channel, 0 where it is not known.
    pub channel: u16,
    /// Stations associated now.
    pub stations: u32,
}

/// What other eyes saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WitnessedJson {
    /// Whether `00000JAPAN` was seen; null where nobody could look of late.
    pub open: Option<bool>,
    /// When; null where nobody could look of late.
    pub at: Option<String>,
    /// The AP that heard it over the air; null where SNMP looked.
    pub by: Option<String>,
    /// Why nobody could look; empty where somebody did, or nothing was tried yet.
    pub why: String,
}

impl From<&ApView> for ApJson {
    fn from(it: &ApView) -> Self {
        Self {
            id: it.id.as_str().to_owned(),
            name: it.name.clone(),
            wanted: WantedJson { number: it.wanted.0, mode: (&it.wanted.1).into() },
            reported: it.reported.as_ref().map(|said| ReportedJson {
                told: said.told,
                running: said.running,
                mode: (&said.mode).into(),
                networks: said
                    .networks
                    .iter()
                    .map(|network| NetworkJson {
                        interface: network.interface.clone(),
                        ssid: network.ssid.clone(),
                        bssid: network.bssid.clone(),
                        channel: network.channel,
                        stations: network.stations,
                    })
                    .collect(),
                agent: said.agent.clone(),
            }),
            managed: it.managed.as_str().to_owned(),
            profile: it.profile().map(str::to_owned),
            witnessed: match &it.witnessed {
                Witnessed::NoMeans => None,
                Witnessed::NotAsked { why } => Some(WitnessedJson { open: None, at: None, by: None, why: why.clone() }),
                Witnessed::Seen { open, at_ms, by } => Some(WitnessedJson {
                    open: Some(*open),
                    at: Some(iso(*at_ms)),
                    by: by.as_ref().map(ToString::to_string),
                    why: String::new(),
                }),
            },
            standing: (&it.standing).into(),
            since: iso(it.since_ms),
            why: it.why.clone(),
            heard: it.heard_ms.map(iso),
            stations: it.stations,
        }
    }
}

/// An access point with the facility it stands in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApAtJson {
    /// The facility it stands in.
    pub facility: String,
    /// The access point.
    #[serde(flatten)]
    pub ap: ApJson,
}
