//! The ear: opens the port, hears, and passes on what is a hint, at its pace.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_snmp::notification::{NotificationEnvelope, NotificationReceiver, oids};
use async_snmp::{Notification, Value};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::known::Known;
use super::pace::{Pace, Verdict};
use super::{Counts, Heard, Sums, usm};
use crate::engine::Engine;
use crate::oid::Oid;

/// How often the port is tried where it is taken or not permitted.
pub(super) const RETRY: Duration = Duration::from_secs(5);
/// How long after a failed read the next: an error that stays must not become a loop.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
/// Failed reads in a row after which the port is opened anew.
const ERRORS_MAX: u32 = 20;

/// Why the port is opened anew.
enum Ended {
    /// To forget the clocks of devices.
    Forget,
    Failed(String),
}

/// What listens.
pub(super) struct Ear {
    pub(super) at: SocketAddr,
    pub(super) forget: Duration,
    pub(super) known: Arc<Known>,
    pub(super) engine: Engine,
    pub(super) sums: Arc<Sums>,
    pub(super) hints: mpsc::Sender<Heard>,
}

impl Ear {
    /// Listens until it is dropped; `opened` has the port while there is one.
    pub(super) async fn listen(self, opened: watch::Sender<Option<NotificationReceiver>>) {
        let mut told = String::new();
        let mut paced = (Pace::default(), Instant::now());
        let mut open_before = false;
        let mut before = Counts::default();
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
                        Ended::Forget => {
                            self.say(&mut before);
                            continue;
                        }
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

    /// Says what was turned away since it was last said: a wrong password on a device shows here, and nowhere else.
    fn say(&self, before: &mut Counts) {
        let counts = self.sums.counts([0; 4]);
        let turned_away = counts.turned_away() - before.turned_away();
        if turned_away > 0 || counts.left_out > before.left_out {
            tracing::warn!(turned_away, since_the_start = ?counts, "traps were turned away or left out");
        }
        *before = counts;
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
