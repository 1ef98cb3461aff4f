//! Access rules that can not be kept: on each thing that has rules, refused in words, and those that were there stay.

use fliplet::TokenKind;
use serde_json::{Value, json};

use crate::support::{Scene, on_each_engine, organizations::system, views::sentence};

/// Rules that say something else than they seem to, or nothing, and how the refusal begins.
fn wrong_rules() -> Vec<(Value, &'static str)> {
    let rule = |key: &str, value: Value| {
        let mut rule = json!({ "type": ["read"], "allow": "all" });
        rule[key] = value;
        json!([rule])
    };
    let user = |conditions: Value| rule("allow", json!({ "user": conditions }));
    let first = "accessRules[0]";
    let mut rules = Vec::new();
    for wrong in [json!(true), json!("all"), json!(1), json!({}), json!({ "0": { "type": ["read"], "allow": "all" } })]
    {
        rules.push((wrong, "accessRules must be null or an array"));
    }
    for wrong in [json!(null), json!("all"), json!([]), json!(1)] {
        rules.push((json!([wrong]), "accessRules[0] must be an object"));
    }
    rules.push((
        json!(vec![json!({ "type": ["read"], "allow": "all" }); 21]),
        "accessRules must be null or an array of at most 20",
    ));
    for wrong in [
        json!(null),
        json!([]),
        json!("write"),
        json!(["read", "write"]),
        json!("READ"),
        json!([["read"]]),
        json!({}),
        json!(1),
    ] {
        rules.push((rule("type", wrong), "accessRules[0].type must be"));
    }
    for wrong in [
        json!(null),
        json!("nobody"),
        json!("ALL"),
        json!(true),
        json!([]),
        json!({}),
        json!({ "all": true }),
        json!({ "role": 1 }),
    ] {
        rules.push((rule("allow", wrong), "accessRules[0].allow must be"));
    }
    for wrong in [
        json!({ "tokens": ["x"] }),
        json!({ "tokens": [0] }),
        json!({ "tokens": [1.5] }),
        json!({ "tokens": {} }),
        json!({ "tokens": (1..=1001).collect::<Vec<_>>() }),
    ] {
        rules.push((rule("allow", wrong), "accessRules[0].allow.tokens must be"));
    }
    for wrong in [
        json!({}),
        json!([]),
        json!("Admin"),
        json!({ "Role": "Admin" }),
        json!({ "Role": {} }),
        json!({ "Role": { "is": "Admin" } }),
        json!({ "Role": { "equals": null } }),
        json!({ "Role": { "equals": ["Admin"] } }),
        json!({ "Role": { "contains": "" } }),
        json!({ "Role": { "notequals": "{{ user.Role }}" } }),
        json!({ "Role": { "equals": "x".repeat(300) } }),
        json!({ " ": { "equals": "x" } }),
    ] {
        rules.push((user(wrong), "accessRules[0].allow.user"));
    }
    for (key, wrong) in [
        ("enabled", json!("false")),
        ("enabled", json!(null)),
        ("stop", json!(1)),
        ("name", json!(7)),
        ("name", json!("x".repeat(300))),
        ("appId", json!(["x"])),
        ("appId", json!([-1])),
        ("appId", json!({})),
    ] {
        rules.push((rule(key, wrong), first));
    }
    // Passed over, these would let in more than was meant.
    for key in ["Stop", "appid", "TYPE", "Enabled", "Script"] {
        rules.push((rule(key, json!(true)), first));
    }
    rules.push((rule("script", json!("return { granted: true }")), "accessRules[0].script is not supported"));
    let source = json!({ "id": 1, "fileColumn": "File", "where": { "Email": "{{ user.Email }}" } });
    rules.push((rule("allow", json!({ "dataSource": source })), "accessRules[0].allow.dataSource is not supported"));
    rules.push((json!([{ "type": ["read"], "allow": "all" }, { "type": ["read"] }]), "accessRules[1].allow"));
    rules
}

#[test]
fn rules_that_can_not_be_kept() {
    on_each_engine(async |server| {
        let scene = Scene::new(server).await;
        let targets = [
            format!("files/{}/accessRules", scene.file),
            format!("folders/{}/accessRules", scene.outer),
            format!("apps/{}/accessRules", scene.organization.app_id),
            format!("organizations/{}/accessRules", scene.organization.id),
        ];
        let kept = json!({ "accessRules": [{ "type": ["read"], "allow": "loggedIn", "name": "Kept" }] });
        for target in &targets {
            scene.put(target, &kept).await.expect(200);
        }
        let before = scene.seen().await;
        for target in &targets {
            for (rules, words) in wrong_rules() {
                let refused = scene.put(target, &json!({ "accessRules": rules })).await.refused(400);
                assert!(refused.message().starts_with(words), "{words}: {refused}");
            }
            for body in [json!({}), json!({ "rules": [] }), json!({ "accessrules": [] })] {
                assert_eq!(scene.put(target, &body).await.refused(400).json(), sentence("accessRules is required"));
            }
        }
        // Nothing is ever made in a file.
        for kind in [json!("create"), json!(["read", "create"])] {
            let rules = json!({ "accessRules": [{ "type": kind, "allow": "all" }] });
            let refused = scene.put(&targets[0], &rules).await.refused(400);
            assert!(refused.message().starts_with("accessRules[0].type must not hold create"), "{refused}");
        }
        assert_eq!(scene.seen().await, before);
    });
}

#[test]
fn rules_that_let_nobody_in_or_name_nobody() {
    on_each_engine(async |server| {
        let scene = Scene::new(server).await;
        let before = scene.seen().await;
        let (revoked, _) = server.new_token(&scene.organization, TokenKind::App).await;
        server.library.revoke_token(&system(), scene.organization.id, revoked).await.unwrap();
        let others = server.organization("Others").await;
        let (foreign, _) = server.new_token(&others, TokenKind::App).await;
        let tokens = |ids: &[i64]| json!({ "type": ["read", "update"], "allow": { "tokens": ids } });
        let but = |mut rule: Value, key: &str, value: Value| {
            rule[key] = value;
            rule
        };
        let all = json!({ "type": ["read"], "allow": "all" });
        let (nobody, no_token) =
            ("These access rules would let nobody in", "The access rules name a token that does not exist");
        for (rules, words) in [
            (json!([tokens(&[])]), nobody),
            (json!([but(all.clone(), "enabled", json!(false))]), nobody),
            (json!([but(tokens(&[]), "stop", json!(true)), all]), nobody),
            (json!([tokens(&[]), but(all.clone(), "enabled", json!(false))]), nobody),
            (json!([tokens(&[revoked])]), no_token),
            (json!([tokens(&[foreign])]), no_token),
            (json!([tokens(&[999_999]), all]), no_token),
        ] {
            for target in [format!("files/{}", scene.file), format!("apps/{}", scene.organization.app_id)] {
                let put = scene.put(&format!("{target}/accessRules"), &json!({ "accessRules": rules })).await;
                assert_eq!(put.refused(400).json(), sentence(words), "{rules}");
            }
        }
        assert_eq!(scene.seen().await, before);
    });
}

#[test]
fn what_has_no_rules_to_set() {
    on_each_engine(async |server| {
        let scene = Scene::new(server).await;
        let before = scene.seen().await;
        let [foreign_app, foreign_folder, foreign_file] = scene.foreign;
        let app = scene.organization.app_id;
        let body = json!({ "accessRules": [{ "type": ["read"], "allow": "all" }] });
        let (file, folder) = ("File not found", "Media folder not found");
        for (kind, ids, message) in [
            ("files", vec![999_999, foreign_file, i64::from(u32::MAX)], file),
            // Tops of apps are no folders, folders no apps.
            ("folders", vec![999_999, foreign_folder, app, foreign_app], folder),
            ("apps", vec![999_999, foreign_app, scene.outer], folder),
            ("organizations", vec![scene.organization.id + 1000, 1], "Organization not found"),
        ] {
            for id in ids {
                let target = format!("{kind}/{id}/accessRules");
                let asked = scene.ask("GET", &target).send().await.refused(404);
                assert_eq!(asked.message(), message, "{target}");
                assert_eq!(scene.put(&target, &body).await.refused(404).message(), message, "{target}");
            }
        }
        assert_eq!(scene.seen().await, before);
    });
}
