//! How rows are written down: a line of JSON each, packed by gzip. And what is told about such a file beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Any, Row as _, any::AnyArguments, any::AnyRow, query::Query};

use crate::{
    Error, Result,
    blobs::{BlobId, BlobKey},
    catalog::{Column, ColumnKind},
};

/// The way in which files are written now. Readers know it and all before it.
pub(super) const FORMAT: u32 = 1;

/// What is known of a catalog in a backup. Written when everything else of it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The way in which it is written.
    pub format: u32,
    /// What it is called: when it was taken, in UTC.
    pub name: String,
    /// The version of the program that made it.
    pub version: String,
    /// The database's schema, by its last migration.
    pub schema: i64,
    /// The engine that it was read from.
    pub engine: String,
    /// The moment whose rows it has, in milliseconds since 1970.
    pub taken_at: i64,
    /// Which library it is of: equal for all backups of one, also after it was brought back elsewhere. Empty where nobody said.
    #[serde(default)]
    pub library: String,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    /// How many blobs it names.
    pub blobs: u64,
    /// How many bytes those have.
    pub bytes: u64,
    /// The keys of those among them that could not be read: they are not in the backup.
    pub unreadable: Vec<String>,
    /// How many bytes the file of rows has.
    pub rows_bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub rows_sha256: String,
}

/// A line that is no row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first.
    Begin { format: u32, schema: i64, engine: String, taken_at: i64 },
    /// The rows of a table follow.
    Table { name: String, columns: Vec<Column> },
    /// The last id that a table gave out.
    Sequence { table: String, last: i64 },
    /// The last: so many rows in all.
    End { rows: u64 },
}

/// What a row has in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// Bytes that a row names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) blob_id: i64,
    pub(super) key: BlobKey,
    pub(super) len: u64,
    pub(super) sha256: [u8; 32],
}

impl Cell {
    pub(super) fn of_row(row: &AnyRow, place: usize, kind: ColumnKind) -> Result<Self> {
        Ok(match kind {
            ColumnKind::Int => Self::Int(row.try_get(place)?),
            ColumnKind::Text => Self::Text(row.try_get(place)?),
            ColumnKind::Bytes => Self::Bytes(row.try_get(place)?),
        })
    }

    /// As it was written down; `None` for what a column of this kind does not hold.
    pub(super) fn of_json(value: Value, kind: ColumnKind) -> Option<Self> {
        Some(match (kind, value) {
            (ColumnKind::Int, Value::Null) => Self::Int(None),
            (ColumnKind::Int, Value::Number(number)) => Self::Int(Some(number.as_i64()?)),
            (ColumnKind::Text, Value::Null) => Self::Text(None),
            (ColumnKind::Text, Value::String(text)) => Self::Text(Some(text)),
            (ColumnKind::Bytes, Value::Null) => Self::Bytes(None),
            // Digits rather than base64: sums in it are those that other programs print.
            (ColumnKind::Bytes, Value::String(digits)) => Self::Bytes(Some(hex::decode(digits).ok()?)),
            _ => return None,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Int(int) => int.map_or(Value::Null, Value::from),
            Self::Text(text) => text.as_deref().map_or(Value::Null, Value::from),
            Self::Bytes(bytes) => bytes.as_deref().map_or(Value::Null, |bytes| Value::from(hex::encode(bytes))),
        }
    }

    pub(super) fn bind<'q>(self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        match self {
            Self::Int(int) => query.bind(int),
            Self::Text(text) => query.bind(text),
            Self::Bytes(bytes) => query.bind(bytes),
        }
    }
}

impl Named {
    /// The bytes that a row names, if it is one that does. What is dead is wanted by nobody; what is on its way in an upload is given up
    /// where it is restored; what was made of other bytes can be made again.
    pub(super) fn by(table: &str, columns: &[Column], row: &[Cell]) -> Result<Option<Self>> {
        if table != "blobs" {
            return Ok(None);
        }
        let cell = |name: &str| {
            let place = columns.iter().position(|column| column.name == name);
            place.and_then(|place| row.get(place)).ok_or_else(|| Error::Corrupt(format!("blobs without {name}")))
        };
        let (id, key, size, sha256) = (cell("id")?, cell("blob_key")?, cell("size")?, cell("sha256")?);
        if *cell("dead_at")? != Cell::Int(None) {
            return Ok(None);
        }
        let named = || {
            let (Cell::Int(Some(id)), Cell::Text(Some(key))) = (id, key) else { return None };
            let (Cell::Int(Some(size)), Cell::Bytes(Some(sha256))) = (size, sha256) else { return None };
            Some(Self {
                blob_id: *id,
                key: BlobKey::Original(key.parse::<BlobId>().ok()?),
                len: u64::try_from(*size).ok()?,
                sha256: sha256.as_slice().try_into().ok()?,
            })
        };
        named().map(Some).ok_or_else(|| Error::Corrupt(format!("blob {id:?}")))
    }
}
