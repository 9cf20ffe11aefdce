//! Whatever a device may send: through the decoding of sessions and traps, a poll's bookkeeping, and a shipped profile.
//!
//! Input: one octet that says which profile, then datagrams, each with its length in two octets in front of it.

#![no_main]

use std::sync::LazyLock;

use hirake_snmp::profile::library::Library;
use hirake_snmp::session::replay;
use libfuzzer_sys::fuzz_target;

static SHIPPED: LazyLock<Library> = LazyLock::new(|| Library::shipped().expect("the shipped profiles are proven"));

fuzz_target!(|input: &[u8]| {
    let Some((which, mut rest)) = input.split_first() else { return };
    let mut datagrams = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        let (datagram, further) = behind.split_at(length);
        datagrams.push(datagram);
        rest = further;
    }
    let count = SHIPPED.all().count();
    let profile = SHIPPED.all().nth(usize::from(*which) % count).expect("within");
    let (sheet, faults) = replay(profile.plan(), &profile.manners, &datagrams);
    assert!(sheet.len() <= 70_000 * datagrams.len() && faults.len() <= 70_000 * (datagrams.len() + 1));
    let readings = profile.read(&sheet);
    assert!(readings.faults.len() < 100_000);
});
