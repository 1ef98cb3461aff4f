//! Colours by the numbers of ITU-T H.273, as AVIF and HEIC state them, as a profile. It knows no file.

use moxcms::{ColorProfile, ToneReprCurve};

/// Steps of a curve.
const STEPS: u16 = 1_024;

/// White on paper, of the light that a PQ signal can ask for.
const PQ_WHITE: f32 = 203.0 / 10_000.0;

/// White on paper, of the light that an HLG signal can ask for: at three quarters of the signal.
const HLG_WHITE: f32 = 0.265;

/// The profile of these primaries and this transfer; `None` when they are those of sRGB, or not known here. What is brighter than
/// paper becomes white.
pub(super) fn profile(primaries: u16, transfer: u16) -> Option<ColorProfile> {
    let mut profile = match primaries {
        1 | 2 => ColorProfile::new_srgb(),
        9 => ColorProfile::new_bt2020(),
        11 => ColorProfile::new_dci_p3(),
        12 => ColorProfile::new_display_p3(),
        _ => return None,
    };
    let curve = match transfer {
        4 => curve(|signal| signal.powf(2.2)),
        5 => curve(|signal| signal.powf(2.8)),
        8 => curve(|signal| signal),
        16 => curve(|signal| light_of_pq(signal) / PQ_WHITE),
        18 => curve(|signal| light_of_hlg(signal) / HLG_WHITE),
        // The curves of television mean what sRGB's does wherever such a picture is shown.
        _ if matches!(primaries, 1 | 2) => return None,
        _ => ColorProfile::new_srgb().red_trc?,
    };
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile.cicp = None;
    Some(profile)
}

fn curve(light: impl Fn(f32) -> f32) -> ToneReprCurve {
    let step = |at: u16| (light(f32::from(at) / f32::from(STEPS - 1)).clamp(0.0, 1.0) * 65_535.0).round() as u16;
    ToneReprCurve::Lut((0..STEPS).map(step).collect())
}

/// SMPTE ST 2084.
fn light_of_pq(signal: f32) -> f32 {
    const M1: f32 = 2_610.0 / 16_384.0;
    const M2: f32 = 2_523.0 / 4_096.0 * 128.0;
    const C1: f32 = 3_424.0 / 4_096.0;
    const C2: f32 = 2_413.0 / 4_096.0 * 32.0;
    const C3: f32 = 2_392.0 / 4_096.0 * 32.0;
    let power = signal.powf(1.0 / M2);
    ((power - C1).max(0.0) / (C2 - C3 * power)).powf(1.0 / M1)
}

/// ARIB STD-B67.
fn light_of_hlg(signal: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 0.284_668_92;
    const C: f32 = 0.559_910_7;
    if signal <= 0.5 { signal * signal / 3.0 } else { (((signal - C) / A).exp() + B) / 12.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_meet_their_marks() {
        // 58 % of PQ are 203 candela a square metre; half of HLG is a twelfth.
        assert!((light_of_pq(0.580_69) - PQ_WHITE).abs() < 1e-4);
        assert!((light_of_pq(1.0) - 1.0).abs() < 1e-5 && light_of_pq(0.0) == 0.0);
        assert!((light_of_hlg(0.5) - 1.0 / 12.0).abs() < 1e-6 && (light_of_hlg(1.0) - 1.0).abs() < 1e-3);
        assert!((light_of_hlg(0.75) - HLG_WHITE).abs() < 1e-3);
    }

    #[test]
    fn what_is_srgb_needs_no_profile() {
        for transfer in [1, 2, 6, 13, 14] {
            assert!(profile(1, transfer).is_none() && profile(2, transfer).is_none());
        }
        assert!(profile(12, 13).is_some() && profile(9, 16).is_some() && profile(22, 13).is_none());
    }
}
