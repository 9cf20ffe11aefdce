//! Values as devices give them, and a sheet of them: everything one poll brought.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::oid::Oid;

/// One value (RFC 3416 §3, RFC 2578 §7.1), as it came, whatever the MIB says it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// INTEGER, Integer32 and enumerations.
    Integer(i32),
    /// Counter32.
    Counter32(u32),
    /// Gauge32 and Unsigned32.
    Gauge32(u32),
    /// TimeTicks, in hundredths of a second.
    TimeTicks(u32),
    /// Counter64.
    Counter64(u64),
    /// OCTET STRING: octets, not characters.
    Octets(Vec<u8>),
    /// OBJECT IDENTIFIER.
    Oid(Oid),
    /// IpAddress.
    Ip(Ipv4Addr),
    /// Opaque, undecoded.
    Opaque(Vec<u8>),
    /// NULL.
    Null,
    /// The device has no such object.
    NoSuchObject,
    /// The object is there, this instance of it is not.
    NoSuchInstance,
    /// There is nothing behind the asked name.
    EndOfMibView,
}

impl Value {
    /// Whether it is an answer, not the word that there is none.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !matches!(self, Self::NoSuchObject | Self::NoSuchInstance | Self::EndOfMibView | Self::Null)
    }

    /// The number it is, whatever numeric type it came in.
    #[must_use]
    pub fn number(&self) -> Option<i128> {
        match self {
            Self::Integer(number) => Some((*number).into()),
            Self::Counter32(number) | Self::Gauge32(number) | Self::TimeTicks(number) => Some((*number).into()),
            Self::Counter64(number) => Some((*number).into()),
            _ => None,
        }
    }
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarBind {
    /// The full name, with instance.
    pub oid: Oid,
    /// Its value.
    pub value: Value,
}

/// Everything one poll brought, by name. Absent objects are absent.
pub type Sheet = BTreeMap<Oid, Value>;
