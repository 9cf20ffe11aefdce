//! What an AP sends, cut to what is kept of it: it stays in memory, so a stolen AP must not be able to send much.

use firmware_config::wire::{Counts, Report, WallMs};

use super::activation::WHY_MAX;

/// Most networks kept of one report: four radios × sixteen BSSs.
pub const NETWORKS_MAX: usize = 64;

/// Longest `boot` an agent may draw, in bytes.
pub const BOOT_MAX_BYTES: usize = 64;

/// Longest other word of a report kept, in characters: an SSID of 32 bytes, each escaped as `\xNN`, is 128.
pub const WORD_MAX: usize = 128;

/// The greatest number of a sample: one each millisecond for 142,000 years. The database knows no greater than 2⁶³ − 1.
const SEQ_MAX: u64 = 1 << 52;

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

/// How old a sample may be to say how many stations there are now. The reports say it every 20 s.
const OF_NOW_MS: u64 = 60_000;
/// How far an AP's clock may be off before its samples go by their age instead.
const CLOCK_OFF_MS: u64 = 60_000;
/// 2026-01-01T00:00Z. No clock that is right says less.
const EARLIEST_MS: WallMs = 1_767_225_600_000;

/// Whether a sample says how things stand now: it is not late, and no summary.
#[must_use]
pub fn is_of_now(counts: &Counts) -> bool {
    counts.samples <= 1 && counts.age_ms.is_none_or(|age| age <= OF_NOW_MS)
}

/// Gives a sample the time it is kept under: what its AP says, where that can be; else our clock less its age. Its age
/// stays only where both clocks say the same: then the time is vouched for by two.
pub fn place(counts: &mut Counts, wall_ms: WallMs) {
    let told = counts.age_ms.take();
    let age = told.map(|age| i64::try_from(age).unwrap_or(i64::MAX));
    if wall_ms < EARLIEST_MS {
        // Our own clock knows no better.
        return;
    }
    let latest = wall_ms.saturating_add_unsigned(CLOCK_OFF_MS);
    let can_be = (EARLIEST_MS..=latest).contains(&counts.at_ms);
    match age.map(|age| wall_ms.saturating_sub(age).max(EARLIEST_MS)) {
        Some(reckoned) if !can_be || reckoned.abs_diff(counts.at_ms) > CLOCK_OFF_MS => counts.at_ms = reckoned,
        // An agent that tells no age sends what it counted within the hour.
        None if !can_be => (counts.at_ms, counts.at_unsure) = (wall_ms, true),
        Some(_) => counts.age_ms = told,
        None => {}
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
/// The counts are of more networks than an AP has, of names longer than a network's, or of a number that nobody counts up
/// to; in words.
pub fn check_rows(counts: &Counts) -> Result<(), String> {
    if counts.seq > SEQ_MAX {
        return Err(format!("counts with the number {}; at most {SEQ_MAX} is read", counts.seq));
    }
    let words = counts.networks.iter().flat_map(|network| [&network.interface, &network.ssid]);
    if let Some(long) = words.map(|word| word.chars().count()).find(|length| *length > WORD_MAX) {
        return Err(format!("counts of a network with a name of {long} characters; at most {WORD_MAX} are read"));
    }
    if counts.networks.len() > NETWORKS_MAX {
        return Err(format!("counts of {} networks; an AP has at most {NETWORKS_MAX}", counts.networks.len()));
    }
    Ok(())
}
