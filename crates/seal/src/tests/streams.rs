//! The same as streams, as stores read and write them.

use std::io;

use content::ByteStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::*;

fn stream_of(bytes: &[u8], piece: usize) -> ByteStream {
    let pieces: Vec<_> = bytes.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

async fn collect(stream: ByteStream) -> io::Result<Vec<u8>> {
    stream.try_fold(Vec::new(), |all, piece| async move { Ok([&all[..], &piece].concat()) }).await
}

#[tokio::test]
async fn a_stream_is_sealed_and_opened() {
    let key = tenant_key(7);
    for len in EDGES {
        let plain = plaintext(len);
        for piece in [1000, CHUNK, 1 << 20] {
            let sealed = collect(Sealer::new(&key).seal_stream(stream_of(&plain, piece))).await.unwrap();
            assert_eq!(sealed.len() as u64, sealed_len(len as u64));
            let (head, rest) = take_head(stream_of(&sealed, piece)).await.unwrap();
            let window = head.open(&key).unwrap().whole(len as u64).unwrap();
            assert_eq!(collect(window.open_stream(rest)).await.unwrap(), plain, "{len} by {piece}");
        }
    }
}

#[tokio::test]
async fn one_huge_piece_goes_out_in_chunks() {
    let (key, plain) = (tenant_key(7), plaintext(10 * CHUNK));
    let sealed: Vec<_> = Sealer::new(&key).seal_stream(stream_of(&plain, usize::MAX)).try_collect().await.unwrap();
    assert!(sealed.len() == 10 && sealed.iter().all(|piece| piece.len() <= OWN_HEAD_BYTES + CHUNK + 16));
    let (head, rest) = take_head(stream_of(&sealed.concat(), usize::MAX)).await.unwrap();
    let window = head.open(&key).unwrap().whole(plain.len() as u64).unwrap();
    let opened: Vec<_> = window.open_stream(rest).try_collect().await.unwrap();
    assert!(opened.len() == 10 && opened.iter().all(|piece| piece.len() == CHUNK));
    assert_eq!(opened.concat(), plain);
}

#[tokio::test]
async fn a_head_may_come_in_any_pieces() {
    let sealed = seal(&tenant_key(7), b"hello");
    for piece in 1..sealed.len() {
        let (head, rest) = take_head(stream_of(&sealed, piece)).await.unwrap();
        assert_eq!((head.key_id(), collect(rest).await.unwrap()), (7, sealed[OWN_HEAD_BYTES..].to_vec()));
    }
    // What is not copied stays where it is.
    let huge = Bytes::from(seal(&tenant_key(7), &plaintext(2 * CHUNK)));
    let (_, rest) = take_head(stream::iter([Ok(huge.clone())]).boxed()).await.unwrap();
    let rest: Vec<_> = rest.try_collect().await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].as_ptr(), huge[OWN_HEAD_BYTES..].as_ptr());
    let error = take_head(stream_of(&sealed[..100], 7)).await.err().unwrap();
    assert_eq!(Error::of(&error), Some(&Error::Truncated));
    let error = take_head(stream_of(&[0; 100], 7)).await.err().unwrap();
    assert_eq!(Error::of(&error), Some(&Error::NotSealed));
}

#[tokio::test]
async fn errors_of_ours_can_be_told_from_the_streams_own() {
    let (key, plain) = (tenant_key(7), plaintext(2 * CHUNK));
    let sealed = seal(&key, &plain);
    let window = file_key(&key, &sealed).unwrap().whole(plain.len() as u64).unwrap();
    let payload = &sealed[OWN_HEAD_BYTES..];

    let mut altered = payload.to_vec();
    altered[CHUNK + 20] ^= 1;
    let mut pieces = window.clone().open_stream(stream_of(&altered, 5000));
    assert_eq!(pieces.next().await.unwrap().unwrap(), plain[..CHUNK]);
    let error = pieces.next().await.unwrap().unwrap_err();
    assert_eq!(Error::of(&error), Some(&Error::ChunkAltered { chunk: 1 }));
    assert!(pieces.next().await.is_none());

    let error = collect(window.clone().open_stream(stream_of(&payload[..CHUNK + 16], 5000))).await.unwrap_err();
    assert_eq!(Error::of(&error), Some(&Error::Truncated));

    let broken = || stream_of(payload, 5000).take(3).chain(stream::iter([Err(io::Error::other("disk"))])).boxed();
    let error = collect(window.open_stream(broken())).await.unwrap_err();
    assert_eq!((Error::of(&error), error.to_string().as_str()), (None, "disk"));

    // What breaks off is never ended as if it were whole.
    let sealed: Vec<_> = Sealer::new(&key).seal_stream(broken()).collect().await;
    assert!(sealed.len() == 1 && sealed[0].is_err());
}
