//! SNMPv3 as a device does it: the user-based security model (RFC 3414), with an engine whose memory of its boots may be poor.

use async_snmp::v3::{DerivedKeys, SaltCounter};
use async_snmp::{AuthProtocol, PrivProtocol, UsmConfig};
use hirake_snmp::oid::Oid;
use hirake_snmp::value::{Value, VarBind};

use super::ber::{INTEGER, OCTETS, Pdu, REPORT, Reader, SEQUENCE, Writer};

/// Seconds a message may be off (RFC 3414 §2.2.3).
const WINDOW_S: u32 = 150;
/// What we say we can take, in octets.
const SIZE_MAX: i64 = 1472;
const AUTH: u8 = 1;
const PRIV: u8 = 2;
const REPORTABLE: u8 = 4;

/// usmStats, last arc of `1.3.6.1.6.3.15.1.1.N.0`.
const UNSUPPORTED_LEVEL: u32 = 1;
const NOT_IN_TIME_WINDOW: u32 = 2;
const UNKNOWN_USER: u32 = 3;
const UNKNOWN_ENGINE: u32 = 4;
const WRONG_DIGEST: u32 = 5;
const DECRYPTION: u32 = 6;

/// A user of a device.
#[derive(Debug, Clone)]
pub struct UserPlan {
    /// securityName.
    pub name: String,
    /// Authentication and its password.
    pub auth: Option<(AuthProtocol, String)>,
    /// Privacy (AES only) and its password.
    pub privacy: Option<(PrivProtocol, String)>,
    /// Whether it may write.
    pub writes: bool,
}

#[derive(Debug)]
struct User {
    plan: UserPlan,
    keys: DerivedKeys,
}

/// The engine: its name, and its users with keys localised to it.
pub struct Engine {
    id: Vec<u8>,
    users: Vec<User>,
    salt: SaltCounter,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("id", &self.id).field("users", &self.users).finish_non_exhaustive()
    }
}

/// What a message of v3 came to.
#[derive(Debug)]
pub enum Heard {
    /// A request that is to be answered.
    Request {
        /// It.
        pdu: Pdu,
        /// What its user may do.
        may: May,
        /// How to wrap the answer.
        back: Back,
    },
    /// It is answered by this and nothing else.
    Report(Vec<u8>),
}

/// What an asker may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Nothing: a user with keys who comes without them.
    Nothing,
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// What an answer needs of the question.
#[derive(Debug)]
pub struct Back {
    id: i32,
    user: usize,
    flags: u8,
    context: Vec<u8>,
}

struct Header<'a> {
    id: i32,
    flags: u8,
    engine: &'a [u8],
    boots: u32,
    time: u32,
    user: &'a [u8],
    auth: &'a [u8],
    salt: &'a [u8],
    data: &'a [u8],
}

fn header(octets: &[u8]) -> Option<Header<'_>> {
    let mut message = Reader(Reader(octets).of(SEQUENCE)?);
    message.integer().filter(|&version| version == 3)?;
    let mut global = Reader(message.of(SEQUENCE)?);
    let (id, _size) = (global.integer()?, global.integer()?);
    let flags = *global.of(OCTETS)?.first()?;
    global.integer().filter(|&model| model == 3)?;
    let mut security = Reader(Reader(message.of(OCTETS)?).of(SEQUENCE)?);
    let engine = security.of(OCTETS)?;
    let (boots, time) = (u32::try_from(security.integer()?).ok()?, u32::try_from(security.integer()?).ok()?);
    let (user, auth, salt) = (security.of(OCTETS)?, security.of(OCTETS)?, security.of(OCTETS)?);
    Some(Header { id, flags, engine, boots, time, user, auth, salt, data: message.0 })
}

/// contextName and PDU of a scoped PDU.
fn scoped(octets: &[u8]) -> Option<(Vec<u8>, Pdu)> {
    let mut scoped = Reader(Reader(octets).of(SEQUENCE)?);
    let (_engine, context) = (scoped.of(OCTETS)?, scoped.of(OCTETS)?);
    Some((context.to_vec(), scoped.pdu()?))
}

impl Engine {
    /// An engine of this name, which is 5 to 32 octets.
    ///
    /// # Errors
    /// A password of less than 8 octets, or no random numbers.
    pub fn new(id: Vec<u8>, users: &[UserPlan]) -> anyhow::Result<Self> {
        let key = |plan: &UserPlan| -> anyhow::Result<User> {
            let config = UsmConfig::new(plan.name.clone().into_bytes());
            let config = match (&plan.auth, &plan.privacy) {
                (Some((auth, word)), Some((privacy, secret))) => config.auth_priv(*auth, word, *privacy, secret)?,
                (Some((auth, word)), None) => config.auth(*auth, word)?,
                (None, _) => config,
            };
            Ok(User { plan: plan.clone(), keys: config.derive_keys(&id)? })
        };
        Ok(Self { users: users.iter().map(key).collect::<anyhow::Result<_>>()?, salt: SaltCounter::new()?, id })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Takes a datagram, with our boots and time. None: it is dropped, as garbage is.
    #[must_use]
    pub fn hear(&self, octets: &[u8], boots: u32, time: u32) -> Option<Heard> {
        let header = header(octets)?;
        let report = |stat, user| {
            let flags = if user == usize::MAX { 0 } else { AUTH };
            let back = Back { id: header.id, user, flags, context: Vec::new() };
            let oid = Oid::new([1, 3, 6, 1, 6, 3, 15, 1, 1, stat, 0]).ok()?;
            let binds = vec![VarBind { oid, value: Value::Counter32(1) }];
            let told = self.wrap(&Pdu { kind: REPORT, id: 0, first: 0, second: 0, binds }, &back, boots, time)?;
            (header.flags & REPORTABLE != 0).then_some(Heard::Report(told))
        };
        if header.engine != self.id {
            return report(UNKNOWN_ENGINE, usize::MAX);
        }
        let Some(at) = self.users.iter().position(|user| user.plan.name.as_bytes() == header.user) else {
            return report(UNKNOWN_USER, usize::MAX);
        };
        let user = &self.users[at];
        let can = u8::from(user.keys.auth_key.is_some()) * AUTH + u8::from(user.keys.priv_key.is_some()) * PRIV;
        if header.flags & (AUTH | PRIV) & !can != 0 {
            return report(UNSUPPORTED_LEVEL, usize::MAX);
        }
        if header.flags & AUTH != 0 {
            if !self.signed(user, octets, header.auth) {
                return report(WRONG_DIGEST, usize::MAX);
            }
            if header.boots != boots || header.time.abs_diff(time) > WINDOW_S {
                return report(NOT_IN_TIME_WINDOW, at);
            }
        }
        let plain;
        let data = match user.keys.priv_key.as_ref().filter(|_| header.flags & PRIV != 0) {
            None => header.data,
            Some(key) => {
                let secret = Reader(header.data).of(OCTETS)?;
                plain = key.decrypt(secret, header.boots, header.time, header.salt).ok();
                plain.as_deref().unwrap_or_default()
            }
        };
        let Some((context, pdu)) = scoped(data) else { return report(DECRYPTION, usize::MAX) };
        let may = match header.flags & (AUTH | PRIV) == can {
            false => May::Nothing,
            true if user.plan.writes => May::Write,
            true => May::Read,
        };
        let back = Back { id: header.id, user: at, flags: header.flags & (AUTH | PRIV), context };
        Some(Heard::Request { pdu, may, back })
    }

    fn signed(&self, user: &User, octets: &[u8], auth: &[u8]) -> bool {
        let Some(key) = &user.keys.auth_key else { return false };
        let start = auth.as_ptr() as usize - octets.as_ptr() as usize;
        let mut blank = octets.to_vec();
        blank[start..start + auth.len()].fill(0);
        auth.len() == key.mac_len() && key.verify_hmac(&blank, auth).unwrap_or(false)
    }

    /// Wraps an answer as its question was.
    #[must_use]
    pub fn wrap(&self, pdu: &Pdu, back: &Back, boots: u32, time: u32) -> Option<Vec<u8>> {
        let user = self.users.get(back.user);
        let auth = user.and_then(|u| u.keys.auth_key.as_ref()).filter(|_| back.flags & AUTH != 0);
        let secret = user.and_then(|u| u.keys.priv_key.as_ref()).filter(|_| back.flags & PRIV != 0);
        let mut inner = Writer::default();
        inner.around(SEQUENCE, |w| {
            w.pdu(pdu);
            w.octets(OCTETS, &back.context);
            w.octets(OCTETS, &self.id);
        });
        let plain = inner.done();
        let (data, salt) = match secret {
            None => (plain, Vec::new()),
            Some(key) => {
                let (hidden, salt) = key.encrypt_aes(&plain, boots, time, &self.salt).ok()?;
                let mut wrapped = Writer::default();
                wrapped.octets(OCTETS, &hidden);
                (wrapped.done(), salt.to_vec())
            }
        };
        let mac_length = auth.map_or(0, async_snmp::LocalizedKey::mac_len);
        let (mut message, mut mac_from_end) = (Writer::default(), 0);
        message.around(SEQUENCE, |w| {
            w.raw(&data);
            w.around(OCTETS, |w| {
                w.around(SEQUENCE, |w| {
                    w.octets(OCTETS, &salt);
                    mac_from_end = w.len() + mac_length;
                    w.octets(OCTETS, &vec![0; mac_length]);
                    w.octets(OCTETS, user.map_or(&[][..], |u| u.plan.name.as_bytes()));
                    w.integer(time.into());
                    w.integer(boots.into());
                    w.octets(OCTETS, &self.id);
                });
            });
            w.around(SEQUENCE, |w| {
                w.integer(3);
                w.octets(OCTETS, &[back.flags]);
                w.integer(SIZE_MAX);
                w.integer(back.id.into());
            });
            w.octets(INTEGER, &[3]);
        });
        let mut octets = message.done();
        if let Some(key) = auth {
            let mac = key.compute_hmac(&octets).ok()?;
            let start = octets.len() - mac_from_end;
            octets[start..start + mac_length].copy_from_slice(mac.get(..mac_length)?);
        }
        Some(octets)
    }
}
