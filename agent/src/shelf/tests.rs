//! The shelf under power cuts, rot, and a flash that takes nothing.

use super::*;
use crate::core::deliver::WRITE_EVERY;
use crate::core::waiting::SAMPLES_MAX;
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
        networks: Arc::new(vec![NetworkCounts {
            interface: "wlan0jp".to_owned(),
            ssid: "00000JAPAN".to_owned(),
            stations: 41,
            joins: 7,
            leaves: 2,
            so_far: (seq != 2).then_some(SoFar { joins: 700, leaves: 650 }),
        }]),
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
fn a_page_of_the_version_before_is_read_and_one_of_a_later_version_is_not() {
    let sheet = |v: u32| {
        let body = format!(
            r#"{{"v":{v},"answers":true,"samples":[{{"boot":"9f2c41d07b3a5e68","seq":7,"at":null,"age":60000,"s":60,"n":2,"mode":"disaster","sent":true,"rows":[["wlan0jp","00000JAPAN",41,7,2]]}}]}}"#
        );
        format!("{:08x}\n{body}", crc32(body.as_bytes())).into_bytes()
    };
    let old = read(&sheet(1)).expect("read");
    assert_eq!((old.answers, old.samples.len(), old.samples[0].samples), (true, 1, 2));
    assert_eq!((old.samples[0].networks[0].joins, old.samples[0].networks[0].so_far), (7, None));
    assert!(read(&sheet(3)).expect_err("later").contains("of version 3"));
}

/// A shelf of so many samples, `networks` rows in each.
fn full(samples: usize, networks: usize) -> Page {
    let mut full = page(samples as u64);
    full.samples.iter_mut().for_each(|kept| kept.networks = Arc::new(vec![kept.networks[0].clone(); networks]));
    full
}

#[test]
fn the_largest_page_is_read_again_and_no_larger_than_the_sum_of_the_flashs_wear_reckons_with() {
    let mut largest = full(PIECES_MAX, PIECES_ROWS_MAX / PIECES_MAX);
    for kept in &mut largest.samples {
        (kept.id.seq, kept.at_ms, kept.age_ms) = (u64::MAX, Some(WallMs::MIN), u64::MAX);
        (kept.interval_s, kept.samples) = (u32::MAX, u32::MAX);
        for row in Arc::make_mut(&mut kept.networks) {
            // As hostapd's room reads them: a name of 15 characters, and 32 bytes none of which is text.
            (row.interface, row.ssid) = ("\"".repeat(15), "\\xff".repeat(32));
            (row.stations, row.joins, row.leaves) = (u32::MAX, u32::MAX, u32::MAX);
            row.so_far = Some(SoFar { joins: u32::MAX, leaves: u32::MAX });
        }
    }
    largest.answers = false;
    let text = write(&largest);
    assert!(text.len() <= PAGE_MAX_BYTES, "{} bytes", text.len());
    assert!(PAGE_MAX_BYTES - text.len() < PAGE_MAX_BYTES / 100, "{} bytes: the sum is too great", text.len());
    assert!(read(&text).expect("read again") == largest);

    // The sum in core/deliver.rs, and in docs/states.md: pages and bytes of a day, at one sample each 30 s.
    let pages = 86_400 / usize::try_from(WRITE_EVERY.as_secs()).expect("small");
    assert_eq!((pages, pages * PAGE_MAX_BYTES / 1_000_000), (288, 700));
    for (samples, bytes_max, megabytes) in [(SAMPLES_MAX, 145_000, 41), (PIECES_MAX, 580_000, 167)] {
        let usual = write(&full(samples, 4)).len();
        assert!(usual < bytes_max, "{usual} bytes with four networks of ordinary names");
        assert_eq!(pages * bytes_max / 1_000_000, megabytes);
    }
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
