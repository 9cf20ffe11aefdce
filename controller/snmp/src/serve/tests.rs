//! net-snmp's own tools read our table, and its trap daemon hears our notifications.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::mpsc;

use super::herald::{Herald, Kind, Notification};
use super::*;
use crate::credentials::{Auth, Privacy, Secret, User};
use crate::value::VarBind;

const SOON: Duration = Duration::from_secs(20);

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

fn town() -> Credentials {
    Credentials::V2c { community: secret("town") }
}

fn user() -> Credentials {
    Credentials::V3(User {
        name: "reader".to_owned(),
        auth: Some((Auth::Sha256, secret("maplesyrup"))),
        privacy: Some((Privacy::Aes128, secret("winterhill"))),
    })
}

const AS_USER: [&str; 12] =
    ["-v3", "-u", "reader", "-l", "authPriv", "-a", "SHA-256", "-A", "maplesyrup", "-x", "AES", "-X"];

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

/// One value of each type, in names whose order as text is not their order.
fn sheet() -> Sheet {
    [
        ("1.3.6.1.2.1.1.1.0", Value::Octets("潮見町".into())),
        ("1.3.6.1.4.1.8072.9999.9999.1.2.1", Value::Integer(-7)),
        ("1.3.6.1.4.1.8072.9999.9999.1.2.2", Value::Gauge32(u32::MAX)),
        ("1.3.6.1.4.1.8072.9999.9999.1.2.10", Value::Counter64(u64::MAX)),
        ("1.3.6.1.4.1.8072.9999.9999.1.10.1", Value::Ip([192, 0, 2, 1].into())),
        ("1.3.6.1.4.1.8072.9999.9999.1.10.2", Value::Oid(oid("1.3.6.1"))),
        ("1.3.6.1.4.1.8072.9999.9999.1.10.3", Value::Octets(Vec::new())),
    ]
    .map(|(name, value)| (oid(name), value))
    .into()
}

struct Bench {
    at: SocketAddr,
    folder: tempfile::TempDir,
    read: Arc<AtomicU32>,
    _window: Window,
}

impl Bench {
    async fn start(who: &[Credentials], sheet: Sheet) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let engine = Engine::open(&folder.path().join("engine")).expect("engine");
        let read = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&read);
        let window = Window::open("127.0.0.1:0".parse().expect("valid"), who, &engine, move || {
            count.fetch_add(1, Ordering::Relaxed);
            sheet.clone()
        });
        let at = window.answering().await.expect("answering");
        Self { at, folder, read, _window: window }
    }

    /// Whether a tool was content and what it said; none where it is not installed.
    async fn run(&self, tool: &'static str, args: &[&str]) -> Option<(bool, String)> {
        let mut command = Command::new(tool);
        command.args(args).env("MIBS", "").env("SNMPCONFPATH", self.folder.path());
        command.env("SNMP_PERSISTENT_DIR", self.folder.path());
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ran");
        match output {
            Ok(output) => {
                let fine = output.status.success();
                let said = if fine { output.stdout } else { [output.stdout, output.stderr].concat() };
                Some((fine, String::from_utf8_lossy(&said).into_owned()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("skipped: {tool} is not installed");
                None
            }
            Err(error) => unreachable!("{tool}: {error}"),
        }
    }
}

#[tokio::test]
async fn every_walk_gives_every_value_in_order_whatever_the_version() {
    let bench = Bench::start(&[town(), user(), Credentials::V1 { community: secret("old") }], sheet()).await;
    let at = bench.at.to_string();
    let playpen = "1.3.6.1.4.1.8072.9999.9999";
    let expected = [
        ".1.2.1 = INTEGER: -7",
        ".1.2.2 = Gauge32: 4294967295",
        ".1.2.10 = Counter64: 18446744073709551615",
        ".1.10.1 = IpAddress: 192.0.2.1",
        ".1.10.2 = OID: .1.3.6.1",
        ".1.10.3 = \"\"",
    ]
    .map(|line| format!(".{playpen}{line}"));
    let v3 = [&AS_USER[..], &["winterhill", "-On", &at, playpen]].concat();
    let v2c = ["-v2c", "-c", "town", "-On", &at, playpen];
    for (tool, args) in [("snmpwalk", &v2c[..]), ("snmpbulkwalk", &v2c), ("snmpwalk", &v3), ("snmpbulkwalk", &v3)] {
        let Some((fine, said)) = bench.run(tool, args).await else { return };
        assert!(fine, "{tool}: {said}");
        assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{tool} {args:?}");
    }
    // The whole tree, the library's own objects behind ours: each tool stops at the end and finds every name to rise.
    for whole in ["snmpwalk", "snmpbulkwalk"] {
        let (fine, said) = bench.run(whole, &["-v2c", "-c", "town", "-On", &at, ".1.3"]).await.expect("installed");
        assert!(fine && said.lines().count() > expected.len() + 2, "{said}");
        assert!(said.contains(".1.3.6.1.6.3.10.2.1.2.0 = INTEGER: 1"), "snmpEngineBoots: {said}");
    }
    // SNMPv1 has no 64 bits: the walk goes round the one value it cannot carry (RFC 3584 §4.2.2.1).
    let (_, said) = bench.run("snmpwalk", &["-v1", "-c", "old", "-On", &at, playpen]).await.expect("installed");
    let without: Vec<&String> = expected.iter().filter(|line| !line.contains("Counter64")).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), without);
    let (_, said) =
        bench.run("snmpget", &["-v2c", "-c", "town", "-On", &at, "1.3.6.1.2.1.1.3.0"]).await.expect("installed");
    assert!(said.contains("Timeticks"), "{said}");
}

#[tokio::test]
async fn nothing_can_be_set_and_what_is_not_there_is_said_so() {
    let bench = Bench::start(&[town(), user()], sheet()).await;
    let at = bench.at.to_string();
    let integer = "1.3.6.1.4.1.8072.9999.9999.1.2.1";
    let Some((fine, said)) = bench.run("snmpset", &["-v2c", "-c", "town", &at, integer, "i", "1"]).await else {
        return;
    };
    assert!(!fine && said.contains("notWritable"), "{said}");
    let v3 = [&AS_USER[..], &["winterhill", &at, "1.3.6.1.4.1.8072.9999.9999.5.0", "s", "x"]].concat();
    let (fine, said) = bench.run("snmpset", &v3).await.expect("installed");
    assert!(!fine && said.contains("notWritable"), "{said}");
    let get = |name: &'static str| {
        let (at, bench) = (at.clone(), &bench);
        async move { bench.run("snmpget", &["-v2c", "-c", "town", "-On", &at, name]).await.expect("installed").1 }
    };
    assert!(get(integer).await.contains("INTEGER: -7"), "unchanged");
    assert!(get("1.3.6.1.4.1.8072.9999.9999.1.2.3").await.contains("No Such Instance"));
    assert!(get("1.3.6.1.4.1.8072.9999.9999.7.1").await.contains("No Such Object"));
}

#[tokio::test]
async fn strangers_wrong_passwords_and_missing_passwords_learn_nothing() {
    let bench = Bench::start(&[town(), user()], sheet()).await;
    let at = bench.at.to_string();
    let descr = "1.3.6.1.2.1.1.1.0";
    let quick = ["-r0", "-t1"];
    let Some((fine, said)) = bench.run("snmpget", &[&quick[..], &["-v2c", "-c", "public", &at, descr]].concat()).await
    else {
        return;
    };
    assert!(!fine && said.contains("Timeout"), "{said}");
    let (_, said) =
        bench.run("snmpget", &[&quick[..], &["-v1", "-c", "town", &at, descr]].concat()).await.expect("there");
    assert!(!said.contains('潮') && !said.contains("E6 BD AE"), "{said}");
    let wrong = [&quick[..], &AS_USER, &["wronghill", &at, descr]].concat();
    let (fine, said) = bench.run("snmpget", &wrong).await.expect("installed");
    assert!(!fine && !said.contains("E6 BD AE"), "{said}");
    for level in [&["-l", "noAuthNoPriv"][..], &["-l", "authNoPriv", "-a", "SHA-256", "-A", "maplesyrup"]] {
        let below = [&quick[..], &["-v3", "-u", "reader"], level, &[&at, descr]].concat();
        let (fine, said) = bench.run("snmpget", &below).await.expect("installed");
        assert!(!fine && said.contains("authorizationError"), "{said}");
    }
    assert_eq!(bench.read.load(Ordering::Relaxed), 0, "nobody made us look at the town");
}

#[tokio::test]
async fn a_long_walk_copies_the_town_no_more_than_once_a_second() {
    let long = (1..=5_000).map(|row| (oid(&format!("1.3.6.1.4.1.8072.9999.9999.1.{row}")), Value::Integer(row)));
    let bench = Bench::start(&[town()], long.collect()).await;
    let start = Instant::now();
    let at = bench.at.to_string();
    let walk = ["-v2c", "-c", "town", "-On", "-Cr50", &at, "1.3.6.1.4.1.8072"];
    let Some((fine, said)) = bench.run("snmpbulkwalk", &walk).await else { return };
    assert!(fine, "{said}");
    assert_eq!(said.lines().count(), 5_000);
    assert!(said.ends_with(".1.5000 = INTEGER: 5000\n"), "{}", said.lines().last().unwrap_or_default());
    let seconds = start.elapsed().as_secs();
    assert!(u64::from(bench.read.load(Ordering::Relaxed)) <= seconds + 1);
}

/// net-snmp's trap daemon on a port of its own. Ended when dropped.
struct Manager {
    at: SocketAddr,
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Manager {
    fn start(folder: &std::path::Path, config: &str) -> Option<Self> {
        let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("socket").local_addr().expect("address");
        Self::start_at(free, folder, config)
    }

    fn start_at(at: SocketAddr, folder: &std::path::Path, config: &str) -> Option<Self> {
        let file = folder.join("snmptrapd.conf");
        std::fs::write(&file, config).expect("written");
        let tool = ["/usr/sbin/snmptrapd", "/usr/local/sbin/snmptrapd"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists());
        let mut command = Command::new(tool.unwrap_or("snmptrapd"));
        command.args(["-f", "-Lo", "-n", "-X", "-C", "-On", "-c"]).arg(&file).arg(format!("udp:{at}"));
        command.args(["-p"]).arg(folder.join("pid"));
        command.env("MIBS", "").env("SNMPCONFPATH", folder).env("SNMP_PERSISTENT_DIR", folder.join("kept"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("skipped: snmptrapd is not installed");
                return None;
            }
            Err(error) => unreachable!("snmptrapd: {error}"),
        };
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            out.split(b'\n')
                .map_while(Result::ok)
                .all(|line| sender.send(String::from_utf8_lossy(&line).into_owned()).is_ok())
        });
        Some(Self { at, child, lines })
    }

    /// The next line that says `what`.
    async fn says(&mut self, what: &str) -> String {
        let line = async {
            loop {
                let line = self.lines.recv().await.expect("snmptrapd goes on");
                if line.contains(what) {
                    return line;
                }
            }
        };
        tokio::time::timeout(SOON, line).await.expect("in time")
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn notification(number: i32) -> Notification {
    Notification {
        oid: oid("1.3.6.1.4.1.8072.9999.9999.119.0.1"),
        binds: vec![VarBind { oid: oid("1.3.6.1.4.1.8072.9999.9999.119.1.2.1.0"), value: Value::Integer(number) }],
    }
}

#[tokio::test]
async fn managers_hear_traps_and_acknowledge_informs() {
    let folder = tempfile::tempdir().expect("folder");
    let engine = Engine::open(&folder.path().join("engine")).expect("engine");
    let id: String = engine.id().iter().map(|byte| format!("{byte:02x}")).collect();
    // For a trap the sender is the authority, for an inform the one who hears it: a user of each.
    let keys = "SHA-256 maplesyrup AES winterhill";
    let config = format!(
        "authCommunity log town\ncreateUser -e 0x{id} reader {keys}\ncreateUser reader {keys}\nauthUser log reader priv\n"
    );
    let Some(mut manager) = Manager::start(folder.path(), &config) else { return };
    manager.says("NET-SNMP version").await;
    let mut number = 0;
    for with in [town(), user()] {
        for kind in [Kind::Trap, Kind::Inform] {
            number += 1;
            let herald = Herald::start(&[manager.at], &with, kind, &engine);
            herald.tell(&notification(number));
            let line = manager.says(&format!("INTEGER: {number}")).await;
            assert!(line.contains(".1.3.6.1.6.3.1.1.4.1.0 = OID: .1.3.6.1.4.1.8072.9999.9999.119.0.1"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_manager_who_is_away_holds_nobody_up_and_hears_again_when_he_is_back() {
    let folder = tempfile::tempdir().expect("folder");
    let engine = Engine::open(&folder.path().join("engine")).expect("engine");
    let there = "authCommunity log town\n";
    let Some(mut manager) = Manager::start(folder.path(), there) else { return };
    manager.says("NET-SNMP version").await;
    let away = std::net::UdpSocket::bind("127.0.0.1:0").expect("socket");
    let away_at = away.local_addr().expect("address");
    let herald = Herald::start(&[away_at, manager.at], &town(), Kind::Inform, &engine);
    let start = Instant::now();
    for number in 0..1_000 {
        herald.tell(&notification(number));
    }
    assert!(start.elapsed() < Duration::from_secs(2), "telling never waits");
    // The other one is there and hears what found room, in order, while the first is being waited for.
    for number in 0..10 {
        manager.says(&format!("INTEGER: {number}")).await;
    }
    drop(away);
    let mut back = Manager::start_at(away_at, folder.path(), there).expect("installed");
    back.says("INTEGER: ").await;
}
