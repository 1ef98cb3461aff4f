//! Puts the rows of a backup into an empty database: all of them in one transaction, or none.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::{
    Error, Manifest, OnStep, Result, Step,
    dumping::schema_of,
    format::Cell,
    reading::{Item, Reader},
};
use crate::{
    Catalog, Error as DatabaseError, Noun,
    audit::{self, Action, Stamp},
    catalog::{Column, Columns as _, Table, Tx},
    uploads::give_up,
};

/// So many rows go in by one statement, if they do not have too many columns.
const ROWS_AT_ONCE: usize = 64;
/// Both engines take more.
const ARGUMENTS: usize = 16_000;

/// Uploads in chunks that were under way: their bytes stayed behind. Like that of a sender who never came back, each is given up, and its
/// sender begins anew.
const UNDER_WAY: &str =
    "select id, tenant_id, asset_id, grown_key from uploads where state = 'open' and part_count > 0 order by id";

/// Rows of one table on their way into it.
struct Filling {
    table: String,
    columns: Vec<Column>,
    at_once: usize,
    /// Of that many rows.
    insert: String,
    waiting: Vec<Vec<Cell>>,
    count: u64,
}

/// Says what there is in the database, if there is anything, or that its tables are others.
pub(super) async fn expect_empty(catalog: &Catalog, schema: i64) -> Result<()> {
    let mut snapshot = catalog.snapshot().await?;
    let found = schema_of(&mut snapshot).await?;
    if found != schema {
        return Err(Error::NotEmpty(format!(
            "the database has tables of schema {found} and the catalog those of {schema}"
        )));
    }
    for table in catalog.tables(&mut snapshot).await? {
        let any = format!("select 1 as one from \"{}\" limit 1", table.name);
        let row = sqlx::query(AssertSqlSafe(any)).fetch_optional(&mut *snapshot).await;
        if row.map_err(DatabaseError::from)?.is_some() {
            return Err(Error::NotEmpty(format!("the database has {} already", table.name)));
        }
    }
    snapshot.rollback().await.map_err(DatabaseError::from)?;
    Ok(())
}

/// Puts them in.
pub(super) async fn load(
    catalog: &Catalog,
    mut reader: Reader,
    manifest: &Manifest,
    now_ms: i64,
    on_step: &OnStep,
) -> Result<()> {
    let damaged = |what: String| Error::Damaged { name: manifest.name.clone(), what };
    let mut tx = catalog.begin().await?;
    let known: BTreeMap<String, Table> =
        catalog.tables(tx.conn()).await?.into_iter().map(|table| (table.name.clone(), table)).collect();
    let references = catalog.let_references_wait(&mut tx).await?;
    let mut counts = BTreeMap::new();
    let mut filling: Option<Filling> = None;
    loop {
        let items = reader.next().await?;
        if items.is_empty() {
            break;
        }
        for item in items {
            match item {
                Item::Table { name, columns } => {
                    finish(&mut tx, filling.take(), &mut counts, on_step).await?;
                    let fits = known.get(&name).is_some_and(|table| is_like(table, &columns));
                    if !fits {
                        return Err(damaged(format!("this schema has no table {name} with its columns")));
                    }
                    filling = Some(Filling::new(name, columns));
                }
                Item::Row(row) => {
                    let filling = filling.as_mut().ok_or_else(|| damaged("a row of no table".to_owned()))?;
                    filling.waiting.push(row);
                    if filling.waiting.len() == filling.at_once {
                        filling.put(&mut tx, on_step).await?;
                    }
                }
                Item::Sequence { table, last } => {
                    finish(&mut tx, filling.take(), &mut counts, on_step).await?;
                    if !known.contains_key(&table) {
                        return Err(damaged(format!("this schema has no table {table}")));
                    }
                    catalog.set_sequence(&mut tx, &table, last).await?;
                }
            }
        }
    }
    finish(&mut tx, filling, &mut counts, on_step).await?;
    if counts != manifest.rows {
        return Err(damaged("its tables do not have as many rows as were written".to_owned()));
    }
    catalog.hold_to_references(&mut tx, &references).await?;
    give_up_uploads(&mut tx, now_ms).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether a table has these columns and no others, in whatever order.
fn is_like(table: &Table, columns: &[Column]) -> bool {
    table.columns.len() == columns.len() && columns.iter().all(|column| table.columns.contains(column))
}

async fn finish(
    tx: &mut Tx,
    filling: Option<Filling>,
    counts: &mut BTreeMap<String, u64>,
    on_step: &OnStep,
) -> Result<()> {
    if let Some(mut filling) = filling {
        filling.put(tx, on_step).await?;
        counts.insert(filling.table, filling.count);
    }
    Ok(())
}

impl Filling {
    /// The names are those of this schema: none of a stranger's gets into the text.
    fn new(table: String, columns: Vec<Column>) -> Self {
        let at_once = (ARGUMENTS / columns.len().max(1)).clamp(1, ROWS_AT_ONCE);
        let insert = insert(&table, &columns, at_once);
        Self { table, columns, at_once, insert, waiting: Vec::new(), count: 0 }
    }

    /// Puts in what waits.
    async fn put(&mut self, tx: &mut Tx, on_step: &OnStep) -> Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let count = rows.len();
        let insert = match count == self.at_once {
            true => self.insert.clone(),
            false => insert(&self.table, &self.columns, count),
        };
        let query = rows.into_iter().flatten().fold(sqlx::query(AssertSqlSafe(insert)), |query, cell| cell.bind(query));
        query.execute(tx.conn()).await.map_err(DatabaseError::from)?;
        self.count += count as u64;
        on_step(Step::Rows(count as u64));
        Ok(())
    }
}

fn insert(table: &str, columns: &[Column], rows: usize) -> String {
    let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let row = |row: usize| {
        let places: Vec<_> = (1..=columns.len()).map(|place| format!("${}", row * columns.len() + place)).collect();
        format!("({})", places.join(", "))
    };
    let values: Vec<_> = (0..rows).map(row).collect();
    format!("insert into \"{table}\" ({}) values {}", names.join(", "), values.join(", "))
}

async fn give_up_uploads(tx: &mut Tx, now_ms: i64) -> Result<(), DatabaseError> {
    let stamp = Stamp::system(now_ms);
    for row in sqlx::query(UNDER_WAY).fetch_all(tx.conn()).await? {
        let (id, tenant_id, asset_id) = (row.int("id")?, row.int("tenant_id")?, row.int("asset_id")?);
        audit::note(tx.conn(), tenant_id, &stamp, Action::Purge, (Noun::Asset, asset_id)).await?;
        // The keys that come of it are of bytes that stayed behind.
        give_up(tx.conn(), (id, row.text_or_null("grown_key")?), (tenant_id, asset_id)).await?;
    }
    Ok(())
}
