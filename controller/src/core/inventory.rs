//! The town as it is written down: its facilities, its access points, what counts as enough.

use std::time::Duration;

use firmware_config::ident::{ApId, ControllerId, FacilityId, TownId};

/// The town.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// The town's identifier, in every topic.
    pub town: TownId,
    /// Its name for people.
    pub name_ja: String,
    /// Its name in English.
    pub name_en: String,
    /// Its facilities, in the order of the file: the order of the board.
    pub facilities: Vec<Facility>,
    /// Its access points, in the order of the file.
    pub aps: Vec<Ap>,
    /// Share of the ordered APs on the air, in percent, at which the lamp stops blinking.
    pub agreed_share_percent: u8,
    /// Whether there is a key at all: without one, silence of its contacts is no fault.
    pub has_key: bool,
    /// How long a drill opened by the key lasts.
    pub key_drill_length: Duration,
    /// Which of the town's controllers this one is; none where it is the only one.
    pub seat: Option<Seat>,
}

/// One of several controllers of the town.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its name, its own.
    pub id: ControllerId,
    /// 1 to `wire::RANK_MAX`, its own; the last digit of its activation numbers.
    pub rank: u8,
    /// Drawn afresh at each start.
    pub boot: String,
    /// Whether a lock in a database has a say in who decides.
    pub lock: bool,
}

/// A hall, a school, a gym.
#[derive(Debug, Clone, PartialEq)]
pub struct Facility {
    /// Identifier.
    pub id: FacilityId,
    /// Name for people.
    pub name_ja: String,
    /// Name in English; empty where none was given.
    pub name_en: String,
    /// District: a column of the board.
    pub district: String,
    /// Whether the key opens it.
    pub shelter: bool,
    /// Whom to telephone.
    pub contact: String,
}

/// An access point.
#[derive(Debug, Clone, PartialEq)]
pub struct Ap {
    /// Identifier.
    pub id: ApId,
    /// Where it stands.
    pub facility: FacilityId,
    /// Name for people, such as 体育館.
    pub name: String,
    /// How it is flipped.
    pub managed: Managed,
    /// Whether SNMP watches it beside its agent: a second pair of eyes.
    pub witness: bool,
    /// Whether it has a facility key. What an AP without one says of a key is not believed: whoever steals it opens nothing.
    pub key: bool,
}

/// How an access point is flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Managed {
    /// By our agent on it.
    Agent,
    /// By SNMP: a deputy in the controller speaks for it.
    Snmp,
}

impl Managed {
    /// The word in `controller.toml` and on `/api/v1`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Snmp => "snmp",
        }
    }
}
