//! ClamAV's daemon: commands and replies that end in NUL, bodies in chunks behind their lengths (`man clamd`, "COMMANDS").

use crate::{
    Verdict,
    connection::{Connection, LastWords, Mouth, Stop, talk},
    failure::{Failure, plain},
    source::{BLOCK_BYTES, Source},
};

/// The longest reply that is read, in bytes. Signatures have names of a few dozen.
const MAX_REPLY_BYTES: usize = 4 << 10;

/// The length in front of each chunk, in bytes.
const PREFIX_BYTES: usize = 4;

const TOO_LARGE: &[u8] = b"INSTREAM size limit exceeded. ERROR";

/// Has a body scanned.
pub(crate) async fn scan(mut connection: Connection, mut source: Source) -> Result<Verdict, Failure> {
    let hearing = connection.ear.until_hung_up(MAX_REPLY_BYTES);
    let (reply, said_all) = talk(hearing, send(&mut connection.mouth, &mut source)).await?;
    judge(&reply, said_all)
}

/// Engine and signatures, `ClamAV 1.4.3/27700/Tue Jul 15 08:31:02 2025`; without the latter two where no official signatures are loaded.
pub(crate) async fn version(connection: Connection) -> Result<String, Failure> {
    let reply = ask(connection, b"zVERSION\0").await?;
    let version = text(&reply).map(String::from_utf8_lossy).map(|version| plain(&version));
    // Where the command is switched off, the reply is an error in its place.
    version.filter(|version| version.starts_with("ClamAV ")).ok_or_else(|| Failure::nonsense(&reply.words))
}

/// Whether it is there.
pub(crate) async fn check(connection: Connection) -> Result<(), Failure> {
    let reply = ask(connection, b"zPING\0").await?;
    if text(&reply) == Some(b"PONG") { Ok(()) } else { Err(Failure::nonsense(&reply.words)) }
}

async fn ask(mut connection: Connection, command: &[u8]) -> Result<LastWords, Failure> {
    let hearing = connection.ear.until_hung_up(MAX_REPLY_BYTES);
    let (reply, _) = talk(hearing, connection.mouth.say(command)).await?;
    Ok(reply)
}

/// Sends a body. The chunk of no bytes that follows the last one is what ends it.
async fn send(mouth: &mut Mouth, source: &mut Source) -> Result<(), Stop> {
    mouth.say(b"zINSTREAM\0").await?;
    let mut chunk = Vec::with_capacity(PREFIX_BYTES + BLOCK_BYTES);
    loop {
        chunk.clear();
        chunk.extend_from_slice(&[0; PREFIX_BYTES]);
        source.take(&mut chunk, BLOCK_BYTES).await?;
        let len = u32::try_from(chunk.len() - PREFIX_BYTES).expect("a block is far below 4 GiB");
        chunk[..PREFIX_BYTES].copy_from_slice(&len.to_be_bytes());
        mouth.say(&chunk).await?;
        if len == 0 {
            return Ok(());
        }
    }
}

/// What a reply to a scan means. Only one says that there is nothing, and only of bytes that were all sent.
fn judge(reply: &LastWords, said_all: bool) -> Result<Verdict, Failure> {
    let words = text(reply).ok_or_else(|| Failure::nonsense(&reply.words))?;
    if words == TOO_LARGE {
        return Ok(Verdict::TooLarge);
    }
    match words.strip_prefix(b"stream: ") {
        Some(b"OK") if reply.broken => Err(Failure::scanner("broke off its answer")),
        Some(b"OK") if !said_all => Err(Failure::scanner("answered before it had everything")),
        Some(b"OK") => Ok(Verdict::Clean),
        Some(rest) => {
            let found = rest.strip_suffix(b" FOUND").map(String::from_utf8_lossy).map(|name| plain(&name));
            match found.filter(|name| !name.is_empty()) {
                Some(name) => Ok(Verdict::found(name)),
                None => Err(Failure::nonsense(words)),
            }
        }
        None => Err(Failure::nonsense(words)),
    }
}

/// A reply without the NUL that ends it, if that is there, once.
fn text(reply: &LastWords) -> Option<&[u8]> {
    reply.words.strip_suffix(b"\0").filter(|text| !text.contains(&0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(words: &[u8]) -> LastWords {
        LastWords { words: words.to_owned(), broken: false }
    }

    #[test]
    fn replies_are_read() {
        let infected = |name: &str| Some(Verdict::Infected { signature: name.to_owned() });
        for (words, verdict) in [
            (&b"stream: OK\0"[..], Some(Verdict::Clean)),
            (b"stream: Eicar-Test-Signature FOUND\0", infected("Eicar-Test-Signature")),
            (b"stream: a b(0123:68) FOUND\0", infected("a b(0123:68)")),
            (b"stream: OK FOUND\0", infected("OK")),
            (b"stream: \xff FOUND\0", infected("\u{fffd}")),
            (b"INSTREAM size limit exceeded. ERROR\0", Some(Verdict::TooLarge)),
            (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", Some(Verdict::TooLarge)),
            (b"", None),
            (b"\0", None),
            (b"stream: OK", None),
            (b"stream: OK\n", None),
            (b"stream: OK\0\0", None),
            (b"stream: OK\0stream: OK\0", None),
            (b"stream: OK\0stream: Eicar FOUND\0", None),
            (b"stream: ok\0", None),
            (b" stream: OK\0", None),
            (b"stream: OK \0", None),
            (b"stream:  FOUND\0", None),
            (b"stream: FOUND\0", None),
            (b"stream: Can't allocate memory ERROR\0", None),
            (b"UNKNOWN COMMAND\0", None),
        ] {
            assert_eq!(judge(&reply(words), true).ok(), verdict, "{}", words.escape_ascii());
        }
    }

    #[test]
    fn what_was_not_all_seen_is_not_clean() {
        assert!(judge(&reply(b"stream: OK\0"), false).is_err());
        assert!(judge(&LastWords { broken: true, ..reply(b"stream: OK\0") }, true).is_err());
        // What was found was found.
        assert!(matches!(judge(&reply(b"stream: Eicar FOUND\0"), false), Ok(Verdict::Infected { .. })));
    }

    proptest! {
        #[test]
        fn no_other_reply_is_clean(
            words in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "(stream: |instream: |s)?(OK|ok|OK\0|FOUND| FOUND|ERROR|[a-zA-Z. ]{0,9})*\0{0,2}".prop_map(String::into_bytes),
            ],
            broken: bool,
            said_all: bool,
        ) {
            let exact = words == b"stream: OK\0" && said_all && !broken;
            let clean = judge(&LastWords { words, broken }, said_all) == Ok(Verdict::Clean);
            prop_assert_eq!(clean, exact);
        }
    }
}
