//! A town hall: the real controller core, its disk, its contacts and its line to the broker. A town has one or two.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use firmware_config::ident::{ApId, ControllerId, FacilityId};
use hirake::core::inventory::{Ap, Managed};
use hirake::core::{
    Action, ContactReading, Durable, Entry, Facility, Inventory, Now, Remembered, Seat, Town, read_act,
};

use crate::gear::GEAR;
use crate::switch::{SWITCHED, act_of};
use crate::world::Due;

/// Contacts at 平時.
pub const NORMAL: ContactReading = ContactReading::Pair { no: false, nc: true, drill: Some(false) };
/// Contacts at 災害.
pub const DISASTER: ContactReading = ContactReading::Pair { no: true, nc: false, drill: Some(false) };
/// Contacts at 訓練.
pub const DRILL: ContactReading = ContactReading::Pair { no: false, nc: true, drill: Some(true) };
/// A cut wire.
pub const CUT: ContactReading = ContactReading::Pair { no: false, nc: false, drill: Some(false) };
/// A short.
pub const SHORT: ContactReading = ContactReading::Pair { no: true, nc: true, drill: Some(false) };

/// The facilities; the first is no shelter.
pub const PLACES: [&str; 3] = ["hall", "gym", "school"];
/// The controllers, where there are two; the first has the lower rank.
pub const NAMES: [&str; 2] = ["yakuba", "kouminkan"];
/// The access point that a witness looks at.
pub const EYED: &str = "gym-1";
/// How long the key's drill lasts.
pub const KEY_DRILL: Duration = Duration::from_secs(600);

/// How the disk takes a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// Takes it and says so.
    Works,
    /// Says that there is no room.
    Full,
    /// Takes nothing and says nothing.
    Hangs,
    /// Takes it and says nothing.
    Mumbles,
}

/// What is on the disk.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// What a start finds.
    pub remembered: Remembered,
    /// The record, by the start of the controller that wrote it and by its number there.
    pub entries: BTreeMap<(u32, u64), Entry>,
}

/// The controller and its machine.
#[derive(Debug)]
pub struct Hall {
    /// The core; none while the controller is down.
    pub town: Option<Town>,
    /// The town as written down.
    pub inventory: Inventory,
    /// When it was started: its monotonic clock starts there.
    pub booted: Duration,
    /// How wrong its wall clock is.
    pub wall_off_ms: i64,
    /// It is gone for good.
    pub ended: bool,
    /// Counts the starts.
    pub lives: u32,
    /// The cable to the broker.
    pub linked: bool,
    /// Connected; counts the connections.
    pub connected: Option<u64>,
    /// The contacts; none: the panel cannot be read.
    pub contacts: Option<ContactReading>,
    /// How the disk is.
    pub disk: Disk,
    /// What is on it.
    pub shelf: Shelf,
    /// What was on it at some time before.
    pub backups: Vec<Shelf>,
    /// Dies when it has carried out this many actions more.
    pub dies_after: Option<usize>,
    /// When the core is woken next, as scheduled.
    pub wake: Option<Duration>,
    /// Stopped in the middle of things, and what came meanwhile; it goes on without knowing.
    pub frozen: Option<Vec<Due>>,
    /// It asks the database for the lock.
    pub wants_lock: bool,
    /// Number of the newest order it published since it was started.
    pub published: u64,
    /// It was started without what its store remembers: that one did not answer.
    pub waits_for_store: bool,
    /// That happened once: what its record tells of already it may have told again.
    pub began_without_store: bool,
}

impl Hall {
    /// A controller, of several where it has a seat, in a town of `sites` access points at each of [`PLACES`]; not
    /// started.
    #[must_use]
    pub fn new(sites: usize, seat: Option<Seat>) -> Self {
        Self {
            town: None,
            inventory: Inventory { seat, ..inventory(sites) },
            booted: Duration::ZERO,
            wall_off_ms: 0,
            ended: false,
            lives: 0,
            linked: true,
            connected: None,
            contacts: Some(NORMAL),
            disk: Disk::Works,
            shelf: Shelf::default(),
            backups: Vec::new(),
            dies_after: None,
            wake: None,
            frozen: None,
            wants_lock: false,
            published: 0,
            waits_for_store: false,
            began_without_store: false,
        }
    }

    /// The seat of the one at `at`.
    #[must_use]
    pub fn seat(at: usize, lock: bool) -> Seat {
        let rank = u8::try_from(at + 1).expect("one of two");
        Seat { id: NAMES[at].parse().expect("a name"), rank, boot: String::new(), lock }
    }

    /// Its name, where it is one of several.
    #[must_use]
    pub fn id(&self) -> Option<ControllerId> {
        self.inventory.seat.as_ref().map(|seat| seat.id.clone())
    }

    /// Whether it runs and decides.
    #[must_use]
    pub fn is_active(&self, now: Now) -> bool {
        let seat = |town: &Town| town.view(now).seat.is_none_or(|seat| seat.active);
        self.town.as_ref().is_some_and(seat)
    }

    /// Its clocks at the world's `time`.
    #[must_use]
    pub fn now(&self, time: Duration, wall_ms: i64) -> Now {
        Now { mono: time.saturating_sub(self.booted), wall_ms: wall_ms.saturating_add(self.wall_off_ms) }
    }

    /// Starts on what the disk has.
    pub fn start(&mut self, time: Duration, wall_ms: i64) -> Vec<Action> {
        self.lives += 1;
        self.booted = time;
        self.dies_after = None;
        (self.wants_lock, self.published) = (false, 0);
        if let Some(seat) = &mut self.inventory.seat {
            seat.boot = format!("boot-{}", self.lives);
        }
        let now = self.now(time, wall_ms);
        self.waits_for_store = self.disk == Disk::Hangs;
        self.began_without_store |= self.waits_for_store;
        let remembered = if self.waits_for_store { Remembered::default() } else { self.shelf.remembered.clone() };
        let (town, actions) = Town::new(self.inventory.clone(), remembered, now);
        self.town = Some(town);
        actions
    }

    /// Killed.
    pub fn kill(&mut self) {
        self.town = None;
        self.connected = None;
        self.wake = None;
        self.dies_after = None;
        self.frozen = None;
        self.wants_lock = false;
    }

    /// Takes a batch, as the disk is. `None`: no answer will come.
    ///
    /// # Errors
    /// An entry that was stored already comes again with another content: in words.
    pub fn store(&mut self, what: Durable) -> Result<Option<Result<(), String>>, String> {
        match self.disk {
            // Nothing is stored before it was asked what it remembers.
            _ if self.waits_for_store => return Ok(None),
            Disk::Works | Disk::Mumbles => self.shelf.keep(what, self.lives)?,
            Disk::Full => return Ok(Some(Err("database or disk is full".to_owned()))),
            Disk::Hangs => return Ok(None),
        }
        Ok((self.disk == Disk::Works).then_some(Ok(())))
    }

    /// Where an access point's identifier stands.
    #[must_use]
    pub fn place_of(&self, ap: &ApId) -> Option<usize> {
        self.inventory.aps.iter().position(|known| known.id == *ap)
    }

    /// Facilities by a mask of bits.
    #[must_use]
    pub fn places(mask: usize) -> BTreeSet<FacilityId> {
        let named = (0..PLACES.len()).filter(|bit| mask >> bit & 1 == 1);
        named.map(|bit| PLACES[bit].parse().expect("a name of the model town")).collect()
    }
}

impl Shelf {
    fn keep(&mut self, what: Durable, life: u32) -> Result<(), String> {
        for entry in what.entries {
            match self.entries.get(&(life, entry.seq)) {
                Some(known) if *known != entry => {
                    return Err(format!("entry {} was {known:?} and is {entry:?}", entry.seq));
                }
                Some(_) => continue,
                None => self.remembered.last_entry = entry.seq.max(self.remembered.last_entry + 1),
            }
            if let Some((ap, act)) = act_of(&entry)
                && let (Ok(ap), Some(act)) = (ap.parse(), read_act(act))
            {
                self.remembered.facility_acts.push((ap, act));
            }
            self.entries.insert((life, entry.seq), entry);
        }
        if let Some(order) = what.order {
            self.remembered.order = Some(order);
        }
        for activation in &what.activations {
            self.remembered.last_activation = self.remembered.last_activation.max(activation.id);
        }
        self.remembered.activations = what.activations;
        self.remembered.key = what.key;
        Ok(())
    }
}

fn inventory(sites: usize) -> Inventory {
    let place = |id: &str, shelter| Facility {
        id: id.parse().expect("a name of the model town"),
        name_ja: id.to_owned(),
        name_en: String::new(),
        district: String::new(),
        shelter,
        contact: String::new(),
    };
    let facilities = vec![place(PLACES[0], false), place(PLACES[1], true), place(PLACES[2], true)];
    let aps = facilities.iter().flat_map(|place| (1..=sites).map(|n| (place.id.clone(), format!("{}-{n}", place.id))));
    let ours = aps.map(|(facility, id)| Ap {
        id: id.parse().expect("a name of the model town"),
        facility,
        witness: id == EYED,
        key: SWITCHED.contains(&id.as_str()),
        name: id,
        managed: Managed::Agent,
    });
    // Behind ours, so that a place in this list is one's place among the access points with an agent.
    let gear = Ap {
        id: GEAR.parse().expect("a name of the model town"),
        facility: facilities[2].id.clone(),
        name: GEAR.to_owned(),
        managed: Managed::Snmp,
        witness: false,
        key: false,
    };
    Inventory {
        town: "shiomi".parse().expect("a name of the model town"),
        name_ja: "汐見町".to_owned(),
        name_en: "Shiomi".to_owned(),
        aps: ours.chain([gear]).collect(),
        facilities,
        agreed_share_percent: 100,
        has_key: true,
        key_drill_length: KEY_DRILL,
        seat: None,
    }
}
