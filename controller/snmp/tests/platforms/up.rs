//! Which number means "on the air": every maker's own, 0/1, 1/2, 2/1 and inverted, one line each.

use hirake_snmp::oid::Oid;
use hirake_snmp::readings::Readings;
use hirake_snmp::value::{Sheet, Value};

use crate::shipped::library;

/// What a number is read of.
enum Of {
    /// The one network there is.
    Network,
    /// The one managed AP there is.
    Ap,
}

use Of::{Ap, Network};

/// Profile, what is read, what else has to be there (SSID or name), the status object, and what its numbers mean.
type Line = (&'static str, Of, &'static [(&'static str, What)], &'static str, &'static [(i32, bool)]);

/// Something beside the status.
#[derive(Clone, Copy)]
enum What {
    Text(&'static str),
    Number(i32),
}

use What::{Number, Text};

const JAPAN: What = Text("00000JAPAN");

const LINES: &[Line] = &[
    (
        "cisco-wlc",
        Network,
        &[("1.3.6.1.4.1.14179.2.1.1.1.2.8", JAPAN)],
        "1.3.6.1.4.1.14179.2.1.1.1.6.8",
        &[(0, false), (1, true)],
    ),
    (
        "cisco-wlc",
        Ap,
        &[("1.3.6.1.4.1.14179.2.2.1.1.3.2.0.0.0.0.1", Text("ap"))],
        "1.3.6.1.4.1.14179.2.2.1.1.6.2.0.0.0.0.1",
        &[(1, true), (2, false), (3, false)],
    ),
    (
        "aruba-instant",
        Network,
        &[("1.3.6.1.4.1.14823.2.3.3.1.1.7.1.2.0", JAPAN)],
        "1.3.6.1.4.1.14823.2.3.3.1.1.7.1.3.0",
        &[(0, true), (1, false)],
    ),
    (
        "aruba-instant",
        Ap,
        &[("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.2.2.0.0.0.0.1", Text("ap"))],
        "1.3.6.1.4.1.14823.2.3.3.1.2.1.1.11.2.0.0.0.0.1",
        &[(1, true), (2, false)],
    ),
    (
        "aruba-controller",
        Ap,
        &[("1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.3.2.0.0.0.0.1", Text("ap"))],
        "1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.19.2.0.0.0.0.1",
        &[(1, true), (2, false)],
    ),
    (
        "ruckus-zoneflex",
        Network,
        &[("1.3.6.1.4.1.25053.1.1.6.1.1.1.1.1.1.9", JAPAN), ("1.3.6.1.2.1.2.2.1.8.9", Number(1))],
        "1.3.6.1.4.1.25053.1.1.6.1.1.1.1.1.12.9",
        &[(1, true), (2, false)],
    ),
    (
        "ruckus-zoneflex",
        Network,
        &[("1.3.6.1.4.1.25053.1.1.6.1.1.1.1.1.1.9", JAPAN), ("1.3.6.1.4.1.25053.1.1.6.1.1.1.1.1.12.9", Number(1))],
        "1.3.6.1.2.1.2.2.1.8.9",
        &[(1, true), (2, false), (7, false)],
    ),
    (
        "ruckus-zonedirector",
        Ap,
        &[("1.3.6.1.4.1.25053.1.2.2.1.1.2.1.1.2.6.2.0.0.0.0.1", Text("ap"))],
        "1.3.6.1.4.1.25053.1.2.2.1.1.2.1.1.3.6.2.0.0.0.0.1",
        &[(0, false), (1, true), (2, false)],
    ),
    (
        "ubiquiti-unifi",
        Network,
        &[("1.3.6.1.4.1.41112.1.6.1.2.1.6.3", JAPAN)],
        "1.3.6.1.4.1.41112.1.6.1.2.1.22.3",
        &[(1, true), (2, false)],
    ),
    (
        "mikrotik-routeros",
        Network,
        &[("1.3.6.1.4.1.14988.1.1.1.3.1.4.9", JAPAN)],
        "1.3.6.1.2.1.2.2.1.8.9",
        &[(1, true), (2, false)],
    ),
    (
        "extreme-ewc",
        Network,
        &[("1.3.6.1.4.1.4329.15.3.3.4.4.1.5.2", JAPAN)],
        "1.3.6.1.4.1.4329.15.3.3.4.4.1.7.2",
        &[(1, true), (2, false)],
    ),
    (
        "extreme-wing",
        Network,
        &[("1.3.6.1.4.1.1916.2.131.50.1.3.4.1.1.4.1.97", JAPAN)],
        "1.3.6.1.4.1.1916.2.131.50.1.3.4.1.1.3.1.97",
        &[(1, false), (2, true)],
    ),
    (
        "motorola-wing",
        Network,
        &[("1.3.6.1.4.1.388.50.1.3.4.1.1.4.1.97", JAPAN)],
        "1.3.6.1.4.1.388.50.1.3.4.1.1.3.1.97",
        &[(1, false), (2, true)],
    ),
    (
        "fortinet-fortigate",
        Ap,
        &[("1.3.6.1.4.1.12356.101.14.4.4.1.17.1.1.97", Number(3))],
        "1.3.6.1.4.1.12356.101.14.4.4.1.7.1.1.97",
        &[(0, false), (1, false), (2, true), (3, false)],
    ),
    (
        "dlink-dap-3520",
        Network,
        &[("1.3.6.1.4.1.171.10.37.37.3.3.3.1.3.1.1", JAPAN)],
        "1.3.6.1.4.1.171.10.37.37.3.3.1.1.1.1",
        &[(0, false), (1, true)],
    ),
    (
        "netgear-wnap320",
        Network,
        &[("1.3.6.1.4.1.4526.100.7.9.3.1.1.4.1.2", JAPAN)],
        "1.3.6.1.4.1.4526.100.7.9.3.1.1.3.1.2",
        &[(0, false), (1, true)],
    ),
    (
        "netgear-wac510",
        Network,
        &[("1.3.6.1.4.1.4526.100.7.14.3.1.1.4.1.2", JAPAN)],
        "1.3.6.1.4.1.4526.100.7.14.3.1.1.3.1.2",
        &[(0, false), (1, true)],
    ),
    (
        "engenius",
        Network,
        &[("1.3.6.1.4.1.14125.2.2.9.21.1.3.2", JAPAN)],
        "1.3.6.1.4.1.14125.2.2.9.21.1.2.2",
        &[(0, false), (1, true)],
    ),
    (
        "hpe-msm",
        Network,
        &[("1.3.6.1.4.1.8744.5.11.1.1.1.1.2.1.2", JAPAN)],
        "1.3.6.1.4.1.8744.5.11.1.1.1.1.15.1.2",
        &[(1, true), (2, false)],
    ),
    (
        "xirrus",
        Network,
        &[("1.3.6.1.4.1.21013.1.2.20.1.1.2.2", JAPAN)],
        "1.3.6.1.4.1.21013.1.2.20.1.1.57.2",
        &[(0, false), (3, true), (65535, true)],
    ),
    (
        "h3c-comware",
        Network,
        &[("1.3.6.1.4.1.25506.2.75.4.2.2.1.2.3", JAPAN)],
        "1.3.6.1.4.1.25506.2.75.4.2.6.1.1.3",
        &[(1, true), (2, false)],
    ),
    (
        "huawei-ac",
        Network,
        &[("1.3.6.1.4.1.2011.6.139.17.1.1.1.6.2.0.0.0.0.1.0.2", JAPAN)],
        "1.3.6.1.4.1.2011.6.139.17.1.1.1.10.2.0.0.0.0.1.0.2",
        &[(1, true), (2, false), (255, false)],
    ),
    (
        "huawei-ac",
        Ap,
        &[("1.3.6.1.4.1.2011.6.139.13.3.3.1.4.2.0.0.0.0.1", Text("ap"))],
        "1.3.6.1.4.1.2011.6.139.13.3.3.1.6.2.0.0.0.0.1",
        &[(1, false), (4, false), (8, true), (11, false)],
    ),
    (
        "qtech-fat-ap",
        Network,
        &[("1.3.6.1.4.1.27514.1.1.10.2.80.8.4.3.1.2.2", JAPAN)],
        "1.3.6.1.4.1.27514.1.1.10.2.80.8.4.3.1.3.2",
        &[(1, true), (2, false)],
    ),
    (
        "meraki-cloud",
        Ap,
        &[("1.3.6.1.4.1.29671.1.1.4.1.2.2.0.0.0.0.1", Text("ap"))],
        "1.3.6.1.4.1.29671.1.1.4.1.3.2.0.0.0.0.1",
        &[(0, false), (1, true)],
    ),
    (
        "ruijie-ac",
        Network,
        &[("1.3.6.1.4.1.4881.1.1.10.2.56.4.1.2.1.1.3", JAPAN)],
        "1.3.6.1.4.1.4881.1.1.10.2.56.3.1.3.1.5.1.97.3",
        &[(1, true), (2, false)],
    ),
    (
        "fs-ac",
        Network,
        &[("1.3.6.1.4.1.52642.1.1.10.2.56.4.1.2.1.1.3", JAPAN)],
        "1.3.6.1.4.1.52642.1.1.10.2.56.3.1.3.1.5.1.97.3",
        &[(1, true), (2, false)],
    ),
    (
        "cisco-aironet",
        Network,
        &[],
        "1.3.6.1.4.1.9.9.413.1.1.3.1.1.1.10.48.48.48.48.48.74.65.80.65.78",
        &[(1, true), (2, false)],
    ),
    (
        "openwrt",
        Network,
        &[("1.3.6.1.2.1.31.1.1.1.18.7", JAPAN), ("1.3.6.1.2.1.2.2.1.3.7", Number(6))],
        "1.3.6.1.2.1.2.2.1.8.7",
        &[(1, true), (2, false), (5, false)],
    ),
];

fn oid(text: &str) -> Oid {
    text.parse().expect("written here")
}

/// On the air, as read: of what `of` says. Not there is not said.
fn up(of: &Of, readings: &Readings) -> Option<bool> {
    match of {
        Network => readings.networks.first()?.up,
        Ap => readings.aps.first()?.up,
    }
}

/// One status object in each of its numbers, and without it: then it is not known, which is not the same as off.
#[test]
fn every_makers_numbers_mean_what_its_mib_says() {
    for (id, of, beside, status, numbers) in LINES {
        let profile = library().get(id).expect("a shipped profile");
        let mut sheet = Sheet::new();
        for (name, what) in *beside {
            let value = match what {
                Text(text) => Value::Octets(text.as_bytes().to_vec()),
                Number(number) => Value::Integer(*number),
            };
            sheet.insert(oid(name), value);
        }
        assert_eq!(up(of, &profile.read(&sheet)), None, "{id}: not said");
        for (number, expected) in *numbers {
            sheet.insert(oid(status), Value::Integer(*number));
            let readings = profile.read(&sheet);
            assert_eq!(up(of, &readings), Some(*expected), "{id}: {status} = {number}; {:?}", readings.faults);
            assert_eq!(readings.faults, Vec::<String>::new(), "{id}: {status} = {number}");
        }
    }
}
