//! Requests to one device, and what comes back: asked with patience, believed only as far as it proves itself.
//!
//! All devices share one socket. Tries, timeouts and deadlines are ours; the library encodes, decodes, matches answers
//! to requests and does SNMPv3. Names and values go to it and come from it here and nowhere else.

mod asking;
mod door;
mod ladder;
mod poll;
mod replay;
mod sockets;
mod walk;
mod words;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::device::Device;
use crate::oid::Oid;
use crate::profile::Plan;
use crate::profile::manners::{Manners, ReplyFrom};
use crate::trouble::{Status, Trouble};
use crate::value::{Sheet, Value, VarBind};
use asking::{Question, Voice};
use door::Tries;
use ladder::Ladder;
pub use replay::replay;
pub use sockets::{Sockets, Stats};

/// One device: how it is spoken to, and what was learnt of it. Costs nothing while idle.
#[derive(Debug)]
pub struct Session {
    address: SocketAddr,
    read: Arc<Voice>,
    write: Option<Arc<Voice>>,
    manners: RwLock<Arc<Manners>>,
    ladder: Mutex<Ladder>,
}

impl Session {
    /// Opens one; nothing is sent yet. Passwords become keys here, once for each user (about 1 MB of hashing each).
    ///
    /// # Errors
    /// [`Trouble::Credentials`] where the credentials cannot be used, [`Trouble::NotSent`] where there is no socket.
    pub async fn new(sockets: &Sockets, device: &Device, manners: Manners) -> Result<Self, Trouble> {
        let gate = sockets.gate(device.address).await?;
        let read = Arc::new(Voice::new(sockets, &gate, &device.read, &device.context).await?);
        let write = match &device.write {
            None => None,
            Some(same) if *same == device.read => Some(Arc::clone(&read)),
            Some(write) => Some(Arc::new(Voice::new(sockets, &gate, write, &device.context).await?)),
        };
        let session = Self {
            address: device.address,
            read,
            write,
            manners: RwLock::new(Arc::new(Manners::default())),
            ladder: Mutex::new(Ladder::default()),
        };
        session.set_manners(manners);
        Ok(session)
    }

    /// Where the device is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next read only finds out whether somebody is there: sent once, and given up after a second. For rooms with many
    /// devices, of which the dead are not to be waited for as long as those that answered once.
    pub fn knock_first(&self) {
        self.read.knock_first();
    }

    /// From the next request on, once the profile is known.
    pub fn set_manners(&self, manners: Manners) {
        let anywhere = manners.reply_from == ReplyFrom::Any;
        self.read.answers_from_anywhere(anywhere);
        self.write.iter().for_each(|write| write.answers_from_anywhere(anywhere));
        *self.manners.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(manners);
    }

    /// Reads these objects. What the device does not have comes back as such ([`Value::is_there`]), whatever the version;
    /// what it does not mention at all is left out.
    ///
    /// # Errors
    /// Silence, a refusal of all of it, credentials; or one of the names is never to be read.
    pub async fn get(&self, oids: &[Oid]) -> Result<Vec<VarBind>, Trouble> {
        let manners = self.manners();
        may_be_read(&manners, oids)?;
        let mut found = Vec::with_capacity(oids.len());
        let mut refused = None;
        for some in oids.chunks(manners.max_varbinds.max(1)) {
            let answer = poll::get(self, &manners, some).await?;
            found.extend(answer.found);
            refused = refused.or(answer.refused);
        }
        match refused {
            Some(refused) if found.is_empty() => Err(refused),
            _ => Ok(found),
        }
    }

    /// The object right behind each of these names; [`Value::EndOfMibView`] where there is none.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_next(&self, oids: &[Oid]) -> Result<Vec<VarBind>, Trouble> {
        let manners = self.manners();
        may_be_read(&manners, oids)?;
        let mut found = Vec::with_capacity(oids.len());
        for some in oids.chunks(manners.max_varbinds.max(1)) {
            match self.read.ask(&Question::Next(some.to_vec()), tries(&manners)).await {
                Ok(binds) => found.extend(binds.into_iter().take(some.len())),
                // SNMPv1 says so of the whole request (RFC 1157 §4.1.3): each for itself then.
                Err(Trouble::Refused { status: Status::NoSuchName, .. }) => {
                    for oid in some {
                        match self.read.ask(&Question::Next(vec![oid.clone()]), tries(&manners)).await {
                            Ok(binds) => found.extend(binds.into_iter().take(1)),
                            Err(Trouble::Refused { status: Status::NoSuchName, .. }) => {
                                found.push(VarBind { oid: oid.clone(), value: Value::EndOfMibView });
                            }
                            Err(trouble) => return Err(trouble),
                        }
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(found)
    }

    /// Writes, all in one PDU, with the write credentials, sent once and never again from here.
    ///
    /// # Errors
    /// The refusal with the object it names; silence; [`Trouble::Broken`] where the answer holds anything but what was
    /// written: then it is for a read to say what came of it.
    pub async fn set(&self, binds: &[VarBind], timeout: Duration) -> Result<(), Trouble> {
        let Some(write) = &self.write else {
            return Err(Trouble::NotSent("there are no credentials to write with; this device is only watched".into()));
        };
        let answer =
            write.ask(&Question::Set(binds.to_vec()), Tries::once(timeout)).await.map_err(|trouble| match trouble {
                // Some agents send an empty list back with the error and leave only one candidate.
                Trouble::Refused { status, at: None } if binds.len() == 1 => {
                    Trouble::Refused { status, at: binds.first().map(|bind| bind.oid.clone()) }
                }
                other => other,
            })?;
        for bind in binds {
            match answer.iter().find(|answered| answered.oid == bind.oid) {
                Some(answered) if same(&answered.value, &bind.value) => {}
                Some(answered) => {
                    let found = words::shown(&answered.value);
                    return Err(Trouble::Broken(format!("a SET of {} was answered with {found}", bind.oid)));
                }
                None => return Err(Trouble::Broken(format!("a SET of {} was answered without it", bind.oid))),
            }
        }
        Ok(())
    }

    /// A whole poll, ended at `deadline` whatever happens: what was read by then, and what was wrong with it, in words.
    ///
    /// # Errors
    /// Nothing at all was read, and why.
    pub async fn poll(&self, plan: &Plan, deadline: Duration) -> Result<(Sheet, Vec<String>), Trouble> {
        poll::poll(self, plan, deadline).await
    }

    /// Rows of one GETBULK that the device has proven to bear; 0 where it is asked by GETNEXT.
    #[must_use]
    pub fn repetitions(&self) -> u32 {
        let manners = self.manners();
        let most = manners.max_repetitions;
        if manners.bulk { self.ladder(|ladder| ladder.repetitions(most)).unwrap_or(0) } else { 0 }
    }

    fn manners(&self) -> Arc<Manners> {
        Arc::clone(&self.manners.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn ladder<T>(&self, with: impl FnOnce(&mut Ladder) -> T) -> T {
        with(&mut self.ladder.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All tries of one question.
fn tries(manners: &Manners) -> Tries {
    Tries { resends: manners.retries, every: manners.timeout }
}

/// # Errors
/// Names the one that must not be.
fn may_be_read(manners: &Manners, oids: &[Oid]) -> Result<(), Trouble> {
    match oids.iter().find(|oid| manners.never_read.iter().any(|root| oid.is_within(root))) {
        None => Ok(()),
        Some(oid) => Err(Trouble::NotSent(format!("{oid} is never read: on this platform reading it does something"))),
    }
}

/// An agent answers a SET with what was sent (RFC 3416 §4.2.5); some send a number back in another numeric type.
fn same(answered: &Value, sent: &Value) -> bool {
    answered == sent || matches!((answered.number(), sent.number()), (Some(one), Some(other)) if one == other)
}
