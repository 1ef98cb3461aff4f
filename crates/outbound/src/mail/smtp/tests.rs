#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{Mail, mail::Composer, mail::tests::mail};

/// What a server answers to a command (its first word, or `.` for the end of a message): a line, `""` for nothing ever, `None` for yes.
type Script = fn(command: &str, connection: usize) -> Option<&'static str>;

/// A mail server of a few lines.
struct Post {
    address: SocketAddr,
    /// Every line that came, with the number of its connection.
    lines: Arc<Mutex<Vec<(usize, String)>>>,
    connections: Arc<AtomicUsize>,
}

impl Post {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lines: Arc<Mutex<Vec<(usize, String)>>> = Arc::default();
        let connections: Arc<AtomicUsize> = Arc::default();
        let post = Self { address, lines: Arc::clone(&lines), connections: Arc::clone(&connections) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, connection, script, Arc::clone(&lines)));
            }
        });
        post
    }

    fn smtp(&self, timeout_ms: u64, user: &str) -> Smtp {
        Smtp::new(&format!("smtp://{user}{}/client.example", self.address), Duration::from_millis(timeout_ms)).unwrap()
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|(connection, line)| format!("{connection} {line}")).collect()
    }
}

async fn serve(
    stream: TcpStream,
    connection: usize,
    script: Script,
    lines: Arc<Mutex<Vec<(usize, String)>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut in_message = false;
    stream.write_all(b"220 post.example\r\n").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.strip_suffix("\r\n").expect("lines end as they should").to_owned();
        lines.lock().unwrap().push((connection, line.clone()));
        if in_message && line != "." {
            continue;
        }
        let command = line.split(' ').next().unwrap_or_default();
        let usual = match command {
            "EHLO" => "250-post.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
            "DATA" => "354 go on",
            "AUTH" => "235 come in",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let reply = script(command, connection).unwrap_or(usual);
        in_message = reply.starts_with("354");
        if reply.is_empty() {
            return std::future::pending().await;
        }
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

async fn send(smtp: &Smtp, mail: &Mail) -> Result<(), Failure> {
    smtp.send(&Composer::new("no-reply@example.com").unwrap().compose(mail).unwrap()).await
}

#[tokio::test]
async fn mails_share_a_connection() {
    let post = Post::start(|_, _| None).await;
    let smtp = post.smtp(10_000, "user:pass%20word@");
    assert_eq!(smtp.check().await, Ok(()));
    for id in ["m-1", "m-2"] {
        assert_eq!(send(&smtp, &Mail { id: id.to_owned(), ..mail() }).await, Ok(()));
    }
    let lines = post.lines();
    let verbs = ["EHLO ", "AUTH ", "NOOP", "MAIL ", "RCPT ", "DATA", "QUIT"];
    let commands: Vec<_> = lines.iter().filter(|line| verbs.iter().any(|verb| line[2..].starts_with(verb))).collect();
    let mail = ["0 MAIL FROM:<no-reply@example.com>", "0 RCPT TO:<zoe@example.org>", "0 DATA"];
    let login = ["0 EHLO client.example", "0 AUTH PLAIN AHVzZXIAcGFzcyB3b3Jk"];
    let expected: Vec<_> = login.iter().chain(&["0 NOOP"]).chain(&mail).chain(&["0 NOOP"]).chain(&mail).collect();
    assert_eq!(commands, expected);
    assert!(
        lines.contains(&"0 Message-ID: <m-1@example.com>".to_owned())
            && lines.contains(&"0 Message-ID: <m-2@example.com>".to_owned())
    );
}

#[tokio::test]
async fn a_body_can_not_end_the_message() {
    let post = Post::start(|_, _| None).await;
    for line_end in ["\r\n", "\n", "\r"] {
        let text = ["Hello", ".", "MAIL FROM:<evil@example.net>", "RCPT TO:<evil@example.net>", "DATA", ".", ""]
            .join(line_end);
        let html = text.clone();
        assert_eq!(send(&post.smtp(10_000, ""), &Mail { text, html, ..mail() }).await, Ok(()), "{line_end:?}");
    }
    let lines = post.lines();
    let ends = lines.iter().filter(|line| line.ends_with(" .")).count();
    let stuffed = lines.iter().filter(|line| line.ends_with(" ..")).count();
    assert_eq!((ends, stuffed), (3, 12), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains('\r') && !line.contains('\n')));
}

#[tokio::test]
async fn a_reply_says_whether_to_try_again() {
    let scripts: &[(Script, Result<&str, &str>)] = &[
        (|command, _| (command == "RCPT").then_some("550 5.1.1 No such user."), Ok("550 5.1.1 No such user")),
        (|command, _| (command == "RCPT").then_some("550-One\r\n550 Two"), Ok("550 one")),
        (|command, _| (command == "MAIL").then_some("553 Not you"), Ok("553 not you")),
        (|command, _| (command == "DATA").then_some("554 No"), Ok("554 no")),
        (|command, _| (command == ".").then_some("552 Too much"), Ok("552 too much")),
        (|command, _| (command == "RCPT").then_some("450 Greylisted"), Err("450 greylisted")),
        (|command, _| (command == ".").then_some("452 Full"), Err("452 full")),
        (|command, _| (command == "MAIL").then_some("421 Going down"), Err("421 going down")),
        // Not the mail's fault, however final it sounds.
        (|command, _| (command == "MAIL").then_some("530 Log in first"), Err("530 log in first")),
        (|command, _| (command == "AUTH").then_some("535 Wrong password"), Err("535 wrong password")),
        (|command, _| (command == "EHLO").then_some("554 Go away"), Err("554 go away")),
        (|command, _| (command == "RCPT").then_some("what?"), Err("the mail server: ")),
    ];
    for (script, expected) in scripts {
        let post = Post::start(*script).await;
        let result = send(&post.smtp(10_000, "user:word@"), &mail()).await;
        let fits = match (&result, expected) {
            (Err(Failure::Refused(why)), Ok(reply)) | (Err(Failure::Later(why)), Err(reply)) => why.contains(reply),
            _ => false,
        };
        assert!(fits, "{result:?}, not {expected:?}");
    }
}

#[tokio::test]
async fn an_address_that_the_server_can_not_take_is_refused() {
    let post = Post::start(|_, _| None).await;
    let result = send(&post.smtp(10_000, ""), &Mail { to: "zoë@example.org".to_owned(), ..mail() }).await;
    assert!(matches!(result, Err(Failure::Refused(_))), "{result:?}");
    // A domain in another script is no obstacle.
    assert_eq!(send(&post.smtp(10_000, ""), &Mail { to: "zoe@bücher.example".to_owned(), ..mail() }).await, Ok(()));
    assert!(post.lines().iter().any(|line| line.contains("RCPT TO:<zoe@xn--bcher-kva.example>")));
}

#[tokio::test]
async fn an_exchange_that_was_given_up_is_not_gone_on_with() {
    // The first connection never says whether it has taken the message.
    let post = Post::start(|command, connection| (command == "." && connection == 0).then_some("")).await;
    let smtp = post.smtp(200, "");
    let result = send(&smtp, &mail()).await;
    assert_eq!(result, Err(Failure::Later("no answer within 200ms".to_owned())));
    assert_eq!(send(&smtp, &mail()).await, Ok(()));
    assert_eq!(post.connections.load(Ordering::SeqCst), 2);
    assert!(post.lines().iter().all(|line| !line.starts_with("0 NOOP")));
}

#[tokio::test]
async fn a_connection_that_died_meanwhile_is_replaced() {
    let post =
        Post::start(|command, connection| (command == "NOOP" && connection == 0).then_some("421 Too long")).await;
    let smtp = post.smtp(10_000, "");
    assert_eq!(send(&smtp, &mail()).await, Ok(()));
    assert_eq!(send(&smtp, &mail()).await, Ok(()));
    assert_eq!(post.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_for_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let smtp = Smtp::new(&format!("smtp://user:hunter2@{address}"), Duration::from_secs(10)).unwrap();
    for result in [smtp.check().await, send(&smtp, &mail()).await] {
        let failure = result.unwrap_err();
        assert_eq!(failure, Failure::Later("the mail server: connection refused (os error 111)".to_owned()));
    }
    // A server that wants TLS and offers none, and one that never speaks.
    let post = Post::start(|_, _| None).await;
    let smtp = Smtp::new(&format!("smtp://{}?tls=required", post.address), Duration::from_secs(10)).unwrap();
    assert!(matches!(smtp.check().await, Err(Failure::Later(_))));
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let smtp = Smtp::new(&format!("smtp://{}", mute.local_addr().unwrap()), Duration::from_millis(100)).unwrap();
    assert_eq!(smtp.check().await, Err(Failure::Later("no answer within 100ms".to_owned())));
}
