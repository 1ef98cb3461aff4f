//! What an image, a document or a film tells about itself, read once after it came in. It belongs to the bytes, and goes with them.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result,
    catalog::{Columns, SLOTS, slot_list, slots},
};

/// Details, as kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageDetails {
    /// Width and height as displayed, where there is something to see; unknown of what was read by the first releases.
    pub pixels: Option<(u32, u32)>,
    /// How many pages there are, where there are pages.
    pub pages: Option<u32>,
    /// How long it plays, in milliseconds, where it says so.
    pub duration_ms: Option<u64>,
    /// A thumbhash: some 25 bytes from which a blurred picture can be drawn. Empty where there is nothing to see, or it was not
    /// looked at yet.
    pub thumbhash: Vec<u8>,
    /// The colour that most of it has: red, green, blue.
    pub dominant: [u8; 3],
    /// Maker and model of the camera.
    pub camera: Option<String>,
    /// When it was taken, as ISO 8601; with an offset only where the image states one.
    pub taken_at: Option<String>,
    /// Latitude in ten-millionths of a degree, north positive.
    pub latitude_e7: Option<i32>,
    /// Longitude in ten-millionths of a degree, east positive.
    pub longitude_e7: Option<i32>,
}

const FIND: &str = "select thumbhash, dominant, camera, taken_at, latitude_e7, longitude_e7, width, height, pages, \
     duration_ms from image_details where blob_id = $1";
const OF_ASSETS: &str = concat!(
    "select a.id as asset_id, d.thumbhash, d.dominant, d.camera, d.taken_at, d.latitude_e7, d.longitude_e7, d.width, d.height, \
     d.pages, d.duration_ms from assets a join versions v on v.asset_id = a.id and v.number = a.version_number \
     join image_details d on d.blob_id = v.blob_id where a.id > $1 and a.id in ",
    slot_list!()
);
const SET: &str = "insert into image_details (blob_id, thumbhash, dominant, camera, taken_at, latitude_e7, \
     longitude_e7, read_at, width, height, pages, duration_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
     on conflict (blob_id) do update set thumbhash = $2, dominant = $3, camera = $4, taken_at = $5, latitude_e7 = $6, \
     longitude_e7 = $7, read_at = $8, width = $9, height = $10, pages = $11, duration_ms = $12";
const MEASURE: &str =
    "update versions set width = $2, height = $3 where blob_id = $1 and width is null returning asset_id";

impl Catalog {
    /// What is known of an image, by its blob.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn image_details(&self, blob_id: i64) -> Result<Option<ImageDetails>> {
        sqlx::query(FIND).bind(blob_id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// What is known of the current bytes of several assets: asset id and what it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn image_details_of_assets(&self, asset_ids: &[i64]) -> Result<Vec<(i64, ImageDetails)>> {
        let mut found = Vec::new();
        for chunk in asset_ids.chunks(SLOTS) {
            for row in &slots(sqlx::query(OF_ASSETS).bind(0_i64), chunk).fetch_all(self.read()).await? {
                found.push((row.int("asset_id")?, read(row)?));
            }
        }
        Ok(found)
    }

    /// Keeps what was read of a blob, in place of what was read before. Its versions whose size nobody knew have it now; tells of which
    /// assets they are.
    ///
    /// # Errors
    /// `Missing` when the blob is gone.
    pub async fn set_image_details(&self, blob_id: i64, details: &ImageDetails, now_ms: i64) -> Result<Vec<i64>> {
        let mut tx = self.begin().await?;
        set(tx.conn(), blob_id, details, now_ms).await?;
        let mut measured = Vec::new();
        if let Some((width, height)) = details.pixels {
            let query = sqlx::query(MEASURE).bind(blob_id).bind(i64::from(width)).bind(i64::from(height));
            for row in query.fetch_all(tx.conn()).await? {
                measured.push(row.int("asset_id")?);
            }
        }
        tx.commit().await?;
        Ok(measured)
    }
}

/// Keeps what was read of an image.
pub(crate) async fn set(conn: &mut AnyConnection, blob_id: i64, details: &ImageDetails, now_ms: i64) -> Result<()> {
    let [red, green, blue] = details.dominant;
    let query = sqlx::query(SET).bind(blob_id).bind(details.thumbhash.clone());
    let query = query.bind(i64::from(u32::from_be_bytes([0, red, green, blue])));
    let query = query.bind(details.camera.clone()).bind(details.taken_at.clone());
    let query = query.bind(details.latitude_e7.map(i64::from)).bind(details.longitude_e7.map(i64::from));
    let (width, height) = details.pixels.unzip();
    let query = query.bind(now_ms).bind(width.map(i64::from)).bind(height.map(i64::from));
    let query = query.bind(details.pages.map(i64::from));
    let done = query.bind(details.duration_ms.and_then(|ms| i64::try_from(ms).ok())).execute(conn).await;
    done.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Asset))?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<ImageDetails> {
    let narrow = |column: &str| -> Result<Option<i32>> {
        let value = row.int_or_null(column)?.map(i32::try_from).transpose();
        value.map_err(|_| Error::Corrupt(format!("{column} of an image")))
    };
    let dominant = row.int("dominant")?;
    let [0, red, green, blue] = u32::try_from(dominant).unwrap_or(u32::MAX).to_be_bytes() else {
        return Err(Error::Corrupt(format!("colour {dominant}")));
    };
    let whole = |column: &str| -> Result<Option<u32>> {
        let value = row.int_or_null(column)?.map(u32::try_from).transpose();
        value.map_err(|_| Error::Corrupt(format!("{column} of an image")))
    };
    Ok(ImageDetails {
        pixels: whole("width")?.zip(whole("height")?),
        pages: whole("pages")?,
        duration_ms: row.int_or_null("duration_ms")?.and_then(|ms| u64::try_from(ms).ok()),
        thumbhash: row.bytes("thumbhash")?,
        dominant: [red, green, blue],
        camera: row.text_or_null("camera")?,
        taken_at: row.text_or_null("taken_at")?,
        latitude_e7: narrow("latitude_e7")?,
        longitude_e7: narrow("longitude_e7")?,
    })
}
