//! Text becomes HTML here and nowhere else: escaped, and washed of characters that can disguise a line.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// The escaper of every template.
///
/// Beside `< > & " '` it takes out control characters, and the marks that turn the direction of writing (Unicode
/// `Bidi_Control`): a name or a reason from outside could otherwise show a line other than what it says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Washed;

impl Escaper for Washed {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut clean = 0;
        for (at, c) in text.char_indices() {
            let Some(instead) = instead_of(c) else { continue };
            dest.write_str(&text[clean..at])?;
            dest.write_str(instead)?;
            clean = at + c.len_utf8();
        }
        dest.write_str(&text[clean..])
    }
}

/// What is written for a character that must not be written as it is.
fn instead_of(c: char) -> Option<&'static str> {
    Some(match c {
        '<' => "&lt;",
        '>' => "&gt;",
        '&' => "&amp;",
        '"' => "&quot;",
        '\'' => "&#39;",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "",
        '\n' | '\t' => return None,
        c if c.is_control() => "\u{fffd}",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    //! Shows that text from outside can neither become markup nor turn a line round.

    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        Washed.write_escaped_str(&mut out, text).expect("a String takes everything");
        out
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(written("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }

    #[test]
    fn marks_that_turn_a_line_round_are_taken_out() {
        assert_eq!(written("a\u{202e}b\u{2066}c\u{200f}d"), "abcd");
        assert_eq!(written("a\0b\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
        assert_eq!(written("髙﨑𠮷"), "髙﨑𠮷");
    }
}
