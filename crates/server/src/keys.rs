//! The commands that make, list and take back tenants, people and keys. Secrets are printed once and never again.

use clap::{Args, Subcommand, ValueEnum};
use fliplet::TokenKind;
use library::{Actor, Library, NewPerson, Origin, Token, secret};
use serde_json::{Value, json};

use crate::{Failure, founding};

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
    /// What kind of token.
    #[arg(long, value_enum)]
    kind: KindArgument,
    /// The app that it is confined to, for fliplet-app.
    #[arg(long)]
    app: Option<i64>,
    /// What people call it.
    #[arg(long, default_value = "Made at the command line")]
    name: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArgument {
    /// Fliplet: a person in Studio.
    FlipletStudio,
    /// Fliplet: one app.
    FlipletApp,
    /// Fliplet: the whole organization.
    FlipletOrganization,
}

pub(crate) async fn tenant(library: &Library, command: TenantCommand) -> Result<Value, Failure> {
    match command {
        TenantCommand::Create { name, email } => {
            Ok(serde_json::to_value(founding::found(library, &name, &email).await?)?)
        }
        TenantCommand::List => {
            let tenants = library.tenants(&system()).await?;
            Ok(tenants.iter().map(|tenant| json!({ "id": tenant.id, "name": tenant.name })).collect())
        }
    }
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
            let kind = match (new.kind, new.app) {
                (KindArgument::FlipletApp, None) => return Err("a token of an app needs --app".into()),
                (KindArgument::FlipletStudio | KindArgument::FlipletOrganization, Some(_)) => {
                    return Err("--app goes with --kind fliplet-app".into());
                }
                (KindArgument::FlipletApp, Some(_)) => TokenKind::App,
                (KindArgument::FlipletStudio, None) => TokenKind::Studio,
                (KindArgument::FlipletOrganization, None) => TokenKind::Organization,
            };
            let wish = fliplet::token_wish(kind, new.tenant, new.user, new.app, &new.name);
            let (token, secret) = library.add_token(&system(), wish).await?;
            let mut view = token_view(&token);
            view["secret"] = json!(secret);
            Ok(view)
        }
        TokenCommand::List { tenant } => Ok(library.tokens(&system(), tenant).await?.iter().map(token_view).collect()),
        TokenCommand::Revoke { tenant, id } => {
            library.revoke_token(&system(), tenant, id).await?;
            Ok(json!({ "id": id, "revoked": true }))
        }
    }
}

fn token_view(token: &Token) -> Value {
    json!({ "id": token.id, "dialect": token.realm, "kind": token.kind, "name": token.name, "user": token.user_id,
            "folder": token.folder_id, "revoked": token.revoked_at.is_some() })
}

fn system() -> Actor {
    Actor::system(Origin::default())
}
