//! What a counter has counted between two looks: wraps added up, restarts noticed, what cannot be known dropped.

use std::time::Duration;

/// sysUpTime is a count of hundredths of a second in 32 bits: 497.1 days.
const UPTIME_WRAP: Duration = Duration::from_millis((1 << 32) * 10);

/// How far a device's clock may stray from ours between two looks, besides 1/64: answers that waited, coarse clocks.
const UPTIME_SLACK: Duration = Duration::from_secs(5);

/// A counter as read, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Its value.
    pub value: u64,
    /// Whether it wraps at 2^64; otherwise at 2^32.
    pub wide: bool,
}

/// A counter, when it was read, and how long the device had been up by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The counter.
    pub count: Count,
    /// Our monotonic clock.
    pub at: Duration,
    /// sysUpTime; none where the device does not say.
    pub uptime: Option<Duration>,
}

/// What lies between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta {
    /// So much was counted.
    Counted(u64),
    /// The device started anew in between; this much since, and what came before the start is lost.
    Restarted(u64),
    /// The counter fell and nothing tells why, or it may have wrapped more than once: no figure is better than a wrong one.
    Unknown,
}

/// What happened to a device between two of its uptimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uptime {
    /// It ran on; also past the 497 days at which sysUpTime begins anew.
    RanOn,
    /// It started anew.
    Restarted,
}

/// Tells a restart from a clock that ran over: the uptime has to be what it was and the time since, or less than that
/// time. A device that says neither had its clock set; it counts as started anew, which only ever drops a figure.
#[must_use]
pub fn uptime(before: Duration, now: Duration, elapsed: Duration) -> Uptime {
    let slack = UPTIME_SLACK + elapsed / 64;
    let due = Duration::from_nanos(((before + elapsed).as_nanos() % UPTIME_WRAP.as_nanos()) as u64);
    // Near the wrap the shorter way round the clock counts.
    let apart = due.abs_diff(now);
    if apart.min(UPTIME_WRAP.saturating_sub(apart)) <= slack { Uptime::RanOn } else { Uptime::Restarted }
}

/// What was counted between two looks at the same counter. `per_second_max`: more than the device can count in a
/// second (octets: its fastest link); a difference above that is no count.
#[must_use]
pub fn between(before: Look, now: Look, per_second_max: u64) -> Delta {
    let Some(elapsed) = now.at.checked_sub(before.at).filter(|elapsed| !elapsed.is_zero()) else {
        return Delta::Unknown;
    };
    if before.count.wide != now.count.wide {
        return Delta::Unknown;
    }
    // Rounded up to whole seconds, and one more for when exactly the device took its figure.
    let seconds = u128::from(elapsed.as_secs()) + 2;
    let possible = u128::from(per_second_max) * seconds;
    let counted = |delta: u64| (u128::from(delta) <= possible).then_some(delta);
    let ran = before.uptime.zip(now.uptime).map(|(before, now)| uptime(before, now, elapsed));
    if ran == Some(Uptime::Restarted) {
        return counted(now.count.value).map_or(Delta::Unknown, Delta::Restarted);
    }
    let (from, to) = (before.count.value, now.count.value);
    let modulus = if now.count.wide { 1_u128 << 64 } else { 1_u128 << 32 };
    if u128::from(from) >= modulus || u128::from(to) >= modulus || possible >= modulus {
        // Where a whole turn is possible in between, one cannot be told from none.
        return Delta::Unknown;
    }
    let delta = match (to.checked_sub(from), ran) {
        (Some(delta), _) => Some(delta),
        // Without an uptime a fall is a wrap or a restart, and either is a guess.
        (None, None) => None,
        (None, Some(_)) => u64::try_from(modulus - u128::from(from) + u128::from(to)).ok(),
    };
    delta.and_then(counted).map_or(Delta::Unknown, Delta::Counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GIGABIT: u64 = 125_000_000;
    const WRAP: u64 = 1 << 32;

    fn look(value: u64, wide: bool, at_s: u64, uptime_s: Option<u64>) -> Look {
        Look { count: Count { value, wide }, at: Duration::from_secs(at_s), uptime: uptime_s.map(Duration::from_secs) }
    }

    /// Wrap, restart and the fall that could be either are three answers.
    #[test]
    fn a_fall_is_a_wrap_a_restart_or_unknown() {
        let before = look(WRAP - 100, false, 100, Some(5_000));
        assert_eq!(between(before, look(50, false, 115, Some(5_015)), GIGABIT), Delta::Counted(150));
        assert_eq!(between(before, look(50, false, 115, Some(9)), GIGABIT), Delta::Restarted(50));
        let silent = look(WRAP - 100, false, 100, None);
        assert_eq!(between(silent, look(50, false, 115, None), GIGABIT), Delta::Unknown);
        assert_eq!(between(silent, look(WRAP - 90, false, 115, None), GIGABIT), Delta::Counted(10));
    }

    /// A restart is seen though the counter is already past where it was: the uptime tells.
    #[test]
    fn a_restart_is_noticed_where_the_counter_rose() {
        let before = look(100, true, 100, Some(5_000));
        assert_eq!(between(before, look(900, true, 130, Some(20)), GIGABIT), Delta::Restarted(900));
    }

    /// 32 bits turn once in 34 s at 1 Gbit/s: after that a difference means nothing.
    #[test]
    fn more_than_a_turn_is_unknown() {
        let before = look(0, false, 0, Some(10));
        assert_eq!(between(before, look(1_000, false, 33, Some(43)), GIGABIT), Delta::Unknown);
        assert_eq!(between(before, look(1_000, false, 15, Some(25)), GIGABIT), Delta::Counted(1_000));
        let wide = look(0, true, 0, Some(10));
        assert_eq!(between(wide, look(1_000, true, 3_600, Some(3_610)), GIGABIT), Delta::Counted(1_000));
        assert_eq!(between(wide, look(u64::MAX, true, 15, Some(25)), GIGABIT), Delta::Unknown);
        assert_eq!(between(wide, wide, GIGABIT), Delta::Unknown);
    }

    /// A clock that ran over after 497 days is no restart; one that fell to minutes is.
    #[test]
    fn a_clock_that_ran_over_is_no_restart() {
        let s = Duration::from_secs;
        let late = UPTIME_WRAP - s(10);
        assert_eq!(uptime(late, s(5), s(15)), Uptime::RanOn);
        assert_eq!(uptime(late, s(60), s(15)), Uptime::Restarted);
        assert_eq!(uptime(late, UPTIME_WRAP - s(1), s(10)), Uptime::RanOn);
        assert_eq!(uptime(s(40_000_000), s(12), s(15)), Uptime::Restarted);
        assert_eq!(uptime(s(100), s(130), s(30)), Uptime::RanOn);
        assert_eq!(uptime(s(100), s(100), s(3_600)), Uptime::Restarted);
    }

    proptest! {
        /// Whatever is counted between two looks, in whichever width, comes out again; a wrong figure never does.
        #[test]
        fn what_was_counted_comes_out(
            start in any::<u64>(), rate in 0..GIGABIT, elapsed in 1_u64..30, up in 0_u64..42_949_672, wide in any::<bool>(),
        ) {
            let modulus = if wide { u64::MAX } else { WRAP - 1 };
            let counted = rate * elapsed;
            let to = if wide { start.wrapping_add(counted) } else { start.wrapping_add(counted) & modulus };
            let uptime = (up + elapsed) % 42_949_673;
            let before = look(start & modulus, wide, 1_000, Some(up));
            let now = look(to, wide, 1_000 + elapsed, Some(uptime));
            prop_assert_eq!(between(before, now, GIGABIT), Delta::Counted(counted));
        }

        /// Two looks of any content never come to more than the device could have counted.
        #[test]
        fn nothing_impossible_is_counted(
            from in any::<u64>(), to in any::<u64>(), wide in any::<(bool, bool)>(),
            elapsed in 0_u64..100_000, uptimes in any::<(Option<u32>, Option<u32>)>(), rate in any::<u32>(),
        ) {
            let before = look(from, wide.0, 5, uptimes.0.map(u64::from));
            let now = look(to, wide.1, 5 + elapsed, uptimes.1.map(u64::from));
            match between(before, now, rate.into()) {
                Delta::Counted(delta) | Delta::Restarted(delta) => {
                    prop_assert!(u128::from(delta) <= u128::from(rate) * (u128::from(elapsed) + 2));
                }
                Delta::Unknown => {}
            }
        }
    }
}
