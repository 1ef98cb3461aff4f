//! The surface as a typed client decodes it: no missing key, no null where it has none, numbers in their ranges.

use library::Rights;
use serde::Deserialize;
use serde_json::Value;

use super::Agent;
use crate::support::{
    on_each_engine,
    pictures::{jpeg, png},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct FileFull {
    id: u32,
    name: String,
    filename: String,
    r#type: FileType,
    filesize: u32,
    checksum: String,
    width: u16,
    height: u16,
    dpi: u16,
    length: Option<u16>,
    rating: u8,
    nr_downloads: u32,
    mark: u32,
    uploaded_by: u32,
    uploaded: String,
    added_to_folder: String,
    photographer: String,
    description: String,
    instructions: String,
    iccprofile: Option<i32>,
    geodata: Option<Geodata>,
    processed: bool,
    has_preview: bool,
    has_versions: bool,
    has_history: bool,
    locked: bool,
    icon: Option<String>,
    previews: Vec<Preview>,
    small_preview: String,
    medium_preview: String,
    thumb_preview: String,
    comment: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct FileType {
    id: u32,
    r#type: String,
    description: String,
    extension: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct Geodata {
    longitude: f64,
    latitude: f64,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct Preview {
    name: String,
    size: String,
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct Folder {
    id: u32,
    name: String,
    r#type: i32,
    depth: u32,
    parent: Option<u32>,
    created: String,
    created_by: u32,
    has_children: bool,
    archived: bool,
    view_layout: String,
    separator: bool,
    parents: Option<Vec<Parent>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct Parent {
    id: u32,
    name: String,
    r#type: i32,
    depth: u32,
    parent: Option<u32>,
    has_children: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct Download {
    id: i32,
    format: String,
    watermark: bool,
    is_preview: bool,
    filetype: String,
    expires_in: Option<u32>,
    #[serde(rename = "downloadURL")]
    download_url: String,
    download_warning: bool,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "that they decode is what is tried")]
struct Format {
    id: i32,
    name: String,
    width: i32,
    height: i32,
}

/// The list that a path answers with, decoded; an object with `status` and `error` in it would be taken for a refusal.
async fn decoded<T: for<'a> Deserialize<'a>>(agent: &Agent<'_>, target: &str) -> Vec<T> {
    let list = Value::Array(agent.list(target).await);
    serde_json::from_value(list.clone()).unwrap_or_else(|error| panic!("{target}: {error} in {list:#}"))
}

#[test]
fn everything_decodes() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let (outer, app) = (agent.folder(agent.root, "Outer").await, agent.organization.app_id);
        let inner = agent.folder(outer, "Inner").await;
        for (name, bytes) in
            [("a.jpg", jpeg(60, 40)), ("b.png", png(32, 20)), ("c", b"?".to_vec()), ("d.srt", b"1".to_vec())]
        {
            agent.upload(inner, name, &bytes).await;
        }
        for settled in [false, true] {
            if settled {
                server.settle().await;
            }
            for target in ["files", "file"] {
                let files: Vec<FileFull> = decoded(&agent, &format!("/1/folders/{inner}/{target}?fields=any")).await;
                assert_eq!(files.len(), 4);
                for file in &files {
                    assert!(file.uploaded.len() == 19 && file.uploaded.starts_with("2023-11-14 "), "{}", file.uploaded);
                }
            }
        }
        let latest: Vec<FileFull> = decoded(&agent, "/1/files/latest?fields=ALL&per_page=1000").await;
        assert_eq!(
            latest.iter().map(|file| file.filename.as_str()).collect::<Vec<_>>(),
            ["d.srt", "c", "b.png", "a.jpg"]
        );
        assert_eq!(latest.iter().map(|file| file.r#type.id).collect::<Vec<_>>(), [592, 200, 103, 101]);
        let tops: Vec<Folder> = decoded(&agent, "/1/folders").await;
        assert_eq!(tops.iter().map(|folder| i64::from(folder.id)).collect::<Vec<_>>(), [agent.root]);
        let children: Vec<Folder> = decoded(&agent, &format!("/1/folders/{}/children", agent.root)).await;
        assert_eq!(
            children.iter().map(|folder| (i64::from(folder.id), folder.has_children)).collect::<Vec<_>>(),
            [(app, false), (outer, true)]
        );
        assert!(decoded::<Folder>(&agent, &format!("/1/folders/{inner}/children")).await.is_empty());
        let folder: Vec<Folder> = decoded(&agent, &format!("/1/folder/{inner}")).await;
        let parents: Vec<i64> = folder[0].parents.as_ref().unwrap().iter().map(|parent| i64::from(parent.id)).collect();
        assert_eq!((parents, folder[0].depth), (vec![agent.root, outer], 2));
        assert_eq!(decoded::<Folder>(&agent, "/1/foldertree?fields=all").await.len(), 4);
        let id = latest[3].id;
        let downloads: Vec<Download> = decoded(&agent, &format!("/1/files/{id}/downloads")).await;
        assert_eq!(downloads.len(), 5);
        let text: Vec<Download> = decoded(&agent, &format!("/1/files/{}/downloads", latest[0].id)).await;
        assert_eq!(text.len(), 1, "what can not be drawn has no other form than its own");
        assert_eq!(decoded::<Download>(&agent, &format!("/1/files/{id}/downloads/0")).await.len(), 1);
        assert_eq!(decoded::<Format>(&agent, "/1/format").await.len(), 5);
        // A key that is confined to a folder sees that as the top.
        let confined = Agent::with(server, agent.organization.clone(), Rights::CHANGE, Some(outer)).await;
        let tree: Vec<Folder> = decoded(&confined, "/1/foldertree?fields=all").await;
        assert_eq!(
            tree.iter().map(|folder| (folder.name.as_str(), folder.depth)).collect::<Vec<_>>(),
            [("Outer", 0), ("Inner", 1)]
        );
        assert_eq!(decoded::<FileFull>(&confined, "/1/file/latest?fields=any").await.len(), 4);
    });
}
