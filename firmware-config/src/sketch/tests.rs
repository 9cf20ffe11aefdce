//! How right a sketch is, from one device to 100,000, and that merging is union.

use super::*;

/// Evenly spread numbers (`SplitMix64`, Steele et al. 2014): stands in for a keyed hash.
fn hash(seed: u64, device: u64) -> u64 {
    let mut z = seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(device.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
        z = (z ^ (z >> shift)).wrapping_mul(factor);
    }
    z ^ (z >> 31)
}

fn sketch_of(seed: u64, devices: std::ops::Range<u64>) -> Sketch {
    let mut sketch = Sketch::default();
    devices.for_each(|device| {
        sketch.note(Mark::of(hash(seed, device)));
    });
    sketch
}

#[test]
fn estimates_from_1_to_100_000_are_within_the_stated_error() {
    // 200 independent sketches for each size, grown together. What is stated is a standard error of 2.3 %: over all
    // sketches the root of the mean square must be no more than that (and the chance that 200 of them show 20 % more is
    // below 1 in 10,000: its own standard deviation is 1/√400 = 5 %), the mean must be right (its standard deviation is
    // 2.3 %/√200 = 0.16 %; six of them are 1 %), and no single one may be off by more than five standard errors.
    const RUNS: u64 = 200;
    let sizes =
        [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 7_000, 10_000, 20_000, 50_000, 100_000];
    let mut errors: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
    for seed in 0..RUNS {
        let mut sketch = Sketch::default();
        let mut met = 0;
        for (size, errors) in sizes.iter().zip(&mut errors) {
            (met..*size).for_each(|device| {
                sketch.note(Mark::of(hash(seed, device)));
            });
            met = *size;
            errors.push(sketch.estimate() / *size as f64 - 1.0);
        }
    }
    for (size, errors) in sizes.iter().zip(&errors) {
        let mean = errors.iter().sum::<f64>() / RUNS as f64;
        let rms = (errors.iter().map(|error| error * error).sum::<f64>() / RUNS as f64).sqrt();
        let worst = errors.iter().fold(0.0_f64, |worst, error| worst.max(error.abs()));
        let outside = errors.iter().filter(|error| error.abs() * 100.0 > f64::from(ERROR_PERCENT)).count();
        println!(
            "{size:>7}: mean {:+.2} %, rms {:.2} %, worst {:.2} %, {outside} outside",
            mean * 100.0,
            rms * 100.0,
            worst * 100.0
        );
        assert!(mean.abs() < 0.01, "{size}: mean {mean}");
        assert!(rms < 1.2 * STANDARD_ERROR, "{size}: rms {rms}");
        assert!(worst < 5.0 * STANDARD_ERROR.max(1.0 / *size as f64), "{size}: worst {worst}");
        // "19 of 20": 10 of 200 may be outside; 23 would be four standard deviations more.
        assert!(outside <= 22, "{size}: {outside} of {RUNS} outside {ERROR_PERCENT} %");
    }
}

#[test]
fn merging_is_union_in_any_order_and_however_often() {
    // Halls of one town: a device that walked from one to the other is one device.
    let halls: Vec<Sketch> =
        [0..400, 300..900, 100..101, 0..0].into_iter().map(|devices| sketch_of(7, devices)).collect();
    let town = sketch_of(7, 0..900);
    for turn in 0..halls.len() {
        let mut merged = Sketch::default();
        for round in 0..2 {
            for at in 0..halls.len() {
                let more = merged.merge(&halls[(at + turn) % halls.len()]);
                assert!(round == 0 || !more, "nothing new the second time");
            }
        }
        assert_eq!(merged, town);
    }
    assert!(!Sketch::default().merge(&Sketch::default()));
}

#[test]
fn a_device_that_comes_again_changes_nothing() {
    let mut sketch = Sketch::default();
    assert!(sketch.is_empty() && sketch.estimate() == 0.0);
    assert!(sketch.note(Mark::of(hash(1, 1))));
    let once = sketch.clone();
    assert!(!sketch.note(Mark::of(hash(1, 1))));
    assert_eq!(sketch, once);
    assert!((sketch.estimate() - 1.0).abs() < 0.01);
}

#[test]
fn every_hash_has_a_mark_within_bounds() {
    assert_eq!(Mark::of(0), Mark { register: 0, rank: RANK_MAX });
    assert_eq!(Mark::of(u64::MAX), Mark { register: 2_047, rank: 1 });
    assert_eq!(Mark::of(1), Mark { register: 0, rank: 53 });
    for bit in 0..64 {
        let mark = Mark::of(1 << bit);
        assert!(usize::from(mark.register) < REGISTERS && (1..=RANK_MAX).contains(&mark.rank), "{bit}: {mark:?}");
    }
}

#[test]
fn the_text_reads_back_and_another_text_is_refused() {
    let sketch = sketch_of(3, 0..5_000);
    assert_eq!(Sketch::read(&sketch.text()), Some(sketch.clone()));
    let json = serde_json::to_string(&sketch).expect("written");
    assert_eq!(serde_json::from_str::<Sketch>(&json).expect("read"), sketch);
    let full = "2".repeat(REGISTERS);
    assert!(Sketch::read(&full).is_some_and(|full| full.estimate().is_infinite()), "rank 54 in every register");
    let beyond = "3".repeat(REGISTERS);
    for text in ["", "A", &"A".repeat(REGISTERS - 1), &"A".repeat(REGISTERS + 1), &"=".repeat(REGISTERS), &beyond] {
        assert_eq!(Sketch::read(text), None);
        let refused = serde_json::from_str::<Sketch>(&format!("{text:?}")).expect_err("refused").to_string();
        assert!(refused.len() < 300, "the text itself is not repeated: {refused}");
    }
    assert_eq!(format!("{:?}", Sketch::default()), "Sketch(about 0)", "2,048 registers are no log line");
}

#[test]
fn a_few_full_registers_are_worth_a_few_devices() {
    // Whoever invents registers cannot make a sketch weigh much in a sum and little by itself.
    let honest = sketch_of(5, 0..1_000);
    let mut text: Vec<u8> = Sketch::default().text().into_bytes();
    text[..20].fill(b'2');
    let forged = Sketch::read(std::str::from_utf8(&text).expect("ASCII")).expect("a sketch");
    assert!(forged.estimate() < 25.0, "{}", forged.estimate());
    let mut merged = honest.clone();
    merged.merge(&forged);
    assert!(merged.estimate() / honest.estimate() < 1.05);
}
