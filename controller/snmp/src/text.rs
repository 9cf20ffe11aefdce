//! Octets of a device as text for people: UTF-8, Japanese encodings, hex where it is none of these; nothing is lost.

use crate::readings::Readings;

/// Text as a device has it, for people. UTF-8 as it is, also cut in the middle of its last character; otherwise
/// Shift-JIS or EUC-JP where the octets are Japanese in one of them; otherwise `hex:` and the octets.
/// NULs and blanks at the end are left out: devices pad with them. For SSIDs, where every octet counts, see [`ssid`].
#[must_use]
pub fn show(octets: &[u8]) -> String {
    let end = octets.iter().rposition(|octet| !matches!(octet, 0 | b' ' | b'\r' | b'\n' | b'\t'));
    let octets = &octets[..end.map_or(0, |end| end + 1)];
    let text = utf8(octets).or_else(|| japanese(octets)).unwrap_or_else(|| {
        let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        format!("hex:{digits}")
    });
    // A name with line breaks in it must not break a log line or a CSV.
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// An SSID for people: the escaped octets of [`Readings::show_ssid`], and what they say where they are in another
/// encoding than UTF-8: `\x83e\x83X\x83g (テスト)`. The octets can always be had back from the first part.
#[must_use]
pub fn ssid(octets: &[u8]) -> String {
    let escaped = Readings::show_ssid(octets);
    match japanese(octets) {
        Some(read) if utf8(octets).is_none() => format!("{escaped} ({read})"),
        _ => escaped,
    }
}

/// UTF-8, where only the last character may be cut: fields of 16 or 32 octets end wherever they end.
fn utf8(octets: &[u8]) -> Option<String> {
    match std::str::from_utf8(octets) {
        Ok(text) => Some(text.to_owned()),
        // A whole lead octet with nothing behind is no evidence of UTF-8: some text has to stand before it.
        Err(cut) if cut.error_len().is_none() && octets[..cut.valid_up_to()].iter().any(|octet| *octet >= 0x80) => {
            let valid = String::from_utf8_lossy(&octets[..cut.valid_up_to()]).into_owned();
            Some(valid + "\u{fffd}")
        }
        Err(_) => None,
    }
}

/// Shift-JIS or EUC-JP, whichever reads without a flaw; both: the one with fewer half-width katakana, which Shift-JIS
/// makes of EUC-JP and people hardly write.
fn japanese(octets: &[u8]) -> Option<String> {
    let odd = |text: &str| text.chars().filter(|c| ('\u{ff61}'..='\u{ff9f}').contains(c) || c.is_control()).count();
    let read = |encoding: &'static encoding_rs::Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(octets).map(std::borrow::Cow::into_owned)
    };
    let read = [read(encoding_rs::EUC_JP), read(encoding_rs::SHIFT_JIS)].into_iter().flatten();
    read.filter(|text| text.chars().any(is_japanese)).min_by_key(|text| odd(text))
}

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff9f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every encoding seen in the field reads as a person would write it; what is no text stays its octets.
    #[test]
    fn text_is_read_in_whatever_it_is_written() {
        let cases: [(&[u8], &str); 16] = [
            (b"AP-1", "AP-1"),
            (b"", ""),
            (b"AP-1  \0\0", "AP-1"),
            ("体育館".as_bytes(), "体育館"),
            (&"体育館".as_bytes()[..8], "体育\u{fffd}"),
            (b"\x91\xcc\x88\xe7\x8a\xd9", "体育館"),
            (b"\x83\x5c\x83\x74\x83\x67", "ソフト"),
            (b"\x95\x5c\x8e\xa6", "表示"),
            (b"\xc2\xce\xb0\xe9\xb4\xdb", "体育館"),
            (b"\xa5\xc6\xa5\xb9\xa5\xc8", "テスト"),
            (b"1\x8aK", "1階"),
            (b"\xff\xfe\xfd", "hex:fffefd"),
            (b"\xe3", "hex:e3"),
            (b"a\r\nb", "a  b"),
            (b"\xd6\xd0\xff", "hex:d6d0ff"),
            (b"=cmd()", "=cmd()"),
        ];
        for (octets, expected) in cases {
            assert_eq!(show(octets), expected, "{octets:02x?}");
        }
    }

    #[test]
    fn an_ssid_shows_its_octets_and_what_they_say() {
        assert_eq!(ssid(b"00000JAPAN"), "00000JAPAN");
        assert_eq!(ssid("無線".as_bytes()), "無線");
        assert_eq!(ssid(b"\x95\x5c\x8e\xa6"), "\\x95\\\\\\x8e\\xa6 (表示)");
        assert_eq!(ssid(b"a\0 "), "a\\x00 ");
    }

    /// The octets, had back from the text that showed them.
    fn octets_of(shown: &str) -> Vec<u8> {
        let (mut octets, mut rest) = (Vec::new(), shown);
        while let Some(c) = rest.chars().next() {
            let hex = rest.strip_prefix("\\x").and_then(|hex| hex.get(..2)).map(|hex| u8::from_str_radix(hex, 16));
            let taken = match hex {
                Some(Ok(octet)) => {
                    octets.push(octet);
                    4
                }
                _ if rest.starts_with("\\\\") => {
                    octets.push(b'\\');
                    2
                }
                _ => {
                    octets.extend_from_slice(&rest.as_bytes()[..c.len_utf8()]);
                    c.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        octets
    }

    proptest! {
        /// Whatever octets an SSID has, they come back from what is shown of it, and showing never fails.
        #[test]
        fn no_ssid_is_lost(octets in proptest::collection::vec(any::<u8>(), 0..33)) {
            prop_assert_eq!(octets_of(&Readings::show_ssid(&octets)), octets.clone());
            prop_assert!(ssid(&octets).starts_with(&Readings::show_ssid(&octets)));
            prop_assert!(!show(&octets).contains('\n'));
        }
    }
}
