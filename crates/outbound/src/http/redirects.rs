//! Where an answer sends a request next: pure. That the next address may be called is checked by who sends it.

use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, COOKIE, HeaderMap, LOCATION},
};

use super::{Request, refused};
use crate::Failure;

/// What is meant for one server and not for the next.
const PERSONAL_HEADERS: &[reqwest::header::HeaderName] = &[AUTHORIZATION, COOKIE];

/// The request to send after an answer; `None` if the answer is the last.
///
/// # Errors
/// `Later` if the answer does not say where to; `Refused` if the way leads out of TLS, where the body would be read by others.
pub(super) fn next(request: &Request, status: StatusCode, answered: &HeaderMap) -> Result<Option<Request>, Failure> {
    if !follows(&request.method, status) {
        return Ok(None);
    }
    let location = answered.get(LOCATION).and_then(|location| location.to_str().ok());
    let url = location.and_then(|location| request.url.join(location).ok());
    let Some(url) = url else {
        return Err(Failure::Later(format!("answered {} and not where to", status.as_u16())));
    };
    if request.url.scheme() == "https" && url.scheme() == "http" {
        return Err(refused("redirected from https to http"));
    }
    let mut next = Request { url, ..request.clone() };
    if next.url.origin() != request.url.origin() {
        for name in PERSONAL_HEADERS {
            next.headers.remove(name);
        }
    }
    Ok(Some(next))
}

/// What carries a body goes on only where the answer says that it goes on unchanged; the other redirects turn it into a GET.
fn follows(method: &Method, status: StatusCode) -> bool {
    match status.as_u16() {
        307 | 308 => true,
        301..=303 => *method == Method::GET,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use reqwest::header::HeaderValue;

    use super::*;

    fn request(method: Method, url: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        headers.insert("x-signature", HeaderValue::from_static("y"));
        Request { method, url: url.parse().unwrap(), headers, body: bytes::Bytes::new() }
    }

    fn step(request: &Request, status: u16, location: &str) -> Result<Option<Request>, Failure> {
        let mut answered = HeaderMap::new();
        answered.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        next(request, StatusCode::from_u16(status).unwrap(), &answered)
    }

    #[test]
    fn a_body_follows_307_and_308_only() {
        for status in 200..=399 {
            let post = step(&request(Method::POST, "https://a.example/"), status, "/b").unwrap();
            assert_eq!(post.is_some(), matches!(status, 307 | 308), "POST {status}");
            let get = step(&request(Method::GET, "https://a.example/"), status, "/b").unwrap();
            assert_eq!(get.is_some(), matches!(status, 301 | 302 | 303 | 307 | 308), "GET {status}");
        }
    }

    #[test]
    fn a_location_is_relative_to_what_was_asked() {
        let request = request(Method::POST, "https://a.example/x/y?z=1");
        for (location, expected) in [
            ("b", "https://a.example/x/b"),
            ("/b?c", "https://a.example/b?c"),
            ("//b.example/", "https://b.example/"),
            ("https://2130706433/", "https://127.0.0.1/"),
        ] {
            let next = step(&request, 307, location).unwrap().unwrap();
            assert_eq!(next.url.as_str(), expected);
        }
        assert!(matches!(step(&request, 307, "https://"), Err(Failure::Later(_))));
        assert!(matches!(next(&request, StatusCode::PERMANENT_REDIRECT, &HeaderMap::new()), Err(Failure::Later(_))));
    }

    #[test]
    fn credentials_stay_with_their_server() {
        let request = request(Method::POST, "https://a.example/");
        for (location, kept) in [("/b", true), ("https://b.example/", false), ("https://a.example:8443/", false)] {
            let next = step(&request, 308, location).unwrap().unwrap();
            assert_eq!(next.headers.contains_key(AUTHORIZATION), kept, "{location}");
            assert!(next.headers.contains_key("x-signature"), "{location}");
        }
    }

    #[test]
    fn nothing_leaves_tls() {
        let request = request(Method::POST, "https://a.example/");
        assert!(matches!(step(&request, 307, "http://a.example/"), Err(Failure::Refused(_))));
    }
}
