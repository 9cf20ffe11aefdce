//! The lamp at the key: how far the town is, in one light and one sound.

use firmware_config::mode::Mode;

use super::Pattern;
use super::fleet::Tally;

/// Whether the share the town agreed on is reached: of the APs to be open where any is, else of those that are heard.
/// An AP that was dead on an ordinary day must not keep the lamp blinking after a closing.
#[must_use]
pub fn enough(mode: Mode, tally: Tally, share_percent: u8) -> bool {
    let (there, of) =
        if mode.is_open() { (tally.open, tally.to_open) } else { (tally.settled, tally.aps - tally.silent) };
    there * 100 >= of * usize::from(share_percent)
}

/// Lamp and buzzer. `left_open`: an AP is on the air with no activation in force, which the lamp shows and the buzzer
/// does not say: nothing is wrong with the key. `arrived` is [`enough`], now or (in normal mode) at any time since the order.
#[must_use]
pub fn signal(key_fault: bool, left_open: bool, mode: Mode, arrived: bool) -> (Pattern, Pattern) {
    let lamp = match (mode.is_open(), arrived) {
        _ if key_fault => return (Pattern::Alarm, Pattern::Alarm),
        (false, _) if left_open => Pattern::Alarm,
        (_, false) => Pattern::Blink,
        (true, true) => Pattern::Steady,
        (false, true) => Pattern::Off,
    };
    (lamp, Pattern::Off)
}
