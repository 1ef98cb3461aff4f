//! Bytes in: all or nothing, once per tenant, and what they are.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use library::{Fault, Ingest, Invalid, Limits, Noun};

use crate::support::{Bench, on_each_engine, png, read};

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_comes_out() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        for len in [0, 1, 999, 1000, 600_000] {
            let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
            let asset = bench.upload("data.bin", &bytes).await.unwrap();
            let content = bench.library.contents(&bench.actor, asset.id, None).await.unwrap().content;
            assert_eq!(read(&content).await, bytes, "{len} bytes");
            assert_eq!(asset.version.unwrap().blob.size, len);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_bytes_are_stored_once() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (one, two) = tokio::join!(bench.upload("a.txt", b"same"), bench.upload("a.txt", b"same"));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.version.unwrap().blob.id, two.version.unwrap().blob.id);
        assert_eq!(bench.files("originals"), 1);
        let mut slugs = [one.slug, two.slug];
        slugs.sort();
        assert_eq!(slugs, ["a-2.txt", "a.txt"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_come_together_or_not_at_all() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let good = bench.received("good.txt", b"good").await;
        let bad = bench.received("b/a/d", b"bad").await;
        let refused = bench.library.add_assets(&bench.actor, bench.folder.id, vec![good, bad], Ingest::default()).await;
        assert!(matches!(refused, Err(Fault::Invalid(Invalid::Name))));
        assert_eq!((bench.files("originals"), bench.files("staging")), (0, 0));
        assert!(bench.library.list_folder(&bench.actor, bench.folder.id).await.unwrap().assets.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_went_meanwhile_takes_nothing() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let upload = bench.received("late.txt", b"late").await;
        bench.library.trash_folder(&bench.actor, bench.folder.id).await.unwrap();
        let late = bench.library.add_assets(&bench.actor, bench.folder.id, vec![upload], Ingest::default()).await;
        assert!(matches!(late, Err(Fault::NotFound(Noun::Folder))));
        assert_eq!((bench.files("originals"), bench.files("staging")), (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_and_too_little_leave_nothing() {
    let limits = Limits { max_upload_bytes: 10_000, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let receive = |body| bench.library.receive(&bench.actor, Some(bench.folder.id), body);
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(&[7; 4096]))).boxed();
        assert!(matches!(receive(endless).await, Err(Fault::TooLarge { max_bytes: 10_000 })));
        let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(std::io::Error::other("gone"))]).boxed();
        assert!(matches!(receive(broken).await, Err(Fault::Interrupted)));
        let exact = receive(stream::iter([Ok(Bytes::from(vec![1; 10_000]))]).boxed()).await.unwrap();
        assert_eq!(exact.len(), 10_000);
        drop(exact);
        let none = bench.library.add_assets(&bench.actor, bench.folder.id, Vec::new(), Ingest::default()).await;
        assert!(matches!(none, Err(Fault::Invalid(Invalid::Empty))));
        assert_eq!(bench.files("originals"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_believed_before_names_and_words() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        for (name, bytes, expected) in [
            ("photo.txt", png(3, 2), "image/png"),
            ("page.jpg", b"<!doctype html><p>".to_vec(), "text/html"),
            ("fake.jpg", b"no picture at all".to_vec(), "application/octet-stream"),
            ("notes.txt", b"words".to_vec(), "text/plain"),
            (
                "letter.docx",
                b"PK\x03\x04 and so on".to_vec(),
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            ("nothing", Vec::new(), "application/octet-stream"),
        ] {
            let asset = bench.upload(name, &bytes).await.unwrap();
            assert_eq!(asset.version.unwrap().media_type.as_str(), expected, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_images_are_scaled_down_if_asked() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let ingest = Ingest { max_side_px: Some(100), redrawn: None };
        let large = bench.received("large.png", &png(400, 200)).await;
        let small = bench.received("small.png", &png(100, 40)).await;
        let damaged = bench.received("damaged.png", &png(400, 200)[..60]).await;
        let added = bench.library.add_assets(&bench.actor, bench.folder.id, vec![large, small, damaged], ingest).await;
        let pixels: Vec<_> = added.unwrap().into_iter().map(|asset| asset.version.unwrap().pixels).collect();
        // What can not be decoded is kept as it came.
        assert_eq!(pixels, [Some((100, 50)), Some((100, 40)), Some((400, 200))]);
        assert_eq!(bench.files("staging"), 0);
    })
    .await;
}
