//! Ids and the context that a request names with them, from queries and JSON bodies. It knows numbers, not what they stand for.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{BadParameter, present};

/// Most ids that one list may hold.
pub const MAX_IDS: usize = 1000;

const NOT_AN_ID: &str = "must be a whole number from 1 to 4294967295";
const NOT_IDS: &str = "must be whole numbers from 1 to 4294967295, at most 1000 of them, with commas between";

/// The fields of a body that name a folder to put something into, in order of preference.
const FOLDER_FIELDS: &[&str] = &["folderId", "parentId", "mediaFolderId"];

/// Reads the id in the parameter `name`; `None` when it holds nothing (`""`, `null`, `undefined`).
///
/// # Errors
/// When it holds anything but a positive whole number below 2^32.
pub fn parse_id(name: &'static str, text: &str) -> Result<Option<u32>, BadParameter> {
    present(text).map(|text| read_id(text).ok_or(BadParameter { name, accepted: NOT_AN_ID })).transpose()
}

/// Reads the id in the field `name` of a JSON body: a number, or a string that holds one as HTML attributes do.
///
/// # Errors
/// As [`parse_id`].
pub fn parse_json_id(name: &'static str, value: &Value) -> Result<Option<u32>, BadParameter> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => parse_id(name, text),
        Value::Number(number) => {
            let id = number.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|id| *id > 0);
            id.map(Some).ok_or(BadParameter { name, accepted: NOT_AN_ID })
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(BadParameter { name, accepted: NOT_AN_ID }),
    }
}

/// Reads the list of ids in the parameter `name`: `1,2,3`, also with commas escaped twice. Gaps are skipped, repeated ids given once.
///
/// # Errors
/// When one of them is not an id, or there are more than [`MAX_IDS`].
pub fn parse_ids(name: &'static str, text: &str) -> Result<Vec<u32>, BadParameter> {
    let text = text.replace("%2C", ",").replace("%2c", ",");
    each_once(name, text.split(',').map(|id| parse_id(name, id)))
}

/// Reads the list of ids in the field `name` of a JSON body: an array of ids, or a string as [`parse_ids`] reads it.
///
/// # Errors
/// As [`parse_ids`].
pub fn parse_json_ids(name: &'static str, value: &Value) -> Result<Vec<u32>, BadParameter> {
    match value {
        Value::Array(ids) => each_once(name, ids.iter().map(|id| parse_json_id(name, id))),
        Value::String(text) => parse_ids(name, text),
        one => Ok(parse_json_id(name, one)?.into_iter().collect()),
    }
}

/// The ids that say where a request means. Clients send several at once, some of them stale or empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context {
    /// A folder.
    pub folder: Option<u32>,
    /// An app: a space in the library's words.
    pub app: Option<u32>,
    /// An organization: the tenant.
    pub organization: Option<u32>,
}

/// The one place that a context comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(u32),
    /// The top of an app.
    App(u32),
    /// The top of an organization.
    Organization(u32),
}

impl Context {
    /// Reads `folderId`, `appId` and `organizationId` from the pairs of a query or of a form; of one that comes twice, the first that holds an id.
    ///
    /// # Errors
    /// When one of them holds something that is not an id.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadParameter> {
        let mut context = Self::default();
        for (name, text) in pairs {
            let (name, slot) = match name {
                "folderId" => ("folderId", &mut context.folder),
                "appId" => ("appId", &mut context.app),
                "organizationId" => ("organizationId", &mut context.organization),
                _ => continue,
            };
            *slot = slot.or(parse_id(name, text)?);
        }
        Ok(context)
    }

    /// Reads `appId`, `organizationId` and the folder (`folderId`, `parentId` or `mediaFolderId`) from the body of a request.
    ///
    /// # Errors
    /// As [`Self::from_pairs`].
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, BadParameter> {
        let read = |name: &'static str| body.get(name).map_or(Ok(None), |value| parse_json_id(name, value));
        let mut folder = None;
        for name in FOLDER_FIELDS {
            folder = folder.or(read(name)?);
        }
        Ok(Self { folder, app: read("appId")?, organization: read("organizationId")? })
    }

    /// This context, completed where it says nothing by `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            folder: self.folder.or(other.folder),
            app: self.app.or(other.app),
            organization: self.organization.or(other.organization),
        }
    }

    /// The most specific place that is named, if any is: a folder before an app before an organization.
    #[must_use]
    pub fn place(self) -> Option<Place> {
        let app = || self.app.map(Place::App);
        let organization = || self.organization.map(Place::Organization);
        self.folder.map(Place::Folder).or_else(app).or_else(organization)
    }
}

/// A positive number below 2^32 in decimal digits and nothing else.
fn read_id(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| digits && *id > 0)
}

/// Collects ids in their order, each once, and stops at the first that is bad or one too many.
fn each_once(
    name: &'static str,
    ids: impl Iterator<Item = Result<Option<u32>, BadParameter>>,
) -> Result<Vec<u32>, BadParameter> {
    let bad = BadParameter { name, accepted: NOT_IDS };
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for id in ids {
        let Some(id) = id.map_err(|_| bad.clone())? else { continue };
        if seen.insert(id) {
            kept.push(id);
        }
        if kept.len() > MAX_IDS {
            return Err(bad);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_positive_and_below_two_to_the_thirty_second() {
        for (text, expected) in [("1", 1), ("4294967295", u32::MAX), (" 7 ", 7), ("007", 7)] {
            assert_eq!(parse_id("id", text), Ok(Some(expected)), "{text:?}");
        }
        for text in ["", " ", "null", "undefined"] {
            assert_eq!(parse_id("id", text), Ok(None), "{text:?}");
        }
        for text in
            ["0", "-1", "+1", "4294967296", "99999999999999999999", "1.0", "1e3", "0x1", "1 2", "NaN", "٣", "1\0"]
        {
            let error = parse_id("appId", text).expect_err(text).to_string();
            assert_eq!(error, "appId must be a whole number from 1 to 4294967295", "{text:?}");
        }
    }

    #[test]
    fn json_ids_are_numbers_or_text() {
        for (value, expected) in [(json!(5), Some(5)), (json!("5"), Some(5)), (json!(null), None), (json!(""), None)] {
            assert_eq!(parse_json_id("id", &value), Ok(expected), "{value}");
        }
        for value in
            [json!(0), json!(-1), json!(1.5), json!(4_294_967_296_u64), json!(true), json!([1]), json!({}), json!("x")]
        {
            assert!(parse_json_id("id", &value).is_err(), "{value}");
        }
    }

    #[test]
    fn lists_keep_their_order_and_are_bounded() {
        for (text, expected) in [
            ("1359,5336", vec![1359, 5336]),
            ("3,1,2,1", vec![3, 1, 2]),
            ("1%2C2%2c3", vec![1, 2, 3]),
            (" 1 , ,2,null,", vec![1, 2]),
            ("", vec![]),
        ] {
            assert_eq!(parse_ids("files", text), Ok(expected), "{text:?}");
        }
        for text in ["1;2", "1,x", "1,-2", "a", "1,0"] {
            assert!(parse_ids("files", text).is_err(), "{text:?}");
        }
        let list = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(parse_ids("files", &list(MAX_IDS)).map(|ids| ids.len()), Ok(MAX_IDS));
        assert_eq!(parse_ids("files", &list(MAX_IDS + 1)), Err(BadParameter { name: "files", accepted: NOT_IDS }));

        assert_eq!(parse_json_ids("files", &json!([1, "2", null, 1])), Ok(vec![1, 2]));
        assert_eq!(parse_json_ids("files", &json!("1,2")), Ok(vec![1, 2]));
        assert_eq!(parse_json_ids("files", &json!(7)), Ok(vec![7]));
        assert_eq!(parse_json_ids("files", &json!(null)), Ok(vec![]));
        assert!(parse_json_ids("files", &json!([[1]])).is_err());
    }

    #[test]
    fn the_most_specific_context_wins() {
        let query = Context::from_pairs([("organizationId", "7"), ("folderId", "null"), ("name", "x"), ("appId", "2")]);
        let query = query.expect("all of them are ids");
        assert_eq!(query, Context { folder: None, app: Some(2), organization: Some(7) });
        assert_eq!(query.place(), Some(Place::App(2)));
        let parts = Context { folder: Some(9), app: Some(3), organization: None };
        assert_eq!(query.or(parts), Context { folder: Some(9), app: Some(2), organization: Some(7) });
        assert_eq!(query.or(parts).place(), Some(Place::Folder(9)));
        assert_eq!(Context { organization: Some(7), ..Context::default() }.place(), Some(Place::Organization(7)));
        assert_eq!(Context::default().place(), None);
        assert_eq!(Context::from_pairs([("appId", ""), ("appId", "4")]).map(|context| context.app), Ok(Some(4)));
        assert_eq!(Context::from_pairs([("appId", "x")]).map_err(|error| error.name), Err("appId"));

        let from_json = |value: Value| Context::from_json(value.as_object().expect("an object"));
        let body = from_json(json!({"name": "x", "parentId": "123", "organizationId": 456, "appId": null}));
        assert_eq!(body, Ok(Context { folder: Some(123), app: None, organization: Some(456) }));
        assert_eq!(from_json(json!({"mediaFolderId": 5})).map(|context| context.folder), Ok(Some(5)));
        assert_eq!(from_json(json!({"parentId": []})).map_err(|error| error.name), Err("parentId"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            if let Ok(Some(id)) = parse_id("id", &text) {
                prop_assert_eq!(text.trim().trim_start_matches('0'), id.to_string());
            }
            prop_assert!(parse_ids("files", &text).map_or(true, |ids| ids.len() <= MAX_IDS));
        }
    }
}
