//! One access point with the real hostapd and the real mosquitto: what `docs/states.md` promises, on a desk.

mod rig;

use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, TurnedAwayReason};
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

/// Whoever removes the network by hand, or adds it, is put right within the time of a look.
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
        let turned_away = |report: &firmware_config::wire::Report| {
            report.turned_away.as_ref().is_some_and(|last| last.reason == reason)
        };
        let report = centre.report(&format!("{reason:?} of {length} bytes"), turned_away).await;
        assert_eq!((report.told, report.mode), (5, Mode::Disaster), "{reason:?}");
        if reason == TurnedAwayReason::Stale {
            assert_eq!(report.holds.as_deref(), Some(held.as_str()), "proof for a controller that forgot");
        }
        assert_eq!(rig.interfaces(), "lo\nlojp\n");
    }
}
