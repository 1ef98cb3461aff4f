//! A small library for requests that must not change anything of it: some of each thing, and all that one sees of them.

use serde_json::{Value, json};

use super::{Answer, Ask, Organization, Server, organizations::system};

/// An organization with something of everything.
pub struct Scene<'a> {
    pub server: &'a Server,
    pub organization: Organization,
    /// Another organization's app, folder and file.
    pub foreign: [i64; 3],
    /// A second app.
    pub other_app: i64,
    /// In the first app, with a file and a folder in it.
    pub outer: i64,
    pub inner: i64,
    pub file: i64,
    /// In the trash: a folder, and what went with it.
    pub old: i64,
    pub old_inner: i64,
    pub old_file: i64,
    /// In the trash by itself, out of `outer`.
    pub gone: i64,
}

impl<'a> Scene<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let theirs = server.organization("Theirs").await;
        let foreign = server.folder(&theirs.token, "Foreign", json!({ "appId": theirs.app_id })).await;
        let foreign_file = server.upload(&theirs.token, &format!("folderId={foreign}"), "foreign.txt", b"bytes").await;
        let organization = server.organization("Acme").await;
        let (token, app) = (organization.token.clone(), organization.app_id);
        let other = server.library.found_space(&system(), organization.id, "Other app", organization.user_id).await;
        let folder = async |name: &str, context: Value| server.folder(&token, name, context).await;
        let file = async |folder: i64, name: &str| {
            let file = server.upload(&token, &format!("folderId={folder}"), name, name.as_bytes()).await;
            file["id"].as_i64().unwrap()
        };
        let outer = folder("Outer", json!({ "appId": app })).await;
        let old = folder("Old", json!({ "appId": app })).await;
        let scene = Self {
            server,
            foreign: [theirs.app_id, foreign, foreign_file["id"].as_i64().unwrap()],
            other_app: other.unwrap().id,
            outer,
            inner: folder("Inner", json!({ "parentId": outer })).await,
            file: file(outer, "file.txt").await,
            old,
            old_inner: folder("Old inner", json!({ "parentId": old })).await,
            old_file: file(old, "old.txt").await,
            gone: file(outer, "gone.txt").await,
            organization,
        };
        for target in [format!("files/{}", scene.gone), format!("folders/{}", scene.old)] {
            scene.ask("DELETE", &target).send().await.expect(200);
        }
        scene
    }

    /// A request below `/v1/media/` by somebody in Studio.
    pub fn ask(&self, method: &str, target: &str) -> Ask {
        self.server.fliplet(method, &format!("/v1/media/{target}")).token(&self.organization.token)
    }

    pub async fn put(&self, target: &str, body: &Value) -> Answer {
        self.ask("PUT", target).json(body).send().await
    }

    /// All that one sees of it, with times.
    pub async fn seen(&self) -> Vec<Value> {
        let (id, app) = (self.organization.id, self.organization.app_id);
        let mut seen = Vec::new();
        for target in [
            format!("?organizationId={id}"),
            format!("?appId={app}"),
            format!("?appId={}", self.other_app),
            format!("?folderId={}", self.outer),
            format!("?folderId={}", self.inner),
            format!("?folderId={}", self.old),
            format!("?folderId={}", self.old_inner),
            "deleted".to_owned(),
            format!("files/{}", self.file),
            format!("folders/{}", self.outer),
            format!("files/{}/accessRules", self.file),
            format!("folders/{}/accessRules", self.outer),
            format!("apps/{app}/accessRules"),
            format!("organizations/{id}/accessRules"),
        ] {
            seen.push(self.ask("GET", &target).send().await.expect(200).json());
        }
        seen
    }
}
