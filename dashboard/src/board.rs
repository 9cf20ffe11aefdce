//! What the board makes of the town: one state per facility, the sums of the chain, the list of what needs attention.

use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

use crate::screen::{Ap, Facility, Screen, Standing};
use crate::words::{Cause, Lang, advice, told};

/// How long an access point may settle before it is called slow: a radar check (DFS) holds a radio for 60 s.
const SLOW_AFTER_MS: i64 = 75_000;

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

fn with(facility: &Facility, standing: Standing) -> impl Iterator<Item = &Ap> {
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
                None => &mut sums.no_means,
            } += 1;
        }
    }
    sums
}

/// One thing that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Stable while it lasts: a screen reader is told of new ones only.
    pub key: String,
    /// Whether somebody is without a network because of it.
    pub fault: bool,
    /// Whether it concerns a whole facility or the whole town: those come first.
    pub whole: bool,
    /// What it is about.
    pub title: String,
    /// Since when.
    pub since_ms: WallMs,
    /// What is the matter.
    pub text: String,
    /// What to do.
    pub steps: Vec<String>,
    /// Whom to telephone; empty where nobody is named.
    pub contact: String,
}

impl Need {
    /// Since when, in words. (References: that is how a template hands its values over.)
    pub(crate) fn since(&self, now_ms: &WallMs, lang: &Lang) -> String {
        crate::when::since(self.since_ms, *now_ms, *lang)
    }
}

/// Everything that needs attention, worst first; one entry per facility and cause.
#[must_use]
pub fn needs(screen: &Screen, lang: Lang) -> Vec<Need> {
    let mut needs = house(screen, lang);
    for facility in &screen.facilities {
        facility_needs(screen, facility, lang, &mut needs);
    }
    needs.sort_by_key(|need| (!need.fault, !need.whole, need.since_ms));
    needs
}

/// What is the matter with the town hall's own things.
fn house(screen: &Screen, lang: Lang) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut add = |cause: Cause, fault: bool, title: (&str, &str), since_ms: WallMs, text: String| {
        needs.push(Need {
            key: format!("{cause:?}"),
            fault,
            whole: true,
            title: lang.pick(title.0, title.1).to_owned(),
            since_ms,
            text,
            steps: advice(cause, "", lang).steps,
            contact: String::new(),
        });
    };
    if let Some(why) = &screen.key.isolated {
        let text = match lang {
            Lang::Ja => format!("鍵を切り離しています。理由: {why}"),
            Lang::En => format!("The key is left out of account: {why}"),
        };
        add(Cause::KeyIsolated, false, ("役場の鍵", "The key"), screen.key.since_ms.unwrap_or(screen.now_ms), text);
    } else if let Some((fault, since_ms)) = &screen.key.fault {
        let word = told(fault.as_str(), lang);
        let text = match lang {
            Lang::Ja => format!("鍵が読めません({word})。モードは変えずに続けています。"),
            Lang::En => format!("The key cannot be read ({word}). The mode is held."),
        };
        add(Cause::KeyFault, true, ("役場の鍵", "The key"), *since_ms, text);
    }
    if let Some((since_ms, why)) = &screen.broker_lost {
        let text = match lang {
            Lang::Ja => format!("機器との通信の中継に接続できません({why})。機器の状態はこの時刻のままです。"),
            Lang::En => format!("The broker cannot be reached ({why}). What is shown of access points is as of then."),
        };
        add(Cause::BrokerLost, true, ("通信の中継", "The broker"), *since_ms, text);
    }
    if let Some((since_ms, why, waiting)) = &screen.store_lost {
        let text = match lang {
            Lang::Ja => format!("記録を保存できません({why})。{waiting}件を保持しています。"),
            Lang::En => format!("The record cannot be stored ({why}). {waiting} entries are kept."),
        };
        add(Cause::StoreLost, true, ("記録の保存", "The record"), *since_ms, text);
    }
    needs
}

fn facility_needs(screen: &Screen, facility: &Facility, lang: Lang, needs: &mut Vec<Need>) {
    let all = facility.aps.len();
    let usable = with(facility, Standing::Settled).count();
    let mut add = |cause: Cause, fault: bool, aps: &[&Ap]| {
        let Some(since_ms) = aps.iter().map(|ap| ap.since_ms).min() else { return };
        needs.push(Need {
            key: format!("{cause:?}-{}", facility.id),
            fault,
            whole: aps.len() == all,
            title: name(&facility.name_ja, &facility.name_en, lang).to_owned(),
            since_ms,
            text: facility_text(cause, aps, (all, usable), lang),
            steps: advice(cause, &facility.contact, lang).steps,
            contact: facility.contact.clone(),
        });
    };
    let of = |standing| with(facility, standing).collect::<Vec<_>>();
    let silent = of(Standing::Silent);
    let cause = if silent.len() == all { Cause::AllSilent } else { Cause::SomeSilent };
    add(cause, true, &silent);
    add(Cause::Refused, true, &of(Standing::Refused));
    add(Cause::Diverged, true, &of(Standing::Diverged));
    let slow =
        with(facility, Standing::Settling).filter(|ap| screen.now_ms - ap.since_ms > SLOW_AFTER_MS).collect::<Vec<_>>();
    add(Cause::Slow, false, &slow);
    let unseen = with(facility, Standing::Settled)
        .filter(|ap| facility.wanted.is_open() && ap.seen_as_ordered() == Some(false))
        .collect::<Vec<_>>();
    add(Cause::Unseen, false, &unseen);
}

/// A facility's name in the page's language, where it has one.
#[must_use]
pub fn name<'a>(ja: &'a str, en: &'a str, lang: Lang) -> &'a str {
    if lang == Lang::En && !en.is_empty() { en } else { ja }
}

/// Longest list of access points by name in one sentence.
const NAMES_MAX: usize = 3;

fn facility_text(cause: Cause, aps: &[&Ap], (all, usable): (usize, usize), lang: Lang) -> String {
    let names = {
        let some: Vec<&str> = aps.iter().take(NAMES_MAX).map(|ap| ap.name.as_str()).collect();
        let more = aps.len() - some.len();
        match (lang, more) {
            (_, 0) => some.join(lang.pick("・", ", ")),
            (Lang::Ja, more) => format!("{}ほか{more}台", some.join("・")),
            (Lang::En, more) => format!("{} and {more} more", some.join(", ")),
        }
    };
    let n = aps.len();
    let why = aps.iter().map(|ap| ap.why.as_str()).find(|why| !why.is_empty()).map_or("", |why| told(why, lang));
    let why = match (why, lang) {
        ("", _) => String::new(),
        (why, Lang::Ja) => format!("理由: {why}"),
        (why, Lang::En) => format!(" Reason: {why}"),
    };
    let rest = match lang {
        _ if usable == 0 || n == all => String::new(),
        Lang::Ja => format!("{usable}台は使えます。"),
        Lang::En => format!(" {usable} can be used."),
    };
    match (cause, lang) {
        (Cause::AllSilent, Lang::Ja) if n == 1 => "応答なし。停電か回線断の疑い。".to_owned(),
        (Cause::AllSilent, Lang::Ja) => format!("{n}台とも応答なし。停電か回線断の疑い。"),
        (Cause::AllSilent, Lang::En) => "No answer from any access point. Power or line may be out.".to_owned(),
        (Cause::SomeSilent, Lang::Ja) => format!("{names}の{n}台が応答なし。{rest}"),
        (Cause::SomeSilent, Lang::En) => format!("No answer: {names}.{rest}"),
        (Cause::Refused, Lang::Ja) => format!("{names}の{n}台が設定を拒否。{rest}{why}"),
        (Cause::Refused, Lang::En) => format!("Refused: {names}.{rest}{why}"),
        (Cause::Diverged, Lang::Ja) => format!("{names}の{n}台で報告と電波が食い違い。{rest}{why}"),
        (Cause::Diverged, Lang::En) => format!("Report and air contradict: {names}.{rest}{why}"),
        (Cause::Unseen, Lang::Ja) => format!("{names}の{n}台の電波を確認できていません。自動で再確認中。"),
        (Cause::Unseen, Lang::En) => format!("Signal not verified: {names}. Checks go on by themselves."),
        (_, Lang::Ja) => format!("{names}の{n}台がまだ反映中。自動で繰り返しています。{why}"),
        (_, Lang::En) => format!("Still on the way: {names}. Tries go on by themselves.{why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_facility_without_one_access_point_that_works_is_down_and_not_merely_silent() {
        let mut facility = sample::facility("f", Mode::Disaster, 2);
        facility.aps.iter_mut().for_each(|ap| ap.standing = Standing::Silent);
        assert_eq!(tile(&facility), TileState { kind: TileKind::Down, n: 2, all: 2, drill: false });
        facility.wanted = Mode::Normal;
        assert_eq!(tile(&facility).kind, TileKind::Silent);
    }

    #[test]
    fn a_facility_out_is_one_need_and_not_one_per_access_point() {
        let mut screen = sample::town(Mode::Disaster);
        screen.facilities[0].aps.iter_mut().for_each(|ap| ap.standing = Standing::Silent);
        let needs = needs(&screen, Lang::Ja);
        assert_eq!(needs.len(), 1);
        assert!(needs[0].text.contains("台とも応答なし"), "{}", needs[0].text);
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
