//! What one reading shows of `00000JAPAN`: of the device as a whole, and of each access point it speaks for.

use std::collections::{HashMap, HashSet};

use firmware_config::ssid::UNIFIED_SSID;
use firmware_config::wire::{Network, NetworkCounts};

use crate::readings::{Bss, ManagedAp, Readings};

/// Whether `00000JAPAN` is on the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Air {
    /// In every place it has.
    Open,
    /// In none.
    Closed,
    /// In some.
    Partly {
        /// In so many…
        up: usize,
        /// …of so many.
        of: usize,
    },
    /// Nobody can say; why.
    Unknown(String),
}

impl Air {
    /// Whether it is as wanted.
    #[must_use]
    pub fn is(&self, open: bool) -> bool {
        *self == if open { Self::Open } else { Self::Closed }
    }

    /// Whether anything is on the air.
    ///
    /// # Errors
    /// Nobody can say; why.
    pub fn any(&self) -> Result<bool, String> {
        match self {
            Self::Open | Self::Partly { .. } => Ok(true),
            Self::Closed => Ok(false),
            Self::Unknown(why) => Err(why.clone()),
        }
    }

    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Open => format!("{UNIFIED_SSID} is on the air"),
            Self::Closed => format!("{UNIFIED_SSID} is not on the air"),
            Self::Partly { up, of } => format!("{UNIFIED_SSID} is on the air in {up} of {of} places"),
            Self::Unknown(why) => format!("whether {UNIFIED_SSID} is on the air cannot be seen: {why}"),
        }
    }
}

/// What one reading shows of one access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApSeen {
    /// Its controller's word on it.
    pub listed: Listed,
    /// Of `00000JAPAN`.
    pub air: Air,
    /// Every network on the air; stations are 0 where the device does not say.
    pub networks: Vec<Network>,
    /// Those whose stations are known, or one row without a name where only the AP's sum is.
    pub counts: Vec<NetworkCounts>,
    /// Stations on the AP, where the device says.
    pub stations: Option<u32>,
}

/// What a WLAN controller says of an access point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// It is there; or the device is the AP.
    There,
    /// It is known and not connected.
    Gone,
    /// It is not in the list.
    Missing,
}

/// Whether it is listed as on the air. A network of the town's own whose device does not say is; of ours nothing is taken
/// for granted.
fn on_air(bss: &Bss) -> bool {
    bss.up.unwrap_or(!is_ours(bss))
}

fn is_ours(bss: &Bss) -> bool {
    bss.ssid == UNIFIED_SSID.as_bytes()
}

fn air<'a>(rows: impl Iterator<Item = &'a Bss>) -> Air {
    let (mut up, mut of, mut unsaid) = (0, 0, None);
    for bss in rows {
        of += 1;
        up += usize::from(bss.up == Some(true));
        unsaid = unsaid.or(bss.up.is_none().then_some(bss));
    }
    match (up, of) {
        (0, _) => match unsaid {
            Some(bss) => Air::Unknown(format!("the device does not say it of row {}", bss.row)),
            None => Air::Closed,
        },
        (up, of) if up == of => Air::Open,
        (up, of) => Air::Partly { up, of },
    }
}

/// Whether a poll seems to have broken off before it reached our network's row: something was wrong with it, and the row
/// that was there before is not.
#[must_use]
pub fn is_torn(before: &Readings, now: &Readings, faults: &[String]) -> bool {
    let listed = |readings: &Readings| readings.networks.iter().any(is_ours);
    !faults.is_empty() && listed(before) && !listed(now)
}

/// Of the device as a whole. `faults`: what was wrong with the poll.
#[must_use]
pub fn of_device(readings: &Readings, faults: &[String]) -> Air {
    if readings.networks.is_empty()
        && let Some(fault) = faults.first().or(readings.faults.first())
    {
        return Air::Unknown(fault.clone());
    }
    // Where a network has a row of its own, that is the lever; the rows of single APs come and go with them.
    let ours = || readings.networks.iter().filter(|bss| is_ours(bss));
    if ours().any(|bss| bss.ap.is_none()) {
        return air(ours().filter(|bss| bss.ap.is_none()));
    }
    let away: HashSet<String> =
        readings.aps.iter().filter(|ap| ap.up == Some(false)).map(|ap| plain(&ap.key)).collect();
    let is_away = |bss: &Bss| bss.up != Some(true) && bss.ap.as_ref().is_some_and(|key| away.contains(&plain(key)));
    air(ours().filter(|bss| !is_away(bss)))
}

/// A reading, sorted by access point: a controller of 1,000 APs is read once, not once for each.
pub struct Behind<'a> {
    readings: &'a Readings,
    device: &'a Air,
    /// By key, and by name where no other has it as a key.
    aps: HashMap<String, &'a ManagedAp>,
    /// By the AP's key.
    networks: HashMap<String, Vec<&'a Bss>>,
    /// Those that are all APs'.
    shared: Vec<&'a Bss>,
}

impl<'a> Behind<'a> {
    /// `device`: what [`of_device`] said.
    #[must_use]
    pub fn of(readings: &'a Readings, device: &'a Air) -> Self {
        let mut aps: HashMap<String, &ManagedAp> = readings.aps.iter().map(|ap| (plain(&ap.key), ap)).collect();
        for ap in readings.aps.iter().filter(|ap| !ap.name.is_empty()) {
            aps.entry(plain(&ap.name)).or_insert(ap);
        }
        let (mut networks, mut shared) = (HashMap::<String, Vec<&Bss>>::new(), Vec::new());
        for bss in &readings.networks {
            match &bss.ap {
                Some(key) => networks.entry(plain(key)).or_default().push(bss),
                None => shared.push(bss),
            }
        }
        Self { readings, device, aps, networks, shared }
    }

    /// Of the access point `key`; none: the device is the AP.
    #[must_use]
    pub fn ap(&self, key: Option<&str>) -> ApSeen {
        let Some(key) = key else { return self.itself() };
        let managed = self.aps.get(&plain(key)).copied();
        let own = self.networks.get(&managed.map_or_else(|| plain(key), |managed| plain(&managed.key)));
        let listed = match managed {
            Some(ManagedAp { up: Some(false), .. }) => Listed::Gone,
            // A controller that lists no APs at all may list their networks.
            None if !self.aps.is_empty() || own.is_none() => Listed::Missing,
            _ => Listed::There,
        };
        let here = || self.shared.iter().chain(own.into_iter().flatten()).copied();
        let air = match self.device {
            Air::Unknown(why) => Air::Unknown(why.clone()),
            _ => air(here().filter(|bss| is_ours(bss))),
        };
        // A network that is all APs' counts the stations of all APs.
        let stations = |bss: &Bss| bss.stations.filter(|_| bss.ap.is_some());
        let up: Vec<(&Bss, Option<u32>)> = here().filter(|bss| on_air(bss)).map(|bss| (bss, stations(bss))).collect();
        seen(listed, air, &up, managed.and_then(|managed| managed.stations))
    }

    fn itself(&self) -> ApSeen {
        let up: Vec<(&Bss, Option<u32>)> =
            self.readings.networks.iter().filter(|bss| on_air(bss)).map(|bss| (bss, bss.stations)).collect();
        let radios = sum(self.readings.radios.iter().map(|radio| radio.stations));
        seen(Listed::There, self.device.clone(), &up, radios)
    }
}

fn seen(listed: Listed, air: Air, up: &[(&Bss, Option<u32>)], total: Option<u32>) -> ApSeen {
    let network = |(bss, stations): &(&Bss, Option<u32>)| Network {
        interface: bss.row.clone(),
        ssid: Readings::show_ssid(&bss.ssid),
        bssid: bss.bssid.clone(),
        channel: bss.channel,
        stations: stations.unwrap_or(0),
    };
    let row = |(bss, stations): &(&Bss, Option<u32>)| {
        Some(NetworkCounts {
            interface: bss.row.clone(),
            ssid: Readings::show_ssid(&bss.ssid),
            stations: (*stations)?,
            joins: 0,
            leaves: 0,
            so_far: None,
        })
    };
    let mut counts: Vec<NetworkCounts> = up.iter().filter_map(row).collect();
    if counts.is_empty()
        && let Some(stations) = total
    {
        counts.push(NetworkCounts {
            interface: String::new(),
            ssid: String::new(),
            stations,
            joins: 0,
            leaves: 0,
            so_far: None,
        });
    }
    let stations = total.or_else(|| sum(up.iter().map(|(_, stations)| *stations)));
    ApSeen { listed, air, networks: up.iter().map(network).collect(), counts, stations }
}

/// The sum of one or more, all of them known.
fn sum(figures: impl Iterator<Item = Option<u32>>) -> Option<u32> {
    let mut figures = figures.peekable();
    figures.peek()?;
    figures.try_fold(0_u32, |sum, figure| Some(sum.saturating_add(figure?)))
}

/// A key or name as it is compared: MAC addresses are written in many ways, other words in one, give or take the case.
fn plain(text: &str) -> String {
    let digits = || text.bytes().filter(|byte| !matches!(byte, b':' | b'-' | b'.'));
    if digits().count() == 12 && digits().all(|byte| byte.is_ascii_hexdigit()) {
        return digits().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    text.to_lowercase()
}
