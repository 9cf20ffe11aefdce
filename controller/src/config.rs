//! The desk at the entrance: `controller.toml` in, a proven `Config` out, or every complaint at once.

mod desk;
mod facility_key;
mod house;
mod key;
mod nearest;
mod radio;
mod read;
mod snmp;
mod standby;
mod syntax;
mod table;
mod town;
mod twice;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::core::Inventory;
use crate::store::keep::Keep;

pub use desk::{Complaints, REMARKS_MAX, Remark};
pub use house::{BROKER_LISTEN, HTTP_LISTEN, MQTT_PORT, SIGNING_KEY, STORE_PATH};
pub use snmp::{SnmpAgent, SnmpConfig, SnmpCredentials, SnmpDevice, SnmpNotify, SnmpUser};

/// Everything the controller is told by file.
#[derive(Debug, Clone)]
pub struct Config {
    /// The town.
    pub inventory: Inventory,
    /// The key panel.
    pub key: KeyConfig,
    /// The broker.
    pub broker: BrokerConfig,
    /// The SQLite file.
    pub store: PathBuf,
    /// How long what is kept in it.
    pub keep: Keep,
    /// The town's private signing key; made on first start. The public half is written beside it, ending in `.pub`.
    pub signing_key: PathBuf,
    /// The file with the address of the database that holds the lock of several controllers; none: no lock.
    pub lock_url: Option<PathBuf>,
    /// Where the dashboard and `/api/v1` listen. Loopback only until sign-in exists.
    pub http: SocketAddr,
    /// The file with the token for acts over HTTP; none: no acts over HTTP.
    pub token_file: Option<PathBuf>,
    /// Access points without our agent, and second pairs of eyes.
    pub snmp: SnmpConfig,
    /// What does not go together with other files: to be mended, `hirake check` says so; the town starts all the same.
    pub amiss: Vec<Remark>,
    /// What works and is worth a look all the same, in the order of the file: for `hirake check` and the log.
    pub notes: Vec<Remark>,
}

/// How the key is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyConfig {
    /// No key: people open by screen or terminal.
    Absent,
    /// Contacts on a Linux GPIO character device.
    Gpio(GpioKey),
    /// A key panel behind a Unix socket (docs/wire.md, "the key panel").
    Panel {
        /// The socket the panel listens on.
        socket: PathBuf,
        /// Whether the panel has the third contact.
        drill: bool,
    },
}

/// Contacts, lamp and buzzer on one GPIO chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpioKey {
    /// Device path, name or label of the chip.
    pub chip: String,
    /// The normally-open contact.
    pub no: Line,
    /// The normally-closed contact; none: a single-contact panel, weaker.
    pub nc: Option<Line>,
    /// The drill contact.
    pub drill: Option<Line>,
    /// The lamp.
    pub lamp: Option<Line>,
    /// The buzzer.
    pub buzzer: Option<Line>,
    /// A closed contact reads 0 (a contact to ground with a pull-up).
    pub active_low: bool,
    /// What holds an open contact's line.
    pub bias: Bias,
    /// How long a contact must rest before it is believed.
    pub debounce: Duration,
}

/// One line of the chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// By its name.
    Name(String),
    /// By its offset.
    Offset(u32),
}

/// The bias of an input line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bias {
    /// Whatever the board does.
    #[default]
    AsIs,
    /// Pulled up.
    PullUp,
    /// Pulled down.
    PullDown,
    /// None.
    Disabled,
}

/// Where MQTT goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerConfig {
    /// The broker inside.
    Inside {
        /// Where agents reach it.
        listen: SocketAddr,
        /// The secret of which the password of each AP is made; none: any password is taken, and the log says so.
        agents_password_file: Option<PathBuf>,
    },
    /// Another broker.
    Outside {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
        /// User name and the file with its password.
        login: Option<(String, PathBuf)>,
        /// The secret of which the password of each AP is made, for whoever writes the broker's password file.
        agents_password_file: Option<PathBuf>,
    },
}

impl BrokerConfig {
    /// The file with the secret of which the password of each AP is made.
    #[must_use]
    pub fn agents_password_file(&self) -> Option<&Path> {
        let (Self::Inside { agents_password_file, .. } | Self::Outside { agents_password_file, .. }) = self;
        agents_password_file.as_deref()
    }
}
