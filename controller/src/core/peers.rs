//! The watch: what the other controllers of a town say in; who of them decides, and for how long to wait, out.
//!
//! A heartbeat is believed to be of now only if it names a heartbeat of ours of this start: a recording cannot. So a
//! broker in wrong hands can keep nobody waiting by repeating what a dead controller once said.

mod shown;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use firmware_config::ident::{ControllerId, TownId};
use firmware_config::wire::{Beat, Heartbeat, Order, RANK_MAX, Stamp, VERSION, WallMs};

use super::Now;
use super::inventory::Seat;

/// How often a controller says that it is there.
pub const BEAT: Duration = Duration::from_secs(1);

/// How long a standby waits for an active controller that it does not hear: that one tries to connect every 2 s, which
/// may take 3 s, says its heartbeat at once and hears ours within 1 s more, and its answer within another: 7 s. Three
/// more for a machine that is busy with a town that turns its key.
pub const TAKE_OVER_AFTER: Duration = Duration::from_secs(10);

/// The same for one of which the broker says that it is gone: long enough for a connection that was only cut, which is
/// tried again at once.
pub const GONE_AFTER: Duration = Duration::from_secs(3);

/// How much longer each rank waits than the one before: longer than the one before needs to be heard (a heartbeat and
/// its answer, 2 s), so that two do not take over at once.
pub const RANK_STEP: Duration = Duration::from_secs(3);

/// How long one that decides may say a lower number than an order we followed before it counts as having forgotten that
/// order: three heartbeats, for one of them may have been on its way.
pub const BEHIND_FOR: Duration = Duration::from_secs(3);

/// How long the database may think about the lock before it counts as out of reach.
pub const LOCK_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Most controllers heard beside ours: one for each rank.
const PEERS_MAX: usize = RANK_MAX as usize;

/// Heartbeats of ours that are remembered: one older than [`TAKE_OVER_AFTER`] proves nothing any more, and beside one
/// for each second there is one for each order, which is kept to a quarter of them by [`BEAT_NOT_BEFORE`].
const SENT_MAX: usize = 60;

/// However much happens, no more than four heartbeats a second.
const BEAT_NOT_BEFORE: Duration = Duration::from_millis(250);

/// What the database says of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// It is ours.
    Ours,
    /// Another controller has it.
    Theirs,
    /// The database cannot be asked.
    OutOfReach {
        /// Why.
        why: String,
    },
}

/// The lock, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    /// Since when it is wanted; none: it is not.
    since: Option<Duration>,
    /// What was said since then.
    said: Option<Lock>,
}

/// Another controller.
#[derive(Debug, Clone)]
struct Peer {
    rank: u8,
    boot: String,
    seq: u64,
    active: bool,
    number: u64,
    /// When at the earliest it said something that was no recording.
    proven: Option<Duration>,
    /// Since when the broker says that it is gone.
    gone: Option<Duration>,
    /// The record says that it is there.
    told: bool,
    heard_ms: WallMs,
}

impl Peer {
    /// Heard, and not long ago.
    fn is_there(&self, now: Duration) -> bool {
        self.gone.is_none() && self.proven.is_some_and(|proven| now < proven + TAKE_OVER_AFTER)
    }
}

/// What is worth an entry in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is there.
    Came(ControllerId),
    /// It is not heard any more.
    Went(ControllerId),
    /// It came, and has our rank.
    SameRank(ControllerId),
}

/// What one of several controllers knows of the others and of itself.
#[derive(Debug, Clone)]
pub struct Watch {
    seat: Seat,
    active: bool,
    since_ms: WallMs,
    seq: u64,
    sent: VecDeque<(u64, Duration)>,
    said_at: Option<Duration>,
    /// Something is to be said before the next beat is due.
    hurry: bool,
    peers: BTreeMap<ControllerId, Peer>,
    /// Since when others could be heard; none: the broker is out of reach.
    ears: Option<Duration>,
    /// When an order of another was last followed.
    followed: Duration,
    lock: Wish,
    /// Since when one that decides is heard and says a lower number than ours.
    behind: Option<Duration>,
    /// When it was last looked at the time.
    looked: Duration,
    /// When we started, by both clocks.
    started: (Duration, WallMs),
    /// The last that was said in our name and not by us.
    namesake: Option<(String, u64)>,
    /// When somebody spoke in our name who is there.
    named_at: Option<Duration>,
}

impl Watch {
    /// At a start nobody decides before it has listened.
    #[must_use]
    pub fn new(seat: Seat, now: Now) -> Self {
        Self {
            seat,
            active: false,
            since_ms: now.wall_ms,
            seq: 0,
            sent: VecDeque::new(),
            said_at: None,
            hurry: false,
            peers: BTreeMap::new(),
            ears: None,
            followed: now.mono,
            lock: Wish { since: None, said: None },
            behind: None,
            looked: now.mono,
            started: (now.mono, now.wall_ms),
            namesake: None,
            named_at: None,
        }
    }

    /// Our place.
    #[must_use]
    pub fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Whether we decide.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// We decide from now on, or no more.
    pub fn set_active(&mut self, active: bool, now: Now) {
        if self.active != active {
            (self.active, self.since_ms, self.hurry) = (active, now.wall_ms, true);
        }
    }

    /// Another one gave order `number`, which is followed: it decides, and is waited for as if it had been heard.
    pub fn follows(&mut self, of: &ControllerId, number: u64, now: Duration) {
        self.followed = now;
        if let Some(peer) = self.peers.get_mut(of).filter(|peer| peer.proven.is_some() && peer.number <= number) {
            (peer.active, peer.number) = (true, number);
        }
    }

    /// The others are to hear of it soon.
    pub fn hurry(&mut self) {
        self.hurry = true;
    }

    /// The broker is reached, or not.
    pub fn broker(&mut self, up: bool, now: Duration) {
        self.ears = up.then_some(now);
        // What we said may not have arrived.
        self.hurry |= up;
    }

    /// Another controller spoke. The number it knows of, where it is not a recording.
    ///
    /// # Errors
    /// It is of another town, bears our own name, or there are too many.
    pub fn hear(&mut self, town: &TownId, beat: &Heartbeat, now: Now) -> Result<Option<u64>, String> {
        if beat.town != *town {
            return Err(format!("signed by us, for the town \"{}\"", beat.town));
        }
        if beat.id == self.seat.id {
            return self.namesake(beat, now.mono).map(|()| None);
        }
        if !self.peers.contains_key(&beat.id) && self.peers.len() >= PEERS_MAX {
            return Err(format!("a tenth controller, \"{}\"; a town has at most {RANK_MAX}", beat.id));
        }
        let proven = self.proves(beat);
        let peer = self.peers.entry(beat.id.clone()).or_insert_with(|| Peer {
            rank: beat.rank,
            boot: String::new(),
            seq: 0,
            active: false,
            number: 0,
            proven: None,
            gone: None,
            told: false,
            heard_ms: now.wall_ms,
        });
        if !beat.online {
            if peer.boot == beat.boot && peer.gone.is_none() {
                peer.gone = Some(now.mono);
            }
            return Ok(None);
        }
        // A recording of another start must not take the place of what is so; it is answered all the same, so that
        // who is not a recording can prove it.
        if proven.is_none() && (peer.is_there(now.mono) || peer.gone.is_some()) && peer.boot != beat.boot {
            if peer.gone.is_some() {
                (peer.boot, peer.seq) = (beat.boot.clone(), beat.seq);
                self.hurry = true;
            }
            return Ok(None);
        }
        if peer.boot == beat.boot && beat.seq <= peer.seq {
            return Ok(None);
        }
        (peer.boot, peer.seq) = (beat.boot.clone(), beat.seq);
        let Some(proven) = proven else {
            self.hurry |= peer.proven.is_none();
            return Ok(None);
        };
        peer.proven = peer.proven.max(Some(proven));
        (peer.rank, peer.active, peer.number) = (beat.rank, beat.active, beat.number);
        (peer.gone, peer.heard_ms) = (None, now.wall_ms);
        Ok(Some(beat.number))
    }

    /// Our own voice is no news, and what the broker kept of our last start is said once.
    fn namesake(&mut self, beat: &Heartbeat, now: Duration) -> Result<(), String> {
        if !beat.online || beat.boot == self.seat.boot {
            return Ok(());
        }
        let before = self.namesake.replace((beat.boot.clone(), beat.seq));
        match before.filter(|(boot, seq)| *boot == beat.boot && beat.seq > *seq) {
            Some(_) => {
                self.named_at = Some(now);
                Err(format!("another controller is called \"{}\" too; [standby] id must differ", beat.id))
            }
            None => Ok(()),
        }
    }

    /// When we said what this heartbeat answers.
    fn proves(&self, beat: &Heartbeat) -> Option<Duration> {
        let ours = beat.hears.get(&self.seat.id).filter(|ours| ours.boot == self.seat.boot)?;
        self.sent.iter().find(|(seq, _)| *seq == ours.seq).map(|(_, at)| *at)
    }

    /// Time passed, at order `number`: who came and who went since this was last asked.
    pub fn look(&mut self, number: u64, now: Duration) -> Vec<News> {
        self.looked = now;
        self.behind = if self.hears_one_behind(number, now) { self.behind.or(Some(now)) } else { None };
        if self.lock.said.is_none() && self.lock.since.is_some_and(|since| now >= since + LOCK_ANSWERS_WITHIN) {
            let why = format!("no answer for {} s", LOCK_ANSWERS_WITHIN.as_secs());
            self.lock.said = Some(Lock::OutOfReach { why });
        }
        let mut news = Vec::new();
        for (id, peer) in &mut self.peers {
            let there = peer.is_there(now);
            if there != peer.told {
                peer.told = there;
                news.push(if there { News::Came(id.clone()) } else { News::Went(id.clone()) });
                if there && peer.rank == self.seat.rank {
                    news.push(News::SameRank(id.clone()));
                }
            }
        }
        news
    }

    /// Whether a controller of that name is heard.
    #[must_use]
    pub fn hears(&self, id: &ControllerId, now: Duration) -> bool {
        self.peers.get(id).is_some_and(|peer| peer.is_there(now))
    }

    /// Whether somebody else is heard who decides.
    #[must_use]
    pub fn hears_an_active_one(&self, now: Duration) -> bool {
        self.peers.values().any(|peer| peer.active && peer.is_there(now))
    }

    /// Another one that decides, and counts more than we, who are at order `number`: by number, then by identity.
    #[must_use]
    pub fn better(&self, number: u64, now: Duration) -> Option<(&ControllerId, u64)> {
        let counts_more = |id: &ControllerId, peer: &Peer| {
            peer.number > number || (peer.number == number && (peer.rank, id) < (self.seat.rank, &self.seat.id))
        };
        self.peers
            .iter()
            .find(|(id, peer)| peer.active && peer.is_there(now) && counts_more(id, peer))
            .map(|(id, peer)| (id, peer.number))
    }

    /// When a standby at order `number` takes over, if it hears nothing more. One that decides and is behind our number
    /// has forgotten, and is not waited for.
    #[must_use]
    pub fn takes_over_at(&self, number: u64) -> Option<Duration> {
        let awaited = || self.peers.values().filter(|peer| peer.active && peer.number >= number);
        let said_so = awaited().any(|peer| peer.proven.max(peer.gone) >= Some(self.followed));
        let until = awaited().filter_map(|peer| match (peer.gone, peer.proven) {
            (Some(gone), _) => Some(gone + GONE_AFTER),
            (None, Some(proven)) => Some(proven + TAKE_OVER_AFTER),
            (None, None) => None,
        });
        let followed = if said_so { Duration::ZERO } else { self.followed };
        let listened = self.ears?.max(followed) + TAKE_OVER_AFTER;
        let turn = RANK_STEP * u32::from(self.seat.rank.saturating_sub(1));
        Some(until.fold(listened, Duration::max) + turn)
    }

    /// Whether one that decides is heard and has not heard of order `number`.
    #[must_use]
    pub fn hears_one_behind(&self, number: u64, now: Duration) -> bool {
        self.peers.values().any(|peer| peer.active && peer.is_there(now) && peer.number < number)
    }

    /// Whether that has been so for longer than a message takes, when this was last looked at: it forgot that order.
    #[must_use]
    pub fn hears_one_that_forgot(&self) -> bool {
        self.behind.is_some_and(|since| self.looked >= since + BEHIND_FOR)
    }

    /// The lock is wanted, or no more; whether that is new.
    pub fn want_lock(&mut self, wanted: bool, now: Duration) -> bool {
        if !self.seat.lock || self.lock.since.is_some() == wanted {
            return false;
        }
        self.lock = Wish { since: wanted.then_some(now), said: None };
        true
    }

    /// The database spoke of the lock.
    pub fn lock_is(&mut self, lock: Lock) {
        if self.lock.since.is_some() {
            self.lock.said = Some(lock);
        }
    }

    /// Whether the lock is in the way of one who decides without hearing anybody: another has it, or may have it.
    #[must_use]
    pub fn is_locked_out(&self) -> bool {
        self.seat.lock && matches!(self.lock.said, None | Some(Lock::Theirs))
    }

    /// The next heartbeat, where it is time.
    pub fn beat(&mut self, town: &TownId, newest: Option<&Order>, now: Duration) -> Option<Heartbeat> {
        if self.beat_due()? > now {
            return None;
        }
        (self.said_at, self.hurry) = (Some(now), false);
        self.seq += 1;
        self.sent.push_back((self.seq, now));
        if self.sent.len() > SENT_MAX {
            self.sent.pop_front();
        }
        let heard = self.peers.iter().filter(|(_, peer)| !peer.boot.is_empty());
        let hears = heard.map(|(id, peer)| (id.clone(), Beat { boot: peer.boot.clone(), seq: peer.seq })).collect();
        let Seat { id, rank, boot, .. } = self.seat.clone();
        let (town, seq, active) = (town.clone(), self.seq, self.active);
        let (number, order) = (newest.map_or(0, |newest| newest.number), newest.and_then(Stamp::of));
        Some(Heartbeat { v: VERSION, town, id, rank, boot, seq, online: true, active, number, order, hears })
    }

    fn beat_due(&self) -> Option<Duration> {
        let up = self.ears?;
        let wait = if self.hurry { BEAT_NOT_BEFORE } else { BEAT };
        Some(self.said_at.map_or(up, |at| at + wait))
    }

    /// When to look again, at order `number`.
    #[must_use]
    pub fn next_wake(&self, number: u64) -> Option<Duration> {
        let over = self.takes_over_at(number).filter(|_| !self.active);
        let went = self.peers.values().filter(|peer| peer.told).filter_map(|peer| Some(peer.proven? + TAKE_OVER_AFTER));
        let lock = self.lock.since.filter(|_| self.lock.said.is_none()).map(|since| since + LOCK_ANSWERS_WITHIN);
        let forgot = self.behind.map(|since| since + BEHIND_FOR).filter(|_| !self.active);
        // What is over already waits for something else.
        self.beat_due()
            .into_iter()
            .chain(over.into_iter().chain(went).chain(lock).chain(forgot).filter(|at| *at > self.looked))
            .min()
    }
}
