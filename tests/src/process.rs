//! Real programs as child processes, none of which outlives the process that started them.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, kill_process_group, setrlimit};

/// How long a program has to end after SIGTERM before it is killed.
const TERM_PATIENCE: Duration = Duration::from_secs(5);

/// Lets this process hold as many files and sockets as the system allows it; often only 1,024 before.
///
/// # Errors
/// The system does not let it.
pub fn allow_many_files() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of open files")
}

/// Holds a process group that dies with us, even when we are killed with no time to clean up.
///
/// Its one member of its own waits on a pipe; the kernel closes the pipe when we are gone, and the member then kills
/// its group. (The usual `PR_SET_PDEATHSIG` would need `unsafe`.)
#[derive(Debug)]
pub struct Keeper {
    child: Child,
}

impl Keeper {
    /// Starts the group.
    ///
    /// # Errors
    /// There is no `sh`.
    pub fn start() -> Result<Self> {
        let child = Command::new("sh")
            .args(["-c", "trap '' TERM INT HUP; read -r _; kill -KILL 0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("sh does not start")?;
        Ok(Self { child })
    }

    /// Starts `command` in the group; what it says goes to the end of `log`.
    ///
    /// # Errors
    /// It does not start, or the log cannot be written.
    pub fn spawn(&self, mut command: Command, log: &Path) -> Result<Running> {
        let file = File::options().create(true).append(true).open(log).with_context(|| log.display().to_string())?;
        let program = command.get_program().to_string_lossy().into_owned();
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(i32::try_from(self.child.id()).context("a process number is positive")?);
        let child = command.spawn().with_context(|| format!("{program} does not start"))?;
        Ok(Running { child, program, log: log.to_owned() })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(group) = pid(&self.child) {
            let _already_gone = kill_process_group(group, Signal::KILL);
        }
        let _reaped = self.child.wait();
    }
}

/// A program at work; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    program: String,
    log: PathBuf,
}

impl Running {
    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.end(Signal::KILL);
    }

    /// Asks it to end (SIGTERM), without waiting.
    pub fn ask_to_end(&self) {
        if let Some(pid) = pid(&self.child) {
            let _already_gone = kill_process(pid, Signal::TERM);
        }
    }

    /// SIGTERM, and waits; it is an error if it does not end by itself.
    ///
    /// # Errors
    /// It had to be killed.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.ask_to_end();
        let until = Instant::now() + TERM_PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("{} did not end within {TERM_PATIENCE:?} of SIGTERM", self.program)
    }

    /// Stops it in its tracks (SIGSTOP): there, and deaf. `go_on` wakes it.
    pub fn freeze(&self) {
        if let Some(pid) = pid(&self.child) {
            let _already_gone = kill_process(pid, Signal::STOP);
        }
    }

    /// SIGCONT.
    pub fn go_on(&self) {
        if let Some(pid) = pid(&self.child) {
            let _already_gone = kill_process(pid, Signal::CONT);
        }
    }

    /// Its process number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last `lines` lines it said.
    #[must_use]
    pub fn last_words(&self, lines: usize) -> String {
        last_lines(&self.log, lines)
    }

    fn end(&mut self, signal: Signal) {
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), pid(&self.child)) {
            let _already_gone = kill_process(pid, signal);
        }
        let _reaped = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(Signal::KILL);
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// The last `lines` lines of a file; empty where there is none.
#[must_use]
pub fn last_lines(file: &Path, lines: usize) -> String {
    let text = std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// One of this project's programs, as cargo built it beside the program that asks.
///
/// # Errors
/// It is not there: `cargo build --workspace` makes it.
pub fn product(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    // target/debug/town, or target/debug/deps/key_turn-0123456789abcdef.
    let found = here.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|file| file.is_file());
    found.with_context(|| {
        format!("no program \"{name}\" beside {}; make it with: cargo build --workspace", here.display())
    })
}

/// A program of this machine; none, if it is not installed.
#[must_use]
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps daemons out of an ordinary user's PATH.
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A child of a killed parent must not live on. The parent here is a shell-less keeper that we drop.
    #[test]
    fn nothing_outlives_its_keeper() {
        let dir = tempfile::tempdir().expect("a directory");
        let keeper = Keeper::start().expect("started");
        let mut sleeper = Command::new("sleep");
        sleeper.arg("600");
        let mut running = keeper.spawn(sleeper, &dir.path().join("log")).expect("started");
        assert!(running.ended().is_none());
        drop(keeper);
        assert!(!running.child.wait().expect("reaped").success());
    }
}
