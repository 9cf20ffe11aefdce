//! The walks written for the project: each is known by one profile, and reads as the file of the same name says.

use std::fmt::Write as _;
use std::path::Path;

use hirake_snmp::readings::Readings;

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

/// A walk, and what is read of it, beside each other: every figure of every profile that has a walk, none left out.
#[test]
fn every_walk_reads_as_its_expected_file_says() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in walks_in(&walks()) {
        let sheet = walk::read(&path).expect("a walk");
        let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let Some(profile) = library().get(&name).cloned().or_else(|| the_profile_of(&sheet).ok()) else { continue };
        let found = shown(&profile.id, &profile.read(&walk::polled(&sheet, profile.plan())));
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
