//! Seeds that broke a promise once: kept in `tests/sim/kept.txt`, played again by a test.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// Longest description kept, in characters: a line of a file for people.
const FOUND_MAX_CHARS: usize = 200;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("kept.txt")
}

/// Every seed kept, and what it found.
///
/// # Errors
/// The file cannot be read, or a line is no seed and its finding.
pub fn kept() -> Result<Vec<(u64, String)>, String> {
    let file = file();
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(n, line)| {
            let parted = line.split_once("  ").and_then(|(seed, found)| Some((seed.parse().ok()?, found.to_owned())));
            parted.ok_or_else(|| {
                format!("{}:{}: expected \"SEED  WHAT IT FOUND\", found \"{line}\"", file.display(), n + 1)
            })
        })
        .collect()
}

/// Keeps a seed that broke a promise, unless it is kept already; says where.
///
/// # Errors
/// The file cannot be read or written.
pub fn keep(seed: u64, found: &str) -> Result<PathBuf, String> {
    let file = file();
    if !kept()?.iter().any(|(known, _)| *known == seed) {
        let found: String = found.chars().filter(|c| !c.is_control()).take(FOUND_MAX_CHARS).collect();
        let line = format!("{seed}  {found}\n");
        let written = OpenOptions::new().append(true).open(&file).and_then(|mut open| open.write_all(line.as_bytes()));
        written.map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(file)
}
