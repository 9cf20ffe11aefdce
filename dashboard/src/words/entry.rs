//! The record's entries in words.

use super::{Lang, known, told};
use crate::screen::{Entry, Standing};
use crate::when;

/// The word for where an access point stands.
#[must_use]
pub fn standing_word(standing: Standing, lang: Lang) -> &'static str {
    known(standing.as_str(), lang).unwrap_or(standing.as_str())
}

fn by_named(word: &str, lang: Lang) -> String {
    match (word, lang) {
        ("key", _) => lang.pick("役場の鍵", "the key").to_owned(),
        ("drill-key", _) => lang.pick("訓練の鍵", "the drill key").to_owned(),
        (other, lang) if let Some(at) = other.strip_prefix("key:") => match lang {
            Lang::Ja => format!("鍵({at})"),
            Lang::En => format!("the key at {at}"),
        },
        (other, lang) if let Some(at) = other.strip_prefix("drill-key:") => match lang {
            Lang::Ja => format!("訓練の鍵({at})"),
            Lang::En => format!("the drill key at {at}"),
        },
        (other, lang) if let Some(ap) = other.strip_prefix("facility-key:") => match lang {
            Lang::Ja => format!("施設の鍵({ap})"),
            Lang::En => format!("the facility key at {ap}"),
        },
        (other, lang) => {
            let name = other.strip_prefix("operator:").unwrap_or(other);
            match lang {
                Lang::Ja => format!("{name}の操作"),
                Lang::En => name.to_owned(),
            }
        }
    }
}

/// As many entries alike as the controller hands over at most: there may be more.
const MANY: usize = 10;

/// What `n` entries of access points that came to stand alike tell together; `entry` is one of them.
#[must_use]
pub fn many_stand(entry: &Entry, n: usize, lang: Lang) -> String {
    let to = told(entry.field("to"), lang);
    let text = match lang {
        Lang::Ja if n >= MANY => format!("{n}台以上が「{to}」に"),
        Lang::En if n >= MANY => format!("{n} access points or more: {to}"),
        Lang::Ja => format!("{n}台が「{to}」に"),
        Lang::En => format!("{n} access points: {to}"),
    };
    marked(text, entry.drill, lang)
}

fn marked(text: String, drill: bool, lang: Lang) -> String {
    if drill { format!("{}{text}", lang.pick("【訓練】", "[drill] ")) } else { text }
}

/// What an entry tells, without its time. `name_of` gives an access point's name for people by its identifier.
#[must_use]
pub fn entry_text(entry: &Entry, lang: Lang, name_of: impl Fn(&str) -> Option<String>) -> String {
    let field = |name: &str| entry.field(name);
    let day = |name: &str| field(name).get(..10).unwrap_or_default();
    let ap = || name_of(field("ap")).unwrap_or_else(|| field("ap").to_owned());
    let clock = |name: &str| match field(name).parse() {
        Ok(ms) => format!("{} {}", when::day(ms, lang), when::spoken(ms, lang)),
        Err(_) => "?".to_owned(),
    };
    let why = |ja: &str, en: &str| match (field("why"), lang) {
        ("", Lang::Ja) => ja.to_owned(),
        ("", Lang::En) => en.to_owned(),
        (why, Lang::Ja) => format!("{ja}({why})"),
        (why, Lang::En) => format!("{en} ({why})"),
    };
    let reason = |text: String| match (told(field("why"), lang).as_ref(), lang) {
        ("", _) => text,
        (why, Lang::Ja) => format!("{text}({why})"),
        (why, Lang::En) => format!("{text} ({why})"),
    };
    let text = match (entry.kind.as_str(), lang) {
        ("started", Lang::Ja) => format!("制御装置が起動(版 {})", field("version")),
        ("started", Lang::En) => format!("controller started (version {})", field("version")),
        ("key-turned", Lang::Ja) if field("from").is_empty() => {
            format!("鍵の位置は「{}」", told(field("to"), lang))
        }
        ("key-turned", Lang::Ja) => format!("鍵を「{}」に回した", told(field("to"), lang)),
        ("key-turned", Lang::En) => format!("key turned to “{}”", told(field("to"), lang)),
        ("key-fault", Lang::Ja) => format!("鍵が読めません: {}", told(field("fault"), lang)),
        ("key-fault", Lang::En) => format!("the key cannot be read: {}", told(field("fault"), lang)),
        ("key-mended", Lang::Ja) => format!("鍵が読めるようになった(位置「{}」)", told(field("position"), lang)),
        ("key-mended", Lang::En) => format!("the key can be read again (at “{}”)", told(field("position"), lang)),
        // It was opened while nobody here listened, and is in force.
        ("facility-key-acted", Lang::Ja) if field("until").is_empty() => {
            format!("{}の施設の鍵で開放している({}〜、APの時計)", ap(), clock("since"))
        }
        ("facility-key-acted", Lang::En) if field("until").is_empty() => {
            format!("the facility key at {} holds it open (since {}, AP's clock)", ap(), clock("since"))
        }
        ("facility-key-acted", Lang::Ja) => {
            format!("{}の施設の鍵で開放し、終了した({}〜{}、APの時計)", ap(), clock("since"), clock("until"))
        }
        ("facility-key-acted", Lang::En) => {
            format!(
                "the facility key at {} opened and closed ({} to {}, AP's clock)",
                ap(),
                clock("since"),
                clock("until")
            )
        }
        ("facility-key-fault", Lang::Ja) => format!("{}の施設の鍵が読めません: {}", ap(), told(field("fault"), lang)),
        ("facility-key-fault", Lang::En) => {
            format!("the facility key at {} cannot be read: {}", ap(), told(field("fault"), lang))
        }
        ("facility-key-mended", Lang::Ja) => format!("{}の施設の鍵が読めるようになった", ap()),
        ("facility-key-mended", Lang::En) => format!("the facility key at {} can be read again", ap()),
        ("key-isolated", _) => why("鍵を切り離した", "key isolated"),
        ("key-restored", _) => why("鍵を元に戻した", "key restored"),
        ("opened", Lang::Ja) => format!("{}で開放(発動 {})", by_named(field("by"), lang), field("id")),
        ("opened", Lang::En) => format!("opened by {} (activation {})", by_named(field("by"), lang), field("id")),
        ("closed", Lang::Ja) => format!("{}で終了(発動 {})", by_named(field("by"), lang), field("id")),
        ("closed", Lang::En) => format!("closed by {} (activation {})", by_named(field("by"), lang), field("id")),
        ("drill-ended", Lang::Ja) => format!("訓練が予定どおり終了(発動 {})", field("id")),
        ("drill-ended", Lang::En) => format!("drill ended by itself (activation {})", field("id")),
        ("ordered", Lang::Ja) => format!("指令{}を決定(開放 {}施設)", field("number"), field("open")),
        ("ordered", Lang::En) => format!("order {} decided ({} facilities open)", field("number"), field("open")),
        ("all-settled", Lang::Ja) => format!("指令{}を全{}台に反映", field("number"), field("aps")),
        ("all-settled", Lang::En) => format!("order {} on all {} access points", field("number"), field("aps")),
        ("ap-stands", Lang::Ja) => reason(format!("{}が「{}」に", ap(), told(field("to"), lang))),
        ("ap-stands", Lang::En) => reason(format!("{}: {}", ap(), told(field("to"), lang))),
        ("left-open", Lang::Ja) => format!("指令がないのに{}が 00000JAPAN を出したまま", ap()),
        ("left-open", Lang::En) => format!("{} is on the air with 00000JAPAN without an order", ap()),
        ("left-open-ended", Lang::Ja) => format!("{}の開放したままは解消", ap()),
        ("left-open-ended", Lang::En) => format!("{} is no longer left open", ap()),
        ("strange-network", Lang::Ja) => {
            let what = match field("what") {
                "alarm" => "停止中に、町の機器でない 00000JAPAN を受信",
                "same-name" => "町の機器でない 00000JAPAN を受信",
                _ => "紛らわしい名前を受信",
            };
            reason(format!("{what}: 「{}」{}ch {} {}が受信", field("ssid"), field("channel"), field("bssid"), ap()))
        }
        ("strange-network", Lang::En) => {
            let what = match field("what") {
                "alarm" => "somebody else sends 00000JAPAN while it is closed",
                "same-name" => "somebody else sends 00000JAPAN",
                _ => "a name that looks like ours",
            };
            let said =
                format!("{what}: “{}” ch {} {} heard by {}", field("ssid"), field("channel"), field("bssid"), ap());
            match field("why_en") {
                "" => said,
                why => format!("{said} ({why})"),
            }
        }
        ("message-refused", _) => why("不正な通信を拒否", "message turned away"),
        ("ap-refused-message", Lang::Ja) => format!("{}が通信を拒否({})", ap(), told(field("reason"), lang)),
        ("ap-refused-message", Lang::En) => {
            format!("{} turned a message away ({})", ap(), told(field("reason"), lang))
        }
        ("order-restored", _) => why("指令を送り直した", "order sent again"),
        ("order-remembered", Lang::Ja) => format!("署名済みの指令{}を引き継いだ", field("number")),
        ("order-remembered", Lang::En) => format!("took over our signed order {}", field("number")),
        ("order-followed", Lang::Ja) => format!("制御装置{}の指令{}に従う", field("of"), field("number")),
        ("order-followed", Lang::En) => format!("order {} of controller {} followed", field("number"), field("of")),
        ("took-over", Lang::Ja) => reason(format!("この制御装置({})が主になった", field("of"))),
        ("took-over", Lang::En) => reason(format!("this controller ({}) decides from now on", field("of"))),
        ("stepped-back", Lang::Ja) => {
            format!("この制御装置({})は待機に戻った。主は{}", field("of"), field("for"))
        }
        ("stepped-back", Lang::En) => {
            reason(format!("this controller ({}) stands by; {} decides", field("of"), field("for")))
        }
        ("peer-heard", Lang::Ja) => format!("もう1台の制御装置({})と通じている", field("of")),
        ("peer-heard", Lang::En) => format!("the other controller ({}) is heard", field("of")),
        ("peer-gone", Lang::Ja) => format!("もう1台の制御装置({})と通じなくなった", field("of")),
        ("peer-gone", Lang::En) => format!("the other controller ({}) is heard no more", field("of")),
        ("broker-lost", _) => why("通信の中継に接続できません", "the broker cannot be reached"),
        ("broker-back", _) => lang.pick("通信の中継に接続", "the broker is reached").to_owned(),
        ("store-lost", _) => why("記録を保存できません", "the record cannot be stored"),
        ("store-set-aside", Lang::Ja) => {
            format!("記録のファイルが壊れていたため {} として残し、新しく始めた({})", field("file"), field("why"))
        }
        ("store-set-aside", Lang::En) => {
            format!("the record's file was damaged; kept as {}, a new one begun ({})", field("file"), field("why"))
        }
        ("store-restored", Lang::Ja) => {
            format!("記録を控え {} から戻した(控えの最後は{}番)", field("from"), field("number"))
        }
        ("store-restored", Lang::En) => {
            format!("the record was put back from {} (which ended with entry {})", field("from"), field("number"))
        }
        ("counts-deleted", Lang::Ja) => {
            format!("保存期間を過ぎた集計{}件を削除({}〜{})", field("rows"), day("from"), day("to"))
        }
        ("counts-deleted", Lang::En) => {
            format!("{} counts deleted, their time being up ({} to {})", field("rows"), day("from"), day("to"))
        }
        ("sketches-deleted", Lang::Ja) => {
            format!("保存期間を過ぎた端末数の推計{}件を削除(発動日 {}〜{})", field("rows"), day("from"), day("to"))
        }
        ("sketches-deleted", Lang::En) => format!(
            "{} sketches of distinct devices deleted, their time being up (activations of {} to {})",
            field("rows"),
            day("from"),
            day("to")
        ),
        ("record-deleted", Lang::Ja) => {
            format!(
                "保存期間を過ぎた記録{}件を{}番まで削除({}〜{})",
                field("rows"),
                field("number"),
                day("from"),
                day("to")
            )
        }
        ("record-deleted", Lang::En) => format!(
            "{} entries deleted up to number {}, their time being up ({} to {})",
            field("rows"),
            field("number"),
            day("from"),
            day("to")
        ),
        ("record-altered", Lang::Ja) => {
            format!("記録が書かれたときのままではない: {}番({})", field("number"), told(field("what"), lang))
        }
        ("record-altered", Lang::En) => {
            format!("the record is not as it was written: entry {} ({})", field("number"), told(field("what"), lang))
        }
        ("store-back", Lang::Ja) => format!("記録の保存を再開(待っていた{}件)", field("kept")),
        ("store-back", Lang::En) => format!("the record is stored again ({} entries waited)", field("kept")),
        ("ask-refused", _) => why("操作を受け付けなかった", "request refused"),
        (kind, _) => kind.to_owned(),
    };
    marked(text, entry.drill, lang)
}
