//! Changes to one tree that happen at the same moment.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{Error, Noun, Refusal};

use super::{engines::on_each_engine, samples::Site};

#[test]
fn of_two_moves_that_together_make_a_cycle_one_wins() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        // The second mover works through another catalog, as a second node would.
        let beside = database.open_again().await;
        let other = site.through(&beside);
        for round in 0..100 {
            let a = site.folder(site.root.id, "a").await;
            let b = site.folder(site.root.id, "b").await;
            let (site, other) = (site.clone(), if round % 2 == 0 { other.clone() } else { site.clone() });
            let (into_b, into_a) = {
                let (first, second) = ((a.clone(), b.clone()), (a.clone(), b.clone()));
                (
                    tokio::spawn(async move { site.move_folder(&first.0, first.1.id).await }),
                    tokio::spawn(async move { other.move_folder(&second.1, second.0.id).await }),
                )
            };
            let outcomes = [into_b.await.unwrap(), into_a.await.unwrap()];
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
            let refused = |outcome: &_| matches!(outcome, Err(Error::Refused(Refusal::IntoItself)));
            assert!(outcomes.iter().any(refused), "{outcomes:?}");
        }
        beside.close().await;
    });
}

#[test]
fn a_folder_made_while_its_parent_is_trashed_is_refused_or_trashed() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let mut made = 0;
        for round in 0..60 {
            let top = site.folder(site.root.id, "top").await;
            let parent = site.folder(top.id, "parent").await;
            let maker = if round % 2 == 0 { site.clone() } else { site.through(&beside) };
            let trasher = site.clone();
            let (making, trashing) = (
                tokio::spawn(async move { maker.try_folder(parent.id, "new").await }),
                tokio::spawn(async move { trasher.trash_folder(top.id).await }),
            );
            let (making, trashing) = (making.await.unwrap(), trashing.await.unwrap());
            trashing.unwrap();
            match making {
                Ok(folder) => {
                    made += 1;
                    assert_eq!(site.look(folder.id).await.trashed_root, Some(top.id));
                }
                Err(Error::Missing(Noun::Folder)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        eprintln!("{made} of 60 were made before the trash came");
        beside.close().await;
    });
}

#[test]
fn a_folder_moved_into_a_tree_that_is_being_trashed_is_refused_or_trashed() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        for _ in 0..40 {
            let top = site.folder(site.root.id, "top").await;
            let guest = site.folder(site.root.id, "guest").await;
            let below = site.folder(guest.id, "below").await;
            let (mover, trasher) = (site.clone(), site.clone());
            let (moving, trashing) = (
                tokio::spawn(async move { mover.move_folder(&guest, top.id).await }),
                tokio::spawn(async move { trasher.trash_folder(top.id).await }),
            );
            trashing.await.unwrap().unwrap_or_else(|error| panic!("{error:?}"));
            match moving.await.unwrap() {
                Ok(_) => assert!(!site.look(below.id).await.lives()),
                Err(Error::Missing(Noun::Folder)) => assert!(site.look(below.id).await.lives()),
                Err(error) => panic!("{error:?}"),
            }
        }
    });
}

#[test]
fn swaps_between_folders_in_opposite_directions_all_succeed() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (left, right) = (site.folder(site.root.id, "left").await, site.folder(site.root.id, "right").await);
        for _ in 0..15 {
            let (a, b) = (site.asset(left.id, "cat.png").await, site.asset(right.id, "cat.png").await);
            let (one, two) = (site.clone(), site.clone());
            let moves = (
                tokio::spawn(async move { one.move_asset(a, right.id, "cat.png").await }),
                tokio::spawn(async move { two.move_asset(b, left.id, "cat.png").await }),
            );
            moves.0.await.unwrap().unwrap();
            moves.1.await.unwrap().unwrap();
            for id in [a, b] {
                site.trash_asset(id).await.unwrap();
            }
        }
    });
}
