//! An order that is offered: taken, or turned away and said so.

use firmware_config::mode::Mode;
use firmware_config::wire::{TurnedAway, TurnedAwayReason};

use super::holding::{SignedOrder, Verdict};
use super::{Action, Agent, Now, brief};

impl Agent {
    pub(super) fn offered(&mut self, offered: SignedOrder, now: Now, actions: &mut Vec<Action>) {
        let number = offered.order.number;
        match self.holding.offer(offered, now) {
            Verdict::Accepted => {
                let mode = self.holding.wanted().map_or(Mode::Normal, |(_, mode)| mode);
                actions.push(Action::Log(format!("order accepted number={number} mode={mode}")));
                self.accepted(now);
                self.radios.wish_changed(now);
            }
            Verdict::SameAgain => {}
            Verdict::NumberOnly(why) => {
                self.accepted(now);
                self.turn_away(TurnedAwayReason::NotMine, &why, Some(number), actions);
            }
            Verdict::TurnedAway(reason, why) => {
                self.proof_asked |= matches!(reason, TurnedAwayReason::Stale | TurnedAwayReason::Conflicting);
                self.turn_away(reason, &why, Some(number), actions);
            }
        }
    }

    fn accepted(&mut self, now: Now) {
        self.proof_asked = false;
        self.ledger_remark = None;
        self.keeping.changed(now.mono);
    }

    pub(super) fn turn_away(
        &mut self,
        reason: TurnedAwayReason,
        why: &str,
        number: Option<u64>,
        actions: &mut Vec<Action>,
    ) {
        let count = self.turned_away.as_ref().map_or(0, |last| last.count) + 1;
        let why = brief(why);
        // The first of a kind, then ever more rarely: whoever floods us shall not fill a disk with it.
        let new = self.turned_away.as_ref().is_none_or(|last| (last.reason, last.number) != (reason, number));
        if new || count.is_power_of_two() {
            actions.push(Action::Log(format!("message turned away reason={reason:?} count={count} why={why:?}")));
        }
        self.turned_away = Some(TurnedAway { reason, why, number, count });
    }
}
