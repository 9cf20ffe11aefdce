//! The shelf under power cuts, rot, and a flash that takes nothing.

use super::*;
use crate::ledger::plan::Step;
use crate::ledger::power::Flash;
use crate::ledger::tests::SmallFlash;

fn page(samples: u64) -> Page {
    let kept = |seq| Kept {
        id: SampleId { boot: "9f2c41d07b3a5e68".to_owned(), seq },
        at_ms: (seq % 2 == 0).then_some(1_794_981_150_000),
        age_ms: 30_000 * seq,
        interval_s: 30,
        samples: 1,
        mode: Mode::Disaster,
        fixed: seq < 3,
        networks: vec![NetworkCounts {
            interface: "wlan0jp".to_owned(),
            ssid: "00000JAPAN".to_owned(),
            stations: 41,
            joins: 7,
            leaves: 2,
        }],
    };
    Page { answers: true, samples: (1..=samples).map(kept).collect() }
}

#[test]
fn after_a_power_cut_at_every_byte_the_shelf_has_the_page_of_before_or_the_new_one() {
    // The ledger's simulated flash, which tears, reorders and forgets whatever was not synced.
    for (old, new) in [(Page::default(), page(3)), (page(2), page(9)), (page(9), page(1)), (page(4), Page::default())] {
        let (before, bytes) = (write(&old), write(&new));
        let whole = |flash: &Flash, may_be_old: bool| {
            for found in flash.after_a_cut() {
                let found = found.map_or_else(|| Ok(Page::default()), |found| read(&found));
                let found = found.expect("whole");
                assert!(found == new || (may_be_old && found == old));
            }
        };
        let mut flash = Flash::holding(&[(Name::Page, &before)]);
        for (at, step) in STORE.into_iter().enumerate() {
            if matches!(step, Step::Write(_)) {
                for some in 0..=bytes.len() {
                    let mut torn = flash.clone();
                    torn.step(step, &bytes, some);
                    whole(&torn, true);
                }
            }
            flash.step(step, &bytes, bytes.len());
            whole(&flash, at + 1 < STORE.len());
        }
    }
}

#[test]
fn a_page_is_found_as_it_was_written_and_any_bit_that_rots_is_noticed() {
    let dir = tempfile::tempdir().expect("a directory");
    let shelf = Shelf::beside(&dir.path().join("ledger"));
    assert_eq!(shelf.load().expect("nothing yet"), Page::default());
    shelf.store(&page(5)).expect("written");
    assert_eq!(shelf.load().expect("there"), page(5));
    let good = write(&page(5));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(read(&bad).is_err(), "byte {at}");
    }
    fs::write(&shelf.desk.path, &good[..good.len() / 2]).expect("written");
    assert!(shelf.load().expect_err("spoilt").to_string().contains("moved to"));
    assert_eq!(shelf.load().expect("set aside"), Page::default());
}

#[test]
fn a_full_shelf_fits_the_longest_page_that_is_read() {
    let mut full = page(SAMPLES_MAX as u64);
    for kept in &mut full.samples {
        kept.networks = vec![kept.networks[0].clone(); ROWS_MAX / SAMPLES_MAX];
        kept.networks.iter_mut().for_each(|row| row.ssid = "\\xff".repeat(32));
    }
    let text = write(&full);
    assert!(text.len() as u64 <= FILE_MAX_BYTES, "{} bytes", text.len());
    let usual = {
        let mut usual = page(SAMPLES_MAX as u64);
        usual.samples.iter_mut().for_each(|kept| kept.networks = vec![kept.networks[0].clone(); 4]);
        write(&usual).len()
    };
    assert!(usual < 150_000, "the sum of the flash's wear reckons with 120 kB: {usual}");
}

#[test]
fn a_full_or_read_only_flash_keeps_the_page_of_before_and_half_a_page_eats_none_of_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(flash) = SmallFlash::mount(dir.path()) else { return };
    let shelf = Shelf::beside(&dir.path().join("ledger"));
    shelf.store(&page(2)).expect("stored");
    flash.fill();
    let error = shelf.store(&page(90)).expect_err("full").to_string();
    assert!(error.contains("ledger.counts") && error.contains("No space left"), "{error}");
    assert!(!shelf.desk.at(Name::New).exists(), "half a page eats no flash");
    assert_eq!(shelf.load().expect("the old one"), page(2));
    fs::remove_file(dir.path().join("filler")).expect("emptied");
    assert!(flash.ask("mount", &["-o", "remount,ro"]));
    assert!(shelf.store(&page(3)).expect_err("read-only").to_string().contains("Read-only"));
    assert_eq!(shelf.load().expect("the old one"), page(2));
    assert!(flash.ask("mount", &["-o", "remount,rw"]));
    shelf.store(&page(3)).expect("stored");
    assert_eq!(shelf.load().expect("the new one"), page(3));
}
