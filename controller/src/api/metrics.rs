//! `/metrics` in Prometheus' text format 0.0.4, written by hand: a dozen gauges, no registry.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use firmware_config::mode::Mode;

use hirake_snmp::room::DeviceStatus;

use super::Desk;
use crate::core::Inventory;
use crate::core::distinct::About;
use crate::core::view::{Standing, TownView};
use crate::snmp::Health;

/// The gauges.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    let mut page = text(&desk.house.inventory, &desk.view(), desk.started_s);
    snmp(&mut page, &desk.house.deputies.health().await);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.0).into_response()
}

fn text(inventory: &Inventory, view: &TownView, started_s: f64) -> Page {
    let mut page = Page::default();
    page.family("hirake_build_info", "What runs here.");
    let town = inventory.town.as_str();
    page.sample("hirake_build_info", &[("version", env!("CARGO_PKG_VERSION")), ("town", town)], 1.0);
    page.family("process_start_time_seconds", "When the controller started, in seconds since 1970.");
    page.sample("process_start_time_seconds", &[], started_s);

    page.family("hirake_mode", "1 for the greatest mode ordered anywhere in the town, 0 for the others.");
    for mode in [Mode::Normal, Mode::Drill, Mode::Disaster] {
        page.sample("hirake_mode", &[("mode", mode.as_str())], f64::from(u8::from(view.mode == mode)));
    }
    page.family("hirake_order_number", "Number of the newest order; 0 before the first.");
    page.sample("hirake_order_number", &[], whole(view.order.as_ref().map_or(0, |order| order.number)));
    page.family("hirake_activations", "Activations in force.");
    page.sample("hirake_activations", &[], whole(view.activations.len() as u64));

    let sums = &view.totals;
    page.family("hirake_aps", "Access points by where they stand.");
    for (standing, count) in [
        (Standing::Settled, sums.settled),
        (Standing::Settling, sums.settling),
        (Standing::Refused, sums.refused),
        (Standing::Diverged, sums.diverged),
        (Standing::Silent, sums.silent),
    ] {
        page.sample("hirake_aps", &[("standing", standing.as_str())], count.into());
    }
    page.family("hirake_aps_to_open", "Access points ordered to be open.");
    page.sample("hirake_aps_to_open", &[], sums.to_open.into());
    page.family("hirake_aps_open", "Of those, settled.");
    page.sample("hirake_aps_open", &[], sums.open.into());

    page.family("hirake_stations", "Stations associated now, on all networks of the access points heard now.");
    for facility in &view.facilities {
        let stations: u64 = facility.aps.iter().filter_map(|ap| ap.stations).map(u64::from).sum();
        page.sample("hirake_stations", &[("facility", facility.id.as_str())], whole(stations));
    }

    page.family(
        "hirake_distinct_devices",
        "About how many distinct devices each activation in force brought, within 5 % in 19 of 20 cases; below 10, 0.",
    );
    for it in view.distinct.iter().filter(|it| it.in_force) {
        let activation = it.period.activation.to_string();
        let mut sample = |facility: &str, about: About| {
            let labels = [("activation", activation.as_str()), ("mode", it.mode.as_str()), ("facility", facility)];
            page.sample("hirake_distinct_devices", &labels, about.devices.unwrap_or(0).into());
        };
        sample("", it.town);
        it.facilities.iter().for_each(|(facility, about)| sample(facility.as_str(), *about));
    }

    page.family("hirake_aps_left_open", "Access points on the air with 00000JAPAN without an order.");
    page.sample("hirake_aps_left_open", &[], whole(view.left_open.len() as u64));
    page.family(
        "hirake_strange_networks",
        "Networks of others heard of late: alarm, called 00000JAPAN while it is closed here; same-name, while it is open \
         or was just closed; look-alike, a name that looks like it.",
    );
    for kind in ["alarm", "same-name", "look-alike"] {
        let count = view.strangers.iter().filter(|it| it.kind() == kind).count();
        page.sample("hirake_strange_networks", &[("kind", kind)], whole(count as u64));
    }

    if let Some(seat) = &view.seat {
        page.family("hirake_controller_active", "1 while this one of several controllers decides.");
        page.sample("hirake_controller_active", &[], f64::from(u8::from(seat.active)));
        page.family("hirake_controller_heard", "1 while that other controller is heard.");
        for peer in &seat.peers {
            let there = f64::from(u8::from(peer.there));
            page.sample("hirake_controller_heard", &[("controller", peer.id.as_str())], there);
        }
    }
    page.family("hirake_key_fault", "1 while the key cannot be relied upon.");
    page.sample("hirake_key_fault", &[], f64::from(u8::from(view.key.fault.is_some())));
    page.family("hirake_key_isolated", "1 while the key is left out of account.");
    page.sample("hirake_key_isolated", &[], f64::from(u8::from(view.key.isolated.is_some())));
    page.family("hirake_broker_up", "1 while the broker can be reached.");
    page.sample("hirake_broker_up", &[], f64::from(u8::from(view.broker_lost.is_none())));
    page.family("hirake_store_up", "1 while the record can be stored.");
    page.sample("hirake_store_up", &[], f64::from(u8::from(view.store_lost.is_none())));
    page.family("hirake_entries_waiting", "Entries of the record that wait in memory for the store.");
    page.sample("hirake_entries_waiting", &[], whole(view.store_lost.as_ref().map_or(0, |lost| lost.2 as u64)));
    page
}

/// How SNMP does; nothing in a town without devices.
fn snmp(page: &mut Page, health: &Health) {
    if let Some(sums) = &health.datagrams {
        page.counter("hirake_snmp_datagrams_total", "What went over SNMP since the start, by what became of it.");
        for (what, count) in [
            ("sent", sums.sent),
            ("resent", sums.resent),
            ("answers", sums.answers),
            ("timeouts", sums.timeouts),
            ("malformed", sums.malformed),
            ("late-or-unknown", sums.late_or_unknown),
            ("wrong-source", sums.wrong_source),
            ("not-believed", sums.not_believed),
            ("turned-away", sums.turned_away),
            ("rediscoveries", sums.rediscoveries),
            ("misshapen", sums.misshapen),
            ("tables-cut", sums.tables_cut),
            ("stepped-down", sums.stepped_down),
        ] {
            page.sample("hirake_snmp_datagrams_total", &[("what", what)], whole(count));
        }
    }
    if let Some(sums) = &health.traps {
        page.counter("hirake_snmp_traps_total", "Traps and informs since the start, by what became of them.");
        for (what, count) in [
            ("accepted", sums.accepted),
            ("hints", sums.hints),
            ("left-out", sums.left_out),
            ("unknown-community", sums.unknown_community),
            ("below-level", sums.below_level),
            ("unknown-user", sums.unknown_user),
            ("wrong-password", sums.wrong_password),
            ("undecipherable", sums.undecipherable),
            ("not-in-time", sums.not_in_time),
        ] {
            page.sample("hirake_snmp_traps_total", &[("what", what)], whole(count));
        }
    }
    if health.devices.is_empty() {
        return;
    }
    page.family("hirake_snmp_device_up", "1 while the device answers; its profile once that is known.");
    for device in &health.devices {
        let profile = device.profile.as_deref().unwrap_or_default();
        let labels = [("device", device.id.as_str()), ("profile", profile)];
        page.sample("hirake_snmp_device_up", &labels, f64::from(u8::from(device.answers)));
    }
    let mut each = |name: &str, help: &str, count: fn(&DeviceStatus) -> u64| {
        page.counter(name, help);
        for device in &health.devices {
            page.sample(name, &[("device", &device.id)], whole(count(device)));
        }
    };
    each("hirake_snmp_device_polls_total", "Reads since the start.", |device| device.polls);
    each("hirake_snmp_device_timeouts_total", "Requests that went unanswered.", |device| device.timeouts);
    each("hirake_snmp_device_sets_total", "SETs since the start.", |device| device.sets);
    figures(page, &health.devices);
}

/// What the devices say of themselves, as their profiles read it. Of a device that does not answer nothing is known now.
fn figures(page: &mut Page, devices: &[DeviceStatus]) {
    page.family("hirake_snmp_figure", "What a device's newest poll read: metrics and units as in docs/profiles.md.");
    for device in devices.iter().filter(|device| device.answers) {
        for figure in device.readings.figures.iter().filter(|figure| figure.counter.is_none()) {
            let labels =
                [("device", &device.id), ("metric", &figure.metric), ("scope", &figure.scope), ("of", &figure.of)];
            page.sample("hirake_snmp_figure", &labels.map(|(name, value)| (name, value.as_str())), figure.value);
        }
    }
    page.counter("hirake_snmp_counted_total", "What a device's counters counted since the controller started.");
    for device in devices {
        for total in &device.totals {
            let labels =
                [("device", &device.id), ("metric", &total.metric), ("scope", &total.scope), ("of", &total.of)];
            let labels = labels.map(|(name, value)| (name, value.as_str()));
            page.sample("hirake_snmp_counted_total", &labels, whole(total.counted));
        }
    }
}

/// A count as a sample; exact up to 2^53, which no count here reaches.
#[expect(clippy::cast_precision_loss, reason = "the format knows only floating point")]
fn whole(count: u64) -> f64 {
    count as f64
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge").expect("a String takes all");
    }

    fn counter(&mut self, name: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} counter").expect("a String takes all");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "{name}{labels} {value}").expect("a String takes all");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hirake_snmp::counter::Count;
    use hirake_snmp::deputy::totals::Total;
    use hirake_snmp::readings::{Figure, Readings};

    use super::*;

    /// A device's figures and totals are there by name, and those of a device that is silent now are not its present.
    #[test]
    fn what_devices_say_of_themselves_is_on_the_page() {
        let figure = |metric: &str, counter| Figure {
            metric: metric.to_owned(),
            scope: "radio".to_owned(),
            of: "1".to_owned(),
            value: 37.5,
            counter,
        };
        let mut device = DeviceStatus {
            id: "hall".to_owned(),
            address: ([192, 0, 2, 10], 161).into(),
            profile: None,
            answers: true,
            since_ms: None,
            trouble: None,
            last_trouble: None,
            polls: 3,
            timeouts: 0,
            sets: 0,
            repetitions: 10,
            readings: Arc::new(Readings {
                figures: vec![figure("busy", None), figure("rx-bytes", Some(Count { value: 9, wide: true }))],
                ..Readings::default()
            }),
            totals: vec![Total {
                metric: "rx-bytes".to_owned(),
                scope: "radio".to_owned(),
                of: "1".to_owned(),
                counted: 1_300,
            }],
            faults: Vec::new(),
        };
        let page = |device: &DeviceStatus| {
            let mut page = Page::default();
            snmp(&mut page, &Health { devices: vec![device.clone()], ..Health::default() });
            page.0
        };
        let busy = "hirake_snmp_figure{device=\"hall\",metric=\"busy\",scope=\"radio\",of=\"1\"} 37.5\n";
        let bytes = "hirake_snmp_counted_total{device=\"hall\",metric=\"rx-bytes\",scope=\"radio\",of=\"1\"} 1300\n";
        assert!(page(&device).contains(busy) && page(&device).contains(bytes), "{}", page(&device));
        device.answers = false;
        assert!(!page(&device).contains(busy) && page(&device).contains(bytes), "{}", page(&device));
    }

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut page = Page::default();
        page.sample("x", &[("a", "b\"c\\d\ne"), ("f", "g")], 2.0);
        assert_eq!(page.0, "x{a=\"b\\\"c\\\\d\\ne\",f=\"g\"} 2\n");
    }
}
