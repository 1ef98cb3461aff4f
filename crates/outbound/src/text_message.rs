//! Text messages, handed as JSON to whatever the operator has set up to send them.

use bytes::Bytes;
use reqwest::{Method, Url};
use serde::Serialize;

use crate::{
    Failure,
    failure::BadConfig,
    http::{self, Request},
};

/// One text message, posted as `{"id", "to", "text"}`. It has no `Debug`: texts hold one-time codes.
#[derive(Clone, Serialize)]
pub struct TextMessage {
    /// Names the message, so that whoever gets it twice can tell.
    pub id: String,
    /// A telephone number, as the operator's service takes it.
    pub to: String,
    /// What to say.
    pub text: String,
}

/// The operator's webhook. It may be anywhere, and may carry a user name and password.
pub(crate) fn webhook(address: &str) -> Result<Url, BadConfig> {
    let url = Url::parse(address).map_err(|reason| BadConfig(format!("the webhook for text messages: {reason}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadConfig("the webhook for text messages is neither http nor https".to_owned()));
    }
    Ok(url)
}

impl TextMessage {
    pub(crate) fn request(&self, webhook: &Url) -> Result<Request, Failure> {
        if self.to.trim().is_empty() || self.to.chars().any(char::is_control) {
            return Err(Failure::Refused("not a telephone number".to_owned()));
        }
        let body = serde_json::to_vec(self).map_err(|error| Failure::Refused(error.to_string()))?;
        Ok(Request {
            method: Method::POST,
            url: webhook.clone(),
            headers: http::headers(&[], "application/json")?,
            body: Bytes::from(body),
        })
    }
}
