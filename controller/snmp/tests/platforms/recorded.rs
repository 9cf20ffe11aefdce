//! The recordings of real devices, where they are present: what another monitoring project reads of them is read equal.
//!
//! They lie beside the project and are no part of it: `HIRAKE_SNMP_RECORDINGS`, else `../shared/snmp` beside the root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hirake_snmp::oid::Oid;
use hirake_snmp::profile::Plan;
use hirake_snmp::readings::{Figure, Readings};
use hirake_snmp::value::Sheet;
use serde_json::Value as Json;

use crate::shipped::{the_profile_of, walks_in};
use crate::walk;

/// Values that were read equal on the recordings as they were first had, by recording: none may become fewer.
const FLOOR: &[(&str, usize)] = &[
    ("airos", 16),
    ("aruba-instant", 48),
    ("arubaos_aruba7210", 10),
    ("arubaos_vmc", 5),
    ("epmp", 4),
    ("fortiap_fap231g", 13),
    ("fortigate_fwf60d", 2),
    ("hiveos-wireless", 10),
    ("hiveos-wireless_ap130", 10),
    ("lcoslx_lw500", 9),
    ("lcoslx_ow602", 9),
    ("openwrt", 27),
    ("pmp_450", 12),
    ("routeros", 20),
    ("routeros_rb433gl", 13),
    ("routeros_station", 5),
    ("ruckuswireless-unleashed", 4),
    ("ruckuswireless_zd1100", 8),
    ("unifi", 15),
];

/// The other project's classes, and the metrics of ours that mean the same, alone or with more behind: `busy`, `busy-rx`.
fn metrics(class: &str) -> &'static [&'static str] {
    match class {
        "clients" | "count" => &["stations"],
        "ap-count" => &["aps"],
        "channel" => &["channel"],
        "frequency" => &["frequency", "channel"],
        "utilization" => &["busy", "airtime"],
        "capacity" => &["capacity", "busy"],
        "power" => &["power", "tx-power", "signal"],
        "noise-floor" => &["noise"],
        "ccq" => &["ccq", "rx-ccq"],
        "rssi" => &["rssi"],
        "snr" => &["snr"],
        "rate" => &["rate", "rx-rate", "tx-rate"],
        "quality" => &["quality"],
        "distance" => &["distance"],
        "errors" => &["errors", "rx-errors", "tx-errors", "retries"],
        "processor" => &["cpu"],
        "memory" => &["memory"],
        "temperature" => &["temperature"],
        "voltage" => &["voltage"],
        _ => &[],
    }
}

/// One value the other project reads.
#[derive(Debug)]
struct Expected {
    class: String,
    oids: Vec<Oid>,
    value: f64,
}

/// What became of the expected values of one class.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    equal: usize,
    /// Not known to one of the two: 0 where the profile says that 0 means none, a channel above 6 GHz.
    unknown: usize,
    all: usize,
}

/// Says it now, and once more where `HIRAKE_SNMP_TABLE` names a file: `./dev test` shows that at its end.
fn say(words: &str) {
    println!("{words}");
    if let Some(file) = std::env::var_os("HIRAKE_SNMP_TABLE") {
        std::fs::write(file, format!("{words}\n")).expect("HIRAKE_SNMP_TABLE can be written");
    }
}

/// Whether the recordings are there, and what is read of them: a table, platform by platform.
#[test]
fn what_others_read_of_the_recordings_is_read_equal() {
    let Some(folder) = folder() else {
        say("SNMP recordings: none; neither HIRAKE_SNMP_RECORDINGS nor ../shared/snmp is a folder with walks");
        return;
    };
    let mut said = vec![format!("SNMP recordings: {}", folder.display())];
    let (mut table, mut wrong) = (BTreeMap::<(String, String), Tally>::new(), Vec::new());
    for path in walks_in(&folder) {
        let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let (sheet, odd) = walk::read_kindly(&path).expect("readable");
        let profile = match the_profile_of(&sheet) {
            Ok(profile) => profile,
            Err(why) => {
                said.push(format!("  {name}: {why}"));
                continue;
            }
        };
        let polled = walk::polled(&sheet, profile.plan());
        let readings = profile.read(&polled);
        let mut equal = 0;
        for expected in expected(&path.with_extension("json")) {
            let tally = table.entry((profile.id.clone(), expected.class.clone())).or_default();
            tally.all += 1;
            match compare(&expected, &polled, &readings, |sheet| profile.read(sheet), profile.plan()) {
                Outcome::Equal => {
                    tally.equal += 1;
                    equal += 1;
                }
                Outcome::Unknown => tally.unknown += 1,
                Outcome::NotRead => {}
                Outcome::Differs(found) => wrong.push(format!("{name}: {expected:?} is read as {found:?}")),
            }
        }
        let (id, figures) = (&profile.id, readings.figures.len());
        said.push(format!("  {name}: {id}, {equal} values equal, {figures} figures, {odd} odd lines"));
        said.extend(readings.faults.iter().map(|fault| format!("    {fault}")));
        if let Some((_, floor)) = FLOOR.iter().find(|(known, _)| *known == name) {
            assert!(equal >= *floor, "{name}: {equal} values equal, {floor} were before");
        }
    }
    said.push(format!(
        "{:<22}{:<14}{:>7}{:>9}{:>9}{:>9}",
        "platform", "values", "equal", "unknown", "claimed", "in all"
    ));
    for ((profile, class), Tally { equal, unknown, all }) in &table {
        let claimed = equal + unknown;
        said.push(format!("{profile:<22}{class:<14}{equal:>7}{unknown:>9}{claimed:>9}{all:>9}"));
    }
    say(&said.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sums made by hand from two recordings (`reference-values.json`): WLANs, stations, APs, radios and load of a
/// controller; networks and an AP of a cloud.
#[test]
fn what_was_summed_by_hand_is_read_equal() {
    let Some(folder) = folder() else {
        println!("no recordings");
        return;
    };
    let Ok(text) = std::fs::read_to_string(folder.join("reference-values.json")) else {
        println!("no reference-values.json in {}", folder.display());
        return;
    };
    let json: Json = serde_json::from_str(&text).expect("JSON");
    let read = |name: &str| {
        let path = folder.join(name).with_extension("snmprec");
        let sheet = path.is_file().then(|| walk::read(&path).expect("a walk"))?;
        let profile = the_profile_of(&sheet).expect("a profile knows it");
        Some(profile.read(&walk::polled(&sheet, profile.plan())))
    };
    let sum = |readings: &Readings, metric: &str, scope: &str| -> f64 {
        readings.figures.iter().filter(|f| f.metric == metric && f.scope == scope).map(|f| f.value).sum()
    };
    let name = "dd_cisco-5500-wlc";
    if let Some(readings) = read(name) {
        let of = &json["values"][name];
        for wlan in &readings.networks {
            assert_eq!(of["ssid_by_wlan"][&wlan.row].as_str(), Some(&*Readings::show_ssid(&wlan.ssid)));
            assert_eq!(of["clients_by_wlan"][&wlan.row].as_u64(), wlan.stations.map(u64::from));
            assert_eq!(of["admin_by_wlan"][&wlan.row].as_u64(), wlan.up.map(u64::from));
        }
        assert_eq!(of["ssid_by_wlan"].as_object().map(|wlans| wlans.len()), Some(readings.networks.len()));
        assert_eq!(of["ap_count"].as_u64(), Some(readings.aps.len() as u64));
        assert_eq!(of["radio_count"].as_u64(), Some(readings.radios.len() as u64));
        assert_eq!(of["clients_sum_by_wlan"].as_f64(), Some(sum(&readings, "stations", "device")));
        assert_eq!(of["clients_sum_by_radio_bsnApIfNoOfUsers"].as_f64(), Some(sum(&readings, "stations", "radio")));
        assert_eq!(of["util_sum"].as_f64(), Some(sum(&readings, "busy", "radio")));
        println!(
            "{name}: {} WLANs, {} APs, {} radios equal",
            readings.networks.len(),
            readings.aps.len(),
            readings.radios.len()
        );
    }
    let name = "dd_meraki-cloud-controller";
    if let Some(readings) = read(name) {
        let of = &json["values"][name];
        let ssids: BTreeSet<&str> = of["ssids"].as_object().expect("SSIDs").values().filter_map(Json::as_str).collect();
        let read: BTreeSet<String> = readings.networks.iter().map(|bss| Readings::show_ssid(&bss.ssid)).collect();
        assert_eq!(read.iter().map(String::as_str).collect::<BTreeSet<_>>(), ssids);
        let first = |key: &str| of[key].as_object().and_then(|map| map.values().next()).cloned().unwrap_or_default();
        let ap = readings.aps.first().expect("an AP");
        assert_eq!(first("dev_name").as_str(), Some(&*ap.name));
        assert_eq!(first("dev_status").as_u64(), ap.up.map(u64::from));
        assert_eq!(first("dev_clients").as_u64(), ap.stations.map(u64::from));
        println!("{name}: {} SSIDs and an AP equal", ssids.len());
    }
}

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/snmp");
    let folder = std::env::var_os("HIRAKE_SNMP_RECORDINGS").map_or(beside, PathBuf::from);
    (!walks_in(&folder).is_empty()).then(|| folder.canonicalize().unwrap_or(folder))
}

enum Outcome {
    Equal,
    Unknown,
    NotRead,
    Differs(Vec<Figure>),
}

/// Which figures live on the objects of `expected` is found by taking those away; one of them has to be equal.
fn compare(
    expected: &Expected,
    polled: &Sheet,
    readings: &Readings,
    read: impl Fn(&Sheet) -> Readings,
    plan: &Plan,
) -> Outcome {
    let mut without = polled.clone();
    without.retain(|oid, _| !expected.oids.contains(oid));
    if without.len() == polled.len() {
        return Outcome::NotRead;
    }
    let names = metrics(&expected.class);
    let rest = read(&without);
    let means = |metric: &str| {
        names.iter().any(|name| metric.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    };
    let lives = |figure: &&Figure| means(&figure.metric) && !rest.figures.contains(figure);
    let figures: Vec<Figure> = readings.figures.iter().filter(lives).cloned().collect();
    let asked =
        |oid: &Oid| polled.contains_key(oid) && plan.tables.iter().any(|t| t.columns.iter().any(|c| oid.is_within(c)));
    // Several objects of one thing may be several figures here: their sum.
    let sum = |scope: &str, of: &str| {
        figures.iter().filter(|figure| figure.scope == scope && figure.of == of).map(|figure| figure.value).sum::<f64>()
    };
    let summed = |figure: &Figure| Figure { value: sum(&figure.scope, &figure.of), ..figure.clone() };
    let all = |figure: &Figure| {
        let value = figures.iter().filter(|other| other.scope == figure.scope).map(|other| other.value).sum::<f64>();
        Figure { value, ..figure.clone() }
    };
    let several = expected.oids.len() > 1;
    if figures.iter().any(|figure| {
        same(figure, expected) || several && (same(&summed(figure), expected) || same(&all(figure), expected))
    }) {
        Outcome::Equal
    } else if expected.class == "frequency" && expected.value == 0.0 && figures.iter().all(|f| f.metric == "channel") {
        // A channel the other project has no frequency for, such as those above 6 GHz.
        Outcome::Unknown
    } else if !figures.is_empty() {
        Outcome::Differs(figures)
    } else if expected.value == 0.0 && !names.is_empty() && expected.oids.iter().any(asked) {
        Outcome::Unknown
    } else {
        Outcome::NotRead
    }
}

fn same(figure: &Figure, expected: &Expected) -> bool {
    let value = match (figure.metric.as_str(), expected.class.as_str()) {
        // Where the device says a channel, the other project shows MHz, mostly.
        ("channel", "frequency") if expected.value >= 1000.0 => mhz(figure.value),
        // Without its sign, as the device has it.
        ("noise", "noise-floor") if expected.value > 0.0 => -figure.value,
        // Kilometres there, metres here.
        ("distance", "distance") => figure.value / 1000.0,
        _ => figure.value,
    };
    let tolerance = match &*expected.class {
        // Rounded to a whole percent there.
        "processor" => 0.999,
        "memory" => 0.01,
        _ => 1e-6 * expected.value.abs().max(1.0),
    };
    (value - expected.value).abs() <= tolerance
}

/// IEEE 802.11 channel numbers below 6 GHz; 0 is none.
fn mhz(channel: f64) -> f64 {
    match channel {
        0.0 => 0.0,
        14.0 => 2484.0,
        c if c < 14.0 => 2407.0 + 5.0 * c,
        c => 5000.0 + 5.0 * c,
    }
}

/// What the other project reads of a walk; nothing where it says nothing.
fn expected(path: &Path) -> Vec<Expected> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let json: Json = serde_json::from_str(&text).expect("JSON beside the walk");
    let rows = |module: &str, table: &str| -> Vec<Json> {
        let of = |pass: &str| json[module][pass][table].as_array().filter(|rows| !rows.is_empty()).cloned();
        of("poller").or_else(|| of("discovery")).unwrap_or_default()
    };
    let number = |value: &Json| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let oid = |value: &Json| value.as_str()?.parse::<Oid>().ok();
    let mut all = Vec::new();
    for row in rows("wireless", "wireless_sensors") {
        let list: Vec<String> =
            row["sensor_oids"].as_str().and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
        let oids: Vec<Oid> = list.iter().filter_map(|oid| oid.parse().ok()).collect();
        if let (Some(class), Some(value)) = (row["sensor_class"].as_str(), number(&row["sensor_current"])) {
            all.push(Expected { class: class.to_owned(), oids, value });
        }
    }
    for row in rows("sensors", "sensors") {
        if let (Some(class), Some(oid), Some(value)) =
            (row["sensor_class"].as_str(), oid(&row["sensor_oid"]), number(&row["sensor_current"]))
        {
            all.push(Expected { class: class.to_owned(), oids: vec![oid], value });
        }
    }
    for row in rows("processors", "processors") {
        if let (Some(oid), Some(value)) = (oid(&row["processor_oid"]), number(&row["processor_usage"])) {
            all.push(Expected { class: "processor".to_owned(), oids: vec![oid], value });
        }
    }
    for row in rows("mempools", "mempools") {
        let oids: BTreeSet<Oid> = ["mempool_used_oid", "mempool_free_oid", "mempool_perc_oid"]
            .iter()
            .filter_map(|key| oid(&row[*key]))
            .collect();
        let (used, total) = (number(&row["mempool_used"]), number(&row["mempool_total"]));
        if let (Some(used), Some(total)) = (used, total.filter(|total| *total > 0.0)) {
            let value = if oid(&row["mempool_perc_oid"]).is_some() {
                number(&row["mempool_perc"]).unwrap_or(0.0)
            } else {
                100.0 * used / total
            };
            all.push(Expected { class: "memory".to_owned(), oids: oids.into_iter().collect(), value });
        }
    }
    all
}
