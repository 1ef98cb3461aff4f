//! The rules dialog: what is set on an organization, an app, a folder and a file, and what each has from above.

use fliplet::TokenKind;
use serde_json::{Value, json};

use super::{Manager, Things};
use crate::support::json::normal;

impl Manager<'_> {
    pub(super) async fn sets_rules(&self, things: Things) {
        let token = self.names_tokens().await;
        let targets = [
            format!("organizations/{}", self.organization.id),
            format!("apps/{}", self.organization.app_id),
            format!("folders/{}", things.press),
            format!("files/{}", things.note),
        ];
        let froms = [
            json!({ "type": "organization", "organizationId": "<id>", "organizationName": "Acme" }),
            json!({ "type": "app", "appId": "<id>", "appName": "First app" }),
            json!({ "type": "folder", "folderId": "<id>", "folderName": "Press" }),
        ];
        let rules = [
            json!([{ "name": "Everybody", "type": ["read"], "allow": "all" }]),
            json!([{ "type": ["create", "read"], "allow": "loggedIn", "enabled": false }, { "type": ["read"], "allow": "all" }]),
            json!([{ "type": ["delete"], "allow": { "tokens": [token] }, "stop": true, "appId": [self.other_app] }]),
            json!([{ "type": ["update"], "allow": { "user": { "Role": { "equals": "admin" }, "Email": { "contains": "@" } } } }]),
        ];
        let nowhere = json!({ "accessRules": null, "effectiveRules": [], "inheritedFrom": null });
        for target in &targets {
            assert_eq!(self.rules(target).await, nowhere, "{target}");
        }
        // From the top down: each has what lies nearest above, until it has its own.
        for (level, target) in targets.iter().enumerate() {
            let own = whole(&rules[level]);
            let seen = json!({ "accessRules": own, "effectiveRules": own, "inheritedFrom": null });
            assert_eq!(self.set(target, &rules[level]).await, seen, "{target}");
            assert_eq!(self.rules(target).await, seen, "{target}");
            for below in &targets[level + 1..] {
                let from = json!({ "accessRules": null, "effectiveRules": own, "inheritedFrom": froms[level] });
                assert_eq!(self.rules(below).await, from, "{below} below {target}");
            }
        }
        let listing = self.ask("GET", &format!("/v1/media?{}", self.organization.app()), None).await.json();
        assert_eq!(listing["folders"][0]["accessRules"], whole(&rules[2]));
        let note = self.ask("GET", &format!("/v1/media/{}", targets[3]), None).await.json();
        assert_eq!(note["accessRules"], whole(&rules[3]));
        // And from the bottom up they are taken away again; none is as good as null.
        for (level, none) in [json!([]), Value::Null, json!([]), Value::Null].into_iter().enumerate().rev() {
            let target = &targets[level];
            let seen = match level {
                0 => nowhere.clone(),
                _ => json!({
                    "accessRules": null,
                    "effectiveRules": whole(&rules[level - 1]),
                    "inheritedFrom": froms[level - 1],
                }),
            };
            assert_eq!(self.set(target, &none).await, seen, "{target}");
        }
        for target in &targets {
            assert_eq!(self.rules(target).await, nowhere, "{target}");
        }
    }

    /// Tokens can be named in rules, so their list is shown beside them; the id of one that works on the other app.
    async fn names_tokens(&self) -> i64 {
        let organization = crate::support::Organization { app_id: self.other_app, ..self.organization.clone() };
        let (id, secret) = self.server.new_token(&organization, TokenKind::App).await;
        let told = self.ask("GET", "/v1/tokens", None).await.expect(200).json();
        let token = |apps: Value| json!({ "id": "<id>", "name": "Made by a test", "apps": apps });
        let other = json!({ "id": "<id>", "name": "Other app" });
        assert_eq!(normal(&told), json!({ "tokens": [token(json!([])), token(json!([other]))] }));
        assert_eq!(told["tokens"][1]["id"], id);
        assert!(!told.to_string().contains(secret.strip_prefix("eu--").unwrap()));
        id
    }

    async fn set(&self, target: &str, rules: &Value) -> Value {
        self.put(&format!("/v1/media/{target}/accessRules"), json!({ "accessRules": rules })).await
    }

    async fn rules(&self, target: &str) -> Value {
        self.get(&format!("/v1/media/{target}/accessRules")).await
    }
}

/// Rules as they come back: with what was left out.
fn whole(rules: &Value) -> Value {
    let whole = |rule: &Value| {
        let mut rule = rule.clone();
        for (key, default) in [("enabled", true), ("stop", false)] {
            rule.as_object_mut().unwrap().entry(key).or_insert(default.into());
        }
        rule
    };
    rules.as_array().unwrap().iter().map(whole).collect()
}
