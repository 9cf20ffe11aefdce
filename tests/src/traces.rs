//! Every trace that the address of a device may leave: the ways of writing it, and the hashes anybody would try.

use std::collections::HashMap;
use std::hash::Hasher;

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use siphasher::sip::{SipHasher13, SipHasher24};

/// Shortest trace looked for, in bytes: the address itself. What is shorter is found by chance.
const SHORTEST: usize = 6;
/// How much of a trace is looked up at once.
const HEAD: usize = 4;

/// What to look for.
#[derive(Debug, Default)]
pub struct Traces {
    by_head: HashMap<[u8; HEAD], Vec<(Vec<u8>, String)>>,
    count: usize,
}

impl Traces {
    /// Of these devices. An address is text as hostapd writes it: `02:5e:00:00:00:01`.
    #[must_use]
    pub fn of<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Self {
        let mut traces = Self::default();
        for address in addresses {
            for (what, bytes) in every(address) {
                if let Some(head) = bytes.first_chunk().filter(|_| bytes.len() >= SHORTEST) {
                    traces.by_head.entry(*head).or_default().push((bytes.clone(), format!("{what} of a device")));
                    traces.count += 1;
                }
            }
        }
        traces
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first one found in `bytes`, in words.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        bytes.windows(HEAD).enumerate().find_map(|(at, head)| {
            let known = self.by_head.get(head)?;
            let found = known.iter().find(|(trace, _)| bytes[at..].starts_with(trace))?;
            Some(found.1.as_str())
        })
    }
}

/// Every trace of one address, with its name.
#[must_use]
pub fn every(address: &str) -> Vec<(String, Vec<u8>)> {
    let plain = address.replace(':', "");
    let mut texts = Vec::new();
    for text in [
        address.to_owned(),
        address.replace(':', "-"),
        address.replace(':', " "),
        plain.clone(),
        format!("{}.{}.{}", &plain[..4], &plain[4..8], &plain[8..]),
        format!("{}-{}", &plain[..6], &plain[6..]),
    ] {
        texts.push(text.to_uppercase());
        texts.push(text);
    }
    let raw: Vec<u8> =
        (0..6).map(|at| u8::from_str_radix(&plain[2 * at..2 * at + 2], 16).expect("an address")).collect();
    let backwards: Vec<u8> = raw.iter().rev().copied().collect();
    let number = raw.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut traces: Vec<(String, Vec<u8>)> =
        texts.iter().map(|text| (format!("the address as {text}"), text.clone().into_bytes())).collect();
    traces.push(("the address as a decimal number".to_owned(), number.to_string().into_bytes()));
    traces.push(("the address as a list of numbers".to_owned(), format!("{raw:?}").replace(' ', "").into_bytes()));
    traces.push(("the address as a spaced list of numbers".to_owned(), format!("{raw:?}").into_bytes()));
    for (name, bytes) in [("the address", raw.clone()), ("the address backwards", backwards.clone())] {
        traces.extend(spelt(name, &bytes));
    }
    // The hashes anybody would try: of the address and of each of its spellings, also with a line's end.
    let inputs = [raw, backwards].into_iter().chain(texts.iter().map(|text| text.clone().into_bytes()));
    for input in inputs.flat_map(|input| [input.clone(), [&input[..], b"\n"].concat()]) {
        for (name, hash) in hashes(&input) {
            traces.extend(spelt(name, &hash));
            // Cut short, as many do to call it anonymous.
            for length in [8, 16].into_iter().filter(|length| *length < hash.len()) {
                traces.extend(spelt(&format!("the beginning of {name}"), &hash[..length]));
            }
        }
    }
    traces
}

fn spelt(name: &str, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut spelt = vec![
        (format!("{name}, raw"), bytes.to_vec()),
        (format!("{name}, base64"), Base64::encode_string(bytes).into_bytes()),
        (format!("{name}, base64 unpadded"), Base64Unpadded::encode_string(bytes).into_bytes()),
        (format!("{name}, base64url"), Base64UrlUnpadded::encode_string(bytes).into_bytes()),
        (format!("{name}, HEX"), hex.to_uppercase().into_bytes()),
        (format!("{name}, hex"), hex.into_bytes()),
    ];
    if let Ok(eight) = <[u8; 8]>::try_from(bytes) {
        spelt.push((format!("{name}, decimal"), u64::from_be_bytes(eight).to_string().into_bytes()));
        spelt.push((format!("{name}, decimal, little end first"), u64::from_le_bytes(eight).to_string().into_bytes()));
    }
    spelt
}

fn hashes(input: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let sip = |hasher: &mut dyn Hasher| {
        hasher.write(input);
        hasher.finish()
    };
    let (with_24, with_13) = (sip(&mut SipHasher24::new()), sip(&mut SipHasher13::new()));
    vec![
        ("SHA-256", Sha256::digest(input).to_vec()),
        ("SHA-384", Sha384::digest(input).to_vec()),
        ("SHA-512", Sha512::digest(input).to_vec()),
        ("SHA-1", Sha1::digest(input).to_vec()),
        ("MD5", Md5::digest(input).to_vec()),
        ("SipHash-2-4 without a key", with_24.to_be_bytes().to_vec()),
        ("SipHash-2-4 without a key, little end first", with_24.to_le_bytes().to_vec()),
        ("SipHash-1-3 without a key", with_13.to_be_bytes().to_vec()),
        ("SipHash-1-3 without a key, little end first", with_13.to_le_bytes().to_vec()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: &str = "02:5e:0a:1b:2c:3d";

    #[test]
    fn every_trace_is_found_wherever_it_is_planted_and_none_where_there_is_none() {
        let traces = Traces::of([DEVICE, "06:11:22:33:44:55"]);
        let clean: Vec<u8> = (0..300_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        assert_eq!(traces.find(&clean), None);
        for (what, trace) in every(DEVICE) {
            for at in [0, clean.len() / 2, clean.len()] {
                let planted = [&clean[..at], &trace, &clean[at..]].concat();
                assert!(traces.find(&planted).is_some(), "{what} at {at}");
            }
        }
    }

    #[test]
    fn the_traces_are_what_others_make_of_the_address() {
        // printf 02:5e:0a:1b:2c:3d | sha256sum, and so on.
        let traces = Traces::of([DEVICE]);
        for known in [
            "025E0A1B2C3D",
            "02-5e-0a-1b-2c-3d",
            "025e.0a1b.2c3d",
            "[2,94,10,27,44,61]",
            "80e2d4609f0d52290c6b6ed0bb18f23997d517fece2b11fd39b6b51972a4f828",
            "fa84cf319a1bc11a6e66141c3af45875",
            "e9c4a7af40256eb4f0656857be054afa08ad888d",
        ] {
            assert!(traces.find(format!("x{known}y").as_bytes()).is_some(), "{known}");
        }
        assert!(traces.count() > 1_000, "{}", traces.count());
    }
}
