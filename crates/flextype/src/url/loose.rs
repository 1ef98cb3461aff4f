//! How PHP 8 compares values of different types, over JSON values. Knows nothing of requests.
//! Lists and objects are both what PHP calls an array.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

/// The order that `<`, `==` and `>` see; none where there is none: arrays with other keys.
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    use Value::{Array, Bool, Null, Number, Object, String};
    match (left, right) {
        (String(left), String(right)) => Some(compare_texts(left, right)),
        (Null, String(right)) => Some("".cmp(right)),
        (String(left), Null) => Some(left.as_str().cmp("")),
        (Null | Bool(_), _) | (_, Null | Bool(_)) => Some(is_true(left).cmp(&is_true(right))),
        (Number(left), Number(right)) => Some(Numeric::of(left).order(Numeric::of(right))),
        (Number(left), String(right)) => Some(compare_number(left, right)),
        (String(left), Number(right)) => Some(compare_number(right, left).reverse()),
        (Array(_) | Object(_), Array(_) | Object(_)) => compare_arrays(left, right),
        (Array(_) | Object(_), _) => Some(Ordering::Greater),
        (_, Array(_) | Object(_)) => Some(Ordering::Less),
    }
}

/// `===`: of the same type and equal; arrays also in the order of their keys.
pub fn is_identical(left: &Value, right: &Value) -> bool {
    if !(is_array(left) && is_array(right)) {
        return left == right;
    }
    let (left, right) = (entries(left), entries(right));
    left.len() == right.len()
        && left.iter().zip(&right).all(|(left, right)| left.0 == right.0 && is_identical(left.1, right.1))
}

/// A scalar as PHP writes it: `1` for true, nothing for false and null, 14 digits of a fraction. None for arrays.
pub fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null | Value::Bool(false) => Some(Cow::Borrowed("")),
        Value::Bool(true) => Some(Cow::Borrowed("1")),
        Value::Number(number) => Some(Cow::Owned(number_text(number))),
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a value is what PHP calls an array.
pub const fn is_array(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// The value under a key of an array, as `isset` finds it: null counts as missing.
pub fn child<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(key),
        Value::Array(list) => key.parse().ok().and_then(|index: usize| list.get(index)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
    .filter(|value| !value.is_null())
}

/// The value at a path of keys joined by dots; a key that has the dots itself comes first. Null counts as missing.
pub fn field<'a>(item: &'a Value, path: &str) -> Option<&'a Value> {
    child(item, path).or_else(|| path.split('.').try_fold(item, child))
}

/// What `sort_by` puts in order.
///
/// PHP compares two numbers as numbers and all else as text, which goes round in circles: `10` is before `5x`, that before
/// `9`, that before `10`. Here numbers come before text; that differs only where text begins with a digit or a sign.
#[derive(Debug)]
pub enum SortKey {
    /// Text that is a number.
    Number(Numeric),
    /// Other text, in lower case.
    Text(String),
}

impl SortKey {
    /// The key of a value; a missing one counts as empty text.
    pub fn of(value: Option<&Value>) -> Self {
        let text = value.map_or(Some(Cow::Borrowed("")), text_of).unwrap_or(Cow::Borrowed("array")).to_lowercase();
        Numeric::read(&text).map_or(Self::Text(text), Self::Number)
    }

    /// A total order.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.order(*right),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
        }
    }
}

/// A number as PHP has it.
#[derive(Debug, Clone, Copy)]
pub enum Numeric {
    /// A whole number.
    Int(i64),
    /// A fraction, or what is too large; never NaN.
    Float(f64),
}

impl Numeric {
    /// The number that a text is, blanks around it aside; none where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        // Rust also reads `inf` and `nan`, PHP does not.
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return None;
        }
        text.parse().map(Self::Int).or_else(|_| text.parse().map(Self::Float)).ok()
    }

    fn of(number: &serde_json::Number) -> Self {
        number.as_i64().map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::INFINITY)), Self::Int)
    }

    /// By size, and exact: rounding whole numbers to fractions first would make equal what is not.
    pub fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(&right),
            (Self::Int(left), Self::Float(right)) => order_mixed(left, right),
            (Self::Float(left), Self::Int(right)) => order_mixed(right, left).reverse(),
            (Self::Float(left), Self::Float(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        }
    }
}

fn order_mixed(int: i64, float: f64) -> Ordering {
    /// 2 to the 63rd: no i64 reaches it.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float >= LIMIT {
        return Ordering::Less;
    }
    if float < -LIMIT {
        return Ordering::Greater;
    }
    let whole = float.trunc();
    int.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal))
}

fn compare_texts(left: &str, right: &str) -> Ordering {
    match (Numeric::read(left), Numeric::read(right)) {
        (Some(left), Some(right)) => left.order(right),
        _ => left.cmp(right),
    }
}

fn compare_number(number: &serde_json::Number, text: &str) -> Ordering {
    match Numeric::read(text) {
        Some(other) => Numeric::of(number).order(other),
        None => number_text(number).as_str().cmp(text),
    }
}

/// The longer one is the greater; else the first value that differs decides.
fn compare_arrays(left: &Value, right: &Value) -> Option<Ordering> {
    let (lefts, rights) = (entries(left), entries(right));
    if lefts.len() != rights.len() {
        return Some(lefts.len().cmp(&rights.len()));
    }
    for (key, value) in lefts {
        let other = match right {
            Value::Object(map) => map.get(key.as_ref()),
            list => child(list, &key),
        }?;
        let order = compare(value, other)?;
        if order.is_ne() {
            return Some(order);
        }
    }
    Some(Ordering::Equal)
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// The keys and values of an array; nothing of a scalar.
fn entries(value: &Value) -> Vec<(Cow<'_, str>, &Value)> {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (Cow::Borrowed(key.as_str()), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, value)| (Cow::Owned(index.to_string()), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn number_text(number: &serde_json::Number) -> String {
    match Numeric::of(number) {
        Numeric::Int(int) => int.to_string(),
        Numeric::Float(float) => float_text(float),
    }
}

/// C's `%.14G`, save that an exponent always has a fraction before it.
fn float_text(float: f64) -> String {
    let scientific = format!("{float:.13e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if float == 0.0 || (-4..14).contains(&exponent) {
        let places = usize::try_from(13 - exponent).unwrap_or_default();
        let text = format!("{float:.places$}");
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    }
    let mantissa = mantissa.trim_end_matches('0');
    let zero = if mantissa.ends_with('.') { "0" } else { "" };
    format!("{mantissa}{zero}E{exponent:+}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_compare_as_in_php() {
        use Ordering::{Equal, Greater, Less};
        for (left, right, expected) in [
            (json!("10"), json!("9"), Some(Greater)),
            (json!("10"), json!("9a"), Some(Less)),
            (json!("1e1"), json!("10"), Some(Equal)),
            (json!(" 1.0"), json!("1 "), Some(Equal)),
            (json!("abc"), json!("ABC"), Some(Greater)),
            (json!("inf"), json!("nan"), Some(Less)),
            (json!("."), json!("0"), Some(Less)),
            (json!(2001), json!("2001"), Some(Equal)),
            (json!(2001), json!("2001.5"), Some(Less)),
            (json!("x"), json!(5), Some(Greater)),
            (json!(5), json!("x"), Some(Less)),
            (json!(0), json!("x"), Some(Less)),
            (json!(1.5), json!(1), Some(Greater)),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), Some(Greater)),
            (json!(1), json!(1e300), Some(Less)),
            (json!(-1), json!(-1e300), Some(Greater)),
            (json!(-1), json!(-1.5), Some(Greater)),
            (json!(i64::MAX), json!(9_223_372_036_854_775_808.0), Some(Less)),
            (json!(i64::MIN), json!(-9_223_372_036_854_775_808.0), Some(Equal)),
            (json!(true), json!("x"), Some(Equal)),
            (json!(false), json!("0"), Some(Equal)),
            (json!(false), json!("0.0"), Some(Less)),
            (json!(null), json!(""), Some(Equal)),
            (json!(null), json!("0"), Some(Less)),
            (json!(null), json!([]), Some(Equal)),
            (json!(null), json!(0), Some(Equal)),
            (json!(["a"]), json!("z"), Some(Greater)),
            (json!("z"), json!({}), Some(Less)),
            (json!(["a", "b"]), json!({"0": "a", "1": "c"}), Some(Less)),
            (json!(["a"]), json!(["a", "b"]), Some(Less)),
            (json!({"x": 1, "y": 2}), json!({"y": 2, "x": "1"}), Some(Equal)),
            (json!({"x": 1}), json!({"y": 1}), None),
        ] {
            assert_eq!(compare(&left, &right), expected, "{left} {right}");
        }
    }

    #[test]
    fn identity_is_of_type_and_value() {
        for (left, right, expected) in [
            (json!("1"), json!("1"), true),
            (json!(1), json!("1"), false),
            (json!(1), json!(1.0), false),
            (json!("a"), json!("A"), false),
            (json!(["a", "b"]), json!({"0": "a", "1": "b"}), true),
            (json!({"x": "1", "y": "2"}), json!({"y": "2", "x": "1"}), false),
            (json!([["a"]]), json!({"0": {"0": "a"}}), true),
            (json!([1]), json!(1), false),
        ] {
            assert_eq!(is_identical(&left, &right), expected, "{left} {right}");
        }
    }

    #[test]
    fn scalars_are_written_as_in_php() {
        for (value, expected) in [
            (json!(null), ""),
            (json!(true), "1"),
            (json!(false), ""),
            (json!(-7), "-7"),
            (json!(1.0), "1"),
            (json!(-0.5), "-0.5"),
            (json!(0.1 + 0.2), "0.3"),
            (json!(1_000_000.0), "1000000"),
            (json!(1e14), "1.0E+14"),
            (json!(-1.5e25), "-1.5E+25"),
            (json!(0.0001), "0.0001"),
            (json!(0.00001), "1.0E-5"),
            (json!(123_456_789.123_456_78), "123456789.12346"),
            (json!(u64::MAX), "1.844674407371E+19"),
        ] {
            assert_eq!(text_of(&value).unwrap(), expected);
        }
        assert_eq!(text_of(&json!([])), None);
    }

    #[test]
    fn paths_reach_into_items() {
        let item = json!({"exif": {"Width": 9, "none": null}, "a.b": 1, "a": {"b": 2}, "l": [{"x": 3}], "s": "text"});
        for (path, expected) in [
            ("exif.Width", Some(json!(9))),
            ("a.b", Some(json!(1))),
            ("l.0.x", Some(json!(3))),
            ("exif.none", None),
            ("s.0", None),
            ("", None),
            ("exif.", None),
            ("nofield", None),
        ] {
            assert_eq!(field(&item, path), expected.as_ref(), "{path}");
        }
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            "[ +-]?[0-9.ea]{0,5}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(Value::Null),
            Just(json!(["x"])),
        ]
    }

    proptest! {
        #[test]
        fn comparison_is_the_same_from_both_sides(left in scalar(), right in scalar()) {
            prop_assert_eq!(compare(&left, &right), compare(&right, &left).map(Ordering::reverse));
            prop_assert_eq!(compare(&left, &left), Some(Ordering::Equal));
        }

        #[test]
        fn the_sort_order_is_total(values in prop::collection::vec(scalar(), 3)) {
            let keys: Vec<SortKey> = values.iter().map(|value| SortKey::of(Some(value))).collect();
            let order = |left: usize, right: usize| keys[left].order(&keys[right]);
            prop_assert_eq!(order(0, 1), order(1, 0).reverse());
            if order(0, 1).is_le() && order(1, 2).is_le() {
                prop_assert!(order(0, 2).is_le());
                prop_assert!(order(0, 2).is_lt() || (order(0, 1).is_eq() && order(1, 2).is_eq()));
            }
        }
    }
}
