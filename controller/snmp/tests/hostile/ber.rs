//! SNMP messages octet by octet, right ones and wrong ones: not the product's encoder, so that it cannot agree with itself.

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut whole = vec![tag];
    match content.len() {
        short @ 0..=127 => whole.push(u8::try_from(short).expect("short")),
        long => {
            whole.push(0x83);
            whole.extend(&u32::try_from(long).expect("a datagram").to_be_bytes()[1..]);
        }
    }
    whole.extend(content);
    whole
}

pub fn integer(number: i64) -> Vec<u8> {
    tlv(2, &number.to_be_bytes()[4..])
}

pub fn octets(octets: &[u8]) -> Vec<u8> {
    tlv(4, octets)
}

pub fn oid(arcs: &[u32]) -> Vec<u8> {
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).expect("small")];
    for arc in &arcs[2..] {
        let mut septets = vec![u8::try_from(arc & 0x7f).expect("seven bits")];
        let mut rest = arc >> 7;
        while rest > 0 {
            septets.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
            rest >>= 7;
        }
        septets.reverse();
        content.extend(septets);
    }
    tlv(6, &content)
}

/// A varbind of a name and a value already encoded.
pub fn bind(name: &[u32], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[oid(name), value.to_vec()].concat())
}

pub fn pdu(tag: u8, id: i64, status: i64, index: i64, binds: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &[integer(id), integer(status), integer(index), tlv(0x30, &binds.concat())].concat())
}

pub fn message(version: i64, community: &str, pdu: &[u8]) -> Vec<u8> {
    tlv(0x30, &[integer(version), octets(community.as_bytes()), pdu.to_vec()].concat())
}

/// One TLV from the front: tag, content, what is behind it.
pub fn split(from: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, start) = match from[1] {
        short @ 0..=127 => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            (from[2..2 + count].iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), 2 + count)
        }
    };
    (from[0], &from[start..start + length], &from[start + length..])
}

pub fn number(content: &[u8]) -> i64 {
    content.iter().fold(if content[0] > 127 { -1 } else { 0 }, |sum, octet| sum << 8 | i64::from(*octet))
}

pub fn arcs(content: &[u8]) -> Vec<u32> {
    let mut arcs = vec![u32::from(content[0] / 40), u32::from(content[0] % 40)];
    let mut arc = 0;
    for octet in &content[1..] {
        arc = arc << 7 | u32::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    arcs
}
