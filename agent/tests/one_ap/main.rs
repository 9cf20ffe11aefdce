//! One access point with the real hostapd and the real mosquitto: what `docs/states.md` promises, on a desk.

mod bad_broker;
mod bad_hostapd;
mod rig;

use firmware_config::mode::Mode;
use firmware_config::wire::{self, AgentState, Report, TurnedAwayReason};
use hirake_agent::config::Config;
use hirake_agent::log::Log;
use hirake_agent::run::run;
use rig::{Centre, Rig, installed};

/// Order 1 opens, order 2 closes; the town's own network is never touched; the report says what a look showed.
#[tokio::test]
async fn an_order_opens_and_the_next_one_closes() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let (_broker, _hostapd) = (rig.broker().await, rig.hostapd());
    let mut centre = Centre::new(&rig).await;
    let _agent = rig.agent();
    let report = centre.report("an empty agent reports", |report| !report.networks.is_empty()).await;
    assert_eq!((report.state, report.told, report.running), (AgentState::Empty, 0, 0));
    assert_eq!(rig.interfaces(), "lo\n", "an agent without an order changes nothing");

    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    let report = centre.report("order 1 runs", |report| report.running == 1).await;
    assert_eq!((report.state, report.mode, report.told), (AgentState::Serving, Mode::Disaster, 1));
    assert!(report.networks.iter().any(|network| network.ssid == "00000JAPAN"), "{report:?}");
    assert_eq!(rig.interfaces(), "lo\nlojp\n");

    centre.order(rig.order(2, "yakuba", Mode::Normal)).await;
    let report = centre.report("order 2 runs", |report| report.running == 2).await;
    assert_eq!((report.state, report.mode), (AgentState::Serving, Mode::Normal));
    assert_eq!(rig.interfaces(), "lo\n");
}

/// The agent is killed, hostapd is killed, there is no broker: the ledger's mode comes back by itself.
#[tokio::test]
async fn after_a_reboot_in_the_dark_the_ledgers_mode_is_served() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let (mut broker, mut hostapd, mut agent) = (rig.broker().await, rig.hostapd(), rig.agent());
    let mut centre = Centre::new(&rig).await;
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    centre.report("order 1 runs", |report| report.running == 1).await;
    rig.until("it is on flash", || rig.path("ledger").exists()).await;
    broker.kill();
    agent.kill();
    hostapd.kill();

    let _agent = rig.agent();
    let mut hostapd = rig.hostapd();
    rig.until("00000JAPAN is back", || rig.interfaces() == "lo\nlojp\n").await;

    // Two restarts of hostapd in a row, the second while the first is being mended.
    hostapd.kill();
    let mut hostapd = rig.hostapd();
    hostapd.kill();
    let _hostapd = rig.hostapd();
    rig.until("00000JAPAN is back again", || rig.interfaces() == "lo\nlojp\n").await;
}

/// hostapd refuses the prepared file: said with the reason, and put right as soon as the file is.
#[tokio::test]
async fn a_prepared_file_that_hostapd_refuses_is_tried_until_it_is_mended() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let (_broker, _hostapd, _agent) = (rig.broker().await, rig.hostapd(), rig.agent());
    let good = std::fs::read_to_string(rig.path("jp.conf")).expect("there");
    rig.write("jp.conf", "nonsense\n");
    let mut centre = Centre::new(&rig).await;
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    let report = centre.report("refused", |report| report.state == AgentState::Refused).await;
    assert_eq!((report.told, report.running, report.mode), (1, 0, Mode::Normal));
    assert!(report.why.contains("lojp") && report.why.contains("FAIL"), "{}", report.why);

    rig.write("jp.conf", &good);
    let report = centre.report("served", |report| report.state == AgentState::Serving).await;
    assert_eq!((report.running, report.why.as_str()), (1, ""));
}

/// A forged order, an older one, the same number with other content, and things that are no orders at all.
#[tokio::test]
async fn what_is_not_the_next_order_of_the_town_changes_nothing() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let (_broker, _hostapd, _agent) = (rig.broker().await, rig.hostapd(), rig.agent());
    let mut centre = Centre::new(&rig).await;
    let held = rig.order(5, "yakuba", Mode::Disaster);
    centre.order(held.clone()).await;
    centre.report("order 5 runs", |report| report.running == 5).await;

    let mut forged = rig.order(6, "yakuba", Mode::Normal).into_bytes();
    *forged.last_mut().expect("a signature") = if forged.ends_with(b"A") { b"Q" } else { b"A" }[0];
    for (offered, reason) in [
        (forged, TurnedAwayReason::Forged),
        (rig.order(4, "yakuba", Mode::Normal).into_bytes(), TurnedAwayReason::Stale),
        (rig.order(5, "yakuba", Mode::Normal).into_bytes(), TurnedAwayReason::Conflicting),
        (b"open sesame".to_vec(), TurnedAwayReason::Malformed),
        (Vec::new(), TurnedAwayReason::Malformed),
        (vec![b'A'; 1_300_000], TurnedAwayReason::Malformed),
        (vec![b'A'; 3_000_000], TurnedAwayReason::Malformed),
    ] {
        let length = offered.len();
        centre.publish("hirake/1/shiomi/ap/yakuba-1/order", false, offered).await;
        let turned_away = |report: &Report| report.turned_away.as_ref().is_some_and(|last| last.reason == reason);
        let report = centre.report(&format!("{reason:?} of {length} bytes"), turned_away).await;
        assert_eq!((report.told, report.mode), (5, Mode::Disaster), "{reason:?}");
        if reason == TurnedAwayReason::Stale {
            assert_eq!(report.holds.as_deref(), Some(held.as_str()), "proof for a controller that forgot");
        }
        assert_eq!(rig.interfaces(), "lo\nlojp\n");
    }
}

/// The largest order there is, for thousands of facilities, is accepted, kept and served; its proof is left out.
#[tokio::test]
async fn the_largest_order_is_carried_out() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let (_broker, _hostapd, mut agent) = (rig.broker().await, rig.hostapd(), rig.agent());
    let mut centre = Centre::new(&rig).await;
    let mut order = rig.plain_order(7, "yakuba", Mode::Disaster);
    let wanted = order.facilities.values().next().expect("one").clone();
    // Each is 30 bytes of JSON.
    for n in 0..34_900 {
        order.facilities.insert(format!("f-{n:05}").parse().expect("valid"), wanted.clone());
    }
    let length = wire::write(&order).len();
    assert!((wire::DOCUMENT_MAX_BYTES - 2000..=wire::DOCUMENT_MAX_BYTES).contains(&length), "{length}");
    centre.order(rig.sign(&order)).await;
    centre.report("the largest order runs", |report| report.running == 7).await;
    rig.until("it is on flash", || rig.path("ledger").exists()).await;
    agent.kill();
    let _agent = rig.agent();
    centre.order(rig.order(6, "yakuba", Mode::Normal)).await;
    let stale = |report: &Report| report.running == 7 && report.turned_away.is_some();
    assert_eq!(centre.report("held after a restart", stale).await.holds, None);
}

/// The broker is killed and comes back knowing nothing: the agent subscribes, reports and obeys as before.
#[tokio::test]
async fn a_broker_that_forgot_everything_is_told_everything() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let (mut broker, _hostapd, _agent) = (rig.broker().await, rig.hostapd(), rig.agent());
    let mut centre = Centre::new(&rig).await;
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    centre.report("order 1 runs", |report| report.running == 1).await;
    broker.kill();
    drop(centre);

    let _broker = rig.broker().await;
    let mut centre = Centre::new(&rig).await;
    centre.report("it says again what it runs", |report| report.running == 1).await;
    centre.order(rig.order(2, "yakuba", Mode::Normal)).await;
    centre.report("and obeys", |report| report.running == 2).await;
}

/// A hundred retained messages wait on the agent's topic tree and on its order topic stands rubbish.
#[tokio::test]
async fn a_broker_full_of_rubbish_changes_nothing() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let _broker = rig.broker().await;
    let mut centre = Centre::new(&rig).await;
    for n in 0..100 {
        let topic = format!("hirake/1/shiomi/ap/yakuba-1/{n}");
        centre.publish(&topic, true, format!("rubbish {n}")).await;
    }
    centre.publish("hirake/1/shiomi/order", true, "rubbish").await;
    let (_hostapd, _agent) = (rig.hostapd(), rig.agent());
    centre.report("rubbish is turned away", |report| report.turned_away.is_some()).await;
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    centre.report("and the next order is not", |report| report.running == 1).await;
}

/// The ledger's directory is missing: the network opens all the same, and the report says what is wrong.
#[tokio::test]
async fn without_a_place_for_the_ledger_it_opens_and_says_so() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let config = std::fs::read_to_string(rig.path("agent.toml")).expect("there");
    rig.write("agent.toml", &config.replace("/ledger\"", "/flash/ledger\""));
    let (_broker, _hostapd, _agent) = (rig.broker().await, rig.hostapd(), rig.agent());
    let mut centre = Centre::new(&rig).await;
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    let not_kept = |report: &Report| report.running == 1 && report.why.contains("not kept on flash");
    centre.report("open, and not kept", not_kept).await;
    std::fs::create_dir(rig.path("flash")).expect("made");
    centre.report("kept after all", |report| report.running == 1 && report.why.is_empty()).await;
    assert!(rig.path("flash/ledger").exists());
}

/// Many agents run in one process, one after another and side by side, and each stops when told.
#[tokio::test]
async fn agents_share_a_process_and_leave_nothing_behind() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let (_broker, _hostapd) = (rig.broker().await, rig.hostapd());
    let mut centre = Centre::new(&rig).await;
    let text = std::fs::read_to_string(rig.path("agent.toml")).expect("there");
    for round in 1..4 {
        let (mut stops, mut running) = (Vec::new(), Vec::new());
        for n in 1..4 {
            let text = text.replace("yakuba-1", &format!("yakuba-{n}")).replace("/ledger", &format!("/ledger-{n}"));
            let mut config = Config::parse(&text).expect("a good file");
            config.log = Log::Nowhere;
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            stops.push(stop);
            // Spawned, so that it is shown to be movable between threads.
            running.push(tokio::spawn(run(config, async move {
                let _ = stopped.await;
            })));
        }
        let mode = if round % 2 == 1 { Mode::Disaster } else { Mode::Normal };
        centre.order(rig.order(round, "yakuba", mode)).await;
        let mut told = std::collections::BTreeSet::new();
        let mut all = |report: &Report| {
            (report.running == round && report.state == AgentState::Serving).then(|| told.insert(report.ap.clone()));
            told.len() == 3
        };
        centre.report("all three serve", &mut all).await;
        drop(stops);
        for agent in running {
            agent.await.expect("no panic").expect("no error");
        }
        let sockets = std::fs::read_dir(rig.dir.path()).expect("there").flatten();
        let left = sockets.filter(|entry| entry.file_name().to_string_lossy().starts_with("hirake-agent")).count();
        assert_eq!(left, 0, "sockets left behind");
    }
}
