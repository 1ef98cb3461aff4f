//! Milliseconds per image, as JSON: `render_speed FILE [WIDTH[,WIDTH…]] [QUALITY] [jpg|png|webp|gif|avif] [RUNS] [OUT]`.
//! In this process and on one thread, with one engine, as a worker does it. All widths of an image come from one decoding; the
//! last ones are written to `OUT-WIDTH.FORMAT`.

use std::{env, error::Error, fs, time::Instant};

use media::{Engine, Format, Limits, PROBE_HEAD_BYTES, Plan, Probe, Resize, Resolution, Resolved, Wanted};

const USAGE: &str = "usage: render_speed FILE [WIDTH[,WIDTH…]] [QUALITY] [jpg|png|webp|gif|avif] [RUNS] [OUT]";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let argument = |at: usize, default: &str| arguments.get(at).map_or(default, String::as_str).to_owned();
    let input = fs::read(arguments.first().ok_or(USAGE)?)?;
    let widths = argument(1, "720").split(',').map(str::parse).collect::<Result<Vec<u32>, _>>()?;
    let quality: u8 = argument(2, "80").parse()?;
    let extension = argument(3, "jpg");
    let runs: usize = argument(4, "15").parse()?;

    let probe = media::probe(&input[..input.len().min(PROBE_HEAD_BYTES)]).ok_or("not an image of a known format")?;
    let format = Format::ALL.into_iter().find(|format| format.extension() == extension).ok_or("no such format")?;
    let plans = widths
        .iter()
        .map(|width| resolved(&probe, *width, quality, format))
        .collect::<Option<Vec<_>>>()
        .ok_or("nothing to render")?;

    let mut engine = Engine::default();
    let mut times_ms = Vec::with_capacity(runs);
    let mut made = Vec::new();
    for _ in 0..runs.max(1) {
        let started = Instant::now();
        made = engine.render_many(&input, &plans, &Limits::default())?;
        times_ms.push(format!("{:.3}", started.elapsed().as_secs_f64() * 1000.0));
    }
    let bytes: Vec<String> = made.iter().map(|rendered| rendered.bytes.len().to_string()).collect();
    println!(r#"{{"times_ms":[{}],"bytes":[{}]}}"#, times_ms.join(","), bytes.join(","));
    if let Some(out) = arguments.get(5) {
        for (width, rendered) in widths.iter().zip(&made) {
            fs::write(format!("{out}-{width}.{extension}"), &rendered.bytes)?;
        }
    }
    Ok(())
}

/// What a width comes to for this source; `None` where that is the source itself.
fn resolved(probe: &Probe, width: u32, quality: u8, format: Format) -> Option<Resolved> {
    let plan =
        Plan { resize: Resize::Width(width), format: Wanted::As(format), quality: Some(quality), ..Plan::ORIGINAL };
    match plan.resolve(probe) {
        Resolution::Render(resolved) => Some(resolved),
        Resolution::Unchanged => None,
    }
}
