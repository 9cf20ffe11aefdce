//! What people do in the town: turn the key, ask through a screen; and drills that end by themselves.

use std::collections::BTreeSet;

use firmware_config::ident::FacilityId;
use firmware_config::key::KeyNews;
use firmware_config::mode::Mode;

use super::Town;
use crate::core::activation::{Activation, Activations, Given, Source};
use crate::core::asks::{self, Grant};
use crate::core::key::{KeyFault, KeyPosition};
use crate::core::{Action, Ask, Kind, Now, Remembered};

impl Town {
    /// The contacts were read, or could not be.
    pub(super) fn key_read(&mut self, says: Result<KeyPosition, KeyFault>, now: Now) {
        let news = self.watchman.read(says, now);
        self.key_news(news, now);
    }

    /// Time passed over the key.
    pub(super) fn key_looked(&mut self, now: Now) {
        let news = self.watchman.look(now);
        self.key_news(news, now);
        self.key_waits.take_if(|until| *until <= now.mono);
        if let Some(position) = self.watchman.swears().filter(|_| self.isolated.is_none()) {
            self.key_stands(position, now);
        }
    }

    fn key_news(&mut self, news: Vec<KeyNews>, now: Now) {
        for piece in news {
            let (kind, drill, fields) = match piece {
                KeyNews::Turned { from, to } => {
                    if to != KeyPosition::Drill {
                        self.drill_spent = false;
                    }
                    let drill =
                        to == KeyPosition::Drill || (from == Some(KeyPosition::Drill) && to == KeyPosition::Normal);
                    let from = from.map_or("", KeyPosition::as_str).to_owned();
                    (Kind::KeyTurned, drill, vec![("from", from), ("to", to.as_str().to_owned())])
                }
                KeyNews::Faulted(fault) => {
                    let why = if let KeyFault::Unreadable(why) = &fault { why.clone() } else { String::new() };
                    (Kind::KeyFault, false, vec![("fault", fault.as_str().to_owned()), ("why", why)])
                }
                KeyNews::Mended(position) => (Kind::KeyMended, false, vec![("position", position.as_str().to_owned())]),
            };
            self.write(now, kind, drill, fields);
            self.archive.changed();
        }
    }

    /// Ruling 2, levels, not edges: the position itself says what the key holds open, however it came there.
    fn key_stands(&mut self, position: KeyPosition, now: Now) {
        let (key, drill_key) = (self.own_key(), self.own_drill_key());
        let leaves =
            [(key.clone(), position != KeyPosition::Disaster), (drill_key.clone(), position != KeyPosition::Drill)];
        for (source, leaves) in leaves {
            if leaves && self.key_waits.is_none() {
                self.close_all(&source, "", now);
            }
        }
        let drill = match position {
            KeyPosition::Disaster if self.activations.of(&key).is_none() => None,
            KeyPosition::Disaster if !self.covered => {
                // A hall that became a shelter while the controller was down.
                self.covered = true;
                if self.activations.cover(&key, &asks::shelters(&self.inventory)) {
                    self.acted("more shelters than when the key was turned".to_owned());
                }
                return;
            }
            KeyPosition::Drill if !self.drill_spent && self.key_waits.is_none() => {
                Some(self.inventory.key_drill_length)
            }
            _ => return,
        };
        self.drill_spent = drill.is_some();
        let shelters = asks::shelters(&self.inventory);
        if !shelters.is_empty() {
            let source = if drill.is_some() { drill_key } else { key };
            self.open(source, shelters, drill, "", now);
        }
    }

    /// The store came late: what it knows of the key counts from now on, as if it had been there.
    pub(super) fn recalled(&mut self, remembered: Remembered, now: Now) {
        self.activations.given(remembered.last_activation);
        self.facility_keys.told(remembered.facility_acts);
        self.drill_spent |= remembered.key.position.is_some_and(|(position, _)| position == KeyPosition::Drill);
        // What a person said of the key since the start is newer than what the store knows.
        if let Some(why) = remembered.key.isolated.filter(|_| !self.isolation_said) {
            for source in [self.own_key(), self.own_drill_key()] {
                if let Some(held) = self.activations.opened_since_start(&source) {
                    self.close(&held, &source.word(), &format!("the key is left out of account: {why}"), now);
                }
            }
            self.isolated = Some(why);
        }
        let of_before = remembered.activations.clone();
        let then = self.inventory.seat.as_ref().map(|seat| {
            Activations::new(remembered.activations, remembered.last_activation, now)
                .seated(seat, remembered.order.as_ref())
                .key_is_at(&seat.id)
        });
        // Unless an order since then was learned, and ended them.
        let is_newest = remembered.order.as_ref().is_some_and(|order| order.number >= self.number());
        let of_keys = of_before.into_iter().filter(|held| is_newest && !held.source.is_person());
        let of_keys: Vec<Activation> = of_keys.collect();
        if let Some(order) = remembered.order {
            self.own_order_held(order, now);
        }
        match then {
            Some(then) => self.joins(&then, now),
            // What a key let go of before its store came was never held here: the record tells of it all the same.
            None => of_keys.iter().for_each(|held| self.closed_before_its_store_came(held, now)),
        }
        self.key_waits = None;
    }

    /// A person asked.
    pub(super) fn asked(&mut self, ask_id: u64, by: &str, ask: &Ask, now: Now) {
        let why = asks::reason(ask);
        let gone = |source: &Source| self.key_is_gone(source, now);
        let outcome = asks::grant(ask, &self.inventory, &self.activations, gone).map(|grant| match grant {
            Grant::Open { facilities, drill } => self.open(asks::source(by), facilities, drill, why, now),
            Grant::Close(held) => self.close(&held, &asks::source(by).word(), why, now),
            Grant::Isolate => self.isolate(Some(why.to_owned()), by, now),
            Grant::Restore => self.isolate(None, by, now),
        });
        if let Err(refused) = &outcome {
            let fields = vec![("by", by.to_owned()), ("ask", asks::word(ask).to_owned()), ("why", refused.to_string())];
            self.write(now, Kind::AskRefused, false, fields);
        }
        self.actions.push(Action::Answer { ask_id, outcome });
    }

    /// Drills end by themselves.
    pub(super) fn end_drills(&mut self, now: Now) {
        for ended in self.activations.end_drills(now) {
            self.write(now, Kind::DrillEnded, true, vec![("id", ended.id.to_string())]);
            self.changed(format!("drill {} has ended", ended.id));
        }
    }

    fn open(
        &mut self,
        source: Source,
        facilities: BTreeSet<FacilityId>,
        drill: Option<std::time::Duration>,
        why: &str,
        now: Now,
    ) -> u64 {
        self.open_told(source, facilities, drill, why, Vec::new(), now)
    }

    /// `told`: what else the record is to tell of it.
    pub(super) fn open_told(
        &mut self,
        source: Source,
        facilities: BTreeSet<FacilityId>,
        drill: Option<std::time::Duration>,
        why: &str,
        told: Vec<(&'static str, String)>,
        now: Now,
    ) -> u64 {
        let by = source.word();
        let opened = self.activations.open(source, facilities, drill, why, now).clone();
        let mut fields = vec![
            ("id", opened.id.to_string()),
            ("by", by.clone()),
            ("mode", opened.mode.as_str().to_owned()),
            ("facilities", self.covers(&opened)),
            ("why", opened.why),
        ];
        if let Some(until_ms) = opened.until_ms {
            fields.push(("until", until_ms.to_string()));
        }
        fields.extend(told);
        self.write(now, Kind::Opened, drill.is_some(), fields);
        self.acted(because(&by, why));
        opened.id
    }

    pub(super) fn close(&mut self, held: &Given, by: &str, why: &str, now: Now) -> u64 {
        if let Some(closed) = self.activations.close(held) {
            self.write_closed(&closed, by, why, now);
            self.acted(because(by, why));
        }
        held.id
    }

    fn write_closed(&mut self, closed: &Activation, by: &str, why: &str, now: Now) {
        let fields = vec![
            ("id", closed.id.to_string()),
            ("by", by.to_owned()),
            ("mode", closed.mode.as_str().to_owned()),
            ("why", why.to_owned()),
        ];
        self.write(now, Kind::Closed, closed.mode == Mode::Drill, fields);
    }

    fn closed_before_its_store_came(&mut self, held: &Activation, now: Now) {
        if self.activations.of(&held.source).is_none() {
            self.write_closed(held, &held.source.word(), "", now);
        }
    }

    /// A key lets go of all that it holds.
    pub(super) fn close_all(&mut self, source: &Source, why: &str, now: Now) {
        for held in self.activations.all_of(source) {
            self.close(&held, &source.word(), why, now);
        }
    }

    fn isolate(&mut self, why: Option<String>, by: &str, now: Now) -> u64 {
        let kind = if why.is_some() { Kind::KeyIsolated } else { Kind::KeyRestored };
        let told = why.clone().unwrap_or_default();
        self.write(now, kind, false, vec![("by", by.to_owned()), ("why", told)]);
        self.isolated = why;
        self.isolation_said = true;
        self.archive.changed();
        0
    }

    /// Who holds what open changed by what somebody did here.
    fn acted(&mut self, why: String) {
        self.acted = true;
        self.changed(why);
    }

    /// Who holds what open changed.
    pub(super) fn changed(&mut self, why: String) {
        self.reconsider = Some(why);
        self.held_back = false;
        self.archive.changed();
    }

    fn covers(&self, activation: &Activation) -> String {
        if activation.facilities.len() == self.inventory.facilities.len() {
            return "all".to_owned();
        }
        let names: Vec<&str> = activation.facilities.iter().map(FacilityId::as_str).collect();
        names.join(",")
    }
}

fn because(by: &str, why: &str) -> String {
    if why.is_empty() { by.to_owned() } else { format!("{by}: {why}") }
}
