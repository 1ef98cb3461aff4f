//! Access rules as Fliplet's clients write them, into the library's and back: "Securing your files and folders". It knows
//! their grammar, not who is let in. What it does not know how to keep it refuses, so that no rule lets in more than it says.

use std::{error::Error, fmt, slice};

use library::{Access, Allow, Condition, MAX_RULES, Rule, Test};
use serde_json::{Map, Value, json};

use crate::{
    error::Refused,
    url::{MAX_IDS, parse_json_id},
};

/// The longest name of a rule or property, and the longest value, in bytes.
const MAX_TEXT_BYTES: usize = 255;
/// Most conditions that one rule may hold.
const MAX_CONDITIONS: usize = 20;
/// The keys that mean something. Others are passed over: clients send ids and the like.
const KEYS: &[&str] = &["name", "type", "allow", "enabled", "stop", "appId", "script"];

const ACCESSES: [Access; 4] = [Access::Read, Access::Create, Access::Update, Access::Delete];
const TESTS: [Test; 3] = [Test::Equals, Test::NotEquals, Test::Contains];

const BAD_TYPE: &str = ".type must be one or more of read, create, update and delete";
const BAD_ALLOW: &str = r#".allow must be "all", "loggedIn", {"user": {...}} or {"tokens": [...]}"#;
const BAD_USER: &str = ".allow.user must name 1 to 20 conditions, like {\"Role\": {\"equals\": \"Admin\"}}";

/// What rules are set on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A file, in which nothing can be made.
    File,
    /// A folder.
    Folder,
    /// The top of an app.
    App,
    /// The top of an organization.
    Organization,
}

/// Rules that can not be kept. Its text is a sentence that says which one, and what is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRules(String);

impl fmt::Display for BadRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for BadRules {}

impl From<BadRules> for Refused {
    fn from(bad: BadRules) -> Self {
        Self::saying(bad.0)
    }
}

/// Reads the rules that a body sets: `{"accessRules": [...]}`; `None` for `null` and `[]`, which take them away.
///
/// # Errors
/// When there are none to read, too many, or one that can not be kept as it is meant: scripts, data sources, templates.
pub fn parse(body: &Map<String, Value>, on: Target) -> Result<Option<Vec<Rule>>, BadRules> {
    let rules = match body.get("accessRules") {
        None => return Err(BadRules("accessRules is required".to_owned())),
        Some(Value::Null) => return Ok(None),
        Some(Value::Array(rules)) if rules.len() <= MAX_RULES => rules,
        Some(_) => return Err(BadRules(format!("accessRules must be null or an array of at most {MAX_RULES} rules"))),
    };
    let read = |(index, rule)| read_rule(rule, on).map_err(|why| BadRules(format!("accessRules[{index}]{why}")));
    let rules = rules.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(rules).filter(|rules| !rules.is_empty()))
}

/// Rules as Fliplet's clients read them. What [`parse`] made of a body comes back with the same meaning.
#[must_use]
pub fn view(rules: &[Rule]) -> Value {
    rules.iter().map(view_rule).collect()
}

/// A rule. Errors here and below are the rest of a sentence that begins with which rule it is.
fn read_rule(value: &Value, on: Target) -> Result<Rule, String> {
    let Value::Object(rule) = value else { return Err(" must be an object".to_owned()) };
    expect_spelling(rule)?;
    if given(rule, "script").is_some() {
        return Err(".script is not supported here: use type and allow".to_owned());
    }
    Ok(Rule {
        name: read_name(rule)?,
        enabled: read_flag(rule, "enabled", true)?,
        stop: read_flag(rule, "stop", false)?,
        types: read_types(rule, on)?,
        spaces: given(rule, "appId").map_or(Ok(Vec::new()), |ids| read_ids("appId", ids))?,
        allow: read_allow(rule)?,
    })
}

/// Passing over an `appid` or a `Stop` would let in more than was meant.
fn expect_spelling(rule: &Map<String, Value>) -> Result<(), String> {
    for key in rule.keys() {
        if let Some(known) = KEYS.iter().find(|known| **known != key && known.eq_ignore_ascii_case(key)) {
            return Err(format!(".{key} must be spelt {known}"));
        }
    }
    Ok(())
}

fn read_name(rule: &Map<String, Value>) -> Result<Option<String>, String> {
    match given(rule, "name") {
        None => Ok(None),
        Some(Value::String(name)) if name.len() <= MAX_TEXT_BYTES => Ok(Some(name.clone()).filter(|n| !n.is_empty())),
        Some(_) => Err(format!(".name must be text of at most {MAX_TEXT_BYTES} bytes")),
    }
}

/// Not even `null` passes for a flag: to some it means off, to others unset.
fn read_flag(rule: &Map<String, Value>, name: &str, default: bool) -> Result<bool, String> {
    match rule.get(name) {
        None => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(format!(".{name} must be true or false")),
    }
}

fn read_types(rule: &Map<String, Value>, on: Target) -> Result<Vec<Access>, String> {
    let words = match rule.get("type") {
        Some(Value::Array(words)) => words.as_slice(),
        Some(word) => slice::from_ref(word),
        None => &[],
    };
    let mut types = Vec::new();
    for word in words {
        let known = ACCESSES.into_iter().find(|access| word.as_str() == Some(word_of_access(*access)));
        let access = known.ok_or(BAD_TYPE)?;
        if access == Access::Create && on == Target::File {
            return Err(".type must not hold create on a file: only folders can be uploaded to".to_owned());
        }
        if !types.contains(&access) {
            types.push(access);
        }
    }
    if types.is_empty() { Err(BAD_TYPE.to_owned()) } else { Ok(types) }
}

fn read_allow(rule: &Map<String, Value>) -> Result<Allow, String> {
    let allow = match rule.get("allow") {
        Some(Value::String(word)) if word == "all" => return Ok(Allow::All),
        Some(Value::String(word)) if word == "loggedIn" => return Ok(Allow::LoggedIn),
        Some(Value::Object(allow)) => allow,
        Some(_) | None => return Err(BAD_ALLOW.to_owned()),
    };
    if given(allow, "dataSource").is_some() {
        return Err(".allow.dataSource is not supported here: use all, loggedIn, user or tokens".to_owned());
    }
    let mut ways = allow.iter().filter(|(_, value)| !value.is_null());
    match (ways.next(), ways.next()) {
        (Some((way, conditions)), None) if way == "user" => read_conditions(conditions).map(Allow::People),
        (Some((way, ids)), None) if way == "tokens" => read_ids("allow.tokens", ids).map(Allow::Tokens),
        _ => Err(BAD_ALLOW.to_owned()),
    }
}

/// `{"Role": {"equals": "Admin"}, …}`: all of it must be true. None at all would let in everybody who is signed in.
fn read_conditions(value: &Value) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (property, tests) in value.as_object().ok_or(BAD_USER)? {
        if property.trim().is_empty() || property.len() > MAX_TEXT_BYTES {
            return Err(format!(".allow.user must name properties of 1 to {MAX_TEXT_BYTES} bytes"));
        }
        let at = |why: &str| format!(".allow.user.{property} {why}");
        let tests = tests.as_object().filter(|tests| !tests.is_empty());
        for (word, value) in tests.ok_or_else(|| at("must hold equals, notequals or contains"))? {
            let test = TESTS.into_iter().find(|test| word == word_of_test(*test));
            let test = test.ok_or_else(|| at("must hold equals, notequals or contains, and nothing else"))?;
            let value = read_value(value, test).map_err(at)?;
            conditions.push(Condition { property: property.clone(), test, value });
        }
    }
    if conditions.is_empty() || conditions.len() > MAX_CONDITIONS { Err(BAD_USER.to_owned()) } else { Ok(conditions) }
}

fn read_value(value: &Value, test: Test) -> Result<String, &'static str> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err("must be compared with text, a number, true or false");
        }
    };
    if text.len() > MAX_TEXT_BYTES {
        return Err("must be compared with at most 255 bytes");
    }
    // As plain text it would differ from everything, so that `notequals` would let in everybody.
    if text.contains("{{") {
        return Err("must be compared with plain text: templates in {{ }} are not supported here");
    }
    if text.is_empty() && test == Test::Contains {
        return Err("must contain something: nothing is part of every text");
    }
    Ok(text)
}

/// Ids in an array, or one alone. Unlike elsewhere, none of them may be empty: a rule for no app is a rule for all.
fn read_ids(name: &'static str, value: &Value) -> Result<Vec<i64>, String> {
    let bad = || format!(".{name} must be an array of at most {MAX_IDS} whole numbers from 1 to 4294967295");
    let values = match value {
        Value::Array(values) if values.len() <= MAX_IDS => values.as_slice(),
        Value::Array(_) => return Err(bad()),
        one => slice::from_ref(one),
    };
    let mut ids = Vec::new();
    for value in values {
        let id = parse_json_id(name, value).ok().flatten().map(i64::from).ok_or_else(bad)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn given<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

fn view_rule(rule: &Rule) -> Value {
    let mut view = Map::new();
    if let Some(name) = &rule.name {
        view.insert("name".to_owned(), json!(name));
    }
    let types: Vec<_> = rule.types.iter().map(|access| word_of_access(*access)).collect();
    view.insert("type".to_owned(), json!(types));
    view.insert("allow".to_owned(), view_allow(&rule.allow));
    view.insert("enabled".to_owned(), json!(rule.enabled));
    view.insert("stop".to_owned(), json!(rule.stop));
    if !rule.spaces.is_empty() {
        view.insert("appId".to_owned(), json!(rule.spaces));
    }
    Value::Object(view)
}

fn view_allow(allow: &Allow) -> Value {
    match allow {
        Allow::All => json!("all"),
        Allow::LoggedIn => json!("loggedIn"),
        Allow::Tokens(ids) => json!({ "tokens": ids }),
        Allow::People(conditions) => {
            let mut user = json!({});
            for condition in conditions {
                user[&condition.property][word_of_test(condition.test)] = json!(condition.value);
            }
            json!({ "user": user })
        }
    }
}

const fn word_of_access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Create => "create",
        Access::Update => "update",
        Access::Delete => "delete",
    }
}

const fn word_of_test(test: Test) -> &'static str {
    match test {
        Test::Equals => "equals",
        Test::NotEquals => "notequals",
        Test::Contains => "contains",
    }
}

#[cfg(test)]
mod tests;
