//! A module names only modules below it: the order in `src/lib.rs` is held by reading `src/`.

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first. Modules that are not there yet keep their place.
const ORDER: [&str; 21] = [
    "secret",
    "encoding",
    "powershell",
    "telnet",
    "recording",
    "sim",
    "bridge",
    "web",
    "azure",
    "transport",
    "screen",
    "expect",
    "console",
    "sac",
    "shell",
    "script",
    "inventory",
    "engine",
    "report",
    "replay",
    "cli",
];

/// The simulated machine must not share one misreading with the driver.
const SIM_MAY_NAME: [&str; 4] = ["sim", "encoding", "powershell", "secret"];

#[test]
fn modules_name_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let own =
            place(&module).unwrap_or_else(|| panic!("{} is in no layer: add it to ORDER", path.display()));
        for (number, line) in text.lines().enumerate() {
            for named in crate_names(line) {
                let Some(other) = place(&named) else { continue };
                let allowed =
                    if module == "sim" { SIM_MAY_NAME.contains(&named.as_str()) } else { other <= own };
                if !allowed {
                    wrong.push(format!("{}:{}: {module} names {named}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "the layers are broken:\n{}", wrong.join("\n"));
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let below = path.strip_prefix(&root).unwrap();
                let first = below.components().next().unwrap().as_os_str().to_string_lossy();
                let module = first.trim_end_matches(".rs").to_owned();
                if module != "lib" && module != "main" {
                    let text = fs::read_to_string(&path).unwrap();
                    found.push((module, path, text));
                }
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn place(module: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == module)
}

/// The modules behind `crate::` in a line, comments and braces included: `use crate::{a, b::c}` names both.
fn crate_names(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            names.extend(list.split(',').map(first_word));
        } else {
            names.push(first_word(rest));
        }
    }
    names
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}
