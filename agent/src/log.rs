//! One line per event on standard error: what happened, then fields. Who reads it adds the time.

use std::fmt;
use std::io::Write;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Longest line, its end included. What a pipe takes without waiting where it takes anything at all (`PIPE_BUF` of
/// Linux, pipe(7)).
const LINE_MAX_BYTES: usize = 4_096;

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
    /// Writes one line, or nothing where that would have to be waited for.
    pub fn line(self, text: fmt::Arguments<'_>) {
        if self == Self::Stderr {
            write(&mut std::io::stderr().lock(), text);
        }
    }
}

/// The agent does everything on one thread: a reader of the log who hangs must not hold up an opening.
fn write(out: &mut (impl Write + AsFd), text: fmt::Arguments<'_>) {
    let mut line = text.to_string();
    line.truncate(line.floor_char_boundary(LINE_MAX_BYTES - 1));
    line.push('\n');
    let mut room = [PollFd::new(out, PollFlags::OUT)];
    // Where nobody can say whether there is room, there is nobody to read it.
    if poll(&mut room, Some(&Timespec::default())).is_ok_and(|ready| ready > 0) {
        // Nobody can be told that standard error is closed.
        let _ = out.write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_reader_who_hangs_holds_nothing_up() {
        // A pipe that nobody reads takes some lines and no more, and every line written returns.
        let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
        (0..10_000).for_each(|n| write(&mut writer, format_args!("state=Serving running={n}")));
        write(&mut writer, format_args!("{}", "あ".repeat(10_000)));
        drop(writer);
        let mut read = String::new();
        reader.read_to_string(&mut read).expect("whole characters");
        assert!(read.lines().count() > 100 && read.lines().count() < 10_000);
        let numbers: Vec<String> = (0..read.lines().count()).map(|n| format!("state=Serving running={n}")).collect();
        assert!(read.ends_with('\n') && read.lines().eq(numbers.iter().map(String::as_str)), "whole lines");
    }
}
