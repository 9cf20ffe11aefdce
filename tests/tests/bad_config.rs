//! Every kind of mistake in `controller.toml` is told with its line, what was found and what is allowed.
//!
//! `bad-config/*.toml` are named by what is wrong with them; the `.txt` beside each is what `hirake check` says.
//! Where the words changed on purpose: HIRAKE_WRITE_EXPECTED=1 cargo test -p tests --test bad_config, and read the diff.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use tests::process::product;

/// `hirake check`'s exit code for a file it does not take.
const CONFIG_REFUSED: i32 = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bad-config")
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../controller/controller.toml")
}

/// Runs `hirake check FILE` in `dir`, so that no path of this machine gets into what it says.
fn check(dir: &Path, file: &str) -> Result<Output> {
    Command::new(product("hirake")?).args(["check", file]).current_dir(dir).output().context("hirake does not start")
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Input: one file per kind of mistake. Output: exit code 3, nothing on standard output, exactly the expected words.
#[test]
fn every_kind_of_mistake_is_told_with_its_line_what_was_found_and_what_is_allowed() -> Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    ensure!(files.len() >= 30, "only {} files in {}", files.len(), folder().display());

    let mut wrong = Vec::new();
    for file in &files {
        let name = file.file_name().context("a name")?.to_string_lossy().into_owned();
        let output = check(&folder(), &name)?;
        let found = said(&output.stderr);
        let expected_file = file.with_extension("txt");
        if std::env::var_os("HIRAKE_WRITE_EXPECTED").is_some() {
            fs::write(&expected_file, &found)?;
        }
        let expected = fs::read_to_string(&expected_file).with_context(|| expected_file.display().to_string())?;
        if found != expected || !output.stdout.is_empty() || output.status.code() != Some(CONFIG_REFUSED) {
            wrong.push(format!("{name}: {}\n-- found --\n{found}-- expected --\n{expected}", output.status));
        }
        // A line of its own for each complaint, with its place; a secret never.
        let complaints = found.lines().filter(|line| line.starts_with(&format!("{name}:")));
        let placed = complaints.clone().all(|line| {
            let mut parts = line[name.len() + 1..].splitn(3, ':');
            parts.next().is_some_and(|line| line.parse::<u32>().is_ok())
                && parts.next().is_some_and(|column| column.parse::<u32>().is_ok())
        });
        if complaints.count() == 0 || !placed || found.contains("himitsu") {
            wrong.push(format!("{name}: no place, or a secret is shown:\n{found}"));
        }
    }
    ensure!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
    Ok(())
}

/// Ten mistakes in one file: nobody has to start the program ten times.
#[test]
fn ten_mistakes_are_told_at_once() -> Result<()> {
    let output = check(&folder(), "ten-mistakes-at-once.toml")?;
    let found = said(&output.stderr);
    ensure!(found.lines().filter(|line| line.starts_with("ten-mistakes-at-once.toml:")).count() == 10, "{found}");
    ensure!(found.ends_with("\n10 to mend\n"), "{found}");
    Ok(())
}

/// What is shipped is right, says how big the town is, and needs nothing to be on this machine.
#[test]
fn the_shipped_example_is_accepted() -> Result<()> {
    let output = check(example().parent().context("a folder")?, "controller.toml")?;
    ensure!(output.status.success(), "{}", said(&output.stderr));
    ensure!(said(&output.stdout) == "ok: 27 APs at 6 facilities, 6 shelters\n", "{}", said(&output.stdout));
    ensure!(said(&output.stderr).lines().all(|line| line.starts_with("note: controller.toml:")), "only notes");
    Ok(())
}

/// The example's passphrase file is put in place, then one access point is rendered: printed, and into a folder.
#[test]
fn the_shipped_example_renders_and_a_missing_passphrase_is_told() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (secret, agents) = (dir.path().join("passphrase"), dir.path().join("agents"));
    let text = fs::read_to_string(example())?
        .replace("/etc/hirake/shiomi-wifi-passphrase", secret.to_str().context("a plain path")?)
        .replace("/etc/hirake/agents-password", agents.to_str().context("a plain path")?);
    // Somebody puts a key switch at the first access point, and lets the town count distinct devices.
    let lobby = "name = \"1階ロビー\"\nmanaged = \"agent\"\nradio = \"standard\"\n";
    ensure!(text.contains(lobby), "the example's first access point has changed");
    let text = text.replace(lobby, &format!("{lobby}\n[ap.key]\nchip = \"gpiochip0\"\nno = 17\nnc = \"KEY-NC\"\n"));
    let text = format!("{text}\n[radio-plan.standard.places]\ndistinct-secret = \"/etc/hirake/distinct.secret\"\n");
    fs::write(dir.path().join("controller.toml"), text)?;
    let render_ap = |ap: &str, more: &[&str]| -> Result<Output> {
        let mut command = Command::new(product("hirake")?);
        command.current_dir(dir.path()).args(["render", "--config", "controller.toml", ap]).args(more);
        Ok(command.output()?)
    };
    let render = |more: &[&str]| render_ap("yakuba-1", more);
    let passwords = || -> Result<Output> {
        let mut command = Command::new(product("hirake")?);
        Ok(command.current_dir(dir.path()).args(["passwords", "--config", "controller.toml"]).output()?)
    };

    let refused = render(&[])?;
    ensure!(refused.status.code() == Some(CONFIG_REFUSED), "{}", said(&refused.stderr));
    ensure!(said(&refused.stderr).contains("controller.toml:128:19: radio-plan \"standard\": passphrase-file"));

    fs::write(&secret, "himitsu-no-kotoba\n")?;
    for (text, expected) in [
        (None, "agents: No such file or directory"),
        (Some("\n"), "agents is empty"),
        (Some("himitsu\n"), "agents: found 7 bytes; expected one line of at least 32 characters"),
    ] {
        text.map_or(Ok(()), |text| fs::write(&agents, text))?;
        for refused in [render(&[])?, passwords()?] {
            let why = said(&refused.stderr);
            ensure!(refused.status.code() == Some(CONFIG_REFUSED) && refused.stdout.is_empty(), "{why}");
            ensure!(
                why.starts_with("hirake: controller.toml: broker: password file ") && why.contains(expected),
                "{why}"
            );
            ensure!(!why.contains("himitsu"), "{why}");
        }
    }
    let short = check(dir.path(), "controller.toml")?;
    let why = said(&short.stderr);
    ensure!(short.status.code() == Some(CONFIG_REFUSED) && !why.contains("himitsu"), "{why}");
    ensure!(why.contains("holds a secret that whoever steals one access point could find by trying"), "{why}");

    const AGENTS: &str = "0123456789abcdef0123456789abcdef";
    fs::write(&agents, format!("{AGENTS}\n"))?;
    let printed = said(&render(&[])?.stdout);
    for line in [
        "# ==> /etc/hirake/wlan0jp.conf (mode 644)",
        "ssid=00000JAPAN",
        "ap_isolate=1",
        "wpa_passphrase=himitsu-no-kotoba",
        "[scan]",
        "every-s = 300",
        "[key]",
        "no = 17",
        "nc = \"KEY-NC\"",
        "distinct-secret-file = \"/etc/hirake/distinct.secret\"",
    ] {
        ensure!(printed.lines().any(|found| found == line), "no line {line:?} in:\n{printed}");
    }

    let written = render(&["--out", "root"])?;
    ensure!(written.status.success(), "{}", said(&written.stderr));
    let mode = |file: &str| Ok::<_, std::io::Error>(fs::metadata(dir.path().join(file))?.permissions().mode() & 0o777);
    ensure!(mode("root/etc/hirake/hostapd-phy0.conf")? == 0o600, "the file with the passphrase is its owner's alone");
    ensure!(fs::read_to_string(dir.path().join("root/etc/hirake/wlan1jp.conf"))?.contains("ssid=00000JAPAN\n"));

    // Each access point gets a password of its own, the one that `hirake passwords` tells, and none the secret.
    let listed = said(&passwords()?.stdout);
    ensure!(listed.lines().count() == 27 && !listed.contains(AGENTS), "{listed}");
    let distinct: BTreeSet<&str> = listed.lines().filter_map(|line| Some(line.split_once(':')?.1)).collect();
    ensure!(distinct.len() == 27 && distinct.iter().all(|password| password.len() == 64), "{listed}");
    for ap in ["yakuba-1", "minato-3"] {
        let root = format!("root-{ap}");
        ensure!(render_ap(ap, &["--out", &root])?.status.success());
        let file = format!("{root}/etc/hirake/mqtt.password");
        let password = fs::read_to_string(dir.path().join(&file))?;
        ensure!(listed.contains(&format!("{ap}:{password}")) && mode(&file)? == 0o600, "{ap}");
        let told = fs::read_to_string(dir.path().join(&root).join("etc/hirake/agent.toml"))?;
        ensure!(
            told.contains("password-file = \"/etc/hirake/mqtt.password\"\n") && !told.contains(&password),
            "{told}"
        );
        for written in fs::read_dir(dir.path().join(&root).join("etc/hirake"))? {
            ensure!(!fs::read_to_string(written?.path())?.contains(AGENTS), "the secret stays where it is");
        }
    }
    Ok(())
}

/// For a broker outside the controller's own line comes first, and what its file could not hold is told.
#[test]
fn the_lines_for_a_broker_outside_are_complete_or_it_is_told_why_not() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("agents"), "0123456789abcdef0123456789abcdef\n")?;
    let passwords = |broker: &str, own: &str| -> Result<Output> {
        fs::write(at("own"), own)?;
        let town = "[town]\nid = \"shiomi\"\nname = \"汐見町\"\n[[facility]]\nid = \"gym\"\nname = \"体育館\"\nshelter = true\n\
                    [[ap]]\nid = \"gym-1\"\nfacility = \"gym\"\nname = \"東\"\nmanaged = \"agent\"\n";
        fs::write(at("controller.toml"), format!("{town}[broker]\noutside = \"mqtt://192.0.2.7\"\n{broker}"))?;
        let mut command = Command::new(product("hirake")?);
        Ok(command.current_dir(dir.path()).args(["passwords", "--config", "controller.toml"]).output()?)
    };
    let agents = format!("agents-password-file = \"{}\"\n", at("agents"));
    let login = |user: &str| format!("user = \"{user}\"\npassword-file = \"{}\"\n", at("own"));
    // printf 'hirake ap password v1\nshiomi\ngym-1' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    let gym = "gym-1:d76a1d9440026e6978e0baf5f66c3bf08f2ad45d0dc3942e1570ee14668fe814\n";
    ensure!(said(&passwords(&agents, "")?.stdout) == gym);
    let whole = passwords(&format!("{agents}{}", login("hirake")), "himitsu desu\n")?;
    ensure!(said(&whole.stdout) == format!("hirake:himitsu desu\n{gym}"), "{}", said(&whole.stdout));
    for (broker, own, expected) in [
        (String::new(), "", "has no agents-password-file; expected the path of a file with one line of at least 32"),
        (format!("{agents}{}", login("hi:rake")), "himitsu\n", "has a ':' in it; expected a name without"),
        (format!("{agents}{}", login("hirake")), "himi:tsu\n", "has a ':' in it; expected a password without"),
        (format!("{agents}{}", login("gym-1")), "himitsu\n", "is an access point's name as well"),
        (format!("{agents}{}", login("hirake")), "\n", "own is empty"),
    ] {
        let refused = passwords(&broker, own)?;
        let why = said(&refused.stderr);
        ensure!(refused.status.code() == Some(CONFIG_REFUSED) && refused.stdout.is_empty(), "{why}");
        ensure!(why.contains(expected) && !why.contains("himi"), "{why}");
    }
    Ok(())
}

/// Nothing here stops a start, and all of it is worth a look: each is a note, and the file is taken.
#[test]
fn what_works_but_is_doubtful_is_noted() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let token = dir.path().join("token");
    fs::write(&token, "himitsu\n")?;
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644))?;
    let file = dir.path().join("controller.toml");
    fs::write(
        &file,
        format!(
            "[town]\nid = \"shiomi\"\nname = \"汐見町\"\n[key]\nchip = \"gpiochip0\"\nno = 3\n[broker]\nlisten = \"0.0.0.0:1884\"\n\
             [http]\ntoken-file = \"{}\"\n[[facility]]\nid = \"gym\"\nname = \"体育館\"\nshelter = true\n\
             [[facility]]\nid = \"hall\"\nname = \"会館\"\nshelter = true\n\
             [[ap]]\nid = \"gym-1\"\nfacility = \"gym\"\nname = \"東\"\nmanaged = \"agent\"\n",
            token.display()
        ),
    )?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666))?;
    let output = check(dir.path(), "controller.toml")?;
    let notes = said(&output.stderr);
    ensure!(output.status.success(), "{notes}");
    for expected in [
        "note: controller.toml: every user of this machine may change this file",
        "note: controller.toml:4:1: key: without nc a cut wire reads as the key at 平時",
        "note: controller.toml:7:1: broker: without agents-password-file whoever reaches the port may connect",
        "note: controller.toml:10:14: http: token-file",
        "is open to every user of this machine; chmod o-rw it",
        "note: controller.toml:15:1: facility \"hall\": has no [[ap]]",
    ] {
        ensure!(notes.contains(expected), "no {expected:?} in:\n{notes}");
    }
    ensure!(!notes.contains("himitsu"), "{notes}");
    Ok(())
}

/// A file that is not there, a folder, an empty file: each has a clear word and the same exit code.
#[test]
fn what_is_no_file_is_refused_in_words() -> Result<()> {
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("empty.toml"), "")?;
    fs::create_dir(dir.path().join("folder.toml"))?;
    for (file, expected) in [
        ("missing.toml", "missing.toml: cannot be read: No such file or directory"),
        ("folder.toml", "folder.toml: is not a file; expected the path of controller.toml"),
        ("empty.toml", "empty.toml:1:1: town is missing; expected a table [town] with id and name"),
    ] {
        let output = check(dir.path(), file)?;
        ensure!(said(&output.stderr).starts_with(expected), "{}", said(&output.stderr));
        ensure!(output.status.code() == Some(CONFIG_REFUSED), "{}", output.status);
    }
    Ok(())
}
