//! One library through five APIs: limits of two kinds on one file, and a file from elsewhere that all of them see.

use axum::{Router, http::header, routing::get};
use flextype::TokenKind;
use library::{Rights, TokenWish};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::super::{
    Account,
    account::{ask, target_of},
};
use crate::{
    botdoc, mediaflow,
    support::{
        Server, on_each_engine, on_each_engine_with,
        organizations::system,
        pictures::{jpeg, measure},
    },
};

const FILES: &str = "ffffffffffffffffffffffffffffffff";

/// The object of a file that another API knows by its integer id.
async fn asset_of(account: &Account<'_>, id: &Value) -> Value {
    account.get(&format!("/api/v2/assets/{id}")).await["asset"].clone()
}

/// Follows a link and fetches what it leads to, which is free; false when it does not work.
async fn follow(server: &Server, link: &Value, bytes: &[u8]) -> bool {
    let answer = ask(server, "GET", &target_of(link)).send().await;
    if answer.status == 404 {
        assert_eq!(answer.json(), json!({ "error": "Link not found or has expired" }));
        return false;
    }
    let location = answer.expect(302).header("location").to_owned();
    let target = location.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert_eq!(server.ask("GET", target).send().await.expect(200).body, bytes);
    true
}

async fn count(agent: &botdoc::Agent<'_>, media: &Value) -> Value {
    agent.get(&format!("/v1/media/{}/", media["id"])).await["times_downloaded"].clone()
}

#[test]
fn a_link_to_a_limited_file_obeys_both_limits() {
    on_each_engine_with(
        |settings| settings.botdoc.max_downloads = 4,
        async |server| {
            let agent = botdoc::Agent::new(server).await;
            let account = Account::with(server, agent.organization.clone(), Rights::ALL, None).await;
            let media = agent.media("deed.txt", b"the deed").await;
            let asset = asset_of(&account, &media["id"]).await;
            let (narrow, wide) =
                (account.link(&asset, ("2023-11-28", 2)).await, account.link(&asset, ("2023-11-28", 100)).await);
            // The link's own limit is the narrower one.
            for works in [true, true, false] {
                assert_eq!(follow(server, &narrow, b"the deed").await, works);
            }
            assert_eq!(count(&agent, &media).await, 2);
            ask(server, "HEAD", &target_of(&wide)).send().await.expect(302);
            agent.download(&media).await.expect(200);
            // And here the file's.
            for works in [true, false, false] {
                assert_eq!(follow(server, &wide, b"the deed").await, works);
            }
            assert_eq!(count(&agent, &media).await, 4);
            agent.download(&media).await.expect(403);
            // What failed was not counted by the link either.
            for (link, used) in [(&narrow, 2), (&wide, 1)] {
                assert_eq!(super::super::mail::world::uses(&account, link).await, used);
            }
        },
    );
}

#[test]
fn of_many_who_follow_two_links_to_a_limited_file_at_once_no_more_get_it_than_may() {
    on_each_engine_with(
        |settings| settings.botdoc.max_downloads = 4,
        async |server| {
            let agent = botdoc::Agent::new(server).await;
            let account = Account::with(server, agent.organization.clone(), Rights::ALL, None).await;
            let media = agent.media("deed.txt", b"the deed").await;
            let asset = asset_of(&account, &media["id"]).await;
            let links = [account.link(&asset, ("2023-11-28", 3)).await, account.link(&asset, ("2023-11-28", 3)).await];
            let asks = (0..40).map(|number| follow(server, &links[number % 2], b"the deed"));
            let got = futures_util::future::join_all(asks).await.into_iter().filter(|got| *got).count();
            assert_eq!((got, count(&agent, &media).await), (4, json!(4)));
            let mut used = 0;
            for link in &links {
                used += super::super::mail::world::uses(&account, link).await;
            }
            assert_eq!(used, 4);
        },
    );
}

#[test]
fn a_file_whose_time_is_over_ends_its_links() {
    on_each_engine(async |server| {
        let agent = botdoc::Agent::new(server).await;
        let account = Account::with(server, agent.organization.clone(), Rights::ALL, None).await;
        let request = agent.create("/v1/request/", &json!({})).await["id"].clone();
        let form = crate::support::forms::Form::new().file("file", "deed.txt", "text/plain", b"the deed");
        let form = form.text("request", request.to_string());
        let media = form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json();
        let link = account.link(&asset_of(&account, &media["id"]).await, ("2023-12-28", 5)).await;
        assert!(follow(server, &link, b"the deed").await);
        let retention_ms = 72 * 60 * 60 * 1_000;
        server.clock.store(crate::support::NOW_MS + retention_ms, std::sync::atomic::Ordering::SeqCst);
        assert!(!follow(server, &link, b"the deed").await);
    });
}

/// A site somewhere else with one photo on it; its URL.
async fn elsewhere(photo: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/photo", listener.local_addr().unwrap());
    let answer = get(async move || ([(header::CONTENT_TYPE, "image/jpeg")], photo.clone()));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/photo", answer)).await.unwrap() });
    url
}

#[test]
fn what_was_fetched_from_elsewhere_is_seen_by_all() {
    on_each_engine_with(
        |settings| settings.outbound.allow_private = true,
        async |server| {
            let account = Account::new(server).await;
            let organization = &account.organization;
            let flow = mediaflow::Agent::with(server, organization.clone(), Rights::ALL, None).await;
            let wish =
                flextype::token_wish(TokenKind::Files, organization.id, organization.user_id, None, "Made by a test");
            server.library.add_token(&system(), TokenWish { secret: Some(FILES.to_owned()), ..wish }).await.unwrap();
            let photo = jpeg(900, 300);
            let url = elsewhere(photo.clone()).await;
            let project = account.post("/api/v2/projects", &json!({ "title": "Our Summer" })).await.expect(200).json();
            let project = project["project"]["id"].clone();
            let body = json!({ "title": "The Party", "url": { "file_url": url, "filename": "Party Photo.jpg" } });
            let target = format!(
                "/api/v2/projects/{}/assets",
                project.as_str().map_or_else(|| project.to_string(), str::to_owned)
            );
            let asset = account.post(&target, &body).await.expect(200).json()["asset"].clone();
            server.settle().await;

            let key = asset["id"].as_str().unwrap();
            let media = account.get(&format!("/api/v2/assets/{key}/media")).await;
            assert_eq!(
                (&media["fetches"][0]["state"], &media["media"][0]["filename"]),
                (&json!("done"), &json!("Party Photo.jpg"))
            );
            let asset = account.get(&format!("/api/v2/assets/{key}")).await["asset"].clone();
            assert_eq!((&asset["media_type"], &asset["title"]), (&json!("image"), &json!("The Party")));

            // Flextype, at its path.
            let path = "our-summer/party-photo.jpg";
            let file = server
                .ask("GET", &format!("/flextype/api/media/files?id={path}&token={FILES}"))
                .send()
                .await
                .expect(200);
            let file: Value = serde_json::from_slice(&file.body).unwrap();
            assert_eq!(file["data"]["title"], "The Party", "{file}");
            // Fliplet, in the listing, with a thumbnail.
            let fliplet = async |target: &str| {
                server.fliplet("GET", &format!("/v1/media{target}")).token(&organization.token).send().await.expect(200)
            };
            let top = fliplet(&format!("?organizationId={}", organization.id)).await.json();
            let folders = top["folders"].as_array().unwrap();
            let folder = folders.iter().find(|folder| folder["name"] == "Our Summer").unwrap()["id"].clone();
            let listing = fliplet(&format!("?folderId={folder}")).await.json();
            let listed = listing["files"].as_array().unwrap();
            assert_eq!(
                (listed.len(), &listed[0]["name"], &listed[0]["size"]),
                (1, &json!("Party Photo.jpg"), &json!([900, 300]))
            );
            let thumbnail = fliplet(&format!("/files/{}/thumb/preview.jpg", listed[0]["id"])).await;
            assert_eq!(measure(&thumbnail.body), ("image/jpeg", 320, 107));
            // Mediaflow, among the latest.
            let latest = flow.list("/1/file/latest?fields=id,filename,name,width").await;
            let expected =
                json!({ "id": listed[0]["id"], "filename": "Party Photo.jpg", "name": "The Party", "width": 900 });
            assert_eq!(latest, [expected]);
            // And it is shared like any other.
            let link = account.link(&asset, ("2023-11-28", 1)).await;
            assert!(follow(server, &link, &photo).await);
            assert!(!follow(server, &link, &photo).await);
        },
    );
}
