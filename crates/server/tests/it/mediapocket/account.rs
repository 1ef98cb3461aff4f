//! An account of MediaPocket with an API key, and requests in its name.

use library::Rights;
use serde_json::{Value, json};

use crate::support::{Answer, Ask, Organization, Server, organizations::system};

/// Somebody with a key.
pub struct Account<'a> {
    pub server: &'a Server,
    pub organization: Organization,
    pub key: String,
}

impl<'a> Account<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let organization = server.organization("Acme").await;
        Self::with(server, organization, Rights::ALL, None).await
    }

    /// With another key of the same organization.
    pub async fn with(server: &'a Server, organization: Organization, rights: Rights, folder_id: Option<i64>) -> Self {
        let user = organization.user_id;
        let wish = mediapocket::api_key_wish(organization.id, user, rights, folder_id, "Made by a test");
        let (_, key) = server.library.add_token(&system(), wish).await.unwrap();
        Self { server, organization, key }
    }

    pub fn ask(&self, method: &str, target: &str) -> Ask {
        ask(self.server, method, target).header("X-API-KEY", &self.key).header("Content-Type", "application/json")
    }

    /// What a GET answers with.
    pub async fn get(&self, target: &str) -> Value {
        self.ask("GET", target).send().await.expect(200).json()
    }

    /// What a POST of JSON is answered with.
    pub async fn post(&self, target: &str, body: &Value) -> Answer {
        ask(self.server, "POST", target).header("X-API-KEY", &self.key).json(body).send().await
    }

    /// An asset with bytes, put there by another door: its object.
    pub async fn asset(&self, name: &str, bytes: &[u8]) -> Value {
        let file = self.server.upload(&self.organization.token, &self.organization.here(), name, bytes).await;
        self.get(&format!("/api/v2/assets/{}", file["id"])).await["asset"].clone()
    }

    /// The id of the first media of an asset.
    pub async fn media_id(&self, asset: &Value) -> i64 {
        let id = asset["id"].as_str().unwrap();
        self.get(&format!("/api/v2/assets/{id}/media")).await["media"][0]["id"].as_i64().unwrap()
    }

    /// Makes a link; its object.
    pub async fn link(&self, asset: &Value, (expiry_date, limit): (&str, i64)) -> Value {
        let media_id = self.media_id(asset).await;
        let payload = json!({ "asset_id": asset["id"], "filename": "test_file", "media_id": media_id });
        let body = json!({ "expiry_date": expiry_date, "limit": limit, "payload": payload });
        self.post("/api/v2/shareable_links", &body).await.expect(200).json()
    }
}

/// The target of a link's URL, without the mount.
pub fn target_of(link: &Value) -> String {
    let url = link["url"].as_str().unwrap();
    url[url.find("/api/v2/").unwrap()..].to_owned()
}

/// A request to the dialect, by what follows the mount.
pub fn ask(server: &Server, method: &str, target: &str) -> Ask {
    server.ask(method, &format!("/mediapocket{target}"))
}
