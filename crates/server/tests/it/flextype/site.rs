//! A site: a tenant with tokens, requests in its name, and its tree made by library calls.

use std::{collections::HashMap, sync::Mutex};

use library::{Actor, Found, Ingest, Origin, Place, Right, Rights, Token, TokenWish, Upload};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Ask, Organization, Server, forms::Form, organizations::system};

pub const FILES: &str = "ffffffffffffffffffffffffffffffff";
pub const FOLDERS: &str = "dddddddddddddddddddddddddddddddd";
pub const ACCESS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

pub struct Site<'a> {
    pub server: &'a Server,
    pub organization: Organization,
    pub root: i64,
    /// What was made already, by realm and secret: no secret is made twice.
    made: Mutex<HashMap<(String, String), Token>>,
}

impl<'a> Site<'a> {
    /// A tenant without tokens.
    pub async fn new(server: &'a Server) -> Self {
        let organization = server.organization("Site").await;
        let root = server.library.root_folder(&system(), organization.id, Right::Read).await.unwrap().id;
        Self { server, organization, root, made: Mutex::default() }
    }

    /// The same with one token of each kind.
    pub async fn with_tokens(server: &'a Server) -> Self {
        let site = Self::new(server).await;
        site.token(flextype::TokenKind::Files, FILES).await;
        site.token(flextype::TokenKind::Folders, FOLDERS).await;
        site.token(flextype::TokenKind::Access, ACCESS).await;
        site
    }

    pub async fn token(&self, kind: flextype::TokenKind, secret: &str) -> Token {
        self.token_with(kind, secret, Rights::CHANGE, None).await
    }

    pub async fn limited_token(&self, kind: flextype::TokenKind, secret: &str, call_limit: i64) -> Token {
        self.made(TokenWish { call_limit: Some(call_limit), ..self.wish(kind, secret) }).await
    }

    pub async fn token_with(
        &self,
        kind: flextype::TokenKind,
        secret: &str,
        rights: Rights,
        folder_id: Option<i64>,
    ) -> Token {
        self.made(TokenWish { rights, folder_id, ..self.wish(kind, secret) }).await
    }

    /// Makes a token, or switches the one on again that was made of this secret before the site was cleared.
    async fn made(&self, wish: TokenWish) -> Token {
        let key = (wish.realm.clone(), wish.secret.clone().unwrap_or_default());
        let known = self.made.lock().unwrap().get(&key).cloned();
        if let Some(token) = known {
            assert_eq!(token.call_limit, wish.call_limit);
            self.server.library.enable_token(&system(), self.organization.id, token.id).await.unwrap();
            return token;
        }
        let token = self.server.library.add_token(&system(), wish).await.unwrap().0;
        self.made.lock().unwrap().insert(key, token.clone());
        token
    }

    fn wish(&self, kind: flextype::TokenKind, secret: &str) -> TokenWish {
        let wish = flextype::token_wish(kind, self.organization.id, self.organization.user_id, None, "Made by a test");
        TokenWish { secret: Some(secret.to_owned()), ..wish }
    }

    /// A request, its target as the document writes it.
    pub fn ask(&self, method: &str, target: &str) -> Ask {
        self.server.ask(method, &format!("/flextype{target}"))
    }

    /// A GET, the token added.
    pub async fn get(&self, target: &str) -> Answer {
        let token = if target.starts_with("/api/media/files") { FILES } else { FOLDERS };
        self.ask("GET", &format!("{target}&token={token}")).send().await
    }

    /// A change, both tokens added.
    pub async fn call(&self, method: &str, path: &str, mut body: Value) -> Answer {
        let token = if path.starts_with("/api/media/files") { FILES } else { FOLDERS };
        body["token"] = json!(token);
        body["access_token"] = json!(ACCESS);
        self.ask(method, path).json(&body).send().await
    }

    pub async fn upload(&self, folder: &str, name: &str, bytes: &[u8]) -> Answer {
        let form = Form::new().text("token", FILES).text("access_token", ACCESS).text("folder", folder);
        form.file("file", name, "", bytes).put_in(self.ask("POST", "/api/media/files")).send().await
    }

    /// Puts a file at a path as it is, with the folders on the way.
    pub async fn put_file(&self, path: &str, bytes: &[u8]) {
        let library = &self.server.library;
        // Whoever puts it there comes by another API, which takes no programs where nothing is said.
        let tenant = (self.organization.id, None);
        library.set_upload_policy(&system(), tenant, Some(library::UploadPolicy::default())).await.unwrap();
        let body = futures_util::stream::iter([Ok(bytes::Bytes::copy_from_slice(bytes))]);
        let received = library.receive_from_anybody(u64::MAX, Box::pin(body)).await.unwrap();
        let slugs: Vec<&str> = path.split('/').collect();
        let name = slugs.last().copied().unwrap_or_default().to_owned();
        let upload = Upload {
            received,
            name,
            declared_type: None,
            fields: Vec::new(),
            title: None,
            terms: library::Terms::default(),
        };
        library.put_asset(&self.owner().await, &self.place(&slugs), upload, Ingest::default()).await.unwrap();
    }

    /// Makes a folder, if it is not there.
    pub async fn put_folder(&self, path: &str) {
        let slugs: Vec<&str> = path.split('/').collect();
        if self.server.library.find_by_path(&system(), self.root, &slugs).await.is_err() {
            self.server.library.create_folder_at(&self.owner().await, &self.place(&slugs)).await.unwrap();
        }
    }

    /// Puts a meta in the place of a file's.
    pub async fn set_meta(&self, path: &str, meta: &Value) {
        let slugs: Vec<&str> = path.split('/').collect();
        let found = self.server.library.find_by_path(&system(), self.root, &slugs).await.unwrap();
        let Found::Asset(asset) = found else { panic!("{path} is no file") };
        let meta: Map<String, Value> = meta.as_object().unwrap().clone();
        flextype::set_meta(&self.server.library, &system(), &asset, meta).await.unwrap();
    }

    /// Puts everything in the trash, and switches every token off.
    pub async fn clear(&self) {
        let library = &self.server.library;
        self.clear_files().await;
        let ours = |token: &&Token| token.realm.starts_with("flextype") && token.revoked_at.is_none();
        for token in library.tokens(&system(), self.organization.id).await.unwrap().iter().filter(ours) {
            library.disable_token(&system(), self.organization.id, token.id).await.unwrap();
        }
    }

    /// Puts everything in the trash.
    pub async fn clear_files(&self) {
        let library = &self.server.library;
        for folder in library.child_folders(&system(), self.root).await.unwrap() {
            if folder.kind == library::FolderKind::Plain {
                library.trash_folder(&system(), folder.id).await.unwrap();
            }
        }
        for asset in library.folder_assets(&system(), self.root, None, |_| true).await.unwrap() {
            library.trash_asset(&system(), asset.id).await.unwrap();
        }
    }

    /// Somebody who may do everything.
    pub async fn owner(&self) -> Actor {
        let token = &self.organization.token;
        self.server.library.authenticate(fliplet::REALM, token, Origin::default()).await.unwrap()
    }

    fn place<'b>(&self, slugs: &'b [&'b str]) -> Place<'b> {
        Place { top: self.root, path: slugs, make_folders: true }
    }
}

/// Asserts that an answer refuses in the dialect's words.
#[track_caller]
pub fn refused(answer: Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer}");
    if status == 405 {
        assert!(answer.header("allow").ends_with("OPTIONS"), "{answer}");
        return;
    }
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8", "{answer}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["http_status_code", "message"], "{answer}");
    assert_eq!(body["http_status_code"], status, "{answer}");
    let words: &[&str] = match status {
        400 => &["Wrong query params or not defined", "Wrong body params or not defined"],
        401 => &["Unauthorized"],
        404 => &["File not found", "Folder not found", "Not Found"],
        _ => panic!("{answer}"),
    };
    assert!(words.contains(&body["message"].as_str().unwrap()), "{answer}");
}
