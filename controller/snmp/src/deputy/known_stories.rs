//! What others may ask of a deputy and read in its log: what is known of the device, since when, and how well.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Normal};
use firmware_config::wire::AgentState::{Refused, Serving};

use super::sim::{Bench, Mood, OCTETS, PROFILE, ap, device, oid, profiles, profiles_of};
use super::{Act, Answer, Deputy, Event, Intervals, Now, Request};
use crate::device::{Device, Role};
use crate::trouble::Status;
use crate::value::Value;

const SECOND: Duration = Duration::from_secs(1);

fn said(bench: &Bench, word: &str) -> usize {
    bench.log.iter().filter(|line| line.contains(word)).count()
}

#[test]
fn what_is_known_of_a_device_is_what_its_newest_poll_showed() {
    let mut bench = Bench::new();
    let known = |bench: &Bench| {
        let deputy = &bench.deputy;
        let networks = deputy.readings().0.networks.len();
        (deputy.profile().map(|profile| profile.id.clone()), deputy.answers(), deputy.is_gone(), networks)
    };
    assert_eq!(known(&bench), (None, false, false, 0), "nothing yet");
    assert_eq!((bench.deputy.trouble(), bench.deputy.device().id.as_str()), (None, "ap-of-another-make"));
    bench.until(|bench| !bench.reports.is_empty());
    let pretend = Some("pretend".to_owned());
    assert_eq!(known(&bench), (pretend.clone(), true, false, 3));
    assert!(bench.deputy.readings().1.is_empty(), "nothing was wrong with it");
    bench.powered = false;
    bench.until(|bench| !bench.deputy.answers());
    assert_eq!(known(&bench), (pretend.clone(), false, false, 3), "one answer may be lost");
    bench.until(|bench| bench.deputy.is_gone());
    bench.powered = true;
    bench.until(|bench| bench.deputy.answers());
    assert_eq!(known(&bench), (pretend, true, false, 3));
}

#[test]
fn what_was_wrong_with_a_poll_is_kept_beside_what_it_brought() {
    let mut bench = Bench::new();
    bench.breaks_off = true;
    bench.until(|bench| bench.deputy.answers());
    assert_eq!(bench.deputy.readings().1, ["table wlan: no answer; what was read until then is kept"]);
}

#[test]
fn a_person_is_told_what_is_wrong_now_and_nothing_once_it_is_right() {
    let mut bench = Bench::new();
    bench.withholds = true;
    bench
        .until(|bench| bench.deputy.trouble().is_some_and(|why| why.contains("no access") || why.contains("noAccess")));
    bench.pass(300 * SECOND);
    assert_eq!(said(&bench, "device cannot be read"), 1, "said once: {:?}", bench.log);
    bench.withholds = false;
    bench.until(|bench| bench.deputy.trouble().is_none());
    bench.mood = Mood::Refuses(Status::NotWritable);
    bench.order(1, Disaster);
    bench.until(|bench| bench.deputy.trouble().is_some_and(|why| why.contains("SET is switched off there")));
    bench.mood = Mood::Obeys;
    bench.save_works = false;
    bench.until(|bench| bench.deputy.trouble().is_some_and(|why| why.contains("commitFailed")));
    bench.save_works = true;
    bench.until(|bench| bench.deputy.trouble().is_none());
}

#[test]
fn a_device_that_falls_silent_is_in_the_log_once() {
    let mut bench = Bench::new();
    bench.until(|bench| !bench.reports.is_empty());
    bench.powered = false;
    bench.pass(300 * SECOND);
    assert_eq!(said(&bench, "device does not answer"), 1, "{:?}", bench.log);
}

#[test]
fn a_device_that_dies_of_a_flip_is_told_as_what_the_flip_came_to() {
    let mut bench = Bench::new();
    bench.until(|bench| !bench.reports.is_empty());
    bench.order(1, Disaster);
    bench.until(|bench| bench.says().3 == Serving);
    bench.pass(SECOND);
    // Nothing is read after this close but whether it is on the air.
    bench.sets.clear();
    bench.order(2, Normal);
    bench.until(|bench| bench.sets.len() == 2);
    bench.powered = false;
    bench.until(|bench| bench.deputy.is_gone());
    bench.pass(60 * SECOND);
    assert!(bench.deputy.trouble().is_some_and(|why| why.contains("no answer")), "{:?}", bench.deputy.trouble());
}

#[test]
fn its_counters_are_added_up_from_the_first_poll_on() {
    let metric =
        format!("[[metric]]\nname = \"rx-bytes\"\nscope = \"device\"\noid = \"{OCTETS}\"\nas = \"counter64\"\n");
    let mut bench = Bench::with(device(), profiles_of(&format!("{PROFILE}\n{metric}")));
    bench.octets = 7_000;
    bench.until(|bench| bench.deputy.answers());
    bench.octets += 1_234;
    bench.pass(16 * SECOND);
    let totals = bench.deputy.totals();
    let rows: Vec<_> = totals.iter().map(|it| (it.metric.as_str(), it.scope.as_str(), it.counted)).collect();
    assert_eq!(rows, [("rx-bytes", "device", 1_234)], "what came before us is not ours");
}

#[test]
fn an_uptime_that_runs_over_after_497_days_is_no_restart_and_one_that_falls_is() {
    let over = Duration::from_millis((1 << 32) * 10);
    let restarts = |up: Duration, reboots: bool| {
        let mut bench = Bench::new();
        bench.until(|bench| bench.deputy.answers());
        // It has been up this long by now.
        bench.now.mono = bench.now.mono.max(up);
        bench.pass(16 * SECOND);
        if reboots {
            bench.reboot();
        }
        bench.pass(60 * SECOND);
        said(&bench, "device started again")
    };
    assert_eq!(restarts(over - 40 * SECOND, false), 0, "it ran over");
    assert_eq!(restarts(10 * 24 * 3_600 * SECOND, true), 1, "after ten days");
    assert_eq!(restarts(10 * 24 * 3_600 * SECOND, false), 0);
}

#[test]
fn an_uptime_that_stands_still_is_no_restart() {
    // A device that answers out of a cache says the same twice.
    let mut bench = Bench::new();
    bench.started = bench.now.mono + 100 * SECOND;
    bench.pass(60 * SECOND);
    assert!(bench.polls.len() > 3);
    assert_eq!(said(&bench, "device started again"), 0, "{:?}", bench.log);
}

#[test]
fn a_flip_that_nobody_ever_saw_work_is_said_where_the_device_may_be_flipped() {
    let untried = || profiles_of(&PROFILE.replace("evidence = \"lab\"", "evidence = \"dump\""));
    let warned = |device: Device, library| {
        let mut bench = Bench::with(device, library);
        bench.until(|bench| bench.deputy.answers());
        assert_eq!(said(&bench, "device is known profile=pretend"), 1, "{:?}", bench.log);
        said(&bench, "this flip was never seen to work") == 1
    };
    assert!(warned(device(), untried()));
    assert!(!warned(device(), profiles()), "it was tried in a lab");
    assert!(!warned(Device { write: None, ..device() }, untried()), "it is only watched");
    let witness = Device { aps: vec![ap("yakuba-1", Role::Witness)], ..device() };
    assert!(!warned(witness, untried()), "its AP is flipped by its own agent");
}

/// The first two questions to a device of which nothing is known: whether each goes before all other devices' polls.
fn urgency(order: Option<firmware_config::mode::Mode>) -> (bool, bool) {
    let now = Now { mono: 1_000 * SECOND, wall_ms: 0 };
    let intervals = Intervals { calm: 15 * SECOND, hurry: 5 * SECOND };
    let mut deputy = Deputy::new(device(), profiles(), "boot-1".to_owned(), intervals, now);
    let asked = |acts: &[Act]| {
        let ask = acts.iter().find_map(|act| match act {
            Act::Ask { ask, urgent, request } => Some((*ask, *urgent, request.clone())),
            _ => None,
        });
        ask.expect("a question")
    };
    let acts = match order {
        Some(mode) => {
            let wanted = [("yakuba-1".parse().expect("valid"), mode)].into();
            deputy.on(Event::Ordered { number: 1, wanted }, now)
        }
        None => Vec::new(),
    };
    let acts = if acts.iter().any(|act| matches!(act, Act::Ask { .. })) {
        acts
    } else {
        deputy.on(Event::Woke, Now { mono: deputy.next_wake().expect("a poll"), ..now })
    };
    let (ask, first, _) = asked(&acts);
    let sheet = [
        (oid("1.3.6.1.2.1.1.1.0"), Value::Octets(b"a pretend AP".to_vec())),
        (oid("1.3.6.1.2.1.1.2.0"), Value::Oid(oid("1.3.6.1.4.1.99999"))),
    ];
    let answer = Ok(Answer::Sheet { sheet: sheet.into(), faults: Vec::new() });
    let (_, second, request) = asked(&deputy.on(Event::Answered { ask, answer }, now));
    assert!(matches!(request, Request::GetNext(_)), "the probe: {request:?}");
    (first, second)
}

#[test]
fn what_leads_to_an_opening_waits_behind_no_poll_of_anybody() {
    assert_eq!(urgency(Some(Disaster)), (true, true));
    assert_eq!(urgency(Some(Normal)), (false, false), "shut and wanted shut can wait its turn");
    assert_eq!(urgency(None), (false, false));
}

#[test]
fn a_refusal_that_is_tried_again_says_so_and_one_that_cannot_be_does_not() {
    let mut bench = Bench::new();
    bench.mood = Mood::Lies;
    bench.order(1, Disaster);
    bench.until(|bench| !bench.reports.is_empty() && bench.says().3 == Refused);
    assert!(bench.why().ends_with("; tries go on"), "{}", bench.why());
    let mut watched = Bench::with(Device { write: None, ..device() }, profiles());
    watched.order(1, Disaster);
    watched.until(|bench| !bench.reports.is_empty() && bench.says().3 == Refused);
    assert!(!watched.why().contains("tries go on"), "{}", watched.why());
}

#[test]
fn a_flip_that_is_refused_again_and_again_is_in_the_log_once_with_its_reason() {
    let mut bench = Bench::new();
    bench.mood = Mood::Refuses(Status::NotWritable);
    bench.order(1, Disaster);
    bench.pass(300 * SECOND);
    assert!(bench.sets.len() > 30, "it is tried for ever");
    assert_eq!(said(&bench, "not flipped why="), 1, "{:?}", bench.log);
}

#[test]
fn a_saving_that_fails_is_tried_ever_more_rarely_and_at_least_every_minute() {
    let mut bench = Bench::new();
    bench.save_works = false;
    bench.order(1, Disaster);
    bench.until(|bench| !bench.reports.is_empty() && bench.says().3 == Serving);
    bench.pass(300 * SECOND);
    let save = oid("1.3.6.1.4.1.99999.2.0");
    let times: Vec<u64> =
        bench.sets.iter().filter(|(_, binds)| binds[0].oid == save).map(|(at, _)| at.as_secs()).collect();
    let gaps: Vec<u64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(gaps[..7], [1, 2, 4, 8, 16, 32, 60], "{gaps:?}");
    assert!(gaps[7..].iter().all(|gap| *gap == 60), "{gaps:?}");
}

#[test]
fn another_order_under_the_same_number_is_followed_and_an_older_one_is_not() {
    let mut bench = Bench::new();
    bench.order(2, Normal);
    bench.until(|bench| !bench.reports.is_empty() && bench.says() == (2, 2, Normal, Serving));
    // Two controllers gave the number 2, and the other's counts.
    bench.order(2, Disaster);
    bench.until(|bench| bench.says() == (2, 2, Disaster, Serving));
    assert_eq!(bench.is_open(), Some(true));
    bench.order(1, Normal);
    bench.pass(60 * SECOND);
    assert_eq!((bench.says(), bench.is_open()), ((2, 2, Disaster, Serving), Some(true)));
}
