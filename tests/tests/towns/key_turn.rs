//! The key and 27 access points over a real broker: all open, all close, and nobody waits for the three that cannot.

use std::time::Duration;

use anyhow::Result;
use tests::bench::{Bench, BrokerKind, Plan, ap, record, total};
use tests::inventory;
use tests::panel::{Light, Turn};
use tests::radio::Behaviour;

const SLOW: &str = "shiomi-chu-3";
const REFUSING: &str = "minato-2";
const DEAD: &str = "higashihama-sho-1";
/// Longer than an agent waits for an answer, so that it has to ask again what became of its ADD.
const SLOWNESS: Duration = Duration::from_secs(12);
/// The rest open within a second or two; three times that on a machine that does other things as well.
const SOON: Duration = Duration::from_secs(9);
/// Everything, the slow one and a restart's pauses included; three times over.
const LATE: Duration = Duration::from_secs(60);

/// Shows that one turn of the key opens every AP that can, that the refusing, the slow and the dead one stand as
/// Refused, Settling and Silent with since and why, and that turning it back closes all.
async fn the_key_opens_and_closes(broker: BrokerKind) -> Result<()> {
    let mut aps = inventory::aps();
    for ap in &mut aps {
        match ap.id.as_str() {
            SLOW => ap.behaviour = Behaviour::Slow(SLOWNESS),
            REFUSING => ap.behaviour = Behaviour::Refusing,
            DEAD => ap.powered = false,
            _ => {}
        }
    }
    let slow = aps.iter().position(|ap| ap.id == SLOW).expect("in the inventory");
    let bench = Bench::raise(Plan::quiet(aps, broker)).await?;
    let town = bench
        .until("26 stand settled in normal mode, one is silent", LATE, |town| {
            town["key"]["position"] == "normal" && total(town, "settled") == 26 && total(town, "silent") == 1
        })
        .await?;
    assert_eq!(town["mode"], "normal");
    assert_eq!(total(&town, "aps"), 27);
    assert_eq!(bench.open_radios(), 0, "nothing opens by itself");

    bench.panel.turn(Turn::Disaster);
    bench.until_seen("24 radios open, held up by nobody", SOON, |bench| bench.open_radios() == 24).await?;
    let town = bench
        .until("24 settled, and the three stand as what they are", SOON, |town| {
            total(town, "settled") == 24
                && ap(town, SLOW)["standing"] == "settling"
                && ap(town, SLOW)["reported"]["told"] == town["order"]["number"]
                && ap(town, REFUSING)["standing"] == "refused"
                && ap(town, DEAD)["standing"] == "silent"
        })
        .await?;
    assert_eq!((&town["mode"], &town["key"]["position"]), (&"disaster".into(), &"disaster".into()));
    let number = town["order"]["number"].as_u64().expect("an order");
    for id in [SLOW, REFUSING, DEAD] {
        let ap = ap(&town, id);
        assert!(ap["since"].as_str().is_some_and(|since| since.contains('T')), "since: {ap}");
        assert!(ap["why"].as_str().is_some_and(|why| !why.is_empty()), "why: {ap}");
    }
    assert!(ap(&town, SLOW)["reported"]["running"].as_u64() < Some(number), "told, not yet running");
    assert_eq!(ap(&town, DEAD)["reported"], serde_json::Value::Null);
    bench.until_seen("80 % are on the air: the lamp is steady", SOON, |b| b.panel.lamp() == Light::Steady).await?;

    bench.until("the slow one settles in its own time", LATE, |town| ap(town, SLOW)["standing"] == "settled").await?;
    assert_eq!(bench.radio(slow).times_added(), 1, "it was asked once, not again and again");
    assert_eq!(bench.open_radios(), 25);

    bench.panel.turn(Turn::Normal);
    bench.until_seen("every radio closed", SOON, |bench| bench.open_radios() == 0).await?;
    let town = bench
        .until("all that have power settled in normal mode", LATE, |town| {
            town["mode"] == "normal" && total(town, "settled") == 26 && total(town, "silent") == 1
        })
        .await?;
    assert!(town["order"]["number"].as_u64() > Some(number), "numbers only go up");
    bench.until_seen("the lamp is dark", SOON, |b| b.panel.lamp() == Light::Dark).await?;

    let entries = bench.until_recorded("closed", LATE).await?;
    for (kind, field, value) in [
        ("key-turned", "to", "disaster"),
        ("opened", "by", "key"),
        ("key-turned", "to", "normal"),
        ("closed", "by", "key"),
    ] {
        let found = record(&entries, kind).any(|entry| entry["fields"][field] == value);
        assert!(found, "the record tells {kind} with {field} {value}: {entries}");
    }
    bench.stop()
}

#[tokio::test]
async fn the_key_opens_and_closes_27_aps_over_the_broker_inside() -> Result<()> {
    the_key_opens_and_closes(BrokerKind::Inside).await
}

#[tokio::test]
async fn the_key_opens_and_closes_27_aps_over_mosquitto() -> Result<()> {
    the_key_opens_and_closes(BrokerKind::Mosquitto).await
}

/// Shows that a cut wire and a short change nothing, in either mode, and sound the alarm (design ruling 3).
#[tokio::test]
async fn a_broken_key_changes_nothing_and_shouts() -> Result<()> {
    let bench = Bench::raise(Plan::quiet(inventory::aps().into_iter().take(3).collect(), BrokerKind::Inside)).await?;
    bench.until("all settled", LATE, |town| total(town, "settled") == 3).await?;
    for (turn, open) in [(Turn::Normal, 0), (Turn::Disaster, 3)] {
        bench.panel.turn(turn);
        let town = bench
            .until("the key is read and all is settled", LATE, |town| {
                total(town, "settled") == 3 && total(town, "to_open") == open && town["key"]["fault"].is_null()
            })
            .await?;
        for (broken, word) in [(Turn::Broken, "broken"), (Turn::Shorted, "shorted")] {
            bench.panel.turn(broken);
            let faulty = bench.until(word, LATE, |town| town["key"]["fault"]["kind"] == word).await?;
            assert_eq!(faulty["mode"], town["mode"]);
            assert_eq!(faulty["order"]["number"], town["order"]["number"], "no new order");
            bench.until_seen("the alarm at the key", SOON, |b| b.panel.lamp() == Light::Blinking).await?;
            assert_eq!(bench.open_radios() as u64, open);
        }
    }
    bench.until_recorded("key-fault", LATE).await?;
    bench.stop()
}

/// Shows that the drill contact opens as a drill with an end, marked as one, and that turning it back ends it.
#[tokio::test]
async fn the_drill_key_opens_a_drill_with_an_end() -> Result<()> {
    let bench = Bench::raise(Plan::quiet(inventory::aps().into_iter().take(3).collect(), BrokerKind::Inside)).await?;
    bench.until("all settled", LATE, |town| total(town, "settled") == 3).await?;
    bench.panel.turn(Turn::Drill);
    let town =
        bench.until("a drill on the air", LATE, |town| town["mode"] == "drill" && total(town, "settled") == 3).await?;
    assert_eq!(bench.open_radios(), 3);
    assert!(town["activations"][0]["until"].is_string(), "it carries its end: {}", town["activations"]);
    bench.panel.turn(Turn::Normal);
    bench.until("over", LATE, |town| town["mode"] == "normal" && total(town, "settled") == 3).await?;
    assert_eq!(bench.open_radios(), 0);
    let entries = bench.until_recorded("closed", LATE).await?;
    assert!(record(&entries, "opened").all(|entry| entry["drill"] == true), "marked as a drill: {entries}");
    bench.stop()
}
