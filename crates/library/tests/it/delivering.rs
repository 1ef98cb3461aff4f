//! Bytes out: renditions made once, memory that does not outlive a change, packages.

use library::{Fault, Format, Limits, Noun, Package, Plan, Resize, Wanted};

use crate::support::{Bench, on_each_engine, png, read};

const NARROW: Plan = Plan { resize: Resize::Width(40), format: Wanted::As(Format::Jpeg), ..Plan::ORIGINAL };

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_share_one_flight() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let asset = bench.upload("p.png", &png(80, 60)).await.unwrap();
        let asks = (0..32).map(|_| bench.library.contents(&bench.actor, asset.id, Some(&NARROW)));
        let answers = futures_util::future::join_all(asks).await;
        let bodies: Vec<_> =
            futures_util::future::join_all(answers.iter().map(|a| read(&a.as_ref().unwrap().content))).await;
        assert!(bodies.iter().all(|body| *body == bodies[0] && !body.is_empty()));
        bench.library.settle_renditions().await;
        assert_eq!(bench.files("renditions"), 1);
        let content = &answers[0].as_ref().unwrap().content;
        assert_eq!((content.media_type.as_str(), content.name.as_str()), ("image/jpeg", "p.jpg"));
        // Another plan with the same outcome is the same rendition; a second node finds it made.
        let same = Plan { resize: Resize::Within { width: 40, height: 30 }, quality: Some(88), ..NARROW };
        bench.library.contents(&bench.actor, asset.id, Some(&same)).await.unwrap();
        bench.second_node().await.contents(&bench.actor, asset.id, Some(&NARROW)).await.unwrap();
        assert_eq!(bench.files("renditions"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_drawn_is_sent_as_it_is() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let text = bench.upload("t.txt", b"text").await.unwrap();
        let damaged = bench.upload("d.png", &png(80, 60)[..60]).await.unwrap();
        for (asset, bytes) in [(text, b"text".to_vec()), (damaged, png(80, 60)[..60].to_vec())] {
            let content = bench.library.contents(&bench.actor, asset.id, Some(&NARROW)).await.unwrap().content;
            assert_eq!(read(&content).await, bytes, "{}", asset.name);
            let small = bench.library.thumbnail(&bench.actor, asset.id, &NARROW).await;
            assert!(matches!(small, Err(Fault::Unsupported)), "{}", asset.name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_at_once_here_and_soon_elsewhere() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let asset = bench.upload("a.txt", b"a").await.unwrap();
        let other = bench.second_node().await;
        library.contents(actor, asset.id, None).await.unwrap();
        other.contents(actor, asset.id, None).await.unwrap();
        let renamed = library.change_asset(actor, asset.id, Some("b.txt"), None).await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.slug.as_str()), ("b.txt", "b.txt"));
        library.trash_asset(actor, asset.id).await.unwrap();
        assert!(matches!(library.contents(actor, asset.id, None).await, Err(Fault::NotFound(Noun::Asset))));
        bench.pass(library.limits().max_memory_age_ms);
        assert!(matches!(other.contents(actor, asset.id, None).await, Err(Fault::NotFound(Noun::Asset))));
        assert!(matches!(library.trash_asset(actor, asset.id).await, Err(Fault::NotFound(Noun::Asset))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trashed_folder_takes_its_files_along() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let inner = library.create_folder(actor, bench.folder.id, "Inner").await.unwrap();
        let asset = bench.upload_to(inner.id, "a.txt", b"a").await.unwrap();
        library.contents(actor, asset.id, None).await.unwrap();
        library.trash_folder(actor, bench.folder.id).await.unwrap();
        assert!(matches!(library.contents(actor, asset.id, None).await, Err(Fault::NotFound(_))));
        assert!(matches!(library.create_folder(actor, inner.id, "x").await, Err(Fault::NotFound(Noun::Folder))));
        assert!(matches!(library.trash_folder(actor, inner.id).await, Err(Fault::NotFound(Noun::Folder))));
        // Browsing what lies in the trash still works.
        assert_eq!(library.list_folder(actor, bench.folder.id).await.unwrap().folders.len(), 1);
        assert_eq!(library.list_folder(actor, inner.id).await.unwrap().assets.len(), 1);
        let package = Package { context: None, folders: vec![bench.folder.id], assets: vec![asset.id] };
        assert!(matches!(library.package(actor, &package).await, Err(Fault::NotFound(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_holds_the_tree_and_repeats_itself_exactly() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let inner = library.create_folder(actor, bench.folder.id, "Inner").await.unwrap();
        library.create_folder(actor, inner.id, "Empty").await.unwrap();
        bench.upload("a.txt", b"one").await.unwrap();
        bench.upload("a.txt", b"two").await.unwrap();
        bench.upload_to(inner.id, "b.txt", b"three").await.unwrap();
        let package = Package { context: Some(bench.folder.id), ..Package::default() };
        let first = library.package(actor, &package).await.unwrap().content;
        let again = library.package(actor, &package).await.unwrap().content;
        let bytes = read(&first).await;
        assert_eq!(bytes.len() as u64, first.body.len());
        assert_eq!((first.tag, first.name.as_str()), (again.tag.clone(), "Things.zip"));
        assert_eq!(bytes, read(&again).await);
        let root = Package { folders: vec![bench.founded.root.id], ..Package::default() };
        assert!(matches!(library.package(actor, &root).await, Err(Fault::NotFound(_))));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for path in ["a.txt", "a (1).txt", "Inner/", "Inner/Empty/", "Inner/b.txt", "one", "two", "three"] {
            assert!(text.contains(path), "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_drawn_is_not_tried_again_at_once() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let damaged = bench.upload("d.png", &png(80, 60)[..60]).await.unwrap();
        assert!(matches!(library.thumbnail(actor, damaged.id, &NARROW).await, Err(Fault::Unsupported)));
        std::fs::remove_dir_all(bench.data.path().join("blobs/originals")).unwrap();
        // This node knows without a look at the bytes, for other sizes too; another has to look and finds none.
        let other = Plan { resize: Resize::Width(20), ..NARROW };
        assert!(matches!(library.thumbnail(actor, damaged.id, &other).await, Err(Fault::Unsupported)));
        let second = bench.second_node().await;
        assert!(matches!(second.thumbnail(actor, damaged.id, &NARROW).await, Err(Fault::Unavailable("store"))));
    })
    .await;
}
