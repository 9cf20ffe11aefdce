//! The band's sentence: is it working everywhere, and what is not; and where key and state say different things.

use firmware_config::mode::Mode;

use super::{Lang, mode_word, told};
use crate::board::{Sums, TileKind, tile};
use crate::screen::{Facility, Screen, Standing, Who, name};
use crate::when;

/// How a run of the sentence looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// Bold.
    Bold,
    /// A sentence of its own, kept on one line where it fits.
    Sentence,
}

/// The sentence in runs.
pub type Runs = Vec<(String, Style)>;

/// `one` or `many`, as English needs it.
fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

/// A text with its `**bold**` parts as runs, and its later sentences apart.
fn runs(text: &str) -> Runs {
    let mut runs = Vec::new();
    for (i, part) in text.split("**").enumerate() {
        if i % 2 == 1 {
            runs.push((part.to_owned(), Style::Bold));
            continue;
        }
        for (n, sentence) in part.split_inclusive('。').enumerate() {
            runs.push((sentence.to_owned(), if n > 0 { Style::Sentence } else { Style::Plain }));
        }
    }
    runs
}

/// Text from outside, unable to open or close bold.
fn plain(text: &str) -> String {
    text.replace('*', "＊")
}

/// The band's sentence.
#[must_use]
pub fn say(screen: &Screen, sums: &Sums, lang: Lang) -> Runs {
    let nobody_heard = screen.aps().all(|placed| placed.ap.reported.is_none());
    let text = match screen.mode {
        _ if screen.order.is_none() || (nobody_heard && !screen.mode.is_open()) => lang
            .pick(
                "**まだどの機器からも連絡がありません。**起動した直後は、そろうまで少しかかります。",
                "**No access point has been heard yet.** After a start this takes a little while.",
            )
            .to_owned(),
        Mode::Normal => normal(screen, sums, lang),
        Mode::Drill | Mode::Disaster => open(screen, sums, lang),
    };
    runs(&text)
}

fn normal(screen: &Screen, sums: &Sums, lang: Lang) -> String {
    let (all, troubled) = (sums.facilities, sums.facilities_troubled);
    if sums.still_open > 0 {
        let n = sums.still_open;
        let turned_back = screen.key.position == Some(Mode::Normal);
        return match (lang, turned_back) {
            (Lang::Ja, true) => format!("鍵を「平時」に戻しましたが、**{n}台がまだ00000JAPANを出しています**。"),
            (Lang::Ja, false) => format!("開放の指令はありませんが、**{n}台がまだ00000JAPANを出しています**。"),
            (Lang::En, true) => format!(
                "The key is back at “normal”, but **{n} access point{} on the air with 00000JAPAN**.",
                plural(n, " is still", "s are still")
            ),
            (Lang::En, false) => format!(
                "Nothing is ordered open, but **{n} access point{} on the air with 00000JAPAN**.",
                plural(n, " is still", "s are still")
            ),
        };
    }
    let key_works = screen.key.position.is_some() && screen.key.fault.is_none() && screen.key.isolated.is_none();
    let hint = match lang {
        _ if !key_works => "",
        Lang::Ja => "役場の鍵を「災害」に回すと「00000JAPAN」を一斉に開放します。",
        Lang::En => " Turning the key to “disaster” opens 00000JAPAN everywhere at once.",
    };
    if troubled == 0 {
        return match lang {
            Lang::Ja => format!("**{all}施設すべて正常**です。{hint}"),
            Lang::En => format!("**All {all} facilities are well.**{hint}"),
        };
    }
    let silent = screen.facilities.iter().filter(|it| tile(it).kind == TileKind::Silent).count();
    let well = all - troubled;
    match lang {
        Lang::Ja => {
            let what = if silent == troubled { "応答のない機器" } else { "確認の必要な機器" };
            format!("{all}施設のうち **{well}施設は正常**です。{troubled}施設に{what}があります。")
        }
        Lang::En => {
            let what = if silent == troubled { "do not answer" } else { "need attention" };
            format!(
                "**{well} of {all} facilities are well.** At {troubled} {} some access points {what}.",
                plural(troubled, "facility", "facilities")
            )
        }
    }
}

/// Why a facility that is to be open is not: nobody answers, or it is on its way, or something else.
fn lacking(screen: &Screen) -> [usize; 3] {
    let mut counts = [0; 3];
    let stands = |place: &Facility, standing| place.aps.iter().any(|ap| ap.standing == standing);
    for place in screen.facilities.iter().filter(|place| place.wanted.is_open() && !stands(place, Standing::Settled)) {
        let all_silent = place.aps.iter().all(|ap| ap.standing == Standing::Silent);
        counts[if all_silent {
            0
        } else if stands(place, Standing::Settling) {
            1
        } else {
            2
        }] += 1;
    }
    counts
}

fn open(screen: &Screen, sums: &Sums, lang: Lang) -> String {
    let (open, all) = (sums.facilities_open, sums.facilities_to_open);
    let mut text = String::new();
    if screen.mode == Mode::Drill {
        text.push_str(lang.pick("**これは訓練です。**", "**This is a drill.** "));
    }
    let only = screen.facilities.iter().find(|place| place.wanted.is_open()).filter(|_| all == 1);
    text.push_str(&match (lang, only) {
        (Lang::Ja, Some(place)) if open == 1 => {
            format!("Wi-Fi「**00000JAPAN**」を**{}で開放**しています。", plain(&place.name_ja))
        }
        (Lang::En, Some(place)) if open == 1 => {
            format!("Wi-Fi “00000JAPAN” is **open at {}**.", plain(name(&place.name_ja, &place.name_en, lang)))
        }
        (Lang::Ja, _) if open == all => format!("Wi-Fi「**00000JAPAN**」を**{all}施設すべてで開放**しています。"),
        (Lang::En, _) if open == all => format!("Wi-Fi “00000JAPAN” is **open at all {all} facilities**."),
        (Lang::Ja, _) => format!("Wi-Fi「**00000JAPAN**」を{all}施設のうち **{open}施設で開放**しています。"),
        (Lang::En, _) => format!("Wi-Fi “00000JAPAN” is **open at {open} of {all} facilities**."),
    });
    let [silent, settling, other] = lacking(screen);
    for (n, ja, one, many) in [
        (silent, "施設は応答がありません。", "facility does not answer.", "facilities do not answer."),
        (settling, "施設は反映中です。", "facility is on its way.", "facilities are on their way."),
        (other, "施設は開放できていません。", "facility could not be opened.", "facilities could not be opened."),
    ] {
        match lang {
            _ if n == 0 => {}
            Lang::Ja => text.push_str(&format!("{n}{ja}")),
            Lang::En => text.push_str(&format!(" {n} {}", plural(n, one, many))),
        }
    }
    let faulty = sums.silent + sums.refused + sums.diverged;
    if faulty > 0 && open == all {
        text.push_str(&match lang {
            Lang::Ja => format!("{faulty}台の機器に不具合があります。"),
            Lang::En => format!(" {faulty} access point{} a fault.", plural(faulty, " has", "s have")),
        });
    }
    if let Some(until) = screen.decisive.as_ref().and_then(|opened| opened.until_ms) {
        text.push_str(&match lang {
            Lang::Ja => format!("{}に自動で平時に戻ります。", when::spoken(until, lang)),
            Lang::En => format!(" It ends by itself at {}.", when::spoken(until, lang)),
        });
    }
    text
}

/// Where key and state say different things, or the key says nothing: the sentence under the band.
#[must_use]
pub fn disagreement(screen: &Screen, lang: Lang) -> Option<String> {
    let key = &screen.key;
    let position = key.position.map(|position| mode_word(position, lang));
    if let Some((fault, _)) = &key.fault {
        let word = told(fault.as_str(), lang);
        return Some(match (lang, position) {
            (Lang::Ja, Some(position)) => format!("鍵が読めません({word})。「{position}」のまま続けています。"),
            (Lang::Ja, None) => format!("鍵が読めません({word})。鍵を回しても切り替わりません。"),
            (Lang::En, Some(position)) => format!("The key cannot be read ({word}). Going on as “{position}”."),
            (Lang::En, None) => format!("The key cannot be read ({word}). Turning it has no effect."),
        });
    }
    if key.isolated.is_some() {
        return (key.position != Some(screen.mode)).then(|| match (lang, position) {
            (Lang::Ja, Some(position)) => format!("鍵は「{position}」ですが、切り離しているため従っていません。"),
            (Lang::Ja, None) => "鍵は切り離しています。".to_owned(),
            (Lang::En, Some(position)) => format!("The key says “{position}”, but it is isolated and not obeyed."),
            (Lang::En, None) => "The key is isolated.".to_owned(),
        });
    }
    match (key.position?, screen.mode) {
        (Mode::Disaster, Mode::Normal | Mode::Drill) => Some(
            lang.pick(
                "鍵は「災害」ですが、開放の指令がまだ出ていません。",
                "The key is at “disaster”, but no order to open has gone out yet.",
            )
            .to_owned(),
        ),
        (Mode::Normal, Mode::Disaster) => {
            let who = match screen.decisive.as_ref().map(|opened| &opened.who) {
                Some(Who::Operator(name)) => name.as_str(),
                Some(Who::KeyAt(place)) => return Some(other_key(&format!("もう一方の鍵({place})"), place, lang)),
                Some(Who::FacilityKey(ap)) => return Some(other_key(&format!("施設の鍵({ap})"), ap, lang)),
                _ => lang.pick("操作した人", "A person"),
            };
            Some(match lang {
                Lang::Ja => format!("鍵は「平時」ですが、{who}の操作で開放しています。閉じるのも同じ人です。"),
                Lang::En => format!("The key is at “normal”, but {who} has opened from a screen, and closes again."),
            })
        }
        _ => None,
    }
}

/// Who looks here finds this key at 平時; the one that opened is elsewhere.
fn other_key(ja: &str, at: &str, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("ここの鍵は「平時」ですが、{ja}で開放しています。閉じるのもその鍵です。"),
        Lang::En => format!("The key here is at “normal”; the key at {at} has opened, and closes again."),
    }
}
