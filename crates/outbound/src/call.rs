//! A call: one POST to an address that a user named.

use bytes::Bytes;
use reqwest::Method;

use crate::{
    Failure,
    guard::Guard,
    http::{self, Request},
};

/// One POST. It has no `Debug`, because addresses, headers and bodies of calls hold secrets.
#[derive(Clone)]
pub struct Call {
    /// Where to: http or https, at most 4096 bytes, without user name and password.
    pub url: String,
    /// Headers beside those that the body needs. `Host` and what frames the body can not be set.
    pub headers: Vec<(String, String)>,
    /// What the body is, such as `application/json`.
    pub content_type: String,
    /// The body. It is sent as it is, again at each 307 or 308.
    pub body: Vec<u8>,
}

impl Call {
    /// Reads and checks all of the call before anything is sent.
    pub(crate) fn request(&self, guard: Guard) -> Result<Request, Failure> {
        Ok(Request {
            method: Method::POST,
            url: guard.read(&self.url)?,
            headers: http::headers(&self.headers, &self.content_type)?,
            body: Bytes::copy_from_slice(&self.body),
        })
    }
}
