//! The town's agents secret, which stays at the controller, and the password of each access point that is made of it.
//!
//! No list is kept: whoever has the secret can tell any access point's password, and whoever has a password, that of a
//! stolen access point, can tell no other one and not the secret (`docs/decisions/0010-a-password-for-each-ap.md`).

use std::fmt;
use std::path::Path;

use firmware_config::ident::{ApId, TownId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::password;

/// Shortest secret that passwords are made of: a thief has one of them and all the time in the world to try secrets. 32
/// characters are 128 bits in hexadecimal figures, 192 in base64.
pub const SECRET_MIN_BYTES: usize = 32;
/// What the passwords are for: the secret used for something else too gives other words there.
const PURPOSE: &str = "hirake ap password v1";
/// How to make one.
pub const SECRET_EXPECTED: &str = "one line of at least 32 characters, such as from `openssl rand -base64 32`";

/// What the passwords of the town's access points are made of; never shown.
#[derive(Clone)]
pub struct AgentsSecret(Zeroizing<String>);

impl fmt::Debug for AgentsSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentsSecret(…)")
    }
}

#[cfg(test)]
impl From<&str> for AgentsSecret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl AgentsSecret {
    /// The secret in a file: everything but the line end. A short one is taken: the town opens with it.
    ///
    /// # Errors
    /// The file cannot be read, or has nothing in it.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        password(file).map(Self)
    }

    /// As [`Self::read`], where passwords are given out.
    ///
    /// # Errors
    /// As [`Self::read`], and where it is shorter than [`SECRET_MIN_BYTES`].
    pub fn read_long(file: &Path) -> anyhow::Result<Self> {
        let secret = Self::read(file)?;
        let found = secret.0.len();
        let file = file.display();
        anyhow::ensure!(!secret.is_short(), "password file {file}: found {found} bytes; expected {SECRET_EXPECTED}");
        Ok(secret)
    }

    /// Whether a thief of one access point could find it by trying.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.0.len() < SECRET_MIN_BYTES
    }

    /// What `ap` gives the broker: 64 hexadecimal figures.
    #[must_use]
    pub fn password_of(&self, town: &TownId, ap: &ApId) -> Zeroizing<String> {
        let mut hmac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("a key of any length");
        // No identifier has a line end in it: no two access points have one text.
        hmac.update(format!("{PURPOSE}\n{town}\n{ap}").as_bytes());
        let tag = hmac.finalize().into_bytes();
        Zeroizing::new(tag.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Whether that is what `ap` gives; its time does not tell how much was right.
    #[must_use]
    pub fn is_password_of(&self, town: &TownId, ap: &ApId, given: &[u8]) -> bool {
        self.password_of(town, ap).as_bytes().ct_eq(given).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<T: std::str::FromStr<Err: fmt::Debug>>(text: &str) -> T {
        text.parse().expect("an identifier")
    }

    fn written(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("agents");
        std::fs::write(&file, text).expect("written");
        (folder, file)
    }

    #[test]
    fn a_password_is_what_openssl_makes_of_it() {
        // printf 'hirake ap password v1\nshiomi\ngym-1' |
        //   openssl dgst -sha256 -hmac 'correct horse battery staple 0001'
        let (_folder, file) = written("correct horse battery staple 0001\r\n");
        let secret = AgentsSecret::read_long(&file).expect("long enough");
        assert_eq!(
            *secret.password_of(&id("shiomi"), &id("gym-1")),
            "47b03cbd75af03a0d78aea741f4f009688f5b43a441a8add411edcddb8e3cf2d"
        );
    }

    #[test]
    fn each_access_point_of_each_town_has_its_own_and_only_that_one_is_taken() {
        let (_folder, file) = written("0123456789abcdef0123456789abcdef\n");
        let secret = AgentsSecret::read_long(&file).expect("long enough");
        let (here, there): (TownId, TownId) = (id("shiomi"), id("shiomi-2"));
        let (one, other): (ApId, ApId) = (id("gym-1"), id("gym-2"));
        let password = secret.password_of(&here, &one);
        assert_eq!(password.len(), 64);
        assert!(secret.is_password_of(&here, &one, password.as_bytes()));
        assert!(!secret.is_password_of(&here, &other, password.as_bytes()));
        assert!(!secret.is_password_of(&there, &one, password.as_bytes()));
        for wrong in ["", "0123456789abcdef0123456789abcdef", &password[..63], &password.to_uppercase()] {
            assert!(!secret.is_password_of(&here, &one, wrong.as_bytes()), "{wrong}");
        }
        let another = AgentsSecret::from("another");
        assert!(!another.is_password_of(&here, &one, password.as_bytes()));
    }

    #[test]
    fn a_short_secret_opens_the_town_and_makes_no_passwords_and_no_error_shows_it() {
        let (folder, file) = written("himitsu\n");
        assert!(AgentsSecret::read(&file).expect("taken").is_short());
        assert_eq!(format!("{:?}", AgentsSecret::read(&file).expect("taken")), "AgentsSecret(…)");
        let why = format!("{:#}", AgentsSecret::read_long(&file).expect_err("short"));
        assert!(why.contains("found 7 bytes; expected one line of at least 32") && !why.contains("himitsu"), "{why}");
        for (text, long) in [("x".repeat(31), false), ("x".repeat(32) + "\n", true)] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(AgentsSecret::read_long(&file).is_ok(), long);
        }
        std::fs::write(&file, "\n").expect("written");
        for missing in [file, folder.path().join("nowhere")] {
            let why = format!("{:#}", AgentsSecret::read(&missing).expect_err("no secret"));
            assert!(why.contains(missing.to_str().expect("UTF-8")), "{why}");
        }
    }
}
