//! One library through three APIs, and many clients at once.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use library::Rights;
use serde_json::{Value, json};

use super::{
    model::{children, data, tree},
    site::{Site, refused},
};
use crate::{
    mediaflow::Agent,
    support::{on_each_engine, organizations::system},
};

const ROUNDS: usize = 20;

#[test]
fn a_file_is_renamed_in_one_api_found_in_another_and_fetched_here() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let answer = site.upload("movies/2024", "cover-art.txt", b"the cover").await.expect(200);
        assert_eq!(data(&answer)["title"], "Cover Art");
        let movies = fliplet_id(&site, &site.organization.here(), "folders", "movies").await;
        let year = fliplet_id(&site, &format!("folderId={movies}"), "folders", "2024").await;
        let context = format!("folderId={year}");
        let file = fliplet_id(&site, &context, "files", "cover-art.txt").await;
        let token = &site.organization.token;
        let rename = server.fliplet("PUT", &format!("/v1/media/files/{file}")).token(token);
        rename.json(&json!({ "name": "Big Poster.txt" })).send().await.expect(200);
        assert_eq!(server.listed(token, &context).await, ["Big Poster.txt"]);

        let agent = Agent::with(server, site.organization.clone(), Rights::ALL, None).await;
        let search = agent.ask("POST", "/1/search/file?fields=id,filename").json(&json!({ "searchTerm": "poster" }));
        let found = search.send().await.expect(200).json();
        assert_eq!(found, json!([{ "id": file, "filename": "Big Poster.txt" }]));

        let answer = site.get("/api/media/files?id=movies/2024/big-poster.txt").await.expect(200);
        let fetched = data(&answer);
        assert_eq!((&fetched["title"], &fetched["filename"]), (&json!("Cover Art"), &json!("big-poster.txt")));
        let bytes = site.ask("GET", "/project/uploads/movies/2024/big-poster.txt").send().await.expect(200);
        assert_eq!(bytes.body, b"the cover");
        refused(site.get("/api/media/files?id=movies/2024/cover-art.txt").await, 404);
        refused(site.ask("GET", "/project/uploads/movies/2024/cover-art.txt").send().await, 404);
    });
}

#[test]
fn what_comes_in_elsewhere_has_a_path_here() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let token = &site.organization.token;
        let folder = server.folder(token, "Our Müsic", json!({ "organizationId": site.organization.id })).await;
        server.upload(token, &format!("folderId={folder}"), "My Söng (1).txt", b"la").await;
        server.upload(token, &format!("folderId={folder}"), "my soeng 1.txt", b"la la").await;
        let files = children(&site, "files", "our-muesic").await;
        assert_eq!(files.keys().collect::<Vec<_>>(), ["my-soeng-1-2.txt", "my-soeng-1.txt"]);
        // It is changed here and seen there.
        let body = json!({ "id": "our-muesic/my-soeng-1.txt", "new_id": "music/first.txt" });
        site.call("PUT", "/api/media/files", body).await.expect(200);
        let body = json!({ "id": "our-muesic/my-soeng-1-2.txt" });
        site.call("DELETE", "/api/media/files", body).await.expect(204);
        assert!(server.listed(token, &format!("folderId={folder}")).await.is_empty());
        let music = fliplet_id(&site, &site.organization.here(), "folders", "music").await;
        assert_eq!(server.listed(token, &format!("folderId={music}")).await.len(), 1);
        let deleted = server.fliplet("GET", "/v1/media/deleted").token(token).send().await.expect(200).json();
        assert_eq!(deleted["files"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn of_two_who_upload_to_one_path_each_makes_a_version() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for round in 0..ROUNDS {
            let name = format!("round-{round}.txt");
            let (one, other) = join(site.upload("race", &name, b"one"), site.upload("race", &name, b"the other")).await;
            let (one, other) = (data(&one.expect(200)), data(&other.expect(200)));
            assert_eq!((&one["filename"], &other["filename"]), (&json!(name), &json!(name)));
            let served = site.ask("GET", &format!("/project/uploads/race/{name}")).send().await.expect(200);
            assert!([&b"one"[..], b"the other"].contains(&served.body.as_slice()), "{served}");
            let race = fliplet_id(&site, &site.organization.here(), "folders", "race").await;
            let id = fliplet_id(&site, &format!("folderId={race}"), "files", &name).await;
            let asset = server.library.asset(&system(), id).await.unwrap();
            assert_eq!(asset.version.as_ref().unwrap().number, 2, "the first is still its other version");
        }
        assert_eq!(children(&site, "files", "race").await.len(), ROUNDS);
        // The bytes of neither are lost.
        assert_eq!(server.stored_files().len(), 2);
    });
}

#[test]
fn of_two_who_move_to_one_path_one_succeeds_and_nothing_is_lost() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for round in 0..ROUNDS {
            let paths = ["left", "right"].map(|side| format!("{side}/{round}.txt"));
            for side in ["left", "right"] {
                let text = format!("{side} {round}");
                site.upload(side, &format!("{round}.txt"), text.as_bytes()).await.expect(200);
            }
            let target = format!("target/{round}.txt");
            let moved = |path: &str| json!({ "id": path, "new_id": target });
            let (one, other) = join(
                site.call("PUT", "/api/media/files", moved(&paths[0])),
                site.call("PUT", "/api/media/files", moved(&paths[1])),
            )
            .await;
            let winner = usize::from(one.status != 200);
            let (won, lost) = if winner == 0 { (one, other) } else { (other, one) };
            won.expect(200);
            refused(lost, 404);
            let text = |path: &str| path.replace('/', " ").replace(".txt", "");
            assert_eq!(bytes_at(&site, &target).await, text(&paths[winner]));
            assert_eq!(bytes_at(&site, &paths[1 - winner]).await, text(&paths[1 - winner]));
            refused(site.ask("GET", &format!("/project/uploads/{}", paths[winner])).send().await, 404);
        }
        assert_eq!(children(&site, "files", "target").await.len(), ROUNDS);
    });
}

#[test]
fn a_folder_that_is_copied_and_deleted_at_once_is_copied_whole_or_not_at_all() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for round in 0..10 {
            let (from, to) = (format!("from-{round}"), format!("to-{round}"));
            for number in 0..8 {
                let path = format!("{from}/inner-{}/{number}.txt", number % 2);
                site.put_file(&path, path.as_bytes()).await;
            }
            let before = tree(&site).await;
            let (copied, deleted) = join(
                site.call("PUT", "/api/media/folders/copy", json!({ "id": from, "new_id": to })),
                site.call("DELETE", "/api/media/folders", json!({ "id": from })),
            )
            .await;
            deleted.expect(204);
            let after = tree(&site).await;
            let below = |tree: &BTreeMap<String, Value>, top: &str| -> Vec<String> {
                tree.keys().filter_map(|path| path.strip_prefix(top)).map(str::to_owned).collect()
            };
            assert!(below(&after, &from).is_empty());
            match copied.status {
                200 => assert_eq!(below(&after, &to), below(&before, &from)),
                status => {
                    assert_eq!(status, 404, "{copied}");
                    assert!(below(&after, &to).is_empty());
                }
            }
        }
    });
}

#[test]
fn what_is_uploaded_while_its_folder_moves_is_somewhere() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let mut acknowledged = Vec::new();
        for round in 0..ROUNDS {
            let (from, to) = (format!("from-{round}"), format!("to-{round}"));
            site.call("POST", "/api/media/folders", json!({ "id": from })).await.expect(200);
            let names: Vec<String> = (0..6).map(|number| format!("file-{round}-{number}.txt")).collect();
            let uploads = join_all(names.iter().map(|name| site.upload(&from, name, name.as_bytes())));
            let body = json!({ "id": from, "new_id": to });
            let (answers, moved) = join(uploads, site.call("PUT", "/api/media/folders", body)).await;
            moved.expect(200);
            for (name, answer) in names.into_iter().zip(answers) {
                match answer.status {
                    200 => acknowledged.push(name),
                    status => refused(answer, status),
                }
            }
        }
        let tree = tree(&site).await;
        for name in acknowledged {
            let found: Vec<&String> = tree.keys().filter(|path| path.ends_with(&format!("/{name}"))).collect();
            assert_eq!(found.len(), 1, "{name}: {found:?}");
        }
    });
}

/// The text that anybody gets by a path.
async fn bytes_at(site: &Site<'_>, path: &str) -> String {
    let answer = site.ask("GET", &format!("/project/uploads/{path}")).send().await.expect(200);
    String::from_utf8(answer.body).unwrap()
}

/// The id in the library of what is called so in a context such as `folderId=3`, as Fliplet's API tells it.
pub async fn fliplet_id(site: &Site<'_>, context: &str, kind: &str, name: &str) -> i64 {
    let ask = site.server.fliplet("GET", &format!("/v1/media?{context}")).token(&site.organization.token);
    let listing = ask.send().await.expect(200).json();
    let found = listing[kind].as_array().unwrap().iter().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} among the {kind} of {context}"))["id"].as_i64().unwrap()
}
