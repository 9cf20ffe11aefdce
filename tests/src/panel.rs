//! A pretend key panel: contacts, lamp and buzzer behind a Unix socket (docs/wire.md, "the key panel").

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A lamp that has not changed for this long is steady: twice the half second of a blink, and scheduling on top.
const STEADY_AFTER: Duration = Duration::from_millis(1500);

/// Where the hand on the key leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// 平時
    Normal,
    /// 災害
    Disaster,
    /// 訓練
    Drill,
    /// A wire is cut: neither contact closes.
    Broken,
    /// Both contacts close.
    Shorted,
}

impl Turn {
    /// What the panel says of its contacts.
    #[must_use]
    pub fn line(self) -> &'static str {
        match self {
            Self::Normal => "contacts no=0 nc=1 drill=0\n",
            Self::Disaster => "contacts no=1 nc=0 drill=0\n",
            Self::Drill => "contacts no=0 nc=1 drill=1\n",
            Self::Broken => "contacts no=0 nc=0 drill=0\n",
            Self::Shorted => "contacts no=1 nc=1 drill=0\n",
        }
    }
}

impl std::str::FromStr for Turn {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "normal" => Ok(Self::Normal),
            "disaster" => Ok(Self::Disaster),
            "drill" => Ok(Self::Drill),
            "broken" => Ok(Self::Broken),
            "shorted" => Ok(Self::Shorted),
            _ => {
                Err(format!("\"{text}\" is no position of the key; allowed: normal, disaster, drill, broken, shorted"))
            }
        }
    }
}

/// What a lamp looks like to somebody standing before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// Dark for a while.
    Dark,
    /// Lit for a while.
    Steady,
    /// Changing.
    Blinking,
}

#[derive(Debug, Clone, Copy)]
struct Output {
    on: bool,
    changed: Instant,
}

impl Output {
    fn light(self) -> Light {
        match (self.changed.elapsed() < STEADY_AFTER, self.on) {
            (true, _) => Light::Blinking,
            (false, true) => Light::Steady,
            (false, false) => Light::Dark,
        }
    }
}

#[derive(Debug)]
struct Outputs {
    lamp: Output,
    buzzer: Output,
}

/// A panel at work, until it is dropped.
#[derive(Debug)]
pub struct Panel {
    turn: watch::Sender<Turn>,
    outputs: Arc<Mutex<Outputs>>,
    task: JoinHandle<()>,
}

impl Panel {
    /// Listens on `socket`, with the key at `turn`.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn start(socket: &Path, turn: Turn) -> std::io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let long_dark = Instant::now().checked_sub(STEADY_AFTER).unwrap_or_else(Instant::now);
        let dark = Output { on: false, changed: long_dark };
        let outputs = Arc::new(Mutex::new(Outputs { lamp: dark, buzzer: dark }));
        let (turn, _) = watch::channel(turn);
        let task = tokio::spawn(listen(listener, turn.clone(), Arc::clone(&outputs)));
        Ok(Self { turn, outputs, task })
    }

    /// Turns the key.
    pub fn turn(&self, turn: Turn) {
        self.turn.send_replace(turn);
    }

    /// Where the key is.
    #[must_use]
    pub fn position(&self) -> Turn {
        *self.turn.borrow()
    }

    /// What the lamp looks like.
    #[must_use]
    pub fn lamp(&self) -> Light {
        lock(&self.outputs).lamp.light()
    }

    /// What the buzzer sounds like.
    #[must_use]
    pub fn buzzer(&self) -> Light {
        lock(&self.outputs).buzzer.light()
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(outputs: &Mutex<Outputs>) -> MutexGuard<'_, Outputs> {
    outputs.lock().expect("nobody panics while holding a lamp")
}

async fn listen(listener: UnixListener, turn: watch::Sender<Turn>, outputs: Arc<Mutex<Outputs>>) {
    let mut wired = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        wired.spawn(wire(stream, turn.subscribe(), Arc::clone(&outputs)));
    }
}

/// One controller on the other end of the cable.
async fn wire(stream: UnixStream, mut turn: watch::Receiver<Turn>, outputs: Arc<Mutex<Outputs>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut say = true;
    loop {
        if say {
            let line = turn.borrow_and_update().line();
            if write.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
        // Cancel-safe: `next_line` keeps a partial line, `changed` loses no change.
        tokio::select! {
            changed = turn.changed() => {
                if changed.is_err() {
                    return;
                }
                say = true;
            }
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { return };
                say = obey(&line, &outputs);
            }
        }
    }
}

/// Does what a line says; true, if the contacts are to be told.
fn obey(line: &str, outputs: &Mutex<Outputs>) -> bool {
    let set = |output: &mut Output, on: bool| {
        if output.on != on {
            *output = Output { on, changed: Instant::now() };
        }
    };
    match line.trim() {
        "read" => return true,
        "lamp 0" => set(&mut lock(outputs).lamp, false),
        "lamp 1" => set(&mut lock(outputs).lamp, true),
        "buzzer 0" => set(&mut lock(outputs).buzzer, false),
        "buzzer 1" => set(&mut lock(outputs).buzzer, true),
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a controller sees: the contacts at connect, on each change and when it asks; and its lamp obeys.
    #[tokio::test]
    async fn a_panel_tells_its_contacts_and_lights_its_lamp() {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("panel.sock");
        let panel = Panel::start(&socket, Turn::Normal).expect("listening");
        let (read, mut write) = UnixStream::connect(&socket).await.expect("connected").into_split();
        let mut lines = BufReader::new(read).lines();
        let mut next = async || lines.next_line().await.expect("readable").expect("a line");

        assert_eq!(next().await, "contacts no=0 nc=1 drill=0");
        panel.turn(Turn::Disaster);
        assert_eq!(next().await, "contacts no=1 nc=0 drill=0");
        write.write_all(b"lamp 1\nread\n").await.expect("written");
        assert_eq!(next().await, "contacts no=1 nc=0 drill=0");
        assert_eq!(panel.lamp(), Light::Blinking, "it has just changed");
        assert_eq!(panel.buzzer(), Light::Dark);
    }
}
