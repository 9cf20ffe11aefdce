//! The whole town: every event goes in here, every action comes out of here.
//!
//! The one place with branches between the rooms; each of them knows only its own matter.

mod acts;
mod door;
mod facility_keys;
mod standby;
mod store;
mod way_out;

use std::time::Duration;

pub use facility_keys::{Act, read_act};
use way_out::Exit;
#[cfg(test)]
pub use way_out::START_GRACE;

use firmware_config::key::Watchman;
use firmware_config::mode::Mode;
use firmware_config::wire::{Order, WallMs};

use super::activation::Activations;
use super::archive::Archive;
use super::distinct::Books;
use super::fleet::{Change, Fleet};
use super::inventory::Managed;
use super::key::KeyPosition;
use super::peers::Watch;
use super::record::Record;
use super::refusals::Refusals;
use super::retry::Retry;
use super::strangers::Strangers;
use super::{Action, Event, Inventory, Kind, Now, Pattern, Remembered, TownView};
use super::{archive, lamp, order, view};

/// The town's state.
#[derive(Debug, Clone)]
pub struct Town {
    inventory: Inventory,
    started: Duration,
    watchman: Watchman,
    /// Why the key is left out of account.
    isolated: Option<String>,
    /// Without a memory nobody knows whether the key counts and whether it had its drill: until then it opens what it
    /// opens, closes nothing and starts no drill. No longer than any closing waits for the store.
    key_waits: Option<Duration>,
    /// Somebody left it out of account or took it back since the start.
    isolation_said: bool,
    /// The key stands at drill and has had its drill: none starts again before it was elsewhere.
    drill_spent: bool,
    /// Whether what the key held open at start was compared with the shelters of today.
    covered: bool,
    activations: Activations,
    newest: Option<Order>,
    /// Another order of the newest one's number, until a higher one stands above both.
    twin: Option<Order>,
    highest: u64,
    exit: Exit,
    /// Since when the town's mode is what it is.
    mode_since_ms: Option<WallMs>,
    /// The newest order belongs to a drill.
    order_drill: bool,
    /// The newest order is not stored yet.
    order_unstored: bool,
    /// Whether what is wanted may differ from the newest order, and why.
    reconsider: Option<String>,
    /// That was looked into, and opens nothing; it is held back.
    held_back: bool,
    /// Another hand signs orders in our name: steps that open nothing wait until then.
    rival: Option<door::Rival>,
    /// Of several controllers: who else is there, and whether we decide. None: we are the only one.
    watch: Option<Watch>,
    /// A person did something here that no order tells of yet: that is for us to order, whoever decides.
    acted: bool,
    /// What only the one who decides looks after is to be looked at, for we are it only now.
    duties: bool,
    restored_at: Option<Duration>,
    fleet: Fleet,
    books: Books,
    facility_keys: facility_keys::Keys,
    strangers: Strangers,
    /// All settled under this order, and enough of them for the lamp.
    all_settled: bool,
    arrived: bool,
    record: Record,
    archive: Archive,
    refusals: Refusals,
    broker_up: bool,
    broker_lost: Option<(WallMs, String)>,
    signal: Option<(Pattern, Pattern)>,
    publish: bool,
    actions: Vec<Action>,
}

impl Town {
    /// The town as remembered, and what is to be done at start.
    #[must_use]
    pub fn new(inventory: Inventory, remembered: Remembered, now: Now) -> (Self, Vec<Action>) {
        // A new store may know numbers that were given, and nothing else.
        let numbers_only =
            Remembered { last_activation: 0, last_entry: 0, facility_acts: Vec::new(), ..remembered.clone() };
        let forgot = numbers_only == Remembered::default();
        let key_waits = forgot.then_some(now.mono + archive::ANSWER_WITHIN);
        let Remembered { order: newest, activations, key, facility_acts, last_activation, last_entry } = remembered;
        let mut activations = Activations::new(activations, last_activation, now);
        if let Some(seat) = &inventory.seat {
            activations = activations.seated(seat, newest.as_ref()).key_is_at(&seat.id);
        }
        let mut fleet = Fleet::new(&inventory, now);
        if let Some(newest) = &newest {
            fleet.ordered(newest, now);
            fleet.released(now);
        }
        let since = |order: &Order| activations.decisive().map_or(order.issued_at_ms, |decisive| decisive.since_ms);
        let mut town = Self {
            started: now.mono,
            watchman: Watchman::new(key.position, inventory.has_key, now),
            drill_spent: key.position.is_some_and(|(position, _)| position == KeyPosition::Drill),
            isolated: key.isolated,
            key_waits,
            isolation_said: false,
            covered: false,
            highest: newest.as_ref().map_or(0, |newest| newest.number),
            exit: Exit::Sent { again: Retry::first(now.mono) },
            mode_since_ms: newest.as_ref().map(since),
            order_drill: newest.as_ref().is_some_and(|newest| order::greatest(newest) == Mode::Drill),
            order_unstored: false,
            reconsider: Some("start".to_owned()),
            held_back: false,
            rival: None,
            watch: inventory.seat.clone().map(|seat| Watch::new(seat, now)),
            acted: false,
            duties: false,
            restored_at: None,
            publish: newest.is_some(),
            newest,
            twin: None,
            fleet,
            books: Books::default(),
            facility_keys: facility_keys::Keys::default(),
            strangers: Strangers::default(),
            all_settled: false,
            arrived: false,
            record: Record::new(last_entry),
            archive: Archive::default(),
            refusals: Refusals::default(),
            broker_up: false,
            broker_lost: None,
            signal: None,
            actions: Vec::new(),
            activations,
            inventory,
        };
        town.write(now, Kind::Started, false, vec![("version", env!("CARGO_PKG_VERSION").to_owned())]);
        town.facility_keys.told(facility_acts);
        if town.leads() {
            town.facility_keys_at_start(now);
        } else if let Some(newest) = town.newest.clone() {
            town.actions.push(Action::Watch(newest));
        }
        let actions = town.settle(now);
        (town, actions)
    }

    /// What happened, and what is to be done about it, in order.
    pub fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Contacts(reading) => self.key_read(reading.says(), now),
            Event::ContactsUnreadable { why } => self.key_read(Err(super::KeyFault::Unreadable(why)), now),
            Event::Reported(report) => self.reported(report, (Managed::Agent, None), now),
            Event::Presence(presence) => self.presence(&presence, Managed::Agent, now),
            Event::Counted(counts) => self.counted(counts, Managed::Agent, now),
            Event::Sketched(distinct) => self.sketched(distinct, now),
            Event::Overheard(sightings) => self.overheard(sightings, now),
            Event::DeputyReported { report, stations } => self.reported(report, (Managed::Snmp, stations), now),
            Event::DeputyPresence(presence) => self.presence(&presence, Managed::Snmp, now),
            Event::DeputyCounted(counts) => self.counted(counts, Managed::Snmp, now),
            Event::NoDeputy { ap, why } => {
                let heard = self.fleet.no_deputy(&ap, why, now);
                self.heard("deputy", ap.as_str(), heard, now);
            }
            Event::Witnessed(sighting) => {
                let ap = sighting.ap.clone();
                let heard = self.fleet.witnessed(sighting, now);
                self.heard("sighting", ap.as_str(), heard, now);
            }
            Event::MessageRefused { from, why } => self.refuse_message(&from, &why, now),
            Event::OwnOrderSeen(seen) => self.own_order_seen(seen, now),
            Event::OwnOrderHeld(held) => self.own_order_held(held, now),
            Event::Recalled(remembered) => self.recalled(remembered, now),
            Event::StoreSetAside { file, why } => self.store_set_aside(file, why, now),
            Event::Deleted(deleted) => self.deleted(deleted, now),
            Event::RecordAltered { number, what, at } => self.record_altered(number, what, at, now),
            Event::PeerHeard(heartbeat) => self.peer_heard(&heartbeat, now),
            Event::Lock(lock) => self.lock_is(lock),
            Event::ForeignOrderSeen { why } => self.restore_order(why, now),
            Event::Broker(outcome) => self.broker(outcome, now),
            Event::Stored { batch, outcome } => self.stored(batch, outcome, now),
            Event::Asked { ask_id, by, ask } => self.asked(ask_id, &by, &ask, now),
            Event::Woke => {}
        }
        self.settle(now)
    }

    /// When the core wants [`Event::Woke`], on the clock of [`Now::mono`].
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let decide =
            self.reconsider.as_ref().filter(|_| self.may_decide() && !self.is_locked_out()).map(|_| self.held_until());
        let exit = match self.exit {
            Exit::Waits { until } => Some(until),
            Exit::Sent { again } if self.leads() && self.broker_up && self.newest.is_some() => Some(again.due()),
            Exit::Sent { .. } | Exit::Taken => None,
        };
        let store = self.archive.next_wake();
        let rooms = [
            self.watchman.next_wake(),
            // A standby ends no drill.
            self.activations.next_end().filter(|_| self.leads()),
            self.fleet.next_wake(),
            self.strangers.next_wake(),
            self.watch.as_ref().and_then(|watch| watch.next_wake(self.number())),
        ];
        [decide, exit, store, self.key_waits].into_iter().chain(rooms).flatten().min()
    }

    /// What people are told.
    #[must_use]
    pub fn view(&self, now: Now) -> TownView {
        let facilities = view::facilities(&self.inventory, self.newest.as_ref(), self.fleet.views(now));
        TownView {
            at_ms: now.wall_ms,
            mode: self.mode(),
            mode_since_ms: self.mode_since_ms,
            decisive: self.activations.decisive().filter(|_| self.mode().is_open()).cloned(),
            order: self.newest.as_ref().map(|newest| view::OrderView {
                number: newest.number,
                issued_at_ms: newest.issued_at_ms,
                published: self.exit == Exit::Taken,
            }),
            key: view::KeyView {
                position: self.watchman.sworn().map(|(position, _)| position),
                since_ms: self.watchman.sworn().map(|(_, since_ms)| since_ms),
                fault: self.watchman.fault().cloned(),
                isolated: self.isolated.clone(),
            },
            activations: self.activations.iter().cloned().collect(),
            totals: view::totals(&facilities, self.newest.as_ref().map_or(0, |newest| newest.number)),
            facilities,
            distinct: self.books.views(),
            left_open: self.fleet.left_open(now),
            strangers: self.strangers.views(),
            seat: self.watch.as_ref().map(|watch| watch.view(now.mono)),
            broker_lost: self.broker_lost.clone(),
            store_lost: self.archive.lost().map(|(since, why)| (*since, why.clone(), self.record.kept())),
            recent: self.record.recent(),
        }
    }

    fn mode(&self) -> Mode {
        self.newest.as_ref().map_or(Mode::Normal, order::greatest)
    }

    /// Brings everything up to date with what happened and with the time, and hands over what is to be done.
    fn settle(&mut self, now: Now) -> Vec<Action> {
        self.key_looked(now);
        self.watch_over(now);
        if self.leads() {
            self.end_drills(now);
        }
        self.books.keep(&self.activations);
        self.decide(now);
        self.let_out(now);
        for change in self.fleet.woke(now) {
            self.stands(change, now);
        }
        self.look_at_the_air(now);
        self.tell_again(now);
        self.look_at_the_whole(now);
        self.offer_to_store(now);
        let unsaid = self.record.take_unsaid();
        if !unsaid.is_empty() {
            self.actions.push(Action::Log(unsaid));
        }
        let mut actions = std::mem::take(&mut self.actions);
        // Ruling 1, the network opens first: whatever else is to be done comes after the order.
        if std::mem::take(&mut self.publish)
            && self.leads()
            && let Some(newest) = self.newest.as_ref().filter(|_| !matches!(self.exit, Exit::Waits { .. }))
        {
            // Whoever stepped back and came to decide again within one moment has not left it to another.
            actions.retain(|action| !matches!(action, Action::Watch(_)));
            actions.insert(0, Action::Publish(newest.clone()));
        }
        actions
    }

    /// The town as a whole: whether everybody is there, and what the lamp says.
    fn look_at_the_whole(&mut self, now: Now) {
        let (mode, tally) = (self.mode(), self.fleet.tally());
        let enough = self.newest.is_none() || lamp::enough(mode, tally, self.inventory.agreed_share_percent);
        self.arrived = enough || (self.arrived && !mode.is_open());
        let fault = self.watchman.fault().is_some() && self.isolated.is_none();
        let signal = lamp::signal(fault, self.fleet.any_left_open(), mode, self.arrived);
        if self.signal != Some(signal) {
            self.signal = Some(signal);
            self.actions.push(Action::Signal { lamp: signal.0, buzzer: signal.1 });
        }
        let (there, of) = if mode.is_open() { (tally.open, tally.to_open) } else { (tally.settled, tally.aps) };
        if let Some(newest) = self.newest.as_ref().filter(|_| !self.all_settled && there == of && of > 0) {
            let number = newest.number.to_string();
            let fields = vec![("number", number), ("aps", of.to_string()), ("mode", mode.as_str().to_owned())];
            self.all_settled = true;
            self.write(now, Kind::AllSettled, self.order_drill, fields);
        }
    }

    fn stands(&mut self, change: Change, now: Now) {
        let drill = change.wanted == Mode::Drill || (self.order_drill && change.to == view::Standing::Settled);
        let fields = vec![
            ("ap", change.ap.to_string()),
            ("facility", change.facility.to_string()),
            ("from", change.from.as_str().to_owned()),
            ("to", change.to.as_str().to_owned()),
            ("why", change.why),
        ];
        self.write(now, Kind::ApStands, drill, fields);
    }

    fn write(&mut self, now: Now, kind: Kind, drill: bool, fields: Vec<(&'static str, String)>) {
        self.record.write(now.wall_ms, kind, drill, fields);
    }
}
