//! The first tenant: an admin, and one set of keys for each dialect.

use library::{Actor, Library, NewPerson, Origin, Right, Rights, secret};
use mediaflow::KeysWish;
use serde::Serialize;

use crate::Failure;

/// What `init` prints, once. Names are fixed; more may be added.
#[derive(Debug, Clone, Serialize)]
pub struct Keys {
    /// The tenant.
    pub tenant: TenantKeys,
    /// Its first user.
    pub admin: AdminKeys,
    /// Fliplet's keys.
    pub fliplet: FlipletKeys,
    /// Mediaflow's keys.
    pub mediaflow: MediaflowKeys,
    /// Flextype's keys.
    pub flextype: FlextypeKeys,
    /// Botdoc's keys.
    pub botdoc: BotdocKeys,
    /// MediaPocket's keys.
    pub mediapocket: MediaPocketKeys,
}

/// MediaPocket's keys.
#[derive(Debug, Clone, Serialize)]
pub struct MediaPocketKeys {
    /// What goes in `X-API-KEY`.
    pub api_key: String,
}

/// Botdoc's keys.
#[derive(Debug, Clone, Serialize)]
pub struct BotdocKeys {
    /// Address, API key and what callbacks are signed with.
    #[serde(flatten)]
    pub keys: botdoc::Keys,
    /// A request that never ends, to put medias in.
    pub request_id: i64,
}

/// The tenant.
#[derive(Debug, Clone, Serialize)]
pub struct TenantKeys {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// The first user.
#[derive(Debug, Clone, Serialize)]
pub struct AdminKeys {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
}

/// Fliplet's keys.
#[derive(Debug, Clone, Serialize)]
pub struct FlipletKeys {
    /// A Studio user's token.
    pub auth_token: String,
    /// The tenant's id.
    pub organization_id: i64,
    /// The id of an app's folder.
    pub app_id: i64,
    /// A token that works on that app only.
    pub app_token: String,
}

/// Mediaflow's keys.
#[derive(Debug, Clone, Serialize)]
pub struct MediaflowKeys {
    /// Client and refresh token.
    #[serde(flatten)]
    pub keys: mediaflow::Keys,
    /// A plain folder to upload to, which every dialect sees.
    pub folder_id: i64,
}

/// Flextype's keys.
#[derive(Debug, Clone, Serialize)]
pub struct FlextypeKeys {
    /// Opens the routes for files.
    pub files_token: String,
    /// Opens the routes for folders.
    pub folders_token: String,
    /// Lets change things, beside one of the others.
    pub access_token: String,
}

/// Founds a tenant with an admin, an app and keys.
///
/// # Errors
/// When a name or address can not be one, or the library refuses.
pub async fn found(library: &Library, name: &str, email: &str) -> Result<Keys, Failure> {
    let system = Actor::system(Origin::default());
    let password = secret(24);
    let admin = NewPerson {
        email: email.to_owned(),
        full_name: "Administrator".to_owned(),
        role: "admin".to_owned(),
        password: Some(password.clone()),
    };
    let founded = library.found_tenant(&system, name, admin).await?;
    let tenant_id = founded.tenant.id;
    // Keys without a person behind them act as this user, so that what they make belongs to somebody.
    let service = NewPerson {
        email: "service@mediary.invalid".to_owned(),
        full_name: "Service".to_owned(),
        role: "service".to_owned(),
        password: None,
    };
    let service = library.add_user(&system, tenant_id, service).await?;
    let app = library.found_space(&system, tenant_id, "First app", founded.admin.id).await?;
    let wish = |kind, user, app, name| fliplet::token_wish(kind, tenant_id, user, app, name);
    let studio = wish(fliplet::TokenKind::Studio, founded.admin.id, None, "Made by init");
    let (_, auth_token) = library.add_token(&system, studio).await?;
    let of_app = wish(fliplet::TokenKind::App, service.id, Some(app.id), "Made by init");
    let (_, app_token) = library.add_token(&system, of_app).await?;
    let root = library.root_folder(&system, tenant_id, Right::Create).await?;
    let uploads = library.create_folder(&system, root.id, "Uploads").await?;
    let wish = KeysWish {
        tenant_id,
        user_id: service.id,
        name: "Made by init".to_owned(),
        rights: Rights::ALL,
        folder_id: None,
    };
    let keys = mediaflow::add_keys(library, &system, &wish).await?;
    let site = async |kind| -> Result<String, Failure> {
        let wish = flextype::token_wish(kind, tenant_id, service.id, None, "Made by init");
        Ok(library.add_token(&system, wish).await?.1)
    };
    let flextype = FlextypeKeys {
        files_token: site(flextype::TokenKind::Files).await?,
        folders_token: site(flextype::TokenKind::Folders).await?,
        access_token: site(flextype::TokenKind::Access).await?,
    };
    let wish = botdoc::KeysWish {
        tenant_id,
        user_id: founded.admin.id,
        email: founded.admin.email.clone(),
        name: "Made by init".to_owned(),
        rights: Rights::ALL,
        folder_id: None,
    };
    let botdoc = BotdocKeys {
        keys: botdoc::add_keys(library, &system, &wish).await?,
        request_id: botdoc::found_request(library, &system, tenant_id, founded.admin.id).await?,
    };
    let wish = mediapocket::api_key_wish(tenant_id, founded.admin.id, Rights::ALL, None, "Made by init");
    let mediapocket = MediaPocketKeys { api_key: library.add_token(&system, wish).await?.1 };
    Ok(Keys {
        botdoc,
        mediapocket,
        tenant: TenantKeys { id: tenant_id, name: founded.tenant.name },
        admin: AdminKeys { email: founded.admin.email, password },
        fliplet: FlipletKeys { auth_token, organization_id: tenant_id, app_id: app.id, app_token },
        mediaflow: MediaflowKeys { keys, folder_id: uploads.id },
        flextype,
    })
}
