//! What a sheet comes to: identity, networks, radios, managed APs and figures, with a fault for what did not read.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cell::{Cell, Linear, channel};
use super::flip::Vars;
use super::source::{Agg, Condition, Source, View};
use super::table::{Row, shown};
use super::{Claim, Profile};
use crate::readings::{Bss, Figure, Identity, ManagedAp, Radio, Readings};
use crate::value::Sheet;

/// Where a device says who it is.
#[derive(Debug, Clone)]
pub(super) struct IdentityFrom {
    pub(super) name: Source,
    pub(super) model: Option<Source>,
    pub(super) version: Option<Source>,
    /// In seconds.
    pub(super) uptime: Source,
}

/// Networks of one table, or the one network of single objects.
#[derive(Debug, Clone)]
pub(super) struct NetworkFrom {
    pub(super) rows: Rows,
    pub(super) ssid: Source,
    pub(super) bssid: Option<Source>,
    pub(super) up: Up,
    pub(super) channel: Option<Source>,
    pub(super) stations: Option<Source>,
    pub(super) ap: Option<Source>,
}

/// Radios of one table.
#[derive(Debug, Clone)]
pub(super) struct RadioFrom {
    pub(super) rows: Rows,
    pub(super) channel: Option<Source>,
    pub(super) busy: Option<Source>,
    pub(super) noise: Option<Source>,
    pub(super) power: Option<Source>,
    pub(super) stations: Option<Source>,
    pub(super) ap: Option<Source>,
}

/// The APs behind a WLAN controller.
#[derive(Debug, Clone)]
pub(super) struct ManagedFrom {
    pub(super) rows: Rows,
    pub(super) key: Option<Source>,
    pub(super) name: Option<Source>,
    pub(super) up: Up,
    pub(super) stations: Option<Source>,
}

/// Rows of a table that count; without a table, once for the device.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) table: Option<usize>,
    pub(super) filter: Vec<Condition>,
}

/// Whether something is on the air.
#[derive(Debug, Clone)]
pub(super) enum Up {
    /// The platform does not say.
    Untold,
    /// A row that is there is on the air.
    Always,
    /// Where all of these hold.
    Where(Vec<Condition>),
}

/// A figure beyond the typed ones.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) claim: Claim,
    pub(super) rows: Rows,
    /// One, or several objects with `agg`.
    pub(super) values: Vec<Source>,
    pub(super) over: Option<Source>,
    pub(super) linear: Linear,
    pub(super) group: Vec<Source>,
    pub(super) agg: Option<Agg>,
}

impl Up {
    pub(super) fn is_told(&self) -> bool {
        !matches!(self, Self::Untold)
    }

    fn of(&self, view: &View<'_>, row: Option<&Row>) -> Option<bool> {
        match self {
            Self::Untold => None,
            Self::Always => Some(true),
            Self::Where(all) => view.holds(all, row, &Vars::new()),
        }
    }
}

impl Profile {
    /// What a poll's sheet comes to. What is not there is unknown, never 0; what could not be read is a fault.
    #[must_use]
    pub fn read(&self, sheet: &Sheet) -> Readings {
        let view = View::of(&self.tables, &self.objects, sheet);
        let words = |source: &Source| view.cell(source, None).map_or_else(String::new, |cell| shown(&cell));
        let uptime = view.cell(&self.identity.uptime, None).and_then(|cell| cell.number());
        let mut readings = Readings {
            identity: Identity {
                name: words(&self.identity.name),
                model: self.identity.model.as_ref().map_or_else(String::new, words),
                version: self.identity.version.as_ref().map_or_else(String::new, words),
            },
            uptime: uptime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            ..Readings::default()
        };
        for from in &self.networks {
            from.rows.each(&view, |row| readings.networks.extend(network(from, &view, row)));
        }
        for from in &self.radios {
            from.rows.each(&view, |row| readings.radios.extend(radio(from, &view, row)));
        }
        if let Some(from) = &self.managed {
            from.rows.each(&view, |row| readings.aps.extend(managed(from, &view, row)));
        }
        readings.figures = typed_figures(&readings);
        for metric in &self.metrics {
            metric.read(&view, &mut readings.figures);
        }
        readings.faults = view.into_faults();
        readings
    }

    /// The figures it says it reads, the typed ones among them.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        let mut claims: Vec<Claim> = self.metrics.iter().map(|metric| metric.claim.clone()).collect();
        let mut claim = |metric: &str, scope: &str, unit: &str| {
            claims.push(Claim { metric: metric.to_owned(), scope: scope.to_owned(), unit: unit.to_owned() });
        };
        claim("uptime", "device", "s");
        if self.networks.iter().any(|network| network.stations.is_some()) {
            claim("stations", "bss", "1");
            claim("stations", "ssid", "1");
        }
        for radio in &self.radios {
            let fields = [
                (&radio.channel, "channel", "1"),
                (&radio.busy, "busy", "%"),
                (&radio.noise, "noise", "dBm"),
                (&radio.power, "power", "dBm"),
                (&radio.stations, "stations", "1"),
            ];
            fields.iter().filter(|field| field.0.is_some()).for_each(|field| claim(field.1, "radio", field.2));
        }
        if self.managed.as_ref().is_some_and(|managed| managed.stations.is_some()) {
            claim("stations", "ap", "1");
        }
        claims.sort();
        claims.dedup();
        claims
    }
}

impl Rows {
    /// Calls for each row that counts. A row of which it is not known whether it counts does not.
    fn each(&self, view: &View<'_>, mut call: impl FnMut(Option<&Row>)) {
        match self.table {
            Some(table) => {
                for row in &*view.rows(table) {
                    if view.holds(&self.filter, Some(row), &Vars::new()) == Some(true) {
                        call(Some(row));
                    }
                }
            }
            None => call(None),
        }
    }
}

fn number(view: &View<'_>, source: Option<&Source>, row: Option<&Row>) -> Option<f64> {
    view.cell(source?, row)?.number().filter(|number| number.is_finite())
}

fn count(view: &View<'_>, source: Option<&Source>, row: Option<&Row>) -> Option<u32> {
    let number = number(view, source, row)?;
    (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32)
}

/// A channel as a number, or the one of a frequency: no channel is above 233, no frequency below 2,412.
fn channel_of(view: &View<'_>, source: Option<&Source>, row: Option<&Row>) -> u16 {
    match number(view, source, row) {
        Some(number) if (0.0..=300.0).contains(&number) => number as u16,
        Some(mhz) => channel(mhz),
        None => 0,
    }
}

fn words_of(view: &View<'_>, source: Option<&Source>, row: Option<&Row>) -> Option<String> {
    view.cell(source?, row).map(|cell| shown(&cell))
}

fn row_words(row: Option<&Row>) -> String {
    row.map_or_else(String::new, |row| row.words.clone())
}

fn network(from: &NetworkFrom, view: &View<'_>, row: Option<&Row>) -> Option<Bss> {
    let ssid = view.cell(&from.ssid, row)?.octets();
    Some(Bss {
        ap: words_of(view, from.ap.as_ref(), row),
        row: row_words(row),
        ssid,
        bssid: words_of(view, from.bssid.as_ref(), row).unwrap_or_default(),
        up: from.up.of(view, row),
        channel: channel_of(view, from.channel.as_ref(), row),
        stations: count(view, from.stations.as_ref(), row),
    })
}

fn radio(from: &RadioFrom, view: &View<'_>, row: Option<&Row>) -> Option<Radio> {
    let read = Radio {
        ap: words_of(view, from.ap.as_ref(), row),
        row: row_words(row),
        channel: channel_of(view, from.channel.as_ref(), row),
        busy_percent: number(view, from.busy.as_ref(), row),
        noise_dbm: number(view, from.noise.as_ref(), row),
        power_dbm: number(view, from.power.as_ref(), row),
        stations: count(view, from.stations.as_ref(), row),
    };
    // A device without the objects of its only radio says nothing of it.
    let nothing = Radio { ap: read.ap.clone(), row: String::new(), ..Radio::default() };
    (row.is_some() || read != nothing).then_some(read)
}

fn managed(from: &ManagedFrom, view: &View<'_>, row: Option<&Row>) -> Option<ManagedAp> {
    let key = match &from.key {
        Some(source) => words_of(view, Some(source), row)?,
        None => row_words(row),
    };
    Some(ManagedAp {
        key,
        name: words_of(view, from.name.as_ref(), row).unwrap_or_default(),
        up: from.up.of(view, row),
        stations: count(view, from.stations.as_ref(), row),
    })
}

fn figure(metric: &str, scope: &str, of: &str, value: f64) -> Figure {
    Figure { metric: metric.to_owned(), scope: scope.to_owned(), of: of.to_owned(), value, counter: None }
}

/// The figures of what is typed.
fn typed_figures(readings: &Readings) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |metric: &str, scope: &str, of: &str, value: Option<f64>| {
        figures.extend(value.map(|value| figure(metric, scope, of, value)));
    };
    add("uptime", "device", "", readings.uptime.map(|uptime| uptime.as_secs_f64()));
    let mut ssids: BTreeMap<String, f64> = BTreeMap::new();
    for network in &readings.networks {
        add("stations", "bss", &network.row, network.stations.map(f64::from));
        if let Some(stations) = network.stations {
            *ssids.entry(Readings::show_ssid(&network.ssid)).or_default() += f64::from(stations);
        }
    }
    ssids.iter().for_each(|(ssid, stations)| add("stations", "ssid", ssid, Some(*stations)));
    for radio in &readings.radios {
        add("channel", "radio", &radio.row, (radio.channel != 0).then(|| radio.channel.into()));
        add("busy", "radio", &radio.row, radio.busy_percent);
        add("noise", "radio", &radio.row, radio.noise_dbm);
        add("power", "radio", &radio.row, radio.power_dbm);
        add("stations", "radio", &radio.row, radio.stations.map(f64::from));
    }
    for ap in &readings.aps {
        add("stations", "ap", &ap.key, ap.stations.map(f64::from));
    }
    figures
}

impl Metric {
    fn read(&self, view: &View<'_>, figures: &mut Vec<Figure>) {
        // By group, in the order of the rows; each row its own group where none is said.
        let mut groups: Vec<(String, Vec<Cell>)> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        self.rows.each(view, |row| {
            let of = match (self.group.is_empty(), self.agg) {
                (true, Some(_)) => Some(String::new()),
                (true, None) => Some(row_words(row)),
                (false, _) => {
                    let parts: Option<Vec<String>> =
                        self.group.iter().map(|source| words_of(view, Some(source), row)).collect();
                    parts.map(|parts| parts.join(" "))
                }
            };
            let Some(of) = of else { return };
            let cells = self.values.iter().filter_map(|source| self.changed(view.cell(source, row)?, view, row));
            let place = *places.entry(of.clone()).or_insert_with(|| {
                groups.push((of, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.extend(cells);
        });
        let has_rows = self.rows.table.is_none_or(|table| !view.rows(table).is_empty());
        for (of, cells) in groups {
            let cell = match self.agg {
                Some(agg) => agg.of(&cells, has_rows),
                None => cells.first().cloned(),
            };
            if let Some(cell) = cell.filter(|cell| cell.number().is_some_and(f64::is_finite)) {
                let counter = if let Cell::Counter(count) = cell { Some(count) } else { None };
                let value = cell.number().unwrap_or_default();
                figures.push(Figure { counter, ..figure(&self.claim.metric, &self.claim.scope, &of, value) });
            }
        }
    }

    fn changed(&self, cell: Cell, view: &View<'_>, row: Option<&Row>) -> Option<Cell> {
        if let Cell::Counter(_) = cell {
            return Some(cell);
        }
        let number = match &cell {
            _ if self.agg == Some(Agg::Count) => return Some(cell),
            // Words a figure can be made of are proven to be these four.
            Cell::Text(word) => f64::from(u8::from(word == "up" || word == "true")),
            cell => cell.number()?,
        };
        let number = match &self.over {
            Some(over) => number / view.cell(over, row)?.number().filter(|over| *over != 0.0)?,
            None => number,
        };
        Some(Cell::Real(self.linear.of(number)))
    }
}
