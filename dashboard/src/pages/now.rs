//! いまの状況 and 本部表示: the mode, the chain, the board, and what needs attention.

use std::cmp::Reverse;

use askama::Template;
use firmware_config::mode::Mode;

use super::chain::chain;
use super::shell::{Room, shell};
use super::{Fragment, render};
use crate::board::{self, Sums, TileState};
use crate::needs::{Need, needs};
use crate::screen::{Ap, Entry, Facility, Screen, Standing, name};
use crate::words::{self, Lang, Style};
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
    many: bool,
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
/// Past so many, four columns of tiles of two lines do not fit on a wall 1080 px high; they get one line each.
const MANY: usize = 24;
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
    let mut text = match lang {
        Lang::Ja => format!("{}施設 {}台", screen.facilities.len(), sums.aps_all),
        Lang::En => format!("{} facilities, {} access points", screen.facilities.len(), sums.aps_all),
    };
    if let Some(distinct) = &screen.distinct {
        text += &words::distinct(distinct, lang);
    }
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
    let needs = needs(screen, lang);
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
    let needs = needs(screen, lang);
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
        many: screen.facilities.len() > MANY,
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
