//! Everything that can happen to an agent, and everything it may ask of the world.

use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId, TownId};
use firmware_config::key::ContactReading;
pub use firmware_config::now::Now;
use firmware_config::sketch::Mark;
use firmware_config::wire::{
    Counts, CountsStored, Distinct, Heard as Overheard, Period, Presence, Report, Sightings, TurnedAwayReason,
};

use super::air::Air;
use super::holding::{Kept, SignedOrder};
use super::listen::{Deaf, Manner, Scan};
use super::radios::{Answer, Radio, Verb};
use super::waiting::Page;

/// Who this agent is and what it may put on the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The town.
    pub town: TownId,
    /// This AP.
    pub ap: ApId,
    /// Where it stands.
    pub facility: FacilityId,
    /// The prepared networks, one per radio.
    pub radios: Vec<Radio>,
    /// Between counts; none: nothing is counted.
    pub counts_every: Option<Duration>,
    /// Whether it has a key switch of its own.
    pub key: bool,
    /// Whether distinct devices are counted: the secret for it is there.
    pub counts_distinct: bool,
    /// How it listens for `00000JAPAN` and its look-alikes of others; none: never.
    pub listens: Option<Manner>,
}

/// Everything that can happen to an agent.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An order came whose signature is the town's.
    Offered(SignedOrder),
    /// A message was turned away at the door.
    TurnedAway {
        /// Why.
        reason: TurnedAwayReason,
        /// In words.
        why: String,
    },
    /// The contacts of the key at this AP as they are now: at start, on each edge, on the timer.
    Contacts(ContactReading),
    /// They cannot be read.
    ContactsUnreadable {
        /// Why, for people.
        why: String,
    },
    /// The ledger is written (`Ok`) or not.
    Ledger(Result<(), String>),
    /// Samples that the flash had at the start (`Err`: they could not be used; why).
    CountsFound(Result<Page, String>),
    /// Samples are on the flash (`Ok`) or not.
    CountsWritten(Result<(), String>),
    /// The controller says which samples it has stored.
    CountsStored(CountsStored),
    /// hostapd answers.
    HostapdUp,
    /// hostapd does not answer.
    HostapdDown {
        /// Why, for people.
        why: String,
    },
    /// hostapd answered about the network at `index`.
    Answered {
        /// Which prepared network.
        index: usize,
        /// What was asked.
        verb: Verb,
        /// What it said.
        answer: Answer,
    },
    /// A look came back, or could not be made.
    Looked(Result<Air, String>),
    /// hostapd told of something by itself.
    Heard(Heard),
    /// A device came to `00000JAPAN`, or came again; its mark under the key of an activation.
    Met {
        /// Which activation.
        period: Period,
        /// All that is known of the device.
        mark: Mark,
    },
    /// A radio has listened: names of others that are `00000JAPAN` or look like it. Or why it has not.
    Listened(Result<Vec<Overheard>, Deaf>),
    /// The broker can be reached.
    BrokerUp,
    /// The broker cannot be reached.
    BrokerDown {
        /// Why, for people.
        why: String,
    },
    /// The time asked for by [`Agent::next_wake`] has come.
    Woke,
}

/// What hostapd tells by itself. Who the station was is dropped before it gets here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A station associated.
    Joined {
        /// With this network.
        interface: String,
    },
    /// A station went.
    Left {
        /// From this network.
        interface: String,
    },
    /// A network came on the air, went off it, or its radio changed.
    AirChanged,
}

/// Everything an agent may ask of the world, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Write this to flash, whole; answer with [`Event::Ledger`]. Nothing waits for it.
    WriteLedger(Box<Kept>),
    /// Write these samples to flash, whole; answer with [`Event::CountsWritten`]. Nothing waits for it.
    WriteCounts(Page),
    /// `ADD bss_config`; answer with [`Event::Answered`].
    Add {
        /// Which prepared network.
        index: usize,
        /// What it is.
        radio: Radio,
    },
    /// `REMOVE`; answer with [`Event::Answered`].
    Remove {
        /// Which prepared network.
        index: usize,
        /// Its interface.
        interface: String,
    },
    /// Ask hostapd what is on the air; answer with [`Event::Looked`].
    Look,
    /// Publish, retained.
    PublishPresence(Presence),
    /// Publish, retained; only the newest counts.
    PublishReport(Box<Report>),
    /// Publish behind everything else.
    PublishCounts(Counts),
    /// Publish, retained, behind everything else; only the newest counts.
    PublishDistinct(Distinct),
    /// Publish behind everything else; only the newest counts.
    PublishSightings(Sightings),
    /// Let a radio listen; answer with [`Event::Listened`].
    Listen(Scan),
    /// Mark devices under the keys of these activations from now on, and forget all other keys.
    CountDevices(Vec<Period>),
    /// One line for the log: what happened, then fields.
    Log(String),
}
