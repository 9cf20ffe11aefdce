//! SET: what was written is read back, and every refusal keeps its name and its object.

use std::os::unix::fs::PermissionsExt;

use super::child::{Snmpd, missing};
use super::*;

/// An agent extension in the protocol of `pass_persist`: an integer that may be 1 or 2, a read-only one, a text.
const SCRIPT: &str = r#"#!/bin/sh
root=.1.3.6.1.4.1.8072.9999.9999
switch=2
while read -r word; do
  case $word in
  PING) echo PONG ;;
  get)
    read -r oid
    case $oid in
    $root.1.0) printf '%s\ninteger\n%s\n' "$oid" "$switch" ;;
    $root.2.0) printf '%s\ninteger\n7\n' "$oid" ;;
    *) echo NONE ;;
    esac ;;
  getnext)
    read -r oid
    case $oid in
    $root | $root.1) printf '%s.1.0\ninteger\n%s\n' "$root" "$switch" ;;
    $root.1.0 | $root.2) printf '%s.2.0\ninteger\n7\n' "$root" ;;
    *) echo NONE ;;
    esac ;;
  set)
    read -r oid
    read -r type value
    case $oid in
    $root.1.0)
      case "$type $value" in
      'integer 1' | 'integer 2') switch=$value; echo DONE ;;
      integer*) echo wrong-value ;;
      *) echo wrong-type ;;
      esac ;;
    *) echo not-writable ;;
    esac ;;
  esac
done
"#;

const ROOT: &str = "1.3.6.1.4.1.8072.9999.9999";

fn int(name: &str, number: i32) -> VarBind {
    VarBind { oid: oid(&format!("{ROOT}.{name}")), value: Value::Integer(number) }
}

/// Shows: a SET arrives and is read back; wrong values, types, read-only objects, views and users are refused by name.
#[tokio::test]
async fn what_was_written_is_read_back_and_every_refusal_is_named() {
    if missing() {
        return;
    }
    let mut snmpd = Snmpd::start("");
    let script = snmpd.path("switch");
    std::fs::write(&script, SCRIPT).expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("executable");
    snmpd.start_again(&format!(
        "rocommunity public\nrwcommunity private\nview narrow included .1.3.6.1.2.1.1\n\
         com2sec -Cn \"\" narrowly default narrow\ngroup narrowers v2c narrowly\n\
         access narrowers \"\" v2c noauth exact narrow narrow none\n\
         createUser writer SHA authauth1\nrwuser writer auth\ncreateUser nobody\nrwuser nobody noauth\n\
         pass_persist .{ROOT} {}\n",
        script.display()
    ));
    let sockets = Sockets::open().await.expect("sockets");
    let within = Duration::from_secs(5);
    for write in [v2c("private"), user("writer", Some(Auth::Sha1), None), user("nobody", None, None)] {
        let session = session(&sockets, &device(snmpd.port, v2c("public"), Some(write))).await;
        for number in [1, 2] {
            session.set(&[int("1.0", number)], within).await.expect("written");
            let found = session.get(&[oid(&format!("{ROOT}.1.0"))]).await.expect("read");
            assert_eq!(found, [int("1.0", number)]);
        }
        let text = VarBind { oid: oid(&format!("{ROOT}.1.0")), value: Value::Octets(b"up".to_vec()) };
        for (bind, status) in
            [(int("1.0", 5), Status::WrongValue), (text, Status::WrongType), (int("2.0", 1), Status::NotWritable)]
        {
            let refused = session.set(std::slice::from_ref(&bind), within).await;
            assert_eq!(refused, Err(Trouble::Refused { status, at: Some(bind.oid) }));
        }
        // One of two is refused: neither is written.
        let refused = session.set(&[int("1.0", 1), int("2.0", 1)], within).await;
        let at = Some(oid(&format!("{ROOT}.2.0")));
        assert_eq!(refused, Err(Trouble::Refused { status: Status::NotWritable, at }));
    }
    for (write, expected) in [
        (v2c("public"), Status::NoAccess),
        (v2c("narrow"), Status::NoAccess),
        (Credentials::V1 { community: secret("public") }, Status::NoSuchName),
    ] {
        let session = session(&sockets, &device(snmpd.port, v2c("public"), Some(write))).await;
        let refused = session.set(&[int("1.0", 1)], within).await;
        assert!(
            matches!(&refused, Err(Trouble::Refused { status, .. }) if *status == expected),
            "{expected:?}: {refused:?}"
        );
    }
    let watched = session(&sockets, &device(snmpd.port, v2c("public"), None)).await;
    assert!(matches!(watched.set(&[int("1.0", 1)], within).await, Err(Trouble::NotSent(_))));
}
