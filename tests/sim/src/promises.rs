//! What must hold whatever happens: a bystander's notes of what people did, held against what the radios do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use firmware_config::wire::Order;
use hirake::core::AskRefused;
use hirake_agent::core::Action;

use crate::site::Site;

/// What a person asked for, until it is answered.
#[derive(Debug, Clone)]
pub enum Wish {
    /// To open these.
    Open(String, BTreeSet<FacilityId>),
    /// To close what was opened for this reason, each opening having its own.
    Close(String),
    /// Something that opens and closes nothing for good.
    Other,
}

/// The bystander's notes.
#[derive(Debug)]
pub struct Promises {
    /// The first promise that was broken, and when.
    pub broken: Option<String>,
    /// What people ever opened, by key or by screen: nothing else may ever be on the air.
    pub ever_opened: BTreeSet<FacilityId>,
    /// What operators hold open now, where nothing that knows of it was lost.
    pub operators: BTreeMap<String, BTreeSet<FacilityId>>,
    /// Whether something people did may have been forgotten by all: a death before it was stored, a lost or old database,
    /// and no other controller that knew it.
    pub forgetful: bool,
    /// Whether entries of a record may be gone, or be written again.
    pub record_lost: bool,
    /// When the newest order left the town hall.
    pub last_ordered: Duration,
    wishes: BTreeMap<u64, Wish>,
    /// The number each AP holds.
    told: Vec<u64>,
    /// Highest number ever published, and its content.
    published: BTreeMap<u64, Vec<Order>>,
    /// Numbers may be given twice: the store that knew the last one was lost, or two reign.
    pub twins_allowed: bool,
}

impl Promises {
    /// Nothing happened yet.
    #[must_use]
    pub fn new(sites: usize) -> Self {
        Self {
            broken: None,
            ever_opened: BTreeSet::new(),
            operators: BTreeMap::new(),
            forgetful: false,
            record_lost: false,
            last_ordered: Duration::ZERO,
            wishes: BTreeMap::new(),
            told: vec![0; sites],
            published: BTreeMap::new(),
            twins_allowed: false,
        }
    }

    /// A promise is broken. The first one counts.
    pub fn broken(&mut self, at: Duration, what: impl std::fmt::Display) {
        if self.broken.is_none() {
            self.broken = Some(format!("at {:.3} s: {what}", at.as_secs_f64()));
        }
    }

    /// From here on a controller may have forgotten what it was not able to store. `known`: another one knows it all.
    pub fn memory_may_be_lost(&mut self, known: bool) {
        self.forgetful |= !known;
        (self.record_lost, self.twins_allowed) = (true, true);
    }

    /// Whether what an operator opened for this reason is held open.
    #[must_use]
    pub fn is_open_for(&self, why: &str) -> bool {
        self.operators.contains_key(why)
    }

    /// A person asks.
    pub fn wishes(&mut self, ask_id: u64, wish: Wish) {
        if let Wish::Open(_, places) = &wish {
            self.ever_opened.extend(places.iter().cloned());
        }
        self.wishes.insert(ask_id, wish);
    }

    /// A person is answered.
    pub fn answered(&mut self, ask_id: u64, outcome: Result<u64, AskRefused>) {
        match (self.wishes.remove(&ask_id), outcome) {
            (Some(Wish::Open(why, places)), Ok(_)) => {
                self.operators.insert(why, places);
            }
            (Some(Wish::Close(why)), Ok(_)) => {
                self.operators.remove(&why);
            }
            _ => {}
        }
    }

    /// An order leaves the town hall: nothing but a person's act opens, and a number is used once.
    pub fn ordered(&mut self, order: &Order, at: Duration) {
        for (place, wanted) in &order.facilities {
            if wanted.mode.is_open() && !self.ever_opened.contains(place) {
                self.broken(at, format!("order {} opens {place}, which nobody ever opened", order.number));
            }
        }
        let known = self.published.entry(order.number).or_default();
        if !known.contains(order) {
            self.last_ordered = at;
            known.push(order.clone());
            if known.len() > 1 && !self.twins_allowed {
                self.broken(at, format!("number {} is given to two orders", order.number));
            }
        }
    }

    /// Whether an order of this number ever left the town hall.
    #[must_use]
    pub fn was_published(&self, number: u64) -> bool {
        self.published.contains_key(&number)
    }

    /// An agent acts: its number never falls, a disaster is taken off the air by an order alone, and nobody who is on its
    /// radios loses a frame by its listening.
    pub fn acts(&mut self, at: usize, site: &mut Site, actions: &[Action], time: Duration) {
        let told = site.agent.as_ref().and_then(|agent| agent.told());
        for action in actions {
            let Action::Listen(scan) = action else { continue };
            if let Err(why) = site.listening.begins(scan, told.is_some_and(|(_, mode)| mode.is_open()), time) {
                self.broken(time, format!("AP {at} listens {why}"));
            }
        }
        let Some((number, mode)) = told else { return };
        if number < self.told[at] {
            let was = self.told[at];
            self.broken(time, format!("AP {at} holds order {number} and held {was}"));
        }
        self.told[at] = number;
        let closes = actions.iter().any(|action| matches!(action, Action::Remove { .. }));
        if closes && mode == Mode::Disaster {
            self.broken(time, format!("AP {at} takes a disaster off the air, holding order {number}"));
        }
    }

    /// An AP starts again with what its flash kept: below that its number never falls.
    pub fn booted(&mut self, at: usize, kept: u64) {
        self.told[at] = kept;
    }
}
