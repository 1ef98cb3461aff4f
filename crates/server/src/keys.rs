//! The commands that make, list and take back tenants, people and keys. Secrets are printed once and never again.

use clap::{Args, Subcommand, ValueEnum};
use fliplet::TokenKind;
use library::{Library, NewPerson, Quota, Rights, Token, TokenWish, secret};
use mediaflow::KeysWish;
use serde_json::{Value, json};

use crate::{Failure, cli::system, founding};

/// `mediary tenant …`
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Found a tenant with an admin, an app and keys; prints them once.
    Create {
        /// Its name.
        name: String,
        /// Its admin's e-mail address.
        #[arg(long)]
        email: String,
    },
    /// List tenants.
    List,
    /// Say whether pictures and films go out to those without a key without what they tell of their makers: places, times, cameras, names.
    Private {
        /// Whose.
        tenant: i64,
        /// `true` or `false`; tells how it is without.
        private: Option<bool>,
    },
    /// Set how much a tenant may keep, or tell it, and how much it keeps. What lies in the trash counts until it is purged, and so does
    /// each version of a file.
    Quota(QuotaArguments),
}

/// What a tenant may keep.
#[derive(Debug, Args)]
pub(crate) struct QuotaArguments {
    /// Its name or its id.
    tenant: String,
    /// The most bytes; what is not said stays as it was.
    #[arg(long)]
    max_bytes: Option<u64>,
    /// The most files.
    #[arg(long)]
    max_files: Option<u64>,
    /// As much as there is room for.
    #[arg(long, conflicts_with_all = ["max_bytes", "max_files"])]
    none: bool,
}

/// `mediary user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add somebody; prints a password once.
    Create {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Their e-mail address.
        email: String,
        /// How they are called.
        #[arg(long)]
        name: String,
        /// admin, editor or viewer.
        #[arg(long, default_value = "editor")]
        role: String,
    },
    /// List the people of a tenant.
    List {
        /// Whose.
        #[arg(long)]
        tenant: i64,
    },
    /// Shut somebody out and take their keys back.
    Revoke {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Who.
        id: i64,
    },
}

/// `mediary token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; prints its secret once.
    Create(NewTokenArguments),
    /// List a tenant's tokens, without their secrets.
    List {
        /// Whose.
        #[arg(long)]
        tenant: i64,
    },
    /// Switch a token off. Running servers notice within `limits.max_memory_age_ms`.
    Disable {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Which.
        id: i64,
    },
    /// Switch a token on again.
    Enable {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Which.
        id: i64,
    },
    /// Take a token back. Running servers notice within `limits.max_memory_age_ms`.
    Revoke {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Which.
        id: i64,
    },
}

/// What a new token is made from.
#[derive(Debug, Args)]
pub(crate) struct NewTokenArguments {
    /// Whose.
    #[arg(long)]
    tenant: i64,
    /// Whom it acts as.
    #[arg(long)]
    user: i64,
    /// What people call it.
    #[arg(long, default_value = "Made at the command line")]
    name: String,
    #[command(subcommand)]
    dialect: DialectToken,
}

/// Which dialect's token; each has kinds of its own.
#[derive(Debug, Subcommand)]
enum DialectToken {
    /// A token for Fliplet's API.
    Fliplet {
        /// What kind of token.
        #[arg(long, value_enum)]
        kind: FlipletKind,
        /// The app that a token of kind app or session is confined to.
        #[arg(long)]
        app: Option<i64>,
    },
    /// A token for Flextype's API.
    Flextype {
        /// What kind of token.
        #[arg(long, value_enum)]
        kind: FlextypeKind,
        /// What it may do, and with an access token what the others may beside it.
        #[arg(long, value_enum, default_value = "change")]
        rights: KeyRights,
        /// The folder that its ids begin at; the root without.
        #[arg(long)]
        folder: Option<i64>,
        /// How many calls it is for; without a limit where none is given.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        limit: Option<i64>,
    },
    /// An API key for Botdoc's API.
    Botdoc {
        /// What it may do.
        #[arg(long, value_enum, default_value = "change")]
        rights: KeyRights,
        /// The folder that it is confined to.
        #[arg(long)]
        folder: Option<i64>,
    },
    /// An API key for MediaPocket's API.
    Mediapocket {
        /// What it may do.
        #[arg(long, value_enum, default_value = "change")]
        rights: KeyRights,
        /// The folder that it is confined to.
        #[arg(long)]
        folder: Option<i64>,
    },
    /// A client and a refresh token for Mediaflow's API.
    Mediaflow {
        /// What they may do.
        #[arg(long, value_enum, default_value = "change")]
        rights: KeyRights,
        /// The folder that they are confined to.
        #[arg(long)]
        folder: Option<i64>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyRights {
    /// See and download.
    Read,
    /// Upload and report too.
    Change,
    /// Everything, held by no rule.
    All,
}

impl KeyRights {
    const fn rights(self) -> Rights {
        match self {
            Self::Read => Rights::READ,
            Self::Change => Rights::CHANGE,
            Self::All => Rights::ALL,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FlextypeKind {
    /// The routes for files.
    Files,
    /// The routes for folders.
    Folders,
    /// All changes, beside one of the others.
    Access,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FlipletKind {
    /// A person in Studio.
    Studio,
    /// One app.
    App,
    /// The whole organization.
    Organization,
    /// A person who is signed in to an app, held by the app's access rules.
    Session,
}

pub(crate) async fn tenant(library: &Library, command: TenantCommand) -> Result<Value, Failure> {
    match command {
        TenantCommand::Create { name, email } => {
            Ok(serde_json::to_value(founding::found(library, &name, &email).await?)?)
        }
        TenantCommand::Private { tenant, private } => {
            if let Some(private) = private {
                library.set_private(&system(), tenant, private).await?;
            }
            Ok(json!({ "id": tenant, "private": library.is_private(tenant).await? }))
        }
        TenantCommand::List => {
            let tenants = library.tenants(&system()).await?;
            Ok(tenants.iter().map(|tenant| json!({ "id": tenant.id, "name": tenant.name })).collect())
        }
        TenantCommand::Quota(wanted) => quota(library, wanted).await,
    }
}

async fn quota(library: &Library, wanted: QuotaArguments) -> Result<Value, Failure> {
    let tenants = library.tenants(&system()).await?;
    let mut named = tenants.iter().filter(|tenant| tenant.name == wanted.tenant);
    let by_id = || tenants.iter().find(|tenant| tenant.id.to_string() == wanted.tenant);
    // An id first: some tenant's name may be a number, and then its id still says which.
    let tenant = match (by_id(), named.next(), named.next()) {
        (Some(one), ..) | (None, Some(one), None) => one,
        (None, Some(_), Some(_)) => return Err("several tenants have this name: say which by its id".into()),
        (None, None, _) => return Err("there is no such tenant".into()),
    };
    let before = library.quota_use(&system(), tenant.id).await?.quota;
    let quota = Quota {
        max_files: wanted.max_files.or(before.max_files).filter(|_| !wanted.none),
        max_bytes: wanted.max_bytes.or(before.max_bytes).filter(|_| !wanted.none),
    };
    if quota != before {
        library.set_quota(&system(), tenant.id, quota).await?;
    }
    let now = library.quota_use(&system(), tenant.id).await?;
    Ok(json!({ "id": tenant.id, "name": tenant.name, "files": now.files, "bytes": now.bytes,
               "max_files": now.quota.max_files, "max_bytes": now.quota.max_bytes }))
}

pub(crate) async fn user(library: &Library, command: UserCommand) -> Result<Value, Failure> {
    match command {
        UserCommand::Create { tenant, email, name, role } => {
            let password = secret(24);
            let person = NewPerson { email, full_name: name, role, password: Some(password.clone()) };
            let user = library.add_user(&system(), tenant, person).await?;
            Ok(json!({ "id": user.id, "email": user.email, "role": user.role, "password": password }))
        }
        UserCommand::List { tenant } => {
            let users = library.users(&system(), tenant).await?;
            let view = |user: &library::User| {
                json!({ "id": user.id, "email": user.email, "name": user.full_name, "role": user.role,
                        "disabled": user.disabled_at.is_some() })
            };
            Ok(users.iter().map(view).collect())
        }
        UserCommand::Revoke { tenant, id } => {
            library.disable_user(&system(), tenant, id).await?;
            Ok(json!({ "id": id, "disabled": true }))
        }
    }
}

pub(crate) async fn token(library: &Library, command: TokenCommand) -> Result<Value, Failure> {
    match command {
        TokenCommand::Create(new) => {
            if let DialectToken::Mediaflow { rights, folder } = new.dialect {
                let rights = rights.rights();
                let wish =
                    KeysWish { tenant_id: new.tenant, user_id: new.user, name: new.name, rights, folder_id: folder };
                return Ok(serde_json::to_value(mediaflow::add_keys(library, &system(), &wish).await?)?);
            }
            if let DialectToken::Botdoc { rights, folder } = new.dialect {
                return botdoc_keys(library, &new, rights.rights(), folder).await;
            }
            let wish = wish_of(new)?;
            let (token, secret) = library.add_token(&system(), wish).await?;
            let mut view = token_view(&token);
            view["secret"] = json!(secret);
            Ok(view)
        }
        TokenCommand::List { tenant } => Ok(library.tokens(&system(), tenant).await?.iter().map(token_view).collect()),
        TokenCommand::Disable { tenant, id } => {
            library.disable_token(&system(), tenant, id).await?;
            Ok(json!({ "id": id, "disabled": true }))
        }
        TokenCommand::Enable { tenant, id } => {
            library.enable_token(&system(), tenant, id).await?;
            Ok(json!({ "id": id, "disabled": false }))
        }
        TokenCommand::Revoke { tenant, id } => {
            library.revoke_token(&system(), tenant, id).await?;
            Ok(json!({ "id": id, "revoked": true }))
        }
    }
}

async fn botdoc_keys(
    library: &Library,
    new: &NewTokenArguments,
    rights: Rights,
    folder_id: Option<i64>,
) -> Result<Value, Failure> {
    let users = library.users(&system(), new.tenant).await?;
    let user = users.into_iter().find(|user| user.id == new.user).ok_or("there is no such user")?;
    let wish = botdoc::KeysWish {
        tenant_id: new.tenant,
        user_id: user.id,
        email: user.email,
        name: new.name.clone(),
        rights,
        folder_id,
    };
    Ok(serde_json::to_value(botdoc::add_keys(library, &system(), &wish).await?)?)
}

fn wish_of(new: NewTokenArguments) -> Result<TokenWish, Failure> {
    let (kind, app) = match new.dialect {
        DialectToken::Fliplet { kind, app } => (kind, app),
        DialectToken::Flextype { kind, rights, folder, limit } => {
            if limit.is_some() && matches!(kind, FlextypeKind::Access) {
                return Err(
                    "the calls of an access token are not counted: --limit goes with --kind files and --kind folders"
                        .into(),
                );
            }
            let kind = match kind {
                FlextypeKind::Files => flextype::TokenKind::Files,
                FlextypeKind::Folders => flextype::TokenKind::Folders,
                FlextypeKind::Access => flextype::TokenKind::Access,
            };
            let wish = flextype::token_wish(kind, new.tenant, new.user, folder, &new.name);
            return Ok(TokenWish { rights: rights.rights(), call_limit: limit, ..wish });
        }
        DialectToken::Mediapocket { rights, folder } => {
            return Ok(mediapocket::api_key_wish(new.tenant, new.user, rights.rights(), folder, &new.name));
        }
        DialectToken::Mediaflow { .. } | DialectToken::Botdoc { .. } => {
            return Err("these keys are made together".into());
        }
    };
    let kind = match (kind, app) {
        (FlipletKind::App | FlipletKind::Session, None) => {
            return Err("a token of kind app or session needs --app".into());
        }
        (FlipletKind::Studio | FlipletKind::Organization, Some(_)) => {
            return Err("--app goes with --kind app and --kind session".into());
        }
        (FlipletKind::App, Some(_)) => TokenKind::App,
        (FlipletKind::Session, Some(_)) => TokenKind::Session,
        (FlipletKind::Studio, None) => TokenKind::Studio,
        (FlipletKind::Organization, None) => TokenKind::Organization,
    };
    Ok(fliplet::token_wish(kind, new.tenant, new.user, app, &new.name))
}

fn token_view(token: &Token) -> Value {
    json!({ "id": token.id, "dialect": token.realm, "kind": token.kind, "name": token.name, "user": token.user_id,
            "folder": token.folder_id, "calls": token.call_count, "limit": token.call_limit,
            "disabled": token.disabled_at.is_some(), "revoked": token.revoked_at.is_some() })
}
