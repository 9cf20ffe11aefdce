//! Stories of listening: nobody loses anything by it, and what was heard is told as it was.
//!
//! That a radio listens only while it beacons, on its own channel first, and leaves that one only where nobody is on it
//! and nothing is open, is asserted by `sim` at every scan of every story and history.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{AirName, Heard};

use super::Event;
use super::air::RadioState;
use super::listen::{Deaf, LATER, RARELY, SOON};
use super::sim::{AT_DISASTER, Ap, Mood, Up, order};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn row(ssid: &[u8], bssid: &str, channel: u16) -> Heard {
    Heard {
        ssid: AirName::new(ssid).expect("short"),
        bssid: bssid.parse().expect("an address"),
        channel,
        signal_dbm: -60,
        age_ms: 40,
    }
}

/// When `wlan0` listened, and on which channels.
fn scans(ap: &Ap) -> Vec<(Duration, Vec<u32>)> {
    let on = |interface: &str| interface.starts_with("wlan0");
    ap.scans.iter().filter(|(_, scan)| on(&scan.interface)).map(|(at, scan)| (*at, scan.mhz.clone())).collect()
}

/// People on the town's own network: it keeps to its channel.
fn busy() -> Ap {
    let mut ap = Ap::ready();
    ap.air.get_mut("wlan0").expect("there").stations = 3;
    ap
}

/// The names of the newest document.
fn told(ap: &Ap) -> Vec<String> {
    ap.sightings.last().expect("said").seen.iter().map(|it| it.ssid.to_string()).collect()
}

#[test]
fn it_listens_soon_after_a_start_and_then_rarely_and_no_two_agents_at_once() {
    let mut firsts = Vec::new();
    for boots in 0..20 {
        let mut ap = busy();
        for _ in 0..boots {
            ap.reboot();
            ap.air.get_mut("wlan0").expect("there").stations = 3;
        }
        ap.scans.clear();
        ap.pass(s(3600));
        let times: Vec<Duration> = scans(&ap).into_iter().map(|(at, _)| at).collect();
        assert!(times[0] >= SOON && times[0] <= s(5) + SOON + s(300) / 8 + s(1), "{times:?}");
        let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (s(300)..=s(376)).contains(gap)), "{gaps:?}");
        assert!(scans(&ap).iter().all(|(_, mhz)| *mhz == [2_437]), "its own channel, with people on it");
        firsts.push(times[0]);
    }
    firsts.sort_unstable();
    firsts.dedup();
    assert!(firsts.len() > 15, "{firsts:?}");
}

#[test]
fn without_a_word_in_the_file_nobody_listens() {
    let mut ap = Ap::ready();
    ap.set_listens(None);
    ap.pass(s(3600));
    assert!(ap.scans.is_empty() && ap.sightings.is_empty());
}

#[test]
fn what_is_heard_is_told_with_its_age_and_each_document_replaces_the_one_before() {
    let mut ap = busy();
    let fake = row(b"0000OJAPAN", "02:13:37:00:00:01", 6);
    ap.hears.insert("wlan0".to_owned(), Ok(vec![fake.clone()]));
    ap.pass(s(60));
    assert_eq!(ap.sightings.len(), 1, "one for each round");
    assert_eq!(ap.sightings[0].seen, std::slice::from_ref(&fake));
    // The broker forgot it: it is told again, older by as much.
    ap.disconnect();
    ap.pass(s(20));
    ap.connect();
    let again = &ap.sightings.last().expect("again").seen[0];
    assert!(again.age_ms >= 20_040 && again.age_ms < 80_000, "{again:?}");
    ap.hears.clear();
    ap.pass(s(380));
    assert_eq!(told(&ap), [] as [&str; 0], "an empty one: it is heard no more");
}

#[test]
fn its_own_networks_are_no_sighting_and_a_second_radio_hears_the_same_but_once() {
    let mut ap = busy();
    let own = row(b"00000JAPAN", "02:00:00:00:00:01", 6);
    let (near, far) = (row(b"00000JAPAN", "02:13:37:00:00:02", 6), row(b"0000JAPAN", "02:13:37:00:00:03", 11));
    let older = Heard { age_ms: 9_000, ..near.clone() };
    ap.air.insert("wlan1".to_owned(), Up { ssid: "shiomi".to_owned(), stations: 1, ..Up::good() });
    ap.hears.insert("wlan0".to_owned(), Ok(vec![own, older]));
    ap.hears.insert("wlan1".to_owned(), Ok(vec![near.clone(), far.clone()]));
    ap.pass(s(60));
    assert_eq!(ap.scans.iter().map(|(_, scan)| scan.interface.as_str()).collect::<Vec<_>>(), ["wlan0", "wlan1"]);
    assert_eq!(ap.sightings.len(), 1);
    let seen = &ap.sightings[0].seen;
    assert_eq!((seen.len(), &seen[0].ssid, seen[0].age_ms), (2, &near.ssid, 40));
    // The other way round: whichever radio it was, the newer counts.
    ap.hears.insert("wlan0".to_owned(), Ok(vec![near.clone()]));
    ap.hears.insert("wlan1".to_owned(), Ok(vec![Heard { age_ms: 9_000, ..near }]));
    ap.pass(s(400));
    let seen = &ap.sightings.last().expect("said").seen;
    assert_eq!((seen.len(), &seen[0].ssid, seen[0].age_ms), (2, &row(b"00000JAPAN", "02:13:37:00:00:02", 6).ssid, 40));
}

#[test]
fn what_is_heard_on_its_own_channel_pushes_out_nothing_of_another() {
    let mut ap = Ap::ready();
    ap.hears.insert("wlan0".to_owned(), Ok(vec![row(b"0000JAPAN", "02:13:37:00:00:03", 11)]));
    ap.pass(s(60));
    assert_eq!(told(&ap), ["0000JAPAN"]);
    ap.air.get_mut("wlan0").expect("there").stations = 1;
    ap.hears.insert("wlan0".to_owned(), Ok(vec![row(b"00000JAPAN", "02:13:37:00:00:02", 6)]));
    ap.pass(s(380));
    assert_eq!(told(&ap), ["0000JAPAN", "00000JAPAN"], "the one of channel 11 was heard a while ago, and is told");
}

#[test]
fn other_channels_are_listened_to_a_few_at_a_time_and_only_while_nobody_is_there_and_nothing_is_open() {
    let mut ap = Ap::ready();
    ap.pass(s(900));
    let mhz: Vec<Vec<u32>> = scans(&ap).into_iter().map(|(_, mhz)| mhz).collect();
    assert!(mhz.iter().all(|mhz| *mhz == [2_437, 2_412, 2_462, 2_472]), "of its own band, its own first: {mhz:?}");
    // Heard elsewhere; then somebody comes, and what is not listened to any more is neither lost nor renewed.
    let far = row(b"0000JAPAN", "02:13:37:00:00:03", 11);
    ap.hears.insert("wlan0".to_owned(), Ok(vec![far]));
    ap.pass(s(380));
    assert_eq!(told(&ap), ["0000JAPAN"]);
    ap.hears.clear();
    ap.air.get_mut("wlan0").expect("there").stations = 1;
    let before = ap.scans.len();
    ap.pass(s(380));
    assert!(scans(&ap)[before..].iter().all(|(_, mhz)| *mhz == [2_437]));
    assert_eq!(told(&ap), ["0000JAPAN"]);
    assert!(ap.sightings.last().expect("said").seen[0].age_ms > 250_000);
    ap.pass(s(400));
    assert_eq!(told(&ap), [] as [&str; 0], "and not for ever");
    // Nobody is there, but it is open.
    ap.air.get_mut("wlan0").expect("there").stations = 0;
    ap.offer(order(1, Mode::Disaster));
    let before = ap.scans.len();
    ap.pass(s(900));
    assert!(scans(&ap).len() > before && scans(&ap)[before..].iter().all(|(_, mhz)| *mhz == [2_437]));
}

#[test]
fn more_channels_than_one_scan_may_take_have_their_turns() {
    let mut ap = Ap::ready();
    ap.set_listens(Some(&[1, 2, 3, 4, 5]));
    ap.pass(s(1_000));
    let others: Vec<Vec<u32>> = scans(&ap).into_iter().map(|(_, mhz)| mhz[1..].to_vec()).collect();
    assert_eq!(others[..2], [[2_412, 2_417, 2_422], [2_427, 2_432, 2_412]]);
}

#[test]
fn after_a_flip_it_listens_soon_for_those_that_flipped_with_it() {
    let mut ap = busy();
    ap.pass(s(100));
    let before = ap.scans.len();
    let flip = ap.now.mono;
    ap.offer(order(1, Mode::Disaster));
    ap.pass(s(60));
    let first = scans(&ap)[before].0;
    assert!(first >= flip + SOON && first <= flip + SOON + s(39), "{:?}", first - flip);
    assert_eq!(ap.scans[before].1.interface, "wlan0", "not by the network that may be taken away at any moment");
}

#[test]
fn while_something_is_going_on_nobody_listens() {
    // A flip that hostapd refuses.
    let mut ap = busy();
    ap.moods.insert("wlan0jp".to_owned(), Mood::Refuses);
    ap.offer(order(1, Mode::Disaster));
    ap.pass(s(600));
    assert!(ap.scans.is_empty(), "{:?}", ap.scans);
    ap.moods.clear();
    ap.pass(s(10) + LATER + s(30));
    assert!(!ap.scans.is_empty(), "it goes on when that is over");

    // A radio that listens for radar; the other one could.
    let mut ap = busy();
    let dfs = Up { radio: RadioState::Preparing("DFS".to_owned()), ssid: "shiomi".to_owned(), ..Up::good() };
    ap.air.insert("wlan1".to_owned(), dfs);
    ap.pass(s(600));
    assert!(ap.scans.is_empty());

    // hostapd is not there, or says nothing sensible.
    let mut ap = busy();
    ap.look_fails = true;
    ap.pass(s(600));
    ap.kill_hostapd();
    ap.pass(s(600));
    assert!(ap.scans.is_empty());
    ap.look_fails = false;
    ap.start_hostapd();
    ap.pass(LATER + s(40));
    assert!(!ap.scans.is_empty());
}

#[test]
fn a_radio_that_must_hear_radar_and_one_without_a_channel_are_left_alone() {
    for mhz in [5_260, 5_500, 5_955, 0] {
        let mut ap = busy();
        ap.air.get_mut("wlan0").expect("there").mhz = mhz;
        ap.pass(s(1_000));
        assert!(ap.scans.is_empty(), "{mhz}");
    }
}

#[test]
fn a_radio_that_cannot_listen_says_so_once_and_is_asked_each_hour() {
    let no_program = Deaf::NoProgram("no such file".to_owned());
    for (deaf, why) in [(Deaf::Unsupported, "while it beacons"), (no_program, "no such file")] {
        let mut ap = busy();
        ap.hears.insert("wlan0".to_owned(), Err(deaf));
        ap.pass(s(24 * 3600));
        let said: Vec<_> = ap.log.iter().filter(|line| line.starts_with("cannot listen")).collect();
        assert_eq!((said.len(), ap.sightings.len()), (1, 0), "nothing was heard, and nothing is said of it");
        assert!(said[0].contains(why), "{said:?}");
        assert!((20..=24).contains(&ap.scans.len()), "{}", ap.scans.len());
        ap.hears.clear();
        ap.pass(RARELY + s(400));
        assert_eq!(ap.log.last().map(String::as_str), Some("listening works phy=phy0"));
        assert!(!ap.sightings.is_empty());
    }
}

#[test]
fn a_radio_that_is_busy_is_tried_ever_more_rarely() {
    let mut ap = busy();
    ap.hears.insert("wlan0".to_owned(), Err(Deaf::Busy));
    ap.pass(s(12 * 3600));
    let times: Vec<Duration> = scans(&ap).into_iter().map(|(at, _)| at).collect();
    let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] < s(700) && gaps[1] > gaps[0] && gaps.last().is_some_and(|gap| *gap >= RARELY), "{gaps:?}");
    assert_eq!(ap.log.iter().filter(|line| line.starts_with("cannot listen")).count(), 1);
    // The other radio is not held up by it.
    ap.air.insert("wlan1".to_owned(), Up { ssid: "shiomi".to_owned(), stations: 1, ..Up::good() });
    ap.scans.clear();
    ap.pass(s(3600));
    assert!(ap.scans.iter().filter(|(_, scan)| scan.interface == "wlan1").count() >= 9);
}

#[test]
fn a_scan_that_never_ends_holds_up_nothing_and_is_not_begun_again() {
    let mut ap = busy();
    ap.hears_for_ever = true;
    ap.pass(s(100));
    assert_eq!(ap.scans.len(), 1);
    ap.offer(order(1, Mode::Disaster));
    assert!(ap.is_open(), "opening waits for nothing");
    ap.kill_hostapd();
    ap.start_hostapd();
    ap.pass(s(3600));
    assert_eq!(ap.scans.len(), 1, "one at a time");
    assert!(ap.is_open());
}

#[test]
fn an_ap_that_was_never_told_anything_listens_too() {
    let mut ap = Ap::with_key();
    ap.connect();
    ap.pass(s(60));
    assert_eq!(scans(&ap).len(), 1);
    ap.turn(AT_DISASTER);
    ap.pass(s(60));
    assert_eq!(scans(&ap).len(), 2, "and after its own key has opened it");
}

#[test]
fn of_too_many_the_strongest_are_told() {
    let mut ap = busy();
    ap.air.insert("wlan1".to_owned(), Up { ssid: "shiomi".to_owned(), stations: 1, ..Up::good() });
    for (radio, interface) in ["wlan0", "wlan1"].into_iter().enumerate() {
        let rows = (0..60_i16).map(|n| Heard {
            signal_dbm: -20 - n,
            ..row(b"0000JAPAN", &format!("02:13:37:00:{radio:02x}:{n:02x}"), 6)
        });
        ap.hears.insert(interface.to_owned(), Ok(rows.rev().collect()));
    }
    ap.pass(s(60));
    let signals: Vec<i16> = ap.sightings[0].seen.iter().map(|it| it.signal_dbm).collect();
    assert_eq!(signals.len(), 64, "and not 120");
    assert!(signals.is_sorted_by(|a, b| a >= b) && signals[63] == -51, "{signals:?}");
    // Nor does one radio keep more than a document holds.
    let rows = (0..200_i16)
        .map(|n| Heard { signal_dbm: -20 - n / 4, ..row(b"0000JAPAN", &format!("02:13:37:01:00:{n:02x}"), 6) });
    ap.hears.insert("wlan0".to_owned(), Ok(rows.collect()));
    ap.hears.insert("wlan1".to_owned(), Ok(Vec::new()));
    ap.pass(s(400));
    let last = ap.sightings.last().expect("said");
    assert_eq!((last.seen.len(), last.seen[63].signal_dbm), (64, -35));
}

#[test]
fn what_was_heard_long_ago_is_not_told_to_a_broker_that_comes_back() {
    let mut ap = busy();
    ap.hears.insert("wlan0".to_owned(), Ok(vec![row(b"0000JAPAN", "02:13:37:00:00:01", 6)]));
    ap.pass(s(60));
    ap.disconnect();
    ap.kill_hostapd();
    ap.pass(s(500));
    ap.connect();
    assert_eq!(ap.sightings.len(), 2, "some minutes ago it was so");
    ap.disconnect();
    ap.pass(s(200));
    ap.connect();
    assert_eq!(ap.sightings.len(), 2, "ten minutes ago: nobody believes it any more");
}

#[test]
fn a_flip_in_the_middle_of_a_round_is_followed_by_another() {
    let mut ap = busy();
    ap.hears_for_ever = true;
    ap.pass(s(100));
    let flip = ap.now.mono;
    ap.offer(order(1, Mode::Disaster));
    ap.hears_for_ever = false;
    ap.on(Event::Listened(Ok(Vec::new())));
    ap.pass(s(60));
    let after: Vec<Duration> = scans(&ap).into_iter().map(|(at, _)| at).filter(|at| *at > flip + s(5)).collect();
    assert_eq!(after.len(), 1, "{after:?}");
    assert!(after[0] >= flip + SOON && after[0] <= flip + SOON + s(39), "{:?}", after[0] - flip);
}
