//! Ruling 8: applied is not settled. Where each AP stands, since when and why; and tries that go on for ever.

use super::bench::*;
use crate::core::listening::SILENT_AFTER;
use crate::core::view::Standing;
use crate::core::{Action, Ap, Event, Kind, Pattern, inventory::Managed};
use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Counts, NetworkCounts, TurnedAway, TurnedAwayReason};

#[test]
fn the_refusing_the_slow_and_the_dead_are_named_and_hold_nobody_up() {
    // One AP refuses, one is on its way, one is dead: each stands so with its reason, the fourth shelter AP is settled.
    let mut bench = Bench::settled();
    for id in ["gym-1", "gym-2", "school-1"] {
        bench.aps.get_mut(&ap(id)).expect("there").linked = false;
    }
    bench.turn(DISASTER);
    let mut refusing = bench.report_told(&ap("gym-1"));
    (refusing.state, refusing.why) = (AgentState::Refused, "hostapd: no such device".to_owned());
    bench.on(Event::Reported(refusing));
    let mut slow = bench.report_told(&ap("gym-2"));
    slow.state = AgentState::Applying;
    bench.on(Event::Reported(slow));
    let gone = bench.presence(&ap("school-1"), false);
    bench.on(Event::Presence(gone));
    assert_eq!(bench.stands("gym-1"), (Standing::Refused, "hostapd: no such device".to_owned()));
    assert_eq!(bench.stands("gym-2"), (Standing::Settling, "applying".to_owned()));
    assert_eq!(bench.stands("school-1"), (Standing::Silent, "offline".to_owned()));
    assert_eq!(bench.stands("school-2"), (Standing::Settled, String::new()));
    let totals = bench.view().totals;
    assert_eq!((totals.open, totals.to_open, totals.facilities_open), (1, 4, 1));
    assert_eq!((totals.told, totals.running), (5, 3), "the hall's two, and those of the shelters");
    assert_eq!(bench.lamp, (Pattern::Blink, Pattern::Off));
}

#[test]
fn a_radio_that_waits_a_minute_for_radar_is_settling_and_not_refused() {
    let waits = "radio of wlan1jp is in state DFS: it listens for radar first, for a minute";
    let mut bench = Bench::settled();
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.turn(DISASTER);
    for _ in 0..7 {
        let mut slow = bench.report_told(&ap("gym-1"));
        (slow.state, slow.why) = (AgentState::Applying, waits.to_owned());
        bench.on(Event::Reported(slow));
        bench.pass(s(10));
        assert_eq!(bench.stands("gym-1"), (Standing::Settling, waits.to_owned()));
    }
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    let order = bench.retained.clone().expect("published");
    bench.tell(&ap("gym-1"), &order);
    assert_eq!(bench.view().totals.open, 4);
}

#[test]
fn an_ap_that_says_nothing_is_silent_and_its_last_word_is_dated() {
    let mut bench = Bench::settled();
    bench.pass(s(25));
    let heard = bench.ap("gym-1").heard_ms;
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.pass(SILENT_AFTER + s(1));
    let silent = bench.ap("gym-1");
    assert_eq!((silent.standing, silent.why.as_str()), (Standing::Silent, "not-heard"));
    assert_eq!((silent.heard_ms, silent.stations), (heard, None), "stations are not known now");
    assert_eq!(bench.lamp, (Pattern::Off, Pattern::Off), "an ordinary day's fault is not the lamp's matter");
    let stands = bench.entries(Kind::ApStands);
    let last = stands.last().expect("told");
    assert_eq!((field(last, "ap"), field(last, "from"), field(last, "to")), ("gym-1", "settled", "silent"));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    bench.speak(&ap("gym-1"));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
}

#[test]
fn an_ap_never_heard_is_silent_after_a_grace() {
    let mut bench = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    for model in bench.aps.values_mut() {
        model.linked = false;
    }
    bench.pass(s(10));
    assert_eq!(bench.stands("gym-1"), (Standing::Settling, "never-heard".to_owned()));
    bench.pass(s(6));
    assert_eq!(bench.stands("gym-1"), (Standing::Silent, "never-heard".to_owned()));
    assert_eq!(bench.view().totals.silent, 6);
}

#[test]
fn a_lost_broker_makes_nobody_silent() {
    // An hour without the broker: the APs stand as they stood, and the view says what is really broken.
    let mut bench = Bench::settled();
    bench.lose_broker();
    let since = bench.now.wall_ms;
    bench.pass(s(3600));
    let view = bench.view();
    assert_eq!((view.totals.settled, view.totals.silent), (6, 0));
    assert_eq!(view.broker_lost, Some((since, "connection refused".to_owned())));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.connect();
    assert_eq!(bench.view().broker_lost, None);
    bench.pass(s(36));
    assert_eq!((bench.stands("gym-1").0, bench.view().totals.silent), (Standing::Silent, 1), "but for the one that is");
    assert_eq!((bench.entries(Kind::BrokerLost).len(), bench.entries(Kind::BrokerBack).len()), (1, 1));
}

#[test]
fn a_broker_that_forgot_everything_is_told_the_order_again() {
    // "Nothing may rely on the broker remembering": killed, and the key turned while it was down.
    let mut bench = Bench::settled();
    bench.lose_broker();
    bench.retained = None;
    bench.turn(DISASTER);
    assert!(!bench.view().order.expect("decided").published);
    assert_eq!(bench.lamp, (Pattern::Blink, Pattern::Off));
    bench.connect();
    assert_eq!(bench.view().totals.open, 4);
    assert!(bench.view().order.expect("decided").published);
}

#[test]
fn an_order_that_is_lost_on_the_way_is_published_until_it_is_seen() {
    let mut bench = Bench::settled();
    // The broker swallows what it is given: no echo, no fan-out.
    let order = {
        let retained = bench.retained.take();
        bench.broker = false;
        bench.turn(DISASTER);
        retained
    };
    assert!(order.is_some());
    bench.broker = true;
    bench.pass(s(2));
    assert_eq!(bench.view().totals.open, 4);
}

#[test]
fn an_ap_that_serves_another_mode_under_the_newest_number_is_told_again_until_it_says_what_it_holds() {
    // It holds an order of before the store was lost; ours, of the same number, was dropped on its way.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.pass(s(5));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
    let from = bench.actions.len();
    let mut other = bench.report(&ap("gym-1"));
    other.mode = Mode::Drill;
    bench.on(Event::Reported(other));
    assert_eq!(bench.stands("gym-1"), (Standing::Diverged, "wrong-mode".to_owned()));
    bench.pass(s(3));
    let told = |action: &&Action| matches!(action, Action::PublishAgain { ap, .. } if ap.as_str() == "gym-1");
    assert!(bench.actions[from..].iter().any(|action| told(&action)), "our order is offered to it again");
}

#[test]
fn an_ap_that_was_not_told_is_told_again_for_ever() {
    // Its way in is cut, its way out is not: 1 s, 2 s, 4 s, 8 s, then every 10 s, until it confirms; then never again.
    let mut bench = Bench::settled();
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.turn(DISASTER);
    let from = bench.actions.len();
    let again = |actions: &[Action]| {
        let to = |action: &&Action| matches!(action, Action::PublishAgain { ap, .. } if ap.as_str() == "gym-1");
        actions.iter().filter(to).count()
    };
    for second in 0..100 {
        if second % 20 == 0 {
            let mut deaf = bench.report(&ap("gym-1"));
            (deaf.told, deaf.running) = (1, 1);
            bench.on(Event::Reported(deaf));
        }
        bench.pass(s(1));
    }
    let tries = again(&bench.actions[from..]);
    assert!((11..=14).contains(&tries), "{tries} tries in 100 s");
    assert_eq!(bench.stands("gym-1"), (Standing::Settling, "not-told".to_owned()));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    bench.pass(s(11));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
    let from = bench.actions.len();
    bench.pass(s(60));
    assert_eq!(again(&bench.actions[from..]), 0);
}

#[test]
fn an_ap_cut_off_for_a_week_is_told_when_it_comes_back() {
    let mut bench = Bench::settled();
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.turn(DISASTER);
    bench.turn(NORMAL);
    bench.turn(DISASTER);
    bench.pass(s(60));
    bench.now.mono += s(7 * 24 * 3600);
    bench.pass(s(60));
    assert_eq!(bench.stands("gym-1").0, Standing::Silent);
    let model = bench.aps.get_mut(&ap("gym-1")).expect("there");
    model.linked = true;
    bench.speak(&ap("gym-1"));
    assert_eq!(bench.stands("gym-1"), (Standing::Settling, "not-told".to_owned()));
    bench.pass(s(2));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
}

#[test]
fn an_ap_rebooted_in_the_dark_is_known_by_its_new_boot() {
    // Its reports count from one again, and late ones of its life before are not believed.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let mut late = bench.report(&ap("gym-1"));
    bench.on(Event::Reported(late.clone()));
    late.mode = Mode::Normal;
    let model = bench.aps.get_mut(&ap("gym-1")).expect("there");
    (model.boot, model.seq) = ("b2".to_owned(), 0);
    bench.speak(&ap("gym-1"));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
    bench.on(Event::Reported(late));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
    let mut gone = bench.presence(&ap("gym-1"), false);
    gone.boot = "b1".to_owned();
    bench.on(Event::Presence(gone));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled, "the last will of its life before is not its own");
    let mut gone = bench.presence(&ap("gym-1"), false);
    gone.boot = "b9".to_owned();
    bench.on(Event::Presence(gone));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled, "nor is that of one that nobody ever heard of");
    let mut ghost = bench.presence(&ap("gym-1"), true);
    ghost.boot = "b0".to_owned();
    bench.on(Event::Presence(ghost));
    bench.speak(&ap("gym-1"));
    bench.turn(NORMAL);
    assert_eq!(bench.stands("gym-1").0, Standing::Settled, "and a ghost of an earlier life keeps nobody from speaking");
}

#[test]
fn reports_that_arrive_twice_or_late_change_nothing() {
    let mut bench = Bench::settled();
    let late = bench.report(&ap("gym-1"));
    bench.turn(DISASTER);
    let view = bench.ap("gym-1");
    bench.on(Event::Reported(late.clone()));
    bench.on(Event::Reported(late));
    assert_eq!(bench.ap("gym-1").reported, view.reported);
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
}

#[test]
fn what_was_retained_of_a_dead_ap_does_not_raise_it() {
    // The controller starts; the broker holds the last will of an AP and the last report it made.
    let mut bench = Bench::settled();
    let (gone, last) = (bench.presence(&ap("gym-1"), false), bench.report(&ap("gym-1")));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.restart(s(5));
    bench.on(Event::Presence(gone.clone()));
    bench.on(Event::Reported(last));
    assert_eq!(bench.stands("gym-1"), (Standing::Silent, "offline".to_owned()));
    bench.on(Event::Presence(bench.presence(&ap("gym-1"), true)));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
}

#[test]
fn an_air_that_contradicts_the_report_is_diverged() {
    // It says disaster and has no 00000JAPAN on the air; it says normal and has it: "on the air with no activation in
    // force is an alarm".
    let mut bench = Bench::settled();
    let mut open = bench.report(&ap("gym-1"));
    open.networks[0].ssid = "00000JAPAN".to_owned();
    bench.on(Event::Reported(open));
    assert_eq!(bench.stands("gym-1"), (Standing::Diverged, "open-unordered".to_owned()));
    bench.turn(DISASTER);
    let mut dark = bench.report(&ap("gym-1"));
    dark.networks.truncate(1);
    bench.on(Event::Reported(dark));
    assert_eq!(bench.stands("gym-1"), (Standing::Diverged, "not-on-air".to_owned()));
    let mut other = bench.report(&ap("gym-1"));
    other.mode = Mode::Drill;
    bench.on(Event::Reported(other));
    assert_eq!(bench.stands("gym-1"), (Standing::Diverged, "wrong-mode".to_owned()));
}

#[test]
fn an_ap_that_turned_the_order_away_is_refused_with_its_reason() {
    let mut bench = Bench::settled();
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.turn(DISASTER);
    let turned = |count| TurnedAway {
        reason: TurnedAwayReason::Forged,
        why: "signature is not by the town's key".to_owned(),
        number: Some(2),
        count,
    };
    for count in 1..=5 {
        let mut refusing = bench.report(&ap("gym-1"));
        (refusing.told, refusing.running, refusing.turned_away) = (1, 1, Some(turned(count)));
        bench.on(Event::Reported(refusing));
    }
    assert_eq!(bench.stands("gym-1"), (Standing::Refused, "signature is not by the town's key".to_owned()));
    assert_eq!(bench.entries(Kind::ApRefusedMessage).len(), 1, "once a minute, however often it says so");
    bench.pass(s(61));
    let mut refusing = bench.report(&ap("gym-1"));
    (refusing.told, refusing.running, refusing.turned_away) = (1, 1, Some(turned(9)));
    bench.on(Event::Reported(refusing));
    let told = bench.entries(Kind::ApRefusedMessage);
    assert_eq!(field(told[1], "more"), "7", "four heard and not written down, three that it counted itself");
}

#[test]
fn strangers_and_strays_are_turned_away_and_written_down() {
    // A report of no AP of ours, one from another facility than the inventory's, a bad message a thousand times.
    let mut bench = Bench::settled();
    let mut stranger = bench.report(&ap("gym-1"));
    stranger.ap = ap("harbour-9");
    bench.on(Event::Reported(stranger));
    let mut stray = bench.report(&ap("gym-1"));
    stray.facility = facility("school");
    for _ in 0..3 {
        bench.on(Event::Reported(stray.clone()));
    }
    assert_eq!(bench.stands("gym-1"), (Standing::Diverged, "wrong-facility".to_owned()));
    bench.pass(s(61));
    stray.seq += 100;
    bench.on(Event::Reported(stray));
    let told = bench.entries(Kind::MessageRefused);
    assert_eq!(field(told.last().expect("two of it"), "more"), "0", "heard twice it is one");
    for _ in 0..1000 {
        let from = "hirake/1/shiomi/ap/gym-2/report".to_owned();
        bench.on(Event::MessageRefused { from, why: "not a document".to_owned() });
    }
    let told: Vec<_> = bench.entries(Kind::MessageRefused).iter().map(|entry| field(entry, "from")).collect();
    let from = ["ap/harbour-9/report", "ap/gym-1/report", "ap/gym-1/report", "hirake/1/shiomi/ap/gym-2/report"];
    assert_eq!(told, from);
    assert_eq!(bench.view().totals.settled, 5, "and nobody else is touched");
}

#[test]
fn a_stolen_ap_cannot_fill_the_memory() {
    // A report of a thousand networks with words of a megabyte each, and a start with a name as long.
    let mut bench = Bench::settled();
    let mut fat = bench.report(&ap("gym-1"));
    fat.why = "あ".repeat(1_000_000);
    fat.networks[0].ssid = "x".repeat(1_000_000);
    fat.networks = vec![fat.networks[0].clone(); 1000];
    bench.on(Event::Reported(fat.clone()));
    let kept = bench.ap("gym-1").reported.expect("kept").networks;
    assert!(kept.len() == 64 && kept.iter().all(|network| network.ssid.len() == 128));
    fat.boot = "x".repeat(1_000_000);
    bench.on(Event::Reported(fat));
    assert_eq!(field(bench.entries(Kind::MessageRefused)[0], "why"), "boot of 1000000 bytes; at most 64 are read");
    // Counts go to the disk as they come.
    let ssid = "x".repeat(1_000_000);
    let row = NetworkCounts { interface: "wlan0".to_owned(), ssid, stations: 1, joins: 0, leaves: 0, so_far: None };
    let (boot, mode) = ("b1".to_owned(), Mode::Normal);
    let counts = Counts {
        v: 1,
        ap: ap("gym-1"),
        boot,
        seq: 9,
        at_ms: 0,
        interval_s: 30,
        age_ms: None,
        at_unsure: false,
        samples: 1,
        waiting: 0,
        mode,
        networks: vec![row],
    };
    let actions = bench.on(Event::Counted(counts));
    assert!(!actions.iter().any(|action| matches!(action, Action::StoreCounts(_))));
}

#[test]
fn a_hostile_broker_with_a_million_topics_fills_neither_memory_nor_record() {
    let mut bench = Bench::settled();
    for topic in 0..10_000 {
        bench.on(Event::MessageRefused { from: format!("{topic}{}", "x".repeat(500)), why: "y".repeat(5000) });
    }
    let told = bench.entries(Kind::MessageRefused);
    assert!(told.len() <= 300, "{}", told.len());
    assert!(told.iter().all(|entry| field(entry, "why").len() <= 200));
}

#[test]
fn counts_of_our_aps_are_kept_and_a_strangers_are_not() {
    let mut bench = Bench::settled();
    let counts = |id: &str| Counts {
        v: 1,
        ap: ap(id),
        boot: "b1".to_owned(),
        seq: 1,
        at_ms: 0,
        interval_s: 30,
        age_ms: None,
        at_unsure: false,
        samples: 1,
        waiting: 0,
        mode: Mode::Normal,
        networks: Vec::new(),
    };
    let kept = bench.on(Event::Counted(counts("gym-1")));
    assert!(kept.iter().any(|action| matches!(action, Action::StoreCounts(_))));
    let kept = bench.on(Event::Counted(counts("harbour-9")));
    assert!(!kept.iter().any(|action| matches!(action, Action::StoreCounts(_))));
    assert_eq!(bench.ap("gym-1").stations, Some(0), "the newest gauge is shown");
    assert_eq!(bench.view().totals.stations, 10, "and the others' from their reports");
}

#[test]
fn all_settled_is_said_once_for_each_order() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.speak(&ap("gym-1"));
    bench.turn(NORMAL);
    let told = bench.entries(Kind::AllSettled);
    let told: Vec<_> = told.iter().map(|e| (field(e, "number"), field(e, "aps"), field(e, "mode"))).collect();
    assert_eq!(told, [("1", "6", "normal"), ("2", "4", "disaster"), ("3", "6", "normal")]);
    // While one is missing nobody says that all are there.
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.turn(DISASTER);
    bench.pass(s(10));
    assert_eq!(bench.entries(Kind::AllSettled).len(), 3);
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    let order = bench.retained.clone().expect("published");
    bench.tell(&ap("gym-1"), &order);
    assert_eq!(bench.entries(Kind::AllSettled).len(), 4);
}

#[test]
fn the_lamp_is_steady_at_the_agreed_share() {
    let mut bench = Bench::settled();
    bench.inventory.agreed_share_percent = 75;
    bench.restart(s(0));
    bench.pass(s(1));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.turn(DISASTER);
    assert_eq!(bench.lamp.0, Pattern::Steady, "three of four");
    bench.on(Event::Presence(bench.presence(&ap("school-1"), false)));
    assert_eq!(bench.lamp.0, Pattern::Blink, "two of four");
}

#[test]
fn ten_thousand_aps_that_boot_at_once_are_heard_and_told_with_measure() {
    // After a blackout 10,000 APs speak within the same moment: one look at each report, no flood of orders.
    let mut town = inventory();
    let more = (0..10_000).map(|n| Ap {
        id: ap(&format!("gym-{n}")),
        facility: facility("gym"),
        name: String::new(),
        managed: Managed::Agent,
        witness: false,
        key: false,
    });
    town.aps = more.collect();
    let mut bench = Bench::started(town, Shelf::default(), Some(DISASTER));
    for model in bench.aps.values_mut() {
        model.linked = false;
    }
    bench.pass(ms(100));
    let from = bench.actions.len();
    for n in 0..10_000 {
        let mut booted = bench.report(&ap(&format!("gym-{n}")));
        (booted.told, booted.running) = (0, 0);
        bench.on(Event::Reported(booted));
    }
    bench.pass(s(5));
    let again = bench.actions[from..].iter().filter(|action| matches!(action, Action::PublishAgain { .. })).count();
    assert!((600..=1_000).contains(&again), "{again} in 5 s; 200 a second are the limit");
    assert_eq!(bench.view().totals.settling, 10_000);
}

#[test]
fn twenty_at_once_are_told_again_and_the_next_ones_a_moment_later() {
    let mut town = inventory();
    let gym = |n: usize| Ap { id: ap(&format!("gym-{n}")), facility: facility("gym"), ..inventory().aps[0].clone() };
    town.aps = (0..50).map(gym).collect();
    let mut bench = Bench::started(town, Shelf::default(), Some(DISASTER));
    bench.pass(s(6));
    bench.aps.values_mut().for_each(|model| model.linked = false);
    bench.turn(NORMAL);
    for n in 0..50 {
        let mut deaf = bench.report(&ap(&format!("gym-{n}")));
        (deaf.told, deaf.running) = (1, 1);
        bench.on(Event::Reported(deaf));
    }
    let from = bench.actions.len();
    let mut told = Vec::new();
    for _ in 0..16 {
        bench.pass(ms(100));
        let again = |action: &&Action| matches!(action, Action::PublishAgain { .. });
        told.push(bench.actions[from..].iter().filter(again).count());
    }
    told.dedup();
    assert_eq!(told, [0, 20, 40, 50]);
}

#[test]
fn late_samples_keep_their_own_time_and_leave_the_present_alone() {
    // An hour-old sample, one of an AP whose clock stands at 1970, and one of an older agent there.
    let mut bench = Bench::settled();
    let wall = bench.now.wall_ms;
    let stations = |bench: &Bench| bench.ap("gym-1").stations;
    let before = stations(&bench);
    let boot = bench.report(&ap("gym-1")).boot;
    let tell = |bench: &mut Bench, seq, at_ms, age_ms, boot: &str| {
        let row = NetworkCounts {
            interface: "wlan0".to_owned(),
            ssid: "s".to_owned(),
            stations: 999,
            joins: 1,
            leaves: 0,
            so_far: None,
        };
        let counts = Counts {
            v: 1,
            ap: ap("gym-1"),
            boot: boot.to_owned(),
            seq,
            at_ms,
            interval_s: 30,
            age_ms,
            at_unsure: false,
            samples: 1,
            waiting: 0,
            mode: Mode::Normal,
            networks: vec![row],
        };
        let stored = bench.on(Event::Counted(counts)).into_iter().find_map(|action| match action {
            Action::StoreCounts(counts) => Some((counts.at_ms, counts.at_unsure)),
            _ => None,
        });
        stored.expect("kept")
    };
    assert_eq!(tell(&mut bench, 1_001, wall - 3_600_000, Some(3_600_000), &boot), (wall - 3_600_000, false));
    assert_eq!(tell(&mut bench, 1_002, 5_000, Some(7_200_000), &boot), (wall - 7_200_000, false));
    assert_eq!(tell(&mut bench, 3, wall - 86_400_000, None, "of-before"), (wall - 86_400_000, false));
    assert_eq!(tell(&mut bench, 4, 5_000, None, "of-before"), (wall, true));
    assert_eq!(stations(&bench), before, "nothing of this is how it is now");
}
