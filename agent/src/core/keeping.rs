//! The ledger's way onto flash: when to write, and when to try again. Nothing ever waits for it.

use std::time::Duration;

/// First wait before the ledger is tried again; doubled each time.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest wait between tries: a worn-out flash is not hammered.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// How far the newest page is.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// Something is not on flash yet.
    dirty: bool,
    writing: bool,
    tries: u32,
    not_before: Duration,
    failure: Option<String>,
}

impl Keeping {
    /// There is something new to keep.
    pub fn changed(&mut self, mono: Duration) {
        self.dirty = true;
        self.tries = 0;
        self.not_before = mono;
    }

    /// Whether to write a page now. It is being written from now on; one at a time.
    pub fn start(&mut self, mono: Duration) -> bool {
        if !self.dirty || self.writing || mono < self.not_before {
            return false;
        }
        self.dirty = false;
        self.writing = true;
        true
    }

    /// The page that was being written is on flash, or is not.
    pub fn written(&mut self, outcome: Result<(), String>, mono: Duration) {
        self.writing = false;
        match outcome {
            // A newer page may have come meanwhile: it is still to be written.
            Ok(()) => *self = Self { dirty: self.dirty, ..Self::default() },
            Err(why) => {
                self.not_before = mono + RETRY_FIRST.saturating_mul(1 << self.tries.min(16)).min(RETRY_MAX);
                self.tries = self.tries.saturating_add(1);
                self.dirty = true;
                self.failure = Some(why);
            }
        }
    }

    /// When a page is to be tried again.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        (self.dirty && !self.writing).then_some(self.not_before)
    }

    /// Why the newest page is not on flash, where it was tried.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn what_changed_while_a_page_was_being_written_is_written_too() {
        let mut keeping = Keeping::default();
        assert!(!keeping.start(S), "there is nothing to keep");
        keeping.changed(S);
        assert_eq!(keeping.next_wake(), Some(S));
        assert!(keeping.start(S) && !keeping.start(S), "one page at a time");
        assert_eq!(keeping.next_wake(), None, "the page's own end comes first");
        keeping.changed(2 * S);
        assert!(!keeping.start(2 * S));
        keeping.written(Ok(()), 3 * S);
        assert!(keeping.start(3 * S), "the newer page");
        keeping.written(Ok(()), 4 * S);
        assert!(!keeping.start(5 * S) && keeping.next_wake().is_none(), "and that is all");
    }

    #[test]
    fn a_flash_that_refuses_is_tried_after_a_second_then_two_and_at_least_each_minute() {
        let mut keeping = Keeping::default();
        keeping.changed(Duration::ZERO);
        let (mut now, mut waits) = (Duration::ZERO, Vec::new());
        for _ in 0..9 {
            assert!(keeping.start(now));
            keeping.written(Err("no space left on device".to_owned()), now);
            assert_eq!(keeping.failure(), Some("no space left on device"));
            let next = keeping.next_wake().expect("it is tried again");
            assert!(!keeping.start(next - S / 10), "not before");
            waits.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        // Something new does not wait for it.
        keeping.changed(now + S);
        assert!(keeping.start(now + S));
        keeping.written(Ok(()), now + S);
        assert_eq!(keeping.failure(), None);
    }
}
