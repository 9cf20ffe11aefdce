//! When a device is polled: on its own place in the interval, sooner where somebody needs to know; never twice at once.

use std::time::Duration;

/// Least time between two polls that traps asked for: a device that sends a hundred traps is polled as if it sent one.
pub const HINTS_APART: Duration = Duration::from_secs(2);
/// First wait before a device that does not answer is urged again; doubled each time.
const AGAIN_FIRST: Duration = Duration::from_secs(1);
/// Longest wait between urged polls of a device that does not answer.
pub const AGAIN_MAX: Duration = Duration::from_secs(10);
/// Polls without an answer in a row after which a device counts as gone: one datagram or one burst may be lost.
pub const GONE_AFTER: u32 = 2;

/// A poll under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderWay {
    /// Its request.
    pub ask: u64,
    /// When it began.
    pub begun: Duration,
    /// Somebody needs to know.
    pub urgent: bool,
}

/// One device's polls.
#[derive(Debug)]
pub struct Rounds {
    /// Its place in every interval.
    place: u64,
    interval: Duration,
    due: Duration,
    /// Somebody needs to know: not before then.
    urged: Option<Duration>,
    hinted: Option<Duration>,
    under_way: Option<UnderWay>,
    last_begun: Option<Duration>,
    /// Polls without an answer in a row.
    unanswered: u32,
    /// Polls that brought nothing of use in a row, for whatever reason.
    useless: u32,
}

/// How a poll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was read.
    Read,
    /// The device is there, and cannot be read.
    Unreadable,
    /// Silence.
    Unanswered,
}

impl Rounds {
    /// The first poll is within one interval.
    #[must_use]
    pub fn new(id: &str, interval: Duration, now: Duration) -> Self {
        let mut rounds = Self {
            place: place(id),
            interval: interval.max(Duration::from_millis(1)),
            due: now,
            urged: None,
            hinted: None,
            under_way: None,
            last_begun: None,
            unanswered: 0,
            useless: 0,
        };
        rounds.due = rounds.next_place(now);
        rounds
    }

    /// From now on this often.
    pub fn set_interval(&mut self, interval: Duration, now: Duration) {
        let interval = interval.max(Duration::from_millis(1));
        if interval != self.interval {
            self.interval = interval;
            self.due = self.next_place(now);
        }
    }

    /// A trap came. What is under way may have missed what it tells of.
    pub fn hint(&mut self, now: Duration) {
        let at = self.last_begun.map_or(now, |last| now.max(last + HINTS_APART));
        self.hinted = Some(self.hinted.map_or(at, |hinted| hinted.min(at)));
    }

    /// A poll begun at `since` or later is needed (none: no longer).
    pub fn urge(&mut self, since: Option<Duration>) {
        let needed = since.filter(|since| self.under_way.is_none_or(|poll| poll.begun < *since));
        self.urged = needed.map(|since| self.last_begun.map_or(since, |last| since.max(last + self.pause())));
    }

    /// Whether to begin a poll now, and whether it is urgent.
    #[must_use]
    pub fn due(&self, now: Duration) -> Option<bool> {
        let urged = self.urged.is_some_and(|at| at <= now);
        let due = urged || self.due <= now || self.hinted.is_some_and(|at| at <= now);
        (self.under_way.is_none() && due).then_some(urged)
    }

    /// It begins.
    pub fn begin(&mut self, ask: u64, urgent: bool, now: Duration) {
        self.under_way = Some(UnderWay { ask, begun: now, urgent });
        self.last_begun = Some(now);
        (self.urged, self.hinted) = (None, None);
        self.due = self.next_place(now);
    }

    /// Its next request, for the same poll; says whether that is urgent, as its first was or as it has become since.
    pub fn go_on(&mut self, ask: u64, needed: bool) -> bool {
        let Some(poll) = &mut self.under_way else { return needed };
        poll.ask = ask;
        poll.urgent |= needed;
        poll.urgent
    }

    /// It ended.
    pub fn end(&mut self, end: End, now: Duration) {
        self.under_way = None;
        self.unanswered = if end == End::Unanswered { self.unanswered.saturating_add(1) } else { 0 };
        self.useless = if end == End::Read { 0 } else { self.useless.saturating_add(1) };
        // Whether it has gone or one answer was lost is known sooner than in an interval.
        if self.unanswered == 1 {
            self.due = self.due.min(now + AGAIN_FIRST);
        }
        if self.due <= now {
            self.due = self.next_place(now);
        }
    }

    /// The poll under way.
    #[must_use]
    pub fn under_way(&self) -> Option<UnderWay> {
        self.under_way
    }

    /// Whether so many polls in a row went unanswered that the device counts as gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.unanswered >= GONE_AFTER
    }

    /// When to look again, unless a poll is under way.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let soonest = [Some(self.due), self.urged, self.hinted].into_iter().flatten().min();
        soonest.filter(|_| self.under_way.is_none())
    }

    /// How long a device that brings nothing is left alone.
    fn pause(&self) -> Duration {
        match self.useless {
            0 => Duration::ZERO,
            tries => AGAIN_FIRST.saturating_mul(1 << (tries - 1).min(16)).min(AGAIN_MAX),
        }
    }

    /// Its place in the interval after `now`.
    fn next_place(&self, now: Duration) -> Duration {
        let interval = self.interval.as_nanos().max(1);
        let place = u128::from(self.place) % interval;
        let past = (now.as_nanos() + interval - place) % interval;
        // An interval is at most minutes long.
        now + Duration::from_nanos(u64::try_from(interval - past).unwrap_or(u64::MAX))
    }
}

/// The same at every start, and spread evenly: FNV-1a of the identifier, stirred (SplitMix64's last step) because names
/// that differ in their last letter only would lie side by side.
fn place(id: &str) -> u64 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn devices_are_spread_over_the_interval_and_keep_their_places() {
        // 1,000 devices in 15 s: every second has its share, and an interval later it is the same one.
        let mut share = [0; 15];
        for n in 0..1_000 {
            let mut rounds = Rounds::new(&format!("ap-{n}"), 15 * SECOND, 100 * SECOND);
            let first = rounds.next_wake().expect("a time");
            share[usize::try_from((first - 100 * SECOND).as_secs()).expect("small").min(14)] += 1;
            rounds.begin(1, false, first);
            assert_eq!(rounds.next_wake(), None, "one at a time");
            rounds.end(End::Read, first + SECOND);
            assert_eq!(rounds.next_wake(), Some(first + 15 * SECOND));
        }
        assert!(share.iter().all(|count| (40..100).contains(count)), "{share:?}");
    }

    #[test]
    fn a_poll_that_outlasts_its_interval_is_not_started_again_and_does_not_shift_the_others() {
        let mut rounds = Rounds::new("wlc-1", 5 * SECOND, SECOND);
        let first = rounds.next_wake().expect("a time");
        rounds.begin(1, false, first);
        assert_eq!(rounds.due(first + 12 * SECOND), None);
        rounds.end(End::Read, first + 12 * SECOND);
        assert_eq!(rounds.next_wake(), Some(first + 15 * SECOND));
    }

    #[test]
    fn a_storm_of_traps_is_one_poll_every_two_seconds() {
        let mut rounds = Rounds::new("wlc-1", 100 * SECOND, SECOND);
        let (mut now, mut polls) = (SECOND, 0);
        while now < 11 * SECOND {
            rounds.hint(now);
            if rounds.due(now).is_some() {
                polls += 1;
                rounds.begin(polls, false, now);
                rounds.end(End::Read, now);
            }
            now += SECOND / 10;
        }
        assert_eq!(polls, 5);
    }

    #[test]
    fn a_poll_under_way_is_enough_for_whoever_needs_none_newer_and_another_follows_for_the_rest() {
        for (since, another) in [(8, false), (10, false), (11, true)] {
            let mut rounds = Rounds::new("ap-1", 1_000 * SECOND, SECOND);
            rounds.begin(1, false, 10 * SECOND);
            rounds.urge(Some(since * SECOND));
            assert_eq!(rounds.due(12 * SECOND), None, "one at a time");
            rounds.end(End::Read, 12 * SECOND);
            assert_eq!(rounds.due(12 * SECOND), another.then_some(true), "needed since {since} s");
        }
    }

    #[test]
    fn what_was_urgent_or_has_become_so_is_urgent_to_its_end() {
        for (first, needed, urgent) in [(true, false, true), (false, true, true), (false, false, false)] {
            let mut rounds = Rounds::new("ap-1", 1_000 * SECOND, SECOND);
            rounds.begin(1, first, 10 * SECOND);
            assert_eq!(rounds.go_on(2, needed), urgent);
            assert_eq!((rounds.go_on(3, false), rounds.under_way().map(|poll| poll.ask)), (urgent, Some(3)));
        }
    }

    #[test]
    fn one_that_did_not_answer_once_is_asked_again_a_second_later_and_then_in_its_place() {
        let mut rounds = Rounds::new("ap-1", 1_000 * SECOND, SECOND);
        let first = rounds.next_wake().expect("a time");
        rounds.begin(1, false, first);
        rounds.end(End::Unanswered, first + 4 * SECOND);
        assert_eq!(rounds.next_wake(), Some(first + 5 * SECOND), "it is known sooner than in an interval");
        rounds.begin(2, false, first + 5 * SECOND);
        rounds.end(End::Unanswered, first + 9 * SECOND);
        assert_eq!((rounds.next_wake(), rounds.is_gone()), (Some(first + 1_000 * SECOND), true));
    }

    #[test]
    fn who_does_not_answer_is_urged_ever_more_rarely_and_at_least_every_ten_seconds() {
        let mut rounds = Rounds::new("ap-1", 1_000 * SECOND, SECOND);
        let (mut now, mut gaps) = (SECOND, Vec::new());
        for ask in 0..7 {
            rounds.urge(Some(SECOND));
            let at = rounds.next_wake().expect("a time").max(now);
            gaps.push((at - now).as_secs());
            now = at;
            assert_eq!(rounds.due(now), Some(true));
            rounds.begin(ask, true, now);
            rounds.end(End::Unanswered, now);
        }
        assert_eq!(gaps, [0, 1, 2, 4, 8, 10, 10]);
        assert!(rounds.is_gone());
    }
}
