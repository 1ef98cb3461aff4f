//! Collections: assets across projects. Contract section 1.2; how assets get into one is not public, so that is ours.

use axum::{Json, extract::State};
use library::{Actor, Collection, CollectionWish, Fault, Noun};
use serde_json::{Value, json};

use crate::{
    MediaPocket,
    assets::{asset_of, find, named_by, some, tags_of, title_of},
    auth::{Caller, Named},
    bodies::Sent,
    details::Details,
    error::Refused,
    params::{Kind, Param, optional, required},
    url::number,
    views,
};

const CREATE: &[Param] = &[
    required("title", Kind::String),
    optional("description", Kind::String).lenient_blank(),
    optional("category", Kind::String).lenient_blank(),
    optional("tags", Kind::ArrayOfStrings),
];
const UPDATE: &[Param] = &[
    optional("title", Kind::String),
    optional("description", Kind::String).lenient_blank(),
    optional("category", Kind::String).lenient_blank(),
    optional("tags", Kind::ArrayOfStrings),
];
const PUT_IN: &[Param] = &[required("asset_ids", Kind::Array)];
const LET_IN: &[Param] = &[required("user_ids", Kind::Array)];

fn id_of(named: &Named) -> Result<i64, Fault> {
    number(named.get("id")).ok_or(Fault::NotFound(Noun::Collection))
}

async fn found(pocket: &MediaPocket, actor: &Actor, named: &Named) -> Result<Collection, Refused> {
    Ok(pocket.library.collection(actor, id_of(named)?).await?)
}

async fn answer(pocket: &MediaPocket, actor: &Actor, collection: &Collection) -> Result<Json<Value>, Refused> {
    Ok(Json(json!({ "collection": views::collection(&pocket.library, actor, collection).await? })))
}

/// The collections that the caller sees.
pub(crate) async fn list(State(pocket): State<MediaPocket>, Caller(actor): Caller) -> Result<Json<Value>, Refused> {
    let found = pocket.library.collections(&actor).await?;
    Ok(Json(json!({ "collections": views::collections(&pocket.library, &actor, &found).await? })))
}

/// The collections that an asset is in.
pub(crate) async fn of_asset(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    let found = pocket.library.collections_of_entry(&actor, asset.id).await?;
    Ok(Json(json!({ "collections": views::collections(&pocket.library, &actor, &found).await? })))
}

/// Makes a collection that only its owner sees.
pub(crate) async fn create(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CREATE)?;
    let details = Details {
        category: some(sent.text("category")).map(|category| category.to_lowercase()),
        tags: tags_of(&sent),
        ..Details::default()
    };
    let wish =
        CollectionWish { title: title_of(&sent)?, description: some(sent.text("description")), body: text(&details) };
    let made = pocket.library.create_collection(&actor, wish).await?;
    answer(&pocket, &actor, &made).await
}

fn text(details: &Details) -> String {
    serde_json::to_string(details).expect("details are plain data")
}

/// One collection.
pub(crate) async fn one(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let collection = found(&pocket, &actor, &named).await?;
    answer(&pocket, &actor, &collection).await
}

/// Says something else of a collection; what is not sent stays.
pub(crate) async fn update(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(UPDATE)?;
    let was = found(&pocket, &actor, &named).await?;
    let mut details: Details = serde_json::from_str(&was.body).unwrap_or_default();
    if sent.value("category").is_some() {
        details.category = some(sent.text("category")).map(|category| category.to_lowercase());
    }
    if sent.value("tags").is_some() {
        details.tags = tags_of(&sent);
    }
    let wish = CollectionWish {
        title: if sent.value("title").is_some() { title_of(&sent)? } else { was.title.clone() },
        description: match sent.value("description") {
            Some(_) => some(sent.text("description")),
            None => was.description.clone(),
        },
        body: text(&details),
    };
    let changed = pocket.library.describe_collection(&actor, was.id, wish).await?;
    answer(&pocket, &actor, &changed).await
}

/// Ends a collection; its assets stay.
pub(crate) async fn remove(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    pocket.library.delete_collection(&actor, id_of(&named)?).await?;
    Ok(Json(json!({ "ok": "ok" })))
}

/// What is in a collection.
pub(crate) async fn content(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let assets = pocket.library.collected_entries(&actor, id_of(&named)?).await?;
    Ok(Json(json!({ "assets": views::assets(&pocket.library, &actor, &assets).await? })))
}

/// Puts assets in a collection.
pub(crate) async fn put_in(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(PUT_IN)?;
    let collection = found(&pocket, &actor, &named).await?;
    let mut ids = Vec::new();
    for value in sent.list("asset_ids") {
        ids.push(find(&pocket, &actor, &named_by(value)).await.map_err(Refused::of_named)?.id);
    }
    pocket.library.change_collection(&actor, collection.id, (&ids, &[])).await.map_err(Refused::of_named)?;
    let collection = found(&pocket, &actor, &named).await?;
    answer(&pocket, &actor, &collection).await
}

/// Takes an asset out of a collection.
pub(crate) async fn take_out(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let collection = found(&pocket, &actor, &named).await?;
    let asset = find(&pocket, &actor, named.get("asset")).await?;
    pocket.library.change_collection(&actor, collection.id, (&[], &[asset.id])).await?;
    Ok(Json(json!({ "ok": "ok" })))
}

/// Shows a collection to everybody of the account.
pub(crate) async fn publish(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    show(&pocket, &actor, &named, true).await
}

/// Shows a collection to its owner and those who were let in, and nobody else.
pub(crate) async fn hide(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    show(&pocket, &actor, &named, false).await
}

async fn show(pocket: &MediaPocket, actor: &Actor, named: &Named, public: bool) -> Result<Json<Value>, Refused> {
    match pocket.library.publish_collection(actor, id_of(named)?, public).await {
        Ok(()) => Ok(Json(json!({ "is_public": public }))),
        Err(Fault::Conflict(_)) if public => Err(Refused::bad("Collection is public already")),
        Err(Fault::Conflict(_)) => Err(Refused::bad("Collection is private already")),
        Err(fault) => Err(fault.into()),
    }
}

/// Everybody who sees a collection.
pub(crate) async fn all_users(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let collection = found(&pocket, &actor, &named).await?;
    let users = match collection.is_public {
        true => pocket.library.own_people(&actor).await?,
        false => pocket.library.collection_users(&actor, collection.id).await?,
    };
    Ok(Json(json!({ "users": users.iter().map(views::user).collect::<Vec<_>>() })))
}

/// The owner of a collection, and those who were let in.
pub(crate) async fn users(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let users = pocket.library.collection_users(&actor, id_of(&named)?).await?;
    Ok(Json(json!({ "users": users.iter().map(views::user).collect::<Vec<_>>() })))
}

/// Lets people of the account see a collection.
pub(crate) async fn let_in(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(LET_IN)?;
    let collection = found(&pocket, &actor, &named).await?;
    let ids: Option<Vec<i64>> = sent.list("user_ids").iter().map(Value::as_i64).collect();
    let ids = ids.ok_or_else(|| Refused::bad("user not found"))?;
    pocket.library.share_collection(&actor, collection.id, (&ids, &[])).await.map_err(Refused::of_named)?;
    let users = pocket.library.collection_users(&actor, collection.id).await?;
    Ok(Json(json!({ "users": users.iter().map(views::user).collect::<Vec<_>>() })))
}
