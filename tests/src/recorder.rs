//! A cable that remembers: passes TCP on to an address, and keeps every byte that goes out over it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Bytes passed on at once.
const PIECE: usize = 16 * 1024;

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Passes on to `to`.
    ///
    /// # Errors
    /// There is no port to listen on.
    pub async fn start(to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    // A connection that breaks breaks for both ends, as a cable does.
                    let _ = pass(near, to, &kept).await;
                });
            }
        });
        Ok(Self { address, sent, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that whoever connected has sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        self.sent.lock().expect("nobody panics while recording").clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(near: TcpStream, to: SocketAddr, kept: &Mutex<Vec<u8>>) -> io::Result<()> {
    let far = TcpStream::connect(to).await?;
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let out = async {
        let mut piece = vec![0; PIECE];
        loop {
            let length = from_near.read(&mut piece).await?;
            if length == 0 {
                return io::Result::Ok(());
            }
            kept.lock().expect("nobody panics while recording").extend(&piece[..length]);
            to_far.write_all(&piece[..length]).await?;
        }
    };
    tokio::select! {
        ended = out => ended,
        ended = tokio::io::copy(&mut from_far, &mut to_near) => ended.map(|_| ()),
    }
}
