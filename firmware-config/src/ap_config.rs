//! The specimen: one access point's whole configuration for both modes, consistent or refused.

mod check;
mod complaint;

use crate::channel::Channel;
use crate::country::Country;
use crate::host::Host;
use crate::ident::{ApId, FacilityId, TownId};
use crate::interface::{InterfaceName, PhyName};
use crate::key::KeySwitch;
use crate::passphrase::Passphrase;
use crate::path::FilePath;
use crate::ssid::Ssid;

pub use check::check;
pub use complaint::Complaint;

/// Beacon intervals that are taken, in units of 1.024 ms: below 50 beacons eat the air, above 1000 phones miss them.
pub const BEACON_INTERVAL: std::ops::RangeInclusive<u16> = 50..=1000;

/// The usual beacon interval, in units of 1.024 ms: hostapd's own, about ten each second.
pub const BEACON_INTERVAL_DEFAULT: u16 = 100;

/// Seconds between two times that an AP listens for `00000JAPAN` of others. Below a minute it would be a habit: each costs
/// the radio 0.11 s of listening and the AP a process. With the quarter that chance adds, 450 are 562: what is heard is
/// believed for 600.
pub const SCAN_EVERY_S: std::ops::RangeInclusive<u32> = 60..=450;

/// The usual time between them.
pub const SCAN_EVERY_S_DEFAULT: u32 = 300;

/// Where `iw` is on Debian and on OpenWrt.
pub const SCAN_PROGRAM: &str = "/usr/sbin/iw";

/// Most channels to listen on beside the radio's own: there are 13 in the 2.4 GHz band and 19 in Japan's 5 GHz bands.
pub const SCAN_CHANNELS_MAX: usize = 32;

/// Most networks of the town's own on one radio: common radios hold eight, and one place is kept for `00000JAPAN`.
pub const NETWORKS_MAX: usize = 7;

/// Most radios of one AP. Real ones have two or three.
pub const RADIOS_MAX: usize = 8;

/// One access point. Only [`check`] makes one, so every value in it is proven and they agree with one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApConfig {
    pub(crate) town: TownId,
    pub(crate) facility: FacilityId,
    pub(crate) ap: ApId,
    pub(crate) broker: Broker,
    /// `agent.toml` in the configuration folder.
    pub(crate) agent_toml: FilePath,
    pub(crate) ledger: FilePath,
    pub(crate) town_key: FilePath,
    pub(crate) distinct_secret: Option<FilePath>,
    pub(crate) hostapd_socket: FilePath,
    pub(crate) hostapd_control_dir: FilePath,
    pub(crate) key: Option<KeySwitch>,
    pub(crate) radios: Vec<Radio>,
    pub(crate) scan: Option<Scan>,
}

/// How the AP listens for `00000JAPAN` and its look-alikes of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) every_s: u32,
    pub(crate) program: FilePath,
    /// Channels beside the radios' own ones; in the 2.4 and 5 GHz bands.
    pub(crate) others: Vec<Channel>,
}

/// Where the agent finds the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broker {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) password_file: Option<FilePath>,
}

/// One radio: what it is tuned to, the town's own networks on it, the prepared open network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Radio {
    pub(crate) phy: PhyName,
    pub(crate) channel: Channel,
    pub(crate) country: Country,
    pub(crate) beacon_interval: u16,
    pub(crate) networks: Vec<TownNetwork>,
    pub(crate) open: Option<OpenNetwork>,
    /// `hostapd-phy0.conf` in the configuration folder.
    pub(crate) hostapd_conf: FilePath,
}

/// One of the town's own networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TownNetwork {
    pub(crate) interface: InterfaceName,
    pub(crate) ssid: Ssid,
    pub(crate) security: Security,
    pub(crate) bridge: Option<InterfaceName>,
    pub(crate) client_isolation: bool,
}

/// The prepared `00000JAPAN` of one radio. What the profile fixes has no field: it cannot be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenNetwork {
    pub(crate) interface: InterfaceName,
    pub(crate) bridge: Option<InterfaceName>,
    /// `wlan0jp.conf` in the configuration folder.
    pub(crate) conf: FilePath,
}

/// How one of the town's own networks is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Open,
    /// WPA2 with a shared passphrase or raw key.
    Wpa2(Passphrase),
    /// WPA2 and WPA3 side by side, one passphrase.
    Wpa2Wpa3(Passphrase),
    /// WPA3 (SAE) only.
    Wpa3(Passphrase),
}

impl ApConfig {
    /// The town.
    #[must_use]
    pub fn town(&self) -> &TownId {
        &self.town
    }

    /// The facility the AP stands in.
    #[must_use]
    pub fn facility(&self) -> &FacilityId {
        &self.facility
    }

    /// The AP.
    #[must_use]
    pub fn ap(&self) -> &ApId {
        &self.ap
    }

    /// Whether its agent gives the broker a password.
    #[must_use]
    pub fn gives_password(&self) -> bool {
        self.broker.password_file.is_some()
    }

    /// The key switch at it.
    #[must_use]
    pub fn key(&self) -> Option<&KeySwitch> {
        self.key.as_ref()
    }

    /// Its radios, at least one.
    #[must_use]
    pub fn radios(&self) -> &[Radio] {
        &self.radios
    }
}

impl Radio {
    /// The kernel's name.
    #[must_use]
    pub fn phy(&self) -> &PhyName {
        &self.phy
    }

    /// What it is tuned to.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The town's own networks, at least one.
    #[must_use]
    pub fn networks(&self) -> &[TownNetwork] {
        &self.networks
    }

    /// The prepared `00000JAPAN`, unless the radio has none.
    #[must_use]
    pub fn open(&self) -> Option<&OpenNetwork> {
        self.open.as_ref()
    }
}

impl TownNetwork {
    /// Its interface.
    #[must_use]
    pub fn interface(&self) -> &InterfaceName {
        &self.interface
    }

    /// Its name.
    #[must_use]
    pub fn ssid(&self) -> &Ssid {
        &self.ssid
    }
}

impl OpenNetwork {
    /// Its interface.
    #[must_use]
    pub fn interface(&self) -> &InterfaceName {
        &self.interface
    }
}
