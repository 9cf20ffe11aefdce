//! Absolute file paths that are written into configuration files.

use crate::word::{WordError, text_word};

/// Longest path in bytes. Linux allows 4,096; nobody configures that, and a line of hostapd's must hold it.
pub const PATH_MAX_BYTES: usize = 255;

/// Longest path of a Unix socket in bytes: `sun_path` is 108 with the closing NUL (unix(7)).
pub const SOCKET_PATH_MAX_BYTES: usize = 107;

/// An absolute path in its plainest form: no blank, no quote, no `.` or `..`, no doubled or trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

text_word!(FilePath, check);

fn check(text: &str) -> Result<(), WordError> {
    // Narrow on purpose: what is left needs no quoting in hostapd.conf, TOML, a shell or a hostapd command.
    let plain = |name: &str| {
        !name.is_empty()
            && !matches!(name, "." | "..")
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'@'))
    };
    if text.len() <= PATH_MAX_BYTES && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain)) {
        return Ok(());
    }
    Err(WordError::text(
        "path",
        text,
        "an absolute path of at most 255 bytes, its names of A-Z a-z 0-9 . _ - + @, without \".\" and \"..\"",
    ))
}

impl FilePath {
    /// Whether a Unix socket can have this path with `more` bytes behind it.
    #[must_use]
    pub fn fits_socket(&self, more: usize) -> bool {
        self.0.len() + more <= SOCKET_PATH_MAX_BYTES
    }

    /// The file `name` in this folder.
    ///
    /// # Errors
    /// `name` is none, or the whole is too long.
    pub fn join(&self, name: &str) -> Result<Self, WordError> {
        format!("{}/{name}", self.0).parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::word::LINE_TERMINATORS;

    #[test]
    fn accepts_where_configuration_lives() {
        for text in ["/etc/hirake/town.pub", "/var/run/hostapd", "/a", "/tmp/.x/hostapd-phy0.conf", "/srv/a+b@c"] {
            assert!(text.parse::<FilePath>().is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_relative_roundabout_or_needs_a_quote() {
        for text in [
            "", "/", "a", "./a", "/a/../b", "/a/./b", "/a//b", "/a/", "/a b", "/a\"", "/a\\n", "/a#", "/町", "/a'b",
            "/$x",
        ] {
            assert!(text.parse::<FilePath>().is_err(), "{text:?}");
        }
        assert!(format!("/{}", "a".repeat(255)).parse::<FilePath>().is_err());
        for end in LINE_TERMINATORS {
            assert!(format!("/etc/a{end}wpa=0").parse::<FilePath>().is_err(), "{end:?}");
        }
    }

    #[test]
    fn a_socket_is_shorter_than_a_path() {
        let path: FilePath = format!("/{}", "a".repeat(100)).parse().expect("101 bytes");
        assert!(path.fits_socket(6) && !path.fits_socket(7));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_needs_no_quoting(text in "/.{0,40}") {
            if text.parse::<FilePath>().is_ok() {
                prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@".contains(c)));
            }
        }
    }
}
