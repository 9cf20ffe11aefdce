//! The lock: of several controllers one holds it, as a session of PostgreSQL; a session that ends lets it go.
//!
//! Nothing is kept in that database. It is asked in a task of its own, and nobody waits for it. Whoever wishes for the
//! lock is told how it stands, and that anew at each wish, however short the time without one was.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use firmware_config::ident::TownId;
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, watch};

use crate::core::Event;
use crate::core::peers::Lock;
use crate::secrets::password;

/// How often the database is asked; with it, how soon a lock that was let go is taken.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long it may think. Two of them (connecting and asking) are less than `peers::LOCK_ANSWERS_WITHIN`.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// A session that is silent for so long is ended by the database: a holder whose machine lost power must not hold the
/// lock for the two hours that TCP would. Five times [`ASK_EVERY`], in milliseconds. PostgreSQL 14 and newer.
const SESSION_SILENT_MS: &str = "5000";

/// Starts the task; `file` holds the database's address (`postgres://USER:PASSWORD@HOST/DATABASE`). The lock is tried
/// for as long as it is wanted, and let go when it is not.
pub fn start(file: Option<PathBuf>, town: &TownId, events: mpsc::Sender<Event>) -> watch::Sender<bool> {
    let (wish, wanted) = watch::channel(false);
    if let Some(file) = file {
        tokio::spawn(hold(file, name_of(town), wanted, events));
    }
    wish
}

async fn hold(file: PathBuf, name: i64, mut wanted: watch::Receiver<bool>, events: mpsc::Sender<Event>) {
    let mut session: Option<PgConnection> = None;
    let mut told: Option<Lock> = None;
    loop {
        let wish = {
            let wish = wanted.borrow_and_update();
            if wish.has_changed() {
                // Whoever wishes knows nothing from before, also where the wish was gone only while the database thought.
                told = None;
            }
            *wish
        };
        if !wish {
            if let Some(session) = session.take() {
                // A session that does not say goodbye in time is dropped, and ends as well.
                let _ = tokio::time::timeout(ANSWER_LIMIT, session.close()).await;
            }
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        }
        let answer = ask(&file, name, &mut session, told == Some(Lock::Ours)).await;
        let lock = match answer {
            Ok(true) => Lock::Ours,
            Ok(false) => Lock::Theirs,
            Err(why) => {
                session = None;
                Lock::OutOfReach { why }
            }
        };
        match wanted.has_changed() {
            Err(_) => return,
            // The answer to a wish that is over; the session stands, and who holds what in it is asked anew.
            Ok(true) => continue,
            Ok(false) => {}
        }
        if told.as_ref() != Some(&lock) {
            tracing::info!(?lock, "the lock in the database");
            told = Some(lock.clone());
            if events.send(Event::Lock(lock)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                told = None;
            }
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
    }
}

/// Whether the lock is ours; `held`: it was, in this session, if that still stands.
async fn ask(file: &Path, name: i64, session: &mut Option<PgConnection>, held: bool) -> Result<bool, String> {
    let late = |_| format!("no answer within {} s", ANSWER_LIMIT.as_secs());
    if let Some(session) = session {
        let asked = async {
            if held {
                return session.ping().await.map(|()| true);
            }
            sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(name).fetch_one(&mut *session).await
        };
        return tokio::time::timeout(ANSWER_LIMIT, asked).await.map_err(late)?.map_err(|error| error.to_string());
    }
    let url = password(file).map_err(|error| format!("{error:#}"))?;
    let options = PgConnectOptions::from_str(&url)
        .map_err(|_| {
            format!("{} does not hold an address like postgres://USER:PASSWORD@HOST/DATABASE", file.display())
        })?
        .application_name("hirake")
        .disable_statement_logging();
    let connected = async {
        let mut fresh = options.connect().await?;
        sqlx::query("SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'idle_session_timeout'")
            .bind(SESSION_SILENT_MS)
            .execute(&mut fresh)
            .await?;
        let ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(name).fetch_one(&mut fresh).await?;
        Ok::<_, sqlx::Error>((fresh, ours))
    };
    let (fresh, ours) =
        tokio::time::timeout(ANSWER_LIMIT, connected).await.map_err(late)?.map_err(|error| error.to_string())?;
    *session = Some(fresh);
    Ok(ours)
}

/// The lock's number: one for each town, so that several towns may share a database.
fn name_of(town: &TownId) -> i64 {
    let hash = Sha256::digest(format!("hirake/standby/{town}"));
    i64::from_be_bytes(hash[..8].try_into().expect("a hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Longer than any of it takes on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Somebody asks the database, and waits for what it says.
    async fn asked(database: &TcpListener) -> TcpStream {
        let (mut session, _) = database.accept().await.expect("a connection");
        let mut hello = [0; 8];
        session.read_exact(&mut hello).await.expect("a request for TLS has 8 bytes");
        session
    }

    async fn told(events: &mut mpsc::Receiver<Event>) -> Lock {
        match events.recv().await {
            Some(Event::Lock(lock)) => lock,
            other => unreachable!("expected a word about the lock, found {other:?}"),
        }
    }

    /// Shows: who lets the wish go and has it again while the database thinks is told how the lock stands, though that
    /// is what was said before.
    #[tokio::test]
    async fn a_wish_that_comes_back_while_the_database_thinks_is_answered_anew() {
        let database = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = database.local_addr().expect("bound");
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("lock-url");
        std::fs::write(&file, format!("postgres://hirake:secret@{address}/hirake")).expect("written");
        let (events_in, mut events) = mpsc::channel(8);
        let town = "shiomi".parse().expect("a town");
        let wish = start(Some(file), &town, events_in);

        let story = async {
            wish.send_replace(true);
            drop(asked(&database).await);
            let first = told(&mut events).await;
            assert!(matches!(first, Lock::OutOfReach { .. }), "{first:?}");
            let thinks = asked(&database).await;
            wish.send_replace(false);
            wish.send_replace(true);
            drop(thinks);
            drop(asked(&database).await);
            assert_eq!(told(&mut events).await, first, "the same again, to the new wish");
        };
        tokio::time::timeout(PATIENCE, story).await.expect("the new wish is never answered");
    }
}
