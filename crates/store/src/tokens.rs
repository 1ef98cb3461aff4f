//! Tokens: hashed secrets that make an actor. What the rights mean is the library's business.

use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    folders,
};

/// A key, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// Whom it acts as.
    pub user_id: i64,
    /// Which dialect it opens: text that the dialect chooses.
    pub realm: String,
    /// Which of the dialect's kinds of token it is.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// Bits of the library's rights.
    pub rights: i64,
    /// The folder that it is confined to.
    pub folder_id: Option<i64>,
    /// Calls counted so far.
    pub call_count: i64,
    /// Calls allowed.
    pub call_limit: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: Option<i64>,
    /// When it was taken back.
    pub revoked_at: Option<i64>,
    /// Since when it is switched off.
    pub disabled_at: Option<i64>,
}

/// What a new token is made from.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose.
    pub tenant_id: i64,
    /// Whom it acts as.
    pub user_id: i64,
    /// See [`Token::realm`].
    pub realm: String,
    /// See [`Token::kind`].
    pub kind: String,
    /// See [`Token::name`].
    pub name: String,
    /// SHA-256 of the secret, which is random and long: no slow hash is needed.
    pub secret_hash: [u8; 32],
    /// See [`Token::rights`].
    pub rights: i64,
    /// See [`Token::folder_id`].
    pub folder_id: Option<i64>,
    /// See [`Token::call_limit`].
    pub call_limit: Option<i64>,
    /// See [`Token::expires_at`].
    pub expires_at: Option<i64>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, user_id, realm, kind, name, rights, folder_id, call_count, call_limit, created_at, \
         expires_at, revoked_at, disabled_at"
    };
}

const INSERT: &str = concat!(
    "insert into tokens (tenant_id, user_id, realm, kind, name, secret_hash, rights, folder_id, call_limit, \
     created_at, expires_at) select $1, u.id, $3, $4, $5, $6, $7, $8, $9, $10, $11 \
     from users u where u.tenant_id = $1 and u.id = $2 returning ",
    columns!()
);
const BY_SECRET: &str = concat!("select ", columns!(), " from tokens where realm = $1 and secret_hash = $2");
const BY_ID: &str = concat!("select ", columns!(), " from tokens where realm = $1 and id = $2");
const LIST: &str = concat!("select ", columns!(), " from tokens where tenant_id = $1 and id > $2 order by id limit $3");
const REVOKE: &str = "update tokens set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null";
const SWITCH: &str = "update tokens set disabled_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null";
const ADD_CALLS: &str = "update tokens set call_count = call_count + $2 where id = $1";
const SPEND: &str = "update tokens set call_count = call_count + 1 where id = $1 and revoked_at is null and disabled_at is null \
     and (expires_at is null or expires_at > $2) and (call_limit is null or call_count < call_limit) \
     returning call_count";

impl Catalog {
    /// Adds a token.
    ///
    /// # Errors
    /// `Missing` when the tenant has no such user or folder; `Taken` when the secret exists, which chance alone cannot
    /// bring about.
    pub async fn add_token(&self, token: &NewToken, stamp: &Stamp) -> Result<Token> {
        let mut tx = self.begin().await?;
        if let Some(folder_id) = token.folder_id {
            folders::find(tx.conn(), token.tenant_id, folder_id).await?;
        }
        let query = sqlx::query(INSERT).bind(token.tenant_id).bind(token.user_id).bind(&token.realm);
        let query = query.bind(&token.kind).bind(&token.name).bind(token.secret_hash.to_vec()).bind(token.rights);
        let query = query.bind(token.folder_id).bind(token.call_limit).bind(stamp.now_ms).bind(token.expires_at);
        let row = query.fetch_optional(tx.conn()).await;
        let row = row.map_err(|error| Error::of_row(error, Noun::Token, Noun::User))?;
        let token = read(&row.ok_or(Error::Missing(Noun::User))?)?;
        audit::note(tx.conn(), token.tenant_id, stamp, Action::Create, (Noun::Token, token.id)).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// The token with this secret, whatever its state.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn token(&self, realm: &str, secret_hash: &[u8; 32]) -> Result<Option<Token>> {
        let query = sqlx::query(BY_SECRET).bind(realm).bind(secret_hash.to_vec());
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// The token with this id, whatever its state.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn token_by_id(&self, realm: &str, id: i64) -> Result<Option<Token>> {
        let query = sqlx::query(BY_ID).bind(realm).bind(id);
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// A tenant's tokens after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tokens(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<Token>> {
        let rows = sqlx::query(LIST).bind(tenant_id).bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(read).collect()
    }

    /// Takes a token back; false when there was none to take back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revoke_token(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(REVOKE).bind(tenant_id).bind(id).bind(stamp.now_ms).execute(tx.conn()).await?;
        if done.rows_affected() > 0 {
            audit::note(tx.conn(), tenant_id, stamp, Action::Revoke, (Noun::Token, id)).await?;
        }
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Switches a token off, or on again; false when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn switch_token(&self, tenant_id: i64, id: i64, disabled: bool, stamp: &Stamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(SWITCH).bind(tenant_id).bind(id).bind(disabled.then_some(stamp.now_ms));
        let done = query.execute(tx.conn()).await?.rows_affected() > 0;
        if done {
            audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Token, id)).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Adds to the calls of several tokens what was counted elsewhere, or takes back what was counted too much.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_token_calls(&self, counted: &[(i64, i64)]) -> Result<()> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let mut counted = counted.to_vec();
            // All writers take the rows in one order.
            counted.sort_unstable();
            for (id, calls) in counted {
                sqlx::query(ADD_CALLS).bind(id).bind(calls).execute(tx.conn()).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Counts one call, if the token still allows one; false when it does not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_token_call(&self, id: i64, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let spent = sqlx::query(SPEND).bind(id).bind(now_ms).fetch_optional(tx.conn()).await?;
        tx.commit().await?;
        Ok(spent.is_some())
    }
}

fn read(row: &AnyRow) -> Result<Token> {
    Ok(Token {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        user_id: row.int("user_id")?,
        realm: row.text("realm")?,
        kind: row.text("kind")?,
        name: row.text("name")?,
        rights: row.int("rights")?,
        folder_id: row.int_or_null("folder_id")?,
        call_count: row.int("call_count")?,
        call_limit: row.int_or_null("call_limit")?,
        created_at: row.int("created_at")?,
        expires_at: row.int_or_null("expires_at")?,
        revoked_at: row.int_or_null("revoked_at")?,
        disabled_at: row.int_or_null("disabled_at")?,
    })
}
