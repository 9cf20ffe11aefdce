//! Recorded or hand-made walks: `OID|tag|value`, one object a line, as snmpsim has them.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use hirake_snmp::oid::Oid;
use hirake_snmp::value::{Sheet, Value};

/// Reads a walk. An `x` behind the tag: the value is hexadecimal; an `e`: with escapes, as Python writes octets.
///
/// # Errors
/// A line that is not one, by number.
pub fn read(text: &str) -> Result<Sheet> {
    let mut sheet = Sheet::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let (oid, value) = object(line).with_context(|| format!("line {}: {}", at + 1, line.escape_debug()))?;
        sheet.insert(oid, value);
    }
    Ok(sheet)
}

fn object(line: &str) -> Result<(Oid, Value)> {
    let mut parts = line.splitn(3, '|');
    let (oid, tag) = (parts.next().unwrap_or_default(), parts.next().context("expected OID|tag|value")?);
    let text = parts.next().unwrap_or_default();
    let octets = || match tag.as_bytes().last() {
        Some(b'x') => hex(text),
        Some(b'e') => escaped(text),
        _ => Ok(text.as_bytes().to_vec()),
    };
    let whole = || text.trim().parse::<u64>().context("expected a number");
    let short = || u32::try_from(whole()?).context("expected at most 4294967295");
    let value = match tag.trim_end_matches(['x', 'e']) {
        "2" => Value::Integer(text.trim().parse().context("expected a number of 32 bits")?),
        "4" => Value::Octets(octets()?),
        "5" => Value::Null,
        "6" => Value::Oid(text.parse()?),
        "64" => Value::Ip(match <[u8; 4]>::try_from(octets()?) {
            Ok(four) if tag != "64" => four.into(),
            _ => text.parse::<Ipv4Addr>().context("expected an IPv4 address")?,
        }),
        "65" => Value::Counter32(short()?),
        "66" => Value::Gauge32(short()?),
        "67" => Value::TimeTicks(short()?),
        "68" => Value::Opaque(octets()?),
        "70" => Value::Counter64(whole()?),
        _ => bail!("tag {tag} is none of SNMP's; expected 2, 4, 5, 6, 64 to 68 or 70"),
    };
    Ok((oid.parse()?, value))
}

fn hex(text: &str) -> Result<Vec<u8>> {
    let text = text.trim();
    let pair = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).map(|at| pair(at).context("expected hexadecimal octets")).collect()
}

/// `\xNN`, `\t`, `\n`, `\r`; any other escaped character is itself.
fn escaped(text: &str) -> Result<Vec<u8>> {
    let (mut octets, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let mut characters = after.chars();
        let escape = characters.next().context("a backslash with nothing behind it")?;
        rest = characters.as_str();
        match escape {
            'x' => {
                octets.extend(hex(rest.get(..2).context("expected two hexadecimal digits behind \\x")?)?);
                rest = &rest[2..];
            }
            't' => octets.push(b'\t'),
            'n' => octets.push(b'\n'),
            'r' => octets.push(b'\r'),
            other => octets.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_line_is_read_and_a_wrong_one_is_named() {
        let text = "1.3.1|4|Caf| \n1.3.2|4x|8f4a\n1.3.3|2|-1\n1.3.4|64x|7f000001\n1.3.5|70|18446744073709551615\n1.3.6|6|1.3.9\n1.3.7|64e|b\\xad\\n\\\\\n";
        let sheet = read(text).expect("a walk");
        let of = |oid: &str| sheet[&oid.parse::<Oid>().expect("valid")].clone();
        assert_eq!(of("1.3.1"), Value::Octets(b"Caf| ".to_vec()));
        assert_eq!(of("1.3.2"), Value::Octets(vec![0x8f, 0x4a]));
        assert_eq!(of("1.3.4"), Value::Ip(Ipv4Addr::LOCALHOST));
        assert_eq!(of("1.3.7"), Value::Ip(Ipv4Addr::new(b'b', 0xad, b'\n', b'\\')));
        assert_eq!(of("1.3.5"), Value::Counter64(u64::MAX));
        assert!(
            format!("{:#}", read("1.3.1|2|1\n1.3.2|99|1").expect_err("wrong"))
                .starts_with("line 2: 1.3.2|99|1: tag 99")
        );
    }
}
