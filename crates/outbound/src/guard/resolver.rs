//! Look-ups whose answers are checked. The HTTP client connects to exactly the addresses that come out of here, so that a name which
//! leads elsewhere a moment later gets nowhere.

use std::{io, net::IpAddr, net::SocketAddr, pin::Pin, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{net::lookup_host, sync::Semaphore};

use super::Guard;
use crate::Failure;

/// How many look-ups are under way at once. The system's block a thread each, for as long as a slow name server likes, and those threads
/// are the ones that read and write files.
const MAX_LOOKUPS: usize = 16;

/// Finds the addresses of a name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// A look-up under way.
pub(crate) type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Asks the system, in turns.
pub(crate) fn system_lookup() -> Lookup {
    let turns = Arc::new(Semaphore::new(MAX_LOOKUPS));
    Arc::new(move |name| {
        let turns = Arc::clone(&turns);
        Box::pin(async move {
            let turn = turns.acquire_owned().await.map_err(io::Error::other)?;
            // A task of its own, because a look-up can not be called off: it keeps its turn until it has ended, waited for or not.
            let looking = tokio::spawn(async move {
                let _turn = turn;
                let found = lookup_host((name.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            });
            looking.await.map_err(io::Error::other)?
        })
    })
}

/// A resolver for the HTTP client that gives either addresses which may all be called or a [`Failure`].
pub(crate) struct GuardedResolver {
    pub(crate) guard: Guard,
    pub(crate) lookup: Lookup,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard;
        let looking = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let found = looking.await?;
            if found.is_empty() {
                return Err(Failure::Later("the name has no address".to_owned()).into());
            }
            // All or nothing: a name with one foot in our network is not one to call at its other address.
            for ip in &found {
                guard.check_ip(*ip)?;
            }
            // Port 0 stands for the one that the address asks for.
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}
