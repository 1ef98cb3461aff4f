//! How many renditions there are and how many bytes they have, kept in the transaction of each change: sixteen rows to add up,
//! and none that all writers share.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Result,
    catalog::{Columns, settle},
};

const SLOTS: i64 = 16;

const ADD: &str = "insert into rendition_tallies (slot, count, bytes) values ($1, $2, $3) \
     on conflict (slot) do update set count = rendition_tallies.count + $2, bytes = rendition_tallies.bytes + $3";
const SUM: &str = "select cast(coalesce(sum(count), 0) as bigint) as count, \
     cast(coalesce(sum(bytes), 0) as bigint) as bytes from rendition_tallies where slot >= 0";

/// What `verify` asks: both sides in one heap.
const WRONG: &str = "select slot, cast(sum(kept_count) as bigint) as kept_count, \
     cast(sum(kept_bytes) as bigint) as kept_bytes, cast(sum(count) as bigint) as count, \
     cast(sum(bytes) as bigint) as bytes from (select slot, count as kept_count, bytes as kept_bytes, 0 as count, \
     0 as bytes from rendition_tallies union all select blob_id % 16, 0, 0, 1, size from renditions) both_sides \
     group by slot having sum(kept_count) <> sum(count) or sum(kept_bytes) <> sum(bytes) order by slot";
/// Takes the row, made for that if need be; the recount is a statement of its own, so that it sees what was committed before.
const TAKE: &str = "insert into rendition_tallies (slot, count, bytes) values ($1, 0, 0) \
     on conflict (slot) do update set count = rendition_tallies.count";
const RECOUNT: &str = "update rendition_tallies set \
     count = (select count(*) from renditions where blob_id % 16 = $1), \
     bytes = (select cast(coalesce(sum(size), 0) as bigint) from renditions where blob_id % 16 = $1) where slot = $1";

/// All renditions together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RenditionSum {
    /// How many there are.
    pub count: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// A part of the sum that is not what a recount gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongRenditionSum {
    /// Of the blobs whose ids leave this when divided by 16.
    pub slot: i64,
    /// How many renditions, and how many bytes, as kept.
    pub kept: (i64, i64),
    /// The same, as counted.
    pub counted: (i64, i64),
}

/// What one transaction changes, gathered so that each row is touched once and all writers touch them in one order.
#[derive(Default)]
pub(crate) struct Sums(BTreeMap<i64, (i64, i64)>);

impl Sums {
    /// Notes a rendition of so many bytes that was recorded.
    pub(crate) fn add(&mut self, blob_id: i64, bytes: i64) {
        self.note(blob_id, (1, bytes));
    }

    /// Notes one that was forgotten.
    pub(crate) fn remove(&mut self, blob_id: i64, bytes: i64) {
        self.note(blob_id, (-1, -bytes));
    }

    fn note(&mut self, blob_id: i64, (count, bytes): (i64, i64)) {
        let sum = self.0.entry(blob_id.rem_euclid(SLOTS)).or_default();
        *sum = (sum.0 + count, sum.1 + bytes);
    }

    /// Counts what was noted, in the transaction that makes it so.
    pub(crate) async fn store(self, conn: &mut AnyConnection) -> Result<()> {
        for (slot, (count, bytes)) in self.0 {
            sqlx::query(ADD).bind(slot).bind(count).bind(bytes).execute(&mut *conn).await?;
        }
        Ok(())
    }
}

impl Catalog {
    /// How many renditions there are, and how many bytes they have.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rendition_sum(&self) -> Result<RenditionSum> {
        let row = sqlx::query(SUM).fetch_one(self.read()).await?;
        // A sum that went below nothing is `verify`'s to find, and no reason to stop.
        let whole = |column| -> Result<u64> { Ok(u64::try_from(row.int(column)?).unwrap_or_default()) };
        Ok(RenditionSum { count: whole("count")?, bytes: whole("bytes")? })
    }

    /// What of the sum is wrong.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn wrong_rendition_sums(&self) -> Result<Vec<WrongRenditionSum>> {
        sqlx::query(WRONG).fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Counts a part of the sum anew.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn recount_renditions(&self, slot: i64) -> Result<()> {
        settle(|| async {
            let mut tx = self.begin().await?;
            for statement in [TAKE, RECOUNT] {
                sqlx::query(statement).bind(slot).execute(tx.conn()).await?;
            }
            tx.commit().await
        })
        .await
    }
}

fn read(row: &AnyRow) -> Result<WrongRenditionSum> {
    Ok(WrongRenditionSum {
        slot: row.int("slot")?,
        kept: (row.int("kept_count")?, row.int("kept_bytes")?),
        counted: (row.int("count")?, row.int("bytes")?),
    })
}
