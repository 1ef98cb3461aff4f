//! Runs a program on a library and on the model of one, and compares what both say and show.

use std::{collections::HashMap, fmt};

use content::Portion;
use library::{Actor, Folder, Ingest, JobRunner, Limits, Listing, Search};

use super::{
    program::{BYTES, Name, Pick, Step},
    world::{Ages, Said, World},
};
use crate::support::{Bench, read};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// A library in which each program gets a tenant of its own.
pub struct Stage {
    bench: Bench,
    foreign_file: i64,
}

/// A tenant and its model, and under which ids the one has what the other counts.
struct Drive<'a> {
    bench: &'a Bench,
    actor: Actor,
    space: Folder,
    world: World,
    folders: Vec<i64>,
    files: Vec<i64>,
    /// How many blobs were stored before.
    stored: usize,
}

impl Stage {
    pub async fn new(engine: &str) -> Self {
        let limits = Limits { trash_age_ms: 10 * HOUR_MS, holding_age_ms: 5 * HOUR_MS, ..Limits::default() };
        let bench = Bench::new(engine, limits).await;
        let foreign_file = bench.upload("foreign.txt", b"foreign").await.unwrap().id;
        Self { bench, foreign_file }
    }

    /// Runs a program up to the first difference.
    pub async fn run(&self, program: &[Step]) -> Result<(), String> {
        let mut drive = Drive::new(self).await;
        for (at, step) in program.iter().enumerate() {
            let said = drive.take(step).await;
            let expected = drive.foretell(step);
            same(&text(&said), &text(&expected), &format!("step {at}, {step:?}"))?;
            if matches!(step, Step::Look) || at + 1 == program.len() {
                same(&drive.shown().await, &drive.world.picture(), &format!("what is seen after step {at}"))?;
            }
        }
        same(&self.bench.problems().await, &Vec::new(), "what is wrong at the end")
    }

    /// Lets so much time pass that what earlier programs left behind is purged, collected and dropped, and takes count.
    async fn settle(&self) -> usize {
        for _ in 0..4 {
            self.bench.pass(11 * HOUR_MS);
            JobRunner::new(self.bench.library.clone()).run_due().await.unwrap();
        }
        self.bench.pass(HOUR_MS);
        assert_eq!(self.bench.files("holding"), 0);
        self.bench.files("originals")
    }
}

/// What is compared of an answer: the slug given, or the fault.
fn text(said: &Said) -> String {
    said.as_ref().map_or_else(|fault| format!("{fault:?}"), String::clone)
}

fn same<T: PartialEq + fmt::Debug>(said: &T, expected: &T, what: &str) -> Result<(), String> {
    if said == expected { Ok(()) } else { Err(format!("{what}: {said:#?}, expected {expected:#?}")) }
}

/// The bytes that a number stands for.
fn bytes(kind: usize) -> Vec<u8> {
    vec![b'0' + u8::try_from(kind).unwrap(); BYTES[kind]]
}

impl<'a> Drive<'a> {
    async fn new(stage: &'a Stage) -> Self {
        let (stored, bench) = (stage.settle().await, &stage.bench);
        let limits = bench.library.limits();
        let ages = Ages {
            trash_ms: limits.trash_age_ms,
            garbage_ms: limits.garbage_age_ms,
            holding_ms: limits.holding_age_ms,
            tend_every_ms: HOUR_MS,
        };
        let (founded, actor) = bench.another_tenant().await;
        let space = bench.library.found_space(&actor, founded.tenant.id, "Space", founded.admin.id).await.unwrap();
        let folder = bench.library.create_folder(&actor, founded.root.id, "Things").await.unwrap();
        Self {
            world: World::new(bench.library.now_ms(), ages),
            folders: vec![founded.root.id, space.id, folder.id, bench.folder.id],
            files: vec![stage.foreign_file],
            bench,
            actor,
            space,
            stored,
        }
    }

    /// Does a step to the model.
    fn foretell(&mut self, step: &Step) -> Said {
        let world = &mut self.world;
        match step {
            Step::MakeFolder { parent, name } => world.make_folder(world.folder_at(*parent), *name),
            Step::Upload { folder, files } => world.upload(world.folder_at(*folder), files),
            Step::Replace { file, bytes } => world.replace(world.file_at(*file), *bytes),
            Step::ChangeFile { file, name, folder } => {
                world.change_file(world.file_at(*file), *name, folder.map(|at| world.folder_at(at)))
            }
            Step::ChangeFolder { folder, name, parent } => {
                world.change_folder(world.folder_at(*folder), *name, parent.map(|at| world.folder_at(at)))
            }
            Step::TrashFile(file) => world.trash_file(world.file_at(*file)),
            Step::TrashFolder(folder) => world.trash_folder(world.folder_at(*folder)),
            Step::RestoreFile(pick) => world.restore_file(world.picked_file(*pick)),
            Step::RestoreFolder(pick) => world.restore_folder(world.picked_folder(*pick)),
            Step::PurgeFile(pick) => world.purge_file(world.picked_file(*pick)),
            Step::PurgeFolder(pick) => world.purge_folder(world.picked_folder(*pick)),
            Step::Limit { file, downloads, lasts_ms } => {
                world.limit(world.file_at(*file), *downloads, lasts_ms.map(|ms| world.now_ms + ms))
            }
            Step::Download(file) => world.download(world.file_at(*file)),
            Step::Pass { ms } => {
                world.now_ms += ms;
                Ok(String::new())
            }
            Step::RunJobs => {
                world.run_jobs();
                Ok(String::new())
            }
            Step::Collect { dry_run } => Ok(format!("{:?}", world.collect(*dry_run))),
            Step::Search { term, under, trashed } => world.search(term, under.map(|at| world.folder_at(at)), *trashed),
            Step::Look => Ok(String::new()),
        }
    }

    /// Does a step to the library. Before the model does it, for that knows which things are meant.
    async fn take(&mut self, step: &Step) -> Said {
        let (library, actor) = (self.bench.library.clone(), self.actor.clone());
        let folder = |at: &usize| self.folders[self.world.folder_at(*at)];
        let file = |at: &usize| self.files[self.world.file_at(*at)];
        let picked_folder = |pick: &Pick| self.folders[self.world.picked_folder(*pick)];
        let picked_file = |pick: &Pick| self.files[self.world.picked_file(*pick)];
        let done = |()| String::new();
        match step {
            Step::MakeFolder { parent, name } => {
                let made = library.create_folder(&actor, folder(parent), name.given).await?;
                self.folders.push(made.id);
                Ok(made.slug)
            }
            Step::Upload { folder: at, files } => self.upload(folder(at), files).await,
            Step::Replace { file: at, bytes: kind } => {
                let upload = self.bench.received("ignored", &bytes(*kind)).await;
                let replaced = library.replace_asset(&actor, file(at), upload).await?;
                Ok(replaced.version.as_ref().unwrap().number.to_string())
            }
            Step::ChangeFile { file: at, name, folder: to } => {
                let (name, to) = (name.map(|name| name.given), to.as_ref().map(folder));
                Ok(library.change_asset(&actor, file(at), name, to).await?.slug.clone())
            }
            Step::ChangeFolder { folder: at, name, parent } => {
                let (name, parent) = (name.map(|name| name.given), parent.as_ref().map(folder));
                Ok(library.change_folder(&actor, folder(at), name, parent).await?.slug)
            }
            Step::TrashFile(at) => library.trash_asset(&actor, file(at)).await.map(done),
            Step::TrashFolder(at) => library.trash_folder(&actor, folder(at)).await.map(done),
            Step::RestoreFile(pick) => Ok(library.restore_asset(&actor, picked_file(pick)).await?.slug.clone()),
            Step::RestoreFolder(pick) => Ok(library.restore_folder(&actor, picked_folder(pick)).await?.slug),
            Step::PurgeFile(pick) => library.purge_asset(&actor, picked_file(pick)).await.map(done),
            Step::PurgeFolder(pick) => library.purge_folder(&actor, picked_folder(pick)).await.map(done),
            Step::Limit { file: at, downloads, lasts_ms } => {
                let expires_at = lasts_ms.map(|ms| library.now_ms() + ms);
                library.limit_asset(&actor, file(at), *downloads, expires_at).await.map(done)
            }
            Step::Download(at) => self.download(&actor, file(at)).await,
            Step::Pass { ms } => {
                self.bench.pass(*ms);
                Ok(String::new())
            }
            Step::RunJobs => JobRunner::new(library).run_due().await.map(|_| String::new()),
            Step::Collect { dry_run } => {
                let collected = library.collect(&self.bench.system(), *dry_run).await?;
                Ok(format!("{collected:?}"))
            }
            Step::Search { term, under, trashed } => self.search(term, under.as_ref().map(folder), *trashed).await,
            Step::Look => Ok(String::new()),
        }
    }

    async fn upload(&mut self, folder: i64, files: &[(Name, usize)]) -> Said {
        let mut uploads = Vec::new();
        for (name, kind) in files {
            uploads.push(self.bench.received(name.given, &bytes(*kind)).await);
        }
        let added = self.bench.library.add_assets(&self.actor, folder, uploads, Ingest::default()).await?;
        self.files.extend(added.iter().map(|asset| asset.id));
        Ok(added.iter().map(|asset| asset.slug.as_str()).collect::<Vec<_>>().join(" "))
    }

    async fn download(&self, actor: &Actor, file: i64) -> Said {
        let delivery = self.bench.library.contents(actor, file, None).await?;
        let whole = Portion { bytes: delivery.content.body.len(), resumes: false };
        self.bench.library.count_download(actor, &delivery.toll, Some(whole)).await?;
        self.bench.library.flush_downloads().await?;
        Ok(read(&delivery.content).await.len().to_string())
    }

    async fn search(&self, term: &str, under: Option<i64>, trashed: bool) -> Said {
        let search = Search { name: term.to_owned(), texts: false, id: None, under, trashed, page: 0, limit: 1_000 };
        let hits = self.bench.library.search(&self.actor, &search).await?;
        let nth = |ids: &[i64], id: i64| ids.iter().position(|known| *known == id);
        let folders: Vec<_> = hits.folders.iter().map(|folder| nth(&self.folders, folder.id)).collect();
        let files: Vec<_> = hits.assets.iter().map(|asset| nth(&self.files, asset.id)).collect();
        Ok(format!("folders {folders:?} files {files:?} of {:?}", hits.total))
    }

    /// All that the library shows, told by the model's numbers.
    async fn shown(&self) -> Vec<String> {
        let (library, actor) = (&self.bench.library, &self.actor);
        let folder_at: HashMap<i64, usize> = self.folders.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let file_at: HashMap<i64, usize> = self.files.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut lines = Vec::new();
        for (at, id) in self.folders.iter().enumerate() {
            let Listing { folders, assets, .. } = match library.list_folder(actor, *id).await {
                Ok(listing) => listing,
                Err(fault) => {
                    lines.push(format!("folder {at}: {fault:?}"));
                    continue;
                }
            };
            lines.push(format!("folder {at}"));
            lines.extend(folders.iter().map(|f| format!("  folder {} {:?} {}", folder_at[&f.id], f.name, f.slug)));
            for asset in assets {
                let version = asset.version.as_ref().unwrap();
                lines.push(format!(
                    "  file {} {:?} {} version {} of {} bytes, {} downloads of {:?} until {:?}",
                    file_at[&asset.id],
                    asset.name,
                    asset.slug,
                    version.number,
                    version.blob.size,
                    asset.download_count,
                    asset.download_limit,
                    asset.expires_at,
                ));
            }
        }
        for (at, id) in self.files.iter().enumerate() {
            match library.contents(actor, *id, None).await {
                Ok(delivery) => {
                    let (first, len) = (read(&delivery.content).await, delivery.content.body.len());
                    assert!(first.iter().all(|byte| *byte == first[0]), "file {at} is mixed");
                    lines.push(format!("file {at}: {:?} times {len}", first.first()));
                }
                Err(fault) => lines.push(format!("file {at}: {fault:?}")),
            }
        }
        let trash = library.trash(actor).await.unwrap();
        let folders: Vec<usize> = trash.folders.iter().map(|folder| folder_at[&folder.id]).collect();
        let files: Vec<usize> = trash.assets.iter().map(|asset| file_at[&asset.id]).collect();
        lines.push(format!("trash: folders {folders:?} files {files:?}"));
        lines.push(self.search("", None, false).await.unwrap());
        lines.push(format!("{} bytes in the space", library.space_bytes(actor, &self.space).await.unwrap()));
        let stored = self.bench.files("originals") - self.stored;
        lines.push(format!("stored: {:?}", (stored, self.bench.files("holding"))));
        lines
    }
}
