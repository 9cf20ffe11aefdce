//! The broker with real clients on a port of its own.

use std::collections::BTreeSet;

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Packet, QoS};

use super::*;

const ORDER: &str = "hirake/1/shiomi/order";
const SECRET: &str = "the town's secret, which no AP has";

fn password_of(ap: &str) -> Zeroizing<String> {
    AgentsSecret::from(SECRET).password_of(&"shiomi".parse().expect("valid"), &ap.parse().expect("valid"))
}

async fn broker(agents: Option<&str>) -> Broker {
    let agents = agents.map(AgentsSecret::from);
    Broker::start("127.0.0.1:0".parse().expect("address"), "shiomi".parse().expect("valid"), agents)
        .await
        .expect("listens")
}

fn options(broker: &Broker, user: &str, password: &str) -> MqttOptions {
    let mut options = MqttOptions::new(user, "127.0.0.1", broker.address.port());
    options.set_credentials(user, password).set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES);
    options
}

struct Client {
    client: AsyncClient,
    line: EventLoop,
}

impl Client {
    async fn connect(options: MqttOptions) -> Result<Self, ConnectionError> {
        let (client, mut line) = AsyncClient::new(options, 100);
        loop {
            if let Event::Incoming(Packet::ConnAck(_)) = line.poll().await? {
                return Ok(Self { client, line });
            }
        }
    }

    async fn agent(broker: &Broker, ap: &str) -> Self {
        Self::connect(options(broker, ap, "")).await.expect("admitted")
    }

    async fn controller(broker: &Broker) -> Self {
        Self::connect(options(broker, CONTROLLER, broker.password.text())).await.expect("admitted")
    }

    async fn next(&mut self, wanted: impl Fn(&Packet) -> bool) -> Packet {
        let found = async {
            loop {
                if let Event::Incoming(packet) = self.line.poll().await.expect("connected")
                    && wanted(&packet)
                {
                    return packet;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("in time")
    }

    /// Subscribes, and says whether every filter was granted.
    async fn subscribe(&mut self, filter: &str) -> bool {
        self.client.subscribe(filter, QoS::AtLeastOnce).await.expect("asked");
        let Packet::SubAck(ack) = self.next(|packet| matches!(packet, Packet::SubAck(_))).await else {
            unreachable!("only that was waited for")
        };
        ack.return_codes.iter().all(|code| matches!(code, rumqttc::SubscribeReasonCode::Success(_)))
    }

    /// Publishes and waits for the receipt (given also for what the rules turn away: 3.1.1 has no other answer).
    async fn publish(&mut self, topic: &str, retain: bool, text: &str) {
        self.client.publish(topic, QoS::AtLeastOnce, retain, text).await.expect("given");
        self.next(|packet| matches!(packet, Packet::PubAck(_))).await;
    }

    async fn letter(&mut self) -> (String, String) {
        match self.next(|packet| matches!(packet, Packet::Publish(_))).await {
            Packet::Publish(letter) => (letter.topic, String::from_utf8_lossy(&letter.payload).into_owned()),
            other => unreachable!("only a letter was waited for: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_order_is_kept_for_those_who_come_later() {
    // Shows: retained, replaced by a newer one, as large as a document may be.
    let broker = broker(None).await;
    let mut controller = Client::controller(&broker).await;
    controller.publish(ORDER, true, "one").await;
    let large = "x".repeat(DOCUMENT_MAX_BYTES);
    controller.publish(ORDER, true, &large).await;
    let mut agent = Client::agent(&broker, "gym-1").await;
    assert!(agent.subscribe(ORDER).await);
    assert_eq!(agent.letter().await, (ORDER.to_owned(), large));
}

#[tokio::test]
async fn every_report_of_a_large_town_reaches_a_controller_that_comes_later() {
    // Shows that 2,000 retained reports arrive, not the first thousand.
    let broker = broker(None).await;
    let mut topics = BTreeSet::new();
    let mut agent = Client::agent(&broker, "many").await;
    let retain = broker_retain(&broker);
    for ap in 0..2_000 {
        let topic = format!("hirake/1/shiomi/ap/ap-{ap}/report");
        topics.insert(topic.clone());
        retain(&topic).await;
    }
    agent.publish("hirake/1/shiomi/ap/many/report", true, "r").await;
    topics.insert("hirake/1/shiomi/ap/many/report".to_owned());
    let mut controller = Client::controller(&broker).await;
    assert!(controller.subscribe("hirake/1/shiomi/ap/+/report").await);
    while !topics.is_empty() {
        topics.remove(&controller.letter().await.0);
    }
}

/// Puts a report on a topic in the name of its AP, over a connection of its own.
fn broker_retain(broker: &Broker) -> impl AsyncFn(&str) {
    let port = broker.address.port();
    async move |topic: &str| {
        let ap = topic.split('/').nth(4).expect("an AP's topic").to_owned();
        let mut options = MqttOptions::new(ap.clone(), "127.0.0.1", port);
        options.set_credentials(ap, "");
        let mut agent = Client::connect(options).await.expect("admitted");
        agent.publish(topic, true, "r").await;
    }
}

#[tokio::test]
async fn each_agent_needs_the_password_of_its_own_ap() {
    // Shows what whoever stole one access point cannot do: its password opens no other's name and not the controller's,
    // and the secret that all are made of opens none.
    let broker = broker(Some(SECRET)).await;
    let (own, other) = (password_of("gym-1"), password_of("gym-2"));
    for (user, password) in [
        ("gym-1", "wrong"),
        ("gym-1", ""),
        ("gym-1", SECRET),
        ("gym-1", other.as_str()),
        ("gym-2", own.as_str()),
        ("Gym", own.as_str()),
        (CONTROLLER, SECRET),
        (CONTROLLER, own.as_str()),
    ] {
        let refused = Client::connect(options(&broker, user, password)).await.err();
        assert!(matches!(refused, Some(ConnectionError::ConnectionRefused(_))), "{user}: {refused:?}");
    }
    let mut nobody = MqttOptions::new("gym-1", "127.0.0.1", broker.address.port());
    nobody.set_keep_alive(Duration::from_secs(5));
    assert!(Client::connect(nobody).await.is_err(), "without any user name");
    let mut borrowed = MqttOptions::new("gym-2", "127.0.0.1", broker.address.port());
    borrowed.set_credentials("gym-1", own.as_str());
    assert!(Client::connect(borrowed).await.is_err(), "under another's client identifier");
    for (ap, password) in [("gym-1", &own), ("gym-2", &other)] {
        Client::connect(options(&broker, ap, password)).await.expect("admitted");
    }
    Client::controller(&broker).await;
}

#[tokio::test]
async fn an_agent_cannot_speak_for_another_or_for_the_controller() {
    // Shows that what the rules turn away reaches nobody, is not retained, and that the agent stays connected.
    let broker = broker(None).await;
    let mut controller = Client::controller(&broker).await;
    assert!(controller.subscribe("hirake/1/shiomi/#").await);
    let mut agent = Client::agent(&broker, "gym-1").await;
    agent.publish(ORDER, true, "forged").await;
    agent.publish("hirake/1/shiomi/ap/gym-2/report", true, "forged").await;
    agent.publish("hirake/1/shiomi/ap/gym-1/report", true, "mine").await;
    assert_eq!(controller.letter().await, ("hirake/1/shiomi/ap/gym-1/report".to_owned(), "mine".to_owned()));
    let mut later = Client::agent(&broker, "gym-2").await;
    assert!(later.subscribe(ORDER).await);
    controller.publish(ORDER, false, "real").await;
    assert_eq!(later.letter().await.1, "real", "and no forged one before it");
}

#[tokio::test]
async fn an_agent_cannot_listen_to_others() {
    let broker = broker(None).await;
    let mut agent = Client::agent(&broker, "gym-1").await;
    for filter in ["#", "hirake/1/shiomi/ap/+/counts", "hirake/1/shiomi/ap/gym-2/order"] {
        assert!(!agent.subscribe(filter).await, "{filter}");
    }
    assert!(agent.subscribe("hirake/1/shiomi/ap/gym-1/order").await);
    assert!(agent.subscribe(ORDER).await);
}

#[tokio::test]
async fn a_last_will_is_told_and_only_about_oneself() {
    let broker = broker(None).await;
    let mut controller = Client::controller(&broker).await;
    assert!(controller.subscribe("hirake/1/shiomi/ap/+/presence").await);
    let will = |topic: &str| LastWill::new(topic, "gone", QoS::AtLeastOnce, true);
    let mut about_another = options(&broker, "gym-1", "");
    about_another.set_last_will(will("hirake/1/shiomi/ap/gym-2/presence"));
    assert!(Client::connect(about_another).await.is_err());
    let mut about_itself = options(&broker, "gym-1", "");
    about_itself.set_last_will(will("hirake/1/shiomi/ap/gym-1/presence"));
    drop(Client::connect(about_itself).await.expect("admitted"));
    assert_eq!(controller.letter().await, ("hirake/1/shiomi/ap/gym-1/presence".to_owned(), "gone".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_comes_back_before_it_was_missed_is_last_heard_as_there() {
    // Shows that when a new connection takes over an old one, the old one's will is not told: it could come after what
    // the new one says, and the AP would stand as gone although it is there. The last one does go, and that is told.
    const TOPIC: &str = "hirake/1/shiomi/ap/gym-1/presence";
    let broker = broker(None).await;
    let mut controller = Client::controller(&broker).await;
    assert!(controller.subscribe("hirake/1/shiomi/ap/+/presence").await);
    let mut agent = None;
    for round in 0..50 {
        let mut options = options(&broker, "gym-1", "");
        options.set_last_will(LastWill::new(TOPIC, "gone", QoS::AtLeastOnce, true));
        let mut newer = Client::connect(options).await.expect("admitted");
        // Not retained: the controller's own subscribing may still be fetching what is.
        newer.publish(TOPIC, false, &format!("there {round}")).await;
        assert_eq!(controller.letter().await.1, format!("there {round}"));
        // The old one is dropped only now: it did not hang up before.
        agent = Some(newer);
    }
    drop(agent);
    assert_eq!(controller.letter().await.1, "gone");
}

#[tokio::test]
async fn a_taken_address_is_a_clear_error() {
    let first = broker(None).await;
    let error = Broker::start(first.address, "shiomi".parse().expect("valid"), None).await.expect_err("taken");
    assert!(error.to_string().contains(&first.address.to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_agents_that_connect_at_once_all_hear_the_order() {
    // Shows the morning after a blackout: nobody is refused, and one order reaches all.
    const AGENTS: usize = 1_000;
    crate::run::raise_file_limit();
    let broker = broker(None).await;
    let mut controller = Client::controller(&broker).await;
    let (ready, mut readies) = tokio::sync::mpsc::channel(AGENTS);
    let (heard, mut heards) = tokio::sync::mpsc::channel(AGENTS);
    for ap in 0..AGENTS {
        let options = options(&broker, &format!("ap-{ap}"), "");
        let (ready, heard) = (ready.clone(), heard.clone());
        tokio::spawn(async move {
            let mut agent = Client::connect(options).await.expect("admitted at the first try");
            assert!(agent.subscribe(ORDER).await);
            ready.send(()).await.expect("waited for");
            heard.send(agent.letter().await.1).await.expect("waited for");
        });
    }
    let all = async {
        for _ in 0..AGENTS {
            readies.recv().await.expect("all come");
        }
        controller.publish(ORDER, true, "open").await;
        for _ in 0..AGENTS {
            assert_eq!(heards.recv().await.expect("all hear"), "open");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("in time");
}
