//! What a client asks about itself and the customer: formats, marks, modules, players. Contract 1a, 22 to 26.

use std::sync::Arc;

use axum::{Json, extract::State};
use library::Library;
use serde_json::json;
use wire::Query;

use crate::{
    Config,
    assets::Answer,
    auth::Caller,
    error::Refused,
    forms,
    url::{is_english, parse_fields},
    views::picked,
};

/// Colour marks by their numbers, in Swedish and English; 0 is none.
const MARKS: &[(&str, &str)] = &[
    ("Ingen", "None"),
    ("Röd", "Red"),
    ("Orange", "Orange"),
    ("Gul", "Yellow"),
    ("Grön", "Green"),
    ("Blå", "Blue"),
    ("Lila", "Purple"),
];

/// The sizes in which files are offered.
pub(crate) async fn formats(State(config): State<Arc<Config>>, Caller(_): Caller, query: Query) -> Answer {
    let fields = parse_fields(query.get("fields"));
    Ok(Json(forms::offered(&config).map(|offered| picked(offered.view(), &fields)).collect()))
}

/// The colours that files can be marked with.
pub(crate) async fn marks(Caller(_): Caller, query: Query) -> Answer {
    let english = is_english(query.get("locale"));
    let view = |(mark, (swedish, name)): (usize, &(&str, &str))| json!({ "mark": mark, "name": if english { name } else { swedish } });
    Ok(Json(MARKS.iter().enumerate().map(view).collect()))
}

/// The customer, and the modules that they have: none of those that clients know.
pub(crate) async fn own_modules(Caller(actor): Caller) -> Answer {
    Ok(Json(vec![json!({ "customerId": actor.tenant_id()?, "activeModules": [] })]))
}

/// Whom the token acts as.
pub(crate) async fn me(State(library): State<Library>, Caller(actor): Caller) -> Answer {
    let tenant = library.own_tenant(&actor).await?;
    let user = actor.user().ok_or_else(Refused::bad_token)?;
    let view = json!({
        "id": user.id,
        "name": user.full_name,
        "email": user.email,
        "customerId": tenant.id,
        "customerName": tenant.name,
        "activeModules": [],
    });
    Ok(Json(vec![view]))
}

/// The looks of players: one.
pub(crate) async fn themes(Caller(_): Caller) -> Answer {
    let theme = json!({ "themeId": 1, "name": "Standard", "isDefault": true, "settings": { "autoPlay": false } });
    Ok(Json(vec![theme]))
}
