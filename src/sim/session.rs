//! sacsess: the program behind a CMD channel. It asks who is there, then runs a shell on a console and shows it.

use std::time::Duration;

use super::audit::{Act, LoginOutcome};
use super::behind::Behind;
use super::cmd;
use super::keys::Keys;
use super::litter::Litter;
use super::login::{Credentials, Login};
use super::machine::Shells;
use super::options::{
    AfterRefusal, AtTimeout, CmdDelete, CmdLineFeed, KeyboardOptions, MachineOptions, OnView, RenderOptions,
    SessionOptions,
};
use super::outside::Outside;
use super::terminal::Terminal;
use super::windows::acl::Token;
use super::windows::{SharedWorld, World};

/// The session of one channel.
pub(super) struct Session {
    channel: String,
    options: SessionOptions,
    render: RenderOptions,
    keyboard: KeyboardOptions,
    litter: Litter,
    keys: Keys,
    phase: Phase,
    /// The terminal behind a lock, waiting for its user.
    locked: Option<Behind>,
    last_key: Duration,
    out: Vec<Output>,
}

/// What a session has for the machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Text for the channel.
    Text(String),
    /// Something for the record.
    Act(Act),
    /// Whoever views the channel gets its switch screen.
    SwitchScreen,
    /// The session is over.
    Ended,
}

/// What a session needs of the machine at one moment.
pub(super) struct Site<'a> {
    pub(super) world: &'a SharedWorld,
    pub(super) shell: &'a Shells,
    pub(super) now: Duration,
}

enum Phase {
    Login(Login),
    Checking {
        until: Duration,
        credentials: Credentials,
    },
    /// `Unable to authenticate.` is shown; a key goes on.
    Refused,
    Shell(Behind),
    Over,
}

impl Session {
    /// A session that asks for credentials.
    pub(super) fn new(channel: &str, options: &MachineOptions, now: Duration) -> Self {
        let mut session = Self {
            channel: channel.to_owned(),
            options: options.session.clone(),
            render: options.render.clone(),
            keyboard: options.keyboard.clone(),
            litter: Litter::new(&options.render),
            keys: Keys::default(),
            phase: Phase::Refused,
            locked: None,
            last_key: now,
            out: Vec::new(),
        };
        session.ask();
        session
    }

    /// The channel's name.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// A byte arrived from the channel.
    pub(super) fn byte(&mut self, byte: u8, site: &Site<'_>) {
        self.last_key = site.now;
        if let Phase::Shell(Behind::Outside(outside)) = &mut self.phase {
            outside.byte(byte, site.now);
            return self.collect(site);
        }
        for key in self.keys.byte(byte) {
            let key = match key {
                '\n' => match self.options.line_feed {
                    CmdLineFeed::Dropped => continue,
                    CmdLineFeed::Enter => '\r',
                },
                '\u{7f}' => match self.options.delete {
                    CmdDelete::Dropped => continue,
                    CmdDelete::Backspace => '\u{8}',
                },
                key => key,
            };
            self.key(key, site);
        }
    }

    /// Runs what is due.
    pub(super) fn advance(&mut self, site: &Site<'_>) {
        if self.timeout().is_some_and(|at| at <= site.now) {
            self.time_out(site);
        }
        match &mut self.phase {
            Phase::Checking { until, credentials } if *until <= site.now => {
                let credentials = std::mem::take(credentials);
                self.check(&credentials, site);
            }
            Phase::Shell(terminal) => {
                terminal.advance(site.now);
                self.collect(site);
            }
            _ => {}
        }
    }

    /// When [`Self::advance`] is wanted next.
    pub(super) fn next(&self) -> Option<Duration> {
        let own = match &self.phase {
            Phase::Checking { until, .. } => Some(*until),
            Phase::Shell(terminal) => terminal.next(),
            _ => None,
        };
        [own, self.timeout()].into_iter().flatten().min()
    }

    /// The channel's screen was just put on the wire.
    pub(super) fn viewed(&mut self, now: Duration) {
        if let (Phase::Shell(terminal), OnView::Paint) = (&mut self.phase, self.options.on_view) {
            terminal.start_over(now);
        }
    }

    /// Everybody must log in again (`lock`).
    pub(super) fn lock(&mut self) {
        if !matches!(self.phase, Phase::Shell(_)) {
            return;
        }
        if let Phase::Shell(terminal) = std::mem::replace(&mut self.phase, Phase::Over) {
            self.locked = Some(terminal);
        }
        self.ask();
    }

    /// Ends the programs of the session.
    pub(super) fn end(&mut self, world: &SharedWorld) {
        if let Phase::Shell(terminal) = std::mem::replace(&mut self.phase, Phase::Over) {
            terminal.end(world);
        }
        if let Some(terminal) = self.locked.take() {
            terminal.end(world);
        }
    }

    /// Output since the last call.
    pub(super) fn take_output(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.out)
    }

    fn key(&mut self, key: char, site: &Site<'_>) {
        match &mut self.phase {
            Phase::Login(login) => {
                let (echo, credentials) = login.key(key);
                self.text(&echo);
                if let Some(credentials) = credentials {
                    let until = site.now + self.options.authentication.0;
                    self.phase = Phase::Checking { until, credentials };
                }
            }
            Phase::Refused => match self.options.after_refusal {
                AfterRefusal::KeyThenClose => self.over(site),
                AfterRefusal::KeyThenSwitchScreen => {
                    self.out.push(Output::SwitchScreen);
                    self.ask();
                }
                _ => self.ask(),
            },
            Phase::Shell(Behind::Terminal(terminal)) => {
                terminal.key(key, site.now);
                self.collect(site);
            }
            // It got the byte itself.
            Phase::Shell(Behind::Outside(_)) | Phase::Checking { .. } | Phase::Over => {}
        }
    }

    fn ask(&mut self) {
        let (login, text) = Login::new();
        self.phase = Phase::Login(login);
        self.text(&text);
    }

    fn check(&mut self, credentials: &Credentials, site: &Site<'_>) {
        let accepted = accepts(&mut site.world.lock(), credentials);
        self.out.push(Output::Act(Act::Login {
            channel: self.channel.clone(),
            user: credentials.user.clone(),
            domain: credentials.domain.clone(),
            outcome: if accepted.is_some() { LoginOutcome::Accepted } else { LoginOutcome::Refused },
        }));
        let Some(session) = accepted else { return self.refuse(site) };
        match self.locked.take() {
            Some(mut terminal) if terminal.user().eq_ignore_ascii_case(&session.user) => {
                terminal.start_over(site.now);
                self.phase = Phase::Shell(terminal);
            }
            other => {
                if let Some(terminal) = other {
                    terminal.end(site.world);
                }
                let behind = self.start(session, site);
                self.phase = Phase::Shell(behind);
            }
        }
        self.collect(site);
    }

    fn start(&mut self, session: cmd::Session, site: &Site<'_>) -> Behind {
        let at_login = self.options.at_login;
        match site.shell {
            Shells::Inside(shell) => {
                let (terminal, text) =
                    Terminal::start(session, &**shell, &self.render, &self.keyboard, at_login, site);
                self.text(&text);
                Behind::Terminal(Box::new(terminal))
            }
            Shells::Outside(launcher) => {
                let program = launcher.launch();
                let outside = Outside::new(program, &session.user, &self.keyboard, at_login, site.now);
                Behind::Outside(Box::new(outside))
            }
        }
    }

    fn refuse(&mut self, site: &Site<'_>) {
        self.text("Unable to authenticate.\r\n");
        match self.options.after_refusal {
            AfterRefusal::Login => self.ask(),
            AfterRefusal::Close => self.over(site),
            AfterRefusal::KeyThenLogin | AfterRefusal::KeyThenSwitchScreen | AfterRefusal::KeyThenClose => {
                self.phase = Phase::Refused;
            }
        }
    }

    /// Takes over what the terminal has put out; ends the session with its shell.
    fn collect(&mut self, site: &Site<'_>) {
        let Phase::Shell(terminal) = &mut self.phase else { return };
        let user = terminal.user().to_owned();
        for line in terminal.take_lines() {
            let act = Act::Cmd { channel: self.channel.clone(), user: user.clone(), line };
            self.out.push(Output::Act(act));
        }
        let (text, over) = (terminal.take_text(), terminal.is_over(site.world));
        self.text(&text);
        if over {
            self.over(site);
        }
    }

    fn over(&mut self, site: &Site<'_>) {
        self.end(site.world);
        self.out.push(Output::Ended);
    }

    fn timeout(&self) -> Option<Duration> {
        let idle = self.options.timeout?.0;
        matches!(self.phase, Phase::Shell(_)).then(|| self.last_key + idle)
    }

    fn time_out(&mut self, site: &Site<'_>) {
        match self.options.at_timeout {
            AtTimeout::Login => {
                self.end(site.world);
                self.ask();
            }
            AtTimeout::SwitchScreen => {
                self.end(site.world);
                self.out.push(Output::SwitchScreen);
                self.ask();
            }
            AtTimeout::Lock => self.lock(),
            AtTimeout::Close => self.over(site),
        }
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.out.push(Output::Text(self.litter.around(text)));
        }
    }
}

/// Who may sit down at the console. Users without a password may not (Azure asks for a user with one).
fn accepts(world: &mut World, credentials: &Credentials) -> Option<cmd::Session> {
    let local = credentials.domain.is_empty()
        || credentials.domain == "."
        || credentials.domain.eq_ignore_ascii_case(&world.computer);
    if !local || credentials.password.is_empty() {
        return None;
    }
    let name = &credentials.user;
    let is_locked =
        |world: &World| world.accounts.user(name).is_some_and(|user| world.accounts.is_locked(user));
    let was_locked = is_locked(world);
    let user = world.accounts.log_on(name, &credentials.password).ok().cloned();
    if !was_locked && is_locked(world) {
        world.record_account(4740, name);
    }
    let user = user?;
    let sid = world.accounts.sid(&user);
    let token = if world.accounts.is_administrator(&user.name) {
        Token::administrator(sid)
    } else {
        Token::standard(sid)
    };
    Some(cmd::Session {
        user: user.name,
        domain: world.computer.clone(),
        token,
        audit: cmd::Audit::default(),
    })
}
