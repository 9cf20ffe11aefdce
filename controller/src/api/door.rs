//! The door: takes connections, shows out the ones that stall, and asks every caller whom they came to see.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use super::error::ApiError;

/// Connections at once. A browser takes up to six, so forty screens and a few programs; more wait in the kernel.
const CONNECTIONS_MAX: usize = 256;

/// A connection on which nothing moved for so long is closed. Event streams move every 5 s, the slowest answer takes
/// 10 s: whoever stays silent for longer than both is gone or does not read.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A listener that seats a bounded number of connections and closes idle ones.
pub struct Door {
    listener: TcpListener,
    seats: Arc<Semaphore>,
}

impl Door {
    /// Round a bound listener.
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, seats: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }
}

impl Listener for Door {
    type Io = Seated;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Seated, SocketAddr) {
        let seat = Arc::clone(&self.seats).acquire_owned().await.expect("the seats are never closed");
        // axum's own accept waits out errors such as too many open files instead of failing.
        let (stream, from) = Listener::accept(&mut self.listener).await;
        // Fragments are small and somebody waits for them; without this they sit in the kernel for 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
        (Seated { stream, idle: Box::pin(tokio::time::sleep(IDLE_MAX)), _seat: seat }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails once nothing has moved on it for [`IDLE_MAX`]: a reader that stops reading is dropped
/// with what was meant for it, never buffered for.
pub struct Seated {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    _seat: OwnedSemaphorePermit,
}

impl Seated {
    fn watch<T>(&mut self, cx: &mut Context<'_>, moved: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
            return moved;
        }
        match self.idle.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing moved"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Seated {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.watch(cx, moved)
    }
}

impl AsyncWrite for Seated {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(cx, moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(cx, moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Everything a page may load comes from here, nothing frames it, nothing is sniffed, nothing tells where it led.
const HEADERS: [(header::HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Round every request: refuses callers of another name, dresses every answer.
pub async fn keep(request: Request, next: Next) -> Response {
    let under_api = request.uri().path().starts_with("/api/");
    let path = request.uri().path().to_owned();
    let mut response = match host(&request) {
        Some(host) if is_loopback(host) => next.run(request).await,
        other => misdirected(other),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = method_not_allowed(&response, under_api, &path);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn host(request: &Request) -> Option<&str> {
    // A request line may carry the name itself; then it, not the header, is what counts (RFC 9112 §3.2.2).
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    request.headers().get(header::HOST)?.to_str().ok()
}

/// Whether a `Host` names this machine to itself. A page elsewhere whose name was made to point here (DNS rebinding)
/// sends its own name, and is turned away.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((inside, port)) if is_port(port) => inside,
            _ => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) if is_port(&host[name.len()..]) && !port.is_empty() => name,
            Some(_) => return false,
            None => host,
        },
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

fn misdirected(host: Option<&str>) -> Response {
    ApiError::new(
        StatusCode::MISDIRECTED_REQUEST,
        "the request asks for a host that this is not",
        "open http://localhost:PORT/ on this machine, or through `ssh -L PORT:localhost:PORT`",
    )
    .found(host.unwrap_or("no Host header"))
    .expected("localhost, 127.0.0.1 or [::1], with or without a port")
    .into_response()
}

fn method_not_allowed(response: &Response, under_api: bool, path: &str) -> Response {
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut answer = if under_api {
        let error = ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path does not take this method",
            "see /api/v1/openapi.json",
        )
        .found(path);
        match allow.as_ref().and_then(|allow| allow.to_str().ok()) {
            Some(allow) => error.expected(allow),
            None => error,
        }
        .into_response()
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, "このページは読むだけです。\nThis page can only be read.\n").into_response()
    };
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn this_machine_by_its_own_names() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
    }

    #[test]
    fn nobody_else() {
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "192.168.1.1",
            "[::2]",
            "[::1",
            "::1",
            "localhost:",
            "localhost:http",
            "localhost:80:80",
            "[::1]x",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
