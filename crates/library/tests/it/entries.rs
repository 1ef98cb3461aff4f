//! Entries: first a title, then bytes; seen by those only who ask for them until these have come.

mod rights;

use library::{Asset, AssetState, Fault, Invalid, Latest, Library, Limits, Noun, Package, Scan, Search, Terms, Words};

use crate::{
    care::run_due,
    support::{Bench, on_each_engine, png, read},
};

fn words(title: &str) -> Words {
    Words { title: Some(title.to_owned()), description: None, tags: vec!["red".to_owned()] }
}

async fn add(bench: &Bench, title: &str) -> Asset {
    bench.library.add_entry(&bench.actor, bench.folder.id, &words(title)).await.unwrap()
}

/// Gives an entry bytes; the version that they are.
async fn fill(bench: &Bench, id: i64, name: &str, bytes: &[u8]) -> Result<i64, Fault> {
    let received = bench.received(name, bytes).await.received;
    bench.library.fill_entry(&bench.actor, id, (received, None), name).await
}

fn ids(assets: &[Asset]) -> Vec<i64> {
    assets.iter().map(|asset| asset.id).collect()
}

fn is_missing<T>(outcome: &Result<T, Fault>) -> bool {
    matches!(outcome, Err(Fault::NotFound(Noun::Asset)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_says_what_it_was_given_and_waits() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let said = Words { description: Some("of all sizes".to_owned()), ..words("Cats") };
        let entry = library.add_entry(actor, bench.folder.id, &said).await.unwrap();
        assert_eq!((entry.state, entry.slug.as_str(), entry.version.as_ref()), (AssetState::Placeholder, "", None));
        assert_eq!((entry.title.as_deref(), entry.name.as_str()), (Some("Cats"), "Cats"));
        assert_eq!((entry.description.as_deref(), entry.key.len()), (Some("of all sizes"), 20));
        assert_eq!(entry.created_by, bench.founded.admin.id);
        assert_eq!(library.entry(actor, entry.id).await.unwrap(), entry);
        assert_eq!(library.entry_by_key(actor, &entry.key).await.unwrap(), entry);
        assert_eq!(bench.catalog().await.tags(entry.id).await.unwrap(), ["red"]);
        assert!(is_missing(&library.entry_by_key(actor, "nobody").await));
        // What can not be a name is still a title.
        for title in ["a/b", "..", "", &"x".repeat(300)] {
            let entry = add(&bench, title).await;
            assert_eq!((entry.title.as_deref(), entry.name.as_str()), (Some(title), "untitled"));
        }
        let untitled = library.add_entry(actor, bench.folder.id, &Words::default()).await.unwrap();
        assert_eq!((untitled.title, untitled.name.as_str()), (None, "untitled"));
        for bad in [words("a\0b"), Words { tags: vec![String::new()], ..words("a") }] {
            let refused = library.add_entry(actor, bench.folder.id, &bad).await;
            assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
            let refused = library.describe_entry(actor, entry.id, &bad).await;
            assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
        }
        assert_eq!(library.folder_entries(actor, bench.folder.id).await.unwrap().len(), 6);
        library.describe_entry(actor, entry.id, &words("Dogs")).await.unwrap();
        let entry = library.entry(actor, entry.id).await.unwrap();
        assert_eq!((entry.title.as_deref(), entry.description.as_deref()), (Some("Dogs"), None));
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_waits_is_no_file_to_anybody_else() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor, folder) = (&bench.library, &bench.actor, bench.folder.id);
        let file = bench.upload("cats.txt", b"cats").await.unwrap().id;
        let entry = add(&bench, "cats").await.id;
        assert_eq!(ids(&library.list_folder(actor, folder).await.unwrap().assets), [file]);
        // By its name, by its title, by its id, and in the trash.
        for (name, trashed, expected) in [("cats", false, vec![file]), ("", false, vec![]), ("cats", true, vec![])] {
            let search =
                Search { name: name.to_owned(), texts: true, id: Some(entry), trashed, limit: 9, ..Search::default() };
            let hits = library.search(actor, &search).await.unwrap();
            assert_eq!(ids(&hits.assets), expected, "{name} {trashed}");
        }
        let latest = Latest { limit: 9, ..Latest::default() };
        assert_eq!(ids(&library.latest(actor, &latest).await.unwrap()), [file]);
        assert_eq!(ids(&library.latest(actor, &Latest { settled: true, ..latest }).await.unwrap()), [file]);
        for place in [None, Some(folder)] {
            let listed = library.listed_assets(actor, place, (0, 9)).await.unwrap();
            assert_eq!((listed.total, ids(&listed.assets)), (1, vec![file]));
        }
        let package = library.package(actor, &Package { folders: vec![folder], ..Package::default() }).await.unwrap();
        assert!(!String::from_utf8_lossy(&read(&package.content).await).contains("untitled"));
        for refused in [
            library.asset(actor, entry).await.map(drop),
            library.asset_or_trashed(actor, entry).await.map(drop),
            library.listed_asset(actor, entry).await.map(drop),
            library.contents(actor, entry, None).await.map(drop),
            library.thumbnail(actor, entry, &Library::preview_plan()).await.map(drop),
            library.change_asset(actor, entry, Some("b"), None).await.map(drop),
            library.describe_asset(actor, entry, &words("b")).await,
            library.limit_asset(actor, entry, Some(1), None).await,
            library.trash_asset(actor, entry).await,
            library.purge_asset(actor, entry).await,
            library.restore_asset(actor, entry).await.map(drop),
            library.remove_asset(actor, entry).await.map(drop),
        ] {
            assert!(is_missing(&refused), "{refused:?}");
        }
        assert!(library.assets_by_id(actor, &[entry]).await.unwrap().is_empty());
        assert_eq!(ids(&library.entries_by_id(actor, &[entry, 9_999, file, entry]).await.unwrap()), [file, entry]);
        // In the trash it is seen there by nobody else either.
        library.trash_entry(actor, entry, None).await.unwrap();
        assert!(library.trash(actor).await.unwrap().assets.is_empty());
        assert!(is_missing(&library.asset_or_trashed(actor, entry).await));
        assert_eq!(library.entry(actor, entry).await.unwrap().state, AssetState::Placeholder);
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_its_first_bytes_an_entry_becomes_a_file_and_by_the_next_it_gets_a_version_more() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let entry = add(&bench, "A cat").await;
        assert!(matches!(fill(&bench, entry.id, "a/b", b"x").await, Err(Fault::Invalid(Invalid::Name))));
        assert_eq!(bench.files("originals"), 0, "what is refused leaves nothing");
        let first = fill(&bench, entry.id, "cat.png", &png(800, 600)).await.unwrap();
        // As a file it is seen at once: whatever was remembered of it is void.
        let file = library.asset(actor, entry.id).await.unwrap();
        assert_eq!(
            (file.name.as_str(), file.slug.as_str(), file.title.as_deref()),
            ("cat.png", "cat.png", Some("A cat"))
        );
        assert_eq!((&file.key, file.version.as_ref().unwrap().id), (&entry.key, first));
        assert_eq!(file.version.as_ref().unwrap().pixels, Some((800, 600)));
        assert_eq!(read(&library.contents(actor, entry.id, None).await.unwrap().content).await, png(800, 600));
        // It is drawn like any other.
        run_due(&bench).await;
        assert_eq!(bench.files("renditions"), 1);

        let second = fill(&bench, entry.id, "other.txt", b"text").await.unwrap();
        let file = library.asset(actor, entry.id).await.unwrap();
        assert_eq!((file.name.as_str(), file.slug.as_str()), ("cat.png", "cat.png"), "its name stays");
        assert_eq!(read(&library.contents(actor, entry.id, None).await.unwrap().content).await, b"text");
        let versions = library.versions(actor, entry.id).await.unwrap();
        assert_eq!(versions.iter().map(|version| version.id).collect::<Vec<_>>(), [first, second]);
        assert_eq!(library.version(actor, first).await.unwrap().1, versions[0]);
        assert_eq!(library.version(actor, second).await.unwrap().0.id, entry.id);
        assert!(is_missing(&library.version(actor, 9_999).await));
        // Bytes that are there already are kept once.
        fill(&bench, entry.id, "again.png", &png(800, 600)).await.unwrap();
        assert_eq!((bench.files("originals"), library.versions(actor, entry.id).await.unwrap().len()), (2, 3));
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_moved_trashed_restored_and_ended_with_bytes_or_without() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let elsewhere = library.create_folder(actor, bench.founded.root.id, "Elsewhere").await.unwrap().id;
        let (waiting, filled) = (add(&bench, "a").await.id, add(&bench, "b").await.id);
        fill(&bench, filled, "b.txt", b"b").await.unwrap();
        for id in [waiting, filled] {
            let before = library.entry(actor, id).await.unwrap();
            library.move_entry(actor, id, elsewhere).await.unwrap();
            library.move_entry(actor, id, elsewhere).await.unwrap();
            assert_eq!(library.entry(actor, id).await.unwrap().folder.id, elsewhere);
            let nowhere = library.move_entry(actor, id, 9_999).await;
            assert!(matches!(nowhere, Err(Fault::NotFound(Noun::Folder))), "{nowhere:?}");

            library.trash_entry(actor, id, None).await.unwrap();
            assert!(library.folder_entries(actor, elsewhere).await.unwrap().iter().all(|entry| entry.id != id));
            // It is still shown, and not changed.
            assert_eq!(library.entry_by_key(actor, &before.key).await.unwrap().deleted_at, Some(library.now_ms()));
            for refused in [
                library.entry_to_change(actor, id).await.map(drop),
                library.trash_entry(actor, id, None).await,
                library.move_entry(actor, id, bench.folder.id).await,
                library.describe_entry(actor, id, &words("c")).await,
                fill(&bench, id, "c", b"c").await.map(drop),
            ] {
                assert!(is_missing(&refused), "{refused:?}");
            }
            assert!(library.entries_by_id(actor, &[id]).await.unwrap().is_empty());
            library.trash_folder(actor, elsewhere).await.unwrap();
            let shut = library.restore_entry(actor, id).await;
            assert!(matches!(shut, Err(Fault::Invalid(Invalid::ParentInTrash))), "{shut:?}");
            library.restore_folder(actor, elsewhere).await.unwrap();
            let restored = library.restore_entry(actor, id).await.unwrap();
            assert_eq!((restored.deleted_at, restored.state, restored.slug), (None, before.state, before.slug));
            assert!(is_missing(&library.restore_entry(actor, id).await));
            assert_eq!(bench.problems().await, []);
        }
        // It ends from wherever it is: out of the trash, in it, and in a folder that is there.
        library.purge_entry(actor, filled).await.unwrap();
        assert!(is_missing(&library.purge_entry(actor, filled).await));
        library.trash_entry(actor, waiting, None).await.unwrap();
        library.purge_entry(actor, waiting).await.unwrap();
        let last = library.add_entry(actor, elsewhere, &words("c")).await.unwrap().id;
        library.trash_folder(actor, elsewhere).await.unwrap();
        library.purge_entry(actor, last).await.unwrap();
        for id in [filled, waiting, last] {
            assert!(is_missing(&library.entry(actor, id).await));
        }
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_or_infected_is_no_entry_to_bring_back() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let (over, ill) = (bench.upload("a", b"a").await.unwrap(), bench.upload("b", b"b").await.unwrap());
        library.limit_asset(actor, over.id, None, Some(library.now_ms() + 10)).await.unwrap();
        bench.pass(9);
        assert_eq!(library.folder_entries(actor, bench.folder.id).await.unwrap().len(), 2);
        bench.pass(1);
        assert!(is_missing(&library.entry(actor, over.id).await));
        assert_eq!(ids(&library.folder_entries(actor, bench.folder.id).await.unwrap()), [ill.id]);
        assert_eq!(ids(&library.entries_by_id(actor, &[over.id, ill.id]).await.unwrap()), [ill.id]);
        run_due(&bench).await;
        assert!(matches!(library.restore_entry(actor, over.id).await, Err(Fault::Expired)));
        library.set_scan(&bench.system(), ill.tenant_id, ill.id, Scan::Infected).await.unwrap();
        assert!(matches!(library.restore_entry(actor, ill.id).await, Err(Fault::Quarantined)));
        // What sends files leaves rows that are no entries.
        let upload = library::Upload {
            terms: Terms { ends_for_good: true, ..Terms::default() },
            ..bench.received("c", b"c").await
        };
        let sent = library.add_assets(actor, bench.folder.id, vec![upload], library::Ingest::default()).await.unwrap();
        library.remove_asset(actor, sent[0].id).await.unwrap();
        assert!(is_missing(&library.entry(actor, sent[0].id).await));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_fill_one_entry_all_are_kept_and_the_first_names_it() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let entry = add(&bench, "a").await.id;
        let fills = (0..8).map(|number| {
            let bench = &bench;
            async move { fill(bench, entry, &format!("{number}.txt"), format!("{number}").as_bytes()).await.unwrap() }
        });
        let filled = futures_util::future::join_all(fills).await;
        let versions = library.versions(actor, entry).await.unwrap();
        assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
        assert!(versions.iter().all(|version| filled.contains(&version.id)));
        let file = library.asset(actor, entry).await.unwrap();
        assert_eq!(file.slug, file.name);
        assert_eq!(read(&library.contents(actor, entry, None).await.unwrap().content).await.len(), 1);
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_for_an_entry_that_is_gone_meanwhile_leave_nothing() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        for round in 0..10 {
            let entry = add(&bench, "a").await.id;
            let bytes = format!("bytes {round}");
            let (filled, purged) =
                tokio::join!(fill(&bench, entry, "a.txt", bytes.as_bytes()), library.purge_entry(actor, entry));
            assert!(filled.is_ok() || is_missing(&filled), "{filled:?}");
            purged.unwrap();
            assert!(is_missing(&library.entry(actor, entry).await));
        }
        assert_eq!(bench.problems().await, []);
        bench.pass(library.limits().garbage_age_ms);
        library.collect(&bench.system(), false).await.unwrap();
        assert_eq!(bench.files("originals"), 0);
    })
    .await;
}
