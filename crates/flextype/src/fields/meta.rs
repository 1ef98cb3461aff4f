//! The meta of one file as a tree of fields, and what of it is kept. Pure.

use library::{Asset, Field, FieldsWish};
use serde_json::{Map, Value, json};

use crate::views::in_words;

/// What every file has of which nobody has said anything, in this order. Contract section 5.
const SUPPLIED: [&str; 6] = ["title", "description", "type", "filesize", "uploaded_on", "exif"];
/// The note that says: this file has what is kept, and nothing is supplied.
const CHOSEN: &str = ".flextype.meta";
/// A field whose value follows from the file, kept for its place.
const FOLLOWS: &str = "auto";
const TEXT: &str = "text";
const INT: &str = "int";
const FLOAT: &str = "float";
const FLAG: &str = "bool";
const NULL: &str = "null";
/// Lists, empty maps, and text that no database keeps.
const JSON: &str = "json";
/// The longest title and description that every dialect shows, in bytes.
const MAX_TITLE_BYTES: usize = 1_024;
const MAX_DESCRIPTION_BYTES: usize = 64 * 1_024;

/// The meta of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Meta {
    tree: Map<String, Value>,
    /// Those at the top whose values follow from the file.
    following: Vec<String>,
    title: Option<String>,
    description: Option<String>,
}

impl Meta {
    /// The meta that a file has. `strict`: its title is as the reference server writes it.
    pub(crate) fn of(asset: &Asset, fields: &[Field], strict: bool) -> Self {
        let mut meta = Self {
            tree: Map::new(),
            following: Vec::new(),
            title: asset.title.clone(),
            description: asset.description.clone(),
        };
        if !fields.iter().any(|field| field.path == CHOSEN) {
            for name in SUPPLIED {
                meta.follow(name, asset, strict);
            }
        }
        for field in fields.iter().filter(|field| !is_note(field)) {
            if field.kind == FOLLOWS {
                meta.follow(&field.path, asset, strict);
            } else {
                meta.following.retain(|name| name != top_of(&field.path));
                put(&mut meta.tree, &field.path, value_of(field));
            }
        }
        meta
    }

    /// A meta of which all is said.
    pub(crate) fn whole(tree: Map<String, Value>) -> Self {
        let mut meta = Self { tree: Map::new(), following: Vec::new(), title: None, description: None };
        for (name, value) in tree {
            meta.set(&name, value);
        }
        meta
    }

    /// What clients see. PHP's JSON knows no empty maps.
    pub(crate) fn shown(&self) -> Map<String, Value> {
        let mut shown = self.tree.clone();
        shown.values_mut().for_each(empty_as_list);
        shown
    }

    /// Whether a field is there and not null.
    pub(crate) fn has(&self, path: &str) -> bool {
        let mut names = path.split('.');
        let first = names.next().and_then(|name| self.tree.get(name));
        let found = names.try_fold(first, |value, name| match value {
            Some(Value::Object(map)) => Some(map.get(name)),
            Some(Value::Array(list)) => Some(name.parse::<usize>().ok().and_then(|at| list.get(at))),
            _ => None,
        });
        found.flatten().is_some_and(|value| !value.is_null())
    }

    /// Sets a field; a new one goes last. What is no map on the way becomes one.
    pub(crate) fn set(&mut self, path: &str, value: Value) {
        self.following.retain(|name| name != top_of(path));
        match (path, &value) {
            ("title", Value::String(text)) if fits(text, MAX_TITLE_BYTES) => {
                self.title = Some(text.clone());
                self.following.push(path.to_owned());
            }
            ("description", Value::String(text)) if text.is_empty() || fits(text, MAX_DESCRIPTION_BYTES) => {
                self.description = Some(text.clone()).filter(|text| !text.is_empty());
                self.following.push(path.to_owned());
            }
            _ => self.forget(path),
        }
        put(&mut self.tree, path, value);
    }

    /// Takes a field away, and nothing else.
    pub(crate) fn remove(&mut self, path: &str) {
        self.following.retain(|name| name != top_of(path));
        self.forget(path);
        let mut map = &mut self.tree;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                map.shift_remove(name);
                return;
            }
            match map.get_mut(name) {
                Some(Value::Object(inner)) => map = inner,
                Some(Value::Array(list)) => {
                    // A list that loses one of its items is a list of the rest.
                    if let Some(at) = names.next().and_then(|at| at.parse::<usize>().ok()).filter(|at| *at < list.len())
                        && names.peek().is_none()
                    {
                        list.remove(at);
                    }
                    return;
                }
                _ => return,
            }
        }
    }

    /// What is no text any more, no other dialect shows.
    fn forget(&mut self, path: &str) {
        match top_of(path) {
            "title" => self.title = None,
            "description" => self.description = None,
            _ => {}
        }
    }

    /// What is kept of it, behind the notes that others keep there.
    pub(crate) fn kept(&self, seen: &[Field]) -> FieldsWish {
        let mut fields: Vec<Field> =
            seen.iter().filter(|field| is_note(field) && field.path != CHOSEN).cloned().collect();
        fields.push(field(CHOSEN, TEXT, ""));
        for (name, value) in &self.tree {
            if self.following.contains(name) {
                fields.push(field(name, FOLLOWS, ""));
            } else {
                flatten(name, value, &mut fields);
            }
        }
        FieldsWish { fields, title: self.title.clone(), description: self.description.clone() }
    }

    fn follow(&mut self, name: &str, asset: &Asset, strict: bool) {
        self.tree.insert(name.to_owned(), supplied(name, asset, strict));
        self.following.push(name.to_owned());
    }
}

/// What follows from a file.
fn supplied(name: &str, asset: &Asset, strict: bool) -> Value {
    let version = asset.version.as_ref();
    match name {
        "title" => json!(asset.title.clone().unwrap_or_else(|| title_of(&asset.name, strict))),
        "description" => json!(asset.description.as_deref().unwrap_or_default()),
        "type" => json!(version.map_or("", |version| match version.media_type.as_str() {
            _ if version.blob.size == 0 => "application/x-empty",
            "text/markdown" => "text/plain",
            media_type => media_type,
        })),
        "filesize" => json!(version.map_or(0, |version| version.blob.size)),
        "uploaded_on" => json!(version.map_or(asset.created_at, |version| version.created_at).div_euclid(1_000)),
        "exif" => match version
            .and_then(|version| version.pixels.filter(|_| version.media_type == content::MediaType::JPEG))
        {
            Some((width, height)) => json!({
                "html": format!("width=\"{width}\" height=\"{height}\""),
                "Height": height,
                "Width": width,
                "IsColor": 1,
            }),
            None => json!([]),
        },
        _ => Value::Null,
    }
}

/// The title of a file that has none: the stem of its name, in words or as it is.
pub(crate) fn title_of(name: &str, strict: bool) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if strict { stem.to_owned() } else { in_words(stem) }
}

/// Kept there by some dialect for itself.
fn is_note(field: &Field) -> bool {
    field.path.starts_with('.')
}

fn fits(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && !text.contains('\0')
}

fn top_of(path: &str) -> &str {
    path.split('.').next().unwrap_or_default()
}

fn field(path: &str, kind: &str, value: impl Into<String>) -> Field {
    Field { path: path.to_owned(), kind: kind.to_owned(), value: value.into() }
}

fn value_of(field: &Field) -> Value {
    let text = || Value::String(field.value.clone());
    match field.kind.as_str() {
        INT | FLOAT | JSON => serde_json::from_str(&field.value).unwrap_or_else(|_| text()),
        FLAG => Value::Bool(field.value == "true"),
        NULL => Value::Null,
        _ => text(),
    }
}

/// A value as fields, one for each leaf.
fn flatten(path: &str, value: &Value, fields: &mut Vec<Field>) {
    match value {
        Value::Null => fields.push(field(path, NULL, "")),
        Value::Bool(flag) => fields.push(field(path, FLAG, flag.to_string())),
        Value::Number(number) if number.is_f64() => fields.push(field(path, FLOAT, number.to_string())),
        Value::Number(number) => fields.push(field(path, INT, number.to_string())),
        Value::String(text) if text.contains('\0') => fields.push(field(path, JSON, value.to_string())),
        Value::String(text) => fields.push(field(path, TEXT, text)),
        // A dot in a name would be taken for a step.
        Value::Object(map) if !map.is_empty() && map.keys().all(|name| !name.contains('.')) => {
            for (name, inner) in map {
                flatten(&format!("{path}.{name}"), inner, fields);
            }
        }
        Value::Array(_) | Value::Object(_) => fields.push(field(path, JSON, value.to_string())),
    }
}

/// Puts a value into a tree. What is no map on the way becomes one, in its place.
fn put(tree: &mut Map<String, Value>, path: &str, value: Value) {
    let mut map = tree;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            map.insert(name.to_owned(), value);
            return;
        }
        let slot = map.entry(name).or_insert(Value::Null);
        if let Value::Array(list) = slot {
            // PHP has one kind of array: with a name in it, it is a map.
            *slot = Value::Object(list.iter().enumerate().map(|(at, item)| (at.to_string(), item.clone())).collect());
        } else if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Value::Object(inner) = slot else { return };
        map = inner;
    }
}

fn empty_as_list(value: &mut Value) {
    match value {
        Value::Object(map) if map.is_empty() => *value = Value::Array(Vec::new()),
        Value::Object(map) => map.values_mut().for_each(empty_as_list),
        Value::Array(list) => list.iter_mut().for_each(empty_as_list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
