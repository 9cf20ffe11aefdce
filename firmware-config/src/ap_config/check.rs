//! From a wish to a proven configuration, or to every complaint about it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::{
    ApConfig, BEACON_INTERVAL, BEACON_INTERVAL_DEFAULT, Broker, Complaint, NETWORKS_MAX, OpenNetwork, RADIOS_MAX,
    Radio, SCAN_CHANNELS_MAX, SCAN_EVERY_S, Scan, Security, TownNetwork,
};
use crate::channel::{Band, Channel};
use crate::ident::IdentError;
use crate::interface::{INTERFACE_MAX_BYTES, InterfaceName};
use crate::key::{KeySwitch, switch};
use crate::passphrase::Passphrase;
use crate::path::FilePath;
use crate::preflight::{self, Announced, Everyday, Objection};
use crate::ssid::Ssid;
use crate::wish::{KeyWish, NetworkWish, OpenWish, RadioWish, ScanWish, Wish};
use crate::word::{WordError, shown};

const SCAN_CHANNELS: &str =
    "1 to 13 in the 2.4 GHz band; 36, 40 … 64, 100, 104 … 144, 149, 153 … 165 in the 5 GHz band";

/// Proves `wish`. `secret` reads the text of a passphrase file and is asked once per network that names one; a line
/// break at the end of the text is dropped.
///
/// # Errors
/// Every complaint there is, in the order of the file.
pub fn check(
    wish: &Wish,
    mut secret: impl FnMut(&FilePath) -> Result<String, String>,
) -> Result<ApConfig, Vec<Complaint>> {
    let mut desk = Desk { complaints: Vec::new(), secret: &mut secret };
    let config = desk.config(wish);
    match config {
        Some(config) if desk.complaints.is_empty() => Ok(config),
        _ => Err(desk.complaints),
    }
}

/// Where complaints pile up while everything is looked at.
struct Desk<'a> {
    complaints: Vec<Complaint>,
    secret: &'a mut dyn FnMut(&FilePath) -> Result<String, String>,
}

impl Desk<'_> {
    fn complain(&mut self, at: impl Into<String>, found: impl Into<String>, allowed: impl Into<String>) {
        let (at, found, allowed) = (at.into(), found.into(), allowed.into());
        self.complaints.push(Complaint { at, found, allowed, objection: None });
    }

    fn object(&mut self, at: impl Into<String>, objection: Objection) {
        let (found, allowed) = (objection.words_en(), "the profile of the unified network".into());
        self.complaints.push(Complaint { at: at.into(), found, allowed, objection: Some(objection) });
    }

    /// A value, or the complaint why not.
    fn take<T>(&mut self, at: impl Into<String>, result: Result<T, WordError>) -> Option<T> {
        result.map_err(|error| self.complain(at, error.found, error.allowed)).ok()
    }

    fn word<T: FromStr<Err = WordError>>(&mut self, at: impl Into<String>, text: &str) -> Option<T> {
        self.take(at, text.parse())
    }

    fn ident<T: FromStr<Err = IdentError>>(&mut self, at: &str, text: &str) -> Option<T> {
        let allowed = "1 to 48 of a-z 0-9 and '-', not at either end";
        text.parse().map_err(|_| self.complain(at, shown(text), allowed)).ok()
    }

    /// A word that may be missing: `None` where it is refused, `Some(None)` where it is not there.
    fn optional<T: FromStr<Err = WordError>>(&mut self, at: String, text: Option<&String>) -> Option<Option<T>> {
        match text {
            None => Some(None),
            Some(text) => self.word(at, text).map(Some),
        }
    }

    fn config(&mut self, wish: &Wish) -> Option<ApConfig> {
        let (town, facility, ap) =
            (self.ident("town", &wish.town), self.ident("facility", &wish.facility), self.ident("ap", &wish.ap));
        let host = self.word("broker.host", &wish.broker.host);
        if wish.broker.port == 0 {
            self.complain("broker.port", "0", "1 to 65535");
        }
        let password_file = self.optional("broker.password-file".into(), wish.broker.password_file.as_ref());
        let places = &wish.places;
        let config_dir: Option<FilePath> = self.word("places.config-dir", &places.config_dir);
        let ledger = self.word("places.ledger", &places.ledger);
        let town_key = self.word("places.town-key", &places.town_key);
        let distinct_secret = self.optional("places.distinct-secret".into(), places.distinct_secret.as_ref());
        let hostapd_socket = self.socket("places.hostapd-socket", &places.hostapd_socket, 0);
        // hostapd appends "/" and the interface's name.
        let hostapd_control_dir =
            self.socket("places.hostapd-control-dir", &places.hostapd_control_dir, 1 + INTERFACE_MAX_BYTES);
        let key = self.key(wish.key.as_ref());
        if !(1..=RADIOS_MAX).contains(&wish.radios.len()) {
            self.complain("radio", format!("{} radios", wish.radios.len()), format!("1 to {RADIOS_MAX}"));
        }
        // A wrong folder has been complained of; the radios are looked at all the same.
        let dir = config_dir.clone().or_else(|| "/etc".parse().ok())?;
        let radios: Vec<Option<Radio>> =
            wish.radios.iter().enumerate().map(|(n, radio)| self.radio(&format!("radio[{n}]"), radio, &dir)).collect();
        self.nothing_twice(wish);
        if !wish.radios.is_empty() && wish.radios.iter().all(|radio| radio.open.is_none()) {
            self.complain("radio", "no prepared open network", "[radio.open] on at least one 2.4 or 5 GHz radio");
        }
        let scan = self.scan(&wish.scan);
        Some(ApConfig {
            town: town?,
            facility: facility?,
            ap: ap?,
            broker: Broker { host: host?, port: wish.broker.port, password_file: password_file? },
            agent_toml: config_dir?.join("agent.toml").ok()?,
            ledger: ledger?,
            town_key: town_key?,
            distinct_secret: distinct_secret?,
            hostapd_socket: hostapd_socket?,
            hostapd_control_dir: hostapd_control_dir?,
            key: key?,
            radios: radios.into_iter().collect::<Option<_>>()?,
            scan: scan?,
        })
    }

    /// How it listens; what is wrong is said although it is switched off.
    fn scan(&mut self, wish: &ScanWish) -> Option<Option<Scan>> {
        if !SCAN_EVERY_S.contains(&wish.every_s) {
            let allowed = format!("{} to {}", SCAN_EVERY_S.start(), SCAN_EVERY_S.end());
            self.complain("scan.every-s", wish.every_s.to_string(), allowed);
        }
        let program = self.word("scan.program", &wish.program);
        let most = wish.other_channels.len();
        if most > SCAN_CHANNELS_MAX {
            self.complain("scan.other-channels", format!("{most} channels"), format!("at most {SCAN_CHANNELS_MAX}"));
        }
        let mut others: Vec<Channel> = Vec::new();
        for (n, number) in wish.other_channels.iter().take(SCAN_CHANNELS_MAX).enumerate() {
            let at = format!("scan.other-channels[{n}]");
            match Channel::new(Band::Ghz2, *number).or_else(|_| Channel::new(Band::Ghz5, *number)) {
                Ok(channel) if others.contains(&channel) => self.complain(at, number.to_string(), "each channel once"),
                Ok(channel) => others.push(channel),
                Err(_) => self.complain(at, number.to_string(), SCAN_CHANNELS),
            }
        }
        Some(wish.on.then_some(Scan { every_s: wish.every_s, program: program?, others }))
    }

    /// The key switch, if there is one; the outer none: it is wrong.
    fn key(&mut self, wish: Option<&KeyWish>) -> Option<Option<KeySwitch>> {
        let Some(wish) = wish else { return Some(None) };
        let placed = |mut complaint: Complaint| {
            let field = std::mem::take(&mut complaint.at);
            complaint.at = if field.is_empty() { "key".to_owned() } else { format!("key.{field}") };
            complaint
        };
        match switch::check(wish) {
            Ok(key) => Some(Some(key)),
            Err(complaints) => {
                self.complaints.extend(complaints.into_iter().map(placed));
                None
            }
        }
    }

    fn socket(&mut self, at: &str, text: &str, more: usize) -> Option<FilePath> {
        let path: FilePath = self.word(at, text)?;
        if !path.fits_socket(more) {
            self.complain(
                at,
                format!("{} bytes", text.len()),
                "a path short enough for a Unix socket (107 bytes in all)",
            );
            return None;
        }
        Some(path)
    }

    fn radio(&mut self, at: &str, wish: &RadioWish, dir: &FilePath) -> Option<Radio> {
        let phy = self.word(format!("{at}.phy"), &wish.phy);
        let country = self.word(format!("{at}.country"), &wish.country);
        let band: Option<Band> = self.word(format!("{at}.band"), &wish.band);
        let channel = band.and_then(|band| self.take(format!("{at}.channel"), Channel::new(band, wish.channel)));
        if let (Some(channel), Some(country)) = (channel, &country) {
            self.take(format!("{at}.channel"), channel.allowed_in(country));
        }
        let beacon_interval = wish.beacon_interval.unwrap_or(BEACON_INTERVAL_DEFAULT);
        if !BEACON_INTERVAL.contains(&beacon_interval) {
            let allowed = format!("{} to {}", BEACON_INTERVAL.start(), BEACON_INTERVAL.end());
            self.complain(format!("{at}.beacon-interval"), beacon_interval.to_string(), allowed);
        }
        if !(1..=NETWORKS_MAX).contains(&wish.networks.len()) {
            let (found, allowed) = (format!("{} networks", wish.networks.len()), format!("1 to {NETWORKS_MAX}"));
            self.complain(format!("{at}.network"), found, allowed);
        }
        let networks: Vec<Option<TownNetwork>> = (wish.networks.iter().enumerate())
            .map(|(n, network)| self.network(&format!("{at}.network[{n}]"), network, band))
            .collect();
        let open = match &wish.open {
            None => Some(None),
            Some(open) => self.open(&format!("{at}.open"), open, band, dir).map(Some),
        };
        let phy: crate::interface::PhyName = phy?;
        Some(Radio {
            hostapd_conf: dir.join(&format!("hostapd-{phy}.conf")).ok()?,
            phy,
            channel: channel?,
            country: country?,
            beacon_interval,
            networks: networks.into_iter().collect::<Option<_>>()?,
            open: open?,
        })
    }

    fn network(&mut self, at: &str, wish: &NetworkWish, band: Option<Band>) -> Option<TownNetwork> {
        let interface = self.word(format!("{at}.interface"), &wish.interface);
        let bridge = self.optional(format!("{at}.bridge"), wish.bridge.as_ref());
        let ssid = match (&wish.ssid, &wish.ssid_hex) {
            (Some(text), None) => self.word(format!("{at}.ssid"), text),
            (None, Some(hex)) => self.take(format!("{at}.ssid-hex"), Ssid::from_hex(hex)),
            (one, _) => {
                let found = if one.is_some() { "ssid and ssid-hex" } else { "neither ssid nor ssid-hex" };
                self.complain(format!("{at}.ssid"), found, "one of ssid and ssid-hex");
                None
            }
        };
        if let Some(objection) = ssid.as_ref().and_then(preflight::name_objection) {
            self.object(format!("{at}.ssid"), objection);
        }
        let security = self.security(at, wish, band);
        Some(TownNetwork {
            interface: interface?,
            ssid: ssid?,
            security: security?,
            bridge: bridge?,
            client_isolation: wish.client_isolation,
        })
    }

    fn security(&mut self, at: &str, wish: &NetworkWish, band: Option<Band>) -> Option<Security> {
        let kind = wish.security.as_str();
        if !matches!(kind, "open" | "wpa2" | "wpa2-wpa3" | "wpa3") {
            self.complain(format!("{at}.security"), shown(kind), "open, wpa2, wpa2-wpa3 or wpa3");
            return None;
        }
        if band == Some(Band::Ghz6) && kind != "wpa3" {
            self.complain(format!("{at}.security"), shown(kind), "wpa3 in the 6 GHz band");
        }
        let here = format!("{at}.passphrase-file");
        let Some(file) = &wish.passphrase_file else {
            if kind != "open" {
                self.complain(here, "nothing", format!("the file with the passphrase: security is {kind}"));
                return None;
            }
            return Some(Security::Open);
        };
        if kind == "open" {
            self.complain(here, shown(file), "nothing: security is open");
            return None;
        }
        let path: FilePath = self.word(&here, file)?;
        let text = match (self.secret)(&path) {
            Ok(text) => text,
            Err(why) => {
                self.complain(here, why, "a file that can be read");
                return None;
            }
        };
        let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        let passphrase: Passphrase = self.word(&here, line)?;
        if passphrase.is_raw_key() && kind != "wpa2" {
            self.complain(here, "a raw key of 64 hexadecimal digits", format!("a passphrase: security is {kind}"));
            return None;
        }
        Some(match kind {
            "wpa2" => Security::Wpa2(passphrase),
            "wpa2-wpa3" => Security::Wpa2Wpa3(passphrase),
            _ => Security::Wpa3(passphrase),
        })
    }

    fn open(&mut self, at: &str, wish: &OpenWish, band: Option<Band>, dir: &FilePath) -> Option<OpenNetwork> {
        let interface: Option<InterfaceName> = self.word(format!("{at}.interface"), &wish.interface);
        let bridge: Option<Option<InterfaceName>> = self.optional(format!("{at}.bridge"), wish.bridge.as_ref());
        let ssid = match &wish.ssid {
            None => Some(Ssid::unified()),
            Some(text) => self.word(format!("{at}.ssid"), text),
        };
        if band == Some(Band::Ghz6) {
            self.complain(at, "an open network", "none: the 6 GHz band has no networks without encryption");
        }
        let announced = Announced {
            ssid: ssid?,
            encrypted: wish.passphrase_file.is_some(),
            isolated: wish.client_isolation.unwrap_or(true),
            portal: wish.portal.unwrap_or(false),
            session_limit: wish.session_limit_s.is_some(),
            // Bridges are compared over all radios of the AP, once.
            bridge: None,
        };
        for objection in preflight::objections(&announced, &[]) {
            let field = match objection {
                Objection::NotUnified(_) => "ssid",
                Objection::Encrypted => "passphrase-file",
                Objection::NotIsolated => "client-isolation",
                Objection::Portal => "portal",
                Objection::SessionLimit => "session-limit-s",
                _ => "bridge",
            };
            self.object(format!("{at}.{field}"), objection);
        }
        let interface = interface?;
        Some(OpenNetwork { conf: dir.join(&format!("{interface}.conf")).ok()?, interface, bridge: bridge? })
    }

    /// What only shows when all radios are looked at together: names used twice, bridges shared with `00000JAPAN`.
    fn nothing_twice(&mut self, wish: &Wish) {
        let mut radios = BTreeSet::new();
        let mut interfaces: BTreeMap<&str, String> = BTreeMap::new();
        let mut twice: Vec<(String, String, String)> = Vec::new();
        let mut see = |name, at: String| match interfaces.get(name) {
            Some(first) => twice.push((at, shown(name), format!("a name of its own: {first} has this one"))),
            None => drop(interfaces.insert(name, at)),
        };
        for (n, radio) in wish.radios.iter().enumerate() {
            for (m, network) in radio.networks.iter().enumerate() {
                see(&network.interface, format!("radio[{n}].network[{m}].interface"));
            }
            if let Some(open) = &radio.open {
                see(&open.interface, format!("radio[{n}].open.interface"));
            }
        }
        for (at, found, allowed) in twice {
            self.complain(at, found, allowed);
        }
        for (n, radio) in wish.radios.iter().enumerate() {
            if !radios.insert(&radio.phy) {
                self.complain(format!("radio[{n}].phy"), shown(&radio.phy), "each radio once");
            }
        }
        let everyday: Vec<Everyday> = (wish.radios.iter().flat_map(|radio| &radio.networks))
            .filter_map(|network| {
                let ssid = match &network.ssid_hex {
                    Some(hex) => Ssid::from_hex(hex).ok()?,
                    None => network.ssid.as_ref()?.parse().ok()?,
                };
                Some(Everyday { ssid, bridge: network.bridge.as_ref()?.parse().ok() })
            })
            .collect();
        for (n, radio) in wish.radios.iter().enumerate() {
            let Some(bridge) = radio.open.as_ref().and_then(|open| open.bridge.as_ref()?.parse().ok()) else {
                continue;
            };
            let announced = Announced {
                ssid: Ssid::unified(),
                encrypted: false,
                isolated: true,
                portal: false,
                session_limit: false,
                bridge: Some(bridge),
            };
            for objection in preflight::objections(&announced, &everyday) {
                self.object(format!("radio[{n}].open.bridge"), objection);
            }
        }
    }
}
