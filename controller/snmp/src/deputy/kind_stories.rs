//! How a device is asked what it is: one question after the other, each only where it is needed, and anew after silence.

use std::sync::Arc;

use super::Request;
use super::kind::{Kind, Told};
use super::sim::oid;
use crate::profile::library::Library;
use crate::value::{Sheet, Value};

const GOT: &str = "1.3.6.1.4.1.99999.7.0";
const BEHIND: &str = "1.3.6.1.4.1.99999.8";

/// Profiles of which the only one wants these two questions answered.
fn library(get: bool, next: bool) -> Arc<Library> {
    let head = "schema = 1\nid = \"some\"\nvendor = \"Some\"\nevidence = \"mib\"\nno_flip = \"none\"\n";
    let probe = |oid: &str, next: bool| format!("[[match.probe]]\noid = \"{oid}\"\nop = \"exists\"\nnext = {next}\n");
    let mut text = format!("{head}[match]\nsys_object_id = [\"1.3.6.1.4.1.99999\"]\n");
    text += &if get { probe(GOT, false) } else { String::new() };
    text += &if next { probe(BEHIND, true) } else { String::new() };
    let mut library = Library::default();
    library.add("some.toml", &text).expect("a profile");
    Arc::new(library)
}

/// What it answers to the first question, to that by GET and to that by GETNEXT.
fn answers() -> [Sheet; 3] {
    let first = Library::first();
    let id = Value::Oid(oid("1.3.6.1.4.1.99999"));
    [
        [(first[0].clone(), Value::Octets(b"some device".to_vec())), (first[1].clone(), id)].into(),
        [(oid(GOT), Value::Integer(1))].into(),
        [(oid(&format!("{BEHIND}.1")), Value::Integer(1))].into(),
    ]
}

#[test]
fn it_is_asked_what_its_profile_asks_and_nothing_else() {
    for (by_get, by_next) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut kind = Kind::new(library(by_get, by_next), None);
        let [first, got, behind] = answers();
        assert_eq!(kind.request(), Request::Get(Library::first()));
        let mut told = kind.answered(first);
        if by_get {
            assert_eq!(told, Told::Ask(Request::Get(vec![oid(GOT)])), "{by_get} {by_next}");
            told = kind.answered(got);
        }
        if by_next {
            assert_eq!(told, Told::Ask(Request::GetNext(vec![oid(BEHIND)])), "{by_get} {by_next}");
            told = kind.answered(behind);
        }
        assert_eq!(told, Told::Known { is_new: true }, "{by_get} {by_next}");
        assert!(matches!(kind.request(), Request::Poll(_)) && !kind.is_asking());
        // It started again: it may be another one.
        kind.doubt();
        assert_eq!((kind.request(), kind.is_asking()), (Request::Get(Library::first()), true));
        assert_eq!(kind.profile().map(|profile| profile.id.as_str()), Some("some"), "until it answers");
    }
}

#[test]
fn what_was_asked_of_one_that_fell_silent_is_asked_from_the_beginning() {
    let mut kind = Kind::new(library(true, true), None);
    let [first, got, behind] = answers();
    kind.answered(first.clone());
    kind.answered(got.clone());
    kind.start_over();
    assert_eq!(kind.answered(first), Told::Ask(Request::Get(vec![oid(GOT)])));
    assert_eq!(kind.answered(got), Told::Ask(Request::GetNext(vec![oid(BEHIND)])));
    assert_eq!(kind.answered(behind), Told::Known { is_new: true });
}

#[test]
fn one_that_is_what_it_was_is_nothing_new_and_one_that_is_another_is() {
    let profile = |id: &str, root: &str| {
        let head = format!("schema = 1\nid = \"{id}\"\nvendor = \"Some\"\nevidence = \"mib\"\nno_flip = \"none\"\n");
        format!("{head}[match]\nsys_object_id = [\"{root}\"]\n")
    };
    let mut library = Library::default();
    library.add("one.toml", &profile("one", "1.3.6.1.4.1.99999")).expect("a profile");
    library.add("two.toml", &profile("two", "1.3.6.1.4.1.99998")).expect("a profile");
    let says = |root: &str| -> Sheet { [(Library::first()[1].clone(), Value::Oid(oid(root)))].into() };
    let mut kind = Kind::new(Arc::new(library), None);
    for (root, is_new) in [("1.3.6.1.4.1.99999", true), ("1.3.6.1.4.1.99999", false), ("1.3.6.1.4.1.99998", true)] {
        kind.doubt();
        assert_eq!(kind.answered(says(root)), Told::Known { is_new }, "{root}");
    }
}
