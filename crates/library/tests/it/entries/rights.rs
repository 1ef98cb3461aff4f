//! Who may do what with an entry, whether it waits for its bytes, has them, or lies in the trash.

use library::{Actor, Allow, Fault, Limits, Noun, Origin, Right, Rights, Ruled};

use super::{add, fill, ids, words};
use crate::{
    rules::rule,
    support::{Bench, on_each_engine, only},
};

/// What somebody without the right to it is told, for each thing that can be done with an entry.
async fn outcomes(bench: &Bench, actor: &Actor, id: i64, key: &str) -> Vec<(&'static str, Right, Result<(), Fault>)> {
    let library = &bench.library;
    let received = bench.received("x", b"x").await.received;
    vec![
        ("entry", Right::Read, library.entry(actor, id).await.map(drop)),
        ("entry_by_key", Right::Read, library.entry_by_key(actor, key).await.map(drop)),
        ("versions", Right::Read, library.versions(actor, id).await.map(drop)),
        ("history", Right::Read, library.entry_history(actor, id, None, 9).await.map(drop)),
        ("fetches", Right::Read, library.asset_fetches(actor, id).await.map(drop)),
        ("collections", Right::Read, library.collections_of_entry(actor, id).await.map(drop)),
        ("describe", Right::Update, library.describe_entry(actor, id, &words("new")).await),
        ("to change", Right::Update, library.entry_to_change(actor, id).await.map(drop)),
        ("fill", Right::Update, library.fill_entry(actor, id, (received, None), "x").await.map(drop)),
        ("fetch", Right::Update, library.fetch_asset(actor, id, "https://example.com/x", "x").await.map(drop)),
        ("trash", Right::Delete, library.trash_entry(actor, id, None).await),
        ("restore", Right::Delete, library.restore_entry(actor, id).await.map(drop)),
        ("purge", Right::Delete, library.purge_entry(actor, id).await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_right_opens_its_own_door() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        for right in [Right::Read, Right::Create, Right::Update, Right::Delete, Right::Manage, Right::Personal] {
            let actor = bench.actor_with(only(right), None, None).await;
            let entry = add(&bench, "a").await;
            for (what, needed, outcome) in outcomes(&bench, &actor, entry.id, &entry.key).await {
                match outcome {
                    Err(Fault::Denied) => assert_ne!(right, needed, "{what}"),
                    other => assert!(right == needed && other.is_ok(), "{what} by {right:?}: {other:?}"),
                }
            }
            let added = bench.library.add_entry(&actor, bench.folder.id, &words("b")).await;
            assert_eq!(added.is_ok(), right == Right::Create, "{added:?}");
            let listed = bench.library.folder_entries(&actor, bench.folder.id).await;
            assert_eq!(listed.is_ok(), right == Right::Read, "{listed:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_others_an_entry_is_not_there() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, nobody) = (&bench.library, Actor::anonymous(Origin::default()));
        let (_, other) = bench.another_tenant().await;
        let inner = library.create_folder(&bench.actor, bench.folder.id, "Inner").await.unwrap();
        let confined = bench.actor_with(Rights::ALL, Some(inner.id), None).await;
        let (waiting, filled, trashed) = (add(&bench, "a").await, add(&bench, "b").await, add(&bench, "c").await);
        fill(&bench, filled.id, "b.txt", b"b").await.unwrap();
        library.trash_entry(&bench.actor, trashed.id, None).await.unwrap();
        for entry in [&waiting, &filled, &trashed] {
            for (what, _, outcome) in outcomes(&bench, &other, entry.id, &entry.key).await {
                assert!(matches!(outcome, Err(Fault::NotFound(Noun::Asset))), "{what}: {outcome:?}");
            }
            for (what, _, outcome) in outcomes(&bench, &confined, entry.id, &entry.key).await {
                assert!(matches!(outcome, Err(Fault::Denied)), "{what}: {outcome:?}");
            }
            for id in [entry.id, 999_999] {
                for (what, _, outcome) in outcomes(&bench, &nobody, id, &entry.key).await {
                    assert!(matches!(outcome, Err(Fault::Unauthenticated)), "{what} of {id}: {outcome:?}");
                }
            }
        }
        let version = library.entry(&bench.actor, filled.id).await.unwrap().version.unwrap().id;
        for id in [version, 999_999] {
            let told = library.version(&nobody, id).await;
            assert!(matches!(told, Err(Fault::Unauthenticated)), "{id}: {told:?}");
            let told = library.version(&other, id).await;
            assert!(matches!(told, Err(Fault::NotFound(Noun::Asset))), "{id}: {told:?}");
        }
        assert!(matches!(library.version(&confined, version).await, Err(Fault::Denied)));
        for (actor, expected) in [(&nobody, "Unauthenticated"), (&other, "NotFound(Folder)"), (&confined, "Denied")] {
            let added = library.add_entry(actor, bench.folder.id, &words("d")).await;
            assert_eq!(format!("{:?}", added.unwrap_err()), expected);
            let listed = library.folder_entries(actor, bench.folder.id).await;
            assert_eq!(format!("{:?}", listed.unwrap_err()), expected);
        }
        assert!(matches!(library.entries_by_id(&nobody, &[waiting.id]).await, Err(Fault::Unauthenticated)));
        assert!(library.entries_by_id(&other, &[waiting.id, filled.id]).await.unwrap().is_empty());
        assert!(library.entries_by_id(&confined, &[waiting.id, filled.id]).await.unwrap().is_empty());
        // In its own folder the confined key does as it likes.
        let own = library.add_entry(&confined, inner.id, &words("e")).await.unwrap();
        assert_eq!(ids(&library.folder_entries(&confined, inner.id).await.unwrap()), [own.id]);
        let out = library.move_entry(&confined, own.id, bench.folder.id).await;
        assert!(matches!(out, Err(Fault::Denied)), "{out:?}");
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_move_an_entry_is_to_delete_it_here_and_to_make_it_there() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let elsewhere = library.create_folder(&bench.actor, bench.founded.root.id, "Elsewhere").await.unwrap().id;
        let entry = add(&bench, "a").await.id;
        let all = [Right::Update, Right::Create, Right::Delete];
        for missing in all {
            let rights = all.into_iter().filter(|right| *right != missing).fold(Rights::NONE, Rights::with);
            let actor = bench.actor_with(rights, None, None).await;
            let moved = library.move_entry(&actor, entry, elsewhere).await;
            assert!(matches!(moved, Err(Fault::Denied)), "without {missing:?}: {moved:?}");
        }
        let actor = bench.actor_with(all.into_iter().fold(Rights::NONE, Rights::with), None, None).await;
        library.move_entry(&actor, entry, elsewhere).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_for_what_waits_and_for_what_lies_in_the_trash() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, manager) = (&bench.library, &bench.actor);
        let reader = bench.actor_with(Rights::READ, None, None).await;
        let nobody = Actor::anonymous(Origin::default());
        let (waiting, filled) = (add(&bench, "a").await.id, add(&bench, "b").await.id);
        fill(&bench, filled, "b.txt", b"b").await.unwrap();
        library.trash_entry(manager, filled, None).await.unwrap();
        let closed = vec![rule("cud", Allow::All)];
        library.set_rules(manager, Ruled::Folder(bench.folder.id), Some(closed)).await.unwrap();
        for id in [waiting, filled] {
            assert!(matches!(library.entry(&reader, id).await, Err(Fault::Denied)));
            library.entry(manager, id).await.unwrap();
        }
        library.set_rules(manager, Ruled::Folder(bench.folder.id), Some(vec![rule("r", Allow::All)])).await.unwrap();
        for id in [waiting, filled] {
            library.entry(&reader, id).await.unwrap();
        }
        // Rules that let anybody in let them see what waits there, and nothing in the trash is for them.
        library.entry(&nobody, waiting).await.unwrap();
        let trashed = library.entry(&nobody, filled).await;
        assert!(matches!(trashed, Err(Fault::Unauthenticated)), "{trashed:?}");
        // A file with rules of its own is left out of a listing that is open.
        library.restore_entry(manager, filled).await.unwrap();
        library.set_rules(manager, Ruled::Asset(filled), Some(vec![rule("c", Allow::All)])).await.unwrap();
        assert_eq!(ids(&library.folder_entries(&reader, bench.folder.id).await.unwrap()), [waiting]);
        assert_eq!(ids(&library.folder_entries(manager, bench.folder.id).await.unwrap()), [waiting, filled]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_to_an_entry_is_told_the_latest_first() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let entry = add(&bench, "a").await.id;
        fill(&bench, entry, "a.txt", b"a").await.unwrap();
        library.trash_entry(actor, entry, Some(9)).await.unwrap();
        library.restore_entry(actor, entry).await.unwrap();
        add(&bench, "b").await;
        let lines = library.entry_history(actor, entry, None, 99).await.unwrap();
        let told: Vec<_> = lines.iter().map(|line| format!("{:?}", line.action)).collect();
        assert_eq!(told, ["Restore", "Trash", "Update", "Update", "Create"]);
        assert!(lines.iter().all(|line| (line.noun, line.noun_id) == (Noun::Asset, entry)));
        assert!(lines.iter().all(|line| line.stamp.user_id == Some(bench.founded.admin.id)));
        assert_eq!(library.entry_history(actor, entry, Some(lines[1].id), 2).await.unwrap(), lines[2..4]);
    })
    .await;
}
