//! The trash: what it lists and to whom, what comes back and what does not, and what is gone for good. Contract 6;
//! decisions 3.

use std::{sync::atomic::Ordering, time::Duration};

use fliplet::TokenKind;
use library::{Fault, JobRunner, Rights, Scan};
use serde_json::{Value, json};

use crate::support::{
    Answer, NOW_MS, Organization, Server,
    json::normal,
    on_each_engine, on_each_engine_with,
    organizations::system,
    views::{Top, folder, in_folder, sentence, text, with},
};

/// A server, an organization on it, and somebody in Studio who throws things away, each a second after the one before.
struct Bin<'a> {
    server: &'a Server,
    organization: Organization,
}

const IN_THE_TRASH: &str = "The parent folder is in the trash. Restore it first.";

impl<'a> Bin<'a> {
    async fn new(server: &'a Server) -> Self {
        Self { server, organization: server.organization("Acme").await }
    }

    async fn ask(&self, method: &str, target: &str) -> Answer {
        let ask = self.server.fliplet(method, &format!("/v1/media/{target}"));
        ask.token(&self.organization.token).send().await
    }

    async fn folder(&self, name: &str, context: Value) -> i64 {
        self.server.folder(&self.organization.token, name, context).await
    }

    async fn file(&self, context: &str, name: &str) -> i64 {
        let bytes = format!("What is in {name}.");
        let file = self.server.upload(&self.organization.token, context, name, bytes.as_bytes()).await;
        file["id"].as_i64().unwrap()
    }

    async fn throw(&self, target: &str) {
        self.server.clock.fetch_add(1_000, Ordering::SeqCst);
        self.ask("DELETE", target).await.expect(200);
    }

    async fn restore(&self, target: &str) -> Answer {
        self.ask("POST", &format!("{target}/restore")).await
    }

    async fn deleted(&self) -> Value {
        self.ask("GET", "deleted").await.expect(200).json()
    }

    /// The names that the list of the trash holds, folders first.
    async fn names(&self, token: &str) -> Vec<String> {
        let deleted = self.server.fliplet("GET", "/v1/media/deleted").token(token).send().await.expect(200).json();
        let all = ["folders", "files"].into_iter().flat_map(|kind| deleted[kind].as_array().unwrap().clone());
        all.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// Where something lay, from the top.
fn parents(of: &[(&str, &str)]) -> Value {
    let parent = |(kind, name): &(&str, &str)| json!({ "type": kind, "data": { "id": "<id>", "name": name } });
    json!({ "deletedAt": "<time>", "parents": of.iter().map(parent).collect::<Vec<_>>() })
}

#[test]
fn its_list_tells_where_each_thing_lay_the_latest_first() {
    on_each_engine(async |server| {
        let bin = Bin::new(server).await;
        let (here, app) = (bin.organization.here(), bin.organization.app());
        let outer = bin.folder("Outer", json!({ "organizationId": bin.organization.id })).await;
        let inner = bin.folder("Inner", json!({ "parentId": outer })).await;
        let [top, of_app] = [bin.file(&here, "top.txt").await, bin.file(&app, "app.txt").await];
        let deep = bin.file(&format!("folderId={inner}"), "deep.txt").await;
        let other = bin.folder("Other", json!({ "appId": bin.organization.app_id })).await;
        for target in [format!("files/{deep}"), format!("files/{of_app}"), format!("folders/{inner}")] {
            bin.throw(&target).await;
        }
        for target in [format!("files/{top}"), format!("folders/{other}")] {
            bin.throw(&target).await;
        }
        let (organization, first_app) = (("organization", "Acme"), ("app", "First app"));
        let inner_view = with(folder("Inner", Top::Organization), json!({ "parentId": "<id>" }));
        let deep_view = in_folder(text("deep.txt", Top::Organization), "Inner", true);
        let deep_in = parents(&[organization, ("folder", "Outer"), ("folder", "Inner")]);
        let expected = json!({
            "folders": [
                with(folder("Other", Top::App), parents(&[first_app])),
                with(inner_view, parents(&[organization, ("folder", "Outer")])),
            ],
            "files": [
                with(text("top.txt", Top::Organization), parents(&[organization])),
                with(text("app.txt", Top::App), parents(&[first_app])),
                with(deep_view, deep_in),
            ],
        });
        let told = bin.deleted().await;
        assert_eq!(normal(&told), expected);
        // The app's icon is looked up by its id.
        assert_eq!(told["folders"][0]["parents"][0]["data"]["id"], bin.organization.app_id);
        assert_eq!(told["files"][2]["deletedAt"], "2023-11-14T22:13:21.000Z");
        let links = bin.ask("GET", "deleted?cdn=false").await.expect(200).json();
        assert!(links["files"][0]["url"].as_str().unwrap().ends_with("/v1/media/files/1/contents/top.txt"), "{links}");
    });
}

#[test]
fn a_folder_takes_all_that_lies_in_it_along_and_brings_it_back() {
    on_each_engine(async |server| {
        let bin = Bin::new(server).await;
        let outer = bin.folder("Outer", json!({ "appId": bin.organization.app_id })).await;
        let inner = bin.folder("Inner", json!({ "parentId": outer })).await;
        let kept = bin.file(&format!("folderId={inner}"), "kept.txt").await;
        let gone = bin.file(&format!("folderId={inner}"), "gone.txt").await;
        let old = bin.folder("Old", json!({ "parentId": outer })).await;
        bin.throw(&format!("files/{gone}")).await;
        bin.throw(&format!("folders/{old}")).await;
        bin.throw(&format!("folders/{outer}")).await;
        assert_eq!(bin.names(&bin.organization.token).await, ["Outer", "Old", "gone.txt"]);
        // Its bytes are nobody's, its name and place still are.
        for way in ["contents", "contents/kept.txt", "thumb/preview.jpg"] {
            bin.ask("GET", &format!("files/{kept}/{way}")).await.refused(404);
        }
        bin.ask("GET", &format!("files/{kept}")).await.expect(200);
        bin.ask("GET", &format!("files/{kept}/accessRules")).await.expect(200);
        for (folder, expected) in [(outer, &["Inner"][..]), (inner, &["kept.txt"]), (old, &[])] {
            let listed = server.listed(&bin.organization.token, &format!("folderId={folder}")).await;
            assert_eq!(listed, expected);
        }
        for child in
            [format!("folders/{inner}"), format!("files/{kept}"), format!("files/{gone}"), format!("folders/{old}")]
        {
            assert_eq!(bin.restore(&child).await.refused(400).json(), sentence(IN_THE_TRASH), "{child}");
        }
        bin.restore(&format!("folders/{outer}")).await.expect(200);
        assert_eq!(server.listed(&bin.organization.token, &format!("folderId={inner}")).await, ["kept.txt"]);
        assert_eq!(bin.ask("GET", &format!("files/{kept}/contents")).await.expect(200).body, b"What is in kept.txt.");
        assert_eq!(bin.names(&bin.organization.token).await, ["Old", "gone.txt"]);
        for target in [format!("folders/{old}"), format!("files/{gone}")] {
            bin.restore(&target).await.expect(200);
            // What lives does not come back once more.
            bin.restore(&target).await.refused(404);
        }
        let listed = server.listed(&bin.organization.token, &format!("folderId={inner}")).await;
        assert_eq!(listed, ["gone.txt", "kept.txt"]);
        let listed = server.listed(&bin.organization.token, &format!("folderId={outer}")).await;
        assert_eq!(listed, ["Inner", "Old"]);
    });
}

#[test]
fn a_name_that_was_taken_meanwhile_does_not_keep_anything_from_coming_back() {
    on_each_engine(async |server| {
        let bin = Bin::new(server).await;
        let app = bin.organization.app();
        let (file, folder) =
            (bin.file(&app, "a.txt").await, bin.folder("Folder", json!({ "appId": bin.organization.app_id })).await);
        for target in [format!("files/{file}"), format!("folders/{folder}")] {
            bin.throw(&target).await;
        }
        bin.file(&app, "a.txt").await;
        bin.folder("Folder", json!({ "appId": bin.organization.app_id })).await;
        for target in [format!("files/{file}"), format!("folders/{folder}")] {
            bin.restore(&target).await.expect(200);
        }
        let listed = server.listed(&bin.organization.token, &app).await;
        assert_eq!(listed, ["Folder", "Folder", "a.txt", "a.txt"]);
    });
}

#[test]
fn what_has_expired_or_is_infected_stays_in_the_trash() {
    on_each_engine(async |server| {
        let bin = Bin::new(server).await;
        let [over, ill] =
            [bin.file(&bin.organization.here(), "over.txt").await, bin.file(&bin.organization.here(), "ill.txt").await];
        let expiry = Some(NOW_MS + 10_000);
        server.library.limit_asset(&system(), over, None, expiry).await.unwrap();
        bin.throw(&format!("files/{over}")).await;
        server.clock.store(NOW_MS + 9_999, Ordering::SeqCst);
        bin.restore(&format!("files/{over}")).await.expect(200);
        bin.ask("DELETE", &format!("files/{over}")).await.expect(200);
        server.clock.store(NOW_MS + 10_000, Ordering::SeqCst);
        let refused = bin.restore(&format!("files/{over}")).await.refused(400);
        assert_eq!(refused.json(), sentence("The file has expired and can not be restored"));
        // A scan that finds a virus puts the file there by itself, and nobody gets its bytes.
        server.library.set_scan(&system(), bin.organization.id, ill, Scan::Infected).await.unwrap();
        let refused = bin.restore(&format!("files/{ill}")).await.refused(400);
        assert_eq!(refused.json(), sentence("The file is infected and can not be restored"));
        let told = bin.deleted().await["files"][0].take();
        assert_eq!((&told["name"], &told["metadata"]["av"]), (&json!("ill.txt"), &json!({ "status": "infected" })));
        bin.ask("GET", &format!("files/{ill}/contents")).await.refused(404);
        bin.ask("GET", &format!("zip?files={ill}")).await.refused(404);
        assert!(server.listed(&bin.organization.token, &bin.organization.here()).await.is_empty());
    });
}

#[test]
fn what_is_deleted_for_good_is_gone_with_its_bytes() {
    let at_once = |settings: &mut mediary::Settings| {
        settings.limits.garbage_age_ms = 0;
        settings.limits.holding_age_ms = 0;
    };
    on_each_engine_with(at_once, async |server| {
        let bin = Bin::new(server).await;
        let outer = bin.folder("Outer", json!({ "appId": bin.organization.app_id })).await;
        let inner = bin.folder("Inner", json!({ "parentId": outer })).await;
        let deep = bin.file(&format!("folderId={inner}"), "deep.txt").await;
        let [alone, other] = [
            bin.file(&format!("folderId={inner}"), "alone.txt").await,
            bin.file(&bin.organization.here(), "other.txt").await,
        ];
        for target in [format!("files/{deep}"), format!("folders/{inner}"), format!("files/{other}")] {
            bin.ask("DELETE", &format!("deleted/{target}")).await.refused(404);
        }
        bin.throw(&format!("files/{other}")).await;
        bin.throw(&format!("folders/{outer}")).await;
        // Also what went with a folder can be ended by itself.
        for target in [format!("files/{other}"), format!("files/{alone}"), format!("folders/{inner}")] {
            assert_eq!(bin.ask("DELETE", &format!("deleted/{target}")).await.expect(200).json(), json!({}));
            bin.ask("DELETE", &format!("deleted/{target}")).await.refused(404);
            bin.restore(&target).await.refused(404);
            bin.ask("GET", &target).await.refused(404);
        }
        bin.ask("GET", &format!("files/{deep}")).await.refused(404);
        bin.restore(&format!("folders/{outer}")).await.expect(200);
        assert!(server.listed(&bin.organization.token, &format!("folderId={outer}")).await.is_empty());
        assert_eq!(bin.names(&bin.organization.token).await, [""; 0]);
        // The rows of a folder go by a job, the bytes when nothing points at them any more.
        for _ in 0..1_000 {
            server.clock.fetch_add(1, Ordering::SeqCst);
            JobRunner::new(server.library.clone()).run_due().await.unwrap();
            server.library.collect(&system(), false).await.unwrap();
            if server.stored_files().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?} is still there", server.stored_files());
    });
}

#[test]
fn a_folder_on_which_a_token_works_is_not_deleted_for_good() {
    on_each_engine(async |server| {
        let bin = Bin::new(server).await;
        let outer = bin.folder("Outer", json!({ "organizationId": bin.organization.id })).await;
        let inner = bin.folder("Inner", json!({ "parentId": outer })).await;
        let wish = library::TokenWish {
            rights: Rights::CHANGE,
            folder_id: Some(inner),
            ..fliplet::token_wish(
                TokenKind::Organization,
                bin.organization.id,
                bin.organization.user_id,
                None,
                "Inside",
            )
        };
        let (token, secret) = server.library.add_token(&system(), wish).await.unwrap();
        bin.throw(&format!("folders/{outer}")).await;
        for folder in [inner, outer] {
            let refused = bin.ask("DELETE", &format!("deleted/folders/{folder}")).await.refused(409).json();
            let message = "A token works on this folder only. Revoke it before the folder is deleted for good.";
            assert_eq!(refused, json!({ "error": "conflict", "message": message }));
        }
        assert_eq!(bin.names(&bin.organization.token).await, ["Outer"]);
        // Meanwhile it lists what went along, and adds nothing.
        let listing = server.fliplet("GET", &format!("/v1/media?folderId={inner}")).token(&secret);
        listing.send().await.expect(200);
        let body = json!({ "name": "New", "parentId": inner });
        server.fliplet("POST", "/v1/media/folders").token(&secret).json(&body).send().await.refused(404);
        server.library.revoke_token(&system(), bin.organization.id, token.id).await.unwrap();
        bin.ask("DELETE", &format!("deleted/folders/{outer}")).await.expect(200);
    });
}

#[test]
fn each_sees_and_touches_only_what_they_may() {
    on_each_engine(async |server| {
        let bin = Bin::new(server).await;
        let (_, app_token) = server.new_token(&bin.organization, TokenKind::App).await;
        let other = server.organization("Other").await;
        let in_app = bin.folder("In the app", json!({ "appId": bin.organization.app_id })).await;
        let secret = bin.folder("Secret", json!({ "appId": bin.organization.app_id })).await;
        let outside = bin.file(&bin.organization.here(), "outside.txt").await;
        let rules = json!({ "accessRules": [{ "type": ["read"], "allow": "loggedIn" }] });
        let ask = server.fliplet("PUT", &format!("/v1/media/folders/{secret}/accessRules"));
        ask.token(&bin.organization.token).json(&rules).send().await.expect(200);
        for target in [format!("folders/{in_app}"), format!("folders/{secret}"), format!("files/{outside}")] {
            bin.throw(&target).await;
        }
        assert_eq!(bin.names(&bin.organization.token).await, ["Secret", "In the app", "outside.txt"]);
        assert_eq!(bin.names(&app_token).await, ["In the app"]);
        assert_eq!(bin.names(&other.token).await, [""; 0]);
        let ask = async |token: &str, method: &str, target: &str| {
            server.fliplet(method, &format!("/v1/media/{target}")).token(token).send().await
        };
        for target in [format!("folders/{secret}"), format!("files/{outside}")] {
            for (token, status) in [(&app_token, 401), (&other.token, 404)] {
                ask(token, "POST", &format!("{target}/restore")).await.refused(status);
                ask(token, "DELETE", &format!("deleted/{target}")).await.refused(status);
                ask(token, "GET", &target).await.refused(status);
            }
        }
        ask(&app_token, "POST", &format!("folders/{in_app}/restore")).await.expect(200);
        assert_eq!(bin.names(&bin.organization.token).await, ["Secret", "outside.txt"]);
    });
}

#[test]
fn what_is_in_the_trash_is_found_by_nothing_else() {
    on_each_engine(async |server| {
        let bin = Bin::new(server).await;
        let file = bin.file(&bin.organization.here(), "gone.txt").await;
        let ask = server.fliplet("POST", "/v1/media/files/aggregate").token(&bin.organization.token);
        let aggregate = ask.json(&json!({ "files": [file] }));
        bin.throw(&format!("files/{file}")).await;
        assert_eq!(aggregate.send().await.expect(200).json(), json!({ "files": [] }));
        assert_eq!(bin.ask("GET", "search?name=gone").await.expect(200).json(), json!([]));
        bin.ask("GET", &format!("zip?files={file}")).await.refused(404);
        let ask = server.fliplet("PUT", &format!("/v1/media/files/{file}")).token(&bin.organization.token);
        ask.json(&json!({ "name": "new.txt" })).send().await.refused(404);
        bin.ask("DELETE", &format!("files/{file}")).await.refused(404);
        assert!(matches!(server.library.asset(&system(), file).await, Err(Fault::NotFound(_))));
        let found = bin.ask("GET", "search?name=gone&deletedOnly=true").await.expect(200).json();
        assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!(file)));
    });
}
