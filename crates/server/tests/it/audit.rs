//! The audit at the command line: what is exported, and that a removed and an edited line are told.

use serde_json::{Value, json};

use crate::{
    mediaflow,
    mediapocket::{
        Account,
        account::{ask, target_of},
    },
    support::{Server, engines::on_each_engine, organizations::system, until},
};

fn audit(server: &Server, arguments: &[&str]) -> (bool, String, String) {
    let output = server.command(&[&["audit"], arguments].concat()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn check(server: &Server, arguments: &[&str]) -> Value {
    let (good, said, complaint) = audit(server, &[&["check"], arguments].concat());
    assert!(good, "{complaint}");
    serde_json::from_str(&said).unwrap()
}

fn is_broken(server: &Server, arguments: &[&str], words: &str) {
    let (good, said, complaint) = audit(server, &[&["check"], arguments].concat());
    assert!(!good && complaint.contains(words), "{said} {complaint}");
}

#[test]
fn lines_are_exported_and_a_removed_and_an_edited_one_are_told() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        for number in 0..5 {
            let ask = server.fliplet("POST", "/v1/media/folders").token(&organization.token);
            let body = serde_json::json!({ "name": format!("f{number}"), "organizationId": organization.id });
            ask.json(&body).send().await.expect(201);
        }
        let (good, exported, complaint) = audit(server, &["export", "--tenant", &organization.id.to_string()]);
        assert!(good, "{complaint}");
        let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let made =
            lines.iter().filter(|line| line["noun"] == "folder" && line["action"] == "create").collect::<Vec<_>>();
        assert!(made.len() >= 5, "{exported}");
        let last = made[made.len() - 2];
        assert_eq!((&last["tenant"], &last["user"]), (&organization.id.into(), &organization.user_id.into()), "{last}");
        assert_eq!(last["address"], "127.0.0.1", "{last}");
        assert!(last["request"].as_str().is_some_and(|id| id.len() == 16) && last["token"].is_i64(), "{last}");

        let whole = check(server, &[]);
        let known = format!("{}:{}", whole["place"], whole["hash"].as_str().unwrap());
        check(server, &["--expect", &known]);
        let place = last["place"].as_i64().unwrap();
        let id = last["id"].as_i64().unwrap();
        server.spoil(&format!("update audit set noun_id = noun_id + 1 where id = {id}")).await;
        is_broken(server, &[], &format!("line {place} is not what it was"));
        server.spoil(&format!("update audit set noun_id = noun_id - 1 where id = {id}")).await;
        check(server, &[]);
        server.spoil(&format!("delete from audit where id = {id}")).await;
        is_broken(server, &[], &format!("line {place} is missing"));
        // Who removes the end and moves it is told by whoever has kept it.
        server.spoil(&format!("delete from audit where place >= {place}")).await;
        is_broken(server, &[], "missing at the end");
        let moved = format!(
            "update audit_chain set place = {}, hash = (select hash from audit where place = {})",
            place - 1,
            place - 1
        );
        server.spoil(&moved).await;
        check(server, &[]);
        is_broken(server, &["--expect", &known], "missing at the end");
        is_broken(server, &["--expect", "1:00"], "--expect is PLACE:HASH");
        is_broken(server, &["--expect", &format!("1:{}", "00".repeat(32))], "another than the one");
        server.library.check_audit(&system(), None).await.unwrap();
        server.spoil("delete from audit_chain").await;
        is_broken(server, &[], "where the chain begins and ends is gone");
    });
}

#[test]
fn reads_by_those_without_a_key_are_in_it() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("a.txt", b"0123456789").await;
        let link = account.link(&asset, ("2030-01-01", 9)).await;
        let followed = ask(server, "GET", &target_of(&link)).send().await.expect(302);
        let (_, signed) = followed.header("location").split_once("/mediapocket").unwrap();
        let agent = mediaflow::Agent::with(server, account.organization.clone(), library::Rights::ALL, None).await;
        let found = server.fliplet("GET", &format!("/v1/media?{}", account.organization.here()));
        let id = found.token(&account.organization.token).send().await.expect(200).json()["files"][0]["id"].clone();
        let reads = async |more: usize| {
            // Written down within a second, and chained within another.
            until("the reads to be written down", async || {
                let (good, exported, complaint) = audit(server, &["export"]);
                assert!(good, "{complaint}");
                let lines = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
                let read: Vec<_> = lines.filter(|line| line["action"] == "read" && line["noun"] == "asset").collect();
                (read.len() >= more).then_some(read)
            })
            .await
        };
        ask(server, "GET", signed).send().await.expect(200);
        let read = reads(1).await;
        assert_eq!((read.len(), &read[0]["tenant"]), (1, &account.organization.id.into()));
        assert_eq!(
            (&read[0]["address"], &read[0]["user"], &read[0]["token"]),
            (&json!("127.0.0.1"), &json!(null), &json!(null))
        );
        // Whoever takes it in pieces reads once; who only asks reads nothing.
        for range in ["bytes=1-3", "bytes=4-"] {
            ask(server, "GET", signed).header("Range", range).send().await.expect(206);
        }
        ask(server, "HEAD", signed).send().await.expect(200);
        let download = agent.one(&format!("/1/file/{id}/downloads/0")).await["downloadURL"].clone();
        agent.fetch(&download).await.expect(200);
        assert_eq!(reads(2).await.len(), 2);
        // With a key one is known anyway.
        account.get(&format!("/api/v2/assets/{}", asset["id"].as_str().unwrap())).await;
        assert_eq!(reads(2).await.len(), 2);
        check(server, &[]);
    });
}
