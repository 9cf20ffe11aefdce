//! A second controller beside the one on the bench: its own key, store and dashboard, the same broker and signing key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::sleep;

use crate::bench::Bench;
use crate::broker::free_address;
use crate::http;
use crate::panel::{Panel, Turn};
use crate::process::{Running, product};

/// The name of the controller on the bench, where it is one of two.
pub const FIRST: &str = "yakuba";
/// The name of the other one.
pub const SECOND: &str = "kouminkan";

/// How often a waiting test looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long it may take from its start to its first answer.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// `[standby]` for `controller.toml`; `lock`: the file with the database's address.
#[must_use]
pub fn standby_toml(id: &str, rank: u8, lock: Option<&Path>) -> String {
    let lock = lock.map(|file| format!("lock-url-file = \"{}\"\n", file.display())).unwrap_or_default();
    format!("\n[standby]\nid = \"{id}\"\nrank = {rank}\n{lock}")
}

/// The second controller; killed when dropped.
#[derive(Debug)]
pub struct Second {
    dir: PathBuf,
    /// Its key.
    pub panel: Panel,
    http: SocketAddr,
    running: Option<Running>,
}

impl Second {
    /// Writes its files beside those of the bench, whose controller made the signing key, and starts it. `standby` is its
    /// [`standby_toml`].
    ///
    /// # Errors
    /// The bench's file is of another form, or it does not start.
    pub async fn start(bench: &Bench, standby: &str) -> Result<Self> {
        let dir = bench.dir().join("second");
        std::fs::create_dir_all(&dir)?;
        let first = std::fs::read_to_string(bench.dir().join("controller.toml"))?;
        let (first, _) = first.split_once("\n[standby]").context("a bench whose controller is one of two")?;
        let http = free_address()?;
        let own = |name: &str| dir.join(name).display().to_string();
        let theirs = |name: &str| bench.dir().join(name).display().to_string();
        let mut text = first.replace(&bench.http().to_string(), &http.to_string());
        for name in ["panel.sock", "store.sqlite"] {
            ensure!(text.contains(&theirs(name)), "no {name} in the bench's controller.toml");
            text = text.replace(&theirs(name), &own(name));
        }
        std::fs::write(dir.join("controller.toml"), text + standby)?;
        let panel = Panel::start(&dir.join("panel.sock"), Turn::Normal).context("the second key panel")?;
        let mut second = Self { dir, panel, http, running: None };
        second.come_back(bench).await?;
        Ok(second)
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// It ends at once, or does not answer in time.
    pub async fn come_back(&mut self, bench: &Bench) -> Result<()> {
        let mut command = Command::new(product("hirake")?);
        command.arg("serve").arg("--config").arg(self.dir.join("controller.toml")).current_dir(&self.dir);
        let mut running = bench.keeper().spawn(command, &bench.dir().join("log/second.log"))?;
        let until = Instant::now() + START_PATIENCE;
        while self.town().await.is_err() {
            ensure!(running.ended().is_none(), "the second controller ended:\n{}", running.last_words(20));
            ensure!(Instant::now() < until, "the second controller does not answer:\n{}", running.last_words(20));
            sleep(LOOK_EVERY).await;
        }
        self.running = Some(running);
        Ok(())
    }

    /// Where its dashboard and `/api/v1` answer.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// The program, while there is one.
    #[must_use]
    pub fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// What it says of the town now.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn town(&self) -> Result<Value> {
        http::get_json(self.http, "/api/v1/town").await
    }

    /// The newest entries of its record, newest first.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn record(&self) -> Result<Value> {
        Ok(http::get_json(self.http, "/api/v1/record?limit=1000").await?["entries"].take())
    }

    /// Waits until it says of the town what `holds` looks for; returns what it said.
    ///
    /// # Errors
    /// Not within `patience`; the error has what was said last.
    pub async fn until(&self, what: &str, patience: Duration, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + patience;
        loop {
            let town = self.town().await;
            let words = || self.running.as_ref().map(|running| running.last_words(15)).unwrap_or_default();
            match &town {
                Ok(town) if holds(town) => return Ok(town.clone()),
                _ if Instant::now() < deadline => sleep(LOOK_EVERY).await,
                Ok(town) => bail!(
                    "the second controller, not within {patience:?}: {what}\nmode {} order {} controller {} totals {}\n{}",
                    town["mode"],
                    town["order"],
                    town["controller"],
                    town["totals"],
                    words()
                ),
                Err(error) => bail!("the second controller, not within {patience:?}: {what}: {error:#}\n{}", words()),
            }
        }
    }
}
