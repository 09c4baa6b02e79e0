//! Both renderers against a terminal that nobody here wrote, and their bytes in plain cases.

use std::num::NonZero;

use proptest::prelude::*;

use super::*;

/// The console of one channel, its renderer, and the terminal at the other end.
struct Bench {
    renderer: Renderer,
    buffer: TextBuffer,
    terminal: vt100::Parser,
}

impl Bench {
    fn new(options: &RenderOptions) -> (Self, String) {
        let (renderer, lead) = Renderer::new(Os::Server2022, options, AtLogin::Clear);
        let mut terminal = vt100::Parser::new(NonZero::new(24).unwrap(), NonZero::new(80).unwrap(), 0);
        terminal.process(b"Password: *****\r\nleft over from the login\r\n");
        terminal.process(lead.as_bytes());
        (Self { renderer, buffer: TextBuffer::new(), terminal }, lead)
    }

    /// Does `op`; a difference renderer sends nothing yet.
    fn operate(&mut self, op: &Op) -> String {
        let sent = match &mut self.renderer {
            Renderer::Stream(stream) => stream.operate(op, &mut self.buffer),
            Renderer::Difference(_) => {
                match op {
                    Op::Write(text) => text.chars().for_each(|character| {
                        let blanks = self.buffer.blanks_of_tab();
                        let text = if character == '\t' { " ".repeat(blanks) } else { character.to_string() };
                        text.chars().for_each(|character| {
                            self.buffer.put(character);
                        });
                    }),
                    Op::Clear => self.buffer.clear(),
                    Op::Title(_) => {}
                }
                String::new()
            }
        };
        self.terminal.process(sent.as_bytes());
        sent
    }

    /// Writes and lets the difference renderer look.
    fn write(&mut self, text: &str) -> String {
        let sent = self.operate(&Op::Write(text.to_owned()));
        sent + &self.look()
    }

    fn look(&mut self) -> String {
        let Renderer::Difference(difference) = &mut self.renderer else { return String::new() };
        let frame = difference.frame(&self.buffer);
        self.terminal.process(frame.as_bytes());
        frame
    }

    fn console(&self) -> Vec<String> {
        let row = |cells: &[Cell; COLUMNS]| -> String {
            let text: String = cells
                .iter()
                .filter_map(|cell| match cell {
                    Cell::Char(character) => Some(*character),
                    Cell::Tail => None,
                })
                .collect();
            text.trim_end().to_owned()
        };
        self.buffer.rows().iter().map(row).collect()
    }

    fn shown(&self) -> Vec<String> {
        self.terminal.screen().rows(0, 80).map(|row| row.trim_end().to_owned()).collect()
    }

    fn cursor_shown(&self) -> (usize, usize) {
        let (row, column) = self.terminal.screen().cursor_position();
        (row.into(), column.into())
    }
}

fn difference() -> RenderOptions {
    RenderOptions { mode: RenderMode::Difference, ..RenderOptions::default() }
}

fn stream(wrap: Wrap) -> RenderOptions {
    RenderOptions { mode: RenderMode::Stream, wrap, ..RenderOptions::default() }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,30}",
        2 => Just("\r\n".to_owned()),
        1 => "[a-z]{70,170}",
        1 => "[가-힣一-十 a]{1,60}",
        1 => Just(" ".repeat(9)),
        1 => Just("\r".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("\t".to_owned()),
        1 => Just("\u{7}".to_owned()),
        1 => Just("\u{8} \u{8}".to_owned()),
        1 => Just("\u{8}".repeat(5)),
        1 => Just("C:\\Windows\\system32>".to_owned()),
        1 => Just("x".repeat(80)),
        1 => (0..40_usize).prop_map(|lines| "line\r\n".repeat(lines)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        30 => piece().prop_map(Op::Write),
        1 => Just(Op::Clear),
        1 => Just(Op::Title("title".to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_a_frame_the_terminal_shows_the_console(
        ops in prop::collection::vec((op(), any::<bool>()), 1..60),
        bridge in 0..6_u16,
        cursor_right in prop_oneof![Just(None), (0..9_u16).prop_map(Some)],
    ) {
        let (mut bench, _) = Bench::new(&RenderOptions { bridge, cursor_right, ..difference() });
        for (op, look) in ops.iter().chain([&(Op::Write("end".to_owned()), true)]) {
            bench.operate(op);
            if *look {
                bench.look();
                prop_assert_eq!(bench.shown(), bench.console());
                prop_assert_eq!(bench.cursor_shown(), bench.buffer.cursor());
            }
        }
    }

    #[test]
    fn after_each_write_the_terminal_shows_the_console(
        ops in prop::collection::vec(op(), 1..60),
        wrap in prop_oneof![Just(Wrap::NewLine), Just(Wrap::Bare)],
        cursor_right in 0..9_u16,
    ) {
        let options = RenderOptions { cursor_right: Some(cursor_right), ..stream(wrap) };
        let (mut bench, _) = Bench::new(&options);
        for op in &ops {
            bench.operate(op);
            // A terminal that waits to wrap is one line behind the console.
            let Renderer::Stream(state) = &bench.renderer else { unreachable!() };
            if !state.pending {
                prop_assert_eq!(bench.shown(), bench.console());
                prop_assert_eq!(bench.cursor_shown(), bench.buffer.cursor());
            }
        }
    }
}

#[test]
fn the_version_decides_unless_told_otherwise() {
    for (os, stream) in [(Os::Server2016, false), (Os::Server2019, false), (Os::Server2022, true)] {
        let (renderer, _) = Renderer::new(os, &RenderOptions::default(), AtLogin::Clear);
        assert_eq!(matches!(renderer, Renderer::Stream(_)), stream, "{os:?}");
    }
}

#[test]
fn only_what_differs_is_sent() {
    let (mut bench, lead) = Bench::new(&difference());
    assert_eq!(lead, "");
    assert_eq!(
        bench.write("Microsoft Windows\r\n\r\nC:\\>"),
        "\x1b[2J\x1b[1;1HMicrosoft Windows\x1b[3;1HC:\\>"
    );
    assert_eq!(bench.write("d"), "d");
    assert_eq!(bench.write("ir\u{8} \u{8}"), "i");
    assert_eq!(bench.write(""), "");
    assert_eq!(bench.write("\r\nout\r\n\r\nC:\\>"), "\r\nout\x1b[6;1HC:\\>");
    // A backspace: the cell is blank to the end of the row.
    bench.write("ab");
    assert_eq!(bench.write("\u{8} \u{8}"), "\x1b[6;6H\x1b[K");
}

#[test]
fn a_prompt_that_is_back_at_its_place_is_not_sent_again() {
    let (mut bench, _) = Bench::new(&difference());
    bench.write(&"\r\n".repeat(23));
    bench.write("C:\\>");
    assert_eq!(bench.write("x\r\n"), "\x1b[23;1HC:\\>x\r\n\x1b[K", "the prompt scrolls up");
    bench.write("C:\\>");
    assert_eq!(bench.write("\r\nC:\\>"), "\x1b[22;1HC:\\>x\x1b[23;5H\x1b[K\x1b[24;5H", "not row 24");
}

#[test]
fn what_scrolls_by_between_two_looks_is_never_sent() {
    let (mut bench, _) = Bench::new(&difference());
    for line in 0..100 {
        bench.operate(&Op::Write(format!("line {line}\r\n")));
    }
    let frame = bench.look();
    assert!(
        !frame.contains("line 76") && frame.contains("line 77") && frame.contains("line 99"),
        "{frame:?}"
    );
}

#[test]
fn bridges_send_unchanged_cells_again() {
    for (bridge, sent) in [
        (0, "\x1b[1;1HX\x1b[1;4HX\x1b[1;1H"),
        (1, "\x1b[1;1HX\x1b[1;4HX\x1b[1;1H"),
        (2, "\x1b[1;1HXbcX\x1b[1;1H"),
    ] {
        let (mut bench, _) = Bench::new(&RenderOptions { bridge, ..difference() });
        bench.write("abcde");
        assert_eq!(bench.write("\rXbcX\r"), sent, "{bridge}");
    }
}

#[test]
fn the_stream_is_nearly_what_was_written() {
    let (mut bench, lead) = Bench::new(&stream(Wrap::NewLine));
    assert_eq!(lead, "\x1b[2J\x1b[1;1H");
    for (text, sent) in [
        ("Microsoft Windows\r\n\r\nC:\\>", "Microsoft Windows\r\n\r\nC:\\>"),
        ("d", "d"),
        ("\u{8} \u{8}", "\u{8} \u{8}"),
        ("\r\n", "\r\n"),
        ("a   b", "a   b"),
        ("\r\nName      State\r\n", "\r\nName\x1b[6CState\r\n"),
        ("\r\n", "\r\n"),
        ("50%\r60%", "50%\r60%"),
        ("\rabc      ", "\rabc\x1b[6C"),
        ("\u{7}", "\u{7}"),
        ("\r\n한글\u{8}\u{8}  \u{8}\u{8}", "\r\n한글\u{8}\u{8}  \u{8}\u{8}"),
    ] {
        assert_eq!(bench.write(text), sent, "{text:?}");
    }
    assert_eq!(bench.operate(&Op::Clear), "\x1b[2J\x1b[1;1H");
    assert_eq!(bench.operate(&Op::Title("cmd.exe".to_owned())), "\x1b]0;cmd.exe\u{7}");
}

#[test]
fn where_the_console_wraps_the_stream_says_so_or_lets_the_terminal_wrap() {
    let long = format!("{}{}", "x".repeat(80), "y".repeat(5));
    let (mut bench, _) = Bench::new(&stream(Wrap::NewLine));
    assert_eq!(bench.write(&long), format!("{}\r\nyyyyy", "x".repeat(80)));
    let (mut bench, _) = Bench::new(&stream(Wrap::Bare));
    assert_eq!(bench.write(&long), long);
    // Back over the edge.
    assert_eq!(bench.write("\u{8}".repeat(6).as_str()), format!("{}\x1b[A\x1b[79C", "\u{8}".repeat(5)));
}
