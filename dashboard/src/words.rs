//! Every sentence a person reads on a screen, Japanese beside English: what has one has the other.

mod entry;
mod known;
mod need;

use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

pub use entry::{entry_text, standing_word};
pub use known::{known, told};
pub use need::{Advice, Cause, advice};

use crate::board::{Sums, TileState};
pub use crate::screen::Lang;
use crate::screen::{Screen, Who};
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
    match state.kind {
        K::Open => lang.pick("開放中", "open").to_owned(),
        K::OpenDrill => lang.pick("訓練で開放中", "open (drill)").to_owned(),
        K::Well => lang.pick("正常", "OK").to_owned(),
        K::Empty => lang.pick("機器なし", "no access points").to_owned(),
        K::Down => of("利用不可", "unavailable", n, all),
        K::Silent => of("応答なし", "no answer", n, all),
        K::Refused => of("設定を拒否", "refused", n, all),
        K::Diverged => of("食い違い", "contradiction", n, all),
        K::StillOpen => of("まだ開放中", "still open", n, all),
        K::Settling => of("反映中", "applying", n, all),
        K::Unseen => of("電波未確認", "signal not verified", n, all),
    }
}

/// The band's sentence, in runs of (text, bold).
#[must_use]
pub fn say(screen: &Screen, sums: &Sums, lang: Lang) -> Vec<(String, bool)> {
    let plain = |text: String| (text, false);
    let bold = |text: String| (text, true);
    let (open, to_open) = (sums.facilities_open, sums.facilities_to_open);
    let lacking = to_open - open;
    match (screen.mode, lang) {
        _ if screen.order.is_none() => vec![plain(
            lang.pick(
                "起動しました。鍵と機器の状態を確認しています。",
                "Started. Reading the key and the access points.",
            )
            .to_owned(),
        )],
        (Mode::Normal, Lang::Ja) => {
            let tail = if screen.key.position.is_some() {
                "役場の鍵を「災害」に回すと「00000JAPAN」を一斉に開放します。"
            } else {
                "画面や端末からの操作で「00000JAPAN」を開放します。"
            };
            if sums.still_open > 0 {
                vec![
                    bold(format!("{}台がまだ「00000JAPAN」を出しています。", sums.still_open)),
                    plain("停止を続けています。".to_owned()),
                ]
            } else if sums.facilities_troubled == 0 {
                vec![bold(format!("{}施設すべて正常", sums.facilities)), plain(format!("です。{tail}"))]
            } else {
                vec![bold(format!("{}施設で確認が必要", sums.facilities_troubled)), plain(format!("です。{tail}"))]
            }
        }
        (Mode::Normal, Lang::En) => {
            if sums.still_open > 0 {
                vec![
                    bold(format!("{} access points still radiate 00000JAPAN.", sums.still_open)),
                    plain(" Closing goes on.".to_owned()),
                ]
            } else if sums.facilities_troubled == 0 {
                vec![
                    bold(format!("All {} facilities are well.", sums.facilities)),
                    plain(" Turning the key to “disaster” opens 00000JAPAN everywhere.".to_owned()),
                ]
            } else {
                vec![
                    bold(format!("{} of {} facilities need attention.", sums.facilities_troubled, sums.facilities)),
                    plain(" Turning the key to “disaster” opens 00000JAPAN.".to_owned()),
                ]
            }
        }
        (mode, Lang::Ja) => {
            let mut runs = Vec::new();
            if mode == Mode::Drill {
                runs.push(bold("これは訓練です。".to_owned()));
            }
            if lacking == 0 {
                runs.push(plain("Wi-Fi「".to_owned()));
                runs.push(bold("00000JAPAN".to_owned()));
                runs.push(plain("」を".to_owned()));
                runs.push(bold(format!("{to_open}施設すべてで開放")));
                runs.push(plain("しています。".to_owned()));
            } else {
                runs.push(plain("Wi-Fi「".to_owned()));
                runs.push(bold("00000JAPAN".to_owned()));
                runs.push(plain(format!("」を{to_open}施設のうち ")));
                runs.push(bold(format!("{open}施設で開放")));
                runs.push(plain(format!("しています。{lacking}施設はまだ使えません。")));
            }
            if let Some(until) = screen.decisive.as_ref().and_then(|opened| opened.until_ms) {
                runs.push(plain(format!("{}に自動で平時に戻ります。", when::spoken(until, lang))));
            }
            runs
        }
        (mode, Lang::En) => {
            let mut runs = Vec::new();
            if mode == Mode::Drill {
                runs.push(bold("This is a drill. ".to_owned()));
            }
            runs.push(plain("00000JAPAN is ".to_owned()));
            if lacking == 0 {
                runs.push(bold(format!("open at all {to_open} facilities")));
                runs.push(plain(".".to_owned()));
            } else {
                runs.push(bold(format!("open at {open} of {to_open} facilities")));
                runs.push(plain(format!("; {lacking} cannot be used yet.")));
            }
            if let Some(until) = screen.decisive.as_ref().and_then(|opened| opened.until_ms) {
                runs.push(plain(format!(" It returns to normal by itself at {}.", when::spoken(until, lang))));
            }
            runs
        }
    }
}

/// Where key and state say different things: the sentence under the band.
#[must_use]
pub fn disagreement(screen: &Screen, sums: &Sums, lang: Lang) -> Option<String> {
    let position = screen.key.position?;
    if screen.key.isolated.is_some() || screen.key.fault.is_some() {
        return None;
    }
    match (position, screen.mode) {
        (Mode::Disaster, Mode::Normal | Mode::Drill) => Some(
            lang.pick(
                "鍵は「災害」ですが、開放の指令がまだ出ていません。",
                "The key is at “disaster”, and no order to open has gone out yet.",
            )
            .to_owned(),
        ),
        (Mode::Normal, Mode::Disaster) => Some(
            lang.pick(
                "鍵は「平時」です。画面または端末の操作で開放しています。閉じるのは開放した人です。",
                "The key is at “normal”; a person at a screen or terminal holds the network open, and closes it.",
            )
            .to_owned(),
        ),
        (Mode::Normal, Mode::Normal) if sums.still_open > 0 => Some(match lang {
            Lang::Ja => format!("鍵を「平時」に戻しましたが、{}台がまだ00000JAPANを出しています。", sums.still_open),
            Lang::En => {
                format!("The key is back at “normal”, and {} access points still radiate 00000JAPAN.", sums.still_open)
            }
        }),
        _ => None,
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
        (Who::Key | Who::DrillKey, Lang::Ja) => format!("{at} 役場の鍵で発動"),
        (Who::Operator(name), Lang::Ja) => format!("{at} {name}が発動"),
        (Who::Key | Who::DrillKey, Lang::En) => format!("opened {at} by the key"),
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
