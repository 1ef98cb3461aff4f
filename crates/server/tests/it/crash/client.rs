//! One client: it works at random in a folder of its own, notes what it is told, and looks whether all of that is true.

use serde_json::Value;

use super::{
    choice::Choice,
    dice::{Dice, hash_of},
    ledger::{Ledger, Operation, Sight, Subject},
    process::Victim,
    request::{Outcome, get, perform},
};
use crate::support::Answer;

pub struct Client {
    index: u64,
    token: String,
    dice: Dice,
    ledger: Ledger,
    /// What it was doing when the server died.
    pending: Option<Pending>,
    number: u64,
    pub tally: Tally,
}

struct Pending {
    operation: Operation,
    /// The answer had begun to come, so it is done.
    told: bool,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub done: u64,
    pub cut_off_and_done: u64,
    pub cut_off_and_not_done: u64,
}

impl Client {
    pub fn new(index: u64, seed: u64, token: &str, top: i64, name: &str) -> Self {
        let dice = Dice::new(Dice::new(seed.wrapping_add(index)).next());
        let (token, ledger) = (token.to_owned(), Ledger::new(top, name));
        Self { index, token, dice, ledger, pending: None, number: 0, tally: Tally::default() }
    }

    /// Does one thing after another until the server is dead.
    pub async fn work(&mut self, server: &Victim) {
        if self.settle(server).await.is_none() {
            return;
        }
        loop {
            let operation = self.choose();
            if let Operation::Read { .. } = operation {
                let Some(seen) = self.look(server, operation.subject()).await else { return };
                assert_eq!(seen, self.ledger.sight(operation.subject()), "while the server lives");
                continue;
            }
            let told = match perform(server, &self.token, &operation).await {
                Outcome::Done(ids) => {
                    self.ledger.enter(&operation, &ids);
                    self.tally.done += 1;
                    server.acknowledge();
                    continue;
                }
                Outcome::Told => true,
                Outcome::Unheard => false,
            };
            self.pending = Some(Pending { operation, told });
            return;
        }
    }

    fn choose(&mut self) -> Operation {
        loop {
            self.number += 1;
            let fresh = self.index << 40 | self.number;
            if let Some(operation) = Choice::of(&self.ledger, &mut self.dice, fresh).roll() {
                return operation;
            }
        }
    }

    /// Finds out whether what it was doing last was done: wholly or not at all. None when the server dies meanwhile.
    async fn settle(&mut self, server: &Victim) -> Option<()> {
        let Some(Pending { operation, told }) = &self.pending else { return Some(()) };
        let after = match operation.subject() {
            Subject::New { parent } => self.with_new(server, operation, parent).await?,
            subject => {
                let mut after = self.ledger.clone();
                after.enter(operation, &[]);
                let seen = self.look(server, subject).await?;
                let before = self.ledger.sight(subject);
                assert!(seen == before || seen == after.sight(subject), "{operation:?} made {seen:?} of {before:?}");
                (seen != before).then_some(after)
            }
        };
        assert!(after.is_some() || !told, "{operation:?} was acknowledged and is not done");
        self.pending = None;
        match after {
            None => self.tally.cut_off_and_not_done += 1,
            Some(after) => {
                self.ledger = after;
                self.tally.cut_off_and_done += 1;
            }
        }
        Some(())
    }

    /// The ledger with what an operation made, if it is there.
    async fn with_new(&self, server: &Victim, operation: &Operation, parent: i64) -> Option<Option<Ledger>> {
        let listing = self.get(server, &format!("?folderId={parent}")).await?.expect(200).json();
        let names = operation.new_names();
        let ids: Vec<i64> = names.iter().filter_map(|name| id_of(&listing, name)).collect();
        if ids.is_empty() {
            return Some(None);
        }
        assert_eq!(ids.len(), names.len(), "half of {operation:?} was done");
        let mut after = self.ledger.clone();
        after.enter(operation, &ids);
        for id in ids {
            let is_file = matches!(operation, Operation::Upload { .. });
            let subject = if is_file { Subject::File(id) } else { Subject::Folder(id) };
            assert_eq!(self.look(server, subject).await?, after.sight(subject), "of {operation:?}");
        }
        Some(Some(after))
    }

    /// Looks at everything: what it was told is so.
    pub async fn check(&mut self, server: &Victim) {
        self.settle(server).await.expect("nobody kills this server");
        let ledger = &self.ledger;
        let files = ledger.files.keys().chain(&ledger.ended_files).map(|id| Subject::File(*id));
        let folders = ledger.folders.keys().chain(&ledger.ended_folders).map(|id| Subject::Folder(*id));
        for subject in files.chain(folders) {
            let seen = self.look(server, subject).await.unwrap();
            assert_eq!(seen, ledger.sight(subject), "client {}: {subject:?}", self.index);
        }
        for id in ledger.folders.keys().filter(|id| ledger.folder_lives(**id)) {
            let listing = self.get(server, &format!("?folderId={id}")).await.unwrap().expect(200).json();
            let mut names: Vec<String> = items(&listing).map(name_of).collect();
            names.sort_unstable();
            assert_eq!(names, ledger.names_in(*id), "client {}: folder {id}", self.index);
        }
    }

    /// What can be seen of something. None when the server dies meanwhile.
    async fn look(&self, server: &Victim, subject: Subject) -> Option<Sight> {
        match subject {
            Subject::File(id) => {
                let view = seen(self.get(server, &format!("/files/{id}")).await?).map(|answer| answer.json());
                let contents = seen(self.get(server, &format!("/files/{id}/contents")).await?);
                let Some(view) = view else {
                    assert!(contents.is_none(), "file {id} is gone, and its bytes are not");
                    return Some(Sight::Gone);
                };
                Some(Sight::File {
                    name: name_of(&view),
                    folder: view["mediaFolderId"].as_i64().unwrap(),
                    trashed: !view["deletedAt"].is_null(),
                    hash: contents.map(|contents| hash_of(&contents.body)),
                })
            }
            Subject::Folder(id) => {
                let view = seen(self.get(server, &format!("/folders/{id}")).await?).map(|answer| answer.json());
                Some(view.map_or(Sight::Gone, |view| Sight::Folder {
                    name: name_of(&view),
                    parent: view["parentId"].as_i64(),
                    trashed: !view["deletedAt"].is_null(),
                }))
            }
            Subject::New { .. } => unreachable!("what has no id yet is looked for by its name"),
        }
    }

    async fn get(&self, server: &Victim, target: &str) -> Option<Answer> {
        get(server, &self.token, target).await
    }
}

fn seen(answer: Answer) -> Option<Answer> {
    if answer.status == 404 { None } else { Some(answer.expect(200)) }
}

fn items(listing: &Value) -> impl Iterator<Item = &Value> {
    ["folders", "files"].into_iter().flat_map(|kind| listing[kind].as_array().unwrap())
}

fn name_of(item: &Value) -> String {
    item["name"].as_str().unwrap().to_owned()
}

fn id_of(listing: &Value, name: &str) -> Option<i64> {
    items(listing).find(|item| item["name"] == name)?["id"].as_i64()
}
