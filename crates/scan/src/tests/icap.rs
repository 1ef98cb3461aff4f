//! What a scanner that speaks ICAP can answer; its part is played by a server of a few lines that follows the RFC.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::*;

const OPTIONS: &str = "ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nService: Test 1.0\r\nISTag: \"tag-1\"\r\nAllow: 204\r\n\
     Encapsulated: null-body=0\r\n";
const UNMODIFIED: &str = "ICAP/1.0 204 No modifications needed\r\nISTag: \"tag-1\"\r\n\r\n";
const CONTINUE: &str = "ICAP/1.0 100 Continue\r\n\r\n";

/// How a server answers.
#[derive(Clone)]
struct Script {
    /// To OPTIONS, without the empty line at its end.
    options: String,
    /// To the preview, where one comes.
    preview: String,
    /// To the whole.
    whole: String,
}

/// What a server heard.
#[derive(Debug, Default)]
struct Heard {
    heads: Vec<String>,
    web: String,
    body: Vec<u8>,
    connections: usize,
}

fn script(preview: &str, whole: &str) -> Script {
    Script { options: OPTIONS.to_owned() + "Preview: 4\r\n", preview: preview.to_owned(), whole: whole.to_owned() }
}

fn without_preview(whole: &str) -> Script {
    Script { options: OPTIONS.to_owned(), preview: String::new(), whole: whole.to_owned() }
}

async fn server(script: Script) -> (Scanner, Noted<Heard>) {
    let noted: Noted<Heard> = Arc::default();
    let note = Arc::clone(&noted);
    let (address, _) = serve(move |stream: TcpStream| {
        note.lock().unwrap().connections += 1;
        let (script, note) = (script.clone(), Arc::clone(&note));
        async move { play(BufReader::new(stream), script, note).await }
    })
    .await;
    (scanner(&format!("icap://{address}/av?mode=simple")), noted)
}

/// Answers until the other side hangs up.
async fn play(mut stream: BufReader<TcpStream>, script: Script, note: Noted<Heard>) -> Option<()> {
    loop {
        let head = read_head(&mut stream).await?;
        note.lock().unwrap().heads.push(head.clone());
        if head.starts_with("OPTIONS ") {
            stream.write_all(format!("{}\r\n", script.options).as_bytes()).await.ok()?;
            continue;
        }
        let web = read_head(&mut stream).await?;
        let at = web.len();
        note.lock().unwrap().web = web;
        if head.contains(&format!("\r\nEncapsulated: res-hdr=0, null-body={at}\r\n")) {
            stream.write_all(script.whole.as_bytes()).await.ok()?;
            continue;
        }
        assert!(head.contains(&format!("\r\nEncapsulated: res-hdr=0, res-body={at}\r\n")), "{head}");
        read_chunks(&mut stream, &note).await?;
        if head.contains("\r\nPreview: ") {
            stream.write_all(script.preview.as_bytes()).await.ok()?;
            if script.preview != CONTINUE {
                continue;
            }
            read_chunks(&mut stream, &note).await?;
        }
        stream.write_all(script.whole.as_bytes()).await.ok()?;
    }
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// Reads chunks to their end.
async fn read_chunks(stream: &mut BufReader<TcpStream>, note: &Noted<Heard>) -> Option<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let size = usize::from_str_radix(line.trim_end(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).await.ok()?;
        assert_eq!(&chunk[size..], b"\r\n");
        note.lock().unwrap().body.extend(&chunk[..size]);
        if size == 0 {
            return Some(());
        }
    }
}

/// An answer of 200 with `fields`, that replaces what was shown with a page.
fn replaced(fields: &str, status: &str, body: Option<&str>) -> String {
    let web = format!("HTTP/1.1 {status}\r\nVia: scanner\r\n\r\n");
    let (kind, chunks) = match body {
        Some("") => ("res-body", "0\r\n\r\n".to_owned()),
        Some(body) => ("res-body", format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())),
        None => ("null-body", String::new()),
    };
    format!("ICAP/1.0 200 OK\r\n{fields}Encapsulated: res-hdr=0, {kind}={}\r\n\r\n{web}{chunks}", web.len())
}

#[tokio::test]
async fn all_is_shown_and_a_preview_where_one_is_wanted() {
    for len in [0, 1, 3, 4, 5, 1000, 200_000] {
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        for wants_preview in [true, false] {
            let script = if wants_preview { script(CONTINUE, UNMODIFIED) } else { without_preview(UNMODIFIED) };
            let (scanner, noted) = server(script).await;
            assert_eq!(scan(&scanner, &bytes).await, Ok(Verdict::Clean), "{len} {wants_preview}");
            let heard = noted.lock().unwrap();
            assert_eq!(heard.body, bytes);
            // Never the whole: whether it asks for the rest tells whether it looks at it.
            let preview = format!("\r\nPreview: {}\r\n", 4.min(len.max(1) - 1));
            assert_eq!(heard.heads[1].contains(&preview), wants_preview && len > 0, "{}", heard.heads[1]);
            assert!(heard.heads[1].starts_with("RESPMOD icap://127.0.0.1:"), "{}", heard.heads[1]);
            assert!(heard.heads[1].contains("/av?mode=simple ICAP/1.0\r\nHost: 127.0.0.1:"), "{}", heard.heads[1]);
            assert!(heard.heads[1].contains("\r\nAllow: 204\r\n"));
            assert!(heard.web.contains(&format!("\r\nContent-Length: {len}\r\n")));
            assert_eq!(heard.connections, 1);
        }
    }
}

#[tokio::test]
async fn a_preview_is_enough_to_find_something_but_not_to_find_nothing() {
    let (scanner, noted) = server(script(UNMODIFIED, "")).await;
    assert_eq!(scan(&scanner, b"longer than that").await, Ok(Verdict::TooLarge));
    assert_eq!(noted.lock().unwrap().body, b"long");
    let found = replaced("X-Virus-ID: Eicar\r\n", "403 Forbidden", Some("page"));
    let (scanner, _) = server(script(&found, "")).await;
    assert_eq!(scan(&scanner, b"longer than that").await, infected("Eicar"));
}

#[tokio::test]
async fn a_connection_that_does_not_stay_is_replaced() {
    let opt_body = OPTIONS.replace("null-body=0", "opt-body=0") + "\r\n4\r\nmore\r\n0\r\n";
    for options in [OPTIONS.to_owned() + "Connection: close\r\n", opt_body] {
        let (scanner, noted) = server(Script { options, ..without_preview(UNMODIFIED) }).await;
        assert_eq!(scan(&scanner, b"bytes").await, Ok(Verdict::Clean));
        assert_eq!(noted.lock().unwrap().connections, 2);
    }
}

#[tokio::test]
async fn what_is_found_has_its_name_if_there_is_one() {
    let fields = "X-Infection-Found: Type=0; Resolution=2; Threat=Eicar;\r\n";
    let violations = "X-Violations-Found: 1\r\n\t-\r\n\tEicar\r\n\t0\r\n\t0\r\n";
    for (answer, name) in [
        (replaced(fields, "403 Forbidden", Some("page")), "Eicar"),
        (replaced(violations, "403 Forbidden", None), "Eicar"),
        (replaced("X-Virus-ID: Eicar\r\n", "200 OK", Some("bytes")), "Eicar"),
        // With a name, the rest need not make sense.
        ("ICAP/1.0 200 OK\r\nX-Virus-ID: Eicar\r\n\r\n".to_owned(), "Eicar"),
        ("ICAP/1.0 204 OK\r\nX-Virus-ID: Eicar\r\n\r\n".to_owned(), "Eicar"),
        (replaced("", "403 Forbidden", Some("page")), "unnamed"),
        (replaced("", "403 Forbidden", None), "unnamed"),
        (replaced("", "302 Found", None), "unnamed"),
        (replaced("", "200 OK", None), "unnamed"),
        (replaced("", "200 OK", Some("")), "unnamed"),
        (replaced("", "200 OK", Some("byte")), "unnamed"),
        (replaced("", "200 OK", Some("bytes!")), "unnamed"),
        (replaced("", "200 OK", Some("cleaned")), "unnamed"),
    ] {
        let (scanner, _) = server(without_preview(&answer)).await;
        assert_eq!(scan(&scanner, b"bytes").await, infected(name), "{answer}");
    }
    let limit = "X-Infection-Found: Type=0; Resolution=2; Threat=Heuristics.Limits.Exceeded.MaxFileSize;\r\n";
    for answer in ["ICAP/1.0 413 Too much\r\n\r\n".to_owned(), replaced(limit, "403 Forbidden", Some("page"))] {
        let (scanner, _) = server(without_preview(&answer)).await;
        assert_eq!(scan(&scanner, b"bytes").await, Ok(Verdict::TooLarge));
    }
}

#[tokio::test]
async fn how_an_answer_is_cut_does_not_matter() {
    let same = "the virus scanner gave back what it was shown and does not say what it found";
    for (answer, verdict) in [
        (UNMODIFIED.to_owned(), Ok(Verdict::Clean)),
        (replaced("X-Virus-ID: Eicar\r\n", "403 Forbidden", Some("page")), infected("Eicar")),
        (replaced("", "200 OK", Some("other")), infected("unnamed")),
        (replaced("", "200 OK", Some("bytes")), Err(Failure(same.to_owned()))),
        (
            replaced("", "200 OK", Some("")).replace("\r\n0\r\n", "\r\n2;x=y\r\nby\r\n03\r\ntes\r\n0\r\n"),
            Err(Failure(same.to_owned())),
        ),
    ] {
        let (address, _) = serve(move |stream: TcpStream| {
            let answer = answer.clone();
            async move {
                stream.set_nodelay(true).unwrap();
                let mut stream = BufReader::new(stream);
                read_head(&mut stream).await?;
                let options = format!("{OPTIONS}\r\n");
                for byte in options.as_bytes() {
                    stream.write_all(&[*byte]).await.ok()?;
                    tokio::task::yield_now().await;
                }
                read_head(&mut stream).await?;
                read_head(&mut stream).await?;
                read_chunks(&mut stream, &Arc::default()).await?;
                for byte in answer.as_bytes() {
                    stream.write_all(&[*byte]).await.ok()?;
                    tokio::task::yield_now().await;
                }
                Some(())
            }
        })
        .await;
        assert_eq!(scan(&scanner(&format!("icap://{address}/av")), b"bytes").await, verdict);
    }
}

#[tokio::test]
async fn what_is_no_verdict_is_a_failure() {
    let cut = replaced("", "200 OK", Some("bytes")).replace("bytes\r\n0\r\n\r\n", "by");
    let long_head = format!("ICAP/1.0 204 OK\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let long_line = replaced("", "200 OK", Some("")).replace("\r\n0\r\n", &format!("\r\n{}\r\n", "0".repeat(2000)));
    for (answer, why) in [
        (replaced("", "200 OK", Some("bytes")), "gave back what it was shown and does not say what it found"),
        (replaced("", "500 Engine failed", Some("page")), "gave a page of its own with status 500"),
        (cut, "broke off its answer"),
        (long_head, "answered more than makes sense"),
        (long_line, "answered more than makes sense"),
        (replaced("", "200 OK", Some("bytes")).replace("bytes", "bytes!"), "sent a chunk that is longer than it says"),
        (String::new(), "hung up without an answer"),
        ("ICAP/1.0 204".to_owned(), "broke off its answer"),
        ("ICAP/1.0 204 OK\r\n".to_owned(), "broke off its answer"),
        (format!("{UNMODIFIED}more"), "answered 204 and more behind that"),
        (
            "ICAP/1.0 204 OK\r\nEncapsulated: res-hdr=0, res-body=9\r\n\r\n".to_owned(),
            "answered 204 and more behind that",
        ),
        ("HTTP/1.1 204 OK\r\n\r\n".to_owned(), "answered 'HTTP/1.1 204 OK'"),
        ("ICAP/1.0 200 OK\r\n\r\n".to_owned(), "answered ''"),
        ("ICAP/1.0 206 OK\r\n\r\n".to_owned(), "answered RESPMOD with 206"),
        ("ICAP/1.0 404 OK\r\n\r\n".to_owned(), "answered RESPMOD with 404"),
        ("ICAP/1.0 500 OK\r\nX-Virus-ID: x\r\n\r\n".to_owned(), "answered RESPMOD with 500"),
        (CONTINUE.to_owned(), "asked for the rest where there was none to ask for"),
        (format!("{CONTINUE}{UNMODIFIED}"), "answered 100 and more behind that"),
    ] {
        let (address, _) = serve(move |stream: TcpStream| {
            let script = without_preview(&answer);
            async move {
                let mut stream = BufReader::new(stream);
                read_head(&mut stream).await?;
                stream.write_all(format!("{}\r\n", script.options).as_bytes()).await.ok()?;
                read_head(&mut stream).await?;
                read_head(&mut stream).await?;
                read_chunks(&mut stream, &Arc::default()).await?;
                stream.write_all(script.whole.as_bytes()).await.ok()
            }
        })
        .await;
        let failure = scan(&scanner(&format!("icap://{address}/av")), b"bytes").await.unwrap_err();
        assert_eq!(failure.to_string(), format!("the virus scanner {why}"));
    }
    // It has asked for the rest once.
    let (scanner, _) = server(script(CONTINUE, CONTINUE)).await;
    assert!(scan(&scanner, b"all").await.is_err());
}

/// Says `answer` while the body is still being sent, and resets the connection.
async fn interrupted(answer: String) -> Result<Verdict, Failure> {
    let (address, _) = serve(move |stream: TcpStream| {
        let answer = answer.clone();
        async move {
            let mut stream = BufReader::new(stream);
            read_head(&mut stream).await.unwrap();
            stream.write_all(format!("{OPTIONS}\r\n").as_bytes()).await.unwrap();
            read_head(&mut stream).await.unwrap();
            let mut stream = stream.into_inner();
            swallow(&mut stream, 100_000).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            reset(stream);
        }
    })
    .await;
    scan(&scanner(&format!("icap://{address}/av")), &vec![0; 32 << 20]).await
}

#[tokio::test]
async fn an_early_answer_is_heard_and_never_clean() {
    assert_eq!(interrupted(replaced("X-Virus-ID: Eicar\r\n", "403", None)).await, infected("Eicar"));
    assert_eq!(interrupted(replaced("", "403 Forbidden", Some("page"))).await, infected("unnamed"));
    assert_eq!(interrupted("ICAP/1.0 413 Too much\r\n\r\n".to_owned()).await, Ok(Verdict::TooLarge));
    assert!(interrupted(UNMODIFIED.to_owned()).await.is_err());
    assert!(interrupted("ICAP/1.0 2".to_owned()).await.is_err());
}

#[tokio::test]
async fn a_service_says_what_it_can_do() {
    let (scanner, _) = server(without_preview("")).await;
    assert_eq!(scanner.version().await.unwrap(), "Test 1.0 tag-1");
    assert_eq!(scanner.check().await, Ok(()));
    for (options, why) in [
        (OPTIONS.replace("RESPMOD", "REQMOD"), "does not offer RESPMOD for this service"),
        (OPTIONS.replace("204", ""), "does not offer 204, and nothing else says that bytes are clean"),
        (OPTIONS.replace("200 OK", "404 No such service"), "answered OPTIONS with 404"),
        (format!("{OPTIONS}Preview: many\r\n"), "answered 'Preview: many'"),
        (format!("{OPTIONS}\r\nmore"), "answered 'more'"),
        ("SSH-2.0-OpenSSH_9\r\n".to_owned(), "answered 'SSH-2.0-OpenSSH_9'"),
    ] {
        let (scanner, _) = server(Script { options, ..without_preview(UNMODIFIED) }).await;
        assert_eq!(scanner.check().await.unwrap_err().to_string(), format!("the virus scanner {why}"));
    }
    let (scanner, _) = server(Script { options: OPTIONS.replace("ISTag", "Tag"), ..without_preview("") }).await;
    assert!(scanner.version().await.is_err());
}

#[tokio::test]
async fn a_body_that_fails_is_never_ended() {
    for (script, body, len) in [
        (script(UNMODIFIED, UNMODIFIED), "part", 3),
        (script(UNMODIFIED, UNMODIFIED), "par", 2),
        (script(CONTINUE, UNMODIFIED), "parts", 6),
        (without_preview(UNMODIFIED), "part", 5),
        (without_preview(UNMODIFIED), "part", 0),
    ] {
        let (scanner, _) = server(script).await;
        let failure = scanner.scan(super::body(body.as_bytes()), len).await.unwrap_err().to_string();
        assert!(failure.starts_with("what was to be scanned is "), "{failure}");
    }
}
