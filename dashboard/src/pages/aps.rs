//! 施設と機器: every access point with its three accounts, found and paged on the server.

use askama::Template;

use super::render;
use super::shell::{Room, shell};
use crate::board;
use crate::screen::{AP_ROWS, Ap, ApsQuery, Placed, Screen, Standing, Way, Witnessed, name};
use crate::when;
use crate::words::{self, Lang};

struct Row {
    id: String,
    facility: String,
    name: String,
    standing: String,
    class: &'static str,
    icon: &'static str,
    since: String,
    why: String,
    wanted: String,
    reported: String,
    networks: String,
    way: String,
    seen: String,
    stations: String,
    heard: String,
}

#[derive(Template)]
#[template(path = "aps.html")]
struct Aps {
    lang: Lang,
    text: String,
    states: Vec<(&'static str, &'static str, bool)>,
    found: usize,
    all: usize,
    page: usize,
    pages: usize,
    back: Option<String>,
    forth: Option<String>,
    csv: Option<String>,
    rows: Vec<Row>,
}

fn row(placed: Placed<'_>, now_ms: i64, lang: Lang) -> Row {
    let ap = placed.ap;
    let (class, icon) = board::sign(ap);
    let order = |number: u64, mode| match lang {
        Lang::Ja => format!("第{number}号 {}", words::mode_word(mode, lang)),
        Lang::En => format!("no. {number} {}", words::mode_word(mode, lang)),
    };
    Row {
        id: ap.id.to_string(),
        facility: name(&placed.facility.name_ja, &placed.facility.name_en, lang).to_owned(),
        name: ap.name.clone(),
        standing: words::ap_word(ap, lang),
        class,
        icon,
        since: when::since(ap.since_ms, now_ms, lang),
        why: words::told(&ap.why, lang).into_owned(),
        wanted: order(ap.wanted.0, ap.wanted.1),
        reported: ap.reported.as_ref().map_or_else(
            || lang.pick("報告なし", "no report").to_owned(),
            |reported| {
                let running = order(reported.running, reported.mode);
                if reported.told == reported.running {
                    running
                } else {
                    match lang {
                        Lang::Ja => format!("{running}(第{}号を受信)", reported.told),
                        Lang::En => format!("{running} (told no. {})", reported.told),
                    }
                }
            },
        ),
        networks: ap.reported.as_ref().map_or_else(String::new, |reported| reported.on_air.join(lang.pick("、", ", "))),
        way: match &ap.way {
            Way::Agent => String::new(),
            Way::Snmp { profile: Some(profile) } => format!("SNMP ({profile})"),
            Way::Snmp { profile: None } => "SNMP".to_owned(),
        },
        seen: seen(ap, lang),
        stations: ap.stations.map_or_else(|| "―".to_owned(), |n| words::number(n.into())),
        heard: ap.heard_ms.map_or_else(|| "―".to_owned(), |at| when::since(at, now_ms, lang)),
    }
}

/// What other eyes saw, in words.
fn seen(ap: &Ap, lang: Lang) -> String {
    match (&ap.witnessed, ap.seen_as_ordered(), lang) {
        (Witnessed::NotAsked(why), _, Lang::Ja) if !why.is_empty() => format!("確認できず({})", words::told(why, lang)),
        (Witnessed::NotAsked(why), _, Lang::En) if !why.is_empty() => format!("could not be asked ({why})"),
        (Witnessed::NotAsked(_), ..) => lang.pick("確認できず", "could not be asked").to_owned(),
        (_, None, _) => lang.pick("確認手段なし", "cannot be verified").to_owned(),
        (_, Some(true), Lang::Ja) if ap.seen_by.is_some() => {
            format!("確認済み(電波で{}が確認)", ap.seen_by.as_deref().unwrap_or_default())
        }
        (_, Some(true), Lang::En) if ap.seen_by.is_some() => {
            format!("verified (heard by {})", ap.seen_by.as_deref().unwrap_or_default())
        }
        (_, Some(true), _) => lang.pick("確認済み", "verified").to_owned(),
        (_, Some(false), _) => lang.pick("電波未確認", "not verified").to_owned(),
    }
}

/// The list's own address, for a page of it: everything in it is proven or escaped by percent signs.
fn address(query: &ApsQuery, page: usize) -> String {
    let mut text = String::new();
    for byte in query.q.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("/aps?q={text}&state={}&page={page}", query.state.map_or("", Standing::as_str))
}

/// 施設と機器.
#[must_use]
pub fn page_aps(screen: &Screen, lang: Lang, query: &ApsQuery) -> String {
    let wanted = query.q.trim().to_lowercase();
    let fits = |text: &str| text.to_lowercase().contains(&wanted);
    let found: Vec<Placed<'_>> = screen
        .aps()
        .filter(|placed| query.state.is_none_or(|standing| placed.ap.standing == standing))
        .filter(|placed| {
            let facility = placed.facility;
            wanted.is_empty()
                || [
                    placed.ap.id.as_str(),
                    &placed.ap.name,
                    facility.id.as_str(),
                    &facility.name_ja,
                    &facility.name_en,
                    &facility.district,
                ]
                .into_iter()
                .any(fits)
        })
        .collect();
    let pages = found.len().div_ceil(AP_ROWS).max(1);
    let page = query.page.clamp(1, pages);
    let body = render(&Aps {
        lang,
        text: query.q.clone(),
        states: Standing::ALL
            .into_iter()
            .map(|standing| (standing.as_str(), words::standing_word(standing, lang), query.state == Some(standing)))
            .collect(),
        found: found.len(),
        all: screen.aps().count(),
        page,
        pages,
        back: (page > 1).then(|| address(query, page - 1)),
        forth: (page < pages).then(|| address(query, page + 1)),
        csv: query.csv.clone(),
        rows: found
            .into_iter()
            .skip((page - 1) * AP_ROWS)
            .take(AP_ROWS)
            .map(|placed| row(placed, screen.now_ms, lang))
            .collect(),
    });
    let town = name(&screen.town_ja, &screen.town_en, lang);
    let title = format!("{} | {town}", lang.pick("施設と機器", "Facilities and access points"));
    shell(screen, Room::Aps, title, (&body, ""), lang)
}
