//! Text and names with variables: read from a profile, proven against the variables there are, filled in on the day.

use std::collections::BTreeSet;

use super::flip::{Part, Template, Var, Vars};
use crate::oid::{Oid, OidError};

/// Most characters of one template: 128 arcs of at most 10 digits and a dot.
const LENGTH_MAX: usize = 1408;

/// A template that cannot be used, or cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum TemplateError {
    #[error("\"{0}\": a variable is written ${{name}}, ${{name:len_octets}} or ${{'text':len_octets}}")]
    Form(String),
    #[error("a text of {0} characters; at most {LENGTH_MAX} are possible")]
    TooLong(usize),
    #[error("unknown variable ${{{name}}}; known here: {known}")]
    Unknown { name: String, known: String },
    #[error("${{{0}:len_octets}} has a meaning in an OID only; write ${{{0}}}")]
    LengthInText(String),
    #[error(
        "\"{0}\" is no OID with variables; expected numbers, dots and variables, such as 1.3.6.1.2.1.2.2.1.7.${{if}}"
    )]
    Shape(String),
    #[error("${{{0}}} has no value for this row")]
    Missing(String),
    #[error("${{{0}}} is empty, and an OID has no place for nothing")]
    Empty(String),
    #[error(transparent)]
    Oid(#[from] OidError),
}

impl Template {
    /// Reads `1.3.6.1.2.1.2.2.1.7.${if}`; `${'text':len_octets}` is written out at once.
    ///
    /// # Errors
    /// A `${` without its end, a name that is none, too long a text.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LENGTH_MAX {
            return Err(TemplateError::TooLong(text.len()));
        }
        let form = || TemplateError::Form(text.to_owned());
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let (inner, behind) = after.split_once('}').ok_or_else(form)?;
            literal(&mut parts, before);
            let (name, with_length) = inner.strip_suffix(":len_octets").map_or((inner, false), |name| (name, true));
            match name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')) {
                Some(quoted) if with_length => literal(&mut parts, &arcs_of(quoted.as_bytes(), true)),
                Some(_) => return Err(form()),
                None if is_name(name) => parts.push(Part::Variable { name: name.to_owned(), with_length }),
                None => return Err(form()),
            }
            rest = behind;
        }
        literal(&mut parts, rest);
        Ok(Self { parts })
    }

    /// A name without variables.
    #[must_use]
    pub fn of_oid(oid: &Oid) -> Self {
        Self { parts: vec![Part::Literal(oid.to_string())] }
    }

    /// The variables it needs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable { name, .. } => Some(name.as_str()),
        })
    }

    /// Proves it: every variable is one of `known`, and, for a name (`oid`), numbers and dots stand where they must.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, known: &BTreeSet<String>, oid: bool) -> Result<(), TemplateError> {
        for part in &self.parts {
            let Part::Variable { name, with_length } = part else { continue };
            if !known.contains(name) {
                let known = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                return Err(TemplateError::Unknown { name: name.clone(), known });
            }
            if *with_length && !oid {
                return Err(TemplateError::LengthInText(name.clone()));
            }
        }
        if oid {
            // A variable fills the room between two dots, whole: `1.3${if}` would run two arcs into one.
            let whole = |at: usize, next: Option<&Part>| match (&self.parts[at], next) {
                (Part::Literal(text), Some(_)) => text.ends_with('.'),
                (Part::Variable { .. }, Some(Part::Literal(text))) => text.starts_with('.'),
                (Part::Variable { .. }, Some(Part::Variable { .. })) => false,
                (_, None) => true,
            };
            let shape: String = self.parts.iter().map(Part::sample).collect();
            if shape.parse::<Oid>().is_err() || !(0..self.parts.len()).all(|at| whole(at, self.parts.get(at + 1))) {
                return Err(TemplateError::Shape(self.to_string()));
            }
        }
        Ok(())
    }

    /// The name it is for these variables.
    ///
    /// # Errors
    /// A variable without a value, more than 128 arcs, or text that is no name.
    pub fn oid(&self, vars: &Vars) -> Result<Oid, TemplateError> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable { name, with_length } => {
                    let arcs = match vars.get(name).ok_or_else(|| TemplateError::Missing(name.clone()))? {
                        // A word of the device is text, also where it is a number: with its length it is its digits.
                        Var::Arcs(arcs) if *with_length && name.starts_with("ap.") => {
                            arcs_of(join(arcs.iter().copied(), None).as_bytes(), true)
                        }
                        Var::Arcs(arcs) => join(arcs.iter().copied(), with_length.then_some(arcs.len())),
                        Var::Octets(octets) => arcs_of(octets, *with_length),
                    };
                    if arcs.is_empty() {
                        return Err(TemplateError::Empty(name.clone()));
                    }
                    text.push_str(&arcs);
                }
            }
        }
        Ok(text.parse()?)
    }

    /// The octets it is for these variables; a number as its digits.
    ///
    /// # Errors
    /// A variable without a value.
    pub fn octets(&self, vars: &Vars) -> Result<Vec<u8>, TemplateError> {
        let mut octets = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => octets.extend_from_slice(literal.as_bytes()),
                Part::Variable { name, .. } => {
                    match vars.get(name).ok_or_else(|| TemplateError::Missing(name.clone()))? {
                        Var::Arcs(arcs) => octets.extend_from_slice(join(arcs.iter().copied(), None).as_bytes()),
                        Var::Octets(more) => octets.extend_from_slice(more),
                    }
                }
            }
        }
        Ok(octets)
    }
}

impl Part {
    /// One arc in the place of a variable: to see whether the rest is in order.
    fn sample(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Variable { .. } => "1",
        }
    }
}

impl std::fmt::Display for Template {
    /// As the profile writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Variable { name, with_length } => {
                write!(f, "${{{name}{}}}", if *with_length { ":len_octets" } else { "" })
            }
        })
    }
}

fn literal(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Literal(before)) => before.push_str(text),
        _ => parts.push(Part::Literal(text.to_owned())),
    }
}

/// A name of a variable: letters, digits, `_` and `-`; one dot where it is a word of the device's own.
fn is_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    plain(name.strip_prefix("ap.").unwrap_or(name))
}

fn arcs_of(octets: &[u8], with_length: bool) -> String {
    join(octets.iter().map(|octet| u32::from(*octet)), with_length.then_some(octets.len()))
}

fn join(arcs: impl Iterator<Item = u32>, length: Option<usize>) -> String {
    let length = length.into_iter().map(|length| length.to_string());
    length.chain(arcs.map(|arc| arc.to_string())).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars() -> Vars {
        [
            ("if", Var::Arcs(vec![7])),
            ("ssid", Var::Octets(b"00000JAPAN".to_vec())),
            ("none", Var::Octets(Vec::new())),
            ("ap.group", Var::Octets(b"ab".to_vec())),
        ]
        .into_iter()
        .map(|(name, var)| (name.to_owned(), var))
        .collect()
    }

    fn oid(text: &str) -> Result<String, TemplateError> {
        Ok(Template::parse(text)?.oid(&vars())?.to_string())
    }

    /// The row of an Aironet's table, whose index is an interface and an SSID with its length.
    #[test]
    fn variables_become_arcs_and_octets() {
        assert_eq!(
            oid("1.3.6.1.4.1.9.9.413.1.1.3.1.1.${if}.${ssid:len_octets}"),
            Ok("1.3.6.1.4.1.9.9.413.1.1.3.1.1.7.10.48.48.48.48.48.74.65.80.65.78".to_owned())
        );
        assert_eq!(oid("1.3.${ap.group}.5"), Ok("1.3.97.98.5".to_owned()));
        assert_eq!(oid("1.3.${none:len_octets}"), Ok("1.3.0".to_owned()));
        assert_eq!(oid("1.3.${'ab':len_octets}.${if}"), Ok("1.3.2.97.98.7".to_owned()));
        let text = Template::parse("${ssid} on ${if}").expect("valid");
        assert_eq!(text.octets(&vars()), Ok(b"00000JAPAN on 7".to_vec()));
        assert_eq!(text.to_string(), "${ssid} on ${if}");
    }

    #[test]
    fn what_cannot_be_filled_in_is_said() {
        assert_eq!(oid("1.3.${none}"), Err(TemplateError::Empty("none".to_owned())));
        assert_eq!(oid("1.3.${gone}"), Err(TemplateError::Missing("gone".to_owned())));
        for wrong in ["1.${", "1.${if", "1.${}", "1.${a b}", "1.${'x'}", "1.${if:len}", "1.${up.if}"] {
            assert!(matches!(Template::parse(wrong), Err(TemplateError::Form(_))), "{wrong}");
        }
    }

    #[test]
    fn a_template_is_proven_before_the_day() {
        let known = ["if", "ssid"].map(str::to_owned).into();
        let check = |text: &str, oid| Template::parse(text).expect("a template").check(&known, oid);
        assert_eq!(check("1.3.${if}.${ssid:len_octets}", true), Ok(()));
        assert_eq!(check("of ${ssid}", false), Ok(()));
        assert_eq!(
            check("1.3.${ifindex}", true).map_err(|error| error.to_string()),
            Err("unknown variable ${ifindex}; known here: if, ssid".to_owned())
        );
        for wrong in ["1.3${if}", "1.3..${if}", "1.3.${if}${ssid}", "1.3.${if}.", "x.${if}", ""] {
            assert!(matches!(check(wrong, true), Err(TemplateError::Shape(_))), "{wrong}");
        }
        assert!(matches!(check("${ssid:len_octets}", false), Err(TemplateError::LengthInText(_))));
    }
}
