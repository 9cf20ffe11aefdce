//! What is told and what is not, view after view.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{AirName, Heard};

use crate::api::tests::made_up::made_up_view;
use crate::core::key::KeyFault;
use crate::core::strangers::Strangers;
use crate::core::view::Standing::{self, Diverged, Refused, Settled, Settling, Silent};
use crate::core::{Now, TownView, fleet};
use crate::mib::notices::Notice::*;
use crate::mib::notices::{HOLD, Told};

/// The made-up town with these standings at its second facility; its first has one AP, which is well.
fn town(at_school: &[Standing]) -> TownView {
    let mut view = made_up_view();
    view.mode = Mode::Normal;
    let school = &mut view.facilities[1];
    let one = school.aps[0].clone();
    school.aps =
        at_school.iter().map(|standing| crate::core::view::ApView { standing: *standing, ..one.clone() }).collect();
    view
}

fn well() -> TownView {
    town(&[Settled, Settled, Settled])
}

/// Managers who know that all is well.
fn told() -> Told {
    let mut told = Told::default();
    assert_eq!(told.notices(&well(), s(0)), [Started]);
    told
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn who_hears_us_first_hears_that_we_began_and_what_is_not_well() {
    let mut view = town(&[Settled, Refused, Settled]);
    view.mode = Mode::Disaster;
    view.broker_lost = Some((0, "refused".to_owned()));
    let mut told = Told::default();
    assert_eq!(told.notices(&view, s(0)), [Started, ModeChanged, BrokerGone, ApFault(1, 1)]);
    assert_eq!(told.notices(&view, s(1)), [], "once");
}

#[test]
fn modes_key_broker_and_store_are_told_when_they_change() {
    let mut told = told();
    let mut view = well();
    view.mode = Mode::Drill;
    view.key.fault = Some((KeyFault::Broken, 0));
    assert_eq!(told.notices(&view, s(1)), [ModeChanged, KeyFaulty]);
    view.key.fault = Some((KeyFault::Shorted, 0));
    view.store_lost = Some((0, "disk full".to_owned(), 3));
    assert_eq!(told.notices(&view, s(2)), [KeyFaulty, StoreGone]);
    view.store_lost = Some((0, "disk full".to_owned(), 4));
    view.broker_lost = Some((0, "gone".to_owned()));
    assert_eq!(told.notices(&view, s(3)), [BrokerGone]);
    assert_eq!(told.notices(&well(), s(4)), [ModeChanged, KeyWell, BrokerBack, StoreBack]);
}

#[test]
fn a_refusal_is_told_once_however_often_it_is_tried_again_and_its_end_once() {
    let mut told = told();
    assert_eq!(told.notices(&town(&[Refused, Settled, Settled]), s(1)), [ApFault(1, 0)]);
    for second in 2..20 {
        let again = if second % 2 == 0 { Settling } else { Refused };
        assert_eq!(told.notices(&town(&[again, Settled, Settled]), s(second)), []);
    }
    assert_eq!(told.notices(&town(&[Diverged, Settled, Settled]), s(20)), [ApFault(1, 0)], "another fault is news");
    assert_eq!(told.notices(&town(&[Settling, Settled, Settled]), s(21)), []);
    assert_eq!(told.notices(&well(), s(22)), [ApWell(1, 0)]);
    assert_eq!(told.notices(&well(), s(23)), []);
}

#[test]
fn settling_is_no_news_either_way() {
    let mut told = told();
    assert_eq!(told.notices(&town(&[Settling; 3]), s(1)), []);
    assert_eq!(told.notices(&well(), s(2)), []);
}

#[test]
fn one_silent_ap_is_told_after_a_while_and_a_short_silence_never() {
    let mut told = told();
    let silent = town(&[Settled, Silent, Settled]);
    assert_eq!(told.notices(&silent, s(1)), []);
    assert_eq!(told.notices(&well(), s(5)), []);
    assert_eq!(told.notices(&silent, s(6)), []);
    assert_eq!(told.notices(&silent, s(6) + HOLD - s(1)), []);
    assert_eq!(told.notices(&silent, s(6) + HOLD), [ApFault(1, 1)]);
    assert_eq!(told.notices(&silent, s(60)), []);
    assert_eq!(told.notices(&well(), s(61)), [ApWell(1, 1)]);
}

#[test]
fn a_hall_without_power_is_one_piece_of_news_and_so_is_its_return() {
    let mut told = told();
    assert_eq!(told.notices(&town(&[Silent, Settled, Settled]), s(1)), []);
    assert_eq!(told.notices(&town(&[Silent, Silent, Settled]), s(5)), []);
    assert_eq!(told.notices(&town(&[Silent; 3]), s(10)), [FacilityLost(1)]);
    assert_eq!(told.notices(&town(&[Silent; 3]), s(100)), []);
    assert_eq!(told.notices(&town(&[Settled, Silent, Silent]), s(101)), [FacilityBack(1)]);
    assert_eq!(told.notices(&town(&[Settled, Settled, Silent]), s(105)), []);
    let kept_away = s(101) + HOLD;
    assert_eq!(told.notices(&town(&[Settled, Settled, Silent]), kept_away), [ApFault(1, 2)], "it did not come back");
    assert_eq!(told.notices(&well(), kept_away + s(1)), [ApWell(1, 2)]);
}

#[test]
fn what_was_told_before_a_hall_lost_its_power_is_told_to_be_well_after_it() {
    let mut told = told();
    assert_eq!(told.notices(&town(&[Refused, Settled, Settled]), s(1)), [ApFault(1, 0)]);
    assert_eq!(told.notices(&town(&[Silent; 3]), s(2)), [FacilityLost(1)]);
    assert_eq!(told.notices(&well(), s(3)), [FacilityBack(1), ApWell(1, 0)]);
}

#[test]
fn a_facility_without_access_points_is_never_lost() {
    let mut told = told();
    assert_eq!(told.notices(&town(&[]), s(1)), []);
}

#[test]
fn what_was_left_open_and_what_others_send_is_told_when_it_begins_and_when_it_ends() {
    let mut told = told();
    let mut view = well();
    let heard = |name: &[u8], last: u8| Heard {
        ssid: AirName::new(name).expect("short"),
        bssid: format!("02:13:37:00:00:{last:02x}").parse().expect("an address"),
        channel: 6,
        signal_dbm: -60,
        age_ms: 0,
    };
    let strangers = |heard_of: &[(&[u8], u8)]| {
        let (mut all, now) = (Strangers::default(), Now { mono: s(100), wall_ms: 0 });
        for (name, last) in heard_of {
            all.heard(&"yakuba-1".parse().expect("an AP"), heard(name, *last), now);
        }
        all.views()
    };
    let (ap, facility) = (view.facilities[1].aps[0].clone(), view.facilities[1].id.clone());
    view.left_open.push(fleet::LeftOpen { ap: ap.id, facility, name: ap.name, since_ms: 0 });
    // The made-up access points share an identifier, so that all three are meant.
    assert_eq!(told.notices(&view, s(1)), [LeftOpen(1, 0), LeftOpen(1, 1), LeftOpen(1, 2)]);
    view.strangers = strangers(&[(b"00000JAPAN", 1)]);
    assert_eq!(told.notices(&view, s(2)), [], "while it is open here, or was just closed, it is no news");
    view.strangers[0].alarm = true;
    view.strangers.extend(strangers(&[(b"0000JAPAN", 2)]));
    assert_eq!(told.notices(&view, s(3)), [Stranger, LookAlike]);
    view.strangers.extend(strangers(&[(b"0000JAPAN", 3)]));
    assert_eq!(told.notices(&view, s(4)), [LookAlike], "one more");
    assert_eq!(told.notices(&well(), s(5)), [StrangerGone, NotLeftOpen(1, 0), NotLeftOpen(1, 1), NotLeftOpen(1, 2)]);
}
