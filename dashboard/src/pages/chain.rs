//! The chain ①②③④: key, order, access points, air; in the same place in every mode, a check mark only where all are there.

use askama::Template;
use firmware_config::mode::Mode;

use super::render;
use crate::board::Sums;
use crate::screen::Screen;
use crate::when;
use crate::words::{self, Lang, number};

/// One step of the chain: a value, of how many, whether it is whole, what is lacking.
struct Step {
    title: &'static str,
    /// Beside the title: what is apart from the count.
    beside: String,
    value: String,
    of: String,
    small: String,
    done: bool,
    tags: Vec<Tag>,
    dial: Option<&'static str>,
}

struct Tag {
    class: &'static str,
    icon: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "chain.html")]
struct Chain {
    lang: Lang,
    steps: Vec<Step>,
    stations: String,
}

fn key_step(screen: &Screen, lang: Lang) -> Step {
    let key = &screen.key;
    let mut step = Step {
        title: lang.pick("① 鍵の位置", "① Key"),
        beside: String::new(),
        value: match key.position {
            Some(position) => words::mode_word(position, lang).to_owned(),
            None => "―".to_owned(),
        },
        of: String::new(),
        small: String::new(),
        done: false,
        tags: Vec::new(),
        dial: key.position.map(|position| match position {
            Mode::Normal => "dial-normal",
            Mode::Drill => "dial-drill",
            Mode::Disaster => "dial-disaster",
        }),
    };
    if key.position.is_some_and(|position| position != Mode::Normal) {
        step.small = key.since_ms.map(when::clock_s).unwrap_or_default();
    }
    if key.isolated.is_some() {
        step.tags
            .push(Tag { class: "caution", icon: "caution", text: lang.pick("切り離し中", "isolated").to_owned() });
    } else if key.fault.is_some() {
        let text = lang.pick("読めません", "cannot be read").to_owned();
        step.tags.push(Tag { class: "fault", icon: "fault", text });
    }
    step
}

/// The chain, rendered.
pub(super) fn chain(screen: &Screen, sums: &Sums, lang: Lang) -> String {
    let drill = screen.mode == Mode::Drill;
    let of = match lang {
        Lang::Ja => format!("/{}台", sums.aps),
        Lang::En => format!(" of {}", sums.aps),
    };
    let tag = |class, icon, n: usize, ja: &str, en: &str| {
        (n > 0).then(|| Tag {
            class,
            icon,
            text: match lang {
                Lang::Ja => format!("{n}台 {ja}"),
                Lang::En => format!("{n} {en}"),
            },
        })
    };
    let sent = screen.order.is_some_and(|order| order.published);
    let order = Step {
        title: match (screen.mode, lang) {
            (Mode::Normal, Lang::Ja) => "② 指令",
            (Mode::Drill, Lang::Ja) => "② 指令の送信(訓練)",
            (Mode::Disaster, Lang::Ja) => "② 指令の送信",
            (_, Lang::En) => "② Order",
        },
        beside: screen.seat.as_ref().map_or_else(String::new, |seat| words::seat(seat, lang)),
        value: match (screen.mode, screen.order) {
            (_, None) => "―".to_owned(),
            (Mode::Normal, Some(_)) => words::mode_word(Mode::Normal, lang).to_owned(),
            _ => number(if sent { sums.aps } else { 0 } as u64),
        },
        of: if screen.mode.is_open() { of.clone() } else { String::new() },
        small: screen.order.map_or_else(String::new, |order| match lang {
            Lang::Ja => format!("第{}号", order.number),
            Lang::En => format!("no. {}", order.number),
        }),
        done: sent,
        tags: if sent || screen.order.is_none() {
            Vec::new()
        } else {
            vec![Tag { class: "caution", icon: "caution", text: lang.pick("送信待ち", "waiting").to_owned() }]
        },
        dial: None,
    };
    let applied = Step {
        title: match (screen.mode, lang) {
            (Mode::Normal, Lang::Ja) => "③ 機器の設定",
            (_, Lang::Ja) if drill => "③ 機器への反映(訓練)",
            (_, Lang::Ja) => "③ 機器への反映",
            (_, Lang::En) => "③ Access points",
        },
        beside: String::new(),
        value: number(sums.settled as u64),
        of: of.clone(),
        small: String::new(),
        done: sums.settled == sums.aps && sums.aps > 0,
        tags: match [sums.silent, sums.refused, sums.diverged] {
            [n, 0, 0] => tag("fault", "fault", n, "応答なし", "no answer"),
            [0, n, 0] => tag("fault", "fault", n, "設定を拒否", "refused"),
            [0, 0, n] => tag("fault", "differ", n, "食い違い", "contradict"),
            // Which of them is told below, facility by facility; here is room for one line.
            kinds => tag("fault", "fault", kinds.iter().sum(), "不具合", "faulty"),
        }
        .into_iter()
        .chain(tag("caution", "turning", sums.settling - sums.unheard, "反映中", "on the way"))
        .chain(tag("plain", "unknown", sums.unheard, "いまは不明", "not known now"))
        .collect(),
        dial: None,
    };
    let seeable = sums.aps - sums.no_means;
    let air = Step {
        title: match (drill, lang) {
            (true, Lang::Ja) => "④ 電波の確認(訓練)",
            (false, Lang::Ja) => "④ 電波の確認",
            (_, Lang::En) => "④ On the air",
        },
        beside: match (sums.no_means, lang) {
            (0, _) => String::new(),
            (n, Lang::Ja) => format!("確認手段なし {n}台"),
            (n, Lang::En) => format!("no means for {n}"),
        },
        value: if seeable == 0 { "―".to_owned() } else { number(sums.seen as u64) },
        of: if seeable == 0 { String::new() } else { of },
        small: String::new(),
        done: sums.aps > 0 && sums.seen == sums.aps,
        tags: tag("caution", "caution", sums.unseen, "確認中", "not verified")
            .into_iter()
            .chain(tag("plain", "unknown", sums.unasked, "確認できず", "could not be asked"))
            .collect(),
        dial: None,
    };
    render(&Chain {
        lang,
        steps: vec![key_step(screen, lang), order, applied, air],
        stations: number(screen.totals.stations.into()),
    })
}
