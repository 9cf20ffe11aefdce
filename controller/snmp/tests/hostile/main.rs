//! Devices that answer wrongly, whether broken or malicious: nothing crashes, nothing is believed, deadlines are kept.

mod answers;
mod ber;
mod peer;
mod seeds;
mod tables;
mod v3;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use hirake_snmp::credentials::{Credentials, Secret};
use hirake_snmp::device::Device;
use hirake_snmp::oid::Oid;
use hirake_snmp::profile::manners::Manners;
use hirake_snmp::session::{Session, Sockets};

/// The object that tests ask for.
const NAME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 5, 0];

fn name() -> Oid {
    Oid::new(NAME).expect("valid")
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

fn v2c() -> Credentials {
    Credentials::V2c { community: secret("public") }
}

fn quick() -> Manners {
    Manners { timeout: Duration::from_millis(150), retries: 1, ..Manners::default() }
}

async fn session(sockets: &Sockets, address: SocketAddr, credentials: Credentials) -> Session {
    let device = Device {
        id: "hostile".into(),
        address,
        profile: None,
        read: credentials.clone(),
        write: Some(credentials),
        context: String::new(),
        words: BTreeMap::new(),
        aps: Vec::new(),
    };
    Session::new(sockets, &device, quick()).await.expect("a session")
}
