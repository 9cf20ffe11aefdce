//! The press: a proven configuration in, the AP's files out, as values. It cannot fail and touches no disk.
//!
//! hostapd is started once, on all `hostapd-*.conf` together, with `-g` and the global socket; `00000JAPAN`'s files are
//! for the agent's `ADD bss_config=PHY:FILE` alone. Start it with `-B`, or with its output going nowhere: it prints the
//! address of every device that joins, no option stops that (2.10), and no device's address may reach a log.

mod agent;
mod hostapd;

use std::fmt;

use crate::ap_config::ApConfig;
use crate::path::FilePath;

/// Mode of a file that holds a passphrase: its owner reads it, nobody else.
pub const MODE_SECRET: u32 = 0o600;

/// Mode of a file with no secret in it.
pub const MODE_PLAIN: u32 = 0o644;

/// One file of an AP. `Debug` does not show what is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Where it goes on the AP.
    pub path: FilePath,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Unix permissions it is to have: [`MODE_SECRET`] or [`MODE_PLAIN`].
    pub mode: u32,
}

impl fmt::Debug for RenderedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RenderedFile({}, {} bytes, mode {:o})", self.path, self.bytes.len(), self.mode)
    }
}

/// The file with the AP's password at the broker, where its agent reads it; none where it is to give none.
#[must_use]
pub fn password_file(config: &ApConfig, password: &str) -> Option<RenderedFile> {
    let path = config.broker.password_file.clone()?;
    Some(RenderedFile { path, bytes: format!("{password}\n").into_bytes(), mode: MODE_SECRET })
}

/// Every file of the AP but the one with its password: per radio its `hostapd-PHY.conf` and its open network's
/// `INTERFACE.conf`; last `agent.toml`.
#[must_use]
pub fn render(config: &ApConfig) -> Vec<RenderedFile> {
    let mut files = Vec::new();
    for radio in &config.radios {
        files.push(RenderedFile {
            path: radio.hostapd_conf.clone(),
            bytes: hostapd::town_networks(config, radio).into_bytes(),
            mode: MODE_SECRET,
        });
        if let Some(open) = &radio.open {
            files.push(RenderedFile {
                path: open.conf.clone(),
                bytes: hostapd::open_network(config, radio, open).into_bytes(),
                mode: MODE_PLAIN,
            });
        }
    }
    files.push(RenderedFile {
        path: config.agent_toml.clone(),
        bytes: agent::agent_toml(config).into_bytes(),
        mode: MODE_PLAIN,
    });
    files
}
