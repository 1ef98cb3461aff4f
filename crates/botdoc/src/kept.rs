//! What only this dialect knows, as records of the library: each kind is a type that is written as JSON.

use axum::extract::FromRef;
use library::{Actor, Fault, Library, Noun, Record, RecordWish, RecordsOf};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    REALM,
    error::Refused,
    url::{Page, PageNumber, Turned},
};

/// A kind of record.
pub(crate) trait Kept: Serialize + DeserializeOwned + Send + Sync {
    /// The word that it is kept under.
    const KIND: &'static str;

    /// As it is kept.
    fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a record is plain data")
    }
}

/// A record and what it says.
#[derive(Debug)]
pub(crate) struct Row<T> {
    pub(crate) record: Record,
    pub(crate) it: T,
}

impl<T: Kept> Row<T> {
    pub(crate) fn read(record: Record) -> Result<Self, Fault> {
        match serde_json::from_str(&record.body) {
            Ok(it) => Ok(Self { record, it }),
            Err(error) => {
                tracing::error!(%error, record = record.id, kind = T::KIND, "a record can not be read");
                Err(Fault::Unavailable("database"))
            }
        }
    }

    pub(crate) const fn id(&self) -> i64 {
        self.record.id
    }

    /// The folder that it is about; every kind of ours is about one.
    pub(crate) fn folder_id(&self) -> Result<i64, Fault> {
        self.record.folder_id.ok_or(Fault::NotFound(Noun::Record))
    }
}

/// The records of this dialect.
#[derive(Clone)]
pub(crate) struct Records(Library);

impl FromRef<crate::Botdoc> for Records {
    fn from_ref(botdoc: &crate::Botdoc) -> Self {
        Self(botdoc.library.clone())
    }
}

/// So often somebody else may change a record first.
const MAX_TRIES: u32 = 32;

impl Records {
    pub(crate) const fn of(library: Library) -> Self {
        Self(library)
    }

    /// Adds one about a folder, which may belong to another record.
    pub(crate) async fn add<T: Kept>(
        &self,
        actor: &Actor,
        (folder_id, parent_id): (i64, Option<i64>),
        it: T,
    ) -> Result<Row<T>, Fault> {
        let wish = RecordWish {
            realm: REALM,
            kind: T::KIND,
            parent_id,
            folder_id: Some(folder_id),
            body: it.to_text(),
            ..RecordWish::default()
        };
        Ok(Row { record: self.0.add_record(actor, wish).await?, it })
    }

    /// One by its id.
    pub(crate) async fn get<T: Kept>(&self, actor: &Actor, id: i64) -> Result<Row<T>, Fault> {
        Row::read(self.0.record(actor, (REALM, T::KIND), id).await?)
    }

    /// All of a kind, oldest first.
    pub(crate) async fn list<T: Kept>(&self, actor: &Actor, of: RecordsOf) -> Result<Vec<Row<T>>, Fault> {
        self.0.records(actor, of, (REALM, T::KIND), 0).await?.into_iter().map(Row::read).collect()
    }

    /// The one about a folder that came last.
    pub(crate) async fn last<T: Kept>(&self, actor: &Actor, folder_id: i64) -> Result<Option<Row<T>>, Fault> {
        self.0.latest_record(actor, folder_id, (REALM, T::KIND)).await?.map(Row::read).transpose()
    }

    /// A page of a kind, newest first, and the envelope that it comes in.
    pub(crate) async fn page<T: Kept>(&self, actor: &Actor, page: Page) -> Result<(Turned, Vec<Row<T>>), Refused> {
        let of = (REALM, T::KIND);
        let skip = match page.number {
            PageNumber::Number(number) => (number - 1).saturating_mul(page.size),
            PageNumber::Last => page.turn(self.0.records_page(actor, of, (0, 0)).await?.0)?.offset(),
        };
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let (count, records) = self.0.records_page(actor, of, (skip, size)).await?;
        let rows = records.into_iter().map(Row::read).collect::<Result<_, _>>()?;
        Ok((page.turn(count)?, rows))
    }

    /// Changes one, whoever else does the same: `work` is asked again for what it is by then. What `work` gives is given back; with
    /// `None` nothing is changed.
    pub(crate) async fn change<T: Kept, R>(
        &self,
        actor: &Actor,
        id: i64,
        mut work: impl FnMut(&mut T) -> Option<R>,
    ) -> Result<Option<R>, Fault> {
        for _ in 0..MAX_TRIES {
            let mut row = self.get::<T>(actor, id).await?;
            let Some(given) = work(&mut row.it) else { return Ok(None) };
            if self.0.exchange_record(actor, &row.record, &row.it.to_text()).await? {
                return Ok(Some(given));
            }
        }
        Err(Fault::Busy)
    }
}
