//! Text → a checked [`Script`], or everything that is wrong with it.

mod arguments;
mod block;
mod dialogue;
mod exact;
mod names;
mod params;
mod probe;
mod step;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::encoding::hex;
use crate::script::codes::{self, Code};
use crate::script::decode::decode;
use crate::script::diagnostic::{Diagnostic, Report, Source};
use crate::script::library::{Library, LibraryError, is_name};
use crate::script::lint;
use crate::script::model::{Guidance, Script};
use crate::script::raw::{At, RawScript};
use crate::script::yaml::{self, Problem};

use self::names::Names;

/// A script that may be run, and what could be better.
#[derive(Debug)]
pub struct Loaded {
    /// The script with all that it uses.
    pub script: Arc<Script>,
    /// Warnings.
    pub warnings: Report,
}

/// A script that may not be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such script, or it can't be read.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// It has errors.
    #[error("{0}")]
    Script(Report),
}

/// Loads and checks a script and every script it uses.
pub fn load(library: &Library, name: &str) -> Result<Loaded, LoadError> {
    let source = library.source(name)?;
    let mut loading = Loading { library, open: Vec::new(), done: BTreeMap::new(), report: Report::default() };
    let script = loading.script(name, source);
    let mut report = loading.report;
    report.tidy();
    match script {
        Some(script) if !report.has_errors() => Ok(Loaded { script, warnings: report }),
        _ => Err(LoadError::Script(report)),
    }
}

/// One load: the scripts that are open (to find circles) and those that are done.
struct Loading<'l> {
    library: &'l Library,
    open: Vec<String>,
    done: BTreeMap<String, Option<Arc<Script>>>,
    report: Report,
}

impl Loading<'_> {
    /// A script by its text. `None`: it has errors, which are in the report.
    fn script(&mut self, name: &str, source: Source) -> Option<Arc<Script>> {
        let source = Arc::new(source);
        self.open.push(name.to_owned());
        let (tree, problems) = yaml::parse(&source.text);
        let mut file = File {
            loading: self,
            source: Arc::clone(&source),
            whole: problems.is_empty(),
            broken: false,
            used: BTreeSet::new(),
            ids: BTreeSet::new(),
        };
        file.problems(problems);
        let raw = tree.as_ref().and_then(|tree| {
            let (raw, problems) = decode::<RawScript>(tree);
            file.whole &= problems.is_empty();
            file.problems(problems);
            raw
        });
        let script = raw.map(|raw| Arc::new(file.build(name, &raw)));
        let script = if file.broken { None } else { script };
        self.open.pop();
        self.done.insert(name.to_owned(), script.clone());
        script
    }
}

/// The file that is being built.
struct File<'a, 'l> {
    loading: &'a mut Loading<'l>,
    source: Arc<Source>,
    /// Nothing was left out: absence of a key means that it is not there.
    whole: bool,
    /// An error was found.
    broken: bool,
    /// Names that something looked at: parameters by name, captures as `step.name`.
    used: BTreeSet<String>,
    /// Ids of the steps so far.
    ids: BTreeSet<String>,
}

impl File<'_, '_> {
    fn say(
        &mut self,
        code: &'static Code,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let error = code.severity == crate::script::model::Severity::Error;
        if !self.whole && !stands_alone(code) {
            return;
        }
        self.broken |= error;
        self.loading.report.diagnostics.push(Diagnostic {
            code,
            source: Arc::clone(&self.source),
            span,
            message: message.into(),
            help,
        });
    }

    fn problems(&mut self, problems: Vec<Problem>) {
        for Problem { code, span, message, help } in problems {
            self.broken = true;
            let source = Arc::clone(&self.source);
            self.loading.report.diagnostics.push(Diagnostic { code, source, span, message, help });
        }
    }

    fn build(&mut self, name: &str, raw: &RawScript) -> Script {
        self.name(name, &raw.script);
        let title = self.prose(&raw.title);
        let about = self.prose(&raw.about);
        let source = raw.source.as_ref().map(|text| self.prose(text));
        let guidance = self.guidance(raw);
        let params = self.params(raw.params.as_ref());
        let mut names = Names::new(&params);
        if raw.steps.value.is_empty() {
            self.say(&codes::EMPTY_TEXT, raw.steps.span.clone(), "there are no steps", None);
        }
        let within = raw.within.as_ref().and_then(|text| self.duration(text));
        let steps = self.steps(&raw.steps.value, &mut names);
        self.unused(raw);
        for found in lint::script(raw) {
            self.say(found.code, found.span, found.message, found.help);
        }
        Script {
            name: name.to_owned(),
            title,
            about,
            source,
            guidance,
            params,
            within,
            steps,
            digest: hex(&Sha256::digest(self.source.text.as_bytes())),
        }
    }

    fn guidance(&mut self, raw: &RawScript) -> Guidance {
        let symptoms = raw.symptoms.iter().flat_map(|list| &list.value);
        Guidance {
            differs: raw.differs.as_ref().map(|text| self.prose(text)),
            symptoms: symptoms.map(|text| self.prose(text)).collect(),
            use_when: raw.use_when.as_ref().map(|text| self.prose(text)),
            not_when: raw.not_when.as_ref().map(|text| self.prose(text)),
            takes: raw.takes.as_ref().and_then(|text| self.duration(text)),
            outside: raw.outside.as_ref().map(|text| self.prose(text)),
        }
    }

    fn name(&mut self, name: &str, claimed: &At<String>) {
        if !is_name(&claimed.value) {
            let message = format!("`{}` can't be the name of a script", claimed.value);
            let help = "lower-case words with dashes, parted by slashes: rdp/tls-protocols".to_owned();
            self.say(&codes::BAD_NAME, claimed.span.clone(), message, Some(help));
        } else if claimed.value != name {
            let message = format!("the script calls itself `{}`, its file is `{name}`", claimed.value);
            let help = format!("write `script: {name}`, or move the file");
            self.say(&codes::OTHER_NAME, claimed.span.clone(), message, Some(help));
        }
    }

    /// Captures and parameters that nothing looks at.
    fn unused(&mut self, raw: &RawScript) {
        if self.broken {
            return;
        }
        let mut unused = Vec::new();
        for (name, _) in raw.params.iter().flat_map(|params| &params.0) {
            if !self.used.contains(&name.value) {
                let message = format!("nothing uses the parameter `{}`", name.value);
                unused.push((&codes::UNUSED_PARAM, name.span.clone(), message));
            }
        }
        for step in raw.all_steps() {
            for (name, _) in step.value.captures() {
                if !self.used.contains(&format!("{}.{}", step.value.id.value, name.value)) {
                    let message = format!("nothing uses the capture `{}`", name.value);
                    unused.push((&codes::UNUSED_CAPTURE, name.span.clone(), message));
                }
            }
        }
        for (code, span, message) in unused {
            self.say(code, span, message, Some("leave it out, or use it".to_owned()));
        }
    }
}

/// Codes that mean something although other parts of the file could not be read.
fn stands_alone(code: &Code) -> bool {
    let follows_from_absence = [
        &codes::BAD_DEFAULT,
        &codes::UNDEFINED_NAME,
        &codes::UNUSED_CAPTURE,
        &codes::UNUSED_PARAM,
        &codes::BAD_KIND,
        &codes::NO_HOLDS,
        &codes::NO_UNDO,
        &codes::NO_WHY,
        &codes::NO_FINDING,
        &codes::BAD_ARGUMENT,
        &codes::NOT_UNLOADED,
        &codes::EMPTY_TEXT,
        &codes::MISSING_KEY,
    ];
    !follows_from_absence.contains(&code)
}
