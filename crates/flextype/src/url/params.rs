//! Parameters of a query or a body, in PHP's grammar of names: `a[b][]=c` nests. Knows no parameter by name.

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

/// PHP's `max_input_vars`.
const MAX_VARIABLES: usize = 1_000;
/// PHP's `max_input_nesting_level`.
const MAX_NESTING: usize = 64;
/// More than any request needs; keeps a small body from becoming a large tree.
const MAX_XML_NODES: u32 = 10_000;

/// The parameters of a request, in the order they came in.
///
/// What brackets nest is always an object, also where PHP would call it a list: its keys are then `0`, `1` and so on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(Map<String, Value>);

impl Params {
    /// Reads a raw query. All leaves are text.
    #[must_use]
    pub fn from_query(query: &str) -> Self {
        Self::from_form(query.as_bytes())
    }

    /// Reads a urlencoded body. All leaves are text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn from_form(body: &[u8]) -> Self {
        let mut params = Self::default();
        for (name, value) in form_urlencoded::parse(body).take(MAX_VARIABLES) {
            params.insert_text(&name, value.into_owned());
        }
        params
    }

    /// Takes a JSON object as it is. Anything else, broken JSON included, has no parameters.
    #[must_use]
    pub fn from_json(body: &[u8]) -> Self {
        Self(serde_json::from_slice(body).unwrap_or_default())
    }

    /// Takes the children of the root element by their names. Broken XML, or one with a DTD, has no parameters.
    #[must_use]
    pub fn from_xml(body: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(body) else { return Self::default() };
        let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_XML_NODES, ..ParsingOptions::default() };
        let Ok(document) = Document::parse_with_options(text, options) else { return Self::default() };
        Self(elements(document.root_element(), 0))
    }

    /// Adds a parameter whose name may have brackets, such as the name of a part of a form. A name that is taken is
    /// overwritten; an empty one is dropped; one that nests too deep takes the whole parameter with it.
    pub fn insert_text(&mut self, name: &str, value: String) {
        let Some((top, keys)) = parse_name(name) else { return };
        if keys.len() > MAX_NESTING {
            self.0.shift_remove(&top);
            return;
        }
        let mut map = &mut self.0;
        let mut key = Key::Named(top);
        for next in keys {
            let Some(inner) = key.within(map).map(|key| nested(map, key)) else { return };
            map = inner;
            key = next;
        }
        if let Some(key) = key.within(map) {
            map.insert(key, Value::String(value));
        }
    }

    /// The parameter of that name; `null` counts as missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether there is a parameter of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// One step of a name.
enum Key {
    Named(String),
    /// `[]`
    Appended,
}

impl Key {
    /// The key in a map; none where PHP has no larger index to give.
    fn within(self, map: &Map<String, Value>) -> Option<String> {
        match self {
            Self::Named(key) => Some(key),
            Self::Appended => {
                let last = map.keys().filter_map(|key| index(key)).max();
                last.map_or(Some(0), |last| last.checked_add(1)).map(|next| next.max(0).to_string())
            }
        }
    }
}

/// The number that PHP makes of a key, which it does only where the number is spelled in the one usual way.
fn index(key: &str) -> Option<i64> {
    let digits = key.strip_prefix('-').unwrap_or(key);
    let usual = key == "0" || digits.starts_with(|first: char| matches!(first, '1'..='9'));
    key.parse().ok().filter(|_| usual)
}

/// The map under a key; what else is there gives way.
fn nested(map: &mut Map<String, Value>, key: String) -> &mut Map<String, Value> {
    let slot = map.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("it has just been made an object")
}

/// Splits a name at its brackets. Stops one above [`MAX_NESTING`]; none where nothing comes before the brackets.
fn parse_name(name: &str) -> Option<(String, Vec<Key>)> {
    // To PHP a name ends at NUL, as any text in C.
    let name = name.split('\0').next().unwrap_or_default().trim_start_matches(' ');
    let (top, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    if top.is_empty() {
        return None;
    }
    let mut keys = Vec::new();
    // What follows a closing bracket and is no opening one means nothing.
    while let Some(inside) = rest.strip_prefix('[') {
        let trimmed = inside.strip_prefix([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']).unwrap_or(inside);
        if let Some(after) = trimmed.strip_prefix(']') {
            keys.push(Key::Appended);
            rest = after;
        } else if let Some((key, after)) = inside.split_once(']') {
            keys.push(Key::Named(key.to_owned()));
            rest = after;
        } else if keys.is_empty() {
            return Some((name.replace([' ', '.', '['], "_"), keys));
        } else {
            break;
        }
        if keys.len() > MAX_NESTING {
            break;
        }
    }
    Some((top.replace([' ', '.'], "_"), keys))
}

/// The children of an element: text, or objects where they have children of their own.
fn elements(parent: Node<'_, '_>, depth: usize) -> Map<String, Value> {
    let mut map = Map::new();
    for child in parent.children().filter(Node::is_element) {
        let value = if depth < MAX_NESTING && child.children().any(|node| node.is_element()) {
            Value::Object(elements(child, depth + 1))
        } else {
            Value::String(child.children().filter(Node::is_text).filter_map(|node| node.text()).collect())
        };
        map.insert(child.tag_name().name().to_owned(), value);
    }
    map
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_nest_as_in_php() {
        for (query, expected) in [
            ("", json!({})),
            ("a=1&b=2", json!({"a": "1", "b": "2"})),
            ("a", json!({"a": ""})),
            ("a=b=c", json!({"a": "b=c"})),
            ("&&a=1&", json!({"a": "1"})),
            ("a=x+y%20z%2B", json!({"a": "x y z+"})),
            ("a=%zz%4", json!({"a": "%zz%4"})),
            ("a=%FFb", json!({"a": "\u{fffd}b"})),
            ("a=1&b=2&a=3", json!({"a": "3", "b": "2"})),
            ("options[where][0][key]=x", json!({"options": {"where": {"0": {"key": "x"}}}})),
            ("options%5Bwhere%5D%5B0%5D%5Bkey%5D=x", json!({"options": {"where": {"0": {"key": "x"}}}})),
            ("a[]=1&a[]=2", json!({"a": {"0": "1", "1": "2"}})),
            ("a[ ]=1&a[7]=2&a[]=3&a[x]=4&a[]=5", json!({"a": {"0": "1", "7": "2", "8": "3", "x": "4", "9": "5"}})),
            ("a[-5]=1&a[]=2&a[07]=3&a[]=4", json!({"a": {"-5": "1", "0": "2", "07": "3", "1": "4"}})),
            ("a[9223372036854775807]=1&a[]=2", json!({"a": {"9223372036854775807": "1"}})),
            ("a[][b]=1&a[][b]=2", json!({"a": {"0": {"b": "1"}, "1": {"b": "2"}}})),
            ("a=1&a[b]=2", json!({"a": {"b": "2"}})),
            ("a[b]=1&a=2", json!({"a": "2"})),
            ("a[b]=1&a[b][c]=2", json!({"a": {"b": {"c": "2"}}})),
            ("+a.b c=1&a.b[c.d e]=2", json!({"a_b_c": "1", "a_b": {"c.d e": "2"}})),
            ("a[b.c=1", json!({"a_b_c": "1"})),
            ("a[b][c=1", json!({"a": {"b": "1"}})),
            ("a[b]c[d]=1", json!({"a": {"b": "1"}})),
            ("a[[b]=1", json!({"a": {"[b": "1"}})),
            ("a]=1", json!({"a]": "1"})),
            ("=1&[]=2&[a]=3&+=4", json!({})),
            ("a%00b=1", json!({"a": "1"})),
        ] {
            assert_eq!(Value::Object(Params::from_query(query).0), expected, "{query}");
        }
    }

    #[test]
    fn order_is_kept() {
        let params = Params::from_query("z=1&y=2&x[b]=3&x[a]=4&z=5");
        assert_eq!(serde_json::to_string(&params.0).unwrap(), r#"{"z":"5","y":"2","x":{"b":"3","a":"4"}}"#);
        let deep = format!("z=1&y=2&x=3&z{}=4", "[k]".repeat(65));
        assert_eq!(serde_json::to_string(&Params::from_query(&deep).0).unwrap(), r#"{"y":"2","x":"3"}"#);
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested = |depth: usize| format!("b=1&a=1&a{}=x", "[k]".repeat(depth));
        assert!(Params::from_query(&nested(64)).get("a").is_some_and(Value::is_object));
        let deep = Params::from_query(&nested(65));
        assert!(!deep.has("a") && deep.has("b"));
        assert!(!Params::from_query(&nested(100_000)).has("a"));
        let many = Params::from_query(&"a[]=x&".repeat(1_500));
        assert_eq!(many.get("a").and_then(Value::as_object).map(Map::len), Some(1_000));
    }

    #[test]
    fn a_json_object_is_taken_as_it_is() {
        let params = Params::from_json(br#"{"id": "x", "a.b": 1, "n": null, "l": [1]}"#);
        assert_eq!(params.get("id"), Some(&json!("x")));
        assert_eq!(params.get("a.b"), Some(&json!(1)));
        assert_eq!(params.get("l"), Some(&json!([1])));
        assert!(params.has("id") && !params.has("n") && !params.has("m"));
        for body in ["", "[1]", "1", "\"a\"", "null", "{", "{} x", &"[".repeat(100_000)] {
            assert_eq!(Params::from_json(body.as_bytes()), Params::default(), "{body:.9}");
        }
    }

    #[test]
    fn xml_is_read_by_element_names() {
        for (body, expected) in [
            ("<r><id>a/b</id><n>x &amp; <![CDATA[<y>]]></n></r>", json!({"id": "a/b", "n": "x & <y>"})),
            ("<?xml version=\"1.0\"?><r a='1'><x:e xmlns:x='u'/></r>", json!({"e": ""})),
            ("<r><a>1</a><b><c>2</c><c>3</c></b><a>4</a></r>", json!({"a": "4", "b": {"c": "3"}})),
            ("<r>text</r>", json!({})),
            ("<r><a></r>", json!({})),
            ("<!DOCTYPE r [<!ENTITY e 'x'>]><r><a>&e;</a></r>", json!({})),
            ("", json!({})),
        ] {
            assert_eq!(Value::Object(Params::from_xml(body.as_bytes()).0), expected, "{body}");
        }
        assert_eq!(Params::from_xml(b"<r><a>\xff</a></r>"), Params::default());
        let deep = format!("<r>{}{}</r>", "<a>".repeat(4_000), "</a>".repeat(4_000));
        assert!(Params::from_xml(deep.as_bytes()).has("a"));
    }

    #[test]
    fn parts_of_a_form_have_the_same_names() {
        let mut params = Params::default();
        params.insert_text("options[collection]", "true".to_owned());
        params.insert_text("", "dropped".to_owned());
        params.insert_text("folder", "a b".to_owned());
        assert_eq!(params, Params::from_query("options[collection]=true&folder=a+b"));
    }

    /// A tree of text whose maps have something in them, for a query cannot say an empty map.
    fn tree() -> impl Strategy<Value = Value> {
        any::<String>().prop_map(Value::String).prop_recursive(4, 64, 5, |inner| {
            let key = "[a-z0-9é. \\[_-]{1,5}".prop_filter("a blank means append", |key| !key.trim().is_empty());
            prop::collection::btree_map(key, inner, 1..5).prop_map(|map| map.into_iter().collect())
        })
    }

    fn write(name: &str, value: &Value, pairs: &mut form_urlencoded::Serializer<'_, String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| write(&format!("{name}[{key}]"), value, pairs)),
            Value::String(text) => drop(pairs.append_pair(name, text)),
            other => unreachable!("{other} is not in the tree"),
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in "[ab\\[\\]=&%.0-9+ ]{0,60}") {
            for body in [&body[..], text.as_bytes()] {
                let _ = Params::from_form(body);
                let _ = Params::from_json(body);
                let _ = Params::from_xml(body);
                let _ = Params::from_query(&String::from_utf8_lossy(body));
            }
        }

        #[test]
        fn a_tree_written_as_a_query_reads_back(tree in prop::collection::btree_map("[a-z0-9é_-]{1,5}", tree(), 0..5)) {
            let tree: BTreeMap<String, Value> = tree;
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in &tree {
                write(name, value, &mut query);
            }
            let query = query.finish();
            prop_assert_eq!(Params::from_query(&query), Params(tree.into_iter().collect()));
        }
    }
}
