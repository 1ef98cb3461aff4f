//! The recipient's page and the mails, as text. Takes plain views, escapes whatever is in them and knows neither the library nor
//! HTTP. The words that a recipient reads are here and in `templates/`, and nowhere else.

use askama::Template;

mod mail;
mod policy;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use self::{
    mail::{CodeMailView, MailView, code_mail_html, code_mail_text, mail_html, mail_text},
    policy::content_security_policy,
    words::size,
};

/// What stands in the page's only `<style>`; the policy names it by its hash.
const STYLE: &str = include_str!("../templates/style.css");

/// What stands in the page's only `<script>`; the policy names it by its hash.
const SCRIPT: &str = include_str!("../templates/script.js");

/// What somebody who opens a link gets to see.
#[derive(Debug)]
pub(crate) enum PageView {
    /// There is nothing (any more) behind the link.
    Gone(GoneView),
    /// A code comes first.
    Code(CodeView),
    /// What was sent, and what is asked for.
    Open(OpenView),
}

/// Why there is nothing. Unknown, withdrawn and closed look alike, so that nobody learns which links have existed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GoneView {
    /// Unknown, withdrawn, or the account is closed.
    Unknown,
    /// It was good until this time (milliseconds since 1970).
    Expired {
        /// When it ended.
        since_ms: i64,
    },
}

/// The page that asks for the code. It tells nothing about the transfer: whoever looks at it has not shown yet who they are.
#[derive(Debug)]
pub(crate) struct CodeView {
    /// The path of the page, such as `/botdoc/s/AbC`, without a slash at its end.
    pub base: String,
    /// Where the code is sent, already masked: `j***@example.com`.
    pub masked: String,
    /// A code is under way: the field for it comes first.
    pub sent: bool,
    /// What went wrong with the last step.
    pub trouble: Option<CodeTrouble>,
}

/// What can go wrong with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeTrouble {
    /// It is not the code that was sent.
    Wrong,
    /// It was the code, but its ten minutes are over.
    Expired,
    /// Too many wrong ones: this code is void, another one can be asked for.
    TooManyAttempts,
    /// Too many codes were asked for: there will be no other for a while.
    TooManyCodes,
}

/// The page behind the link.
#[derive(Debug)]
pub(crate) struct OpenView {
    /// The path of the page, such as `/botdoc/s/AbC`, without a slash at its end.
    pub base: String,
    /// Who sent the link. May be empty.
    pub sender: String,
    /// What it is about. May be empty.
    pub subject: String,
    /// What the sender wrote, in order. Plain text; empty lines part paragraphs.
    pub messages: Vec<String>,
    /// Until when the link works, in milliseconds since 1970; none: for good.
    pub expires_ms: Option<i64>,
    /// What came of the form that was sent just now.
    pub notices: Vec<Notice>,
    /// What is offered and asked for, in order.
    pub features: Vec<FeatureView>,
    /// What the recipient has replied so far; none where replies are not wanted.
    pub replies: Option<Vec<ReplyView>>,
}

/// One line about what was done or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// It is about something that did not work.
    pub bad: bool,
    /// The whole sentence, such as "2 files received".
    pub text: String,
}

/// One thing in a transfer.
#[derive(Debug)]
pub(crate) enum FeatureView {
    /// Files for the recipient.
    Push(PushView),
    /// Files from the recipient.
    Pull(PullView),
}

/// Files for the recipient.
#[derive(Debug)]
pub(crate) struct PushView {
    /// Its heading. May be empty.
    pub title: String,
    /// Plain text. May be empty.
    pub message: String,
    /// In the order in which they are listed.
    pub files: Vec<FileView>,
}

/// A file that the recipient may fetch. Its link is `{base}/media/{id}/{name}`.
#[derive(Debug)]
pub(crate) struct FileView {
    /// Goes into the link.
    pub id: i64,
    /// As it was sent; goes into the link too, where it is decoration.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
    /// How often it may still be fetched.
    pub downloads_left: u32,
    /// How often it could be fetched at first.
    pub downloads_allowed: u32,
    /// It was taken away.
    pub removed: bool,
}

/// Files from the recipient.
#[derive(Debug)]
pub(crate) struct PullView {
    /// Comes back as the field `feature` of its forms.
    pub id: i64,
    /// Its heading. May be empty.
    pub title: String,
    /// Plain text. May be empty.
    pub message: String,
    /// Accepted extensions, with or without a dot; none means all.
    pub extensions: Vec<String>,
    /// How large a file may be.
    pub max_bytes: Option<u64>,
    /// How many files are wanted at most.
    pub max_files: Option<u32>,
    /// What this recipient has sent so far.
    pub sent: Vec<SentView>,
    /// Nothing more is taken: the recipient or the sender said that it is everything.
    pub complete: bool,
}

/// A file that the recipient has sent.
#[derive(Debug)]
pub(crate) struct SentView {
    /// As it came.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
}

/// What the recipient wrote.
#[derive(Debug)]
pub(crate) struct ReplyView {
    /// Plain text.
    pub body: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Notice {
    /// Something was done.
    pub(crate) fn good(text: impl Into<String>) -> Self {
        Self { bad: false, text: text.into() }
    }

    /// Something was not done.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self { bad: true, text: text.into() }
    }
}

/// The whole page for a link. To be sent as `text/html; charset=utf-8` with [`content_security_policy`].
pub(crate) fn page(view: &PageView) -> String {
    match view {
        PageView::Gone(GoneView::Unknown) => rendered(&GonePage),
        PageView::Gone(GoneView::Expired { since_ms }) => rendered(&ExpiredPage { since_ms: *since_ms }),
        PageView::Code(view) => rendered(&CodePage { view }),
        PageView::Open(view) => rendered(&OpenPage { view }),
    }
}

#[derive(Template)]
#[template(path = "gone.html", whitespace = "minimize")]
struct GonePage;

#[derive(Template)]
#[template(path = "expired.html", whitespace = "minimize")]
struct ExpiredPage {
    since_ms: i64,
}

#[derive(Template)]
#[template(path = "code.html", whitespace = "minimize")]
struct CodePage<'a> {
    view: &'a CodeView,
}

#[derive(Template)]
#[template(path = "open.html", whitespace = "minimize")]
struct OpenPage<'a> {
    view: &'a OpenView,
}

/// A template writes into memory and calls nothing that fails.
fn rendered(template: &impl Template) -> String {
    template.render().expect("writing into a string does not fail")
}

impl CodeView {
    /// The field for the code is worth showing: the code that was sent can still be entered.
    fn can_enter(&self) -> bool {
        self.trouble != Some(CodeTrouble::TooManyAttempts)
    }

    /// Another code can be asked for.
    fn can_ask(&self) -> bool {
        self.trouble != Some(CodeTrouble::TooManyCodes)
    }
}

impl OpenView {
    /// Until when the link works; only asked for where it ends.
    fn until_ms(&self) -> i64 {
        self.expires_ms.unwrap_or_default()
    }

    /// What the tab and the heading say when there is no subject.
    fn heading(&self) -> String {
        let subject = words::line(&self.subject);
        if !subject.is_empty() {
            return subject;
        }
        let pushes = self.features.iter().any(|feature| matches!(feature, FeatureView::Push(_)));
        let pulls = self.features.iter().any(|feature| matches!(feature, FeatureView::Pull(_)));
        let words = match (pushes, pulls) {
            (true, true) => "Files for you, and files asked for",
            (true, false) => "Files for you",
            (false, true) => "You are asked for files",
            (false, false) => "A message for you",
        };
        words.to_owned()
    }
}

impl FileView {
    fn can_be_fetched(&self) -> bool {
        !self.removed && self.downloads_left > 0
    }
}

impl PullView {
    /// The value of the field's `accept`: `.pdf,.jpg`. The script checks by it too.
    fn accept(&self) -> String {
        let dotted: Vec<String> = self.plain_extensions().map(|extension| format!(".{extension}")).collect();
        dotted.join(",")
    }

    /// What is taken, as a sentence; empty where everything is.
    fn conditions(&self) -> String {
        let mut parts = Vec::new();
        let kinds: Vec<String> = self.plain_extensions().map(|extension| extension.to_uppercase()).collect();
        if !kinds.is_empty() {
            parts.push(format!("{} only", words::list(&kinds)));
        }
        if let Some(max_bytes) = self.max_bytes {
            parts.push(format!("up to {} each", size(max_bytes)));
        }
        if let Some(max_files) = self.max_files {
            parts.push(format!("at most {}", words::files(max_files.into())));
        }
        words::sentence(&parts.join(", "))
    }

    /// How many more files are taken; `None` means that nobody counts.
    fn left(&self) -> Option<u64> {
        self.max_files.map(|max_files| u64::from(max_files).saturating_sub(self.sent.len() as u64))
    }

    fn is_full(&self) -> bool {
        self.left() == Some(0)
    }

    fn plain_extensions(&self) -> impl Iterator<Item = String> {
        self.extensions
            .iter()
            .map(|extension| words::line(extension).trim_start_matches('.').to_lowercase())
            .filter(|extension| !extension.is_empty())
    }
}
