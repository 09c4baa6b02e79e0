//! Typed lines: expansion, quotes and carets, operators, redirection, `if`, `for`, nested shells.

use super::check;
use crate::sim::cmd::trial::Trial;

const NOT_KNOWN: &str =
    "is not recognized as an internal or external command,\noperable program or batch file.\n";

#[test]
fn banner_prompt_and_the_blank_lines_around_a_command() {
    let mut trial = Trial::fresh(crate::sim::windows::language::Language::EnUs);
    trial.settle();
    let banner = "Microsoft Windows [Version 10.0.17763.5696]\r\n(c) 2018 Microsoft Corporation. All rights reserved.\r\n";
    assert_eq!(trial.output(), format!("{banner}\r\nC:\\Windows\\system32>"));
    trial.press("echo hi\r");
    trial.settle();
    assert_eq!(trial.output(), "echo hi\r\nhi\r\n\r\nC:\\Windows\\system32>");
    trial.press("\r");
    trial.settle();
    assert_eq!(trial.output(), "\r\nC:\\Windows\\system32>");
    trial.press("rem\r");
    trial.settle();
    assert_eq!(trial.output(), "rem\r\n\r\nC:\\Windows\\system32>");
    trial.press("cls\r");
    trial.settle();
    assert_eq!(trial.output(), "cls\r\n\u{c}\r\nC:\\Windows\\system32>");
    trial.press("@echo off\r");
    trial.settle();
    assert_eq!(trial.output(), "@echo off\r\n");
    trial.press("exit 7\r");
    trial.settle();
    assert_eq!(trial.ended, Some(7));
    assert_eq!(trial.audit.lines(), ["echo hi", "rem", "cls", "@echo off", "exit 7"]);
}

#[test]
fn percent_signs_on_the_command_line() {
    check(&[
        ("set A=one", ""),
        ("echo %A% %a% %B% %", "one one %B% %\n"),
        ("echo %%A%% 100%", "%one% 100%\n"),
        ("echo %^A%", "%A%\n"),
        ("call echo %^A% %^^A%", "one %^A%\n"),
        ("echo %A:~1% %A:~-1,1% %A:n=m% %A:*n=-%", "ne e ome -e\n"),
        ("echo %errorlevel%%cmdextversion%", "02\n"),
        ("echo %1 %*", "%1 %*\n"),
        ("set \"B=a & b\"", ""),
        ("echo \"%B%\"", "\"a & b\"\n"),
        ("cd \\windows", ""),
        ("echo %cd% %CD:~0,2%", "C:\\Windows C:\n"),
        ("echo %A:=x%", "=x% was unexpected at this time.\n"),
    ]);
}

#[test]
fn quotes_and_carets() {
    check(&[
        ("echo ^hell^o, wor^^ld", "hello, wor^ld\n"),
        (
            "echo \"a^b\" ^\"c&d\"",
            "\"a^b\" \"c\n'd\"' is not recognized as an internal or external command,\noperable program or batch file.\n",
        ),
        ("echo \"a&b|c<d>e\"", "\"a&b|c<d>e\"\n"),
        ("echo a^&b ^| c ^> d ^< e", "a&b | c > d < e\n"),
        ("echo ^\"a ^& b^\"", "\"a & b\"\n"),
        ("echo (a) ^(b^)", "(a) (b)\n"),
        ("(echo (a^))", "(a)\n"),
        ("(echo \"a)\")", "\"a)\"\n"),
        ("echo a, b;c=d", "a, b;c=d\n"),
        (",;=echo x", "x\n"),
        ("e^c^h^o x", "x\n"),
        ("\"echo\" x", &format!("'\"echo\"' {NOT_KNOWN}")),
    ]);
}

#[test]
fn lines_go_on_after_a_caret_or_an_open_parenthesis() {
    let mut trial = Trial::new();
    trial.press("echo a^\r");
    trial.settle();
    assert_eq!(trial.output(), "echo a^\r\nMore? ");
    trial.press("b\r");
    trial.settle();
    assert_eq!(trial.output(), "b\r\nab\r\n\r\nC:\\t>");
    trial.press("if 1==1 (\recho a & echo b\r) else (\recho c\r)\r");
    trial.settle();
    let expected = "if 1==1 (\r\nMore? echo a & echo b\r\nMore? ) else (\r\nMore? echo c\r\nMore? )\r\na \r\nb\r\n\r\nC:\\t>";
    assert_eq!(trial.output(), expected);
    trial.press("echo a^\r\rb\r");
    trial.settle();
    assert_eq!(trial.output(), "echo a^\r\nMore? \r\nMore? b\r\na\r\nb\r\n\r\nC:\\t>");
}

#[test]
fn operators() {
    check(&[
        ("echo a&echo b& echo c", "a\nb\nc\n"),
        ("echo a&&echo b||echo c", "a\nb\n"),
        ("cd nowhere 2>nul&&echo b||echo c", "c\n"),
        ("cd nowhere 2>nul||cd nowhere 2>nul||echo d&echo e", "d\ne\n"),
        ("(echo a&echo b)>f&type f", "a\nb\n"),
        ("& echo x", "& was unexpected at this time.\n"),
        ("echo a & & echo b", "& was unexpected at this time.\n"),
        ("echo a &&", "The syntax of the command is incorrect.\n"),
        ("|| echo", "|| was unexpected at this time.\n"),
        ("(echo a) echo b", "echo was unexpected at this time.\n"),
        ("()", ") was unexpected at this time.\n"),
        (") echo a", ""),
        (":label echo a", ""),
        ("echo a&", "a\n"),
        ("rem a & echo b", ""),
        ("rem & echo b", "b\n"),
        ("if", "The syntax of the command is incorrect.\n"),
        ("for", "The syntax of the command is incorrect.\n"),
    ]);
}

#[test]
fn unknown_names() {
    let mut trial = Trial::new();
    assert_eq!(trial.typed("foo bar"), format!("'foo' {NOT_KNOWN}"));
    assert_eq!(trial.level(), "9009");
    assert_eq!(trial.typed("foo.exe & echo %errorlevel%"), format!("'foo.exe' {NOT_KNOWN}9009\n"));
    assert_eq!(trial.typed("foo || call echo %^errorlevel%"), format!("'foo' {NOT_KNOWN}1\n"));
    assert_eq!(trial.typed("nowhere\\foo"), "The system cannot find the path specified.\n");
    assert_eq!(trial.level(), "3");
    assert_eq!(trial.typed(".\\foo"), format!("'.\\foo' {NOT_KNOWN}"));
    assert_eq!(trial.typed("call foo"), format!("'foo' {NOT_KNOWN}"));
    assert_eq!(trial.level(), "1");
    assert_eq!(trial.typed("echo a | foo & echo never"), format!("'foo' {NOT_KNOWN}"));
    assert_eq!(trial.level(), "255");
}

#[test]
fn redirections() {
    check(&[
        ("echo a>f", ""),
        ("type f", "a\n"),
        ("echo b >>f", ""),
        (">>f echo c", ""),
        ("type f", "a\nb \nc\n"),
        ("echo foo1>f&type f", "foo1\n"),
        ("echo foo 1>f&type f", "foo \n"),
        ("echo a>f b&type f", "a b\n"),
        ("echo e 1>&2 2>nul", "e  \n"),
        ("(echo e 1>&2) 2>nul", ""),
        ("(echo e 1>&2) >nul", "e \n"),
        ("cd nowhere >f 2>&1&type f", "The system cannot find the path specified.\n"),
        ("cd nowhere 2>f >nul&type f", "The system cannot find the path specified.\n"),
        ("echo x>con", "x\n"),
        ("echo x>nul", ""),
        ("type nul>empty&for %i in (empty) do @echo %~zi", "0\n"),
        ("echo q>\"a b\"&type \"a b\"", "q\n"),
        ("echo x>nowhere\\f", "The system cannot find the path specified.\n"),
        ("echo x>h:\\f", "The system cannot find the path specified.\n"),
        ("echo x>&7", "The handle could not be duplicated\nduring redirection of handle 1.\n"),
        ("more<nofile", "The system cannot find the file specified.\n"),
        ("set /p x=<f&call echo [%^x%]", "[The system cannot find the path specified.]\n"),
        ("echo one>f&echo two>>f", ""),
        ("(set /p a=&set /p b=)<f&call echo %^a%%^b%", "onetwo\n"),
        ("set /p c=?<nul&call echo %^c%", "?%c%\n"),
        (">f", "The syntax of the command is incorrect.\n"),
        ("echo a > & b", "& was unexpected at this time.\n"),
    ]);
}

#[test]
fn echo_in_all_its_forms() {
    check(&[
        ("echo", "ECHO is on.\n"),
        ("echo.", "\n"),
        ("echo(", "\n"),
        ("echo.a", "a\n"),
        ("echo:a", "a\n"),
        ("echo/a", "a\n"),
        ("echo(a", "a\n"),
        ("echo  a  ", " a  \n"),
        ("echo\ta", "a\n"),
        ("echo off now", "off now\n"),
        ("echo .", ".\n"),
        ("echo \"/?\"", "\"/?\"\n"),
        ("echo on", ""),
    ]);
}

#[test]
fn conditions() {
    check(&[
        ("if a==a echo y", "y\n"),
        ("if a==A (echo y) else echo n", "n\n"),
        ("if /i a==A echo y", "y\n"),
        ("if not a==b echo y & echo z", "y \nz\n"),
        ("if a==b echo y & echo z", ""),
        ("if \"a b\"==\"a b\" echo y", "y\n"),
        ("if 9 LSS 010 (echo y) else echo n", "n\n"),
        ("if 10 gtr 9 echo y", "y\n"),
        ("if abc EQU ABC (echo y) else (echo n)", "n\n"),
        ("if exist c:\\windows echo y", "y\n"),
        ("if exist c:\\windows\\system32\\find.exe echo y", "y\n"),
        ("if exist c:\\win* echo y", "y\n"),
        ("if not exist nofile echo y", "y\n"),
        ("if exist \"\" (echo y) else echo n", "n\n"),
        ("if defined path echo y", "y\n"),
        ("if not defined nothing echo y", "y\n"),
        ("cd nowhere 2>nul", ""),
        ("if errorlevel 1 echo y", "y\n"),
        ("if errorlevel 2 (echo y) else echo n", "n\n"),
        ("if %errorlevel% EQU 1 echo y", "y\n"),
        ("if 1==1 if 2==3 (echo a) else (echo b)", "b\n"),
        ("if 1==0 (echo a) else if 1==1 (echo b) else echo c", "b\n"),
        ("if 1==1 echo a else echo b", "a else echo b\n"),
        ("if ==x (echo a)", "( was unexpected at this time.\n"),
        ("if a foo b echo x", "foo was unexpected at this time.\n"),
        ("if ()==() echo y", "y\n"),
        ("if cmdextversion 2 echo y", "y\n"),
    ]);
}

#[test]
fn loops() {
    check(&[
        ("for %i in (a \"b c\",d;e) do @echo %i %~i", "a a\n\"b c\" b c\nd d\ne e\n"),
        ("for %i in (1 2) do @(echo %i&echo -)", "1\n-\n2\n-\n"),
        ("for %i in (1) do echo %i", "\nC:\\t>echo 1 \n1\n"),
        ("for /l %i in (1,2,5) do @echo %i", "1\n3\n5\n"),
        ("for /l %i in (3,-1,1) do @echo %i", "3\n2\n1\n"),
        ("for /l %i in (1,1,0) do @echo %i", ""),
        ("echo x>a.txt&echo 22>b.txt&md d", ""),
        ("for %i in (*.txt) do @echo %~ni %~xi %~zi %~dpi", "a .txt 3 C:\\t\\\nb .txt 4 C:\\t\\\n"),
        ("for %i in (c:\\t\\*.txt) do @echo %i %~nxi", "c:\\t\\a.txt a.txt\nc:\\t\\b.txt b.txt\n"),
        ("for /d %i in (*) do @echo %i %~ai", "d d----------\n"),
        ("echo y>d\\c.txt", ""),
        ("for /r %i in (*.txt) do @echo %i", "C:\\t\\a.txt\nC:\\t\\b.txt\nC:\\t\\d\\c.txt\n"),
        ("for /r . %i in (x) do @echo %i", "C:\\t\\x\nC:\\t\\d\\x\n"),
        ("for %i in (a) do @for %j in (b) do @echo %i%j %k", "ab %k\n"),
        ("for %i in (%~fx) do @echo %i", "%~fx\n"),
        ("for %%i in (a) do echo %%i", "%%i was unexpected at this time.\n"),
        ("for %i in (a|b) do echo %i", "| was unexpected at this time.\n"),
        ("set x=1&for %i in (1 2) do @call set x=%^x%%i", ""),
        ("echo %x%", "112\n"),
        ("for %i in (\"echo a b\") do @%~i", "a b\n"),
    ]);
}

#[test]
fn loops_over_lines() {
    check(&[
        ("for /f %i in (\"a b c\") do @echo %i", "a\n"),
        ("for /f \"tokens=2,3*\" %a in (\"1 2 3 4 5\") do @echo %a-%b-%c", "2-3-4 5\n"),
        ("for /f \"delims=, tokens=1,2\" %a in (\"x y,z\") do @echo %b%a", "zx y\n"),
        ("(echo a b&echo.&echo ;c&echo d e)>f", ""),
        ("for /f %i in (f) do @echo %i", "a\nd\n"),
        ("for /f \"eol= tokens=*\" %i in (f) do @echo [%i]", "[a b]\n[;c]\n[d e]\n"),
        ("for /f \"skip=1 tokens=2\" %i in (f) do @echo %i", "e\n"),
        ("for /f \"usebackq delims=\" %i in (\"f\") do @echo %i", "a b\nd e\n"),
        ("for /f \"delims=\" %i in ('echo x y^&echo z') do @echo [%i]", "[x y]\n[z]\n"),
        ("for /f \"usebackq\" %i in (`echo q`) do @echo %i", "q\n"),
        ("for /f tokens^=1^,2^ delims^=^| %a in (\"a|b\") do @echo %b", "b\n"),
        ("for /f \"delims=\" %i in ('type f ^| find \"d\"') do @echo %i", "d e\n"),
        ("for /f %i in (nofile) do @echo %i", "The system cannot find the file nofile.\n"),
        ("for /f \"foo\" %i in (f) do @echo %i", "\"foo\" was unexpected at this time.\n"),
        ("for /f %i in ('foo') do @echo %i", &format!("'foo' {NOT_KNOWN}")),
    ]);
}

#[test]
fn variables() {
    check(&[
        ("set FOO=a b ", ""),
        ("echo [%foo%]", "[a b ]\n"),
        ("set foo", "FOO=a b \n"),
        ("set \"foo=c\" d", ""),
        ("set FO", "FOO=c\n"),
        ("set \"foo=a\"b\"c\"d", ""),
        ("echo %foo%", "a\"b\"c\n"),
        ("set foo=", ""),
        ("set foo", "Environment variable foo not defined\n"),
        ("set =x", "The syntax of the command is incorrect.\n"),
        ("set /a 7*6", "42"),
        ("set /a x=5,y=x*2", "10"),
        ("echo %x%%y%", "510\n"),
        ("set /a \"x+=1\" >nul&call echo %^x%", "6\n"),
        ("set /a 5 %3", "2"),
        ("set /a 1/0", "Divide by zero error.\n"),
        (
            "set /a 08",
            "Invalid number.  Numeric constants are either decimal (17),\nhexadecimal (0x11), or octal (021).\n",
        ),
        ("set /a (1", "Unbalanced parenthesis.\n"),
        ("set /a 1+", "Missing operand.\n"),
        ("set /a 1 2", "Missing operator.\n"),
        ("path=C:\\x;D:\\y", ""),
        ("path", "PATH=C:\\x;D:\\y\n"),
        ("path ;", ""),
        ("path", "PATH=(null)\n"),
    ]);
}

#[test]
fn questions_are_read_from_the_console() {
    let mut trial = Trial::new();
    trial.press("set /p x=name? \r");
    trial.settle();
    assert_eq!(trial.output(), "set /p x=name? \r\nname? ");
    trial.press("me\r");
    trial.settle();
    assert_eq!(trial.output(), "me\r\n\r\nC:\\t>");
    assert_eq!(trial.typed("echo %x%"), "me\n");
    trial.press("pause\r");
    trial.settle();
    assert_eq!(trial.output(), "pause\r\nPress any key to continue . . . ");
    trial.press("x");
    trial.settle();
    assert_eq!(trial.output(), "\r\n\r\nC:\\t>");
    assert_eq!(trial.typed("pause<nul"), "Press any key to continue . . . \n");
}

#[test]
fn delayed_expansion() {
    let mut trial = Trial::new();
    assert_eq!(trial.typed("set a=1&echo !a!"), "!a!\n");
    let rows = [
        ("cmd /v:on /c \"set a=2&echo !a! %a%\"", "2 1\n"),
        ("cmd /v:on /c echo !a:1=x! !b!. a!", "x . a\n"),
        ("cmd /v:on /c echo \"^!a^!\" ^^^^!", "\"!a!\" !\n"),
        ("cmd /v:on /c echo a^^^^b", "a^b\n"),
        ("cmd /v:on /c \"for %i in (1 2) do @(set n=%i&echo !n!)\"", "1\n2\n"),
        ("cmd /v:off /c echo !a!", "!a!\n"),
    ];
    super::check_in(&mut trial, &rows);
}

#[test]
fn nested_shells() {
    check(&[
        ("cmd /c echo hi", "hi\n"),
        ("cmd /c \"echo hi\"", "hi\n"),
        ("cmd /c \" echo passed2 \"", "passed2 \n"),
        ("cmd /cecho No blank", "No blank\n"),
        ("cmd /c", ""),
        ("cmd /c echo \"&\"", "\"&\"\n"),
        ("cmd /c \"echo a & echo b\"", "a \nb\n"),
        ("cmd /c \"echo \"a\"\"", "\"a\"\n"),
        ("cmd /s /c \"echo \"a ^& b\"\"", "\"a & b\"\n"),
        ("set v=1&cmd /c \"set v=2&echo %v%\"", "1\n"),
        ("echo %v%", "1\n"),
        ("cmd /c \"cd \\&cd\"", "C:\\\n"),
        ("cmd /c exit 5", ""),
        ("echo %errorlevel%", "5\n"),
        ("cmd /c exit /b 6", ""),
        ("echo %errorlevel%", "6\n"),
        ("cmd /c foo 2>nul", ""),
        ("echo %errorlevel%", "1\n"),
        ("cmd /c \"cd nowhere 2>nul & echo x\"", "x\n"),
        ("echo %errorlevel%", "0\n"),
        ("cmd /c rd nowhere 2>nul", ""),
        ("echo %errorlevel%", "2\n"),
        ("cmd /k \"echo a && exit 3\"", "a \n"),
        ("echo %errorlevel%", "3\n"),
        ("cmd /d /s /c \"if 1==1 (echo y\"", ""),
        ("echo %errorlevel%", "255\n"),
        ("cmd /c echo a^^", "a\n"),
        ("cmd /c goto :x", ""),
        ("cmd /c call :x", "Invalid attempt to call batch label outside of batch script.\n"),
        (
            "echo echo in|cmd /q",
            "Microsoft Windows [Version 10.0.17763.5696]\n(c) 2018 Microsoft Corporation. All rights reserved.\nin\n",
        ),
    ]);
}

#[test]
fn a_shell_in_a_shell_is_a_new_one() {
    let mut trial = Trial::new();
    trial.press("cmd\r");
    trial.settle();
    assert!(trial.output().ends_with("All rights reserved.\r\n\r\nC:\\t>"));
    assert_eq!(trial.typed("set inner=1"), "");
    trial.press("exit 4\r");
    trial.settle();
    assert_eq!(trial.output(), "exit 4\r\n\r\nC:\\t>");
    assert_eq!(trial.typed("echo %errorlevel% %inner%"), "4 %inner%\n");
}

#[test]
fn pipes_run_both_sides_at_once() {
    let mut trial = Trial::new();
    let rows = [
        ("echo b|find \"b\"", "b\n"),
        ("(echo a&echo b)|find \"b\"", "b\n"),
        ("echo a|(set /p x=&call echo [%^x%])", "[a]\n"),
        ("echo a b^&c|find \"&\"", "a b&c\n"),
        ("(echo \"a & b\"&echo c)|find \"&\"", "\"a & b\"\n"),
        ("set z=1&echo a|set z=2", ""),
        ("echo %z%", "1\n"),
        ("echo a|find \"x\"", ""),
        ("echo %errorlevel%", "1\n"),
        ("echo a|cmd /c exit 9", ""),
        ("echo %errorlevel%", "9\n"),
        ("for %i in (x y) do @echo %i|find \"y\"", "y\n"),
        ("echo 1|find \"1\"|find \"1\">f&type f", "1\n"),
    ];
    super::check_in(&mut trial, &rows);
    // A reader shows lines while the writer still waits.
    trial.press("(echo one&ping -n 3 127.0.0.1 >nul&echo two)|findstr o\r");
    trial.settle_until(trial.console.now() + std::time::Duration::from_millis(500));
    assert!(trial.output().ends_with("one\r\n"));
    trial.settle();
    assert_eq!(trial.output(), "two\r\n\r\nC:\\t>");
}

#[test]
fn control_c_ends_what_runs() {
    let mut trial = Trial::new();
    trial.press("abc");
    trial.settle();
    trial.press("\u{3}");
    trial.settle();
    assert_eq!(trial.output(), "abc^C\r\nC:\\t>");
    trial.press("for /l %i in (1,0,2) do @rem\r");
    trial.settle_until(trial.console.now() + std::time::Duration::from_secs(1));
    trial.output();
    trial.press("\u{3}");
    trial.settle();
    assert_eq!(trial.output(), "^C\r\nC:\\t>");
    trial.press("ping -t 127.0.0.1 >f & echo never\r");
    trial.settle_until(trial.console.now() + std::time::Duration::from_secs(3));
    trial.press("\u{3}");
    trial.settle();
    assert!(trial.output().ends_with("echo never\r\n^C\r\nC:\\t>"));
    assert!(String::from_utf8(trial.bytes("f").unwrap()).unwrap().contains("Reply from 127.0.0.1"));
}

#[test]
fn prompts() {
    let mut trial = Trial::new();
    for (codes, shown) in
        [("$N:$G", "C:>"), ("$A$B$C$F$L$Q$S$$x", "&|()<= $x"), ("$P$_$G", "C:\\t\r\n>"), ("$+$G", ">")]
    {
        trial.press(&format!("prompt {codes}\r"));
        trial.settle();
        let output = trial.output();

        assert!(output.ends_with(&format!("\r\n{shown}")), "{codes}: {output:?}");
    }
}

#[test]
fn too_long_a_line_is_refused() {
    let mut trial = Trial::new();
    assert_eq!(trial.typed(&format!("echo {}", "a".repeat(8190))), "The input line is too long.\n");
    let fits = "a".repeat(8191 - "echo ".len());
    assert_eq!(trial.typed(&format!("echo {fits}")), format!("{fits}\n"));
}
