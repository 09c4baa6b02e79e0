//! Members of values and types: the part of .NET that scripts lean on. What is not here is not found, as a misspelt
//! member would not be.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Shell;
use super::failure::ErrorRecord;
use super::objects::{SECRET, SECURE_STRING};
use super::value::{Shared, Thing, Value};
use super::wmi::MANAGEMENT_OBJECT;
use crate::sim::tools::CodePage;

/// The full name behind what a script writes in brackets.
pub(super) fn full_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let short = lower.strip_prefix("system.").unwrap_or(&lower);
    match short {
        "string" => "System.String",
        "int" | "int32" => "System.Int32",
        "long" | "int64" => "System.Int64",
        "uint32" | "uint64" => "System.UInt32",
        "double" | "float" => "System.Double",
        "bool" | "boolean" | "switch" => "System.Boolean",
        "byte[]" => "System.Byte[]",
        "array" => "System.Array",
        "object" => "System.Object",
        "object[]" | "string[]" => "System.Object[]",
        "hashtable" | "collections.hashtable" => "System.Collections.Hashtable",
        "scriptblock" => "System.Management.Automation.ScriptBlock",
        "void" => "System.Void",
        "convert" => "System.Convert",
        "console" => "System.Console",
        "environment" => "System.Environment",
        "math" => "System.Math",
        "bitconverter" => "System.BitConverter",
        "datetime" => "System.DateTime",
        "io.file" => "System.IO.File",
        "io.path" => "System.IO.Path",
        "io.directory" => "System.IO.Directory",
        "text.encoding" => "System.Text.Encoding",
        "exception" => "System.Exception",
        "pscustomobject" | "management.automation.pscustomobject" => {
            "System.Management.Automation.PSCustomObject"
        }
        _ => return name.to_owned(),
    }
    .to_owned()
}

/// `[type]value`; `None`: it cannot be.
pub(super) fn cast(name: &str, value: &Value) -> Option<Value> {
    Some(match full_name(name).as_str() {
        "System.Void" => Value::Null,
        "System.String" => Value::Text(value.text()),
        "System.Int32" => value.int().filter(|number| i32::try_from(*number).is_ok()).map(Value::Int)?,
        "System.Int64" | "System.UInt32" => Value::Int(value.int()?),
        "System.Double" => Value::Real(value.real()?),
        "System.Boolean" => Value::Bool(value.truth()),
        "System.Object[]" | "System.Array" => Value::array(value.items()),
        "System.Byte[]" => match value {
            Value::Bytes(_) => value.clone(),
            other => Value::Bytes(Arc::new(
                other.items().iter().map(|item| item.int().unwrap_or(0) as u8).collect(),
            )),
        },
        "System.Management.Automation.PSCustomObject" => match value {
            Value::Map(map) => {
                let members = map.lock().clone();
                Value::Thing(Arc::new(Thing {
                    kind: "System.Management.Automation.PSCustomObject",
                    members: std::sync::Mutex::new(members),
                }))
            }
            other => other.clone(),
        },
        _ => value.clone(),
    })
}

/// `value.name`; what is not there is `$null`.
pub(super) fn member(value: &Value, name: &str) -> Value {
    let lower = name.to_lowercase();
    match (value, lower.as_str()) {
        (Value::Text(text), "length") => Value::Int(text.encode_utf16().count() as i64),
        (Value::Map(map), _) => {
            let map = map.lock();
            let own = super::value::find(&map, name);
            own.unwrap_or_else(|| match lower.as_str() {
                "count" => Value::Int(map.len() as i64),
                "keys" => Value::array(map.iter().map(|(key, _)| key.as_str().into()).collect()),
                "values" => Value::array(map.iter().map(|(_, value)| value.clone()).collect()),
                _ => Value::Null,
            })
        }
        (Value::Thing(thing), _) => thing.member(name).unwrap_or(match lower.as_str() {
            "count" | "length" => Value::Int(1),
            _ => Value::Null,
        }),
        (Value::Null, "count" | "length") => Value::Int(0),
        (many, "count" | "length") if many.is_many() => Value::Int(many.items().len() as i64),
        (many, _) if many.is_many() => {
            let found: Vec<Value> = many.items().iter().flat_map(|item| member(item, name).items()).collect();
            Value::of(found)
        }
        (Value::Type(name), "fullname") => name.as_str().into(),
        (Value::Type(name), "name") => name.rsplit('.').next().unwrap_or(name).into(),
        (_, "count" | "length") => Value::Int(1),
        _ => Value::Null,
    }
}

impl Shell {
    /// `[type]::name`
    pub(super) fn static_member(&self, of: &str, name: &str) -> Value {
        let world = self.process.world();
        match (full_name(of).as_str(), name.to_lowercase().as_str()) {
            ("System.Console", "outputencoding" | "inputencoding") => {
                encoding(self.process.console.code_page(), Strict::No)
            }
            ("System.Text.Encoding", "utf8") => encoding(65001, Strict::No),
            ("System.Text.Encoding", "unicode") => encoding(1200, Strict::No),
            ("System.Text.Encoding", "ascii") => encoding(20127, Strict::No),
            ("System.Text.Encoding", "default") => encoding(1252, Strict::No),
            ("System.Environment", "machinename") => world.computer.as_str().into(),
            ("System.Environment", "newline") => "\r\n".into(),
            ("System.Environment", "is64bitprocess" | "is64bitoperatingsystem") => Value::Bool(true),
            ("System.Math", "pi") => Value::Real(std::f64::consts::PI),
            ("System.Int32", "maxvalue") => Value::Int(i64::from(i32::MAX)),
            ("System.String", "empty") => "".into(),
            _ => Value::Null,
        }
    }

    /// `[type]::name(…)`
    pub(super) fn static_call(&mut self, of: &str, name: &str, args: &[Value]) -> Result<Value, ErrorRecord> {
        let text = |index: usize| args.get(index).map(Value::text).unwrap_or_default();
        let int = |index: usize| args.get(index).and_then(Value::int).unwrap_or(0);
        let full = full_name(of);
        Ok(match (full.as_str(), name.to_lowercase().as_str()) {
            ("System.Convert", "toint32" | "toint64") if args.len() > 1 => {
                let base = u32::try_from(int(1)).unwrap_or(10);
                let digits = text(0);
                i64::from_str_radix(digits.trim_start_matches("0x"), base).map(Value::Int).map_err(|_| {
                    called(name, args.len(), "Could not find any recognizable digits.", "FormatException")
                })?
            }
            ("System.Convert", "toint32") => {
                Value::Int(args.first().and_then(Value::int).ok_or_else(|| {
                    called(name, 1, "Input string was not in a correct format.", "FormatException")
                })?)
            }
            ("System.Convert", "tobase64string") => {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(bytes(args.first())).into()
            }
            ("System.Convert", "frombase64string") => {
                use base64::Engine as _;
                let decoded = base64::engine::general_purpose::STANDARD.decode(text(0)).map_err(|_| {
                    called(name, 1, "The input is not a valid Base-64 string.", "FormatException")
                })?;
                Value::Bytes(Arc::new(decoded))
            }
            ("System.BitConverter", "tostring") => bytes(args.first())
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect::<Vec<_>>()
                .join("-")
                .into(),
            ("System.String", "join") => {
                let parts = if args.len() == 2 { args[1].items() } else { args[1..].to_vec() };
                parts.iter().map(Value::text).collect::<Vec<_>>().join(&text(0)).into()
            }
            ("System.String", "isnullorempty") => Value::Bool(text(0).is_empty()),
            ("System.String", "isnullorwhitespace") => Value::Bool(text(0).trim().is_empty()),
            ("System.Math", "round" | "floor" | "ceiling" | "abs") => {
                let real = args.first().and_then(Value::real).unwrap_or(0.0);
                match name.to_lowercase().as_str() {
                    "floor" => Value::Real(real.floor()),
                    "ceiling" => Value::Real(real.ceil()),
                    "abs" => Value::Real(real.abs()),
                    _ => {
                        let scale = 10f64.powi(int(1) as i32);
                        Value::Real((real * scale).round() / scale)
                    }
                }
            }
            ("System.Math", "min") => Value::Int(int(0).min(int(1))),
            ("System.Math", "max") => Value::Int(int(0).max(int(1))),
            ("System.Environment", "getenvironmentvariable") => self.env_value(&text(0)),
            ("System.Environment", "expandenvironmentvariables") => {
                crate::sim::windows::control::expand(&text(0)).into()
            }
            ("System.IO.Path", "combine") => {
                format!("{}\\{}", text(0).trim_end_matches('\\'), text(1)).into()
            }
            ("System.IO.Path", "getfilename") => text(0).rsplit('\\').next().unwrap_or_default().into(),
            ("System.IO.Path", "gettemppath") => "C:\\Windows\\TEMP\\".into(),
            ("System.IO.File", "exists") => {
                let path = self.process.path(&text(0));
                Value::Bool(path.is_some_and(|path| self.process.world().files.is_file(&path)))
            }
            ("System.IO.Directory", "exists") => {
                let path = self.process.path(&text(0));
                Value::Bool(path.is_some_and(|path| self.process.world().files.is_folder(&path)))
            }
            ("System.IO.File", "readallbytes") => Value::Bytes(Arc::new(self.file_bytes(name, &text(0))?)),
            ("System.IO.File", "readalltext") => {
                decoded(&self.file_bytes(name, &text(0))?, CodePage(65001)).into()
            }
            ("System.IO.File", "readalllines") => {
                let text = decoded(&self.file_bytes(name, &text(0))?, CodePage(65001));
                Value::array(text.lines().map(Value::from).collect())
            }
            ("System.IO.File", "delete") => {
                if let Some(path) = self.process.path(&text(0)) {
                    let token = self.process.token.clone();
                    let _ = self.process.world().files.remove(&path, &token);
                }
                Value::Null
            }
            ("System.IO.File", "writealltext" | "writeallbytes") => {
                let content = match args.get(1) {
                    Some(Value::Bytes(content)) => content.to_vec(),
                    other => {
                        let text = other.map(Value::text).unwrap_or_default();
                        let mark = args.get(2).is_some_and(|encoding| member(encoding, "Mark").truth());
                        let page =
                            args.get(2).and_then(|e| member(e, "CodePage").int()).filter(|page| *page > 0);
                        let page = CodePage(u16::try_from(page.unwrap_or(65001)).unwrap_or(65001));
                        [if mark { &b"\xEF\xBB\xBF"[..] } else { b"" }, &page.encode(&text)].concat()
                    }
                };
                self.write_bytes(name, &text(0), content)?;
                Value::Null
            }
            ("System.Text.Encoding", "getencoding") => {
                let page = u16::try_from(int(0)).unwrap_or(0);
                let refuses =
                    args.get(1).is_some_and(|fallback| fallback.type_name().contains("ExceptionFallback"));
                encoding(page, if refuses { Strict::Yes } else { Strict::No })
            }
            ("System.Console", "openstandardoutput") => Thing::value("System.IO.Stream", vec![]),
            ("System.Console", "writeline") => {
                self.process.stdout.line(&text(0));
                Value::Null
            }
            ("System.Console", "write") => {
                self.process.stdout.text(&text(0));
                Value::Null
            }
            ("System.Management.Automation.ScriptBlock" | "ScriptBlock", "create") => {
                let source = super::source::Source::new(&text(0), None);
                if let Some(error) = self.parse_error(&source) {
                    return Err(error);
                }
                let range = 0..source.text.len();
                Value::Script(super::value::Block { source, range })
            }
            (_, "new") => self.new_object(of, args)?,
            _ if known(&full) => {
                return Err(ErrorRecord::new(
                    format!(
                        "Method invocation failed because [{full}] does not contain a method named '{name}'."
                    ),
                    "MethodNotFound",
                    "System.Management.Automation.RuntimeException",
                ));
            }
            _ => {
                return Err(ErrorRecord::new(
                    format!("Unable to find type [{of}]."),
                    "TypeNotFound",
                    "System.Management.Automation.RuntimeException",
                ));
            }
        })
    }

    /// `New-Object name`, `[name]::new(…)`
    pub(super) fn new_object(&mut self, name: &str, args: &[Value]) -> Result<Value, ErrorRecord> {
        let lower = name.to_lowercase();
        let short = lower.strip_prefix("system.").unwrap_or(&lower);
        Ok(match short {
            "text.utf8encoding" => {
                let Value::Thing(made) = encoding(65001, Strict::No) else { return Ok(Value::Null) };
                let mark = args.first().is_some_and(Value::truth);
                made.lock().push(("Mark".to_owned(), Value::Bool(mark)));
                Value::Thing(made)
            }
            "collections.arraylist" => Value::List(Shared::default()),
            "collections.hashtable" => Value::map(Vec::new()),
            "text.stringbuilder" => Thing::value("System.Text.StringBuilder", vec![("Text", "".into())]),
            "security.cryptography.sha256cryptoserviceprovider" | "security.cryptography.sha256managed" => {
                Thing::value("System.Security.Cryptography.SHA256CryptoServiceProvider", vec![])
            }
            "text.encoderexceptionfallback" => Thing::value("System.Text.EncoderExceptionFallback", vec![]),
            "text.decoderexceptionfallback" => Thing::value("System.Text.DecoderExceptionFallback", vec![]),
            "net.networkcredential" => {
                let given = |at: usize| match args.get(at) {
                    Some(Value::Thing(thing)) if thing.kind == SECURE_STRING => {
                        thing.member(SECRET).unwrap_or(Value::Null)
                    }
                    given => given.map(Value::text).unwrap_or_default().into(),
                };
                let members = vec![("UserName", given(0)), ("Password", given(1)), ("Domain", given(2))];
                Thing::value("System.Net.NetworkCredential", members)
            }
            "exception" => Thing::value(
                "System.Exception",
                vec![("Message", args.first().cloned().unwrap_or(Value::Null))],
            ),
            "psobject" | "object" | "management.automation.psobject" => {
                Thing::value("System.Management.Automation.PSCustomObject", vec![])
            }
            _ => {
                return Err(ErrorRecord::of_command(
                    format!(
                        "Cannot find type [{name}]: verify that the assembly containing this type is loaded."
                    ),
                    "TypeNotFound",
                    "InvalidType",
                    "",
                    "New-Object",
                ));
            }
        })
    }

    /// `value.name(…)`
    pub(super) fn call(&mut self, value: &Value, name: &str, args: &[Value]) -> Result<Value, ErrorRecord> {
        let lower = name.to_lowercase();
        let text = |index: usize| args.get(index).map(Value::text).unwrap_or_default();
        let int = |index: usize| args.get(index).and_then(Value::int).unwrap_or(0).max(0) as usize;
        match (value, lower.as_str()) {
            (Value::Null, _) => Err(ErrorRecord::new(
                "You cannot call a method on a null-valued expression.",
                "InvokeMethodOnNull",
                "System.Management.Automation.RuntimeException",
            )),
            (_, "gettype") => Ok(Value::Type(value.type_name().to_owned())),
            (Value::Type(of), _) => self.static_call(&of.clone(), name, args),
            (Value::Text(own), _) => {
                text_method(own, &lower, args).ok_or_else(|| no_method("System.String", name))
            }
            (Value::List(list), _) => {
                match lower.as_str() {
                    "add" => {
                        let mut list = list.lock();
                        list.push(args.first().cloned().unwrap_or(Value::Null));
                        return Ok(Value::Int(list.len() as i64 - 1));
                    }
                    "addrange" => list.lock().extend(args.first().map(Value::items).unwrap_or_default()),
                    "clear" => list.lock().clear(),
                    "toarray" => return Ok(Value::array(list.lock().clone())),
                    "contains" => {
                        let wanted = args.first().cloned().unwrap_or(Value::Null);
                        return Ok(Value::Bool(list.lock().iter().any(|item| item.equals(&wanted, true))));
                    }
                    _ => return Err(no_method("System.Collections.ArrayList", name)),
                }
                Ok(Value::Null)
            }
            (Value::Map(map), "containskey" | "contains") => {
                Ok(Value::Bool(super::value::find(&map.lock(), &text(0)).is_some()))
            }
            (Value::Map(map), "add") => {
                map.lock().push((text(0), args.get(1).cloned().unwrap_or(Value::Null)));
                Ok(Value::Null)
            }
            (Value::Map(map), "remove") => {
                map.lock().retain(|(key, _)| !key.eq_ignore_ascii_case(&text(0)));
                Ok(Value::Null)
            }
            (Value::Thing(thing), _) => match (thing.kind, lower.as_str()) {
                ("System.Security.Cryptography.SHA256CryptoServiceProvider", "computehash") => {
                    Ok(Value::Bytes(Arc::new(Sha256::digest(bytes(args.first())).to_vec())))
                }
                ("System.Text.Encoding", "getpreamble") => {
                    let mark = thing.member("Mark").is_none_or(|mark| mark.truth());
                    Ok(Value::Bytes(Arc::new(if mark { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() })))
                }
                ("System.Text.Encoding", "getbytes") => {
                    let page = CodePage(
                        thing.member("CodePage").and_then(|page| page.int()).unwrap_or(65001) as u16,
                    );
                    let encoded = page.encode(&text(0));
                    let strict = thing.member("Strict").is_some_and(|strict| strict.truth());
                    if strict && page.decode(&encoded) != text(0) {
                        let why = "Unable to translate Unicode character to specified code page.";
                        return Err(called(name, args.len(), why, "EncoderFallbackException"));
                    }
                    Ok(Value::Bytes(Arc::new(encoded)))
                }
                ("System.Text.Encoding", "getstring") => {
                    let page = CodePage(
                        thing.member("CodePage").and_then(|page| page.int()).unwrap_or(65001) as u16,
                    );
                    Ok(page.decode(&bytes(args.first())).into())
                }
                ("System.IO.Stream", "write") => {
                    let all = bytes(args.first());
                    let end = (int(1) + int(2)).min(all.len());
                    self.process.stdout.bytes(all.get(int(1)..end).unwrap_or_default());
                    Ok(Value::Null)
                }
                ("System.IO.Stream", "flush" | "close" | "dispose") => Ok(Value::Null),
                ("System.DateTime", "tostring") => {
                    let shown = thing.member("Wall").map(|wall| wall.text()).unwrap_or_default();
                    let wall: jiff::Timestamp = shown.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
                    Ok(wall.strftime(&date_format(&text(0))).to_string().into())
                }
                (MANAGEMENT_OBJECT, _) => {
                    let called = self.instance_method(thing, &lower, args);
                    called.unwrap_or_else(|| Err(no_method(MANAGEMENT_OBJECT, name)))
                }
                (_, "tostring") => Ok(value.text().into()),
                ("System.ServiceProcess.ServiceController", "refresh") => {
                    let name = thing.member("Name").map(|name| name.text()).unwrap_or_default();
                    if let Value::Thing(fresh) = self.service(&name) {
                        let fresh = fresh.lock().clone();
                        thing.lock().clone_from(&fresh);
                    }
                    Ok(Value::Null)
                }
                (kind, _) => Err(no_method(kind, name)),
            },
            (_, "tostring") => match (value, args.first()) {
                (Value::Int(_) | Value::Real(_), Some(form)) => Ok(super::operators::binary(
                    "-f",
                    &format!("{{0:{}}}", form.text()).into(),
                    &value.clone(),
                )?
                .0),
                _ => Ok(value.text().into()),
            },
            (other, _) => Err(no_method(other.type_name(), name)),
        }
    }

    pub(super) fn file_bytes(&self, method: &str, name: &str) -> Result<Vec<u8>, ErrorRecord> {
        let missing =
            || called(method, 1, &format!("Could not find file '{name}'."), "FileNotFoundException");
        let path = self.process.path(name).ok_or_else(missing)?;
        let world = self.process.world();
        match world.files.read(&path, &self.process.token) {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(crate::sim::windows::files::FileError::AccessDenied) => {
                let why = format!("Access to the path '{path}' is denied.");
                Err(called(method, 1, &why, "UnauthorizedAccessException"))
            }
            Err(_) => Err(missing()),
        }
    }

    pub(super) fn write_bytes(
        &mut self,
        method: &str,
        name: &str,
        content: Vec<u8>,
    ) -> Result<(), ErrorRecord> {
        let missing = || {
            called(
                method,
                2,
                &format!("Could not find a part of the path '{name}'."),
                "DirectoryNotFoundException",
            )
        };
        let path = self.process.path(name).ok_or_else(missing)?;
        let mut world = self.process.world();
        let now = world.wall_time();
        world.files.write(&path, content, &self.process.token, now).map_err(|error| match error {
            crate::sim::windows::files::FileError::AccessDenied => called(
                method,
                2,
                &format!("Access to the path '{path}' is denied."),
                "UnauthorizedAccessException",
            ),
            crate::sim::windows::files::FileError::DiskFull => {
                called(method, 2, "There is not enough space on the disk.", "IOException")
            }
            _ => missing(),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strict {
    Yes,
    No,
}

fn encoding(page: u16, strict: Strict) -> Value {
    Thing::value(
        "System.Text.Encoding",
        vec![("CodePage", Value::Int(i64::from(page))), ("Strict", Value::Bool(strict == Strict::Yes))],
    )
}

fn bytes(value: Option<&Value>) -> Vec<u8> {
    match value {
        Some(Value::Bytes(bytes)) => bytes.to_vec(),
        Some(other) => other.items().iter().map(|item| item.int().unwrap_or(0) as u8).collect(),
        None => Vec::new(),
    }
}

/// What a file says: by its mark, else as UTF-8 where it is that, else in `page`.
pub(super) fn decoded(raw: &[u8], page: CodePage) -> String {
    if let Some(rest) = raw.strip_prefix(b"\xEF\xBB\xBF") {
        return String::from_utf8_lossy(rest).into_owned();
    }
    if let Some(rest) = raw.strip_prefix(b"\xFF\xFE") {
        return CodePage(1200).decode(rest);
    }
    page.decode(raw)
}

fn text_method(own: &str, lower: &str, args: &[Value]) -> Option<Value> {
    let text = |index: usize| args.get(index).map(Value::text).unwrap_or_default();
    let int = |index: usize| args.get(index).and_then(Value::int).unwrap_or(0).max(0) as usize;
    let set = |default: &[char]| -> Vec<char> {
        let given: Vec<char> = args.iter().flat_map(|arg| arg.text().chars().collect::<Vec<_>>()).collect();
        if given.is_empty() { default.to_vec() } else { given }
    };
    let blanks = [' ', '\t', '\r', '\n'];
    Some(match lower {
        "substring" => {
            let chars: Vec<char> = own.chars().collect();
            let end = if args.len() > 1 { int(0) + int(1) } else { chars.len() };
            chars.get(int(0)..end)?.iter().collect::<String>().into()
        }
        "trim" => own.trim_matches(set(&blanks).as_slice()).into(),
        "trimend" => own.trim_end_matches(set(&blanks).as_slice()).into(),
        "trimstart" => own.trim_start_matches(set(&blanks).as_slice()).into(),
        "replace" => own.replace(&text(0), &text(1)).into(),
        "split" => Value::array(own.split(set(&blanks).as_slice()).map(Value::from).collect()),
        "tolower" | "tolowerinvariant" => own.to_lowercase().into(),
        "toupper" | "toupperinvariant" => own.to_uppercase().into(),
        "contains" => Value::Bool(own.contains(&text(0))),
        "startswith" => Value::Bool(own.starts_with(&text(0))),
        "endswith" => Value::Bool(own.ends_with(&text(0))),
        "indexof" => Value::Int(own.find(&text(0)).map_or(-1, |at| own[..at].chars().count() as i64)),
        "equals" => Value::Bool(own == text(0)),
        "padleft" => format!("{own:>width$}", width = int(0)).into(),
        "padright" => format!("{own:<width$}", width = int(0)).into(),
        "tostring" => own.into(),
        "tochararray" => Value::array(own.chars().map(|c| c.to_string().into()).collect()),
        _ => return None,
    })
}

fn date_format(net: &str) -> String {
    if net.is_empty() {
        return "%m/%d/%Y %H:%M:%S".to_owned();
    }
    [("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")]
        .iter()
        .fold(net.to_owned(), |format, (from, to)| format.replace(from, to))
}

fn known(full: &str) -> bool {
    full.starts_with("System.")
}

fn no_method(kind: &str, name: &str) -> ErrorRecord {
    ErrorRecord::new(
        format!("Method invocation failed because [{kind}] does not contain a method named '{name}'."),
        "MethodNotFound",
        "System.Management.Automation.RuntimeException",
    )
}

/// An exception out of a method.
fn called(method: &str, arguments: usize, why: &str, exception: &str) -> ErrorRecord {
    ErrorRecord::new(
        format!("Exception calling \"{method}\" with \"{arguments}\" argument(s): \"{why}\""),
        exception,
        "System.Management.Automation.MethodInvocationException",
    )
}
