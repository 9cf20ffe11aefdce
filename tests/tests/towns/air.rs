//! What real agents hear on the air reaches the pages of a real controller: look-alikes, strangers and neighbours.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::bench::{Bench, BrokerKind, Plan, ap, record, total};
use tests::http;
use tests::inventory;
use tests::panel::Turn;

const PATIENCE: Duration = Duration::from_secs(60);
/// Two rounds of listening at their rarest: 60 s and a quarter of that by chance; and the time of a closing.
const A_ROUND: Duration = Duration::from_secs(150);

/// A network as iw 5.19 prints it.
pub fn network(bssid: &str, name: &str) -> String {
    format!(
        "BSS {bssid}(on wlan0)\n\tlast seen: 31.204s [boottime]\n\tTSF: 1795392000 usec (0d, 00:29:55)\n\tfreq: 2437\n\
         \tbeacon interval: 100 TUs\n\tcapability: ESS ShortSlotTime (0x0401)\n\tsignal: -52.00 dBm\n\
         \tlast seen: 40 ms ago\n\tSSID: {name}\n\tSupported rates: 1.0* 2.0* 5.5* 11.0* 6.0 9.0 12.0 18.0 \n"
    )
}

/// Gives the AP an ear: a program in iw's place, in `world`, that says what a file there says. Returns that file.
pub fn give_ear(dir: &Path, ap: &str, world: &Path) -> Result<PathBuf> {
    let (air, iw) = (world.join(format!("{ap}.air")), world.join(format!("{ap}.iw")));
    std::fs::write(&air, "")?;
    let asked = "dev wlan0 scan freq 24?? ap-force passive";
    let refusal = "echo 'command failed: Invalid argument (-22)' >&2; exit 234";
    let text = format!("#!/bin/sh\ncase \"$*\" in \"{asked}\") cat {} ;; *) {refusal} ;; esac\n", air.display());
    std::fs::write(&iw, text.replace(&format!("\"{asked}\""), &asked.replace(' ', "\\ ")))?;
    std::fs::set_permissions(&iw, std::fs::Permissions::from_mode(0o755))?;
    let config = dir.join("ap").join(ap).join("agent.toml");
    let text = std::fs::read_to_string(&config).context("agent.toml")?;
    std::fs::write(&config, format!("{text}\n[scan]\nevery-s = 60\nprogram = \"{}\"\n", iw.display()))?;
    Ok(air)
}

/// Puts this on the air, whole at once.
pub fn send(air: &Path, networks: &[String]) -> Result<()> {
    let new = air.with_extension("new");
    std::fs::write(&new, networks.concat())?;
    Ok(std::fs::rename(new, air)?)
}

/// The network of others with this name, as the controller tells of it.
fn stranger<'a>(town: &'a Value, name: &str) -> &'a Value {
    town["strangers"].as_array().into_iter().flatten().find(|it| it["ssid"] == name).unwrap_or(&Value::Null)
}

/// Shows that what agents hear with a program in iw's place goes through a real broker to the API, both pages, the
/// record and the metrics: a look-alike with its difference in two languages, a neighbour as the witness of an AP that
/// opened, and a network with the name itself as an alarm once nothing is open; that an AP whose iw fails is none the
/// worse for it; and that of everybody else's networks nothing is said.
#[tokio::test]
async fn look_alikes_strangers_and_neighbours_are_heard_by_agents_and_told_in_two_languages() -> Result<()> {
    let plan = Plan::quiet(inventory::aps().into_iter().take(3).collect(), BrokerKind::Inside);
    let names: Vec<String> = plan.aps.iter().map(|ap| ap.id.clone()).collect();
    let temp = tempfile::Builder::new().prefix("hirake-").tempdir()?;
    let mut bench = Bench::lay_out(temp.path(), plan)?;
    let air = give_ear(temp.path(), &names[1], temp.path())?;
    std::fs::write(
        give_ear(temp.path(), &names[2], temp.path())?.with_extension("iw"),
        "#!/bin/sh\necho 'command failed: Operation not supported (-95)' >&2\nexit 161\n",
    )?;
    let fake = network("02:13:37:00:00:01", "0000OJAPAN");
    let others = network("02:13:37:00:00:02", "the-bakers-own-network") + &network("02:13:37:00:00:03", "\\x00\\x00");
    send(&air, &[fake.clone(), others.clone()])?;
    bench.start_controller().await?;
    bench.start_agents()?;
    bench.until("settled", PATIENCE, |town| total(town, "settled") == 3).await?;

    let town = bench.until("the look-alike is told", PATIENCE, |town| !stranger(town, "0000OJAPAN").is_null()).await?;
    let told = stranger(&town, "0000OJAPAN");
    assert_eq!((&told["by"], &told["alarm"], &told["channel"]), (&names[1].as_str().into(), &false.into(), &6.into()));
    assert_eq!(told["why"], "it is written with other characters that look the same");
    assert_eq!(town["strangers"].as_array().map(Vec::len), Some(1), "of everybody else's networks nothing is said");
    for (lang, words) in
        [("ja", "見た目が同じ別の文字が使われています"), ("en", "written with other characters that look the same")]
    {
        let page = http::get(bench.http(), &format!("/?lang={lang}")).await?;
        assert!(page.contains("0000OJAPAN") && page.contains(words), "{lang}: {page}");
    }
    let entries = bench.until_recorded("strange-network", PATIENCE).await?;
    assert!(record(&entries, "strange-network").all(|entry| entry["fields"]["what"] == "look-alike"), "{entries}");
    assert!(!entries.to_string().contains("baker"));
    for (lang, words) in [("ja", "見た目が同じ別の文字"), ("en", "(it is written with other characters")] {
        let page = http::get(bench.http(), &format!("/record?lang={lang}")).await?;
        assert!(page.contains(words), "{lang}: {page}");
    }
    let metrics = http::get(bench.http(), "/metrics").await?;
    assert!(metrics.contains("hirake_strange_networks{kind=\"look-alike\"} 1\n"), "{metrics}");
    assert!(metrics.contains("hirake_aps_left_open 0\n"), "{metrics}");

    // The first AP opens, and the second hears it.
    bench.panel.turn(Turn::Disaster);
    bench.until_seen("open", PATIENCE, |bench| bench.open_radios() == 3).await?;
    let own = bench.radio(0).on_air().into_iter().find(|it| it.ssid == "00000JAPAN").context("open")?.bssid;
    send(&air, &[network(&own, "00000JAPAN"), fake])?;
    let seen = |town: &Value| ap(town, &names[0])["witnessed"]["by"] == names[1].as_str();
    let town = bench.until("the second AP is the first one's witness", A_ROUND, seen).await?;
    assert_eq!(ap(&town, &names[0])["witnessed"]["open"], true);
    assert_eq!(total(&town, "witnessed"), 1);
    for (lang, words) in [("ja", format!("電波で{}が確認", names[1])), ("en", format!("heard by {}", names[1]))] {
        let page = http::get(bench.http(), &format!("/aps?lang={lang}")).await?;
        assert!(page.contains(&words), "{lang}: {page}");
    }
    assert!(stranger(&town, "00000JAPAN").is_null(), "it is one of ours");

    // All is closed, and somebody else sends the name.
    bench.panel.turn(Turn::Normal);
    bench.until_seen("closed", PATIENCE, |bench| bench.open_radios() == 0).await?;
    send(&air, &[network("02:13:37:00:00:09", "00000JAPAN"), others])?;
    let alarm = |town: &Value| stranger(town, "00000JAPAN")["alarm"] == true;
    let town = bench.until("a stranger with the name itself is an alarm", A_ROUND, alarm).await?;
    assert!(stranger(&town, "00000JAPAN")["why"].is_null());
    assert_eq!(total(&town, "settled"), 3, "nobody of ours stands otherwise for it");
    for (lang, words) in [("ja", "町の機器でない 00000JAPAN が出ています"), ("en", "Somebody else sends 00000JAPAN")]
    {
        let page = http::get(bench.http(), &format!("/?lang={lang}")).await?;
        assert!(page.contains(words), "{lang}: {page}");
    }
    let metrics = http::get(bench.http(), "/metrics").await?;
    assert!(metrics.contains("hirake_strange_networks{kind=\"alarm\"} 1\n"), "{metrics}");

    // Whose iw cannot is none the worse for it, and has said so once.
    let log = std::fs::read_to_string(bench.dir().join("log").join(format!("{}.log", names[2])))?;
    ensure!(log.matches("cannot listen phy=phy0").count() == 1, "{log}");
    bench.stop()
}
