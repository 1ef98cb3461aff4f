//! What a request brings, through everything that reads it without a library: for the fuzz target.

use axum::{body::Body, http::HeaderMap};
use http::{HeaderValue, Method, header};

use crate::{
    bodies,
    links::CREATE,
    params,
    presigned::{Asked, Place, Signer},
    shares::SHARE,
    url::{asset_ref, disposition, expiry, saved_name},
};

/// Reads a body and a query as handlers do. Nothing comes of it; nothing may panic.
pub async fn read_request(content_type: &str, body: &[u8], query: &str) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(content_type.as_bytes()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    if let Ok(sent) = bodies::read(&headers, Body::from(body.to_vec())).await {
        for table in [CREATE, SHARE] {
            if let Err(words) = params::check(table, &sent) {
                assert!(words.starts_with("Missing") || words.starts_with("Invalid"), "{words}");
            }
        }
    }
    let _ = (asset_ref(query), expiry(query));
    assert!(HeaderValue::from_str(&disposition(&saved_name(query, content_type))).is_ok());
    let signer = Signer::new("id", "a secret of some length", "eu-central-1");
    let places = [Place { host: "localhost", path: query }, Place { host: content_type, path: "/s3/a/b" }];
    let asked = Asked { method: &Method::GET, places: &places, query, headers: &headers };
    if let Err(error) = signer.check(&asked, 0) {
        assert!(error.xml("id").starts_with("<?xml"));
    }
}
