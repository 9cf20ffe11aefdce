//! Every sentence a person reads on a screen, Japanese beside English: what has one has the other.

mod entry;
mod known;
mod need;
mod say;

use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

pub use entry::{entry_text, many_stand, standing_word};
pub use known::{known, told};
pub use need::{Advice, Cause, advice};
pub use say::{Style, disagreement, say};

use crate::board::TileState;
pub use crate::screen::Lang;
use crate::screen::{Ap, Distinct, Seat, Standing, Who};
use crate::when;

/// `1,508`.
#[must_use]
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// ` · 00000JAPANを使った端末 およそ1,240台(±5%)`: behind the sums, and never without its error.
#[must_use]
pub fn distinct(distinct: &Distinct, lang: Lang) -> String {
    let error = distinct.error_percent;
    match (distinct.devices, lang) {
        (Some(n), Lang::Ja) => format!(" · 00000JAPANを使った端末 およそ{}台(±{error}%)", number(n.into())),
        (Some(n), Lang::En) => format!(" · about {} devices on 00000JAPAN so far (±{error}%)", number(n.into())),
        (None, Lang::Ja) => format!(" · 00000JAPANを使った端末 {}台未満", distinct.fewer_than),
        (None, Lang::En) => format!(" · fewer than {} devices on 00000JAPAN so far", distinct.fewer_than),
    }
}

/// Which of several controllers this one is, whether it decides, and whether the others are heard.
#[must_use]
pub fn seat(seat: &Seat, lang: Lang) -> String {
    let id = &seat.id;
    let this = match (seat.active, lang) {
        (true, Lang::Ja) => format!("この装置 {id} が主"),
        (true, Lang::En) => format!("this is {id}, deciding"),
        (false, Lang::Ja) => format!("この装置 {id} は待機"),
        (false, Lang::En) => format!("this is {id}, standing by"),
    };
    let others = seat.others.iter().map(|other| match (other.heard, other.active, lang) {
        (true, true, Lang::Ja) => format!("{} が主", other.id),
        (true, true, Lang::En) => format!("{} decides", other.id),
        (true, false, Lang::Ja) => format!("{} は待機", other.id),
        (true, false, Lang::En) => format!("{} stands by", other.id),
        (false, _, Lang::Ja) => format!("{} は応答なし", other.id),
        (false, _, Lang::En) => format!("{} is not heard", other.id),
    });
    let parts: Vec<String> = std::iter::once(this).chain(others).collect();
    parts.join(lang.pick("・", "; "))
}

/// The name of a mode, as the band says it.
#[must_use]
pub fn mode_title(mode: Mode, lang: Lang) -> &'static str {
    match mode {
        Mode::Normal => lang.pick("平時モード", "Normal mode"),
        Mode::Drill => lang.pick("訓練モード", "Drill mode"),
        Mode::Disaster => lang.pick("災害モード", "Disaster mode"),
    }
}

/// The word beside the mode's name; empty in normal mode.
#[must_use]
pub fn mode_note(mode: Mode, lang: Lang) -> &'static str {
    match mode {
        Mode::Normal => "",
        Mode::Drill => lang.pick("実施中", "in progress"),
        Mode::Disaster => lang.pick("発動中", "in force"),
    }
}

/// The word for a mode in a table.
#[must_use]
pub fn mode_word(mode: Mode, lang: Lang) -> &'static str {
    known(mode.as_str(), lang).unwrap_or(mode.as_str())
}

/// What a tile says of its facility.
#[must_use]
pub fn tile_word(state: TileState, lang: Lang) -> String {
    let of = |ja: &str, en: &str, n: usize, all: usize| match lang {
        Lang::Ja => format!("{ja} {n}/{all}台"),
        Lang::En => format!("{en} {n}/{all}"),
    };
    let (n, all) = (state.n, state.all);
    use crate::board::TileKind as K;
    let word = match state.kind {
        K::Open => lang.pick("開放中", "Open").to_owned(),
        K::OpenDrill => lang.pick("訓練で開放中", "Open (drill)").to_owned(),
        K::Well => lang.pick("正常", "OK").to_owned(),
        K::Empty => lang.pick("機器なし", "No access points").to_owned(),
        K::Down => of("利用不可", "Unavailable", n, all),
        K::Silent => of("応答なし", "No answer", n, all),
        K::Refused => of("設定を拒否", "Refused", n, all),
        K::Diverged => of("食い違い", "Contradictory", n, all),
        K::StillOpen => of("まだ開放中", "Still open", n, all),
        K::Settling => of("反映中", "On the way", n, all),
        K::Unseen => of("電波未確認", "Not verified", n, all),
        K::Unknown => lang.pick("いまは不明", "Not known now").to_owned(),
    };
    match (state.drill && state.kind != K::OpenDrill, lang) {
        (false, _) => word,
        (true, Lang::Ja) => format!("訓練 {word}"),
        (true, Lang::En) => format!("drill: {word}"),
    }
}

/// What a row or a mark says of one access point.
#[must_use]
pub fn ap_word(ap: &Ap, lang: Lang) -> String {
    let mode = ap.wanted.1;
    let word = match (ap.standing, mode) {
        (Standing::Settled, _) if mode.is_open() && ap.seen_as_ordered() == Some(false) => {
            lang.pick("電波未確認", "Not verified")
        }
        (Standing::Settled, Mode::Normal) => return lang.pick("正常", "OK").to_owned(),
        (Standing::Settled, Mode::Drill) => return lang.pick("訓練で開放中", "Open (drill)").to_owned(),
        (Standing::Settled, Mode::Disaster) => lang.pick("開放中", "Open"),
        (Standing::Settling, _) if ap.heard_ms.is_none() => lang.pick("いまは不明", "Not known now"),
        (standing, _) => standing_word(standing, lang),
    };
    match (mode, lang) {
        (Mode::Drill, Lang::Ja) => format!("訓練 {word}"),
        (Mode::Drill, Lang::En) => format!("Drill: {word}"),
        _ => word.to_owned(),
    }
}

/// Who opened, and when: `14時32分 役場の鍵で発動`.
#[must_use]
pub fn opened_by(who: &Who, since_ms: WallMs, now_ms: WallMs, lang: Lang) -> String {
    let at = match lang {
        Lang::Ja if when::jst(since_ms).date() == when::jst(now_ms).date() => when::spoken(since_ms, lang),
        Lang::Ja => format!("{} {}", when::day(since_ms, lang), when::spoken(since_ms, lang)),
        Lang::En => when::since(since_ms, now_ms, lang),
    };
    match (who, lang) {
        (Who::Key, Lang::Ja) => format!("{at} 役場の鍵で発動"),
        (Who::DrillKey, Lang::Ja) => format!("{at} 訓練の鍵で開始"),
        (Who::KeyAt(place), Lang::Ja) => format!("{at} 鍵({place})で発動"),
        (Who::DrillKeyAt(place), Lang::Ja) => format!("{at} 訓練の鍵({place})で開始"),
        (Who::KeyAt(place) | Who::DrillKeyAt(place), Lang::En) => format!("opened {at} by the key at {place}"),
        (Who::FacilityKey(ap), Lang::Ja) => format!("{at} 施設の鍵({ap})で発動"),
        (Who::Operator(name), Lang::Ja) => format!("{at} {name}の操作で発動"),
        (Who::Key | Who::DrillKey, Lang::En) => format!("opened {at} by the key"),
        (Who::FacilityKey(ap), Lang::En) => format!("opened {at} by the facility key at {ap}"),
        (Who::Operator(name), Lang::En) => format!("opened {at} by {name}"),
    }
}

/// A length in its two greatest units, as (number, unit) pairs.
#[must_use]
pub fn length(ms: i64, lang: Lang) -> Vec<(i64, &'static str)> {
    let (days, hours, minutes) = when::length(ms);
    let day = (days, lang.pick("日", " d "));
    let hour = (hours, lang.pick("時間", " h "));
    let minute = (minutes, lang.pick("分", " min"));
    if days > 0 {
        vec![day, hour]
    } else if hours > 0 {
        vec![hour, minute]
    } else {
        vec![minute]
    }
}
