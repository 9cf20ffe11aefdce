//! net-snmp's tools and smilint, with the MIB as it is shipped.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hirake_snmp::credentials::{Auth, Credentials, Privacy, Secret, User};
use hirake_snmp::engine::Engine;
use hirake_snmp::serve::herald::Kind;
use tokio::sync::{mpsc, watch};

use crate::api::tests::made_up::{made_up_inventory, made_up_view};
use crate::core::TownView;
use crate::core::view::Standing;
use crate::mib::monitoring::Monitoring;

const SOON: Duration = Duration::from_secs(20);

fn place(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where the tools find our MIB, and the little of the IETF's that it needs.
fn modules() -> String {
    format!("{}:{}", place("src/mib/base").display(), place("../docs/mib").display())
}

/// The path of a tool; none where it is not installed.
fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders.map(|folder| folder.join(tool)).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

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

/// A port nobody has.
fn free() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").expect("socket").local_addr().expect("address")
}

struct Bench {
    at: SocketAddr,
    folder: tempfile::TempDir,
    view: watch::Sender<Arc<TownView>>,
}

impl Bench {
    /// Answers for the made-up town, and tells whom it is said to.
    fn start(tell: Option<(Vec<SocketAddr>, Credentials, Kind)>) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let engine = Engine::open(&folder.path().join("engine")).expect("engine");
        let (view, seen) = watch::channel(Arc::new(made_up_view()));
        let at = free();
        let monitoring = Monitoring { ask: Some((at, vec![town(), user()])), tell };
        tokio::spawn(monitoring.run(engine, Arc::new(made_up_inventory()), seen));
        Self { at, folder, view }
    }

    fn command(&self, tool: &Path) -> Command {
        let mut command = Command::new(tool);
        command.args(["-M", &modules(), "-m", "HIRAKE-MIB"]).env("LC_ALL", "C.UTF-8");
        command.env("SNMPCONFPATH", self.folder.path()).env("SNMP_PERSISTENT_DIR", self.folder.path());
        command
    }

    /// What a tool says; none where it is not installed.
    async fn ask(&self, tool: &str, args: &[&str]) -> Option<String> {
        let mut command = self.command(&find(tool)?);
        // The window may open a moment later than the tool asks.
        command.args(["-r", "20", "-t", "1"]).args(args);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ran").expect("started");
        let said = if output.status.success() { output.stdout } else { output.stderr };
        Some(String::from_utf8(said).expect("UTF-8"))
    }
}

#[test]
fn the_mib_has_no_fault_that_smilint_knows() {
    let Some(smilint) = find("smilint") else { return };
    let checked = Command::new(smilint)
        .args(["-l", "6", "-s", "-m"])
        .arg(place("../docs/mib/HIRAKE-MIB.txt"))
        .env("SMIPATH", place("src/mib/base"))
        .output()
        .expect("started");
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert_eq!(said, "");
}

#[tokio::test]
async fn the_towns_monitoring_reads_the_town_under_its_names() {
    let bench = Bench::start(None);
    let at = bench.at.to_string();
    let v3 =
        ["-v3", "-u", "reader", "-l", "authPriv", "-a", "SHA-256", "-A", "maplesyrup", "-x", "AES", "-X", "winterhill"];
    let v2c = ["-v2c", "-c", "town"];
    let mut walks = Vec::new();
    for (tool, who) in [("snmpwalk", &v2c[..]), ("snmpbulkwalk", &v2c), ("snmpwalk", &v3), ("snmpbulkwalk", &v3)] {
        let Some(walk) = bench.ask(tool, &[who, &[&at, "HIRAKE-MIB::hirake"]].concat()).await else { return };
        walks.push(walk);
    }
    let walk = &walks[0];
    for other in &walks[1..] {
        assert_eq!(other, walk, "every way gives the same");
    }
    for line in walk.lines() {
        assert!(line.starts_with("HIRAKE-MIB::hirake"), "a name of the MIB: {line}");
        assert!(!line.contains("Wrong Type") && !line.contains("Hex-STRING"), "{line}");
        let instance =
            line.split(" = ").next().and_then(|name| name.split_once('.')).map_or("", |(_, instance)| instance);
        assert!(instance.split('.').count() <= 2, "no arc that the MIB does not name: {line}");
    }
    // 9 + 5 + 5 + 16 + 5 scalars, 14 columns of 2 facilities, 9 of 3 access points.
    assert_eq!(walk.lines().count(), 40 + 28 + 27);
    for line in [
        "hirakeTownId.0 = STRING: shiomi",
        "hirakeTownName.0 = STRING: 潮見町",
        "hirakeTownSeenAt.0 = STRING: 2026-11-22,14:32:4.1,+9:0",
        "hirakeTownMode.0 = INTEGER: disaster(3)",
        "hirakeTownModeSince.0 = STRING: 2026-11-22,14:31:4.1,+9:0",
        "hirakeOrderNumber.0 = Gauge32: 42",
        "hirakeOrderPublished.0 = INTEGER: true(1)",
        "hirakeKeyPosition.0 = INTEGER: normal(2)",
        "hirakeKeyFault.0 = INTEGER: none(1)",
        "hirakeKeyFaultSince.0 = STRING: 0-1-1,0:0:0.0",
        "hirakeStoreLost.0 = INTEGER: false(2)",
        "hirakeSumAps.0 = Gauge32: 3 access points",
        "hirakeSumFacilitiesOpen.0 = Gauge32: 1 facilities",
        "hirakeFacilityName.1 = STRING: 役場",
        "hirakeFacilityNameEn.1 = STRING: Town hall",
        "hirakeFacilityShelter.2 = INTEGER: true(1)",
        "hirakeFacilityRefused.2 = Gauge32: 1 access points",
        "hirakeFacilityStations.1 = Gauge32: 12 stations",
        "hirakeApName.2.1 = STRING: 体育館",
        "hirakeApWanted.2.2 = INTEGER: disaster(3)",
        "hirakeApStanding.2.1 = INTEGER: refused(3)",
        "hirakeApStanding.2.2 = INTEGER: silent(5)",
        "hirakeApWhy.2.1 = STRING: hostapd: no such radio",
        "hirakeApSeen.1.1 = INTEGER: onAir(2)",
        "hirakeApStations.1.1 = INTEGER: 12 stations",
        "hirakeApStations.2.2 = INTEGER: -1 stations",
    ] {
        assert!(walk.lines().any(|found| found == format!("HIRAKE-MIB::{line}")), "{line}\nin\n{walk}");
    }
    let system = bench.ask("snmpwalk", &["-v2c", "-c", "town", "-On", &at, "1.3.6.1.2.1.1"]).await.expect("installed");
    for line in [
        ".1.1.0 = STRING: \"Hirake ",
        ".1.2.0 = OID: .1.3.6.1.4.1.8072.9999.9999.119",
        ".1.3.0 = Timeticks",
        ".1.5.0 = STRING: \"shiomi\"",
    ] {
        assert!(system.contains(line), "{line} in {system}");
    }
    let table = bench.ask("snmptable", &["-v2c", "-c", "town", "-Ci", &at, "HIRAKE-MIB::hirakeApTable"]).await;
    let table = table.expect("installed");
    assert!(table.contains("SNMP table: HIRAKE-MIB::hirakeApTable"), "{table}");
    let row = table.lines().find(|line| line.contains("体育館")).expect("its row");
    assert!(row.trim_start().starts_with("2.1") && row.contains("gakko-1") && row.contains("refused"), "{row}");
    let set = ["-v2c", "-c", "town", &at, "HIRAKE-MIB::hirakeTownMode.0", "=", "normal"];
    let refused = bench.ask("snmpset", &set).await.expect("installed");
    assert!(
        refused.contains("notWritable") || refused.contains("not writable") || refused.contains("Not writable"),
        "{refused}"
    );
}

/// net-snmp's trap daemon. Ended when dropped.
struct Manager {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Manager {
    fn start(bench: &Bench, at: SocketAddr, snmptrapd: &Path) -> Self {
        // One who hears a trap of v3 must know who we are; one who hears an inform is known to us.
        let engine = std::fs::read_to_string(bench.folder.path().join("engine")).expect("engine");
        let id = engine.split(' ').next().unwrap_or_default();
        let keys = "SHA-256 maplesyrup AES winterhill";
        let config = bench.folder.path().join("snmptrapd.conf");
        let lines = format!(
            "authCommunity log town\ncreateUser -e 0x{id} reader {keys}\ncreateUser reader {keys}\nauthUser log reader priv\n"
        );
        std::fs::write(&config, lines).expect("written");
        let mut command = bench.command(snmptrapd);
        command.args(["-f", "-Lo", "-n", "-X", "-C", "-c"]).arg(&config).arg("-p").arg(bench.folder.path().join("pid"));
        command.arg(format!("udp:{at}")).env("SNMP_PERSISTENT_DIR", bench.folder.path().join("kept"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("started");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { child, lines }
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
        tokio::time::timeout(SOON, line).await.unwrap_or_else(|_| unreachable!("{what} was not said in time"))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn managers_hear_what_is_new_under_its_names() {
    let Some(snmptrapd) = find("snmptrapd") else { return };
    for (with, kind) in [(town(), Kind::Trap), (user(), Kind::Trap), (town(), Kind::Inform), (user(), Kind::Inform)] {
        let at = free();
        let bench = Bench::start(Some((vec![at], with, kind)));
        let mut manager = Manager::start(&bench, at, &snmptrapd);
        manager.says("NET-SNMP version").await;
        let mut view = made_up_view();
        bench.view.send_replace(Arc::new(view.clone()));
        let line = manager.says("HIRAKE-MIB::hirakeModeChanged").await;
        for word in [
            "hirakeTownName.0 = STRING: 潮見町",
            "hirakeTownMode.0 = INTEGER: disaster(3)",
            "hirakeOrderNumber.0 = Gauge32: 42",
        ] {
            assert!(line.contains(word), "{line}");
        }
        let line = manager.says("HIRAKE-MIB::hirakeApFault").await;
        for word in [
            "hirakeFacilityName.2 = STRING: 潮見小学校",
            "hirakeApName.2.1 = STRING: 体育館",
            "hirakeApStanding.2.1 = INTEGER: refused(3)",
        ] {
            assert!(line.contains(word), "{line}");
        }
        view.facilities[1].aps.iter_mut().for_each(|ap| ap.standing = Standing::Silent);
        bench.view.send_replace(Arc::new(view));
        manager.says("HIRAKE-MIB::hirakeFacilityLost").await;
    }
}

#[tokio::test]
async fn a_sheet_grows_with_the_town_and_no_faster() {
    let (mut inventory, mut view) = (made_up_inventory(), made_up_view());
    inventory.name_ja = "あ".repeat(100);
    let ap = view.facilities[1].aps[0].clone();
    // The quickest of three: whatever else this machine does only adds to it.
    let mut made = |aps: usize| {
        view.facilities[1].aps = vec![ap.clone(); aps];
        let once = || {
            let start = std::time::Instant::now();
            (crate::mib::sheet(&inventory, &view), start.elapsed())
        };
        (0..3).map(|_| once()).min_by_key(|(_, took)| *took).expect("three")
    };
    let (_, small) = made(1_000);
    let (sheet, large) = made(10_000);
    assert_eq!(sheet.len(), 35 + 6 + 5 + 28 + 9 * 10_001);
    assert!(
        large < 40 * small,
        "ten times as many take {large:?} instead of {small:?}; a hundred times is each by each"
    );
    let name = sheet.get(&"1.3.6.1.2.1.1.6.0".parse().expect("valid")).expect("sysLocation");
    let hirake_snmp::value::Value::Octets(octets) = name else { unreachable!("{name:?}") };
    assert_eq!(String::from_utf8(octets.clone()).expect("whole characters"), "あ".repeat(85));
}
