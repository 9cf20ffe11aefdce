//! Patterns in, on and off out: what makes a lamp blink.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::core::Pattern;

/// On or off, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Levels {
    pub(super) lamp: bool,
    pub(super) buzzer: bool,
}

/// Half a second on, half a second off.
const BLINK: &[u64] = &[500, 500];
/// Two short flashes and a pause.
const ALARM: &[u64] = &[150, 150, 150, 1_050];

/// Plays until nobody gives patterns any more. A pattern begins when it is told, lamp and buzzer together.
pub(super) async fn play(mut told: watch::Receiver<(Pattern, Pattern)>, levels: watch::Sender<Levels>) {
    loop {
        let (lamp, buzzer) = *told.borrow_and_update();
        let begun = Instant::now();
        loop {
            let now = begun.elapsed();
            let ((lamp, lamp_until), (buzzer, buzzer_until)) = (level(lamp, now), level(buzzer, now));
            levels.send_if_modified(|before| {
                let new = Levels { lamp, buzzer };
                std::mem::replace(before, new) != new
            });
            let until = lamp_until.into_iter().chain(buzzer_until).min();
            let changed = match until {
                Some(until) => tokio::time::timeout_at(begun + until, told.changed()).await,
                None => Ok(told.changed().await),
            };
            match changed {
                Ok(Ok(())) => break,
                Ok(Err(_)) => return,
                Err(_) => {}
            }
        }
    }
}

/// Whether a pattern is on at `now` after its beginning, and until when.
fn level(pattern: Pattern, now: Duration) -> (bool, Option<Duration>) {
    let steps = match pattern {
        Pattern::Off => return (false, None),
        Pattern::Steady => return (true, None),
        Pattern::Blink => BLINK,
        Pattern::Alarm => ALARM,
    };
    let length: u64 = steps.iter().sum();
    let now = u64::try_from(now.as_millis()).unwrap_or(0);
    let mut end = now - now % length;
    for (index, step) in steps.iter().enumerate() {
        end += step;
        if now < end {
            return (index % 2 == 0, Some(Duration::from_millis(end)));
        }
    }
    (false, Some(Duration::from_millis(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(pattern: Pattern) -> String {
        (0..30).map(|tick| if level(pattern, Duration::from_millis(tick * 100)).0 { '#' } else { '.' }).collect()
    }

    #[test]
    fn patterns_look_as_they_are_described() {
        assert_eq!(drawn(Pattern::Off), "..............................");
        assert_eq!(drawn(Pattern::Steady), "##############################");
        assert_eq!(drawn(Pattern::Blink), "#####.....#####.....#####.....");
        assert_eq!(drawn(Pattern::Alarm), "##.##..........##.##..........");
    }

    #[tokio::test]
    async fn a_new_pattern_begins_at_once() {
        // Shows that a lamp in the dark half of its blinking is lit the moment it is told to be steady.
        let signals = watch::Sender::new((Pattern::Blink, Pattern::Off));
        let (levels, mut lights) = watch::channel(Levels::default());
        tokio::spawn(play(signals.subscribe(), levels));
        lights.wait_for(|now| now.lamp).await.expect("first half");
        lights.wait_for(|now| !now.lamp).await.expect("second half");
        let dark = Instant::now();
        signals.send_replace((Pattern::Steady, Pattern::Steady));
        lights.wait_for(|now| now.lamp && now.buzzer).await.expect("steady");
        assert!(dark.elapsed() < Duration::from_millis(400), "not the next turn of the blinking, 500 ms away");
    }
}
