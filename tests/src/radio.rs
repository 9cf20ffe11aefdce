//! A pretend access point's radio: hostapd's global control socket, with people coming and going.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::hostapd::{Hostapd, OnAir};
use crate::people::{Crowd, Dice};
use crate::snmp_ap::Eye;

/// Largest command hostapd reads, in bytes (`CTRL_IFACE` buffers are 4096).
const COMMAND_MAX_BYTES: usize = 4096;
/// How often people come and go.
const PEOPLE_STEP: Duration = Duration::from_secs(1);
/// Events a listener may miss before hostapd forgets it.
const LISTENER_ERRORS_MAX: u32 = 10;

/// How a radio takes the order to add a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// At once.
    #[default]
    Normal,
    /// After this long. hostapd does one thing at a time: meanwhile it answers nothing else either.
    Slow(Duration),
    /// Never: `FAIL`.
    Refusing,
}

/// What a radio is.
#[derive(Debug, Clone)]
pub struct RadioPlan {
    /// The global control socket.
    pub socket: PathBuf,
    /// Channel.
    pub channel: u16,
    /// Interface of the everyday network, on `phy0`.
    pub interface: String,
    /// Its SSID.
    pub ssid: String,
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Who comes.
    pub crowd: Crowd,
    /// Where chance starts.
    pub seed: u64,
}

/// A radio at work: it works until it is dropped or dies.
#[derive(Debug)]
pub struct Radio {
    plan: RadioPlan,
    shared: Arc<Mutex<Shared>>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// hostapd runs.
    up: bool,
    hostapd: Hostapd,
    behaviour: Behaviour,
    added: u32,
    crowd: Crowd,
    told: Told,
}

/// Who was told of how many joins and leaves: by the listener's socket, over all its networks.
pub type Told = HashMap<PathBuf, (u64, u64)>;

impl Radio {
    /// Starts a radio on the tokio runtime at hand.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn start(plan: RadioPlan) -> std::io::Result<Self> {
        let shared = Shared {
            up: true,
            hostapd: fresh(&plan),
            behaviour: plan.behaviour,
            added: 0,
            crowd: plan.crowd,
            told: Told::new(),
        };
        let mut radio = Self { plan, shared: Arc::new(Mutex::new(shared)), task: None };
        radio.begin()?;
        Ok(radio)
    }

    fn begin(&mut self) -> std::io::Result<()> {
        // A hostapd that was killed leaves its socket behind; the next one clears it away.
        match std::fs::remove_file(&self.plan.socket) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let socket = UnixDatagram::bind(&self.plan.socket)?;
        lock(&self.shared).up = true;
        self.task = Some(tokio::spawn(serve(socket, Arc::clone(&self.shared), self.plan.seed)));
        Ok(())
    }

    /// What is on the air; nothing while it is dead.
    #[must_use]
    pub fn on_air(&self) -> Vec<OnAir> {
        if self.task.is_some() { lock(&self.shared).hostapd.networks().to_vec() } else { Vec::new() }
    }

    /// Whether `00000JAPAN` is on the air.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.on_air().iter().any(|n| n.ssid == "00000JAPAN")
    }

    /// Eyes on it for another: whether `00000JAPAN` is on the air.
    #[must_use]
    pub fn eye(&self) -> Eye {
        let shared = Arc::clone(&self.shared);
        Eye::new(move || {
            let shared = lock(&shared);
            shared.up && shared.hostapd.networks().iter().any(|n| n.ssid == "00000JAPAN")
        })
    }

    /// How often a network was added since the start.
    #[must_use]
    pub fn times_added(&self) -> u32 {
        lock(&self.shared).added
    }

    /// The address of every device that was ever here since hostapd started.
    #[must_use]
    pub fn guests(&self) -> Vec<String> {
        lock(&self.shared).hostapd.guests().to_vec()
    }

    /// How many joins and leaves each listener was told of since the radio was made, its deaths included.
    #[must_use]
    pub fn told(&self) -> Told {
        lock(&self.shared).told.clone()
    }

    /// From now on these come.
    pub fn draw(&self, crowd: Crowd) {
        lock(&self.shared).crowd = crowd;
    }

    /// From now on it behaves so.
    pub fn behave(&self, behaviour: Behaviour) {
        lock(&self.shared).behaviour = behaviour;
    }

    /// hostapd is killed: nothing is on the air, nobody answers, the socket stays behind.
    pub fn die(&mut self) {
        lock(&self.shared).up = false;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// hostapd starts again and knows nothing of what was added.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn come_back(&mut self) -> std::io::Result<()> {
        self.die();
        lock(&self.shared).hostapd = fresh(&self.plan);
        self.begin()
    }
}

impl Drop for Radio {
    fn drop(&mut self) {
        self.die();
    }
}

fn fresh(plan: &RadioPlan) -> Hostapd {
    Hostapd::new("phy0", plan.channel, &plan.interface, &plan.ssid, plan.seed)
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().expect("nobody panics while holding a radio")
}

async fn serve(socket: UnixDatagram, shared: Arc<Mutex<Shared>>, seed: u64) {
    let mut listeners: HashMap<PathBuf, u32> = HashMap::new();
    let mut dice = Dice::new(seed ^ 0x7065_6f70_6c65);
    let mut people = interval(PEOPLE_STEP);
    people.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut buffer = vec![0; COMMAND_MAX_BYTES];
    loop {
        // Cancel-safe: both are waits that lose nothing when the other wins.
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                let Ok((length, from)) = received else { continue };
                let Some(from) = from.as_pathname().map(Path::to_owned) else { continue };
                let command = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let (text, events) = obey(&command, &from, &shared, &mut listeners).await;
                tell(&socket, &mut listeners, &events, &shared);
                let _gone_meanwhile = socket.send_to(text.as_bytes(), &from).await;
            }
            _ = people.tick() => {
                let events = {
                    let mut shared = lock(&shared);
                    let crowd = shared.crowd;
                    come_and_go(&mut shared.hostapd, crowd, &mut dice)
                };
                tell(&socket, &mut listeners, &events, &shared);
            }
        }
    }
}

async fn obey(
    command: &str,
    from: &Path,
    shared: &Mutex<Shared>,
    listeners: &mut HashMap<PathBuf, u32>,
) -> (String, Vec<String>) {
    match command {
        "ATTACH" => {
            listeners.insert(from.to_owned(), 0);
        }
        "DETACH" => {
            let known = listeners.remove(from).is_some();
            return (if known { "OK\n" } else { "FAIL\n" }.into(), Vec::new());
        }
        _ if command.starts_with("ADD ") => {
            let behaviour = lock(shared).behaviour;
            match behaviour {
                Behaviour::Normal => {}
                Behaviour::Slow(how_long) => sleep(how_long).await,
                Behaviour::Refusing => return ("FAIL\n".into(), Vec::new()),
            }
        }
        _ => {}
    }
    let mut shared = lock(shared);
    let answer = shared.hostapd.command(command);
    if command.starts_with("ADD ") && answer.text == "OK\n" {
        shared.added += 1;
    }
    (answer.text, answer.events)
}

/// Sends without waiting, as hostapd does: who does not listen, misses it, and is forgotten in the end.
fn tell(socket: &UnixDatagram, listeners: &mut HashMap<PathBuf, u32>, events: &[String], shared: &Mutex<Shared>) {
    for event in events {
        let (joined, left) = (event.contains("AP-STA-CONNECTED"), event.contains("AP-STA-DISCONNECTED"));
        listeners.retain(|to, errors| {
            match socket.try_send_to(event.as_bytes(), to) {
                Ok(_) => {
                    *errors = 0;
                    let mut shared = lock(shared);
                    let (joins, leaves) = shared.told.entry(to.clone()).or_default();
                    *joins += u64::from(joined);
                    *leaves += u64::from(left);
                }
                Err(_) => *errors += 1,
            }
            *errors <= LISTENER_ERRORS_MAX
        });
    }
}

fn come_and_go(hostapd: &mut Hostapd, crowd: Crowd, dice: &mut Dice) -> Vec<String> {
    let networks: Vec<(String, bool, usize)> =
        hostapd.networks().iter().map(|n| (n.interface.clone(), n.ssid == "00000JAPAN", n.stations.len())).collect();
    let mut events = Vec::new();
    for (interface, open, present) in networks {
        let expected = if open { crowd.disaster } else { crowd.peace };
        let (joins, leaves) = crowd.step(dice, expected, present, PEOPLE_STEP);
        events.extend(leaves.into_iter().filter_map(|index| hostapd.leave(&interface, index)));
        events.extend((0..joins).filter_map(|_| hostapd.join(&interface)));
    }
    events
}
