//! The whole controller in this process: a panel at the far end of its socket, real MQTT clients, real files.

use std::path::PathBuf;
use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{Order, Topic};
use rumqttc::{AsyncClient, MqttOptions, Packet, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::sync::oneshot;

use hirake_snmp::device::{DeviceAp, Role};

use super::*;
use crate::broker::PACKET_MAX_BYTES;
use crate::config::{KeyConfig, SnmpCredentials, SnmpDevice};
use crate::core::inventory::{Ap, Facility, Inventory, Managed};

fn inventory() -> Inventory {
    let facility = |id: &str| Facility {
        id: id.parse().expect("valid"),
        name_ja: "体育館".to_owned(),
        name_en: "Gym".to_owned(),
        district: "中央".to_owned(),
        shelter: true,
        contact: String::new(),
    };
    let ap = |id: &str, facility: &str| Ap {
        id: id.parse().expect("valid"),
        facility: facility.parse().expect("valid"),
        name: "1階".to_owned(),
        managed: Managed::Agent,
        witness: false,
        key: false,
    };
    Inventory {
        town: "shiomi".parse().expect("valid"),
        name_ja: "汐見町".to_owned(),
        name_en: "Shiomi".to_owned(),
        facilities: vec![facility("gym"), facility("hall")],
        aps: vec![ap("gym-1", "gym"), ap("hall-1", "hall")],
        agreed_share_percent: 100,
        has_key: true,
        key_drill_length: Duration::from_secs(600),
        seat: None,
    }
}

/// A town hall: its folder, its ports, and the key in the tester's hand.
struct TownHall {
    folder: tempfile::TempDir,
    broker: SocketAddr,
    http: SocketAddr,
    key: watch::Sender<&'static str>,
}

fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("bound")
}

impl TownHall {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let listener = UnixListener::bind(folder.path().join("panel")).expect("bound");
        let (key, position) = watch::channel("contacts no=0 nc=1\n");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut position = position.clone();
                tokio::spawn(async move {
                    loop {
                        let line = *position.borrow_and_update();
                        if stream.write_all(line.as_bytes()).await.is_err() {
                            return;
                        }
                        let _ = tokio::time::timeout(Duration::from_secs(1), position.changed()).await;
                    }
                });
            }
        });
        Self { folder, broker: free(), http: free(), key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> Config {
        Config {
            inventory: inventory(),
            key: KeyConfig::Panel { socket: self.path("panel"), drill: false },
            broker: BrokerConfig::Inside { listen: self.broker, agents_password_file: None },
            store: self.path("town.db"),
            keep: crate::store::keep::Keep::default(),
            signing_key: self.path("town.key"),
            lock_url: None,
            http: self.http,
            token_file: None,
            snmp: crate::config::SnmpConfig::default(),
            amiss: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn turn(&self, disaster: bool) {
        self.key.send_replace(if disaster { "contacts no=1 nc=0\n" } else { "contacts no=0 nc=1\n" });
    }

    /// The signed texts on the order topic, as an agent hears them.
    async fn orders(&self) -> mpsc::Receiver<Vec<u8>> {
        let mut options = MqttOptions::new("gym-1", "127.0.0.1", self.broker.port());
        options.set_credentials("gym-1", "").set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES);
        let (client, mut line) = AsyncClient::new(options, 10);
        let topic = Topic::Order.name(&inventory().town);
        let (orders, heard) = mpsc::channel(100);
        tokio::spawn(async move {
            loop {
                match line.poll().await {
                    Ok(rumqttc::Event::Incoming(Packet::ConnAck(_))) => {
                        client.subscribe(&topic, QoS::AtLeastOnce).await.expect("asked");
                    }
                    Ok(rumqttc::Event::Incoming(Packet::Publish(letter))) => {
                        if orders.send(letter.payload.to_vec()).await.is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    // The controller is not there yet, or not there any more.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        heard
    }

    /// Waits for an order that wants this of every facility.
    async fn ordered(&self, orders: &mut mpsc::Receiver<Vec<u8>>, mode: Mode) -> (Vec<u8>, Order) {
        let found = async {
            loop {
                let text = orders.recv().await.expect("listening");
                let order = TownKey::open(&self.path("town.key")).expect("key").own_order(&text).expect("ours");
                if order.facilities.len() == 2 && order.facilities.values().all(|wanted| wanted.mode == mode) {
                    return (text, order);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.expect("in time")
    }

    /// Waits until the dashboard's account of the town has this text in it.
    async fn told(&self, text: &str) {
        let asked = async {
            loop {
                if let Ok(mut stream) = tokio::net::TcpStream::connect(self.http).await {
                    let ask = format!("GET /api/v1/town HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.http);
                    let mut answer = String::new();
                    stream.write_all(ask.as_bytes()).await.expect("asked");
                    if stream.read_to_string(&mut answer).await.is_ok() && answer.contains(text) {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), asked).await.expect("in time");
    }

    /// Kinds of the entries in the store, oldest first; read beside the controller or after it.
    async fn record(&self) -> Vec<String> {
        let Ok(store) = Store::open(&self.path("town.db")).await else { return Vec::new() };
        let entries = store.entries(None, 1_000).await.unwrap_or_default();
        entries.into_iter().rev().map(|entry| entry.kind).collect()
    }
}

/// A controller on a runtime of its own: when it stops, everything it started is gone, as with a process.
struct Running {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<anyhow::Result<()>>,
}

impl Running {
    fn start(config: Config) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
            let outcome = runtime.block_on(serve(config, async {
                let _ = stopped.await;
            }));
            runtime.shutdown_timeout(Duration::from_secs(5));
            let _ = end.send(outcome);
        });
        Self { stop, ended }
    }

    async fn stop(self) {
        assert!(self.stop.send(()).is_ok(), "it stopped before: {:?}", self.ended.await);
        tokio::time::timeout(Duration::from_secs(15), self.ended)
            .await
            .expect("stops in time")
            .expect("no panic")
            .expect("stops well");
    }
}

#[tokio::test]
async fn a_turned_key_opens_the_town_and_a_restart_says_the_same_bytes_again() {
    // Shows: key → signed order; stop → everything is in the store; start → the identical order for who comes new.
    let hall = TownHall::new();
    let mut orders = hall.orders().await;
    let running = Running::start(hall.config());
    hall.ordered(&mut orders, Mode::Normal).await;
    hall.turn(true);
    let (text, order) = hall.ordered(&mut orders, Mode::Disaster).await;
    assert_eq!(order.activations.len(), 1);
    running.stop().await;
    let record = hall.record().await;
    for kind in ["started", "key-turned", "opened", "ordered"] {
        assert!(record.iter().any(|stored| stored == kind), "{kind} is missing: {record:?}");
    }
    // The broker inside has forgotten everything; rumqttc connects again by itself.
    let running = Running::start(hall.config());
    let (again, _) = hall.ordered(&mut orders, Mode::Disaster).await;
    assert_eq!(again, text);
    hall.turn(false);
    let (_, closed) = hall.ordered(&mut orders, Mode::Normal).await;
    assert!(closed.number > order.number);
    running.stop().await;
}

/// What is in the record, while a controller holds the store.
async fn kinds(store: &Path) -> sqlx::Result<Vec<String>> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(store).read_only(true);
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await?;
    sqlx::query_scalar::<sqlx::Sqlite, _>("SELECT kind FROM entries").fetch_all(&mut connection).await
}

#[tokio::test]
async fn the_town_opens_although_store_and_dashboard_are_out_of_reach_and_the_record_is_kept() {
    // Shows ruling 1: no folder for the store, HTTP's address taken: the order goes out. The store comes: the entries too.
    let hall = TownHall::new();
    let taken = std::net::TcpListener::bind(hall.http).expect("taken");
    let mut orders = hall.orders().await;
    let mut config = hall.config();
    config.store = hall.path("disk").join("town.db");
    let running = Running::start(config.clone());
    hall.turn(true);
    hall.ordered(&mut orders, Mode::Disaster).await;
    std::fs::create_dir(hall.path("disk")).expect("mounted at last");
    let stored = async {
        loop {
            let kinds = kinds(&config.store).await.unwrap_or_default();
            if ["opened", "ordered", "store-lost", "store-back"].iter().all(|kind| kinds.iter().any(|it| it == kind)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), stored).await.expect("in time");
    running.stop().await;
    drop(taken);
}

#[tokio::test]
async fn a_store_that_comes_late_keeps_open_what_it_remembers() {
    // Shows: an opening is stored; at the next start neither the store nor the key can be read; when the store is back
    // the town is open again, by the old order or one with a higher number.
    let hall = TownHall::new();
    let mut orders = hall.orders().await;
    let running = Running::start(hall.config());
    hall.turn(true);
    let (_, order) = hall.ordered(&mut orders, Mode::Disaster).await;
    running.stop().await;

    std::fs::rename(hall.path("town.db"), hall.path("elsewhere")).expect("moved");
    std::fs::create_dir(hall.path("town.db")).expect("in its place");
    let mut config = hall.config();
    config.key = KeyConfig::Panel { socket: hall.path("no-panel"), drill: false };
    let running = Running::start(config);
    hall.told(r#""store_lost":{"#).await;
    std::fs::remove_dir(hall.path("town.db")).expect("removed");
    std::fs::rename(hall.path("elsewhere"), hall.path("town.db")).expect("back");
    let (_, found) = hall.ordered(&mut orders, Mode::Disaster).await;
    assert!(found.number >= order.number, "{} after {}", found.number, order.number);
    running.stop().await;
}

#[tokio::test]
async fn the_towns_monitoring_is_told_that_the_key_was_turned() {
    // Shows: controller.toml → secrets, engine, informs; the manager here is our own ear for traps.
    let hall = TownHall::new();
    std::fs::write(hall.path("community"), "monitoring\n").expect("written");
    let engine = hirake_snmp::engine::Engine::open(&hall.path("manager")).expect("engine");
    let known = hirake_snmp::credentials::Credentials::V2c {
        community: hirake_snmp::credentials::Secret::new("monitoring".to_owned().into()),
    };
    let (heard_in, mut heard) = mpsc::channel(16);
    let local: SocketAddr = "127.0.0.1:0".parse().expect("valid");
    let manager = hirake_snmp::traps::Traps::listen(local, [&known], &engine, heard_in);
    let to = manager.listening().await.expect("listening");
    let with = crate::config::SnmpCredentials::V2c(hall.path("community"));
    let mut config = hall.config();
    config.snmp.notify = Some(crate::config::SnmpNotify { to: vec![to], with, inform: true });
    let running = Running::start(config);
    let mut says = async |word: &str| {
        let said = async { while heard.recv().await.expect("listening").words() != word {} };
        tokio::time::timeout(Duration::from_secs(30), said).await.expect("in time");
    };
    says("coldStart").await;
    hall.turn(true);
    says("1.3.6.1.4.1.8072.9999.9999.119.0.1").await;
    running.stop().await;
    assert!(hall.path("snmp-engine").exists(), "the identity is kept beside the signing key");
}

#[tokio::test]
async fn a_broker_address_that_is_taken_stops_the_start_with_the_reason() {
    let hall = TownHall::new();
    let _taken = std::net::TcpListener::bind(hall.broker).expect("taken");
    let error = serve(hall.config(), std::future::pending()).await.expect_err("taken");
    assert!(format!("{error:#}").contains(&hall.broker.to_string()), "{error:#}");
}

#[tokio::test]
async fn a_second_controller_makes_no_signing_key_of_its_own() {
    let hall = TownHall::new();
    let mut config = hall.config();
    let id = "kouminkan".parse().expect("an identifier");
    config.inventory.seat = Some(crate::core::Seat { id, rank: 2, boot: String::new(), lock: false });
    let error = serve(config, std::future::pending()).await.expect_err("there is no key");
    assert!(format!("{error:#}").contains("copy the town's key from the first one"), "{error:#}");
    assert!(!hall.path("town.key").exists());
}

#[tokio::test]
async fn a_device_whose_secret_is_missing_is_named_and_the_town_opens_without_it() {
    // One AP is flipped by SNMP, and the file with its community is not there: the agents' APs get their order at once,
    // the screen says what is missing; when the file comes, the device is asked.
    let hall = TownHall::new();
    let mut config = hall.config();
    let device = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("bound");
    let ap = DeviceAp {
        ap: "hall-1".parse().expect("valid"),
        facility: "hall".parse().expect("valid"),
        key: None,
        role: Role::Flip,
    };
    config.inventory.aps[1].managed = Managed::Snmp;
    config.snmp.devices.push(SnmpDevice {
        id: "old-ap".to_owned(),
        address: device.local_addr().expect("bound"),
        profile: None,
        read: SnmpCredentials::V2c(hall.path("community")),
        write: None,
        context: String::new(),
        words: std::collections::BTreeMap::new(),
        aps: vec![ap],
    });
    let running = Running::start(config);
    let mut orders = hall.orders().await;
    hall.turn(true);
    hall.ordered(&mut orders, Mode::Disaster).await;
    hall.told(r#"no SNMP device \"old-ap\""#).await;
    let mut datagram = [0; 1500];
    assert!(device.try_recv(&mut datagram).is_err(), "nobody asks with a secret that is not there");

    std::fs::write(hall.path("community"), "town-reader\n").expect("written");
    let asked = tokio::time::timeout(Duration::from_secs(20), device.recv(&mut datagram)).await;
    let length = asked.expect("asked when the secret is there").expect("received");
    assert!(datagram[..length].windows(11).any(|bytes| bytes == b"town-reader"));
    running.stop().await;
}
