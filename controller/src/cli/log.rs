//! The log on its way out: a thread of its own writes it, so that a reader who hangs holds no opening up.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written: what 10,000 APs cause in one flip, some 3 MB.
const LINES_MAX: usize = 16_384;
/// How long the end of the program waits for the last lines.
const LAST_LINES_LIMIT: Duration = Duration::from_millis(500);

enum Item {
    Line(Vec<u8>),
    /// Everything before this is written: say so.
    Written(SyncSender<()>),
}

/// Where lines are laid down; never waits.
#[derive(Clone)]
pub(super) struct Log {
    lines: SyncSender<Item>,
    lost: Arc<AtomicU64>,
}

/// Waits, when dropped, until the last lines are written, but not for ever.
pub(super) struct LastLines(Log);

impl Log {
    /// Writes to `out` from now on.
    pub(super) fn start(out: impl Write + Send + 'static) -> (Self, LastLines) {
        let (lines, items) = sync_channel(LINES_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let log = Self { lines, lost: Arc::clone(&lost) };
        std::thread::spawn(move || write(out, &items, &lost));
        (log.clone(), LastLines(log))
    }
}

fn write(mut out: impl Write, items: &Receiver<Item>, lost: &AtomicU64) {
    while let Ok(item) = items.recv() {
        match item {
            // A full disk or a closed pipe takes no lines: there is nobody left to tell.
            Item::Line(line) => drop(out.write_all(&line)),
            Item::Written(answer) => drop(answer.try_send(())),
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            drop(writeln!(out, "{lost} lines of the log are lost: it was not read fast enough"));
        }
    }
}

impl Drop for LastLines {
    fn drop(&mut self) {
        let (written, done) = sync_channel(1);
        if self.0.lines.try_send(Item::Written(written)).is_ok() {
            let _ = done.recv_timeout(LAST_LINES_LIMIT);
        }
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { log: self, text: Vec::new() }
    }
}

/// One line in the making; laid down when it is dropped.
pub(super) struct Line<'a> {
    log: &'a Log,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if self.log.lines.try_send(Item::Line(std::mem::take(&mut self.text))).is_err() {
            self.log.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_reader_who_hangs_holds_nobody_up_and_learns_what_he_missed() {
        // Shows it on a pipe that is not read: ten times as many lines as are kept are taken at once; then it is read.
        let (mut reader, out) = UnixStream::pair().expect("pair");
        let (log, last) = Log::start(out);
        let begun = Instant::now();
        for number in 0..10 * LINES_MAX {
            writeln!(log.make_writer(), "line {number} {}", "x".repeat(100)).expect("taken");
        }
        drop(last);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        drop(log);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("read");
        assert!(text.starts_with("line 0 "));
        assert!(text.contains("lines of the log are lost"));
    }

    #[test]
    fn the_last_lines_are_written_before_the_end() {
        let (mut reader, out) = UnixStream::pair().expect("pair");
        let (log, last) = Log::start(out);
        writeln!(log.make_writer(), "goodbye").expect("taken");
        drop(last);
        let mut text = [0; 8];
        reader.set_nonblocking(true).expect("set");
        reader.read_exact(&mut text).expect("written already");
        assert_eq!(&text, b"goodbye\n");
    }
}
