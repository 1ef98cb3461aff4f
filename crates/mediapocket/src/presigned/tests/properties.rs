//! What holds for every URL.

use http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::{MAX_EXPIRES_S, NOW_MS, Place, SEED, Sent, get, signer};
use crate::presigned::{Asked, S3Error};

/// Text of a header: anything but control characters.
fn header_text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.chars().filter(|letter| !letter.is_ascii_control()).collect())
}

/// A query as we mean it, so that two spellings of one are equal.
fn meaning(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> =
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect();
    pairs.sort();
    pairs
}

/// Refused, or another spelling of the same.
fn is_harmless(query: &str) -> Result<(), TestCaseError> {
    let Sent { place, query: signed, .. } = Sent::to(SEED);
    let asked = Asked { method: &Method::GET, places: &[place], query, headers: &HeaderMap::new() };
    match signer().check(&asked, NOW_MS) {
        Ok(_) => prop_assert_eq!(meaning(query), meaning(signed)),
        Err(error) => {
            prop_assert!(roxmltree::Document::parse(&error.xml("id")).is_ok(), "{}", error.xml("id"));
        }
    }
    Ok(())
}

#[test]
fn no_character_can_be_changed_to_mean_something_else() {
    let query = Sent::to(SEED).query;
    for at in 0..query.len() {
        let (before, after) = (&query[..at], &query[at + 1..]);
        is_harmless(&format!("{before}{after}")).unwrap();
        for letter in (' '..='~').chain(['\0', '\r', 'ä', '\u{fffd}']) {
            is_harmless(&format!("{before}{letter}{after}")).unwrap();
            is_harmless(&format!("{before}{letter}{}", &query[at..])).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn what_we_sign_is_good(
        path in any::<String>(),
        disposition in proptest::option::of(header_text()),
        now_ms in 0..253_000_000_000_000_i64,
        expires_s in 1..=MAX_EXPIRES_S,
        pick in any::<prop::sample::Index>(),
    ) {
        let path = format!("/mediapocket/s3/{path}");
        let url = signer().sign("http://h:8080", &path, disposition.as_deref(), now_ms, expires_s);
        prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
        let expires_ms = now_ms / 1_000 * 1_000 + i64::from(expires_s) * 1_000;
        let later_ms = now_ms + i64::try_from(pick.index(usize::try_from(expires_ms - now_ms).unwrap())).unwrap();
        let granted = get(&signer(), &url, later_ms);
        prop_assert!(granted.is_ok(), "{url}: {granted:?}");
        let granted = granted.unwrap();
        let disposed = granted.overrides.get(header::CONTENT_DISPOSITION).map(|value| value.as_bytes());
        prop_assert_eq!(disposed, disposition.as_deref().map(str::as_bytes));
        let is_over = matches!(get(&signer(), &url, expires_ms), Err(S3Error::Expired { .. }));
        prop_assert!(is_over);
    }

    #[test]
    fn other_paths_are_not_signed(path in any::<String>(), other in any::<String>()) {
        let url = signer().sign("http://h", &format!("/{path}"), None, NOW_MS, 900);
        let Sent { query, .. } = Sent::to(&url);
        let other = format!("/{other}");
        let asked = Asked { method: &Method::GET, places: &[Place { host: "h", path: &other }], query, headers: &HeaderMap::new() };
        let is_same = percent_decode_str(&format!("/{path}")).eq(percent_decode_str(&other));
        prop_assert_eq!(signer().check(&asked, NOW_MS).is_ok(), is_same);
    }

    #[test]
    fn no_query_is_too_much(query in any::<String>()) {
        is_harmless(&query)?;
    }

    #[test]
    fn nor_is_one_that_looks_like_ours(
        values in proptest::collection::vec(proptest::option::weighted(0.3, "[0-9TZa-z/;:%+-]{0,12}|%[0-9A-F]{2}|\\PC*"), 7),
    ) {
        let query: Vec<_> = Sent::to(SEED).query.split('&').zip(values).map(|(pair, value)| match value {
            Some(value) => format!("{}={value}", pair.split_once('=').unwrap().0),
            None => pair.to_owned(),
        }).collect();
        is_harmless(&query.join("&"))?;
    }

    #[test]
    fn nor_is_a_piece_put_elsewhere(from in 0..400_usize, length in 0..60_usize, to in 0..400_usize) {
        let query = Sent::to(SEED).query;
        let end = (from + length).min(query.len());
        let piece = query.get(from..end).unwrap_or_default();
        let to = to.min(query.len());
        is_harmless(&format!("{}{piece}{}", &query[..to], &query[to..]))?;
        is_harmless(&format!("{}{}", &query[..from.min(query.len())], &query[end..]))?;
    }
}
