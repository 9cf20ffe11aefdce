//! `hirake key`: where the key stands, since when, and whether it can be believed.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use super::words::{Language, clock, safe, text};
use super::{ask, exit};

/// How often `--watch` asks: a turned key shows at once to the eye.
const WATCH_EVERY: Duration = Duration::from_millis(300);

/// Asks once and prints one line; with `watch`, a line for every change until it is stopped.
///
/// # Errors
/// No controller answers, or it cannot be understood. While watching that is a line of its own instead.
pub fn key(at: &str, language: Language, watch: bool) -> Result<ExitCode, ask::NoAnswer> {
    let mut last = String::new();
    loop {
        let answer = ask::get(at, "/api/v1/town");
        if !watch {
            let town = answer?;
            let _closed = writeln!(std::io::stdout(), "{}", told(&town, language));
            return Ok(ExitCode::from(if needs_a_look(&town) { exit::NEEDS_A_LOOK } else { exit::WELL }));
        }
        let (line, now) = match &answer {
            Ok(town) => (told(town, language), clock(text(town, "/at"), text(town, "/at"))),
            Err(error) => (error.to_string(), String::new()),
        };
        if line != last {
            let gap = if now.is_empty() { "" } else { "  " };
            if writeln!(std::io::stdout(), "{now}{gap}{line}").is_err() {
                // Whoever read has gone.
                return Ok(ExitCode::from(exit::WELL));
            }
            last = line;
        }
        std::thread::sleep(WATCH_EVERY);
    }
}

/// Whether somebody must look at the key.
pub fn needs_a_look(town: &Value) -> bool {
    ["/key/fault", "/key/isolated"].iter().any(|pointer| town.pointer(pointer).is_some_and(|value| !value.is_null()))
}

/// The key in one line.
pub fn told(town: &Value, language: Language) -> String {
    let l = language;
    let now = text(town, "/at");
    if town.pointer("/key/present").and_then(Value::as_bool) == Some(false) {
        return l.pick("この町に鍵はありません", "this town has no key").to_owned();
    }
    let mut parts = Vec::new();
    match text(town, "/key/position") {
        "" => parts.push(l.pick("位置は一度も読めていません", "its position was never readable").to_owned()),
        position => {
            parts.push(l.word(position));
            parts.push(l.since(text(town, "/key/since"), now));
        }
    }
    if town.pointer("/key/fault").is_some_and(|fault| !fault.is_null()) {
        let why = safe(text(town, "/key/fault/why"));
        let kind = l.word(text(town, "/key/fault/kind"));
        parts.push(format!("{} {kind}", l.pick("故障:", "fault:")));
        parts.extend((!why.is_empty()).then_some(why));
        parts.push(l.since(text(town, "/key/fault/since"), now));
    }
    if let Some(why) = town.pointer("/key/isolated").and_then(Value::as_str) {
        parts.push(format!("{} {}", l.pick("切り離し中:", "isolated:"), safe(why)));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_key_and_a_key_never_read_are_told_apart() {
        let key = |key: Value| told(&json!({"at": "", "key": key}), Language::Ja);
        assert_eq!(key(json!({"present": false, "position": null})), "この町に鍵はありません");
        assert_eq!(key(json!({"present": true, "position": null})), "位置は一度も読めていません");
    }

    #[test]
    fn position_fault_and_isolation_stand_on_one_line() {
        let town = json!({"at": "2026-11-22T14:32:10.000+09:00", "key": {
            "position": "normal", "since": "2026-11-21T08:00:00.000+09:00",
            "fault": {"kind": "broken", "why": "", "since": "2026-11-22T14:00:00.000+09:00"}, "isolated": "工事"}});
        assert_eq!(
            told(&town, Language::Ja),
            "平時  2026-11-21 08:00:00 から  故障: 断線、または鍵が途中の位置  14:00:00 から  切り離し中: 工事"
        );
        assert!(needs_a_look(&town));
    }
}
