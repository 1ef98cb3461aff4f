//! The arrows between the crates, read from their manifests: one that goes up or sideways does not land.

use std::{collections::BTreeSet, fs, path::PathBuf};

/// Each crate and what it may build on.
const ARROWS: &[(&str, &[&str])] = &[
    ("content", &[]),
    ("seal", &["content"]),
    ("store", &["content", "seal"]),
    ("media", &["content"]),
    ("outbound", &["content"]),
    ("scan", &["content"]),
    ("library", &["content", "media", "outbound", "scan", "store"]),
    ("wire", &["content"]),
    ("fliplet", &["content", "library", "wire"]),
    ("mediaflow", &["content", "library", "wire"]),
    ("flextype", &["content", "library", "wire"]),
    ("botdoc", &["content", "library", "wire"]),
    ("mediapocket", &["content", "library", "wire"]),
    ("server", &["botdoc", "flextype", "fliplet", "library", "media", "mediaflow", "mediapocket", "store", "wire"]),
];

/// What a crate may not name among the crates of others, by its floor.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("content", &["axum", "http", "hyper", "object_store", "serde", "serde_json", "sqlx", "tokio"]),
    ("store", &["axum", "http", "hyper"]),
    ("media", &["axum", "http", "hyper", "object_store", "serde_json", "sqlx"]),
    ("library", &["axum", "http", "hyper", "object_store", "serde", "serde_json", "sqlx"]),
    ("wire", &["object_store", "sqlx"]),
    ("fliplet", &["object_store", "sqlx"]),
    ("mediaflow", &["object_store", "sqlx"]),
    ("flextype", &["object_store", "sqlx"]),
    ("botdoc", &["object_store", "reqwest", "lettre", "sqlx"]),
    ("mediapocket", &["object_store", "reqwest", "lettre", "sqlx"]),
    ("outbound", &["axum", "object_store", "sqlx"]),
    ("seal", &["axum", "http", "hyper", "object_store", "serde", "sqlx", "tokio"]),
    ("scan", &["axum", "http", "hyper", "object_store", "reqwest", "sqlx"]),
];

fn crates() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let tables = ["dependencies", "build-dependencies"].iter().filter_map(|table| manifest.get(*table)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn every_crate_has_its_floor() {
    let found: BTreeSet<_> = fs::read_dir(crates()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let known = ARROWS.iter().map(|(name, _)| (*name).into()).collect();
    assert_eq!(found, known);
}

#[test]
fn arrows_go_down() {
    let ours: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (name, allowed) in ARROWS {
        let used: BTreeSet<_> = dependencies(name).intersection(&ours).cloned().collect();
        let allowed: BTreeSet<_> = allowed.iter().map(|name| (*name).to_owned()).collect();
        assert!(used.is_subset(&allowed), "{name} builds on {used:?} and may on {allowed:?}");
    }
}

#[test]
fn floors_keep_to_their_subject() {
    for (name, forbidden) in FORBIDDEN {
        let used = dependencies(name);
        let wrong: Vec<_> = forbidden.iter().filter(|other| used.contains(**other)).collect();
        assert!(wrong.is_empty(), "{name} builds on {wrong:?}");
    }
}
