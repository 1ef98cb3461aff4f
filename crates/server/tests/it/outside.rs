//! What stands outside, tried by itself: mail goes through Python's client, callbacks through curl, and the browser sees a page that is
//! served here. No Mediary takes part.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::RawQuery,
    http::{HeaderMap, header},
    response::Html,
    routing::{get, post},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::support::{
    browser::Browser,
    client::exchange,
    engines::share,
    listener::Listener,
    programs::{curl, python},
    smtp::Smtp,
};

/// Runs a case while nothing measures time.
fn outside(case: impl AsyncFn()) {
    let _shared = share();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { case().await });
}

/// Sends a mail to each address on its own, in one session, as Python's own client does; what became of each.
async fn send(smtp: &Smtp, to: &[&str]) -> String {
    const PROGRAM: &str = "import smtplib, sys\n\
        from email.message import EmailMessage\n\
        server, *recipients = sys.argv[1:]\n\
        host, port = server.removeprefix('smtp://').split(':')\n\
        with smtplib.SMTP(host, int(port), timeout=30) as client:\n\
        \x20   for to in recipients:\n\
        \x20       mail = EmailMessage()\n\
        \x20       mail['From'] = 'Zoë <zoe@example.com>'\n\
        \x20       mail['To'] = to\n\
        \x20       mail['Subject'] = 'Größe: 12 €, and so much more that it has to be folded into another line, or two'\n\
        \x20       mail.set_content('Hello Jürgen,\\nhere it is.\\n.\\n')\n\
        \x20       mail.add_alternative('<p>Hello <b>Jürgen</b></p>\\n', subtype='html')\n\
        \x20       try:\n\
        \x20           client.send_message(mail, 'bounces@example.com', [to])\n\
        \x20           print(to, 'taken')\n\
        \x20       except smtplib.SMTPRecipientsRefused as refused:\n\
        \x20           code, text = refused.recipients[to]\n\
        \x20           print(to, code, text.decode())";
    let arguments: Vec<String> = [smtp.url()].into_iter().chain(to.iter().map(|to| (*to).to_owned())).collect();
    let run = move || python(PROGRAM, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[test]
fn a_mail_arrives() {
    outside(async || {
        let smtp = Smtp::start().await;
        assert!(smtp.mails().await.is_empty());
        let became = send(&smtp, &["a@example.com", "b@example.com"]).await;
        assert_eq!(became, "a@example.com taken\nb@example.com taken\n");
        let mails = smtp.mails().await;
        assert_eq!(mails.len(), 2, "{mails:?}");
        let mail = &mails[1];
        assert_eq!((mail.from.as_str(), mail.to.join(",").as_str()), ("bounces@example.com", "b@example.com"));
        assert_eq!(mail.header("from"), "Zoë <zoe@example.com>");
        let subject = "Größe: 12 €, and so much more that it has to be folded into another line, or two";
        assert_eq!(mail.header("Subject"), subject);
        assert_eq!(mail.header("Cc"), "");
        assert_eq!(mail.text.as_deref(), Some("Hello Jürgen,\nhere it is.\n.\n"));
        assert_eq!(mail.html.as_deref(), Some("<p>Hello <b>Jürgen</b></p>\n"));
        assert!(mail.raw.windows(10).any(|part| part == b"Subject: ="), "{}", String::from_utf8_lossy(&mail.raw));
    });
}

#[test]
fn mail_is_refused_as_it_was_told() {
    outside(async || {
        let smtp = Smtp::start().await;
        smtp.refuse("Later@example.com", "451 try later").await;
        smtp.refuse("never@example.com", "550 no such user").await;
        let to = ["later@example.com", "never@example.com", "a@example.com"];
        let became = "later@example.com 451 try later\nnever@example.com 550 no such user\na@example.com taken\n";
        assert_eq!(send(&smtp, &to).await, became);
        smtp.accept("later@example.com").await;
        smtp.refuse("*", "450 nobody for now").await;
        let became = "never@example.com 550 no such user\na@example.com 450 nobody for now\n";
        assert_eq!(send(&smtp, &to[1..]).await, became);
        smtp.accept("*").await;
        let arriving = smtp.wait_for(2);
        let (mails, became) = futures_util::future::join(arriving, send(&smtp, &to[..1])).await;
        assert_eq!(became, "later@example.com taken\n");
        let to: Vec<_> = mails.iter().map(|mail| mail.header("to")).collect();
        assert_eq!(to, ["a@example.com", "later@example.com"]);
    });
}

#[test]
fn the_listener_writes_down_what_curl_sends() {
    outside(async || {
        let listener = Listener::start().await;
        listener.answer(&[503, 204]);
        let url = listener.url("/hook?a=1&b=%20");
        let (told, json) = (r#"{"event":"done"}"#, "Content-Type: application/json");
        let answer = blocking_curl(&["--header", json, "--header", "X-Signature: s=1", "--data", told], &url).await;
        assert_eq!(answer, 503);
        let large = "x".repeat(100_000);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &large).unwrap();
        let upload = file.path().to_str().unwrap();
        let chunked = ["--upload-file", upload, "--header", "Transfer-Encoding: chunked"];
        assert_eq!(blocking_curl(&chunked, &url).await, 204);
        assert_eq!(blocking_curl(&["--request", "DELETE"], &url).await, 200);
        let requests = listener.requests();
        let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
        assert_eq!(methods, ["POST", "PUT", "DELETE"]);
        assert_eq!(requests[0].target, "/hook?a=1&b=%20");
        assert_eq!((requests[0].header("x-signature"), requests[0].header("x-other")), ("s=1", ""));
        assert_eq!(requests[0].json()["event"], "done");
        assert!(requests[1].body == large.as_bytes());
        assert!(requests[2].body.is_empty());
    });
}

#[test]
fn the_listener_sends_elsewhere_and_hangs() {
    outside(async || {
        let (listener, other) = (Listener::start().await, Listener::start().await);
        listener.redirect_to(&other.url("/moved"));
        assert_eq!(blocking_curl(&[], &listener.url("/")).await, 302);
        assert!(other.requests().is_empty());
        let careful = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n";
        let asking = TcpStream::connect(listener.address).await.unwrap();
        assert!(exchange(asking, careful).await.starts_with(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "));
        listener.hang();
        let asking = TcpStream::connect(listener.address).await.unwrap();
        let asking = tokio::spawn(exchange(asking, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
        let requests = listener.wait_for(3).await;
        assert_eq!(requests[2].target, "/slow");
        // Others are answered meanwhile, and at its end it lets go of all.
        assert_eq!(blocking_curl(&[], &listener.url("/")).await, 200);
        let address = listener.address;
        drop(listener);
        assert!(asking.await.unwrap().is_empty());
        assert!(TcpStream::connect(address).await.is_err());
    });
}

/// The status that curl gets.
async fn blocking_curl(arguments: &[&str], url: &str) -> u16 {
    let (arguments, url): (Vec<_>, _) = (arguments.iter().map(|word| (*word).to_owned()).collect(), url.to_owned());
    let run = move || curl(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &url);
    tokio::task::spawn_blocking(run).await.unwrap().status
}

/// A page that works with scripts and without, and what it got.
struct Site {
    base: String,
    sent: Arc<Mutex<Vec<Bytes>>>,
    serving: JoinHandle<()>,
}

const PAGE: &str = r#"<!doctype html><html lang="en"><head><title>A page</title></head><body>
<h1>Files for <em>you</em></h1><p hidden>Nobody sees this.</p><noscript><p>No scripts here.</p></noscript>
<form method="post" action="/sent" enctype="multipart/form-data">
<input name="name" aria-label="Name"><input type="file" name="files" multiple><button>Send</button></form>
<button id="greet">Greet</button><p id="greeting"></p><a href="/file">Download</a>
<script>
  document.querySelector("[id=greet]").onclick = async () => {
    const answer = await fetch("/greeting?" + document.querySelector("[name=name]").value);
    document.querySelector("[id=greeting]").textContent = await answer.text();
  };
</script></body></html>"#;

/// A file of some size, so that it takes more than one piece.
const FILE_BYTES: usize = 3_000_000;

impl Site {
    async fn start() -> Self {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&sent);
        let file = async || {
            let name = "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20(1).bin";
            ([(header::CONTENT_DISPOSITION, name)], vec![7; FILE_BYTES])
        };
        let receive = async move |body: Bytes| {
            received.lock().unwrap().push(body);
            Html("<title>Thanks</title><p>It has arrived.</p>")
        };
        let seen_before = async |headers: HeaderMap| {
            let text = if headers.contains_key(header::COOKIE) { "You were here." } else { "You are new." };
            ([(header::SET_COOKIE, "seen=1")], Html(text))
        };
        let broken = "<img src='/missing.png'><script>console.error('oh no'); nothing()</script>";
        let router = Router::new()
            .route("/", get(async || Html(PAGE)))
            .route("/greeting", get(async |RawQuery(name): RawQuery| format!("Hello {}!", name.unwrap_or_default())))
            .route("/file", get(file))
            .route("/sent", post(receive))
            .route("/cookies", get(seen_before))
            .route("/broken", get(async move || Html(broken)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, sent, serving }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The one thing that was sent.
    fn only(&self) -> Bytes {
        let sent = self.sent.lock().unwrap();
        assert_eq!(sent.len(), 1);
        sent[0].clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

/// Sends two files by the page's form.
async fn send_files(browser: &Browser, site: &Site) {
    let folder = tempfile::tempdir().unwrap();
    let paths = [folder.path().join("one.txt"), folder.path().join("zwei ö.txt")];
    fs::write(&paths[0], "the first").unwrap();
    fs::write(&paths[1], "the second").unwrap();
    browser.fill("[name=name]", "Jürgen").await;
    browser.choose_files("input[type=file]", &paths).await;
    browser.click("text=Send").await;
    browser.wait_for_text("It has arrived.").await;
    assert_eq!(browser.url().await, site.url("/sent"));
    let body = site.only();
    for part in ["filename=\"one.txt\"", "the first", "filename=\"zwei ö.txt\"", "the second", "Jürgen"] {
        assert!(holds(&body, part.as_bytes()), "{part} is not in {}", String::from_utf8_lossy(&body));
    }
}

fn assert_downloaded(path: &Path, folder: &Path) {
    assert_eq!(path, folder.join("Größe (1).bin"));
    assert!(fs::read(path).unwrap() == vec![7; FILE_BYTES]);
}

#[test]
fn the_browser_runs_a_page() {
    outside(async || {
        let (site, browser) = (Site::start().await, Browser::start().await);
        assert_eq!(browser.open(&site.url("/")).await, Some(200));
        assert_eq!(browser.text("h1").await, "Files for you");
        assert_eq!((browser.count("button").await, browser.count("noscript p").await), (2, 0));
        assert_eq!(browser.attribute("form", "method").await.as_deref(), Some("post"));
        assert_eq!(browser.attribute("form", "target").await, None);
        browser.fill("role=textbox[name=Name]", "nobody").await;
        browser.fill("role=textbox[name=Name]", "Ada").await;
        browser.click("#greet").await;
        browser.wait_for_text("Send Greet Hello Ada!").await;
        assert_eq!(browser.text("#greeting").await, "Hello Ada!");
        assert_eq!(browser.requests().await, [site.url("/"), site.url("/greeting?Ada")]);
        assert_eq!(browser.console_errors().await, Vec::<String>::new());
        send_files(&browser, &site).await;

        assert_eq!(browser.open(&site.url("/nowhere")).await, Some(404));
        browser.open(&site.url("/broken")).await;
        let errors = browser.console_errors().await;
        for part in ["oh no", "nothing is not defined", "/missing.png"] {
            assert!(errors.iter().any(|error| error.contains(part)), "{part} is not in {errors:?}");
        }
    });
}

#[test]
fn the_browser_does_without_scripts() {
    outside(async || {
        let (site, browser) = (Site::start().await, Browser::start().await);
        browser.set_javascript(false).await;
        browser.open(&site.url("/")).await;
        browser.wait_for("noscript p").await;
        assert_eq!(browser.text("noscript p").await, "No scripts here.");
        browser.click("#greet").await;
        let folder = tempfile::tempdir().unwrap();
        browser.downloads_to(folder.path()).await;
        browser.click("text=Download").await;
        assert_downloaded(&browser.wait_for_download().await, folder.path());
        assert_eq!(browser.text("#greeting").await, "");
        // The keyboard goes where a person's would.
        browser.press("Tab").await;
        send_files(&browser, &site).await;
        browser.set_javascript(true).await;
        browser.open(&site.url("/")).await;
        browser.click("#greet").await;
        browser.wait_for_text("Hello !").await;
    });
}

#[test]
fn the_browser_downloads() {
    outside(async || {
        let (site, browser) = (Site::start().await, Browser::start().await);
        let folder = tempfile::tempdir().unwrap();
        browser.downloads_to(folder.path()).await;
        browser.open(&site.url("/")).await;
        browser.click("text=Download").await;
        let path = browser.wait_for_download().await;
        assert_downloaded(&path, folder.path());
        fs::remove_file(&path).unwrap();
        assert_eq!(browser.open(&site.url("/file")).await, None);
        assert_downloaded(&browser.wait_for_download().await, folder.path());
        assert_eq!(browser.url().await, site.url("/"));
    });
}

#[test]
fn the_browser_is_several_people() {
    outside(async || {
        let (site, browser) = (Site::start().await, Browser::start().await);
        let url = site.url("/cookies");
        for text in ["You are new.", "You were here."] {
            browser.open(&url).await;
            assert_eq!(browser.text("body").await, text);
        }
        let other = browser.new_private_page().await;
        other.open(&url).await;
        assert_eq!(other.text("body").await, "You are new.");
        assert_eq!(browser.text("body").await, "You were here.");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.png");
        other.set_viewport(375, 667).await;
        other.screenshot(&path).await;
        let png = fs::read(&path).unwrap();
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), (375, 667));
    });
}
