//! Adding, changing and deleting by rules: with a key that they hold, and without one.

use serde_json::json;

use super::{NO_ACCESS, NO_CREATING, Office, assert_denied, assert_not_authorised, everybody};
use crate::support::{forms::Form, on_each_engine, packages::Entries};

#[test]
fn what_a_rule_does_not_give_is_denied_in_its_own_words() {
    on_each_engine(async |server| {
        let office = Office::open(server).await;
        let app = office.organization.app_id;
        let (_, token) = office.app_token().await;
        let [open, closed] = [
            office.folder("Open", json!({ "appId": app })).await,
            office.folder("Closed", json!({ "appId": app })).await,
        ];
        let in_open = office.upload(&format!("folderId={open}"), "open.png").await["id"].clone();
        let in_closed = office.upload(&format!("folderId={closed}"), "closed.png").await["id"].clone();
        office.rule(&format!("folders/{open}"), everybody(&["read"])).await;
        office.rule(&format!("folders/{closed}"), json!([{ "type": ["read"], "allow": "loggedIn" }])).await;
        let ask = |method: &str, target: String| office.anybody(method, &target).token(&token);
        for context in [format!("folderId={open}"), format!("folderId={closed}")] {
            let upload = Form::new().file("files[0]", "a.txt", "", b"a");
            let upload = upload.put_in(ask("POST", format!("/v1/media/files?{context}"))).send().await;
            assert_denied(upload, NO_CREATING);
        }
        for folder in [open, closed] {
            let body = json!({ "name": "New", "parentId": folder });
            assert_denied(ask("POST", "/v1/media/folders".to_owned()).json(&body).send().await, NO_CREATING);
        }
        for target in [
            format!("files/{in_open}"),
            format!("folders/{open}"),
            format!("files/{in_closed}"),
            format!("folders/{closed}"),
        ] {
            let ask = |method| ask(method, format!("/v1/media/{target}"));
            assert_denied(ask("PUT").json(&json!({ "name": "New.png" })).send().await, NO_ACCESS);
            assert_denied(ask("DELETE").send().await, NO_ACCESS);
        }
        // Where it may not read, it does not even see.
        assert_denied(ask("GET", format!("/v1/media?folderId={closed}")).send().await, NO_ACCESS);
        assert_eq!(server.listed(&token, &format!("appId={app}")).await, ["Open"]);
        let package = ask("GET", format!("/v1/media/zip?appId={app}")).send().await.expect(200);
        let names: Vec<_> = Entries::read(&package.body).0.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Open/", "Open/open.png"]);
        // To move something takes leave to change it, and to add to where it goes.
        office.rule(&format!("folders/{open}"), everybody(&["read", "update"])).await;
        let into =
            |folder: i64| ask("PUT", format!("/v1/media/files/{in_open}")).json(&json!({ "mediaFolderId": folder }));
        assert_denied(into(closed).send().await, NO_CREATING);
        let listed = server.listed(&office.organization.token, &format!("folderId={open}")).await;
        assert_eq!(listed, ["open.png"]);
    });
}

#[test]
fn a_rule_lets_anybody_add_change_and_delete() {
    on_each_engine(async |server| {
        let office = Office::open(server).await;
        let folder = office.folder("Drop", json!({ "appId": office.organization.app_id })).await;
        let here = format!("folderId={folder}");
        let upload = || {
            let ask = office.anybody("POST", &format!("/v1/media/files?{here}"));
            Form::new().file("files[0]", "a.txt", "", b"a").put_in(ask)
        };
        let ask = |method: &str, target: &str| office.anybody(method, &format!("/v1/media/{target}"));
        assert_not_authorised(upload().send().await);
        office.rule(&format!("folders/{folder}"), everybody(&["read"])).await;
        assert_not_authorised(upload().send().await);
        office.rule(&format!("folders/{folder}"), everybody(&["create"])).await;
        let file = upload().send().await.expect(201).json()["files"][0].clone();
        assert_ne!(file["userId"], office.organization.user_id, "it belongs to the service");
        let file = format!("files/{}", file["id"]);
        for rules in [everybody(&["create"]), everybody(&["read"])] {
            assert_not_authorised(ask("PUT", &file).json(&json!({ "name": "b.txt" })).send().await);
            assert_not_authorised(ask("DELETE", &file).send().await);
            office.rule(&format!("folders/{folder}"), rules).await;
        }
        office.rule(&format!("folders/{folder}"), everybody(&["read", "update", "delete"])).await;
        let told = ask("PUT", &file).json(&json!({ "name": "b.txt" })).send().await.expect(200).json();
        assert_eq!(told["file"]["name"], "b.txt");
        ask("DELETE", &file).send().await.expect(200);
        // The trash is nobody's who has no token.
        assert_not_authorised(ask("POST", &format!("{file}/restore")).send().await);
        assert_not_authorised(ask("DELETE", &format!("deleted/{file}")).send().await);
        assert_not_authorised(ask("GET", &file).send().await);
        office.studio("POST", &format!("/v1/media/{file}/restore")).send().await.expect(200);
    });
}
