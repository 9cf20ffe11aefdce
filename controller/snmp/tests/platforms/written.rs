//! The walks written for the project: each is known by one profile, and reads as the file of the same name says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use hirake_snmp::profile::Profile;
use hirake_snmp::profile::flip::{Assign, Expect, Flip, SetValue, Vars};
use hirake_snmp::readings::Readings;
use hirake_snmp::value::Sheet;

use crate::shipped::{library, the_profile_of, walks, walks_in};
use crate::walk;

/// A reading as the expected files write it, sorted, one fact a line.
fn shown(profile: &str, readings: &Readings) -> String {
    let known = |known: Option<bool>| known.map_or("?", |yes| if yes { "up" } else { "down" });
    let count = |count: Option<u32>| count.map_or("?".to_owned(), |count| count.to_string());
    let of = |ap: &Option<String>| ap.as_ref().map_or(String::new(), |ap| format!(" of {ap}"));
    let mut text = format!("profile {profile}\n");
    let identity = &readings.identity;
    let _ = writeln!(text, "device {} | {} | {}", identity.name, identity.model, identity.version);
    for bss in &readings.networks {
        let (row, ssid, up, channel) = (&bss.row, Readings::show_ssid(&bss.ssid), known(bss.up), bss.channel);
        let stations = count(bss.stations);
        let _ = writeln!(
            text,
            "network {row}{} \"{ssid}\" [{}] {up} channel {channel} stations {stations}",
            of(&bss.ap),
            bss.bssid
        );
    }
    for radio in &readings.radios {
        let figure = |figure: Option<f64>| figure.map_or("?".to_owned(), |figure| format!("{figure}"));
        let (row, channel, stations) = (&radio.row, radio.channel, count(radio.stations));
        let (busy, noise, power) = (figure(radio.busy_percent), figure(radio.noise_dbm), figure(radio.power_dbm));
        let _ = writeln!(
            text,
            "radio {row}{} channel {channel} busy {busy} noise {noise} power {power} stations {stations}",
            of(&radio.ap)
        );
    }
    for ap in &readings.aps {
        let _ = writeln!(text, "ap {} {} {} stations {}", ap.key, ap.name, known(ap.up), count(ap.stations));
    }
    let mut figures: Vec<String> = readings
        .figures
        .iter()
        .map(|f| format!("figure {} [{}] {} {:.6}", f.scope, f.of, f.metric, f.value))
        .map(|line| line.trim_end_matches('0').trim_end_matches('.').to_owned())
        .collect();
    figures.sort();
    for line in figures.iter().map(String::as_str).chain(readings.faults.iter().map(String::as_str)) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The words that a town would have written for the device of a walk.
fn words_of(id: &str) -> BTreeMap<String, String> {
    let words: &[(&str, &str)] = match id {
        "ruckus-zonedirector" => &[("group", "1")],
        "huawei-ac" => &[("profile", "saigai")],
        "ruijie-ac" => &[("group", "gym")],
        "mikrotik-routeros" => &[("open-script", "1"), ("close-script", "2")],
        _ => &[],
    };
    words.iter().map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect()
}

/// What a flip would send and read, for each row of the walk that is the prepared 00000JAPAN.
fn flips_shown(profile: &Profile, sheet: &Sheet) -> String {
    let Some(flips) = &profile.flips else { return String::new() };
    let rows = match profile.select(sheet, b"00000JAPAN", &words_of(&profile.id)) {
        Ok(rows) => rows,
        Err(why) => return format!("flip: {why}\n"),
    };
    let mut text = String::new();
    for vars in &rows {
        // Drawn for each flip; any one stands for all.
        let mut vars = vars.clone();
        vars.insert("rand".to_owned(), hirake_snmp::profile::flip::Var::Arcs(vec![4711]));
        text.push_str(&flip_shown("open", &flips.open, &vars));
        text.push_str(&flip_shown("close", &flips.close, &vars));
    }
    text
}

fn flip_shown(way: &str, flip: &Flip, vars: &Vars) -> String {
    let assign = |assign: &Assign| {
        let oid = assign.oid.oid(vars).map_or_else(|error| error.to_string(), |oid| oid.to_string());
        match &assign.value {
            SetValue::Integer(number) => format!("{oid} = {number}"),
            SetValue::Gauge(number) => format!("{oid} = gauge {number}"),
            SetValue::Text(text) => format!("{oid} = \"{text}\""),
            SetValue::Oid(value) => format!("{oid} = {value}"),
        }
    };
    let mut text = String::new();
    for step in &flip.steps {
        let set: Vec<String> = step.set.iter().map(assign).collect();
        let _ = writeln!(text, "{way}: {}: {}", step.name, set.join(", "));
    }
    for check in &flip.checks {
        let oid = check.oid.oid(vars).map_or_else(|error| error.to_string(), |oid| oid.to_string());
        let expect = match &check.expect {
            Expect::Numbers(numbers) => format!("{numbers:?}"),
            Expect::Octets(octets) => format!("\"{octets}\""),
            Expect::Absent => "not there".to_owned(),
        };
        let _ = writeln!(text, "{way}: {}: {oid} is {expect}", check.name);
    }
    for set in flip.save.iter().flat_map(|save| &save.set) {
        let set: Vec<String> = set.iter().map(assign).collect();
        let _ = writeln!(text, "{way}: save: {}", set.join(", "));
    }
    text
}

/// A walk, and what is read of it, beside each other: every figure of every profile that has a walk, none left out.
#[test]
fn every_walk_reads_as_its_expected_file_says() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in walks_in(&walks()) {
        let sheet = walk::read(&path).expect("a walk");
        let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let Some(profile) = library().get(&name).cloned().or_else(|| the_profile_of(&sheet).ok()) else { continue };
        let polled = walk::polled(&sheet, profile.plan());
        let found = shown(&profile.id, &profile.read(&polled)) + &flips_shown(&profile, &polled);
        let file = path.with_extension("expected");
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if found != expected {
            let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
            wrong.push(format!("{}: {differs:?}; all that was read:\n{found}", file.display()));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 15, "{seen} walks with a profile");
}

/// The walk of a platform is known as that platform and as no other, those that share a sysObjectID among them.
#[test]
fn every_walk_is_known_by_its_own_profile() {
    for path in walks_in(&walks()) {
        let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let found = the_profile_of(&walk::read(&path).expect("a walk")).map(|profile| profile.id.clone());
        match &*name {
            // Nobody's: said so, and nothing is guessed.
            "unknown-printer" | "generic-if-mib" => {
                let why = found.expect_err("nobody knows it");
                assert!(why.contains("no profile"), "{why}");
            }
            _ => assert_eq!(found.as_deref(), Ok(&*name), "{}", Path::new(&name).display()),
        }
    }
}
