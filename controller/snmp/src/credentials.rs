//! What a device is shown so that it answers: a community, or a USM user with passwords. Never printed.

use std::fmt;

use zeroize::Zeroizing;

/// A community or a password. `Debug` says that there is one, nothing more.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes it in.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text, for the one place that sends it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How a device is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// SNMPv1 (RFC 1157).
    V1 {
        /// The community.
        community: Secret,
    },
    /// SNMPv2c (RFC 1901).
    V2c {
        /// The community.
        community: Secret,
    },
    /// SNMPv3 with the user-based security model (RFC 3414).
    V3(User),
}

/// A USM user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// securityName, 1 to 32 octets.
    pub name: String,
    /// Authentication; none: noAuthNoPriv.
    pub auth: Option<(Auth, Secret)>,
    /// Privacy; only with authentication.
    pub privacy: Option<(Privacy, Secret)>,
}

/// Authentication protocols (RFC 3414, RFC 7860).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the protocols' own names")]
pub enum Auth {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Privacy protocols (RFC 3414, RFC 3826; 192 and 256 bits with either key extension in use).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Privacy {
    /// DES, for what is too old for anything else.
    Des,
    /// AES-128.
    Aes128,
    /// AES-192, key extended as net-snmp does it (Blumenthal).
    Aes192,
    /// AES-256, key extended as net-snmp does it (Blumenthal).
    Aes256,
    /// AES-192, key extended as Cisco does it (Reeder).
    Aes192Cisco,
    /// AES-256, key extended as Cisco does it (Reeder).
    Aes256Cisco,
}
