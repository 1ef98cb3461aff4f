//! Bodies that fail, and bodies however they are cut.

use proptest::{prelude::*, test_runner::TestRunner};
use tokio::io::AsyncWriteExt;

use super::{clamd::read_body, *};
use crate::source::BLOCK_BYTES;

/// A clamd that takes what is sent for clean, and notes the last body that came to its end.
async fn trusting() -> (String, Noted<Option<Vec<u8>>>) {
    let noted: Noted<Option<Vec<u8>>> = Arc::default();
    let note = Arc::clone(&noted);
    let (address, _) = serve(move |mut stream: TcpStream| {
        let note = Arc::clone(&note);
        async move {
            let body = read_body(&mut stream).await;
            let ended = body.is_some();
            *note.lock().unwrap() = body;
            if ended {
                stream.write_all(b"stream: OK\0").await.unwrap();
            }
        }
    })
    .await;
    (format!("clamd://{address}"), noted)
}

#[tokio::test]
async fn what_is_too_much_is_not_sent() {
    let url = "clamd:///nowhere/clamd.ctl".to_owned();
    let small = Scanner::new(Config { url, timeout: PATIENCE, idle: PATIENCE, max_bytes: 3 }).unwrap();
    assert_eq!(small.scan(body(b"four"), 4).await, Ok(Verdict::TooLarge));
    assert!(small.scan(body(b"two"), 3).await.is_err());
}

#[test]
fn limits_of_nothing_are_refused() {
    for (timeout, idle) in [(Duration::ZERO, PATIENCE), (PATIENCE, Duration::ZERO)] {
        let config = Config { url: "clamd://localhost".to_owned(), timeout, idle, max_bytes: 1 };
        assert!(Scanner::new(config).is_err());
    }
}

#[tokio::test]
async fn a_body_that_fails_is_never_ended() {
    let part = || Ok(Bytes::from_static(b"part"));
    let fails = || chunks(vec![part(), Err(io::Error::other("no such\r\nblob."))]);
    let stalls = || chunks(vec![part()]).chain(stream::pending()).boxed();
    let (url, noted) = trusting().await;
    let (patient, hasty) = (scanner(&url), limited(&url, PATIENCE, Duration::from_millis(50)));
    for (body, len, why) in [
        (fails(), 4, "what was to be scanned can not be read: no such  blob"),
        (fails(), 8, "what was to be scanned can not be read: no such  blob"),
        (chunks(vec![part()]), 5, "what was to be scanned is shorter than it was said to be"),
        (chunks(vec![part()]), 3, "what was to be scanned is longer than it was said to be"),
        (chunks(vec![part(), part()]), 4, "what was to be scanned is longer than it was said to be"),
        (stalls(), 8, "what was to be scanned did not go on for 50ms"),
        (stalls(), 4, "what was to be scanned did not go on for 50ms"),
    ] {
        *noted.lock().unwrap() = Some(b"not yet".to_vec());
        let scanner = if why.ends_with("50ms") { &hasty } else { &patient };
        assert_eq!(scanner.scan(body, len).await.unwrap_err().to_string(), why);
        while noted.lock().unwrap().as_deref() == Some(b"not yet") {
            tokio::task::yield_now().await;
        }
        assert_eq!(*noted.lock().unwrap(), None, "{why}");
    }
    assert_eq!(scan(&patient, b"part").await, Ok(Verdict::Clean));
}

/// Bytes, and where they are cut.
fn cut_bytes() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    let len = prop_oneof![0..200_usize, BLOCK_BYTES - 2..BLOCK_BYTES + 2, 0..3 * BLOCK_BYTES];
    len.prop_flat_map(|len| {
        let cuts = proptest::collection::vec(0..=len, 0..20);
        // One random byte and its place: a body of random ones takes far longer to make than to send.
        (any::<u8>(), cuts).prop_map(move |(seed, mut cuts)| {
            cuts.sort_unstable();
            ((0..len).map(|at| (at % 251) as u8 ^ seed).collect(), cuts)
        })
    })
}

fn cut(bytes: &[u8], cuts: &[usize]) -> ByteStream {
    let bytes = Bytes::copy_from_slice(bytes);
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    chunks(starts.zip(ends).map(|(start, end)| Ok(bytes.slice(start..end))).collect())
}

/// What goes over the wire to clamd for these bytes.
fn wire(bytes: &[u8]) -> Vec<u8> {
    let mut wire = b"zINSTREAM\0".to_vec();
    for block in bytes.chunks(BLOCK_BYTES).chain([&[][..]]) {
        wire.extend((block.len() as u32).to_be_bytes());
        wire.extend(block);
    }
    wire
}

#[test]
fn how_a_body_is_cut_does_not_matter() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wanted: Noted<Vec<u8>> = Arc::default();
    let (address, _) = runtime.block_on(serve({
        let wanted = Arc::clone(&wanted);
        move |mut stream: TcpStream| {
            let wanted = wanted.lock().unwrap().clone();
            async move {
                let mut came = vec![0; wanted.len()];
                stream.read_exact(&mut came).await.unwrap();
                stream
                    .write_all(if came == wanted { b"stream: OK\0" } else { b"stream: not so FOUND\0" })
                    .await
                    .unwrap();
            }
        }
    }));
    let scanner = scanner(&format!("clamd://{address}"));
    let config = proptest::test_runner::Config { failure_persistence: None, ..Default::default() };
    TestRunner::new(config)
        .run(&cut_bytes(), |(bytes, cuts)| {
            *wanted.lock().unwrap() = wire(&bytes);
            let verdict = runtime.block_on(scanner.scan(cut(&bytes, &cuts), bytes.len() as u64));
            prop_assert_eq!(verdict, Ok(Verdict::Clean));
            Ok(())
        })
        .unwrap();
}
