//! `/metrics`: what an operator alarms on, in Prometheus' text format. It answers on an address of its own and nowhere else: behind a
//! proxy on the same machine every stranger would come from a loopback address.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use library::{JobState, Library, Load, Measures, Rows};
use prometheus::{IntCounter, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use tokio::{net::TcpListener, sync::Mutex, sync::oneshot, task::JoinHandle};
use wire::{AccessLog, Drained, Manners, Mounts, ServeConfig, Traffic};

use crate::{Failure, Settings, cli::system, mounts::plain, probes};

/// What rows say is asked for again after so long; who scrapes more often gets the same once more.
const MAX_AGE: Duration = Duration::from_secs(5);
/// One or two watch a server.
const MAX_CONNECTIONS: usize = 16;

/// Where the numbers are asked for.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Drained>,
}

impl Watched {
    pub(crate) async fn stop(self) {
        self.stop.send(()).ok();
        drop(self.serving.await);
    }
}

/// Starts answering where the settings say, if they do.
///
/// # Errors
/// When the address is none, or taken.
pub(crate) async fn start(
    library: &Library,
    settings: &Settings,
    traffic: &Traffic,
    config: ServeConfig,
) -> Result<Option<Watched>, Failure> {
    let Some(at) = settings.metrics_address()? else { return Ok(None) };
    let listener = TcpListener::bind(at).await.map_err(|error| format!("metrics.listen: {at}: {error}"))?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/", get(scrape)).with_state(Arc::new(Numbers::new(library.clone(), traffic)?));
    let front = plain("front", "", probes::nowhere());
    let mounts = Mounts::new(vec![plain("metrics", "/metrics", router), front], "front", None)?;
    let clock = library.clone();
    let manners = Manners::new(mounts, AccessLog::off(), wire::Limits::default(), Arc::new(move || clock.now_ms()));
    let config = ServeConfig { max_connections: MAX_CONNECTIONS, ..config };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(wire::serve(listener, Arc::new(manners), config, async move {
        drop(stopped.await);
    }));
    Ok(Some(Watched { address, stop, serving }))
}

async fn scrape(State(numbers): State<Arc<Numbers>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], numbers.text().await)
}

/// All numbers, and how old those are that have to be asked for.
struct Numbers {
    registry: Registry,
    library: Library,
    gauges: Gauges,
    asked_at: Mutex<Option<Instant>>,
}

/// What is set to what it is, each time that it is asked for.
struct Gauges {
    database_up: IntGauge,
    database_connections: IntGaugeVec,
    jobs: IntGaugeVec,
    jobs_oldest_due_s: IntGaugeVec,
    renderer: IntGaugeVec,
    renderer_lost: IntCounter,
    renditions_bytes: IntGauge,
    renditions: IntGauge,
    infected: IntGauge,
    audit_unchained: IntGauge,
    store_bytes: IntGaugeVec,
}

impl Gauges {
    fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let one = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let many = |name: &str, help: &str, labels: &[&str]| {
            let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(gauges.clone())).map(|()| gauges)
        };
        let lost = IntCounter::new(
            "mediary_renderer_lost_workers_total",
            "Render workers that died, were killed or ran out of time in the middle of a job.",
        )?;
        registry.register(Box::new(lost.clone()))?;
        Ok(Self {
            database_up: one(
                "mediary_database_up",
                "1 while the database answers; while it does not, what rows say is as it was last.",
            )?,
            database_connections: many(
                "mediary_database_connections",
                "Pooled connections to the database, at work and idle.",
                &["state"],
            )?,
            jobs: many(
                "mediary_jobs",
                "Jobs by kind; due: those of the waiting that could run. Of each state 10000 are counted at most.",
                &["kind", "state"],
            )?,
            jobs_oldest_due_s: many(
                "mediary_jobs_oldest_due_seconds",
                "For how long the first of the due jobs of a kind could have run.",
                &["kind"],
            )?,
            renderer: many(
                "mediary_renderer_slots",
                "Images and videos: how many may be worked on at a time, how many are, and how many callers wait.",
                &["what", "state"],
            )?,
            renderer_lost: lost,
            renditions_bytes: one("mediary_renditions_bytes", "Bytes of the renditions that are kept.")?,
            renditions: one("mediary_renditions", "Renditions that are kept.")?,
            infected: one("mediary_infected_files", "Files in quarantine, 10000 at most.")?,
            audit_unchained: one(
                "mediary_audit_unchained_lines",
                "Lines of the audit without a place in the chain, 10000 at most; they get theirs within a second.",
            )?,
            store_bytes: many(
                "mediary_store_bytes",
                "Room of the file system that files lie in; not there for an object store.",
                &["state"],
            )?,
        })
    }

    fn set(&self, measures: &Measures, now_ms: i64) {
        let Measures { rows, pool, space, renderer, lost_workers, videos } = measures;
        self.database_up.set(i64::from(rows.is_some()));
        for (state, count) in [("busy", pool.busy), ("idle", pool.open.saturating_sub(pool.busy))] {
            self.database_connections.with_label_values(&[state]).set(signed(count));
        }
        for (what, Load { most, busy, waiting }) in [("images", renderer), ("videos", videos)] {
            for (state, count) in [("most", most), ("busy", busy), ("waiting", waiting)] {
                self.renderer.with_label_values(&[what, state]).set(signed(*count as u64));
            }
        }
        self.renderer_lost.inc_by(lost_workers.saturating_sub(self.renderer_lost.get()));
        self.store_bytes.reset();
        if let Some(space) = space {
            self.store_bytes.with_label_values(&["free"]).set(signed(space.free));
            self.store_bytes.with_label_values(&["total"]).set(signed(space.total));
        }
        if let Some(rows) = rows {
            self.set_rows(rows, now_ms);
        }
    }

    fn set_rows(&self, rows: &Rows, now_ms: i64) {
        self.jobs.reset();
        self.jobs_oldest_due_s.reset();
        // A kind of which there are none is told as such, so that nobody takes its silence for trouble.
        for kind in library::JOB_KINDS {
            for state in ["waiting", "due", "running", "failed"] {
                self.jobs.with_label_values(&[*kind, state]).set(0);
            }
            self.jobs_oldest_due_s.with_label_values(&[kind]).set(0);
        }
        for (state, counts) in &rows.jobs {
            for job in counts {
                self.jobs.with_label_values(&[job.kind.as_str(), word(*state)]).set(signed(job.count));
            }
        }
        for job in &rows.due {
            self.jobs.with_label_values(&[job.kind.as_str(), "due"]).set(signed(job.count));
            let waited_s = now_ms.saturating_sub(job.oldest_run_at).max(0) / 1_000;
            self.jobs_oldest_due_s.with_label_values(&[job.kind.as_str()]).set(waited_s);
        }
        self.renditions.set(signed(rows.renditions.count));
        self.renditions_bytes.set(signed(rows.renditions.bytes));
        self.infected.set(signed(rows.infected));
        self.audit_unchained.set(signed(rows.unchained));
    }
}

impl Numbers {
    fn new(library: Library, traffic: &Traffic) -> Result<Self, Failure> {
        let registry = Registry::new();
        for collector in traffic.collectors() {
            registry.register(collector)?;
        }
        let gauges = Gauges::new(&registry)?;
        let build = IntGaugeVec::new(Opts::new("mediary_build_info", "1, and which version this is."), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(build))?;
        let started = IntGauge::new("process_start_time_seconds", "When serving began, in seconds since 1970.")?;
        started.set(library.now_ms() / 1_000);
        registry.register(Box::new(started))?;
        Ok(Self { registry, library, gauges, asked_at: Mutex::new(None) })
    }

    async fn text(&self) -> String {
        let mut asked_at = self.asked_at.lock().await;
        if asked_at.is_none_or(|at| at.elapsed() >= MAX_AGE) {
            match self.library.measures(&system()).await {
                Ok(measures) => self.gauges.set(&measures, self.library.now_ms()),
                Err(error) => tracing::error!(%error, "the library does not tell how it is"),
            }
            *asked_at = Some(Instant::now());
        }
        // Nobody reads while somebody sets. What has no series at all is left out.
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_else(|error| {
            tracing::error!(%error, "the numbers can not be written");
            String::new()
        })
    }
}

const fn word(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "waiting",
        JobState::Running => "running",
        JobState::Failed => "failed",
        JobState::Done => "done",
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
