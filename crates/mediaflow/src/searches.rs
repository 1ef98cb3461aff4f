//! Finding files by a part of their names, titles, descriptions or keywords, in whichever language those are. Contract 1a, 21.

use axum::{Json, body::Body, extract::State};
use library::{Asset, Library, Search};
use serde_json::Value;
use wire::{Base, Query};

use crate::{
    assets::Answer,
    auth::Caller,
    bodies,
    error::Refused,
    types,
    url::{Kinds, Page, parse_page},
    views::FileViews,
};

/// What is ranked: the newest hits.
const RANKED: usize = 1_000;
/// The longest term, in bytes.
const MAX_TERM_BYTES: usize = 1_000;

/// Searches; the best hits first, among equals the newest.
pub(crate) async fn search(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    query: Query,
    body: Body,
) -> Answer {
    let body = bodies::object(body).await?;
    let term = body.get("searchTerm").and_then(Value::as_str);
    let term = term.ok_or_else(|| Refused::bad("The field searchTerm is required and must be a text"))?.trim();
    if term.len() > MAX_TERM_BYTES {
        return Err(Refused::bad("The field searchTerm is too long"));
    }
    let views = FileViews::asked_for(&library, base, &query).await?;
    if term.is_empty() {
        return Ok(Json(Vec::new()));
    }
    let search = Search { name: term.to_owned(), texts: true, limit: RANKED, ..Search::default() };
    let kinds = Kinds::parse(query.get("type"), query.get("processed"));
    let mut found = library.search(&actor, &search).await?.assets;
    found.retain(|asset| asset.version.as_ref().is_some_and(|version| kinds.take(version.media_type.family())));
    // Hits come the newest first, and a sort that is stable leaves equals as they are.
    found.sort_by_cached_key(|asset| rank(asset, term));
    if let Some(Page { number, size }) = parse_page(query.get("page"), query.get("per_page")) {
        let from = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(size).min(found.len());
        found.drain(..from);
        found.truncate(size);
    }
    Ok(Json(views.of(&library, &actor, &found).await?))
}

/// 0 for the very name, then names that begin with the term, those with a word that does, those that it is in, and those of which it is
/// said.
fn rank(asset: &Asset, term: &str) -> u8 {
    let (name, term) = (asset.name.to_lowercase(), term.to_lowercase());
    let begins = |word: &str| word.starts_with(&term);
    match () {
        () if types::stem(&name) == term || name == term => 0,
        () if begins(&name) => 1,
        () if name.split(|c: char| !c.is_alphanumeric()).any(begins) => 2,
        () if name.contains(&term) => 3,
        () => 4,
    }
}
