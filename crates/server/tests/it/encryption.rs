//! Files that are sealed at rest: nothing plain lies in the data folder, all five APIs give what came in, and turning it on and off, and
//! other master keys, lose nothing.

mod keys;
mod killed;

use std::{path::Path, process::Output, sync::atomic::Ordering};

use library::{JobRunner, Work};
use mediary::Settings;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::{
    botdoc::notifications::transfer::Transfer,
    scanning::{Five, at},
    support::{
        Server,
        client::exchange,
        engines::{on_each_database, share},
        forms::Form,
        organizations::system,
        pictures,
    },
};

/// What no sealed file has in it.
const SECRET: &[u8] = b"nobody but us knows this";
/// A master key, as settings have it.
pub const MASTER: &str = "0f0e0d0c0b0a09080706050403020100f0e0d0c0b0a090807060504030201000";

fn secrets(len: usize) -> Vec<u8> {
    SECRET.iter().copied().cycle().take(len).collect()
}

fn holds_secret(bytes: &[u8]) -> bool {
    memmem(bytes, SECRET)
}

fn memmem(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Runs a case on each engine with a master key.
fn with_master_key(case: impl AsyncFn(&mut Server)) {
    let _shared = share();
    on_each_database(async |_, database| {
        let set = |settings: &mut Settings| {
            MASTER.clone_into(&mut settings.encryption.master.key);
            settings.limits.garbage_age_ms = 30_000;
        };
        crate::scanning::run(database, "", &set, &case).await;
    });
}

/// All files below a folder with their bytes.
fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What goes while one looks is not there.
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.extend(std::fs::read(&path).ok().map(|bytes| (path.display().to_string(), bytes))),
        }
    }
    found
}

/// `mediary keys …`, which must end well; what it prints.
fn keys(server: &Server, arguments: &[&str]) -> Value {
    let output = run_keys(server, arguments, MASTER);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn run_keys(server: &Server, arguments: &[&str], master: &str) -> Output {
    let arguments = [&["keys"], arguments].concat();
    server.command(&arguments).env("MEDIARY_ENCRYPTION__MASTER__KEY", master).output().unwrap()
}

/// Converts all there is, and has what was before removed for good.
async fn convert(server: &Server) {
    let runner = JobRunner::new(server.library.clone());
    // Beyond the second look, and beyond the time when the old bytes go.
    for step_ms in [0, 60_000, 60_000, 60_000] {
        at(server, server.clock.load(Ordering::SeqCst) + step_ms).await;
        while runner.run_due().await.unwrap() > 0 {}
        server.tend().await;
    }
    server.settle().await;
    server.library.queue(&system(), &Work::SweepStaging).await.unwrap();
    server.settle().await;
}

/// Puts a file where everybody reads it.
async fn put(five: &Five<'_>, name: &str, bytes: &[u8]) -> i64 {
    let form = Form::new().file("files[0]", name, "", bytes);
    let ask = five.server.fliplet("POST", &format!("/v1/media/files?folderId={}", five.web)).token(five.token());
    form.put_in(ask).send().await.expect(201).json()["files"][0]["id"].as_i64().unwrap()
}

/// Puts files by Mediaflow, MediaPocket, Botdoc and Flextype, each by its own way: their ids, but for Flextype's.
async fn put_by_others(five: &Five<'_>, bytes: &[u8]) {
    five.site.upload("web", "flextype.txt", bytes).await.expect(200);
    let transfer = Transfer::new(&five.botdoc, json!({})).await;
    let request = transfer.id.to_string();
    let form = Form::new().file("file", "botdoc.txt", "", &bytes[1..]).text("request", &request);
    let form = form.text("current_chunk", "1").text("total_chunks", "1");
    form.put_in(five.botdoc.ask("POST", "/v1/media/")).send().await.expect(201);
    // What a hash has not taken in yet is a part of its state, which is kept: of this, 63 bytes.
    let (first, second) = bytes[2..].split_at(64 * 1_563 - 1);
    let mut id = None;
    for (number, part) in [(1, first), (2, second)] {
        let mut form = Form::new().file("file", "chunked.txt", "", part).text("request", &request);
        if let Some(id) = id {
            form = form.text("id", format!("{id}"));
        }
        let form = form.text("current_chunk", number.to_string()).text("total_chunks", "2");
        let media = form.put_in(five.botdoc.ask("POST", "/v1/media/")).send().await.expect(201).json();
        id = media["id"].as_i64();
    }
}

/// What lies in the store: how many files are sealed and how many are not.
fn lies(server: &Server) -> (usize, usize) {
    let files = server.stored_files();
    let sealed = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "age")).count();
    (sealed, files.len() - sealed)
}

#[test]
fn nothing_plain_lies_in_the_data_folder_and_everybody_gets_what_came_in() {
    with_master_key(async |server| {
        let five = Five::new(server).await;
        let (small, large) = (secrets(5_000), secrets(9_000_000));
        let before = put(&five, "before.txt", &small).await;
        let picture = pictures::jpeg(900, 700);
        let photo = put(&five, "photo.jpg", &picture).await;
        server.settle().await;
        assert_eq!(lies(server).0, 0);

        assert!(server.library.set_encryption(&system(), five.tenant(), true).await.unwrap());
        let after = put(&five, "after.bin", &large).await;
        put_by_others(&five, &secrets(200_000)).await;
        convert(server).await;
        let (sealed, plain) = lies(server);
        assert!(sealed >= 7 && plain == 0, "{sealed} sealed, {plain} not: {:?}", server.stored_files());
        for (path, bytes) in files_below(server.store_folder().parent().unwrap()) {
            assert!(!holds_secret(&bytes), "{path} holds what nobody is to know");
            assert!(!memmem(&bytes, &picture[picture.len() / 2..picture.len() / 2 + 32]), "{path} holds a photo");
        }
        for (id, name, bytes) in [(before, "before.txt", &small), (after, "after.bin", &large)] {
            let file = five.fliplet(&format!("files/{id}")).await;
            assert_eq!((&file["isEncrypted"], &file["thumbnail"]), (&Value::Bool(true), &Value::Null), "{file}");
            let url = file["url"].as_str().unwrap();
            assert!(url.ends_with(&format!("/fliplet/v1/media/files/{id}/contents/{name}")), "{url}");
            let contents =
                || server.fliplet("GET", &format!("/v1/media/files/{id}/contents/{name}")).token(five.token());
            let part = contents().header("Range", "bytes=4000-4099").send().await.expect(206);
            assert!(part.body == bytes[4000..4100], "{name}");
            let mut doors = five.doors(id, (name, bytes), true).await;
            doors.add_late().await;
            doors.links.retain(|door| door.name != "fliplet cdn");
            doors.expect_open().await;
            // The path that lists showed while it was not sealed.
            let path = server.fliplet("GET", &format!("/{}", file["path"].as_str().unwrap()));
            path.clone().send().await.expect(401);
            assert!(path.token(five.token()).send().await.expect(200).body == *bytes);
        }
        let mut doors = five.doors(photo, ("photo.jpg", &picture), true).await;
        doors.links.retain(|door| door.name != "fliplet cdn");
        doors.expect_open().await;
        let by_path = server.ask("GET", "/flextype/project/uploads/web/flextype.txt").send().await.expect(200);
        assert!(by_path.body == secrets(200_000));
        assert!(server.library.verify(&system(), false, |problem| panic!("{problem:?}")).await.unwrap().blobs >= 6);

        assert!(server.library.set_encryption(&system(), five.tenant(), false).await.unwrap());
        convert(server).await;
        assert_eq!(lies(server).0, 0, "{:?}", server.stored_files());
        let file = five.fliplet(&format!("files/{before}")).await;
        assert_eq!(file["isEncrypted"], Value::Null);
        five.doors(before, ("before.txt", &small), true).await.expect_open().await;
        server.library.verify(&system(), false, |problem| panic!("{problem:?}")).await.unwrap();
    });
}

#[test]
fn what_was_altered_on_the_disk_is_an_error_and_told_by_verify() {
    with_master_key(async |server| {
        let five = Five::new(server).await;
        server.library.set_encryption(&system(), five.tenant(), true).await.unwrap();
        let bytes = secrets(9_000_000);
        let id = put(&five, "large.bin", &bytes).await;
        convert(server).await;
        let path = server.store_folder().join(&server.stored_files()[0]);
        let mut stored = std::fs::read(&path).unwrap();
        let at = stored.len() / 2;
        stored[at] ^= 1;
        std::fs::write(&path, &stored).unwrap();
        let contents =
            || server.fliplet("GET", &format!("/v1/media/files/{id}/contents/large.bin")).token(five.token());
        // What comes before it is right, and the answer breaks off before a wrong byte.
        let part = contents().header("Range", "bytes=0-65535").send().await.expect(206);
        assert!(part.body == bytes[..65_536]);
        let cut_off = exchange(TcpStream::connect(server.address).await.unwrap(), &contents().bytes()).await;
        let head = 4 + cut_off.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        assert!(String::from_utf8_lossy(&cut_off[..head]).contains("content-length: 9000000\r\n"));
        let given = &cut_off[head..];
        assert!(given.len() < at && *given == bytes[..given.len()], "{} bytes are given", given.len());
        let mut told = Vec::new();
        server.library.verify(&system(), false, |problem| told.push(format!("{problem:?}"))).await.unwrap();
        assert!(told.len() == 1 && told[0].contains("WrongBytes"), "{told:?}");
        std::fs::write(&path, &stored[..at]).unwrap();
        contents().send().await.expect(503);
        // It stays as it is, and stops no others.
        put(&five, "sound.bin", &secrets(70_000)).await;
        server.library.set_encryption(&system(), five.tenant(), false).await.unwrap();
        convert(server).await;
        assert_eq!(lies(server), (1, 1), "{:?}", server.stored_files());
        let state = server.library.encryption(&system(), five.tenant()).await.unwrap();
        assert_eq!((state.sealed.sealed, state.sealed.plain), (1, 1));
    });
}
