//! The real worker program, and the pool around it: killed, stopped, flooded, given up, and fed nonsense.

use std::{
    future::poll_fn,
    io::Write as _,
    path::PathBuf,
    pin::{Pin, pin},
    process::{Command, Output, Stdio},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use media::{Format, Limits, RenderError, Renderer, RendererConfig, Resolved, probe};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{pause, resume};

use crate::pictures::{Picture, assert_close, decode};

const WORKER: &str = env!("CARGO_BIN_EXE_media-worker");

fn renderer(workers: usize, queue: usize) -> Renderer {
    let deadline = Duration::from_secs(60);
    Renderer::new(RendererConfig { worker: PathBuf::from(WORKER), workers, queue, deadline, limits: Limits::default() })
}

fn source() -> Bytes {
    Picture::corners(128, 96).jpeg().into()
}

fn to(width: u32, height: u32) -> Resolved {
    Resolved { crop: None, width, height, format: Format::Png, quality: 0 }
}

/// Renders through the pool and looks at what came.
async fn assert_renders(renderer: &Renderer, width: u32) {
    let rendered = renderer.render(source(), &to(width, 48)).await.unwrap();
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
async fn begin<T>(job: &mut Pin<&mut impl Future<Output = T>>) {
    poll_fn(|context| {
        assert!(job.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Waits until the process has ended; that its parent has not yet asked is fine.
async fn ended(worker: u32) {
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
    let refused = renderer.render(Bytes::from_static(b"not an image"), &to(8, 8)).await;
    assert_eq!(refused, Err(RenderError::Unsupported));
    let cut = source().slice(..100);
    assert!(matches!(renderer.render(cut, &to(8, 8)).await, Err(RenderError::Corrupt(_))));
    assert_renders(&renderer, 65).await;
    assert_eq!(renderer.idle_workers(), workers, "a refusal costs no process");
}

#[tokio::test]
async fn a_worker_killed_in_mid_job_costs_that_job_only() {
    let renderer = renderer(2, 8);
    let doomed = stopped_worker(&renderer).await;
    let plan = to(32, 32);
    let mut job = pin!(renderer.render(source(), &plan));
    begin(&mut job).await;
    // Meanwhile another image is rendered by another worker.
    assert_renders(&renderer, 50).await;
    send(doomed, Signal::KILL);
    assert_eq!(job.await, Err(RenderError::Crashed));
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
async fn the_deadline_kills_and_the_next_job_gets_a_new_worker() {
    let renderer = renderer(1, 4);
    let hung = stopped_worker(&renderer).await;
    // With nothing else to do, the clock jumps to the deadline.
    pause();
    assert_eq!(renderer.render(source(), &to(32, 32)).await, Err(RenderError::TimedOut));
    resume();
    ended(hung).await;
    assert_renders(&renderer, 64).await;
}

#[tokio::test]
async fn one_more_than_the_queue_holds_is_busy() {
    let renderer = renderer(1, 1);
    let worker = stopped_worker(&renderer).await;
    let (plan, other) = (to(32, 32), to(16, 16));
    let mut working = pin!(renderer.render(source(), &plan));
    let mut waiting = pin!(renderer.render(source(), &other));
    begin(&mut working).await;
    begin(&mut waiting).await;
    assert_eq!(renderer.render(source(), &plan).await, Err(RenderError::Busy));
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
        let mut job = pin!(renderer.render(source(), &plan));
        begin(&mut job).await;
    }
    ended(worker).await;
    // Nothing of the abandoned job reaches the next one.
    assert_renders(&renderer, 64).await;
    // One that left while it waited took nothing.
    let worker = stopped_worker(&renderer).await;
    let mut working = pin!(renderer.render(source(), &plan));
    begin(&mut working).await;
    {
        let mut waiting = pin!(renderer.render(source(), &plan));
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
    for program in ["/nonexistent/media-worker", "/bin/true", "/bin/cat"] {
        let renderer = with(program);
        let found = renderer.check().await;
        assert!(matches!(found, Err(RenderError::Unavailable(_))), "{program}: {found:?}");
        let found = renderer.render(source(), &to(8, 8)).await;
        assert!(matches!(found, Err(RenderError::Unavailable(_))), "{program}: {found:?}");
    }
}

#[tokio::test]
async fn what_breaks_a_limit_never_reaches_a_worker() {
    let limits = Limits { max_input_bytes: 10, ..Limits::default() };
    let deadline = Duration::from_secs(60);
    let config = RendererConfig { worker: PathBuf::from("/nonexistent"), workers: 1, queue: 0, deadline, limits };
    let renderer = Renderer::new(config);
    assert_eq!(renderer.render(source(), &to(8, 8)).await, Err(RenderError::TooLarge));
    assert_eq!(renderer.render(Bytes::new(), &to(0, 8)).await, Err(RenderError::Unsupported));
}

/// What the program does with these bytes and then the end of its input.
fn feed(bytes: &[u8]) -> Output {
    let mut child =
        Command::new(WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait_with_output().unwrap()
}

#[test]
fn a_malformed_frame_ends_the_worker() {
    let frame = |head: &[u8]| [&u32::try_from(head.len()).unwrap().to_le_bytes()[..], head].concat();
    let numbers = |values: &[u64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let hello = frame(&[&b"\0MdyW\x01\0"[..], &numbers(&[1_000_000, 100, 1_000_000])].concat());
    let ready = frame(b"\0MdyW\x01\0");
    let after_hello = |more: &[u8]| [&hello[..], more].concat();

    let good = feed(&hello);
    assert!(good.status.success());
    assert_eq!(good.stdout, ready);
    let ping = feed(&after_hello(&frame(b"\x01\x07\0\0\0\0\0\0\0")));
    assert!(ping.status.success());
    assert_eq!(ping.stdout, [ready.clone(), frame(b"\x01\x07\0\0\0\0\0\0\0")].concat());

    let render = |len: u64| {
        let mut head = b"\x02\x01\0\0\0\0\0\0\0\x05\0\0\0\0\x08\0\0\0\x08\0\0\0\x01\0\0".to_vec();
        head.extend(len.to_le_bytes());
        frame(&head)
    };
    let bad = [
        ("noise", b"GET / HTTP/1.1\r\n\r\n".to_vec(), false),
        ("no hello first", frame(b"\x01\x07\0\0\0\0\0\0\0"), false),
        ("another version", frame(&[&b"\0MdyW\x02\0"[..], &numbers(&[1, 1, 1])].concat()), false),
        ("a long head", after_hello(&[0xFF; 4]), true),
        ("an empty head", after_hello(&[0; 4]), true),
        ("half a prefix", after_hello(&[9, 0]), true),
        ("half a head", after_hello(&[9, 0, 0, 0, 1]), true),
        ("an unknown kind", after_hello(&frame(&[9])), true),
        ("hello twice", after_hello(&hello), true),
        ("a payload over the limit", after_hello(&[render(101), vec![0; 101]].concat()), true),
        ("half a payload", after_hello(&[render(100), vec![0; 50]].concat()), true),
    ];
    for (what, bytes, greeted) in bad {
        let output = feed(&bytes);
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert_eq!(output.stdout, if greeted { &ready[..] } else { b"" }, "{what}");
        assert!(!output.stderr.is_empty(), "{what}");
    }
    let refused = feed(&after_hello(&[render(100), vec![0; 100]].concat()));
    assert!(refused.status.success(), "no image is a refusal, not a malformed frame");
    assert_eq!(refused.stdout, [ready, frame(b"\x03\x01\0\0\0\0\0\0\0\0")].concat());
}
