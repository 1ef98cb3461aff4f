//! Where rules come from: a file's own, else its folder's, else those of the nearest folder above; and that every change of
//! them, or of a place, is in force at once. The clock stands still in these tests, so what is in memory never gets old.

use library::{Allow, FolderKind, Limits, Ruled};

use super::{Site, keys, rule};
use crate::support::{Bench, on_each_engine};

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_rules_replace_all_others() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, studio) = (&site.bench.library, &site.cast.studio);
        let inner = library.create_folder(studio, site.folder.id, "Inner").await.unwrap();
        let deep = library.create_folder(studio, inner.id, "Deep").await.unwrap();
        let file = site.bench.upload_to(deep.id, "deep.txt", b"deep").await.unwrap();
        let unruled = "app organization reader ann bob studio";
        assert_eq!(site.readers(&file).await, unruled);
        site.rule_folder(&site.bench.founded.root, &[rule("r", Allow::All)]).await;
        assert_eq!(site.readers(&file).await, "nobody app organization reader ann bob studio");
        site.rule_folder(&site.space, &[keys("r", &[&site.cast.app])]).await;
        assert_eq!(site.readers(&file).await, "app studio");
        site.rule_folder(&site.folder, &[rule("r", Allow::LoggedIn)]).await;
        assert_eq!(site.readers(&file).await, "ann bob studio");
        site.rule_folder(&inner, &[keys("r", &[&site.cast.organization])]).await;
        assert_eq!(site.readers(&file).await, "organization studio");
        site.rule_file(&file, &[keys("r", &[&site.cast.reader])]).await;
        assert_eq!(site.readers(&file).await, "reader studio");
        // Rules about something else replace them too.
        site.rule_file(&file, &[rule("d", Allow::All)]).await;
        assert_eq!(site.readers(&file).await, "studio");
        // And away again, in another order.
        site.rule_folder(&site.folder, &[]).await;
        site.rule_file(&file, &[]).await;
        assert_eq!(site.readers(&file).await, "organization studio");
        site.rule_folder(&inner, &[]).await;
        assert_eq!(site.readers(&file).await, "app studio");
        site.rule_folder(&site.space, &[]).await;
        assert_eq!(site.readers(&file).await, "nobody app organization reader ann bob studio");
        site.rule_folder(&site.bench.founded.root, &[]).await;
        assert_eq!(site.readers(&file).await, unruled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_where_rules_come_from() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, studio) = (&site.bench.library, &site.cast.studio);
        let (of_space, of_file) = (vec![rule("r", Allow::All)], vec![rule("r", Allow::LoggedIn)]);
        let told = library.rules(studio, Ruled::Asset(site.file.id)).await.unwrap();
        assert_eq!((told.own, told.inherited), (None, None));
        site.rule_folder(&site.space, &of_space).await;
        for ruled in [Ruled::Asset(site.file.id), Ruled::Folder(site.folder.id)] {
            let told = library.rules(studio, ruled).await.unwrap();
            let inherited = told.inherited.unwrap();
            assert_eq!((told.own, &inherited.rules), (None, &of_space));
            assert_eq!((inherited.folder_id, inherited.kind), (site.space.id, FolderKind::Space));
            assert_eq!((inherited.name.as_str(), told.tenant.id), ("Space", site.bench.founded.tenant.id));
        }
        site.rule_file(&site.file, &of_file).await;
        let told = library.rules(studio, Ruled::Asset(site.file.id)).await.unwrap();
        assert_eq!((told.own, told.inherited), (Some(of_file), None));
        let told = library.rules(studio, Ruled::Folder(site.space.id)).await.unwrap();
        assert_eq!((told.own, told.inherited), (Some(of_space), None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_follow_to_another_place_at_once() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, studio) = (&site.bench.library, &site.cast.studio);
        let open = library.create_folder(studio, site.space.id, "Open").await.unwrap();
        let shut = library.create_folder(studio, site.space.id, "Shut").await.unwrap();
        site.rule_folder(&open, &[rule("r", Allow::All)]).await;
        site.rule_folder(&shut, &[rule("r", Allow::LoggedIn)]).await;
        for (place, readers) in [
            (&open, "nobody app organization reader ann bob studio"),
            (&shut, "ann bob studio"),
            (&site.space, "app organization reader ann bob studio"),
            (&open, "nobody app organization reader ann bob studio"),
        ] {
            library.change_asset(studio, site.file.id, None, Some(place.id)).await.unwrap();
            assert_eq!(site.readers(&site.file).await, readers, "the file in {}", place.name);
        }
        // The same with the folder that holds it.
        library.change_asset(studio, site.file.id, None, Some(site.folder.id)).await.unwrap();
        for (place, readers) in [(&shut, "ann bob studio"), (&open, "nobody app organization reader ann bob studio")] {
            library.change_folder(studio, site.folder.id, None, Some(place.id)).await.unwrap();
            assert_eq!(site.readers(&site.file).await, readers, "the folder in {}", place.name);
        }
        // Out of the app's space, the app's key and its people are out too.
        library.change_folder(studio, open.id, None, Some(site.bench.folder.id)).await.unwrap();
        assert_eq!(site.readers(&site.file).await, "nobody organization reader studio");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_nodes_know_within_the_age_of_their_memory() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (nobody, other) = (&site.cast.nobody, site.bench.second_node().await);
        site.rule_folder(&site.space, &[rule("r", Allow::All)]).await;
        other.contents(nobody, site.file.id, None).await.unwrap();
        site.rule_folder(&site.space, &[rule("r", Allow::LoggedIn)]).await;
        site.bench.pass(other.limits().max_memory_age_ms);
        assert!(other.contents(nobody, site.file.id, None).await.is_err());
        site.rule_file(&site.file, &[rule("r", Allow::All)]).await;
        site.bench.pass(other.limits().max_memory_age_ms);
        other.contents(nobody, site.file.id, None).await.unwrap();
    })
    .await;
}
