//! Setting rules: who may, on what, and which rules are refused.

use library::{Actor, Allow, Fault, Invalid, Limits, MAX_RULES, Noun, Right, Rights, Rule, Ruled};

use super::{Site, keys, rule};
use crate::support::{Bench, on_each_engine, only};

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_manage_see_and_set_rules() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, cast) = (&site.bench.library, &site.cast);
        let manager = site.bench.actor_with(only(Right::Manage), None, None).await;
        let confined = site.bench.actor_with(Rights::ALL, Some(site.folder.id), None).await;
        let (_, stranger) = site.bench.another_tenant().await;
        let (file, folder, space) =
            (Ruled::Asset(site.file.id), Ruled::Folder(site.folder.id), Ruled::Folder(site.space.id));
        let told = |fault: Option<Fault>| fault.map_or_else(|| "Ok".to_owned(), |fault| format!("{fault:?}"));
        for (who, actor, of_file, of_folder, of_space) in [
            ("nobody", &cast.nobody, "Unauthenticated", "Unauthenticated", "Unauthenticated"),
            ("app", &cast.app, "Denied", "Denied", "Denied"),
            ("organization", &cast.organization, "Denied", "Denied", "Denied"),
            ("ann", &cast.ann, "Denied", "Denied", "Denied"),
            ("stranger", &stranger, "NotFound(Asset)", "NotFound(Folder)", "NotFound(Folder)"),
            ("confined", &confined, "Ok", "Ok", "Denied"),
            ("manager", &manager, "Ok", "Ok", "Ok"),
            ("system", &site.bench.system(), "Ok", "Ok", "Ok"),
        ] {
            for (ruled, expected) in [(file, of_file), (folder, of_folder), (space, of_space)] {
                let seen = library.rules(actor, ruled).await;
                assert_eq!(told(seen.err()), expected, "{who} sees those of {ruled:?}");
                let set = library.set_rules(actor, ruled, Some(vec![rule("rcud", Allow::All)])).await;
                assert_eq!(told(set.err()), expected, "{who} sets those of {ruled:?}");
            }
        }
        for ruled in [Ruled::Asset(999_999), Ruled::Folder(999_999)] {
            assert!(matches!(library.rules(&manager, ruled).await, Err(Fault::NotFound(_))));
            assert!(matches!(library.rules(&cast.nobody, ruled).await, Err(Fault::Unauthenticated)));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rules_are_no_rules() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let library = &site.bench.library;
        let folder = Ruled::Folder(site.folder.id);
        for none in [None, Some(Vec::new())] {
            library.set_rules(&site.cast.studio, folder, Some(vec![rule("r", Allow::All)])).await.unwrap();
            library.set_rules(&site.cast.studio, folder, none).await.unwrap();
            assert_eq!(library.rules(&site.cast.studio, folder).await.unwrap().own, None);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_make_no_sense_are_refused() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, studio) = (&site.bench.library, &site.cast.studio);
        let (tenant_id, all) = (site.bench.founded.tenant.id, rule("r", Allow::All));
        let (_, stranger) = site.bench.another_tenant().await;
        let nobodys = |types| rule(types, Allow::Tokens(Vec::new()));
        let unknown = rule("r", Allow::Tokens(vec![999_999]));
        let (revoked, _) = site.bench.token(Rights::READ, None, None).await;
        library.revoke_token(studio, tenant_id, revoked).await.unwrap();
        let off = Rule { enabled: false, ..all.clone() };
        let stopped = Rule { stop: true, ..nobodys("r") };
        for (rules, expected) in [
            (vec![all.clone(); MAX_RULES + 1], Invalid::TooManyRules),
            (vec![all.clone(), unknown], Invalid::UnknownToken),
            (vec![keys("r", &[&stranger])], Invalid::UnknownToken),
            (vec![all.clone(), rule("r", Allow::Tokens(vec![revoked]))], Invalid::UnknownToken),
            (vec![nobodys("rcud")], Invalid::LocksOut),
            (vec![off.clone()], Invalid::LocksOut),
            (vec![stopped.clone(), all.clone()], Invalid::LocksOut),
            (vec![rule("", Allow::All)], Invalid::LocksOut),
        ] {
            for ruled in [Ruled::Folder(site.folder.id), Ruled::Asset(site.file.id)] {
                let refused = library.set_rules(studio, ruled, Some(rules.clone())).await.unwrap_err();
                assert_eq!(format!("{refused:?}"), format!("{:?}", Fault::Invalid(expected.clone())), "{rules:?}");
                assert_eq!(library.rules(studio, ruled).await.unwrap().own, None);
            }
        }
        for rules in [vec![all.clone(); MAX_RULES], vec![off, nobodys("u"), stopped, rule("d", Allow::LoggedIn)]] {
            library.set_rules(studio, Ruled::Folder(site.folder.id), Some(rules)).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_trash_has_rules_too() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, cast) = (&site.bench.library, &site.cast);
        library.trash_asset(&cast.studio, site.file.id).await.unwrap();
        site.rule_file(&site.file, &[keys("rcud", &[&cast.app])]).await;
        assert!(matches!(library.restore_asset(&cast.organization, site.file.id).await, Err(Fault::Denied)));
        library.restore_asset(&cast.app, site.file.id).await.unwrap();
        assert_eq!(site.readers(&site.file).await, "app studio");
        library.trash_folder(&cast.studio, site.folder.id).await.unwrap();
        site.rule_folder(&site.folder, &[keys("rcud", &[&cast.organization])]).await;
        assert!(matches!(library.restore_folder(&cast.app, site.folder.id).await, Err(Fault::Denied)));
        library.restore_folder(&cast.organization, site.folder.id).await.unwrap();
        // The file's own still hold.
        assert_eq!(site.readers(&site.file).await, "app studio");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_purged_has_none() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, studio) = (&site.bench.library, &site.cast.studio);
        library.trash_folder(studio, site.folder.id).await.unwrap();
        library.purge_folder(studio, site.folder.id).await.unwrap();
        let all = || Some(vec![rule("r", Allow::All)]);
        // Its rows are still there, until the job has run.
        let set = library.set_rules(studio, Ruled::Folder(site.folder.id), all()).await;
        assert!(matches!(set, Err(Fault::NotFound(Noun::Folder))));
        let set = library.set_rules(studio, Ruled::Asset(site.file.id), all()).await;
        assert!(matches!(set, Err(Fault::NotFound(Noun::Asset))));
        for actor in [&Actor::anonymous(library::Origin::default()), &site.cast.app] {
            assert!(library.asset(actor, site.file.id).await.is_err());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_change_but_not_look_is_told_that_it_is_done() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, app) = (&site.bench.library, &site.cast.app);
        site.rule_folder(&site.folder, &[keys("cu", &[app])]).await;
        let renamed = library.change_asset(app, site.file.id, Some("other.txt"), None).await.unwrap();
        assert_eq!(renamed.name, "other.txt");
        // Moving is also taking away: without the right to delete nobody moves a thing to where they have it.
        let away = library.create_folder(&site.cast.studio, site.space.id, "Away").await.unwrap();
        site.rule_folder(&away, &[keys("c", &[app])]).await;
        let refused = library.change_asset(app, site.file.id, None, Some(away.id)).await;
        assert!(matches!(refused, Err(Fault::Denied)));
        // Also when it is out of reach afterwards.
        site.rule_folder(&site.folder, &[keys("cud", &[app])]).await;
        let moved = library.change_asset(app, site.file.id, None, Some(away.id)).await.unwrap();
        assert_eq!(moved.folder.id, away.id);
        assert!(matches!(library.change_asset(app, site.file.id, Some("x"), None).await, Err(Fault::Denied)));
    })
    .await;
}
