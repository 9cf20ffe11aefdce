//! A seed is a history: played twice, it is the same to the last word.

use sim::history::play;

#[test]
fn a_seed_played_twice_is_the_same_history() {
    for seed in 0..20 {
        let (first, again) = (play(seed), play(seed));
        assert_eq!(first.story, again.story, "seed {seed}");
        assert_eq!(first.faults, again.faults, "seed {seed}");
        assert_eq!(first.broken, None, "seed {seed}");
    }
}
