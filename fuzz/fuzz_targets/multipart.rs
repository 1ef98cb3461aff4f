//! The multipart reader over any bytes, cut anywhere: it ends, it does not panic, and it hands out no more than it got.
#![no_main]

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use wire::{Part, Parts};

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (cut, body) = input;
    let chunks: Vec<_> = body
        .chunks(usize::from(cut).max(1))
        .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
        .collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=x"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime of one thread");
    runtime.block_on(async {
        let Ok(mut parts) = Parts::new(&headers, Body::from_stream(stream::iter(chunks))) else { return };
        let mut handed_out = 0;
        while let Ok(Some(part)) = parts.next().await {
            match part {
                // Invalid UTF-8 becomes U+FFFD, which is three bytes for one.
                Part::Text { value, .. } => handed_out += value.len() / 3,
                Part::File { body, .. } => {
                    let mut body = body;
                    while let Some(Ok(chunk)) = body.next().await {
                        handed_out += chunk.len();
                    }
                }
            }
        }
        assert!(handed_out <= body.len());
    });
});
