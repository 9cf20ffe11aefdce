//! The `[scan]` table: how this AP listens for `00000JAPAN` and its look-alikes of others.

use std::path::PathBuf;
use std::time::Duration;

use firmware_config::ap_config::{SCAN_CHANNELS_MAX, SCAN_EVERY_S, SCAN_EVERY_S_DEFAULT, SCAN_PROGRAM};
use firmware_config::channel::{Band, Channel};

use super::table::Table;
use crate::core::listen::Manner;

/// How it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanConfig {
    /// `iw`, or what stands in for it.
    pub program: PathBuf,
    /// When, and where beside the radios' own channels.
    pub manner: Manner,
}

/// Reads the table; the outer none: it is wrong.
pub(super) fn read(root: &mut Table<'_>) -> Option<Option<ScanConfig>> {
    let Some(mut table) = root.optional_table("scan") else { return Some(None) };
    let every_s = if table.has("every-s") {
        table.integer("every-s", (*SCAN_EVERY_S.start()).into(), (*SCAN_EVERY_S.end()).into())
    } else {
        Some(SCAN_EVERY_S_DEFAULT.into())
    };
    let program = table.optional_path("program").map(|path| path.unwrap_or_else(|| PathBuf::from(SCAN_PROGRAM)));
    let expected =
        format!("a list of at most {SCAN_CHANNELS_MAX} channels, 2.4 GHz (1 to 13) and 5 GHz (36 to 165), each once");
    let others = table.integers("other-channels", &expected, |numbers| {
        let channel = |number: &u64| {
            let number = u16::try_from(*number).ok()?;
            Channel::new(Band::Ghz2, number).or_else(|_| Channel::new(Band::Ghz5, number)).ok()
        };
        let channels: Vec<Channel> = numbers.iter().map(channel).collect::<Option<_>>()?;
        let once = channels.iter().enumerate().all(|(n, channel)| !channels[..n].contains(channel));
        (once && channels.len() <= SCAN_CHANNELS_MAX).then_some(channels)
    });
    root.take_complaints(table);
    let manner = Manner { every: Duration::from_secs(every_s?), others: others? };
    Some(Some(ScanConfig { program: program?, manner }))
}
