//! `hostapd.conf` for the town's own networks, and the prepared file of `00000JAPAN` (hostapd 2.10 and later).
//!
//! Left out on purpose: `proxy_arp` and what leans on it. It turns on hairpin mode at the bridge port, which lets
//! frames between two devices back out where they came in unless a firewall stops them, and a bridge that lacks one of
//! its four settings makes `ADD` fail. Nothing that can fail belongs into the file of the flip.
//! `ap_isolate` works within one radio; where two radios share a bridge, its ports have to be isolated as well.

use crate::ap_config::{ApConfig, OpenNetwork, Radio, Security, TownNetwork};
use crate::channel::Band;
use crate::interface::InterfaceName;
use crate::ssid::Ssid;

/// hostapd's log levels run from 0 (all) to 4 (warnings). Anything below 4 writes down the address of every device that
/// joins; such an address never reaches a log.
const LOG_WARNINGS_ONLY: &str = "logger_syslog_level=4\nlogger_stdout_level=4\n";

/// Operating class of a 20 MHz channel in the 6 GHz band (IEEE 802.11ax, table E-4): how hostapd tells the band.
const OP_CLASS_6_GHZ: u8 = 131;

/// The file hostapd is started with: the radio and the town's own networks, the first as the radio's first BSS.
pub(super) fn town_networks(config: &ApConfig, radio: &Radio) -> String {
    let mut text = String::from("# The town's own networks. Written by hirake; changes are overwritten.\n");
    for (n, network) in radio.networks.iter().enumerate() {
        if n == 0 {
            text += &format!("interface={}\ndriver=nl80211\n", network.interface);
            text += &radio_settings(radio);
        } else {
            text += &format!("\nbss={}\n", network.interface);
        }
        text += &bss_settings(config, &network.ssid, network.bridge.as_ref(), network.client_isolation);
        text += &security(network);
    }
    text
}

/// The file of `ADD bss_config=`: a whole configuration, its radio settings those of the radio's first BSS.
pub(super) fn open_network(config: &ApConfig, radio: &Radio, open: &OpenNetwork) -> String {
    format!(
        "# The unified disaster network. Not started with hostapd: the agent adds it. Written by hirake.\n\
         interface={}\ndriver=nl80211\n{}{}auth_algs=1\nwpa=0\n",
        open.interface,
        radio_settings(radio),
        bss_settings(config, &Ssid::unified(), open.bridge.as_ref(), true),
    )
}

fn radio_settings(radio: &Radio) -> String {
    let channel = radio.channel;
    let mut text = format!(
        "hw_mode={}\nchannel={}\ncountry_code={}\nieee80211d=1\nbeacon_int={}\nwmm_enabled=1\n",
        channel.hw_mode(),
        channel.number(),
        radio.country,
        radio.beacon_interval
    );
    if channel.needs_dfs() {
        text += "ieee80211h=1\n";
    }
    text += &match channel.band() {
        Band::Ghz2 => "ieee80211n=1\n".to_owned(),
        Band::Ghz5 => "ieee80211n=1\nieee80211ac=1\n".to_owned(),
        Band::Ghz6 => format!("ieee80211ax=1\nop_class={OP_CLASS_6_GHZ}\n"),
    };
    text
}

fn bss_settings(config: &ApConfig, ssid: &Ssid, bridge: Option<&InterfaceName>, isolation: bool) -> String {
    let mut text = format!("ctrl_interface={}\n{LOG_WARNINGS_ONLY}", config.hostapd_control_dir);
    text += &match ssid.text() {
        Some(plain) if ssid.is_plain() => format!("ssid={plain}\n"),
        Some(_) => format!("ssid2={}\nutf8_ssid=1\n", ssid.hex()),
        None => format!("ssid2={}\n", ssid.hex()),
    };
    if let Some(bridge) = bridge {
        text += &format!("bridge={bridge}\n");
    }
    text + if isolation { "ap_isolate=1\n" } else { "ap_isolate=0\n" }
}

fn security(network: &TownNetwork) -> String {
    let (settings, passphrase) = match &network.security {
        Security::Open => return "auth_algs=1\nwpa=0\n".to_owned(),
        Security::Wpa2(passphrase) => ("wpa_key_mgmt=WPA-PSK\n", passphrase),
        // Protected management frames are for those who can; SAE always can (WPA3 specification, 2.3).
        Security::Wpa2Wpa3(passphrase) => {
            ("wpa_key_mgmt=WPA-PSK SAE\nieee80211w=1\nsae_require_mfp=1\nsae_pwe=2\n", passphrase)
        }
        // sae_pwe=2: hash-to-element, which 6 GHz demands, beside the older way that older phones know.
        Security::Wpa3(passphrase) => ("wpa_key_mgmt=SAE\nieee80211w=2\nsae_pwe=2\n", passphrase),
    };
    format!("auth_algs=1\nwpa=2\nrsn_pairwise=CCMP\n{settings}{}", passphrase.hostapd_line())
}
