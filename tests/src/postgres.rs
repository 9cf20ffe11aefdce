//! A real PostgreSQL server of a test's own, for the lock between two controllers; killed when dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::process::{Keeper, Running, installed};

/// How long the server may take to take connections.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where Debian and Ubuntu keep the server's programs, one folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The server refuses to run as root.
const NOT_ROOT: &str = "nobody";
/// The database's user; no password on the loopback of a test.
const USER: &str = "hirake";

/// A server at work.
#[derive(Debug)]
pub struct Postgres {
    address: SocketAddr,
    data: PathBuf,
    log: PathBuf,
    running: Option<Running>,
    /// Kept to the end: the directory goes last.
    _temp: tempfile::TempDir,
}

impl Postgres {
    /// Makes a new database and starts its server; what it says goes to `postgres.log` in `dir`.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub fn start(keeper: &Keeper, dir: &Path) -> Result<Self> {
        // A directory of its own, which whoever the server runs as can reach.
        let temp = tempfile::Builder::new().prefix("hirake-postgres-").tempdir()?;
        if geteuid().is_root() {
            run(Command::new("chown").arg(NOT_ROOT).arg(temp.path()))?;
        }
        let data = temp.path().join("data");
        let (user, auth) = (format!("--username={USER}"), "--auth=trust");
        run(as_somebody("initdb")?
            .args([&user, auth, "--no-sync", "--encoding=UTF8", "--no-locale", "-D"])
            .arg(&data))?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut postgres = Self { address, data, log: dir.join("log/postgres.log"), running: None, _temp: temp };
        postgres.come_back(keeper)?;
        Ok(postgres)
    }

    /// Where it is, as a controller's `lock-url-file` says it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{USER}@{}/postgres", self.address)
    }

    /// Starts it again after it was killed.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub fn come_back(&mut self, keeper: &Keeper) -> Result<()> {
        let mut command = as_somebody("postgres")?;
        command.arg("-D").arg(&self.data).args(["-p", &self.address.port().to_string(), "-k", ""]).args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
            "-c",
            "shared_buffers=1MB",
            "-c",
            "max_connections=10",
        ]);
        let mut running = keeper.spawn(command, &self.log)?;
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).is_err() {
            let alive = running.ended().is_none() && Instant::now() < until;
            ensure!(alive, "postgres does not listen on {}: {}", self.address, running.last_words(10));
            std::thread::sleep(Duration::from_millis(50));
        }
        self.running = Some(running);
        Ok(())
    }

    /// SIGSTOP to the server and to every session of it: there, and deaf.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT to all of them.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGKILL to the server and its sessions.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.running = None;
    }

    fn signal(&self, signal: Signal) {
        let Some(running) = &self.running else { return };
        let server = i32::try_from(running.id()).unwrap_or_default();
        for pid in children(server).into_iter().chain([server]) {
            if let Some(pid) = Pid::from_raw(pid) {
                let _already_gone = kill_process(pid, signal);
            }
        }
    }
}

/// The processes whose parent is `parent` (proc(5): the fourth word of `stat`, behind the name in brackets).
fn children(parent: i32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok()) == Some(parent)
    };
    numbers.filter(is_child).collect()
}

/// One of PostgreSQL's programs, run as somebody who is not root.
fn as_somebody(name: &str) -> Result<Command> {
    let program = program(name).with_context(|| {
        format!("{name} of PostgreSQL is neither in PATH nor below {DEBIAN}: apt-get install postgresql")
    })?;
    if !geteuid().is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOT_ROOT, "--regid", "nogroup", "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    Ok(command)
}

fn program(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<_> = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|it| it.path()).collect();
    versions.sort();
    installed(name).or_else(|| versions.into_iter().rev().map(|it| it.join("bin").join(name)).find(|it| it.is_file()))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?} does not start"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
