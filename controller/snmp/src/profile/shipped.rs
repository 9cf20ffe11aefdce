//! The profiles inside the binary. A test compares the list with the folder.

macro_rules! shipped {
    ($($name:literal,)*) => {
        /// File names and texts.
        pub(super) const SHIPPED: &[(&str, &str)] = &[
            $((concat!($name, ".toml"), include_str!(concat!("../../profiles/", $name, ".toml"))),)*
        ];
    };
}

shipped! {
    "allied-telesis-tq",
    "allied-telesis-uwc",
    "aruba-controller",
    "aruba-instant",
    "buffalo-airstation",
    "cambium-cnpilot",
    "cambium-epmp",
    "cambium-pmp",
    "cisco-aironet",
    "cisco-catalyst-9800",
    "cisco-wlc",
    "dlink-dap-3520",
    "engenius",
    "extreme-ewc",
    "extreme-iqengine",
    "extreme-wing",
    "fortinet-fortiap",
    "fortinet-fortigate",
    "fortinet-fortiwlc",
    "fs-ac",
    "generic-dot11",
    "generic-if-mib",
    "grandstream-gwn",
    "h3c-comware",
    "hpe-msm",
    "huawei-ac",
    "lancom-lcos",
    "lancom-lcos-lx",
    "linux-net-snmp",
    "meraki-cloud",
    "meraki-mr",
    "mikrotik-routeros",
    "motorola-wing",
    "moxa-awk-4131a",
    "netgear-wac510",
    "netgear-wn203",
    "netgear-wnap320",
    "netgear-wndap620",
    "openwrt",
    "qtech-fat-ap",
    "ruckus-smartzone",
    "ruckus-unleashed",
    "ruckus-zonedirector",
    "ruckus-zoneflex",
    "ruijie-ac",
    "tplink-eap",
    "ubiquiti-airos",
    "ubiquiti-unifi",
    "xirrus",
    "yamaha-wlx",
    "zyxel-nwa",
}
