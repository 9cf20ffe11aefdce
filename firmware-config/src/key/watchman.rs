//! The watchman: noisy contacts and the time in, a position he will swear to out.
//!
//! Knows nothing of what the key is for.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::time::Duration;

use super::{KeyFault, KeyPosition};
use crate::now::Now;
use crate::wire::WallMs;

/// How long a position must rest before it is sworn to. Contacts bounce for 5 to 20 ms; 30 ms are lost on an opening
/// that may take a second.
pub const POSITION_RESTS: Duration = Duration::from_millis(30);

/// How long a fault must rest before it is one: a hand on its way from one position to the other leaves both contacts
/// open (or both closed) for less than that.
pub const FAULT_RESTS: Duration = Duration::from_secs(1);

/// How long a position must rest after chattering.
pub const CALM_AFTER_CHATTER: Duration = Duration::from_secs(3);

/// The time over which movements are counted.
pub const MOVEMENTS_WITHIN: Duration = Duration::from_secs(10);

/// Most movements in that time: a hand needs a second for a turn, and a turn is two movements (away from one position,
/// onto the other): 10 turns × 2.
pub const MOVEMENTS_MAX: usize = 20;

/// Without any reading for so long the key cannot be read: ten readings were due, one each second.
pub const READING_DUE: Duration = Duration::from_secs(10);

/// What the watchman has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyNews {
    /// The key was turned; `from` is none where it was never read before.
    Turned {
        /// Where it stood.
        from: Option<KeyPosition>,
        /// Where it stands.
        to: KeyPosition,
    },
    /// It cannot be read (any more).
    Faulted(KeyFault),
    /// It can be read again.
    Mended(KeyPosition),
}

/// What the contacts say now, and since when without a change.
#[derive(Debug, Clone)]
struct Seen {
    says: Result<KeyPosition, KeyFault>,
    since: Duration,
}

/// The watchman.
#[derive(Debug, Clone)]
pub struct Watchman {
    sworn: Option<(KeyPosition, WallMs)>,
    /// Whether he swore to anything since he came on duty, and so knows it himself.
    himself: bool,
    fault: Option<(KeyFault, WallMs)>,
    seen: Option<Seen>,
    /// When the contacts last left a rest; bounces after it belong to the same movement.
    left_rest: Duration,
    movements: VecDeque<Duration>,
    /// The last reading of any kind; none where no key is expected.
    read: Option<Duration>,
}

impl Watchman {
    /// A watchman who was told what his predecessor swore to. Without a key nothing is due from him.
    #[must_use]
    pub fn new(sworn: Option<(KeyPosition, WallMs)>, has_key: bool, now: Now) -> Self {
        Self {
            sworn,
            himself: false,
            fault: None,
            seen: None,
            left_rest: now.mono,
            movements: VecDeque::new(),
            read: has_key.then_some(now.mono),
        }
    }

    /// The position last sworn to, by him or his predecessor.
    #[must_use]
    pub fn sworn(&self) -> Option<(KeyPosition, WallMs)> {
        self.sworn
    }

    /// What is wrong with the key now.
    #[must_use]
    pub fn fault(&self) -> Option<&(KeyFault, WallMs)> {
        self.fault.as_ref()
    }

    /// The position he swears to now, of his own knowledge and with nothing wrong.
    #[must_use]
    pub fn swears(&self) -> Option<KeyPosition> {
        self.sworn.filter(|_| self.himself && self.fault.is_none()).map(|(position, _)| position)
    }

    /// The contacts were read, or could not be.
    pub fn read(&mut self, says: Result<KeyPosition, KeyFault>, now: Now) -> Vec<KeyNews> {
        self.read = Some(now.mono);
        match &mut self.seen {
            Some(seen) if same(&seen.says, &says) => seen.says = says,
            seen => {
                let rested = seen.as_ref().map(|seen| now.mono.saturating_sub(seen.since));
                if rested.is_none_or(|rested| rested >= POSITION_RESTS) {
                    self.left_rest = now.mono;
                    self.movements.push_back(now.mono);
                    if self.movements.len() > MOVEMENTS_MAX + 1 {
                        self.movements.pop_front();
                    }
                }
                *seen = Some(Seen { says, since: now.mono });
            }
        }
        self.look(now)
    }

    /// What time alone has made certain.
    pub fn look(&mut self, now: Now) -> Vec<KeyNews> {
        let mut news = Vec::new();
        while self.movements.front().is_some_and(|moved| now.mono.saturating_sub(*moved) >= MOVEMENTS_WITHIN) {
            self.movements.pop_front();
        }
        if self.read.is_some_and(|read| now.mono.saturating_sub(read) >= READING_DUE) {
            let why = format!("not read for {} s", READING_DUE.as_secs());
            self.seen = None;
            self.raise(KeyFault::Unreadable(why), now, &mut news);
        }
        let Some(seen) = self.seen.clone() else { return news };
        let rested = now.mono.saturating_sub(seen.since);
        let never_rests = rested < POSITION_RESTS && now.mono.saturating_sub(self.left_rest) >= FAULT_RESTS;
        if self.movements.len() > MOVEMENTS_MAX || never_rests {
            self.raise(KeyFault::Chattering, now, &mut news);
        }
        if rested < self.rest_needed(&seen.says) {
            return news;
        }
        match seen.says {
            Err(fault) => self.raise(fault, now, &mut news),
            Ok(position) => self.swear(position, now, &mut news),
        }
        news
    }

    /// When he wants to look again.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let unread = matches!(self.fault, Some((KeyFault::Unreadable(_), _))) && self.seen.is_none();
        let due = self.read.filter(|_| !unread).map(|read| read + READING_DUE);
        let certain = self.seen.as_ref().and_then(|seen| {
            let known = match (&seen.says, &self.fault) {
                (Ok(position), None) => self.himself && self.sworn.is_some_and(|(sworn, _)| sworn == *position),
                (Err(fault), Some((raised, _))) => discriminant(fault) == discriminant(raised),
                _ => false,
            };
            (!known).then(|| seen.since + self.rest_needed(&seen.says))
        });
        [due, certain].into_iter().flatten().min()
    }

    fn rest_needed(&self, says: &Result<KeyPosition, KeyFault>) -> Duration {
        match (says, &self.fault) {
            (_, Some((KeyFault::Chattering, _))) => CALM_AFTER_CHATTER,
            (Ok(_), _) => POSITION_RESTS,
            (Err(_), _) => FAULT_RESTS,
        }
    }

    fn raise(&mut self, fault: KeyFault, now: Now, news: &mut Vec<KeyNews>) {
        match &mut self.fault {
            Some((raised, _)) if discriminant(raised) == discriminant(&fault) => *raised = fault,
            raised => {
                *raised = Some((fault.clone(), now.wall_ms));
                news.push(KeyNews::Faulted(fault));
            }
        }
    }

    fn swear(&mut self, position: KeyPosition, now: Now, news: &mut Vec<KeyNews>) {
        if self.fault.take().is_some() {
            self.movements.clear();
            news.push(KeyNews::Mended(position));
        }
        self.himself = true;
        let from = self.sworn.map(|(from, _)| from);
        if from != Some(position) {
            self.sworn = Some((position, now.wall_ms));
            news.push(KeyNews::Turned { from, to: position });
        }
    }
}

/// The same position, or the same kind of fault however it is worded.
fn same(one: &Result<KeyPosition, KeyFault>, other: &Result<KeyPosition, KeyFault>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => discriminant(one) == discriminant(other),
        _ => false,
    }
}
