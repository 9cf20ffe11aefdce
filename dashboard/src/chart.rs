//! The chart of stations over 24 hours, as SVG made here: it prints, reads aloud, and needs no script.

use std::fmt::Write as _;

use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

use crate::screen::Screen;
use crate::when;
use crate::words::{Lang, number};

/// What the chart covers: a day, or less in a town that has counted for less.
const SPANS_MS: [i64; 3] = [30 * MINUTE_MS, 3 * HOUR_MS, 24 * HOUR_MS];
const HOUR_MS: i64 = 60 * MINUTE_MS;
const MINUTE_MS: i64 = 60_000;
/// A gap longer than this breaks the line: nothing is known there.
const GAP_MS: i64 = 45 * 60_000;
/// Points drawn at most; the line is 332 px wide, more cannot be seen.
const POINTS_MAX: usize = 400;
const WIDTH: f64 = 332.0;
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 4.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 20.0;

fn span_ms(screen: &Screen) -> i64 {
    let oldest = screen.series.first().map_or(0, |(at, _)| screen.now_ms - at);
    SPANS_MS.into_iter().find(|span| oldest <= *span).unwrap_or(SPANS_MS[2])
}

/// What the chart covers, in words.
#[must_use]
pub fn title(screen: &Screen, lang: Lang) -> String {
    match (span_ms(screen), lang) {
        (span, Lang::Ja) if span < HOUR_MS => format!("接続数({}分)", span / MINUTE_MS),
        (span, Lang::Ja) => format!("接続数({}時間)", span / HOUR_MS),
        (span, Lang::En) if span < HOUR_MS => format!("Devices ({} min)", span / MINUTE_MS),
        (span, Lang::En) => format!("Devices ({} h)", span / HOUR_MS),
    }
}

/// The chart; none where nothing was counted yet.
#[must_use]
pub fn svg(screen: &Screen, lang: Lang) -> Option<String> {
    let span = span_ms(screen);
    // By the minute: a chart that moved with every second would be sent with every second.
    let now = screen.now_ms.div_euclid(MINUTE_MS) * MINUTE_MS;
    let from = now - span;
    let mut points: Vec<(WallMs, u32)> =
        screen.series.iter().copied().filter(|(at, _)| (from..now).contains(at)).collect();
    if screen.aps().any(|placed| placed.ap.stations.is_some()) {
        // Counts come by the quarter of an hour; the end of the line is what is known now.
        points.push((now, screen.totals.stations));
    }
    let last = *points.last()?;
    let step = points.len().div_ceil(POINTS_MAX).max(1);
    let highest = points.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let top = ceiling(highest);
    #[expect(clippy::cast_precision_loss, reason = "a day of milliseconds is exact in f64")]
    let x = |at: WallMs| LEFT + (WIDTH - LEFT - 4.0) * ((at - from) as f64 / span as f64);
    let y = |n: u32| HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * f64::from(n) / f64::from(top);
    let base = HEIGHT - BOTTOM;

    let mut line = String::new();
    let mut area = String::new();
    let mut before: Option<WallMs> = None;
    for (at, n) in points.iter().step_by(step).chain(std::iter::once(&last)) {
        let joined = before.is_some_and(|before| at - before <= GAP_MS);
        if !joined {
            if let Some(before) = before {
                let _ = write!(area, "L{:.1} {base}Z", x(before));
            }
            let _ = write!(area, "M{:.1} {base}", x(*at));
        }
        let _ = write!(line, "{}{:.1} {:.1}", if joined { 'L' } else { 'M' }, x(*at), y(*n));
        let _ = write!(area, "L{:.1} {:.1}", x(*at), y(*n));
        before = Some(*at);
    }
    let _ = write!(area, "L{:.1} {base}Z", x(last.0));

    let unit = lang.pick("台", "");
    let mut svg = String::with_capacity(4096);
    let sentence = match lang {
        Lang::Ja => format!("接続数は最大で{}台、いま{}台", number(highest.into()), number(last.1.into())),
        Lang::En => {
            format!("Devices: at most {}, now {}", number(highest.into()), number(last.1.into()))
        }
    };
    let _ = write!(svg, r#"<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{sentence}">"#);
    for grid in [top / 2, top] {
        let _ = write!(svg, r#"<path class="grid" d="M{LEFT} {:.1}H{WIDTH}"/>"#, y(grid));
    }
    let _ = write!(svg, r#"<path class="area" d="{area}"/><path class="base" d="M{LEFT} {base}H{WIDTH}"/>"#);
    let _ = write!(svg, r#"<path class="line" d="{line}"/>"#);
    let _ = write!(svg, r#"<circle class="now" cx="{:.1}" cy="{:.1}" r="4"/>"#, x(last.0), y(last.1));
    for grid in [top / 2, top] {
        let _ = write!(svg, r#"<text x="{LEFT}" y="{:.1}">{}{unit}</text>"#, y(grid) - 5.0, number(grid.into()));
    }
    if let Some(opened) = screen.decisive.as_ref().filter(|opened| screen.mode.is_open() && opened.since_ms > from) {
        let class = if screen.mode == Mode::Drill { "mark drill-mark" } else { "mark" };
        let at = x(opened.since_ms);
        let (anchor, shift) = if at > WIDTH / 2.0 { ("end", -6.0) } else { ("start", 6.0) };
        let word = match lang {
            Lang::Ja => format!("{} 発動", when::clock(opened.since_ms)),
            Lang::En => format!("opened {}", when::clock(opened.since_ms)),
        };
        let _ = write!(svg, r#"<path class="{class}" d="M{at:.1} {TOP}V{base}"/>"#);
        let _ = write!(
            svg,
            r#"<text class="{class}" x="{:.1}" y="{:.1}" text-anchor="{anchor}">{word}</text>"#,
            at + shift,
            TOP + 18.0
        );
    }
    let foot = HEIGHT - 6.0;
    let hour = |ms: WallMs| match lang {
        Lang::Ja if span > 3 * HOUR_MS => format!("{}時", when::jst(ms).hour()),
        _ => when::clock(ms),
    };
    let yesterday = if span > 3 * HOUR_MS { lang.pick("昨日", "") } else { "" };
    let _ = write!(svg, r#"<text x="{LEFT}" y="{foot}">{yesterday}{}</text>"#, hour(from));
    for third in [1, 2] {
        let at = from + third * span / 3;
        let _ = write!(svg, r#"<text x="{:.1}" y="{foot}" text-anchor="middle">{}</text>"#, x(at), hour(at));
    }
    let _ = write!(svg, r#"<text x="{WIDTH}" y="{foot}" text-anchor="end">{}</text></svg>"#, lang.pick("いま", "now"));
    Some(svg)
}

/// A round number above `n` whose half is round too.
fn ceiling(n: u32) -> u32 {
    let mut step = 10u32;
    loop {
        for factor in [1, 2, 4, 6, 8] {
            let top = step.saturating_mul(factor);
            if top >= n || top == u32::MAX {
                return top;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_ceiling_is_round_and_above() {
        assert_eq!([0, 10, 11, 179, 400, 1508].map(ceiling), [10, 10, 20, 200, 400, 2000]);
        assert_eq!(ceiling(u32::MAX), u32::MAX);
    }

    #[test]
    fn the_chart_stands_still_within_a_minute_and_ends_in_what_is_known_now() {
        let screen = sample::town(Mode::Disaster);
        let mut later = screen.clone();
        later.now_ms += 20_000;
        assert_eq!(svg(&screen, Lang::Ja), svg(&later, Lang::Ja));
        later.totals.stations += 1;
        assert!(svg(&later, Lang::Ja).is_some_and(|svg| svg.contains("いま754台")));
    }

    #[test]
    fn a_town_that_counted_nothing_has_no_chart() {
        let mut screen = sample::town(Mode::Normal);
        screen.series.clear();
        screen.facilities.iter_mut().flat_map(|place| &mut place.aps).for_each(|ap| ap.stations = None);
        assert_eq!(svg(&screen, Lang::Ja), None);
        assert!(svg(&sample::town(Mode::Disaster), Lang::En).is_some_and(|svg| svg.contains("role=\"img\"")));
    }
}
