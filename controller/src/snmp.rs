//! The window: access points without our agent, and second pairs of eyes, looked after over SNMP by their deputies.
//!
//! Nothing here decides anything: orders go in to the room of the deputies, what they say comes out as events. Whatever is
//! missing (a secret, a socket, a profile) is said, tried again, and holds nobody else up.

mod opening;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use firmware_config::wire::Order;
use hirake_snmp::deputy::Letter;
use hirake_snmp::engine::Awaited;
use hirake_snmp::profile::library::Library;
use hirake_snmp::room::{DeviceStatus, Handle, Room, Setup};
use hirake_snmp::session::{Sockets, Stats};
use hirake_snmp::traps::{self, Traps};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::config::{SnmpConfig, SnmpDevice};
use crate::core::{Event, Sighting};
use opening::Opened;
pub use opening::library;

/// How often what is missing is tried again: a secret, a socket, a room that closed.
const RETRY: Duration = Duration::from_secs(5);
/// Letters of the deputies on their way to the loop; beyond it the room keeps the newest of each access point.
const LETTERS_MAX: usize = 256;
/// Hints on their way to the room: beyond it they are dropped, for the next poll sees the same.
const HINTS_MAX: usize = 64;

/// How long a room may take to say how it does.
const HEALTH_LIMIT: Duration = Duration::from_secs(1);

/// An order, and whether it is ours to carry out.
type Ordered = (Arc<Order>, bool);

/// The way to the deputies. Nothing here waits but [`Self::health`].
#[derive(Debug, Clone)]
pub struct Deputies {
    orders: Arc<watch::Sender<Option<Ordered>>>,
    rooms: watch::Receiver<Vec<Handle>>,
    counted: watch::Receiver<Option<Counted>>,
}

/// What counts, once it is there.
#[derive(Clone)]
struct Counted {
    sockets: Sockets,
    traps: Option<Arc<Traps>>,
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("traps", &self.traps.is_some()).finish_non_exhaustive()
    }
}

/// How SNMP does, for `/metrics`.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Every device whose secrets could be read.
    pub devices: Vec<DeviceStatus>,
    /// Datagrams; none before there is a socket.
    pub datagrams: Option<Stats>,
    /// Traps and informs; none where they are not heard.
    pub traps: Option<traps::Counts>,
}

impl Deputies {
    /// A town without devices.
    #[must_use]
    pub fn none() -> Self {
        let (_, rooms) = watch::channel(Vec::new());
        let (_, counted) = watch::channel(None);
        Self { orders: Arc::new(watch::Sender::new(None)), rooms, counted }
    }

    /// Starts a deputy for each device; none where there are no devices. `profiles`: the town's own; `engine`: who we are
    /// to those whose traps we hear; `boot`: drawn afresh at each start.
    ///
    /// What they say goes to `events`, which may be full for a while.
    #[must_use]
    pub fn start(config: SnmpConfig, engine: Option<Awaited>, boot: String, events: mpsc::Sender<Event>) -> Self {
        if config.devices.is_empty() {
            return Self::none();
        }
        let (orders, newest) = watch::channel(None);
        let (rooms_in, rooms) = watch::channel(Vec::new());
        let (counted_in, counted) = watch::channel(None);
        tokio::spawn(carry(newest, rooms.clone()));
        tokio::spawn(look_after(config, engine, boot, events, rooms_in, counted_in));
        Self { orders: Arc::new(orders), rooms, counted }
    }

    /// The newest order. Levels: only the newest counts, and the same again is nothing.
    pub fn order(&self, order: &Order) {
        self.orders.send_replace(Some((Arc::new(order.clone()), true)));
    }

    /// The newest order, which another controller carries out.
    pub fn watch(&self, order: &Order) {
        self.orders.send_replace(Some((Arc::new(order.clone()), false)));
    }

    /// How it does.
    pub async fn health(&self) -> Health {
        let rooms = self.rooms.borrow().clone();
        let mut devices = Vec::new();
        for room in rooms {
            // A room at work answers within milliseconds; a page waits for no other.
            devices.extend(tokio::time::timeout(HEALTH_LIMIT, room.statuses()).await.unwrap_or_default());
        }
        let counted = self.counted.borrow().clone();
        Health {
            devices,
            datagrams: counted.as_ref().map(|counted| counted.sockets.stats()),
            traps: counted.as_ref().and_then(|counted| Some(counted.traps.as_ref()?.counts())),
        }
    }
}

/// Hands the newest order to every room, whichever of the two is new.
async fn carry(mut newest: watch::Receiver<Option<Ordered>>, mut rooms: watch::Receiver<Vec<Handle>>) {
    loop {
        if let Some((order, ours)) = newest.borrow_and_update().clone() {
            let tell = |room: &Handle| if ours { room.order(&order) } else { room.watch(&order) };
            rooms.borrow_and_update().iter().for_each(tell);
        }
        tokio::select! {
            changed = newest.changed() => if changed.is_err() { return },
            changed = rooms.changed() => if changed.is_err() { return },
        }
    }
}

/// Opens what is to be opened, starts the rooms, and passes on what they say, until nobody takes it any more.
async fn look_after(
    config: SnmpConfig,
    engine: Option<Awaited>,
    boot: String,
    events: mpsc::Sender<Event>,
    rooms: watch::Sender<Vec<Handle>>,
    counted: watch::Sender<Option<Counted>>,
) {
    let sockets = sockets().await;
    counted.send_replace(Some(Counted { sockets: sockets.clone(), traps: None }));
    let library = profiles(config.profiles.clone()).await;
    let (letters_in, mut letters) = mpsc::channel(LETTERS_MAX);
    let (hints_in, mut hints) = mpsc::channel::<traps::Heard>(HINTS_MAX);
    let ears = Ears { at: config.traps, engine, hints: hints_in, counted };
    let mut closed: Vec<(SnmpDevice, String)> =
        config.devices.iter().map(|device| (device.clone(), String::new())).collect();
    let mut retry = Instant::now();
    let mut known = Vec::new();
    loop {
        tokio::select! {
            Some(letter) = letters.recv() => {
                if events.send(event(letter)).await.is_err() {
                    return;
                }
            }
            Some(heard) = hints.recv() => {
                tracing::debug!(from = %heard.from, trap = heard.words(), "a device calls");
                rooms.borrow().iter().for_each(|room| room.hint(heard.from));
            }
            () = tokio::time::sleep_until(retry), if !closed.is_empty() => {
                let Opened { devices, still, said } = opening::open(closed).await;
                closed = still;
                retry = Instant::now() + RETRY;
                for event in said {
                    if events.send(event).await.is_err() {
                        return;
                    }
                }
                if devices.is_empty() {
                    continue;
                }
                known.extend(devices.iter().flat_map(|device| {
                    [Some(&device.read), device.write.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>()
                }));
                ears.open(&sockets, &known);
                tracing::info!(devices = devices.len(), "SNMP devices are looked after");
                let setup = Setup {
                    devices,
                    library: Arc::clone(&library),
                    sockets: sockets.clone(),
                    boot: format!("{boot}-{}", rooms.borrow().len()),
                    interval: config.interval,
                    hurry_interval: config.hurry_interval,
                };
                let (room, _running) = Room::start(setup, letters_in.clone());
                rooms.send_modify(|rooms| rooms.push(room));
            }
        }
    }
}

/// Who hears traps: opened anew when more devices are known.
struct Ears {
    at: Option<std::net::SocketAddr>,
    engine: Option<Awaited>,
    hints: mpsc::Sender<traps::Heard>,
    counted: watch::Sender<Option<Counted>>,
}

impl Ears {
    fn open(&self, sockets: &Sockets, known: &[hirake_snmp::credentials::Credentials]) {
        let (Some(at), Some(engine)) = (self.at, self.engine.clone()) else { return };
        let (known, hints) = (known.to_vec(), self.hints.clone());
        let (sockets, counted) = (sockets.clone(), self.counted.clone());
        // The port is free only when the ear before is gone.
        counted.send_replace(Some(Counted { sockets: sockets.clone(), traps: None }));
        tokio::spawn(async move {
            let Some(engine) = engine.engine().await else { return };
            let traps = Arc::new(Traps::listen(at, &known, &engine, hints));
            counted.send_replace(Some(Counted { sockets, traps: Some(traps) }));
        });
    }
}

/// The socket, as soon as there is one.
async fn sockets() -> Sockets {
    let mut told = String::new();
    loop {
        match Sockets::open().await {
            Ok(sockets) => return sockets,
            Err(trouble) => {
                let why = trouble.to_string();
                if why != told {
                    tracing::error!(why, "no SNMP device can be asked; it is tried again every 5 s");
                    told = why;
                }
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// The shipped profiles and the town's own; one of the town's that is wrong is said and left out.
async fn profiles(folder: Option<PathBuf>) -> Arc<Library> {
    let read = tokio::task::spawn_blocking(move || opening::library(folder.as_deref())).await;
    let (library, wrong) = read.unwrap_or_default();
    for why in wrong {
        tracing::error!(why, "SNMP goes on without it");
    }
    Arc::new(library)
}

/// What a deputy says, as the core hears it.
fn event(letter: Letter) -> Event {
    match letter {
        Letter::Report { report, stations } => Event::DeputyReported { report, stations },
        Letter::Presence(presence) => Event::DeputyPresence(presence),
        Letter::Counted(counts) => Event::DeputyCounted(counts),
        Letter::Saw(seen) => Event::Witnessed(Sighting { ap: seen.ap, open: seen.open, at_ms: seen.at_ms }),
    }
}
