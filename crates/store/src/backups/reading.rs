//! Reads a file of rows, some at a time, and whether it is what was written.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::{
    Error, Manifest, Result,
    format::{Cell, FORMAT, Line, Named},
    with_files,
};
use crate::{catalog::Column, error::Result as DatabaseResult};

/// So many lines are read in one go.
const LINES: usize = 1_000;
/// No row of ours is longer; who wrote such a line wants to fill the memory.
const LINE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A file of rows that is being read.
pub(super) struct Reader {
    name: String,
    path: PathBuf,
    /// Absent only while it reads.
    pages: Option<Pages>,
}

struct Pages {
    lines: BufReader<GzDecoder<BufReader<File>>>,
    /// The table whose rows are being read.
    table: Option<(String, Vec<Column>)>,
    rows: u64,
    ended: bool,
}

/// Something that was written down.
#[derive(Debug)]
pub(super) enum Item {
    Table { name: String, columns: Vec<Column> },
    Row(Vec<Cell>),
    Sequence { table: String, last: i64 },
}

impl Reader {
    /// Opens the file of a manifest, and reads all of it first to see whether it is what was written.
    pub(super) async fn checked(path: PathBuf, manifest: &Manifest) -> Result<Self> {
        let file = path.clone();
        let summed = with_files(&path, move || {
            let (mut sum, mut len, mut file) = (Sha256::new(), 0, File::open(file)?);
            let mut portion = vec![0; 256 * 1024];
            loop {
                let read = file.read(&mut portion)?;
                if read == 0 {
                    return Ok((len, hex::encode(sum.finalize())));
                }
                sum.update(&portion[..read]);
                len += read as u64;
            }
        });
        let damaged = |what: &str| Error::Damaged { name: manifest.name.clone(), what: what.to_owned() };
        let (len, sum) = match summed.await {
            Err(Error::Folder { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(damaged("its rows are missing"));
            }
            summed => summed?,
        };
        if len != manifest.rows_bytes {
            return Err(damaged(&format!("its rows have {len} bytes where {} were written", manifest.rows_bytes)));
        }
        if sum != manifest.rows_sha256 {
            return Err(damaged("its rows are not those that were written"));
        }
        Self::open(path, &manifest.name).await
    }

    /// Opens one that was written or read a moment ago.
    pub(super) async fn open(path: PathBuf, name: &str) -> Result<Self> {
        let (file, opened) = (path.clone(), path.clone());
        let file = with_files(&opened, move || File::open(file)).await?;
        let lines = BufReader::new(GzDecoder::new(BufReader::with_capacity(256 * 1024, file)));
        let pages = Some(Pages { lines, table: None, rows: 0, ended: false });
        Ok(Self { name: name.to_owned(), path, pages })
    }

    /// What comes next; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Item>> {
        let pages = self.pages.take();
        let read = with_files(&self.path, move || {
            let mut pages = pages.ok_or_else(|| io::Error::other("an earlier read failed"))?;
            let mut items = Vec::new();
            while items.len() < LINES && !pages.ended {
                items.extend(pages.line()?);
            }
            Ok((items, pages))
        });
        match read.await {
            Ok((items, pages)) => {
                self.pages = Some(pages);
                Ok(items)
            }
            Err(Error::Folder { source, .. }) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::Damaged { name: self.name.clone(), what: source.to_string() })
            }
            Err(error) => Err(error),
        }
    }

    /// The bytes that the next rows name; `None` at the end.
    pub(super) async fn next_named(&mut self) -> Result<Option<Vec<Named>>> {
        // A page of rows begins in the table of the one before it.
        let mut table = self.pages.as_ref().and_then(|pages| pages.table.clone());
        let items = self.next().await?;
        if items.is_empty() {
            return Ok(None);
        }
        let mut named = Vec::new();
        for item in items {
            match item {
                Item::Table { name, columns } => table = Some((name, columns)),
                Item::Row(row) => {
                    let Some((name, columns)) = &table else { continue };
                    let found: DatabaseResult<_> = Named::by(name, columns, &row);
                    named.extend(found?);
                }
                Item::Sequence { .. } => {}
            }
        }
        Ok(Some(named))
    }
}

impl Pages {
    /// Reads a line; `None` for those that are only about the file.
    fn line(&mut self) -> io::Result<Option<Item>> {
        let mut line = Vec::new();
        let read = self.lines.by_ref().take(LINE_MAX_BYTES).read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Err(io::Error::other("it ends too early"));
        }
        if line.first() == Some(&b'[') {
            return self.row(&line).map(|row| Some(Item::Row(row)));
        }
        match serde_json::from_slice(&line)? {
            Line::Begin { format, .. } if format <= FORMAT => Ok(None),
            Line::Begin { format, .. } => Err(io::Error::other(format!("it is written in a later way, {format}"))),
            Line::Table { name, columns } => {
                self.table = Some((name.clone(), columns.clone()));
                Ok(Some(Item::Table { name, columns }))
            }
            Line::Sequence { table, last } => Ok(Some(Item::Sequence { table, last })),
            Line::End { rows } if rows == self.rows => {
                self.ended = true;
                Ok(None)
            }
            Line::End { rows } => Err(io::Error::other(format!("it has {} rows where {rows} were written", self.rows))),
        }
    }

    fn row(&mut self, line: &[u8]) -> io::Result<Vec<Cell>> {
        let values: Vec<serde_json::Value> = serde_json::from_slice(line)?;
        let Some((_, columns)) = self.table.as_ref().filter(|(_, columns)| columns.len() == values.len()) else {
            return Err(io::Error::other("a row does not fit its table"));
        };
        let cells = values.into_iter().zip(columns).map(|(value, column)| Cell::of_json(value, column.kind));
        self.rows += 1;
        cells.collect::<Option<_>>().ok_or_else(|| io::Error::other("a row does not fit its table"))
    }
}
