//! Random histories against the promises: whatever happens in whatever order, once the device is well it is as the
//! newest order wants it, and it was said so. The pretend device itself watches over the rest (see `sim`).

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::AgentState;
use proptest::prelude::*;

use super::Event;
use super::sim::{Bench, Line, Mood};
use crate::trouble::Status;

#[derive(Debug, Clone)]
enum Happening {
    Order(Mode),
    Pass { ms: u64 },
    Power(bool),
    Reboot,
    Mood(Mood),
    Line(Line),
    Meddle { row: u32, on: bool },
    Hint,
    Hurry(bool),
    SaveWorks(bool),
    BreaksOff(bool),
    Withholds(bool),
    Untold(bool),
    SaveHangs(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    let mode = prop_oneof![2 => Just(Mode::Normal), 1 => Just(Mode::Drill), 2 => Just(Mode::Disaster)];
    let mood = prop_oneof![
        Just(Mood::Obeys),
        Just(Mood::IsSlow),
        Just(Mood::Lies),
        Just(Mood::Halves),
        Just(Mood::Refuses(Status::GenErr)),
        Just(Mood::Refuses(Status::InconsistentValue)),
    ];
    let line = prop_oneof![
        2 => Just(Line::Fine),
        1 => Just(Line::LosesRequests),
        1 => Just(Line::LosesAnswers),
        1 => Just(Line::IsLate)
    ];
    prop_oneof![
        4 => mode.prop_map(Happening::Order),
        6 => prop_oneof![0..100_u64, 0..8_000_u64, 0..100_000_u64].prop_map(|ms| Happening::Pass { ms }),
        1 => any::<bool>().prop_map(Happening::Power),
        1 => Just(Happening::Reboot),
        2 => mood.prop_map(Happening::Mood),
        2 => line.prop_map(Happening::Line),
        1 => (5..7_u32, any::<bool>()).prop_map(|(row, on)| Happening::Meddle { row, on }),
        1 => Just(Happening::Hint),
        1 => any::<bool>().prop_map(Happening::Hurry),
        1 => any::<bool>().prop_map(Happening::SaveWorks),
        1 => any::<bool>().prop_map(Happening::BreaksOff),
        1 => any::<bool>().prop_map(Happening::Withholds),
        1 => any::<bool>().prop_map(Happening::Untold),
        1 => any::<bool>().prop_map(Happening::SaveHangs),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn once_the_device_is_well_it_is_as_the_newest_order_wants_it(history in prop::collection::vec(happening(), 1..40)) {
        let mut bench = Bench::new();
        let (mut number, mut wanted) = (0, None);
        for what in &history {
            match *what {
                Happening::Order(mode) => {
                    number += 1;
                    wanted = Some(mode);
                    bench.order(number, mode);
                }
                Happening::Pass { ms } => bench.pass(Duration::from_millis(ms)),
                Happening::Power(on) => bench.powered = on,
                Happening::Reboot => bench.reboot(),
                Happening::Mood(mood) => bench.mood = mood,
                Happening::Line(line) => bench.line = line,
                Happening::Meddle { row, on } => {
                    let row = bench.rows.get_mut(&row).expect("there");
                    (row.admin, row.on_air) = (on, on);
                }
                Happening::Hint => bench.on(Event::Hint),
                Happening::Hurry(hurry) => bench.on(Event::Hurry(hurry)),
                Happening::SaveWorks(works) => bench.save_works = works,
                Happening::BreaksOff(off) => bench.breaks_off = off,
                Happening::Withholds(withholds) => bench.withholds = withholds,
                Happening::Untold(untold) => bench.untold = untold,
                Happening::SaveHangs(hangs) => bench.save_hangs = hangs,
            }
            if wanted.is_none() {
                prop_assert!(bench.sets.is_empty(), "with no order, {:?}", bench.sets);
            }
        }
        bench.powered = true;
        bench.mood = Mood::Obeys;
        bench.line = Line::Fine;
        bench.save_works = true;
        bench.breaks_off = false;
        (bench.withholds, bench.untold, bench.save_hangs) = (false, false, false);
        bench.pass(Duration::from_secs(150));
        let report = bench.reports.last().expect("it is heard").clone();
        prop_assert!(bench.presences.last().is_some_and(|presence| presence.online));
        let Some(mode) = wanted else {
            prop_assert_eq!(report.state, AgentState::Empty);
            return Ok(());
        };
        prop_assert_eq!((report.told, report.running, report.state), (number, number, AgentState::Serving));
        prop_assert_eq!(report.mode, mode);
        prop_assert_eq!(bench.is_open(), Some(mode.is_open()));
        prop_assert_eq!(report.why.as_str(), "");
        // Nothing is done to what is as wanted; and what was done by us is saved.
        let (sets, ours) = (bench.sets.len(), !bench.sets.is_empty());
        bench.pass(Duration::from_secs(120));
        prop_assert_eq!(bench.sets.len(), sets);
        if ours && bench.log.last().is_some_and(|line| line == "saved") {
            bench.reboot();
            prop_assert_eq!(bench.is_open(), Some(mode.is_open()), "after a reboot");
        }
    }
}
