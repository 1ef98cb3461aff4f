//! Milliseconds per rendition of a given file: `render_speed FILE [SIDE] [QUALITY] [jpg|png|webp|gif] [RUNS]`.
//! In this process and on one thread, with one engine, as a worker does it.

use std::{env, error::Error, fs, time::Instant};

use media::{Engine, Format, Limits, PROBE_HEAD_BYTES, Plan, Resize, Resolution};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let argument = |at: usize, default: &str| arguments.get(at).map_or(default, String::as_str).to_owned();
    let path = arguments.first().ok_or("usage: render_speed FILE [SIDE] [QUALITY] [jpg|png|webp|gif] [RUNS]")?;
    let width: u32 = argument(1, "720").parse()?;
    let quality: u8 = argument(2, "80").parse()?;
    let extension = argument(3, "jpg");
    let runs: usize = argument(4, "15").parse()?;

    let input = fs::read(path)?;
    let probe = media::probe(&input[..input.len().min(PROBE_HEAD_BYTES)]).ok_or("not an image of a known format")?;
    let format = Format::ALL.into_iter().find(|format| format.extension() == extension).ok_or("no such format")?;
    let plan = Plan { resize: Resize::Width(width), enlarge: false, format: Some(format), quality: Some(quality) };
    let Resolution::Render(resolved) = plan.resolve(&probe) else { return Err("nothing to render".into()) };

    let mut engine = Engine::default();
    let mut times = Vec::with_capacity(runs);
    let mut bytes = 0;
    for _ in 0..runs.max(1) {
        let started = Instant::now();
        bytes = engine.render(&input, &resolved, &Limits::default())?.bytes.len();
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{}x{} -> {}: {bytes} bytes, median {:.2} ms, best {:.2} ms of {}",
        probe.width,
        probe.height,
        resolved.key(),
        times[times.len() / 2],
        times[0],
        times.len()
    );
    Ok(())
}
