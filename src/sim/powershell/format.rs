//! What the console shows of values: texts as they are, objects as a table or a list.

use super::value::{Thing, Value};

/// Characters a line may have.
const WIDTH: usize = 120;

/// The lines of values that leave a pipeline.
pub(super) fn lines(values: &[Value], width: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut things: Vec<Value> = Vec::new();
    for value in values {
        if matches!(value, Value::Thing(thing) if is_formatted(thing)) {
            things.push(value.clone());
            continue;
        }
        flush(&mut things, &mut out, width);
        match value {
            Value::Map(map) => {
                let rows = map.lock().iter().map(|(k, v)| vec![k.clone(), v.text()]).collect::<Vec<_>>();
                out.extend(table(&["Name".to_owned(), "Value".to_owned()], &rows, width));
            }
            many if many.is_many() => out.extend(lines(&many.items(), width)),
            Value::Null => {}
            one => out.extend(one.text().split('\n').map(|line| line.trim_end_matches('\r').to_owned())),
        }
    }
    flush(&mut things, &mut out, width);
    out
}

/// `Format-List`, of these members or all.
pub(super) fn list(values: &[Value], wanted: &[String]) -> Vec<String> {
    let mut out = vec![String::new()];
    for value in values {
        let members = members(value, wanted);
        let widest = members.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        out.push(String::new());
        out.extend(members.iter().map(|(name, value)| format!("{name:<widest$} : {value}")));
    }
    out.extend([String::new(), String::new()]);
    out
}

/// `Format-Table`.
pub(super) fn table_of(values: &[Value], wanted: &[String]) -> Vec<String> {
    let rows: Vec<Vec<(String, String)>> = values.iter().map(|value| members(value, wanted)).collect();
    let heads: Vec<String> = rows.first().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.into_iter().map(|(_, v)| v).collect()).collect();
    table(&heads, &rows, WIDTH)
}

fn is_formatted(thing: &Thing) -> bool {
    !matches!(
        thing.kind,
        "System.Management.Automation.ErrorRecord"
            | "System.Management.Automation.WarningRecord"
            | "System.Management.Automation.InformationRecord"
            | "System.Exception"
            | "System.DateTime"
    )
}

fn members(value: &Value, wanted: &[String]) -> Vec<(String, String)> {
    let shown = |value: &Value| match value {
        many if many.is_many() => {
            format!("{{{}}}", many.items().iter().map(Value::text).collect::<Vec<_>>().join(", "))
        }
        other => other.text(),
    };
    if !wanted.is_empty() {
        return wanted
            .iter()
            .map(|name| (name.clone(), shown(&super::members::member(value, name))))
            .collect();
    }
    match value {
        Value::Thing(thing) => {
            thing.lock().iter().map(|(name, value)| (name.clone(), shown(value))).collect()
        }
        other => vec![("Value".to_owned(), other.text())],
    }
}

fn flush(things: &mut Vec<Value>, out: &mut Vec<String>, width: usize) {
    let Some(Value::Thing(first)) = things.first() else { return };
    let columns: &[&str] = match first.kind {
        "System.ServiceProcess.ServiceController" => &["Status", "Name", "DisplayName"],
        "System.Diagnostics.Process" => &["Id", "ProcessName", "WorkingSet"],
        "System.IO.FileInfo" | "System.IO.DirectoryInfo" => &["Mode", "LastWriteTime", "Length", "Name"],
        _ => &[],
    };
    let wanted: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let many = first.lock().len() > 4 && wanted.is_empty();
    if many {
        out.extend(list(things, &[]));
    } else {
        let rows: Vec<Vec<(String, String)>> = things.iter().map(|thing| members(thing, &wanted)).collect();
        let heads: Vec<String> = rows[0].iter().map(|(name, _)| name.clone()).collect();
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.into_iter().map(|(_, v)| v).collect()).collect();
        out.extend(table(&heads, &rows, width));
    }
    things.clear();
}

/// invented: columns are as wide as what is in them, and a line that is too long ends in dots.
fn table(heads: &[String], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| {
            let cell = |row: &Vec<String>| row.get(at).map_or(0, |cell| cell.chars().count());
            rows.iter().map(cell).max().unwrap_or(0).max(head.chars().count())
        })
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let text = padded.join(" ");
        let text = text.trim_end();
        if text.chars().count() > width {
            text.chars().take(width.saturating_sub(3)).collect::<String>() + "..."
        } else {
            text.to_owned()
        }
    };
    let mut out = vec![String::new(), line(heads)];
    out.push(line(&heads.iter().map(|head| "-".repeat(head.chars().count())).collect::<Vec<_>>()));
    out.extend(rows.iter().map(|row| line(row)));
    out.extend([String::new(), String::new()]);
    out
}
