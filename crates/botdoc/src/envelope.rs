//! A page of a list as Django REST framework answers it, and how that framework writes JSON. It does not know what is listed.

use std::{borrow::Cow, collections::BTreeMap};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::url::Turned;

/// What Python's `quote` escapes.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');

/// One page. `at` is the absolute URL of the list without its query, `query` what the request had behind the `?`.
pub(crate) fn envelope(at: &str, query: &str, turned: &Turned, results: Vec<Value>) -> Value {
    let previous = (turned.number > 1).then(|| link(at, query, turned.number - 1));
    let next = (turned.number < turned.total_pages()).then(|| link(at, query, turned.number + 1));
    json!({
        "links": {"previous": previous, "next": next},
        "total_pages": turned.total_pages(),
        "count": turned.count,
        "results": results,
    })
}

/// JSON without spaces; two line breaks are escaped that JavaScript once could not have in a text.
pub(crate) fn rendered(value: &Value) -> String {
    let text = value.to_string();
    if !text.contains(['\u{2028}', '\u{2029}']) {
        return text;
    }
    text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// The same list at another page, of which the first needs no number. The parameters are sorted.
fn link(at: &str, query: &str, number: u64) -> String {
    // What is no ASCII was read byte by byte there before it was escaped.
    let query = if query.is_ascii() { Cow::Borrowed(query) } else { query.bytes().map(char::from).collect() };
    let mut parameters: BTreeMap<Cow<'_, str>, Vec<Cow<'_, str>>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters.entry(name).or_default().push(value);
    }
    parameters.remove("page");
    if number > 1 {
        parameters.insert("page".into(), vec![number.to_string().into()]);
    }
    let mut link = at.to_owned();
    let pairs = parameters.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    for (place, (name, value)) in pairs.enumerate() {
        link.push(if place == 0 { '?' } else { '&' });
        escape(name, &mut link);
        link.push('=');
        escape(value, &mut link);
    }
    link
}

fn escape(text: &str, out: &mut String) {
    for (place, word) in text.split(' ').enumerate() {
        out.push_str(if place == 0 { "" } else { "+" });
        out.extend(utf8_percent_encode(word, ESCAPED));
    }
}
