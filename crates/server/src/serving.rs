//! Serving until told to stop: the listener, the job runner, the signals, and an orderly end.

use std::{fs::OpenOptions, io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use library::{Fault, JobRunner, Library};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    task::JoinHandle,
};
use tracing_subscriber::EnvFilter;
use wire::{AccessLog, Drained, Manners, ServeConfig};

use crate::{
    Failure, Settings,
    metrics::{self, Watched},
    mounts::mounts,
    wiring,
};

/// A server that runs in this process.
#[derive(Debug)]
pub struct Running {
    /// Where it listens; with port 0 in the settings, the port that it got.
    pub address: SocketAddr,
    /// Where `/metrics` answers, if it does.
    pub metrics_address: Option<SocketAddr>,
    watched: Option<Watched>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Drained>,
    jobs: JoinHandle<()>,
}

impl Running {
    /// Answers what has been asked, then stops.
    pub async fn stop(self) {
        self.stop.send(()).ok();
        match self.serving.await {
            Ok(Drained { aborted: 0 }) => {}
            Ok(Drained { aborted }) => tracing::warn!(aborted, "connections were cut off"),
            Err(error) => tracing::error!(%error, "serving ended badly"),
        }
        if let Some(watched) = self.watched {
            watched.stop().await;
        }
        // A job that is cut off here is taken up again after its claim ends; jobs may run twice.
        self.jobs.abort();
        // Not before it is: after this nothing of it begins any more. That it was cut off is what was wanted.
        drop(self.jobs.await);
    }
}

/// Starts serving a library.
///
/// # Errors
/// When the address is taken, or the settings make no sense together.
pub async fn start(library: &Library, settings: &Settings) -> Result<Running, Failure> {
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.map_err(|error| format!("{} can not be listened on: {error}", settings.listen))?;
    let address = listener.local_addr()?;
    let limits = wire::Limits {
        body_silence: Duration::from_millis(settings.limits.body_timeout_ms),
        ..wire::Limits::default()
    };
    let clock = library.clone();
    let log = access_log(&settings.log.access)?;
    let manners = Manners::new(mounts(library, settings)?, log, limits, Arc::new(move || clock.now_ms()));
    let manners = manners.behind(settings.proxies()?);
    let manners = match settings.throttle.requests_per_address {
        0 => manners,
        _ => manners.with_gate(gate(library.clone())),
    };
    let config = ServeConfig {
        head_timeout: Duration::from_millis(settings.limits.header_timeout_ms),
        idle_timeout: Duration::from_millis(settings.limits.idle_timeout_ms),
        write_timeout: Duration::from_millis(settings.limits.write_timeout_ms),
        drain_timeout: settings.drain(),
        ..ServeConfig::default()
    };
    let watched = metrics::start(library, settings, manners.traffic(), config).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(wire::serve(listener, Arc::new(manners), config, async move {
        // The sender says stop, or is gone; either way it is over.
        drop(stopped.await);
    }));
    let jobs = tokio::spawn(JobRunner::new(library.clone()).run());
    let metrics_address = watched.as_ref().map(|watched| watched.address);
    Ok(Running { address, metrics_address, watched, stop, serving, jobs })
}

/// What asks the library whether an address may come in.
fn gate(library: Library) -> wire::Gate {
    Arc::new(move |address| match library.admit(address) {
        Err(Fault::Throttled { retry_after_s }) => Err(retry_after_s),
        Ok(()) | Err(_) => Ok(()),
    })
}

/// `mediary serve`: until SIGTERM or SIGINT.
pub(crate) async fn serve(settings: Settings) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.log.level).map_err(|error| format!("log.level: {error}"))?;
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(io::stderr).init();
    let library = wiring::open(&settings).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = start(&library, &settings).await?;
    tracing::info!(address = %running.address, data = %settings.data.display(), "serving");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("told to stop"),
        _ = interrupt.recv() => tracing::info!("interrupted"),
    }
    running.stop().await;
    library.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What `check-config` can tell without opening anything.
pub(crate) fn check(settings: &Settings) -> Result<(), Failure> {
    EnvFilter::try_new(&settings.log.level).map_err(|error| format!("log.level: {error}"))?;
    let url = &settings.public_url;
    if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
        return Err("public_url: neither http:// nor https://".into());
    }
    let worker = &settings.renderer.worker;
    if !worker.as_os_str().is_empty() && !worker.is_file() {
        return Err(format!("renderer.worker: {} is no file", worker.display()).into());
    }
    for (name, program) in [("ffmpeg", &settings.renderer.ffmpeg), ("ffprobe", &settings.renderer.ffprobe)] {
        if !matches!(program.as_str(), "" | "off") && !Path::new(program).is_file() {
            return Err(format!("renderer.{name}: {program} is no file").into());
        }
    }
    Ok(())
}

fn access_log(to: &str) -> Result<AccessLog, Failure> {
    Ok(match to {
        "off" => AccessLog::off(),
        "stdout" => AccessLog::new(io::stdout())?,
        "stderr" => AccessLog::new(io::stderr())?,
        path => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            AccessLog::new(file.map_err(|error| format!("log.access: {path}: {error}"))?)?
        }
    })
}
