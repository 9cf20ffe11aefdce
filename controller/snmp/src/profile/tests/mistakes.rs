//! Files with mistakes, and exactly what is said of each.

use super::AP;
use crate::profile::Profile;

/// A file with these lines changed, and what is said of it.
fn mistakes(from: &str, to: &str) -> String {
    assert!(AP.contains(from), "{from}");
    let errors = Profile::parse("f.toml", &AP.replacen(from, to, 1)).expect_err("has a mistake");
    errors.mistakes.iter().map(|mistake| format!("{}: {}\n", mistake.line, mistake.words)).collect()
}

/// Each mistake is told once, with its line, what was found and what was expected.
#[test]
fn every_mistake_is_told() {
    let cases = [
        (
            "vendor =",
            "vendro =",
            "1: the file needs `vendor`\n4: unknown key `vendro` in the file; did you mean `vendor`?\n",
        ),
        (
            "evidence = \"mib\"",
            "evidence = \"sure\"",
            "5: `evidence`: expected one of mib, dump, lab, field, found \"sure\"\n",
        ),
        ("\"some-ap\"", "\"Some AP\"", "3: `id`: expected a name of a-z, 0-9 and -, found \"Some AP\"\n"),
        ("schema = 1", "schema = ", "2: string values must be quoted, expected literal string\n"),
        ("schema = 1", "schema = 1\nno_flip = \"no\"", "81: there is a [flip], and no_flip says there is none\n"),
        ("ssid = \"ssid\"", "ssid = \"wlan.sid\"", "43: `wlan` has no `sid`; did you mean `ssid`?\n"),
        ("ssid = \"ssid\"", "ssid = \"wlna.ssid\"", "43: there is no [table.wlna]; did you mean `wlan`?\n"),
        (
            "as = \"mac\" }",
            "as = \"max\" }",
            "18: `as`: expected one of gauge, int, counter32, counter64, text_int, text_float, ticks, frequency, enum, truth, text, ssid, octets, mac, ip4, oid, found \"max\"\n",
        ),
        ("[0], mul", "[0], mull", "31: unknown key `mull` in `col.noise`; did you mean `mul`?\n"),
        (
            "{ \"wlan.admin\" = \"up\", \"int",
            "{ \"wlan.admin\" = \"on\", \"int",
            "45: `wlan.admin` is never \"on\"; its map has down, up\n",
        ),
        (
            "[[flip.close.step]]\nname = \"disable\"\nset = [{ col = \"wlan.admin\", value = 2 }]\n",
            "",
            "80: there is a way in and no way back: [flip.open] without [flip.close]\n",
        ),
        (
            "99999.8.${if}",
            "99999.8.${ifindex}",
            "83: `oid`: unknown variable ${ifindex}; known here: admin, bssid, if, radio, rand, ssid, unused\n",
        ),
        (
            "col = \"interface.oper\"\neq = \"up\"",
            "oid = \"1.3.6.1.4.1.99999.66.${if}\"\neq = 1",
            "88: 1.3.6.1.4.1.99999.66.${if} can never be read: it is below 1.3.6.1.4.1.99999.66, which is never read\n",
        ),
        ("eq = \"up\"", "eq = \"on\"", "89: \"on\" is in no map of this column; known: up, down\n"),
        (
            "timeout = \"6s\"",
            "timeout = \"6\"",
            "84: `timeout`: expected a time from 1s to 60s, such as \"500ms\" or \"2s\", found \"6\"\n",
        ),
        (
            "accept = [\"inconsistentValue\"]",
            "accept_errors = []",
            "85: unknown key `accept_errors` in [[flip.open.step]]; did you mean `accept`?\n",
        ),
        (
            "[\"inconsistentValue\"]",
            "[\"busy\"]",
            "85: `accept`: expected an error-status as RFC 3416 writes it, such as inconsistentValue, found \"busy\"\n",
        ),
        (
            "value = \"stats.rx\"",
            "value = \"stats.rx\"\nagg = \"sum\"",
            "54: a sum of counters would hide which of them wrapped; leave them row by row\n",
        ),
        (
            "name = \"rx-bytes\"",
            "name = \"rx-byte\"",
            "55: `rx-byte` is no metric with a unit of its own: give `unit`; did you mean `rx-bytes`?\n",
        ),
        (
            "bssid = \"wlan.bssid\"",
            "bssid = \"wlan.ap\"",
            "44: `wlan` has no `ap`; known: if, admin, bssid, radio, ssid, unused\n",
        ),
        (
            "stations = { col = \"wlan.ssid\", agg = \"count\" }",
            "stations = \"wlan.radio\"",
            "53: `wlan.radio` is not one value for `radio`: rows of `wlan` are told apart by if, and `radio` has radio, busy, mhz, noise; give `agg`, or the same names to what is the same\n",
        ),
        (
            "channel = \"radio.mhz\"",
            "channel = \"wlan.ssid\"",
            "46: `channel` has to be a number, and what it names reads as something else\n",
        ),
        (
            "1.3.6.1.4.1.99999.6.1.0",
            "1.3.6.1.4.1.99999.66.1.0",
            "1: value reads 1.3.6.1.4.1.99999.66.1.0, below 1.3.6.1.4.1.99999.66, which is never read\n",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(mistakes(from, to), expected, "{from} -> {to}");
    }
}

/// Mistakes do not hide each other, and what no regular expression is says where it ends.
#[test]
fn several_mistakes_are_told_at_once() {
    let text = AP.replace("eq = \"up\"", "eq = 1.5").replace("root =", "roots =").replace("\\S+)'", "\\S+'");
    let errors = Profile::parse("f.toml", &text).expect_err("has mistakes").to_string();
    for part in
        ["f.toml:12: unknown key `roots`", "`id`, and its table has no `root`", "is no regular expression", "found 1.5"]
    {
        assert!(errors.contains(part), "{part} in {errors}");
    }
    assert!(errors.lines().count() > 5, "{errors}");
    let endless = "a = [".repeat(10_000);
    assert!(Profile::parse("f.toml", &endless).is_err());
    assert!(Profile::parse("f.toml", &" ".repeat(1 << 20)).is_err());
    let many: String = (0..5_000).map(|at| format!("k{at} = 1\n")).collect();
    let errors = Profile::parse("f.toml", &many).expect_err("none of it");
    assert_eq!(errors.mistakes.len(), 51);
    assert!(errors.to_string().ends_with("and 950 more mistakes behind this one"), "{errors}");
}
