//! The watch over other controllers: whose word is of now, who decides, how long to wait, and what people are told.

use std::collections::BTreeMap;
use std::time::Duration;

use firmware_config::ident::{ControllerId, TownId};
use firmware_config::wire::{Beat, Heartbeat};

use super::bench::*;
use crate::core::peers::{
    BEAT, BEHIND_FOR, GONE_AFTER, LOCK_ANSWERS_WITHIN, Lock, News, RANK_STEP, TAKE_OVER_AFTER, Watch,
};
use crate::core::view::Mistake;
use crate::core::{Now, Seat};

const T: Duration = Duration::from_secs(1_000);

fn at(mono: Duration) -> Now {
    Now { mono, wall_ms: MORNING_MS + i64::try_from((mono - T).as_millis()).expect("short") }
}

fn id(name: &str) -> ControllerId {
    name.parse().expect("a name")
}

fn town() -> TownId {
    "shiomi".parse().expect("a name")
}

fn seat(rank: u8, lock: bool) -> Seat {
    Seat { id: id("kouminkan"), rank, boot: "ours".to_owned(), lock }
}

/// One of several controllers, of the second rank, that hears the broker since its start and said its first word then.
fn watching() -> Watch {
    let mut watch = Watch::new(seat(2, false), at(T));
    watch.broker(true, T);
    assert_eq!(says(&mut watch, T), Some(1));
    watch
}

/// The number of the heartbeat it says now.
fn says(watch: &mut Watch, now: Duration) -> Option<u64> {
    watch.beat(&town(), None, now).map(|beat| beat.seq)
}

/// What another one says; `answers`: the number of ours that it heard.
fn word(of: &str, seq: u64, answers: Option<u64>) -> Heartbeat {
    let ours = |seq| (id("kouminkan"), Beat { boot: "ours".to_owned(), seq });
    Heartbeat {
        v: 1,
        town: town(),
        id: id(of),
        rank: 1,
        boot: "theirs".to_owned(),
        seq,
        online: true,
        active: true,
        number: 5,
        order: None,
        hears: answers.map(ours).into_iter().collect(),
    }
}

fn gone(of: &str) -> Heartbeat {
    Heartbeat { online: false, active: false, number: 0, hears: BTreeMap::new(), ..word(of, 0, None) }
}

fn hear(watch: &mut Watch, beat: &Heartbeat, now: Duration) -> Option<u64> {
    watch.hear(&town(), beat, at(now)).expect("nothing is wrong with it")
}

#[test]
fn it_says_every_second_that_it_is_there_and_sooner_where_there_is_news() {
    let mut watch = Watch::new(seat(2, false), at(T));
    assert_eq!(says(&mut watch, T), None, "nobody hears it");
    watch.broker(true, T + s(3));
    assert_eq!(watch.next_wake(0), Some(T + s(3)));
    assert_eq!(says(&mut watch, T + s(3)), Some(1));
    assert_eq!(watch.next_wake(0), Some(T + s(3) + BEAT));
    assert_eq!(says(&mut watch, T + s(4) - ms(1)), None);
    assert_eq!(says(&mut watch, T + s(4)), Some(2));
    watch.hurry();
    assert_eq!(says(&mut watch, T + s(4) + ms(249)), None, "with measure");
    assert_eq!(says(&mut watch, T + s(4) + ms(250)), Some(3));
    assert_eq!(says(&mut watch, T + s(5)), None, "the haste is over");
    watch.set_active(false, at(T + s(5)));
    assert_eq!(says(&mut watch, T + s(5)), None, "that it stands by is no news");
    watch.set_active(true, at(T + s(5)));
    assert_eq!(says(&mut watch, T + s(5)), Some(4), "that it decides is");
    watch.broker(false, T + s(5));
    assert_eq!((says(&mut watch, T + s(9)), watch.next_wake(0)), (None, None));
    watch.broker(true, T + s(5) + ms(100));
    assert_eq!(says(&mut watch, T + s(5) + ms(250)), Some(5), "what it said last may not have arrived");
    watch.broker(false, T + s(6));
    assert_eq!(watch.view(T + s(6)).since_ms, MORNING_MS + 5_000, "it decides since then");
}

#[test]
fn a_word_is_of_now_only_where_it_answers_one_of_ours() {
    let mut watch = watching();
    assert_eq!(hear(&mut watch, &word("yakuba", 1, None), T), None, "it may be a recording");
    assert!(!watch.hears(&id("yakuba"), T));
    assert_eq!(says(&mut watch, T + ms(250)), Some(2), "it is asked to prove it soon");
    let other_start = |seq| {
        let mut beat = word("yakuba", seq, Some(1));
        beat.hears.insert(id("kouminkan"), Beat { boot: "of-before".to_owned(), seq: 1 });
        beat
    };
    assert_eq!(hear(&mut watch, &other_start(2), T), None, "that answers our last start");
    assert_eq!(hear(&mut watch, &word("yakuba", 3, Some(99)), T), None, "nobody said that");
    assert_eq!(hear(&mut watch, &word("yakuba", 4, Some(2)), T + s(4)), Some(5));
    // It proves the time at which we said what it answers, not when it came.
    let until = T + ms(250) + TAKE_OVER_AFTER;
    assert!(watch.hears(&id("yakuba"), until - ms(1)) && !watch.hears(&id("yakuba"), until));
    assert_eq!(hear(&mut watch, &word("yakuba", 4, Some(2)), T + s(4)), None, "the same once more");
    assert_eq!(hear(&mut watch, &word("yakuba", 3, Some(2)), T + s(4)), None, "or an older one");
    assert!(!watch.hears(&id("minato"), T));
    let heard = watch.beat(&town(), None, T + s(5)).expect("it is time").hears;
    let theirs = Beat { boot: "theirs".to_owned(), seq: 4 };
    assert_eq!(heard, BTreeMap::from([(id("yakuba"), theirs)]));
}

#[test]
fn words_of_ours_that_prove_nothing_any_more_are_forgotten() {
    let mut watch = watching();
    for second in 1..60 {
        assert!(says(&mut watch, T + s(second)).is_some());
    }
    assert_eq!(hear(&mut watch, &word("yakuba", 1, Some(1)), T + s(59)), Some(5));
    assert!(says(&mut watch, T + s(60)).is_some());
    assert_eq!(hear(&mut watch, &word("yakuba", 2, Some(1)), T + s(60)), None);
    assert_eq!(hear(&mut watch, &word("yakuba", 3, Some(2)), T + s(60)), Some(5));
}

#[test]
fn a_recording_of_another_start_takes_nobodys_place() {
    let mut watch = watching();
    let recorded = Heartbeat { boot: "of-before".to_owned(), number: 9, ..word("yakuba", 400, None) };
    assert_eq!(hear(&mut watch, &word("yakuba", 7, Some(1)), T), Some(5));
    assert_eq!(hear(&mut watch, &recorded, T), None);
    let told = |watch: &mut Watch, now| watch.beat(&town(), None, now).expect("time").hears[&id("yakuba")].clone();
    assert_eq!(told(&mut watch, T + s(1)), Beat { boot: "theirs".to_owned(), seq: 7 });
    assert_eq!(hear(&mut watch, &word("yakuba", 8, Some(2)), T + s(1)), Some(5), "it goes on as it was");
    // Gone, as the broker says: whoever speaks now may be its next start, and is answered soon.
    assert_eq!(hear(&mut watch, &gone("yakuba"), T + s(1)), None);
    assert_eq!(hear(&mut watch, &recorded, T + s(1)), None);
    assert_eq!(told(&mut watch, T + s(1) + ms(250)), Beat { boot: "of-before".to_owned(), seq: 400 });
    assert!(!watch.hears(&id("yakuba"), T + s(1)), "and is not there before it proved it");
    let proof = Heartbeat { seq: 401, hears: word("yakuba", 0, Some(3)).hears, ..recorded };
    assert_eq!(hear(&mut watch, &proof, T + s(2)), Some(9));
    assert!(watch.hears(&id("yakuba"), T + s(2)));
}

#[test]
fn the_last_will_of_a_start_is_of_that_start_alone() {
    let mut watch = watching();
    assert_eq!(hear(&mut watch, &word("yakuba", 1, Some(1)), T), Some(5));
    assert_eq!(hear(&mut watch, &Heartbeat { boot: "of-before".to_owned(), ..gone("yakuba") }, T), None);
    assert!(watch.hears(&id("yakuba"), T) && watch.hears_an_active_one(T));
    assert_eq!(hear(&mut watch, &gone("yakuba"), T + s(1)), None);
    assert!(!watch.hears(&id("yakuba"), T + s(1)) && !watch.hears_an_active_one(T + s(1)));
    // The will of one that was never heard is no word to answer.
    assert_eq!(hear(&mut watch, &gone("minato"), T + s(1)), None);
    let heard = watch.beat(&town(), None, T + s(1)).expect("time").hears;
    assert_eq!(heard.keys().cloned().collect::<Vec<_>>(), [id("yakuba")]);
    assert_eq!(hear(&mut watch, &word("yakuba", 2, Some(2)), T + s(1)), Some(5), "it was a cut connection");
    assert!(watch.hears(&id("yakuba"), T + s(1)));
}

#[test]
fn other_towns_and_more_controllers_than_there_are_ranks_are_turned_away() {
    let mut watch = watching();
    let foreign = Heartbeat { town: "minato".parse().expect("a name"), ..word("yakuba", 1, Some(1)) };
    assert!(watch.hear(&town(), &foreign, at(T)).is_err_and(|why| why.contains("minato")));
    for n in 1..=9 {
        assert_eq!(hear(&mut watch, &word(&format!("c{n}"), 1, Some(1)), T), Some(5));
    }
    assert!(watch.hear(&town(), &word("c10", 1, Some(1)), at(T)).is_err_and(|why| why.contains("c10")));
    assert_eq!(hear(&mut watch, &word("c9", 2, Some(1)), T), Some(5), "who is known is heard");
}

#[test]
fn another_one_with_our_name_is_told_of_once_it_says_more_than_what_was_kept_of_us() {
    let mut watch = watching();
    let named = |boot: &str, seq| Heartbeat { boot: boot.to_owned(), ..word("kouminkan", seq, Some(1)) };
    let heard = |watch: &mut Watch, beat: &Heartbeat| watch.hear(&town(), beat, at(T));
    for beat in [named("ours", 1), named("ours", 2), gone("kouminkan"), named("x", 7), named("x", 7), named("x", 6)] {
        assert_eq!(heard(&mut watch, &beat), Ok(None), "our own voice, or what the broker kept of it");
    }
    assert_eq!(heard(&mut watch, &named("y", 8)), Ok(None), "of another start");
    assert_eq!(watch.view(T).mistake, None);
    let why = heard(&mut watch, &named("y", 9)).expect_err("somebody goes on speaking");
    assert!(why.contains("\"kouminkan\" too"), "{why}");
    assert_eq!(watch.view(T + TAKE_OVER_AFTER - ms(1)).mistake, Some(Mistake::SameName));
    assert_eq!(watch.view(T + TAKE_OVER_AFTER).mistake, None, "it is not heard any more");
}

#[test]
fn who_comes_and_who_goes_is_told_once_and_so_is_our_own_rank() {
    let mut watch = watching();
    assert_eq!(watch.look(0, T), []);
    hear(&mut watch, &word("yakuba", 1, Some(1)), T);
    hear(&mut watch, &Heartbeat { rank: 2, ..word("minato", 1, Some(1)) }, T);
    hear(&mut watch, &Heartbeat { rank: 2, ..word("silent", 1, None) }, T);
    let came = [News::Came(id("minato")), News::SameRank(id("minato")), News::Came(id("yakuba"))];
    assert_eq!((watch.look(0, T).as_slice(), watch.look(0, T + s(1)).as_slice()), (&came[..], &[][..]));
    assert_eq!(watch.view(T).mistake, Some(Mistake::SameRank(id("minato"))));
    watch.broker(false, T + s(1));
    assert_eq!(watch.next_wake(5), Some(T + TAKE_OVER_AFTER), "nothing else is waited for");
    assert_eq!(watch.look(0, T + TAKE_OVER_AFTER), [News::Went(id("minato")), News::Went(id("yakuba"))]);
    assert_eq!((watch.next_wake(5), watch.view(T + TAKE_OVER_AFTER).mistake), (None, None));
}

#[test]
fn of_two_that_decide_the_higher_number_counts_then_the_rank_then_the_name() {
    let better = |name: &str, rank, active, number: u64| {
        let mut watch = watching();
        hear(&mut watch, &Heartbeat { rank, active, ..word(name, 1, Some(1)) }, T);
        let there = watch.better(number, T).map(|(id, theirs)| (id.to_string(), theirs));
        assert_eq!(watch.better(number, T + TAKE_OVER_AFTER), None, "it is not heard any more");
        there
    };
    let it = |name: &str| Some((name.to_owned(), 5));
    assert_eq!([4, 5, 6].map(|number| better("yakuba", 1, true, number)), [it("yakuba"), it("yakuba"), None]);
    assert_eq!([4, 5, 6].map(|number| better("yakuba", 3, true, number)), [it("yakuba"), None, None]);
    assert_eq!([better("aoi", 2, true, 5), better("yakuba", 2, true, 5)], [it("aoi"), None]);
    assert_eq!(better("yakuba", 1, false, 4), None, "it decides nothing");
}

#[test]
fn a_standby_waits_for_its_turn_and_for_whoever_decides() {
    let alone = |rank, lock| {
        let mut watch = Watch::new(seat(rank, lock), at(T));
        assert_eq!(watch.takes_over_at(0), None, "it hears nobody, whoever speaks");
        watch.broker(true, T + s(5));
        watch.takes_over_at(0)
    };
    assert_eq!(alone(1, false), Some(T + s(5) + TAKE_OVER_AFTER));
    assert_eq!(alone(3, true), Some(T + s(5) + TAKE_OVER_AFTER + 2 * RANK_STEP));
    let listened = T + TAKE_OVER_AFTER + RANK_STEP;
    let heard = |beat: Heartbeat| {
        let mut watch = watching();
        for second in 1..=60 {
            says(&mut watch, T + s(second));
        }
        hear(&mut watch, &Heartbeat { hears: word("yakuba", 0, Some(61)).hears, ..beat }, T + s(60));
        watch
    };
    let decides = heard(word("yakuba", 1, None));
    let until = T + s(60) + TAKE_OVER_AFTER + RANK_STEP;
    assert_eq!([5, 4].map(|number| decides.takes_over_at(number)), [Some(until); 2]);
    assert_eq!(decides.takes_over_at(6), Some(listened), "it forgot, and is not waited for");
    let stands_by = heard(Heartbeat { active: false, ..word("yakuba", 1, None) });
    assert_eq!(stands_by.takes_over_at(5), Some(listened));
    let mut left = heard(word("yakuba", 1, None));
    hear(&mut left, &gone("yakuba"), T + s(61));
    let soon = T + s(61) + GONE_AFTER + RANK_STEP;
    assert_eq!(left.takes_over_at(5), Some(soon));
    hear(&mut left, &gone("yakuba"), T + s(63));
    assert_eq!(left.takes_over_at(5), Some(soon), "since it was first said");
}

#[test]
fn who_gave_an_order_is_waited_for_as_if_it_had_been_heard() {
    let mut watch = watching();
    watch.follows(&id("yakuba"), 3, T + s(20));
    let until = |since: Duration| Some(since + TAKE_OVER_AFTER + RANK_STEP);
    assert_eq!(watch.takes_over_at(3), until(T + s(20)), "although it was never heard");
    // A recording is not made to decide by it.
    hear(&mut watch, &Heartbeat { active: false, ..word("minato", 1, None) }, T);
    watch.follows(&id("minato"), 3, T + s(20));
    assert_eq!(watch.view(T).peers.iter().map(|peer| (peer.active, peer.number)).collect::<Vec<_>>(), [(false, 0)]);
    // One that is heard decides from now on, and is at that number; where it is further, it said so itself.
    for second in 1..=30 {
        says(&mut watch, T + s(second));
    }
    hear(&mut watch, &Heartbeat { active: false, ..word("yakuba", 1, Some(31)) }, T + s(30));
    let decides = |watch: &Watch| {
        let peers = watch.view(T + s(31)).peers;
        peers.iter().filter(|peer| peer.id == id("yakuba")).map(|peer| (peer.active, peer.number)).collect::<Vec<_>>()
    };
    watch.follows(&id("yakuba"), 4, T + s(29));
    assert_eq!(decides(&watch), [(false, 5)]);
    watch.follows(&id("yakuba"), 6, T + s(29));
    assert_eq!(decides(&watch), [(true, 6)]);
    assert_eq!(watch.takes_over_at(6), until(T + s(30)));
    hear(&mut watch, &gone("yakuba"), T + s(31));
    assert_eq!(watch.takes_over_at(6), Some(T + s(31) + GONE_AFTER + RANK_STEP), "heard since the order");
    watch.follows(&id("yakuba"), 7, T + s(35));
    assert_eq!(watch.takes_over_at(7), until(T + s(35)), "not heard since the order");
}

#[test]
fn one_that_decides_and_is_behind_is_told_from_one_that_is_not() {
    let behind = |active, number, now| {
        let mut watch = watching();
        hear(&mut watch, &Heartbeat { active, ..word("yakuba", 1, Some(1)) }, T);
        watch.hears_one_behind(number, now)
    };
    assert_eq!([4, 5, 6].map(|number| behind(true, number, T)), [false, false, true]);
    assert!(!behind(false, 6, T) && !behind(true, 6, T + TAKE_OVER_AFTER));
    let mut stands_by = watching();
    hear(&mut stands_by, &Heartbeat { active: false, ..word("yakuba", 1, Some(1)) }, T);
    assert!(!stands_by.hears_an_active_one(T) && stands_by.hears(&id("yakuba"), T));
}

#[test]
fn one_that_is_behind_for_longer_than_a_message_takes_forgot() {
    let mut watch = watching();
    let forgot = |watch: &mut Watch, number, now| {
        watch.look(number, now);
        watch.hears_one_that_forgot()
    };
    hear(&mut watch, &Heartbeat { active: true, ..word("yakuba", 1, Some(1)) }, T);
    assert!(!forgot(&mut watch, 6, T) && !forgot(&mut watch, 6, T + BEHIND_FOR - ms(1)));
    assert!(says(&mut watch, T + BEHIND_FOR - ms(1)).is_some());
    assert_eq!(watch.next_wake(6), Some(T + BEHIND_FOR), "it wakes for it, whatever it has to say later");
    assert!(forgot(&mut watch, 6, T + BEHIND_FOR));
    // It caught up for a moment: the time begins anew.
    assert!(!forgot(&mut watch, 5, T + BEHIND_FOR) && !forgot(&mut watch, 6, T + BEHIND_FOR + ms(1)));
    assert!(!forgot(&mut watch, 6, T + BEHIND_FOR * 2) && forgot(&mut watch, 6, T + BEHIND_FOR * 2 + ms(1)));
    assert!(!forgot(&mut watch, 6, T + TAKE_OVER_AFTER), "it is not heard any more");
}

#[test]
fn the_lock_is_in_the_way_until_the_database_says_otherwise_or_nothing() {
    let mut watch = Watch::new(seat(2, true), at(T));
    assert!(watch.is_locked_out(), "nobody asked");
    watch.lock_is(Lock::Ours);
    assert!(watch.is_locked_out(), "it is not wanted; whose answer is that?");
    assert!(!watch.want_lock(false, T), "that is so already");
    assert!(watch.want_lock(true, T) && !watch.want_lock(true, T + s(1)));
    assert_eq!(watch.next_wake(0), Some(T + LOCK_ANSWERS_WITHIN));
    let locked_out = |watch: &mut Watch, lock| {
        watch.lock_is(lock);
        watch.is_locked_out()
    };
    assert!(locked_out(&mut watch, Lock::Theirs) && !locked_out(&mut watch, Lock::Ours));
    assert_eq!((watch.view(T).lock, watch.next_wake(0)), (Some(Some(Lock::Ours)), None));
    assert!(!locked_out(&mut watch, Lock::OutOfReach { why: "refused".to_owned() }));
    assert!(watch.want_lock(false, T + s(2)) && watch.is_locked_out());
    // No answer is no lock.
    assert!(watch.want_lock(true, T + s(3)));
    let late = T + s(3) + LOCK_ANSWERS_WITHIN;
    watch.look(0, late - ms(1));
    assert!(watch.is_locked_out());
    watch.look(0, late);
    assert!(!watch.is_locked_out());
    assert!(matches!(watch.view(late).lock, Some(Some(Lock::OutOfReach { why })) if why == "no answer for 5 s"));
    watch.lock_is(Lock::Theirs);
    watch.look(0, late + s(60));
    assert!(watch.is_locked_out(), "an answer stands, however old");
    let mut without = Watch::new(seat(2, false), at(T));
    assert!(!without.want_lock(true, T) && !without.is_locked_out());
    assert_eq!(without.view(T).lock, None);
}

#[test]
fn it_wakes_for_the_moment_it_may_take_over_and_not_once_more_for_it() {
    let mut watch = watching();
    for half in 1..=25 {
        watch.hurry();
        says(&mut watch, T + ms(500) * half);
    }
    // The next heartbeat is due at 13.5 s, and nobody was heard for 13.
    let over = T + TAKE_OVER_AFTER + RANK_STEP;
    assert_eq!((watch.takes_over_at(0), watch.next_wake(0)), (Some(over), Some(over)));
    watch.look(0, over);
    assert_eq!(watch.next_wake(0), Some(over + ms(500)), "what is over waits for something else");
    watch.look(0, over - s(1));
    watch.set_active(true, at(over - s(1)));
    assert_eq!(watch.next_wake(0), Some(over - ms(250)), "who decides waits for nobody");
    assert!(watch.is_active() && watch.view(over).active);
}

#[test]
fn people_are_told_since_when_it_is_alone_and_who_is_there() {
    let mut watch = watching();
    let alone = |watch: &Watch, now| watch.view(now).alone_since_ms;
    assert_eq!(alone(&watch, T + TAKE_OVER_AFTER - ms(1)), None, "others may still come");
    assert_eq!(alone(&watch, T + TAKE_OVER_AFTER), Some(MORNING_MS), "since the start");
    for second in 1..=20 {
        says(&mut watch, T + s(second));
    }
    hear(&mut watch, &word("yakuba", 1, Some(21)), T + s(21));
    hear(&mut watch, &word("minato", 1, None), T + s(25));
    let told = watch.view(T + s(22));
    assert_eq!((told.alone_since_ms, told.active, told.since_ms), (None, false, MORNING_MS));
    let peers: Vec<_> = told.peers.iter().map(|it| (it.id.to_string(), it.there, it.active, it.heard_ms)).collect();
    let heard_ms = Some(MORNING_MS + 21_000);
    assert_eq!(peers, [("minato".to_owned(), false, false, None), ("yakuba".to_owned(), true, true, heard_ms)]);
    let later = T + s(20) + TAKE_OVER_AFTER;
    assert_eq!(alone(&watch, later), heard_ms, "a recording is no company");
    assert!(watch.view(later).peers.iter().all(|peer| !peer.there && !peer.active));
}
