//! Files that break off and are taken up again, or are not.

use super::*;

const TAG: &str = "ETag: \"a\"\r\n";
const DATES: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 09:49:37 GMT\r\n";

/// The first five of ten bytes, and no more.
fn first_half(validators: &str) -> Reply {
    Reply::Cut(format!("HTTP/1.1 200 OK\r\n{validators}Content-Length: 10\r\n\r\n01234"))
}

/// The other five, if `range` says so.
fn rest(validators: &str, range: &str, bytes: &str) -> Reply {
    let len = bytes.len();
    Reply::Answer(format!(
        "HTTP/1.1 206 Rest\r\n{validators}Content-Range: {range}\r\nContent-Length: {len}\r\n\r\n{bytes}"
    ))
}

fn second_half(validators: &str) -> Reply {
    rest(validators, "bytes 5-9/10", "56789")
}

/// What comes of a file from a site that replies so, and the site.
async fn came_of(replies: Vec<Reply>) -> (Came, Site) {
    let site = Site::replying(replies).await;
    let came = fetch(file(site.url("/hunter2?hunter2"))).await.unwrap_or_else(|failure| panic!("{failure}"));
    (came, site)
}

fn asked_for(asked: &str, header: &str) -> Option<String> {
    asked.lines().find_map(|line| line.strip_prefix(header)?.strip_prefix(": ")).map(str::to_owned)
}

#[tokio::test]
async fn the_rest_is_asked_for_and_follows() {
    let chunked = format!("HTTP/1.1 200 OK\r\n{TAG}Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n");
    let weak = format!("ETag: W/\"a\"\r\n{DATES}");
    let both = format!("{TAG}{DATES}");
    let at_first = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (replies, if_range) in [
        (vec![first_half(TAG), second_half(TAG)], "\"a\""),
        (vec![first_half(&both), second_half(TAG)], "\"a\""),
        (vec![first_half(DATES), second_half(DATES)], at_first),
        (vec![first_half(&weak), second_half(&weak)], at_first),
        (vec![Reply::Cut(chunked), second_half(TAG)], "\"a\""),
    ] {
        let (came, site) = came_of(replies).await;
        assert_eq!(came.whole(), "0123456789");
        let seen = site.seen();
        assert_eq!(seen.len(), 2);
        assert!(seen[1].starts_with("GET /hunter2?hunter2 HTTP/1.1\r\n"), "{}", seen[1]);
        assert_eq!(asked_for(&seen[0], "range"), None);
        assert_eq!(asked_for(&seen[1], "range").as_deref(), Some("bytes=5-"));
        assert_eq!(asked_for(&seen[1], "if-range").as_deref(), Some(if_range));
        assert_eq!(asked_for(&seen[1], "accept-encoding").as_deref(), Some("identity"));
    }
}

#[tokio::test]
async fn who_stops_in_the_middle_is_asked_again() {
    let stopped = Reply::Answer(format!("HTTP/1.1 200 OK\r\n{TAG}Content-Length: 10\r\n\r\n01234"));
    let (fetched, site) = in_time(&[stopped, second_half(TAG)], idle, SHORT_PAUSES).await;
    assert_eq!(Came::of(fetched).await.whole(), "0123456789");
    let asked = site.seen().pop().unwrap();
    assert_eq!(asked_for(&asked, "range").as_deref(), Some("bytes=5-"));
}

#[tokio::test]
async fn it_may_take_several_answers() {
    let (came, site) = came_of(vec![
        first_half(TAG),
        // Less than was asked for, then half of that, an answer for later, no answer, and the rest.
        rest(TAG, "bytes 5-6/10", "56"),
        Reply::Cut(format!("HTTP/1.1 206 Rest\r\n{TAG}Content-Range: bytes 7-9/10\r\nContent-Length: 3\r\n\r\n7")),
        says("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
        cut(""),
        rest(TAG, "bytes 8-9/10", "89"),
    ])
    .await;
    assert_eq!(came.whole(), "0123456789");
    let ranges: Vec<_> = site.seen().iter().filter_map(|asked| asked_for(asked, "range")).collect();
    assert_eq!(ranges, ["bytes=5-", "bytes=7-", "bytes=8-", "bytes=8-", "bytes=8-"]);
}

#[tokio::test]
async fn before_the_first_byte_any_version_will_do() {
    let nothing = cut("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 10\r\n\r\n");
    let other = format!("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n{TAG}Content-Length: 7\r\n\r\n012");
    let (came, site) = came_of(vec![nothing.clone(), Reply::Cut(other), rest(TAG, "bytes 3-6/7", "3456")]).await;
    assert_eq!(came.whole(), "0123456");
    assert_eq!(asked_for(&site.seen()[1], "range"), None);
    assert_eq!(asked_for(&site.seen()[2], "range").as_deref(), Some("bytes=3-"));
    // Of the media type that was said, and within the limit.
    let typed = says("HTTP/1.1 200 OK\r\nContent-Type: a/c\r\nContent-Length: 1\r\n\r\n0");
    assert_eq!(came_of(vec![nothing.clone(), typed]).await.0.broken_later("the file changed"), "");
    let large = says("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 1001\r\n\r\n0");
    assert_eq!(came_of(vec![nothing, large]).await.0.broken().1, io::ErrorKind::FileTooLarge);
}

#[tokio::test]
async fn without_a_version_there_is_no_rest() {
    let soon = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:50:36 GMT\r\n";
    for validators in ["", "ETag: W/\"a\"\r\n", "ETag: a\r\n", soon, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"]
    {
        let (came, site) = came_of(vec![first_half(validators), second_half(validators)]).await;
        assert_eq!(came.broken_later("broke off"), "01234", "{validators}");
        assert_eq!(site.seen().len(), 1, "{validators}");
    }
}

#[tokio::test]
async fn another_version_is_not_the_rest() {
    let whole = |validators: &str| {
        Reply::Answer(format!("HTTP/1.1 200 OK\r\n{validators}Content-Length: 10\r\n\r\nabcdefghij"))
    };
    let later = DATES.replace("08:49:37", "08:49:38");
    let weak = |tag: &str| format!("ETag: W/\"{tag}\"\r\n{DATES}");
    for (first, next) in [
        (first_half(TAG), whole("ETag: \"b\"\r\n")),
        (first_half(TAG), whole("")),
        (first_half(TAG), second_half("ETag: \"b\"\r\n")),
        (first_half(TAG), second_half("ETag: W/\"a\"\r\n")),
        (first_half(TAG), second_half("")),
        (first_half(&format!("{TAG}{DATES}")), second_half(DATES)),
        (first_half(DATES), second_half(&later)),
        (first_half(DATES), second_half("")),
        (first_half(DATES), whole(&later)),
        (first_half(&weak("a")), second_half(&weak("b"))),
        (first_half(&weak("a")), second_half(DATES)),
        (first_half(TAG), rest(TAG, "bytes 5-9/11", "56789")),
        (first_half(TAG), says("HTTP/1.1 416 No\r\nContent-Range: bytes */3\r\nContent-Length: 0\r\n\r\n")),
        (first_half(TAG), says("HTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n")),
    ] {
        let (came, site) = came_of(vec![first, next]).await;
        assert_eq!(came.broken_later("the file changed while it was fetched"), "01234");
        assert_eq!(site.seen().len(), 2);
    }
}

#[tokio::test]
async fn another_part_is_not_the_rest() {
    for (range, bytes) in [
        ("bytes 4-9/10", "456789"),
        ("bytes 6-9/10", "6789"),
        ("bytes 0-9/10", "0123456789"),
        ("bytes 5-9/10", "5678"),
        ("bytes 5-8/10", "56789"),
        ("bytes 5-9/*", "56789"),
        ("bytes 5-10/10", "567890"),
        ("bytes */10", "56789"),
        ("pages 5-9/10", "56789"),
        ("", "56789"),
    ] {
        let (came, site) = came_of(vec![first_half(TAG), rest(TAG, range, bytes)]).await;
        assert_eq!(came.broken_later("part of the file"), "01234", "{range}");
        assert_eq!(site.seen().len(), 2, "{range}");
    }
    let chunks = |bytes: &str| {
        let head =
            format!("HTTP/1.1 206 Rest\r\n{TAG}Content-Range: bytes 5-9/10\r\nTransfer-Encoding: chunked\r\n\r\n");
        Reply::Answer(format!("{head}{:x}\r\n{bytes}\r\n0\r\n\r\n", bytes.len()))
    };
    assert_eq!(came_of(vec![first_half(TAG), chunks("56789")]).await.0.whole(), "0123456789");
    let (came, _) = came_of(vec![first_half(TAG), chunks("567890")]).await;
    assert_eq!(came.broken_later("longer than it said"), "01234");
}

#[tokio::test]
async fn a_server_without_ranges_is_heard_again() {
    let whole = |head: &str| Reply::Answer(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n0123456789"));
    let chunks = |bytes: &str| {
        let head = format!("HTTP/1.1 200 OK\r\n{TAG}Transfer-Encoding: chunked\r\n\r\n");
        format!("{head}3\r\n{}\r\n{:x}\r\n{}\r\n", &bytes[..3], bytes.len() - 3, &bytes[3..])
    };
    let ended = |bytes: &str| Reply::Answer(format!("{}0\r\n\r\n", chunks(bytes)));
    let tagged = whole(&format!("{TAG}Content-Length: 10"));
    for replies in [
        vec![first_half(TAG), tagged.clone()],
        vec![first_half(TAG), ended("0123456789")],
        vec![Reply::Cut(chunks("01234")), tagged.clone()],
        vec![Reply::Cut(chunks("01234")), ended("0123456789")],
        // It breaks off among the bytes that are known, at their end, and behind it.
        vec![first_half(TAG), Reply::Cut(chunks("0123")), first_half(TAG), Reply::Cut(chunks("0123456")), tagged],
    ] {
        assert_eq!(came_of(replies).await.0.whole(), "0123456789");
    }
    let (came, _) = came_of(vec![first_half(DATES), whole(&format!("{DATES}Content-Length: 10"))]).await;
    assert_eq!(came.broken_later("begins at the beginning again"), "01234");
    // The tag is the same and the length is not.
    for head in ["Content-Length: 9", "Content-Length: 11"] {
        let (came, _) = came_of(vec![first_half(TAG), whole(&format!("{TAG}{head}"))]).await;
        assert_eq!(came.broken_later("the file changed"), "01234");
    }
    let short = whole(&format!("{TAG}Content-Length: 4"));
    assert_eq!(came_of(vec![Reply::Cut(chunks("01234")), short]).await.0.broken_later("the file changed"), "01234");
    assert_eq!(came_of(vec![Reply::Cut(chunks("01234")), ended("0123")]).await.0.broken_later("ended before"), "01234");
    assert_eq!(came_of(vec![first_half(TAG), ended("0123456789a")]).await.0.broken_later("longer"), "01234");
    assert_eq!(came_of(vec![first_half(TAG), ended("012345678")]).await.0.broken_later("ended before"), "012345678");
}

#[tokio::test]
async fn what_is_refused_is_refused_in_the_middle_too() {
    for (answer, reason) in [
        ("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (
            "HTTP/1.1 206 Rest\r\nETag: \"a\"\r\nContent-Encoding: gzip\r\nContent-Range: bytes 5-9/10\r\n\r\n",
            "encoded",
        ),
        ("HTTP/1.1 302 On\r\nLocation: ftp://outside.example/\r\nContent-Length: 0\r\n\r\n", "only http"),
    ] {
        let (came, site) = came_of(vec![first_half(TAG), says(answer)]).await;
        let (bytes, _, failure) = came.broken();
        assert_eq!(bytes, "01234");
        assert!(matches!(&failure, Failure::Refused(why) if why.contains(reason)), "{failure:?}");
        assert_eq!(site.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_length_that_is_learnt_late_counts() {
    let chunked = format!("HTTP/1.1 200 OK\r\n{TAG}Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n");
    for next in [
        rest(TAG, "bytes 5-1000/1001", &"x".repeat(996)),
        Reply::Answer(format!("HTTP/1.1 200 OK\r\n{TAG}Content-Length: 1001\r\n\r\n")),
    ] {
        let (bytes, kind, failure) = came_of(vec![Reply::Cut(chunked.clone()), next]).await.0.broken();
        assert_eq!((bytes.as_str(), kind), ("01234", io::ErrorKind::FileTooLarge));
        assert_eq!(failure, Failure::Refused("the file is larger than 1000 bytes".to_owned()));
    }
}

#[tokio::test]
async fn resuming_passes_the_guard() {
    // The name led outside the first time, and leads inside when the rest is asked for.
    let site = Site::replying(vec![first_half(TAG), second_half(TAG)]).await;
    let came = fetch_guarded(&guarded(&site), "http://changing.example/").await.ok().unwrap();
    let (bytes, _, failure) = came.broken();
    assert_eq!(bytes, "01234");
    assert!(matches!(&failure, Failure::Refused(why) if why.contains("loopback")), "{failure:?}");
    assert_eq!(site.connections(), 1);
    // So does a redirect that is not there the first time.
    let inside = Site::replying(vec![second_half(TAG)]).await;
    let moved = format!("HTTP/1.1 302 In\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", inside.url("/"));
    let site = Site::replying(vec![first_half(TAG), Reply::Answer(moved)]).await;
    let (_, _, failure) = fetch_guarded(&guarded(&site), "http://outside.example/").await.ok().unwrap().broken();
    assert!(matches!(&failure, Failure::Refused(why) if why.contains("loopback")), "{failure:?}");
    assert_eq!((site.connections(), inside.connections()), (2, 0));
}

#[tokio::test]
async fn it_is_given_up_in_the_end() {
    // Nothing comes any more: five times in a row.
    let (came, site) = came_of(vec![first_half(TAG), cut("")]).await;
    assert_eq!(came.broken_later("broke off"), "01234");
    assert_eq!(site.seen().len(), 1 + SHORT_PAUSES.len());
    let (came, site) = came_of(vec![first_half(TAG), says("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n")]).await;
    assert_eq!(came.broken_later("answered 429"), "01234");
    assert_eq!(site.seen().len(), 1 + SHORT_PAUSES.len());
    // The same beginning again and again is no progress.
    let (came, site) = came_of(vec![first_half(TAG)]).await;
    assert_eq!(came.broken_later("broke off"), "01234");
    assert_eq!(site.seen().len(), 1 + SHORT_PAUSES.len());
    let (came, site) = came_of(vec![cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")]).await;
    assert_eq!(came.broken_later("broke off"), "");
    assert_eq!(site.seen().len(), 1 + SHORT_PAUSES.len());
    // A byte at a time is, and is not humoured for ever.
    let drop_by_drop = |n: usize| match n {
        0 => Reply::Cut(format!("HTTP/1.1 200 OK\r\n{TAG}Content-Length: 100\r\n\r\nx")),
        n => rest(TAG, &format!("bytes {n}-{n}/100"), "x"),
    };
    let site = Site::start("127.0.0.1:0", drop_by_drop).await;
    let came = fetch(file(site.url("/"))).await.ok().unwrap();
    assert_eq!(came.broken_later("ended before").len(), 1 + MAX_RESUMPTIONS);
    assert_eq!(site.seen().len(), 1 + MAX_RESUMPTIONS);
}

#[tokio::test]
async fn the_limit_holds_over_all_of_it() {
    // The time is over in a pause, and while the next answer is waited for.
    for (pauses, next) in [(&[PATIENT] as &[_], second_half(TAG)), (SHORT_PAUSES, Reply::Silence)] {
        let (fetched, _site) = in_time(&[first_half(TAG), next], timed, pauses).await;
        let (bytes, kind, _) = Came::of(fetched).await.broken();
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert!("01234".starts_with(&bytes), "{bytes}");
    }
}

#[test]
fn pauses_grow_and_come_to_an_end() {
    assert_eq!(PAUSES.len(), 5);
    assert!(PAUSES.is_sorted() && PAUSES.iter().sum::<Duration>() < Duration::from_secs(10));
}
