//! What devices send of their own accord: traps and informs, heard as hints to look, never as truth.
//!
//! Of what came only the trap's name and its sender go further. Vendors put the addresses of people's devices into
//! traps of association: what a trap carries is neither logged nor kept.

mod ear;
mod known;
pub mod pace;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_snmp::notification::NotificationReceiver;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::credentials::Credentials;
use crate::engine::Engine;
use crate::oid::Oid;
use ear::Ear;
use known::Known;

/// How often the port is opened anew, which forgets the clocks of all devices: a cheap one that lost its count of starts in a
/// blackout would never be heard again by SNMPv3. What can be heard twice thereby is a hint.
const FORGET: Duration = Duration::from_secs(300);

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

impl Counts {
    /// How many were turned away.
    #[must_use]
    pub fn turned_away(&self) -> u64 {
        let community = self.unknown_community + self.below_level + self.unknown_user;
        community + self.wrong_password + self.undecipherable + self.not_in_time
    }
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
    /// All of it, with what the port that is open now turned away itself.
    fn counts(&self, usm: [u64; 4]) -> Counts {
        let sum = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Counts {
            accepted: sum(&self.accepted),
            hints: sum(&self.hints),
            left_out: sum(&self.left_out),
            unknown_community: sum(&self.unknown_community),
            below_level: sum(&self.below_level),
            unknown_user: sum(&self.unknown_user) + usm[0],
            wrong_password: sum(&self.wrong_password) + usm[1],
            undecipherable: sum(&self.undecipherable) + usm[2],
            not_in_time: sum(&self.not_in_time) + usm[3],
        }
    }

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
        self.sums.counts(self.open.borrow().as_ref().map_or([0; 4], usm))
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
