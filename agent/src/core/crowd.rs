//! How many distinct devices were met: a sketch for each activation that covers this AP, and when it is said.
//!
//! Knows no device: what it is given of one is a mark, made in `hostapd` under a key of the activation. Nothing of it is
//! kept on flash. What was said before a restart the controller has, and merges what comes after.

use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::sketch::{Mark, Sketch};
use firmware_config::wire::{DISTINCT_MAX, Distinct, DistinctDevices, Period, VERSION};

/// Activations counted at once: those of the greatest mode that cover this AP, the first of them. Each has its own key
/// and 2 kB.
pub const OPEN_MAX: usize = 4;
/// Between two documents where no counts are made: their interval's double.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// One activation's devices.
#[derive(Debug, Clone)]
struct Book {
    period: Period,
    open: bool,
    sketch: Sketch,
}

/// Sketches of the activations in force here, and of some that ended.
#[derive(Debug, Clone)]
pub struct Crowd {
    books: Vec<Book>,
    /// No sooner than this after one document comes the next.
    every: Duration,
    /// After a connection: each AP another part of `every`, so that a town does not speak in step.
    phase: Duration,
    /// There is something to say, and when; none while nobody hears it.
    due: Option<Duration>,
    said_at: Option<Duration>,
    connected: bool,
}

impl Crowd {
    /// `boot`: drawn afresh at each start, in hexadecimal figures.
    #[must_use]
    pub fn new(counts_every: Option<Duration>, boot: &str) -> Self {
        let every = counts_every.map_or(SAY_EVERY, |every| every * 2);
        let drawn = boot.get(..4).and_then(|figures| u16::from_str_radix(figures, 16).ok()).unwrap_or(0);
        let phase = every / 2 * u32::from(drawn) / (u32::from(u16::MAX) + 1);
        Self { books: Vec::new(), every, phase, due: None, said_at: None, connected: false }
    }

    /// The activations that cover this AP now. Whether they are others than before: then other keys are needed.
    pub fn cover(&mut self, periods: &[Period], mono: Duration) -> bool {
        let wanted = &periods[..periods.len().min(OPEN_MAX)];
        if self.open() == wanted {
            return false;
        }
        for book in &mut self.books {
            book.open = false;
        }
        // Those in force stand last, in the order given; of the others the oldest go.
        for period in wanted {
            let known = self.books.iter().position(|book| book.period == *period).map(|at| self.books.remove(at));
            let sketch = known.map_or_else(Sketch::default, |book| book.sketch);
            self.books.push(Book { period: *period, open: true, sketch });
        }
        let beyond = self.books.len().saturating_sub(DISTINCT_MAX);
        self.books.drain(..beyond);
        self.has_grown(mono);
        true
    }

    /// The activations it counts for now.
    #[must_use]
    pub fn open(&self) -> Vec<Period> {
        self.books.iter().filter(|book| book.open).map(|book| book.period).collect()
    }

    /// A device was met in an activation: one that came in its last moment is told of when it is over already, and was
    /// there; nobody makes marks of it after that, for its key is gone.
    pub fn met(&mut self, period: Period, mark: Mark, mono: Duration) {
        let book = self.books.iter_mut().find(|book| book.period == period);
        if book.is_some_and(|book| book.sketch.note(mark)) {
            self.has_grown(mono);
        }
    }

    fn has_grown(&mut self, mono: Duration) {
        if self.connected && self.due.is_none() {
            let soonest = self.said_at.map_or(mono + self.phase, |said_at| said_at + self.every);
            self.due = Some(soonest.max(mono));
        }
    }

    /// The broker can be reached: everything is said again, for it remembers nothing.
    pub fn connected(&mut self, mono: Duration) {
        self.connected = true;
        self.due = (!self.books.is_empty()).then_some(mono + self.phase);
    }

    /// The broker cannot be reached.
    pub fn disconnected(&mut self) {
        self.connected = false;
        self.due = None;
    }

    /// The document to send now, if there is one.
    pub fn step(&mut self, ap: &ApId, mono: Duration) -> Option<Distinct> {
        self.due.take_if(|due| *due <= mono)?;
        self.said_at = Some(mono);
        let devices = |book: &Book| DistinctDevices { period: book.period, registers: book.sketch.clone() };
        Some(Distinct { v: VERSION, ap: ap.clone(), activations: self.books.iter().map(devices).collect() })
    }

    /// When a document is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn period(activation: u64) -> Period {
        Period { activation, since_ms: 5 }
    }

    fn mark(device: u64) -> Mark {
        Mark::of(device.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn ap() -> ApId {
        "gym-1".parse().expect("valid")
    }

    fn crowd() -> Crowd {
        Crowd::new(Some(30 * S), "8000")
    }

    #[test]
    fn it_is_said_after_a_connection_and_then_when_it_grew_at_most_once_a_minute() {
        let mut crowd = crowd();
        assert!(crowd.cover(&[period(1)], S) && !crowd.cover(&[period(1)], S));
        assert_eq!(crowd.step(&ap(), 100 * S), None, "nobody hears it");
        crowd.connected(100 * S);
        assert_eq!(crowd.next_wake(), Some(115 * S), "half of half a minute: this AP's own moment");
        assert_eq!(crowd.step(&ap(), 114 * S), None);
        let said = crowd.step(&ap(), 115 * S).expect("due");
        assert!(said.activations.len() == 1 && said.activations[0].registers.is_empty(), "nobody yet, and it counts");
        assert_eq!(crowd.next_wake(), None);
        crowd.met(period(1), mark(1), 120 * S);
        crowd.met(period(1), mark(2), 130 * S);
        assert_eq!(crowd.next_wake(), Some(175 * S));
        assert!((crowd.step(&ap(), 175 * S).expect("due").activations[0].registers.estimate() - 2.0).abs() < 0.1);
        crowd.met(period(1), mark(2), 400 * S);
        assert_eq!(crowd.next_wake(), None, "nobody new");
        crowd.disconnected();
        crowd.met(period(1), mark(3), 500 * S);
        assert_eq!(crowd.next_wake(), None);
        crowd.connected(600 * S);
        assert_eq!(crowd.next_wake(), Some(615 * S));
    }

    #[test]
    fn each_activation_has_its_own_and_who_came_in_its_last_moment_is_in_it() {
        let mut crowd = crowd();
        crowd.cover(&[period(1), period(2)], S);
        crowd.met(period(1), mark(1), S);
        crowd.met(period(9), mark(1), S);
        assert!(crowd.cover(&[period(2)], 2 * S));
        // Met before that, and told of behind it.
        crowd.met(period(1), mark(2), 2 * S);
        crowd.met(period(2), mark(2), 3 * S);
        assert!(crowd.cover(&[], 4 * S));
        crowd.connected(5 * S);
        let said = crowd.step(&ap(), 100 * S).expect("due");
        let of =
            |at: usize| (said.activations[at].period.activation, said.activations[at].registers.estimate().round());
        assert_eq!((said.activations.len(), of(0), of(1)), (2, (1, 2.0), (2, 1.0)));
        assert!(crowd.cover(&[period(1)], 200 * S), "taken up again where it was");
        crowd.met(period(1), mark(3), 201 * S);
        let said = crowd.step(&ap(), 400 * S).expect("due");
        assert_eq!(said.activations.last().expect("there").registers.estimate().round(), 3.0);
    }

    #[test]
    fn a_town_whose_key_is_turned_does_not_speak_in_step() {
        // All were connected, with nothing to say, when the order came: each says it at its own moment.
        for (boot, moment) in [("0000", 100 * S), ("8000", 115 * S), ("c000", 122 * S + S / 2), ("short?", 100 * S)] {
            let mut crowd = Crowd::new(Some(30 * S), boot);
            crowd.connected(S);
            assert_eq!(crowd.next_wake(), None, "there is nothing to say");
            crowd.cover(&[period(1)], 100 * S);
            assert_eq!(crowd.next_wake(), Some(moment), "{boot}");
        }
    }

    #[test]
    fn a_hundred_activations_fill_no_memory() {
        let mut crowd = crowd();
        for activation in 0..100 {
            crowd.cover(&(activation..activation + 10).map(period).collect::<Vec<_>>(), S);
        }
        crowd.connected(S);
        let said = crowd.step(&ap(), 100 * S).expect("due");
        let numbers: Vec<_> = said.activations.iter().map(|it| it.period.activation).collect();
        assert_eq!(numbers.len(), DISTINCT_MAX);
        assert_eq!(numbers[4..], [99, 100, 101, 102], "the first that cover it now");
    }
}
