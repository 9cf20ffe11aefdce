//! Everything that is going to be done to the town, drawn from one seed before it begins: the same seed, the same list.

use std::time::Duration;

use crate::cables::Cut;
use crate::panel::Turn;
use crate::people::Dice;

/// Quiet at the beginning: the first disturbance meets a town that stands.
const FIRST: Duration = Duration::from_secs(2);
/// Between one disturbance and the next, in milliseconds: 1,000 of them take about eleven minutes.
const APART_MS: (u64, u64) = (400, 900);
/// Between one movement of the key and the next.
const KEY_APART_MS: (u64, u64) = (1_500, 7_000);
/// Between one act of the operator and the next.
const OPERATOR_APART_MS: (u64, u64) = (3_000, 9_000);
/// What was disturbed is left alone this long, so that it can be seen to come right.
const REST_AP_MS: u64 = 1_000;
/// The same for what everybody hangs on.
const REST_ALL_MS: u64 = 4_500;
/// The operator's screen needs a controller that has come up, and that lives to answer.
const DESK_MS: (u64, u64) = (2_500, 1_500);

/// What can be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SIGKILL to an agent.
    AgentKilled,
    /// SIGSTOP to an agent, SIGCONT after a while.
    AgentFrozen,
    /// A facility's cable pulled out.
    CarrierCut,
    /// A facility's cable cut without anybody being told.
    SilentCut,
    /// SIGKILL to the controller.
    ControllerKilled,
    /// SIGSTOP to the controller.
    ControllerFrozen,
    /// SIGKILL to the broker, which forgets everything.
    BrokerKilled,
    /// SIGSTOP to the broker.
    BrokerFrozen,
    /// hostapd dies and comes back knowing nothing.
    RadioKilled,
    /// An access point without power: agent and hostapd.
    PowerCut,
}

/// Kind, weight, shortest and longest time until it is made good (in milliseconds).
const KINDS: [(Kind, u64, u64, u64); 10] = [
    (Kind::AgentKilled, 34, 50, 4_000),
    (Kind::AgentFrozen, 16, 300, 9_000),
    (Kind::CarrierCut, 9, 500, 12_000),
    (Kind::SilentCut, 11, 500, 20_000),
    (Kind::ControllerKilled, 8, 0, 4_000),
    (Kind::ControllerFrozen, 4, 300, 6_000),
    (Kind::BrokerKilled, 5, 50, 6_000),
    (Kind::BrokerFrozen, 4, 300, 9_000),
    (Kind::RadioKilled, 4, 100, 3_000),
    (Kind::PowerCut, 5, 300, 5_000),
];

impl Kind {
    /// All of them.
    #[must_use]
    pub fn all() -> [Self; KINDS.len()] {
        KINDS.map(|(kind, ..)| kind)
    }

    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AgentKilled => "agent killed",
            Self::AgentFrozen => "agent stopped",
            Self::CarrierCut => "network cut (carrier)",
            Self::SilentCut => "network cut (silent)",
            Self::ControllerKilled => "controller killed",
            Self::ControllerFrozen => "controller stopped",
            Self::BrokerKilled => "broker killed",
            Self::BrokerFrozen => "broker stopped",
            Self::RadioKilled => "hostapd killed",
            Self::PowerCut => "AP without power",
        }
    }

    /// How the cable is cut, where it is one.
    #[must_use]
    pub fn cut(self) -> Option<Cut> {
        match self {
            Self::CarrierCut => Some(Cut::Carrier),
            Self::SilentCut => Some(Cut::Silent),
            _ => None,
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Break it; `at` is the number of the access point or of the facility, 0 where there is only one.
    Break(Kind, usize),
    /// Make it good.
    Mend(Kind, usize),
    /// Turn the key.
    Turn(Turn),
    /// The operator opens this facility, or closes it where it is open by the operator.
    Operate(usize),
}

/// How large the town is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Access points.
    pub aps: usize,
    /// Facilities.
    pub facilities: usize,
}

/// Until when each thing is not to be touched again.
struct Busy {
    aps: Vec<Duration>,
    cables: Vec<Duration>,
    controller: Duration,
    broker: Duration,
}

impl Busy {
    fn of(&mut self, kind: Kind) -> &mut [Duration] {
        match kind {
            Kind::AgentKilled | Kind::AgentFrozen | Kind::RadioKilled | Kind::PowerCut => &mut self.aps,
            Kind::CarrierCut | Kind::SilentCut => &mut self.cables,
            Kind::ControllerKilled | Kind::ControllerFrozen => std::slice::from_mut(&mut self.controller),
            Kind::BrokerKilled | Kind::BrokerFrozen => std::slice::from_mut(&mut self.broker),
        }
    }
}

/// Everything to do and when, in order: `kills` disturbances, each made good, and hands on key and screen all the while.
#[must_use]
pub fn draw(seed: u64, kills: usize, size: Size) -> Vec<(Duration, Step)> {
    let mut dice = Dice::new(seed);
    let mut busy = Busy {
        aps: vec![Duration::ZERO; size.aps],
        cables: vec![Duration::ZERO; size.facilities],
        controller: Duration::ZERO,
        broker: Duration::ZERO,
    };
    let (mut steps, mut desk_closed) = (Vec::new(), Vec::new());
    let mut at = FIRST;
    for _ in 0..kills {
        let (kind, which, lasts) = loop {
            at += between(&mut dice, APART_MS);
            let (kind, shortest, longest) = draw_kind(&mut dice);
            let free: Vec<usize> =
                (0..).zip(busy.of(kind)).filter(|(_, until)| **until <= at).map(|(n, _)| n).collect();
            if let Some(which) = pick(&mut dice, &free) {
                break (kind, which, between(&mut dice, (shortest, longest)));
            }
        };
        let for_all = !matches!(kind, Kind::AgentKilled | Kind::AgentFrozen | Kind::RadioKilled | Kind::PowerCut);
        let rest = Duration::from_millis(if for_all { REST_ALL_MS } else { REST_AP_MS });
        busy.of(kind)[which] = at + lasts + rest;
        if matches!(kind, Kind::ControllerKilled | Kind::ControllerFrozen) {
            desk_closed.push((at, at + lasts));
        }
        steps.push((at, Step::Break(kind, which)));
        steps.push((at + lasts, Step::Mend(kind, which)));
    }
    let end = at;
    hands(&mut dice, end, size, &desk_closed, &mut steps);
    // Stable: what is drawn for the same moment stays in its order.
    steps.sort_by_key(|(at, _)| *at);
    steps
}

/// Key and operator, until `end`.
fn hands(
    dice: &mut Dice,
    end: Duration,
    size: Size,
    closed: &[(Duration, Duration)],
    steps: &mut Vec<(Duration, Step)>,
) {
    let mut key = Turn::Normal;
    let mut at = FIRST / 2;
    while at < end {
        let elsewhere: Vec<Turn> =
            [Turn::Normal, Turn::Normal, Turn::Disaster, Turn::Drill].into_iter().filter(|turn| *turn != key).collect();
        key = elsewhere[usize::try_from(dice.roll()).unwrap_or(usize::MAX) % elsewhere.len()];
        steps.push((at, Step::Turn(key)));
        at += between(dice, KEY_APART_MS);
    }
    let (before, after) = (Duration::from_millis(DESK_MS.0), Duration::from_millis(DESK_MS.1));
    let mut at = FIRST;
    while at < end {
        let which = usize::try_from(dice.roll()).unwrap_or(usize::MAX) % size.facilities;
        if !closed.iter().any(|(from, to)| at + after > *from && at < *to + before) {
            steps.push((at, Step::Operate(which)));
        }
        at += between(dice, OPERATOR_APART_MS);
    }
}

fn draw_kind(dice: &mut Dice) -> (Kind, u64, u64) {
    let mut left = dice.roll() % KINDS.iter().map(|(_, weight, ..)| weight).sum::<u64>();
    let drawn = KINDS.iter().find(|(_, weight, ..)| {
        let found = left < *weight;
        left = left.saturating_sub(*weight);
        found
    });
    let (kind, _, shortest, longest) = drawn.expect("less than the sum of the weights is within one of them");
    (*kind, *shortest, *longest)
}

fn pick(dice: &mut Dice, of: &[usize]) -> Option<usize> {
    let roll = usize::try_from(dice.roll() >> 1).unwrap_or(usize::MAX);
    (!of.is_empty()).then(|| of[roll % of.len()])
}

fn between(dice: &mut Dice, (least, most): (u64, u64)) -> Duration {
    Duration::from_millis(least + dice.roll() % (most - least + 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const TOWN: Size = Size { aps: 27, facilities: 6 };

    /// Shows that a seed names one list, that every kind occurs in a long one, that everything broken is made good, and
    /// that nothing is broken twice at once.
    #[test]
    fn a_seed_names_one_list_and_everything_broken_is_made_good() {
        assert_eq!(draw(7, 200, TOWN), draw(7, 200, TOWN));
        assert_ne!(draw(7, 200, TOWN), draw(8, 200, TOWN));
        let steps = draw(7, 1_000, TOWN);
        let mut broken = BTreeMap::new();
        let mut occurred = BTreeMap::new();
        for (at, step) in &steps {
            match step {
                Step::Break(kind, which) => {
                    assert_eq!(broken.insert((*kind, *which), *at), None, "{kind:?} of {which} at {at:?}");
                    *occurred.entry(*kind).or_insert(0) += 1;
                }
                Step::Mend(kind, which) => assert!(broken.remove(&(*kind, *which)).is_some_and(|since| since <= *at)),
                Step::Turn(_) | Step::Operate(_) => {}
            }
        }
        assert_eq!(broken, BTreeMap::new());
        assert_eq!(occurred.values().sum::<u32>(), 1_000);
        for kind in Kind::all() {
            assert!(occurred.get(&kind) > Some(&10), "{kind:?}: {occurred:?}");
        }
        let long = steps.last().expect("steps").0;
        assert!((Duration::from_secs(500)..Duration::from_secs(1000)).contains(&long), "{long:?}");
    }
}
