//! What is refused, and in which words.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::{NOW_MS, SEED, Sent, ask, for_each_vector, get, headers_of, signer};
use crate::presigned::{S3Error, Signer};

/// What a change of the seed's URL is answered with.
fn changed(from: &str, to: &str) -> S3Error {
    assert!(SEED.contains(from), "{from}");
    get(&signer(), &SEED.replace(from, to), NOW_MS).unwrap_err()
}

fn is_mismatch(error: &S3Error) -> bool {
    matches!(error, S3Error::SignatureDoesNotMatch(_))
}

/// The body, without what stands around each.
fn told(error: &S3Error) -> String {
    let xml = error.xml("id");
    let inner = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>").unwrap();
    let inner = inner.strip_suffix("<RequestId>id</RequestId></Error>").unwrap();
    format!("{} {inner}", error.status().as_u16())
}

#[test]
fn whatever_is_changed_does_not_match() {
    for (from, to) in [
        ("wasabisys.com", "wasabisys.org"),
        ("https://mediapocket", "https://Mediapocket2"),
        ("/test_key", "/test_kez"),
        ("/test_key", "/test_key/"),
        ("/test_key", "//test_key"),
        ("/test_key", "/./test_key"),
        ("/test_key", "/TEST_KEY"),
        ("filename%3DAsset", "filename%3DAssen"),
        ("attachment", "inline"),
        ("response-content-disposition", "response-content-type"),
        ("response-content-disposition", "Response-content-disposition"),
        ("response-content-disposition=attachment%3B%20filename%3DAsset_file_name.test_key&", ""),
        ("test_key&X", "test_key&response-content-type=text%2Fhtml&X"),
        ("?response", "?response-content-disposition=inline&response"),
        ("094339Z", "094340Z"),
        ("Expires=900", "Expires=901"),
        ("Expires=900", "Expires=0900"),
        ("SignedHeaders=host", "SignedHeaders=host%3Brange"),
        ("SignedHeaders=host", "SignedHeaders=Host"),
        ("Signature=0e2d", "Signature=0e2e"),
        ("Signature=0e2d", "Signature=0E2D"),
        ("Signature=0e2d", "Signature="),
        ("Signature=0e2d", "Signature=0e2d0e2d"),
        ("521a9e9", "521a9e9&versionId=1"),
        ("521a9e9", "521a9e9?"),
    ] {
        let error = changed(from, to);
        assert!(is_mismatch(&error), "{from} -> {to}: {error:?}");
        assert_eq!((error.status(), error.code()), (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"));
    }
    let other = Signer::new("access-key-id-1", "secret-access-key-2", "eu-central-1");
    assert!(is_mismatch(&get(&other, SEED, NOW_MS).unwrap_err()));
}

#[test]
fn a_signed_header_has_to_come_as_it_was_signed() {
    let mut count = 0;
    for_each_vector(|case, signer, url| {
        for (name, value) in &headers_of(&case["headers"]) {
            let mut headers = headers_of(&case["headers"]);
            headers.append(name, value.clone());
            assert!(is_mismatch(&ask(signer, &Method::GET, url, &headers, NOW_MS).unwrap_err()));
            headers.insert(name, HeaderValue::from_static("other"));
            assert!(is_mismatch(&ask(signer, &Method::GET, url, &headers, NOW_MS).unwrap_err()));
            headers.remove(name);
            assert!(is_mismatch(&ask(signer, &Method::GET, url, &headers, NOW_MS).unwrap_err()));
            let spaced = format!(" {} ", value.to_str().unwrap().replace(' ', " \t "));
            headers.insert(name, HeaderValue::from_str(&spaced).unwrap());
            ask(signer, &Method::GET, url, &headers, NOW_MS).unwrap();
            count += 1;
        }
    });
    assert_eq!(count, 5);
}

#[test]
fn headers_that_are_not_signed_change_nothing() {
    let headers = [("range", "bytes=0-"), ("x-amz-cf-id", "1"), ("host", "elsewhere"), ("x-api-key", "k")];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    ask(&signer(), &Method::GET, SEED, &HeaderMap::from_iter(headers), NOW_MS).unwrap();
}

#[test]
fn a_mismatch_shows_what_we_made_of_the_request() {
    let error = changed("Expires=900", "Expires=90");
    assert_eq!(
        told(&error),
        "403 <Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. \
         Check your key and signing method.</Message><AWSAccessKeyId>access-key-id-1</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256\n\
         20231127T094339Z\n20231127/eu-central-1/s3/aws4_request\n\
         c6d0af82578aae65d430a59bee15aef433e3c6a56f1dd1a50b11f079783c25af</StringToSign><SignatureProvided>\
         0e2dad3d6ed639613b5adeeb1f317e05fc9b7d6de96c78a494c1eb632521a9e9</SignatureProvided><CanonicalRequest>GET\n/test_key\n\
         X-Amz-Algorithm=AWS4-HMAC-SHA256&amp;X-Amz-Credential=access-key-id-1%2F20231127%2Feu-central-1%2Fs3%2Faws4_request&amp;\
         X-Amz-Date=20231127T094339Z&amp;X-Amz-Expires=90&amp;X-Amz-SignedHeaders=host&amp;response-content-disposition=\
         attachment%3B%20filename%3DAsset_file_name.test_key\nhost:mediapocket-test-account-5.s3.eu-central-1.wasabisys.com\n\nhost\n\
         UNSIGNED-PAYLOAD</CanonicalRequest>"
    );
}

#[test]
fn a_url_is_over_to_the_millisecond() {
    get(&signer(), SEED, NOW_MS).unwrap();
    get(&signer(), SEED, NOW_MS + 899_999).unwrap();
    let error = get(&signer(), SEED, NOW_MS + 900_000).unwrap_err();
    assert_eq!(
        told(&error),
        "403 <Code>AccessDenied</Code><Message>Request has expired</Message><X-Amz-Expires>900</X-Amz-Expires>\
         <Expires>2023-11-27T09:58:39Z</Expires><ServerTime>2023-11-27T09:58:39Z</ServerTime>"
    );
    // Whatever the signature: the time is looked at first.
    assert_eq!(changed("Expires=900", "Expires=0").message(), "Request has expired");
    get(&signer(), SEED, i64::MAX).unwrap_err().xml("id");
}

#[test]
fn a_clock_may_be_a_quarter_of_an_hour_ahead() {
    get(&signer(), SEED, NOW_MS - 900_000).unwrap();
    let error = get(&signer(), SEED, NOW_MS - 900_001).unwrap_err();
    assert_eq!(
        told(&error),
        "403 <Code>AccessDenied</Code><Message>Request is not yet valid</Message><X-Amz-Date>1701078219000</X-Amz-Date>\
         <Expires>2023-11-27T09:58:39Z</Expires><ServerTime>2023-11-27T09:28:38Z</ServerTime>"
    );
    get(&signer(), SEED, i64::MIN).unwrap_err().xml("id");
}

#[test]
fn each_parameter_is_needed_once() {
    let query = Sent::to(SEED).query;
    for pair in query.split('&').skip(1) {
        let name = pair.split_once('=').unwrap().0;
        let words = "requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires";
        for to in [
            String::new(),
            format!("&{name}="),
            format!("&{name}"),
            format!("&{pair}&{pair}"),
            format!("&{pair}&{name}=x"),
        ] {
            let error = changed(&format!("&{pair}"), &to);
            assert_eq!((error.status(), error.code()), (StatusCode::BAD_REQUEST, "AuthorizationQueryParametersError"));
            assert!(error.message().contains(words), "{name}: {error:?}");
        }
        // Names are in the letters that S3 has them in.
        assert!(changed(name, &name.to_ascii_lowercase()).message().contains(words));
    }
}

#[test]
fn what_is_not_signed_is_denied() {
    for url in ["http://h/b/k?", "http://h/b/k?response-content-disposition=inline&x-amz-signature=a"] {
        assert_eq!(
            told(&get(&signer(), url, NOW_MS).unwrap_err()),
            "403 <Code>AccessDenied</Code><Message>Access Denied</Message>"
        );
    }
}

#[test]
fn parameters_have_to_be_well_formed() {
    let credential = "access-key-id-1%2F20231127%2Feu-central-1%2Fs3%2Faws4_request";
    let mut all = String::new();
    for (from, to) in [
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        (credential, "access-key-id-1"),
        ("%2F20231127%2F", "%2F2023112%2F"),
        ("%2F20231127%2F", "%2F20231126%2F"),
        ("aws4_request", "aws4_%3Crequest"),
        ("%2Fs3%2F", "%2Fsts%2F"),
        ("%2Feu-central-1%2F", "%2Fus-east-1%2F"),
        ("20231127T094339Z", "2023-11-27T09:43Z"),
        ("20231127T094339Z", "20231127X094339Z"),
        ("20231127T094339Z", "20231127T246060Z"),
        ("20231127T094339Z", "20231127T094339%C3%A4"),
        ("Expires=900", "Expires=15min"),
        ("Expires=900", "Expires=99999999999999999999"),
        ("Expires=900", "Expires=-1"),
        ("Expires=900", "Expires=604801"),
        ("Expires=900", "Expires=99999999999"),
        ("SignedHeaders=host", "SignedHeaders=range"),
        ("access-key-id-1", "somebody%26else"),
    ] {
        writeln!(all, "{}", told(&changed(from, to))).unwrap();
    }
    all = all
        .replace("400 <Code>AuthorizationQueryParametersError</Code>", "")
        .replace("Error parsing the X-Amz-Credential parameter; ", "… ");
    assert_eq!(
        all,
        r#"<Message>X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"</Message>
<Message>… the Credential is mal-formed; expecting "&lt;YOUR-AKID&gt;/YYYYMMDD/REGION/SERVICE/aws4_request".</Message>
<Message>… incorrect date format "2023112". This date in the credential must be in the format "yyyyMMdd".</Message>
<Message>Invalid credential date "20231126". This date is not the same as X-Amz-Date: "20231127".</Message>
<Message>… incorrect terminal "aws4_&lt;request". This endpoint uses "aws4_request".</Message>
<Message>… incorrect service "sts". This endpoint belongs to "s3".</Message>
<Message>… the region 'us-east-1' is wrong; expecting 'eu-central-1'</Message><Region>eu-central-1</Region>
<Message>X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"</Message>
<Message>X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"</Message>
<Message>X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"</Message>
<Message>X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"</Message>
<Message>X-Amz-Expires should be a number</Message>
<Message>X-Amz-Expires should be a number</Message>
<Message>X-Amz-Expires must be non-negative</Message>
<Message>X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds</Message>
<Message>X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds</Message>
403 <Code>AccessDenied</Code><Message>There were headers present in the request which were not signed</Message><HeadersNotSigned>host</HeadersNotSigned>
403 <Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our records.</Message><AWSAccessKeyId>somebody&amp;else</AWSAccessKeyId>
"#
    );
}

#[test]
fn a_header_can_not_be_ended_in_its_middle() {
    for bad in ["inline\r\nSet-Cookie: a=b", "a\0b", "a\u{7f}b"] {
        let url = signer().sign("http://h", "/b/k", Some(bad), NOW_MS, 900);
        let error = get(&signer(), &url, NOW_MS).unwrap_err();
        assert_eq!((error.status(), error.code()), (StatusCode::BAD_REQUEST, "InvalidArgument"));
        roxmltree::Document::parse(&error.xml("id")).unwrap();
    }
    // What is no UTF-8 is a header all the same.
    let url = signer().sign("http://h", "/b/k", Some("ä\t\u{fffd}"), NOW_MS, 900);
    assert_eq!(
        get(&signer(), &url, NOW_MS).unwrap().overrides[header::CONTENT_DISPOSITION].as_bytes(),
        "ä\t\u{fffd}".as_bytes()
    );
}

#[test]
fn the_rest_of_the_words() {
    let mut all = String::new();
    for error in [
        S3Error::InvalidToken("t".into()),
        S3Error::NoSuchBucket("b".into()),
        S3Error::NoSuchKey("a<&>\r\n\u{1}\u{ffff}ö".into()),
        S3Error::MethodNotAllowed("POST".into()),
        S3Error::SlowDown,
        S3Error::ServiceUnavailable,
        S3Error::InternalError,
    ] {
        roxmltree::Document::parse(&error.xml("id")).unwrap();
        writeln!(all, "{}", told(&error)).unwrap();
    }
    assert_eq!(
        all,
        "400 <Code>InvalidToken</Code><Message>The provided token is malformed or otherwise invalid.</Message><Token-0>t</Token-0>\n\
         404 <Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><BucketName>b</BucketName>\n\
         404 <Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&lt;&amp;&gt;&#13;\n\u{fffd}\u{fffd}ö</Key>\n\
         405 <Code>MethodNotAllowed</Code><Message>The specified method is not allowed against this resource.</Message>\
         <Method>POST</Method><ResourceType>OBJECT</ResourceType>\n\
         503 <Code>SlowDown</Code><Message>Please reduce your request rate.</Message>\n\
         503 <Code>ServiceUnavailable</Code><Message>Service is unable to handle request.</Message>\n\
         500 <Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message>\n"
    );
}
