//! The counter, driven over TCP as a stranger would: a made-up town behind it, raw HTTP/1.1 in front.

mod acts;
mod archive;
mod description;
mod distinct;
mod events;
pub(crate) mod made_up;
mod manners;
mod pages;
mod town;

use std::net::SocketAddr;
use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use made_up::{AT, made_up_inventory, made_up_view};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// How long a test waits for something that is due at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A served town and the other ends of everything it holds.
struct Served {
    address: SocketAddr,
    view: watch::Sender<Arc<TownView>>,
    questions: mpsc::Receiver<Question>,
    house: House,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    /// Publishes the same view again and again, as the loop does.
    publishing: tokio::task::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Served {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("record.sqlite")).await.expect("a new store");
        Self::with(dir, store, Some(TOKEN)).await
    }

    /// Its store cannot be opened, and it has no token.
    async fn bare() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::start(dir.path());
        Self::with(dir, store, None).await
    }

    async fn with(dir: tempfile::TempDir, store: Store, token: Option<&str>) -> Self {
        let (view, seen) = watch::channel(Arc::new(made_up_view()));
        let (asked, questions) = mpsc::channel(4);
        let (stop, stopping) = watch::channel(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let house = House {
            view: seen,
            questions: asked,
            store,
            inventory: Arc::new(made_up_inventory()),
            deputies: crate::snmp::Deputies::none(),
            token: token.map(|text| Token::new(text).expect("a token")),
        };
        let server = tokio::spawn(serve(listener, house.clone(), stopping));
        let again = view.clone();
        let publishing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(500)).await;
                again.send_modify(|_| ());
            }
        });
        Self { address, view, questions, house, stop, server, publishing, _dir: dir }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    /// An act with the right token, declared as JSON.
    async fn act(&self, method: &str, path: &str, body: &str) -> Answer {
        self.acting(method, path, body).await.expect("no panic")
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.asking(method, path, headers, body).await.expect("no panic")
    }

    /// The same, on its way: for a test that is also the core.
    fn asking(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> tokio::task::JoinHandle<Answer> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            text += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        tokio::spawn(raw(self.address, (text + "\r\n" + body).into_bytes()))
    }

    /// An act with the right token, declared as JSON, on its way.
    fn acting(&self, method: &str, path: &str, body: &str) -> tokio::task::JoinHandle<Answer> {
        let bearer = format!("Bearer {TOKEN}");
        self.asking(method, path, &[("Authorization", &bearer), ("Content-Type", "application/json")], body)
    }

    /// The next question, as the core would get it.
    async fn question(&mut self) -> Question {
        tokio::time::timeout(PATIENCE, self.questions.recv()).await.expect("in time").expect("a question")
    }
}

/// Sends bytes and reads one answer.
async fn raw(to: SocketAddr, request: Vec<u8>) -> Answer {
    let mut stream = TcpStream::connect(to).await.expect("it listens");
    stream.write_all(&request).await.expect("it reads");
    tokio::time::timeout(PATIENCE, Answer::read(BufReader::new(stream))).await.expect("an answer in time")
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    async fn head(stream: &mut BufReader<TcpStream>) -> (u16, Vec<(String, String)>) {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.expect("a line");
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let status = lines[0].split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let headers = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        (status, headers)
    }

    async fn read(mut stream: BufReader<TcpStream>) -> Self {
        let (status, headers) = Self::head(&mut stream).await;
        let mut body = Vec::new();
        if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
            while let Some(chunk) = chunk(&mut stream).await {
                body.extend(chunk);
            }
        } else {
            stream.read_to_end(&mut body).await.expect("the body");
        }
        Self { status, headers, body }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("utf-8")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic_with(&format!("{error}: {self:?}")))
    }

    /// The body of a refusal, having made sure that it has the one shape.
    fn complaint(&self, status: u16) -> Complaint {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        let complaint: Complaint = serde_json::from_slice(&self.body).expect("a complaint");
        assert!(!complaint.error.is_empty() && !complaint.todo.is_empty(), "{complaint:?}");
        complaint
    }
}

#[expect(clippy::panic, reason = "a test that fails")]
fn panic_with(text: &str) -> ! {
    panic!("{text}")
}

async fn chunk(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("a chunk's length");
    let length = usize::from_str_radix(line.trim(), 16).expect("a length in hex");
    let mut body = vec![0; length + 2];
    stream.read_exact(&mut body).await.expect("a chunk");
    body.truncate(length);
    (length > 0).then_some(body)
}
