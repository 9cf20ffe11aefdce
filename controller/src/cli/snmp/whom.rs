//! Which device is asked and how: an address and credentials by file, or a device of `controller.toml`.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use hirake_snmp::credentials::{Auth, Privacy};
use hirake_snmp::device::{Device, PORT};
use hirake_snmp::profile::Manners;
use hirake_snmp::session::{Session, Sockets};
use hirake_snmp::trouble::Trouble;

use crate::cli::{check, exit};
use crate::config::{Complaints, Config, SnmpCredentials, SnmpUser};
use crate::secrets;

/// Whom to ask, and as whom. Secrets only by file: a command line is seen by everybody on the machine.
#[derive(Debug, clap::Args)]
pub struct Whom {
    /// A device of the town's file, by its id, with its credentials; needs --config
    #[arg(long, value_name = "ID", requires = "config")]
    device: Option<String>,
    /// The town's file
    #[arg(long, value_name = "FILE", requires = "device")]
    config: Option<PathBuf>,
    /// The version spoken: 1, 2c or 3
    #[arg(short = 'v', long = "version", value_name = "VERSION", default_value = "2c", value_parser = ["1", "2c", "3"])]
    version: String,
    /// The file with the community (versions 1 and 2c)
    #[arg(long, value_name = "FILE")]
    community_file: Option<PathBuf>,
    /// The user (version 3)
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// md5, sha-1, sha-224, sha-256, sha-384 or sha-512
    #[arg(long, value_name = "PROTOCOL", value_parser = auth, requires = "auth_password_file")]
    auth: Option<Auth>,
    /// The file with the authentication password
    #[arg(long, value_name = "FILE", requires = "auth")]
    auth_password_file: Option<PathBuf>,
    /// des, aes-128, aes-192, aes-256, aes-192-cisco or aes-256-cisco
    #[arg(long = "priv", value_name = "PROTOCOL", value_parser = privacy, requires_all = ["priv_password_file", "auth"])]
    privacy: Option<Privacy>,
    /// The file with the privacy password
    #[arg(long, value_name = "FILE", requires = "privacy")]
    priv_password_file: Option<PathBuf>,
    /// SNMPv3 contextName
    #[arg(long, value_name = "NAME", default_value = "")]
    context: String,
    /// Seconds one try waits for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
    /// Tries after the first
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=10))]
    retries: u32,
}

/// A device that can be asked.
pub struct Opened {
    pub session: Session,
    /// What stood behind the address.
    pub rest: Vec<String>,
    /// Its words, for its profile.
    pub words: BTreeMap<String, String>,
}

/// Why nobody is asked.
pub enum Unknown {
    /// The command line is not complete.
    Words(String),
    /// The town's file is not taken.
    Config(Complaints),
    /// Secrets that cannot be read, no socket, no such host.
    Trouble(String),
}

impl Unknown {
    /// Says so; the exit code.
    pub fn told(&self) -> ExitCode {
        match self {
            Self::Words(words) => {
                eprintln!("hirake: {words}");
                ExitCode::from(exit::NOT_UNDERSTOOD)
            }
            Self::Config(refused) => check::refuse(refused),
            Self::Trouble(why) => {
                eprintln!("hirake: {why}");
                ExitCode::from(exit::FAILED)
            }
        }
    }
}

/// Says what came instead of an answer; the exit code.
pub fn troubled(trouble: &Trouble) -> ExitCode {
    eprintln!("hirake: {trouble}");
    ExitCode::from(match trouble {
        Trouble::NoAnswer { .. } => exit::UNREACHABLE,
        Trouble::NotSent(_) => exit::FAILED,
        Trouble::Refused { .. } | Trouble::Credentials(_) | Trouble::Broken(_) => exit::NEEDS_A_LOOK,
    })
}

/// Runs it to its end.
///
/// # Errors
/// Its own; or there is no runtime.
pub fn in_time(what: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?.block_on(what)
}

impl Whom {
    /// How the device is asked, by hand: no row limit.
    pub fn manners(&self, bulk: bool) -> Manners {
        Manners {
            bulk,
            timeout: Duration::from_secs(self.timeout),
            retries: self.retries,
            row_limit: usize::MAX,
            ..Manners::default()
        }
    }

    /// Opens a session with the device; the first of `words` is its address, unless --device says which.
    pub async fn open(&self, words: &[String]) -> Result<Opened, Unknown> {
        let (device, rest) = match (&self.device, &self.config) {
            (Some(id), Some(file)) => {
                let config = Config::read(file).map_err(Unknown::Config)?;
                let known = config.snmp.devices.into_iter().find(|device| device.id == *id);
                let known = known.ok_or_else(|| {
                    Unknown::Trouble(format!("{}: no [[snmp-device]] \"{id}\" that an [[ap]] names", file.display()))
                })?;
                let read = secrets::snmp(&known.read).map_err(|error| Unknown::Trouble(format!("{error:#}")))?;
                let device = Device {
                    id: known.id,
                    address: known.address,
                    profile: known.profile,
                    read,
                    write: None,
                    context: known.context,
                    words: known.words,
                    aps: known.aps,
                };
                (device, words)
            }
            _ => {
                let (address, rest) =
                    words.split_first().ok_or_else(|| Unknown::Words("no ADDRESS, and no --device".to_owned()))?;
                let read =
                    secrets::snmp(&self.credentials()?).map_err(|error| Unknown::Trouble(format!("{error:#}")))?;
                let device = Device {
                    id: address.clone(),
                    address: located(address).await?,
                    profile: None,
                    read,
                    write: None,
                    context: self.context.clone(),
                    words: BTreeMap::new(),
                    aps: Vec::new(),
                };
                (device, rest)
            }
        };
        let trouble = |trouble: Trouble| Unknown::Trouble(trouble.to_string());
        let sockets = Sockets::open().await.map_err(trouble)?;
        let session = Session::new(&sockets, &device, self.manners(true)).await.map_err(trouble)?;
        Ok(Opened { session, rest: rest.to_vec(), words: device.words })
    }

    fn credentials(&self) -> Result<SnmpCredentials, Unknown> {
        let missing = |what: &str| Unknown::Words(format!("version {} needs {what}", self.version));
        if self.version != "3" {
            let file = self.community_file.clone().ok_or_else(|| missing("--community-file"))?;
            return Ok(if self.version == "1" { SnmpCredentials::V1(file) } else { SnmpCredentials::V2c(file) });
        }
        Ok(SnmpCredentials::V3(SnmpUser {
            name: self.user.clone().ok_or_else(|| missing("--user"))?,
            auth: self.auth.zip(self.auth_password_file.clone()),
            privacy: self.privacy.zip(self.priv_password_file.clone()),
        }))
    }
}

/// An address, with or without a port; or a host's name.
async fn located(text: &str) -> Result<SocketAddr, Unknown> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, PORT));
    }
    let host = if text.contains(':') { text.to_owned() } else { format!("{text}:{PORT}") };
    let found = tokio::net::lookup_host(&host).await;
    let wrong = |why: String| Unknown::Trouble(format!("\"{text}\" is no address: {why}"));
    found.map_err(|error| wrong(error.to_string()))?.next().ok_or_else(|| wrong("the name has none".to_owned()))
}

fn auth(text: &str) -> Result<Auth, String> {
    Ok(match text {
        "md5" => Auth::Md5,
        "sha-1" => Auth::Sha1,
        "sha-224" => Auth::Sha224,
        "sha-256" => Auth::Sha256,
        "sha-384" => Auth::Sha384,
        "sha-512" => Auth::Sha512,
        _ => return Err("expected md5, sha-1, sha-224, sha-256, sha-384 or sha-512".to_owned()),
    })
}

fn privacy(text: &str) -> Result<Privacy, String> {
    Ok(match text {
        "des" => Privacy::Des,
        "aes-128" => Privacy::Aes128,
        "aes-192" => Privacy::Aes192,
        "aes-256" => Privacy::Aes256,
        "aes-192-cisco" => Privacy::Aes192Cisco,
        "aes-256-cisco" => Privacy::Aes256Cisco,
        _ => return Err("expected des, aes-128, aes-192, aes-256, aes-192-cisco or aes-256-cisco".to_owned()),
    })
}
