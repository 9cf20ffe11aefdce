//! Passwords and communities out of the files that `controller.toml` names; never shown, never logged.

pub mod agents;

use std::path::Path;

use anyhow::Context;
use hirake_snmp::credentials::{Credentials, Secret, User};
use zeroize::Zeroizing;

use crate::config::SnmpCredentials;

/// A password from its file: everything but the line end.
///
/// # Errors
/// The file cannot be read, or has nothing in it.
pub fn password(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("password file {}", file.display()))?;
    let text = Zeroizing::new(text);
    let password = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    anyhow::ensure!(!password.is_empty(), "password file {} is empty", file.display());
    Ok(password)
}

/// How a device is spoken to, with its secrets.
///
/// # Errors
/// As [`password`], for the first file that cannot be used.
pub fn snmp(credentials: &SnmpCredentials) -> anyhow::Result<Credentials> {
    let secret = |file: &Path| password(file).map(Secret::new);
    Ok(match credentials {
        SnmpCredentials::V1(file) => Credentials::V1 { community: secret(file)? },
        SnmpCredentials::V2c(file) => Credentials::V2c { community: secret(file)? },
        SnmpCredentials::V3(user) => Credentials::V3(User {
            name: user.name.clone(),
            auth: user.auth.as_ref().map(|(auth, file)| anyhow::Ok((*auth, secret(file)?))).transpose()?,
            privacy: user.privacy.as_ref().map(|(privacy, file)| anyhow::Ok((*privacy, secret(file)?))).transpose()?,
        }),
    })
}

#[cfg(test)]
mod tests {
    use hirake_snmp::credentials::{Auth, Privacy};

    use super::*;
    use crate::config::SnmpUser;

    #[test]
    fn secrets_come_without_their_line_end_and_a_missing_one_is_named_without_being_shown() {
        let folder = tempfile::tempdir().expect("folder");
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("community"), "town \r\n").expect("written");
        std::fs::write(file("empty"), "\n").expect("written");
        let community = snmp(&SnmpCredentials::V2c(file("community"))).expect("read");
        assert_eq!(community, Credentials::V2c { community: Secret::new("town ".to_owned().into()) });
        let user = |auth: &str, privacy: &str| {
            SnmpCredentials::V3(SnmpUser {
                name: "hirake".to_owned(),
                auth: Some((Auth::Sha256, file(auth))),
                privacy: Some((Privacy::Aes128, file(privacy))),
            })
        };
        assert!(matches!(snmp(&user("community", "community")).expect("read"), Credentials::V3(_)));
        for missing in [user("empty", "community"), user("community", "nowhere")] {
            let why = format!("{:#}", snmp(&missing).expect_err("no secret"));
            assert!(why.contains(folder.path().to_str().expect("UTF-8")) && !why.contains("town"), "{why}");
        }
    }
}
