//! Who may make links, see them, and take them back.

use library::{Fault, Limits, LinkWish, Noun, Right, Rights, Words};

use super::{REALM, follow, is_dead, link, open, stranger, wish};
use crate::support::{Bench, on_each_engine, only};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_and_seen_by_those_who_may_read_its_file() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let (_, other) = bench.another_tenant().await;
        let inner = library.create_folder(&bench.actor, bench.folder.id, "Inner").await.unwrap();
        let confined = bench.actor_with(Rights::ALL, Some(inner.id), None).await;
        let blind = bench.actor_with(only(Right::Update), None, None).await;
        for (actor, expected) in
            [(&stranger(), "Unauthenticated"), (&other, "NotFound(Asset)"), (&confined, "Denied"), (&blind, "Denied")]
        {
            let refused = library.add_link(actor, wish(&file)).await;
            assert_eq!(format!("{:?}", refused.unwrap_err()), expected);
            let refused = library.asset_links(actor, file.id).await;
            assert_eq!(format!("{:?}", refused.unwrap_err()), expected);
        }
        let reader = bench.actor_with(Rights::READ, None, None).await;
        let made = library.add_link(&reader, wish(&file)).await.unwrap();
        assert_eq!(made.created_by, reader.user().unwrap().id);
        assert_eq!(library.asset_links(&reader, file.id).await.unwrap(), [made]);
        // What has no bytes or is in the trash has nothing to give.
        let waiting = library.add_entry(&bench.actor, bench.folder.id, &Words::default()).await.unwrap().id;
        let refused = library.add_link(&bench.actor, LinkWish { asset_id: waiting, ..wish(&file) }).await;
        assert!(matches!(refused, Err(Fault::NotFound(Noun::Asset))), "{refused:?}");
        library.trash_asset(&bench.actor, file.id).await.unwrap();
        let refused = library.add_link(&bench.actor, wish(&file)).await;
        assert!(matches!(refused, Err(Fault::NotFound(Noun::Asset))), "{refused:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_links_are_seen_and_taken_back_by_who_runs_the_tenant() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, id) = (&bench.library, bench.founded.tenant.id);
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let made = [link(&bench, wish(&file)).await, link(&bench, wish(&file)).await];
        let (founded, other) = bench.another_tenant().await;
        let editor = bench.actor_with(Rights::CHANGE, None, None).await;
        let confined = bench.actor_with(Rights::ALL, Some(bench.folder.id), None).await;
        for (actor, expected) in
            [(&stranger(), "Unauthenticated"), (&other, "NotFound(Tenant)"), (&editor, "Denied"), (&confined, "Denied")]
        {
            for refused in [
                library.links(actor, id, 0).await.map(drop),
                library.link_visits(actor, (id, made[0].id), 0).await.map(drop),
                library.revoke_link(actor, id, made[0].id).await,
            ] {
                assert_eq!(format!("{:?}", refused.unwrap_err()), expected);
            }
        }
        for actor in [&bench.actor, &bench.system()] {
            assert_eq!(library.links(actor, id, 0).await.unwrap(), made);
            assert_eq!(library.links(actor, id, made[0].id).await.unwrap(), made[1..]);
            library.link_visits(actor, (id, made[0].id), 0).await.unwrap();
        }
        // Another tenant's manager finds none of these under the own tenant's id.
        assert!(library.links(&other, founded.tenant.id, 0).await.unwrap().is_empty());
        let visits = library.link_visits(&other, (founded.tenant.id, made[0].id), 0).await;
        assert!(is_dead(&visits), "{visits:?}");
        assert!(is_dead(&library.revoke_link(&other, founded.tenant.id, made[0].id).await));
        open(&bench, &made[0]).await.unwrap();
        library.revoke_link(&bench.actor, id, made[0].id).await.unwrap();
        assert!(is_dead(&library.revoke_link(&bench.actor, id, made[0].id).await));
        assert!(is_dead(&library.revoke_link(&bench.actor, id, 9_999).await));
        assert!(is_dead(&open(&bench, &made[0]).await));
        assert_eq!(library.links(&bench.actor, id, 0).await.unwrap()[0].revoked_at, Some(library.now_ms()));
        open(&bench, &made[1]).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_work_are_told_from_those_that_do_not() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let now_ms = library.now_ms();
        let mut files = Vec::new();
        for name in ["a", "b", "c", "d", "e"] {
            files.push(bench.upload(name, name.as_bytes()).await.unwrap());
        }
        let good = link(&bench, wish(&files[0])).await;
        let timed = link(&bench, LinkWish { expires_at: Some(now_ms + 10), ..wish(&files[0]) }).await;
        let counted = link(&bench, LinkWish { use_limit: Some(1), ..wish(&files[0]) }).await;
        let revoked = link(&bench, wish(&files[0])).await;
        let elsewhere = link(&bench, LinkWish { realm: "flextype", ..wish(&files[0]) }).await;
        let mut others = Vec::new();
        for file in &files[1..] {
            others.push(link(&bench, wish(file)).await);
        }
        let all: Vec<i64> =
            [&good, &timed, &counted, &revoked, &elsewhere].into_iter().chain(&others).map(|link| link.id).collect();
        let working = async |actor| {
            let found = library.working_links(actor, REALM, &all).await?;
            Ok::<_, Fault>(found.iter().map(|link| link.id).collect::<Vec<_>>())
        };
        let of_others: Vec<i64> = others.iter().map(|link| link.id).collect();
        let first = [good.id, timed.id, counted.id, revoked.id];
        assert_eq!(working(actor).await.unwrap(), [&first[..], &of_others].concat());

        follow(&bench, &counted, "ticket").await.unwrap();
        library.revoke_link(actor, revoked.tenant_id, revoked.id).await.unwrap();
        library.trash_asset(actor, files[1].id).await.unwrap();
        library.limit_asset(actor, files[2].id, None, Some(now_ms + 10)).await.unwrap();
        library.limit_asset(actor, files[3].id, Some(1), None).await.unwrap();
        follow(&bench, &others[2], "ticket").await.unwrap();
        bench.pass(9);
        assert_eq!(working(actor).await.unwrap(), [good.id, timed.id, others[1].id, others[3].id]);
        bench.pass(1);
        assert_eq!(working(actor).await.unwrap(), [good.id, others[3].id]);
        // Those that work are the same that open.
        for made in [&good, &timed, &counted, &revoked].into_iter().chain(&others) {
            assert_eq!(open(&bench, made).await.is_ok(), made.id == good.id || made.id == others[3].id, "{made:?}");
        }
        let (nobody, (_, other)) = (stranger(), bench.another_tenant().await);
        assert_eq!(working(&other).await.unwrap(), [0; 0]);
        assert!(matches!(working(&nobody).await, Err(Fault::Unauthenticated)));
        let inner = library.create_folder(actor, bench.folder.id, "Inner").await.unwrap();
        let confined = bench.actor_with(Rights::READ, Some(inner.id), None).await;
        assert_eq!(working(&confined).await.unwrap(), [0; 0]);
    })
    .await;
}
