//! Several who do different things to one path at once: what is answered is what happened, in some order.

use futures_util::future::{join, join_all};
use library::{Found, Search, Words};
use serde_json::json;

use super::{
    model::data,
    site::{Site, refused},
};
use crate::support::{on_each_engine, organizations::system};

const ROUNDS: usize = 15;

/// The routes of a noun, and how to make one and look for it.
struct Kind {
    path: &'static str,
    folder: bool,
}

const KINDS: [Kind; 2] =
    [Kind { path: "/api/media/files", folder: false }, Kind { path: "/api/media/folders", folder: true }];

impl Kind {
    async fn make(&self, site: &Site<'_>, id: &str) {
        if self.folder {
            site.put_file(&format!("{id}/inner/a.txt"), b"a").await;
        } else {
            site.put_file(id, b"a").await;
        }
    }

    async fn status(&self, site: &Site<'_>, id: &str) -> u16 {
        site.get(&format!("{}?id={id}", self.path)).await.status
    }
}

#[test]
fn what_is_moved_is_not_deleted_by_its_old_path() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for kind in KINDS {
            for round in 0..ROUNDS {
                let (id, new_id) = (format!("from/{round}.x"), format!("to/{round}.x"));
                kind.make(&site, &id).await;
                let (moved, deleted) = join(
                    site.call("PUT", kind.path, json!({ "id": id, "new_id": new_id })),
                    site.call("DELETE", kind.path, json!({ "id": id })),
                )
                .await;
                let there = if moved.status == 200 {
                    refused(deleted, 404);
                    200
                } else {
                    refused(moved, 404);
                    deleted.expect(204);
                    404
                };
                assert_eq!(kind.status(&site, &new_id).await, there, "{new_id}");
                assert_eq!(kind.status(&site, &id).await, 404, "{id}");
            }
        }
    });
}

#[test]
fn of_many_who_move_one_thing_one_succeeds() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for kind in KINDS {
            for round in 0..5 {
                let id = format!("{round}.x");
                kind.make(&site, &id).await;
                let move_to = |at: usize| {
                    let body = json!({ "id": id, "new_id": format!("{round}-{at}/{round}.x") });
                    site.call("PUT", kind.path, body)
                };
                let answers = join_all((0..8).map(move_to)).await;
                for (at, answer) in answers.iter().enumerate() {
                    let there = kind.status(&site, &format!("{round}-{at}/{round}.x")).await;
                    assert_eq!(answer.status, there, "{answer}");
                }
                assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
            }
            site.clear_files().await;
        }
    });
}

#[test]
fn of_many_fields_that_are_added_at_once_none_is_lost() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.put_file("a.txt", b"a").await;
        let add = |at: usize| {
            let body = json!({ "id": "a.txt", "field": format!("f{at}"), "value": at.to_string() });
            site.call("POST", "/api/media/files/meta", body)
        };
        for answer in join_all((0..50).map(add)).await {
            answer.expect(200);
        }
        let file = data(&site.get("/api/media/files?id=a.txt").await);
        assert!((0..50).all(|at| file[format!("f{at}")] == json!(at.to_string())), "{file}");
        // Of many who add the same field, one succeeds.
        let same =
            |_| site.call("POST", "/api/media/files/meta", json!({ "id": "a.txt", "field": "same", "value": "x" }));
        let answers = join_all((0..10).map(same)).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    });
}

#[test]
fn a_title_that_is_given_elsewhere_while_a_field_changes_stays() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.put_file("a.txt", b"a").await;
        let found = server.library.find_by_path(&system(), site.root, &["a.txt"]).await.unwrap();
        let Found::Asset(asset) = found else { panic!("it is a file") };
        for round in 0..ROUNDS {
            let words = Words { title: Some(format!("Title {round}")), ..Words::default() };
            let body = json!({ "id": "a.txt", "field": "seo.title", "value": round.to_string() });
            let (patched, titled) = join(
                site.call("PATCH", "/api/media/files/meta", body),
                server.library.describe_asset(&system(), asset.id, &words),
            )
            .await;
            patched.expect(200);
            titled.unwrap();
            let file = data(&site.get("/api/media/files?id=a.txt").await);
            assert_eq!((&file["title"], &file["seo"]["title"]), (&json!(words.title), &json!(round.to_string())));
        }
    });
}

#[test]
fn any_post_may_mean_another_method() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.put_file("top/a.txt", b"a").await;
        for (number, path, id) in [(1, "/api/media/files/copy", "top/a.txt"), (2, "/api/media/folders/copy", "top")] {
            let body = json!({ "id": id, "new_id": format!("copy-{number}.x"), "_METHOD": "PUT" });
            site.call("POST", path, body).await.expect(200);
            refused(site.call("POST", path, json!({ "id": id, "new_id": "other.x" })).await, 405);
        }
    });
}

#[test]
fn files_are_found_by_their_titles_and_keywords_after_uploads_too() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let found = async |name: &str| {
            let search = Search { name: name.to_owned(), texts: true, limit: 9, ..Search::default() };
            server.library.search(&site.owner().await, &search).await.unwrap().assets.len()
        };
        site.upload("", "new-cover.txt", b"one").await.expect(200);
        assert_eq!(found("New Cover").await, 1);
        let file = server.library.find_by_path(&system(), site.root, &["new-cover.txt"]).await.unwrap();
        let Found::Asset(asset) = file else { panic!("it is a file") };
        let words = Words { title: Some("Old".to_owned()), tags: vec!["harbour".to_owned()], ..Words::default() };
        server.library.describe_asset(&system(), asset.id, &words).await.unwrap();
        site.upload("", "new-cover.txt", b"two").await.expect(200);
        assert_eq!((found("New Cover").await, found("harbour").await, found("Old").await), (1, 1, 0));
    });
}
