//! Codes: what a recipient has to enter before a link opens, where the sender wants that. Six digits by mail, good for ten minutes
//! and five tries.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use library::{Actor, Fault, Library, Parcel, RecordsOf, digits, mac};
use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::{
    Botdoc, REALM,
    assets::number,
    auth::{Caller, Named},
    containers::{Found, named},
    error::{Refused, json_answer},
    inputs::{Input, Need, Text},
    kept::{Kept, Records, Row},
    recipients::Recipient,
    templates::{CodeMailView, CodeTrouble, CodeView, PageView, code_mail_html, code_mail_text},
    uploads::Sent,
    views::time,
    visits::{Opened, Visit, page_of},
};

/// For how long a code is good, in milliseconds.
const CODE_MS: i64 = 10 * 60 * 1_000;
/// How often one may be guessed.
const MAX_TRIES: u32 = 5;
/// How many codes are sent within an hour.
const MAX_CODES: usize = 5;
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// For how long a browser that entered the code is let in, in milliseconds.
const VISIT_MS: i64 = 12 * HOUR_MS;
const COOKIE: &str = "mediary_visit";
/// What the cookie is signed for.
const VISITS: &str = "botdoc visits";

/// That a container's links want a code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CodeRule {
    /// `email`.
    pub(crate) send_as: String,
    /// Where to.
    pub(crate) to: String,
}

impl Kept for CodeRule {
    const KIND: &'static str = "auth code";
}

/// The code that is good for a notification's link, and how it fares.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Code {
    /// The HMAC of the code; the code itself is nowhere.
    sum: String,
    good_until: i64,
    tries: u32,
    /// When codes were sent within the last hour.
    sent: Vec<i64>,
}

impl Kept for Code {
    const KIND: &'static str = "code";
}

/// Wants a code for the links of a container in the path.
pub(crate) async fn require_in(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    Named(id): Named,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let found = records.container(&botdoc.library, &actor, number(&id)?).await?;
    add_rule(&botdoc, &actor, Input::new(&data)?, Some(found)).await
}

/// Wants a code for the links of a container in the body.
pub(crate) async fn require(
    State(botdoc): State<Botdoc>,
    Caller(actor): Caller,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let found = named(&botdoc, &actor, &mut input, "container").await?;
    add_rule(&botdoc, &actor, input, found).await
}

async fn add_rule(
    botdoc: &Botdoc,
    actor: &Actor,
    mut input: Input<'_>,
    found: Option<Found>,
) -> Result<Response, Refused> {
    input.choice("send_as", &["email"], Need::REQUIRED);
    let to = input.email("to", Text::required().max(254));
    input.finish()?;
    let (Some(found), Some(to)) = (found, to) else { return Err(Refused::not_found()) };
    botdoc.mail_base()?;
    let rule = CodeRule { send_as: "email".to_owned(), to };
    let records = Records::of(botdoc.library.clone());
    let row = records.add(actor, (found.folder.id, Some(found.row.id())), rule).await?;
    let view = json!({
        "id": row.id(),
        "container": found.folder.id,
        "send_as": row.it.send_as,
        "to": row.it.to,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
    });
    Ok(json_answer(StatusCode::CREATED, &view))
}

impl Visit {
    /// Where the code for this link is sent, if it wants one.
    pub(crate) async fn code_rule(&self, records: &Records) -> Result<Option<Row<CodeRule>>, Fault> {
        records.last::<CodeRule>(&self.actor, self.found.folder.id).await
    }

    /// The page that asks for the code, unless this browser has entered it or there is none.
    pub(crate) async fn code_page(
        &self,
        botdoc: &Botdoc,
        headers: &HeaderMap,
        trouble: Option<CodeTrouble>,
    ) -> Result<Option<PageView>, Fault> {
        let records = Records::of(botdoc.library.clone());
        let Some(rule) = self.code_rule(&records).await? else { return Ok(None) };
        if self.has_entered(&botdoc.library, rule.id(), headers).await? {
            return Ok(None);
        }
        let of = RecordsOf::Record(self.notification.id());
        let code = records.list::<Code>(&self.actor, of).await?.into_iter().next();
        let now_ms = botdoc.library.now_ms();
        // One that let somebody in is none any more.
        let can_be_entered = |code: &Code| !code.sum.is_empty() && code.good_until > now_ms && code.tries < MAX_TRIES;
        let sent = code.is_some_and(|row| can_be_entered(&row.it));
        let view = CodeView { base: self.base.clone(), masked: masked(&rule.it.to), sent, trouble };
        Ok(Some(PageView::Code(view)))
    }

    /// Whether this browser has entered the code.
    async fn has_entered(&self, library: &Library, rule_id: i64, headers: &HeaderMap) -> Result<bool, Fault> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|cookie| cookie.split(';')).filter_map(|pair| pair.trim().split_once('='));
        for (_, value) in pairs.filter(|(name, _)| *name == COOKIE) {
            let Some((until, sum)) = value.split_once('.') else { continue };
            let is_young = until.parse().is_ok_and(|until: i64| until > library.now_ms());
            if is_young && library.is_signed(VISITS, &self.signed(rule_id, until), sum).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the cookie's signature is of.
    fn signed(&self, rule_id: i64, until: &str) -> String {
        format!("{}.{rule_id}.{until}", self.notification.id())
    }

    /// The cookie of a browser that has entered the code.
    async fn entered(&self, library: &Library, rule_id: i64) -> Result<HeaderValue, Fault> {
        let until = library.now_ms() + VISIT_MS;
        let sum = library.sign(VISITS, &self.signed(rule_id, &until.to_string())).await?;
        let secure = if self.is_secure { "; Secure" } else { "" };
        let age_s = VISIT_MS / 1_000;
        let cookie =
            format!("{COOKIE}={until}.{sum}; Path={}; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}", self.base);
        HeaderValue::try_from(cookie).map_err(|_| Fault::Unavailable("cookies"))
    }
}

/// Sends a code.
pub(crate) async fn send(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Opened(visit): Opened,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let Some(rule) = visit.code_rule(&records).await? else { return Ok(Redirect::to(&visit.base).into_response()) };
    let digits = digits(6);
    let sum = visit.sum_of(&botdoc.library, &digits).await?;
    let now_ms = botdoc.library.now_ms();
    let row = visit.code(&records).await?;
    let done = records
        .change::<Code, _>(&visit.actor, row, |code| {
            code.sent.retain(|at| *at > now_ms - HOUR_MS);
            if code.sent.len() >= MAX_CODES {
                return None;
            }
            code.sent.push(now_ms);
            (code.sum, code.good_until, code.tries) = (sum.clone(), now_ms + CODE_MS, 0);
            Some(())
        })
        .await?;
    if done.is_none() {
        let page = visit.code_page(&botdoc, &headers, Some(CodeTrouble::TooManyCodes)).await?;
        return Ok(page.map_or_else(|| Redirect::to(&visit.base).into_response(), |page| page_of(&page)));
    }
    let recipient = records.get::<Recipient>(&visit.actor, visit.notification.it.recipient).await?.it.name();
    let view = CodeMailView { recipient, code: digits };
    let mail = Parcel::Mail {
        to: rule.it.to,
        reply_to: None,
        subject: "Your code".to_owned(),
        text: code_mail_text(&view),
        html: code_mail_html(&view),
    };
    botdoc.library.send(&visit.actor, REALM, vec![mail]).await?;
    Ok(Redirect::to(&visit.base).into_response())
}

/// Takes a code.
pub(crate) async fn enter(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Opened(visit): Opened,
    headers: HeaderMap,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let said = input.text("code", Text::optional().or_blank()).unwrap_or_default();
    let digits: String = said.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let Some(rule) = visit.code_rule(&records).await? else { return Ok(Redirect::to(&visit.base).into_response()) };
    let sum = visit.sum_of(&botdoc.library, &digits).await?;
    let now_ms = botdoc.library.now_ms();
    let row = visit.code(&records).await?;
    // The try is counted before it is looked at: of many at the same time, no more than these few are.
    let outcome = records
        .change::<Code, _>(&visit.actor, row, |code| {
            if code.tries >= MAX_TRIES {
                return None;
            }
            code.tries += 1;
            let is_it = !code.sum.is_empty() && code.sum.as_bytes().ct_eq(sum.as_bytes()).into();
            let is_good = code.good_until > now_ms;
            // It lets one browser in.
            if is_it && is_good {
                code.sum.clear();
            }
            Some((is_it, is_good, code.tries))
        })
        .await?;
    let trouble = match outcome {
        Some((true, true, _)) => {
            let mut answer = Redirect::to(&visit.base).into_response();
            answer.headers_mut().insert(header::SET_COOKIE, visit.entered(&botdoc.library, rule.id()).await?);
            return Ok(answer);
        }
        Some((true, false, _)) => CodeTrouble::Expired,
        Some((false, _, tries)) if tries < MAX_TRIES => CodeTrouble::Wrong,
        Some(_) | None => CodeTrouble::TooManyAttempts,
    };
    let page = visit.code_page(&botdoc, &headers, Some(trouble)).await?;
    Ok(page.map_or_else(|| Redirect::to(&visit.base).into_response(), |page| page_of(&page)))
}

impl Visit {
    /// The record of this link's code.
    async fn code(&self, records: &Records) -> Result<i64, Fault> {
        let of = RecordsOf::Record(self.notification.id());
        // The first counts: of two that are made at once, one is never looked at.
        if let Some(row) = records.list::<Code>(&self.actor, of).await?.first() {
            return Ok(row.id());
        }
        let about = (self.found.folder.id, Some(self.notification.id()));
        records.add(&self.actor, about, Code::default()).await?;
        let rows = records.list::<Code>(&self.actor, of).await?;
        rows.first().map(Row::id).ok_or(Fault::Unavailable("database"))
    }

    async fn sum_of(&self, library: &Library, digits: &str) -> Result<String, Fault> {
        let secret = library.lasting_secret("botdoc codes").await?;
        Ok(hex::encode(mac(secret.as_bytes(), &format!("{}.{digits}", self.notification.id()))))
    }
}

/// An address of which only its owner knows all: `j***@example.com`.
fn masked(address: &str) -> String {
    let (name, host) = address.split_once('@').unwrap_or((address, ""));
    let first = name.chars().next().map(String::from).unwrap_or_default();
    format!("{first}***@{host}")
}
