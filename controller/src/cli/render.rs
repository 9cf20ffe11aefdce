//! `hirake render`: the files of one access point, printed, or written below a folder.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use firmware_config::ap_config::ApConfig;
use firmware_config::ident::ApId;
use firmware_config::render::{RenderedFile, password_file};

use super::{check, exit};
use crate::config::Config;
use crate::secrets::agents::AgentsSecret;

/// Renders `ap` of the town in `file`; below `out` where that is given, else to standard output.
///
/// # Errors
/// A file cannot be written.
pub fn render(file: &Path, ap: &str, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let id: ApId = match ap.parse() {
        Ok(id) => id,
        Err(error) => {
            eprintln!("hirake: {error}");
            return Ok(ExitCode::from(exit::NOTHING_TO_RENDER));
        }
    };
    let (config, proven) = match Config::read_for(file, &id) {
        Ok(read) => read,
        Err(refused) => return Ok(check::refuse(&refused)),
    };
    let Some(proven) = proven else {
        let known = config.inventory.aps.iter().any(|ap| ap.id == id);
        let why = if known { "has no radio plan (radio = \"NAME\" under its [[ap]])" } else { "is not in the file" };
        eprintln!("hirake: {}: ap \"{id}\" {why}", file.display());
        return Ok(ExitCode::from(exit::NOTHING_TO_RENDER));
    };
    let password = match password(&config, &proven) {
        Ok(password) => password,
        Err(why) => {
            eprintln!("hirake: {}: broker: {why:#}", file.display());
            return Ok(ExitCode::from(exit::CONFIG_REFUSED));
        }
    };
    for rendered in firmware_config::render::render(&proven).into_iter().chain(password) {
        match out {
            None => print(&rendered),
            Some(dir) => write(dir, &rendered),
        }
        .with_context(|| format!("write {}", rendered.path))?;
    }
    Ok(ExitCode::from(exit::WELL))
}

/// The file with this access point's own password; none where its agent gives none, or the town has no secret to make it of.
fn password(config: &Config, proven: &ApConfig) -> anyhow::Result<Option<RenderedFile>> {
    let Some(secret) = config.broker.agents_password_file().filter(|_| proven.gives_password()) else {
        return Ok(None);
    };
    let password = AgentsSecret::read_long(secret)?.password_of(proven.town(), proven.ap());
    Ok(password_file(proven, &password))
}

/// The file under a line with its path. Every file is text.
fn print(rendered: &RenderedFile) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "# ==> {} (mode {:o})", rendered.path, rendered.mode)?;
    out.write_all(&rendered.bytes)?;
    writeln!(out)
}

/// The file below `dir`, whole or not at all, never readable by more people than it may be.
fn write(dir: &Path, rendered: &RenderedFile) -> std::io::Result<()> {
    let path = dir.join(rendered.path.as_str().trim_start_matches('/'));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut name = path.clone().into_os_string();
    name.push(".new");
    // One left over from a run that was cut off would keep its old permissions.
    if let Err(error) = fs::remove_file(&name)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(rendered.mode).open(&name)?;
    file.write_all(&rendered.bytes)?;
    file.sync_all()?;
    fs::rename(&name, &path)?;
    println!("{}", path.display());
    Ok(())
}
