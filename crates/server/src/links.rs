//! The commands that make, list and take back share links, and tell what was sent.

use clap::{Args, Subcommand};
use library::{DispatchState, Library, Link, LinkWish, VisitOutcome};
use serde_json::{Value, json};

use crate::{Failure, Settings, cli::system};

/// `mediary link …`
#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// Make a link to the current version of a file; prints where it is followed.
    Create(NewLinkArguments),
    /// List a tenant's links.
    List {
        /// Whose.
        #[arg(long)]
        tenant: i64,
    },
    /// Tell who came by a link: those who were counted, and those who were not.
    Visits {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Which.
        id: i64,
    },
    /// Take a link back.
    Revoke {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Which.
        id: i64,
    },
}

/// What a new link is made from.
#[derive(Debug, Args)]
pub(crate) struct NewLinkArguments {
    /// To which file.
    asset: i64,
    /// Under which name it is saved; its own without.
    #[arg(long, value_parser = file_name)]
    name: Option<String>,
    /// How often it may be followed; as often as one likes without.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    limit: Option<i64>,
    /// For how many days it works; for good without.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36_500))]
    days: Option<i64>,
    /// What has to be known beside the link. Who else is on this machine may see it among its processes.
    #[arg(long, value_parser = password)]
    password: Option<String>,
    /// Whether what a picture or a film tells of its makers stays out: `true` or `false`; as the tenant has it without.
    #[arg(long)]
    private: Option<bool>,
}

/// As the API takes one.
fn file_name(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("a file has a name"),
        _ if text.len() > 255 => Err("a name has 255 bytes at most"),
        _ => Ok(text.to_owned()),
    }
}

/// The page that asks for it takes no blank one.
fn password(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("a password is not blank") } else { Ok(text.to_owned()) }
}

/// `mediary sent …`
#[derive(Debug, Args)]
pub(crate) struct SentArguments {
    /// Whose.
    #[arg(long)]
    tenant: i64,
    /// Only what was given up.
    #[arg(long)]
    failed: bool,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub(crate) async fn run(library: &Library, settings: &Settings, command: LinkCommand) -> Result<Value, Failure> {
    match command {
        LinkCommand::Create(new) => create(library, settings, new).await,
        LinkCommand::List { tenant } => list(library, tenant).await,
        LinkCommand::Visits { tenant, id } => visits(library, (tenant, id)).await,
        LinkCommand::Revoke { tenant, id } => {
            library.revoke_link(&system(), tenant, id).await?;
            Ok(json!({ "id": id, "revoked": true }))
        }
    }
}

async fn create(library: &Library, settings: &Settings, new: NewLinkArguments) -> Result<Value, Failure> {
    let asset = library.asset(&system(), new.asset).await?;
    let version = asset.version.as_ref().ok_or("the file has no bytes")?;
    let wish = LinkWish {
        realm: mediapocket::REALM,
        asset_id: asset.id,
        version_id: version.id,
        file_name: new.name.unwrap_or_else(|| asset.name.clone()),
        use_limit: new.limit,
        expires_at: new.days.map(|days| library.now_ms() + days * DAY_MS),
        password: new.password,
        private: new.private,
    };
    let link = library.add_link(&system(), wish).await?;
    let base = match settings.public_url.trim_end_matches('/') {
        "" => format!("http://{}", settings.listen),
        public_url => public_url.to_owned(),
    };
    let mut view = view(&link);
    view["url"] = json!(format!("{base}/mediapocket/api/v2/shareable_links/{}", link.key));
    Ok(view)
}

/// All of a tenant's, oldest first.
async fn list(library: &Library, tenant: i64) -> Result<Value, Failure> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = library.links(&system(), tenant, after).await?;
        let Some(last) = page.last() else { return Ok(Value::Array(found)) };
        after = last.id;
        found.extend(page.iter().map(view));
    }
}

/// All who came by a link, oldest first.
async fn visits(library: &Library, link: (i64, i64)) -> Result<Value, Failure> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = library.link_visits(&system(), link, after).await?;
        let Some(last) = page.last() else { return Ok(Value::Array(found)) };
        after = last.id;
        found.extend(page.iter().map(|visit| {
            json!({ "at_ms": visit.made_at, "address": visit.address, "user_agent": visit.user_agent,
                    "outcome": word_of(visit.outcome) })
        }));
    }
}

/// What was sent, oldest first.
pub(crate) async fn sent(library: &Library, wanted: SentArguments) -> Result<Value, Failure> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = library.dispatches(&system(), wanted.tenant, after).await?;
        let Some(last) = page.last() else { return Ok(Value::Array(found)) };
        after = last.id;
        let shown = page.iter().filter(|sent| !wanted.failed || sent.state == DispatchState::Failed);
        found.extend(shown.map(|sent| {
            let state = match sent.state {
                DispatchState::Waiting => "waiting",
                DispatchState::Sent => "sent",
                DispatchState::Failed => "failed",
            };
            json!({ "id": sent.id, "dialect": sent.realm, "to": sent.recipient, "state": state,
                    "attempts": sent.attempts, "error": sent.last_error, "at_ms": sent.created_at })
        }));
    }
}

/// Without its key: that is for those whom it was given to.
fn view(link: &Link) -> Value {
    json!({ "id": link.id, "dialect": link.realm, "asset": link.asset_id, "version": link.version_id,
            "name": link.file_name, "uses": link.use_count, "limit": link.use_limit, "expires_ms": link.expires_at,
            "password": link.password_hash.is_some(), "revoked": link.revoked_at.is_some(), "private": link.private })
}

const fn word_of(outcome: VisitOutcome) -> &'static str {
    match outcome {
        VisitOutcome::Followed => "followed",
        VisitOutcome::Looked => "looked",
        VisitOutcome::Refused => "refused",
    }
}
