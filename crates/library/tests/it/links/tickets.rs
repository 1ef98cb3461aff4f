//! The ways to bytes that links lead to: each use was counted when the link was followed, and no byte of it is counted again.

use std::net::IpAddr;

use content::Portion;
use library::{Actor, Asset, Delivery, Fault, Form, Library, Limits, LinkWish, Noun, Origin, Scan};

use super::{follow, is_dead, link, stranger, wish};
use crate::support::{Bench, on_each_engine, read};

const HOUR_MS: i64 = 60 * 60 * 1_000;
const SIZE: usize = 1_000;

/// A file of a thousand bytes that may be downloaded so often.
async fn limited(bench: &Bench, limit: i64) -> Asset {
    let file = bench.upload("a.bin", &[7; SIZE]).await.unwrap();
    bench.library.limit_asset(&bench.actor, file.id, Some(limit), None).await.unwrap();
    file
}

async fn count(bench: &Bench, id: i64) -> i64 {
    bench.catalog().await.asset(id).await.unwrap().unwrap().download_count
}

async fn contents(library: &Library, actor: &Actor, file: &Asset, ticket: &str) -> Result<Delivery, Fault> {
    let (tenant_id, delivery) =
        library.version_contents(actor, (&file.key, wish(file).version_id, Form::AsItCame), ticket).await?;
    assert_eq!(tenant_id, file.tenant_id);
    Ok(delivery)
}

/// From the beginning.
const fn begin(bytes: u64) -> Option<Portion> {
    Some(Portion { bytes, resumes: false })
}

const fn rest(bytes: u64) -> Option<Portion> {
    Some(Portion { bytes, resumes: true })
}

const WHOLE: Option<Portion> = begin(SIZE as u64);

/// Takes so much of a file by a ticket.
async fn take(
    bench: &Bench,
    actor: &Actor,
    (file, ticket): (&Asset, &str),
    portion: Option<Portion>,
) -> Result<(), Fault> {
    let delivery = contents(&bench.library, actor, file, ticket).await?;
    bench.library.count_download(actor, &delivery.toll, portion).await
}

fn at(number: u8) -> Actor {
    Actor::anonymous(Origin { address: Some(IpAddr::from([192, 0, 2, number])), request_id: None, body_bytes: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_free_once_for_each_time_that_the_link_was_followed() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = limited(&bench, 3).await;
        let made = link(&bench, wish(&file)).await;
        follow(&bench, &made, "ticket").await.unwrap();
        assert_eq!(count(&bench, file.id).await, 1);
        let way = (&file, "ticket");
        take(&bench, &stranger(), way, WHOLE).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 1);
        // Once more counts as it would without a link, until there is no more.
        take(&bench, &stranger(), way, WHOLE).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 2);
        follow(&bench, &made, "ticket").await.unwrap();
        assert!(is_dead(&follow(&bench, &made, "ticket").await));
        take(&bench, &at(1), way, WHOLE).await.unwrap();
        assert!(matches!(take(&bench, &at(2), way, WHOLE).await, Err(Fault::Exhausted)));
        assert_eq!(count(&bench, file.id).await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_is_taken_up_again_and_leaves_the_ticket_to_the_others() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = limited(&bench, 2).await;
        let made = link(&bench, wish(&file)).await;
        for _ in 0..2 {
            follow(&bench, &made, "ticket").await.unwrap();
        }
        let way = (&file, "ticket");
        // The first breaks off and goes on, twice, before the second begins.
        take(&bench, &at(1), way, WHOLE).await.unwrap();
        take(&bench, &at(1), way, rest(600)).await.unwrap();
        take(&bench, &at(1), way, rest(400)).await.unwrap();
        take(&bench, &at(2), way, WHOLE).await.unwrap();
        take(&bench, &at(2), way, rest(1_000)).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 2);
        for portion in [rest(1), begin(1), WHOLE] {
            for actor in [at(1), at(2), at(3)] {
                let refused = take(&bench, &actor, way, portion).await;
                assert!(matches!(refused, Err(Fault::Exhausted)), "{portion:?}: {refused:?}");
            }
        }
        assert_eq!(count(&bench, file.id).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_little_from_the_beginning_is_a_download_too() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = limited(&bench, 2).await;
        let made = link(&bench, wish(&file)).await;
        follow(&bench, &made, "ticket").await.unwrap();
        let way = (&file, "ticket");
        take(&bench, &at(1), way, begin(1)).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 1);
        // The same again is one more: else a byte would buy the file anew each time.
        take(&bench, &at(2), way, begin(1)).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 2);
        for number in [1, 2] {
            take(&bench, &at(number), way, rest(999)).await.unwrap();
        }
        for number in [1, 2, 3] {
            assert!(matches!(take(&bench, &at(number), way, begin(1)).await, Err(Fault::Exhausted)));
        }
        assert_eq!(count(&bench, file.id).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_may_begin_behind_the_beginning() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = limited(&bench, 1).await;
        let made = link(&bench, wish(&file)).await;
        follow(&bench, &made, "ticket").await.unwrap();
        let way = (&file, "ticket");
        // Somebody else fetched the beginning; parts may come from several addresses.
        take(&bench, &at(1), way, rest(400)).await.unwrap();
        take(&bench, &at(2), way, rest(600)).await.unwrap();
        for portion in [rest(1), WHOLE] {
            assert!(matches!(take(&bench, &at(1), way, portion).await, Err(Fault::Exhausted)));
        }
        assert_eq!(count(&bench, file.id).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_cost_nothing() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = limited(&bench, 1).await;
        let made = link(&bench, wish(&file)).await;
        follow(&bench, &made, "ticket").await.unwrap();
        for _ in 0..3 {
            take(&bench, &stranger(), (&file, "ticket"), None).await.unwrap();
        }
        take(&bench, &stranger(), (&file, "ticket"), WHOLE).await.unwrap();
        for _ in 0..3 {
            take(&bench, &stranger(), (&file, "ticket"), None).await.unwrap();
        }
        assert_eq!(count(&bench, file.id).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_good_for_its_own_bytes_for_an_hour() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let (file, other) = (limited(&bench, 9).await, limited(&bench, 9).await);
        let made = link(&bench, wish(&file)).await;
        follow(&bench, &made, "ticket").await.unwrap();
        // Another file with equal bytes, another ticket, and other bytes of the same file are counted.
        take(&bench, &at(1), (&other, "ticket"), WHOLE).await.unwrap();
        assert_eq!((count(&bench, file.id).await, count(&bench, other.id).await), (1, 1));
        take(&bench, &at(1), (&file, "another"), WHOLE).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 2);
        let received = bench.received("b", &[8; SIZE]).await.received;
        library.fill_entry(&bench.actor, file.id, (received, None), "b").await.unwrap();
        let newer = bench.catalog().await.asset(file.id).await.unwrap().unwrap();
        take(&bench, &at(2), (&newer, "ticket"), WHOLE).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 3);
        // Both sides of the hour; the version is the one that the link was made for.
        bench.pass(HOUR_MS - 1);
        take(&bench, &at(3), (&file, "ticket"), WHOLE).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 3);
        follow(&bench, &made, "ticket").await.unwrap();
        bench.pass(HOUR_MS);
        take(&bench, &at(4), (&file, "ticket"), WHOLE).await.unwrap();
        assert_eq!(count(&bench, file.id).await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_ticket_get_what_was_counted() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = limited(&bench, 5).await;
        let made = link(&bench, wish(&file)).await;
        for _ in 0..3 {
            follow(&bench, &made, "ticket").await.unwrap();
        }
        let takes = (0..60).map(|number| {
            let (bench, file) = (&bench, &file);
            let portion = if number % 2 == 0 { begin(1) } else { WHOLE };
            async move { take(bench, &at(number), (file, "ticket"), portion).await }
        });
        let taken = futures_util::future::join_all(takes).await;
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 5, "three by the ticket, two by themselves");
        assert!(taken.iter().all(|taken| matches!(taken, Ok(()) | Err(Fault::Exhausted))));
        assert_eq!(count(&bench, file.id).await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_limit_is_counted_as_it_is_sent() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let file = bench.upload("a.bin", &[7; SIZE]).await.unwrap();
        let made = link(&bench, LinkWish { use_limit: Some(1), ..wish(&file) }).await;
        follow(&bench, &made, "ticket").await.unwrap();
        library.flush_downloads().await.unwrap();
        assert_eq!(count(&bench, file.id).await, 0, "the link is counted, and nothing was sent yet");
        take(&bench, &stranger(), (&file, "ticket"), WHOLE).await.unwrap();
        take(&bench, &stranger(), (&file, "ticket"), rest(10)).await.unwrap();
        take(&bench, &stranger(), (&file, "ticket"), None).await.unwrap();
        library.flush_downloads().await.unwrap();
        assert_eq!(count(&bench, file.id).await, 1);
        assert!(is_dead(&follow(&bench, &made, "ticket").await));
        // A limit that is set between the two steps holds for the second.
        library.limit_asset(&bench.actor, file.id, Some(1), None).await.unwrap();
        assert!(matches!(take(&bench, &stranger(), (&file, "ticket"), WHOLE).await, Err(Fault::Exhausted)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_to_bytes_ends_with_its_file() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = limited(&bench, 9).await;
        let made = link(&bench, wish(&file)).await;
        follow(&bench, &made, "ticket").await.unwrap();
        let gone = async || {
            let told = contents(library, &stranger(), &file, "ticket").await;
            matches!(told, Err(Fault::NotFound(Noun::Asset)))
        };
        let delivery = contents(library, &stranger(), &file, "ticket").await.unwrap();
        assert_eq!(read(&delivery.content).await, [7; SIZE]);
        // Whose version it is not leads nowhere.
        let other = bench.upload("b", b"b").await.unwrap();
        let (own, others) = (wish(&file).version_id, wish(&other).version_id);
        for (key, version_id) in [(&file.key, others), (&other.key, own), (&file.key, 9_999), (&String::new(), own)] {
            let told = library.version_contents(&stranger(), (key, version_id, Form::AsItCame), "ticket").await;
            assert!(matches!(told, Err(Fault::NotFound(Noun::Asset))));
        }
        library.set_scan(&bench.system(), file.tenant_id, file.id, Scan::Infected).await.unwrap();
        assert!(gone().await);
        library.set_scan(&bench.system(), file.tenant_id, file.id, Scan::Clean).await.unwrap();
        assert!(!gone().await);
        library.trash_asset(actor, file.id).await.unwrap();
        assert!(gone().await);
        library.restore_asset(actor, file.id).await.unwrap();
        assert!(!gone().await);
        library.limit_asset(actor, file.id, Some(9), Some(library.now_ms() + 1)).await.unwrap();
        assert!(!gone().await);
        bench.pass(1);
        assert!(gone().await);
    })
    .await;
}
