//! Dates as people here read them: Japan Standard Time, Japanese eras, and how long something has lasted.
//!
//! JST is nine hours ahead of UTC the whole year (since 1951): no time-zone database is needed.

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};

use crate::screen::Lang;
use firmware_config::wire::WallMs;

/// Eras by their first day, newest first. A new era is one more line.
const ERAS: &[(&str, &str, (i16, i8, i8))] = &[("令和", "Reiwa", (2019, 5, 1)), ("平成", "Heisei", (1989, 1, 8))];

/// The civil time in Japan; for a moment outside jiff's years (−9999 to 9999), the nearest it has.
#[must_use]
pub fn jst(ms: WallMs) -> DateTime {
    let ms = ms.clamp(Timestamp::MIN.as_millisecond() + 86_400_000, Timestamp::MAX.as_millisecond() - 86_400_000);
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::fixed(Offset::constant(9))).datetime()
}

fn weekday(day: Weekday, lang: Lang) -> &'static str {
    let (ja, en) = match day {
        Weekday::Monday => ("月", "Mon"),
        Weekday::Tuesday => ("火", "Tue"),
        Weekday::Wednesday => ("水", "Wed"),
        Weekday::Thursday => ("木", "Thu"),
        Weekday::Friday => ("金", "Fri"),
        Weekday::Saturday => ("土", "Sat"),
        Weekday::Sunday => ("日", "Sun"),
    };
    lang.pick(ja, en)
}

/// `令和8年`, `令和元年`, and before 1989 the plain year.
#[must_use]
pub fn era_year(at: DateTime) -> String {
    let day = (at.year(), at.month(), at.day());
    for (name, _, first) in ERAS {
        if day >= *first {
            let year = at.year() - first.0 + 1;
            return if year == 1 { format!("{name}元年") } else { format!("{name}{year}年") };
        }
    }
    format!("{}年", at.year())
}

/// `令和8年11月22日(日) 16:19` / `Sun 22 Nov 2026, 16:19`.
#[must_use]
pub fn date_time(ms: WallMs, lang: Lang) -> String {
    let at = jst(ms);
    let day = weekday(at.weekday(), lang);
    match lang {
        Lang::Ja => {
            format!("{}{}月{}日({day}) {:02}:{:02}", era_year(at), at.month(), at.day(), at.hour(), at.minute())
        }
        Lang::En => {
            format!("{day} {} {} {}, {:02}:{:02}", at.day(), month_en(at.month()), at.year(), at.hour(), at.minute())
        }
    }
}

fn month_en(month: i8) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get(usize::try_from(month - 1).unwrap_or(0)).copied().unwrap_or("")
}

/// `16:19`.
#[must_use]
pub fn clock(ms: WallMs) -> String {
    let at = jst(ms);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `16:19:04`.
#[must_use]
pub fn clock_s(ms: WallMs) -> String {
    let at = jst(ms);
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// `16時19分` / `16:19`.
#[must_use]
pub fn spoken(ms: WallMs, lang: Lang) -> String {
    let at = jst(ms);
    match lang {
        Lang::Ja => format!("{}時{:02}分", at.hour(), at.minute()),
        Lang::En => clock(ms),
    }
}

/// The day, where it is not today: `11月18日` / `18 Nov`.
#[must_use]
pub fn day(ms: WallMs, lang: Lang) -> String {
    let at = jst(ms);
    match lang {
        Lang::Ja => format!("{}月{}日", at.month(), at.day()),
        Lang::En => format!("{} {}", at.day(), month_en(at.month())),
    }
}

/// The time if it is today, else the day and the time: for *since when*.
#[must_use]
pub fn since(ms: WallMs, now_ms: WallMs, lang: Lang) -> String {
    if jst(ms).date() == jst(now_ms).date() { clock(ms) } else { format!("{} {}", day(ms, lang), clock(ms)) }
}

/// `2026-11-22T16:19:04+09:00`, for `datetime=`.
#[must_use]
pub fn iso(ms: WallMs) -> String {
    let at = jst(ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+09:00",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Days, hours and minutes of a length; a negative one (the clock was set back) is nothing.
#[must_use]
pub fn length(ms: i64) -> (i64, i64, i64) {
    let minutes = ms.max(0) / 60_000;
    (minutes / 1440, minutes / 60 % 24, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 16:19:04 JST.
    const SUNDAY: WallMs = 1_795_331_944_000;

    #[test]
    fn a_date_is_told_in_the_era_and_in_jst() {
        assert_eq!(date_time(SUNDAY, Lang::Ja), "令和8年11月22日(日) 16:19");
        assert_eq!(date_time(SUNDAY, Lang::En), "Sun 22 Nov 2026, 16:19");
        assert_eq!(iso(SUNDAY), "2026-11-22T16:19:04+09:00");
    }

    #[test]
    fn the_first_year_of_an_era_has_its_own_name() {
        // 2019-05-01 00:00 JST and the minute before it.
        assert_eq!(era_year(jst(1_556_636_400_000)), "令和元年");
        assert_eq!(era_year(jst(1_556_636_399_000)), "平成31年");
        assert_eq!(era_year(jst(0)), "1970年");
    }

    #[test]
    fn a_mad_clock_is_told_and_does_not_break_the_page() {
        for ms in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!date_time(ms, Lang::Ja).is_empty());
        }
        assert_eq!(length(-5), (0, 0, 0));
    }
}
