//! Profiles read, proven and used: a standalone access point, a WLAN controller, and files with mistakes.

mod hostile;
mod mistakes;

use std::collections::BTreeMap;
use std::time::Duration;

use super::explain::Outcome;
use super::flip::{Expect, SetValue, Var};
use super::*;
use crate::counter::Count;
use crate::readings::Readings;
use crate::value::{Sheet, Value};

/// An access point whose networks are one table, their stations another, their interfaces a third.
const AP: &str = r#"
schema = 1
id = "some-ap"
vendor = "Some"
evidence = "mib"
notes = ["written for tests"]
[match]
sys_object_id = "1.3.6.1.4.1.99999.1"
[session]
never_read = ["1.3.6.1.4.1.99999.66"]
[table.wlan]
root = "1.3.6.1.4.1.99999.2.1"
index = [{ name = "if", as = "int" }]
[table.wlan.col]
ssid = { id = 1, as = "ssid" }
admin = { id = 2, as = "enum", map = { 1 = "up", 2 = "down" } }
radio = { id = 3, as = "gauge" }
bssid = { id = 4, as = "mac" }
unused = { id = 5, as = "text" }
[table.stats]
root = "1.3.6.1.4.1.99999.3.1"
index = [{ name = "if", as = "int" }]
[table.stats.col]
stations = { id = 1, as = "gauge" }
rx = { id = 2, as = "counter32" }
[table.radio]
root = "1.3.6.1.4.1.99999.4.1"
index = [{ name = "radio", as = "int" }]
[table.radio.col]
mhz = { id = 1, as = "frequency" }
noise = { id = 2, as = "gauge", invalid = [0], mul = -1 }
busy = { id = 3, as = "text_float", clamp = [0, 100] }
[table.interface]
root = "1.3.6.1.2.1.2.2.1"
index = [{ name = "if", as = "int" }]
[table.interface.col]
oper = { id = 8, as = "enum", map = { 1 = "up", 2 = "down" }, other = "unknown" }
[identity]
model = { oid = "1.3.6.1.4.1.99999.5.1.0", as = "text", regex = '^Model (\S+)' }
version = "1.3.6.1.4.1.99999.5.2.0"
[network]
table = "wlan"
ssid = "ssid"
bssid = "wlan.bssid"
up = { "wlan.admin" = "up", "interface.oper" = ["up", "unknown"] }
channel = "radio.mhz"
stations = "stats.stations"
[radio]
table = "radio"
channel = "radio.mhz"
busy = "radio.busy"
noise = "radio.noise"
stations = { col = "wlan.ssid", agg = "count" }
[[metric]]
name = "rx-bytes"
scope = "bss"
value = "stats.rx"
[[metric]]
name = "stations"
scope = "device"
value = "stats.stations"
agg = "sum"
[[metric]]
name = "memory"
scope = "device"
value = "1.3.6.1.4.1.99999.6.1.0"
over = "1.3.6.1.4.1.99999.6.2.0"
mul = -100
add = 100
[[metric]]
name = "signal"
scope = "radio"
oid = "1.3.6.1.4.1.99999.7.1"
index = ["int", "int"]
as = "gauge"
add = -256
[bss]
table = "wlan"
where = { ssid = "${ssid}", radio = "${ap.radio}" }
[[flip.open.step]]
name = "enable"
unless = { "wlan.admin" = "up" }
set = [{ col = "wlan.admin", value = "up" }, { oid = "1.3.6.1.4.1.99999.8.${if}.${radio}", value = "${ssid}" }]
timeout = "6s"
accept = ["inconsistentValue"]
[[flip.open.check]]
name = "the interface is up"
col = "interface.oper"
eq = "up"
[flip.open.save]
set = [{ oid = "1.3.6.1.4.1.99999.9.${rand}", value = 1 }]
poll = { oid = "1.3.6.1.4.1.99999.10.${rand}", done = 3, fail = 4, within = "60s" }
[[flip.close.step]]
name = "disable"
set = [{ col = "wlan.admin", value = 2 }]
"#;

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

fn sheet(values: &[(&str, Value)]) -> Sheet {
    values.iter().map(|(name, value)| (oid(name), value.clone())).collect()
}

fn text(text: &str) -> Value {
    Value::Octets(text.as_bytes().to_vec())
}

fn profile(text: &str) -> Profile {
    Profile::parse("test.toml", text).expect("a profile")
}

/// Two networks on two radios; the second's radio row and stations vanished between two columns.
fn ap_sheet() -> Sheet {
    sheet(&[
        ("1.3.6.1.2.1.1.3.0", Value::TimeTicks(360_000)),
        ("1.3.6.1.2.1.1.5.0", text("gym-1")),
        ("1.3.6.1.2.1.2.2.1.8.7", Value::Integer(1)),
        ("1.3.6.1.2.1.2.2.1.8.9", Value::Integer(5)),
        ("1.3.6.1.4.1.99999.2.1.1.7", text("town")),
        ("1.3.6.1.4.1.99999.2.1.1.9", text("00000JAPAN")),
        ("1.3.6.1.4.1.99999.2.1.2.7", Value::Integer(1)),
        ("1.3.6.1.4.1.99999.2.1.2.9", Value::Integer(2)),
        ("1.3.6.1.4.1.99999.2.1.3.7", Value::Integer(0)),
        ("1.3.6.1.4.1.99999.2.1.3.9", Value::Integer(1)),
        ("1.3.6.1.4.1.99999.2.1.4.7", Value::Octets(vec![0, 1, 2, 10, 11, 12])),
        ("1.3.6.1.4.1.99999.3.1.1.7", Value::Counter32(3)),
        ("1.3.6.1.4.1.99999.3.1.2.7", Value::Counter32(4_000_000_000)),
        ("1.3.6.1.4.1.99999.4.1.1.0", Value::Gauge32(5180)),
        ("1.3.6.1.4.1.99999.4.1.2.0", Value::Integer(95)),
        ("1.3.6.1.4.1.99999.4.1.3.0", text("130.5")),
        ("1.3.6.1.4.1.99999.5.1.0", text("Model X1 (rev 2)")),
        ("1.3.6.1.4.1.99999.5.2.0", Value::Integer(5)),
        ("1.3.6.1.4.1.99999.6.1.0", Value::Gauge32(25)),
        ("1.3.6.1.4.1.99999.6.2.0", Value::Gauge32(100)),
        ("1.3.6.1.4.1.99999.7.1.1.2", Value::Gauge32(200)),
    ])
}

fn figures(readings: &Readings) -> Vec<(String, f64)> {
    readings.figures.iter().map(|f| (format!("{}/{}/{}", f.metric, f.scope, f.of), f.value)).collect()
}

/// A poll asks for what is used and nothing else.
#[test]
fn a_plan_has_what_is_read() {
    let profile = profile(AP);
    let plan = profile.plan();
    assert_eq!(plan.get.len(), 6);
    let columns: Vec<(&str, usize)> = plan.tables.iter().map(|table| (&*table.name, table.columns.len())).collect();
    assert_eq!(columns, [("interface", 1), ("radio", 3), ("stats", 2), ("wlan", 4), ("metric signal", 1)]);
    assert!(
        !plan.tables.iter().flat_map(|table| &table.columns).any(|column| *column == oid("1.3.6.1.4.1.99999.2.1.5"))
    );
}

/// A poll that a bad line cuts short has read at least whether the network is on the air.
#[test]
fn what_says_whether_a_network_is_on_the_air_is_asked_first() {
    let library = super::library::Library::shipped().expect("shipped profiles are valid");
    let profile = library.get("cisco-wlc").expect("a shipped profile");
    let tables: Vec<&str> = profile.plan().tables.iter().map(|table| &*table.name).collect();
    assert_eq!(tables, ["wlan", "ap", "load", "noise", "radio"]);
}

/// Tables are joined by their indexes, transforms are made, and what is missing stays unknown.
#[test]
fn a_sheet_comes_to_readings() {
    let readings = profile(AP).read(&ap_sheet());
    assert_eq!(readings.faults, Vec::<String>::new());
    assert_eq!(readings.identity.name, "gym-1");
    assert_eq!(readings.identity.model, "X1");
    assert_eq!(readings.identity.version, "5");
    assert_eq!(readings.uptime, Some(Duration::from_secs(3_600)));
    let (town, japan) = (&readings.networks[0], &readings.networks[1]);
    assert_eq!((&*town.row, &*town.bssid, town.up), ("7", "00:01:02:0a:0b:0c", Some(true)));
    assert_eq!((town.channel, town.stations), (36, Some(3)));
    // It is switched off, and its stations and radio are not there: not on the air, the rest unknown.
    assert_eq!((&*japan.ssid, japan.up, japan.channel, japan.stations), (&b"00000JAPAN"[..], Some(false), 0, None));
    assert_eq!((readings.networks.len(), readings.radios.len()), (2, 1));
    let radio = &readings.radios[0];
    assert_eq!((radio.channel, radio.noise_dbm, radio.busy_percent), (36, Some(-95.0), Some(100.0)));
    assert_eq!(radio.stations, Some(1));
    let expected = [
        ("uptime/device/", 3_600.0),
        ("stations/bss/7", 3.0),
        ("stations/ssid/town", 3.0),
        ("channel/radio/0", 36.0),
        ("busy/radio/0", 100.0),
        ("noise/radio/0", -95.0),
        ("stations/radio/0", 1.0),
        ("rx-bytes/bss/7", 4_000_000_000.0),
        ("stations/device/", 3.0),
        ("memory/device/", 75.0),
        ("signal/radio/1.2", -56.0),
    ];
    assert_eq!(figures(&readings), expected.map(|(name, value)| (name.to_owned(), value)));
    let counters: Vec<Count> = readings.figures.iter().filter_map(|figure| figure.counter).collect();
    assert_eq!(counters, [Count { value: 4_000_000_000, wide: false }]);
}

/// A device that answers something else is told apart from one that says nothing.
#[test]
fn wrong_types_are_faults_and_absence_is_unknown() {
    let profile = profile(AP);
    assert_eq!(profile.read(&Sheet::new()), Readings::default());
    let mut sheet = ap_sheet();
    sheet.insert(oid("1.3.6.1.4.1.99999.3.1.1.7"), text("three"));
    sheet.insert(oid("1.3.6.1.4.1.99999.3.1.1.9"), text("3"));
    sheet.insert(oid("1.3.6.1.4.1.99999.2.1.2.7"), Value::Integer(9));
    sheet.insert(oid("1.3.6.1.4.1.99999.4.1.1.1.5"), Value::Gauge32(5180));
    let readings = profile.read(&sheet);
    assert_eq!(
        readings.faults,
        [
            "radio: expected an index of radio (Int), found 1.5",
            "stats.stations: row 7: expected a number, found OCTET STRING \"three\" (and 1 more rows)",
            "wlan.admin: row 7: expected one of 1 up, 2 down, found INTEGER 9",
        ]
    );
    assert_eq!((readings.networks[0].up, readings.networks[0].stations), (None, None));
}

/// Whoever writes a profile sees what each of its lines found on a device, and what is wrong with it.
#[test]
fn each_line_says_what_it_found() {
    let mut sheet = ap_sheet();
    sheet.insert(oid("1.3.6.1.4.1.99999.3.1.1.9"), text("x"));
    sheet.remove(&oid("1.3.6.1.4.1.99999.5.1.0"));
    let words = BTreeMap::from([("radio".to_owned(), "1".to_owned())]);
    let findings = profile(AP).explain(&sheet, b"00000JAPAN", &words);
    let told: Vec<String> =
        findings.iter().map(|finding| format!("{:?} {}: {}", finding.outcome, finding.line, finding.found)).collect();
    for expected in [
        "Absent model 1.3.6.1.4.1.99999.5.1.0: not there",
        "Read version 1.3.6.1.4.1.99999.5.2.0: 5",
        "Wrong stats.stations 1.3.6.1.4.1.99999.3.1.1: row 9: expected a number, found OCTET STRING \"x\"",
        "Read wlan.ssid 1.3.6.1.4.1.99999.2.1.1: 2: town, 00000JAPAN",
        "Read [network]: 2: town on, 00000JAPAN off",
        "Read [radio]: 1: 0 channel 36",
        "Read stations of device (1): 1: 3",
        "Read channel of radio (1): 1: 0 36",
        "Read [bss]: 1 rows to switch",
    ] {
        assert!(told.iter().any(|line| line == expected), "{expected} in {told:#?}");
    }
    assert!(profile(AP).explain(&Sheet::new(), b"x", &words).iter().all(|finding| finding.outcome == Outcome::Absent));
}

/// The prepared row is found by its octets and by the device's own words; its variables are all there.
#[test]
fn the_prepared_row_is_selected() {
    let profile = profile(AP);
    let words = |radio: &str| BTreeMap::from([("radio".to_owned(), radio.to_owned())]);
    let selected = profile.select(&ap_sheet(), b"00000JAPAN", &words("1")).expect("prepared");
    assert_eq!(selected.len(), 1);
    let vars = &selected[0];
    assert_eq!(vars.get("if"), Some(&Var::Arcs(vec![9])));
    assert_eq!(vars.get("radio"), Some(&Var::Arcs(vec![1])));
    let flips = profile.flips.as_ref().expect("flips");
    let step = &flips.open.steps[0];
    assert_eq!(step.set[0].oid.oid(vars), Ok(oid("1.3.6.1.4.1.99999.2.1.2.9")));
    assert_eq!(step.set[0].value, SetValue::Integer(1));
    assert_eq!(step.set[1].oid.oid(vars), Ok(oid("1.3.6.1.4.1.99999.8.9.1")));
    assert_eq!(step.unless[0].1, Expect::Numbers(vec![1]));
    assert_eq!(flips.open.checks[0].oid.oid(vars), Ok(oid("1.3.6.1.2.1.2.2.1.8.9")));

    let unprepared = |sheet: &Sheet, words: &BTreeMap<String, String>| {
        profile.select(sheet, b"00000JAPAN", words).expect_err("not prepared").to_string()
    };
    assert_eq!(
        unprepared(&ap_sheet(), &words("0")),
        "00000JAPAN is not prepared on the device: none of its 2 rows of `wlan` is it (there: 0 town, 1 00000JAPAN); set it up once, switched off"
    );
    assert_eq!(
        unprepared(&ap_sheet(), &BTreeMap::new()),
        "the profile needs the word `radio` of this device; add it in controller.toml: words = { radio = \"…\" }"
    );
    assert!(unprepared(&Sheet::new(), &words("1")).starts_with("the device showed no row of `wlan`"));
}

/// A WLAN controller: rows by MAC address with its length, by SSID in the index, sums over what belongs to an AP.
#[test]
fn a_controller_speaks_for_its_aps() {
    let profile = profile(
        r#"
schema = 1
id = "some-wlc"
vendor = "Some"
evidence = "mib"
no_flip = "nothing can be written"
[table.ap]
root = "1.3.6.1.4.1.99999.1"
index = [{ name = "ap", as = "mac_len" }]
[table.ap.col]
name = { id = 1, as = "text" }
state = { id = 2, as = "enum", map = { "Connected" = "up" }, other = "down" }
[table.vap]
root = "1.3.6.1.4.1.99999.2"
index = [{ name = "ap", as = "mac" }, { name = "essid", as = "string" }]
[table.vap.col]
stations = { id = 1, as = "gauge" }
[ap]
table = "ap"
name = "ap.name"
up = { "ap.state" = "up" }
stations = { col = "vap.stations", agg = "sum" }
[[network]]
table = "vap"
ssid = "vap.essid"
up = true
stations = "vap.stations"
ap = "vap.ap"
[[metric]]
name = "stations"
scope = "ap"
value = "vap.stations"
group = ["ap.name", "vap.essid"]
agg = "max"
[[metric]]
name = "aps"
scope = "device"
value = "ap.name"
agg = "count"
where = { "ap.state" = "up" }
"#,
    );
    let readings = profile.read(&sheet(&[
        ("1.3.6.1.4.1.99999.1.1.6.0.1.2.10.11.12", text("gym")),
        ("1.3.6.1.4.1.99999.1.2.6.0.1.2.10.11.12", text("Connected")),
        ("1.3.6.1.4.1.99999.1.1.6.0.1.2.10.11.13", text("hall")),
        ("1.3.6.1.4.1.99999.1.2.6.0.1.2.10.11.13", text("Lost")),
        ("1.3.6.1.4.1.99999.2.1.0.1.2.10.11.12.4.116.111.119.110", Value::Gauge32(4)),
        ("1.3.6.1.4.1.99999.2.1.0.1.2.10.11.12.2.131.92", Value::Gauge32(2)),
    ]));
    let aps: Vec<_> = readings.aps.iter().map(|ap| (&*ap.key, &*ap.name, ap.up, ap.stations)).collect();
    assert_eq!(
        aps,
        [
            ("00:01:02:0a:0b:0c", "gym", Some(true), Some(6)),
            // It has no rows of its own: nothing is known, which is not 0.
            ("00:01:02:0a:0b:0d", "hall", Some(false), None),
        ]
    );
    assert_eq!(readings.networks.len(), 2);
    assert_eq!(readings.networks[0].ssid, [0x83, 0x5c]);
    assert_eq!(readings.networks[0].ap.as_deref(), Some("00:01:02:0a:0b:0c"));
    assert_eq!(readings.networks[1].row, "00:01:02:0a:0b:0c.town");
    let expected = [("stations/ap/gym \\x83\\\\", 2.0), ("stations/ap/gym town", 4.0), ("aps/device/", 1.0)];
    assert_eq!(figures(&readings)[5..], expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(
        profile.select(&Sheet::new(), b"x", &BTreeMap::new()).expect_err("none").to_string(),
        "this platform cannot be flipped by SNMP: nothing can be written"
    );
}

/// The reference's own examples, one after the other, are a profile.
#[test]
fn the_reference_is_a_profile() {
    let page = include_str!("../../../../docs/profiles.md");
    let pieces: String = page.split("```toml").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let errors = Profile::parse("docs/profiles.md", &pieces).err().map(|errors| errors.to_string());
    assert_eq!(errors, None);
    let claims = profile(&pieces).claims();
    assert!(claims.iter().any(|claim| claim.metric == "memory" && claim.unit == "%"), "{claims:?}");
}

/// A controller of 1,000 APs with 20 networks each: every row finds its AP without looking at all of them.
#[test]
fn a_large_controller_is_read_row_by_row() {
    let profile = profile(
        r#"
schema = 1
id = "large"
vendor = "Some"
evidence = "mib"
no_flip = "x"
[session]
row_limit = 100000
[table.ap]
root = "1.3.1"
index = [{ name = "ap", as = "int" }]
[table.ap.col]
name = { id = 1, as = "text" }
[table.vap]
root = "1.3.2"
index = [{ name = "ap", as = "int" }, { name = "wlan", as = "int" }]
[table.vap.col]
ssid = { id = 1, as = "ssid" }
stations = { id = 2, as = "gauge" }
[ap]
table = "ap"
name = "name"
stations = { col = "vap.stations", agg = "sum" }
[network]
table = "vap"
ssid = "ssid"
ap = "ap.name"
stations = "stations"
"#,
    );
    let mut sheet = Sheet::new();
    for ap in 0..1_000_u32 {
        sheet.insert(oid("1.3.1.1").with(&[ap]).expect("short"), text(&format!("ap{ap}")));
        for wlan in 0..20 {
            sheet.insert(oid("1.3.2.1").with(&[ap, wlan]).expect("short"), text("town"));
            sheet.insert(oid("1.3.2.2").with(&[ap, wlan]).expect("short"), Value::Gauge32(2));
        }
    }
    let readings = profile.read(&sheet);
    assert_eq!((readings.aps.len(), readings.networks.len()), (1_000, 20_000));
    assert!(readings.aps.iter().all(|ap| ap.stations == Some(40)));
    assert_eq!(readings.networks[19_999].ap.as_deref(), Some("ap999"));
    assert!(readings.figures.iter().any(|f| f.scope == "ssid" && f.of == "town" && f.value == 40_000.0));
}
