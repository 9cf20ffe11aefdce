//! The seal: the town's Ed25519 key, made at first start, and every order signed with it.
//!
//! The private half is one line of base64url in a file that only its owner may read; the public half lies beside it,
//! ending in `.pub`, for the APs. Nothing here ever shows the private half.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{SECRET_KEY_LENGTH, Signature, Signer, SigningKey};
use firmware_config::wire::{Heartbeat, JwsError, Order, Unverified, compact, heartbeat_input, signing_input};
use zeroize::Zeroizing;

/// Who may touch the private key: its owner, nobody else.
const PRIVATE_MODE: u32 = 0o600;
/// Anybody may read the public key.
const PUBLIC_MODE: u32 = 0o644;
/// 32 bytes are 43 characters of base64url; a line end and some room. More than this is not our file.
const KEY_FILE_MAX_BYTES: u64 = 128;

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("signing key {file}: cannot {what}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is there and holds something else. It is never replaced: every AP trusts the key that was in it.
    #[error(
        "signing key {0}: expected one line of 43 base64url characters, found something else; \
         put the town's key back from its backup (a new key would be refused by every access point)"
    )]
    Content(PathBuf),
    /// The system has no randomness to give.
    #[error("signing key: no random numbers: {0}")]
    Random(getrandom::Error),
}

/// The town's key pair.
pub struct TownKey {
    key: SigningKey,
}

impl std::fmt::Debug for TownKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TownKey({})", self.public_line())
    }
}

impl TownKey {
    /// Reads the key, or makes one where there is none; writes the public half beside it.
    ///
    /// A key file that others can read is closed to them and reported, not refused: a town must open after a backup
    /// was put back carelessly.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds something else.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let seed = match File::open(path) {
            Ok(file) => read_seed(path, file)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_seed(path)?,
            Err(source) => return Err(KeyError::File { file: path.to_owned(), what: "open it", source }),
        };
        let key = Self { key: SigningKey::from_bytes(&seed) };
        let public = public_path(path);
        let line = key.public_line() + "\n";
        if std::fs::read(&public).ok().as_deref() != Some(line.as_bytes())
            && let Err(error) = write_whole(&public, line.as_bytes(), PUBLIC_MODE)
        {
            tracing::warn!(file = %public.display(), %error, "the public key could not be written");
        }
        Ok(key)
    }

    /// The public half as APs are given it: base64url, one line without its end.
    #[must_use]
    pub fn public_line(&self) -> String {
        Base64UrlUnpadded::encode_string(self.key.verifying_key().as_bytes())
    }

    /// The order as a signed text. The same order always gives the same text (RFC 8032 signatures are deterministic).
    #[must_use]
    pub fn sign(&self, order: &Order) -> String {
        self.seal(&signing_input(order))
    }

    /// A heartbeat as a signed text.
    #[must_use]
    pub fn sign_heartbeat(&self, heartbeat: &Heartbeat) -> String {
        self.seal(&heartbeat_input(heartbeat))
    }

    fn seal(&self, input: &str) -> String {
        let signature = self.key.sign(input.as_bytes());
        compact(input, &signature.to_bytes())
    }

    /// Reads a text as one of our own orders.
    ///
    /// # Errors
    /// Not of the form, not signed by this key, or not an order.
    pub fn own_order(&self, text: &[u8]) -> Result<Order, JwsError> {
        Unverified::parse(text)?.order(|input, signature| self.verifies(input, signature))
    }

    /// Reads a text as a heartbeat of a controller of this town, of ours or another that signs with the same key.
    ///
    /// # Errors
    /// As [`Self::own_order`].
    pub fn own_heartbeat(&self, text: &[u8]) -> Result<Heartbeat, JwsError> {
        Unverified::parse_heartbeat(text)?.heartbeat(|input, signature| self.verifies(input, signature))
    }

    fn verifies(&self, input: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verifying_key().verify_strict(input, &Signature::from_bytes(signature)).is_ok()
    }
}

/// Where the public half lies.
#[must_use]
pub fn public_path(private: &Path) -> PathBuf {
    let mut name = private.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

type Seed = Zeroizing<[u8; SECRET_KEY_LENGTH]>;

fn read_seed(path: &Path, file: File) -> Result<Seed, KeyError> {
    let failed = |what| move |source| KeyError::File { file: path.to_owned(), what, source };
    let mode = file.metadata().map_err(failed("look at it"))?.permissions().mode();
    if mode & 0o077 != 0 {
        let closed = file.set_permissions(Permissions::from_mode(PRIVATE_MODE));
        tracing::warn!(
            file = %path.display(),
            mode = format!("{:o}", mode & 0o777),
            now = closed.map_or_else(|error| error.to_string(), |()| "600".to_owned()),
            "the private signing key was open to others; whoever read it can sign orders"
        );
    }
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_MAX_BYTES as usize));
    file.take(KEY_FILE_MAX_BYTES).read_to_string(&mut text).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => KeyError::Content(path.to_owned()),
        _ => failed("read it")(error),
    })?;
    let mut seed = Seed::default();
    match Base64UrlUnpadded::decode(text.trim_end(), seed.as_mut_slice()) {
        Ok(bytes) if bytes.len() == SECRET_KEY_LENGTH => Ok(seed),
        _ => Err(KeyError::Content(path.to_owned())),
    }
}

fn make_seed(path: &Path) -> Result<Seed, KeyError> {
    let mut seed = Seed::default();
    getrandom::fill(seed.as_mut_slice()).map_err(KeyError::Random)?;
    let mut line = Zeroizing::new(Base64UrlUnpadded::encode_string(seed.as_slice()));
    line.push('\n');
    write_whole(path, line.as_bytes(), PRIVATE_MODE).map_err(|source| KeyError::File {
        file: path.to_owned(),
        what: "make it",
        source,
    })?;
    tracing::info!(file = %path.display(), "a signing key was made for the town");
    Ok(seed)
}

/// Writes a file whole or not at all: beside it, onto the disk, then under its name, and the name onto the disk.
fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // What a power cut left of an earlier try.
    let _ = std::fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u64) -> Order {
        Order {
            v: 1,
            town: "shiomi".parse().expect("valid"),
            number,
            issued_at_ms: 1_700_000_000_000,
            controller: None,
            facilities: std::collections::BTreeMap::new(),
            activations: Vec::new(),
        }
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.key");
        let made = TownKey::open(&path).expect("made");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = TownKey::open(&path).expect("read");
        assert_eq!(made.public_line(), again.public_line());
        let public = std::fs::read_to_string(folder.path().join("town.key.pub")).expect("public half");
        assert_eq!(public, made.public_line() + "\n");
        assert_eq!(made.public_line().len(), 43);
    }

    #[test]
    fn the_private_half_is_never_shown() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.key");
        let key = TownKey::open(&path).expect("made");
        let private = std::fs::read_to_string(&path).expect("file");
        assert!(!format!("{key:?}").contains(private.trim()));
    }

    #[test]
    fn a_key_file_open_to_others_is_closed_and_used() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.key");
        let made = TownKey::open(&path).expect("made").public_line();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("opened to others");
        assert_eq!(TownKey::open(&path).expect("read").public_line(), made);
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.key");
        for content in ["", "short", "########################################### ", "\u{fffd}"] {
            std::fs::write(&path, content).expect("written");
            let refused = TownKey::open(&path).expect_err("not a key");
            assert!(matches!(refused, KeyError::Content(_)), "{refused}");
            assert_eq!(std::fs::read_to_string(&path).expect("still there"), content);
        }
        std::fs::write(&path, [0xff, 0xfe]).expect("written");
        assert!(matches!(TownKey::open(&path), Err(KeyError::Content(_))));
    }

    #[test]
    fn a_signed_order_reads_back_and_another_keys_does_not() {
        let folder = tempfile::tempdir().expect("folder");
        let ours = TownKey::open(&folder.path().join("ours")).expect("made");
        let other = TownKey::open(&folder.path().join("other")).expect("made");
        let text = ours.sign(&order(7));
        assert_eq!(ours.own_order(text.as_bytes()).expect("ours"), order(7));
        assert_eq!(ours.sign(&order(7)), text, "the same order gives the same text");
        assert!(matches!(other.own_order(text.as_bytes()), Err(JwsError::Signature)));
        let tampered = text.replacen('.', ".e", 1);
        assert!(ours.own_order(tampered.as_bytes()).is_err());
    }
}
