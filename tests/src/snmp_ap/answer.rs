//! What a device's agent answers: GET, GETNEXT, GETBULK and the two phases of a SET, for each version of the protocol; pure.

use std::ops::Bound;
use std::sync::Arc;

use hirake_snmp::oid::Oid;
use hirake_snmp::trouble::Status;
use hirake_snmp::value::{Sheet, Value, VarBind};

use super::ber::{GET, GET_BULK, GET_NEXT, Pdu, RESPONSE, SET};

/// Most repetitions that are worked off, whatever is asked for.
const REPETITIONS_MAX: i32 = 200;

/// The versions, as they stand in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// SNMPv1: the first refused object spoils the whole PDU, and there is no Counter64.
    V1,
    /// SNMPv2c and SNMPv3.
    V2,
}

/// Everything a device has to show: what never changes, shared by many devices, and what does.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// Shared.
    pub walk: Arc<Sheet>,
    /// Its own; stands before the same name in `walk`.
    pub own: Sheet,
    /// Can be asked for by name, and is not met on a walk.
    pub hidden: Vec<Oid>,
}

impl Objects {
    /// One object.
    #[must_use]
    pub fn get(&self, oid: &Oid) -> Option<&Value> {
        self.own.get(oid).or_else(|| self.walk.get(oid))
    }

    /// The next one behind a name.
    #[must_use]
    pub fn next(&self, oid: &Oid) -> Option<(&Oid, &Value)> {
        let behind = (Bound::Excluded(oid), Bound::Unbounded);
        let own = self.own.range::<Oid, _>(behind).find(|(oid, _)| !self.hidden.iter().any(|h| oid.is_within(h)));
        match (own, self.walk.range::<Oid, _>(behind).next()) {
            (Some(own), Some(walk)) => Some(if walk.0 < own.0 { walk } else { own }),
            (own, walk) => own.or(walk),
        }
    }

    /// What is said of an object that is not there: the object, or only this instance of it.
    fn absent(&self, oid: &Oid) -> Value {
        let column = oid.arcs().split_last().and_then(|(_, column)| Oid::new(column).ok()).unwrap_or_default();
        match self.next(&column) {
            Some((next, _)) if next.is_within(&column) => Value::NoSuchInstance,
            _ => Value::NoSuchObject,
        }
    }

    fn after(&self, oid: &Oid, version: Version) -> VarBind {
        let mut next = self.next(oid);
        while let Some((oid, Value::Counter64(_))) = next.filter(|_| version == Version::V1) {
            next = self.next(oid);
        }
        match next {
            Some((oid, value)) => VarBind { oid: oid.clone(), value: value.clone() },
            None => VarBind { oid: oid.clone(), value: Value::EndOfMibView },
        }
    }

    /// Answers a GET, GETNEXT or GETBULK within `octets_max`; none: not a question.
    #[must_use]
    pub fn read(&self, question: &Pdu, version: Version, octets_max: usize) -> Option<Pdu> {
        let mut room = octets_max;
        // Without room for one more: a GETBULK is cut short there, anything else is tooBig.
        let mut fits = |bind: &VarBind| {
            let size = octets(bind);
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        };
        let mut binds = Vec::new();
        match question.kind {
            GET | GET_NEXT => {
                for (at, asked) in question.binds.iter().enumerate() {
                    let bind = if question.kind == GET {
                        let value = self.get(&asked.oid).cloned().unwrap_or_else(|| self.absent(&asked.oid));
                        VarBind { oid: asked.oid.clone(), value }
                    } else {
                        self.after(&asked.oid, version)
                    };
                    let shown = bind.value.is_there() && !matches!(bind.value, Value::Counter64(_));
                    if version == Version::V1 && !shown {
                        return Some(refuse(question, Status::NoSuchName, at, version));
                    }
                    if !fits(&bind) {
                        return Some(refuse(question, Status::TooBig, 0, version));
                    }
                    binds.push(bind);
                }
            }
            GET_BULK if version == Version::V2 => self.bulk(question, &mut binds, fits),
            _ => return None,
        }
        Some(Pdu { kind: RESPONSE, id: question.id, first: 0, second: 0, binds })
    }

    fn bulk(&self, question: &Pdu, binds: &mut Vec<VarBind>, mut fits: impl FnMut(&VarBind) -> bool) {
        let once = usize::try_from(question.first).unwrap_or(0).min(question.binds.len());
        let (once, repeated) = question.binds.split_at(once);
        for asked in once {
            let bind = self.after(&asked.oid, Version::V2);
            if !fits(&bind) {
                return;
            }
            binds.push(bind);
        }
        let mut last: Vec<Oid> = repeated.iter().map(|bind| bind.oid.clone()).collect();
        for _ in 0..question.second.min(REPETITIONS_MAX) {
            let mut ended = true;
            for oid in &mut last {
                let bind = self.after(oid, Version::V2);
                if !fits(&bind) {
                    return;
                }
                ended &= bind.value == Value::EndOfMibView;
                oid.clone_from(&bind.oid);
                binds.push(bind);
            }
            if ended {
                return;
            }
        }
    }
}

/// A response that refuses, naming the object at `at` (0 for tooBig, which names none).
#[must_use]
pub fn refuse(question: &Pdu, status: Status, at: usize, version: Version) -> Pdu {
    let status = if version == Version::V1 { as_in_v1(status) } else { status };
    let number = (1..=18).find(|&n| Status::from_number(n) == Some(status)).unwrap_or(5);
    let (second, binds) = match status {
        Status::TooBig if version == Version::V2 => (0, Vec::new()),
        _ => (i32::try_from(at + 1).unwrap_or(1), question.binds.clone()),
    };
    Pdu { kind: RESPONSE, id: question.id, first: number, second, binds }
}

/// A SET that was carried out, as it is answered.
#[must_use]
pub fn done(question: &Pdu) -> Pdu {
    debug_assert_eq!(question.kind, SET);
    Pdu { kind: RESPONSE, id: question.id, first: 0, second: 0, binds: question.binds.clone() }
}

/// RFC 3584 §4.4.
fn as_in_v1(status: Status) -> Status {
    match status {
        Status::WrongValue
        | Status::WrongEncoding
        | Status::WrongType
        | Status::WrongLength
        | Status::InconsistentValue => Status::BadValue,
        Status::NoAccess
        | Status::NotWritable
        | Status::NoCreation
        | Status::InconsistentName
        | Status::AuthorizationError => Status::NoSuchName,
        Status::ResourceUnavailable | Status::CommitFailed | Status::UndoFailed => Status::GenErr,
        other => other,
    }
}

/// About what a bind takes on the wire.
fn octets(bind: &VarBind) -> usize {
    let value = match &bind.value {
        Value::Octets(octets) | Value::Opaque(octets) => octets.len() + 2,
        Value::Oid(oid) => 5 * oid.arcs().len(),
        Value::Counter64(_) => 11,
        _ => 7,
    };
    6 + bind.oid.arcs().iter().map(|arc| if *arc < 128 { 1 } else { 3 }).sum::<usize>() + value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    fn objects() -> Objects {
        let sheet = |lines: &[(&str, Value)]| lines.iter().map(|(name, value)| (oid(name), value.clone())).collect();
        Objects {
            walk: Arc::new(sheet(&[("1.3.1.1", Value::Integer(1)), ("1.3.1.3", Value::Integer(3))])),
            own: sheet(&[("1.3.1.2", Value::Counter64(2)), ("1.3.1.3", Value::Integer(33))]),
            hidden: Vec::new(),
        }
    }

    fn ask(kind: u8, names: &[&str], first: i32, second: i32) -> Pdu {
        let binds = names.iter().map(|name| VarBind { oid: oid(name), value: Value::Null }).collect();
        Pdu { kind, id: 1, first, second, binds }
    }

    #[test]
    fn what_a_device_has_of_its_own_stands_among_what_it_shares() {
        let answer = objects().read(&ask(GET_BULK, &["1.3.1"], 0, 9), Version::V2, 1472).expect("an answer");
        let values: Vec<_> = answer.binds.iter().map(|bind| bind.value.clone()).collect();
        assert_eq!(values, [Value::Integer(1), Value::Counter64(2), Value::Integer(33), Value::EndOfMibView]);
        let answer = objects().read(&ask(GET_NEXT, &["1.3.1.1"], 0, 0), Version::V1, 1472).expect("an answer");
        assert_eq!(answer.binds[0].oid, oid("1.3.1.3"), "SNMPv1 has no Counter64");
    }

    #[test]
    fn an_absent_object_spoils_a_whole_get_of_version_1_only() {
        let ask = ask(GET, &["1.3.1.1", "1.3.1.9", "1.3.9.9"], 0, 0);
        let answer = objects().read(&ask, Version::V2, 1472).expect("an answer");
        assert_eq!(answer.first, 0);
        assert_eq!([&answer.binds[1].value, &answer.binds[2].value], [&Value::NoSuchInstance, &Value::NoSuchObject]);
        let answer = objects().read(&ask, Version::V1, 1472).expect("an answer");
        assert_eq!((answer.first, answer.second), (2, 2), "noSuchName, the second");
    }

    #[test]
    fn an_answer_keeps_within_a_datagram() {
        let answer = objects().read(&ask(GET_BULK, &["1.3.1"], 0, 9), Version::V2, 40).expect("an answer");
        assert_eq!(answer.binds.len(), 2, "cut short");
        let answer = objects().read(&ask(GET, &["1.3.1.1", "1.3.1.3"], 0, 0), Version::V2, 20).expect("an answer");
        assert_eq!(answer.first, 1, "tooBig");
    }
}
