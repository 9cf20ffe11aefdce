//! From the core's view to the dashboard's facts: the same town, in the words of the pages.

use std::hash::{DefaultHasher, Hash, Hasher};

use dashboard::{
    Ap, Distinct, Entry, Facility, Key, KeyFault, Opening, Order, OtherSeat, Reported, Screen, Seat, SeatMistake,
    Standing, Stranger, Totals, Way, Who, Witnessed,
};
use firmware_config::mode::Mode;
use firmware_config::sketch::ERROR_PERCENT;
use firmware_config::wire::{Network, Period};

use super::Desk;
use crate::core::activation::{Activation, Source};
use crate::core::distinct::SHOWN_FROM;
use crate::core::inventory::Managed;
use crate::core::key::{self, KeyPosition};
use crate::core::strangers::Deceit;
use crate::core::view::{self, ApView, FacilityView, KeyView, TownView};
use crate::core::{self, Inventory};
use crate::store::StoredEntry;

/// What an open page compares: another program, other files beside the page or another town, and it loads itself anew.
pub fn build(inventory: &Inventory) -> String {
    let mut hash = DefaultHasher::new();
    dashboard::assets().iter().for_each(|asset| asset.path.hash(&mut hash));
    format!("{inventory:?}").hash(&mut hash);
    format!("{}-{:016x}", env!("CARGO_PKG_VERSION"), hash.finish())
}

/// What the pages are made of.
pub fn screen(desk: &Desk, view: &TownView) -> Screen {
    let inventory = &desk.house.inventory;
    Screen {
        town_ja: inventory.name_ja.clone(),
        town_en: inventory.name_en.clone(),
        now_ms: view.at_ms,
        build: desk.build.clone(),
        mode: view.mode,
        mode_since_ms: view.mode_since_ms,
        decisive: view.decisive.as_ref().map(opening),
        openings: view.activations.iter().map(opening).collect(),
        order: view.order.as_ref().map(|order| Order {
            number: order.number,
            issued_ms: order.issued_at_ms,
            published: order.published,
        }),
        key: key(&view.key),
        facilities: view.facilities.iter().map(facility).collect(),
        totals: Totals {
            aps: view.totals.aps,
            told: view.totals.told,
            running: view.totals.running,
            witnessed: view.totals.witnessed,
            unwitnessable: view.totals.unwitnessable,
            stations: view.totals.stations,
        },
        distinct: distinct(view),
        seat: view.seat.as_ref().map(seat),
        broker_lost: view.broker_lost.clone(),
        store_lost: view.store_lost.clone(),
        left_open: view.left_open.iter().map(|it| (it.since_ms, it.ap.to_string())).collect(),
        strangers: view.strangers.iter().map(stranger).collect(),
        recent: view.recent.iter().map(recent).collect(),
        series: desk.chart.until(view.at_ms, view.totals.stations),
    }
}

/// Which of several controllers this one is.
fn seat(it: &view::SeatView) -> Seat {
    let other = |peer: &view::PeerView| OtherSeat { id: peer.id.to_string(), heard: peer.there, active: peer.active };
    Seat {
        id: it.id.to_string(),
        active: it.active,
        others: it.peers.iter().map(other).collect(),
        alone_since_ms: it.alone_since_ms,
        lock_lost: matches!(it.lock, Some(Some(core::peers::Lock::OutOfReach { .. }))),
        mistake: it.mistake.as_ref().map(|mistake| match mistake {
            view::Mistake::SameName => SeatMistake::SameName,
            view::Mistake::SameRank(id) => SeatMistake::SameRank(id.to_string()),
        }),
    }
}

/// Of the activation that decides the mode, where any AP counts in it.
fn distinct(view: &TownView) -> Option<Distinct> {
    let decisive = view.decisive.as_ref()?;
    let period = Period { activation: decisive.id, since_ms: decisive.since_ms };
    let counted = view.distinct.iter().find(|it| it.period == period && !it.aps.is_empty())?;
    Some(Distinct { devices: counted.town.devices, fewer_than: SHOWN_FROM, error_percent: ERROR_PERCENT })
}

fn opening(it: &Activation) -> Opening {
    Opening {
        id: it.id,
        who: match &it.source {
            Source::Key(None) => Who::Key,
            Source::DrillKey(None) => Who::DrillKey,
            Source::Key(Some(at)) => Who::KeyAt(at.to_string()),
            Source::DrillKey(Some(at)) => Who::DrillKeyAt(at.to_string()),
            Source::FacilityKey(ap) => Who::FacilityKey(ap.to_string()),
            Source::Operator(name) => Who::Operator(name.clone()),
        },
        mode: it.mode,
        facilities: it.facilities.len(),
        since_ms: it.since_ms,
        until_ms: it.until_ms,
        why: it.why.clone(),
    }
}

fn key(it: &KeyView) -> Key {
    let position = |position| match position {
        KeyPosition::Normal => Mode::Normal,
        KeyPosition::Drill => Mode::Drill,
        KeyPosition::Disaster => Mode::Disaster,
    };
    let fault = |fault: &key::KeyFault| match fault {
        key::KeyFault::Broken => KeyFault::Broken,
        key::KeyFault::Shorted => KeyFault::Shorted,
        key::KeyFault::Contradiction => KeyFault::Contradiction,
        key::KeyFault::Chattering => KeyFault::Chattering,
        key::KeyFault::Unreadable(why) => KeyFault::Unreadable(why.clone()),
    };
    Key {
        position: it.position.map(position),
        since_ms: it.since_ms,
        fault: it.fault.as_ref().map(|(what, since)| (fault(what), *since)),
        isolated: it.isolated.clone(),
    }
}

fn facility(it: &FacilityView) -> Facility {
    Facility {
        id: it.id.clone(),
        name_ja: it.name_ja.clone(),
        name_en: it.name_en.clone(),
        district: it.district.clone(),
        shelter: it.shelter,
        wanted: it.wanted,
        contact: it.contact.clone(),
        aps: it.aps.iter().map(ap).collect(),
    }
}

fn ap(it: &ApView) -> Ap {
    Ap {
        id: it.id.clone(),
        name: it.name.clone(),
        wanted: it.wanted,
        reported: it.reported.as_ref().map(|said| Reported {
            told: said.told,
            running: said.running,
            mode: said.mode,
            on_air: names(&said.networks),
            agent: said.agent.clone(),
        }),
        way: match it.managed {
            Managed::Agent => Way::Agent,
            Managed::Snmp => Way::Snmp { profile: it.profile().map(str::to_owned) },
        },
        witnessed: match &it.witnessed {
            view::Witnessed::NoMeans => Witnessed::NoMeans,
            view::Witnessed::NotAsked { why } => Witnessed::NotAsked(why.clone()),
            view::Witnessed::Seen { open: true, at_ms, .. } => Witnessed::Seen(*at_ms),
            view::Witnessed::Seen { open: false, at_ms, .. } => Witnessed::NotSeen(*at_ms),
        },
        seen_by: match &it.witnessed {
            view::Witnessed::Seen { by, .. } => by.as_ref().map(ToString::to_string),
            _ => None,
        },
        standing: standing(it.standing),
        since_ms: it.since_ms,
        why: it.why.clone(),
        heard_ms: it.heard_ms,
        stations: it.stations,
    }
}

/// The same standing in the dashboard's words.
pub fn standing(it: view::Standing) -> Standing {
    match it {
        view::Standing::Settled => Standing::Settled,
        view::Standing::Settling => Standing::Settling,
        view::Standing::Refused => Standing::Refused,
        view::Standing::Diverged => Standing::Diverged,
        view::Standing::Silent => Standing::Silent,
    }
}

fn recent(it: &core::Entry) -> Entry {
    Entry {
        seq: it.seq,
        at_ms: it.at_ms,
        kind: it.kind.as_str().to_owned(),
        drill: it.drill,
        fields: it.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    }
}

/// A network of others that deceives.
fn stranger(it: &core::strangers::Stranger) -> Stranger {
    let why = match it.deceit {
        Deceit::SameName => None,
        Deceit::LookAlike(why) => Some((why.words_ja(), why.words_en())),
    };
    let (ssid, bssid, by) = (it.ssid.to_string(), it.bssid.to_string(), it.by.to_string());
    Stranger { ssid, bssid, channel: it.channel, by, since_ms: it.since_ms, alarm: it.alarm, why }
}

/// An entry from the archive.
pub fn stored(it: StoredEntry) -> Entry {
    Entry { seq: it.seq, at_ms: it.at_ms, kind: it.kind, drill: it.drill, fields: it.fields }
}

/// The SSIDs on the air, each once: an AP with two radios has each of them twice.
fn names(networks: &[Network]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for network in networks {
        if !names.contains(&network.ssid) {
            names.push(network.ssid.clone());
        }
    }
    names
}
