//! A made-up town: two facilities, three access points, one operator's activation in force.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{Network, WallMs};

use crate::core::Inventory;
use crate::core::activation::{Activation, Source};
use crate::core::inventory::{Ap, Facility, Managed};
use crate::core::key::KeyPosition;
use crate::core::view::*;

/// 2026-11-22T14:32:04.123+09:00
pub const AT: WallMs = 1_795_325_524_123;

pub fn made_up_inventory() -> Inventory {
    let facility = |id: &str, name: &str, name_en: &str| Facility {
        id: id.parse().expect("an identifier"),
        name_ja: name.to_owned(),
        name_en: name_en.to_owned(),
        district: "潮見".to_owned(),
        shelter: true,
        contact: "0999-00-0000".to_owned(),
    };
    let ap = |id: &str, facility: &str, name: &str| Ap {
        id: id.parse().expect("an identifier"),
        facility: facility.parse().expect("an identifier"),
        name: name.to_owned(),
        managed: Managed::Agent,
        witness: false,
        key: false,
    };
    Inventory {
        town: "shiomi".parse().expect("an identifier"),
        name_ja: "潮見町".to_owned(),
        name_en: "Shiomi".to_owned(),
        facilities: vec![facility("yakuba", "役場", "Town hall"), facility("gakko", "潮見小学校", "")],
        aps: vec![ap("yakuba-1", "yakuba", "ロビー"), ap("gakko-1", "gakko", "体育館"), ap("gakko-2", "gakko", "廊下")],
        agreed_share_percent: 90,
        has_key: true,
        key_drill_length: Duration::from_secs(3600),
        seat: None,
    }
}

/// 災害: one AP settled with people on it, one refused, one silent; everything that may be null is null somewhere.
pub fn made_up_view() -> TownView {
    let inventory = made_up_inventory();
    let opened = Activation {
        id: 7,
        boot: String::new(),
        source: Source::Operator("田中".to_owned()),
        mode: Mode::Disaster,
        facilities: inventory.facilities.iter().map(|facility| facility.id.clone()).collect(),
        since_ms: AT - 60_000,
        until_ms: None,
        why: "地震".to_owned(),
    };
    let ap = |index: usize, standing: Standing, why: &str| ApView {
        id: inventory.aps[index].id.clone(),
        name: inventory.aps[index].name.clone(),
        wanted: (42, Mode::Disaster),
        reported: None,
        managed: Managed::Agent,
        witnessed: Witnessed::NoMeans,
        standing,
        since_ms: AT - 30_000,
        why: why.to_owned(),
        heard_ms: None,
        stations: None,
    };
    let said = ReportedView {
        told: 42,
        running: 42,
        mode: Mode::Disaster,
        networks: vec![Network {
            interface: "wlan0jp".to_owned(),
            ssid: "00000JAPAN".to_owned(),
            bssid: "02:00:00:00:00:01".to_owned(),
            channel: 6,
            stations: 12,
        }],
        agent: "0.1.0".to_owned(),
    };
    let settled = ApView {
        reported: Some(said),
        witnessed: Witnessed::Seen { open: true, at_ms: AT - 5_000, by: None },
        heard_ms: Some(AT - 1_000),
        stations: Some(12),
        ..ap(0, Standing::Settled, "")
    };
    let aps = vec![
        vec![settled],
        vec![ap(1, Standing::Refused, "hostapd: no such radio"), ap(2, Standing::Silent, "never heard")],
    ];
    let facilities = inventory
        .facilities
        .iter()
        .zip(aps)
        .map(|(it, aps)| FacilityView {
            id: it.id.clone(),
            name_ja: it.name_ja.clone(),
            name_en: it.name_en.clone(),
            district: it.district.clone(),
            shelter: it.shelter,
            contact: it.contact.clone(),
            wanted: Mode::Disaster,
            aps,
        })
        .collect();
    TownView {
        at_ms: AT,
        mode: Mode::Disaster,
        mode_since_ms: Some(AT - 60_000),
        decisive: Some(opened.clone()),
        seat: None,
        order: Some(OrderView { number: 42, issued_at_ms: AT - 60_000, published: true }),
        key: KeyView { position: Some(KeyPosition::Normal), since_ms: Some(AT), fault: None, isolated: None },
        activations: vec![opened],
        facilities,
        totals: Totals {
            aps: 3,
            told: 1,
            running: 1,
            witnessed: 1,
            unwitnessable: 2,
            settled: 1,
            settling: 0,
            refused: 1,
            diverged: 0,
            silent: 1,
            to_open: 3,
            open: 1,
            stations: 12,
            facilities: 2,
            facilities_to_open: 2,
            facilities_open: 1,
        },
        distinct: Vec::new(),
        left_open: Vec::new(),
        strangers: Vec::new(),
        broker_lost: None,
        store_lost: None,
        recent: Vec::new(),
    }
}
