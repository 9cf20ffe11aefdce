//! いまの状況 and 本部表示: the mode, the chain, the board, and what needs attention.

use std::cmp::Reverse;

use askama::Template;
use firmware_config::mode::Mode;

use super::shell::{Room, shell};
use super::{Fragment, render};
use crate::board::{self, Need, Sums, TileState, name};
use crate::screen::{Ap, Entry, Facility, Screen, Standing};
use crate::words::{self, Lang, Style, number};
use crate::{chart, when};

#[derive(Template)]
#[template(path = "band.html")]
struct Band {
    lang: Lang,
    mode: Mode,
    title: &'static str,
    note: &'static str,
    say: Vec<(String, Style)>,
    disagreement: Option<String>,
    elapsed: Vec<(i64, &'static str)>,
    remaining: Option<Vec<(i64, &'static str)>>,
    opened_by: String,
}

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
    settled: usize,
    aps: Vec<ApMark<'a>>,
}

/// An access point in a large tile.
struct ApMark<'a> {
    name: &'a str,
    class: &'static str,
    icon: &'static str,
    word: String,
    stations: Option<u32>,
}

/// The access points of a large tile, worst first where they do not all fit; none in a small tile.
fn marks(facility: &Facility, few: bool, lang: Lang) -> Vec<ApMark<'_>> {
    let mut aps: Vec<&Ap> = facility.aps.iter().collect();
    if !few {
        return Vec::new();
    }
    if aps.len() > MARKS_MAX {
        aps.sort_by_key(|ap| ap.standing == Standing::Settled);
        aps.truncate(MARKS_MAX);
    }
    aps.into_iter()
        .map(|ap| {
            let sign = board::sign(ap);
            let word = words::ap_word(ap, lang);
            ApMark { name: &ap.name, class: sign.0, icon: sign.1, word, stations: ap.stations }
        })
        .collect()
}

#[derive(Template)]
#[template(path = "chart.html")]
struct Chart {
    lang: Lang,
    title: String,
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
    /// Columns of the board it takes.
    span: usize,
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
    few: bool,
    wall: bool,
}

#[derive(Template)]
#[template(path = "wallfoot.html")]
struct WallFoot<'a> {
    lang: Lang,
    needs: &'a [Need],
    more: usize,
}

/// How many lines of the record the main screen shows.
const EVENTS_SHOWN: usize = 7;
/// Columns of the board: districts past it begin a new row.
const COLUMNS: usize = 4;
/// Up to so many facilities have tiles large enough to tell of their access points too.
const FEW: usize = 12;
/// Access points a large tile has room for.
const MARKS_MAX: usize = 6;
/// Needs shown in full: past a dozen nobody reads on, and a town with every facility out stays a small page.
const SHOWN: usize = 12;
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
        disagreement: words::disagreement(screen, lang),
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
        beside: String::new(),
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
        tags: tag("caution", "caution", sums.unseen, "確認中", "not verified").into_iter().collect(),
        dial: None,
    };
    render(&Chain {
        lang,
        steps: vec![key_step(screen, lang), order, applied, air],
        stations: number(screen.totals.stations.into()),
    })
}

fn tile_html(facility: &Facility, few: bool, lang: Lang) -> String {
    let state = board::tile(facility);
    let known: Vec<u32> = facility.aps.iter().filter_map(|ap| ap.stations).collect();
    render(&Tile {
        lang,
        id: facility.id.as_str(),
        name: name(&facility.name_ja, &facility.name_en, lang),
        state,
        word: words::tile_word(state, lang),
        stations: (!known.is_empty()).then(|| known.iter().sum()),
        settled: facility.aps.iter().filter(|ap| ap.standing == Standing::Settled).count(),
        aps: marks(facility, few, lang),
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
    // A blackout makes an entry for each access point; together they are one line.
    let alike = |one: &Entry, other: &Entry| {
        let told = |entry: &Entry| (entry.drill, entry.field("to").to_owned());
        one.kind == "ap-stands" && other.kind == "ap-stands" && told(one) == told(other)
    };
    let rows = screen
        .recent
        .chunk_by(alike)
        .take(EVENTS_SHOWN)
        .filter_map(|entries| {
            let entry = entries.first()?;
            let today = when::jst(entry.at_ms).date() == when::jst(screen.now_ms).date();
            let at = if today { when::clock_s(entry.at_ms) } else { when::day(entry.at_ms, lang) };
            let text = match entries.len() {
                1 => words::entry_text(entry, lang, name_of),
                n => words::many_stand(entry, n, lang),
            };
            Some((when::iso(entry.at_ms), at, text))
        })
        .collect();
    render(&Events { lang, rows })
}

fn wall_foot(needs: &[Need], lang: Lang) -> String {
    let shown = needs.len().min(WALL_NEEDS);
    render(&WallFoot { lang, needs: &needs[..shown], more: needs.len() - shown })
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
    parts.extend(screen.facilities.iter().map(|facility| Fragment {
        id: format!("tile-{}", facility.id),
        html: tile_html(facility, screen.facilities.len() <= FEW, lang),
    }));
    parts.push(part("needs", render(&Needs { lang, needs: &needs, now_ms: screen.now_ms })));
    parts
        .push(part("chart", render(&Chart { lang, title: chart::title(screen, lang), svg: chart::svg(screen, lang) })));
    parts.push(part("events", events(screen, lang)));
    parts.push(part("wallfoot", wall_foot(&needs, lang)));
    parts
}

fn live_page(screen: &Screen, room: Room, lang: Lang) -> String {
    let sums = board::sums(screen);
    let needs = board::needs(screen, lang);
    let mut districts: Vec<District<'_>> = Vec::new();
    for facility in &screen.facilities {
        let tile = tile_html(facility, screen.facilities.len() <= FEW, lang);
        match districts.iter_mut().find(|district| district.name == facility.district) {
            Some(district) => district.tiles.push(tile),
            None => districts.push(District { name: &facility.district, tiles: vec![tile], span: 1 }),
        }
    }
    // Columns that no district needs go to the fullest ones.
    for _ in districts.len()..COLUMNS {
        if let Some(fullest) =
            districts.iter_mut().rev().max_by_key(|it| (it.tiles.len().div_ceil(it.span), Reverse(it.span)))
        {
            fullest.span += 1;
        }
    }
    let wall = room == Room::Wall;
    let body = render(&Now {
        lang,
        band: band(screen, &sums, lang),
        chain: chain(screen, &sums, lang),
        needs: render(&Needs { lang, needs: &needs, now_ms: screen.now_ms }),
        chart: render(&Chart { lang, title: chart::title(screen, lang), svg: chart::svg(screen, lang) }),
        events: events(screen, lang),
        counts: counts(screen, &sums, lang),
        few: screen.facilities.len() <= FEW,
        wall,
        districts,
    });
    let foot = if wall { wall_foot(&needs, lang) } else { String::new() };
    let town = name(&screen.town_ja, &screen.town_en, lang);
    let product = lang.pick("災害時公衆Wi-Fi", "Disaster Wi-Fi");
    let mode = format!("{} {}", words::mode_title(screen.mode, lang), words::mode_note(screen.mode, lang));
    let title = format!("{} | {product} {town}", mode.trim_end());
    shell(screen, room, title, (&body, &foot), lang)
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
