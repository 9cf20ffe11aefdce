//! The caretaker of one access point: orders, looks and the time in; what to do to this one box out.
//!
//! Pure: no clock, no socket, no file, no `async`. Rooms, in reading order: `event` (what can happen, what it may ask),
//! `holding` (what it was told), `facility_key` (what the key switch at this AP holds open), `keeping` (getting that
//! onto flash), `air` (what a look shows), `radios` (what to ask of hostapd), `tally` (who came and went), `waiting` and
//! `deliver` (samples until the controller has them), `crowd` (how many distinct devices), `listen` (what others send),
//! `tell` (when to report).
//!
//! ```text
//!            ledger found at boot, or an order accepted (from any state below)
//!                    │
//!  Empty ──order──▶ Applying ──a look shows it──▶ Serving ──a look shows otherwise──▶ Applying
//!                    │    ▲                          │
//!          tried, and a   │ newer order              └─ hostapd gone ──▶ Applying (waiting for hostapd)
//!          look shows     │
//!          no change      │
//!                    ▼    │
//!                   Refused ──tries go on for ever, at most 10 s apart──▶ Serving
//! ```
//! `Empty` changes nothing on the air: with no order ever accepted there is nothing to return to, and whatever somebody
//! put there is not ours to take away (design ruling 6).

pub mod air;
mod chance;
mod crowd;
mod deliver;
mod event;
pub mod facility_key;
pub mod holding;
mod keeping;
pub mod listen;
pub mod radios;
mod tally;
mod tell;
pub mod waiting;

use std::time::Duration;

use firmware_config::key::KeyFault;
use firmware_config::mode::Mode;
use firmware_config::wire::{
    self, AgentState, DOCUMENT_MAX_BYTES, Presence, Report, SampleId, TurnedAway, TurnedAwayReason, VERSION,
};

use crowd::Crowd;
use deliver::{Delivery, mono_ms};
pub use event::{Action, Event, Heard, Identity, Now};
use facility_key::{Change, Key};
use holding::{Holding, Kept, SignedOrder, Verdict};
use keeping::Keeping;
use listen::Listener;
use radios::{Open, Radios};
use tally::Tally;
use tell::Teller;
use waiting::{Page, Sample};

/// Longest time between two reports while the broker can be reached: the controller takes an AP for silent after 30 s
/// without a word, and a report that a full queue dropped on the way is made good by the next.
pub const SPEAK_EVERY: Duration = Duration::from_secs(20);
/// Longest signed order put into a report as proof: what is left of the document holds the rest of the report.
const HOLDS_MAX_BYTES: usize = DOCUMENT_MAX_BYTES - 64 * 1024;
/// Longest text taken over from outside into `why`, in characters.
const WHY_MAX_CHARS: usize = 300;

/// What is on the air, as far as a look has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Running {
    number: u64,
    mode: Mode,
    /// By the monotonic clock: the wall clock may be set long after.
    since: Duration,
}

/// One access point.
#[derive(Debug, Clone)]
pub struct Agent {
    identity: Identity,
    boot: String,
    holding: Holding,
    keeping: Keeping,
    /// The key at this AP, where it has one.
    key: Option<Key>,
    radios: Radios,
    running: Running,
    tally: Tally,
    crowd: Crowd,
    counts_seq: u64,
    counted_at: Duration,
    counts_due: bool,
    delivery: Delivery,
    listener: Listener,
    turned_away: Option<TurnedAway>,
    proof_asked: bool,
    /// What was wrong with the ledger at boot.
    ledger_remark: Option<String>,
    teller: Teller,
    last_state: AgentState,
    /// When a report was last published.
    spoke_at: Duration,
}

impl Agent {
    /// Starts with what the ledger held (`Err`: it could not be used; why). `boot` is drawn afresh at each start.
    #[must_use]
    pub fn new(identity: Identity, ledger: Result<Kept, String>, boot: String, now: Now) -> (Self, Vec<Action>) {
        let (kept, ledger_remark) = match ledger {
            Ok(kept) => (kept, None),
            Err(why) => (Kept::default(), Some(brief(&why))),
        };
        let key = identity.key.then(|| Key::new(kept.key.clone(), now));
        let mut agent = Self {
            key,
            holding: Holding::new(identity.town.clone(), identity.facility.clone(), kept, now),
            radios: Radios::new(identity.radios.clone()),
            crowd: Crowd::new(identity.counts_every, &boot),
            listener: Listener::new(identity.listens.clone(), &boot, now),
            identity,
            delivery: Delivery::new(&boot),
            boot,
            keeping: Keeping::default(),
            running: Running { number: 0, mode: Mode::Normal, since: now.mono },
            tally: Tally::default(),
            counts_seq: 0,
            counted_at: now.mono,
            counts_due: false,
            turned_away: None,
            proof_asked: false,
            ledger_remark,
            teller: Teller::default(),
            last_state: AgentState::Empty,
            spoke_at: now.mono,
        };
        let mut actions = vec![Action::Log(match agent.told() {
            Some((number, mode)) => format!("started number={number} mode={mode} from=ledger"),
            None => "started empty".to_owned(),
        })];
        if let Some(why) = &agent.ledger_remark {
            actions.push(Action::Log(format!("ledger set aside why={why:?}")));
        }
        agent.settle_up(now, &mut actions);
        (agent, actions)
    }

    /// Something happened.
    pub fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Offered(offered) => self.offered(offered, now, &mut actions),
            Event::TurnedAway { reason, why } => self.turn_away(reason, &why, None, &mut actions),
            Event::Contacts(reading) => self.key_moved(|key| key.read(reading.says(), now), now, &mut actions),
            Event::ContactsUnreadable { why } => {
                let says = || Err(KeyFault::Unreadable(brief(&why)));
                self.key_moved(|key| key.read(says(), now), now, &mut actions);
            }
            Event::Ledger(outcome) => {
                let outcome = outcome.map_err(|why| brief(&why));
                actions.push(Action::Log(match &outcome {
                    Ok(()) => format!("ledger written number={}", self.holding.told()),
                    Err(why) => format!("ledger NOT written why={why:?}"),
                }));
                self.keeping.written(outcome, now.mono);
            }
            Event::CountsFound(page) => self.delivery.found(page, now, &mut actions),
            Event::CountsWritten(outcome) => self.delivery.written(outcome, now.mono, &mut actions),
            Event::CountsStored(stored) => self.delivery.stored(&stored, now.mono),
            Event::HostapdUp => {
                actions.push(Action::Log("hostapd up".to_owned()));
                self.radios.link_up(now);
            }
            Event::HostapdDown { why } => {
                actions.push(Action::Log(format!("hostapd down why={:?}", brief(&why))));
                self.radios.link_down(brief(&why));
                self.listener.unanswered(now);
                self.see(now, &mut actions);
            }
            Event::Answered { index, verb, answer } => self.radios.answered(index, verb, answer, now),
            Event::Looked(result) => {
                let result = result.map_err(|why| brief(&why));
                let seen = result.is_ok();
                self.radios.looked(result, self.want_open(), now);
                if seen {
                    self.see(now, &mut actions);
                    self.tally.name(&self.radios.networks());
                    if self.counts_due {
                        self.count(now);
                    }
                    self.listen(now, &mut actions);
                } else {
                    self.listener.unanswered(now);
                }
            }
            Event::Listened(result) => {
                let own: Vec<String> = self.radios.networks().into_iter().map(|network| network.bssid).collect();
                self.listener.listened(result, &own, now, &mut actions);
                self.ask_for_the_listener(now);
            }
            Event::Heard(Heard::Joined { interface }) => self.tally.joined(&interface),
            Event::Heard(Heard::Left { interface }) => self.tally.left(&interface),
            Event::Heard(Heard::AirChanged) => self.radios.look_soon(now),
            Event::Met { period, mark } => self.crowd.met(period, mark, now.mono),
            Event::BrokerUp => {
                actions.push(Action::Log("broker up".to_owned()));
                self.crowd.connected(now.mono);
                self.teller.connected();
                self.delivery.connected(now.mono);
                self.listener.connected(now);
                actions.push(Action::PublishPresence(self.presence(true)));
            }
            Event::BrokerDown { why } => {
                actions.push(Action::Log(format!("broker down why={:?}", brief(&why))));
                self.teller.disconnected();
                self.delivery.disconnected();
                self.crowd.disconnected();
            }
            Event::Woke => {}
        }
        self.settle_up(now, &mut actions);
        actions
    }

    /// When to call [`Self::on`] with [`Event::Woke`], by the monotonic clock, if nothing else happens before.
    #[must_use]
    pub fn next_wake(&self, now: Now) -> Option<Duration> {
        let ledger = self.keeping.next_wake();
        let counts = self.identity.counts_every.filter(|_| !self.counts_due).map(|every| self.counted_at + every);
        let speak = self.teller.is_connected().then_some(self.spoke_at + SPEAK_EVERY);
        let (drill, radios) = (self.holding.next_wake(now), self.radios.next_wake(self.want_open()));
        let key = self.key.as_ref().and_then(Key::next_wake);
        [
            drill,
            radios,
            key,
            self.teller.next_wake(),
            ledger,
            counts,
            speak,
            self.crowd.next_wake(),
            self.listener.next_wake(),
            self.delivery.next_wake(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What follows from everything known, whatever it was that happened.
    fn settle_up(&mut self, now: Now, actions: &mut Vec<Action>) {
        self.key_moved(|key| key.look(now), now, actions);
        if self.holding.end_drill(now) {
            actions.push(Action::Log(format!("drill ended by itself number={}", self.holding.told())));
            self.keeping.changed(now.mono);
            self.radios.wish_changed(now);
        }
        if self.identity.counts_every.is_some_and(|every| now.mono >= self.counted_at + every) && !self.counts_due {
            self.counts_due = true;
            if self.radios.is_up() {
                self.radios.look_soon(now);
            }
        }
        if self.listener.asks(now) {
            self.ask_for_the_listener(now);
        }
        if self.identity.counts_distinct && self.crowd.cover(&self.holding.periods(), now.mono) {
            actions.push(Action::CountDevices(self.crowd.open()));
        }
        // hostapd first: opening waits for nothing, least of all for the flash.
        let steps = self.radios.step(self.want_open(), now);
        // Tries that follow a refusal are many; the state's line has said why.
        let first_tries = steps.iter().filter(|_| self.radios.refusal().is_none());
        for step in first_tries {
            match step {
                Action::Add { radio, .. } => {
                    actions.push(Action::Log(format!("adding interface={} phy={}", radio.interface, radio.phy)));
                }
                Action::Remove { interface, .. } => {
                    actions.push(Action::Log(format!("removing interface={interface}")));
                }
                _ => {}
            }
        }
        actions.extend(steps);
        if self.keeping.start(now.mono) {
            let key = self.key.as_ref().map(|key| key.held().clone()).unwrap_or_default();
            actions.push(Action::WriteLedger(Box::new(Kept { key, ..self.holding.kept().clone() })));
        }
        let state = self.state();
        if state != self.last_state {
            self.last_state = state;
            let (number, mode) = (self.running.number, self.running.mode);
            let why = self.why();
            actions.push(Action::Log(format!("state={state:?} running={number} mode={mode} why={why:?}")));
        }
        // Who only said "I am here" would leave a report that got lost on the way lost for good.
        if self.teller.is_connected() && now.mono >= self.spoke_at + SPEAK_EVERY {
            self.teller.again();
        }
        let mut teller = std::mem::take(&mut self.teller);
        if let Some(report) = teller.step(|| self.report(now), now.mono) {
            actions.push(Action::PublishReport(Box::new(report)));
        }
        self.teller = teller;
        if actions.iter().any(|action| matches!(action, Action::PublishReport(_))) {
            self.spoke_at = now.mono;
        }
        self.delivery.step(&self.identity.ap, now, actions);
        actions.extend(self.crowd.step(&self.identity.ap, now.mono).map(Action::PublishDistinct));
        let sightings = self.listener.step(&self.identity.ap, self.teller.is_connected(), now);
        actions.extend(sightings.map(Action::PublishSightings));
    }

    /// A radio may listen only right after hostapd has said what there is.
    fn ask_for_the_listener(&mut self, now: Now) {
        if self.radios.is_up() {
            self.radios.look_soon(now);
        } else {
            self.listener.unanswered(now);
        }
    }

    /// After a look: whether a radio is to listen now.
    fn listen(&mut self, now: Now, actions: &mut Vec<Action>) {
        let (want, Some(air)) = (self.want_open(), self.radios.air()) else { return };
        let open = want == Some(true) || self.running.mode.is_open() || self.radios.open() != Open::None;
        let prepared: Vec<&str> = self.identity.radios.iter().map(|radio| radio.interface.as_str()).collect();
        actions.extend(self.listener.looked(air, (self.radios.quiet(want), open), &prepared, now));
    }

    fn presence(&self, online: bool) -> Presence {
        Presence { v: VERSION, ap: self.identity.ap.clone(), online, boot: self.boot.clone() }
    }

    /// The order it carries out and the mode wanted of it; none where none was ever accepted.
    #[must_use]
    pub fn told(&self) -> Option<(u64, Mode)> {
        let key = self.key.as_ref().and_then(Key::wants);
        let Some((number, ordered)) = self.holding.wanted() else {
            return key.map(|mode| (0, mode));
        };
        Some((
            number,
            match key {
                Some(mode) if mode.is_open() => mode,
                // The town opened it for this key, which was turned back since: nobody holds it open any more.
                Some(_) if self.holding.is_only_for(&format!("facility-key:{}", self.identity.ap)) => Mode::Normal,
                _ => ordered,
            },
        ))
    }

    /// The key was read, or time passed over it: opening waits for nothing.
    fn key_moved(&mut self, look: impl FnOnce(&mut Key) -> Vec<Change>, now: Now, actions: &mut Vec<Action>) {
        let Some(key) = &mut self.key else { return };
        for change in look(key) {
            let (Change::Kept(line) | Change::Told(line)) = &change;
            actions.push(Action::Log(line.clone()));
            if matches!(change, Change::Kept(_)) {
                self.keeping.changed(now.mono);
                self.radios.wish_changed(now);
            }
        }
    }

    fn want_open(&self) -> Option<bool> {
        self.told().map(|(_, mode)| mode.is_open())
    }

    fn offered(&mut self, offered: SignedOrder, now: Now, actions: &mut Vec<Action>) {
        let number = offered.order.number;
        match self.holding.offer(offered, now) {
            Verdict::Accepted => {
                let mode = self.holding.wanted().map_or(Mode::Normal, |(_, mode)| mode);
                actions.push(Action::Log(format!("order accepted number={number} mode={mode}")));
                self.accepted(now);
                self.radios.wish_changed(now);
            }
            Verdict::SameAgain => {}
            Verdict::NumberOnly(why) => {
                self.accepted(now);
                self.turn_away(TurnedAwayReason::NotMine, &why, Some(number), actions);
            }
            Verdict::TurnedAway(reason, why) => {
                self.proof_asked |= matches!(reason, TurnedAwayReason::Stale | TurnedAwayReason::Conflicting);
                self.turn_away(reason, &why, Some(number), actions);
            }
        }
    }

    fn accepted(&mut self, now: Now) {
        self.proof_asked = false;
        self.ledger_remark = None;
        self.keeping.changed(now.mono);
    }

    fn turn_away(&mut self, reason: TurnedAwayReason, why: &str, number: Option<u64>, actions: &mut Vec<Action>) {
        let count = self.turned_away.as_ref().map_or(0, |last| last.count) + 1;
        let why = brief(why);
        // The first of a kind, then ever more rarely: whoever floods us shall not fill a disk with it.
        let new = self.turned_away.as_ref().is_none_or(|last| (last.reason, last.number) != (reason, number));
        if new || count.is_power_of_two() {
            actions.push(Action::Log(format!("message turned away reason={reason:?} count={count} why={why:?}")));
        }
        self.turned_away = Some(TurnedAway { reason, why, number, count });
    }

    /// After a look, or when hostapd is gone: what runs now.
    fn see(&mut self, now: Now, actions: &mut Vec<Action>) {
        let was = self.running;
        let (number, mode) = match (self.told(), self.radios.open()) {
            (Some((number, mode)), Open::All) if mode.is_open() => (number, mode),
            (Some((number, mode)), Open::None) if !mode.is_open() => (number, mode),
            // What ran before still runs: nothing has changed on the air yet.
            (_, Open::All) if was.mode.is_open() => (was.number, was.mode),
            (_, Open::None) if !was.mode.is_open() => (was.number, was.mode),
            // Something is on the air, and it is nothing whole: it belongs to the mode that is open.
            (Some((_, mode)), Open::Partly | Open::All) if mode.is_open() => (0, mode),
            (_, Open::Partly) => (0, was.mode),
            (_, Open::All | Open::None | Open::Unknown) => (0, Mode::Normal),
        };
        if (number, mode) == (was.number, was.mode) {
            return;
        }
        if mode != was.mode {
            // A drill's numbers never mix with others': the interval ends where the mode does.
            if now.mono > self.counted_at && self.identity.counts_every.is_some() {
                self.count(now);
            }
            self.running.since = now.mono;
            self.listener.flipped(now);
        }
        (self.running.number, self.running.mode) = (number, mode);
        actions.push(Action::Log(format!("on air number={number} mode={mode}")));
    }

    fn count(&mut self, now: Now) {
        let length = now.mono.saturating_sub(self.counted_at);
        self.counted_at = now.mono;
        self.counts_due = false;
        let networks = self.tally.take(&self.radios.networks());
        if networks.is_empty() {
            return;
        }
        self.counts_seq += 1;
        let id = SampleId { boot: self.boot.clone(), seq: self.counts_seq };
        let length = u32::try_from(length.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        self.delivery.counted(Sample::new(id, mono_ms(now.mono), length, self.running.mode, networks));
    }

    /// It is being stopped: what to write to flash before it goes, if anything. Nothing is taken off the air.
    pub fn stopping(&mut self, now: Now) -> Option<Page> {
        if self.identity.counts_every.is_some() {
            self.count(now);
        }
        self.delivery.last_page(now)
    }

    /// What it is doing about the newest order.
    #[must_use]
    pub fn state(&self) -> AgentState {
        if self.told().is_none() {
            AgentState::Empty
        } else if self.radios.settled(self.want_open()) {
            AgentState::Serving
        } else if self.radios.refusal().is_some() {
            AgentState::Refused
        } else {
            AgentState::Applying
        }
    }

    fn why(&self) -> String {
        let want = self.want_open();
        let kept = self.keeping.failure().map(|why| format!("not kept on flash: {why}"));
        let waiting = self.radios.waiting_for(want).filter(|_| want.is_some());
        let trying = self.radios.refusal().map(|why| format!("{why}; tries go on"));
        let ledger = self.ledger_remark.as_ref().map(|why| format!("ledger set aside: {why}"));
        [trying, waiting, self.holding.remark(), kept, ledger].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn report(&self, now: Now) -> Report {
        let ago_ms = i64::try_from(now.mono.saturating_sub(self.running.since).as_millis()).unwrap_or(i64::MAX);
        let holds = self.holding.newest_jws().filter(|jws| self.proof_asked && jws.len() <= HOLDS_MAX_BYTES);
        Report {
            v: VERSION,
            ap: self.identity.ap.clone(),
            facility: self.identity.facility.clone(),
            boot: self.boot.clone(),
            seq: 0,
            told: self.holding.told(),
            running: self.running.number,
            mode: self.running.mode,
            since_ms: now.wall_ms.saturating_sub(ago_ms),
            state: self.state(),
            why: self.why(),
            networks: self.radios.networks(),
            turned_away: self.turned_away.clone(),
            holds: holds.map(str::to_owned),
            facility_key: self.key.as_ref().map(|key| Box::new(key.report())),
            agent: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The last will: what the broker says of this agent when it is gone.
    #[must_use]
    pub fn last_will(&self) -> Vec<u8> {
        wire::write(&self.presence(false))
    }
}

/// Cuts a text from outside to a length that fits a screen.
fn brief(text: &str) -> String {
    match text.char_indices().nth(WHY_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod delivery_stories;
#[cfg(test)]
mod distinct_stories;
#[cfg(test)]
mod drill_stories;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod key_stories;
#[cfg(test)]
mod listen_stories;
#[cfg(test)]
mod memory_stories;
#[cfg(test)]
mod running_stories;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod survival;
#[cfg(test)]
mod telling_stories;
#[cfg(test)]
mod waking_stories;
