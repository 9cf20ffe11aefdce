//! The hands and the ear: asks hostapd through its global control socket, and hears what it tells by itself.
//!
//! Two sockets, so that an answer is never mistaken for an event. After a time-out the asking socket is thrown away: a
//! late answer arrives nowhere. Performs what it is asked, in order, one at a time; decides nothing.

mod listing;
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
use listing::Listing;
use marks::Marks;

/// hostapd answers within milliseconds; what is still unanswered after this may have been done all the same.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between tries to reach a hostapd that is not there: one failing system call each.
const REACH_EVERY: Duration = Duration::from_millis(250);
/// Between signs of life: a hostapd that was killed says nothing by itself.
const PING_EVERY: Duration = Duration::from_secs(1);
/// hostapd 2.10 answers with at most 4,096 bytes; later ones with 8,192.
const DATAGRAM_MAX_BYTES: usize = 16 * 1024;
/// So many datagrams unheard say that we were held up for long. A socket that is connected to hostapd has no limit of its
/// own (`net.unix.max_dgram_qlen` is for strangers), but what lies there fills hostapd's send buffer: 212,992 B, of which
/// a line takes 768, are 277 of them. hostapd does not wait: what it tells then is lost, and after more than ten losses
/// in a row it tells that listener nothing any more.
const HELD_UP: usize = 100;
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
        Ok((asking, self.attached().await?))
    }

    /// A socket that hears what hostapd tells by itself.
    async fn attached(&mut self) -> Result<Socket, AskError> {
        let hearing = self.socket()?;
        let answer = self.ask(&hearing, "ATTACH", "ATTACH").await?;
        if !parse::is_ok(&answer) {
            return Err(parse::ParseError::Refused { asked: "ATTACH", said: parse::shown(&answer) }.into());
        }
        self.marks.was_deaf();
        Ok(hearing)
    }

    /// Returns why hostapd is gone; none when nobody listens any more.
    async fn serve(
        &mut self,
        mut asking: Socket,
        mut hearing: Socket,
        commands: &mut mpsc::Receiver<Command>,
        events: &mpsc::Sender<Event>,
    ) -> Option<AskError> {
        let mut buffer = vec![0; DATAGRAM_MAX_BYTES];
        let mut ping_at = Instant::now() + PING_EVERY;
        let mut listing = Listing::default();
        loop {
            let mut ask_next = false;
            // Cancel-safe: receiving from a channel or a datagram socket loses nothing when another branch wins.
            // In this order: what is to open or close waits for no list, and nothing hostapd tells is left lying.
            let outcome = tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => match self.perform(&mut asking, command).await {
                        Ok(event) => events.send(event).await,
                        Err(error) => return Some(error),
                    },
                    None => return None,
                },
                heard = hearing.socket.recv(&mut buffer) => match heard {
                    Ok(length) => match self.hear(&hearing, &mut buffer, length, events).await {
                        Ok(told) if told < HELD_UP => Ok(()),
                        // Whether hostapd still tells us anything is not to be seen from here. Who is attached anew is
                        // told.
                        Ok(_) => match self.attached().await {
                            Ok(anew) => {
                                hearing = anew;
                                Ok(())
                            }
                            Err(error) => return Some(error),
                        },
                        Err(error) => Err(error),
                    },
                    Err(source) => return Some(self.gone(source)),
                },
                () = std::future::ready(()), if listing.question.is_some() => {
                    ask_next = true;
                    Ok(())
                }
                () = self.marks.others_are_covered() => Ok(()),
                () = tokio::time::sleep_until(ping_at) => match self.ask(&asking, "PING", "PING").await {
                    Ok(_) => Ok(()),
                    Err(error) => return Some(error),
                },
            };
            if outcome.is_err() {
                return None;
            }
            listing.add(self.marks.unlisted());
            if ask_next {
                match self.ask_for_one(&mut listing, &asking, events).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return None,
                    Err(error) => return Some(error),
                }
            }
            ping_at = Instant::now() + PING_EVERY;
        }
    }

    /// Tells everything that lies in the queue, the first datagram being in `buffer` already; how many they were.
    async fn hear(
        &mut self,
        hearing: &Socket,
        buffer: &mut [u8],
        first: usize,
        events: &mpsc::Sender<Event>,
    ) -> Result<usize, mpsc::error::SendError<Event>> {
        let (mut length, mut told) = (first, 0);
        loop {
            told += 1;
            if let Some(heard) = parse::event(&buffer[..length]) {
                self.meet(&heard, &buffer[..length], events).await?;
                events.send(Event::Heard(heard)).await?;
            }
            // Also where hostapd is gone: the next receiving says so.
            match hearing.socket.try_recv(buffer) {
                Ok(next) => length = next,
                Err(_) => return Ok(told),
            }
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

    /// Asks for one more of the stations that nobody told of: hostapd speaks of who comes, not of who is there.
    async fn ask_for_one(
        &mut self,
        listing: &mut Listing,
        asking: &Socket,
        events: &mpsc::Sender<Event>,
    ) -> Result<Result<(), mpsc::error::SendError<Event>>, AskError> {
        let Some((interface, question)) = &listing.question else { return Ok(Ok(())) };
        let (interface, line) = (interface.clone(), format!("IFNAME={interface} {question}"));
        let answer = self.ask(asking, "STA-FIRST or STA-NEXT", &line).await?;
        let listed = parse::listed(&answer);
        listing.answered(listed.map(|(address, _)| address), answer.trim_ascii().is_empty());
        if let Some((address, true)) = listed {
            for (period, mark) in self.marks.of(&interface, address) {
                if let Err(error) = events.send(Event::Met { period, mark }).await {
                    return Ok(Err(error));
                }
            }
        }
        Ok(Ok(()))
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
