//! Where the address of a device ends: it becomes a mark under the key of an activation, and is gone.
//!
//! The key is made from a secret that only the town's APs have and from the activation, so that two APs mark one device
//! alike within an activation, and nobody without the secret can tell whether two marks of two activations are of one
//! device (`docs/decisions/0007-distinct-devices.md`). Keys live in memory, for as long as their activation.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use firmware_config::ident::TownId;
use firmware_config::sketch::Mark;
use firmware_config::wire::Period;
use ring::hmac;
use tokio::sync::watch;

/// Length of an address in bytes (IEEE 802 MAC-48).
pub const ADDRESS_BYTES: usize = 6;
/// Shortest secret: 32 characters of base64 are 192 bits.
const SECRET_MIN_BYTES: usize = 32;
/// Longest secret file read.
const SECRET_MAX_BYTES: u64 = 1024;
/// What the keys are for: a secret used for something else too gives other keys there.
const PURPOSE: &[u8] = b"hirake distinct devices 1";

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("distinct-secret-file {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error(
        "distinct-secret-file {0}: expected one line of {SECRET_MIN_BYTES} to {SECRET_MAX_BYTES} bytes, the same on every \
         AP of the town (openssl rand -base64 32)"
    )]
    Form(String),
}

/// What all APs of a town have, and nobody else.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or is no secret.
    pub fn load(file: &Path) -> Result<Self, SecretError> {
        let path = file.display().to_string();
        let unreadable = |source| SecretError::Unreadable { path: path.clone(), source };
        if fs::metadata(file).map_err(unreadable)?.len() > SECRET_MAX_BYTES {
            return Err(SecretError::Form(path));
        }
        Self::parse(&fs::read(file).map_err(unreadable)?).ok_or(SecretError::Form(path))
    }

    /// Reads the text of the file.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let line = text.trim_ascii();
        let good = line.len() >= SECRET_MIN_BYTES && line.iter().all(u8::is_ascii_graphic);
        good.then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, line)))
    }

    /// The key of one activation.
    fn key(&self, town: &TownId, period: Period) -> hmac::Key {
        let mut context = hmac::Context::with_key(&self.0);
        let town = town.as_str().as_bytes();
        // Every part of a length of its own or told: no two activations have one text.
        for part in [PURPOSE, &[0], town, &[0], &period.activation.to_be_bytes(), &period.since_ms.to_be_bytes()] {
            context.update(part);
        }
        hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())
    }
}

/// Makes marks: for which activations it is told, on which interfaces it sees.
#[derive(Debug)]
pub struct Marks {
    secret: Option<Secret>,
    town: TownId,
    periods: watch::Receiver<Vec<Period>>,
    covered: Vec<Period>,
    keys: Vec<(Period, hmac::Key)>,
    open: BTreeSet<String>,
    /// Of those: whoever was on them when these keys came is marked.
    listed: BTreeSet<String>,
}

impl Marks {
    /// Without a secret nobody is marked. `periods`: the activations that cover this AP, as they change.
    #[must_use]
    pub fn new(secret: Option<Secret>, town: TownId, periods: watch::Receiver<Vec<Period>>) -> Self {
        let (covered, keys) = (Vec::new(), Vec::new());
        Self { secret, town, periods, covered, keys, open: BTreeSet::new(), listed: BTreeSet::new() }
    }

    /// These interfaces serve `00000JAPAN`, and no others: the town's own networks are nobody's business.
    pub fn only_open(&mut self, interfaces: impl Iterator<Item = String>) {
        self.open = interfaces.collect();
        self.listed.retain(|interface| self.open.contains(interface));
    }

    /// So does this one, from now on.
    pub fn opened(&mut self, interface: String) {
        self.open.insert(interface);
    }

    /// Waits until other activations cover this AP; for ever, where nobody tells any more.
    pub async fn others_are_covered(&mut self) {
        if self.periods.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// hostapd was out of hearing: who came meanwhile, nobody told.
    pub fn was_deaf(&mut self) {
        self.listed.clear();
    }

    /// Open interfaces whose stations came before anybody marked under the keys of now: before an activation that began
    /// while the network was on the air already, or while no agent ran. Each is told once: who is there is then to be
    /// listed and marked.
    pub fn unlisted(&mut self) -> Vec<String> {
        self.renew();
        if self.keys.is_empty() {
            return Vec::new();
        }
        let unlisted: Vec<_> = self.open.difference(&self.listed).cloned().collect();
        self.listed.clone_from(&self.open);
        unlisted
    }

    /// Makes the keys of the activations that cover this AP now, where they are others than before.
    fn renew(&mut self) {
        let Some(secret) = &self.secret else { return };
        let periods = self.periods.borrow_and_update();
        if *periods != self.covered {
            self.covered.clone_from(&periods);
            self.keys = periods.iter().map(|period| (*period, secret.key(&self.town, *period))).collect();
            self.listed.clear();
        }
    }

    /// Marks of a device that came to `interface`: one for each activation.
    pub fn of(&mut self, interface: &str, address: [u8; ADDRESS_BYTES]) -> Vec<(Period, Mark)> {
        if !self.open.contains(interface) {
            return Vec::new();
        }
        self.renew();
        self.keys.iter().map(|(period, key)| (*period, mark(key, address))).collect()
    }
}

fn mark(key: &hmac::Key, address: [u8; ADDRESS_BYTES]) -> Mark {
    let tag = hmac::sign(key, &address);
    let (hash, _) = tag.as_ref().split_first_chunk().expect("SHA-256 gives 32 bytes");
    Mark::of(u64::from_be_bytes(*hash))
}

#[cfg(test)]
mod tests;
