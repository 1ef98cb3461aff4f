//! What URLs look like and which are good: by the seed, by AWS's documentation, by botocore (`tests_data/presigned.py`).

#![expect(clippy::unwrap_used, reason = "tests")]

mod properties;
mod refusals;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::Value;

use super::{Asked, Granted, MAX_EXPIRES_S, Place, S3Error, Signer};

/// The seed's URL, and when it was signed. The secret below is not in the seed; it was guessed, and fits.
const SEED: &str = "https://mediapocket-test-account-5.s3.eu-central-1.wasabisys.com/test_key?response-content-disposition=attachment%3B%20filename%3DAsset_file_name.test_key&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=access-key-id-1%2F20231127%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20231127T094339Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=0e2dad3d6ed639613b5adeeb1f317e05fc9b7d6de96c78a494c1eb632521a9e9";
const NOW_MS: i64 = 1_701_078_219_000;

/// A URL in the parts that a server sees of it.
struct Sent<'a> {
    origin: &'a str,
    place: Place<'a>,
    query: &'a str,
}

impl<'a> Sent<'a> {
    fn to(url: &'a str) -> Self {
        let (before, query) = url.split_once('?').unwrap();
        let host_at = before.find("://").unwrap() + 3;
        let path_at = host_at + before[host_at..].find('/').unwrap();
        let place = Place { host: &before[host_at..path_at], path: &before[path_at..] };
        Self { origin: &before[..path_at], place, query }
    }
}

fn signer() -> Signer {
    Signer::new("access-key-id-1", "secret-access-key-1", "eu-central-1")
}

/// What a signer says of a plain GET of a URL.
fn get(signer: &Signer, url: &str, now_ms: i64) -> Result<Granted, S3Error> {
    ask(signer, &Method::GET, url, &HeaderMap::new(), now_ms)
}

fn ask(signer: &Signer, method: &Method, url: &str, headers: &HeaderMap, now_ms: i64) -> Result<Granted, S3Error> {
    let Sent { place, query, .. } = Sent::to(url);
    signer.check(&Asked { method, places: &[place], query, headers }, now_ms)
}

fn names(query: &str) -> Vec<&str> {
    query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect()
}

#[test]
fn the_seeds_url_is_signed_to_the_letter() {
    let disposition = "attachment; filename=Asset_file_name.test_key";
    let origin = "https://mediapocket-test-account-5.s3.eu-central-1.wasabisys.com";
    assert_eq!(signer().sign(origin, "/test_key", Some(disposition), NOW_MS + 999, 900), SEED);

    let granted = get(&signer(), SEED, NOW_MS).unwrap();
    assert_eq!(granted.overrides[header::CONTENT_DISPOSITION], disposition);
    assert_eq!(granted.overrides.len(), 1);
    assert!(SEED.ends_with(&granted.signature));
}

#[test]
fn ours_has_the_seeds_shape_on_our_own_host() {
    let ours =
        signer().sign("http://127.0.0.1:8080", "/mediapocket/s3/b/k", Some("attachment; filename=a b.c"), NOW_MS, 900);
    assert_eq!(names(Sent::to(&ours).query), names(Sent::to(SEED).query));
    assert!(ours.starts_with(
        "http://127.0.0.1:8080/mediapocket/s3/b/k?response-content-disposition=attachment%3B%20filename%3Da%20b.c&X-Amz-Algorithm="
    ));
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
#[test]
fn the_example_of_the_documentation_is_signed_alike() {
    let signer = Signer::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1");
    let url = signer.sign("https://examplebucket.s3.amazonaws.com", "/test.txt", None, 1_369_353_600_000, 86_400);
    assert!(
        url.ends_with("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
        "{url}"
    );
}

fn for_each_vector(mut test: impl FnMut(&Value, &Signer, &str)) {
    let vectors: Value = serde_json::from_str(include_str!("../../tests_data/presigned.json")).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let signer = Signer::new(text(&vectors["access_key_id"]), text(&vectors["secret"]), text(&case["region"]));
        test(case, &signer, case["url"].as_str().unwrap());
    }
}

fn headers_of(value: &Value) -> HeaderMap {
    let pairs = value.as_object().unwrap().iter();
    let bytes = |value: &Value| HeaderValue::from_bytes(value.as_str().unwrap().as_bytes()).unwrap();
    pairs.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), bytes(value))).collect()
}

#[test]
fn we_sign_as_botocore_does() {
    let mut count = 0;
    for_each_vector(|case, signer, url| {
        if case["ours"] != true {
            return;
        }
        let Sent { origin, place, .. } = Sent::to(url);
        let disposition = case["answer"]["content-disposition"].as_str();
        let expires_s = case["expires_s"].as_u64().unwrap().try_into().unwrap();
        assert_eq!(signer.sign(origin, place.path, disposition, NOW_MS, expires_s), url, "{}", case["name"]);
        count += 1;
    });
    assert_eq!(count, 23);
}

#[test]
fn what_botocore_signs_is_good() {
    for_each_vector(|case, signer, url| {
        let method = case["http_method"].as_str().unwrap().parse().unwrap();
        let headers = headers_of(&case["headers"]);
        let answer = ask(signer, &method, url, &headers, NOW_MS);
        if case["token"].is_string() {
            assert!(matches!(answer, Err(S3Error::InvalidToken(token)) if token == case["token"]));
            return;
        }
        let granted = answer.unwrap_or_else(|error| panic!("{}: {error:?}", case["name"]));
        assert_eq!(granted.overrides, headers_of(&case["answer"]), "{}", case["name"]);

        // As a client sends it that leaves out ports that go without saying, or writes hosts in lower case.
        let Sent { place, query, .. } = Sent::to(url);
        let bare = if url.starts_with("https:") { ":443" } else { ":80" };
        let host = place.host.strip_suffix(bare).unwrap_or(place.host);
        for host in [host.to_owned(), host.to_ascii_lowercase()] {
            let place = Place { host: &host, ..place };
            signer.check(&Asked { method: &method, places: &[place], query, headers: &headers }, NOW_MS).unwrap();
        }
    });
}

#[test]
fn it_is_enough_to_be_signed_for_one_place() {
    let url = signer().sign("https://media.example", "/mediapocket/s3/b/k", None, NOW_MS, 900);
    let Sent { place: public, query, .. } = Sent::to(&url);
    let seen = Place { host: "10.0.0.7:8080", path: "/s3/b/k" };
    let headers = HeaderMap::new();
    let check = |places: &[Place<'_>]| {
        signer().check(&Asked { method: &Method::GET, places, query, headers: &headers }, NOW_MS)
    };
    check(&[seen, public]).unwrap();
    check(&[public, seen]).unwrap();
    check(&[seen]).unwrap_err();
    check(&[Place { path: public.path, ..seen }]).unwrap_err();
    check(&[Place { host: public.host, ..seen }]).unwrap_err();
    check(&[]).unwrap_err();
}

#[test]
fn a_host_may_be_signed_in_capitals_as_well() {
    // As by signers that take the host as it is typed; this one is signed by hand, with `Media.Example:8080`.
    let typed = Signer::new("id", "secret", "fi");
    let url = "http://Media.Example:8080/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=id%2F20231127%2Ffi%2Fs3%2Faws4_request&X-Amz-Date=20231127T094339Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=2c514eafc2a1e17b2c5a5a08dd54439cada7b6c49c46b3a46259b549c9801489";
    get(&typed, url, NOW_MS).unwrap();
}

#[test]
fn the_same_url_may_be_spelt_otherwise() {
    let disposition = "attachment; filename=\"~a b\"";
    let url = signer().sign("http://h", "/b/a%20folder/~k", Some(disposition), NOW_MS, 900);
    let (before, query) = url.split_once('?').unwrap();
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.reverse();
    for other in [
        url.replace("%3B%20filename%3D%22~a%20b%22", ";+filename=%22%7ea+b%22").replace("%2F", "/"),
        url.replace("%20folder/~k", "%20folder/%7Ek").replace("folder", "%66older"),
        url.replace("X-Amz-Signature", "%58-Amz-Signature").replace("X-Amz-Date", "X-Amz%2dDate"),
        url.replace("&X-Amz-Date", "&&X-Amz-Date") + "&",
        format!("{before}?{}", pairs.join("&")),
    ] {
        let granted = get(&signer(), &other, NOW_MS).unwrap_or_else(|error| panic!("{other}: {error:?}"));
        assert_eq!(granted.overrides[header::CONTENT_DISPOSITION], disposition);
        assert!(url.ends_with(&granted.signature));
    }
}

#[test]
fn a_url_for_get_is_good_for_head_and_not_the_other_way() {
    let none = HeaderMap::new();
    let url = signer().sign("http://h", "/b/k", None, NOW_MS, 900);
    ask(&signer(), &Method::HEAD, &url, &none, NOW_MS).unwrap();
    ask(&signer(), &Method::PUT, &url, &none, NOW_MS).unwrap_err();
    for_each_vector(|case, signer, url| {
        if case["http_method"] != "GET" {
            assert!(matches!(get(signer, url, NOW_MS), Err(S3Error::SignatureDoesNotMatch(_))), "{}", case["name"]);
        }
    });
}

#[test]
fn a_digest_of_the_body_that_the_client_sends_is_what_is_signed() {
    let headers = |text: &'static str| {
        HeaderMap::from_iter([(HeaderName::from_static("x-amz-content-sha256"), HeaderValue::from_static(text))])
    };
    let url = signer().sign("http://h", "/b/k", None, NOW_MS, 900);
    ask(&signer(), &Method::GET, &url, &headers("UNSIGNED-PAYLOAD"), NOW_MS).unwrap();
    ask(&signer(), &Method::GET, &url, &headers("e3b0c442"), NOW_MS).unwrap_err();
}

#[test]
fn how_long_a_url_is_good_is_kept_within_bounds() {
    for (asked_s, signed_s) in [(0, 1), (u32::MAX, MAX_EXPIRES_S)] {
        let url = signer().sign("http://h", "/b/k", None, NOW_MS, asked_s);
        assert!(url.contains(&format!("&X-Amz-Expires={signed_s}&")));
    }
}

#[test]
fn a_signer_does_not_show_its_secret() {
    assert_eq!(
        format!("{:?}", signer()),
        "Signer { access_key_id: \"access-key-id-1\", region: \"eu-central-1\", .. }"
    );
}
