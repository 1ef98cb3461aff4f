//! What is made before anybody asks: all sizes and details from one decoding, nothing twice; and making up for what is missing.

use library::{Fault, Format, JobRunner, JobState, Library, Limits, Plan, RenditionsOf, Rights};

use super::{ask, wide};
use crate::support::{Bench, on_each_engine, png};

const PREVIEWS: [Plan; 4] =
    [wide(400, Format::Jpeg), wide(200, Format::Webp), wide(100, Format::Jpeg), wide(9_999, Format::Jpeg)];

async fn due(node: &Library) {
    JobRunner::new(node.clone()).run_due().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_decoding_makes_every_preview_and_reads_the_details() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let node = bench.node(PREVIEWS.to_vec()).await;
        let asset = bench.upload("p.png", &png(800, 600)).await.unwrap().id;
        assert_eq!(node.image_details(&bench.actor, asset).await.unwrap(), None);
        due(&node).await;
        assert_eq!((node.decodings(), bench.files("renditions")), (1, 4));
        let details = node.image_details(&bench.actor, asset).await.unwrap().unwrap();
        assert!(!details.thumbhash.is_empty());
        let near = details.dominant.iter().zip([90_u8, 140, 200]).all(|(is, was)| is.abs_diff(was) <= 8);
        assert!(near, "{:?}", details.dominant);
        assert_eq!((details.camera, details.taken_at, details.latitude_e7), (None, None, None));
        for plan in PREVIEWS {
            ask(&bench, &node, asset, &plan).await;
        }
        assert_eq!(node.decodings(), 1);

        // Equal bytes have them already; other bytes of the same file do not.
        bench.upload("same.png", &png(800, 600)).await.unwrap();
        due(&node).await;
        assert_eq!(node.decodings(), 1);
        let upload = bench.received("ignored", &png(640, 480)).await;
        node.replace_asset(&bench.actor, asset, upload).await.unwrap();
        assert_eq!(node.image_details(&bench.actor, asset).await.unwrap(), None);
        due(&node).await;
        assert_eq!((node.decodings(), bench.files("renditions")), (2, 8));
        assert!(node.image_details(&bench.actor, asset).await.unwrap().is_some());
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_missing_is_made() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let node = bench.node(PREVIEWS[..2].to_vec()).await;
        let asset = bench.upload("p.png", &png(800, 600)).await.unwrap().id;
        ask(&bench, &node, asset, &PREVIEWS[0]).await;
        // Those who ask while the previews are made have them with those.
        let (asked, ()) = tokio::join!(ask(&bench, &node, asset, &PREVIEWS[1]), due(&node));
        assert_eq!(asked.content.media_type.as_str(), "image/webp");
        assert!(node.decodings() <= 3, "{}", node.decodings());
        assert_eq!(bench.files("renditions"), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_or_none_that_can_be_drawn_is_no_failure() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let node = bench.node(PREVIEWS.to_vec()).await;
        let text = bench.upload("t.txt", b"text").await.unwrap();
        let damaged = bench.upload("d.png", &png(80, 60)[..60]).await.unwrap();
        due(&node).await;
        for asset in [text, damaged] {
            assert_eq!(node.image_details(&bench.actor, asset.id).await.unwrap(), None);
        }
        for state in [JobState::Waiting, JobState::Failed] {
            assert_eq!(node.jobs(&bench.system(), state, 0, 9).await.unwrap(), []);
        }
        let (_, stranger) = bench.another_tenant().await;
        let asset = bench.upload("p.png", &png(80, 60)).await.unwrap().id;
        let denied = node.image_details(&stranger, asset).await;
        assert!(matches!(denied, Err(Fault::NotFound(_))), "{denied:?}");
        let maker = bench.actor_with(Rights::NONE.with(library::Right::Create), None, None).await;
        assert!(matches!(node.image_details(&maker, asset).await, Err(Fault::Denied)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warming_makes_what_is_missing_goes_on_after_failures_and_begins_where_it_ended() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let node = bench.node(PREVIEWS.to_vec()).await;
        let (founded, stranger) = bench.another_tenant().await;
        let upload = bench.received("t.png", &png(500, 400)).await;
        bench.library.add_assets(&stranger, founded.root.id, vec![upload], Default::default()).await.unwrap();
        let mut ids = Vec::new();
        for number in 0..3 {
            ids.push(bench.upload("p.png", &png(800 + number, 600)).await.unwrap().id);
        }
        bench.upload("t.txt", b"text").await.unwrap();
        bench.upload("d.png", &png(80, 60)[..60]).await.unwrap();
        let gone = bench.upload("gone.png", &png(900, 600)).await.unwrap();
        let key = gone.version.unwrap().blob.key;
        std::fs::remove_file(bench.data.path().join("blobs").join(key.path())).unwrap();

        let warm = async |tenant_id| {
            let mut failed = Vec::new();
            let warmed = node.warm_renditions(&bench.system(), tenant_id, 2, |id, _| failed.push(id)).await.unwrap();
            (warmed.images, warmed.made, warmed.undrawable, failed)
        };
        assert_eq!(warm(Some(founded.tenant.id)).await, (1, 4, 0, vec![]));
        let (decodings, ours) = (node.decodings(), Some(bench.founded.tenant.id));
        let (images, made, undrawable, failed) = warm(ours).await;
        assert_eq!((images, made, failed), (5, 12, vec![gone.id]));
        assert_eq!((undrawable, node.decodings() - decodings), (1, 4), "the damaged one was tried");
        assert_eq!(warm(None).await, (6, 0, 1, vec![gone.id]));
        bench.library.drop_renditions(&bench.system(), RenditionsOf::Asset(ids[1])).await.unwrap();
        assert_eq!(warm(None).await.1, 4);
        // What was warmed is not drawn for anybody who asks.
        let decodings = node.decodings();
        for id in ids {
            ask(&bench, &node, id, &PREVIEWS[1]).await;
        }
        assert_eq!(node.decodings(), decodings);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warming_ends_when_there_is_no_more_room() {
    let limits = Limits { max_renditions_bytes: 1, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let node = bench.node(PREVIEWS.to_vec()).await;
        bench.upload("p.png", &png(800, 600)).await.unwrap();
        let (founded, stranger) = bench.another_tenant().await;
        let upload = bench.received("t.png", &png(500, 400)).await;
        bench.library.add_assets(&stranger, founded.root.id, vec![upload], Default::default()).await.unwrap();
        let warmed = node.warm_renditions(&bench.system(), None, 1, |_, _| ()).await.unwrap();
        assert_eq!((warmed.images, warmed.full), (1, true));
    })
    .await;
}
