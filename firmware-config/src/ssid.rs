//! A network's name: 1 to 32 bytes that stay on one line of a configuration file.

use std::fmt;

use crate::word::{LINE_TERMINATORS, WordError};

/// The unified disaster SSID: five zeros, so that it stands first in a phone's list.
pub const UNIFIED_SSID: &str = "00000JAPAN";

/// Longest SSID in bytes (IEEE 802.11-2020, 9.4.2.2).
pub const SSID_MAX_BYTES: usize = 32;

const WHAT: &str = "SSID";
const ALLOWED: &str = "1 to 32 bytes, UTF-8 or raw, no control characters and no line separators";

/// An SSID. UTF-8 as a rule; raw bytes where an old network was named in another encoding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ssid(Vec<u8>);

impl Ssid {
    /// The unified disaster SSID.
    #[must_use]
    pub fn unified() -> Self {
        Self(UNIFIED_SSID.as_bytes().to_vec())
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// Empty, longer than [`SSID_MAX_BYTES`], or with a control character or line separator in it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WordError> {
        let refuse = || Err(WordError::text(WHAT, &String::from_utf8_lossy(bytes), ALLOWED));
        if bytes.is_empty() || bytes.len() > SSID_MAX_BYTES {
            return refuse();
        }
        let control = match std::str::from_utf8(bytes) {
            Ok(text) => text.chars().any(|c| c.is_control() || LINE_TERMINATORS.contains(&c)),
            // Some other encoding: only its ASCII part can be judged. 0x80 and above never ends a line in hostapd.
            Err(_) => bytes.iter().any(u8::is_ascii_control),
        };
        if control { refuse() } else { Ok(Self(bytes.to_vec())) }
    }

    /// Takes hexadecimal digits, two to a byte: `3030` is `00`.
    ///
    /// # Errors
    /// Not hexadecimal, or not an SSID.
    pub fn from_hex(hex: &str) -> Result<Self, WordError> {
        let refuse = || WordError::text(WHAT, hex, "an even number of hexadecimal digits, at most 64");
        if !hex.len().is_multiple_of(2) || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        let bytes: Result<Vec<u8>, _> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16)).collect();
        Self::from_bytes(&bytes.map_err(|_| refuse())?)
    }

    /// The bytes on the air.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, where the bytes are UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The hexadecimal form, as `ssid2=` of hostapd takes it.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Whether the name can stand behind `ssid=` as it is and be read there by a person: printable ASCII with no blank
    /// at either end, where nobody would see it, and no quote in front, where `ssid2=` would give it a meaning.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.iter().all(|b| matches!(b, b' '..=b'~'))
            && ![self.0.first(), self.0.last()].contains(&Some(&b' '))
            && self.0.first() != Some(&b'"')
    }
}

impl std::str::FromStr for Ssid {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::from_bytes(text.as_bytes())
    }
}

/// For people: the text, or `hex:…` where the bytes are none.
impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(f, "hex:{}", self.hex()),
        }
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => write!(f, "Ssid({text:?})"),
            None => write!(f, "Ssid(hex:{})", self.hex()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_what_towns_call_their_networks() {
        for text in ["a", "00000JAPAN", "shiomi-staff", "潮見町役場", " x ", "\"q\"", "#free", &"a".repeat(32)] {
            assert_eq!(text.parse::<Ssid>().expect(text).as_bytes(), text.as_bytes());
        }
        // 潮見 in Shift_JIS: no UTF-8, and on the air in older towns.
        assert_eq!(Ssid::from_bytes(b"\x92\xaa\x8c\xa9").expect("raw bytes").text(), None);
    }

    #[test]
    fn refuses_what_is_too_short_too_long_or_has_a_line_in_it() {
        for text in ["", &"a".repeat(33), &"潮".repeat(11), "a\u{7f}", "\u{1b}[2J", "a\tb"] {
            assert!(text.parse::<Ssid>().is_err(), "{text:?}");
        }
        for end in LINE_TERMINATORS {
            for text in [format!("a{end}wpa=0"), format!("{end}a"), format!("a{end}")] {
                assert!(text.parse::<Ssid>().is_err(), "{text:?}");
            }
        }
        assert!(Ssid::from_bytes(b"\x92\n\xaa").is_err());
    }

    #[test]
    fn hexadecimal_reads_back_and_bad_hexadecimal_does_not() {
        let ssid = Ssid::from_hex("30303030304A4150414e").expect("hex");
        assert_eq!((ssid.clone(), ssid.hex().as_str()), (Ssid::unified(), "30303030304a4150414e"));
        for hex in ["", "3", "3g", "+3", "0a", "a b", &"30".repeat(33), "３０"] {
            assert!(Ssid::from_hex(hex).is_err(), "{hex}");
        }
    }

    #[test]
    fn only_what_a_person_can_see_whole_is_plain() {
        for (text, plain) in
            [("00000JAPAN", true), ("a b", true), (" a", false), ("a ", false), ("\"a\"", false), ("町", false)]
        {
            assert_eq!(text.parse::<Ssid>().expect(text).is_plain(), plain, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_stays_on_one_line(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(ssid) = Ssid::from_bytes(&bytes) {
                prop_assert!(!bytes.iter().any(|b| b.is_ascii_control()));
                prop_assert!((1..=SSID_MAX_BYTES).contains(&bytes.len()));
                prop_assert_eq!(Ssid::from_hex(&ssid.hex()).expect("own hex"), ssid);
            }
        }
    }
}
