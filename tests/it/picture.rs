//! The picture of the README, `docs/run.svg`, is made from a run of the real program. What differs from run to run
//! (times, hashes, process numbers, the folder) may differ, nothing else.

use std::fmt::Write as _;

use regex::Regex;

use crate::program::Program;
use crate::stored::repository;

const COMMAND: &str = "run rdp-internal-error -t sim:rdp-internal-error --yes";

/// Columns of the picture; longer lines are cut as a narrow window cuts them.
const COLUMNS: usize = 118;

#[test]
fn the_picture_of_the_readme_is_what_a_run_shows() {
    let said = Program::new(&format!("{COMMAND} --runs-dir runs")).run().code(0);
    // Without the paths of the run, which differ on every computer, and waits, which depend on its speed.
    let differs = |line: &str| {
        line.contains("report.md") || line.contains("sacpilot undo") || line.starts_with("  waiting   an")
    };
    let shown: Vec<&str> = said.text().lines().filter(|line| !differs(line)).collect();
    let drawn = draw(&shown);
    let path = repository("docs/run.svg");
    let stored = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    if same(&stored) == same(&drawn) {
        return;
    }
    assert!(
        std::env::var_os("SACPILOT_BLESS").is_some(),
        "docs/run.svg is not what a run shows (SACPILOT_BLESS=1 cargo test draws it anew):\n{}",
        said.text()
    );
    std::fs::write(&path, drawn.replace("[SPAN]", "7.2 s")).unwrap();
}

/// Without what differs from run to run; a step says how long it took only when that was long.
fn same(text: &str) -> String {
    let differing =
        [r" (\[SPAN\]|\d+(\.\d)? s)", r"\b[0-9A-F]{40}\b", r"\bfailed = \d+", r"\b(own|listeners) = [\d, ]+"];
    Regex::new(&differing.join("|")).unwrap().replace_all(text, "").into_owned()
}

fn draw(shown: &[&str]) -> String {
    let prompt = format!("$ sacpilot {COMMAND}");
    let run = shown.iter().map(|line| (colour(line), *line));
    let lines: Vec<(&str, &str)> = std::iter::once(("#ffffff", prompt.as_str())).chain(run).collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"956\" height=\"{}\" \
         font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"13\"><title>A run of sacpilot on the \
         simulated machine</title><rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1e2430\"/>\n",
        lines.len() * 16 + 28
    );
    for (number, (colour, line)) in lines.iter().enumerate() {
        let cut: String = line.chars().take(COLUMNS).collect();
        let text = cut.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let _ = writeln!(
            svg,
            "<text xml:space=\"preserve\" x=\"12\" y=\"{}\" fill=\"{colour}\">{text}</text>",
            number * 16 + 24
        );
    }
    svg + "</svg>\n"
}

/// As on a terminal: by the word in the first column.
fn colour(line: &str) -> &'static str {
    match line.split_whitespace().next() {
        Some("ok" | "ready") => "#7ec699",
        Some("found") => "#f08d49",
        Some("changed" | "restarts" | "restarted") => "#6cb6ff",
        Some("warning") => "#f0c040",
        Some("looked" | "waiting" | "note") => "#9aa4b2",
        Some("Result:") => "#ffffff",
        _ => "#c8d1dc",
    }
}
