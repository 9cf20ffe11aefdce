//! What an access point's radios hear of others, how its `iw` behaves, and what must not be asked of them.

use std::collections::BTreeMap;
use std::time::Duration;

use firmware_config::channel::{Band, Channel};
use firmware_config::wire::{AirName, Heard, SIGHTINGS_MAX};
use hirake_agent::core::air::{Air, RadioState};
use hirake_agent::core::listen::{Deaf, Manner, RARELY, Scan};

/// How listening goes at an access point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ear {
    /// It hears what is there.
    Hears,
    /// The driver cannot listen while it beacons.
    CannotListen,
    /// There is no `iw`.
    NoProgram,
    /// The radio is at something else.
    Busy,
    /// The scan has no end.
    Endless,
    /// It tells more than anybody asked for, and none of it is there.
    NeverStops,
}

/// So long the shell waits for a scan.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);

impl Ear {
    /// What comes of a scan that would hear `there` and take so long, and when it comes.
    pub fn listens(self, there: Vec<Heard>, takes: Duration) -> (Result<Vec<Heard>, Deaf>, Duration) {
        match self {
            Self::Hears => (Ok(there), takes),
            Self::CannotListen => (Err(Deaf::Unsupported), takes),
            Self::NoProgram => (Err(Deaf::NoProgram("iw: no such file".to_owned())), Duration::from_millis(1)),
            Self::Busy => (Err(Deaf::Busy), takes),
            Self::Endless => (Err(Deaf::Timeout), GIVEN_UP_AFTER),
            Self::NeverStops => (Ok((0..3 * SIGHTINGS_MAX).map(invented).collect()), takes),
        }
    }
}

/// A network that is nowhere.
fn invented(n: usize) -> Heard {
    Heard {
        ssid: AirName::new(b"0000JAPAN").expect("short enough"),
        bssid: format!("0e:00:00:00:{:02x}:{:02x}", n / 256, n % 256).parse().expect("an address"),
        channel: 1,
        signal_dbm: -40,
        age_ms: 0,
    }
}

/// A network of ours as another of ours hears it.
#[must_use]
pub fn heard(bssid: &str, mhz: u32, age_ms: u64) -> Heard {
    Heard {
        ssid: AirName::new(b"00000JAPAN").expect("short enough"),
        bssid: bssid.parse().expect("an address"),
        channel: Channel::at_mhz(mhz).map_or(0, |channel| channel.number().into()),
        signal_dbm: -60,
        age_ms,
    }
}

/// How agents listen in this town: oftener than in any real one, so that a history sees much of it.
#[must_use]
pub fn manner() -> Manner {
    let others = [(Band::Ghz2, 1), (Band::Ghz2, 11), (Band::Ghz5, 40), (Band::Ghz5, 44)];
    let others = others.iter().map(|(band, number)| Channel::new(*band, *number).expect("there is one"));
    Manner { every: Duration::from_secs(120), others: others.collect() }
}

/// The bystander at one access point: who is on its radios, and what they are asked.
#[derive(Debug)]
pub struct Listening {
    /// How it goes from now on.
    pub ear: Ear,
    /// What hostapd said last.
    looked: Option<Air>,
    /// The radio that listens now.
    scanning: Option<String>,
    /// Radios that said that they cannot: they are to be left alone until then.
    rests: BTreeMap<String, Duration>,
}

impl Default for Listening {
    fn default() -> Self {
        Self { ear: Ear::Hears, looked: None, scanning: None, rests: BTreeMap::new() }
    }
}

impl Listening {
    /// hostapd says what there is.
    pub fn looked(&mut self, air: &Air) {
        self.looked = Some(air.clone());
    }

    /// A scan is asked for. `open`: the agent has been told to be open.
    ///
    /// # Errors
    /// It must not be, in words.
    pub fn begins(&mut self, scan: &Scan, open: bool, time: Duration) -> Result<(), String> {
        let seen = &self.looked.as_ref().ok_or("before anybody knew what there is")?.seen;
        let asked = seen.iter().find(|it| it.network.interface == scan.interface).ok_or("of a network that is not")?;
        let here = || seen.iter().filter(|it| it.phy == asked.phy);
        if let Some(other) = self.scanning.replace(asked.phy.clone()) {
            return Err(format!("while {other} listens"));
        }
        if seen.iter().any(|it| it.radio != RadioState::Enabled) {
            return Err("while a radio waits for radar".to_owned());
        }
        if scan.mhz.first() != Some(&asked.mhz) || Channel::at_mhz(asked.mhz).is_none_or(Channel::needs_dfs) {
            return Err(format!("on {} MHz, working on {}", scan.mhz.first().unwrap_or(&0), asked.mhz));
        }
        let somebody = here().any(|it| it.network.stations > 0);
        let on_air = seen.iter().any(|it| it.network.ssid == "00000JAPAN");
        if scan.mhz.len() > 1 && (somebody || on_air || open) {
            return Err(format!("elsewhere, with people on it ({somebody}) or open ({})", on_air || open));
        }
        match self.rests.get(&asked.phy) {
            Some(until) if time < *until => Err(format!("of {}, which cannot", asked.phy)),
            _ => Ok(()),
        }
    }

    /// Its answer is there.
    pub fn ended(&mut self, result: &Result<Vec<Heard>, Deaf>, time: Duration) {
        let Some(phy) = self.scanning.take() else { return };
        if matches!(result, Err(Deaf::Unsupported | Deaf::NoProgram(_))) {
            self.rests.insert(phy, time + RARELY);
        }
    }

    /// Power goes; the agent begins anew, and knows of no radio that it cannot.
    pub fn power_off(&mut self) {
        *self = Self { ear: self.ear, ..Self::default() };
    }
}
