//! Records of several things at once, and of entries that wait for their bytes.

use library::{Actor, Asset, Fault, Limits, Noun, Origin, Record, RecordWish, Words};

use crate::support::{Bench, on_each_engine};

fn about(asset_id: i64) -> RecordWish<'static> {
    RecordWish { realm: "mediapocket", kind: "comment", asset_id: Some(asset_id), ..RecordWish::default() }
}

fn ids(records: &[Record]) -> Vec<i64> {
    records.iter().map(|record| record.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_several_things_are_for_those_whose_things_they_are() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let (founded, other) = bench.another_tenant().await;
        let nobody = Actor::anonymous(Origin::default());
        let file = bench.upload("a.txt", b"a").await.unwrap();
        // Somebody who asks for entries may say something of one that waits.
        let waiting = library.add_entry(actor, bench.folder.id, &Words::default()).await.unwrap();
        let theirs = library.add_entry(&other, founded.root.id, &Words::default()).await.unwrap();
        let mut made = Vec::new();
        for asset in [&waiting, &file, &waiting] {
            made.push(library.add_record(actor, about(asset.id)).await.unwrap());
        }
        let other_kind = RecordWish { kind: "view", ..about(file.id) };
        library.add_record(actor, other_kind).await.unwrap();
        let of = async |actor: &Actor, assets: &[Asset]| {
            library.records_of_assets(actor, assets, ("mediapocket", "comment")).await
        };
        assert_eq!(of(actor, &[file.clone(), waiting.clone()]).await.unwrap(), made);
        assert_eq!(ids(&of(actor, std::slice::from_ref(&waiting)).await.unwrap()), [made[0].id, made[2].id]);
        for (actor, assets) in [(&other, [file.clone(), theirs.clone()]), (actor, [file.clone(), theirs.clone()])] {
            let refused = of(actor, &assets).await;
            assert!(matches!(refused, Err(Fault::NotFound(Noun::Asset))), "{refused:?}");
        }
        let wish = RecordWish { asset_id: None, folder_id: Some(bench.folder.id), ..about(0) };
        let of_folder = library.add_record(actor, wish).await.unwrap();
        let folders = [bench.folder.clone(), bench.founded.root.clone()];
        let of = async |actor: &Actor| library.records_of_folders(actor, &folders, ("mediapocket", "comment")).await;
        assert_eq!(of(actor).await.unwrap(), [of_folder]);
        assert!(matches!(of(&other).await, Err(Fault::NotFound(Noun::Folder))));
        assert!(matches!(of(&nobody).await, Err(Fault::Unauthenticated)));
        // Nobody else says anything of what waits, and of what is in the trash nobody does.
        for (who, expected) in [(&other, "NotFound(Asset)"), (&nobody, "Unauthenticated")] {
            let refused = library.add_record(who, about(waiting.id)).await;
            assert_eq!(format!("{:?}", refused.unwrap_err()), expected);
        }
        library.trash_entry(actor, waiting.id, None).await.unwrap();
        let refused = library.add_record(actor, about(waiting.id)).await;
        assert!(matches!(refused, Err(Fault::NotFound(Noun::Asset))), "{refused:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_deleted_by_its_own_tenant_once() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let (_, other) = bench.another_tenant().await;
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let record = library.add_record(actor, about(file.id)).await.unwrap();
        let below = RecordWish { parent_id: Some(record.id), ..about(file.id) };
        library.add_record(actor, below).await.unwrap();
        let stays = library.add_record(actor, about(file.id)).await.unwrap();
        let nobody = Actor::anonymous(Origin::default());
        assert!(matches!(library.delete_record(&other, &record).await, Err(Fault::NotFound(Noun::Record))));
        assert!(matches!(library.delete_record(&nobody, &record).await, Err(Fault::Unauthenticated)));
        let moved = Record { realm: "flextype".to_owned(), ..record.clone() };
        assert!(matches!(library.delete_record(actor, &moved).await, Err(Fault::NotFound(Noun::Record))));
        library.delete_record(actor, &record).await.unwrap();
        assert!(matches!(library.delete_record(actor, &record).await, Err(Fault::NotFound(Noun::Record))));
        let left = library.records_of_assets(actor, &[file], ("mediapocket", "comment")).await.unwrap();
        assert_eq!(left, [stays]);
    })
    .await;
}
