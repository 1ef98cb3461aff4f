//! SVGs where browsers show them: without what could run in them, by the same bytes for every kind of question, and as they came wherever
//! they are saved.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    mediapocket::links::path_of,
    scanning::Five,
    support::{
        Answer, Server,
        engines::{on_each_database, share},
        forms::Form,
    },
};

const ACTIVE: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>alert(1)</script>\
     <rect onclick='alert(1)' width='9' height='9'/></svg>";
const SHOWN: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect  width='9' height='9'/></svg>";

async fn add(five: &Five<'_>, name: &str, bytes: &[u8]) -> Value {
    let form = Form::new().file("files[0]", name, "", bytes);
    let ask = five.server.fliplet("POST", &format!("/v1/media/files?folderId={}", five.web)).token(five.token());
    form.put_in(ask).send().await.expect(201).json()["files"][0].clone()
}

#[track_caller]
fn expect_digest(answer: &Answer, of: &[u8]) {
    let sum = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, Sha256::digest(of));
    assert_eq!(answer.header("repr-digest"), format!("sha-256=:{sum}:"));
}

#[test]
fn what_could_run_is_not_shown_and_not_lost() {
    let _shared = share();
    on_each_database(async |_, database| {
        let case = async |server: &mut Server| {
            let five = Five::new(server).await;
            let file = add(&five, "a.svg", ACTIVE.as_bytes()).await;
            let id = file["id"].as_i64().unwrap();
            let shown = [
                server.fliplet("GET", &format!("/v1/media/files/{id}/contents")).token(five.token()),
                server.ask("GET", path_of(file["url"].as_str().unwrap())),
                server.ask("GET", "/flextype/project/uploads/web/a.svg"),
            ];
            for ask in shown {
                let whole = ask.clone().send().await.expect(200);
                assert_eq!(String::from_utf8_lossy(&whole.body), SHOWN);
                assert!(whole.header("content-disposition").starts_with("inline"), "{whole}");
                assert!(whole.header("content-security-policy").starts_with("sandbox; default-src 'none'"), "{whole}");
                expect_digest(&whole, SHOWN.as_bytes());
                let tag = whole.header("etag").to_owned();
                ask.clone().header("If-None-Match", &tag).send().await.expect(304);
                let part = ask.clone().header("Range", "bytes=5-9").header("If-Range", &tag).send().await.expect(206);
                assert_eq!(part.body, &SHOWN.as_bytes()[5..10]);
                assert_eq!(part.header("content-range"), format!("bytes 5-9/{}", SHOWN.len()));
                ask.header("Range", format!("bytes={}-", SHOWN.len())).send().await.expect(416);
            }
            // Whoever saves it has it as it came.
            let downloads = five.flow.one(&format!("/1/file/{id}/downloads/0")).await;
            let saved = server.ask("GET", path_of(downloads["downloadURL"].as_str().unwrap())).send().await.expect(200);
            assert_eq!(String::from_utf8_lossy(&saved.body), ACTIVE);
            assert!(saved.header("content-disposition").starts_with("attachment"), "{saved}");
            expect_digest(&saved, ACTIVE.as_bytes());
            let zip = server.fliplet("GET", &format!("/v1/media/zip?files={id}")).token(five.token());
            let zip = zip.send().await.expect(200).body;
            assert!(zip.windows(ACTIVE.len()).any(|part| part == ACTIVE.as_bytes()));

            // What is harmless is shown as it came, what can not be read by everybody alike or is too large is saved.
            let large = format!("<svg xmlns='http://www.w3.org/2000/svg'><!-- {} --></svg>", "-  ".repeat(800_000));
            for (name, text, kind) in [
                ("b.svg", SHOWN, "inline"),
                ("c.svg", "<svg xmlns='http://www.w3.org/2000/svg'><g></svg>", "attachment"),
                ("d.svg", &large, "attachment"),
            ] {
                add(&five, name, text.as_bytes()).await;
                let answer =
                    server.ask("GET", &format!("/flextype/project/uploads/web/{name}")).send().await.expect(200);
                assert!(answer.body == text.as_bytes(), "{name}");
                assert!(answer.header("content-disposition").starts_with(kind), "{name}: {kind}");
                expect_digest(&answer, text.as_bytes());
            }
        };
        crate::scanning::run(database, "", &|_| (), &case).await;
    });
}

#[test]
fn what_a_limited_drawing_is_shown_by_is_counted_once() {
    let _shared = share();
    on_each_database(async |_, database| {
        let two = |settings: &mut mediary::Settings| settings.botdoc.max_downloads = 2;
        let case = async |server: &mut Server| {
            let five = Five::new(server).await;
            let media = five.botdoc.media("a.svg", ACTIVE.as_bytes()).await;
            let target = format!("/v1/media/files/{}/contents", media["id"]);
            let ask = |range: &str| server.fliplet("GET", &target).token(five.token()).header("Range", range);
            ask("bytes=0-9").send().await.expect(206);
            // It goes on with the bytes that are shown, not with those that came.
            ask("bytes=10-").send().await.expect(206);
            server.fliplet("HEAD", &target).token(five.token()).send().await.expect(200);
            ask("bytes=0-").send().await.expect(206);
            server.fliplet("GET", &target).token(five.token()).send().await.expect(401);
            assert_eq!(media["max_allowed_times_downloaded"], json!(2));
        };
        crate::scanning::run(database, "", &two, &case).await;
    });
}
