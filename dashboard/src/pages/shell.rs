//! What every page has round it: head, top bar, the sprite of icons.

use askama::Template;

use crate::assets::{css_path, icon_path, js_path};
use crate::pages::render;
use crate::screen::{Screen, name};
use crate::when;
use crate::words::Lang;

/// A page of the house, for the bar at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// いまの状況
    Now,
    /// 施設と機器
    Aps,
    /// 履歴
    Record,
    /// 本部表示
    Wall,
}

impl Room {
    const fn path(self) -> &'static str {
        match self {
            Self::Now => "/",
            Self::Aps => "/aps",
            Self::Record => "/record",
            Self::Wall => "/wall",
        }
    }

    fn title(self, lang: Lang) -> &'static str {
        match self {
            Self::Now => lang.pick("いまの状況", "Now"),
            Self::Aps => lang.pick("施設と機器", "Access points"),
            Self::Record => lang.pick("履歴", "Record"),
            Self::Wall => lang.pick("本部表示", "Wall display"),
        }
    }
}

#[derive(Template)]
#[template(path = "shell.html")]
struct Shell<'a> {
    lang: Lang,
    title: String,
    mode: &'static str,
    css: &'static str,
    js: &'static str,
    icon: &'static str,
    town: &'a str,
    build: String,
    now_ms: i64,
    now: String,
    now_iso: String,
    rooms: Vec<(&'static str, &'static str, bool)>,
    here: &'static str,
    wall: bool,
    live: bool,
    body: &'a str,
    foot: &'a str,
}

/// Puts `body` into the house, `foot` at the foot of the wall. `title` is what the browser's tab says.
pub fn shell(screen: &Screen, room: Room, title: String, (body, foot): (&str, &str), lang: Lang) -> String {
    let rooms = [Room::Now, Room::Aps, Room::Record, Room::Wall];
    render(&Shell {
        lang,
        title,
        mode: screen.mode.as_str(),
        css: css_path(),
        js: js_path(),
        icon: icon_path(),
        town: name(&screen.town_ja, &screen.town_en, lang),
        build: screen.build_id(),
        now_ms: screen.now_ms,
        now: when::date_time(screen.now_ms, lang),
        now_iso: when::iso(screen.now_ms),
        rooms: rooms.into_iter().map(|each| (each.path(), each.title(lang), each == room)).collect(),
        here: room.path(),
        wall: room == Room::Wall,
        live: matches!(room, Room::Now | Room::Wall),
        body,
        foot,
    })
}
