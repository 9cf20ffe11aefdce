//! The way a question takes to a device and its answer back: sent again on silence, taken only from whom it was asked.
//!
//! Under the library's client and above its shared socket. An answer it does not believe is looked at once more for what
//! a device without proof says of our credentials: good for a sentence to a person and for asking again, never a fact.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use async_snmp::message::Message;
use async_snmp::v3::{ReportStatus, classify_report};
use async_snmp::{Candidate, DecodeConfig, Error, ReceiveLimits, RequestRegistration, Transport, UdpHandle};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::sockets::Tally;

/// How long a true answer is still waited for once the device seems to have turned us away.
const GRACE: Duration = Duration::from_millis(250);

/// How often, and how far apart, one question is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tries {
    /// Times after the first.
    pub resends: u32,
    /// Between them, and after the last.
    pub every: Duration,
}

impl Tries {
    /// One try.
    pub fn once(every: Duration) -> Self {
        Self { resends: 0, every }
    }

    /// From the first try to giving up.
    pub fn whole(self) -> Duration {
        self.every.saturating_mul(self.resends.saturating_add(1))
    }
}

tokio::task_local! {
    /// The tries of the question being asked: the library has no argument for it.
    pub(super) static TRIES: Tries;
}

/// What a device said without proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Hint {
    Nothing,
    /// Its engine is another, or its clock fell back: it must be found out anew.
    EngineChanged,
    UnknownUser,
    WrongDigest,
    Decryption,
    Level,
}

/// A place for the last [`Hint`].
#[derive(Debug, Default)]
pub(super) struct HintCell(AtomicU8);

impl HintCell {
    pub fn set(&self, hint: Hint) {
        self.0.store(hint as u8, Ordering::Relaxed);
    }

    pub fn take(&self) -> Hint {
        let all = [Hint::EngineChanged, Hint::UnknownUser, Hint::WrongDigest, Hint::Decryption, Hint::Level];
        let number = self.0.swap(0, Ordering::Relaxed);
        all.into_iter().find(|hint| *hint as u8 == number).unwrap_or(Hint::Nothing)
    }
}

/// One device's place at the shared socket.
#[derive(Clone)]
pub(super) struct Door {
    pub handle: UdpHandle,
    pub anywhere: Arc<AtomicBool>,
    pub hint: Arc<HintCell>,
    /// Something of the device's was believed once, be it only who it is.
    pub heard: Arc<AtomicBool>,
    pub tally: Arc<Tally>,
}

impl Door {
    fn trusts(&self, source: SocketAddr) -> bool {
        let peer = self.handle.peer_addr();
        (source.ip(), source.port()) == (peer.ip(), peer.port()) || self.anywhere.load(Ordering::Relaxed)
    }
}

impl Transport for Door {
    async fn send(&self, data: &[u8]) -> async_snmp::Result<()> {
        self.handle.send(data).await
    }

    async fn request_with<T, F>(
        &self,
        data: &[u8],
        registration: RequestRegistration,
        mut validate: F,
    ) -> async_snmp::Result<T>
    where
        T: Send,
        F: FnMut(bytes::Bytes, SocketAddr) -> async_snmp::Result<Candidate<T>> + Send,
    {
        let tries = TRIES.try_with(|tries| *tries).unwrap_or(Tries::once(Duration::MAX));
        let turned_away = Notify::new();
        let mut believe = |datagram: bytes::Bytes, source| {
            if !self.trusts(source) {
                self.tally.wrong_source.add();
                return Ok(Candidate::Reject);
            }
            let verdict = validate(datagram.clone(), source);
            match &verdict {
                Ok(Candidate::Accept(_)) => {
                    self.heard.store(true, Ordering::Relaxed);
                    self.tally.answers.add();
                }
                Ok(Candidate::Reject) => {
                    self.tally.not_believed.add();
                    if let Some(hint) = hint(datagram) {
                        self.hint.set(hint);
                        turned_away.notify_one();
                    }
                }
                Err(_) => {}
            }
            verdict
        };
        let exchange = self.handle.request_with(data, registration, &mut believe);
        tokio::pin!(exchange);
        self.tally.sent.add();
        let started = Instant::now();
        let silence = |resends| {
            Box::new(Error::Timeout { target: self.handle.peer_addr(), elapsed: started.elapsed(), retries: resends })
        };
        for resent in 0..=tries.resends {
            tokio::select! {
                biased;
                answer = &mut exchange => return answer,
                () = turned_away.notified() => {
                    return timeout(GRACE, exchange).await.unwrap_or_else(|_| Err(silence(resent)));
                }
                () = sleep(tries.every) => {}
            }
            if resent < tries.resends {
                self.tally.resent.add();
                self.handle.send(data).await?;
            }
        }
        Err(silence(tries.resends))
    }

    fn peer_addr(&self) -> SocketAddr {
        self.handle.peer_addr()
    }

    fn local_addr(&self) -> SocketAddr {
        self.handle.local_addr()
    }

    /// Random, so that nobody who sees no packets of ours can guess the next (a community is no proof of anything).
    fn alloc_request_id(&self) -> i32 {
        let mut random = [0; 4];
        match getrandom::fill(&mut random).map(|()| i32::from_ne_bytes(random) & i32::MAX) {
            Ok(id) if id > 0 => id,
            _ => async_snmp::transport::alloc_request_id(),
        }
    }

    fn is_reliable(&self) -> bool {
        false
    }

    fn receive_limits(&self) -> ReceiveLimits {
        self.handle.receive_limits()
    }

    fn send_capacity(&self) -> usize {
        self.handle.send_capacity()
    }
}

/// What a report in the clear says (RFC 3414 §3.2).
fn hint(datagram: bytes::Bytes) -> Option<Hint> {
    let message = Message::decode(datagram, DecodeConfig::default()).ok()?.value;
    let Message::V3(message) = message else { return None };
    Some(match classify_report(message.pdu()?).ok()? {
        ReportStatus::UnknownEngineId { .. } | ReportStatus::NotInTimeWindow { .. } => Hint::EngineChanged,
        ReportStatus::UnknownUserName { .. } => Hint::UnknownUser,
        ReportStatus::WrongDigest { .. } => Hint::WrongDigest,
        ReportStatus::DecryptionError { .. } => Hint::Decryption,
        ReportStatus::UnsupportedSecurityLevel { .. } => Hint::Level,
        _ => return None,
    })
}
