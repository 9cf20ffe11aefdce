//! What dies comes back to the right mode, and nobody does anything: agents, access points, controller, broker.

use std::time::Duration;

use anyhow::Result;
use tests::bench::{Bench, BrokerKind, Plan, ap, total};
use tests::inventory::{self, ApPlan};
use tests::panel::Turn;
use tests::radio::Behaviour;

/// A flip, a reconnect with its pause of at most 10 s, a last will: three times over.
const PATIENCE: Duration = Duration::from_secs(60);

/// Three access points of two facilities are enough where their number is not the point.
fn three() -> Vec<ApPlan> {
    inventory::aps().into_iter().filter(|ap| ["yakuba-1", "yakuba-2", "minato-1"].contains(&ap.id.as_str())).collect()
}

/// Waits until the controller says that all three are settled in `mode` and the radios bear it out; the order's number.
async fn settled(bench: &Bench, mode: &str) -> Result<u64> {
    let on_air = if mode == "normal" { 0 } else { 3 };
    let town = bench
        .until(&format!("all three settled in {mode}, and on the air what is said"), PATIENCE, |town| {
            town["mode"] == mode
                && total(town, "settled") == 3
                && total(town, "running") == 3
                && bench.open_radios() == on_air
        })
        .await?;
    Ok(town["order"]["number"].as_u64().expect("an order"))
}

/// Shows that an agent killed with SIGKILL leaves its AP open, is missed, and obeys on its return what it missed.
#[tokio::test]
async fn an_agent_killed_is_missed_and_catches_up_when_it_returns() -> Result<()> {
    let mut bench = Bench::raise(Plan::quiet(three(), BrokerKind::Inside)).await?;
    settled(&bench, "normal").await?;
    bench.panel.turn(Turn::Disaster);
    settled(&bench, "disaster").await?;
    bench.kill_agent(0);
    bench.until("it is missed", PATIENCE, |town| ap(town, "yakuba-1")["standing"] == "silent").await?;
    assert!(bench.radio(0).is_open(), "an AP goes on radiating what it was last told");
    bench.panel.turn(Turn::Normal);
    bench.until("the others close", PATIENCE, |town| town["mode"] == "normal" && total(town, "settled") == 2).await?;
    assert_eq!(bench.open_radios(), 1);
    bench.start_agent(0)?;
    settled(&bench, "normal").await?;
    bench.stop()
}

/// Shows that an AP that reboots with no network at all serves its ledger's mode: nobody is asked.
#[tokio::test]
async fn an_ap_rebooted_in_the_dark_serves_its_ledgers_mode() -> Result<()> {
    let mut bench = Bench::raise(Plan::quiet(three(), BrokerKind::Mosquitto)).await?;
    settled(&bench, "normal").await?;
    bench.panel.turn(Turn::Disaster);
    let number = settled(&bench, "disaster").await?;
    bench.kill_mosquitto();
    bench.kill_controller();
    for i in 0..3 {
        bench.cut_power(i);
    }
    assert_eq!(bench.open_radios(), 0, "without power nothing radiates");
    for i in 0..3 {
        bench.restore_power(i)?;
    }
    bench.until_seen("open again, with neither broker nor controller", PATIENCE, |b| b.open_radios() == 3).await?;
    // The link comes back: they are heard, and nothing has changed.
    bench.restore_mosquitto()?;
    bench.start_controller().await?;
    assert_eq!(settled(&bench, "disaster").await?, number);
    bench.stop()
}

/// Shows that a flip goes on while the controller is dead, and that it comes back to the same order.
#[tokio::test]
async fn a_controller_killed_in_the_middle_of_a_flip_takes_it_up_again() -> Result<()> {
    let mut aps = three();
    // Slow enough that the flip has a middle.
    aps[1].behaviour = Behaviour::Slow(Duration::from_secs(4));
    let mut bench = Bench::raise(Plan::quiet(aps, BrokerKind::Mosquitto)).await?;
    settled(&bench, "normal").await?;
    bench.panel.turn(Turn::Disaster);
    bench.until_seen("the first is open, the slow one is not", PATIENCE, |b| b.open_radios() > 0).await?;
    bench.kill_controller();
    assert!(!bench.radio(1).is_open(), "killed in the middle");
    bench.until_seen("the rest open all the same", PATIENCE, |b| b.open_radios() == 3).await?;
    bench.start_controller().await?;
    let number = settled(&bench, "disaster").await?;
    // Once more, killed at once: whatever was on its way, the key is a level and is read again.
    bench.panel.turn(Turn::Normal);
    bench.kill_controller();
    bench.start_controller().await?;
    assert!(settled(&bench, "normal").await? > number, "numbers only go up");
    bench.stop()
}

/// Shows that a broker that lost everything learns it again from those who know: the order, the reports.
#[tokio::test]
async fn a_broker_restarted_with_nothing_remembered_is_told_again() -> Result<()> {
    let mut bench = Bench::raise(Plan::quiet(three(), BrokerKind::Mosquitto)).await?;
    settled(&bench, "normal").await?;
    bench.panel.turn(Turn::Disaster);
    let number = settled(&bench, "disaster").await?;
    // One AP is away when the broker forgets: what it will need is the order that the broker held for it.
    bench.cut_power(2);
    bench.kill_mosquitto();
    bench.until("the broker is missed", PATIENCE, |town| !town["broker_lost"].is_null()).await?;
    bench.restore_mosquitto()?;
    bench.restore_power(2)?;
    assert_eq!(settled(&bench, "disaster").await?, number);
    // And turned while the broker is away: heard by all when it returns.
    bench.kill_mosquitto();
    bench.panel.turn(Turn::Normal);
    bench.until("the key is read all the same", PATIENCE, |town| town["mode"] == "normal").await?;
    assert_eq!(bench.open_radios(), 3, "nobody can have heard it");
    bench.restore_mosquitto()?;
    settled(&bench, "normal").await?;
    bench.stop()
}

/// Shows that the key is a position and not a click: turned while controller and broker are down, it is obeyed when
/// they return.
#[tokio::test]
async fn a_key_turned_while_the_controller_is_down_is_obeyed_when_it_returns() -> Result<()> {
    let mut bench = Bench::raise(Plan::quiet(three(), BrokerKind::Inside)).await?;
    settled(&bench, "normal").await?;
    for (turn, mode) in [(Turn::Disaster, "disaster"), (Turn::Normal, "normal")] {
        bench.kill_controller();
        bench.panel.turn(turn);
        bench.start_controller().await?;
        settled(&bench, mode).await?;
    }
    bench.stop()
}

/// Shows that an agent adds its network again when hostapd was killed and came back knowing nothing.
#[tokio::test]
async fn a_hostapd_killed_is_given_the_network_again() -> Result<()> {
    let mut bench = Bench::raise(Plan::quiet(three(), BrokerKind::Inside)).await?;
    settled(&bench, "normal").await?;
    bench.panel.turn(Turn::Disaster);
    settled(&bench, "disaster").await?;
    if let Some(radio) = &mut bench.aps[0].radio {
        radio.die();
    }
    let town = bench.until("it does not pass for open", PATIENCE, |town| total(town, "settled") == 2).await?;
    assert_ne!(ap(&town, "yakuba-1")["why"], "", "{}", ap(&town, "yakuba-1"));
    if let Some(radio) = &mut bench.aps[0].radio {
        radio.come_back()?;
    }
    settled(&bench, "disaster").await?;
    bench.stop()
}
