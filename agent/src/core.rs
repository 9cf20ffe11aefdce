//! The caretaker of one access point: orders, looks and the time in; what to do to this one box out.
//!
//! Pure: no clock, no socket, no file, no `async`. Rooms, in reading order: `event` (what can happen, what it may ask),
//! `holding` (what it was told), `offers` (what else is offered to it), `facility_key` (what the key switch at this AP
//! holds open), `keeping` (getting that onto flash), `air` (what a look shows), `radios` (what to ask of hostapd),
//! `running` (what runs, then), `tally` (who came and went), `waiting` and `deliver` (samples until the controller has
//! them), `crowd` (how many distinct devices), `listen` (what others send), `report` and `tell` (what to report, and
//! when).
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
pub mod deliver;
mod event;
pub mod facility_key;
pub mod holding;
mod keeping;
pub mod listen;
mod offers;
pub mod radios;
mod report;
mod running;
mod tally;
mod tell;
pub mod waiting;

use std::time::Duration;

use firmware_config::key::KeyFault;
use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, TurnedAway};

use crowd::Crowd;
use deliver::Delivery;
pub use event::{Action, Event, Heard, Identity, Now};
use facility_key::{Change, Key};
use holding::{Holding, Kept};
use keeping::Keeping;
use listen::Listener;
use radios::{Open, Radios};
use running::Running;
use tally::Tally;
use tell::Teller;
use waiting::Page;

/// Longest time between two reports while the broker can be reached: the controller takes an AP for silent after 30 s
/// without a word, and a report that a full queue dropped on the way is made good by the next.
pub const SPEAK_EVERY: Duration = Duration::from_secs(20);
/// Longest text taken over from outside into `why`, in characters.
const WHY_MAX_CHARS: usize = 300;

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

    /// The order it carries out and the mode wanted of it; none where none was ever accepted.
    #[must_use]
    pub fn told(&self) -> Option<(u64, Mode)> {
        let key = self.key.as_ref().and_then(Key::wants);
        let Some((number, ordered)) = self.holding.wanted() else {
            return key.map(|mode| (0, mode));
        };
        // The town opened it for this key, which was turned back since: nobody holds it open any more.
        let given_back = || self.holding.is_only_for(&format!("facility-key:{}", self.identity.ap));
        Some((
            number,
            match key {
                Some(mode) if mode.is_open() => mode,
                Some(_) if ordered.is_open() && given_back() => Mode::Normal,
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

    /// It is being stopped: what to write to flash before it goes, if anything. Nothing is taken off the air.
    pub fn stopping(&mut self, now: Now) -> Option<Page> {
        if self.identity.counts_every.is_some() {
            self.count(now);
        }
        self.delivery.last_page(now)
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
