//! Reading columns by name. Both engines give 64-bit integers, text and bytes; flags are integers.

use sqlx::{
    Any, Row,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use crate::error::Result;

/// How many ids one statement can look for.
pub(crate) const SLOTS: usize = 32;

/// `($2, …, $33)`: neither engine takes a list as one argument in the other's way, so a statement has this many places.
macro_rules! slot_list {
    () => {
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
         $25, $26, $27, $28, $29, $30, $31, $32, $33)"
    };
}
pub(crate) use slot_list;

/// Fills the places of [`slot_list`]; what is left over is 0, which is nobody's id.
pub(crate) fn slots<'q>(query: Query<'q, Any, AnyArguments>, ids: &[i64]) -> Query<'q, Any, AnyArguments> {
    (0..SLOTS).fold(query, |query, place| query.bind(ids.get(place).copied().unwrap_or_default()))
}

/// The same with texts; what is left over is empty, which is nobody's key.
pub(crate) fn text_slots<'q>(query: Query<'q, Any, AnyArguments>, keys: &[String]) -> Query<'q, Any, AnyArguments> {
    (0..SLOTS).fold(query, |query, place| query.bind(keys.get(place).cloned().unwrap_or_default()))
}

/// Short words for what a row holds.
pub(crate) trait Columns {
    fn int(&self, column: &str) -> Result<i64>;
    fn int_or_null(&self, column: &str) -> Result<Option<i64>>;
    fn text(&self, column: &str) -> Result<String>;
    fn text_or_null(&self, column: &str) -> Result<Option<String>>;
    fn bytes(&self, column: &str) -> Result<Vec<u8>>;
    fn bytes_or_null(&self, column: &str) -> Result<Option<Vec<u8>>>;
    fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }
    /// A count or size, which is never negative.
    fn count(&self, column: &str) -> Result<u64> {
        let value = self.int(column)?;
        u64::try_from(value).map_err(|_| crate::Error::Corrupt(format!("{column} is {value}")))
    }
    /// A byte string of known length.
    fn array<const N: usize>(&self, column: &str) -> Result<[u8; N]> {
        let bytes = self.bytes(column)?;
        <[u8; N]>::try_from(bytes.as_slice())
            .map_err(|_| crate::Error::Corrupt(format!("{column} is {} bytes long", bytes.len())))
    }
}

impl Columns for AnyRow {
    fn int(&self, column: &str) -> Result<i64> {
        Ok(self.try_get(column)?)
    }
    fn int_or_null(&self, column: &str) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }
    fn text(&self, column: &str) -> Result<String> {
        Ok(self.try_get(column)?)
    }
    fn text_or_null(&self, column: &str) -> Result<Option<String>> {
        Ok(self.try_get(column)?)
    }
    fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        Ok(self.try_get(column)?)
    }
    fn bytes_or_null(&self, column: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.try_get(column)?)
    }
}
