//! Whether an answer is as it should be, whatever was asked: no mistake of ours, and refusals in the words of the dialect.

use serde_json::Value;

use super::bend::Attack;
use crate::support::Answer;

/// More are not read.
const MOST_HEADERS: usize = 90;

/// What is wrong with it, if anything.
pub fn complaint(attack: &Attack, answer: &Answer) -> Option<String> {
    let told = |what: &str| Some(format!("{what} ({})\n{answer}", answer.status));
    if answer.status >= 500 && (answer.status != 503 || answer.header("retry-after").is_empty()) {
        return told("a mistake of ours");
    }
    if !answer.header("x-injected").is_empty() {
        return told("a header was injected");
    }
    if is_of_the_reader(answer) {
        // What is no request is nobody's, and what has too many headers is not read to its end.
        let is_long = answer.status == 431 && attack.ask.headers.len() > MOST_HEADERS;
        return if attack.is_sound() && !is_long { told("a request is not taken for one") } else { None };
    }
    if answer.header("x-content-type-options") != "nosniff" {
        return told("browsers may guess");
    }
    let is_json = answer.header("content-type").starts_with("application/json");
    if is_json && !answer.body.is_empty() && serde_json::from_slice::<Value>(&answer.body).is_err() {
        return told("the JSON is none");
    }
    // A condition that does not hold needs no words: whoever sets one knows it.
    let is_condition = matches!(answer.status, 412 | 416) && answer.body.is_empty();
    let is_refusal = (400..500).contains(&answer.status) && !is_condition;
    let has_words = attack.is_sound() && attack.ask.method != "HEAD" && !names_a_host(attack);
    if is_refusal && has_words && !refuses(&path_of(attack), answer) {
        told("the refusal is in no words of the dialect")
    } else {
        None
    }
}

/// What HTTP itself is refused with, before anybody reads a target.
fn is_of_the_reader(answer: &Answer) -> bool {
    answer.body.is_empty() && matches!(answer.status, 400 | 414 | 431 | 505) && answer.header("x-request-id").is_empty()
}

/// Hosts belong to dialects.
fn names_a_host(attack: &Attack) -> bool {
    attack.ask.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"))
}

fn path_of(attack: &Attack) -> String {
    let target = String::from_utf8_lossy(&attack.ask.target).into_owned();
    target.split('?').next().unwrap_or_default().to_owned()
}

/// Whether it says no as the dialect of this path does.
fn refuses(path: &str, answer: &Answer) -> bool {
    let below = |prefix: &str| path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let text = |key: &str| json.as_ref().and_then(|json| json[key].as_str()).is_some_and(|text| !text.is_empty());
    let has = |count: usize| json.as_ref().and_then(Value::as_object).is_some_and(|object| object.len() == count);
    let is = |kind: &str| answer.header("content-type") == kind;
    let is_page = answer.header("content-type").starts_with("text/html") && !answer.body.is_empty();
    if below("/fliplet").is_some() {
        is("application/json") && text("error") && text("message")
    } else if let Some(rest) = below("/mediaflow") {
        let words = is("application/json") && text("error") && has(2);
        (words && json.as_ref().is_some_and(|json| json["status"] == answer.status))
            || (rest.starts_with("/authorize") && is_page)
    } else if let Some(rest) = below("/mediapocket") {
        let is_xml = is("application/xml") && answer.body.starts_with(b"<?xml");
        (is("application/json") && text("error") && has(1)) || (rest.starts_with("/s3") && is_xml)
    } else if let Some(rest) = below("/botdoc") {
        let is_told = json
            .as_ref()
            .is_some_and(|json| json.as_object().is_some_and(|object| !object.is_empty()) || json.is_array());
        (is("application/json") && is_told) || (rest.starts_with("/s/") && is_page)
    } else if below("/flextype").is_some() {
        let words = is("application/json;charset=UTF-8") && text("message") && has(2);
        (words && json.as_ref().is_some_and(|json| json["http_status_code"] == answer.status))
            || (answer.status == 405 && !answer.header("allow").is_empty())
    } else {
        is("application/json") && text("error")
    }
}
