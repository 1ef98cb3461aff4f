//! What goes out: mail, calls to other people's machines, text messages. Each is a row and a job; it is tried again for some
//! hours, may arrive twice, and says by its id that it is the same.

use outbound::{Call, Failure, Mail, TextMessage};
use store::{
    dispatches::{Dispatch, DispatchState, NewDispatch, Parcel},
    records::NewRecord,
};

use crate::{Actor, Fault, Library, Record, RecordWish, Right};

/// For how long what is over is told of, in milliseconds.
const KEEP_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

impl Library {
    /// Whether text messages can be sent.
    #[must_use]
    pub fn can_text(&self) -> bool {
        self.inner.outbound.can_text()
    }

    /// Whether an address is one that calls may go to, as far as it tells by itself.
    ///
    /// # Errors
    /// Why not, in plain words.
    pub fn check_call_address(&self, url: &str) -> Result<(), String> {
        self.inner.outbound.check_address(url).map_err(|failure| failure.to_string())
    }

    /// Whether mail can be addressed to this.
    #[must_use]
    pub fn is_mail_address(&self, address: &str) -> bool {
        self.inner.outbound.is_mail_address(address)
    }

    /// Sends what there is to send.
    ///
    /// # Errors
    /// `Denied` for who may not create anything.
    pub async fn send(&self, actor: &Actor, realm: &str, parcels: Vec<Parcel>) -> Result<Vec<i64>, Fault> {
        actor.expect_somewhere(Right::Create)?;
        let tenant_id = actor.tenant_id()?;
        let dispatches: Vec<_> = parcels.into_iter().map(|parcel| dispatch_of(tenant_id, realm, parcel)).collect();
        let ids = self.inner.catalog.add_dispatches(&dispatches, self.now_ms()).await?;
        self.inner.going_out.notify_one();
        Ok(ids)
    }

    /// Adds records, each with what is to be sent about it, all or nothing.
    ///
    /// # Errors
    /// As for [`Library::add_record`].
    pub async fn add_dispatched_records(
        &self,
        actor: &Actor,
        realm: &str,
        records: Vec<(RecordWish<'_>, Vec<Parcel>)>,
    ) -> Result<Vec<Record>, Fault> {
        let tenant_id = actor.tenant_id()?;
        let mut all: Vec<(NewRecord, Vec<NewDispatch>)> = Vec::with_capacity(records.len());
        for (wish, parcels) in records {
            let record = self.record_of(actor, wish).await?;
            let dispatches = parcels.into_iter().map(|parcel| dispatch_of(tenant_id, realm, parcel)).collect();
            all.push((record, dispatches));
        }
        let added = self.inner.catalog.add_dispatched_records(&all, self.now_ms()).await?;
        self.inner.going_out.notify_one();
        Ok(added)
    }

    /// What was sent about a record, oldest first, and what became of it.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key; for another tenant's records there is nothing.
    pub async fn record_dispatches(&self, actor: &Actor, record: &Record) -> Result<Vec<Dispatch>, Fault> {
        if record.tenant_id != actor.tenant_id()? {
            return Ok(Vec::new());
        }
        Ok(self.inner.catalog.record_dispatches(record.id, 0, 1_000).await?)
    }

    /// What a tenant sent after the id `after`, oldest first, and what became of it.
    ///
    /// # Errors
    /// `Denied` for those who do not run it.
    pub async fn dispatches(&self, actor: &Actor, tenant_id: i64, after: i64) -> Result<Vec<Dispatch>, Fault> {
        actor.expect_manager(tenant_id)?;
        Ok(self.inner.catalog.dispatches(tenant_id, after, 1_000).await?)
    }

    /// One attempt. What can not succeed is given up at once; an error has it tried again.
    pub(crate) async fn send_dispatch(&self, id: i64) -> Result<(), Fault> {
        let catalog = &self.inner.catalog;
        let Some(dispatch) = catalog.dispatch(id).await? else { return Ok(()) };
        if dispatch.state != DispatchState::Waiting {
            return Ok(());
        }
        let outcome = self.attempt(&dispatch).await;
        let (state, error) = match &outcome {
            Ok(()) => (DispatchState::Sent, None),
            Err(Failure::Refused(error)) => (DispatchState::Failed, Some(error.as_str())),
            Err(Failure::Later(error)) => (DispatchState::Waiting, Some(error.as_str())),
        };
        catalog.note_dispatch(id, state, error, self.now_ms()).await?;
        match outcome {
            Ok(()) => Ok(()),
            Err(Failure::Refused(error)) => {
                tracing::warn!(dispatch = id, %error, "what was to go out was refused");
                Ok(())
            }
            Err(Failure::Later(_)) => Err(Fault::Unavailable("the other side")),
        }
    }

    async fn attempt(&self, dispatch: &Dispatch) -> Result<(), Failure> {
        let (id, outbound) = (format!("dispatch-{}-{}", dispatch.id, dispatch.created_at), &self.inner.outbound);
        let Some(parcel) = dispatch.parcel.clone() else { return Ok(()) };
        match parcel {
            Parcel::Mail { to, reply_to, subject, text, html } => {
                outbound.send_mail(&Mail { id, to, reply_to, subject, text, html }).await
            }
            Parcel::Call { url, content_type, headers, body } => {
                outbound.post(&Call { url, headers, content_type, body: body.into_bytes() }).await
            }
            Parcel::Text { to, text } => outbound.send_text(&TextMessage { id, to, text }).await,
        }
    }

    /// Notes that a dispatch was tried for the last time.
    pub(crate) async fn give_up_dispatch(&self, id: i64) -> Result<(), Fault> {
        let last = self.inner.catalog.dispatch(id).await?.and_then(|dispatch| dispatch.last_error);
        self.inner.catalog.give_up_dispatch(id, last.as_deref(), self.now_ms()).await?;
        Ok(())
    }

    /// Forgets what was over long ago.
    pub(crate) async fn forget_dispatches(&self) -> Result<(), Fault> {
        self.inner.catalog.forget_dispatches(self.now_ms() - KEEP_MS).await?;
        Ok(())
    }
}

fn dispatch_of(tenant_id: i64, realm: &str, parcel: Parcel) -> NewDispatch {
    NewDispatch { tenant_id, realm: realm.to_owned(), record_id: None, parcel }
}
