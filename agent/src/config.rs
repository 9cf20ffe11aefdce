//! The desk at the entrance: `agent.toml` → a [`Config`], or every complaint at once, each with its line.

mod key;
mod scan;
mod table;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId, TownId};
use firmware_config::interface::{InterfaceName, PhyName};
use firmware_config::key::KeySwitch;
use firmware_config::path::FilePath;

use crate::core::Identity;
use crate::core::radios::Radio;
use crate::log::Log;
pub use scan::ScanConfig;
use table::Table;

/// Prepared networks at most: one per radio, and no AP has more radios than this.
const OPEN_MAX: usize = 8;
/// Length of a Unix socket's path (`sun_path`, less its NUL) less our own sockets' names.
const OWN_DIR_MAX_BYTES: usize = 107 - 50;

/// Everything an agent must be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The town.
    pub town: TownId,
    /// This AP.
    pub ap: ApId,
    /// Where it stands.
    pub facility: FacilityId,
    /// The ledger's file.
    pub ledger: PathBuf,
    /// The file with the town's public key.
    pub town_key: PathBuf,
    /// The broker.
    pub broker: BrokerConfig,
    /// hostapd.
    pub hostapd: HostapdConfig,
    /// The prepared networks, one per radio.
    pub open: Vec<Radio>,
    /// Between counts; none: nothing is counted.
    pub counts_every: Option<Duration>,
    /// The file with the secret under which distinct devices are counted; none: they are not.
    pub distinct_secret: Option<PathBuf>,
    /// The key switch at this AP.
    pub key: Option<KeySwitch>,
    /// How it listens for `00000JAPAN` and its look-alikes of others; none: never.
    pub scan: Option<ScanConfig>,
    /// Where log lines go; not in the file.
    pub log: Log,
}

/// Where the broker is.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// File with the password.
    pub password_file: Option<PathBuf>,
}

/// Where hostapd is.
#[derive(Debug, Clone)]
pub struct HostapdConfig {
    /// Its global control socket (`hostapd -g`).
    pub socket: PathBuf,
    /// Directory for our own sockets.
    pub own_dir: PathBuf,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Line, counted from 1.
    pub line: usize,
    /// What was found and what is allowed.
    pub text: String,
}

/// Everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|complaint| writeln!(f, "line {}: {}", complaint.line, complaint.text))
    }
}

impl std::error::Error for Complaints {}

impl Config {
    /// Reads the text of an `agent.toml`.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(text: &str) -> Result<Self, Complaints> {
        let mut root = Table::root(text);
        let town = root.parsed("town", "a town's name, such as \"shiomi\"");
        let ap = root.parsed("ap", "this AP's name, such as \"yakuba-1\"");
        let facility = root.parsed("facility", "the facility's name, such as \"yakuba\"");
        let ledger = root.path("ledger");
        let town_key = root.path("town-key");
        let broker = root.table("broker").and_then(|mut table| {
            let host = table.text("host", "a host name or address", |host| {
                (1..=253).contains(&host.len())
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b))
            });
            let port = table.integer("port", 1, 65_535);
            let password_file = table.optional_path("password-file");
            root.take_complaints(table);
            Some(BrokerConfig { host: host?, port: u16::try_from(port?).ok()?, password_file: password_file? })
        });
        let hostapd = root.table("hostapd").and_then(|mut table| {
            let socket = table.path("socket");
            let own_dir = table.optional_path("own-dir");
            root.take_complaints(table);
            Some(HostapdConfig { socket: socket?, own_dir: own_dir?.unwrap_or_else(|| PathBuf::from("/tmp")) })
        });
        if hostapd.as_ref().is_some_and(|hostapd| hostapd.own_dir.as_os_str().len() > OWN_DIR_MAX_BYTES) {
            root.complain(format!(
                "own-dir is longer than {OWN_DIR_MAX_BYTES} bytes; a socket's path has no room for it"
            ));
        }
        let open = root.open();
        let counts = root.counts();
        let key = key::read(&mut root);
        let scan = scan::read(&mut root);
        let complaints = root.finish();
        match (town, ap, facility, ledger, town_key, broker, hostapd, open, counts, key, scan) {
            (
                Some(town),
                Some(ap),
                Some(facility),
                Some(ledger),
                Some(town_key),
                Some(broker),
                Some(hostapd),
                Some(open),
                Some((counts_every, distinct_secret)),
                Some(key),
                Some(scan),
            ) if complaints.is_empty() => {
                let log = Log::default();
                Ok(Self {
                    town,
                    ap,
                    facility,
                    ledger,
                    town_key,
                    broker,
                    hostapd,
                    open,
                    counts_every,
                    distinct_secret,
                    key,
                    scan,
                    log,
                })
            }
            _ => Err(Complaints(complaints)),
        }
    }

    /// What the core must know; `counts_distinct`: the secret for it could be read.
    #[must_use]
    pub fn identity(&self, counts_distinct: bool) -> Identity {
        Identity {
            town: self.town.clone(),
            ap: self.ap.clone(),
            facility: self.facility.clone(),
            radios: self.open.clone(),
            counts_every: self.counts_every,
            key: self.key.is_some(),
            counts_distinct,
            listens: self.scan.as_ref().map(|scan| scan.manner.clone()),
        }
    }
}

impl Table<'_> {
    fn open(&mut self) -> Option<Vec<Radio>> {
        let mut radios: Vec<Radio> = Vec::new();
        let tables = self.tables("open", 1, OPEN_MAX);
        let wanted = tables.len();
        for mut table in tables {
            let name = "1 to 15 of A-Z a-z 0-9 . _ - with a letter or digit in front";
            let phy = table.text("phy", "\"phy\" and 1 to 4 digits", |text| text.parse::<PhyName>().is_ok());
            let interface = table.text("interface", name, |text| text.parse::<InterfaceName>().is_ok());
            let path = "an absolute path of at most 255 bytes, its names of A-Z a-z 0-9 . _ - + @";
            let config = table.text("config", path, |text| text.parse::<FilePath>().is_ok());
            if interface.as_ref().is_some_and(|name| radios.iter().any(|radio| radio.interface == *name)) {
                table.complain("interface stands in another [[open]] already".to_owned());
            }
            self.take_complaints(table);
            if let (Some(phy), Some(interface), Some(config)) = (phy, interface, config) {
                radios.push(Radio { phy, interface, config });
            }
        }
        (radios.len() == wanted && wanted > 0).then_some(radios)
    }

    fn counts(&mut self) -> Option<(Option<Duration>, Option<PathBuf>)> {
        let Some(mut table) = self.optional_table("counts") else { return Some((None, None)) };
        let interval = table.integer("interval-s", 5, 3600);
        let secret = table.optional_path("distinct-secret-file");
        self.take_complaints(table);
        Some((Some(Duration::from_secs(interval?)), secret?))
    }
}

#[cfg(test)]
mod tests;
