//! The process in which images are decoded. Everything it does is in `media::worker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    media::worker::main()
}
