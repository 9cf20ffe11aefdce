//! The controller's core: events and the time in, actions out; the one place where anything is decided.
//!
//! Pure: no clock, no socket, no file, no `async`. Rooms, in reading order:
//! `key` and `watchman` (contacts → a position he swears to), `asks` (what a person wants → whether it is granted), `activation` (who
//! holds what open), `order` (the next order, or none), `fleet` (what each AP was ordered, says and was seen doing →
//! where it stands, by `judge`, its `witness` and its `neighbours`, with `ear` and `listening` for the silence, `retry` for the patience and
//! `trim` against too many words), `distinct` (how many devices an activation brought, about), `strangers` (networks of others that deceive),
//! `lamp` (how far the town is), `record` and `archive` (what happened, and its way to the store), `arrivals` (what of a sample is new there), `refusals` (what is turned away, counted),
//! `peers` (who else is there, and who decides), `view` (what people are told), and `town`, where they meet.

pub mod activation;
pub mod archive;
pub mod arrivals;
pub mod asks;
pub mod distinct;
mod ear;
pub mod fleet;
pub mod inventory;
pub mod judge;
pub mod key;
pub mod lamp;
pub mod listening;
pub mod neighbours;
pub mod order;
pub mod peers;
mod post;
pub mod record;
pub mod refusals;
pub mod retry;
pub mod strangers;
pub mod town;
pub mod trim;
pub mod view;
pub mod witness;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId};
pub use firmware_config::now::Now;
use firmware_config::wire::{Counts, Distinct, Heartbeat, Order, Presence, Report, Sightings};

pub use activation::{Activation, Source};
pub use inventory::{Ap, Facility, Inventory, Seat};
pub use key::{ContactReading, KeyFault, KeyPosition};
pub use record::{Entry, Kind};
pub use town::{Act, Town, read_act};
pub use view::TownView;
pub use witness::Sighting;

/// Everything that can happen to the controller.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Event {
    /// The key's contacts as they are now: at start, on each edge, on the timer.
    Contacts(ContactReading),
    /// The key's lines or panel cannot be read; `why` for people.
    ContactsUnreadable { why: String },
    /// An agent spoke.
    Reported(Report),
    /// An agent came or went.
    Presence(Presence),
    /// Counts of one interval from an AP.
    Counted(Counts),
    /// Sketches of distinct devices from an AP.
    Sketched(Distinct),
    /// An AP heard other networks on the air.
    Overheard(Sightings),
    /// A deputy spoke for an AP that SNMP flips, as an agent would; `stations`: all those on it, where the device says.
    DeputyReported { report: Report, stations: Option<u32> },
    /// A deputy reaches its AP, or does not.
    DeputyPresence(Presence),
    /// Counts of one interval, from a deputy.
    DeputyCounted(Counts),
    /// This AP has no deputy until one speaks, and why: a secret that cannot be read, for one.
    NoDeputy { ap: ApId, why: String },
    /// SNMP saw an AP that has an agent, or could not.
    Witnessed(Sighting),
    /// A message on one of the town's topics was turned away at the door; `from` is the topic.
    MessageRefused { from: String, why: String },
    /// Our own order, signature checked, as the broker keeps it.
    OwnOrderSeen(Order),
    /// Our own order, signature checked, in the hands of an AP (`Report::holds`): it says nothing of what the broker
    /// keeps.
    OwnOrderHeld(Order),
    /// What a store remembers that was not there at the start, and is now.
    Recalled(Remembered),
    /// The store was damaged: it lies under the name `file` now, and a new one, which knows nothing, was begun.
    StoreSetAside { file: String, why: String },
    /// What was kept long enough is gone from the store.
    Deleted(Deleted),
    /// The record is not as it was written at one place ([`Kind::RecordAltered`]).
    RecordAltered { number: u64, what: &'static str, at: Option<String> },
    /// Something that is not our order stands on the order topic.
    ForeignOrderSeen { why: String },
    /// A controller of this town spoke, signature checked; it may be a recording, and it may be our own voice.
    PeerHeard(Heartbeat),
    /// The database spoke of the lock, which was wanted.
    Lock(peers::Lock),
    /// The connection to the broker is up (`Ok`) or down.
    Broker(Result<(), String>),
    /// Batch `0` was stored (`Ok`) or not.
    Stored { batch: u64, outcome: Result<(), String> },
    /// A person asks through HTTP; the answer goes to `ask_id`.
    Asked { ask_id: u64, by: String, ask: Ask },
    /// The time asked for by [`Town::next_wake`] has come.
    Woke,
}

/// What a person may ask for.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Ask {
    /// Open facilities (none named: every shelter).
    Open { facilities: Option<BTreeSet<FacilityId>>, why: String },
    /// Start a drill of this length.
    Drill { facilities: Option<BTreeSet<FacilityId>>, length: Duration, why: String },
    /// End one activation that an operator opened.
    Close { activation: u64, why: String },
    /// Leave a broken key panel out of account, with a reason; what the key held open stays open.
    IsolateKey { why: String },
    /// Take the key panel back into account.
    RestoreKey { why: String },
}

/// Why an [`Ask`] was not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum AskRefused {
    /// No such facility.
    #[error("no facility \"{0}\" in this town")]
    NoSuchFacility(FacilityId),
    /// No such activation in force.
    #[error("no activation {0} is in force")]
    NoSuchActivation(u64),
    /// Whoever opened, closes.
    #[error("activation {id} was opened by {by}; only {by} closes it")]
    NotYours { id: u64, by: String },
    /// A drill needs an end within reason.
    #[error("a drill lasts 1 to {max_min} minutes; asked for {asked_min}")]
    DrillLength { asked_min: u64, max_min: u64 },
    /// No facility of this town is a shelter, and none was named.
    #[error("no facility is a shelter; name the facilities to open")]
    NothingToOpen,
    /// As many activations as an order can carry are in force already.
    #[error("{max} activations are in force, as many as one order carries; close one first")]
    TooMany { max: usize },
    /// A reason must be given.
    #[error("a reason must be given")]
    NoReason,
}

/// Everything the core may ask of the world, in the order given.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Action {
    /// Sign (once; the signed text is kept with the number) and publish, retained.
    Publish(Order),
    /// The order in force is another controller's to carry out: deputies watch by it, and switch nothing.
    Watch(Order),
    /// Sign and publish, retained: that this controller is there.
    Beat(Heartbeat),
    /// The lock in the database is wanted from now on, or no more.
    Lock { wanted: bool },
    /// Send the order in force again to one AP that has not confirmed it, `by` whoever flips it.
    PublishAgain { ap: ApId, by: inventory::Managed, order: Order },
    /// Store, in one transaction; answer with [`Event::Stored`]. Not stored: the core asks again.
    Store { batch: u64, what: Durable },
    /// Say these in the log: every entry, as it is made, whatever becomes of it in the store.
    Log(Vec<Entry>),
    /// Counts to keep. Their loss is reported by the store itself; they never hold anything up.
    StoreCounts(Counts),
    /// A sketch of distinct devices to keep, merged with what is kept of that AP and activation.
    StoreSketch(distinct::KeptSketch),
    /// What the lamp and the buzzer at the key are to do from now on.
    Signal { lamp: Pattern, buzzer: Pattern },
    /// The answer to a person: the activation opened or ended (0 where there is none), or why not.
    Answer { ask_id: u64, outcome: Result<u64, AskRefused> },
}

/// What was deleted from the store because its time was up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The deletion's number in the store, by which it knows that the record tells of it.
    pub id: i64,
    /// [`Kind::CountsDeleted`], [`Kind::SketchesDeleted`] or [`Kind::RecordDeleted`].
    pub kind: Kind,
    /// How many rows.
    pub rows: u64,
    /// Time of the oldest, ISO 8601.
    pub from: String,
    /// Time of the newest.
    pub to: String,
    /// Of the record: the last entry that went, and its hash in figures; the chain goes on from it.
    pub last: Option<(u64, String)>,
}

/// What must survive a power cut, as one whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Durable {
    /// A new order, if one was decided.
    pub order: Option<Order>,
    /// Every activation in force.
    pub activations: Vec<Activation>,
    /// Entries not yet stored, oldest first. An entry that is stored twice under one `seq` counts once.
    pub entries: Vec<Entry>,
    /// The key position sworn to, and whether the key is isolated (with the reason).
    pub key: key::KeyMemory,
}

/// What was found in the store at start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Remembered {
    /// The newest order.
    pub order: Option<Order>,
    /// Activations in force.
    pub activations: Vec<Activation>,
    /// The key as last sworn to.
    pub key: key::KeyMemory,
    /// The last act of each facility key that the record tells of.
    pub facility_acts: Vec<(ApId, Act)>,
    /// Highest activation number ever given.
    pub last_activation: u64,
    /// Highest entry number ever given.
    pub last_entry: u64,
}

/// What a lamp or a buzzer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pattern {
    /// Nothing.
    #[default]
    Off,
    /// On all the time.
    Steady,
    /// Half a second on, half a second off: still settling.
    Blink,
    /// Two short flashes, a pause: somebody must look at the key, or (the lamp alone) at the screen.
    Alarm,
}
