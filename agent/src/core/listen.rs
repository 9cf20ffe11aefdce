//! The listener: when to listen for `00000JAPAN` and names that look like it, on which channels, and what was heard.
//!
//! ```text
//!   Idle ──due──▶ Asking (a look at hostapd) ──all is quiet──▶ Listening ──answer──▶ Asking (next radio) … Idle
//!    ▲               │ something is going on: later
//!    └───────────────┘
//! ```
//! Nobody loses a frame by it. A radio listens on the channel it works on, for a tenth of a second and without sending
//! anything: the kernel then leaves all else as it is. Other channels only where the file names them, while nothing is
//! open, and while hostapd has just said that nobody is on that radio. What has been going on (a flip, a radar wait, a
//! hostapd that does not answer) goes first; and a radio that cannot listen is asked again each hour, and not before.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use firmware_config::channel::{Band, Channel};
use firmware_config::ident::ApId;
use firmware_config::wire::{Heard, SIGHTINGS_MAX, Sightings};

use super::air::{Air, RadioState};
use super::chance::Chance;
use super::{Action, Now};

/// First round after a start, and after a flip: neighbours that flipped with us are on the air by then (3 s), and what is
/// heard is the witness of it. Up to an eighth of the time between rounds is added, so that not all listen at once.
pub const SOON: Duration = Duration::from_secs(10);

/// A round that came at a bad moment is tried again after this.
pub const LATER: Duration = Duration::from_secs(30);

/// Longest wait for a radio that did not listen: at once for one that cannot at all, doubled each time for others.
pub const RARELY: Duration = Duration::from_secs(3600);

/// Other channels of one scan: 0.11 s each, so that the radio's own beacons, ten a second, fail for a third of a second.
/// A phone takes a network for gone after some seconds.
const OTHERS_AT_ONCE: usize = 3;

/// What was heard is told for this long, if its channel is not listened to again: the controller believes it no longer.
const TOLD_FOR: Duration = Duration::from_secs(600);

/// How to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// Between rounds; up to a quarter is added by chance.
    pub every: Duration,
    /// Channels beside the radios' own ones.
    pub others: Vec<Channel>,
}

/// One scan: on these channels, of this interface's radio, without sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// A network of the radio that beacons.
    pub interface: String,
    /// Centres in MHz; the radio's own one first.
    pub mhz: Vec<u32>,
}

/// Why nothing was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deaf {
    /// The radio's driver cannot listen while it beacons (EOPNOTSUPP).
    Unsupported,
    /// The program is not there, or cannot be started.
    NoProgram(String),
    /// The radio is at something else (EBUSY), or broke off.
    Busy,
    /// No end in time.
    Timeout,
    /// Something else, in words.
    Failed(String),
}

impl fmt::Display for Deaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("the radio's driver cannot listen while it beacons"),
            Self::NoProgram(why) | Self::Failed(why) => f.write_str(why),
            Self::Busy => f.write_str("the radio is busy"),
            Self::Timeout => f.write_str("no end in time"),
        }
    }
}

/// What is known of one radio's listening.
#[derive(Debug, Clone, Default)]
struct Ear {
    /// What was heard, and when by the monotonic clock.
    heard: Vec<(Duration, Heard)>,
    /// Why it did not listen the last time, and how often in a row.
    deaf: Option<(Deaf, u32)>,
    /// Not before then again.
    not_before: Duration,
    /// Which of the other channels is next.
    next: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Idle,
    /// hostapd is to say what there is; these radios of the round have had their turn.
    Asking {
        done: Vec<String>,
    },
    /// A radio listens on these channels.
    Listening {
        done: Vec<String>,
        channels: Vec<Channel>,
    },
}

/// The listener of one AP.
#[derive(Debug, Clone)]
pub struct Listener {
    manner: Option<Manner>,
    chance: Chance,
    state: State,
    due: Duration,
    ears: BTreeMap<String, Ear>,
    /// When anything listened last.
    listened: Option<Duration>,
    /// In this round a radio listened.
    news: bool,
    /// A document is to be sent.
    owed: bool,
}

impl Listener {
    /// Listens in this manner, or never. `seed`: so that agents do not all listen at once.
    #[must_use]
    pub fn new(manner: Option<Manner>, seed: &str, now: Now) -> Self {
        let mut listener = Self {
            manner,
            chance: Chance::new(seed),
            state: State::Idle,
            due: now.mono,
            ears: BTreeMap::new(),
            listened: None,
            news: false,
            owed: false,
        };
        listener.due = listener.soon(now);
        listener
    }

    fn soon(&mut self, now: Now) -> Duration {
        let every = self.manner.as_ref().map_or(Duration::ZERO, |manner| manner.every);
        now.mono + SOON + self.chance.up_to(every / 8)
    }

    /// Something else is on the air here since now: what neighbours send of it is worth hearing.
    pub fn flipped(&mut self, now: Now) {
        let soon = self.soon(now);
        self.due = if self.state == State::Idle { self.due.min(soon) } else { soon };
    }

    /// Whether a look at hostapd is wanted now.
    pub fn asks(&mut self, now: Now) -> bool {
        let due = self.manner.is_some() && self.state == State::Idle && now.mono >= self.due;
        if due {
            self.state = State::Asking { done: Vec::new() };
        }
        due
    }

    /// hostapd cannot say anything: another time.
    pub fn unanswered(&mut self, now: Now) {
        if matches!(self.state, State::Asking { .. }) {
            self.end(now, LATER);
        }
    }

    /// hostapd said what there is. `quiet`: nothing is going on; `open`: `00000JAPAN` is on the air, or ordered.
    pub fn looked(&mut self, air: &Air, (quiet, open): (bool, bool), prepared: &[&str], now: Now) -> Option<Action> {
        let State::Asking { done } = &self.state else { return None };
        let mut done = done.clone();
        let manner = self.manner.clone()?;
        if !quiet || air.seen.iter().any(|seen| matches!(seen.radio, RadioState::Preparing(_))) {
            self.end(now, LATER);
            return None;
        }
        let next = air.seen.iter().find_map(|seen| {
            let fresh = !seen.phy.is_empty() && !done.contains(&seen.phy);
            let may = self.ears.get(&seen.phy).is_none_or(|ear| now.mono >= ear.not_before);
            let own = Channel::at_mhz(seen.mhz).filter(|own| listens(*own))?;
            (fresh && may && seen.radio == RadioState::Enabled).then(|| (seen.phy.clone(), own))
        });
        let Some((phy, own)) = next else {
            let wait = manner.every + self.chance.up_to(manner.every / 4);
            self.end(now, wait);
            return None;
        };
        let here = || air.seen.iter().filter(|seen| seen.phy == phy && seen.radio == RadioState::Enabled);
        // One that may be taken away at any moment only where there is no other.
        let lasting = here().find(|seen| !prepared.contains(&seen.network.interface.as_str()));
        let interface = lasting.or_else(|| here().next())?.network.interface.clone();
        let mut channels = vec![own];
        let ear = self.ears.entry(phy.clone()).or_default();
        if !open && air.seen.iter().filter(|seen| seen.phy == phy).all(|seen| seen.network.stations == 0) {
            let others: Vec<Channel> =
                manner.others.iter().copied().filter(|it| it.band() == own.band() && *it != own).collect();
            let turn = others.iter().cycle().skip(ear.next).take(OTHERS_AT_ONCE.min(others.len()));
            channels.extend(turn);
            ear.next = (ear.next + OTHERS_AT_ONCE) % others.len().max(1);
        }
        let mhz = channels.iter().map(|channel| channel.mhz()).collect();
        done.push(phy);
        self.state = State::Listening { done, channels };
        Some(Action::Listen(Scan { interface, mhz }))
    }

    /// A radio has listened, or has not. `own`: addresses of this AP's own networks. A look at hostapd is wanted next.
    pub fn listened(&mut self, result: Result<Vec<Heard>, Deaf>, own: &[String], now: Now, actions: &mut Vec<Action>) {
        let State::Listening { done, channels } = std::mem::replace(&mut self.state, State::Idle) else { return };
        let Some(phy) = done.last().cloned() else { return };
        let every = self.manner.as_ref().map_or(RARELY, |manner| manner.every);
        let ear = self.ears.entry(phy.clone()).or_default();
        match result {
            Ok(heard) => {
                if ear.deaf.take().is_some() {
                    actions.push(Action::Log(format!("listening works phy={phy}")));
                }
                self.listened = Some(now.mono);
                self.news = true;
                ear.take(heard, own, &channels, now.mono);
            }
            Err(deaf) => {
                let (before, times) = ear.deaf.take().map_or((None, 0), |(deaf, times)| (Some(deaf), times));
                if before.as_ref() != Some(&deaf) {
                    actions.push(Action::Log(format!("cannot listen phy={phy} why={:?}", deaf.to_string())));
                }
                let wait = match deaf {
                    Deaf::Unsupported | Deaf::NoProgram(_) => RARELY,
                    Deaf::Busy | Deaf::Timeout | Deaf::Failed(_) => {
                        every.saturating_mul(1 << times.min(16)).min(RARELY)
                    }
                };
                (ear.not_before, ear.deaf) = (now.mono + wait, Some((deaf, times.saturating_add(1))));
            }
        }
        self.state = State::Asking { done };
    }

    fn end(&mut self, now: Now, wait: Duration) {
        self.state = State::Idle;
        // A flip meanwhile has set an earlier time.
        let earlier = Some(self.due).filter(|due| *due > now.mono);
        self.due = earlier.map_or(now.mono + wait, |due| due.min(now.mono + wait));
        self.owed |= std::mem::take(&mut self.news);
    }

    /// The broker can be reached: what was heard is told again, for nobody has kept it.
    pub fn connected(&mut self, now: Now) {
        self.owed |= self.listened.is_some_and(|at| now.mono.saturating_sub(at) <= TOLD_FOR);
    }

    /// The document to send now, if there is one.
    pub fn step(&mut self, ap: &ApId, connected: bool, now: Now) -> Option<Sightings> {
        if !connected || !std::mem::take(&mut self.owed) {
            return None;
        }
        let mut seen: Vec<Heard> = Vec::new();
        for ear in self.ears.values_mut() {
            ear.heard.retain(|(at, _)| now.mono.saturating_sub(*at) <= TOLD_FOR);
            for (at, heard) in &ear.heard {
                let age = now.mono.saturating_sub(*at).as_millis();
                let row = Heard { age_ms: u64::try_from(age).unwrap_or(u64::MAX), ..heard.clone() };
                match seen.iter_mut().find(|known| (&known.ssid, known.bssid) == (&row.ssid, row.bssid)) {
                    // Two radios hear it: the newer counts.
                    Some(known) if known.age_ms > row.age_ms => *known = row,
                    Some(_) => {}
                    None => seen.push(row),
                }
            }
        }
        seen.sort_by_key(|row| std::cmp::Reverse(row.signal_dbm));
        seen.truncate(SIGHTINGS_MAX);
        Some(Sightings::new(ap.clone(), seen))
    }

    /// When a round is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        (self.manner.is_some() && self.state == State::Idle).then_some(self.due)
    }
}

impl Ear {
    /// What was heard takes the place of what was heard before on these channels; what was on others grows older.
    fn take(&mut self, heard: Vec<Heard>, own: &[String], channels: &[Channel], now: Duration) {
        let fresh: Vec<(Duration, Heard)> = heard
            .into_iter()
            .filter(|it| !own.iter().any(|own| own.eq_ignore_ascii_case(&it.bssid.to_string())))
            .map(|it| (now.saturating_sub(Duration::from_millis(it.age_ms)), it))
            .collect();
        self.heard.retain(|(at, known)| {
            let again = channels.iter().any(|channel| u16::from(channel.number()) == known.channel);
            let newer = fresh.iter().any(|(_, it)| (&it.ssid, it.bssid) == (&known.ssid, known.bssid));
            !again && !newer && now.saturating_sub(*at) <= TOLD_FOR
        });
        self.heard.extend(fresh);
        self.heard.sort_by_key(|(_, it)| std::cmp::Reverse(it.signal_dbm));
        self.heard.truncate(SIGHTINGS_MAX);
    }
}

/// Whether a radio may listen while it works on this channel. Where radar must be heard the kernel lets nobody listen to
/// anything else; and in the 6 GHz band nobody can open `00000JAPAN`, nor anything without encryption that imitates it.
fn listens(own: Channel) -> bool {
    !own.needs_dfs() && own.band() != Band::Ghz6
}
