//! Every example that the seed prints, sent as printed but for keys and ids, and its whole answer against the printed one: under the
//! mount, on the host name, and at the root.

use mediary::Settings;
use serde_json::Value;

use super::Account;
use crate::support::{
    Answer, Ask, Server,
    json::{Extras, assert_literal},
    on_each_engine_with, on_one_engine_with,
    programs::curl,
};

/// "Get shareable link", both examples.
const FOLLOW: &str = r#"GET /api/v2/shareable_links/faf0f631-c83c-4260-b1ae-b3bf7bfef01d
302
<html><body>You are being <a href="https://mediapocket-test-account-5.s3.eu-central-1.wasabisys.com/test_key?response-content-disposition=attachment%3B%20filename%3DAsset_file_name.test_key&amp;X-Amz-Algorithm=AWS4-HMAC-SHA256&amp;X-Amz-Credential=access-key-id-1%2F20231127%2Feu-central-1%2Fs3%2Faws4_request&amp;X-Amz-Date=20231127T094339Z&amp;X-Amz-Expires=900&amp;X-Amz-SignedHeaders=host&amp;X-Amz-Signature=0e2dad3d6ed639613b5adeeb1f317e05fc9b7d6de96c78a494c1eb632521a9e9">redirected</a>.</body></html>"#;
const NOT_FOUND: &str = r#"GET /api/v2/shareable_links/invalid_key
404
{
  "error": "Link not found or has expired"
}"#;

/// "Create shareable link", both examples.
const CREATE: &str = r#"POST /api/v2/shareable_links
{
  "expiry_date": "2023-11-28",
  "limit": 5,
  "payload": {
    "asset_id": "b5Iix0ul_b2bTnT23Jo-",
    "filename": "test_file",
    "media_id": 4
  }
}
200
{
  "id": 4,
  "url": "https://test-account-5.devmediapocket.fi/api/v2/shareable_links/71f88dbe-13a9-485e-be99-0ac68bf849cc",
  "filename": "test_file"
}"#;
const CREATE_INVALID: &str = r#"POST /api/v2/shareable_links
{
  "expiry_date": "2023-11-28",
  "limit": 5,
  "payload": {
    "asset_id": "invalid_id",
    "filename": "test_file",
    "media_id": 5
  }
}
400
{
  "error": "asset not found"
}"#;

/// "Send shareable links by email", both examples.
const SHARE: &str = r#"POST /api/v2/shareable_links/share
{
  "message": "This is an optional test message",
  "recipients": [
    "test1@testmail.test",
    "test2@testmail.test"
  ],
  "shareable_link_ids": [
    2
  ]
}
200
{
  "message": "Shareable links sent"
}"#;
const SHARE_INVALID: &str = r#"POST /api/v2/shareable_links/share
{
  "message": "This is an optional test message",
  "recipients": [
    "test1@testmail.test",
    "test2@testmail.test"
  ],
  "shareable_link_ids": [
    "invalid_id"
  ]
}
400
{
  "error": "No shareable links found"
}"#;

/// Nothing stands beside the sample's keys.
const NO_EXTRAS: Extras = Extras { files: &[], folders: &[] };
const THEIR_BASE: &str = "https://test-account-5.devmediapocket.fi";
const HOST: &str = "mediapocket.localhost";
const PUBLIC: &str = "https://media.example";

/// An example as it is printed: a request, and its answer.
struct Example {
    method: &'static str,
    path: &'static str,
    body: String,
    status: u16,
    answer: String,
}

impl Example {
    fn of(printed: &'static str) -> Self {
        let (first, rest) = printed.split_once('\n').unwrap();
        let (method, path) = first.split_once(' ').unwrap();
        let lines: Vec<&str> = rest.lines().collect();
        let at = lines.iter().position(|line| line.parse::<u16>().is_ok()).unwrap();
        let [body, answer] = [&lines[..at], &lines[at + 1..]].map(|lines| lines.join("\n"));
        Self { method, path, body, status: lines[at].parse().unwrap(), answer }
    }

    /// The same with something else at one place of its body.
    fn with(mut self, printed: &str, ours: &str) -> Self {
        assert_eq!(self.body.matches(printed).count(), 1, "{printed} in {}", self.body);
        self.body = self.body.replace(printed, ours);
        self
    }
}

/// How the API is reached: what stands before the path, the host, and what stands for the printed `https://test-account-5…`.
struct Way {
    before: &'static str,
    host: Option<&'static str>,
    base: String,
}

impl Way {
    fn all(server: &Server, public: bool) -> [Self; 2] {
        let port = server.address.port();
        let base = |host: &str, before: &str| {
            if public { format!("{PUBLIC}/mediapocket") } else { format!("http://{host}:{port}{before}") }
        };
        let mount = Self { before: "/mediapocket", host: None, base: base("127.0.0.1", "/mediapocket") };
        [mount, Self { before: "", host: Some(HOST), base: base(HOST, "") }]
    }

    fn ask(&self, server: &Server, method: &str, target: &str) -> Ask {
        let ask = server.ask(method, &format!("{}{target}", self.before));
        match self.host {
            Some(host) => ask.header("Host", format!("{host}:{}", server.address.port())),
            None => ask,
        }
    }

    /// The printed request, with both printed headers.
    async fn send(&self, account: &Account<'_>, example: &Example, path: &str) -> Answer {
        let ask = self.ask(account.server, example.method, path).header("X-API-KEY", &account.key);
        let ask = match example.body.as_str() {
            "" => ask.header("Content-Type", "application/json"),
            body => ask.body("application/json", body),
        };
        ask.send().await.expect(example.status)
    }

    /// What a URL that an answer names gives, fetched where this server really is.
    async fn fetch(&self, server: &Server, url: &str) -> Answer {
        let (_, rest) = url.split_once("://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        server.ask("GET", path).header("Host", host).send().await
    }
}

#[test]
fn under_the_mount_and_on_the_host_name() {
    on_each_engine_with(
        |_| {},
        async |server| {
            for way in Way::all(server, false) {
                links(server, &way).await;
                refusals(server, &way).await;
            }
        },
    );
}

#[test]
fn where_the_world_knows_another_address() {
    let set = |settings: &mut Settings| settings.public_url = PUBLIC.to_owned();
    on_each_engine_with(set, async |server| {
        for way in Way::all(server, true) {
            links(server, &way).await;
            refusals(server, &way).await;
            share(server, &way).await;
        }
    });
}

#[test]
fn at_the_root() {
    let set = |settings: &mut Settings| settings.default_dialect = "mediapocket".to_owned();
    on_each_engine_with(set, async |server| {
        let way = Way { before: "", host: None, base: format!("http://{}", server.address) };
        links(server, &way).await;
        refusals(server, &way).await;
    });
}

/// The account with an asset that looks like the printed one, and what the printed request creates for it.
async fn create<'a>(server: &'a Server, way: &Way) -> (Account<'a>, Answer) {
    let account = Account::new(server).await;
    let asset = account.asset("anything.test_key", b"the bytes").await;
    let media_id = account.media_id(&asset).await.to_string();
    let example = Example::of(CREATE).with("b5Iix0ul_b2bTnT23Jo-", asset["id"].as_str().unwrap());
    let example = example.with("\"media_id\": 4", &format!("\"media_id\": {media_id}"));
    let answer = way.send(&account, &example, example.path).await;
    (account, answer)
}

async fn links(server: &Server, way: &Way) {
    let (account, answer) = create(server, way).await;
    let (sample, link) = (Example::of(CREATE).answer, answer.json());
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&link), keys(&serde_json::from_str(&sample).unwrap()));
    assert_literal(&keyless(&sample, THEIR_BASE), &keyless_value(&link, &way.base), NO_EXTRAS, &[]);
    let key = link["url"].as_str().unwrap().rsplit('/').next().unwrap();
    // The printed file name; `follow` looks at the rest.
    let named = Example::of(CREATE).with("test_file", "Asset_file_name");
    let asset = account.asset("another.test_key", b"the bytes").await;
    let named = named.with("b5Iix0ul_b2bTnT23Jo-", asset["id"].as_str().unwrap());
    let media = format!("\"media_id\": {}", account.media_id(&asset).await);
    let named = way.send(&account, &named.with("\"media_id\": 4", &media), "/api/v2/shareable_links").await.json();
    assert_ne!(named["url"].as_str().unwrap().rsplit('/').next().unwrap(), key);
    follow(&account, way, named["url"].as_str().unwrap()).await;
}

/// "Successful request" of the link: who follows it has the key, as printed, or none.
async fn follow(account: &Account<'_>, way: &Way, url: &str) {
    let example = Example::of(FOLLOW);
    let path = url.strip_prefix(&way.base).unwrap_or_else(|| panic!("{url} is not below {}", way.base));
    assert_eq!(path.rsplit_once('/').unwrap().0, example.path.rsplit_once('/').unwrap().0);
    let anybody = way.ask(account.server, "GET", path).send().await.expect(302);
    for answer in [way.send(account, &example, path).await, anybody] {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{answer}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{answer}");
        let body = String::from_utf8(answer.body.clone()).unwrap();
        assert_eq!(normal_redirect(&body), normal_redirect(&example.answer));
        let location = answer.header("location");
        // Of all that HTML escapes, only the ampersand is in such a URL.
        let shown = location.replace('&', "&amp;");
        assert_eq!(
            body,
            format!("<html><body>You are being <a href=\"{shown}\">redirected</a>.</body></html>"),
            "{answer}"
        );
        assert!(location.starts_with(&way.base), "{location} is not below {}", way.base);
        let saved = way.fetch(account.server, location).await.expect(200);
        assert_eq!(saved.body, b"the bytes");
        assert_eq!(saved.header("content-disposition"), "attachment; filename=Asset_file_name.test_key");
    }
}

/// The printed refusals, and that `share` is no key.
async fn refusals(server: &Server, way: &Way) {
    let account = Account::new(server).await;
    for printed in [NOT_FOUND, CREATE_INVALID, SHARE_INVALID] {
        let example = Example::of(printed);
        let answer = way.send(&account, &example, example.path).await;
        let expected: Value = serde_json::from_str(&example.answer).unwrap();
        assert_eq!(answer.json(), expected);
        assert_eq!(answer.body, expected.to_string().into_bytes(), "{answer}");
    }
    let not_found: Value = serde_json::from_str(&Example::of(NOT_FOUND).answer).unwrap();
    for key in ["invalid_key", "share"] {
        let answer = way.ask(server, "GET", &format!("/api/v2/shareable_links/{key}")).send().await.expect(404);
        assert_eq!(answer.json(), not_found);
    }
    // Its answer is that of sharing, and not that there is no such route.
    let nothing = way.ask(server, "POST", "/api/v2/shareable_links/share").header("X-API-KEY", &account.key);
    let answer = nothing.body("application/json", "{}").send().await.expect(422);
    assert_eq!(answer.json()["error"], "Missing parameter recipients");
}

async fn share(server: &Server, way: &Way) {
    let (account, answer) = create(server, way).await;
    let id = answer.json()["id"].to_string();
    let example = Example::of(SHARE).with("\n    2\n", &format!("\n    {id}\n"));
    let answer = way.send(&account, &example, example.path).await;
    let expected: Value = serde_json::from_str(&example.answer).unwrap();
    assert_eq!(answer.body, expected.to_string().into_bytes(), "{answer}");
    answer.json();
}

#[test]
fn by_a_real_client() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let account = Account::new(server).await;
            let asset = account.asset("anything.jpg", b"the bytes").await;
            let media = format!("\"media_id\": {}", account.media_id(&asset).await);
            let example = Example::of(CREATE).with("b5Iix0ul_b2bTnT23Jo-", asset["id"].as_str().unwrap());
            let example = example.with("\"media_id\": 4", &media);
            let resolve = format!("{HOST}:{}:127.0.0.1", server.address.port());
            let key = format!("X-API-KEY: {}", account.key);
            let headers = ["--resolve", &resolve, "--header", &key, "--header", "Content-Type: application/json"];
            let post = [&headers[..], &["--request", example.method, "--data-binary", &example.body]].concat();
            let url = format!("http://{HOST}:{}{}", server.address.port(), example.path);
            let link = curl(&post, &url).expect(200).json();
            let link = link["url"].as_str().unwrap();
            assert!(link.starts_with(&url), "{link}");
            // A browser that follows it, without any key: the second answer is the file.
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path().to_str().unwrap();
            let arguments = ["--resolve", &resolve, "--location", "--remote-name", "--remote-header-name"];
            let saved = std::process::Command::new("curl")
                .args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--output-dir", folder])
                .args(arguments)
                .arg(link)
                .status();
            assert!(saved.unwrap().success(), "{link}");
            let found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].file_name().unwrap(), "test_file.jpg");
            assert_eq!(std::fs::read(&found[0]).unwrap(), b"the bytes");
        },
    );
}

/// A link's object with its base as the seed's, and without its key, which is a UUID of version 4.
fn keyless(text: &str, base: &str) -> String {
    keyless_value(&serde_json::from_str(text).unwrap(), base).to_string()
}

fn keyless_value(link: &Value, base: &str) -> Value {
    let mut link = link.clone();
    let url = link["url"].as_str().unwrap();
    let path = url.strip_prefix(base).unwrap_or_else(|| panic!("{url} is not below {base}"));
    let (path, key) = path.rsplit_once('/').unwrap();
    let form = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    let fits = |(byte, form): (u8, u8)| match form {
        b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        b'y' => b"89ab".contains(&byte),
        form => byte == form,
    };
    assert!(key.len() == form.len() && key.bytes().zip(form.bytes()).all(fits), "{key} is no UUID of version 4");
    link["url"] = format!("{THEIR_BASE}{path}/<key>").into();
    link
}

/// The body of a redirect without the host and path of what it leads to, the id of the key, the time and the signature; the order of
/// the parameters, their escapes and all else stays.
fn normal_redirect(body: &str) -> String {
    let (before, rest) = body.split_once("href=\"").unwrap();
    let (url, after) = rest.split_once('"').unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let digits = |text: &str, form: &str| {
        text.len() == form.len()
            && text
                .bytes()
                .zip(form.bytes())
                .all(|(byte, form)| if form == b'd' { byte.is_ascii_digit() } else { byte == form })
    };
    let pairs = query.split("&amp;").map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        let value = match name {
            "X-Amz-Credential" => {
                let parts: Vec<&str> = value.split("%2F").collect();
                assert!(parts.len() == 5 && !parts[0].is_empty() && digits(parts[1], "dddddddd"), "{value}");
                format!("<id>%2F<day>%2F{}", parts[2..].join("%2F"))
            }
            "X-Amz-Date" if digits(value, "ddddddddTddddddZ") => "<time>".to_owned(),
            "X-Amz-Signature" if value.len() == 64 && value.bytes().all(|b| b"0123456789abcdef".contains(&b)) => {
                "<signature>".to_owned()
            }
            _ => value.to_owned(),
        };
        format!("{name}={value}")
    });
    format!("{before}href=\"<object>?{}\"{after}", pairs.collect::<Vec<_>>().join("&amp;"))
}
