//! Times as people and programs read them: ISO 8601 with `+09:00`, and 令和; Japan has one offset and no summer time.

use firmware_config::wire::WallMs;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

const JST: Offset = Offset::constant(9);

/// 0001-01-01T00:00:00Z and 9999-12-30T00:00:00Z. An AP's clock may say anything; what lies outside is shown as the
/// nearer end.
const SHOWN_MS: std::ops::RangeInclusive<WallMs> = -62_135_596_800_000..=253_402_128_000_000;

/// Eras by their first day, newest first. A new era is a line here.
const ERAS: [(&str, (i16, i8, i8)); 3] = [("令和", (2019, 5, 1)), ("平成", (1989, 1, 8)), ("昭和", (1926, 12, 25))];

pub fn civil(ms: WallMs) -> DateTime {
    let ms = ms.clamp(*SHOWN_MS.start(), *SHOWN_MS.end());
    JST.to_datetime(Timestamp::from_millisecond(ms).expect("clamped to what a timestamp holds"))
}

/// `2026-11-22T14:32:04.123+09:00`
pub fn iso(ms: WallMs) -> String {
    let t = civil(ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+09:00",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.millisecond()
    )
}

/// `令和8年11月22日 14時32分`; `令和元年` for the first year; before 昭和 the western year.
pub fn era(ms: WallMs) -> String {
    let t = civil(ms);
    let day = (t.year(), t.month(), t.day());
    let year = match ERAS.iter().find(|(_, first)| day >= *first) {
        Some((name, first)) if first.0 == t.year() => format!("{name}元"),
        Some((name, first)) => format!("{name}{}", t.year() - first.0 + 1),
        None => t.year().to_string(),
    };
    format!("{year}年{}月{}日 {:02}時{:02}分", t.month(), t.day(), t.hour(), t.minute())
}

/// Reads `2026-11-22T14:32:04+09:00`, `…Z`, `2026-11-22T14:32` or `2026-11-22` (the latter two in Japanese time).
/// A space where an offset's `+` should be is what a query string makes of a `+` that was not escaped.
pub fn parse(text: &str) -> Option<WallMs> {
    let text = text.trim().replace(' ', "+");
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let local = text.parse::<DateTime>().ok()?;
    Some(JST.to_timestamp(local).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_both_writings() {
        let ms = parse("2026-11-22T14:32:04.123+09:00").expect("an ISO time");
        assert_eq!(iso(ms), "2026-11-22T14:32:04.123+09:00");
        assert_eq!(era(ms), "令和8年11月22日 14時32分");
    }

    #[test]
    fn the_first_year_of_an_era_and_the_day_before_it() {
        let at = |text| era(parse(text).expect("an ISO time"));
        assert_eq!(at("2019-05-01T00:00"), "令和元年5月1日 00時00分");
        assert_eq!(at("2019-04-30T23:59"), "平成31年4月30日 23時59分");
        assert_eq!(at("1970-01-01T00:00:00Z"), "昭和45年1月1日 09時00分");
        assert_eq!(at("1900-01-01"), "1900年1月1日 00時00分");
    }

    #[test]
    fn an_unescaped_plus_a_date_alone_and_utc_are_understood() {
        let noon = parse("2026-11-22T12:00:00+09:00");
        assert!(noon.is_some());
        assert_eq!(parse("2026-11-22T12:00:00 09:00"), noon);
        assert_eq!(parse("2026-11-22T03:00:00Z"), noon);
        assert_eq!(parse("2026-11-22"), parse("2026-11-22T00:00:00+09:00"));
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn a_clock_that_says_anything_is_still_shown() {
        assert_eq!(iso(i64::MAX), "9999-12-30T09:00:00.000+09:00");
        assert_eq!(iso(i64::MIN), "0001-01-01T09:00:00.000+09:00");
    }
}
