//! Deposits: files that a recipient sends for a pull.

use content::{ByteStream, MediaType};
use library::{Fault, Ingest, Received, Upload, split_extension};

use crate::{
    Botdoc,
    features::{Feature, plain},
    kept::{Records, Row},
    templates::size,
    uploads::terms_in,
    views::{ADDRESS, FROM},
    visits::Visit,
};

impl Visit {
    /// Takes a file for a pull; why not, in a sentence for the recipient.
    pub(crate) async fn take(
        &self,
        botdoc: &Botdoc,
        feature: Option<i64>,
        (name, media_type, body): (&str, Option<MediaType>, ByteStream),
    ) -> Result<(), String> {
        let trouble = |fault: Fault| sentence_of(&fault);
        let row = self.pull(botdoc, feature).await.map_err(trouble)?.ok_or("files are not asked for here")?;
        let extensions = &row.it.allowed_file_extensions;
        if !extensions.is_empty() && !extensions.contains(&plain(split_extension(name).1)) {
            return Err("this kind of file is not accepted".to_owned());
        }
        let has_room =
            |feature: &Feature| !feature.complete && feature.max_files.is_none_or(|most| feature.taken < most);
        if !has_room(&row.it) {
            return Err("no more files are accepted".to_owned());
        }
        let most = row.it.max_file_size.and_then(|most| u64::try_from(most).ok()).unwrap_or(u64::MAX);
        botdoc.library.expect_room(&self.actor).await.map_err(trouble)?;
        let received = botdoc.library.receive_from_anybody(most, body).await.map_err(trouble)?;
        if received.is_empty() {
            return Err("this file is empty".to_owned());
        }
        let upload = self.upload(botdoc, &row, (name, media_type, received));
        let (library, actor, folder_id) = (botdoc.library.clone(), self.actor.clone(), self.found.folder.id);
        // On a task of its own: who goes away between the two takes no place without a file.
        let kept = tokio::spawn(async move {
            let records = Records::of(library.clone());
            // The place first: of many at the same time, no more than these are taken.
            let place =
                records.change::<Feature, _>(&actor, row.id(), |feature| has_room(feature).then(|| feature.taken += 1));
            if place.await?.is_none() {
                return Ok(false);
            }
            let added = library.add_assets(&actor, folder_id, vec![upload], Ingest::default()).await;
            if added.is_err() {
                let back = records.change::<Feature, _>(&actor, row.id(), |feature| {
                    feature.taken -= 1;
                    Some(())
                });
                back.await?;
            }
            added.map(|_| true)
        });
        match kept.await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("no more files are accepted".to_owned()),
            Ok(Err(fault)) => Err(sentence_of(&fault)),
            Err(error) => {
                tracing::error!(%error, "a recipient's file was not taken");
                Err(LATER.to_owned())
            }
        }
    }

    fn upload(
        &self,
        botdoc: &Botdoc,
        row: &Row<Feature>,
        (name, declared_type, received): (&str, Option<MediaType>, Received),
    ) -> Upload {
        let mut fields = vec![(FROM.to_owned(), format!("{}/{}", self.notification.id(), row.id()))];
        let address = self.actor.origin().address;
        fields.extend(address.map(|address| (ADDRESS.to_owned(), address.to_string())));
        let terms = terms_in(botdoc, &self.found.folder);
        Upload { received, name: name.to_owned(), declared_type, fields, title: None, terms }
    }
}

const LATER: &str = "this did not work, please try again later";

/// Why a file was not taken, for a person.
fn sentence_of(fault: &Fault) -> String {
    match fault {
        Fault::TooLarge { max_bytes } => format!("this file is larger than {}", size(*max_bytes)),
        Fault::Invalid(library::Invalid::Name) => "this name can not be used".to_owned(),
        Fault::Quota => "there is no room for this file".to_owned(),
        Fault::Interrupted => "it did not arrive whole".to_owned(),
        fault => {
            tracing::warn!(%fault, "a recipient's file was not taken");
            LATER.to_owned()
        }
    }
}
