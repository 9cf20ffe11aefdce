//! The town's own monitoring, answered and told: from the view that everybody looks at, never from the loop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hirake_snmp::credentials::Credentials;
use hirake_snmp::engine::{Awaited, Engine};
use hirake_snmp::serve::Window;
use hirake_snmp::serve::herald::{Herald, Kind};
use tokio::sync::watch;
use tokio::time::Instant;

use super::letters::letter;
use super::notices::Told;
use super::sheet;
use crate::config::{SnmpAgent, SnmpNotify};
use crate::core::{Inventory, TownView};
use crate::secrets;

/// How often the view is looked at for news: a flip brings ten views in a second, and its news is the same.
const LOOK: Duration = Duration::from_secs(1);
/// How often secrets are read again where they could not be.
const SECRETS_RETRY: Duration = Duration::from_secs(10);

/// Who may ask, and who is told.
#[derive(Debug, Clone)]
pub struct Monitoring {
    /// Where we answer, and whom; none: nowhere.
    pub ask: Option<(SocketAddr, Vec<Credentials>)>,
    /// Who is told, with what, how; none: nobody.
    pub tell: Option<(Vec<SocketAddr>, Credentials, Kind)>,
}

impl Monitoring {
    /// What the file says, with the secrets out of their files.
    fn read(agent: Option<&SnmpAgent>, notify: Option<&SnmpNotify>) -> anyhow::Result<Self> {
        let ask = agent.map(|agent| {
            let readers: anyhow::Result<Vec<_>> = agent.readers.iter().map(secrets::snmp).collect();
            anyhow::Ok((agent.listen, readers?))
        });
        let tell = notify.map(|notify| {
            let kind = if notify.inform { Kind::Inform } else { Kind::Trap };
            anyhow::Ok((notify.to.clone(), secrets::snmp(&notify.with)?, kind))
        });
        Ok(Self { ask: ask.transpose()?, tell: tell.transpose()? })
    }

    /// Answers and tells as the file says, as soon as its secrets can be read and `engine` is there. Holds nothing up.
    pub async fn start(
        agent: Option<SnmpAgent>,
        notify: Option<SnmpNotify>,
        engine: Awaited,
        inventory: Arc<Inventory>,
        view: watch::Receiver<Arc<TownView>>,
    ) {
        if agent.is_none() && notify.is_none() {
            return;
        }
        let Some(engine) = engine.engine().await else { return };
        let mut told = String::new();
        loop {
            let wanted = (agent.clone(), notify.clone());
            let read = move || Self::read(wanted.0.as_ref(), wanted.1.as_ref());
            match tokio::task::spawn_blocking(read).await {
                Ok(Ok(monitoring)) => return monitoring.run(engine, inventory, view).await,
                Ok(Err(error)) => {
                    let why = format!("{error:#}");
                    if why != told {
                        tracing::error!(
                            why,
                            "nobody can ask or is told over SNMP; the secrets are read again until they are there"
                        );
                        told = why;
                    }
                }
                // Only at the end of the program.
                Err(_) => return,
            }
            tokio::time::sleep(SECRETS_RETRY).await;
        }
    }

    /// Answers and tells until the views end.
    pub async fn run(self, engine: Engine, inventory: Arc<Inventory>, mut view: watch::Receiver<Arc<TownView>>) {
        let (town, seen) = (Arc::clone(&inventory), view.clone());
        let _window = self.ask.map(|(at, who)| {
            Window::open(at, &who, &engine, move || {
                let view = Arc::clone(&seen.borrow());
                sheet(&town, &view)
            })
        });
        let herald = self.tell.map(|(to, with, kind)| Herald::start(&to, &with, kind, &engine));
        let mut told = Told::default();
        let start = Instant::now();
        while view.changed().await.is_ok() {
            if let Some(herald) = &herald {
                let seen = Arc::clone(&view.borrow_and_update());
                let news = told.notices(&seen, start.elapsed());
                if !news.is_empty() {
                    let inventory = Arc::clone(&inventory);
                    let sheet = tokio::task::spawn_blocking(move || sheet(&inventory, &seen)).await.unwrap_or_default();
                    news.into_iter().for_each(|notice| herald.tell(&letter(notice, &sheet)));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
