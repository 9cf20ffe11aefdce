//! Keeps the devices of two prepared networks apart where both are ports of one bridge.
//!
//! hostapd's `ap_isolate` ends at its own radio: frames from a device on one radio would still cross the bridge to a
//! device on another. Linux forwards nothing between two ports that are isolated (bridge(8), `isolated on`; since 4.18);
//! the port towards the town's line is not, and is reached from both.

use std::fs;
use std::io;
use std::path::PathBuf;

/// Isolates the interface's port of its bridge, if it is a port of one. To be asked again whenever it may be new.
///
/// # Errors
/// The kernel refuses, or is older than 4.18.
pub fn isolate(interface: &str) -> io::Result<()> {
    if interface.contains('/') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "an interface's name has no '/'"));
    }
    let port: PathBuf = ["/sys/class/net", interface, "brport"].iter().collect();
    if !port.exists() {
        return Ok(());
    }
    let isolated = port.join("isolated");
    if fs::read_to_string(&isolated)?.trim() == "1" {
        return Ok(());
    }
    fs::write(isolated, "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_in_no_bridge_needs_nothing_and_a_path_is_no_interface() {
        assert!(isolate("lo").is_ok() && isolate("not-there").is_ok());
        assert!(isolate("../../etc").is_err());
    }
}
