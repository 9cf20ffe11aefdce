//! The core as stories: each test is a sentence of what is promised of an access point without our agent.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Drill, Normal};
use firmware_config::wire::AgentState::{Applying, Empty, Refused, Serving};

use super::sim::{Behind, Bench, Line, Mood, ap, device, oid, profiles};
use super::{Event, Request};
use crate::device::{DeviceAp, Role};
use crate::trouble::Status;

const SECOND: Duration = Duration::from_secs(1);

/// A device that was polled once.
fn seen() -> Bench {
    let mut bench = Bench::new();
    bench.until(|bench| !bench.reports.is_empty());
    bench
}

#[test]
fn a_device_is_asked_what_it_is_then_polled_and_nothing_is_done_to_it_without_an_order() {
    let mut bench = seen();
    assert_eq!(bench.says(), (0, 0, Normal, Empty));
    assert_eq!(bench.reports[0].agent, "snmp/pretend");
    assert!(bench.presences[0].online);
    let networks: Vec<_> = bench.reports[0].networks.iter().map(|network| network.ssid.as_str()).collect();
    assert_eq!(networks, ["shiomi"], "what is prepared and off is not on the air");
    bench.pass(60 * SECOND);
    assert_eq!(bench.polls.len(), 5, "every 15 s");
    assert!(bench.sets.is_empty());
    assert_eq!(bench.reports.len(), 5, "each answered poll is a sign of life");
}

#[test]
fn an_order_opens_reads_saves_and_closes_as_surely() {
    let mut bench = seen();
    bench.order(1, Disaster);
    assert_eq!(bench.says(), (1, 0, Normal, Applying), "told at once");
    let took = bench.until(|bench| bench.says().3 == Serving);
    assert!(took < SECOND, "{took:?}");
    assert_eq!((bench.is_open(), bench.says()), (Some(true), (1, 1, Disaster, Serving)));
    assert_eq!(bench.reports.last().expect("one").networks.len(), 3);
    bench.pass(2 * SECOND);
    bench.reboot();
    assert_eq!(bench.is_open(), Some(true), "it was saved");
    bench.order(2, Normal);
    bench.until(|bench| bench.says() == (2, 2, Normal, Serving));
    assert_eq!(bench.is_open(), Some(false));
    assert!(bench.rows[&1].on_air, "the town's own network was not touched");
    bench.pass(2 * SECOND);
    bench.reboot();
    assert_eq!(bench.is_open(), Some(false), "and that was saved too");
}

#[test]
fn what_is_as_wanted_already_is_left_alone() {
    let mut bench = seen();
    bench.order(1, Normal);
    assert_eq!(bench.says(), (1, 1, Normal, Serving), "at once: a poll has shown it");
    bench.pass(30 * SECOND);
    assert!(bench.sets.is_empty());
    // From a drill to a disaster nothing changes on the air.
    bench.order(2, Drill);
    bench.until(|bench| bench.says() == (2, 2, Drill, Serving));
    bench.pass(5 * SECOND);
    let sets = bench.sets.len();
    bench.order(3, Disaster);
    assert_eq!(bench.says(), (3, 3, Disaster, Serving));
    bench.pass(30 * SECOND);
    assert_eq!(bench.sets.len(), sets);
}

#[test]
fn an_older_order_is_nothing() {
    let mut bench = seen();
    bench.order(5, Disaster);
    bench.order(4, Normal);
    bench.until(|bench| bench.says() == (5, 5, Disaster, Serving));
    bench.order(4, Normal);
    bench.pass(60 * SECOND);
    assert_eq!((bench.says(), bench.is_open()), ((5, 5, Disaster, Serving), Some(true)));
}

#[test]
fn an_order_that_comes_before_anything_was_read_does_not_wait_for_the_interval() {
    let mut bench = Bench::new();
    bench.order(1, Disaster);
    let took = bench.until(|bench| bench.is_open() == Some(true));
    assert!(took < SECOND, "{took:?}");
}

#[test]
fn a_device_that_forgot_its_state_is_put_right() {
    // Levels, not edges: nobody told us that it started again.
    let mut bench = seen();
    bench.save_works = false;
    bench.order(1, Disaster);
    bench.until(|bench| bench.says().3 == Serving);
    bench.pass(3 * SECOND);
    assert!(bench.why().contains("not saved") && bench.why().contains("commitFailed"), "{}", bench.why());
    assert_eq!(bench.says().3, Serving, "not saved is not refused");
    bench.reboot();
    assert_eq!(bench.is_open(), Some(false));
    bench.on(Event::Hurry(true));
    let took = bench.until(|bench| bench.is_open() == Some(true));
    assert!(took <= 6 * SECOND, "{took:?}");
    assert!(bench.log.iter().any(|line| line == "device started again"), "{:?}", bench.log);
    bench.save_works = true;
    bench.until(|bench| bench.log.iter().any(|line| line == "saved"));
    bench.until(|bench| bench.why().is_empty());
}

#[test]
fn a_device_that_accepts_and_does_nothing_is_refused_with_both_facts() {
    let mut bench = seen();
    bench.mood = Mood::Lies;
    bench.order(1, Disaster);
    bench.until(|bench| bench.says() == (1, 0, Normal, Refused));
    assert!(bench.why().contains("answered the SET and did not do it"), "{}", bench.why());
    bench.mood = Mood::Obeys;
    let took = bench.until(|bench| bench.says().3 == Serving);
    assert!(took < 12 * SECOND, "{took:?}");
    assert_eq!(bench.why(), "");
}

#[test]
fn a_refusal_is_said_in_words_and_tried_for_ever() {
    let mut bench = seen();
    bench.mood = Mood::Refuses(Status::NotWritable);
    bench.order(1, Disaster);
    bench.until(|bench| bench.says().3 == Refused);
    assert!(bench.why().contains("SET is switched off there"), "{}", bench.why());
    assert!(bench.why().contains("1.3.6.1.4.1.99999.1.1.2.5"), "which object: {}", bench.why());
    bench.pass(120 * SECOND);
    let tries: Vec<u64> = bench.sets.chunks(2).map(|both| both[0].0.as_secs()).collect();
    let gaps: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps[..4], [1, 2, 4, 8]);
    assert!(gaps[4..].iter().all(|gap| *gap <= 11), "{gaps:?}");
    // A newer order does not wait for the next try.
    let before = bench.sets.len();
    bench.order(2, Disaster);
    bench.pass(SECOND / 10);
    assert!(bench.sets.len() > before);
    // What was refused was not done: nothing is to be undone.
    let sets = bench.sets.len();
    bench.order(3, Normal);
    bench.until(|bench| bench.says() == (3, 3, Normal, Serving));
    assert_eq!(bench.sets.len(), sets);
}

#[test]
fn what_is_done_to_some_rows_only_is_said_to_be() {
    let mut bench = seen();
    bench.mood = Mood::Halves;
    bench.order(1, Disaster);
    bench.until(|bench| bench.says().3 == Refused);
    assert!(bench.why().contains("1 of 2 networks refused"), "{}", bench.why());
    bench.order(2, Normal);
    bench.mood = Mood::Obeys;
    bench.until(|bench| bench.says() == (2, 2, Normal, Serving));
    assert_eq!(bench.is_open(), Some(false));
}

#[test]
fn silence_after_a_set_is_followed_by_a_look_not_by_another_set() {
    // The answer is lost, the deed is done: one SET for each row and pass, and it is found to be so.
    let mut bench = seen();
    bench.line = Line::LosesAnswers;
    bench.order(1, Disaster);
    bench.until(|bench| bench.sets.len() == 1);
    bench.pass(4 * SECOND);
    bench.line = Line::Fine;
    bench.until(|bench| bench.says().3 == Refused || bench.says().3 == Serving);
    bench.until(|bench| bench.says() == (1, 1, Disaster, Serving));
    assert_eq!(bench.is_open(), Some(true));
}

#[test]
fn a_close_after_an_open_that_nobody_answered_closes_whatever_the_device_shows() {
    // The SET that opens arrives long after the order to close: what was read before it is no proof.
    let mut bench = seen();
    bench.line = Line::IsLate;
    bench.order(1, Disaster);
    bench.until(|bench| bench.sets.len() == 1);
    bench.line = Line::Fine;
    bench.order(2, Normal);
    bench.until(|bench| bench.says() == (2, 2, Normal, Serving));
    assert!(bench.sets.len() >= 2, "it was closed, not thought to be closed");
    bench.pass(30 * SECOND);
    assert_eq!((bench.is_open(), bench.says()), (Some(false), (2, 2, Normal, Serving)));
}

#[test]
fn a_newer_order_interrupts_any_wait() {
    let mut bench = seen();
    bench.mood = Mood::IsSlow;
    bench.order(1, Disaster);
    bench.pass(SECOND);
    bench.order(2, Normal);
    bench.mood = Mood::Obeys;
    bench.pass(SECOND / 5);
    let shuts = bench.sets.iter().filter(|(_, binds)| binds[0].value == crate::value::Value::Integer(2));
    assert_eq!(shuts.count(), 2, "both rows, whatever they read as: {:?}", bench.sets);
    bench.pass(30 * SECOND);
    assert_eq!((bench.is_open(), bench.says()), (Some(false), (2, 2, Normal, Serving)));
}

#[test]
fn an_opening_waits_for_no_close_that_is_under_way() {
    let mut bench = seen();
    bench.order(1, Disaster);
    bench.until(|bench| bench.says() == (1, 1, Disaster, Serving));
    bench.pass(5 * SECOND);
    // It said yes to the close and is still at it, for all we know.
    bench.mood = Mood::Lies;
    bench.order(2, Normal);
    bench.pass(2 * SECOND);
    bench.mood = Mood::Obeys;
    bench.sets.clear();
    bench.order(3, Disaster);
    bench.pass(SECOND / 2);
    let opened = bench.sets.iter().filter(|(_, binds)| binds[0].value == crate::value::Value::Integer(1));
    assert!(opened.count() >= 2, "both networks, although they look open: {:?}", bench.sets);
    bench.until(|bench| bench.says() == (3, 3, Disaster, Serving));
}

#[test]
fn an_opening_that_is_called_off_and_called_for_again_in_one_moment_is_saved() {
    // One network only: the SET that is under way does all there is to do.
    let mut bench = Bench::new();
    bench.rows.remove(&6);
    bench.until(|bench| !bench.reports.is_empty());
    bench.order(1, Disaster);
    bench.until(|bench| bench.sets.len() == 1);
    bench.order(2, Normal);
    bench.order(3, Disaster);
    bench.until(|bench| bench.says() == (3, 3, Disaster, Serving));
    bench.pass(5 * SECOND);
    bench.reboot();
    assert_eq!(bench.is_open(), Some(true));
}

#[test]
fn a_device_that_was_not_prepared_is_refused_and_nothing_is_sent() {
    let mut bench = seen();
    bench.rows.retain(|_, row| row.ssid != "00000JAPAN");
    bench.pass(16 * SECOND);
    bench.order(1, Disaster);
    bench.until(|bench| bench.says().3 == Refused);
    assert!(bench.why().contains("not prepared"), "{}", bench.why());
    assert!(bench.sets.is_empty());
    bench.order(2, Normal);
    bench.until(|bench| bench.says() == (2, 2, Normal, Serving));
}

#[test]
fn a_device_whose_networks_are_gone_is_shut_whatever_was_done_to_it_before() {
    // It was being opened when somebody reset it: there is nothing left to switch, and nothing on the air.
    let mut bench = seen();
    bench.line = Line::LosesAnswers;
    bench.order(1, Disaster);
    bench.until(|bench| bench.sets.len() == 1);
    bench.rows.retain(|_, row| row.ssid != "00000JAPAN");
    bench.line = Line::Fine;
    bench.order(2, Normal);
    bench.until(|bench| bench.says() == (2, 2, Normal, Serving));
    assert!(bench.reports.iter().all(|report| report.state != Refused), "{:?}", bench.reports);
}

#[test]
fn a_device_without_write_credentials_serves_what_it_has_and_refuses_the_rest() {
    let watched = crate::device::Device { write: None, ..device() };
    let mut bench = Bench::with(watched, profiles());
    bench.order(1, Normal);
    bench.until(|bench| !bench.reports.is_empty() && bench.says() == (1, 1, Normal, Serving));
    bench.order(2, Disaster);
    bench.until(|bench| bench.says().3 == Refused);
    assert!(bench.why().contains("no write credentials"), "{}", bench.why());
    bench.pass(60 * SECOND);
    assert!(bench.sets.is_empty());
}

#[test]
fn two_polls_without_an_answer_are_gone_and_the_first_answer_is_back() {
    let mut bench = seen();
    bench.order(1, Normal);
    bench.powered = false;
    let polls = bench.polls.len();
    bench.until(|bench| !bench.presences.last().expect("one").online);
    assert_eq!(bench.polls.len() - polls, 2);
    let reports = bench.reports.len();
    bench.pass(60 * SECOND);
    assert_eq!((bench.presences.len(), bench.reports.len()), (2, reports), "said once");
    bench.powered = true;
    bench.until(|bench| bench.presences.last().expect("one").online);
    assert_eq!(bench.says(), (1, 1, Normal, Serving));
}

#[test]
fn a_dead_device_in_a_disaster_is_asked_at_least_every_ten_seconds_and_opened_when_it_is_back() {
    let mut bench = seen();
    bench.powered = false;
    bench.order(1, Disaster);
    bench.pass(300 * SECOND);
    let gaps: Vec<_> = bench.knocks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[gaps.len() - 10..].iter().all(|gap| *gap <= 10 * SECOND), "{gaps:?}");
    bench.powered = true;
    bench.reboot();
    let took = bench.until(|bench| bench.is_open() == Some(true));
    assert!(took <= 12 * SECOND, "{took:?}");
}

#[test]
fn traps_bring_a_poll_at_once_and_a_storm_of_them_one_every_two_seconds() {
    let mut bench = seen();
    bench.pass(3 * SECOND);
    let before = bench.polls.len();
    for _ in 0..100 {
        bench.on(Event::Hint);
        bench.pass(SECOND / 20);
    }
    assert_eq!(bench.polls.len() - before, 3);
}

#[test]
fn a_device_that_becomes_another_is_asked_again_what_it_is() {
    let mut bench = seen();
    bench.object_id = oid("1.3.6.1.4.1.8.8");
    bench.reboot();
    bench.order(1, Normal);
    bench.until(|bench| bench.says().3 == Refused);
    assert!(bench.why().contains("1.3.6.1.4.1.8.8"), "{}", bench.why());
    bench.object_id = oid("1.3.6.1.4.1.99999");
    bench.until(|bench| bench.says() == (1, 1, Normal, Serving));
}

#[test]
fn people_are_counted_every_half_minute_and_what_is_not_known_is_not_nobody() {
    let mut bench = seen();
    bench.order(1, Disaster);
    bench.pass(100 * SECOND);
    assert_eq!(bench.stations, Some(9));
    assert_eq!(bench.counts.len(), 3);
    let counts = bench.counts.last().expect("one");
    assert_eq!((counts.networks.len(), counts.mode, counts.interval_s), (3, Disaster, 30));
    assert_eq!(
        bench.counts.iter().map(|counts| counts.seq).collect::<Vec<_>>(),
        [1, 2, 3],
        "each is known by a number"
    );
    for row in bench.rows.values_mut() {
        row.stations = None;
    }
    bench.pass(100 * SECOND);
    assert_eq!(bench.stations, None);
    assert_eq!(bench.counts.len(), 3, "nothing is known, nothing is counted");
}

#[test]
fn who_cannot_be_read_any_more_is_not_counted_by_what_was_read_before() {
    let mut bench = seen();
    bench.order(1, Disaster);
    bench.pass(40 * SECOND);
    assert_eq!((bench.stations, bench.counts.len()), (Some(9), 1));
    bench.withholds = true;
    bench.until(|bench| bench.says().3 == Refused);
    let counts = bench.counts.len();
    bench.pass(100 * SECOND);
    assert_eq!((bench.stations, bench.counts.len()), (None, counts), "nobody knows, nobody is counted");
    bench.withholds = false;
    bench.until(|bench| bench.says() == (1, 1, Disaster, Serving));
    assert_eq!(bench.stations, Some(9));
    // The first interval after an absence is none that the absence is part of.
    bench.powered = false;
    bench.pass(300 * SECOND);
    bench.powered = true;
    let counts = bench.counts.len();
    bench.until(|bench| bench.counts.len() > counts);
    let interval_s = bench.counts.last().expect("one").interval_s;
    assert!((29..=45).contains(&interval_s), "{interval_s}");
}

#[test]
fn what_nobody_can_see_is_opened_once_all_the_same() {
    // The network opens first: a firmware whose words nobody knows is no reason to leave it shut. It is not called open.
    let mut bench = Bench::new();
    bench.untold = true;
    bench.until(|bench| !bench.reports.is_empty());
    bench.order(1, Disaster);
    let took = bench.until(|bench| bench.is_open() == Some(true));
    assert!(took < SECOND, "{took:?}");
    bench.until(|bench| bench.says().3 == Refused);
    assert!(bench.why().contains("cannot be seen"), "{}", bench.why());
    bench.pass(60 * SECOND);
    bench.order(2, Disaster);
    bench.pass(60 * SECOND);
    assert_eq!(bench.sets.len(), 2, "once for each row, whatever else is ordered: {:?}", bench.sets);
    bench.untold = false;
    bench.until(|bench| bench.says() == (2, 2, Disaster, Serving));
    assert_eq!(bench.sets.iter().filter(|(_, binds)| binds[0].oid != oid("1.3.6.1.4.1.99999.2.0")).count(), 2);
}

#[test]
fn what_is_open_when_the_controller_starts_is_not_closed_before_a_newer_order_could_be_heard_of() {
    // A store put back from an old copy believes that the town is in normal mode; an AP that holds the newer order says
    // so within seconds of being reached.
    let open = || {
        let mut bench = Bench::new();
        for row in bench.rows.values_mut() {
            (row.admin, row.on_air) = (true, true);
        }
        bench.order(5, Normal);
        bench
    };
    let mut bench = open();
    bench.pass(17 * SECOND);
    assert!(bench.sets.is_empty(), "{:?}", bench.sets);
    bench.order(9, Disaster);
    bench.pass(60 * SECOND);
    assert_eq!((bench.is_open(), bench.says()), (Some(true), (9, 9, Disaster, Serving)));
    assert!(bench.sets.is_empty(), "nobody noticed anything: {:?}", bench.sets);
    // Where there is no newer one, it closes as surely.
    let mut bench = open();
    let took = bench.until(|bench| bench.is_open() == Some(false));
    bench.until(|bench| bench.says() == (5, 5, Normal, Serving));
    assert!(took < 25 * SECOND, "{took:?}");
    // And what is decided meanwhile is not held back.
    let mut bench = open();
    bench.pass(16 * SECOND);
    bench.order(6, Normal);
    let took = bench.until(|bench| bench.says() == (6, 6, Normal, Serving));
    assert!(took < SECOND, "{took:?}");
}

#[test]
fn an_order_does_not_wait_for_a_saving_that_nobody_answers() {
    let mut bench = seen();
    bench.save_hangs = true;
    bench.order(1, Disaster);
    bench.until(|bench| bench.sets.len() == 3);
    bench.pass(SECOND);
    bench.save_hangs = false;
    bench.order(2, Normal);
    let took = bench.until(|bench| bench.is_open() == Some(false));
    assert!(took < SECOND, "{took:?}");
    bench.until(|bench| bench.says() == (2, 2, Normal, Serving));
    bench.pass(20 * SECOND);
    bench.reboot();
    assert_eq!(bench.is_open(), Some(false), "and the end is saved");
}

#[test]
fn a_witness_says_what_it_saw_at_every_poll_and_why_where_it_could_not() {
    let witness = crate::device::Device { aps: vec![ap("yakuba-1", Role::Witness)], ..device() };
    let mut bench = Bench::with(witness, profiles());
    bench.order(1, Disaster);
    bench.pass(16 * SECOND);
    assert_eq!(bench.sightings.last().expect("one").open, Ok(false));
    bench.rows.get_mut(&5).expect("there").on_air = true;
    bench.pass(16 * SECOND);
    assert_eq!(bench.sightings.last().expect("one").open, Ok(true));
    bench.powered = false;
    bench.pass(20 * SECOND);
    let why = bench.sightings.last().expect("one").open.clone().expect_err("it is off");
    assert!(why.contains("no answer"), "{why}");
    assert!(bench.sets.is_empty() && bench.reports.is_empty() && bench.presences.is_empty());
}

#[test]
fn a_poll_asks_nothing_but_its_plan() {
    let mut bench = Bench::new();
    bench.pass(16 * SECOND);
    let profiles = profiles();
    let plan = profiles.get("pretend").expect("there").plan();
    assert!(matches!(bench.deputy.kind.request(), Request::Poll(asked) if asked == *plan));
}

#[test]
fn a_poll_that_breaks_off_changes_nothing_that_was_known_and_is_a_sign_of_life() {
    let mut bench = seen();
    bench.order(1, Disaster);
    bench.until(|bench| bench.says().3 == Serving);
    bench.pass(5 * SECOND);
    let (sets, reports) = (bench.sets.len(), bench.reports.len());
    bench.breaks_off = true;
    bench.until(|bench| bench.reports.len() == reports + 2);
    assert_eq!(bench.says(), (1, 1, Disaster, Serving));
    assert!(bench.reports.last().expect("one").networks.iter().any(|network| network.ssid == "00000JAPAN"));
    // The third in a row is believed: then nobody knows any more.
    bench.until(|bench| bench.reports.len() == reports + 3);
    assert_eq!(bench.says().3, Refused);
    assert!(bench.why().contains("cannot be seen: table wlan"), "{}", bench.why());
    bench.breaks_off = false;
    bench.until(|bench| bench.says() == (1, 1, Disaster, Serving));
    assert_eq!(bench.sets.len(), sets, "nothing is done to what nobody can see");
}

/// A WLAN controller with two APs of two facilities, one known by its address and one by its name, and one that it never
/// had.
fn controller() -> Bench {
    let of = |name: &str, key: &str| DeviceAp { key: Some(key.to_owned()), ..ap(name, Role::Flip) };
    let aps = vec![of("gym-1", "02-00-00-00-00-01"), of("school-1", "SCHOOL"), of("pool-1", "02:00:00:00:00:09")];
    let mut bench = Bench::with(crate::device::Device { aps, ..device() }, profiles());
    bench.behind.insert(1, Behind { name: "gym", up: true, stations: 5 });
    bench.behind.insert(2, Behind { name: "school", up: true, stations: 7 });
    bench
}

#[test]
fn a_wlan_controller_is_flipped_once_and_speaks_for_each_of_its_aps() {
    let mut bench = controller();
    let wanted = |gym, school| {
        let name = |name: &str| name.parse().expect("an identifier");
        [(name("gym-1"), gym), (name("school-1"), school), (name("pool-1"), Normal)].into()
    };
    bench.on(Event::Ordered { number: 1, wanted: wanted(Disaster, Normal) });
    bench.until(|bench| bench.is_open() == Some(true));
    bench.pass(SECOND);
    let (gym, school) = (bench.report_of("gym-1").clone(), bench.report_of("school-1").clone());
    assert_eq!((gym.running, gym.mode, gym.state), (1, Disaster, Serving));
    // One lever for all: the other facility's radiates too, and that is said, not hidden.
    assert_eq!((school.running, school.mode, school.state), (1, Disaster, Serving));
    assert!(school.networks.iter().any(|network| network.ssid == "00000JAPAN"));
    let pool = bench.report_of("pool-1");
    assert_eq!(pool.state, Refused);
    assert!(pool.why.contains("does not list \"02:00:00:00:00:09\""), "{}", pool.why);
    let sets = bench.sets.len();
    bench.on(Event::Ordered { number: 2, wanted: wanted(Disaster, Disaster) });
    bench.on(Event::Ordered { number: 3, wanted: wanted(Normal, Disaster) });
    bench.pass(20 * SECOND);
    assert_eq!((bench.sets.len(), bench.is_open()), (sets, Some(true)), "open while any of them is wanted open");
    bench.on(Event::Ordered { number: 4, wanted: wanted(Normal, Normal) });
    bench.until(|bench| bench.report_of("gym-1").running == 4 && bench.report_of("gym-1").state == Serving);
    assert_eq!(bench.is_open(), Some(false));
}

#[test]
fn an_ap_that_its_controller_has_lost_is_gone_and_the_others_are_not() {
    let mut bench = controller();
    bench.pass(31 * SECOND);
    let counted = |bench: &Bench, ap: &str| bench.counts.iter().rfind(|counts| counts.ap.as_str() == ap).cloned();
    // What a network of all APs counts is nobody's own: the AP's sum is, without a network's name.
    bench.pass(30 * SECOND);
    let school = counted(&bench, "school-1").expect("counted");
    assert_eq!((school.networks.len(), school.networks[0].stations, &*school.networks[0].ssid), (1, 7, ""));
    bench.behind.get_mut(&1).expect("there").up = false;
    bench.pass(16 * SECOND);
    let online = |bench: &Bench, ap: &str| {
        bench.presences.iter().rfind(|presence| presence.ap.as_str() == ap).map(|presence| presence.online)
    };
    assert_eq!((online(&bench, "gym-1"), online(&bench, "school-1")), (Some(false), Some(true)));
    let said = bench.report_of("gym-1").seq;
    // One that was in the list and is not any more is gone too, not misconfigured.
    bench.behind.remove(&1);
    bench.pass(16 * SECOND);
    assert_eq!((online(&bench, "gym-1"), bench.report_of("gym-1").seq), (Some(false), said));
    bench.behind.insert(1, Behind { name: "gym", up: true, stations: 0 });
    bench.pass(16 * SECOND);
    assert_eq!(online(&bench, "gym-1"), Some(true));
    assert!(bench.report_of("gym-1").seq > said);
}
