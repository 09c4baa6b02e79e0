//! The dialogue that asks for credentials (public transcripts).

use std::mem::take;

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) domain: String,
    pub(super) password: String,
}

/// The dialogue at one of its three questions.
#[derive(Debug)]
pub(super) struct Login {
    field: Field,
    typed: Credentials,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    User,
    Domain,
    Password,
}

impl Login {
    /// The dialogue, and its first lines.
    pub(super) fn new() -> (Self, String) {
        let login = Self { field: Field::User, typed: Credentials::default() };
        (login, "Please enter login credentials.\r\nUsername: ".to_owned())
    }

    /// A key: its echo, and everything that was typed once the password is complete.
    pub(super) fn key(&mut self, key: char) -> (String, Option<Credentials>) {
        let field = self.field;
        let text = match field {
            Field::User => &mut self.typed.user,
            Field::Domain => &mut self.typed.domain,
            Field::Password => &mut self.typed.password,
        };
        let echo = match key {
            '\r' => match field {
                Field::User => {
                    self.field = Field::Domain;
                    "\r\nDomain  : ".to_owned()
                }
                Field::Domain => {
                    self.field = Field::Password;
                    "\r\nPassword: ".to_owned()
                }
                Field::Password => return ("\r\n".to_owned(), Some(take(&mut self.typed))),
            },
            '\u{8}' => text.pop().map_or_else(String::new, |_| "\u{8} \u{8}".to_owned()),
            key if key < ' ' => String::new(),
            key => {
                text.push(key);
                if field == Field::Password { "*".to_owned() } else { key.to_string() }
            }
        };
        (echo, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_questions() {
        let (mut login, mut shown) = Login::new();
        let mut answers = Vec::new();
        for key in "azx\u{8}admin\r\rP@s\u{8}ss\r".chars() {
            let (echo, credentials) = login.key(key);
            shown += &echo;
            answers.extend(credentials);
        }
        assert_eq!(
            shown,
            "Please enter login credentials.\r\nUsername: azx\u{8} \u{8}admin\r\n\
             Domain  : \r\nPassword: ***\u{8} \u{8}**\r\n"
        );
        let expected =
            Credentials { user: "azadmin".to_owned(), domain: String::new(), password: "P@ss".to_owned() };
        assert_eq!(answers, [expected]);
    }
}
