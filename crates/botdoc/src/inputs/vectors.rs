//! The recorded exchanges (`tests_data/record.py`), each answered by fields declared as that program declares them.

#![expect(clippy::unwrap_used, reason = "tests")]

use axum::body::Body;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::{Errors, Input, Integer, Key, Need, Text};
use crate::{
    bodies::{self, Bad},
    envelope::rendered,
};

/// The validated data, nulls left away.
#[derive(Default)]
struct Said(Map<String, Value>);

impl Said {
    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }
}

/// Containers 7 and 8 are there.
fn key(input: &mut Input<'_>, name: &'static str, need: Need) -> Option<i64> {
    let key: Key = input.key(name, need)?;
    if !matches!(key.id, 7 | 8) {
        input.no_such(name, &key);
    }
    Some(key.id)
}

fn media(input: &mut Input<'_>, said: &mut Said) {
    said.put("file", input.file("file", Need::REQUIRED).map(|file| file.file_name.clone()));
    said.put("request", key(input, "request", Need::REQUIRED));
    said.put("name", input.text("name", Text::optional().max(20)));
    said.put("current_chunk", input.integer("current_chunk", Integer::optional().min(1).default(1)));
    said.put("total_chunks", input.integer("total_chunks", Integer::optional().min(1).max(100).default(1)));
    said.put("tag", input.text("tag", Text::optional().or_blank().or_null()));
}

fn auth(input: &mut Input<'_>, said: &mut Said) {
    said.put("email", input.email("email", Text::required()));
    said.put("api_key", input.text("api_key", Text::required().max(60)));
}

fn recipient(input: &mut Input<'_>, said: &mut Said, is_partial: bool) {
    said.put("first_name", input.text("first_name", Text::optional().or_blank().or_null().max(8)));
    said.put("last_name", input.text("last_name", Text::optional().or_null()));
    let nick = input.text("nick", Text::optional());
    said.put("nick", nick.or_else(|| (!is_partial).then(|| "none".to_owned())));
}

fn item(input: &mut Input<'_>, said: &mut Said) {
    said.put("interface_class", input.choice("interface_class", &["email", "sms", "link"], Need::REQUIRED));
    said.put("value", input.text("value", Text::required().max(255)));
    said.put("kind", input.choice("kind", &["a", "1"], Need::OPTIONAL.or_null().or_blank()));
}

fn feature(input: &mut Input<'_>, said: &mut Said) {
    said.put("type", input.choice("type", &["push", "pull"], Need::REQUIRED));
    said.put("container", key(input, "container", Need::REQUIRED));
    said.put("message", input.text("message", Text::optional().or_blank()));
    let extensions = input.texts("allowed_file_extensions", Need::OPTIONAL, Text::required().max(5));
    said.put("allowed_file_extensions", extensions);
    said.put("is_draft", input.flag("is_draft", Need::OPTIONAL));
    said.put("urgent", input.flag("urgent", Need::OPTIONAL.or_null()));
    said.put("max_files", input.integer("max_files", Integer::of(Need::OPTIONAL.or_null())));
}

fn container(input: &mut Input<'_>, said: &mut Said) {
    said.put("page_type", input.choice("page_type", &["pushpull", "p2"], Need::REQUIRED));
    said.put("callback_url", input.url("callback_url", Text::optional().or_blank().max(60)));
    said.put("display_chat", input.flag("display_chat", Need::REQUIRED));
    said.put("requester", key(input, "requester", Need::OPTIONAL.or_null()));
    said.put("extensions", input.texts("extensions", Need::REQUIRED, Text::required()));
}

fn request(input: &mut Input<'_>, said: &mut Said) {
    said.put("message", input.text("message", Text::optional().or_blank()));
    said.put("contact", input.objects("contact", Need::OPTIONAL, contact));
    said.put("is_draft", input.flag("is_draft", Need::OPTIONAL));
}

fn contact(input: &mut Input<'_>) -> Value {
    let mut said = Said::default();
    said.put("first_name", input.text("first_name", Text::required()));
    said.put("last_name", input.text("last_name", Text::optional().or_blank()));
    let methods = input.objects("contact_method", Need::OPTIONAL, |input| {
        let mut said = Said::default();
        said.put("interface_class", input.choice("interface_class", &["email", "sms"], Need::REQUIRED));
        said.put("value", input.text("value", Text::required()));
        Value::Object(said.0)
    });
    said.put("contact_method", methods);
    Value::Object(said.0)
}

fn checked(shape: &str, data: &bodies::Data, is_partial: bool) -> Result<Value, Errors> {
    let mut said = Said::default();
    let mut input = if is_partial { Input::partial(data)? } else { Input::new(data)? };
    match shape {
        "media" => media(&mut input, &mut said),
        "auth" => auth(&mut input, &mut said),
        "recipient" => recipient(&mut input, &mut said, is_partial),
        "item" => item(&mut input, &mut said),
        "feature" => feature(&mut input, &mut said),
        "container" => container(&mut input, &mut said),
        "request" => request(&mut input, &mut said),
        other => panic!("no shape {other}"),
    }
    input.finish()?;
    Ok(Value::Object(said.0))
}

/// A byte is a character in the vectors.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn answer(vector: &Value) -> (u16, String) {
    let mut headers = HeaderMap::new();
    if let Some(content_type) = vector["content_type"].as_str() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(&bytes(content_type)).unwrap());
    }
    let body = Body::from(bytes(vector["body"].as_str().unwrap()));
    let data = match bodies::read(&headers, body).now_or_never().unwrap() {
        Ok(data) => data,
        Err(bad) => {
            let status = if matches!(bad, Bad::Unsupported(_)) { 415 } else { 400 };
            return (status, rendered(&json!({"detail": bad.detail()})));
        }
    };
    match checked(vector["shape"].as_str().unwrap(), &data, vector["method"] == "PATCH") {
        Ok(said) => (200, rendered(&said)),
        Err(errors) => (400, errors.to_json()),
    }
}

#[test]
fn answers_bodies_as_recorded() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../tests_data/requests.json")).unwrap();
    assert!(vectors.len() > 1000);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let (status, found) = answer(vector);
        match vector["answer"].as_str() {
            Some(expected) if vector["status"] == status && found == expected => {}
            Some(expected) => wrong.push(format!(
                "{} {} {:.200}\n  {status} {found:.200}\n  {} {expected:.200}",
                vector["shape"], vector["content_type"], vector["body"], vector["status"]
            )),
            // Where Django dies or answers with a page, we find fault in JSON.
            None => assert_eq!(status, 400, "{vector}"),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}
