//! The map wall: what each AP was ordered, says and was seen doing; where it stands.

/// What the controller itself can say about an AP that is not settled; the dashboard has a sentence for each.
pub const WHY: &[&str] = &[
    "never-heard",
    "not-heard",
    "offline",
    "no-report",
    "no-order",
    "not-told",
    "newer-order",
    "applying",
    "drill-over",
    "wrong-facility",
    "wrong-mode",
    "open-unordered",
    "not-on-air",
];
