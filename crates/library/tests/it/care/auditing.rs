//! Who changed what, when and from where: one line for every change, written with it.

use std::{net::IpAddr, sync::Arc};

use library::{Action, Actor, Allow, AuditLine, Ingest, Library, Limits, Noun, Origin, Rights, Ruled, Scan};

use super::run_due;
use crate::{
    rules::rule,
    support::{Bench, REALM, on_each_engine, person},
};

const ADDRESS: [u8; 4] = [192, 0, 2, 7];

fn origin(request_id: &str) -> Origin {
    Origin { address: Some(IpAddr::from(ADDRESS)), request_id: Some(Arc::from(request_id)), body_bytes: None }
}

async fn lines_after(bench: &Bench, after: i64) -> Vec<AuditLine> {
    bench.catalog().await.audit(bench.founded.tenant.id, after, 1_000).await.unwrap()
}

fn told(lines: &[AuditLine]) -> Vec<(Action, Noun, i64)> {
    lines.iter().map(|line| (line.action, line.noun, line.noun_id)).collect()
}

/// Everything that a holder of a key can change, once each; tells what should be in the audit.
async fn change_everything(bench: &Bench, library: &Library, actor: &Actor) -> Vec<(Action, Noun, i64)> {
    let tenant_id = bench.founded.tenant.id;
    let mut done = Vec::new();
    let folder = library.create_folder(actor, bench.folder.id, "Folder").await.unwrap().id;
    done.push((Action::Create, Noun::Folder, folder));
    let (one, two) = (bench.received("1", b"1").await, bench.received("2", b"2").await);
    let added = library.add_assets(actor, folder, vec![one, two], Ingest::default()).await.unwrap();
    let file = added[0].id;
    done.extend(added.iter().map(|asset| (Action::Create, Noun::Asset, asset.id)));
    let upload = bench.received("ignored", b"3").await;
    library.replace_asset(actor, file, upload).await.unwrap();
    library.change_asset_and_fields(actor, file, Some("renamed"), None, &[("a.b", "text")]).await.unwrap();
    library.limit_asset(actor, file, Some(9), None).await.unwrap();
    done.extend([(Action::Update, Noun::Asset, file); 3]);
    library.change_folder(actor, folder, Some("Renamed"), None).await.unwrap();
    done.push((Action::Update, Noun::Folder, folder));
    for (ruled, noun, id) in [(Ruled::Asset(file), Noun::Asset, file), (Ruled::Folder(folder), Noun::Folder, folder)] {
        library.set_rules(actor, ruled, Some(vec![rule("r", Allow::All)])).await.unwrap();
        done.push((Action::Rule, noun, id));
    }
    library.trash_asset(actor, file).await.unwrap();
    library.restore_asset(actor, file).await.unwrap();
    library.trash_asset(actor, file).await.unwrap();
    library.purge_asset(actor, file).await.unwrap();
    done.extend(
        [Action::Trash, Action::Restore, Action::Trash, Action::Purge].map(|action| (action, Noun::Asset, file)),
    );
    library.trash_folder(actor, folder).await.unwrap();
    library.restore_folder(actor, folder).await.unwrap();
    library.trash_folder(actor, folder).await.unwrap();
    library.purge_folder(actor, folder).await.unwrap();
    done.extend(
        [Action::Trash, Action::Restore, Action::Trash, Action::Purge].map(|action| (action, Noun::Folder, folder)),
    );
    let space = library.found_space(actor, tenant_id, "Space", bench.founded.admin.id).await.unwrap().id;
    done.push((Action::Create, Noun::Folder, space));
    let user = library.add_user(actor, tenant_id, person("b@example.com", "editor")).await.unwrap().id;
    done.push((Action::Create, Noun::User, user));
    let token = library.add_token(actor, bench.wish(Rights::READ, None, None)).await.unwrap().0.id;
    library.revoke_token(actor, tenant_id, token).await.unwrap();
    done.extend([(Action::Create, Noun::Token, token), (Action::Revoke, Noun::Token, token)]);
    library.disable_user(actor, tenant_id, user).await.unwrap();
    done.push((Action::Revoke, Noun::User, user));
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_tells_who_and_from_where() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        let (token_id, secret) = bench.token(Rights::ALL, None, None).await;
        let actor = library.authenticate(REALM, &secret, origin("request 1")).await.unwrap();
        let before = lines_after(&bench, 0).await.last().unwrap().id;
        bench.pass(5);
        let done = change_everything(&bench, library, &actor).await;
        let lines = lines_after(&bench, before).await;
        assert_eq!(told(&lines), done);
        for line in &lines {
            assert_eq!(line.stamp.now_ms, library.now_ms(), "{line:?}");
            assert_eq!(line.stamp.user_id, Some(bench.founded.admin.id), "{line:?}");
            assert_eq!(line.stamp.token_id, Some(token_id), "{line:?}");
            assert_eq!(line.stamp.address.as_deref(), Some("192.0.2.7"), "{line:?}");
            assert_eq!(line.stamp.request_id.as_deref(), Some("request 1"), "{line:?}");
        }
        // Another tenant's are its own.
        let (other, _) = bench.another_tenant().await;
        assert!(bench.catalog().await.audit(other.tenant.id, 0, 100).await.unwrap().len() < 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_did_in_person_says_so() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let library = &bench.library;
        library.add_user(&bench.system(), bench.founded.tenant.id, person("s@example.com", "service")).await.unwrap();
        let rules = Some(vec![rule("c", Allow::All)]);
        library.set_rules(&bench.actor, Ruled::Folder(bench.folder.id), rules).await.unwrap();
        let file = bench.upload("file.txt", b"file").await.unwrap();
        library.limit_asset(&bench.actor, file.id, None, Some(library.now_ms() + 1)).await.unwrap();
        let before = lines_after(&bench, 0).await.last().unwrap().id;
        // Somebody without a key, from an address.
        let folder =
            library.create_folder(&Actor::anonymous(origin("request 2")), bench.folder.id, "Folder").await.unwrap();
        // The command line, with an id of its own; and the server itself.
        let system =
            Actor::system(Origin { address: None, request_id: Some(Arc::from("command 3")), body_bytes: None });
        library.set_scan(&system, file.tenant_id, file.id, Scan::Clean).await.unwrap();
        bench.pass(1);
        run_due(&bench).await;
        let lines = lines_after(&bench, before).await;
        let expected = [
            (Action::Create, Noun::Folder, folder.id),
            (Action::Scan, Noun::Asset, file.id),
            (Action::Trash, Noun::Asset, file.id),
        ];
        assert_eq!(told(&lines), expected);
        let from: Vec<_> =
            lines.iter().map(|line| (line.stamp.address.as_deref(), line.stamp.request_id.as_deref())).collect();
        assert_eq!(from, [(Some("192.0.2.7"), Some("request 2")), (None, Some("command 3")), (None, None)]);
        assert!(lines.iter().all(|line| line.stamp.user_id.is_none() && line.stamp.token_id.is_none()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_leaves_no_line() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let before = lines_after(&bench, 0).await;
        assert!(library.create_folder(actor, 999_999, "x").await.is_err());
        assert!(library.create_folder(actor, bench.folder.id, "a/b").await.is_err());
        assert!(library.change_folder(actor, bench.folder.id, None, Some(bench.folder.id)).await.is_err());
        assert!(library.restore_folder(actor, bench.folder.id).await.is_err());
        assert!(library.purge_folder(actor, bench.folder.id).await.is_err());
        // Nothing changes here.
        library.change_folder(actor, bench.folder.id, Some("Things"), None).await.unwrap();
        assert_eq!(lines_after(&bench, 0).await, before);
    })
    .await;
}
