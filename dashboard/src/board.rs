//! What the board makes of the town: one state per facility, the sums of the chain.

use firmware_config::mode::Mode;

use crate::screen::{Ap, Facility, Screen, Standing, Witnessed};

/// What a tile shows. Each kind has one word, one icon and one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileKind {
    /// Open, as ordered.
    Open,
    /// Open, as a drill.
    OpenDrill,
    /// Closed, as ordered, and all are heard.
    Well,
    /// No access point stands here.
    Empty,
    /// Ordered open, and none can be used.
    Down,
    /// Some do not answer.
    Silent,
    /// Some cannot.
    Refused,
    /// Some contradict.
    Diverged,
    /// Ordered closed, some are not yet.
    StillOpen,
    /// Some are not there yet.
    Settling,
    /// Other eyes have not seen it yet.
    Unseen,
    /// Nothing was heard since the controller started.
    Unknown,
}

impl TileKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Open,
        Self::OpenDrill,
        Self::Well,
        Self::Empty,
        Self::Down,
        Self::Silent,
        Self::Refused,
        Self::Diverged,
        Self::StillOpen,
        Self::Settling,
        Self::Unseen,
        Self::Unknown,
    ];

    /// The icon's name in the sprite.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Open | Self::OpenDrill => "wifi",
            Self::Well => "check",
            Self::Empty => "none",
            Self::Down | Self::Silent | Self::Refused => "fault",
            Self::Diverged => "differ",
            Self::Settling => "turning",
            Self::StillOpen | Self::Unseen => "caution",
            Self::Unknown => "unknown",
        }
    }

    /// The tile's class; empty when nothing is to be seen.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Open | Self::OpenDrill | Self::Well | Self::Empty | Self::Unknown => "",
            Self::Down => " is-down",
            Self::Silent | Self::Refused | Self::Diverged => " is-fault",
            Self::Settling => " is-turning",
            Self::StillOpen | Self::Unseen => " is-caution",
        }
    }
}

/// A tile's state: what, how many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileState {
    /// What.
    pub kind: TileKind,
    /// How many access points it is about.
    pub n: usize,
    /// Of how many.
    pub all: usize,
    /// Whether it is ordered to be a drill: then 訓練 stands in its word.
    pub drill: bool,
}

pub(crate) fn with(facility: &Facility, standing: Standing) -> impl Iterator<Item = &Ap> {
    facility.aps.iter().filter(move |ap| ap.standing == standing)
}

/// The state of one facility.
#[must_use]
pub fn tile(facility: &Facility) -> TileState {
    let all = facility.aps.len();
    let count = |standing| with(facility, standing).count();
    let state = |kind, n| TileState { kind, n, all, drill: facility.wanted == Mode::Drill };
    if all == 0 {
        return state(TileKind::Empty, 0);
    }
    let (silent, refused) = (count(Standing::Silent), count(Standing::Refused));
    let (diverged, settling) = (count(Standing::Diverged), count(Standing::Settling));
    if facility.wanted.is_open() && silent + refused == all {
        return state(TileKind::Down, all);
    }
    if silent == 0 && facility.aps.iter().all(|ap| ap.heard_ms.is_none()) {
        return state(TileKind::Unknown, all);
    }
    if silent > 0 && silent >= refused {
        return state(TileKind::Silent, silent);
    }
    if refused > 0 {
        return state(TileKind::Refused, refused);
    }
    if diverged > 0 {
        return state(TileKind::Diverged, diverged);
    }
    let still_open = still_open(facility).count();
    if still_open > 0 {
        return state(TileKind::StillOpen, still_open);
    }
    if settling > 0 {
        return state(TileKind::Settling, settling);
    }
    let unseen = facility.aps.iter().filter(|ap| ap.seen_as_ordered() == Some(false)).count();
    match facility.wanted {
        Mode::Normal => state(TileKind::Well, all),
        _ if unseen > 0 => state(TileKind::Unseen, unseen),
        Mode::Drill => state(TileKind::OpenDrill, all),
        Mode::Disaster => state(TileKind::Open, all),
    }
}

/// The class and the icon of one access point; its word is [`crate::words::ap_word`].
#[must_use]
pub fn sign(ap: &Ap) -> (&'static str, &'static str) {
    match (ap.standing, ap.wanted.1) {
        (Standing::Settled, mode) if mode.is_open() && ap.seen_as_ordered() == Some(false) => ("caution", "caution"),
        (Standing::Settled, Mode::Normal) => ("", "check"),
        (Standing::Settled, Mode::Drill | Mode::Disaster) => ("", "wifi"),
        (Standing::Settling, _) if ap.heard_ms.is_none() => ("", "unknown"),
        (Standing::Settling, _) => ("turning", "turning"),
        (Standing::Refused, _) | (Standing::Silent, _) => ("fault", "fault"),
        (Standing::Diverged, _) => ("fault", "differ"),
    }
}

/// Access points that say `00000JAPAN` is on the air though it is to be off.
fn still_open(facility: &Facility) -> impl Iterator<Item = &Ap> {
    facility.aps.iter().filter(|ap| {
        !facility.wanted.is_open()
            && ap.standing != Standing::Silent
            && ap.reported.as_ref().is_some_and(|reported| reported.mode.is_open())
    })
}

/// Sums of the chain and the band. Access points are counted over the facilities that are to be open, or over all in
/// normal mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Facilities in all.
    pub facilities: usize,
    /// Access points in all.
    pub aps_all: usize,
    /// Facilities ordered open.
    pub facilities_to_open: usize,
    /// Of those, with at least one access point open.
    pub facilities_open: usize,
    /// Facilities whose tile is not calm.
    pub facilities_troubled: usize,
    /// Access points counted.
    pub aps: usize,
    /// Of those, settled.
    pub settled: usize,
    /// Of those, settling.
    pub settling: usize,
    /// Of those settling, never heard.
    pub unheard: usize,
    /// Of those, refused.
    pub refused: usize,
    /// Of those, diverged.
    pub diverged: usize,
    /// Of those, silent.
    pub silent: usize,
    /// Of those, seen by other eyes as ordered.
    pub seen: usize,
    /// Of those, to be seen, and not yet.
    pub unseen: usize,
    /// Of those, that could be seen, where nobody could look of late.
    pub unasked: usize,
    /// Of those, that nothing can see.
    pub no_means: usize,
    /// Access points that are open and should not be.
    pub still_open: usize,
}

/// The sums.
#[must_use]
pub fn sums(screen: &Screen) -> Sums {
    let mut sums = Sums { facilities: screen.facilities.len(), ..Sums::default() };
    for facility in &screen.facilities {
        sums.aps_all += facility.aps.len();
        sums.still_open += still_open(facility).count();
        sums.facilities_troubled += usize::from(!tile(facility).kind.class().is_empty());
        if facility.wanted.is_open() {
            sums.facilities_to_open += 1;
            sums.facilities_open += usize::from(with(facility, Standing::Settled).next().is_some());
        }
        if screen.mode.is_open() && !facility.wanted.is_open() {
            continue;
        }
        for ap in &facility.aps {
            sums.aps += 1;
            *match ap.standing {
                Standing::Settled => &mut sums.settled,
                Standing::Settling => &mut sums.settling,
                Standing::Refused => &mut sums.refused,
                Standing::Diverged => &mut sums.diverged,
                Standing::Silent => &mut sums.silent,
            } += 1;
            sums.unheard += usize::from(ap.standing == Standing::Settling && ap.heard_ms.is_none());
            *match ap.seen_as_ordered() {
                Some(true) => &mut sums.seen,
                Some(false) => &mut sums.unseen,
                None if ap.witnessed == Witnessed::NoMeans => &mut sums.no_means,
                None => &mut sums.unasked,
            } += 1;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::screen::Lang;

    #[test]
    fn a_facility_without_one_access_point_that_works_is_down_and_not_merely_silent() {
        let mut facility = sample::facility("f", Mode::Disaster, 2);
        facility.aps.iter_mut().for_each(|ap| ap.standing = Standing::Silent);
        assert_eq!(tile(&facility), TileState { kind: TileKind::Down, n: 2, all: 2, drill: false });
        facility.wanted = Mode::Normal;
        assert_eq!(tile(&facility).kind, TileKind::Silent);
    }

    #[test]
    fn what_nothing_can_see_is_never_counted_as_seen() {
        let screen = sample::town(Mode::Disaster);
        let sums = sums(&screen);
        assert_eq!((sums.seen, sums.no_means), (0, sums.aps));
    }

    #[test]
    fn every_kind_of_tile_has_a_word_and_an_icon_in_both_languages() {
        for kind in TileKind::ALL {
            for lang in Lang::ALL {
                assert!(!crate::words::tile_word(TileState { kind, n: 1, all: 2, drill: false }, lang).is_empty());
            }
            assert!(!kind.icon().is_empty());
        }
    }
}
