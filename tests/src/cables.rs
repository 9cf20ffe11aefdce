//! The cables between access points and broker, one for each facility, which can be cut: in the kernel, or in a proxy.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::process::{Keeper, Running};

/// The town hall's end; 198.18.0.0/15 is set aside for trying out networks (RFC 2544).
const TOWN_HALL: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
/// The first facility's end; the others follow.
const FIRST_FACILITY: u8 = 10;
/// How long a new namespace may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the proxy carries at once.
const BUFFER_BYTES: usize = 16 * 1024;

/// What the cables are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Material {
    /// A network namespace for each facility, on a bridge. Only inside a namespace of our own ([`may_have_namespaces`]).
    Kernel,
    /// A TCP proxy of our own for each facility.
    Proxy,
}

/// How a cable is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Pulled out at the facility's socket: the carrier is gone.
    Carrier,
    /// Somewhere on the way: nothing arrives, and nobody is told.
    Silent,
}

/// All cables of a town.
#[derive(Debug)]
pub enum Cables {
    /// Everybody is on this machine's own loopback: nothing to cut.
    None,
    /// In the kernel: who holds each facility's namespace.
    Kernel(Vec<Running>),
    /// In this process.
    Proxy(Vec<Proxy>),
}

impl Cables {
    /// Lays one for each of `facilities`.
    ///
    /// # Errors
    /// The kernel does not let us, or `ip` (iproute2) is missing.
    pub fn lay(material: Option<Material>, facilities: usize, keeper: &Keeper, log: &Path) -> Result<Self> {
        match material {
            None => Ok(Self::None),
            Some(Material::Proxy) => {
                Ok(Self::Proxy((0..facilities).map(|_| Proxy::listen()).collect::<std::io::Result<_>>()?))
            }
            Some(Material::Kernel) => {
                sh(&format!(
                    "ip link set lo up; ip link add hk-town type bridge; ip addr add {TOWN_HALL}/24 dev hk-town; \
                     ip link set hk-town up"
                ))?;
                let lay = |n| lay_in_kernel(n, keeper, log).with_context(|| format!("the cable of facility {n}"));
                Ok(Self::Kernel((0..facilities).map(lay).collect::<Result<_>>()?))
            }
        }
    }

    /// Where the broker is to listen.
    #[must_use]
    pub fn broker_ip(&self) -> IpAddr {
        match self {
            Self::None | Self::Proxy(_) => Ipv4Addr::LOCALHOST.into(),
            Self::Kernel(_) => TOWN_HALL.into(),
        }
    }

    /// Plugs them in at the broker.
    pub fn plug_in(&mut self, broker: SocketAddr) {
        if let Self::Proxy(proxies) = self {
            proxies.iter_mut().for_each(|proxy| proxy.carry_to(broker));
        }
    }

    /// Where the agents of `facility` find the broker.
    #[must_use]
    pub fn seen_from(&self, facility: usize, broker: SocketAddr) -> SocketAddr {
        match self {
            Self::None | Self::Kernel(_) => broker,
            Self::Proxy(proxies) => proxies[facility].address,
        }
    }

    /// The command that starts `program` at `facility`.
    #[must_use]
    pub fn command(&self, facility: usize, program: &Path) -> Command {
        match self {
            Self::None | Self::Proxy(_) => Command::new(program),
            Self::Kernel(holders) => {
                let mut command = Command::new("nsenter");
                // It becomes the program: its process number is the program's.
                command.arg(format!("--net=/proc/{}/ns/net", holders[facility].id())).arg(program);
                command
            }
        }
    }

    /// Cuts the cable of `facility`.
    ///
    /// # Errors
    /// The kernel does not let us.
    pub fn cut(&self, facility: usize, cut: Cut) -> Result<()> {
        match self {
            Self::None => bail!("this town has no cables"),
            Self::Proxy(proxies) => {
                proxies[facility].whole.send_replace(false);
                Ok(())
            }
            Self::Kernel(_) => match cut {
                Cut::Carrier => sh(&format!("ip link set hk{facility} down")),
                Cut::Silent => sh(&format!("ip link set hk{facility} type bridge_slave state 0")),
            },
        }
    }

    /// Joins it again, however it was cut.
    ///
    /// # Errors
    /// The kernel does not let us.
    pub fn join(&self, facility: usize) -> Result<()> {
        match self {
            Self::None => bail!("this town has no cables"),
            Self::Proxy(proxies) => {
                proxies[facility].whole.send_replace(true);
                Ok(())
            }
            // 3 is "forwarding".
            Self::Kernel(_) => {
                sh(&format!("ip link set hk{facility} up; ip link set hk{facility} type bridge_slave state 3"))
            }
        }
    }
}

/// Whether this machine lets us have network namespaces: the words to put in front of a command to run it in one of its
/// own; else why not.
///
/// # Errors
/// It does not, or the programs are missing.
pub fn may_have_namespaces() -> Result<&'static [&'static str]> {
    const ROOT: &[&str] = &["unshare", "--net"];
    const USER: &[&str] = &["unshare", "--user", "--map-root-user", "--net"];
    let tried = "ip link add hk-town type bridge && ip link add hk0 type veth peer name up0 && nsenter --version";
    let mut why = String::new();
    for words in [ROOT, USER] {
        match Command::new(words[0]).args(&words[1..]).args(["sh", "-c", tried]).output() {
            Ok(done) if done.status.success() => return Ok(words),
            Ok(done) => why = String::from_utf8_lossy(&done.stderr).trim().to_owned(),
            Err(error) => why = format!("unshare: {error}"),
        }
    }
    bail!("{why}")
}

fn lay_in_kernel(n: usize, keeper: &Keeper, log: &Path) -> Result<Running> {
    let mut hold = Command::new("unshare");
    hold.args(["--net", "sleep", "infinity"]);
    let holder = keeper.spawn(hold, log)?;
    let ours = std::fs::read_link("/proc/self/ns/net")?;
    let its = format!("/proc/{}/ns/net", holder.id());
    let until = Instant::now() + PATIENCE;
    while std::fs::read_link(&its).ok().is_none_or(|its| its == ours) {
        ensure!(Instant::now() < until, "no namespace within {PATIENCE:?}: {}", holder.last_words(5));
        std::thread::sleep(Duration::from_millis(5));
    }
    let [a, b, c, _] = TOWN_HALL.octets();
    let host = FIRST_FACILITY + u8::try_from(n).context("fewer facilities than addresses")?;
    sh(&format!(
        "ip link add hk{n} type veth peer name up0 netns {pid}; ip link set hk{n} master hk-town up; \
         nsenter --net={its} sh -ec 'ip link set lo up; ip addr add {a}.{b}.{c}.{host}/24 dev up0; ip link set up0 up'",
        pid = holder.id()
    ))?;
    Ok(holder)
}

fn sh(script: &str) -> Result<()> {
    let done = Command::new("sh").args(["-ec", script]).output().context("no sh")?;
    ensure!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(())
}

/// One cable as a proxy: while it is cut, nothing passes and nobody is told.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    listener: Option<std::net::TcpListener>,
    whole: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Proxy {
    fn listen() -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let (whole, _) = watch::channel(true);
        Ok(Self { address: listener.local_addr()?, listener: Some(listener), whole, task: None })
    }

    fn carry_to(&mut self, broker: SocketAddr) {
        if let Some(listener) = self.listener.take() {
            self.task = Some(tokio::spawn(carry_all(listener, broker, self.whole.subscribe())));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn carry_all(listener: std::net::TcpListener, broker: SocketAddr, whole: watch::Receiver<bool>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut carried = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        while carried.try_join_next().is_some() {}
        let mut whole = whole.clone();
        carried.spawn(async move {
            if whole.wait_for(|whole| *whole).await.is_err() {
                return;
            }
            let Ok(far) = TcpStream::connect(broker).await else { return };
            let _slower_at_worst = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_out, near_in), (far_out, far_in)) = (near.into_split(), far.into_split());
            // Whichever end closes, closes both.
            tokio::select! {
                () = carry(near_out, far_in, whole.clone()) => {}
                () = carry(far_out, near_in, whole) => {}
            }
        });
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut whole: watch::Receiver<bool>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if whole.wait_for(|whole| *whole).await.is_err() || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    // The end of a stream is a message too, and does not pass a cut.
    let _nobody_to_tell = whole.wait_for(|whole| *whole).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows that nothing passes a cut cable, that nobody is told of the cut, and that what was said arrives after it.
    #[tokio::test]
    async fn a_cut_proxy_holds_what_is_said_until_it_is_joined() {
        let broker = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bound");
        let keeper = Keeper::start().expect("started");
        let mut cables = Cables::lay(Some(Material::Proxy), 1, &keeper, Path::new("/dev/null")).expect("laid");
        let address = broker.local_addr().expect("bound");
        cables.plug_in(address);
        let mut near = TcpStream::connect(cables.seen_from(0, address)).await.expect("connected");
        let (mut far, _) = broker.accept().await.expect("connected");
        cables.cut(0, Cut::Silent).expect("cut");
        near.write_all(b"hello").await.expect("nobody is told");
        let mut heard = [0; 5];
        let early = tokio::time::timeout(Duration::from_millis(200), far.read_exact(&mut heard)).await;
        assert!(early.is_err(), "something passed a cut cable");
        cables.join(0).expect("joined");
        let late = tokio::time::timeout(Duration::from_secs(10), far.read_exact(&mut heard)).await;
        late.expect("in time").expect("whole");
        assert_eq!(&heard, b"hello");
    }
}
