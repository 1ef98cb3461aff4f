//! What workers take and what they complain of while they work.

use std::{cell::Cell, fs, sync::Arc, time::Duration};

use media::Limits;
use tempfile::NamedTempFile;
use tokio::runtime::Handle;
use tracing::subscriber::DefaultGuard;

use crate::workers::WORKER;

/// How often the workers are looked at beside after each file: the kernel itself keeps the highest of each.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The memory of all workers that this process has under certain limits.
pub struct Memory {
    /// What each may have at most, in bytes of addresses.
    max_bytes: u64,
    most_addresses: Cell<u64>,
    most_resident: Cell<u64>,
}

impl Memory {
    pub fn of(limits: &Limits) -> Self {
        Self { max_bytes: limits.max_memory_bytes(), most_addresses: Cell::default(), most_resident: Cell::default() }
    }

    /// Panics when one that lives has had more than it may.
    pub fn look(&self) {
        for worker in workers().into_iter().filter(|worker| bounds(*worker) == [self.max_bytes; 2]) {
            let Some(status) = read(worker, "status") else { continue };
            // What has just ended has no memory any more.
            let Some(addresses) = kibibytes(&status, "VmPeak:") else { continue };
            let resident = kibibytes(&status, "VmHWM:").unwrap();
            assert!(addresses <= self.max_bytes, "{worker} had {addresses} bytes of {}", self.max_bytes);
            self.most_addresses.set(self.most_addresses.get().max(addresses));
            self.most_resident.set(self.most_resident.get().max(resident));
        }
    }

    pub async fn keep_looking(&self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            self.look();
        }
    }

    /// Panics unless the kernel holds each of these to the cap.
    pub fn assert_bounded(&self, workers: &[u32]) {
        for worker in workers {
            assert_eq!(bounds(*worker), [self.max_bytes; 2], "{worker}");
        }
    }

    pub fn report(&self) {
        let mebibytes = |bytes: u64| bytes / 1024 / 1024;
        let (addresses, resident) = (self.most_addresses.get(), self.most_resident.get());
        assert!(resident > 0, "no worker was seen");
        eprintln!(
            "the most that a worker had: {} MiB in memory, {} MiB of addresses; it may have {} MiB",
            mebibytes(resident),
            mebibytes(addresses),
            mebibytes(self.max_bytes)
        );
    }
}

/// Every child of this process that is a worker which draws.
fn workers() -> Vec<u32> {
    let ids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_worker = |id: &u32| read(*id, "cmdline").is_some_and(|line| line.trim_end_matches('\0') == WORKER);
    let is_ours = |id: &u32| {
        // The name in brackets may hold anything; the state and the parent follow it.
        let stat = read(*id, "stat").unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(1)?.parse().ok());
        parent == Some(std::process::id())
    };
    ids.filter(is_worker).filter(is_ours).collect()
}

/// The bounds of its addresses in bytes, the one in force and the one that it may raise that to.
fn bounds(worker: u32) -> [u64; 2] {
    let limits = read(worker, "limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space")).unwrap_or_default();
    let mut numbers = line.split_ascii_whitespace().map(|number| number.parse().unwrap_or(u64::MAX));
    [(); 2].map(|()| numbers.next().unwrap_or(u64::MAX))
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

fn read(process: u32, what: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/{what}")).ok()
}

/// What is logged on this thread, which is where the renderer passes on what its workers write.
pub struct Complaints {
    text: NamedTempFile,
    _until_dropped: DefaultGuard,
}

impl Complaints {
    pub fn begin() -> Self {
        let text = NamedTempFile::new().unwrap();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(Arc::new(text.reopen().unwrap())).finish();
        Self { text, _until_dropped: tracing::subscriber::set_default(log) }
    }

    /// Waits for the last words of workers that have been dropped: a task reads those of each.
    pub async fn until_all_are_told(&self) {
        let told = async {
            while Handle::current().metrics().num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), told).await.expect("every worker has ended");
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.text.path()).unwrap()).into_owned()
    }

    /// How many threads of workers panicked.
    pub fn panics(&self) -> usize {
        self.text().matches("panicked at").count()
    }
}
