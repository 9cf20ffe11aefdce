//! The town as written down: its name, its facilities and its access points become an `Inventory`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId, TownId};
use firmware_config::wish::KeyWish;

use super::desk::{Desk, Found, quoted};
use super::facility_key;
use super::nearest::nearest;
use super::table::Table;
use crate::core::inventory::Managed;
use crate::core::{Ap, Facility, Inventory, Seat};

/// Most facilities of one town: an order names each, and a document of the wire holds 3,000.
pub const FACILITIES_MAX: usize = 3_000;
/// Most access points of one town: what one controller is tested with.
pub const APS_MAX: usize = 10_000;
/// Longest name in characters: what a tile of the board and a line of a terminal can show.
pub const NAME_MAX: usize = 60;

pub(super) const ID_ALLOWED: &str = "1 to 48 of a-z 0-9 and '-', not at either end";
const DEVICE_ALLOWED: &str = "the id of a [[snmp-device]]";

/// The town's own table.
pub(super) struct TownTable {
    id: TownId,
    name_ja: String,
    name_en: String,
}

/// An access point, and which radio plan and SNMP device it names.
pub(super) struct ApTable {
    pub(super) ap: Ap,
    pub(super) radio: Option<Found<String>>,
    pub(super) device: Option<Found<String>>,
    /// Which of a WLAN controller's access points it is.
    pub(super) device_ap: Option<Found<String>>,
    /// The key switch at it.
    pub(super) key: Option<KeyWish>,
}

pub(super) fn read_town(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> Option<TownTable> {
    if !root.has("town") {
        root.miss("town", "a table [town] with id and name");
    }
    let table = root.table(desk, "town", "town")?;
    let id = identifier::<TownId>(desk, &table, "id");
    let name_ja = name(desk, &table, "name", true);
    let name_en = name(desk, &table, "name-en", false);
    table.finish(desk);
    Some(TownTable { id: id?.is, name_ja: name_ja?, name_en: name_en.unwrap_or_default() })
}

pub(super) fn read_facilities(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> Vec<Found<Facility>> {
    let mut facilities = Vec::new();
    if root.lists_nothing("facility") {
        root.miss("facility", "at least one [[facility]]");
    }
    let tables = root.tables(desk, "facility");
    limit(desk, &tables, FACILITIES_MAX, "facilities");
    let mut seen = BTreeMap::new();
    for mut table in tables.into_iter().take(FACILITIES_MAX) {
        name_by_id(&mut table);
        let id = identifier::<FacilityId>(desk, &table, "id");
        let name_ja = name(desk, &table, "name", true);
        let name_en = name(desk, &table, "name-en", false);
        let district = name(desk, &table, "district", false);
        let contact = name(desk, &table, "contact", false);
        if !table.has("shelter") {
            table.miss("shelter", "true (the key opens it) or false");
        }
        let shelter = table.flag(desk, "shelter");
        table.finish(desk);
        if let Some(id) = &id {
            once(desk, &mut seen, id, "facility");
        }
        let at = table.at;
        if let (Some(id), Some(name_ja), Some(shelter)) = (id, name_ja, shelter) {
            let is = Facility {
                id: id.is,
                name_ja,
                name_en: name_en.unwrap_or_default(),
                district: district.unwrap_or_default(),
                shelter,
                contact: contact.unwrap_or_default(),
            };
            facilities.push(Found { at, is });
        }
    }
    facilities
}

pub(super) fn read_aps(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> Vec<Found<ApTable>> {
    let mut aps = Vec::new();
    if root.lists_nothing("ap") {
        root.miss("ap", "at least one [[ap]]");
    }
    let known = facility_ids(root);
    let tables = root.tables(desk, "ap");
    limit(desk, &tables, APS_MAX, "access points");
    let mut seen = BTreeMap::new();
    for mut table in tables.into_iter().take(APS_MAX) {
        name_by_id(&mut table);
        let id = identifier::<ApId>(desk, &table, "id");
        let facility = identifier::<FacilityId>(desk, &table, "facility");
        let name = name(desk, &table, "name", true);
        if !table.has("managed") {
            table.miss("managed", "\"agent\" or \"snmp\"");
        }
        let managed = table.word(desk, "managed", &[("agent", Managed::Agent), ("snmp", Managed::Snmp)]);
        let by_snmp = managed.is_some_and(|managed| managed.is == Managed::Snmp);
        let radio = table.text(desk, "radio", "the name of a [radio-plan.NAME]").map(|radio| radio.map(str::to_owned));
        if by_snmp && table.has("radio") {
            let what =
                format!("{}: radio is for hirake render, which makes no files for an AP without our agent", table.what);
            desk.note(table.place("radio"), what);
        }
        let device = table.text(desk, "device", DEVICE_ALLOWED).map(|device| device.map(str::to_owned));
        if by_snmp && !table.has("device") {
            table.miss("device", &format!("{DEVICE_ALLOWED} (managed is \"snmp\")"));
        }
        let device_ap = device_ap(desk, &table);
        let key = facility_key::read(desk, &table);
        if by_snmp && table.has("key") {
            let what = format!("{}: key is read by our agent on the AP; managed is \"snmp\"", table.what);
            desk.complain(table.place("key"), what);
        }
        table.finish(desk);
        if let Some(id) = &id {
            once(desk, &mut seen, id, "ap");
        }
        if let Some(facility) = &facility
            && !known.is_empty()
            && !known.contains(&facility.is.as_str())
        {
            let hint = match nearest(facility.is.as_str(), &known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "expected the id of a [[facility]] of this file".to_owned(),
            };
            desk.miss(facility.at, format!("{}: no facility \"{}\"; {hint}", table.what, facility.is));
        }
        let at = table.at;
        if let (Some(id), Some(facility), Some(name), Some(managed)) = (id, facility, name, managed) {
            let witness = !by_snmp && device.is_some();
            let (id, facility) = (id.is, facility.is);
            let ap = Ap { id, facility, name, managed: managed.is, witness, key: key.is_some() };
            aps.push(Found { at, is: ApTable { ap, radio, device, device_ap, key } });
        }
    }
    aps
}

/// Puts the parts together and says what makes no sense together.
pub(super) fn assemble(
    desk: &mut Desk<'_>,
    town: Option<TownTable>,
    facilities: Vec<Found<Facility>>,
    aps: &[Found<ApTable>],
    key: (bool, Duration),
    agreed_share_percent: u8,
    seat: Option<Seat>,
) -> Option<Inventory> {
    let (has_key, key_drill_length) = key;
    for facility in &facilities {
        if desk.is_clean() && !aps.iter().any(|ap| ap.is.ap.facility == facility.is.id) {
            desk.note(facility.at, format!("facility \"{}\": has no [[ap]]; nothing will open there", facility.is.id));
        }
    }
    if let Some(first) = facilities.first()
        && desk.is_clean()
        && !facilities.iter().any(|facility| facility.is.shelter)
    {
        if has_key {
            desk.complain(
                first.at,
                "no facility has shelter = true; expected at least one: the key would open nothing",
            );
        } else {
            desk.note(first.at, "no facility has shelter = true; opening always needs the facilities named");
        }
    }
    let town = town?;
    Some(Inventory {
        town: town.id,
        name_ja: town.name_ja,
        name_en: town.name_en,
        facilities: facilities.into_iter().map(|facility| facility.is).collect(),
        aps: aps.iter().map(|ap| ap.is.ap.clone()).collect(),
        agreed_share_percent,
        has_key,
        key_drill_length,
        seat,
    })
}

/// Which of a WLAN controller's access points it is: a key or a name, as the controller has it.
fn device_ap(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<Found<String>> {
    let allowed = format!("1 to {NAME_MAX} characters on one line: the AP's key or name on its WLAN controller");
    let text = table.text(desk, "device-ap", &allowed)?;
    if !(1..=NAME_MAX).contains(&text.is.chars().count()) || text.is.chars().any(unshowable) {
        table.refuse(desk, "device-ap", &allowed);
        return None;
    }
    Some(text.map(str::to_owned))
}

/// Lets complaints name a table by its id, where it has one.
pub(super) fn name_by_id(table: &mut Table<'_, '_>) {
    if let Some(id) = table.value("id").and_then(|id| id.get_ref().as_str()) {
        table.what = format!("{} {}", table.what, quoted(id));
    }
}

/// Every facility's id as written, well-formed or not: an AP's reference is judged by these.
fn facility_ids<'t>(root: &Table<'t, '_>) -> Vec<&'t str> {
    let list = root.value("facility").and_then(|value| value.get_ref().as_array());
    let tables = list.into_iter().flat_map(|list| list.iter());
    tables.filter_map(|item| item.get_ref().get("id")?.get_ref().as_str()).collect()
}

pub(super) fn identifier<T: FromStr<Err: Display>>(
    desk: &mut Desk<'_>,
    table: &Table<'_, '_>,
    key: &'static str,
) -> Option<Found<T>> {
    let text = table.needed_text(desk, key, ID_ALLOWED)?;
    match text.is.parse() {
        Ok(is) => Some(Found { at: text.at, is }),
        Err(_) => {
            table.refuse(desk, key, ID_ALLOWED);
            None
        }
    }
}

/// A name for people: one line, not empty where it is needed.
fn name(desk: &mut Desk<'_>, table: &Table<'_, '_>, key: &'static str, needed: bool) -> Option<String> {
    let allowed = format!("{} to {NAME_MAX} characters on one line", u8::from(needed));
    let text = if needed { table.needed_text(desk, key, &allowed) } else { table.text(desk, key, &allowed) }?;
    let fits = text.is.chars().count() <= NAME_MAX && !text.is.chars().any(unshowable);
    if !fits || (needed && text.is.trim().is_empty()) {
        table.refuse(desk, key, &allowed);
        return None;
    }
    Some(text.is.to_owned())
}

/// Control characters, and those that turn a line of text round or break it.
fn unshowable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn once<T: Clone + Ord + Display>(desk: &mut Desk<'_>, seen: &mut BTreeMap<T, usize>, id: &Found<T>, kind: &str) {
    match seen.get(&id.is) {
        Some(first) => {
            let line = desk.line(*first);
            desk.complain(
                id.at,
                format!("{kind} \"{}\": the id stands already on line {line}; expected each once", id.is),
            );
        }
        None => {
            seen.insert(id.is.clone(), id.at);
        }
    }
}

fn limit(desk: &mut Desk<'_>, tables: &[Table<'_, '_>], most: usize, of_what: &str) {
    if let Some(first) = tables.get(most) {
        desk.complain(first.at, format!("{} {of_what}; expected at most {most}", tables.len()));
    }
}
