//! Asks the controller over HTTP, as any script would.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one answer may take: the controller answers from memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// `GET path`; the body as text.
///
/// # Errors
/// Nobody answers, or not with 200.
pub async fn get(from: SocketAddr, path: &str) -> Result<String> {
    timeout(PATIENCE, ask(from, "GET", path, "", None)).await.context("no answer in time")?
}

/// `GET path`; the body as JSON.
///
/// # Errors
/// Nobody answers, not with 200, or not JSON.
pub async fn get_json(from: SocketAddr, path: &str) -> Result<Value> {
    let body = get(from, path).await?;
    serde_json::from_str(&body).with_context(|| format!("{path}: not JSON: {body:.200}"))
}

/// `POST path` with a JSON body and a token; the answer as text.
///
/// # Errors
/// Nobody answers, or not with 2xx.
pub async fn post(to: SocketAddr, path: &str, token: &str, body: &Value) -> Result<String> {
    timeout(PATIENCE, ask(to, "POST", path, token, Some(body))).await.context("no answer in time")?
}

/// `DELETE path` with a JSON body and a token; the answer as text.
///
/// # Errors
/// Nobody answers, or not with 2xx.
pub async fn delete(to: SocketAddr, path: &str, token: &str, body: &Value) -> Result<String> {
    timeout(PATIENCE, ask(to, "DELETE", path, token, Some(body))).await.context("no answer in time")?
}

async fn ask(to: SocketAddr, method: &str, path: &str, token: &str, body: Option<&Value>) -> Result<String> {
    let mut stream = TcpStream::connect(to).await.with_context(|| format!("nobody listens on {to}"))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    if !token.is_empty() {
        head += &format!("Authorization: Bearer {token}\r\n");
    }
    if !body.is_empty() {
        head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let gap = answer.windows(4).position(|four| four == b"\r\n\r\n").context("an answer with a head")?;
    let head = String::from_utf8_lossy(&answer[..gap]).into_owned();
    let body = &answer[gap + 4..];
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { join(body).with_context(|| format!("{path}: its chunks"))? } else { body.to_vec() };
    let body = String::from_utf8(body).context("an answer in UTF-8")?;
    if head.starts_with("HTTP/1.1 2") { Ok(body) } else { bail!("{method} {path}: {head}\n{body}") }
}

/// Joins the chunks of a streamed answer (RFC 9112 §7.1); it is an error if the last one is missing.
fn join(mut chunks: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").context("cut short before a size")?;
        let size = usize::from_str_radix(std::str::from_utf8(&chunks[..end])?, 16)?;
        if size == 0 {
            return Ok(body);
        }
        let from = end + 2;
        body.extend_from_slice(chunks.get(from..from + size).context("cut short within a chunk")?);
        chunks = chunks.get(from + size + 2..).context("cut short after a chunk")?;
    }
}
