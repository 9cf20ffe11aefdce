//! `agent.toml`: what the agent is told by file.

use crate::ap_config::ApConfig;
use crate::key::{KeySwitch, Line};

/// How often the agent counts, in seconds.
const COUNTS_INTERVAL_S: u32 = 30;

/// The agent's file. Every word in it is free of quotes, backslashes and control characters by its type, so that TOML's
/// basic strings hold it as it is.
pub(super) fn agent_toml(config: &ApConfig) -> String {
    let ApConfig {
        town,
        ap,
        facility,
        ledger,
        town_key,
        distinct_secret,
        broker,
        hostapd_socket,
        key,
        radios,
        scan,
        ..
    } = config;
    let mut text = format!(
        "# What hirake-agent is told. Written by hirake; changes are overwritten.\n\
         town = \"{town}\"\nap = \"{ap}\"\nfacility = \"{facility}\"\nledger = \"{ledger}\"\ntown-key = \"{town_key}\"\n\
         \n[broker]\nhost = \"{}\"\nport = {}\n",
        broker.host, broker.port
    );
    if let Some(file) = &broker.password_file {
        text += &format!("password-file = \"{file}\"\n");
    }
    text += &format!("\n[hostapd]\nsocket = \"{hostapd_socket}\"\n");
    text += &format!("\n[counts]\ninterval-s = {COUNTS_INTERVAL_S}\n");
    if let Some(file) = distinct_secret {
        text += &format!("distinct-secret-file = \"{file}\"\n");
    }
    if let Some(scan) = scan {
        text += &format!("\n[scan]\nevery-s = {}\nprogram = \"{}\"\n", scan.every_s, scan.program);
        if !scan.others.is_empty() {
            let others: Vec<String> = scan.others.iter().map(|channel| channel.number().to_string()).collect();
            text += &format!("other-channels = [{}]\n", others.join(", "));
        }
    }
    if let Some(key) = key {
        text += &key_table(key);
    }
    for radio in radios {
        if let Some(open) = &radio.open {
            text += &format!(
                "\n[[open]]\nphy = \"{}\"\ninterface = \"{}\"\nconfig = \"{}\"\n",
                radio.phy, open.interface, open.conf
            );
        }
    }
    text
}

/// `[key]`: left out, the AP's key switch would stand dead on the wall.
fn key_table(key: &KeySwitch) -> String {
    let lines = match key {
        KeySwitch::Panel(socket) => return format!("\n[key]\npanel = \"{socket}\"\n"),
        KeySwitch::Gpio(lines) => lines,
    };
    let line = |line: &Line| match line {
        Line::Name(name) => format!("\"{name}\""),
        Line::Offset(offset) => offset.to_string(),
    };
    let mut text = format!("\n[key]\nchip = \"{}\"\nno = {}\n", lines.chip(), line(lines.no()));
    if let Some(nc) = lines.nc() {
        text += &format!("nc = {}\n", line(nc));
    }
    text + &format!("active-low = {}\nbias = \"{}\"\n", lines.active_low(), lines.bias().as_str())
}
