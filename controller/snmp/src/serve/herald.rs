//! The herald: notifications to the town's managers, as traps or informs; nobody who cannot be reached holds anything up.

use std::net::SocketAddr;
use std::time::Duration;

use async_snmp::agent::{Agent, SinkStatus};
use async_snmp::client::Auth;
use async_snmp::{NotificationSinkId, Retry};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::credentials::Credentials;
use crate::engine::{self, Engine};
use crate::oid::Oid;
use crate::value::VarBind;

/// Notifications waiting for one manager: every facility of a large town at once and some. What comes when it is full is
/// left out; what stands is in the tables.
const WAITING_MAX: usize = 256;
/// How long one sending waits for the acknowledgement of an inform.
const INFORM_WAIT: Duration = Duration::from_secs(3);
/// How often an inform is sent again: 3 × 3 s in all, then the next one has its turn.
const INFORM_AGAIN: u32 = 2;

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its name (snmpTrapOID).
    pub oid: Oid,
    /// What it carries, behind sysUpTime and snmpTrapOID.
    pub binds: Vec<VarBind>,
}

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Once, unacknowledged.
    Trap,
    /// Until acknowledged, some seconds at most. SNMPv1 has none: there it is a trap.
    Inform,
}

/// Tells every manager. Dropped, it tells no more.
pub struct Herald {
    managers: Vec<(SocketAddr, mpsc::Sender<Notification>)>,
    _tasks: JoinSet<()>,
}

impl Herald {
    /// Notifications go to each of `to`, with `with`, as `kind`, from now on.
    #[must_use]
    pub fn start(to: &[SocketAddr], with: &Credentials, kind: Kind, engine: &Engine) -> Self {
        let kind = if matches!(with, Credentials::V1 { .. }) { Kind::Trap } else { kind };
        let mut tasks = JoinSet::new();
        let managers = to.iter().map(|manager| {
            let (sender, waiting) = mpsc::channel(WAITING_MAX);
            let line = Line { to: *manager, with: with.clone(), kind, engine: engine.clone() };
            tasks.spawn(line.tell(waiting));
            (*manager, sender)
        });
        Self { managers: managers.collect(), _tasks: tasks }
    }

    /// Tells it. Never waits.
    pub fn tell(&self, notification: &Notification) {
        for (manager, waiting) in &self.managers {
            if waiting.try_send(notification.clone()).is_err() {
                tracing::warn!(%manager, notification = %notification.oid, "a notification is left out: too many wait already");
            }
        }
    }
}

struct Line {
    to: SocketAddr,
    with: Credentials,
    kind: Kind,
    engine: Engine,
}

impl Line {
    async fn tell(self, mut waiting: mpsc::Receiver<Notification>) {
        let mut mouth = None;
        let mut told = None;
        while let Some(notification) = waiting.recv().await {
            let outcome = self.send(&mut mouth, &notification).await;
            if let Err(why) = &outcome {
                // A manager that began anew has another identity: the next notification asks for it.
                mouth = None;
                tracing::debug!(manager = %self.to, notification = %notification.oid, why, "not told");
            }
            let outcome = outcome.err();
            match (&outcome, &told) {
                (Some(why), before) if before.as_ref() != Some(why) => {
                    tracing::warn!(manager = %self.to, why, "the manager cannot be told; nothing waits for it");
                }
                (None, Some(_)) => tracing::info!(manager = %self.to, "the manager can be told again"),
                _ => {}
            }
            told = outcome;
        }
    }

    async fn send(&self, mouth: &mut Option<Agent>, notification: &Notification) -> Result<(), String> {
        let agent = match mouth.take() {
            Some(agent) => agent,
            None => self.mouth().await?,
        };
        let (oid, up) = (engine::name(&notification.oid), self.engine.up_ticks());
        let binds = notification
            .binds
            .iter()
            .map(|bind| async_snmp::VarBind::new(engine::name(&bind.oid), engine::outgoing(&bind.value)))
            .collect();
        let outcome = match self.kind {
            Kind::Trap => agent.send_trap(&oid, up, binds).await,
            Kind::Inform => agent.send_inform(&oid, up, binds).await,
        };
        let failed = outcome.sinks().iter().find_map(|sink| match &sink.status {
            SinkStatus::Succeeded => None,
            SinkStatus::Failed(error) => Some(error.to_string()),
            SinkStatus::Skipped(why) => Some(why.to_string()),
        });
        *mouth = Some(agent);
        failed.map_or(Ok(()), Err)
    }

    /// A socket of its own that asks nobody and answers nobody, on every address: the window may be open on one alone.
    async fn mouth(&self) -> Result<Agent, String> {
        let auth = match &self.with {
            Credentials::V1 { community } => Auth::v1(community.text()),
            Credentials::V2c { community } => Auth::v2c(community.text()),
            Credentials::V3(user) => engine::speaker(user)?.into(),
        };
        let from = if self.to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let manager = NotificationSinkId::new("manager").map_err(|error| error.to_string())?;
        let again = Retry::fixed(INFORM_AGAIN, Duration::ZERO).map_err(|error| error.to_string())?;
        let agent = Agent::builder()
            .bind(from)
            .authoritative_engine(self.engine.authoritative())
            .des_salt_state(self.engine.salts())
            .trap_sink(manager, self.to.to_string(), auth)
            .inform_timeout(INFORM_WAIT)
            .inform_retry(again)
            .build();
        agent.await.map_err(|error| error.to_string())
    }
}
