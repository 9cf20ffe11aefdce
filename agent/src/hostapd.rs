//! The hands and the ear: asks hostapd through its global control socket, and hears what it tells by itself.
//!
//! Two sockets, so that an answer is never mistaken for an event. After a time-out the asking socket is thrown away: a
//! late answer arrives nowhere. Performs what it is asked, in order, one at a time; decides nothing.

pub mod marks;
pub mod parse;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use firmware_config::ssid::UNIFIED_SSID;

use crate::bridge_port;
use crate::core::air::Air;
use crate::core::radios::{Answer, Radio, Verb};
use crate::core::{Event, Heard};
use crate::log::Log;
use marks::Marks;

/// hostapd answers within milliseconds; what is still unanswered after this may have been done all the same.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between tries to reach a hostapd that is not there: one failing system call each.
const REACH_EVERY: Duration = Duration::from_millis(250);
/// Between signs of life: a hostapd that was killed says nothing by itself.
const PING_EVERY: Duration = Duration::from_secs(1);
/// hostapd 2.10 answers with at most 4,096 bytes; later ones with 8,192.
const DATAGRAM_MAX_BYTES: usize = 16 * 1024;
/// Stations listed at one network: as many as can be associated (IEEE 802.11: AIDs 1 to 2007), so that a hostapd that
/// never comes to an end holds nobody up.
const STATIONS_MAX: usize = 2007;
/// Tries to come to the end of a list: whoever leaves at the wrong moment cuts it off.
const LISTINGS_MAX: usize = 3;
/// Start of the names of our own sockets; the process's number follows.
const NAME: &str = "hirake-agent";

/// What is asked of hostapd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Put a prepared network on the air.
    Add {
        /// Which.
        index: usize,
        /// What it is.
        radio: Radio,
    },
    /// Take it off the air.
    Remove {
        /// Which.
        index: usize,
        /// Its interface.
        interface: String,
    },
    /// Say what is on the air.
    Look,
}

/// Why hostapd could not be asked.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("{path}: {source}")]
    Gone { path: String, source: io::Error },
    #[error("no answer to {0} within {ANSWER_TIMEOUT:?}")]
    Silent(&'static str),
    #[error("{0}")]
    Nonsense(#[from] parse::ParseError),
}

/// One of our own sockets; its file goes with it.
#[derive(Debug)]
struct Socket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Nobody can act on a failure here; the next start sweeps up.
        let _ = fs::remove_file(&self.path);
    }
}

/// The way to one hostapd.
#[derive(Debug)]
pub struct Hostapd {
    global: PathBuf,
    own_dir: PathBuf,
    nonce: String,
    sockets_made: u64,
    marks: Marks,
    log: Log,
    /// The last failure to isolate a bridge's port: told once, not with every look.
    not_isolated: Option<String>,
}

impl Hostapd {
    /// `global`: hostapd's socket. `own_dir`: where to bind ours. `nonce`: tells agents in one process apart.
    /// `marks`: what becomes of a device's address.
    #[must_use]
    pub fn new(global: PathBuf, own_dir: PathBuf, nonce: String, marks: Marks, log: Log) -> Self {
        Self { global, own_dir, nonce, sockets_made: 0, marks, log, not_isolated: None }
    }

    /// Serves `commands` and tells `events` until nobody listens any more.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>, events: mpsc::Sender<Event>) {
        sweep(&self.own_dir);
        let mut last_why = None;
        loop {
            let (asking, hearing) = match self.reach().await {
                Ok(sockets) => sockets,
                Err(error) => {
                    let why = error.to_string();
                    if last_why.as_ref() != Some(&why) {
                        last_why = Some(why.clone());
                        if events.send(Event::HostapdDown { why }).await.is_err() {
                            return;
                        }
                    }
                    sleep(REACH_EVERY).await;
                    continue;
                }
            };
            // What was asked of the hostapd before this one is not asked of this one.
            while commands.try_recv().is_ok() {}
            if events.send(Event::HostapdUp).await.is_err() {
                return;
            }
            match self.serve(asking, hearing, &mut commands, &events).await {
                Some(error) => {
                    let why = error.to_string();
                    last_why = Some(why.clone());
                    if events.send(Event::HostapdDown { why }).await.is_err() {
                        return;
                    }
                }
                None => return,
            }
        }
    }

    fn socket(&mut self) -> Result<Socket, AskError> {
        self.sockets_made += 1;
        let name = format!("{NAME}-{}-{}-{}", std::process::id(), self.nonce, self.sockets_made);
        let path = self.own_dir.join(name);
        let own = |source| AskError::Gone { path: path.display().to_string(), source };
        let socket = Socket { socket: UnixDatagram::bind(&path).map_err(own)?, path: path.clone() };
        // hostapd may run as another user and must be able to answer. Connected, the socket hears nobody else.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).map_err(own)?;
        socket.socket.connect(&self.global).map_err(|source| self.gone(source))?;
        Ok(socket)
    }

    fn gone(&self, source: io::Error) -> AskError {
        AskError::Gone { path: self.global.display().to_string(), source }
    }

    async fn reach(&mut self) -> Result<(Socket, Socket), AskError> {
        let asking = self.socket()?;
        let answer = self.ask(&asking, "PING", "PING").await?;
        if !parse::is_pong(&answer) {
            let found = parse::shown(&answer);
            return Err(parse::ParseError::Nonsense { asked: "PING", expected: "PONG", found }.into());
        }
        let hearing = self.socket()?;
        let answer = self.ask(&hearing, "ATTACH", "ATTACH").await?;
        if !parse::is_ok(&answer) {
            return Err(parse::ParseError::Refused { asked: "ATTACH", said: parse::shown(&answer) }.into());
        }
        Ok((asking, hearing))
    }

    /// Returns why hostapd is gone; none when nobody listens any more.
    async fn serve(
        &mut self,
        mut asking: Socket,
        hearing: Socket,
        commands: &mut mpsc::Receiver<Command>,
        events: &mpsc::Sender<Event>,
    ) -> Option<AskError> {
        let mut buffer = vec![0; DATAGRAM_MAX_BYTES];
        self.marks.was_deaf();
        let mut ping_at = Instant::now() + PING_EVERY;
        loop {
            // Cancel-safe: receiving from a channel or a datagram socket loses nothing when another branch wins.
            let outcome = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => match self.perform(&mut asking, command).await {
                        Ok(event) => events.send(event).await,
                        Err(error) => return Some(error),
                    },
                    None => return None,
                },
                heard = hearing.socket.recv(&mut buffer) => match heard {
                    Ok(length) => match parse::event(&buffer[..length]) {
                        Some(heard) => {
                            if self.meet(&heard, &buffer[..length], events).await.is_err() {
                                return None;
                            }
                            events.send(Event::Heard(heard)).await
                        }
                        None => Ok(()),
                    },
                    Err(source) => return Some(self.gone(source)),
                },
                () = self.marks.others_are_covered() => Ok(()),
                () = tokio::time::sleep_until(ping_at) => match self.ask(&asking, "PING", "PING").await {
                    Ok(_) => Ok(()),
                    Err(error) => return Some(error),
                },
            };
            if outcome.is_err() {
                return None;
            }
            match self.meet_those_present(&asking, events).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(error),
            }
            ping_at = Instant::now() + PING_EVERY;
        }
    }

    /// Tells the marks of a device that came to `00000JAPAN`. Its address goes no further than this.
    async fn meet(
        &mut self,
        heard: &Heard,
        line: &[u8],
        events: &mpsc::Sender<Event>,
    ) -> Result<(), mpsc::error::SendError<Event>> {
        if let (Heard::Joined { interface }, Some(address)) = (heard, parse::station(line)) {
            for (period, mark) in self.marks.of(interface, address) {
                events.send(Event::Met { period, mark }).await?;
            }
        }
        Ok(())
    }

    /// Tells the marks of the devices on `00000JAPAN` that nobody told of: hostapd speaks of who comes, not of who is
    /// there. False when nobody listens any more.
    async fn meet_those_present(&mut self, asking: &Socket, events: &mpsc::Sender<Event>) -> Result<bool, AskError> {
        for interface in self.marks.unlisted() {
            let first = format!("IFNAME={interface} STA-FIRST");
            let (mut question, mut listings) = (first.clone(), 1);
            for _ in 0..STATIONS_MAX {
                let answer = self.ask(asking, "STA-FIRST or STA-NEXT", &question).await?;
                let Some((address, authorized)) = parse::listed(&answer) else {
                    // The list ends with nothing. Anything else is said of one who was there a moment ago.
                    if answer.trim_ascii().is_empty() || listings == LISTINGS_MAX {
                        break;
                    }
                    (question, listings) = (first.clone(), listings + 1);
                    continue;
                };
                let marks = if authorized { self.marks.of(&interface, address) } else { Vec::new() };
                for (period, mark) in marks {
                    if events.send(Event::Met { period, mark }).await.is_err() {
                        return Ok(false);
                    }
                }
                let [a, b, c, d, e, f] = address;
                question = format!("IFNAME={interface} STA-NEXT {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
            }
        }
        Ok(true)
    }

    async fn perform(&mut self, asking: &mut Socket, command: Command) -> Result<Event, AskError> {
        let mut added = None;
        let (index, verb, line) = match command {
            Command::Look => {
                return match self.look(asking).await {
                    Ok(air) => {
                        // Also what somebody else added, or an agent that was killed before it came to this.
                        let open = || air.seen.iter().filter(|seen| seen.network.ssid == UNIFIED_SSID);
                        open().for_each(|seen| self.isolate(&seen.network.interface));
                        self.marks.only_open(open().map(|seen| seen.network.interface.clone()));
                        Ok(Event::Looked(Ok(air)))
                    }
                    Err(AskError::Nonsense(why)) => Ok(Event::Looked(Err(why.to_string()))),
                    Err(error) => Err(error),
                };
            }
            Command::Add { index, radio } => {
                let line = format!("ADD bss_config={}:{}", radio.phy, radio.config);
                added = Some(radio.interface);
                (index, Verb::Add, line)
            }
            Command::Remove { index, interface } => (index, Verb::Remove, format!("REMOVE {interface}")),
        };
        let answer = match self.ask(asking, "ADD or REMOVE", &line).await {
            Ok(answer) if parse::is_ok(&answer) => Answer::Ok,
            Ok(answer) => Answer::Fail(parse::shown(&answer)),
            Err(AskError::Silent(_)) => {
                *asking = self.socket()?;
                Answer::Timeout
            }
            Err(error) => return Err(error),
        };
        if let (Some(interface), Answer::Ok) = (added, &answer) {
            self.isolate(&interface);
            // Whoever comes before the next look is counted too.
            self.marks.opened(interface);
        }
        Ok(Event::Answered { index, verb, answer })
    }

    /// A failure is told and holds nothing back: an open network with a gap is better than none in a disaster.
    fn isolate(&mut self, interface: &str) {
        let failure = bridge_port::isolate(interface).err().map(|error| format!("{interface}: {error}"));
        if failure.is_some() && failure != self.not_isolated {
            let why = failure.as_deref().unwrap_or_default();
            self.log.line(format_args!("devices on two radios are not kept apart why={why:?}"));
        }
        self.not_isolated = failure;
    }

    async fn look(&self, asking: &Socket) -> Result<Air, AskError> {
        let mut air = Air::default();
        for interface in parse::interfaces(&self.ask(asking, "INTERFACES", "INTERFACES").await?)? {
            // One radio's answer tells of every network on it.
            if air.seen.iter().any(|seen| seen.network.interface == interface) {
                continue;
            }
            let answer = self.ask(asking, "STATUS", &format!("IFNAME={interface} STATUS")).await?;
            if parse::is_no_such_interface(&answer) {
                continue;
            }
            for seen in parse::status(&answer)? {
                if !air.seen.iter().any(|known| known.network.interface == seen.network.interface) {
                    air.seen.push(seen);
                }
            }
        }
        Ok(air)
    }

    async fn ask(&self, asking: &Socket, word: &'static str, line: &str) -> Result<Vec<u8>, AskError> {
        let mut buffer = vec![0; DATAGRAM_MAX_BYTES];
        let exchange = async {
            asking.socket.send(line.as_bytes()).await?;
            loop {
                let Ok(received) = timeout(PING_EVERY, asking.socket.recv(&mut buffer)).await else {
                    // A hostapd that was killed meanwhile will never answer: only sending tells.
                    match asking.socket.try_send(b"PING") {
                        Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                        _ => continue,
                    }
                };
                let length = received?;
                let answer = &buffer[..length];
                if !parse::is_unasked(answer) && (line == "PING" || !parse::is_pong(answer)) {
                    return io::Result::Ok(length);
                }
            }
        };
        match timeout(ANSWER_TIMEOUT, exchange).await {
            Ok(Ok(length)) => {
                buffer.truncate(length);
                Ok(buffer)
            }
            Ok(Err(source)) => Err(self.gone(source)),
            Err(_) => Err(AskError::Silent(word)),
        }
    }
}

/// Removes sockets that agents which were killed left behind.
fn sweep(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(NAME)?.strip_prefix('-')?.split('-').next());
        let Some(owner) = owner.filter(|pid| pid.bytes().all(|b| b.is_ascii_digit())) else { continue };
        if !Path::new("/proc").join(owner).exists() && Path::new("/proc/self").exists() {
            // A socket that stays behind harms nothing; whoever owns it may not let us.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sockets_of_processes_that_are_gone_are_swept() {
        let dir = tempfile::tempdir().expect("a directory");
        // No process has this number: Linux gives out at most 4,194,304.
        let stale = dir.path().join("hirake-agent-4999999-ab-1");
        let own = dir.path().join(format!("hirake-agent-{}-ab-1", std::process::id()));
        let other = dir.path().join("hirake-agent-x-1");
        for path in [&stale, &own, &other] {
            fs::write(path, "").expect("written");
        }
        sweep(dir.path());
        assert!(!stale.exists());
        assert!(own.exists() && other.exists());
    }
}
