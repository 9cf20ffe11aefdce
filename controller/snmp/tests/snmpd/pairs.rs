//! SNMPv3 in every pair of authentication and privacy that both sides have.

use super::child::{Snmpd, missing};
use super::oracle::{compare, in_its_words, walk};
use super::*;

const AUTHS: [(Auth, &str); 6] = [
    (Auth::Md5, "MD5"),
    (Auth::Sha1, "SHA"),
    (Auth::Sha224, "SHA-224"),
    (Auth::Sha256, "SHA-256"),
    (Auth::Sha384, "SHA-384"),
    (Auth::Sha512, "SHA-512"),
];
const PRIVACIES: [(Option<Privacy>, &str); 5] = [
    (None, "none"),
    (Some(Privacy::Des), "DES"),
    (Some(Privacy::Aes128), "AES"),
    (Some(Privacy::Aes192), "AES-192"),
    (Some(Privacy::Aes256), "AES-256"),
];

/// Shows: GET, and the whole tree by GETBULK, for no authentication and for each of 6 × 5 pairs, object by object what
/// `snmpbulkwalk` reads with the same user.
#[tokio::test]
async fn every_pair_of_authentication_and_privacy_reads_the_whole_tree() {
    if missing() {
        return;
    }
    let mut conf = String::from("createUser nobody\nrouser nobody noauth\n");
    for (_, auth) in AUTHS {
        for (privacy, with) in PRIVACIES {
            let (rest, level) = match privacy {
                None => (String::new(), "auth"),
                Some(_) => (format!(" {with} privpriv1"), "priv"),
            };
            conf.push_str(&format!("createUser {auth}-{with} {auth} authauth1{rest}\nrouser {auth}-{with} {level}\n"));
        }
    }
    let snmpd = Snmpd::start(&conf);
    let sockets = Sockets::open().await.expect("sockets");
    let mut shown = Vec::new();
    let nobody = (user("nobody", None, None), vec!["-v3", "-l", "noAuthNoPriv", "-u", "nobody"]);
    shown.push(reads_everything(&snmpd, &sockets, "none/none", nobody).await);
    for (auth, with) in AUTHS {
        for (privacy, and) in PRIVACIES {
            let name = format!("{with}-{and}");
            let mut tool = vec!["-v3", "-u", &name, "-a", with, "-A", "authauth1"];
            match privacy {
                None => tool.extend(["-l", "authNoPriv"]),
                Some(_) => tool.extend(["-l", "authPriv", "-x", and, "-X", "privpriv1"]),
            }
            let credentials = user(&name, Some(auth), privacy);
            shown.push(reads_everything(&snmpd, &sockets, &format!("{with}/{and}"), (credentials, tool)).await);
        }
    }
    println!("{} pairs:\n{}", shown.len(), shown.join("\n"));
}

async fn reads_everything(
    snmpd: &Snmpd,
    sockets: &Sockets,
    name: &str,
    (credentials, tool): (Credentials, Vec<&str>),
) -> String {
    let session = session(sockets, &device(snmpd.port, credentials, None)).await;
    session.set_manners(patient());
    let found = session.get(&[oid("1.3.6.1.2.1.1.2.0")]).await.unwrap_or_else(|trouble| panic_with(name, &trouble));
    assert!(found[0].value.is_there(), "{name}: {found:?}");
    let before = walk(snmpd.port, &tool, ".1");
    let (sheet, faults) =
        session.poll(&all_below("1.3"), DEADLINE).await.unwrap_or_else(|trouble| panic_with(name, &trouble));
    let after = walk(snmpd.port, &tool, ".1");
    assert_eq!(faults, Vec::<String>::new(), "{name}");
    let (objects, values) = compare(&before, &in_its_words(&sheet), &after);
    assert!(objects > 500, "{name}: {objects}");
    format!("{name}: {objects} objects, {values} by value")
}

#[expect(clippy::panic, reason = "it is a test's way to fail with a name")]
fn panic_with<T>(name: &str, trouble: &hirake_snmp::trouble::Trouble) -> T {
    panic!("{name}: {trouble}")
}

/// Shows: what is wrong with a user is said in words, not as silence; and no password is in them.
#[tokio::test]
async fn wrong_credentials_are_named_and_not_mistaken_for_silence() {
    if missing() {
        return;
    }
    let snmpd = Snmpd::start(
        "createUser town SHA-256 authauth1 AES privpriv1\nrouser town priv\ncreateUser plain SHA authauth1\nrouser plain auth\n",
    );
    let sockets = Sockets::open().await.expect("sockets");
    let of = |auth: &str, privacy: &str| {
        Credentials::V3(User {
            name: "town".into(),
            auth: Some((Auth::Sha256, secret(auth))),
            privacy: Some((Privacy::Aes128, secret(privacy))),
        })
    };
    let cases = [
        (of("wrongwrong", "privpriv1"), "authentication password"),
        (of("authauth1", "wrongwrong"), "privacy password"),
        (user("stranger", Some(Auth::Sha256), None), "does not know this user"),
        (user("plain", Some(Auth::Sha1), Some(Privacy::Aes128)), "security level"),
    ];
    for (credentials, words) in cases {
        let session = session(&sockets, &device(snmpd.port, credentials, None)).await;
        let trouble = session.get(&[oid("1.3.6.1.2.1.1.2.0")]).await.expect_err("refused").to_string();
        assert!(trouble.contains(words), "{words}: {trouble}");
        assert!(!trouble.contains("wrongwrong") && !trouble.contains("authauth1"), "{trouble}");
        let debug = format!("{session:?}");
        assert!(!debug.contains("auth1") && !debug.contains("wrongwrong"), "{debug}");
    }
    let short = user("town", Some(Auth::Sha256), None);
    let short = match short {
        Credentials::V3(user) => Credentials::V3(User { auth: Some((Auth::Sha256, secret("short"))), ..user }),
        other => other,
    };
    let refused = Session::new(&sockets, &device(snmpd.port, short, None), Manners::default()).await;
    let refused = refused.expect_err("too short").to_string();
    assert!(refused.contains("town") && !refused.contains("short\""), "{refused}");
}
