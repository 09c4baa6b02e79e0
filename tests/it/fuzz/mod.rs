//! Bytes that fuzzing found (`fuzz/corpus`), replayed: nothing panics, and the laws of each target hold.

mod targets;

use std::fs;

use crate::stored::repository;

#[test]
fn what_fuzzing_found_is_replayed() {
    for (name, target) in targets::TARGETS {
        let folder = repository("fuzz/corpus").join(name);
        let files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(files.len() >= 10, "{name}: {}", files.len());
        for file in files {
            let bytes = fs::read(&file).unwrap();
            // The test's output names the file that panics.
            println!("{}", file.display());
            target(&bytes);
        }
    }
}
