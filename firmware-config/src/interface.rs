//! Names of network interfaces, of bridges and of radios, as the kernel takes them.

use crate::word::{WordError, text_word};

/// Longest interface name in bytes: IFNAMSIZ of Linux is 16 with the closing NUL.
pub const INTERFACE_MAX_BYTES: usize = 15;

/// The name of a network interface or a bridge, such as `wlan0jp` or `br-open`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName(String);

text_word!(InterfaceName, check_interface);

fn check_interface(text: &str) -> Result<(), WordError> {
    // Narrower than the kernel, which forbids only '/', ':' and blanks: the name also becomes a socket's file name, an
    // argument of hostapd's commands and part of a configuration file's name.
    let good = (1..=INTERFACE_MAX_BYTES).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if good {
        return Ok(());
    }
    Err(WordError::text("interface name", text, "1 to 15 of A-Z a-z 0-9 . _ - with a letter or digit in front"))
}

/// The kernel's name of a radio, such as `phy0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhyName(String);

text_word!(PhyName, check_phy);

fn check_phy(text: &str) -> Result<(), WordError> {
    let good = text
        .strip_prefix("phy")
        .is_some_and(|digits| (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
    if good {
        return Ok(());
    }
    Err(WordError::text("radio name", text, "\"phy\" and 1 to 4 digits, such as phy0"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::word::LINE_TERMINATORS;

    #[test]
    fn accepts_what_linux_calls_interfaces_and_radios() {
        for text in ["wlan0", "wlan0jp", "br-lan", "br0.30", "phy0-ap0", "0", &"a".repeat(15)] {
            assert!(text.parse::<InterfaceName>().is_ok(), "{text}");
        }
        for text in ["phy0", "phy12", "phy9999"] {
            assert!(text.parse::<PhyName>().is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_what_could_leave_a_line_a_folder_or_a_command() {
        for text in ["", ".", "..", "-a", "a b", "a/b", "a:b", "a=b", "町", "../etc", &"a".repeat(16)] {
            assert!(text.parse::<InterfaceName>().is_err(), "{text:?}");
        }
        for text in ["", "phy", "phy-1", "wlan0", "phy0:/etc", "phy00000", "phy０", "Phy0"] {
            assert!(text.parse::<PhyName>().is_err(), "{text:?}");
        }
        for end in LINE_TERMINATORS {
            assert!(format!("wlan0{end}").parse::<InterfaceName>().is_err(), "{end:?}");
            assert!(format!("phy0{end}").parse::<PhyName>().is_err(), "{end:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_one_bare_word(text in ".{0,20}") {
            if text.parse::<InterfaceName>().is_ok() {
                prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)));
            }
        }
    }
}
