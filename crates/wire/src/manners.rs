//! The one layer around all dialects: request id, limits, mounts, cross-origin headers, panics, access log.
//! It knows neither what is asked for nor who asks.

use std::{any::Any, fmt, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Uri, header};
use tokio::time::Instant;

use crate::{
    access_log::{AccessLog, CLIENT_LEFT, Line},
    answer_body::AnswerBody,
    mounts::{Chosen, Mount, Mounts},
    origin::{RequestId, RequestOrigin, X_REQUEST_ID},
    proxies::Proxies,
    refusal::Refusal,
    request_body::RequestBody,
    traffic::Traffic,
};

/// What a request may take. The limit of bodies belongs to each mount.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most header fields.
    pub max_headers: usize,
    /// Longest head, target and fields together, in bytes.
    pub max_head_bytes: usize,
    /// How long a client may send nothing while a handler waits for its body.
    pub body_silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_headers: 100, max_head_bytes: 32 * 1024, body_silence: Duration::from_secs(30) }
    }
}

/// The names of mounts that watchers ask.
const PROBES: [&str; 3] = ["healthz", "readyz", "version"];

/// Who is let in: `Err` with the seconds after which an address may come again.
pub type Gate = Arc<dyn Fn(IpAddr) -> Result<(), u32> + Send + Sync>;

/// The clock that dates log lines: milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// All dialects, and how all of them are spoken to.
#[derive(Clone)]
pub struct Manners {
    mounts: Mounts,
    log: AccessLog,
    limits: Limits,
    now_ms: Clock,
    proxies: Proxies,
    gate: Option<Gate>,
}

impl fmt::Debug for Manners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manners").field("mounts", &self.mounts).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Manners {
    /// Puts it together.
    #[must_use]
    pub fn new(mounts: Mounts, log: AccessLog, limits: Limits, now_ms: Clock) -> Self {
        Self { mounts, log, limits, now_ms, proxies: Proxies::default(), gate: None }
    }

    /// The same behind proxies, which say whom a request is from.
    #[must_use]
    pub fn behind(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// The same with somebody at the gate who is asked about each request's address before anything else.
    #[must_use]
    pub fn with_gate(self, gate: Gate) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// What is counted of all requests.
    #[must_use]
    pub const fn traffic(&self) -> &Traffic {
        self.mounts.traffic()
    }

    /// Answers a request from `peer`. Whatever goes wrong comes as an answer.
    pub async fn answer<B>(&self, request: Request<B>, peer: IpAddr) -> Response<AnswerBody>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let address = self.proxies.client_of(peer, request.headers());
        let incoming = request.headers().get(X_REQUEST_ID).and_then(RequestId::adopt);
        let origin = RequestOrigin {
            address,
            request_id: incoming.unwrap_or_else(RequestId::random),
            body_bytes: request.body().size_hint().exact(),
        };
        let chosen = self.mounts.choose(request.uri(), request.headers());
        chosen.traffic.begin();
        // From here on there is a line, even if the client leaves and this future is dropped.
        let mut line = Line {
            log: self.log.clone(),
            time_ms: (self.now_ms)(),
            started: Instant::now(),
            request_id: origin.request_id,
            peer: origin.address,
            mount: chosen.mount.name,
            traffic: Arc::clone(chosen.traffic),
            method: request.method().clone(),
            uri: request.uri().clone(),
            status: CLIENT_LEFT,
            bytes: 0,
            complete: false,
        };
        let mut response = self.respond(chosen, request, origin).await;
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, const { HeaderValue::from_static("nosniff") });
        if let Ok(id) = HeaderValue::from_str(origin.request_id.as_str()) {
            headers.insert(X_REQUEST_ID, id);
        }
        chosen.marks.put(headers);
        line.status = response.status().as_u16();
        chosen.traffic.answered(line.started.elapsed().as_secs_f64());
        response.map(|body| AnswerBody::new(body, line))
    }

    async fn respond<B>(&self, chosen: Chosen<'_>, request: Request<B>, origin: RequestOrigin) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let mount = chosen.mount;
        // Not of those who ask whether the server is alive: they come without tiring, and answer for it.
        let gate = self.gate.as_ref().filter(|_| !PROBES.contains(&mount.name));
        if let Some(Err(retry_after_s)) = gate.map(|gate| gate(origin.address)) {
            return (mount.refuse)(Refusal::Throttled { retry_after_s });
        }
        if mount.cors.answers(request.method(), request.headers()) {
            return mount.cors.preflight();
        }
        if let Some(refusal) = self.refusal(mount, request.uri(), request.headers()) {
            return (mount.refuse)(refusal);
        }
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                let received = chosen.traffic.received.clone();
                Body::new(RequestBody::new(body, mount.max_body_bytes, self.limits.body_silence, received))
            }
        });
        request.extensions_mut().insert(origin);
        // Nothing of the request is used after a panic, so there is nothing that could be left half changed.
        match AssertUnwindSafe(self.mounts.call(chosen, request)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => {
                let what = message(&*panic);
                tracing::error!(request_id = %origin.request_id, mount = mount.name, panic = what, "a handler panicked");
                self.traffic().panics.inc();
                (mount.refuse)(Refusal::Panicked)
            }
        }
    }

    /// What is refused by the head alone. `None` when nothing is.
    fn refusal(&self, mount: &Mount, uri: &Uri, headers: &HeaderMap) -> Option<Refusal> {
        let target = uri.path().len() + uri.query().map_or(0, str::len);
        let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if headers.len() > self.limits.max_headers || target + fields > self.limits.max_head_bytes {
            return Some(Refusal::HeadTooLarge);
        }
        let declared = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok()?;
        (declared > mount.max_body_bytes).then_some(Refusal::BodyTooLarge { limit_bytes: mount.max_body_bytes })
    }
}

/// What a panic said, if it said it in words.
fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
