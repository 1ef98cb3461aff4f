//! The people of a tenant as those see them who have a key, and the keys that somebody makes with a key of their own.

use library::{Actor, Fault, Limits, Noun, Origin, Right, Rights, TokenWish};

use crate::support::{Bench, REALM, on_each_engine, only, person};

async fn enter(bench: &Bench, secret: &str) -> Result<Actor, Fault> {
    bench.library.authenticate(REALM, secret, Origin::default()).await
}

/// A key that somebody makes for themselves.
async fn own(bench: &Bench, actor: &Actor, secret: &str) -> (i64, Actor) {
    let token = bench.library.add_own_token(actor, "a key", secret.to_owned()).await.unwrap();
    (token.id, enter(bench, secret).await.unwrap())
}

async fn names(bench: &Bench, actor: &Actor) -> Vec<i64> {
    bench.library.own_tokens(actor).await.unwrap().iter().map(|token| token.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_key_knows_the_people_of_their_tenant() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, tenant_id) = (&bench.library, bench.founded.tenant.id);
        let mut made = Vec::new();
        for (name, role) in [("ann", "editor"), ("ben", "viewer"), ("robot", "service")] {
            let wish = person(&format!("{name}@example.org"), role);
            made.push(library.add_user(&bench.system(), tenant_id, wish).await.unwrap().id);
        }
        let [ann, ben, robot] = made[..] else { panic!("three were made") };
        let (founded, other) = bench.another_tenant().await;
        let blind = bench.actor_with(Rights::NONE, None, None).await;
        let ids = async |actor| {
            Ok::<_, Fault>(library.own_people(actor).await?.iter().map(|user| user.id).collect::<Vec<_>>())
        };
        let admin = bench.founded.admin.id;
        assert_eq!(ids(&blind).await.unwrap(), [admin, ann, ben]);
        assert_eq!(ids(&other).await.unwrap(), [founded.admin.id]);
        library.disable_user(&bench.system(), tenant_id, ben).await.unwrap();
        assert_eq!(ids(&blind).await.unwrap(), [admin, ann]);
        // Who made a thing is told whoever they are, and whatever became of them.
        let people = library.people(&blind, &[robot, ben, 9_999, robot, founded.admin.id]).await.unwrap();
        let mut told: Vec<_> = people.iter().map(|(id, user)| (*id, user.id)).collect();
        told.sort_unstable();
        assert_eq!(told, [(ben, ben), (robot, robot)]);
        let nobody = Actor::anonymous(Origin::default());
        assert!(matches!(ids(&nobody).await, Err(Fault::Unauthenticated)));
        assert!(matches!(library.people(&nobody, &[ann]).await, Err(Fault::Unauthenticated)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_key_makes_may_no_more_than_that() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let file = bench.upload("a.txt", b"a").await.unwrap().id;
        let inner = library.create_folder(&bench.actor, bench.folder.id, "Inner").await.unwrap().id;
        let ends_at = library.now_ms() + 1_000;
        let reader = bench.actor_with(Rights::READ, Some(inner), Some(ends_at)).await;
        let (_, child) = own(&bench, &reader, "first secret").await;
        assert_eq!((child.rights(), child.user().map(|user| user.id)), (Rights::READ, Some(bench.founded.admin.id)));
        assert!(matches!(library.asset(&child, file).await, Err(Fault::Denied)));
        assert!(matches!(library.create_folder(&child, inner, "x").await, Err(Fault::Denied)));
        // Restricted for one request, it makes no more than what is left.
        let narrow = bench.actor_with(Rights::ALL, None, None).await.restricted_to(only(Right::Create));
        assert_eq!(own(&bench, &narrow, "second secret").await.1.rights(), only(Right::Create));
        bench.pass(999);
        enter(&bench, "first secret").await.unwrap();
        bench.pass(1);
        assert!(matches!(enter(&bench, "first secret").await, Err(Fault::Unauthenticated)));
        for actor in [&Actor::anonymous(Origin::default()), &bench.system()] {
            let refused = library.add_own_token(actor, "a key", "secret".to_owned()).await;
            assert!(matches!(refused, Err(Fault::Unauthenticated)), "{refused:?}");
            assert!(matches!(library.own_tokens(actor).await, Err(Fault::Unauthenticated)));
        }
        let refused = library.add_own_token(&bench.actor, "", "secret".to_owned()).await;
        assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_sees_and_takes_back_their_own_keys_and_no_others() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, tenant_id) = (&bench.library, bench.founded.tenant.id);
        let ann = library.add_user(&bench.system(), tenant_id, person("ann@example.org", "editor")).await.unwrap().id;
        let first = bench.actor_of(ann, Rights::CHANGE, None).await;
        let second = bench.actor_of(ann, Rights::READ, Some(bench.folder.id)).await;
        let elsewhere = TokenWish { realm: "other".to_owned(), user_id: ann, ..bench.wish(Rights::ALL, None, None) };
        let (elsewhere, _) = library.add_token(&bench.system(), elsewhere).await.unwrap();
        let id = |actor: &Actor| actor.token().unwrap().id;
        let (third, child) = own(&bench, &second, "a secret").await;
        let all = [id(&first), id(&second), third];
        for actor in [&first, &second, &child] {
            assert_eq!(names(&bench, actor).await, all);
        }
        // One that may more is out of reach, and so is what is another's or another dialect's.
        let refused = library.revoke_own_token(&child, id(&first)).await;
        assert!(matches!(refused, Err(Fault::Denied)), "{refused:?}");
        for other in [id(&bench.actor), elsewhere.id, 9_999] {
            let refused = library.revoke_own_token(&first, other).await;
            assert!(matches!(refused, Err(Fault::NotFound(Noun::Token))), "{refused:?}");
        }
        library.revoke_own_token(&child, id(&second)).await.unwrap();
        assert_eq!(names(&bench, &first).await, [id(&first), third]);
        // Itself too, whatever it may, and at once.
        library.revoke_own_token(&child, third).await.unwrap();
        assert!(matches!(enter(&bench, "a secret").await, Err(Fault::Unauthenticated)));
        let again = library.revoke_own_token(&first, third).await;
        assert!(matches!(again, Err(Fault::NotFound(Noun::Token))), "{again:?}");
        library.revoke_own_token(&first, id(&first)).await.unwrap();
    })
    .await;
}
