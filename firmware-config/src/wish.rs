//! What a person writes down about one access point, before anything of it is proven.
//!
//! Made for TOML: kebab-case, unknown keys refused. May be read as a whole, or part by part out of a larger file.

use serde::Deserialize;

use crate::ap_config::{SCAN_EVERY_S_DEFAULT, SCAN_PROGRAM};

/// One access point as written down. [`crate::ap_config::check`] makes an [`crate::ap_config::ApConfig`] of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Wish {
    /// The town.
    pub town: String,
    /// The facility the AP stands in.
    pub facility: String,
    /// The AP.
    pub ap: String,
    /// Where the broker is.
    pub broker: BrokerWish,
    /// Where things lie on the AP.
    #[serde(default)]
    pub places: Places,
    /// The key switch at the AP; none: it has none.
    pub key: Option<KeyWish>,
    /// The radios, at least one.
    #[serde(default, rename = "radio")]
    pub radios: Vec<RadioWish>,
    /// How it listens for `00000JAPAN` and its look-alikes of others.
    #[serde(default)]
    pub scan: ScanWish,
}

/// How an AP listens for `00000JAPAN` and its look-alikes of others. Every word has a default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ScanWish {
    /// Whether it does.
    pub on: bool,
    /// Seconds between two times, 60 to 450.
    pub every_s: u32,
    /// The path of `iw` on the AP.
    pub program: String,
    /// Channels beside the radios' own ones, 2.4 GHz (1 to 13) and 5 GHz (36 and above): only while nobody is on the radio.
    pub other_channels: Vec<u16>,
}

impl Default for ScanWish {
    fn default() -> Self {
        let (every_s, program) = (SCAN_EVERY_S_DEFAULT, SCAN_PROGRAM.into());
        Self { on: true, every_s, program, other_channels: Vec::new() }
    }
}

/// The key switch at one AP: `chip` and `no`, or `panel`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KeyWish {
    /// The GPIO chip's name, path or label.
    pub chip: Option<String>,
    /// The line of the contact that closes at 災害.
    pub no: Option<LineWish>,
    /// The line of the contact that opens at 災害; none: one contact only, and a cut wire reads as 平時.
    pub nc: Option<LineWish>,
    /// Whether a low level is a closed contact; `false` where nothing is said.
    pub active_low: Option<bool>,
    /// `as-is`, `pull-up`, `pull-down` or `disabled`; `as-is` where nothing is said.
    pub bias: Option<String>,
    /// The socket of a panel that reads the contacts.
    pub panel: Option<String>,
}

/// One line of a chip.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum LineWish {
    /// By its offset.
    Offset(u32),
    /// By its name.
    Name(String),
}

/// Where the agent finds the broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BrokerWish {
    /// Host name or address.
    pub host: String,
    /// Port; 1883 where nothing is said.
    #[serde(default = "mqtt_port")]
    pub port: u16,
    /// The file on the AP with the password; none: no password is given.
    pub password_file: Option<String>,
}

fn mqtt_port() -> u16 {
    1883
}

/// Where things lie on the AP. Every one has a default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Places {
    /// The folder the rendered files go to.
    pub config_dir: String,
    /// The agent's ledger.
    pub ledger: String,
    /// The town's public key.
    pub town_key: String,
    /// The file on the AP with the secret under which distinct devices are counted; none: they are not.
    pub distinct_secret: Option<String>,
    /// hostapd's global control socket (`hostapd -g`).
    pub hostapd_socket: String,
    /// The folder of hostapd's control sockets of each interface (`ctrl_interface`).
    pub hostapd_control_dir: String,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            config_dir: "/etc/hirake".into(),
            ledger: "/etc/hirake/ledger".into(),
            town_key: "/etc/hirake/town.pub".into(),
            distinct_secret: None,
            hostapd_socket: "/var/run/hostapd/global".into(),
            hostapd_control_dir: "/var/run/hostapd".into(),
        }
    }
}

/// One radio.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RadioWish {
    /// The kernel's name: `phy0`.
    pub phy: String,
    /// Band in GHz: `"2.4"`, `"5"` or `"6"`.
    pub band: String,
    /// Channel number.
    pub channel: u16,
    /// Country; `JP` where nothing is said.
    #[serde(default = "japan")]
    pub country: String,
    /// Beacon interval in units of 1.024 ms; 100 where nothing is said.
    pub beacon_interval: Option<u16>,
    /// The town's own networks; the first is the one that keeps the radio awake.
    #[serde(default, rename = "network")]
    pub networks: Vec<NetworkWish>,
    /// The prepared `00000JAPAN`. One radio of the AP at least has it; a 6 GHz radio has none.
    pub open: Option<OpenWish>,
}

fn japan() -> String {
    "JP".into()
}

/// One of the town's own networks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NetworkWish {
    /// Interface: `wlan0`.
    pub interface: String,
    /// Name. Either this or `ssid-hex`.
    pub ssid: Option<String>,
    /// Name as hexadecimal digits, for one that is not UTF-8.
    pub ssid_hex: Option<String>,
    /// `open`, `wpa2`, `wpa2-wpa3` or `wpa3`.
    pub security: String,
    /// The file with the passphrase, read where the configuration is rendered.
    pub passphrase_file: Option<String>,
    /// Bridge; none: an interface of its own.
    pub bridge: Option<String>,
    /// Whether its devices are kept apart from one another.
    #[serde(default)]
    pub client_isolation: bool,
}

/// The prepared open network. What the profile fixes may be said here, so that a wrong idea of it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OpenWish {
    /// Interface: `wlan0jp`.
    pub interface: String,
    /// Bridge; none: an interface of its own.
    pub bridge: Option<String>,
    /// Fixed by the profile: `00000JAPAN`.
    pub ssid: Option<String>,
    /// Fixed by the profile: none.
    pub passphrase_file: Option<String>,
    /// Fixed by the profile: `true`.
    pub client_isolation: Option<bool>,
    /// Fixed by the profile: `false`.
    pub portal: Option<bool>,
    /// Fixed by the profile: none. In seconds.
    pub session_limit_s: Option<u32>,
}
