//! `[snmp-credentials.NAME]`: a community or a USM user, its secrets by file; and who names which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hirake_snmp::credentials::{Auth, Privacy};

use super::hint;
use crate::config::desk::{Desk, Found, quoted};
use crate::config::house::secret_needed;
use crate::config::table::Table;

/// Longest securityName (RFC 3411 §5, SnmpAdminString as SNMP-USER-BASED-SM-MIB limits it).
const USER_MAX: usize = 32;
/// Said of a secret that is not there: the town opens all the same.
const NEEDED: &str = "without it whoever is named with it is not spoken to";

/// How a device is spoken to; secrets as the files they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnmpCredentials {
    /// SNMPv1, with the file of the community.
    V1(PathBuf),
    /// SNMPv2c, with the file of the community.
    V2c(PathBuf),
    /// SNMPv3.
    V3(SnmpUser),
}

/// A USM user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpUser {
    /// securityName.
    pub name: String,
    /// Authentication, with the file of its password.
    pub auth: Option<(Auth, PathBuf)>,
    /// Privacy, with the file of its password; only with authentication.
    pub privacy: Option<(Privacy, PathBuf)>,
}

impl SnmpCredentials {
    /// Why whoever listens on the way could write as well; none where nobody could (authPriv).
    #[must_use]
    pub fn weakness(&self) -> Option<&'static str> {
        match self {
            Self::V1(_) | Self::V2c(_) => Some("a community crosses the network in clear text"),
            Self::V3(SnmpUser { auth: None, .. }) => Some("a user without auth proves nothing: the name is enough"),
            Self::V3(SnmpUser { privacy: None, .. }) => Some("without priv everybody on the way reads what is set"),
            Self::V3(_) => None,
        }
    }
}

/// The credentials of the file, and which of them were named so far.
pub(super) struct Known {
    /// By name: where it stands, and what it is unless it was complained of.
    all: BTreeMap<String, (usize, Option<SnmpCredentials>)>,
    named: BTreeSet<String>,
}

impl Known {
    /// The credentials that `what` names.
    pub(super) fn named(&mut self, desk: &mut Desk<'_>, what: &str, name: &Found<&str>) -> Option<SnmpCredentials> {
        let Some((_, credentials)) = self.all.get(name.is) else {
            let names: Vec<&str> = self.all.keys().map(String::as_str).collect();
            let hint = hint(name.is, &names, "the NAME of a [snmp-credentials.NAME] of this file");
            desk.miss(name.at, format!("{what}: no credentials {}; {hint}", quoted(name.is)));
            return None;
        };
        self.named.insert(name.is.to_owned());
        credentials.clone()
    }

    /// As [`Self::named`], for our own agent, which does not speak SNMPv1.
    pub(super) fn modern(&mut self, desk: &mut Desk<'_>, what: &str, name: &Found<&str>) -> Option<SnmpCredentials> {
        let credentials = self.named(desk, what, name)?;
        if matches!(credentials, SnmpCredentials::V1(_)) {
            let found = quoted(name.is);
            desk.complain(
                name.at,
                format!("{what}: {found} is version \"1\"; expected one of version \"2c\" or \"3\""),
            );
            return None;
        }
        Some(credentials)
    }

    /// Notes those that nobody names. Call it last.
    pub(super) fn finish(&self, desk: &mut Desk<'_>) {
        for (name, (at, _)) in &self.all {
            if desk.is_clean() && !self.named.contains(name) {
                desk.note(*at, format!("snmp-credentials {}: nobody names them", quoted(name)));
            }
        }
    }
}

pub(super) fn read(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> Known {
    let mut known = Known { all: BTreeMap::new(), named: BTreeSet::new() };
    let Some(tables) = root.table(desk, "snmp-credentials", "snmp-credentials") else { return known };
    for (name, table) in tables.named_tables(desk, "snmp-credentials") {
        let credentials = one(desk, &table);
        table.finish(desk);
        known.all.insert(name.is.to_owned(), (name.at, credentials));
    }
    known
}

#[derive(Clone, Copy)]
enum Version {
    One,
    TwoC,
    Three,
}

fn one(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<SnmpCredentials> {
    if !table.has("version") {
        table.miss("version", "\"1\", \"2c\" or \"3\"");
    }
    let versions = [("1", Version::One), ("2c", Version::TwoC), ("3", Version::Three)];
    let version = table.word(desk, "version", &versions).map(|found| found.is);
    match version {
        Some(Version::Three) => {
            if table.has("community-file") {
                let what = format!("{}: community-file belongs to versions 1 and 2c; version 3 has a user", table.what);
                desk.complain(table.place("community-file"), what);
            }
            user(desk, table).map(SnmpCredentials::V3)
        }
        Some(version) => {
            for key in ["user", "auth", "auth-password-file", "priv", "priv-password-file"] {
                if table.has(key) {
                    let what =
                        format!("{}: {key} belongs to version 3; versions 1 and 2c have a community", table.what);
                    desk.complain(table.place(key), what);
                }
            }
            if !table.has("community-file") {
                table.miss("community-file", "the absolute path of the file with the community");
            }
            let file = secret_needed(desk, table, "community-file", NEEDED)?;
            Some(if matches!(version, Version::One) { SnmpCredentials::V1(file) } else { SnmpCredentials::V2c(file) })
        }
        None => {
            // Every key there may be is known, so that only the version is complained of.
            for key in ["community-file", "user", "auth", "auth-password-file", "priv", "priv-password-file"] {
                let _ = table.has(key);
            }
            None
        }
    }
}

fn user(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<SnmpUser> {
    const USER_ALLOWED: &str = "1 to 32 bytes on one line";
    let name = table.needed_text(desk, "user", USER_ALLOWED);
    let named =
        name.is_some_and(|name| (1..=USER_MAX).contains(&name.is.len()) && !name.is.chars().any(char::is_control));
    if name.is_some() && !named {
        table.refuse(desk, "user", USER_ALLOWED);
    }
    let auths = [
        ("md5", Auth::Md5),
        ("sha-1", Auth::Sha1),
        ("sha-224", Auth::Sha224),
        ("sha-256", Auth::Sha256),
        ("sha-384", Auth::Sha384),
        ("sha-512", Auth::Sha512),
    ];
    let privacies = [
        ("des", Privacy::Des),
        ("aes-128", Privacy::Aes128),
        ("aes-192", Privacy::Aes192),
        ("aes-256", Privacy::Aes256),
        ("aes-192-cisco", Privacy::Aes192Cisco),
        ("aes-256-cisco", Privacy::Aes256Cisco),
    ];
    let auth = with_password(desk, table, ("auth", "auth-password-file"), &auths);
    let privacy = with_password(desk, table, ("priv", "priv-password-file"), &privacies);
    if table.has("priv") && !table.has("auth") {
        let what = format!("{}: priv without auth, which SNMPv3 does not have; expected both", table.what);
        desk.miss(table.place("priv"), what);
    }
    Some(SnmpUser { name: name.filter(|_| named)?.is.to_owned(), auth, privacy })
}

/// A protocol and the file of its password: both or neither.
fn with_password<T: Copy>(
    desk: &mut Desk<'_>,
    table: &Table<'_, '_>,
    (key, file): (&'static str, &'static str),
    words: &[(&str, T)],
) -> Option<(T, PathBuf)> {
    let protocol = table.word(desk, key, words);
    let path = secret_needed(desk, table, file, NEEDED);
    for (there, absent) in [(key, file), (file, key)] {
        if table.has(there) && !table.has(absent) {
            let what = format!("{}: {there} without {absent}; expected both or neither", table.what);
            desk.miss(table.place(there), what);
        }
    }
    Some((protocol?.is, path?))
}
