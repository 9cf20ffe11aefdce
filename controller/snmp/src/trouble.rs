//! What goes wrong between us and a device, in words a person can act on.

use std::time::Duration;

use crate::oid::Oid;

/// Why a request brought no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Silence, after all tries.
    #[error("no answer within {}.{} s: is it powered, is the address right, does it allow SNMP from here?", waited.as_secs(), waited.subsec_millis() / 100)]
    NoAnswer {
        /// How long in all.
        waited: Duration,
    },
    /// The device refused (RFC 3416 error-status).
    #[error("{}{}", status.meaning(), at.as_ref().map_or_else(String::new, |oid| format!(" (at {oid})")))]
    Refused {
        /// Its word.
        status: Status,
        /// The object it named.
        at: Option<Oid>,
    },
    /// USM turned us away (RFC 3414 §3.2): name, password, level.
    #[error("{0}")]
    Credentials(String),
    /// Something came that cannot be believed.
    #[error("answers that cannot be believed: {0}")]
    Broken(String),
    /// We could not even ask: no route, no socket, a value that cannot be sent.
    #[error("could not ask: {0}")]
    NotSent(String),
}

impl Trouble {
    /// Whether the device might have acted on a request all the same: silence is not a no.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        matches!(self, Self::NoAnswer { .. } | Self::Broken(_))
    }
}

macro_rules! statuses {
    ($($name:ident = $number:literal, $word:literal, $meaning:literal;)*) => {
        /// What a device says instead of doing it (RFC 3416 §3, error-status; RFC 1157 for the first five).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Status { $(#[doc = $meaning] $name,)* /// A number no RFC knows.
            Unknown(i32) }

        impl Status {
            /// From the number on the wire; none for 0, noError.
            #[must_use]
            pub fn from_number(number: i32) -> Option<Self> {
                match number { 0 => None, $($number => Some(Self::$name),)* other => Some(Self::Unknown(other)) }
            }

            /// The RFC's word, as profiles write it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* Self::Unknown(_) => "unknown" }
            }

            /// From the RFC's word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// What it means to whoever looks after the device.
            #[must_use]
            pub fn meaning(self) -> String {
                match self { $(Self::$name => concat!($word, ": ", $meaning).to_owned(),)*
                    Self::Unknown(number) => format!("error-status {number}, which no RFC knows") }
            }
        }
    };
}

statuses! {
    TooBig = 1, "tooBig", "the answer does not fit into one datagram";
    NoSuchName = 2, "noSuchName", "the device has no such object, or these credentials may not see it";
    BadValue = 3, "badValue", "the device does not take this value";
    ReadOnly = 4, "readOnly", "the object is read-only; check that the device allows SET and that the write credentials are right";
    GenErr = 5, "genErr", "the device failed and does not say why; its own log may";
    NoAccess = 6, "noAccess", "these credentials may not reach the object; widen the device's SNMP view";
    WrongType = 7, "wrongType", "the device expects another type here; the profile does not fit this firmware";
    WrongLength = 8, "wrongLength", "the device expects another length here; the profile does not fit this firmware";
    WrongEncoding = 9, "wrongEncoding", "the device could not read the value; the profile does not fit this firmware";
    WrongValue = 10, "wrongValue", "the device does not take this value; the profile does not fit this firmware";
    NoCreation = 11, "noCreation", "the row is not there and cannot be made; was 00000JAPAN prepared on the device?";
    InconsistentValue = 12, "inconsistentValue", "the value does not fit the state the device is in; another setting must be changed first";
    ResourceUnavailable = 13, "resourceUnavailable", "the device has no room for it, such as no free SSID slot";
    CommitFailed = 14, "commitFailed", "the device accepted the change and failed to carry it out";
    UndoFailed = 15, "undoFailed", "the change failed half-way and could not be undone; look at the device";
    AuthorizationError = 16, "authorizationError", "the device lets these credentials do nothing of the kind; give the community or the user its rights on the device";
    NotWritable = 17, "notWritable", "the object cannot be written on this device: SET is switched off there, or the firmware has no such lever";
    InconsistentName = 18, "inconsistentName", "the row cannot be made now; another row must be made first";
}
