//! SVGs as browsers may show them: what could run in them is taken out. Whoever saves a file gets it as it came.

use std::sync::Arc;

use bytes::Bytes;
use content::{Body, Content, MediaType};
use media::{Sanitized, sanitize_svg};
use moka::future::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{Delivery, Fault, Library, renditions::read_whole};

/// Larger ones are not looked through: browsers save them.
const MAX_SVG_BYTES: u64 = 2 << 20;
/// So many are looked through at a time; each costs a part of a second, and some times its bytes.
const AT_ONCE: usize = 2;
/// So many bytes of what came out are kept.
const MAX_KEPT_BYTES: u64 = 32 << 20;
/// What an entry costs beside its bytes.
const ENTRY_BYTES: u32 = 256;

/// What came of files by their tags: equal tags are equal bytes.
pub(crate) struct Memory {
    outcomes: Cache<String, Outcome>,
    turns: Arc<Semaphore>,
}

#[derive(Clone)]
enum Outcome {
    /// It is harmless as it is.
    AsItCame,
    /// This is what is left, and its SHA-256.
    Without(Bytes, [u8; 32]),
    /// It can not be made so.
    Refused,
}

impl Default for Memory {
    fn default() -> Self {
        let weigh = |tag: &String, outcome: &Outcome| {
            let bytes = if let Outcome::Without(bytes, _) = outcome { bytes.len() } else { 0 };
            u32::try_from(tag.len() + bytes).unwrap_or(u32::MAX).saturating_add(ENTRY_BYTES)
        };
        Self {
            outcomes: Cache::builder().weigher(weigh).max_capacity(MAX_KEPT_BYTES).build(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Library {
    /// The same for a browser to show: an SVG without what could run in it, as long as it is not too large. Everything else, and what can
    /// not be made harmless, as it is.
    ///
    /// # Errors
    /// `Unavailable` when the bytes can not be read.
    pub async fn shown(&self, delivery: Delivery) -> Result<Delivery, Fault> {
        let Delivery { content, toll } = delivery;
        if content.media_type != MediaType::SVG || content.body.len() > MAX_SVG_BYTES {
            return Ok(Delivery { content, toll });
        }
        let tag = content.tag.clone();
        let Memory { outcomes, turns } = &self.inner.harmless;
        let looking = look_through(content.body.clone(), Arc::clone(turns));
        let outcome = outcomes.try_get_with(tag, looking).await;
        let content = match outcome.map_err(|fault| (*fault).clone())? {
            Outcome::Refused => content,
            Outcome::AsItCame => Content { harmless: true, ..content },
            Outcome::Without(bytes, sha256) => Content {
                body: Body::Memory(bytes),
                // By another version of ours it may be other bytes, so the tag is of the bytes.
                tag: format!("svg-{}", hex::encode(&sha256[..16])),
                sha256: Some(sha256),
                harmless: true,
                ..content
            },
        };
        Ok(Delivery { toll: toll.about(&content), content })
    }
}

async fn look_through(body: Body, turns: Arc<Semaphore>) -> Result<Outcome, Fault> {
    let turn = turns.acquire_owned().await.map_err(Fault::internal)?;
    let bytes = read_whole(&body).await?;
    let looked = tokio::task::spawn_blocking(move || {
        // As long as it runs, whoever still waits for it.
        let _turn = turn;
        looked_through(&bytes)
    });
    looked.await.map_err(Fault::internal)
}

fn looked_through(bytes: &[u8]) -> Outcome {
    match sanitize_svg(bytes) {
        Ok(Sanitized::AsItCame) => Outcome::AsItCame,
        Ok(Sanitized::Without(rest)) => {
            let sha256 = Sha256::digest(&rest).into();
            Outcome::Without(rest.into(), sha256)
        }
        Err(error) => {
            tracing::debug!(%error, "an SVG is not shown");
            Outcome::Refused
        }
    }
}
