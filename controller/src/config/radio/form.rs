//! The form: a radio plan's tables filled into wishes, with a placeholder where something is missing or of another type.

use std::collections::BTreeSet;

use firmware_config::wish::{BrokerWish, NetworkWish, OpenWish, Places, RadioWish, ScanWish};

use crate::config::desk::Desk;
use crate::config::house::MQTT_PORT;
use crate::config::table::{Table, whole};

/// Reads a plan's tables into wishes, remembering what it has complained of.
pub(super) struct Form<'d, 's> {
    pub(super) desk: &'d mut Desk<'s>,
    /// Fields that have been complained of, as paths: `radio[0].phy`.
    pub(super) said: BTreeSet<String>,
}

impl Form<'_, '_> {
    pub(super) fn broker(&mut self, plan: &Table<'_, '_>) -> BrokerWish {
        let table = plan.table(self.desk, "broker", &format!("{} broker", plan.what));
        let Some(table) = table else {
            if !plan.has("broker") {
                plan.miss("broker", "a table with the host at which agents find the broker");
            }
            self.said.extend(["broker.host", "broker.port"].map(str::to_owned));
            return BrokerWish { host: String::new(), port: MQTT_PORT, password_file: None };
        };
        let wish = BrokerWish {
            host: self.needed(&table, "host", "broker", "the broker's name or address as agents see it"),
            port: self.number(&table, "port", "broker").unwrap_or(MQTT_PORT),
            password_file: self.text(&table, "password-file", "broker", "the path of a file on the AP"),
        };
        table.finish(self.desk);
        wish
    }

    pub(super) fn places(&mut self, plan: &Table<'_, '_>) -> Places {
        let mut places = Places::default();
        let Some(table) = plan.table(self.desk, "places", &format!("{} places", plan.what)) else { return places };
        for (key, place) in [
            ("config-dir", &mut places.config_dir),
            ("ledger", &mut places.ledger),
            ("town-key", &mut places.town_key),
            ("hostapd-socket", &mut places.hostapd_socket),
            ("hostapd-control-dir", &mut places.hostapd_control_dir),
        ] {
            if let Some(text) = self.text(&table, key, "places", "a path on the AP") {
                *place = text;
            }
        }
        places.distinct_secret = self.text(&table, "distinct-secret", "places", "a path on the AP");
        table.finish(self.desk);
        places
    }

    pub(super) fn scan(&mut self, plan: &Table<'_, '_>) -> ScanWish {
        let mut scan = ScanWish::default();
        let Some(table) = plan.table(self.desk, "scan", &format!("{} scan", plan.what)) else { return scan };
        scan.on = self.flag(&table, "on", "scan").unwrap_or(scan.on);
        scan.every_s = self.number(&table, "every-s", "scan").map_or(scan.every_s, u32::from);
        scan.program = self.text(&table, "program", "scan", "the path of iw on the AP").unwrap_or(scan.program);
        scan.other_channels = self.numbers(&table, "other-channels", "scan");
        table.finish(self.desk);
        scan
    }

    pub(super) fn radio(&mut self, table: &Table<'_, '_>, path: &str) -> RadioWish {
        let mut wish = RadioWish {
            phy: self.needed(table, "phy", path, "the radio's name on the AP, such as \"phy0\""),
            band: self.needed(table, "band", path, "\"2.4\", \"5\" or \"6\" (GHz)"),
            channel: self.needed_number(table, "channel", path),
            country: self.text(table, "country", path, "a country, such as \"JP\"").unwrap_or_else(|| "JP".to_owned()),
            beacon_interval: self.number(table, "beacon-interval", path),
            networks: Vec::new(),
            open: None,
        };
        for (n, network) in self.tables(table, "network", path).into_iter().enumerate() {
            let path = format!("{path}.network[{n}]");
            wish.networks.push(self.network(&network, &path));
        }
        if let Some(open) = table.table(self.desk, "open", &format!("{} open", table.what)) {
            wish.open = Some(self.open(&open, &format!("{path}.open")));
        }
        table.finish(self.desk);
        wish
    }

    fn network(&mut self, table: &Table<'_, '_>, path: &str) -> NetworkWish {
        let wish = NetworkWish {
            interface: self.needed(table, "interface", path, "an interface, such as \"wlan0\""),
            ssid: self.text(table, "ssid", path, "a text"),
            ssid_hex: self.text(table, "ssid-hex", path, "hexadecimal digits"),
            security: self.needed(table, "security", path, "\"open\", \"wpa2\", \"wpa2-wpa3\" or \"wpa3\""),
            passphrase_file: self.secret_path(table, path),
            bridge: self.text(table, "bridge", path, "a bridge, such as \"br-lan\""),
            client_isolation: self.flag(table, "client-isolation", path).unwrap_or(false),
        };
        table.finish(self.desk);
        wish
    }

    fn open(&mut self, table: &Table<'_, '_>, path: &str) -> OpenWish {
        let wish = OpenWish {
            interface: self.needed(table, "interface", path, "an interface, such as \"wlan0jp\""),
            bridge: self.text(table, "bridge", path, "a bridge, such as \"br-open\""),
            ssid: self.text(table, "ssid", path, "\"00000JAPAN\""),
            passphrase_file: self.text(table, "passphrase-file", path, "nothing"),
            client_isolation: self.flag(table, "client-isolation", path),
            portal: self.flag(table, "portal", path),
            session_limit_s: table.number(self.desk, "session-limit-s", (0, u32::MAX), "").map(|found| found.is),
        };
        table.finish(self.desk);
        wish
    }

    fn say(&mut self, path: &str, key: &str) {
        self.said.insert(if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") });
    }

    fn text(&mut self, table: &Table<'_, '_>, key: &'static str, path: &str, allowed: &str) -> Option<String> {
        let text = table.text(self.desk, key, allowed).map(|text| text.is.to_owned());
        if text.is_none() && table.has(key) {
            self.say(path, key);
        }
        text
    }

    /// A passphrase file's path; what is no path may be the passphrase itself, and is not repeated.
    fn secret_path(&mut self, table: &Table<'_, '_>, path: &str) -> Option<String> {
        const KEY: &str = "passphrase-file";
        const ALLOWED: &str = "the absolute path of a file with the passphrase in it, not the passphrase";
        let text = self.text(table, KEY, path, ALLOWED)?;
        if !text.starts_with('/') {
            table.refuse_unseen(self.desk, KEY, ALLOWED);
            self.say(path, KEY);
        }
        Some(text)
    }

    /// A text that must be there; where it is not, an empty one that has been complained of.
    fn needed(&mut self, table: &Table<'_, '_>, key: &'static str, path: &str, allowed: &str) -> String {
        table.needed_text(self.desk, key, allowed).map(|text| text.is.to_owned()).unwrap_or_else(|| {
            self.say(path, key);
            String::new()
        })
    }

    /// A number that fits a field of the wish; whether it makes sense there is `firmware_config`'s to say.
    fn number(&mut self, table: &Table<'_, '_>, key: &'static str, path: &str) -> Option<u16> {
        let number = table.number(self.desk, key, (0, u32::from(u16::MAX)), "");
        if number.is_none() && table.has(key) {
            self.say(path, key);
        }
        number.and_then(|found| u16::try_from(found.is).ok())
    }

    fn needed_number(&mut self, table: &Table<'_, '_>, key: &'static str, path: &str) -> u16 {
        if !table.has(key) {
            table.miss(key, "a number");
            self.say(path, key);
        }
        self.number(table, key, path).unwrap_or_default()
    }

    /// A list of such numbers; an empty one where it is not there.
    fn numbers(&mut self, table: &Table<'_, '_>, key: &'static str, path: &str) -> Vec<u16> {
        let Some(value) = table.value(key) else { return Vec::new() };
        let number = |item: &toml::Spanned<toml::de::DeValue<'_>>| u16::try_from(whole(item.get_ref())?).ok();
        let numbers: Option<Vec<u16>> = value.get_ref().as_array().and_then(|list| list.iter().map(number).collect());
        numbers.unwrap_or_else(|| {
            table.refuse(self.desk, key, "a list of channel numbers, such as [1, 6, 11]");
            self.say(path, key);
            Vec::new()
        })
    }

    fn flag(&mut self, table: &Table<'_, '_>, key: &'static str, path: &str) -> Option<bool> {
        let flag = table.flag(self.desk, key);
        if flag.is_none() && table.has(key) {
            self.say(path, key);
        }
        flag
    }

    pub(super) fn tables<'t, 'i>(
        &mut self,
        table: &Table<'t, 'i>,
        key: &'static str,
        path: &str,
    ) -> Vec<Table<'t, 'i>> {
        let mut tables = table.tables(self.desk, key);
        for each in &mut tables {
            each.what = format!("{} {key}", table.what);
        }
        if tables.is_empty() && table.has(key) {
            self.say(path, key);
        }
        tables
    }
}
