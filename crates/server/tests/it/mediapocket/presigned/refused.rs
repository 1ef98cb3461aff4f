//! URLs that nobody with the keys signed so: refused in S3's words, in XML that its clients read.

use serde_json::json;

use super::{BYTES, Scene, keys, with_keys};
use crate::{
    mediapocket::{Account, account::ask},
    support::{
        botocore::{Keys, Signing},
        on_each_engine_with,
    },
};

/// Changes to a URL, each of which makes it another.
fn tamperings() -> Vec<(&'static str, &'static str)> {
    vec![
        ("X-Amz-Expires=900", "X-Amz-Expires=901"),
        ("X-Amz-Expires=900", "X-Amz-Expires=0900"),
        ("X-Amz-Date=20231114T221320Z", "X-Amz-Date=20231114T221321Z"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Brange"),
        ("filename%3Da.b", "filename%3Da.c"),
        ("response-content-disposition=", "response-content-Disposition="),
        ("response-content-disposition=", "response-content-language=fi&response-content-disposition="),
        (".txt?", ".html?"),
        (".txt?", ".txt%20?"),
        ("/s3/", "/s3//"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("&X-Amz-Signature", "&x=y&X-Amz-Signature"),
        ("&X-Amz-Signature", "&&x&X-Amz-Signature"),
    ]
}

#[test]
fn what_was_changed_does_not_match_its_signature() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let mut signing = scene.signing();
        signing.parameters["ResponseContentDisposition"] = json!("attachment; filename=a.b");
        let url = scene.sign(&signing).await;
        scene.ask("GET", &url).send().await.expect(200);
        for (from, to) in tamperings() {
            let changed = url.replacen(from, to, 1);
            assert_ne!(changed, url, "{from}");
            let refused = scene.ask("GET", &changed).send().await;
            if from == "/s3/" && refused.status == 404 {
                continue;
            }
            let message = scene.expect_error(&refused, 403, "SignatureDoesNotMatch").await;
            assert!(message.starts_with("The request signature we calculated does not match"), "{message}");
            scene.ask("HEAD", &changed).send().await.expect(403);
        }
        for at in 1..64 {
            // One digit of the signature after another.
            let mut changed = url.clone().into_bytes();
            let digit = changed.len() - at;
            changed[digit] = if changed[digit] == b'0' { b'1' } else { b'0' };
            let refused = scene.ask("GET", std::str::from_utf8(&changed).unwrap()).send().await;
            scene.expect_error(&refused, 403, "SignatureDoesNotMatch").await;
        }
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", ""] {
            let refused = scene.ask("GET", &url).header("Host", host).send().await;
            assert!(refused.status == 403 || refused.status == 400 && host.is_empty(), "{host}: {refused}");
        }
        let mut other = scene.account.asset("other.txt", b"others").await;
        let theirs = other["id"].take();
        let swapped = url.replace(scene.asset["id"].as_str().unwrap(), theirs.as_str().unwrap());
        scene.expect_error(&scene.ask("GET", &swapped).send().await, 403, "SignatureDoesNotMatch").await;
        // A URL to look with is none to fetch with.
        let look = scene.sign(&Signing { operation: "head_object", ..scene.signing() }).await;
        scene.expect_error(&scene.ask("GET", &look).send().await, 403, "SignatureDoesNotMatch").await;
    });
}

#[test]
fn a_url_spelt_otherwise_is_the_same_url() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let mut signing = scene.signing();
        signing.parameters["ResponseContentDisposition"] = json!("attachment; filename=a.b");
        let url = scene.sign(&signing).await;
        let (path, query) = url.split_once('?').unwrap();
        let mut pairs: Vec<&str> = query.split('&').collect();
        pairs.reverse();
        for same in [
            format!("{path}?{}", pairs.join("&")),
            url.replace("%20", "+"),
            url.replace("%2F", "/"),
            url.replace("%3B", "%3b"),
            url.replace(".txt?", "%2Etxt?"),
            format!("{url}&"),
        ] {
            let given = scene.ask("GET", &same).send().await.expect(200);
            assert_eq!(
                (given.body.as_slice(), given.header("content-disposition")),
                (BYTES, "attachment; filename=a.b")
            );
        }
    });
}

#[test]
fn what_is_not_signed_as_it_should_be_is_refused_in_s3s_words() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let url = scene.sign(&scene.signing()).await;
        let (path, query) = url.split_once('?').unwrap();
        scene.expect_error(&scene.ask("GET", path).send().await, 403, "AccessDenied").await;
        scene.expect_error(&scene.ask("GET", &format!("{path}?a=b")).send().await, 403, "AccessDenied").await;
        let pairs: Vec<&str> = query.split('&').collect();
        for left_out in &pairs {
            let rest: Vec<&str> = pairs.iter().filter(|pair| *pair != left_out).copied().collect();
            let refused = scene.ask("GET", &format!("{path}?{}", rest.join("&"))).send().await;
            scene.expect_error(&refused, 400, "AuthorizationQueryParametersError").await;
            let twice = scene.ask("GET", &format!("{url}&{left_out}")).send().await;
            scene.expect_error(&twice, 400, "AuthorizationQueryParametersError").await;
        }
        for (from, to) in [
            ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
            ("%2Fs3%2F", "%2Fec2%2F"),
            ("eu-central-1", "us-east-1"),
            ("aws4_request", "aws5_request"),
            ("X-Amz-Date=2023", "X-Amz-Date=23"),
            ("X-Amz-Expires=900", "X-Amz-Expires=604801"),
            ("X-Amz-Expires=900", "X-Amz-Expires=-1"),
            ("X-Amz-Expires=900", "X-Amz-Expires=soon"),
            ("X-Amz-Credential=", "X-Amz-Credential=%00%FF%2F"),
        ] {
            let refused = scene.ask("GET", &url.replacen(from, to, 1)).send().await;
            if to.contains("%00") {
                scene.expect_error(&refused, 403, "InvalidAccessKeyId").await;
            } else {
                scene.expect_error(&refused, 400, "AuthorizationQueryParametersError").await;
            }
        }
        let own = keys();
        let other_id = Keys { id: "other".to_owned(), ..own.clone() };
        let refused = scene.ask("GET", &scene.botocore.sign(&other_id, &scene.signing()).await).send().await;
        scene.expect_error(&refused, 403, "InvalidAccessKeyId").await;
        let other_secret = Keys { secret: "another-secret-key".to_owned(), ..own };
        let refused = scene.ask("GET", &scene.botocore.sign(&other_secret, &scene.signing()).await).send().await;
        scene.expect_error(&refused, 403, "SignatureDoesNotMatch").await;
        let later = Signing { now_ms: scene.signing().now_ms + 901_000, ..scene.signing() };
        let refused = scene.ask("GET", &scene.sign(&later).await).send().await;
        assert_eq!(scene.expect_error(&refused, 403, "AccessDenied").await, "Request is not yet valid");
    });
}

#[test]
fn only_fetching_is_allowed() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        for operation in ["get_object", "put_object", "delete_object"] {
            let url = scene.sign(&Signing { operation, ..scene.signing() }).await;
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                let refused = scene.ask(method, &url).body("text/plain", "bytes").send().await;
                let message = scene.expect_error(&refused, 405, "MethodNotAllowed").await;
                assert_eq!(message, "The specified method is not allowed against this resource.");
            }
        }
        let url = scene.sign(&scene.signing()).await;
        assert_eq!(scene.ask("GET", &url).send().await.expect(200).body, BYTES);
    });
}

#[test]
fn an_object_that_is_not_there_has_no_such_key() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let theirs = Account::with(server, server.organization("Theirs").await, library::Rights::ALL, None).await;
        let foreign = theirs.asset("foreign.txt", b"foreign").await;
        let foreign_key = format!("{}/{}", foreign["id"].as_str().unwrap(), theirs.media_id(&foreign).await);
        let own = scene.asset["id"].as_str().unwrap();
        for key in [
            format!("{own}/987654.txt"),
            format!("{own}/0"),
            format!("{own}/-1"),
            format!("{own}/{}", "9".repeat(30)),
            format!("{own}/{}/x", scene.media_id),
            format!("{own}/{}", theirs.media_id(&foreign).await),
            format!("aaaaaaaaaaaaaaaaaaaa/{}", scene.media_id),
            "test_key".to_owned(),
            "a&b<c>/\u{1}\u{fffe}".to_owned(),
            format!("{own}/x"),
        ] {
            let mut signing = scene.signing();
            signing.parameters["Key"] = json!(key);
            let refused = scene.ask("GET", &scene.sign(&signing).await).send().await;
            scene.expect_error(&refused, 404, "NoSuchKey").await;
        }
        let bucket_of = |id: i64| format!("mediapocket-{id}");
        let (ours, others) = (scene.account.organization.id, theirs.organization.id);
        for (bucket, key, code) in [
            (bucket_of(others), scene.key(".txt"), "NoSuchBucket"),
            (bucket_of(ours), foreign_key.clone(), "NoSuchBucket"),
            ("mediapocket-987".to_owned(), foreign_key, "NoSuchBucket"),
        ] {
            let mut signing = scene.signing();
            signing.parameters = json!({ "Bucket": bucket, "Key": key });
            let refused = scene.ask("GET", &scene.sign(&signing).await).send().await;
            scene.expect_error(&refused, 404, code).await;
        }
        // What is gone is gone for those who hold a URL of it.
        let url = scene.sign(&scene.signing()).await;
        scene.ask("GET", &url).send().await.expect(200);
        scene.account.ask("DELETE", &format!("/api/v2/assets/{own}")).send().await.expect(200);
        scene.expect_error(&scene.ask("GET", &url).send().await, 404, "NoSuchKey").await;
        ask(server, "GET", "/s3/").send().await.expect(404);
    });
}
