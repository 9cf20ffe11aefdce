//! What `snmpbulkwalk` says is there, and our sheets in its words.

use std::collections::BTreeMap;
use std::process::Command;

use hirake_snmp::oid::Oid;
use hirake_snmp::value::{Sheet, Value};

/// Everything below `root`, by name, each as `TYPE: value`.
pub fn walk(port: u16, credentials: &[&str], root: &str) -> BTreeMap<Oid, String> {
    let tool = if credentials.first() == Some(&"-v1") { "snmpwalk" } else { "snmpbulkwalk" };
    let output = Command::new(tool)
        .env("MIBS", "")
        .args(credentials)
        .args(["-On", "-Ox", "-Ot", "-t", "5", "-r", "2"])
        .arg(format!("127.0.0.1:{port}"))
        .arg(root)
        .output()
        .expect("net-snmp's tools");
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers and words");
    let mut found: BTreeMap<Oid, String> = BTreeMap::new();
    let mut last = None;
    for line in text.lines() {
        match line.split_once(" = ") {
            Some((_, value)) if value.starts_with("No more variables") || value.starts_with("End of MIB") => {}
            Some((name, value)) => {
                let name: Oid = name.parse().expect("an OID");
                found.insert(name.clone(), value.trim_end().to_owned());
                last = Some(name);
            }
            None if line == "End of MIB" => {}
            // The next octets of a long string.
            None => {
                let value = last.as_ref().and_then(|name| found.get_mut(name)).expect("a line before");
                value.push(' ');
                value.push_str(line.trim_end());
            }
        }
    }
    found
}

/// A sheet as `snmpbulkwalk -On -Ox -Ot` would print it.
pub fn in_its_words(sheet: &Sheet) -> BTreeMap<Oid, String> {
    sheet.iter().map(|(oid, value)| (oid.clone(), printed(value))).collect()
}

fn printed(value: &Value) -> String {
    match value {
        Value::Integer(number) => format!("INTEGER: {number}"),
        Value::Counter32(number) => format!("Counter32: {number}"),
        Value::Gauge32(number) => format!("Gauge32: {number}"),
        Value::Counter64(number) => format!("Counter64: {number}"),
        Value::TimeTicks(ticks) => ticks.to_string(),
        Value::Octets(octets) if octets.is_empty() => "\"\"".to_owned(),
        Value::Octets(octets) => {
            let hex: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
            format!("Hex-STRING: {}", hex.join(" "))
        }
        Value::Oid(oid) => format!("OID: .{oid}"),
        Value::Ip(address) => format!("IpAddress: {address}"),
        // A float inside an Opaque (net-snmp's own encoding: tag 9f78, four octets, big endian).
        Value::Opaque(octets) => match octets.as_slice() {
            [0x9f, 0x78, 4, a, b, c, d] => format!("Opaque: Float: {:.6}", f32::from_be_bytes([*a, *b, *c, *d])),
            other => format!("Opaque: {other:?}"),
        },
        other => format!("{other:?}"),
    }
}

/// The type before the value.
fn kind(printed: &str) -> &str {
    match printed.split_once(": ") {
        Some((kind, _)) => {
            if kind == "Hex-STRING" {
                "\"\""
            } else {
                kind
            }
        }
        None if printed.starts_with('"') => "\"\"",
        None => "TimeTicks",
    }
}

/// Compares ours, read between two walks of net-snmp's, object by object. What both walks have must be in ours, of the
/// same type, and equal wherever the two are equal; what ours has must be in one of them.
///
/// Gives how many objects were compared, and how many of them by value.
pub fn compare(
    before: &BTreeMap<Oid, String>,
    ours: &BTreeMap<Oid, String>,
    after: &BTreeMap<Oid, String>,
) -> (usize, usize) {
    let mut wrong = Vec::new();
    let (mut objects, mut values) = (0, 0);
    for (oid, first) in before {
        let Some(second) = after.get(oid) else { continue };
        objects += 1;
        match ours.get(oid) {
            None => wrong.push(format!("{oid}: {first} is missing")),
            Some(own) if kind(own) != kind(first) => wrong.push(format!("{oid}: {own} instead of {first}")),
            Some(own) if first == second => {
                values += 1;
                if own != first {
                    wrong.push(format!("{oid}: {own} instead of {first}"));
                }
            }
            Some(_) => {}
        }
    }
    for (oid, own) in ours {
        if !before.contains_key(oid) && !after.contains_key(oid) {
            wrong.push(format!("{oid}: {own} is not there"));
        }
    }
    // A counter that moved and came back between, or a row that lived only while we looked: a handful of thousands.
    let volatile = |line: &String| VOLATILE.iter().any(|root| line.starts_with(root));
    let (moving, wrong): (Vec<_>, Vec<_>) = wrong.into_iter().partition(volatile);
    assert!(wrong.is_empty(), "{} of {objects} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    assert!(moving.len() * 20 < objects, "too much moves to be compared: {:#?}", &moving[..moving.len().min(20)]);
    (objects, values)
}

/// Rows that come and go while one looks: processes, connections, neighbours; and figures that go up and down.
const VOLATILE: [&str; 14] = [
    "1.3.6.1.2.1.4.22.",
    "1.3.6.1.2.1.4.35.",
    "1.3.6.1.2.1.6.13.",
    "1.3.6.1.2.1.6.19.",
    "1.3.6.1.2.1.6.20.",
    "1.3.6.1.2.1.7.5.",
    "1.3.6.1.2.1.7.7.",
    "1.3.6.1.2.1.25.1.6.",
    "1.3.6.1.2.1.25.2.3.1.6.",
    "1.3.6.1.2.1.25.3.3.1.2.",
    "1.3.6.1.2.1.25.4.",
    "1.3.6.1.2.1.25.5.",
    "1.3.6.1.4.1.2021.",
    "1.3.6.1.4.1.8072.1.",
];
