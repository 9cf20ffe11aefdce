//! The mouth for one access point: what an agent would say of itself, said by what was read from its device.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Counts, Presence, Report, VERSION};

use super::air::{Air, ApSeen, Listed};
use super::{Letter, Now};
use crate::device::DeviceAp;

/// Length of an interval of counts, as the agents have it…
const COUNT_EVERY: Duration = Duration::from_secs(30);
/// …and how much earlier a poll may come and still end it: polls have their own rhythm.
const COUNT_SLACK: Duration = Duration::from_secs(1);

/// Where the device stands towards the newest order.
#[derive(Debug, Clone, PartialEq)]
pub struct Stand {
    /// What its lever is to be at; none: no order yet.
    pub wish: Option<bool>,
    /// The greatest mode wanted of any of its APs.
    pub mode: Mode,
    /// The newest read shows it so.
    pub settled: bool,
    /// Why not, although it was tried or cannot be tried.
    pub refusal: Option<String>,
    /// What else a person should know.
    pub remark: Option<String>,
    /// What we are, in the place of an agent's version.
    pub agent: String,
}

/// One access point's mouth.
#[derive(Debug)]
pub struct Speaker {
    ap: DeviceAp,
    told: u64,
    wanted: Option<Mode>,
    running: u64,
    mode: Mode,
    since: Duration,
    seen: Option<ApSeen>,
    /// What was seen was not told yet: nothing is counted from a look of before.
    fresh: bool,
    /// Its controller had it in its list once.
    was_listed: bool,
    online: Option<bool>,
    seq: u64,
    counts_seq: u64,
    counted_at: Duration,
    /// What was last said that is worth saying at once.
    said: Option<(u64, u64, Mode, AgentState, String)>,
}

impl Speaker {
    /// Nothing is known of it.
    #[must_use]
    pub fn new(ap: DeviceAp, now: Duration) -> Self {
        Self {
            ap,
            told: 0,
            wanted: None,
            running: 0,
            mode: Mode::Normal,
            since: now,
            seen: None,
            fresh: false,
            was_listed: false,
            online: None,
            seq: 0,
            counts_seq: 0,
            counted_at: now,
            said: None,
        }
    }

    /// The access point.
    #[must_use]
    pub fn ap(&self) -> &DeviceAp {
        &self.ap
    }

    /// The newest order wants this of it.
    pub fn ordered(&mut self, number: u64, mode: Mode) {
        self.told = number;
        self.wanted = Some(mode);
    }

    /// What is wanted of it.
    #[must_use]
    pub fn wanted(&self) -> Option<Mode> {
        self.wanted
    }

    /// A poll showed this of it.
    pub fn saw(&mut self, seen: ApSeen) {
        self.was_listed |= seen.listed != Listed::Missing;
        self.seen = Some(seen);
        self.fresh = true;
    }

    /// It is there and cannot be read: how many are on it nobody knows any more.
    pub fn blinded(&mut self) {
        if let Some(seen) = &mut self.seen {
            seen.stations = None;
        }
    }

    /// Says that it is gone, unless that was the last word.
    pub fn gone(&mut self, boot: &str) -> Option<Letter> {
        self.said = None;
        (self.online.replace(false) != Some(false)).then(|| self.presence(boot, false))
    }

    /// What there is to say. `polled`: a poll was just answered, which is a sign of life whatever it showed.
    pub fn speak(&mut self, stand: &Stand, polled: bool, boot: &str, now: Now, letters: &mut Vec<Letter>) {
        let listed = self.seen.as_ref().map_or(Listed::There, |seen| seen.listed);
        if listed == Listed::Gone || (listed == Listed::Missing && self.was_listed) {
            letters.extend(self.gone(boot));
            return;
        }
        if !polled && self.online != Some(true) {
            return;
        }
        self.see(stand, now.mono);
        let state = self.state(stand);
        let said = (self.told, self.running, self.mode, state, self.why(stand));
        if !polled && self.said.as_ref() == Some(&said) {
            return;
        }
        if self.online.replace(true) != Some(true) {
            letters.push(self.presence(boot, true));
            // No interval of counts spans an absence.
            self.counted_at = now.mono;
        }
        letters.push(self.report(stand, state, said.4.clone(), boot, now));
        self.said = Some(said);
        if std::mem::take(&mut self.fresh) {
            letters.extend(self.count(boot, now));
        }
    }

    fn see(&mut self, stand: &Stand, now: Duration) {
        let Some(seen) = &self.seen else { return };
        let was = (self.running, self.mode);
        let is = match (&seen.air, self.wanted) {
            (Air::Unknown(_), _) => was,
            (Air::Open, Some(mode)) if mode.is_open() => (self.told, mode),
            (Air::Closed, Some(mode)) if !mode.is_open() => (self.told, mode),
            // Another facility's access point is behind the same lever: this one radiates with it.
            (Air::Open, Some(_)) if stand.wish == Some(true) => (self.told, stand.mode),
            // What ran before still runs.
            (Air::Open, _) if was.1.is_open() => was,
            (Air::Closed, _) if !was.1.is_open() => was,
            // Something is on the air, and it is nothing whole: it belongs to the mode that is open.
            (Air::Partly { .. } | Air::Open, Some(mode)) if mode.is_open() => (0, mode),
            (Air::Partly { .. }, _) => (0, was.1),
            (Air::Open | Air::Closed, _) => (0, Mode::Normal),
        };
        if is.1 != was.1 {
            self.since = now;
            // No interval of counts spans two modes: a drill's numbers never mix with others'.
            self.counted_at = now;
        }
        (self.running, self.mode) = is;
    }

    fn state(&self, stand: &Stand) -> AgentState {
        if self.told == 0 {
            AgentState::Empty
        } else if self.own_trouble(stand).is_some() || (stand.refusal.is_some() && !stand.settled) {
            AgentState::Refused
        } else if stand.settled {
            AgentState::Serving
        } else {
            AgentState::Applying
        }
    }

    /// What is wrong with this one, whatever its device does.
    fn own_trouble(&self, stand: &Stand) -> Option<String> {
        let seen = self.seen.as_ref()?;
        if seen.listed == Listed::Missing {
            let key = self.ap.key.as_deref().unwrap_or_default();
            return Some(format!(
                "its controller does not list \"{key}\": is device-ap right, and was it ever connected there?"
            ));
        }
        let wish = stand.wish.filter(|_| stand.settled)?;
        (!seen.air.is(wish)).then(|| format!("its controller is as ordered, and here {}", seen.air.words()))
    }

    fn why(&self, stand: &Stand) -> String {
        let refusal = stand.refusal.clone().filter(|_| !stand.settled);
        [self.own_trouble(stand), refusal, stand.remark.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn report(&mut self, stand: &Stand, state: AgentState, why: String, boot: &str, now: Now) -> Letter {
        self.seq += 1;
        let ago_ms = i64::try_from(now.mono.saturating_sub(self.since).as_millis()).unwrap_or(i64::MAX);
        let report = Report {
            v: VERSION,
            ap: self.ap.ap.clone(),
            facility: self.ap.facility.clone(),
            boot: boot.to_owned(),
            seq: self.seq,
            told: self.told,
            told_issued_ms: None,
            running: self.running,
            mode: self.mode,
            since_ms: now.wall_ms.saturating_sub(ago_ms),
            state,
            why,
            networks: self.seen.as_ref().map(|seen| seen.networks.clone()).unwrap_or_default(),
            turned_away: None,
            holds: None,
            facility_key: None,
            agent: stand.agent.clone(),
        };
        Letter::Report { report, stations: self.seen.as_ref().and_then(|seen| seen.stations) }
    }

    fn presence(&self, boot: &str, online: bool) -> Letter {
        Letter::Presence(Presence { v: VERSION, ap: self.ap.ap.clone(), online, boot: boot.to_owned() })
    }

    fn count(&mut self, boot: &str, now: Now) -> Option<Letter> {
        let length = now.mono.saturating_sub(self.counted_at);
        if length + COUNT_SLACK < COUNT_EVERY {
            return None;
        }
        self.counted_at = now.mono;
        // What the device does not say is not counted as nobody.
        let networks = self.seen.as_ref().map(|seen| seen.counts.clone()).filter(|rows| !rows.is_empty())?;
        self.counts_seq += 1;
        Some(Letter::Counted(Counts {
            v: VERSION,
            ap: self.ap.ap.clone(),
            boot: boot.to_owned(),
            seq: self.counts_seq,
            at_ms: now.wall_ms,
            interval_s: u32::try_from(length.as_millis().div_ceil(1000)).unwrap_or(u32::MAX),
            age_ms: None,
            at_unsure: false,
            samples: 1,
            waiting: 0,
            mode: self.mode,
            networks,
        }))
    }
}
