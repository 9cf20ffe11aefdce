//! Invented towns for tests and for the example that writes sample pages; 汐見町 does not exist.

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

use crate::screen::{Ap, Entry, Facility, Key, Opening, Order, Reported, Screen, Standing, Totals, Who, Witnessed};

/// 2026-11-22 16:19:04 JST.
pub const NOW_MS: WallMs = 1_795_331_944_000;

/// A facility of `n` access points that are as they should be.
#[must_use]
pub fn facility(id: &str, wanted: Mode, n: usize) -> Facility {
    let networks =
        if wanted.is_open() { vec!["shiomi-free".into(), "00000JAPAN".into()] } else { vec!["shiomi-free".into()] };
    Facility {
        id: id.parse::<FacilityId>().expect("sample identifiers are valid"),
        name_ja: id.to_owned(),
        name_en: String::new(),
        district: "中央地区".to_owned(),
        shelter: true,
        wanted,
        contact: "0123-45-6789".to_owned(),
        aps: (1..=n)
            .map(|i| Ap {
                id: format!("{id}-{i}").parse::<ApId>().expect("sample identifiers are valid"),
                name: format!("{i}階"),
                standing: Standing::Settled,
                since_ms: NOW_MS - 600_000,
                why: String::new(),
                heard_ms: Some(NOW_MS - 2_000),
                stations: Some(u32::try_from(i * 7).unwrap_or(0)),
                wanted: (12, wanted),
                reported: Some(Reported {
                    told: 12,
                    running: 12,
                    mode: wanted,
                    on_air: networks.clone(),
                    agent: "0.1.0".to_owned(),
                }),
                witnessed: Witnessed::NoMeans,
            })
            .collect(),
    }
}

/// Names, districts and numbers of access points of the sample town.
const TOWN: [(&str, &str, &str, &str, usize); 6] = [
    ("yakuba", "汐見町役場 本庁舎", "Town hall", "中央地区", 6),
    ("chuo", "中央公民館", "Central community hall", "中央地区", 4),
    ("shogakko", "汐見小学校", "Shiomi primary school", "東浜地区", 5),
    ("chugakko", "汐見中学校", "Shiomi secondary school", "東浜地区", 5),
    ("taiikukan", "町民体育館", "Town gymnasium", "西山地区", 5),
    ("fukushi", "総合福祉センター", "Welfare centre", "西山地区", 2),
];

/// A town of 6 facilities and 27 access points in which all is as ordered.
#[must_use]
pub fn town(mode: Mode) -> Screen {
    let facilities = TOWN
        .iter()
        .map(|(id, ja, en, district, n)| Facility {
            name_ja: (*ja).to_owned(),
            name_en: (*en).to_owned(),
            district: (*district).to_owned(),
            ..facility(id, mode, *n)
        })
        .collect();
    let opened_ms = NOW_MS - (107 * 60_000);
    let open = mode.is_open();
    let decisive = open.then(|| Opening {
        id: 7,
        who: if mode == Mode::Drill { Who::DrillKey } else { Who::Key },
        mode,
        facilities: TOWN.len(),
        since_ms: opened_ms,
        until_ms: (mode == Mode::Drill).then_some(NOW_MS + 105 * 60_000),
        why: String::new(),
    });
    Screen {
        town_ja: "汐見町".to_owned(),
        town_en: "Shiomi".to_owned(),
        build: "sample".to_owned(),
        now_ms: NOW_MS,
        mode,
        mode_since_ms: Some(opened_ms),
        decisive: decisive.clone(),
        openings: decisive.into_iter().collect(),
        order: Some(Order { number: 12, issued_ms: opened_ms, published: true }),
        totals: Totals {
            aps: 27,
            told: 27,
            running: 27,
            witnessed: 0,
            unwitnessable: 27,
            stations: if open { 899 } else { 203 },
        },
        key: Key { position: Some(mode), since_ms: Some(opened_ms), fault: None, isolated: None },
        facilities,
        broker_lost: None,
        store_lost: None,
        recent: vec![
            entry(
                4,
                opened_ms + 3_000,
                "all-settled",
                mode,
                &[("number", "12"), ("aps", "27"), ("mode", mode.as_str())],
            ),
            entry(3, opened_ms + 1_000, "ordered", mode, &[("number", "12"), ("open", "6")]),
            entry(2, opened_ms, "key-turned", mode, &[("from", "normal"), ("to", mode.as_str())]),
            entry(1, opened_ms - 86_400_000, "started", Mode::Normal, &[("version", "0.1.0")]),
        ],
        series: (0..96)
            .map(|i| {
                (
                    NOW_MS - (96 - i) * 900_000,
                    if open && i > 88 { 900 } else { 90 + u32::try_from(i % 24).unwrap_or(0) * 5 },
                )
            })
            .collect(),
    }
}

fn entry(seq: u64, at_ms: WallMs, kind: &str, mode: Mode, fields: &[(&str, &str)]) -> Entry {
    Entry {
        seq,
        at_ms,
        kind: kind.to_owned(),
        drill: mode == Mode::Drill,
        fields: fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
    }
}
