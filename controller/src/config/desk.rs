//! The desk itself: the text on it, everything there is to say about that text, and where each thing stands.

use std::fmt;

/// Most remarks kept of one kind, so that a file of rubbish does not fill a terminal.
pub const REMARKS_MAX: usize = 200;

/// One thing to say about the file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The file as it was named by whoever asked.
    pub file: String,
    /// Line and column, both from 1, the column in characters; none where it concerns the file as a whole.
    pub at: Option<(usize, usize)>,
    /// What was found, and what is allowed.
    pub what: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Why a file is not taken: everything at once, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaints {
    /// What must be mended; at least one.
    pub complaints: Vec<Remark>,
    /// What would work and is worth a look all the same.
    pub notes: Vec<Remark>,
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.complaints.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{complaint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

/// A value and the byte where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) at: usize,
    pub(super) is: T,
}

impl<T> Found<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        Found { at: self.at, is: change(self.is) }
    }
}

/// Collects what there is to say about one file.
#[derive(Debug)]
pub(super) struct Desk<'i> {
    file: String,
    text: &'i str,
    /// Whether all of the file could be read: if not, nothing may be said to be missing from it.
    pub(super) whole: bool,
    complaints: Vec<(usize, String)>,
    amiss: Vec<(usize, String)>,
    notes: Vec<(Option<usize>, String)>,
}

impl<'i> Desk<'i> {
    pub(super) fn new(file: &str, text: &'i str) -> Self {
        Self { file: file.to_owned(), text, whole: true, complaints: Vec::new(), amiss: Vec::new(), notes: Vec::new() }
    }

    /// Says that what stands at byte `at` must be mended.
    pub(super) fn complain(&mut self, at: usize, what: impl Into<String>) {
        self.complaints.push((at, what.into()));
    }

    /// Says that something is missing: only of a file that could be read as a whole.
    pub(super) fn miss(&mut self, at: usize, what: impl Into<String>) {
        if self.whole {
            self.complain(at, what);
        }
    }

    /// Says that what stands at byte `at` does not go together with another file, which may have changed since this one
    /// was last looked at: to be mended, and no reason for a town not to start.
    pub(super) fn mismatch(&mut self, at: usize, what: impl Into<String>) {
        if self.whole {
            self.amiss.push((at, what.into()));
        }
    }

    /// Says something that does not stop the file from being taken.
    pub(super) fn note(&mut self, at: usize, what: impl Into<String>) {
        self.notes.push((Some(at), what.into()));
    }

    /// Notes that something is missing: only of a file that could be read as a whole.
    pub(super) fn note_missing(&mut self, what: impl Into<String>) {
        if self.whole {
            self.notes.push((None, what.into()));
        }
    }

    /// Line of byte `at`, from 1: for complaints that point at another place as well.
    pub(super) fn line(&self, at: usize) -> usize {
        position(self.text.as_bytes(), at).0
    }

    /// Whether nothing has to be mended so far.
    pub(super) fn is_clean(&self) -> bool {
        self.complaints.is_empty()
    }

    /// Everything said, in the order of the file: complaints, what does not go together with other files (among the
    /// complaints where there are any), notes.
    pub(super) fn clear(mut self) -> (Vec<Remark>, Vec<Remark>, Vec<Remark>) {
        if !self.complaints.is_empty() {
            self.complaints.append(&mut self.amiss);
        }
        self.complaints.sort_by_key(|(at, _)| *at);
        self.complaints.dedup();
        self.notes.sort_by_key(|(at, _)| *at);
        let bytes = self.text.as_bytes();
        let remark = |at: Option<usize>, what: String| Remark {
            file: self.file.clone(),
            at: at.map(|at| position(bytes, at)),
            what,
        };
        let more = self.complaints.len().saturating_sub(REMARKS_MAX);
        let mut complaints: Vec<Remark> =
            self.complaints.into_iter().take(REMARKS_MAX).map(|(at, what)| remark(Some(at), what)).collect();
        if more > 0 {
            complaints.push(remark(None, format!("{more} more complaints are not shown; mend these first")));
        }
        self.amiss.sort_by_key(|(at, _)| *at);
        let amiss = self.amiss.into_iter().take(REMARKS_MAX).map(|(at, what)| remark(Some(at), what)).collect();
        let notes = self.notes.into_iter().take(REMARKS_MAX).map(|(at, what)| remark(at, what)).collect();
        (complaints, amiss, notes)
    }
}

/// Line and column of byte `at`, both from 1, the column counted in characters as editors show them.
pub(super) fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}

/// A text as it may be put on a terminal: quoted, control characters escaped, long ones cut.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let mut shown: String = text.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}
