//! The proof-reader: finds every line that is not TOML, and gives back a text without those lines.
//!
//! A TOML parser loses its way at some mistakes and then reads nothing more. So the lines it stumbled over are blanked
//! (by as many spaces, so that every other byte keeps its place) and the rest is read again.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::DeTable;

use super::desk::{Desk, quoted};

/// Most rounds of blanking: beyond this many broken lines the file is something else than a configuration.
const ROUNDS_MAX: usize = 40;
/// Most broken lines of one round: beyond this many there is no sense in blanking them.
const BROKEN_MAX: usize = 200;

/// Complains of every broken line; the rest of the text, in place.
pub(super) fn proof_read(desk: &mut Desk<'_>, text: &str) -> String {
    let mut rest = text.to_owned();
    let mut last_broken = None;
    let mut said = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let errors = DeTable::parse_recoverable(&rest).1;
        if errors.is_empty() {
            return rest;
        }
        desk.whole = false;
        let mut broken: Vec<Range<usize>> = Vec::new();
        let hopeless = errors.len() > BROKEN_MAX;
        for error in errors.into_iter().take(BROKEN_MAX) {
            let span = error.span().unwrap_or(rest.len()..rest.len());
            let line = line_around(&rest, span.start);
            if broken.iter().any(|range| range.contains(&line.start) || *range == line) {
                continue;
            }
            // What follows a blanked line at once is most likely the rest of it: a list or text over several lines.
            let follows = last_broken.is_some_and(|last: usize| line.start == last);
            if !follows && said.insert(line.start) {
                let found = text.get(span.clone()).unwrap_or_default().trim();
                // What stands on a line about a secret may be the secret.
                let secret =
                    ["pass", "token", "secret", "community"].iter().any(|word| text[line.clone()].contains(word));
                let shown =
                    if secret || found.is_empty() { String::new() } else { format!("; found {}", quoted(found)) };
                desk.complain(span.start, format!("not TOML: {}{shown}", plainly(error.message(), found)));
            }
            broken.push(with_its_section(&rest, line));
        }
        if hopeless {
            break;
        }
        if broken.iter().all(|line| rest[line.clone()].trim().is_empty()) {
            // Nothing left to blank: a text of several lines that is never closed. All behind its beginning is lost.
            let Some(opened) = rest.rfind("\"\"\"").max(rest.rfind("'''")) else { return String::new() };
            broken.push(opened..rest.len());
        }
        for line in broken {
            last_broken = Some(line.end + 1);
            let blank =
                rest[line.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect::<String>();
            rest.replace_range(line, &blank);
        }
    }
    desk.complain(text.len(), "too much before here is not TOML; the file was not read any further");
    String::new()
}

/// The line that byte `at` stands on, without its newline.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let mut at = at.min(bytes.len());
    // An error at the end of the file, or at a newline, is of the last line that has anything in it.
    while at > 0 && bytes.get(at).is_none_or(|byte| *byte == b'\n') && bytes[at - 1] == b'\n' {
        at -= 1;
    }
    let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |newline| at + newline);
    start..end
}

/// A broken header takes its section with it: its keys would else be read as the section's before it.
fn with_its_section(text: &str, line: Range<usize>) -> Range<usize> {
    if !text[line.clone()].trim_start().starts_with('[') {
        return line;
    }
    let next = text[line.end..].find("\n[").map_or(text.len(), |next| line.end + next);
    line.start..next
}

/// The parser's commonest messages in plain words; others as they are.
fn plainly<'m>(message: &'m str, found: &str) -> &'m str {
    let quotes =
        found.chars().any(|c| matches!(c, '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' | '\u{ff02}' | '「'));
    match message {
        _ if quotes && message.starts_with("string values must be quoted") => {
            "a text in full-width quotes; expected plain ones: \"…\""
        }
        _ if message.starts_with("string values must be quoted") => "a text without quotes; expected \"…\"",
        _ if message.starts_with("invalid basic string") => "a text that is not closed; expected \" at its end",
        _ if message.starts_with("key with no value") => "a key without a value; expected KEY = VALUE",
        _ if message.starts_with("unclosed array table") => "a header that is not closed; expected [[NAME]]",
        _ if message.starts_with("unclosed table") => "a header that is not closed; expected [NAME]",
        "duplicate key" => "a key that stands in this table already; expected each once",
        other => other,
    }
}
