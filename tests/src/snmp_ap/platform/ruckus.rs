//! Ruckus: an access point that stands alone (RUCKUS-WLAN-MIB), and a ZoneDirector (RUCKUS-ZD-WLAN-MIB and its CONFIG-MIB).

use hirake_snmp::trouble::Status;
use hirake_snmp::value::{Sheet, Value, VarBind};

use super::{Change, Interface, OPEN_SSID, TOWN_SSID, arcs, at, count, either, index, interface, one_of, text};
use crate::snmp_ap::state::State;

/// ruckusWLANIfIndex of the town's own network.
const FLEX_TOWN: u32 = 10;
/// Of the prepared one, on each radio.
pub const FLEX_JAPAN: [u32; 2] = [17, 25];
/// ruckusWLANTable.
const WLAN: &str = "1.3.6.1.4.1.25053.1.1.6.1.1.1.1.1";
/// ruckusWLANAdminStatus.
const WLAN_ADMIN: &str = "1.3.6.1.4.1.25053.1.1.6.1.1.1.1.1.12";

pub fn show_flex(sheet: &mut Sheet, state: &State) {
    let (peace, open) = state.stations();
    let mac = state.aps.first().map_or([0; 6], |ap| ap.mac);
    let japan = state.switches.iter().zip(["wlan7", "wlan15"]).enumerate().map(|(radio, (switch, name))| {
        let stations = if radio == 0 { open / 2 } else { open.div_ceil(2) };
        (switch.row, name, OPEN_SSID, switch.on, switch.air, if switch.air { stations } else { 0 })
    });
    for (row, name, ssid, on, air, stations) in
        std::iter::once((FLEX_TOWN, "wlan0", TOWN_SSID, true, true, peace)).chain(japan)
    {
        interface(
            sheet,
            &Interface { row, name, alias: "", kind: 71, mac: Some(mac), admin: on, up: air, octets: 1 << 31 },
        );
        let mut bssid = mac;
        bssid[5] = bssid[5].wrapping_add(u8::try_from(row).unwrap_or(0));
        let mut put = |column: u32, value| sheet.insert(at(WLAN, &[column, row]), value);
        put(1, text(ssid));
        put(2, Value::Octets(bssid.to_vec()));
        put(10, Value::Integer(if row == FLEX_JAPAN[1] { 36 } else { 6 }));
        put(12, either(on, 1, 2));
        put(14, text(name));
        put(15, Value::Integer(2));
        put(16, Value::Integer(if ssid == OPEN_SSID { 100 } else { 20 }));
        let open = ssid == OPEN_SSID;
        let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.4.1.25053.1.1.6.1.1.3.1.1", &[column, row]), value);
        put(5, either(open, 1, 3));
        put(8, either(open, 1, 3));
        put(10, either(open, 1, 3));
        let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.4.1.25053.1.1.6.1.1.1.4.1", &[column, row]), value);
        put(3, count(stations));
        put(24, count(0xffff_0000));
        put(39, count(stations.wrapping_mul(1_000_000)));
    }
    for (oid, words) in
        [("1.3.6.1.4.1.25053.1.1.2.1.1.1.1.0", "zf7372"), ("1.3.6.1.4.1.25053.1.1.3.1.1.1.1.1.3.1", "104.0.0.0.1347")]
    {
        sheet.insert(at(oid, &[]), text(words));
    }
}

pub fn test_flex(bind: &VarBind) -> Option<Result<Change, Status>> {
    match index(&bind.oid, WLAN_ADMIN)?[..] {
        [row] if FLEX_JAPAN.contains(&row) => {
            Some(one_of(&bind.value, &[1, 2]).map(|status| Change::Turn(row, status == 1)))
        }
        [FLEX_TOWN] => Some(Err(Status::NoAccess)),
        _ => None,
    }
}

/// ruckusZDWLANID of the town's own network.
const WLAN_TOWN: u32 = 1;
/// Of the prepared one.
pub const WLAN_JAPAN: u32 = 2;
/// The group every AP is in.
const GROUP: u32 = 1;
/// ruckusZDWLANConfigTable.
const CONFIG: &str = "1.3.6.1.4.1.25053.1.2.2.2.1.1.1.1";
/// ruckusZDWLANGroupCfgAttrRowStatus.
const BOUND: &str = "1.3.6.1.4.1.25053.1.2.2.2.1.1.3.1.10";
/// ruckusZDWLANTable, by WLAN.
const STATUS: &str = "1.3.6.1.4.1.25053.1.2.2.1.1.1.1.1";
/// ruckusZDWLANVapTable, by BSSID: length and octets.
const VAP: &str = "1.3.6.1.4.1.25053.1.2.2.1.1.2.3.1";

pub fn show_director(sheet: &mut Sheet, state: &State) {
    let (peace, open) = state.stations();
    let japan = state.switch(WLAN_JAPAN);
    let (bound, air) = japan.map_or((false, false), |switch| (switch.on, switch.air));
    for (id, ssid, name) in [(WLAN_TOWN, TOWN_SSID, "town"), (WLAN_JAPAN, OPEN_SSID, "japan")] {
        let mut put = |column: u32, value| sheet.insert(at(CONFIG, &[column, id]), value);
        put(2, text(ssid));
        put(4, text(name));
        put(10, Value::Integer(1));
        put(12, either(id == WLAN_JAPAN, 6, 2));
        put(45, Value::Integer(if id == WLAN_JAPAN { 100 } else { 20 }));
        put(50, Value::Integer(2));
        put(63, Value::Integer(1));
    }
    let rows = [(WLAN_TOWN, TOWN_SSID, true, true, peace), (WLAN_JAPAN, OPEN_SSID, bound, air, open)];
    for (id, ssid, bound, air, stations) in rows {
        if bound {
            sheet.insert(at(BOUND, &[GROUP, id]), Value::Integer(1));
        }
        if air {
            let mut put = |column: u32, value| sheet.insert(at(STATUS, &[column, id]), value);
            put(1, text(ssid));
            put(12, Value::Gauge32(stations));
            put(14, Value::Counter64(1 << 34));
        }
    }
    for (arc, words) in [(9, "ZD1206"), (18, "10.5.1.0 build 282")] {
        sheet.insert(at("1.3.6.1.4.1.25053.1.2.1.1.1.1", &[arc, 0]), text(words));
    }
    for ap in &state.aps {
        let mac = [&[6][..], &arcs(&ap.mac)].concat();
        let row = |column: u32| [&[column][..], &mac].concat();
        let mut put = |column, value| sheet.insert(at("1.3.6.1.4.1.25053.1.2.2.1.1.2.1.1", &row(column)), value);
        put(1, Value::Octets(ap.mac.to_vec()));
        put(2, text(&ap.name));
        put(3, either(ap.connected, 1, 0));
        put(4, text("zf7372"));
        put(15, Value::Gauge32(ap.peace + ap.open));
        let radio = |column: u32| [&[column][..], &mac, &[0]].concat();
        let mut put = |column, value| sheet.insert(at("1.3.6.1.4.1.25053.1.2.2.1.1.2.2.1", &radio(column)), value);
        put(4, Value::Gauge32(11));
        put(5, Value::Integer(0));
        put(8, Value::Gauge32(ap.peace + ap.open));
        // ruckusZDWLANVapTable, by BSSID: a row for each network of each AP that is on the air.
        for (vap, ssid) in [(1_u8, TOWN_SSID), (2, OPEN_SSID)] {
            if ap.connected && (air || vap == 1) {
                let mut bssid = ap.mac;
                bssid[5] ^= vap;
                let row = |column: u32| [&[column, 6][..], &arcs(&bssid)].concat();
                let mut put = |column, value| sheet.insert(at(VAP, &row(column)), value);
                put(1, Value::Octets(bssid.to_vec()));
                put(2, Value::Octets(ap.mac.to_vec()));
                put(3, text(ssid));
            }
        }
    }
}

pub fn test_director(state: &State, bind: &VarBind) -> Option<Result<Change, Status>> {
    let row = index(&bind.oid, BOUND)?;
    let [GROUP, wlan] = row[..] else { return Some(Err(Status::NoCreation)) };
    let bound = state.switch(wlan).is_some_and(|switch| switch.on);
    Some(match one_of(&bind.value, &[1, 2, 3, 4, 5, 6]) {
        Ok(_) if wlan == WLAN_TOWN => Err(Status::NoAccess),
        Ok(_) if wlan != WLAN_JAPAN => Err(Status::NoCreation),
        Ok(4) if bound => Err(Status::InconsistentValue),
        Ok(4) => Ok(Change::Turn(wlan, true)),
        Ok(6) => Ok(Change::Turn(wlan, false)),
        // active(1) is to be read, never to be written.
        Ok(_) => Err(Status::WrongValue),
        Err(refused) => Err(refused),
    })
}
