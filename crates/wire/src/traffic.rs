//! What goes over the wire, in numbers: what a watcher of the server asks for. Counting is some additions to what was laid out at the start:
//! nothing is looked up or allocated for a request, and there are as many series as there are mounts, methods and kinds of answers.

use std::sync::Arc;

use http::Method;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, core::Collector};

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// The last is of those who left before there was an answer.
const STATUSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "left"];
/// From what memory answers to what a worker draws, and what is uploaded by a slow line.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The numbers of a server. Clones count into the same.
#[derive(Debug, Clone)]
pub struct Traffic {
    requests: IntCounterVec,
    seconds: HistogramVec,
    received: IntCounterVec,
    sent: IntCounterVec,
    throttled: IntCounterVec,
    busy: IntCounterVec,
    pub(crate) under_way: IntGauge,
    pub(crate) connections: IntGauge,
    pub(crate) panics: IntCounter,
}

/// Those of one mount.
#[derive(Debug)]
pub(crate) struct MountTraffic {
    requests: [[IntCounter; STATUSES.len()]; METHODS.len()],
    seconds: Histogram,
    pub(crate) received: IntCounter,
    pub(crate) sent: IntCounter,
    throttled: IntCounter,
    busy: IntCounter,
    under_way: IntGauge,
}

impl Traffic {
    /// Nothing has been counted yet.
    pub(crate) fn new() -> Self {
        let by_dialect = |name: &str, help: &str| counters(name, help, &["dialect"]);
        let seconds = HistogramOpts::new(
            "mediary_http_answer_seconds",
            "From the head of a request to the head of its answer, in seconds; the bytes of an upload come in between.",
        );
        let seconds = HistogramVec::new(seconds.buckets(SECONDS.to_vec()), &["dialect"]);
        Self {
            requests: counters(
                "mediary_http_requests_total",
                "Requests that are over, by the first digit of their answer; left: the client went before there was one.",
                &["dialect", "method", "status"],
            ),
            seconds: seconds.expect("the name is one"),
            received: by_dialect("mediary_http_received_bytes_total", "Bytes of requests' bodies that came."),
            sent: by_dialect(
                "mediary_http_sent_bytes_total",
                "Bytes of answers' bodies that were handed to connections.",
            ),
            throttled: by_dialect("mediary_http_throttled_total", "Requests that were answered with 429."),
            busy: by_dialect("mediary_http_unavailable_total", "Requests that were answered with 503."),
            under_way: gauge("mediary_http_requests_under_way", "Requests whose answers have not ended."),
            connections: gauge("mediary_http_connections", "Connections that are open."),
            panics: IntCounter::new("mediary_http_panics_total", "Handlers that panicked and were caught.")
                .expect("the name is one"),
        }
    }

    /// What all of it is read from.
    #[must_use]
    pub fn collectors(&self) -> Vec<Box<dyn Collector>> {
        let vecs = [&self.requests, &self.received, &self.sent, &self.throttled, &self.busy];
        let mut all: Vec<Box<dyn Collector>> = Vec::new();
        for counters in vecs {
            all.push(Box::new(counters.clone()));
        }
        all.push(Box::new(self.seconds.clone()));
        all.push(Box::new(self.under_way.clone()));
        all.push(Box::new(self.connections.clone()));
        all.push(Box::new(self.panics.clone()));
        all
    }

    /// The numbers of a mount, all of which are there from now on.
    pub(crate) fn of(&self, mount: &str) -> Arc<MountTraffic> {
        let requests =
            METHODS.map(|method| STATUSES.map(|status| self.requests.with_label_values(&[mount, method, status])));
        let one = |counters: &IntCounterVec| counters.with_label_values(&[mount]);
        Arc::new(MountTraffic {
            requests,
            seconds: self.seconds.with_label_values(&[mount]),
            received: one(&self.received),
            sent: one(&self.sent),
            throttled: one(&self.throttled),
            busy: one(&self.busy),
            under_way: self.under_way.clone(),
        })
    }
}

impl MountTraffic {
    /// A request began.
    pub(crate) fn begin(&self) {
        self.under_way.inc();
    }

    /// There is an answer, so many seconds later.
    pub(crate) fn answered(&self, seconds: f64) {
        self.seconds.observe(seconds);
    }

    /// It is over.
    pub(crate) fn end(&self, method: &Method, status: u16) {
        self.under_way.dec();
        let kind = match status {
            crate::access_log::CLIENT_LEFT => 5,
            _ => usize::from(status / 100).clamp(1, 5) - 1,
        };
        self.requests[place_of(method)][kind].inc();
        match status {
            429 => self.throttled.inc(),
            503 => self.busy.inc(),
            _ => {}
        }
    }
}

fn place_of(method: &Method) -> usize {
    let known = METHODS.iter().position(|known| *known == method.as_str());
    known.unwrap_or(METHODS.len() - 1)
}

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect("the name is one")
}

fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect("the name is one")
}
