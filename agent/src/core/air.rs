//! What hostapd says is on the air, and how one prepared network stands in it.

use firmware_config::ssid::UNIFIED_SSID;
use firmware_config::wire::Network;

/// One look: everything hostapd says is there now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Air {
    /// Every network, in hostapd's order.
    pub seen: Vec<Seen>,
}

/// One network and the state of the radio it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The network.
    pub network: Network,
    /// What its radio is doing.
    pub radio: RadioState,
    /// The radio, such as `phy0`; empty where hostapd does not say.
    pub phy: String,
    /// Where the radio is tuned to; 0 where hostapd does not say.
    pub mhz: u32,
}

/// The `state=` of hostapd's `STATUS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RadioState {
    /// It beacons.
    Enabled,
    /// It will beacon when hostapd is ready (`DFS`, `ACS`, `COUNTRY_UPDATE`, `HT_SCAN`): waiting is all one can do.
    Preparing(String),
    /// It does not beacon and nothing says that it will (`DISABLED`, `UNINITIALIZED`, or a word we do not know).
    Off(String),
}

/// How one prepared network stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has been able to look.
    Unknown,
    /// hostapd does not know it.
    Absent,
    /// It beacons under the right name.
    OnAir,
    /// It is there and will beacon when the radio is ready; the reason.
    Preparing(String),
    /// It is there and is no use as it is; the reason.
    Useless(String),
}

impl Air {
    /// How the prepared network `interface` stands.
    #[must_use]
    pub fn standing(&self, interface: &str) -> Standing {
        let Some(seen) = self.seen.iter().find(|seen| seen.network.interface == interface) else {
            return Standing::Absent;
        };
        if seen.network.ssid != UNIFIED_SSID {
            return Standing::Useless(format!(
                "{interface} is called \"{}\", not {UNIFIED_SSID}: its prepared file is wrong",
                seen.network.ssid
            ));
        }
        match &seen.radio {
            RadioState::Enabled => Standing::OnAir,
            RadioState::Preparing(state) => {
                let meaning = if state == "DFS" { ": it listens for radar first, for a minute" } else { "" };
                Standing::Preparing(format!("radio of {interface} is in state {state}{meaning}"))
            }
            RadioState::Off(state) => Standing::Useless(format!("radio of {interface} is in state {state}")),
        }
    }

    /// The networks that beacon.
    pub fn on_air(&self) -> impl Iterator<Item = &Network> {
        self.seen.iter().filter(|seen| seen.radio == RadioState::Enabled).map(|seen| &seen.network)
    }
}
