//! `hirake record verify`, `backup` and `restore`: the store in somebody's hands, told in words.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use super::words::{Language, clock};
use super::{check, exit};
use crate::api::times::iso;
use crate::config::{Config, STORE_PATH};
use crate::store::chain::{Finding, Hash, Verdict, Wrong};
use crate::store::copy;

/// Figures of a hash in one group on paper.
const GROUP: usize = 8;

/// Looks through the record and says what it found.
///
/// # Errors
/// The file cannot be read.
pub fn verify(
    config: Option<&Path>,
    file: Option<PathBuf>,
    known: Option<&str>,
    l: Language,
) -> anyhow::Result<ExitCode> {
    let known = match known.map(|text| Hash::parse(text).ok_or(text)) {
        Some(Err(text)) => {
            let what = l.pick("16進数64けたではありません", "is not 64 figures 0-9 a-f");
            anyhow::bail!("--known {:?} {what}", super::words::safe(text));
        }
        Some(Ok(known)) => Some(known),
        None => None,
    };
    let path = match file {
        Some(file) => file,
        None => match store(config) {
            Ok(path) => path,
            Err(refused) => return Ok(refused),
        },
    };
    let verdict = runtime()?.block_on(copy::verify(&path, known))?;
    print!("{}", told(&verdict, l));
    let missing = known.is_some() && verdict.known.is_none();
    if let Some(number) = verdict.known {
        println!("{}  {number}", l.pick("控えのハッシュは、この番号の記録です", "the hash on paper is that of entry"));
    } else if missing {
        let what = l.pick(
            "控えのハッシュがありません。記録は作り直されたか、控えより前で切られています",
            "the hash on paper is not in this record: it was made anew, or cut off before it",
        );
        println!("! {what}");
    }
    Ok(ExitCode::from(if verdict.wrong > 0 || missing { exit::RECORD_WRONG } else { exit::WELL }))
}

/// A copy of the running store.
///
/// # Errors
/// It cannot be made; nothing is left behind.
pub fn backup(config: Option<&Path>, to: &Path, l: Language) -> anyhow::Result<ExitCode> {
    let path = match store(config) {
        Ok(path) => path,
        Err(refused) => return Ok(refused),
    };
    let holds = runtime()?.block_on(copy::backup(&path, to))?;
    println!("{}  {}  {} kB", l.pick("控えを作りました", "copied"), to.display(), holds.bytes.div_ceil(1024));
    println!("{}  {}", l.pick("最新の指令", "newest order"), holds.order.unwrap_or_default());
    print!("{}", told(&holds.verdict, l));
    Ok(ExitCode::from(if holds.verdict.wrong > 0 { exit::RECORD_WRONG } else { exit::WELL }))
}

/// A copy put back.
///
/// # Errors
/// It cannot be; the store is as it was.
pub fn restore(config: Option<&Path>, from: &Path, l: Language) -> anyhow::Result<ExitCode> {
    let path = match store(config) {
        Ok(path) => path,
        Err(refused) => return Ok(refused),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let restored = runtime()?.block_on(copy::restore(&path, from, now_ms))?;
    println!("{}  {}", l.pick("控えを戻しました", "put back"), path.display());
    if let Some(replaced) = restored.replaced {
        println!(
            "{}  {}",
            l.pick("それまでのファイルはここに残しました", "what stood there is kept as"),
            replaced.display()
        );
    }
    print!("{}", told(&restored.holds.verdict, l));
    let next = l.pick(
        "制御装置を起動すると、控えより新しい指令はブローカーかAPから学び直します",
        "once started, the controller learns orders newer than this copy from the broker or an access point",
    );
    println!("{next}");
    Ok(ExitCode::from(exit::WELL))
}

/// The store that the town's file names, or the usual one; a file that is refused has been complained of.
fn store(config: Option<&Path>) -> Result<PathBuf, ExitCode> {
    match config {
        None => Ok(PathBuf::from(STORE_PATH)),
        Some(file) => Config::read(file).map(|config| config.store).map_err(|refused| check::refuse(&refused)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")
}

/// A hash as it is copied onto paper.
pub fn on_paper(hash: &str) -> String {
    let figures: Vec<char> = hash.chars().collect();
    let groups: Vec<String> = figures.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

fn told(verdict: &Verdict, l: Language) -> String {
    let mut lines = Vec::new();
    let head = verdict.ends.head;
    if verdict.wrong == 0 {
        let well = l.pick("記録は書かれたときのままです", "the record is as it was written");
        lines.push(format!("{well}  {} {}", verdict.chained, l.pick("件", "entries")));
    } else {
        let wrong = l.pick("記録が書かれたときのままではありません", "the record is not as it was written");
        lines.push(format!("! {wrong}  {} {}", verdict.wrong, l.pick("か所", "places")));
    }
    lines.extend(verdict.findings.iter().map(|finding| format!("! {}", finding_told(finding, l))));
    let more = verdict.wrong.saturating_sub(verdict.findings.len() as u64);
    if more > 0 {
        lines.push(format!("! {} {more}", l.pick("ほかに", "and more:")));
    }
    if verdict.older > 0 {
        let what =
            l.pick("鎖が始まる前の記録(確かめられません)", "entries from before the chain began, not verifiable");
        lines.push(format!("{what}  {}", verdict.older));
    }
    if verdict.ends.base.number > 0 {
        let what = l.pick("鎖はこの番号のあとから始まります", "the chain begins after entry");
        lines.push(format!("{what}  {}", verdict.ends.base.number));
    }
    lines.push(format!(
        "{}  {}  {}",
        l.pick("最新の記録の番号とハッシュ(紙に控える)", "newest entry and its hash, for the paper"),
        head.number,
        on_paper(&head.hash.to_string())
    ));
    lines.join("\n") + "\n"
}

fn finding_told(finding: &Finding, l: Language) -> String {
    let at = finding.at_ms.map(iso).map_or_else(String::new, |at| format!("  {}", clock(&at, "")));
    let number = finding.number;
    match finding.wrong {
        Wrong::Changed => {
            format!("{number}{at}  {}", l.pick("内容が変えられたか、別の場所から移された", "changed, or moved here"))
        }
        Wrong::Inserted => format!("{number}{at}  {}", l.pick("あとから書き足された", "written in afterwards")),
        Wrong::RemovedBefore(last) => match l {
            Language::Ja => format!("{number}{at}  この直前の記録({last}番まで)が消された"),
            Language::En => format!("{number}{at}  entries directly before it (up to {last}) were removed"),
        },
        Wrong::RemovedAfter => {
            format!("{number}{at}  {}", l.pick("これより新しい記録が消された", "entries after it were removed"))
        }
    }
}
