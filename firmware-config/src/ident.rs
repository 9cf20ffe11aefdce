//! Names of towns, facilities and access points: safe in a topic, a file name, a URL and a line of configuration.

use serde::{Deserialize, Serialize};

/// Longest identifier in bytes. MQTT user names, file names and SQL keys all hold it; a person can still read it aloud.
pub const IDENT_MAX_BYTES: usize = 48;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentError {
    /// Nothing was given.
    #[error("an identifier is empty; allowed: 1 to {IDENT_MAX_BYTES} of a-z 0-9 and '-'")]
    Empty,
    /// Too many characters.
    #[error("identifier \"{0}\" is {1} bytes long; at most {IDENT_MAX_BYTES} are allowed")]
    TooLong(String, usize),
    /// A character outside a-z 0-9 '-', or a '-' at either end.
    #[error("identifier \"{0}\" has {1:?} in it; allowed: a-z 0-9 and '-', not at either end")]
    BadCharacter(String, char),
}

fn check(text: &str) -> Result<(), IdentError> {
    if text.is_empty() {
        return Err(IdentError::Empty);
    }
    // `escape_debug` so that a hostile text cannot put control characters on somebody's terminal.
    let shown = || text.chars().take(IDENT_MAX_BYTES).flat_map(char::escape_debug).collect::<String>();
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return Err(IdentError::BadCharacter(shown(), bad));
    }
    if text.len() > IDENT_MAX_BYTES {
        return Err(IdentError::TooLong(shown(), text.len()));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(IdentError::BadCharacter(shown(), '-'));
    }
    Ok(())
}

macro_rules! ident {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text, proven.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentError;
            fn try_from(text: String) -> Result<Self, IdentError> {
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdentError;
            fn from_str(text: &str) -> Result<Self, IdentError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

ident!(
    /// One town: the first part of every topic.
    TownId
);
ident!(
    /// One facility of the town: a hall, a school, a gym.
    FacilityId
);
ident!(
    /// One access point of the town.
    ApId
);
ident!(
    /// One of several controllers of the town.
    ControllerId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_a_clerk_would_write() {
        for text in ["a", "yakuba-1", "shiomi", "0"] {
            assert!(text.parse::<ApId>().is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_what_could_leave_a_topic_or_a_line() {
        for text in ["", "-a", "a-", "a/b", "a+b", "#", "A", "町", "a b", "a\nb", &"a".repeat(49)] {
            assert!(text.parse::<ApId>().is_err(), "{text:?}");
        }
    }
}
