//! Writes all rows of a catalog, as they are at one moment, to a file.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use futures_util::TryStreamExt as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{
    OnStep, Result, Step,
    format::{Cell, FORMAT, Line, Named},
    with_files,
};
use crate::{
    Catalog, Error as DatabaseError,
    catalog::{Columns as _, Table},
};

/// So much is packed and written in one go.
const PORTION_BYTES: usize = 256 * 1024;

const SCHEMA: &str = "select cast(max(version) as bigint) as version from _sqlx_migrations";

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Dumped {
    pub(super) schema: i64,
    pub(super) rows: BTreeMap<String, u64>,
    pub(super) blobs: u64,
    pub(super) bytes: u64,
    pub(super) file_bytes: u64,
    pub(super) file_sha256: [u8; 32],
}

/// A file of lines that is being written.
struct Sheet<'a> {
    path: &'a Path,
    portion: Vec<u8>,
    /// Absent only while it writes.
    packer: Option<GzEncoder<Summed>>,
}

/// A file whose bytes are summed on their way.
struct Summed {
    file: File,
    sum: Sha256,
    len: u64,
}

/// Writes them to a new file at `path`, durably but for its name.
pub(super) async fn dump(catalog: &Catalog, path: &Path, taken_at: i64, on_step: &OnStep) -> Result<Dumped> {
    let mut sheet = Sheet::create(path).await?;
    let mut snapshot = catalog.snapshot().await?;
    let schema = schema_of(&mut snapshot).await?;
    let engine = catalog.engine().to_owned();
    sheet.line(&Line::Begin { format: FORMAT, schema, engine, taken_at }).await?;
    let mut dumped = Dumped { schema, ..Dumped::default() };
    for table in catalog.tables(&mut snapshot).await? {
        let rows = write_table(&mut snapshot, &table, &mut sheet, &mut dumped, on_step).await?;
        dumped.rows.insert(table.name, rows);
    }
    for (table, last) in catalog.sequences(&mut snapshot).await? {
        if dumped.rows.contains_key(&table) {
            sheet.line(&Line::Sequence { table, last }).await?;
        }
    }
    snapshot.rollback().await.map_err(DatabaseError::from)?;
    sheet.line(&Line::End { rows: dumped.rows.values().sum() }).await?;
    (dumped.file_bytes, dumped.file_sha256) = sheet.finish().await?;
    Ok(dumped)
}

/// The schema of a database, by its last migration.
pub(super) async fn schema_of(conn: &mut AnyConnection) -> Result<i64, DatabaseError> {
    sqlx::query(SCHEMA).fetch_one(conn).await?.int("version")
}

async fn write_table(
    conn: &mut AnyConnection,
    table: &Table,
    sheet: &mut Sheet<'_>,
    dumped: &mut Dumped,
    on_step: &OnStep,
) -> Result<u64> {
    let (name, columns) = (table.name.clone(), table.columns.clone());
    sheet.line(&Line::Table { name, columns }).await?;
    let quoted = |names: &mut dyn Iterator<Item = &String>| {
        names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
    let columns = quoted(&mut table.columns.iter().map(|column| &column.name));
    // By what tells them apart: two backups of the same rows are the same but for their time.
    let order = if table.key.is_empty() { columns.clone() } else { quoted(&mut table.key.iter()) };
    let select = format!("select {columns} from \"{}\" order by {order}", table.name);
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(conn);
    let (mut count, mut told) = (0, 0);
    while let Some(row) = rows.try_next().await.map_err(DatabaseError::from)? {
        let cells = table.columns.iter().enumerate().map(|(place, column)| Cell::of_row(&row, place, column.kind));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        if let Some(named) = Named::by(&table.name, &table.columns, &cells)? {
            dumped.blobs += 1;
            dumped.bytes += named.len;
        }
        sheet.line(&cells.iter().map(Cell::to_json).collect::<Vec<_>>()).await?;
        count += 1;
        if count - told == 1_000 {
            on_step(Step::Rows(1_000));
            told = count;
        }
    }
    on_step(Step::Rows(count - told));
    Ok(count)
}

impl<'a> Sheet<'a> {
    async fn create(path: &'a Path) -> Result<Self> {
        let new = path.to_owned();
        let file = with_files(path, move || {
            // Hashes of keys and people's addresses are in it.
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)
        });
        let summed = Summed { file: file.await?, sum: Sha256::new(), len: 0 };
        let packer = Some(GzEncoder::new(summed, Compression::fast()));
        Ok(Self { path, portion: Vec::with_capacity(PORTION_BYTES), packer })
    }

    async fn line(&mut self, line: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.portion, line).map_err(|error| DatabaseError::Corrupt(error.to_string()))?;
        self.portion.push(b'\n');
        if self.portion.len() >= PORTION_BYTES { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<()> {
        let (mut portion, packer) = (std::mem::take(&mut self.portion), self.packer.take());
        let written = with_files(self.path, move || {
            let mut packer = packer.ok_or_else(|| io::Error::other("an earlier write failed"))?;
            packer.write_all(&portion)?;
            portion.clear();
            Ok((portion, packer))
        });
        let (portion, packer) = written.await?;
        (self.portion, self.packer) = (portion, Some(packer));
        Ok(())
    }

    async fn finish(mut self) -> Result<(u64, [u8; 32])> {
        self.write().await?;
        let packer = self.packer;
        let finished = with_files(self.path, move || {
            let packer = packer.ok_or_else(|| io::Error::other("an earlier write failed"))?;
            let summed = packer.finish()?;
            summed.file.sync_all()?;
            Ok((summed.len, summed.sum.finalize().into()))
        });
        finished.await
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
