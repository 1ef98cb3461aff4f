//! A day of Fliplet's file manager: its calls as its own client sends them, one after the other, and every answer whole.
//! Contract 1.1 to 1.4, 2, 5 and 6.

mod rules;

use serde_json::{Value, json};

use crate::support::{
    Answer, NOW_MS, Organization, Server,
    forms::Form,
    json::normal,
    on_each_engine,
    organizations::system,
    packages::Entries,
    views::{Top, folder, in_folder, sentence, text, with},
};

/// Somebody in Studio with the file manager open.
struct Manager<'a> {
    server: &'a Server,
    organization: Organization,
    other_app: i64,
}

/// What they have put into the first app: "Press", in it "note.txt" and "Kit", in that "logo.txt".
#[derive(Clone, Copy)]
struct Things {
    press: i64,
    kit: i64,
    note: i64,
    logo: i64,
}

const NOTE: &[u8] = &[b'n'; 3000];
const LOGO: &[u8] = &[b'l'; 5000];

#[test]
fn a_day_of_the_file_manager() {
    on_each_engine(async |server: &mut Server| {
        let manager = Manager::arrive(server).await;
        manager.looks_around().await;
        let things = manager.fills().await;
        manager.looks_into(things).await;
        manager.sets_rules(things).await;
        manager.renames(things).await;
        manager.moves_folders(things).await;
        manager.moves_files(things).await;
        manager.marks_for_the_organization(things).await;
        manager.searches(things).await;
        manager.downloads(things).await;
        manager.throws_away(things).await;
        manager.takes_back(things).await;
        manager.ends(things).await;
    });
}

impl<'a> Manager<'a> {
    async fn arrive(server: &'a Server) -> Self {
        let organization = server.organization("Acme").await;
        let other = server.library.found_space(&system(), organization.id, "Other app", organization.user_id).await;
        Self { server, organization, other_app: other.unwrap().id }
    }

    async fn ask(&self, method: &str, target: &str, body: Option<Value>) -> Answer {
        let ask = self.server.fliplet(method, target).token(&self.organization.token);
        body.iter().fold(ask, |ask, body| ask.json(body)).send().await
    }

    async fn get(&self, target: &str) -> Value {
        normal(&self.ask("GET", target, None).await.expect(200).json())
    }

    async fn put(&self, target: &str, body: Value) -> Value {
        normal(&self.ask("PUT", target, Some(body)).await.expect(200).json())
    }

    /// The file manager asks after each change.
    async fn assert_stored(&self, first_kb: u64, other_kb: u64) {
        for (app, kilobytes) in [(self.organization.app_id, first_kb), (self.other_app, other_kb)] {
            let told = self.ask("GET", &format!("/v1/apps/{app}"), None).await.expect(200).json();
            assert_eq!(told["app"]["metrics"], json!({ "storageUsed": kilobytes }), "{told}");
        }
    }

    async fn looks_around(&self) {
        let organization = json!({
            "id": "<id>",
            "name": "Acme",
            "createdAt": "<time>",
            "organizationUser": { "organizationRoleId": "<id>" },
        });
        for target in ["/v1/organizations", "/v1/organizations/"] {
            assert_eq!(self.get(target).await, json!({ "organizations": [organization] }));
        }
        let app = |name: &str| {
            json!({
                "id": "<id>",
                "name": name,
                "organizationId": "<id>",
                "icon": null,
                "legacy": false,
                "createdAt": "<time>",
                "updatedAt": "<time>",
                "appUser": { "appRoleId": "<id>" },
                "metrics": { "storageUsed": 0 },
                "plan": {},
            })
        };
        assert_eq!(self.get("/v1/apps").await, json!({ "apps": [app("First app"), app("Other app")] }));
        let target = format!("/v1/apps/{}", self.organization.app_id);
        assert_eq!(self.get(&target).await, json!({ "app": app("First app") }));
        // Publishers and admins: who may set rules is shown the way to them.
        let told = self.ask("GET", "/v1/organizations", None).await.json();
        assert_eq!(told["organizations"][0]["id"], self.organization.id);
        assert_eq!(told["organizations"][0]["organizationUser"]["organizationRoleId"], 1);
        let told = self.ask("GET", &target, None).await.json();
        assert_eq!(told["app"]["appUser"]["appRoleId"], 1);
        let empty = json!({ "folders": [], "files": [] });
        for context in [self.organization.here(), self.organization.app()] {
            assert_eq!(self.get(&format!("/v1/media?{context}")).await, empty);
        }
        assert_eq!(self.get("/v1/media/deleted").await, empty);
    }

    /// Ids come out of HTML attributes, so they are text.
    async fn fills(&self) -> Things {
        let app = self.organization.app_id;
        let body = json!({ "name": "Press", "appId": app.to_string() });
        let made = self.ask("POST", "/v1/media/folders", Some(body)).await.expect(201).json();
        assert_eq!((normal(&made), &made["appId"]), (folder("Press", Top::App), &json!(app)));
        let press = made["id"].as_i64().unwrap();
        let body = json!({ "name": "Kit", "parentId": press.to_string(), "appId": app.to_string() });
        let made = self.ask("POST", "/v1/media/folders", Some(body)).await.expect(201).json();
        assert_eq!(normal(&made), kit(Top::App, true));
        assert_eq!(made["parentId"], press);
        let kit = made["id"].as_i64().unwrap();
        let note = self.upload(press, "note.txt", NOTE).await;
        assert_eq!(normal(&note), json!({ "files": [in_folder(text("note.txt", Top::App), "Press", false)] }));
        let logo = self.upload(kit, "logo.txt", LOGO).await;
        assert_eq!(normal(&logo), json!({ "files": [in_folder(text("logo.txt", Top::App), "Kit", true)] }));
        self.assert_stored(8, 0).await;
        let id = |files: &Value| files["files"][0]["id"].as_i64().unwrap();
        Things { press, kit, note: id(&note), logo: id(&logo) }
    }

    async fn upload(&self, folder: i64, name: &str, bytes: &[u8]) -> Value {
        let target = format!("/v1/media/files?folderId={folder}&name={name}&organizationId={}", self.organization.id);
        let form = Form::new().text("name[0]", name).file("files[0]", name, "text/plain", bytes);
        let ask = self.server.fliplet("POST", &target).token(&self.organization.token);
        form.put_in(ask).send().await.expect(201).json()
    }

    async fn looks_into(&self, things: Things) {
        let app = self.get(&format!("/v1/media?{}", self.organization.app())).await;
        assert_eq!(app, json!({ "folders": [folder("Press", Top::App)], "files": [] }));
        // Stale companions of a folder's id do not matter.
        let press = self.get(&format!("/v1/media?folderId={}&appId=999&organizationId=null", things.press)).await;
        let note = in_folder(text("note.txt", Top::App), "Press", false);
        assert_eq!(press, json!({ "folders": [kit(Top::App, true)], "files": [note] }));
        assert_eq!(self.get(&format!("/v1/media/folders/{}", things.kit)).await, kit(Top::App, true));
        assert_eq!(self.get(&format!("/v1/media/files/{}", things.note)).await, note);
        // Users copy `url`, so it can be had as a plain link to the API.
        let link = self.get(&format!("/v1/media/files/{}?cdn=false", things.note)).await;
        let url = "<base>/v1/media/files/<id>/contents/note.txt";
        assert_eq!(link, with(note, json!({ "url": url })));
    }

    async fn renames(&self, things: Things) {
        let (press, note) = (format!("/v1/media/folders/{}", things.press), format!("/v1/media/files/{}", things.note));
        let before = self.ask("GET", &note, None).await.expect(200).json();
        self.server.clock.store(NOW_MS + 60_000, std::sync::atomic::Ordering::SeqCst);
        let renamed = self.put(&press, json!({ "name": " Press 2024 " })).await;
        assert_eq!(renamed, json!({ "folder": folder("Press 2024", Top::App) }));
        let file = in_folder(text("memo.txt", Top::App), "Press 2024", false);
        assert_eq!(self.put(&note, json!({ "name": "memo.txt" })).await, json!({ "file": file }));
        let after = self.ask("GET", &note, None).await.expect(200).json();
        assert_eq!(
            (&after["createdAt"], after["updatedAt"].as_str().unwrap()),
            (&before["createdAt"], "2023-11-14T22:14:20.000Z")
        );
        // The path follows the name, and the old one still leads there.
        for file in [&before, &after] {
            let path = format!("/{}", file["path"].as_str().unwrap());
            assert_eq!(self.ask("GET", &path, None).await.expect(200).body, NOTE, "{path}");
        }
        self.put(&press, json!({ "name": "Press" })).await;
        self.put(&note, json!({ "name": "note.txt" })).await;
    }

    /// By the three bodies of contract 6.
    async fn moves_folders(&self, things: Things) {
        let (app, other) = (self.organization.app_id, self.other_app);
        let target = format!("/v1/media/folders/{}", things.kit);
        let to_organization = json!({ "appId": null, "parentId": null, "organizationId": self.organization.id });
        let moved = self.put(&target, to_organization).await;
        assert_eq!(moved, json!({ "folder": kit(Top::Organization, false) }));
        assert_eq!(self.listed(&self.organization.here()).await, ["Kit"]);
        assert_eq!(self.listed(&format!("folderId={}", things.press)).await, ["note.txt"]);
        self.assert_stored(3, 0).await;
        let moved = self.put(&target, json!({ "appId": other.to_string(), "parentId": null })).await;
        assert_eq!(moved, json!({ "folder": kit(Top::App, false) }));
        self.assert_stored(3, 5).await;
        // What lies in it has come along.
        let logo = self.ask("GET", &format!("/v1/media/files/{}", things.logo), None).await.expect(200).json();
        assert_eq!(normal(&logo), in_folder(text("logo.txt", Top::App), "Kit", false));
        assert_eq!((&logo["appId"], &logo["mediaFolder"]["appId"]), (&json!(other), &json!(other)));
        let moved = self.put(&target, json!({ "parentId": things.press.to_string() })).await;
        assert_eq!(moved, json!({ "folder": kit(Top::App, true) }));
        let kit = self.ask("GET", &target, None).await.expect(200).json();
        assert_eq!((&kit["appId"], &kit["parentId"]), (&json!(app), &json!(things.press)));
        self.assert_stored(8, 0).await;
        let press = format!("/v1/media/folders/{}", things.press);
        for into in [things.press, things.kit] {
            let refused = self.ask("PUT", &press, Some(json!({ "parentId": into }))).await.refused(400);
            assert_eq!(refused.json(), sentence("A folder can not be moved into itself"));
        }
    }

    async fn moves_files(&self, things: Things) {
        let target = format!("/v1/media/files/{}", things.note);
        let to_organization = json!({ "appId": null, "mediaFolderId": null, "organizationId": self.organization.id });
        for (body, file, stored) in [
            (to_organization, text("note.txt", Top::Organization), (5, 0)),
            (json!({ "appId": self.other_app, "mediaFolderId": null }), text("note.txt", Top::App), (5, 3)),
            (json!({ "mediaFolderId": things.kit }), in_folder(text("note.txt", Top::App), "Kit", true), (8, 0)),
            (json!({ "mediaFolderId": things.press }), in_folder(text("note.txt", Top::App), "Press", false), (8, 0)),
        ] {
            assert_eq!(self.put(&target, body.clone()).await, json!({ "file": file }), "{body}");
            assert_eq!(self.get(&target).await, file, "{body}");
            self.assert_stored(stored.0, stored.1).await;
        }
    }

    async fn marks_for_the_organization(&self, things: Things) {
        let (target, list) =
            (format!("/v1/media/files/{}", things.note), format!("/v1/media?folderId={}", things.press));
        for flag in [true, false] {
            let file = in_folder(text("note.txt", Top::App), "Press", false);
            let file = with(file, json!({ "isOrganizationMedia": flag }));
            let marked = self.put(&target, json!({ "isOrganizationMedia": flag })).await;
            assert_eq!(marked, json!({ "file": file }));
            assert_eq!(self.get(&list).await["files"], json!([file]));
        }
    }

    /// A term that is a number is looked for as a name and as an id.
    async fn searches(&self, things: Things) {
        let (target, term) = (format!("/v1/media/files/{}", things.note), things.logo.to_string());
        self.put(&target, json!({ "name": format!("note {term}.txt") })).await;
        let query = format!("/v1/media/search?name={term}&id={term}&{}", self.organization.app());
        let app = json!({ "id": "<id>", "name": "First app" });
        let press = json!({
            "id": "<id>",
            "name": "Press",
            "appId": "<id>",
            "organizationId": "<id>",
            "parentId": null,
            "parentFolder": null,
        });
        let inner = with(press.clone(), json!({ "name": "Kit", "parentId": "<id>", "parentFolder": press }));
        let hit = |file: Value, parent: &Value| {
            let organization = json!({ "id": "<id>", "name": "Acme" });
            with(file, json!({ "type": "file", "app": app, "organization": organization, "parentFolder": parent }))
        };
        let logo = hit(in_folder(text("logo.txt", Top::App), "Kit", true), &inner);
        let note = in_folder(text("note.txt", Top::App), "Press", false);
        let path = format!("apps/<id>/note-{term}.txt");
        let renamed = json!({ "name": format!("note {term}.txt"), "url": format!("<base>/{path}"), "path": path });
        let note = hit(with(note, renamed), &press);
        assert_eq!(self.get(&query).await, json!([logo, note]));
        let body = json!({ "name": term, "id": term, "appId": self.organization.app_id.to_string(), "folderId": null });
        let found = self.ask("POST", "/v1/media/search", Some(body)).await.expect(200).json();
        assert_eq!(normal(&found), json!([logo, note]));
        self.put(&target, json!({ "name": "note.txt" })).await;
    }

    /// A bare page navigation: there is nothing but the cookie.
    async fn downloads(&self, things: Things) {
        let all = [("Kit/", &b""[..]), ("Kit/logo.txt", LOGO), ("note.txt", NOTE)];
        let navigate = |query: &str| {
            let ask = self.server.fliplet("GET", &format!("/v1/media/zip?{query}"));
            ask.header("Cookie", format!("theme=dark; auth_token={}", self.organization.token))
        };
        for (query, name, entries) in [
            (format!("folderId={}", things.press), "Press.zip", &all[..]),
            (format!("folderId={}&files={}&folders={}", things.press, things.note, things.kit), "Press.zip", &all),
            (format!("appId={}&files={}", self.organization.app_id, things.note), "First app.zip", &all[2..]),
            (format!("organizationId={}&folders={}", self.organization.id, things.kit), "media.zip", &all[..2]),
        ] {
            let package = navigate(&query).send().await.expect(200);
            assert_eq!(package.header("content-type"), "application/zip");
            assert_eq!(package.header("content-disposition"), format!("attachment; filename=\"{name}\""), "{query}");
            assert_eq!(Entries::read(&package.body), Entries::of("", entries), "{query}");
        }
    }

    async fn listed(&self, context: &str) -> Vec<String> {
        self.server.listed(&self.organization.token, context).await
    }
}

/// "Kit", at the top or in "Press".
fn kit(top: Top, nested: bool) -> Value {
    let parent = if nested { json!("<id>") } else { Value::Null };
    with(folder("Kit", top), json!({ "parentId": parent }))
}

/// The trash. Contract 6.
impl Manager<'_> {
    /// First the note by itself, then the folder with all that is left in it.
    async fn throws_away(&self, things: Things) {
        for (target, seconds) in [(format!("files/{}", things.note), 1), (format!("folders/{}", things.press), 2)] {
            self.server.clock.store(NOW_MS + 60_000 + seconds * 1_000, std::sync::atomic::Ordering::SeqCst);
            let deleted = self.ask("DELETE", &format!("/v1/media/{target}"), None).await.expect(200).json();
            assert_eq!(deleted, json!({}));
        }
        assert!(self.listed(&self.organization.app()).await.is_empty());
        self.assert_stored(0, 0).await;
        let of = |kind: &str, name: &str| json!({ "type": kind, "data": { "id": "<id>", "name": name } });
        let gone = json!({ "deletedAt": "<time>", "parents": [of("app", "First app")] });
        let press = with(folder("Press", Top::App), gone);
        let gone = json!({ "deletedAt": "<time>", "parents": [of("app", "First app"), of("folder", "Press")] });
        let note = in_folder(text("note.txt", Top::App), "Press", false);
        assert_eq!(
            self.get("/v1/media/deleted").await,
            json!({ "folders": [press], "files": [with(note.clone(), gone)] })
        );
        // Each is still found by its id, and the folder can be walked into.
        let told = self.get(&format!("/v1/media/folders/{}", things.press)).await;
        assert_eq!(told, with(folder("Press", Top::App), json!({ "deletedAt": "<time>" })));
        let told = self.get(&format!("/v1/media/files/{}", things.note)).await;
        assert_eq!(told, with(note, json!({ "deletedAt": "<time>" })));
        let inside = self.get(&format!("/v1/media?folderId={}", things.press)).await;
        let trashed = json!({ "deletedAt": "<time>" });
        assert_eq!(inside, json!({ "folders": [with(kit(Top::App, true), trashed.clone())], "files": [] }));
        let inside = self.get(&format!("/v1/media?folderId={}", things.kit)).await;
        let logo = in_folder(text("logo.txt", Top::App), "Kit", true);
        assert_eq!(inside, json!({ "folders": [], "files": [with(logo, trashed)] }));
    }

    async fn takes_back(&self, things: Things) {
        let restore = async |target: &str| self.ask("POST", &format!("/v1/media/{target}/restore"), None).await;
        let (press, note) = (format!("folders/{}", things.press), format!("files/{}", things.note));
        for child in [format!("folders/{}", things.kit), format!("files/{}", things.logo), note.clone()] {
            let refused = restore(&child).await.refused(400).json();
            assert_eq!(refused, sentence("The parent folder is in the trash. Restore it first."));
        }
        let restored = normal(&restore(&press).await.expect(200).json());
        assert_eq!(restored, json!({ "folder": folder("Press", Top::App) }));
        // What was thrown away by itself stays there by itself.
        assert_eq!(self.listed(&format!("folderId={}", things.press)).await, ["Kit"]);
        self.assert_stored(5, 0).await;
        let restored = normal(&restore(&note).await.expect(200).json());
        assert_eq!(restored, json!({ "file": in_folder(text("note.txt", Top::App), "Press", false) }));
        self.assert_stored(8, 0).await;
        assert_eq!(self.get("/v1/media/deleted").await, json!({ "folders": [], "files": [] }));
    }

    async fn ends(&self, things: Things) {
        let press = format!("folders/{}", things.press);
        for target in [format!("/v1/media/{press}"), format!("/v1/media/deleted/{press}")] {
            assert_eq!(self.ask("DELETE", &target, None).await.expect(200).json(), json!({}));
        }
        assert_eq!(self.get("/v1/media/deleted").await, json!({ "folders": [], "files": [] }));
        for target in [
            format!("/v1/media/{press}"),
            format!("/v1/media/folders/{}", things.kit),
            format!("/v1/media/files/{}", things.note),
            format!("/v1/media/files/{}/contents", things.logo),
            format!("/v1/media?folderId={}", things.press),
        ] {
            self.ask("GET", &target, None).await.refused(404);
        }
        self.assert_stored(0, 0).await;
    }
}
