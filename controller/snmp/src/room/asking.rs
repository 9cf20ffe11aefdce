//! One request carried out: its place among the others, its time, its answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore};

use crate::deputy::{Answer, Request};
use crate::device::Device;
use crate::profile::Profile;
use crate::session::{Session, Sockets};
use crate::trouble::Trouble;
use crate::value::VarBind;

/// Polls under way at once. 128 answers of 1.4 kB are 180 kB, which even a default socket buffer of 208 kB holds if all
/// arrive in the same moment; and 128 devices that each take 25 ms for a poll are 5,000 polls a second.
const POLLS_AT_ONCE: usize = 128;
/// Requests of flips under way at once: small ones, and never behind a poll.
const FLIPS_AT_ONCE: usize = 512;
/// Reads of devices that were silent the last time: nearly all of them only wait.
const SILENT_AT_ONCE: usize = 1_024;
/// After so long a request leaves its place to another, and goes on: who is silent for it is probably dead, and the dead
/// do not keep the living waiting, also not where 2,000 of them were to be flipped a moment after they answered last. 1,000 dead of 5,000 devices, in the first round: 1,000 × 0.5 s / 128 = 4 s in all.
const SLOW_AFTER: Duration = Duration::from_millis(500);
/// A poll in all: 500 requests at 20 ms, 12,500 rows of a WLAN controller; and short enough that a device polled every
/// 15 s is heard within the 30 s after which it would count as silent.
const POLL_LIMIT: Duration = Duration::from_secs(10);
/// How much sooner a poll ends itself, with what it has.
const POLL_SLACK: Duration = Duration::from_secs(1);
/// Any other read in all.
const READ_LIMIT: Duration = Duration::from_secs(6);
/// How much longer than its own time a SET may take before it is given up from outside.
const SET_SLACK: Duration = Duration::from_secs(2);

/// The places.
#[derive(Debug)]
pub struct Gate {
    polls: Arc<Semaphore>,
    flips: Arc<Semaphore>,
    silent: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { polls: places(POLLS_AT_ONCE), flips: places(FLIPS_AT_ONCE), silent: places(SILENT_AT_ONCE) }
    }
}

impl Gate {
    /// The request, as soon as there is a place. `silent`: the device did not answer the last time.
    pub fn ask(
        &self,
        wire: Arc<Wire>,
        request: Request,
        urgent: bool,
        silent: bool,
    ) -> impl Future<Output = Result<Answer, Trouble>> + Send + 'static {
        let is_set = matches!(request, Request::Set { .. });
        let places = match (silent, urgent) {
            // A SET is for a device that answered just now, whatever it did since.
            (true, _) if !is_set => &self.silent,
            (_, true) => &self.flips,
            (_, false) => &self.polls,
        };
        let places = Arc::clone(places);
        async move {
            let closed = |_| Trouble::NotSent("we are closing".to_owned());
            let place = places.acquire_owned().await.map_err(closed)?;
            let mut asking = std::pin::pin!(carry_out(&wire, request));
            if let Ok(answer) = tokio::time::timeout(SLOW_AFTER, &mut asking).await {
                return answer;
            }
            drop(place);
            asking.await
        }
    }
}

/// The line to one device: its session, opened when it is first needed.
pub struct Wire {
    sockets: Sockets,
    device: Device,
    session: OnceCell<Session>,
    /// The profile whose manners it has.
    profile: Mutex<Option<Arc<Profile>>>,
}

impl Wire {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(sockets: Sockets, device: Device) -> Self {
        Self { sockets, device, session: OnceCell::new(), profile: Mutex::new(None) }
    }

    /// From the next request on, asks as this platform wants to be asked.
    pub fn learn(&self, profile: &Arc<Profile>) {
        let mut known = self.profile.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_some_and(|known| Arc::ptr_eq(known, profile)) {
            return;
        }
        *known = Some(Arc::clone(profile));
        if let Some(session) = self.session.get() {
            session.set_manners(profile.manners.clone());
        }
    }

    /// GETBULK repetitions that have proven themselves; 0 where none are used.
    #[must_use]
    pub fn repetitions(&self) -> u32 {
        self.session.get().map_or(0, Session::repetitions)
    }

    /// Opened anew at each request until that works: a socket or a user that cannot be had now may be had later.
    async fn session(&self) -> Result<&Session, Trouble> {
        let open = || async {
            let known = self.profile.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let manners = known.map(|profile| profile.manners.clone()).unwrap_or_default();
            let session = Session::new(&self.sockets, &self.device, manners).await?;
            // Unanswered, the poll is begun again a second later, and with all patience then.
            session.knock_first();
            Ok(session)
        };
        self.session.get_or_try_init(open).await
    }
}

async fn carry_out(wire: &Wire, request: Request) -> Result<Answer, Trouble> {
    let limit = match &request {
        Request::Poll(_) => POLL_LIMIT,
        Request::Get(_) | Request::GetNext(_) => READ_LIMIT,
        Request::Set { timeout, .. } => *timeout + SET_SLACK,
    };
    let sheet = |found: Vec<VarBind>| Answer::Sheet {
        sheet: found.into_iter().map(|bind| (bind.oid, bind.value)).collect(),
        faults: Vec::new(),
    };
    let asking = async {
        let session = wire.session().await?;
        match request {
            Request::Get(names) => session.get(&names).await.map(sheet),
            Request::GetNext(names) => session.get_next(&names).await.map(sheet),
            Request::Poll(plan) => {
                // It gives back what it has in time; the limit outside is for what hangs.
                let read = session.poll(&plan, POLL_LIMIT - POLL_SLACK).await;
                read.map(|(sheet, faults)| Answer::Sheet { sheet, faults })
            }
            Request::Set { binds, timeout } => session.set(&binds, timeout).await.map(|()| Answer::Set),
        }
    };
    tokio::time::timeout(limit, asking).await.unwrap_or(Err(Trouble::NoAnswer { waited: limit }))
}
