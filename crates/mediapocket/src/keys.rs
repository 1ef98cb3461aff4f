//! API keys: five characters, a dot and 58 more, letters and digits. Contract section 2; the shapes of their routes are ours.

use axum::{Json, extract::State};
use library::{Fault, Noun, Right, Rights, Token, TokenWish, secret};
use serde_json::{Value, json};

use crate::{
    MediaPocket,
    auth::{Caller, Named, expect},
    bodies::Sent,
    error::Refused,
    params::{Kind, Param, optional},
    url::{number, time},
};

/// What this dialect's keys, links and records are kept under.
pub const REALM: &str = "mediapocket";

const KIND: &str = "api key";
const CREATE: &[Param] = &[optional("name", Kind::String).lenient_blank()];

/// The first five are public: they tell keys apart.
fn new_key() -> String {
    format!("{}.{}", secret(5), secret(58))
}

/// A key to make.
#[must_use]
pub fn api_key_wish(tenant_id: i64, user_id: i64, rights: Rights, folder_id: Option<i64>, name: &str) -> TokenWish {
    TokenWish {
        tenant_id,
        user_id,
        realm: REALM.to_owned(),
        kind: KIND.to_owned(),
        name: name.to_owned(),
        prefix: String::new(),
        rights,
        folder_id,
        call_limit: None,
        secret: Some(new_key()),
        expires_at: None,
    }
}

fn view(token: &Token) -> Value {
    json!({ "id": token.id, "name": token.name, "created_date": time(token.created_at) })
}

/// The caller's own keys, without what opens anything.
pub(crate) async fn list(State(pocket): State<MediaPocket>, Caller(actor): Caller) -> Result<Json<Value>, Refused> {
    expect(&actor, Right::Read)?;
    let keys = pocket.library.own_tokens(&actor).await?;
    Ok(Json(json!({ "api_keys": keys.iter().map(view).collect::<Vec<_>>() })))
}

/// Makes another key for whoever calls; it is told this once.
pub(crate) async fn create(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CREATE)?;
    expect(&actor, Right::Read)?;
    let key = new_key();
    let name = sent.text("name").filter(|name| !name.trim().is_empty()).map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("API key {}", &key[..5]));
    let token = pocket.library.add_own_token(&actor, &name, key.clone()).await?;
    let mut view = view(&token);
    view["key"] = json!(key);
    Ok(Json(json!({ "api_key": view })))
}

/// Takes one of the caller's keys back.
pub(crate) async fn revoke(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    expect(&actor, Right::Read)?;
    let id = number(named.get("key")).ok_or(Fault::NotFound(Noun::Token))?;
    pocket.library.revoke_own_token(&actor, id).await?;
    Ok(Json(json!({ "ok": "ok" })))
}
