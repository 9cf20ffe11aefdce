//! What one reading shows: of the device, and of each access point behind it, by whatever name it goes.

use super::air::{Air, ApSeen, Behind, Listed, is_torn, of_device};
use crate::readings::{Bss, ManagedAp, Radio, Readings};

const OURS: &str = "00000JAPAN";

/// A network's row: on which AP, called so, up or not, with so many on it.
fn bss(ap: Option<&str>, ssid: &str, up: Option<bool>, stations: Option<u32>) -> Bss {
    Bss {
        ap: ap.map(str::to_owned),
        row: format!("{}-{ssid}", ap.unwrap_or("all")),
        ssid: ssid.as_bytes().to_vec(),
        bssid: String::new(),
        up,
        channel: 6,
        stations,
    }
}

fn managed(key: &str, name: &str, up: Option<bool>, stations: Option<u32>) -> ManagedAp {
    ManagedAp { key: key.to_owned(), name: name.to_owned(), up, stations }
}

fn readings(networks: Vec<Bss>, aps: Vec<ManagedAp>) -> Readings {
    Readings { networks, aps, ..Readings::default() }
}

fn behind(readings: &Readings, key: Option<&str>) -> ApSeen {
    let device = of_device(readings, &[]);
    Behind::of(readings, &device).ap(key)
}

#[test]
fn a_device_is_open_where_all_of_ours_is_and_says_in_how_many_places_where_not() {
    let air = |ups: &[Option<bool>]| {
        let rows = ups.iter().map(|up| bss(None, OURS, *up, None)).chain([bss(None, "shiomi", Some(true), None)]);
        of_device(&readings(rows.collect(), Vec::new()), &[])
    };
    assert_eq!(air(&[Some(true), Some(true)]), Air::Open);
    assert_eq!(air(&[Some(false), Some(false)]), Air::Closed);
    assert_eq!(air(&[Some(true), Some(false), None]), Air::Partly { up: 1, of: 3 });
    assert_eq!(air(&[]), Air::Closed, "none of ours is there, and others are");
    assert!(matches!(air(&[Some(false), None]), Air::Unknown(why) if why.contains("all-00000JAPAN")));
    let words = [Air::Open, Air::Closed, Air::Partly { up: 1, of: 3 }].map(|air| air.words());
    assert_eq!(
        words,
        ["00000JAPAN is on the air", "00000JAPAN is not on the air", "00000JAPAN is on the air in 1 of 3 places",]
    );
    assert_eq!((Air::Partly { up: 1, of: 3 }.any(), Air::Closed.any()), (Ok(true), Ok(false)));
}

#[test]
fn a_poll_that_brought_no_network_at_all_shows_nothing_where_something_was_wrong_with_it() {
    let empty = readings(Vec::new(), Vec::new());
    assert_eq!(of_device(&empty, &[]), Air::Closed);
    assert_eq!(of_device(&empty, &["cut short".to_owned()]), Air::Unknown("cut short".to_owned()));
    let some = readings(vec![bss(None, "shiomi", Some(true), None)], Vec::new());
    assert_eq!(of_device(&some, &["cut short".to_owned()]), Air::Closed);
}

#[test]
fn a_poll_is_torn_where_something_was_wrong_and_a_row_of_ours_is_missing_that_was_there() {
    let (with, without) = (
        readings(vec![bss(None, OURS, Some(true), None)], Vec::new()),
        readings(vec![bss(None, "shiomi", Some(true), None)], Vec::new()),
    );
    let fault = ["cut short".to_owned()];
    assert!(is_torn(&with, &without, &fault));
    assert!(!is_torn(&with, &without, &[]), "it was taken away");
    assert!(!is_torn(&with, &with, &fault) && !is_torn(&without, &without, &fault));
}

#[test]
fn rows_of_access_points_that_are_away_do_not_count_and_those_of_others_do() {
    let rows = vec![bss(Some("ap-1"), OURS, Some(true), None), bss(Some("ap-2"), OURS, Some(false), None)];
    let air = |up| of_device(&readings(rows.clone(), vec![managed("AP-2", "", Some(up), None)]), &[]);
    assert_eq!(air(true), Air::Partly { up: 1, of: 2 });
    assert_eq!(air(false), Air::Open, "what is not connected cannot be flipped");
}

#[test]
fn an_access_point_is_found_by_its_address_however_it_is_written_or_by_its_name() {
    let all = readings(
        vec![bss(Some("02:00:00:00:00:0a"), OURS, Some(true), Some(4))],
        vec![managed("02:00:00:00:00:0a", "GYM", Some(true), Some(9)), managed("7", "School", Some(false), None)],
    );
    for key in ["02:00:00:00:00:0a", "02-00-00-00-00-0A", "0200.0000.000a", "gym"] {
        let seen = behind(&all, Some(key));
        assert_eq!((seen.listed, &seen.air, seen.stations), (Listed::There, &Air::Open, Some(9)), "{key}");
        assert_eq!((seen.networks.len(), seen.counts.len(), seen.counts[0].stations), (1, 1, 4), "{key}");
    }
    assert_eq!(behind(&all, Some("SCHOOL")).listed, Listed::Gone);
    assert_eq!(behind(&all, Some("02:00:00:00:00:0b")).listed, Listed::Missing);
    assert_eq!(behind(&all, Some("00:00:00:00:00:0z")).listed, Listed::Missing);
}

#[test]
fn names_that_differ_in_a_dash_only_are_two() {
    let names = [("B1-1", 1), ("B-11", 2), ("North-Schools", 3), ("NorthSchools-", 4)];
    let aps = names.iter().map(|(name, count)| managed(&format!("key {count}"), name, Some(true), Some(*count)));
    let all = readings(Vec::new(), aps.collect());
    for (name, count) in names {
        assert_eq!(behind(&all, Some(&name.to_lowercase())).stations, Some(count), "{name}");
    }
}

#[test]
fn where_nobody_can_say_what_the_controller_does_nobody_can_of_its_access_points() {
    let all = readings(Vec::new(), vec![managed("ap-1", "", Some(true), Some(4))]);
    let device = of_device(&all, &["cut short".to_owned()]);
    let seen = Behind::of(&all, &device).ap(Some("ap-1"));
    assert_eq!((seen.air, seen.listed), (Air::Unknown("cut short".to_owned()), Listed::There));
}

#[test]
fn a_controller_that_lists_no_access_points_may_list_their_networks() {
    let all = readings(vec![bss(Some("ap-1"), OURS, Some(true), Some(4))], Vec::new());
    assert_eq!(behind(&all, Some("ap-1")).listed, Listed::There);
    assert_eq!(behind(&all, Some("ap-1")).stations, Some(4));
    assert_eq!(behind(&all, Some("ap-2")).listed, Listed::Missing);
}

#[test]
fn a_network_of_all_access_points_is_on_the_air_at_each_and_its_stations_are_nobodys_own() {
    let all = readings(
        vec![bss(None, OURS, Some(true), Some(40)), bss(Some("ap-1"), "shiomi", None, Some(3))],
        vec![managed("ap-1", "", Some(true), None), managed("ap-2", "", Some(true), Some(7))],
    );
    let one = behind(&all, Some("ap-1"));
    let names: Vec<_> = one.networks.iter().map(|network| (network.ssid.as_str(), network.stations)).collect();
    assert_eq!(names, [(OURS, 0), ("shiomi", 3)], "the town's own is taken to be up where nothing is said");
    assert_eq!((one.air, one.stations, one.counts.len()), (Air::Open, None, 1));
    let two = behind(&all, Some("ap-2"));
    assert_eq!((two.stations, two.counts.len(), two.counts[0].ssid.as_str()), (Some(7), 1, ""));
}

#[test]
fn a_device_that_is_the_access_point_counts_by_its_radios_or_by_its_networks() {
    let networks = vec![bss(None, OURS, Some(true), Some(4)), bss(None, "shiomi", Some(true), Some(3))];
    let mut alone = readings(networks, Vec::new());
    assert_eq!(behind(&alone, None).stations, Some(7));
    let radio = |stations| Radio { stations, ..Radio::default() };
    alone.radios = vec![radio(Some(5)), radio(Some(6))];
    assert_eq!(behind(&alone, None).stations, Some(11));
    alone.radios = vec![radio(Some(5)), radio(None)];
    assert_eq!(behind(&alone, None).stations, Some(7), "a radio that does not say is no radio with nobody");
    alone.networks[1].stations = None;
    assert_eq!((behind(&alone, None).stations, behind(&alone, None).counts.len()), (None, 1));
}
