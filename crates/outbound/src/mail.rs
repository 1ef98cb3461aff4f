//! Mail: what is written becomes a message here, whichever way it goes out. Nothing that comes in can add a header or a recipient.

pub(crate) mod mailbox;
pub(crate) mod outbox;
pub(crate) mod smtp;
#[cfg(test)]
mod tests;

use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};

use crate::{Failure, failure::BadConfig};
use mailbox::mailbox;

/// Longest subject, in characters. Longer ones are cut.
const MAX_SUBJECT: usize = 200;

/// Most that the two bodies of a mail may take together, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Longest id, in bytes.
const MAX_ID_BYTES: usize = 100;

/// One mail to one person. It has no `Debug`: mails hold links that let people in.
#[derive(Clone)]
pub struct Mail {
    /// Names the mail, so that whoever gets it twice can tell: it becomes `Message-ID: <id@domain of the sender>`. At most 100 letters,
    /// digits, dots, hyphens and underscores, beginning with a letter or digit.
    pub id: String,
    /// Whom to: an address, or a name and an address in angle brackets.
    pub to: String,
    /// Where answers go, written like `to`. `None`: to the sender.
    pub reply_to: Option<String>,
    /// The subject. Control characters become spaces; it is cut after 200 characters.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The same as HTML. The two take at most 1 MiB together.
    pub html: String,
}

/// Makes messages from one sender.
pub(crate) struct Composer {
    from: Mailbox,
}

impl Composer {
    pub(crate) fn new(from: &str) -> Result<Self, BadConfig> {
        let from = mailbox(from).map_err(|why| BadConfig(format!("the sender of mails {why}")))?;
        Ok(Self { from })
    }

    /// The message, ready to go.
    ///
    /// # Errors
    /// `Refused` for an id, a recipient or an address for answers that is none, and for bodies that are too large.
    pub(crate) fn compose(&self, mail: &Mail) -> Result<Message, Failure> {
        if !is_id(&mail.id) {
            return Err(refused("the id of the mail is not usable"));
        }
        if mail.text.len() + mail.html.len() > MAX_BODY_BYTES {
            return Err(refused(format!("the mail is larger than {MAX_BODY_BYTES} bytes")));
        }
        let to = mailbox(&mail.to).map_err(|why| refused(format!("the recipient {why}")))?;
        let mut message = Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(to)
            .subject(subject(&mail.subject));
        if let Some(reply_to) = &mail.reply_to {
            message =
                message.reply_to(mailbox(reply_to).map_err(|why| refused(format!("the address for answers {why}")))?);
        }
        let bodies = MultiPart::alternative_plain_html(lines(&mail.text), lines(&mail.html));
        message.multipart(bodies).map_err(|error| refused(format!("the mail can not be made: {error}")))
    }
}

/// Whether an id can stand in a header and in a file's name.
fn is_id(id: &str) -> bool {
    id.len() <= MAX_ID_BYTES
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn subject(text: &str) -> String {
    let line: String = text.chars().map(|c| if mailbox::breaks_lines(c) { ' ' } else { c }).collect();
    // Nor does it become one that only a reader takes for another alphabet's.
    line.trim().replace("=?", "= ?").chars().take(MAX_SUBJECT).collect()
}

/// Line ends of one kind. A carriage return on its own is one to some mail servers and not to others, and what they disagree about can
/// hide a second mail.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::Refused(why.into())
}
