//! A key switch at one access point: opens its own hall with nobody to ask, and the town learns of it in its own time.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::bench::{Bench, BrokerKind, Plan, record, total};
use tests::http;
use tests::inventory::{self, ApPlan};
use tests::panel::{Panel, Turn};
use tests::process::last_lines;

/// A flip, a reconnect with its pause of at most 10 s, a last will: three times over.
const PATIENCE: Duration = Duration::from_secs(60);
/// The bench's own token.
const TOKEN: &str = "model-town-token-0000000000000000";
const KEYED: &str = "yakuba-1";

/// Two access points of the hall with the key, in it and beside it, and one of another facility.
fn three() -> Vec<ApPlan> {
    let named = [KEYED, "yakuba-2", "minato-1"];
    inventory::aps().into_iter().filter(|ap| named.contains(&ap.id.as_str())).collect()
}

/// A town of three with a key switch at the first.
struct Hall {
    bench: Bench,
    key: Option<Panel>,
    socket: PathBuf,
    /// Kept to the end.
    _dir: tempfile::TempDir,
}

impl Hall {
    /// Everything started, and settled at 平時.
    async fn raise(broker: BrokerKind) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("hirake-").tempdir()?;
        let mut bench = Bench::lay_out(dir.path(), Plan::quiet(three(), broker))?;
        let socket = dir.path().join("hall.sock");
        let toml = dir.path().join("ap").join(KEYED).join("agent.toml");
        let told = std::fs::read_to_string(&toml)?;
        std::fs::write(&toml, format!("{told}\n[key]\npanel = \"{}\"\n", socket.display()))?;
        let town = dir.path().join("controller.toml");
        let told = std::fs::read_to_string(&town)?;
        let ap = told.find(&format!("id = \"{KEYED}\"")).context("the access point is in the town's file")?;
        let end = ap + told[ap..].find("\n[").context("something comes after it")?;
        let (before, after) = told.split_at(end);
        std::fs::write(&town, format!("{before}\n[ap.key]\npanel = \"{}\"\n{after}", socket.display()))?;
        let key = Some(Panel::start(&socket, Turn::Normal)?);
        bench.start_controller().await?;
        bench.start_agents()?;
        let hall = Self { bench, key, socket, _dir: dir };
        hall.settled(0).await?;
        Ok(hall)
    }

    fn turn(&self, turn: Turn) {
        self.key.as_ref().expect("a test turns a key that is there").turn(turn);
    }

    /// The panel is torn off the wall.
    fn tear_off(&mut self) -> Result<()> {
        self.key = None;
        Ok(std::fs::remove_file(&self.socket)?)
    }

    fn put_back(&mut self, turn: Turn) -> Result<()> {
        self.key = Some(Panel::start(&self.socket, turn)?);
        Ok(())
    }

    fn open(&self) -> Vec<bool> {
        self.bench.aps.iter().map(tests::bench::BenchAp::is_open).collect()
    }

    /// All three settled, `open` of them on the air.
    async fn settled(&self, open: u64) -> Result<Value> {
        let what = format!("all settled, {open} on the air");
        let whole = |town: &Value| {
            total(town, "settled") == 3 && total(town, "to_open") == open && self.bench.open_radios() as u64 == open
        };
        self.bench.until(&what, PATIENCE, whole).await
    }

    async fn until_open(&self, what: &str, open: [bool; 3]) -> Result<()> {
        self.bench
            .until_seen(what, PATIENCE, |bench| bench.aps.iter().map(tests::bench::BenchAp::is_open).eq(open))
            .await
    }

    fn said(&self) -> String {
        last_lines(&self.bench.dir().join("log").join(format!("{KEYED}.log")), 1_000)
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A time in an entry, in milliseconds.
fn ms(entry: &Value, field: &str) -> Option<i64> {
    entry["fields"][field].as_str()?.parse().ok()
}

/// Shows that with the controller and its broker dead the key opens its own AP at once and no other; that it is open
/// after a power cut although the key cannot be read; that the controller, started later, has it in its record with the
/// AP's own time and opens the rest of the hall; that neither a screen nor the town's key closes it, and the hand that
/// opened it does, everywhere.
#[tokio::test]
async fn a_hall_opens_alone_and_the_town_follows_when_it_is_there() -> Result<()> {
    let mut hall = Hall::raise(BrokerKind::Inside).await?;
    hall.bench.kill_controller();
    let before = now_ms();
    hall.turn(Turn::Disaster);
    hall.until_open("the AP with the key opens", [true, false, false]).await?;
    let after = now_ms();

    // Power gone, and with it the panel: the ledger alone opens it again, and it is said what cannot be read.
    hall.tear_off()?;
    hall.bench.cut_power(0);
    assert_eq!(hall.open(), [false; 3]);
    hall.bench.restore_power(0)?;
    hall.until_open("open again, with nothing to read", [true, false, false]).await?;
    hall.bench.until_seen("its log says so", PATIENCE, |_| hall.said().contains("facility key unreadable")).await?;
    assert_eq!(
        hall.said().matches("opened by the facility key").count(),
        1,
        "held, not opened again:\n{}",
        hall.said()
    );

    // The controller knows nothing, hears of it, and orders the rest of the hall.
    hall.bench.start_controller().await?;
    let town = hall.settled(2).await?;
    assert_eq!(hall.open(), [true, true, false], "its own facility, and no other");
    let held = &town["activations"][0];
    assert_eq!((&held["by"], &held["mode"]), (&json!(format!("facility-key:{KEYED}")), &json!("disaster")));
    assert_eq!(held["facilities"], json!(["yakuba"]));
    let entries = hall.bench.until_recorded("opened", PATIENCE).await?;
    let opened: Vec<&Value> = record(&entries, "opened").collect();
    assert_eq!(opened.len(), 1, "{entries}");
    let since = ms(opened[0], "since").unwrap_or_default();
    assert!((before..=after).contains(&since), "{since} is not between {before} and {after}: {}", opened[0]);
    let entries = hall.bench.until_recorded("facility-key-fault", PATIENCE).await?;
    assert!(record(&entries, "facility-key-fault").any(|entry| entry["fields"]["fault"] == "unreadable"), "{entries}");

    // No screen closes it.
    let id = held["id"].as_u64().unwrap_or_default();
    let body = json!({ "by": "sato", "why": "it looks closed from here" });
    let refused = http::delete(hall.bench.http(), &format!("/api/v1/activations/{id}"), TOKEN, &body).await;
    let why = format!("{:#}", refused.expect_err("whoever opened, closes"));
    assert!(why.contains("HTTP/1.1 409"), "{why}");

    // The town's key opens the rest and closes the rest.
    hall.bench.panel.turn(Turn::Disaster);
    hall.settled(3).await?;
    hall.bench.panel.turn(Turn::Normal);
    hall.settled(2).await?;

    // SIGKILL: what is on the air stays there, and what comes back holds it.
    hall.bench.kill_agent(0);
    assert_eq!(hall.open(), [true, true, false]);
    hall.bench.start_agent(0)?;
    hall.settled(2).await?;

    // The panel is mended; it stands where it stood, and then a hand turns it back.
    hall.put_back(Turn::Disaster)?;
    hall.bench.until_recorded("facility-key-mended", PATIENCE).await?;
    assert_eq!(hall.open(), [true, true, false]);
    let back = now_ms();
    hall.turn(Turn::Normal);
    let town = hall.settled(0).await?;
    assert_eq!(town["activations"], json!([]));
    let by = format!("facility-key:{KEYED}");
    let closed = |entries: &Value| record(entries, "closed").any(|entry| entry["fields"]["by"] == by);
    let entries = hall.bench.until_record("closed by the key that opened it", PATIENCE, closed).await?;
    let entry = record(&entries, "closed").find(|entry| entry["fields"]["by"] == by).expect("awaited above");
    let why = entry["fields"]["why"].as_str().unwrap_or_default();
    let until = why.strip_prefix("until ").and_then(|rest| rest.split(' ').next()?.parse::<i64>().ok());
    assert!(until.is_some_and(|until| (back..=now_ms()).contains(&until)), "{entry}");
    hall.bench.stop()
}

/// Shows that what was opened and closed while nobody listened is written down once each, with the AP's own times, however
/// often controller and agent start again; that it opened nothing afterwards; and that the key works with a broker that
/// was killed and forgot.
#[tokio::test]
async fn turned_there_and_back_while_nobody_listened_it_is_written_down_once() -> Result<()> {
    let mut hall = Hall::raise(BrokerKind::Mosquitto).await?;
    hall.bench.kill_controller();
    hall.bench.kill_mosquitto();
    let before = now_ms();
    for _ in 0..2 {
        hall.turn(Turn::Disaster);
        hall.until_open("open", [true, false, false]).await?;
        hall.turn(Turn::Normal);
        hall.until_open("closed", [false; 3]).await?;
    }
    let after = now_ms();
    hall.bench.restore_mosquitto()?;
    for round in 0..2 {
        hall.bench.start_controller().await?;
        hall.settled(0).await?;
        let twice = |entries: &Value| record(entries, "facility-key-acted").count() >= 2;
        let entries = hall.bench.until_record("both acts", PATIENCE, twice).await?;
        let mut times: Vec<(i64, i64)> = Vec::new();
        for entry in record(&entries, "facility-key-acted") {
            assert_eq!(entry["fields"]["ap"], KEYED, "{entry}");
            times.push((ms(entry, "since").unwrap_or_default(), ms(entry, "until").unwrap_or_default()));
        }
        times.sort_unstable();
        let flat: Vec<i64> = times.iter().flat_map(|(since, until)| [*since, *until]).collect();
        assert_eq!(times.len(), 2, "round {round}: {entries}");
        assert!(flat.is_sorted() && before <= flat[0] && flat[3] <= after, "{before} {flat:?} {after}");
        assert_eq!(record(&entries, "opened").count(), 0, "{entries}");
        hall.bench.kill_controller();
        hall.bench.kill_agent(0);
        hall.bench.start_agent(0)?;
    }
    // It is not worn out: turned once more, with the town listening.
    hall.bench.start_controller().await?;
    hall.settled(0).await?;
    hall.turn(Turn::Disaster);
    hall.settled(2).await?;
    hall.turn(Turn::Normal);
    hall.settled(0).await?;
    let entries = hall.bench.record().await?;
    assert_eq!(record(&entries, "facility-key-acted").count(), 2, "{entries}");
    assert_eq!(record(&entries, "opened").count(), 1, "{entries}");
    hall.bench.stop()
}

/// Shows that a wire cut, a short and a panel torn off change nothing at either position, and that each is said.
#[tokio::test]
async fn a_broken_facility_key_holds_what_it_held_and_says_what_is_wrong() -> Result<()> {
    let mut hall = Hall::raise(BrokerKind::Inside).await?;
    for (turn, open, times) in [(Turn::Normal, 0, 1), (Turn::Disaster, 2, 2)] {
        hall.turn(turn);
        hall.settled(open).await?;
        for (broken, word) in [(Turn::Broken, "broken"), (Turn::Shorted, "shorted")] {
            hall.turn(broken);
            let said = |entries: &Value| {
                record(entries, "facility-key-fault").filter(|entry| entry["fields"]["fault"] == word).count() == times
            };
            hall.bench.until_record(word, PATIENCE, said).await?;
            hall.settled(open).await?;
        }
        hall.tear_off()?;
        let said = |entries: &Value| {
            record(entries, "facility-key-fault").filter(|entry| entry["fields"]["fault"] == "unreadable").count()
                == times
        };
        hall.bench.until_record("torn off", PATIENCE, said).await?;
        hall.settled(open).await?;
        hall.put_back(turn)?;
        let mended = |entries: &Value| record(entries, "facility-key-mended").count() == times;
        hall.bench.until_record("mended", PATIENCE, mended).await?;
        hall.settled(open).await?;
    }
    hall.bench.stop()
}
