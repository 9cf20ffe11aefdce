//! A stranger at the broker: publishes what it likes, hears what it may, and signs with any key it has.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use firmware_config::wire::{Order, compact, signing_input};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Largest packet in either direction: a megabyte of rubbish and its head.
const PACKET_MAX_BYTES: usize = 4 << 20;

type Heard = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A client of the broker that is neither controller nor agent.
#[derive(Debug)]
pub struct Stranger {
    client: AsyncClient,
    heard: Heard,
    refused: Arc<Mutex<Option<String>>>,
    task: JoinHandle<()>,
}

impl Stranger {
    /// Connects as `name`, with a password or without, and subscribes to `filter`.
    ///
    /// # Errors
    /// The broker does not let it in.
    pub async fn connect(broker: SocketAddr, name: &str, password: Option<&str>, filter: &str) -> Result<Self> {
        let mut options = MqttOptions::new(name, broker.ip().to_string(), broker.port());
        options.set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES).set_keep_alive(Duration::from_secs(10));
        if let Some(password) = password {
            options.set_credentials(name, password);
        }
        let (client, mut events) = AsyncClient::new(options, 64);
        let (heard, refused) = (Heard::default(), Arc::new(Mutex::new(None)));
        let (ears, sorrow) = (Arc::clone(&heard), Arc::clone(&refused));
        let (let_in, mut inside) = tokio::sync::mpsc::channel::<()>(1);
        let task = tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => _ = let_in.try_send(()),
                    Ok(Event::Incoming(Packet::Publish(message))) => {
                        let mut heard = ears.lock().expect("nobody panics while listening");
                        heard.insert(message.topic.clone(), message.payload.to_vec());
                    }
                    Ok(_) => {}
                    Err(error) => {
                        *sorrow.lock().expect("nobody panics while complaining") = Some(error.to_string());
                        return;
                    }
                }
            }
        });
        let stranger = Self { client, heard, refused, task };
        match tokio::time::timeout(PATIENCE, inside.recv()).await {
            Ok(Some(())) => {}
            _ => bail!("{name} is not let in: {:?}", stranger.refused()),
        }
        stranger.client.subscribe(filter, QoS::AtLeastOnce).await?;
        Ok(stranger)
    }

    /// Publishes.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn publish(&self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) -> Result<()> {
        self.client.publish(topic, QoS::AtLeastOnce, retain, payload.into()).await.context("the connection is gone")
    }

    /// What was last heard on `topic`.
    #[must_use]
    pub fn heard(&self, topic: &str) -> Option<Vec<u8>> {
        self.heard.lock().expect("nobody panics while listening").get(topic).cloned()
    }

    /// The last message on each topic.
    #[must_use]
    pub fn everything(&self) -> Vec<(String, Vec<u8>)> {
        self.heard.lock().expect("nobody panics while listening").clone().into_iter().collect()
    }

    /// Waits until what was last heard on `topic` is as `holds` looks for.
    ///
    /// # Errors
    /// Not in time.
    pub async fn until_heard(&self, topic: &str, holds: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.heard(topic) {
                Some(payload) if holds(&payload) => return Ok(payload),
                last => ensure!(
                    Instant::now() < deadline,
                    "not heard on {topic}; last: {:.200?}",
                    last.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                ),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Why the broker threw it out, if it did.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.refused.lock().expect("nobody panics while complaining").clone()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The town's private key, stolen from its file.
///
/// # Errors
/// The file is not as the controller writes it.
pub fn stolen_key(file: &Path) -> Result<SigningKey> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let seed = Base64UrlUnpadded::decode_vec(text.trim()).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    Ok(SigningKey::from_bytes(&seed.context("a key file holds 32 bytes in base64url")?))
}

/// An order signed with `key`.
#[must_use]
pub fn signed(order: &Order, key: &SigningKey) -> String {
    let input = signing_input(order);
    compact(&input, &key.sign(input.as_bytes()).to_bytes())
}
