//! One device is one device in all of the town's halls, and another one in each activation.

use firmware_config::sketch::{REGISTERS, STANDARD_ERROR, Sketch};

use super::*;

fn secret(text: &str) -> Secret {
    Secret::parse(text.as_bytes()).expect("a secret")
}

fn town() -> TownId {
    "shiomi".parse().expect("valid")
}

fn period(activation: u64) -> Period {
    Period { activation, since_ms: 1_794_981_120_000 }
}

const SECRET: &str = "4bEkV1Yh0c2n8mQy6u3sZt9wXr5oPdLf7GJaKiHeCvM=\n";

fn marks(secret: Option<Secret>, periods: Vec<Period>) -> (Marks, watch::Sender<Vec<Period>>) {
    let (sender, receiver) = watch::channel(periods);
    let mut marks = Marks::new(secret, town(), receiver);
    marks.opened("wlan0jp".to_owned());
    (marks, sender)
}

/// The `n`th device, the same in every hall and in every activation.
fn device(n: u32) -> [u8; ADDRESS_BYTES] {
    let [a, b, c, d] = n.to_be_bytes();
    [0x02, 0x5e, a, b, c, d]
}

fn sketch(marks: &mut Marks, devices: std::ops::Range<u32>) -> Sketch {
    let mut sketch = Sketch::default();
    for n in devices {
        for (_, mark) in marks.of("wlan0jp", device(n)) {
            sketch.note(mark);
        }
    }
    sketch
}

#[test]
fn two_halls_mark_one_device_alike_within_an_activation() {
    // 600 devices here, 600 there, 200 of them in both.
    let (mut hall, _here) = marks(Some(secret(SECRET)), vec![period(1)]);
    let (mut gym, _there) = marks(Some(secret(SECRET)), vec![period(1)]);
    let mut town = sketch(&mut hall, 0..600);
    town.merge(&sketch(&mut gym, 400..1_000));
    assert_eq!(town, sketch(&mut hall, 0..1_000));
    assert!((town.estimate() / 1_000.0 - 1.0).abs() < 4.0 * STANDARD_ERROR, "{}", town.estimate());
}

/// How like two sketches are: the correlation of their registers. Of independent ones it is about normal with a
/// standard deviation of 1/√2048 = 0.022.
fn likeness(one: &Sketch, other: &Sketch) -> f64 {
    let ranks = |sketch: &Sketch| sketch.text().bytes().map(rank).collect::<Vec<_>>();
    fn rank(letter: u8) -> f64 {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        alphabet.iter().position(|known| *known == letter).map_or(26.0, |rank| rank as f64)
    }
    let (one, other) = (ranks(one), ranks(other));
    let mean = |ranks: &[f64]| ranks.iter().sum::<f64>() / REGISTERS as f64;
    let (mean_one, mean_other) = (mean(&one), mean(&other));
    let about = |(a, b): (&f64, &f64)| (a - mean_one) * (b - mean_other);
    let together: f64 = one.iter().zip(&other).map(about).sum();
    let alone = |ranks: &[f64], mean: f64| ranks.iter().map(|rank| (rank - mean).powi(2)).sum::<f64>();
    together / (alone(&one, mean_one) * alone(&other, mean_other)).sqrt()
}

/// The likenesses of `pairs` pairs of activations with the same `devices`, under what `keys` makes of a pair's number.
fn likenesses(devices: u32, pairs: u64, keys: impl Fn(u64) -> (Secret, Period, Secret, Period)) -> Vec<f64> {
    let one = |secret, period| {
        let (mut marks, _sender) = marks(Some(secret), vec![period]);
        sketch(&mut marks, 0..devices)
    };
    let pair = |pair| {
        let (before, first, after, second) = keys(pair);
        likeness(&one(before, first), &one(after, second))
    };
    (0..pairs).map(pair).collect()
}

#[test]
fn the_same_devices_in_two_activations_look_like_strangers() {
    // 40 pairs of activations of the same town with the same people, at each of three sizes: no pair may be more alike
    // than five standard deviations, nor all of them together (their mean has one of 0.022/√40 = 0.0035). The same
    // measure finds a stable key at once, so that it is one.
    let shown = |alike: &[f64]| {
        let mean = alike.iter().sum::<f64>() / alike.len() as f64;
        let most = alike.iter().fold(0.0_f64, |most, one| most.max(one.abs()));
        (mean, most)
    };
    for devices in [50, 1_000, 20_000] {
        let pairs = if devices > 10_000 { 4 } else { 40 };
        let fresh = |pair| (secret(SECRET), period(2 * pair), secret(SECRET), period(2 * pair + 1));
        let (mean, most) = shown(&likenesses(devices, pairs, fresh));
        println!("{devices} devices: mean {mean:+.4}, most {most:.4}");
        assert!(most < 5.0 * 0.022 && mean.abs() < 5.0 * 0.022 / (pairs as f64).sqrt(), "{devices}: {mean} {most}");
        let stable = |pair| (secret(SECRET), period(pair), secret(SECRET), period(pair));
        let (_, most) = shown(&likenesses(devices, 2, stable));
        assert!(most > 0.99, "a stable key would be found: {most}");
    }
    // The same number given again after a lost store is another activation; another secret is another town.
    let later = |pair| {
        let again = Period { since_ms: 1_794_981_120_001, ..period(pair) };
        (secret(SECRET), period(pair), secret(SECRET), again)
    };
    let other = |pair| (secret(SECRET), period(pair), secret("another-secret-of-32-bytes-and-more"), period(pair));
    assert!(shown(&likenesses(1_000, 10, later)).1 < 5.0 * 0.022);
    assert!(shown(&likenesses(1_000, 10, other)).1 < 5.0 * 0.022);
}

#[test]
fn keys_follow_the_activations_and_go_with_them() {
    let (mut marks, periods) = marks(Some(secret(SECRET)), Vec::new());
    assert_eq!(marks.of("wlan0jp", device(1)), []);
    periods.send_replace(vec![period(1), period(2)]);
    let both = marks.of("wlan0jp", device(1));
    assert_eq!(both.iter().map(|(period, _)| period.activation).collect::<Vec<_>>(), [1, 2]);
    periods.send_replace(vec![period(2)]);
    assert_eq!(marks.of("wlan0jp", device(1)), both[1..], "the same key as before");
    assert_eq!(marks.keys.len(), 1, "the other one is forgotten");
    drop(periods);
    assert_eq!(marks.of("wlan0jp", device(1)), both[1..]);
}

#[test]
fn whoever_was_there_before_the_keys_is_to_be_listed_once() {
    let (mut marks, periods) = marks(Some(secret(SECRET)), Vec::new());
    let here = ["wlan0jp".to_owned()];
    assert_eq!(marks.unlisted(), Vec::<String>::new(), "nothing is in force");
    periods.send_replace(vec![period(1)]);
    assert_eq!(marks.unlisted(), here);
    assert_eq!(marks.unlisted(), Vec::<String>::new(), "once");
    // A second activation while the first goes on: those who are there were never marked for it.
    periods.send_replace(vec![period(1), period(2)]);
    marks.of("wlan0jp", device(1));
    assert_eq!(marks.unlisted(), here, "also where somebody came first");
    // Another radio, the same one closed and opened again, and a hostapd that was out of hearing.
    marks.only_open(["wlan0jp".to_owned(), "wlan1jp".to_owned()].into_iter());
    assert_eq!(marks.unlisted(), ["wlan1jp"]);
    marks.only_open(["wlan1jp".to_owned()].into_iter());
    marks.opened("wlan0jp".to_owned());
    assert_eq!(marks.unlisted(), here);
    marks.was_deaf();
    assert_eq!(marks.unlisted(), ["wlan0jp", "wlan1jp"]);
    periods.send_replace(Vec::new());
    assert_eq!(marks.unlisted(), Vec::<String>::new());
}

#[test]
fn nobody_is_marked_on_the_towns_own_networks_or_without_a_secret() {
    let (mut with, _sender) = marks(Some(secret(SECRET)), vec![period(1)]);
    assert_eq!(with.of("wlan0", device(1)), []);
    with.only_open(["wlan1jp".to_owned()].into_iter());
    assert_eq!(with.of("wlan0jp", device(1)), []);
    assert_eq!(with.of("wlan1jp", device(1)).len(), 1);
    let (mut without, _sender) = marks(None, vec![period(1)]);
    assert_eq!((without.of("wlan0jp", device(1)), without.unlisted()), (Vec::new(), Vec::new()));
}

#[test]
fn a_secret_is_long_enough_and_is_never_shown() {
    for text in ["", "short", "a-secret-of-many bytes, with blanks in it", &"x".repeat(31)] {
        assert!(Secret::parse(text.as_bytes()).is_none(), "{text}");
    }
    assert_eq!(format!("{:?}", secret(SECRET)), "Secret");
    let (marks, _sender) = marks(Some(secret(SECRET)), vec![period(1)]);
    assert!(!format!("{marks:?}").contains("4bEk"));
    let missing = Secret::load(Path::new("/nowhere/secret")).expect_err("missing").to_string();
    assert!(missing.starts_with("distinct-secret-file /nowhere/secret: "), "{missing}");
}
