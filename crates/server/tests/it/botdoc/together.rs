//! One library through four APIs: what comes in through one is seen through the others, and what only one may change stays as it is.

pub mod others;

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use self::others::{Others, not_in_flextype};
use super::Agent;
use crate::support::{
    NOW_MS, on_each_engine,
    pictures::{jpeg, measure},
};

const RETENTION_MS: i64 = 72 * 60 * 60 * 1_000;

#[test]
fn what_is_sent_here_is_seen_by_the_others() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let media = agent.form("Our Picture.jpg", &jpeg(900, 300)).text("tag", "Wedding");
        let media = media.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json();
        assert_eq!((&media["content_type"], &media["tag"]), (&json!("image/jpeg"), &json!("Wedding")));
        server.settle().await;
        let (id, request) = (&media["id"], &media["request"]);

        let top = format!("?organizationId={}", agent.organization.id);
        let listing = others.fliplet("GET", &top).send().await.expect(200).json();
        let inbox = listing["folders"].as_array().unwrap().iter().find(|folder| folder["id"] == *request).unwrap();
        assert_eq!((&inbox["name"], &inbox["parentId"]), (&json!("First request"), &Value::Null));
        let file = others.fliplet("GET", &format!("files/{id}")).send().await.expect(200).json();
        assert_eq!((&file["name"], &file["mediaFolderId"]), (&json!("Our Picture.jpg"), request));
        assert_eq!((&file["contentType"], &file["size"]), (&json!("image/jpeg"), &json!([900, 300])));
        assert_eq!(others.listed(request).await, ["Our Picture.jpg"]);
        let thumbnail = others.fliplet("GET", &format!("files/{id}/thumb/preview.jpg")).send().await.expect(200);
        assert_eq!(measure(&thumbnail.body), ("image/jpeg", 320, 107));

        let latest = others.flow.list("/1/file/latest?fields=id,filename,name,width,height").await;
        let expected =
            json!({ "id": id, "filename": "Our Picture.jpg", "name": "Wedding", "width": 900, "height": 300 });
        assert_eq!(latest, [expected]);
        let folder = others.flow.one(&format!("/1/file/{id}/folder")).await;
        assert_eq!(folder["id"], *request);

        let file = others.flextype_file("first-request/our-picture.jpg").await.expect(200);
        let file: Value = serde_json::from_slice(&file.body).unwrap();
        assert_eq!(file["data"]["title"], "Wedding");
        // Looking cost nothing.
        assert_eq!(agent.get(&format!("/v1/media/{id}/")).await["times_downloaded"], 0);
    });
}

#[test]
fn what_comes_into_a_request_by_another_api_has_no_limit_and_no_end() {
    on_each_engine(async |server| {
        let mut agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let request = agent.create("/v1/request/", &json!({})).await["id"].clone();
        let token = others.organization.token.clone();
        let file = server.upload(&token, &format!("folderId={request}"), "from fliplet.txt", b"Once").await;
        assert_eq!(file["mediaFolderId"], request);
        let flow = others.flow.upload(request.as_i64().unwrap(), "from mediaflow.txt", b"upon").await;
        let list = agent.get(&format!("/v1/media/?request={request}")).await;
        let names: Vec<&Value> = list["results"].as_array().unwrap().iter().map(|media| &media["name"]).collect();
        assert_eq!(names, ["from mediaflow.txt", "from fliplet.txt"]);
        for media in list["results"].as_array().unwrap() {
            assert_eq!((&media["request"], &media["state"]), (&request, &json!("available")));
            assert_eq!(media["max_allowed_times_downloaded"], Value::Null);
            assert_eq!(media["content_type"], "text/plain");
        }
        assert_eq!(list["results"][0]["id"], flow["id"]);
        let media = &list["results"][1];
        for _ in 0..8 {
            assert_eq!(agent.download(media).await.expect(200).body, b"Once");
        }
        server.clock.store(NOW_MS + RETENTION_MS, Ordering::SeqCst);
        agent.token = agent.new_token().await;
        assert_eq!(agent.download(media).await.expect(200).body, b"Once");
        let told = agent.get(&format!("/v1/media/{}/", media["id"])).await;
        assert_eq!((&told["state"], &told["removed_at"]), (&json!("available"), &Value::Null));
    });
}

#[test]
fn only_its_own_api_changes_a_request() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let media = agent.media("story.txt", b"Once upon a time").await;
        let request = &media["request"];
        let context = json!({ "organizationId": agent.organization.id });
        let folder = server.folder(&others.organization.token, "Folder", context).await;
        let target = format!("folders/{request}");
        for body in
            [json!({ "name": "Another" }), json!({ "parentId": folder }), json!({ "appId": agent.organization.app_id })]
        {
            let answer = others.fliplet("PUT", &target).json(&body).send().await.refused(404);
            assert_eq!(answer.json()["error"], "not found", "{body}");
        }
        others.fliplet("DELETE", &target).send().await.refused(404);
        for new_id in ["another", "folder/first-request"] {
            let body = json!({ "id": "first-request", "new_id": new_id });
            not_in_flextype(&others.flextype("PUT", "folders", body).await);
        }
        not_in_flextype(&others.flextype("DELETE", "folders", json!({ "id": "first-request" })).await);
        others.flextype_file("first-request/story.txt").await.expect(200);
        let told = others.fliplet("GET", &target).send().await.expect(200).json();
        assert_eq!((&told["name"], &told["parentId"]), (&json!("First request"), &Value::Null));
        assert_eq!(agent.get(&format!("/v1/media/{}/", media["id"])).await, media);
        assert_eq!(agent.get(&format!("/v1/request/{request}/")).await["id"], *request);
    });
}

#[test]
fn a_media_that_another_api_moves_keeps_its_limit_its_count_and_its_end() {
    on_each_engine(async |server| {
        let mut agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let request = agent.create("/v1/request/", &json!({})).await["id"].clone();
        let form = crate::support::forms::Form::new().file("file", "story.txt", "text/plain", b"Once upon a time");
        let form = form.text("request", request.to_string());
        let media = form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json();
        agent.download(&media).await.expect(200);
        let context = json!({ "organizationId": agent.organization.id });
        let folder = server.folder(&others.organization.token, "Folder", context).await;
        let body = json!({ "mediaFolderId": folder, "name": "moved.txt" });
        others.fliplet("PUT", &format!("files/{}", media["id"])).json(&body).send().await.expect(200);
        let told = agent.get(&format!("/v1/media/{}/", media["id"])).await;
        assert_eq!((&told["request"], &told["name"]), (&json!(folder), &json!("moved.txt")));
        assert_eq!((&told["max_allowed_times_downloaded"], &told["times_downloaded"]), (&json!(6), &json!(1)));
        for _ in 0..4 {
            agent.download(&media).await.expect(200);
        }
        server.clock.store(NOW_MS + RETENTION_MS - 1, Ordering::SeqCst);
        agent.token = agent.new_token().await;
        agent.download(&media).await.expect(200);
        agent.download(&media).await.expect(403);
        server.clock.store(NOW_MS + RETENTION_MS, Ordering::SeqCst);
        agent.download(&media).await.expect(404);
        assert_eq!(agent.get(&format!("/v1/media/{}/", media["id"])).await["state"], "removed");
    });
}

#[test]
fn a_media_in_the_trash_of_another_api_is_not_here_and_ends_all_the_same() {
    on_each_engine(async |server| {
        let mut agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let request = agent.create("/v1/request/", &json!({})).await["id"].clone();
        let form = crate::support::forms::Form::new().file("file", "story.txt", "text/plain", b"Once upon a time");
        let form = form.text("request", request.to_string());
        let media = form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json();
        let file = format!("files/{}", media["id"]);
        others.fliplet("DELETE", &file).send().await.expect(200);
        agent.download(&media).await.expect(404);
        assert_eq!(agent.get("/v1/media/").await["count"], 0);
        others.fliplet("POST", &format!("{file}/restore")).json(&json!({})).send().await.expect(200);
        assert_eq!(agent.download(&media).await.expect(200).body, b"Once upon a time");
        others.fliplet("DELETE", &file).send().await.expect(200);
        server.clock.store(NOW_MS + RETENTION_MS, Ordering::SeqCst);
        others.fliplet("POST", &format!("{file}/restore")).json(&json!({})).send().await.refused(400);
        agent.token = agent.new_token().await;
        agent.download(&media).await.expect(404);
    });
}
