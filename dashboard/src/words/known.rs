//! The words that programs say to one another, as people read them: modes, standings, faults, reasons.

use std::borrow::Cow;

use super::Lang;

/// Each word of `/api/v1`, the record and the core, with its Japanese and its English. Modes and key positions share
/// theirs.
const WORDS: &[(&str, &str, &str)] = &[
    ("normal", "平時", "normal"),
    ("drill", "訓練", "drill"),
    ("disaster", "災害", "disaster"),
    ("settled", "反映済み", "settled"),
    ("settling", "反映中", "applying"),
    ("refused", "設定を拒否", "refused"),
    ("diverged", "食い違い", "contradiction"),
    ("silent", "応答なし", "no answer"),
    ("broken", "断線、または鍵が途中の位置", "a wire is cut, or the key stands between two positions"),
    ("shorted", "短絡、またはいたずら", "a short, or somebody tampers"),
    ("contradiction", "災害と訓練が同時", "disaster and drill at once"),
    ("chattering", "接点が落ち着かない", "the contacts chatter"),
    ("unreadable", "読み取れない", "cannot be read"),
    ("never-heard", "一度も応答がない", "never heard"),
    ("not-heard", "応答が途絶えた", "not heard any more"),
    ("offline", "切断された", "its connection ended"),
    ("no-report", "つながったが報告がない", "connected, but no report yet"),
    ("no-order", "指令をまだ受けていない", "holds no order yet"),
    ("not-told", "今の指令が届いていない", "has not got the order yet"),
    ("newer-order", "今より新しい指令を持っている", "holds a newer order than ours"),
    ("applying", "切り替えている", "is switching"),
    ("drill-over", "訓練が自動で終わった", "ended its drill by itself"),
    ("facility-key-back", "施設の鍵が「平時」に戻った", "its facility key was turned back"),
    ("wrong-facility", "別の施設だと思っている", "believes it stands in another facility"),
    ("wrong-mode", "指令と違うモードで動いている", "is in another mode than ordered"),
    ("open-unordered", "指令がないのに開放している", "is open without an order"),
    ("malformed", "読めない", "not a message of ours"),
    ("forged", "署名が違う", "the signature is not the town's"),
    ("not-mine", "宛先が違う", "meant for another"),
    ("stale", "古い指令", "an older order"),
    ("conflicting", "同じ番号で中身が違う", "the same number with other content"),
    ("not-on-air", "電波が出ていない", "is not on the air"),
    (
        "witness-sees-it",
        "機器は00000JAPANを止めたと報告しているが、SNMPでは出ている",
        "it says that 00000JAPAN is off, and SNMP sees it on the air",
    ),
    ("entry-changed", "内容が変えられたか、別の場所から移された", "changed, or moved there"),
    ("entry-inserted", "あとから書き足された", "written in afterwards"),
    ("entries-removed-before", "この直前の記録が消された", "entries directly before it were removed"),
    ("entries-removed-after", "これより新しい記録が消された", "entries after it were removed"),
    (
        "no other controller that decides is heard",
        "主の制御装置と通じない",
        "no other controller that decides is heard",
    ),
    (
        "nobody has heard of our newest order",
        "この制御装置の最新の指令がまだ伝わっていない",
        "nobody has heard of our newest order",
    ),
    (
        "witness-sees-it-not",
        "機器は00000JAPANを出していると報告しているが、SNMPでは見えない",
        "it says that 00000JAPAN is on the air, and SNMP does not see it",
    ),
    (
        "neighbours-see-it",
        "機器は00000JAPANを止めたと報告しているが、近くの2台以上が電波を受信している",
        "it says that 00000JAPAN is off, and two neighbours hear it",
    ),
];

/// What the commonest reasons of a device or an agent come to, by what is in them: the reason itself is in English,
/// for whoever maintains the device, and stands behind it. The first that fits counts.
const LEADS: &[(&str, &str)] = &[
    ("not prepared:", "機器に00000JAPANの用意がない"),
    ("it cannot be flipped by SNMP", "この機器はSNMPでは切り替えられない"),
    ("cannot be read (credentials)", "合言葉のファイルが読めない"),
    ("partly done:", "一部だけ切り替わった"),
    ("answered the SET and did not do it", "機器は受け付けたが、変わらなかった"),
    ("says that it is done already", "機器は済んだと言うが、変わっていない"),
    ("readOnly:", "機器が書き込みを許していない"),
    ("notWritable:", "機器が書き込みを許していない"),
    ("noAccess:", "機器が書き込みを許していない"),
    ("authorizationError:", "機器が書き込みを許していない"),
    ("does it allow SNMP from here?", "機器が答えない"),
    ("is on the air cannot be seen", "電波の状態を読み取れない"),
    ("did not say that it saved", "機器に保存できない"),
    ("not saved, a reboot would lose it", "機器に保存できていない(電源が落ちると戻る)"),
    ("its controller does not list", "無線LANコントローラーの一覧にない"),
    ("its controller is as ordered, and here", "無線LANコントローラーは切り替わったが、この機器はまだ"),
    ("step \"", "機器が断った"),
    ("in state DFS", "電波を出す前にレーダーの有無を確かめている(約1分)"),
    ("waiting for hostapd", "機器の無線プログラム(hostapd)を待っている"),
];

/// The word for people; none for a word that is not known here (an agent's own words, a person's reason).
#[must_use]
pub fn known(word: &str, lang: Lang) -> Option<&'static str> {
    WORDS.iter().find(|(known, _, _)| *known == word).map(|(_, ja, en)| lang.pick(*ja, *en))
}

/// The word for people; a device's reason behind what it comes to; or the text as it came.
#[must_use]
pub fn told(text: &str, lang: Lang) -> Cow<'_, str> {
    if let Some(word) = known(text, lang) {
        return Cow::Borrowed(word);
    }
    match LEADS.iter().find(|(part, _)| lang == Lang::Ja && text.contains(part)) {
        Some((_, lead)) => Cow::Owned(format!("{lead} — {text}")),
        None => Cow::Borrowed(text),
    }
}
