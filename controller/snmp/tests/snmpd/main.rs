//! Sessions against net-snmp's own agent: one on loopback for each test, with its own port and folder.
//!
//! Where `snmpd` is not installed the tests say so and pass; `./dev test` names what is missing.

mod child;
mod oracle;
mod pairs;
mod restart;
mod tree;
mod write;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hirake_snmp::credentials::{Auth, Credentials, Privacy, Secret, User};
use hirake_snmp::device::Device;
use hirake_snmp::oid::Oid;
use hirake_snmp::profile::manners::Manners;
use hirake_snmp::profile::{Plan, TablePlan};
use hirake_snmp::session::{Session, Sockets};
use hirake_snmp::trouble::{Status, Trouble};
use hirake_snmp::value::{Value, VarBind};

/// Long enough for a busy machine, short enough to notice.
const DEADLINE: Duration = Duration::from_secs(60);

fn oid(text: &str) -> Oid {
    text.parse().expect("an OID")
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

fn v2c(community: &str) -> Credentials {
    Credentials::V2c { community: secret(community) }
}

fn user(name: &str, auth: Option<Auth>, privacy: Option<Privacy>) -> Credentials {
    Credentials::V3(User {
        name: name.to_owned(),
        auth: auth.map(|auth| (auth, secret("authauth1"))),
        privacy: privacy.map(|privacy| (privacy, secret("privpriv1"))),
    })
}

fn device(port: u16, read: Credentials, write: Option<Credentials>) -> Device {
    Device {
        id: "snmpd".into(),
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        profile: None,
        read,
        write,
        context: String::new(),
        words: BTreeMap::new(),
        aps: Vec::new(),
    }
}

async fn session(sockets: &Sockets, device: &Device) -> Session {
    Session::new(sockets, device, Manners { timeout: Duration::from_secs(1), ..Manners::default() })
        .await
        .expect("a session")
}

/// A plan that reads everything below one name as if it were one column.
fn all_below(root: &str) -> Plan {
    let table = TablePlan { name: root.to_owned(), columns: vec![oid(root)], rows_max: 1_000_000, unordered: false };
    Plan { get: Vec::new(), tables: vec![table] }
}

/// Manners without the row limit, for walks of whole trees.
fn patient() -> Manners {
    Manners { row_limit: 1_000_000, timeout: Duration::from_secs(5), ..Manners::default() }
}
