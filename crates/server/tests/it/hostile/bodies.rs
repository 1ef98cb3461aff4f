//! Bodies bent: JSON of other types, too deep, too wide, with the same key twice; forms cut anywhere; fields with brackets as PHP has
//! them; and bytes that are nothing of this.

use serde_json::{Map, Value};

use super::{
    bend::{hostile_value, one_of, place, word},
    words,
};
use crate::{
    crash::dice::Dice,
    support::{
        Ask,
        forms::{BOUNDARY, Form, content_type},
    },
};

const JSON: &str = "application/json";
const FIELDS: &str = "application/x-www-form-urlencoded";
/// Stands in JSON where something hostile goes.
const MARK: &str = "@here@";

pub fn bend(ask: &mut Ask, dice: &mut Dice) {
    let kind = ask.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let kind = kind.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default();
    let body = ask.body.take().unwrap_or_default();
    let (kind, mut body) = if dice.happens(10) || body.is_empty() {
        anything(dice)
    } else if kind.starts_with("multipart/") {
        (kind, bent_form(body, dice))
    } else if let Ok(value) = serde_json::from_slice::<Value>(&body) {
        if dice.happens(15) { (FIELDS.to_owned(), as_fields(&value, dice)) } else { (kind, bent_json(value, dice)) }
    } else {
        let pair = format!("&{}={}", word(words::NAMES, dice), hostile_value(dice));
        (kind, [body, pair.into_bytes()].concat())
    };
    if dice.happens(12) {
        let at = place(body.len(), dice);
        match dice.roll(4) {
            0 => body.truncate(at),
            1 => body.insert(at, 0xff),
            2 => body.insert(at, 0),
            _ => drop(body.splice(0..0, *b"\xef\xbb\xbf")),
        }
    }
    ask.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    *ask = ask.clone().body(&kind, body);
}

/// A body of some kind made of names that some dialect knows.
fn anything(dice: &mut Dice) -> (String, Vec<u8>) {
    let count = dice.roll(6);
    match dice.roll(5) {
        0 => {
            let pairs = (0..count).map(|_| format!("{}={}", word(words::NAMES, dice), hostile_value(dice)));
            (FIELDS.to_owned(), pairs.collect::<Vec<_>>().join("&").into_bytes())
        }
        1 => {
            let form = (0..count).fold(Form::new(), |form, _| form.text(word(words::NAMES, dice), hostile_value(dice)));
            (content_type(), form.file("file", "a.txt", "text/plain", b"text").bytes())
        }
        2 => (String::new(), hostile_value(dice).into_bytes()),
        3 => (JSON.to_owned(), too_much(dice).into_bytes()),
        _ => {
            let fields = (0..count).map(|_| (word(words::NAMES, dice).to_owned(), MARK.into()));
            (JSON.to_owned(), filled(&Value::Object(fields.collect::<Map<_, _>>()), dice))
        }
    }
}

/// Deep or wide.
fn too_much(dice: &mut Dice) -> String {
    let many = 100 + place(20_000, dice);
    match dice.roll(4) {
        0 => "[".repeat(many),
        1 => format!("{}1{}", "{\"a\":".repeat(many), "}".repeat(many)),
        2 => format!("{{\"{}\":[{}1]}}", word(words::NAMES, dice), "1,".repeat(many)),
        _ => format!("{{{}\"a\":1}}", (0..many).map(|at| format!("\"a{at}\":{at},")).collect::<String>()),
    }
}

fn bent_json(mut value: Value, dice: &mut Dice) -> Vec<u8> {
    let mut at = dice.roll(count(&value));
    bend_node(&mut value, &mut at, dice);
    filled(&value, dice)
}

/// How many values there are, itself and all within.
pub fn count(value: &Value) -> u64 {
    1 + match value {
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// Puts a text in this place, counted as [`count`] does; false when it lies behind what there is.
pub fn put_at(value: &mut Value, at: &mut u64, text: &str) -> bool {
    if *at == 0 {
        *value = text.into();
        return true;
    }
    *at -= 1;
    match value {
        Value::Object(fields) => fields.values_mut().any(|value| put_at(value, at, text)),
        Value::Array(items) => items.iter_mut().any(|value| put_at(value, at, text)),
        _ => false,
    }
}

/// Bends the value at this place; false when it lies behind what there is.
fn bend_node(value: &mut Value, at: &mut u64, dice: &mut Dice) -> bool {
    if *at > 0 {
        *at -= 1;
        return match value {
            Value::Object(fields) => fields.values_mut().any(|value| bend_node(value, at, dice)),
            Value::Array(items) => items.iter_mut().any(|value| bend_node(value, at, dice)),
            _ => false,
        };
    }
    match value {
        Value::Object(fields) if dice.happens(60) => {
            fields.insert(word(words::NAMES, dice).to_owned(), MARK.into());
        }
        Value::Object(fields) if dice.happens(50) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            if !names.is_empty() {
                fields.remove(&names[place(names.len(), dice)]);
            }
        }
        Value::Array(items) if dice.happens(60) => items.push(MARK.into()),
        Value::String(text) if dice.happens(25) => {
            text.push_str(one_of(&["\0", "\u{202e}", "/", " ", "\r\n", "\u{1F4A9}"], dice))
        }
        Value::String(text) if dice.happens(10) => *text = "\u{e4}".repeat(place(70_000, dice)),
        _ => *value = MARK.into(),
    }
    true
}

/// The text, with something hostile at each mark, and now and then a key twice.
fn filled(value: &Value, dice: &mut Dice) -> Vec<u8> {
    let mut text = value.to_string();
    let mark = format!("\"{MARK}\"");
    while text.contains(&mark) {
        text = text.replacen(&mark, word(words::JSON, dice), 1);
    }
    if dice.happens(5) && text.starts_with("{\"") {
        let first = text[1..].split(',').next().unwrap_or_default().trim_end_matches('}').to_owned();
        text.insert_str(1, &format!("{first},"));
    }
    text.into_bytes()
}

/// A form as browsers send it, with brackets as PHP reads them.
fn as_fields(value: &Value, dice: &mut Dice) -> Vec<u8> {
    let Value::Object(fields) = value else { return b"a[]=1".to_vec() };
    let pair = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let brackets = one_of(&["", "", "", "[]", "[0]", "[x]", "[x][y]", "[", "[]]"], dice);
        let value = if dice.happens(30) { hostile_value(dice) } else { value };
        format!("{name}{brackets}={value}")
    };
    fields.iter().map(pair).collect::<Vec<_>>().join("&").into_bytes()
}

fn bent_form(mut body: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let at = place(body.len(), dice);
    let head = format!("--{BOUNDARY}\r\n");
    match dice.roll(8) {
        0 => body.truncate(at),
        1 if at < body.len() => body[at] ^= 1 << dice.roll(8),
        2 => drop(body.splice(at..at, *b"\r\n")),
        3 => drop(body.splice(at..at, head.bytes())),
        4 | 5 => {
            let name = word(words::NAMES, dice).replace('"', "");
            let part = format!(
                "{head}Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n",
                one_of(&[&hostile_value(dice), word(words::JSON, dice)], dice)
            );
            drop(body.splice(0..0, part.bytes()));
        }
        _ => {
            let names = [
                "filename=\"\"",
                "filename=\"../../a.txt\"",
                "filename=\"a\0b.txt\"",
                "filename=\"\u{202e}gpj.exe\"",
                "filename=\"a\\\"b.txt\"",
                "filename*=UTF-8''%ff%00",
                "filename*=x",
                "filename=a b",
                "filename=\".\"",
                "filename=\".htaccess\"",
                "name=\"x\"",
                "filename=\"CON\"",
                "filename=\"a.php\"",
                "filename=\"\u{1F4A9}.png\"",
                "filename=\"a%0d%0aX-Injected: 1.txt\"",
                "filename=\"a;b,c.txt\"",
            ];
            let text = String::from_utf8_lossy(&body).into_owned();
            let long = format!("filename=\"{}.txt\"", "a".repeat(place(2_000, dice)));
            let name = if dice.happens(10) { &long } else { one_of(&names, dice) };
            let begin = text.find("filename=\"");
            let end = begin.and_then(|begin| text[begin + 10..].find('"').map(|len| begin + 10 + len + 1));
            if let (Some(begin), Some(end)) = (begin, end) {
                return format!("{}{name}{}", &text[..begin], &text[end..]).into_bytes();
            }
        }
    }
    body
}
