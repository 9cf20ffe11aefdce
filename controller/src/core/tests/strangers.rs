//! The room of strangers: networks of others that are called `00000JAPAN` or look like it, and what they are when.

use std::time::Duration;

use firmware_config::wire::{AirName, Heard};

use super::bench::*;
use crate::core::Now;
use crate::core::neighbours::{CONTRADICTS_AFTER, FRESH_FOR};
use crate::core::strangers::{STRANGERS_MAX, STRANGERS_OF_ONE_MAX, Stranger, Strangers};

/// What one AP heard so long ago.
fn heard(strangers: &mut Strangers, by: &str, name: &[u8], bssid: &str, age: Duration, now: Duration) {
    let it = Heard {
        ssid: AirName::new(name).expect("short"),
        bssid: bssid.parse().expect("an address"),
        channel: 6,
        signal_dbm: -60,
        age_ms: u64::try_from(age.as_millis()).expect("short"),
    };
    strangers.heard(
        &ap(by),
        it,
        Now { mono: now, wall_ms: MORNING_MS + i64::try_from(now.as_millis()).expect("short") },
    );
}

const ONE: &str = "02:13:37:00:00:01";
const OTHER: &str = "02:13:37:00:00:02";

#[test]
fn a_stranger_is_remembered_for_ten_minutes_after_it_was_last_heard() {
    let mut strangers = Strangers::default();
    assert_eq!(strangers.next_wake(), None);
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, FRESH_FOR + ms(1), s(5_000));
    assert_eq!(strangers.views().len(), 0, "that is long ago");
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, FRESH_FOR, s(5_000));
    assert_eq!((strangers.views().len(), strangers.next_wake()), (1, Some(s(5_000) + ms(1))));
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, s(10), s(5_000));
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, s(60), s(5_000));
    assert_eq!(strangers.next_wake(), Some(s(4_990) + FRESH_FOR + ms(1)), "the last time counts");
    heard(&mut strangers, "gym-1", b"0000JAPAN", OTHER, s(0), s(5_000));
    assert_eq!(strangers.look(true, s(4_990) + FRESH_FOR).len(), 2, "both are told of");
    assert_eq!(strangers.look(true, s(4_990) + FRESH_FOR), [], "once");
    assert_eq!(strangers.look(true, s(4_990) + FRESH_FOR + ms(1)), []);
    assert_eq!(strangers.views().iter().map(|it| it.bssid.to_string()).collect::<Vec<_>>(), [OTHER]);
}

#[test]
fn a_stranger_is_an_alarm_only_where_it_was_heard_long_enough_after_we_closed() {
    let mut strangers = Strangers::default();
    let kinds =
        |strangers: &mut Strangers, open, now| strangers.look(open, now).iter().map(Stranger::kind).collect::<Vec<_>>();
    assert_eq!(kinds(&mut strangers, true, s(5_000)), [""; 0]);
    assert_eq!(kinds(&mut strangers, false, s(6_000)), [""; 0], "closed since then");
    let late = s(6_000) + CONTRADICTS_AFTER;
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, ms(1), late);
    heard(&mut strangers, "gym-2", b"0000JAPAN", OTHER, s(0), late);
    assert_eq!(kinds(&mut strangers, false, late), ["same-name", "look-alike"]);
    assert_eq!(kinds(&mut strangers, false, late + s(1)), [""; 0]);
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, s(0), late);
    heard(&mut strangers, "gym-2", b"0000JAPAN", OTHER, s(0), late);
    assert_eq!(kinds(&mut strangers, false, late + s(1)), ["alarm"], "a look-alike is none, whenever");
    assert_eq!(kinds(&mut strangers, false, late + s(2)), [""; 0], "said once");
    let first: Vec<_> = strangers.views().iter().map(|it| (it.bssid.to_string(), it.alarm)).collect();
    assert_eq!(first, [(ONE.to_owned(), true), (OTHER.to_owned(), false)], "alarms first");
    // We open: a note again. We close: what was heard before is no alarm, what is heard after is.
    assert_eq!(kinds(&mut strangers, true, late + s(3)), [""; 0]);
    assert!(strangers.views().iter().all(|it| !it.alarm));
    assert_eq!(kinds(&mut strangers, false, late + s(90)), [""; 0]);
    assert_eq!(kinds(&mut strangers, false, late + s(200)), [""; 0]);
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, s(0), late + s(200));
    assert_eq!(kinds(&mut strangers, false, late + s(200)), ["alarm"]);
}

#[test]
fn what_turns_out_to_be_ours_is_forgotten_and_what_only_looks_like_it_is_not() {
    let mut strangers = Strangers::default();
    heard(&mut strangers, "gym-1", b"00000JAPAN", ONE, s(0), s(5_000));
    heard(&mut strangers, "gym-1", b"00000JAPAN", OTHER, s(0), s(5_000));
    heard(&mut strangers, "gym-1", b"0000JAPAN", ONE, s(0), s(5_000));
    strangers.forget(|bssid| bssid.to_string() == ONE);
    let left: Vec<_> = strangers.views().iter().map(|it| (it.ssid.to_string(), it.bssid.to_string())).collect();
    assert_eq!(left, [("00000JAPAN".to_owned(), OTHER.to_owned()), ("0000JAPAN".to_owned(), ONE.to_owned())]);
}

#[test]
fn many_aps_together_fill_no_more_than_the_room_for_strangers() {
    let mut strangers = Strangers::default();
    for n in 0..20_u32 {
        for m in 0..STRANGERS_OF_ONE_MAX + 3 {
            heard(
                &mut strangers,
                &format!("ap-{n}"),
                b"0000JAPAN",
                &format!("02:00:00:00:{n:02x}:{m:02x}"),
                s(0),
                s(5_000),
            );
        }
    }
    let known = strangers.views();
    assert_eq!(known.len(), STRANGERS_MAX);
    let of_one = known.iter().filter(|it| it.by == ap("ap-0")).count();
    assert_eq!(of_one, STRANGERS_OF_ONE_MAX);
}
