//! How a platform is known: by sysObjectID, sysDescr and objects that tell; and which of two rules fits better.

use std::collections::BTreeSet;

use regex::Regex;

use crate::oid::Oid;
use crate::text;
use crate::value::{Sheet, Value};

/// One way a platform is known; everything in it must hold.
#[derive(Debug, Clone)]
pub struct Rule {
    /// sysObjectID is one of these or below it.
    pub prefixes: Vec<Oid>,
    /// sysDescr fits.
    pub sys_descr: Option<Regex>,
    /// Objects that tell.
    pub probes: Vec<Probe>,
    /// Before all lower ones.
    pub priority: i64,
}

/// An object that tells a platform.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Which.
    pub oid: Oid,
    /// What lies below it is looked at, by GETNEXT.
    pub next: bool,
    /// What it has to be.
    pub op: Op,
}

/// What a probe has to be.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Op {
    Exists,
    Absent,
    Number(i128),
    Equals(Vec<u8>),
    Prefix(Vec<u8>),
    Contains(Vec<u8>),
    Matches(Regex),
}

/// How well a rule fits: priority, arcs of the prefix, other conditions.
pub(super) type Rank = (i64, usize, usize);

impl Rule {
    pub(super) fn rank(&self, id: &Oid, descr: &str) -> Option<Rank> {
        let prefix =
            self.prefixes.iter().filter(|prefix| id.is_within(prefix)).map(|prefix| prefix.arcs().len()).max()?;
        let fits = self.sys_descr.as_ref().is_none_or(|regex| regex.is_match(descr));
        fits.then_some((self.priority, prefix, self.others()))
    }

    fn others(&self) -> usize {
        usize::from(self.sys_descr.is_some()) + self.probes.len()
    }

    /// The prefix at which nothing tells the two apart: the same conditions besides.
    pub(super) fn tie<'a>(&'a self, other: &Self) -> Option<&'a Oid> {
        let descr = |rule: &Self| rule.sys_descr.as_ref().map(|regex| regex.as_str().to_owned());
        let probes = |rule: &Self| {
            let words = rule.probes.iter().map(|probe| format!("{probe:?}"));
            words.collect::<BTreeSet<String>>()
        };
        let same = self.priority == other.priority && descr(self) == descr(other) && probes(self) == probes(other);
        self.prefixes.iter().find(|prefix| same && other.prefixes.contains(prefix))
    }
}

impl Probe {
    /// Whether it holds, by the answers to GET and to GETNEXT.
    pub(super) fn holds(&self, get: &Sheet, next: &Sheet) -> bool {
        let value = if self.next {
            let behind = next.range(&self.oid..).find(|(oid, _)| **oid != self.oid);
            behind.filter(|(oid, _)| oid.is_within(&self.oid)).map(|(_, value)| value)
        } else {
            get.get(&self.oid)
        };
        let value = value.filter(|value| value.is_there());
        let octets = match value {
            Some(Value::Octets(octets)) => octets.clone(),
            Some(Value::Oid(oid)) => oid.to_string().into_bytes(),
            Some(Value::Ip(ip)) => ip.to_string().into_bytes(),
            Some(value) => value.number().map_or_else(Vec::new, |number| number.to_string().into_bytes()),
            None => Vec::new(),
        };
        match &self.op {
            Op::Absent => value.is_none(),
            _ if value.is_none() => false,
            Op::Exists => true,
            Op::Number(number) => value.and_then(Value::number) == Some(*number),
            Op::Equals(expected) => octets == *expected,
            Op::Prefix(prefix) => octets.starts_with(prefix),
            Op::Contains(part) => part.is_empty() || octets.windows(part.len()).any(|window| window == part),
            Op::Matches(regex) => regex.is_match(&text::show(&octets)),
        }
    }
}
