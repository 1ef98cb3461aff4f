//! Collections: who sees them, who changes them, and what those who see them find inside.

use library::{Actor, Collection, CollectionWish, Fault, Limits, Noun, Origin, Right, Rights, Words};

use crate::support::{Bench, on_each_engine, only, person};

/// Those who ask for a collection that Ann made.
struct Cast {
    ann: Actor,
    /// Was let in.
    ben: Actor,
    /// Was not.
    eve: Actor,
    /// Runs the tenant.
    manager: Actor,
    /// Runs what lies in one folder.
    confined: Actor,
    /// Runs another tenant.
    other: Actor,
    other_root: i64,
    nobody: Actor,
    ben_id: i64,
    eve_id: i64,
}

impl Cast {
    async fn new(bench: &Bench) -> Self {
        let (library, tenant_id) = (&bench.library, bench.founded.tenant.id);
        let mut ids = Vec::new();
        for name in ["ann", "ben", "eve"] {
            let wish = person(&format!("{name}@example.org"), "editor");
            ids.push(library.add_user(&bench.system(), tenant_id, wish).await.unwrap().id);
        }
        let (founded, other) = bench.another_tenant().await;
        Self {
            ann: bench.actor_of(ids[0], Rights::CHANGE, None).await,
            ben: bench.actor_of(ids[1], Rights::CHANGE, None).await,
            eve: bench.actor_of(ids[2], Rights::CHANGE, None).await,
            manager: bench.actor_with(Rights::ALL, None, None).await,
            confined: bench.actor_with(Rights::ALL, Some(bench.folder.id), None).await,
            other,
            other_root: founded.root.id,
            nobody: Actor::anonymous(Origin::default()),
            ben_id: ids[1],
            eve_id: ids[2],
        }
    }

    fn all(&self) -> [(&'static str, &Actor); 7] {
        [
            ("ann", &self.ann),
            ("ben", &self.ben),
            ("eve", &self.eve),
            ("manager", &self.manager),
            ("confined", &self.confined),
            ("other", &self.other),
            ("nobody", &self.nobody),
        ]
    }

    /// Who sees a collection, by itself and in the list of all, by name.
    async fn viewers(&self, bench: &Bench, id: i64) -> String {
        let mut viewers = Vec::new();
        for (name, actor) in self.all() {
            let listed = bench.library.collections(actor).await;
            match bench.library.collection(actor, id).await {
                Ok(_) => viewers.push(name),
                Err(Fault::Unauthenticated) => assert!(actor.is_anonymous() && listed.is_err(), "{name}"),
                Err(fault) => assert!(matches!(fault, Fault::NotFound(Noun::Collection)), "{name}: {fault:?}"),
            }
            let is_listed = listed.is_ok_and(|listed| listed.iter().any(|listed| listed.id == id));
            assert_eq!(is_listed, viewers.last() == Some(&name), "{name}");
        }
        viewers.join(" ")
    }
}

fn wish(title: &str) -> CollectionWish {
    CollectionWish { title: title.to_owned(), ..CollectionWish::default() }
}

async fn make(bench: &Bench, actor: &Actor) -> Collection {
    bench.library.create_collection(actor, wish("Cats")).await.unwrap()
}

async fn inside(bench: &Bench, actor: &Actor, id: i64) -> Vec<i64> {
    let entries = bench.library.collected_entries(actor, id).await.unwrap();
    entries.iter().map(|entry| entry.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_is_seen_by_its_owner_and_those_who_are_let_in() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, cast) = (&bench.library, Cast::new(&bench).await);
        let id = make(&bench, &cast.ann).await.id;
        assert_eq!(cast.viewers(&bench, id).await, "ann manager");
        library.share_collection(&cast.ann, id, (&[cast.ben_id], &[])).await.unwrap();
        assert_eq!(cast.viewers(&bench, id).await, "ann ben manager");
        library.publish_collection(&cast.ann, id, true).await.unwrap();
        assert_eq!(cast.viewers(&bench, id).await, "ann ben eve manager confined");
        library.publish_collection(&cast.ann, id, false).await.unwrap();
        library.share_collection(&cast.ann, id, (&[cast.eve_id], &[cast.ben_id])).await.unwrap();
        assert_eq!(cast.viewers(&bench, id).await, "ann eve manager");
        // Who may not read anything reads no collection, their own included.
        let creator = bench.actor_of(cast.eve_id, only(Right::Create), None).await;
        assert!(matches!(library.collection(&creator, id).await, Err(Fault::Denied)));
        assert!(matches!(library.collections(&creator).await, Err(Fault::Denied)));
        library.delete_collection(&cast.ann, id).await.unwrap();
        assert_eq!(cast.viewers(&bench, id).await, "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_is_changed_by_its_owner_and_who_runs_the_tenant() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, cast) = (&bench.library, Cast::new(&bench).await);
        let file = bench.upload("a.txt", b"a").await.unwrap().id;
        let (closed, open) = (make(&bench, &cast.ann).await.id, make(&bench, &cast.ann).await.id);
        library.share_collection(&cast.ann, closed, (&[cast.ben_id], &[])).await.unwrap();
        library.publish_collection(&cast.ann, open, true).await.unwrap();
        // Those who see it are denied; to those who do not it is not there.
        for (id, actor, expected) in [
            (closed, &cast.ben, "Denied"),
            (closed, &cast.eve, "NotFound(Collection)"),
            (open, &cast.eve, "Denied"),
            (closed, &cast.confined, "NotFound(Collection)"),
            (open, &cast.confined, "Denied"),
            (open, &cast.other, "NotFound(Collection)"),
            (open, &cast.nobody, "Unauthenticated"),
            // Whose key is for looking only changes nothing of their own either.
            (closed, &cast.ann.restricted_to(Rights::READ), "Denied"),
            (9_999, &cast.ann, "NotFound(Collection)"),
        ] {
            for refused in [
                library.describe_collection(actor, id, wish("Dogs")).await.map(drop),
                library.publish_collection(actor, id, id == closed).await,
                library.change_collection(actor, id, (&[file], &[])).await,
                library.share_collection(actor, id, (&[], &[cast.ben_id])).await,
                library.delete_collection(actor, id).await,
            ] {
                assert_eq!(format!("{:?}", refused.unwrap_err()), expected, "{actor:?}");
            }
        }
        for actor in [&cast.ann, &cast.manager] {
            let changed = library.describe_collection(actor, closed, wish("Dogs")).await.unwrap();
            assert_eq!((changed.title.as_str(), changed.created_by), ("Dogs", cast.ann.user().unwrap().id));
            library.publish_collection(actor, closed, true).await.unwrap();
            let again = library.publish_collection(actor, closed, true).await;
            assert!(matches!(again, Err(Fault::Conflict(Noun::Collection))), "{again:?}");
            library.publish_collection(actor, closed, false).await.unwrap();
            library.change_collection(actor, closed, (&[file], &[])).await.unwrap();
            library.change_collection(actor, closed, (&[], &[file])).await.unwrap();
        }
        library.delete_collection(&cast.manager, closed).await.unwrap();
        library.asset(&cast.ann, file).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_make_a_collection_takes_the_right_to_create() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        for right in [Right::Read, Right::Update, Right::Delete, Right::Manage] {
            let actor = bench.actor_with(only(right), None, None).await;
            let refused = library.create_collection(&actor, wish("Cats")).await;
            assert!(matches!(refused, Err(Fault::Denied)), "{right:?}: {refused:?}");
        }
        let nobody = Actor::anonymous(Origin::default());
        assert!(matches!(library.create_collection(&nobody, wish("Cats")).await, Err(Fault::Unauthenticated)));
        let made =
            CollectionWish { description: Some("of all sizes".to_owned()), body: "{}".to_owned(), ..wish("Cats") };
        let made = library.create_collection(&bench.actor, made).await.unwrap();
        assert_eq!(
            (made.title.as_str(), made.description.as_deref(), made.body.as_str()),
            ("Cats", Some("of all sizes"), "{}")
        );
        assert_eq!((made.is_public, made.created_by), (false, bench.founded.admin.id));
        let too_long = "x".repeat(64 * 1_024 + 1);
        for bad in [
            wish("a\0b"),
            wish(&too_long),
            CollectionWish { description: Some("a\0b".to_owned()), ..wish("a") },
            CollectionWish { description: Some(too_long.clone()), ..wish("a") },
            CollectionWish { body: "a\0b".to_owned(), ..wish("a") },
            CollectionWish { body: too_long.clone(), ..wish("a") },
        ] {
            let described = library.describe_collection(&bench.actor, made.id, bad.clone()).await;
            assert!(matches!(described, Err(Fault::Invalid(_))), "{described:?}");
            assert!(matches!(library.create_collection(&bench.actor, bad).await, Err(Fault::Invalid(_))));
        }
        assert_eq!(library.collections(&bench.actor).await.unwrap(), [made]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_came_by_a_link_has_no_collections() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, cast) = (&bench.library, Cast::new(&bench).await);
        let (closed, open) = (make(&bench, &cast.ann).await.id, make(&bench, &cast.ann).await.id);
        library.publish_collection(&cast.ann, open, true).await.unwrap();
        let place = (bench.founded.tenant.id, bench.folder.id);
        let host = cast.ann.user().unwrap().id;
        let (guest, _) = library.guest(place, host, Rights::CHANGE, Origin::default()).await.unwrap();
        for id in [closed, open] {
            let told = library.collection(&guest, id).await;
            assert!(matches!(told, Err(Fault::NotFound(Noun::Collection))), "{told:?}");
            assert!(library.delete_collection(&guest, id).await.is_err());
        }
        assert!(library.collections(&guest).await.unwrap().is_empty());
        assert!(matches!(library.create_collection(&guest, wish("Cats")).await, Err(Fault::Denied)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_inside_is_shown_as_far_as_somebody_may_see_it() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, cast) = (&bench.library, Cast::new(&bench).await);
        let elsewhere = library.create_folder(&bench.actor, bench.founded.root.id, "Elsewhere").await.unwrap().id;
        let here = bench.upload("a.txt", b"a").await.unwrap().id;
        let there = bench.upload_to(elsewhere, "b.txt", b"b").await.unwrap().id;
        let waiting = library.add_entry(&cast.ann, elsewhere, &Words::default()).await.unwrap().id;
        let trashed = bench.upload("c.txt", b"c").await.unwrap().id;
        library.trash_asset(&cast.ann, trashed).await.unwrap();
        let theirs = library.add_entry(&cast.other, cast.other_root, &Words::default()).await.unwrap().id;
        let id = make(&bench, &cast.ann).await.id;
        // What is not there, in the trash or another's is not put in, and then nothing is.
        for bad in [trashed, 9_999, theirs] {
            let refused = library.change_collection(&cast.ann, id, (&[here, bad], &[])).await;
            assert!(matches!(refused, Err(Fault::NotFound(Noun::Asset))), "{refused:?}");
        }
        assert_eq!(inside(&bench, &cast.ann, id).await, [0; 0]);
        library.change_collection(&cast.ann, id, (&[waiting, here, there, here], &[9_999])).await.unwrap();
        library.publish_collection(&cast.ann, id, true).await.unwrap();
        assert_eq!(inside(&bench, &cast.eve, id).await, [here, there, waiting]);
        assert_eq!(inside(&bench, &cast.confined, id).await, [here]);
        assert!(matches!(library.collected_entries(&cast.other, id).await, Err(Fault::NotFound(Noun::Collection))));
        // What goes in the trash is inside again when it comes back.
        library.trash_entry(&cast.ann, there, None).await.unwrap();
        assert_eq!(inside(&bench, &cast.ann, id).await, [here, waiting]);
        library.restore_entry(&cast.ann, there).await.unwrap();
        assert_eq!(inside(&bench, &cast.ann, id).await, [here, there, waiting]);
        library.purge_entry(&cast.ann, there).await.unwrap();
        assert_eq!(inside(&bench, &cast.ann, id).await, [here, waiting]);

        let of = async |actor: &Actor, entry| library.collections_of_entry(actor, entry).await;
        let closed = make(&bench, &cast.ann).await.id;
        library.change_collection(&cast.ann, closed, (&[here], &[])).await.unwrap();
        let ids = |found: Vec<Collection>| found.iter().map(|found| found.id).collect::<Vec<_>>();
        assert_eq!(ids(of(&cast.ann, here).await.unwrap()), [id, closed]);
        assert_eq!(ids(of(&cast.eve, here).await.unwrap()), [id]);
        assert!(matches!(of(&cast.other, here).await, Err(Fault::NotFound(Noun::Asset))));
        assert!(matches!(of(&cast.confined, waiting).await, Err(Fault::Denied)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_the_tenant_are_let_in_and_told_of() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, cast) = (&bench.library, Cast::new(&bench).await);
        let id = make(&bench, &cast.ann).await.id;
        let ann = cast.ann.user().unwrap().id;
        let stranger = cast.other.user().unwrap().id;
        for bad in [stranger, 9_999] {
            let refused = library.share_collection(&cast.ann, id, (&[cast.ben_id, bad], &[])).await;
            assert!(matches!(refused, Err(Fault::NotFound(Noun::User))), "{refused:?}");
        }
        let users = async |actor: &Actor| {
            let users = library.collection_users(actor, id).await?;
            Ok::<_, Fault>(users.iter().map(|user| user.id).collect::<Vec<_>>())
        };
        assert_eq!(users(&cast.ann).await.unwrap(), [ann]);
        // The owner, let in or not, comes first and once.
        library.share_collection(&cast.manager, id, (&[cast.eve_id, cast.ben_id, ann], &[])).await.unwrap();
        for actor in [&cast.ann, &cast.ben, &cast.manager] {
            assert_eq!(users(actor).await.unwrap(), [ann, cast.ben_id, cast.eve_id]);
        }
        for (actor, expected) in [(&cast.other, "NotFound(Collection)"), (&cast.nobody, "Unauthenticated")] {
            assert_eq!(format!("{:?}", users(actor).await.unwrap_err()), expected);
        }
        // Who is shut out of the tenant is not told of.
        library.disable_user(&bench.system(), bench.founded.tenant.id, cast.eve_id).await.unwrap();
        assert_eq!(users(&cast.ann).await.unwrap(), [ann, cast.ben_id]);
        library.share_collection(&cast.ann, id, (&[], &[ann, cast.ben_id])).await.unwrap();
        assert_eq!(users(&cast.ann).await.unwrap(), [ann]);
        assert!(matches!(users(&cast.ben).await, Err(Fault::NotFound(Noun::Collection))));
    })
    .await;
}
