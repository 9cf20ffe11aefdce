//! Who came and went on each network since the last count, and since the start: numbers only, no names.

use std::collections::BTreeMap;

use firmware_config::wire::{Network, NetworkCounts, SoFar};

/// Interfaces counted at most. A radio carries up to 16 networks; a hostapd that invents names fills no memory.
const INTERFACES_MAX: usize = 64;
/// Networks whose sums are kept: each interface under a name in each mode. A row of one more says none.
const SUMS_MAX: usize = 2 * INTERFACES_MAX;

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
    /// By interface and SSID, up to the last count.
    so_far: BTreeMap<(String, String), SoFar>,
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
        let mut counted = Vec::new();
        for (interface, row) in std::mem::take(&mut self.rows) {
            if stations(&interface).is_some() || row.joins + row.leaves > 0 {
                counted.push(NetworkCounts {
                    stations: stations(&interface).unwrap_or(0),
                    so_far: self.sum(&interface, &row),
                    interface,
                    ssid: row.ssid,
                    joins: row.joins,
                    leaves: row.leaves,
                });
            }
        }
        counted
    }

    fn sum(&mut self, interface: &str, row: &Row) -> Option<SoFar> {
        let network = (interface.to_owned(), row.ssid.clone());
        if !self.so_far.contains_key(&network) && self.so_far.len() >= SUMS_MAX {
            return None;
        }
        let sum = self.so_far.entry(network).or_default();
        sum.joins = sum.joins.saturating_add(row.joins);
        sum.leaves = sum.leaves.saturating_add(row.leaves);
        Some(*sum)
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

    #[test]
    fn what_came_together_is_of_one_network_under_one_name_and_of_no_more_than_there_can_be() {
        let mut tally = Tally::default();
        let mut counted = |ssid: &str, joins, leaves| {
            let mut network = network("wlan0");
            ssid.clone_into(&mut network.ssid);
            tally.name(std::slice::from_ref(&network));
            (0..joins).for_each(|_| tally.joined("wlan0"));
            (0..leaves).for_each(|_| tally.left("wlan0"));
            tally.take(&[network])[0].so_far.map(|sum| (sum.joins, sum.leaves))
        };
        assert_eq!(counted("shiomi", 2, 1), Some((2, 1)));
        assert_eq!(counted("00000JAPAN", 5, 0), Some((5, 0)), "another network");
        assert_eq!(counted("shiomi", 0, 1), Some((2, 2)), "and the first goes on where it was");
        for n in 0..128 - 2 {
            assert_eq!(counted(&format!("n{n}"), 1, 0), Some((1, 0)));
        }
        assert_eq!(counted("one more", 1, 0), None);
        assert_eq!(counted("shiomi", 1, 0), Some((3, 2)), "those that are known go on");
    }
}
