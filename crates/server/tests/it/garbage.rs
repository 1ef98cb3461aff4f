//! Made-up requests by the hundred: targets, JSON bodies, forms and bare bytes. Whatever comes, it is answered in the API's
//! words with anything but a 500, and the server is well afterwards.

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, runtime::Handle, task::block_in_place};

use crate::support::{
    Answer, Ask, Organization, Server,
    client::{Place, exchange_and_close},
    forms::{BOUNDARY, content_type},
    on_each_engine, pictures,
};

/// Puts made-up values to a case, as many as `cases`, on each engine.
fn each<S: Strategy>(
    cases: u32,
    strategy: impl Fn(&Organization) -> S,
    case: impl AsyncFn(&Server, S::Value) -> Verdict,
) {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (token, here) = (&organization.token, organization.here());
        let file = server.upload(token, &here, "foo.jpg", &pictures::jpeg(60, 40)).await;
        let folder = server.folder(token, "Folder", json!({ "appId": organization.app_id })).await;
        let ids = (file["id"].as_i64(), organization.id, organization.app_id, folder);
        assert_eq!(ids, (Some(1), 1, 2, 3), "the made-up requests below name these");
        let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
        let outcome = block_in_place(|| {
            let put = |value| Handle::current().block_on(case(server, value));
            TestRunner::new(config).run(&strategy(&organization), put)
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
        server.ask("GET", "/readyz").send().await.expect(200);
        server.listed(token, &here).await;
    });
}

type Verdict = Result<(), TestCaseError>;

/// Not a 500, and in words if it refuses.
fn judge(answer: &Answer, to_head: bool) -> Verdict {
    prop_assert!(answer.status < 500, "{}", answer);
    if answer.status >= 400 && !to_head {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        prop_assert!(body["error"].is_string() && body["message"].is_string(), "{}", answer);
    }
    Ok(())
}

/// Bytes that may stand in a target as clients write it: no spaces, no controls, nothing that ends it.
fn target_bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![8 => b'!'..=b'~', 1 => 0x80_u8..=0xff, 1 => Just(b'%')];
    prop::collection::vec(byte, 0..longest)
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec())
}

fn segments() -> impl Strategy<Value = Vec<u8>> {
    let known = word(&[
        "v1",
        "media",
        "files",
        "folders",
        "contents",
        "thumb",
        "zip",
        "apps",
        "organizations",
        "1",
        "2",
        "foo.jpg",
        "foo-618-033-9887.jpg",
        "..",
        ".",
        "",
        "%2e%2e",
        "4294967296",
        "-1",
        "%00",
        "%FF",
        "deleted",
        "search",
        "restore",
        "accessRules",
        "aggregate",
        "user",
        "tokens",
    ]);
    let whole = word(&[
        "v1/media",
        "v1/media/files",
        "v1/media/folders",
        "v1/media/zip",
        "v1/media/files/1/contents/foo.jpg",
        "v1/media/files/1",
        "v1/media/folders/3",
        "v1/media/files/1/thumb/preview.jpg",
        "v1/media/files/1/contents",
        "v1/media/files/1/accessRules",
        "v1/media/organizations/1/accessRules",
        "v1/media/files/1/restore",
        "v1/media/deleted",
        "v1/media/deleted/files/1",
        "v1/media/search",
        "v1/apps/2",
        "v1/user",
        "v1/organizations",
    ]);
    let some =
        prop::collection::vec(prop_oneof![4 => known, 1 => target_bytes(12)], 0..7).prop_map(|all| all.join(&b'/'));
    prop_oneof![3 => whole, 1 => some]
}

fn query() -> impl Strategy<Value = Vec<u8>> {
    let key = prop_oneof![
        6 => word(&["appId", "organizationId", "folderId", "type", "cdn", "files", "folders", "size", "format", "quality", "name", "id", "page", "limit", "deletedOnly"]),
        1 => target_bytes(8),
    ];
    let value = prop_oneof![
        4 => word(&[
            "1", "2", "1,2", "0", "-1", "", "null", "undefined", "640>?", "320!320", "50%", "large", "webp", "jpg", "80",
            "1%2C2", "%00", "%FF%FE", "images", "jpg,png", "99999999999999999999", "1e9", "true", "%E2%80%AE",
        ]),
        1 => target_bytes(20),
    ];
    let pair = (key, value).prop_map(|(key, value)| [key, value].join(&b'='));
    let pair = prop_oneof![1 => word(&["organizationId=1", "appId=2", "size=20>?"]), 3 => pair];
    prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join(&b'&'))
}

#[test]
fn targets() {
    let made_up = |organization: &Organization| {
        let method = prop::sample::select(vec!["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
        (method, segments(), query(), Just(organization.token.clone()))
    };
    each(400, made_up, async |server, (method, path, query, token)| {
        let target = [b"/fliplet/", &path[..], b"?", &query].concat();
        let answer = Ask::at(Place::Tcp(server.address), method, &target).token(&token).send().await;
        judge(&answer, method == "HEAD")
    });
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u32..5).prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        "[\u{0}-\u{1f}\u{202a}-\u{202e}/\\\\a-c]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

#[test]
fn folders() {
    let made_up = |organization: &Organization| {
        let (token, id) = (organization.token.clone(), organization.id);
        let names = prop::sample::subsequence(vec!["name", "parentId", "appId", "organizationId", "folderId"], 0..=5);
        let values = prop::collection::vec(json_value(), 5);
        let object = (names, values)
            .prop_map(|(names, values)| Value::Object(names.into_iter().map(str::to_owned).zip(values).collect()));
        // One that is close to right: only the name is anything.
        let name = prop_oneof![1 => json_value(), 2 => ".{0,20}".prop_map(Value::from)];
        let named = name.prop_map(move |name| json!({ "name": name, "organizationId": id }));
        let text = prop_oneof![3 => object.prop_map(|value| value.to_string()), 3 => named.prop_map(|value| value.to_string()), 1 => ".{0,60}"];
        (text, Just(token))
    };
    each(300, made_up, async |server, (body, token)| {
        let ask = server.fliplet("POST", "/v1/media/folders").token(&token);
        judge(&ask.body("application/json", body).send().await, false)
    });
}

/// Names, places, flags, searches and rules: whatever stands in a body, wherever one is read.
#[test]
fn bodies() {
    let made_up = |organization: &Organization| {
        let targets = [
            "PUT files/1",
            "PUT folders/3",
            "POST files/aggregate",
            "POST search",
            "PUT files/1/accessRules",
            "PUT apps/2/accessRules",
            "PUT organizations/1/accessRules",
        ];
        let keys =
            ["name", "parentId", "appId", "isOrganizationMedia", "files", "attributes", "id", "limit", "deletedOnly"];
        let fields = (prop::sample::subsequence(keys.to_vec(), 0..=4), prop::collection::vec(json_value(), 4));
        let fields = fields.prop_map(|(keys, values)| keys.into_iter().map(str::to_owned).zip(values).collect());
        // Close to right: some of a rule is anything.
        let words = prop::sample::select(vec!["type", "allow", "enabled", "stop", "appId", "name", "script"]);
        let rule = (words, json_value()).prop_map(|(key, value)| {
            let mut rule = json!({ "type": ["read"], "allow": { "user": { "Role": { "equals": "admin" } } } });
            rule[key] = value;
            rule
        });
        let rules = prop::collection::vec(prop_oneof![4 => rule, 1 => json_value()], 0..4);
        let rules = prop_oneof![4 => rules.prop_map(Value::from), 1 => json_value()];
        let body = prop_oneof![
            fields.prop_map(Value::Object),
            rules.prop_map(|rules| json!({ "accessRules": rules })),
            json_value(),
        ];
        (prop::sample::select(targets.to_vec()), body, Just(organization.token.clone()))
    };
    each(500, made_up, async |server, (target, body, token)| {
        let (method, target) = target.split_once(' ').unwrap();
        let ask = server.fliplet(method, &format!("/v1/media/{target}")).token(&token);
        judge(&ask.json(&body).send().await, false)
    });
}

#[test]
fn forms() {
    let made_up = |organization: &Organization| {
        let (token, context) = (organization.token.clone(), organization.here());
        let piece = prop_oneof![
            4 => Just(format!("\r\n--{BOUNDARY}\r\n").into_bytes()),
            1 => Just(format!("--{BOUNDARY}").into_bytes()),
            1 => Just(format!("\r\n--{BOUNDARY}--").into_bytes()),
            2 => word(&["\r\n", "\r\n\r\n", "--", "\n", "\0", "Content-Type: image/png\r\n", "Content-Type: \u{fffd};;=\r\n"]),
            4 => "Content-Disposition: form-data; name=\"(name|files)\\[[0-9]\\]\"(; filename=\"[^\"]{0,12}\")?\r\n\r\n".prop_map(String::into_bytes),
            1 => "Content-Disposition: .{0,30}\r\n\r\n".prop_map(String::into_bytes),
            2 => prop::collection::vec(any::<u8>(), 0..60),
        ];
        let body = prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat());
        let close =
            any::<bool>().prop_map(|close| if close { format!("\r\n--{BOUNDARY}--\r\n") } else { String::new() });
        (body, close, Just((token, context)))
    };
    each(300, made_up, async |server, (body, close, (token, context))| {
        let body = [format!("--{BOUNDARY}\r\n").as_bytes(), &body, close.as_bytes()].concat();
        let ask = server.fliplet("POST", &format!("/v1/media/files?{context}")).token(&token);
        judge(&ask.body(&content_type(), body).send().await, false)
    });
}

#[test]
fn bare_bytes() {
    let made_up = |organization: &Organization| {
        let token = format!("Auth-token: {}\r\n", organization.token).into_bytes();
        let piece = prop_oneof![
            2 => word(&[
                "GET /fliplet/v1/media HTTP/1.1\r\n", "POST /fliplet/v1/media/files?appId=2 HTTP/1.1\r\n", "Host: a\r\n",
                "HEAD / HTTP/1.0\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: chunked\r\n",
                "\r\n", "5\r\nabcde\r\n", "0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Expect: 100-continue\r\n", "Range: bytes=0-\r\n",
                "GET http://a/fliplet/v1/media HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n", "Upgrade: h2c\r\n", "OPTIONS * HTTP/1.1\r\n",
            ]),
            1 => Just(token),
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ];
        prop::collection::vec(piece, 1..10).prop_map(|pieces| pieces.concat())
    };
    each(300, made_up, async |server, bytes| {
        let heard = exchange_and_close(TcpStream::connect(server.address).await.unwrap(), &bytes).await;
        let heard = String::from_utf8_lossy(&heard);
        prop_assert!(!heard.contains("HTTP/1.1 5") || heard.contains("HTTP/1.1 505"), "{heard}");
        Ok(())
    });
}
