//! Eviction: by age, by what there is room for, in order of use, and never what was used a moment ago.

use std::time::{Duration, UNIX_EPOCH};

use library::{Fault, Format, JobRunner, Library, Limits, Plan, RenditionsOf, Resize, Rights};

use super::{ask, wide};
use crate::support::{Bench, on_each_engine, png};

const MINUTE_MS: i64 = 60 * 1_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// So many bytes are there, of renditions that each have the same.
async fn sum(bench: &Bench) -> (u64, u64) {
    let sum = bench.catalog().await.rendition_sum().await.unwrap();
    assert_eq!(sum.count, bench.files("renditions") as u64, "each row has its bytes, and each bytes their row");
    (sum.count, sum.bytes)
}

/// Images of one size and colour, and what a rendition of one costs.
async fn images(bench: &Bench, count: u32) -> Vec<i64> {
    let mut ids = Vec::new();
    for number in 0..count {
        // One pixel more makes other bytes.
        ids.push(bench.upload("p.png", &png(800 + number, 600)).await.unwrap().id);
    }
    ids
}

const SMALL: Plan = Plan { resize: Resize::Exact { width: 60, height: 60 }, ..wide(60, Format::Jpeg) };

async fn due(node: &Library) {
    JobRunner::new(node.clone()).run_due().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lay_idle_longest_goes_until_there_is_room() {
    // Room for three, as one comes to some hundred bytes.
    let limits = Limits { max_renditions_bytes: 1, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let node = bench.node(Vec::new()).await;
        let ids = images(&bench, 3).await;
        for id in &ids {
            ask(&bench, &node, *id, &SMALL).await;
            bench.pass(MINUTE_MS);
        }
        // The first is used again: that is known to this node, and not written down yet.
        ask(&bench, &node, ids[0], &SMALL).await;
        assert_eq!(sum(&bench).await.0, 3);
        node.evict_if_grown().await.unwrap();
        assert_eq!(sum(&bench).await.0, 1, "one that was used a moment ago stays, whatever there is room for");
        let decodings = node.decodings();
        ask(&bench, &node, ids[0], &SMALL).await;
        assert_eq!(node.decodings(), decodings);
        // There is still too much, and later that may go too.
        bench.pass(MINUTE_MS);
        node.evict_if_grown().await.unwrap();
        assert_eq!(sum(&bench).await, (0, 0));
        for id in ids {
            ask(&bench, &node, id, &SMALL).await;
        }
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_goes_than_has_to_and_uses_on_other_nodes_count() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let ids = images(&bench, 4).await;
        let (one, two) = (bench.node(Vec::new()).await, bench.node(Vec::new()).await);
        for id in &ids {
            ask(&bench, &one, *id, &SMALL).await;
            bench.pass(MINUTE_MS);
        }
        let (count, bytes) = sum(&bench).await;
        assert_eq!(count, 4);
        // An hour later the other node is asked for the oldest, and writes that down.
        bench.pass(HOUR_MS);
        ask(&bench, &two, ids[0], &SMALL).await;
        two.flush_rendition_uses().await.unwrap();
        bench.pass(MINUTE_MS);
        let tight = bench.node_with(Limits { max_renditions_bytes: bytes / 2, ..Limits::default() }).await;
        due(&tight).await;
        let (count, left) = sum(&bench).await;
        assert_eq!((count, left <= bytes / 2), (2, true), "{left} of {bytes}");
        let decodings = one.decodings();
        for id in [ids[0], ids[3]] {
            ask(&bench, &one, id, &SMALL).await;
        }
        assert_eq!(one.decodings(), decodings, "the used and the youngest were kept");
        for id in [ids[1], ids[2]] {
            ask(&bench, &one, id, &SMALL).await;
        }
        assert_eq!(one.decodings(), decodings + 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_uses_for_too_long_goes_on_the_day() {
    let limits = Limits { renditions_age_ms: 30 * DAY_MS, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let node = bench.node(Vec::new()).await;
        let ids = images(&bench, 2).await;
        due(&node).await;
        for id in &ids {
            ask(&bench, &node, *id, &SMALL).await;
        }
        let drawn_at = node.now_ms();
        bench.pass(DAY_MS);
        ask(&bench, &node, ids[1], &SMALL).await;
        node.flush_rendition_uses().await.unwrap();
        bench.pass(drawn_at + 30 * DAY_MS - 1 - node.now_ms());
        due(&node).await;
        assert_eq!(sum(&bench).await.0, 2);
        bench.pass(HOUR_MS);
        due(&node).await;
        assert_eq!(sum(&bench).await.0, 1, "the other was used since");
        bench.pass(2 * DAY_MS);
        due(&node).await;
        assert_eq!(sum(&bench).await.0, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_takes_what_was_named_and_only_the_command_line_may() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let ids = images(&bench, 2).await;
        let (founded, stranger) = bench.another_tenant().await;
        let upload = bench.received("t.png", &png(500, 400)).await;
        let theirs =
            bench.library.add_assets(&stranger, founded.root.id, vec![upload], Default::default()).await.unwrap();
        let draw_all = async || {
            for id in &ids {
                for plan in [SMALL, wide(70, Format::Png)] {
                    ask(&bench, &bench.library, *id, &plan).await;
                }
            }
            bench.library.contents(&stranger, theirs[0].id, Some(&SMALL)).await.unwrap();
            bench.library.settle_renditions().await;
            assert_eq!(sum(&bench).await.0, 5);
        };
        for (of, expected) in [
            (RenditionsOf::Asset(ids[0]), 2),
            (RenditionsOf::Tenant(founded.tenant.id), 1),
            (RenditionsOf::Tenant(bench.founded.tenant.id), 4),
            (RenditionsOf::All, 5),
        ] {
            draw_all().await;
            let before = sum(&bench).await;
            let dropped = bench.library.drop_renditions(&bench.system(), of).await.unwrap();
            let left = sum(&bench).await;
            assert_eq!((dropped.count, dropped.bytes), (expected, before.1 - left.1), "{of:?}");
            assert_eq!(left.0, 5 - expected);
        }
        let nothing = bench.library.drop_renditions(&bench.system(), RenditionsOf::Asset(99_999)).await;
        assert!(matches!(nothing, Err(Fault::NotFound(_))));
        let owner = bench.actor_with(Rights::ALL, None, None).await;
        let refused = bench.library.drop_renditions(&owner, RenditionsOf::All).await;
        assert!(matches!(refused, Err(Fault::Denied)));
        let refused = bench.library.warm_renditions(&owner, None, 1, |_, _| ()).await;
        assert!(matches!(refused, Err(Fault::Denied)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_that_is_wrong_is_told_and_put_right() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let ids = images(&bench, 1).await;
        ask(&bench, &bench.library, ids[0], &SMALL).await;
        bench.spoil("update rendition_tallies set bytes = bytes + 1").await;
        let problems = bench.problems().await;
        assert_eq!(problems.iter().map(library::Problem::what).collect::<Vec<_>>(), ["wrong_rendition_sum"]);
        bench.library.verify(&bench.system(), true, |_| ()).await.unwrap();
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_whose_rows_went_with_an_upgrade_are_collected() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let ids = images(&bench, 1).await;
        ask(&bench, &bench.library, ids[0], &SMALL).await;
        bench.spoil("delete from renditions; delete from rendition_tallies").await;
        let file = std::fs::File::options().write(true).open(bench.only_file("renditions")).unwrap();
        for (age_ms, left) in
            [(bench.library.limits().staging_age_ms - 1, 1), (bench.library.limits().staging_age_ms, 0)]
        {
            let written_ms = u64::try_from(bench.library.now_ms() - age_ms).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_millis(written_ms)).unwrap();
            let collected = bench.library.collect(&bench.system(), false).await.unwrap();
            assert_eq!((collected.strays, bench.files("renditions")), (1 - left, usize::try_from(left).unwrap()));
        }
        assert_eq!((bench.files("holding"), bench.problems().await), (0, vec![]));
    })
    .await;
}
