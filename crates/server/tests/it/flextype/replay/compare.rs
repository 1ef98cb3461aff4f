//! An answer against the one that is wanted: status, headers and the whole body. Keys inside an item count in their order;
//! names in a collection do not, because the reference server lists as the disk does.

use serde_json::{Map, Value, json};

use super::{
    Mode,
    expected::{Body, Expected},
    requests::HOST,
};
use crate::support::Answer;

/// What the record calls `$ROOT`.
const ROOT: &str = "/htdocs/flextype";
/// What ours re-encodes with another encoder, and so to another size.
const RE_ENCODED: &[&str] = &["image/jpeg", "image/png", "image/gif"];

/// How the answer differs, if it does.
pub fn difference(wanted: &Expected, answer: &Answer, mode: Mode) -> Option<String> {
    if !wanted.statuses.contains(&answer.status) {
        return Some(format!("the status is none of {:?}", wanted.statuses));
    }
    for (name, value) in &wanted.headers {
        let given = answer.header(&name.to_ascii_lowercase());
        // A media type may say its character set or leave that out.
        let is_same = if *name == "Content-Type" { essence(given) == essence(value) } else { given == value };
        // Nothing has no type.
        let is_same = is_same || (*name == "Content-Type" && answer.body.is_empty() && given.is_empty());
        if !is_same {
            return Some(format!("{name} is {given:?} and not {value:?}"));
        }
    }
    match &wanted.body {
        Body::Json(body) => json_difference(wanted, body, answer, mode),
        Body::Text(text) => (answer.body != text.as_bytes()).then(|| format!("the text is not {text:?}")),
        Body::Bytes(bytes) => (!answer.body.starts_with(bytes)).then(|| "the bytes are others".to_owned()),
        Body::Refusal => (!is_refusal(answer)).then(|| "the body is not that of a refusal".to_owned()),
        Body::Any => None,
    }
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// `{"http_status_code":404,"message":"…"}`
fn is_refusal(answer: &Answer) -> bool {
    let Ok(Value::Object(body)) = serde_json::from_slice(&answer.body) else { return false };
    let keys: Vec<&String> = body.keys().collect();
    keys == ["http_status_code", "message"] && body["http_status_code"] == answer.status && body["message"].is_string()
}

fn json_difference(wanted: &Expected, body: &Value, answer: &Answer, mode: Mode) -> Option<String> {
    let Ok(mut ours) = serde_json::from_slice(&answer.body) else { return Some("the body is no JSON".to_owned()) };
    ours = ours_normal(&ours);
    let mut theirs = theirs_normal(body, mode);
    if let Some(all) = &wanted.choice {
        return choice_difference(&theirs, &ours, &theirs_normal(all, mode));
    }
    if !wanted.url.contains("[sort_by]") {
        sort_names(&mut theirs);
        // By default ours are sorted, which the reference server's are not.
        if mode == Mode::Strict {
            sort_names(&mut ours);
        }
    }
    // As text, where the order of keys and the form of numbers show.
    let (theirs, ours) = (theirs.to_string(), ours.to_string());
    (theirs != ours).then(|| format!("\nwanted   {theirs}\nanswered {ours}"))
}

/// Items that chance chose or put in order: as many as the record has, each once, and each one of all.
fn choice_difference(theirs: &Value, ours: &Value, all: &Value) -> Option<String> {
    let known: Vec<String> = items(all).iter().map(ToString::to_string).collect();
    let mut given: Vec<String> = items(ours).iter().map(ToString::to_string).collect();
    given.sort();
    given.dedup();
    let is_choice = given.len() == items(theirs).len() && given.iter().all(|item| known.contains(item));
    let same_form = theirs["data"].is_array() == ours["data"].is_array()
        && theirs["data"].get("filename").is_some() == ours["data"].get("filename").is_some();
    (!is_choice || !same_form).then(|| format!("\nwanted a choice like {theirs}\nanswered {ours}"))
}

fn items(body: &Value) -> Vec<&Value> {
    match &body["data"] {
        Value::Array(items) => items.iter().collect(),
        Value::Object(item) if item.contains_key("filename") => vec![&body["data"]],
        Value::Object(named) => named.values().collect(),
        _ => Vec::new(),
    }
}

/// Sorts the names of a collection, or of groups.
fn sort_names(body: &mut Value) {
    let Some(named) = body.get_mut("data").and_then(Value::as_object_mut) else { return };
    if named.values().all(|value| value.is_object() || value.is_array()) {
        named.sort_keys();
    }
}

/// Ours without the mount, under which the record's host has nothing.
fn ours_normal(value: &Value) -> Value {
    let mount = format!("http://{HOST}/flextype/");
    each(value, &|text| text.replace(&mount, &format!("http://{HOST}/")), &|object| without_chance(object))
}

/// Theirs with the root that ours has, and by default with what the contract changes everywhere: the prefix of URLs (row 2),
/// six keys for a folder (row 3) and titles in words (row 11).
fn theirs_normal(value: &Value, mode: Mode) -> Value {
    let rooted = |text: &str| text.replace("$ROOT", ROOT);
    match mode {
        Mode::Strict => each(value, &rooted, &|object| without_chance(object)),
        Mode::Default => each(value, &|text| rooted(text).replace("project/media", "project/uploads"), &|object| {
            without_chance(with_six_keys(titled(object)))
        }),
    }
}

/// The value with every text and then every object changed.
fn each(
    value: &Value,
    text: &impl Fn(&str) -> String,
    object: &impl Fn(Map<String, Value>) -> Map<String, Value>,
) -> Value {
    match value {
        Value::String(known) => text(known).into(),
        Value::Array(items) => items.iter().map(|item| each(item, text, object)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), each(value, text, object)));
            Value::Object(object(fields.collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Without times of upload, and without the sizes that depend on an encoder.
fn without_chance(mut object: Map<String, Value>) -> Map<String, Value> {
    let is_encoded = object.get("type").and_then(Value::as_str).is_some_and(|kind| RE_ENCODED.contains(&kind));
    for (key, is_other) in [("uploaded_on", true), ("filesize", is_encoded)] {
        if let Some(value) = object.get_mut(key).filter(|value| is_other && value.is_u64()) {
            *value = json!("<number>");
        }
    }
    object
}

/// A folder with `id` and `full_id` before the rest, and the reference server's names for them behind.
fn with_six_keys(object: Map<String, Value>) -> Map<String, Value> {
    let keys = ["path", "full_path", "url", "full_url"];
    let [Some(path), Some(full_path), Some(url), Some(full_url)] = keys.map(|key| object.get(key).cloned()) else {
        return object;
    };
    let pairs = [
        ("id", path.clone()),
        ("full_id", full_path.clone()),
        ("url", url),
        ("full_url", full_url),
        ("path", path),
        ("full_path", full_path),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// An uploaded file with its title in words, which the reference server takes from the name as it is.
fn titled(mut object: Map<String, Value>) -> Map<String, Value> {
    if object.contains_key("uploaded_on") {
        let title = object["title"].as_str().map(in_words);
        object["title"] = title.into();
    }
    object
}

/// `new-cover` becomes `New Cover`.
fn in_words(slug: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    slug.split('-').map(capital).collect::<Vec<_>>().join(" ")
}
