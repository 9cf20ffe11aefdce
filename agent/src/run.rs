//! The corridor: events from all doors to the core, its actions to all doors. Performs, decides nothing.
//!
//! ```text
//!   hostapd ──events──▶ ┌──────┐ ──commands──▶ hostapd
//!   broker  ──events──▶ │ core │ ──letters───▶ broker
//!   ledger  ──events──▶ │      │ ──pages─────▶ ledger
//!   shelf   ──events──▶ │      │ ──pages─────▶ shelf
//!   iw      ──events──▶ └──────┘ ──scans─────▶ iw
//!                    one timer
//! ```
//! Everything runs inside the one future that [`run`] returns: no global, no task of its own, nothing left behind when
//! it ends. Many may run in one process.

use std::future::Future;
use std::time::{Duration, SystemTime};

use firmware_config::wire::{self, Period};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::config::Config;
use crate::contacts;
use crate::core::holding::Kept;
use crate::core::listen::Scan;
use crate::core::waiting::Page;
use crate::core::{Action, Agent, Event, Now};
use crate::hostapd::marks::{Marks, Secret};
use crate::hostapd::{Command, Hostapd};
use crate::ledger::Ledger;
use crate::listen;
use crate::log::Log;
use crate::mqtt::outbox::Letter;
use crate::mqtt::{Broker, Mqtt};
use crate::shelf::Shelf;
use crate::town_key::{TownKey, TownKeyError};

/// Events waiting for the core. A crowd joining at once waits in hostapd's socket; nothing is lost but time.
const EVENTS: usize = 64;
/// Commands waiting for hostapd: the core asks one thing per radio and one look at a time.
const COMMANDS: usize = 64;
/// Letters waiting for the post room, which takes them as they come; two for each event that may wait, and more.
const LETTERS: usize = 256;
/// How long a stop waits for the flash to take the samples that are in memory only: 580 kB, a week of starts, at 100 kB/s,
/// and as much that is being written. (Whoever stops us and waits for less kills us: the page of before is there then.)
const LAST_PAGE_LIMIT: Duration = Duration::from_secs(15);

/// Why an agent cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Without the town's key no order can be told from a forgery.
    #[error("{0}")]
    TownKey(#[from] TownKeyError),
    /// The kernel gives no random numbers.
    #[error("no random numbers from the kernel: {0}")]
    Random(getrandom::Error),
}

/// Runs one agent until `stop` is ready. Nothing is taken off the air by stopping.
///
/// # Errors
/// The town's key cannot be had; everything else is lived with.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    let key = TownKey::load(&config.town_key)?;
    let seed = getrandom::u64().map_err(RunError::Random)?;
    let boot = format!("{:016x}", getrandom::u64().map_err(RunError::Random)?);
    let log = config.log;
    let key_switch = config.key.clone();
    let ear = config.scan.as_ref().map(|scan| scan.program.clone()).unwrap_or_default();
    let clock = Clock { start: Instant::now() };
    let ledger = Ledger::new(config.ledger.clone());
    let kept = ledger.load(&key).map_err(|error| error.to_string());
    let shelf = Shelf::beside(&config.ledger);
    let found = shelf.load().map_err(|error| error.to_string());

    let (events_in, events) = mpsc::channel(EVENTS);
    let (commands, commands_out) = mpsc::channel(COMMANDS);
    let (letters, letters_out) = mpsc::channel(LETTERS);
    // One page at a time: the core sends the next when the last is answered.
    let (pages, pages_out) = mpsc::channel(1);
    let (samples, samples_out) = mpsc::channel(1);
    // One scan at a time, as the core asks.
    let (scans, scans_out) = mpsc::channel(1);

    // Without it the town opens all the same, and knows one figure less.
    let secret = config.distinct_secret.as_deref().and_then(|file| {
        let secret = Secret::load(file);
        secret
            .inspect_err(|error| log.line(format_args!("distinct devices are not counted why={:?}", error.to_string())))
            .ok()
    });
    let (periods, periods_out) = watch::channel(Vec::new());
    let marks = Marks::new(secret.clone(), config.town.clone(), periods_out);

    let identity = config.identity(secret.is_some());
    let (mut agent, mut actions) = Agent::new(identity, kept, boot.clone(), clock.now());
    actions.extend(agent.on(Event::CountsFound(found), clock.now()));
    let broker = Broker {
        host: config.broker.host.clone(),
        port: config.broker.port,
        password_file: config.broker.password_file.clone(),
        town: config.town.clone(),
        ap: config.ap.clone(),
        last_will: agent.last_will(),
    };
    let hostapd = Hostapd::new(config.hostapd.socket.clone(), config.hostapd.own_dir.clone(), boot, marks, log);
    let doors = Doors { commands, letters, pages, samples, scans, periods, log };
    tokio::select! {
        () = tend(&mut agent, actions, clock, events, doors) => {}
        () = hostapd.run(commands_out, events_in.clone()) => {}
        () = Mqtt::new(broker, key, log).run(letters_out, events_in.clone(), seed) => {}
        () = keep(ledger, pages_out, events_in.clone()) => {}
        () = listen::run(ear, scans_out, events_in.clone()) => {}
        () = contacts::read(key_switch, events_in.clone()) => {}
        () = shelve(shelf.clone(), samples_out, events_in) => {}
        () = stop => log.line(format_args!("stopped")),
    }
    if let Some(page) = agent.stopping(clock.now()) {
        let last = tokio::task::spawn_blocking(move || shelf.store(&page));
        match tokio::time::timeout(LAST_PAGE_LIMIT, last).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => log.line(format_args!("counts NOT written why={error}")),
            Ok(Err(_)) | Err(_) => log.line(format_args!("counts NOT written why=\"no answer from the flash\"")),
        }
    }
    Ok(())
}

/// The only reader of clocks.
#[derive(Clone, Copy)]
struct Clock {
    start: Instant,
}

impl Clock {
    fn now(self) -> Now {
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let wall_ms = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => ms(since),
            Err(before) => -ms(before.duration()),
        };
        Now { mono: self.start.elapsed(), wall_ms }
    }
}

/// The ways out of the core.
struct Doors {
    commands: mpsc::Sender<Command>,
    letters: mpsc::Sender<Letter>,
    pages: mpsc::Sender<Kept>,
    samples: mpsc::Sender<Page>,
    scans: mpsc::Sender<Scan>,
    periods: watch::Sender<Vec<Period>>,
    log: Log,
}

impl Doors {
    /// Never waits: the core's own rules keep these queues short.
    fn perform(&self, action: Action) {
        let sent = match action {
            Action::WriteLedger(kept) => self.pages.try_send(*kept).is_ok(),
            Action::WriteCounts(page) => self.samples.try_send(page).is_ok(),
            Action::Add { index, radio } => self.commands.try_send(Command::Add { index, radio }).is_ok(),
            Action::Remove { index, interface } => self.commands.try_send(Command::Remove { index, interface }).is_ok(),
            Action::Look => self.commands.try_send(Command::Look).is_ok(),
            Action::PublishPresence(presence) => self.post(Letter::Presence(wire::write(&presence))),
            Action::PublishReport(report) => self.post(Letter::Report(wire::write(&*report))),
            Action::PublishCounts(counts) => self.post(Letter::Counts(wire::write(&counts))),
            Action::PublishDistinct(distinct) => self.post(Letter::Distinct(wire::write(&distinct))),
            Action::PublishSightings(sightings) => self.post(Letter::Sightings(wire::write(&sightings))),
            Action::Listen(scan) => self.scans.try_send(scan).is_ok(),
            Action::CountDevices(periods) => {
                self.periods.send_replace(periods);
                true
            }
            Action::Log(line) => {
                self.log.line(format_args!("{line}"));
                true
            }
        };
        if !sent {
            self.log.line(format_args!("a queue inside the agent is full or closed"));
        }
    }

    fn post(&self, letter: Letter) -> bool {
        self.letters.try_send(letter).is_ok()
    }
}

/// The loop: one event, one call of the core, its actions in order.
async fn tend(agent: &mut Agent, first: Vec<Action>, clock: Clock, mut events: mpsc::Receiver<Event>, doors: Doors) {
    first.into_iter().for_each(|action| doors.perform(action));
    loop {
        let wake = agent.next_wake(clock.now());
        // Without a wish to be woken, an hour: nothing depends on it.
        let wake = clock.start + wake.unwrap_or_else(|| clock.start.elapsed() + Duration::from_secs(3600));
        // Cancel-safe: an event not received stays in the channel.
        let event = tokio::select! {
            event = events.recv() => match event {
                Some(event) => event,
                None => return,
            },
            () = sleep_until(wake) => Event::Woke,
        };
        for action in agent.on(event, clock.now()) {
            doors.perform(action);
        }
    }
}

/// Writes pages as they come, beside the loop: flash may take its time.
async fn keep(ledger: Ledger, mut pages: mpsc::Receiver<Kept>, events: mpsc::Sender<Event>) {
    while let Some(kept) = pages.recv().await {
        let ledger = ledger.clone();
        let outcome = match tokio::task::spawn_blocking(move || ledger.store(&kept)).await {
            Ok(stored) => stored.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if events.send(Event::Ledger(outcome)).await.is_err() {
            return;
        }
    }
}

/// Writes samples as they come, as [`keep`] does pages of the ledger.
async fn shelve(shelf: Shelf, mut samples: mpsc::Receiver<Page>, events: mpsc::Sender<Event>) {
    while let Some(page) = samples.recv().await {
        let shelf = shelf.clone();
        let outcome = match tokio::task::spawn_blocking(move || shelf.store(&page)).await {
            Ok(stored) => stored.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if events.send(Event::CountsWritten(outcome)).await.is_err() {
            return;
        }
    }
}
