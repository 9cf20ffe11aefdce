//! Two real controllers on one real broker: one decides, the other stands by, and no access point ever goes back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64ct::{Base64UrlUnpadded, Encoding};
use firmware_config::wire::{Report, Topic, read};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::{Value, json};
use tests::bench::{Bench, BrokerKind, Plan, record, total};
use tests::http;
use tests::inventory::{self, ApPlan};
use tests::panel::Turn;
use tests::postgres::Postgres;
use tests::radio::Behaviour;
use tests::second::{FIRST, SECOND, Second, standby_toml};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Takeover (13 s), reconnects with their pauses, a flip: twice over.
const PATIENCE: Duration = Duration::from_secs(60);
/// An act that waits for nobody: a tenth of a second, and a machine that has much else to do.
const AT_ONCE: Duration = Duration::from_secs(6);
/// `peers::GONE_AFTER` and one `RANK_STEP` are 6 s; the broker's last will and a busy machine on top.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);
/// The bench's own token.
const TOKEN: &str = "model-town-token-0000000000000000";

/// Two access points of one facility and one of another.
fn three() -> Vec<ApPlan> {
    let named = ["yakuba-1", "yakuba-2", "minato-1"];
    inventory::aps().into_iter().filter(|ap| named.contains(&ap.id.as_str())).collect()
}

/// Hears every order and every report on the broker.
#[derive(Default)]
struct Heard {
    orders: Vec<u64>,
    /// For each AP and start of its agent, what it said to be told and to run, in order.
    told: BTreeMap<(String, String), Vec<(u64, u64)>>,
}

struct Ear {
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

impl Ear {
    async fn start(bench: &Bench) -> Result<Self> {
        let mut options = MqttOptions::new("ear", bench.broker().ip().to_string(), bench.broker().port());
        options.set_max_packet_size(1 << 21, 1 << 21);
        let (client, mut line) = AsyncClient::new(options, 10);
        client.subscribe(format!("hirake/1/{}/#", inventory::TOWN), QoS::AtLeastOnce).await?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let _client = client;
            while let Ok(event) = line.poll().await {
                if let Event::Incoming(Packet::Publish(said)) = event {
                    note(&mut kept.lock().expect("nobody panics while listening"), &said.topic, &said.payload);
                }
            }
        });
        Ok(Self { heard, task })
    }

    /// No AP ever went back, whatever was said.
    fn nobody_went_back(&self) -> Result<()> {
        let heard = self.heard.lock().expect("nobody panics while listening");
        ensure!(!heard.orders.is_empty() && heard.told.len() >= 3, "the ear heard nothing");
        for (ap, said) in &heard.told {
            ensure!(said.is_sorted_by_key(|(told, _)| *told), "{ap:?} was told {said:?}");
            ensure!(said.is_sorted_by_key(|(_, running)| *running), "{ap:?} ran {said:?}");
        }
        Ok(())
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn note(heard: &mut Heard, topic: &str, payload: &[u8]) {
    let town = inventory::TOWN.parse().expect("an identifier");
    match Topic::parse(&town, topic) {
        Ok(Topic::Order | Topic::OrderAgain(_)) => {
            let text = std::str::from_utf8(payload).unwrap_or_default();
            let body = text.split('.').nth(1).unwrap_or_default();
            let order = Base64UrlUnpadded::decode_vec(body).unwrap_or_default();
            let number = serde_json::from_slice::<Value>(&order).ok().and_then(|order| order["number"].as_u64());
            heard.orders.extend(number);
        }
        Ok(Topic::Report(ap)) => {
            if let Ok(report) = read::<Report>(payload, Some(&ap)) {
                let said = heard.told.entry((ap.to_string(), report.boot)).or_default();
                said.push((report.told, report.running));
            }
        }
        _ => {}
    }
}

/// A town of three with two controllers.
struct Two {
    bench: Bench,
    second: Second,
    ear: Ear,
    postgres: Option<Postgres>,
}

impl Two {
    /// Everything started and settled, the first one deciding.
    async fn raise(aps: Vec<ApPlan>, with_lock: bool) -> Result<Self> {
        let temp = tempfile::Builder::new().prefix("hirake-").tempdir()?;
        let file: Option<PathBuf> = with_lock.then(|| temp.path().join("lock-url"));
        let mut plan = Plan::quiet(aps, BrokerKind::Mosquitto);
        plan.more = standby_toml(FIRST, 1, file.as_deref());
        let mut bench = Bench::lay_out(temp.path(), plan)?;
        bench.keep(temp);
        let postgres = file.as_ref().map(|_| Postgres::start(bench.keeper(), bench.dir())).transpose()?;
        if let (Some(file), Some(postgres)) = (&file, &postgres) {
            std::fs::write(file, postgres.url())?;
        }
        bench.start_controller().await?;
        let second = Second::start(&bench, &standby_toml(SECOND, 2, file.as_deref())).await?;
        bench.start_agents()?;
        let ear = Ear::start(&bench).await?;
        let two = Self { bench, second, ear, postgres };
        two.settled("normal", FIRST).await?;
        Ok(two)
    }

    /// Waits until both say one thing: the mode, all three settled, one order, and that `active` decides; its number.
    async fn settled(&self, mode: &str, active: &str) -> Result<u64> {
        let on_air = if mode == "normal" { 0 } else { 3 };
        let one = |town: &Value, id: &str| {
            town["mode"] == mode
                && total(town, "settled") == 3
                && total(town, "running") == 3
                && town["controller"]["active"] == (active == id)
                && town["controller"]["others"][0]["heard"] == true
                && town["controller"]["alone_since"].is_null()
                && self.bench.open_radios() == on_air
        };
        let what = format!("all settled in {mode}, {active} deciding");
        let second = self.second.until(&what, PATIENCE, |town| one(town, SECOND)).await?;
        let number = second["order"]["number"].as_u64().context("an order")?;
        self.bench.until(&what, PATIENCE, |town| one(town, FIRST) && town["order"]["number"] == number).await?;
        Ok(number)
    }

    async fn until_open(&self, what: &str, patience: Duration, open: usize) -> Result<()> {
        self.bench.until_seen(what, patience, |bench| bench.open_radios() == open).await
    }

    fn stop(self) -> Result<()> {
        self.ear.nobody_went_back()?;
        self.bench.stop()
    }
}

/// Shows that the key at the one that decides opens, that the standby shows the same, and that no other key closes it.
#[tokio::test]
async fn the_key_at_the_one_that_decides_opens_and_the_standby_shows_the_same() -> Result<()> {
    let two = Two::raise(three(), false).await?;
    two.bench.panel.turn(Turn::Disaster);
    let number = two.settled("disaster", FIRST).await?;
    let (here, there) = (two.bench.town().await?, two.second.town().await?);
    assert_eq!(here["activations"], there["activations"], "it could take over at once");
    assert_eq!(here["activations"][0]["by"], format!("key:{FIRST}"));
    // Its own key turned to 災害 and back ends what it held open, and nothing else.
    two.second.panel.turn(Turn::Disaster);
    let joined = two.settled("disaster", SECOND).await?;
    two.second.panel.turn(Turn::Normal);
    let what = "its own act is over, and the other's is not";
    let told = |town: &Value| town["order"]["number"].as_u64() > Some(joined) && town["mode"] == "disaster";
    two.second.until(what, PATIENCE, told).await?;
    assert!(two.settled("disaster", SECOND).await? > number);
    two.bench.panel.turn(Turn::Normal);
    two.settled("normal", FIRST).await?;
    two.stop()
}

/// Shows that a standby takes over from one that is killed in the middle of a flip, that everybody is right, and that
/// the key that opened still closes when its controller is back.
#[tokio::test]
async fn one_killed_in_the_middle_of_a_flip_is_followed_by_the_other() -> Result<()> {
    let mut aps = three();
    // Slow enough that the flip has a middle.
    aps[1].behaviour = Behaviour::Slow(Duration::from_secs(4));
    let mut two = Two::raise(aps, false).await?;
    two.bench.panel.turn(Turn::Disaster);
    two.bench.until_seen("the first is open, the slow one is not", PATIENCE, |bench| bench.open_radios() > 0).await?;
    two.bench.kill_controller();
    let killed = Instant::now();
    assert!(!two.bench.radio(1).is_open(), "killed in the middle");
    two.second.until("it takes over", TAKEN_OVER_WITHIN, |town| town["controller"]["active"] == true).await?;
    println!("took over {:?} after the kill", killed.elapsed());
    let right = |town: &Value| town["mode"] == "disaster" && total(town, "settled") == 3;
    let town = two.second.until("everybody is right", PATIENCE, right).await?;
    assert_eq!(two.bench.open_radios(), 3);
    let number = town["order"]["number"].as_u64().context("an order")?;
    let entries = two.second.record().await?;
    assert!(record(&entries, "took-over").next().is_some() && record(&entries, "peer-gone").next().is_some());
    let alone = |town: &Value| !town["controller"]["alone_since"].is_null();
    two.second.until("it says that it is alone", PATIENCE, alone).await?;
    two.bench.start_controller().await?;
    assert!(two.settled("disaster", SECOND).await? >= number, "who comes back stands by");
    two.bench.panel.turn(Turn::Normal);
    assert!(two.settled("normal", FIRST).await? > number, "whoever opened closes");
    two.stop()
}

/// Shows that the key at the standby opens at once, while the other one lives, and that nobody but it closes.
#[tokio::test]
async fn the_key_at_the_standby_opens_at_once_and_whoever_opened_closes() -> Result<()> {
    let two = Two::raise(three(), false).await?;
    two.second.panel.turn(Turn::Disaster);
    two.until_open("the key at the standby opens at once", AT_ONCE, 3).await?;
    let number = two.settled("disaster", SECOND).await?;
    let held = two.bench.town().await?["activations"][0]["id"].as_u64().context("an activation")?;
    let body = json!({"by": "田中", "why": "もう要らない"});
    let refused = http::delete(two.bench.http(), &format!("/api/v1/activations/{held}"), TOKEN, &body).await;
    assert!(refused.is_err(), "a screen cannot close what a key holds open, wherever it is");
    two.second.panel.turn(Turn::Normal);
    two.until_open("the key at the standby closes", PATIENCE, 0).await?;
    assert_eq!(two.settled("normal", SECOND).await?, number + 1, "one turn, one order: the other key said nothing");
    two.stop()
}

/// Shows that one that is stopped for a while and goes on as if nothing had been is settled with the other, though each
/// was asked for something meanwhile.
#[tokio::test]
async fn one_that_was_stopped_and_believes_that_it_decides_is_settled_with_the_other() -> Result<()> {
    let mut two = Two::raise(three(), false).await?;
    two.bench.controller().context("a controller")?.freeze();
    two.second.until("it takes over", PATIENCE, |town| town["controller"]["active"] == true).await?;
    let body = json!({"mode": "disaster", "by": "佐藤", "facilities": ["minato"], "why": "津波"});
    http::post(two.second.http(), "/api/v1/activations", TOKEN, &body).await?;
    two.until_open("what was asked of the other is open", PATIENCE, 1).await?;
    // Turned while it is stopped: it finds that and the broker's news at one moment.
    two.bench.panel.turn(Turn::Disaster);
    two.bench.controller().context("a controller")?.go_on();
    two.until_open("its key is obeyed at once", PATIENCE, 3).await?;
    let open = |town: &Value| {
        town["mode"] == "disaster"
            && total(town, "settled") == 3
            && town["activations"].as_array().is_some_and(|held| held.len() == 2)
    };
    let here = two.bench.until("both acts are in force", PATIENCE, open).await?;
    let there = two.second.until("at both", PATIENCE, |town| open(town) && town["order"] == here["order"]).await?;
    let active = [&here, &there].map(|town| town["controller"]["active"] == true);
    assert_eq!(active.iter().filter(|active| **active).count(), 1, "{active:?}");
    two.bench.panel.turn(Turn::Normal);
    two.until_open("the key closes what it opened, and nothing else", PATIENCE, 1).await?;
    two.stop()
}

/// Shows that the lock of a real PostgreSQL says who decides, and that a database that is deaf or gone holds no opening
/// back.
#[tokio::test]
async fn the_lock_decides_and_a_database_that_is_gone_holds_no_opening_back() -> Result<()> {
    let mut two = Two::raise(three(), true).await?;
    let lock = |word: &'static str| move |town: &Value| town["controller"]["lock"] == word;
    two.bench.until("whoever decides has the lock", PATIENCE, lock("ours")).await?;
    two.second.panel.turn(Turn::Disaster);
    two.until_open("an opening asks no database", AT_ONCE, 3).await?;
    two.second.until("the lock follows", PATIENCE, lock("ours")).await?;
    two.settled("disaster", SECOND).await?;
    two.second.kill();
    two.bench.until("with the session goes the lock", PATIENCE, lock("ours")).await?;
    two.second.panel.turn(Turn::Normal);
    let bench = &two.bench;
    two.second.come_back(bench).await?;
    two.until_open("its key was turned back meanwhile", PATIENCE, 0).await?;
    // Either may be the one that closes; what it says is known once both say the same of who decides.
    let says = |town: &Value| (town["mode"] == "normal").then(|| town["controller"]["active"] == true);
    let deadline = Instant::now() + PATIENCE;
    let active = loop {
        match (says(&two.bench.town().await?), says(&two.second.town().await?)) {
            (Some(first), Some(second)) if first != second => break second,
            both => ensure!(Instant::now() < deadline, "who decides is not agreed: {both:?}"),
        }
        sleep(Duration::from_millis(100)).await;
    };
    let (one, other) = if active { (SECOND, FIRST) } else { (FIRST, SECOND) };
    two.settled("normal", one).await?;

    let postgres = two.postgres.as_ref().context("a database")?;
    postgres.freeze();
    let panel = |id: &str| if id == FIRST { &two.bench.panel } else { &two.second.panel };
    panel(other).turn(Turn::Disaster);
    two.until_open("with a deaf database the standby's key opens at once", AT_ONCE, 3).await?;
    two.settled("disaster", other).await?;
    panel(other).turn(Turn::Normal);
    two.until_open("and closes", PATIENCE, 0).await?;
    two.settled("normal", other).await?;
    postgres.go_on();
    two.postgres.as_mut().context("a database")?.kill();
    let panel = |id: &str| if id == FIRST { &two.bench.panel } else { &two.second.panel };
    panel(one).turn(Turn::Disaster);
    two.until_open("with no database at all as well", AT_ONCE, 3).await?;
    two.settled("disaster", one).await?;
    two.stop()
}
