//! The mails: that something is there, and the code. Each as text and as HTML, for the two parts of one mail. Subjects and
//! addresses are somebody else's.

use askama::Template;

use super::{rendered, words};

/// "Somebody sends you files".
#[derive(Debug)]
pub(crate) struct MailView {
    /// The recipient's name. May be empty.
    pub recipient: String,
    /// Who sends. May be empty.
    pub sender: String,
    /// What the sender wrote. Plain text; may be empty.
    pub message: String,
    /// The absolute address of the page.
    pub link: String,
    /// Until when the link works, in milliseconds since 1970; none: for good.
    pub expires_ms: Option<i64>,
    /// How many files there are to fetch.
    pub files: u64,
    /// Files are asked for.
    pub asks: bool,
}

/// "Your code is".
#[derive(Debug)]
pub(crate) struct CodeMailView {
    /// The recipient's name. May be empty.
    pub recipient: String,
    /// The digits.
    pub code: String,
}

/// The notification's `text/plain` part.
pub(crate) fn mail_text(view: &MailView) -> String {
    rendered(&MailText { view })
}

/// The notification's `text/html` part.
pub(crate) fn mail_html(view: &MailView) -> String {
    rendered(&MailHtml { view })
}

/// The code's `text/plain` part.
pub(crate) fn code_mail_text(view: &CodeMailView) -> String {
    rendered(&CodeMailText { view })
}

/// The code's `text/html` part.
pub(crate) fn code_mail_html(view: &CodeMailView) -> String {
    rendered(&CodeMailHtml { view })
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct MailText<'a> {
    view: &'a MailView,
}

#[derive(Template)]
#[template(path = "mail.html", whitespace = "minimize")]
struct MailHtml<'a> {
    view: &'a MailView,
}

#[derive(Template)]
#[template(path = "code_mail.txt")]
struct CodeMailText<'a> {
    view: &'a CodeMailView,
}

#[derive(Template)]
#[template(path = "code_mail.html", whitespace = "minimize")]
struct CodeMailHtml<'a> {
    view: &'a CodeMailView,
}

impl MailView {
    fn greeting(&self) -> String {
        greeting(&self.recipient)
    }

    /// "Anna Schmidt has sent you 3 files."
    fn lead(&self) -> String {
        let sender = words::line(&self.sender);
        let sender = if sender.is_empty() { "Somebody" } else { &sender };
        let files = words::files(self.files);
        match (self.files, self.asks) {
            (0, false) => format!("{sender} has sent you a message."),
            (0, true) => format!("{sender} asks you to send files."),
            (_, false) => format!("{sender} has sent you {files}."),
            (_, true) => format!("{sender} has sent you {files} and asks you to send some."),
        }
    }

    /// What the button says.
    fn action(&self) -> &'static str {
        match (self.files, self.asks) {
            (0, false) => "Read the message",
            (0, true) => "Send files",
            (1, false) => "Open the file",
            (_, false) => "Open the files",
            (_, true) => "Open the page",
        }
    }
}

impl CodeMailView {
    fn greeting(&self) -> String {
        greeting(&self.recipient)
    }
}

fn greeting(recipient: &str) -> String {
    match words::line(recipient) {
        name if name.is_empty() => "Hello,".to_owned(),
        name => format!("Hello {name},"),
    }
}
