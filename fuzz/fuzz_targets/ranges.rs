//! Conditional and range headers over any bytes: what is to be sent lies inside, in bounded number, and does not overlap.
#![no_main]

use bytes::Bytes;
use content::{Body, Content, MediaType};
use http::{HeaderMap, HeaderValue, Method, header};
use libfuzzer_sys::fuzz_target;
use wire::{Answer, Asked};

fuzz_target!(|input: (u16, Vec<u8>, Vec<u8>, Vec<u8>)| {
    let (len, range, if_range, if_none_match) = input;
    let mut headers = HeaderMap::new();
    for (name, value) in
        [(header::RANGE, range), (header::IF_RANGE, if_range), (header::IF_NONE_MATCH, if_none_match)]
    {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.insert(name, value);
        }
    }
    let content = Content {
        body: Body::Memory(Bytes::from(vec![0; usize::from(len)])),
        media_type: MediaType::OCTET_STREAM,
        name: String::new(),
        tag: "tag".to_owned(),
        modified_ms: 0,
        sha256: None,
        harmless: false,
    };
    match Asked::of(&Method::GET, &headers).answer_for(&content) {
        Answer::One(range) => assert!(range.start < range.end && range.end <= u64::from(len)),
        Answer::Many(ranges) => {
            assert!((2..=32).contains(&ranges.len()));
            assert!(ranges.iter().map(|range| range.len()).sum::<u64>() <= u64::from(len));
        }
        Answer::NotModified | Answer::PreconditionFailed | Answer::Unsatisfiable | Answer::Whole => {}
    }
});
