//! The key on the wall, as firmware-config knows any key switch, and what of it survives a restart.

pub use firmware_config::key::{ContactReading, KeyFault, KeyPosition};
use firmware_config::wire::WallMs;

/// What of the key survives a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyMemory {
    /// The position last sworn to, and since when.
    pub position: Option<(KeyPosition, WallMs)>,
    /// Why the key is left out of account, where it is.
    pub isolated: Option<String>,
}
