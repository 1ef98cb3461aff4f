//! Hostile files at the wire: eight clients upload them and ask for pictures of them, all at once, and whoever asks meanwhile whether
//! the server is alive does not wait. What comes of each file is told where the pictures are made, in `media`.

#[path = "../../../media/tests/it/corpus/made/mod.rs"]
mod made;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};

use self::made::Made;
use crate::support::{
    Answer, Organization, Server, engines::in_quiet_on_each_engine_with, forms::Form, health::Slowest,
};

const CLIENTS: usize = 8;
/// No answer about the server's health may take as long as this, beyond what the machine itself makes anybody wait.
const TOO_SLOW: Duration = Duration::from_secs(1);
/// What never ends is given up after this time, in milliseconds.
const DEADLINE_MS: u64 = 3_000;

/// The nastiest of those that are made, by what is in their names.
const MADE: &[&str] = &[
    "exif/camera-leads-to-the-main-directory.jpg",
    "exif/text-longer-than-the-block.jpg",
    "moving/canvas-of",
    "moving/frames-larger",
    "moving/million-frames",
    "others/avif-whose-iloc-is-ones",
    "others/heic-boxes-in-boxes",
    "others/hundred-million",
    "pdf/contents-of-a-gibibyte",
    "pdf/forms-doubled",
    "pdf/pages-of-each-other",
    "png/a-gibibyte",
    "png/hundred-million",
    "png/text-of-a-gibibyte",
    "still/hundred-million",
    "still/scans-without-end",
    "svg/coordinates-beyond-all",
    "svg/entities-by-tens",
    "svg/groups-in-groups",
    "svg/image-of-a-file",
    "svg/noise-of-many-octaves",
    "svg/uses-doubled-30",
    "tiff/a-gibibyte",
    "tiff/directory-leads-to-itself",
    "tiff/strips-a-hundred-million",
];

/// The same of Pillow's, where they are.
const OF_PILLOW: &[&str] = &["crash", "oom", "timeout", "decompression_bomb", "broken", "segfault", "loop", "overflow"];

fn nastiest() -> Vec<Made> {
    let mut files = made::all();
    files.retain(|made| MADE.iter().any(|part| made.name.starts_with(part)));
    if let Some(folder) = std::env::var_os("MEDIARY_TEST_CORPUS").map(PathBuf::from) {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if OF_PILLOW.iter().any(|part| name.contains(part)) {
                files.push(Made { name, bytes: fs::read(path).unwrap() });
            }
        }
    }
    files
}

#[test]
fn hostile_files_keep_nobody_waiting() {
    let files = nastiest();
    assert!(files.len() > 30, "{} files are left", files.len());
    let set = |settings: &mut mediary::Settings| settings.renderer.deadline_ms = DEADLINE_MS;
    in_quiet_on_each_engine_with(set, async |server| {
        let organization = server.organization("Acme").await;
        let (address, is_over) = (server.address, AtomicBool::new(false));
        let left = Mutex::new(files.iter());
        let slowest = thread::scope(|scope| {
            let probing = scope.spawn(|| Slowest::while_(address, || !is_over.load(Ordering::SeqCst)));
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    let work = async {
                        join_all((0..CLIENTS).map(|_| client(server, &organization, &left))).await;
                        server.settle().await;
                    };
                    let outcome = std::panic::AssertUnwindSafe(work).catch_unwind().await;
                    // Whatever came of it, the probing must end.
                    is_over.store(true, Ordering::SeqCst);
                    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                });
            });
            probing.join().unwrap()
        });
        eprintln!("{} files, {slowest:?}", files.len());
        assert!(slowest.of_the_server() < TOO_SLOW, "{slowest:?}");
        server.ask("GET", "/readyz").send().await.expect(200);
    });
}

/// Takes one file after the other as long as there are some.
async fn client(server: &Server, organization: &Organization, left: &Mutex<std::slice::Iter<'_, Made>>) {
    let next = || left.lock().unwrap().next();
    while let Some(Made { name, bytes }) = next() {
        let name = name.replace('/', "-");
        let form = Form::new().file("files[0]", &name, "", bytes);
        let ask = server.fliplet("POST", &format!("/v1/media/files?{}", organization.here()));
        let answer = form.put_in(ask.token(&organization.token)).send().await;
        assert_answered(&answer);
        if answer.status != 201 {
            continue;
        }
        let id = &answer.json()["files"][0]["id"];
        for target in [
            format!("thumb/{name}"),
            format!("contents/{name}?size=640>?"),
            format!("contents/{name}?size=100!100"),
            format!("contents/{name}"),
        ] {
            let ask = server.fliplet("GET", &format!("/v1/media/files/{id}/{target}")).token(&organization.token);
            assert_answered(&ask.send().await);
        }
    }
}

/// Panics unless it is an answer or a refusal, and not a failure of the server's.
#[track_caller]
fn assert_answered(answer: &Answer) {
    let is_answered = match answer.status {
        200..=499 => true,
        503 => !answer.header("retry-after").is_empty(),
        _ => false,
    };
    assert!(is_answered, "{answer}");
}
