//! The post room: one connection to the broker after another, letters out, orders in.
//!
//! rumqttc carries the bytes and nothing more. Each connection gets a client of its own: its queue loses what it holds
//! when a connection ends, and its packet identifiers can wedge for ever after a broker forgot the session; nothing of a
//! dead connection may haunt the next. Liveness is an acknowledgement of our own letter in time, not "TCP is up".
//! Never QoS 2; every connection subscribes anew and has everything told anew.

pub mod outbox;
mod patience;
mod pulse;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use firmware_config::ident::{ApId, TownId};
use firmware_config::wire::{self, DOCUMENT_MAX_BYTES, Topic, TurnedAwayReason};
use rumqttc::{
    AsyncClient, ConnectionError, EventLoop, Incoming, LastWill, MqttOptions, Packet, Publish, QoS, StateError,
    SubscribeFilter, SubscribeReasonCode, mqttbytes,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::core::Event;
use crate::log::Log;
use crate::town_key::TownKey;
use outbox::{Letter, Outbox};
use patience::Patience;
use pulse::{Due, PATIENCE_MAX, Pulse};

/// A ping each; the broker takes an AP for gone after one and a half.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Longest wait for TCP and CONNACK, in seconds. The kernel repeats a lost SYN after 1 s and 3 s: with the wait for the
/// next try (1 s at most) a link that is back is tried within 2 s.
const CONNECT_TIMEOUT_S: u64 = 4;
/// Largest packet either way: the longest document in base64, its topic and its header; what is longer ends the link.
const PACKET_MAX_BYTES: usize = DOCUMENT_MAX_BYTES / 3 * 4 + 8 * 1024;
/// Room in the client's own queue: a subscription and one letter at a time.
const CLIENT_QUEUE: usize = 4;
/// Longest password read.
const PASSWORD_MAX_BYTES: usize = 1024;

/// Where the broker is and who we are there.
#[derive(Debug, Clone)]
pub struct Broker {
    /// Host name or address; an address needs no name server in a disaster.
    pub host: String,
    /// Port.
    pub port: u16,
    /// File with the password, read at each connection; none: no user name and no password are sent.
    pub password_file: Option<PathBuf>,
    /// The town.
    pub town: TownId,
    /// This AP: user name and client identifier.
    pub ap: ApId,
    /// What the broker says of us when we are gone.
    pub last_will: Vec<u8>,
}

/// Why a connection ended or did not come about.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Connection(#[from] Box<ConnectionError>),
    #[error("password file {path}: {why}")]
    Password { path: String, why: String },
    #[error("the broker refused the subscription to \"{0}\"")]
    Subscription(String),
    #[error("the broker did not answer in time")]
    Unacknowledged,
    #[error("nobody listens any more")]
    Ended,
}

impl Lost {
    /// Whether the broker's machine answered: then it is given more time.
    fn was_heard(&self) -> bool {
        let Self::Connection(error) = self else { return true };
        !match &**error {
            ConnectionError::NetworkTimeout => true,
            ConnectionError::Io(error) => matches!(
                error.kind(),
                ErrorKind::NetworkUnreachable
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkDown
                    | ErrorKind::AddrNotAvailable
                    | ErrorKind::TimedOut
                    // By the machine's kernel: there is no broker that could be overrun.
                    | ErrorKind::ConnectionRefused
            ),
            _ => false,
        }
    }

    /// The size of a packet that was too large to read.
    fn oversize(&self) -> Option<usize> {
        let Self::Connection(error) = self else { return None };
        match **error {
            ConnectionError::MqttState(StateError::Deserialization(mqttbytes::Error::PayloadSizeLimitExceeded(
                size,
            ))) => Some(size),
            _ => None,
        }
    }
}

/// The post room of one agent.
pub struct Mqtt {
    broker: Broker,
    key: TownKey,
    outbox: Outbox,
    log: Log,
}

impl Mqtt {
    /// A post room that has not opened yet.
    #[must_use]
    pub fn new(broker: Broker, key: TownKey, log: Log) -> Self {
        Self { broker, key, outbox: Outbox::default(), log }
    }

    /// Keeps a connection up, sends `letters` and tells `events` until nobody listens any more.
    pub async fn run(mut self, mut letters: mpsc::Receiver<Letter>, events: mpsc::Sender<Event>, seed: u64) {
        let mut patience = Patience::new(seed);
        let mut pulse = Pulse::new(Instant::now());
        let mut last_why = None;
        loop {
            let mut up_since = None;
            let lost = match self.connection(&mut letters, &events, &mut pulse, &mut up_since).await {
                Ok(()) | Err(Lost::Ended) => return,
                Err(lost) => lost,
            };
            self.outbox.connection_lost();
            if let Some(size) = lost.oversize() {
                let why = format!("packet of {size} bytes; at most {PACKET_MAX_BYTES} are read");
                let reason = TurnedAwayReason::Malformed;
                if events.send(Event::TurnedAway { reason, why }).await.is_err() {
                    return;
                }
            }
            let why = lost.to_string();
            if up_since.is_some() || last_why.as_ref() != Some(&why) {
                last_why = Some(why.clone());
                if events.send(Event::BrokerDown { why }).await.is_err() {
                    return;
                }
            }
            let lived = up_since.map_or(Duration::ZERO, |since: Instant| since.elapsed());
            let again = Instant::now() + patience.wait(lived, lost.was_heard());
            // Letters that come meanwhile are kept; those of them that only matter when true are told anew.
            while let Ok(letter) = timeout_at(again, letters.recv()).await {
                let Some(letter) = letter else { return };
                self.put(letter);
            }
        }
    }

    fn put(&mut self, letter: Letter) {
        self.outbox.put(letter);
    }

    fn options(&self) -> Result<MqttOptions, Lost> {
        let Broker { host, port, password_file, town, ap, last_will } = &self.broker;
        let mut options = MqttOptions::new(ap.as_str(), host, *port);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_clean_session(true);
        options.set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES);
        // One letter is under way at a time; the rest is for what the library sends by itself.
        options.set_inflight(4);
        let topic = Topic::Presence(ap.clone()).name(town);
        options.set_last_will(LastWill::new(topic, last_will.clone(), QoS::AtLeastOnce, true));
        let Some(file) = password_file else {
            // The broker's rules go by the name, with a password or without (MQTT 3.1.1, 3.1.2.9).
            options.set_credentials(ap.as_str(), "");
            return Ok(options);
        };
        let refuse = |why: String| Lost::Password { path: file.display().to_string(), why };
        let password = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.is_empty() || password.len() > PASSWORD_MAX_BYTES {
            return Err(refuse(format!("expected one line of 1 to {PASSWORD_MAX_BYTES} bytes")));
        }
        options.set_credentials(ap.as_str(), password);
        Ok(options)
    }

    /// One connection, from the first packet to the end. Sets `up_since` once the broker has let us in.
    async fn connection(
        &mut self,
        letters: &mut mpsc::Receiver<Letter>,
        events: &mpsc::Sender<Event>,
        pulse: &mut Pulse,
        up_since: &mut Option<Instant>,
    ) -> Result<(), Lost> {
        let (client, mut eventloop) = AsyncClient::new(self.options()?, CLIENT_QUEUE);
        eventloop.network_options.set_tcp_nodelay(true);
        eventloop.network_options.set_connection_timeout(CONNECT_TIMEOUT_S);
        let let_in_by = Instant::now() + PATIENCE_MAX;
        let mut awaiting_suback = false;
        loop {
            // A poll that is dropped half way would begin its connection anew: it is kept until it is done.
            let packet = {
                let mut poll = std::pin::pin!(poll(&mut eventloop));
                loop {
                    let until = if up_since.is_some() { pulse.next() } else { let_in_by };
                    tokio::select! {
                        packet = &mut poll => break packet?,
                        letter = letters.recv() => {
                            let Some(letter) = letter else { return Err(Lost::Ended) };
                            self.put(letter);
                            if up_since.is_some() && self.post(&client) {
                                pulse.asked(Instant::now());
                            }
                        }
                        () = sleep_until(until) => {
                            let now = Instant::now();
                            if up_since.is_none() {
                                return Err(Lost::Unacknowledged);
                            }
                            match pulse.due(now) {
                                Due::HangUp => return Err(Lost::Unacknowledged),
                                Due::Listen => {}
                                Due::Ask => {
                                    // A filter we have, on which nothing is retained: an answer, and nothing else.
                                    let path = Topic::OrderAgain(self.broker.ap.clone()).name(&self.broker.town);
                                    client.try_subscribe(path, QoS::AtLeastOnce).map_err(|_| Lost::Unacknowledged)?;
                                    awaiting_suback = true;
                                    pulse.asked(now);
                                }
                            }
                        }
                    }
                }
            };
            if packet.is_some() {
                pulse.heard(Instant::now());
            }
            match packet {
                Some(Packet::ConnAck(_)) => {
                    *up_since = Some(Instant::now());
                    pulse.connected(Instant::now());
                    let filters = Topic::agent_filters(&self.broker.town, &self.broker.ap)
                        .map(|path| SubscribeFilter::new(path, QoS::AtLeastOnce));
                    // The queue is empty: this is a new client.
                    client.try_subscribe_many(filters).map_err(|_| Lost::Unacknowledged)?;
                    awaiting_suback = true;
                    pulse.asked(Instant::now());
                    events.send(Event::BrokerUp).await.map_err(|_| Lost::Ended)?;
                }
                Some(Packet::SubAck(answer)) => {
                    awaiting_suback = false;
                    pulse.answered(self.outbox.is_under_way(), Instant::now());
                    let refused = answer.return_codes.iter().position(|code| *code == SubscribeReasonCode::Failure);
                    let filters = Topic::agent_filters(&self.broker.town, &self.broker.ap);
                    // Asked for all of them at the beginning, and for the second alone as a sign of life.
                    let alone = answer.return_codes.len() == 1;
                    match refused.and_then(|at| filters.get(at + usize::from(alone))) {
                        // A broker of before this topic: orders matter more than what becomes of counts.
                        Some(filter) if Topic::parse(&self.broker.town, filter) == Ok(self.stored_topic()) => {
                            self.log.line(format_args!("the broker refused the subscription to {filter:?}"));
                        }
                        Some(filter) => return Err(Lost::Subscription(filter.clone())),
                        None => {}
                    }
                }
                Some(Packet::PubAck(_)) => {
                    self.outbox.acknowledged();
                    pulse.answered(awaiting_suback, Instant::now());
                }
                Some(Packet::Publish(message)) => {
                    events.send(self.open(&message)).await.map_err(|_| Lost::Ended)?;
                }
                _ => {}
            }
            if up_since.is_some() && self.post(&client) {
                pulse.asked(Instant::now());
            }
        }
    }

    fn stored_topic(&self) -> Topic {
        Topic::CountsStored(self.broker.ap.clone())
    }

    /// Hands the next letter to the client, if none is under way; says whether it did.
    fn post(&mut self, client: &AsyncClient) -> bool {
        let Some(letter) = self.outbox.start_next() else { return false };
        let ap = self.broker.ap.clone();
        let (topic, retain, payload) = match letter {
            Letter::Presence(payload) => (Topic::Presence(ap), true, payload),
            Letter::Report(payload) => (Topic::Report(ap), true, payload),
            Letter::Counts(payload) => (Topic::Counts(ap), false, payload),
            Letter::Distinct(payload) => (Topic::Distinct(ap), true, payload),
            Letter::Sightings(payload) => (Topic::Sightings(ap), false, payload),
        };
        // Should the queue be full after all, the missing acknowledgement ends the connection in time.
        let _ = client.try_publish(topic.name(&self.broker.town), QoS::AtLeastOnce, retain, payload);
        true
    }

    /// Reads a message at the door: an order with the town's signature, or not.
    fn open(&self, message: &Publish) -> Event {
        let malformed = |why| Event::TurnedAway { reason: TurnedAwayReason::Malformed, why };
        match Topic::parse(&self.broker.town, &message.topic) {
            Ok(Topic::Order) => {}
            Ok(Topic::OrderAgain(ap)) if ap == self.broker.ap => {}
            Ok(Topic::CountsStored(ap)) if ap == self.broker.ap => {
                return match wire::read(&message.payload, Some(&ap)) {
                    Ok(stored) => Event::CountsStored(stored),
                    Err(error) => malformed(error.to_string()),
                };
            }
            Ok(_) => return malformed(format!("a message on \"{}\", which is not for this AP", message.topic)),
            Err(error) => return malformed(error.to_string()),
        }
        match self.key.read(&message.payload) {
            Ok(order) => Event::Offered(order),
            Err((reason, why)) => Event::TurnedAway { reason, why },
        }
    }
}

/// Polls until a packet came in; none for things going out.
async fn poll(eventloop: &mut EventLoop) -> Result<Option<Incoming>, Lost> {
    match eventloop.poll().await {
        Ok(rumqttc::Event::Incoming(packet)) => Ok(Some(packet)),
        Ok(rumqttc::Event::Outgoing(_)) => Ok(None),
        Err(error) => Err(Lost::Connection(Box::new(error))),
    }
}
