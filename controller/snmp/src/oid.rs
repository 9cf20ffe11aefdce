//! An object identifier: compared arc by arc, never as text.

use std::fmt;
use std::str::FromStr;

/// Most sub-identifiers of one OID (RFC 2578 §3.5).
pub const ARCS_MAX: usize = 128;

/// An object identifier of 0 to [`ARCS_MAX`] arcs. Ordered as SNMP orders them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Oid(Box<[u32]>);

/// Not an OID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidError {
    /// Something between the dots is no number.
    #[error(
        "\"{0}\" is not an OID; expected numbers from 0 to 4294967295 with dots between, such as 1.3.6.1.2.1.1.1.0"
    )]
    NotNumbers(String),
    /// Longer than SNMP allows.
    #[error("an OID of {0} arcs; at most {ARCS_MAX} are possible")]
    TooLong(usize),
}

impl Oid {
    /// From arcs.
    ///
    /// # Errors
    /// More than [`ARCS_MAX`] arcs.
    pub fn new(arcs: impl Into<Box<[u32]>>) -> Result<Self, OidError> {
        let arcs = arcs.into();
        if arcs.len() > ARCS_MAX { Err(OidError::TooLong(arcs.len())) } else { Ok(Self(arcs)) }
    }

    /// The arcs.
    #[must_use]
    pub fn arcs(&self) -> &[u32] {
        &self.0
    }

    /// Whether it is `root` or below it.
    #[must_use]
    pub fn is_within(&self, root: &Self) -> bool {
        self.0.starts_with(&root.0)
    }

    /// The arcs below `root`; none where it is not within.
    #[must_use]
    pub fn below(&self, root: &Self) -> Option<&[u32]> {
        self.0.strip_prefix(&*root.0)
    }

    /// This and more arcs.
    ///
    /// # Errors
    /// More than [`ARCS_MAX`] arcs in all.
    pub fn with(&self, more: &[u32]) -> Result<Self, OidError> {
        Self::new([&*self.0, more].concat())
    }
}

impl FromStr for Oid {
    type Err = OidError;

    /// Numbers with dots between; one dot in front is allowed, as net-snmp writes it.
    fn from_str(text: &str) -> Result<Self, OidError> {
        let wrong = || OidError::NotNumbers(text.chars().take(200).collect());
        let arcs = text.strip_prefix('.').unwrap_or(text).split('.').map(|arc| {
            let plain = !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
            arc.parse().ok().filter(|_| plain).ok_or_else(wrong)
        });
        Self::new(arcs.collect::<Result<Vec<u32>, _>>()?)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, arc) in self.0.iter().enumerate() {
            write!(f, "{}{arc}", if at == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oid_is_read_written_and_ordered_by_arcs() {
        let oid = |text: &str| text.parse::<Oid>().expect("valid");
        assert_eq!(oid(".1.3.6.1").to_string(), "1.3.6.1");
        assert!(oid("1.3.6.2") < oid("1.3.6.10"));
        assert!(oid("1.3.6.10").is_within(&oid("1.3.6.10")) && !oid("1.3.6.10").is_within(&oid("1.3.6.1")));
        assert_eq!(oid("1.3.6.1.5").below(&oid("1.3.6")), Some(&[1, 5][..]));
        for wrong in ["", ".", "1..3", "1.3.x", "1.+3", "1.4294967296", "1.3."] {
            assert!(wrong.parse::<Oid>().is_err(), "{wrong}");
        }
        assert_eq!(Oid::new(vec![1; ARCS_MAX + 1]), Err(OidError::TooLong(ARCS_MAX + 1)));
    }
}
