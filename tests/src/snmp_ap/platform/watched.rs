//! Makes that can be watched and not switched: Aruba Instant (AI-AP-MIB) and Ubiquiti UniFi (UBNT-UniFi-MIB).

use hirake_snmp::value::{Sheet, Value};

use super::{Interface, OPEN_SSID, TOWN_SSID, arcs, at, count, either, interface, text};
use crate::snmp_ap::state::State;

fn whole(number: u32) -> Value {
    Value::Integer(i32::try_from(number).unwrap_or(i32::MAX))
}

pub fn show_instant(sheet: &mut Sheet, state: &State) {
    let (peace, open) = state.stations();
    // The first SSID has index 0, and 0 is enabled.
    for (row, ssid, on, stations) in [(0, TOWN_SSID, true, peace), (1, OPEN_SSID, state.is_open(), open)] {
        let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.4.1.14823.2.3.3.1.1.7.1", &[column, row]), value);
        put(2, text(ssid));
        put(3, either(on, 0, 1));
        put(4, whole(stations));
    }
    for ap in &state.aps {
        let row = |column: u32| [&[column][..], &arcs(&ap.mac)].concat();
        let mut put = |column, value| sheet.insert(at("1.3.6.1.4.1.14823.2.3.3.1.2.1.1", &row(column)), value);
        put(1, Value::Octets(ap.mac.to_vec()));
        put(2, text(&ap.name));
        put(6, text("325"));
        put(7, Value::Integer(12));
        put(8, Value::Integer(150_000_000));
        put(11, either(ap.connected, 1, 2));
        let row = |column: u32| [&[column][..], &arcs(&ap.mac), &[0]].concat();
        let mut put = |column, value| sheet.insert(at("1.3.6.1.4.1.14823.2.3.3.1.2.2.1", &row(column)), value);
        put(4, text("116E"));
        put(5, Value::Integer(18));
        // A noise floor without its sign.
        put(6, Value::Integer(92));
        put(8, Value::Integer(9));
        put(12, count(1_000_000));
        put(16, count(2_000_000));
        put(21, whole(ap.peace + ap.open));
    }
}

pub fn show_unifi(sheet: &mut Sheet, state: &State) {
    let (peace, open) = state.stations();
    let mac = state.aps.first().map_or([0; 6], |ap| ap.mac);
    for (row, name) in [(1, "eth0"), (2, "ath0")] {
        interface(
            sheet,
            &Interface { row, name, alias: "", kind: 6, mac: Some(mac), admin: true, up: true, octets: 1 << 20 },
        );
    }
    for (row, ssid, up, stations) in [(1, TOWN_SSID, true, peace), (2, OPEN_SSID, state.is_open(), open)] {
        let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.4.1.41112.1.6.1.2.1", &[column, row]), value);
        put(1, whole(row));
        put(2, Value::Octets(mac.to_vec()));
        put(3, Value::Integer(997));
        put(4, Value::Integer(6));
        put(6, text(ssid));
        put(7, text("ath0"));
        put(8, whole(stations));
        put(9, text("ng"));
        put(10, count(4_000_000_000));
        put(16, count(1));
        put(21, Value::Integer(20));
        put(22, either(up, 1, 2));
        put(23, text("user"));
    }
    for (arc, number) in [(6, 31), (7, 4), (8, 9), (9, 18)] {
        sheet.insert(at("1.3.6.1.4.1.41112.1.6.1.1.1", &[arc, 1]), Value::Integer(number));
    }
    for (arc, words) in [(3, "UAP-AC-Pro-Gen2"), (6, "6.5.55.14277")] {
        sheet.insert(at("1.3.6.1.4.1.41112.1.6.3", &[arc, 0]), text(words));
    }
    sheet.insert(at("1.3.6.1.4.1.41112.1.6.3.2.0", &[]), Value::Integer(2));
}
