//! The record: what happened, when, to what and why, in a form that any language can tell.

use std::collections::VecDeque;

use firmware_config::wire::WallMs;

/// How many entries a view carries.
pub const RECENT_ENTRIES: usize = 20;

/// One entry. Never changed once made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number; only ever rises.
    pub seq: u64,
    /// When, by the controller's clock.
    pub at_ms: WallMs,
    /// What happened.
    pub kind: Kind,
    /// Whether it belongs to a drill: 【訓練】 stands before it everywhere.
    pub drill: bool,
    /// Particulars: name and value, such as `("ap", "yakuba-1")`.
    pub fields: Vec<(&'static str, String)>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// What an entry tells. The particulars it carries stand beside each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The word in the store, in `/api/v1` and in the dashboard's tables of words.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $text),* }
            }
        }
    };
}

kinds! {
    /// The controller started: `version`.
    Started = "started",
    /// The key was turned: `from`, `to` (normal, disaster, drill).
    KeyTurned = "key-turned",
    /// The key cannot be read: `fault`, `why`.
    KeyFault = "key-fault",
    /// The key can be read again: `position`.
    KeyMended = "key-mended",
    /// An administrator left the key out of account: `by`, `why`.
    KeyIsolated = "key-isolated",
    /// …and took it back: `by`, `why`.
    KeyRestored = "key-restored",
    /// A facility key opened and closed its facility while nobody here knew: `ap`, `facility`, `act`, `since`, `until` (by
    /// the AP's own clock).
    FacilityKeyActed = "facility-key-acted",
    /// A facility key cannot be read: `ap`, `facility`, `fault`.
    FacilityKeyFault = "facility-key-fault",
    /// A facility key can be read again: `ap`, `facility`, `position`.
    FacilityKeyMended = "facility-key-mended",
    /// Somebody opened: `id`, `by`, `mode`, `facilities` (comma-separated, or `all`), `why`, `until` for a drill;
    /// of a facility key also `ap`, `act` and `since` (by the AP's own clock).
    Opened = "opened",
    /// Whoever opened closed: `id`, `by`, `mode`, `why`.
    Closed = "closed",
    /// A drill came to its end by itself: `id`.
    DrillEnded = "drill-ended",
    /// An order was decided: `number`, `open` (how many facilities), `why`.
    Ordered = "ordered",
    /// Every AP ordered to be on (or off) the air is: `number`, `aps`, `mode`.
    AllSettled = "all-settled",
    /// An AP stands otherwise than before: `ap`, `facility`, `from`, `to`, `why`.
    ApStands = "ap-stands",
    /// An AP is on the air without an order, for longer than a closing takes: `ap`, `facility`.
    LeftOpen = "left-open",
    /// …and is not any more, or is ordered to be: `ap`, `facility`.
    LeftOpenEnded = "left-open-ended",
    /// A network of others is called `00000JAPAN` or looks like it: `what` (alarm, same-name, look-alike), `ap` (that
    /// heard it), `ssid` (escaped), `bssid`, `channel`, `signal`, `why`, `more`.
    StrangeNetwork = "strange-network",
    /// A message was turned away: `from`, `why`, `more` (how many like it were not written down).
    MessageRefused = "message-refused",
    /// An AP turned a message away: `ap`, `reason`, `why`.
    ApRefusedMessage = "ap-refused-message",
    /// The order topic held something that is not our order; ours was sent again: `why`.
    OrderRestored = "order-restored",
    /// An order with a higher number than we remembered, signed by us, was found: `number`.
    OrderRemembered = "order-remembered",
    /// An order of another controller was adopted: `number`, `of`.
    OrderFollowed = "order-followed",
    /// This controller decides from now on: `of` (which it is), `why`.
    TookOver = "took-over",
    /// This controller stands by from now on: `of`, `for` (who decides), `why`.
    SteppedBack = "stepped-back",
    /// Another controller is heard: `of`.
    PeerHeard = "peer-heard",
    /// Another controller is not heard any more: `of`.
    PeerGone = "peer-gone",
    /// The broker cannot be reached: `why`.
    BrokerLost = "broker-lost",
    /// The broker can be reached again.
    BrokerBack = "broker-back",
    /// The record could not be stored; entries are kept in memory and in the log: `why`.
    StoreLost = "store-lost",
    /// The record is stored again: `kept` (how many entries waited).
    StoreBack = "store-back",
    /// The store was damaged; it was set aside, and a new one begun: `file` (its name now), `why`.
    StoreSetAside = "store-set-aside",
    /// A copy of the store was put back by hand: `from`, `number` (the copy's last entry), `replaced` (where what stood
    /// there lies now), `replaced-number` and `replaced-hash` (its last entry).
    StoreRestored = "store-restored",
    /// Counts whose time was up were deleted: `deletion` (its number in the store), `rows`, `from`, `to`.
    CountsDeleted = "counts-deleted",
    /// Sketches of distinct devices whose time was up were deleted: as above; `from` and `to` are the beginnings of the
    /// activations.
    SketchesDeleted = "sketches-deleted",
    /// The beginning of the record was deleted, its time being up: as counts, and `number` and `hash` of the last entry
    /// that went.
    RecordDeleted = "record-deleted",
    /// A place of the record is not as it was written: `number` of the entry, `what` (entry-changed, entry-inserted,
    /// entries-removed-before, entries-removed-after), `at` (the entry's time).
    RecordAltered = "record-altered",
    /// A person asked for something and was refused: `by`, `ask`, `why`.
    AskRefused = "ask-refused",
}

impl Entry {
    /// Whether it tells of an AP on its way to what was ordered, or arrived there.
    fn is_routine(&self) -> bool {
        let on_its_way = |name| {
            self.fields.iter().any(|(field, value)| *field == name && matches!(value.as_str(), "settled" | "settling"))
        };
        self.kind == Kind::ApStands && on_its_way("from") && on_its_way("to")
    }
}

impl Kind {
    /// Whether there may be one of these per AP or per message, so that they could crowd out what people did.
    fn is_plentiful(self) -> bool {
        matches!(
            self,
            Self::ApStands
                | Self::MessageRefused
                | Self::ApRefusedMessage
                | Self::FacilityKeyFault
                | Self::FacilityKeyMended
                | Self::LeftOpen
                | Self::LeftOpenEnded
                | Self::StrangeNetwork
        )
    }
}

/// Most entries kept for a store that fails, at about 300 bytes each: 6 MB. Two whole flips of 10,000 APs.
/// The oldest are kept, not the newest: how it began is what the report afterwards cannot do without.
pub const KEPT_MAX: usize = 20_000;

/// Room beyond [`KEPT_MAX`] for what people and the key did, which is rare.
pub const KEPT_RESERVE: usize = 5_000;

/// Most entries in one batch, so that one transaction stays below about 300 kB and a tenth of a second.
pub const BATCH_ENTRIES: usize = 1_000;

/// The record as it is written: numbers entries, keeps those not yet stored, and the newest for the view.
#[derive(Debug, Clone)]
pub struct Record {
    last_seq: u64,
    kept: VecDeque<Entry>,
    /// Not kept, because there was no room.
    dropped: u64,
    recent: VecDeque<Entry>,
    /// Not in the log yet.
    unsaid: Vec<Entry>,
}

impl Record {
    /// Continues after the entry `last_seq`.
    #[must_use]
    pub fn new(last_seq: u64) -> Self {
        Self { last_seq, kept: VecDeque::new(), dropped: 0, recent: VecDeque::new(), unsaid: Vec::new() }
    }

    /// Writes an entry down. One that there is no room for has its number all the same: the log has it, and the gap in
    /// the store says so.
    pub fn write(&mut self, at_ms: WallMs, kind: Kind, drill: bool, fields: Vec<(&'static str, String)>) {
        self.last_seq += 1;
        let entry = Entry { seq: self.last_seq, at_ms, kind, drill, fields };
        self.unsaid.push(entry.clone());
        let room = if kind.is_plentiful() { KEPT_MAX } else { KEPT_MAX + KEPT_RESERVE };
        if self.kept.len() >= room {
            self.dropped += 1;
            return;
        }
        self.remember(&entry);
        self.kept.push_back(entry);
    }

    /// Keeps the newest entries at hand. One flip makes two entries per AP, and a blackout one: the first are left out
    /// (that all is as ordered has an entry of its own), the others get half of the room, so that what people and the
    /// key did stays in sight.
    fn remember(&mut self, entry: &Entry) {
        if entry.is_routine() {
            return;
        }
        self.recent.push_front(entry.clone());
        let plentiful = self.recent.iter().filter(|it| it.kind.is_plentiful()).count();
        if plentiful > RECENT_ENTRIES / 2 {
            let oldest = self.recent.iter().rposition(|it| it.kind.is_plentiful());
            oldest.map(|at| self.recent.remove(at));
        }
        self.recent.truncate(RECENT_ENTRIES);
    }

    /// The last entry that one batch takes, where any waits.
    #[must_use]
    pub fn batch_end(&self) -> Option<u64> {
        let last = self.kept.len().min(BATCH_ENTRIES).checked_sub(1)?;
        self.kept.get(last).map(|entry| entry.seq)
    }

    /// The oldest entries not yet stored, for one batch.
    #[must_use]
    pub fn batch(&self) -> Vec<Entry> {
        self.kept.iter().take(BATCH_ENTRIES).cloned().collect()
    }

    /// Everything up to `seq` is stored.
    pub fn stored_up_to(&mut self, seq: u64) {
        while self.kept.front().is_some_and(|entry| entry.seq <= seq) {
            self.kept.pop_front();
        }
    }

    /// How many entries wait to be stored.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// The entries made since this was last asked.
    pub fn take_unsaid(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.unsaid)
    }

    /// How many were not kept since this was last asked.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// The newest entries, newest first.
    #[must_use]
    pub fn recent(&self) -> Vec<Entry> {
        self.recent.iter().cloned().collect()
    }
}
