//! The audit as a chain: the hash of each line is of the line and of the hash before it, so that what was edited, removed or put in between
//! shows, and who keeps the last hash elsewhere sees whether the end was cut off. Lines are written with their changes; their places in the
//! chain come a moment later, or all who change something would wait for each other.

use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;

use super::{AuditLine, Stamp};
use crate::{Catalog, Result, audit::read, catalog::Columns};

/// The hash before the first line.
const NOTHING: [u8; 32] = [0; 32];

/// A line with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedLine {
    /// Whose.
    pub tenant_id: i64,
    /// What was done, by whom, when and from where.
    pub line: AuditLine,
    /// Where it stands, from 1.
    pub place: i64,
    /// The hash of it and all before it.
    pub hash: [u8; 32],
}

/// The ends of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnds {
    /// The place of the last line; 0: there is none.
    pub place: i64,
    /// Its hash.
    pub hash: [u8; 32],
    /// The place of the last line that was removed because of its age; 0: none was.
    pub before_place: i64,
    /// Its hash.
    pub before_hash: [u8; 32],
}

const FIRST: &str = "insert into audit_chain (id, place, hash, before_place, before_hash) values (1, 0, $1, 0, $1) \
     on conflict (id) do nothing";
const TAKE: &str = "update audit_chain set place = place where id = 1 returning place, hash, before_place, before_hash";
const ENDS: &str = "select place, hash, before_place, before_hash from audit_chain where id = 1";
const UNCHAINED: &str = "select id, tenant_id, made_at, action, noun, noun_id, user_id, token_id, address, request_id \
     from audit where place is null order by id limit $1";
const IS_UNCHAINED: &str = "select 1 as one from audit where place is null limit 1";
const CHAIN: &str = "update audit set place = $2, hash = $3 where id = $1 and place is null";
const MOVE_END: &str = "update audit_chain set place = $1, hash = $2 where id = 1";
const CHAINED: &str = "select id, tenant_id, made_at, action, noun, noun_id, user_id, token_id, address, request_id, \
     place, hash from audit where place > $1 order by place limit $2";
const DROP: &str = "delete from audit where place > $1 and place <= $2";
const MOVE_BEGINNING: &str = "update audit_chain set before_place = $1, before_hash = $2 where id = 1";

impl Catalog {
    /// Gives lines their places, at most so many, in one transaction; how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn chain_audit(&self, limit: i64) -> Result<u64> {
        if sqlx::query(IS_UNCHAINED).fetch_optional(self.read()).await?.is_none() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        // Whoever else is at it waits here, and goes on behind this one.
        sqlx::query(FIRST).bind(NOTHING.to_vec()).execute(tx.conn()).await?;
        let ends = ends(&sqlx::query(TAKE).fetch_one(tx.conn()).await?)?;
        let (mut place, mut hash) = (ends.place, ends.hash);
        let rows = sqlx::query(UNCHAINED).bind(limit).fetch_all(tx.conn()).await?;
        for row in &rows {
            let line = read(row)?;
            place += 1;
            hash = hash_of(&hash, row.int("tenant_id")?, &line);
            sqlx::query(CHAIN).bind(line.id).bind(place).bind(hash.to_vec()).execute(tx.conn()).await?;
        }
        sqlx::query(MOVE_END).bind(place).bind(hash.to_vec()).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    /// The ends of the chain; `None` as long as it has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn audit_ends(&self) -> Result<Option<ChainEnds>> {
        sqlx::query(ENDS).fetch_optional(self.read()).await?.as_ref().map(ends).transpose()
    }

    /// The lines behind a place, whoever's they are, in order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn chained_audit(&self, after: i64, limit: i64) -> Result<Vec<ChainedLine>> {
        let rows = sqlx::query(CHAINED).bind(after).bind(limit).fetch_all(self.read()).await?;
        let read = |row: &AnyRow| -> Result<ChainedLine> {
            Ok(ChainedLine {
                tenant_id: row.int("tenant_id")?,
                line: read(row)?,
                place: row.int("place")?,
                hash: row.array("hash")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Removes lines from before a moment, from the beginning of the chain up to the first that is younger, at most so many; how many.
    /// Their last hash is kept, so that the rest can still be checked.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_old_audit(&self, before_ms: i64, limit: i64) -> Result<u64> {
        let mut tx = self.begin().await?;
        let Some(row) = sqlx::query(TAKE).fetch_optional(tx.conn()).await? else { return Ok(0) };
        let first = ends(&row)?.before_place;
        let rows = sqlx::query(CHAINED).bind(first).bind(limit).fetch_all(tx.conn()).await?;
        let mut last = None;
        for row in &rows {
            if row.int("made_at")? >= before_ms {
                break;
            }
            last = Some((row.int("place")?, row.array::<32>("hash")?));
        }
        let Some((place, hash)) = last else { return Ok(0) };
        let dropped = sqlx::query(DROP).bind(first).bind(place).execute(tx.conn()).await?.rows_affected();
        sqlx::query(MOVE_BEGINNING).bind(place).bind(hash.to_vec()).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(dropped)
    }
}

/// The hash of a line behind another: of everything in it, each part with its length, so that no two lines are written alike.
#[must_use]
pub fn hash_of(before: &[u8; 32], tenant_id: i64, line: &AuditLine) -> [u8; 32] {
    let Stamp { now_ms, user_id, token_id, address, request_id } = &line.stamp;
    let number = |number: &Option<i64>| number.map(|number| number.to_string());
    let parts = [
        Some(line.id.to_string()),
        Some(tenant_id.to_string()),
        Some(now_ms.to_string()),
        Some(line.action.as_str().to_owned()),
        Some(line.noun.as_str().to_owned()),
        Some(line.noun_id.to_string()),
        number(user_id),
        number(token_id),
        address.clone(),
        request_id.clone(),
    ];
    let mut hash = Sha256::new();
    hash.update(before);
    for part in parts {
        match part {
            Some(text) => {
                hash.update((text.len() as u64 + 1).to_be_bytes());
                hash.update(text.as_bytes());
            }
            None => hash.update(0_u64.to_be_bytes()),
        }
    }
    hash.finalize().into()
}

fn ends(row: &AnyRow) -> Result<ChainEnds> {
    Ok(ChainEnds {
        place: row.int("place")?,
        hash: row.array("hash")?,
        before_place: row.int("before_place")?,
        before_hash: row.array("before_hash")?,
    })
}
