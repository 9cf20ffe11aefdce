//! A device that answers whatever a test wants, from wherever and whenever it wants.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::ber;

/// What was asked, as far as a test needs it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// 0xa0 GET, 0xa1 GETNEXT, 0xa3 SET, 0xa5 GETBULK.
    pub tag: u8,
    pub id: i64,
    /// Of a GETBULK.
    pub repetitions: usize,
    pub names: Vec<Vec<u32>>,
}

impl Asked {
    /// A right answer with these varbinds.
    pub fn answer(&self, binds: &[Vec<u8>]) -> Vec<u8> {
        ber::message(1, "public", &ber::pdu(0xa2, self.id, 0, 0, binds))
    }

    fn read(datagram: &[u8]) -> Self {
        let (_, message, _) = ber::split(datagram);
        let (_, _, rest) = ber::split(message);
        let (_, _, rest) = ber::split(rest);
        let (tag, pdu, _) = ber::split(rest);
        let (_, id, rest) = ber::split(pdu);
        let (_, _, rest) = ber::split(rest);
        let (_, third, rest) = ber::split(rest);
        let (_, mut list, _) = ber::split(rest);
        let mut names = Vec::new();
        while !list.is_empty() {
            let (_, bind, behind) = ber::split(list);
            names.push(ber::arcs(ber::split(bind).1));
            list = behind;
        }
        let repetitions = usize::try_from(ber::number(third)).unwrap_or(0);
        Self { tag, id: ber::number(id), repetitions, names }
    }
}

/// One datagram back.
pub enum Reply {
    Now(Vec<u8>),
    FromElsewhere(Vec<u8>),
    After(Duration, Vec<u8>),
}

pub struct Peer {
    pub address: SocketAddr,
    /// Requests that came.
    pub asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// Answers each request of v1 or v2c with what `respond` makes of it.
    pub fn new(mut respond: impl FnMut(&Asked) -> Vec<Reply> + Send + 'static) -> Self {
        Self::raw(move |datagram| respond(&Asked::read(datagram)))
    }

    /// The same for datagrams as they are.
    pub fn raw(mut respond: impl FnMut(&[u8]) -> Vec<Reply> + Send + 'static) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let elsewhere = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("set");
        let address = socket.local_addr().expect("bound");
        let (asked, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, ended) = (Arc::clone(&asked), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                for reply in respond(&buffer[..length]) {
                    let sent = match reply {
                        Reply::Now(datagram) => socket.send_to(&datagram, from),
                        Reply::FromElsewhere(datagram) => elsewhere.send_to(&datagram, from),
                        Reply::After(pause, datagram) => {
                            let socket = socket.try_clone().expect("a handle");
                            std::thread::spawn(move || {
                                std::thread::sleep(pause);
                                let _ = socket.send_to(&datagram, from);
                            });
                            Ok(0)
                        }
                    };
                    sent.expect("sent");
                }
            }
        });
        Self { address, asked, over, thread: Some(thread) }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
