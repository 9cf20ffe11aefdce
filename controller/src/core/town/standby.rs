//! Several controllers in one town: one decides, the others stand by (docs/states.md, "Two controllers").
//!
//! A person's act is never left to another: it is ordered here and now, and makes this controller the one that decides.

use std::time::Duration;

use firmware_config::ident::ControllerId;
use firmware_config::wire::{Heartbeat, Order, Stamp};

use super::door::{LATER_TWIN_WAITS, Rival};
use super::{Exit, Town};
use crate::core::activation::{Activations, Source};
use crate::core::peers::{Lock, News};
use crate::core::retry::Retry;
use crate::core::{Action, Kind, Now};

impl Town {
    /// Whether we decide: the only one always does.
    pub(super) fn leads(&self) -> bool {
        self.watch.as_ref().is_none_or(crate::core::peers::Watch::is_active)
    }

    /// Whether anything may be decided here: by whoever decides, and by anybody of what a person did here.
    pub(super) fn may_decide(&self) -> bool {
        self.leads() || self.acted
    }

    /// Number of the newest order; 0 for none.
    pub(super) fn number(&self) -> u64 {
        self.newest.as_ref().map_or(0, |newest| newest.number)
    }

    pub(super) fn is_locked_out(&self) -> bool {
        self.watch.as_ref().is_some_and(crate::core::peers::Watch::is_locked_out)
    }

    pub(super) fn hears_an_active_one(&self, now: Now) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.hears_an_active_one(now.mono))
    }

    /// The key at this controller.
    pub(super) fn own_key(&self) -> Source {
        Source::Key(self.inventory.seat.as_ref().map(|seat| seat.id.clone()))
    }

    /// The same at 訓練.
    pub(super) fn own_drill_key(&self) -> Source {
        Source::DrillKey(self.inventory.seat.as_ref().map(|seat| seat.id.clone()))
    }

    /// Whether nobody can turn that key: it was taken off the wall for good, or its controller is not heard. What such a
    /// key opened a person may close; a controller that comes back with its key at 災害 opens again.
    pub(super) fn key_is_gone(&self, source: &Source, now: Now) -> bool {
        let (Source::Key(at) | Source::DrillKey(at)) = source else { return false };
        if *source == self.own_key() || *source == self.own_drill_key() {
            return !self.inventory.has_key;
        }
        at.as_ref().is_none_or(|at| self.watch.as_ref().is_none_or(|watch| !watch.hears(at, now.mono)))
    }

    /// A heartbeat came.
    pub(super) fn peer_heard(&mut self, heartbeat: &Heartbeat, now: Now) {
        let Some(watch) = &mut self.watch else {
            // Whoever is the only one and hears of another says so, and goes on.
            let from = format!("controller/{}", heartbeat.id);
            return self.refuse_message(&from, "another controller, and none is expected ([standby])", now);
        };
        match watch.hear(&self.inventory.town, heartbeat, now) {
            Ok(Some(number)) => {
                // Its number is given, whether or not its order arrives.
                self.highest = self.highest.max(number);
                // The broker took our order, as far as we saw, and has not passed it on, or the other gave another one
                // under that number: ours is said once more, for both to be brought together.
                let ours = self.newest.as_ref().and_then(Stamp::of);
                let another = number == self.number() && heartbeat.order.is_some() && heartbeat.order != ours;
                if (number < self.number() || another) && self.leads() && self.exit == Exit::Taken {
                    self.exit = Exit::Sent { again: Retry::first(now.mono) };
                }
            }
            Ok(None) => {}
            Err(why) => self.refuse_message(&format!("controller/{}", heartbeat.id), &why, now),
        }
    }

    /// The database spoke.
    pub(super) fn lock_is(&mut self, lock: Lock) {
        if let Some(watch) = &mut self.watch {
            watch.lock_is(lock);
        }
    }

    /// Time passed over the others.
    pub(super) fn watch_over(&mut self, now: Now) {
        let (number, acted) = (self.number(), self.acted);
        let Some(watch) = &mut self.watch else { return };
        let news = watch.look(number, now.mono);
        let over = !watch.is_active() && watch.takes_over_at(number).is_some_and(|at| at <= now.mono);
        if watch.want_lock(watch.is_active() || over || acted, now.mono) {
            let wanted = watch.is_active() || over || acted;
            self.actions.push(Action::Lock { wanted });
        }
        let (behind, forgot) = (watch.hears_one_behind(number, now.mono), watch.hears_one_that_forgot());
        let better = watch.better(number, now.mono).map(|(id, theirs)| (id.clone(), theirs));
        for piece in news {
            let (kind, of) = match piece {
                News::Came(id) => (Kind::PeerHeard, id),
                News::Went(id) => (Kind::PeerGone, id),
                News::SameRank(id) => {
                    self.refuse_message(
                        &format!("controller/{id}"),
                        "it has our rank; [standby] rank must differ",
                        now,
                    );
                    continue;
                }
            };
            self.write(now, kind, false, vec![("of", of.to_string())]);
        }
        if let Some((id, theirs)) = better.filter(|_| self.leads()) {
            self.steps_back(&id, &format!("it decides, and is at order {theirs}; we are at {number}"), now);
        } else if over && (!self.is_locked_out() || self.is_unsaid()) {
            self.takes_over("no other controller that decides is heard", now);
        } else if behind && self.is_its_own_unsaid() {
            self.takes_over("nobody has heard of our newest order", now);
        } else if forgot && !self.leads() {
            self.takes_over("the one that decides does not know our newest order", now);
        }
        if self.leads() && std::mem::take(&mut self.duties) {
            self.take_duties(now);
        }
        if let Some(watch) = &mut self.watch
            && let Some(heartbeat) = watch.beat(&self.inventory.town, self.newest.as_ref(), now.mono)
        {
            self.actions.push(Action::Beat(heartbeat));
        }
    }

    /// An order that somebody must say, and the broker does not have it. No lock is in the way of that.
    fn is_unsaid(&self) -> bool {
        self.newest.is_some() && matches!(self.exit, Exit::Sent { .. })
    }

    /// The same for one that a standby gave itself before it was killed: a person's act is in it.
    fn is_its_own_unsaid(&self) -> bool {
        self.is_unsaid() && self.is_silent_about_its_own()
    }

    fn is_silent_about_its_own(&self) -> bool {
        let issuer = self.newest.as_ref().and_then(|newest| newest.controller.as_ref());
        !self.leads() && issuer.zip(self.inventory.seat.as_ref()).is_some_and(|(issuer, seat)| issuer.id == seat.id)
    }

    fn takes_over(&mut self, why: &str, now: Now) {
        self.becomes_active(why, now);
        self.changed("took over".to_owned());
        self.publish = self.newest.is_some();
        self.exit = Exit::Sent { again: Retry::first(now.mono) };
    }

    /// We decide from now on.
    pub(super) fn becomes_active(&mut self, why: &str, now: Now) {
        let Some(watch) = self.watch.as_mut().filter(|watch| !watch.is_active()) else { return };
        watch.set_active(true, now);
        let of = watch.seat().id.to_string();
        self.duties = true;
        self.write(now, Kind::TookOver, false, vec![("of", of), ("why", why.to_owned())]);
    }

    /// Another one decides from now on.
    fn steps_back(&mut self, to: &ControllerId, why: &str, now: Now) {
        let number = self.number();
        let Some(watch) = self.watch.as_mut().filter(|watch| watch.is_active()) else { return };
        watch.set_active(false, now);
        watch.follows(to, number, now.mono);
        let of = watch.seat().id.to_string();
        // What was on its way out is the other's to say, or to replace.
        (self.publish, self.duties, self.exit) = (false, false, Exit::Taken);
        if let Some(newest) = self.newest.clone() {
            self.actions.push(Action::Watch(newest));
        }
        let fields = vec![("of", of), ("for", to.to_string()), ("why", why.to_owned())];
        self.write(now, Kind::SteppedBack, false, fields);
    }

    /// What the access points said while another one looked after it.
    fn take_duties(&mut self, now: Now) {
        self.facility_keys_at_start(now);
        let aps: Vec<_> = self.inventory.aps.iter().map(|ap| ap.id.clone()).collect();
        for ap in aps {
            self.facility_key_heard(&ap, now);
        }
    }

    /// An order signed by us that is not our newest and not below it.
    pub(super) fn learn(&mut self, seen: Order, now: Now) {
        match (&self.inventory.seat, seen.controller.clone()) {
            (Some(seat), Some(issuer)) => {
                let ours = issuer.id == seat.id;
                self.follow(seen, &issuer, ours, now);
            }
            _ => self.remember(seen, now),
        }
    }

    /// Our newest order is in force. What we hold and it does not tell of, a person did here before we were killed.
    pub(super) fn compare(&mut self) {
        let told = |newest: &Order| newest.activations == self.activations.notes();
        if !self.leads() && !self.acted && !self.newest.as_ref().is_none_or(told) {
            self.acted = true;
            self.changed("what was done here was not ordered yet".to_owned());
        }
    }

    /// What our store held before this start, and nobody else may have heard of, is joined to what is held now: whatever
    /// the others ordered meanwhile.
    pub(super) fn joins(&mut self, then: &Activations, now: Now) {
        self.activations.merge(&then.notes(), then.known(), false, now);
        if self.newest.as_ref().is_some_and(|newest| newest.activations != self.activations.notes()) {
            self.acted = true;
            self.changed("what the store knew of is in force too".to_owned());
        }
    }

    /// An order of one of several controllers, of another or of ourselves before we forgot.
    fn follow(&mut self, seen: Order, issuer: &firmware_config::wire::Issuer, ours: bool, now: Now) {
        let newer = self.newest.as_ref().is_none_or(|newest| seen.number > newest.number);
        if !newer && self.twin.as_ref() == Some(&seen) {
            return;
        }
        let place = |order: &Order| order.controller.as_ref().map(|of| (of.rank, of.id.clone(), order.issued_at_ms));
        let counts = newer || place(&seen) < self.newest.as_ref().and_then(place);
        let held = self.facility_keys_that_hold();
        let notes = self.activations.notes();
        self.activations.merge(&seen.activations, &issuer.heard, counts, now);
        self.facility_keys_follow(&held);
        self.drill_spent |= self.activations.of(&self.own_drill_key()).is_some();
        let (number, of) = (seen.number, issuer.id.to_string());
        let joined = self.activations.notes() != seen.activations;
        // Two orders of one number say the same only if each says what the other does: what the one told us and the other
        // ended is something between them too.
        let between = joined || notes != seen.activations;
        let kind = if ours { Kind::OrderRemembered } else { Kind::OrderFollowed };
        self.write(now, kind, false, vec![("number", number.to_string()), ("of", of.clone())]);
        // What we hold and the order does not tell of, or tells of and somebody here closed, is ours to order.
        let unsaid = if newer { joined } else { between && counts };
        // So are two orders of one number, of which we gave one, or whoever gave the other and forgot: standing by, nobody
        // else may know of both.
        let issuer_of = |order: &Order| order.controller.as_ref().map(|it| it.id.clone());
        let before = self.newest.as_ref().and_then(issuer_of);
        let own = self.inventory.seat.as_ref().is_some_and(|seat| before.as_ref() == Some(&seat.id));
        let twins = !newer && !self.leads() && (ours || (between && (own || before.as_ref() == Some(&issuer.id))));
        self.acted = unsaid || twins;
        // The same number, and nothing between the two but whose it is: the one that counts is the order, and for whoever
        // stands by it is the one that was said.
        if newer || (!ours && !between && (counts || !self.leads())) {
            self.mode_since_ms =
                Some(self.activations.decisive().map_or(seen.issued_at_ms, |decisive| decisive.since_ms));
            // Ours of that number is on its way still, and is no news when it comes back.
            let replaced = self.newest.take().filter(|_| !newer);
            self.take_order(seen.clone(), now);
            self.twin = replaced;
            self.fleet.released(now);
            if let Some(watch) = self.watch.as_mut().filter(|_| !ours) {
                watch.follows(&issuer.id, number, now.mono);
                self.steps_back(&issuer.id, &format!("its order {number} counts more"), now);
            }
            self.publish = self.leads();
            self.exit = Exit::Sent { again: Retry::first(now.mono) };
            if !self.leads() {
                self.actions.push(Action::Watch(seen));
            }
            return self.changed(format!("order {number} of {of} counts more"));
        }
        // A third one under our number puts off nothing: said in turn with the second, it would do so for ever.
        let under_way = self.twin.replace(seen).is_some();
        if counts && !ours && !under_way {
            self.steps_back(&issuer.id, &format!("order {number} was given by both"), now);
            // It is heard to bring both together; if it is not, we do, for the sake of what a person did here.
            let yield_until = now.mono + LATER_TWIN_WAITS;
            self.rival = Some(Rival { seen: now.mono, wait: Duration::ZERO, yield_until });
        }
        self.changed(format!("order {number} was given twice"));
    }
}
