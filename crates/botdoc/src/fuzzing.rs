//! What a request brings, through everything that reads it without a library: for the fuzz target.

use axum::{body::Body, http::HeaderMap};
use http::{HeaderValue, header};

use crate::{
    bodies,
    envelope::{envelope, rendered},
    inputs::{Input, Integer, Need, Text},
    url::{Page, filter},
};

/// Reads a body and a query as handlers do. Nothing comes of it; nothing may panic.
pub async fn read_request(content_type: &str, body: &[u8], query: &str) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(content_type.as_bytes()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    if let Ok(data) = bodies::read(&headers, Body::from(body.to_vec())).await
        && let Ok(mut input) = Input::new(&data)
    {
        input.file("file", Need::REQUIRED);
        input.key("request", Need::REQUIRED);
        input.text("name", Text::optional().or_blank().max(255));
        input.integer("current_chunk", Integer::optional().default(1).min(1).max(10));
        input.flag("is_draft", Need::OPTIONAL.or_null());
        input.choice("type", &["push", "pull"], Need::OPTIONAL.or_blank());
        input.url("callback_url", Text::optional().or_blank());
        input.email("email", Text::required());
        input.texts("extensions", Need::OPTIONAL, Text::required().max(32));
        input.objects("contact", Need::OPTIONAL, |one| one.text("first_name", Text::required()));
        if let Err(errors) = input.finish() {
            assert!(errors.to_json().starts_with('{'));
        }
    }
    drop(filter(query, "request"));
    for count in [0, 1, 25, u64::MAX] {
        if let Ok(turned) = Page::of(query).and_then(|page| page.turn(count)) {
            drop(rendered(&envelope("http://localhost/v1/media/", query, &turned, Vec::new())));
        }
    }
}
