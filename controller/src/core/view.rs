//! What people are told: a copy of the core's knowledge at one moment, for pages, `/api/v1` and `/metrics`.

use std::collections::HashMap;

use firmware_config::ident::{ApId, ControllerId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::{Network, Order, WallMs};

use super::Inventory;
use super::activation::Activation;
use super::distinct::DistinctView;
use super::fleet::LeftOpen;
use super::inventory::Managed;
use super::key::{KeyFault, KeyPosition};
use super::peers::Lock;
use super::record::Entry;
use super::strangers::Stranger;

/// The town at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct TownView {
    /// The moment.
    pub at_ms: WallMs,
    /// The greatest mode any facility is ordered to be in.
    pub mode: Mode,
    /// Since when it is that mode; none before the first order.
    pub mode_since_ms: Option<WallMs>,
    /// What the activation that decides `mode` says of itself; none in normal mode.
    pub decisive: Option<Activation>,
    /// The newest order; none before the first.
    pub order: Option<OrderView>,
    /// The key.
    pub key: KeyView,
    /// Activations in force.
    pub activations: Vec<Activation>,
    /// Facilities in the order of the inventory.
    pub facilities: Vec<FacilityView>,
    /// Sums.
    pub totals: Totals,
    /// Distinct devices of each activation, about; newest activation first.
    pub distinct: Vec<DistinctView>,
    /// APs on the air without an order, for longer than a closing takes.
    pub left_open: Vec<LeftOpen>,
    /// Networks of others that are called `00000JAPAN` or look like it; alarms first.
    pub strangers: Vec<Stranger>,
    /// Which of several controllers this one is; none where it is the only one.
    pub seat: Option<SeatView>,
    /// Why the broker cannot be reached, and since when; none when it can.
    pub broker_lost: Option<(WallMs, String)>,
    /// Why the record cannot be stored, since when, and how many entries wait; none when it can.
    pub store_lost: Option<(WallMs, String, usize)>,
    /// The newest entries, newest first; at most [`super::record::RECENT_ENTRIES`].
    pub recent: Vec<Entry>,
}

/// One of several controllers, by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatView {
    /// Its name.
    pub id: ControllerId,
    /// Whether it decides; else it stands by.
    pub active: bool,
    /// Since when.
    pub since_ms: WallMs,
    /// Since when no other one is heard; none: one is, or may still come.
    pub alone_since_ms: Option<WallMs>,
    /// The others, as far as it ever heard of them.
    pub peers: Vec<PeerView>,
    /// What is wrong with the files of both.
    pub mistake: Option<Mistake>,
    /// What the database says of the lock, where there is one; none within: not asked, or no answer yet.
    pub lock: Option<Option<Lock>>,
}

/// Two controllers that cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// Another one has our name.
    SameName,
    /// This one has our rank.
    SameRank(ControllerId),
}

/// Another controller, as it is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// Its name.
    pub id: ControllerId,
    /// Whether it decides, and is heard.
    pub active: bool,
    /// Whether it is heard.
    pub there: bool,
    /// Its newest order; 0 for none.
    pub number: u64,
    /// When it was last heard; none: never by more than a recording.
    pub heard_ms: Option<WallMs>,
}

/// The newest order, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// Its number.
    pub number: u64,
    /// When it was decided.
    pub issued_at_ms: WallMs,
    /// Whether the broker has taken it.
    pub published: bool,
}

/// The key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// The position last sworn to; none where it was never readable.
    pub position: Option<KeyPosition>,
    /// Since when it is in that position.
    pub since_ms: Option<WallMs>,
    /// What is wrong with it now, and since when.
    pub fault: Option<(KeyFault, WallMs)>,
    /// Why it is left out of account.
    pub isolated: Option<String>,
}

/// One facility.
#[derive(Debug, Clone, PartialEq)]
pub struct FacilityView {
    /// Identifier.
    pub id: FacilityId,
    /// Name.
    pub name_ja: String,
    /// Name in English; may be empty.
    pub name_en: String,
    /// District.
    pub district: String,
    /// Whether the key opens it.
    pub shelter: bool,
    /// Whom to telephone.
    pub contact: String,
    /// What it is ordered to be in.
    pub wanted: Mode,
    /// Its access points.
    pub aps: Vec<ApView>,
}

/// One access point: three accounts of it, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ApView {
    /// Identifier.
    pub id: ApId,
    /// Name for people.
    pub name: String,
    /// Desired: the order number and mode it should have.
    pub wanted: (u64, Mode),
    /// Reported: what its agent says; none where it never spoke.
    pub reported: Option<ReportedView>,
    /// How it is flipped.
    pub managed: Managed,
    /// Witnessed: what other eyes saw.
    pub witnessed: Witnessed,
    /// Where it stands.
    pub standing: Standing,
    /// Since when.
    pub since_ms: WallMs,
    /// Why: the agent's own words, or one of the words in [`super::fleet::WHY`]; empty when settled.
    pub why: String,
    /// When it was last heard.
    pub heard_ms: Option<WallMs>,
    /// Stations on all its networks now; none when it is not known now (silent).
    pub stations: Option<u32>,
}

impl ApView {
    /// The profile its deputy goes by, where SNMP flips it and its platform is known.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        let said = self.reported.as_ref().filter(|_| self.managed == Managed::Snmp)?;
        said.agent.strip_prefix(DEPUTY).filter(|profile| *profile != "?")
    }
}

/// What a deputy calls itself, in the place of an agent's version, before its profile.
const DEPUTY: &str = "snmp/";

/// What an agent says, in short.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedView {
    /// Newest order it accepted.
    pub told: u64,
    /// Order whose mode is on the air.
    pub running: u64,
    /// Mode on the air.
    pub mode: Mode,
    /// Networks on the air.
    pub networks: Vec<Network>,
    /// The agent's version.
    pub agent: String,
}

/// What other eyes saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witnessed {
    /// There is no means of seeing.
    NoMeans,
    /// There is one, and it has seen nothing of late.
    NotAsked {
        /// Why; empty where nothing was tried yet.
        why: String,
    },
    /// They looked.
    Seen {
        /// Whether `00000JAPAN` was on the air.
        open: bool,
        /// When.
        at_ms: WallMs,
        /// The neighbour that heard it over the air; none where SNMP looked.
        by: Option<ApId>,
    },
}

/// Where an AP stands: the controller's judgement of three accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// It says it runs what was ordered, and nothing contradicts it.
    Settled,
    /// Ordered, not confirmed yet; tries go on.
    Settling,
    /// It says it cannot, and why; tries go on.
    Refused,
    /// Two accounts contradict one another.
    Diverged,
    /// Not heard.
    Silent,
}

impl Standing {
    /// The word on `/api/v1`, in the record and in `/metrics`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Settling => "settling",
            Self::Refused => "refused",
            Self::Diverged => "diverged",
            Self::Silent => "silent",
        }
    }
}

/// Sums over the town. All count access points, but for `stations` and the facilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// All.
    pub aps: u32,
    /// That say they accepted the newest order.
    pub told: u32,
    /// That say they run it.
    pub running: u32,
    /// Seen by other eyes doing what was ordered.
    pub witnessed: u32,
    /// That nothing can witness.
    pub unwitnessable: u32,
    /// Standing settled.
    pub settled: u32,
    /// Standing settling.
    pub settling: u32,
    /// Standing refused.
    pub refused: u32,
    /// Standing diverged.
    pub diverged: u32,
    /// Standing silent.
    pub silent: u32,
    /// Ordered to be open.
    pub to_open: u32,
    /// Of those, settled.
    pub open: u32,
    /// Stations on all networks of all APs heard now.
    pub stations: u32,
    /// Facilities in all.
    pub facilities: u32,
    /// Facilities ordered to be open.
    pub facilities_to_open: u32,
    /// Of those, with at least one AP settled.
    pub facilities_open: u32,
}

/// The facilities in the order of the inventory, each with its access points.
pub(super) fn facilities<'a>(
    inventory: &Inventory,
    newest: Option<&Order>,
    aps: impl Iterator<Item = (&'a FacilityId, ApView)>,
) -> Vec<FacilityView> {
    let mut at: HashMap<&FacilityId, Vec<ApView>> = HashMap::new();
    for (facility, ap) in aps {
        at.entry(facility).or_default().push(ap);
    }
    let wanted = |id| newest.and_then(|newest| newest.facilities.get(id)).map_or(Mode::Normal, |wanted| wanted.mode);
    inventory
        .facilities
        .iter()
        .map(|facility| FacilityView {
            id: facility.id.clone(),
            name_ja: facility.name_ja.clone(),
            name_en: facility.name_en.clone(),
            district: facility.district.clone(),
            shelter: facility.shelter,
            contact: facility.contact.clone(),
            wanted: wanted(&facility.id),
            aps: at.remove(&facility.id).unwrap_or_default(),
        })
        .collect()
}

/// The sums over `facilities`, measured by order `number`.
pub(super) fn totals(facilities: &[FacilityView], number: u64) -> Totals {
    let mut totals = Totals::default();
    for facility in facilities {
        totals.facilities += 1;
        totals.facilities_to_open += u32::from(facility.wanted.is_open());
        let settled = facility.aps.iter().any(|ap| ap.standing == Standing::Settled);
        totals.facilities_open += u32::from(facility.wanted.is_open() && settled);
        for ap in &facility.aps {
            totals.count(ap, number);
        }
    }
    totals
}

impl Totals {
    fn count(&mut self, ap: &ApView, number: u64) {
        let says = |account: fn(&ReportedView) -> u64| {
            u32::from(number > 0 && ap.reported.as_ref().is_some_and(|reported| account(reported) == number))
        };
        let open = ap.wanted.1.is_open();
        self.aps += 1;
        self.told += says(|reported| reported.told);
        self.running += says(|reported| reported.running);
        self.witnessed += u32::from(matches!(ap.witnessed, Witnessed::Seen { open: seen, .. } if seen == open));
        self.unwitnessable += u32::from(ap.witnessed == Witnessed::NoMeans);
        self.to_open += u32::from(open);
        self.open += u32::from(open && ap.standing == Standing::Settled);
        self.stations = self.stations.saturating_add(ap.stations.unwrap_or(0));
        *match ap.standing {
            Standing::Settled => &mut self.settled,
            Standing::Settling => &mut self.settling,
            Standing::Refused => &mut self.refused,
            Standing::Diverged => &mut self.diverged,
            Standing::Silent => &mut self.silent,
        } += 1;
    }
}
