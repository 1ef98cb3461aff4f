//! API keys that are made, shown once, and taken back at once; and whose they are.

use library::{Right, Rights};
use serde_json::{Value, json};

use super::{
    Account,
    account::ask,
    assets::{call, project, says},
};
use crate::support::{Server, on_each_engine, organizations::system};

const KEYS: &str = "/api/v2/user/api_keys";

/// Makes a key; its object and the key itself.
async fn make(account: &Account<'_>, body: &Value) -> (Value, String) {
    let made = account.post(KEYS, body).await.expect(200).json()["api_key"].clone();
    let key = made["key"].as_str().unwrap().to_owned();
    (made, key)
}

/// What a key is answered with.
async fn status(server: &Server, key: &str) -> u16 {
    ask(server, "GET", "/api/v2/user").header("X-API-KEY", key).send().await.status
}

#[test]
fn a_key_is_made_and_shown_once() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let (made, key) = make(&account, &json!({ "name": "For the website" })).await;
        assert_eq!(made.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name", "created_date", "key"]);
        assert_eq!(
            (&made["name"], &made["created_date"]),
            (&json!("For the website"), &json!("2023-11-14T22:13:20.000Z"))
        );
        let (public, secret) = key.split_once('.').unwrap();
        for (part, length) in [(public, 5), (secret, 58)] {
            assert!(part.len() == length && part.bytes().all(|b| b.is_ascii_alphanumeric()), "{key}");
        }
        assert_eq!(status(server, &key).await, 200);
        let listed = account.ask("GET", KEYS).send().await.expect(200);
        let last = listed.json()["api_keys"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name", "created_date"]);
        assert_eq!(last["id"], made["id"]);
        let shown = String::from_utf8_lossy(&listed.body).into_owned();
        assert!(!shown.contains(secret) && !shown.contains(&account.key), "{shown}");
        // Each is another, also those without a name.
        let mut seen = vec![key];
        for body in [json!({}), json!({ "name": "" }), json!({ "name": "For the website" })] {
            let (made, key) = make(&account, &body).await;
            assert!(!seen.contains(&key) && made["name"].as_str().is_some_and(|name| !name.is_empty()), "{made}");
            seen.push(key);
        }
        for (body, words) in [
            (json!({ "name": 5 }), "Invalid parameter 'name' value 5: Must be a String"),
            (json!({ "name": null }), "Invalid parameter 'name' value nil: Must be a String"),
        ] {
            says(account.post(KEYS, &body).await, 422, words);
        }
    });
}

#[test]
fn a_key_dies_the_moment_it_is_taken_back() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let (made, key) = make(&account, &json!({})).await;
        let by_key = Account { server, organization: account.organization.clone(), key: key.clone() };
        let id = project(&by_key, "made by it").await;
        assert_eq!(account.get(&format!("/api/v2/projects/{id}")).await["project"]["owner"], "somebody@example.com");
        let target = format!("{KEYS}/{}", made["id"]);
        assert_eq!(call(&account, "POST", &target).await.expect(200).json(), json!({ "ok": "ok" }));
        assert_eq!(status(server, &key).await, 401);
        says(call(&by_key, "GET", &format!("/api/v2/projects/{id}")).await, 401, "Unauthorized");
        says(call(&account, "POST", &target).await, 404, "api key not found");
        assert_eq!(account.get(KEYS).await["api_keys"].as_array().unwrap().len(), 1);
        // It may take itself back.
        let (made, key) = make(&account, &json!({})).await;
        let by_key = Account { server, organization: account.organization.clone(), key };
        call(&by_key, "POST", &format!("{KEYS}/{}", made["id"])).await.expect(200);
        says(call(&by_key, "GET", KEYS).await, 401, "Unauthorized");
        account.get(&format!("/api/v2/projects/{id}")).await;
    });
}

#[test]
fn a_key_may_no_more_than_the_one_that_made_it() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let organization = &account.organization;
        let folder =
            server.folder(&organization.token, "only here", json!({ "organizationId": organization.id })).await;
        let outside = project(&account, "outside").await;
        let confined = Account::with(server, organization.clone(), Rights::CHANGE, Some(folder)).await;
        let (_, key) = make(&confined, &json!({})).await;
        let child = Account { server, organization: organization.clone(), key };
        says(call(&child, "GET", &format!("/api/v2/projects/{outside}")).await, 403, "Forbidden");
        child.get(&format!("/api/v2/projects/{folder}")).await;
        let reader = Account::with(server, organization.clone(), Rights::READ, None).await;
        let (made, key) = make(&reader, &json!({})).await;
        let child = Account { server, organization: organization.clone(), key };
        says(child.post("/api/v2/projects", &json!({ "title": "t" })).await, 403, "Forbidden");
        // Nor does it take back what may more than it, though that is the same person's.
        let listed = account.get(KEYS).await["api_keys"].as_array().unwrap().clone();
        let first = format!("{KEYS}/{}", listed[0]["id"]);
        for weaker in [&reader, &child, &confined] {
            says(call(weaker, "POST", &first).await, 403, "Forbidden");
        }
        assert_eq!(status(server, &account.key).await, 200);
        call(&reader, "POST", &format!("{KEYS}/{}", made["id"])).await.expect(200);
        let more = Account::with(server, organization.clone(), Rights::READ.with(Right::Create), None).await;
        assert_eq!(status(server, &more.key).await, 200);
    });
}

#[test]
fn keys_are_ones_own() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let stranger = Account::new(server).await;
        let listed =
            |keys: &Value| keys["api_keys"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect::<Vec<_>>();
        let (ours, theirs) = (listed(&account.get(KEYS).await), listed(&stranger.get(KEYS).await));
        assert_eq!((ours.len(), theirs.len()), (1, 1));
        for id in [theirs[0].to_string(), "999999".to_owned(), "x".to_owned(), "0".to_owned(), "-1".to_owned()] {
            says(call(&account, "POST", &format!("{KEYS}/{id}")).await, 404, "api key not found");
        }
        // Nor one of another dialect, be it the same person's: Fliplet's is the first of the account.
        for id in 1..ours[0].as_i64().unwrap() {
            says(call(&account, "POST", &format!("{KEYS}/{id}")).await, 404, "api key not found");
        }
        assert_eq!(status(server, &stranger.key).await, 200);
        let listed = server.fliplet("GET", &format!("/v1/media?{}", account.organization.here()));
        listed.token(&account.organization.token).send().await.expect(200);
        let own = account.get("/api/v2/user").await;
        assert_eq!(
            (&own["user"]["email"], &own["user"]["id"]),
            (&json!("somebody@example.com"), &json!(account.organization.user_id))
        );
        assert_eq!(account.get("/api/v2/users").await, json!({ "users": [own["user"]] }));
        // Who is shut out has no keys.
        server.library.disable_user(&system(), account.organization.id, account.organization.user_id).await.unwrap();
        assert_eq!(status(server, &account.key).await, 401);
        assert_eq!(status(server, &stranger.key).await, 200);
    });
}
