//! Random histories against the promises of rulings 6, 9 and 11: whatever happens in whatever order, once it is quiet
//! the air is as the newest order wants it, and nothing ever went back.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::AgentState;
use proptest::prelude::*;

use super::sim::{Ap, ISSUED_MS, Mood, RADIOS, Up, order, order_for};
use super::{Event, Heard};

#[derive(Debug, Clone)]
enum Happening {
    Offer { number: u64, mode: Mode, names_us: bool },
    Pass { ms: u64 },
    KillHostapd,
    StartHostapd,
    Mood { radio: usize, mood: Mood },
    LookFails(bool),
    Meddle { radio: usize, add: bool, told: bool },
    Flash { full: bool },
    Broker { up: bool },
    WallClock { ms: i64 },
    Reboot,
}

fn happening() -> impl Strategy<Value = Happening> {
    let mode = prop_oneof![Just(Mode::Normal), Just(Mode::Drill), Just(Mode::Disaster)];
    let mood = prop_oneof![Just(Mood::Obeys), Just(Mood::Refuses), Just(Mood::Lies), Just(Mood::IsSlow)];
    prop_oneof![
        4 => (1..12_u64, mode, prop::bool::weighted(0.8))
            .prop_map(|(number, mode, names_us)| Happening::Offer { number, mode, names_us }),
        4 => prop_oneof![0..2_000_u64, 0..700_000_u64].prop_map(|ms| Happening::Pass { ms }),
        1 => Just(Happening::KillHostapd),
        2 => Just(Happening::StartHostapd),
        1 => (0..RADIOS.len(), mood).prop_map(|(radio, mood)| Happening::Mood { radio, mood }),
        1 => any::<bool>().prop_map(Happening::LookFails),
        1 => (0..RADIOS.len(), any::<bool>(), any::<bool>())
            .prop_map(|(radio, add, told)| Happening::Meddle { radio, add, told }),
        1 => any::<bool>().prop_map(|full| Happening::Flash { full }),
        1 => any::<bool>().prop_map(|up| Happening::Broker { up }),
        1 => prop_oneof![Just(0), Just(ISSUED_MS), Just(ISSUED_MS + 300_000), Just(4_000_000_000_000)]
            .prop_map(|ms| Happening::WallClock { ms }),
        1 => Just(Happening::Reboot),
    ]
}

/// What the promises say the AP must hold, told by the simplest means.
#[derive(Debug, Default)]
struct Model {
    /// Newest number heard of.
    highest: u64,
    /// Number and mode of the newest order that names us.
    held: Option<(u64, Mode)>,
}

impl Model {
    fn offer(&mut self, number: u64, mode: Mode, names_us: bool) {
        if number > self.highest {
            self.highest = number;
            if names_us {
                self.held = Some((number, mode));
            }
        }
    }
}

fn happen(ap: &mut Ap, model: &mut Model, what: &Happening) {
    match *what {
        Happening::Offer { number, mode, names_us } => {
            model.offer(number, mode, names_us);
            ap.offer(if names_us { order(number, mode) } else { order_for("gakkou", number, mode) });
        }
        Happening::Pass { ms } => ap.pass(Duration::from_millis(ms)),
        Happening::KillHostapd => ap.kill_hostapd(),
        Happening::StartHostapd => ap.start_hostapd(),
        Happening::Mood { radio, mood } => {
            ap.moods.insert(RADIOS[radio].to_owned(), mood);
        }
        Happening::LookFails(fails) => ap.look_fails = fails,
        Happening::Meddle { radio, add, told } => {
            if !ap.hostapd_up {
                return;
            }
            if add {
                ap.air.insert(RADIOS[radio].to_owned(), Up::good());
            } else {
                ap.air.remove(RADIOS[radio]);
            }
            if told {
                ap.on(Event::Heard(Heard::AirChanged));
            }
        }
        Happening::Flash { full } => ap.flash_full = full,
        Happening::Broker { up } => {
            if up {
                ap.connect();
            } else {
                ap.disconnect();
            }
        }
        Happening::WallClock { ms } => ap.now.wall_ms = ms,
        Happening::Reboot => {
            ap.reboot();
            // What never reached the flash is forgotten; the broker's retained order will tell it again.
            let number = |signed: &Option<_>| {
                signed.as_ref().map_or(0, |signed: &super::holding::SignedOrder| signed.order.number)
            };
            model.highest = number(&ap.flash.order).max(number(&ap.flash.newest));
            let mode = |signed: &super::holding::SignedOrder| {
                let wanted = signed.order.facilities.values().next().expect("one facility");
                (signed.order.number, wanted.mode)
            };
            model.held = ap.flash.order.as_ref().map(mode);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn once_it_is_quiet_the_air_is_as_the_newest_order_wants_it(history in prop::collection::vec(happening(), 1..40)) {
        let (mut ap, mut model) = (Ap::new(), Model::default());
        let mut told = 0;
        for what in &history {
            let asked_before = ap.asked.len();
            happen(&mut ap, &mut model, what);
            let asked = &ap.asked[asked_before..];
            if model.held.is_none() {
                prop_assert!(asked.is_empty(), "with no order, {asked:?} after {what:?}");
            }
            // The only way off the air is an order, or the end of a drill.
            if matches!(model.held, Some((_, Mode::Disaster))) && !matches!(what, Happening::Reboot) {
                let removed = asked.iter().any(|asked| asked.starts_with('-'));
                prop_assert!(!removed, "a disaster was rolled back: {asked:?} after {what:?}");
            }
            if !matches!(what, Happening::Reboot) {
                prop_assert!(ap.agent.holding.told() >= told, "the number fell after {what:?}");
            }
            told = ap.agent.holding.told();
            prop_assert_eq!(told, model.held.map_or(0, |(number, _)| number));
        }
        // Everything is mended, and the town is quiet.
        ap.moods.clear();
        ap.look_fails = false;
        ap.flash_full = false;
        ap.start_hostapd();
        ap.connect();
        ap.pass(Duration::from_secs(90));
        let report = ap.told();
        let Some((number, mode)) = model.held else {
            prop_assert_eq!(report.state, AgentState::Empty);
            return Ok(());
        };
        prop_assert_eq!((report.told, report.running, report.state), (number, number, AgentState::Serving));
        prop_assert_eq!(ap.is_open(), report.mode.is_open());
        prop_assert_eq!(ap.open().is_empty(), !report.mode.is_open());
        // A drill may be over by now; nothing else is ever other than ordered.
        prop_assert!(report.mode == mode || (mode, report.mode) == (Mode::Drill, Mode::Normal));
        prop_assert_eq!(ap.flash.order.as_ref().map(|signed| signed.order.number), Some(number));
        ap.pass(Duration::from_secs(601));
        if mode == Mode::Drill {
            prop_assert!(ap.open().is_empty(), "a drill goes on");
        }
        ap.reboot();
        ap.pass(Duration::from_secs(30));
        prop_assert_eq!(ap.is_open(), mode == Mode::Disaster, "after a reboot");
    }
}
