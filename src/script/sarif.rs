//! What is wrong with scripts as SARIF 2.1.0 (OASIS), for code scanning.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::script::codes::Code;
use crate::script::diagnostic::{Diagnostic, position};
use crate::script::model::Severity;

/// One log with one run; its rules are the codes that occur.
pub fn log<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> Json {
    let diagnostics: Vec<&Diagnostic> = diagnostics.into_iter().collect();
    let codes: BTreeMap<&str, &Code> = diagnostics.iter().map(|one| (one.code.id, one.code)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "sacpilot",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.values().map(|code| rule(code)).collect::<Json>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(|one| result(one)).collect::<Json>(),
        }],
    })
}

fn rule(code: &Code) -> Json {
    json!({
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.explanation},
        "defaultConfiguration": {"level": level(code.severity)},
    })
}

fn result(one: &Diagnostic) -> Json {
    let (line, column) = one.position();
    let (end_line, end_column) = position(&one.source.text, one.span.end);
    let help = one.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    json!({
        "ruleId": one.code.id,
        "level": level(one.code.severity),
        "message": {"text": format!("{}{help}", one.message)},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": one.source.path.replace('\\', "/")},
            "region": {
                "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
            },
        }}],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
