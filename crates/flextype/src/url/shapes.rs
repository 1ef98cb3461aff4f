//! Groups, orders, cuts and picks of items, as the reference server's arrays have them. Knows no parameter.

use serde_json::{Map, Value};

use super::loose::{SortKey, child, field, is_array, text_of};
use super::options::Failed;

/// `options[return]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Return {
    /// All items, by name.
    #[default]
    All,
    /// The first item.
    First,
    /// The last item.
    Last,
    /// The second item.
    Next,
    /// One item by chance; or, where a number is given, so many by name.
    Random(Option<i64>),
    /// All items in an order by chance, without names.
    Shuffle,
}

/// What is left once the options are applied.
#[derive(Debug, Clone, PartialEq)]
pub enum Shaped {
    /// Nothing: not found.
    Nothing,
    /// The reference server dies of this: the first of nothing, one field as if it were an item.
    Failed,
    /// Items, or groups of them, by name.
    Items(Map<String, Value>),
    /// Items without names.
    List(Vec<Value>),
    /// One item.
    One(Value),
}

/// Items or fields, by name and in order.
pub type Entries = Vec<(String, Value)>;

/// `options[sort_by]`.
#[derive(Debug, Clone)]
pub struct Sort {
    /// A path of keys joined by dots.
    pub key: String,
    /// Else ascending.
    pub descending: bool,
}

/// The items by what they have in a field: lists, in the order in which their first items came.
pub fn group(entries: Entries, key: &str) -> Result<Entries, Failed> {
    let mut groups = Map::new();
    for (_, item) in entries {
        let name = group_name(&item, key)?;
        if let Value::Array(list) = groups.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
            list.push(item);
        }
    }
    Ok(groups.into_iter().collect())
}

/// As PHP makes a key of an item's field, which it cannot of an array, nor find it in a text.
fn group_name(item: &Value, key: &str) -> Result<String, Failed> {
    if item.is_string() {
        return Err(Failed);
    }
    match child(item, key) {
        None => Ok(String::new()),
        Some(Value::Bool(value)) => Ok(i32::from(*value).to_string()),
        Some(Value::Number(number)) if number.is_f64() => Ok(format!("{:.0}", number.as_f64().unwrap_or(0.0).trunc())),
        Some(value) => text_of(value).map(String::from).ok_or(Failed),
    }
}

/// Equal ones stay in the order they are in, also when descending.
pub fn sort(entries: Entries, by: &Sort) -> Entries {
    let mut keyed: Vec<_> = entries.into_iter().map(|entry| (SortKey::of(field(&entry.1, &by.key)), entry)).collect();
    keyed.sort_by(|(left, _), (right, _)| if by.descending { right.order(left) } else { left.order(right) });
    keyed.into_iter().map(|(_, entry)| entry).collect()
}

/// PHP's `array_slice`: from the end where a number is negative. Names stay, also those that are numbers.
pub fn slice(entries: Entries, offset: i64, length: Option<i64>) -> Entries {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 { count.saturating_add(offset).max(0) } else { offset.min(count) };
    let end = match length {
        None => count,
        Some(length) if length < 0 => count.saturating_add(length),
        Some(length) => start.saturating_add(length).min(count),
    };
    let place = |at: i64| usize::try_from(at).unwrap_or(0);
    entries.into_iter().skip(place(start)).take(place(end - start)).collect()
}

/// The end of it: what is returned. `chance` gives a number below its argument.
pub fn pick(entries: Entries, returned: Return, chance: &mut dyn FnMut(usize) -> usize) -> Shaped {
    let count = entries.len();
    match returned {
        Return::All => items(entries),
        Return::First => one(entries.into_iter().next()),
        Return::Last => one(entries.into_iter().next_back()),
        Return::Next => one(entries.into_iter().nth(1)),
        Return::Random(Some(wanted)) => {
            usize::try_from(wanted).map_or(Shaped::Failed, |wanted| items(draw(entries, wanted, chance)))
        }
        Return::Random(None) | Return::Shuffle if count == 0 => Shaped::Nothing,
        Return::Random(None) => one(entries.into_iter().nth(chance(count).min(count - 1))),
        Return::Shuffle => {
            let mut list: Vec<Value> = entries.into_iter().map(|(_, value)| value).collect();
            for last in (1..count).rev() {
                list.swap(last, chance(last + 1).min(last));
            }
            Shaped::List(list)
        }
    }
}

/// So many entries by chance, in the order they were in.
fn draw(entries: Entries, mut wanted: usize, chance: &mut dyn FnMut(usize) -> usize) -> Entries {
    let mut left = entries.len();
    let mut drawn = Vec::new();
    for entry in entries {
        if chance(left) < wanted {
            wanted -= 1;
            drawn.push(entry);
        }
        left -= 1;
    }
    drawn
}

fn items(entries: Entries) -> Shaped {
    if entries.is_empty() { Shaped::Nothing } else { Shaped::Items(entries.into_iter().collect()) }
}

/// What the reference server returns must be an array; an empty one is not found.
fn one(entry: Option<(String, Value)>) -> Shaped {
    match entry {
        Some((_, value)) if value == Value::Array(Vec::new()) || value == Value::Object(Map::new()) => Shaped::Nothing,
        Some((_, value)) if is_array(&value) => Shaped::One(value),
        Some(_) | None => Shaped::Failed,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entries(values: &[Value]) -> Entries {
        values.iter().enumerate().map(|(n, value)| (n.to_string(), value.clone())).collect()
    }

    fn names(entries: &Entries) -> Vec<&str> {
        entries.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn numbers_sort_as_numbers_and_text_in_any_case() {
        let by = |descending| Sort { key: "k.x".to_owned(), descending };
        let items = ["10", "9", "b", "A", "9.0"].map(|text| json!({"k": {"x": text}}));
        assert_eq!(names(&sort(entries(&items), &by(false))), ["1", "4", "0", "3", "2"]);
        assert_eq!(names(&sort(entries(&items), &by(true))), ["2", "3", "0", "1", "4"]);
        let mixed = [json!({"k.x": true}), json!({"k.x": null}), json!({"k.x": ["a"]}), json!({"k.x": 0}), json!(1)];
        assert_eq!(names(&sort(entries(&mixed), &by(false))), ["3", "0", "1", "4", "2"]);
    }

    #[test]
    fn groups_are_named_as_php_names_keys() {
        let items = [json!(true), json!(1.9), json!("1"), json!(null), json!("")].map(|value| json!({"k": value}));
        let groups = group(entries(&items), "k").map(|groups| groups.into_iter().collect::<Map<_, _>>());
        let expected = json!({"1": [items[0], items[1], items[2]], "": [items[3], items[4]]});
        assert_eq!(groups.map(Value::Object), Ok(expected));
        assert_eq!(group(entries(&[json!({"k": []})]), "k"), Err(Failed));
        assert_eq!(group(entries(&[json!("text")]), "k"), Err(Failed));
    }

    #[test]
    fn slices_are_those_of_php() {
        let four = entries(&[json!(0), json!(1), json!(2), json!(3)]);
        for (offset, length, expected) in [
            (0, None, "0123"),
            (1, Some(2), "12"),
            (-2, None, "23"),
            (-9, Some(1), "0"),
            (9, None, ""),
            (1, Some(-1), "12"),
            (3, Some(-2), ""),
            (0, Some(0), ""),
            (i64::MIN, Some(i64::MAX), "0123"),
            (i64::MAX, Some(i64::MIN), ""),
        ] {
            assert_eq!(names(&slice(four.clone(), offset, length)).concat(), expected, "{offset} {length:?}");
        }
    }

    #[test]
    fn only_what_has_fields_is_one_item() {
        let pick_first = |value| pick(entries(&[value]), Return::First, &mut |_| 0);
        assert_eq!(pick_first(json!({"a": 1})), Shaped::One(json!({"a": 1})));
        assert_eq!(pick_first(json!([])), Shaped::Nothing);
        assert_eq!(pick_first(json!("text")), Shaped::Failed);
    }

    proptest! {
        #[test]
        fn sorting_is_stable(keys in prop::collection::vec("[ +-]?[0-9.ea]{0,3}", 0..60), descending: bool) {
            let items: Vec<Value> = keys.iter().map(|key| json!({"k": key})).collect();
            let sorted = sort(entries(&items), &Sort { key: "k".to_owned(), descending });
            prop_assert_eq!(sorted.len(), items.len());
            for pair in sorted.windows(2) {
                let [left, right] = [&pair[0], &pair[1]].map(|(_, item)| SortKey::of(item.get("k")));
                let order = if descending { right.order(&left) } else { left.order(&right) };
                let places = [&pair[0].0, &pair[1].0].map(|name| name.parse::<usize>().ok());
                prop_assert!(order.is_lt() || (order.is_eq() && places[0] < places[1]));
            }
        }

        #[test]
        fn so_many_are_drawn_and_in_order(
            count in 0..20_usize,
            wanted in 0..25_usize,
            chances in prop::collection::vec(any::<prop::sample::Index>(), 20),
        ) {
            let items: Vec<Value> = (0..count).map(Value::from).collect();
            let mut chances = chances.iter();
            let drawn = draw(entries(&items), wanted, &mut |below| chances.next().map_or(0, |chance| chance.index(below)));
            prop_assert_eq!(drawn.len(), wanted.min(count));
            prop_assert!(drawn.windows(2).all(|pair| pair[0].1.as_u64() < pair[1].1.as_u64()));
        }
    }
}
