//! The operator at the screen: opens facilities and closes them again, and knows of each act whether it was answered.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::http;
use crate::inventory::FACILITIES;

/// The token of the model town (`bench`).
const TOKEN: &str = "model-town-token-0000000000000000";
/// Between one question and the next, where it is not known whether an act was done.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// How long the last acts may take to be answered.
const REST_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// This activation.
    Open(u64),
    /// Asked, and not answered yet.
    Asked,
}

/// What came of an act.
#[derive(Debug)]
struct Answer {
    facility: usize,
    /// What the operator holds open from now on.
    holds: Option<u64>,
    /// Kind and reason of the entry that must be in the record; none where the answer was lost.
    entry: Option<(&'static str, String)>,
}

/// An operator's desk.
#[derive(Debug)]
pub struct Desk {
    http: SocketAddr,
    holds: Vec<Holds>,
    acts: usize,
    say: mpsc::UnboundedSender<Answer>,
    answers: mpsc::UnboundedReceiver<Answer>,
    /// Kind and reason of every act that was answered.
    pub answered: Vec<(&'static str, String)>,
}

impl Desk {
    /// A desk with nothing open.
    #[must_use]
    pub fn new(http: SocketAddr, facilities: usize) -> Self {
        let (say, answers) = mpsc::unbounded_channel();
        Self { http, holds: vec![Holds::Nothing; facilities], acts: 0, say, answers, answered: Vec::new() }
    }

    /// Whether this operator holds `facility` open; none while an act is not answered.
    #[must_use]
    pub fn holds_open(&self, facility: usize) -> Option<bool> {
        match self.holds[facility] {
            Holds::Nothing => Some(false),
            Holds::Open(_) => Some(true),
            Holds::Asked => None,
        }
    }

    /// Opens `facility`, or closes what is open there; nothing where an act waits for its answer.
    pub fn act(&mut self, facility: usize) {
        let before = std::mem::replace(&mut self.holds[facility], Holds::Asked);
        if before == Holds::Asked {
            return;
        }
        self.acts += 1;
        let (http, say, why) = (self.http, self.say.clone(), format!("torture {}", self.acts));
        tokio::spawn(async move {
            let (done, kind) = match before {
                Holds::Open(activation) => (close(http, activation, &why).await, "closed"),
                _ => (open(http, facility, &why).await, "opened"),
            };
            let answer = match done {
                Ok(holds) => Answer { facility, holds, entry: Some((kind, why)) },
                Err(_) => Answer { facility, holds: find(http, before, &why).await, entry: None },
            };
            // Nobody listens when the run is over.
            _ = say.send(answer);
        });
    }

    /// Takes the answers that came.
    pub fn listen(&mut self) {
        while let Ok(answer) = self.answers.try_recv() {
            self.take(answer);
        }
    }

    /// Waits until everything asked is answered.
    pub async fn rest(&mut self) {
        while self.holds.contains(&Holds::Asked) {
            let Ok(Some(answer)) = timeout(REST_PATIENCE, self.answers.recv()).await else { return };
            self.take(answer);
        }
    }

    fn take(&mut self, answer: Answer) {
        self.holds[answer.facility] = answer.holds.map_or(Holds::Nothing, Holds::Open);
        self.answered.extend(answer.entry);
    }
}

async fn open(to: SocketAddr, facility: usize, why: &str) -> Result<Option<u64>> {
    let body = json!({ "mode": "disaster", "facilities": [FACILITIES[facility].id], "why": why, "by": "torture" });
    let done: Value = serde_json::from_str(&http::post(to, "/api/v1/activations", TOKEN, &body).await?)?;
    Ok(Some(done["activation"].as_u64().context("an activation's number")?))
}

async fn close(to: SocketAddr, activation: u64, why: &str) -> Result<Option<u64>> {
    let body = json!({ "why": why, "by": "torture" });
    http::delete(to, &format!("/api/v1/activations/{activation}"), TOKEN, &body).await?;
    Ok(None)
}

/// The answer was lost: what is in force says whether the act was done.
async fn find(from: SocketAddr, before: Holds, why: &str) -> Option<u64> {
    loop {
        if let Ok(town) = http::get_json(from, "/api/v1/town").await {
            let mut in_force = town["activations"].as_array().into_iter().flatten();
            let found = match before {
                Holds::Open(activation) => in_force.find(|held| held["id"] == activation),
                _ => in_force.find(|held| held["why"] == why),
            };
            return found.and_then(|held| held["id"].as_u64());
        }
        sleep(ASK_EVERY).await;
    }
}
