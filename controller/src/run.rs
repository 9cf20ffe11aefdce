//! The corridor: events from all doors → core → actions to all doors. The one place where a clock is read.
//!
//! Order of the start: signing key, broker, HTTP, store (not waited for), core, contacts, MQTT. What the opening of the
//! network does not need may fail and is tried again in the background.

mod clerk;
mod clock;
mod hands;
mod janitor;
mod sketches;

use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use firmware_config::ident::TownId;
use hirake_snmp::engine::Awaited;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::api::{self, House, Question, Token};
use crate::broker::{Broker, CONTROLLER};
use crate::config::{BrokerConfig, Config};
use crate::contacts::Contacts;
use crate::core::inventory::Managed;
use crate::core::{Event, Remembered, Town, TownView};
use crate::mib::monitoring::Monitoring;
use crate::mqtt::{self, Link};
use crate::secrets::agents::AgentsSecret;
use crate::secrets::password;
use crate::signing::TownKey;
use crate::snmp::Deputies;
use crate::store::{self, SetAside, Store};
use clock::Clock;
use hands::Hands;

/// Our SNMP engine's identity and count of starts, beside the signing key.
const SNMP_ENGINE: &str = "snmp-engine";
/// How long the start waits for the store: after that the core begins without a memory, and learns its last order from
/// the broker, the APs, or the store when it is there.
const STORE_START_LIMIT: Duration = Duration::from_secs(1);
/// How long the stop waits for the store to take what is left.
const STORE_STOP_LIMIT: Duration = Duration::from_secs(2);
/// How long the stop waits for the goodbye to the broker and for open pages.
const GOODBYE_LIMIT: Duration = Duration::from_millis(500);
/// How often HTTP is tried where its address is taken.
const HTTP_RETRY: Duration = Duration::from_secs(5);
/// Readings of the key on their way: at most one edge and one tick wait while the core is at work; the rest is room.
const CONTACTS_MAX: usize = 16;
/// Letters on their way to the core. Beyond it the line to the broker waits, and the broker keeps its own bounded queue.
const LETTERS_MAX: usize = 1_024;
/// What deputies say on its way to the core. Beyond it they keep the newest of each access point.
const SAID_MAX: usize = 256;
/// Letters the core reads before the key is looked at again: at 20 µs each, 1 ms.
const LETTERS_AT_ONCE: usize = 64;
/// Questions on their way to the core: people are slow.
const QUESTIONS_MAX: usize = 64;
/// Views are published no more often than this…
const VIEW_NOT_BEFORE: Duration = Duration::from_millis(100);
/// …and no less often than this, so that who looks can tell a quiet town from a dead controller.
const VIEW_AT_LEAST: Duration = Duration::from_secs(1);
/// The core is not woken more often than this, whatever it asks.
const WAKE_NOT_BEFORE: Duration = Duration::from_millis(2);

/// Runs the controller until `stop` comes.
///
/// # Errors
/// There is no signing key, a password file cannot be read, or the broker's address is taken.
pub async fn serve(config: Config, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let clock = Clock::start();
    let mut config = config;
    if let Some(seat) = &mut config.inventory.seat {
        seat.boot = drawn()?;
    }
    let town_id = config.inventory.town.clone();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        town = %town_id,
        facilities = config.inventory.facilities.len(),
        aps = config.inventory.aps.len(),
        "the controller starts"
    );
    raise_file_limit();
    if let Some(seat) = config.inventory.seat.as_ref().filter(|seat| seat.rank > 1) {
        // A key of its own would sign orders that no access point and no other controller takes.
        anyhow::ensure!(
            config.signing_key.try_exists().unwrap_or(true),
            "no signing key in {}, and a controller of rank {} makes none; copy the town's key from the first one",
            config.signing_key.display(),
            seat.rank
        );
    }
    let key = Arc::new(TownKey::open(&config.signing_key)?);
    let link = broker(&config.broker, &town_id).await?;
    let http = bind_http(config.http).await;
    let store = Store::start(&config.store);
    let (remembered, signed) = remember(&store).await;
    let late = remembered.is_none();
    let mut asides = store.asides().context("the store has a listener already")?;

    let (letters_in, mut letters) = mpsc::channel(LETTERS_MAX);
    let (contacts_in, mut contacts) = mpsc::channel(CONTACTS_MAX);
    let (stored_in, mut stored) = mpsc::channel(clerk::BATCHES_MAX);
    let (questions_in, mut questions) = mpsc::channel::<Question>(QUESTIONS_MAX);
    let (closing, closed) = watch::channel(false);

    let (town, first) = Town::new(config.inventory.clone(), remembered.unwrap_or_default(), clock.now());
    let (views, view) = watch::channel(Arc::new(town.view(clock.now())));
    let panel = Contacts::start(config.key, contacts_in);
    let (post, line) =
        mqtt::start(link, town_id.clone(), config.inventory.seat.as_ref(), Arc::clone(&key), letters_in.clone());
    let lock = store::lock::start(config.lock_url, &town_id, letters_in.clone());
    tokio::spawn(sketches::recall(store.clone(), letters_in.clone()));
    if late {
        tokio::spawn(remember_late(store.clone(), letters_in));
    }
    let janitor = tokio::spawn(janitor::work(store.clone(), config.keep, clock, stored_in.clone()));
    let aps = config.inventory.aps.iter();
    let agents = aps.filter(|ap| ap.managed == Managed::Agent).map(|ap| ap.id.clone()).collect();
    let clerks = clerk::start(&store, stored_in, (post.clone(), agents));
    let snmp = config.snmp;
    // Who we are to all who speak SNMP with us: those whose traps we hear, those who ask us, those we tell.
    let engine = (snmp.traps.is_some() || snmp.agent.is_some() || snmp.notify.is_some())
        .then(|| Awaited::open(config.signing_key.with_file_name(SNMP_ENGINE)));
    let (deputies_in, mut said) = mpsc::channel(SAID_MAX);
    let deputies = Deputies::start(snmp.clone(), engine.clone(), drawn()?, deputies_in);
    let hands = Hands::new(key, signed, (post.clone(), deputies.clone()), clerks.desk, panel, lock);
    let house = House {
        view,
        questions: questions_in,
        store,
        inventory: Arc::new(config.inventory),
        token: config.token_file.as_deref().and_then(token),
        deputies,
    };
    if let Some(engine) = &engine {
        let (inventory, view) = (Arc::clone(&house.inventory), house.view.clone());
        tokio::spawn(Monitoring::start(snmp.agent, snmp.notify, engine.clone(), inventory, view));
    }
    let counter = tokio::spawn(serve_http(config.http, http, house, closed));

    let mut corridor = Corridor { town, clock, hands, views, view_at: Instant::now(), changed: true };
    corridor.perform(first);
    // What a damaged store still told is heard before the key is.
    while let Ok(aside) = asides.try_recv() {
        corridor.set_aside(aside);
    }
    let mut woken = Instant::now();
    let mut some = Vec::with_capacity(LETTERS_AT_ONCE);
    tokio::pin!(stop);
    loop {
        let wake_at = corridor.wake_at().map(|at| at.max(woken + WAKE_NOT_BEFORE));
        // In this order: the key is never behind a thousand letters. Every arm may be given up and taken up again:
        // channels and timers lose nothing.
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(event) = contacts.recv() => corridor.event(event),
            Some(event) = stored.recv() => corridor.event(event),
            Some(aside) = asides.recv() => corridor.set_aside(aside),
            Some(question) = questions.recv() => {
                let event = corridor.hands.asked(question);
                corridor.event(event);
            }
            () = tokio::time::sleep_until(wake_at.unwrap_or_else(Instant::now)), if wake_at.is_some() => {
                woken = Instant::now();
                corridor.event(Event::Woke);
            }
            () = tokio::time::sleep_until(corridor.view_at()) => corridor.publish_view(),
            Some(event) = said.recv() => corridor.event(event),
            count = letters.recv_many(&mut some, LETTERS_AT_ONCE) => {
                if count == 0 {
                    anyhow::bail!("the post room closed; starting again is the cure");
                }
                for event in some.drain(..) {
                    corridor.event(event);
                }
            }
        }
    }

    tracing::info!("the controller stops");
    janitor.abort();
    closing.send_replace(true);
    corridor.publish_view();
    // With the hands goes the desk: the clerks finish what lies there, and go.
    drop(corridor);
    if tokio::time::timeout(STORE_STOP_LIMIT, clerks.finish).await.is_err() {
        tracing::error!("the store did not take everything in time; the log has the entries");
    }
    post.close();
    let _ = tokio::time::timeout(GOODBYE_LIMIT, line).await;
    let _ = tokio::time::timeout(GOODBYE_LIMIT, counter).await;
    Ok(())
}

/// The core and what stands round it.
struct Corridor {
    town: Town,
    clock: Clock,
    hands: Hands,
    views: watch::Sender<Arc<TownView>>,
    /// When the last view was published.
    view_at: Instant,
    /// Whether anything happened since.
    changed: bool,
}

impl Corridor {
    /// One event, and whatever comes of it at once.
    fn event(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            tracing::trace!(?event, "event");
            for action in self.town.on(event, self.clock.now()) {
                events.extend(self.hands.perform(action));
            }
        }
        self.changed = true;
    }

    /// A damaged store was set aside. What it still told of the newest order counts where our signature is right.
    fn set_aside(&mut self, aside: SetAside) {
        if let Some(order) = aside.order.and_then(|text| self.hands.own_order(&text)) {
            self.event(Event::OwnOrderHeld(order));
        }
        self.event(Event::StoreSetAside { file: aside.file.display().to_string(), why: aside.why });
    }

    /// What the core wants done at the start.
    fn perform(&mut self, actions: Vec<crate::core::Action>) {
        for action in actions {
            if let Some(event) = self.hands.perform(action) {
                self.event(event);
            }
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.town.next_wake().map(|mono| self.clock.instant(mono))
    }

    fn view_at(&self) -> Instant {
        self.view_at + if self.changed { VIEW_NOT_BEFORE } else { VIEW_AT_LEAST }
    }

    fn publish_view(&mut self) {
        self.views.send_replace(Arc::new(self.town.view(self.clock.now())));
        self.view_at = Instant::now();
        self.changed = false;
    }
}

/// Every agent is an open file: as many as the system lets us have.
pub(crate) fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Eight letters that are this start's own.
fn drawn() -> anyhow::Result<String> {
    let mut random = [0; 4];
    getrandom::fill(&mut random).context("no random numbers")?;
    Ok(format!("{:08x}", u32::from_le_bytes(random)))
}

/// The broker inside, listening, or the way to the one outside.
async fn broker(config: &BrokerConfig, town: &TownId) -> anyhow::Result<Link> {
    // Its own at every start: of two controllers with one name each would throw the other out, for ever.
    let client = format!("hirake-{town}-{}", drawn()?);
    match config {
        BrokerConfig::Inside { listen, agents_password_file } => {
            let agents = agents_password_file.as_deref().map(AgentsSecret::read).transpose()?;
            let broker = Broker::start(*listen, town.clone(), agents).await?;
            let host = match broker.address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
                IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            };
            let login = (CONTROLLER.to_owned(), Zeroizing::new(broker.password.text().to_owned()));
            Ok(Link { host, port: broker.address.port(), login: Some(login), client })
        }
        BrokerConfig::Outside { host, port, login, agents_password_file: _ } => {
            let login = match login {
                Some((user, file)) => Some((user.clone(), password(file)?)),
                None => None,
            };
            let host = if host.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.clone() };
            Ok(Link { host, port: *port, login, client })
        }
    }
}

/// The token for acts over HTTP. Without it the town still opens by its key.
fn token(file: &Path) -> Option<Token> {
    let refused = |why: &dyn std::fmt::Display| {
        tracing::error!(file = %file.display(), %why, "no token; acts over HTTP are refused");
    };
    let text = std::fs::read_to_string(file).map(Zeroizing::new).inspect_err(|error| refused(error)).ok()?;
    Token::new(&text).inspect_err(|error| refused(error)).ok()
}

/// What the store remembers, if it says so soon.
async fn remember(store: &Store) -> (Option<Remembered>, Option<String>) {
    let asked = async {
        store.tried().await?;
        store.remembered().await
    };
    match tokio::time::timeout(STORE_START_LIMIT, asked).await {
        Ok(Ok((remembered, signed))) => (Some(remembered), signed),
        Ok(Err(error)) => {
            tracing::error!(%error, "starting without what the store remembers");
            (None, None)
        }
        Err(_) => {
            tracing::error!("the store does not answer; starting without what it remembers");
            (None, None)
        }
    }
}

/// A store that comes late tells the core what it would have told at the start.
async fn remember_late(store: Store, letters: mpsc::Sender<Event>) {
    loop {
        store.opened().await;
        match store.remembered().await {
            Ok((remembered, _)) => {
                let _ = letters.send(Event::Recalled(remembered)).await;
                return;
            }
            Err(error) => {
                tracing::error!(%error, "what the store remembers cannot be read");
                tokio::time::sleep(STORE_START_LIMIT).await;
            }
        }
    }
}

/// A town without its dashboard opens all the same: a taken address is reported and tried again.
async fn bind_http(address: SocketAddr) -> Option<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => {
            tracing::info!(%address, "the dashboard listens");
            Some(listener)
        }
        Err(error) => {
            tracing::error!(%address, %error, "the dashboard cannot listen here; trying again every 5 s");
            None
        }
    }
}

async fn serve_http(address: SocketAddr, first: Option<TcpListener>, house: House, mut closed: watch::Receiver<bool>) {
    let mut listener = first;
    loop {
        if let Some(listener) = listener.take() {
            match api::serve(listener, house.clone(), closed.clone()).await {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, "the dashboard stopped; starting it again"),
            }
        }
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => return,
            () = tokio::time::sleep(HTTP_RETRY) => {}
        }
        listener = bind_http(address).await;
    }
}

#[cfg(test)]
mod tests;
