//! Links that ask for a password, made at the command line: programs are told, people are asked, and only the right one counts.

mod page;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    Account,
    account::{ask, target_of},
    mail::world::{add_service_user, mediary, uses},
};
use crate::support::{Answer, NOW_MS, Server, on_each_engine};

const PASSWORD: &str = "Größe & Co = 100%";
const DEAD: &str = "Link not found or has expired";

/// A file of an account's; its integer id.
async fn a_file(account: &Account<'_>, name: &str, bytes: &[u8]) -> i64 {
    add_service_user(account).await;
    let organization = &account.organization;
    let file = account.server.upload(&organization.token, &organization.here(), name, bytes).await;
    file["id"].as_i64().unwrap()
}

/// `mediary link create` for a new file, with a password; the link as it is printed.
async fn a_locked_link(account: &Account<'_>, more: &[&str]) -> Value {
    let id = a_file(account, "paper.txt", b"the paper").await.to_string();
    let link = mediary(account.server, &[&["link", "create", &id, "--password", PASSWORD], more].concat());
    assert_eq!((&link["password"], &link["uses"], &link["revoked"]), (&json!(true), &json!(0), &json!(false)));
    assert!(!link.to_string().contains("argon2") && link.get("key").is_none(), "{link}");
    link
}

fn encoded(password: &str) -> String {
    let bytes: String = password.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("password={bytes}")
}

async fn post_form(server: &Server, link: &Value, body: &str, accept: &str) -> Answer {
    let ask = ask(server, "POST", &format!("{}/open", target_of(link))).header("Accept", accept);
    ask.body("application/x-www-form-urlencoded", body).send().await
}

async fn post_json(server: &Server, link: &Value, body: &Value) -> Answer {
    ask(server, "POST", &format!("{}/open", target_of(link))).json(body).send().await
}

#[track_caller]
fn assert_redirects(answer: Answer) -> String {
    let answer = answer.expect(302);
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-cache", "no-referrer"));
    answer.header("location").to_owned()
}

#[track_caller]
fn assert_asks(answer: Answer, again: bool) {
    let answer = answer.expect(403);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.split("; ").any(|known| known == part), "{part} is not in {policy}");
    }
    let page = String::from_utf8(answer.body.clone()).unwrap();
    assert_eq!(page.contains("role=\"alert\""), again, "{page}");
    assert!(page.contains("<input id=\"password\"") && !page.contains("paper"), "{page}");
}

#[test]
fn programs_are_told_and_people_are_asked() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let link = a_locked_link(&account, &["--limit", "5"]).await;
        for accept in ["", "*/*", "application/json"] {
            let get = ask(server, "GET", &target_of(&link)).header("Accept", accept);
            let answer = get.send().await.expect(403);
            assert_eq!(answer.body, br#"{"error":"Password required"}"#);
            assert_eq!(answer.header("location"), "");
        }
        // Whoever has a key is asked as well.
        account.ask("GET", &target_of(&link)).send().await.expect(403);
        ask(server, "HEAD", &target_of(&link)).send().await.expect(403);
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert_asks(ask(server, "GET", &target_of(&link)).header("Accept", browser).send().await, false);
        assert_eq!(uses(&account, &link).await, 0);
    });
}

#[test]
fn only_the_right_password_counts() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let link = a_locked_link(&account, &["--limit", "2", "--name", "our paper"]).await;
        assert_eq!((&link["limit"], &link["name"]), (&json!(2), &json!("our paper")));
        let huge = "x".repeat(300_000);
        let upper = PASSWORD.to_uppercase();
        for wrong in ["wrong", upper.as_str(), &format!("{PASSWORD} "), &huge, "%00", "' or 1=1 --"] {
            let answer = post_json(server, &link, &json!({ "password": wrong })).await.expect(403);
            assert_eq!(answer.json(), json!({ "error": "Password required" }));
            assert_asks(post_form(server, &link, &encoded(wrong), "text/html").await, true);
        }
        for (blank, words) in [
            (json!({}), "Missing parameter password"),
            (json!({ "password": "" }), "Invalid parameter 'password' value nil: Must be a String"),
            (json!({ "password": null }), "Invalid parameter 'password' value nil: Must be a String"),
            (json!({ "password": 5 }), "Invalid parameter 'password' value 5: Must be a String"),
            (json!({ "password": [PASSWORD] }), "Must be a String"),
        ] {
            let answer = post_json(server, &link, &blank).await.expect(422);
            assert!(answer.json()["error"].as_str().unwrap().contains(words), "{answer}");
        }
        // Whoever sends an empty field in a browser is asked again.
        for body in ["password=", "password=+", "", "other=1"] {
            assert_asks(post_form(server, &link, body, "text/html").await, true);
            post_form(server, &link, body, "application/json").await.expect(422);
        }
        let answer = post_json(server, &link, &json!({ "password": "x".repeat(1024 * 1024) })).await.expect(400);
        assert_eq!(answer.json(), json!({ "error": "The request body is too large" }));
        assert_eq!(uses(&account, &link).await, 0);

        let location = assert_redirects(post_json(server, &link, &json!({ "password": PASSWORD })).await);
        let target = location.strip_prefix(&format!("http://{}", server.address)).unwrap();
        let file = server.ask("GET", target).send().await.expect(200);
        assert_eq!(file.body, b"the paper");
        let name = "attachment; filename=\"our paper.txt\"; filename*=UTF-8''our%20paper.txt";
        assert_eq!(file.header("content-disposition"), name);
        assert_redirects(post_form(server, &link, &encoded(PASSWORD), "text/html").await);
        assert_eq!(uses(&account, &link).await, 2);
        // Once it is used up, nobody is told that a password would have opened it.
        for password in [PASSWORD, "wrong"] {
            let answer = post_form(server, &link, &encoded(password), "text/html").await.expect(404);
            assert_eq!(answer.json(), json!({ "error": DEAD }));
        }
        let answer = ask(server, "GET", &target_of(&link)).header("Accept", "text/html").send().await.expect(404);
        assert_eq!(answer.json(), json!({ "error": DEAD }));
    });
}

#[test]
fn dead_and_unknown_links_ask_for_nothing() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let link = a_locked_link(&account, &[]).await;
        let tenant = account.organization.id.to_string();
        assert_redirects(post_json(server, &link, &json!({ "password": PASSWORD })).await);
        let said = mediary(server, &["link", "revoke", "--tenant", &tenant, &link["id"].to_string()]);
        assert_eq!(said, json!({ "id": link["id"], "revoked": true }));
        let unknown = json!({ "url": "/api/v2/shareable_links/00000000-0000-4000-8000-000000000000" });
        let odd = json!({ "url": "/api/v2/shareable_links/invalid_key" });
        for link in [&link, &unknown, &odd] {
            for password in [PASSWORD, "wrong"] {
                let answer = post_json(server, link, &json!({ "password": password })).await.expect(404);
                assert_eq!(answer.json(), json!({ "error": DEAD }));
            }
            let answer = ask(server, "GET", &target_of(link)).header("Accept", "text/html").send().await.expect(404);
            assert_eq!(answer.json(), json!({ "error": DEAD }));
        }
        let listed = mediary(server, &["link", "list", "--tenant", &tenant]);
        assert_eq!(
            (listed.as_array().unwrap().len(), &listed[0]["revoked"], &listed[0]["uses"]),
            (1, &json!(true), &json!(1))
        );
    });
}

#[test]
fn of_twenty_who_know_it_at_once_five_get_in() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let link = a_locked_link(&account, &["--limit", "5"]).await;
        let body = json!({ "password": PASSWORD });
        let answers = join_all((0..20).map(|_| post_json(server, &link, &body))).await;
        let (given, kept): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status == 302);
        assert_eq!((given.len(), kept.len()), (5, 15));
        for answer in kept {
            assert_eq!(answer.expect(404).json(), json!({ "error": DEAD }));
        }
        assert_eq!(uses(&account, &link).await, 5);
        let tenant = account.organization.id.to_string();
        let visits = mediary(server, &["link", "visits", "--tenant", &tenant, &link["id"].to_string()]);
        let count =
            |outcome: &str| visits.as_array().unwrap().iter().filter(|visit| visit["outcome"] == outcome).count();
        assert_eq!((count("followed"), count("refused")), (5, 15), "{visits}");
        assert_eq!((&visits[0]["address"], &visits[0]["at_ms"]), (&json!("127.0.0.1"), &json!(NOW_MS)));
    });
}

#[test]
fn the_password_is_in_no_log() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let link = a_locked_link(&account, &[]).await;
        let secret = "abracadabra";
        post_json(server, &link, &json!({ "password": secret })).await.expect(403);
        post_form(server, &link, &encoded(secret), "text/html").await.expect(403);
        // Whoever sends it in the wrong place.
        let target = target_of(&link);
        ask(server, "GET", &format!("{target}?password={secret}")).send().await.expect(403);
        ask(server, "GET", &format!("{target}?%70assword={secret}")).send().await.expect(403);
        let open = ask(server, "POST", &format!("{target}/open?password={secret}"));
        open.json(&json!({ "password": "wrong" })).send().await.expect(403);
        assert_redirects(post_json(server, &link, &json!({ "password": PASSWORD })).await);
        server.stop().await;
        let log = server.access_log();
        assert!(log.contains("shareable_links/***/open"), "{log}");
        let key = target.rsplit('/').next().unwrap();
        for hidden in [secret, "Größe", "%c3%b6", key] {
            assert!(!log.contains(hidden), "{hidden} is in {log}");
        }
    });
}

#[test]
fn the_command_line_takes_no_nonsense() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let id = a_file(&account, "paper.txt", b"the paper").await.to_string();
        let tenant = account.organization.id.to_string();
        let long = "x".repeat(256);
        for (arguments, words) in [
            (vec!["link", "create", &id, "--password", ""], "a password is not blank"),
            (vec!["link", "create", &id, "--password", "  "], "a password is not blank"),
            (vec!["link", "create", &id, "--name", " "], "a file has a name"),
            (vec!["link", "create", &id, "--name", &long], "a name has 255 bytes at most"),
            (vec!["link", "create", &id, "--limit", "0"], "0 is not in 1.."),
            (vec!["link", "create", &id, "--days", "0"], "0 is not in 1..=36500"),
            (vec!["link", "create", "999999"], "mediary: "),
            (vec!["link", "create", "x"], "invalid value 'x'"),
            (vec!["link", "visits", "--tenant", &tenant, "999999"], "mediary: "),
            (vec!["link", "revoke", "--tenant", &tenant, "999999"], "mediary: "),
            (vec!["link", "revoke", "--tenant", "999999", "1"], "mediary: "),
        ] {
            let output = server.command(&arguments).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
            assert!(said.contains(words) && !said.contains("panicked"), "{arguments:?}: {said}");
        }
        assert_eq!(mediary(server, &["link", "list", "--tenant", &tenant]), json!([]));
        // Made without a bound it has none, and it is the file's name that it is saved under.
        let link = mediary(server, &["link", "create", &id]);
        let none = (&Value::Null, &Value::Null, &json!("paper.txt"), &json!(false));
        assert_eq!((&link["limit"], &link["expires_ms"], &link["name"], &link["password"]), none);
        assert_redirects(ask(server, "GET", &target_of(&link)).send().await);
    });
}
