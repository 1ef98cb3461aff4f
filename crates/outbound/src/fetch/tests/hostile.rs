//! Servers that say too much, too little, too slowly, or something else than the file.

use futures_util::StreamExt as _;

use super::*;

#[tokio::test]
async fn an_encoded_file_is_refused() {
    for header in [
        "Content-Encoding: gzip",
        "Content-Encoding: identity, br",
        "Content-Encoding: identity\r\nContent-Encoding: zstd",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n0\r\n\r\n");
        match fetch(file(Site::replying(vec![Reply::Cut(answer)]).await.url("/"))).await {
            Err(Failure::Refused(why)) => assert!(why.contains("encoded"), "{why}"),
            Err(Failure::Later(why)) => panic!("{header} is for later: {why}"),
            Ok(_) => panic!("{header} was fetched"),
        }
    }
}

#[tokio::test]
async fn a_length_that_is_too_much_is_refused_at_once() {
    let site = Site::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]).await;
    for (max_bytes, fits) in [(4, false), (5, true), (6, true)] {
        match fetch(Fetch { max_bytes, ..file(site.url("/")) }).await {
            Ok(came) => assert!(fits && came.whole() == "hello", "{max_bytes}"),
            Err(failure) => {
                assert!(!fits);
                assert_eq!(failure, Failure::Refused("the file is larger than 4 bytes".to_owned()));
            }
        }
    }
    // Nothing of the body is waited for.
    let most = answered(&["HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551613\r\n\r\n"]).await;
    assert!(matches!(most, Err(Failure::Refused(_))));
    // No number at all.
    let beyond = answered(&["HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"]).await;
    assert!(matches!(beyond, Err(Failure::Later(_))));
}

#[tokio::test]
async fn a_body_without_a_length_ends_at_the_limit() {
    const CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    for (reply, max_bytes, fits) in [
        (says(CHUNKS), 5, true),
        (says(CHUNKS), 4, false),
        (says(CHUNKS), 0, false),
        (cut("HTTP/1.0 200 OK\r\n\r\nhello"), 5, true),
        (cut("HTTP/1.0 200 OK\r\n\r\nhello"), 4, false),
        (Reply::Endless, 20_000, false),
        (Reply::Drip("HTTP/1.0 200 OK\r\n\r\n".to_owned()), 3, false),
    ] {
        let site = Site::replying(vec![reply]).await;
        let came = fetch(Fetch { max_bytes, ..file(site.url("/hunter2")) }).await.ok().unwrap();
        assert!(came.bytes.len() as u64 <= max_bytes);
        if fits {
            assert_eq!(came.whole(), "hello");
        } else {
            let (_, kind, failure) = came.broken();
            assert_eq!(kind, io::ErrorKind::FileTooLarge);
            assert_eq!(failure, Failure::Refused(format!("the file is larger than {max_bytes} bytes")));
        }
        // There is no more of it another time.
        assert_eq!(site.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_is_not_whole() {
    for reply in [
        cut("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"),
        cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello"),
        cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"),
        says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nmore\r\n\r\n"),
    ] {
        let site = Site::replying(vec![reply]).await;
        let came = fetch(file(site.url("/hunter2?hunter2"))).await.ok().unwrap();
        assert_eq!(came.broken_later("the exchange with 127.0.0.1 broke off: "), "hello");
        // Nothing says of which version the rest would be.
        assert_eq!(site.seen().len(), 1);
    }
}

#[tokio::test]
async fn who_stops_in_the_middle_is_not_waited_for() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    ] {
        let (fetched, _site) = in_time(&[says(answer)], idle, SHORT_PAUSES).await;
        assert_eq!(Came::of(fetched).await.broken_later("no byte came within 80ms"), "hello");
    }
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    const NO_ANSWER: &str = "no answer within 80ms";
    for reply in [Reply::Silence, says("HTTP/1.1 200 OK\r\n"), Reply::Drip("HTTP/1.1 200 OK\r\nX: ".to_owned())] {
        let site = Site::replying(vec![reply]).await;
        let failure = fetch(idle(file(site.url("/")))).await.err().unwrap();
        assert_eq!(failure, Failure::Later(NO_ANSWER.to_owned()));
        let failure = fetch(timed(file(site.url("/")))).await.err().unwrap();
        assert_eq!(failure, Failure::Later(NO_ANSWER.to_owned()));
    }
}

#[tokio::test]
async fn all_of_it_has_a_limit_too() {
    // Slowly, so that no wait is long; and as fast as it can be read, so that nothing is waited for.
    for reply in
        [Reply::Drip("HTTP/1.1 200 OK\r\nContent-Length: 999\r\nETag: \"a\"\r\n\r\n".to_owned()), Reply::Endless]
    {
        let limits = |fetch| Fetch { max_bytes: u64::MAX, ..timed(fetch) };
        let (fetched, site) = in_time(&[reply], limits, SHORT_PAUSES).await;
        let (_, kind, failure) = Came::of(fetched).await.broken();
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert_eq!(failure, Failure::Later("not all of it came within 80ms".to_owned()));
        assert_eq!(site.seen().len(), 1);
    }
}

#[tokio::test]
async fn who_reads_slowly_is_not_the_server() {
    let longer = IMPATIENT + Duration::from_millis(10);
    let hello = [says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")];
    let (mut fetched, _site) = in_time(&hello, idle, SHORT_PAUSES).await;
    tokio::time::sleep(longer).await;
    assert_eq!(fetched.body.next().await.unwrap().unwrap(), "hello");
    // The end needs no reading, so that it is not too late for it.
    let (mut fetched, _site) = in_time(&hello, timed, SHORT_PAUSES).await;
    let read = fetched.body.next().await.unwrap();
    tokio::time::sleep(longer).await;
    match read {
        Ok(bytes) => assert!(bytes == "hello" && fetched.body.next().await.is_none()),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::TimedOut),
    }
}

#[tokio::test]
async fn nothing_follows_an_error() {
    let site = Site::replying(vec![cut("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")]).await;
    let mut body = outbound(10_000, None, true).fetch(file(site.url("/"))).await.ok().unwrap().body;
    assert!(body.next().await.unwrap().is_ok());
    assert!(body.next().await.unwrap().is_err());
    assert!(body.next().await.is_none());
}
