//! SQLite's group commit: whoever is told that a write is done finds it done; whoever went away left nothing half done.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, future::poll_fn, pin::pin, task::Poll};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sqlx::{AnyConnection, Connection};
use store::{Error, Noun, assets::NewAsset, jobs::NewJob};

use super::{
    engines::{Database, Engine, NOW, on_each_engine, on_sqlite},
    samples::{Site, at},
    soundness::assert_sound,
};

/// Takes the file's write lock, so that writers queue up behind it.
async fn hold(database: &Database) -> AnyConnection {
    let mut conn = database.connect().await;
    sqlx::query("begin immediate").execute(&mut conn).await.unwrap();
    conn
}

async fn let_go(mut conn: AnyConnection) {
    sqlx::query("commit").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

/// The keys of all assets.
async fn keys(database: &Database) -> BTreeSet<String> {
    let mut conn = database.connect().await;
    let keys = sqlx::query_scalar("select asset_key from assets").fetch_all(&mut conn).await.unwrap();
    keys.into_iter().collect()
}

/// How many transactions the write-ahead log holds.
fn commits(database: &Database) -> usize {
    let log = std::fs::read(database.folder().join("library.db-wal")).unwrap();
    let word = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let (page, salt) = (word(8) as usize, &log[16..24]);
    let frames = log[32..].chunks_exact(24 + page);
    frames.filter(|frame| &frame[8..16] == salt && frame[4..8] != [0; 4]).count()
}

#[test]
fn sixty_four_writers_at_once_all_succeed() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let writers = (0..64).map(|number| {
            let site = site.clone();
            tokio::spawn(async move { site.asset(site.root.id, &format!("{number}")).await })
        });
        let ids: BTreeSet<i64> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(ids.len(), 64);
        for id in ids {
            assert!(site.view(id).await.lives());
        }
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn writers_that_queue_up_become_durable_together() {
    on_sqlite(async |database| {
        let site = Site::new(&database.catalog).await;
        let before = commits(database);
        let lock = hold(database).await;
        let writers: Vec<_> = (0..64)
            .map(|number| {
                let site = site.clone();
                tokio::spawn(async move { site.asset(site.root.id, &format!("{number}")).await })
            })
            .collect();
        let_go(lock).await;
        join_all(writers).await;
        let made = commits(database) - before;
        assert!((1..=16).contains(&made), "{made} commits for 64 writers");
    });
}

#[test]
fn a_writer_that_fails_fails_alone() {
    on_sqlite(async |database| {
        let site = Site::new(&database.catalog).await;
        let taken = site.new_asset(site.root.id, "first");
        site.catalog.add_assets(std::slice::from_ref(&taken), &at(NOW)).await.unwrap();
        let lock = hold(database).await;
        let writers: Vec<_> = (0..40)
            .map(|number| {
                let (site, taken) = (site.clone(), taken.clone());
                tokio::spawn(async move {
                    let good = site.new_asset(site.root.id, "good");
                    let last = if number % 2 == 0 { taken } else { site.new_asset(site.root.id, "last") };
                    site.catalog.add_assets(&[good, last], &at(NOW)).await
                })
            })
            .collect();
        let_go(lock).await;
        for (number, outcome) in join_all(writers).await.into_iter().enumerate() {
            match outcome.unwrap() {
                Ok(added) => assert_eq!((number % 2, added.len()), (1, 2)),
                Err(error) => assert!(number % 2 == 0 && matches!(error, Error::Taken(Noun::Asset)), "{error:?}"),
            }
        }
        assert_eq!(database.number("select count(*) from assets").await, 41);
        assert_sound(&mut database.connect().await).await;
    });
}

/// A full disk or an I/O error makes SQLite undo the whole transaction by itself; a trigger does the same at will.
#[test]
fn a_group_that_sqlite_undoes_is_acknowledged_to_nobody() {
    on_sqlite(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut conn = database.connect().await;
        let trigger = "create trigger undo before insert on assets when new.name = 'undo' \
             begin select raise(rollback, 'undone'); end";
        sqlx::query(trigger).execute(&mut conn).await.unwrap();
        for round in 0..5 {
            let lock = hold(database).await;
            let writers: Vec<_> = (0..20)
                .map(|number| {
                    let site = site.clone();
                    tokio::spawn(async move {
                        let wish = site.new_asset(site.root.id, if number == 2 * round { "undo" } else { "keep" });
                        (wish.key.clone(), site.catalog.add_assets(&[wish], &at(NOW)).await)
                    })
                })
                .collect();
            let_go(lock).await;
            let outcomes: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
            let kept = keys(database).await;
            for (key, outcome) in &outcomes {
                assert_eq!(outcome.is_ok(), kept.contains(key), "{outcome:?}");
            }
            let undone = &outcomes[2 * round].1;
            assert!(matches!(undone, Err(Error::Database(_))), "{undone:?}");
            // Those behind it in the queue begin anew; they do not fail for what somebody else's write did.
            let foreign = |outcome: &&(String, Result<_, Error>)| matches!(outcome.1, Err(Error::Database(_)));
            assert_eq!(outcomes.iter().filter(foreign).count(), 1, "{outcomes:?}");
        }
        site.asset(site.root.id, "after").await;
        assert_sound(&mut conn).await;
    });
}

/// Polls `future` so many times at most, then drops it where it stands.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        let poll = future.as_mut().poll(context).map(Some);
        // Gives up at once after the last poll rather than when somebody wakes it.
        if polled == polls && poll.is_pending() { Poll::Ready(None) } else { poll }
    })
    .await
}

/// What became of one write.
struct Try {
    key: String,
    polls: usize,
    acknowledged: bool,
}

async fn try_writes(site: Site, seed: u64, count: usize) -> Vec<Try> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut tries = Vec::with_capacity(count);
    for number in 0..count {
        let mut wish = site.new_asset(site.root.id, "a.jpg");
        wish.fields = vec![("one".to_owned(), "1".to_owned()), ("two".to_owned(), "2".to_owned())];
        wish.version.jobs = vec![NewJob::Preview];
        let key = wish.key.clone();
        let polls = if number % 4 == 0 { usize::MAX } else { random.random_range(1..30) };
        let group = [wish, site.new_asset(site.root.id, "b.jpg")];
        let outcome = at_most(polls, site.catalog.add_assets(&group, &at(NOW))).await;
        tries.push(Try { key, polls, acknowledged: outcome.map(Result::unwrap).is_some() });
    }
    tries
}

#[test]
fn a_writer_that_goes_away_half_way_leaves_nothing_half_done() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        // PostgreSQL has a connection for each writer; it is SQLite whose writers share one.
        let count = if database.engine == Engine::Sqlite { 500 } else { 60 };
        let writers: Vec<_> = (0..8).map(|seed| tokio::spawn(try_writes(site.clone(), seed, count))).collect();
        let tries: Vec<Try> = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
        // The next writer comes after whatever the last ones left.
        site.asset(site.root.id, "after").await;

        let kept = keys(database).await;
        for one in &tries {
            assert!(!one.acknowledged || kept.contains(&one.key), "an acknowledged write is gone");
            assert!(one.polls > 1 || !kept.contains(&one.key), "a write happened that nobody asked to commit");
            assert!(one.polls < usize::MAX || one.acknowledged);
        }
        let given_up = tries.iter().filter(|one| !one.acknowledged).count();
        let most = tries.len() * 3 / 4;
        assert!((tries.len() / 8..most).contains(&given_up), "{given_up} of {} were given up", tries.len());

        let mut conn = database.connect().await;
        assert_sound(&mut conn).await;
        let jobs = database.number("select count(*) from jobs").await;
        assert_eq!(database.number("select count(*) from fields").await, 2 * jobs);
        assert_eq!(database.number("select count(*) from assets").await, 2 * jobs + 1);
        // Nobody's transaction is open any more: somebody else can write.
        sqlx::query("update tenants set name = 'other'").execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    });
}

#[test]
fn reads_and_changes_of_the_tree_may_be_given_up_too() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (left, right) = (site.folder(site.root.id, "l").await, site.folder(site.root.id, "r").await);
        let guest = site.folder(left.id, "guest").await;
        site.folder(guest.id, "below").await;
        let movers = (0..4_u64).map(|seed| {
            let (site, guest, homes) = (site.clone(), guest.clone(), [left.id, right.id]);
            tokio::spawn(async move {
                let mut random = StdRng::seed_from_u64(seed);
                for _ in 0..100 {
                    let polls = random.random_range(1..25);
                    let home = homes[random.random_range(0..2)];
                    at_most(polls, site.move_folder(&guest, home)).await.transpose().unwrap();
                    at_most(polls, site.catalog.folder_tree(&site.root, 9)).await.transpose().unwrap();
                }
            })
        });
        for mover in join_all(movers).await {
            mover.unwrap();
        }
        site.move_folder(&guest, site.root.id).await.unwrap();
        assert_sound(&mut database.connect().await).await;
        assert_eq!(site.catalog.folder_tree(&site.root, 9).await.unwrap().len(), 5);
    });
}

#[test]
fn two_catalogs_on_one_file_write_beside_each_other() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let other = site.through(&beside);
        let writers: Vec<_> = (0..160)
            .map(|number| {
                let site = if number % 2 == 0 { site.clone() } else { other.clone() };
                tokio::spawn(async move {
                    let id = site.try_asset(site.root.id, "a.jpg").await?;
                    if number % 5 == 0 { site.trash_asset(id).await } else { Ok(()) }
                })
            })
            .collect();
        for outcome in join_all(writers).await {
            outcome.unwrap().unwrap();
        }
        assert_eq!(other.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 128);
        beside.close().await;
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn closing_waits_for_what_is_under_way() {
    on_sqlite(async |database| {
        let site = Site::new(&database.catalog).await;
        let wishes: Vec<NewAsset> = (0..10).map(|_| site.new_asset(site.root.id, "a")).collect();
        let expected: BTreeSet<_> = wishes.iter().map(|wish| wish.key.clone()).collect();
        // Each has its turn behind it, and nobody waits for the commit any more.
        for wish in wishes {
            let catalog = site.catalog.clone();
            tokio::spawn(async move { catalog.add_assets(&[wish], &at(NOW)).await }).await.unwrap().unwrap();
        }
        site.catalog.close().await;
        assert_eq!(keys(database).await, expected);
        assert!(matches!(site.catalog.check().await, Err(Error::Unavailable(_))));
    });
}
