//! Uploading. Contract section 7: which files are taken, how they are named, and how images are drawn anew.

use axum::{http::Method, response::Response};
use content::MediaType;
use library::{Format, Ingest, Place, Plan, Received, Resize, Terms, Upload, Wanted as Written, slugify};
use wire::Part;

use crate::{
    Config, Flextype,
    assets::{answer_file, do_whole},
    auth::{Session, Wanted},
    bodies::{Call, FormCall, mean_another},
    error::{Area, Refused},
    fields::title_of,
    ids,
};

/// What came under the name `file`.
enum Sent {
    /// Nothing.
    None,
    /// A field for a file in which nobody had chosen one.
    NotChosen,
    /// More than one, under a name with brackets.
    Several,
    /// More bytes than are taken.
    TooLarge,
    /// A file, by somebody whose tokens came before it and do not work.
    Unread,
    /// A file.
    File { name: String, received: Box<Received> },
}

/// A form, read to its end: an upload, or any other call that was sent as one.
pub(crate) async fn receive(flextype: &Flextype, form: FormCall) -> Result<Response, Refused> {
    let FormCall { mut call, mut parts } = form;
    let (mut sent, mut refused) = (Sent::None, false);
    while let Some(part) = parts.next().await.map_err(|_| Refused::body())? {
        match part {
            Part::Text { name, value } => call.params.insert_text(&name, value),
            Part::File { name, file_name, media_type: _, body } => {
                if name == "file" && (refused || is_refused(flextype, &call).await?) {
                    (refused, sent) = (true, Sent::Unread);
                } else if name == "file" {
                    sent = match flextype.library.receive_from_anybody(flextype.config.max_file_bytes, body).await {
                        Ok(received) => Sent::File { name: file_name, received: Box::new(received) },
                        Err(library::Fault::TooLarge { .. }) => Sent::TooLarge,
                        Err(fault) => return Err(Refused::of(fault, Area::Files)),
                    };
                } else if name.starts_with("file[") {
                    sent = Sent::Several;
                }
            }
        }
    }
    if matches!(sent, Sent::None) && parts.left_out() > 0 {
        sent = Sent::NotChosen;
    }
    mean_another(&mut call, None);
    let names_field = !flextype.config.strict && call.params.has("field") && !matches!(sent, Sent::File { .. });
    if call.method != Method::POST || names_field {
        return do_whole(flextype, &call).await;
    }
    upload(flextype, &call, sent).await
}

/// Whether the tokens have come already, and do not work: then nothing is taken in. Those that do may have no room left, and then
/// nobody waits for the rest.
async fn is_refused(flextype: &Flextype, call: &Call) -> Result<bool, Refused> {
    if !(call.params.has("token") && call.params.has("access_token")) {
        return Ok(false);
    }
    let Ok(session) = flextype.open(call, Wanted::CHANGE_FILES).await else { return Ok(true) };
    let has_room = flextype.library.expect_room(&session.actor).await;
    has_room.map(|()| false).map_err(|fault| Refused::of(fault, Area::Files))
}

/// Puts a file at its path. Seed: "Upload file".
async fn upload(flextype: &Flextype, call: &Call, sent: Sent) -> Result<Response, Refused> {
    let strict = flextype.config.strict;
    call.expect(&["folder", "token", "access_token"])?;
    if matches!(sent, Sent::None) || (matches!(sent, Sent::NotChosen) && !strict) {
        return Err(call.wrong_params());
    }
    flextype
        .answer(call, Wanted::CHANGE_FILES, async |session| {
            let folder = ids::parse(call.text("folder", strict)?).ok_or(Refused::missing(Area::Files))?;
            put(flextype, call, session, (&folder, sent)).await
        })
        .await
}

async fn put(
    flextype: &Flextype,
    call: &Call,
    session: &Session,
    (folder, sent): (&[&str], Sent),
) -> Result<Response, Refused> {
    let config = &*flextype.config;
    // Whatever is refused: the reference server dies of it.
    let not_taken = || if config.strict { Refused::Died } else { Refused::body() };
    let Sent::File { name, received } = sent else { return Err(not_taken()) };
    let name = stored_name(config, &name).ok_or_else(not_taken)?;
    let look = received.look().await.map_err(|fault| Refused::of(fault, Area::Files))?;
    let is_drawn = look.media_type.as_ref().is_some_and(|found| DRAWN.contains(found));
    let redrawn = if is_drawn { Some(plan_for(config, &name, look.pixels).ok_or_else(not_taken)?) } else { None };
    let is_text = look.is_text && look.media_type.is_none();
    let upload = Upload {
        received: *received,
        name: name.clone(),
        declared_type: if is_text { MediaType::parse("text/plain") } else { None },
        fields: Vec::new(),
        title: Some(title_of(&name, config.strict)),
        terms: Terms::default(),
    };
    let id: Vec<&str> = folder.iter().copied().chain([name.as_str()]).collect();
    let place = Place { top: session.top, path: &id, make_folders: true };
    let ingest = Ingest { redrawn, ..Ingest::default() };
    let asset = flextype.library.put_asset(&session.actor, &place, upload, ingest).await;
    let asset = asset.map_err(|fault| match Refused::of(fault, Area::Files) {
        refused @ Refused::Said { .. } if config.strict && refused.is_of_body() => Refused::Died,
        refused => refused,
    })?;
    answer_file(flextype, call, session, &id, &asset).await
}

/// What the reference server draws anew, by what the bytes are.
const DRAWN: &[MediaType] = &[MediaType::JPEG, MediaType::PNG, MediaType::APNG, MediaType::GIF];

/// The name under which a file is kept; none where its kind is not taken.
fn stored_name(config: &Config, name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let small = extension.to_ascii_lowercase();
    if !config.accept_file_types.contains(&small) {
        return None;
    }
    let name = if config.safe_names { format!("{}.{extension}", slugify(stem)) } else { name.to_owned() };
    ids::parse_to_change(&name).filter(|segments| segments.len() == 1)?;
    Some(name)
}

/// How an image is drawn anew: in the format of its name, no larger than is set. None where it is not taken.
fn plan_for(config: &Config, name: &str, pixels: Option<(u32, u32)>) -> Option<Plan> {
    let (width, height) = pixels?;
    let allowed = |side: u32, most: u32| most == 0 || side <= most;
    if !allowed(width, config.max_image_px.0) || !allowed(height, config.max_image_px.1) {
        return None;
    }
    let format = match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => Format::Jpeg,
        "png" => Format::Png,
        "gif" => Format::Gif,
        _ => return None,
    };
    let resize = match config.image_px {
        (0, 0) => Resize::Original,
        (width, 0) => Resize::Width(width),
        (0, height) => Resize::Height(height),
        (width, height) => Resize::Within { width, height },
    };
    let quality = (format == Format::Jpeg).then_some(config.image_quality);
    Some(Plan { resize, format: Written::As(format), quality, ..Plan::ORIGINAL })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::tests::config;

    #[test]
    fn names_are_made_fit_and_kinds_are_looked_at() {
        let config = config();
        for (name, stored) in [
            ("My Photo (1).JPG", Some("my-photo-1.JPG")),
            ("a.b.c.jpg", Some("a-b-c.jpg")),
            ("日本語.jpg", Some(".jpg")),
            ("notes.md", Some("notes.md")),
            ("README", None),
            ("trick.pe", None),
            ("w.webp", None),
            ("evil.exe", None),
            ("dot.", None),
        ] {
            assert_eq!(stored_name(&config, name).as_deref(), stored, "{name}");
        }
        let as_sent = Config { safe_names: false, ..config };
        assert_eq!(stored_name(&as_sent, "My Photo (1).JPG").as_deref(), Some("My Photo (1).JPG"));
    }

    #[test]
    fn slugs_are_those_of_the_reference_server() {
        let samples: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(include_str!("../tests/slugs.json")).unwrap();
        let wrong: Vec<_> = samples
            .iter()
            .filter(|(name, slug)| slugify(name) != slug.as_str().unwrap())
            .map(|(name, slug)| format!("{name:?}: {:?} and not {slug}", slugify(name)))
            .collect();
        assert_eq!((samples.len(), wrong), (77, Vec::new()));
    }

    #[test]
    fn images_are_drawn_as_is_set() {
        let config = config();
        let plan = plan_for(&config, "a.JPG", Some((2_400, 1_350)));
        assert_eq!(plan.map(|plan| (plan.resize, plan.quality)), Some((Resize::Width(1_600), Some(70))));
        assert_eq!(plan_for(&config, "a.gif", Some((1, 1))).map(|plan| plan.format), Some(Written::As(Format::Gif)));
        assert_eq!(plan_for(&config, "a.txt", Some((1, 1))), None);
        assert_eq!(plan_for(&config, "a.jpg", None), None);
        let small = Config { max_image_px: (100, 0), ..config };
        assert_eq!(plan_for(&small, "a.jpg", Some((101, 1))), None);
        assert!(plan_for(&small, "a.jpg", Some((100, 9_999))).is_some());
    }
}
