//! Has the worker program export the one function that a library which it loads is to find in it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bin=media-worker=-Wl,--export-dynamic-symbol=de265_start_worker_threads");
}
