//! The exchange inside: an MQTT broker in this process, which lets each agent in by its own password, to say only what is its own.
//!
//! Retained messages live in memory: nothing of Hirake relies on a broker remembering (docs/wire.md).

mod rules;

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use firmware_config::ident::TownId;
use firmware_config::wire::DOCUMENT_MAX_BYTES;
use rmqtt::context::ServerContext;
use rmqtt::hook::Type;
use rmqtt::net::Builder;
use rmqtt::retain::{DefaultRetainStorage, RetainStorage};
use rmqtt::server::MqttServer;
use rmqtt::types::{Retain, TopicFilter, TopicName};
use zeroize::Zeroizing;

use crate::secrets::agents::AgentsSecret;

pub use rules::{CONTROLLER, Rules};

/// Longest MQTT packet: a document in base64 (four characters for three bytes), its header and signature, the topic.
pub const PACKET_MAX_BYTES: usize = DOCUMENT_MAX_BYTES / 3 * 4 + 4096;

/// Messages that wait for one client: the controller after a blackout, when 10,000 agents each say report and presence
/// and deliver counts, with as much again in hand. Agents' own queues stay at a handful.
const QUEUE_MAX: usize = 50_000;
/// Messages on their way to one client without its answer: what the controller's connection may have open at once.
const INFLIGHT_MAX: NonZeroU16 = NonZeroU16::new(1_000).expect("not zero");
/// Connections waiting to be accepted: a town whose power comes back connects at once. The kernel cuts this to
/// `net.core.somaxconn` (4,096 since Linux 5.4).
const BACKLOG: i32 = 4_096;
/// Connections being greeted at once; the rest wait their turn and are not refused.
const HANDSHAKES_MAX: usize = 2_000;
/// How long a greeting may take, the wait for its turn included: 10,000 at once on a loaded machine.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address is taken or not ours.
    #[error("broker: cannot listen on {listen}: {why}; another broker or another controller may be running there")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        why: String,
    },
    /// No random numbers for the controller's own password.
    #[error("broker: no random numbers: {0}")]
    Random(getrandom::Error),
}

/// The running broker.
#[derive(Debug)]
pub struct Broker {
    /// Where it listens.
    pub address: SocketAddr,
    /// What the controller logs in with; made afresh at each start.
    pub password: ControllerPassword,
}

/// The password of the controller's own connection; never shown.
#[derive(Clone)]
pub struct ControllerPassword(Zeroizing<String>);

impl ControllerPassword {
    /// The text, for the one who connects.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ControllerPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ControllerPassword(…)")
    }
}

/// Retained messages in memory, without a date of expiry.
struct Retained(DefaultRetainStorage);

#[async_trait::async_trait]
impl RetainStorage for Retained {
    fn enable(&self) -> bool {
        true
    }

    async fn set(&self, topic: &TopicName, retain: Retain, _expiry: Option<Duration>) -> rmqtt::Result<()> {
        self.0.set_with_timeout(topic, retain, None).await
    }

    async fn get(&self, filter: &TopicFilter) -> rmqtt::Result<Vec<(TopicName, Retain)>> {
        self.0.get_message(filter).await
    }

    async fn count(&self) -> isize {
        self.0.count().await
    }

    async fn max(&self) -> isize {
        self.0.max().await
    }
}

impl Broker {
    /// Listens, and serves for as long as the program runs.
    ///
    /// `agents`: what the agents' passwords are made of; none: any password is taken.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(listen: SocketAddr, town: TownId, agents: Option<AgentsSecret>) -> Result<Self, BrokerError> {
        let mut random = Zeroizing::new([0; 24]);
        getrandom::fill(random.as_mut_slice()).map_err(BrokerError::Random)?;
        let password = ControllerPassword(Zeroizing::new(Base64UrlUnpadded::encode_string(random.as_slice())));
        if agents.is_none() {
            tracing::warn!("no agents-password-file: whoever reaches the broker may speak for any access point");
        }

        let listener = Builder::new()
            .name("hirake")
            .laddr(listen)
            // Without it a restarted controller would find its port taken by connections that are closing.
            .reuseaddr(Some(true))
            .backlog(BACKLOG)
            .nodelay(true)
            .allow_anonymous(false)
            .max_packet_size(PACKET_MAX_BYTES as u32)
            .max_mqueue_len(QUEUE_MAX)
            .max_inflight(INFLIGHT_MAX)
            .max_handshaking_limit(HANDSHAKES_MAX)
            .handshake_timeout(HANDSHAKE_LIMIT)
            // An order is as good after a month as on its first day: rmqtt's five minutes would lose it.
            .message_expiry_interval(Duration::ZERO)
            .bind()
            .and_then(rmqtt::net::Listener::tcp)
            .map_err(|error| BrokerError::Listen { listen, why: format!("{error:#}") })?;
        let address =
            listener.local_addr().map_err(|error| BrokerError::Listen { listen, why: format!("{error:#}") })?;

        let context = ServerContext::new().busy_check_enable(false).build().await;
        *context.extends.retain_mut().await = Box::new(Retained(DefaultRetainStorage::new()));
        let rules = Arc::new(Rules::new(town, password.clone(), agents));
        let register = context.extends.hook_mgr().register();
        for kind in [
            Type::ClientAuthenticate,
            Type::MessagePublishCheckAcl,
            Type::ClientSubscribeCheckAcl,
            Type::MessagePublish,
        ] {
            register.add(kind, Box::new(rules::Doorman(Arc::clone(&rules)))).await;
        }
        register.start().await;
        let server = MqttServer::new(context).listener_by_id(listener, address.port()).build();
        tokio::spawn(async move {
            if let Err(error) = server.run().await {
                tracing::error!(%error, "the broker stopped");
            }
        });
        tracing::info!(%address, "the broker listens");
        Ok(Self { address, password })
    }
}

#[cfg(test)]
mod tests;
