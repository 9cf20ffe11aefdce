//! A broker outside: the real mosquitto, remembering nothing across a restart.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::write_secret;
use crate::process::{Keeper, Running, installed};

/// How long mosquitto may take to listen.
const PATIENCE: Duration = Duration::from_secs(15);

/// A mosquitto at work; killed when dropped.
#[derive(Debug)]
pub struct Mosquitto {
    config: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    running: Option<Running>,
}

impl Mosquitto {
    /// Writes its configuration into `dir` and starts it on `ip`.
    ///
    /// # Errors
    /// It is not installed, or does not listen.
    pub fn start(keeper: &Keeper, dir: &Path, ip: IpAddr) -> Result<Self> {
        let address = TcpListener::bind((ip, 0))?.local_addr()?;
        let config = dir.join("mosquitto.conf");
        // QoS 1 to a thousand agents at once must not be cut short by mosquitto's default queue of 1,000.
        std::fs::write(
            &config,
            format!(
                "listener {} {}\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n",
                address.port(),
                address.ip()
            ),
        )?;
        let mut mosquitto = Self { config, log: dir.join("mosquitto.log"), address, running: None };
        mosquitto.come_back(keeper)?;
        Ok(mosquitto)
    }

    /// Starts it again as `docs/broker.md` sets it up: nobody comes in but with the password of his line in `passwords`.
    ///
    /// # Errors
    /// It is not installed or does not listen, or the page has no such blocks.
    pub fn guard(&mut self, keeper: &Keeper, passwords: &str) -> Result<()> {
        const PAGE: &str = include_str!("../../docs/broker.md");
        let block = |begin: &str| -> Result<&str> {
            let (_, rest) = PAGE.split_once(&format!("```\n# {begin}")).with_context(|| format!("no block {begin}"))?;
            Ok(rest.split_once("```").context("a block has an end")?.0)
        };
        self.kill();
        let dir = self.config.parent().context("a file stands in a folder")?.to_owned();
        let (acl, users) = (dir.join("mosquitto.acl"), dir.join("mosquitto.passwd"));
        std::fs::write(&acl, format!("# {}", block("/etc/mosquitto/hirake.acl")?))?;
        write_secret(&users, passwords)?;
        let program = installed("mosquitto_passwd").context("mosquitto_passwd comes with mosquitto")?;
        ensure!(Command::new(program).arg("-U").arg(&users).status()?.success(), "mosquitto_passwd -U");
        let text = block("/etc/mosquitto/conf.d/hirake.conf")?
            .replace("listener 1883", &format!("listener {} {}", self.address.port(), self.address.ip()))
            .replace("/etc/mosquitto/hirake.acl", &acl.display().to_string())
            .replace("/etc/mosquitto/hirake.passwd", &users.display().to_string());
        // Where root runs the tests it would become a user who may not read their files.
        std::fs::write(&self.config, format!("# {text}user root\n"))?;
        self.come_back(keeper)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL: everything it remembered is gone.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// The program, while there is one.
    #[must_use]
    pub fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    /// Starts it again, at the same address, knowing nothing.
    ///
    /// # Errors
    /// It is not installed, or does not listen.
    pub fn come_back(&mut self, keeper: &Keeper) -> Result<()> {
        let program = installed("mosquitto").context("mosquitto is not installed: apt-get install mosquitto")?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&self.config);
        let mut running = keeper.spawn(command, &self.log)?;
        let until = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(self.address).is_err() {
            let alive = running.ended().is_none() && Instant::now() < until;
            ensure!(alive, "mosquitto does not listen on {}: {}", self.address, running.last_words(5));
            std::thread::sleep(Duration::from_millis(20));
        }
        self.running = Some(running);
        Ok(())
    }
}

/// An address of this machine that nobody listens on at the moment.
///
/// # Errors
/// No port is free.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
