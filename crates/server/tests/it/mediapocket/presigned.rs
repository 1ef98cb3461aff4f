//! Presigned URLs against botocore: what it signs is taken here, and what is signed here it signs to the letter. Contract section 3.

mod anything;
mod refused;

use std::sync::atomic::Ordering;

use mediary::Settings;
use serde_json::{Value, json};

use super::{
    Account,
    links::{FAR, create, follow, path_of},
};
use crate::support::{
    Answer, Ask, NOW_MS, Server,
    botocore::{Botocore, Keys, Signing},
    on_each_engine, on_each_engine_with,
};

pub const REGION: &str = "eu-central-1";
const BYTES: &[u8] = b"0123456789";

pub fn keys() -> Keys {
    Keys { id: "access-key-id-1".to_owned(), secret: "secret-access-key-1".to_owned() }
}

/// An operator's keys, for clients that sign by themselves.
pub fn with_keys(settings: &mut Settings) {
    let keys = keys();
    settings.mediapocket.access_key_id = keys.id;
    settings.mediapocket.secret_access_key = keys.secret;
}

/// A file, and botocore beside it.
pub struct Scene<'a> {
    pub account: Account<'a>,
    pub botocore: Botocore,
    pub asset: Value,
    pub media_id: i64,
}

impl<'a> Scene<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", BYTES).await;
        let media_id = account.media_id(&asset).await;
        Self { account, botocore: Botocore::start(REGION), asset, media_id }
    }

    pub fn bucket(&self) -> String {
        format!("mediapocket-{}", self.account.organization.id)
    }

    /// The key of the file's object, with whatever ending.
    pub fn key(&self, ending: &str) -> String {
        format!("{}/{}{ending}", self.asset["id"].as_str().unwrap(), self.media_id)
    }

    /// A GET of the file as botocore signs it, which may be changed before.
    pub fn signing(&self) -> Signing {
        Signing {
            operation: "get_object",
            endpoint: format!("http://{}/mediapocket/s3", self.account.server.address),
            parameters: json!({ "Bucket": self.bucket(), "Key": self.key(".txt") }),
            now_ms: NOW_MS,
            expires_s: 900,
        }
    }

    pub async fn sign(&self, signing: &Signing) -> String {
        self.botocore.sign(&keys(), signing).await
    }

    pub fn ask(&self, method: &str, url: &str) -> Ask {
        self.account.server.ask(method, path_of(url))
    }

    /// Panics unless it is refused as S3 does it: with this code, and a message, in XML that can be read.
    pub async fn expect_error(&self, answer: &Answer, status: u16, code: &str) -> String {
        assert_eq!(answer.status, status, "{answer}");
        assert_eq!(answer.header("content-type"), "application/xml", "{answer}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer}");
        let read = self.botocore.read_error(&answer.body).await;
        assert_eq!((read[""].as_str(), read["Code"].as_str()), ("Error", code), "{answer}");
        assert!(!read["RequestId"].is_empty() || status == 405, "{answer}");
        let body = String::from_utf8_lossy(&answer.body);
        assert!(!body.contains(&keys().secret), "{body}");
        read["Message"].clone()
    }
}

#[test]
fn what_botocore_signs_is_given_out() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        for ending in ["", ".txt", ".weird näme +&=?#%.txt", ".a b~c", ".日本.jpg", ".%2F", ".it's*(!)", ".a//b"] {
            for operation in ["get_object", "head_object"] {
                let mut signing = Signing { operation, ..scene.signing() };
                signing.parameters["Key"] = json!(scene.key(ending));
                let url = scene.sign(&signing).await;
                let looked = scene.ask("HEAD", &url).send().await.expect(200);
                assert_eq!(looked.header("content-length"), "10", "{url}");
                if operation == "get_object" {
                    let given = scene.ask("GET", &url).send().await.expect(200);
                    assert_eq!(
                        (given.body.as_slice(), given.header("content-type")),
                        (BYTES, "text/plain; charset=utf-8"),
                        "{url}"
                    );
                }
            }
        }
        for expires_s in [1, 900, 604_800] {
            let url = scene.sign(&Signing { expires_s, ..scene.signing() }).await;
            scene.ask("GET", &url).send().await.expect(200);
        }
    });
}

#[test]
fn ranges_and_conditions_hold_for_presigned_urls_too() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let url = scene.sign(&scene.signing()).await;
        let given = scene.ask("GET", &url).send().await.expect(200);
        let tag = given.header("etag").to_owned();
        assert!(tag.starts_with('"') && given.header("accept-ranges") == "bytes", "{given}");
        let get = || scene.ask("GET", &url);
        let part = get().header("Range", "bytes=2-5").send().await.expect(206);
        assert_eq!((part.body.as_slice(), part.header("content-range")), (&BYTES[2..=5], "bytes 2-5/10"));
        let part = get().header("Range", "bytes=4-").header("If-Range", &tag).send().await.expect(206);
        assert_eq!(part.body, &BYTES[4..]);
        let whole = get().header("Range", "bytes=4-").header("If-Range", "\"other\"").send().await.expect(200);
        assert_eq!(whole.body, BYTES);
        assert_eq!(get().header("Range", "bytes=10-").send().await.expect(416).header("content-range"), "bytes */10");
        let unchanged = get().header("If-None-Match", &tag).send().await.expect(304);
        assert_eq!(unchanged.header("etag"), tag);
        get().header("If-Match", "\"other\"").send().await.expect(412);
    });
}

#[test]
fn a_url_says_how_bytes_are_saved_and_never_what_they_are() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let page = scene.account.asset("page.html", b"<!doctype html><script>alert(1)</script>").await;
        let picture = scene.account.asset("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>").await;
        for (asset, media_type) in [(&page, "text/html"), (&picture, "image/svg+xml")] {
            let media_id = scene.account.media_id(asset).await;
            let mut signing = scene.signing();
            signing.parameters["Key"] = json!(format!("{}/{media_id}.txt", asset["id"].as_str().unwrap()));
            signing.parameters["ResponseContentType"] = json!("application/javascript");
            signing.parameters["ResponseContentEncoding"] = json!("gzip");
            signing.parameters["ResponseContentDisposition"] = json!("inline; filename=\"x y\"");
            signing.parameters["ResponseCacheControl"] = json!("no-cache");
            signing.parameters["ResponseContentLanguage"] = json!("fi");
            let url = scene.sign(&signing).await;
            let given = scene.ask("GET", &url).send().await.expect(200);
            assert!(given.header("content-type").starts_with(media_type), "{given}");
            assert_eq!(given.header("content-encoding"), "");
            // It could run, so it is saved all the same.
            assert_eq!(given.header("content-disposition"), "attachment; filename=\"x y\"");
            assert_eq!((given.header("cache-control"), given.header("content-language")), ("no-cache", "fi"));
            assert_eq!(given.header("x-content-type-options"), "nosniff");
            assert!(given.header("content-security-policy").starts_with("sandbox; default-src 'none'"), "{given}");
        }
        // Without any of these.
        let given = scene.ask("GET", &scene.sign(&scene.signing()).await).send().await.expect(200);
        assert!(given.header("content-disposition").starts_with("attachment"), "{given}");
        assert!(given.header("cache-control").contains("private"), "{given}");
    });
}

#[test]
fn what_the_server_signs_botocore_signs_to_the_letter() {
    on_each_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let mut urls = Vec::new();
        for name in ["test_file", "Füße 1", "a;b=c&d+e", "日本", "100%25", "it's", "a~b-c_d.e"] {
            let payload = json!({ "asset_id": scene.asset["id"], "media_id": scene.media_id, "filename": name });
            let link = create(&scene.account, &payload).await.expect(200).json();
            urls.push(follow(server, &link).await.expect(302).header("location").to_owned());
        }
        let path = format!("/api/v2/assets/{}/media", scene.asset["id"].as_str().unwrap());
        let listed = scene.account.get(&path).await["media"][0]["url"].clone();
        let told = scene.account.get(&format!("{path}/{}/download_url", scene.media_id)).await["url"].clone();
        urls.extend([listed, told].map(|url| url.as_str().unwrap().to_owned()));
        for url in &urls {
            assert_eq!(scene.botocore.sign_again(&keys(), url).await, *url);
            let given = scene.ask("GET", url).send().await.expect(200);
            assert!(given.header("content-disposition").starts_with("attachment; filename="), "{given}");
            // All of it as botocore's client makes it from the parts.
            let mut signing = scene.signing();
            signing.parameters["ResponseContentDisposition"] = json!(given.header("content-disposition"));
            assert_eq!(scene.sign(&signing).await, *url);
        }
    });
}

#[test]
fn the_librarys_own_keys_outlive_a_start_and_hold_on_every_node() {
    on_each_engine(async |server| {
        let path = {
            let account = Account::new(server).await;
            let link = account.link(&account.asset("story.txt", BYTES).await, (FAR, 1)).await;
            path_of(follow(server, &link).await.expect(302).header("location")).to_owned()
        };
        let old = server.address.to_string();
        assert!(path.contains("&X-Amz-Credential=MP"), "{path}");
        server.restart().await;
        let get = |path: &str| server.ask("GET", path).header("Host", &old).send();
        assert_eq!(get(&path).await.expect(200).body, BYTES);
        let (library, beside) = server.start_beside().await;
        let asked = Ask::new(beside.address, "GET", &path).header("Host", &old);
        assert_eq!(asked.send().await.expect(200).body, BYTES);
        beside.stop().await;
        library.close().await;
        // For another host it was not signed.
        server.ask("GET", &path).send().await.expect(403);
    });
}

#[test]
fn a_url_is_good_to_its_last_second() {
    on_each_engine_with(
        |settings| {
            with_keys(settings);
            settings.mediapocket.presigned_s = 60;
        },
        async |server| {
            let scene = Scene::new(server).await;
            let link = scene.account.link(&scene.asset, (FAR, 5)).await;
            let ours = follow(server, &link).await.expect(302).header("location").to_owned();
            assert!(ours.contains("&X-Amz-Expires=60&"), "{ours}");
            let theirs = scene.sign(&Signing { expires_s: 60, ..scene.signing() }).await;
            for url in [&ours, &theirs] {
                for after_ms in [0, 59_000, 59_999] {
                    server.clock.store(NOW_MS + after_ms, Ordering::SeqCst);
                    scene.ask("GET", url).send().await.expect(200);
                }
                for after_ms in [60_000, 60_001, 10_000_000_000] {
                    server.clock.store(NOW_MS + after_ms, Ordering::SeqCst);
                    let refused = scene.ask("GET", url).send().await;
                    assert_eq!(scene.expect_error(&refused, 403, "AccessDenied").await, "Request has expired");
                    scene.ask("HEAD", url).send().await.expect(403);
                }
            }
        },
    );
}

#[test]
fn botocore_signs_for_the_public_url_of_a_server_behind_a_proxy() {
    for (public_url, stripped) in [("https://files.example.com", ""), ("http://media.example:8080/library", "/library")]
    {
        on_each_engine_with(
            |settings| {
                with_keys(settings);
                public_url.clone_into(&mut settings.public_url);
            },
            async |server| {
                let scene = Scene::new(server).await;
                let endpoint = format!("{public_url}/mediapocket/s3");
                let url = scene.sign(&Signing { endpoint, ..scene.signing() }).await;
                assert!(url.starts_with(public_url), "{url}");
                let path = path_of(&url).strip_prefix(stripped).unwrap();
                let public_host = public_url.split('/').nth(2).unwrap();
                // The proxy may hand the name on, or not.
                for host in [None, Some(public_host), Some("10.0.0.7")] {
                    let ask = server.ask("GET", path);
                    let ask = if let Some(host) = host { ask.header("Host", host) } else { ask };
                    assert_eq!(ask.send().await.expect(200).body, BYTES, "{host:?}");
                }
                // By its own name it can be reached as well.
                let own = scene.sign(&scene.signing()).await;
                assert_eq!(scene.ask("GET", &own).send().await.expect(200).body, BYTES);
                let link = scene.account.link(&scene.asset, (FAR, 5)).await;
                let location = follow(server, &link).await.expect(302).header("location").to_owned();
                assert_eq!(scene.botocore.sign_again(&keys(), &location).await, location);
                assert!(location.starts_with(&format!("{public_url}/mediapocket/s3/")), "{location}");
            },
        );
    }
}
