//! What goes out: calls to addresses that users name, files fetched from such, mail, text messages. It sends or fetches one thing once and
//! says how that went; what is sent, how often it is tried again and who is told are the caller's business. Knows no noun of the library and
//! no database.

mod call;
mod failure;
mod fetch;
mod guard;
mod http;
mod mail;
mod text_message;

use std::{path::PathBuf, sync::Arc, time::Duration};

use url::Url;

pub use call::Call;
pub use failure::{BadConfig, Failure};
pub use fetch::{Fetch, Fetched};
pub use mail::Mail;
pub use text_message::TextMessage;

use failure::within;
use guard::Guard;
use http::{Http, NamedBy, Request};
use mail::{Composer, outbox::Outbox, smtp::Smtp};

/// How long a whole exchange may take where nobody says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How things go out. It has no `Debug`: two of these hold passwords.
#[derive(Clone)]
pub struct Config {
    /// The mail server: `smtp://` (in the clear), `smtp://…?tls=required`, `smtp://…?tls=opportunistic` (in the clear where the server
    /// offers no TLS) or `smtps://`, with `user:password@` where it wants that. `None`: mails go to the outbox.
    pub smtp_url: Option<String>,
    /// Who mails are from: an address, or a name and an address in angle brackets.
    pub from: String,
    /// The folder that mails are written to where there is no mail server.
    pub outbox: PathBuf,
    /// Lets calls go to private addresses. For tests, and for networks whose users may all reach everything that the server reaches.
    pub allow_private: bool,
    /// What sends text messages: an http or https address. It is the operator's and may be private.
    pub sms_webhook: Option<String>,
    /// How long a whole exchange may take, redirects included.
    pub timeout: Duration,
}

/// Sends things. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    guard: Guard,
    http: Http,
    composer: Composer,
    post_office: PostOffice,
    sms_webhook: Option<Url>,
    timeout: Duration,
}

/// Where mails go.
enum PostOffice {
    Smtp(Smtp),
    Outbox(Outbox),
}

impl Outbound {
    /// Reads the settings. Connects to nothing and writes nothing.
    ///
    /// # Errors
    /// For a mail server, sender, webhook or timeout that can not work.
    pub fn new(config: Config) -> Result<Self, BadConfig> {
        if config.timeout.is_zero() {
            return Err(BadConfig("the timeout of what goes out is zero".to_owned()));
        }
        let guard = Guard { allow_private: config.allow_private };
        let post_office = match &config.smtp_url {
            Some(url) => PostOffice::Smtp(Smtp::new(url, config.timeout)?),
            None => PostOffice::Outbox(Outbox::new(config.outbox)),
        };
        let inner = Inner {
            guard,
            http: Http::new(guard)?,
            composer: Composer::new(&config.from)?,
            post_office,
            sms_webhook: config.sms_webhook.as_deref().map(text_message::webhook).transpose()?,
            timeout: config.timeout,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether an address may be called as far as it says itself: its scheme, its form, a host that is a number. For refusing early;
    /// what a name leads to is seen when it is called.
    ///
    /// # Errors
    /// `Refused` if it may not.
    pub fn check_address(&self, url: &str) -> Result<(), Failure> {
        self.inner.guard.read(url).map(drop)
    }

    /// Makes one call. An answer of 200 to 299 is success; what else it says is not read.
    ///
    /// # Errors
    /// `Refused` if the address, a header or an address that it redirects to may not be used; `Later` for every other answer, and if none
    /// comes in time.
    pub async fn post(&self, call: &Call) -> Result<(), Failure> {
        self.inner.exchange(call.request(self.inner.guard)?, NamedBy::User).await
    }

    /// Fetches one file: asks for it, and hands on what comes while it comes. An answer of 200 with the bytes as they are is success.
    /// A body that breaks off is taken up again where it stopped, as [`Fetched::body`] says.
    ///
    /// # Errors
    /// `Refused` if the address or one that it redirects to may not be used, for an answer of 400 to 499 other than 408, 425 and 429, for a
    /// length that is announced and over `max_bytes`, and for an encoded body. `Later` for every other answer, and if none comes in time.
    pub async fn fetch(&self, fetch: Fetch) -> Result<Fetched, Failure> {
        fetch::begin(&self.inner.http, self.inner.guard, fetch, fetch::PAUSES).await
    }

    /// Whether mail can be addressed to this: `local@domain` and nothing beside it.
    #[must_use]
    pub fn is_mail_address(&self, address: &str) -> bool {
        !address.contains(['<', '>', ',', '"']) && mail::mailbox::mailbox(address).is_ok()
    }

    /// Sends one mail, or writes it to the outbox as `<id>.eml`.
    ///
    /// # Errors
    /// `Refused` for a mail that can not be sent to anybody, and if the mail server turns it down for good; `Later` for all else.
    pub async fn send_mail(&self, mail: &Mail) -> Result<(), Failure> {
        let message = self.inner.composer.compose(mail)?;
        match &self.inner.post_office {
            PostOffice::Smtp(smtp) => smtp.send(&message).await,
            PostOffice::Outbox(outbox) => outbox.write(&mail.id, message.formatted()).await,
        }
    }

    /// Hands one text message to the operator's webhook. An answer of 200 to 299 is success.
    ///
    /// # Errors
    /// `Refused` without a webhook or a number; `Later` for every other answer, and if none comes in time.
    pub async fn send_text(&self, text: &TextMessage) -> Result<(), Failure> {
        let Some(webhook) = &self.inner.sms_webhook else {
            return Err(Failure::Refused("text messages are not set up".to_owned()));
        };
        self.inner.exchange(text.request(webhook)?, NamedBy::Operator).await
    }

    /// Whether text messages can be sent.
    #[must_use]
    pub fn can_text(&self) -> bool {
        self.inner.sms_webhook.is_some()
    }

    /// Whether mails are sent. If not, they are written to the outbox.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        matches!(self.inner.post_office, PostOffice::Smtp(_))
    }

    /// Whether the mail server answers and lets us in, within three seconds. The outbox always does.
    ///
    /// # Errors
    /// `Later` if it does not.
    pub async fn check_mail(&self) -> Result<(), Failure> {
        match &self.inner.post_office {
            PostOffice::Smtp(smtp) => smtp.check().await,
            PostOffice::Outbox(_) => Ok(()),
        }
    }
}

impl Inner {
    async fn exchange(&self, request: Request, by: NamedBy) -> Result<(), Failure> {
        let answer = within(self.timeout, self.http.exchange(request, by, self.timeout)).await?;
        http::judge(answer).await
    }
}
