//! Keys that URLs and sessions are signed with change, and nothing that was signed stops working, on any node, until its key is given up.

use std::sync::atomic::Ordering;

use library::Fault;
use serde_json::Value;

use crate::{
    mediaflow::Agent,
    mediapocket::{
        Account,
        account::{ask, target_of},
    },
    support::{Ask, Server, on_each_engine, organizations::system},
};

const MINUTE_MS: i64 = 60_000;

/// What was signed at some time: where it leads, and the key that S3's shape names.
struct Signed {
    url: String,
    key_id: String,
    download: Value,
    token: String,
    code: Value,
}

async fn sign(account: &Account<'_>, link: &Value, agent: &Agent<'_>, id: i64) -> Signed {
    let followed = ask(account.server, "GET", &target_of(link)).send().await.expect(302);
    let (_, url) = followed.header("location").split_once("/mediapocket").unwrap();
    let (_, credential) = url.split_once("X-Amz-Credential=").unwrap();
    Signed {
        url: url.to_owned(),
        key_id: credential.split('%').next().unwrap().to_owned(),
        download: agent.one(&format!("/1/file/{id}/downloads/0")).await["downloadURL"].clone(),
        token: agent.new_token().await,
        code: agent.one(&format!("/1/file/{id}")).await["code"].clone(),
    }
}

/// The statuses of all that was signed, on one node.
async fn statuses(server: &Server, address: std::net::SocketAddr, agent: &Agent<'_>, signed: &Signed) -> [u16; 3] {
    let get = |target: String| Ask::new(address, "GET", &target);
    // Both nodes sign for the same host, as behind one name.
    let host = server.address.to_string();
    let url = get(format!("/mediapocket{}", signed.url)).header("Host", &host).send().await;
    let download = get(format!("/mediaflow{}", agent.path_of(&signed.download))).send().await;
    let session = get(format!("/mediaflow/1/file/latest?access_token={}", signed.token)).send().await;
    [url.status, download.status, session.status]
}

#[test]
fn rotation_breaks_nothing_and_giving_up_a_key_ends_what_it_has_signed() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let agent = Agent::with(server, account.organization.clone(), library::Rights::ALL, None).await;
        let asset = account.asset("a.txt", b"0123456789").await;
        let link = account.link(&asset, ("2030-01-01", 99)).await;
        let found = server.fliplet("GET", &format!("/v1/media?{}", account.organization.here()));
        let found = found.token(&account.organization.token).send().await.expect(200).json();
        let id = found["files"][0]["id"].as_i64().unwrap();
        let (other, beside) = server.start_beside().await;
        let library = &server.library;
        let works = async |signed: &Signed| {
            for address in [server.address, beside.address] {
                assert_eq!(statuses(server, address, &agent, signed).await, [200; 3]);
            }
        };
        let first = sign(&account, &link, &agent, id).await;
        works(&first).await;
        let second_id = library.add_signing_key(&system()).await.unwrap();
        // Other nodes may not have read it yet: nothing is signed with it before they have.
        let still = sign(&account, &link, &agent, id).await;
        assert_eq!(still.key_id, first.key_id);
        server.clock.fetch_add(2 * MINUTE_MS, Ordering::SeqCst);
        let second = sign(&account, &link, &agent, id).await;
        assert_ne!(second.key_id, first.key_id);
        for signed in [&first, &still, &second] {
            works(signed).await;
        }
        assert_eq!(first.code, second.code);
        library.add_signing_key(&system()).await.unwrap();
        server.clock.fetch_add(2 * MINUTE_MS, Ordering::SeqCst);
        let third = sign(&account, &link, &agent, id).await;
        works(&third).await;
        let keys = library.show_signing_keys(&system()).await.unwrap();
        assert_eq!(keys.iter().map(|key| key.signs).collect::<Vec<_>>(), [true, false, false]);
        let refused = library.retire_signing_key(&system(), keys[0].id).await;
        assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
        let refused = library.retire_signing_key(&system(), 9_999).await;
        assert!(matches!(refused, Err(Fault::NotFound(_))), "{refused:?}");
        library.retire_signing_key(&system(), second_id).await.unwrap();
        server.clock.fetch_add(MINUTE_MS, Ordering::SeqCst);
        for address in [server.address, beside.address] {
            for status in statuses(server, address, &agent, &second).await {
                assert!([401, 403].contains(&status), "{status}");
            }
        }
        works(&first).await;
        // The very first, too, is given up; codes that were made with it go on.
        library.retire_signing_key(&system(), keys[2].id).await.unwrap();
        server.clock.fetch_add(MINUTE_MS, Ordering::SeqCst);
        for address in [server.address, beside.address] {
            for status in statuses(server, address, &agent, &first).await {
                assert!([401, 403].contains(&status), "{status}");
            }
        }
        works(&third).await;
        // The session itself was signed with the first.
        let late = Agent::with(server, account.organization.clone(), library::Rights::ALL, None).await;
        let last = sign(&account, &link, &late, id).await;
        assert_eq!((last.key_id, last.code), (third.key_id, first.code));
        let output = server.command(&["signing", "rotate"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), 4, "{listed}");
        beside.stop().await;
        other.close().await;
    });
}
