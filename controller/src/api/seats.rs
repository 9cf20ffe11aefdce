//! Connections: a bounded number of seats, and nobody keeps one who neither speaks nor reads.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// Connections at once. A browser takes up to six, so forty screens and a few programs; more wait in the kernel.
const CONNECTIONS_MAX: usize = 256;

/// A connection on which nothing moved for so long is closed. Event streams move every 5 s, the slowest answer takes
/// 10 s: whoever stays silent for longer than both is gone or does not read.
pub const IDLE_MAX: Duration = Duration::from_secs(30);

/// A listener that seats a bounded number of connections and closes idle ones.
pub struct Seats {
    listener: TcpListener,
    free: Arc<Semaphore>,
    idle_max: Duration,
}

impl Seats {
    /// Round a bound listener; `idle_max` is how long nothing may move on a connection, in the product [`IDLE_MAX`].
    pub fn new(listener: TcpListener, idle_max: Duration) -> Self {
        Self { listener, free: Arc::new(Semaphore::new(CONNECTIONS_MAX)), idle_max }
    }
}

impl Listener for Seats {
    type Io = Seated;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Seated, SocketAddr) {
        let seat = Arc::clone(&self.free).acquire_owned().await.expect("the seats are never closed");
        // axum's own accept waits out errors such as too many open files instead of failing.
        let (stream, from) = Listener::accept(&mut self.listener).await;
        // Fragments are small and somebody waits for them; without this they sit in the kernel for 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
        let idle = Box::pin(tokio::time::sleep(self.idle_max));
        (Seated { stream, idle, idle_max: self.idle_max, _seat: seat }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails once nothing has moved on it for so long: a reader that stops reading is dropped
/// with what was meant for it, never buffered for.
pub struct Seated {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    idle_max: Duration,
    _seat: OwnedSemaphorePermit,
}

impl Seated {
    fn watch<T>(&mut self, cx: &mut Context<'_>, moved: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            let until = Instant::now() + self.idle_max;
            self.idle.as_mut().reset(until);
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn who_neither_speaks_nor_reads_is_shown_out_and_the_seat_is_free_again() {
        // One client says nothing, another never reads: reading from the first and writing to the second must end.
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut seats = Seats::new(listener, Duration::from_millis(100));
        let to = seats.local_addr().expect("an address");
        let _silent = TcpStream::connect(to).await.expect("it listens");
        let (mut seated, _) = seats.accept().await;
        assert_eq!(seated.read_u8().await.expect_err("nothing came").kind(), io::ErrorKind::TimedOut);
        drop(seated);
        let _deaf = TcpStream::connect(to).await.expect("it listens");
        let (mut seated, _) = seats.accept().await;
        assert_eq!(seats.free.available_permits(), CONNECTIONS_MAX - 1, "the first seat is free again");
        let endless = async {
            loop {
                if let Err(error) = seated.write_all(&[0; 65536]).await {
                    return error.kind();
                }
            }
        };
        assert_eq!(endless.await, io::ErrorKind::TimedOut);
    }
}
