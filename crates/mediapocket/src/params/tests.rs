//! What section 1.3 of the contract says, sentence by sentence, and what apipie's source says where the contract is silent.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use super::{Kind, Param, check, inspect::inspect, optional, required, required_hash};

const CREATE_LINK: &[Param] = &[
    required("expiry_date", Kind::String),
    required("limit", Kind::Integer),
    required_hash("payload", &[required("media_id", Kind::Integer), required("filename", Kind::String)]),
];

const SHARE_LINKS: &[Param] = &[
    optional("message", Kind::String).lenient_blank(),
    required("recipients", Kind::Array),
    optional("shareable_link_ids", Kind::Array).lenient_blank(),
];

const CREATE_ASSET: &[Param] = &[
    required("title", Kind::String),
    optional("tags", Kind::ArrayOfStrings),
    optional("media_type", Kind::OneOf(&["article"])),
    optional("url", Kind::Hash(&[required("file_url", Kind::String), required("filename", Kind::String)])),
];

/// What is said of a body; nothing where it passes.
fn said(params: &[Param], body: &Value) -> String {
    let nothing = Map::new();
    check(params, body.as_object().unwrap_or(&nothing)).err().unwrap_or_default()
}

fn link() -> Value {
    json!({
        "expiry_date": "2023-11-28",
        "limit": 5,
        "payload": {"asset_id": "b5Iix0ul_b2bTnT23Jo-", "filename": "test_file", "media_id": 4},
    })
}

/// What is said of the seed's link with another value at a path.
fn said_of_link_with(path: &str, value: Value) -> String {
    let mut body = link();
    *body.pointer_mut(path).expect("the path is in the seed") = value;
    said(CREATE_LINK, &body)
}

/// What is said of the seed's link with another payload.
fn said_of_payload(payload: Value) -> String {
    said_of_link_with("/payload", payload)
}

/// What is said of a share with one more field.
fn said_of_share_with(name: &str, value: Value) -> String {
    let mut body = json!({"recipients": ["test1@testmail.test"]});
    body[name] = value;
    said(SHARE_LINKS, &body)
}

/// What is said of an asset with one more field.
fn said_of_asset_with(name: &str, value: Value) -> String {
    let mut body = json!({"title": "t"});
    body[name] = value;
    said(CREATE_ASSET, &body)
}

#[test]
fn the_seeds_bodies_pass() {
    assert_eq!(said(CREATE_LINK, &link()), "");
    let mut share = json!({
        "message": "This is an optional test message",
        "recipients": ["test1@testmail.test", "test2@testmail.test"],
        "shareable_link_ids": [2],
    });
    assert_eq!(said(SHARE_LINKS, &share), "");
    share["shareable_link_ids"] = json!(["invalid_id"]);
    assert_eq!(said(SHARE_LINKS, &share), "");
    assert_eq!(said_of_asset_with("media_type", json!("article")), "");
}

#[test]
fn presence_comes_first_and_all_that_is_missing_is_told_in_declared_order() {
    let all = "Missing parameter expiry_date\nMissing parameter limit\nMissing parameter payload";
    assert_eq!(said(CREATE_LINK, &json!({})), all);
    assert_eq!(said(CREATE_LINK, &json!([link()])), all);
    assert_eq!(said(CREATE_LINK, &json!({"payload": {}, "expiry_date": 1})), "Missing parameter limit");
    assert_eq!(said(CREATE_ASSET, &json!({"description": ""})), "Missing parameter title");
    assert_eq!(said(SHARE_LINKS, &json!({"message": 5})), "Missing parameter recipients");
}

#[test]
fn values_come_next_and_the_first_wrong_one_in_declared_order_is_told() {
    let body = json!({"payload": 1, "limit": "5", "expiry_date": 20231128});
    assert_eq!(said(CREATE_LINK, &body), "Invalid parameter 'expiry_date' value 20231128: Must be a String");
    let body = json!({"payload": 1, "limit": "5", "expiry_date": "2023-11-28"});
    assert_eq!(said(CREATE_LINK, &body), "Invalid parameter 'limit' value \"5\": Must be a Integer");
    let body = json!({"payload": 1, "limit": 5, "expiry_date": "2023-11-28"});
    assert_eq!(said(CREATE_LINK, &body), "Invalid parameter 'payload' value 1: Must be a Hash");
}

#[test]
fn unknown_keys_are_ignored() {
    let mut body = link();
    body["project_id"] = json!({"\n": []});
    body["payload"]["more"] = Value::Null;
    assert_eq!(said(CREATE_LINK, &body), "");
}

#[test]
fn what_is_missing_within_goes_by_its_bare_name() {
    assert_eq!(said_of_payload(json!({"filename": "f"})), "Missing parameter media_id");
    let both = "Missing parameter media_id\nMissing parameter filename";
    assert_eq!(said_of_payload(json!({"asset_id": "x"})), both);
    assert_eq!(said_of_asset_with("url", json!({"file_url": "u"})), "Missing parameter filename");
}

#[test]
fn an_object_is_looked_into_when_its_turn_comes() {
    let body = json!({"expiry_date": "2023-11-28", "limit": "5", "payload": {"filename": "f"}});
    assert_eq!(said(CREATE_LINK, &body), "Invalid parameter 'limit' value \"5\": Must be a Integer");
    let body = json!({"expiry_date": "2023-11-28", "payload": {"filename": "f"}});
    assert_eq!(said(CREATE_LINK, &body), "Missing parameter limit");
}

#[test]
fn within_an_object_wrong_values_come_before_missing_ones() {
    let wrong = "Invalid parameter 'filename' value 7: Must be a String";
    assert_eq!(said_of_payload(json!({"filename": 7})), wrong);
    assert_eq!(said_of_payload(json!({"media_id": 4, "filename": 7})), wrong);
    let wrong = "Invalid parameter 'media_id' value \"4\": Must be a Integer";
    assert_eq!(said_of_payload(json!({"media_id": "4"})), wrong);
}

#[test]
fn types_are_strict() {
    for (value, shown) in [
        (json!("5"), "\"5\""),
        (json!(5.0), "5.0"),
        (json!(1.5), "1.5"),
        (json!(true), "true"),
        (json!([1, 2]), "[1, 2]"),
        (json!({"a": 1}), "{\"a\"=>1}"),
        (Value::Null, "nil"),
    ] {
        let wrong = format!("Invalid parameter 'limit' value {shown}: Must be a Integer");
        assert_eq!(said_of_link_with("/limit", value), wrong);
    }
    let wrong = "Invalid parameter 'payload' value [{\"a\"=>1}]: Must be a Hash";
    assert_eq!(said_of_payload(json!([{"a": 1}])), wrong);
    let wrong = "Invalid parameter 'recipients' value \"a@b.test\": Must be an array of any type";
    assert_eq!(said_of_share_with("recipients", json!("a@b.test")), wrong);
    let wrong = "Invalid parameter 'shareable_link_ids' value {\"0\"=>2}: Must be an array of any type";
    assert_eq!(said_of_share_with("shareable_link_ids", json!({"0": 2})), wrong);
    assert_eq!(said_of_share_with("shareable_link_ids", json!([null, {}, [], "x", 1.5])), "");
}

#[test]
fn null_is_wrong_wherever_it_is_sent() {
    assert_eq!(
        said_of_link_with("/expiry_date", Value::Null),
        "Invalid parameter 'expiry_date' value nil: Must be a String"
    );
    assert_eq!(
        said_of_link_with("/payload/media_id", Value::Null),
        "Invalid parameter 'media_id' value nil: Must be a Integer"
    );
    assert_eq!(said_of_share_with("message", Value::Null), "Invalid parameter 'message' value nil: Must be a String");
    let wrong = "Invalid parameter 'shareable_link_ids' value nil: Must be an array of any type";
    assert_eq!(said_of_share_with("shareable_link_ids", Value::Null), wrong);
}

#[test]
fn blank_values_are_wrong_and_not_shown() {
    for value in [json!(""), json!("  "), json!("\u{3000}\n"), json!([]), json!({}), json!(false)] {
        for (path, wrong) in [
            ("/expiry_date", "Invalid parameter 'expiry_date' value nil: Must be a String"),
            ("/limit", "Invalid parameter 'limit' value nil: Must be a Integer"),
            ("/payload", "Invalid parameter 'payload' value nil: Must be a Hash"),
            ("/payload/filename", "Invalid parameter 'filename' value nil: Must be a String"),
        ] {
            assert_eq!(said_of_link_with(path, value.clone()), wrong);
        }
        let wrong = "Invalid parameter 'recipients' value nil: Must be an array of any type";
        assert_eq!(said_of_share_with("recipients", value), wrong);
    }
}

#[test]
fn zero_is_not_blank() {
    for limit in [0, -1, i64::MIN, i64::MAX] {
        assert_eq!(said_of_link_with("/limit", json!(limit)), "");
    }
}

#[test]
fn a_blank_message_counts_as_none() {
    for message in ["", "  ", "\t\n"] {
        assert_eq!(said_of_share_with("message", json!(message)), "");
        let body = json!({"title": message});
        assert_eq!(said(&[required("title", Kind::String).lenient_blank()], &body), "Missing parameter title");
    }
    for message in [json!([]), json!({}), json!(false)] {
        assert_eq!(said_of_share_with("message", message), "Invalid parameter 'message' value nil: Must be a String");
    }
}

#[test]
fn an_empty_list_counts_as_none_where_it_may() {
    assert_eq!(said_of_share_with("shareable_link_ids", json!([])), "");
    for ids in [json!(""), json!({}), json!(false)] {
        let wrong = "Invalid parameter 'shareable_link_ids' value nil: Must be an array of any type";
        assert_eq!(said_of_share_with("shareable_link_ids", ids), wrong);
    }
}

#[test]
fn an_integer_may_have_any_size() {
    for limit in
        ["9223372036854775808", "18446744073709551616", "1000000000000000000000000000000", "-9223372036854775809"]
    {
        let limit = serde_json::from_str(limit).expect("it is a number");
        assert_eq!(said_of_link_with("/limit", limit), "");
    }
    let wrong = "Invalid parameter 'limit' value 1.0e+19: Must be a Integer";
    assert_eq!(said_of_link_with("/limit", json!(1e19)), wrong);
    let wrong = "Invalid parameter 'limit' value -9.223372036854775e+18: Must be a Integer";
    assert_eq!(said_of_link_with("/limit", json!(-9.223_372_036_854_775e18)), wrong);
}

#[test]
fn a_word_has_to_be_in_its_list() {
    let wrong = "Invalid parameter 'media_type' value \"image\": Must be one of: <code>article</code>.";
    assert_eq!(said_of_asset_with("media_type", json!("image")), wrong);
    let wrong = "Invalid parameter 'media_type' value nil: Must be one of: <code>article</code>.";
    assert_eq!(said_of_asset_with("media_type", json!("")), wrong);
    assert_eq!(Kind::OneOf(&["a", "b"]).rule(), "Must be one of: <code>a</code>, <code>b</code>.");
}

#[test]
fn an_array_may_have_to_be_of_texts() {
    assert_eq!(said_of_asset_with("tags", json!(["a", ""])), "");
    let wrong = "Invalid parameter 'tags' value [\"a\", 1, nil]: Must be an array of String";
    assert_eq!(said_of_asset_with("tags", json!(["a", 1, null])), wrong);
    assert_eq!(said_of_asset_with("tags", json!([])), "Invalid parameter 'tags' value nil: Must be an array of String");
}

#[test]
fn the_value_is_not_escaped_for_html() {
    let wrong = "Invalid parameter 'limit' value \"<b>&'\": Must be a Integer";
    assert_eq!(said_of_link_with("/limit", json!("<b>&'")), wrong);
}

#[test]
fn a_table_can_be_read() {
    let lines: Vec<_> = CREATE_ASSET.iter().map(|param| (param.name, param.is_required, param.kind.rule())).collect();
    assert_eq!(lines[0], ("title", true, "Must be a String".to_owned()));
    assert_eq!(lines[1], ("tags", false, "Must be an array of String".to_owned()));
    let Kind::Hash(within) = CREATE_ASSET[3].kind else { panic!("it is a hash") };
    assert_eq!(within[1].name, "filename");
}

/// Each line was printed by Ruby 3.1.
#[test]
fn values_are_shown_as_ruby_shows_them() {
    for (value, shown) in [
        (r#"[null, true, false, 0, -7, 18446744073709551615]"#, "[nil, true, false, 0, -7, 18446744073709551615]"),
        (r#"{"b": 1, "a": {"x": []}, "": {}}"#, r#"{"b"=>1, "a"=>{"x"=>[]}, ""=>{}}"#),
        ("[1.5, 0.0, -0.0, 100000.0, 0.1, -2.5e-7]", "[1.5, 0.0, -0.0, 100000.0, 0.1, -2.5e-07]"),
        ("[1e14, 1e15, 1e20, 1.25e100, 5e-324]", "[100000000000000.0, 1.0e+15, 1.0e+20, 1.25e+100, 5.0e-324]"),
        ("[0.001, 0.0001, 0.00012345, 0.00001]", "[0.001, 0.0001, 0.00012345, 1.0e-05]"),
        ("[1234567890123456.5, 1234567890123456.0]", "[1234567890123456.5, 1.234567890123456e+15]"),
        (r#""\u0000\u0001\u0007\b\t\n\u000b\f\r\u001b\u007f""#, r#""\u0000\u0001\a\b\t\n\v\f\r\e\u007F""#),
        (r##""say \"a\\b\" #x # ##{y} #$z #@w #""##, r##""say \"a\\b\" #x # #\#{y} \#$z \#@w #""##),
        (r#""äß中😀e\u0301\u00a0\u200b\u3000\ue000""#, "\"äß中😀e\u{301}\u{a0}\u{200b}\u{3000}\u{e000}\""),
        (r#""\u0301\u0080\u2028\u0378\uffff""#, "\"\u{301}\\u0080\\u2028\\u0378\\uFFFF\""),
        (r#""\udbff\udfff""#, r#""\u{10FFFF}""#),
    ] {
        let value: Value = serde_json::from_str(value).expect("it is JSON");
        assert_eq!(inspect(&value), shown);
    }
}

/// The one character that Ruby 3.1 shows raw although it ends a line. A later Ruby does not.
#[test]
fn the_next_line_character_is_escaped() {
    assert_eq!(inspect(&json!("\u{85}")), "\"\\u0085\"");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ \t\n\\x00-\\x1f\"#{$@\\\\\u{85}\u{2028}\u{2029}\u{301}]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let name = prop_oneof!["(media_id|filename|asset_id)", any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_body() -> impl Strategy<Value = Map<String, Value>> {
    let name = "(expiry_date|limit|payload|message|recipients|shareable_link_ids|title|tags|media_type|url|other)";
    vec((name, any_value()), 0..8).prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    #[test]
    fn any_body_is_answered(body in any_body()) {
        for table in [CREATE_LINK, SHARE_LINKS, CREATE_ASSET] {
            let Err(said) = check(table, &body) else { continue };
            // More than one line there is only of what is missing.
            let is_missing = |line: &str| line.starts_with("Missing parameter ");
            let is_wrong = said.starts_with("Invalid parameter '") && !said.contains(char::is_control);
            prop_assert!(is_wrong || said.split('\n').all(is_missing), "{said}");
        }
    }

    #[test]
    fn what_passes_has_the_kinds_that_were_asked_for(body in any_body()) {
        if check(SHARE_LINKS, &body).is_ok() {
            prop_assert!(body["recipients"].as_array().is_some_and(|recipients| !recipients.is_empty()));
            prop_assert!(body.get("message").is_none_or(Value::is_string));
            prop_assert!(body.get("shareable_link_ids").is_none_or(Value::is_array));
        }
    }

    #[test]
    fn a_value_is_shown_on_one_line(value in any_value()) {
        let shown = inspect(&value);
        prop_assert!(!shown.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')), "{shown:?}");
    }
}
