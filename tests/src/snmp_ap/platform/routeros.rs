//! MikroTik: scripts that run when a number is written to them, and one object that runs them when it is merely read.

use hirake_snmp::oid::Oid;
use hirake_snmp::trouble::Status;
use hirake_snmp::value::{Sheet, Value, VarBind};

use super::{Change, Interface, OPEN_SSID, TOWN_SSID, at, count, either, index, interface, text};
use crate::snmp_ap::state::State;

/// Interface of the town's own network.
const TOWN: u32 = 6;
/// Of the prepared one.
pub const JAPAN: u32 = 9;
/// mtxrScriptName, by script.
const SCRIPT_NAME: &str = "1.3.6.1.4.1.14988.1.1.8.1.1.2";
/// mtxrScriptRunCmd.
const SCRIPT_RUN: &str = "1.3.6.1.4.1.14988.1.1.8.1.1.3";
/// mtxrScriptRunOutput: a GET runs the script.
pub const SCRIPT_OUTPUT: &str = "1.3.6.1.4.1.14988.1.1.18.1.1.2";
const SCRIPTS: [(u32, &str); 3] = [(1, "backup"), (2, "open-00000japan"), (3, "close-00000japan")];

pub fn show(sheet: &mut Sheet, state: &State) {
    let (peace, open) = state.stations();
    let mac = state.aps.first().map(|ap| ap.mac);
    let (on, air) = state.switch(JAPAN).map_or((false, false), |switch| (switch.on, switch.air));
    for (row, name, ssid, on, air, stations) in
        [(TOWN, "wlan1", TOWN_SSID, true, true, peace), (JAPAN, "wlan1-jp", OPEN_SSID, on, air, open)]
    {
        interface(sheet, &Interface { row, name, alias: "", kind: 71, mac, admin: on, up: air, octets: 1 << 32 });
        let mut put = |column: u32, value| sheet.insert(at("1.3.6.1.4.1.14988.1.1.1.3.1", &[column, row]), value);
        put(4, text(ssid));
        put(5, Value::Octets(mac.map_or_else(Vec::new, |mac| mac.to_vec())));
        // Counter32 that are gauges.
        put(6, count(stations));
        put(11, count(stations));
        put(7, Value::Integer(2437));
        put(9, Value::Integer(-104));
        put(10, count(91));
    }
    for (row, name) in SCRIPTS {
        sheet.insert(at(SCRIPT_NAME, &[row]), text(name));
        sheet.insert(at(SCRIPT_RUN, &[row]), Value::Integer(0));
        sheet.insert(at(SCRIPT_OUTPUT, &[row]), text(""));
    }
    sheet.insert(at("1.3.6.1.4.1.14988.1.1.4.4.0", &[]), text("6.49.17"));
    sheet.insert(at("1.3.6.1.4.1.14988.1.1.7.1.0", &[]), either(false, 1, 0));
}

fn run(script: u32) -> Change {
    match script {
        2 => Change::Turn(JAPAN, true),
        3 => Change::Turn(JAPAN, false),
        _ => Change::Nothing,
    }
}

pub fn on_read(oid: &Oid) -> Option<Change> {
    <[u32; 1]>::try_from(index(oid, SCRIPT_OUTPUT)?).ok().map(|[script]| run(script))
}

pub fn test(bind: &VarBind) -> Option<Result<Change, Status>> {
    let Value::Integer(number) = bind.value else {
        return index(&bind.oid, SCRIPT_RUN).map(|_| Err(Status::WrongType));
    };
    if bind.oid == at("1.3.6.1.4.1.14988.1.1.7.1.0", &[]) {
        return Some(Ok(if number == 0 { Change::Nothing } else { Change::Reboot }));
    }
    let [script] = <[u32; 1]>::try_from(index(&bind.oid, SCRIPT_RUN)?).ok()?;
    if !SCRIPTS.iter().any(|(row, _)| *row == script) {
        return None;
    }
    // "set non zero to run"
    Some(Ok(if number == 0 { Change::Nothing } else { run(script) }))
}
