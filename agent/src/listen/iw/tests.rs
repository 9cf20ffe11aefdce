//! The reader on a text recorded from iw 5.19 (`recorded/`), and on texts that a hostile neighbour would like to make it print.

use proptest::prelude::*;

use super::*;

const SCAN: &[u8] = include_bytes!("../../../recorded/iw-scan.txt");

fn read(text: &[u8]) -> Result<Vec<Heard>, Deaf> {
    let mut reader = Reader::default();
    reader.feed(text);
    reader.finish()
}

fn heard(text: &str) -> Vec<Heard> {
    read(text.as_bytes()).expect("whole")
}

/// One network as iw prints it.
fn network(bssid: &str, name: &str) -> String {
    format!(
        "BSS {bssid}(on wlan0)\n\tlast seen: 12.204s [boottime]\n\tTSF: 1 usec (0d, 00:00:00)\n\tfreq: 2437\n\
         \tbeacon interval: 100 TUs\n\tcapability: ESS (0x0401)\n\tsignal: -52.00 dBm\n\tlast seen: 40 ms ago\n\
         \tSSID: {name}\n\tSupported rates: 1.0* 2.0* \n"
    )
}

/// As iw writes a name: its `print_ssid_escaped`.
fn printed(name: &[u8]) -> String {
    let last = name.len().wrapping_sub(1);
    let one = |(at, byte): (usize, &u8)| match byte {
        b' ' if at != 0 && at != last => " ".to_owned(),
        b if b.is_ascii_graphic() && *b != b'\\' => char::from(*b).to_string(),
        b => format!("\\x{b:02x}"),
    };
    name.iter().enumerate().map(one).collect()
}

#[test]
fn what_iw_printed_of_a_real_radio_is_read() {
    let heard = read(SCAN).expect("whole");
    let rows: Vec<(String, u16)> = heard.iter().map(|it| (it.ssid.to_string(), it.channel)).collect();
    assert_eq!(rows, [("0000OJAPAN".to_owned(), 1), ("00000JAPAN".to_owned(), 1)]);
    assert!(heard.iter().all(|it| it.signal_dbm == -30 && it.age_ms < 1_000), "{heard:?}");
}

#[test]
fn only_the_name_and_what_looks_like_it_is_kept() {
    let names = ["00000JAPAN", "0000JAPAN", "0000docomo", "", "\\x00\\x00\\x00", "shiomi-staff", "00000JAPAN\\x20"];
    let text: String = (0..).zip(names).map(|(n, name)| network(&format!("02:00:00:00:01:{n:02x}"), name)).collect();
    let kept: Vec<Vec<u8>> = heard(&text).into_iter().map(|it| it.ssid.as_bytes().to_vec()).collect();
    assert_eq!(kept, [&b"00000JAPAN"[..], b"0000JAPAN", b"00000JAPAN "], "a blank at the end is a difference");
}

#[test]
fn everything_about_a_network_is_read_and_the_rest_has_a_value() {
    let row = |text: &str| {
        let heard = heard(text);
        assert_eq!(heard.len(), 1, "{heard:?}");
        (heard[0].bssid.to_string(), heard[0].channel, heard[0].signal_dbm, heard[0].age_ms)
    };
    let (bssid, whole) = ("02:aa:00:00:00:01".to_owned(), network("02:AA:00:00:00:01", "00000JAPAN"));
    assert_eq!(row(&whole), (bssid.clone(), 6, -52, 40));
    let odd = whole.replace("2437", "5180.0").replace("-52.00 dBm", "60/100");
    assert_eq!(row(&odd), (bssid.clone(), 36, -70, 40));
    let bare = "BSS 02:aa:00:00:00:01 (on wlan0) -- associated\n\tSSID: 00000JAPAN\n";
    assert_eq!(row(bare), (bssid, 0, FAINT_DBM, 0));
}

#[test]
fn a_network_that_comes_twice_is_one_and_the_newer_counts() {
    let old = network("02:00:00:00:00:01", "00000JAPAN").replace("40 ms", "9000 ms").replace("-52", "-90");
    for text in
        [old.clone() + &network("02:00:00:00:00:01", "00000JAPAN"), network("02:00:00:00:00:01", "00000JAPAN") + &old]
    {
        let heard = heard(&text);
        assert_eq!(heard.iter().map(|it| (it.age_ms, it.signal_dbm)).collect::<Vec<_>>(), [(40, -52)]);
    }
    let two = network("02:00:00:00:00:01", "00000JAPAN\n\tSSID: 0000JAPAN\n\tSSID: 00000JAPAN");
    assert_eq!(heard(&two).len(), 2, "it says one name in its beacons and another in its answers");
}

#[test]
fn a_stranger_without_an_address_is_nobody_and_rubbish_is_passed_over() {
    for line in [
        "BSS ",
        "BSS 02:00:00:00:00:01x(on w)",
        "BSS ff:ff:ff:ff:ff:ff(on wlan0)",
        "BSS 02:00:00:00:00(on wlan0)",
        "bss",
    ] {
        assert_eq!(heard(&format!("{line}\n\tSSID: 00000JAPAN\n")), [], "{line}");
    }
    assert_eq!(heard("\tSSID: 00000JAPAN\n"), []);
    let long = format!("BSS 02:00:00:00:00:01(on wlan0)\n\tSSID: {}00000JAPAN\n", "\\x20".repeat(400));
    assert_eq!(heard(&long), []);
    let cut = "BSS 02:00:00:00:00:01(on wlan0)\n\tSSID: 00000JAPAN";
    assert_eq!(heard(cut), [], "half a line is no line");
    assert_eq!(read(b"scan aborted!\n"), Err(Deaf::Busy));
}

#[test]
fn ten_thousand_networks_are_the_sixty_four_strongest() {
    let text: String = (0..10_000_u32)
        .map(|n| {
            let [_, _, high, low] = n.to_be_bytes();
            network(&format!("02:00:00:00:{high:02x}:{low:02x}"), "00000JAPAN")
                .replace("-52", &format!("-{}", 20 + n % 79))
        })
        .collect();
    let heard = heard(&text);
    assert_eq!(heard.len(), SIGHTINGS_MAX);
    assert!(heard.iter().all(|it| it.signal_dbm == -20), "the strongest are the nearest");
}

#[test]
fn an_excuse_is_told_apart() {
    assert_eq!(excuse(b"command failed: Operation not supported (-95)\n"), Deaf::Unsupported);
    assert_eq!(excuse(b"command failed: Device or resource busy (-16)\n"), Deaf::Busy);
    let other = "command failed: No such device (-19)";
    assert_eq!(excuse(format!("{other}\n").as_bytes()), Deaf::Failed(other.to_owned()));
    assert_eq!(excuse(b"\xff\x1b[2J\n").to_string(), "\u{fffd} [2J");
    assert!(excuse(b"").to_string().contains("said nothing"));
}

proptest! {
    #[test]
    fn a_name_is_read_byte_for_byte_as_it_was_sent(
        bytes in proptest::collection::vec(any::<u8>(), 0..12), at in 0_usize..12, text in "[ -~]{0,4}",
    ) {
        // Any bytes, and any printable text, put somewhere into a name that is kept.
        let mut name = b"00000JAPAN".to_vec();
        let at = at.min(name.len());
        name.splice(at..at, bytes.iter().copied().chain(text.bytes()));
        let kept = alike(&AirName::new(&name).expect("short enough"));
        let read = heard(&network("02:00:00:00:00:01", &printed(&name)));
        prop_assert_eq!(read.len(), usize::from(kept));
        prop_assert!(read.iter().all(|it| it.ssid.as_bytes() == name));
    }

    #[test]
    fn any_bytes_in_any_pieces_are_read_alike_and_within_bounds(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..4_000), cuts in proptest::collection::vec(0_usize..4_000, 0..8),
        lines in proptest::collection::vec("(BSS (02|ff)(:0[0-9]){5}(\\(on w\\))?|\tSSID: (00000JAPAN|\\\\x[0-9a-g]{2}|.{0,6}){0,4}|\tfreq: [0-9]{0,12}|\tsignal: -?[0-9]{0,6}(/100)?|\tlast seen: [0-9]{0,22} ms ago)", 0..40),
    ) {
        bytes.extend(lines.join("\n").bytes());
        let whole = read(&bytes);
        let mut reader = Reader::default();
        let mut from = 0;
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        for cut in cuts.into_iter().chain([bytes.len()]) {
            reader.feed(&bytes[from..cut]);
            from = cut;
        }
        prop_assert!(reader.line.len() <= LINE_MAX_BYTES);
        let pieces = reader.finish();
        prop_assert!(pieces.as_ref().map_or(true, |rows| rows.len() <= SIGHTINGS_MAX));
        prop_assert_eq!(whole, pieces);
    }
}
