//! What comes in over the broker: reports, refusals, orders in our name, and the broker itself.

use std::time::Duration;

use firmware_config::wire::{Counts, Distinct, Order, Presence, Report, Sightings, TurnedAwayReason};

use super::{Exit, Town};
use crate::core::activation::Source;
use crate::core::fleet::Change;
use crate::core::inventory::Managed;
use crate::core::key::KeyPosition;
use crate::core::retry::Retry;
use crate::core::strangers::Deceit;
use crate::core::trim::place;
use crate::core::{Action, Kind, Now};

/// The order topic is put right at most once in this time: two controllers that both believe they are the one must not
/// race each other.
const RESTORED_ONCE_WITHIN: Duration = Duration::from_secs(10);

/// Orders in our name that are not ours, again within this time, are another controller's, not a lost store.
const RIVAL_WITHIN: Duration = Duration::from_secs(600);
const RIVAL_FIRST_WAIT: Duration = Duration::from_secs(2);
const RIVAL_WAIT_CAP: Duration = Duration::from_secs(60);

/// After two orders of one number, the later one's controller waits so much longer than the other for what follows: two
/// that go on at one moment would give the next number twice as well, and so for ever. More than a message takes there.
pub(super) const LATER_TWIN_WAITS: Duration = Duration::from_secs(3);

/// Somebody who signs with our key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rival {
    pub(super) seen: Duration,
    pub(super) wait: Duration,
    /// Steps that open nothing wait until then, longer each time: two keys at odds must not make the halls flicker.
    pub(super) yield_until: Duration,
}

impl Rival {
    /// Seen once more. The first time is a store that forgot, and is answered at once.
    fn again(last: Option<Self>, now: Duration) -> Self {
        let wait = match last {
            Some(last) if now.saturating_sub(last.seen) < RIVAL_WITHIN => {
                (last.wait * 2).clamp(RIVAL_FIRST_WAIT, RIVAL_WAIT_CAP)
            }
            _ => Duration::ZERO,
        };
        Self { seen: now, wait, yield_until: now + wait }
    }
}

impl Town {
    pub(super) fn reported(&mut self, mut report: Report, by: (Managed, Option<u32>), now: Now) {
        let id = report.ap.clone();
        let ap = id.to_string();
        let keyless = by.0 == Managed::Agent && self.fleet.keyed_at(&id).is_none();
        // The rest of it counts: an AP whose own files name a key that the inventory does not is heard all the same.
        let claim = report.facility_key.take_if(|_| keyless);
        let heard = self.fleet.reported(report, by, now);
        match by.0 {
            Managed::Agent if self.leads() => self.facility_key_heard(&id, now),
            Managed::Agent => self.facility_key_named(&id),
            Managed::Snmp => {}
        }
        if let Some(key) = claim.filter(|_| heard.is_ok()) {
            self.facility_key_refused(&id, &key, now);
        }
        let turned_away = heard.as_ref().ok().and_then(|heard| heard.turned_away.clone());
        self.heard("report", &ap, heard.map(|heard| heard.change), now);
        let Some((turned, untold)) = turned_away else { return };
        // Each reason by itself: a forgery must not be the last word on a replay.
        let source = format!("turned away by {ap} as {}", reason(turned.reason));
        let Some(more) = self.refusals.admit(&source, untold, now.mono) else { return };
        let fields = vec![
            ("ap", ap),
            ("reason", reason(turned.reason).to_owned()),
            ("why", turned.why),
            ("more", more.to_string()),
        ];
        self.write(now, Kind::ApRefusedMessage, false, fields);
    }

    pub(super) fn presence(&mut self, presence: &Presence, by: Managed, now: Now) {
        let heard = self.fleet.presence(presence, by, now);
        self.heard("presence", presence.ap.as_str(), heard, now);
    }

    pub(super) fn counted(&mut self, mut counts: Counts, by: Managed, now: Now) {
        let heard = self.fleet.counted(&counts, by, now);
        if self.heard("counts", counts.ap.as_str(), heard, now) {
            place(&mut counts, now.wall_ms);
            if by != Managed::Agent {
                // A deputy's clock is ours: it vouches for nothing.
                counts.age_ms = None;
            }
            self.actions.push(Action::StoreCounts(counts));
        }
    }

    /// Sketches came: from an AP, or from a broker that kept them. That an AP is there now they do not say.
    pub(super) fn sketched(&mut self, distinct: Distinct, now: Now) {
        let Distinct { ap, activations, .. } = distinct;
        let outcome = self.fleet.facility_of(&ap, Managed::Agent).cloned().and_then(|facility| {
            let (kept, outcome) = self.books.take(&ap, &facility, activations);
            self.actions.extend(kept.into_iter().map(Action::StoreSketch));
            outcome
        });
        if let Err(why) = outcome {
            self.refuse_message(&format!("ap/{ap}/distinct"), &why, now);
        }
    }

    /// An AP heard networks on the air.
    pub(super) fn overheard(&mut self, sightings: Sightings, now: Now) {
        let by = sightings.ap.clone();
        match self.fleet.overheard(sightings, now) {
            Ok((strange, changes)) => {
                for change in changes {
                    self.stands(change, now);
                }
                for it in strange {
                    self.strangers.heard(&by, it, now);
                }
            }
            Err(why) => self.refuse_message(&format!("ap/{by}/sightings"), &why, now),
        }
    }

    /// What was left open, and what others send.
    pub(super) fn look_at_the_air(&mut self, now: Now) {
        let (begun, ended) = self.fleet.take_left_open(now);
        for (kind, it) in begun
            .into_iter()
            .map(|it| (Kind::LeftOpen, it))
            .chain(ended.into_iter().map(|it| (Kind::LeftOpenEnded, it)))
        {
            let fields = vec![("ap", it.ap.to_string()), ("facility", it.facility.to_string())];
            self.write(now, kind, false, fields);
        }
        let fleet = &self.fleet;
        self.strangers.forget(|bssid| fleet.is_ours(bssid));
        for it in self.strangers.look(self.mode().is_open(), now.mono) {
            let what = it.kind();
            let (why, why_en) = match it.deceit {
                Deceit::SameName => Default::default(),
                Deceit::LookAlike(why) => (why.words_ja(), why.words_en()),
            };
            let source = format!("{what} heard by {}", it.by);
            let Some(more) = self.refusals.admit(&source, 0, now.mono) else { continue };
            let fields = vec![
                ("what", what.to_owned()),
                ("ap", it.by.to_string()),
                ("ssid", it.ssid.to_string()),
                ("bssid", it.bssid.to_string()),
                ("channel", it.channel.to_string()),
                ("signal", it.signal_dbm.to_string()),
                ("why", why),
                ("why_en", why_en),
                ("more", more.to_string()),
            ];
            self.write(now, Kind::StrangeNetwork, false, fields);
        }
    }

    /// An AP was heard, or somebody who is none of ours; whether it was ours.
    pub(super) fn heard(&mut self, what: &str, ap: &str, heard: Result<Option<Change>, String>, now: Now) -> bool {
        match heard {
            Ok(change) => {
                if let Some(change) = change {
                    self.stands(change, now);
                }
                true
            }
            Err(why) => {
                self.refuse_message(&format!("ap/{ap}/{what}"), &why, now);
                false
            }
        }
    }

    pub(super) fn refuse_message(&mut self, from: &str, why: &str, now: Now) {
        let _counted = self.refuse_told(from, why, now);
    }

    /// As [`Self::refuse_message`]; whether it was written down, and not only counted.
    pub(super) fn refuse_told(&mut self, from: &str, why: &str, now: Now) -> bool {
        let Some(more) = self.refusals.admit(from, 0, now.mono) else { return false };
        let short = |text: &str| text.chars().take(crate::core::refusals::SOURCE_MAX).collect();
        let fields = vec![("from", short(from)), ("why", short(why)), ("more", more.to_string())];
        self.write(now, Kind::MessageRefused, false, fields);
        true
    }

    pub(super) fn broker(&mut self, outcome: Result<(), String>, now: Now) {
        self.fleet.broker(outcome.is_ok(), now);
        if let Some(watch) = &mut self.watch {
            watch.broker(outcome.is_ok(), now.mono);
        }
        self.broker_up = outcome.is_ok();
        match outcome {
            Ok(()) => {
                // Ruling 2: nothing depends on what the broker remembers. It is told again whatever it says.
                if !matches!(self.exit, Exit::Waits { .. }) {
                    self.publish = true;
                    self.exit = Exit::Sent { again: Retry::first(now.mono) };
                }
                if self.broker_lost.take().is_some() {
                    self.write(now, Kind::BrokerBack, false, Vec::new());
                }
            }
            Err(why) => {
                if self.exit == Exit::Taken {
                    self.exit = Exit::Sent { again: Retry::first(now.mono) };
                }
                match &mut self.broker_lost {
                    Some((_, known)) => *known = why,
                    lost => {
                        *lost = Some((now.wall_ms, why.clone()));
                        self.write(now, Kind::BrokerLost, false, vec![("why", why)]);
                    }
                }
            }
        }
    }

    /// An order signed by us that somebody else holds: it teaches us what we forgot, and nothing of the broker.
    pub(super) fn own_order_held(&mut self, held: Order, now: Now) {
        let ours = self.newest.as_ref().map_or(0, |newest| newest.number);
        if held.town == self.inventory.town && held.number >= ours && self.newest.as_ref() != Some(&held) {
            self.learn(held, now);
        }
    }

    /// An order signed by us stands on the broker.
    pub(super) fn own_order_seen(&mut self, seen: Order, now: Now) {
        if seen.town != self.inventory.town {
            let why = format!("signed by us, for the town \"{}\"", seen.town);
            return self.restore_order(why, now);
        }
        let ours = self.newest.as_ref().map_or(0, |newest| newest.number);
        if self.newest.as_ref() == Some(&seen) {
            if !matches!(self.exit, Exit::Waits { .. }) {
                self.exit = Exit::Taken;
            }
            self.compare();
        } else if seen.number < ours {
            // The echo of an earlier order, on its way while ours is, is nothing; ours replaced by it is.
            if self.exit == Exit::Taken {
                self.restore_order(format!("order {} stood where {ours} belongs", seen.number), now);
            }
        } else {
            let number = seen.number;
            self.learn(seen, now);
            // Whoever stands by leaves it to the other that the broker keeps it.
            if !self.leads() && self.number() == number {
                self.exit = Exit::Taken;
            }
        }
    }

    /// Something stands on the order topic that is not our newest order: ours is published again.
    pub(super) fn restore_order(&mut self, why: String, now: Now) {
        if !self.leads() || self.newest.is_none() || matches!(self.exit, Exit::Waits { .. }) {
            return;
        }
        if self.restored_at.is_some_and(|at| now.mono.saturating_sub(at) < RESTORED_ONCE_WITHIN) {
            // The tries that go on until the broker holds it put it right soon enough.
            if self.exit == Exit::Taken {
                self.exit = Exit::Sent { again: Retry::first(now.mono) };
            }
            return;
        }
        self.restored_at = Some(now.mono);
        self.publish = true;
        self.exit = Exit::Sent { again: Retry::first(now.mono) };
        self.write(now, Kind::OrderRestored, self.order_drill, vec![("why", why)]);
    }

    /// An order of ours that we know nothing of: the store was lost, or is older than the town. What people had opened
    /// stays open (ruling 4), and our next number is above it (ruling 9).
    pub(super) fn remember(&mut self, seen: Order, now: Now) {
        let newer = self.newest.as_ref().is_none_or(|newest| seen.number > newest.number);
        if !newer && self.twin.as_ref() == Some(&seen) {
            // Every AP that follows it shows it; that is known, and a higher number is on its way.
            return;
        }
        // A third one under our number puts off nothing: shown in turn with the second, it would do so for ever.
        let under_way = !newer && self.twin.is_some();
        if !under_way {
            self.rival = Some(Rival::again(self.rival, now.mono));
        }
        let position = self.watchman.swears().filter(|_| self.isolated.is_none() && self.key_waits.is_none());
        // A key that can be asked is asked; one that cannot is believed to stand where it stood.
        let believes = |source: &Source| match source {
            Source::Key(_) => position.is_none_or(|position| position == KeyPosition::Disaster),
            Source::DrillKey(_) => position.is_none_or(|position| position == KeyPosition::Drill),
            Source::FacilityKey(ap) => {
                self.fleet.key_report(ap).is_none_or(|(_, key)| key.is_some_and(|key| key.open.is_some()))
            }
            Source::Operator(_) => true,
        };
        self.activations.adopt(&seen.activations, newer, believes, now);
        self.drill_spent |= self.activations.of(&self.own_drill_key()).is_some();
        let fields = vec![("number", seen.number.to_string())];
        self.write(now, Kind::OrderRemembered, false, fields);
        let number = seen.number;
        if !newer {
            // Both controllers see the same two, and agree on who is the later.
            let rank = |order: &Order| (order.issued_at_ms, firmware_config::wire::write(order));
            let later = !under_way && self.newest.as_ref().map(rank) > Some(rank(&seen));
            if let Some(rival) = self.rival.as_mut().filter(|_| later) {
                rival.yield_until += LATER_TWIN_WAITS;
            }
            // Whoever follows the one turns the other away: neither is said again, a higher number brings all together.
            self.twin = Some(seen);
            return self.changed(format!("order {number} was given twice"));
        }
        self.mode_since_ms = Some(self.activations.decisive().map_or(seen.issued_at_ms, |decisive| decisive.since_ms));
        self.take_order(seen, now);
        self.publish = true;
        self.fleet.released(now);
        self.exit = Exit::Sent { again: Retry::first(now.mono) };
        self.changed(format!("order {number} was found, signed by us and newer than our store"));
    }
}

/// The word on the wire.
fn reason(reason: TurnedAwayReason) -> &'static str {
    match reason {
        TurnedAwayReason::Malformed => "malformed",
        TurnedAwayReason::Forged => "forged",
        TurnedAwayReason::NotMine => "not-mine",
        TurnedAwayReason::Stale => "stale",
        TurnedAwayReason::Conflicting => "conflicting",
    }
}
