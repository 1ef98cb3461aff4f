//! Files that do harm or are only odd, by the hundred, through real confined workers: each comes to something, nothing that was
//! seen before changes unseen, and no worker takes more than its share. The lists of outcomes are snapshots: after a change that is
//! meant, `INSTA_UPDATE=always` writes them anew.

mod made;
mod outcome;
mod watch;

use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use media::{Limits, Renderer, RendererConfig};

use self::{
    outcome::{BY_PANIC, outcome},
    watch::{Complaints, Memory},
};
use crate::workers::WORKER;

/// As many as the machines have cores on which this runs.
const WORKERS: usize = 2;

/// Nothing that ends comes near it, however slow the machine is.
const DEADLINE: Duration = Duration::from_secs(240);

/// For what never ends: it passes on any machine.
const SHORT_DEADLINE: Duration = Duration::from_secs(5);

/// Those of the files made here that never end.
const ENDLESS: &[&str] =
    &["pdf/forms-doubled-30-times.pdf", "svg/coordinates-beyond-all.svg", "svg/noise-of-many-octaves.svg"];

/// Files that end by their deadline or by their memory, whichever comes first on the machine of the day: they are tried where nothing is
/// said of the outcome (`pdf/hostile.rs`, and by the server), and not listed here.
const UNEVEN: &[&str] =
    &["pdf/dashes-of-nearly-nothing.pdf", "pdf/image-faxed-without-end.pdf", "pdf/image-of-ten-thousand-million.pdf"];

/// A file to try.
struct Sample {
    name: String,
    bytes: Bytes,
    /// Whether it would take for ever.
    is_endless: bool,
}

/// Pillow's own test images: `scripts/corpus` fetches them, and `scripts/check` says where they are when all tests are to run.
#[test]
fn the_test_images_of_pillow() {
    let Some(folder) = std::env::var_os("MEDIARY_TEST_CORPUS").map(PathBuf::from) else {
        eprintln!("not a part of this run: MEDIARY_TEST_CORPUS names no folder");
        return;
    };
    let samples = files_in(&folder);
    assert!(samples.len() > 1000, "{} holds {} files: run scripts/corpus", folder.display(), samples.len());
    insta::assert_snapshot!("pillow", listed(samples));
}

#[test]
fn files_that_are_made_to_do_harm() {
    let even = made::all().into_iter().filter(|made| !UNEVEN.contains(&made.name.as_str()));
    let samples = even.map(|made| Sample {
        is_endless: ENDLESS.contains(&made.name.as_str()),
        name: made.name,
        bytes: made.bytes.into(),
    });
    insta::assert_snapshot!("made", listed(samples.collect()));
}

/// All files below a folder, named by their paths in it.
fn files_in(folder: &Path) -> Vec<Sample> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inside = files_in(&path).into_iter();
            found.extend(inside.map(|sample| Sample { name: format!("{name}/{}", sample.name), ..sample }));
        } else {
            found.push(Sample { name, bytes: fs::read(&path).unwrap().into(), is_endless: false });
        }
    }
    found
}

/// What comes of each file, a line each, in the order of their names; with all that must hold meanwhile.
fn listed(samples: Vec<Sample>) -> String {
    // All on one thread, so that what is logged here is of these workers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let complaints = Complaints::begin();
    let began = Instant::now();
    let mut lines = runtime.block_on(async {
        let limits = Limits::default();
        let renderer = |deadline| {
            let worker = PathBuf::from(WORKER);
            Renderer::new(RendererConfig { worker, workers: WORKERS, queue: 0, deadline, limits })
        };
        let (patient, hasty) = (renderer(DEADLINE), renderer(SHORT_DEADLINE));
        let memory = Memory::of(&limits);
        let lines = RefCell::new(Vec::with_capacity(samples.len()));
        let left = RefCell::new(samples.into_iter());
        let walk = || async {
            // Let go of before anything is waited for.
            let next = || left.borrow_mut().next();
            while let Some(sample) = next() {
                let renderer = if sample.is_endless { &hasty } else { &patient };
                let began = Instant::now();
                let outcome = outcome(renderer, &sample.bytes).await;
                memory.look();
                if began.elapsed() > Duration::from_secs(2) {
                    eprintln!("{}: {outcome}, after {:?}", sample.name, began.elapsed());
                }
                lines.borrow_mut().push(format!("{}: {outcome}", sample.name));
            }
        };
        let work = async { tokio::join!(walk(), walk()) };
        tokio::select! {
            _ = work => {}
            () = memory.keep_looking() => {}
        }
        for renderer in [&patient, &hasty] {
            memory.assert_bounded(&renderer.idle_workers());
        }
        memory.report();
        drop((patient, hasty));
        complaints.until_all_are_told().await;
        lines.into_inner()
    });
    lines.sort();
    let panics: Vec<_> = lines.iter().filter(|line| line.ends_with(BY_PANIC)).collect();
    eprintln!("{} files in {:?}, {} panics: {panics:?}", lines.len(), began.elapsed(), panics.len());
    if !panics.is_empty() {
        eprintln!("{}", complaints.text());
    }
    assert_eq!(complaints.panics(), panics.len(), "a panic that was not answered for: {}", complaints.text());
    lines.join("\n")
}
