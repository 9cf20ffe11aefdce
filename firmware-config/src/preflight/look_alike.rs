//! Names that could be taken for `00000JAPAN`, and names that push it down in a phone's list.
//!
//! A name is reduced step by step, each step one way of deceiving the eye; the step at which it becomes the unified
//! name tells why. The tables hold what a phone's font draws alike; they are no complete list of Unicode (UTS 39).

use crate::ssid::{Ssid, UNIFIED_SSID};

/// What makes a name an imitation: the first way of deceiving that explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The same, but for blanks in it or at its ends.
    Blanks,
    /// The same, but for characters that cannot be seen.
    Invisible,
    /// The same in full-width or otherwise styled characters.
    Styled,
    /// The same, but for capitals.
    Case,
    /// The same to the eye, with other characters: the letter O for the digit 0, letters of another script.
    LookAlike,
    /// The same with dots, strokes or the like in it.
    Punctuation,
    /// This many zeros instead of five.
    Zeros(usize),
    /// The same, with something before or behind it.
    Added,
    /// One or two characters off.
    Near,
}

impl Why {
    /// In Japanese.
    #[must_use]
    pub fn words_ja(self) -> String {
        match self {
            Self::Blanks => "空白だけが違います".into(),
            Self::Invisible => "目に見えない文字だけが違います".into(),
            Self::Styled => "全角や飾り文字で同じ名前です".into(),
            Self::Case => "大文字・小文字だけが違います".into(),
            Self::LookAlike => "見た目が同じ別の文字が使われています".into(),
            Self::Punctuation => "記号だけが違います".into(),
            Self::Zeros(zeros) => format!("0の数が5個でなく{zeros}個です"),
            Self::Added => "前か後ろに文字を足した名前です".into(),
            Self::Near => "1、2文字だけが違います".into(),
        }
    }

    /// In English.
    #[must_use]
    pub fn words_en(self) -> String {
        match self {
            Self::Blanks => "it differs by blanks only".into(),
            Self::Invisible => "it differs by characters nobody can see".into(),
            Self::Styled => "it is the same name in full-width or styled characters".into(),
            Self::Case => "it differs by capitals only".into(),
            Self::LookAlike => "it is written with other characters that look the same".into(),
            Self::Punctuation => "it differs by punctuation only".into(),
            Self::Zeros(zeros) => format!("it has {zeros} zeros instead of five"),
            Self::Added => "it is the name with something before or behind it".into(),
            Self::Near => "it is one or two characters off".into(),
        }
    }
}

/// Why a name stands above `00000JAPAN` in a list, or takes from its visibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Above {
    /// It begins with a blank, a sign or a symbol; lists put those before digits.
    Sign,
    /// It begins with five zeros, which are what makes the unified name stand out.
    FiveZeros,
}

impl Above {
    /// In Japanese.
    #[must_use]
    pub fn words_ja(self) -> &'static str {
        match self {
            Self::Sign => "空白や記号で始まっています",
            Self::FiveZeros => "0が5つで始まっています",
        }
    }

    /// In English.
    #[must_use]
    pub fn words_en(self) -> &'static str {
        match self {
            Self::Sign => "it begins with a blank or a sign",
            Self::FiveZeros => "it begins with five zeros",
        }
    }
}

/// Why `ssid` can be taken for `00000JAPAN`; none where it cannot, or where it *is* `00000JAPAN`.
#[must_use]
pub fn imitates(ssid: &Ssid) -> Option<Why> {
    imitates_bytes(ssid.as_bytes())
}

/// One way of seeing past a deception: what a character is taken for, or none where it is not seen at all.
type Step = fn(char) -> Option<char>;

/// As [`imitates`], for bytes from the air, which may be anything.
#[must_use]
pub fn imitates_bytes(ssid: &[u8]) -> Option<Why> {
    if ssid == UNIFIED_SSID.as_bytes() {
        return None;
    }
    let mut name: String = String::from_utf8_lossy(ssid).into_owned();
    let steps: [(Step, Why); 6] = [
        (|c| (!c.is_whitespace() && !blank(c)).then_some(c), Why::Blanks),
        (|c| (!invisible(c)).then_some(c), Why::Invisible),
        (|c| Some(plain(c)), Why::Styled),
        (|c| Some(c.to_ascii_uppercase()), Why::Case),
        (|c| Some(look(c)), Why::LookAlike),
        (|c| c.is_alphanumeric().then_some(c), Why::Punctuation),
    ];
    for (step, why) in steps {
        name = name.chars().filter_map(step).collect();
        if name == UNIFIED_SSID {
            return Some(why);
        }
    }
    // Now only capitals, digits and foreign letters are left.
    let zeros = name.chars().take_while(|c| *c == '0').count();
    if zeros >= 2 && &name[zeros..] == "JAPAN" {
        return Some(Why::Zeros(zeros));
    }
    if name.contains("000JAPAN") {
        return Some(Why::Added);
    }
    // Carriers' names begin with four zeros (`0000docomo`): only what is near as a whole counts.
    (zeros >= 3 && distance(&name, UNIFIED_SSID) <= 2).then_some(Why::Near)
}

/// Why `ssid` stands above `00000JAPAN` in a phone's list; none where it does not.
///
/// Lists are sorted by the bytes or by the language's collation (where signs come before digits and digits before
/// letters). A name that begins with a letter or a digit other than five zeros is below in both.
#[must_use]
pub fn sorts_above(ssid: &Ssid) -> Option<Above> {
    let text = String::from_utf8_lossy(ssid.as_bytes()).into_owned();
    let mut seen = text.chars().filter(|c| !invisible(*c)).map(plain);
    match seen.next() {
        // A name in another encoding: where it sorts, nobody can say.
        Some(char::REPLACEMENT_CHARACTER) => None,
        Some(first) if first.is_alphanumeric() => {
            (first == '0' && seen.take(4).filter(|c| *c == '0').count() == 4).then_some(Above::FiveZeros)
        }
        _ => Some(Above::Sign),
    }
}

/// Blanks that Unicode does not count as white space.
fn blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}')
}

/// Characters without a shape of their own: controls, joiners, directions, variation selectors, combining marks, tags.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The plain ASCII character of which `c` is a full-width, circled or otherwise styled form.
fn plain(c: char) -> char {
    let nth = |base: u8, at: u32| u8::try_from(at).map_or(c, |at| char::from(base + at));
    let code = u32::from(c);
    match code {
        0xff01..=0xff5e => nth(b'!', code - 0xff01),
        // Mathematical letters: thirteen alphabets of 26 capitals and 26 small letters; digits: five times ten.
        0x1d400..=0x1d6a3 => {
            let at = (code - 0x1d400) % 52;
            if at < 26 { nth(b'A', at) } else { nth(b'a', at - 26) }
        }
        0x1d7ce..=0x1d7ff => nth(b'0', (code - 0x1d7ce) % 10),
        0x24b6..=0x24cf => nth(b'A', code - 0x24b6),
        0x24d0..=0x24e9 => nth(b'a', code - 0x24d0),
        0x1f110..=0x1f129 => nth(b'A', code - 0x1f110),
        0x1f130..=0x1f149 => nth(b'A', code - 0x1f130),
        0x1f150..=0x1f169 => nth(b'A', code - 0x1f150),
        0x1f170..=0x1f189 => nth(b'A', code - 0x1f170),
        0x1f1e6..=0x1f1ff => nth(b'A', code - 0x1f1e6),
        0x1fbf0..=0x1fbf9 => nth(b'0', code - 0x1fbf0),
        _ => match c {
            '⁰' | '₀' | '⓪' | '⓿' | '🄋' | '🄌' => '0',
            'ᴊ' => 'J',
            'ᴬ' | 'ᴀ' => 'A',
            'ᴾ' | 'ᴘ' => 'P',
            'ᴺ' | 'ɴ' => 'N',
            'ᴶ' => 'J',
            other => other,
        },
    }
}

/// The character of `00000JAPAN` that `c` looks like on a phone.
fn look(c: char) -> char {
    match c {
        // Letters O of Latin, Greek, Cyrillic, Armenian and others; rings; the zeros of other digits.
        'O'
        | 'o'
        | 'Ο'
        | 'ο'
        | 'О'
        | 'о'
        | 'Օ'
        | 'օ'
        | 'Ø'
        | 'ø'
        | 'Ò'..='Ö'
        | 'ò'..='ö'
        | 'Θ'
        | 'θ'
        | 'Ѳ'
        | 'ѳ'
        | 'Ō'
        | 'ō'
        | 'Ő'
        | 'ő'
        | '〇'
        | '○'
        | '◯'
        | '●'
        | '⚪'
        | '⚫'
        | '⭕'
        | 'ߋ'
        | '߀'
        | '०'
        | '০'
        | '੦'
        | '૦'
        | '௦'
        | '౦'
        | '೦'
        | '൦'
        | '๐'
        | '໐'
        | '၀'
        | '០'
        | '۰'
        | 'ⵔ'
        | 'Ⲟ'
        | 'ⲟ'
        | 'ꓳ'
        | 'Ჿ'
        | 'ჿ' => '0',
        'J' | 'j' | 'Ј' | 'ј' | 'Ϳ' | 'ϳ' | 'ȷ' | 'Ĵ' | 'ĵ' | 'ǰ' | 'Ɉ' | 'ɉ' | 'Ꭻ' | 'ꓙ' | 'Ʝ' => 'J',
        'A'
        | 'a'
        | 'А'
        | 'а'
        | 'Α'
        | 'α'
        | 'À'..='Å'
        | 'à'..='å'
        | 'Ā'
        | 'ā'
        | 'Ă'
        | 'ă'
        | 'Ą'
        | 'ą'
        | 'Ǎ'
        | 'ǎ'
        | 'ɑ'
        | 'Λ'
        | 'Δ'
        | 'Ꭺ'
        | 'ꓮ'
        | 'Ⱥ'
        | '4'
        | '@'
        | '∀'
        | 'Д' => 'A',
        'P' | 'p' | 'Р' | 'р' | 'Ρ' | 'ρ' | 'Þ' | 'þ' | 'Ꮲ' | 'ꓑ' | 'Ⲣ' | 'ⲣ' | 'Ƥ' | 'ƥ' => 'P',
        'N' | 'n' | 'Ν' | 'ո' | 'Ñ' | 'ñ' | 'Ń' | 'ń' | 'Ň' | 'ň' | 'Ņ' | 'ņ' | 'ꓠ' | 'Ⲛ' | 'ⲛ' | 'И' | 'и' | 'η' => {
            'N'
        }
        other => other,
    }
}

/// Edit distance (Levenshtein). Names have at most 32 characters here, so the table of one row is small.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn imitations_are_named_by_how_they_deceive() {
        for (name, why) in [
            (" 00000JAPAN", Why::Blanks),
            ("00000JAPAN ", Why::Blanks),
            ("00000 JAPAN", Why::Blanks),
            ("00000JAPAN\u{3000}", Why::Blanks),
            ("00000\u{200b}JAPAN", Why::Invisible),
            ("00000JAPAN\u{feff}", Why::Invisible),
            ("00000JAPAN\0", Why::Invisible),
            ("０００００JAPAN", Why::Styled),
            ("00000𝐉𝐀𝐏𝐀𝐍", Why::Styled),
            ("00000japan", Why::Case),
            ("00000Japan", Why::Case),
            ("OOOOOJAPAN", Why::LookAlike),
            ("0000OJAPAN", Why::LookAlike),
            ("00000JАPАN", Why::LookAlike), // Cyrillic А
            ("00000J4P4N", Why::LookAlike),
            ("00000-JAPAN", Why::Punctuation),
            ("00000_J.A.P.A.N", Why::Punctuation),
            ("000JAPAN", Why::Zeros(3)),
            ("0000JAPAN", Why::Zeros(4)),
            ("000000JAPAN", Why::Zeros(6)),
            ("OOOOjapan", Why::Zeros(4)),
            ("00000JAPAN_FREE", Why::Added),
            ("FREE-00000JAPAN", Why::Added),
            ("00000JAPAN2", Why::Added),
            ("00000JPAN", Why::Near),
            ("00000JAPON", Why::Near),
            ("00001JAPAN", Why::Near),
        ] {
            assert_eq!(imitates_bytes(name.as_bytes()), Some(why), "{name:?}");
        }
    }

    #[test]
    fn honest_names_and_the_name_itself_are_no_imitations() {
        for name in [
            "00000JAPAN",
            "JAPAN",
            "JAPAN-FREE-WiFi",
            "0000docomo",
            "0001softbank",
            "0000FLETS-PORTAL",
            "Japan Connected",
            "shiomi-staff",
            "潮見町",
            "0JAPAN",
            "00000",
            "FREESPOT",
            "000",
        ] {
            assert_eq!(imitates_bytes(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(imitates_bytes(b"\x92\xaa\x8c\xa9"), None);
        assert_eq!(imitates_bytes(b""), None);
    }

    #[test]
    fn signs_and_five_zeros_stand_above() {
        let above = |name: &str| sorts_above(&name.parse().expect("ssid"));
        for name in ["!guest", " guest", "_guest", "-", "\"a\"", "☆guest", "[x]", "\u{200b}~"] {
            assert_eq!(above(name), Some(Above::Sign), "{name:?}");
        }
        for name in ["00000", "00000A", "000000", "０００００x"] {
            assert_eq!(above(name), Some(Above::FiveZeros), "{name:?}");
        }
        for name in ["0000docomo", "shiomi", "1F", "潮見町", "0"] {
            assert_eq!(above(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_from_the_air_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = imitates_bytes(&bytes);
        }

        #[test]
        fn hiding_something_invisible_anywhere_never_helps(at in 0usize..=10, what in 0usize..4) {
            let mut name = UNIFIED_SSID.to_owned();
            name.insert(at, ['\u{200b}', '\u{2060}', '\u{feff}', '\u{fe0f}'][what]);
            prop_assert_eq!(imitates_bytes(name.as_bytes()), Some(Why::Invisible));
        }
    }
}
