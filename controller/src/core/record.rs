//! The record: what happened, when, to what and why, in a form that any language can tell.

use firmware_config::wire::WallMs;

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
    /// Somebody opened: `id`, `by`, `mode`, `facilities` (comma-separated, or `all`), `why`, `until` for a drill.
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
    /// A message was turned away: `from`, `why`, `more` (how many like it were not written down).
    MessageRefused = "message-refused",
    /// An AP turned a message away: `ap`, `reason`, `why`.
    ApRefusedMessage = "ap-refused-message",
    /// The order topic held something that is not our order; ours was sent again: `why`.
    OrderRestored = "order-restored",
    /// An order with a higher number than we remembered, signed by us, was found: `number`.
    OrderRemembered = "order-remembered",
    /// The broker cannot be reached: `why`.
    BrokerLost = "broker-lost",
    /// The broker can be reached again.
    BrokerBack = "broker-back",
    /// The record could not be stored; entries are kept in memory and in the log: `why`.
    StoreLost = "store-lost",
    /// The record is stored again: `kept` (how many entries waited).
    StoreBack = "store-back",
    /// A person asked for something and was refused: `by`, `ask`, `why`.
    AskRefused = "ask-refused",
}
