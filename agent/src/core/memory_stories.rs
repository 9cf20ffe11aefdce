//! What is summarised where there is no room, and what never is: the oldest first, neighbours alone, and what is forgotten.

use std::sync::Arc;

use firmware_config::mode::Mode;
use firmware_config::wire::{NetworkCounts, SampleId, SoFar, StoredSample};

use super::waiting::{PIECES_MAX, PIECES_ROWS_MAX, ROWS_MAX, SAMPLES_MAX, Sample, Waiting};

const HOUR: u32 = 3_600;

/// `networks` rows, one device joined on each.
fn sample(boot: &str, seq: u64, interval_s: u32, mode: Mode, networks: usize) -> Sample {
    let row = |n| NetworkCounts {
        interface: format!("wlan{n}"),
        ssid: "shiomi".to_owned(),
        stations: 1,
        joins: 1,
        leaves: 0,
        so_far: Some(SoFar { joins: u32::try_from(seq).expect("small"), leaves: 0 }),
    };
    let id = SampleId { boot: boot.to_owned(), seq };
    Sample::new(id, 0, interval_s, mode, (0..networks).map(row).collect())
}

/// That sample, counted 30 s after the one before it.
fn at_its_time(sample: Sample) -> Sample {
    let mono_ms = 30_000 * i64::try_from(sample.id.seq).expect("small");
    Sample::new(sample.id, mono_ms, sample.interval_s, sample.mode, sample.networks.to_vec())
}

fn all(waiting: &Waiting) -> Vec<&Sample> {
    (0..waiting.how_many()).filter_map(|at| waiting.get(at)).collect()
}

fn joins(waiting: &Waiting) -> u32 {
    all(waiting).into_iter().flat_map(|sample| sample.networks.iter()).map(|row| row.joins).sum()
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
fn samples_of_two_modes_and_of_two_starts_stay_apart() {
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
fn rows_have_a_limit_of_their_own_and_what_was_sent_in_this_start_never_changes() {
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
        Arc::make_mut(&mut one.networks).iter_mut().for_each(|row| row.ssid = format!("net-{}", seq % 4));
        waiting.push(one, true);
    }
    let kept = all(&waiting);
    assert!(kept.iter().all(|sample| sample.networks.len() <= 64), "the controller reads no more");
    assert_eq!((waiting.losses(), joins(&waiting)), ((0, 0), 200 * 40));
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
        Arc::make_mut(&mut one.networks).iter_mut().for_each(|row| row.ssid = format!("net-{}", seq % 2));
        waiting.push(one, true);
    }
    assert_eq!(all(&waiting)[0].networks.len(), 18, "both names' rows");
    assert_eq!(joins(&waiting), 500 * 9);
}

#[test]
fn where_power_fails_again_and_again_each_start_is_a_sample_and_nobody_who_came_is_lost() {
    let mut waiting = Waiting::default();
    for boot in 0..PIECES_MAX {
        for seq in 1..=3 {
            waiting.push(sample(&format!("boot-{boot}"), seq, 30, Mode::Disaster, PIECES_ROWS_MAX / PIECES_MAX), true);
        }
    }
    assert_eq!((waiting.losses(), waiting.how_many()), ((2 * PIECES_MAX as u64, 0), PIECES_MAX));
    assert_eq!(joins(&waiting) as usize, 3 * PIECES_ROWS_MAX);
    let whole = |kept: &&Sample| (kept.id.seq, kept.samples, kept.interval_s) == (3, 3, 90);
    assert_eq!(all(&waiting).iter().filter(|kept| whole(kept)).count(), PIECES_MAX);
}

#[test]
fn what_tells_of_nobody_goes_before_anybody_is_forgotten_and_only_where_there_is_no_room() {
    let with = |boot: &str, mode, people: &[u32]| {
        let mut one = sample(boot, 1, 30, mode, people.len());
        for (row, people) in Arc::make_mut(&mut one.networks).iter_mut().zip(people) {
            (row.stations, row.joins, row.leaves) = (people & 1, (people >> 1) & 1, people >> 2);
        }
        one
    };
    let mut waiting = Waiting::default();
    waiting.push(with("sent", Mode::Normal, &[0]), true);
    waiting.say(0);
    // Whoever stayed, came or went is somebody.
    let each = [1, 0, 2, 4];
    for boot in 0..SAMPLES_MAX / 2 - 1 {
        waiting.push(with(&format!("boot-{boot}"), Mode::Normal, &[0, 0]), true);
        waiting.push(with(&format!("boot-{boot}"), Mode::Disaster, &each), true);
    }
    waiting.push(with("last", Mode::Normal, &[0]), true);
    assert_eq!((waiting.how_many(), all(&waiting)[1].networks.len()), (SAMPLES_MAX, 2), "there is room");
    waiting.push(with("last", Mode::Disaster, &each), true);
    let kept = all(&waiting);
    assert_eq!(kept.len(), 1 + SAMPLES_MAX / 2, "all that had nobody are gone");
    assert_eq!((kept[0].id.boot.as_str(), kept[0].networks.len()), ("sent", 1), "what was sent stays as it is");
    assert!(kept[1..].iter().all(|kept| kept.mode == Mode::Disaster && kept.networks.len() == 3), "and rows of nobody");
    for boot in 0..SAMPLES_MAX {
        waiting.push(with(&format!("more-{boot}"), Mode::Disaster, &each), true);
    }
    assert_eq!(waiting.how_many(), 1 + SAMPLES_MAX / 2 + SAMPLES_MAX);
    assert_eq!((waiting.losses(), joins(&waiting) as usize), ((0, 0), SAMPLES_MAX / 2 + SAMPLES_MAX));
}

#[test]
fn what_is_left_of_a_sample_says_which_numbers_it_covers() {
    let mut waiting = Waiting::default();
    for boot in 0..=SAMPLES_MAX {
        let mut one = sample(&format!("boot-{boot}"), 1, 30, Mode::Disaster, 3);
        let rows = Arc::make_mut(&mut one.networks);
        (rows[0].stations, rows[0].joins) = (0, 0);
        // Of the first, nobody is on the only network that says what came together.
        rows[1..].iter_mut().filter(|_| boot == 0).for_each(|row| row.so_far = None);
        waiting.push(one, true);
    }
    let rows: Vec<_> = all(&waiting).iter().map(|kept| kept.networks.len()).collect();
    assert_eq!((rows.len(), rows[0], rows[1], rows[SAMPLES_MAX]), (SAMPLES_MAX + 1, 3, 2, 2));
}

#[test]
fn neighbours_that_had_too_many_rows_together_become_one_without_those_of_nobody() {
    let mut waiting = Waiting::default();
    for seq in 1..=ROWS_MAX as u64 / 40 + 1 {
        let mut one = sample("boot-1", seq, 30, Mode::Disaster, 40);
        let rows = Arc::make_mut(&mut one.networks);
        rows.iter_mut().for_each(|row| row.ssid = format!("net-{}", seq % 2));
        rows[10..].iter_mut().for_each(|row| (row.stations, row.joins) = (0, 0));
        waiting.push(one, true);
    }
    let first = all(&waiting)[0];
    assert_eq!((first.samples, first.networks.len()), (2, 20));
    assert_eq!(
        all(&waiting).last().map(|kept| (kept.samples, kept.networks.len())),
        Some((1, 10)),
        "no more than that"
    );
}

#[test]
fn what_was_let_go_leaves_the_flash_and_what_is_left_of_a_sample_is_there() {
    let mut waiting = Waiting::default();
    let push = |waiting: &mut Waiting, boot: usize, people: u32| {
        let mut one = sample(&format!("boot-{boot}"), 1, 30, Mode::Disaster, 2);
        Arc::make_mut(&mut one.networks)[0].joins = 0;
        Arc::make_mut(&mut one.networks)[0].stations = 0;
        Arc::make_mut(&mut one.networks)[1].joins = people;
        Arc::make_mut(&mut one.networks)[1].stations = 0;
        waiting.push(at_its_time(one), true);
    };
    (0..SAMPLES_MAX).for_each(|boot| push(&mut waiting, boot, u32::from(boot != 1)));
    let page = waiting.page(true, true, PIECES_MAX, 0, 0);
    waiting.written(&page);
    push(&mut waiting, SAMPLES_MAX, 1);
    let left: Vec<_> = all(&waiting)[..2].iter().map(|kept| (kept.id.boot.as_str(), kept.networks.len())).collect();
    assert_eq!(left, [("boot-0", 1), ("boot-2", 1)]);
    assert_eq!(waiting.unsaved_since(true), Some(0), "the flash has one more");
    let page = waiting.page(true, true, PIECES_MAX, 0, 0);
    waiting.written(&page);
    assert_eq!(waiting.unsaved_since(true), None);
    assert_eq!((page.samples.len(), page.samples[0].networks.len()), (SAMPLES_MAX, 1));
}

#[test]
fn beyond_a_week_of_that_the_oldest_start_is_forgotten_and_nothing_else_is() {
    let mut waiting = Waiting::default();
    // A start, a sample, and the power goes: so many times.
    for boot in 0..PIECES_MAX + 5 {
        waiting.push(sample(&format!("boot-{boot}"), 1, 30, Mode::Disaster, 1), true);
    }
    assert_eq!((waiting.losses(), waiting.how_many()), ((0, 5), PIECES_MAX));
    assert_eq!(all(&waiting)[0].id.boot, "boot-5");
    // One after it in its start has a neighbour in it.
    waiting.push(sample(&format!("boot-{}", PIECES_MAX + 4), 2, 30, Mode::Disaster, 1), true);
    assert_eq!((waiting.losses(), waiting.how_many()), ((1, 5), PIECES_MAX));
    // Rows have a limit of their own.
    let mut waiting = Waiting::default();
    let most = PIECES_ROWS_MAX / 64;
    for boot in 0..=most {
        waiting.push(sample(&format!("boot-{boot}"), 1, 30, Mode::Disaster, 64), true);
    }
    assert_eq!((waiting.losses(), waiting.how_many()), ((0, 1), most));
}

#[test]
fn starts_without_end_take_no_more_of_the_flash_than_there_is_and_say_what_is_on_it() {
    let mut waiting = Waiting::default();
    for boot in 0..PIECES_MAX {
        waiting.push(sample(&format!("boot-{boot}"), 1, 30, Mode::Disaster, 1), true);
    }
    let page = waiting.page(true, true, PIECES_MAX, 0, 0);
    assert_eq!(page.samples.len(), PIECES_MAX);
    waiting.written(&page);
    assert_eq!(waiting.unsaved_since(true), None);
    waiting.push(sample("one more", 1, 30, Mode::Disaster, 1), true);
    assert_eq!(waiting.unsaved_since(true), Some(0), "the first is on the flash, and is not here");
}

#[test]
fn numbers_between_which_one_is_missing_are_no_neighbours() {
    let mut waiting = Waiting::default();
    for seq in 1..=SAMPLES_MAX as u64 {
        waiting.push(sample("boot-1", 2 * seq, 30, Mode::Disaster, 1), true);
    }
    waiting.push(sample("boot-1", 2 * SAMPLES_MAX as u64 + 1, 30, Mode::Disaster, 1), true);
    let kept = all(&waiting);
    assert_eq!(
        (kept[0].id.seq, kept[0].samples),
        (2, 1),
        "the one between may be stored, and be counted again with them"
    );
    assert_eq!((kept[SAMPLES_MAX - 1].id.seq, kept[SAMPLES_MAX - 1].samples), (2 * SAMPLES_MAX as u64 + 1, 2));
    // The next number after a summary is its neighbour.
    waiting.push(sample("boot-1", 2 * SAMPLES_MAX as u64 + 2, 30, Mode::Disaster, 1), true);
    assert_eq!(all(&waiting)[SAMPLES_MAX - 1].samples, 3);
}

#[test]
fn of_a_summary_the_sum_up_to_its_end_is_kept_of_networks_that_ended_before_too() {
    let with = |seq, rows: &[(&str, u32)]| {
        let mut one = sample("boot-1", seq, 30, Mode::Disaster, 0);
        let rows = rows
            .iter()
            .map(|(interface, so_far)| NetworkCounts {
                interface: (*interface).to_owned(),
                ssid: "shiomi".to_owned(),
                stations: 0,
                joins: 1,
                leaves: 1,
                so_far: Some(SoFar { joins: *so_far, leaves: 2 * so_far }),
            })
            .collect();
        one.networks = Arc::new(rows);
        one
    };
    let mut waiting = Waiting::default();
    waiting.push(with(1, &[("ended", 4), ("goes on", 1)]), true);
    waiting.push(with(2, &[("goes on", 2), ("began", 1)]), true);
    (3..=SAMPLES_MAX as u64 + 1).for_each(|seq| waiting.push(with(seq, &[("else", 0)]), true));
    let mut rows: Vec<_> =
        all(&waiting)[0].networks.iter().map(|row| (row.interface.as_str(), row.joins, row.so_far)).collect();
    rows.sort_by_key(|row| row.0);
    let sum = |joins| Some(SoFar { joins, leaves: 2 * joins });
    assert_eq!(rows, [("began", 1, sum(1)), ("ended", 1, sum(4)), ("goes on", 2, sum(2))]);
}

#[test]
fn a_summary_of_what_was_never_written_has_waited_for_the_flash_as_long_as_the_oldest_in_it() {
    let mut waiting = Waiting::default();
    (0..SAMPLES_MAX).for_each(|boot| waiting.push(sample(&format!("boot-{boot}"), 1, 30, Mode::Disaster, 1), true));
    let page = waiting.page(true, true, PIECES_MAX, 0, 0);
    waiting.written(&page);
    (1..=3).for_each(|seq| waiting.push(at_its_time(sample("this", seq, 30, Mode::Disaster, 1)), true));
    assert_eq!((waiting.how_many(), waiting.losses()), (SAMPLES_MAX + 1, (2, 0)));
    assert_eq!(waiting.unsaved_since(true), Some(30_000));
}

#[test]
fn what_lies_on_the_flash_and_went_into_a_summary_since_leaves_it_when_the_summary_is_stored() {
    let mut waiting = Waiting::default();
    let push = |waiting: &mut Waiting, seq: u64| {
        waiting.push(at_its_time(sample("boot-1", seq, 30, Mode::Disaster, 1)), true);
    };
    push(&mut waiting, 1);
    let page = waiting.page(true, true, PIECES_MAX, 30_000, 0);
    waiting.written(&page);
    assert_eq!(waiting.unsaved_since(true), None);
    (2..=SAMPLES_MAX as u64 + 1).for_each(|seq| push(&mut waiting, seq));
    let word = StoredSample { boot: "boot-1".to_owned(), seq: 2, samples: Some(2) };
    waiting.stored(&word);
    assert_eq!(waiting.how_many(), SAMPLES_MAX - 1);
    assert_eq!(waiting.unsaved_since(true), Some(0), "the first of the two is there still");
    let page = waiting.page(true, true, PIECES_MAX, 30_000, 0);
    waiting.written(&page);
    assert_eq!(waiting.unsaved_since(true), None, "and is not there any more");
}

#[test]
fn a_sample_of_an_older_agents_page_stays_as_it_is() {
    let mut waiting = Waiting::default();
    for seq in 1..=3 {
        let mut old = sample("boot-1", seq, 30, Mode::Disaster, 1);
        Arc::make_mut(&mut old.networks)[0].so_far = None;
        waiting.push(old, true);
    }
    (4..=SAMPLES_MAX as u64 + 1).for_each(|seq| waiting.push(sample("boot-1", seq, 30, Mode::Disaster, 1), true));
    let first: Vec<_> = all(&waiting)[..4].iter().map(|it| (it.id.seq, it.samples)).collect();
    assert_eq!(first, [(1, 1), (2, 1), (3, 1), (5, 2)], "what came together by their ends is not known");
}
