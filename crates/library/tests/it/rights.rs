//! Who may do what, where, and until when.

use library::{Fault, Limits, Noun, Origin, Right, Rights};

use crate::support::{Bench, REALM, START_MS, on_each_engine, only};

#[tokio::test(flavor = "multi_thread")]
async fn each_right_opens_its_own_door() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let asset = bench.upload("a.txt", b"a").await.unwrap();
        let library = &bench.library;
        for right in [Right::Create, Right::Update, Right::Delete, Right::Manage] {
            let actor = bench.actor_with(only(right), None, None).await;
            assert!(matches!(library.asset(&actor, asset.id).await, Err(Fault::Denied)), "{right:?}");
            assert!(matches!(library.contents(&actor, asset.id, None).await, Err(Fault::Denied)), "{right:?}");
            assert!(matches!(library.list_folder(&actor, bench.folder.id).await, Err(Fault::Denied)), "{right:?}");
        }
        let reader = bench.actor_with(Rights::READ, None, None).await;
        assert_eq!(library.asset(&reader, asset.id).await.unwrap().name, "a.txt");
        assert!(matches!(library.trash_asset(&reader, asset.id).await, Err(Fault::Denied)));
        assert!(matches!(library.create_folder(&reader, bench.folder.id, "x").await, Err(Fault::Denied)));
        assert!(matches!(library.trash_folder(&reader, bench.folder.id).await, Err(Fault::Denied)));
        assert!(matches!(library.change_asset(&reader, asset.id, Some("b"), None).await, Err(Fault::Denied)));
        assert!(matches!(library.tokens(&reader, asset.tenant_id).await, Err(Fault::Denied)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_stays_in_its_folder() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let inner = library.create_folder(&bench.actor, bench.folder.id, "Inner").await.unwrap();
        let inside = bench.upload_to(inner.id, "in.txt", b"in").await.unwrap();
        let outside = bench.upload("out.txt", b"out").await.unwrap();
        let actor = bench.actor_with(Rights::ALL, Some(inner.id), None).await;
        library.asset(&actor, inside.id).await.unwrap();
        assert!(matches!(library.asset(&actor, outside.id).await, Err(Fault::Denied)));
        assert!(matches!(library.list_folder(&actor, bench.folder.id).await, Err(Fault::Denied)));
        // Neither may it bring things out, nor run the tenant.
        let moved = library.change_asset(&actor, inside.id, None, Some(bench.folder.id)).await;
        assert!(matches!(moved, Err(Fault::Denied)));
        assert!(matches!(library.tokens(&actor, inside.tenant_id).await, Err(Fault::Denied)));
        // The folder moves with the rights on it.
        let elsewhere = library.create_folder(&bench.actor, bench.founded.root.id, "Elsewhere").await.unwrap();
        library.change_folder(&bench.actor, inner.id, None, Some(elsewhere.id)).await.unwrap();
        library.asset(&actor, inside.id).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_at_its_millisecond() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (_, secret) = bench.token(Rights::ALL, None, Some(START_MS + 5_000)).await;
        bench.pass(4_999);
        bench.library.authenticate(REALM, &secret, Origin::default()).await.unwrap();
        bench.pass(1);
        let over = bench.library.authenticate(REALM, &secret, Origin::default()).await;
        assert!(matches!(over, Err(Fault::Unauthenticated)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_dies_at_once_here_and_soon_elsewhere() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (id, secret) = bench.token(Rights::ALL, None, None).await;
        let other = bench.second_node().await;
        let here = || bench.library.authenticate(REALM, &secret, Origin::default());
        let there = || other.authenticate(REALM, &secret, Origin::default());
        here().await.unwrap();
        there().await.unwrap();
        bench.library.revoke_token(&bench.system(), bench.founded.tenant.id, id).await.unwrap();
        assert!(matches!(here().await, Err(Fault::Unauthenticated)));
        bench.pass(bench.library.limits().max_memory_age_ms);
        assert!(matches!(there().await, Err(Fault::Unauthenticated)));
        let again = bench.library.revoke_token(&bench.system(), bench.founded.tenant.id, id).await;
        assert!(matches!(again, Err(Fault::NotFound(Noun::Token))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_opens_only_its_own_realm() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (_, secret) = bench.token(Rights::ALL, None, None).await;
        bench.library.authenticate(REALM, &secret, Origin::default()).await.unwrap();
        for (realm, secret) in [("other", secret.as_str()), (REALM, ""), (REALM, "guess")] {
            let refused = bench.library.authenticate(realm, secret, Origin::default()).await;
            assert!(matches!(refused, Err(Fault::Unauthenticated)), "{realm} {secret}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_without_a_key_are_not_told_what_exists() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let nobody = library::Actor::anonymous(Origin::default());
        let there = bench.upload("a.txt", b"a").await.unwrap().id;
        let trashed = bench.upload("b.txt", b"b").await.unwrap().id;
        bench.library.trash_asset(&bench.actor, trashed).await.unwrap();
        for id in [there, trashed, 999_999] {
            let refused = bench.library.contents(&nobody, id, None).await;
            assert!(matches!(refused, Err(Fault::Unauthenticated)), "{id}");
        }
        // What is in the trash is missing for a key that might not see it anyway.
        let inner = bench.library.create_folder(&bench.actor, bench.folder.id, "Inner").await.unwrap();
        let confined = bench.actor_with(Rights::ALL, Some(inner.id), None).await;
        assert!(matches!(bench.library.asset(&confined, there).await, Err(Fault::Denied)));
        assert!(matches!(bench.library.asset(&confined, trashed).await, Err(Fault::NotFound(Noun::Asset))));
    })
    .await;
}
