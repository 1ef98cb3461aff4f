//! Tokens: how often they work and what counts, switched off and on again, confined to a folder, over in time; and the commands that
//! make them.

use std::{net::SocketAddr, sync::atomic::Ordering};

use flextype::TokenKind;
use futures_util::future::join_all;
use library::{Rights, Token, TokenWish};
use serde_json::{Value, json};

use super::{
    model::{data, tree},
    site::{ACCESS, FILES, Site, refused},
    together::fliplet_id,
};
use crate::support::{
    Answer, Ask, NOW_MS, Server, forms::Form, on_each_engine, organizations::system, programs::succeed,
};

const LIMIT: i64 = 5;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

async fn with_a_file(server: &Server) -> Site<'_> {
    let site = Site::with_tokens(server).await;
    site.put_file("shelf/a.txt", b"bytes").await;
    site
}

/// Fetches the file with a token.
async fn fetch(site: &Site<'_>, method: &str, secret: &str) -> Answer {
    site.ask(method, &format!("/api/media/files?id=shelf/a.txt&token={secret}")).send().await
}

async fn calls(site: &Site<'_>, token: &Token) -> i64 {
    let tokens = site.server.library.tokens(&system(), site.organization.id).await.unwrap();
    tokens.iter().find(|known| known.id == token.id).unwrap().call_count
}

#[test]
fn of_sixty_who_ask_at_once_five_succeed() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        let token = site.limited_token(TokenKind::Files, SECRET, LIMIT).await;
        ask_at_once(&[server.address]).await;
        assert_eq!(calls(&site, &token).await, LIMIT);
    });
}

#[test]
fn of_sixty_who_ask_two_servers_at_once_five_succeed() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        let token = site.limited_token(TokenKind::Files, SECRET, LIMIT).await;
        let (library, beside) = server.start_beside().await;
        ask_at_once(&[server.address, beside.address]).await;
        assert_eq!(calls(&site, &token).await, LIMIT);
        beside.stop().await;
        library.close().await;
    });
}

async fn ask_at_once(servers: &[SocketAddr]) {
    let target = format!("/flextype/api/media/files?id=shelf/a.txt&token={SECRET}");
    let asks = servers.iter().cycle().take(60).map(|server| Ask::new(*server, "GET", &target).send());
    let (given, kept): (Vec<Answer>, Vec<Answer>) =
        join_all(asks).await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(given.len(), usize::try_from(LIMIT).unwrap());
    for answer in kept {
        refused(answer, 401);
    }
}

#[test]
fn what_is_not_found_counts_and_what_is_refused_does_not() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        let token = site.limited_token(TokenKind::Files, SECRET, 4).await;
        let delete = async |body: Value| site.ask("DELETE", "/api/media/files").json(&body).send().await;
        for _ in 0..6 {
            refused(site.ask("GET", &format!("/api/media/files?token={SECRET}")).send().await, 400);
            refused(delete(json!({ "id": "shelf/a.txt", "token": SECRET })).await, 400);
            refused(delete(json!({ "id": "shelf/a.txt", "token": SECRET, "access_token": FILES })).await, 401);
        }
        assert_eq!(calls(&site, &token).await, 0);
        refused(site.ask("GET", &format!("/api/media/files?id=none.txt&token={SECRET}")).send().await, 404);
        assert_eq!(calls(&site, &token).await, 1);
        refused(delete(json!({ "id": "none.txt", "token": SECRET, "access_token": ACCESS })).await, 404);
        fetch(&site, "HEAD", SECRET).await.expect(200);
        fetch(&site, "GET", SECRET).await.expect(200);
        assert_eq!(calls(&site, &token).await, 4);
        refused(fetch(&site, "GET", SECRET).await, 401);
        fetch(&site, "HEAD", SECRET).await.expect(401);
        refused(delete(json!({ "id": "shelf/a.txt", "token": SECRET, "access_token": ACCESS })).await, 401);
        assert_eq!(calls(&site, &token).await, 4);
    });
}

#[test]
fn a_folders_token_that_is_used_up_is_refused_like_any_other() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.limited_token(TokenKind::Folders, SECRET, 2).await;
        let create = async |id: &str| {
            let body = json!({ "id": id, "token": SECRET, "access_token": ACCESS });
            site.ask("POST", "/api/media/folders").json(&body).send().await
        };
        create("a").await.expect(200);
        refused(create("a").await, 404);
        refused(create("b").await, 401);
        refused(site.ask("GET", &format!("/api/media/folders?id=a&token={SECRET}")).send().await, 401);
    });
}

#[test]
fn a_token_is_over_at_its_time() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        let like = site.token(TokenKind::Files, &"9".repeat(32)).await;
        expiring_token(&site, &like, SECRET, NOW_MS + 1_000).await;
        server.clock.fetch_add(999, Ordering::SeqCst);
        fetch(&site, "GET", SECRET).await.expect(200);
        server.clock.fetch_add(1, Ordering::SeqCst);
        refused(fetch(&site, "GET", SECRET).await, 401);
    });
}

/// Makes a token of the kind of another, which is over at a time in milliseconds since 1970.
pub async fn expiring_token(site: &Site<'_>, like: &Token, secret: &str, expires_at: i64) {
    let wish = TokenWish {
        tenant_id: like.tenant_id,
        user_id: like.user_id,
        realm: like.realm.clone(),
        kind: like.kind.clone(),
        name: like.name.clone(),
        prefix: String::new(),
        rights: Rights::ALL,
        folder_id: None,
        call_limit: None,
        secret: Some(secret.to_owned()),
        expires_at: Some(expires_at),
    };
    site.server.library.add_token(&system(), wish).await.unwrap();
}

#[test]
fn a_token_of_a_folder_takes_it_for_the_top() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        site.upload("shelf/inner", "deep.txt", b"deep").await.expect(200);
        let shelf = fliplet_id(&site, &site.organization.here(), "folders", "shelf").await;
        site.token_with(TokenKind::Files, SECRET, Rights::ALL, Some(shelf)).await;
        site.token_with(TokenKind::Folders, SECRET, Rights::ALL, Some(shelf)).await;
        let get = async |kind: &str, id: &str| {
            site.ask("GET", &format!("/api/media/{kind}?id={id}&token={SECRET}")).send().await
        };
        let file = data(&get("files", "inner/deep.txt").await.expect(200));
        let base = format!("http://{}", server.address);
        let url = file["full_url"].as_str().unwrap().strip_prefix(&base).unwrap();
        assert_eq!(server.ask("GET", url).send().await.expect(200).body, b"deep");
        let relative = format!("/{}", file["url"].as_str().unwrap());
        assert_eq!(site.ask("GET", &relative).send().await.expect(200).body, b"deep");
        get("folders", "inner").await.expect(200);
        get("folders", "").await.expect(200);
        for (kind, id) in [("files", "shelf/inner/deep.txt"), ("folders", "shelf"), ("folders", "first-app")] {
            refused(get(kind, id).await, 404);
        }
        let form = Form::new().text("folder", "new").text("token", SECRET).text("access_token", ACCESS);
        let form = form.file("file", "b.txt", "", b"new");
        form.put_in(site.ask("POST", "/api/media/files")).send().await.expect(200);
        assert!(tree(&site).await.contains_key("shelf/new/b.txt"));
        let way_up = json!({ "id": "new/b.txt", "new_id": "../b.txt", "token": SECRET, "access_token": ACCESS });
        let answer = site.ask("PUT", "/api/media/files").json(&way_up).send().await;
        assert!([400, 404].contains(&answer.status), "{answer}");
        assert!(tree(&site).await.contains_key("shelf/new/b.txt"));
    });
}

#[test]
fn another_customers_access_token_is_none() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        let other = Site::new(server).await;
        other.token(TokenKind::Access, SECRET).await;
        let body = json!({ "id": "shelf/a.txt", "token": FILES, "access_token": SECRET });
        refused(site.ask("DELETE", "/api/media/files").json(&body).send().await, 401);
        fetch(&site, "GET", FILES).await.expect(200);
    });
}

#[test]
fn commands_make_tokens_and_switch_them_off_and_on() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        let (tenant, user) = (site.organization.id.to_string(), site.organization.user_id.to_string());
        let create = ["token", "create", "--tenant", &tenant, "--user", &user, "flextype"];
        let files = run(server, &[&create[..], &["--kind", "files", "--limit", "5"]].concat()).await;
        let (id, secret) = (files["id"].to_string(), files["secret"].as_str().unwrap());
        assert!(secret.len() >= 20 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
        fetch(&site, "GET", secret).await.expect(200);
        let listed = async || {
            let list = run(server, &["token", "list", "--tenant", &tenant]).await;
            let tokens = list.as_array().unwrap();
            let token = tokens.iter().find(|token| token["id"] == files["id"]).unwrap();
            assert!(!token.to_string().contains(secret));
            ["calls", "limit", "disabled"].map(|key| token[key].clone())
        };
        assert_eq!(listed().await, [json!(1), json!(5), json!(false)]);
        // What another process says is known here within a bounded time.
        let age = server.max_memory_age_ms();
        run(server, &["token", "disable", "--tenant", &tenant, &id]).await;
        server.clock.fetch_add(age, Ordering::SeqCst);
        refused(fetch(&site, "GET", secret).await, 401);
        assert_eq!(listed().await, [json!(1), json!(5), json!(true)]);
        run(server, &["token", "enable", "--tenant", &tenant, &id]).await;
        server.clock.fetch_add(age, Ordering::SeqCst);
        fetch(&site, "GET", secret).await.expect(200);
        assert_eq!(listed().await, [json!(2), json!(5), json!(false)]);

        let shelf = fliplet_id(&site, &site.organization.here(), "folders", "shelf").await.to_string();
        let folders = run(server, &[&create[..], &["--kind", "folders", "--folder", &shelf]].concat()).await;
        let access = run(server, &[&create[..], &["--kind", "access"]].concat()).await;
        let body = json!({ "id": "made", "token": folders["secret"], "access_token": access["secret"] });
        site.ask("POST", "/api/media/folders").json(&body).send().await.expect(200);
        assert!(tree(&site).await.contains_key("shelf/made"));
        let wrong = [
            &create[..],
            &[&create[..], &["--kind", "entries"]].concat(),
            &["token", "disable", "--tenant", &tenant, "999999"],
        ];
        for arguments in wrong {
            let mut command = server.command(arguments);
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            assert!(!output.status.success() && !output.stderr.is_empty(), "{arguments:?}");
        }
    });
}

/// What `mediary` prints when it is run beside the server.
async fn run(server: &Server, arguments: &[&str]) -> Value {
    let mut command = server.command(arguments);
    let told = tokio::task::spawn_blocking(move || succeed(&mut command, "mediary")).await.unwrap();
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{told}: {error}"))
}

#[test]
fn an_access_token_of_a_folder_goes_with_tokens_of_that_folder_only() {
    on_each_engine(async |server| {
        let site = with_a_file(server).await;
        let shelf = server.library.find_by_path(&system(), site.root, &["shelf"]).await.unwrap();
        let library::Found::Folder(shelf) = shelf else { panic!("it is a folder") };
        let [access, files] = ["c", "b"].map(|letter| letter.repeat(32));
        site.token_with(TokenKind::Access, &access, Rights::CHANGE, Some(shelf.id)).await;
        site.token_with(TokenKind::Files, &files, Rights::CHANGE, Some(shelf.id)).await;
        let delete = |id: &str, token: &str| {
            let body = json!({ "id": id, "token": token, "access_token": access });
            site.ask("DELETE", "/api/media/files").json(&body)
        };
        refused(delete("shelf/a.txt", FILES).send().await, 401);
        delete("a.txt", &files).send().await.expect(204);
    });
}
