//! A customer of Mediaflow with keys, and requests in its name.

use library::Rights;
use mediaflow::{Keys, KeysWish};
use serde_json::{Value, json};

use crate::support::{Answer, Ask, Organization, Server, organizations::system};

/// Somebody with keys and an access token.
pub struct Agent<'a> {
    pub server: &'a Server,
    pub organization: Organization,
    pub keys: Keys,
    pub token: String,
    /// The top of the tree.
    pub root: i64,
}

impl<'a> Agent<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let organization = server.organization("Acme").await;
        Self::with(server, organization, Rights::ALL, None).await
    }

    /// With other keys of the same organization.
    pub async fn with(server: &'a Server, organization: Organization, rights: Rights, folder_id: Option<i64>) -> Self {
        let wish = KeysWish {
            tenant_id: organization.id,
            user_id: organization.user_id,
            name: "Made by a test".to_owned(),
            rights,
            folder_id,
        };
        let keys = mediaflow::add_keys(&server.library, &system(), &wish).await.unwrap();
        let root = server.library.root_folder(&system(), organization.id, library::Right::Read).await.unwrap().id;
        let mut agent = Self { server, organization, keys, token: String::new(), root };
        agent.token = agent.new_token().await;
        agent
    }

    /// The query of the seed's first request.
    pub fn grant(&self) -> String {
        let Keys { client_id, client_secret, refresh_token } = &self.keys;
        format!(
            "grant_type=refresh_token&client_id={client_id}&client_secret={client_secret}&refresh_token={refresh_token}"
        )
    }

    pub async fn new_token(&self) -> String {
        let answer = ask(self.server, "GET", &format!("/1/oauth2/token?{}", self.grant())).send().await.expect(200);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub fn ask(&self, method: &str, target: &str) -> Ask {
        ask(self.server, method, target).header("Authorization", format!("Bearer {}", self.token))
    }

    /// The array that a GET answers with.
    pub async fn list(&self, target: &str) -> Vec<Value> {
        let answer = self.ask("GET", target).send().await.expect(200);
        answer.json().as_array().unwrap_or_else(|| panic!("{answer} is no array")).clone()
    }

    /// The one thing in that array.
    pub async fn one(&self, target: &str) -> Value {
        let mut list = self.list(target).await;
        assert_eq!(list.len(), 1, "{target}");
        list.remove(0)
    }

    /// The path of a URL that an answer names, behind the mount.
    pub fn path_of(&self, url: &Value) -> String {
        let base = format!("http://{}/mediaflow", self.server.address);
        let url = url.as_str().unwrap_or_else(|| panic!("{url} is no text"));
        url.strip_prefix(&base).unwrap_or_else(|| panic!("{url} is not below {base}")).to_owned()
    }

    /// What anybody gets by a URL that an answer names.
    pub async fn fetch(&self, url: &Value) -> Answer {
        ask(self.server, "GET", &self.path_of(url)).send().await
    }

    /// Uploads a file in both steps; the file as it is answered.
    pub async fn upload(&self, folder: i64, name: &str, bytes: &[u8]) -> Value {
        let url = self.announce(folder, name, bytes.len()).await;
        ask(self.server, "PUT", &self.path_of(&url)).body("", bytes).send().await.expect(200).json()
    }

    pub async fn announce(&self, folder: i64, name: &str, size: usize) -> Value {
        let body = json!({ "filename": name, "filesize": size, "toFolder": folder });
        let mut answer = self.ask("POST", "/1/file").json(&body).send().await.expect(200).json();
        assert_eq!(answer["expiresIn"], 600);
        answer["uploadURL"].take()
    }

    pub async fn folder(&self, parent: i64, name: &str) -> i64 {
        let organization = &self.organization;
        let mut context = json!({ "organizationId": organization.id });
        if parent != self.root {
            context["parentId"] = parent.into();
        }
        self.server.folder(&organization.token, name, context).await
    }
}

/// A request to the API, by what follows the mount.
pub fn ask(server: &Server, method: &str, target: &str) -> Ask {
    server.ask(method, &format!("/mediaflow{target}"))
}

/// Panics unless an answer refuses with this status, in the API's form: both keys, and the status twice.
#[track_caller]
pub fn refused(answer: Answer, status: u16) -> String {
    let answer = answer.expect(status);
    let body = answer.json();
    assert_eq!(body["status"], status, "{answer}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{answer}");
    body["error"].as_str().filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("{answer} says nothing")).to_owned()
}
