//! What an exchange must be answered with: the record's answer, or what the table of differences makes of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    Exchanges, Mode,
    differences::{self, Change, Edit},
};

/// The headers that are compared, where the record has them and they are not empty.
const HEADERS: &[&str] = &[
    "Content-Type",
    "Allow",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
];

/// An answer that is wanted.
pub struct Expected {
    /// Any of these.
    pub statuses: Vec<u16>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
    /// What was asked for.
    pub url: String,
    /// For answers that chance makes: all the items that they choose from.
    pub choice: Option<Value>,
}

pub enum Body {
    Json(Value),
    Text(String),
    Bytes(Vec<u8>),
    /// The two keys of a refusal, with whichever status it has.
    Refusal,
    /// Not told.
    Any,
}

/// What is wanted in this mode; none for what is skipped.
pub fn of(name: &str, exchanges: &Exchanges<'_>, mode: Mode) -> Option<Expected> {
    let mut expected = recorded(name, exchanges, mode);
    match differences::of(name, mode) {
        None => {}
        Some(Change::Answer(status, body)) => {
            expected = changed(expected, vec![*status], Body::Json(serde_json::from_str(body).unwrap()));
        }
        Some(Change::Edit(edits)) => expected.edit(edits),
        Some(Change::Like(other, edits)) => {
            let url = expected.url;
            expected = Expected { url, ..recorded(other, exchanges, mode) };
            expected.edit(edits);
        }
        Some(Change::Refused) => expected = changed(expected, vec![400, 404], Body::Refusal),
        Some(Change::Skipped(_)) => return None,
    }
    Some(expected)
}

impl Expected {
    fn edit(&mut self, edits: &[Edit]) {
        let Body::Json(body) = &mut self.body else {
            assert!(edits.is_empty(), "{} has no JSON to edit", self.url);
            return;
        };
        for (pointer, value) in edits {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = body.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
            match value {
                Some(value) => *parent.get_mut(key).unwrap() = serde_json::from_str(value).unwrap(),
                // The keys behind it stay in their order.
                None => assert!(parent.shift_remove(key).is_some(), "{pointer} is not there"),
            }
        }
    }
}

/// Another answer, in JSON. Its headers are the record's as far as every answer has them.
fn changed(expected: Expected, statuses: Vec<u16>, body: Body) -> Expected {
    let headers = expected.headers.into_iter().filter(|(name, _)| name.starts_with("Access-Control-")).collect();
    Expected { statuses, headers, body, ..expected }
}

/// What the record answers: by default with the object that the document shows, where there is one.
fn recorded(name: &str, exchanges: &Exchanges<'_>, mode: Mode) -> Expected {
    let exchange = exchanges[name];
    let documented = exchange.get("docshape").filter(|_| mode == Mode::Default);
    let answer = documented.unwrap_or(&exchange["stock"]);
    let url = exchange["request"]["url"].as_str().unwrap().to_owned();
    let header = |name: &&'static str| {
        let value = answer["headers"][*name].as_str().filter(|value| !value.is_empty())?;
        Some((*name, value.to_owned()))
    };
    let of_chance = url.contains("[return]=random") || url.contains("[return]=shuffle");
    Expected {
        statuses: vec![u16::try_from(answer["status"].as_u64().unwrap()).unwrap()],
        headers: HEADERS.iter().filter_map(header).collect(),
        body: body(answer, mode),
        choice: of_chance.then(|| exchanges["files.options.return-all"]["stock"]["json"].clone()),
        url,
    }
}

fn body(answer: &Value, mode: Mode) -> Body {
    if let Some(json) = answer.get("json") {
        return Body::Json(json.clone());
    }
    if let Some(text) = answer["text"].as_str() {
        // The words of the reference server's error pages are its own.
        let is_page = !text.is_empty();
        return if is_page && mode == Mode::Default { Body::Any } else { Body::Text(text.to_owned()) };
    }
    Body::Bytes(STANDARD.decode(answer["body"]["base64"].as_str().unwrap()).unwrap())
}
