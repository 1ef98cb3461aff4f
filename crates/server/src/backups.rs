//! `mediary backup` and `mediary restore`: a bar on a terminal while they are at it, and JSON at the end.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use library::{Library, Made, Manifest, OnStep, Shelf, Step};
use serde_json::{Value, json};

use crate::{Failure, Settings, care, cli::system, wiring};

/// Nobody reads faster.
const DRAWS_EACH: Duration = Duration::from_millis(200);

/// `mediary backup …`
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// Where the backups lie: a folder that is nobody else's, made if need be.
    folder: PathBuf,
    /// Drop all but so many of the newest, and the bytes that only those named.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Only tell of those that there are, the oldest first.
    #[arg(long, conflicts_with = "keep")]
    list: bool,
}

/// `mediary restore …`
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// Where the backups lie; nothing is written there.
    folder: PathBuf,
    /// Which one, as `backup --list` calls it; the newest unless given.
    #[arg(long)]
    catalog: Option<String>,
    /// Do not read everything once more when it is there.
    #[arg(long)]
    unverified: bool,
    /// Bring back the rest when files in the backup are damaged or missing; those are told.
    #[arg(long)]
    damaged: bool,
}

/// A backup and what it is of lie in folders of their own, neither in the other: they name what is in them alike.
fn expect_elsewhere(folder: &Path, settings: &Settings) -> Result<(), Failure> {
    let said = folder.display();
    if folder.to_string_lossy().contains("://") {
        return Err(format!("{said}: backups lie in a folder of this machine").into());
    }
    let folder = real(folder)?;
    let mut taken = vec![real(&settings.data)?];
    let blobs = settings.blobs_url();
    if !blobs.contains("://") {
        taken.push(real(Path::new(&blobs))?);
    }
    match taken.iter().find(|taken| folder.starts_with(taken) || taken.starts_with(&folder)) {
        Some(taken) => {
            Err(format!("{said} and {} lie in each other: backups have a folder elsewhere", taken.display()).into())
        }
        None => Ok(()),
    }
}

/// Where a path leads, as far as it is there.
fn real(path: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path)?;
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let rest = path.strip_prefix(there)?;
    Ok(there.canonicalize()?.join(rest))
}

/// Makes one, and tells what is in it, or tells of those that there are; fails when some files could not be read.
pub(crate) async fn back_up(settings: &Settings, wanted: BackupArguments) -> Result<(), Failure> {
    let shelf = Shelf::at(&wanted.folder);
    if wanted.list {
        return list(&shelf, &wanted.folder).await;
    }
    expect_elsewhere(&wanted.folder, settings)?;
    if let Some(path) = settings.database_url().strip_prefix("sqlite:")
        && !Path::new(path.trim_start_matches("//")).exists()
    {
        return Err(format!("{path}: there is no library").into());
    }
    // Sealed files are copied as they are: nobody has to be able to open them.
    let library = wiring::open_without_keys(settings).await?;
    let outcome = make(&library, &shelf, wanted.keep.map(|keep| keep as usize)).await;
    library.close().await;
    outcome
}

async fn list(shelf: &Shelf, folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Err(format!("{}: there is no such folder", folder.display()).into());
    }
    let mut told = Vec::new();
    for (name, manifest) in shelf.listed().await? {
        told.push(match manifest {
            Ok(manifest) => shown(&manifest),
            Err(error) => json!({ "catalog": name, "damaged": error.to_string() }),
        });
    }
    tell(&Value::Array(told))
}

async fn make(library: &Library, shelf: &Shelf, keep: Option<usize>) -> Result<(), Failure> {
    let (bar, on_step) = bar();
    let made = library.back_up(&system(), shelf, keep, &on_step).await;
    bar.finish_and_clear();
    let Made { manifest, copied, copied_bytes, attempts, dropped } = made?;
    let mut shown = shown(&manifest);
    shown["copied"] = json!({ "blobs": copied, "bytes": copied_bytes });
    shown["attempts"] = attempts.into();
    shown["dropped"] = json!({ "catalogs": dropped.catalogs, "blobs": dropped.blobs, "bytes": dropped.bytes });
    tell(&shown)?;
    match manifest.unreadable.len() {
        0 => Ok(()),
        lost => Err(format!("{lost} files can not be read and are not in the backup: see `mediary verify`").into()),
    }
}

/// Brings one back to where the settings say, and verifies it then, unless told not to.
pub(crate) async fn restore(settings: &Settings, wanted: RestoreArguments) -> Result<(), Failure> {
    expect_elsewhere(&wanted.folder, settings)?;
    let shelf = Shelf::at(&wanted.folder).leniently(wanted.damaged);
    let manifest = shelf.catalog(wanted.catalog.as_deref()).await?;
    let (catalog, blobs) = wiring::open_place(settings, manifest.schema).await?;
    let (bar, on_step) = bar();
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let restored = library::restore(&system(), (&shelf, manifest), (&catalog, &blobs), now_ms, &on_step).await;
    bar.finish_and_clear();
    catalog.close().await;
    let restored = restored?;
    let mut told = shown(&restored.manifest);
    told["copied"] = json!({ "blobs": restored.copied });
    told["missing"] = json!(restored.missing);
    tell(&told)?;
    // Brought up to date meanwhile, where the backup is older than this program.
    let library = wiring::open_without_keys(settings).await?;
    let outcome = look_at(&library, wanted.unverified).await;
    library.close().await;
    outcome
}

async fn look_at(library: &Library, unverified: bool) -> Result<(), Failure> {
    if let Err(error) = library.check_keys().await {
        let words =
            "everything is restored, but sealed files can not be opened, because the master key is not in a backup";
        return Err(format!("{words}: {error}; set encryption.master, and run `mediary verify`").into());
    }
    if unverified { Ok(()) } else { care::verify(library, false).await }
}

fn shown(manifest: &Manifest) -> Value {
    json!({
        "catalog": manifest.name,
        "taken_at_ms": manifest.taken_at,
        "version": manifest.version,
        "schema": manifest.schema,
        "engine": manifest.engine,
        "rows": manifest.rows.values().sum::<u64>(),
        "rows_bytes": manifest.rows_bytes,
        "blobs": manifest.blobs,
        "bytes": manifest.bytes,
        "unreadable": manifest.unreadable,
    })
}

/// A bar on the standard error, which shows itself only where that is a terminal, and who moves it.
fn bar() -> (ProgressBar, OnStep) {
    let bar = ProgressBar::no_length();
    let counting = ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let copying = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}");
    let copying = copying.unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(counting.clone());
    bar.enable_steady_tick(DRAWS_EACH);
    let (rows, blobs, all) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let moved = bar.clone();
    let on_step = move |step: Step| match step {
        Step::Rows(more) => {
            let rows = rows.fetch_add(more, Ordering::Relaxed) + more;
            moved.set_style(counting.clone());
            moved.set_message(format!("{rows} rows"));
        }
        Step::Blobs { count, bytes } => {
            rows.store(0, Ordering::Relaxed);
            blobs.store(0, Ordering::Relaxed);
            all.store(count, Ordering::Relaxed);
            moved.set_style(copying.clone());
            moved.set_length(bytes);
            moved.set_position(0);
        }
        Step::Bytes(more) => moved.inc(more),
        Step::Blob => {
            let blobs = blobs.fetch_add(1, Ordering::Relaxed) + 1;
            moved.set_message(format!("{blobs}/{} files", all.load(Ordering::Relaxed)));
        }
    };
    (bar, Arc::new(on_step))
}

fn tell(value: &Value) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}
