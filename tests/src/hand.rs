//! A hand for scripts: one line to the running model town's socket turns the key, kills the controller, cuts power.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::panel::Turn;

/// What a hand can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Turn the key.
    Key(Turn),
    /// SIGKILL to the controller.
    ControllerKill,
    /// Start the controller.
    ControllerStart,
    /// Kill it if it runs, else start it.
    ControllerFlip,
    /// Power of one access point.
    Ap {
        /// Which.
        id: String,
        /// On or off.
        on: bool,
    },
    /// End the town.
    Quit,
}

/// A command and where its outcome goes.
pub type Said = (Command, oneshot::Sender<Result<(), String>>);

impl FromStr for Command {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["key", turn] => Ok(Self::Key(turn.parse()?)),
            ["controller", "kill"] => Ok(Self::ControllerKill),
            ["controller", "start"] => Ok(Self::ControllerStart),
            ["ap", id, power @ ("on" | "off")] => Ok(Self::Ap { id: id.to_owned(), on: power == "on" }),
            ["quit"] => Ok(Self::Quit),
            _ => Err(format!(
                "\"{}\" is nothing a hand can do; allowed: key POSITION, controller kill, controller start, ap ID on, \
                 ap ID off, quit",
                text.escape_debug()
            )),
        }
    }
}

/// A socket that hears commands; one line, one answer (`ok` or `no: WHY`). Stops when the set is dropped.
///
/// # Errors
/// The socket cannot be made.
pub fn listen(socket: &Path, say: mpsc::Sender<Said>) -> Result<JoinSet<()>> {
    let listener = UnixListener::bind(socket).with_context(|| socket.display().to_string())?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut hands = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            hands.spawn(hear(stream, say.clone()));
            while hands.try_join_next().is_some() {}
        }
    });
    Ok(tasks)
}

async fn hear(stream: UnixStream, say: mpsc::Sender<Said>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let outcome = match line.parse() {
            Ok(command) => {
                let (answer, answered) = oneshot::channel();
                if say.send((command, answer)).await.is_err() {
                    return;
                }
                answered.await.unwrap_or(Ok(()))
            }
            Err(why) => Err(why),
        };
        let text = outcome.map_or_else(|why| format!("no: {why}\n"), |()| "ok\n".to_owned());
        if write.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Says one line to the town at `socket`.
///
/// # Errors
/// Nobody is there, or it answers no.
pub async fn tell(socket: &Path, line: &str) -> Result<()> {
    // Refused here already, with the reason, whether or not a town is running.
    line.parse::<Command>().map_err(anyhow::Error::msg)?;
    let mut stream = UnixStream::connect(socket)
        .await
        .with_context(|| format!("no town is running at {}; start one with ./dev demo", socket.display()))?;
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.trim() {
        "ok" => Ok(()),
        why => bail!("the town says {why}"),
    }
}
