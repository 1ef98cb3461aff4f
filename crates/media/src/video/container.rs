//! What a file is read as, and what is allowed to read it. It believes the type that its caller found in the bytes, so that a list of
//! other files that calls itself a video is read as a damaged video. It knows no question.

use std::{fs::File, os::unix::fs::FileExt};

use content::MediaType;

/// Types and the demuxer that reads them.
const DEMUXERS: &[(&str, &str)] = &[
    ("video/mp4", "mov"),
    ("video/quicktime", "mov"),
    ("video/3gpp", "mov"),
    ("video/3gpp2", "mov"),
    ("audio/mp4", "mov"),
    ("video/webm", "matroska"),
    ("video/matroska", "matroska"),
    ("video/x-matroska", "matroska"),
    ("audio/webm", "matroska"),
    ("audio/matroska", "matroska"),
    ("video/mpeg", "mpeg"),
    ("video/mp2t", "mpegts"),
    ("video/x-msvideo", "avi"),
    ("video/x-flv", "flv"),
    ("video/x-ms-wmv", "asf"),
    ("audio/x-ms-wma", "asf"),
    ("video/ogg", "ogg"),
    ("audio/ogg", "ogg"),
    ("audio/mpeg", "mp3"),
    ("audio/aac", "aac"),
    ("audio/wav", "wav"),
    ("audio/flac", "flac"),
    ("audio/aiff", "aiff"),
    ("audio/amr", "amr"),
];

/// The decoders that may run, of several hundred: what cameras, telephones, browsers and editors write, and have written.
const DECODERS: &str = "h264,hevc,vvc,av1,libdav1d,libaom-av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg1video,mpeg2video,mpegvideo,\
    h263,h263i,h263p,msmpeg4v1,msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,vc1,flv,vp6,vp6f,vp6a,svq1,svq3,cinepak,indeo5,theora,mjpeg,\
    prores,dnxhd,dvvideo,qtrle,rpza,png,rawvideo,ffv1,huffyuv,ffvhuff,\
    aac,aac_latm,mp1,mp1float,mp2,mp2float,mp3,mp3float,opus,libopus,vorbis,libvorbis,flac,alac,ac3,eac3,wmav1,wmav2,wmapro,\
    amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,\
    pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_u8,pcm_s8,pcm_alaw,pcm_mulaw";

/// How a file is to be opened.
#[derive(Debug)]
pub(super) struct Container {
    demuxer: &'static str,
    /// The standard input, opened once more, so that it can be read in any order.
    address: String,
}

impl Container {
    /// Whether files of this type are read here.
    pub fn is_of(media_type: &MediaType) -> bool {
        DEMUXERS.iter().any(|(name, _)| *name == media_type.as_str())
    }

    /// Of the first `len` bytes of a file. `None` for types that are not read here.
    pub fn of(media_type: &MediaType, file: &File, len: u64) -> Option<Self> {
        let (_, demuxer) = DEMUXERS.iter().find(|(name, _)| *name == media_type.as_str())?;
        let demuxer = if *demuxer == "mpeg" && is_bare_mpeg(file) { "mpegvideo" } else { demuxer };
        let there = file.metadata().map_or(0, |found| found.len());
        let address = if there > len {
            format!("subfile,,start,0,end,{len},,:file:/proc/self/fd/0")
        } else {
            "file:/proc/self/fd/0".to_owned()
        };
        Some(Self { demuxer, address })
    }

    /// The arguments that open it, without the one that names an input; that is [`Self::address`].
    pub fn arguments(&self, max_pixels: u64) -> Vec<String> {
        let max_pixels = max_pixels.min(i32::MAX.unsigned_abs().into()).to_string();
        let arguments = [
            ("-f", self.demuxer),
            ("-format_whitelist", self.demuxer_names()),
            // What is read by is the file itself or a part of it; nothing that a file names.
            ("-protocol_whitelist", "file,subfile"),
            ("-codec_whitelist", DECODERS),
            ("-max_pixels", &max_pixels),
            ("-threads", "1"),
        ];
        arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]).collect()
    }

    /// What stands for the input.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A demuxer is called by one name and allowed by all of them.
    fn demuxer_names(&self) -> &'static str {
        match self.demuxer {
            "mov" => "mov,mp4,m4a,3gp,3g2,mj2",
            "matroska" => "matroska,webm",
            one => one,
        }
    }
}

/// Whether it is MPEG pictures without a container around them.
fn is_bare_mpeg(file: &File) -> bool {
    let mut mark = [0; 4];
    file.read_exact_at(&mut mark, 0).is_ok() && mark == *b"\0\0\x01\xB3"
}
