//! A virus that comes in by each of the five APIs, and those who run the tenant, who let it out or end it.

use library::Scan;
use serde_json::{Value, json};

use super::{Five, doors::Doors, forget, scan_of, with_clamd};
use crate::{
    botdoc::notifications::transfer::Transfer,
    mediapocket::{
        fetching::{self, placeholder, post_media},
        links::{id_of, path_of},
        mail::world::mediary,
    },
    support::{
        Server,
        clamd::{EICAR_NAME, eicar},
        forms::Form,
        organizations::system,
        pictures::png,
        programs::run,
    },
};

/// A file that came in: its id, under which name, and whether it lies among what is for everybody.
struct Came {
    id: i64,
    name: &'static str,
    is_public: bool,
    /// A further way, of a recipient.
    page: Option<String>,
}

/// Has a virus come in by each of the five. Fliplet takes it with two other files, whose ids come first.
async fn come_in(five: &Five<'_>) -> ([i64; 2], Vec<Came>) {
    let (server, virus) = (five.server, eicar());
    let came = |id: i64, name: &'static str| Came { id, name, is_public: true, page: None };
    let many = five.upload(&[("one.txt", b"one"), ("fliplet.txt", &virus), ("three.txt", b"the third")]).await;
    let flow = five.flow.upload(five.web, "mediaflow.txt", &virus).await["id"].as_i64().unwrap();
    five.site.upload("web", "flextype.txt", &virus).await.expect(200);
    let listing = five.fliplet(&format!("?folderId={}", five.web)).await;
    let files = listing["files"].as_array().unwrap();
    let flextype = files.iter().find(|file| file["name"] == "flextype.txt").unwrap()["id"].as_i64().unwrap();

    let transfer = Transfer::new(&five.botdoc, json!({})).await;
    transfer.to("link", "").await;
    let mut chunked = 0;
    for (number, piece) in [(1, &virus[..30]), (2, &virus[30..])] {
        let form = Form::new().file("file", "botdoc.txt", "text/plain", piece).text("request", transfer.id.to_string());
        let form = form.text("current_chunk", number.to_string()).text("total_chunks", "2");
        let media = form.put_in(five.botdoc.ask("POST", "/v1/media/")).send().await.expect(201).json();
        chunked = media["id"].as_i64().unwrap();
    }
    let page = format!("{}/media/{chunked}/botdoc.txt", transfer.link().await);
    let botdoc = Came { id: chunked, name: "botdoc.txt", is_public: false, page: Some(page) };

    let elsewhere = fetching::site::Site::of(&virus).await;
    let asset = placeholder(&five.pocket).await;
    post_media(&five.pocket, &asset, &elsewhere.url("/file"), "pocket.txt").await.expect(200);
    let fetch = fetching::wait_for_end(&five.pocket, &asset).await;
    assert_eq!(fetch["state"], "done", "{fetch}");
    let pocket = Came { id: id_of(&five.pocket, &asset).await, name: "pocket.txt", is_public: false, page: None };
    for id in [many[1], flow, flextype, chunked, pocket.id] {
        assert_eq!(scan_of(server, id).await, Scan::Queued);
    }
    let all =
        vec![came(many[1], "fliplet.txt"), came(flow, "mediaflow.txt"), came(flextype, "flextype.txt"), botdoc, pocket];
    ([many[0], many[2]], all)
}

async fn doors_of<'a>(five: &'a Five<'_>, came: &Came) -> Doors<'a> {
    let mut doors = five.doors(came.id, (came.name, &eicar()), came.is_public).await;
    if let Some(page) = &came.page {
        doors.link("botdoc page", five.server.ask("GET", path_of(page)));
    }
    doors
}

/// What `mediary quarantine list` tells.
pub fn list(server: &Server, tenant: i64) -> Vec<Value> {
    mediary(server, &["quarantine", "list", "--tenant", &tenant.to_string()]).as_array().unwrap().clone()
}

pub fn release(server: &Server, tenant: i64, id: i64) {
    let told = mediary(server, &["quarantine", "release", "--tenant", &tenant.to_string(), &id.to_string()]);
    assert_eq!(told, json!({ "id": id, "released": true }));
    forget(server);
}

/// Has everything scanned anew, and waits until that is done.
pub async fn rescan(server: &Server) {
    server.library.rescan_all(&system()).await.unwrap();
    server.settle().await;
}

#[test]
fn a_virus_is_out_of_reach_by_every_way_until_it_is_let_out() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        five.hold(clamd).await;
        let (others, came) = come_in(&five).await;
        let mut all = Vec::new();
        for came in &came {
            let doors = doors_of(&five, came).await;
            doors.expect_open_to_keys_only().await;
            all.push(doors);
        }
        let mut fine = Vec::new();
        for (id, name, bytes) in [(others[0], "one.txt", &b"one"[..]), (others[1], "three.txt", b"the third")] {
            fine.push(five.doors(id, (name, bytes), true).await);
        }
        five.let_go(clamd, &came.iter().map(|came| came.id).chain(others).collect::<Vec<_>>()).await;

        for (came, doors) in came.iter().zip(&all) {
            assert_eq!(five.status(came.id).await, "infected", "{}", came.name);
            doors.expect_shut().await;
            five.expect_nowhere(came.id, came.name).await;
            let restore = server.fliplet("POST", &format!("/v1/media/files/{}/restore", came.id)).token(five.token());
            let refused = restore.json(&json!({})).send().await.refused(400);
            assert_eq!(refused.message(), "The file is infected and can not be restored");
        }
        for (id, doors) in others.iter().zip(&mut fine) {
            assert_eq!(five.status(*id).await, "clean");
            doors.add_late().await;
            doors.expect_open().await;
        }
        let zip = server.fliplet("GET", &format!("/v1/media/zip?folderId={}", five.web)).token(five.token());
        let zip = zip.send().await.expect(200).body;
        let has = |name: &str| zip.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(has("one.txt") && has("three.txt") && !came.iter().any(|came| has(came.name)));

        let listed = list(server, five.tenant());
        let mut ids: Vec<_> = came.iter().map(|came| (came.id, came.name)).collect();
        ids.sort_unstable();
        let told: Vec<_> =
            listed.iter().map(|one| (one["id"].as_i64().unwrap(), one["name"].as_str().unwrap())).collect();
        assert_eq!(told, ids);
        for one in &listed {
            assert_eq!(one["found"], EICAR_NAME, "{one}");
            assert!(one["by"].as_str().unwrap().starts_with("ClamAV "), "{one}");
        }

        for came in &came {
            match came.page {
                // Botdoc's has a time, which for another process is over: the clock stands still only here.
                Some(_) => server.library.release(&system(), (five.tenant(), came.id)).await.unwrap(),
                None => release(server, five.tenant(), came.id),
            }
        }
        assert_eq!(list(server, five.tenant()), Vec::<Value>::new());
        for (came, doors) in came.iter().zip(&mut all) {
            assert_eq!(five.status(came.id).await, "clean");
            doors.expect_open().await;
            doors.add_late().await;
        }
        // It is not taken back, whatever the scanner says of it.
        rescan(server).await;
        clamd.update(7).await;
        rescan(server).await;
        for doors in &all {
            doors.expect_open().await;
        }
        for verb in ["release", "delete"] {
            let mut again =
                server.command(&["quarantine", verb, "--tenant", &five.tenant().to_string(), &came[0].id.to_string()]);
            assert!(!run(&mut again, "mediary").status.success(), "{verb}");
        }
        // The same bytes once more are another matter.
        let again = five.upload(&[("again.txt", &eicar())]).await[0];
        five.settle().await;
        assert_eq!(five.status(again).await, "infected");
    });
}

#[test]
fn a_picture_that_is_infected_has_no_thumbnail_either() {
    with_clamd(async |server, clamd| {
        let picture = png(400, 300);
        let five = Five::new(server).await;
        let id = five.upload(&[("picture.png", &picture)]).await[0];
        server.settle().await;
        let mut doors = five.doors(id, ("picture.png", &picture), true).await;
        assert_eq!(doors.keys.iter().chain(&doors.links).count(), 13);
        doors.add_late().await;
        doors.expect_open().await;
        clamd.learn("Picture-Test", &picture).await;
        rescan(server).await;
        assert_eq!(five.status(id).await, "infected");
        doors.expect_shut().await;
        assert_eq!(list(server, five.tenant())[0]["found"], "Picture-Test.UNOFFICIAL");
        release(server, five.tenant(), id);
        doors.expect_open().await;
    });
}

#[test]
fn what_is_deleted_in_quarantine_is_gone() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        five.hold(clamd).await;
        let id = five.upload(&[("virus.txt", &eicar())]).await[0];
        let doors = five.doors(id, ("virus.txt", &eicar()), true).await;
        five.let_go(clamd, &[id]).await;
        let told = mediary(server, &["quarantine", "delete", "--tenant", &five.tenant().to_string(), &id.to_string()]);
        assert_eq!(told, json!({ "id": id, "deleted": true }));
        forget(server);
        assert_eq!(list(server, five.tenant()), Vec::<Value>::new());
        assert_eq!(five.fliplet("deleted").await["files"], json!([]));
        doors.expect_shut().await;
        five.expect_nowhere(id, "virus.txt").await;
        server.library.verify(&system(), false, |problem| panic!("{problem:?}")).await.unwrap();
    });
}

#[test]
fn what_is_let_out_takes_a_free_name_and_not_a_place_in_the_trash() {
    with_clamd(async |server, _| {
        let five = Five::new(server).await;
        let folder = server.folder(five.token(), "Papers", json!({ "organizationId": five.tenant() })).await;
        let virus = server.upload(five.token(), &format!("folderId={folder}"), "paper.txt", &eicar()).await;
        let id = virus["id"].as_i64().unwrap();
        five.settle().await;
        assert_eq!(five.status(id).await, "infected");
        // Its slug was free meanwhile.
        server.upload(five.token(), &format!("folderId={folder}"), "paper.txt", b"fine").await;
        let folders = format!("/v1/media/folders/{folder}");
        server.fliplet("DELETE", &folders).token(five.token()).send().await.expect(200);
        let arguments = ["quarantine", "release", "--tenant", &five.tenant().to_string(), &id.to_string()];
        assert!(!run(&mut server.command(&arguments), "mediary").status.success());
        // What comes back with its folder is not it.
        let restore = server.fliplet("POST", &format!("{folders}/restore")).token(five.token());
        restore.json(&json!({})).send().await.expect(200);
        assert_eq!(server.listed(five.token(), &format!("folderId={folder}")).await, ["paper.txt"]);
        release(server, five.tenant(), id);
        assert_eq!(server.listed(five.token(), &format!("folderId={folder}")).await, ["paper.txt"; 2]);
        let file = five.site.get("/api/media/files?id=papers/paper-2.txt").await.expect(200);
        assert!(String::from_utf8_lossy(&file.body).contains("paper-2.txt"), "{file}");
    });
}
