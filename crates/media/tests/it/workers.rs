//! The real worker program, and the pool around it: killed, stopped, flooded, given up, and fed nonsense.

use std::{
    fs::File,
    future::poll_fn,
    io::Write as _,
    path::PathBuf,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use media::{Format, Limits, Load, RenderError, Renderer, RendererConfig, Resolved, Source, probe};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{pause, resume};

use crate::pictures::{Picture, assert_close, decode};

pub const WORKER: &str = env!("CARGO_BIN_EXE_media-worker");

fn renderer(workers: usize, queue: usize) -> Renderer {
    let deadline = Duration::from_secs(60);
    Renderer::new(RendererConfig { worker: PathBuf::from(WORKER), workers, queue, deadline, limits: Limits::default() })
}

fn source() -> Bytes {
    Picture::corners(128, 96).jpeg().into()
}

fn to(width: u32, height: u32) -> Resolved {
    Resolved::of_size(width, height, Format::Png)
}

/// Renders through the pool and looks at what came.
async fn assert_renders(renderer: &Renderer, width: u32) {
    let rendered = renderer.render(source().into(), &to(width, 48)).await.unwrap();
    let found = probe(&rendered.bytes).unwrap();
    assert_eq!((found.width, found.height, rendered.width), (width, 48, width));
    assert_close(
        decode(&rendered.bytes).quarter_colours(),
        Picture::corners(4, 4).quarter_colours(),
        "through a worker",
    );
}

fn send(worker: u32, signal: Signal) {
    kill_process(Pid::from_raw(worker.cast_signed()).unwrap(), signal).unwrap();
}

/// A started worker that is stopped: it takes a job and never answers.
async fn stopped_worker(renderer: &Renderer) -> u32 {
    renderer.check().await.unwrap();
    let worker = renderer.idle_workers()[0];
    send(worker, Signal::STOP);
    worker
}

/// Lets `job` get as far as it can without waiting, which is into the hands of a worker or into the queue.
pub async fn begin<T>(job: &mut Pin<&mut impl Future<Output = T>>) {
    poll_fn(|context| {
        assert!(job.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Waits until the process has ended; that its parent has not yet asked is fine.
pub async fn ended(worker: u32) {
    let lives = || {
        std::fs::read_to_string(format!("/proc/{worker}/stat"))
            .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")))
    };
    tokio::time::timeout(Duration::from_secs(30), async {
        while lives() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the process is killed");
}

#[tokio::test]
async fn a_worker_is_started_once_and_used_again() {
    let renderer = renderer(2, 2);
    assert!(renderer.idle_workers().is_empty(), "none before the first job");
    assert_renders(&renderer, 64).await;
    let workers = renderer.idle_workers();
    assert_eq!(workers.len(), 1);
    let refused = renderer.render(Bytes::from_static(b"not an image").into(), &to(8, 8)).await;
    assert_eq!(refused, Err(RenderError::Unsupported));
    let cut = source().slice(..100);
    assert!(matches!(renderer.render(cut.into(), &to(8, 8)).await, Err(RenderError::Corrupt(_))));
    assert_renders(&renderer, 65).await;
    assert_eq!(renderer.idle_workers(), workers, "a refusal costs no process");
}

#[tokio::test]
async fn a_worker_killed_in_mid_job_costs_that_job_only() {
    let renderer = renderer(2, 8);
    let doomed = stopped_worker(&renderer).await;
    let plan = to(32, 32);
    let mut job = pin!(renderer.render(source().into(), &plan));
    begin(&mut job).await;
    assert_eq!(renderer.load(), Load { most: 2, busy: 1, waiting: 0 });
    // Meanwhile another image is rendered by another worker.
    assert_renders(&renderer, 50).await;
    assert_eq!(renderer.lost_workers(), 0);
    send(doomed, Signal::KILL);
    assert_eq!(job.await.map(|rendered| rendered.width), Ok(32), "it is done again by another");
    assert_eq!((renderer.lost_workers(), renderer.load().busy), (1, 0));
    assert_renders(&renderer, 51).await;
}

#[tokio::test]
async fn a_worker_that_died_while_idle_is_replaced() {
    let renderer = renderer(1, 0);
    renderer.check().await.unwrap();
    let worker = renderer.idle_workers()[0];
    send(worker, Signal::KILL);
    ended(worker).await;
    assert_renders(&renderer, 64).await;
    assert_ne!(renderer.idle_workers(), [worker]);
}

#[tokio::test]
async fn a_worker_that_faults_ends_at_once() {
    let renderer = renderer(1, 0);
    renderer.check().await.unwrap();
    let worker = renderer.idle_workers()[0];
    // The runtime catches the first fault, gives up catching, and lets the next one end the process.
    let faults = async {
        loop {
            send(worker, Signal::SEGV);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = ended(worker) => {}
        () = faults => {}
    }
    assert_renders(&renderer, 64).await;
}

#[tokio::test]
async fn the_deadline_kills_and_the_next_job_gets_a_new_worker() {
    let renderer = renderer(1, 4);
    let hung = stopped_worker(&renderer).await;
    // With nothing else to do, the clock jumps to the deadline.
    pause();
    assert_eq!(renderer.render(source().into(), &to(32, 32)).await, Err(RenderError::TimedOut));
    resume();
    ended(hung).await;
    assert_eq!(renderer.lost_workers(), 1);
    assert_renders(&renderer, 64).await;
}

#[tokio::test]
async fn one_more_than_the_queue_holds_is_busy() {
    let renderer = renderer(1, 1);
    let worker = stopped_worker(&renderer).await;
    let (plan, other) = (to(32, 32), to(16, 16));
    let mut working = pin!(renderer.render(source().into(), &plan));
    let mut waiting = pin!(renderer.render(source().into(), &other));
    begin(&mut working).await;
    begin(&mut waiting).await;
    assert_eq!(renderer.render(source().into(), &plan).await, Err(RenderError::Busy));
    assert_eq!(renderer.check().await, Err(RenderError::Busy));
    send(worker, Signal::CONT);
    let (first, second) = tokio::join!(working, waiting);
    assert_eq!((first.unwrap().width, second.unwrap().width), (32, 16));
    assert_renders(&renderer, 64).await;
}

#[tokio::test]
async fn a_caller_that_leaves_takes_its_worker_along() {
    let renderer = renderer(1, 4);
    let worker = stopped_worker(&renderer).await;
    let plan = to(32, 32);
    {
        let mut job = pin!(renderer.render(source().into(), &plan));
        begin(&mut job).await;
    }
    ended(worker).await;
    // Nothing of the abandoned job reaches the next one.
    assert_renders(&renderer, 64).await;
    // One that left while it waited took nothing.
    let worker = stopped_worker(&renderer).await;
    let mut working = pin!(renderer.render(source().into(), &plan));
    begin(&mut working).await;
    {
        let mut waiting = pin!(renderer.render(source().into(), &plan));
        begin(&mut waiting).await;
    }
    send(worker, Signal::CONT);
    assert_eq!(working.await.unwrap().width, 32);
    assert_eq!(renderer.idle_workers(), [worker]);
}

#[tokio::test]
async fn fifty_at_once() {
    let renderer = std::sync::Arc::new(renderer(3, 50));
    let jobs: Vec<_> = (0..50)
        .map(|at| {
            let renderer = renderer.clone();
            tokio::spawn(async move { assert_renders(&renderer, 20 + at).await })
        })
        .collect();
    for job in jobs {
        job.await.unwrap();
    }
    assert!(renderer.idle_workers().len() <= 3);
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_unavailable() {
    let with = |program: &str| {
        let worker = PathBuf::from(program);
        let deadline = Duration::from_secs(60);
        Renderer::new(RendererConfig { worker, workers: 1, queue: 0, deadline, limits: Limits::default() })
    };
    for program in ["/nonexistent/media-worker", "/bin/true", "/bin/false"] {
        let renderer = with(program);
        let found = renderer.check().await;
        assert!(matches!(found, Err(RenderError::Unavailable(_))), "{program}: {found:?}");
        let found = renderer.render(source().into(), &to(8, 8)).await;
        assert!(matches!(found, Err(RenderError::Unavailable(_))), "{program}: {found:?}");
    }
}

#[tokio::test]
async fn what_breaks_a_limit_never_reaches_a_worker() {
    let limits = Limits { max_input_bytes: 10, ..Limits::default() };
    let deadline = Duration::from_secs(60);
    let config = RendererConfig { worker: PathBuf::from("/nonexistent"), workers: 1, queue: 0, deadline, limits };
    let renderer = Renderer::new(config);
    assert_eq!(renderer.render(source().into(), &to(8, 8)).await, Err(RenderError::TooLarge));
    assert_eq!(renderer.render(Bytes::new().into(), &to(0, 8)).await, Err(RenderError::Unsupported));
}

#[tokio::test]
async fn several_renditions_come_from_one_job() {
    let renderer = renderer(1, 0);
    let plans =
        [to(64, 48), Resolved::of_size(16, 12, Format::Webp), to(128, 96), Resolved::of_size(8, 6, Format::Jpeg)];
    let made = renderer.render_many(source().into(), &plans, true).await.unwrap();
    let sizes: Vec<_> =
        made.renditions.iter().map(|one| probe(&one.bytes).map(|probe| (probe.width, probe.height))).collect();
    assert_eq!(sizes, [Some((64, 48)), Some((16, 12)), Some((128, 96)), Some((8, 6))]);
    assert!(made.details.is_some());
    let made = renderer.render_many(source().into(), &[], true).await.unwrap();
    assert!(made.renditions.is_empty() && made.details.is_some(), "details alone");
    let too_many = vec![to(8, 8); 65];
    assert_eq!(renderer.render_many(source().into(), &too_many, false).await, Err(RenderError::Unsupported));
}

#[tokio::test]
async fn an_image_in_a_file_is_read_by_the_worker_itself() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&source()).unwrap();
    file.write_all(b"what follows is not the image").unwrap();
    let renderer = renderer(1, 0);
    let open = |len| Source::file(File::open(file.path()).unwrap(), len);
    let rendered = renderer.render(open(source().len() as u64), &to(64, 48)).await.unwrap();
    assert_eq!(rendered, renderer.render(source().into(), &to(64, 48)).await.unwrap());
    // A file that is shorter than it was said to be is an image cut short.
    let empty = Source::file(File::open("/dev/null").unwrap(), 1000);
    assert!(matches!(renderer.render(empty, &to(8, 8)).await, Err(RenderError::Unsupported)));
    assert_renders(&renderer, 64).await;
}

#[tokio::test]
async fn large_results_come_whole() {
    let noisy = Picture::of(1500, 1000, |x, y| [(x * y) as u8, (x * 7 + y * 13) as u8, (x ^ y) as u8, 255]).png();
    let renderer = renderer(1, 0);
    let rendered = renderer.render(Bytes::from(noisy).into(), &to(1499, 1000)).await.unwrap();
    assert!(rendered.bytes.len() > 1024 * 1024, "{}", rendered.bytes.len());
    assert_eq!(decode(&rendered.bytes).width, 1499);
    // The next, small one is not what was left of the large one.
    assert_renders(&renderer, 64).await;
}
