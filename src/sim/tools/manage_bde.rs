//! manage-bde.exe, as far as it unlocks, locks and tells. Its texts are English here: translations are not known.

use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::files::node::Body;

const HEAD: [&str; 2] = [
    "BitLocker Drive Encryption: Configuration Tool version 10.0",
    "Copyright (C) 2013 Microsoft Corporation. All rights reserved.",
];
const USAGE: &str = "manage-bde[.exe] -parameter [arguments]";
const DENIED: &str = "ERROR: An attempt to access a required resource was denied.\r\nCheck that you have administrative rights on the computer.";
const NO_VOLUME: &str = "ERROR: The volume {0}: could not be opened by BitLocker.\r\nThis may be because the volume does not exist, or because it is not a valid\r\nBitLocker volume.";
const WRONG: &str = "ERROR: An error occurred (code 0x80310027):\r\nThe BitLocker encryption key could not be obtained from the startup key or recovery password.";
const NO_FILE: &str =
    "ERROR: An error occurred (code 0x80070002):\r\nThe system cannot find the file specified.";
const NOT_ENCRYPTED: &str = "ERROR: The volume {0}: is not encrypted.";

/// invented: the code of an error; what is known is that it is not 0.
const FAILED: ExitCode = -1;

/// `manage-bde`.
pub(super) fn run(process: &Process) -> ExitCode {
    for line in HEAD {
        process.stdout.line(line);
    }
    process.stdout.line("");
    let fail = |text: &str| {
        process.stdout.line(text);
        FAILED
    };
    if !process.token.is_administrator() {
        return fail(DENIED);
    }
    let words = &process.args;
    let Some(verb) = words.first().map(|word| word.to_lowercase()) else {
        process.stdout.line(USAGE);
        return 0;
    };
    let letter = words.iter().skip(1).find_map(|word| match word.as_bytes() {
        [letter, b':'] => Some(char::from(*letter).to_ascii_uppercase()),
        _ => None,
    });
    let Some(letter) = letter else { return fail(USAGE) };
    let has = |name: &str| words.iter().any(|word| is_switch(word, name));
    let after = |name: &str| {
        words.iter().position(|word| is_switch(word, name)).and_then(|at| words.get(at + 1)).cloned()
    };
    let mut world = process.world();
    let volume = |text: &str| text.replace("{0}", &letter.to_string());
    if world.partition_of(letter).is_none() {
        drop(world);
        return fail(&volume(NO_VOLUME));
    }
    let encryption = world.encryption_mut(letter).cloned();
    match verb.as_str() {
        "-status" => {
            let locked = encryption.as_ref().is_some_and(|own| own.locked);
            let protected = encryption.as_ref().is_some_and(|own| own.protected);
            drop(world);
            process
                .stdout
                .line(&format!("Volume {letter}: [{}]", if locked { "Label Unknown" } else { "Windows" }));
            let shown = match (&encryption, locked) {
                (None, _) => [
                    ("Conversion Status:", "Fully Decrypted"),
                    ("Protection Status:", "Protection Off"),
                    ("Lock Status:", "Unlocked"),
                ],
                (Some(_), true) => [
                    ("Conversion Status:", "Unknown"),
                    ("Protection Status:", "Unknown"),
                    ("Lock Status:", "Locked"),
                ],
                (Some(own), false) => [
                    ("Conversion Status:", "Used Space Only Encrypted"),
                    ("Protection Status:", if own.protected { "Protection On" } else { "Protection Off" }),
                    ("Lock Status:", "Unlocked"),
                ],
            };
            for (label, value) in shown {
                process.stdout.line(&format!("    {label:<22}{value}"));
            }
            // Documented: with this switch the code is 0 when the volume is protected and 1 when it is not.
            if has("p") || has("protectionaserrorlevel") { i32::from(!protected) } else { 0 }
        }
        "-unlock" => {
            let Some(encryption) = encryption else {
                drop(world);
                return fail(&volume(NOT_ENCRYPTED));
            };
            let password = if let Some(password) = after("recoverypassword").or_else(|| after("rp")) {
                password
            } else if let Some(file) = after("recoverykey").or_else(|| after("rk")) {
                let node = process.path(&file).and_then(|path| world.files.look(&path).cloned());
                let Some(Body::File(bytes)) = node.map(|node| node.body) else {
                    drop(world);
                    return fail(NO_FILE);
                };
                let name = file.rsplit('\\').next().unwrap_or_default().to_lowercase();
                let own = encryption.key_file.as_deref().unwrap_or_default().to_lowercase();
                let text = String::from_utf8_lossy(&bytes).trim().to_owned();
                if own == name && !own.is_empty() && text == "external key" {
                    encryption.recovery_password
                } else {
                    String::new()
                }
            } else {
                drop(world);
                return fail(USAGE);
            };
            let fits = world.unlock(letter, &password);
            drop(world);
            if !fits {
                return fail(WRONG);
            }
            process.stdout.line(&format!("The password successfully unlocked volume {letter}:."));
            0
        }
        "-lock" => {
            let locked = world.lock_volume(letter);
            drop(world);
            if !locked {
                return fail("ERROR: The volume could not be locked.");
            }
            process.stdout.line(&format!("Volume {letter}: is now locked"));
            0
        }
        "-protectors" if has("enable") || has("disable") => {
            let Some(own) = world.encryption_mut(letter).filter(|own| !own.locked) else {
                drop(world);
                return fail(&volume(NOT_ENCRYPTED));
            };
            own.protected = has("enable");
            drop(world);
            let word = if has("enable") { "enabled" } else { "disabled" };
            process.stdout.line(&format!("Key protectors are {word} for volume {letter}:."));
            0
        }
        _ => {
            drop(world);
            fail(USAGE)
        }
    }
}
