//! A key panel behind a Unix socket (docs/wire.md, "The key panel").

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::signal::Levels;
use super::{EVERY, unreadable};
use crate::core::{ContactReading, Event};

/// Longest line, its end included.
const LINE_MAX_BYTES: u64 = 128;
/// Silence after which the key is unreadable: three questions without an answer.
const SILENCE_LIMIT: Duration = Duration::from_secs(3);

/// Reads the panel for as long as somebody listens.
pub(super) async fn read(
    socket: PathBuf,
    drill: bool,
    mut lights: watch::Receiver<Levels>,
    events: mpsc::Sender<Event>,
) {
    let mut said = None;
    while !events.is_closed() {
        let why = match UnixStream::connect(&socket).await {
            Ok(stream) => match converse(stream, drill, &mut lights, &events, &mut said).await {
                Ok(()) => return,
                Err(why) => format!("key panel {}: {why}", socket.display()),
            },
            Err(error) => refused(&socket, &error),
        };
        unreadable(&mut said, why, &events).await;
        tokio::time::sleep(EVERY).await;
    }
}

fn refused(socket: &Path, error: &std::io::Error) -> String {
    format!("key panel {}: {error}; is the panel's program running?", socket.display())
}

/// Talks with the panel until it cannot be understood (an error with the reason), or nobody listens any more.
async fn converse(
    stream: UnixStream,
    drill: bool,
    lights: &mut watch::Receiver<Levels>,
    events: &mpsc::Sender<Event>,
    said: &mut Option<String>,
) -> Result<(), String> {
    let (reading, mut writing) = stream.into_split();
    // Lines come through a task of their own: a line half read must not be thrown away by a question.
    let (lines_in, mut lines) = mpsc::channel(16);
    let reader = tokio::spawn(read_lines(reading, lines_in));
    let _reader = AbortOnDrop(reader);
    let mut ask = tokio::time::interval(EVERY);
    ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    lights.mark_changed();
    loop {
        let words = tokio::select! {
            line = lines.recv() => {
                let reading = line.unwrap_or_else(|| Err("the panel hung up".to_owned()))?;
                let reading = parse(&reading, drill)?;
                heard = Instant::now();
                if said.take().is_some() {
                    tracing::info!("the key can be read again");
                }
                if events.send(Event::Contacts(reading)).await.is_err() {
                    return Ok(());
                }
                continue;
            }
            () = tokio::time::sleep_until(heard + SILENCE_LIMIT) => {
                return Err(format!("silent for {} s", SILENCE_LIMIT.as_secs()));
            }
            _ = ask.tick() => "read\n".to_owned(),
            changed = lights.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                let Levels { lamp, buzzer } = *lights.borrow_and_update();
                format!("lamp {}\nbuzzer {}\n", u8::from(lamp), u8::from(buzzer))
            }
        };
        tokio::time::timeout(SILENCE_LIMIT, writing.write_all(words.as_bytes()))
            .await
            .map_err(|_| "takes nothing".to_owned())?
            .map_err(|error| error.to_string())?;
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn read_lines(reading: impl AsyncRead + Unpin, lines: mpsc::Sender<Result<String, String>>) {
    let mut reading = BufReader::new(reading);
    loop {
        let mut line = Vec::new();
        let read = (&mut reading).take(LINE_MAX_BYTES).read_until(b'\n', &mut line).await;
        let line = match read {
            Ok(0) => return,
            Ok(_) if line.ends_with(b"\n") => String::from_utf8(line).map_err(|_| "a line is not ASCII".to_owned()),
            Ok(_) => Err(format!("a line is cut off or longer than {LINE_MAX_BYTES} bytes")),
            Err(error) => Err(error.to_string()),
        };
        let failed = line.is_err();
        if lines.send(line).await.is_err() || failed {
            return;
        }
    }
}

/// Reads `contacts no=0 nc=1 drill=0`; `drill` is wanted exactly when the configuration says that it is there.
fn parse(line: &str, drill: bool) -> Result<ContactReading, String> {
    let strange = || {
        let line: String = line.trim_end().chars().take(60).flat_map(char::escape_debug).collect();
        let wanted = if drill { "contacts no=0 nc=1 drill=0" } else { "contacts no=0 nc=1" };
        format!("expected \"{wanted}\", found \"{line}\"")
    };
    let mut words = line.split_ascii_whitespace();
    if words.next() != Some("contacts") {
        return Err(strange());
    }
    let (mut no, mut nc, mut third) = (None, None, None);
    for word in words {
        let (name, level) = word.split_once('=').ok_or_else(strange)?;
        let place = match name {
            "no" => &mut no,
            "nc" => &mut nc,
            "drill" => &mut third,
            _ => return Err(strange()),
        };
        let level = match level {
            "0" => false,
            "1" => true,
            _ => return Err(strange()),
        };
        if place.replace(level).is_some() {
            return Err(strange());
        }
    }
    let closed = no.ok_or_else(strange)?;
    let drill = match (drill, third) {
        (true, None) => return Err(strange()),
        (true, level) => level,
        (false, _) => None,
    };
    Ok(match nc {
        Some(nc) => ContactReading::Pair { no: closed, nc, drill },
        None => ContactReading::Single { closed, drill },
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    #[test]
    fn lines_are_read_strictly() {
        let pair = |no, nc, drill| Ok(ContactReading::Pair { no, nc, drill });
        assert_eq!(parse("contacts no=0 nc=1\n", false), pair(false, true, None));
        assert_eq!(parse("contacts no=1 nc=0 drill=0\n", true), pair(true, false, Some(false)));
        assert_eq!(parse("contacts no=1 nc=0 drill=1\n", false), pair(true, false, None));
        assert_eq!(parse("contacts no=1\n", false), Ok(ContactReading::Single { closed: true, drill: None }));
        for line in [
            "",
            "contacts",
            "contacts nc=1",
            "contacts no=2 nc=0",
            "contacts no=1 no=0",
            "contacts no=1 key=0",
            "contact no=1 nc=0",
            "contacts no= nc=0",
            "contacts no 1",
        ] {
            assert!(parse(line, false).is_err(), "{line:?}");
        }
        assert!(parse("contacts no=0 nc=1", true).is_err(), "a drill contact that is wired and not spoken of");
    }

    struct Panel {
        listener: UnixListener,
        events: mpsc::Receiver<Event>,
        lights: watch::Sender<Levels>,
        _folder: tempfile::TempDir,
    }

    fn panel() -> Panel {
        let folder = tempfile::tempdir().expect("folder");
        let socket = folder.path().join("key");
        let listener = UnixListener::bind(&socket).expect("bound");
        let (sender, events) = mpsc::channel(64);
        let (lights, seen) = watch::channel(Levels::default());
        tokio::spawn(read(socket, false, seen, sender));
        Panel { listener, events, lights, _folder: folder }
    }

    async fn until(events: &mut mpsc::Receiver<Event>, wanted: impl Fn(&Event) -> bool) -> Event {
        let found = async {
            loop {
                let event = events.recv().await.expect("the reader lives");
                if wanted(&event) {
                    return event;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("in time")
    }

    #[tokio::test]
    async fn a_panel_is_asked_read_and_told() {
        // Shows the whole conversation: asked at once, contacts as events, lamp and buzzer when they change.
        let mut panel = panel();
        let (stream, _) = panel.listener.accept().await.expect("connected");
        let (reading, mut writing) = stream.into_split();
        let mut told = BufReader::new(reading).lines();
        let mut heard = std::collections::BTreeSet::new();
        while heard.len() < 3 {
            heard.insert(told.next_line().await.expect("line").expect("not hung up"));
        }
        assert_eq!(heard.into_iter().collect::<Vec<_>>(), ["buzzer 0", "lamp 0", "read"]);
        writing.write_all(b"contacts no=1 nc=0\n").await.expect("written");
        let event = until(&mut panel.events, |event| matches!(event, Event::Contacts(_))).await;
        assert_eq!(event, Event::Contacts(ContactReading::Pair { no: true, nc: false, drill: None }));
        panel.lights.send_replace(Levels { lamp: true, buzzer: false });
        loop {
            let line = told.next_line().await.expect("line").expect("not hung up");
            if line == "lamp 1" {
                break;
            }
        }
    }

    #[tokio::test]
    async fn a_panel_that_hangs_up_or_talks_nonsense_is_unreadable_until_it_is_back() {
        let mut panel = panel();
        for nonsense in [&b""[..], b"hello\n", &[b'x'; 300]] {
            let (mut stream, _) = panel.listener.accept().await.expect("connected");
            stream.write_all(nonsense).await.expect("written");
            drop(stream);
            until(&mut panel.events, |event| matches!(event, Event::ContactsUnreadable { .. })).await;
        }
        let (mut stream, _) = panel.listener.accept().await.expect("connected again");
        stream.write_all(b"contacts no=0 nc=1\n").await.expect("written");
        until(&mut panel.events, |event| matches!(event, Event::Contacts(_))).await;
    }

    #[tokio::test]
    async fn a_silent_panel_is_unreadable_after_three_seconds() {
        let mut panel = panel();
        let (_stream, _) = panel.listener.accept().await.expect("connected");
        let begun = Instant::now();
        let event = until(&mut panel.events, |event| matches!(event, Event::ContactsUnreadable { .. })).await;
        assert!(matches!(event, Event::ContactsUnreadable { why } if why.contains("silent for 3 s")));
        assert!(begun.elapsed() >= Duration::from_millis(2_900));
    }
}
