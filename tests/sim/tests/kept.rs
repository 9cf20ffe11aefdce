//! Every seed that broke a promise once is played again, for ever.

use sim::history::play;
use sim::kept::kept;

#[test]
fn seeds_that_broke_a_promise_once_keep_every_promise() {
    let kept = kept().expect("every line is a seed and what it found");
    let broken: Vec<String> = kept
        .iter()
        .filter_map(|(seed, found)| play(*seed).broken.map(|why| format!("{seed} ({found}): {why}")))
        .collect();
    assert!(!kept.is_empty() && broken.is_empty(), "{broken:#?}");
}
