//! What is on the air over the fleet: who sends what, who hears whom, and what was left open.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::ssid::UNIFIED_SSID;
use firmware_config::wire::{Bssid, Heard, Report, SIGHTINGS_MAX, Sightings, WallMs};

use super::{Change, Fleet};
use crate::core::Now;
use crate::core::inventory::Managed;
use crate::core::judge::{Accounts, Line, is_on_air};
use crate::core::neighbours::FRESH_FOR;

/// So long an AP that was told to close may still be seen on the air: it asks hostapd every 10 s at most and a device of
/// another make is looked at every 5 s while it closes; twice that, and some room.
pub const LEFT_OPEN_AFTER: Duration = Duration::from_secs(30);

/// Addresses remembered of one AP: one for each of up to four radios, and those of before they were changed.
const OWN_MAX: usize = 8;

/// Who sends, who hears, what was left open; APs by their place.
#[derive(Debug, Clone, Default)]
pub(super) struct Air {
    /// Senders of `00000JAPAN` that an AP says are its own. None: two say so, and it counts for neither.
    owners: HashMap<Bssid, Option<usize>>,
    own: HashMap<usize, Vec<Bssid>>,
    /// Whom each AP hears.
    hears: HashMap<usize, BTreeSet<usize>>,
    /// On the air without an order, since when, and on the wall clock.
    suspects: BTreeMap<usize, (Duration, WallMs)>,
    /// Of those, such as are an alarm.
    left_open: BTreeSet<usize>,
    /// Deadlines at which a suspect becomes one.
    due: BTreeSet<(Duration, usize)>,
    /// Alarms that ended since this was last asked.
    ended: Vec<usize>,
}

/// An AP left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOpen {
    /// Which.
    pub ap: ApId,
    /// Where.
    pub facility: FacilityId,
    /// Its name for people.
    pub name: String,
    /// Since when.
    pub since_ms: WallMs,
}

impl Air {
    /// An AP says what it sends.
    pub(super) fn learn(&mut self, at: usize, report: &Report) {
        let unified = report.networks.iter().filter(|network| network.ssid == UNIFIED_SSID);
        for bssid in unified.filter_map(|network| network.bssid.parse::<Bssid>().ok()) {
            let own = self.own.entry(at).or_default();
            if own.contains(&bssid) {
                continue;
            }
            own.push(bssid);
            if own.len() > OWN_MAX {
                let old = own.remove(0);
                if self.owners.get(&old) == Some(&Some(at)) {
                    self.owners.remove(&old);
                }
            }
            self.owners.entry(bssid).and_modify(|owner| *owner = None).or_insert(Some(at));
        }
    }

    /// An AP was judged anew: whether it is on the air without an order.
    pub(super) fn judged(&mut self, at: usize, accounts: &Accounts, (number, silent): (u64, bool), now: Now) {
        let says = accounts.report.as_ref().is_some_and(is_on_air);
        let seen = accounts.witness.as_ref().and_then(|witness| witness.contradicts(now.mono)) == Some(true)
            || accounts.neighbours.contradict(now.mono);
        // What its own facility key opened is ordered, although we may not have heard of it yet.
        let keyed = accounts.report.as_ref().and_then(|report| report.facility_key.as_ref());
        let keyed = keyed.is_some_and(|key| key.open.is_some());
        let radiates = accounts.wanted == Mode::Normal && !keyed && (says || seen);
        let told = accounts.report.as_ref().is_some_and(|report| number > 0 && report.told == number);
        let heard = !silent && accounts.line != Line::Gone;
        if radiates && told && heard && !self.suspects.contains_key(&at) {
            self.suspects.insert(at, (now.mono, now.wall_ms));
            self.due.insert((now.mono + LEFT_OPEN_AFTER, at));
        } else if !radiates || !(self.left_open.contains(&at) || told && heard) {
            // An alarm outlasts a silence and a newer order: only the air ends it, or an order to be open.
            if let Some((since, _)) = self.suspects.remove(&at) {
                self.due.remove(&(since + LEFT_OPEN_AFTER, at));
            }
            if self.left_open.remove(&at) {
                self.ended.push(at);
            }
        }
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }
}

impl Fleet {
    /// An AP heard networks on the air. Returns the strange ones, and who stands otherwise by it.
    ///
    /// # Errors
    /// It is no AP of this town, or one that another speaks for; in words.
    pub fn overheard(&mut self, it: Sightings, now: Now) -> Result<(Vec<Heard>, Vec<Change>), String> {
        let by = self.find(&it.ap, Managed::Agent)?;
        let mut strange = Vec::new();
        let mut heard = BTreeSet::new();
        for row in it.seen.into_iter().take(SIGHTINGS_MAX) {
            let owner = self.air.owners.get(&row.bssid).filter(|_| row.ssid.as_bytes() == UNIFIED_SSID.as_bytes());
            let age = Duration::from_millis(row.age_ms);
            match owner.copied() {
                None => strange.push(row),
                // Its own voice, or that of two: proof of nothing.
                Some(None) => {}
                Some(Some(at)) if at == by || age > FRESH_FOR => {}
                Some(Some(at)) => {
                    let at_ms = now.wall_ms.saturating_sub(i64::try_from(row.age_ms).unwrap_or(i64::MAX));
                    self.posts[at].accounts.neighbours.heard(&it.ap, now.mono.saturating_sub(age), at_ms);
                    heard.insert(at);
                }
            }
        }
        let before = self.air.hears.insert(by, heard.clone()).unwrap_or_default();
        for at in before.difference(&heard) {
            self.posts[*at].accounts.neighbours.lost(&it.ap);
        }
        let touched: Vec<usize> = before.union(&heard).copied().collect();
        let changes = touched.into_iter().filter_map(|at| self.rejudge(at, now)).collect();
        Ok((strange, changes))
    }

    /// Whether an AP says that this address is its own.
    #[must_use]
    pub fn is_ours(&self, bssid: &Bssid) -> bool {
        self.air.owners.contains_key(bssid)
    }

    /// Who has been left open by now, and who is not any more.
    pub fn take_left_open(&mut self, now: Now) -> (Vec<LeftOpen>, Vec<LeftOpen>) {
        let mut begun = Vec::new();
        while let Some((due, at)) = self.air.due.first().copied().filter(|(due, _)| *due <= now.mono) {
            self.air.due.remove(&(due, at));
            self.air.left_open.insert(at);
            begun.push(self.one_left_open(at, now));
        }
        let ended = std::mem::take(&mut self.air.ended);
        (begun, ended.into_iter().map(|at| self.one_left_open(at, now)).collect())
    }

    /// All that are left open.
    #[must_use]
    pub fn left_open(&self, now: Now) -> Vec<LeftOpen> {
        self.air.left_open.iter().map(|at| self.one_left_open(*at, now)).collect()
    }

    /// Whether any is.
    #[must_use]
    pub fn any_left_open(&self) -> bool {
        !self.air.left_open.is_empty()
    }

    fn one_left_open(&self, at: usize, now: Now) -> LeftOpen {
        let ap = &self.posts[at].ap;
        let since_ms = self.air.suspects.get(&at).map_or(now.wall_ms, |(_, since_ms)| *since_ms);
        LeftOpen { ap: ap.id.clone(), facility: ap.facility.clone(), name: ap.name.clone(), since_ms }
    }
}
