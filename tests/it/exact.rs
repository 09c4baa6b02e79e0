//! Outputs that are hard to bring over a console, on a machine that renders by difference (2016) and on one that
//! streams (2022): whole and unaltered, or an error (law 6).

use std::fmt::Write as _;
use std::time::Duration;

use sacpilot::encoding::CodePage;
use sacpilot::shell::{Session, ShellError};
use sacpilot::sim::windows::acl::Token;
use sacpilot::sim::windows::files::path::WinPath;
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::sid::Sid;
use sacpilot::transport::SimWindow;

use crate::session::{TIMEOUT, session};

const MACHINES: [Os; 2] = [Os::Server2016, Os::Server2022];

/// Puts a file on the machine's disk, as if it had been there before.
fn put(window: &SimWindow, path: &str, bytes: &[u8]) {
    let world = window.world();
    let mut world = world.lock();
    let (now, machine) = (world.wall_time(), world.accounts.machine);
    let who = Token::administrator(Sid::account(machine, 500));
    world.files.write(&WinPath::new(path), bytes.to_vec(), &who, now).unwrap();
}

async fn typed(session: &mut Session, path: &str) -> Vec<u8> {
    let outcome = session.cmd(&format!("type {path}"), Duration::from_mins(10)).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(outcome.code, 0, "{path}");
    outcome.bytes
}

/// 5,000 lines, some empty, some with tabs, some with blanks at the end.
fn many_lines() -> String {
    let mut text = String::new();
    for number in 0..5_000 {
        match number % 7 {
            0 => text.push_str("\r\n"),
            1 => writeln!(text, "{number}\tone\t\ttwo\r").unwrap(),
            2 => writeln!(text, "  {number} blanks behind   \r").unwrap(),
            _ => writeln!(text, "line {number}\r").unwrap(),
        }
    }
    text
}

fn wide_lines() -> String {
    let line: String = (0..1_000).map(|column| char::from(b'!' + (column % 94) as u8)).collect();
    format!("{line}\r\n{}\r\n{line}", " ".repeat(1_000))
}

#[tokio::test(start_paused = true)]
async fn a_file_comes_as_it_is_at_115200_baud() {
    for os in MACHINES {
        let (mut session, window) = session(os, Language::EnUs).await;
        let every_byte: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        let files: [(&str, Vec<u8>); 7] = [
            (r"C:\big.txt", many_lines().into_bytes()),
            (r"C:\wide.txt", wide_lines().into_bytes()),
            (r"C:\three.txt", b"abc".to_vec()),
            (r"C:\blank.txt", b"\r\n\r\n \t \r\n".to_vec()),
            (r"C:\empty.txt", Vec::new()),
            (
                r"C:\markers.txt",
                b"#17 0 3\r\nSAC>\r\nk7q>\r\n2:AAAA\r\n-----BEGIN CERTIFICATE-----\r\n\x1b[2J\x07".to_vec(),
            ),
            // Not Ctrl-Z, where `type` ends a file.
            (r"C:\bytes.bin", every_byte.into_iter().filter(|byte| *byte != 0x1a).collect()),
        ];
        for (path, bytes) in files {
            put(&window, path, &bytes);
            let came = typed(&mut session, path).await;
            assert!(came == bytes, "{os:?} {path}: {} bytes came of {}", came.len(), bytes.len());
        }
        session.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn text_comes_in_every_code_page() {
    let pages = [
        (Language::KoKr, 949, "원격 데스크톱 서비스가 시작되었습니다. 똠방각하 펲시콜라\r\n"),
        (Language::JaJp, 932, "リモート デスクトップ サービスは開始されました。表示 ｶﾅ ソ能\r\n"),
        (Language::EnUs, 437, "naïve ½ ╔═╗ ░▒▓ π Σ\r\n"),
        (Language::DeDe, 850, "Der Dienst „x“ läuft: Größe, Übergröße ½ ╔═╗\r\n"),
    ];
    for os in MACHINES {
        for (language, number, text) in pages {
            let (mut session, window) = session(os, language).await;
            assert_eq!(session.code_page().number(), number);
            // The quotation marks of Windows are not in page 850.
            let text = text.replace(['„', '“'], "\"").repeat(40);
            put(&window, r"C:\text.txt", &CodePage::from_number(number).unwrap().encode(&text));
            let outcome = session.cmd(r"type C:\text.txt", TIMEOUT).await.unwrap();
            assert!(!outcome.lossy && outcome.text == text, "{os:?} {language:?}: {}", outcome.text);

            // The code page of a console can be changed, and stays so.
            put(&window, r"C:\utf8.txt", text.as_bytes());
            let outcome = session.cmd(r"chcp 65001 >nul & type C:\utf8.txt", TIMEOUT).await.unwrap();
            assert!(!outcome.lossy && outcome.text == text, "{os:?} {language:?}: {}", outcome.text);
            assert_eq!(session.code_page(), CodePage::UTF_8);
            let outcome =
                session.cmd(&format!("chcp {number} >nul & type C:\\text.txt"), TIMEOUT).await.unwrap();
            assert!(!outcome.lossy && outcome.text == text, "{os:?} {language:?}: {}", outcome.text);
            session.close().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn texts_of_windows_come_in_the_language_of_the_machine() {
    for (language, said) in [
        (Language::EnUs, "'nosuch' is not recognized as an internal or external command,\r\n"),
        (Language::KoKr, "'nosuch'은(는) 내부 또는 외부 명령, 실행할 수 있는 프로그램, 또는\r\n"),
        (Language::JaJp, "'nosuch' は、内部コマンドまたは外部コマンド、\r\n"),
    ] {
        for os in MACHINES {
            let (mut session, _window) = session(os, language).await;
            let outcome = session.cmd("nosuch", TIMEOUT).await.unwrap();
            assert_eq!(outcome.code, 1, "{language:?}");
            assert!(outcome.text.starts_with(said), "{language:?}: {}", outcome.text);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_text_are_told() {
    let (mut session, window) = session(Os::Server2019, Language::KoKr).await;
    put(&window, r"C:\no.txt", b"a\xff\xffb");
    let outcome = session.cmd(r"type C:\no.txt", TIMEOUT).await.unwrap();
    assert_eq!((outcome.bytes.as_slice(), outcome.lossy), (&b"a\xff\xffb"[..], true));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_never_ends_is_interrupted_and_the_prompt_proven_again() {
    for os in MACHINES {
        let (mut session, _window) = session(os, Language::EnUs).await;
        for endless in ["ping -t 127.0.0.1", "for /l %i in (1,0,2) do @ping -n 2 127.0.0.1 >nul"] {
            let error = session.cmd(endless, Duration::from_secs(20)).await.unwrap_err();
            let ShellError::TimedOut { output, .. } = &error else { panic!("{os:?} {endless}: {error}") };
            if endless.starts_with("ping") {
                assert!(output.contains("Reply from 127.0.0.1"), "{os:?}: {output}");
            }
            let after = session.cmd("echo still here", TIMEOUT).await.unwrap();
            assert_eq!(after.text, "still here\r\n", "{os:?} {endless}");
        }
        session.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_asks_gets_no_answer_and_does_not_hang() {
    for os in MACHINES {
        let (mut session, window) = session(os, Language::EnUs).await;
        put(&window, r"C:\keep.txt", b"x");
        for asking in [
            r"del C:\keep.txt /p",
            "set /p answer=Sure? ",
            "pause",
            r#"reg add "HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server" /v fDenyTSConnections /t REG_DWORD /d 1"#,
            "choice /m Really",
            "more",
        ] {
            let outcome = session.cmd(asking, Duration::from_secs(30)).await;
            assert!(outcome.is_ok(), "{os:?} {asking}: {}", outcome.unwrap_err());
        }
        let world = window.world();
        let world = world.lock();
        assert!(world.files.is_file(&WinPath::new(r"C:\keep.txt")), "{os:?}");
        let key = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server";
        assert_eq!(world.registry.dword(key, "fDenyTSConnections"), Some(0), "{os:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_together_comes_as_it_would_alone() {
    const COMMANDS: [&str; 12] = [
        r"type C:\Windows\Temp\bytes.bin",
        "exit 7",
        "ver>nul",
        r"type C:\Windows\Temp\wide.txt",
        "nosuchprogram",
        r#"dir /b "%ProgramFiles%" & echo 100%% ^& "quoted (%OS%)""#,
        r"dir C:\nowhere",
        "echo one& echo two>&2& exit /b -3",
        r"type C:\Windows\Temp\utf16.txt",
        "set /p X=",
        "for %i in (1 2) do @echo %i",
        r#"reg query "HKLM\SYSTEM\Select" | findstr /c:"Current" "#,
    ];
    for os in MACHINES {
        let (mut session, window) = session(os, Language::DeDe).await;
        put(&window, r"C:\Windows\Temp\bytes.bin", &(0..=255).chain((0..=255).rev()).collect::<Vec<u8>>());
        put(&window, r"C:\Windows\Temp\wide.txt", wide_lines().as_bytes());
        let utf16: Vec<u8> = "\u{feff}größe\r\nohne Ende".encode_utf16().flat_map(u16::to_le_bytes).collect();
        put(&window, r"C:\Windows\Temp\utf16.txt", &utf16);
        let mut alone = Vec::new();
        for command in COMMANDS {
            alone.push(session.cmd(command, TIMEOUT).await.unwrap());
        }
        let (mut rest, mut together, mut lines) = (&COMMANDS[..], Vec::new(), 0);
        while !rest.is_empty() {
            let outcomes = session.together(rest, TIMEOUT).await.unwrap();
            assert!(outcomes.len() > 1, "{os:?}: {rest:?}");
            rest = &rest[outcomes.len()..];
            together.extend(outcomes);
            lines += 1;
        }
        assert!(lines <= 2, "{os:?}: {lines}");
        for ((command, alone), together) in COMMANDS.iter().zip(alone).zip(together) {
            let told = |outcome: &sacpilot::shell::Outcome| {
                (outcome.code, outcome.bytes.clone(), outcome.text.clone(), outcome.lossy)
            };
            assert_eq!(told(&together), told(&alone), "{os:?}: {command}");
        }
        session.close().await.unwrap();
    }
}
