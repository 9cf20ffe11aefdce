//! One access point on a desk: the real hostapd without a radio (`driver=none`), the real mosquitto, the real agent.
//!
//! hostapd 2.10 with `driver=none` serves its global control socket, `ADD bss_config`, `REMOVE`, `INTERFACES` and
//! `STATUS` as it does with a radio. Where a program is not installed the tests say so and pass.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use firmware_config::mode::Mode;
use firmware_config::wire::{self, Order, Report, Wanted, compact, signing_input};
use ring::signature::{Ed25519KeyPair, KeyPair};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};

/// Everything here happens within milliseconds; a machine shared by many may take its time.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A program that ends with its test.
pub struct Program(Child);

impl Program {
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether both programs are here.
pub fn installed() -> bool {
    let found = ["/usr/sbin/hostapd", "/usr/sbin/mosquitto"].iter().all(|path| Path::new(path).exists());
    if !found {
        eprintln!("not shown: hostapd and mosquitto are not installed");
    }
    found
}

pub struct Rig {
    pub dir: tempfile::TempDir,
    pub port: u16,
    key: Ed25519KeyPair,
}

impl Rig {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
        let rig = Self { dir, port, key };
        rig.write("town.pub", &format!("{}\n", base64url(rig.key.public_key().as_ref())));
        rig.write("main.conf", &rig.bss("lo", "shiomi-town"));
        rig.write("jp.conf", &rig.bss("lojp", "00000JAPAN"));
        rig.write("mosquitto.conf", &format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"));
        rig.write(
            "agent.toml",
            &format!(
                "town = \"shiomi\"\nap = \"yakuba-1\"\nfacility = \"yakuba\"\nledger = \"{0}/ledger\"\n\
                 town-key = \"{0}/town.pub\"\n[broker]\nhost = \"127.0.0.1\"\nport = {port}\n\
                 [hostapd]\nsocket = \"{0}/global\"\nown-dir = \"{0}\"\n\
                 [[open]]\nphy = \"phy0\"\ninterface = \"lojp\"\nconfig = \"{0}/jp.conf\"\n\
                 [counts]\ninterval-s = 5\n",
                rig.dir.path().display()
            ),
        );
        rig
    }

    fn bss(&self, interface: &str, ssid: &str) -> String {
        let dir = self.dir.path().display();
        format!("driver=none\ninterface={interface}\nctrl_interface={dir}/ctrl\nssid={ssid}\n")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Program {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).expect("a log");
        let child = Command::new(program)
            .args(arguments)
            .current_dir(self.dir.path())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("started");
        Program(child)
    }

    pub fn hostapd(&self) -> Program {
        let global = self.path("global");
        self.start("/usr/sbin/hostapd", &["-g", global.to_str().expect("UTF-8"), "main.conf"])
    }

    pub async fn broker(&self) -> Program {
        let broker = self.start("/usr/sbin/mosquitto", &["-c", "mosquitto.conf"]);
        self.until("the broker listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok()).await;
        broker
    }

    pub fn agent(&self) -> Program {
        self.start(env!("CARGO_BIN_EXE_hirake-agent"), &["--config", "agent.toml"])
    }

    /// A signed order for `facility`.
    pub fn order(&self, number: u64, facility: &str, mode: Mode) -> String {
        self.sign(&self.plain_order(number, facility, mode))
    }

    pub fn plain_order(&self, number: u64, facility: &str, mode: Mode) -> Order {
        let wanted = Wanted { mode, drill: None };
        Order {
            v: 1,
            town: "shiomi".parse().expect("valid"),
            number,
            issued_at_ms: 1_000,
            controller: None,
            facilities: [(facility.parse().expect("valid"), wanted)].into(),
            activations: Vec::new(),
        }
    }

    pub fn sign(&self, order: &Order) -> String {
        let input = signing_input(order);
        let signature = self.key.sign(input.as_bytes());
        compact(&input, signature.as_ref().try_into().expect("64 bytes"))
    }

    /// What hostapd says of its interfaces; empty while it does not answer.
    pub fn interfaces(&self) -> String {
        let own = self.path("probe");
        let _ = std::fs::remove_file(&own);
        let ask = || -> std::io::Result<String> {
            let socket = std::os::unix::net::UnixDatagram::bind(&own)?;
            socket.set_read_timeout(Some(Duration::from_secs(5)))?;
            socket.send_to(b"INTERFACES", self.path("global"))?;
            let mut buffer = [0; 4096];
            let length = socket.recv(&mut buffer)?;
            Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
        };
        ask().unwrap_or_default()
    }

    pub async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            let log = || std::fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "never came true: {what}\n{}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The controller's place at the broker.
pub struct Centre {
    client: AsyncClient,
    eventloop: EventLoop,
}

impl Centre {
    pub async fn new(rig: &Rig) -> Self {
        let mut options = MqttOptions::new("centre", "127.0.0.1", rig.port);
        options.set_max_packet_size(4 << 20, 4 << 20);
        let (client, eventloop) = AsyncClient::new(options, 64);
        client.subscribe("hirake/1/shiomi/ap/#", QoS::AtLeastOnce).await.expect("queued");
        let mut centre = Self { client, eventloop };
        centre.until("subscribed", |packet| matches!(packet, Packet::SubAck(_)).then_some(())).await;
        centre
    }

    pub async fn publish(&mut self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, retain, payload).await.expect("queued");
        self.until("published", |packet| matches!(packet, Packet::PubAck(_)).then_some(())).await;
    }

    pub async fn order(&mut self, jws: impl Into<Vec<u8>>) {
        self.client.publish("hirake/1/shiomi/order", QoS::AtLeastOnce, true, jws).await.expect("queued");
    }

    pub async fn until<T>(&mut self, what: &str, mut found: impl FnMut(&Packet) -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Ok(Event::Incoming(packet)) = self.eventloop.poll().await
                    && let Some(found) = found(&packet)
                {
                    return found;
                }
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, wait).await;
        outcome.map_err(|_| format!("never came true: {what}")).expect("within the test's patience")
    }

    /// The first report that is as wished.
    pub async fn report(&mut self, what: &str, mut is_so: impl FnMut(&Report) -> bool) -> Report {
        self.until(what, |packet| {
            let Packet::Publish(message) = packet else { return None };
            if !message.topic.ends_with("/report") {
                return None;
            }
            let report: Report = wire::read(&message.payload, None).expect("a report of this treaty");
            is_so(&report).then_some(report)
        })
        .await
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    Base64UrlUnpadded::encode_string(bytes)
}
