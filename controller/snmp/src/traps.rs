//! What devices send of their own accord: traps and informs, heard as hints to look, never as truth.
//!
//! Of what came only the trap's name and its sender go further. Vendors put the addresses of people's devices into
//! traps of association: what a trap carries is neither logged nor kept.

pub mod pace;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_snmp::notification::{NotificationAcceptance, NotificationEnvelope, NotificationReceiver, oids};
use async_snmp::{Notification, SecurityLevel, UsmUser, Value};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::credentials::Credentials;
use crate::engine::{self, Engine};
use crate::oid::Oid;
use pace::{Pace, Verdict};

/// How often the port is tried where it is taken or not permitted.
const RETRY: Duration = Duration::from_secs(5);
/// How long after a failed read the next: an error that stays must not become a loop.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
/// How often the port is opened anew, which forgets the clocks of all devices: a cheap one that lost its count of starts in a
/// blackout would never be heard again by SNMPv3. What can be heard twice thereby is a hint.
const FORGET: Duration = Duration::from_secs(300);
/// Failed reads in a row after which the port is opened anew.
const ERRORS_MAX: u32 = 20;

/// Something a device sent. A reason to look at it now, and no more: anybody may have sent it, or have sent it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Where it came from.
    pub from: SocketAddr,
    /// Whom it says it is about: the agent address of a v1 trap, or snmpTrapAddress (RFC 3584 §3.1); none where it is the
    /// sender's own or not said.
    pub agent: Option<Ipv4Addr>,
    /// The trap's name (snmpTrapOID; of a v1 trap by RFC 3584 §3.1).
    pub oid: Oid,
}

impl Heard {
    /// The trap's name in words, where a standard one; its numbers otherwise.
    #[must_use]
    pub fn words(&self) -> String {
        let generic = match self.oid.arcs() {
            [1, 3, 6, 1, 6, 3, 1, 1, 5, which] => *which,
            _ => 0,
        };
        match generic {
            1 => "coldStart".to_owned(),
            2 => "warmStart".to_owned(),
            3 => "linkDown".to_owned(),
            4 => "linkUp".to_owned(),
            5 => "authenticationFailure".to_owned(),
            6 => "egpNeighborLoss".to_owned(),
            _ => self.oid.to_string(),
        }
    }
}

/// What was heard and what was not, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accepted.
    pub accepted: u64,
    /// Of those, passed on as hints.
    pub hints: u64,
    /// Of those, left out: too many sources, or nobody took hints.
    pub left_out: u64,
    /// Turned away: a community that no device of ours has.
    pub unknown_community: u64,
    /// Turned away: a user with a password came without one.
    pub below_level: u64,
    /// Turned away: no such user.
    pub unknown_user: u64,
    /// Turned away: wrong authentication password, or forged.
    pub wrong_password: u64,
    /// Turned away: wrong privacy password.
    pub undecipherable: u64,
    /// Turned away: informs that are old or sent again. Traps that are, or whose device's clock went back, are not counted.
    pub not_in_time: u64,
}

#[derive(Default)]
struct Sums {
    accepted: AtomicU64,
    hints: AtomicU64,
    left_out: AtomicU64,
    unknown_community: AtomicU64,
    below_level: AtomicU64,
    unknown_user: AtomicU64,
    wrong_password: AtomicU64,
    undecipherable: AtomicU64,
    not_in_time: AtomicU64,
}

impl Sums {
    fn add(&self, usm: [u64; 4]) {
        let sums = [&self.unknown_user, &self.wrong_password, &self.undecipherable, &self.not_in_time];
        for (sum, more) in sums.into_iter().zip(usm) {
            sum.fetch_add(more, Ordering::Relaxed);
        }
    }
}

/// The ear. Dropped, it hears no more.
pub struct Traps {
    sums: Arc<Sums>,
    open: watch::Receiver<Option<NotificationReceiver>>,
    task: JoinHandle<()>,
}

impl Traps {
    /// Listens at `at` from now on, for devices spoken to with `who`; hints go to `hints`, and are dropped where it is full.
    ///
    /// Any version may come with any of the communities. A user with a password must authenticate. Informs are
    /// acknowledged when they are accepted. A port that is taken or not permitted is logged and tried again.
    pub fn listen<'a>(
        at: SocketAddr,
        who: impl IntoIterator<Item = &'a Credentials>,
        engine: &Engine,
        hints: mpsc::Sender<Heard>,
    ) -> Self {
        Self::forgetting(FORGET, at, who, engine, hints)
    }

    fn forgetting<'a>(
        forget: Duration,
        at: SocketAddr,
        who: impl IntoIterator<Item = &'a Credentials>,
        engine: &Engine,
        hints: mpsc::Sender<Heard>,
    ) -> Self {
        let known = Known::new(who);
        let sums = Arc::new(Sums::default());
        let (opened, open) = watch::channel(None);
        let ear = Ear { at, forget, known: Arc::new(known), engine: engine.clone(), sums: Arc::clone(&sums), hints };
        Self { sums, open, task: tokio::spawn(ear.listen(opened)) }
    }

    /// What was heard and what was not.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let sum = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        let open = self.open.borrow();
        let now = open.as_ref().map_or([0; 4], usm);
        Counts {
            accepted: sum(&self.sums.accepted),
            hints: sum(&self.sums.hints),
            left_out: sum(&self.sums.left_out),
            unknown_community: sum(&self.sums.unknown_community),
            below_level: sum(&self.sums.below_level),
            unknown_user: sum(&self.sums.unknown_user) + now[0],
            wrong_password: sum(&self.sums.wrong_password) + now[1],
            undecipherable: sum(&self.sums.undecipherable) + now[2],
            not_in_time: sum(&self.sums.not_in_time) + now[3],
        }
    }

    /// Where it listens, as soon as it does; none where it was dropped before.
    pub async fn listening(&self) -> Option<SocketAddr> {
        let mut open = self.open.clone();
        let open = open.wait_for(Option::is_some).await.ok()?;
        open.as_ref().map(NotificationReceiver::local_addr)
    }
}

/// What the port itself turned away since it was opened: unknown user, wrong password, undecipherable, not in time.
fn usm(open: &NotificationReceiver) -> [u64; 4] {
    [
        open.usm_unknown_usernames(),
        open.usm_wrong_digests(),
        open.usm_decryption_errors(),
        open.usm_not_in_time_windows(),
    ]
    .map(u64::from)
}

impl Drop for Traps {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whom we listen to.
struct Known {
    communities: Vec<String>,
    users: HashMap<String, UsmUser>,
}

impl Known {
    fn new<'a>(who: impl IntoIterator<Item = &'a Credentials>) -> Self {
        let mut known = Self { communities: Vec::new(), users: HashMap::new() };
        let mut written: HashMap<String, &crate::credentials::User> = HashMap::new();
        for credentials in who {
            match credentials {
                Credentials::V1 { community } | Credentials::V2c { community } => {
                    if !known.communities.iter().any(|known| known == community.text()) {
                        known.communities.push(community.text().to_owned());
                    }
                }
                Credentials::V3(user) => match written.get(&user.name) {
                    Some(before) if *before == user => {}
                    Some(_) => tracing::warn!(
                        user = user.name,
                        "two devices have a user of this name with different passwords or protocols; traps are heard only \
                         with the first, so give them users of different names"
                    ),
                    None => match engine::user(user) {
                        Ok(taken) => {
                            known.users.insert(user.name.clone(), taken);
                            written.insert(user.name.clone(), user);
                        }
                        Err(why) => tracing::warn!(why, "traps of this user are not heard"),
                    },
                },
            }
        }
        known
    }

    /// Whether this may be a hint, counted where it may not. A password that is known must have been used: otherwise
    /// whoever knows the name could make us poll.
    fn verdict(&self, envelope: &NotificationEnvelope<'_>, sums: &Sums) -> NotificationAcceptance {
        let turned_away = if let Some(community) = envelope.community {
            let known = self.communities.iter().any(|known| known.as_bytes() == community.as_bytes());
            (!known).then_some(&sums.unknown_community)
        } else {
            let user = envelope.username.and_then(|name| std::str::from_utf8(name).ok());
            let user = user.and_then(|name| self.users.get(name));
            let keyed = user.is_none_or(|user| user.auth_protocol().is_some());
            let authentic = envelope.security_level >= Some(SecurityLevel::AuthNoPriv);
            (keyed && !authentic).then_some(&sums.below_level)
        };
        turned_away.unwrap_or(&sums.accepted).fetch_add(1, Ordering::Relaxed);
        if turned_away.is_some() { NotificationAcceptance::Reject } else { NotificationAcceptance::Accept }
    }
}

/// Why the port is opened anew.
enum Ended {
    /// To forget the clocks of devices.
    Forget,
    Failed(String),
}

struct Ear {
    at: SocketAddr,
    forget: Duration,
    known: Arc<Known>,
    engine: Engine,
    sums: Arc<Sums>,
    hints: mpsc::Sender<Heard>,
}

impl Ear {
    async fn listen(self, opened: watch::Sender<Option<NotificationReceiver>>) {
        let mut told = String::new();
        let mut paced = (Pace::default(), Instant::now());
        let mut open_before = false;
        loop {
            match self.open().await {
                Ok(receiver) => {
                    if !std::mem::replace(&mut open_before, true) {
                        tracing::info!(at = %receiver.local_addr(), "traps of devices are heard");
                    }
                    told.clear();
                    opened.send_replace(Some(receiver.clone()));
                    let ended = self.hear(&receiver, &mut paced).await;
                    opened.send_replace(None);
                    self.sums.add(usm(&receiver));
                    match ended {
                        Ended::Forget => continue,
                        Ended::Failed(why) => {
                            tracing::warn!(at = %self.at, why, "traps of devices cannot be read; the port is opened anew");
                        }
                    }
                }
                Err(why) if why == told => {}
                Err(why) => {
                    tracing::warn!(
                        at = %self.at, why,
                        "traps of devices are not heard: the port is taken, or not permitted; polls go on, and it is tried again"
                    );
                    told = why;
                    open_before = false;
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn open(&self) -> Result<NotificationReceiver, String> {
        let (known, sums) = (Arc::clone(&self.known), Arc::clone(&self.sums));
        let mut builder = NotificationReceiver::builder()
            .bind(self.at.to_string())
            .authoritative_engine(self.engine.authoritative())
            .des_salt_state(self.engine.salts())
            .acceptance_policy(move |envelope: &NotificationEnvelope<'_>| known.verdict(envelope, &sums));
        for (name, user) in &self.known.users {
            let taken = builder.usm_user(name.clone(), |_| Ok(user.clone()));
            builder = taken.map_err(|error| error.to_string())?;
        }
        builder.build().await.map_err(|error| error.to_string())
    }

    /// Hears until the port is to be opened anew. `paced` goes on from one to the next, with the start of its clock.
    async fn hear(&self, receiver: &NotificationReceiver, paced: &mut (Pace, Instant)) -> Ended {
        let (pace, start) = (&mut paced.0, paced.1);
        let forget = Instant::now() + self.forget;
        let mut errors = 0;
        // Kept over the turns of the loop: given up half-way, an inform would be accepted and never acknowledged.
        let mut next = pin!(receiver.recv());
        loop {
            let due = pace.next();
            tokio::select! {
                received = &mut next => {
                    match received {
                        Ok(received) => {
                            errors = 0;
                            if let Some(heard) = read(received.source, &received.notification) {
                                self.pass_on(pace, heard, start.elapsed());
                            }
                        }
                        Err(error) => {
                            errors += 1;
                            if errors == ERRORS_MAX {
                                return Ended::Failed(error.to_string());
                            }
                            tokio::time::sleep(ERROR_PAUSE).await;
                        }
                    }
                    next.set(receiver.recv());
                }
                () = tokio::time::sleep_until(forget) => return Ended::Forget,
                () = tokio::time::sleep_until(start + due.unwrap_or_default()), if due.is_some() => {
                    for heard in pace.due(start.elapsed()) {
                        self.hint(heard);
                    }
                }
            }
        }
    }

    fn pass_on(&self, pace: &mut Pace, heard: Heard, now: Duration) {
        match pace.hear(heard, now) {
            Verdict::Now(heard) => self.hint(heard),
            Verdict::Waits => {}
            Verdict::NotHeard => {
                self.sums.left_out.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn hint(&self, heard: Heard) {
        tracing::debug!(from = %heard.from, trap = heard.words(), "a trap");
        let sum = if self.hints.try_send(heard).is_ok() { &self.sums.hints } else { &self.sums.left_out };
        sum.fetch_add(1, Ordering::Relaxed);
    }
}

/// Its name and whom it is about; nothing else of it.
fn read(from: SocketAddr, notification: &Notification) -> Option<Heard> {
    let oid = notification.trap_oid().ok().and_then(|oid| Oid::new(oid.arcs()).ok())?;
    let agent = match notification {
        Notification::TrapV1 { trap, .. } => Some(trap.agent_addr()),
        other => other.varbinds().iter().find(|bind| bind.oid == oids::snmp_trap_address()).and_then(|bind| match bind
            .value
        {
            Value::IpAddress(octets) => Some(octets),
            _ => None,
        }),
    };
    let agent = agent.map(Ipv4Addr::from).filter(|agent| !agent.is_unspecified() && from.ip().to_canonical() != *agent);
    Some(Heard { from, agent, oid })
}
