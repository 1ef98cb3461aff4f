//! The people of an account. Not public, so ours.

use axum::{Json, extract::State};
use library::{Fault, Right};
use serde_json::{Value, json};

use crate::{
    MediaPocket,
    auth::{Caller, expect},
    error::Refused,
    views,
};

/// Everybody of the account.
pub(crate) async fn list(State(pocket): State<MediaPocket>, Caller(actor): Caller) -> Result<Json<Value>, Refused> {
    expect(&actor, Right::Read)?;
    let users = pocket.library.own_people(&actor).await?;
    Ok(Json(json!({ "users": users.iter().map(views::user).collect::<Vec<_>>() })))
}

/// Whose the key is.
pub(crate) async fn own(Caller(actor): Caller) -> Result<Json<Value>, Refused> {
    let user = actor.user().ok_or(Fault::Unauthenticated)?;
    Ok(Json(json!({ "user": views::user(user) })))
}
