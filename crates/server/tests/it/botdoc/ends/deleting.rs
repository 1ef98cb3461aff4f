//! Deleting a media: at once, for good, and once.

use serde_json::{Value, json};

use super::{expect_clean, expect_not_found, listed, no_files, often, shred};
use crate::{
    botdoc::{
        Agent,
        together::others::{Others, not_in_flextype, refused_by_flow},
    },
    support::{on_each_engine_with, pictures},
};

#[test]
fn a_deleted_media_is_gone_everywhere_at_once_and_its_bytes_for_good() {
    on_each_engine_with(often, async |server| {
        let agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let media = agent.media("picture.jpg", &pictures::jpeg(900, 600)).await;
        let id = &media["id"];
        server.settle().await;
        others.fliplet("GET", &format!("files/{id}/thumb/preview.jpg")).send().await.expect(200);
        let url = others.flow.one(&format!("/1/file/{id}/downloads/0")).await["downloadURL"].clone();
        let delete = || agent.ask("DELETE", &format!("/v1/media/{id}/")).send();
        assert_eq!(delete().await.expect(204).body, b"");
        expect_not_found(agent.download(&media).await);
        expect_not_found(agent.ask("GET", &format!("/v1/media/{id}/")).send().await);
        expect_not_found(delete().await);
        assert_eq!(listed(&agent, &media).await, [Value::Null; 0]);
        assert_eq!(agent.get("/v1/media/").await["count"], 0);
        others.fliplet("GET", &format!("files/{id}")).send().await.refused(404);
        others.fliplet("GET", &format!("files/{id}/contents")).send().await.refused(404);
        assert_eq!(others.listed(&media["request"]).await, [""; 0]);
        let deleted = others.fliplet("GET", "deleted").send().await.expect(200).json();
        assert_eq!((&deleted["files"], &deleted["folders"]), (&json!([]), &json!([])));
        others.fliplet("POST", &format!("files/{id}/restore")).json(&json!({})).send().await.refused(404);
        others.fliplet("DELETE", &format!("deleted/files/{id}")).send().await.refused(404);
        refused_by_flow(others.flow.ask("GET", &format!("/1/file/{id}")).send().await, 404);
        refused_by_flow(others.flow.fetch(&url).await, 404);
        assert_eq!(others.flow.list("/1/file/latest?fields=any").await, [Value::Null; 0]);
        not_in_flextype(&others.flextype_file("first-request/picture.jpg").await);
        shred(server).await;
        assert_eq!(server.stored_files(), no_files());
        expect_clean(server).await;
        // Its name is free.
        agent.media("picture.jpg", b"another").await;
        others.flextype_file("first-request/picture.jpg").await.expect(200);
    });
}

#[test]
fn bytes_that_something_else_has_stay() {
    on_each_engine_with(often, async |server| {
        let agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let token = &agent.organization.token;
        let bytes = pictures::jpeg(900, 600);
        let mut medias = Vec::new();
        for name in ["a.jpg", "b.jpg"] {
            medias.push(agent.media(name, &bytes).await);
        }
        let elsewhere = server.upload(token, &agent.organization.here(), "elsewhere.jpg", &bytes).await;
        server.settle().await;
        let files = server.stored_files();
        for (media, other) in [(&medias[0], Some(&medias[1])), (&medias[1], None)] {
            agent.ask("DELETE", &format!("/v1/media/{}/", media["id"])).send().await.expect(204);
            shred(server).await;
            assert_eq!(server.stored_files(), files);
            if let Some(other) = other {
                assert!(agent.download(other).await.expect(200).body == bytes);
            }
            let contents = format!("files/{}/contents", elsewhere["id"]);
            assert!(others.fliplet("GET", &contents).send().await.expect(200).body == bytes);
        }
        expect_clean(server).await;
    });
}

#[test]
fn of_many_who_delete_at_once_one_does() {
    on_each_engine_with(often, async |server| {
        let agent = Agent::new(server).await;
        let media = agent.media("story.txt", b"Once upon a time").await;
        let delete = || agent.ask("DELETE", &format!("/v1/media/{}/", media["id"])).send();
        let answers = futures_util::future::join_all((0..10).map(|_| delete())).await;
        let done = answers.iter().filter(|answer| answer.status == 204).count();
        let missing = answers.iter().filter(|answer| answer.status == 404).count();
        assert_eq!((done, missing), (1, 9));
        shred(server).await;
        assert_eq!(server.stored_files(), no_files());
        expect_clean(server).await;
    });
}
