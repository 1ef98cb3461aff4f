//! Who may let something out or end it, and what happens at the same time as a scan.

use library::{Actor, Fault, JobState, Noun, Origin, Rights, Scan, Work};
use serde_json::json;

use super::{
    Five,
    faults::with_scripted,
    quarantine::{release, rescan},
    scan_of,
    scripted::Mode,
    with_clamd,
};
use crate::{
    mediapocket::{
        Account,
        fetching::placeholder,
        links::{actor, id_of},
    },
    support::{Server, clamd::eicar, organizations::system},
};

async fn expect_none_failed(server: &Server) {
    let failed = server.library.jobs(&system(), JobState::Failed, 0, 1_000).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    server.library.verify(&system(), false, |problem| panic!("{problem:?}")).await.unwrap();
}

#[test]
fn only_those_who_run_a_tenant_let_something_out() {
    with_clamd(async |server, _| {
        let five = Five::new(server).await;
        let id = five.upload(&[("virus.txt", &eicar())]).await[0];
        server.settle().await;
        let (tenant, library) = (five.tenant(), &server.library);
        let organization = || five.pocket.organization.clone();
        let changer = actor(&Account::with(server, organization(), Rights::CHANGE, None).await).await;
        let scoped = actor(&Account::with(server, organization(), Rights::ALL, Some(five.web)).await).await;
        let theirs = server.organization("Theirs").await;
        let stranger = actor(&Account::with(server, theirs.clone(), Rights::ALL, None).await).await;
        let nobody = Actor::anonymous(Origin::default());
        for (who, fault) in
            [(&changer, "Denied"), (&scoped, "Denied"), (&stranger, "NotFound(Tenant)"), (&nobody, "Unauthenticated")]
        {
            let faults: [Fault; 3] = [
                library.quarantined(who, tenant, 0).await.unwrap_err(),
                library.release(who, (tenant, id)).await.unwrap_err(),
                library.destroy(who, (tenant, id)).await.unwrap_err(),
            ];
            for told in faults {
                assert_eq!(format!("{told:?}"), fault);
            }
            assert!(library.rescan_all(who).await.is_err());
        }
        // Under a tenant of one's own it is not there.
        for told in [
            library.release(&stranger, (theirs.id, id)).await.unwrap_err(),
            library.destroy(&stranger, (theirs.id, id)).await.unwrap_err(),
        ] {
            assert!(matches!(told, Fault::NotFound(Noun::Asset)), "{told:?}");
        }
        assert_eq!(library.quarantined(&stranger, theirs.id, 0).await.unwrap(), []);
        // Nor is what is not in quarantine.
        let fine = five.upload(&[("fine.txt", b"fine")]).await[0];
        server.settle().await;
        let manager = actor(&five.pocket).await;
        for told in [
            library.release(&manager, (tenant, fine)).await.unwrap_err(),
            library.destroy(&manager, (tenant, fine)).await.unwrap_err(),
        ] {
            assert!(matches!(told, Fault::NotFound(Noun::Asset)), "{told:?}");
        }
        assert_eq!(library.quarantined(&manager, tenant, 0).await.unwrap().len(), 1);
        library.release(&manager, (tenant, id)).await.unwrap();
        assert_eq!(scan_of(server, id).await, Scan::Clean);
    });
}

#[test]
fn what_has_no_bytes_or_is_in_the_trash_is_scanned_without_harm() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        let empty = placeholder(&five.pocket).await;
        let empty = id_of(&five.pocket, &empty).await;
        for asset_id in [empty, 1_000_000] {
            server.library.queue(&system(), &Work::Scan { asset_id }).await.unwrap();
        }
        five.hold(clamd).await;
        let ids = five.upload(&[("virus.txt", &eicar()), ("fine.txt", b"fine")]).await;
        for id in &ids {
            let delete = server.fliplet("DELETE", &format!("/v1/media/files/{id}")).token(five.token());
            delete.send().await.expect(200);
        }
        five.let_go(clamd, &ids).await;
        let restore = async |id: i64| {
            let ask = server.fliplet("POST", &format!("/v1/media/files/{id}/restore")).token(five.token());
            ask.json(&json!({})).send().await
        };
        assert_eq!(five.status(ids[0]).await, "infected");
        restore(ids[0]).await.refused(400);
        restore(ids[1]).await.expect(200);
        assert_eq!(five.status(ids[1]).await, "clean");
        release(server, five.tenant(), ids[0]);
        assert_eq!(five.status(ids[0]).await, "clean");
        expect_none_failed(server).await;
    });
}

#[test]
fn what_is_purged_while_it_is_scanned_is_gone() {
    with_scripted(
        |_| (),
        async |server, scanner| {
            let five = Five::new(server).await;
            scanner.set(Mode::Waits);
            let id = five.upload(&[("a.txt", b"a virus")]).await[0];
            scanner.wait_for(1).await;
            for target in [format!("files/{id}"), format!("deleted/files/{id}")] {
                let delete = server.fliplet("DELETE", &format!("/v1/media/{target}")).token(five.token());
                delete.send().await.expect(200);
            }
            scanner.set(Mode::Judges);
            server.settle().await;
            assert_eq!(server.library.quarantined(&system(), five.tenant(), 0).await.unwrap(), []);
            expect_none_failed(server).await;
        },
    );
}

#[test]
fn what_is_let_out_while_it_is_scanned_again_stays_out() {
    with_scripted(
        |_| (),
        async |server, scanner| {
            let five = Five::new(server).await;
            let id = five.upload(&[("a.txt", b"a virus")]).await[0];
            server.settle().await;
            assert_eq!(five.status(id).await, "infected");
            scanner.set(Mode::Waits);
            server.library.rescan_all(&system()).await.unwrap();
            scanner.wait_for(2).await;
            release(server, five.tenant(), id);
            scanner.set(Mode::Judges);
            server.settle().await;
            assert_eq!(five.status(id).await, "clean");
            rescan(server).await;
            assert_eq!(five.status(id).await, "clean");
            expect_none_failed(server).await;
        },
    );
}

#[test]
fn what_is_said_of_old_bytes_is_not_said_of_new_ones() {
    with_scripted(
        |_| (),
        async |server, scanner| {
            let five = Five::new(server).await;
            for (name, old, new, status) in
                [("a.txt", "a virus", "fine", "clean"), ("b.txt", "also fine", "another virus", "infected")]
            {
                let count = scanner.scans();
                scanner.set(Mode::Waits);
                five.site.upload("web", name, old.as_bytes()).await.expect(200);
                scanner.wait_for(count + 1).await;
                let listing = five.fliplet(&format!("?folderId={}", five.web)).await;
                let files = listing["files"].as_array().unwrap();
                let id = files.iter().find(|file| file["name"] == name).unwrap()["id"].as_i64().unwrap();
                five.site.upload("web", name, new.as_bytes()).await.expect(200);
                scanner.set(Mode::Judges);
                server.settle().await;
                assert_eq!(five.status(id).await, status, "{name}");
            }
            expect_none_failed(server).await;
        },
    );
}
