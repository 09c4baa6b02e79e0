//! What is known to only read in PowerShell: cmdlets, types that only compute, methods. What is not here counts as a
//! change.

use crate::script::lint::effects::Effect;
use crate::script::lint::programs::holds;
use crate::script::lint::words::Simple;

/// The command behind an alias of Windows PowerShell 5.1.
pub(super) fn long_name(name: &str) -> String {
    match name {
        "gsv" => "get-service",
        "sasv" => "start-service",
        "spsv" => "stop-service",
        "gp" => "get-itemproperty",
        "sp" => "set-itemproperty",
        "rp" => "remove-itemproperty",
        "gi" => "get-item",
        "si" => "set-item",
        "gci" | "ls" | "dir" => "get-childitem",
        "gc" | "cat" | "type" => "get-content",
        "ac" => "add-content",
        "cp" | "copy" | "cpi" => "copy-item",
        "mv" | "move" | "mi" => "move-item",
        "rm" | "del" | "erase" | "rd" | "rmdir" | "ri" => "remove-item",
        "ren" | "rni" => "rename-item",
        "md" | "mkdir" | "ni" => "new-item",
        "cd" | "chdir" | "sl" => "set-location",
        "pwd" | "gl" => "get-location",
        "echo" | "write" => "write-output",
        "ps" | "gps" => "get-process",
        "kill" | "spps" => "stop-process",
        "start" | "saps" => "start-process",
        "sleep" => "start-sleep",
        "sls" => "select-string",
        "where" | "?" => "where-object",
        "foreach" | "%" => "foreach-object",
        "select" => "select-object",
        "sort" => "sort-object",
        "measure" => "measure-object",
        "group" => "group-object",
        "ft" => "format-table",
        "fl" => "format-list",
        "fw" => "format-wide",
        "tee" => "tee-object",
        "iex" => "invoke-expression",
        "iwr" | "curl" | "wget" => "invoke-webrequest",
        "irm" => "invoke-restmethod",
        "gwmi" => "get-wmiobject",
        "gcim" => "get-ciminstance",
        "ipmo" => "import-module",
        "rmo" => "remove-module",
        "cls" | "clear" => "clear-host",
        "gcm" => "get-command",
        "gm" => "get-member",
        "gu" => "get-unique",
        "gv" => "get-variable",
        "gdr" => "get-psdrive",
        "gtz" => "get-timezone",
        "gin" => "get-computerinfo",
        "h" | "history" | "ghy" => "get-history",
        "help" | "man" => "get-help",
        "diff" | "compare" => "compare-object",
        "rvpa" => "resolve-path",
        "cvpa" => "convert-path",
        "ipcsv" => "import-csv",
        "epcsv" => "export-csv",
        "oh" => "out-host",
        "ogv" => "out-gridview",
        "ndr" | "mount" => "new-psdrive",
        "pushd" => "push-location",
        "popd" => "pop-location",
        "sv" => "set-variable",
        "nv" => "new-variable",
        "clc" => "clear-content",
        "cli" => "clear-item",
        "clp" => "clear-itemproperty",
        "icm" => "invoke-command",
        "icim" => "invoke-cimmethod",
        "iwmi" => "invoke-wmimethod",
        "swmi" => "set-wmiinstance",
        "sal" => "set-alias",
        "sajb" => "start-job",
        name => name,
    }
    .to_owned()
}

/// What a cmdlet does. `Get-`, `Test-` and their like read by agreement.
pub(super) fn effect_of(name: &str, has: &dyn Fn(&str) -> bool, simple: &Simple) -> Effect {
    use Effect::{Changes, Reads, WritesFiles};
    match name {
        "test-computersecurechannel" if has("-repair") => Changes,
        // Of a module that installs updates.
        "get-wuinstall" => Changes,
        // A module of somebody's own may do anything while it is loaded.
        "import-module"
            if simple.words.iter().skip(1).any(|word| word.text.contains(['\\', '/', '$', '{'])) =>
        {
            Changes
        }
        "new-psdrive" if has("-persist") => Changes,
        "add-type" if has("-assemblyname") => Reads,
        "invoke-restmethod" | "invoke-webrequest"
            if !["-outfile", "-method", "-body", "-infile"].iter().any(|option| has(option)) =>
        {
            Reads
        }
        "import-module" | "remove-module" | "set-location" | "push-location" | "pop-location"
        | "set-strictmode" | "set-variable" | "new-variable" | "clear-variable" | "remove-variable"
        | "new-object" | "new-timespan" | "new-guid" | "new-psdrive" | "remove-psdrive" | "start-sleep"
        | "wait-job" | "wait-process" | "receive-job" | "convert-path" | "out-string" | "out-null"
        | "out-default" | "write-output" | "write-host" | "write-warning" | "write-verbose"
        | "write-error" | "write-information" | "write-debug" | "write-progress" | "import-csv"
        | "import-clixml" | "read-host" | "foreach-object" | "clear-host" | "out-host" | "out-gridview"
        | "pause" | "format-table" | "format-list" | "format-wide" | "format-custom" | "format-hex" => Reads,
        "get-windowsupdatelog" | "out-file" | "tee-object" | "copy-item" | "add-content" | "set-content" => {
            WritesFiles
        }
        name => match verb(name) {
            "get" | "test" | "select" | "where" | "sort" | "measure" | "convertto" | "convertfrom"
            | "compare" | "resolve" | "join" | "split" | "group" | "find" | "search" => Reads,
            "export" => WritesFiles,
            _ => Changes,
        },
    }
}

/// `Get` of `Get-Service`.
pub(super) fn verb(name: &str) -> &str {
    name.split('-').next().unwrap_or_default()
}

/// A type without brackets and without the `System.` that nobody writes.
fn type_name(written: &str) -> String {
    let plain = written.trim_matches(['[', ']']).to_lowercase();
    plain.strip_prefix("system.").unwrap_or(&plain).to_owned()
}

/// Whether `[type]::method(…)` only reads or computes.
pub(super) fn reads_static(of: &str, method: &str) -> bool {
    let of = type_name(of);
    let any = |names: &[&str]| names.iter().any(|name| method.starts_with(name));
    match of.as_str() {
        _ if method == "new" => reads_constructor(&of),
        "math"
        | "string"
        | "char"
        | "byte"
        | "int"
        | "int16"
        | "int32"
        | "int64"
        | "long"
        | "uint16"
        | "uint32"
        | "uint64"
        | "single"
        | "float"
        | "double"
        | "decimal"
        | "bool"
        | "boolean"
        | "datetime"
        | "datetimeoffset"
        | "timespan"
        | "timezoneinfo"
        | "convert"
        | "bitconverter"
        | "guid"
        | "version"
        | "uri"
        | "regex"
        | "text.regularexpressions.regex"
        | "text.encoding"
        | "enum"
        | "array"
        | "object"
        | "ipaddress"
        | "net.ipaddress"
        | "cultureinfo"
        | "globalization.cultureinfo"
        | "net.webutility"
        | "linq.enumerable" => true,
        // GetTempFileName makes the file.
        "io.path" => method != "gettempfilename",
        "io.file" | "io.directory" | "io.driveinfo" => {
            any(&["exists", "read", "enumerate", "openread", "opentext"])
                || (any(&["get"]) && method != "getaccesscontrolsections")
        }
        "environment" => any(&["get", "expand", "is"]),
        "console" => any(&["write"]),
        "net.dns" => any(&["get", "resolve"]),
        "threading.thread" => method == "sleep",
        "microsoft.win32.registry" => method == "getvalue",
        "microsoft.win32.registrykey" => any(&["openbasekey", "openremotebasekey"]),
        "security.principal.windowsidentity" => method == "getcurrent",
        "diagnostics.eventlog" => any(&["exists", "get", "sourceexists", "lognamefrom"]),
        "diagnostics.process"
        | "diagnostics.fileversioninfo"
        | "serviceprocess.servicecontroller"
        | "wmi"
        | "net.networkinformation.networkinterface"
        | "net.networkinformation.ipglobalproperties"
        | "directoryservices.activedirectory.domain"
        | "directoryservices.activedirectory.forest" => any(&["get"]),
        of => of.starts_with("security.cryptography.") && method == "create",
    }
}

/// Whether making an object of this type changes nothing. A stream that writes makes its file at once.
pub(super) fn reads_constructor(of: &str) -> bool {
    let of = type_name(of);
    let stem = of.split(['(', '[']).next().unwrap_or_default();
    let starts = [
        "collections.",
        "security.accesscontrol.",
        "security.principal.",
        "diagnostics.eventing.reader.",
        "text.",
    ];
    starts.iter().any(|start| stem.starts_with(start))
        || matches!(
            stem,
            "object"
                | "psobject"
                | "pscustomobject"
                | "management.automation.psobject"
                | "hashtable"
                | "string"
                | "byte"
                | "char"
                | "int"
                | "timespan"
                | "datetime"
                | "version"
                | "uri"
                | "guid"
                | "random"
                | "regex"
                | "ipaddress"
                | "net.ipaddress"
                | "net.networkcredential"
                | "net.sockets.tcpclient"
                | "net.sockets.udpclient"
                | "net.webclient"
                | "net.networkinformation.ping"
                | "xml"
                | "xml.xmldocument"
                | "io.streamreader"
                | "io.stringreader"
                | "io.memorystream"
                | "io.fileinfo"
                | "io.directoryinfo"
                | "io.driveinfo"
                | "diagnostics.stopwatch"
                | "diagnostics.performancecounter"
                | "diagnostics.eventlog"
                | "directoryservices.directorysearcher"
                | "directoryservices.directoryentry"
                | "management.managementobjectsearcher"
                | "management.managementobject"
                | "serviceprocess.servicecontroller"
                | "security.cryptography.x509certificates.x509certificate2"
                | "security.cryptography.x509certificates.x509chain"
                | "management.automation.pscredential"
        )
}

/// Whether a method changes nothing but its own object, as far as its name tells. What begins with `Get` or `Is` reads
/// by agreement.
pub(super) fn reads_method(name: &str) -> bool {
    name.starts_with("get") || name.starts_with("is") || holds(METHODS, name)
}

const METHODS: &str = "adddays addhours addmilliseconds addminutes addmonths addseconds addyears beginconnect build \
     clone close compareto computehash contains containskey containsvalue dispose endconnect endswith \
     equals exists findall findone foreach format indexof join lastindexof match matches next \
     nextdouble normalize opensubkey padleft padright parse peek readallbytes readalllines \
     readalltext readline readtoend refresh replace round selectnodes selectsinglenode split \
     startswith substring subtract toarray tochararray tofiletime toint32 tolocaltime tolower \
     tolowerinvariant toshortdatestring tostring touniversaltime toupper toupperinvariant translate \
     trim trimend trimstart waitforstatus waitone where";
