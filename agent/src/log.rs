//! One line per event on standard error: what happened, then fields. Who reads it adds the time.

use std::fmt;
use std::io::Write;

/// Where lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Log {
    /// Standard error.
    #[default]
    Stderr,
    /// Nowhere: many agents in one process.
    Nowhere,
}

impl Log {
    /// Writes one line.
    pub fn line(self, text: fmt::Arguments<'_>) {
        if self == Self::Stderr {
            // Nobody can be told that standard error is closed.
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }
}
