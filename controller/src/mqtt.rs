//! The post room: orders out, what agents say in; letters are checked for form at the door and not opened for meaning.
//!
//! The client library forgets what it was given when a connection breaks, and can block for ever on a packet number
//! that was never acknowledged. So the order in force is kept here and said again on every connection, subscriptions
//! are made again, and a blocked number is let go after every break.

mod incoming;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use firmware_config::ident::{ApId, ControllerId, TownId};
use firmware_config::wire::{CountsStored, Heartbeat, StoredSample, Topic, VERSION, write};
use rumqttc::{
    AsyncClient, ConnectionError, EventLoop, LastWill, MqttOptions, NetworkOptions, Outgoing, Packet, QoS,
    SubscribeFilter,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::broker::PACKET_MAX_BYTES;
use crate::core::{Event, Seat};
use crate::signing::TownKey;

/// How often the line is tried; a broker that is gone without a word is noticed after twice this.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long one try to connect may take.
const CONNECT_LIMIT_S: u64 = 3;
/// Wait before the second try to connect; the first is at once. Doubled each time.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// Longest wait between tries: a broker that is back is found within 2 s.
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// A connection that lived this long was a good one, and the next is tried at once. A broker that lets us in and hangs
/// up at what we say (some do, where a right is missing) is not: each try costs it a greeting and us two entries.
const GOOD_LIFE: Duration = Duration::from_secs(5);
/// Letters handed to the client library at once. The rest wait in the outbox, where the latest wins.
const REQUESTS_MAX: usize = 256;
/// Letters on their way without the broker's receipt.
const INFLIGHT_MAX: u16 = 1_000;
/// Samples of one AP in one message: an agent has one under way, and one of before.
const STORED_MAX: usize = 64;

/// The broker to connect to.
#[derive(Clone)]
pub struct Link {
    /// Host name or address (an IPv6 address in brackets).
    pub host: String,
    /// Port.
    pub port: u16,
    /// User name and password.
    pub login: Option<(String, Zeroizing<String>)>,
    /// The client identifier, this controller's alone.
    pub client: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({}:{} as {})", self.host, self.port, self.client)
    }
}

/// The way out: cheap to clone, never waits.
#[derive(Debug, Clone)]
pub struct Post(Arc<Shared>);

struct Shared {
    client: AsyncClient,
    town: TownId,
    voice: Option<Voice>,
    outbox: Mutex<Outbox>,
}

/// One of several controllers: who it is, and what is said for it when it is gone.
struct Voice {
    id: ControllerId,
    gone: String,
}

impl Voice {
    fn new(seat: &Seat, town: &TownId, key: &TownKey) -> Self {
        let Seat { id, rank, boot, .. } = seat.clone();
        let gone = Heartbeat {
            v: VERSION,
            town: town.clone(),
            id: id.clone(),
            rank,
            boot,
            seq: 0,
            online: false,
            active: false,
            number: 0,
            order: None,
            hears: BTreeMap::new(),
        };
        Self { id, gone: key.sign_heartbeat(&gone) }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared({})", self.town)
    }
}

/// What is to be said. Bounded: one order, and per AP one repetition and [`STORED_MAX`] samples.
#[derive(Default)]
struct Outbox {
    connected: bool,
    closing: bool,
    order: Option<Arc<str>>,
    order_waits: bool,
    /// The newest heartbeat that was not said yet.
    beat: Option<String>,
    again: BTreeMap<ApId, Arc<str>>,
    /// Samples that are stored, of each AP. An agent has one under way; it asks again for what gets lost here.
    stored: BTreeMap<ApId, Vec<StoredSample>>,
}

impl Post {
    /// The order in force from now on: published now, retained, and again on every connection.
    pub fn order(&self, signed: Arc<str>) {
        let mut outbox = self.0.outbox();
        outbox.order = Some(signed);
        outbox.order_waits = true;
        self.0.post(&mut outbox);
    }

    /// The order in force is another controller's: ours is said no more.
    pub fn no_order(&self) {
        let mut outbox = self.0.outbox();
        (outbox.order, outbox.order_waits) = (None, false);
        outbox.again.clear();
    }

    /// That we are there. An older one is not worth saying.
    pub fn beat(&self, signed: String) {
        let mut outbox = self.0.outbox();
        if outbox.connected {
            outbox.beat = Some(signed);
            self.0.post(&mut outbox);
        }
    }

    /// The order in force once more, to one AP.
    pub fn order_again(&self, ap: ApId, signed: Arc<str>) {
        let mut outbox = self.0.outbox();
        // Without a connection there is nobody to hear it, and a new connection begins with the order itself.
        if outbox.connected {
            outbox.again.insert(ap, signed);
            self.0.post(&mut outbox);
        }
    }

    /// These samples of one AP are on the disk.
    pub fn counts_stored(&self, ap: ApId, samples: impl IntoIterator<Item = StoredSample>) {
        let mut outbox = self.0.outbox();
        if outbox.connected {
            let known = outbox.stored.entry(ap).or_default();
            known.extend(samples);
            known.truncate(STORED_MAX);
            self.0.post(&mut outbox);
        }
    }

    /// Says goodbye; the task ends when it is said.
    pub fn close(&self) {
        self.0.outbox().closing = true;
        // Whoever says goodbye leaves no last will.
        if let Some(Voice { id, gone }) = &self.0.voice {
            let topic = Topic::Controller(id.clone()).name(&self.0.town);
            let _ = self.0.client.try_publish(topic, QoS::AtLeastOnce, true, gone.as_bytes());
        }
        if self.0.client.try_disconnect().is_err() {
            tracing::debug!("no goodbye was said to the broker: its line is full");
        }
    }
}

impl Shared {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().expect("nothing panics while it holds the outbox")
    }

    /// Hands over as much as the library takes; called again whenever the library has taken a step.
    fn post(&self, outbox: &mut Outbox) {
        if !outbox.connected {
            return;
        }
        let publish = |topic: Topic, retain, text: &[u8]| {
            let payload = text.to_vec();
            self.client.try_publish(topic.name(&self.town), QoS::AtLeastOnce, retain, payload).is_ok()
        };
        if outbox.order_waits
            && let Some(order) = &outbox.order
        {
            if !publish(Topic::Order, true, order.as_bytes()) {
                return;
            }
            outbox.order_waits = false;
        }
        if let (Some(beat), Some(Voice { id, .. })) = (outbox.beat.take(), &self.voice)
            && !publish(Topic::Controller(id.clone()), true, beat.as_bytes())
        {
            outbox.beat = Some(beat);
            return;
        }
        while let Some((ap, text)) = outbox.again.pop_first() {
            if !publish(Topic::OrderAgain(ap.clone()), false, text.as_bytes()) {
                outbox.again.insert(ap, text);
                return;
            }
        }
        // Behind every order.
        while let Some((ap, samples)) = outbox.stored.pop_first() {
            let text = write(&CountsStored { v: VERSION, ap: ap.clone(), samples: samples.clone() });
            if !publish(Topic::CountsStored(ap.clone()), false, &text) {
                outbox.stored.insert(ap, samples);
                return;
            }
        }
    }

    /// A connection without a session: everything from the beginning.
    fn connected(&self) {
        let mut outbox = self.outbox();
        outbox.connected = true;
        outbox.order_waits = true;
        let filters = Topic::controller_filters(&self.town).map(|path| SubscribeFilter { path, qos: QoS::AtLeastOnce });
        if self.client.try_subscribe_many(filters).is_err() {
            // The line is empty at this moment; if it ever is not, the broker's silence will break the connection.
            tracing::error!("the subscriptions could not be asked for");
        }
        // By itself: where the broker's rules refuse it, everything else is heard.
        if self.voice.is_some() && self.client.try_subscribe(Topic::peers_filter(&self.town), QoS::AtLeastOnce).is_err()
        {
            tracing::error!("the other controllers could not be asked for");
        }
        self.post(&mut outbox);
    }

    /// Whether it was meant.
    fn disconnected(&self) -> bool {
        let mut outbox = self.outbox();
        outbox.connected = false;
        outbox.again.clear();
        outbox.beat = None;
        outbox.stored.clear();
        outbox.closing
    }
}

/// Connects, and stays connected for as long as somebody listens to `events`. `seat`: which of several controllers we
/// are.
#[must_use]
pub fn start(
    link: Link,
    town: TownId,
    seat: Option<&Seat>,
    key: Arc<TownKey>,
    events: mpsc::Sender<Event>,
) -> (Post, JoinHandle<()>) {
    let voice = seat.map(|seat| Voice::new(seat, &town, &key));
    let mut options = MqttOptions::new(link.client, link.host, link.port);
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_session(true)
        .set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES)
        .set_inflight(INFLIGHT_MAX);
    if let Some((user, password)) = link.login {
        options.set_credentials(user, password.as_str());
    }
    if let Some(Voice { id, gone }) = &voice {
        let topic = Topic::Controller(id.clone()).name(&town);
        options.set_last_will(LastWill::new(topic, gone.as_bytes(), QoS::AtLeastOnce, true));
    }
    let (client, mut line) = AsyncClient::new(options, REQUESTS_MAX);
    let mut network = NetworkOptions::new();
    network.set_connection_timeout(CONNECT_LIMIT_S).set_tcp_nodelay(true);
    line.set_network_options(network);
    let shared = Arc::new(Shared { client, town, voice, outbox: Mutex::default() });
    let task = tokio::spawn(stay(line, Arc::clone(&shared), incoming::Door::new(key), events));
    (Post(shared), task)
}

async fn stay(mut line: EventLoop, shared: Arc<Shared>, mut door: incoming::Door, events: mpsc::Sender<Event>) {
    let mut wait = Duration::ZERO;
    let mut up_since: Option<Instant> = None;
    let mut told: Option<Result<(), String>> = None;
    loop {
        let mut news = Vec::new();
        match line.poll().await {
            Ok(rumqttc::Event::Incoming(Packet::ConnAck(_))) => {
                up_since = Some(Instant::now());
                shared.connected();
                told = Some(Ok(()));
                news.push(Event::Broker(Ok(())));
            }
            Ok(rumqttc::Event::Incoming(Packet::Publish(letter))) => {
                door.letter(&shared.town, &letter.topic, &letter.payload, &mut news);
                shared.post(&mut shared.outbox());
            }
            // The goodbye is on its way; a broker need not hang up on it.
            Ok(rumqttc::Event::Outgoing(Outgoing::Disconnect)) => return,
            Ok(_) => shared.post(&mut shared.outbox()),
            Err(error) => {
                // A number that was never acknowledged would block every later letter, over reconnections too.
                line.state.collision.take();
                if shared.disconnected() {
                    return;
                }
                if up_since.take().is_some_and(|since| since.elapsed() >= GOOD_LIFE) {
                    wait = Duration::ZERO;
                }
                let why = words(&error);
                // Said once per outage and reason, not once per try.
                if told.as_ref() != Some(&Err(why.clone())) {
                    told = Some(Err(why.clone()));
                    news.push(Event::Broker(Err(why)));
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).clamp(BACKOFF_FIRST, BACKOFF_MAX);
            }
        }
        for event in news {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
}

/// What is wrong with the line, in few words that do not change from try to try.
fn words(error: &ConnectionError) -> String {
    match error {
        ConnectionError::Io(error) => error.to_string(),
        ConnectionError::NetworkTimeout => format!("no answer within {CONNECT_LIMIT_S} s"),
        ConnectionError::FlushTimeout => "the broker takes nothing more".to_owned(),
        ConnectionError::ConnectionRefused(code) => format!("the broker refuses us: {code:?}"),
        ConnectionError::MqttState(error) => error.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
