//! Bytes as lines that can be typed: base64, which `certutil -decode` reads back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Whether equal neighbours may stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbours {
    /// They may: the console takes them.
    Together,
    /// A blank comes between, which the decoder passes over: where the second of two equal ones has to wait for the
    /// echo of the first, that costs a round trip for one character in 64, and the blank costs a character.
    Apart,
}

/// The lines for `bytes`, none longer than `longest` characters.
pub(super) fn lines(bytes: &[u8], longest: usize, neighbours: Neighbours) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for character in STANDARD.encode(bytes).chars() {
        // Padding stays together: nothing is said about blanks in it.
        let apart = neighbours == Neighbours::Apart && character != '=' && line.ends_with(character);
        if line.len() + usize::from(apart) >= longest {
            lines.push(std::mem::take(&mut line));
        } else if apart {
            line.push(' ');
        }
        line.push(character);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_comes_back_in_lines_of_a_safe_length() {
        for size in [0, 1, 2, 3, 100, 1_000, 5_000] {
            let bytes: Vec<u8> = (0..size).map(|n: usize| (n / 3 * 7) as u8).collect();
            for neighbours in [Neighbours::Together, Neighbours::Apart] {
                let lines = lines(&bytes, 100, neighbours);
                assert!(lines.iter().all(|line| (1..=100).contains(&line.len())));
                let text: String = lines.concat().split_whitespace().collect();
                assert_eq!(STANDARD.decode(text).unwrap(), bytes);
                let apart = lines.iter().all(|line| {
                    line.trim_end_matches('=').as_bytes().windows(2).all(|pair| pair[0] != pair[1])
                });
                assert!(apart || neighbours == Neighbours::Together);
            }
        }
        let zeros = lines(&[0; 30], 100, Neighbours::Apart);
        assert_eq!(zeros[0], "A ".repeat(40).trim_end());
    }
}
