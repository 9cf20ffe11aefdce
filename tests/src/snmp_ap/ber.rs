//! The wire of SNMP as a device writes it: our own reading and writing of BER, so that a device shares no fault with the product.

use std::net::Ipv4Addr;

use hirake_snmp::oid::Oid;
use hirake_snmp::value::{Value, VarBind};

/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub const OCTETS: u8 = 0x04;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;

/// GetRequest (RFC 3416 §3), and the others.
pub const GET: u8 = 0xa0;
/// GetNextRequest.
pub const GET_NEXT: u8 = 0xa1;
/// Response.
pub const RESPONSE: u8 = 0xa2;
/// SetRequest.
pub const SET: u8 = 0xa3;
/// GetBulkRequest.
pub const GET_BULK: u8 = 0xa5;
/// SNMPv2-Trap.
pub const TRAP: u8 = 0xa7;
/// Report.
pub const REPORT: u8 = 0xa8;

/// A PDU: all of them have this shape but SNMPv1's Trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// Its tag, such as [`GET`].
    pub kind: u8,
    /// request-id.
    pub id: i32,
    /// error-status, or non-repeaters of a [`GET_BULK`].
    pub first: i32,
    /// error-index, or max-repetitions of a [`GET_BULK`].
    pub second: i32,
    /// The names and values.
    pub binds: Vec<VarBind>,
}

/// Reads one thing after the other; `None` is said of anything that is not as expected.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// Tag and content of the next element.
    pub fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let (octets, after) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(o, _)| o.len() <= 4)?;
            rest = after;
            octets.iter().fold(0_usize, |sum, &octet| sum << 8 | usize::from(octet))
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which has this tag.
    pub fn of(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// A number.
    pub fn integer(&mut self) -> Option<i32> {
        i32::try_from(signed(self.of(INTEGER)?)?).ok()
    }

    /// A whole PDU.
    pub fn pdu(&mut self) -> Option<Pdu> {
        let (kind, content) = self.any()?;
        let mut inner = Reader(content);
        let (id, first, second) = (inner.integer()?, inner.integer()?, inner.integer()?);
        let (mut list, mut binds) = (Reader(inner.of(SEQUENCE)?), Vec::new());
        while !list.0.is_empty() {
            let mut bind = Reader(list.of(SEQUENCE)?);
            let oid = oid(bind.of(0x06)?)?;
            let (tag, content) = bind.any()?;
            binds.push(VarBind { oid, value: value(tag, content)? });
        }
        Some(Pdu { kind, id, first, second, binds })
    }
}

fn signed(octets: &[u8]) -> Option<i64> {
    let first = *octets.first().filter(|_| octets.len() <= 8)?;
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    Some(octets.iter().fold(start, |sum, &octet| sum << 8 | i64::from(octet)))
}

fn unsigned(octets: &[u8]) -> Option<u64> {
    let octets = octets.strip_prefix(&[0]).unwrap_or(octets);
    (octets.len() <= 8).then(|| octets.iter().fold(0, |sum, &octet| sum << 8 | u64::from(octet)))
}

fn oid(octets: &[u8]) -> Option<Oid> {
    let (mut arcs, mut arc) = (Vec::new(), 0_u32);
    for &octet in octets {
        arc = arc.checked_mul(128)? | u32::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.extend([first, arc - 40 * first]);
            } else {
                arcs.push(arc);
            }
            arc = 0;
        }
    }
    Oid::new(arcs).ok()
}

fn value(tag: u8, content: &[u8]) -> Option<Value> {
    let short = || u32::try_from(unsigned(content)?).ok();
    Some(match tag {
        INTEGER => Value::Integer(i32::try_from(signed(content)?).ok()?),
        OCTETS => Value::Octets(content.to_vec()),
        0x05 => Value::Null,
        0x06 => Value::Oid(oid(content)?),
        0x40 => Value::Ip(Ipv4Addr::from(<[u8; 4]>::try_from(content).ok()?)),
        0x41 => Value::Counter32(short()?),
        0x42 => Value::Gauge32(short()?),
        0x43 => Value::TimeTicks(short()?),
        0x44 => Value::Opaque(content.to_vec()),
        0x46 => Value::Counter64(unsigned(content)?),
        _ => return None,
    })
}

/// Writes from the end to the start, so that every length is known when its turn comes.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// What was written, in order.
    #[must_use]
    pub fn done(mut self) -> Vec<u8> {
        self.0.reverse();
        self.0
    }

    /// Octets so far: how far from the end the next element stands.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An element round what `content` writes; `content` writes its last part first.
    pub fn around(&mut self, tag: u8, content: impl FnOnce(&mut Self)) {
        let before = self.0.len();
        content(self);
        let length = self.0.len() - before;
        if length < 0x80 {
            self.0.push(u8::try_from(length).unwrap_or(0x7f));
        } else {
            let octets = length.to_be_bytes();
            let used = octets.iter().skip_while(|&&octet| octet == 0).count();
            self.0.extend(octets.iter().rev().take(used));
            self.0.push(0x80 | u8::try_from(used).unwrap_or(8));
        }
        self.0.push(tag);
    }

    /// An element with these octets.
    pub fn octets(&mut self, tag: u8, octets: &[u8]) {
        self.around(tag, |w| w.raw(octets));
    }

    /// These octets as they are.
    pub fn raw(&mut self, octets: &[u8]) {
        self.0.extend(octets.iter().rev());
    }

    /// A number.
    pub fn integer(&mut self, number: i64) {
        let octets = number.to_be_bytes();
        // As short as it goes: a leading octet that only repeats the sign is left out.
        let spare = |i: usize| {
            (octets[i] == 0 && octets[i + 1] & 0x80 == 0) || (octets[i] == 0xff && octets[i + 1] & 0x80 != 0)
        };
        let start = (0..7).find(|&i| !spare(i)).unwrap_or(7);
        self.octets(INTEGER, &octets[start..]);
    }

    fn unsigned(&mut self, tag: u8, number: u64) {
        let octets = [&[0][..], &number.to_be_bytes()].concat();
        let start = (0..8).find(|&i| octets[i] != 0 || octets[i + 1] & 0x80 != 0).unwrap_or(8);
        self.octets(tag, &octets[start..]);
    }

    fn oid(&mut self, oid: &Oid) {
        let arc = |w: &mut Self, mut arc: u32| {
            w.0.push((arc & 0x7f) as u8);
            while arc > 0x7f {
                arc >>= 7;
                w.0.push(0x80 | (arc & 0x7f) as u8);
            }
        };
        self.around(0x06, |w| match oid.arcs() {
            [first, second, rest @ ..] => {
                rest.iter().rev().for_each(|&a| arc(w, a));
                arc(w, 40 * first.min(&2) + second);
            }
            _ => w.0.push(0),
        });
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Integer(number) => self.integer((*number).into()),
            Value::Counter32(number) => self.unsigned(0x41, (*number).into()),
            Value::Gauge32(number) => self.unsigned(0x42, (*number).into()),
            Value::TimeTicks(number) => self.unsigned(0x43, (*number).into()),
            Value::Counter64(number) => self.unsigned(0x46, *number),
            Value::Octets(octets) => self.octets(OCTETS, octets),
            Value::Oid(oid) => self.oid(oid),
            Value::Ip(ip) => self.octets(0x40, &ip.octets()),
            Value::Opaque(octets) => self.octets(0x44, octets),
            Value::Null => self.octets(0x05, &[]),
            Value::NoSuchObject => self.octets(0x80, &[]),
            Value::NoSuchInstance => self.octets(0x81, &[]),
            Value::EndOfMibView => self.octets(0x82, &[]),
        }
    }

    /// A name and its value.
    pub fn bind(&mut self, bind: &VarBind) {
        self.around(SEQUENCE, |w| {
            w.value(&bind.value);
            w.oid(&bind.oid);
        });
    }

    /// A whole PDU.
    pub fn pdu(&mut self, pdu: &Pdu) {
        self.around(pdu.kind, |w| {
            w.around(SEQUENCE, |w| pdu.binds.iter().rev().for_each(|bind| w.bind(bind)));
            w.integer(pdu.second.into());
            w.integer(pdu.first.into());
            w.integer(pdu.id.into());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same_at_every_edge() {
        let oid = |text: &str| text.parse::<Oid>().expect("valid");
        let values = [
            Value::Integer(0),
            Value::Integer(i32::MIN),
            Value::Integer(-129),
            Value::Integer(128),
            Value::Counter32(u32::MAX),
            Value::Gauge32(0),
            Value::TimeTicks(0x8000_0000),
            Value::Counter64(u64::MAX),
            Value::Octets(vec![7; 300]),
            Value::Oid(oid("2.999.4294967295.0")),
            Value::Ip(Ipv4Addr::LOCALHOST),
            Value::Null,
        ];
        let bind = |value: &Value| VarBind { oid: oid("1.3.6.1.4.1.14988.0.128"), value: value.clone() };
        let pdu = Pdu { kind: SET, id: -5, first: 0, second: 0, binds: values.iter().map(bind).collect() };
        let mut writer = Writer::default();
        writer.pdu(&pdu);
        let octets = writer.done();
        assert_eq!(Reader(&octets).pdu(), Some(pdu));
        assert_eq!(Reader(&octets[..octets.len() - 1]).pdu(), None, "cut short");
    }
}
