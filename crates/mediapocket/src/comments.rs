//! Comments on assets and projects, as records of the library. Contract section 1.2.

use axum::{Json, extract::State};
use library::{Actor, Fault, Library, Noun, Record, RecordWish, Right};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    MediaPocket, REALM,
    assets::asset_of,
    auth::{Caller, Named},
    bodies::Sent,
    error::Refused,
    params::{Kind, Param, required},
    projects::project_of,
    url::{number, time},
    views,
};

const COMMENT: &str = "comment";
const WRITE: &[Param] = &[required("comment", Kind::String)];

/// What is kept of a comment.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Comment {
    message: String,
    user: i64,
}

/// What comments are about.
enum Subject {
    Asset(Box<library::Asset>),
    Project(Box<library::Folder>),
}

impl Subject {
    async fn comments(&self, library: &Library, actor: &Actor) -> Result<Vec<Record>, Fault> {
        match self {
            Self::Asset(asset) => {
                library.records_of_assets(actor, std::slice::from_ref(&**asset), (REALM, COMMENT)).await
            }
            Self::Project(folder) => {
                library.records_of_folders(actor, std::slice::from_ref(&**folder), (REALM, COMMENT)).await
            }
        }
    }

    async fn comment(&self, library: &Library, actor: &Actor, named: &Named) -> Result<Record, Fault> {
        let id = number(named.get("comment"));
        let found = self.comments(library, actor).await?.into_iter().find(|record| Some(record.id) == id);
        found.ok_or(Fault::NotFound(Noun::Record))
    }
}

async fn view(library: &Library, actor: &Actor, records: &[Record]) -> Result<Vec<Value>, Fault> {
    let read = |record: &Record| serde_json::from_str::<Comment>(&record.body).ok();
    let comments: Vec<_> = records.iter().filter_map(|record| Some((record, read(record)?))).collect();
    let people = library.people(actor, &comments.iter().map(|(_, comment)| comment.user).collect::<Vec<_>>()).await?;
    let view = |(record, comment): &(&Record, Comment)| {
        json!({
            "id": record.id,
            "message": comment.message,
            "updated_at": time(record.updated_at),
            "user": people.get(&comment.user).map(views::user),
            "mentioned_users": [],
        })
    };
    Ok(comments.iter().map(view).collect())
}

async fn list(pocket: &MediaPocket, actor: &Actor, subject: Subject) -> Result<Json<Value>, Refused> {
    let records = subject.comments(&pocket.library, actor).await?;
    Ok(Json(json!({ "comments": view(&pocket.library, actor, &records).await? })))
}

async fn answer(pocket: &MediaPocket, actor: &Actor, record: &Record) -> Result<Json<Value>, Refused> {
    let mut views = view(&pocket.library, actor, std::slice::from_ref(record)).await?;
    Ok(Json(json!({ "comment": views.pop() })))
}

async fn create(pocket: &MediaPocket, actor: &Actor, subject: Subject, text: &str) -> Result<Json<Value>, Refused> {
    let user = actor.user().ok_or(Fault::Unauthenticated)?.id;
    let (asset_id, folder_id) = match &subject {
        Subject::Asset(asset) => (Some(asset.id), None),
        Subject::Project(folder) => (None, Some(folder.id)),
    };
    let body = body(&Comment { message: text.to_owned(), user });
    if !actor.rights().has(Right::Create) {
        return Err(Fault::Denied.into());
    }
    let wish = RecordWish { realm: REALM, kind: COMMENT, asset_id, folder_id, body, ..RecordWish::default() };
    let record = pocket.library.add_record(actor, wish).await?;
    answer(pocket, actor, &record).await
}

async fn one(pocket: &MediaPocket, actor: &Actor, subject: Subject, named: &Named) -> Result<Json<Value>, Refused> {
    let record = subject.comment(&pocket.library, actor, named).await?;
    answer(pocket, actor, &record).await
}

async fn update(
    pocket: &MediaPocket,
    actor: &Actor,
    subject: Subject,
    (named, text): (&Named, &str),
) -> Result<Json<Value>, Refused> {
    let record = subject.comment(&pocket.library, actor, named).await?;
    let comment = own(actor, &record, Right::Update)?;
    let body = body(&Comment { message: text.to_owned(), ..comment });
    if !pocket.library.exchange_record(actor, &record, &body).await? {
        return Err(Refused::bad("Comment was changed meanwhile"));
    }
    let record = subject.comment(&pocket.library, actor, named).await?;
    answer(pocket, actor, &record).await
}

async fn remove(pocket: &MediaPocket, actor: &Actor, subject: Subject, named: &Named) -> Result<Json<Value>, Refused> {
    let record = subject.comment(&pocket.library, actor, named).await?;
    own(actor, &record, Right::Delete)?;
    pocket.library.delete_record(actor, &record).await?;
    Ok(Json(json!({ "ok": "ok" })))
}

/// A comment is for its author to change, and for who runs the account.
fn own(actor: &Actor, record: &Record, right: Right) -> Result<Comment, Fault> {
    let comment: Comment = serde_json::from_str(&record.body).map_err(|_| Fault::NotFound(Noun::Record))?;
    let is_own = actor.user().is_some_and(|user| user.id == comment.user) && actor.rights().has(right);
    if is_own || actor.rights().has(Right::Manage) { Ok(comment) } else { Err(Fault::Denied) }
}

fn body(comment: &Comment) -> String {
    serde_json::to_string(comment).expect("a comment is plain data")
}

macro_rules! handlers {
    ($of:ident, $subject:ident, $list:ident, $create:ident, $one:ident, $update:ident, $remove:ident) => {
        /// The comments, oldest first.
        pub(crate) async fn $list(
            State(pocket): State<MediaPocket>,
            Caller(actor): Caller,
            named: Named,
        ) -> Result<Json<Value>, Refused> {
            let subject = Subject::$subject($of(&pocket, &actor, &named).await?.into());
            list(&pocket, &actor, subject).await
        }

        /// Says something.
        pub(crate) async fn $create(
            State(pocket): State<MediaPocket>,
            Caller(actor): Caller,
            named: Named,
            sent: Sent,
        ) -> Result<Json<Value>, Refused> {
            let sent = sent.checked(WRITE)?;
            let subject = Subject::$subject($of(&pocket, &actor, &named).await?.into());
            create(&pocket, &actor, subject, sent.text("comment").unwrap_or_default()).await
        }

        /// One comment.
        pub(crate) async fn $one(
            State(pocket): State<MediaPocket>,
            Caller(actor): Caller,
            named: Named,
        ) -> Result<Json<Value>, Refused> {
            let subject = Subject::$subject($of(&pocket, &actor, &named).await?.into());
            one(&pocket, &actor, subject, &named).await
        }

        /// Says something else.
        pub(crate) async fn $update(
            State(pocket): State<MediaPocket>,
            Caller(actor): Caller,
            named: Named,
            sent: Sent,
        ) -> Result<Json<Value>, Refused> {
            let sent = sent.checked(WRITE)?;
            let subject = Subject::$subject($of(&pocket, &actor, &named).await?.into());
            update(&pocket, &actor, subject, (&named, sent.text("comment").unwrap_or_default())).await
        }

        /// Takes a comment back.
        pub(crate) async fn $remove(
            State(pocket): State<MediaPocket>,
            Caller(actor): Caller,
            named: Named,
        ) -> Result<Json<Value>, Refused> {
            let subject = Subject::$subject($of(&pocket, &actor, &named).await?.into());
            remove(&pocket, &actor, subject, &named).await
        }
    };
}

handlers!(asset_of, Asset, list_of_asset, create_on_asset, one_of_asset, update_of_asset, remove_of_asset);
handlers!(
    project_of,
    Project,
    list_of_project,
    create_on_project,
    one_of_project,
    update_of_project,
    remove_of_project
);
