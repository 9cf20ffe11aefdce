//! What becomes of what the cores ask for, and the rules broken on purpose on the way.
//!
//! What is local is done at once: hostapd obeys, the flash and the store write and say so. What goes over the network is
//! under way until somebody delivers or loses it. An agent's reports arrive at once where it can be reached: what they
//! do late is in the simulation, and here they would only multiply histories.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use firmware_config::ident::ApId;
use firmware_config::mode::Mode;
use firmware_config::wire::{Beat, Heartbeat, Network, Order, Report, Wanted};
use hirake::core as town;
use hirake::core::peers::Lock;
use hirake::core::{Act, Durable, Entry, KeyPosition, Kind, Remembered, read_act};
use hirake_agent::core as agent;
use hirake_agent::core::Agent;
use hirake_agent::core::air::{Air, RadioState, Seen};
use hirake_agent::core::holding::{Kept, SignedOrder};
use hirake_agent::core::radios::{Answer, Verb};

use crate::promises;
use crate::world::{Broken, Hall, Held, Small, To, World, ap_id, place};

impl Small {
    /// Something happens to a controller.
    pub fn hall_on(&self, world: &mut World, at: usize, event: town::Event) {
        let now = world.hall_now(at);
        let Some(core) = &mut world.halls[at].town else { return };
        let actions = Arc::make_mut(core).on(event, now);
        self.hall_carries(world, at, actions);
    }

    /// What a controller asked for.
    pub fn hall_carries(&self, world: &mut World, at: usize, actions: Vec<town::Action>) {
        for action in actions {
            match action {
                town::Action::Publish(_) | town::Action::PublishAgain { .. } | town::Action::Beat(_)
                    if !world.halls[at].linked => {}
                town::Action::Beat(heartbeat) => self.beats(world, at, &heartbeat),
                town::Action::Publish(order) => {
                    let known = world.signed.len();
                    let signed = self.sign(world, order);
                    if self.broken != Broken::SaidOnce || world.signed.len() > known {
                        world.under_way.insert((To::Broker(at), signed.jws.clone()), signed);
                    }
                }
                town::Action::PublishAgain { ap, order, .. } => {
                    let to = (0..self.sites).find(|site| ap_id(*site) == ap);
                    let signed = self.sign(world, order);
                    if let Some(to) = to.filter(|_| self.broken != Broken::SaidOnce) {
                        world.under_way.insert((To::Site(to), signed.jws.clone()), signed);
                    }
                }
                town::Action::Store { batch, what } => {
                    let hall = &mut world.halls[at];
                    let mut shelf = (*hall.shelf).clone();
                    if keep(&mut shelf, what) {
                        hall.before = std::mem::replace(&mut hall.shelf, Arc::new(shelf));
                    } else {
                        hall.shelf = Arc::new(shelf);
                    }
                    self.hall_on(world, at, town::Event::Stored { batch, outcome: Ok(()) });
                }
                town::Action::Answer { .. }
                | town::Action::Log(_)
                | town::Action::StoreCounts(_)
                | town::Action::StoreSketch(_)
                | town::Action::Signal { .. }
                | town::Action::Watch(_) => {}
                town::Action::Lock { wanted } => {
                    world.halls[at].wants_lock = wanted;
                    if !wanted && world.lock == Held::By(at) {
                        world.lock = Held::Free;
                    }
                    self.database_answers(world, at);
                }
            }
        }
    }

    /// The database says to a controller that wants the lock how it stands, unless it is deaf.
    pub fn database_answers(&self, world: &mut World, at: usize) {
        if !self.lock || !world.halls[at].wants_lock || world.halls[at].town.is_none() || world.lock == Held::Deaf {
            return;
        }
        if world.lock == Held::Free {
            world.lock = Held::By(at);
        }
        let ours = world.lock == Held::By(at) || self.broken == Broken::LockGivenToBoth;
        self.hall_on(world, at, town::Event::Lock(if ours { Lock::Ours } else { Lock::Theirs }));
    }

    /// A controller says that it is there, or the broker that it is gone: the others hear it at once.
    pub fn beats(&self, world: &mut World, at: usize, heartbeat: &Heartbeat) {
        world.beats.insert(at, heartbeat.clone());
        if self.broken == Broken::HeartbeatsSwallowed {
            return;
        }
        for other in (0..self.halls).filter(|other| *other != at) {
            if world.halls[other].linked {
                self.hall_on(world, other, town::Event::PeerHeard(heartbeat.clone()));
            }
        }
    }

    /// A hostile broker says again and again what a controller said last that is silent now. Where that rule is broken
    /// it even proves that it is no recording.
    pub fn recordings(&self, world: &mut World) {
        for (at, mut heartbeat) in world.beats.clone() {
            let silent = world.halls[at].town.is_none() || !world.halls[at].linked;
            if self.broken == Broken::TheDeadSpeak && silent {
                (heartbeat.online, heartbeat.active) = (true, true);
                heartbeat.number = world.retained.as_ref().map_or(0, |held| held.order.number);
                heartbeat.seq += u64::try_from(world.time.as_millis()).unwrap_or(u64::MAX / 2);
                for (other, last) in &world.beats {
                    let Heartbeat { id, boot, seq, .. } = last.clone();
                    heartbeat.hears.extend((*other != at).then_some((id, Beat { boot, seq })));
                }
            }
            if silent {
                for other in (0..self.halls).filter(|other| *other != at) {
                    self.hall_on(world, other, town::Event::PeerHeard(heartbeat.clone()));
                }
            }
        }
    }

    /// Signs; the same order has the same text. Here every order ever made is looked at.
    fn sign(&self, world: &mut World, mut order: Order) -> Arc<SignedOrder> {
        if self.broken == Broken::NotesLeftOut {
            order.activations.clear();
        }
        let jws = text_of(&order);
        if let Some(known) = world.signed.get(&jws) {
            return known.clone();
        }
        promises::signed(world, self.halls, &order);
        let signed = Arc::new(SignedOrder { jws: jws.clone(), order });
        world.signed.insert(jws, signed.clone());
        signed
    }

    /// A message arrives.
    pub fn arrives(&self, world: &mut World, to: To, signed: &Arc<SignedOrder>) {
        match to {
            To::Broker(_) => self.broker_takes(world, signed),
            To::Hall(at) => self.hall_on(world, at, town::Event::OwnOrderSeen(signed.order.clone())),
            To::Site(at) => {
                let mut offered = (**signed).clone();
                if self.broken == Broken::StaleTaken {
                    offered.order.number += 100 * (1 + u64::from(world.left.wakes)) + held(&world.sites[at].flash);
                }
                let closed = offered.order.facilities.values().all(|wanted| wanted.mode == Mode::Normal);
                if self.broken == Broken::ClosingsSwallowed && closed {
                    return;
                }
                self.site_on(world, at, agent::Event::Offered(offered));
            }
        }
    }

    fn broker_takes(&self, world: &mut World, signed: &Arc<SignedOrder>) {
        let mut signed = signed.clone();
        if self.broken == Broken::BrokerSigns {
            let mut order = signed.order.clone();
            order.number += 1;
            order.facilities.insert(place(self.sites - 1), Wanted { mode: Mode::Disaster, drill: None });
            signed = self.sign(world, order);
        }
        world.retained = Some(signed.clone());
        for at in (0..self.sites).filter(|at| world.sites[*at].linked).collect::<Vec<_>>() {
            world.under_way.insert((To::Site(at), signed.jws.clone()), signed.clone());
        }
        let hears = |hall: &Hall| hall.town.is_some() && hall.linked;
        for at in (0..self.halls).filter(|at| hears(&world.halls[*at])).collect::<Vec<_>>() {
            world.under_way.insert((To::Hall(at), signed.jws.clone()), signed.clone());
        }
    }

    /// Something happens to an agent.
    pub fn site_on(&self, world: &mut World, at: usize, event: agent::Event) {
        let now = self.site_now(world, at);
        let actions = Arc::make_mut(&mut world.sites[at].agent).on(event, now);
        self.site_carries(world, at, actions);
    }

    /// An agent's clocks.
    #[must_use]
    pub fn site_now(&self, world: &World, at: usize) -> agent::Now {
        if self.broken == Broken::DrillClockStopped {
            return agent::Now { mono: std::time::Duration::ZERO, wall_ms: 0 };
        }
        agent::Now { mono: world.time.saturating_sub(world.sites[at].booted), wall_ms: world.wall_ms() }
    }

    /// What an agent asked for.
    pub fn site_carries(&self, world: &mut World, at: usize, actions: Vec<agent::Action>) {
        for action in actions {
            let site = &mut world.sites[at];
            match action {
                agent::Action::WriteLedger(kept) => {
                    site.before = std::mem::replace(&mut site.flash, *kept);
                    promises::carries_out(world, at);
                    self.site_on(world, at, agent::Event::Ledger(Ok(())));
                }
                agent::Action::Add { index, .. } => {
                    site.open = true;
                    self.site_on(world, at, agent::Event::Answered { index, verb: Verb::Add, answer: Answer::Ok });
                }
                agent::Action::Remove { index, .. } => {
                    site.open = false;
                    self.site_on(world, at, agent::Event::Answered { index, verb: Verb::Remove, answer: Answer::Ok });
                }
                agent::Action::Look => {
                    let seen = site.open.then(on_air).into_iter().collect();
                    self.site_on(world, at, agent::Event::Looked(Ok(Air { seen })));
                }
                agent::Action::PublishPresence(presence) if site.linked => {
                    for hall in self.linked(world) {
                        self.hall_on(world, hall, town::Event::Presence(presence.clone()));
                    }
                }
                agent::Action::PublishReport(report) if site.linked => {
                    let mut report = *report;
                    if self.broken == Broken::FacilityKeyUnheard {
                        report.facility_key = None;
                    }
                    world.reports.insert(at, report.clone());
                    self.linked(world).into_iter().for_each(|hall| self.hall_hears(world, hall, &report));
                }
                agent::Action::PublishPresence(_)
                | agent::Action::PublishReport(_)
                | agent::Action::PublishCounts(_)
                | agent::Action::WriteCounts(_)
                | agent::Action::PublishDistinct(_)
                | agent::Action::PublishSightings(_)
                | agent::Action::Listen(_)
                | agent::Action::CountDevices(_)
                | agent::Action::Log(_) => {}
            }
        }
    }

    /// A report comes to a controller, and by it the order that its AP holds.
    fn hall_hears(&self, world: &mut World, at: usize, report: &Report) {
        self.hall_on(world, at, town::Event::Reported(report.clone()));
        let holds = report.holds.as_ref().and_then(|jws| world.signed.get(jws)).cloned();
        if let Some(signed) = holds {
            self.hall_on(world, at, town::Event::OwnOrderHeld(signed.order.clone()));
        }
    }

    fn linked(&self, world: &World) -> Vec<usize> {
        (0..self.halls).filter(|at| world.halls[*at].linked).collect()
    }

    /// An AP starts on what its flash has.
    pub fn boot(&self, world: &mut World, at: usize) {
        let site = &mut world.sites[at];
        site.boots += 1;
        site.booted = world.time;
        site.open = false;
        let forgets = self.broken == Broken::LedgerForgotten;
        let kept = if forgets { Kept::default() } else { site.flash.clone() };
        let boot = format!("boot-{}", site.boots);
        let now = self.site_now(world, at);
        let (agent, actions) = Agent::new(self.identity(at), Ok(kept), boot, now);
        world.sites[at].agent = Arc::new(agent);
        self.site_carries(world, at, actions);
        self.site_on(world, at, agent::Event::HostapdUp);
        self.reads_facility_key(world, at);
        self.link(world, at);
    }

    /// An AP reaches the broker, and is told what is retained.
    pub fn link(&self, world: &mut World, at: usize) {
        if !world.sites[at].linked {
            return;
        }
        self.site_on(world, at, agent::Event::BrokerUp);
        if let Some(retained) = world.retained.clone() {
            world.under_way.insert((To::Site(at), retained.jws.clone()), retained);
        }
    }

    /// A controller starts on what its store has, reads the key and reaches the broker.
    pub fn start(&self, world: &mut World, at: usize) {
        world.halls[at].booted = world.time;
        world.halls[at].lives += 1;
        world.halls[at].wants_lock = false;
        let mut remembered = (*world.halls[at].shelf).clone();
        if self.broken == Broken::NumberForgotten {
            remembered.order = None;
        }
        let now = world.hall_now(at);
        let inventory = self.inventory(at, world.halls[at].lives);
        let (core, actions) = town::Town::new(inventory, remembered, now);
        world.halls[at].town = Some(Arc::new(core));
        self.hall_carries(world, at, actions);
        self.reads(world, at);
        self.hall_connects(world, at);
    }

    /// A controller's connection is there.
    pub fn hall_connects(&self, world: &mut World, at: usize) {
        if !world.halls[at].linked {
            return;
        }
        self.hall_on(world, at, town::Event::Broker(Ok(())));
        let heard = |of: &usize| *of != at && self.broken != Broken::HeartbeatsSwallowed;
        let beats: Vec<_> = world.beats.iter().filter(|(of, _)| heard(of)).map(|(_, beat)| beat.clone()).collect();
        for heartbeat in beats {
            self.hall_on(world, at, town::Event::PeerHeard(heartbeat));
        }
        if let Some(retained) = world.retained.clone() {
            world.under_way.insert((To::Hall(at), retained.jws.clone()), retained);
        }
        // The broker retains them: they may be older than what was cut since.
        let reports: Vec<Report> = world.reports.values().cloned().collect();
        reports.iter().for_each(|report| self.hall_hears(world, at, report));
    }

    /// An agent reads its key until it swears to it.
    pub fn reads_facility_key(&self, world: &mut World, at: usize) {
        let unread = self.broken == Broken::FacilityKeyAsksTheTown && !world.sites[at].linked;
        if !self.has_facility_key(at) || unread {
            return;
        }
        let read = contacts(world.sites[at].position());
        self.site_on(world, at, agent::Event::Contacts(read));
        world.time += firmware_config::key::watchman::POSITION_RESTS;
        self.site_on(world, at, agent::Event::Contacts(read));
    }

    /// A controller reads the key until it swears to it.
    pub fn reads(&self, world: &mut World, at: usize) {
        if !self.has_key(at) {
            world.halls[at].read = world.key;
            return;
        }
        let position = world.key;
        world.halls[at].read = position;
        self.hall_on(world, at, town::Event::Contacts(contacts(position)));
        world.time += firmware_config::key::watchman::POSITION_RESTS;
        self.hall_on(world, at, town::Event::Contacts(contacts(position)));
    }
}

/// The contacts of a position.
#[must_use]
pub fn contacts(position: KeyPosition) -> town::ContactReading {
    let (no, drill) = (position == KeyPosition::Disaster, position == KeyPosition::Drill);
    town::ContactReading::Pair { no, nc: !no, drill: Some(drill) }
}

/// The number that a ledger holds.
#[must_use]
pub fn held(kept: &Kept) -> u64 {
    kept.newest.as_ref().or(kept.order.as_ref()).map_or(0, |signed| signed.order.number)
}

/// Puts a batch on the shelf; whether anything but the record changed.
fn keep(shelf: &mut Remembered, what: Durable) -> bool {
    let before = (shelf.order.clone(), shelf.activations.clone(), shelf.key.clone());
    shelf.last_entry = what.entries.iter().map(|entry| entry.seq).fold(shelf.last_entry, u64::max);
    shelf.facility_acts.extend(what.entries.iter().filter_map(act_of));
    shelf.order = what.order.or(shelf.order.take());
    shelf.last_activation = what.activations.iter().map(|held| held.id).fold(shelf.last_activation, u64::max);
    shelf.activations = what.activations;
    shelf.key = what.key;
    before != (shelf.order.clone(), shelf.activations.clone(), shelf.key.clone())
}

/// The act of a facility key that an entry tells of.
fn act_of(entry: &Entry) -> Option<(ApId, Act)> {
    let field = |wanted: &str| entry.fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let of_keys = matches!(entry.kind, Kind::Opened | Kind::FacilityKeyActed);
    field("ap").zip(field("act")).filter(|_| of_keys).and_then(|(ap, act)| Some((ap.parse().ok()?, read_act(act)?)))
}

fn on_air() -> Seen {
    let network = Network {
        interface: "wlan0jp".to_owned(),
        ssid: "00000JAPAN".to_owned(),
        bssid: "02:00:00:00:00:01".to_owned(),
        channel: 6,
        stations: 0,
    };
    Seen { network, radio: RadioState::Enabled, phy: "phy0".to_owned(), mhz: 2_437 }
}

/// Stands for the signed text: as long as it is, equal orders have equal ones and different orders different ones.
fn text_of(order: &Order) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{order:?}").hash(&mut hasher);
    format!("{:05}-{:016x}", order.number, hasher.finish())
}
