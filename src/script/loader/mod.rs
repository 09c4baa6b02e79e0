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
use crate::script::decode::decode_filled;
use crate::script::diagnostic::{Diagnostic, Report, Source};
use crate::script::library::{Library, LibraryError, is_name};
use crate::script::lint;
use crate::script::model::{Guidance, Script};
use crate::script::raw::{At, RawScript};
use crate::script::yaml::{self, Problem};

use self::names::Names;
pub(crate) use self::params::RESERVED;

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
            gaps: Vec::new(),
            places: Vec::new(),
            broken: false,
            used: BTreeSet::new(),
            ids: BTreeSet::new(),
        };
        file.problems(problems);
        let raw = tree.as_ref().and_then(|tree| {
            let (raw, problems) = decode_filled::<RawScript>(tree);
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
    /// Where something could not be read. Near to it, a key that is not there may only have been left out.
    gaps: Vec<usize>,
    /// Where the steps stand, those inside of blocks included.
    places: Vec<Range<usize>>,
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
        if !self.follows(code, &span) {
            self.tell(code, span, message, help);
        }
    }

    /// Says it also where something near could not be read.
    fn tell(
        &mut self,
        code: &'static Code,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.broken |= code.severity == crate::script::model::Severity::Error;
        self.loading.report.diagnostics.push(Diagnostic {
            code,
            source: Arc::clone(&self.source),
            span,
            message: message.into(),
            help,
        });
    }

    /// A list or mapping with nothing in it, where that would be taken for nothing said.
    fn not_empty(&mut self, empty: bool, span: &Range<usize>, key: &str) {
        if empty {
            let message = format!("there is nothing in `{key}`");
            self.say(&codes::EMPTY_TEXT, span.clone(), message, Some("add some, or leave it out".to_owned()));
        }
    }

    /// Whether this may only follow from something that could not be read.
    fn follows(&self, code: &Code, span: &Range<usize>) -> bool {
        if self.gaps.is_empty() {
            return false;
        }
        // It is about what stands in for a key that is not there.
        if span.is_empty() {
            return true;
        }
        let around = || self.places.iter().filter(|place| place.contains(&span.start));
        match reach(code) {
            Reach::Nothing => false,
            Reach::Step => match around().min_by_key(|place| place.len()) {
                Some(step) => self.gaps.iter().any(|gap| step.contains(gap)),
                None => self.gaps.iter().any(|gap| !self.places.iter().any(|step| step.contains(gap))),
            },
            Reach::Above => match around().max_by_key(|place| place.len()) {
                Some(step) => self.gaps.iter().any(|gap| *gap < step.end),
                None => true,
            },
            Reach::File => true,
        }
    }

    fn problems(&mut self, problems: Vec<Problem>) {
        for Problem { code, span, message, help } in problems {
            self.broken = true;
            self.gaps.push(span.start);
            let source = Arc::clone(&self.source);
            self.loading.report.diagnostics.push(Diagnostic { code, source, span, message, help });
        }
    }

    fn build(&mut self, name: &str, raw: &RawScript) -> Script {
        self.places = raw.all_steps().iter().map(|step| step.span.clone()).collect();
        self.name(name, &raw.script);
        let title = self.prose(&raw.title);
        let about = self.prose(&raw.about);
        let source = raw.source.as_ref().map(|text| self.prose(text));
        let guidance = self.guidance(raw);
        let params = self.params(raw.params.as_ref());
        let mut names = Names::new(&params);
        for (name, param) in raw.params.iter().flat_map(|params| &params.0) {
            if param.r#type.span.is_empty() {
                names.of_no_type(&name.value);
            }
        }
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
        if let Some(symptoms) = &raw.symptoms {
            self.not_empty(symptoms.value.is_empty(), &symptoms.span, "symptoms");
        }
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

/// What must have been read for a code to mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Nothing but the place itself.
    Nothing,
    /// The step around it, or what stands around the steps.
    Step,
    /// Everything up to the end of the step.
    Above,
    /// The whole file.
    File,
}

/// What a code hangs on.
fn reach(code: &Code) -> Reach {
    let of_the_step = [
        &codes::BAD_DEFAULT,
        &codes::BAD_KIND,
        &codes::NO_HOLDS,
        &codes::NO_UNDO,
        &codes::NO_WHY,
        &codes::NO_FINDING,
        &codes::BAD_ARGUMENT,
        &codes::EMPTY_TEXT,
        &codes::MISSING_KEY,
        &codes::CONSTANT,
        &codes::BAD_ANSWER,
        &codes::BAD_UPLOAD,
        &codes::WRONG_SHAPE,
    ];
    let of_the_file = [&codes::UNUSED_CAPTURE, &codes::UNUSED_PARAM, &codes::NOT_UNLOADED];
    if of_the_step.contains(&code) {
        Reach::Step
    } else if *code == codes::UNDEFINED_NAME {
        Reach::Above
    } else if of_the_file.contains(&code) {
        Reach::File
    } else {
        Reach::Nothing
    }
}
