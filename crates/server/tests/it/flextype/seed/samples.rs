//! What the seed prints, byte for byte: bodies of requests, one command, and answers.

/// "Fetch single file": the answer.
pub const FILE: &str = r#"{
    "data": {
        "title": "Episode 21",
        "filename": "cover.jpg",
        "basename": "cover",
        "extension": "jpg",
        "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21",
        "url": "project/uploads/entries/movies/sg-1/season-5/episode-21/cover.jpg",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21/cover.jpg"
    }
}"#;

/// "Fetch files collection": the answer.
pub const FILES: &str = r#"{
    "data": {
        "cover.jpg": {
            "title": "Episode 21",
            "filename": "cover.jpg",
            "basename": "cover",
            "extension": "jpg",
            "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21",
            "url": "project/uploads/entries/movies/sg-1/season-5/episode-21/cover.jpg",
            "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21/cover.jpg"
        }
    }
}"#;

/// "Upload file": the command.
pub const UPLOAD: &str = r#"curl -i -X POST \
  -H "Content-Type: multipart/form-data" \
  -F "token=efe1e36e4d60fcd547e22eb9f795dff92" \
  -F "access_token=efe1e36e4d60fcd547e22eb9f795dff91" \
  -F "folder=entries/movies/sg-1/season-5/episode-21" \
  -F "file=@/users/awilum/documents/new-covers/new-cover.jpg" \
  https://localhost:8888/flextype/api/media/files"#;

/// Its answer.
pub const UPLOADED: &str = r#"{
  "data": {
    "title": "New Cover",
    "description": "",
    "type": "image/jpeg",
    "filesize": 342298,
    "uploaded_on": 1596107422,
    "exif": {
      "html": "width=\"1600\" height=\"900\"",
      "Height": 900,
      "Width": 1600,
      "IsColor": 1
    },
    "filename": "new-cover.jpg",
    "basename": "new-cover",
    "extension": "jpg",
    "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21",
    "url": "project/uploads/entries/movies/sg-1/season-5/episode-21/new-cover.jpg",
    "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21/new-cover.jpg"
  }
}"#;

/// "Move file", the first example: the body.
pub const RENAME: &str = r#"{
    "id": "entries/movies/sg-1/season-5/episode-21/cover.jpg",
    "new_id": "entries/movies/sg-1/season-5/episode-21/new-cover.jpg",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const RENAMED: &str = r#"{
    "data": {
        "title": "Episode 21",
        "filename": "new-cover.jpg",
        "basename": "new-cover",
        "extension": "jpg",
        "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21",
        "url": "project/uploads/entries/movies/sg-1/season-5/episode-21/new-cover.jpg",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21/new-cover.jpg"
    }
}"#;

/// "Move file", the second example.
pub const MOVE: &str = r#"{
	"id": "entries/movies/sg-1/season-5/episode-21/cover.jpg",
    "new_id": "entries/movies/sg-1/season-5/cover.jpg",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const MOVED: &str = r#"{
    "data": {
        "title": "Episode 21",
        "filename": "cover.jpg",
        "basename": "cover",
        "extension": "jpg",
        "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5",
        "url": "project/uploads/entries/movies/sg-1/season-5/cover.jpg",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/new-cover.jpg"
    }
}"#;

/// "Copy File"
pub const COPY: &str = r#"{
	"id": "entries/movies/sg-1/season-5/cover.jpg",
    "new_id": "entries/movies/sg-1/season-5/episode-21/cover.jpg",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const COPIED: &str = r#"{
    "data": {
        "title": "Episode 21",
        "filename": "cover.jpg",
        "basename": "cover",
        "extension": "jpg",
        "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21",
        "url": "project/uploads/entries/movies/sg-1/season-5/episode-21/cover.jpg",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21/cover-4.jpg"
    }
}"#;

/// "Delete file"
pub const DELETE: &str = r#"{
	"id": "entries/movies/sg-1/season-5/episode-21/new-cover.jpg",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// "Update File Meta"
pub const UPDATE: &str = r#"{
    "field": "title",
    "value": "Season 5",
	"id": "entries/movies/sg-1/season-5/cover.jpg",
    "new_id": "entries/movies/sg-1/season-5/episode-21/cover.jpg",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const UPDATED: &str = r#"{
    "data": {
        "title": "Season 5",
        "filename": "cover.jpg",
        "basename": "cover-4",
        "extension": "jpg",
        "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5",
        "url": "project/uploads/entries/movies/sg-1/season-5/cover.jpg",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/cover.jpg"
    }
}"#;

/// "Add File Meta"
pub const ADD: &str = r#"{
    "field": "tags",
    "value": "sg-1, season-5",
	"id": "entries/movies/sg-1/season-5/cover.jpg",
    "new_id": "entries/movies/sg-1/season-5/episode-21/cover.jpg",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const ADDED: &str = r#"{
    "data": {
        "title": "Season 5",
        "tags": "sg-1, season-5",
        "filename": "cover.jpg",
        "basename": "cover-4",
        "extension": "jpg",
        "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5",
        "url": "project/uploads/entries/movies/sg-1/season-5/cover.jpg",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/cover.jpg"
    }
}"#;

/// "Delete File Meta"
pub const DELETE_META: &str = r#"{
    "field": "tags",
	"id": "entries/movies/sg-1/season-5/cover.jpg",
    "new_id": "entries/movies/sg-1/season-5/episode-21/cover.jpg",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const WITHOUT_META: &str = r#"{
    "data": {
        "title": "Season 5",
        "filename": "cover.jpg",
        "basename": "cover-4",
        "extension": "jpg",
        "dirname": "/htdocs/flextype/project/uploads/entries/movies/sg-1/season-5",
        "url": "project/uploads/entries/movies/sg-1/season-5/cover.jpg",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/cover.jpg"
    }
}"#;

/// "Create folder"
pub const CREATE_FOLDER: &str = r#"{
	"id": "entries/movies/platform",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const FOLDER: &str = r#"{
    "data": {
        "id": "entries/movies/platform",
        "full_id": "/htdocs/flextype/project/uploads/entries/movies/platform",
        "url": "project/uploads/entries/movies/platform",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/platform"
    }
}"#;

/// "Move folder", the first example.
pub const RENAME_FOLDER: &str = r#"{
    "id": "entries/movies/platform",
    "new_id": "entries/movies/the-platform",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const RENAMED_FOLDER: &str = r#"{
    "data": {
        "id": "entries/movies/the-platform",
        "full_id": "/htdocs/flextype/project/uploads/entries/movies/the-platform",
        "url": "project/uploads/entries/movies/the-platform",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/the-platform"
    }
}"#;

/// "Move folder", the second example.
pub const MOVE_FOLDER: &str = r#"{
	"id": "entries/movies/the-platform",
    "new_id": "entries/movies/2019/the-platform",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const MOVED_FOLDER: &str = r#"{
    "data": {
        "id": "entries/movies/2019/the-platform",
        "full_id": "/htdocs/flextype/project/uploads/entries/movies/2019/the-platform",
        "url": "project/uploads/entries/movies/2019/the-platform",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/2019/the-platform"
    }
}"#;

/// "Copy folder"
pub const COPY_FOLDER: &str = r#"{
	"id": "entries/movies/2019/the-platform",
    "new_id": "entries/movies/horror/the-platform",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;

/// Its answer.
pub const COPIED_FOLDER: &str = r#"{
    "data": {
        "id": "entries/movies/horror/the-platform",
        "full_id": "/htdocs/flextype/project/uploads/entries/movies/horror/the-platform",
        "url": "project/uploads/entries/movies/horror/the-platform",
        "full_url": "https://localhost:8888/flextype/project/uploads/entries/movies/horror/the-platform"
    }
}"#;

/// "Delete folder"
pub const DELETE_FOLDER: &str = r#"{
	"id": "entries/movies/horror/the-platform",
	"token": "f3acf199a9ac120d3bfd604e1e382456",
	"access_token": "bbc4417d171e38099bd129aeca279018"
}"#;
