//! How many rows at once a device can be asked for: down at once where it cannot, up again slowly, remembered.

/// Rows of one GETBULK, from bold to timid; behind the last comes GETNEXT.
const STEPS: [u32; 4] = [25, 10, 5, 1];
/// Good answers before the next bolder step is tried. At 20 answers a poll and a poll every 15 s: about 40 s.
const CLIMB_AFTER: u32 = 50;
/// A step that failed is tried again after twice as many as before, and at least once in so many: about 80 minutes.
const CLIMB_AFTER_MAX: u32 = 6400;

/// Where on the steps a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ladder {
    step: usize,
    good: u32,
    climb_after: u32,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { step: 0, good: 0, climb_after: CLIMB_AFTER }
    }
}

impl Ladder {
    /// Rows to ask for, at most `most`; none: GETNEXT.
    pub(super) fn repetitions(self, most: u32) -> Option<u32> {
        STEPS.get(self.step).map(|step| (*step).min(most).max(1))
    }

    /// It could not: one step down. Steps that `most` makes equal are taken together. False: there is none left.
    pub(super) fn down(&mut self, most: u32) -> bool {
        if self.step == STEPS.len() {
            return false;
        }
        let was = self.repetitions(most);
        while self.step < STEPS.len() && self.repetitions(most) == was {
            self.step += 1;
        }
        self.good = 0;
        self.climb_after = (self.climb_after * 2).min(CLIMB_AFTER_MAX);
        true
    }

    /// It could.
    pub(super) fn good(&mut self) {
        self.good += 1;
        if self.good >= self.climb_after && self.step > 0 {
            self.step -= 1;
            self.good = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_asked_for_less_at_once_and_for_more_slowly() {
        let mut ladder = Ladder::default();
        let mut seen = vec![ladder.repetitions(25)];
        while ladder.down(25) {
            seen.push(ladder.repetitions(25));
        }
        assert_eq!(seen, [Some(25), Some(10), Some(5), Some(1), None]);
        let mut answers = 0;
        while ladder.repetitions(25).is_none() {
            ladder.good();
            answers += 1;
        }
        assert_eq!(answers, CLIMB_AFTER * 16, "four failures double the patience four times");
        assert_eq!(ladder.repetitions(25), Some(1));
    }

    #[test]
    fn steps_that_the_manners_make_equal_are_one_step() {
        let mut ladder = Ladder::default();
        assert_eq!(ladder.repetitions(8), Some(8));
        assert!(ladder.down(8));
        assert_eq!(ladder.repetitions(8), Some(5));
        assert_eq!(Ladder::default().repetitions(0), Some(1), "0 rows make some agents hang");
    }
}
