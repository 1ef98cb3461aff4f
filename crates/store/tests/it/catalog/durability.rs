//! An acknowledged write survives the sudden death of the process. (The death of the machine cannot be tried here.)

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::Child,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use sqlx::{AnyConnection, Connection};
use store::{Catalog, jobs::NewJob};
use tokio::runtime::Runtime;

use super::{
    child,
    engines::{Engine, NOW, is_named},
    samples::{Site, at},
    soundness::assert_sound,
};

const ROUNDS: u64 = 10;
/// More than any round reads before it kills, so that a child which nobody kills ends all the same.
const MOST_WRITES: usize = 2_000;

#[test]
fn killing_the_process_loses_no_acknowledged_write() {
    if !is_named(Engine::Sqlite) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("library.db").display());
    let mut random = StdRng::seed_from_u64(9);
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut child = child::command("catalog::durability::write_until_killed", &url).spawn().unwrap();
        let heard = listen_and_kill(&mut child, random.random_range(10..150));
        assert!(heard.len() >= 10, "round {round}: the child wrote {} assets only", heard.len());
        acknowledged.extend(heard);
        Runtime::new().unwrap().block_on(async {
            // Nobody else has the file open: this is where SQLite puts together what the dead process left.
            let catalog = Catalog::open(&url).await.unwrap();
            let mut conn = AnyConnection::connect(&url).await.unwrap();
            let kept: Vec<String> =
                sqlx::query_scalar("select asset_key from assets").fetch_all(&mut conn).await.unwrap();
            let kept: BTreeSet<_> = kept.into_iter().collect();
            let lost = acknowledged.difference(&kept).count();
            assert_eq!(lost, 0, "round {round}: {lost} of {} acknowledged writes are gone", acknowledged.len());
            assert_sound(&mut conn).await;
            conn.close().await.unwrap();
            catalog.close().await;
        });
    }
}

/// Kills the child once it has acknowledged so many writes; tells all that it acknowledged until it was dead.
fn listen_and_kill(child: &mut Child, writes: usize) -> BTreeSet<String> {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut heard, mut line) = (BTreeSet::new(), String::new());
    while output.read_line(&mut line).unwrap() > 0 {
        heard.extend(child::heard(&line).map(str::to_owned));
        line.clear();
        if heard.len() == writes {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    heard
}

#[test]
#[ignore = "the child process of killing_the_process_loses_no_acknowledged_write"]
fn write_until_killed() {
    let Some(url) = child::url() else { return };
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
        let catalog = Catalog::open(&url).await.unwrap();
        let site = Site::new(&catalog).await;
        let writers = (0..8).map(|_| {
            let site = site.clone();
            tokio::spawn(async move {
                for _ in 0..MOST_WRITES / 8 {
                    let mut wish = site.new_asset(site.root.id, "a.jpg");
                    wish.version.jobs = vec![NewJob::Preview];
                    let key = wish.key.clone();
                    site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap();
                    child::say(&key);
                }
            })
        });
        futures_util::future::join_all(writers).await;
    });
}
