//! A large file whose chunks come by several connections at once: the server holds little of it in memory.

use std::{path::Path, process::Stdio, sync::Arc};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::Sending;
use crate::{
    botdoc::Agent,
    support::{Server, on_one_engine_with, programs::md5},
};

const CHUNK_BYTES: usize = 8 * 1024 * 1024;
const CHUNKS: usize = 25;
const CONNECTIONS: usize = 3;
const MAX_GROWTH_KIB: u64 = 64 * 1024;

/// A server in a process of its own, whose memory is its own.
struct Process {
    child: Child,
    address: std::net::SocketAddr,
}

impl Process {
    async fn beside(server: &Server) -> Self {
        let mut command = Command::from(server.command(&["serve", "--listen", "127.0.0.1:0"]));
        command.env("MEDIARY_LOG__ACCESS", "off").env("MEDIARY_LOG__LEVEL", "info");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = said.next_line().await.unwrap().expect("the server says where it listens");
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = line["fields"]["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        // What it says further on is read, or it would wait for a reader some day.
        tokio::spawn(async move { while said.next_line().await.is_ok_and(|line| line.is_some()) {} });
        Self { child, address }
    }

    /// The most memory that it had at any moment.
    fn peak_kib(&self) -> u64 {
        let status = Path::new("/proc").join(self.child.id().unwrap().to_string()).join("status");
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

#[test]
fn two_hundred_megabytes_take_little_memory() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let agent = Agent::new(server).await;
            let process = Process::beside(server).await;
            let pieces: Vec<Vec<u8>> = (0..CHUNKS).map(piece).collect();
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            // Its clock goes.
            let sending = Sending::of(&agent, "large.bin", &pieces).with_new_token(process.address).await;
            // A small one first, for what is only set up once.
            let small = Sending { pieces: vec![b"a".to_vec(), b"b".to_vec()], ..sending.named("small.bin") };
            let sending = Arc::new(sending);
            let id = small.begin(process.address).await;
            small.post(process.address, &small.chunk_of(&id, 2)).await.expect(201);
            let before = process.peak_kib();
            let id = sending.begin(process.address).await;
            let connections = (0..CONNECTIONS).map(|first| {
                let (sending, id, to) = (Arc::clone(&sending), id.clone(), process.address);
                tokio::spawn(async move {
                    for number in (2 + first..=CHUNKS).step_by(CONNECTIONS) {
                        sending.post(to, &sending.chunk_of(&id, number)).await.expect(201);
                    }
                })
            });
            for connection in connections.collect::<Vec<_>>() {
                connection.await.unwrap();
            }
            let media = sending.media(process.address, &id).await;
            assert_eq!(media["state"], "available");
            assert_eq!(media["file_checksum"], md5(&sending.whole()));
            assert!(sending.download(process.address, &id).await.expect(200).body == sending.whole());
            let growth = process.peak_kib() - before;
            assert!(growth < MAX_GROWTH_KIB, "it took {growth} KiB more");
        },
    );
}

/// No two are equal, and none is all the same byte.
fn piece(number: usize) -> Vec<u8> {
    (0..CHUNK_BYTES / 8).flat_map(|at| (at * CHUNKS + number).to_le_bytes()).collect()
}
