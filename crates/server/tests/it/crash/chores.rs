//! What the clients do not do, done beside them, so that jobs of every kind are under way when the server dies: files fetched from elsewhere,
//! calls to elsewhere, bytes removed for good, chunks, copies of folders, sealing, and what the command line asks for.

use std::collections::BTreeMap;

use flextype::TokenKind;
use library::{Ingest, Library, Origin, Place as At, Rights, TokenWish, Upload};
use serde_json::{Value, json};

use super::{
    dice::{Dice, Filling, hash_of},
    process::Victim,
    request::{Heard, send},
};
use crate::{
    flextype::site::{ACCESS, FILES, FOLDERS},
    mediapocket::fetching::site::{Site, Step, file},
    support::{Answer, Ask, Organization, forms::Form, organizations::system},
};

/// What every address gives: slowly, so that somebody dies meanwhile.
const ELSEWHERE: &[u8] = b"from elsewhere";
/// In the folder that is copied.
const TO_COPY: usize = 30;

pub struct Chores {
    dice: Dice,
    number: u64,
    site: Site,
    keys: Keys,
    /// Whose files are sealed and opened again.
    tenant_id: i64,
    told: Told,
}

struct Keys {
    mediapocket: String,
    botdoc: botdoc::Keys,
    /// Good for some hours.
    token: Option<String>,
    request: i64,
}

/// What was acknowledged.
#[derive(Default)]
struct Told {
    /// Assets whose bytes are to be fetched.
    fetches: Vec<String>,
    /// Paths that are to be called.
    calls: Vec<String>,
    kept: BTreeMap<i64, Filling>,
    removed: Vec<i64>,
    copies: Vec<String>,
    sealed: Option<bool>,
    done: u64,
}

impl Chores {
    pub async fn new(library: &Library, seed: u64, tenant_id: i64) -> Self {
        let Organization { id, user_id, .. } = Organization::found(library, "Chores").await;
        let wish = mediapocket::api_key_wish(id, user_id, Rights::ALL, None, "Made by a test");
        let (_, mediapocket) = library.add_token(&system(), wish).await.unwrap();
        let wish = botdoc::KeysWish {
            tenant_id: id,
            user_id,
            email: "somebody@example.com".to_owned(),
            name: "Made by a test".to_owned(),
            rights: Rights::ALL,
            folder_id: None,
        };
        let botdoc = botdoc::add_keys(library, &system(), &wish).await.unwrap();
        crate::botdoc::add_service_user(library, id).await;
        let request = botdoc::found_request(library, &system(), id, user_id).await.unwrap();
        for (kind, secret) in [(TokenKind::Files, FILES), (TokenKind::Folders, FOLDERS), (TokenKind::Access, ACCESS)] {
            let wish = flextype::token_wish(kind, id, user_id, None, "Made by a test");
            let wish = TokenWish { secret: Some(secret.to_owned()), ..wish };
            library.add_token(&system(), wish).await.unwrap();
        }
        fill(library, id).await;
        let site = Site::start([vec![Step::Trickle(file(ELSEWHERE, ""))]]).await;
        let keys = Keys { mediapocket, botdoc, token: None, request };
        let dice = Dice::new(!seed);
        Self { dice, number: 0, site, keys, tenant_id, told: Told::default() }
    }

    /// Does one thing after another until the server is dead.
    pub async fn work(&mut self, server: &Victim) {
        while self.one(server).await.is_some() {
            self.told.done += 1;
        }
    }

    async fn one(&mut self, server: &Victim) -> Option<()> {
        self.number += 1;
        match self.dice.roll(40) {
            0..8 => self.fetch(server).await,
            8..14 => self.call(server).await,
            14..20 => self.chunks(server).await,
            20..26 => self.remove(server).await,
            26..30 => self.copy(server).await,
            30 => {
                let on = self.dice.happens(50);
                self.told.sealed = None;
                server.order(&format!("seal {} {on}", self.tenant_id)).await?;
                self.told.sealed = Some(on);
                Some(())
            }
            31..33 => server.order("queue tend").await,
            33..36 => server.order("queue sweep_staging").await,
            _ => server.order("queue rescan").await,
        }
    }

    /// An asset whose bytes are fetched from elsewhere.
    async fn fetch(&mut self, server: &Victim) -> Option<()> {
        let ask = |target: &str| {
            let ask = Ask::new(server.address, "POST", &format!("/mediapocket/api/v2/{target}"));
            ask.header("X-API-KEY", &self.keys.mediapocket)
        };
        let made = whole(ask("assets").json(&json!({ "title": "To come" }))).await?.expect(200).json();
        let id = made["asset"]["id"].as_str().unwrap().to_owned();
        let named = json!({ "file_url": self.site.url(&format!("/{id}")), "filename": "a.txt" });
        whole(ask(&format!("assets/{id}/media")).json(&named)).await?.expect(200);
        self.told.fetches.push(id);
        Some(())
    }

    /// A container of which somebody elsewhere is told.
    async fn call(&mut self, server: &Victim) -> Option<()> {
        let path = format!("/call/{}", self.number);
        let container = json!({ "page_type": "p2", "callback_url": self.site.url(&path) });
        let ask = self.botdoc(server, "POST", "/v1/module_container/container/").await?;
        whole(ask.json(&container)).await?.expect(201);
        self.told.calls.push(path);
        Some(())
    }

    /// A file in two chunks.
    async fn chunks(&mut self, server: &Victim) -> Option<()> {
        let filling = Filling::at_random(&mut self.dice, self.number << 48);
        let bytes = filling.bytes();
        if bytes.len() < 2 {
            return Some(());
        }
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let mut id = None;
        for (number, chunk) in [("1", first), ("2", second)] {
            let target = id.map_or_else(|| "/v1/media/".to_owned(), |id| format!("/v1/media/{id}/"));
            let ask = self.botdoc(server, if id.is_none() { "POST" } else { "PUT" }, &target).await?;
            let form = Form::new().file("file", &format!("{}.txt", self.number), "text/plain", chunk);
            let form = form.text("request", self.keys.request.to_string()).text("total_chunks", "2");
            let answer = whole(form.text("current_chunk", number).put_in(ask)).await?;
            assert!([200, 201].contains(&answer.status), "{answer}");
            id = Some(answer.json()["id"].as_i64().unwrap());
        }
        self.told.kept.insert(id.unwrap(), filling);
        Some(())
    }

    /// Bytes that are removed for good.
    async fn remove(&mut self, server: &Victim) -> Option<()> {
        let ids: Vec<i64> = self.told.kept.keys().copied().collect();
        let Some(id) = self.dice.pick(&ids) else { return Some(()) };
        // Whether it is there when nobody says so is not known.
        self.told.kept.remove(&id);
        let ask = self.botdoc(server, "DELETE", &format!("/v1/media/{id}/")).await?;
        whole(ask).await?.expect(204);
        self.told.removed.push(id);
        Some(())
    }

    async fn copy(&mut self, server: &Victim) -> Option<()> {
        let name = format!("copy-{}", self.number);
        let body = json!({ "id": "top", "new_id": name, "token": FOLDERS, "access_token": ACCESS });
        let ask = Ask::new(server.address, "PUT", "/flextype/api/media/folders/copy").json(&body);
        let answer = whole(ask).await?;
        assert_eq!(answer.status, 200, "{answer}");
        self.told.copies.push(name);
        Some(())
    }

    async fn botdoc(&mut self, server: &Victim, method: &str, target: &str) -> Option<Ask> {
        if self.keys.token.is_none() {
            let keys = format!("email={}&api_key={}", self.keys.botdoc.email, self.keys.botdoc.api_key);
            let ask = Ask::new(server.address, "POST", "/botdoc/v1/auth/get_token/");
            let told = whole(ask.body("application/x-www-form-urlencoded", keys)).await?.expect(200).json();
            self.keys.token = Some(told["token"].as_str().unwrap().to_owned());
        }
        let token = self.keys.token.as_ref()?;
        let ask = Ask::new(server.address, method, &format!("/botdoc{target}"));
        Some(ask.header("Authorization", format!("JWT {token}")))
    }

    /// Once all jobs are over: everything that was acknowledged is so.
    pub async fn check(&mut self, server: &Victim) {
        for id in &self.told.fetches {
            let target = format!("/mediapocket/api/v2/assets/{id}/media");
            let ask = Ask::new(server.address, "GET", &target).header("X-API-KEY", &self.keys.mediapocket);
            let told = ask.send().await.expect(200).json();
            assert_eq!(told["fetches"][0]["state"], "done", "{told}");
            assert_eq!(told["media"][0]["size"], ELSEWHERE.len(), "{told}");
        }
        let called = self.site.seen();
        for path in &self.told.calls {
            let line = format!("POST {path} HTTP");
            assert!(called.iter().any(|head| head.starts_with(&line)), "{path} was never called");
        }
        for (id, filling) in self.told.kept.clone() {
            let ask = self.botdoc(server, "GET", &format!("/v1/media/{id}/download/")).await.unwrap();
            assert_eq!(hash_of(&ask.send().await.expect(200).body), filling.hash(), "media {id}");
        }
        for id in self.told.removed.clone() {
            let ask = self.botdoc(server, "GET", &format!("/v1/media/{id}/download/")).await.unwrap();
            ask.send().await.expect(404);
        }
        for name in &self.told.copies {
            let target = format!(
                "/flextype/api/media/files?id={name}&options[collection]=true&options[limit]=999&token={FILES}"
            );
            let answer = Ask::new(server.address, "GET", &target).send().await;
            let listed: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(listed["data"].as_object().map_or(0, serde_json::Map::len), TO_COPY, "{name}: {answer}");
        }
    }

    pub const fn tenant_id(&self) -> i64 {
        self.tenant_id
    }

    /// What was asked for last, if that was acknowledged.
    pub fn sealed(&self) -> Option<bool> {
        self.told.sealed
    }

    pub fn done(&self) -> u64 {
        self.told.done
    }
}

/// The answer; none when the server dies meanwhile.
async fn whole(ask: Ask) -> Option<Answer> {
    match send(ask).await {
        Heard::Whole(answer) => Some(answer),
        Heard::Status | Heard::Nothing => None,
    }
}

/// Puts there what is copied.
async fn fill(library: &Library, tenant_id: i64) {
    let root = library.root_folder(&system(), tenant_id, library::Right::Read).await.unwrap().id;
    for number in 0..TO_COPY {
        let body = futures_util::stream::iter([Ok(bytes::Bytes::from(format!("file {number}")))]);
        let upload = Upload {
            received: library.receive_from_anybody(u64::MAX, Box::pin(body)).await.unwrap(),
            name: format!("{number}.txt"),
            declared_type: None,
            fields: Vec::new(),
            title: None,
            terms: library::Terms::default(),
        };
        let slug = format!("{number}.txt");
        let place = At { top: root, path: &["top", &slug], make_folders: true };
        library.put_asset(&library::Actor::system(Origin::default()), &place, upload, Ingest::default()).await.unwrap();
    }
}
