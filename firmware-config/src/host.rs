//! Where a broker is reached: a host name or an address.

use crate::word::{WordError, text_word};

/// Longest host name in bytes (RFC 1035, 2.3.4).
pub const HOST_MAX_BYTES: usize = 253;

/// A host name, an IPv4 address or an IPv6 address without brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host(String);

text_word!(Host, check);

fn check(text: &str) -> Result<(), WordError> {
    let name = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let address = text.parse::<std::net::IpAddr>().is_ok();
    if address || (text.len() <= HOST_MAX_BYTES && text.split('.').all(name)) {
        return Ok(());
    }
    Err(WordError::text("host", text, "a host name of A-Z a-z 0-9 - and dots, or an IP address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::LINE_TERMINATORS;

    #[test]
    fn accepts_names_and_addresses() {
        for text in ["192.0.2.1", "2001:db8::1", "broker.shiomi.example", "localhost"] {
            assert!(text.parse::<Host>().is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_neither() {
        for text in ["", ".", "a..b", "-a", "a-", "a b", "a:1883", "mqtt://a", "[::1]", "a\"", &"a".repeat(64)] {
            assert!(text.parse::<Host>().is_err(), "{text:?}");
        }
        for end in LINE_TERMINATORS {
            assert!(format!("a{end}").parse::<Host>().is_err(), "{end:?}");
        }
    }
}
