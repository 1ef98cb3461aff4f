//! The whole way: a photo comes in by one API, is shared by this one, is opened in a browser as often as it may be, and whoever runs
//! the library sees who came.

mod across;

use std::fs;

use library::{Rights, VisitOutcome};
use serde_json::{Value, json};

use super::{
    Account,
    account::{ask, target_of},
    mail::world::{in_browser, mediary},
};
use crate::{
    mediaflow,
    support::{NOW_MS, browser::Page, organizations::system, pictures::jpeg},
};

/// Opens a link that gives a file, which the browser saves: the name that it gives it, and the bytes.
async fn download(page: &Page, link: &Value) -> (String, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    page.downloads_to(folder.path()).await;
    assert_eq!(page.open(link["url"].as_str().unwrap()).await, None);
    let path = page.wait_for_download().await;
    (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
}

async fn find_dead(page: &Page, link: &Value) {
    assert_eq!(page.open(link["url"].as_str().unwrap()).await, Some(404));
    page.wait_for_text("Link not found or has expired").await;
}

/// Who came by a link: what they got, in order.
async fn outcomes(account: &Account<'_>, link: &Value) -> Vec<VisitOutcome> {
    let id = (account.organization.id, link["id"].as_i64().unwrap());
    let visits = account.server.library.link_visits(&system(), id, 0).await.unwrap();
    for visit in &visits {
        assert_eq!((visit.address.as_deref(), visit.made_at), (Some("127.0.0.1"), NOW_MS));
        assert!(visit.user_agent.as_ref().unwrap().contains("Chrome"), "{visit:?}");
    }
    visits.iter().map(|visit| visit.outcome).collect()
}

#[test]
fn a_photo_from_mediaflow_is_shared_twice_and_not_a_third_time() {
    use VisitOutcome::{Followed, Refused};
    in_browser(async |server, _, browser| {
        let account = Account::new(server).await;
        let flow = mediaflow::Agent::with(server, account.organization.clone(), Rights::ALL, None).await;
        let photo = jpeg(900, 600);
        let url = flow.announce(flow.root, "Summer party.jpg", photo.len()).await;
        let target = url.as_str().unwrap().strip_prefix(&format!("http://{}", server.address)).unwrap();
        let file = server.ask("PUT", target).body("", photo.as_slice()).send().await.expect(200).json();
        server.settle().await;

        let asset = account.get(&format!("/api/v2/assets/{}", file["id"])).await["asset"].clone();
        let key = asset["id"].as_str().unwrap();
        assert_eq!((key.len(), &asset["original_filename"]), (20, &json!("Summer party.jpg")));
        assert_eq!((&asset["media_type"], &asset["title"]), (&json!("image"), &json!("Summer party")));
        let media = account.get(&format!("/api/v2/assets/{key}/media")).await["media"].clone();
        assert_eq!((media.as_array().unwrap().len(), &media[0]["filename"]), (1, &json!("Summer party.jpg")));
        assert!(media[0]["id"].as_i64().is_some_and(|id| id > 0), "{media}");

        let link = account.link(&asset, ("2023-11-28", 2)).await;
        for _ in 0..2 {
            assert_eq!(download(browser, &link).await, ("test_file.jpg".to_owned(), photo.clone()));
        }
        find_dead(browser, &link).await;
        assert_eq!(outcomes(&account, &link).await, [Followed, Followed, Refused]);
        let (tenant, id) = (account.organization.id.to_string(), link["id"].to_string());
        let told = mediary(server, &["link", "visits", "--tenant", &tenant, &id]);
        let told = told.as_array().unwrap();
        let words: Vec<_> = told.iter().map(|visit| visit["outcome"].as_str().unwrap()).collect();
        assert_eq!(words, ["followed", "followed", "refused"]);
        for visit in told {
            assert_eq!((&visit["address"], &visit["at_ms"]), (&json!("127.0.0.1"), &json!(NOW_MS)));
        }

        // The trash ends every link for as long as the file is in it; what was used up stays so.
        let other = account.link(&asset, ("2023-11-28", 2)).await;
        download(browser, &other).await;
        let path = format!("/v1/media/files/{}", file["id"]);
        let token = &account.organization.token;
        server.fliplet("DELETE", &path).token(token).send().await.expect(200);
        find_dead(browser, &other).await;
        find_dead(browser, &link).await;
        server.fliplet("POST", &format!("{path}/restore")).token(token).json(&json!({})).send().await.expect(200);
        assert_eq!(download(browser, &other).await.1, photo);
        find_dead(browser, &other).await;
        find_dead(browser, &link).await;
        assert_eq!(outcomes(&account, &other).await, [Followed, Refused, Followed, Refused]);
    });
}

#[test]
fn what_was_redirected_to_before_the_trash_is_not_given_out_from_it() {
    in_browser(async |server, _, _| {
        let account = Account::new(server).await;
        let asset = account.asset("paper.txt", b"the paper").await;
        let link = account.link(&asset, ("2023-11-28", 2)).await;
        let answer = ask(server, "GET", &target_of(&link)).send().await.expect(302);
        let target = answer.header("location").strip_prefix(&format!("http://{}", server.address)).unwrap().to_owned();
        server.ask("GET", &target).send().await.expect(200);
        let key = asset["id"].as_str().unwrap();
        account.ask("POST", &format!("/api/v2/assets/{key}/trash_bin")).send().await.expect(200);
        let refused = server.ask("GET", &target).send().await.expect(404);
        assert!(String::from_utf8_lossy(&refused.body).contains("<Code>NoSuchKey</Code>"), "{refused}");
        account.ask("POST", &format!("/api/v2/assets/{key}/restore")).send().await.expect(200);
        assert_eq!(server.ask("GET", &target).send().await.expect(200).body, b"the paper");
    });
}
