//! Every state says what it should, and no text gets out of its place.

use super::{samples::*, *};

/// Texts that would do harm somewhere if they were not escaped there.
const HOSTILE: &[&str] = &[
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)' x='",
    "</script><script>alert(1)</script>",
    "</style></title></textarea></p></bdi><img src=x onerror=alert(1)>",
    "<!-- x",
    "&lt;script&gt;",
    "{{ 7 * 7 }} {% raw %} {# x",
    "javascript:alert(1)",
    "invoice\u{202e}gpj.exe\u{2066}\u{200f}",
    "../../../etc/passwd?x#y",
];

/// A page of each kind in which every text is this one.
fn filled(text: &str) -> Vec<PageView> {
    let codes =
        [(false, None), (true, None), (true, Some(CodeTrouble::Wrong)), (true, Some(CodeTrouble::TooManyAttempts))];
    let mut pages = Vec::new();
    for (sent, trouble) in codes {
        let view = CodeView { base: text.to_owned(), masked: text.to_owned(), ..code(sent, trouble) };
        pages.push(PageView::Code(view));
    }
    let push = PushView {
        title: text.to_owned(),
        message: text.to_owned(),
        files: vec![file(1, text, 5, 1, false), file(2, text, 5, 0, false)],
    };
    let pull = PullView {
        title: text.to_owned(),
        message: text.to_owned(),
        extensions: vec![text.to_owned()],
        sent: vec![SentView { name: text.to_owned(), bytes: 5 }],
        ..pull()
    };
    pages.push(PageView::Open(OpenView {
        base: text.to_owned(),
        sender: text.to_owned(),
        subject: text.to_owned(),
        messages: vec![text.to_owned()],
        notices: vec![Notice::good(text), Notice::bad(text)],
        replies: Some(vec![ReplyView { body: text.to_owned(), at_ms: EXPIRES_MS }]),
        ..open(vec![FeatureView::Push(push), FeatureView::Pull(pull)])
    }));
    pages
}

fn filled_mails(text: &str) -> (MailView, CodeMailView) {
    let text = text.to_owned();
    let mail =
        MailView { recipient: text.clone(), sender: text.clone(), message: text.clone(), link: text.clone(), ..mail() };
    (mail, CodeMailView { recipient: text.clone(), code: text })
}

/// The tags of a document with the names of their attributes, without any text or value: what a browser makes elements of.
fn skeleton(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let mut quoted = false;
        let end = tag.find(|sign| {
            quoted ^= sign == '"';
            sign == '>' && !quoted
        });
        let (tag, after) = tag.split_at(end.expect("every tag ends"));
        // Every second piece is a value.
        let names: Vec<&str> = tag.split('"').step_by(2).collect();
        tags.push(names.join("\"\""));
        // The content of these two is not markup; the policy's tests look at it.
        rest = match tag {
            "style" | "script" => after.split_once(&format!("</{tag}")).expect("closed").1,
            _ => after,
        };
    }
    tags
}

#[test]
fn no_text_becomes_markup_in_a_page() {
    for text in HOSTILE {
        for (hostile, harmless) in filled(text).iter().zip(&filled("x")) {
            assert_eq!(skeleton(&page(hostile)), skeleton(&page(harmless)), "{text}");
        }
    }
}

#[test]
fn no_text_becomes_markup_in_a_mail() {
    let (harmless_mail, harmless_code) = filled_mails("x");
    for text in HOSTILE {
        let (mail, code_mail) = filled_mails(text);
        assert_eq!(skeleton(&mail_html(&mail)), skeleton(&mail_html(&harmless_mail)), "{text}");
        assert_eq!(skeleton(&code_mail_html(&code_mail)), skeleton(&code_mail_html(&harmless_code)), "{text}");
    }
}

#[test]
fn the_skeleton_would_tell() {
    // The test above is worth what this finds.
    assert_eq!(skeleton("<p a=\"1>2\" b>x</p><style>i<j</style>"), ["p a=\"\" b", "/p", "style"]);
    assert_ne!(skeleton("<p a=\"x\">"), skeleton("<p a=\"\"><b>\">"));
    assert_ne!(skeleton("<p>x</p>"), skeleton("<p><b></p>"));
}

#[test]
fn a_page_shows_the_text_that_was_meant() {
    let html = page(&filled("a <b> & \"c\"").pop().expect("the open page"));
    assert!(html.contains("<title>a &#60;b&#62; &#38; &#34;c&#34;</title>"));
    assert!(html.contains("<p dir=\"auto\">a &#60;b&#62; &#38; &#34;c&#34;</p>"));
    assert!(html.contains("/media/1/a%20%3Cb%3E%20%26%20%22c%22\""));
}

#[test]
fn a_name_does_not_turn_its_extension_around() {
    let file = file(1, "invoice\u{202e}gpj.exe", 5, 1, false);
    let push = PushView { title: String::new(), message: String::new(), files: vec![file] };
    let html = page(&PageView::Open(open(vec![FeatureView::Push(push)])));
    assert!(!html.contains('\u{202e}'));
    assert!(html.contains("<bdi class=\"name\">invoice\u{fffd}gpj.exe</bdi>"));
}

#[test]
fn a_name_adds_no_line_to_a_mail() {
    let view = MailView { recipient: "Peter\n\nPay here:".to_owned(), sender: "Anna\r\nx".to_owned(), ..mail() };
    let text = mail_text(&view);
    assert!(text.starts_with("Hello Peter  Pay here:,\n\nAnna  x has sent you 3 files.\n"), "{text}");
}

/// The sample of that name as a page.
fn sample(name: &str) -> String {
    let (_, view) = pages().into_iter().find(|(sample, _)| *sample == name).expect("a sample of that name");
    page(&view)
}

/// The page has all of the first and nothing of the second.
fn check(name: &str, has: &[&str], lacks: &[&str]) {
    let html = sample(name);
    for text in has {
        assert!(html.contains(text), "{name} lacks {text}");
    }
    for text in lacks {
        assert!(!html.contains(text), "{name} has {text}");
    }
}

const OVER: &str = "It worked until <time datetime=\"2026-07-03T14:05:00Z\">3 July 2026, 14:05 UTC</time>";
const ASK: &str = "<form method=\"post\" action=\"/botdoc/s/AbC12345/code\"";
const ENTER: &str = "<form method=\"post\" action=\"/botdoc/s/AbC12345/enter\"";
const UPLOAD: &str =
    "<form method=\"post\" action=\"/botdoc/s/AbC12345/upload\" enctype=\"multipart/form-data\" data-upload";
const DONE: &str = "<form method=\"post\" action=\"/botdoc/s/AbC12345/done\"";
const REPLY: &str = "<form method=\"post\" action=\"/botdoc/s/AbC12345/reply\"";
const FEATURE: &str = "<input type=\"hidden\" name=\"feature\" value=\"77\">";

#[test]
fn a_link_without_anything_behind_it_has_no_forms() {
    check("gone", &["This link does not work"], &["<form", OVER]);
    check("expired", &["This link has expired", OVER], &["<form"]);
}

#[test]
fn a_code_is_asked_for_and_entered() {
    let field = "name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\"";
    check("code", &[ASK, ENTER, field, "j***@example.com"], &["autofocus", "role=\"alert\"", "Anna", "mortgage"]);
    check("code-sent", &[ASK, ENTER, field, " autofocus", "valid for ten minutes"], &["role=\"alert\""]);
    check("code-wrong", &["not the code that we sent", "aria-describedby=\"fault\"", "<title>Error: "], &[]);
    check("code-old", &["older than ten minutes", "aria-describedby=\"fault\""], &[]);
    check("code-attempts", &["Too many attempts", ASK], &[ENTER]);
    check("code-many", &["Too many attempts", ENTER], &[ASK]);
}

#[test]
fn files_can_be_fetched_as_often_as_is_left() {
    let link = "<a class=\"button\" download href=\"/botdoc/s/AbC12345/media/1/Contract.pdf\"";
    check(
        "push",
        &["Documents for your mortgage", "Anna Schmidt", "Files for you", link, "4.2 MB", "3 of 6 downloads left"],
        &["<form", "/media/3/", "/media/4/"],
    );
    check("push", &["No downloads left", "Removed", "datetime=\"2026-07-03T14:05:00Z\""], &[]);
}

#[test]
fn files_are_asked_for_under_conditions() {
    let field = "type=\"file\" name=\"file\" multiple required accept=\".pdf,.jpg,.png\"";
    let limits = " data-max-bytes=\"25000000\" data-left=\"5\"";
    check("pull", &[UPLOAD, FEATURE, field, limits, "PDF, JPG and PNG only, up to 25 MB each"], &[DONE, REPLY]);
    check("both", &[UPLOAD, " data-left=\"3\"", DONE, REPLY, "payslip-may.pdf", "119 kB"], &[]);
    check("full", &["The limit is reached", DONE], &[UPLOAD]);
    check("complete", &["This is complete", "payslip-may.pdf"], &[UPLOAD, DONE]);
    check("bare", &[UPLOAD, "You are asked for files"], &[" accept=", "data-max-bytes=", "data-left=", DONE]);
}

#[test]
fn the_field_comes_before_the_files() {
    // The server reads the parts as they come.
    let html = sample("pull");
    assert!(html.find(FEATURE) < html.find("type=\"file\""));
}

#[test]
fn replies_and_notices_are_shown() {
    let notices = [
        "<p class=\"notice good\" dir=\"auto\">2 files received</p>",
        "<p class=\"notice bad\" dir=\"auto\">report.exe: this kind of file is not accepted</p>",
    ];
    check("both", &notices, &[]);
    check("both", &["Thank you!<br>The second page is missing.", "name=\"body\"", "You, <time"], &[]);
    check("bare", &[REPLY], &["You, <time", "From <bdi"]);
}

#[test]
fn every_field_has_a_label() {
    for (name, view) in pages() {
        let html = page(&view);
        for id in ["code", "file-77", "body"] {
            let field = html.matches(&format!(" id=\"{id}\"")).count();
            assert_eq!(html.matches(&format!("<label for=\"{id}\">")).count(), field, "{name}: {id}");
        }
    }
}

#[test]
fn a_mail_says_who_what_where_and_until_when() {
    let text = mail_text(&mail());
    assert_eq!(
        text,
        "Hello Peter Meier,\n\nAnna Schmidt has sent you 3 files.\n\nhere are the contract and the plan\nthat we spoke \
         about on Tuesday.\n\nKind regards\n\nOpen the files:\nhttps://files.example.com/botdoc/s/AbC12345\n\nThe link \
         works until 3 July 2026, 14:05 UTC.\nIt is meant for you alone. Please do not pass it on.\n"
    );
    let html = mail_html(&mail());
    assert_eq!(html.matches("href=\"https://files.example.com/botdoc/s/AbC12345\"").count(), 2);
    assert!(html.contains(">https://files.example.com/botdoc/s/AbC12345</a>"));
    for words in ["Hello Peter Meier,", "sent you 3 files.", "plan<br>that", "until 3 July 2026, 14:05 UTC"] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn a_mail_says_what_there_is() {
    let lead = |files, asks| {
        let view =
            MailView { recipient: String::new(), sender: String::new(), message: String::new(), files, asks, ..mail() };
        mail_text(&view).lines().step_by(2).take(3).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(lead(1, false), "Hello, Somebody has sent you 1 file. Open the file:");
    assert_eq!(lead(0, true), "Hello, Somebody asks you to send files. Send files:");
    assert_eq!(lead(2, true), "Hello, Somebody has sent you 2 files and asks you to send some. Open the page:");
    assert_eq!(lead(0, false), "Hello, Somebody has sent you a message. Read the message:");
}

#[test]
fn the_code_mail_has_the_code_and_its_time() {
    for text in [code_mail_text(&code_mail()), code_mail_html(&code_mail())] {
        assert!(text.contains("042917") && text.contains("ten minutes") && text.contains("Hello Peter Meier,"));
    }
}
