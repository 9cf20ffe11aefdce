//! What needs a person: one entry for each facility and cause, and the town hall's own troubles; worst first.

use firmware_config::wire::WallMs;

use crate::board::with;
use crate::screen::{Ap, Facility, Screen, SeatMistake, Standing, name};
use crate::words::{Cause, Lang, advice, told};

/// How long an access point may settle before it is called slow: a radar check (DFS) holds a radio for 60 s.
const SLOW_AFTER_MS: i64 = 75_000;

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
    needs.extend(air(screen, lang));
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
    if let Some(seat) = &screen.seat {
        let title = ("制御装置", "The controllers");
        if let Some(since_ms) = seat.alone_since_ms {
            let text = lang.pick(
                "もう1台の制御装置と通じません。この1台だけで動いています。",
                "No other controller is heard. This one is alone.",
            );
            add(Cause::Alone, true, title, since_ms, text.to_owned());
        }
        if let Some(mistake) = &seat.mistake {
            let text = match (mistake, lang) {
                (SeatMistake::SameName, Lang::Ja) => format!("別の制御装置も「{}」と名乗っています。", seat.id),
                (SeatMistake::SameName, Lang::En) => format!("Another controller is called “{}” too.", seat.id),
                (SeatMistake::SameRank(of), Lang::Ja) => format!("制御装置 {of} の rank がこの装置と同じです。"),
                (SeatMistake::SameRank(of), Lang::En) => format!("Controller {of} has the same rank as this one."),
            };
            add(Cause::SameSeat, true, title, screen.now_ms, text);
        }
        if seat.lock_lost {
            let text =
                lang.pick("主を決めるデータベースに接続できません。", "The database with the lock cannot be reached.");
            add(Cause::LockLost, false, title, screen.now_ms, text.to_owned());
        }
    }
    needs
}

/// What is on the air that should not be: one need for each cause, however many there are.
fn air(screen: &Screen, lang: Lang) -> Vec<Need> {
    let name_of = |id: &str| screen.ap_name(id, lang).unwrap_or_else(|| id.to_owned());
    let mut needs = Vec::new();
    let mut add = |cause: Cause, fault: bool, since_ms: Option<WallMs>, text: String| {
        let Some(since_ms) = since_ms else { return };
        let title = lang.pick("電波の見張り", "On the air").to_owned();
        let (key, steps) = (format!("{cause:?}"), advice(cause, "", lang).steps);
        needs.push(Need { key, fault, whole: true, title, since_ms, text, steps, contact: String::new() });
    };
    let open: Vec<String> = screen.left_open.iter().map(|(_, id)| name_of(id)).collect();
    let text = match lang {
        Lang::Ja => format!("指令がないのに 00000JAPAN を出したまま: {}", some(&open, lang)),
        Lang::En => format!("On the air with 00000JAPAN without an order: {}", some(&open, lang)),
    };
    add(Cause::LeftOpen, true, screen.left_open.iter().map(|(since, _)| *since).min(), text);
    let same: Vec<_> = screen.strangers.iter().filter(|it| it.alarm).collect();
    let heard: Vec<String> =
        same.iter().map(|it| format!("{} ({}ch, {})", name_of(&it.by), it.channel, it.bssid)).collect();
    let text = match lang {
        Lang::Ja => {
            format!("停止中なのに、町の機器でない 00000JAPAN が出ています。受信した機器: {}", some(&heard, lang))
        }
        Lang::En => format!("Somebody else sends 00000JAPAN while it is closed. Heard by: {}", some(&heard, lang)),
    };
    add(Cause::SameName, true, same.iter().map(|it| it.since_ms).min(), text);
    let alike: Vec<_> = screen.strangers.iter().filter_map(|it| it.why.as_ref().map(|why| (it, why))).collect();
    let heard: Vec<String> = alike
        .iter()
        .map(|(it, why)| match lang {
            Lang::Ja => format!("「{}」({}。{}が受信)", it.ssid, why.0, name_of(&it.by)),
            Lang::En => format!("“{}” ({}; heard by {})", it.ssid, why.1, name_of(&it.by)),
        })
        .collect();
    let text = match lang {
        Lang::Ja => format!("00000JAPAN に似せた名前が出ています: {}", some(&heard, lang)),
        Lang::En => format!("Names that look like 00000JAPAN: {}", some(&heard, lang)),
    };
    add(Cause::LookAlike, false, alike.iter().map(|(it, _)| it.since_ms).min(), text);
    needs
}

/// The first of them, and how many more.
fn some(all: &[String], lang: Lang) -> String {
    let text = all.iter().take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(lang.pick("、", "; "));
    match (all.len().saturating_sub(NAMES_MAX), lang) {
        (0, _) => text,
        (more, Lang::Ja) => format!("{text}ほか{more}件"),
        (more, Lang::En) => format!("{text} and {more} more"),
    }
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
    let why = aps
        .iter()
        .map(|ap| ap.why.as_str())
        .find(|why| !why.is_empty())
        .map_or_else(Default::default, |why| told(why, lang));
    let why = match (why.as_ref(), lang) {
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
    use firmware_config::mode::Mode;

    use super::*;
    use crate::sample;

    #[test]
    fn a_facility_out_is_one_need_and_not_one_per_access_point() {
        let mut screen = sample::town(Mode::Disaster);
        screen.facilities[0].aps.iter_mut().for_each(|ap| ap.standing = Standing::Silent);
        let needs = needs(&screen, Lang::Ja);
        assert_eq!(needs.len(), 1);
        assert!(needs[0].text.contains("台とも応答なし"), "{}", needs[0].text);
    }
}
