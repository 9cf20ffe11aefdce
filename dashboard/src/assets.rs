//! What a page loads beside itself: one stylesheet, one script, one icon; in the program, under names that change with them.

use std::sync::LazyLock;

/// A file the browser may keep for ever: its name carries its content's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Path from the root, such as `/assets/hirake-1f2e….css`.
    pub path: String,
    /// Content type.
    pub mime: &'static str,
    /// Content.
    pub bytes: &'static [u8],
}

const CSS: &[u8] = include_bytes!("../assets/hirake.css");
const JS: &[u8] = include_bytes!("../assets/hirake.js");
const ICON: &[u8] = include_bytes!("../assets/hirake.svg");

/// FNV-1a, 64 bits: tells two builds apart; nothing secret hangs on it.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        ("css", "text/css; charset=utf-8", CSS),
        ("js", "text/javascript; charset=utf-8", JS),
        ("svg", "image/svg+xml", ICON),
    ]
    .map(|(ending, mime, bytes)| Asset {
        path: format!("/assets/hirake-{:016x}.{ending}", hash(bytes)),
        mime,
        bytes,
    })
});

/// Every asset.
#[must_use]
pub fn assets() -> &'static [Asset] {
    ASSETS.as_slice()
}

/// The stylesheet's path.
pub(crate) fn css_path() -> &'static str {
    &ASSETS[0].path
}

/// The script's path.
pub(crate) fn js_path() -> &'static str {
    &ASSETS[1].path
}

/// The icon's path.
pub(crate) fn icon_path() -> &'static str {
    &ASSETS[2].path
}

/// A hash of how pages look that carry `text` too: other style, script or text, other hash.
pub(crate) fn look(text: &str) -> u64 {
    let paths = ASSETS.iter().flat_map(|asset| asset.path.bytes());
    hash(&paths.chain(text.bytes()).collect::<Vec<_>>())
}
