//! An asset without bytes is seen here and nowhere else; with them it is a file like any other.

use library::{Rights, TokenWish};
use serde_json::{Value, json};

use super::{make, path, put};
use crate::{
    botdoc, mediaflow,
    mediapocket::Account,
    support::{Server, on_each_engine_with, organizations::system},
};

/// The other four, in the name of the same account.
struct Others<'a> {
    mediaflow: mediaflow::Agent<'a>,
    botdoc: botdoc::Agent<'a>,
    account: &'a Account<'a>,
}

/// Flextype's tokens, one for each of its APIs.
const FILES: &str = "ffffffffffffffffffffffffffffffff";

impl<'a> Others<'a> {
    async fn of(server: &'a Server, account: &'a Account<'a>) -> Self {
        let organization = &account.organization;
        let wish =
            ::flextype::token_wish(::flextype::TokenKind::Files, organization.id, organization.user_id, None, "A test");
        let wish = TokenWish { secret: Some(FILES.to_owned()), ..wish };
        server.library.add_token(&system(), wish).await.unwrap();
        Self {
            mediaflow: mediaflow::Agent::with(server, organization.clone(), Rights::ALL, None).await,
            botdoc: botdoc::Agent::with(server, organization.clone(), Rights::ALL, None).await,
            account,
        }
    }

    /// The names of all files at the top, as each of the others has them.
    async fn names(&self) -> [Vec<String>; 4] {
        let (server, organization) = (self.account.server, &self.account.organization);
        let names = |list: &Value, key: &str| {
            let name = |item: &Value| item[key].as_str().unwrap().to_owned();
            list.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
        };
        let fliplet = server.fliplet("GET", &format!("/v1/media?{}", organization.here())).token(&organization.token);
        let fliplet = fliplet.send().await.expect(200).json();
        let mediaflow = self.mediaflow.list(&format!("/1/folder/{}/files", self.mediaflow.root)).await;
        let botdoc = self.botdoc.get("/v1/media/").await;
        // Flextype answers an empty collection as if it was not there.
        let target = format!("/flextype/api/media/files?id=&options[collection]=true&token={FILES}");
        let answer = server.ask("GET", &target).send().await;
        let flextype = match answer.status {
            404 => Vec::new(),
            _ => {
                let listed: Value = serde_json::from_slice(&answer.body).unwrap();
                let files = listed["data"].as_object().unwrap_or_else(|| panic!("{answer}")).values().cloned();
                names(&files.collect(), "filename")
            }
        };
        [
            names(&fliplet["files"], "name"),
            names(&json!(mediaflow), "filename"),
            names(&botdoc["results"], "name"),
            flextype,
        ]
    }

    /// What each of the others says of a file by its id.
    async fn statuses(&self, id: i64) -> [u16; 3] {
        let (server, organization) = (self.account.server, &self.account.organization);
        let fliplet = server.fliplet("GET", &format!("/v1/media/files/{id}")).token(&organization.token).send().await;
        let mediaflow = self.mediaflow.ask("GET", &format!("/1/file/{id}")).send().await;
        let botdoc = self.botdoc.ask("GET", &format!("/v1/media/{id}/")).send().await;
        [fliplet.status, mediaflow.status, botdoc.status]
    }
}

#[test]
fn a_placeholder_is_seen_here_alone_and_a_file_everywhere() {
    let set = |settings: &mut mediary::Settings| settings.outbound.allow_private = true;
    on_each_engine_with(set, async |server| {
        let server = &*server;
        let account = Account::new(server).await;
        let others = Others::of(server, &account).await;
        let none = || [(); 4].map(|()| Vec::<String>::new());
        let asset = make(&account, &json!({ "title": "A placeholder" })).await;
        let article = make(&account, &json!({ "title": "An article", "media_type": "article" })).await;
        assert_eq!(others.names().await, none());
        // Ids are handed out in order, one space for all.
        let probe = account.asset("probe.txt", b"probe").await;
        let probe_id = server.listed_ids(&account).await[0];
        for id in [probe_id - 1, probe_id - 2] {
            assert_eq!(others.statuses(id).await, [404; 3], "{id}");
            account.get(&format!("/api/v2/assets/{id}")).await;
        }
        // It becomes a file by one of our own URLs.
        let url = account.get(&format!("{}/media", path(&probe))).await["media"][0]["url"].clone();
        let file = json!({ "file_url": url, "filename": "From elsewhere.txt" });
        let answer = account.post(&format!("{}/media", path(&asset)), &file).await.expect(200);
        assert_eq!(answer.json(), json!({ "ok": "ok" }));
        put(&account, &format!("{}/article", path(&article)), &json!({ "content": "# Text" })).await.expect(200);
        server.settle().await;
        super::call(&account, "DELETE", &path(&probe)).await.expect(200);
        let shown = account.get(&path(&asset)).await["asset"].clone();
        assert_eq!(
            shown["original_filename"],
            "From elsewhere.txt",
            "{}",
            account.get(&format!("{}/media", path(&asset))).await
        );
        assert_eq!((&shown["title"], &shown["media_type"]), (&json!("A placeholder"), &json!("document")));
        let [fliplet, mediaflow, botdoc, flextype] = others.names().await.map(|mut names| {
            names.sort();
            names
        });
        for names in [fliplet, mediaflow, botdoc] {
            assert_eq!(names, ["An article.md", "From elsewhere.txt"]);
        }
        assert_eq!(flextype, ["an-article.md", "from-elsewhere.txt"]);
        assert_eq!(others.statuses(probe_id - 2).await, [200; 3]);
        // The first bytes that came were its own.
        let media = account.get(&format!("{}/media", path(&asset))).await["media"][0].clone();
        let target = media["url"].as_str().unwrap().split_once("/mediapocket").unwrap().1.to_owned();
        let got = super::ask(server, "GET", &target).send().await.expect(200);
        assert_eq!(got.body, b"probe");
    });
}

impl Server {
    /// The ids of the files at the top, as Fliplet lists them.
    async fn listed_ids(&self, account: &Account<'_>) -> Vec<i64> {
        let target = format!("/v1/media?{}", account.organization.here());
        let listing = self.fliplet("GET", &target).token(&account.organization.token).send().await.expect(200).json();
        listing["files"].as_array().unwrap().iter().map(|file| file["id"].as_i64().unwrap()).collect()
    }
}
