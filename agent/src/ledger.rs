//! The drawer: the last accepted order on flash, whole or not at all.
//!
//! The orders in it are signed; they are verified again at each start, so that flash that rots or was written by
//! somebody else orders nothing.

pub(crate) mod plan;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use firmware_config::wire::DOCUMENT_MAX_BYTES;
use serde::{Deserialize, Serialize};

use crate::core::facility_key::KeyHeld;
use crate::core::holding::{Kept, SignedOrder};
use crate::town_key::TownKey;
use plan::{Desk, Name, STORE};

/// The version in `v`. A ledger of another version is set aside.
const VERSION: u32 = 1;
/// Longest ledger read: two orders of the greatest size in base64, and a little.
const FILE_MAX_BYTES: u64 = (DOCUMENT_MAX_BYTES as u64 / 3 * 4 + 4096) * 2;

// Every field stands in every page: one whose name rotted is unknown, and the page is spoilt.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    v: u32,
    order: Option<String>,
    newest: Option<String>,
    drill_over: bool,
    // Only of an AP whose key ever moved: other pages stay as older programs read them.
    #[serde(default, skip_serializing_if = "is_untouched")]
    key: KeyHeld,
}

fn is_untouched(key: &KeyHeld) -> bool {
    *key == KeyHeld::default()
}

/// Why the ledger could not be used or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file or its directory refuses.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is not a ledger of this town; it was moved away.
    #[error("{path} is no ledger ({why}); {aside}")]
    Spoilt {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
        /// What was done with it.
        aside: String,
    },
}

/// One ledger file.
#[derive(Debug, Clone)]
pub struct Ledger {
    desk: Desk,
}

impl Ledger {
    /// The ledger at `path`; its directory must exist.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { desk: Desk { path } }
    }

    /// Reads it; no file is an empty ledger. A spoilt one is renamed `….bad`.
    ///
    /// # Errors
    /// It cannot be read, or is spoilt: then there is nothing to go by.
    pub fn load(&self, key: &TownKey) -> Result<Kept, LedgerError> {
        let mut text = Vec::new();
        match File::open(&self.desk.path).and_then(|file| file.take(FILE_MAX_BYTES + 1).read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
            Err(source) => return Err(self.io(source)),
        }
        read(&text, key).map_err(|why| {
            let bad = self.desk.at(Name::Bad);
            let aside = match fs::rename(&self.desk.path, &bad) {
                Ok(()) => format!("moved to {}", bad.display()),
                Err(error) => format!("could not be moved to {}: {error}", bad.display()),
            };
            LedgerError::Spoilt { path: self.desk.path.display().to_string(), why, aside }
        })
    }

    /// Writes it: a new file beside it, synced, renamed over it, the directory synced.
    ///
    /// # Errors
    /// Something refused; what was there before is still there, or (the directory could not be synced) this page is.
    pub fn store(&self, kept: &Kept) -> Result<(), LedgerError> {
        let written = self.desk.perform(&STORE, &write(kept));
        if written.is_err() {
            // Half a page must not eat the flash that the next try needs. It may not be there at all.
            let _ = fs::remove_file(self.desk.at(Name::New));
        }
        written.map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> LedgerError {
        LedgerError::Io { path: self.desk.path.display().to_string(), source }
    }
}

fn write(kept: &Kept) -> Vec<u8> {
    let jws = |signed: &Option<SignedOrder>| signed.as_ref().map(|signed| signed.jws.clone());
    let page = Page {
        v: VERSION,
        order: jws(&kept.order),
        newest: jws(&kept.newest),
        drill_over: kept.drill_over,
        key: kept.key.clone(),
    };
    serde_json::to_vec(&page).expect("a page has string keys and no failing serializer")
}

fn read(text: &[u8], key: &TownKey) -> Result<Kept, String> {
    if text.len() as u64 > FILE_MAX_BYTES {
        return Err(format!("longer than {FILE_MAX_BYTES} bytes"));
    }
    let page: Page = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if page.v != VERSION {
        return Err(format!("of version {}; this program reads version {VERSION}", page.v));
    }
    let verify = |jws: Option<String>| jws.map(|jws| key.read(jws.as_bytes())).transpose();
    let refused = |(reason, why)| format!("{reason:?} order: {why}");
    Ok(Kept {
        order: verify(page.order).map_err(refused)?,
        newest: verify(page.newest).map_err(refused)?,
        drill_over: page.drill_over,
        key: page.key,
    })
}

#[cfg(test)]
pub(crate) mod power;
#[cfg(test)]
pub(crate) mod tests;
