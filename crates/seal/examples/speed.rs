//! How fast it is, by the processor's time of this thread, so that other work on the machine counts less:
//! `cargo run --release -p seal --example speed`.

use std::{error::Error, fs, hint::black_box, time::Duration};

use bytes::Bytes;
use content::{ByteRange, ByteStream};
use futures_util::{StreamExt, stream};
use seal::{CHUNK_BYTES, FileKey, Head, MasterKey, OWN_HEAD_BYTES, Sealer, TenantKey};

const MIB: usize = 1 << 20;
const FILE_BYTES: usize = 1 << 30;
const ROUNDS: u32 = 20_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let key = TenantKey::generate(1);
    let plain = vec![7; FILE_BYTES];

    let mut sealed = Vec::with_capacity(FILE_BYTES + FILE_BYTES / 1000);
    let mut seal = || {
        sealed.clear();
        let mut sealer = Sealer::new(&key);
        for mut piece in plain.chunks(MIB) {
            while let Some(some) = sealer.push(&mut piece) {
                sealed.extend_from_slice(&some);
            }
        }
        sealed.extend_from_slice(&sealer.finish());
        Ok(FILE_BYTES)
    };
    // The first time fills the buffer's pages.
    seal()?;
    for _ in 0..3 {
        rate("seal 1 GiB in pieces of 1 MiB, copied to one buffer", &mut seal)?;
    }
    let file_key = Head::read(&sealed)?.open(&key)?;
    for _ in 0..3 {
        rate("open 1 GiB in pieces of 1 MiB", || {
            let mut opener = file_key.whole(FILE_BYTES as u64)?.opener();
            let mut bytes = 0;
            for mut piece in sealed[OWN_HEAD_BYTES..].chunks(MIB) {
                while let Some(some) = opener.push(&mut piece)? {
                    bytes += some.len();
                }
            }
            opener.finish()?;
            Ok(bytes)
        })?;
    }
    let sealed = Bytes::from(sealed);
    let began = cpu_time()?;
    let bytes = drain(file_key.whole(FILE_BYTES as u64)?.open_stream(pieces(sealed.slice(OWN_HEAD_BYTES..)))).await?;
    say("open 1 GiB as a stream of 1 MiB", bytes, cpu_time()?.saturating_sub(began));

    per_call("a head read and opened", |_| Ok(Head::read(&sealed)?.open(&key)?))?;
    let middle = FILE_BYTES as u64 / 2;
    per_call("64 KiB on a chunk's border in the middle of 1 GiB", |at| {
        range(&file_key, &sealed, middle + u64::from(at) * CHUNK_BYTES)
    })?;
    per_call("64 KiB across two chunks", |at| range(&file_key, &sealed, middle + u64::from(at) * CHUNK_BYTES + 1000))?;
    per_call("a file of 1 KiB sealed", |_| {
        let mut sealer = Sealer::new(&key);
        sealer.push(&mut &plain[..1024]);
        Ok(sealer.finish())
    })?;
    let master = MasterKey::generate();
    let wrapped = master.wrap(1, &key);
    per_call("a tenant's key unwrapped", |_| Ok(master.unwrap(1, 1, &wrapped)?))
}

/// Reads one chunk's worth of plaintext from `start` on.
fn range(key: &FileKey, sealed: &[u8], start: u64) -> Outcome<()> {
    let window = key.window(FILE_BYTES as u64, ByteRange { start, end: start + CHUNK_BYTES })?;
    let ByteRange { start, end } = window.sealed_range();
    let mut piece = &sealed[usize::try_from(start)?..usize::try_from(end)?];
    let mut opener = window.opener();
    while opener.push(&mut piece)?.is_some() {}
    Ok(opener.finish()?)
}

fn pieces(bytes: Bytes) -> ByteStream {
    let len = bytes.len();
    stream::iter((0..len).step_by(MIB).map(move |at| Ok(bytes.slice(at..len.min(at + MIB))))).boxed()
}

async fn drain(mut stream: ByteStream) -> Outcome<usize> {
    let mut bytes = 0;
    while let Some(piece) = stream.next().await {
        bytes += piece?.len();
    }
    Ok(bytes)
}

fn rate(what: &str, work: impl FnOnce() -> Outcome<usize>) -> Outcome<()> {
    let began = cpu_time()?;
    let bytes = work()?;
    say(what, bytes, cpu_time()?.saturating_sub(began));
    Ok(())
}

fn say(what: &str, bytes: usize, time: Duration) {
    println!("{what}: {:.0} MB/s", bytes as f64 / 1e6 / time.as_secs_f64());
}

fn per_call<T>(what: &str, mut work: impl FnMut(u32) -> Outcome<T>) -> Outcome<()> {
    let began = cpu_time()?;
    for at in 0..ROUNDS {
        black_box(work(at % 4_000)?);
    }
    println!("{what}: {:.1} µs", cpu_time()?.saturating_sub(began).as_secs_f64() * 1e6 / f64::from(ROUNDS));
    Ok(())
}

/// How long this thread has been on a processor, as Linux counts it.
fn cpu_time() -> Outcome<Duration> {
    let counts = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(counts.split(' ').next().ok_or("no count")?.parse()?))
}
