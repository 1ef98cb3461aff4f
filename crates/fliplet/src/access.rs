//! Access rules: seeing and setting them. Contract section 2.

use axum::{Json, body::Body, extract::State};
use library::{Actor, FolderKind, Library, Right, Ruled, RulesInForce};
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    bodies,
    error::Refused,
    places,
    rules::{self, Target},
    segments::RuledId,
};

/// The rules of a file, folder, app or organization, and those that hold there.
pub(crate) async fn get_rules(
    State(library): State<Library>,
    Caller(actor): Caller,
    RuledId(target, id): RuledId,
) -> Result<Json<Value>, Refused> {
    let ruled = ruled(&library, &actor, target, id).await.map_err(Refused::while_ruling)?;
    let in_force = library.rules(&actor, ruled).await.map_err(|fault| Refused::from(fault).while_ruling())?;
    Ok(Json(view(&in_force)))
}

/// Sets them; `null` or none takes them away.
pub(crate) async fn put_rules(
    State(library): State<Library>,
    Caller(actor): Caller,
    RuledId(target, id): RuledId,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let ruled = ruled(&library, &actor, target, id).await.map_err(Refused::while_ruling)?;
    // Who may not is told so before anything is said about the body.
    let ruling = |fault: library::Fault| Refused::from(fault).while_ruling();
    library.rules(&actor, ruled).await.map_err(ruling)?;
    let rules = rules::parse(&bodies::object(body).await?, target)?;
    library.set_rules(&actor, ruled, rules).await.map_err(ruling)?;
    Ok(Json(view(&library.rules(&actor, ruled).await.map_err(ruling)?)))
}

/// What the rules are set on, if it is what the path calls it.
async fn ruled(library: &Library, actor: &Actor, target: Target, id: i64) -> Result<Ruled, Refused> {
    Ok(match target {
        Target::File => Ruled::Asset(id),
        Target::Folder => Ruled::Folder(places::media_folder(library, actor, id).await?.id),
        Target::App => Ruled::Folder(places::app(library, actor, id).await?.id),
        Target::Organization => Ruled::Folder(library.root_folder(actor, id, Right::Manage).await?.id),
    })
}

fn view(in_force: &RulesInForce) -> Value {
    let own = in_force.own.as_deref();
    let inherited = in_force.inherited.as_deref();
    let effective = own.or(inherited.map(|governing| governing.rules.as_slice()));
    let inherited_from = inherited.map(|governing| match governing.kind {
        FolderKind::Root => json!({
            "type": "organization",
            "organizationId": in_force.tenant.id,
            "organizationName": in_force.tenant.name,
        }),
        FolderKind::Space => json!({ "type": "app", "appId": governing.folder_id, "appName": governing.name }),
        FolderKind::Plain | FolderKind::Inbox => {
            json!({ "type": "folder", "folderId": governing.folder_id, "folderName": governing.name })
        }
    });
    json!({
        "accessRules": own.map(rules::view),
        "effectiveRules": effective.map_or_else(|| json!([]), rules::view),
        "inheritedFrom": inherited_from,
    })
}
