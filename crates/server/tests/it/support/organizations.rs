//! Organizations to try things on, made without the slow hashing of a password, and uploads in one line.

use fliplet::TokenKind;
use library::{Actor, Library, NewPerson, Origin};
use serde_json::Value;

use super::{Server, forms::Form};

/// A tenant as Fliplet sees it.
#[derive(Debug, Clone)]
pub struct Organization {
    pub id: i64,
    pub app_id: i64,
    pub user_id: i64,
    /// Of a person in Studio.
    pub token: String,
}

impl Organization {
    /// Founds one with an app.
    pub async fn found(library: &Library, name: &str) -> Self {
        let person = NewPerson {
            email: "somebody@example.com".to_owned(),
            full_name: "Somebody".to_owned(),
            role: "admin".to_owned(),
            password: None,
        };
        let founded = library.found_tenant(&system(), name, person).await.unwrap();
        let (id, user_id) = (founded.tenant.id, founded.admin.id);
        let app = library.found_space(&system(), id, "First app", user_id).await.unwrap();
        let mut organization = Self { id, app_id: app.id, user_id, token: String::new() };
        (_, organization.token) = organization.new_token(library, TokenKind::Studio).await;
        organization
    }

    async fn new_token(&self, library: &Library, kind: TokenKind) -> (i64, String) {
        let app = (kind == TokenKind::App).then_some(self.app_id);
        let wish = fliplet::token_wish(kind, self.id, self.user_id, app, "Made by a test");
        let (token, secret) = library.add_token(&system(), wish).await.unwrap();
        (token.id, secret)
    }

    /// The context of its top, as a query says it.
    pub fn here(&self) -> String {
        format!("organizationId={}", self.id)
    }

    /// The context of its app.
    pub fn app(&self) -> String {
        format!("appId={}", self.app_id)
    }
}

pub fn system() -> Actor {
    Actor::system(Origin::default())
}

impl Server {
    /// Founds an organization with an app.
    pub async fn organization(&self, name: &str) -> Organization {
        Organization::found(&self.library, name).await
    }

    /// Makes a token, one of an app for the organization's only app; its id and its secret.
    pub async fn new_token(&self, of: &Organization, kind: TokenKind) -> (i64, String) {
        of.new_token(&self.library, kind).await
    }

    /// Uploads one file into a context such as `appId=3`; the file as it is answered.
    pub async fn upload(&self, token: &str, context: &str, name: &str, bytes: &[u8]) -> Value {
        let form = Form::new().file("files[0]", name, "", bytes);
        let ask = self.fliplet("POST", &format!("/v1/media/files?{context}")).token(token);
        let mut answer = form.put_in(ask).send().await.expect(201).json();
        assert_eq!(answer["files"].as_array().unwrap().len(), 1);
        answer["files"][0].take()
    }

    /// Makes a folder in a context such as `{"appId": 3}`; its id.
    pub async fn folder(&self, token: &str, name: &str, mut context: Value) -> i64 {
        context["name"] = name.into();
        let ask = self.fliplet("POST", "/v1/media/folders").token(token);
        ask.json(&context).send().await.expect(201).json()["id"].as_i64().unwrap()
    }

    /// The names that a context lists, folders first, each kind by name.
    pub async fn listed(&self, token: &str, context: &str) -> Vec<String> {
        let listing = self.fliplet("GET", &format!("/v1/media?{context}")).token(token).send().await.expect(200).json();
        let names = |kind: &str| listing[kind].as_array().unwrap().clone();
        let all = names("folders").into_iter().chain(names("files"));
        all.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }
}
