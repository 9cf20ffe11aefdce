//! The interpreter: words of `/api/v1` as people at a terminal read them, in Japanese or in English.

use serde_json::Value;

/// The language of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Language {
    /// One of two texts.
    pub fn pick<'t>(self, ja: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }

    /// A word for people; one that is not known is shown as it came, made safe for a terminal.
    pub fn word(self, word: &str) -> String {
        let lang = match self {
            Self::Ja => dashboard::Lang::Ja,
            Self::En => dashboard::Lang::En,
        };
        dashboard::words::known(word, lang).map_or_else(|| safe(word), str::to_owned)
    }

    /// `14:32:04 から` / `since 14:32:04`; with the day where it is not the day of `now`.
    pub fn since(self, time: &str, now: &str) -> String {
        let shown = clock(time, now);
        match self {
            Self::Ja => format!("{shown} から"),
            Self::En => format!("since {shown}"),
        }
    }
}

/// A text at a JSON pointer; empty where there is none.
pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number at a JSON pointer; 0 where there is none.
pub fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// A text from elsewhere without anything a terminal would obey.
pub fn safe(text: &str) -> String {
    const SHOWN_MAX: usize = 120;
    text.chars().take(SHOWN_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The time of day of an ISO 8601 time, after its day where that is another than the day of `now`.
pub fn clock(time: &str, now: &str) -> String {
    match (time.get(..10), time.get(11..19)) {
        (Some(day), Some(clock)) if now.get(..10) == Some(day) => safe(clock),
        (Some(day), Some(clock)) => safe(&format!("{day} {clock}")),
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fleet::WHY;
    use crate::core::view::Standing;

    #[test]
    fn every_reason_and_standing_of_the_core_has_words() {
        let standings =
            [Standing::Settled, Standing::Settling, Standing::Refused, Standing::Diverged, Standing::Silent];
        for word in WHY.iter().copied().chain(standings.map(Standing::as_str)) {
            for lang in dashboard::Lang::ALL {
                assert!(dashboard::words::known(word, lang).is_some(), "{word}");
            }
        }
    }

    #[test]
    fn every_kind_of_entry_has_a_sentence() {
        for kind in crate::core::Kind::ALL {
            let (kind, fields) = (kind.as_str().to_owned(), Vec::new());
            let entry = dashboard::Entry { seq: 1, at_ms: 0, kind: kind.clone(), drill: false, fields };
            for lang in dashboard::Lang::ALL {
                assert_ne!(dashboard::words::entry_text(&entry, lang, |_| None), kind);
            }
        }
    }

    #[test]
    fn a_time_is_short_today_and_whole_on_another_day() {
        let now = "2026-11-22T14:32:04.123+09:00";
        assert_eq!(clock("2026-11-22T09:00:01.000+09:00", now), "09:00:01");
        assert_eq!(clock("2026-11-21T09:00:01.000+09:00", now), "2026-11-21 09:00:01");
        assert_eq!((clock("", now).as_str(), clock("\u{1b}[2J", now).as_str()), ("?", "?"));
    }
}
