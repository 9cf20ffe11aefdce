//! Facility keys (施設の鍵): a person at a hall turned a key at its AP, which opened without us; what is told of it.
//!
//! Levels again: the newest report says what the key holds open now. What it held open while nobody listened is
//! written down, once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::wire::{ENDED_MAX, FacilityKey, KeyAct, WallMs};

use super::Town;
use crate::core::activation::{Activation, FACILITY_KEYS_MAX, Given, Source};
use crate::core::{Kind, Now};

/// One act for ever: its number on its AP, and since when by that AP's clock.
pub type Act = (u64, WallMs);

/// Most closings of one AP's key obeyed in [`CLOSINGS_WITHIN`]; the next wait, and the hall stays open meanwhile. A
/// hand that tries its key out does not need more, and an AP in the wrong hands cannot make a storm of orders.
const CLOSINGS_MAX: usize = 10;
/// See [`CLOSINGS_MAX`].
const CLOSINGS_WITHIN: Duration = Duration::from_secs(600);

/// Acts of one key that are known to be in the record, at most: an AP whose flash lost its last page names older ones
/// again, and it tells of [`ENDED_MAX`] in all.
const TOLD_MAX: usize = 2 * ENDED_MAX;

/// What is known of the keys of the town's halls.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(BTreeMap<ApId, Known>);

/// What is known of one.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The last acts that the record tells of, oldest first; at most [`TOLD_MAX`].
    told: VecDeque<Act>,
    /// What was last said to be wrong with it.
    fault: String,
    closings: VecDeque<Duration>,
    /// The last report, start and number, that was heard before another controller's order said otherwise of what the
    /// key holds: that one knew a newer one.
    overtaken: Option<(String, u64)>,
    /// What it holds came with another controller's order, and by which of its acts is not known yet.
    unnamed: bool,
    /// What an AP without a key by the inventory said that its key holds open, when that was last written down.
    refused: Option<Option<Act>>,
}

impl Keys {
    /// What the record tells of already.
    pub(super) fn told(&mut self, oldest_first: Vec<(ApId, Act)>) {
        for (ap, act) in oldest_first.into_iter().rev() {
            // What an AP said since the start is newer.
            let told = &mut self.0.entry(ap).or_default().told;
            if told.len() < TOLD_MAX && !told.contains(&act) {
                told.push_front(act);
            }
        }
    }
}

impl Known {
    /// The ended acts that nobody wrote down yet, oldest first.
    fn untold<'a>(&self, key: &'a FacilityKey) -> &'a [KeyAct] {
        let ended = &key.ended[key.ended.len().saturating_sub(ENDED_MAX)..];
        let is_told = |act: &KeyAct| self.told.contains(&name(act));
        match ended.iter().rposition(is_told) {
            Some(at) => &ended[at + 1..],
            None if key.open.as_ref().is_some_and(is_told) => &[],
            None => ended,
        }
    }

    /// The record tells of it from now on.
    fn tell(&mut self, act: Act) {
        self.told.retain(|told| *told != act);
        self.told.push_back(act);
        if self.told.len() > TOLD_MAX {
            self.told.pop_front();
        }
    }

    /// Whether one more closing is obeyed now.
    fn may_close(&mut self, now: Now) -> bool {
        while self.closings.front().is_some_and(|at| now.mono.saturating_sub(*at) >= CLOSINGS_WITHIN) {
            self.closings.pop_front();
        }
        let may = self.closings.len() < CLOSINGS_MAX;
        if may {
            self.closings.push_back(now.mono);
        }
        may
    }
}

impl Town {
    /// The APs whose keys hold something open, and by which activation.
    pub(super) fn facility_keys_that_hold(&self) -> BTreeMap<ApId, Given> {
        let key = |held: &Activation| match &held.source {
            Source::FacilityKey(ap) => Some((ap.clone(), held.given())),
            _ => None,
        };
        self.activations.iter().filter_map(key).collect()
    }

    /// An order of another controller was followed. What it opened or closed for a key, that one did on a report that we
    /// may not have: ours, from before, neither closes nor opens it again.
    pub(super) fn facility_keys_follow(&mut self, before: &BTreeMap<ApId, Given>) {
        let held = self.facility_keys_that_hold();
        for ap in held.keys().chain(before.keys()).filter(|ap| held.contains_key(*ap) != before.contains_key(*ap)) {
            self.facility_keys.0.entry(ap.clone()).or_default().overtaken = self.fleet.last_report(ap);
        }
        for (ap, _) in held.iter().filter(|(ap, id)| before.get(*ap) != Some(*id)) {
            self.facility_keys.0.entry(ap.clone()).or_default().unnamed = true;
            self.facility_key_named(ap);
        }
    }

    /// Whoever stands by learns from the AP which act it is that another opened for its key: what the key does later is
    /// another.
    pub(super) fn facility_key_named(&mut self, ap: &ApId) {
        let Some((_, Some(FacilityKey { open: Some(act), .. }))) = self.fleet.key_report(ap) else { return };
        let act = name(act);
        if let Some(known) = self.facility_keys.0.get_mut(ap).filter(|known| known.unnamed) {
            known.tell(act);
            known.unnamed = false;
        }
    }

    /// What keys held open that are not there any more, or stand elsewhere, nobody could ever close: it ends.
    pub(super) fn facility_keys_at_start(&mut self, now: Now) {
        let lost = |held: &&Activation| match &held.source {
            Source::FacilityKey(ap) => !self.fleet.keyed_at(ap).is_some_and(|facility| covers_only(held, facility)),
            _ => false,
        };
        let lost: Vec<(Given, String)> =
            self.activations.iter().filter(lost).map(|held| (held.given(), held.source.word())).collect();
        for (held, by) in lost {
            self.close(&held, &by, "its AP has no key in the inventory any more, or stands in another facility", now);
        }
    }

    /// An AP was heard: what its key holds open is brought in line with what it says.
    pub(super) fn facility_key_heard(&mut self, ap: &ApId, now: Now) {
        let Some((facility, key)) = self.fleet.key_report(ap) else { return };
        let source = Source::FacilityKey(ap.clone());
        let is_held = self.activations.of(&source).is_some();
        if key.is_none() && !is_held && !self.facility_keys.0.contains_key(ap) {
            return;
        }
        let (facility, key) = (facility.clone(), key.cloned().unwrap_or_default());
        let report = self.fleet.last_report(ap);
        let known = self.facility_keys.0.entry(ap.clone()).or_default();
        if known.overtaken.is_some() && known.overtaken == report {
            return;
        }
        known.overtaken = None;
        let before = std::mem::replace(&mut known.fault, brief(&key.fault));
        let fault = (before != known.fault).then(|| known.fault.clone());
        let ended_now = known.told.back().copied().filter(|_| is_held);
        let mut untold = known.untold(&key).to_vec();
        // What we hold and never saw the beginning of, our own store's or another's, is what it says it holds.
        let unnamed = std::mem::take(&mut known.unnamed) || known.told.is_empty();
        if let Some(act) = key.open.as_ref().filter(|_| is_held && unnamed) {
            let is_told = known.told.contains(&name(act));
            untold.iter().for_each(|ended| known.tell(name(ended)));
            known.tell(name(act));
            untold.extend((!is_told).then(|| act.clone()));
        } else {
            untold.iter().for_each(|act| known.tell(name(act)));
        }
        let same = is_held && key.open.as_ref().is_some_and(|act| known.told.back() == Some(&name(act)));
        let closes = is_held && !same && known.may_close(now);
        if let Some(fault) = fault {
            self.facility_key_fault(ap, &facility, &key, fault, now);
        }
        if closes {
            let until = key.ended.iter().find(|act| Some(name(act)) == ended_now).and_then(|act| act.until_ms);
            let why = until.map_or_else(String::new, |until_ms| format!("until {until_ms} by its own clock"));
            self.close_all(&source, &why, now);
        }
        for act in untold {
            self.write_act(ap, &facility, &act, now);
        }
        if let Some(act) = key.open.filter(|_| !is_held || closes) {
            self.facility_key_opens(source, ap, facility, &act, now);
        }
    }

    /// An AP that has no key by the inventory says that it has one: it is stolen, or its own files know of a key that ours
    /// do not. It opens nothing, and is written down once for each of its acts.
    pub(super) fn facility_key_refused(&mut self, ap: &ApId, key: &FacilityKey, now: Now) {
        let act = Some(key.open.as_ref().map(name));
        if self.facility_keys.0.get(ap).is_some_and(|known| known.refused == act) {
            return;
        }
        let why = "says that it has a facility key; the inventory has none at it ([ap.key] in controller.toml)";
        if self.refuse_told(&format!("ap/{ap}/report"), why, now) {
            self.facility_keys.0.entry(ap.clone()).or_default().refused = act;
        }
    }

    fn facility_key_opens(&mut self, source: Source, ap: &ApId, facility: FacilityId, act: &KeyAct, now: Now) {
        if self.activations.of_facility_keys() >= FACILITY_KEYS_MAX {
            let why =
                format!("{FACILITY_KEYS_MAX} facility keys hold their facilities open, as many as one order carries");
            return self.refuse_message(&format!("ap/{ap}/report"), &why, now);
        }
        self.facility_keys.0.entry(ap.clone()).or_default().tell(name(act));
        let told = vec![("ap", ap.to_string()), ("act", act_word(name(act))), ("since", act.since_ms.to_string())];
        self.open_told(source, [facility].into(), None, "", told, now);
    }

    fn facility_key_fault(&mut self, ap: &ApId, facility: &FacilityId, key: &FacilityKey, fault: String, now: Now) {
        let mut fields = vec![("ap", ap.to_string()), ("facility", facility.to_string())];
        let kind = if fault.is_empty() {
            let position = key.position.map_or("", firmware_config::key::KeyPosition::as_str);
            fields.push(("position", position.to_owned()));
            Kind::FacilityKeyMended
        } else {
            fields.push(("fault", fault));
            Kind::FacilityKeyFault
        };
        self.write(now, kind, false, fields);
    }

    /// It opened while nobody here heard it, and closed, unless it holds its facility open still.
    fn write_act(&mut self, ap: &ApId, facility: &FacilityId, act: &KeyAct, now: Now) {
        let fields = vec![
            ("ap", ap.to_string()),
            ("facility", facility.to_string()),
            ("act", act_word(name(act))),
            ("since", act.since_ms.to_string()),
            ("until", act.until_ms.map_or_else(String::new, |until_ms| until_ms.to_string())),
        ];
        self.write(now, Kind::FacilityKeyActed, false, fields);
    }
}

fn covers_only(held: &Activation, facility: &FacilityId) -> bool {
    held.facilities.iter().eq([facility])
}

fn name(act: &KeyAct) -> Act {
    (act.id, act.since_ms)
}

/// An act in the record.
#[must_use]
fn act_word((id, since_ms): Act) -> String {
    format!("{id}@{since_ms}")
}

/// Reads [`act_word`].
#[must_use]
pub fn read_act(word: &str) -> Option<Act> {
    let (id, since_ms) = word.split_once('@')?;
    Some((id.parse().ok()?, since_ms.parse().ok()?))
}

/// The words for what is wrong with a key are short; whoever sends more is cut off.
fn brief(fault: &str) -> String {
    fault.chars().take(40).collect()
}
