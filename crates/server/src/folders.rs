//! The commands about folders.

use clap::{Args, Subcommand};
use library::{Actor, Found, Library, Origin};
use serde_json::{Value, json};

use crate::Failure;

/// `mediary folder …`
#[derive(Debug, Subcommand)]
pub(crate) enum FolderCommand {
    /// Let anybody read what lies directly in a folder, where no access rules say otherwise.
    Publish(FolderPath),
    /// Let nobody read without a key what lies directly in a folder, where no access rules say otherwise.
    Hide(FolderPath),
}

/// Which folder.
#[derive(Debug, Args)]
pub(crate) struct FolderPath {
    /// Whose.
    #[arg(long)]
    tenant: i64,
    /// Its path, as Flextype's API has it; empty for the root.
    path: String,
}

pub(crate) async fn run(library: &Library, command: FolderCommand) -> Result<Value, Failure> {
    let (of, public) = match command {
        FolderCommand::Publish(of) => (of, true),
        FolderCommand::Hide(of) => (of, false),
    };
    let system = Actor::system(Origin::default());
    let slugs: Vec<&str> = of.path.split('/').filter(|slug| !slug.is_empty()).collect();
    let top = library.top_of_tenant(of.tenant).await?;
    let Found::Folder(folder) = library.find_by_path(&system, top, &slugs).await? else {
        return Err(format!("{} is a file", of.path).into());
    };
    library.publish_folder(&system, folder.id, public).await?;
    Ok(json!({ "id": folder.id, "path": of.path, "public": public }))
}
