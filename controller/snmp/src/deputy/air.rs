//! What one reading shows of `00000JAPAN`: of the device as a whole, and of each access point it speaks for.

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

    /// Whether anything is on the air, where that is known.
    #[must_use]
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

fn on_air(bss: &Bss) -> bool {
    bss.up != Some(false)
}

fn is_ours(bss: &Bss) -> bool {
    bss.ssid == UNIFIED_SSID.as_bytes()
}

fn air<'a>(rows: impl Iterator<Item = &'a Bss>) -> Air {
    let (mut up, mut of) = (0, 0);
    for bss in rows {
        of += 1;
        up += usize::from(on_air(bss));
    }
    match (up, of) {
        (0, _) => Air::Closed,
        (up, of) if up == of => Air::Open,
        (up, of) => Air::Partly { up, of },
    }
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
    let is_away = |bss: &&Bss| {
        let managed = bss.ap.as_deref().and_then(|key| find(&readings.aps, key));
        managed.is_some_and(|managed| managed.up == Some(false)) && !on_air(bss)
    };
    air(ours().filter(|bss| !is_away(bss)))
}

/// Of the access point `key` (none: the device is the AP). `device`: what [`of_device`] said.
#[must_use]
pub fn of_ap(readings: &Readings, key: Option<&str>, device: &Air) -> ApSeen {
    let Some(key) = key else { return of_itself(readings, device) };
    let managed = find(&readings.aps, key);
    let key = managed.map_or(key, |managed| &managed.key);
    let here = |bss: &&Bss| bss.ap.as_deref().is_none_or(|ap| same(ap, key));
    let listed = match managed {
        Some(ManagedAp { up: Some(false), .. }) => Listed::Gone,
        None if !readings.aps.is_empty() => Listed::Missing,
        // A controller that lists no APs at all may list their networks.
        None if !readings.networks.iter().any(|bss| bss.ap.as_deref().is_some_and(|ap| same(ap, key))) => {
            Listed::Missing
        }
        _ => Listed::There,
    };
    let air = match device {
        Air::Unknown(why) => Air::Unknown(why.clone()),
        _ => air(readings.networks.iter().filter(|bss| is_ours(bss)).filter(here)),
    };
    let up: Vec<&Bss> = readings.networks.iter().filter(here).filter(|bss| on_air(bss)).collect();
    // A network that is all APs' counts the stations of all APs.
    let known: Vec<(&Bss, Option<u32>)> =
        up.iter().map(|bss| (*bss, bss.stations.filter(|_| bss.ap.is_some()))).collect();
    seen(listed, air, &known, managed.and_then(|managed| managed.stations))
}

fn of_itself(readings: &Readings, device: &Air) -> ApSeen {
    let up: Vec<(&Bss, Option<u32>)> =
        readings.networks.iter().filter(|bss| on_air(bss)).map(|bss| (bss, bss.stations)).collect();
    let radios = sum(readings.radios.iter().map(|radio| radio.stations));
    seen(Listed::There, device.clone(), &up, radios)
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
        })
    };
    let mut counts: Vec<NetworkCounts> = up.iter().filter_map(row).collect();
    if counts.is_empty()
        && let Some(stations) = total
    {
        counts.push(NetworkCounts { interface: String::new(), ssid: String::new(), stations, joins: 0, leaves: 0 });
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

/// The AP of this key or name.
fn find<'a>(aps: &'a [ManagedAp], key: &str) -> Option<&'a ManagedAp> {
    aps.iter().find(|ap| same(&ap.key, key)).or_else(|| aps.iter().find(|ap| ap.name.eq_ignore_ascii_case(key)))
}

/// MAC addresses are written in many ways; other keys in one, give or take the case.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || match (mac(one), mac(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
}

fn mac(text: &str) -> Option<[u8; 12]> {
    let mut digits = text.bytes().filter(|byte| !matches!(byte, b':' | b'-' | b'.'));
    let mut mac = [0; 12];
    for digit in &mut mac {
        *digit = digits.next().filter(u8::is_ascii_hexdigit)?.to_ascii_lowercase();
    }
    digits.next().is_none().then_some(mac)
}
