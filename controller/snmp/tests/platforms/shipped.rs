//! The shipped profiles themselves, and how a device is asked which of them it is, played on a walk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hirake_snmp::oid::Oid;
use hirake_snmp::profile::Profile;
use hirake_snmp::profile::library::{Choice, Library, Seen};
use hirake_snmp::value::Sheet;

/// Where the walks written for the project are.
pub fn walks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/walks")
}

/// The walks of a folder, by name; none where there is no folder.
pub fn walks_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let is_walk = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "snmprec");
    let mut walks: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_walk).collect();
    walks.sort();
    walks
}

/// The shipped profiles.
pub fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| Library::shipped().expect("the shipped profiles are in order"))
}

/// Which profile a walk's device is found to be, by the questions that a device would be asked; or why none.
pub fn the_profile_of(walk: &Sheet) -> Result<Arc<Profile>, String> {
    let get = |asked: &[Oid]| -> Sheet {
        asked.iter().filter_map(|oid| Some((oid.clone(), walk.get(oid)?.clone()))).collect()
    };
    let next = |asked: &[Oid]| -> Sheet {
        let behind = |oid: &Oid| walk.range(oid..).find(|(found, _)| *found != oid);
        asked.iter().filter_map(|oid| behind(oid).map(|(oid, value)| (oid.clone(), value.clone()))).collect()
    };
    let first = get(&Library::first());
    let choice = match library().choose(&Seen { first: &first, probes: None }) {
        Choice::AskProbes { get: by_get, next: by_next } => {
            let (by_get, by_next) = (get(&by_get), next(&by_next));
            library().choose(&Seen { first: &first, probes: Some((&by_get, &by_next)) })
        }
        choice => choice,
    };
    match choice {
        Choice::Found(profile) => Ok(profile),
        Choice::Unknown(why) => Err(why),
        Choice::AskProbes { .. } => Err("asked again after the probes".to_owned()),
    }
}

/// Objects at which a mere read does something: no shipped profile asks for one, or for anything above it.
#[test]
fn no_profile_reads_what_acts_when_it_is_read() {
    // mtxrScriptRunOutput runs a script; the whole of nsExtendOutput runs every command the device has.
    let acts = ["1.3.6.1.4.1.14988.1.1.18", "1.3.6.1.4.1.8072.1.3.2.3.1.1", "1.3.6.1.4.1.8072.1.3.2.4"];
    let acts = acts.map(|oid| oid.parse::<Oid>().expect("written here"));
    for profile in library().all() {
        let plan = profile.plan();
        let columns = plan.tables.iter().flat_map(|table| &table.columns);
        for oid in plan.get.iter().chain(columns) {
            for never in acts.iter().chain(&profile.manners.never_read) {
                // OpenWrt's own commands are asked for one by one, by name.
                let named = profile.id == "openwrt" && oid.arcs().len() > never.arcs().len() + 1;
                assert!(!never.is_within(oid), "{} walks over {never}", profile.id);
                assert!(named || !oid.is_within(never), "{} reads {oid}", profile.id);
            }
        }
    }
}

/// Nobody's device is asked after (design ruling 12): where a platform has a station's address in the names of a table,
/// no profile reads any of it, though it be the only way to count.
#[test]
fn no_profile_reads_a_table_that_names_stations() {
    let tables = [
        "1.3.6.1.4.1.26928.1.1.1.2.1.2", // ahClientTable
        "1.3.6.1.4.1.42397.1.1.3.3",     // gwnClientTable
        "1.3.6.1.4.1.14988.1.1.1.2",     // mtxrWlRtabTable
        "1.3.6.1.4.1.14179.2.1.4",       // bsnMobileStationTable
        "1.3.6.1.4.1.14823.2.2.1.4.1.2", // nUserTable
        "1.3.6.1.4.1.14823.2.3.3.1.2.4", // aiClientTable
        "1.3.6.1.4.1.25053.1.2.2.1.1.3", // ruckusZDWLANStaTable
        "1.3.6.1.4.1.9.9.273.1.2",       // cDot11ClientConfigInfoTable and its sisters
        "1.3.6.1.4.1.2011.6.139.18",     // hwWlanStationTable
        "1.3.6.1.4.1.41112.1.4.7",       // ubntStaTable
    ];
    let tables = tables.map(|oid| oid.parse::<Oid>().expect("written here"));
    for profile in library().all() {
        let plan = profile.plan();
        for oid in plan.get.iter().chain(plan.tables.iter().flat_map(|table| &table.columns)) {
            let named = tables.iter().find(|table| oid.is_within(table) || table.is_within(oid));
            assert!(named.is_none(), "{} reads {oid}, which names stations", profile.id);
        }
    }
}

/// A profile says what is proven, and whether it can be flipped; a flip proves itself by something read, and has words.
#[test]
fn every_profile_says_what_is_proven_and_whether_it_flips() {
    let (mut flips, mut none) = (Vec::new(), 0);
    for profile in library().all() {
        let said = profile.notes.join(" ");
        let proven = said.contains("roven on") || said.contains("tried on") || said.contains("known by itself");
        let unproven = said.contains("Nothing of it is proven") || said.contains("Never chosen by itself");
        assert!(proven || unproven || said.contains("tried against"), "{}: {said}", profile.id);
        for word in &profile.words {
            assert!(said.contains(word.as_str()), "{}: its notes do not say what the word `{word}` is", profile.id);
        }
        match &profile.flips {
            Some(both) => {
                assert!(!both.open.checks.is_empty(), "{}: nothing is read after opening", profile.id);
                flips.push(profile.id.as_str());
            }
            None => {
                assert!(profile.no_flip.as_ref().is_some_and(|why| why.len() > 20), "{}", profile.id);
                none += 1;
            }
        }
    }
    println!("flipped by SNMP: {}; not: {none}", flips.join(", "));
    assert!(flips.len() >= 20, "{flips:?}");
}

/// `docs/platforms.md` has a line for each profile, as the profile is now. On a change the new table is printed.
#[test]
fn the_table_of_platforms_is_the_profiles_own() {
    let line = |profile: &Profile| {
        let mut figures: Vec<String> = Vec::new();
        for claim in profile.claims() {
            if !figures.contains(&claim.metric) {
                figures.push(claim.metric);
            }
        }
        let words: Vec<String> = profile.words.iter().map(|word| format!("`{word}`")).collect();
        let flip = match &profile.no_flip {
            Some(why) => format!("no: {why}"),
            None if words.is_empty() => "yes".to_owned(),
            None => format!("yes; words of the device: {}", words.join(", ")),
        };
        let (id, vendor, evidence) = (&profile.id, &profile.vendor, profile.evidence.word());
        format!("| `{id}` | {vendor} | {evidence} | {} | {flip} |", figures.join(", "))
    };
    let head = ["| profile | maker | evidence | figures | flip |".to_owned(), "|---|---|---|---|---|".to_owned()];
    let table: Vec<String> = head.into_iter().chain(library().all().map(|profile| line(profile))).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/platforms.md");
    let text = std::fs::read_to_string(file).expect("docs/platforms.md");
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert!(found == table, "docs/platforms.md should say:\n{}", table.join("\n"));
}
