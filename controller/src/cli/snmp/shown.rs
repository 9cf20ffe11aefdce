//! An object as one line: its name, its type, its value; octets as text where they are, and in hexadecimal.

use hirake_snmp::text;
use hirake_snmp::value::{Value, VarBind};

/// `1.3.6.1.2.1.1.5.0 = STRING: "ap-1" (61 70 2d 31)`
pub fn line(bind: &VarBind) -> String {
    format!("{} = {}", bind.oid, value(&bind.value))
}

fn value(value: &Value) -> String {
    match value {
        Value::Integer(number) => format!("INTEGER: {number}"),
        Value::Counter32(number) => format!("Counter32: {number}"),
        Value::Gauge32(number) => format!("Gauge32: {number}"),
        Value::Counter64(number) => format!("Counter64: {number}"),
        Value::TimeTicks(ticks) => format!("TimeTicks: {ticks} ({})", duration(*ticks)),
        Value::Octets(octets) if octets.is_empty() => "STRING: \"\"".to_owned(),
        Value::Octets(octets) => format!("STRING: \"{}\" ({})", text::show(octets), hex(octets)),
        Value::Oid(oid) => format!("OID: {oid}"),
        Value::Ip(address) => format!("IpAddress: {address}"),
        Value::Opaque(octets) => format!("Opaque: {}", hex(octets)),
        Value::Null => "NULL".to_owned(),
        Value::NoSuchObject => "noSuchObject: the device has no such object".to_owned(),
        Value::NoSuchInstance => "noSuchInstance: the device has the object, not this instance of it".to_owned(),
        Value::EndOfMibView => "endOfMibView: there is nothing behind it".to_owned(),
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
}

/// Hundredths of a second as days and a time of day: `3d 04:05:06`.
fn duration(ticks: u32) -> String {
    let seconds = ticks / 100;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    format!("{days}d {:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_its_line() {
        let of = |value| line(&VarBind { oid: "1.3.6.1".parse().expect("valid"), value });
        assert_eq!(of(Value::Integer(-1)), "1.3.6.1 = INTEGER: -1");
        assert_eq!(of(Value::Octets(b"ap-1".to_vec())), "1.3.6.1 = STRING: \"ap-1\" (61 70 2d 31)");
        assert_eq!(of(Value::TimeTicks(9_000_000)), "1.3.6.1 = TimeTicks: 9000000 (1d 01:00:00)");
        assert!(of(Value::Octets(b"\x1b[31m\n".to_vec())).contains("(1b 5b 33 31 6d 0a)"));
        assert!(!of(Value::Octets(b"\x1b[31m\n".to_vec())).contains('\x1b'), "no escapes reach the terminal");
    }
}
