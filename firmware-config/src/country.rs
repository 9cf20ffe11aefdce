//! The country whose radio rules hold: two capital letters.

use crate::word::{WordError, text_word};

/// An ISO 3166-1 alpha-2 code, such as `JP`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Country(String);

text_word!(Country, check);

fn check(text: &str) -> Result<(), WordError> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(WordError::text("country", text, "two capital letters, such as JP"))
}

impl Country {
    /// Whether the rules of Japan hold.
    #[must_use]
    pub fn is_japan(&self) -> bool {
        self.0 == "JP"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::LINE_TERMINATORS;

    #[test]
    fn accepts_two_capitals_and_nothing_else() {
        assert!("JP".parse::<Country>().expect("JP").is_japan());
        for text in ["", "J", "jp", "JPN", "J1", "ＪＰ", "J ", "00"] {
            assert!(text.parse::<Country>().is_err(), "{text:?}");
        }
        for end in LINE_TERMINATORS {
            assert!(format!("J{end}").parse::<Country>().is_err());
            assert!(format!("JP{end}").parse::<Country>().is_err());
        }
    }
}
