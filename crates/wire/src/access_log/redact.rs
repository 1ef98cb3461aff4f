//! Queries and paths as they may be logged: with secrets struck out. It knows names of secrets, of whichever dialect, and how long those are
//! that stand in paths.

use percent_encoding::percent_decode_str;

use super::text::push_json;

/// Keys whose values are never logged, in lower case.
const SECRETS: &[&str] = &[
    "auth_token",
    "token",
    "access_token",
    "api_key",
    "x-api-key",
    "apikey",
    "key",
    "k",
    "client_secret",
    "refresh_token",
    "password",
    "code",
    "signature",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
];

/// Writes a query into a JSON string.
///
/// A secret runs to the next `&`. A `?` or `;` begins a new key too, since some clients append `?auth_token=…` to what already has a query.
pub(super) fn push_query(out: &mut Vec<u8>, query: &str) {
    let mut rest = query;
    loop {
        let end = rest.find(['&', '?', ';']).unwrap_or(rest.len());
        let pair = &rest[..end];
        let next = match pair.split_once('=') {
            Some((key, _)) if is_secret(key) => {
                push_json(out, key.as_bytes());
                out.extend_from_slice(b"=***");
                rest.find('&').unwrap_or(rest.len())
            }
            _ => {
                push_json(out, pair.as_bytes());
                end
            }
        };
        let Some(separator) = rest[next..].chars().next() else { return };
        push_json(out, separator.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[next + separator.len_utf8()..];
    }
}

/// 256 bits in letters and digits, or in base64: signatures and upload keys, where a URL is its own credential.
const SECRET_SEGMENT_BYTES: usize = 43;

/// What stands behind these is the key of a link, unless it is a word of the API.
const LINKS: &[&str] = &["s", "shareable_links"];
const WORDS: &[&str] = &["", "share"];

/// Writes a path into a JSON string.
pub(super) fn push_path(out: &mut Vec<u8>, path: &str) {
    let mut before = "";
    for (place, segment) in path.split('/').enumerate() {
        if place > 0 {
            out.push(b'/');
        }
        let opaque = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_secret = segment.len() == SECRET_SEGMENT_BYTES && segment.bytes().all(opaque);
        if is_secret || (LINKS.contains(&before) && !WORDS.contains(&segment)) {
            out.extend_from_slice(b"***");
        } else {
            push_json(out, segment.as_bytes());
        }
        before = segment;
    }
}

fn is_secret(key: &str) -> bool {
    let known = |key: &str| SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(key));
    if known(key) {
        return true;
    }
    if !key.contains(['%', '+', '[']) {
        return false;
    }
    // As forms are decoded; `token[]` is the way some write a list of one.
    let decoded = percent_decode_str(key).decode_utf8_lossy().replace('+', " ");
    known(decoded.split('[').next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn redacted(query: &str) -> String {
        let mut out = Vec::new();
        push_query(&mut out, query);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strikes_out_secrets_in_paths() {
        let secret = "aB3_-".repeat(9);
        for (path, expected) in [
            ("/", "/"),
            ("/up/short", "/up/short"),
            ("/botdoc/s/AbCdEfGhIjKlMnOp/media/7/a.pdf", "/botdoc/s/***/media/7/a.pdf"),
            ("/s/AbCdEfGhIjKlMnOp", "/s/***"),
            ("/s/", "/s/"),
            ("/mediapocket/api/v2/shareable_links/71f88dbe-13a9/open", "/mediapocket/api/v2/shareable_links/***/open"),
            ("/api/v2/shareable_links/share", "/api/v2/shareable_links/share"),
            (&*format!("/up/{}", &secret[..43]), "/up/***"),
            (&*format!("/p/{}/54ATNEZ6I4/o/a.jpg", &secret[..43]), "/p/***/54ATNEZ6I4/o/a.jpg"),
            (&*format!("/x/{secret}"), &*format!("/x/{secret}")),
        ] {
            let mut out = Vec::new();
            push_path(&mut out, path);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn strikes_out_secrets_however_they_are_written() {
        for (query, expected) in [
            ("", ""),
            ("size=640%3E?", "size=640%3E?"),
            ("a=1&auth_token=eu--x&b=2", "a=1&auth_token=***&b=2"),
            ("AUTH_TOKEN=x", "AUTH_TOKEN=***"),
            ("X-API-KEY=x&apikey=y", "X-API-KEY=***&apikey=***"),
            ("auth%5Ftoken=x&%74oken=y", "auth%5Ftoken=***&%74oken=***"),
            ("+token=x&token%20=x&token[]=x&token%5B0%5D=x", "+token=***&token%20=***&token[]=***&token%5B0%5D=***"),
            (
                "X-Amz-Signature=x&x-amz-credential=y&X-Amz-Date=z",
                "X-Amz-Signature=***&x-amz-credential=***&X-Amz-Date=z",
            ),
            ("size=640?auth_token=x", "size=640?auth_token=***"),
            ("size=640>?;token=x", "size=640>?;token=***"),
            ("password=a?b;c=d&e=f", "password=***&e=f"),
            ("token=a=b", "token=***"),
            ("token", "token"),
            ("mytoken=x&tokens=y", "mytoken=x&tokens=y"),
            ("&&=&?;", "&&=&?;"),
            ("code=&key=", "code=***&key=***"),
        ] {
            assert_eq!(redacted(query), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_secret_comes_through(before in "[a-z=&?;%+]{0,20}", after in "[a-z=&?;%+]{0,20}", at in 0..SECRETS.len()) {
            let line = redacted(&format!("{before}&{}=S3CRET&{after}", SECRETS[at]));
            prop_assert!(!line.contains("S3CRET"), "{}", line);
        }

        #[test]
        fn what_is_no_secret_stays(query in "[a-d=&?;%+é]{0,30}") {
            prop_assert_eq!(redacted(&query), query);
        }
    }
}
