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

/// Words, each with its Japanese and its English. Modes and key positions share theirs.
const WORDS: &[(&str, &str, &str)] = &[
    ("normal", "平時", "normal"),
    ("drill", "訓練", "drill"),
    ("disaster", "災害", "disaster"),
    ("settled", "確認済み", "settled"),
    ("settling", "切替中", "settling"),
    ("refused", "切替できず", "refused"),
    ("diverged", "食い違い", "diverged"),
    ("silent", "応答なし", "silent"),
    ("broken", "断線、または鍵が途中の位置", "a wire is cut, or the key stands between two positions"),
    ("shorted", "短絡、またはいたずら", "a short, or somebody tampers"),
    ("contradiction", "災害と訓練が同時", "disaster and drill at once"),
    ("chattering", "接点が落ち着かない", "the contacts chatter"),
    ("unreadable", "読めない", "cannot be read"),
    ("never-heard", "一度も応答がない", "never heard"),
    ("not-heard", "応答が途絶えた", "not heard any more"),
    ("offline", "切断された", "its connection ended"),
    ("no-report", "つながったが報告がない", "connected, but no report yet"),
    ("no-order", "指令をまだ受けていない", "holds no order yet"),
    ("not-told", "今の指令が届いていない", "has not got the order yet"),
    ("newer-order", "今より新しい指令を持っている", "holds a newer order than ours"),
    ("applying", "切り替えている", "is switching"),
    ("drill-over", "訓練が自動で終わった", "ended its drill by itself"),
    ("wrong-facility", "別の施設だと思っている", "believes it stands in another facility"),
    ("wrong-mode", "指令と違うモードで動いている", "is in another mode than ordered"),
    ("open-unordered", "指令がないのに開放している", "is open without an order"),
    ("not-on-air", "電波が出ていない", "is not on the air"),
];

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
        match WORDS.iter().find(|(known, _, _)| *known == word) {
            Some((_, ja, en)) => self.pick(ja, en).to_owned(),
            None => safe(word),
        }
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
            assert!(WORDS.iter().any(|(known, _, _)| *known == word), "{word}");
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
