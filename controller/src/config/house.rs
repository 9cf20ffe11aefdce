//! The house's own tables: broker, store, signing key, HTTP, and what counts as enough.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::BrokerConfig;
use super::desk::{Desk, Found, quoted};
use super::table::Table;
use crate::secrets::agents::{AgentsSecret, SECRET_EXPECTED};
use crate::store::keep::Keep;

/// Where agents reach the broker inside, where the file does not say: MQTT's own port on every address.
pub const BROKER_LISTEN: &str = "0.0.0.0:1883";
/// MQTT's port, for an outside broker named without one.
pub const MQTT_PORT: u16 = 1883;
/// The SQLite file, where the file does not say.
pub const STORE_PATH: &str = "/var/lib/hirake/hirake.db";
/// The town's signing key, where the file does not say.
pub const SIGNING_KEY: &str = "/var/lib/hirake/town.key";
/// Where the dashboard listens, where the file does not say.
pub const HTTP_LISTEN: &str = "127.0.0.1:8080";
/// What a store may be told to keep: a month, so that a slip of the pen deletes no disaster that is still going on, to a
/// hundred years.
const KEEP_DAYS: (u32, u32) = (30, 36_500);
/// Longest user name for an outside broker.
pub const USER_MAX: usize = 100;

const SOCKET_ALLOWED: &str = "ADDRESS:PORT in figures, such as 127.0.0.1:8080 or [::1]:8080, port 1 to 65535";
const OUTSIDE_ALLOWED: &str = "mqtt://HOST:PORT, such as mqtt://192.0.2.7:1883";

pub(super) fn broker(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> Option<BrokerConfig> {
    let Some(table) = root.table(desk, "broker", "broker") else {
        if root.has("broker") {
            return None;
        }
        return Some(BrokerConfig::Inside { listen: fixed(BROKER_LISTEN), agents_password_file: None });
    };
    let broker = if table.has("outside") { outside(desk, &table) } else { inside(desk, &table) };
    table.finish(desk);
    broker
}

fn inside(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<BrokerConfig> {
    for key in ["user", "password-file"] {
        if table.has(key) {
            let at = table.place(key);
            desk.complain(at, format!("broker: {key} belongs to a broker outside; expected it only beside outside"));
        }
    }
    let listen = if table.has("listen") { socket(desk, table, "listen") } else { Some(fixed(BROKER_LISTEN)) };
    let agents_password_file = agents_secret(desk, table, "the start needs it");
    if !table.has("agents-password-file") {
        desk.note(
            table.at,
            "broker: without agents-password-file whoever reaches the port may connect (orders stay signed)",
        );
    }
    Some(BrokerConfig::Inside { listen: listen?, agents_password_file })
}

fn outside(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<BrokerConfig> {
    if table.has("listen") {
        let what = "broker: listen belongs to the broker inside; expected it only without outside";
        desk.complain(table.place("listen"), what);
    }
    let agents_password_file = agents_secret(desk, table, "hirake render and hirake passwords need it");
    let address = table.text(desk, "outside", OUTSIDE_ALLOWED);
    let host = address.and_then(|address| {
        let host = host_and_port(address.is);
        if host.is_none() {
            if address.is.contains('@') {
                table.refuse_unseen(desk, "outside", "mqtt://HOST:PORT; a login belongs in user and password-file");
                return None;
            }
            let allowed = if address.is.starts_with("mqtts:") || address.is.starts_with("ssl:") {
                "mqtt://HOST:PORT; TLS to an outside broker is not built in, let a tunnel on this machine do it"
            } else {
                OUTSIDE_ALLOWED
            };
            table.refuse(desk, "outside", allowed);
        }
        host
    });
    let user_allowed = format!("1 to {USER_MAX} characters on one line");
    let user = table.text(desk, "user", &user_allowed);
    if user
        .is_some_and(|user| !(1..=USER_MAX).contains(&user.is.chars().count()) || user.is.chars().any(char::is_control))
    {
        table.refuse(desk, "user", &user_allowed);
    }
    let password = secret(desk, table, "password-file");
    match (table.has("user"), table.has("password-file")) {
        (true, false) => {
            desk.miss(table.place("user"), "broker: has a user without password-file; expected both or neither");
        }
        (false, true) => {
            desk.miss(
                table.place("password-file"),
                "broker: has password-file without a user; expected both or neither",
            );
        }
        _ => {}
    }
    let (host, port) = host?;
    let login = user.zip(password).map(|(user, password)| (user.is.to_owned(), password));
    Some(BrokerConfig::Outside { host, port, login, agents_password_file })
}

/// The file with the secret of the agents' passwords. A short one is to be mended, and opens the town all the same.
fn agents_secret(desk: &mut Desk<'_>, table: &Table<'_, '_>, needed: &str) -> Option<PathBuf> {
    const KEY: &str = "agents-password-file";
    let file = secret_needed(desk, table, KEY, needed)?;
    let is_file = std::fs::metadata(&file).is_ok_and(|meta| meta.is_file());
    if is_file && AgentsSecret::read(&file).is_ok_and(|secret| secret.is_short()) {
        let shown = quoted(&file.to_string_lossy());
        let why = "holds a secret that whoever steals one access point could find by trying";
        desk.mismatch(table.place(KEY), format!("broker: {KEY} {shown} {why}; expected {SECRET_EXPECTED}"));
    }
    Some(file)
}

/// `mqtt://HOST[:PORT]`, HOST a name, an IPv4 address or an IPv6 address in brackets.
fn host_and_port(address: &str) -> Option<(String, u16)> {
    let rest = address.strip_prefix("mqtt://")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[') {
        Some(v6) => {
            let (host, after) = v6.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let port = port.map_or(Some(MQTT_PORT), |port| port.parse().ok()).filter(|port| *port != 0)?;
    (!host.is_empty() && host.len() <= 253 && host.chars().all(plain)).then(|| (host.to_owned(), port))
}

/// Where the store lies, and for how long it keeps what.
pub(super) fn store(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> (Option<PathBuf>, Keep) {
    let Some(table) = root.table(desk, "store", "store") else {
        return ((!root.has("store")).then(|| PathBuf::from(STORE_PATH)), Keep::default());
    };
    let path = table.path(desk, "path").map(|found| found.is);
    let path = path.or_else(|| (!table.has("path")).then(|| PathBuf::from(STORE_PATH)));
    let counts = table.number(desk, "keep-counts-days", KEEP_DAYS, " days").map(|found| found.is);
    let record = table.number(desk, "keep-record-days", KEEP_DAYS, " days; leave it out to keep the record for ever");
    table.finish(desk);
    let default = Keep::default();
    let keep = Keep { counts_days: counts.unwrap_or(default.counts_days), record_days: record.map(|found| found.is) };
    (path, keep)
}

pub(super) fn signing(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> Option<PathBuf> {
    let key = one_path(desk, root, "signing", "key-file", SIGNING_KEY)?;
    exposed(desk, key.at, "signing: key-file", &key.is);
    Some(key.is)
}

fn one_path(
    desk: &mut Desk<'_>,
    root: &Table<'_, '_>,
    section: &'static str,
    key: &'static str,
    default: &str,
) -> Option<Found<PathBuf>> {
    let Some(table) = root.table(desk, section, section) else {
        return (!root.has(section)).then(|| Found { at: 0, is: PathBuf::from(default) });
    };
    let path = table.path(desk, key);
    let absent = !table.has(key);
    table.finish(desk);
    path.or_else(|| absent.then(|| Found { at: table.at, is: PathBuf::from(default) }))
}

/// Where HTTP listens, and the file with the token for acts.
pub(super) fn http(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> (Option<SocketAddr>, Option<PathBuf>) {
    let Some(table) = root.table(desk, "http", "http") else {
        return ((!root.has("http")).then(|| fixed(HTTP_LISTEN)), None);
    };
    let listen = if table.has("listen") { socket(desk, &table, "listen") } else { Some(fixed(HTTP_LISTEN)) };
    if listen.is_some_and(|listen| !listen.ip().is_loopback()) {
        let why =
            "127.0.0.1 or [::1]: there is no sign-in yet, so whoever reaches this page could open the town's network";
        table.refuse(desk, "listen", why);
    }
    let token = secret(desk, &table, "token-file");
    table.finish(desk);
    (listen, token)
}

/// The share of access points that counts as enough.
pub(super) fn settle(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> u8 {
    let Some(table) = root.table(desk, "settle", "settle") else { return 100 };
    let share = table.number(desk, "agreed-share-percent", (1, 100), "");
    table.finish(desk);
    share.and_then(|found| u8::try_from(found.is).ok()).unwrap_or(100)
}

pub(super) fn socket(desk: &mut Desk<'_>, table: &Table<'_, '_>, key: &'static str) -> Option<SocketAddr> {
    let text = table.text(desk, key, SOCKET_ALLOWED)?;
    let socket = text.is.parse::<SocketAddr>().ok().filter(|socket| socket.port() != 0);
    if socket.is_none() {
        table.refuse(desk, key, SOCKET_ALLOWED);
    }
    socket
}

/// The path of a file that holds a secret: noted where others may read it, or where it is not there yet.
pub(super) fn secret(desk: &mut Desk<'_>, table: &Table<'_, '_>, key: &'static str) -> Option<PathBuf> {
    secret_needed(desk, table, key, "the start needs it")
}

/// As [`secret`]; `needed` says who needs it.
pub(super) fn secret_needed(
    desk: &mut Desk<'_>,
    table: &Table<'_, '_>,
    key: &'static str,
    needed: &str,
) -> Option<PathBuf> {
    let path = table.path(desk, key)?;
    if path.is.exists() {
        exposed(desk, path.at, &format!("{}: {key}", table.what), &path.is);
    } else {
        let shown = quoted(&path.is.to_string_lossy());
        desk.note(path.at, format!("{}: {key} {shown} cannot be seen from here; {needed}", table.what));
    }
    Some(path.is)
}

/// Notes a secret that others than its owner and group may read.
pub(super) fn exposed(desk: &mut Desk<'_>, at: usize, what: &str, path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS_READ_OR_WRITE: u32 = 0o006;
    if let Ok(meta) = std::fs::metadata(path)
        && meta.permissions().mode() & OTHERS_READ_OR_WRITE != 0
    {
        let shown = quoted(&path.to_string_lossy());
        desk.note(at, format!("{what} {shown} is open to every user of this machine; chmod o-rw it"));
    }
}

/// An address of this file.
fn fixed(address: &str) -> SocketAddr {
    address.parse().expect("the addresses above are well-formed")
}
