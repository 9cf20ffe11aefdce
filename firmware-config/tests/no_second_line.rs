//! Whatever text is written into any field of a wish: it is refused, or the rendered files have the lines they had.

use firmware_config::ap_config::check;
use firmware_config::render;
use firmware_config::wish::{KeyWish, LineWish, Wish};
use firmware_config::word::LINE_TERMINATORS;
use proptest::prelude::*;

/// A wish with every field filled, so that every field is tried.
const WISH: &str = r#"
    town = "shiomi"
    facility = "yakuba"
    ap = "yakuba-1"
    [broker]
    host = "192.0.2.1"
    password-file = "/etc/hirake/mqtt.password"
    [key]
    chip = "gpiochip0"
    no = "KEY-NO"
    nc = "KEY-NC"
    bias = "pull-up"
    [[radio]]
    phy = "phy0"
    band = "2.4"
    channel = 1
    [[radio.network]]
    interface = "wlan0"
    ssid = "shiomi-staff"
    security = "wpa2"
    passphrase-file = "/etc/hirake/staff"
    bridge = "br-lan"
    [radio.open]
    interface = "wlan0jp"
    bridge = "br-open"
"#;

type Field = (&'static str, fn(&mut Wish, String));

/// Every text field of a wish.
const FIELDS: [Field; 22] = [
    ("town", |w, text| w.town = text),
    ("facility", |w, text| w.facility = text),
    ("ap", |w, text| w.ap = text),
    ("broker.host", |w, text| w.broker.host = text),
    ("broker.password-file", |w, text| w.broker.password_file = Some(text)),
    ("places.config-dir", |w, text| w.places.config_dir = text),
    ("places.ledger", |w, text| w.places.ledger = text),
    ("places.town-key", |w, text| w.places.town_key = text),
    ("places.hostapd-socket", |w, text| w.places.hostapd_socket = text),
    ("places.hostapd-control-dir", |w, text| w.places.hostapd_control_dir = text),
    ("key.chip", |w, text| key(w, |key| key.chip = Some(text))),
    ("key.no", |w, text| key(w, |key| key.no = Some(LineWish::Name(text)))),
    ("key.nc", |w, text| key(w, |key| key.nc = Some(LineWish::Name(text)))),
    ("key.bias", |w, text| key(w, |key| key.bias = Some(text))),
    ("phy", |w, text| w.radios[0].phy = text),
    ("band", |w, text| w.radios[0].band = text),
    ("country", |w, text| w.radios[0].country = text),
    ("interface", |w, text| w.radios[0].networks[0].interface = text),
    ("ssid", |w, text| w.radios[0].networks[0].ssid = Some(text)),
    ("bridge", |w, text| w.radios[0].networks[0].bridge = Some(text)),
    ("open.interface", |w, text| {
        if let Some(open) = &mut w.radios[0].open {
            open.interface = text;
        }
    }),
    ("open.bridge", |w, text| {
        if let Some(open) = &mut w.radios[0].open {
            open.bridge = Some(text);
        }
    }),
];

fn key(wish: &mut Wish, set: impl FnOnce(&mut KeyWish)) {
    if let Some(key) = &mut wish.key {
        set(key);
    }
}

/// For each rendered file, in order, the names left of each line's `=`; none where the wish is refused.
///
/// `ssid` and `ssid2` count as one name, and the `utf8_ssid` that may follow as none: which is chosen is the text's.
fn lines(wish: &Wish, secret: &str) -> Option<Vec<Vec<String>>> {
    let config = check(wish, |_| Ok(secret.to_owned())).ok()?;
    let files = render(&config).into_iter().map(|file| {
        let text = String::from_utf8(file.bytes).expect("every file is a text");
        assert!(!LINE_TERMINATORS.iter().any(|end| *end != '\n' && text.contains(*end)), "{text:?}");
        text.lines()
            .map(|line| line.split('=').next().unwrap_or_default().replace("ssid2", "ssid"))
            .filter(|name| name != "utf8_ssid")
            .collect()
    });
    Some(files.collect())
}

fn good() -> Wish {
    toml::from_str(WISH).expect("the wish is well written")
}

#[test]
fn a_second_setting_behind_any_line_terminator_is_refused_in_every_field() {
    for end in LINE_TERMINATORS {
        for (name, set) in FIELDS {
            let mut wish = good();
            set(&mut wish, format!("/a{end}wpa=0"));
            assert_eq!(lines(&wish, "himitsu-no-kotoba"), None, "{name} with {end:?}");
        }
        // At the very end of a passphrase file a line break is how editors end a file, and is dropped.
        assert_eq!(lines(&good(), &format!("himitsu-no{end}kotoba")), None, "passphrase with {end:?}");
    }
}

#[test]
fn the_good_wish_is_taken() {
    let rendered = lines(&good(), "himitsu-no-kotoba\n").expect("taken");
    assert_eq!(rendered.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_in_any_field_leaves_the_lines_as_they_are(
        field in 0..FIELDS.len(),
        text in r#"[\PC\n\r\t\x00\x0b\x0c\u{85}\u{2028}\u{2029}=#"'\\/. ]{0,40}|[a-z0-9/._-]{1,16}"#,
    ) {
        let mut wish = good();
        (FIELDS[field].1)(&mut wish, text);
        if let Some(rendered) = lines(&wish, "himitsu-no-kotoba") {
            prop_assert_eq!(Some(rendered), lines(&good(), "himitsu-no-kotoba"));
        }
    }

    #[test]
    fn any_passphrase_leaves_the_lines_as_they_are(secret in r#"[\PC\n\r\x00=#]{0,70}|[ -~]{8,63}"#) {
        if let Some(rendered) = lines(&good(), &secret) {
            let mut expected = lines(&good(), "himitsu-no-kotoba").expect("taken");
            let raw_key = secret.trim_end().len() == 64;
            for name in expected.iter_mut().flatten().filter(|name| raw_key && *name == "wpa_passphrase") {
                *name = "wpa_psk".into();
            }
            prop_assert_eq!(rendered, expected);
        }
    }

    #[test]
    fn any_number_is_taken_or_refused_and_nothing_else(channel: u16, beacon: u16, port: u16) {
        let mut wish = good();
        (wish.radios[0].channel, wish.radios[0].beacon_interval, wish.broker.port) = (channel, Some(beacon), port);
        let fine = (1..=13).contains(&channel) && (50..=1000).contains(&beacon) && port != 0;
        prop_assert_eq!(lines(&wish, "himitsu-no-kotoba").is_some(), fine);
    }
}
