//! Reads a walk (`OID|tag|value`, one object a line) into a sheet, and cuts from it what a poll of a plan would bring.

use std::path::Path;

use hirake_snmp::oid::Oid;
use hirake_snmp::profile::Plan;
use hirake_snmp::value::{Sheet, Value};

/// A whole walk, or which line is none.
pub fn read(path: &Path) -> Result<Sheet, String> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut sheet = Sheet::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let object = object(line).map_err(|error| format!("{}:{}: {error}", path.display(), at + 1))?;
        sheet.extend(object);
    }
    Ok(sheet)
}

/// As [`read`] where odd lines are left out, and how many there were: a recording is as its sender made it.
pub fn read_kindly(path: &Path) -> Result<(Sheet, usize), String> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&text);
    let objects: Vec<_> = text.lines().filter(|line| !line.is_empty()).map(object).collect();
    let odd = objects.iter().filter(|object| !matches!(object, Ok(Some(_)))).count();
    Ok((objects.into_iter().filter_map(Result::ok).flatten().collect(), odd))
}

/// None for a line of a variation (`2:numeric|…`), which is for a simulator, not for us.
fn object(line: &str) -> Result<Option<(Oid, Value)>, String> {
    let mut parts = line.splitn(3, '|');
    let (Some(oid), Some(tag)) = (parts.next(), parts.next()) else { return Ok(None) };
    let text = parts.next().unwrap_or("");
    let oid: Oid = oid.parse().map_err(|error| format!("{error}"))?;
    let digits = tag.trim_end_matches(|c: char| !c.is_ascii_digit());
    let octets = match tag.get(digits.len()..) {
        Some("x") => hex(text),
        Some("e") => escaped(text),
        Some("") => text.as_bytes().to_vec(),
        _ => return Ok(None),
    };
    let number = || text.trim().parse::<i128>().map_err(|error| format!("\"{text}\": {error}"));
    let wide = |_| format!("{text} does not fit into type {digits}");
    let small = || u32::try_from(number()?).map_err(wide);
    let value = match digits {
        "2" => Value::Integer(i32::try_from(number()?).map_err(wide)?),
        "4" => Value::Octets(octets),
        "5" => Value::Null,
        "6" => Value::Oid(text.parse().map_err(|error| format!("{error}"))?),
        "64" => match <[u8; 4]>::try_from(&*octets) {
            Ok(octets) if tag != "64" => Value::Ip(octets.into()),
            _ => Value::Ip(text.parse().unwrap_or(std::net::Ipv4Addr::UNSPECIFIED)),
        },
        "65" => Value::Counter32(small()?),
        "66" => Value::Gauge32(small()?),
        "67" => Value::TimeTicks(small()?),
        "68" => Value::Opaque(octets),
        "70" => Value::Counter64(u64::try_from(number()?).map_err(wide)?),
        _ => return Ok(None),
    };
    Ok(Some((oid, value)))
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).unwrap_or_default();
    digits.chunks(2).map(pair).collect()
}

/// `\x00`, `\t`, `\n`, `\r`, `\\`, `\'`, as Python writes octets.
fn escaped(text: &str) -> Vec<u8> {
    let (mut octets, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        let next = if byte == b'\\' { rest.next() } else { None };
        match next {
            Some(b'x') => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.unwrap_or(b'0'));
                octets.extend(hex(&String::from_utf8_lossy(&digits)));
            }
            Some(b't') => octets.push(b'\t'),
            Some(b'n') => octets.push(b'\n'),
            Some(b'r') => octets.push(b'\r'),
            Some(other) => octets.push(other),
            None => octets.push(byte),
        }
    }
    octets
}

/// What one poll of `plan` brings of `walk`, and nothing else: a profile lives on what it asks for.
pub fn polled(walk: &Sheet, plan: &Plan) -> Sheet {
    let asked = |oid: &Oid| {
        plan.get.contains(oid)
            || plan.tables.iter().flat_map(|table| &table.columns).any(|column| oid.is_within(column))
    };
    walk.iter().filter(|(oid, _)| asked(oid)).map(|(oid, value)| (oid.clone(), value.clone())).collect()
}
