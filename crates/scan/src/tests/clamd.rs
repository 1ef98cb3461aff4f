//! What clamd, or whatever is there in its place, can do to us.

use tokio::{io::AsyncWriteExt, net::UnixListener};

use super::*;

/// More than the buffers of two sockets hold.
const MUCH: usize = 32 << 20;

/// Reads a command and a body to its end and gives the body; `None` if it is cut off.
pub(super) async fn read_body(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Vec<u8>> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.ok()?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut body = Vec::new();
    loop {
        let len = stream.read_u32().await.ok()? as usize;
        if len == 0 {
            return Some(body);
        }
        let start = body.len();
        body.resize(start + len, 0);
        stream.read_exact(&mut body[start..]).await.ok()?;
    }
}

/// Hears the whole body, then says `reply` and hangs up.
async fn replying(reply: &'static [u8]) -> Scanner {
    let (address, _) = serve(async |mut stream: TcpStream| {
        read_body(&mut stream).await.unwrap();
        let _ = stream.write_all(reply).await;
    })
    .await;
    scanner(&format!("clamd://{address}"))
}

fn text(result: Result<Verdict, Failure>) -> String {
    result.expect_err("there was no verdict").to_string()
}

#[tokio::test]
async fn verdicts_are_heard() {
    assert_eq!(scan(&replying(b"stream: OK\0").await, b"fine").await, Ok(Verdict::Clean));
    assert_eq!(scan(&replying(b"stream: OK\0").await, b"").await, Ok(Verdict::Clean));
    assert_eq!(scan(&replying(b"stream: Eicar FOUND\0").await, b"bad").await, infected("Eicar"));
    assert_eq!(scan(&replying(b"INSTREAM size limit exceeded. ERROR\0").await, b"big").await, Ok(Verdict::TooLarge));
}

#[tokio::test]
async fn sockets_of_both_kinds_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clamd socket");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_eq!(read_body(&mut stream).await.unwrap(), b"fine");
        stream.write_all(b"stream: OK\0").await.unwrap();
        drop(stream);
        // Says what it has to say and hangs up on the rest: there is no reset here, but a broken pipe.
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 1000]).await.unwrap();
        stream.write_all(b"INSTREAM size limit exceeded. ERROR\0").await.unwrap();
    });
    let scanner = scanner(&format!("clamd://{}", path.display()));
    assert_eq!(scan(&scanner, b"fine").await, Ok(Verdict::Clean));
    assert_eq!(scan(&scanner, &vec![0; MUCH]).await, Ok(Verdict::TooLarge));
}

#[tokio::test]
async fn what_is_no_verdict_is_a_failure() {
    for (reply, why) in [
        (&b""[..], "the virus scanner hung up without an answer"),
        (b"\0", "the virus scanner answered ''"),
        (b"stream: OK", "the virus scanner answered 'stream: OK'"),
        (b"stream: OK\0stream: OK\0", "the virus scanner answered 'stream: OK stream: OK'"),
        (b"stream: OK\0 ", "the virus scanner answered 'stream: OK'"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the virus scanner answered 'HTTP/1.1 400 Bad Request'"),
        (b"stream: Can't open file. ERROR\0", "the virus scanner answered 'stream: Can't open file. ERROR'"),
    ] {
        assert_eq!(text(scan(&replying(reply).await, b"bytes").await), why);
    }
}

#[tokio::test]
async fn a_scanner_that_is_not_there_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gone = scanner(&format!("clamd://{address}"));
    let why = "the virus scanner: Connection refused (os error 111)";
    assert_eq!(text(scan(&gone, b"bytes").await), why);
    assert_eq!(gone.check().await.unwrap_err().to_string(), why);
    assert_eq!(gone.version().await.unwrap_err().to_string(), why);
    let why = "the virus scanner: No such file or directory (os error 2)";
    assert_eq!(text(scan(&scanner("clamd:///nowhere/clamd.ctl"), b"bytes").await), why);
}

#[tokio::test]
async fn a_scanner_that_says_nothing_is_given_up_and_hung_up_on() {
    let (hung_up, mut hangs_up) = tokio::sync::mpsc::unbounded_channel();
    let (address, _) = serve(move |mut stream: TcpStream| {
        let hung_up = hung_up.clone();
        async move {
            let all = stream.read_to_end(&mut Vec::new()).await;
            hung_up.send(all.is_ok()).unwrap();
        }
    })
    .await;
    let silent = limited(&format!("clamd://{address}"), Duration::from_millis(50), PATIENCE);
    let why = "the virus scanner took longer than 50ms";
    assert_eq!(text(scan(&silent, b"bytes").await), why);
    assert_eq!(hangs_up.recv().await, Some(true));
    assert_eq!(silent.version().await.unwrap_err().to_string(), why);
    assert_eq!(silent.check().await.unwrap_err().to_string(), why);
    assert_eq!((hangs_up.recv().await, hangs_up.recv().await), (Some(true), Some(true)));
    // Nor does a question outlive whoever asked.
    let patient = scanner(&format!("clamd://{address}"));
    let asked = tokio::time::timeout(Duration::from_millis(20), scan(&patient, b"bytes")).await;
    assert!(asked.is_err());
    assert_eq!(hangs_up.recv().await, Some(true));
}

#[tokio::test]
async fn a_reader_may_be_slow_but_not_stop() {
    let (address, _) = serve(async |stream: TcpStream| {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let stopped = limited(&format!("clamd://{address}"), PATIENCE, Duration::from_millis(50));
    assert_eq!(text(scan(&stopped, &vec![0; MUCH]).await), "the virus scanner took nothing for 50ms");

    let (address, _) = serve(async |stream: TcpStream| {
        let mut stream = tokio::io::BufReader::with_capacity(999, stream);
        assert_eq!(read_body(&mut stream).await.unwrap().len(), 1 << 20);
        stream.write_all(b"stream: OK\0").await.unwrap();
    })
    .await;
    assert_eq!(scan(&scanner(&format!("clamd://{address}")), &vec![0; 1 << 20]).await, Ok(Verdict::Clean));
}

#[tokio::test]
async fn an_answer_that_has_begun_must_end() {
    let (address, _) = serve(async |mut stream: TcpStream| {
        read_body(&mut stream).await.unwrap();
        stream.write_all(b"stream: OK\0").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let stuck = limited(&format!("clamd://{address}"), PATIENCE, Duration::from_millis(50));
    assert_eq!(text(scan(&stuck, b"bytes").await), "the virus scanner did not end its answer for 50ms");
}

#[tokio::test]
async fn an_endless_answer_is_not_heard_out() {
    let (address, _) =
        serve(async |mut stream: TcpStream| while stream.write_all(b"stream: OK\0").await.is_ok() {}).await;
    let endless = scanner(&format!("clamd://{address}"));
    let why = "the virus scanner answered more than makes sense";
    assert_eq!(text(scan(&endless, b"bytes").await), why);
    assert_eq!(endless.version().await.unwrap_err().to_string(), why);
}

#[tokio::test]
async fn who_hangs_up_in_the_middle_has_said_nothing() {
    let (address, _) = serve(async |mut stream: TcpStream| {
        swallow(&mut stream, 1 << 20).await;
        reset(stream);
    })
    .await;
    let why = text(scan(&scanner(&format!("clamd://{address}")), &vec![0; MUCH]).await);
    assert!(why.contains("reset by peer") || why.contains("Broken pipe"), "{why}");

    let (address, _) = serve(async |mut stream: TcpStream| {
        swallow(&mut stream, 1 << 20).await;
        stream.shutdown().await.unwrap();
        // Without this there would be a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let why = text(scan(&scanner(&format!("clamd://{address}")), &vec![0; MUCH]).await);
    assert_eq!(why, "the virus scanner hung up without an answer");

    // After all was sent, in the midst of the reply: what was said does not count.
    let (address, _) = serve(async |mut stream: TcpStream| {
        read_body(&mut stream).await.unwrap();
        stream.write_all(b"stream: OK\0").await.unwrap();
        reset(stream);
    })
    .await;
    let why = text(scan(&scanner(&format!("clamd://{address}")), b"bytes").await);
    assert_eq!(why, "the virus scanner broke off its answer");
}

/// Says `reply` after the first bytes of a long body and resets the connection.
async fn interrupting(reply: &'static [u8]) -> Scanner {
    let (address, _) = serve(async |mut stream: TcpStream| {
        swallow(&mut stream, 100_000).await;
        stream.write_all(reply).await.unwrap();
        reset(stream);
    })
    .await;
    scanner(&format!("clamd://{address}"))
}

#[tokio::test]
async fn what_was_said_before_the_reset_is_not_lost() {
    let limited = interrupting(b"INSTREAM size limit exceeded. ERROR\0").await;
    let much = vec![0; MUCH];
    for _ in 0..30 {
        assert_eq!(scan(&limited, &much).await, Ok(Verdict::TooLarge));
    }
    assert_eq!(scan(&interrupting(b"stream: Eicar FOUND\0").await, &much).await, infected("Eicar"));
}

#[tokio::test]
async fn clean_is_not_believed_of_bytes_that_were_not_sent() {
    assert!(scan(&interrupting(b"stream: OK\0").await, &vec![0; MUCH]).await.is_err());
    let (address, _) = serve(async |mut stream: TcpStream| {
        swallow(&mut stream, 100_000).await;
        stream.write_all(b"stream: OK\0").await.unwrap();
        stream.shutdown().await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let why = text(scan(&scanner(&format!("clamd://{address}")), &vec![0; MUCH]).await);
    assert_eq!(why, "the virus scanner answered before it had everything");
}

#[tokio::test]
async fn only_pong_is_alive_and_only_a_version_is_one() {
    let (address, _) = serve(async |mut stream: TcpStream| {
        let mut command = [0; 20];
        let len = stream.read(&mut command).await.unwrap();
        let reply: &[u8] = if &command[..len] == b"zPING\0" { b"PONG\0" } else { b"ClamAV 1.4.3/27700/Tue\0" };
        stream.write_all(reply).await.unwrap();
    })
    .await;
    let alive = scanner(&format!("clamd://{address}"));
    assert_eq!(alive.check().await, Ok(()));
    assert_eq!(alive.version().await.unwrap(), "ClamAV 1.4.3/27700/Tue");
    let (address, _) = serve(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 20]).await.unwrap();
        stream.write_all(b"COMMAND UNAVAILABLE\0").await.unwrap();
    })
    .await;
    let odd = scanner(&format!("clamd://{address}"));
    let why = "the virus scanner answered 'COMMAND UNAVAILABLE'";
    assert_eq!(odd.check().await.unwrap_err().to_string(), why);
    assert_eq!(odd.version().await.unwrap_err().to_string(), why);
}
