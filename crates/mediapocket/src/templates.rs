//! Mails, and the page that asks for a link's password, as text. Takes plain views and escapes whatever is in them; knows neither the
//! library nor HTTP.

#[cfg(test)]
mod tests;

use askama::Template;
use jiff::{Timestamp, tz::TimeZone};

/// A mail that shares links.
pub(crate) struct MailView {
    /// Who shares.
    pub(crate) sender: String,
    /// Whether an answer to the mail reaches them.
    pub(crate) can_answer: bool,
    /// What they say; may be empty.
    pub(crate) message: String,
    /// What they share.
    pub(crate) links: Vec<SharedLink>,
}

/// One link in a mail.
pub(crate) struct SharedLink {
    /// What the file is called.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) url: String,
    /// The first moment at which it no longer works, in milliseconds since 1970.
    pub(crate) expires_ms: Option<i64>,
    /// How often it may be followed, by all together.
    pub(crate) use_limit: Option<i64>,
    /// Whether a password has to be known beside it.
    pub(crate) has_password: bool,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct MailText<'a> {
    view: &'a MailView,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailHtml<'a> {
    view: &'a MailView,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage<'a> {
    action: &'a str,
    again: bool,
}

/// Nothing runs on the page, and it sends only to where it comes from. Its icon is in it.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// The mail as plain text.
pub(crate) fn mail_text(view: &MailView) -> String {
    MailText { view }.render().expect("writing to a text does not fail")
}

/// The mail for those who see pages.
pub(crate) fn mail_html(view: &MailView) -> String {
    MailHtml { view }.render().expect("writing to a text does not fail")
}

/// The page that asks for a link's password, once or again.
pub(crate) fn password_page(action: &str, again: bool) -> String {
    PasswordPage { action, again }.render().expect("writing to a text does not fail")
}

impl MailView {
    /// Who does what: the subject, and the first line.
    pub(crate) fn lead(&self) -> String {
        let sender = line(&self.sender);
        match self.links.len() {
            1 => format!("{sender} shares a file with you"),
            count => format!("{sender} shares {count} files with you"),
        }
    }

    fn foot(&self) -> String {
        let care = match self.links.len() {
            1 => "Whoever has the link can use it: please do not pass it on.",
            _ => "Whoever has the links can use them: please do not pass them on.",
        };
        if self.can_answer {
            format!("{care} An answer to this mail goes to {}.", line(&self.sender))
        } else {
            care.to_owned()
        }
    }
}

impl SharedLink {
    fn shown_name(&self) -> String {
        Some(line(&self.name)).filter(|name| !name.is_empty()).unwrap_or_else(|| "file".to_owned())
    }

    /// What bounds it, as sentences.
    fn terms(&self) -> Option<String> {
        let times = match self.use_limit {
            None => String::new(),
            Some(1) => " for one download".to_owned(),
            Some(limit) => format!(" for {limit} downloads in all"),
        };
        let until = self.expires_ms.map(|at_ms| format!(" until {}", end(at_ms))).unwrap_or_default();
        let works = (!times.is_empty() || !until.is_empty())
            .then(|| format!("The link works{until}{}{times}.", comma(&until, &times)));
        let password = self.has_password.then(|| "It asks for a password.".to_owned());
        let sentences: Vec<String> = works.into_iter().chain(password).collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }
}

fn comma(before: &str, behind: &str) -> &'static str {
    if before.is_empty() || behind.is_empty() { "" } else { "," }
}

impl MailText<'_> {
    fn message(&self) -> String {
        let paragraphs: Vec<String> = paragraphs(&self.view.message).iter().map(|lines| lines.join("\n")).collect();
        paragraphs.join("\n\n")
    }
}

impl MailHtml<'_> {
    fn paragraphs(&self) -> Vec<Vec<String>> {
        paragraphs(&self.view.message)
    }
}

/// Signs that turn the direction of what follows. In a name they make `gpj.exe` read as `exe.jpg`.
const TURNING: &[char] = &[
    '\u{061c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// One line of a user's text: no line breaks, so that a name can not add lines to a mail, and nothing that turns its direction.
fn line(text: &str) -> String {
    let kept = |sign: char| match sign {
        '\u{2028}' | '\u{2029}' => ' ',
        sign if sign.is_control() => ' ',
        sign if TURNING.contains(&sign) => '\u{fffd}',
        sign => sign,
    };
    text.chars().map(kept).collect::<String>().trim().to_owned()
}

/// A user's text in paragraphs of lines. Empty lines part paragraphs; other control characters are left out.
fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let plain = |line: &str| line.chars().filter(|sign| *sign == '\t' || !sign.is_control()).collect::<String>();
    let lines: Vec<String> = text.split('\n').map(plain).collect();
    lines.split(|line| line.trim().is_empty()).filter(|lines| !lines.is_empty()).map(<[String]>::to_vec).collect()
}

/// The end of a day where it is one, `the end of 28 November 2023 (UTC)`, else the moment.
fn end(at_ms: i64) -> String {
    let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC);
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    if at_ms.rem_euclid(DAY_MS) == 0 {
        return format!("the end of {} (UTC)", at(at_ms.saturating_sub(1)).strftime("%-d %B %Y"));
    }
    at(at_ms).strftime("%-d %B %Y, %H:%M UTC").to_string()
}
