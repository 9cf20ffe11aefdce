//! The shelf: samples that the controller has not stored yet, on flash beside the ledger, whole or not at all.
//!
//! A page is put in the place of the one before by the ledger's own steps: a power cut leaves the one or the other. A
//! sum stands at its head: flash that rots counts nobody who was not there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use firmware_config::mode::Mode;
use firmware_config::wire::{NetworkCounts, SampleId, SoFar, WallMs};
use serde::{Deserialize, Serialize, Serializer};

use crate::core::waiting::{Kept, PIECES_MAX, PIECES_ROWS_MAX, Page};
use crate::ledger::plan::{Desk, Name, STORE};

/// The version in `v`. A page of another version is set aside, but for [`VERSION_BEFORE`].
const VERSION: u32 = 2;
/// Whose rows have no sums, and whose samples say whether they were sent: what waits is not lost by an update.
const VERSION_BEFORE: u32 = 1;
/// Eight figures of the sum, and a line's end.
const SUM_BYTES: usize = 9;
/// A sample without its rows: every number at its longest.
const SAMPLE_MAX_BYTES: usize = 167;
/// A row: an interface of 15 characters and an SSID of 32 bytes, each of them escaped, and five numbers.
const ROW_MAX_BYTES: usize = 255;
/// The largest page there can be: 2.43 MB. What is written is read again; `core/deliver.rs` has the sum of the wear.
const PAGE_MAX_BYTES: usize = PIECES_MAX * SAMPLE_MAX_BYTES + PIECES_ROWS_MAX * ROW_MAX_BYTES;

/// Why the shelf could not be used or written.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The file or its directory refuses.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It holds no samples; it was moved away.
    #[error("{path} holds no counts ({why}); {aside}")]
    Spoilt {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
        /// What was done with it.
        aside: String,
    },
}

// As in the ledger: every field stands in every page. What is written is borrowed, a sample after the other: an access
// point has little memory, and all of this is in it already.
#[derive(Serialize)]
struct Sheet<'a> {
    v: u32,
    answers: bool,
    #[serde(serialize_with = "lines")]
    samples: &'a [Kept],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    v: u32,
    answers: bool,
    samples: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    boot: String,
    seq: u64,
    at: Option<WallMs>,
    age: u64,
    s: u32,
    n: u32,
    mode: Mode,
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "a word of the version before, which nothing depends on any more")]
    sent: bool,
    rows: Vec<Row>,
}

/// Interface, SSID, stations, joins and leaves, and these two together since that start.
#[derive(Serialize, Deserialize)]
struct Row(String, String, u32, u32, u32, #[serde(default)] Option<(u32, u32)>);

/// One shelf.
#[derive(Debug, Clone)]
pub struct Shelf {
    desk: Desk,
    /// One page is written at a time: the last one waits for the one before.
    at_work: Arc<Mutex<()>>,
}

impl Shelf {
    /// The shelf beside the ledger at `ledger`: its file is called as the ledger is, and `.counts`.
    #[must_use]
    pub fn beside(ledger: &Path) -> Self {
        let mut path = ledger.to_owned().into_os_string();
        path.push(".counts");
        Self { desk: Desk { path: PathBuf::from(path) }, at_work: Arc::default() }
    }

    /// Reads it; no file is an empty page. A spoilt one is renamed `….bad`.
    ///
    /// # Errors
    /// It cannot be read, or is spoilt: then nothing of before is known.
    pub fn load(&self) -> Result<Page, ShelfError> {
        let mut text = Vec::new();
        match File::open(&self.desk.path).and_then(|file| file.take(PAGE_MAX_BYTES as u64 + 1).read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Page::default()),
            Err(source) => return Err(self.io(source)),
        }
        read(&text).map_err(|why| {
            let bad = self.desk.at(Name::Bad);
            let aside = match fs::rename(&self.desk.path, &bad) {
                Ok(()) => format!("moved to {}", bad.display()),
                Err(error) => format!("could not be moved to {}: {error}", bad.display()),
            };
            ShelfError::Spoilt { path: self.desk.path.display().to_string(), why, aside }
        })
    }

    /// Writes it as the ledger is written.
    ///
    /// # Errors
    /// Something refused; what was there before is still there, or (the directory could not be synced) this page is.
    pub fn store(&self, page: &Page) -> Result<(), ShelfError> {
        let _alone = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.desk.perform(&STORE, &write(page));
        if written.is_err() {
            // Half a page must not eat the flash that the ledger needs. It may not be there at all.
            let _ = fs::remove_file(self.desk.at(Name::New));
        }
        written.map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> ShelfError {
        ShelfError::Io { path: self.desk.path.display().to_string(), source }
    }
}

fn line(kept: &Kept) -> Line {
    let row = |row: &NetworkCounts| {
        let so_far = row.so_far.map(|it| (it.joins, it.leaves));
        Row(row.interface.clone(), row.ssid.clone(), row.stations, row.joins, row.leaves, so_far)
    };
    Line {
        boot: kept.id.boot.clone(),
        seq: kept.id.seq,
        at: kept.at_ms,
        age: kept.age_ms,
        s: kept.interval_s,
        n: kept.samples,
        mode: kept.mode,
        sent: false,
        rows: kept.networks.iter().map(row).collect(),
    }
}

fn lines<S: Serializer>(samples: &[Kept], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(samples.iter().map(line))
}

/// A page without its sum is written behind the room for it.
fn write(page: &Page) -> Vec<u8> {
    let mut text = vec![0; SUM_BYTES];
    serde_json::to_writer(&mut text, &Sheet { v: VERSION, answers: page.answers, samples: &page.samples })
        .expect("a page has string keys and no failing serializer, and a Vec takes everything");
    let sum = sum_of(&text[SUM_BYTES..]);
    text[..SUM_BYTES].copy_from_slice(sum.as_bytes());
    text
}

/// The first line of a page: [`SUM_BYTES`].
fn sum_of(body: &[u8]) -> String {
    format!("{:08x}\n", crc32(body))
}

fn read(text: &[u8]) -> Result<Page, String> {
    if text.len() > PAGE_MAX_BYTES {
        return Err(format!("longer than {PAGE_MAX_BYTES} bytes"));
    }
    let (sum, body) = text.split_at_checked(SUM_BYTES).ok_or("shorter than its sum")?;
    if sum != sum_of(body).as_bytes() {
        return Err("its sum is another".to_owned());
    }
    let sheet: Found = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if ![VERSION, VERSION_BEFORE].contains(&sheet.v) {
        return Err(format!("of version {}; this program reads version {VERSION}", sheet.v));
    }
    let row = |Row(interface, ssid, stations, joins, leaves, so_far)| {
        let so_far = so_far.map(|(joins, leaves)| SoFar { joins, leaves });
        NetworkCounts { interface, ssid, stations, joins, leaves, so_far }
    };
    let kept = |line: Line| Kept {
        id: SampleId { boot: line.boot, seq: line.seq },
        at_ms: line.at,
        age_ms: line.age,
        interval_s: line.s,
        samples: line.n,
        mode: line.mode,
        networks: Arc::new(line.rows.into_iter().map(row).collect()),
    };
    Ok(Page { answers: sheet.answers, samples: sheet.samples.into_iter().map(kept).collect() })
}

/// CRC-32 as in IEEE 802.3, bit by bit: a page is written every five minutes at most.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests;
