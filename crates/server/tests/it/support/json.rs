//! Answers against the seed's samples: both through one normaliser, then compared whole. Keys that only the contract lists
//! may stand beside the sample's; missing or different ones are told.

use serde_json::{Map, Value};

/// What a contract lets stand beside a sample's keys: the key, and whether a value can be its.
pub type Extra = (&'static str, fn(&Value) -> bool);

/// The seed's samples of objects carry one of these keys; each tells which further keys are known.
#[derive(Clone, Copy)]
pub struct Extras {
    pub files: &'static [Extra],
    pub folders: &'static [Extra],
}

/// A place where ours deliberately differs from the sample, after normalising: pointer, theirs, ours.
pub type Exception<'a> = (&'a str, Value, Value);

/// Replaces host, mount prefix, ids, times, hashes, byte counts and random path parts; nothing else.
pub fn normal(value: &Value) -> Value {
    normal_under("", value)
}

fn normal_under(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let pairs = object.iter().map(|(key, value)| (key.clone(), normal_under(key, value)));
            Value::Object(pairs.collect())
        }
        Value::Array(items) => items.iter().map(|item| normal_under("", item)).collect(),
        Value::Number(number) if key == "id" || key.ends_with("Id") => {
            assert!(number.as_u64().is_some_and(|id| (1..1 << 32).contains(&id)), "{key} is no id: {number}");
            "<id>".into()
        }
        Value::Number(_) if key == "size" => "<bytes>".into(),
        Value::String(text) if is_time(text) => "<time>".into(),
        Value::String(text) if is_md5(text) => "<hash>".into(),
        Value::String(text) => normal_path(text).into(),
        other => other.clone(),
    }
}

/// `2017-12-14T10:49:55.489Z`
fn is_time(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    let fits = |(byte, form): (u8, u8)| if form == b'd' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A URL or path: without its host and mount, its ids, and the digits that a path has at its end.
fn normal_path(text: &str) -> String {
    let after_scheme = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let (base, path) = match after_scheme {
        Some(rest) => {
            let path = rest.split_once('/').map_or("", |(_, path)| path);
            ("<base>/", path.strip_prefix("fliplet/").unwrap_or(path))
        }
        None => ("", text),
    };
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let normal = |segment: &str| if is_number(segment) { "<id>".to_owned() } else { without_digits(segment) };
    format!("{base}{}", path.split('/').map(normal).collect::<Vec<_>>().join("/"))
}

/// `foo-123-456-7890-t.jpg` becomes `foo-t.jpg`.
fn without_digits(segment: &str) -> String {
    let form = b"-ddd-ddd-dddd";
    let fits = |(byte, form): (&u8, &u8)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form };
    let found = segment.as_bytes().windows(form.len()).position(|part| part.iter().zip(form).all(fits));
    found.map_or_else(|| segment.to_owned(), |at| [&segment[..at], &segment[at + form.len()..]].concat())
}

/// Panics unless `answer` is the sample, whole, but for known extra keys and deliberate exceptions, each of which must be
/// as it is told.
#[track_caller]
pub fn assert_literal(sample: &str, answer: &Value, extras: Extras, exceptions: &[Exception<'_>]) {
    let mut sample = normal(&serde_json::from_str(sample).unwrap());
    let answer = normal(answer);
    for (pointer, theirs, ours) in exceptions {
        let place = sample.pointer_mut(pointer).unwrap_or_else(|| panic!("the sample has no {pointer}"));
        assert_eq!(place, theirs, "the sample at {pointer}");
        *place = ours.clone();
    }
    let mut told = Vec::new();
    compare("", &sample, &answer, extras, &mut told);
    assert!(told.is_empty(), "{}\nanswered: {answer:#}", told.join("\n"));
}

fn compare(at: &str, sample: &Value, answer: &Value, extras: Extras, told: &mut Vec<String>) {
    match (sample, answer) {
        (Value::Object(theirs), Value::Object(ours)) => compare_objects(at, theirs, ours, extras, told),
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                compare(&format!("{at}/{index}"), theirs, ours, extras, told);
            }
        }
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => told.push(format!("{at}: the seed has {theirs}, the answer {ours}")),
    }
}

fn compare_objects(
    at: &str,
    theirs: &Map<String, Value>,
    ours: &Map<String, Value>,
    extras: Extras,
    told: &mut Vec<String>,
) {
    for (key, value) in theirs {
        match ours.get(key) {
            Some(ours) => compare(&format!("{at}/{key}"), value, ours, extras, told),
            None => told.push(format!("{at}/{key} is missing")),
        }
    }
    let is_file = theirs.contains_key("contentType");
    let is_folder = theirs.contains_key("parentId");
    let known = if is_file { extras.files } else { extras.folders };
    for (key, value) in ours.iter().filter(|(key, _)| !theirs.contains_key(*key)) {
        let listed = known.iter().find(|(name, _)| name == key).filter(|_| is_file || is_folder);
        match listed {
            Some((_, fits)) if fits(value) => {}
            Some(_) => told.push(format!("{at}/{key} can not be {value}")),
            None => told.push(format!("{at}/{key} is in neither the seed nor the contract: {value}")),
        }
    }
}
