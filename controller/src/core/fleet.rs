//! The map wall: what each AP was ordered, says and was seen doing; where it stands.
//!
//! Changes nothing in the world: it hears, judges, and says who should be told again.

mod air;

use std::collections::HashMap;
use std::time::Duration;

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, FacilityKey, Order, Presence, Report, TurnedAway};

use self::air::Air;
use super::ear::Ears;
use super::inventory::Managed;
use super::judge::{Line, judge};
use super::post::Post;
use super::retry::Retry;
use super::trim::{check_boot, check_rows, is_of_now, shorten};
use super::view::{ApView, Standing};
use super::{Inventory, Now, Sighting};

pub use self::air::{LEFT_OPEN_AFTER, LeftOpen};
pub use super::judge::WHY;

/// An AP stands otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub ap: ApId,
    /// Where it is.
    pub facility: FacilityId,
    /// What it is ordered to be in.
    pub wanted: Mode,
    /// How it stood.
    pub from: Standing,
    /// How it stands.
    pub to: Standing,
    /// Why.
    pub why: String,
}

/// What hearing an AP brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// It stands otherwise.
    pub change: Option<Change>,
    /// It turned a message away that we did not know of, and how many others since the last one we knew.
    pub turned_away: Option<(TurnedAway, u64)>,
}

/// Running sums, so that the lamp need not count 10,000 APs at each report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub aps: usize,
    /// Standing settled.
    pub settled: usize,
    /// Standing silent.
    pub silent: usize,
    /// Ordered to be open.
    pub to_open: usize,
    /// Of those, settled.
    pub open: usize,
}

/// All APs.
#[derive(Debug, Clone)]
pub struct Fleet {
    posts: Vec<Post>,
    index: HashMap<ApId, usize>,
    number: u64,
    /// Whether the newest order left the house, so that APs may be told again.
    released: bool,
    ears: Ears,
    tally: Tally,
    air: Air,
}

impl Fleet {
    /// Every AP unheard and without an order.
    #[must_use]
    pub fn new(inventory: &Inventory, now: Now) -> Self {
        let posts: Vec<Post> = inventory.aps.iter().map(|ap| Post::new(ap.clone(), now)).collect();
        let mut ears = Ears::new(now.mono);
        for (at, post) in posts.iter().enumerate() {
            let ear = ears.of_mut(post.ap.managed);
            ear.silence.insert((ear.listening.silent_from(None), at));
        }
        Self {
            index: posts.iter().enumerate().map(|(at, post)| (post.ap.id.clone(), at)).collect(),
            tally: Tally { aps: posts.len(), ..Tally::default() },
            posts,
            number: 0,
            released: false,
            ears,
            air: Air::default(),
        }
    }

    /// A new order is decided: everybody is measured by it from now on. That nobody follows it yet is no news.
    pub fn ordered(&mut self, order: &Order, now: Now) {
        self.number = order.number;
        self.released = false;
        self.ears.agents.again.clear();
        self.ears.deputies.again.clear();
        for post in &mut self.posts {
            post.again = None;
            post.accounts.issued_ms = order.issued_at_ms;
            post.accounts.wanted = order.facilities.get(&post.ap.facility).map_or(Mode::Normal, |wanted| wanted.mode);
        }
        self.tally.to_open = self.posts.iter().filter(|post| post.accounts.wanted.is_open()).count();
        self.tally.open = self.posts.iter().filter(|post| post.is_open()).count();
        for at in 0..self.posts.len() {
            self.rejudge(at, now);
        }
    }

    /// The newest order left the house: those who do not confirm it are told again.
    pub fn released(&mut self, now: Now) {
        self.released = true;
        for at in 0..self.posts.len() {
            self.arrange_again(at, now.mono);
        }
    }

    /// An agent spoke, or a deputy (`by`); `stations`: all those on the AP, where the deputy's device says.
    ///
    /// # Errors
    /// The report is of no AP of this town, of one that another speaks for, or of another facility than the inventory
    /// has; in words.
    pub fn reported(
        &mut self,
        mut report: Report,
        (by, stations): (Managed, Option<u32>),
        now: Now,
    ) -> Result<Heard, String> {
        let at = self.find(&report.ap, by)?;
        check_boot(&report.boot)?;
        let post = &mut self.posts[at];
        if post.boot_before.as_ref().is_some_and(|(boot, seq)| *boot == report.boot && report.seq <= *seq) {
            return Ok(Heard::default());
        }
        let same_boot = post.accounts.boot.as_ref() == Some(&report.boot);
        let last = post.accounts.report.as_ref().filter(|last| last.boot == report.boot);
        if last.is_some_and(|last| report.seq < last.seq) {
            return Ok(Heard::default());
        }
        let newer = last.is_none_or(|last| report.seq > last.seq);
        // A retained report says that an AP was there once; a higher number than the last heard says that it is.
        let alive = !same_boot || (last.is_some() && newer);
        let known = last.and_then(|last| last.turned_away.as_ref()).map_or(0, |turned| turned.count);
        shorten(&mut report);
        let turned_away = report.turned_away.clone().filter(|turned| turned.count > known);
        let misplaced = (report.facility != post.ap.facility).then(|| {
            format!("report of facility \"{}\"; the inventory has it at \"{}\"", report.facility, post.ap.facility)
        });
        if newer {
            let sum = || report.networks.iter().fold(0, |sum: u32, network| sum.saturating_add(network.stations));
            post.stations = if by == Managed::Snmp { stations } else { Some(sum()) };
            post.take_boot(&report.boot);
            post.accounts.misplaced = misplaced.is_some();
            self.air.learn(at, &report);
            post.accounts.report = Some(report);
            post.accounts.tell_witness(now.mono);
        }
        let change = self.heard(at, alive, now);
        match misplaced {
            Some(why) if newer => Err(why),
            _ => {
                Ok(Heard { change, turned_away: turned_away.map(|turned| (turned.clone(), turned.count - known - 1)) })
            }
        }
    }

    /// An agent came or went, or a deputy reaches its AP or does not (`by`).
    ///
    /// # Errors
    /// It is no AP of this town, or one that another speaks for; in words.
    pub fn presence(&mut self, presence: &Presence, by: Managed, now: Now) -> Result<Option<Change>, String> {
        let at = self.find(&presence.ap, by)?;
        check_boot(&presence.boot)?;
        let post = &mut self.posts[at];
        let of_another = post.accounts.boot.as_ref().is_some_and(|boot| *boot != presence.boot);
        let late = post.boot_before.as_ref().is_some_and(|(boot, _)| *boot == presence.boot);
        if late || (of_another && !presence.online) {
            return Ok(None);
        }
        post.take_boot(&presence.boot);
        if presence.online {
            return Ok(self.heard(at, true, now));
        }
        post.accounts.line = Line::Gone;
        // A deputy that reaches nobody is one all the same.
        post.accounts.no_deputy = None;
        Ok(self.rejudge(at, now))
    }

    /// An AP counted.
    ///
    /// # Errors
    /// It is no AP of this town, or one that another speaks for; in words.
    pub fn counted(&mut self, counts: &Counts, by: Managed, now: Now) -> Result<Option<Change>, String> {
        let at = self.find(&counts.ap, by)?;
        check_boot(&counts.boot)?;
        check_rows(counts)?;
        let post = &mut self.posts[at];
        let of_this_start = post.accounts.boot.as_ref().is_none_or(|boot| *boot == counts.boot);
        // A deputy says the sum in its reports, where it knows it.
        let newest = post.counts_seq.is_none_or(|seq| counts.seq > seq);
        if by == Managed::Agent && of_this_start && newest && is_of_now(counts) {
            post.counts_seq = Some(counts.seq);
            post.stations = Some(counts.networks.iter().fold(0, |sum, network| sum.saturating_add(network.stations)));
        }
        // Counts of an earlier start are delivered late, and yet somebody is there to deliver them.
        Ok(self.heard(at, true, now))
    }

    /// This AP has no deputy until one speaks.
    ///
    /// # Errors
    /// It is no AP of this town, or has an agent; in words.
    pub fn no_deputy(&mut self, ap: &ApId, why: String, now: Now) -> Result<Option<Change>, String> {
        let at = self.find(ap, Managed::Snmp)?;
        self.posts[at].accounts.no_deputy = Some(why);
        Ok(self.rejudge(at, now))
    }

    /// SNMP saw an AP that has an agent, or could not.
    ///
    /// # Errors
    /// It is no AP of this town, or has no witness; in words.
    pub fn witnessed(&mut self, sighting: Sighting, now: Now) -> Result<Option<Change>, String> {
        let at = self.find(&sighting.ap, Managed::Agent)?;
        let witness = self.posts[at].accounts.witness.as_mut();
        let witness = witness.ok_or_else(|| format!("the inventory has no witness for AP \"{}\"", sighting.ap))?;
        witness.saw(sighting.open.map_err(|why| cut(&why)), sighting.at_ms, now.mono);
        Ok(self.rejudge(at, now))
    }

    /// The broker can be reached, or cannot: while it cannot, no agent's silence means anything. Deputies are heard all
    /// the same.
    pub fn broker(&mut self, up: bool, now: Now) {
        self.ears.agents.listening.broker(up, now.mono);
    }

    /// Who has fallen silent by now.
    pub fn woke(&mut self, now: Now) -> Vec<Change> {
        let mut changes = Vec::new();
        for by in [Managed::Agent, Managed::Snmp] {
            let heard_until = self.ears.of(by).listening.at(now.mono);
            while let Some((due, at)) = self.ears.of(by).silence.first().copied().filter(|(due, _)| *due <= heard_until)
            {
                let ear = self.ears.of_mut(by);
                ear.silence.remove(&(due, at));
                let post = &mut self.posts[at];
                let silent_from = ear.listening.silent_from(post.accounts.heard);
                post.watched = silent_from > heard_until;
                if post.watched {
                    ear.silence.insert((silent_from, at));
                } else {
                    changes.extend(self.rejudge(at, now));
                }
            }
        }
        changes
    }

    /// Who is to be told the newest order again now; a limited number at once.
    pub fn due_again(&mut self, now: Now) -> Vec<(ApId, Managed)> {
        let mut due = Vec::new();
        for by in [Managed::Agent, Managed::Snmp] {
            let ear = self.ears.of_mut(by);
            let mut told = 0;
            while let Some(at) = ear.next_again(told, now.mono) {
                let post = &mut self.posts[at];
                if !post.needs_telling(self.number) {
                    post.again = None;
                    continue;
                }
                let next = Retry::after(post.again, now.mono);
                post.again = Some(next);
                ear.again.insert((next.due(), at));
                due.push((post.ap.id.clone(), by));
                told += 1;
            }
        }
        due
    }

    /// When to look again.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        [self.ears.next_wake(), self.air.next_wake()].into_iter().flatten().min()
    }

    /// The running sums.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Every AP with the place it stands at, in the order of the inventory.
    pub fn views(&self, now: Now) -> impl Iterator<Item = (&FacilityId, ApView)> {
        self.posts.iter().map(move |post| (&post.ap.facility, post.view(self.number, now)))
    }

    /// Where an AP stands that `by` speaks for.
    ///
    /// # Errors
    /// It is no AP of this town, or one that another speaks for; in words.
    pub fn facility_of(&self, ap: &ApId, by: Managed) -> Result<&FacilityId, String> {
        Ok(&self.posts[self.find(ap, by)?].ap.facility)
    }

    /// Where an AP stands that has a facility key by the inventory.
    #[must_use]
    pub fn keyed_at(&self, ap: &ApId) -> Option<&FacilityId> {
        let post = &self.posts[self.find(ap, Managed::Agent).ok()?];
        post.ap.key.then_some(&post.ap.facility)
    }

    /// What an AP with an agent last said of a key of its own, and where it stands; none where it said nothing yet, or
    /// believes to stand elsewhere.
    #[must_use]
    pub fn key_report(&self, ap: &ApId) -> Option<(&FacilityId, Option<&FacilityKey>)> {
        let post = &self.posts[self.find(ap, Managed::Agent).ok()?];
        let report = post.accounts.report.as_ref().filter(|_| !post.accounts.misplaced)?;
        Some((&post.ap.facility, report.facility_key.as_deref()))
    }

    /// Which start of that agent its newest report is of, and its number.
    #[must_use]
    pub fn last_report(&self, ap: &ApId) -> Option<(String, u64)> {
        let report = self.posts[self.find(ap, Managed::Agent).ok()?].accounts.report.as_ref()?;
        Some((report.boot.clone(), report.seq))
    }

    /// The place of an AP, if `by` speaks for it.
    fn find(&self, ap: &ApId, by: Managed) -> Result<usize, String> {
        let at = self.index.get(ap).copied().ok_or_else(|| format!("the inventory has no AP \"{ap}\""))?;
        match (self.posts[at].ap.managed, by) {
            (Managed::Snmp, Managed::Agent) => {
                Err(format!("AP \"{ap}\" is managed by snmp; an agent that speaks for it is not believed"))
            }
            (Managed::Agent, Managed::Snmp) => {
                Err(format!("AP \"{ap}\" is managed by its agent; nobody else speaks for it"))
            }
            _ => Ok(at),
        }
    }

    /// A message of this AP arrived; `alive` where it proves that the AP is there now.
    fn heard(&mut self, at: usize, alive: bool, now: Now) -> Option<Change> {
        let post = &mut self.posts[at];
        if alive {
            post.accounts.line = Line::There;
            post.accounts.no_deputy = None;
        }
        if post.accounts.line != Line::Gone {
            post.accounts.heard = Some(self.ears.of(post.ap.managed).listening.at(now.mono));
            post.heard_ms = Some(now.wall_ms);
        }
        let change = self.rejudge(at, now);
        self.arrange_again(at, now.mono);
        change
    }

    fn arrange_again(&mut self, at: usize, now: Duration) {
        let post = &mut self.posts[at];
        if self.released && post.again.is_none() && post.needs_telling(self.number) {
            let first = Retry::first(now);
            post.again = Some(first);
            self.ears.of_mut(post.ap.managed).again.insert((first.due(), at));
        }
    }

    fn rejudge(&mut self, at: usize, now: Now) -> Option<Change> {
        let post = &mut self.posts[at];
        let ear = self.ears.of_mut(post.ap.managed);
        let silent_from = ear.listening.silent_from(post.accounts.heard);
        let silent = silent_from <= ear.listening.at(now.mono);
        if !silent && !post.watched {
            post.watched = true;
            ear.silence.insert((silent_from, at));
        }
        self.air.judged(at, &post.accounts, (self.number, silent), now);
        let (to, why) = judge(&post.accounts, self.number, silent, now.mono);
        let from = post.standing;
        post.why = why;
        if from == to {
            return None;
        }
        let was_open = post.is_open();
        post.standing = to;
        post.since_ms = now.wall_ms;
        let is_open = post.is_open();
        let Post { ap, why, accounts, .. } = post;
        let change = Change {
            ap: ap.id.clone(),
            facility: ap.facility.clone(),
            wanted: accounts.wanted,
            from,
            to,
            why: why.clone(),
        };
        let tally = &mut self.tally;
        for (sum, standing) in [(&mut tally.settled, Standing::Settled), (&mut tally.silent, Standing::Silent)] {
            *sum = *sum + usize::from(to == standing) - usize::from(from == standing);
        }
        tally.open = tally.open + usize::from(is_open) - usize::from(was_open);
        Some(change)
    }
}

/// Why a witness could not look, as short as a reason of an AP.
fn cut(why: &str) -> String {
    why.chars().take(super::activation::WHY_MAX).collect()
}
