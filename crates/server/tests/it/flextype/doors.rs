//! Every route that wants a token, and callers who should not get through it: nobody, tokens that are wrong, of another kind, taken
//! back, switched off, over, used up, without the right, of another folder or of another customer. The same for access tokens.

use std::collections::BTreeMap;

use flextype::TokenKind;
use library::{Right, Rights};
use serde_json::{Map, Value, json};

use super::{
    model::tree,
    site::{ACCESS, FILES, FOLDERS, Site, refused},
    tokens::expiring_token,
};
use crate::support::{Answer, Ask, NOW_MS, forms::Form, on_each_engine, organizations::system, routes_of};

/// A request to a route that the right tokens are answered with success.
struct Knock {
    method: &'static str,
    route: &'static str,
    /// What it says beside tokens.
    fields: &'static [(&'static str, &'static str)],
    right: Right,
    /// What those get whose tokens work elsewhere: what is asked for is not there, or what is made there is theirs.
    elsewhere: u16,
}

const FILE: (&str, &str) = ("id", "ours/file.txt");
const FOLDER: (&str, &str) = ("id", "ours/inner");
const FIELD: (&str, &str) = ("field", "note");
const VALUE: (&str, &str) = ("value", "new");

const KNOCKS: &[Knock] = &[
    knock("GET", "/api/media/files", &[FILE], Right::Read, 404),
    knock("POST", "/api/media/files", &[("folder", "ours")], Right::Create, 200),
    knock("PUT", "/api/media/files", &[("id", "ours/moved.txt"), ("new_id", "ours/a.txt")], Right::Update, 404),
    knock("PATCH", "/api/media/files", &[FILE, FIELD, VALUE], Right::Update, 404),
    knock("DELETE", "/api/media/files", &[("id", "ours/deleted.txt")], Right::Delete, 404),
    knock("PUT", "/api/media/files/copy", &[FILE, ("new_id", "ours/b.txt")], Right::Create, 404),
    knock("DELETE", "/api/media/files/meta", &[FILE, FIELD], Right::Update, 404),
    knock("POST", "/api/media/files/meta", &[FILE, FIELD, VALUE], Right::Update, 404),
    knock("PATCH", "/api/media/files/meta", &[FILE, FIELD, VALUE], Right::Update, 404),
    knock("GET", "/api/media/folders", &[FOLDER], Right::Read, 404),
    knock("GET", "/api/entries", &[FOLDER], Right::Read, 404),
    knock("POST", "/api/media/folders", &[("id", "new")], Right::Create, 200),
    knock("PUT", "/api/media/folders/copy", &[FOLDER, ("new_id", "ours/copy")], Right::Create, 404),
    knock("PUT", "/api/media/folders", &[("id", "ours/moved"), ("new_id", "ours/a")], Right::Update, 404),
    knock("DELETE", "/api/media/folders", &[("id", "ours/deleted")], Right::Delete, 404),
];

const fn knock(
    method: &'static str,
    route: &'static str,
    fields: &'static [(&'static str, &'static str)],
    right: Right,
    elsewhere: u16,
) -> Knock {
    Knock { method, route, fields, right, elsewhere }
}

/// What is ours says so.
const OURS: &str = "This is ours";

#[test]
fn every_route_that_wants_a_token_has_a_knock() {
    let (wanting, without): (Vec<_>, Vec<_>) =
        routes_of("/flextype").into_iter().partition(|(.., right)| right.is_some());
    let mut routes: Vec<_> = wanting.into_iter().map(|(_, method, path, _)| (method.to_string(), path)).collect();
    let mut knocks: Vec<_> = KNOCKS.iter().map(|knock| (knock.method.to_owned(), knock.route)).collect();
    routes.sort();
    knocks.sort();
    assert_eq!(knocks, routes);
    // Files of a site: who may read them without a token is said by their rules, which `static_files.rs` and `rules.rs` try.
    let exceptions = ["/project/uploads/{*path}", "/project/media/{*path}"].map(|path| ("GET".to_owned(), path));
    let without: Vec<_> = without.into_iter().map(|(_, method, path, _)| (method.to_string(), path)).collect();
    assert_eq!(without, exceptions);
}

#[test]
fn nobody_gets_in() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for path in ["ours/file.txt", "ours/moved.txt", "ours/deleted.txt", "ours/inner/deep.txt"] {
            site.put_file(path, OURS.as_bytes()).await;
            site.set_meta(path, &json!({ "title": OURS, "note": OURS })).await;
        }
        for path in ["ours/moved", "ours/deleted", "elsewhere"] {
            site.put_folder(path).await;
        }
        let foreign = Site::new(server).await;
        let before = ours(&site).await;
        let accesses = Strangers::new(&site, &foreign, TokenKind::Access).await;
        for (is_folders, kind) in [(false, TokenKind::Files), (true, TokenKind::Folders)] {
            let strangers = Strangers::new(&site, &foreign, kind).await;
            for knock in KNOCKS.iter().filter(|knock| knock.is_folders() == is_folders) {
                strangers.knock(&site, knock, &accesses).await;
                accesses.knock_with_ours(&site, knock).await;
            }
        }
        assert_eq!(ours(&site).await, before, "a stranger changed something");
        // The knocks are right ones: in this order each does something.
        for knock in KNOCKS {
            let answer = knock.ask(&site, Some(knock.token()), Some(ACCESS)).send().await;
            assert!([200, 204].contains(&answer.status), "{answer}");
        }
        assert_ne!(ours(&site).await, before);
    });
}

/// All that an owner may ask, of the site of these tokens; each alone is answered with success.
pub async fn owners_requests(site: &Site<'_>) -> Vec<Ask> {
    for path in ["ours/file.txt", "ours/moved.txt", "ours/deleted.txt", "ours/inner/deep.txt"] {
        site.put_file(path, OURS.as_bytes()).await;
        site.set_meta(path, &json!({ "title": OURS, "note": OURS })).await;
    }
    for path in ["ours/moved", "ours/deleted"] {
        site.put_folder(path).await;
    }
    KNOCKS.iter().map(|knock| knock.ask(site, Some(knock.token()), Some(ACCESS))).collect()
}

/// All that one could have changed. A token of another folder changes what it likes there.
async fn ours(site: &Site<'_>) -> BTreeMap<String, Value> {
    let mut tree = tree(site).await;
    tree.retain(|path, _| !path.starts_with("elsewhere/"));
    tree
}

impl Knock {
    fn is_folders(&self) -> bool {
        self.route.starts_with("/api/media/folders") || self.route == "/api/entries"
    }

    fn token(&self) -> &'static str {
        if self.is_folders() { FOLDERS } else { FILES }
    }

    fn ask(&self, site: &Site<'_>, token: Option<&str>, access: Option<&str>) -> Ask {
        let tokens = [("token", token), ("access_token", access)];
        let tokens = tokens.into_iter().filter_map(|(name, token)| Some((name, token?)));
        let fields: Vec<(&str, &str)> = self.fields.iter().copied().chain(tokens).collect();
        match (self.method, self.route) {
            ("GET", _) => {
                let query: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                site.ask("GET", &format!("{}?{}", self.route, query.join("&")))
            }
            ("POST", "/api/media/files") => {
                let form = fields.iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
                form.file("file", "new.txt", "", b"new").put_in(site.ask("POST", self.route))
            }
            _ => {
                let fields: Map<String, Value> =
                    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
                site.ask(self.method, self.route).json(&Value::Object(fields))
            }
        }
    }
}

/// Tokens of one kind that should not get anybody in.
struct Strangers {
    /// Refused wherever they are shown.
    refused: Vec<(&'static str, String)>,
    /// Each without one right.
    powerless: Vec<(Right, String)>,
    /// Works, but in a folder that is not ours.
    confined: String,
    /// Works, but for another customer.
    foreign: String,
}

impl Strangers {
    async fn new(site: &Site<'_>, foreign: &Site<'_>, kind: TokenKind) -> Self {
        let mark = match kind {
            TokenKind::Files => "1",
            TokenKind::Folders => "2",
            TokenKind::Access => "3",
        };
        let (library, tenant) = (&site.server.library, site.organization.id);
        let secret = |letter: &str| format!("{mark}{}", letter.repeat(31));
        let [revoked, disabled, expired, used_up] = ["r", "d", "e", "u"].map(secret);
        let token = site.token(kind, &revoked).await;
        library.revoke_token(&system(), tenant, token.id).await.unwrap();
        let token = site.token(kind, &disabled).await;
        library.disable_token(&system(), tenant, token.id).await.unwrap();
        expiring_token(site, &token, &expired, NOW_MS).await;
        let token = site.limited_token(kind, &used_up, 1).await;
        assert!(library.spend_token(&token).await.unwrap());
        let mut powerless = Vec::new();
        for (letter, right) in [("g", Right::Read), ("h", Right::Create), ("i", Right::Update), ("j", Right::Delete)] {
            let secret = secret(letter);
            site.token_with(kind, &secret, all_but(right), None).await;
            powerless.push((right, secret));
        }
        let elsewhere = super::together::fliplet_id(site, &site.organization.here(), "folders", "elsewhere").await;
        let (confined, others) = (secret("c"), secret("f"));
        site.token_with(kind, &confined, Rights::ALL, Some(elsewhere)).await;
        foreign.token(kind, &others).await;
        let refused = vec![
            ("unknown", "0".repeat(32)),
            ("empty", String::new()),
            ("a path", format!("../files/{FILES}")),
            ("revoked", revoked),
            ("disabled", disabled),
            ("expired", expired),
            ("used up", used_up),
        ];
        Self { refused, powerless, confined, foreign: others }
    }

    /// Knocks with each of them, and an access token that is right.
    async fn knock(&self, site: &Site<'_>, knock: &Knock, accesses: &Self) {
        let ask = async |token: Option<&str>, access: &str| knock.ask(site, token, Some(access)).send().await;
        turned_away("without", ask(None, ACCESS).await, 400);
        for (name, token) in &self.refused {
            turned_away(name, ask(Some(token), ACCESS).await, 401);
        }
        turned_away("an access token", ask(Some(ACCESS), ACCESS).await, 401);
        // The document's table for copying a file says "Valid Folders token".
        if knock.route != "/api/media/files/copy" {
            let other = if knock.is_folders() { FILES } else { FOLDERS };
            turned_away("of another kind", ask(Some(other), ACCESS).await, 401);
        }
        for (_, token) in self.powerless.iter().filter(|(right, _)| *right == knock.right) {
            turned_away("without the right", ask(Some(token), ACCESS).await, 401);
        }
        let elsewhere = [("confined", &self.confined, ACCESS), ("foreign", &self.foreign, &accesses.foreign)];
        for (name, token, access) in elsewhere {
            let answer = ask(Some(token), access).await;
            assert!(!String::from_utf8_lossy(&answer.body).contains(OURS), "{name}: {answer}");
            match knock.elsewhere {
                // What the first of both wants to make may be there by now.
                200 => assert!([200, 404].contains(&answer.status), "{name}: {answer}"),
                status => turned_away(name, answer, status),
            }
        }
        if knock.method != "GET" {
            turned_away("foreign with our access", ask(Some(&self.foreign), ACCESS).await, 401);
        }
    }

    /// Knocks with each of them as the access token, beside a token that is right.
    async fn knock_with_ours(&self, site: &Site<'_>, knock: &Knock) {
        if knock.method == "GET" {
            return;
        }
        let ask = async |access: Option<&str>| knock.ask(site, Some(knock.token()), access).send().await;
        turned_away("without access", ask(None).await, 400);
        for (name, access) in &self.refused {
            turned_away(name, ask(Some(access)).await, 401);
        }
        for (name, access) in [("of another kind", knock.token()), ("foreign", &self.foreign)] {
            turned_away(name, ask(Some(access)).await, 401);
        }
    }
}

fn all_but(right: Right) -> Rights {
    let others = [Right::Read, Right::Create, Right::Update, Right::Delete].into_iter().filter(|other| *other != right);
    others.fold(Rights::NONE, Rights::with)
}

#[track_caller]
fn turned_away(name: &str, answer: Answer, status: u16) {
    assert_eq!(answer.status, status, "{name}: {answer}");
    assert!(!String::from_utf8_lossy(&answer.body).contains(OURS), "{name}: {answer}");
    refused(answer, status);
}
