//! A scanner that is down, slow, or talks nonsense: nothing is called clean, those with a key go on working, and it is told.

use std::sync::atomic::Ordering;

use library::{Scan, Work};
use mediary::Settings;
use serde_json::json;

use super::{
    Five, after, at, run, scan_of, scanned_at,
    scripted::{Mode, Scripted},
    wait_for_failures, with_clamd,
};
use crate::support::{
    Server,
    engines::{on_each_database, share},
    organizations::system,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How often a scan is tried.
const ATTEMPTS: i64 = 12;

/// Runs a case on each engine with a scanner that does as it is told.
pub fn with_scripted(set: impl Fn(&mut Settings), case: impl AsyncFn(&mut Server, &Scripted)) {
    let _shared = share();
    on_each_database(async |_, database| {
        let scanner = Scripted::start().await;
        let case = async |server: &mut Server| {
            server.settle().await;
            case(server, &scanner).await;
        };
        run(database, &scanner.url(), &set, &case).await;
    });
}

fn impatient(settings: &mut Settings) {
    settings.scanner.timeout_ms = 500;
    settings.scanner.idle_ms = 500;
}

async fn troubles(server: &Server) -> serde_json::Value {
    let ready = server.ask("GET", "/readyz").send().await.expect(200).json();
    assert_eq!(ready["status"], "ready");
    ready["troubles"].clone()
}

#[test]
fn a_scanner_that_fails_calls_nothing_clean_and_is_asked_again() {
    with_scripted(impatient, async |server, scanner| {
        let five = Five::new(server).await;
        for (number, mode) in [
            Mode::Waits,
            Mode::Resets,
            Mode::IsAway,
            Mode::Says(""),
            Mode::Says("\0"),
            Mode::Says("stream: OK"),
            Mode::Says("stream: fine\0"),
            Mode::Says("stream: Can't allocate memory ERROR\0"),
            Mode::Says("stream: OK\0stream: OK\0"),
            Mode::Says("HTTP/1.1 200 OK\r\n\r\n"),
        ]
        .into_iter()
        .enumerate()
        {
            scanner.set(mode);
            let (name, bytes) = (format!("{number}.txt"), format!("file {number}"));
            let id = five.upload(&[(&name, bytes.as_bytes())]).await[0];
            let mut doors = five.doors(id, (&name, bytes.as_bytes()), true).await;
            let due = wait_for_failures(server, id, 1).await;
            assert_eq!(due, server.clock.load(Ordering::SeqCst) + 10_000, "{mode:?}");
            assert_eq!(five.status(id).await, "queued", "{mode:?}");
            doors.expect_open_to_keys_only().await;
            scanner.set(Mode::Judges);
            at(server, due).await;
            server.settle().await;
            assert_eq!(five.status(id).await, "clean", "{mode:?}");
            doors.add_late().await;
            doors.expect_open().await;
        }
    });
}

#[test]
fn what_a_scanner_gives_up_on_is_told_as_an_error_and_looked_at_another_day() {
    with_scripted(impatient, async |server, scanner| {
        let five = Five::new(server).await;
        scanner.set(Mode::Says("stream: fine\0"));
        let bytes = b"nobody looks at this";
        let id = five.upload(&[("paper.txt", bytes)]).await[0];
        let doors = five.doors(id, ("paper.txt", bytes), true).await;
        let mut now_ms = after(0);
        for attempt in 1..ATTEMPTS {
            let due = wait_for_failures(server, id, attempt).await;
            assert_eq!(due - now_ms, 10_000 << (attempt.min(10) - 1), "{attempt}");
            assert_eq!(scan_of(server, id).await, Scan::Queued);
            now_ms = due;
            at(server, now_ms).await;
        }
        server.settle().await;
        assert_eq!(usize::try_from(ATTEMPTS).unwrap(), scanner.scans());
        assert_eq!(five.status(id).await, "error");
        let contents = server.fliplet("GET", &format!("/v1/media/files/{id}/contents")).token(five.token());
        assert_eq!(contents.send().await.expect(200).body, bytes);
        let static_path = doors.links.iter().find(|door| door.name == "flextype uploads").unwrap();
        static_path.ask.clone().send().await.expect(404);
        // A day later somebody does.
        scanner.set(Mode::Judges);
        at(server, after(DAY_MS)).await;
        server.settle().await;
        assert_eq!(five.status(id).await, "clean");
        assert_eq!(static_path.ask.clone().send().await.expect(200).body, bytes);
    });
}

#[test]
fn what_is_too_large_for_a_scanner_is_not_clean() {
    for words in ["INSTREAM size limit exceeded. ERROR\0", "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"] {
        with_scripted(impatient, async |server, scanner| {
            let five = Five::new(server).await;
            scanner.set(Mode::Says(words));
            let id = five.upload(&[("large.txt", b"large")]).await[0];
            let doors = five.doors(id, ("large.txt", b"large"), true).await;
            server.settle().await;
            assert_eq!((five.status(id).await, scanner.scans()), (json!("error"), 1));
            doors.expect_open_to_keys_only().await;
            assert_eq!(server.library.quarantined(&system(), five.tenant(), 0).await.unwrap(), []);
        });
    }
}

#[test]
fn what_is_too_large_by_the_settings_is_not_even_sent() {
    with_scripted(
        |settings| settings.scanner.max_bytes = 10,
        async |server, scanner| {
            let five = Five::new(server).await;
            let ids = five.upload(&[("ten.txt", b"0123456789"), ("eleven.txt", b"01234567890")]).await;
            server.settle().await;
            assert_eq!((five.status(ids[0]).await, five.status(ids[1]).await), (json!("clean"), json!("error")));
            assert_eq!(scanner.scans(), 1);
        },
    );
}

#[test]
fn real_clamd_is_not_given_more_than_it_takes() {
    with_clamd(async |server, _| {
        let five = Five::new(server).await;
        let large = vec![b'.'; 11 << 20];
        let id = five.upload(&[("large.txt", &large)]).await[0];
        let doors = five.doors(id, ("large.txt", &large), true).await;
        server.settle().await;
        assert_eq!(five.status(id).await, "error");
        doors.expect_open_to_keys_only().await;
    });
}

#[test]
fn settings_say_what_goes_out_before_it_is_looked_at() {
    let queued = |settings: &mut Settings| {
        impatient(settings);
        settings.scanner.queued_is_public = true;
    };
    with_scripted(queued, async |server, scanner| {
        let five = Five::new(server).await;
        scanner.set(Mode::Resets);
        let id = five.upload(&[("a.txt", b"queued")]).await[0];
        let mut doors = five.doors(id, ("a.txt", b"queued"), true).await;
        wait_for_failures(server, id, 1).await;
        doors.add_late().await;
        doors.expect_open().await;
        scanner.set(Mode::Says("INSTREAM size limit exceeded. ERROR\0"));
        at(server, after(10_000)).await;
        server.settle().await;
        doors.expect_open_to_keys_only().await;
    });
    let unscanned = |settings: &mut Settings| settings.scanner.unscanned_is_public = true;
    with_scripted(unscanned, async |server, scanner| {
        let five = Five::new(server).await;
        scanner.set(Mode::Waits);
        let id = five.upload(&[("a.txt", b"unscanned")]).await[0];
        let mut doors = five.doors(id, ("a.txt", b"unscanned"), true).await;
        doors.expect_open_to_keys_only().await;
        scanner.set(Mode::Says("INSTREAM size limit exceeded. ERROR\0"));
        server.settle().await;
        doors.add_late().await;
        doors.expect_open().await;
    });
}

#[test]
fn who_watches_is_told_that_a_scanner_is_down() {
    with_clamd(async |server, clamd| {
        assert_eq!(troubles(server).await, json!([]));
        clamd.stop();
        assert_eq!(troubles(server).await, json!(["scanner"]));
        // All the rest goes on.
        let five = Five::new(server).await;
        let id = five.upload(&[("a.txt", b"meanwhile")]).await[0];
        wait_for_failures(server, id, 1).await;
        clamd.start_again().await;
        assert_eq!(troubles(server).await, json!([]));
        at(server, after(10_000)).await;
        server.settle().await;
        assert_eq!(five.status(id).await, "clean");
    });
}

#[test]
fn a_scanner_that_was_never_there_is_told_too() {
    scanned_at(
        "clamd:///nowhere/clamd.ctl",
        |_| (),
        async |server| {
            assert_eq!(troubles(server).await, json!(["scanner"]));
            let organization = server.organization("Acme").await;
            let file = server.upload(&organization.token, &organization.here(), "a.txt", b"a").await;
            assert_eq!(wait_for_failures(server, file["id"].as_i64().unwrap(), 1).await, after(10_000));
        },
    );
    crate::support::on_each_engine(async |server| {
        assert_eq!(troubles(server).await, json!([]));
        server.library.queue(&system(), &Work::Rescan { after: 0 }).await.unwrap();
        server.settle().await;
    });
}
