//! Many uploads while the scanner comes and goes: each is looked at in the end, and none was given to anybody before.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, future::join, stream};
use library::{JobState, Scan, Work};

use super::{Five, at, scan_of, with_clamd};
use crate::support::{Server, clamd::eicar, organizations::system};

const UPLOADS: usize = 1_000;
const AT_ONCE: usize = 16;
/// One of so many is a virus.
const VIRUS_EACH: usize = 50;
/// Longer than any pause between two attempts.
const LONG_MS: i64 = 6_000_000;

/// Uploads a file, and looks at once whether anybody gets it: only what was found to be clean.
async fn upload(five: &Five<'_>, number: usize) -> (bool, i64) {
    let name = format!("{number}.txt");
    let is_virus = number.is_multiple_of(VIRUS_EACH);
    let bytes = if is_virus { eicar() } else { format!("file {number}").into_bytes() };
    let file = five.server.upload(five.token(), &format!("folderId={}", five.web), &name, &bytes).await;
    let id = file["id"].as_i64().unwrap();
    let answer = five.site.ask("GET", &format!("/project/uploads/web/{name}")).send().await;
    if answer.status == 200 {
        assert!(!is_virus, "{answer}");
        assert_eq!(scan_of(five.server, id).await, Scan::Clean, "{answer}");
    } else {
        assert_eq!(answer.status, 404, "{answer}");
    }
    (is_virus, id)
}

async fn has_scans(server: &Server) -> bool {
    for state in [JobState::Waiting, JobState::Running, JobState::Waiting] {
        let jobs = server.library.jobs(&system(), state, 0, 2_000).await.unwrap();
        if jobs.iter().any(|job| matches!(job.work, Work::Scan { .. })) {
            return true;
        }
    }
    false
}

#[test]
fn each_is_scanned_in_the_end_and_none_is_given_out_before() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        let is_over = AtomicBool::new(false);
        let uploads = async {
            let all = stream::iter(0..UPLOADS).map(|number| upload(&five, number));
            let all: Vec<_> = all.buffer_unordered(AT_ONCE).collect().await;
            is_over.store(true, Ordering::SeqCst);
            all
        };
        let comes_and_goes = async {
            let mut times = 0;
            while !is_over.load(Ordering::SeqCst) {
                clamd.stop();
                clamd.start_again().await;
                times += 1;
            }
            times
        };
        let (all, times) = join(uploads, comes_and_goes).await;
        assert!(times > 1, "{times}");
        for _ in 0..3 {
            at(server, server.clock.load(Ordering::SeqCst) + LONG_MS).await;
            server.settle().await;
        }
        assert!(!has_scans(server).await);
        let held = server.library.quarantined(&system(), five.tenant(), 0).await.unwrap();
        assert_eq!(held.len(), UPLOADS / VIRUS_EACH);
        for (is_virus, id) in all {
            match is_virus {
                true => assert!(held.iter().any(|held| held.asset.id == id)),
                false => assert_eq!(scan_of(server, id).await, Scan::Clean),
            }
        }
    });
}
