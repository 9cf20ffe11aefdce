//! What is summarised where there is no room, and what never is: the oldest first, neighbours first, and nobody is lost.

use firmware_config::mode::Mode;
use firmware_config::wire::{NetworkCounts, SampleId};

use super::waiting::{ROWS_MAX, SAMPLES_MAX, Sample, Waiting};

const HOUR: u32 = 3_600;

/// `networks` rows, one device joined on each.
fn sample(boot: &str, seq: u64, interval_s: u32, mode: Mode, networks: usize) -> Sample {
    let row = |n| NetworkCounts {
        interface: format!("wlan{n}"),
        ssid: "shiomi".to_owned(),
        stations: 1,
        joins: 1,
        leaves: 0,
    };
    let id = SampleId { boot: boot.to_owned(), seq };
    Sample::new(id, 0, interval_s, mode, (0..networks).map(row).collect())
}

fn all(waiting: &Waiting) -> Vec<&Sample> {
    (0..waiting.how_many()).filter_map(|at| waiting.get(at)).collect()
}

fn joins(waiting: &Waiting) -> u32 {
    all(waiting).into_iter().flat_map(|sample| &sample.networks).map(|row| row.joins).sum()
}

#[test]
fn hours_become_quarters_of_a_day_before_anything_becomes_longer() {
    let mut waiting = Waiting::default();
    let many = SAMPLES_MAX + 400;
    for seq in 0..many as u64 {
        waiting.push(sample("boot-1", seq, HOUR, Mode::Disaster, 1), true);
    }
    let kept = all(&waiting);
    assert_eq!((kept.len(), waiting.losses()), (SAMPLES_MAX, (400, 0)));
    assert_eq!(kept.iter().map(|sample| sample.interval_s).max(), Some(6 * HOUR));
    assert_eq!(kept[0].interval_s, 6 * HOUR, "the oldest first");
    assert_eq!(kept[SAMPLES_MAX - 1].interval_s, HOUR, "and not the newest");
    assert_eq!(joins(&waiting) as usize, many, "nobody who came is lost");
}

#[test]
fn samples_of_two_modes_and_of_two_starts_stay_apart_as_long_as_anything_else_is_left() {
    let mut waiting = Waiting::default();
    waiting.push(sample("boot-1", 1, 30, Mode::Drill, 1), true);
    waiting.push(sample("boot-1", 2, 30, Mode::Disaster, 1), true);
    waiting.push(sample("boot-2", 1, 30, Mode::Disaster, 1), true);
    for seq in 2..SAMPLES_MAX as u64 + 10 {
        waiting.push(sample("boot-2", seq, 30, Mode::Disaster, 1), true);
    }
    let kept = all(&waiting);
    assert_eq!(kept.len(), SAMPLES_MAX);
    let first: Vec<_> = kept[..2].iter().map(|it| (it.id.boot.as_str(), it.id.seq, it.samples)).collect();
    assert_eq!(first, [("boot-1", 1, 1), ("boot-1", 2, 1)]);
    assert!(kept[2].samples > 1, "these were neighbours");
}

#[test]
fn rows_have_a_limit_of_their_own_and_what_may_have_been_sent_never_changes() {
    let mut waiting = Waiting::default();
    let rows = 32;
    waiting.push(sample("boot-1", 0, 30, Mode::Disaster, rows), true);
    waiting.say(0);
    for seq in 1..200 {
        waiting.push(sample("boot-1", seq, 30, Mode::Disaster, rows), true);
    }
    let kept = all(&waiting);
    assert!(kept.iter().map(|sample| sample.networks.len()).sum::<usize>() <= ROWS_MAX);
    assert_eq!(kept.len(), ROWS_MAX / rows, "no more was summarised than there was need for");
    assert_eq!((kept[0].id.seq, kept[0].samples), (0, 1), "the controller may know it by its number");
    assert_eq!(joins(&waiting), 200 * 32);
}

#[test]
fn networks_of_other_names_stand_side_by_side_and_no_sample_gets_more_rows_than_are_read() {
    let mut waiting = Waiting::default();
    for seq in 0..200 {
        let mut one = sample("boot-1", seq, 30, Mode::Disaster, 40);
        one.networks.iter_mut().for_each(|row| row.ssid = format!("net-{}", seq % 4));
        waiting.push(one, true);
    }
    let kept = all(&waiting);
    assert!(kept.iter().all(|sample| sample.networks.len() <= 64), "the controller reads no more");
    assert!(kept.iter().map(|sample| sample.networks.len()).sum::<usize>() <= ROWS_MAX);
}

#[test]
fn where_nobody_answers_what_was_sent_is_forgotten_before_anything_is_summarised() {
    let mut waiting = Waiting::default();
    for seq in 0..SAMPLES_MAX as u64 {
        waiting.push(sample("boot-1", seq, 30, Mode::Disaster, 1), false);
    }
    (0..3).for_each(|at| waiting.say(at));
    assert_eq!(waiting.first_unsaid(), Some(3));
    for seq in 0..5 {
        waiting.push(sample("boot-1", 10_000 + seq, 30, Mode::Disaster, 1), false);
    }
    assert_eq!(waiting.losses(), (2, 3));
    assert_eq!(waiting.first_unsaid(), Some(0));
}

#[test]
fn neighbours_become_one_although_their_networks_have_other_names() {
    let mut waiting = Waiting::default();
    for seq in 0..500 {
        let mut one = sample("boot-1", seq, 30, Mode::Disaster, 9);
        one.networks.iter_mut().for_each(|row| row.ssid = format!("net-{}", seq % 2));
        waiting.push(one, true);
    }
    assert_eq!(all(&waiting)[0].networks.len(), 18, "both names' rows");
    assert_eq!(joins(&waiting), 500 * 9);
}

#[test]
fn one_that_took_in_what_lies_on_the_flash_waits_for_the_flash_as_that_did() {
    let mut waiting = Waiting::default();
    // The page marks the oldest 64; the 65th lies there as one that was not sent.
    (0..65).for_each(|seq| waiting.push(sample("boot-1", seq, 30, Mode::Disaster, 1), true));
    waiting.page(true, true, 0, 0);
    for seq in 65..=SAMPLES_MAX as u64 {
        waiting.push(sample("boot-1", seq, 30, Mode::Disaster, 1), true);
    }
    let kept = all(&waiting);
    assert_eq!((kept.len(), kept[64].id.seq, kept[64].samples), (SAMPLES_MAX, 65, 2));
    assert!(kept[64].lies() && !kept[65].lies(), "the agent of after a power cut knows the 65th only");
}
