//! Operations as requests, and what is heard of them when the server may die at any moment.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{dice::Filling, ledger::Operation, process::Victim};
use crate::support::{Answer, Ask, client::exchange, forms::Form};

/// What came back.
pub enum Heard {
    Whole(Answer),
    /// That it is done, but not all of the answer.
    Status,
    Nothing,
}

/// How an operation ended.
pub enum Outcome {
    /// Done, with the ids of what is new.
    Done(Vec<i64>),
    Told,
    Unheard,
}

/// Does it, which must succeed unless the server dies.
pub async fn perform(server: &Victim, token: &str, operation: &Operation) -> Outcome {
    if let Operation::Replace { file, filling } = operation {
        let replaced = server.replace(*file, *filling).await;
        return replaced.map_or(Outcome::Unheard, |()| Outcome::Done(Vec::new()));
    }
    let ask = ask_for(server, operation).token(token);
    match send(ask).await {
        Heard::Whole(answer) => {
            let made = matches!(operation, Operation::Upload { .. } | Operation::CreateFolder { .. });
            let answer = answer.expect(if made { 201 } else { 200 });
            Outcome::Done(if made { new_ids(&answer.json()) } else { Vec::new() })
        }
        Heard::Status => Outcome::Told,
        Heard::Nothing => Outcome::Unheard,
    }
}

/// A file's or a folder's state, or a listing, or bytes. None when the server dies meanwhile.
pub async fn get(server: &Victim, token: &str, target: &str) -> Option<Answer> {
    let ask = Ask::new(server.address, "GET", &format!("/fliplet/v1/media{target}")).token(token);
    match send(ask).await {
        Heard::Whole(answer) => Some(answer),
        Heard::Status | Heard::Nothing => None,
    }
}

fn ask_for(server: &Victim, operation: &Operation) -> Ask {
    let (method, target, body) = match operation {
        Operation::Upload { folder, files } => return upload(server, *folder, files),
        Operation::CreateFolder { parent, name } => {
            ("POST", "folders".to_owned(), Some(json!({ "name": name, "parentId": parent })))
        }
        Operation::RenameFile { file, name } => ("PUT", format!("files/{file}"), Some(json!({ "name": name }))),
        Operation::RenameFolder { folder, name } => ("PUT", format!("folders/{folder}"), Some(json!({ "name": name }))),
        Operation::MoveFile { file, to } => ("PUT", format!("files/{file}"), Some(json!({ "mediaFolderId": to }))),
        Operation::MoveFolder { folder, to } => ("PUT", format!("folders/{folder}"), Some(json!({ "parentId": to }))),
        Operation::TrashFile { file } => ("DELETE", format!("files/{file}"), None),
        Operation::TrashFolder { folder } => ("DELETE", format!("folders/{folder}"), None),
        Operation::RestoreFile { file } => ("POST", format!("files/{file}/restore"), None),
        Operation::RestoreFolder { folder } => ("POST", format!("folders/{folder}/restore"), None),
        Operation::PurgeFile { file } => ("DELETE", format!("deleted/files/{file}"), None),
        Operation::PurgeFolder { folder } => ("DELETE", format!("deleted/folders/{folder}"), None),
        Operation::Replace { .. } | Operation::Read { .. } => unreachable!("that is done elsewhere"),
    };
    let ask = Ask::new(server.address, method, &format!("/fliplet/v1/media/{target}"));
    if let Some(body) = body { ask.json(&body) } else { ask }
}

fn upload(server: &Victim, folder: i64, files: &[(String, Filling)]) -> Ask {
    let form = files.iter().enumerate().fold(Form::new(), |form, (at, (name, filling))| {
        form.file(&format!("files[{at}]"), name, "application/octet-stream", &filling.bytes())
    });
    form.put_in(Ask::new(server.address, "POST", &format!("/fliplet/v1/media/files?folderId={folder}")))
}

fn new_ids(answer: &Value) -> Vec<i64> {
    let made = answer["files"].as_array().map_or(std::slice::from_ref(answer), Vec::as_slice);
    made.iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

/// What comes back, when the server may die meanwhile.
pub async fn send(ask: Ask) -> Heard {
    let Ok(stream) = TcpStream::connect(ask.address()).await else { return Heard::Nothing };
    let received = exchange(stream, &ask.bytes()).await;
    if is_whole(&received) {
        return Heard::Whole(ask.read(&received));
    }
    let status = received.get(..10).is_some_and(|begin| begin == b"HTTP/1.1 2");
    if status { Heard::Status } else { Heard::Nothing }
}

/// Whether an answer has the length that it says it has. None of those that are asked for here comes in chunks.
fn is_whole(received: &[u8]) -> bool {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
    if head.starts_with("http/1.1 204 ") {
        return true;
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    length == Some(received.len() - end - 4)
}
