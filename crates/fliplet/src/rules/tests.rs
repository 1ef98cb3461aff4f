//! The grammar of access rules, by tables and at random.

use proptest::prelude::*;

use super::*;
use crate::url::samples;

fn parsed_on(rules: Value, on: Target) -> Result<Option<Vec<Rule>>, String> {
    let body = json!({ "accessRules": rules });
    parse(body.as_object().expect("an object"), on).map_err(|bad| bad.to_string())
}

/// The one rule that is read from `rule`.
fn parsed(rule: &Value) -> Result<Rule, String> {
    let rules = parsed_on(json!([rule]), Target::Folder)?;
    Ok(rules.and_then(|mut rules| rules.pop()).expect("a rule"))
}

fn everybody_reads() -> Rule {
    Rule { name: None, enabled: true, stop: false, types: vec![Access::Read], spaces: Vec::new(), allow: Allow::All }
}

fn people(conditions: &[(&str, Test, &str)]) -> Allow {
    let condition = |(property, test, value): &(&str, Test, &str)| Condition {
        property: (*property).to_owned(),
        test: *test,
        value: (*value).to_owned(),
    };
    Allow::People(conditions.iter().map(condition).collect())
}

#[test]
fn every_property_of_a_rule_has_its_meaning() {
    let read = everybody_reads;
    let allow = |allow| Rule { allow, ..everybody_reads() };
    let cases = [
        (json!({"type": ["read"], "allow": "all"}), read()),
        (json!({"type": "read", "allow": "all"}), read()),
        (json!({"type": ["read", "read"], "allow": "all", "name": "", "appId": null, "script": null}), read()),
        // What is not known is passed over.
        (json!({"id": 5, "type": ["read"], "allow": "all", "createdAt": "2025", "order": [1], "$key": {}}), read()),
        // What the file manager makes.
        (
            json!({"allow": "loggedIn", "type": ["read", "update", "delete"], "enabled": true, "appId": null}),
            Rule { types: vec![Access::Read, Access::Update, Access::Delete], ..allow(Allow::LoggedIn) },
        ),
        (
            json!({"allow": {"tokens": [42857]}, "type": ["read"], "appId": [], "enabled": false, "stop": true}),
            Rule { enabled: false, stop: true, ..allow(Allow::Tokens(vec![42857])) },
        ),
        (json!({"allow": {"tokens": []}, "type": ["read"]}), allow(Allow::Tokens(vec![]))),
        (json!({"allow": {"tokens": ["7", 8, 7]}, "type": ["read"]}), allow(Allow::Tokens(vec![7, 8]))),
        (json!({"allow": {"tokens": 7, "user": null}, "type": ["read"]}), allow(Allow::Tokens(vec![7]))),
        (
            json!({"allow": "all", "type": ["delete", "create"], "appId": [2, 3], "name": "Staff"}),
            Rule {
                name: Some("Staff".to_owned()),
                types: vec![Access::Delete, Access::Create],
                spaces: vec![2, 3],
                ..read()
            },
        ),
        (json!({"allow": "all", "type": ["read"], "appId": 2}), Rule { spaces: vec![2], ..read() }),
        (json!({"allow": "all", "type": ["read"], "appId": "2"}), Rule { spaces: vec![2], ..read() }),
        // The page's own examples.
        (
            json!({"type": ["read"], "allow": {"user": {"Role": {"equals": "Admin"}}}, "enabled": true}),
            allow(people(&[("Role", Test::Equals, "Admin")])),
        ),
        (
            json!({"type": ["read"], "allow": {"user": {
                "Department": {"equals": "Engineering"}, "Status": {"notequals": "Inactive", "contains": "act"}}}}),
            allow(people(&[
                ("Department", Test::Equals, "Engineering"),
                ("Status", Test::NotEquals, "Inactive"),
                ("Status", Test::Contains, "act"),
            ])),
        ),
        (
            json!({"type": ["read"], "allow": {"user": {
                "Age": {"equals": 42}, "Half": {"equals": 0.5}, "On": {"notequals": true}, "Left": {"equals": ""}}}}),
            allow(people(&[
                ("Age", Test::Equals, "42"),
                ("Half", Test::Equals, "0.5"),
                ("On", Test::NotEquals, "true"),
                ("Left", Test::Equals, ""),
            ])),
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(parsed(&rule), Ok(expected), "{rule}");
    }
}

/// A rule that would be right, but for this.
fn with(key: &str, value: Value) -> Value {
    let mut rule = json!({"type": ["read"], "allow": "all"});
    rule[key] = value;
    rule
}

#[test]
fn a_rule_that_can_not_be_kept_is_refused_in_its_own_words() {
    let (bad_type, bad_allow) = (BAD_TYPE, BAD_ALLOW);
    let cases = [
        (json!("all"), " must be an object"),
        (json!(null), " must be an object"),
        (json!([]), " must be an object"),
        (json!({}), bad_type),
        (with("type", json!([])), bad_type),
        (with("type", json!(null)), bad_type),
        (with("type", json!(["read", "Read"])), bad_type),
        (with("type", json!(["select"])), bad_type),
        (with("type", json!([["read"]])), bad_type),
        (with("type", json!({"read": true})), bad_type),
        (with("type", json!("read,update")), bad_type),
        (json!({"type": ["read"]}), bad_allow),
        (with("allow", json!(null)), bad_allow),
        (with("allow", json!("everybody")), bad_allow),
        (with("allow", json!("loggedin")), bad_allow),
        (with("allow", json!(true)), bad_allow),
        (with("allow", json!(["all"])), bad_allow),
        (with("allow", json!({})), bad_allow),
        (with("allow", json!({"user": null})), bad_allow),
        (with("allow", json!({"role": ["admin"]})), bad_allow),
        (with("allow", json!({"tokens": [1], "user": {"a": {"equals": "b"}}})), bad_allow),
        (with("allow", json!({"tokens": [1], "all": true})), bad_allow),
        (
            with("allow", json!({"dataSource": {"id": 1, "fileColumn": "File"}})),
            ".allow.dataSource is not supported here: use all, loggedIn, user or tokens",
        ),
        (
            with("allow", json!({"dataSource": {}, "tokens": [1]})),
            ".allow.dataSource is not supported here: use all, loggedIn, user or tokens",
        ),
        (with("script", json!("return {};")), ".script is not supported here: use type and allow"),
        (with("script", json!("")), ".script is not supported here: use type and allow"),
        (with("script", json!(false)), ".script is not supported here: use type and allow"),
        (json!({"script": "return {};", "stop": true}), ".script is not supported here: use type and allow"),
        (with("enabled", json!("true")), ".enabled must be true or false"),
        (with("enabled", json!(null)), ".enabled must be true or false"),
        (with("enabled", json!(1)), ".enabled must be true or false"),
        (with("stop", json!(0)), ".stop must be true or false"),
        (with("name", json!(5)), ".name must be text of at most 255 bytes"),
        (with("name", json!("é".repeat(128))), ".name must be text of at most 255 bytes"),
        // Near enough to be meant: passed over, they would let in more.
        (with("Stop", json!(true)), ".Stop must be spelt stop"),
        (with("appID", json!([2])), ".appID must be spelt appId"),
        (with("Enabled", json!(false)), ".Enabled must be spelt enabled"),
    ];
    for (rule, told) in cases {
        assert_eq!(parsed(&rule), Err(format!("accessRules[0]{told}")), "{rule}");
    }
}

#[test]
fn conditions_that_can_not_be_kept_are_refused_in_their_own_words() {
    let cases = [
        (json!(null), BAD_ALLOW),
        (json!({}), BAD_USER),
        (json!([]), BAD_USER),
        (json!("Admin"), BAD_USER),
        (json!({"": {"equals": "a"}}), ".allow.user must name properties of 1 to 255 bytes"),
        (json!({" ": {"equals": "a"}}), ".allow.user must name properties of 1 to 255 bytes"),
        (json!({"a".repeat(256): {"equals": "a"}}), ".allow.user must name properties of 1 to 255 bytes"),
        (json!({"Role": {}}), ".allow.user.Role must hold equals, notequals or contains"),
        (json!({"Role": "Admin"}), ".allow.user.Role must hold equals, notequals or contains"),
        (
            json!({"Role": {"equals": "a", "startsWith": "b"}}),
            ".allow.user.Role must hold equals, notequals or contains, and nothing else",
        ),
        (json!({"Role": {"equals": ["a"]}}), ".allow.user.Role must be compared with text, a number, true or false"),
        (json!({"Role": {"equals": null}}), ".allow.user.Role must be compared with text, a number, true or false"),
        (json!({"Role": {"equals": "a".repeat(256)}}), ".allow.user.Role must be compared with at most 255 bytes"),
        (
            json!({"Email": {"notequals": "{{user.[Email]}}"}}),
            ".allow.user.Email must be compared with plain text: templates in {{ }} are not supported here",
        ),
        (json!({"Role": {"contains": ""}}), ".allow.user.Role must contain something: nothing is part of every text"),
    ];
    for (user, told) in cases {
        let rule = with("allow", json!({ "user": user }));
        assert_eq!(parsed(&rule), Err(format!("accessRules[0]{told}")), "{rule}");
    }
}

#[test]
fn ids_in_a_rule_are_ids_all_of_them() {
    let too_many = (1..=1001).collect::<Value>();
    for ids in [
        too_many,
        json!([0]),
        json!(["x"]),
        json!([null]),
        json!([""]),
        json!(""),
        json!("1,2"),
        json!({}),
        json!([[1]]),
    ] {
        let told = "must be an array of at most 1000 whole numbers from 1 to 4294967295";
        assert_eq!(parsed(&with("appId", ids.clone())), Err(format!("accessRules[0].appId {told}")), "{ids}");
        let tokens = with("allow", json!({ "tokens": ids }));
        assert_eq!(parsed(&tokens), Err(format!("accessRules[0].allow.tokens {told}")), "{ids}");
    }
}

#[test]
fn rules_are_at_most_twenty_and_the_bad_one_is_named() {
    let good = json!({"type": ["read"], "allow": "all"});
    let list = |count: usize| Value::from(vec![good.clone(); count]);
    assert_eq!(parsed_on(list(20), Target::App).map(|rules| rules.map_or(0, |rules| rules.len())), Ok(20));
    assert_eq!(parsed_on(json!(null), Target::App), Ok(None));
    assert_eq!(parsed_on(json!([]), Target::App), Ok(None));
    for rules in [list(21), json!({}), json!("all"), json!(true), json!(0)] {
        let told = "accessRules must be null or an array of at most 20 rules";
        assert_eq!(parsed_on(rules.clone(), Target::Organization), Err(told.to_owned()), "{rules}");
    }
    assert_eq!(parse(&Map::new(), Target::File), Err(BadRules("accessRules is required".to_owned())));
    let fourth = json!([good, good, good, {"type": ["write"], "allow": "all"}]);
    assert_eq!(parsed_on(fourth, Target::Folder), Err(format!("accessRules[3]{BAD_TYPE}")));
    let conditions = |count: usize| (0..count).map(|at| (at.to_string(), json!({"equals": "a"}))).collect::<Value>();
    let user = |count| json!({"type": ["read"], "allow": {"user": conditions(count)}});
    assert!(parsed(&user(20)).is_ok());
    assert_eq!(parsed(&user(21)), Err(format!("accessRules[0]{BAD_USER}")));
}

#[test]
fn nothing_is_made_in_a_file() {
    let rules = json!([{"type": ["read", "create"], "allow": "all"}]);
    let told = "accessRules[0].type must not hold create on a file: only folders can be uploaded to";
    assert_eq!(parsed_on(rules.clone(), Target::File), Err(told.to_owned()));
    for on in [Target::Folder, Target::App, Target::Organization] {
        assert!(parsed_on(rules.clone(), on).is_ok(), "{on:?}");
    }
}

#[test]
fn a_view_has_the_keys_that_clients_read_in_their_order() {
    let rule = json!({
        "stop": true, "appId": "2", "allow": {"user": {"Role": {"equals": 1}, "Email": {"contains": "@", "notequals": ""}}},
        "type": ["read", "create"], "id": 9, "name": "Staff", "enabled": false,
    });
    let shown = view(&[parsed(&rule).expect("a rule"), everybody_reads()]).to_string();
    let expected = concat!(
        r#"[{"name":"Staff","type":["read","create"],"#,
        r#""allow":{"user":{"Role":{"equals":"1"},"Email":{"contains":"@","notequals":""}}},"#,
        r#""enabled":false,"stop":true,"appId":[2]},"#,
        r#"{"type":["read"],"allow":"all","enabled":true,"stop":false}]"#
    );
    assert_eq!(shown, expected);
    assert_eq!(view(&[]), json!([]));
}

const WORDS: &[&str] = &[
    "type",
    "allow",
    "enabled",
    "stop",
    "appId",
    "name",
    "script",
    "user",
    "tokens",
    "dataSource",
    "equals",
    "notequals",
    "contains",
    "all",
    "loggedIn",
    "read",
    "create",
    "update",
    "delete",
    "{{user}}",
];

fn an_allow() -> impl Strategy<Value = Value> {
    let value = prop_oneof![".{0,4}".prop_map(Value::from), any::<i32>().prop_map(Value::from), Just(json!(true))];
    let tests = prop::collection::vec((prop::sample::select(&["equals", "notequals", "contains"]), value), 1..3);
    let tests =
        tests.prop_map(|tests| tests.into_iter().map(|(word, value)| (word.to_owned(), value)).collect::<Value>());
    let user = prop::collection::vec((".{1,4}", tests), 1..4).prop_map(|user| user.into_iter().collect::<Value>());
    prop_oneof![
        1 => Just(json!("all")),
        1 => Just(json!("loggedIn")),
        2 => prop::collection::vec(0..99_u32, 0..4).prop_map(|ids| json!({ "tokens": ids })),
        4 => user.prop_map(|user| json!({ "user": user })),
        1 => samples::json(WORDS),
    ]
}

/// A rule most of which is right.
fn a_rule() -> impl Strategy<Value = Value> {
    let types = prop::collection::vec(prop::sample::select(&["read", "create", "update", "delete"]), 1..5);
    let apps = prop::collection::vec(1..9_u32, 0..3);
    let other = prop::option::weighted(0.2, (prop::sample::select(WORDS), samples::json(WORDS)));
    (types, an_allow(), any::<(bool, bool)>(), apps, other).prop_map(|(types, allow, (enabled, stop), apps, other)| {
        let mut rule = json!({ "type": types, "allow": allow, "enabled": enabled, "stop": stop, "appId": apps });
        if let Some((key, value)) = other {
            rule[key] = value;
        }
        rule
    })
}

proptest! {
    #[test]
    fn what_is_read_comes_back_as_it_was_meant(rules in prop::collection::vec(a_rule(), 1..4)) {
        if let Ok(Some(rules)) = parsed_on(Value::from(rules), Target::Folder) {
            prop_assert_eq!(parsed_on(view(&rules), Target::Folder), Ok(Some(rules)));
        }
    }

    #[test]
    fn any_body_is_read_or_refused(body in samples::body(&["accessRules", "allow", "type", "read", "all"])) {
        match parse(&body, Target::File) {
            Ok(None) => {}
            Ok(Some(rules)) => prop_assert!(rules.iter().all(|rule| !rule.types.contains(&Access::Create))),
            Err(bad) => prop_assert!(bad.to_string().starts_with("accessRules")),
        }
    }
}
