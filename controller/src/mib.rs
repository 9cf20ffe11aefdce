//! What the town's own monitoring reads of us over SNMP: the town at one moment as names and values (`docs/mib/HIRAKE-MIB.txt`).
//!
//! Pure, but for `monitoring`, which answers and tells. `notices` knows what is news, `letters` what is written of it.

mod letters;
pub mod monitoring;
pub mod notices;
#[cfg(test)]
mod tests;

use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;
use hirake_snmp::oid::Oid;
use hirake_snmp::value::{Sheet, Value};

use crate::api::times;
use crate::core::key::{KeyFault, KeyPosition};
use crate::core::view::{ApView, FacilityView, Standing, Totals, Witnessed};
use crate::core::{Inventory, TownView};

/// `hirake`: a child of net-snmp's arc for experiments until a number is registered; the MIB says so too.
const ROOT: [u32; 10] = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 119];
/// The system group (RFC 3418); its sysUpTime is added where the sheet is served.
const SYSTEM: [u32; 7] = [1, 3, 6, 1, 2, 1, 1];
/// sysServices of a program that only has the application layer: 2⁽⁷⁻¹⁾.
const APPLICATION: i32 = 64;
/// Longest SnmpAdminString in octets (RFC 3411 §5).
const WORDS_MAX: usize = 255;
/// Year 0, the first of January: "there is none", in a type that has no word for it.
const NO_TIME: [u8; 8] = [0, 0, 1, 1, 0, 0, 0, 0];

const TOWN: [u32; 2] = [1, 1];
const KEY: [u32; 2] = [1, 2];
const LINES: [u32; 2] = [1, 3];
const SUMS: [u32; 2] = [1, 4];
const FACILITIES: [u32; 3] = [1, 5, 1];
const APS: [u32; 3] = [1, 6, 1];
const AIR: [u32; 2] = [1, 7];

/// A name below [`ROOT`].
fn named(parts: &[&[u32]]) -> Oid {
    Oid::new([&ROOT[..], &parts.concat()].concat()).expect("ten arcs and a few more")
}

/// The town at one moment.
#[must_use]
pub fn sheet(inventory: &Inventory, view: &TownView) -> Sheet {
    let mut page = Page(Sheet::new());
    page.system(inventory);
    page.group(&TOWN, town(inventory, view));
    page.group(&KEY, key(view));
    page.group(&LINES, lines(view));
    page.group(&SUMS, sums(&view.totals));
    page.group(&AIR, air(view));
    for (facility, at) in view.facilities.iter().zip(1..) {
        page.row(&FACILITIES, &[at], facility_row(facility));
        for (ap, place) in facility.aps.iter().zip(1..) {
            page.row(&APS, &[at, place], ap_row(ap));
        }
    }
    page.0
}

struct Page(Sheet);

impl Page {
    fn system(&mut self, inventory: &Inventory) {
        let program = format!("Hirake {}, the controller of a town's disaster Wi-Fi", env!("CARGO_PKG_VERSION"));
        let objects = [
            (1, words(&program)),
            (2, Value::Oid(named(&[]))),
            (4, words("")),
            (5, words(inventory.town.as_str())),
            (6, words(&inventory.name_ja)),
            (7, Value::Integer(APPLICATION)),
        ];
        for (object, value) in objects {
            self.0.insert(Oid::new([&SYSTEM[..], &[object, 0]].concat()).expect("nine arcs"), value);
        }
    }

    /// Scalars, numbered from 1.
    fn group<const COUNT: usize>(&mut self, group: &[u32], values: [Value; COUNT]) {
        for (value, object) in values.into_iter().zip(1..) {
            self.0.insert(named(&[group, &[object, 0]]), value);
        }
    }

    /// A row's columns, numbered from 2: the first is its own index, which is in the names.
    fn row<const COUNT: usize>(&mut self, table: &[u32], index: &[u32], values: [Value; COUNT]) {
        for (value, column) in values.into_iter().zip(2..) {
            self.0.insert(named(&[table, &[column], index]), value);
        }
    }
}

fn town(inventory: &Inventory, view: &TownView) -> [Value; 9] {
    let order = view.order.as_ref();
    [
        words(inventory.town.as_str()),
        words(&inventory.name_ja),
        words(&inventory.name_en),
        time(Some(view.at_ms)),
        mode(view.mode),
        time(view.mode_since_ms),
        Value::Gauge32(order.map_or(0, |order| u32::try_from(order.number).unwrap_or(u32::MAX))),
        time(order.map(|order| order.issued_at_ms)),
        truth(order.is_none_or(|order| order.published)),
    ]
}

fn key(view: &TownView) -> [Value; 5] {
    let key = &view.key;
    let position = match key.position {
        None => 1,
        Some(KeyPosition::Normal) => 2,
        Some(KeyPosition::Drill) => 3,
        Some(KeyPosition::Disaster) => 4,
    };
    let fault = match key.fault.as_ref().map(|(fault, _)| fault) {
        None => 1,
        Some(KeyFault::Broken) => 2,
        Some(KeyFault::Shorted) => 3,
        Some(KeyFault::Contradiction) => 4,
        Some(KeyFault::Chattering) => 5,
        Some(KeyFault::Unreadable(_)) => 6,
    };
    [
        Value::Integer(position),
        time(key.since_ms),
        Value::Integer(fault),
        time(key.fault.as_ref().map(|(_, since)| *since)),
        truth(key.isolated.is_some()),
    ]
}

fn lines(view: &TownView) -> [Value; 5] {
    let (broker, store) = (view.broker_lost.as_ref(), view.store_lost.as_ref());
    [
        truth(broker.is_some()),
        time(broker.map(|(since, _)| *since)),
        truth(store.is_some()),
        time(store.map(|(since, ..)| *since)),
        Value::Gauge32(store.map_or(0, |(.., waiting)| u32::try_from(*waiting).unwrap_or(u32::MAX))),
    ]
}

fn sums(totals: &Totals) -> [Value; 16] {
    [
        totals.aps,
        totals.told,
        totals.running,
        totals.witnessed,
        totals.unwitnessable,
        totals.settled,
        totals.settling,
        totals.refused,
        totals.diverged,
        totals.silent,
        totals.to_open,
        totals.open,
        totals.stations,
        totals.facilities,
        totals.facilities_to_open,
        totals.facilities_open,
    ]
    .map(Value::Gauge32)
}

fn air(view: &TownView) -> [Value; 5] {
    let count = |count: usize| Value::Gauge32(u32::try_from(count).unwrap_or(u32::MAX));
    let alarms = || view.strangers.iter().filter(|it| it.alarm);
    [
        count(view.left_open.len()),
        time(view.left_open.iter().map(|it| it.since_ms).min()),
        count(alarms().count()),
        time(alarms().map(|it| it.since_ms).min()),
        count(view.strangers.iter().filter(|it| it.kind() == "look-alike").count()),
    ]
}

fn facility_row(facility: &FacilityView) -> [Value; 14] {
    let count = |counts: &dyn Fn(&ApView) -> bool| {
        Value::Gauge32(facility.aps.iter().filter(|ap| counts(ap)).fold(0, |sum, _| sum + 1))
    };
    let standing = |standing| count(&|ap| ap.standing == standing);
    let stations = facility.aps.iter().filter_map(|ap| ap.stations).fold(0, u32::saturating_add);
    [
        words(facility.id.as_str()),
        words(&facility.name_ja),
        words(&facility.name_en),
        words(&facility.district),
        truth(facility.shelter),
        mode(facility.wanted),
        count(&|_| true),
        count(&|ap| ap.wanted.1.is_open() && ap.standing == Standing::Settled),
        standing(Standing::Settled),
        standing(Standing::Settling),
        standing(Standing::Refused),
        standing(Standing::Diverged),
        standing(Standing::Silent),
        Value::Gauge32(stations),
    ]
}

fn ap_row(ap: &ApView) -> [Value; 9] {
    let standing = match ap.standing {
        Standing::Settled => 1,
        Standing::Settling => 2,
        Standing::Refused => 3,
        Standing::Diverged => 4,
        Standing::Silent => 5,
    };
    let seen = match ap.witnessed {
        Witnessed::NoMeans => 1,
        Witnessed::Seen { open: true, .. } => 2,
        Witnessed::Seen { open: false, .. } => 3,
        Witnessed::NotAsked { .. } => 4,
    };
    [
        words(ap.id.as_str()),
        words(&ap.name),
        mode(ap.wanted.1),
        Value::Integer(standing),
        time(Some(ap.since_ms)),
        words(&ap.why),
        time(ap.heard_ms),
        Value::Integer(seen),
        Value::Integer(ap.stations.map_or(-1, |stations| i32::try_from(stations).unwrap_or(i32::MAX))),
    ]
}

fn mode(mode: Mode) -> Value {
    Value::Integer(match mode {
        Mode::Normal => 1,
        Mode::Drill => 2,
        Mode::Disaster => 3,
    })
}

/// TruthValue (RFC 2579).
fn truth(is: bool) -> Value {
    Value::Integer(if is { 1 } else { 2 })
}

/// SnmpAdminString: whole characters, as many as fit.
fn words(text: &str) -> Value {
    Value::Octets(text.as_bytes()[..text.floor_char_boundary(WORDS_MAX)].to_vec())
}

/// DateAndTime (RFC 2579) in Japanese time.
fn time(ms: Option<WallMs>) -> Value {
    let Some(ms) = ms else { return Value::Octets(NO_TIME.to_vec()) };
    let t = times::civil(ms);
    let [high, low] = t.year().to_be_bytes();
    let parts = [t.month(), t.day(), t.hour(), t.minute(), t.second()].map(i8::unsigned_abs);
    let tenths = u8::try_from(t.millisecond() / 100).unwrap_or_default();
    Value::Octets([&[high, low], &parts[..], &[tenths, b'+', 9, 0]].concat())
}
