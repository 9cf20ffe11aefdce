//! An access point that is a Linux box with net-snmp: interfaces, and what its scripts add under NET-SNMP-EXTEND-MIB.

use hirake_snmp::trouble::Status;
use hirake_snmp::value::{Sheet, VarBind};

use super::{Change, Interface, OPEN_SSID, TOWN_SSID, arcs, at, index, interface, one_of, text};
use crate::snmp_ap::state::State;

/// ifIndex of the town's own network.
const TOWN: u32 = 3;
/// ifIndex of the prepared network.
pub const JAPAN: u32 = 4;
const ADMIN: &str = "1.3.6.1.2.1.2.2.1.7";
/// dot11DesiredSSID.
const SSID: &str = "1.2.840.10036.1.1.1.9";
/// dot11CurrentChannel.
const CHANNEL: &str = "1.2.840.10036.4.5.1.1";
/// nsExtendOutput1Line.
const EXTEND: &str = "1.3.6.1.4.1.8072.1.3.2.3.1.1";

pub fn show(sheet: &mut Sheet, state: &State) {
    let (peace, open) = state.stations();
    let japan = state.switch(JAPAN);
    let (admin, up) = japan.map_or((false, false), |switch| (switch.on, switch.air));
    let mac = state.aps.first().map(|ap| ap.mac);
    let row = |row, name, kind, admin, up| Interface { row, name, alias: "", kind, mac, admin, up, octets: 1 << 33 };
    interface(sheet, &Interface { mac: None, ..row(1, "lo", 24, true, true) });
    interface(sheet, &row(2, "eth0", 6, true, true));
    interface(sheet, &Interface { alias: TOWN_SSID, ..row(TOWN, "wlan0", 71, true, true) });
    interface(sheet, &Interface { alias: OPEN_SSID, octets: 0, ..row(JAPAN, "wlan0jp", 71, admin, up) });
    for (row, ssid) in [(TOWN, TOWN_SSID), (JAPAN, OPEN_SSID)] {
        sheet.insert(at(SSID, &[row]), text(ssid));
        sheet.insert(at(CHANNEL, &[row]), hirake_snmp::value::Value::Integer(6));
    }
    let mut extend = |name: &str, value: String| {
        let length = u32::try_from(name.len()).unwrap_or(0);
        sheet.insert(at(EXTEND, &[&[length][..], &arcs(name.as_bytes())].concat()), text(&value));
    };
    extend("clients-wlan", (peace + open).to_string());
    extend("clients-wlan0", peace.to_string());
    extend("clients-wlan0jp", open.to_string());
    extend("frequency-wlan0", "2437".to_owned());
    extend("noise-floor-wlan0", "-95".to_owned());
}

pub fn test(bind: &VarBind) -> Option<Result<Change, Status>> {
    let row = index(&bind.oid, ADMIN)?;
    // net-snmp carries this out on any interface; here the others are guarded by the device's own view.
    if row != [JAPAN] {
        return if row.len() == 1 && row[0] < JAPAN { Some(Err(Status::NoAccess)) } else { None };
    }
    Some(one_of(&bind.value, &[1, 2]).map(|status| Change::Turn(JAPAN, status == 1)))
}
