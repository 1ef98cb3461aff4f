//! JSON made at random for the property tests: any at all, and such as nearly means something.

use proptest::prelude::*;
use serde_json::{Map, Number, Value};

/// Any JSON in which keys and texts are often among `words`.
pub(crate) fn json(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let text = move || prop_oneof![3 => prop::sample::select(words).prop_map(str::to_owned), 1 => ".{0,8}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..10_i64).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..6).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// A body in which some of the fields `words` hold such JSON.
pub(crate) fn body(words: &'static [&'static str]) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((prop::sample::select(words).prop_map(str::to_owned), json(words)), 0..6)
        .prop_map(|fields| fields.into_iter().collect())
}
