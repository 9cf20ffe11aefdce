//! What this AP was told: the order it carries out, which offers it takes, when a drill is over.

use std::time::Duration;

use firmware_config::ident::{FacilityId, TownId};
use firmware_config::mode::Mode;
use firmware_config::wire::{Order, Period, TurnedAwayReason, WallMs, Wanted};

use super::Now;
use super::facility_key::KeyHeld;

/// No drill goes on for longer than this on one AP, whatever the order says: a day is more than any exercise takes.
pub const DRILL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// An order together with the signed text it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedOrder {
    /// Compact JWS, as it came.
    pub jws: String,
    /// What it says; the signature has been verified.
    pub order: Order,
}

/// What survives a power cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// The newest order that names this facility: the one carried out.
    pub order: Option<SignedOrder>,
    /// A newer order of the town that does not name this facility: only its number counts.
    pub newest: Option<SignedOrder>,
    /// Whether the drill in `order` has ended.
    pub drill_over: bool,
    /// What the key at this AP holds open, where it has one.
    pub key: KeyHeld,
}

/// What became of an offered order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out from now on.
    Accepted,
    /// It is the one held: nothing to do.
    SameAgain,
    /// Its number is remembered; it does not name this facility, which keeps what it has.
    NumberOnly(String),
    /// Nothing changes.
    TurnedAway(TurnedAwayReason, String),
}

/// When a drill ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DrillClock {
    /// At the latest then, by the monotonic clock.
    until_mono: Duration,
    /// Then, by the wall clock, where that is plausible.
    until_ms: i64,
    /// The wall clock is implausible before this: it was never set.
    issued_at_ms: i64,
}

impl DrillClock {
    fn start(order: &Order, wanted: &Wanted, now: Now) -> Option<Self> {
        let end = wanted.drill.filter(|_| wanted.mode == Mode::Drill)?;
        Some(Self {
            until_mono: now.mono.saturating_add(Duration::from_secs(end.for_s).min(DRILL_MAX)),
            until_ms: end.until_ms,
            issued_at_ms: order.issued_at_ms,
        })
    }

    fn is_over(self, now: Now) -> bool {
        now.mono >= self.until_mono || (now.wall_ms >= self.issued_at_ms && now.wall_ms >= self.until_ms)
    }

    /// When to look at the clocks again, by the monotonic one.
    fn next_wake(self, now: Now) -> Duration {
        let left_ms = u64::try_from(self.until_ms.saturating_sub(now.wall_ms)).unwrap_or(0);
        if now.wall_ms >= self.issued_at_ms {
            self.until_mono.min(now.mono.saturating_add(Duration::from_millis(left_ms)))
        } else {
            self.until_mono
        }
    }
}

/// The order held and everything that follows from it alone.
#[derive(Debug, Clone)]
pub struct Holding {
    town: TownId,
    facility: FacilityId,
    kept: Kept,
    drill: Option<DrillClock>,
}

impl Holding {
    /// Takes up what the ledger held. An order of another town is forgotten: the box has moved.
    #[must_use]
    pub fn new(town: TownId, facility: FacilityId, mut kept: Kept, now: Now) -> Self {
        let ours = |signed: &SignedOrder| signed.order.town == town;
        kept.order = kept.order.filter(ours);
        kept.newest = kept.newest.filter(ours);
        // The AP may have been moved to another facility since: the newest order that names it counts.
        let names_us = |signed: &SignedOrder| signed.order.facilities.contains_key(&facility);
        if kept.newest.as_ref().is_some_and(names_us) {
            kept.order = kept.newest.take();
            kept.drill_over = false;
        }
        if !kept.order.as_ref().is_some_and(names_us) {
            kept.newest = kept.newest.or(kept.order.take());
            kept.drill_over = false;
        }
        let mut holding = Self { town, facility, kept, drill: None };
        holding.start_drill_clock(now);
        // Never accepted by this program, but a ledger may be older than the program: a drill without an end is over.
        let endless = holding.drill.is_none() && holding.wanted().is_some_and(|(_, mode)| mode == Mode::Drill);
        holding.kept.drill_over |= endless;
        holding
    }

    fn start_drill_clock(&mut self, now: Now) {
        let clock = |signed: &SignedOrder| {
            let wanted = signed.order.facilities.get(&self.facility)?;
            DrillClock::start(&signed.order, wanted, now)
        };
        self.drill = if self.kept.drill_over { None } else { self.kept.order.as_ref().and_then(clock) };
    }

    /// What is to survive a power cut.
    #[must_use]
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    fn newest(&self) -> Option<&SignedOrder> {
        self.kept.newest.as_ref().or(self.kept.order.as_ref())
    }

    /// The signed text of the newest order accepted.
    #[must_use]
    pub fn newest_jws(&self) -> Option<&str> {
        self.newest().map(|signed| signed.jws.as_str())
    }

    /// Number of the newest order accepted; 0 for none ever. One that does not name this facility is not accepted.
    #[must_use]
    pub fn told(&self) -> u64 {
        self.kept.order.as_ref().map_or(0, |signed| signed.order.number)
    }

    /// When that order was made, by its controller's clock; none for none ever.
    #[must_use]
    pub fn told_issued_ms(&self) -> Option<WallMs> {
        self.kept.order.as_ref().map(|signed| signed.order.issued_at_ms)
    }

    /// Number of the order carried out and the mode it comes to now; none where nothing was ever ordered here.
    #[must_use]
    pub fn wanted(&self) -> Option<(u64, Mode)> {
        let order = &self.kept.order.as_ref()?.order;
        let mode = order.facilities.get(&self.facility)?.mode;
        Some((order.number, if self.kept.drill_over { Mode::Normal } else { mode }))
    }

    /// Whether the order opens this facility for nothing but what `by` held open.
    #[must_use]
    pub fn is_only_for(&self, by: &str) -> bool {
        let Some(signed) = &self.kept.order else { return false };
        let mut covering = signed.order.activations.iter().filter(|note| note.facilities.contains(&self.facility));
        covering.next().is_some_and(|note| note.by == by) && covering.all(|note| note.by == by)
    }

    /// The activations that cover this facility now, where they are what puts it in its mode.
    #[must_use]
    pub fn periods(&self) -> Vec<Period> {
        let (Some(signed), Some((_, mode))) = (&self.kept.order, self.wanted()) else { return Vec::new() };
        let notes = signed.order.activations.iter();
        notes
            .filter(|note| mode.is_open() && note.mode == mode && note.facilities.contains(&self.facility))
            .map(Period::of)
            .collect()
    }

    /// What else there is to say about it, for people.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        match (&self.kept.order, &self.kept.newest) {
            (Some(held), Some(newest)) => Some(format!(
                "order {} does not name facility {}; going on with order {}",
                newest.order.number, self.facility, held.order.number
            )),
            (None, Some(newest)) => {
                Some(format!("order {} does not name facility {}", newest.order.number, self.facility))
            }
            (Some(held), None) if self.kept.drill_over => {
                Some(format!("the drill of order {} has ended by itself", held.order.number))
            }
            _ => None,
        }
    }

    fn not_named(&self, number: u64) -> String {
        format!("order {number} does not name facility \"{}\"", self.facility)
    }

    /// An order whose signature holds is offered.
    pub fn offer(&mut self, offered: SignedOrder, now: Now) -> Verdict {
        let order = &offered.order;
        if order.town != self.town {
            let why = format!("order of town \"{}\"; this AP is in \"{}\"", order.town, self.town);
            return Verdict::TurnedAway(TurnedAwayReason::NotMine, why);
        }
        if order.number == 0 {
            let why = "order 0: orders are numbered from 1".to_owned();
            return Verdict::TurnedAway(TurnedAwayReason::Malformed, why);
        }
        if let Some(newest) = self.newest() {
            let held = newest.order.number;
            if order.number < held {
                let why = format!("order {} is older than order {held}, which is held", order.number);
                return Verdict::TurnedAway(TurnedAwayReason::Stale, why);
            }
            if *order == newest.order {
                // Said each time: whoever sends it again may not have heard why it was turned away.
                return match &self.kept.newest {
                    Some(_) => Verdict::TurnedAway(TurnedAwayReason::NotMine, self.not_named(held)),
                    None => Verdict::SameAgain,
                };
            }
            if order.number == held {
                let why = format!("another order {held}, with other content than the one held: who numbers twice?");
                return Verdict::TurnedAway(TurnedAwayReason::Conflicting, why);
            }
        }
        let Some(wanted) = order.facilities.get(&self.facility) else {
            let why = self.not_named(order.number);
            self.kept.newest = Some(offered);
            return Verdict::NumberOnly(why);
        };
        if wanted.mode == Mode::Drill && wanted.drill.is_none() {
            let why = format!("order {} is a drill without an end; a drill must carry its end", order.number);
            return Verdict::TurnedAway(TurnedAwayReason::Malformed, why);
        }
        self.kept = Kept { order: Some(offered), ..Kept::default() };
        self.start_drill_clock(now);
        Verdict::Accepted
    }

    /// Ends the drill if its time has come; says whether it ended just now.
    pub fn end_drill(&mut self, now: Now) -> bool {
        if !self.drill.is_some_and(|drill| drill.is_over(now)) {
            return false;
        }
        self.drill = None;
        self.kept.drill_over = true;
        true
    }

    /// When the clocks must be looked at again.
    #[must_use]
    pub fn next_wake(&self, now: Now) -> Option<Duration> {
        self.drill.map(|drill| drill.next_wake(now))
    }
}
