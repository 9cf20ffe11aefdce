//! The failure table of docs/states.md against the code: each row names what shows it, and what it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sim::faults::Fault;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the project")
}

/// Every row: what breaks, and the last column.
fn rows() -> Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(root().join("docs/states.md"))?;
    let (_, table) = text.split_once("| what breaks |").context("the failure table")?;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(|line| match cells(line).as_slice() {
        [breaks, _, shown] => Ok((breaks.clone(), shown.clone())),
        other => anyhow::bail!("expected three cells, found {}: {line}", other.len()),
    })
    .collect()
}

/// What stands between backticks and looks like a name.
fn names(text: &str) -> Vec<String> {
    let is_name = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    text.split('`').skip(1).step_by(2).filter(is_name).map(str::to_owned).collect()
}

/// Every test function, every file of tests and every scenario of the lab, by name.
fn there() -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut folders: Vec<PathBuf> =
        ["controller", "agent", "firmware-config", "dashboard", "tests"].iter().map(|name| root().join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() && (stem == "target" || stem == "node_modules") => {}
                _ if path.is_dir() => folders.push(path),
                Some("sh") => {
                    found.insert(stem);
                }
                Some("rs") => {
                    let text = std::fs::read_to_string(&path)?;
                    let tests = text.split("#[test]").skip(1).chain(text.split("#[tokio::test").skip(1));
                    let names = tests.filter_map(|behind| {
                        let name = behind.split_once("fn ")?.1;
                        Some(name.split('(').next()?.trim().to_owned())
                    });
                    let before = found.len();
                    found.extend(names);
                    // A property test is written inside its macro, and has the attribute all the same.
                    if found.len() > before {
                        found.insert(stem);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

#[test]
fn every_row_of_the_failure_table_names_a_test_and_every_test_it_names_is_there() -> Result<()> {
    let (rows, there) = (rows()?, there()?);
    ensure!(rows.len() > 30, "only {} rows were found", rows.len());
    let mut wrong = Vec::new();
    for (breaks, shown) in &rows {
        let named = names(shown);
        let gone: Vec<_> =
            named.iter().filter(|name| !there.contains(*name) && !KINDS.contains(&name.as_str())).collect();
        if !gone.is_empty() {
            wrong.push(format!("{breaks}: no such test: {gone:?}"));
        }
        if !named.iter().any(|name| there.contains(name)) && !shown.contains("random histories") {
            wrong.push(format!("{breaks}: names no test"));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

/// Words of the last column that say where a test is.
const KINDS: [&str; 4] = ["run", "store", "broker", "config"];

#[test]
fn every_fault_of_the_simulation_belongs_to_a_row_of_the_failure_table() -> Result<()> {
    let rows = rows()?;
    let strays: Vec<_> = Fault::ALL.iter().filter(|fault| !rows.contains_key(fault.row())).collect();
    ensure!(strays.is_empty(), "no row for {strays:?}; the rows are {:#?}", rows.keys());
    let has_one = |breaks: &str| Fault::ALL.iter().any(|fault| fault.row() == breaks);
    let wrong: Vec<_> =
        rows.iter().filter(|(breaks, shown)| shown.contains("random histories") != has_one(breaks)).collect();
    ensure!(wrong.is_empty(), "a row says \"random histories\" where it has a fault, and only there: {wrong:#?}");
    Ok(())
}
