//! The recorded exchanges of the reference server, sent again in their order. In strict mode the answers are its own; by
//! default they are the ones that the contract chose, each difference of which is in a table by name.

mod compare;
mod differences;
mod expected;
mod left_out;
mod requests;
mod setups;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use serde_json::Value;

use self::{
    differences::{Change, DIFFERENCES},
    left_out::LEFT_OUT,
    setups::Stage,
};
use crate::support::{Server, on_each_engine_with};

const RECORD: &str = include_str!("vectors/flextype-vectors.json");
/// How many exchanges the record holds, and how many of them show what no library of ours can hold.
const EXCHANGES: usize = 239;
const SKIPPED: usize = 2;

/// Which answers are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Those of the reference server.
    Strict,
    /// Those that a server without further settings gives.
    Default,
}

/// The exchanges by their names.
type Exchanges<'r> = HashMap<&'r str, &'r Value>;

/// What happens under the same settings.
#[derive(Default)]
struct Act<'r> {
    /// The line of the reference server's settings that is changed; empty for none.
    setting: &'r str,
    /// What made the state that it begins with.
    before: Vec<&'r Value>,
    entries: Vec<&'r Value>,
}

#[test]
fn strict_answers_are_those_of_the_reference_server() {
    replay(Mode::Strict);
}

#[test]
fn default_answers_are_those_of_the_contract() {
    replay(Mode::Default);
}

fn replay(mode: Mode) {
    let record: Value = serde_json::from_str(RECORD).unwrap();
    let entries = record["entries"].as_array().unwrap();
    let named = entries.iter().filter_map(|entry| Some((entry["name"].as_str()?, entry)));
    let exchanges: Exchanges<'_> = named.collect();
    assert_eq!(exchanges.len(), EXCHANGES);
    assert_tables_fit(&exchanges);
    let (ran, wrong) = (RefCell::new(BTreeSet::new()), RefCell::new(Vec::new()));
    for act in acts(entries) {
        let set = |settings: &mut mediary::Settings| {
            settings.flextype.strict = mode == Mode::Strict;
            set_as(settings, act.setting);
        };
        on_each_engine_with(set, async |server| {
            let played = play(server, &act, &exchanges, mode).await;
            for (name, difference) in played {
                ran.borrow_mut().insert(name);
                wrong.borrow_mut().extend(difference);
            }
        });
    }
    let (ran, wrong) = (ran.into_inner(), wrong.into_inner());
    assert!(wrong.is_empty(), "{} answers differ:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert_eq!(ran.len(), EXCHANGES - SKIPPED);
}

/// Panics if a table names what the record does not hold.
fn assert_tables_fit(exchanges: &Exchanges<'_>) {
    for name in LEFT_OUT.iter().map(|(name, _)| name).chain(DIFFERENCES.iter().map(|known| &known.name)) {
        assert!(exchanges.contains_key(name), "{name} is not in the record");
    }
    let mut skipped = 0;
    for known in DIFFERENCES {
        if let Change::Skipped(reason) = known.change {
            eprintln!("{} is not asked: {reason}", known.name);
            skipped += 1;
        }
    }
    assert_eq!(skipped, SKIPPED);
}

/// The record cut where settings change. What asks for nothing is left out.
fn acts(entries: &[Value]) -> Vec<Act<'_>> {
    let mut acts = Vec::new();
    let mut act = Act::default();
    // What was made since the tree was last emptied.
    let mut made: Vec<&Value> = Vec::new();
    for entry in entries {
        match entry["setup"].as_str() {
            Some("setting") => {
                let setting = entry["with"].as_str().unwrap_or_default();
                acts.push(std::mem::replace(&mut act, Act { setting, before: made.clone(), entries: Vec::new() }));
                continue;
            }
            Some("rmtree") if entry["path"] == "media" => made = vec![entry],
            Some(_) => made.push(entry),
            None => {}
        }
        act.entries.push(entry);
    }
    acts.push(act);
    acts.retain(|act| act.entries.iter().any(|entry| entry["name"].is_string()));
    acts
}

/// Sets what a line of the reference server's settings says.
fn set_as(settings: &mut mediary::Settings, line: &str) {
    match line.trim() {
        "" => {}
        "url: 'https://localhost:8888/flextype'" => settings.public_url = "https://localhost:8888".to_owned(),
        "max_image_width: 100" => settings.flextype.max_image_width_px = 100,
        other => panic!("no exchange needs the setting {other:?}"),
    }
}

/// Plays an act: the name of each exchange that ran, and how its answer differs from what is wanted.
async fn play<'r>(
    server: &Server,
    act: &Act<'r>,
    exchanges: &Exchanges<'r>,
    mode: Mode,
) -> Vec<(&'r str, Option<String>)> {
    let mut stage = Stage::new(server).await;
    for step in &act.before {
        stage.set(step).await;
    }
    let mut played = Vec::new();
    for entry in &act.entries {
        let Some(name) = entry["name"].as_str() else {
            stage.set(entry).await;
            continue;
        };
        stage.make_tokens().await;
        for step in LEFT_OUT.iter().filter(|(before, _)| *before == name).flat_map(|(_, steps)| *steps) {
            left_out::bring_about(stage.site(), step).await;
        }
        let Some(wanted) = expected::of(name, exchanges, mode) else { continue };
        let answer = requests::ask(stage.site(), &entry["request"]).send().await;
        let difference = compare::difference(&wanted, &answer, mode);
        played.push((name, difference.map(|told| format!("{name}: {told}\n{answer}"))));
    }
    played
}
