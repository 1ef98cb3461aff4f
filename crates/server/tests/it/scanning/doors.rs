//! All ways to the bytes of a file: those of holders of a key, and those of anybody who has a URL.

use serde_json::{Value, json};

use super::Five;
use crate::{
    flextype,
    mediapocket::{
        account::target_of,
        links::{FAR, path_of},
    },
    support::{Answer, Ask, Server},
};

/// One way.
#[derive(Debug, Clone)]
pub struct Door {
    pub name: String,
    pub ask: Ask,
    /// A share link leads on to what gives the bytes.
    leads_on: bool,
}

/// The ways to one file.
pub struct Doors<'a> {
    pub server: &'a Server,
    pub name: String,
    bytes: Vec<u8>,
    /// With a key.
    pub keys: Vec<Door>,
    /// Without.
    pub links: Vec<Door>,
}

impl Five<'_> {
    /// The ways to a file whose scan is at most queued: what holders of keys prepare meanwhile. `is_public`: it lies among what is for
    /// everybody.
    pub async fn doors(&self, id: i64, (name, bytes): (&str, &[u8]), is_public: bool) -> Doors<'_> {
        let mut doors =
            Doors { server: self.server, name: name.to_owned(), bytes: bytes.to_vec(), keys: vec![], links: vec![] };
        let fliplet = |target: String| self.server.fliplet("GET", &format!("/v1/media/{target}")).token(self.token());
        doors.key("fliplet contents", fliplet(format!("files/{id}/contents")));
        doors.key("fliplet zip", fliplet(format!("zip?files={id}")));
        doors.key("botdoc download", self.botdoc.ask("GET", &format!("/v1/media/{id}/download/")));

        let downloads = self.flow.one(&format!("/1/file/{id}/downloads/0")).await;
        doors.link("mediaflow download", self.server.ask("GET", path_of(text(&downloads["downloadURL"]))));
        let asset = self.pocket.get(&format!("/api/v2/assets/{id}")).await["asset"].clone();
        let key = text(&asset["id"]);
        let media = self.pocket.get(&format!("/api/v2/assets/{key}/media")).await["media"][0].clone();
        doors.link("mediapocket presigned", self.server.ask("GET", path_of(text(&media["url"]))));
        let link = self.pocket.link(&asset, (FAR, 1_000)).await;
        let follow = self.server.ask("GET", &format!("/mediapocket{}", target_of(&link)));
        doors.links.push(Door { name: "mediapocket link".to_owned(), ask: follow, leads_on: true });
        let file = self.fliplet(&format!("files/{id}")).await;
        if is_public {
            doors.link("fliplet cdn", self.server.ask("GET", path_of(text(&file["url"]))));
            for prefix in ["uploads", "media"] {
                let target = format!("/flextype/project/{prefix}/web/{name}");
                doors.link(&format!("flextype {prefix}"), self.server.ask("GET", &target));
            }
        }
        if !file["thumbnail"].is_null() {
            doors.key("fliplet thumbnail", fliplet(format!("files/{id}/thumb/preview.jpg")));
            let told = self.flow.one(&format!("/1/file/{id}?fields=any")).await;
            for preview in ["thumbPreview", "smallPreview", "mediumPreview"] {
                doors.link(preview, self.server.ask("GET", path_of(text(&told[preview]))));
            }
        }
        doors
    }

    /// What the dialects say of a file that is out of reach; Fliplet and MediaPocket have it in their trash.
    pub async fn expect_nowhere(&self, id: i64, name: &str) {
        self.flow.ask("GET", &format!("/1/file/{id}")).send().await.expect(404);
        self.pocket
            .post(
                "/api/v2/shareable_links",
                &json!({ "expiry_date": FAR, "limit": 1, "payload":
            { "asset_id": id, "filename": "x", "media_id": 1 } }),
            )
            .await
            .expect(400);
        self.botdoc.ask("GET", &format!("/v1/media/{id}/download/")).send().await.expect(404);
        flextype::site::refused(self.site.get(&format!("/api/media/files?id=web/{name}")).await, 404);
    }
}

impl Doors<'_> {
    fn key(&mut self, name: &str, ask: Ask) {
        self.keys.push(Door { name: name.to_owned(), ask, leads_on: false });
    }

    pub fn link(&mut self, name: &str, ask: Ask) {
        self.links.push(Door { name: name.to_owned(), ask, leads_on: false });
    }

    /// Also the presigned URL that the share link leads to, and Mediaflow's lasting one, which are made only of what is let out.
    pub async fn add_late(&mut self) {
        let find = |name: &str| self.links.iter().find(|door| door.name == name).unwrap().ask.clone();
        let (follow, download) = (find("mediapocket link"), find("mediaflow download"));
        let location = follow.send().await.expect(302).header("location").to_owned();
        self.link("where the link led", self.server.ask("GET", path_of(&location)));
        let lasting = download.with_query("&permalink=true").send().await.expect(200).json()["url"].clone();
        self.link("mediaflow lasting", self.server.ask("GET", path_of(text(&lasting))));
    }

    pub async fn expect_open(&self) {
        for door in self.keys.iter().chain(&self.links) {
            self.expect_given(door).await;
        }
    }

    /// All are shut, and none of them gives a byte away.
    pub async fn expect_shut(&self) {
        for door in self.keys.iter().chain(&self.links) {
            self.expect_refused(door).await;
        }
    }

    /// As long as nobody has looked, only those with a key get it.
    pub async fn expect_open_to_keys_only(&self) {
        for door in &self.keys {
            self.expect_given(door).await;
        }
        for door in &self.links {
            self.expect_refused(door).await;
        }
    }

    async fn expect_given(&self, door: &Door) {
        let answer = self.go_through(door).await;
        assert_eq!(answer.status, 200, "{} of {}: {answer}", door.name, self.name);
        let is_whole = answer.body == self.bytes;
        let is_part = ["zip", "thumb", "Preview"].iter().any(|part| door.name.contains(part));
        assert!(is_whole || (is_part && !answer.body.is_empty()), "{} of {}: {answer}", door.name, self.name);
    }

    async fn expect_refused(&self, door: &Door) {
        let answer = self.go_through(door).await;
        assert!([401, 403, 404].contains(&answer.status), "{} of {}: {answer}", door.name, self.name);
        let is_in = answer.body.windows(self.bytes.len().max(1)).any(|part| part == self.bytes);
        assert!(!is_in, "{} of {}: {answer}", door.name, self.name);
    }

    async fn go_through(&self, door: &Door) -> Answer {
        let answer = door.ask.clone().send().await;
        match door.leads_on && answer.status == 302 {
            true => self.server.ask("GET", path_of(answer.header("location"))).send().await,
            false => answer,
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
