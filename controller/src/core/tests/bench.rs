//! The bench: the core between a key, a store and APs of its own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Counts, FacilityKey, KeyAct, Network, NetworkCounts, Order, Presence, Report};

use crate::core::view::{ApView, Standing};
use crate::core::{
    Action, Ap, Ask, AskRefused, ContactReading, Entry, Event, Facility, Inventory, KeyPosition, Kind, Now, Pattern,
    Remembered, Sighting, Town, TownView, inventory::Managed, read_act,
};

/// 2026-11-22 05:00 UTC.
pub const MORNING_MS: i64 = 1_795_323_600_000;

pub const NORMAL: ContactReading = ContactReading::Pair { no: false, nc: true, drill: Some(false) };
pub const DISASTER: ContactReading = ContactReading::Pair { no: true, nc: false, drill: Some(false) };
pub const DRILL: ContactReading = ContactReading::Pair { no: false, nc: true, drill: Some(true) };
pub const CUT: ContactReading = ContactReading::Pair { no: false, nc: false, drill: Some(false) };
pub const SHORT: ContactReading = ContactReading::Pair { no: true, nc: true, drill: Some(false) };

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn s(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub fn facility(id: &str) -> FacilityId {
    id.parse().expect("a name of the model town")
}

pub fn ap(id: &str) -> ApId {
    id.parse().expect("a name of the model town")
}

/// The AP with the facility key.
pub const KEYED: &str = "gym-1";

/// Three facilities of two APs each; the town hall is no shelter.
pub fn inventory() -> Inventory {
    let place = |id: &str, shelter| Facility {
        id: facility(id),
        name_ja: id.to_owned(),
        name_en: String::new(),
        district: "minato".to_owned(),
        shelter,
        contact: String::new(),
    };
    let facilities = vec![place("hall", false), place("gym", true), place("school", true)];
    let aps = facilities
        .iter()
        .flat_map(|place| [1, 2].map(|n| (place.id.clone(), format!("{}-{n}", place.id))))
        .map(|(facility, id)| Ap {
            id: ap(&id),
            facility,
            key: id == KEYED,
            name: id,
            managed: Managed::Agent,
            witness: false,
        })
        .collect();
    Inventory {
        town: "shiomi".parse().expect("a name"),
        name_ja: "潮見町".to_owned(),
        name_en: "Shiomi".to_owned(),
        facilities,
        aps,
        agreed_share_percent: 100,
        has_key: true,
        key_drill_length: s(600),
        seat: None,
    }
}

/// The same town, where SNMP flips one AP of the school and watches one of the gym.
pub fn mixed() -> Inventory {
    let mut town = inventory();
    for place in &mut town.aps {
        match place.id.as_str() {
            "school-2" => place.managed = Managed::Snmp,
            "gym-2" => place.witness = true,
            _ => {}
        }
    }
    town
}

/// What the store has taken.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    pub remembered: Remembered,
    pub entries: BTreeMap<u64, Entry>,
    /// Times each entry was handed in within a batch that was stored.
    pub stored_twice: BTreeSet<u64>,
}

/// How the store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Works,
    Fails,
    /// Takes nothing and says nothing.
    Hangs,
    /// Takes everything and says nothing.
    Mumbles,
}

/// One model AP: what it was told and does.
#[derive(Debug, Clone)]
pub struct ModelAp {
    pub facility: FacilityId,
    pub boot: String,
    pub seq: u64,
    pub told: u64,
    pub mode: Mode,
    /// The order it follows; shown to whoever offers it an older one.
    pub held: Option<Order>,
    /// Orders and reports get through.
    pub linked: bool,
    /// Who speaks for it.
    pub managed: Managed,
    /// What SNMP sees of it beside its agent.
    pub eyes: Eyes,
    /// Its facility key, where it has one.
    pub key: Option<FacilityKey>,
}

impl ModelAp {
    /// The greater of its order's mode and its own key's, as an agent does it.
    fn serve(&mut self, ap: &ApId) {
        let own = format!("facility-key:{ap}");
        let ordered = self.held.as_ref().map_or(Mode::Normal, |order| {
            let covers = order.activations.iter().filter(|note| note.facilities.contains(&self.facility));
            let by: BTreeSet<&str> = covers.map(|note| note.by.as_str()).collect();
            if by == BTreeSet::from([own.as_str()]) { Mode::Normal } else { order.facilities[&self.facility].mode }
        });
        let open = self.key.as_ref().is_some_and(|key| key.open.is_some());
        self.mode = if open { Mode::Disaster } else { ordered };
    }
}

/// What a second pair of eyes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// There is none.
    None,
    /// They see what is so.
    Open,
    /// They cannot look.
    Shut,
    /// They see this, whatever is so.
    Wrong(bool),
}

pub struct Bench {
    pub town: Town,
    pub now: Now,
    pub inventory: Inventory,
    pub shelf: Shelf,
    pub store: Store,
    pub aps: BTreeMap<ApId, ModelAp>,
    /// What the broker retains.
    pub retained: Option<Order>,
    pub broker: bool,
    /// The contacts, read each second.
    pub contacts: Option<ContactReading>,
    next_reading: Duration,
    next_counts: Duration,
    /// Every action ever, in order.
    pub actions: Vec<Action>,
    pub lamp: (Pattern, Pattern),
    /// Every entry that was said in the log.
    pub log: Vec<Entry>,
    pub answers: BTreeMap<u64, Result<u64, AskRefused>>,
    last_ask: u64,
    /// What comes of actions waits here until all of them are carried out, as in the shells.
    waiting: VecDeque<Event>,
    busy: bool,
}

impl Bench {
    /// A town in the morning, key at normal, nothing remembered, everything works; settled.
    pub fn settled() -> Self {
        Self::settled_in(inventory())
    }

    /// The same of another town.
    pub fn settled_in(town: Inventory) -> Self {
        let mut bench = Self::started(town, Shelf::default(), Some(NORMAL));
        bench.pass(s(5));
        assert_eq!(bench.view().totals.settled, 6, "the model town settles: {:?}", bench.view());
        bench
    }

    pub fn started(inventory: Inventory, shelf: Shelf, contacts: Option<ContactReading>) -> Self {
        let now = Now { mono: s(100), wall_ms: MORNING_MS };
        let aps = inventory
            .aps
            .iter()
            .map(|ap| {
                let model = ModelAp {
                    facility: ap.facility.clone(),
                    boot: "b1".to_owned(),
                    seq: 0,
                    told: 0,
                    mode: Mode::Normal,
                    held: None,
                    linked: true,
                    managed: ap.managed,
                    eyes: if ap.witness { Eyes::Open } else { Eyes::None },
                    key: None,
                };
                (ap.id.clone(), model)
            })
            .collect();
        let (town, actions) = Town::new(inventory.clone(), shelf.remembered.clone(), now);
        let mut bench = Self {
            town,
            now,
            inventory,
            shelf,
            store: Store::Works,
            aps,
            retained: None,
            broker: true,
            contacts,
            next_reading: now.mono,
            next_counts: now.mono + s(20),
            actions: Vec::new(),
            lamp: (Pattern::Off, Pattern::Off),
            log: Vec::new(),
            answers: BTreeMap::new(),
            last_ask: 0,
            waiting: VecDeque::new(),
            busy: false,
        };
        bench.busy = true;
        bench.perform(actions);
        bench.busy = false;
        bench.on(Event::Broker(Ok(())));
        bench.pass(Duration::ZERO);
        bench
    }

    /// The controller is killed and comes back `off` later, with what was stored.
    pub fn restart(&mut self, off: Duration) {
        self.advance(off);
        // Deputies go and come with the controller; their devices stay as they are.
        for model in self.aps.values_mut().filter(|model| model.managed == Managed::Snmp) {
            (model.boot, model.seq, model.told, model.held) = (format!("{}r", model.boot), 0, 0, None);
        }
        let (town, actions) = Town::new(self.inventory.clone(), self.shelf.remembered.clone(), self.now);
        self.town = town;
        self.next_reading = self.now.mono;
        self.waiting.clear();
        self.busy = true;
        self.perform(actions);
        self.busy = false;
        if self.broker {
            self.connect();
        }
        self.pass(Duration::ZERO);
    }

    /// The controller's connection to the broker comes up: what is retained arrives.
    pub fn connect(&mut self) {
        self.broker = true;
        if let Some(retained) = self.retained.clone() {
            self.on(Event::OwnOrderSeen(retained));
        }
        self.on(Event::Broker(Ok(())));
        for ap in self.aps_of(Managed::Agent) {
            self.speak(&ap);
        }
    }

    fn aps_of(&self, managed: Managed) -> Vec<ApId> {
        self.aps.iter().filter(|(_, model)| model.managed == managed).map(|(ap, _)| ap.clone()).collect()
    }

    pub fn lose_broker(&mut self) {
        self.broker = false;
        self.on(Event::Broker(Err("connection refused".to_owned())));
    }

    /// Hands one event in, carries the actions out, and hands in what comes of them. Returns what the event itself
    /// brought.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        self.waiting.push_back(event);
        let mut first = None;
        while !self.busy
            && let Some(event) = self.waiting.pop_front()
        {
            let actions = self.one_step(event);
            first.get_or_insert_with(|| actions.clone());
            self.busy = true;
            self.perform(actions);
            self.busy = false;
        }
        first.unwrap_or_default()
    }

    /// One call of the core, and what must be true of every call there is.
    fn one_step(&mut self, event: Event) -> Vec<Action> {
        if self.aps.len() > 100 {
            return self.town.on(event, self.now);
        }
        let modes = |view: &TownView| view.facilities.iter().map(|place| place.wanted).collect::<Vec<_>>();
        let (before, said) = (self.view(), format!("{event:?}"));
        // What is learned from an order seen is on the air already; it is no opening of ours.
        let learned = matches!(event, Event::OwnOrderSeen(_) | Event::OwnOrderHeld(_) | Event::Recalled(_));
        let actions = self.town.on(event, self.now);
        let after = self.view();
        let number = |view: &TownView| view.order.as_ref().map_or(0, |order| order.number);
        assert!(number(&after) >= number(&before), "numbers only go up: {said}");
        let published = actions.iter().position(|action| matches!(action, Action::Publish(_)));
        if !learned && modes(&before).iter().zip(modes(&after)).any(|(before, after)| after > *before) {
            assert_eq!(published, Some(0), "an opening is published first, in the same call: {said}");
        }
        let sums = after.totals;
        let standings = sums.settled + sums.settling + sums.refused + sums.diverged + sums.silent;
        assert_eq!(standings, sums.aps, "each AP stands somewhere");
        actions
    }

    fn perform(&mut self, actions: Vec<Action>) {
        self.actions.extend(actions.iter().cloned());
        for action in actions {
            match action {
                Action::Publish(order) => self.published(&order),
                Action::PublishAgain { ap, order, .. } => self.tell(&ap, &order),
                Action::Store { batch, what } => {
                    if matches!(self.store, Store::Works | Store::Mumbles) {
                        self.keep(what);
                    }
                    if self.store == Store::Works {
                        self.on(Event::Stored { batch, outcome: Ok(()) });
                    } else if self.store == Store::Fails {
                        self.on(Event::Stored { batch, outcome: Err("disk full".to_owned()) });
                    }
                }
                Action::Log(entries) => self.log.extend(entries),
                Action::StoreCounts(_)
                | Action::StoreSketch(_)
                | Action::Watch(_)
                | Action::Beat(_)
                | Action::Lock { .. } => {}
                Action::Signal { lamp, buzzer } => self.lamp = (lamp, buzzer),
                Action::Answer { ask_id, outcome } => {
                    self.answers.insert(ask_id, outcome);
                }
            }
        }
    }

    fn keep(&mut self, what: crate::core::Durable) {
        let remembered = &mut self.shelf.remembered;
        for entry in what.entries {
            remembered.last_entry = remembered.last_entry.max(entry.seq);
            let told = |name| entry.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str());
            let act = told("ap").map(ap).zip(told("act").and_then(read_act));
            remembered.facility_acts.extend(act);
            if let Some(known) = self.shelf.entries.insert(entry.seq, entry.clone()) {
                assert_eq!(known, entry, "an entry is never changed once made");
                self.shelf.stored_twice.insert(entry.seq);
            }
        }
        if let Some(order) = what.order {
            remembered.order = Some(order);
        }
        for activation in &what.activations {
            remembered.last_activation = remembered.last_activation.max(activation.id);
        }
        remembered.activations = what.activations;
        remembered.key = what.key;
    }

    fn published(&mut self, order: &Order) {
        for ap in self.aps_of(Managed::Snmp) {
            self.tell(&ap, order);
        }
        if !self.broker {
            return;
        }
        self.retained = Some(order.clone());
        self.on(Event::OwnOrderSeen(order.clone()));
        for ap in self.aps_of(Managed::Agent) {
            self.tell(&ap, order);
        }
    }

    /// Hands an order to an AP, which carries it out at once and says so.
    pub fn tell(&mut self, ap: &ApId, order: &Order) {
        let Some(model) = self.aps.get_mut(ap) else { return };
        if !model.linked {
            return;
        }
        let agent = model.managed == Managed::Agent;
        if agent && order.number < model.told
            || agent && (order.number == model.told && model.held.as_ref() != Some(order))
        {
            let held = model.held.clone().expect("it was told");
            self.on(Event::OwnOrderHeld(held));
            return;
        }
        if model.held.as_ref() == Some(order) {
            return;
        }
        model.told = order.number;
        model.held = Some(order.clone());
        model.serve(ap);
        self.speak(ap);
    }

    /// Somebody turns the key switch at an AP, which has one from then on, whatever the inventory says.
    pub fn turn_at(&mut self, id: &str, disaster: bool) {
        let (ap, now_ms) = (ap(id), self.now.wall_ms);
        let model = self.aps.get_mut(&ap).expect("an AP of the model town");
        let key = model.key.get_or_insert_default();
        key.position = Some(if disaster { KeyPosition::Disaster } else { KeyPosition::Normal });
        let last = key.open.as_ref().or(key.ended.last()).map_or(0, |act| act.id);
        match key.open.take() {
            Some(act) if !disaster => key.ended.push(KeyAct { until_ms: Some(now_ms), ..act }),
            None if disaster => key.open = Some(KeyAct { id: last + 1, since_ms: now_ms, until_ms: None }),
            open => key.open = open,
        }
        model.serve(&ap);
        self.speak(&ap);
    }

    /// Lets an AP say how it is.
    pub fn speak(&mut self, ap: &ApId) {
        let event = self.says(ap);
        if self.reaches(ap) {
            self.on(event);
        }
    }

    /// Whether what it says arrives: a deputy needs no broker.
    pub fn reaches(&self, ap: &ApId) -> bool {
        let model = &self.aps[ap];
        model.linked && (self.broker || model.managed == Managed::Snmp)
    }

    /// The next report of an AP, by whoever speaks for it.
    pub fn says(&mut self, ap: &ApId) -> Event {
        let report = self.report(ap);
        match self.aps[ap].managed {
            Managed::Agent => Event::Reported(report),
            Managed::Snmp => Event::DeputyReported { report, stations: Some(5) },
        }
    }

    /// It comes or goes, by whoever speaks for it.
    pub fn comes(&self, ap: &ApId, online: bool) -> Event {
        let presence = self.presence(ap, online);
        match self.aps[ap].managed {
            Managed::Agent => Event::Presence(presence),
            Managed::Snmp => Event::DeputyPresence(presence),
        }
    }

    /// The second pair of eyes looks.
    pub fn look(&mut self, ap: &ApId) {
        let model = &self.aps[ap];
        let open = match model.eyes {
            Eyes::None => return,
            Eyes::Open => Ok(model.mode.is_open()),
            Eyes::Shut => Err("no answer".to_owned()),
            Eyes::Wrong(open) => Ok(open),
        };
        self.on(Event::Witnessed(Sighting { ap: ap.clone(), open, at_ms: self.now.wall_ms }));
    }

    /// The next report of an AP that was told the newest order, and says so.
    pub fn report_told(&mut self, ap: &ApId) -> Report {
        let report = self.report(ap);
        let newest = self.retained.as_ref().expect("published");
        let told_issued_ms = report.told_issued_ms.map(|_| newest.issued_at_ms);
        Report { told: newest.number, told_issued_ms, ..report }
    }

    /// The next report of an AP.
    pub fn report(&mut self, ap: &ApId) -> Report {
        let place = 1 + self.inventory.aps.iter().position(|it| it.id == *ap).expect("of this town");
        let model = self.aps.get_mut(ap).expect("an AP of the model town");
        model.seq += 1;
        let bssid = format!("02:00:00:00:{:02x}:{:02x}", place / 256, place % 256);
        let network = |ssid: &str| Network {
            interface: format!("wlan-{}", ssid.len()),
            ssid: ssid.to_owned(),
            bssid: bssid.clone(),
            channel: 1,
            stations: 2,
        };
        let mut networks = vec![network("shiomi-free")];
        if model.mode.is_open() {
            networks.push(network("00000JAPAN"));
        }
        let held = model.held.as_ref().filter(|_| model.managed == Managed::Agent);
        Report {
            v: 1,
            ap: ap.clone(),
            facility: model.facility.clone(),
            boot: model.boot.clone(),
            seq: model.seq,
            told: model.told,
            told_issued_ms: held.map(|held| held.issued_at_ms),
            running: model.told,
            mode: model.mode,
            since_ms: 0,
            state: if model.told == 0 && model.key.is_none() { AgentState::Empty } else { AgentState::Serving },
            why: String::new(),
            networks,
            turned_away: None,
            holds: None,
            facility_key: model.key.clone().map(Box::new),
            agent: "0.1.0".to_owned(),
        }
    }

    pub fn presence(&self, ap: &ApId, online: bool) -> Presence {
        Presence { v: 1, ap: ap.clone(), online, boot: self.aps[ap].boot.clone() }
    }

    fn counts(&mut self) {
        for ap in self.aps.keys().cloned().collect::<Vec<_>>() {
            self.look(&ap);
            if !self.reaches(&ap) {
                continue;
            }
            if self.aps[&ap].managed == Managed::Snmp {
                // A deputy reports at every poll.
                self.speak(&ap);
            }
            let model = self.aps.get_mut(&ap).expect("listed");
            model.seq += 1;
            let row = NetworkCounts {
                interface: "wlan0".to_owned(),
                ssid: "shiomi-free".to_owned(),
                stations: 3,
                joins: 0,
                leaves: 0,
                so_far: None,
            };
            let (boot, seq, mode) = (model.boot.clone(), model.seq, model.mode);
            let counts = Counts {
                v: 1,
                ap,
                boot,
                seq,
                at_ms: 0,
                interval_s: 30,
                age_ms: None,
                at_unsure: false,
                samples: 1,
                waiting: 0,
                mode,
                networks: vec![row],
            };
            let by = self.aps[&counts.ap].managed;
            self.on(if by == Managed::Agent { Event::Counted(counts) } else { Event::DeputyCounted(counts) });
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now.mono += by;
        self.now.wall_ms += i64::try_from(by.as_millis()).expect("short");
    }

    /// Lets time pass: the core is woken when it asks to be, the key is read each second, APs speak each 20 s.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now.mono + time;
        let mut still = 0;
        loop {
            let wake = self.town.next_wake();
            let next = [wake, self.contacts.map(|_| self.next_reading), Some(self.next_counts)];
            let next = next.into_iter().flatten().min().expect("counts are always due").max(self.now.mono);
            if next > until {
                break;
            }
            still = if next == self.now.mono { still + 1 } else { 0 };
            assert!(still < 50, "the core asks to be woken again and again at one moment: {:?}", self.town);
            self.advance(next - self.now.mono);
            if let Some(reading) = self.contacts.filter(|_| self.next_reading <= self.now.mono) {
                self.next_reading = self.now.mono + s(1);
                self.on(Event::Contacts(reading));
            } else if self.next_counts <= self.now.mono {
                self.next_counts = self.now.mono + s(20);
                self.counts();
            } else {
                self.on(Event::Woke);
            }
        }
        self.advance(until - self.now.mono);
    }

    /// Turns the key and lets it rest.
    pub fn turn(&mut self, contacts: ContactReading) {
        self.touch(contacts);
        self.pass(ms(40));
    }

    /// An edge, and nothing after it.
    pub fn touch(&mut self, contacts: ContactReading) -> Vec<Action> {
        self.contacts = Some(contacts);
        self.on(Event::Contacts(contacts))
    }

    pub fn ask(&mut self, ask: Ask) -> Result<u64, AskRefused> {
        self.last_ask += 1;
        let ask_id = self.last_ask;
        self.on(Event::Asked { ask_id, by: "sato".to_owned(), ask });
        self.answers.remove(&ask_id).expect("a person is always answered")
    }

    pub fn open(&mut self, facilities: &[&str]) -> u64 {
        let facilities = Some(facilities.iter().map(|id| facility(id)).collect());
        self.ask(Ask::Open { facilities, why: "flood".to_owned() }).expect("granted")
    }

    pub fn view(&self) -> TownView {
        self.town.view(self.now)
    }

    pub fn wanted(&self, id: &str) -> Mode {
        let id = facility(id);
        self.view().facilities.iter().find(|place| place.id == id).expect("a facility").wanted
    }

    pub fn ap(&self, id: &str) -> ApView {
        let id = ap(id);
        let view = self.view();
        view.facilities.into_iter().flat_map(|place| place.aps).find(|ap| ap.id == id).expect("an AP")
    }

    pub fn stands(&self, id: &str) -> (Standing, String) {
        let ap = self.ap(id);
        (ap.standing, ap.why)
    }

    /// Who is not settled, and why.
    pub fn unsettled(&self) -> Vec<(String, Standing, String)> {
        let aps = self.view().facilities.into_iter().flat_map(|place| place.aps);
        let unsettled = aps.filter(|ap| ap.standing != Standing::Settled);
        unsettled.map(|ap| (ap.id.to_string(), ap.standing, ap.why)).collect()
    }

    pub fn key(&self) -> Option<KeyPosition> {
        self.view().key.position
    }

    pub fn number(&self) -> u64 {
        self.view().order.map_or(0, |order| order.number)
    }

    /// Entries of one kind that reached the store.
    pub fn entries(&self, kind: Kind) -> Vec<&Entry> {
        self.shelf.entries.values().filter(|entry| entry.kind == kind).collect()
    }
}

/// One particular of an entry.
pub fn field<'a>(entry: &'a Entry, name: &str) -> &'a str {
    let found = entry.fields.iter().find(|(field, _)| *field == name);
    found.map(|(_, value)| value.as_str()).expect("the entry has it")
}
