//! One set of credentials speaking to one device: a question out, an answer or trouble in, engines found out anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use async_snmp::{Auth, Client, ClientBuilder, DecodeConfig, ErrorKind, Retry};
use tokio::time::timeout;

use super::door::{Door, Hint, TRIES, Tries};
use super::sockets::{Gate, Sockets, Tally};
use super::words;
use crate::credentials::{Credentials, Privacy};
use crate::engine::{name, outgoing};
use crate::oid::Oid;
use crate::trouble::Trouble;
use crate::value::VarBind;

/// SNMPv3 requests without an answer, one after another, after which the device's engine is found out anew: its clock may
/// have fallen back with a power cut, or it may be another device.
const SILENT_MAX: u32 = 3;
/// Before a SET it is asked up to so many times more who the device is…
const WHO_AGAIN: u32 = 2;
/// …and so far apart: a SET may be waited for for 20 s, and a lost question is none of its own.
const WHO_EVERY: std::time::Duration = std::time::Duration::from_secs(2);
/// The longest a device that was never spoken to is waited for at first: nobody knows that it is there, and one that is
/// slower is asked again with all patience.
const KNOCK: std::time::Duration = std::time::Duration::from_secs(1);
/// Longer than any question is waited for: the library must not give up before we do.
const NEVER: std::time::Duration = std::time::Duration::from_secs(3600);
/// More varbinds than any request of ours has; the library must not split what we put together.
const BINDS_MAX: usize = 1000;
/// Two questions at once may draw the same number; three times in a row they do not.
const SAME_ID_TRIES: usize = 3;

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Question {
    Get(Vec<Oid>),
    Next(Vec<Oid>),
    /// Every name so many times; at least once.
    Bulk(Vec<Oid>, u32),
    Set(Vec<VarBind>),
}

/// Who speaks.
pub(super) struct Voice {
    client: Client<Door>,
    door: Door,
    tally: Arc<Tally>,
    version: Version,
    silent: AtomicU32,
    /// Who the device is was asked and answered.
    introduced: AtomicBool,
    /// Messages are encrypted; and an answer was had with these credentials.
    private: bool,
    proven: AtomicBool,
    /// The next question is only to find out whether somebody is there.
    knock: AtomicBool,
    /// How often the device's engine was found out anew: by all voices, and when this one last did.
    turns: Arc<AtomicU32>,
    turn: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2c,
    V3,
}

impl Voice {
    /// # Errors
    /// The credentials cannot be used.
    pub async fn new(
        sockets: &Sockets,
        gate: &Gate,
        credentials: &Credentials,
        context: &str,
    ) -> Result<Self, Trouble> {
        let (auth, version): (Auth, _) = match credentials {
            Credentials::V1 { community } => (Auth::v1(community.text()), Version::V1),
            Credentials::V2c { community } => (Auth::v2c(community.text()), Version::V2c),
            Credentials::V3(user) => {
                let speaker = sockets.speaker(user).await?;
                (speaker.context_name(context.to_owned()).into(), Version::V3)
            }
        };
        // Each voice has its own hint; address policy and counts are the device's.
        let door = Door { hint: Arc::default(), heard: Arc::default(), ..gate.door.clone() };
        let mut building = ClientBuilder::new(auth)
            .request_timeout(NEVER)
            .retry(Retry::none())
            .max_oids_per_request(BINDS_MAX)
            .decode_config(DecodeConfig::default());
        if matches!(credentials, Credentials::V3(user) if matches!(user.privacy, Some((Privacy::Des, _)))) {
            building = building.des_salt_state(sockets.salts());
        }
        let client = building
            .build_with_transport(door.clone())
            .map_err(|error| Trouble::Credentials(format!("these credentials cannot be used: {error}")))?;
        Ok(Self {
            client,
            door,
            tally: Arc::clone(sockets.tally()),
            version,
            silent: AtomicU32::new(0),
            introduced: AtomicBool::new(false),
            knock: AtomicBool::new(false),
            private: matches!(credentials, Credentials::V3(user) if user.privacy.is_some()),
            proven: AtomicBool::new(false),
            turns: Arc::clone(&gate.turns),
            turn: AtomicU32::new(gate.turns.load(Ordering::Relaxed)),
        })
    }

    /// The version it speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What all sessions count.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether answers from another address are taken.
    pub fn answers_from_anywhere(&self, yes: bool) {
        self.door.anywhere.store(yes, Ordering::Relaxed);
    }

    /// The next read is sent once and waited for at most [`KNOCK`].
    pub fn knock_first(&self) {
        self.knock.store(true, Ordering::Relaxed);
    }

    /// Asks, within `tries`; with SNMPv3 the discovery of an engine may take as long again.
    ///
    /// # Errors
    /// Why there is no answer to be had.
    pub async fn ask(&self, question: &Question, tries: Tries) -> Result<Vec<VarBind>, Trouble> {
        let behind = || self.turn.load(Ordering::Relaxed) != self.turns.load(Ordering::Relaxed);
        let is_set = matches!(question, Question::Set(_));
        let knocks = !is_set && self.knock.swap(false, Ordering::Relaxed);
        let tries = if knocks { Tries::once(tries.every.min(KNOCK)) } else { tries };
        let who = match is_set {
            true => Tries { resends: WHO_AGAIN, every: tries.every.min(WHO_EVERY) },
            false => Tries::once(tries.every),
        };
        if self.version == Version::V3 && (self.silent.load(Ordering::Relaxed) >= SILENT_MAX || behind()) {
            self.rediscover(who).await?;
        } else if self.version == Version::V3 && is_set && !self.introduced.load(Ordering::Relaxed) {
            // The library would ask for itself, as patiently as a SET is waited for.
            self.find_out(who).await?;
        }
        let first = self.put(question, tries).await;
        // The device says that its engine is not the one we know. A read is asked again at once; a SET never is: whoever
        // ordered it reads first (the forger of such a word could otherwise have it done twice).
        if matches!(first, Err(Trouble::NoAnswer { .. })) && self.door.hint.take() == Hint::EngineChanged {
            self.rediscover(who).await?;
            if !is_set {
                return self.put(question, tries).await;
            }
        }
        first
    }

    async fn put(&self, question: &Question, tries: Tries) -> Result<Vec<VarBind>, Trouble> {
        let started = Instant::now();
        self.door.hint.set(Hint::Nothing);
        let mut answer = self.carry(question, tries).await;
        for _ in 0..SAME_ID_TRIES {
            if !matches!(&answer, Some(Err(error)) if error.kind() == ErrorKind::RequestIdInUse) {
                break;
            }
            answer = self.carry(question, tries).await;
        }
        let answer = match answer {
            None => Err(Trouble::NoAnswer { waited: started.elapsed() }),
            Some(answer) => answer.map_err(|error| words::trouble(&error, started.elapsed())),
        };
        match answer {
            Ok(binds) => {
                self.silent.store(0, Ordering::Relaxed);
                self.proven.store(true, Ordering::Relaxed);
                self.introduced.store(true, Ordering::Relaxed);
                let came = binds.len();
                let binds: Vec<VarBind> = binds.into_iter().filter_map(words::incoming).collect();
                if binds.len() < came {
                    self.tally.misshapen.add();
                }
                Ok(binds)
            }
            Err(Trouble::NoAnswer { waited }) => {
                self.tally.timeouts.add();
                self.silent.fetch_add(tries.resends.saturating_add(1), Ordering::Relaxed);
                Err(self.turned_away().unwrap_or(Trouble::NoAnswer { waited }))
            }
            Err(trouble) => {
                self.silent.store(0, Ordering::Relaxed);
                if matches!(trouble, Trouble::Credentials(_)) {
                    self.tally.turned_away.add();
                }
                Err(trouble)
            }
        }
    }

    /// One exchange; none: all tries were in vain.
    async fn carry(&self, question: &Question, tries: Tries) -> Option<async_snmp::Result<Vec<async_snmp::VarBind>>> {
        let names = |oids: &[Oid]| oids.iter().map(name).collect::<Vec<_>>();
        let exchange = async {
            Ok(match question {
                Question::Get(oids) => self.client.get_many(&names(oids)).await?.varbinds,
                Question::Next(oids) => self.client.get_next_many(&names(oids)).await?.varbinds,
                Question::Bulk(oids, times) => self.client.get_bulk(&names(oids), 0, *times).await?,
                Question::Set(binds) => {
                    let binds: Vec<_> = binds.iter().map(|bind| (name(&bind.oid), outgoing(&bind.value))).collect();
                    self.client.set_many(&binds).await?.varbinds
                }
            })
        };
        // Twice: the discovery of an engine is an exchange of its own before the question.
        let whole = tries.whole().saturating_mul(2);
        timeout(whole, TRIES.scope(tries, exchange)).await.ok()
    }

    /// What a device said in the clear while it kept silent otherwise, in words; the engine's changes are not for here.
    fn turned_away(&self) -> Option<Trouble> {
        let hint = self.door.hint.take();
        let words = match hint {
            // What it cannot decrypt a device throws away without a word (net-snmp does).
            Hint::Nothing
                if self.private && !self.proven.load(Ordering::Relaxed) && self.door.heard.load(Ordering::Relaxed) =>
            {
                "the device says who it is and is silent then; the privacy password or protocol may be wrong"
            }
            Hint::Nothing => return None,
            Hint::EngineChanged => {
                self.door.hint.set(hint);
                return None;
            }
            Hint::UnknownUser => "the device does not know this user; check its name and the device's SNMPv3 users",
            Hint::WrongDigest => "the device says that the authentication password or protocol is wrong",
            Hint::Decryption => "the device says that the privacy password or protocol is wrong",
            Hint::Level => {
                "the device does not take this user at this security level; check authentication and privacy there"
            }
        };
        self.tally.turned_away.add();
        Some(Trouble::Credentials(words.to_owned()))
    }

    /// Finds out anew who the device is. Nothing is lost where it stays silent.
    async fn rediscover(&self, tries: Tries) -> Result<(), Trouble> {
        self.find_out(tries).await?;
        self.tally.rediscoveries.add();
        // Another voice that was first is followed; the first is followed by the others.
        let turns = self.turns.load(Ordering::Relaxed);
        let turn = if self.turn.load(Ordering::Relaxed) == turns { turns.wrapping_add(1) } else { turns };
        self.turns.store(turn, Ordering::Relaxed);
        self.turn.store(turn, Ordering::Relaxed);
        tracing::info!(device = %self.client.peer_addr(), "found out anew which SNMP engine the device has");
        Ok(())
    }

    /// Asks who the device is. Nothing of ours was done by it where that is not answered.
    async fn find_out(&self, tries: Tries) -> Result<(), Trouble> {
        let started = Instant::now();
        let found = timeout(tries.whole(), TRIES.scope(tries, self.client.rediscover_engine())).await;
        match found {
            Ok(Ok(())) => {
                self.silent.store(0, Ordering::Relaxed);
                self.introduced.store(true, Ordering::Relaxed);
                Ok(())
            }
            Ok(Err(error)) => Err(words::trouble(&error, started.elapsed())),
            Err(_) => {
                self.tally.timeouts.add();
                Err(Trouble::NoAnswer { waited: started.elapsed() })
            }
        }
    }
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Voice({:?}, {})", self.version, self.client.peer_addr())
    }
}
