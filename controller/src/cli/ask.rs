//! The errand: asks the running controller one question over HTTP and brings back the answer as JSON.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long the controller has to take the connection, and then to answer: it is on this machine, or close by.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer read: 10,000 access points at about 600 bytes are 6 MB.
const ANSWER_MAX_BYTES: u64 = 16 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody there, or the line broke.
    #[error("no controller answers at {at}: {why}; is it running, and does its [http] listen there?")]
    Unreachable {
        /// The address tried.
        at: String,
        /// What the system said.
        why: String,
    },
    /// Somebody is there who does not answer as a controller does.
    #[error("what answers at {at} is not understood: {why}")]
    Strange {
        /// The address asked.
        at: String,
        /// What was strange.
        why: String,
    },
}

/// `GET path` from the controller at `at` (`HOST:PORT`).
///
/// # Errors
/// No answer in time, or not the answer of a controller.
pub fn get(at: &str, path: &str) -> Result<Value, NoAnswer> {
    let answer =
        fetch(at, path).map_err(|error| NoAnswer::Unreachable { at: at.to_owned(), why: error.to_string() })?;
    read(&answer).map_err(|why| NoAnswer::Strange { at: at.to_owned(), why })
}

fn fetch(at: &str, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = connect(at)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0, so that the answer comes in one piece and ends when the connection does.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {at}\r\nAccept: application/json\r\n\r\n")?;
    let began = Instant::now();
    let mut answer = Vec::new();
    let mut part = vec![0; 64 << 10];
    loop {
        // A peer that sends one byte a second must not hold us for ever: the patience is for the whole answer.
        let left = PATIENCE.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left))?;
        let length = stream.read(&mut part)?;
        answer.extend_from_slice(&part[..length]);
        if length == 0 || answer.len() as u64 > ANSWER_MAX_BYTES {
            return Ok(answer);
        }
        if began.elapsed() > PATIENCE {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
    }
}

fn connect(at: &str) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in at.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The JSON of an answer with status 200.
fn read(answer: &[u8]) -> Result<Value, String> {
    if answer.len() as u64 > ANSWER_MAX_BYTES {
        return Err(format!("an answer of more than {ANSWER_MAX_BYTES} bytes"));
    }
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no HTTP answer")?;
    let head = String::from_utf8_lossy(&answer[..split]);
    let status = head.lines().next().unwrap_or_default();
    let code = status.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).ok_or("no HTTP answer")?;
    if code != "200" {
        return Err(format!("HTTP status {}", code.escape_debug()));
    }
    serde_json::from_slice(&answer[split + 4..]).map_err(|error| format!("not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_a_strange_one_is_refused_with_the_reason() {
        let good = b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"mode\":\"normal\"}";
        assert_eq!(read(good).expect("an answer")["mode"], "normal");
        for (bad, why) in [
            (&b""[..], "no HTTP answer"),
            (b"SSH-2.0-x\r\n\r\n", "no HTTP answer"),
            (b"HTTP/1.1 404 Not Found\r\n\r\n{}", "HTTP status 404"),
            (b"HTTP/1.1 200 OK\r\n\r\n{\"mo", "not JSON"),
        ] {
            let found = read(bad).expect_err("strange");
            assert!(found.contains(why), "{found}");
        }
    }

    #[test]
    fn nobody_there_is_said_with_the_address() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
        let error = get(&free.to_string(), "/api/v1/town").expect_err("nobody");
        assert!(error.to_string().contains(&format!("no controller answers at {free}")), "{error}");
    }
}
