//! Very many zeros in few bytes, made without making them.

use flate2::{Compress, Compression, FlushCompress};

const BLOCK: usize = 1 << 20;

/// So many zeros as a zlib stream, a thousandth of their number.
pub fn zlib(count: u64) -> Vec<u8> {
    // Nothing reaches back from one block to another, so that equal ones are equal bytes.
    let block = deflated(BLOCK, FlushCompress::Full);
    let rest = deflated((count % BLOCK as u64) as usize, FlushCompress::Finish);
    // Adler-32 of zeros: one sum stays 1, the other is how many there are.
    let sum = ((count % 65_521) as u32) << 16 | 1;
    [b"\x78\x9C", &block.repeat((count / BLOCK as u64) as usize)[..], &rest, &sum.to_be_bytes()].concat()
}

fn deflated(count: usize, flush: FlushCompress) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count / 500 + 100);
    Compress::new(Compression::best(), false).compress_vec(&vec![0; count], &mut bytes, flush).unwrap();
    bytes
}
