//! The ledger on a real directory: whole or not at all, and nobody else's.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding};
use firmware_config::key::KeyPosition;
use firmware_config::mode::Mode;
use firmware_config::wire::{KeyAct, Order, Wanted, compact, signing_input};
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;

pub(super) struct Town {
    pair: Ed25519KeyPair,
    pub(super) key: TownKey,
}

pub(super) fn town(seed: u8) -> Town {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key");
    let line = Base64UrlUnpadded::encode_string(pair.public_key().as_ref());
    let key = TownKey::parse(format!("{line}\n").as_bytes()).expect("a key");
    Town { pair, key }
}

impl Town {
    pub(super) fn order(&self, number: u64) -> SignedOrder {
        let wanted = Wanted { mode: Mode::Disaster, drill: None };
        let order = Order {
            v: 1,
            town: "shiomi".parse().expect("valid"),
            number,
            issued_at_ms: 0,
            controller: None,
            facilities: BTreeMap::from([("yakuba".parse().expect("valid"), wanted)]),
            activations: Vec::new(),
        };
        let input = signing_input(&order);
        let signature = self.pair.sign(input.as_bytes()).as_ref().try_into().expect("64 bytes");
        SignedOrder { jws: compact(&input, &signature), order }
    }
}

fn desk() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().expect("a directory");
    let ledger = Ledger::new(dir.path().join("ledger"));
    (dir, ledger)
}

/// A key that holds its facility open, and did so once before.
pub(super) fn held_open() -> KeyHeld {
    let act = |id, until_ms| KeyAct { id, since_ms: -5, until_ms };
    let position = Some((KeyPosition::Disaster, 1_790_000_000_000));
    KeyHeld { position, open: Some(act(2, None)), ended: vec![act(1, Some(7))], last_id: 2 }
}

#[test]
fn what_is_stored_is_loaded() {
    let (town, (dir, ledger)) = (town(1), desk());
    assert_eq!(ledger.load(&town.key).expect("empty"), Kept::default());
    for kept in [
        Kept { order: Some(town.order(1)), newest: None, drill_over: true, ..Kept::default() },
        Kept { order: Some(town.order(1)), newest: Some(town.order(3)), drill_over: false, ..Kept::default() },
        Kept { order: None, newest: Some(town.order(3)), drill_over: false, ..Kept::default() },
        Kept { key: held_open(), ..Kept::default() },
        Kept { order: Some(town.order(1)), key: held_open(), ..Kept::default() },
    ] {
        ledger.store(&kept).expect("stored");
        assert_eq!(ledger.load(&town.key).expect("loaded"), kept);
    }
    let left: Vec<_> = std::fs::read_dir(dir.path()).expect("there").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["ledger"], "nothing is left lying about");
}

/// A power cut may leave any beginning of the file: each is set aside, none is half believed, and none stops the agent.
#[test]
fn every_beginning_of_a_ledger_is_set_aside_and_a_new_one_can_be_written() {
    let (town, (dir, ledger)) = (town(1), desk());
    let kept = Kept { order: Some(town.order(1)), newest: Some(town.order(2)), drill_over: false, ..Kept::default() };
    let whole = write(&kept);
    let bad = dir.path().join("ledger.bad");
    for length in 0..whole.len() {
        std::fs::write(&ledger.desk.path, &whole[..length]).expect("written");
        let error = ledger.load(&town.key).expect_err("half a ledger");
        assert!(error.to_string().contains("moved to"), "{length}: {error}");
        assert_eq!(std::fs::read(&bad).expect("set aside"), &whole[..length]);
        assert_eq!(ledger.load(&town.key).expect("empty"), Kept::default());
    }
    ledger.store(&kept).expect("stored");
    assert_eq!(ledger.load(&town.key).expect("loaded"), kept);
}

#[test]
fn one_flipped_bit_is_never_believed() {
    let (town, (_dir, ledger)) = (town(1), desk());
    let kept = Kept { order: Some(town.order(7)), newest: None, drill_over: false, ..Kept::default() };
    let whole = write(&kept);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            std::fs::write(&ledger.desk.path, &flipped).expect("written");
            if let Ok(read) = ledger.load(&town.key) {
                assert_eq!(read, kept, "byte {at} bit {bit}");
            }
        }
    }
}

#[test]
fn another_towns_signature_is_set_aside() {
    let (ours, other, (_dir, ledger)) = (town(1), town(2), desk());
    ledger
        .store(&Kept { order: Some(other.order(9)), newest: None, drill_over: false, ..Kept::default() })
        .expect("stored");
    let error = ledger.load(&ours.key).expect_err("forged").to_string();
    assert!(error.contains("Forged") && error.contains("town's key"), "{error}");
}

#[test]
fn a_huge_file_is_not_read_into_memory() {
    let (town, (_dir, ledger)) = (town(1), desk());
    std::fs::File::create(&ledger.desk.path).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    let error = ledger.load(&town.key).expect_err("huge").to_string();
    assert!(error.contains("longer than"), "{error}");
}

#[test]
fn a_directory_that_is_missing_or_in_the_way_is_named_and_nothing_is_lost() {
    let (town, (dir, ledger)) = (town(1), desk());
    let kept = Kept { order: Some(town.order(1)), newest: None, drill_over: false, ..Kept::default() };
    let missing = Ledger::new(dir.path().join("nowhere/ledger"));
    assert_eq!(missing.load(&town.key).expect("no ledger yet"), Kept::default());
    assert!(missing.store(&kept).expect_err("no directory").to_string().contains("nowhere/ledger"));
    // Something that cannot be written stands where the new file would go.
    ledger.store(&kept).expect("stored");
    std::fs::create_dir_all(dir.path().join("ledger.new/x")).expect("made");
    let next = Kept { order: Some(town.order(2)), newest: None, drill_over: false, ..Kept::default() };
    assert!(ledger.store(&next).is_err());
    assert_eq!(ledger.load(&town.key).expect("the last one"), kept);
}

/// A tmpfs of its own; taken down when dropped.
pub(crate) struct SmallFlash(std::path::PathBuf);

impl SmallFlash {
    /// None where this user may not mount; that is said loudly.
    pub(crate) fn mount(at: &std::path::Path) -> Option<Self> {
        let flash = Self(at.to_owned());
        if flash.ask("mount", &["-t", "tmpfs", "-o", "size=64k", "none"]) {
            return Some(flash);
        }
        eprintln!("SKIPPED: a small disk cannot be mounted here (needs root); 1 test says nothing about it");
        std::mem::forget(flash);
        None
    }

    pub(crate) fn ask(&self, program: &str, words: &[&str]) -> bool {
        std::process::Command::new(program).args(words).arg(&self.0).status().is_ok_and(|status| status.success())
    }

    /// Writes until not one byte more fits.
    pub(crate) fn fill(&self) {
        use std::io::Write;
        let mut file = std::fs::File::create(self.0.join("filler")).expect("made");
        for size in [4096, 64, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }
}

impl Drop for SmallFlash {
    fn drop(&mut self) {
        self.ask("umount", &["-l"]);
    }
}

#[test]
fn a_filled_or_read_only_flash_keeps_the_old_order_and_takes_the_new_one_when_it_can() {
    let town = town(1);
    let dir = tempfile::tempdir().expect("a directory");
    let Some(flash) = SmallFlash::mount(dir.path()) else { return };
    let ledger = Ledger::new(dir.path().join("ledger"));
    let kept = |number| Kept { order: Some(town.order(number)), newest: None, drill_over: false, ..Kept::default() };
    ledger.store(&kept(1)).expect("stored");
    flash.fill();
    for _ in 0..3 {
        let error = ledger.store(&kept(2)).expect_err("full").to_string();
        assert!(error.contains("ledger") && error.contains("No space left"), "{error}");
        assert_eq!(ledger.load(&town.key).expect("the old one"), kept(1));
        assert!(!dir.path().join("ledger.new").exists(), "half a page eats no flash");
    }
    std::fs::remove_file(dir.path().join("filler")).expect("emptied");
    ledger.store(&kept(2)).expect("stored");
    assert_eq!(ledger.load(&town.key).expect("the new one"), kept(2));

    assert!(flash.ask("mount", &["-o", "remount,ro"]));
    let error = ledger.store(&kept(3)).expect_err("read-only").to_string();
    assert!(error.contains("Read-only"), "{error}");
    assert_eq!(ledger.load(&town.key).expect("the old one"), kept(2));
    // What cannot be moved away is said, and is not believed either.
    assert!(flash.ask("mount", &["-o", "remount,rw"]));
    std::fs::write(dir.path().join("ledger"), b"{").expect("spoilt");
    assert!(flash.ask("mount", &["-o", "remount,ro"]));
    for _ in 0..2 {
        let error = ledger.load(&town.key).expect_err("spoilt").to_string();
        assert!(error.contains("could not be moved"), "{error}");
    }
    assert!(flash.ask("mount", &["-o", "remount,rw"]));
    ledger.store(&kept(3)).expect("stored over it");
    assert_eq!(ledger.load(&town.key).expect("the new one"), kept(3));
}
