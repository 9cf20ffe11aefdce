//! Cisco: a WLAN controller (AIRESPACE-WIRELESS-MIB) and an autonomous access point (CISCO-DOT11-SSID-SECURITY-MIB).

use hirake_snmp::trouble::Status;
use hirake_snmp::value::{Sheet, Value, VarBind};

use super::{Change, Interface, OPEN_SSID, TOWN_SSID, arcs, at, count, either, index, interface, one_of, text};
use crate::snmp_ap::state::State;

/// WLAN ids of the controller.
const WLAN_TOWN: u32 = 1;
/// The prepared one.
pub const WLAN_JAPAN: u32 = 5;
/// bsnDot11EssTable.
const ESS: &str = "1.3.6.1.4.1.14179.2.1.1.1";
/// bsnDot11EssAdminStatus.
const ESS_ADMIN: &str = "1.3.6.1.4.1.14179.2.1.1.1.6";
/// agentSaveConfig.
const SAVE: &str = "1.3.6.1.4.1.14179.1.3.1.0";

pub fn show_aireos(sheet: &mut Sheet, state: &State) {
    let (peace, open) = state.stations();
    let admin = state.switch(WLAN_JAPAN).is_some_and(|switch| switch.on);
    for (id, ssid, on, stations) in [(WLAN_TOWN, TOWN_SSID, true, peace), (WLAN_JAPAN, OPEN_SSID, admin, open)] {
        let mut put = |column: u32, value| sheet.insert(at(ESS, &[column, id]), value);
        put(2, text(ssid));
        put(6, either(on, 1, 0));
        // A Counter32 that is a gauge.
        put(38, count(stations));
        put(42, text("management"));
        put(60, Value::Integer(1));
        put(16, Value::Integer(0));
        put(51, Value::Integer(1));
        put(53, Value::Integer(0));
        let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.4.1.9.9.512.1.1.1.1", &[column, id]), value);
        put(2, Value::Integer(1));
        put(3, text(ssid));
        put(4, text(ssid));
    }
    for (at_ap, ap) in state.aps.iter().enumerate() {
        let mac = arcs(&ap.mac);
        let host = u8::try_from(at_ap + 10).unwrap_or(u8::MAX);
        let mut put =
            |column: u32, value| sheet.insert(at("1.3.6.1.4.1.14179.2.2.1.1", &[&[column][..], &mac].concat()), value);
        put(1, Value::Octets(ap.mac.to_vec()));
        put(3, text(&ap.name));
        put(6, either(ap.connected, 1, 2));
        put(16, text("AIR-CAP2702I-Q-K9"));
        put(19, Value::Ip([192, 0, 2, host].into()));
        put(37, Value::Integer(1));
        for slot in 0..2 {
            let row = |column: u32| [&[column][..], &mac, &[slot]].concat();
            let channel = if slot == 0 { 6 } else { 44 };
            let stations = if slot == 0 { (ap.peace + ap.open) / 2 } else { (ap.peace + ap.open).div_ceil(2) };
            let mut put = |column, value| sheet.insert(at("1.3.6.1.4.1.14179.2.2.2.1", &row(column)), value);
            put(4, Value::Integer(channel));
            put(6, Value::Integer(1));
            // Up is 2 here, and down is 1.
            put(12, either(ap.connected, 2, 1));
            put(15, Value::Integer(i32::try_from(stations).unwrap_or(i32::MAX)));
            put(34, Value::Integer(1));
            let mut put = |column, value| sheet.insert(at("1.3.6.1.4.1.14179.2.2.13.1", &row(column)), value);
            put(3, Value::Integer(17));
            put(4, Value::Integer(i32::try_from(stations).unwrap_or(i32::MAX)));
            let noise = [&row(21)[..], &[channel.unsigned_abs()]].concat();
            sheet.insert(at("1.3.6.1.4.1.14179.2.2.15.1", &noise), Value::Integer(-94));
        }
    }
    sheet.insert(at(SAVE, &[]), Value::Integer(2));
    for (arc, words) in [(3, "AIR-CT5508-K9"), (14, "8.5.182.0")] {
        sheet.insert(at("1.3.6.1.4.1.14179.1.1.1", &[arc, 0]), text(words));
    }
    for (arc, number) in [(1, 4), (2, 1_024_000), (3, 512_000)] {
        sheet.insert(at("1.3.6.1.4.1.14179.1.1.5", &[arc, 0]), Value::Integer(number));
    }
}

pub fn test_aireos(bind: &VarBind) -> Option<Result<Change, Status>> {
    if bind.oid == at(SAVE, &[]) {
        return Some(one_of(&bind.value, &[1, 2]).map(|word| if word == 1 { Change::Save } else { Change::Nothing }));
    }
    match index(&bind.oid, ESS_ADMIN)?[..] {
        [WLAN_JAPAN] => Some(one_of(&bind.value, &[0, 1]).map(|on| Change::Turn(WLAN_JAPAN, on == 1))),
        // The town's own WLAN may be switched too; here nobody should.
        [WLAN_TOWN] => Some(Err(Status::NoAccess)),
        _ => None,
    }
}

/// ifIndex of Dot11Radio0 and Dot11Radio1: the switch of a radio has its number.
pub const RADIOS: [u32; 2] = [1, 2];
/// cdot11SecAuxSsidRowStatus: the SSIDs that are prepared.
const PREPARED: &str = "1.3.6.1.4.1.9.9.413.1.1.1.1.13";
/// cdot11SecInterfSsidRowStatus: which radio has which SSID.
const BOUND: &str = "1.3.6.1.4.1.9.9.413.1.1.3.1.1";
/// ccCopyTable.
const COPY: &str = "1.3.6.1.4.1.9.9.96.1.1.1.1";

fn length_and_octets(ssid: &str) -> Vec<u32> {
    let length = u32::try_from(ssid.len()).unwrap_or(0);
    [&[length][..], &arcs(ssid.as_bytes())].concat()
}

pub fn show_aironet(sheet: &mut Sheet, state: &State) {
    let mac = state.aps.first().map(|ap| ap.mac);
    for ssid in [TOWN_SSID, OPEN_SSID] {
        sheet.insert(at(PREPARED, &length_and_octets(ssid)), Value::Integer(1));
    }
    let (peace, open) = state.stations();
    for (radio, name, share) in [(1, "Dot11Radio0", 0), (2, "Dot11Radio1", 1)] {
        interface(
            sheet,
            &Interface { row: radio, name, alias: "", kind: 71, mac, admin: true, up: true, octets: 1 << 30 },
        );
        let row = |ssid| [&[radio][..], &length_and_octets(ssid)].concat();
        sheet.insert(at(BOUND, &row(TOWN_SSID)), Value::Integer(1));
        if state.switch(radio).is_some_and(|switch| switch.on) {
            sheet.insert(at(BOUND, &row(OPEN_SSID)), Value::Integer(1));
        }
        sheet.insert(at("1.3.6.1.4.1.9.9.273.1.1.2.1.1", &[radio]), Value::Gauge32((peace + open + share) / 2));
        sheet.insert(at("1.2.840.10036.4.5.1.1", &[radio]), Value::Integer(if radio == 1 { 11 } else { 36 }));
    }
    for (row, job) in &state.copying {
        let mut put = |column: u32, number| sheet.insert(at(COPY, &[column, *row]), Value::Integer(number));
        put(3, job.from);
        put(4, job.to);
        // waiting(1), running(2), successful(3)
        put(10, if job.done { 3 } else { 2 });
        put(14, 1);
    }
}

pub fn test_aironet(state: &State, bind: &VarBind, all: &[VarBind]) -> Option<Result<Change, Status>> {
    if let Some(row) = index(&bind.oid, BOUND) {
        let (radio, ssid) = row.split_first()?;
        let known = RADIOS.contains(radio) && ssid == length_and_octets(OPEN_SSID);
        let status = match one_of(&bind.value, &[1, 2, 4, 5, 6]) {
            Ok(status) => status,
            Err(refused) => return Some(Err(refused)),
        };
        let there = state.switch(*radio).is_some_and(|switch| switch.on);
        return Some(match status {
            // An SSID that is not prepared cannot be bound.
            4 | 5 if !known => Err(Status::InconsistentName),
            4 if there => Err(Status::InconsistentValue),
            4 => Ok(Change::Turn(*radio, true)),
            6 if known => Ok(Change::Turn(*radio, false)),
            6 => Ok(Change::Nothing),
            1 if there => Ok(Change::Nothing),
            _ => Err(Status::InconsistentValue),
        });
    }
    let column = [3, 4, 14].into_iter().find_map(|column| {
        let row = index(&bind.oid, &format!("{COPY}.{column}"))?;
        <[u32; 1]>::try_from(row).ok().map(|[row]| (column, row))
    });
    let (column, row) = column?;
    let job = state.copying.get(&row).copied().unwrap_or_default();
    let of = |column: u32| all.iter().find(|other| other.oid == at(COPY, &[column, row])).map(|other| &other.value);
    let creates = of(14).is_some_and(|value| *value == Value::Integer(4));
    Some(match column {
        3 | 4 if !creates && !state.copying.contains_key(&row) => Err(Status::InconsistentName),
        3 => one_of(&bind.value, &[3, 4]).map(|from| Change::CopyFrom(row, from)),
        4 => one_of(&bind.value, &[3, 4]).map(|to| Change::CopyTo(row, to)),
        _ => match one_of(&bind.value, &[1, 2, 4, 5, 6]) {
            Ok(4) if state.copying.contains_key(&row) => Err(Status::InconsistentValue),
            Ok(4)
                if of(3).is_none_or(|from| *from != Value::Integer(4))
                    || of(4).is_none_or(|to| *to != Value::Integer(3)) =>
            {
                Err(Status::InconsistentValue)
            }
            Ok(4) => Ok(Change::CopyGo(row)),
            // A job at work cannot be taken away.
            Ok(6) if job.done_at.is_some() && !job.done => Err(Status::InconsistentValue),
            Ok(6) => Ok(Change::CopyDestroy(row)),
            Ok(_) => Err(Status::WrongValue),
            Err(refused) => Err(refused),
        },
    })
}
