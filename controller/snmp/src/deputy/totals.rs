//! What a device's counters have counted since it was first read: wraps added up, restarts noticed, nothing guessed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::counter::{Delta, Look, between};
use crate::readings::{Figure, Readings};

/// Most that a 32-bit counter is believed to count in a second: octets of a gigabit uplink. At a poll every 20 s that is
/// 22 s × 125 MB = 2.75 GB, below its 4.29 GB: one wrap can be told.
const NARROW_PER_SECOND_MAX: u64 = 125_000_000;
/// The same of 64 bits: octets of 100 gigabits.
const WIDE_PER_SECOND_MAX: u64 = 12_500_000_000;

/// One counter's total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// As in [`Figure`].
    pub metric: String,
    /// As in [`Figure`].
    pub scope: String,
    /// As in [`Figure`].
    pub of: String,
    /// Counted since the first look, as far as that is known: it only rises.
    pub counted: u64,
}

type Name = (String, String, String);

/// Every counter of one device.
#[derive(Debug, Default)]
pub struct Totals(BTreeMap<Name, (Look, u64)>);

impl Totals {
    /// Takes a reading of `at`, by our monotonic clock. Counters that are gone are forgotten.
    pub fn take(&mut self, readings: &Readings, at: Duration) {
        let mut before = std::mem::take(&mut self.0);
        for Figure { metric, scope, of, counter, .. } in &readings.figures {
            let Some(count) = *counter else { continue };
            let name = (metric.clone(), scope.clone(), of.clone());
            let look = Look { count, at, uptime: readings.uptime };
            let most = if count.wide { WIDE_PER_SECOND_MAX } else { NARROW_PER_SECOND_MAX };
            let counted = match before.remove(&name) {
                None => 0,
                Some((last, sum)) => match between(last, look, most) {
                    Delta::Counted(delta) | Delta::Restarted(delta) => sum.saturating_add(delta),
                    Delta::Unknown => sum,
                },
            };
            self.0.insert(name, (look, counted));
        }
    }

    /// All of them, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Total> {
        let total = |((metric, scope, of), (_, counted)): (&Name, &(Look, u64))| Total {
            metric: metric.clone(),
            scope: scope.clone(),
            of: of.clone(),
            counted: *counted,
        };
        self.0.iter().map(total).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::Count;

    fn readings(value: u64, uptime_s: u64) -> Readings {
        let figure = Figure {
            metric: "rx-bytes".to_owned(),
            scope: "bss".to_owned(),
            of: "7".to_owned(),
            value: 0.0,
            counter: Some(Count { value, wide: false }),
        };
        Readings { uptime: Some(Duration::from_secs(uptime_s)), figures: vec![figure], ..Readings::default() }
    }

    /// From look to look a total rises by what was counted: over a wrap and a restart, and not at all where nobody knows.
    #[test]
    fn a_total_only_rises_over_a_wrap_a_restart_and_a_long_silence() {
        let mut totals = Totals::default();
        let mut look = |value, at_s, uptime_s| {
            totals.take(&readings(value, uptime_s), Duration::from_secs(at_s));
            totals.all()[0].counted
        };
        assert_eq!(look(4_294_967_000, 100, 5_000), 0, "what came before us is not ours");
        assert_eq!(look(704, 115, 5_015), 1_000, "over the wrap");
        assert_eq!(look(300, 130, 9), 1_300, "over a restart");
        assert_eq!(look(10_000_300, 3_700, 3_579), 1_300, "an hour without a look: it may have wrapped");
        assert_eq!(look(10_000_400, 3_715, 3_594), 1_400, "and on from there");
        totals.take(&Readings::default(), Duration::from_secs(3_730));
        assert!(totals.all().is_empty(), "a counter that is gone is forgotten");
    }
}
