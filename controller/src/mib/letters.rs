//! What is written of a piece of news: the notification's name and its objects, with the values of the same sheet that is read.

use hirake_snmp::oid::Oid;
use hirake_snmp::serve::herald::Notification;
use hirake_snmp::value::{Sheet, VarBind};

use super::notices::Notice;
use super::{AIR, APS, FACILITIES, KEY, LINES, TOWN, named};

/// coldStart (RFC 3418).
const COLD_START: [u32; 10] = [1, 3, 6, 1, 6, 3, 1, 1, 5, 1];

/// The notification for `notice`, with values out of `sheet`; an object the sheet lacks is left out.
pub(super) fn letter(notice: Notice, sheet: &Sheet) -> Notification {
    let (oid, objects) = content(notice);
    let bind = |oid: Oid| Some(VarBind { value: sheet.get(&oid)?.clone(), oid });
    Notification { oid, binds: objects.into_iter().filter_map(bind).collect() }
}

/// The name and the objects, in the order of the MIB.
fn content(notice: Notice) -> (Oid, Vec<Oid>) {
    let scalars = |group: &[u32], objects: &[u32]| -> Vec<Oid> {
        objects.iter().map(|object| named(&[group, &[*object, 0]])).collect()
    };
    let of_facility = |at: usize, columns: &[u32]| -> Vec<Oid> {
        columns.iter().map(|column| named(&[&FACILITIES, &[*column, index(at)]])).collect()
    };
    let of_ap = |at: usize, place: usize, columns: &[u32]| -> Vec<Oid> {
        let columns = columns.iter().map(|column| named(&[&APS, &[*column, index(at), index(place)]]));
        of_facility(at, &[3]).into_iter().chain(columns).collect()
    };
    let (number, objects) = match notice {
        Notice::Started => return (Oid::new(COLD_START).expect("ten arcs"), Vec::new()),
        Notice::ModeChanged => (1, scalars(&TOWN, &[2, 5, 6, 7])),
        Notice::KeyFaulty => (2, scalars(&KEY, &[3, 4, 1])),
        Notice::KeyWell => (3, scalars(&KEY, &[3, 1])),
        Notice::FacilityLost(at) => (4, of_facility(at, &[3, 7, 8])),
        Notice::FacilityBack(at) => (5, of_facility(at, &[3, 7, 8, 14])),
        Notice::ApFault(at, place) => (6, of_ap(at, place, &[3, 4, 5, 7])),
        Notice::ApWell(at, place) => (7, of_ap(at, place, &[3, 4, 5])),
        Notice::BrokerGone => (8, scalars(&LINES, &[1, 2])),
        Notice::BrokerBack => (9, scalars(&LINES, &[1])),
        Notice::StoreGone => (10, scalars(&LINES, &[3, 4, 5])),
        Notice::StoreBack => (11, scalars(&LINES, &[3, 5])),
        Notice::LeftOpen(at, place) => (12, of_ap(at, place, &[3, 4, 9])),
        Notice::NotLeftOpen(at, place) => (13, of_ap(at, place, &[3, 4, 9])),
        Notice::Stranger => (14, scalars(&AIR, &[3, 4])),
        Notice::StrangerGone => (15, scalars(&AIR, &[3])),
        Notice::LookAlike => (16, scalars(&AIR, &[5])),
    };
    (named(&[&[0, number]]), objects)
}

fn index(at: usize) -> u32 {
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}
