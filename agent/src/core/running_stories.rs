//! What it says is running: the truth of the last look, also where hostapd did half of what it was asked or nothing.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Drill, Normal};
use firmware_config::wire::AgentState::{Applying, Refused, Serving};

use super::sim::{Ap, Mood, RADIOS, Up, order};
use super::{Agent, Event};

const SECOND: Duration = Duration::from_secs(1);

/// hostapd refuses everything about these networks from now on.
fn refuse(ap: &mut Ap, interfaces: &[&str]) {
    ap.moods = interfaces.iter().map(|name| ((*name).to_owned(), Mood::Refuses)).collect();
}

#[test]
fn a_close_that_hostapd_refuses_is_told_as_the_order_that_still_runs() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    refuse(&mut ap, &RADIOS);
    ap.offer(order(2, Normal));
    assert_eq!(ap.says(), (2, 1, Disaster, Refused));
}

#[test]
fn an_opening_that_hostapd_refuses_is_told_as_the_order_that_still_runs() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Normal));
    refuse(&mut ap, &RADIOS);
    ap.offer(order(2, Disaster));
    assert_eq!(ap.says(), (2, 1, Normal, Refused));
}

#[test]
fn half_an_opening_is_told_as_open_under_no_order() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Normal));
    refuse(&mut ap, &["wlan1jp"]);
    ap.offer(order(2, Drill));
    assert_eq!(ap.says(), (2, 0, Drill, Refused));
}

#[test]
fn half_a_close_is_told_as_still_open_under_no_order() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    refuse(&mut ap, &["wlan1jp"]);
    ap.offer(order(2, Normal));
    assert_eq!(ap.says(), (2, 0, Disaster, Refused));
}

#[test]
fn what_was_taken_off_the_air_and_does_not_come_back_is_not_told_as_running() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    refuse(&mut ap, &RADIOS);
    RADIOS.iter().for_each(|name| drop(ap.air.remove(*name)));
    ap.pass(11 * SECOND);
    assert_eq!(ap.says(), (1, 0, Normal, Refused));
}

#[test]
fn what_somebody_put_on_the_air_in_peace_is_not_told_as_an_order_that_runs() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Normal));
    refuse(&mut ap, &RADIOS);
    RADIOS.iter().for_each(|name| drop(ap.air.insert((*name).to_owned(), Up::good())));
    ap.pass(11 * SECOND);
    assert_eq!(ap.says(), (1, 0, Normal, Refused));
}

#[test]
fn it_says_since_when_a_mode_is_on_the_air_and_a_newer_order_of_the_same_mode_does_not_move_that() {
    let mut ap = Ap::ready();
    ap.pass(60 * SECOND);
    ap.offer(order(1, Disaster));
    let opened_ms = ap.now.wall_ms;
    ap.pass(60 * SECOND);
    ap.offer(order(2, Disaster));
    let report = ap.told();
    assert_eq!((report.running, report.since_ms), (2, opened_ms));
}

#[test]
fn the_log_tells_what_is_asked_of_hostapd_and_a_refusal_is_not_told_again_with_every_try() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    assert!(ap.log.contains(&"adding interface=wlan0jp phy=phy0".to_owned()), "{:?}", ap.log);
    ap.offer(order(2, Normal));
    assert!(ap.log.contains(&"removing interface=wlan1jp".to_owned()), "{:?}", ap.log);
    refuse(&mut ap, &["wlan1jp"]);
    ap.log.clear();
    ap.offer(order(3, Disaster));
    ap.pass(600 * SECOND);
    let asked = ap.log.iter().filter(|line| line.starts_with("adding interface=wlan1jp")).count();
    assert_eq!(asked, 1, "{:?}", ap.log);
}

#[test]
fn while_hostapd_is_gone_nothing_runs_and_the_state_says_that_it_is_waited_for() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
    ap.kill_hostapd();
    assert_eq!(ap.says(), (1, 0, Normal, Applying));
    ap.offer(order(2, Normal));
    assert_eq!(ap.says(), (2, 0, Normal, Applying), "off the air, but nobody has seen it");
}

#[test]
fn an_agent_that_starts_while_its_networks_are_on_the_air_looks_before_it_asks_for_anything() {
    let mut ap = Ap::ready();
    ap.offer(order(1, Disaster));
    let (identity, flash) = (ap.agent.identity.clone(), ap.flash.clone());
    // Only the agent was killed; hostapd and everybody on it are there.
    ap.agent = Agent::new(identity, Ok(flash), "boot-x".to_owned(), ap.now).0;
    ap.asked.clear();
    ap.on(Event::HostapdUp);
    ap.on(Event::BrokerUp);
    assert_eq!(ap.says(), (1, 1, Disaster, Serving));
    assert!(ap.asked.is_empty(), "{:?}", ap.asked);
}
