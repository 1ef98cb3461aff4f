//! Puts a library together from its settings.

use std::{os::unix::fs::DirBuilderExt, path::PathBuf, time::Duration};

use library::{
    Blobs, Catalog, Clock, KeyRing, Library, Outbound, Parts, Renderer, RendererConfig, Videos, VideosConfig,
    find_program,
};

use crate::{Failure, Settings, environment, settings::BadSettings};

/// Opens the library that the settings describe, by the machine's clock.
///
/// # Errors
/// When the data folder, the database or the store can not be opened; the sentence says which.
pub async fn open(settings: &Settings) -> Result<Library, Failure> {
    open_with_clock(settings, Clock::System).await
}

/// The same, whether all tenants' keys can be unwrapped or not: for the command that puts that right.
pub(crate) async fn open_without_keys(settings: &Settings) -> Result<Library, Failure> {
    assemble(settings, Clock::System).await
}

/// The same by another clock.
///
/// # Errors
/// As for [`open`].
pub async fn open_with_clock(settings: &Settings, clock: Clock) -> Result<Library, Failure> {
    let library = assemble(settings, clock).await?;
    if let Err(error) = library.check_keys().await {
        library.close().await;
        return Err(told("the tenants' keys", &error));
    }
    Ok(library)
}

/// The rows and the bytes alone, the rows no further than at schema `last`: where a backup is to be brought.
pub(crate) async fn open_place(settings: &Settings, last: i64) -> Result<(Catalog, Blobs), Failure> {
    let (catalog, blobs, _) = open_stores(settings, last).await?;
    Ok((catalog, blobs))
}

async fn open_stores(settings: &Settings, last: i64) -> Result<(Catalog, Blobs, KeyRing), Failure> {
    // Everything in it is for the server alone.
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&settings.data);
    made.map_err(|error| format!("{}: {error}", settings.data.display()))?;
    let catalog = Catalog::open_at(&settings.database_url(), last).await;
    let catalog = catalog.map_err(|error| told("the database", &error))?;
    let ring = KeyRing::new(catalog.clone(), settings.master_keys().await?);
    let blobs = Blobs::open_url(&settings.blobs_url(), settings.blobs_config(&ring)).await;
    let blobs = blobs.map_err(|error| told("the store", &error))?;
    Ok((catalog, blobs, ring))
}

async fn assemble(settings: &Settings, clock: Clock) -> Result<Library, Failure> {
    let (catalog, blobs, ring) = open_stores(settings, i64::MAX).await?;
    let outbound =
        settings.outbound_config().and_then(|config| Outbound::new(config).map_err(|error| BadSettings::of(&error)))?;
    if !outbound.sends_mail() {
        let outbox = settings.data.join("outbox");
        tracing::info!(outbox = %outbox.display(), "smtp.url is not set: mail is written to files");
    }
    let renderer = Renderer::new(renderer_config(settings));
    // What the dialects show right after an upload.
    let previews = [fliplet::PREVIEWS, mediaflow::PREVIEWS].concat();
    let scanner = settings.open_scanner()?;
    let (scan_policy, default_policies) = (settings.scan_policy(), settings.default_policies()?);
    let parts = Parts {
        catalog,
        blobs,
        ring,
        renderer,
        videos: videos(settings),
        outbound,
        scanner,
        scan_policy,
        default_policies,
    };
    Ok(Library::new(parts, clock, settings.library_limits(), previews))
}

/// How many images are drawn at a time.
pub(crate) fn workers(settings: &Settings) -> usize {
    match settings.renderer.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    }
}

fn renderer_config(settings: &Settings) -> RendererConfig {
    let set = &settings.renderer;
    RendererConfig {
        worker: worker(settings),
        workers: workers(settings),
        queue: set.queue,
        deadline: Duration::from_millis(set.deadline_ms),
        limits: render_limits(settings),
    }
}

fn videos(settings: &Settings) -> Videos {
    let set = &settings.renderer;
    let program = |name: &str, set: &str| match set {
        "" => find_program(name, &environment::path()),
        "off" => None,
        path => Some(path.into()),
    };
    Videos::new(VideosConfig {
        worker: worker(settings),
        ffmpeg: program("ffmpeg", &set.ffmpeg),
        ffprobe: program("ffprobe", &set.ffprobe),
        at_once: workers(settings),
        queue: set.queue,
        deadline: Duration::from_millis(set.deadline_ms),
        limits: render_limits(settings),
    })
}

fn render_limits(settings: &Settings) -> media::Limits {
    let set = &settings.renderer;
    media::Limits {
        max_pixels: set.max_pixels,
        max_input_bytes: set.max_input_bytes,
        max_output_bytes: set.max_output_bytes,
        ..media::Limits::default()
    }
}

fn worker(settings: &Settings) -> PathBuf {
    let set = &settings.renderer.worker;
    if set.as_os_str().is_empty() { worker_beside_us() } else { set.clone() }
}

fn worker_beside_us() -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name("media-worker")
}

/// An error with its causes on one line, none of which holds a URL.
fn told(part: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut text = format!("{part} can not be opened: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text.into()
}
