//! What hostapd 2.10 answers on its global control socket: commands in, answer and events out, no socket here.
//!
//! Learnt from the real one: Debian 12's hostapd on mac80211_hwsim radios, and with `driver=none` beside this one in
//! `tests/tests/pretend.rs`. Answers end with a line feed; a refusal gives no reason.

use std::path::Path;

use crate::people::Dice;

/// A pretend hostapd with one radio.
#[derive(Debug)]
pub struct Hostapd {
    phy: String,
    channel: u16,
    dice: Dice,
    networks: Vec<OnAir>,
    guests: Vec<String>,
}

/// One network on the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnAir {
    /// Interface, such as `wlan0jp`.
    pub interface: String,
    /// SSID.
    pub ssid: String,
    /// The AP's own address on it.
    pub bssid: String,
    /// Addresses of the stations associated with it.
    pub stations: Vec<String>,
}

/// What came of a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// What whoever asked hears.
    pub text: String,
    /// What everybody attached hears, in order.
    pub events: Vec<String>,
}

impl Answer {
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), events: Vec::new() }
    }

    fn ok() -> Self {
        Self::plain("OK\n")
    }

    fn fail() -> Self {
        Self::plain("FAIL\n")
    }
}

impl Hostapd {
    /// A radio `phy` on `channel`, serving its everyday network `ssid` on `interface`.
    #[must_use]
    pub fn new(phy: &str, channel: u16, interface: &str, ssid: &str, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let first = OnAir { interface: interface.into(), ssid: ssid.into(), bssid: dice.mac(), stations: Vec::new() };
        Self { phy: phy.into(), channel, dice, networks: vec![first], guests: Vec::new() }
    }

    /// Everything on the air now.
    #[must_use]
    pub fn networks(&self) -> &[OnAir] {
        &self.networks
    }

    /// The address of every device that was ever here.
    #[must_use]
    pub fn guests(&self) -> &[String] {
        &self.guests
    }

    /// One command. Files it names are read from the disk, as hostapd does.
    pub fn command(&mut self, command: &str) -> Answer {
        if let Some((interface, command)) = command.strip_prefix("IFNAME=").and_then(|rest| rest.split_once(' ')) {
            return match (self.has(interface), command) {
                (false, _) => Answer::plain("FAIL-NO-IFNAME-MATCH\n"),
                (true, "PING") => Answer::plain("PONG\n"),
                (true, "STATUS") => Answer::plain(&self.status()),
                (true, "STA-FIRST") => Answer::plain(&self.station(interface, |_| Some(0))),
                (true, next) if next.starts_with("STA-NEXT ") => {
                    let after =
                        |stations: &[String]| stations.iter().position(|mac| *mac == next[9..]).map(|at| at + 1);
                    Answer::plain(&self.station(interface, after))
                }
                (true, _) => Answer::plain("UNKNOWN COMMAND\n"),
            };
        }
        match command.split_once(' ').unwrap_or((command, "")) {
            ("PING", "") => Answer::plain("PONG\n"),
            ("INTERFACES", "") => {
                Answer::plain(&self.networks.iter().map(|n| format!("{}\n", n.interface)).collect::<String>())
            }
            ("FLUSH" | "ATTACH", "") => Answer::ok(),
            ("ADD", how) => self.add(how),
            ("REMOVE", interface) => self.remove(interface),
            _ => Answer::fail(),
        }
    }

    /// `ADD bss_config=PHY:FILE`. The network is on the air when the answer comes, and no event says so.
    fn add(&mut self, how: &str) -> Answer {
        let Some((phy, file)) = how.strip_prefix("bss_config=").and_then(|rest| rest.split_once(':')) else {
            return Answer::fail();
        };
        match read_bss(Path::new(file)) {
            Some((interface, ssid)) if phy == self.phy && !self.has(&interface) => {
                let bssid = self.dice.mac();
                self.networks.push(OnAir { interface, ssid, bssid, stations: Vec::new() });
                Answer::ok()
            }
            _ => Answer::fail(),
        }
    }

    fn remove(&mut self, interface: &str) -> Answer {
        let Some(at) = self.networks.iter().position(|n| n.interface == interface) else {
            return Answer::fail();
        };
        let gone = self.networks.remove(at);
        let mut events: Vec<String> =
            gone.stations.iter().map(|mac| event(interface, &format!("AP-STA-DISCONNECTED {mac}"))).collect();
        events.push(event(interface, "AP-DISABLED "));
        events.push(event(interface, "CTRL-EVENT-TERMINATING "));
        Answer { text: "OK\n".into(), events }
    }

    fn has(&self, interface: &str) -> bool {
        self.networks.iter().any(|n| n.interface == interface)
    }

    /// A station in the list of one network: nothing behind the last, `FAIL` for the one after somebody unknown.
    fn station(&self, interface: &str, which: impl Fn(&[String]) -> Option<usize>) -> String {
        let stations = self.networks.iter().find(|n| n.interface == interface).map_or(&[][..], |n| &n.stations);
        match which(stations) {
            Some(at) => stations.get(at).map_or_else(String::new, |mac| {
                format!(
                    "{mac}\nflags=[AUTH][ASSOC][AUTHORIZED][SHORT_PREAMBLE][WMM][HT]\naid={}\ncapability=0x421\n",
                    at + 1
                )
            }),
            None => "FAIL\n".into(),
        }
    }

    /// `STATUS` speaks of the radio and of every network on it, whichever of them is asked.
    fn status(&self) -> String {
        let freq = if self.channel == 0 { 0 } else { 2407 + 5 * self.channel };
        let mut text = format!(
            "state=ENABLED\nphy={}\nfreq={freq}\nnum_sta_non_erp=0\nnum_sta_no_short_slot_time=0\n\
             num_sta_no_short_preamble=0\nolbc=0\nnum_sta_ht_no_gf=0\nnum_sta_no_ht=0\nnum_sta_ht_20_mhz=0\n\
             num_sta_ht40_intolerant=0\nolbc_ht=0\nht_op_mode=0x0\ncac_time_seconds=0\n\
             cac_time_left_seconds=N/A\nchannel={}\nedmg_enable=0\nedmg_channel=0\nsecondary_channel=0\n\
             ieee80211n=1\nieee80211ac=0\nieee80211ax=0\nbeacon_int=100\ndtim_period=2\n",
            self.phy, self.channel
        );
        for (i, n) in self.networks.iter().enumerate() {
            text += &format!(
                "bss[{i}]={}\nbssid[{i}]={}\nssid[{i}]={}\nnum_sta[{i}]={}\n",
                n.interface,
                n.bssid,
                n.ssid,
                n.stations.len()
            );
        }
        text
    }

    /// A device associates; none, if the network is not there.
    pub fn join(&mut self, interface: &str) -> Option<String> {
        let mac = self.dice.mac();
        let network = self.networks.iter_mut().find(|n| n.interface == interface)?;
        network.stations.push(mac.clone());
        self.guests.push(mac.clone());
        Some(event(interface, &format!("AP-STA-CONNECTED {mac}")))
    }

    /// The device at `index` leaves; none, if it is not there.
    pub fn leave(&mut self, interface: &str, index: usize) -> Option<String> {
        let network = self.networks.iter_mut().find(|n| n.interface == interface)?;
        (index < network.stations.len()).then(|| {
            let mac = network.stations.swap_remove(index);
            event(interface, &format!("AP-STA-DISCONNECTED {mac}"))
        })
    }
}

/// An event as listeners on the global socket hear it.
fn event(interface: &str, text: &str) -> String {
    format!("IFNAME={interface} <3>{text}")
}

/// Interface and SSID of a configuration file; none where hostapd would not take it.
fn read_bss(file: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(file).ok()?;
    let (mut interface, mut ssid) = (None, None);
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, value) = line.split_once('=')?;
        // A key hostapd does not know spoils the file; every key it knows is of these letters.
        if !key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            return None;
        }
        match key {
            "interface" => interface = Some(value.to_owned()),
            "ssid" => ssid = Some(value.to_owned()),
            // Also `ssid2="…"` and `ssid2=HEX`, hostapd's way of writing any bytes.
            "ssid2" => ssid = Some(read_ssid2(value)?),
            _ => {}
        }
    }
    Some((interface?, ssid?))
}

fn read_ssid2(value: &str) -> Option<String> {
    if let Some(quoted) = value.strip_prefix('"') {
        return quoted.strip_suffix('"').map(str::to_owned);
    }
    let bytes: Option<Vec<u8>> =
        (0..value.len()).step_by(2).map(|i| u8::from_str_radix(value.get(i..i + 2)?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radio() -> Hostapd {
        Hostapd::new("phy0", 6, "wlan0", "SHIOMI-WiFi", 1)
    }

    fn prepared(dir: &Path) -> String {
        let file = dir.join("wlan0jp.conf");
        std::fs::write(&file, "interface=wlan0jp\ndriver=nl80211\nssid=00000JAPAN\nap_isolate=1\n").expect("written");
        format!("ADD bss_config=phy0:{}", file.display())
    }

    #[test]
    fn a_prepared_network_is_added_once_and_removed_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut radio, add) = (radio(), prepared(dir.path()));
        assert_eq!(radio.command(&add), Answer::ok());
        assert_eq!(radio.command(&add).text, "FAIL\n", "it is there already");
        assert_eq!(radio.command("INTERFACES").text, "wlan0\nwlan0jp\n");
        assert!(radio.join("wlan0jp").is_some_and(|e| e.starts_with("IFNAME=wlan0jp <3>AP-STA-CONNECTED ")));
        assert!(radio.command("IFNAME=wlan0jp STATUS").text.contains("ssid[1]=00000JAPAN\nnum_sta[1]=1\n"));
        let gone = radio.command("REMOVE wlan0jp");
        assert_eq!(gone.text, "OK\n");
        assert_eq!(gone.events.len(), 3, "one goodbye, then the network: {:?}", gone.events);
        assert_eq!(radio.command("REMOVE wlan0jp").text, "FAIL\n");
        assert_eq!(radio.command("IFNAME=wlan0jp STATUS").text, "FAIL-NO-IFNAME-MATCH\n");
    }

    #[test]
    fn what_hostapd_would_not_take_fails_and_harms_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut radio = radio();
        let bad = dir.path().join("bad.conf");
        std::fs::write(&bad, "interface=x\nssid=y\nnot a setting\n").expect("written");
        let other_phy = prepared(dir.path()).replace("phy0", "phy9");
        for command in [
            &format!("ADD bss_config=phy0:{}", bad.display()),
            "ADD bss_config=phy0:/nowhere",
            "ADD bss_config=phy0",
            "ADD wlan0jp",
            &other_phy,
            "STATUS",
            "NONSENSE",
            "",
        ] {
            assert_eq!(radio.command(command), Answer::fail(), "{command}");
        }
        assert_eq!(radio.command("INTERFACES").text, "wlan0\n");
    }
}
