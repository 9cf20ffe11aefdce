//! A device as the town wrote it down: where it is, how it is spoken to, and which access points it is or speaks for.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use firmware_config::ident::{ApId, FacilityId};

use crate::credentials::Credentials;

/// The port agents listen on (RFC 3417 §3.1).
pub const PORT: u16 = 161;
/// The port notifications go to (RFC 3417 §3.1).
pub const TRAP_PORT: u16 = 162;

/// One SNMP agent in the town: an access point, or a WLAN controller that speaks for many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The town's name for it.
    pub id: String,
    /// Where it is.
    pub address: SocketAddr,
    /// Its profile's id; none: found out by asking it what it is.
    pub profile: Option<String>,
    /// To read with.
    pub read: Credentials,
    /// To write with; none: watched, never flipped.
    pub write: Option<Credentials>,
    /// SNMPv3 contextName; mostly empty.
    pub context: String,
    /// `${ap.NAME}` of its profile.
    pub words: BTreeMap<String, String>,
    /// The access points it is or speaks for; at least one.
    pub aps: Vec<DeviceAp>,
}

/// An access point as one of a device's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAp {
    /// The town's identifier.
    pub ap: ApId,
    /// Where it stands.
    pub facility: FacilityId,
    /// Which of a WLAN controller's APs it is, by key or name; none: the device is the AP.
    pub key: Option<String>,
    /// What we do for it.
    pub role: Role,
}

/// What SNMP does for an access point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Flips it and reports it: it has no agent of ours.
    Flip,
    /// Watches it: a second pair of eyes on an AP with our agent.
    Witness,
}
