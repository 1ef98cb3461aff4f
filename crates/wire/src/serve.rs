//! Sockets: accepts connections up to a number, speaks HTTP/1 and HTTP/2 on them, and drains them when told to stop.
//! It knows nothing of what is asked.

use std::{convert::Infallible, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use prometheus::IntGauge;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

use crate::{
    activity::Activity,
    manners::Manners,
    paced::{PacedIo, Patience},
};

/// How sockets are treated. The patience with bodies is in [`crate::Limits`].
#[derive(Debug, Clone, Copy)]
pub struct ServeConfig {
    /// For a request head to be complete, from its first byte on.
    pub head_timeout: Duration,
    /// For the next request to begin on a connection that is kept alive.
    pub idle_timeout: Duration,
    /// For a client to take anything at all of an answer.
    pub write_timeout: Duration,
    /// For requests in flight to be answered after the server was told to stop.
    pub drain_timeout: Duration,
    /// Most connections at a time; further ones wait to be accepted.
    pub max_connections: usize,
    /// Most requests at a time on one HTTP/2 connection.
    pub max_streams: u32,
    /// Longest list of header fields in HTTP/2, in bytes. Keep it above [`crate::Limits::max_head_bytes`], which has the dialect's words.
    pub max_header_list_bytes: u32,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
            max_connections: 4096,
            max_streams: 128,
            max_header_list_bytes: 64 * 1024,
        }
    }
}

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut off because they did not finish in time.
    pub aborted: usize,
}

/// Failing to accept for want of file descriptors does not go away at once; so long we let others finish.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves on `listener` until `shutdown` is ready, then answers what has been asked, for as long as the drain timeout lasts.
pub async fn serve(
    listener: TcpListener,
    manners: Arc<Manners>,
    config: ServeConfig,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let builder = builder(&config);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(config.max_connections));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut permit = None;
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            free = Arc::clone(&room).acquire_owned(), if permit.is_none() => permit = free.ok(),
            accepted = listener.accept(), if permit.is_some() => match accepted {
                Ok((stream, peer)) => {
                    // Small answers should not wait for an acknowledgement of the one before.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "cannot set nodelay");
                    }
                    let permit = permit.take();
                    let serving = connection(stream, peer.ip(), Arc::clone(&manners), &builder, &config, graceful.watcher());
                    let open = Open::new(manners.traffic().connections.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop((permit, open));
                    });
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    // Whoever still waits to be accepted is told so by its system.
    drop(listener);
    let in_time = timeout(config.drain_timeout, graceful.shutdown()).await.is_ok();
    let aborted = if in_time { 0 } else { connections.len() };
    connections.shutdown().await;
    Drained { aborted }
}

/// A connection that is open, for as long as this lives.
struct Open(IntGauge);

impl Open {
    fn new(connections: IntGauge) -> Self {
        connections.inc();
        Self(connections)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn builder(config: &ServeConfig) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // The connection below has the timeouts of HTTP/1: hyper's begins only after it knows the version.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(config.idle_timeout)
        .keep_alive_timeout(config.write_timeout)
        .max_concurrent_streams(config.max_streams)
        .max_header_list_size(config.max_header_list_bytes);
    builder
}

/// Serves one connection to its end.
fn connection<T>(
    stream: T,
    peer: IpAddr,
    manners: Arc<Manners>,
    builder: &Builder<TokioExecutor>,
    config: &ServeConfig,
    watcher: Watcher,
) -> impl Future<Output = ()> + use<T>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let patience = Patience { head: config.head_timeout, idle: config.idle_timeout, write: config.write_timeout };
    let io = TokioIo::new(PacedIo::new(stream, activity.clone(), patience));
    let service = service_fn(move |request: Request<Incoming>| {
        let manners = Arc::clone(&manners);
        let in_flight = activity.begin();
        async move {
            let response = manners.answer(request, peer).await;
            Ok::<Response<_>, Infallible>(response.map(|body| body.holding(in_flight)))
        }
    });
    let serving = watcher.watch(builder.serve_connection(io, service).into_owned());
    async move {
        if let Err(error) = serving.await {
            tracing::debug!(%peer, error, "connection ended");
        }
    }
}

/// Errors that say that the one connection is gone already.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests;
