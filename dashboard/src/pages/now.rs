//! いまの状況 and 本部表示: the mode, the chain, the board, and what needs attention.

use askama::Template;
use firmware_config::mode::Mode;

use super::shell::{Room, shell};
use super::{Fragment, render};
use crate::board::{self, Need, Sums, TileState, name};
use crate::screen::Screen;
use crate::words::{self, Lang, number};
use crate::{chart, when};

#[derive(Template)]
#[template(path = "band.html")]
struct Band {
    lang: Lang,
    mode: Mode,
    title: &'static str,
    note: &'static str,
    say: Vec<(String, bool)>,
    disagreement: Option<String>,
    elapsed: Vec<(i64, &'static str)>,
    remaining: Option<Vec<(i64, &'static str)>>,
    opened_by: String,
}

/// One step of the chain: a value, of how many, whether it is whole, what is lacking.
struct Step {
    title: &'static str,
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

#[derive(Template)]
#[template(path = "needs.html")]
struct Needs<'a> {
    lang: Lang,
    needs: &'a [Need],
    now_ms: i64,
}

#[derive(Template)]
#[template(path = "tile.html")]
struct Tile<'a> {
    lang: Lang,
    id: &'a str,
    name: &'a str,
    state: TileState,
    word: String,
    stations: Option<u32>,
}

#[derive(Template)]
#[template(path = "chart.html")]
struct Chart {
    lang: Lang,
    svg: Option<String>,
}

#[derive(Template)]
#[template(path = "events.html")]
struct Events {
    lang: Lang,
    rows: Vec<(String, String, String)>,
}

struct District<'a> {
    name: &'a str,
    tiles: Vec<String>,
}

#[derive(Template)]
#[template(path = "now.html")]
struct Now<'a> {
    lang: Lang,
    band: String,
    chain: String,
    needs: String,
    chart: String,
    events: String,
    counts: String,
    districts: Vec<District<'a>>,
    columns: usize,
    foot: Option<String>,
}

#[derive(Template)]
#[template(path = "wallfoot.html")]
struct WallFoot<'a> {
    lang: Lang,
    needs: &'a [Need],
    more: usize,
    now_ms: i64,
}

/// How many entries of the record the main screen shows.
const EVENTS_SHOWN: usize = 7;
/// Columns of the board at most: districts past it begin a new row.
const COLUMNS_MAX: usize = 4;
/// What the foot of the wall names: three fit on one line at its size.
const WALL_NEEDS: usize = 3;

fn band(screen: &Screen, sums: &Sums, lang: Lang) -> String {
    let open = screen.mode.is_open();
    let decisive = screen.decisive.as_ref().filter(|_| open);
    let left = decisive.and_then(|opened| opened.until_ms).map(|until| words::length(until - screen.now_ms, lang));
    render(&Band {
        lang,
        mode: screen.mode,
        title: words::mode_title(screen.mode, lang),
        note: words::mode_note(screen.mode, lang),
        say: words::say(screen, sums, lang),
        disagreement: words::disagreement(screen, sums, lang),
        elapsed: decisive.map_or_else(Vec::new, |opened| words::length(screen.now_ms - opened.since_ms, lang)),
        remaining: left,
        opened_by: decisive
            .map_or_else(String::new, |opened| words::opened_by(&opened.who, opened.since_ms, screen.now_ms, lang)),
    })
}

fn key_step(screen: &Screen, lang: Lang) -> Step {
    let key = &screen.key;
    let mut step = Step {
        title: lang.pick("① 鍵の位置", "① Key"),
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
    } else if let Some((fault, _)) = &key.fault {
        let word = words::told(fault.as_str(), lang);
        let text = match lang {
            Lang::Ja => format!("読めません({word})"),
            Lang::En => format!("cannot be read ({word})"),
        };
        step.tags.push(Tag { class: "fault", icon: "fault", text });
    }
    step
}

fn chain(screen: &Screen, sums: &Sums, lang: Lang) -> String {
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
        value: number(sums.settled as u64),
        of: of.clone(),
        small: String::new(),
        done: sums.settled == sums.aps && sums.aps > 0,
        tags: [
            tag("fault", "fault", sums.silent, "応答なし", "no answer"),
            tag("fault", "fault", sums.refused, "拒否", "refused"),
            tag("fault", "differ", sums.diverged, "食い違い", "contradict"),
            tag("caution", "caution", sums.settling, "反映中", "applying"),
        ]
        .into_iter()
        .flatten()
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
        value: if seeable == 0 { "―".to_owned() } else { number(sums.seen as u64) },
        of: if seeable == 0 { String::new() } else { of },
        small: String::new(),
        done: sums.aps > 0 && sums.seen == sums.aps,
        tags: [
            tag("caution", "caution", sums.unseen, "確認中", "not verified"),
            tag("plain", "none", sums.no_means, "確認手段なし", "cannot be verified"),
        ]
        .into_iter()
        .flatten()
        .collect(),
        dial: None,
    };
    render(&Chain {
        lang,
        steps: vec![key_step(screen, lang), order, applied, air],
        stations: number(screen.totals.stations.into()),
    })
}

fn tile_html(facility: &crate::screen::Facility, lang: Lang) -> String {
    let state = board::tile(facility);
    let known: Vec<u32> = facility.aps.iter().filter_map(|ap| ap.stations).collect();
    render(&Tile {
        lang,
        id: facility.id.as_str(),
        name: name(&facility.name_ja, &facility.name_en, lang),
        state,
        word: words::tile_word(state, lang),
        stations: (!known.is_empty()).then(|| known.iter().sum()),
    })
}

fn counts(screen: &Screen, sums: &Sums, lang: Lang) -> String {
    let text = match lang {
        Lang::Ja => format!("{}施設 {}台", screen.facilities.len(), sums.aps_all),
        Lang::En => format!("{} facilities, {} access points", screen.facilities.len(), sums.aps_all),
    };
    format!(r#"<p class="num" id="counts">{text}</p>"#)
}

fn events(screen: &Screen, lang: Lang) -> String {
    let name_of = |id: &str| screen.ap_name(id, lang);
    let rows = screen
        .recent
        .iter()
        .take(EVENTS_SHOWN)
        .map(|entry| {
            let today = when::jst(entry.at_ms).date() == when::jst(screen.now_ms).date();
            let at = if today { when::clock_s(entry.at_ms) } else { when::day(entry.at_ms, lang) };
            (when::iso(entry.at_ms), at, words::entry_text(entry, lang, name_of))
        })
        .collect();
    render(&Events { lang, rows })
}

fn wall_foot(screen: &Screen, needs: &[Need], lang: Lang) -> String {
    let shown = needs.len().min(WALL_NEEDS);
    render(&WallFoot { lang, needs: &needs[..shown], more: needs.len() - shown, now_ms: screen.now_ms })
}

/// Every piece of every page that changes. Send all of them to a new listener, then those whose HTML differs from what
/// it was last sent; a page ignores pieces that it does not have.
#[must_use]
pub fn fragments(screen: &Screen, lang: Lang) -> Vec<Fragment> {
    let sums = board::sums(screen);
    let needs = board::needs(screen, lang);
    let part = |id: &str, html: String| Fragment { id: id.to_owned(), html };
    let mut parts = vec![
        part("band", band(screen, &sums, lang)),
        part("chain", chain(screen, &sums, lang)),
        part("counts", counts(screen, &sums, lang)),
    ];
    parts.extend(
        screen
            .facilities
            .iter()
            .map(|facility| Fragment { id: format!("tile-{}", facility.id), html: tile_html(facility, lang) }),
    );
    parts.push(part("needs", render(&Needs { lang, needs: &needs, now_ms: screen.now_ms })));
    parts.push(part("chart", render(&Chart { lang, svg: chart::svg(screen, lang) })));
    parts.push(part("events", events(screen, lang)));
    parts.push(part("wallfoot", wall_foot(screen, &needs, lang)));
    parts
}

fn live_page(screen: &Screen, room: Room, lang: Lang) -> String {
    let sums = board::sums(screen);
    let needs = board::needs(screen, lang);
    let mut districts: Vec<District<'_>> = Vec::new();
    for facility in &screen.facilities {
        let tile = tile_html(facility, lang);
        match districts.iter_mut().find(|district| district.name == facility.district) {
            Some(district) => district.tiles.push(tile),
            None => districts.push(District { name: &facility.district, tiles: vec![tile] }),
        }
    }
    let columns = districts.len().clamp(1, COLUMNS_MAX);
    let wall = room == Room::Wall;
    let body = render(&Now {
        lang,
        band: band(screen, &sums, lang),
        chain: chain(screen, &sums, lang),
        needs: render(&Needs { lang, needs: &needs, now_ms: screen.now_ms }),
        chart: render(&Chart { lang, svg: chart::svg(screen, lang) }),
        events: events(screen, lang),
        counts: counts(screen, &sums, lang),
        columns,
        districts,
        foot: wall.then(|| wall_foot(screen, &needs, lang)),
    });
    let town = name(&screen.town_ja, &screen.town_en, lang);
    let product = lang.pick("災害時公衆Wi-Fi", "Disaster Wi-Fi");
    let title =
        format!("{} {} | {product} {town}", words::mode_title(screen.mode, lang), words::mode_note(screen.mode, lang));
    shell(screen, room, title, &body, lang)
}

/// いまの状況.
#[must_use]
pub fn page_now(screen: &Screen, lang: Lang) -> String {
    live_page(screen, Room::Now, lang)
}

/// 本部表示, for 1920×1080 read from five metres.
#[must_use]
pub fn page_wall(screen: &Screen, lang: Lang) -> String {
    live_page(screen, Room::Wall, lang)
}
