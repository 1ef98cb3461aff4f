//! External ids: each at most once in an account, whoever comes at the same moment, for assets and projects together.

use futures_util::future::join_all;
use library::{Right, Rights};
use serde_json::{Value, json};

use super::{ASSETS, call, make, path, project, put, says};
use crate::{mediapocket::Account, support::on_each_engine};

const TAKEN: &str = "External id has already been taken";

#[test]
fn an_external_id_is_given_once_in_an_account() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let stranger = Account::new(server).await;
        let new = json!({ "title": "t", "external_id": "E-1" });
        let asset = make(&account, &new).await;
        let within = format!("/api/v2/projects/{}/assets", project(&account, "p").await);
        for target in [ASSETS, "/api/v2/projects", &within] {
            says(account.post(target, &new).await, 400, TAKEN);
        }
        assert_eq!(account.get("/api/v2/projects").await["projects"].as_array().unwrap().len(), 1);
        assert_eq!(account.get(&within).await, json!({ "assets": [], "subprojects": [] }));
        // To another customer it is another.
        let theirs = make(&stranger, &new).await;
        assert_eq!(theirs["external_id"], "E-1");
        // Letters and blanks count.
        for other in ["e-1", "E-1 ", "E-1/", "É-1"] {
            make(&account, &json!({ "title": "t", "external_id": other })).await;
        }
        // Whose it is may say it again; in the trash bin it is still taken, and with the asset it goes.
        put(&account, &path(&asset), &new).await.expect(200);
        call(&account, "POST", &format!("{}/trash_bin", path(&asset))).await.expect(200);
        says(account.post(ASSETS, &new).await, 400, TAKEN);
        call(&account, "DELETE", &path(&asset)).await.expect(200);
        let again = make(&account, &new).await;
        assert_ne!(again["id"], asset["id"]);
        assert_eq!(stranger.get(&path(&theirs)).await["asset"], theirs);
    });
}

#[test]
fn external_ids_have_255_characters_at_most() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        // Nothing that compresses: what a database has no room for in an index it is to refuse here.
        let longest: String = (0_u32..255).map(|n| char::from_u32(0x1_0400 + n * 7_919 % 79).unwrap()).collect();
        let asset = make(&account, &json!({ "title": "t", "external_id": longest })).await;
        assert_eq!(asset["external_id"], json!(longest));
        says(account.post(ASSETS, &json!({ "title": "t", "external_id": longest })).await, 400, TAKEN);
        let words = "External id is too long (maximum is 255 characters)";
        let random: String = (0_u64..20_000).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        for long in ["x".repeat(256), random] {
            let body = json!({ "title": "t", "external_id": long });
            for target in [ASSETS, "/api/v2/projects"] {
                says(account.post(target, &body).await, 400, words);
            }
            says(put(&account, &path(&asset), &body).await, 400, words);
        }
    });
}

/// The keys of all assets in a project.
async fn ids_in(account: &Account<'_>, target: &str) -> Vec<Value> {
    let listed = account.get(target).await;
    listed["assets"].as_array().unwrap().iter().map(|asset| asset["id"].clone()).collect()
}

#[test]
fn of_many_at_once_exactly_one_is_made() {
    on_each_engine(async |server| {
        let owner = Account::new(server).await;
        // Who may not end anything leaves nothing half-done either.
        let rights = Rights::READ.with(Right::Create);
        let maker = Account::with(server, owner.organization.clone(), rights, None).await;
        let within = format!("/api/v2/projects/{}/assets", project(&owner, "p").await);
        for (round, account) in [&owner, &maker].into_iter().enumerate() {
            let before = ids_in(&owner, &within).await.len();
            let body = json!({ "title": "t", "category": "c", "external_id": format!("race {round}") });
            let answers = join_all((0..20).map(|_| account.post(&within, &body))).await;
            let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
            assert_eq!(made.len(), 1, "{:?}", made.iter().map(|answer| answer.json()).collect::<Vec<_>>());
            for answer in refused {
                says(answer, 400, TAKEN);
            }
            let left = ids_in(&owner, &within).await;
            assert_eq!(left.len(), before + 1);
            assert!(left.contains(&made[0].json()["asset"]["id"]));
        }
    });
}

#[test]
fn of_many_projects_at_once_exactly_one_is_made() {
    on_each_engine(async |server| {
        let owner = Account::new(server).await;
        let rights = Rights::READ.with(Right::Create);
        let maker = Account::with(server, owner.organization.clone(), rights, None).await;
        let body = json!({ "title": "t", "external_id": "race" });
        let answers = join_all((0..20).map(|_| maker.post("/api/v2/projects", &body))).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(made.len(), 1);
        for answer in refused {
            says(answer, 400, TAKEN);
        }
        assert_eq!(owner.get("/api/v2/projects").await, json!({ "projects": [made[0].json()["project"]["id"]] }));
        let token = &owner.organization.token;
        let deleted = server.fliplet("GET", "/v1/media/deleted").token(token).send().await.expect(200).json();
        assert_eq!(deleted["folders"], json!([]), "what was taken back lies in no trash");
    });
}

#[test]
fn of_many_changes_at_once_one_gets_the_id_and_all_is_in_order_after() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let mut assets = Vec::new();
        for number in 0..8 {
            assets.push(
                make(&account, &json!({ "title": number.to_string(), "external_id": format!("own {number}") })).await,
            );
        }
        let wanted = json!({ "external_id": "wanted" });
        let targets: Vec<String> = assets.iter().map(path).collect();
        let answers = join_all(targets.iter().map(|target| put(&account, target, &wanted))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for (number, (answer, target)) in answers.iter().zip(&targets).enumerate() {
            let id = account.get(target).await["asset"]["external_id"].clone();
            let expected = if answer.status == 200 { "wanted".to_owned() } else { format!("own {number}") };
            assert_eq!(id, json!(expected), "{answer}");
        }
        // One asset, many ids at once: whichever stays, it can be changed on.
        let bodies: Vec<Value> = (0..8).map(|number| json!({ "external_id": format!("new {number}") })).collect();
        for answer in join_all(bodies.iter().map(|body| put(&account, &targets[0], body))).await {
            assert!([200, 400].contains(&answer.status), "{answer}");
        }
        put(&account, &targets[0], &json!({ "title": "on", "external_id": "last" })).await.expect(200);
        assert_eq!(account.get(&targets[0]).await["asset"]["external_id"], "last");
        for body in &bodies {
            let mut body = body.clone();
            body["title"] = json!("t");
            make(&account, &body).await;
        }
        // The same of what is said of one of which nothing was said.
        let bare = path(&make(&account, &json!({ "title": "bare" })).await);
        let bodies: Vec<Value> = (0..8).map(|number| json!({ "category": format!("c{number}") })).collect();
        for answer in join_all(bodies.iter().map(|body| put(&account, &bare, body))).await {
            answer.expect(200);
        }
        for body in &bodies {
            let said = put(&account, &bare, body).await.expect(200).json();
            assert_eq!(said["asset"]["category"], body["category"]);
        }
    });
}
