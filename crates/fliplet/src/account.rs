//! Who asks, and what there is: the user, organizations, apps and tokens, as the clients around the media API read them.

use axum::{Json, extract::State};
use library::{Actor, Fault, Folder, Library, Noun, Right};
use serde_json::{Value, json};

use crate::{
    auth::{Caller, Secret, TokenKind},
    error::Refused,
    places,
    segments::AppId,
    views::Timestamped,
};

/// Roles in an app or organization, as Fliplet numbers them: who may publish, and who may look.
const PUBLISHER: u32 = 1;
const VIEWER: u32 = 3;

/// The user that the token belongs to, and the token once more. The upload agent reads `fullName`.
pub(crate) async fn get_user(Caller(actor): Caller, Secret(secret): Secret) -> Result<Json<Value>, Refused> {
    let (user, token) = actor.user().zip(actor.token()).ok_or(Fault::Unauthenticated)?;
    let kind = (token.kind != TokenKind::Studio.as_str()).then_some(&token.kind);
    let view = json!({
        "id": user.id,
        "email": user.email,
        "fullName": user.full_name,
        "auth_token": secret,
        "type": kind,
        "createdAt": Timestamped(user.created_at),
    });
    Ok(Json(json!({ "user": view })))
}

/// The organizations of the user: one. The upload agent takes the first.
pub(crate) async fn list_organizations(
    State(library): State<Library>,
    Caller(actor): Caller,
) -> Result<Json<Value>, Refused> {
    let tenant = library.own_tenant(&actor).await?;
    let organization = json!({
        "id": tenant.id,
        "name": tenant.name,
        "createdAt": Timestamped(tenant.created_at),
        "organizationUser": { "organizationRoleId": role(&actor) },
    });
    Ok(Json(json!({ "organizations": [organization] })))
}

/// The apps that the token sees.
pub(crate) async fn list_apps(State(library): State<Library>, Caller(actor): Caller) -> Result<Json<Value>, Refused> {
    let mut apps = Vec::new();
    for app in library.spaces(&actor).await? {
        apps.push(app_view(&library, &actor, &app).await?);
    }
    Ok(Json(json!({ "apps": apps })))
}

/// One app. The file manager asks after each change, for how much it stores.
pub(crate) async fn get_app(
    State(library): State<Library>,
    Caller(actor): Caller,
    AppId(id): AppId,
) -> Result<Json<Value>, Refused> {
    let app = places::app(&library, &actor, id).await?;
    if !app.lives() {
        return Err(Fault::NotFound(Noun::Folder).into());
    }
    Ok(Json(json!({ "app": app_view(&library, &actor, &app).await? })))
}

/// The tokens that rules can name. Never their secrets.
pub(crate) async fn list_tokens(State(library): State<Library>, Caller(actor): Caller) -> Result<Json<Value>, Refused> {
    let tokens = library.tokens(&actor, actor.tenant_id()?).await?;
    let apps = library.spaces(&actor).await?;
    let tokens = tokens.iter().filter(|token| token.revoked_at.is_none()).map(|token| {
        let on = apps.iter().filter(|app| token.folder_id == Some(app.id));
        let on: Vec<Value> = on.map(|app| json!({ "id": app.id, "name": app.name })).collect();
        json!({ "id": token.id, "name": token.name, "apps": on })
    });
    Ok(Json(json!({ "tokens": tokens.collect::<Vec<_>>() })))
}

async fn app_view(library: &Library, actor: &Actor, app: &Folder) -> Result<Value, Fault> {
    let stored_bytes = library.space_bytes(actor, app).await?;
    Ok(json!({
        "id": app.id,
        "name": app.name,
        "organizationId": app.tenant_id,
        "icon": null,
        "legacy": false,
        "createdAt": Timestamped(app.created_at),
        "updatedAt": Timestamped(app.updated_at),
        "appUser": { "appRoleId": role(actor) },
        // In kilobytes.
        "metrics": { "storageUsed": stored_bytes.div_ceil(1024) },
        "plan": {},
    }))
}

fn role(actor: &Actor) -> u32 {
    if actor.rights().has(Right::Manage) { PUBLISHER } else { VIEWER }
}
