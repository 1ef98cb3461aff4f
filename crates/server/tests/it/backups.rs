//! A library is backed up by the program itself while others upload, rename and delete; it comes back elsewhere, on either engine, and
//! every dialect answers as before. Whatever is killed on the way is taken up again.

mod mistakes;
mod place;

use std::{
    process::Output,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::sleep;

use self::place::Place;
use crate::support::{
    engines::{beside, on_each_database, share},
    forms::Form,
    pictures::jpeg,
};

/// How many clients change things while a backup is made.
const CLIENTS: usize = 4;

/// What one GET answered: status and body.
type Answers = Vec<(String, u16, Vec<u8>)>;

/// Somebody who has keys of all dialects, as `init` printed them.
struct Owner {
    keys: Value,
    mediaflow: String,
    botdoc: String,
    link: String,
    files: Vec<i64>,
}

impl Owner {
    /// Puts something in by each dialect that takes files.
    async fn begin(place: &Place, keys: Value) -> Self {
        let text = |pointer: &str| keys.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let number = |pointer: &str| keys.pointer(pointer).and_then(Value::as_i64).unwrap();
        let mut files = Vec::new();
        let large: Vec<u8> = (0..1_500_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        for (name, bytes) in
            [("sun & sea.jpg", jpeg(1200, 800)), ("notes.txt", b"Notes.".repeat(99)), ("large.bin", large)]
        {
            let form = Form::new().file("files[0]", name, "", &bytes);
            let target = format!("/fliplet/v1/media/files?organizationId={}", number("/fliplet/organization_id"));
            let ask = place.ask("POST", &target).token(&text("/fliplet/auth_token"));
            let answer = form.put_in(ask).send().await.expect(201).json();
            files.push(answer["files"][0]["id"].as_i64().unwrap());
        }
        let form = Form::new().text("token", text("/flextype/files_token"));
        let form = form.text("access_token", text("/flextype/access_token")).text("folder", "entries/movies");
        let form = form.file("file", "cover.jpg", "image/jpeg", &jpeg(640, 480));
        form.put_in(place.ask("POST", "/flextype/api/media/files")).send().await.expect(200);
        place.json(&["folder", "publish", "--tenant", &number("/tenant/id").to_string(), "entries/movies"]).await;
        let body = format!("email={}&api_key={}", text("/botdoc/email"), text("/botdoc/api_key"));
        let ask = place.ask("POST", "/botdoc/v1/auth/get_token/").body("application/x-www-form-urlencoded", body);
        let botdoc = ask.send().await.expect(200).json()["token"].as_str().unwrap().to_owned();
        let form = Form::new().file("file", "deed.pdf", "application/pdf", b"%PDF-1.4 nothing much");
        let form = form.text("request", number("/botdoc/request_id").to_string());
        let form = form.text("current_chunk", "1").text("total_chunks", "1");
        let ask = place.ask("POST", "/botdoc/v1/media/").header("Authorization", format!("JWT {botdoc}"));
        form.put_in(ask).send().await.expect(201);
        let query = ["client_id", "client_secret", "refresh_token"]
            .map(|key| format!("{key}={}", text(&format!("/mediaflow/{key}"))));
        let target = format!("/mediaflow/1/oauth2/token?grant_type=refresh_token&{}", query.join("&"));
        let granted = place.ask("GET", &target).send().await.expect(200).json();
        let mediaflow = granted["access_token"].as_str().unwrap().to_owned();
        let mut owner = Self { keys, mediaflow, botdoc, link: String::new(), files };
        let media = owner.media_of(place, owner.files[0]).await;
        let body = json!({ "expiry_date": "2099-12-31", "limit": 99, "payload": { "asset_id": owner.files[0].to_string(), "media_id": media, "filename": "photo" } });
        let ask = place
            .ask("POST", "/mediapocket/api/v2/shareable_links")
            .header("X-API-KEY", owner.text("/mediapocket/api_key"));
        let link = ask.json(&body).send().await.expect(200).json()["url"].as_str().unwrap().to_owned();
        link[link.find("/api/v2").unwrap()..].clone_into(&mut owner.link);
        owner
    }

    /// An upload in chunks that never ends.
    async fn begins_an_upload(&self, place: &Place) {
        let form = Form::new().file("file", "half.bin", "application/octet-stream", b"half of it");
        let form = form.text("request", self.keys["botdoc"]["request_id"].to_string());
        let form = form.text("current_chunk", "1").text("total_chunks", "2");
        let ask = place.ask("POST", "/botdoc/v1/media/").header("Authorization", format!("JWT {}", self.botdoc));
        form.put_in(ask).send().await.expect(201);
    }

    fn text(&self, pointer: &str) -> String {
        self.keys.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
    }

    async fn media_of(&self, place: &Place, id: i64) -> Value {
        let ask = place.ask("GET", &format!("/mediapocket/api/v2/assets/{id}/media"));
        let mut media = ask.header("X-API-KEY", self.text("/mediapocket/api_key")).send().await.expect(200).json();
        media["media"][0]["id"].take()
    }

    /// What each dialect says of all there is, of one thing, and its bytes.
    async fn answers(&self, place: &Place) -> Answers {
        let organization = self.keys["fliplet"]["organization_id"].as_i64().unwrap();
        let mut targets = vec![
            format!("/fliplet/v1/media?organizationId={organization}"),
            format!("/fliplet/v1/media/search?organizationId={organization}&query=note"),
            format!(
                "/mediaflow/1/file/latest?fields=id,name,filename,type,width,height&access_token={}",
                self.mediaflow
            ),
            format!(
                "/flextype/api/media/files?id=entries/movies/cover.jpg&token={}",
                self.text("/flextype/files_token")
            ),
            format!("/flextype/api/media/folders?id=entries&token={}", self.text("/flextype/folders_token")),
            "/botdoc/v1/media/?state=available".to_owned(),
            format!("/botdoc/v1/request/{}/", self.keys["botdoc"]["request_id"]),
        ];
        for id in &self.files {
            targets.push(format!("/mediapocket/api/v2/assets/{id}"));
            targets.push(format!("/mediapocket/api/v2/assets/{id}/media"));
        }
        self.ask_all(place, targets).await
    }

    /// The bytes of all files. Each is counted as a download, which shows in the other answers a second later.
    async fn bytes(&self, place: &Place) -> Answers {
        let targets = self.files.iter().map(|id| format!("/fliplet/v1/media/files/{id}/contents")).collect();
        self.ask_all(place, targets).await
    }

    async fn ask_all(&self, place: &Place, targets: Vec<String>) -> Answers {
        let mut answers = Vec::new();
        for target in targets {
            let ask = place.ask("GET", &target).token(&self.text("/fliplet/auth_token"));
            let ask = ask.header("X-API-KEY", self.text("/mediapocket/api_key"));
            let answer = ask.header("Authorization", format!("JWT {}", self.botdoc)).send().await;
            answers.push((target, answer.status, without_moments(answer.body)));
        }
        answers
    }

    /// The same, once nothing of it changes any more.
    async fn settled_answers(&self, place: &Place) -> Answers {
        let (mut before, mut same, mut last) = (self.answers(place).await, 0, String::new());
        for _ in 0..400 {
            sleep(Duration::from_millis(100)).await;
            let now = self.answers(place).await;
            let differing = differences(&before, &now);
            same = if differing.is_empty() { same + 1 } else { 0 };
            last = if differing.is_empty() { last } else { differing };
            before = now;
            if same == 20 {
                return before;
            }
        }
        panic!("answers go on changing: {last}");
    }

    /// What is counted or drawn anew, and so is not the same twice: that it is there.
    async fn expect_links_and_renditions(&self, place: &Place) {
        let link = place.ask("GET", &format!("/mediapocket{}", self.link)).send().await.expect(302);
        let to = link.header("location");
        let target = &to[to.find("/mediapocket").unwrap()..];
        assert!(place.ask("GET", target).send().await.expect(200).body == jpeg(1200, 800), "other bytes");
        let target = format!("/fliplet/v1/media/files/{}/contents/x.jpg?size=300x200", self.files[0]);
        place.ask("GET", &target).token(&self.text("/fliplet/auth_token")).send().await.expect(200);
    }
}

/// Whether a command said something of what went wrong.
fn has(told: &Output, words: &str) -> bool {
    String::from_utf8_lossy(&told.stderr).contains(words)
}

/// An answer but for when it signed its URLs, which is at another moment each time.
fn without_moments(body: Vec<u8>) -> Vec<u8> {
    let Ok(mut text) = String::from_utf8(body.clone()) else { return body };
    for (name, len) in [("X-Amz-Date=2", 15), ("X-Amz-Signature=", 64)] {
        let places: Vec<usize> = text.match_indices(name).map(|(at, found)| at + found.len()).collect();
        for at in places.into_iter().rev() {
            text.replace_range(at..at + len, "");
        }
    }
    text.into_bytes()
}

/// What is not the same in both, to be read.
fn differences(then: &Answers, now: &Answers) -> String {
    let shown = |(target, status, body): &(String, u16, Vec<u8>)| {
        format!("{target}: {status} {}", String::from_utf8_lossy(&body[..body.len().min(2_000)]))
    };
    let differing = then.iter().zip(now).filter(|(then, now)| then != now);
    differing.map(|(then, now)| format!("{}\n{}\n\n", shown(then), shown(now))).collect()
}

/// Uploads, renames, deletes and purges in a tenant until it is told to stop, and counts what it did.
async fn change_things(
    place: &Place,
    (token, organization): (&str, i64),
    client: usize,
    (stop, changes): (&AtomicBool, &AtomicU64),
) {
    let (mut ids, mut done) = (Vec::new(), 0_u64);
    let ask = |method: &str, target: &str| place.ask(method, target).token(token);
    while !stop.load(Ordering::Relaxed) {
        let bytes = format!("{client} {done} ").repeat(if done.is_multiple_of(9) { 60_000 } else { 50 });
        let form = Form::new().file("files[0]", &format!("{client}-{done}.txt"), "", bytes.as_bytes());
        let target = format!("/fliplet/v1/media/files?organizationId={organization}");
        let answer = form.put_in(ask("POST", &target)).send().await.expect(201).json();
        ids.push(answer["files"][0]["id"].as_i64().unwrap());
        if done.is_multiple_of(3) {
            let id = ids[ids.len() / 2];
            let body = json!({ "name": format!("renamed-{client}-{done}.txt") });
            ask("PUT", &format!("/fliplet/v1/media/files/{id}")).json(&body).send().await.expect(200);
        }
        if done % 2 == 1 {
            let id = ids.remove(0);
            ask("DELETE", &format!("/fliplet/v1/media/files/{id}")).send().await;
            ask("DELETE", &format!("/fliplet/v1/media/deleted/files/{id}")).send().await;
        }
        done += 1;
        changes.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs something while clients change things in a tenant.
async fn meanwhile<T>(place: &Place, tenant: (&str, i64), work: impl Future<Output = T>) -> T {
    let (stop, changes) = (AtomicBool::new(false), AtomicU64::new(0));
    let clients = (0..CLIENTS).map(|client| change_things(place, tenant, client, (&stop, &changes)));
    let work = async {
        while changes.load(Ordering::Relaxed) < 20 {
            sleep(Duration::from_millis(5)).await;
        }
        let outcome = work.await;
        stop.store(true, Ordering::Relaxed);
        outcome
    };
    tokio::join!(work, futures_util::future::join_all(clients)).0
}

#[test]
fn a_library_under_load_comes_back_elsewhere_and_answers_as_before() {
    let _shared = share();
    on_each_database(async |_, url| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let shelf = folder.path().join("shelf").display().to_string();
        let place = Place::new(&folder.path().join("data"), url, None);
        let keys = place.json(&["init", "--json"]).await;
        let tenant = keys["tenant"]["id"].to_string();
        let other = place.second_tenant().await;
        // What one tenant has is sealed.
        place.json(&["keys", "on", "--tenant", &tenant]).await;
        let mut server = place.serve().await;
        let owner = Owner::begin(&place, keys).await;
        let bytes = owner.bytes(&place).await;
        let before = owner.settled_answers(&place).await;
        let refused: Vec<_> = before.iter().chain(&bytes).filter(|(_, status, _)| *status != 200).collect();
        assert!(
            refused.is_empty(),
            "{:?}",
            refused.iter().map(|(target, status, _)| (target, status)).collect::<Vec<_>>()
        );
        // It ends with the backup, as if its sender had gone away: nothing tells of it then.
        owner.begins_an_upload(&place).await;
        let load = (other.token.as_str(), other.id);
        let first = meanwhile(&place, load, place.json(&["backup", &shelf])).await;
        assert!(first["copied"]["blobs"].as_u64().unwrap() >= 5, "{first}");
        let second = meanwhile(&place, load, place.json(&["backup", &shelf])).await;
        assert!(second["copied"]["blobs"].as_u64().unwrap() < second["blobs"].as_u64().unwrap(), "{second}");
        let third = place.json(&["backup", &shelf]).await;
        let fourth = place.json(&["backup", &shelf]).await;
        assert_eq!(fourth["copied"]["blobs"], 0, "nothing is new: {third} {fourth}");
        let listed = place.json(&["backup", "--list", &shelf]).await;
        assert_eq!(listed.as_array().unwrap().len(), 4);
        assert_eq!(listed[1]["catalog"], second["catalog"]);
        server.kill().await.unwrap();
        for (name, catalog) in [("second", &second), ("last", &fourth)] {
            beside(async |engine, url| {
                let data = folder.path().join(format!("{name}-{engine:?}"));
                let elsewhere = Place::new(&data, url, Some(place.address));
                let catalog = catalog["catalog"].as_str().unwrap();
                // It verifies by itself, and fails if anything is wrong.
                let told = elsewhere.run(&["restore", &shelf, "--catalog", catalog]).await;
                assert!(told.status.success(), "{told:?}");
                let again = elsewhere.run(&["restore", &shelf]).await;
                assert!(!again.status.success() && has(&again, "empty place"), "{again:?}");
                elsewhere.json(&["audit", "check"]).await;
                let mut server = elsewhere.serve().await;
                let after = owner.answers(&elsewhere).await;
                assert_eq!(differences(&before, &after), "");
                assert!(bytes == owner.bytes(&elsewhere).await, "other bytes");
                owner.expect_links_and_renditions(&elsewhere).await;
                server.kill().await.unwrap();
            })
            .await;
        }
        // Without the master key what is sealed is there, and it is said that nobody can open it.
        beside(async |engine, url| {
            let data = folder.path().join(format!("keyless-{engine:?}"));
            let elsewhere = Place::new(&data, url, None).without_master_key();
            let told = elsewhere.run(&["restore", &shelf]).await;
            assert!(!told.status.success() && has(&told, "master key"), "{told:?}");
        })
        .await;
    });
}

#[test]
fn what_is_killed_is_taken_up_again() {
    let _shared = share();
    on_each_database(async |_, url| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let shelf = folder.path().join("shelf").display().to_string();
        let place = Place::new(&folder.path().join("data"), url, None);
        let keys = place.json(&["init", "--json"]).await;
        let mut server = place.serve().await;
        let owner = Owner::begin(&place, keys).await;
        let load = (owner.text("/fliplet/auth_token"), owner.keys["fliplet"]["organization_id"].as_i64().unwrap());
        meanwhile(&place, (&load.0, load.1), sleep(Duration::from_secs(3))).await;
        let first = place.json(&["backup", &shelf]).await;
        let published = place.ask("GET", "/flextype/project/uploads/entries/movies/cover.jpg").send().await;
        let published = published.expect(200).body;
        // Killed at any moment, and others beside that were finished: those stay.
        let (mut killed, mut wait) = (0, 20);
        meanwhile(&place, (&load.0, load.1), async {
            while wait < 2_000 {
                match place.run_killed(&["backup", &shelf], Duration::from_millis(wait)).await {
                    Some(told) => assert!(told.status.success(), "{told:?}"),
                    None => killed += 1,
                }
                wait = wait * 3 / 2;
            }
        })
        .await;
        assert!(killed > 2, "it was killed {killed} times only");
        server.kill().await.unwrap();
        let last = place.json(&["backup", &shelf, "--keep", "2"]).await;
        let listed = place.json(&["backup", "--list", &shelf]).await;
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert_ne!(listed[0]["catalog"], first["catalog"]);
        assert_eq!(listed[1]["catalog"], last["catalog"]);
        assert_eq!(std::fs::read_dir(folder.path().join("shelf/blobs/staging")).unwrap().count(), 0);
        beside(async |engine, url| {
            let elsewhere = Place::new(&folder.path().join(format!("{engine:?}")), url, None);
            let (mut killed, mut wait, mut ended) = (0, 20, false);
            while wait < 5_000 && !ended {
                let told =
                    elsewhere.run_killed(&["restore", &shelf, "--unverified"], Duration::from_millis(wait)).await;
                killed += u64::from(told.is_none());
                // One that is killed after its last step is over all the same.
                ended = told.is_some_and(|told| told.status.success() || has(&told, "empty place"));
                wait = wait * 3 / 2;
            }
            assert!(killed > 1 && ended, "killed {killed} times");
            let verified = elsewhere.run(&["verify"]).await;
            assert!(verified.status.success(), "{verified:?}");
            // No more bytes are there than rows name.
            let stored = elsewhere.stored_blobs();
            assert_eq!(stored as u64, last["blobs"].as_u64().unwrap());
            // A path that serves the only tenant's files to anybody.
            let mut server = elsewhere.serve().await;
            let cover = elsewhere.ask("GET", "/flextype/project/uploads/entries/movies/cover.jpg").send().await;
            assert!(cover.expect(200).body == published, "other bytes");
            server.kill().await.unwrap();
        })
        .await;
    });
}
