//! The far ear: lets a radio listen with `iw`, and tells what it heard of `00000JAPAN` and its look-alikes.
//!
//! A program of its own, started for each scan and gone after it: with a time limit, an end to what it may say, and
//! nothing of ours in its hands. Performs what it is asked, one scan at a time; decides nothing.

pub mod iw;

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use firmware_config::wire::Heard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::mpsc;

use crate::core::Event;
use crate::core::listen::{Deaf, Scan};
use iw::Reader;

/// A scan of four channels takes half a second, a second on a busy box; what is not over by then will not be.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Most that is read of one scan: a thousand networks of 2.5 kB each, and some room. It is not kept, only read through.
const SAID_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most that is kept of its complaints.
const EXCUSE_MAX_BYTES: usize = 4096;
/// How long a stop of the agent may wait for one that listens.
const STOP_WITHIN: Duration = Duration::from_millis(100);

/// Serves `scans` with `program` and tells `events` until nobody listens any more.
pub async fn run(program: PathBuf, mut scans: mpsc::Receiver<Scan>, events: mpsc::Sender<Event>) {
    let stop = StopOnDrop(Arc::default());
    while let Some(scan) = scans.recv().await {
        let (program, stopped) = (program.clone(), Arc::clone(&stop.0));
        let outcome = tokio::task::spawn_blocking(move || listen(&program, &scan, &stopped)).await;
        let outcome = outcome.unwrap_or_else(|error| Err(Deaf::Failed(error.to_string())));
        if events.send(Event::Listened(outcome)).await.is_err() {
            return;
        }
    }
}

/// The agent does not end before its threads do.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One scan. `passive`: the radio sends nothing. `ap-force`: although it beacons.
fn listen(program: &Path, scan: &Scan, stopped: &AtomicBool) -> Result<Vec<Heard>, Deaf> {
    let missing = |error: io::Error| Deaf::NoProgram(format!("{}: {error}", program.display()));
    let child = Command::new(program)
        .args(["dev", &scan.interface, "scan", "freq"])
        .args(scan.mhz.iter().map(u32::to_string))
        .args(["ap-force", "passive"])
        .env_clear()
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(missing)?;
    let mut child = KillOnDrop(child);
    let until = Instant::now() + TIME_LIMIT;
    let heard = hear(&mut child.0, until, stopped).map_err(|error| Deaf::Failed(error.to_string()))?;
    let Some(Said { reader, excuse, whole }) = heard else { return Err(Deaf::Timeout) };
    if !whole {
        return reader.finish();
    }
    loop {
        match child.0.try_wait() {
            Ok(Some(status)) if status.success() => return reader.finish(),
            Ok(Some(_)) => return Err(iw::excuse(&excuse)),
            Ok(None) if over(until, stopped) => return Err(Deaf::Timeout),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(Deaf::Failed(error.to_string())),
        }
    }
}

fn over(until: Instant, stopped: &AtomicBool) -> bool {
    Instant::now() >= until || stopped.load(Ordering::Relaxed)
}

/// What it said.
#[derive(Debug, Default)]
struct Said {
    reader: Reader,
    excuse: Vec<u8>,
    /// Whether it came to its end before [`SAID_MAX_BYTES`].
    whole: bool,
}

/// Reads all it says, both ways, to the end; none where that does not come in time.
fn hear(child: &mut Child, until: Instant, stopped: &AtomicBool) -> io::Result<Option<Said>> {
    let Said { mut reader, mut excuse, .. } = Said::default();
    let (mut said, mut complained) = (child.stdout.take(), child.stderr.take());
    let mut left = SAID_MAX_BYTES;
    let mut buffer = [0; 4096];
    let step = Timespec::try_from(STOP_WITHIN).map_err(io::Error::other)?;
    while said.is_some() || complained.is_some() {
        if over(until, stopped) {
            return Ok(None);
        }
        let readable = {
            let mut ends: Vec<PollFd<'_>> = Vec::with_capacity(2);
            ends.extend(said.as_ref().map(|end| PollFd::new(end, PollFlags::IN)));
            ends.extend(complained.as_ref().map(|end| PollFd::new(end, PollFlags::IN)));
            match poll(&mut ends, Some(&step)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let mut readable = ends.iter().map(|end| !end.revents().is_empty());
            let first = said.is_some() && readable.next() == Some(true);
            (first, complained.is_some() && readable.next() == Some(true))
        };
        if let (true, Some(end)) = (readable.0, &mut said) {
            match end.read(&mut buffer)? {
                0 => said = None,
                // Enough: what was read so far counts.
                length if length > left => return Ok(Some(Said { reader, excuse, whole: false })),
                length => {
                    left -= length;
                    reader.feed(&buffer[..length]);
                }
            }
        }
        if let (true, Some(end)) = (readable.1, &mut complained) {
            let length = end.read(&mut buffer)?;
            if length == 0 {
                complained = None;
            }
            excuse.extend_from_slice(&buffer[..length.min(EXCUSE_MAX_BYTES - excuse.len())]);
        }
    }
    Ok(Some(Said { reader, excuse, whole: true }))
}

/// Whatever happens, it does not outlive its scan, nor does anything it started.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            // Where it has ended meanwhile there is nothing to do.
            let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
            let _ = self.0.wait();
        }
    }
}

#[cfg(test)]
mod tests;
