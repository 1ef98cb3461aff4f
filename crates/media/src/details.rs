//! What an image tells about itself beyond its size: how it looks at a glance, and what the camera wrote down. It knows no
//! database; texts are as the file states them, cleaned of control characters and cut.

/// What is read of an image once, after it has come in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// Width and height as displayed, which not every file's head tells.
    pub pixels: (u32, u32),
    /// How many pages there are, where there are pages.
    pub pages: Option<u32>,
    /// A [thumbhash](https://evanw.github.io/thumbhash/): about 25 bytes from which a blurred picture can be drawn.
    pub thumbhash: Vec<u8>,
    /// The colour that most of the image has: red, green, blue. White where nothing is opaque.
    pub dominant: [u8; 3],
    /// Maker and model of the camera, from EXIF.
    pub camera: Option<String>,
    /// When the picture was taken, as ISO 8601 (`2024-05-01T12:00:00`); with an offset only where EXIF states one.
    pub taken_at: Option<String>,
    /// Latitude, in ten-millionths of a degree, north positive.
    pub latitude_e7: Option<i32>,
    /// Longitude, in ten-millionths of a degree, east positive.
    pub longitude_e7: Option<i32>,
}
