//! What a device's answers come to: its identity, its networks, its radios, the APs it speaks for.

use std::time::Duration;

/// One reading of one device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    /// Who it is.
    pub identity: Identity,
    /// Since its last start (sysUpTime; wraps after 497 days).
    pub uptime: Option<Duration>,
    /// Every network (BSS or WLAN) it has, on the air or not.
    pub networks: Vec<Bss>,
    /// Radios.
    pub radios: Vec<Radio>,
    /// The APs a WLAN controller speaks for; empty for an AP that speaks for itself.
    pub aps: Vec<ManagedAp>,
    /// Every figure the profile claims to read, these typed ones among them, for tests, `profile test` and metrics.
    pub figures: Vec<Figure>,
    /// Lines of the profile that could not be read, each with what was expected and what was found.
    pub faults: Vec<String>,
}

/// Who a device is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// sysName.
    pub name: String,
    /// Model, where the platform says.
    pub model: String,
    /// Firmware version, where the platform says.
    pub version: String,
}

/// One network of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bss {
    /// The AP it is on, by the controller's key for it; none where the device is the AP, or a WLAN is all APs'.
    pub ap: Option<String>,
    /// Its row in the device's table, in words: `7`, `2.1`.
    pub row: String,
    /// SSID, octets.
    pub ssid: Vec<u8>,
    /// The address on this network, where the device says; empty otherwise.
    pub bssid: String,
    /// Whether it is on the air; none where the device does not say.
    pub up: Option<bool>,
    /// Channel, 0 where unknown.
    pub channel: u16,
    /// Stations now; none where the device does not say per network.
    pub stations: Option<u32>,
}

/// One radio.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Radio {
    /// As in [`Bss::ap`].
    pub ap: Option<String>,
    /// Its row.
    pub row: String,
    /// Channel, 0 where unknown.
    pub channel: u16,
    /// Share of time the channel is busy, in percent.
    pub busy_percent: Option<f64>,
    /// Noise floor in dBm.
    pub noise_dbm: Option<f64>,
    /// Transmit power in dBm.
    pub power_dbm: Option<f64>,
    /// Stations now.
    pub stations: Option<u32>,
}

/// An AP that a WLAN controller speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManagedAp {
    /// The controller's key for it: its row, a MAC address as `aa:bb:cc:dd:ee:ff` where the row is one.
    pub key: String,
    /// The name the controller has for it.
    pub name: String,
    /// Whether the controller has it connected; none where it does not say.
    pub up: Option<bool>,
    /// Stations now.
    pub stations: Option<u32>,
}

/// One figure a profile reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The metric, as the profile names it: `stations`, `channel`, `busy`, `noise`, `power`, `rx-bytes`, `cpu`, …
    pub metric: String,
    /// What it is of: `device`, `radio`, `ssid`, `bss`, `ap`.
    pub scope: String,
    /// Which of these: a row, an SSID (escaped), an AP's key; empty for the device.
    pub of: String,
    /// The value, in the metric's unit.
    pub value: f64,
    /// The counter itself, where it is one: exact, for [`crate::counter::between`].
    pub counter: Option<crate::counter::Count>,
}

impl Readings {
    /// An SSID for people and for the wire: UTF-8 as it is; other octets, controls and `\` as `\xNN` / `\\`, as hostapd does.
    #[must_use]
    pub fn show_ssid(ssid: &[u8]) -> String {
        let mut shown = String::new();
        for chunk in ssid.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => shown.push_str("\\\\"),
                    c if c.is_control() => {
                        let mut bytes = [0; 4];
                        c.encode_utf8(&mut bytes).bytes().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
                    }
                    c => shown.push(c),
                }
            }
            chunk.invalid().iter().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
        }
        shown
    }
}
