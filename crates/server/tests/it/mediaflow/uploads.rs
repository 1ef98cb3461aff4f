//! Uploads in both steps, and all that can go wrong between them.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::{
    Agent,
    agent::{ask, refused},
};
use crate::support::{forms::Form, on_each_engine, pictures::jpeg};

#[test]
fn bytes_come_raw_or_in_a_form_by_either_method() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let picture = jpeg(64, 48);
        for (method, is_form, name) in
            [("PUT", false, "a.jpg"), ("POST", false, "b.jpg"), ("PUT", true, "c.jpg"), ("POST", true, "Å ä ö.jpg")]
        {
            let url = agent.announce(agent.root, name, picture.len()).await;
            let request = ask(server, method, &agent.path_of(&url)).header("Origin", "https://other.example");
            let request = match is_form {
                true => Form::new().text("x", "y").file("whatever", "other.jpg", "", &picture).put_in(request),
                false => request.body("", picture.clone()),
            };
            let answer = request.send().await.expect(200);
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            let file = answer.json();
            assert_eq!((&file["filename"], &file["filesize"]), (&json!(name), &json!(picture.len())));
            assert_eq!((&file["width"], &file["height"]), (&json!(64), &json!(48)));
            assert!(file["processed"].is_boolean(), "its previews may be there already");
            assert_eq!(file["checksum"], crate::support::programs::md5(&picture));
        }
        assert!(agent.list("/1/file/latest?processed=true").await.len() <= 4);
        server.settle().await;
        assert_eq!(agent.list("/1/file/latest?processed=true").await.len(), 4);
        // What can have no preview is finished at once, or when that has been found out.
        let text = agent.upload(agent.root, "a.txt", b"text").await;
        assert_eq!((&text["processed"], &text["hasPreview"]), (&json!(true), &json!(false)));
        let broken = agent.upload(agent.root, "broken.jpg", &picture[..200]).await;
        server.settle().await;
        let broken = agent.one(&format!("/1/file/{}?fields=processed,hasPreview,smallPreview", broken["id"])).await;
        assert_eq!((&broken["processed"], &broken["hasPreview"]), (&json!(true), &json!(false)));
        assert_eq!(agent.fetch(&broken["smallPreview"]).await.expect(200).header("content-type"), "image/gif");
    });
}

#[test]
fn a_url_works_once_for_ten_minutes_and_for_what_was_announced() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let send = async |path: &str, bytes: &[u8]| ask(server, "PUT", path).body("", bytes).send().await;
        let path = agent.path_of(&agent.announce(agent.root, "a.txt", 5).await);
        // A wrong length is refused and spends nothing.
        for bytes in [&b"four"[..], b"six by", b""] {
            let error = refused(send(&path, bytes).await, 400);
            assert_eq!(error, "The file is not as long as filesize says");
        }
        send(&path, b"hello").await.expect(200);
        refused(send(&path, b"hello").await, 403);
        // Tampered with, and too late.
        let path = agent.path_of(&agent.announce(agent.root, "b.txt", 5).await);
        let other = format!("{}{}", &path[..path.len() - 1], if path.ends_with('a') { 'b' } else { 'a' });
        refused(send(&other, b"hello").await, 403);
        server.clock.fetch_add(600_000, Ordering::SeqCst);
        refused(send(&path, b"hello").await, 403);
        assert_eq!(server.stored_files().len(), 1, "what was refused leaves nothing");
    });
}

#[test]
fn of_many_who_use_a_url_at_once_one_succeeds() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let path = agent.path_of(&agent.announce(agent.root, "a.txt", 5).await);
        let senders = (0..12).map(|number| {
            let bytes = format!("hell{number:x}");
            ask(server, "PUT", &path).body("", bytes).send()
        });
        let answers = futures_util::future::join_all(senders).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().all(|answer| [200, 403].contains(&answer.status)));
        assert_eq!(agent.list("/1/file/latest").await.len(), 1);
        assert_eq!(server.stored_files().len(), 1);
    });
}

#[test]
fn who_may_no_longer_may_not_send_either() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let folder = agent.folder(agent.root, "Doomed").await;
        let path = agent.path_of(&agent.announce(folder, "a.txt", 5).await);
        let system = crate::support::organizations::system();
        server.library.trash_folder(&system, folder).await.unwrap();
        assert!(refused(ask(server, "PUT", &path).body("", "hello").send().await, 403).contains('\u{b4}'));
    });
}

#[test]
fn announcements_are_checked() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let root = agent.root;
        for (body, status) in [
            (json!({}), 400),
            (json!({ "filename": "a.jpg", "filesize": 1 }), 400),
            (json!({ "filename": "a.jpg", "toFolder": root }), 400),
            (json!({ "filesize": 1, "toFolder": root }), 400),
            (json!({ "filename": 7, "filesize": 1, "toFolder": root }), 400),
            (json!({ "filename": "", "filesize": 1, "toFolder": root }), 400),
            (json!({ "filename": "../a", "filesize": 1, "toFolder": root }), 400),
            (json!({ "filename": "a.jpg", "filesize": -1, "toFolder": root }), 400),
            (json!({ "filename": "a.jpg", "filesize": 1.5, "toFolder": root }), 400),
            (json!({ "filename": "a.jpg", "filesize": 1, "toFolder": "x" }), 400),
            (json!({ "filename": "a.jpg", "filesize": 1, "toFolder": 4_000_000_000_u64 }), 403),
            (json!({ "filename": "a.jpg", "filesize": 99_000_000_000_u64, "toFolder": root }), 413),
            (json!({ "filename": "a.jpg", "filesize": "12", "toFolder": root.to_string() }), 200),
        ] {
            let answer = agent.ask("POST", "/1/file").json(&body).send().await;
            assert_eq!(answer.status, status, "{body}: {answer}");
            if status != 200 {
                refused(answer, status);
            }
        }
        for body in ["", "[]", "{", "null", "\"x\"", "\u{fffd}"] {
            refused(agent.ask("POST", "/1/file").body("application/json", body).send().await, 400);
        }
    });
}
