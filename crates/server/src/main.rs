//! The program `mediary`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mediary::run(std::env::args_os())
}
