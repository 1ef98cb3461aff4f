//! Any sequence of chunks, right and wrong ones, is answered as a model says that holds the whole contract in a page, and leaves
//! what the model foretells.

use std::{collections::BTreeMap, path::PathBuf, sync::atomic::Ordering};

use proptest::{prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{Sending, expect_clean};
use crate::{
    botdoc::Agent,
    support::{Answer, Server, on_each_engine, on_one_engine_with, programs::md5},
};

const NAMES: &[&str] = &["a.bin", "b.bin"];
const TOTALS: &[usize] = &[2, 3, 4];

/// One request. Of each chunk there are two fillings.
#[derive(Debug, Clone)]
enum Step {
    ByName {
        name: &'static str,
        total: usize,
        number: usize,
        filling: u8,
    },
    /// `media` counts from the oldest, modulo how many there are.
    ById {
        media: usize,
        number: usize,
        filling: u8,
        total: Option<usize>,
    },
    Delete {
        media: usize,
    },
}

/// A media that was begun.
#[derive(Debug, Clone)]
struct Media {
    id: Value,
    name: &'static str,
    total: usize,
    held: BTreeMap<usize, u8>,
}

#[derive(Debug, Default)]
struct Model {
    medias: Vec<Media>,
    /// Of those that are deleted.
    gone: Vec<Value>,
}

/// What is to come of a chunk.
#[derive(Debug, PartialEq)]
enum Foretold {
    New,
    /// It is one of these; where they are several, they all have it already.
    OneOf(Vec<usize>),
    Refused(&'static str),
}

fn bytes_of(number: usize, filling: u8) -> Vec<u8> {
    vec![b'a' + filling; 10 * number + usize::from(filling)]
}

impl Media {
    fn is_whole(&self) -> bool {
        self.held.len() == self.total
    }

    /// So many chunks from the first on are there.
    fn run(&self) -> usize {
        (1..=self.total).take_while(|number| self.held.contains_key(number)).count()
    }

    fn bytes(&self) -> Vec<u8> {
        self.held.iter().flat_map(|(number, filling)| bytes_of(*number, *filling)).collect()
    }
}

impl Model {
    fn foretell(&self, name: &str, total: usize, (number, filling): (usize, u8)) -> Foretold {
        let alike = || self.medias.iter().enumerate().filter(move |(_, it)| it.name == name && it.total == total);
        let open: Vec<(usize, &Media)> = alike().filter(|(_, it)| !it.is_whole()).collect();
        let holds = |it: &Media| it.held.get(&number) == Some(&filling);
        if number == 1 {
            return match open[..] {
                [(at, one)] if holds(one) => Foretold::OneOf(vec![at]),
                _ => Foretold::New,
            };
        }
        let places = |fits: &dyn Fn(&Media) -> bool| -> Vec<usize> {
            open.iter().filter(|(_, it)| fits(it)).map(|(at, _)| *at).collect()
        };
        let mut one_of = places(&|it| it.run() + 1 == number);
        if one_of.len() > 1 {
            return Foretold::Refused("id");
        }
        // Whose it is does not matter where it is there already.
        if one_of.is_empty() {
            one_of = places(&holds);
        }
        if one_of.is_empty() && number == total {
            one_of = alike().filter(|(_, it)| it.is_whole() && holds(it)).map(|(at, _)| at).collect();
        }
        match one_of.is_empty() {
            true if open.iter().any(|(_, it)| it.held.get(&number).is_some_and(|held| *held != filling)) => {
                Foretold::Refused("file")
            }
            true => Foretold::Refused("current_chunk"),
            false => Foretold::OneOf(one_of),
        }
    }

    fn foretell_by_id(&self, at: usize, total: usize, (number, filling): (usize, u8)) -> Foretold {
        let media = &self.medias[at];
        match media.held.get(&number) {
            _ if number > total => Foretold::Refused("current_chunk"),
            _ if total != media.total => Foretold::Refused("total_chunks"),
            Some(held) if *held != filling => Foretold::Refused("file"),
            _ => Foretold::OneOf(vec![at]),
        }
    }
}

#[test]
fn any_sequence_is_answered_as_a_model_foretells() {
    on_one_engine_with(|_| {}, async |server| run(server, 12, 40).await);
}

#[test]
fn some_sequences_are_so_on_each_engine() {
    on_each_engine(async |server| run(server, 3, 40).await);
}

fn any_step() -> impl Strategy<Value = Step> {
    let filling = || prop_oneof![3 => Just(0_u8), 1 => Just(1_u8)];
    let by_name = (select(NAMES), select(TOTALS), any::<prop::sample::Index>(), filling());
    let by_id = (any::<usize>(), 1..=4_usize, filling(), prop::option::weighted(0.1, select(TOTALS)));
    prop_oneof![
        8 => by_name.prop_map(|(name, total, number, filling)| {
            Step::ByName { name, total, number: 1 + number.index(total), filling }
        }),
        6 => by_id.prop_map(|(media, number, filling, total)| Step::ById { media, number, filling, total }),
        1 => any::<usize>().prop_map(|media| Step::Delete { media }),
    ]
}

async fn run(server: &Server, cases: usize, steps: usize) {
    let agent = Agent::new(server).await;
    let sequences = prop::collection::vec(any_step(), steps);
    let mut runner = TestRunner::new(ProptestConfig::default());
    for _ in 0..cases {
        let request = agent.create("/v1/request/", &json!({})).await["id"].as_i64().unwrap();
        let sending = Sending { request, ..Sending::of(&agent, "", &[]) };
        let sequence = sequences.new_tree(&mut runner).unwrap().current();
        let mut model = Model::default();
        for (at, step) in sequence.iter().enumerate() {
            let before = format!("to {step:?} of {model:?} after {:?}", &sequence[..at]);
            model.take(server, &sending, step, &before).await;
        }
        model.compare(server, &sending).await;
        for media in &model.medias {
            delete(server, &sending, &media.id).await.expect(204);
        }
        assert!(sending.listed(server.address).await.is_empty());
    }
    // Nothing is left of all that.
    server.clock.fetch_add(server.max_memory_age_ms(), Ordering::SeqCst);
    server.settle().await;
    assert_eq!(server.stored_files(), [""; 0].map(PathBuf::from));
    expect_clean(server).await;
}

async fn delete(server: &Server, sending: &Sending, id: &Value) -> Answer {
    sending.ask(server.address, "DELETE", &format!("/v1/media/{id}/")).send().await
}

impl Model {
    /// Does a step, and looks at the answer.
    async fn take(&mut self, server: &Server, sending: &Sending, step: &Step, before: &str) {
        let count = self.medias.len();
        match *step {
            Step::ByName { name, total, number, filling } => {
                let form = chunk(sending, name, total, (number, filling));
                let answer = sending.post(server.address, &form).await;
                let foretold = self.foretell(name, total, (number, filling));
                self.check(foretold, answer, (name, total), (number, filling), before);
            }
            Step::ById { media, number, filling, total } if count > 0 => {
                let at = media % count;
                let (id, name, known) = (self.medias[at].id.clone(), self.medias[at].name, self.medias[at].total);
                let total = total.unwrap_or(known);
                let form = chunk(sending, name, total, (number, filling)).text("id", id.to_string());
                let answer = sending.post(server.address, &form).await;
                let foretold = self.foretell_by_id(at, total, (number, filling));
                self.check(foretold, answer, (name, total), (number, filling), before);
            }
            Step::Delete { media } if count > 0 => {
                let media = self.medias.remove(media % count);
                delete(server, sending, &media.id).await.expect(204);
                delete(server, sending, &media.id).await.expect(404);
                self.gone.push(media.id);
            }
            Step::ById { .. } | Step::Delete { .. } => {}
        }
    }

    fn check(
        &mut self,
        foretold: Foretold,
        answer: Answer,
        (name, total): (&'static str, usize),
        (number, filling): (usize, u8),
        before: &str,
    ) {
        if let Foretold::Refused(field) = foretold {
            assert_eq!(answer.status, 400, "{answer} {before}");
            assert!(answer.json()[field].is_array(), "{field}: {answer} {before}");
            return;
        }
        assert_eq!(answer.status, 201, "{foretold:?}: {answer} {before}");
        let told = answer.json();
        let at = self.medias.iter().position(|media| media.id == told["id"]);
        match (foretold, at) {
            (Foretold::OneOf(which), Some(at)) if which.contains(&at) => {
                self.medias[at].held.insert(number, filling);
            }
            (Foretold::New, None) => {
                assert!(!self.gone.contains(&told["id"]), "{answer} {before}");
                let held = BTreeMap::from([(number, filling)]);
                self.medias.push(Media { id: told["id"].clone(), name, total, held });
            }
            (foretold, _) => panic!("{foretold:?}: {answer} {before}"),
        }
        let media = self.medias.iter().find(|media| media.id == told["id"]).unwrap();
        media.expect_told(&told, before);
    }

    /// What there is now is what should be.
    async fn compare(&self, server: &Server, sending: &Sending) {
        let listed = sending.listed(server.address).await;
        let ids = |medias: Vec<&Value>| medias.into_iter().cloned().collect::<Vec<_>>();
        let known = ids(self.medias.iter().rev().map(|media| &media.id).collect());
        assert_eq!(ids(listed.iter().map(|told| &told["id"]).collect()), known);
        for media in &self.medias {
            let told = sending.media(server.address, &media.id).await;
            media.expect_told(&told, "at the end");
            let answer = sending.download(server.address, &media.id).await;
            if media.is_whole() {
                assert!(answer.expect(200).body == media.bytes(), "{media:?} has other bytes");
            } else {
                answer.expect(404);
            }
        }
    }
}

impl Media {
    fn expect_told(&self, told: &Value, before: &str) {
        let bytes = self.bytes();
        let state = if self.is_whole() { "available" } else { "uploading" };
        let expected = json!({
            "name": self.name,
            "total_chunks": self.total,
            "current_chunk": self.held.len(),
            "bytes": bytes.len(),
            "state": state,
            "file_checksum": self.is_whole().then(|| md5(&bytes)),
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&told[key], value, "{key} of {told} {before}");
        }
    }
}

fn chunk(sending: &Sending, name: &str, total: usize, (number, filling): (usize, u8)) -> crate::support::forms::Form {
    let sending = Sending { pieces: vec![Vec::new(); total], ..sending.named(name) };
    sending.chunk_with(number, &bytes_of(number, filling))
}
