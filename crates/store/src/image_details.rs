//! What an image tells about itself beyond its size, read once after it came in. It belongs to the bytes, and goes with them.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{Catalog, Error, Noun, Result, catalog::Columns};

/// Details of an image, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetails {
    /// A thumbhash: some 25 bytes from which a blurred picture can be drawn.
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

const FIND: &str =
    "select thumbhash, dominant, camera, taken_at, latitude_e7, longitude_e7 from image_details where blob_id = $1";
const SET: &str = "insert into image_details (blob_id, thumbhash, dominant, camera, taken_at, latitude_e7, \
     longitude_e7, read_at) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (blob_id) do update set thumbhash = $2, \
     dominant = $3, camera = $4, taken_at = $5, latitude_e7 = $6, longitude_e7 = $7, read_at = $8";

impl Catalog {
    /// What is known of an image, by its blob.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn image_details(&self, blob_id: i64) -> Result<Option<ImageDetails>> {
        sqlx::query(FIND).bind(blob_id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Keeps what was read of an image, in place of what was read before.
    ///
    /// # Errors
    /// `Missing` when the blob is gone.
    pub async fn set_image_details(&self, blob_id: i64, details: &ImageDetails, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        set(tx.conn(), blob_id, details, now_ms).await?;
        tx.commit().await
    }
}

/// Keeps what was read of an image.
pub(crate) async fn set(conn: &mut AnyConnection, blob_id: i64, details: &ImageDetails, now_ms: i64) -> Result<()> {
    let [red, green, blue] = details.dominant;
    let query = sqlx::query(SET).bind(blob_id).bind(details.thumbhash.clone());
    let query = query.bind(i64::from(u32::from_be_bytes([0, red, green, blue])));
    let query = query.bind(details.camera.clone()).bind(details.taken_at.clone());
    let query = query.bind(details.latitude_e7.map(i64::from)).bind(details.longitude_e7.map(i64::from));
    let done = query.bind(now_ms).execute(conn).await;
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
    Ok(ImageDetails {
        thumbhash: row.bytes("thumbhash")?,
        dominant: [red, green, blue],
        camera: row.text_or_null("camera")?,
        taken_at: row.text_or_null("taken_at")?,
        latitude_e7: narrow("latitude_e7")?,
        longitude_e7: narrow("longitude_e7")?,
    })
}
