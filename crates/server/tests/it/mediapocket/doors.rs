//! Every route that wants a key, and callers who should not get through it: nobody, a wrong key, one of another dialect's, one that is
//! over, one that was taken back, another customer's, a key without rights, a colleague's key for another folder.

mod paths;

use std::sync::atomic::Ordering;

use library::{NewPerson, Rights, TokenWish};
use serde_json::{Value, json};

use super::{Account, account::ask};
use crate::support::{
    Answer, Ask, NOW_MS, Organization, Server, on_each_engine_with, organizations::system, routes_of,
};

/// Where the URL is the credential.
const WITHOUT_KEY: &[(&str, &str)] = &[
    ("GET", "/api/v2/shareable_links/{key}"),
    ("POST", "/api/v2/shareable_links/{key}/open"),
    ("GET", "/s3/{bucket}/{*key}"),
];

/// A request that its owner is answered with 200.
struct Knock {
    method: &'static str,
    route: &'static str,
    /// With names in braces for what is ours.
    target: &'static str,
    /// JSON, with names in braces too; none where it is empty.
    body: &'static str,
    /// What strangers are answered with.
    strangers: Strangers,
}

enum Strangers {
    /// What the path names: 404 for another customer, 403 for those without the right or beyond their folder.
    NotThere,
    /// What the body names: 400 instead of 404.
    NotThereInBody,
    /// A collection, which lies in no folder: 404 for colleagues who were not let in.
    NotForThem,
    /// A list in which nothing of ours is.
    Nothing,
    /// Nothing is named: they make something of their own.
    TheirOwn,
    /// Who asks is told of themselves, whatever their rights.
    Themselves,
    /// Links in a body, that are not there for all who may not see what they lead to.
    NoLinks,
}

use Strangers::{NoLinks, NotForThem, NotThere, NotThereInBody, Nothing, TheirOwn, Themselves};

const fn get(route: &'static str, target: &'static str, strangers: Strangers) -> Knock {
    Knock { method: "GET", route, target, body: "", strangers }
}

const fn post(route: &'static str, target: &'static str, body: &'static str, strangers: Strangers) -> Knock {
    Knock { method: "POST", route, target, body, strangers }
}

const fn put(route: &'static str, target: &'static str, body: &'static str, strangers: Strangers) -> Knock {
    Knock { method: "PUT", route, target, body, strangers }
}

const fn delete(route: &'static str, target: &'static str, strangers: Strangers) -> Knock {
    Knock { method: "DELETE", route, target, body: "", strangers }
}

const LINK: &str =
    r#"{"expiry_date":"2023-11-28","limit":5,"payload":{"asset_id":"{asset}","media_id":{media},"filename":"f"}}"#;
const MAIL: &str = r#"{"recipients":["a@example.com"],"shareable_link_ids":[{link}]}"#;
const TITLE: &str = r#"{"title":"new"}"#;
const FILE: &str = r#"{"file_url":"http://files.example.com/a.txt","filename":"a.txt"}"#;
const ASSIGN: &str = r#"{"to_project_id":"{other_project}"}"#;
const COMMENT: &str = r#"{"comment":"new"}"#;

/// In the order of the route table.
const KNOCKS: &[Knock] = &[
    post("/api/v2/shareable_links", "/api/v2/shareable_links", LINK, NotThereInBody),
    post("/api/v2/shareable_links/share", "/api/v2/shareable_links/share", MAIL, NoLinks),
    post("/api/v2/assets", "/api/v2/assets", TITLE, TheirOwn),
    get("/api/v2/assets/{id}", "/api/v2/assets/{asset}", NotThere),
    put("/api/v2/assets/{id}", "/api/v2/assets/{asset}", TITLE, NotThere),
    delete("/api/v2/assets/{id}", "/api/v2/assets/{doomed}", NotThere),
    post("/api/v2/assets/{id}/trash_bin", "/api/v2/assets/{binned}/trash_bin", "", NotThere),
    post("/api/v2/assets/{id}/restore", "/api/v2/assets/{trashed}/restore", "", NotThere),
    post("/api/v2/assets/{id}/assign", "/api/v2/assets/{asset}/assign", ASSIGN, NotThere),
    get("/api/v2/assets/{id}/attachments", "/api/v2/assets/{asset}/attachments", NotThere),
    get("/api/v2/assets/{id}/collections", "/api/v2/assets/{asset}/collections", NotThere),
    get("/api/v2/assets/{id}/history", "/api/v2/assets/{asset}/history", NotThere),
    get("/api/v2/assets/{id}/history/{cursor}", "/api/v2/assets/{asset}/history/9", NotThere),
    get("/api/v2/assets/{id}/file_metadata", "/api/v2/assets/{asset}/file_metadata", NotThere),
    post("/api/v2/assets/{id}/media", "/api/v2/assets/{asset}/media", FILE, NotThere),
    get("/api/v2/assets/{id}/media", "/api/v2/assets/{asset}/media", NotThere),
    get(
        "/api/v2/assets/{id}/media/{media}/download_url",
        "/api/v2/assets/{asset}/media/{media}/download_url",
        NotThere,
    ),
    get("/api/v2/assets/{id}/article", "/api/v2/assets/{article}/article", NotThere),
    put("/api/v2/assets/{id}/article", "/api/v2/assets/{article}/article", r#"{"content":"new"}"#, NotThere),
    get("/api/v2/assets/{id}/comments", "/api/v2/assets/{asset}/comments", NotThere),
    post("/api/v2/assets/{id}/comments", "/api/v2/assets/{asset}/comments", COMMENT, NotThere),
    get("/api/v2/assets/{id}/comments/{comment}", "/api/v2/assets/{asset}/comments/{comment}", NotThere),
    post("/api/v2/assets/{id}/comments/{comment}", "/api/v2/assets/{asset}/comments/{comment}", COMMENT, NotThere),
    delete("/api/v2/assets/{id}/comments/{comment}", "/api/v2/assets/{asset}/comments/{comment}", NotThere),
    get("/api/v2/projects", "/api/v2/projects", Nothing),
    post("/api/v2/projects", "/api/v2/projects", TITLE, TheirOwn),
    get("/api/v2/projects/{id}", "/api/v2/projects/{project}", NotThere),
    put("/api/v2/projects/{id}", "/api/v2/projects/{project}", TITLE, NotThere),
    delete("/api/v2/projects/{id}", "/api/v2/projects/{doomed_project}", NotThere),
    post("/api/v2/projects/{id}/projects", "/api/v2/projects/{project}/projects", TITLE, NotThere),
    get("/api/v2/projects/{id}/assets", "/api/v2/projects/{project}/assets", NotThere),
    post("/api/v2/projects/{id}/assets", "/api/v2/projects/{project}/assets", TITLE, NotThere),
    post("/api/v2/projects/{id}/assign", "/api/v2/projects/{project}/assign", ASSIGN, NotThere),
    get("/api/v2/projects/{id}/comments", "/api/v2/projects/{project}/comments", NotThere),
    post("/api/v2/projects/{id}/comments", "/api/v2/projects/{project}/comments", COMMENT, NotThere),
    get("/api/v2/projects/{id}/comments/{comment}", "/api/v2/projects/{project}/comments/{said}", NotThere),
    post("/api/v2/projects/{id}/comments/{comment}", "/api/v2/projects/{project}/comments/{said}", COMMENT, NotThere),
    delete("/api/v2/projects/{id}/comments/{comment}", "/api/v2/projects/{project}/comments/{said}", NotThere),
    get("/api/v2/collections", "/api/v2/collections", Nothing),
    post("/api/v2/collections", "/api/v2/collections", TITLE, TheirOwn),
    get("/api/v2/collections/{id}", "/api/v2/collections/{collection}", NotForThem),
    put("/api/v2/collections/{id}", "/api/v2/collections/{collection}", TITLE, NotForThem),
    delete("/api/v2/collections/{id}", "/api/v2/collections/{doomed_collection}", NotForThem),
    get("/api/v2/collections/{id}/assets", "/api/v2/collections/{collection}/assets", NotForThem),
    post(
        "/api/v2/collections/{id}/assets",
        "/api/v2/collections/{collection}/assets",
        r#"{"asset_ids":["{article}"]}"#,
        NotForThem,
    ),
    delete("/api/v2/collections/{id}/assets/{asset}", "/api/v2/collections/{collection}/assets/{asset}", NotForThem),
    post("/api/v2/collections/{id}/public", "/api/v2/collections/{collection}/public", "", NotForThem),
    post("/api/v2/collections/{id}/private", "/api/v2/collections/{collection}/private", "", NotForThem),
    get("/api/v2/collections/{id}/all_users", "/api/v2/collections/{collection}/all_users", NotForThem),
    get("/api/v2/collections/{id}/users", "/api/v2/collections/{collection}/users", NotForThem),
    post(
        "/api/v2/collections/{id}/users",
        "/api/v2/collections/{collection}/users",
        r#"{"user_ids":[{user}]}"#,
        NotForThem,
    ),
    get("/api/v2/users", "/api/v2/users", Nothing),
    get("/api/v2/user", "/api/v2/user", Themselves),
    get("/api/v2/user/api_keys", "/api/v2/user/api_keys", Nothing),
    post("/api/v2/user/api_keys", "/api/v2/user/api_keys", "{}", TheirOwn),
    post("/api/v2/user/api_keys/{key}", "/api/v2/user/api_keys/{spare_key}", "", NotForThem),
];

/// What is ours says so.
const OURS: &str = "This is ours";

#[test]
fn every_route_that_wants_a_key_has_a_knock() {
    let (wanting, without): (Vec<_>, Vec<_>) =
        routes_of("/mediapocket").into_iter().partition(|(.., right)| right.is_some());
    let told = |routes: Vec<mediary::DialectRoute>| -> Vec<(String, &'static str)> {
        routes.into_iter().map(|(_, method, path, _)| (method.to_string(), path)).collect()
    };
    let knocks: Vec<_> = KNOCKS.iter().map(|knock| (knock.method.to_owned(), knock.route)).collect();
    assert_eq!(knocks, told(wanting));
    let exceptions: Vec<_> = WITHOUT_KEY.iter().map(|(method, path)| ((*method).to_owned(), *path)).collect();
    assert_eq!(told(without), exceptions);
}

/// What a target or a body names in braces.
type Names = Vec<(&'static str, String)>;

/// Something of everything; each thing says that it is ours where it can.
async fn ours(account: &Account<'_>) -> Names {
    let made = async |target: &str, noun: &str, body: Value| {
        let made = account.post(target, &body).await.expect(200).json();
        made[noun]["id"].as_str().map_or_else(|| made[noun]["id"].to_string(), str::to_owned)
    };
    let titled = json!({ "title": OURS });
    let said = json!({ "comment": OURS });
    let named = async |target: &str, noun: &str| made(target, noun, titled.clone()).await;
    let file = account.asset(&format!("{OURS}.txt"), OURS.as_bytes()).await;
    let asset = file["id"].as_str().unwrap().to_owned();
    let project = named("/api/v2/projects", "project").await;
    let article = json!({ "title": OURS, "media_type": "article" });
    let article = made("/api/v2/assets", "asset", article).await;
    let trashed = named("/api/v2/assets", "asset").await;
    account.ask("POST", &format!("/api/v2/assets/{trashed}/trash_bin")).send().await.expect(200);
    let collection = named("/api/v2/collections", "collection").await;
    let put_in = json!({ "asset_ids": [asset] });
    account.post(&format!("/api/v2/collections/{collection}/assets"), &put_in).await.expect(200);
    vec![
        ("{media}", account.media_id(&file).await.to_string()),
        ("{link}", account.link(&file, ("2023-11-28", 5)).await["id"].to_string()),
        ("{comment}", made(&format!("/api/v2/assets/{asset}/comments"), "comment", said.clone()).await),
        ("{said}", made(&format!("/api/v2/projects/{project}/comments"), "comment", said).await),
        ("{doomed}", named("/api/v2/assets", "asset").await),
        ("{binned}", named("/api/v2/assets", "asset").await),
        ("{other_project}", named("/api/v2/projects", "project").await),
        ("{doomed_project}", named("/api/v2/projects", "project").await),
        ("{doomed_collection}", named("/api/v2/collections", "collection").await),
        ("{spare_key}", made("/api/v2/user/api_keys", "api_key", json!({ "name": OURS })).await),
        ("{user}", account.organization.user_id.to_string()),
        ("{asset}", asset),
        ("{project}", project),
        ("{article}", article),
        ("{trashed}", trashed),
        ("{collection}", collection),
    ]
}

impl Knock {
    fn named(text: &str, names: &Names) -> String {
        names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    fn ask(&self, server: &Server, names: &Names) -> Ask {
        let ask = ask(server, self.method, &Self::named(self.target, names));
        if self.body.is_empty() { ask } else { ask.body("application/json", Self::named(self.body, names)) }
    }

    async fn send(&self, server: &Server, names: &Names, key: &str) -> Answer {
        self.ask(server, names).header("X-API-KEY", key).send().await
    }

    /// What another customer, a key without rights, and a colleague's key for another folder are answered with.
    const fn expected(&self) -> [u16; 3] {
        match self.strangers {
            NotThere => [404, 403, 403],
            NotThereInBody => [400, 403, 403],
            NotForThem => [404, 403, 404],
            Nothing | TheirOwn => [200, 403, 200],
            Themselves => [200, 200, 200],
            NoLinks => [400, 400, 400],
        }
    }
}

/// All that an owner may ask, of an account made for it; each alone is answered with success.
pub async fn owners_requests(server: &Server) -> Vec<Ask> {
    let account = Account::new(server).await;
    let names = ours(&account).await;
    KNOCKS.iter().map(|knock| knock.ask(server, &names).header("X-API-KEY", &account.key)).collect()
}

#[track_caller]
fn turned_away(name: &str, knock: &Knock, answer: &Answer, status: u16) {
    let route = (name, knock.method, knock.route);
    assert_eq!(answer.status, status, "{route:?}: {answer}");
    assert!(!String::from_utf8_lossy(&answer.body).contains(OURS), "{route:?}: {answer}");
    let said = answer.json();
    let words = said["error"].as_str();
    assert!(status == 200 || (words.is_some() && said.as_object().unwrap().len() == 1), "{route:?}: {answer}");
    match status {
        401 => assert_eq!(words, Some("Unauthorized"), "{route:?}"),
        403 => assert_eq!(words, Some("Forbidden"), "{route:?}"),
        404 => assert!(words.is_some_and(|words| words.ends_with("not found")), "{route:?}: {answer}"),
        _ => {}
    }
}

/// A key of somebody else of the same organization, for one folder.
async fn colleague<'a>(server: &'a Server, organization: &Organization, folder_id: i64) -> Account<'a> {
    let person = NewPerson {
        email: "colleague@example.com".to_owned(),
        full_name: "A Colleague".to_owned(),
        role: "admin".to_owned(),
        password: None,
    };
    let user_id = server.library.add_user(&system(), organization.id, person).await.unwrap().id;
    let organization = Organization { user_id, ..organization.clone() };
    Account::with(server, organization, Rights::ALL, Some(folder_id)).await
}

/// Keys that were good once: one that ended, and one that was taken back.
async fn dead_keys(account: &Account<'_>) -> [String; 2] {
    let (server, organization) = (account.server, &account.organization);
    let wish = || mediapocket::api_key_wish(organization.id, organization.user_id, Rights::ALL, None, "Dead");
    let ending = TokenWish { expires_at: Some(NOW_MS + 60_000), ..wish() };
    let (_, over) = server.library.add_token(&system(), ending).await.unwrap();
    let (revoked, taken_back) = server.library.add_token(&system(), wish()).await.unwrap();
    for key in [&over, &taken_back] {
        ask(server, "GET", "/api/v2/user").header("X-API-KEY", key).send().await.expect(200);
    }
    server.clock.fetch_add(60_000, Ordering::SeqCst);
    server.library.revoke_token(&system(), organization.id, revoked.id).await.unwrap();
    [over, taken_back]
}

#[test]
fn nobody_gets_in() {
    let set = |settings: &mut mediary::Settings| settings.public_url = "https://media.example".to_owned();
    on_each_engine_with(set, async |server| {
        let account = Account::new(server).await;
        let [over, taken_back] = dead_keys(&account).await;
        let names = ours(&account).await;
        let foreign = Account::new(server).await;
        let powerless = Account::with(server, account.organization.clone(), Rights::NONE, None).await;
        let here = json!({ "organizationId": account.organization.id });
        let elsewhere = server.folder(&account.organization.token, "elsewhere", here).await;
        let colleague = colleague(server, &account.organization, elsewhere).await;
        let before = seen(&account, &names).await;
        let fliplet = account.organization.token.clone();
        let longer = format!("{}x", account.key);
        for knock in KNOCKS {
            turned_away("nobody", knock, &knock.ask(server, &names).send().await, 401);
            for (name, key) in [
                ("nonsense", "nonsense"),
                ("blank", " "),
                ("another dialect's", &fliplet),
                ("longer", &longer),
                ("the public part", &account.key[..5]),
                ("over", &over),
                ("taken back", &taken_back),
            ] {
                turned_away(name, knock, &knock.send(server, &names, key).await, 401);
            }
            let [to_foreign, to_powerless, to_colleague] = knock.expected();
            turned_away("foreign", knock, &knock.send(server, &names, &foreign.key).await, to_foreign);
            turned_away("powerless", knock, &knock.send(server, &names, &powerless.key).await, to_powerless);
            turned_away("colleague", knock, &knock.send(server, &names, &colleague.key).await, to_colleague);
        }
        assert_eq!(seen(&account, &names).await, before, "a stranger changed something");
        // The knocks are right ones: in this order each does something.
        for knock in KNOCKS {
            knock.send(server, &names, &account.key).await.expect(200);
        }
        assert_ne!(seen(&account, &names).await, before);
    });
}

/// All that a stranger could have changed.
async fn seen(account: &Account<'_>, names: &Names) -> Vec<Value> {
    let mut seen = Vec::new();
    for target in [
        "/api/v2/assets/{asset}",
        "/api/v2/assets/{asset}/media",
        "/api/v2/assets/{asset}/history",
        "/api/v2/assets/{asset}/comments",
        "/api/v2/assets/{asset}/attachments",
        "/api/v2/assets/{asset}/collections",
        "/api/v2/assets/{binned}",
        "/api/v2/assets/{trashed}",
        "/api/v2/assets/{article}/article",
        "/api/v2/projects/{project}",
        "/api/v2/projects/{project}/assets",
        "/api/v2/projects/{project}/comments",
        "/api/v2/projects/{other_project}/assets",
        "/api/v2/collections/{collection}",
        "/api/v2/collections/{collection}/assets",
        "/api/v2/collections/{collection}/users",
        "/api/v2/user/api_keys",
    ] {
        seen.push(account.get(&Knock::named(target, names)).await);
    }
    for target in
        ["/api/v2/assets/{doomed}", "/api/v2/projects/{doomed_project}", "/api/v2/collections/{doomed_collection}"]
    {
        seen.push(account.ask("GET", &Knock::named(target, names)).send().await.json());
    }
    seen
}

#[test]
fn a_key_that_only_reads_changes_nothing() {
    let set = |settings: &mut mediary::Settings| settings.public_url = "https://media.example".to_owned();
    on_each_engine_with(set, async |server| {
        let account = Account::new(server).await;
        let names = ours(&account).await;
        let reader = Account::with(server, account.organization.clone(), Rights::READ, None).await;
        let before = seen(&account, &names).await;
        // Making a link changes nothing of what it leads to, and a key of one's own may no more than the one that makes it.
        let harmless = ["/api/v2/shareable_links", "/api/v2/user/api_keys"];
        for knock in KNOCKS.iter().filter(|knock| !harmless.contains(&knock.route)) {
            let answer = knock.send(server, &names, &reader.key).await;
            let expected = if knock.method == "GET" { 200 } else { 403 };
            assert_eq!(answer.status, expected, "{} {}: {answer}", knock.method, knock.route);
        }
        assert_eq!(seen(&account, &names).await, before, "somebody who only reads changed something");
    });
}
