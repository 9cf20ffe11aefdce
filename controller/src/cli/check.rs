//! `hirake check`: reads the file, tells everything there is to tell about it.

use std::path::Path;
use std::process::ExitCode;

use hirake_snmp::device::Role;

use super::exit;
use crate::config::{Complaints, Config, Remark};

/// Complaints and notes go to standard error, the one line of praise to standard output.
pub fn check(file: &Path) -> ExitCode {
    match Config::read(file) {
        Ok(config) if !config.amiss.is_empty() => refuse(&Complaints { complaints: config.amiss, notes: config.notes }),
        Ok(config) => {
            notes(&config.notes);
            println!("{}", praise(&config));
            ExitCode::from(exit::WELL)
        }
        Err(refused) => refuse(&refused),
    }
}

/// Tells everything that is wrong with a file.
pub fn refuse(refused: &Complaints) -> ExitCode {
    eprintln!("{refused}");
    notes(&refused.notes);
    eprintln!("{} to mend", refused.complaints.len());
    ExitCode::from(exit::CONFIG_REFUSED)
}

fn notes(notes: &[Remark]) {
    for note in notes {
        eprintln!("note: {note}");
    }
}

/// `ok: 27 APs at 6 facilities, 6 shelters`
fn praise(config: &Config) -> String {
    let inventory = &config.inventory;
    let shelters = inventory.facilities.iter().filter(|facility| facility.shelter).count();
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let town = format!(
        "ok: {} at {}, {}",
        count(inventory.aps.len(), "AP", "APs"),
        count(inventory.facilities.len(), "facility", "facilities"),
        count(shelters, "shelter", "shelters"),
    );
    let devices = &config.snmp.devices;
    let roles = || devices.iter().flat_map(|device| &device.aps).map(|ap| ap.role);
    let (flipped, watched) =
        (roles().filter(|role| *role == Role::Flip).count(), roles().filter(|role| *role == Role::Witness).count());
    match devices.len() {
        0 => town,
        some => {
            let devices = count(some, "SNMP device", "SNMP devices");
            let flips = (flipped > 0).then(|| format!("for {}", count(flipped, "AP", "APs")));
            let watches = (watched > 0).then(|| format!("as second eyes on {}", count(watched, "AP", "APs")));
            let what: Vec<String> = flips.into_iter().chain(watches).collect();
            format!("{town}; {devices} {}", what.join(" and "))
        }
    }
}
