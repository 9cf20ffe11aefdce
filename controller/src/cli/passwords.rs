//! `hirake passwords`: a line `NAME:PASSWORD` for each who may come in, for the password file of a broker outside.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use zeroize::Zeroizing;

use super::{check, exit};
use crate::config::{BrokerConfig, Config};
use crate::core::inventory::Managed;
use crate::secrets::agents::{AgentsSecret, SECRET_EXPECTED};
use crate::secrets::password;

/// Prints the controller's own line, where the town in `file` has a broker outside that asks for one, then one for each
/// access point with our agent.
///
/// # Errors
/// Standard output takes no more.
pub fn passwords(file: &Path) -> anyhow::Result<ExitCode> {
    let config = match Config::read(file) {
        Ok(config) => config,
        Err(refused) => return Ok(check::refuse(&refused)),
    };
    match lines(&config) {
        Ok(text) => std::io::stdout().lock().write_all(text.as_bytes())?,
        Err(why) => {
            eprintln!("hirake: {}: broker: {why:#}", file.display());
            return Ok(ExitCode::from(exit::CONFIG_REFUSED));
        }
    }
    Ok(ExitCode::from(exit::WELL))
}

fn lines(config: &Config) -> anyhow::Result<Zeroizing<String>> {
    let Some(secret) = config.broker.agents_password_file() else {
        anyhow::bail!("has no agents-password-file; expected the path of a file with {SECRET_EXPECTED}");
    };
    let secret = AgentsSecret::read_long(secret)?;
    let aps = config.inventory.aps.iter().filter(|ap| ap.managed == Managed::Agent);
    let mut text = Zeroizing::new(String::new());
    if let BrokerConfig::Outside { login: Some((user, file)), .. } = &config.broker {
        let own = password(file)?;
        // The broker would take what stands before the first one for the name.
        anyhow::ensure!(!user.contains(':'), "user {user:?} has a ':' in it; expected a name without");
        anyhow::ensure!(
            !own.contains(':'),
            "password-file {} has a ':' in it; expected a password without",
            file.display()
        );
        let is_ap = aps.clone().any(|ap| ap.id.as_str() == user);
        anyhow::ensure!(!is_ap, "user {user:?} is an access point's name as well; expected another one");
        *text += &format!("{user}:{}\n", *own);
    }
    for ap in aps {
        *text += &format!("{}:{}\n", ap.id, *secret.password_of(&config.inventory.town, &ap.id));
    }
    Ok(text)
}
