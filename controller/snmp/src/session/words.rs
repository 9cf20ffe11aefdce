//! Values as the library has them, as ours; and its errors in our words.

use std::time::Duration;

use async_snmp::v3::ReportStatus;
use async_snmp::{Error, ErrorStatus};

use crate::oid::Oid;
use crate::trouble::{Status, Trouble};
use crate::value::{Value, VarBind};

/// A varbind that came; none where its name is longer than SNMP allows or its type is unknown to us.
pub(super) fn incoming(bind: async_snmp::VarBind) -> Option<VarBind> {
    use async_snmp::Value as Got;
    let value = match bind.value {
        Got::Integer(number) => Value::Integer(number),
        Got::Counter32(number) => Value::Counter32(number),
        // 0x47, from before SMIv2: an unsigned number like any other.
        Got::Gauge32(number) | Got::UInteger32(number) => Value::Gauge32(number),
        Got::TimeTicks(ticks) => Value::TimeTicks(ticks),
        Got::Counter64(number) => Value::Counter64(number),
        Got::OctetString(octets) | Got::Nsap(octets) => Value::Octets(octets.to_vec()),
        Got::ObjectIdentifier(oid) => Value::Oid(Oid::new(oid.arcs()).ok()?),
        Got::IpAddress(address) => Value::Ip(address.into()),
        Got::Opaque(octets) => Value::Opaque(octets.to_vec()),
        Got::Null => Value::Null,
        Got::NoSuchObject => Value::NoSuchObject,
        Got::NoSuchInstance => Value::NoSuchInstance,
        Got::EndOfMibView => Value::EndOfMibView,
        _ => return None,
    };
    Some(VarBind { oid: Oid::new(bind.oid.arcs()).ok()?, value })
}

/// A value for a sentence: its kind, and itself where it is a number.
pub(super) fn shown(value: &Value) -> String {
    match (value, value.number()) {
        (_, Some(number)) => number.to_string(),
        (Value::NoSuchObject, _) => "noSuchObject".to_owned(),
        (Value::NoSuchInstance, _) => "noSuchInstance".to_owned(),
        (Value::EndOfMibView, _) => "endOfMibView".to_owned(),
        (Value::Null, _) => "NULL".to_owned(),
        (Value::Oid(oid), _) => oid.to_string(),
        _ => "other octets".to_owned(),
    }
}

/// What the library says went wrong. Never holds a community or a password: its errors do not.
pub(super) fn trouble(error: &Error, waited: Duration) -> Trouble {
    match error.exchange_source() {
        Error::Timeout { .. } => Trouble::NoAnswer { waited },
        Error::Snmp { status, oid, .. } => match status_of(*status) {
            Some(status) => Trouble::Refused { status, at: oid.as_deref().and_then(|oid| Oid::new(oid.arcs()).ok()) },
            None => Trouble::Broken("an error without a number".into()),
        },
        Error::Report { status, .. } => report(status, waited),
        Error::Auth { .. } => Trouble::Credentials("an answer that these credentials do not fit".into()),
        Error::Network { source, .. } => Trouble::NotSent(source.to_string()),
        Error::Decode(_) | Error::MalformedResponse { .. } | Error::ResponseShape { .. } => {
            Trouble::Broken(error.to_string())
        }
        other => Trouble::NotSent(other.to_string()),
    }
}

/// What a device's USM says of us (RFC 3414 §3.2), in words.
pub(super) fn report(status: &ReportStatus, waited: Duration) -> Trouble {
    let words = match status {
        ReportStatus::UnsupportedSecurityLevel { .. } => {
            "the device does not take this user at this security level; check authentication and privacy of the user there"
        }
        ReportStatus::UnknownUserName { .. } => {
            "the device does not know this user; check its name and the device's SNMPv3 users"
        }
        ReportStatus::WrongDigest { .. } => "the device says that the authentication password or protocol is wrong",
        ReportStatus::DecryptionError { .. } => "the device says that the privacy password or protocol is wrong",
        ReportStatus::NotInTimeWindow { .. } | ReportStatus::UnknownEngineId { .. } => {
            return Trouble::NoAnswer { waited };
        }
        _ => "the device turned the request away with a report that no RFC names",
    };
    Trouble::Credentials(words.to_owned())
}

fn status_of(status: ErrorStatus) -> Option<Status> {
    Status::from_number(status.as_i32())
}
