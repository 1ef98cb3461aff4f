//! Large files that are not in the machine's memory: while four clients download one, whoever asks whether the server is
//! alive does not wait for the disk.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use library::{Ingest, Origin, Right, Upload};

use crate::support::{Organization, Server, engines::in_quiet_with, health::Slowest, programs::succeed};

const MEBIBYTE: u64 = 1024 * 1024;
const CLIENTS: usize = 4;
/// Of a thousand answers one may take longer by this than beside the same downloads from memory. A server that itself waits for the disk
/// takes as long for every one that comes then.
const TOO_SLOW: Duration = Duration::from_millis(20);
/// A stall of the server's shows every time; one that the machine's other work makes does not.
const ATTEMPTS: usize = 3;

/// 2 GiB where there is time for it, else enough to take its time.
fn size() -> u64 {
    if std::env::var_os("MEDIARY_TEST_LARGE").is_some() { 2048 * MEBIBYTE } else { 256 * MEBIBYTE }
}

#[test]
fn a_cold_download_stalls_nobody() {
    let set = |settings: &mut mediary::Settings| settings.limits.max_upload_bytes = size();
    in_quiet_with(set, async |server| {
        let organization = server.organization("Acme").await;
        let id = add_large_file(server, &organization).await;
        let path = server.store_folder().join(&server.stored_files()[0]);
        assert_eq!(path.metadata().unwrap().len(), size());
        let target = format!("/fliplet/v1/media/files/{id}/contents?auth_token={}", organization.token);
        let mut slowest = Vec::new();
        for _ in 0..ATTEMPTS {
            make_cold(&path);
            let read_before = bytes_read_from_disks();
            let cold = slowest_while_downloading(server.address, &target);
            let read = bytes_read_from_disks() - read_before;
            assert!(read >= size() / 10 * 9, "only {read} bytes came from the disk: the file was not cold");
            // What the downloads cost that need no disk, on this machine at this time.
            let warm = slowest_while_downloading(server.address, &target);
            slowest.push((cold, warm));
            if slowest.last().is_some_and(|(cold, warm)| cold.mostly().saturating_sub(warm.mostly()) < TOO_SLOW) {
                eprintln!("cold and warm: {slowest:?}");
                return;
            }
        }
        panic!("the slowest answers, cold and warm, took {slowest:?}");
    });
}

/// Through the library, as an upload comes; its id.
async fn add_large_file(server: &Server, organization: &Organization) -> i64 {
    let library = &server.library;
    let actor = library.authenticate("fliplet", &organization.token, Origin::default()).await.unwrap();
    let noise: Vec<u8> =
        (0..MEBIBYTE as u32 / 4).flat_map(|word| word.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let chunk = Bytes::from(noise);
    let body = stream::iter((0..size() / MEBIBYTE).map(move |_| Ok(chunk.clone()))).boxed();
    let root = library.root_folder(&actor, organization.id, Right::Read).await.unwrap();
    let received = library.receive(&actor, Some(root.id), body).await.unwrap();
    let upload = Upload {
        received,
        name: "large.bin".to_owned(),
        declared_type: None,
        fields: Vec::new(),
        title: None,
        terms: library::Terms::default(),
    };
    library.add_assets(&actor, root.id, vec![upload], Ingest::default()).await.unwrap()[0].id
}

/// Has the system forget what it holds of a file.
fn make_cold(path: &Path) {
    let of = format!("of={}", path.display());
    succeed(Command::new("dd").args([&of, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]), "coreutils");
}

/// How much this process has had read from disks so far, memory not counted.
fn bytes_read_from_disks() -> u64 {
    let counters = std::fs::read_to_string("/proc/self/io").unwrap();
    let read = counters.lines().find_map(|line| line.strip_prefix("read_bytes: ")).unwrap();
    read.parse().unwrap()
}

/// Downloads with all clients at once while another asks for the server's health.
fn slowest_while_downloading(address: SocketAddr, target: &str) -> Slowest {
    let downloading = AtomicUsize::new(CLIENTS);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let received = download(address, target);
                // Whatever came of it, the probing must end.
                downloading.fetch_sub(1, Ordering::SeqCst);
                let received = received.unwrap();
                assert!(received >= size(), "{received} bytes are not all");
            });
        }
        Slowest::while_(address, || downloading.load(Ordering::SeqCst) > 0)
    })
}

/// Downloads and throws away; how many bytes came, the head included.
fn download(address: SocketAddr, target: &str) -> io::Result<u64> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_secs(60)))?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes())?;
    let mut buffer = vec![0; 256 * 1024];
    let mut received = 0;
    loop {
        match connection.read(&mut buffer)? {
            0 => return Ok(received),
            read => received += read as u64,
        }
    }
}
