//! What tables there are and what they hold, as the database itself tells it: for those who take all of it, whatever it is. A table that
//! a migration adds is among them without anybody's doing. It knows no noun.

use serde::{Deserialize, Serialize};
use sqlx::{Any, AnyConnection, AssertSqlSafe, Transaction};

use super::{Catalog, Columns, Tx, Writer, postgres, sqlite};
use crate::{Error, error::Result};

/// How an engine tells of itself, and how many rows at once are put into it.
pub(super) struct SchemaWords {
    pub(super) engine: &'static str,
    /// Begins a transaction all of whose reads see one moment.
    pub(super) snapshot: &'static str,
    /// `name` of each table, in the order in which they were made: what is pointed at comes before what points at it.
    pub(super) tables: &'static str,
    /// `name`, `type` and `place` in the primary key (0: not in it) of the columns of table `$1`, in their order.
    pub(super) columns: &'static str,
    /// `name` of each table that gives out ids, and the `last` one that it gave.
    pub(super) sequences: &'static str,
    /// Makes table `$1` go on behind id `$2`.
    pub(super) set_sequence: &'static [&'static str],
    /// `name` of a table, a `reference` of it to another and its `definition`, where those have to be taken away meanwhile.
    pub(super) references: Option<&'static str>,
    /// Has references looked at when the transaction ends.
    pub(super) let_references_wait: &'static str,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// The columns by which its rows are told apart.
    pub(crate) key: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
}

/// What a column holds: the same on both engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Whole numbers.
    Int,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// A reference of one table to another that was taken away.
pub(crate) struct Reference {
    table: String,
    name: String,
    definition: String,
}

/// Tables that are no part of a library: the migrations' own, and those of what can be made again.
const NOT_KEPT: &[&str] = &["_sqlx_migrations", "renditions", "rendition_tallies"];

impl Catalog {
    fn schema_words(&self) -> &'static SchemaWords {
        match &self.writer {
            Writer::Sqlite(_) => &sqlite::SCHEMA,
            Writer::Postgres(_) => &postgres::SCHEMA,
        }
    }

    /// The engine's name.
    pub(crate) fn engine(&self) -> &'static str {
        self.schema_words().engine
    }

    /// Begins a transaction that reads, all of it as it is at one moment.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Any>> {
        Ok(self.readers.begin_with(self.schema_words().snapshot).await?)
    }

    /// All tables that hold what a library is made of, in the order in which they were made.
    pub(crate) async fn tables(&self, conn: &mut AnyConnection) -> Result<Vec<Table>> {
        let words = self.schema_words();
        let mut tables = Vec::new();
        for row in sqlx::query(words.tables).fetch_all(&mut *conn).await? {
            let name = row.text("name")?;
            if NOT_KEPT.contains(&name.as_str()) {
                continue;
            }
            let (mut columns, mut key) = (Vec::new(), Vec::new());
            for row in sqlx::query(words.columns).bind(&name).fetch_all(&mut *conn).await? {
                let column = row.text("name")?;
                let kind = match row.text("type")?.as_str() {
                    "integer" | "bigint" => ColumnKind::Int,
                    "text" => ColumnKind::Text,
                    "blob" | "bytea" => ColumnKind::Bytes,
                    other => return Err(Error::Corrupt(format!("column {name}.{column} of type {other:?}"))),
                };
                key.push((row.int("place")?, column.clone()));
                columns.push(Column { name: column, kind });
            }
            key.retain(|(place, _)| *place > 0);
            key.sort_unstable();
            tables.push(Table { name, columns, key: key.into_iter().map(|(_, column)| column).collect() });
        }
        Ok(tables)
    }

    /// The last id that each table gave out.
    pub(crate) async fn sequences(&self, conn: &mut AnyConnection) -> Result<Vec<(String, i64)>> {
        let rows = sqlx::query(self.schema_words().sequences).fetch_all(conn).await?;
        rows.iter().map(|row| Ok((row.text("name")?, row.int("last")?))).collect()
    }

    /// Has a table give out ids behind `last`.
    pub(crate) async fn set_sequence(&self, tx: &mut Tx, table: &str, last: i64) -> Result<()> {
        for statement in self.schema_words().set_sequence {
            sqlx::query(*statement).bind(table).bind(last).execute(tx.conn()).await?;
        }
        Ok(())
    }

    /// Lets a transaction write rows in any order, until [`Self::hold_to_references`].
    pub(crate) async fn let_references_wait(&self, tx: &mut Tx) -> Result<Vec<Reference>> {
        let words = self.schema_words();
        let Some(references) = words.references else {
            sqlx::raw_sql(words.let_references_wait).execute(tx.conn()).await?;
            return Ok(Vec::new());
        };
        let mut taken = Vec::new();
        for row in sqlx::query(references).fetch_all(tx.conn()).await? {
            let (table, name) = (row.text("name")?, row.text("reference")?);
            let drop = format!("alter table \"{table}\" drop constraint \"{name}\"");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(tx.conn()).await?;
            taken.push(Reference { table, name, definition: row.text("definition")? });
        }
        Ok(taken)
    }

    /// Has all rows point at rows that are there.
    pub(crate) async fn hold_to_references(&self, tx: &mut Tx, taken: &[Reference]) -> Result<()> {
        for Reference { table, name, definition } in taken {
            let add = format!("alter table \"{table}\" add constraint \"{name}\" {definition}");
            sqlx::raw_sql(AssertSqlSafe(add)).execute(tx.conn()).await?;
        }
        Ok(())
    }
}
