//! Any sequence of folder and file operations does to a library what it does to a simple model of one.

mod drive;
mod program;
mod world;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use self::{drive::Stage, program::Step};
use crate::support::engines;

/// How many programs are tried. PostgreSQL takes longer for each.
fn cases(engine: &str) -> u32 {
    if engine == "sqlite" { 64 } else { 24 }
}

#[test]
fn any_program_does_to_a_library_what_it_does_to_the_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for engine in engines() {
        let stage = runtime.block_on(Stage::new(&engine));
        // Programs are made shorter by leaving steps out, which proptest does not do below the length asked for.
        let config =
            Config { cases: cases(&engine), failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
        let tried = TestRunner::new(config)
            .run(&program::programs(), |program| runtime.block_on(stage.run(&program)).map_err(TestCaseError::fail));
        match tried {
            Ok(()) => {}
            Err(TestError::Fail(_, program)) => {
                let (program, why) = runtime.block_on(shortened(&stage, program));
                panic!("on {engine}, after {} steps: {why}\n{program:#?}", program.len());
            }
            Err(error) => panic!("on {engine}: {error}"),
        }
    }
}

/// The program without the steps that it fails without, too, and how it fails then.
async fn shortened(stage: &Stage, mut program: Vec<Step>) -> (Vec<Step>, String) {
    let mut why = String::from("not when run again");
    let mut len = program.len().div_ceil(2);
    loop {
        let mut at = 0;
        while at < program.len() {
            let end = program.len().min(at + len);
            let shorter: Vec<Step> = program[..at].iter().chain(&program[end..]).cloned().collect();
            match stage.run(&shorter).await {
                Err(difference) => (program, why) = (shorter, difference),
                Ok(()) => at = end,
            }
        }
        if len == 1 {
            return (program, why);
        }
        len = len.div_ceil(2);
    }
}
