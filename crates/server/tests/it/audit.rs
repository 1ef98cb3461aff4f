//! The audit at the command line: what is exported, and that a removed and an edited line are told.

use serde_json::Value;

use crate::support::{Server, engines::on_each_engine, organizations::system};

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
    });
}
