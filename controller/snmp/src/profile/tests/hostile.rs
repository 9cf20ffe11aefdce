//! Files and answers of any content: they end in mistakes, faults and readings, never in a crash.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{AP, profile};
use crate::oid::Oid;
use crate::profile::library::Library;
use crate::profile::{Plan, Profile};
use crate::value::{Sheet, Value};

/// A column's cells, index parts and all, whatever they are.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::TimeTicks),
        any::<u64>().prop_map(Value::Counter64),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Octets),
        "[ -~]{0,20}".prop_map(|text| Value::Octets(text.into_bytes())),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Opaque),
        any::<[u8; 4]>().prop_map(|octets| Value::Ip(octets.into())),
        proptest::collection::vec(any::<u32>(), 0..20).prop_map(|arcs| Value::Oid(Oid::new(arcs).expect("short"))),
        Just(Value::Null),
        Just(Value::NoSuchInstance),
    ]
}

/// A name that the profile asks for, with any index behind it.
fn any_name(plan: &Plan) -> impl Strategy<Value = Oid> + use<> {
    let columns = plan.tables.iter().flat_map(|table| table.columns.clone());
    let names: Vec<Oid> = plan.get.iter().cloned().chain(columns).collect();
    let arcs = proptest::collection::vec(prop_oneof![0..12_u32, any::<u32>()], 0..8);
    (proptest::sample::select(names), arcs).prop_map(|(name, arcs)| name.with(&arcs).expect("short"))
}

proptest! {
    /// Whatever a device answers, reading it ends, and every number that comes of it is one.
    #[test]
    fn no_answer_upsets_a_reading(
        values in proptest::collection::vec((any_name(profile(AP).plan()), any_value()), 0..80),
    ) {
        let profile = profile(AP);
        let sheet: Sheet = values.into_iter().collect();
        let readings = profile.read(&sheet);
        prop_assert!(readings.figures.iter().all(|figure| figure.value.is_finite()));
        let words = BTreeMap::from([("radio".to_owned(), "1".to_owned())]);
        if let Ok(rows) = profile.select(&sheet, b"00000JAPAN", &words) {
            let flips = profile.flips.as_ref().expect("flips");
            for vars in rows {
                for assign in flips.open.steps.iter().flat_map(|step| &step.set) {
                    prop_assert!(assign.oid.oid(&vars).is_ok());
                }
            }
        }
    }

    /// A file with anything cut out, doubled or written over is a profile or a list of mistakes, never a crash.
    #[test]
    fn no_file_upsets_the_parser(at in 0..AP.len(), length in 0_usize..60, put in "[ -~\n]{0,12}", double in any::<bool>()) {
        let end = (at + length).min(AP.len());
        let middle = if double { AP[at..end].to_owned() + &put + &AP[at..end] } else { put };
        let text = AP[..at].to_owned() + &middle + &AP[end..];
        if let Err(errors) = Profile::parse("f.toml", &text) {
            prop_assert!(!errors.mistakes.is_empty());
        }
    }
}

/// Whatever devices answer, no shipped profile is upset by it.
#[test]
fn no_answer_upsets_a_shipped_profile() {
    let library = Library::shipped().expect("proven");
    let mut runner = TestRunner::new(proptest::test_runner::Config { cases: 24, ..Default::default() });
    for profile in library.all() {
        let sheets = proptest::collection::vec((any_name(profile.plan()), any_value()), 0..60);
        let words: BTreeMap<String, String> = profile.words.iter().map(|word| (word.clone(), "1".to_owned())).collect();
        let upset = runner.run(&sheets, |values| {
            let sheet: Sheet = values.into_iter().collect();
            let readings = profile.read(&sheet);
            prop_assert!(readings.figures.iter().all(|figure| figure.value.is_finite()));
            prop_assert!(!profile.explain(&sheet, b"00000JAPAN", &words).is_empty());
            Ok(())
        });
        assert_eq!(upset.map_err(|error| error.to_string()), Ok(()), "{}", profile.id);
    }
}
