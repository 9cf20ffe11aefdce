//! An AP that SNMP flips is treated as any other, whatever becomes of the broker; and nobody else speaks for it.

use super::bench::*;
use crate::core::listening::SILENT_AFTER;
use crate::core::view::{Standing, Witnessed};
use crate::core::{Action, Event, Kind, Pattern, inventory::Managed};
use firmware_config::mode::Mode;
use firmware_config::wire::AgentState;

#[test]
fn it_opens_closes_and_counts_as_any_other() {
    // The key opens the shelters, among them the AP that a deputy speaks for; the lamp waits for it as for all.
    let mut bench = Bench::settled_in(mixed());
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = false;
    bench.turn(DISASTER);
    assert_eq!(bench.lamp.0, Pattern::Blink, "it is not open yet");
    assert_eq!(bench.stands("school-2"), (Standing::Settling, "not-told".to_owned()));
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = true;
    bench.pass(s(11));
    assert_eq!(bench.stands("school-2"), (Standing::Settled, String::new()));
    assert_eq!(bench.lamp.0, Pattern::Steady);
    let seat = bench.ap("school-2");
    assert_eq!((seat.managed, seat.stations), (Managed::Snmp, Some(5)), "stations as its device says");
    assert_eq!(seat.witnessed, Witnessed::NoMeans, "nothing else sees it");
    bench.turn(NORMAL);
    bench.pass(s(21));
    assert_eq!(bench.view().totals.settled, 6);
    assert!(
        bench.actions.iter().any(|action| matches!(action, Action::StoreCounts(counts) if counts.ap == ap("school-2")))
    );
}

#[test]
fn an_order_that_is_not_taken_up_is_said_again_through_the_deputy() {
    let mut bench = Bench::settled_in(mixed());
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = false;
    bench.turn(DISASTER);
    bench.pass(s(5));
    let by = |action: &Action| match action {
        Action::PublishAgain { ap, by, .. } => Some((ap.to_string(), *by)),
        _ => None,
    };
    let again: Vec<_> = bench.actions.iter().filter_map(by).collect();
    assert!(again.len() >= 2, "{again:?}");
    assert!(again.iter().all(|said| *said == ("school-2".to_owned(), Managed::Snmp)), "{again:?}");
}

#[test]
fn a_refusal_of_its_device_is_named_in_the_devices_words() {
    let mut bench = Bench::settled_in(mixed());
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = false;
    bench.turn(DISASTER);
    let mut refusing = bench.report_told(&ap("school-2"));
    (refusing.state, refusing.why) = (AgentState::Refused, "step \"on\": notWritable".to_owned());
    bench.on(Event::DeputyReported { report: refusing, stations: None });
    assert_eq!(bench.stands("school-2"), (Standing::Refused, "step \"on\": notWritable".to_owned()));
    assert_eq!(bench.ap("school-2").stations, None, "what its device does not say is not zero");
}

#[test]
fn while_the_broker_is_down_it_is_heard_told_and_its_silence_means_something() {
    // The agents' clock of silence stands; the deputies' goes on, and so do the tries.
    let mut bench = Bench::settled_in(mixed());
    bench.lose_broker();
    bench.turn(DISASTER);
    assert_eq!(bench.stands("school-2"), (Standing::Settled, String::new()), "opened without a broker");
    assert_eq!(bench.aps[&ap("school-2")].mode, Mode::Disaster);
    bench.pass(s(40));
    assert_eq!(bench.stands("school-2").0, Standing::Settled);
    assert_eq!(bench.stands("school-1").0, Standing::Settling, "nobody could have heard it");
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = false;
    bench.pass(SILENT_AFTER + s(21));
    assert_eq!(bench.stands("school-2"), (Standing::Silent, "not-heard".to_owned()));
    assert_ne!(bench.stands("school-1").0, Standing::Silent);
}

#[test]
fn a_deputy_that_reaches_nobody_says_so_at_once() {
    let mut bench = Bench::settled_in(mixed());
    let gone = bench.comes(&ap("school-2"), false);
    bench.on(gone);
    assert_eq!(bench.stands("school-2"), (Standing::Silent, "offline".to_owned()));
    bench.speak(&ap("school-2"));
    assert_eq!(bench.stands("school-2").0, Standing::Settled, "an answer is a sign of life");
}

#[test]
fn nobody_speaks_for_an_ap_but_the_one_the_town_named() {
    // Somebody on the broker says that the deputy's AP is open, that it is gone, what it counted; and a deputy is made to
    // speak for an agent's AP. Nothing is believed, and each is in the record, once.
    let mut bench = Bench::settled_in(mixed());
    let (before, mut lie) = (bench.view().facilities, bench.report(&ap("school-2")));
    (lie.mode, lie.boot) = (Mode::Disaster, "evil".to_owned());
    bench.on(Event::Reported(lie.clone()));
    bench.on(Event::Reported(lie));
    bench.on(Event::Presence(bench.presence(&ap("school-2"), false)));
    let report = bench.report(&ap("gym-1"));
    bench.on(Event::DeputyReported { report, stations: Some(99) });
    bench.on(Event::DeputyPresence(bench.presence(&ap("gym-1"), false)));
    bench.pass(s(1));
    assert_eq!(bench.view().facilities, before);
    let refused: Vec<_> =
        bench.entries(Kind::MessageRefused).iter().map(|entry| field(entry, "from").to_owned()).collect();
    assert_eq!(refused, ["ap/school-2/report", "ap/school-2/presence", "ap/gym-1/report", "ap/gym-1/presence"]);
}

#[test]
fn a_secret_that_cannot_be_read_is_said_of_its_aps_and_stops_nobody_else() {
    let mut bench = Bench::settled_in(mixed());
    let why = "community file /etc/hirake/c: No such file".to_owned();
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = false;
    bench.on(Event::NoDeputy { ap: ap("school-2"), why: why.clone() });
    bench.turn(DISASTER);
    bench.pass(s(60));
    assert_eq!(bench.stands("school-2"), (Standing::Refused, why));
    assert_eq!(bench.view().totals.open, 3, "the agents' APs are open");
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = true;
    let back = bench.comes(&ap("school-2"), true);
    bench.on(back);
    bench.pass(s(11));
    assert_eq!(bench.view().totals.open, 4, "the secret came, and the deputy with it");
}

#[test]
fn after_a_restart_its_deputy_is_told_what_is_in_force_before_anybody_asks() {
    let mut bench = Bench::settled_in(mixed());
    bench.turn(DISASTER);
    bench.lose_broker();
    bench.restart(s(20));
    bench.pass(s(21));
    assert_eq!(bench.stands("school-2"), (Standing::Settled, String::new()));
    assert_eq!(bench.aps[&ap("school-2")].told, bench.number());
}

#[test]
fn nobody_is_silent_before_the_first_round_of_polls_is_over() {
    let mut bench = Bench::started(mixed(), Shelf::default(), Some(NORMAL));
    bench.aps.get_mut(&ap("school-2")).expect("there").linked = false;
    bench.restart(s(0));
    bench.pass(SILENT_AFTER - s(1));
    assert_eq!(bench.stands("school-2"), (Standing::Settling, "never-heard".to_owned()));
    bench.pass(s(2));
    assert_eq!(bench.stands("school-2"), (Standing::Silent, "never-heard".to_owned()));
}

#[test]
fn the_profile_that_a_deputy_goes_by_is_shown_where_it_is_known() {
    let mut bench = Bench::settled_in(mixed());
    let mut says = |agent: &str| {
        let mut report = bench.report(&ap("school-2"));
        report.agent = agent.to_owned();
        bench.on(Event::DeputyReported { report, stations: None });
        bench.ap("school-2").profile().map(str::to_owned)
    };
    assert_eq!(says("snmp/acme-ac").as_deref(), Some("acme-ac"));
    assert_eq!(says("snmp/?"), None, "it has not found out yet");
    assert_eq!(says("0.1.0"), None);
    let mut report = bench.report(&ap("gym-1"));
    report.agent = "snmp/acme-ac".to_owned();
    bench.on(Event::Reported(report));
    assert_eq!(bench.ap("gym-1").profile(), None, "an agent has none, whatever it calls itself");
    assert_eq!((Managed::Agent.as_str(), Managed::Snmp.as_str()), ("agent", "snmp"));
}
