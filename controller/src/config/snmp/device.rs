//! `[[snmp-device]]`: where a device is and how it is spoken to; and the access points that name it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use firmware_config::ident::ApId;
use hirake_snmp::device::{DeviceAp, PORT, Role};

use super::credentials::Known;
use super::{CREDENTIALS_ALLOWED, SnmpCredentials, SnmpDevice, hint};
use crate::config::desk::{Desk, Found, quoted};
use crate::config::table::Table;
use crate::config::town::{ApTable, ID_ALLOWED, identifier, name_by_id};
use crate::core::inventory::Managed;

/// Most devices of one town: each AP one of its own.
pub const DEVICES_MAX: usize = crate::config::town::APS_MAX;
/// Longest contextName (RFC 3411 §5) and longest word.
const WORD_MAX: usize = 255;

const ADDRESS_ALLOWED: &str = "ADDRESS or ADDRESS:PORT in figures, such as 192.0.2.10 or [2001:db8::10]:161";

/// A device as far as it could be read, and who names it.
pub(super) struct Reading {
    at: usize,
    pub(super) id: String,
    address: Option<SocketAddr>,
    pub(super) profile: Option<Found<String>>,
    read: Option<SnmpCredentials>,
    write: Option<SnmpCredentials>,
    context: String,
    pub(super) words: BTreeMap<String, String>,
    aps: Vec<(usize, DeviceAp)>,
}

pub(super) fn read(desk: &mut Desk<'_>, root: &Table<'_, '_>, known: &mut Known) -> Vec<Reading> {
    let tables = root.tables(desk, "snmp-device");
    if let Some(first) = tables.get(DEVICES_MAX) {
        desk.complain(first.at, format!("{} SNMP devices; expected at most {DEVICES_MAX}", tables.len()));
    }
    let mut devices: Vec<Reading> = Vec::new();
    let (mut ids, mut places) = (BTreeMap::new(), BTreeMap::new());
    for mut table in tables.into_iter().take(DEVICES_MAX) {
        name_by_id(&mut table);
        let id = identifier::<ApId>(desk, &table, "id");
        let address = address(desk, &table);
        if !table.has("address") {
            table.miss("address", ADDRESS_ALLOWED);
        }
        let profile = profile(desk, &table);
        if !table.has("read") {
            table.miss("read", CREDENTIALS_ALLOWED);
        }
        let mut credentials = |desk: &mut Desk<'_>, key| {
            let name = table.text(desk, key, CREDENTIALS_ALLOWED)?;
            known.named(desk, &format!("{}: {key}", table.what), &name)
        };
        let (read, write) = (credentials(desk, "read"), credentials(desk, "write"));
        if let Some(why) = write.as_ref().and_then(SnmpCredentials::weakness) {
            let what =
                format!("{}: writes with less than authPriv ({why}); keep it to a network of its own", table.what);
            desk.note(table.place("write"), what);
        }
        let context = line(desk, &table, "context").unwrap_or_default();
        let words = words(desk, &table);
        table.finish(desk);
        let Some(id) = id else { continue };
        twice(desk, &mut ids, &table, (id.is.to_string(), id.at), "the id");
        if let Some(address) = address {
            let place = (address, context.clone());
            twice(desk, &mut places, &table, (place, table.place("address")), "the address and context");
        }
        let (at, id) = (table.at, id.is.to_string());
        devices.push(Reading { at, id, address, profile, read, write, context, words, aps: Vec::new() });
    }
    devices
}

/// Gives each device the access points that name it, and says what does not go together.
pub(super) fn assign(desk: &mut Desk<'_>, devices: &mut [Reading], aps: &[Found<ApTable>]) {
    let index: BTreeMap<String, usize> =
        devices.iter().enumerate().map(|(at, device)| (device.id.clone(), at)).collect();
    let names: Vec<&str> = index.keys().map(String::as_str).collect();
    for ap in aps {
        let ApTable { ap: of, device, device_ap, .. } = &ap.is;
        let Some(named) = device else {
            if let Some(key) = device_ap {
                desk.miss(key.at, format!("ap \"{}\": device-ap without device; expected both or neither", of.id));
            }
            continue;
        };
        let Some(at) = index.get(&named.is) else {
            let hint = hint(&named.is, &names, "the id of a [[snmp-device]] of this file");
            desk.miss(named.at, format!("ap \"{}\": no SNMP device {}; {hint}", of.id, quoted(&named.is)));
            continue;
        };
        let role = if of.managed == Managed::Snmp { Role::Flip } else { Role::Witness };
        let key = device_ap.as_ref().map(|key| key.is.clone());
        if role == Role::Flip && devices[*at].write.is_none() && desk.is_clean() {
            let what = format!(
                "ap \"{}\": device \"{}\" has no write credentials; it is watched, and never opened by us",
                of.id, named.is
            );
            desk.note(named.at, what);
        }
        let place = device_ap.as_ref().map_or(named.at, |key| key.at);
        let is = DeviceAp { ap: of.id.clone(), facility: of.facility.clone(), key, role };
        devices[*at].aps.push((place, is));
    }
    for device in devices {
        device.tell_apart(desk);
    }
}

impl Reading {
    /// What is done for each of its access points.
    pub(super) fn roles(&self) -> impl Iterator<Item = Role> {
        self.aps.iter().map(|(_, ap)| ap.role)
    }

    /// Several access points of one device are told apart by `device-ap`.
    fn tell_apart(&self, desk: &mut Desk<'_>) {
        if self.aps.is_empty() && desk.is_clean() {
            desk.note(self.at, format!("snmp-device \"{}\": no [[ap]] names it; it is not asked", self.id));
        }
        let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, ap) in self.aps.iter().filter(|_| self.aps.len() > 1) {
            let Some(key) = &ap.key else {
                let count = self.aps.len();
                let what = format!(
                    "ap \"{}\": device \"{}\" has {count} APs; expected device-ap, to tell them apart",
                    ap.ap, self.id
                );
                desk.miss(*at, what);
                continue;
            };
            if let Some(first) = keys.get(key.as_str()) {
                let line = desk.line(*first);
                let found = quoted(key);
                let what =
                    format!("ap \"{}\": device-ap {found} stands already on line {line}; expected each once", ap.ap);
                desk.complain(*at, what);
            }
            keys.entry(key).or_insert(*at);
        }
    }

    /// The device, where it is whole and an access point names it.
    pub(super) fn finish(self) -> Option<SnmpDevice> {
        let aps: Vec<DeviceAp> = self.aps.into_iter().map(|(_, ap)| ap).collect();
        if aps.is_empty() {
            return None;
        }
        Some(SnmpDevice {
            id: self.id,
            address: self.address?,
            profile: self.profile.map(|profile| profile.is),
            read: self.read?,
            write: self.write,
            context: self.context,
            words: self.words,
            aps,
        })
    }
}

fn address(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<SocketAddr> {
    let text = table.text(desk, "address", ADDRESS_ALLOWED)?;
    let alone = || text.is.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, PORT));
    let address = text.is.parse::<SocketAddr>().ok().or_else(alone);
    let address = address.filter(|address| address.port() != 0 && !address.ip().is_unspecified());
    if address.is_none() {
        table.refuse(desk, "address", ADDRESS_ALLOWED);
    }
    address
}

fn profile(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<Found<String>> {
    let text = table.text(desk, "profile", ID_ALLOWED)?;
    if text.is.parse::<ApId>().is_err() {
        table.refuse(desk, "profile", ID_ALLOWED);
        return None;
    }
    Some(text.map(str::to_owned))
}

/// A text on one line, perhaps empty.
fn line(desk: &mut Desk<'_>, table: &Table<'_, '_>, key: &'static str) -> Option<String> {
    let allowed = format!("at most {WORD_MAX} bytes on one line");
    let text = table.text(desk, key, &allowed)?;
    if text.is.len() > WORD_MAX || text.is.chars().any(char::is_control) {
        table.refuse(desk, key, &allowed);
        return None;
    }
    Some(text.is.to_owned())
}

/// `${ap.NAME}` of the profile.
fn words(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> BTreeMap<String, String> {
    const ALLOWED: &str = "a table of texts, such as words = { radio = \"5\" }";
    let mut words = BTreeMap::new();
    let Some(value) = table.value("words") else { return words };
    let Some(map) = value.get_ref().as_table() else {
        table.refuse(desk, "words", ALLOWED);
        return words;
    };
    for (name, word) in map {
        let is = word.get_ref().as_str().filter(|is| is.len() <= WORD_MAX && !is.chars().any(char::is_control));
        match is {
            Some(is) => {
                words.insert(name.get_ref().to_string(), is.to_owned());
            }
            None => {
                let (name, found) = (quoted(name.get_ref()), crate::config::table::shown(word.get_ref()));
                let what = format!("{}: words {name} is {found}; expected {ALLOWED}", table.what);
                desk.complain(word.span().start, what);
            }
        }
    }
    words
}

fn twice<T: Ord>(
    desk: &mut Desk<'_>,
    seen: &mut BTreeMap<T, usize>,
    table: &Table<'_, '_>,
    (is, at): (T, usize),
    what: &str,
) {
    match seen.get(&is) {
        Some(first) => {
            let line = desk.line(*first);
            desk.complain(at, format!("{}: {what} of a device on line {line}; expected each once", table.what));
        }
        None => {
            seen.insert(is, at);
        }
    }
}
