//! Samples on their way, step by step: what is said of a bad flash and of a full memory, and when the next is sent.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, CountsStored, NetworkCounts, SampleId, SoFar, StoredSample};

use super::deliver::{Delivery, WRITE_EVERY, mono_ms};
use super::sim::Ap;
use super::waiting::{Page, SAMPLES_MAX, Sample};
use super::{Action, Now};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Now {
    Now {
        mono: Duration::from_secs(seconds),
        wall_ms: 1_795_000_000_000 + i64::try_from(seconds * 1_000).expect("a short test"),
    }
}

fn sample(seq: u64, seconds: u64) -> Sample {
    let row = NetworkCounts {
        interface: "wlan0jp".to_owned(),
        ssid: "00000JAPAN".to_owned(),
        stations: 1,
        joins: 1,
        leaves: 0,
        so_far: Some(SoFar { joins: u32::try_from(seq).expect("small"), leaves: 0 }),
    };
    let id = SampleId { boot: "boot-1".to_owned(), seq };
    Sample::new(id, mono_ms(Duration::from_secs(seconds)), 30, Mode::Disaster, vec![row])
}

/// What one step came to.
#[derive(Default)]
struct Step {
    sent: Vec<Counts>,
    pages: Vec<Page>,
    said: Vec<String>,
}

fn sorted(actions: Vec<Action>) -> Step {
    let mut step = Step::default();
    for action in actions {
        match action {
            Action::PublishCounts(counts) => step.sent.push(counts),
            Action::WriteCounts(page) => step.pages.push(page),
            Action::Log(line) => step.said.push(line),
            other => unreachable!("nothing to do with samples: {other:?}"),
        }
    }
    step
}

fn step(delivery: &mut Delivery, now: Now) -> Step {
    let mut actions = Vec::new();
    delivery.step(&"gym-1".parse().expect("valid"), now, &mut actions);
    sorted(actions)
}

/// One whose flash held `page` at the start.
fn delivery(page: Result<Page, String>, now: Now) -> (Delivery, Vec<String>) {
    let (mut delivery, mut actions) = (Delivery::new("boot-1"), Vec::new());
    delivery.found(page, now, &mut actions);
    (delivery, sorted(actions).said)
}

fn stored(counts: &Counts) -> CountsStored {
    CountsStored { v: counts.v, ap: counts.ap.clone(), samples: vec![StoredSample::of(counts)] }
}

#[test]
fn a_flash_that_cannot_be_read_is_said_and_that_it_is_written_again_too() {
    let (mut delivery, said) = delivery(Err("half a page".to_owned()), at(1));
    assert!(said[0].contains("counts set aside") && said[0].contains("half a page"), "{said:?}");
    delivery.counted(sample(1, 30));
    let due = delivery.next_wake().expect("a page");
    assert!(step(&mut delivery, Now { mono: due - SECOND, ..at(0) }).pages.is_empty());
    assert_eq!(step(&mut delivery, Now { mono: due, ..at(0) }).pages.len(), 1);
    let mut actions = Vec::new();
    delivery.written(Ok(()), due, &mut actions);
    assert_eq!(sorted(actions).said, ["counts written again"]);
}

#[test]
fn where_the_flash_has_no_room_for_so_many_starts_it_has_the_newest_at_once_and_the_others_are_sent_from_memory() {
    let (mut delivery, _) = delivery(Ok(Page { answers: true, samples: Vec::new() }), at(1));
    let starts = 3 * SAMPLES_MAX;
    for n in 0..starts {
        let mut one = sample(1, 30);
        one.id.boot = format!("start-{n}");
        delivery.counted(one);
    }
    // Room for no more than 600: a page of all, half of it, 512.
    let (mut sizes, mut said, mut now) = (Vec::new(), Vec::new(), at(331));
    for _ in 0..4 {
        let Step { pages, said: mut of_step, .. } = step(&mut delivery, now);
        said.append(&mut of_step);
        for page in pages {
            sizes.push(page.samples.len());
            let newest = page.samples.last().map(|kept| kept.id.boot.as_str());
            assert_eq!(newest, Some(format!("start-{}", starts - 1).as_str()));
            let taken = if page.samples.len() > 600 { Err("No space left on device".to_owned()) } else { Ok(()) };
            let mut actions = Vec::new();
            delivery.written(taken, now.mono, &mut actions);
            said.extend(sorted(actions).said);
        }
    }
    assert_eq!(sizes, [starts, starts / 2, SAMPLES_MAX], "one after the other, and then no more");
    let lines: Vec<_> = said.iter().map(|line| line.split(" why").next().expect("a line")).collect();
    let (no, half, least) = (
        "counts NOT written, kept in memory",
        "counts in memory only, but for the newest n=768",
        "counts in memory only, but for the newest n=512",
    );
    assert_eq!(lines, [no, half, least, "counts written again"]);
    // The next page is of that size too, and no sooner than five minutes after it.
    now.mono += WRITE_EVERY - SECOND;
    assert!(step(&mut delivery, now).pages.is_empty());
    now.mono += SECOND;
    assert_eq!(step(&mut delivery, now).pages[0].samples.len(), SAMPLES_MAX);
    // A page of 512 that is refused is not tried smaller, nor sooner.
    let mut actions = Vec::new();
    delivery.written(Err("No space left on device".to_owned()), now.mono, &mut actions);
    assert_eq!(sorted(actions).said.len(), 1);
    assert!(step(&mut delivery, Now { mono: now.mono + WRITE_EVERY - SECOND, ..now }).pages.is_empty());
    // All of them are sent.
    delivery.connected(now.mono);
    let mut sent = 0;
    while sent < starts {
        now.mono += SECOND;
        for counts in step(&mut delivery, now).sent {
            assert_eq!(counts.boot, format!("start-{sent}"));
            sent += 1;
            delivery.stored(&stored(&counts), now.mono);
        }
        assert!(now.mono < Duration::from_secs(10_000));
    }
}

#[test]
fn a_full_memory_is_in_the_log_at_once_and_then_ever_more_rarely() {
    // Nobody to tell it to, for longer than there is room.
    let (mut lonely, _) = delivery(Ok(Page { answers: true, samples: Vec::new() }), at(1));
    let mut said = Vec::new();
    for n in 1..=SAMPLES_MAX as u64 + 100 {
        lonely.counted(sample(n, 30 * n));
        said.extend(step(&mut lonely, at(30 * n)).said);
    }
    let summarised: Vec<_> = said.iter().filter(|line| line.contains("counts summarised")).collect();
    assert_eq!(summarised.len(), 7, "the 1st, 2nd, 4th … 64th: {said:?}");
    assert!(!said.iter().any(|line| line.contains("counts forgotten")), "{said:?}");
}

#[test]
fn what_a_controller_without_a_word_was_told_is_forgotten_first_and_that_is_said() {
    let (mut delivery, _) = delivery(Ok(Page::default()), at(1));
    delivery.connected(SECOND);
    let (mut said, mut seqs) = (Vec::new(), Vec::new());
    for n in 1..=SAMPLES_MAX as u64 + 100 {
        delivery.counted(sample(n, 30 * n));
        for second in 0..30 {
            let step = step(&mut delivery, at(30 * n + second));
            said.extend(step.said);
            seqs.extend(step.sent.into_iter().map(|counts| counts.seq));
        }
    }
    let forgotten: Vec<_> = said.iter().filter(|line| line.contains("counts forgotten")).collect();
    assert_eq!(forgotten.len(), 7, "the 1st, 2nd, 4th … 64th: {said:?}");
    seqs.dedup();
    assert!(seqs.windows(2).all(|two| two[1] == two[0] + 1), "each was told, in order: {seqs:?}");
    assert!(seqs.len() > SAMPLES_MAX + 95, "{}", seqs.len());
    assert!(delivery.last_page(at(30_000)).is_none(), "what was told is not worth the flash");
    delivery.counted(sample(10_000, 29_999));
    assert_eq!(delivery.last_page(at(30_000)).map(|page| page.samples.len()), Some(1), "what was not is");
}

#[test]
fn a_controller_that_never_said_a_word_is_told_each_sample_three_times_before_it_counts_as_one_that_never_will() {
    let (mut delivery, _) = delivery(Ok(Page::default()), at(1));
    (1..=3).for_each(|n| delivery.counted(sample(n, 30 * n)));
    delivery.connected(at(100).mono);
    let mut seqs = Vec::new();
    for second in 100..200 {
        seqs.extend(step(&mut delivery, at(second)).sent.into_iter().map(|counts| counts.seq));
    }
    assert_eq!(seqs, [1, 1, 1, 2, 3], "the word to the first may only have been lost; the others are told once");
}

#[test]
fn an_orderly_stop_writes_down_what_nobody_has_the_interval_that_was_going_on_too() {
    let mut ap = Ap::new();
    ap.start_hostapd();
    ap.pass(70 * SECOND);
    let page = ap.agent.stopping(ap.now).expect("two intervals and a part of one");
    assert_eq!(page.samples.len(), 3);
    ap.shelf = page;
    ap.reboot();
    ap.connect();
    ap.pass(300 * SECOND);
    let first = ap.counts.iter().filter(|counts| counts.boot == "boot-0").map(|counts| (counts.seq, counts.interval_s));
    assert_eq!(first.collect::<Vec<_>>(), [(1, 30), (2, 30), (3, 10)]);
}

#[test]
fn without_a_word_it_is_said_again_after_five_seconds_then_ten_then_thirty_at_most() {
    // A controller has answered once: it is there, and slow, or its words are lost.
    let (mut delivery, _) = delivery(Ok(Page { answers: true, samples: Vec::new() }), at(1));
    delivery.counted(sample(1, 30));
    delivery.connected(at(100).mono);
    let (mut now, mut times) = (at(100), Vec::new());
    while times.len() < 7 {
        now.mono = delivery.next_wake().expect("it goes on for ever").max(now.mono);
        let step = step(&mut delivery, now);
        times.extend(step.sent.iter().map(|_| now.mono));
        assert!(now.mono < at(600).mono, "{times:?}");
        if !step.pages.is_empty() {
            delivery.written(Ok(()), now.mono, &mut Vec::new());
        }
    }
    assert!((at(100).mono..at(103).mono).contains(&times[0]), "a town does not come back at one moment: {times:?}");
    let gaps: Vec<Duration> = times.windows(2).map(|two| two[1] - two[0]).collect();
    for (gap, least) in gaps.iter().zip([5, 10, 20, 30, 30, 30].map(|seconds| seconds * SECOND)) {
        assert!((least..=least + least / 4).contains(gap), "{gaps:?}");
    }
    assert!(gaps[3..].iter().any(|gap| *gap != gaps[3]), "not in step with others: {gaps:?}");
}

#[test]
fn a_word_brings_the_next_at_once_and_the_document_says_how_many_wait() {
    let (mut delivery, _) = delivery(Ok(Page { answers: true, samples: Vec::new() }), at(1));
    (1..=3).for_each(|n| delivery.counted(sample(n, 30 * n)));
    delivery.connected(at(100).mono);
    let mut waiting = Vec::new();
    let mut now = Now { mono: delivery.next_wake().expect("soon"), ..at(100) };
    for _ in 0..3 {
        let sent = step(&mut delivery, now).sent;
        assert_eq!(sent.len(), 1, "one at a time");
        assert!(step(&mut delivery, now).sent.is_empty(), "and not again at once");
        waiting.push(sent[0].waiting);
        now.mono += SECOND / 10;
        delivery.stored(&stored(&sent[0]), now.mono);
    }
    assert_eq!(waiting, [2, 1, 0]);
    assert!(step(&mut delivery, now).sent.is_empty(), "that was all");
}

#[test]
fn samples_go_to_the_flash_five_minutes_after_the_first_and_no_page_follows_another_sooner() {
    let (mut delivery, _) = delivery(Ok(Page { answers: true, samples: Vec::new() }), at(1));
    let mut pages = Vec::new();
    for second in 1..=1_800 {
        if second % 30 == 0 {
            delivery.counted(sample(second / 30, second));
        }
        for page in step(&mut delivery, at(second)).pages {
            pages.push((second, page.samples.len()));
            delivery.written(Ok(()), at(second).mono, &mut Vec::new());
        }
    }
    let every = WRITE_EVERY.as_secs();
    assert_eq!(pages[0], (30 + every, 11), "the oldest is no longer in memory only: {pages:?}");
    assert!(pages.windows(2).all(|two| two[1].0 - two[0].0 >= every), "{pages:?}");
    assert_eq!(pages.len(), 5, "{pages:?}");
}

#[test]
fn what_was_sent_and_nobody_said_a_word_of_goes_to_the_flash_too() {
    let (mut delivery, _) = delivery(Ok(Page { answers: true, samples: Vec::new() }), at(1));
    delivery.counted(sample(1, 30));
    delivery.connected(at(30).mono);
    let (mut sent, mut pages) = (0, Vec::new());
    for second in 30..=30 + WRITE_EVERY.as_secs() {
        let step = step(&mut delivery, at(second));
        sent += step.sent.len();
        pages.extend(step.pages);
    }
    assert!(sent > 5, "it was said again and again");
    assert_eq!((pages.len(), pages[0].samples.len()), (1, 1));
}

/// One sample is on the flash and known to be; what is written from here on is said by the caller.
fn with_one_on_the_flash() -> (Delivery, Sample) {
    let (mut delivery, _) = delivery(Ok(Page { answers: true, samples: Vec::new() }), at(1));
    let one = sample(1, 30);
    delivery.counted(one.clone());
    (delivery, one)
}

/// The next page, and when it is asked for.
fn next_page(delivery: &mut Delivery, after: Now) -> (Duration, Page) {
    for second in 0..=2 * WRITE_EVERY.as_secs() {
        let now = Now { mono: after.mono + Duration::from_secs(second), ..after };
        if let Some(page) = step(delivery, now).pages.pop() {
            return (now.mono, page);
        }
    }
    unreachable!("what is stored leaves the flash")
}

fn word_of(sample: &Sample) -> CountsStored {
    let SampleId { boot, seq } = sample.id.clone();
    let samples = vec![StoredSample { boot, seq, samples: Some(sample.samples) }];
    CountsStored { v: 1, ap: "gym-1".parse().expect("valid"), samples }
}

#[test]
fn what_was_stored_while_its_page_was_being_written_leaves_the_flash_with_the_next() {
    let (mut delivery, one) = with_one_on_the_flash();
    let (then, page) = next_page(&mut delivery, at(30));
    assert_eq!(page.samples.len(), 1);
    delivery.stored(&word_of(&one), then);
    delivery.written(Ok(()), then + SECOND, &mut Vec::new());
    let (_, page) = next_page(&mut delivery, Now { mono: then + 2 * SECOND, ..at(0) });
    assert!(page.samples.is_empty(), "{page:?}");
}

#[test]
fn a_page_that_could_not_be_written_is_written_again_although_nothing_new_came() {
    let (mut delivery, one) = with_one_on_the_flash();
    let (then, _) = next_page(&mut delivery, at(30));
    delivery.written(Ok(()), then, &mut Vec::new());
    delivery.stored(&word_of(&one), then + SECOND);
    let (then, page) = next_page(&mut delivery, Now { mono: then + SECOND, ..at(0) });
    assert!(page.samples.is_empty(), "it is stored");
    delivery.written(Err("read-only".to_owned()), then, &mut Vec::new());
    let (again, page) = next_page(&mut delivery, Now { mono: then + SECOND, ..at(0) });
    assert!(page.samples.is_empty() && again >= then + WRITE_EVERY, "{again:?} after {then:?}");
}

#[test]
fn an_agent_that_starts_again_and_again_does_not_wear_out_the_flash() {
    let (mut first, one) = with_one_on_the_flash();
    let (_, page) = next_page(&mut first, at(30));
    // Long after the machine's own start, the agent starts; what its flash holds is stored by then.
    let (mut second, said) = delivery(Ok(page), at(5_000));
    assert_eq!(said, ["counts found samples=1"]);
    second.stored(&word_of(&one), at(5_001).mono);
    let (then, page) = next_page(&mut second, at(5_001));
    assert!(page.samples.is_empty() && then == at(5_000).mono + WRITE_EVERY, "{then:?}");
}

#[test]
fn what_is_on_the_flash_is_sent_from_there_and_no_page_is_written_for_it() {
    let (mut first, _) = with_one_on_the_flash();
    (2..=80).for_each(|n| first.counted(sample(n, 30 * n)));
    let (_, page) = next_page(&mut first, at(30 * 80));
    assert_eq!(page.samples.len(), 80);
    let (mut second, _) = delivery(Ok(page), at(5_000));
    let mut now = at(5_000);
    second.connected(now.mono);
    let mut seqs = Vec::new();
    for _ in 0..2_000 {
        now.mono += SECOND / 20;
        let step = step(&mut second, now);
        assert!(step.pages.is_empty(), "not within five minutes");
        for counts in step.sent {
            seqs.push(counts.seq);
            second.stored(&stored(&counts), now.mono);
        }
    }
    assert_eq!(seqs, (1..=80).collect::<Vec<_>>());
}

#[test]
fn a_late_word_to_a_number_by_itself_says_nothing_of_the_summary_that_bears_it_now() {
    // It was sent by itself, the power went, and the flash had it still; now others went into it for want of room.
    let (mut delivery, _) = with_one_on_the_flash();
    (2..=SAMPLES_MAX as u64 + 1).for_each(|n| delivery.counted(sample(n, 30 * n)));
    let start = at(30 * 1_000);
    delivery.connected(start.mono);
    let mut now = start;
    let sent = loop {
        now.mono += SECOND;
        if let Some(sent) = step(&mut delivery, now).sent.pop() {
            break sent;
        }
        assert!(now.mono < start.mono + 4 * SECOND, "nothing is sent");
    };
    assert_eq!((sent.seq, sent.samples), (2, 2));
    assert_eq!(sent.networks[0].so_far, Some(SoFar { joins: 2, leaves: 0 }), "what came together by its end");
    let alone = StoredSample { samples: Some(1), ..StoredSample::of(&sent) };
    let word = CountsStored { samples: vec![alone], ..stored(&sent) };
    now.mono += SECOND;
    delivery.stored(&word, now.mono);
    assert!(step(&mut delivery, now).sent.is_empty(), "it is still on its way");
    now.mono += 7 * SECOND;
    assert_eq!(
        step(&mut delivery, now).sent,
        [Counts { age_ms: sent.age_ms.map(|age| age + 8_000), at_ms: sent.at_ms - 8_000, ..sent.clone() }]
    );
    // An older controller knows nothing of runs, and means whatever bears the number.
    let old =
        CountsStored { samples: vec![StoredSample { samples: None, ..StoredSample::of(&sent) }], ..stored(&sent) };
    delivery.stored(&old, now.mono);
    assert_eq!(step(&mut delivery, now).sent.pop().expect("the next").seq, 3);
}

#[test]
fn that_a_controller_has_words_is_remembered_over_a_power_cut() {
    let (mut delivery, _) = delivery(Ok(Page::default()), at(1));
    delivery.counted(sample(1, 30));
    delivery.connected(at(40).mono);
    let mut now = at(40);
    let sent = loop {
        assert!(now.mono < at(60).mono, "nothing is sent");
        now.mono += SECOND;
        if let Some(counts) = step(&mut delivery, now).sent.pop() {
            break counts;
        }
    };
    delivery.stored(&stored(&sent), now.mono);
    let (_, page) = next_page(&mut delivery, now);
    assert!(page.answers && page.samples.is_empty(), "{page:?}");
}

#[test]
fn one_of_several_that_was_stored_while_its_page_was_being_written_leaves_the_flash_too() {
    let (mut delivery, one) = with_one_on_the_flash();
    (2..=3).for_each(|n| delivery.counted(sample(n, 30)));
    let (then, page) = next_page(&mut delivery, at(30));
    assert_eq!(page.samples.len(), 3);
    delivery.stored(&word_of(&one), then);
    delivery.written(Ok(()), then + SECOND, &mut Vec::new());
    let (_, page) = next_page(&mut delivery, Now { mono: then + 2 * SECOND, ..at(0) });
    assert_eq!(page.samples.iter().map(|kept| kept.id.seq).collect::<Vec<_>>(), [2, 3]);
}
