//! The jealous eye: files that would overwrite one another, listeners on one port.

use std::net::SocketAddr;

use super::desk::{Desk, Found};
use super::table::Table;

/// Says which two things cannot be one: files that would overwrite one another, listeners on one port.
pub(super) fn look(desk: &mut Desk<'_>, root: &Table<'_, '_>) {
    const FILES: [(&str, &str); 6] = [
        ("key", "panel"),
        ("broker", "agents-password-file"),
        ("broker", "password-file"),
        ("store", "path"),
        ("signing", "key-file"),
        ("http", "token-file"),
    ];
    let text = |(section, key): (&'static str, &str)| {
        let value = root.value(section)?.get_ref().get(key)?;
        Some(Found { at: value.span().start, is: value.get_ref().as_str()? })
    };
    let mut seen: Vec<((&str, &str), Found<&str>)> = Vec::new();
    for name in FILES {
        let Some(file) = text(name) else { continue };
        if let Some((other, first)) = seen.iter().find(|(_, known)| known.is == file.is) {
            let what = format!(
                "{}: {} is the same file as {} {} on line {}; expected a file of its own",
                name.0,
                name.1,
                other.0,
                other.1,
                desk.line(first.at)
            );
            desk.complain(file.at, what);
        }
        seen.push((name, file));
    }
    let listen = |section| {
        let found = text((section, "listen"))?;
        Some(Found { at: found.at, is: found.is.parse::<SocketAddr>().ok()? })
    };
    if let (Some(broker), Some(http)) = (listen("broker"), listen("http"))
        && broker.is.port() == http.is.port()
        && (broker.is.ip() == http.is.ip() || broker.is.ip().is_unspecified())
    {
        let line = desk.line(broker.at);
        let what = format!("http: listen has the broker's port {} of line {line}; expected another", http.is.port());
        desk.complain(http.at, what);
    }
}
