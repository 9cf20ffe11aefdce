//! Our users, names and values as the library takes them.

use async_snmp::{AuthProtocol, PrivProtocol, UsmConfig, UsmUser};

use crate::credentials::{Auth, Privacy, User};
use crate::oid::Oid;
use crate::value::Value;

/// A user as the library takes one that speaks to us.
///
/// # Errors
/// The library does not take the passwords (shorter than 8 octets); in words without them.
pub(crate) fn user(user: &User) -> Result<UsmUser, String> {
    let taken = UsmUser::new(user.name.clone());
    let taken = match (&user.auth, &user.privacy) {
        (None, _) => Ok(taken),
        (Some((auth, password)), None) => taken.auth(auth_protocol(*auth), password.text()),
        (Some((auth, password)), Some((privacy, secret))) => {
            taken.auth_priv(auth_protocol(*auth), password.text(), privacy_protocol(*privacy), secret.text())
        }
    };
    taken.map_err(|error| format!("user \"{}\": {error}", user.name))
}

/// A user as the library takes one that we speak as.
///
/// # Errors
/// As [`user`].
pub(crate) fn speaker(user: &User) -> Result<UsmConfig, String> {
    let taken = UsmConfig::new(user.name.clone());
    let taken = match (&user.auth, &user.privacy) {
        (None, _) => Ok(taken),
        (Some((auth, password)), None) => taken.auth(auth_protocol(*auth), password.text()),
        (Some((auth, password)), Some((privacy, secret))) => {
            taken.auth_priv(auth_protocol(*auth), password.text(), privacy_protocol(*privacy), secret.text())
        }
    };
    taken.map_err(|error| format!("user \"{}\": {error}", user.name))
}

/// A name as the library has it.
pub(crate) fn name(oid: &Oid) -> async_snmp::Oid {
    async_snmp::Oid::from_slice(oid.arcs())
}

/// A value as the library sends it.
pub(crate) fn outgoing(value: &Value) -> async_snmp::Value {
    use async_snmp::Value as Sent;
    match value {
        Value::Integer(number) => Sent::Integer(*number),
        Value::Counter32(number) => Sent::Counter32(*number),
        Value::Gauge32(number) => Sent::Gauge32(*number),
        Value::TimeTicks(ticks) => Sent::TimeTicks(*ticks),
        Value::Counter64(number) => Sent::Counter64(*number),
        Value::Octets(octets) => Sent::OctetString(octets.clone().into()),
        Value::Oid(oid) => Sent::ObjectIdentifier(name(oid)),
        Value::Ip(address) => Sent::IpAddress(address.octets()),
        Value::Opaque(octets) => Sent::Opaque(octets.clone().into()),
        Value::Null => Sent::Null,
        Value::NoSuchObject => Sent::NoSuchObject,
        Value::NoSuchInstance => Sent::NoSuchInstance,
        Value::EndOfMibView => Sent::EndOfMibView,
    }
}

pub(crate) fn auth_protocol(auth: Auth) -> AuthProtocol {
    match auth {
        Auth::Md5 => AuthProtocol::Md5,
        Auth::Sha1 => AuthProtocol::Sha1,
        Auth::Sha224 => AuthProtocol::Sha224,
        Auth::Sha256 => AuthProtocol::Sha256,
        Auth::Sha384 => AuthProtocol::Sha384,
        Auth::Sha512 => AuthProtocol::Sha512,
    }
}

pub(crate) fn privacy_protocol(privacy: Privacy) -> PrivProtocol {
    match privacy {
        Privacy::Des => PrivProtocol::Des,
        Privacy::Aes128 => PrivProtocol::Aes128,
        Privacy::Aes192 => PrivProtocol::Aes192Blumenthal,
        Privacy::Aes256 => PrivProtocol::Aes256Blumenthal,
        Privacy::Aes192Cisco => PrivProtocol::Aes192Reeder,
        Privacy::Aes256Cisco => PrivProtocol::Aes256Reeder,
    }
}
