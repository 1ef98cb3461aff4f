//! Mail by SMTP, over connections that are used again.
//!
//! The library's own pool is not used: it waits for replies without a limit, and takes a connection back whose exchange was given up
//! half-way, so that the next mail would get the replies meant for the last.

mod server;
#[cfg(test)]
mod tests;

use std::{
    error::Error as _,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::DEFAULT_MECHANISMS,
        client::{AsyncSmtpConnection, Tls},
        response::Severity,
    },
};

use crate::{
    Failure,
    failure::{BadConfig, innermost, plain, within},
};
use server::Server;

/// How many connections wait for the next mail, and for how long.
const MAX_IDLE: usize = 2;
const MAX_IDLE_FOR: Duration = Duration::from_secs(30);

/// How long a look at the server, or at a connection that has been waiting, may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(3);

/// "Authentication required": about the settings, though it is said of a mail.
const AUTHENTICATION_REQUIRED: u16 = 530;

/// One mail server.
pub(crate) struct Smtp {
    server: Server,
    timeout: Duration,
    idle: Mutex<Vec<Idle>>,
}

/// A connection between two mails. Only those get here whose last reply has been read.
struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Smtp {
    pub(crate) fn new(url: &str, timeout: Duration) -> Result<Self, BadConfig> {
        Ok(Self { server: Server::read(url)?, timeout, idle: Mutex::default() })
    }

    /// Sends one message and waits until the server has taken it.
    ///
    /// # Errors
    /// `Refused` for a permanent reply about the message or whom it is to; `Later` for all else, a wrong password included, because the
    /// mail is not to blame.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let bytes = message.formatted();
        within(self.timeout, async {
            let mut connection = self.connection().await?;
            connection.send(message.envelope(), &bytes).await.map_err(|error| about_mail(&error))?;
            self.keep(connection);
            Ok(())
        })
        .await
    }

    /// Whether the server answers and knows us.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        within(self.timeout.min(LOOK_TIMEOUT), async {
            let connection = self.connection().await?;
            self.keep(connection);
            Ok(())
        })
        .await
    }

    /// A connection that answers. Whoever drops it closes it.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        while let Some(mut connection) = self.waiting() {
            if let Ok(true) = tokio::time::timeout(LOOK_TIMEOUT, connection.test_connected()).await {
                return Ok(connection);
            }
        }
        self.connect().await.map_err(|error| Failure::Later(format!("the mail server: {}", words(&error))))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let Server { host, port, tls, hello, credentials } = &self.server;
        let wrapped = if let Tls::Wrapper(parameters) = tls { Some(parameters.clone()) } else { None };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), Some(self.timeout), hello, wrapped, None)
                .await?;
        match tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), hello).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn waiting(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.lock();
        idle.retain(|idle| idle.since.elapsed() < MAX_IDLE_FOR);
        idle.pop().map(|idle| idle.connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.lock();
        if idle.len() < MAX_IDLE {
            idle.push(Idle { connection, since: Instant::now() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().expect("nothing panics under this lock")
    }
}

/// What an error means that came after the server was told of a mail.
fn about_mail(error: &Error) -> Failure {
    let text = format!("the mail server: {}", words(error));
    let permanent = error.status().is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion && u16::from(code) != AUTHENTICATION_REQUIRED
    });
    // The library's own refusals: the server can not take such an address.
    if permanent || error.is_client() { Failure::Refused(text) } else { Failure::Later(text) }
}

/// The server's reply, or what went wrong on the way to it.
fn words(error: &Error) -> String {
    match (error.status(), error.source()) {
        (Some(code), Some(reply)) => format!("{code} {}", plain(&reply.to_string())),
        _ => innermost(error),
    }
}
