//! Colours to sRGB, by the profile that the image carries. It knows no format.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use moxcms::{
    ColorProfile, DataColorSpace, Layout as Channels, ParsingOptions, ProfileClass, RenderingIntent,
    Transform8BitExecutor, TransformOptions,
};

use super::{
    Engine, Raster, Work, numbers,
    raster::{Buffers, Layout},
};
use crate::{RenderError, probe::heif::Colour};

/// Conversions kept, with their profiles, which may be of 4 MiB: few are in use at a time.
const KEPT_CONVERSIONS: usize = 4;

/// Colours that come out no further from what went in are sRGB already; of 255. Small profiles round their curves by so much.
const SAME_COLOUR: u8 = 2;

/// Tags that a profile may have. Most have 9 to 20.
const MAX_TAGS: usize = 64;

/// Pixels that are converted at once: as many as stay in the processor's first cache.
const RUN: usize = 1024;

/// White stays white and black what it is, as browsers and libvips have it.
const OPTIONS: TransformOptions = TransformOptions {
    rendering_intent: RenderingIntent::RelativeColorimetric,
    // The curves that the profile itself has count.
    allow_use_cicp_transfer: false,
    prefer_fixed_point: true,
    interpolation_method: moxcms::InterpolationMethod::Linear,
    barycentric_weight_scale: moxcms::BarycentricWeightScale::Low,
};

static SRGB: LazyLock<ColorProfile> = LazyLock::new(ColorProfile::new_srgb);

/// How the colours of an image become sRGB. Only pixels of the kind that the profile is for are converted.
pub(super) enum Conversion {
    /// What each brightness becomes.
    Gray(Box<[u8; 256]>),
    Rgb {
        opaque: Arc<Transform8BitExecutor>,
        /// With opacity, which stays as it is.
        clear: Arc<Transform8BitExecutor>,
    },
    Cmyk(Arc<Transform8BitExecutor>),
}

/// The conversions that were worked out last.
#[derive(Default)]
pub(super) struct Conversions {
    /// By their meanings, the last one used at the end.
    known: Vec<(Meaning, Option<Arc<Conversion>>)>,
}

/// What the colours of an image mean, by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    Profile(Vec<u8>),
    Numbers(u16, u16),
}

impl Meaning {
    fn is(&self, colour: Colour<'_>) -> bool {
        match (self, colour) {
            (Self::Profile(known), Colour::Profile(profile)) => known == profile,
            (Self::Numbers(known, curve), Colour::Numbers { primaries, transfer }) => {
                (*known, *curve) == (primaries, transfer)
            }
            _ => false,
        }
    }
}

impl From<Colour<'_>> for Meaning {
    fn from(colour: Colour<'_>) -> Self {
        match colour {
            Colour::Profile(profile) => Self::Profile(profile.to_vec()),
            Colour::Numbers { primaries, transfer } => Self::Numbers(primaries, transfer),
        }
    }
}

impl Conversions {
    /// The way from these colours to sRGB; `None` when there is nothing to do, or what they mean can not be read.
    #[expect(clippy::wrong_self_convention, reason = "it converts to, not itself into; and it remembers")]
    pub fn to_srgb(&mut self, colour: Colour<'_>) -> Option<Arc<Conversion>> {
        let known = self.known.iter().position(|(known, _)| known.is(colour));
        let entry = match known {
            Some(at) => self.known.remove(at),
            None => {
                let conversion = match colour {
                    Colour::Profile(profile) => Conversion::from_profile(profile),
                    Colour::Numbers { primaries, transfer } => {
                        numbers::profile(primaries, transfer).as_ref().and_then(Conversion::of)
                    }
                };
                if self.known.len() == KEPT_CONVERSIONS {
                    self.known.remove(0);
                }
                (Meaning::from(colour), conversion.filter(Conversion::is_needed).map(Arc::new))
            }
        };
        let conversion = entry.1.clone();
        self.known.push(entry);
        conversion
    }
}

impl Conversion {
    /// What the profile says; `None` when it is damaged or for something else than the pixels of one image.
    fn from_profile(bytes: &[u8]) -> Option<Self> {
        if !has_each_tag_once(bytes) {
            return None;
        }
        let limits = ParsingOptions {
            max_profile_size: bytes.len() + 1,
            max_allowed_clut_size: bytes.len(),
            max_allowed_trc_size: bytes.len() / 2,
        };
        Self::of(&ColorProfile::new_from_slice_with_options(bytes, limits).ok()?)
    }

    fn of(profile: &ColorProfile) -> Option<Self> {
        let describes_device = matches!(
            profile.profile_class,
            ProfileClass::InputDevice
                | ProfileClass::DisplayDevice
                | ProfileClass::OutputDevice
                | ProfileClass::ColorSpace
        );
        let to = |from, to| profile.create_transform_8bit(from, &SRGB, to, OPTIONS).ok();
        match profile.color_space {
            _ if !describes_device => None,
            DataColorSpace::Gray => {
                let mut light = [0; 3 * 256];
                to(Channels::Gray, Channels::Rgb)?.transform(&every_byte(), &mut light).ok()?;
                Some(Self::Gray(Box::new(std::array::from_fn(|at| light[3 * at]))))
            }
            DataColorSpace::Rgb => {
                let (opaque, clear) = (to(Channels::Rgb, Channels::Rgb)?, to(Channels::Rgba, Channels::Rgba)?);
                Some(Self::Rgb { opaque, clear })
            }
            // Four channels, whatever they mean: it is the layout's name.
            DataColorSpace::Cmyk => Some(Self::Cmyk(to(Channels::Rgba, Channels::Rgb)?)),
            _ => None,
        }
    }

    /// Whether it changes any colour visibly: most profiles are sRGB under one name or another.
    fn is_needed(&self) -> bool {
        match self {
            Self::Gray(table) => table.iter().zip(every_byte()).any(|(to, from)| to.abs_diff(from) > SAME_COLOUR),
            Self::Rgb { opaque, .. } => {
                let steps = || (0..=255).step_by(17);
                let cube =
                    steps().flat_map(|red| steps().flat_map(move |green| steps().map(move |blue| [red, green, blue])));
                let colours: Vec<u8> = cube.chain(every_byte().map(|gray| [gray; 3])).flatten().collect();
                let mut converted = vec![0; colours.len()];
                opaque.transform(&colours, &mut converted).is_ok()
                    && converted.iter().zip(&colours).any(|(to, from)| to.abs_diff(*from) > SAME_COLOUR)
            }
            Self::Cmyk(_) => true,
        }
    }
}

/// Each tag is read in full, wherever it lies: so the same place must not be listed a hundred thousand times.
fn has_each_tag_once(profile: &[u8]) -> bool {
    let Some((count, table)) = profile.get(128..).and_then(|table| table.split_first_chunk()) else { return false };
    let count = u32::from_be_bytes(*count) as usize;
    let (tags, _) = table.as_chunks::<12>();
    count <= MAX_TAGS && count <= tags.len() && {
        let mut names: Vec<&[u8]> = tags[..count].iter().map(|tag| &tag[..4]).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    }
}

fn every_byte() -> [u8; 256] {
    std::array::from_fn(|at| at as u8)
}

/// Brings the pixels to sRGB, or grey; inks become light even without a profile.
pub(super) fn step(engine: &mut Engine, work: &Work<'_>, mut raster: Raster) -> Result<Raster, RenderError> {
    match (work.source.conversion.as_deref(), raster.layout) {
        (Some(Conversion::Gray(table)), Layout::Gray) => {
            raster.pixels.iter_mut().for_each(|gray| *gray = table[usize::from(*gray)]);
        }
        // Grey with opacity, which comes in four channels. Where there is colour, the profile is for something else.
        (Some(Conversion::Gray(table)), Layout::Rgba) if is_gray(&raster) => {
            for [red, green, blue, _] in raster.pixels.as_chunks_mut().0 {
                [*red, *green, *blue] = [table[usize::from(*red)]; 3];
            }
        }
        (Some(Conversion::Rgb { opaque, .. }), Layout::Rgb) => converted::<3, 3>(&mut raster, opaque.as_ref())?,
        (Some(Conversion::Rgb { clear, .. }), Layout::Rgba) => converted::<4, 4>(&mut raster, clear.as_ref())?,
        (Some(Conversion::Cmyk(light)), Layout::Cmyk) => {
            converted::<4, 3>(&mut raster, light.as_ref())?;
            raster.layout = Layout::Rgb;
        }
        (_, Layout::Cmyk) => return Ok(without_profile(&mut engine.buffers, raster)),
        (_, Layout::Gray | Layout::Rgb | Layout::Rgba) => {}
    }
    Ok(raster)
}

/// Converts pixels of `FROM` bytes to ones of `TO`, no more, in the same memory.
fn converted<const FROM: usize, const TO: usize>(
    raster: &mut Raster,
    conversion: &Transform8BitExecutor,
) -> Result<(), RenderError> {
    let mut run = [0; 4 * RUN];
    let count = raster.pixels.len() / FROM;
    for first in (0..count).step_by(RUN) {
        let len = RUN.min(count - first);
        let source = &mut run[..len * FROM];
        source.copy_from_slice(&raster.pixels[first * FROM..][..len * FROM]);
        let target = &mut raster.pixels[first * TO..][..len * TO];
        conversion
            .transform(source, target)
            .map_err(|error| RenderError::Corrupt(format!("colours cannot be converted: {error}")))?;
    }
    raster.pixels.truncate(count * TO);
    Ok(())
}

fn is_gray(raster: &Raster) -> bool {
    raster.pixels.as_chunks().0.iter().all(|&[red, green, blue, _]| red == green && green == blue)
}

/// Ink to light, without a profile.
fn without_profile(buffers: &mut Buffers, inks: Raster) -> Raster {
    let mut raster = buffers.blank(inks.width, inks.height, Layout::Rgb);
    let (source, _) = inks.pixels.as_chunks::<4>();
    let (target, _) = raster.pixels.as_chunks_mut::<3>();
    for (to, &[cyan, magenta, yellow, black]) in target.iter_mut().zip(source) {
        let paper = u32::from(255 - black);
        let light = |ink: u8| ((u32::from(255 - ink) * paper + 127) / 255) as u8;
        *to = [light(cyan), light(magenta), light(yellow)];
    }
    buffers.give_back(inks.pixels);
    raster
}

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gray(_) => "Gray",
            Self::Rgb { .. } => "Rgb",
            Self::Cmyk(_) => "Cmyk",
        })
    }
}

impl fmt::Debug for Conversions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known.iter().map(|(_, conversion)| conversion)).finish()
    }
}
