//! The page behind a link: a person without an account reads what was written, fetches files and sends some. The link is the
//! credential. Contract section 4; decisions, section 5.

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::{Value, json};
use wire::{Asked, Part, Parts};

use crate::{
    Botdoc,
    assets::{deliver, number},
    callbacks,
    error::{Refused, json_answer},
    features::{Feature, MAX_MESSAGE, told},
    inputs::{Input, Need, Text},
    kept::Records,
    messages::Reply,
    templates::Notice,
    uploads::Sent,
    visits::{Entered, Outside, page_of},
};

/// So many replies come from one link.
const MAX_REPLIES: usize = 200;

/// Shows the page.
pub(crate) async fn show(
    State(botdoc): State<Botdoc>,
    entered: Result<Entered, Outside>,
    uri: Uri,
) -> Result<Response, Refused> {
    let visit = match entered {
        Ok(Entered(visit)) => visit,
        Err(Outside::Page(page)) => return Ok(page_of(&page)),
        Err(Outside::Fault(refused)) => return Err(refused),
    };
    visit.note_opening(&botdoc).await?;
    let received = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "received")
        .and_then(|(_, count)| count.parse::<u32>().ok());
    let notices = match received {
        Some(1) => vec![Notice::good("1 file received")],
        Some(count) => vec![Notice::good(format!("{count} files received"))],
        None => Vec::new(),
    };
    Ok(page_of(&visit.view(&botdoc, notices).await?))
}

/// The bytes of a file that was sent to the recipient.
pub(crate) async fn download(
    State(botdoc): State<Botdoc>,
    Entered(visit): Entered,
    path: Result<Path<(String, String, String)>, PathRejection>,
    asked: Asked,
) -> Result<Response, Refused> {
    let Path((_, id, _)) = path.map_err(|_| Refused::not_found())?;
    let id = number(&id)?;
    let outcome = if visit.is_offered(&botdoc, id).await? {
        deliver(&botdoc.library, &visit.actor, id, &asked).await
    } else {
        Err(Refused::not_found())
    };
    match outcome {
        Err(Refused::Detail { status, .. }) if status == StatusCode::FORBIDDEN || status == StatusCode::NOT_FOUND => {
            let words = if status == StatusCode::FORBIDDEN {
                "This file was downloaded as often as it may be"
            } else {
                "This file is not there any more"
            };
            let mut response = page_of(&visit.view(&botdoc, vec![Notice::bad(words)]).await?);
            *response.status_mut() = status;
            Ok(response)
        }
        outcome => outcome,
    }
}

/// What became of files that somebody sent.
#[derive(Default)]
struct Outcome {
    received: Vec<String>,
    /// File name and sentence.
    errors: Vec<(String, String)>,
}

/// Takes files from the recipient.
pub(crate) async fn upload(
    State(botdoc): State<Botdoc>,
    Entered(visit): Entered,
    request: Request,
) -> Result<Response, Refused> {
    let (head, body) = request.into_parts();
    let wants_json = head
        .headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let broken = || Refused::detail(StatusCode::BAD_REQUEST, "The form did not arrive whole.");
    let mut parts = Parts::new(&head.headers, body).map_err(|_| broken())?;
    let (mut feature, mut outcome) = (None, Outcome::default());
    while let Some(part) = parts.next().await.map_err(|_| broken())? {
        match part {
            Part::Text { name, value } if name == "feature" => feature = value.trim().parse::<i64>().ok(),
            Part::Text { .. } => {}
            Part::File { file_name, media_type, body, .. } => {
                match visit.take(&botdoc, feature, (&file_name, media_type, body)).await {
                    Ok(()) => outcome.received.push(file_name),
                    Err(words) => outcome.errors.push((file_name, words)),
                }
            }
        }
    }
    if wants_json {
        let errors: Vec<Value> =
            outcome.errors.iter().map(|(name, words)| json!({ "name": name, "message": words })).collect();
        return Ok(json_answer(StatusCode::OK, &json!({ "received": outcome.received, "errors": errors })));
    }
    if outcome.errors.is_empty() && !outcome.received.is_empty() {
        return Ok(Redirect::to(&format!("{}?received={}", visit.base, outcome.received.len())).into_response());
    }
    let mut notices: Vec<Notice> =
        outcome.received.iter().map(|name| Notice::good(format!("{name} received"))).collect();
    notices.extend(outcome.errors.iter().map(|(name, words)| Notice::bad(format!("{name}: {words}"))));
    if notices.is_empty() {
        notices.push(Notice::bad("No file was chosen"));
    }
    Ok(page_of(&visit.view(&botdoc, notices).await?))
}

/// Says that all was sent.
pub(crate) async fn done(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Entered(visit): Entered,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let feature = input.key("feature", Need::OPTIONAL);
    if let Some(row) = visit.pull(&botdoc, feature.map(|key| key.id)).await? {
        let ended = records
            .change::<Feature, _>(&visit.actor, row.id(), |feature| {
                (!feature.complete).then(|| feature.complete = true)
            })
            .await?;
        if ended.is_some() {
            let row = records.get::<Feature>(&visit.actor, row.id()).await?;
            let value = told(&row, &visit.found.folder);
            callbacks::tell(&botdoc, &visit.actor, &visit.found, "feature", value).await;
        }
    }
    Ok(Redirect::to(&visit.base).into_response())
}

/// Takes a reply.
pub(crate) async fn reply(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Entered(visit): Entered,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let body = input.text("body", Text::optional().or_blank().max(MAX_MESSAGE));
    if input.finish().is_err() {
        let notices = vec![Notice::bad("The reply is too long")];
        return Ok(page_of(&visit.view(&botdoc, notices).await?));
    }
    let body = body.filter(|body| !body.is_empty() && visit.found.row.it.display_chat);
    let written = visit.replies(&records).await?.len();
    if let Some(body) = body.filter(|_| written < MAX_REPLIES) {
        let said = Reply { recipient: visit.notification.it.recipient, notification: visit.notification.id(), body };
        let about = (visit.found.folder.id, Some(visit.notification.id()));
        let row = records.add(&visit.actor, about, said).await?;
        let value = crate::messages::view(&row);
        callbacks::tell(&botdoc, &visit.actor, &visit.found, "message_reply", value).await;
    }
    Ok(Redirect::to(&visit.base).into_response())
}
