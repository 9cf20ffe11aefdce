//! Invented towns for tests and for the example that writes sample pages; 汐見町 does not exist.

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

use crate::screen::{
    Ap, Distinct, Entry, Facility, Key, KeyFault, Opening, Order, OtherSeat, Reported, Screen, Seat, Standing, Totals,
    Way, Who, Witnessed,
};

/// 2026-11-22 16:19:04 JST.
pub const NOW_MS: WallMs = 1_795_331_944_000;

/// 14:32:04, when the sample towns were opened.
const OPENED_MS: WallMs = NOW_MS - 107 * MINUTE_MS;
const MINUTE_MS: i64 = 60_000;

/// The disaster network, and an everyday one.
const OPEN_SSID: &str = "00000JAPAN";
const EVERYDAY_SSID: &str = "shiomi-free";

/// Which town.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 24 facilities, 84 access points, four districts.
    Town,
    /// 6 facilities, 27 access points, three districts.
    Demo,
}

/// A facility of `n` access points that are as they should be.
#[must_use]
pub fn facility(id: &str, wanted: Mode, n: usize) -> Facility {
    let networks =
        if wanted.is_open() { vec![EVERYDAY_SSID.into(), OPEN_SSID.into()] } else { vec![EVERYDAY_SSID.into()] };
    Facility {
        id: id.parse::<FacilityId>().expect("sample identifiers are valid"),
        name_ja: id.to_owned(),
        name_en: String::new(),
        district: "中央地区".to_owned(),
        shelter: true,
        wanted,
        contact: "教育課 内線 311".to_owned(),
        aps: (1..=n)
            .map(|i| Ap {
                id: format!("{id}-{i}").parse::<ApId>().expect("sample identifiers are valid"),
                name: ["体育館", "昇降口", "多目的室", "校庭", "和室", "駐車場"][(i - 1) % 6].to_owned(),
                standing: Standing::Settled,
                since_ms: OPENED_MS + 6_000,
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
                // The car park's is of another make.
                way: if i % 6 == 0 { Way::Snmp { profile: Some("cisco-wlc".to_owned()) } } else { Way::Agent },
                witnessed: Witnessed::NoMeans,
                seen_by: None,
            })
            .collect(),
    }
}

/// District; then identifier, name, name in English, access points, devices on an ordinary day, devices in a disaster.
type District = (&'static str, &'static [(&'static str, &'static str, &'static str, usize, u32, u32)]);

const TOWN: &[District] = &[
    (
        "中央地区",
        &[
            ("yakuba", "汐見町役場 本庁舎", "Shiomi Town Hall", 6, 31, 42),
            ("chuo-kominkan", "中央公民館", "Chuo Community Hall", 4, 12, 118),
            ("shiomi-sho", "汐見小学校", "Shiomi Elementary School", 5, 0, 186),
            ("shiomi-chu", "汐見中学校", "Shiomi Junior High School", 5, 0, 164),
            ("taiikukan", "町民体育館", "Town Gymnasium", 6, 9, 231),
            ("toshokan", "町立図書館", "Town Library", 3, 22, 17),
        ],
    ),
    (
        "東浜地区",
        &[
            ("higashihama-sho", "東浜小学校", "Higashihama Elementary School", 4, 0, 97),
            ("higashihama-hoikusho", "東浜保育所", "Higashihama Nursery", 2, 2, 24),
            ("minato", "港ふれあい広場", "Harbour Plaza", 3, 7, 33),
            ("gyogyo", "漁業会館", "Fishery Hall", 2, 5, 19),
            ("higashihama", "東浜集会所", "Higashihama Meeting House", 2, 0, 12),
            ("michinoeki", "道の駅しおみ", "Roadside Station Shiomi", 4, 38, 46),
        ],
    ),
    (
        "西山地区",
        &[
            ("nishiyama-sho", "西山小学校", "Nishiyama Elementary School", 4, 0, 58),
            ("nishiyama-chu", "西山中学校", "Nishiyama Junior High School", 4, 0, 103),
            ("nishiyama-kominkan", "西山公民館", "Nishiyama Community Hall", 3, 4, 41),
            ("fukushi", "総合福祉センター", "Welfare Centre", 5, 14, 77),
            ("ikoi", "老人憩の家", "Senior Citizens' House", 2, 3, 12),
            ("noson", "西山農村環境改善センター", "Nishiyama Rural Centre", 3, 1, 29),
        ],
    ),
    (
        "南部地区",
        &[
            ("minami-sho", "南小学校", "Minami Elementary School", 4, 0, 88),
            ("minami-community", "南地区コミュニティセンター", "Minami Community Centre", 3, 6, 52),
            ("hoken", "保健センター", "Health Centre", 3, 8, 21),
            ("minami-hoikusho", "南保育所", "Minami Nursery", 2, 1, 15),
            ("ekimae", "駅前観光案内所", "Station Tourist Office", 2, 16, 9),
            ("minami-hiroba", "南部防災広場", "Nambu Disaster Park", 3, 0, 26),
        ],
    ),
];

const DEMO: &[District] = &[
    (
        "中央地区",
        &[
            ("yakuba", "汐見町役場 本庁舎", "Shiomi Town Hall", 6, 31, 42),
            ("shiomi-sho", "汐見小学校", "Shiomi Elementary School", 5, 4, 186),
            ("shiomi-chu", "汐見中学校", "Shiomi Junior High School", 5, 3, 164),
            ("taiikukan", "町民体育館", "Town Gymnasium", 4, 9, 231),
        ],
    ),
    ("東浜地区", &[("higashihama-sho", "東浜小学校", "Higashihama Elementary School", 4, 2, 97)]),
    ("南部地区", &[("minato", "港ふれあい広場", "Harbour Plaza", 3, 7, 33)]),
];

/// A town of 6 facilities and 27 access points in which all is as ordered.
#[must_use]
pub fn town(mode: Mode) -> Screen {
    sized(Size::Demo, mode)
}

/// A town in which all is as ordered.
#[must_use]
pub fn sized(size: Size, mode: Mode) -> Screen {
    let districts = if size == Size::Town { TOWN } else { DEMO };
    let open = mode.is_open();
    let mut facilities = Vec::new();
    for (district, places) in districts {
        for (id, ja, en, n, peace, disaster) in *places {
            let mut place = facility(id, mode, *n);
            place.name_ja = (*ja).to_owned();
            place.name_en = (*en).to_owned();
            place.district = (*district).to_owned();
            let devices = if mode == Mode::Disaster { *disaster } else { *peace };
            share(&mut place, devices);
            facilities.push(place);
        }
    }
    let decisive = open.then(|| Opening {
        id: 7,
        who: if mode == Mode::Drill { Who::DrillKey } else { Who::Key },
        mode,
        facilities: facilities.len(),
        since_ms: OPENED_MS,
        until_ms: (mode == Mode::Drill).then_some(NOW_MS + 105 * MINUTE_MS),
        why: String::new(),
    });
    let mut screen = Screen {
        town_ja: "汐見町".to_owned(),
        town_en: "Shiomi".to_owned(),
        build: "sample".to_owned(),
        now_ms: NOW_MS,
        mode,
        mode_since_ms: Some(OPENED_MS),
        decisive: decisive.clone(),
        openings: decisive.into_iter().collect(),
        order: Some(Order { number: 12, issued_ms: OPENED_MS, published: true }),
        totals: Totals::default(),
        key: Key { position: Some(mode), since_ms: Some(OPENED_MS), fault: None, isolated: None },
        facilities,
        distinct: (mode == Mode::Disaster).then_some(Distinct {
            devices: Some(2_430),
            fewer_than: 10,
            error_percent: 5,
        }),
        seat: None,
        broker_lost: None,
        store_lost: None,
        left_open: Vec::new(),
        strangers: Vec::new(),
        recent: Vec::new(),
        series: Vec::new(),
    };
    settle(&mut screen);
    let all = screen.totals.aps.to_string();
    let facilities = screen.facilities.len().to_string();
    screen.recent = vec![
        entry(4, OPENED_MS + 15_000, "all-settled", mode, &[("number", "12"), ("aps", &all), ("mode", mode.as_str())]),
        entry(3, OPENED_MS + 100, "ordered", mode, &[("number", "12"), ("open", &facilities), ("why", "key")]),
        entry(2, OPENED_MS, "key-turned", mode, &[("from", "normal"), ("to", mode.as_str())]),
        entry(1, OPENED_MS - 26 * 60 * MINUTE_MS, "started", Mode::Normal, &[("version", "0.1.0")]),
    ];
    screen.series = series(screen.totals.stations, mode == Mode::Disaster);
    screen
}

/// One of two controllers, on an ordinary day: it decides or stands by, and the other is heard or not.
#[must_use]
pub fn of_two(size: Size, active: bool, heard: bool) -> Screen {
    let other = OtherSeat { id: "kouminkan".to_owned(), heard, active: heard && !active };
    let alone_since_ms = (!heard).then_some(NOW_MS - 3 * MINUTE_MS);
    let seat =
        Seat { id: "yakuba".to_owned(), active, others: vec![other], alone_since_ms, lock_lost: false, mistake: None };
    Screen { seat: Some(seat), ..sized(size, Mode::Normal) }
}

/// One access point of one facility does not answer, on an ordinary day.
#[must_use]
pub fn one_silent(size: Size) -> Screen {
    let mut screen = sized(size, Mode::Normal);
    let place = screen.facilities.len() - 2;
    silence(&mut screen.facilities[place].aps[0], NOW_MS - 22 * 60 * MINUTE_MS);
    settle(&mut screen);
    screen
}

/// A disaster with one facility out, one access point silent, one refusing and one not seen on the air.
#[must_use]
pub fn with_faults(size: Size) -> Screen {
    let mut screen = sized(size, Mode::Disaster);
    let [out, partly, refusing, unseen] = if size == Size::Town { [10, 12, 20, 8] } else { [5, 4, 2, 3] };
    for ap in &mut screen.facilities[out].aps {
        silence(ap, NOW_MS - 7 * MINUTE_MS);
    }
    silence(&mut screen.facilities[partly].aps[0], NOW_MS - 134 * MINUTE_MS);
    let ap = &mut screen.facilities[refusing].aps[1];
    (ap.standing, ap.why, ap.since_ms) =
        (Standing::Refused, "hostapd: could not add the interface wlan0jp".to_owned(), OPENED_MS + 3_000);
    ap.reported = ap.reported.take().map(|said| Reported { running: 11, mode: Mode::Normal, ..said });
    screen.facilities[unseen].aps[0].witnessed = Witnessed::NotSeen(NOW_MS - MINUTE_MS);
    screen.facilities[unseen].aps[1].witnessed = Witnessed::NotAsked(
        "no answer within 5.0 s: is it powered, is the address right, does it allow SNMP from here?".to_owned(),
    );
    settle(&mut screen);
    let at = screen.facilities[out].clone();
    for (seq, ap) in (5..).zip(&at.aps) {
        let fields = [("ap", ap.id.as_str()), ("facility", at.id.as_str()), ("from", "settled"), ("to", "silent")];
        screen.recent.insert(0, entry(seq, NOW_MS - 7 * MINUTE_MS, "ap-stands", Mode::Disaster, &fields));
    }
    screen
}

/// A second after the key was turned: half is open.
#[must_use]
pub fn opening(size: Size) -> Screen {
    let mut screen = sized(size, Mode::Disaster);
    screen.now_ms = OPENED_MS + 1_000;
    for place in screen.facilities.iter_mut().skip(2) {
        for ap in &mut place.aps {
            (ap.standing, ap.since_ms, ap.why) = (Standing::Settling, OPENED_MS, "applying".to_owned());
            ap.reported = ap.reported.take().map(|said| Reported { running: 11, mode: Mode::Normal, ..said });
        }
    }
    settle(&mut screen);
    screen.recent.remove(0);
    screen
}

/// The key's wire is cut while the town is open.
#[must_use]
pub fn key_broken(size: Size) -> Screen {
    let mut screen = sized(size, Mode::Disaster);
    screen.key.fault = Some((KeyFault::Broken, NOW_MS - 3 * MINUTE_MS));
    screen.store_lost = Some((NOW_MS - 2 * MINUTE_MS, "disk full".to_owned(), 14));
    screen
}

/// The key is back at 平時, and two access points are still open.
#[must_use]
pub fn left_open(size: Size) -> Screen {
    let mut screen = sized(size, Mode::Normal);
    for ap in &mut screen.facilities[2].aps[..2] {
        (ap.standing, ap.why) = (Standing::Settling, "applying".to_owned());
        ap.reported = ap.reported.take().map(|said| Reported {
            running: 11,
            mode: Mode::Disaster,
            on_air: vec![EVERYDAY_SSID.to_owned(), OPEN_SSID.to_owned()],
            ..said
        });
    }
    settle(&mut screen);
    screen
}

/// The first start: no order, nothing heard.
#[must_use]
pub fn first_start(size: Size) -> Screen {
    let mut screen = sized(size, Mode::Normal);
    screen.order = None;
    screen.mode_since_ms = None;
    screen.key = Key::default();
    for ap in screen.facilities.iter_mut().flat_map(|place| &mut place.aps) {
        (ap.standing, ap.why, ap.since_ms) = (Standing::Settling, "never-heard".to_owned(), NOW_MS - 4_000);
        (ap.reported, ap.heard_ms, ap.stations, ap.wanted) = (None, None, None, (0, Mode::Normal));
    }
    settle(&mut screen);
    screen.recent.drain(..3);
    screen.series.clear();
    screen
}

fn silence(ap: &mut Ap, since_ms: WallMs) {
    (ap.standing, ap.since_ms, ap.why) = (Standing::Silent, since_ms, "offline".to_owned());
    (ap.heard_ms, ap.stations) = (Some(since_ms), None);
}

fn share(place: &mut Facility, devices: u32) {
    let n = u32::try_from(place.aps.len()).unwrap_or(1).max(1);
    for (i, ap) in (0..).zip(&mut place.aps) {
        ap.stations = Some(devices / n + u32::from(i < devices % n));
    }
}

/// Makes the sums agree with the access points.
fn settle(screen: &mut Screen) {
    let mut totals = Totals::default();
    let number = screen.order.map_or(0, |order| order.number);
    for ap in screen.facilities.iter().flat_map(|place| &place.aps) {
        let said = |which: fn(&Reported) -> u64| {
            u32::from(ap.standing != Standing::Silent && ap.reported.as_ref().is_some_and(|it| which(it) == number))
        };
        totals.aps += 1;
        totals.told += said(|it| it.told);
        totals.running += said(|it| it.running);
        totals.witnessed += u32::from(ap.seen_as_ordered() == Some(true));
        totals.unwitnessable += u32::from(ap.witnessed == Witnessed::NoMeans);
        totals.stations += ap.stations.unwrap_or(0);
    }
    screen.totals = totals;
}

/// A day in steps of 15 minutes, ending in `now` devices.
fn series(now: u32, disaster: bool) -> Vec<(WallMs, u32)> {
    (0..=96u32)
        .map(|i| {
            let wave = (i * 37 % 17) + (i * 11 % 7);
            let ordinary = match i % 96 {
                25..=58 => 12 + wave,
                i if i < 25 => 190 - i * 6 + wave,
                i => 20 + (i - 58) * 4 + wave,
            };
            let n = if disaster && i >= 89 { ordinary.max(now * (i - 88) / (i - 86)) } else { ordinary };
            (NOW_MS - i64::from(96 - i) * 15 * MINUTE_MS, if i == 96 { now } else { n })
        })
        .collect()
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
