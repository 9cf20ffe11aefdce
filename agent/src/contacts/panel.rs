//! A panel behind a Unix socket (docs/wire.md, "the key panel"): its lines → readings.

use std::time::Duration;

use firmware_config::key::ContactReading;
use firmware_config::path::FilePath;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::EVERY;
use crate::core::Event;

/// A panel that says nothing for so long cannot be read: three questions were not answered.
const SILENCE_LIMIT: Duration = Duration::from_secs(3);
/// Longest line, its end included.
const LINE_MAX_BYTES: u64 = 128;

/// Asks each second, reads every line, until the panel fails or nobody listens any more.
pub(super) async fn follow(socket: &FilePath, events: &mpsc::Sender<Event>) -> Result<(), String> {
    let named = |why: &dyn std::fmt::Display| format!("panel {socket}: {why}");
    let stream = UnixStream::connect(socket.as_str()).await.map_err(|error| named(&error))?;
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading).take(LINE_MAX_BYTES);
    let mut line = Vec::new();
    let hear = async {
        loop {
            // The limit is of one line: renewed before each.
            reading.set_limit(LINE_MAX_BYTES);
            line.clear();
            match timeout(SILENCE_LIMIT, reading.read_until(b'\n', &mut line)).await {
                Err(_) => return Err(format!("silent for {} s", SILENCE_LIMIT.as_secs())),
                Ok(Err(error)) => return Err(error.to_string()),
                Ok(Ok(0)) => return Err("it hung up".to_owned()),
                Ok(Ok(_)) => {}
            }
            let reading =
                parse(&line).ok_or_else(|| "expected \"contacts no=0 nc=1\", found another line".to_owned())?;
            if events.send(Event::Contacts(reading)).await.is_err() {
                return Ok(());
            }
        }
    };
    let ask = async {
        let mut every = tokio::time::interval(EVERY);
        loop {
            every.tick().await;
            if let Err(error) = writing.write_all(b"read\n").await {
                return error.to_string();
            }
        }
    };
    tokio::select! {
        heard = hear => heard.map_err(|why| named(&why)),
        why = ask => Err(named(&why)),
    }
}

/// Reads `contacts no=0 nc=1`; a drill contact is of no use to a facility and not looked at.
fn parse(line: &[u8]) -> Option<ContactReading> {
    let mut words = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?.split_ascii_whitespace();
    if words.next() != Some("contacts") {
        return None;
    }
    let (mut no, mut nc, mut drill) = (None, None, None);
    for word in words {
        let (name, level) = word.split_once('=')?;
        let place = match name {
            "no" => &mut no,
            "nc" => &mut nc,
            "drill" => &mut drill,
            _ => return None,
        };
        let level = match level {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        if place.replace(level).is_some() {
            return None;
        }
    }
    Some(match nc {
        Some(nc) => ContactReading::Pair { no: no?, nc, drill: None },
        None => ContactReading::Single { closed: no?, drill: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_strictly() {
        let pair = |no, nc| Some(ContactReading::Pair { no, nc, drill: None });
        assert_eq!(parse(b"contacts no=1 nc=0 drill=0\n"), pair(true, false));
        assert_eq!(parse(b"contacts no=0 nc=0\n"), pair(false, false));
        assert_eq!(parse(b"contacts no=1\n"), Some(ContactReading::Single { closed: true, drill: None }));
        for line in [&b"contacts no=1"[..], b"contacts nc=1\n", b"contacts no=2\n", b"contacts no=1 no=1\n", b"\xff\n"]
        {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
