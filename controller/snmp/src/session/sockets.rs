//! The socket all devices are asked through, keys made once for each user, and counts of what went over it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use async_snmp::v3::{DesSaltState, PersistedDesSaltState};
use async_snmp::{MasterKeys, UdpStats, UdpTransport, UsmConfig};
use tokio::sync::{Mutex, OnceCell};

use super::door::{Door, HintCell};
use crate::credentials::User;
use crate::engine::{auth_protocol, privacy_protocol};
use crate::trouble::Trouble;

/// Asked of the kernel: 64 answers of 64 kB at once would fill it. With the usual 208 kB bursts of 256 answers overflow.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
/// Where Linux says how much of that it gives to anybody.
const RECEIVE_BUFFER_LIMIT: &str = "/proc/sys/net/core/rmem_max";
/// What we send at most: one Ethernet frame, so that nothing is cut into fragments.
const REQUEST_BYTES: usize = 1472;
/// What we say we can take in one SNMPv3 message: all that UDP carries, or a long text could not be read at all. Polls
/// keep answers short by asking for few varbinds at once.
const ANSWER_BYTES: usize = 65_507;

/// The sockets of all sessions. Clones are the same.
#[derive(Clone)]
pub struct Sockets {
    shared: Arc<Shared>,
}

struct Shared {
    v4: UdpTransport,
    v6: OnceCell<UdpTransport>,
    keys: Mutex<Vec<(User, MasterKeys)>>,
    salts: DesSaltState,
    tally: Arc<Tally>,
}

/// A count that only rises.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What sessions count; the library's sockets count the rest.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub sent: Count,
    pub resent: Count,
    pub answers: Count,
    pub timeouts: Count,
    pub wrong_source: Count,
    pub not_believed: Count,
    pub turned_away: Count,
    pub rediscoveries: Count,
    pub misshapen: Count,
    pub tables_cut: Count,
    pub stepped_down: Count,
}

/// Counts of all sessions since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Requests sent for the first time; discoveries of engines among them.
    pub sent: u64,
    /// Sent again after silence.
    pub resent: u64,
    /// Answers believed.
    pub answers: u64,
    /// Requests given up after all tries.
    pub timeouts: u64,
    /// Datagrams that are no SNMP.
    pub malformed: u64,
    /// Datagrams that answer nothing asked now: late, twice, another request id, another community.
    pub late_or_unknown: u64,
    /// Answers from an address that was not asked.
    pub wrong_source: u64,
    /// Answers to a request of ours that failed a check: version, keys, clock, encoding.
    pub not_believed: u64,
    /// Requests turned away by a device's SNMPv3 credentials check.
    pub turned_away: u64,
    /// Engines found out anew: lost engineBoots, exchanged devices. Also what a forged device would look like.
    pub rediscoveries: u64,
    /// Answers with too few, too many or other varbinds than asked for.
    pub misshapen: u64,
    /// Tables stopped before their end: loops, names that do not rise, row limits.
    pub tables_cut: u64,
    /// Times a device was asked for fewer rows at once from then on.
    pub stepped_down: u64,
}

impl Sockets {
    /// Opens the IPv4 socket; the IPv6 one follows with the first device that needs it. Logs how large a receive buffer
    /// the system gives.
    ///
    /// # Errors
    /// [`Trouble::NotSent`]: no socket, or no random numbers.
    pub async fn open() -> Result<Self, Trouble> {
        let v4 = bind("0.0.0.0:0").await?;
        let limit = std::fs::read_to_string(RECEIVE_BUFFER_LIMIT).ok().and_then(|text| text.trim().parse().ok());
        let bytes = limit.map_or(RECEIVE_BUFFER_BYTES, |limit: usize| limit.min(RECEIVE_BUFFER_BYTES));
        if bytes < RECEIVE_BUFFER_BYTES {
            tracing::info!(
                bytes,
                wanted = RECEIVE_BUFFER_BYTES,
                "the SNMP socket's receive buffer is smaller than asked for; set net.core.rmem_max for thousands of devices"
            );
        } else {
            tracing::info!(bytes, "the SNMP socket's receive buffer");
        }
        Ok(Self {
            shared: Arc::new(Shared {
                v4,
                v6: OnceCell::new(),
                keys: Mutex::new(Vec::new()),
                salts: salts()?,
                tally: Arc::default(),
            }),
        })
    }

    /// Counts until now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let tally = &self.shared.tally;
        let sockets: [Option<UdpStats>; 2] =
            [Some(self.shared.v4.stats()), self.shared.v6.get().map(UdpTransport::stats)];
        let of = |count: fn(&UdpStats) -> u64| sockets.iter().flatten().map(count).sum();
        Stats {
            sent: tally.sent.get(),
            resent: tally.resent.get(),
            answers: tally.answers.get(),
            timeouts: tally.timeouts.get(),
            malformed: of(|stats| stats.malformed_datagrams),
            late_or_unknown: of(|stats| stats.discarded_datagrams),
            wrong_source: tally.wrong_source.get(),
            not_believed: tally.not_believed.get(),
            turned_away: tally.turned_away.get(),
            rediscoveries: tally.rediscoveries.get(),
            misshapen: tally.misshapen.get(),
            tables_cut: tally.tables_cut.get(),
            stepped_down: tally.stepped_down.get(),
        }
    }

    /// What the credentials of one device share: its place at the socket, and how often its engine was found out anew.
    ///
    /// What is known of an engine is shared by nobody, though the library has a cache for it: cheap devices leave the
    /// factory with the same engine identity, and a cache in common holds one's clock against the other's; and it holds a
    /// clock from before a power cut against the device that lost it, even when asked anew.
    pub(super) async fn gate(&self, address: SocketAddr) -> Result<Gate, Trouble> {
        let socket = match address {
            SocketAddr::V4(_) => &self.shared.v4,
            SocketAddr::V6(_) => self.shared.v6.get_or_try_init(|| bind("[::]:0")).await?,
        };
        let door = Door {
            handle: socket.handle(address).map_err(|error| Trouble::NotSent(error.to_string()))?,
            anywhere: Arc::new(AtomicBool::new(false)),
            hint: Arc::new(HintCell::default()),
            heard: Arc::default(),
            tally: Arc::clone(&self.shared.tally),
        };
        Ok(Gate { door, turns: Arc::default() })
    }

    pub(super) fn tally(&self) -> &Arc<Tally> {
        &self.shared.tally
    }

    pub(super) fn salts(&self) -> DesSaltState {
        self.shared.salts.clone()
    }

    /// A user as the library takes one. The keys of each user are made once, away from the loop.
    ///
    /// # Errors
    /// [`Trouble::Credentials`], without the passwords.
    pub(super) async fn speaker(&self, user: &User) -> Result<UsmConfig, Trouble> {
        let speaker = UsmConfig::new(user.name.clone());
        if user.auth.is_none() {
            return Ok(speaker);
        }
        // Held while the keys are made: the next session of the same user waits for them instead of making them too.
        let mut known = self.shared.keys.lock().await;
        let keys = match known.iter().find(|(known, _)| known == user) {
            Some((_, keys)) => keys.clone(),
            None => {
                let for_whom = user.clone();
                let made = tokio::task::spawn_blocking(move || keys_of(&for_whom)).await;
                let made = made.map_err(|_| Trouble::Credentials(format!("user \"{}\": no keys", user.name)))??;
                known.push((user.clone(), made.clone()));
                made
            }
        };
        speaker.with_master_keys(keys).map_err(|error| unusable(user, &error.to_string()))
    }
}

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sockets({:?})", self.stats())
    }
}

/// See [`Sockets::gate`].
#[derive(Clone)]
pub(super) struct Gate {
    pub door: Door,
    /// How often the engine was found out anew.
    pub turns: Arc<AtomicU32>,
}

async fn bind(address: &str) -> Result<UdpTransport, Trouble> {
    let building = UdpTransport::builder()
        .bind(address)
        .recv_buffer_size(RECEIVE_BUFFER_BYTES)
        .receive_capacity(ANSWER_BYTES)
        .send_capacity(REQUEST_BYTES)
        .warn_on_source_mismatch(false);
    building.build().await.map_err(|error| Trouble::NotSent(error.to_string()))
}

/// DES must not meet a salt twice under one key (RFC 3414 §8.1.1.1). Half of the salt is a count; the other half is the
/// sender's count of starts, for which a random number drawn at every start does: sessions then need no disk, and two
/// starts of 2^31 possible ones meet about as rarely as two counts would be lost with a disk.
fn salts() -> Result<DesSaltState, Trouble> {
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| Trouble::NotSent(format!("no random numbers: {error}")))?;
    // 1 to 2^31 - 2: the library counts one further.
    let epoch = u32::from_ne_bytes(random) % (i32::MAX.unsigned_abs() - 1) + 1;
    PersistedDesSaltState::new(epoch)
        .and_then(|before| DesSaltState::restart(before, |_| Ok::<(), std::convert::Infallible>(())))
        .map_err(|error| Trouble::NotSent(error.to_string()))
}

fn keys_of(user: &User) -> Result<MasterKeys, Trouble> {
    let Some((auth, password)) = &user.auth else {
        return Err(unusable(user, "no authentication"));
    };
    let keys = MasterKeys::new(auth_protocol(*auth), password.text().as_bytes());
    let keys = match &user.privacy {
        None => keys,
        Some((privacy, secret)) if secret == password => {
            keys.and_then(|keys| keys.with_privacy_same_password(privacy_protocol(*privacy)))
        }
        Some((privacy, secret)) => {
            keys.and_then(|keys| keys.with_privacy(privacy_protocol(*privacy), secret.text().as_bytes()))
        }
    };
    keys.map_err(|error| unusable(user, &error.to_string()))
}

fn unusable(user: &User, why: &str) -> Trouble {
    Trouble::Credentials(format!("the credentials of user \"{}\" cannot be used: {why}", user.name))
}
