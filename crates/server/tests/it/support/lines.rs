//! A program that is asked by lines of JSON: each question has a number, and so has its answer; what it says unasked has none. It ends
//! with its standard input, so it outlives neither what started it nor the tests, even if they are killed.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};

/// Everything outside is waited for as long as this, and no longer.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How long a program may take to end by itself.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A running program.
pub struct Lines {
    name: &'static str,
    process: Child,
    stdin: Mutex<Option<ChildStdin>>,
    questions: AtomicU64,
    waiting: Waiting,
    unasked: watch::Receiver<Vec<Value>>,
    /// Closed when it has ended.
    ended: Mutex<mpsc::Receiver<()>>,
}

/// Who waits for which answer; nobody can any more when the program has ended.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Value>>>>>;

impl Lines {
    /// Starts a program; `package` is what to install when it is missing.
    pub fn start(name: &'static str, command: &mut Command, package: &str) -> Self {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}; is {package} installed?"));
        let stdin = Mutex::new(process.stdin.take());
        let stdout = process.stdout.take().unwrap();
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let (say, unasked) = watch::channel(Vec::new());
        let (alive, ended) = mpsc::channel();
        let answered = Arc::clone(&waiting);
        thread::spawn(move || {
            read(name, stdout, &answered, &say);
            *answered.lock().unwrap() = None;
            drop(alive);
        });
        Self { name, process, stdin, questions: AtomicU64::new(1), waiting, unasked, ended: Mutex::new(ended) }
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&self, question: Value) -> Value {
        self.ask_within(question, LIMIT).await
    }

    pub async fn ask_within(&self, mut question: Value, limit: Duration) -> Value {
        let shown = question.to_string();
        let id = self.questions.fetch_add(1, Ordering::Relaxed);
        question["id"] = id.into();
        let (answer, answered) = oneshot::channel();
        if let Some(waiting) = self.waiting.lock().unwrap().as_mut() {
            waiting.insert(id, answer);
        }
        if let Some(stdin) = self.stdin.lock().unwrap().as_mut() {
            // One that has ended is told of below.
            writeln!(stdin, "{question}").ok();
        }
        let answer = timeout(limit, answered).await;
        let answer = answer.unwrap_or_else(|_| panic!("{}: no answer to {shown} within {limit:?}", self.name));
        let answer = answer.unwrap_or_else(|_| panic!("{} ended, asked {shown}", self.name));
        if let Some(error) = answer["error"].as_str() {
            panic!("{}: {shown}: {error}", self.name);
        }
        answer["ok"].clone()
    }

    /// What it has said unasked.
    pub fn unasked(&self) -> Vec<Value> {
        self.unasked.borrow().clone()
    }

    /// Waits until it has said so much unasked.
    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        wait_for(&mut self.unasked.clone(), count, self.name).await
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // It ends with its input, by itself, and takes its own children with it.
        drop(self.stdin.get_mut().map(Option::take));
        let ended = self.ended.get_mut().map(|ended| ended.recv_timeout(END_LIMIT));
        if !matches!(ended, Ok(Err(mpsc::RecvTimeoutError::Disconnected))) {
            eprintln!("{} does not end and is killed", self.name);
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

/// Waits until there are so many; panics with what there is when they do not come.
pub async fn wait_for<T: Clone + std::fmt::Debug>(
    list: &mut watch::Receiver<Vec<T>>,
    count: usize,
    whose: &str,
) -> Vec<T> {
    let seen = list.clone();
    let found = timeout(LIMIT, list.wait_for(|list| list.len() >= count)).await;
    match found {
        Ok(Ok(list)) => list.clone(),
        _ => panic!("{whose}: waited for {count}, there are {:#?}", seen.borrow()),
    }
}

fn read(name: &str, stdout: ChildStdout, waiting: &Waiting, say: &watch::Sender<Vec<Value>>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Ok(line) = serde_json::from_str::<Value>(&line) else {
            eprintln!("{name}: {line}");
            continue;
        };
        let Some(id) = line["id"].as_u64() else {
            say.send_modify(|said| said.push(line));
            continue;
        };
        let asked = waiting.lock().unwrap().as_mut().and_then(|waiting| waiting.remove(&id));
        if let Some(asked) = asked {
            asked.send(line).ok();
        }
    }
}
