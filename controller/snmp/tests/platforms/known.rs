//! Which profile a device is taken for, by the little it says at first; and which devices are taken for none.

use hirake_snmp::oid::Oid;
use hirake_snmp::value::{Sheet, Value};

use crate::shipped::{library, the_profile_of};

/// sysObjectID, sysDescr, objects that are there besides (1 in each), and the profile; empty: nobody's.
type Line = (&'static str, &'static str, &'static [&'static str], &'static str);

const LINUX: &str = "1.3.6.1.4.1.8072.3.2.10";

const LINES: &[Line] = &[
    // One sysObjectID of five makes.
    (LINUX, "U6-Lite 6.5.28.14491", &["1.3.6.1.4.1.41112.1.6.1.2.1.6.1"], "ubiquiti-unifi"),
    (LINUX, "UAP-AC-HD 3.9.19.8123", &[], "ubiquiti-unifi"),
    (LINUX, "Linux gwn7630 4.4.60", &["1.3.6.1.4.1.42397.1.1.3.1.1.4.0"], "grandstream-gwn"),
    (LINUX, "Linux OpenWrt 5.15", &[], "openwrt"),
    (
        LINUX,
        "Linux kominkan 5.15",
        &["1.3.6.1.4.1.8072.1.3.2.3.1.1.12.99.108.105.101.110.116.115.45.119.108.97.110"],
        "openwrt",
    ),
    (LINUX, "Linux dd-wrt 4.9", &[], "linux-net-snmp"),
    // One of airOS, UniFi and airFiber.
    ("1.3.6.1.4.1.10002.1", "Linux 2.6.32", &["1.3.6.1.4.1.41112.1.4.1.1.4.1"], "ubiquiti-airos"),
    ("1.3.6.1.4.1.10002.1", "Linux 3.3.8", &["1.3.6.1.4.1.41112.1.6.1.2.1.6.1"], "ubiquiti-unifi"),
    ("1.3.6.1.4.1.10002.1", "Linux 2.6.33", &["1.3.6.1.4.1.41112.1.3.1.1.1.1"], ""),
    ("1.3.6.1.4.1.41112", "UAP-AC-Pro-Gen2 6.5.55.14277", &[], "ubiquiti-unifi"),
    // One of ZoneDirector and Unleashed; SmartZone beside them.
    (
        "1.3.6.1.4.1.25053.3.1.5.15",
        "Ruckus Wireless ZD1205",
        &["1.3.6.1.4.1.25053.1.2.1.1.1.1.9.0"],
        "ruckus-zonedirector",
    ),
    ("1.3.6.1.4.1.25053.3.1.5.15", "Ruckus Wireless R850", &["1.3.6.1.4.1.25053.1.15.1.1.1.1.9.0"], "ruckus-unleashed"),
    ("1.3.6.1.4.1.25053.3.1.4.72", "Ruckus Wireless Inc (C) 2006", &[], "ruckus-zoneflex"),
    ("1.3.6.1.4.1.25053.3.1.11.1", "SmartZone", &["1.3.6.1.4.1.25053.1.4.1.1.1.15.1.0"], "ruckus-smartzone"),
    // Cisco: controllers, access points, and what is neither.
    ("1.3.6.1.4.1.9.1.1069", "Cisco Controller", &[], "cisco-wlc"),
    (
        "1.3.6.1.4.1.9.1.2530",
        "Cisco IOS Software [Amsterdam], C9800 Software (C9800_IOSXE-K9), Version 17.3.3",
        &[],
        "cisco-catalyst-9800",
    ),
    (
        "1.3.6.1.4.1.9.1.1034",
        "Cisco IOS Software, C1260 Software (AP3G1-K9W7-M), Version 15.3(3)JD17",
        &[],
        "cisco-aironet",
    ),
    ("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2", &[], ""),
    // Makers whose switches have the same root: an object of their wireless tells.
    ("1.3.6.1.4.1.1916.2.300", "WiNG", &["1.3.6.1.4.1.1916.2.131.50.1.3.4.1.1.4.1.97"], "extreme-wing"),
    ("1.3.6.1.4.1.1916.2.300", "EWC", &["1.3.6.1.4.1.4329.15.3.3.4.4.1.5.1"], "extreme-ewc"),
    ("1.3.6.1.4.1.1916.2.158", "ExtremeXOS (X440)", &[], ""),
    ("1.3.6.1.4.1.4329.15.1.1", "V2110", &[], "extreme-ewc"),
    ("1.3.6.1.4.1.388.50.1.1", "RFS4000", &["1.3.6.1.4.1.388.50.1.3.4.1.1.4.1.97"], "motorola-wing"),
    ("1.3.6.1.4.1.2011.2.240.7", "Huawei AC6605", &["1.3.6.1.4.1.2011.6.139.11.1.20.1.4.1.97"], "huawei-ac"),
    ("1.3.6.1.4.1.2011.2.23.92", "Huawei S5700", &[], ""),
    ("1.3.6.1.4.1.25506.1.1120", "H3C Comware", &["1.3.6.1.4.1.25506.2.75.4.2.2.1.2.1"], "h3c-comware"),
    ("1.3.6.1.4.1.25506.1.1120", "H3C S5120", &[], ""),
    ("1.3.6.1.4.1.4881.1.1.10.1.130", "Ruijie AC", &["1.3.6.1.4.1.4881.1.1.10.2.56.1.1.11.0"], "ruijie-ac"),
    ("1.3.6.1.4.1.52642.1.1.10.1.9", "FS AC", &["1.3.6.1.4.1.52642.1.1.10.2.56.1.1.11.0"], "fs-ac"),
    ("1.3.6.1.4.1.27514.1.1.1.9", "AP", &["1.3.6.1.4.1.27514.1.1.10.2.80.8.4.3.1.2.1"], "qtech-fat-ap"),
    ("1.3.6.1.4.1.207.1.4.126", "AT-x930", &["1.3.6.1.4.1.207.8.42.8.34.1.12.13.0"], "allied-telesis-uwc"),
    ("1.3.6.1.4.1.207.1.4.126", "AT-x930", &[], ""),
    ("1.3.6.1.4.1.207.1.13.27", "AT-TQ4600", &[], "allied-telesis-tq"),
    ("1.3.6.1.4.1.1182.3.3", "WLX402 Rev.17.00.12", &[], "yamaha-wlx"),
    ("1.3.6.1.4.1.1182.2.35", "RTX1210 Rev.14.01.42", &[], ""),
    ("1.3.6.1.4.1.5227.17", "WAPM-1266R", &[], "buffalo-airstation"),
    ("1.3.6.1.4.1.890.1.15", "NWA5123-AC", &["1.3.6.1.4.1.890.1.15.3.5.1.1.2.1"], "zyxel-nwa"),
    ("1.3.6.1.4.1.890.1.15", "GS1920", &["1.3.6.1.4.1.890.1.15.3.2.4.0"], ""),
    ("1.3.6.1.4.1.11863.5.1", "EAP225", &["1.3.6.1.4.1.11863.10.1.1.1.0"], "tplink-eap"),
    ("1.3.6.1.4.1.14125.100.1", "ECB600", &["1.3.6.1.4.1.14125.2.2.9.21.1.2.1"], "engenius"),
    ("1.3.6.1.4.1.29671.1", "Cisco Meraki Cloud Controller", &[], "meraki-cloud"),
    ("1.3.6.1.4.1.29671.2.28", "Meraki MR28 Cloud Managed AP", &[], "meraki-mr"),
    ("1.3.6.1.4.1.29671.2.9", "Meraki MS220-8P Cloud Managed PoE Switch", &[], ""),
    ("1.3.6.1.4.1.2356.13.8.0.1", "Linux LCOS-LX", &[], "lancom-lcos-lx"),
    (
        "1.3.6.1.4.1.2356.11.8.1",
        "LANCOM L-321agn",
        &["1.3.6.1.4.1.2356.11.1.3.57.1.3.6.87.76.65.78.45.49"],
        "lancom-lcos",
    ),
    // One root, one platform.
    ("1.3.6.1.4.1.14823.1.2.59", "ArubaOS (MODEL: 225)", &[], "aruba-instant"),
    ("1.3.6.1.4.1.14823.1.1.32", "ArubaOS (MODEL: Aruba7210)", &[], "aruba-controller"),
    ("1.3.6.1.4.1.26928.1", "AP230, HiveOS 8.1r2a", &[], "extreme-iqengine"),
    ("1.3.6.1.4.1.14988.1", "RouterOS RB433GL", &[], "mikrotik-routeros"),
    ("1.3.6.1.4.1.17713.22.1.1", "cnPilot e410", &[], "cambium-cnpilot"),
    ("1.3.6.1.4.1.17713.21", "Cambium ePMP", &[], "cambium-epmp"),
    ("1.3.6.1.4.1.12356.101.1.626", "", &[], "fortinet-fortigate"),
    ("1.3.6.1.4.1.12356.120.10.23113", "AP02", &[], "fortinet-fortiap"),
    ("1.3.6.1.4.1.15983.1", "Meru", &[], "fortinet-fortiwlc"),
    ("1.3.6.1.4.1.171.10.37.37", "DAP-3520", &[], "dlink-dap-3520"),
    ("1.3.6.1.4.1.4526.100.7.9", "WNAP320", &[], "netgear-wnap320"),
    ("1.3.6.1.4.1.4526.100.7.12", "WNDAP620", &[], "netgear-wndap620"),
    ("1.3.6.1.4.1.4526.100.7.14", "WAC510", &[], "netgear-wac510"),
    ("1.3.6.1.4.1.4526.100.7.16", "WN203", &[], "netgear-wn203"),
    ("1.3.6.1.4.1.8744.1.1", "MSM410", &[], "hpe-msm"),
    ("1.3.6.1.4.1.21013.1.1", "XR-520", &[], "xirrus"),
    ("1.3.6.1.4.1.8691.15.34", "AWK-4131A", &[], "moxa-awk-4131a"),
    ("1.3.6.1.4.1.42397.1.1.1", "GWN7600", &[], "grandstream-gwn"),
    // Radios that give their frequency in kHz; older ones do not, and are left alone.
    ("1.3.6.1.4.1.161.19.250.256", "CANOPY 15.0.0.1 AP-DES", &["OFDM"], "cambium-pmp"),
    ("1.3.6.1.4.1.161.19.250.256", "CANOPY 8.2 AP", &[], ""),
];

/// Each line on its own: found out, or said to be unknown with what the device said. No profile is left untried.
#[test]
fn every_platform_is_known_by_what_it_says_and_others_are_not_taken_for_it() {
    let oid = |text: &str| text.parse::<Oid>().expect("written here");
    let octets = |text: &str| Value::Octets(text.as_bytes().to_vec());
    for (id, descr, beside, expected) in LINES {
        let mut sheet =
            Sheet::from([(oid("1.3.6.1.2.1.1.1.0"), octets(descr)), (oid("1.3.6.1.2.1.1.2.0"), Value::Oid(oid(id)))]);
        for name in *beside {
            match *name {
                // boxDeviceType of a Canopy radio.
                "OFDM" => sheet.insert(oid("1.3.6.1.4.1.161.19.3.3.1.6.0"), octets("5.4GHz MIMO OFDM")),
                name => sheet.insert(oid(name), Value::Integer(1)),
            };
        }
        match (the_profile_of(&sheet), *expected) {
            (Ok(profile), expected) => assert_eq!(profile.id, expected, "{id} \"{descr}\""),
            (Err(why), "") => assert!(why.contains("no profile knows this device") && why.contains(id), "{why}"),
            (Err(why), expected) => assert_eq!(why, expected, "{id} \"{descr}\""),
        }
    }
    let tried = |id: &str| LINES.iter().any(|(.., expected)| *expected == id);
    let untried: Vec<&str> = library()
        .all()
        .filter(|profile| !profile.is_by_name_only() && !tried(&profile.id))
        .map(|profile| profile.id.as_str())
        .collect();
    assert_eq!(untried, Vec::<&str>::new(), "a line for each profile");
}
