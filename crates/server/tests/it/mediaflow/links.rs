//! URLs that need no key: what they give, to whom, and when they stop.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{
    Agent,
    agent::{ask, refused},
};
use crate::support::{
    on_each_engine,
    organizations::system,
    pictures::{jpeg, measure},
};

const PREVIEWS: [(&str, u32); 3] = [("thumbPreview", 100), ("smallPreview", 200), ("mediumPreview", 600)];

struct Urls {
    id: i64,
    previews: Vec<Value>,
    download: Value,
    lasting: Value,
    code: String,
}

async fn urls(agent: &Agent<'_>, name: &str) -> Urls {
    let id = agent.upload(agent.root, name, &jpeg(1_000, 500)).await["id"].as_i64().unwrap();
    agent.server.settle().await;
    let file = agent.one(&format!("/1/file/{id}?fields=any")).await;
    for (key, side) in PREVIEWS {
        let answer = agent.fetch(&file[key]).await.expect(200);
        assert_eq!(measure(&answer.body), ("image/jpeg", side, side / 2), "{key}");
        assert!(answer.header("cache-control").contains("public"), "{answer}");
    }
    let download = agent.one(&format!("/1/file/{id}/downloads/0")).await["downloadURL"].clone();
    let permalink = format!("{}&permalink=true", download.as_str().unwrap());
    let lasting = agent.fetch(&json!(permalink)).await.expect(200).json()["url"].clone();
    let code = file["mediaId"].as_str().unwrap().to_owned();
    Urls { id, previews: PREVIEWS.iter().map(|(key, _)| file[*key].clone()).collect(), download, lasting, code }
}

#[test]
fn they_stop_when_the_file_goes_into_the_trash_and_work_again_when_it_comes_back() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let urls = urls(&agent, "a.jpg").await;
        let all = || urls.previews.iter().chain([&urls.download, &urls.lasting]);
        server.library.trash_asset(&system(), urls.id).await.unwrap();
        for url in all() {
            refused(agent.fetch(url).await, 404);
        }
        for target in [format!("/json/{}", urls.code), format!("/1/file/{}", urls.id)] {
            refused(agent.ask("GET", &target).send().await, 404);
        }
        server.library.restore_asset(&system(), urls.id).await.unwrap();
        for url in all() {
            agent.fetch(url).await.expect(200);
        }
        // A file of which a virus was found is nobody's.
        server.library.set_scan(&system(), agent.organization.id, urls.id, library::Scan::Infected).await.unwrap();
        for url in all() {
            refused(agent.fetch(url).await, 404);
        }
    });
}

#[test]
fn a_limited_file_has_no_preview_and_its_downloads_are_counted() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let urls = urls(&agent, "a.jpg").await;
        server.library.limit_asset(&system(), urls.id, Some(2), None).await.unwrap();
        for url in &urls.previews {
            refused(agent.fetch(url).await, 404);
        }
        refused(ask(server, "GET", &format!("/json/{}", urls.code)).send().await, 404);
        let file = agent.one(&format!("/1/file/{}?fields=hasPreview,smallPreview", urls.id)).await;
        assert_eq!(file["hasPreview"], false);
        agent.fetch(&urls.download).await.expect(200);
        ask(server, "HEAD", &agent.path_of(&urls.download)).send().await.expect(200);
        agent.fetch(&urls.lasting).await.expect(200);
        for url in [&urls.download, &urls.lasting] {
            assert_eq!(refused(agent.fetch(url).await, 403), "The file can not be downloaded any more");
        }
        let permission = agent.one(&format!("/1/file/{}/checkpermissions", urls.id)).await;
        assert_eq!(permission["allowDownloadReason"], "FILE_DENIED");
    });
}

#[test]
fn they_can_not_be_made_up_or_bent() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let (one, other) = (urls(&agent, "a.jpg").await, urls(&agent, "b.jpg").await);
        let (download, lasting) = (agent.path_of(&one.download), agent.path_of(&one.lasting));
        let (signature, code) = (lasting.split('/').nth(2).unwrap(), &one.code);
        for path in [
            download.replace(code, &other.code),
            download.replace("/0?", "/1?"),
            download.replace("k=1", "k=2"),
            download.split('?').next().unwrap().to_owned(),
            format!("{}?k=.", download.split('?').next().unwrap()),
            lasting.replace(code, &other.code),
            lasting.replace("/o/", "/w50-50/"),
            lasting.replace("a.jpg", "b.html"),
            format!("/p/{signature}/{code}/o/b.jpg"),
            format!("/p/{}/{code}/o/a.jpg", "A".repeat(43)),
        ] {
            refused(ask(server, "GET", &path).send().await, 403);
        }
        for path in [
            "/info/54/54ATNEZ6I4.jpg".to_owned(),
            format!("/info/00/{code}.jpg"),
            format!("/info/{}/{}.jpg", &code[..2], code.to_lowercase()),
            format!("/info/{}/{code}.png", &code[..2]),
            "/images/icon7.gif".to_owned(),
            "/images/icon101.png".to_owned(),
            "/json/54ATNEZ6I4".to_owned(),
        ] {
            refused(ask(server, "GET", &path).send().await, 404);
        }
        for query in ["&w=x", "&x1=1", "&format=exe", "&w=99999"] {
            refused(ask(server, "GET", &format!("{download}{query}")).send().await, 400);
        }
        server.clock.fetch_add(3_600_000, Ordering::SeqCst);
        refused(ask(server, "GET", &download).send().await, 403);
        refused(ask(server, "GET", &format!("{download}&permalink=true")).send().await, 403);
        ask(server, "GET", &lasting).send().await.expect(200);
    });
}

#[test]
fn a_page_can_embed_what_it_has_the_code_of() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let urls = urls(&agent, "a<b>.jpg").await;
        // Only of what plays is there a description, and only that is given whole.
        refused(ask(server, "GET", &format!("/json/{}", urls.code)).send().await, 404);
        let body =
            json!({ "imageId": urls.code, "customerId": 1, "mediaType": "image", "embedType": "js", "options": {} });
        let answer = ask(server, "POST", "/embed").json(&body).send().await.expect(200).json();
        let code = answer["embedCode"].as_str().unwrap();
        let preview = urls.previews[2].as_str().unwrap();
        assert!(code.starts_with(&format!("<img src=\"{preview}\"")) && code.contains("alt=\"a&lt;b&gt;\""), "{code}");
        let text = agent.upload(agent.root, "a.txt", b"text").await["mediaId"].clone();
        refused(ask(server, "POST", "/embed").json(&json!({ "videoId": text })).send().await, 404);
        let long = json!({ "videoId": text, "options": "x".repeat(2_000_000) });
        refused(ask(server, "POST", "/embed").json(&long).send().await, 413);
        for body in [json!({}), json!({ "videoId": 7 })] {
            refused(ask(server, "POST", "/embed").json(&body).send().await, 400);
        }
        refused(ask(server, "POST", "/embed").json(&json!({ "videoId": "54ATNEZ6I4" })).send().await, 404);
    });
}

#[test]
fn icons_are_pictures() {
    on_each_engine(async |server| {
        for number in [101, 201, 230, 301, 592, 651, 200] {
            let answer = ask(server, "GET", &format!("/images/icon{number}.gif")).send().await.expect(200);
            assert_eq!((answer.header("content-type"), measure(&answer.body)), ("image/gif", ("image/gif", 64, 64)));
        }
    });
}
