//! What a search looks for, and what an aggregate wants to know of which files. It knows what is asked for, not what is found.

use serde_json::{Map, Value};

use super::{BadParameter, Context, flags::parse_json_flag, parse_json_id, parse_json_ids, present};

/// How many hits a search gives that asks for no number, and how many at most.
const DEFAULT_LIMIT: u32 = MAX_LIMIT;
const MAX_LIMIT: u32 = 1000;
/// The longest part of a name to look for: names are no longer.
const MAX_NAME_BYTES: usize = 255;
/// Most attributes that an aggregate may name.
const MAX_ATTRIBUTES: usize = 100;

const BAD_NAME: BadParameter =
    BadParameter { name: "name", accepted: "must be text of at most 255 bytes and without NUL" };
const BAD_LIMIT: BadParameter = BadParameter { name: "limit", accepted: "must be a whole number from 1 to 1000" };

/// A search for files and folders: those whose name holds `name`, and the one whose id is `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// A part of the name, without the spaces around it; never empty.
    pub name: Option<String>,
    /// An id to find beside what is found by name.
    pub id: Option<u32>,
    /// Where to look.
    pub context: Context,
    /// Whether to look in the trash instead.
    pub deleted_only: bool,
    /// Which page of the hits, from 1.
    pub page: u32,
    /// How many hits a page holds, from 1 to 1000.
    pub limit: u32,
}

impl Search {
    /// Reads the pairs of a query; of one that comes twice, the first that holds something.
    ///
    /// # Errors
    /// As [`Self::from_json`].
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadParameter> {
        let mut body = Map::new();
        for (name, text) in pairs {
            if body.get(name).and_then(Value::as_str).and_then(present).is_none() {
                body.insert(name.to_owned(), Value::from(text));
            }
        }
        Self::from_json(&body)
    }

    /// Reads the body of a search.
    ///
    /// # Errors
    /// When a field holds something that it can not mean.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, BadParameter> {
        let number = |name| body.get(name).map_or(Ok(None), |value| parse_json_id(name, value));
        let limit = number("limit").map_err(|_| BAD_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
        if limit > MAX_LIMIT {
            return Err(BAD_LIMIT);
        }
        Ok(Self {
            name: read_name(body)?,
            id: read_id(body)?,
            context: Context::from_json(body)?,
            deleted_only: parse_json_flag("deletedOnly", body)?.unwrap_or(false),
            page: number("page")?.unwrap_or(1),
            limit,
        })
    }
}

/// A question about files by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The files, in the order of the question, each once.
    pub files: Vec<u32>,
    /// What to tell of them, each once, whether there is such a thing or not; `None`: everything.
    pub attributes: Option<Vec<String>>,
}

impl Aggregate {
    /// Reads the body of an aggregate. Clients call the attributes `attributes` or `fields`.
    ///
    /// # Errors
    /// When `files` is not there, one of them is not an id, or there are too many of either.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, BadParameter> {
        let files = body.get("files").filter(|files| !files.is_null());
        let files = files.ok_or(BadParameter { name: "files", accepted: "must be an array of the ids of files" })?;
        let attributes = match read_attributes("attributes", body)? {
            Some(attributes) => Some(attributes),
            None => read_attributes("fields", body)?,
        };
        Ok(Self { files: parse_json_ids("files", files)?, attributes })
    }
}

/// `null` and `undefined` are words that a name may hold, so only an empty text is none.
fn read_name(body: &Map<String, Value>) -> Result<Option<String>, BadParameter> {
    let name = match body.get("name") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(name)) => name.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => return Err(BAD_NAME),
    };
    if name.len() > MAX_NAME_BYTES || name.contains('\0') {
        return Err(BAD_NAME);
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// The file manager sends whatever reads as a number (`1.5`, `-3`, `1e9`, twenty digits) as `name` and `id` both; what is
/// no id is a name only then.
fn read_id(body: &Map<String, Value>) -> Result<Option<u32>, BadParameter> {
    match body.get("id").map_or(Ok(None), |id| parse_json_id("id", id)) {
        Err(_) if body.get("id") == body.get("name") => Ok(None),
        read => read,
    }
}

/// The attributes that a field names: an array, or a text with commas between; `None` when it names none.
fn read_attributes(name: &'static str, body: &Map<String, Value>) -> Result<Option<Vec<String>>, BadParameter> {
    let bad = BadParameter { name, accepted: "must be an array of at most 100 names" };
    let words: Vec<&str> = match body.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => present(text).map(|text| text.split(',').collect()).unwrap_or_default(),
        Some(Value::Array(words)) => words.iter().map(Value::as_str).collect::<Option<_>>().ok_or(bad.clone())?,
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => return Err(bad),
    };
    let mut attributes: Vec<String> = Vec::new();
    for word in words.into_iter().map(str::trim).filter(|word| !word.is_empty()) {
        if attributes.iter().any(|known| known == word) {
            continue;
        }
        if attributes.len() == MAX_ATTRIBUTES {
            return Err(bad);
        }
        attributes.push(word.to_owned());
    }
    Ok(Some(attributes).filter(|attributes| !attributes.is_empty()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::url::samples;

    fn object(body: &Value) -> &Map<String, Value> {
        body.as_object().expect("an object")
    }

    fn everything() -> Search {
        Search { name: None, id: None, context: Context::default(), deleted_only: false, page: 1, limit: 1000 }
    }

    #[test]
    fn queries_and_bodies_mean_the_same() {
        let named = |name: &str, id| Search { name: Some(name.to_owned()), id, ..everything() };
        let cases = [
            (vec![], everything()),
            (
                vec![("name", ""), ("id", ""), ("page", "null"), ("limit", "undefined"), ("deletedOnly", "")],
                everything(),
            ),
            (vec![("name", "zelda")], named("zelda", None)),
            (vec![("name", " zelda ")], named("zelda", None)),
            (vec![("name", ""), ("name", "a"), ("name", "b")], named("a", None)),
            // Words that JavaScript makes of nothing are words of a name.
            (vec![("name", "null")], named("null", None)),
            (vec![("name", "undefined"), ("id", "undefined")], named("undefined", None)),
            // What the file manager sends for terms that read as numbers.
            (vec![("name", "42"), ("id", "42")], named("42", Some(42))),
            (vec![("name", "1.5"), ("id", "1.5")], named("1.5", None)),
            (vec![("name", "-3"), ("id", "-3")], named("-3", None)),
            (vec![("name", "20240101123456"), ("id", "20240101123456")], named("20240101123456", None)),
            (vec![("id", "7")], Search { id: Some(7), ..everything() }),
            (vec![("deletedOnly", "true")], Search { deleted_only: true, ..everything() }),
            (vec![("deletedOnly", "1")], Search { deleted_only: true, ..everything() }),
            (vec![("deletedOnly", "false")], everything()),
            (vec![("page", "3"), ("limit", "1000")], Search { page: 3, limit: 1000, ..everything() }),
            (vec![("page", "4294967295"), ("limit", "1")], Search { page: u32::MAX, limit: 1, ..everything() }),
            (
                vec![("folderId", "5"), ("appId", "2"), ("organizationId", "7")],
                Search { context: Context { folder: Some(5), app: Some(2), organization: Some(7) }, ..everything() },
            ),
        ];
        for (pairs, expected) in cases {
            assert_eq!(Search::from_pairs(pairs.clone()), Ok(expected.clone()), "{pairs:?}");
            let twice = pairs.iter().filter(|(name, _)| *name == "name").count() > 1;
            let body = pairs.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
            assert!(twice || Search::from_json(&body) == Ok(expected), "{body:?}");
        }
        let body = json!({"name": 42, "id": 42, "deletedOnly": true, "page": 2, "limit": 10, "folderId": 5, "x": []});
        let context = Context { folder: Some(5), ..Context::default() };
        let expected = Search { context, deleted_only: true, page: 2, limit: 10, ..named("42", Some(42)) };
        assert_eq!(Search::from_json(object(&body)), Ok(expected));
    }

    #[test]
    fn what_can_not_be_searched_for_is_refused() {
        let long = "é".repeat(128);
        for (body, name) in [
            (json!({"name": long}), "name"),
            (json!({"name": "a\0b"}), "name"),
            (json!({"name": true}), "name"),
            (json!({"name": ["a"]}), "name"),
            (json!({"name": {"$like": "a"}}), "name"),
            (json!({"id": "x"}), "id"),
            (json!({"id": "1.5"}), "id"),
            (json!({"id": "1.5", "name": "1"}), "id"),
            (json!({"id": [5]}), "id"),
            (json!({"folderId": "x"}), "folderId"),
            (json!({"appId": -1}), "appId"),
            (json!({"deletedOnly": "maybe"}), "deletedOnly"),
            (json!({"page": 0}), "page"),
            (json!({"page": "first"}), "page"),
            (json!({"page": 4_294_967_296_u64}), "page"),
            (json!({"limit": 0}), "limit"),
            (json!({"limit": 1001}), "limit"),
            (json!({"limit": "-1"}), "limit"),
        ] {
            assert_eq!(Search::from_json(object(&body)).map_err(|error| error.name), Err(name), "{body}");
        }
        let told = Search::from_pairs([("limit", "all")]).expect_err("no number").to_string();
        assert_eq!(told, "limit must be a whole number from 1 to 1000");
        assert!(Search::from_pairs([("name", &*"é".repeat(127))]).is_ok());
    }

    #[test]
    fn an_aggregate_keeps_the_order_of_its_files_and_attributes() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for (body, files, attributes) in [
            (json!({"files": [3, "1", 2, 3]}), vec![3, 1, 2], None),
            (json!({"files": "3,1"}), vec![3, 1], None),
            (json!({"files": 3}), vec![3], None),
            (json!({"files": [], "attributes": null, "fields": []}), vec![], None),
            (json!({"files": [1], "attributes": ["name", "url", "name"]}), vec![1], names(&["name", "url"])),
            (json!({"files": [1], "fields": ["url", " metadata "]}), vec![1], names(&["url", "metadata"])),
            (json!({"files": [1], "attributes": ["id"], "fields": ["url"]}), vec![1], names(&["id"])),
            (json!({"files": [1], "attributes": [], "fields": ["url"]}), vec![1], names(&["url"])),
            (json!({"files": [1], "attributes": "id, name,"}), vec![1], names(&["id", "name"])),
            (json!({"files": [1], "attributes": ""}), vec![1], None),
        ] {
            assert_eq!(Aggregate::from_json(object(&body)), Ok(Aggregate { files, attributes }), "{body}");
        }
    }

    #[test]
    fn an_aggregate_is_bounded() {
        let ids = |count: u32| (1..=count).collect::<Vec<_>>();
        let words = |count: usize| (0..count).map(|word| format!("a{word}")).collect::<Vec<_>>();
        let full = json!({"files": ids(1000), "attributes": words(100)});
        assert!(Aggregate::from_json(object(&full)).is_ok());
        for (body, name) in [
            (json!({}), "files"),
            (json!({"files": null}), "files"),
            (json!({"files": ["x"]}), "files"),
            (json!({"files": [{"id": 1}]}), "files"),
            (json!({"files": {}}), "files"),
            (json!({"files": ids(1001)}), "files"),
            (json!({"files": [1], "attributes": words(101)}), "attributes"),
            (json!({"files": [1], "attributes": [1]}), "attributes"),
            (json!({"files": [1], "attributes": {"name": true}}), "attributes"),
            (json!({"files": [1], "fields": 5}), "fields"),
        ] {
            assert_eq!(Aggregate::from_json(object(&body)).map_err(|error| error.name), Err(name), "{body}");
        }
    }

    const WORDS: &[&str] =
        &["name", "id", "folderId", "deletedOnly", "page", "limit", "files", "attributes", "fields", "9"];

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in samples::body(WORDS)) {
            if let Ok(search) = Search::from_json(&body) {
                prop_assert!((1..=1000).contains(&search.limit) && search.page > 0 && search.id != Some(0));
                prop_assert!(search.name.is_none_or(|name| (1..=255).contains(&name.len())));
            }
            if let Ok(aggregate) = Aggregate::from_json(&body) {
                prop_assert!(aggregate.files.len() <= 1000);
                prop_assert!(aggregate.attributes.is_none_or(|names| (1..=100).contains(&names.len())));
            }
        }

        #[test]
        fn any_query_is_read_or_refused(
            pairs in prop::collection::vec((prop::sample::select(WORDS), ".{0,300}"), 0..6),
        ) {
            let pairs = pairs.iter().map(|(name, text)| (*name, text.as_str()));
            if let Ok(search) = Search::from_pairs(pairs) {
                prop_assert!((1..=1000).contains(&search.limit));
            }
        }
    }
}
