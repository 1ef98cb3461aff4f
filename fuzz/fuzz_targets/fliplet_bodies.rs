//! Every JSON body of Fliplet's: nothing panics, what is read is within its bounds, and rules come back as they were meant.
#![no_main]

use fliplet::{
    rules::{self, Target},
    url::{Aggregate, Context, FileChange, FolderChange, Search},
};
use libfuzzer_sys::fuzz_target;
use library::{Access, MAX_RULES};
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let Ok(Value::Object(body)) = serde_json::from_str(text) else { return };
    for on in [Target::File, Target::Folder, Target::App, Target::Organization] {
        try_rules(&body, on);
    }
    if let Ok(change) = FileChange::from_json(&body) {
        for folder in [None, Some(5)] {
            let here = Context { folder, app: Some(2), organization: Some(7) };
            let destination = change.placement.destination(here);
            assert!(destination.is_none() || destination != here.place());
        }
    }
    drop(FolderChange::from_json(&body));
    if let Ok(search) = Search::from_json(&body) {
        assert!((1..=1000).contains(&search.limit) && search.page > 0);
        assert!(search.name.is_none_or(|name| (1..=255).contains(&name.len())));
    }
    if let Ok(aggregate) = Aggregate::from_json(&body) {
        assert!(aggregate.files.len() <= 1000);
        assert!(aggregate.attributes.is_none_or(|names| (1..=100).contains(&names.len())));
    }
    let pairs = body.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    drop(Search::from_pairs(pairs));
});

fn try_rules(body: &Map<String, Value>, on: Target) {
    let Ok(Some(rules)) = rules::parse(body, on) else { return };
    assert!((1..=MAX_RULES).contains(&rules.len()));
    assert!(rules.iter().all(|rule| !rule.types.is_empty()));
    assert!(on != Target::File || rules.iter().all(|rule| !rule.types.contains(&Access::Create)));
    let body = Map::from_iter([("accessRules".to_owned(), rules::view(&rules))]);
    assert_eq!(rules::parse(&body, on).expect("a view is read"), Some(rules));
}
