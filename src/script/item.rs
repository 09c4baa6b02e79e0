//! How a round of a loop is named in the path of a step: by its item. A plan, made before, and a run name it alike.

use std::collections::BTreeSet;

use crate::encoding::acts;
use crate::script::model::Value;

/// Longest text of an item in the path of a step.
const LONGEST: usize = 40;

/// `id[item]`, for people; a second equal one is `id[item #2]`.
pub fn unique(path: &str, item: &Value, used: &mut BTreeSet<String>) -> String {
    let text: String =
        item.to_string().chars().map(|c| if acts(c) { '·' } else { c }).take(LONGEST).collect();
    let mut name = format!("{path}[{text}]");
    let mut number = 1;
    while !used.insert(name.clone()) {
        number += 1;
        name = format!("{path}[{text} #{number}]");
    }
    name
}

/// `id[‹variable›]`: the rounds of a loop whose items only the machine knows.
pub fn any(path: &str, variable: &str) -> String {
    format!("{path}[‹{variable}›]")
}

/// Whether a run names a step so that a plan names with items that it could not know; or the loop itself, when there
/// was nothing in its list.
pub fn is_round(planned: &str, path: &str) -> bool {
    let Some((before, after)) = split(planned) else { return planned == path };
    let Some(rest) = path.strip_prefix(before) else { return false };
    // An item may hold brackets itself.
    rest.is_empty()
        || rest.starts_with('[') && rest.match_indices(']').any(|(at, _)| is_round(after, &rest[at + 1..]))
}

/// What comes before the first item that is not known, and behind it.
fn split(planned: &str) -> Option<(&str, &str)> {
    let (before, rest) = planned.split_once("[‹")?;
    let (_, after) = rest.split_once("›]")?;
    Some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_names_its_step_and_acts_on_nothing() {
        let mut used = BTreeSet::new();
        let mut name = |item: &str| unique("each", &Value::from(item), &mut used);
        assert_eq!(name("1.2"), "each[1.2]");
        assert_eq!(name("1.2"), "each[1.2 #2]");
        assert_eq!(name("a\u{202e}b\u{9b}2J\n"), "each[a·b·2J·]");
        assert_eq!(name(&"x".repeat(100)).len(), "each[]".len() + LONGEST);
    }

    #[test]
    fn the_rounds_of_a_loop_are_those_of_its_plan() {
        for (planned, path, expected) in [
            ("each", "each", true),
            ("each[1.2]", "each[1.3]", false),
            ("each[‹x›]", "each[a]", true),
            ("each[‹x›]", "each[a #2]", true),
            ("each[‹x›]", "each[]", true),
            ("each[‹x›]", "each", true),
            ("each[‹x›]", "each[a]/in", false),
            ("each[‹x›]", "eachother[a]", false),
            ("each[‹x›]/in", "each[a]", false),
            ("each[‹x›]/in", "each[a[0]/b]/in", true),
            ("each[‹x›]/in", "each", true),
            ("each[‹x›]/in[‹y›]", "each[a]/in[b]", true),
            ("each[‹x›]/in[‹y›]", "each[a]/in", true),
            ("each[‹x›]/in[‹y›]", "each[a]/out[b]", false),
            ("each[1]/in[‹y›]", "each[2]/in[b]", false),
        ] {
            assert_eq!(is_round(planned, path), expected, "{planned} {path}");
        }
    }
}
