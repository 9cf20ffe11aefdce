//! What every validated word has in common: how it is refused, and the line terminators none of them may carry.

use std::fmt;

/// Everything that any reader of a text file may take for the end of a line.
///
/// hostapd ends a line at LF alone; shells, editors, log viewers and TOML readers know the others. A word that held one
/// of them could bring a second line, and so a second setting, into a file. (Unicode 16, section 5.8, and NUL, at which
/// C programs stop reading.)
pub const LINE_TERMINATORS: [char; 8] = [
    '\0',       // NUL
    '\n',       // LF
    '\u{b}',    // vertical tab
    '\u{c}',    // form feed
    '\r',       // CR
    '\u{85}',   // next line
    '\u{2028}', // line separator
    '\u{2029}', // paragraph separator
];

/// Longest piece of a refused text that an error repeats, in characters.
const SHOWN_MAX: usize = 64;

/// Why a text is not the word it was offered as: what it was for, what was found, what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {found}; allowed: {allowed}")]
pub struct WordError {
    /// The word, such as `channel`.
    pub what: &'static str,
    /// What was given, made safe for a terminal. A secret is never repeated.
    pub found: String,
    /// What would have been taken.
    pub allowed: &'static str,
}

impl WordError {
    /// Refuses `found`, quoted and escaped.
    pub(crate) fn text(what: &'static str, found: &str, allowed: &'static str) -> Self {
        Self { what, found: shown(found), allowed }
    }

    /// Refuses something told in words, such as a number or the length of a secret.
    pub(crate) fn said(what: &'static str, found: impl fmt::Display, allowed: &'static str) -> Self {
        Self { what, found: found.to_string(), allowed }
    }
}

/// A text as an error may repeat it: quoted, escaped, cut to a bearable length.
#[must_use]
pub fn shown(text: &str) -> String {
    let cut = if text.chars().count() > SHOWN_MAX { "…" } else { "" };
    format!("\"{}{cut}\"", text.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect::<String>())
}

/// Gives a word made of a checked `String` its readers: `as_str`, `Display`, `FromStr`.
macro_rules! text_word {
    ($name:ident, $check:path) => {
        impl $name {
            /// The text, proven.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::WordError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text_word;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_repeats_a_hostile_text_harmlessly() {
        let error = WordError::text("interface name", "w\n\u{1b}[2J\u{2028}", "letters");
        assert_eq!(error.to_string(), r#"interface name is "w\n\u{1b}[2J\u{2028}"; allowed: letters"#);
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(shown(&"a".repeat(1000)).chars().count(), SHOWN_MAX + 3);
    }
}
