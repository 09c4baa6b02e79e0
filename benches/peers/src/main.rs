//! The peers that are Rust libraries, each used as its documentation tells: `peers LIBRARY sentinel FILE PATTERNS`,
//! `peers LIBRARY pairs PROGRAM COUNT`.

use std::time::{Duration, Instant};

const SENTINEL: &str = "SENTINEL-[0-9a-f]+ exit=([0-9]+)\r*\n";
const ANSWER: &str = "OK ([0-9]+)\r?\n";

fn patterns(count: usize) -> Vec<String> {
    let never = (1..count).map(|n| format!("NEVER-{n:03}-[0-9a-f]+ at ([0-9]+)!"));
    [SENTINEL.to_owned()].into_iter().chain(never).collect()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["expectrl", "sentinel", file, count] => expectrl_sentinel(file, count.parse().unwrap()),
        ["expectrl", "pairs", program, count] => told(count, || expectrl_pairs(program, count.parse().unwrap())),
        ["rexpect", "sentinel", file, count] => rexpect_sentinel(file, count.parse().unwrap()),
        ["rexpect", "pairs", program, count] => told(count, || rexpect_pairs(program, count.parse().unwrap())),
        ["rust-expect", "sentinel", file, count] => rust_expect_sentinel(file, count.parse().unwrap()),
        ["rust-expect", "pairs", program, count] => told(count, || rust_expect_pairs(program, count.parse().unwrap())),
        _ => panic!("peers expectrl|rexpect|rust-expect sentinel|pairs …"),
    }
}

fn told(count: &str, task: impl FnOnce()) {
    let began = Instant::now();
    task();
    let us = began.elapsed().as_secs_f64() * 1e6 / count.parse::<f64>().unwrap();
    println!("{{\"us\": {us:.2}}}");
}

fn expectrl_sentinel(file: &str, count: usize) {
    use expectrl::{Any, Expect, Regex};
    let mut session = expectrl::spawn(format!("cat {file}")).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(120)));
    if count == 1 {
        session.expect(Regex(SENTINEL)).unwrap();
    } else {
        session.expect(Any(patterns(count).into_iter().map(Regex).collect::<Vec<_>>())).unwrap();
    }
}

fn expectrl_pairs(program: &str, count: usize) {
    use expectrl::{Expect, Regex};
    let mut session = expectrl::spawn(program).unwrap();
    for n in 0..count {
        session.send(format!("ask {n}\n")).unwrap();
        let found = session.expect(Regex(ANSWER)).unwrap();
        assert_eq!(found.get(1).unwrap(), n.to_string().as_bytes());
    }
}

fn rexpect_sentinel(file: &str, count: usize) {
    let mut session = rexpect::spawn(&format!("cat {file}"), Some(120_000)).unwrap();
    if count == 1 {
        session.exp_regex(SENTINEL).unwrap();
    } else {
        let any = patterns(count)
            .iter()
            .map(|source| rexpect::ReadUntil::Regex(regex::Regex::new(source).unwrap()))
            .collect();
        session.exp_any(any).unwrap();
    }
}

fn rexpect_pairs(program: &str, count: usize) {
    let mut session = rexpect::spawn(program, Some(20_000)).unwrap();
    for n in 0..count {
        session.send(&format!("ask {n}\n")).unwrap();
        session.flush().unwrap();
        let (_, found) = session.exp_regex(ANSWER).unwrap();
        assert_eq!(found.trim(), format!("OK {n}"));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn rust_expect_sentinel(file: &str, count: usize) {
    use rust_expect::prelude::*;
    runtime().block_on(async {
        let mut session = Session::spawn("cat", &[file]).await.unwrap();
        let mut set = PatternSet::new();
        for source in patterns(count) {
            set.add(Pattern::regex(&source).unwrap());
        }
        set.add(Pattern::timeout(Duration::from_secs(120)));
        let found = session.expect_any(&set).await.unwrap();
        assert_eq!(found.pattern_index, 0);
    });
}

fn rust_expect_pairs(program: &str, count: usize) {
    use rust_expect::prelude::*;
    runtime().block_on(async {
        let mut session = Session::spawn(program, &[]).await.unwrap();
        for n in 0..count {
            session.send_str(&format!("ask {n}\n")).await.unwrap();
            let found = session.expect(Pattern::regex(ANSWER).unwrap()).await.unwrap();
            assert_eq!(found.matched.trim(), format!("OK {n}"));
        }
    });
}
