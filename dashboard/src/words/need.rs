//! What needs a person's attention, and what that person can do about it.

use super::Lang;

/// What to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Steps, each a sentence.
    pub steps: Vec<String>,
}

/// Causes a person can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The key cannot be read.
    KeyFault,
    /// The key is left out of account.
    KeyIsolated,
    /// The broker cannot be reached.
    BrokerLost,
    /// The record cannot be stored.
    StoreLost,
    /// No other controller is heard.
    Alone,
    /// Two controllers have one name or one rank.
    SameSeat,
    /// The database with the lock cannot be asked.
    LockLost,
    /// No access point of the facility answers.
    AllSilent,
    /// Some do not.
    SomeSilent,
    /// Some cannot.
    Refused,
    /// Two accounts contradict one another.
    Diverged,
    /// Some take longer than they should.
    Slow,
    /// Other eyes have not seen some of them yet.
    Unseen,
    /// On the air without an order.
    LeftOpen,
    /// Somebody else sends `00000JAPAN` while nothing is open here.
    SameName,
    /// Somebody else sends a name that looks like it.
    LookAlike,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 16] = [
        Self::KeyFault,
        Self::KeyIsolated,
        Self::BrokerLost,
        Self::StoreLost,
        Self::Alone,
        Self::SameSeat,
        Self::LockLost,
        Self::AllSilent,
        Self::SomeSilent,
        Self::Refused,
        Self::Diverged,
        Self::Slow,
        Self::Unseen,
        Self::LeftOpen,
        Self::SameName,
        Self::LookAlike,
    ];
}

/// What to do about `cause`; `contact` is the facility's telephone, empty where none is known.
#[must_use]
pub fn advice(cause: Cause, contact: &str, lang: Lang) -> Advice {
    let call = match (contact, lang) {
        ("", Lang::Ja) => "施設の担当者に電話で状況を聞く。".to_owned(),
        ("", Lang::En) => "Telephone the facility.".to_owned(),
        (contact, Lang::Ja) => format!("施設に電話で状況を聞く({contact})。"),
        (contact, Lang::En) => format!("Telephone the facility ({contact})."),
    };
    let steps: Vec<String> = match (cause, lang) {
        (Cause::KeyFault, Lang::Ja) => vec![
            "いまのモードはそのまま続いています。鍵の配線と鍵箱を見る。".into(),
            "すぐに開放が必要なら、端末から操作で開放する。".into(),
            "直せないときは、理由を添えて鍵を切り離す。".into(),
        ],
        (Cause::KeyFault, Lang::En) => vec![
            "The mode stays as it is. Look at the key box and its wires.".into(),
            "If the network must open now, open it from a terminal.".into(),
            "If it cannot be mended, isolate the key, with a reason.".into(),
        ],
        (Cause::KeyIsolated, Lang::Ja) => vec!["鍵を直したら、切り離しを解除する。".into()],
        (Cause::KeyIsolated, Lang::En) => vec!["Restore the key once it is mended.".into()],
        (Cause::BrokerLost, Lang::Ja) => vec![
            "各機器は最後の指令のまま動いています。".into(),
            "中継装置と町内回線の電源を確認する。つながれば自動で再開します。".into(),
        ],
        (Cause::BrokerLost, Lang::En) => vec![
            "Access points go on as last ordered.".into(),
            "Check the broker's machine and the line. It goes on by itself once reached.".into(),
        ],
        (Cause::StoreLost, Lang::Ja) => vec![
            "開放と停止はできます。記録はメモリとログに残しています。".into(),
            "制御装置のディスクの空きを確認する。".into(),
        ],
        (Cause::StoreLost, Lang::En) => vec![
            "Opening and closing work. Entries are kept in memory and in the log.".into(),
            "Check the controller's disk for free space.".into(),
        ],
        (Cause::Alone, Lang::Ja) => vec![
            "開放と停止は、この制御装置でできます。".into(),
            "もう1台の電源と町内回線を確認する。それまで控えはありません。".into(),
        ],
        (Cause::Alone, Lang::En) => vec![
            "Opening and closing work at this controller.".into(),
            "Check the other controller's power and line. Until then nobody stands by.".into(),
        ],
        (Cause::SameSeat, Lang::Ja) => {
            vec!["それぞれの controller.toml の [standby] を、別の id と別の rank に直して再起動する。".into()]
        }
        (Cause::SameSeat, Lang::En) => {
            vec!["In [standby] of each controller.toml, give each its own id and rank; start again.".into()]
        }
        (Cause::LockLost, Lang::Ja) => vec![
            "開放と停止はできます。主と待機は、通信の中継だけで決めています。".into(),
            "データベースの機械と、そのパスワードのファイルを確認する。".into(),
        ],
        (Cause::LockLost, Lang::En) => vec![
            "Opening and closing work. Who decides is settled over the broker alone.".into(),
            "Check the database's machine and the file with its password.".into(),
        ],
        (Cause::AllSilent | Cause::SomeSilent, Lang::Ja) => {
            vec![
                call,
                "停電でないか、機器のランプと電源を見る。".into(),
                "回線装置の電源を入れ直す。復旧すれば自動で反映します。".into(),
            ]
        }
        (Cause::AllSilent | Cause::SomeSilent, Lang::En) => vec![
            call,
            "Is there power? Look at the lamps of the access point.".into(),
            "Switch the line equipment off and on. It follows by itself once it is back.".into(),
        ],
        (Cause::Refused, Lang::Ja) => {
            vec![
                "自動で試し続けています。".into(),
                "続くときは機器の電源を入れ直し、保守業者に理由の文を伝える。".into(),
            ]
        }
        (Cause::Refused, Lang::En) => vec![
            "Tries go on by themselves.".into(),
            "If it lasts, switch the access point off and on, and tell the maintainer the reason given.".into(),
        ],
        (Cause::Diverged, Lang::Ja) => {
            vec![
                "機器の報告と実際の電波が食い違っています。".into(),
                "現地で「00000JAPAN」が見えるか確かめ、保守業者に連絡する。".into(),
            ]
        }
        (Cause::Diverged, Lang::En) => vec![
            "What it reports and what is on the air differ.".into(),
            "Look on site whether 00000JAPAN is there, and call the maintainer.".into(),
        ],
        (Cause::Slow, Lang::Ja) => vec!["自動で試し続けています。電波の切り替えに1分ほどかかる機器もあります。".into()],
        (Cause::Unseen, Lang::Ja) => vec!["現地で、スマートフォンに「00000JAPAN」が見えるか確かめる。".into()],
        (Cause::Unseen, Lang::En) => vec!["Look on site whether a phone sees 00000JAPAN.".into()],
        (Cause::LeftOpen, Lang::Ja) => vec![
            "停止の指令は自動で送り続けています。".into(),
            "続くときは機器の電源を入れ直し、保守業者に連絡する。".into(),
        ],
        (Cause::LeftOpen, Lang::En) => vec![
            "It is told to close again and again.".into(),
            "If it lasts, switch the access point off and on, and call the maintainer.".into(),
        ],
        (Cause::SameName, Lang::Ja) => vec![
            "近くの自治体や通信事業者が災害用に開放していないか確かめる。".into(),
            "心当たりがなければ、偽のネットワークの疑い。保守業者と警察に相談する。".into(),
        ],
        (Cause::SameName, Lang::En) => vec![
            "Ask whether a town or carrier nearby has opened it for a disaster.".into(),
            "If nobody has, it may be a trap: ask the maintainer and the police.".into(),
        ],
        (Cause::LookAlike, Lang::Ja) => vec![
            "正しい名前は「00000JAPAN」だけです。利用者に接続しないよう知らせる。".into(),
            "保守業者に連絡し、発信元を確かめる。".into(),
        ],
        (Cause::LookAlike, Lang::En) => vec![
            "Only 00000JAPAN is right: tell people not to join the other.".into(),
            "Have the maintainer find out who sends it.".into(),
        ],
        (Cause::Slow, Lang::En) => vec!["Tries go on by themselves; some radios take a minute.".into()],
    };
    Advice { steps }
}
