//! Links by mail: one message for each recipient, queued and tried again. Seed: "Send shareable links by email", contract section 4.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use library::{Actor, Fault, Library, Link, Parcel, RecordWish};
use serde_json::{Value, json};

use crate::{
    MediaPocket, REALM,
    auth::Caller,
    bodies::{Params, Sent},
    error::Refused,
    links::url_of,
    params::{Kind, Param, optional, required},
    templates::{MailView, SharedLink, mail_html, mail_text},
};

pub(crate) const SHARE: &[Param] = &[
    optional("message", Kind::String).lenient_blank(),
    required("recipients", Kind::Array),
    optional("shareable_link_ids", Kind::Array).lenient_blank(),
];

/// The kind of the record of a mail that went to several.
const KIND: &str = "share";
/// The longest message, in characters.
pub(crate) const MAX_MESSAGE: usize = 10_000;
/// No mail holds more links: more would not fit in one.
pub(crate) const MAX_LINKS: usize = 200;

/// What everybody gets, each in a mail of their own.
struct Letter {
    reply_to: Option<String>,
    subject: String,
    text: String,
    html: String,
}

impl Letter {
    fn to(&self, address: &str) -> Parcel {
        Parcel::Mail {
            to: address.to_owned(),
            reply_to: self.reply_to.clone(),
            subject: self.subject.clone(),
            text: self.text.clone(),
            html: self.html.clone(),
        }
    }
}

/// Sends links that work to everybody who is named.
pub(crate) async fn share(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(SHARE)?;
    let ids: BTreeSet<i64> = sent.list("shareable_link_ids").iter().filter_map(Value::as_i64).collect();
    if ids.len() > MAX_LINKS {
        return Err(Refused::bad(format!("Too many shareable links (maximum is {MAX_LINKS})")));
    }
    let ids: Vec<i64> = ids.into_iter().collect();
    let links = pocket.library.working_links(&actor, REALM, &ids).await?;
    if links.is_empty() {
        return Err(Refused::bad("No shareable links found"));
    }
    let recipients = recipients_of(&pocket.library, &sent, pocket.config.max_recipients)?;
    let message = sent.text("message").unwrap_or_default().trim();
    if message.chars().count() > MAX_MESSAGE {
        return Err(Refused::bad(format!("Message is too long (maximum is {MAX_MESSAGE} characters)")));
    }
    let base = pocket.config.public_base.as_deref().ok_or_else(Refused::no_public_url)?;
    let letter = letter(&pocket.library, &actor, base, (message, &links))?;
    let parcels = recipients.iter().map(|to| letter.to(to)).collect();
    // What became of each mail is kept with this.
    let body = json!({ "links": links.iter().map(|link| link.id).collect::<Vec<_>>(), "recipients": recipients });
    let wish = RecordWish { realm: REALM, kind: KIND, body: body.to_string(), ..RecordWish::default() };
    pocket.library.add_dispatched_records(&actor, REALM, vec![(wish, parcels)]).await?;
    Ok(Json(json!({ "message": "Shareable links sent" })))
}

/// The addresses, each once; nothing is sent when one of them is none.
fn recipients_of(library: &Library, sent: &Params, most: usize) -> Result<Vec<String>, Refused> {
    let mut recipients: Vec<String> = Vec::new();
    for value in sent.list("recipients") {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let address = text.trim();
        if value.as_str().is_none() || !library.is_mail_address(address) {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
            return Err(Refused::bad(format!("Invalid recipient: {shown}")));
        }
        if !recipients.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            recipients.push(address.to_owned());
        }
        if recipients.len() > most {
            return Err(Refused::bad(format!("Too many recipients (maximum is {most})")));
        }
    }
    Ok(recipients)
}

fn letter(library: &Library, actor: &Actor, base: &str, (message, links): (&str, &[Link])) -> Result<Letter, Fault> {
    let sender = actor.user().ok_or(Fault::Unauthenticated)?;
    // The service user's address is nobody's.
    let is_somebodys = |email: &String| !email.ends_with(".invalid") && library.is_mail_address(email);
    let reply_to = Some(sender.email.clone()).filter(is_somebodys);
    let shared = |link: &Link| SharedLink {
        name: link.file_name.clone(),
        url: url_of(base, &link.key),
        expires_ms: link.expires_at,
        use_limit: link.use_limit,
        has_password: link.password_hash.is_some(),
    };
    let view = MailView {
        sender: sender.full_name.clone(),
        can_answer: reply_to.is_some(),
        message: message.to_owned(),
        links: links.iter().map(shared).collect(),
    };
    Ok(Letter { reply_to, subject: view.lead(), text: mail_text(&view), html: mail_html(&view) })
}
