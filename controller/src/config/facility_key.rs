//! The key switch at one access point ([ap.key]): read here as written, proven by `firmware_config`, complaints placed.

use firmware_config::key::switch;
use firmware_config::wish::{KeyWish, LineWish};

use super::desk::Desk;
use super::table::{Table, whole};

const KEYS: [&str; 6] = ["chip", "no", "nc", "active-low", "bias", "panel"];
const LINE_ALLOWED: &str = "a line's name (1 to 31 characters) or its offset (0 or more)";

/// What stands under an access point's `[ap.key]`; none where nothing does, or where it was complained of.
pub(super) fn read(desk: &mut Desk<'_>, ap: &Table<'_, '_>) -> Option<KeyWish> {
    let table = ap.table(desk, "key", &format!("{} key", ap.what))?;
    let wish = KeyWish {
        chip: text(desk, &table, "chip", "a chip's name, path or label, such as \"gpiochip0\""),
        no: line(desk, &table, "no"),
        nc: line(desk, &table, "nc"),
        active_low: table.flag(desk, "active-low"),
        bias: text(desk, &table, "bias", "a word, such as \"pull-up\""),
        panel: text(desk, &table, "panel", "the path of the panel's socket on the AP"),
    };
    table.finish(desk);
    let read = [wish.chip.is_some(), wish.no.is_some(), wish.nc.is_some(), wish.active_low.is_some()];
    let read = read.into_iter().chain([wish.bias.is_some(), wish.panel.is_some()]);
    // What is of another type has been complained of already.
    let said: Vec<&str> =
        KEYS.into_iter().zip(read).filter(|(key, read)| table.has(key) && !read).map(|(key, _)| key).collect();
    let complaints = match switch::check(&wish) {
        Ok(_) if !said.is_empty() => return None,
        Ok(_) => {
            if wish.chip.is_some() && wish.nc.is_none() {
                let what = "without nc a cut wire reads as the key at 平時; two contacts are safer";
                desk.note(table.at, format!("{}: {what}", table.what));
            }
            return Some(wish);
        }
        Err(complaints) => complaints,
    };
    for complaint in complaints {
        let (found, allowed) = (complaint.found, complaint.allowed);
        match KEYS.into_iter().find(|key| *key == complaint.at) {
            Some(key) if said.contains(&key) => {}
            None if !said.is_empty() => {}
            Some(key) => {
                desk.complain(table.place(key), format!("{}: {key}: found {found}; expected {allowed}", table.what));
            }
            None => desk.complain(table.at, format!("{}: found {found}; expected {allowed}", table.what)),
        }
    }
    None
}

fn text(desk: &mut Desk<'_>, table: &Table<'_, '_>, key: &'static str, allowed: &str) -> Option<String> {
    table.text(desk, key, allowed).map(|found| found.is.to_owned())
}

fn line(desk: &mut Desk<'_>, table: &Table<'_, '_>, key: &'static str) -> Option<LineWish> {
    let value = table.value(key)?.get_ref();
    let line = match value.as_str() {
        Some(name) => Some(LineWish::Name(name.to_owned())),
        None => whole(value).map(LineWish::Offset),
    };
    if line.is_none() {
        table.refuse(desk, key, LINE_ALLOWED);
    }
    line
}
