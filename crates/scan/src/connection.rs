//! One connection to a scanner: a half that says and a half that hears, both at once, neither waiting for ever.

use std::{io, pin::pin, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use crate::{address::Endpoint, failure::Failure};

/// Where connections go.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) endpoint: Endpoint,
    pub(crate) idle: Duration,
}

/// A connection. It is closed when it is dropped.
pub(crate) struct Connection {
    pub(crate) ear: Ear,
    pub(crate) mouth: Mouth,
}

/// What both kinds of sockets are.
trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl Socket for TcpStream {}
impl Socket for UnixStream {}

/// The half that hears.
pub(crate) struct Ear {
    half: ReadHalf<Box<dyn Socket>>,
    heard: Vec<u8>,
    idle: Duration,
}

/// The half that says.
pub(crate) struct Mouth {
    half: WriteHalf<Box<dyn Socket>>,
    idle: Duration,
}

/// All that a scanner said before it hung up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastWords {
    pub(crate) words: Vec<u8>,
    /// Whether the connection broke instead of being closed.
    pub(crate) broken: bool,
}

/// Why something was not said to its end.
pub(crate) enum Stop {
    /// The scanner does not take it any more. It may have said why.
    Theirs(Failure),
    /// It is not to be had, or no longer wanted.
    Ours(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Ours(failure)
    }
}

impl Line {
    pub(crate) async fn open(&self) -> Result<Connection, Failure> {
        let socket = timeout(self.idle, self.connect())
            .await
            .map_err(|_| Failure::scanner(&format!("took no connection within {:?}", self.idle)))?
            .map_err(|error| Failure::io(&error))?;
        let (ear, mouth) = tokio::io::split(socket);
        Ok(Connection {
            ear: Ear { half: ear, heard: Vec::new(), idle: self.idle },
            mouth: Mouth { half: mouth, idle: self.idle },
        })
    }

    async fn connect(&self) -> io::Result<Box<dyn Socket>> {
        match &self.endpoint {
            Endpoint::Tcp(host, port) => {
                let socket = TcpStream::connect((host.as_str(), *port)).await?;
                // Whole frames are written, so there is nothing to wait for before they go.
                socket.set_nodelay(true)?;
                Ok(Box::new(socket))
            }
            Endpoint::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        }
    }
}

impl Mouth {
    /// Says all of `words`, as fast as they are taken.
    pub(crate) async fn say(&mut self, mut words: &[u8]) -> Result<(), Stop> {
        while !words.is_empty() {
            // Whoever takes nothing for so long has not answered either: that would have been heard meanwhile.
            let taken = timeout(self.idle, self.half.write(words))
                .await
                .map_err(|_| Stop::Ours(Failure::scanner(&format!("took nothing for {:?}", self.idle))))?;
            match taken {
                Ok(0) => return Err(Stop::Theirs(Failure::scanner("takes nothing more"))),
                Ok(taken) => words = &words[taken..],
                Err(error) => return Err(Stop::Theirs(Failure::io(&error))),
            }
        }
        Ok(())
    }
}

impl Ear {
    /// Waits for an answer to begin, as long as it takes.
    ///
    /// # Errors
    /// If the scanner hangs up instead.
    pub(crate) async fn begin(&mut self) -> Result<(), Failure> {
        if self.heard.is_empty() && self.read().await.map_err(|error| Failure::io(&error))? == 0 {
            return Err(Failure::scanner("hung up without an answer"));
        }
        Ok(())
    }

    /// Hears all until the scanner hangs up, `max` bytes at most.
    pub(crate) async fn until_hung_up(&mut self, max: usize) -> Result<LastWords, Failure> {
        self.begin().await?;
        let broken = loop {
            if self.heard.len() > max {
                return Err(endless());
            }
            match self.read_soon().await? {
                Ok(0) => break false,
                Ok(_) => {}
                // Whoever hangs up on what we are still saying resets the connection; what was said before that has arrived.
                Err(_) => break true,
            }
        };
        Ok(LastWords { words: std::mem::take(&mut self.heard), broken })
    }

    /// Hears until `end`, `max` bytes at most, and takes that with `end`.
    pub(crate) async fn until(&mut self, end: &[u8], max: usize) -> Result<Vec<u8>, Failure> {
        let mut looked_at = 0;
        loop {
            if let Some(at) = self.heard[looked_at..].windows(end.len()).position(|window| window == end) {
                let len = looked_at + at + end.len();
                return if len > max { Err(endless()) } else { Ok(self.heard.drain(..len).collect()) };
            }
            if self.heard.len() > max {
                return Err(endless());
            }
            looked_at = (self.heard.len() + 1).saturating_sub(end.len());
            self.hear_more().await?;
        }
    }

    /// Hears `len` bytes and takes them.
    pub(crate) async fn exactly(&mut self, len: usize) -> Result<Vec<u8>, Failure> {
        while self.heard.len() < len {
            self.hear_more().await?;
        }
        Ok(self.heard.drain(..len).collect())
    }

    /// What was heard and not taken.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.heard
    }

    async fn hear_more(&mut self) -> Result<(), Failure> {
        match self.read_soon().await? {
            Ok(0) => Err(Failure::scanner("broke off its answer")),
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::io(&error)),
        }
    }

    async fn read_soon(&mut self) -> Result<io::Result<usize>, Failure> {
        let idle = self.idle;
        timeout(idle, self.read()).await.map_err(|_| Failure::scanner(&format!("did not end its answer for {idle:?}")))
    }

    async fn read(&mut self) -> io::Result<usize> {
        self.half.read_buf(&mut self.heard).await
    }
}

/// Says and hears at the same time: a scanner that has had enough answers and hangs up while it is still being told, and what it
/// said must not be lost over that. Gives what was heard, and whether all had been said by then.
///
/// # Errors
/// If nothing was heard; why it was not, or why not all was said.
pub(crate) async fn talk<Heard>(
    hearing: impl Future<Output = Result<Heard, Failure>>,
    saying: impl Future<Output = Result<(), Stop>>,
) -> Result<(Heard, bool), Failure> {
    let mut hearing = pin!(hearing);
    let said = tokio::select! {
        biased;
        heard = &mut hearing => return Ok((heard?, false)),
        said = saying => said,
    };
    match said {
        Ok(()) => Ok((hearing.await?, true)),
        Err(Stop::Theirs(failure)) => hearing.await.map(|heard| (heard, false)).map_err(|_| failure),
        Err(Stop::Ours(failure)) => Err(failure),
    }
}

fn endless() -> Failure {
    Failure::scanner("answered more than makes sense")
}
