//! The room of the deputies: each is woken, its requests are carried out, and no more at once than is good for anybody.
//!
//! One task and as many short ones as there are requests under way. It decides nothing about any device.
//!
//! ```text
//!  orders ─▶ newest only ─┐                      ┌─▶ 512 requests of flips ─┐
//!  hints ───▶ queue ──────┤   one task:          ├─▶ 128 polls              ├─▶ devices
//!  clock ───▶ heap ───────┼─▶ deputies ──asks────┴─▶ 1,024 polls of the     │
//!  answers ──▶────────────┘      │                   silent                 │
//!     ▲                          └──letters──▶ outbox ──▶ the controller    │
//!     └─────────────────────────────────────────────────────────────────────┘
//! ```

mod asking;
mod outbox;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use firmware_config::wire::{Order, WallMs};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::deputy::totals::Total;
use crate::deputy::{Act, Answer, Deputy, Event, Intervals, Letter, Now};
use crate::device::Device;
use crate::profile::library::Library;
use crate::readings::Readings;
use crate::session::Sockets;
use crate::trouble::Trouble;
use asking::{Gate, Wire};
use outbox::Outbox;

/// Hints that wait to be looked at: beyond it they are dropped, for the next poll sees the same.
const HINTS_MAX: usize = 256;
/// Questions that wait: people are slow.
const QUESTIONS_MAX: usize = 16;
/// Answers taken before orders and clocks are looked at again: at 100 µs each (a poll of 30 objects read), 3 ms.
const ANSWERS_AT_ONCE: usize = 32;

/// What a room needs.
pub struct Setup {
    /// Every device of the town.
    pub devices: Vec<Device>,
    /// All profiles.
    pub library: Arc<Library>,
    /// What datagrams go through.
    pub sockets: Sockets,
    /// Drawn afresh at each start of the controller.
    pub boot: String,
    /// Between polls of a device on an ordinary day.
    pub interval: Duration,
    /// Between polls while anything is open.
    pub hurry_interval: Duration,
}

/// How a device does, for people and for metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceStatus {
    /// The town's name for it.
    pub id: String,
    /// Where it is.
    pub address: SocketAddr,
    /// Its profile's id, where it is known.
    pub profile: Option<String>,
    /// Whether its last poll was answered.
    pub answers: bool,
    /// Since when it does, or does not, by our clock; none: never asked.
    pub since_ms: Option<WallMs>,
    /// What is wrong with it now, in words.
    pub trouble: Option<String>,
    /// Why the last request that failed did, and when, whatever came after.
    pub last_trouble: Option<(WallMs, String)>,
    /// Requests: polls, and questions who it is.
    pub polls: u64,
    /// Of all requests, those that went unanswered.
    pub timeouts: u64,
    /// SETs.
    pub sets: u64,
    /// GETBULK repetitions that have proven themselves; 0 where none are used.
    pub repetitions: u32,
    /// What the newest answered poll came to.
    pub readings: Arc<Readings>,
    /// What its counters have counted since it was first read.
    pub totals: Vec<Total>,
    /// What was wrong with that poll.
    pub faults: Vec<String>,
}

/// An order, and whether it is ours to carry out.
type Ordered = (Arc<Order>, bool);

/// The way into a room. When the last one is dropped, the room closes.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: watch::Sender<Option<Ordered>>,
    hints: mpsc::Sender<IpAddr>,
    questions: mpsc::Sender<oneshot::Sender<Vec<DeviceStatus>>>,
}

impl Handle {
    /// The newest order; its signature is our own. Never waits. Levels: only the newest counts.
    pub fn order(&self, order: &Order) {
        self.orders.send_replace(Some((Arc::new(order.clone()), true)));
    }

    /// The newest order, which another controller carries out: it is watched whether it is.
    pub fn watch(&self, order: &Order) {
        self.orders.send_replace(Some((Arc::new(order.clone()), false)));
    }

    /// Something came from there: look at it now. Never waits; a hint too many is dropped.
    pub fn hint(&self, from: SocketAddr) {
        let _ = self.hints.try_send(from.ip());
    }

    /// How every device does; none once the room has closed.
    pub async fn statuses(&self) -> Vec<DeviceStatus> {
        let (answer, answered) = oneshot::channel();
        if self.questions.send(answer).await.is_err() {
            return Vec::new();
        }
        answered.await.unwrap_or_default()
    }
}

/// All deputies.
pub struct Room {
    posts: Vec<Post>,
    at: HashMap<IpAddr, Vec<usize>>,
    wakes: BinaryHeap<Reverse<(Duration, usize)>>,
    asks: JoinSet<Result<Answer, Trouble>>,
    asked: HashMap<Id, (usize, u64)>,
    gate: Gate,
    outbox: Outbox,
    started: Instant,
    hurry: bool,
}

/// One deputy and its line.
struct Post {
    deputy: Deputy,
    wire: Arc<Wire>,
    /// The wake-up in the heap that counts.
    wake: Option<Duration>,
    was_asked: bool,
    since_ms: Option<WallMs>,
    last_trouble: Option<(WallMs, String)>,
    polls: u64,
    timeouts: u64,
    sets: u64,
}

impl Room {
    /// Starts all deputies. Letters that are not taken wait, the newest of each access point; nothing waits for them.
    /// The room closes when the last handle is dropped or nobody takes letters any more.
    #[must_use]
    pub fn start(setup: Setup, letters: mpsc::Sender<Letter>) -> (Handle, JoinHandle<()>) {
        let (orders, newest) = watch::channel(None);
        let (hints, hinted) = mpsc::channel(HINTS_MAX);
        let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
        let room = Self::new(setup);
        let running = tokio::spawn(room.run(newest, hinted, asked, letters));
        (Handle { orders, hints, questions }, running)
    }

    fn new(setup: Setup) -> Self {
        let intervals = Intervals { calm: setup.interval, hurry: setup.hurry_interval };
        let mut room = Self {
            posts: Vec::with_capacity(setup.devices.len()),
            at: HashMap::new(),
            wakes: BinaryHeap::new(),
            asks: JoinSet::new(),
            asked: HashMap::new(),
            gate: Gate::default(),
            outbox: Outbox::default(),
            started: Instant::now(),
            hurry: false,
        };
        let now = room.now();
        for device in setup.devices {
            let at = room.posts.len();
            room.at.entry(device.address.ip()).or_default().push(at);
            let wire = Arc::new(Wire::new(setup.sockets.clone(), device.clone()));
            let library = Arc::clone(&setup.library);
            let deputy = Deputy::new(device, library, setup.boot.clone(), intervals, now);
            room.posts.push(Post {
                deputy,
                wire,
                wake: None,
                was_asked: false,
                since_ms: None,
                last_trouble: None,
                polls: 0,
                timeouts: 0,
                sets: 0,
            });
            room.arrange_wake(at);
        }
        room
    }

    async fn run(
        mut self,
        mut orders: watch::Receiver<Option<Ordered>>,
        mut hints: mpsc::Receiver<IpAddr>,
        mut questions: mpsc::Receiver<oneshot::Sender<Vec<DeviceStatus>>>,
        letters: mpsc::Sender<Letter>,
    ) {
        loop {
            let wake = self.wakes.peek().map(|Reverse((at, _))| self.started + *at);
            // In this order: an order is behind nothing, answers before new polls. Every arm may be given up and taken
            // up again: channels, timers and `join_next` lose nothing.
            tokio::select! {
                biased;
                changed = orders.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let order = orders.borrow_and_update().clone();
                    if let Some((order, hands)) = order {
                        self.ordered(&order, hands);
                    }
                }
                Some(ended) = self.asks.join_next_with_id(), if !self.asks.is_empty() => {
                    self.ended(ended);
                    for _ in 1..ANSWERS_AT_ONCE {
                        let Some(ended) = self.asks.try_join_next_with_id() else { break };
                        self.ended(ended);
                    }
                }
                place = letters.reserve(), if !self.outbox.is_empty() => {
                    let Ok(place) = place else { break };
                    if let Some(letter) = self.outbox.pop() {
                        place.send(letter);
                    }
                }
                () = tokio::time::sleep_until(wake.unwrap_or(self.started)), if wake.is_some() => self.woke(),
                Some(from) = hints.recv() => {
                    for at in self.at.get(&from).cloned().unwrap_or_default() {
                        self.on(at, Event::Hint);
                    }
                }
                Some(answer) = questions.recv() => {
                    // Whoever asked may have gone away.
                    let _ = answer.send(self.posts.iter().map(Post::status).collect());
                }
            }
            // As many as there is room for, without waiting.
            while !self.outbox.is_empty()
                && let Ok(place) = letters.try_reserve()
                && let Some(letter) = self.outbox.pop()
            {
                place.send(letter);
            }
        }
        tracing::info!("the room of the SNMP deputies closes");
    }

    fn ordered(&mut self, order: &Order, hands: bool) {
        let hurry = order.facilities.values().any(|wanted| wanted.mode.is_open());
        let changes = std::mem::replace(&mut self.hurry, hurry) != hurry;
        for at in 0..self.posts.len() {
            let aps = self.posts[at].deputy.device().aps.iter();
            // A facility that is missing keeps what it has.
            let wanted = |facility| Some(order.facilities.get(facility)?.mode);
            let wanted: BTreeMap<_, _> = aps.filter_map(|ap| Some((ap.ap.clone(), wanted(&ap.facility)?))).collect();
            self.on(at, Event::Hands(hands));
            self.on(at, Event::Ordered { number: order.number, wanted });
        }
        if changes {
            for at in 0..self.posts.len() {
                self.on(at, Event::Hurry(hurry));
            }
        }
    }

    fn woke(&mut self) {
        let now = self.started.elapsed();
        while let Some(Reverse((due, at))) = self.wakes.peek().copied().filter(|Reverse((due, _))| *due <= now) {
            self.wakes.pop();
            if self.posts[at].wake == Some(due) {
                self.posts[at].wake = None;
                self.on(at, Event::Woke);
            }
        }
    }

    fn ended(&mut self, ended: Result<(Id, Result<Answer, Trouble>), tokio::task::JoinError>) {
        let (id, answer) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Err(Trouble::Broken(format!("our own request failed: {error}")))),
        };
        let Some((at, ask)) = self.asked.remove(&id) else { return };
        let wall_ms = wall_ms();
        if let Err(trouble) = &answer {
            let post = &mut self.posts[at];
            post.timeouts += u64::from(matches!(trouble, Trouble::NoAnswer { .. }));
            post.last_trouble = Some((wall_ms, trouble.to_string()));
        }
        self.on(at, Event::Answered { ask, answer });
    }

    fn on(&mut self, at: usize, event: Event) {
        let now = self.now();
        let post = &mut self.posts[at];
        let answered = post.deputy.answers();
        let acts = post.deputy.on(event, now);
        if post.deputy.answers() != answered || (post.since_ms.is_none() && post.was_asked) {
            post.since_ms = Some(now.wall_ms);
        }
        for act in acts {
            self.perform(at, act);
        }
        self.arrange_wake(at);
    }

    fn perform(&mut self, at: usize, act: Act) {
        let post = &mut self.posts[at];
        match act {
            Act::Ask { ask, request, urgent } => {
                // A device that did not answer the last time mostly does not answer this time either: it waits for its
                // silence with its like, and the living do not wait for it.
                let silent = post.was_asked && !post.deputy.answers();
                let is_set = matches!(request, crate::deputy::Request::Set { .. });
                post.was_asked = true;
                post.sets += u64::from(is_set);
                post.polls += u64::from(!is_set);
                if let Some(profile) = post.deputy.profile() {
                    post.wire.learn(profile);
                }
                let asking = self.gate.ask(Arc::clone(&post.wire), request, urgent, silent);
                let id = self.asks.spawn(asking).id();
                self.asked.insert(id, (at, ask));
            }
            Act::Tell(letter) => {
                let lost = self.outbox.lost();
                self.outbox.push(*letter);
                if self.outbox.lost() != lost && self.outbox.lost().is_power_of_two() {
                    tracing::error!(lost = self.outbox.lost(), "nobody takes letters: counts of SNMP devices are lost");
                }
            }
            Act::Log(line) => tracing::info!(device = post.deputy.device().id, "{line}"),
        }
    }

    fn arrange_wake(&mut self, at: usize) {
        let post = &mut self.posts[at];
        let wake = post.deputy.next_wake();
        if post.wake != wake {
            post.wake = wake;
            self.wakes.extend(wake.map(|wake| Reverse((wake, at))));
        }
    }

    fn now(&self) -> Now {
        Now { mono: self.started.elapsed(), wall_ms: wall_ms() }
    }
}

impl Post {
    fn status(&self) -> DeviceStatus {
        let device = self.deputy.device();
        let (readings, faults) = self.deputy.readings();
        DeviceStatus {
            id: device.id.clone(),
            address: device.address,
            profile: self.deputy.profile().map(|profile| profile.id.clone()),
            answers: self.deputy.answers(),
            since_ms: self.since_ms,
            trouble: self.deputy.trouble().map(str::to_owned),
            last_trouble: self.last_trouble.clone(),
            polls: self.polls,
            timeouts: self.timeouts,
            sets: self.sets,
            repetitions: self.wire.repetitions(),
            readings: Arc::clone(readings),
            totals: self.deputy.totals(),
            faults: faults.to_vec(),
        }
    }
}

/// The wall clock. One before 1970 is wrong, and still a clock.
fn wall_ms() -> WallMs {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}
