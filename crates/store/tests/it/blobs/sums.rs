//! What the sums of known bytes are, by another implementation.

#![expect(clippy::unwrap_used, reason = "tests")]

use content::Digest;

use super::{KIB, MIB};

/// Length, SHA-256, MD5 and CRC-32 of [`super::shelf::pattern`], from another implementation.
pub const SUMS: [(usize, &str, &str, u32); 9] = [
    (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "d41d8cd98f00b204e9800998ecf8427e", 0),
    (
        1,
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "93b885adfe0da089cdf634904fd59f71",
        0xd202_ef8d,
    ),
    (
        512 * KIB - 1,
        "0f76573cc3bab964a21e2a8807af414d7dbdb357c51adf46e039477b966876fc",
        "c9e9b0e3faee1c93d4445ff9a63bbca7",
        0x01ee_795d,
    ),
    (
        512 * KIB,
        "84ce03a6a4881da45b986610283a1e92eeda1a46ccce97bfb7b87618556471e1",
        "45329f1047bc5268246052ce912c2512",
        0x6c08_11e4,
    ),
    (
        512 * KIB + 1,
        "d145d10bf851a2058e68954e3c8322aec9657eedc7cc3798e1c33787b46dea43",
        "38758568449f41d5cc37caf6e53ca9ce",
        0x90dc_7ff0,
    ),
    (
        8 * MIB - 1,
        "ddbe0a1278a548e29b88a9ed55d6e9ea9cdb251bd9a5832bdbd9a3909dbb2651",
        "538ef16f9a16534427aae61150538151",
        0x4e65_c552,
    ),
    (
        8 * MIB,
        "b3773b942d6b4ae262c3eb4f33d9edfaae9dffcb28b9f1e8d3fcce6bd5a1eac3",
        "ca443d47a3f3a446883b62bc5a537a3e",
        0x9125_6322,
    ),
    (
        8 * MIB + 1,
        "2b0bf622dfe4ab465e2bb5234e086a38f4ee309170a30da73f1fb08cfaac4b49",
        "8d7d982b332e145d62fd5af131871f9f",
        0x8ffb_d1ec,
    ),
    (
        20 * MIB,
        "6829a2ae36d2eae0a433e4d06ba8472ce882f7b3a75b24a7a8b1b6926af28671",
        "f8f51c97c66cca9f2707565d54680c95",
        0x36a8_240e,
    ),
];

pub fn digest(sha256: &str, md5: &str, crc32: u32) -> Digest {
    Digest {
        sha256: hex::decode(sha256).unwrap().try_into().unwrap(),
        md5: hex::decode(md5).unwrap().try_into().unwrap(),
        crc32,
    }
}
