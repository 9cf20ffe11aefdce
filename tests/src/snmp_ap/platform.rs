//! Platforms: what each shows of its state, and what each lets a SET do, as its maker's MIB says; pure.

use std::time::{Duration, Instant};

use hirake_snmp::oid::Oid;
use hirake_snmp::trouble::Status;
use hirake_snmp::value::{Sheet, Value, VarBind};

use super::state::{Keeps, State};

mod cisco;
mod linux;
mod routeros;
mod ruckus;
mod watched;

/// The prepared network.
pub const OPEN_SSID: &str = "00000JAPAN";
/// The town's own.
pub const TOWN_SSID: &str = crate::inventory::EVERYDAY_SSID;

/// A make of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Shows its walk and has no switch: one of thousands.
    Plain,
    /// Linux with net-snmp: `ifAdminStatus` of a prepared VAP. Nothing is kept through a reboot.
    OpenWrt,
    /// Cisco WLAN controller, AireOS: `bsnDot11EssAdminStatus` 0/1, `agentSaveConfig`.
    Aireos,
    /// Ruckus AP that stands alone: `ruckusWLANAdminStatus` 1/2.
    ZoneFlex,
    /// Ruckus ZoneDirector: a row binds a WLAN to a group of APs; createAndGo and destroy only.
    ZoneDirector,
    /// Cisco Aironet, autonomous IOS: a row named by the SSID binds it to a radio; saved by a copy job.
    Aironet,
    /// MikroTik: a script prepared by the operator is run.
    RouterOs,
    /// Aruba Instant: read-only.
    ArubaInstant,
    /// Ubiquiti UniFi: read-only.
    UniFi,
}

/// What a varbind of a SET does when all of them are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing that shows: a value that is the same already.
    Nothing,
    /// Turns the switch of a row.
    Turn(u32, bool),
    /// Turns every switch.
    TurnAll(bool),
    /// Saves.
    Save,
    /// ccCopySourceFileType of a row.
    CopyFrom(u32, i32),
    /// ccCopyDestFileType of a row.
    CopyTo(u32, i32),
    /// Starts the copy of a row.
    CopyGo(u32),
    /// Forgets the row.
    CopyDestroy(u32),
    /// Reboots.
    Reboot,
}

impl Platform {
    /// Rows of its switches.
    #[must_use]
    pub fn rows(self) -> &'static [u32] {
        match self {
            Self::Plain => &[],
            Self::OpenWrt => &[linux::JAPAN],
            Self::Aireos => &[cisco::WLAN_JAPAN],
            Self::ZoneFlex => &ruckus::FLEX_JAPAN,
            Self::ZoneDirector => &[ruckus::WLAN_JAPAN],
            Self::Aironet => &cisco::RADIOS,
            Self::RouterOs => &[routeros::JAPAN],
            Self::ArubaInstant | Self::UniFi => &[0],
        }
    }

    /// What it keeps through a reboot.
    #[must_use]
    pub fn keeps(self) -> Keeps {
        match self {
            Self::OpenWrt => Keeps::Nothing,
            Self::Aireos | Self::Aironet => Keeps::WhenSaved,
            _ => Keeps::AtOnce,
        }
    }

    /// Whether it is a WLAN controller that speaks for other APs.
    #[must_use]
    pub fn speaks_for_many(self) -> bool {
        matches!(self, Self::Aireos | Self::ZoneDirector | Self::ArubaInstant)
    }

    /// Objects that are answered by name and not met on a walk.
    #[must_use]
    pub fn hidden(self) -> Vec<Oid> {
        if self == Self::RouterOs { vec![at(routeros::SCRIPT_OUTPUT, &[])] } else { Vec::new() }
    }

    /// What merely reading `oid` does. There are such objects.
    #[must_use]
    pub fn on_read(self, oid: &Oid) -> Option<Change> {
        if self == Self::RouterOs { routeros::on_read(oid) } else { None }
    }

    /// What it shows now.
    #[must_use]
    pub fn show(self, name: &str, state: &State, now: Instant) -> Sheet {
        let mut sheet = Sheet::new();
        system(&mut sheet, self, name, state, now);
        match self {
            Self::Plain => {}
            Self::OpenWrt => linux::show(&mut sheet, state),
            Self::Aireos => cisco::show_aireos(&mut sheet, state),
            Self::ZoneFlex => ruckus::show_flex(&mut sheet, state),
            Self::ZoneDirector => ruckus::show_director(&mut sheet, state),
            Self::Aironet => cisco::show_aironet(&mut sheet, state),
            Self::RouterOs => routeros::show(&mut sheet, state),
            Self::ArubaInstant => watched::show_instant(&mut sheet, state),
            Self::UniFi => watched::show_unifi(&mut sheet, state),
        }
        sheet
    }

    /// The first phase of a SET: what `bind`, one of `all`, would do.
    ///
    /// # Errors
    /// What the device refuses it with.
    pub fn test(self, state: &State, shown: &Sheet, bind: &VarBind, all: &[VarBind]) -> Result<Change, Status> {
        let allowed = match self {
            Self::OpenWrt => linux::test(bind),
            Self::Aireos => cisco::test_aireos(bind),
            Self::ZoneFlex => ruckus::test_flex(bind),
            Self::ZoneDirector => ruckus::test_director(state, bind),
            Self::Aironet => cisco::test_aironet(state, bind, all),
            Self::RouterOs => routeros::test(bind),
            Self::Plain | Self::ArubaInstant | Self::UniFi => None,
        };
        allowed.unwrap_or_else(|| {
            Err(if shown.contains_key(&bind.oid) { Status::NotWritable } else { Status::NoCreation })
        })
    }
}

impl Change {
    /// The second phase of a SET.
    pub fn commit(self, state: &mut State, now: Instant, copy_takes: Duration) {
        match self {
            Self::Nothing | Self::Reboot => {}
            Self::Turn(row, on) => state.turn(row, on, now),
            Self::TurnAll(on) => state.turn_all(on, now),
            Self::Save => state.save(),
            Self::CopyFrom(row, from) => state.copying.entry(row).or_default().from = from,
            Self::CopyTo(row, to) => state.copying.entry(row).or_default().to = to,
            Self::CopyGo(row) => state.copying.entry(row).or_default().done_at = Some(now + copy_takes),
            Self::CopyDestroy(row) => drop(state.copying.remove(&row)),
        }
    }
}

/// A name: a root and an index.
fn at(root: &str, index: &[u32]) -> Oid {
    root.parse::<Oid>().and_then(|root| root.with(index)).expect("written in this program")
}

fn text(text: &str) -> Value {
    Value::Octets(text.as_bytes().to_vec())
}

fn count(number: u32) -> Value {
    Value::Counter32(number)
}

/// An enumeration's number for yes or no.
fn either(is: bool, yes: i32, no: i32) -> Value {
    Value::Integer(if is { yes } else { no })
}

fn arcs(octets: &[u8]) -> Vec<u32> {
    octets.iter().map(|&octet| octet.into()).collect()
}

/// The index below a column, where `oid` is one of its instances.
fn index(oid: &Oid, column: &str) -> Option<Vec<u32>> {
    oid.below(&at(column, &[])).filter(|index| !index.is_empty()).map(<[u32]>::to_vec)
}

/// An INTEGER out of these.
fn one_of(value: &Value, allowed: &[i32]) -> Result<i32, Status> {
    match value {
        Value::Integer(number) if allowed.contains(number) => Ok(*number),
        Value::Integer(_) => Err(Status::WrongValue),
        _ => Err(Status::WrongType),
    }
}

/// SNMPv2-MIB system and the engine's own account of itself.
fn system(sheet: &mut Sheet, platform: Platform, name: &str, state: &State, now: Instant) {
    let up = now.saturating_duration_since(state.started);
    let ticks = u32::try_from(up.as_millis() / 10 % (1 << 32)).unwrap_or(0);
    sheet.insert(at("1.3.6.1.2.1.1.3.0", &[]), Value::TimeTicks(ticks));
    let (id, described) = match platform {
        Platform::Plain => return,
        Platform::OpenWrt => ("1.3.6.1.4.1.8072.3.2.10", "Linux OpenWrt 5.15.167 #0 SMP mips"),
        Platform::Aireos => ("1.3.6.1.4.1.9.1.1069", "Cisco Controller"),
        Platform::ZoneFlex => ("1.3.6.1.4.1.25053.3.1.4.40", "Ruckus Wireless Inc 7372"),
        Platform::ZoneDirector => ("1.3.6.1.4.1.25053.3.1.5.15", "Ruckus Wireless ZD1200"),
        Platform::Aironet => {
            ("1.3.6.1.4.1.9.1.1034", "Cisco IOS Software, C1260 Software (AP3G1-K9W7-M), Version 15.3(3)JD17")
        }
        Platform::RouterOs => ("1.3.6.1.4.1.14988.1", "RouterOS RB952Ui-5ac2nD"),
        Platform::ArubaInstant => ("1.3.6.1.4.1.14823.1.2.111", "ArubaOS (MODEL: 325), Version 8.6.0.9-8.6.0.9"),
        Platform::UniFi => ("1.3.6.1.4.1.41112", "UAP-AC-Pro-Gen2 6.5.55.14277"),
    };
    sheet.insert(at("1.3.6.1.2.1.1.1.0", &[]), text(described));
    sheet.insert(at("1.3.6.1.2.1.1.2.0", &[]), Value::Oid(at(id, &[])));
    for (arc, words) in [(4, "soumu"), (5, name), (6, "Shiomi")] {
        sheet.insert(at("1.3.6.1.2.1.1", &[arc, 0]), text(words));
    }
    let boots = i32::try_from(state.boots).unwrap_or(i32::MAX);
    sheet.insert(at("1.3.6.1.6.3.10.2.1.2.0", &[]), Value::Integer(boots));
    sheet.insert(at("1.3.6.1.6.3.10.2.1.3.0", &[]), Value::Integer(i32::try_from(up.as_secs()).unwrap_or(i32::MAX)));
}

/// One row of IF-MIB's tables: ifType 71 is ieee80211.
struct Interface<'a> {
    row: u32,
    name: &'a str,
    /// ifAlias: what the operator calls it.
    alias: &'a str,
    kind: i32,
    mac: Option<[u8; 6]>,
    admin: bool,
    up: bool,
    octets: u64,
}

fn interface(sheet: &mut Sheet, i: &Interface<'_>) {
    let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.2.1.2.2.1", &[column, i.row]), value);
    let short = u32::try_from(i.octets % (1 << 32)).unwrap_or(0);
    put(1, Value::Integer(i32::try_from(i.row).unwrap_or(i32::MAX)));
    put(2, text(i.name));
    put(3, Value::Integer(i.kind));
    put(4, Value::Integer(1500));
    put(6, Value::Octets(i.mac.map_or_else(Vec::new, |mac| mac.to_vec())));
    put(7, either(i.admin, 1, 2));
    put(8, either(i.up, 1, 2));
    put(10, Value::Counter32(short));
    put(16, Value::Counter32(short));
    let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.2.1.31.1.1.1", &[column, i.row]), value);
    put(1, text(i.name));
    put(6, Value::Counter64(i.octets));
    put(10, Value::Counter64(2 * i.octets));
    put(18, text(i.alias));
}
