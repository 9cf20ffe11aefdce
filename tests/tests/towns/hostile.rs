//! A hostile broker, and a hostile client of it: refused, recorded, nothing changes, nothing crashes.

use std::time::Duration;

use anyhow::{Context, Result};
use ed25519_dalek::{Signature, SigningKey};
use firmware_config::mode::Mode;
use firmware_config::wire::{Order, Unverified, Wanted};
use serde_json::Value;
use tests::bench::{AGENTS_SECRET, Bench, BrokerKind, Plan, record, total};
use tests::inventory::{self, ApPlan, TOWN};
use tests::panel::Turn;
use tests::stranger::{Stranger, signed, stolen_key};

const PATIENCE: Duration = Duration::from_secs(45);
const ORDER: &str = "hirake/1/shiomi/order";
const AP: &str = "yakuba-1";
const OTHER: &str = "minato-1";

fn two() -> Vec<ApPlan> {
    inventory::aps().into_iter().filter(|ap| [AP, OTHER].contains(&ap.id.as_str())).collect()
}

async fn settled(bench: &Bench, mode: &str) -> Result<Value> {
    bench
        .until(&format!("both settled in {mode}"), PATIENCE, |town| {
            town["mode"] == mode && total(town, "settled") == 2 && total(town, "running") == 2
        })
        .await
}

/// An order that would open everything.
fn open_everything(number: u64, town: &str) -> Order {
    let wanted = Wanted { mode: Mode::Disaster, drill: None };
    Order {
        v: 1,
        town: town.parse().expect("valid"),
        number,
        issued_at_ms: 1_794_981_120_000,
        controller: None,
        facilities: ["yakuba", "minato"].map(|id| (id.parse().expect("valid"), wanted.clone())).into(),
        activations: Vec::new(),
    }
}

/// Shows that orders that are forged, older, conflicting or another town's open nothing, are recorded with their reason,
/// and that the town's own order stands on the broker again afterwards.
#[tokio::test]
async fn orders_that_are_not_the_towns_open_nothing_and_are_recorded() -> Result<()> {
    let bench = Bench::raise(Plan::quiet(two(), BrokerKind::Mosquitto)).await?;
    settled(&bench, "normal").await?;
    // There and back, so that there is an older order to replay.
    bench.panel.turn(Turn::Disaster);
    settled(&bench, "disaster").await?;
    bench.panel.turn(Turn::Normal);
    let town = settled(&bench, "normal").await?;
    let number = town["order"]["number"].as_u64().context("an order")?;
    let ours = stolen_key(&bench.dir().join("town.key"))?;
    let theirs = SigningKey::from_bytes(&[9; 32]);
    let stranger = Stranger::connect(bench.broker(), "stranger", None, "hirake/#").await?;
    // The town's own: signed by it, no older than what stood there, and closed everywhere.
    let public = ours.verifying_key();
    let own = move |text: &[u8]| {
        let verified = Unverified::parse(text).and_then(|text| {
            text.order(|input, seal| public.verify_strict(input, &Signature::from_bytes(seal)).is_ok())
        });
        verified.is_ok_and(|order| order.number >= number && order.facilities.values().all(|w| w.mode == Mode::Normal))
    };
    stranger.until_heard(ORDER, &own).await?;

    for (reason, order) in [
        ("forged", signed(&open_everything(number + 100, TOWN), &theirs)),
        ("stale", signed(&open_everything(1, TOWN), &ours)),
        ("not-mine", signed(&open_everything(number + 100, "other"), &ours)),
        ("malformed", "not an order".to_owned()),
        // Last, because whoever holds the town's key can make the town count on: it answers above the conflict.
        ("conflicting", signed(&open_everything(number, TOWN), &ours)),
    ] {
        let before = bench.town().await?;
        stranger.publish(ORDER, true, order.clone()).await?;
        // Said to one AP alone as well: the two topics have two doors.
        stranger.publish(&format!("hirake/1/{TOWN}/ap/{AP}/order"), false, order).await?;
        bench
            .until_record(&format!("{AP} refused a {reason} order"), PATIENCE, |entries| {
                record(entries, "ap-refused-message")
                    .any(|e| e["fields"]["reason"] == reason && e["fields"]["ap"] == AP)
            })
            .await?;
        stranger.until_heard(ORDER, &own).await.with_context(|| format!("after {reason}"))?;
        assert_eq!(bench.open_radios(), 0, "{reason}");
        let after = settled(&bench, "normal").await?;
        if reason != "conflicting" {
            assert_eq!(after["order"]["number"], before["order"]["number"], "nothing was decided because of {reason}");
        }
    }
    bench.until_recorded("order-restored", PATIENCE).await?;

    // Who comes later finds the town's order, and the key still works.
    let late = Stranger::connect(bench.broker(), "late", None, ORDER).await?;
    late.until_heard(ORDER, &own).await?;
    bench.panel.turn(Turn::Disaster);
    settled(&bench, "disaster").await?;
    assert_eq!(bench.open_radios(), 2);
    bench.stop()
}

/// Shows that rubbish on every topic, a megabyte of it too, is turned away at both doors and stops nothing.
#[tokio::test]
async fn rubbish_on_every_topic_is_turned_away_and_stops_nothing() -> Result<()> {
    let mut bench = Bench::raise(Plan::quiet(two(), BrokerKind::Mosquitto)).await?;
    let before = settled(&bench, "normal").await?;
    let stranger = Stranger::connect(bench.broker(), "stranger", None, ORDER).await?;
    let other_ap = r#"{"v":1,"ap":"minato-1","online":false,"boot":"00"}"#;
    let next_version = r#"{"v":2,"ap":"yakuba-1","online":false,"boot":"00"}"#;
    let huge: Vec<u8> = b"{\"v\":".iter().copied().chain(std::iter::repeat_n(b'[', (1 << 20) - 64)).collect();
    let rubbish: [&[u8]; 7] =
        [b"", b"{", b"\xff\xfe\x00", b"null", other_ap.as_bytes(), next_version.as_bytes(), &huge];
    for leaf in ["order", "report", "presence", "counts", "distinct", "sightings", "nonsense"] {
        for bytes in rubbish {
            stranger.publish(&format!("hirake/1/{TOWN}/ap/{AP}/{leaf}"), false, bytes).await?;
        }
    }
    for topic in [ORDER, "hirake/1/other/order", "hirake/2/shiomi/order", "hirake", "hirake/1/shiomi/ap//report"] {
        for bytes in rubbish {
            stranger.publish(topic, false, bytes).await?;
        }
    }
    bench
        .until_record("the controller turned rubbish away on each topic it reads", PATIENCE, |entries| {
            ["report", "presence", "counts", "distinct"].iter().all(|leaf| {
                record(entries, "message-refused")
                    .any(|e| e["fields"]["from"].as_str().is_some_and(|from| from.ends_with(leaf)))
            })
        })
        .await?;
    bench
        .until_record("the agent turned rubbish away", PATIENCE, |entries| {
            record(entries, "ap-refused-message").any(|e| e["fields"]["reason"] == "malformed")
        })
        .await?;
    let entries = bench.record().await?;
    let count = entries.as_array().map_or(0, Vec::len);
    assert!(count < 200, "a flood of rubbish must not become a flood of entries: {count}");

    let after = settled(&bench, "normal").await?;
    assert_eq!(after["order"]["number"], before["order"]["number"]);
    assert!(bench.controller_lives());
    for i in 0..2 {
        assert!(bench.agent(i).is_some_and(|agent| agent.ended().is_none()), "the agent lives");
    }
    bench.panel.turn(Turn::Disaster);
    settled(&bench, "disaster").await?;
    bench.stop()
}

/// Shows that the broker inside, and a mosquitto set up as `docs/broker.md` says, let nobody in but with the password of
/// the AP that it says it is, take from a stolen one what is its own and nothing else, and no order.
#[tokio::test]
async fn a_stolen_ap_comes_in_under_its_own_name_only_and_says_nothing_for_others() -> Result<()> {
    for broker in [BrokerKind::Inside, BrokerKind::Guarded] {
        stolen_at(broker).await.with_context(|| format!("{broker:?}"))?;
    }
    Ok(())
}

async fn stolen_at(broker: BrokerKind) -> Result<()> {
    let bench = Bench::raise(Plan::quiet(two(), broker)).await?;
    let before = settled(&bench, "normal").await?;
    let own = bench.stolen_password(AP)?;
    for (name, password) in [
        ("stranger", None),
        (AP, None),
        (AP, Some("guessed")),
        (AP, Some(AGENTS_SECRET)),
        (OTHER, Some(AGENTS_SECRET)),
        (OTHER, Some(own.as_str())),
        ("hirake", Some(own.as_str())),
        ("_controller", Some(AGENTS_SECRET)),
    ] {
        assert!(Stranger::connect(bench.broker(), name, password, "#").await.is_err(), "{name} with {password:?}");
    }
    // A stolen AP: it has its password, and its own name. Even with the town's key it cannot speak on the order topic.
    let ours = stolen_key(&bench.dir().join("town.key"))?;
    let order = signed(&open_everything(1000, TOWN), &ours);
    let gone = format!("{{\"v\":1,\"ap\":\"{OTHER}\",\"online\":false,\"boot\":\"00\"}}");
    // What is another's it says first, each over a connection of its own: some brokers hang up at what they do not take.
    let own_order = format!("hirake/1/{TOWN}/ap/{AP}/order");
    let say = async |topic: &str, text: &str| -> Result<()> {
        // The real one comes back under the same name all the time: a broker that is still at throwing one of the two out
        // says that it is busy.
        let mut tries = 0;
        let stolen = loop {
            match Stranger::connect(bench.broker(), AP, Some(&own), &own_order).await {
                Ok(stolen) => break stolen,
                Err(why) if tries == 10 => return Err(why.context("ten times")),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        };
        let _thrown_out = stolen.publish(topic, true, text).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(())
    };
    for leaf in ["report", "order"] {
        say(&format!("hirake/1/{TOWN}/ap/{OTHER}/{leaf}"), &order).await?;
    }
    say(&format!("hirake/1/{TOWN}/ap/{OTHER}/presence"), &gone).await?;
    say(ORDER, &order).await?;
    let refused = |entries: &Value, ap: &str| {
        let from = format!("ap/{ap}/report");
        record(entries, "message-refused").any(|e| e["fields"]["from"].as_str().is_some_and(|it| it.ends_with(&from)))
    };
    // Then what is its own, which is heard. The real one, thrown out, comes back and throws it out in turn: more than one
    // try may be needed.
    let mut tries = 0..10;
    let entries = loop {
        tries.next().context("the stolen AP is not heard in its own name")?;
        say(&format!("hirake/1/{TOWN}/ap/{AP}/report"), "rubbish").await?;
        let entries = bench.record().await?;
        if refused(&entries, AP) {
            break entries;
        }
    };
    assert!(!refused(&entries, OTHER), "{entries}");
    let silent = |entry: &Value| entry["fields"]["ap"] == OTHER && entry["fields"]["to"] == "silent";
    assert!(!record(&entries, "ap-stands").any(silent), "{entries}");
    bench.panel.turn(Turn::Disaster);
    let town = settled(&bench, "disaster").await?;
    let (before, after) = (before["order"]["number"].as_u64(), town["order"]["number"].as_u64());
    assert_eq!(after, before.map(|n| n + 1), "the key's order is the only new one");
    bench.stop()
}
