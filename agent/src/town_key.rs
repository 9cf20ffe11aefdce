//! The town's public key: says whether a signed text is an order of this town.

use std::fs;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use firmware_config::wire::{JwsError, TurnedAwayReason, Unverified};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::core::holding::SignedOrder;

/// Length of an Ed25519 public key (RFC 8032 §5.1.5).
const KEY_BYTES: usize = 32;
/// Longest key file read: one line of 43 characters and what editors add.
const FILE_MAX_BYTES: u64 = 1024;

/// Why the key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TownKeyError {
    /// The file cannot be read.
    #[error("town key {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no key.
    #[error("town key {path}: expected one line of 43 base64url characters (an Ed25519 public key), found {found}")]
    NoKey {
        /// The file.
        path: String,
        /// What is there instead.
        found: String,
    },
}

/// An Ed25519 public key.
#[derive(Debug, Clone)]
pub struct TownKey([u8; KEY_BYTES]);

impl TownKey {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read or holds no key.
    pub fn load(file: &Path) -> Result<Self, TownKeyError> {
        let path = file.display().to_string();
        let unreadable = |source| TownKeyError::Unreadable { path: path.clone(), source };
        let length = fs::metadata(file).map_err(unreadable)?.len();
        if length > FILE_MAX_BYTES {
            return Err(TownKeyError::NoKey { path, found: format!("a file of {length} bytes") });
        }
        let text = fs::read(file).map_err(unreadable)?;
        Self::parse(&text).ok_or_else(|| TownKeyError::NoKey { path, found: format!("{length} bytes of another kind") })
    }

    /// Reads one line of base64url without padding.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(text).ok()?.trim();
        Base64UrlUnpadded::decode_vec(line).ok()?.try_into().ok().map(Self)
    }

    /// Reads a signed order; otherwise says why it is none.
    ///
    /// # Errors
    /// `Forged` where the signature is not the town's, `Malformed` for everything else.
    pub fn read(&self, text: &[u8]) -> Result<SignedOrder, (TurnedAwayReason, String)> {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        let order = Unverified::parse(text).and_then(|jws| jws.order(|input, sign| key.verify(input, sign).is_ok()));
        match order {
            Ok(order) => Ok(SignedOrder { jws: String::from_utf8_lossy(text).into_owned(), order }),
            Err(error @ JwsError::Signature) => Err((TurnedAwayReason::Forged, error.to_string())),
            Err(error) => Err((TurnedAwayReason::Malformed, error.to_string())),
        }
    }
}
