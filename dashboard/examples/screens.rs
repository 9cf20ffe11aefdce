//! Writes sample pages of two invented towns to a folder: `cargo run -p dashboard --example screens -- OUTDIR`.
//!
//! Open the files in a browser from a web server on that folder (they ask for `/assets/…`), or look at them as text.

use std::path::Path;

use dashboard::sample::{self, Size};
use dashboard::{ApsQuery, Lang, RecordPage, Screen, assets, page_aps, page_now, page_record, page_wall};
use firmware_config::mode::Mode;

fn main() -> std::io::Result<()> {
    let Some(out) = std::env::args().nth(1) else {
        eprintln!("usage: screens OUTDIR");
        std::process::exit(2);
    };
    let out = Path::new(&out);
    for asset in assets() {
        let path = out.join(asset.path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap_or(out))?;
        std::fs::write(path, asset.bytes)?;
    }
    let write = |name: &str, html: String| std::fs::write(out.join(format!("{name}.html")), html);
    let mut many = sample::with_faults(Size::Town);
    many.facilities.extend(many.facilities.clone());
    write("many-wall", page_wall(&many, Lang::Ja))?;
    for (size, suffix) in [(Size::Town, ""), (Size::Demo, "-6")] {
        let scenes: [(&str, Screen); 9] = [
            ("normal", sample::sized(size, Mode::Normal)),
            ("normal-fault", sample::one_silent(size)),
            ("disaster", sample::with_faults(size)),
            ("disaster-all", sample::sized(size, Mode::Disaster)),
            ("opening", sample::opening(size)),
            ("drill", sample::sized(size, Mode::Drill)),
            ("key-fault", sample::key_broken(size)),
            ("left-open", sample::left_open(size)),
            ("first-start", sample::first_start(size)),
        ];
        for (name, screen) in scenes {
            write(&format!("{name}{suffix}"), page_now(&screen, Lang::Ja))?;
            write(&format!("{name}{suffix}-en"), page_now(&screen, Lang::En))?;
            write(&format!("{name}{suffix}-wall"), page_wall(&screen, Lang::Ja))?;
        }
        let screen = sample::with_faults(size);
        // What the script does to a page that hears nothing: the class, and the words it writes.
        let stale = page_now(&screen, Lang::Ja)
            .replace("<body class=\"disaster\"", "<body class=\"disaster stale\"")
            .replace("id=\"asof\">", "id=\"asof\">16時14分の時点")
            .replace("id=\"staletext\">", "id=\"staletext\">制御装置との通信が16時14分から途絶えています(5分前)。いまの状態は分かりません。自動で再接続しています。");
        write(&format!("disaster-stale{suffix}"), stale)?;
        let record =
            RecordPage { entries: screen.recent.clone(), older: true, csv: Some("/record.csv".into()), before: None };
        for (lang, code) in [(Lang::Ja, ""), (Lang::En, "-en")] {
            write(&format!("aps{suffix}{code}"), page_aps(&screen, lang, &ApsQuery::default()))?;
            write(&format!("record{suffix}{code}"), page_record(&screen, lang, &record))?;
        }
    }
    Ok(())
}
