//! What `strace` saw a process do, call by call: when each began and when it had ended. It knows no product.

use std::{collections::HashMap, path::Path};

/// One call of the kernel. A line number is a moment.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    arguments: String,
    pub result: i64,
    pub begin: usize,
    pub end: usize,
}

/// All calls, in the order in which they began.
pub struct Trace(Vec<Call>);

impl Call {
    /// Whether it puts bytes into the file, folder or socket whose path ends so.
    pub fn writes_to(&self, path: &str) -> bool {
        ["write", "pwrite64", "writev", "pwritev"].contains(&self.name.as_str()) && self.is_on(path)
    }

    /// Whether it makes that durable.
    pub fn syncs(&self, path: &str) -> bool {
        ["fsync", "fdatasync"].contains(&self.name.as_str()) && self.result == 0 && self.is_on(path)
    }

    pub fn renames(&self, from: &str, to: &str) -> bool {
        let names = ["rename", "renameat", "renameat2"].contains(&self.name.as_str()) && self.result == 0;
        let mut paths = self.arguments.split('"').skip(1).step_by(2);
        names
            && paths.next().is_some_and(|path| path.contains(from))
            && paths.next().is_some_and(|path| path.contains(to))
    }

    /// Whether it takes a name away from where bytes of ours lie, by whatever call.
    pub fn takes_away(&self, path: &str) -> bool {
        self.renames(path, "") || ["unlink", "unlinkat"].contains(&self.name.as_str()) && self.arguments.contains(path)
    }

    /// Whether it sends these words over a socket, or the like.
    pub fn sends(&self, words: &str) -> bool {
        let sending = ["write", "writev", "sendto", "sendmsg"].contains(&self.name.as_str());
        let socket = ["socket:[", "TCP:[", "TCPv6:["].into_iter().any(|kind| self.target().starts_with(kind));
        sending && socket && self.result > 0 && self.arguments.contains(words)
    }

    pub fn holds(&self, words: &str) -> bool {
        self.arguments.contains(words)
    }

    /// The last part of the first path among its arguments.
    pub fn file_name(&self) -> &str {
        let path = self.arguments.split('"').nth(1).unwrap();
        path.rsplit('/').next().unwrap()
    }

    fn is_on(&self, path: &str) -> bool {
        self.target().ends_with(path)
    }

    /// What lies behind the descriptor that comes first: of `5</data/library.db-wal>, …` the path.
    fn target(&self) -> &str {
        let behind = self.arguments.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        behind.map_or("", |(target, _)| target)
    }
}

impl Trace {
    /// Reads the log of `strace -f -y`.
    pub fn read(log: &Path) -> Self {
        // Not every byte that a process writes is text.
        let text = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
        let (mut calls, mut unfinished): (Vec<Call>, _) = (Vec::new(), HashMap::new());
        for (at, line) in text.lines().enumerate() {
            let Some((process, what)) = line.split_once(' ') else { continue };
            let what = what.trim_start();
            if what.starts_with("<... ") {
                if let Some(call) = unfinished.remove(process).and_then(|index: usize| calls.get_mut(index)) {
                    (call.result, call.end) = (result_of(what), at);
                }
            } else if let Some((name, arguments)) = what.split_once('(')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            {
                let cut = arguments.strip_suffix(" <unfinished ...>");
                if cut.is_some() {
                    unfinished.insert(process.to_owned(), calls.len());
                }
                let result = if cut.is_some() { i64::MIN } else { result_of(arguments) };
                let (name, arguments) = (name.to_owned(), cut.unwrap_or(arguments).to_owned());
                // What has not ended when the log does has never ended.
                let end = if cut.is_some() { usize::MAX } else { at };
                calls.push(Call { name, arguments, result, begin: at, end });
            }
        }
        Self(calls)
    }

    pub fn all(&self, wanted: impl Fn(&Call) -> bool) -> impl Iterator<Item = &Call> {
        self.0.iter().filter(move |call| wanted(call))
    }

    /// The first such call, which there must be.
    #[track_caller]
    pub fn first(&self, what: &str, wanted: impl Fn(&Call) -> bool) -> &Call {
        self.find(0, what, wanted)
    }

    /// The first such call that begins after another has ended.
    #[track_caller]
    pub fn after(&self, earlier: &Call, what: &str, wanted: impl Fn(&Call) -> bool) -> &Call {
        self.find(earlier.end.saturating_add(1), what, wanted)
    }

    #[track_caller]
    fn find(&self, moment: usize, what: &str, wanted: impl Fn(&Call) -> bool) -> &Call {
        let found = self.0.iter().find(|call| call.begin >= moment && wanted(call));
        found.unwrap_or_else(|| panic!("{what}: not from line {moment} on\n{}", self.told(moment)))
    }

    /// What there is to read for whoever wonders why: the calls around a moment, each in short.
    fn told(&self, moment: usize) -> String {
        let near = self.0.iter().filter(|call| call.end >= moment.saturating_sub(200) && call.begin <= moment + 200);
        let told = near.map(|call| {
            let short: String = call.arguments.chars().take(160).collect();
            format!("{}..{} {}({short} = {}\n", call.begin, call.end, call.name, call.result)
        });
        told.collect()
    }
}

/// The number behind the last ` = `.
fn result_of(text: &str) -> i64 {
    let tail = text.rsplit_once(" = ").map_or("", |(_, tail)| tail);
    let digits = tail.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(tail.len());
    tail[..digits].parse().unwrap_or(i64::MIN)
}
