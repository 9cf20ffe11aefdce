//! How long each access point was not what the newest order says, once everything it needs was there.

use std::time::Duration;

/// An access point is right within this of its link (the promise of `docs/states.md`).
pub const RIGHT_WITHIN: Duration = Duration::from_secs(3);
/// A look that comes later than this after the one before was held up by the machine.
const LOOK_LATE: Duration = Duration::from_millis(250);

/// What is true of an access point at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// Everything it needs is there: link, broker, controller, its own processes, and a wish that is known.
    pub whole: bool,
    /// Whether `00000JAPAN` is wanted on its air.
    pub wanted: bool,
    /// Whether it is on the air.
    pub open: bool,
}

/// An access point that was not right in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Which.
    pub ap: usize,
    /// When it was due.
    pub due_at: Duration,
    /// How long it took, or has taken so far; what the machine was held up is taken off.
    pub took: Duration,
    /// What was wanted.
    pub wanted: bool,
}

#[derive(Debug, Clone, Default)]
struct Ap {
    last: Option<Fact>,
    /// Since when everything has been there and the wish is the same; and the machine's own delay by then.
    due: Option<(Duration, Duration)>,
    /// It was wrong at some look since.
    was_wrong: bool,
    /// When it last came right since.
    right_at: Option<(Duration, Duration)>,
    told: bool,
}

/// Eyes on every access point.
#[derive(Debug, Clone)]
pub struct Watch {
    aps: Vec<Ap>,
    last_look: Duration,
    held_up: Duration,
    /// How long each took that was not right at once, in no order.
    pub took: Vec<Duration>,
    /// How often one was right already when everything was there.
    pub right_at_once: usize,
    /// Those that were not right in time.
    pub late: Vec<Late>,
}

impl Watch {
    /// Eyes on `aps` access points.
    #[must_use]
    pub fn new(aps: usize) -> Self {
        Self {
            aps: vec![Ap::default(); aps],
            last_look: Duration::ZERO,
            held_up: Duration::ZERO,
            took: Vec::new(),
            right_at_once: 0,
            late: Vec::new(),
        }
    }

    /// How long this machine held up the looking itself; nobody is blamed for this.
    #[must_use]
    pub fn held_up(&self) -> Duration {
        self.held_up
    }

    /// One look at all of them, in their order. Returns those that are not right in time, each told once.
    pub fn look(&mut self, now: Duration, facts: &[Fact]) -> Vec<Late> {
        let since = now.saturating_sub(self.last_look);
        if since > LOOK_LATE {
            self.held_up += since;
        }
        self.last_look = now;
        let mut late = Vec::new();
        for (at, fact) in facts.iter().copied().enumerate() {
            let last = self.aps[at].last.replace(fact);
            let same = last.is_some_and(|last| last.whole == fact.whole && last.wanted == fact.wanted);
            if !same {
                self.conclude(at);
                self.aps[at].due = fact.whole.then_some((now, self.held_up));
            }
            let held_up = self.held_up;
            let ap = &mut self.aps[at];
            let Some((due_at, held_up_then)) = ap.due else { continue };
            if fact.open == fact.wanted {
                if ap.was_wrong && ap.right_at.is_none() {
                    ap.right_at = Some((now, held_up));
                }
                continue;
            }
            (ap.was_wrong, ap.right_at) = (true, None);
            let took = now.saturating_sub(due_at).saturating_sub(held_up - held_up_then);
            if took > RIGHT_WITHIN && !ap.told {
                ap.told = true;
                late.push(Late { ap: at, due_at, took, wanted: fact.wanted });
            }
        }
        self.late.extend(late.iter().cloned());
        late
    }

    /// Ends what is being measured.
    pub fn end(&mut self) {
        (0..self.aps.len()).for_each(|at| self.conclude(at));
    }

    fn conclude(&mut self, at: usize) {
        let ap = std::mem::take(&mut self.aps[at]);
        self.aps[at].last = ap.last;
        let Some((due_at, held_up_then)) = ap.due else { return };
        match ap.right_at {
            Some((right_at, held_up)) => self.took.push((right_at - due_at).saturating_sub(held_up - held_up_then)),
            None if !ap.was_wrong => self.right_at_once += 1,
            // Disturbed again before it came right: nothing is known of it.
            None => {}
        }
    }
}

/// The largest and the one below which 99 % lie.
#[must_use]
pub fn worst_and_p99(times: &[Duration]) -> (Duration, Duration) {
    let mut times = times.to_vec();
    times.sort_unstable();
    // Nearest rank.
    let rank = (times.len() * 99).div_ceil(100);
    let at = |rank: usize| times.get(rank.saturating_sub(1)).copied().unwrap_or_default();
    (at(times.len()), at(rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Fact = Fact { whole: true, wanted: true, open: true };
    const WRONG: Fact = Fact { whole: true, wanted: true, open: false };
    const BROKEN: Fact = Fact { whole: false, wanted: true, open: false };

    /// One fact for each tenth of a second.
    fn seen(facts: impl IntoIterator<Item = Fact>) -> Watch {
        let mut watch = Watch::new(1);
        for (n, fact) in (1..).zip(facts) {
            watch.look(Duration::from_millis(100) * n, &[fact]);
        }
        watch.end();
        watch
    }

    fn times(fact: Fact, times: usize) -> impl Iterator<Item = Fact> {
        std::iter::repeat_n(fact, times)
    }

    #[test]
    fn time_runs_from_when_everything_is_there() {
        let watch = seen(times(BROKEN, 100).chain(times(WRONG, 12)).chain(times(RIGHT, 5)));
        assert_eq!(watch.took, [Duration::from_millis(1_200)]);
        assert_eq!((watch.late.len(), watch.right_at_once), (0, 0));
    }

    #[test]
    fn who_is_wrong_for_longer_than_promised_is_told_once() {
        let watch = seen(times(BROKEN, 3).chain(times(WRONG, 60)).chain(times(RIGHT, 5)));
        assert_eq!(watch.late.len(), 1);
        assert_eq!(watch.took, [Duration::from_millis(6_000)]);
    }

    #[test]
    fn who_goes_wrong_again_with_nothing_to_blame_is_late() {
        let watch = seen(times(RIGHT, 50).chain(times(WRONG, 1)).chain(times(RIGHT, 5)));
        assert_eq!(watch.late.len(), 1, "right for five seconds, then wrong by itself");
    }

    #[test]
    fn a_machine_that_was_held_up_blames_nobody() {
        let mut watch = Watch::new(1);
        watch.look(Duration::from_secs(1), &[BROKEN]);
        watch.look(Duration::from_millis(1_100), &[WRONG]);
        watch.look(Duration::from_secs(9), &[WRONG]);
        assert_eq!(watch.late, []);
        assert_eq!(watch.held_up(), Duration::from_millis(8_900), "the first look waited for nobody but us");
    }
}
