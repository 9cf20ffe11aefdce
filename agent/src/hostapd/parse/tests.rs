//! The parser on texts recorded from hostapd 2.10 (`recorded/`), and on texts that no hostapd would send.

use proptest::prelude::*;

use super::*;

const INTERFACES: &[u8] = include_bytes!("../../../recorded/interfaces.txt");
const STATUS: &[u8] = include_bytes!("../../../recorded/status.txt");
const ODD: &[u8] = include_bytes!("../../../recorded/status-odd-ssid.txt");
const NO_SUCH: &[u8] = include_bytes!("../../../recorded/status-no-such.txt");

/// `driver=none` carries one network; on real radios the rows of the next follow in the same form.
fn two() -> Vec<u8> {
    [STATUS, b"bss[1]=lo2\nbssid[1]=02:00:00:00:00:01\nssid[1]=staff\nnum_sta[1]=3\n"].concat()
}

#[test]
fn interfaces_are_read_one_a_line() {
    assert_eq!(interfaces(INTERFACES), Ok(vec!["lo".to_owned(), "lojp".to_owned(), "loodd".to_owned()]));
    assert_eq!(interfaces(b""), Ok(Vec::new()), "a hostapd with nothing to do");
}

#[test]
fn a_status_tells_of_the_radio_and_its_network() {
    let seen = status(STATUS).expect("a status");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].radio, RadioState::Enabled);
    let Network { interface, ssid, bssid, channel, stations } = &seen[0].network;
    assert_eq!((interface.as_str(), ssid.as_str(), bssid.as_str()), ("lojp", "00000JAPAN", "00:00:00:00:00:00"));
    assert_eq!((*channel, *stations), (0, 0));
    assert_eq!((seen[0].phy.as_str(), seen[0].mhz), ("phy0", 0), "driver=none is tuned to nothing");
}

#[test]
fn a_status_tells_of_every_network_on_the_radio() {
    let seen = status(&two()).expect("a status");
    let names: Vec<_> = seen.iter().map(|s| (s.network.interface.as_str(), s.network.ssid.as_str())).collect();
    assert_eq!(names, [("lojp", "00000JAPAN"), ("lo2", "staff")]);
}

#[test]
fn odd_bytes_of_an_ssid_stay_escaped_and_the_rest_is_readable() {
    let seen = status(ODD).expect("a status");
    assert_eq!(seen[0].network.ssid, r#"潮見" \\\xff\x00a\x0a"#);
}

#[test]
fn a_network_that_is_gone_is_known_by_its_answer() {
    assert!(is_no_such_interface(NO_SUCH));
    assert!(matches!(status(NO_SUCH), Err(ParseError::Refused { .. })));
}

#[test]
fn the_radios_states_are_told_apart() {
    for (word, state) in [
        ("ENABLED", RadioState::Enabled),
        ("DFS", RadioState::Preparing("DFS".to_owned())),
        ("COUNTRY_UPDATE", RadioState::Preparing("COUNTRY_UPDATE".to_owned())),
        ("DISABLED", RadioState::Off("DISABLED".to_owned())),
        ("SOMETHING_NEW", RadioState::Off("SOMETHING_NEW".to_owned())),
    ] {
        let text = format!("state={word}\nfreq=5180\nchannel=36\nbss[0]=wlan0\nssid[0]=x\nnum_sta[0]=7\n");
        let seen = status(text.as_bytes()).expect("a status");
        assert_eq!((&seen[0].radio, seen[0].network.channel, seen[0].network.stations), (&state, 36, 7));
        assert_eq!(seen[0].mhz, 5_180);
    }
}

#[test]
fn an_answer_that_was_cut_loses_its_last_line_and_no_more() {
    let cut = two();
    let seen = status(&cut[..cut.len() - 3]).expect("a status");
    assert_eq!((seen.len(), seen[1].network.stations), (2, 0));
    assert!(interfaces(b"wlan0\nwlan0j").is_ok_and(|names| names == ["wlan0"]));
}

#[test]
fn nonsense_is_refused_with_both_sides() {
    for answer in [&b"PONG\n"[..], b"\xff\xfe", b"Hello", b"a name with blanks\n", b"../etc\n"] {
        assert!(status(answer).is_err(), "{answer:?}");
    }
    for answer in [&b"FAIL\n"[..], b"UNKNOWN COMMAND\n", b"Hello", b"a name with blanks\n", b"a/b\n", b"\xff\n"] {
        assert!(interfaces(answer).is_err(), "{answer:?}");
    }
    let error = status(b"PONG\n").expect_err("no status").to_string();
    assert_eq!(error, "answer to STATUS makes no sense: expected a line \"state=\", found \"PONG\"");
}

#[test]
fn who_a_station_is_is_not_kept() {
    let heard = event(b"IFNAME=wlan0jp <3>AP-STA-CONNECTED 02:00:00:00:01:00").expect("an event");
    assert_eq!(heard, Heard::Joined { interface: "wlan0jp".to_owned() });
    assert!(!format!("{heard:?}").contains("02:00"));
    let gone = event(b"IFNAME=wlan0jp <3>AP-STA-DISCONNECTED 02:00:00:00:01:00");
    assert_eq!(gone, Some(Heard::Left { interface: "wlan0jp".to_owned() }));
}

#[test]
fn the_address_that_came_is_read_for_its_mark_and_nothing_else_is_one() {
    let came = |text: &str| station(format!("IFNAME=wlan0jp <3>AP-STA-CONNECTED {text}").as_bytes());
    assert_eq!(came("02:5e:00:0A:fF:10"), Some([0x02, 0x5e, 0x00, 0x0a, 0xff, 0x10]));
    assert_eq!(came("02:5e:00:0a:ff:10 auth_alg=open"), Some([0x02, 0x5e, 0x00, 0x0a, 0xff, 0x10]));
    for text in ["", "02:5e:00:0a:ff", "02:5e:00:0a:ff:10:11", "02-5e-00-0a-ff-10", "025e000aff10", "02:5e:00:0a:ff:1g"]
    {
        assert_eq!(came(text), None, "{text}");
    }
    assert_eq!(station(b"IFNAME=wlan0jp <3>AP-STA-DISCONNECTED 02:5e:00:0a:ff:10"), None, "who goes is not counted");
}

#[test]
fn a_listed_station_is_its_address_and_whether_it_is_let_in() {
    let address = [2, 0x5e, 0, 10, 0xff, 0x10];
    assert_eq!(listed(include_bytes!("../../../recorded/sta-first.txt")), Some(([2, 0, 0, 0, 2, 0], true)));
    assert_eq!(listed(b"02:5e:00:0a:ff:10\nflags=[AUTH][ASSOC]\naid=1\n"), Some((address, false)));
    assert_eq!(listed(b"02:5e:00:0a:ff:10"), Some((address, false)));
    for nobody in [&b""[..], b"\n", b"FAIL\n", b"FAIL-NO-IFNAME-MATCH\n", b"02:5e:00:0a:ff\nflags=[AUTHORIZED]\n"] {
        assert_eq!(listed(nobody), None, "{nobody:?}");
    }
}

#[test]
fn changes_on_the_air_are_heard_and_the_rest_is_not() {
    for line in ["IFNAME=lojp <3>AP-ENABLED ", "IFNAME=lojp <3>AP-DISABLED ", "IFNAME=lo <3>CTRL-EVENT-TERMINATING "] {
        assert_eq!(event(line.as_bytes()), Some(Heard::AirChanged), "{line}");
        assert!(is_unasked(line.as_bytes()), "{line}");
    }
    for line in
        ["IFNAME=wlan0 <3>WPS-TIMEOUT ", "<3>AP-STA-CONNECTED 02:00:00:00:01:00", "IFNAME=", "IFNAME=a <3", "OK\n"]
    {
        assert_eq!(event(line.as_bytes()), None, "{line}");
    }
    assert!(!is_unasked(b"OK\n") && !is_unasked(STATUS));
}

proptest! {
    #[test]
    fn no_datagram_brings_the_parser_down(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (interfaces(&bytes), status(&bytes), event(&bytes), is_unasked(&bytes), shown(&bytes));
    }

    #[test]
    fn what_is_read_of_a_damaged_status_is_fit_to_report(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut damaged = two();
        let at = at.index(damaged.len());
        damaged[at] = byte;
        for seen in status(&damaged).into_iter().flatten() {
            prop_assert!(!seen.network.ssid.chars().any(char::is_control));
            prop_assert!(is_interface(seen.network.interface.as_bytes()));
        }
    }
}
