//! Writes sample pages into a folder, to be looked at: `cargo run -p dashboard --example screens -- OUTDIR`.

use std::path::Path;

use dashboard::{ApsQuery, KeyFault, Lang, Screen, Standing, assets, page_aps, page_now, page_wall, sample};
use firmware_config::mode::Mode;

fn troubled() -> Screen {
    let mut screen = sample::town(Mode::Disaster);
    let mut stand = |facility: usize, ap: usize, standing, why: &str| {
        let ap = &mut screen.facilities[facility].aps[ap];
        ap.standing = standing;
        ap.why = why.to_owned();
        ap.stations = None;
    };
    stand(2, 1, Standing::Silent, "");
    stand(3, 0, Standing::Refused, "hostapd answered FAIL to ADD");
    stand(5, 0, Standing::Silent, "");
    stand(5, 1, Standing::Silent, "");
    stand(1, 0, Standing::Settling, "");
    screen
}

fn main() -> std::io::Result<()> {
    let out = std::env::args().nth(1).unwrap_or_else(|| "screens".to_owned());
    let out = Path::new(&out);
    std::fs::create_dir_all(out.join("assets"))?;
    for asset in assets() {
        std::fs::write(out.join(asset.path.trim_start_matches('/')), asset.bytes)?;
    }
    let mut key_fault = sample::town(Mode::Normal);
    key_fault.key.fault = Some((KeyFault::Broken, sample::NOW_MS - 300_000));
    let aps = ApsQuery { page: 1, ..ApsQuery::default() };
    let pages = [
        ("normal", page_now(&sample::town(Mode::Normal), Lang::Ja)),
        ("disaster", page_now(&troubled(), Lang::Ja)),
        ("drill", page_now(&sample::town(Mode::Drill), Lang::Ja)),
        ("key-fault", page_now(&key_fault, Lang::Ja)),
        (
            "stale",
            page_now(&troubled(), Lang::Ja).replace("<body class=\"disaster\"", "<body class=\"disaster stale\""),
        ),
        ("en", page_now(&troubled(), Lang::En)),
        ("wall", page_wall(&troubled(), Lang::Ja)),
        ("aps", page_aps(&troubled(), Lang::Ja, &aps)),
    ];
    for (name, html) in pages {
        // From a folder the pages find their style beside them, and have no controller to listen to.
        let html = html.replace("\"/assets/", "\"assets/").replace("<script ", "<script data-off ");
        std::fs::write(out.join(format!("{name}.html")), html)?;
    }
    Ok(())
}
