//! The programs as processes: missing, killed, hanging, too many, left by their callers.

use std::{
    fs::{self, File},
    path::PathBuf,
    pin::pin,
};

use bytes::Bytes;
use media::{RenderError, Source, Videos, VideosConfig};
use rustix::{
    fs::{CWD, Mode, mkfifoat},
    process::{Pid, Signal, kill_process},
};
use tokio::time::{pause, resume};

use super::{config, making, making::MP4, videos};
use crate::workers::{WORKER, begin, ended};

/// An input that never comes and never ends.
struct Endless {
    folder: tempfile::TempDir,
    /// Somebody could write, so that who reads waits.
    _writer: File,
}

impl Endless {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        let writer = File::options().read(true).write(true).open(&pipe).unwrap();
        Self { folder, _writer: writer }
    }

    fn pipe(&self) -> PathBuf {
        self.folder.path().join("pipe")
    }

    fn source(&self) -> Source {
        Source::file(File::open(self.pipe()).unwrap(), 0)
    }

    /// The process that has it as its input, when it is the program already.
    fn reader(&self) -> Option<u32> {
        let processes =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let mut processes = processes.filter(|id: &u32| *id != std::process::id());
        processes.find(|id| {
            let link = |what: &str| fs::read_link(format!("/proc/{id}/{what}"));
            let is_program = link("exe").is_ok_and(|program| program.file_name().is_some_and(|name| name == "ffprobe"));
            is_program && link("fd/0").is_ok_and(|input| input == self.pipe())
        })
    }

    /// Drives the job until its program runs.
    async fn begun<T: std::fmt::Debug>(&self, job: &mut std::pin::Pin<&mut impl Future<Output = T>>) -> u32 {
        let seen = async {
            loop {
                if let Some(reader) = self.reader() {
                    return reader;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            reader = seen => reader,
            done = job => panic!("it ended: {done:?}"),
        }
    }
}

fn kill(process: u32) {
    kill_process(Pid::from_raw(process.cast_signed()).unwrap(), Signal::KILL).unwrap();
}

async fn assert_describes(videos: &Videos) {
    let facts = videos.describe(making::mp4().into(), &MP4).await.unwrap();
    assert_eq!(facts.width, Some(64));
}

#[tokio::test]
async fn a_program_killed_in_mid_job_costs_that_job_only() {
    let videos = Videos::new(config());
    let endless = Endless::new();
    let mut job = pin!(videos.describe(endless.source(), &MP4));
    let reader = endless.begun(&mut job).await;
    assert_describes(&videos).await;
    kill(reader);
    assert_eq!(job.await, Err(RenderError::Killed));
    assert_describes(&videos).await;
}

#[tokio::test]
async fn the_deadline_kills() {
    let videos = Videos::new(config());
    let endless = Endless::new();
    let mut job = pin!(videos.describe(endless.source(), &MP4));
    let reader = endless.begun(&mut job).await;
    // With nothing else to do, the clock jumps to the deadline.
    pause();
    assert_eq!(job.await, Err(RenderError::TimedOut));
    resume();
    ended(reader).await;
    assert_describes(&videos).await;
}

#[tokio::test]
async fn a_caller_that_leaves_takes_the_program_along() {
    let videos = Videos::new(VideosConfig { at_once: 1, queue: 0, ..config() });
    let endless = Endless::new();
    let reader = {
        let mut job = pin!(videos.describe(endless.source(), &MP4));
        endless.begun(&mut job).await
    };
    ended(reader).await;
    assert_describes(&videos).await;
}

#[tokio::test]
async fn one_more_than_the_queue_holds_is_busy() {
    let videos = Videos::new(VideosConfig { at_once: 1, queue: 1, ..config() });
    let endless = Endless::new();
    let video = making::mp4();
    let mut working = pin!(videos.describe(endless.source(), &MP4));
    let reader = endless.begun(&mut working).await;
    let mut waiting = pin!(videos.describe(video.clone().into(), &MP4));
    begin(&mut waiting).await;
    assert_eq!(videos.describe(video.into(), &MP4).await, Err(RenderError::Busy));
    assert_eq!(videos.check().await, Err(RenderError::Busy));
    kill(reader);
    let (first, second) = tokio::join!(working, waiting);
    assert_eq!(first, Err(RenderError::Killed));
    assert_eq!(second.map(|facts| facts.width), Ok(Some(64)));
}

#[tokio::test]
async fn it_is_checked_that_they_can_be_run_and_are_confined() {
    assert!(videos().are_there());
    videos().check().await.unwrap();
}

#[tokio::test]
async fn missing_programs_are_told() {
    let facts = videos().describe(making::mp4().into(), &MP4).await.unwrap();
    let missing = [
        VideosConfig { ffmpeg: None, ffprobe: None, ..config() },
        VideosConfig { ffmpeg: None, ..config() },
        VideosConfig { ffprobe: None, ..config() },
    ];
    for config in missing {
        let videos = Videos::new(config);
        assert!(!videos.are_there());
        let described = videos.describe(making::mp4().into(), &MP4).await;
        assert!(matches!(described, Err(RenderError::Unavailable(_))), "{described:?}");
        let drawn = videos.poster(making::mp4().into(), &MP4, &facts).await;
        assert!(matches!(drawn, Err(RenderError::Unavailable(_))), "{drawn:?}");
        let checked = videos.check().await;
        assert!(matches!(checked, Err(RenderError::Unavailable(_))), "{checked:?}");
    }
    // Gone since it was found, or never what it was said to be.
    for program in ["/nonexistent/ffprobe", "/etc/passwd"] {
        let videos = Videos::new(VideosConfig { ffprobe: Some(program.into()), ..config() });
        let described = videos.describe(making::mp4().into(), &MP4).await;
        assert!(matches!(described, Err(RenderError::Unavailable(_))), "{program}: {described:?}");
    }
}

#[tokio::test]
async fn no_video_is_blamed_for_programs_that_are_not_what_they_should_be() {
    for program in ["/bin/true", "/bin/false", "/bin/echo", WORKER] {
        let videos = Videos::new(VideosConfig { ffprobe: Some(program.into()), ..config() });
        let described = videos.describe(making::mp4().into(), &MP4).await;
        assert!(matches!(described, Err(RenderError::Unavailable(_))), "{program}: {described:?}");
    }
    for worker in ["/nonexistent/media-worker", "/bin/true", "/bin/false", "/bin/echo"] {
        let videos = Videos::new(VideosConfig { worker: worker.into(), ..config() });
        let described = videos.describe(making::mp4().into(), &MP4).await;
        assert!(matches!(described, Err(RenderError::Unavailable(_))), "{worker}: {described:?}");
    }
}

#[tokio::test]
async fn ten_at_once() {
    let videos = std::sync::Arc::new(Videos::new(VideosConfig { queue: 10, ..config() }));
    let jobs: Vec<_> = (0..10)
        .map(|at| {
            let videos = videos.clone();
            let video = if at % 2 == 0 { making::mp4() } else { Bytes::from_static(b"nothing") };
            tokio::spawn(async move { videos.describe(video.into(), &MP4).await.is_ok() })
        })
        .collect();
    for (at, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.await.unwrap(), at % 2 == 0);
    }
}
