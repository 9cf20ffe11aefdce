//! The window: the town's own monitoring asks us over SNMP. Read-only; knows names and values, not what they mean.

pub mod herald;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use async_snmp::agent::{Agent, VacmBuilder};
use async_snmp::handler::{BoxFuture, GetNextResult, GetResult, HandlerResult, MibHandler, RequestContext};
use async_snmp::{SecurityLevel, SecurityModel, oid};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::credentials::Credentials;
use crate::engine::{self, Engine};
use crate::oid::Oid;
use crate::value::{Sheet, Value};

/// How often the port is tried where it is taken or not permitted.
const RETRY: Duration = Duration::from_secs(5);
/// How old what we say may be: however many ask, the town is copied once in this time.
const FRESH: Duration = Duration::from_secs(1);
/// Longest answer in octets: one Ethernet frame without fragments (1500 − 20 − 8). A long question is answered in parts
/// (GETBULK) or told to ask for less (tooBig); and nobody makes us send him much for little.
const ANSWER_MAX: usize = 1472;
/// Questions at work at once; the others wait in the socket.
const AT_ONCE: usize = 32;
/// sysUpTime.0 (RFC 3418).
const UP_TIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];

/// The window. Dropped, it closes.
pub struct Window {
    open: watch::Receiver<Option<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Window {
    /// Answers at `at` from now on, to whoever shows one of `who`, with what `read` makes; sysUpTime is added.
    ///
    /// `read` is called where it may take a while, at most once a second, and only when somebody asks. A user is answered at
    /// the level he was given or above. Every SET is refused (notWritable). A port that is taken or not permitted is
    /// logged and tried again.
    pub fn open<'a>(
        at: SocketAddr,
        who: impl IntoIterator<Item = &'a Credentials>,
        engine: &Engine,
        read: impl Fn() -> Sheet + Send + Sync + 'static,
    ) -> Self {
        let who: Vec<Credentials> = who.into_iter().cloned().collect();
        let table = Arc::new(Table { read: Arc::new(read), made: Mutex::new(None), engine: engine.clone() });
        let (opened, open) = watch::channel(None);
        let engine = engine.clone();
        Self { open, task: tokio::spawn(async move { answer(at, &who, &engine, &table, &opened).await }) }
    }

    /// Where it answers, as soon as it does; none where it was dropped before.
    pub async fn answering(&self) -> Option<SocketAddr> {
        *self.open.clone().wait_for(Option::is_some).await.ok()?
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    at: SocketAddr,
    who: &[Credentials],
    engine: &Engine,
    table: &Arc<Table>,
    opened: &watch::Sender<Option<SocketAddr>>,
) {
    let mut told = String::new();
    loop {
        let why = match agent(at, who, engine, table).await {
            Ok(agent) => {
                tracing::info!(at = %agent.local_addr(), "the town can be asked over SNMP");
                opened.send_replace(Some(agent.local_addr()));
                let ended = agent.run().await;
                opened.send_replace(None);
                ended.err().map_or_else(|| "the port closed".to_owned(), |error| error.to_string())
            }
            Err(why) => why,
        };
        if why != told {
            tracing::warn!(%at, why, "the town cannot be asked over SNMP; it is tried again");
            told = why;
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn agent(at: SocketAddr, who: &[Credentials], engine: &Engine, table: &Arc<Table>) -> Result<Agent, String> {
    let mut builder = Agent::builder()
        .bind(at.to_string())
        .authoritative_engine(engine.authoritative())
        .des_salt_state(engine.salts())
        .max_message_size(ANSWER_MAX)
        .max_concurrent_requests(Some(AT_ONCE))
        .handler(oid!(1, 3, 6, 1), Arc::new(Reader(Arc::clone(table))));
    let mut seen = HashSet::new();
    let mut readers = Vec::new();
    for credentials in who {
        let (name, model, level) = match credentials {
            Credentials::V1 { community } | Credentials::V2c { community } => {
                let v1 = matches!(credentials, Credentials::V1 { .. });
                builder = builder.community(community.text());
                let model = if v1 { SecurityModel::V1 } else { SecurityModel::V2c };
                (community.text().to_owned(), model, SecurityLevel::NoAuthNoPriv)
            }
            Credentials::V3(user) => {
                let taken = engine::user(user)?;
                let level = taken.maximum_security_level();
                builder = builder.usm_user(user.name.clone(), |_| Ok(taken)).map_err(|error| error.to_string())?;
                (user.name.clone(), SecurityModel::Usm, level)
            }
        };
        if !seen.insert((name.clone(), model)) {
            tracing::warn!("two of those who may ask over SNMP have one name; the later one counts");
        }
        readers.push((name, model, level));
    }
    builder.vacm(|rules| admit(rules, &readers)).build().await.map_err(|error| error.to_string())
}

/// Who sees what: everybody named, everything, at his own level or above. The view for writing is there so that a SET gets
/// as far as the handler, which writes nothing and says so: notWritable tells more than noAccess.
fn admit(rules: VacmBuilder, readers: &[(String, SecurityModel, SecurityLevel)]) -> VacmBuilder {
    let mut rules = rules.view("all", |view| view.include(oid!(1, 3, 6, 1)));
    for (name, model, level) in readers {
        let group = format!("{model:?} {level:?}");
        rules = rules
            .group(name.clone(), *model, group.clone())
            .replace_access(group, *model, *level, |access| access.read_view("all").write_view("all"));
    }
    rules
}

/// What we say, as of at most [`FRESH`] ago.
struct Table {
    read: Arc<dyn Fn() -> Sheet + Send + Sync>,
    made: Mutex<Option<(Instant, Arc<Sheet>)>>,
    engine: Engine,
}

impl Table {
    async fn sheet(&self) -> Arc<Sheet> {
        let mut made = self.made.lock().await;
        if let Some((at, sheet)) = &*made
            && at.elapsed() < FRESH
        {
            return Arc::clone(sheet);
        }
        let read = Arc::clone(&self.read);
        // A failed reading is a bug in it; an empty answer then is better than none at all.
        let mut sheet = tokio::task::spawn_blocking(move || read()).await.unwrap_or_default();
        let up_time = Oid::new(UP_TIME).expect("nine arcs");
        sheet.insert(up_time, Value::TimeTicks(self.engine.up_ticks()));
        let sheet = Arc::new(sheet);
        *made = Some((Instant::now(), Arc::clone(&sheet)));
        sheet
    }
}

/// The library's door to [`Table`]. What it does not say of SET is the library's own answer: notWritable.
struct Reader(Arc<Table>);

impl MibHandler for Reader {
    fn get<'a>(&'a self, _: &'a RequestContext, oid: &'a async_snmp::Oid) -> BoxFuture<'a, HandlerResult<GetResult>> {
        Box::pin(async move {
            let sheet = self.0.sheet().await;
            let Ok(asked) = Oid::new(oid.arcs()) else { return Ok(GetResult::NoSuchObject) };
            if let Some(value) = sheet.get(&asked) {
                return Ok(GetResult::Value(engine::outgoing(value)));
            }
            // Neighbours under one column or group: the object is there, this instance of it is not.
            let parent = asked.arcs().split_last().and_then(|(_, parent)| Oid::new(parent).ok());
            let near = parent.is_some_and(|parent| {
                sheet.range(parent.clone()..).next().is_some_and(|(name, _)| name.is_within(&parent))
            });
            Ok(if near { GetResult::NoSuchInstance } else { GetResult::NoSuchObject })
        })
    }

    fn get_next<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a async_snmp::Oid,
    ) -> BoxFuture<'a, HandlerResult<GetNextResult>> {
        Box::pin(async move {
            let sheet = self.0.sheet().await;
            let Ok(asked) = Oid::new(oid.arcs()) else { return Ok(GetNextResult::EndOfMibView) };
            let next = sheet.range((Bound::Excluded(asked), Bound::Unbounded)).next();
            Ok(next.map_or(GetNextResult::EndOfMibView, |(name, value)| {
                async_snmp::VarBind::new(engine::name(name), engine::outgoing(value)).into()
            }))
        })
    }
}
