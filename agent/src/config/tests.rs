//! `agent.toml`: the whole file is read, and everything wrong is said at once.

use firmware_config::ap_config;
use firmware_config::key::{Bias, KeyLines, Line};
use firmware_config::render::render;
use firmware_config::wish::Wish;

use super::*;

const GOOD: &str = include_str!("../../agent.toml");

#[test]
fn the_shipped_example_is_read_whole() {
    let config = Config::parse(GOOD).expect("the example is good");
    assert_eq!(config.ap.as_str(), "yakuba-1");
    assert_eq!(config.open.len(), 1);
    assert_eq!(config.open[0].interface, "wlan0jp");
    assert_eq!(config.counts_every, Some(Duration::from_secs(30)));
    let scan = config.scan.expect("it listens");
    assert_eq!((scan.manner.every, scan.manner.others.len()), (Duration::from_secs(300), 0));
}

/// What is written down of a key switch is what the agent reads out of the rendered file, on a chip and behind a panel.
#[test]
fn a_rendered_key_is_the_key_that_is_read() {
    let one = include_str!("../../../firmware-config/golden/one-radio/ap.toml");
    let mut found = Vec::new();
    for key in [
        "",
        "[key]\nchip = \"gpiochip0\"\nno = 17\nnc = 27\nactive-low = true\nbias = \"pull-up\"\n",
        "[key]\nchip = \"/dev/gpiochip1\"\nno = \"KEY NO\"\nbias = \"disabled\"\n",
        "[key]\nchip = \"pinctrl\"\nno = 0\nnc = \"17\"\nbias = \"pull-down\"\n",
        "[key]\npanel = \"/run/hirake/panel.sock\"\n",
    ] {
        let wish: Wish = toml::from_str(&format!("{one}\n{key}")).expect("well written");
        let proven = ap_config::check(&wish, |_| Ok("himitsu-no-kotoba".to_owned())).expect("a good wish");
        let files = render(&proven);
        let rendered = files.iter().find(|file| file.path.as_str().ends_with("/agent.toml")).expect("rendered");
        let read = Config::parse(std::str::from_utf8(&rendered.bytes).expect("a text")).expect("readable");
        assert_eq!(read.key.as_ref(), proven.key(), "{key}");
        found.push(read.key);
    }
    assert_eq!(found.iter().flatten().count(), 4);
}

/// What `hirake render` writes for an AP is what its agent reads.
#[test]
fn every_rendered_agent_toml_is_read() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-config/golden");
    let mut read = 0;
    for case in std::fs::read_dir(golden).expect("golden files").flatten() {
        if let Ok(text) = std::fs::read_to_string(case.path().join("agent.toml")) {
            let config = Config::parse(&text);
            assert!(config.is_ok(), "{}: {config:?}", case.path().display());
            read += 1;
        }
    }
    assert!(read >= 3, "{read} were read");
}

/// Changes one line of the good file and asks for complaints.
fn complaints(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    match Config::parse(&GOOD.replace(from, to)) {
        Ok(_) => Vec::new(),
        Err(complaints) => complaints.0.iter().map(|c| format!("{}: {}", c.line, c.text)).collect(),
    }
}

#[test]
fn each_mistake_is_named_with_what_is_allowed() {
    for (from, to, said) in [
        ("town = \"shiomi\"", "", "\"town\" is missing"),
        ("town = \"shiomi\"", "town = \"Shiomi\"", "\"town\": expected a town's name"),
        ("town = \"shiomi\"", "town = \"shiomi\"\nnumber = 1", "unknown key \"number\""),
        ("port = 1883", "port = 0", "\"broker.port\": expected a whole number from 1 to 65535, found 0"),
        ("port = 1883", "port = \"1883\"", "\"broker.port\": expected a whole number"),
        ("port = 1883", "port = 1883\nuser = \"x\"", "unknown key \"broker.user\""),
        ("config = \"/etc", "config = \"etc", "\"open.config\": expected an absolute path"),
        ("interface = \"wlan0jp\"", "interface = \"a-name-that-is-too-long\"", "\"open.interface\": expected 1 to 15"),
        ("interval-s = 30", "interval-s = 1", "\"counts.interval-s\": expected a whole number from 5 to 3600, found 1"),
        ("every-s = 300", "every-s = 59", "\"scan.every-s\": expected a whole number from 60 to 450, found 59"),
        ("every-s = 300", "every-s = 451", "\"scan.every-s\": expected a whole number from 60 to 450, found 451"),
        ("every-s = 300", "each-s = 300", "unknown key \"scan.each-s\""),
        ("\"/usr/sbin/iw\"", "\"iw\"", "\"scan.program\": expected an absolute path without blanks"),
        (
            "#other-channels = [1, 6, 11]",
            "other-channels = [1, 14]",
            "\"scan.other-channels\": expected a list of at most",
        ),
        ("#other-channels = [1, 6, 11]", "other-channels = [1, 1]", "36 to 165), each once, found [1, 1]"),
        ("#other-channels = [1, 6, 11]", "other-channels = 6", "36 to 165), each once, found 6"),
        ("[scan]", "[[scan]]", "\"scan\": expected a section [scan]"),
        ("[broker]", "[breaker]", "the section [broker] is missing"),
        ("[[open]]", "[[opened]]", "no section [[open]]"),
        ("[[open]]", "[open]", "\"open\": expected sections [[open]]"),
        ("town = \"shiomi\"", "town = ", "line"),
    ] {
        let complaints = complaints(from, to);
        let found = complaints.iter().any(|text| text.contains(said));
        assert!(found || (said == "line" && !complaints.is_empty()), "{to}: {complaints:?}");
    }
}

#[test]
fn all_mistakes_are_said_at_once_in_the_order_of_their_lines() {
    let bad = GOOD.replace("port = 1883", "port = 99999").replace("\"yakuba-1\"", "7").replace("\"phy0\"", "\"\"");
    let complaints = Config::parse(&bad).expect_err("three mistakes").0;
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    assert!(complaints.windows(2).all(|pair| pair[0].line < pair[1].line), "{complaints:?}");
    let line = bad.lines().position(|line| line == "port = 99999").expect("there") + 1;
    assert!(complaints.iter().any(|c| c.line == line), "{complaints:?}");
}

#[test]
fn one_interface_is_prepared_once() {
    let twice = format!("{GOOD}\n[[open]]\nphy = \"phy1\"\ninterface = \"wlan0jp\"\nconfig = \"/x\"\n");
    let complaints = Config::parse(&twice).expect_err("the same interface").0;
    assert!(complaints[0].text.contains("another [[open]]"), "{complaints:?}");
}

#[test]
fn the_key_of_a_facility_is_lines_of_a_chip_or_a_panel() {
    let with = |table: &str| Config::parse(&format!("{}\n[key]\n{table}", include_str!("../../agent.toml")));
    let chip = "chip = \"keybox\"\nno = 0\nnc = \"KEY-NC\"\nbias = \"pull-up\"\nactive-low = true";
    let lines = KeyLines::new(
        "keybox".parse().expect("a chip"),
        Line::Offset(0),
        Some(Line::Name("KEY-NC".parse().expect("a line"))),
        true,
        Bias::PullUp,
    );
    assert_eq!(with(chip).expect("right").key, lines.map(KeySwitch::Gpio));
    let panel = KeySwitch::Panel("/run/key".parse().expect("a path"));
    assert_eq!(with("panel = \"/run/key\"").expect("right").key, Some(panel));
    assert_eq!(Config::parse(include_str!("../../agent.toml")).expect("right").key, None);
    for wrong in [
        "",
        "chip = \"keybox\"",
        "chip = \"keybox\"\npanel = \"/run/key\"",
        "chip = \"keybox\"\nno = 1\nnc = 1",
        "chip = \"keybox\"\nno = -1",
        "chip = \"keybox\"\nno = 1\nbias = \"up\"",
        "chip = \"keybox\"\nno = 1\nactive-low = 1",
        "panel = \"run/key\"",
        "panel = \"/run/key\"\nno = 1",
    ] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn without_a_section_nobody_listens_and_an_empty_one_has_all_it_needs() {
    let lines: Vec<&str> =
        GOOD.lines().filter(|line| !line.starts_with("every-s") && !line.starts_with("program")).collect();
    let scan = |text: &str| Config::parse(text).expect("right").scan;
    let bare = lines.join("\n");
    let it = scan(&bare).expect("it listens");
    assert_eq!(
        (it.program.as_path(), it.manner.every),
        (std::path::Path::new("/usr/sbin/iw"), Duration::from_secs(300))
    );
    assert_eq!(scan(&bare.replace("[scan]", "")), None);
    let more = scan(&bare.replace("[scan]", "[scan]\nother-channels = [11, 36]")).expect("it listens");
    assert_eq!(more.manner.others.iter().map(|it| it.mhz()).collect::<Vec<_>>(), [2_462, 5_180]);
}
