//! All profiles, and which of them a device's is, by what it says of itself; none is ever taken in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::rule::{Probe, Rank, Rule};
use super::shipped::SHIPPED;
use super::{Profile, ProfileErrors};
use crate::oid::Oid;
use crate::text;
use crate::value::{Sheet, Value};

/// sysDescr (RFC 3418).
const SYS_DESCR: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];
/// sysObjectID (RFC 3418).
const SYS_OBJECT_ID: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 2, 0];

/// What a device was asked, and what it answered: [`Library::first`], then the probes.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The answer to the first question.
    pub first: &'a Sheet,
    /// The answers to the probes, by GET and by GETNEXT, once they were asked.
    pub probes: Option<(&'a Sheet, &'a Sheet)>,
}

/// Which profile it is.
#[derive(Debug, Clone)]
pub enum Choice {
    /// This one.
    Found(Arc<Profile>),
    /// It depends: ask these, then choose again.
    AskProbes {
        /// By GET.
        get: Vec<Oid>,
        /// By GETNEXT.
        next: Vec<Oid>,
    },
    /// None, or no one alone; what the device said it is, and what to do.
    Unknown(String),
}

/// Why a profile cannot join the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// It is none.
    #[error(transparent)]
    Profile(#[from] ProfileErrors),
    /// It cannot be told from another.
    #[error(
        "{0} and {1} both match {2} and nothing tells them apart; give one a higher `priority`, `sys_descr` or a probe"
    )]
    Tie(String, String, Oid),
}

/// A profile that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its id.
    pub id: String,
    /// It took the place of one of the same id: to be said.
    pub replaced: bool,
}

/// All profiles, by id.
#[derive(Debug, Clone, Default)]
pub struct Library {
    profiles: BTreeMap<String, Arc<Profile>>,
}

impl Library {
    /// Those inside the binary.
    ///
    /// # Errors
    /// One of them is wrong; a test keeps this from happening.
    pub fn shipped() -> Result<Self, LibraryError> {
        let mut library = Self::default();
        for (name, text) in SHIPPED {
            library.add(name, text)?;
        }
        Ok(library)
    }

    /// Adds one; one of the same id is replaced.
    ///
    /// # Errors
    /// It is no profile, or cannot be told from another. Then nothing has changed.
    pub fn add(&mut self, name: &str, text: &str) -> Result<Added, LibraryError> {
        let profile = Profile::parse(name, text)?;
        let id = profile.id.clone();
        let others = self.profiles.values().filter(|other| other.id != id);
        for (rule, other) in others.flat_map(|other| other.rules.iter().map(move |rule| (rule, other))) {
            if let Some(prefix) = profile.rules.iter().find_map(|own| own.tie(rule)) {
                return Err(LibraryError::Tie(id, other.id.clone(), prefix.clone()));
            }
        }
        let replaced = self.profiles.insert(id.clone(), Arc::new(profile)).is_some();
        Ok(Added { id, replaced })
    }

    /// By id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Profile>> {
        self.profiles.get(id)
    }

    /// All of them, by id.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.profiles.values()
    }

    /// What a device is asked first: sysDescr and sysObjectID.
    #[must_use]
    pub fn first() -> Vec<Oid> {
        [SYS_DESCR, SYS_OBJECT_ID].into_iter().filter_map(|arcs| Oid::new(arcs).ok()).collect()
    }

    /// Which profile a device's is.
    #[must_use]
    pub fn choose(&self, seen: &Seen<'_>) -> Choice {
        let value = |arcs| Oid::new(arcs).ok().and_then(|oid| seen.first.get(&oid)).filter(|value| value.is_there());
        let id = match value(SYS_OBJECT_ID) {
            Some(Value::Oid(id)) => Some(id),
            _ => None,
        };
        let descr = match value(SYS_DESCR) {
            Some(Value::Octets(octets)) => text::show(octets),
            _ => String::new(),
        };
        let said = match (id, &*descr) {
            (None, "") => "it says neither sysObjectID nor sysDescr".to_owned(),
            (None, descr) => format!("it says \"{}\" and no sysObjectID", brief(descr)),
            (Some(id), descr) => format!("it says sysObjectID {id}, \"{}\"", brief(descr)),
        };
        let mut fitting: Vec<(Rank, &Rule, &Arc<Profile>)> = Vec::new();
        for profile in self.profiles.values() {
            for rule in &profile.rules {
                fitting.extend(id.and_then(|id| rule.rank(id, &descr)).map(|rank| (rank, rule, profile)));
            }
        }
        fitting.sort_by_key(|(rank, _, _)| std::cmp::Reverse(*rank));
        let Some((get, next)) = seen.probes else {
            // Only those that the best rule without probes does not already beat are worth a question.
            let sure = fitting.iter().find(|(_, rule, _)| rule.probes.is_empty()).map(|(rank, _, _)| *rank);
            let asked = fitting.iter().filter(|(rank, _, _)| sure.is_none_or(|sure| *rank >= sure));
            let mut probes = asked.flat_map(|(_, rule, _)| &rule.probes).peekable();
            if probes.peek().is_some() {
                return ask(probes);
            }
            return best(&fitting, &said);
        };
        fitting.retain(|(_, rule, _)| rule.probes.iter().all(|probe| probe.holds(get, next)));
        best(&fitting, &said)
    }
}

fn ask<'a>(probes: impl Iterator<Item = &'a Probe>) -> Choice {
    let (mut get, mut next) = (BTreeSet::new(), BTreeSet::new());
    for probe in probes {
        if probe.next { &mut next } else { &mut get }.insert(probe.oid.clone());
    }
    Choice::AskProbes { get: get.into_iter().collect(), next: next.into_iter().collect() }
}

fn best(fitting: &[(Rank, &Rule, &Arc<Profile>)], said: &str) -> Choice {
    let Some((rank, _, profile)) = fitting.first() else {
        return Choice::Unknown(format!(
            "no profile knows this device: {said}; name one in controller.toml (profile = \"…\"), or write one (docs/profiles.md)"
        ));
    };
    let also = fitting.iter().find(|(other_rank, _, other)| other_rank == rank && other.id != profile.id);
    match also {
        Some((_, _, other)) => Choice::Unknown(format!(
            "{} and {} both know this device: {said}; name one of them in controller.toml",
            profile.id, other.id
        )),
        None => Choice::Found(Arc::clone(profile)),
    }
}

/// The beginning of a long description.
fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(80).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "schema = 1\nvendor = \"Some\"\nevidence = \"mib\"\nno_flip = \"none\"\n";

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    fn with(id: &str, rules: &str) -> String {
        format!("id = \"{id}\"\n{HEAD}{rules}")
    }

    fn library(profiles: &[(&str, &str)]) -> Library {
        let mut library = Library::default();
        for (id, rules) in profiles {
            library.add("test.toml", &with(id, rules)).expect("a profile");
        }
        library
    }

    fn said(id: &str, descr: &str) -> Sheet {
        let first = Library::first();
        [(first[0].clone(), Value::Octets(descr.as_bytes().to_vec())), (first[1].clone(), Value::Oid(oid(id)))].into()
    }

    fn found(choice: &Choice) -> &str {
        match choice {
            Choice::Found(profile) => &profile.id,
            Choice::AskProbes { .. } => "(asks)",
            Choice::Unknown(words) => words,
        }
    }

    /// Every file of the folder is in the binary, each is proven, and no two cannot be told apart.
    #[test]
    fn every_shipped_profile_is_in_the_list_and_proven() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
        let files = std::fs::read_dir(folder).expect("the folder is there");
        let files: BTreeSet<String> =
            files.map(|file| file.expect("readable").file_name().to_string_lossy().into_owned()).collect();
        let listed: BTreeSet<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, files, "controller/snmp/src/profile/shipped.rs lists the folder");
        let library = Library::shipped().expect("every shipped profile is proven");
        for profile in library.all() {
            assert!(files.contains(&format!("{}.toml", profile.id)), "{} is in a file of its name", profile.id);
            assert!(!profile.notes.is_empty(), "{} says what of it is proven", profile.id);
        }
        assert_eq!(library.all().count(), files.len());
    }

    #[test]
    fn the_highest_and_longest_match_wins() {
        let library = library(&[
            ("all", "[match]\nsys_object_id = \"1.3.6.1.4.1.9\"\n"),
            ("wlc", "[match]\nsys_object_id = \"1.3.6.1.4.1.9.1\"\n"),
            ("ios", "[match]\nsys_object_id = \"1.3.6.1.4.1.9.1\"\nsys_descr = \"IOS\"\n"),
            ("first", "[match]\nsys_object_id = \"1.3.6.1.4.1.9\"\nsys_descr = \"C9\"\npriority = 1\n"),
            ("named", ""),
        ]);
        let choose = |id: &str, descr: &str| {
            let first = said(id, descr);
            found(&library.choose(&Seen { first: &first, probes: None })).to_owned()
        };
        assert_eq!(choose("1.3.6.1.4.1.9.2", "x"), "all");
        assert_eq!(choose("1.3.6.1.4.1.9.1.5", "x"), "wlc");
        assert_eq!(choose("1.3.6.1.4.1.9.1.5", "Cisco IOS"), "ios");
        assert_eq!(choose("1.3.6.1.4.1.9.1.5", "IOS C9"), "first");
        // Arc by arc: 99 is not 9.
        assert_eq!(
            choose("1.3.6.1.4.1.99.1", "x\ny"),
            "no profile knows this device: it says sysObjectID 1.3.6.1.4.1.99.1, \"x y\"; name one in controller.toml (profile = \"…\"), or write one (docs/profiles.md)"
        );
        let silent = Sheet::new();
        assert!(
            found(&library.choose(&Seen { first: &silent, probes: None })).contains("neither sysObjectID nor sysDescr")
        );
    }

    /// Many makers answer as net-snmp on Linux does: an object of their own tells.
    #[test]
    fn probes_tell_devices_of_one_sysobjectid_apart() {
        let linux = "[match]\nsys_object_id = \"1.3.6.1.4.1.8072.3.2.10\"\n";
        let probe = |probe: &str| format!("{linux}[[match.probe]]\n{probe}\n");
        let library = library(&[
            ("linux", linux),
            ("unifi", &probe("oid = \"1.3.6.1.4.1.41112.1.6\"\nnext = true\nop = \"exists\"")),
            ("eap", &probe("oid = \"1.3.6.1.4.1.11863.1.0\"\nop = \"regex\"\nvalue = \"^EAP\"")),
            (
                "low",
                &format!(
                    "{}\n",
                    probe("oid = \"1.3.6.1.4.1.1.0\"\nop = \"exists\"").replace("[[", "priority = -1\n[[")
                ),
            ),
        ]);
        let first = said("1.3.6.1.4.1.8072.3.2.10", "Linux");
        let asked = match library.choose(&Seen { first: &first, probes: None }) {
            Choice::AskProbes { get, next } => Some((get, next)),
            _ => None,
        };
        assert_eq!(asked, Some((vec![oid("1.3.6.1.4.1.11863.1.0")], vec![oid("1.3.6.1.4.1.41112.1.6")])));
        let choose = |get: &[(&str, &str)], next: &[(&str, &str)]| {
            let sheet = |values: &[(&str, &str)]| -> Sheet {
                values.iter().map(|(name, text)| (oid(name), Value::Octets(text.as_bytes().to_vec()))).collect()
            };
            let (get, next) = (sheet(get), sheet(next));
            found(&library.choose(&Seen { first: &first, probes: Some((&get, &next)) })).to_owned()
        };
        assert_eq!(choose(&[], &[("1.3.6.1.4.1.41112.1.6.1.2.1", "x")]), "unifi");
        assert_eq!(choose(&[("1.3.6.1.4.1.11863.1.0", "EAP225")], &[("1.3.6.1.6.3.1", "x")]), "eap");
        assert_eq!(choose(&[("1.3.6.1.4.1.11863.1.0", "EPA")], &[]), "linux");
        let both = choose(&[("1.3.6.1.4.1.11863.1.0", "EAP")], &[("1.3.6.1.4.1.41112.1.6.1", "x")]);
        assert!(both.starts_with("eap and unifi both know this device"), "{both}");
    }

    /// The town's own profile takes the place of ours of the same id; one that nothing tells from another is refused.
    #[test]
    fn a_towns_profile_replaces_ours_and_a_tie_is_refused() {
        let rule = "[match]\nsys_object_id = \"1.3.6.1.4.1.9\"\n";
        let mut library = library(&[("ours", rule)]);
        let added = library.add("ours.toml", &with("ours", rule)).expect("the same id");
        assert_eq!(added, Added { id: "ours".to_owned(), replaced: true });
        let tie = library.add("theirs.toml", &with("theirs", rule)).expect_err("a tie").to_string();
        assert_eq!(
            tie,
            "theirs and ours both match 1.3.6.1.4.1.9 and nothing tells them apart; give one a higher `priority`, `sys_descr` or a probe"
        );
        assert!(library.get("theirs").is_none());
        assert!(matches!(library.add("bad.toml", "schema = 2"), Err(LibraryError::Profile(_))));
    }
}
