//! Requests to addresses that users or the operator name. Every hop of one that users name passes the guard. Knows nothing of what is sent.

mod redirects;
#[cfg(test)]
pub(crate) mod tests;

use std::{error::Error, sync::Arc, time::Duration};

use reqwest::{
    Client, ClientBuilder, Method, Response, Url,
    dns::Resolve,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};

use crate::{
    Failure,
    failure::{BadConfig, innermost, within},
    guard::{Guard, resolver::GuardedResolver, resolver::system_lookup},
};

/// How often an exchange may be sent elsewhere.
const MAX_REDIRECTS: usize = 3;

/// How much of an answer that nobody wants is heard out, in bytes, and for how long.
const MAX_HEARD_BYTES: usize = 64 * 1024;
const MAX_HEARD_FOR: Duration = Duration::from_secs(1);

/// What the HTTP client or the name of the next hop decides. A caller may not.
const OUR_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Who named an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// Somebody who uses the server: guarded.
    User,
    /// Who runs it: goes anywhere.
    Operator,
}

/// One request, which may be sent several times on its way.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: bytes::Bytes,
}

/// The clients. They share nothing, so that no connection into our network is ever there for a user's call.
#[derive(Clone)]
pub(crate) struct Http {
    guard: Guard,
    guarded: Client,
    free: Client,
}

impl Http {
    pub(crate) fn new(guard: Guard) -> Result<Self, BadConfig> {
        Self::with_resolver(guard, Arc::new(GuardedResolver { guard, lookup: system_lookup() }))
    }

    fn with_resolver(guard: Guard, resolver: Arc<dyn Resolve>) -> Result<Self, BadConfig> {
        let guarded = client(|builder| builder.dns_resolver(Arc::clone(&resolver)))?;
        Ok(Self { guard, guarded, free: client(|builder| builder)? })
    }

    /// The answer to `request`, wherever it was redirected to: its head, with the body still to come. Each hop may take
    /// `hop_limit` to say its head.
    ///
    /// # Errors
    /// `Refused` if the guard does, at any hop; `Later` for everything that goes wrong on the network. An answer's status is no error.
    pub(crate) async fn exchange(
        &self,
        mut request: Request,
        by: NamedBy,
        hop_limit: Duration,
    ) -> Result<Response, Failure> {
        for _ in 0..=MAX_REDIRECTS {
            let response = within(hop_limit, self.send(&request, by)).await?;
            match redirects::next(&request, response.status(), response.headers())? {
                None => return Ok(response),
                Some(next) => request = next,
            }
        }
        Err(Failure::Later(format!("redirected more than {MAX_REDIRECTS} times")))
    }

    /// One hop.
    async fn send(&self, request: &Request, by: NamedBy) -> Result<Response, Failure> {
        let client = match by {
            NamedBy::User => {
                self.guard.check(&request.url)?;
                &self.guarded
            }
            NamedBy::Operator => &self.free,
        };
        let sending = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .body(request.body.clone());
        sending.send().await.map_err(|error| failure(&error, &request.url))
    }
}

/// Headers as a caller names them.
///
/// # Errors
/// `Refused` for what is no header and for those that are not the caller's to set.
pub(crate) fn headers(named: &[(String, String)], content_type: &str) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        let name = HeaderName::try_from(name).map_err(|_| refused("a header's name is not one"))?;
        if OUR_HEADERS.contains(&name.as_str()) {
            return Err(refused(format!("the header {name} is not for callers to set")));
        }
        let value =
            HeaderValue::try_from(value).map_err(|_| refused(format!("the header {name} has no usable value")))?;
        headers.try_append(name, value).map_err(|_| refused("too many headers"))?;
    }
    let content_type = HeaderValue::try_from(content_type).map_err(|_| refused("the content type is not one"))?;
    headers.insert(reqwest::header::CONTENT_TYPE, content_type);
    Ok(headers)
}

/// Whether an answer means that the request was taken. Its body is heard out a little: some servers drop what they are doing for a
/// client that hangs up early. What it says is nobody's business.
pub(crate) async fn judge(mut response: Response) -> Result<(), Failure> {
    let status = response.status();
    let hearing_out = async {
        let mut heard = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            heard += chunk.len();
            if heard > MAX_HEARD_BYTES {
                break;
            }
        }
    };
    // Either way the status stands.
    let _ = tokio::time::timeout(MAX_HEARD_FOR, hearing_out).await;
    if status.is_success() { Ok(()) } else { Err(Failure::Later(format!("answered {}", status.as_u16()))) }
}

fn client(set: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<Client, BadConfig> {
    let builder = || {
        let builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // Bytes come as they are sent, whatever decoders another crate of this build switches on.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .http1_only()
            // A connection serves one request: each is looked up and checked anew, and none is lost to a connection that the other
            // side was just closing.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("Mediary/", env!("CARGO_PKG_VERSION")));
        set(builder)
    };
    // A system without root certificates is no reason not to start: there plain HTTP works, and HTTPS trusts nobody.
    let built = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    built.map_err(|error| BadConfig(format!("cannot make an HTTP client: {}", innermost(&error))))
}

/// What went wrong, without the URL: its path and query may be secrets.
pub(crate) fn failure(error: &reqwest::Error, url: &Url) -> Failure {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(ours) = source.downcast_ref::<Failure>() {
            return ours.clone();
        }
        cause = source.source();
    }
    let host = url.host_str().unwrap_or_default();
    if error.is_builder() {
        refused("the address can not be called")
    } else if error.is_dns() {
        Failure::Later(format!("cannot look up {host}"))
    } else if error.is_connect() {
        Failure::Later(format!("cannot connect to {host}: {}", innermost(error)))
    } else {
        Failure::Later(format!("the exchange with {host} broke off: {}", innermost(error)))
    }
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::Refused(why.into())
}
