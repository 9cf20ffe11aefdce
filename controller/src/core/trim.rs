//! What an AP sends, cut to what is kept of it: it stays in memory, so a stolen AP must not be able to send much.

use firmware_config::wire::{Counts, Report};

use super::activation::WHY_MAX;

/// Most networks kept of one report: four radios × sixteen BSSs.
pub const NETWORKS_MAX: usize = 64;

/// Longest `boot` an agent may draw, in bytes.
pub const BOOT_MAX_BYTES: usize = 64;

/// Longest other word of a report kept, in characters: an SSID of 32 bytes, each escaped as `\xNN`, is 128.
pub const WORD_MAX: usize = 128;

/// Cuts every word and list of a report; the order it holds is the shell's matter.
pub fn shorten(report: &mut Report) {
    let cut = |text: &mut String, max| {
        if let Some((end, _)) = text.char_indices().nth(max) {
            text.truncate(end);
        }
    };
    report.holds = None;
    cut(&mut report.why, WHY_MAX);
    cut(&mut report.agent, WORD_MAX);
    report.networks.truncate(NETWORKS_MAX);
    for network in &mut report.networks {
        for word in [&mut network.interface, &mut network.ssid, &mut network.bssid] {
            cut(word, WORD_MAX);
        }
    }
    if let Some(turned_away) = &mut report.turned_away {
        cut(&mut turned_away.why, WHY_MAX);
    }
}

/// # Errors
/// The agent drew a longer name for its start than is read; in words.
pub fn check_boot(boot: &str) -> Result<(), String> {
    if boot.len() > BOOT_MAX_BYTES {
        return Err(format!("boot of {} bytes; at most {BOOT_MAX_BYTES} are read", boot.len()));
    }
    Ok(())
}

/// # Errors
/// The counts are of more networks than an AP has, or of names longer than a network's; in words.
pub fn check_rows(counts: &Counts) -> Result<(), String> {
    let words = counts.networks.iter().flat_map(|network| [&network.interface, &network.ssid]);
    if let Some(long) = words.map(|word| word.chars().count()).find(|length| *length > WORD_MAX) {
        return Err(format!("counts of a network with a name of {long} characters; at most {WORD_MAX} are read"));
    }
    if counts.networks.len() > NETWORKS_MAX {
        return Err(format!("counts of {} networks; an AP has at most {NETWORKS_MAX}", counts.networks.len()));
    }
    Ok(())
}
