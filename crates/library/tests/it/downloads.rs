//! What counts as a download, and that a limit is a limit: from the first byte, for everybody, on every node.

use std::net::IpAddr;

use content::Portion;
use library::{
    Actor, Allow, Delivery, Fault, Format, Library, Limits, Origin, Package, Plan, Resize, Rights, Ruled, Wanted,
};

use crate::{
    rules::rule,
    support::{Bench, on_each_engine, png, read},
};

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn whole(delivery: &Delivery) -> Option<Portion> {
    Some(Portion { bytes: delivery.content.body.len(), resumes: false })
}

/// So many bytes from behind the beginning.
const fn rest(bytes: u64) -> Option<Portion> {
    Some(Portion { bytes, resumes: true })
}

/// Asks for a file and says how much of it goes out.
async fn take(library: &Library, actor: &Actor, id: i64, portion: Option<Portion>) -> Result<(), Fault> {
    let delivery = library.contents(actor, id, None).await?;
    library.count_download(actor, &delivery.toll, portion.or(whole(&delivery))).await
}

async fn count(bench: &Bench, id: i64) -> i64 {
    bench.catalog().await.asset(id).await.unwrap().unwrap().download_count
}

fn exhausted(outcome: Result<(), Fault>) -> bool {
    matches!(outcome, Err(Fault::Exhausted))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_counts_whoever_takes_it() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, owner) = (&bench.library, &bench.actor);
        let image = bench.upload("image.png", &png(900, 600)).await.unwrap().id;
        library.limit_asset(owner, image, Some(3), None).await.unwrap();
        let reader = bench.actor_with(Rights::READ, None, None).await;
        take(library, owner, image, None).await.unwrap();
        take(library, &reader, image, None).await.unwrap();
        // At any size.
        let small = Plan { resize: Resize::Width(40), format: Wanted::As(Format::Jpeg), ..Plan::ORIGINAL };
        let drawn = library.contents(owner, image, Some(&small)).await.unwrap();
        library.count_download(owner, &drawn.toll, whole(&drawn)).await.unwrap();
        assert_eq!(count(&bench, image).await, 3);
        // Used up, for the owner and at any size too; the head may still be asked for, and small previews are free.
        for actor in [owner, &reader] {
            assert!(exhausted(take(library, actor, image, None).await));
        }
        let drawn = library.contents(owner, image, Some(&small)).await.unwrap();
        assert!(exhausted(library.count_download(owner, &drawn.toll, whole(&drawn)).await));
        library.count_download(owner, &drawn.toll, None).await.unwrap();
        assert!(!read(&library.thumbnail(owner, image, &small).await.unwrap()).await.is_empty());
        assert_eq!(count(&bench, image).await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_download_counts_once() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.bin", &[7; 1_000]).await.unwrap().id;
        library.limit_asset(actor, file, Some(100), None).await.unwrap();
        let mut counted = 0;
        // What is asked for, after how long, and whether it counts.
        for (step, pass_ms, portion, counts) in [
            ("the rest of nothing", 0, rest(10), true),
            ("from the beginning", 0, None, true),
            ("the rest", 0, rest(400), false),
            ("the rest again", 0, rest(400), false),
            ("more than is left of it", 0, rest(201), true),
            ("all that is left of that", 0, rest(799), false),
            ("one byte too many", 0, rest(1), true),
            ("all of it again", 0, rest(1_000), true),
            ("of which nothing is left", 0, rest(1), true),
            ("just before the hour is over", HOUR_MS - 1, rest(1), false),
            ("when it is over", 1, rest(1), true),
            ("from the beginning again", 0, None, true),
        ] {
            bench.pass(pass_ms);
            take(library, actor, file, portion).await.unwrap();
            counted += i64::from(counts);
            assert_eq!(count(&bench, file).await, counted, "{step}");
        }
        // Other bytes are another download.
        take(library, actor, file, rest(1)).await.unwrap();
        let other = bench.received("ignored", &[8; 1_000]).await;
        library.replace_asset(actor, file, other).await.unwrap();
        take(library, actor, file, rest(1)).await.unwrap();
        assert_eq!(count(&bench, file).await, counted + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_resumes_what_somebody_else_began() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let rules = Some(vec![rule("r", Allow::All)]);
        library.set_rules(&bench.actor, Ruled::Folder(bench.folder.id), rules).await.unwrap();
        let file = bench.upload("file.bin", &[7; 1_000]).await.unwrap().id;
        library.limit_asset(&bench.actor, file, Some(100), None).await.unwrap();
        let from = |address: [u8; 4]| {
            Actor::anonymous(Origin { address: Some(IpAddr::from(address)), request_id: None, body_bytes: None })
        };
        let other_key = bench.actor_with(Rights::READ, None, None).await;
        let callers = [&bench.actor, &other_key, &from([192, 0, 2, 1]), &from([192, 0, 2, 2])];
        for (already, caller) in callers.into_iter().enumerate() {
            let already = already as i64;
            take(library, caller, file, rest(10)).await.unwrap();
            assert_eq!(count(&bench, file).await, already + 1, "{caller:?}");
            take(library, caller, file, rest(10)).await.unwrap();
            assert_eq!(count(&bench, file).await, already + 1, "{caller:?} goes on");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_begun_may_finish_when_the_limit_is_reached() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.bin", &[7; 1_000]).await.unwrap().id;
        library.limit_asset(actor, file, Some(1), None).await.unwrap();
        take(library, actor, file, None).await.unwrap();
        take(library, actor, file, rest(600)).await.unwrap();
        assert!(exhausted(take(library, actor, file, rest(600)).await));
        take(library, actor, file, rest(400)).await.unwrap();
        assert!(exhausted(take(library, actor, file, rest(1)).await));
        assert!(exhausted(take(library, actor, file, None).await));
        assert_eq!(count(&bench, file).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_get_five() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = bench.upload("file.bin", &[7; 1_000]).await.unwrap().id;
        bench.library.limit_asset(&bench.actor, file, Some(5), None).await.unwrap();
        let (other, actor) = (bench.second_node().await, &bench.actor);
        let nodes = [&bench.library, &other];
        let takes = (0..200).map(|at| take(nodes[at % 2], actor, file, if at % 3 == 0 { rest(1_000) } else { None }));
        let outcomes = futures_util::future::join_all(takes).await;
        let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert!(refused.into_iter().all(exhausted));
        assert_eq!(count(&bench, file).await, 5);
        // Of those that go on behind the beginning, five at most went on with what another had begun.
        assert!((5..=10).contains(&done.len()), "{} were served", done.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_whole_ones_at_once_are_exactly_five() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = bench.upload("file.bin", &[7; 1_000]).await.unwrap().id;
        bench.library.limit_asset(&bench.actor, file, Some(5), None).await.unwrap();
        let (other, actor) = (bench.second_node().await, &bench.actor);
        let nodes = [&bench.library, &other];
        let outcomes = futures_util::future::join_all((0..200).map(|at| take(nodes[at % 2], actor, file, None))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        assert!(outcomes.into_iter().filter(Result::is_err).all(exhausted));
        assert_eq!(count(&bench, file).await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_counts_each_file_in_it_once() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let free = bench.upload("free.txt", b"free").await.unwrap().id;
        let twice = bench.upload("twice.txt", b"twice").await.unwrap().id;
        let once = bench.upload("once.txt", b"once").await.unwrap().id;
        library.limit_asset(actor, twice, Some(2), None).await.unwrap();
        library.limit_asset(actor, once, Some(1), None).await.unwrap();
        // Named beside the folder that holds it, a file lies in it a second time, and is still one download.
        let package = Package { folders: vec![bench.folder.id], assets: vec![twice], ..Package::default() };
        let first = library.package(actor, &package).await.unwrap();
        let late = library.package(actor, &package).await.unwrap();
        library.count_download(actor, &first.toll, whole(&first)).await.unwrap();
        library.flush_downloads().await.unwrap();
        assert_eq!([count(&bench, free).await, count(&bench, twice).await, count(&bench, once).await], [1, 1, 1]);
        // All or nothing: one file that is used up meanwhile refuses the whole.
        assert!(exhausted(library.count_download(actor, &late.toll, whole(&late)).await));
        library.flush_downloads().await.unwrap();
        assert_eq!([count(&bench, free).await, count(&bench, twice).await, count(&bench, once).await], [1, 1, 1]);
        // The first one may be taken up again.
        library.count_download(actor, &first.toll, rest(10)).await.unwrap();
        // A new one leaves out what is used up, and is refused when that is everything.
        let second = library.package(actor, &package).await.unwrap();
        let text = String::from_utf8_lossy(&read(&second.content).await).into_owned();
        assert!(text.contains("twice.txt") && text.contains("free.txt") && !text.contains("once.txt"));
        library.count_download(actor, &second.toll, whole(&second)).await.unwrap();
        let nothing = Package { assets: vec![once, twice], ..Package::default() };
        assert!(matches!(library.package(actor, &nothing).await, Err(Fault::NotFound(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_not_given_out() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        for limit in [None, Some(10)] {
            let file = bench.upload("file.txt", b"file").await.unwrap().id;
            library.limit_asset(actor, file, limit, Some(library.now_ms() + 500)).await.unwrap();
            bench.pass(499);
            take(library, actor, file, None).await.unwrap();
            let delivery = library.contents(actor, file, None).await.unwrap();
            bench.pass(1);
            assert!(matches!(take(library, actor, file, None).await, Err(Fault::NotFound(_))), "{limit:?}");
            let late = library.count_download(actor, &delivery.toll, whole(&delivery)).await;
            // What was asked for in time is counted in the same statement that looks at the time, if it is counted at all.
            assert_eq!(exhausted(late), limit.is_some());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_into_the_trash_meanwhile_is_not_given_out() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.txt", b"file").await.unwrap().id;
        library.limit_asset(actor, file, Some(10), None).await.unwrap();
        let delivery = library.contents(actor, file, None).await.unwrap();
        library.trash_asset(actor, file).await.unwrap();
        assert!(exhausted(library.count_download(actor, &delivery.toll, whole(&delivery)).await));
        library.purge_asset(actor, file).await.unwrap();
        assert!(exhausted(library.count_download(actor, &delivery.toll, whole(&delivery)).await));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_without_a_limit_are_written_down_later() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let (one, two) = (bench.upload("1", b"1").await.unwrap().id, bench.upload("2", b"2").await.unwrap().id);
        for portion in [None, None, rest(1)] {
            take(library, actor, one, portion).await.unwrap();
        }
        take(library, actor, two, None).await.unwrap();
        assert_eq!([count(&bench, one).await, count(&bench, two).await], [0, 0]);
        library.flush_downloads().await.unwrap();
        library.flush_downloads().await.unwrap();
        assert_eq!([count(&bench, one).await, count(&bench, two).await], [2, 1]);
        // A library that ends in order loses none, and what is gone meanwhile is in nobody's way.
        take(library, actor, one, None).await.unwrap();
        take(library, actor, two, None).await.unwrap();
        library.trash_asset(actor, two).await.unwrap();
        library.purge_asset(actor, two).await.unwrap();
        library.close().await;
        assert_eq!(count(&bench, one).await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_limit_holds_at_once_here_and_soon_elsewhere() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.txt", b"file").await.unwrap().id;
        let other = bench.second_node().await;
        take(library, actor, file, None).await.unwrap();
        take(&other, actor, file, None).await.unwrap();
        other.flush_downloads().await.unwrap();
        library.flush_downloads().await.unwrap();
        // What was counted before the limit counts.
        library.limit_asset(actor, file, Some(2), None).await.unwrap();
        assert!(exhausted(take(library, actor, file, None).await));
        bench.pass(library.limits().max_memory_age_ms);
        assert!(exhausted(take(&other, actor, file, None).await));
        library.limit_asset(actor, file, Some(3), None).await.unwrap();
        take(&other, actor, file, None).await.unwrap();
        assert!(exhausted(take(library, actor, file, None).await));
        library.limit_asset(actor, file, None, None).await.unwrap();
        take(library, actor, file, None).await.unwrap();
        library.limit_asset(actor, file, Some(0), None).await.unwrap();
        assert!(exhausted(take(library, actor, file, None).await));
        let refused = library.limit_asset(actor, file, Some(-1), None).await;
        assert!(matches!(refused, Err(Fault::Invalid(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_file_has_no_public_face() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, nobody) = (&bench.library, Actor::anonymous(Origin::default()));
        let rules = Some(vec![rule("r", Allow::All)]);
        library.set_rules(&bench.actor, Ruled::Folder(bench.folder.id), rules).await.unwrap();
        let image = bench.upload("image.png", &png(900, 600)).await.unwrap().id;
        let plan = Library::preview_plan();
        library.public_contents(&nobody, image, None).await.unwrap();
        library.thumbnail(&nobody, image, &plan).await.unwrap();
        library.limit_asset(&bench.actor, image, Some(10), None).await.unwrap();
        for refused in [
            library.public_contents(&nobody, image, None).await.map(drop),
            library.public_contents(&nobody, image, Some(&plan)).await.map(drop),
            library.thumbnail(&nobody, image, &plan).await.map(drop),
        ] {
            assert!(matches!(refused, Err(Fault::Unauthenticated)), "{refused:?}");
        }
        // By its id it may still be had where rules let everybody in, and counts.
        take(library, &nobody, image, None).await.unwrap();
        assert_eq!(count(&bench, image).await, 1);
    })
    .await;
}
