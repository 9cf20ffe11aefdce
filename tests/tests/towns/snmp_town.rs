//! A town of mixed makes, the whole controller: the key turned opens access points with our agent and without, and a
//! second pair of eyes that sees otherwise is heard.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tests::bench::{Bench, BrokerKind, Plan, ap, total};
use tests::inventory;
use tests::panel::Turn;
use tests::snmp_ap::Eye;
use tests::vendors;

/// Agents take a second, a device that is flipped by SNMP some; a busy machine takes more.
const PATIENCE: Duration = Duration::from_secs(60);
const OTHERS: [&str; 4] = ["yakuba-6", "taiikukan-3", "taiikukan-4", "minato-3"];

/// The four of other makes, the one with a witness, and one of ours.
async fn town() -> Result<Bench> {
    let here = |id: &str| OTHERS.contains(&id) || ["shiomi-sho-1", "minato-1"].contains(&id);
    let aps = inventory::aps().into_iter().filter(|ap| here(&ap.id)).collect();
    let mut plan = Plan::quiet(aps, BrokerKind::Inside);
    plan.vendors = vendors::of_the_town();
    Bench::raise(plan).await
}

fn all_settled(town: &Value) -> bool {
    total(town, "aps") == 6 && total(town, "settled") == 6
}

#[tokio::test]
async fn the_key_opens_every_make_and_closes_it_again() -> Result<()> {
    let mut bench = town().await?;
    bench.until("all are known and well", PATIENCE, all_settled).await?;
    bench.panel.turn(Turn::Disaster);
    let open = |town: &Value| town["mode"] == "disaster" && all_settled(town);
    bench.until("all are open", PATIENCE, open).await?;
    assert_eq!(bench.open_radios(), 6);
    // A blackout at two of them: one is alone, one is behind a controller that goes on.
    let [parking, lobby] =
        ["yakuba-6", "taiikukan-4"].map(|id| bench.aps.iter().position(|ap| ap.plan.id == id).expect("of this town"));
    for at in [parking, lobby] {
        bench.cut_power(at);
    }
    let silent = |town: &Value| ["yakuba-6", "taiikukan-4"].iter().all(|id| ap(town, id)["standing"] == "silent");
    bench.until("both are missed", PATIENCE, silent).await?;
    for at in [parking, lobby] {
        bench.restore_power(at)?;
    }
    bench.until("both are open again", PATIENCE, open).await?;
    bench.panel.turn(Turn::Normal);
    bench.until("all are closed", PATIENCE, |town| town["mode"] == "normal" && all_settled(town)).await?;
    assert_eq!(bench.open_radios(), 0);
    bench.stop()
}

#[tokio::test]
async fn a_witness_that_sees_otherwise_makes_an_access_point_diverged_with_both_facts() -> Result<()> {
    let bench = town().await?;
    bench.until("all are known and well", PATIENCE, all_settled).await?;
    let device = &bench.vendor("linux-sho-1").device;
    // Its agent says that it is open; the device says that nothing is on the air.
    device.look_through(Some(Eye::new(|| false)));
    bench.panel.turn(Turn::Disaster);
    let town =
        bench.until("the two are at odds", PATIENCE, |town| ap(town, "shiomi-sho-1")["standing"] == "diverged").await?;
    let why = &ap(&town, "shiomi-sho-1")["why"];
    assert_eq!(why, "witness-sees-it-not");
    let seen = &ap(&town, "shiomi-sho-1")["witnessed"]["open"];
    assert_eq!(
        (seen, &ap(&town, "shiomi-sho-1")["reported"]["mode"]),
        (&false.into(), &"disaster".into()),
        "both facts"
    );
    let at = bench.aps.iter().position(|ap| ap.plan.id == "shiomi-sho-1").expect("of this town");
    device.look_through(Some(bench.radio(at).eye()));
    bench.until("they agree", PATIENCE, |town| town["mode"] == "disaster" && all_settled(town)).await?;
    bench.stop()
}
