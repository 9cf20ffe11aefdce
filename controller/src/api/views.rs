//! The town as `/api/v1` tells it: the edge's own shapes, made from the core's; fields documented for the OpenAPI.
//!
//! Every time is ISO 8601 with `+09:00` and milliseconds. Only the town's own moment comes as a number too (`at_ms`).

mod air;
mod fleet;
mod seat;
mod stored;
mod words;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use air::{LeftOpenJson, StrangerJson};
pub use fleet::{ApAtJson, ApJson, FacilityJson, NetworkJson, ReportedJson, WantedJson, WitnessedJson};
pub use seat::{PeerJson, SeatJson};
pub use stored::{CountJson, EntryJson};
pub use words::{FaultWord, KeyWord, ModeWord, StandingWord};

use super::times::iso;
use crate::core::Inventory;
use crate::core::activation::Activation;
use crate::core::key::KeyFault;
use crate::core::view::{KeyView, Totals, TownView};

/// The town at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TownJson {
    /// The moment.
    pub at: String,
    /// The moment in milliseconds since 1970-01-01 UTC, for programs that reckon ages.
    pub at_ms: i64,
    /// The town's identifier.
    pub town: String,
    /// Its name.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// The greatest mode any facility is ordered to be in.
    pub mode: ModeWord,
    /// Since when; null before the first order.
    pub mode_since: Option<String>,
    /// Number of the activation that decides `mode`; null in normal mode.
    pub decisive: Option<u64>,
    /// The newest order; null before the first.
    pub order: Option<OrderJson>,
    /// The key.
    pub key: KeyJson,
    /// Activations in force.
    pub activations: Vec<ActivationJson>,
    /// Sums.
    pub totals: TotalsJson,
    /// Which of several controllers this one is; null where it is the only one.
    pub controller: Option<SeatJson>,
    /// Why the broker cannot be reached; null when it can.
    pub broker_lost: Option<BrokerLostJson>,
    /// Why the record cannot be stored; null when it can.
    pub store_lost: Option<StoreLostJson>,
    /// Access points on the air without an order, for longer than a closing takes.
    pub left_open: Vec<LeftOpenJson>,
    /// Networks of others that are called `00000JAPAN` or look like it, heard in the last 10 minutes.
    pub strangers: Vec<StrangerJson>,
    /// Facilities in the order of the inventory.
    pub facilities: Vec<FacilityJson>,
}

impl TownJson {
    /// The town, from what the core last published.
    pub fn new(inventory: &Inventory, view: &TownView) -> Self {
        Self {
            at: iso(view.at_ms),
            at_ms: view.at_ms,
            town: inventory.town.as_str().to_owned(),
            name: inventory.name_ja.clone(),
            name_en: inventory.name_en.clone(),
            mode: (&view.mode).into(),
            mode_since: view.mode_since_ms.map(iso),
            decisive: view.decisive.as_ref().map(|activation| activation.id),
            order: view.order.as_ref().map(|order| OrderJson {
                number: order.number,
                issued_at: iso(order.issued_at_ms),
                published: order.published,
            }),
            key: KeyJson::new(inventory, &view.key),
            activations: view.activations.iter().map(Into::into).collect(),
            totals: (&view.totals).into(),
            controller: view.seat.as_ref().map(Into::into),
            broker_lost: view
                .broker_lost
                .as_ref()
                .map(|(since, why)| BrokerLostJson { since: iso(*since), why: why.clone() }),
            store_lost: view.store_lost.as_ref().map(|(since, why, waiting)| StoreLostJson {
                since: iso(*since),
                why: why.clone(),
                waiting: *waiting,
            }),
            left_open: view.left_open.iter().map(Into::into).collect(),
            strangers: view.strangers.iter().map(Into::into).collect(),
            facilities: view.facilities.iter().map(Into::into).collect(),
        }
    }
}

/// The newest order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderJson {
    /// Its number; only ever rises.
    pub number: u64,
    /// When it was decided.
    pub issued_at: String,
    /// Whether the broker has taken it.
    pub published: bool,
}

/// The key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyJson {
    /// Whether this town has a key at all.
    pub present: bool,
    /// The position last sworn to; null where it was never readable.
    pub position: Option<KeyWord>,
    /// Since when.
    pub since: Option<String>,
    /// What is wrong with it now; null when nothing is.
    pub fault: Option<KeyFaultJson>,
    /// Why it is left out of account; null where it is not.
    pub isolated: Option<String>,
}

/// What is wrong with the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyFaultJson {
    /// What.
    pub kind: FaultWord,
    /// What the reader of the lines said, where it said something; else empty.
    pub why: String,
    /// Since when.
    pub since: String,
}

impl KeyJson {
    fn new(inventory: &Inventory, key: &KeyView) -> Self {
        Self {
            present: inventory.has_key,
            position: key.position.as_ref().map(Into::into),
            since: key.since_ms.map(iso),
            fault: key.fault.as_ref().map(|(fault, since)| KeyFaultJson {
                kind: fault.into(),
                why: if let KeyFault::Unreadable(why) = fault { why.clone() } else { String::new() },
                since: iso(*since),
            }),
            isolated: key.isolated.clone(),
        }
    }
}

/// One activation in force: who holds what open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivationJson {
    /// Its number, unique in the town.
    pub id: u64,
    /// Who opened it: `key`, `drill-key`, `facility-key:AP` or `operator:NAME`; where there are several controllers,
    /// `key:CONTROLLER` and `drill-key:CONTROLLER`.
    pub by: String,
    /// What it opens: `drill` or `disaster`.
    pub mode: ModeWord,
    /// The facilities it covers.
    pub facilities: Vec<String>,
    /// Since when.
    pub since: String,
    /// A drill's end.
    pub until: Option<String>,
    /// The reason given.
    pub why: String,
}

impl From<&Activation> for ActivationJson {
    fn from(it: &Activation) -> Self {
        Self {
            id: it.id,
            by: it.source.word(),
            mode: (&it.mode).into(),
            facilities: it.facilities.iter().map(|id| id.as_str().to_owned()).collect(),
            since: iso(it.since_ms),
            until: it.until_ms.map(iso),
            why: it.why.clone(),
        }
    }
}

macro_rules! totals {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {
        /// Sums over the town. All count access points, but for `stations` and the facilities.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub struct TotalsJson { $($(#[$doc])* pub $field: u32),* }

        impl From<&Totals> for TotalsJson {
            fn from(it: &Totals) -> Self {
                // Taken apart without `..`: a sum added to the core must be told here too.
                let Totals { $($field),* } = *it;
                Self { $($field),* }
            }
        }
    };
}
totals! {
    /// All.
    aps,
    /// That say they accepted the newest order.
    told,
    /// That say they run it.
    running,
    /// Seen by other eyes doing what was ordered.
    witnessed,
    /// That nothing can witness.
    unwitnessable,
    /// Standing settled.
    settled,
    /// Standing settling.
    settling,
    /// Standing refused.
    refused,
    /// Standing diverged.
    diverged,
    /// Standing silent.
    silent,
    /// Ordered to be open.
    to_open,
    /// Of those, settled.
    open,
    /// Stations on all networks of all APs heard now.
    stations,
    /// Facilities in all.
    facilities,
    /// Facilities ordered to be open.
    facilities_to_open,
    /// Of those, with at least one AP settled.
    facilities_open,
}

/// Why the broker cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrokerLostJson {
    /// Since when.
    pub since: String,
    /// Why.
    pub why: String,
}

/// Why the record cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreLostJson {
    /// Since when.
    pub since: String,
    /// Why.
    pub why: String,
    /// How many entries wait in memory.
    pub waiting: usize,
}
