//! Links: what they give to anybody who has their key, and who may make them, see them and take them back.

mod managing;
mod tickets;

use std::net::IpAddr;

use library::{
    Actor, Asset, Fault, Form, Invalid, Limits, Link, LinkWish, Noun, OpenLink, Origin, Rights, Scan, VisitOutcome,
    Visitor,
};

use crate::{
    care::run_due,
    support::{Bench, on_each_engine, read},
};

const REALM: &str = "mediapocket";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn wish(asset: &Asset) -> LinkWish {
    LinkWish {
        realm: REALM,
        asset_id: asset.id,
        version_id: asset.version.as_ref().unwrap().id,
        file_name: "cat.txt".to_owned(),
        use_limit: None,
        expires_at: None,
        password: None,
        private: None,
    }
}

async fn link(bench: &Bench, wish: LinkWish) -> Link {
    bench.library.add_link(&bench.actor, wish).await.unwrap()
}

/// Somebody without a key, and where they are.
fn stranger() -> Actor {
    Actor::anonymous(Origin { address: Some(IpAddr::from([192, 0, 2, 7])), request_id: None, body_bytes: None })
}

const fn visitor(password: Option<&str>) -> Visitor<'_> {
    Visitor { user_agent: Some("curl"), password }
}

async fn open(bench: &Bench, link: &Link) -> Result<OpenLink, Fault> {
    bench.library.open_link(&stranger(), REALM, &link.key, visitor(None)).await
}

/// Opens a link and follows it.
async fn follow(bench: &Bench, link: &Link, ticket: &str) -> Result<(), Fault> {
    bench.library.follow_link(&open(bench, link).await?, ticket).await
}

/// What those who came by a link got.
async fn outcomes(bench: &Bench, link: &Link) -> Vec<VisitOutcome> {
    let visits = bench.library.link_visits(&bench.system(), (link.tenant_id, link.id), 0).await.unwrap();
    visits.iter().map(|visit| visit.outcome).collect()
}

fn is_dead<T>(outcome: &Result<T, Fault>) -> bool {
    matches!(outcome, Err(Fault::NotFound(Noun::Link)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_gives_its_file_to_anybody() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let file = bench.upload("a.txt", b"first").await.unwrap();
        let link = link(&bench, wish(&file)).await;
        assert_eq!((link.key.len(), link.realm.as_str(), link.file_name.as_str()), (36, REALM, "cat.txt"));
        let (_, other) = bench.another_tenant().await;
        // A key that comes along makes no difference.
        for actor in [&stranger(), &other, &bench.actor_with(Rights::NONE, None, None).await] {
            let opened = library.open_link(actor, REALM, &link.key, visitor(None)).await.unwrap();
            assert_eq!((opened.asset.id, opened.link.id), (file.id, link.id));
        }
        assert_eq!(outcomes(&bench, &link).await, [], "to open it is no visit yet");
        let opened = open(&bench, &link).await.unwrap();
        library.look_at_link(&opened).await.unwrap();
        library.follow_link(&opened, "ticket").await.unwrap();
        assert_eq!(outcomes(&bench, &link).await, [VisitOutcome::Looked, VisitOutcome::Followed]);
        assert_eq!(library.asset_links(&bench.actor, file.id).await.unwrap()[0].use_count, 1);
        // It keeps the version that it was made for.
        let received = bench.received("b", b"second").await.received;
        library.fill_entry(&bench.actor, file.id, (received, None), "b.txt").await.unwrap();
        let opened = open(&bench, &link).await.unwrap();
        let (_, contents) = library
            .version_contents(&stranger(), (&file.key, opened.version.id, Form::AsItCame), "ticket")
            .await
            .unwrap();
        assert_eq!((opened.version.id, read(&contents.content).await), (link.version_id, b"first".to_vec()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_nowhere_is_not_told_from_what_never_was() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let link = link(&bench, wish(&file)).await;
        for (realm, key) in [("flextype", link.key.as_str()), (REALM, "nobody"), (REALM, "")] {
            let opened = library.open_link(&stranger(), realm, key, visitor(None)).await;
            assert!(is_dead(&opened), "{realm} {key}: {opened:?}");
        }
        assert_eq!(outcomes(&bench, &link).await, [], "nobody came by this one");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_with_a_password_asks_for_it() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let link = link(&bench, LinkWish { password: Some("pass wörd".to_owned()), ..wish(&file) }).await;
        assert!(link.password_hash.as_ref().is_some_and(|hash| hash.starts_with("$argon2id$")), "{link:?}");
        let open = async |password| library.open_link(&stranger(), REALM, &link.key, visitor(password)).await;
        for wrong in [None, Some(""), Some("pass word"), Some("pass wörd "), link.password_hash.as_deref()] {
            let refused = open(wrong).await;
            assert!(matches!(refused, Err(Fault::Denied)), "{wrong:?}: {refused:?}");
        }
        let opened = open(Some("pass wörd")).await.unwrap();
        library.follow_link(&opened, "ticket").await.unwrap();
        // Who has not been asked for it yet has only looked.
        let [looked, refused, followed] = [VisitOutcome::Looked, VisitOutcome::Refused, VisitOutcome::Followed];
        assert_eq!(outcomes(&bench, &link).await, [looked, refused, refused, refused, refused, followed]);
        // One that is over does not say so to those who do not know it, nor to those who do.
        library.revoke_link(&bench.actor, link.tenant_id, link.id).await.unwrap();
        for password in [None, Some("pass wörd")] {
            assert!(is_dead(&open(password).await));
        }
        // The empty password is one.
        let empty = library.add_link(&bench.actor, LinkWish { password: Some(String::new()), ..wish(&file) });
        let empty = empty.await.unwrap();
        let opened = library.open_link(&stranger(), REALM, &empty.key, visitor(None)).await;
        assert!(matches!(opened, Err(Fault::Denied)), "{opened:?}");
        library.open_link(&stranger(), REALM, &empty.key, visitor(Some(""))).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_by_its_time_its_uses_or_by_hand_and_says_who_came_too_late() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let timed = link(&bench, LinkWish { expires_at: Some(library.now_ms() + 1_000), ..wish(&file) }).await;
        bench.pass(999);
        let early = open(&bench, &timed).await.unwrap();
        follow(&bench, &timed, "ticket").await.unwrap();
        bench.pass(1);
        assert!(is_dead(&open(&bench, &timed).await));
        // What was opened in time and is followed in the same breath counts by the time at which it was opened.
        library.follow_link(&early, "ticket").await.unwrap();
        let followed = VisitOutcome::Followed;
        let mut told = outcomes(&bench, &timed).await;
        told.sort_by_key(|outcome| *outcome == VisitOutcome::Refused);
        assert_eq!(told, [followed, followed, VisitOutcome::Refused]);

        let counted = link(&bench, LinkWish { use_limit: Some(1), ..wish(&file) }).await;
        let late = open(&bench, &counted).await.unwrap();
        follow(&bench, &counted, "ticket").await.unwrap();
        assert!(is_dead(&library.follow_link(&late, "ticket").await));
        assert!(is_dead(&open(&bench, &counted).await));
        assert_eq!(outcomes(&bench, &counted).await, [followed, VisitOutcome::Refused, VisitOutcome::Refused]);

        let revoked = link(&bench, wish(&file)).await;
        let late = open(&bench, &revoked).await.unwrap();
        library.revoke_link(&bench.actor, revoked.tenant_id, revoked.id).await.unwrap();
        assert!(is_dead(&library.follow_link(&late, "ticket").await));
        assert!(is_dead(&open(&bench, &revoked).await));
        assert_eq!(outcomes(&bench, &revoked).await, [VisitOutcome::Refused; 2]);
        // One may be over when it is made.
        let over = link(&bench, LinkWish { expires_at: Some(0), ..wish(&file) }).await;
        assert!(is_dead(&open(&bench, &over).await));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_gives_what_lives_is_safe_and_is_not_used_up() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor, system) = (&bench.library, &bench.actor, bench.system());
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let link = link(&bench, wish(&file)).await;
        let opens = async || match open(&bench, &link).await {
            Ok(opened) => opened.asset.id == file.id,
            Err(fault) => !matches!(fault, Fault::NotFound(Noun::Link)),
        };
        library.trash_asset(actor, file.id).await.unwrap();
        assert!(!opens().await, "in the trash");
        library.restore_asset(actor, file.id).await.unwrap();
        assert!(opens().await);
        library.trash_folder(actor, bench.folder.id).await.unwrap();
        assert!(!opens().await, "its folder is in the trash");
        library.restore_folder(actor, bench.folder.id).await.unwrap();
        // A stranger gets what was looked at or is not going to be: there is no scanner.
        for scan in [Scan::Queued, Scan::Clean, Scan::Unscanned] {
            library.set_scan(&system, file.tenant_id, file.id, scan).await.unwrap();
            assert!(opens().await, "{scan:?}");
        }
        library.limit_asset(actor, file.id, Some(1), None).await.unwrap();
        assert!(opens().await);
        follow(&bench, &link, "ticket").await.unwrap();
        assert!(!opens().await, "used up");
        library.limit_asset(actor, file.id, Some(2), Some(library.now_ms() + 1)).await.unwrap();
        assert!(opens().await);
        bench.pass(1);
        assert!(!opens().await, "over");
        library.limit_asset(actor, file.id, None, None).await.unwrap_err();
        assert_eq!(outcomes(&bench, &link).await.iter().filter(|told| **told == VisitOutcome::Refused).count(), 4);

        let ill = bench.upload("b.txt", b"b").await.unwrap();
        let ill_link = library.add_link(actor, wish(&ill)).await.unwrap();
        library.set_scan(&system, ill.tenant_id, ill.id, Scan::Infected).await.unwrap();
        assert!(is_dead(&open(&bench, &ill_link).await), "infected");
        library.purge_asset(actor, ill.id).await.unwrap();
        assert!(is_dead(&open(&bench, &ill_link).await), "purged");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_between_a_look_and_a_step_is_not_given() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let link = link(&bench, wish(&file)).await;
        library.limit_asset(actor, file.id, Some(9), None).await.unwrap();
        let opened = open(&bench, &link).await.unwrap();
        // Another node takes it away: nothing that is remembered here counts.
        let elsewhere = bench.second_node().await;
        elsewhere.trash_asset(actor, file.id).await.unwrap();
        assert!(is_dead(&library.follow_link(&opened, "ticket").await));
        elsewhere.restore_asset(actor, file.id).await.unwrap();
        library.follow_link(&opened, "ticket").await.unwrap();
        let row = bench.catalog().await.asset(file.id).await.unwrap().unwrap();
        assert_eq!((row.download_count, outcomes(&bench, &link).await.len()), (1, 2));
        elsewhere.limit_asset(actor, file.id, Some(1), None).await.unwrap();
        assert!(is_dead(&library.follow_link(&opened, "ticket").await));
        assert_eq!(library.asset_links(actor, file.id).await.unwrap()[0].use_count, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_came_is_written_down_in_plain_words_and_forgotten_in_time() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        run_due(&bench).await;
        let file = bench.upload("a.txt", b"a").await.unwrap();
        let link = link(&bench, wish(&file)).await;
        let long = format!("a\0b\r\n\u{1b}[31m{}", "é".repeat(500));
        let nowhere = Actor::anonymous(Origin::default());
        for (actor, user_agent) in [(&stranger(), Some(long.as_str())), (&nowhere, None)] {
            let who = Visitor { user_agent, password: None };
            let opened = library.open_link(actor, REALM, &link.key, who).await.unwrap();
            library.look_at_link(&opened).await.unwrap();
            bench.pass(1);
        }
        let visits = async || library.link_visits(&bench.actor, (link.tenant_id, link.id), 0).await.unwrap();
        let told = visits().await;
        assert_eq!(told[0].user_agent, Some(format!("ab[31m{}", "é".repeat(194))));
        assert_eq!((told[0].address.as_deref(), told[1].address.as_deref()), (Some("192.0.2.7"), None));
        assert_eq!((told[1].user_agent.as_deref(), told[1].made_at - told[0].made_at), (None, 1));
        let behind = library.link_visits(&bench.actor, (link.tenant_id, link.id), told[0].id).await.unwrap();
        assert_eq!(behind, told[1..]);
        bench.pass(90 * DAY_MS - 2);
        for left in [2, 1, 0] {
            library.queue(&bench.system(), &library::Work::Tend).await.unwrap();
            run_due(&bench).await;
            assert_eq!(visits().await.len(), left);
            bench.pass(1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_something() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let (file, other) = (bench.upload("a", b"a").await.unwrap(), bench.upload("b", b"b").await.unwrap());
        for bad in [
            LinkWish { use_limit: Some(0), ..wish(&file) },
            LinkWish { use_limit: Some(-1), ..wish(&file) },
            LinkWish { file_name: "a\0b".to_owned(), ..wish(&file) },
        ] {
            let refused = library.add_link(actor, bad).await;
            assert!(matches!(refused, Err(Fault::Invalid(Invalid::Other(_)))), "{refused:?}");
        }
        let mixed = LinkWish { version_id: wish(&other).version_id, ..wish(&file) };
        for bad in [mixed, LinkWish { version_id: 9_999, ..wish(&file) }, LinkWish { asset_id: 9_999, ..wish(&file) }] {
            let refused = library.add_link(actor, bad).await;
            assert!(matches!(refused, Err(Fault::NotFound(Noun::Asset))), "{refused:?}");
        }
        assert!(library.asset_links(actor, file.id).await.unwrap().is_empty());
    })
    .await;
}
