//! net.exe.

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::language::Text;
use crate::sim::windows::win32::Win32;

mod accounts;
mod services;

const COMPLETED: Text = Text {
    en: "The command completed successfully.",
    ko: "명령을 잘 실행했습니다.",
    ja: "コマンドは正常に終了しました。",
    de: "Der Befehl wurde erfolgreich ausgeführt.",
};
const MORE_HELP: Text = Text {
    en: "More help is available by typing NET HELPMSG {0}.",
    ko: "NET HELPMSG {0}을(를) 입력하면 도움말을 더 볼 수 있습니다.",
    ja: "NET HELPMSG {0} と入力すると、より詳しい説明が得られます。",
    de: "Sie erhalten weitere Hilfe, wenn Sie NET HELPMSG {0} eingeben.",
};
const SYSTEM_ERROR: Text = Text {
    en: "System error {0} has occurred.",
    ko: "시스템 오류 {0}이(가) 생겼습니다.",
    ja: "システム エラー {0} が発生しました。",
    de: "Systemfehler {0} aufgetreten.",
};
const USAGE: &str = "The syntax of this command is:\r
\r
NET\r
    [ ACCOUNTS | COMPUTER | CONFIG | CONTINUE | FILE | GROUP | HELP |\r
      HELPMSG | LOCALGROUP | PAUSE | SESSION | SHARE | START |\r
      STATISTICS | STOP | TIME | USE | USER | VIEW ]\r
";

/// Why a command fails; printed to standard error, the code is 2.
enum Failure {
    /// A message of the network with the number that `net helpmsg` explains.
    Message(u32, String),
    /// An error of the system.
    System(Win32),
    /// The syntax of a command.
    Usage(&'static str),
    /// Everything was said.
    Said,
}

/// `net`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let Some((command, words)) = process.args.split_first() else {
        process.stderr.text(USAGE);
        return Ok(1);
    };
    let command = command.to_lowercase();
    let changes = match command.as_str() {
        "start" | "stop" => words.iter().any(|word| !word.starts_with('/')),
        "user" | "users" | "localgroup" => words.len() > 1,
        _ => false,
    };
    let result = match command.as_str() {
        _ if changes && !process.token.is_administrator() => Err(Failure::System(Win32::ACCESS_DENIED)),
        "start" => services::start(process, words).await?,
        "stop" => services::stop(process, words).await?,
        "user" | "users" => accounts::user(process, words).await?,
        "localgroup" => accounts::group(process, words),
        "accounts" => {
            accounts::policy(process);
            Ok(())
        }
        "helpmsg" => help_message(process, words),
        _ => {
            process.stderr.text(USAGE);
            return Ok(1);
        }
    };
    let language = process.language();
    let Err(failure) = result else { return Ok(0) };
    match failure {
        Failure::Message(number, text) => {
            let help = MORE_HELP.fill(language, &[&number.to_string()]);
            process.stderr.text(&format!("{text}\r\n\r\n{help}\r\n\r\n"));
        }
        Failure::System(error) => {
            let head = SYSTEM_ERROR.fill(language, &[&error.0.to_string()]);
            process.stderr.text(&format!("{head}\r\n\r\n{}\r\n\r\n", error.text(language)));
        }
        Failure::Usage(text) => {
            process.stderr.text(text);
            return Ok(1);
        }
        Failure::Said => {}
    }
    Ok(2)
}

fn completed(process: &Process) {
    process.stdout.text(&format!("{}\r\n\r\n", COMPLETED.in_language(process.language())));
}

fn help_message(process: &Process, words: &[String]) -> Result<(), Failure> {
    let usage = "The syntax of this command is:\r\n\r\nNET HELPMSG\r\nmessage#\r\n\r\n";
    let number = words.first().and_then(|word| word.parse().ok()).ok_or(Failure::Usage(usage))?;
    let known = Win32(number).known().ok_or_else(|| {
        Failure::Message(3871, format!("{number} is not a valid Windows network message number."))
    })?;
    process.stdout.text(&format!("\r\n{}\r\n\r\n", known.in_language(process.language())));
    Ok(())
}
