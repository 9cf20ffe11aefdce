//! The whole tree by v1, v2c and v3, object by object what `snmpbulkwalk` reads.

use super::child::{Snmpd, missing};
use super::oracle::{compare, in_its_words, walk};
use super::*;

const CONF: &str = "rocommunity public 127.0.0.1\n\
    createUser town SHA-256 authauth1 AES privpriv1\nrouser town priv\n\
    override -rw 1.3.6.1.4.1.8072.9999.1.1.0 octet_str \"00000JAPAN\"\n\
    override -rw 1.3.6.1.4.1.8072.9999.1.2.0 counter64 18446744073709551615\n\
    override -rw 1.3.6.1.4.1.8072.9999.1.3.0 integer -2147483648\n\
    override -rw 1.3.6.1.4.1.8072.9999.1.4.0 counter 4294967295\n\
    override -rw 1.3.6.1.4.1.8072.9999.1.5.0 object_id 1.3.6.1.4.1.4294967295.0\n";

/// Shows: what a session reads of the whole tree is what net-snmp's own walk reads, in names, types and values.
#[tokio::test]
async fn the_whole_tree_is_what_net_snmp_reads_of_it() {
    if missing() {
        return;
    }
    let snmpd = Snmpd::start(CONF);
    let sockets = Sockets::open().await.expect("sockets");
    let all: [(&[&str], Credentials); 3] = [
        (&["-v2c", "-c", "public"], v2c("public")),
        (&["-v1", "-c", "public"], Credentials::V1 { community: secret("public") }),
        (
            &[
                "-v3",
                "-l",
                "authPriv",
                "-u",
                "town",
                "-a",
                "SHA-256",
                "-A",
                "authauth1",
                "-x",
                "AES",
                "-X",
                "privpriv1",
            ],
            user("town", Some(Auth::Sha256), Some(Privacy::Aes128)),
        ),
    ];
    for (tool, credentials) in all {
        let session = session(&sockets, &device(snmpd.port, credentials, None)).await;
        session.set_manners(patient());
        let before = walk(snmpd.port, tool, ".1");
        let (sheet, faults) = session.poll(&all_below("1.3"), DEADLINE).await.expect("a walk");
        let after = walk(snmpd.port, tool, ".1");
        assert_eq!(faults, Vec::<String>::new(), "{tool:?}");
        let (objects, values) = compare(&before, &in_its_words(&sheet), &after);
        assert!(objects > 500, "{tool:?}: {objects}");
        println!("{} {objects} objects as snmpbulkwalk has them, {values} by value", tool[0]);
    }
    assert_eq!((sockets.stats().malformed, sockets.stats().misshapen, sockets.stats().tables_cut), (0, 0, 0));
}

/// Shows: GETNEXT for each name, one by one, reads the same as GETBULK with many columns side by side.
#[tokio::test]
async fn a_table_read_side_by_side_is_the_table_read_name_by_name() {
    if missing() {
        return;
    }
    let snmpd = Snmpd::start(CONF);
    let sockets = Sockets::open().await.expect("sockets");
    let session = session(&sockets, &device(snmpd.port, v2c("public"), None)).await;
    // ifTable by its fixed columns, and one column that is not there.
    let columns = [1, 2, 3, 4, 7, 8, 99].map(|column| oid(&format!("1.3.6.1.2.1.2.2.1.{column}")));
    let table = TablePlan { name: "if".into(), columns: columns.to_vec(), rows_max: 1000, unordered: false };
    let plan = Plan { get: vec![oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.1.77.0")], tables: vec![table] };
    let (wide, faults) = session.poll(&plan, DEADLINE).await.expect("a poll");
    assert_eq!(faults, Vec::<String>::new());
    session.set_manners(Manners { bulk: false, max_varbinds: 1, ..Manners::default() });
    let (narrow, _) = session.poll(&plan, DEADLINE).await.expect("a poll");
    let names = |sheet: &hirake_snmp::value::Sheet| sheet.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&wide), names(&narrow));
    assert!(wide.len() > 6, "{wide:?}");
    assert!(!wide.contains_key(&oid("1.3.6.1.2.1.1.77.0")), "what is absent is absent");
}

/// Shows: an absent object does not spoil the others of the same request, not even with SNMPv1; GETNEXT ends in words.
#[tokio::test]
async fn what_is_absent_is_said_to_be_absent_in_every_version() {
    if missing() {
        return;
    }
    let snmpd = Snmpd::start(CONF);
    let sockets = Sockets::open().await.expect("sockets");
    for credentials in [v2c("public"), Credentials::V1 { community: secret("public") }] {
        let session = session(&sockets, &device(snmpd.port, credentials, None)).await;
        let asked = ["1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.77.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.4.1.4444.1.0"].map(oid);
        let found = session.get(&asked).await.expect("an answer");
        let there = |oid: &Oid| found.iter().find(|bind| bind.oid == *oid).is_some_and(|bind| bind.value.is_there());
        assert_eq!(asked.each_ref().map(there), [true, false, true, false], "{found:?}");
        assert_eq!(found.len(), 4, "{found:?}");
        let next = session.get_next(&[oid("1.3.6.1.2.1.1.1"), oid("1.3.6.1.7")]).await.expect("an answer");
        assert_eq!(next[0].oid, oid("1.3.6.1.2.1.1.1.0"));
        assert!(!next[1].value.is_there(), "{next:?}");
    }
}
