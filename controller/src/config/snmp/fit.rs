//! The fitting room: whether a device's profile is there, can do what the file wants of it, and is told what it needs.

use hirake_snmp::device::Role;
use hirake_snmp::profile::library::Library;

use super::SnmpConfig;
use super::device::Reading;
use super::hint;
use crate::config::desk::{Desk, quoted};
use crate::snmp::library;

/// Says what does not fit. Only of profiles that the file names: others are found out by asking the device.
pub(super) fn look(desk: &mut Desk<'_>, config: &SnmpConfig, devices: &[Reading]) {
    if devices.iter().all(|device| device.profile.is_none()) {
        return;
    }
    let (library, wrong) = library(config.profiles.as_deref());
    for why in &wrong {
        desk.note_missing(format!("snmp: {why}"));
    }
    for device in devices {
        one(desk, device, &library, wrong.is_empty());
    }
}

/// `whole`: every profile of the town's own could be read, so that one that is not there is a mistake.
fn one(desk: &mut Desk<'_>, device: &Reading, library: &Library, whole: bool) {
    let Some(named) = &device.profile else { return };
    let what = format!("snmp-device {}", quoted(&device.id));
    let Some(profile) = library.get(&named.is) else {
        if whole {
            let known: Vec<&str> = library.all().map(|profile| profile.id.as_str()).collect();
            let hint = hint(&named.is, &known, "the id of a shipped profile or of one in the folder [snmp] profiles");
            desk.mismatch(named.at, format!("{what}: no profile {}; {hint}", quoted(&named.is)));
        }
        return;
    };
    if device.roles().all(|role| role == Role::Witness) {
        return;
    }
    match &profile.no_flip {
        Some(why) => {
            let what = format!("{what}: profile {} cannot flip, its APs are watched only: {why}", quoted(&named.is));
            desk.note(named.at, what);
        }
        None => {
            let missing: Vec<&str> =
                profile.words.iter().map(String::as_str).filter(|word| !device.words.contains_key(*word)).collect();
            if !missing.is_empty() {
                let each: Vec<String> = missing.iter().map(|word| format!("{word} = \"…\"")).collect();
                let what = format!(
                    "{what}: profile {} must be told more; expected words = {{ {} }}",
                    quoted(&named.is),
                    each.join(", ")
                );
                desk.mismatch(named.at, what);
            }
        }
    }
}
