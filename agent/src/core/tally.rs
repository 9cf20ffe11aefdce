//! Who came and went on each network since the last count: numbers only, no names.

use std::collections::BTreeMap;

use firmware_config::wire::{Network, NetworkCounts};

/// Interfaces counted at most. A radio carries up to 16 networks; a hostapd that invents names fills no memory.
const INTERFACES_MAX: usize = 64;

#[derive(Debug, Clone, Default)]
struct Row {
    ssid: String,
    joins: u32,
    leaves: u32,
}

/// Joins and leaves since the last count.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    rows: BTreeMap<String, Row>,
}

impl Tally {
    fn row(&mut self, interface: &str) -> Option<&mut Row> {
        if !self.rows.contains_key(interface) && self.rows.len() >= INTERFACES_MAX {
            return None;
        }
        Some(self.rows.entry(interface.to_owned()).or_default())
    }

    /// A station came.
    pub fn joined(&mut self, interface: &str) {
        if let Some(row) = self.row(interface) {
            row.joins = row.joins.saturating_add(1);
        }
    }

    /// A station went.
    pub fn left(&mut self, interface: &str) {
        if let Some(row) = self.row(interface) {
            row.leaves = row.leaves.saturating_add(1);
        }
    }

    /// Learns the networks' names: those that end later are still counted under theirs.
    pub fn name(&mut self, networks: &[Network]) {
        for network in networks {
            if let Some(row) = self.row(&network.interface).filter(|row| row.ssid != network.ssid) {
                row.ssid.clone_from(&network.ssid);
            }
        }
    }

    /// One row per network on the air, and one per network that ended since the last count and had people on it.
    pub fn take(&mut self, networks: &[Network]) -> Vec<NetworkCounts> {
        self.name(networks);
        let stations = |interface: &str| {
            networks.iter().find(|network| network.interface == interface).map(|network| network.stations)
        };
        std::mem::take(&mut self.rows)
            .into_iter()
            .filter(|(interface, row)| stations(interface).is_some() || row.joins + row.leaves > 0)
            .map(|(interface, row)| NetworkCounts {
                stations: stations(&interface).unwrap_or(0),
                interface,
                ssid: row.ssid,
                joins: row.joins,
                leaves: row.leaves,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(interface: &str) -> Network {
        let (ssid, bssid) = ("00000JAPAN".to_owned(), "02:00:00:00:00:01".to_owned());
        Network { interface: interface.to_owned(), ssid, bssid, channel: 6, stations: 0 }
    }

    #[test]
    fn of_networks_that_ended_those_are_counted_that_anybody_came_to_or_left() {
        let mut tally = Tally::default();
        tally.name(&["came", "left", "nobody"].map(network));
        tally.joined("came");
        tally.left("left");
        let rows = tally.take(&[]);
        let rows: Vec<_> = rows.iter().map(|row| (row.interface.as_str(), row.joins, row.leaves)).collect();
        assert_eq!(rows, [("came", 1, 0), ("left", 0, 1)]);
        assert_eq!(tally.take(&[network("wlan0jp")]).len(), 1, "one on the air is counted with nobody too");
    }

    #[test]
    fn names_without_end_fill_no_memory_and_those_known_count_on() {
        let mut tally = Tally::default();
        (0..1_000).for_each(|n| tally.joined(&format!("wlan{n:03}")));
        tally.joined("wlan000");
        let rows = tally.take(&[]);
        assert_eq!((rows.len(), rows[0].joins), (INTERFACES_MAX, 2));
    }
}
