//! When a report is sent: at once where something came true, together with its neighbours where it may wait.

use std::time::Duration;

use firmware_config::wire::{AgentState, Report};

/// A report of something under way waits this long: most flips are done by then, and one report tells it all.
const GATHER: Duration = Duration::from_millis(100);
/// Reports of lesser things (a message turned away, a reason reworded) are at least this far apart.
const LESSER_APART: Duration = Duration::from_secs(1);

/// A wall clock that is set moves every date by more than this; one that is kept right does not.
const CLOCK_SET_MS: u64 = 5_000;

/// What was last told and what is waiting to be.
#[derive(Debug, Clone, Default)]
pub struct Teller {
    connected: bool,
    seq: u64,
    told: Option<Report>,
    told_at: Duration,
    due: Option<Duration>,
}

/// What matters of a report beside the one `told` last: not its number, not how many people are there this second, not
/// a date that differs by the clocks' ticking.
fn face(mut report: Report, told: Option<&Report>) -> Report {
    report.seq = 0;
    if let Some(told) = told.filter(|told| told.since_ms.abs_diff(report.since_ms) <= CLOCK_SET_MS) {
        report.since_ms = told.since_ms;
    }
    for network in &mut report.networks {
        network.stations = 0;
    }
    report
}

impl Teller {
    /// The broker can be reached: everything is told again, for the broker remembers nothing.
    pub fn connected(&mut self) {
        self.connected = true;
        self.told = None;
        self.due = None;
    }

    /// What was told may not have arrived: it is told again.
    pub fn again(&mut self) {
        self.told = None;
    }

    /// The broker cannot be reached.
    pub fn disconnected(&mut self) {
        self.connected = false;
    }

    /// Whether the broker can be reached.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// The report to send now, if there is one.
    pub fn step(&mut self, report: impl Fn() -> Report, mono: Duration) -> Option<Report> {
        if !self.connected {
            return None;
        }
        let face = face(report(), self.told.as_ref());
        let due = match &self.told {
            None => mono,
            Some(told) if *told == face => {
                self.due = None;
                return None;
            }
            Some(told) => {
                let state = (told.running, told.mode, told.state) != (face.running, face.mode, face.state);
                if state && face.state != AgentState::Applying {
                    mono
                } else if state || told.told != face.told {
                    self.due.unwrap_or(mono + GATHER).min(mono + GATHER)
                } else {
                    self.due.unwrap_or((mono + GATHER).max(self.told_at + LESSER_APART))
                }
            }
        };
        if mono < due {
            self.due = Some(due);
            return None;
        }
        self.seq += 1;
        let report = Report { seq: self.seq, ..report() };
        self.told = Some(face);
        self.told_at = mono;
        self.due = None;
        Some(report)
    }

    /// When a waiting report is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.due.filter(|_| self.connected)
    }
}
