//! A network's secret: a WPA passphrase or a raw key. It shows itself nowhere but in the rendered file.

use std::fmt;

use crate::word::WordError;

const WHAT: &str = "passphrase";
const ALLOWED: &str = "8 to 63 printable ASCII characters, or 64 hexadecimal digits of a raw key";

/// A WPA2 or WPA3 secret (IEEE 802.11-2020, J.4.1). `Debug` shows its kind and nothing of it; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Text(String),
    RawKey(String),
}

impl Passphrase {
    /// The line of `hostapd.conf` that holds it: the only place where it is ever written.
    pub(crate) fn hostapd_line(&self) -> String {
        match &self.0 {
            Kind::Text(text) => format!("wpa_passphrase={text}\n"),
            Kind::RawKey(hex) => format!("wpa_psk={hex}\n"),
        }
    }

    /// Whether this is a raw key. Such a key serves WPA2 only: WPA3 (SAE) needs the passphrase itself.
    #[must_use]
    pub fn is_raw_key(&self) -> bool {
        matches!(self.0, Kind::RawKey(_))
    }
}

impl std::str::FromStr for Passphrase {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        // The error tells the length and no more: errors end up in logs.
        let refuse = |why: &str| {
            let length = text.chars().count();
            WordError::said(WHAT, format_args!("a text of {length} characters{why}"), ALLOWED)
        };
        if !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(refuse(", not all printable ASCII"));
        }
        match text.len() {
            8..=63 => Ok(Self(Kind::Text(text.to_owned()))),
            64 if text.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(Self(Kind::RawKey(text.to_ascii_lowercase()))),
            _ => Err(refuse("")),
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_raw_key() { "Passphrase(raw key, not shown)" } else { "Passphrase(not shown)" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::word::LINE_TERMINATORS;

    #[test]
    fn accepts_passphrases_and_raw_keys() {
        for text in ["12345678", " with blanks ", "a\"b=c#d'e", &"a".repeat(63)] {
            let secret: Passphrase = text.parse().expect(text);
            assert_eq!(secret.hostapd_line(), format!("wpa_passphrase={text}\n"));
        }
        let key = "0123456789ABCDEF".repeat(4);
        let secret: Passphrase = key.parse().expect("hex");
        assert_eq!(secret.hostapd_line(), format!("wpa_psk={}\n", key.to_ascii_lowercase()));
    }

    #[test]
    fn refuses_what_is_too_short_too_long_or_has_a_line_in_it() {
        for text in ["", "1234567", &"a".repeat(65), &"g".repeat(64), "パスワードパスワード", "12345678\u{7f}"]
        {
            assert!(text.parse::<Passphrase>().is_err());
        }
        for end in LINE_TERMINATORS {
            assert!(format!("12345678{end}wpa=0").parse::<Passphrase>().is_err(), "{end:?}");
        }
    }

    #[test]
    fn nothing_tells_the_secret() {
        let secret: Passphrase = "himitsu-no-kotoba".parse().expect("valid");
        assert_eq!(format!("{secret:?}"), "Passphrase(not shown)");
        let error = "himitsu\n-no-kotoba".parse::<Passphrase>().expect_err("has a line in it");
        assert!(!format!("{error} {error:?}").contains("himitsu"), "{error}");
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_stays_on_one_line(text in ".{0,70}") {
            if let Ok(secret) = text.parse::<Passphrase>() {
                let line = secret.hostapd_line();
                prop_assert!(line.trim_end_matches('\n').bytes().all(|b| matches!(b, b' '..=b'~')));
            }
        }
    }
}
