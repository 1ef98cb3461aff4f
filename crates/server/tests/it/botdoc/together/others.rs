//! The other APIs of an account's organization.

use flextype::TokenKind;
use library::{Rights, TokenWish};
use serde_json::{Value, json};

use crate::{
    botdoc::Agent,
    mediaflow,
    support::{Answer, Ask, Organization, Server, organizations::system},
};

const FILES: &str = "ffffffffffffffffffffffffffffffff";
const FOLDERS: &str = "dddddddddddddddddddddddddddddddd";
const ACCESS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Somebody who may do everything in each of them.
pub struct Others<'a> {
    pub server: &'a Server,
    pub organization: Organization,
    pub flow: mediaflow::Agent<'a>,
}

impl<'a> Others<'a> {
    pub async fn of(agent: &Agent<'a>) -> Self {
        let (server, organization) = (agent.server, agent.organization.clone());
        for (kind, secret) in [(TokenKind::Files, FILES), (TokenKind::Folders, FOLDERS), (TokenKind::Access, ACCESS)] {
            let wish = flextype::token_wish(kind, organization.id, organization.user_id, None, "Made by a test");
            let wish = TokenWish { secret: Some(secret.to_owned()), ..wish };
            server.library.add_token(&system(), wish).await.unwrap();
        }
        let flow = mediaflow::Agent::with(server, organization.clone(), Rights::ALL, None).await;
        Self { server, organization, flow }
    }

    /// Fliplet, below `/v1/media/`.
    pub fn fliplet(&self, method: &str, target: &str) -> Ask {
        self.server.fliplet(method, &format!("/v1/media/{target}")).token(&self.organization.token)
    }

    /// The names in a folder, as Fliplet lists them.
    pub async fn listed(&self, folder: &Value) -> Vec<String> {
        self.server.listed(&self.organization.token, &format!("folderId={folder}")).await
    }

    /// Flextype, with the tokens for it: a file by its path.
    pub async fn flextype_file(&self, path: &str) -> Answer {
        let target = format!("/flextype/api/media/files?id={path}&token={FILES}");
        self.server.ask("GET", &target).send().await
    }

    /// Flextype: all files of a folder by its path.
    pub async fn flextype_files(&self, path: &str) -> Answer {
        let target = format!("/flextype/api/media/files?id={path}&options[collection]=true&token={FILES}");
        self.server.ask("GET", &target).send().await
    }

    /// Flextype: a change of files or folders.
    pub async fn flextype(&self, method: &str, what: &str, mut body: Value) -> Answer {
        let token = if what.starts_with("files") { FILES } else { FOLDERS };
        body["token"] = json!(token);
        body["access_token"] = json!(ACCESS);
        self.server.ask(method, &format!("/flextype/api/media/{what}")).json(&body).send().await
    }
}

/// Panics unless Flextype answers that there is no such thing.
#[track_caller]
pub fn not_in_flextype(answer: &Answer) {
    assert_eq!(answer.status, 404, "{answer}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["http_status_code"], 404, "{answer}");
}

/// Panics unless Mediaflow refuses with this status.
#[track_caller]
pub fn refused_by_flow(answer: Answer, status: u16) -> String {
    let body = answer.expect(status).json();
    assert_eq!(body["status"], status);
    body["error"].as_str().unwrap().to_owned()
}
