//! The post room against real brokers: ours, and mosquitto where it is installed.

use std::net::TcpListener as StdListener;
use std::process::{Child, Command, Stdio};

use firmware_config::wire::Order;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::broker::{Broker, CONTROLLER};

const ORDER: &str = "hirake/1/shiomi/order";

fn town() -> TownId {
    "shiomi".parse().expect("valid")
}

fn key() -> Arc<TownKey> {
    let folder = tempfile::tempdir().expect("folder");
    Arc::new(TownKey::open(&folder.path().join("key")).expect("made"))
}

fn order(number: u64) -> Order {
    Order {
        v: 1,
        town: town(),
        number,
        issued_at_ms: 5,
        controller: None,
        facilities: std::collections::BTreeMap::new(),
        activations: Vec::new(),
    }
}

fn link(port: u16, login: Option<(&str, &str)>) -> Link {
    let login = login.map(|(user, password)| (user.to_owned(), Zeroizing::new(password.to_owned())));
    Link { host: "127.0.0.1".to_owned(), port, login, client: "hirake-test".to_owned() }
}

fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("bound").port()
}

/// A mosquitto of our own; stopped when dropped.
struct Mosquitto {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    /// None where it is not installed; that is said loudly.
    fn start(port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("folder");
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"))
            .expect("written");
        let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"]
            .into_iter()
            .find(|path| std::fs::exists(path).is_ok_and(|there| there));
        let Some(program) = program else {
            eprintln!("SKIPPED: mosquitto is not installed; 1 test says nothing about it");
            return None;
        };
        let child = Command::new(program)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto starts");
        Some(Self { child, port, _folder: folder })
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn until(events: &mut mpsc::Receiver<Event>, wanted: impl Fn(&Event) -> bool) -> Event {
    let found = async {
        loop {
            let event = events.recv().await.expect("the post room is open");
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found).await.expect("in time")
}

/// An agent that says one thing and hears orders.
async fn agent(port: u16, say: Option<(&str, &str)>) -> (AsyncClient, mpsc::Receiver<(String, bool, Vec<u8>)>) {
    let mut options = MqttOptions::new("gym-1", "127.0.0.1", port);
    options.set_credentials("gym-1", "").set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES);
    let (client, mut line) = AsyncClient::new(options, 10);
    for filter in Topic::agent_filters(&town(), &"gym-1".parse().expect("valid")) {
        client.subscribe(filter, QoS::AtLeastOnce).await.expect("asked");
    }
    if let Some((leaf, text)) = say {
        let topic = format!("hirake/1/shiomi/ap/gym-1/{leaf}");
        client.publish(topic, QoS::AtLeastOnce, false, text).await.expect("given");
    }
    let (letters, heard) = mpsc::channel(100);
    tokio::spawn(async move {
        while let Ok(event) = line.poll().await {
            if let rumqttc::Event::Incoming(Packet::Publish(letter)) = event
                && letters.send((letter.topic, letter.retain, letter.payload.to_vec())).await.is_err()
            {
                return;
            }
        }
    });
    (client, heard)
}

/// The whole conversation with one broker: orders out, retained and to one; documents in; forgeries told apart.
async fn converse(link: Link) {
    let key = key();
    let port = link.port;
    let (letters, mut events) = mpsc::channel(100);
    let (post, task) = start(link, town(), None, Arc::clone(&key), letters);
    // Given before there is a connection: goes out when there is one.
    let text: Arc<str> = Arc::from(key.sign(&order(1)));
    post.order(Arc::clone(&text));
    until(&mut events, |event| *event == Event::Broker(Ok(()))).await;
    // The broker gives us our own order back: it took it.
    until(&mut events, |event| *event == Event::OwnOrderSeen(order(1))).await;

    let presence = r#"{"v":1,"ap":"gym-1","online":true,"boot":"b"}"#;
    let (_client, mut heard) = agent(port, Some(("presence", presence))).await;
    let said = until(&mut events, |event| matches!(event, Event::Presence(_))).await;
    assert!(matches!(said, Event::Presence(presence) if presence.online));
    assert_eq!(heard.recv().await.expect("retained"), (ORDER.to_owned(), true, text.as_bytes().to_vec()));

    post.order_again("gym-1".parse().expect("valid"), Arc::clone(&text));
    let (topic, retained, again) = heard.recv().await.expect("again");
    assert_eq!((topic.as_str(), retained), ("hirake/1/shiomi/ap/gym-1/order", false));
    assert_eq!(again, text.as_bytes());

    let newer: Arc<str> = Arc::from(key.sign(&order(2)));
    post.order(Arc::clone(&newer));
    assert_eq!(heard.recv().await.expect("newer").2, newer.as_bytes());

    let (_client, _heard) = agent(port, Some(("report", "{}"))).await;
    until(&mut events, |event| matches!(event, Event::MessageRefused { .. })).await;
    post.close();
    tokio::time::timeout(Duration::from_secs(5), task).await.expect("says goodbye").expect("no panic");
}

#[tokio::test]
async fn the_post_room_works_with_the_broker_inside() {
    let broker = Broker::start("127.0.0.1:0".parse().expect("address"), town(), None).await.expect("listens");
    converse(link(broker.address.port(), Some((CONTROLLER, broker.password.text())))).await;
}

#[tokio::test]
async fn the_post_room_works_with_mosquitto() {
    let Some(mosquitto) = Mosquitto::start(free_port()) else { return };
    converse(link(mosquitto.port, None)).await;
}

#[tokio::test]
async fn a_broker_that_comes_back_with_nothing_is_told_everything_again() {
    // Shows: the outage is told once, the return is told, and the order (the latest, given during the outage) is there.
    let port = free_port();
    let Some(mosquitto) = Mosquitto::start(port) else { return };
    let key = key();
    let (letters, mut events) = mpsc::channel(100);
    let (post, _task) = start(link(port, None), town(), None, Arc::clone(&key), letters);
    post.order(Arc::from(key.sign(&order(1))));
    until(&mut events, |event| *event == Event::OwnOrderSeen(order(1))).await;
    drop(mosquitto);
    until(&mut events, |event| matches!(event, Event::Broker(Err(_)))).await;
    for number in 2..=500 {
        post.order(Arc::from(key.sign(&order(number))));
    }
    let Some(_mosquitto) = Mosquitto::start(port) else { return };
    until(&mut events, |event| *event == Event::Broker(Ok(()))).await;
    let seen = until(&mut events, |event| matches!(event, Event::OwnOrderSeen(_))).await;
    assert_eq!(seen, Event::OwnOrderSeen(order(500)), "the latest, and none of the others");
}

#[tokio::test]
async fn a_foreign_order_on_the_order_topic_is_told() {
    let Some(mosquitto) = Mosquitto::start(free_port()) else { return };
    let key = key();
    let (letters, mut events) = mpsc::channel(100);
    let (post, _task) = start(link(mosquitto.port, None), town(), None, Arc::clone(&key), letters);
    post.order(Arc::from(key.sign(&order(1))));
    until(&mut events, |event| *event == Event::OwnOrderSeen(order(1))).await;
    let (client, _heard) = agent(mosquitto.port, None).await;
    for forged in [self::key().sign(&order(9)), String::new()] {
        client.publish(ORDER, QoS::AtLeastOnce, true, forged).await.expect("given");
        until(&mut events, |event| matches!(event, Event::ForeignOrderSeen { .. })).await;
    }
}

#[tokio::test]
async fn letters_flow_again_after_a_broker_that_never_acknowledged_one() {
    // Shows the guard: a fake broker takes publishes without a receipt for the first number until the numbers come
    // round to it, which blocks the client library; then it hangs up. The real broker after it hears the newest order.
    let port = free_port();
    let fake = TcpListener::bind(("127.0.0.1", port)).await.expect("bound");
    let key = key();
    let (letters, mut events) = mpsc::channel(10_000);
    let (post, _task) = start(link(port, None), town(), None, Arc::clone(&key), letters);
    let (mut stream, _) = fake.accept().await.expect("connected");
    let hear = async {
        let mut buffer = vec![0; 65_536];
        let mut taken = Vec::new();
        let mut greeted = false;
        let mut next = 0_u64;
        let mut blocked = false;
        while !blocked {
            let read = tokio::time::timeout(Duration::from_millis(500), stream.read(&mut buffer)).await;
            match read {
                Ok(Ok(read)) if read > 0 => taken.extend_from_slice(&buffer[..read]),
                // Nothing more comes although letters wait: it is blocked.
                Err(_) if next > u64::from(INFLIGHT_MAX) => blocked = true,
                _ => {}
            }
            if !greeted {
                greeted = true;
                tokio::io::AsyncWriteExt::write_all(&mut stream, &[0x20, 2, 0, 0]).await.expect("greeted");
                taken.clear();
                continue;
            }
            for number in receipts(&mut taken) {
                if number != 2 {
                    let [high, low] = number.to_be_bytes();
                    tokio::io::AsyncWriteExt::write_all(&mut stream, &[0x40, 2, high, low]).await.expect("receipt");
                }
            }
            next += 1;
            post.order(Arc::from(format!("letter {next}")));
        }
    };
    tokio::time::timeout(Duration::from_secs(120), hear).await.expect("blocked in time");
    drop((stream, fake));
    let Some(_mosquitto) = Mosquitto::start(port) else { return };
    post.order(Arc::from(key.sign(&order(7))));
    until(&mut events, |event| *event == Event::OwnOrderSeen(order(7))).await;
}

/// The packet numbers of the whole QoS 1 publishes in `taken`, which are removed from it.
fn receipts(taken: &mut Vec<u8>) -> Vec<u16> {
    let mut numbers = Vec::new();
    // Every packet here is shorter than 128 bytes, or the SUBSCRIBE with its one or two bytes of length.
    while taken.len() > 4 {
        let (length, head) = if taken[1] < 128 {
            (usize::from(taken[1]), 2)
        } else {
            (usize::from(taken[1] & 0x7f) | usize::from(taken[2]) << 7, 3)
        };
        if taken.len() < head + length {
            break;
        }
        let packet: Vec<u8> = taken.drain(..head + length).collect();
        if packet[0] & 0xf0 == 0x30 {
            let topic = usize::from(u16::from_be_bytes([packet[head], packet[head + 1]]));
            let at = head + 2 + topic;
            numbers.push(u16::from_be_bytes([packet[at], packet[at + 1]]));
        }
    }
    numbers
}

#[tokio::test]
async fn a_broker_that_lets_us_in_and_hangs_up_is_not_hammered() {
    // Shows: greeted and thrown out each time, the post room waits longer each time, and is there again all the same.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("bound").port();
    let (events, mut news) = mpsc::channel(64);
    let (_post, line) = start(link(port, None), town(), None, key(), events);
    tokio::spawn(async move { while news.recv().await.is_some() {} });
    let mut greeted = 0;
    let _ = tokio::time::timeout(Duration::from_secs(2), async {
        loop {
            let (mut stream, _) = listener.accept().await.expect("connected");
            let mut connect = [0; 256];
            let _ = stream.read(&mut connect).await.expect("CONNECT");
            stream.write_all(&[0x20, 2, 0, 0]).await.expect("CONNACK");
            greeted += 1;
        }
    })
    .await;
    line.abort();
    assert!((3..=10).contains(&greeted), "{greeted} times in 2 s");
}
