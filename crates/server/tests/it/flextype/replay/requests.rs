//! The record's requests as they go over the wire.

use std::path::Path;

use serde_json::Value;

use super::super::site::Site;
use crate::support::{Ask, forms::Form};

/// The host that the record names.
pub const HOST: &str = "127.0.0.1:8899";

/// A request of the record.
pub fn ask(site: &Site<'_>, request: &Value) -> Ask {
    let mut ask = new(site, request["method"].as_str().unwrap(), request["url"].as_str().unwrap());
    let headers = request["headers"].as_object().unwrap();
    for (name, value) in headers.iter().filter(|(name, _)| *name != "Content-Type") {
        ask = ask.header(name, value.as_str().unwrap());
    }
    let content_type = headers.get("Content-Type").and_then(Value::as_str).unwrap_or_default();
    let Some((kind, body)) = request["body"].as_object().and_then(|body| body.iter().next()) else { return ask };
    match kind.as_str() {
        "json" => ask.body(content_type, body.to_string()),
        "form" => ask.body(content_type, url_encoded(body)),
        "raw" => ask.body(content_type, body.as_str().unwrap()),
        // With a boundary of our own.
        "multipart" => form(body).put_in(ask),
        other => panic!("{other} is no kind of body"),
    }
}

/// A request to the record's host, without anything else.
pub fn new(site: &Site<'_>, method: &str, target: &str) -> Ask {
    site.ask(method, target).header("Host", HOST)
}

/// The bytes of a file that the record uploads.
pub fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/flextype/vectors/fixtures");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn url_encoded(fields: &Value) -> String {
    let pairs = fields.as_object().unwrap().iter();
    let pairs = pairs.map(|(name, value)| format!("{}={}", escaped(name), escaped(value.as_str().unwrap())));
    pairs.collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn form(body: &Value) -> Form {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut form = Form::new();
    for field in body["fields"].as_array().unwrap() {
        form = form.text(&text(&field[0]), text(&field[1]));
    }
    for file in body["files"].as_array().unwrap() {
        let bytes = fixture(&text(&file["fixture"]));
        form = form.file(&text(&file["field"]), &text(&file["filename"]), &text(&file["content_type"]), &bytes);
    }
    form
}
