//! The conditions of `options[where]`: one operator and one value, tested on one field. Contract section 6.

use std::cmp::Ordering;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::dates::moment;
use super::loose::{compare, is_identical, text_of};
use super::options::Failed;

/// A longer pattern matches nothing; in bytes.
const MAX_PATTERN: usize = 64 << 10;
/// A pattern that is larger than this once compiled matches nothing; in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// A condition on the value of a field.
#[derive(Debug, Clone)]
pub struct Filter {
    /// None: unknown, which nothing satisfies.
    operator: Option<Operator>,
    value: Value,
    /// Compiled when it is first needed. None inside: no pattern.
    pattern: OnceLock<Option<Regex>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Contains,
    NotContains,
    Between,
    NotBetween,
    StartsWith,
    EndsWith,
    Newer,
    Older,
    Regexp,
    NotRegexp,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("lt", Operator::Less),
    ("<", Operator::Less),
    ("gt", Operator::Greater),
    (">", Operator::Greater),
    ("lte", Operator::LessOrEqual),
    ("<=", Operator::LessOrEqual),
    ("gte", Operator::GreaterOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("eq", Operator::Equal),
    ("=", Operator::Equal),
    ("neq", Operator::NotEqual),
    ("<>", Operator::NotEqual),
    ("!=", Operator::NotEqual),
    ("contains", Operator::Contains),
    ("like", Operator::Contains),
    ("ncontains", Operator::NotContains),
    ("nlike", Operator::NotContains),
    ("between", Operator::Between),
    ("nbetween", Operator::NotBetween),
    ("starts_with", Operator::StartsWith),
    ("ends_with", Operator::EndsWith),
    ("newer", Operator::Newer),
    ("older", Operator::Older),
    ("regexp", Operator::Regexp),
    ("nregexp", Operator::NotRegexp),
];

/// A test of the text that is found against the text that is wanted.
type TextTest<'a> = &'a dyn Fn(&str, &str) -> bool;

impl Filter {
    /// The operator's name may be in any case.
    pub fn new(operator: &str, value: Value) -> Self {
        let operator = operator.to_lowercase();
        let known = OPERATORS.iter().find(|(name, _)| *name == operator).map(|(_, operator)| *operator);
        Self { operator: known, value, pattern: OnceLock::new() }
    }

    /// Whether it has a pattern to compile, which costs time and memory.
    pub fn is_pattern(&self) -> bool {
        matches!(self.operator, Some(Operator::Regexp | Operator::NotRegexp))
    }

    /// The same as an unknown operator: nothing satisfies it.
    pub const fn never() -> Self {
        Self { operator: None, value: Value::Null, pattern: OnceLock::new() }
    }

    /// Whether a field's value satisfies it, at that time in Unix seconds. When `strict`, an operator on text fails on
    /// what is no text; otherwise scalars count as their text, and arrays satisfy nothing.
    pub fn accepts(&self, found: &Value, strict: bool, now_s: i64) -> Result<bool, Failed> {
        let Some(operator) = self.operator else { return Ok(false) };
        let order = || compare(found, &self.value);
        let moments = |found: &str, wanted: &str| moment(found, now_s).zip(moment(wanted, now_s));
        let text: TextTest<'_> = match operator {
            Operator::In => return Ok(self.lists(found)),
            Operator::NotIn => return Ok(!self.lists(found)),
            Operator::Less => return Ok(order().is_some_and(Ordering::is_lt)),
            Operator::Greater => return Ok(order().is_some_and(Ordering::is_gt)),
            Operator::LessOrEqual => return Ok(order().is_some_and(Ordering::is_le)),
            Operator::GreaterOrEqual => return Ok(order().is_some_and(Ordering::is_ge)),
            Operator::Equal => return Ok(is_identical(found, &self.value)),
            Operator::NotEqual => return Ok(!is_identical(found, &self.value)),
            Operator::Between => return Ok(self.spans(found)),
            Operator::NotBetween => return Ok(!self.spans(found)),
            Operator::Contains => &|found, wanted| found.contains(wanted),
            Operator::NotContains => &|found, wanted| !found.contains(wanted),
            Operator::StartsWith => &|found, wanted| found.starts_with(wanted),
            // The reference cuts the last 0 characters off, which to PHP is the whole text.
            Operator::EndsWith => &|found, wanted| found.ends_with(wanted) && wanted.is_empty() == found.is_empty(),
            Operator::Newer => &|found, wanted| moments(found, wanted).is_some_and(|(found, wanted)| found > wanted),
            Operator::Older => &|found, wanted| moments(found, wanted).is_some_and(|(found, wanted)| found < wanted),
            Operator::Regexp => &|found, wanted| self.pattern(wanted).is_some_and(|pattern| pattern.is_match(found)),
            Operator::NotRegexp => {
                &|found, wanted| self.pattern(wanted).is_some_and(|pattern| !pattern.is_match(found))
            }
        };
        if strict && !(found.is_string() && self.value.is_string()) {
            return Err(Failed);
        }
        let texts = text_of(found).zip(text_of(&self.value));
        Ok(texts.is_some_and(|(found, wanted)| text(&found, &wanted)))
    }

    fn pattern(&self, wanted: &str) -> Option<&Regex> {
        self.pattern.get_or_init(|| compile(wanted)).as_ref()
    }

    /// Whether the value is among those of the list.
    fn lists(&self, found: &Value) -> bool {
        let is_equal = |wanted: &Value| compare(found, wanted) == Some(Ordering::Equal);
        match &self.value {
            Value::Object(map) => map.values().any(is_equal),
            Value::Array(list) => list.iter().any(is_equal),
            scalar => is_equal(scalar),
        }
    }

    /// Whether the value lies between the first and the last of the list, both included.
    fn spans(&self, found: &Value) -> bool {
        let ends = match &self.value {
            Value::Object(map) => map.values().next().zip(map.values().next_back()),
            Value::Array(list) => list.first().zip(list.last()),
            scalar => Some((scalar, scalar)),
        };
        ends.is_some_and(|(first, last)| {
            compare(found, first).is_some_and(Ordering::is_ge) && compare(found, last).is_some_and(Ordering::is_le)
        })
    }
}

/// `/…/ium`, as far as it can be had without going back over the text: no look-around, no back-references.
fn compile(pattern: &str) -> Option<Regex> {
    if pattern.len() > MAX_PATTERN {
        return None;
    }
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .multi_line(true)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW_S: i64 = 1_610_629_200; // 2021-01-14 13:00:00

    fn accepts(found: &Value, operator: &str, value: &Value) -> bool {
        Filter::new(operator, value.clone()).accepts(found, false, NOW_S).unwrap()
    }

    #[test]
    fn operators_are_as_in_the_reference() {
        for (found, operator, value, expected) in [
            (json!("a"), "in", json!({"0": "b", "1": "a"}), true),
            (json!(1), "IN", json!("1.0"), true),
            (json!("x"), "in", json!({"0": "y"}), false),
            (json!("x"), "nin", json!({"0": "y"}), true),
            (json!(true), "nin", json!("yes"), false),
            (json!(1999), "lt", json!("2001"), true),
            (json!("10"), "<", json!("9"), false),
            (json!("10"), "gt", json!("9"), true),
            (json!(2001), ">", json!("2001"), false),
            (json!(2001), "lte", json!("2001"), true),
            (json!("b"), "<=", json!("a"), false),
            (json!("b"), "gte", json!("b"), true),
            (json!({"x": 1}), ">=", json!({"y": "1"}), false),
            (json!("Beta"), "eq", json!("Beta"), true),
            (json!("Beta"), "=", json!("beta"), false),
            (json!(2001), "eq", json!("2001"), false),
            (json!(2001), "neq", json!("2001"), true),
            (json!("a"), "<>", json!("a"), false),
            (json!("a"), "!=", json!("b"), true),
            (json!("sci-fi"), "contains", json!("fi"), true),
            (json!("sci-fi"), "LIKE", json!("FI"), false),
            (json!("sci-fi"), "like", json!(""), true),
            (json!("sci-fi"), "ncontains", json!("drama"), true),
            (json!("sci-fi"), "nlike", json!("fi"), false),
            (json!(2001), "between", json!({"0": "2000", "1": "x", "2": "2001"}), true),
            (json!(2010), "between", json!({"0": "2000", "1": "2005"}), false),
            (json!(2010), "nbetween", json!({"0": "2000", "1": "2005"}), true),
            (json!("5"), "between", json!("5.0"), true),
            (json!("émile"), "starts_with", json!("ém"), true),
            (json!("emile"), "starts_with", json!("ém"), false),
            (json!("emile"), "ends_with", json!("le"), true),
            (json!("emile"), "ends_with", json!(""), false),
            (json!(""), "ends_with", json!(""), true),
            (json!("2021-01-02"), "newer", json!("2000-01-01"), true),
            (json!("alpha"), "newer", json!("2000-01-01"), false),
            (json!("2021-01-14"), "newer", json!("today"), false),
            (json!("2021-01-14"), "older", json!("today"), false),
            (json!(1_596_107_422), "older", json!("today"), true),
            (json!("2021-01-14 12:59"), "older", json!("now"), true),
            (json!("2021-01-02"), "older", json!("soon"), false),
            (json!("alpha"), "regexp", json!("^AL"), true),
            (json!("x\nalpha"), "regexp", json!("^al.*a$"), true),
            (json!("É"), "regexp", json!("^é$"), true),
            (json!("image/jpeg"), "regexp", json!(r"image\/"), true),
            (json!("alpha"), "nregexp", json!("^b"), true),
            (json!("alpha"), "nregexp", json!("^a"), false),
            (json!("alpha"), "regexp", json!("("), false),
            (json!("alpha"), "nregexp", json!("("), false),
            (json!("Beta"), "zz", json!("Beta"), false),
            (json!("Beta"), "", json!("Beta"), false),
        ] {
            assert_eq!(accepts(&found, operator, &value), expected, "{found} {operator} {value}");
        }
    }

    #[test]
    fn text_operators_want_text() {
        let names = ["contains", "ncontains", "starts_with", "ends_with", "newer", "older", "regexp", "nregexp"];
        for name in names {
            let filter = Filter::new(name, json!("20"));
            for found in [json!(2001), json!(true), json!(["20"]), json!({})] {
                assert_eq!(filter.accepts(&found, true, NOW_S), Err(Failed), "{name} {found}");
            }
            assert_eq!(filter.accepts(&json!(["20"]), false, NOW_S), Ok(false), "{name}");
            let filter = Filter::new(name, json!({"0": "20"}));
            assert_eq!(filter.accepts(&json!("20"), true, NOW_S), Err(Failed), "{name}");
            assert_eq!(filter.accepts(&json!("20"), false, NOW_S), Ok(false), "{name}");
        }
        assert!(accepts(&json!(2001), "contains", &json!("20")));
        assert!(accepts(&json!(true), "regexp", &json!("^1$")));
        assert!(accepts(&json!(false), "ends_with", &json!("")));
        assert_eq!(Filter::new("lt", json!("x")).accepts(&json!(1), true, NOW_S), Ok(true));
    }

    #[test]
    fn patterns_are_bounded() {
        for pattern in
            [r"\w{900}{900}", &"(".repeat(70_000), &"a".repeat(70_000), &"(a".repeat(20_000), r"(?=a)", r"(a)\1"]
        {
            assert!(compile(pattern).is_none(), "{pattern:.20}");
        }
        assert!(compile(r"^\p{L}+\s\d{2,4}$").is_some());
    }

    proptest! {
        #[test]
        fn nothing_panics(found in any::<String>(), wanted in any::<String>(), number in any::<i64>(), which in 0..OPERATORS.len()) {
            let filter = Filter::new(OPERATORS[which].0, json!(wanted));
            for found in [json!(found), json!(number), json!([found]), json!({"x": found})] {
                let _ = filter.accepts(&found, false, number);
                let _ = filter.accepts(&found, true, number);
            }
        }
    }
}
