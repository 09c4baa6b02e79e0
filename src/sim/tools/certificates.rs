//! certutil.exe, the verbs about certificate stores: `-store`, `-verifystore`, `-delstore`.

use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::certificates::{Stored, hex, in_store, store_path};
use crate::sim::windows::keys::KeyError;
use crate::sim::windows::language::Text;

const DONE: Text = Text {
    en: "CertUtil: {0} command completed successfully.",
    ko: "CertUtil: {0} 명령이 성공적으로 완료되었습니다.",
    ja: "CertUtil: {0} コマンドは正常に完了しました。",
    de: "CertUtil: {0}-Befehl wurde erfolgreich ausgeführt.",
};
const FAILED: Text = Text {
    en: "CertUtil: {0} command FAILED: {1}",
    ko: "CertUtil: {0} 명령 실패: {1}",
    ja: "CertUtil: {0} コマンド エラーです: {1}",
    de: "CertUtil: {0}-Befehl ist fehlgeschlagen: {1}",
};
const NOT_FOUND_TEXT: Text = Text {
    en: "CertUtil: Object was not found.",
    ko: "CertUtil: 개체를 찾을 수 없습니다.",
    ja: "CertUtil: オブジェクトが見つかりませんでした。",
    de: "CertUtil: Das Objekt wurde nicht gefunden.",
};
const HEADING: Text = Text {
    en: "================ Certificate {0} ================",
    ko: "================ 인증서 {0} ================",
    ja: "================ 証明書 {0} ================",
    de: "================ Zertifikat {0} ================",
};
const SERIAL: Text =
    Text { en: "Serial Number", ko: "일련 번호", ja: "シリアル番号", de: "Seriennummer" };
const ISSUER: Text = Text { en: "Issuer", ko: "발급자", ja: "発行者", de: "Aussteller" };
const SUBJECT: Text = Text { en: "Subject", ko: "주체", ja: "サブジェクト", de: "Antragsteller" };
const NOT_BEFORE: Text = Text { en: "NotBefore", ko: "NotBefore", ja: "この日以降", de: "Nicht vor" };
const NOT_AFTER: Text = Text { en: "NotAfter", ko: "NotAfter", ja: "この日以前", de: "Nicht nach" };
const HASH: Text = Text {
    en: "Cert Hash(sha1)",
    ko: "인증서 해시(sha1)",
    ja: "証明書ハッシュ(sha1)",
    de: "Zertifikathash(sha1)",
};
const DELETING: Text = Text {
    en: "Deleting Certificate {0}",
    ko: "인증서 {0} 삭제 중",
    ja: "証明書 {0} を削除しています",
    de: "Zertifikat {0} wird gelöscht",
};

/// `NTE_NOT_FOUND`.
const NOT_FOUND: Code = Code(0x8009_0011, "NTE_NOT_FOUND");
/// `ERROR_ACCESS_DENIED`.
const DENIED: Code = Code(0x8007_0005, "WIN32: 5 ERROR_ACCESS_DENIED");
const UNTRUSTED_ROOT: Code = Code(0x800b_0109, "CERT_E_UNTRUSTEDROOT");
const EXPIRED: Code = Code(0x800b_0101, "CERT_E_EXPIRED");
const BAD_SIGNATURE: Code = Code(0x8009_6004, "TRUST_E_CERT_SIGNATURE");
const BAD_PUBLIC_KEY: Code = Code(0x8009_0015, "NTE_BAD_PUBLIC_KEY");

/// An HRESULT and its name, shown as certutil shows it.
#[derive(Debug, Clone, Copy)]
struct Code(u32, &'static str);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:08x} ({} {})", self.0, self.0.cast_signed(), self.1)
    }
}

/// Runs the verb when it is about stores; `None`: it is not.
pub(super) fn run(process: &Process) -> Option<ExitCode> {
    let words: Vec<&str> = process
        .args
        .iter()
        .map(String::as_str)
        .filter(|word| !["f", "v"].iter().any(|o| is_switch(word, o)))
        .collect();
    let (verb, rest) = words.split_first()?;
    let verb =
        ["-store", "-verifystore", "-delstore"].into_iter().find(|known| is_switch(verb, &known[1..]))?;
    let store = rest.first().copied().unwrap_or("CA");
    Some(match (verb, rest.get(1)) {
        ("-delstore", None) => fail(process, verb, NOT_FOUND),
        ("-delstore", Some(id)) => delete(process, store, id),
        (verb, id) => show(process, verb, store, id.copied()),
    })
}

fn show(process: &Process, verb: &str, store: &str, id: Option<&str>) -> ExitCode {
    let language = process.language();
    let world = process.world();
    let found = selected(&world, store, id);
    process.stdout.line(&format!("{store} \"{store}\""));
    if found.is_empty() && id.is_some() {
        drop(world);
        return fail(process, verb, NOT_FOUND);
    }
    for (index, stored) in &found {
        process.stdout.line(&HEADING.fill(language, &[&index.to_string()]));
        describe(process, &world, stored);
        if verb == "-verifystore" {
            verify(process, &world, stored);
        }
    }
    process.stdout.line(&DONE.fill(language, &[verb]));
    0
}

fn describe(process: &Process, world: &World, stored: &Stored) {
    let language = world.language;
    let out = &process.stdout;
    let certificate = &stored.certificate;
    let label = |text: &Text| text.in_language(language);
    let date = |time: jiff::Timestamp| time.strftime("%-m/%-d/%Y %-I:%M %p").to_string();
    out.line(&format!("{}: {}", label(&SERIAL), hex(&certificate.serial, "").to_lowercase()));
    out.line(&format!("{}: CN={}", label(&ISSUER), certificate.issuer));
    out.line(&format!(" {}: {}", label(&NOT_BEFORE), date(certificate.not_before)));
    out.line(&format!(" {}: {}", label(&NOT_AFTER), date(certificate.not_after)));
    out.line(&format!("{}: CN={}", label(&SUBJECT), certificate.subject));
    out.line(if certificate.signature_fits {
        "Signature matches Public Key"
    } else {
        "Signature test FAILED"
    });
    out.line("Root Certificate: Subject matches Issuer");
    out.line(&format!("{}: {}", label(&HASH), stored.thumbprint.to_lowercase()));
    let Some((container, provider)) = &stored.key else {
        out.line("  No key provider information");
        out.line("Cannot find the certificate and private key for decryption.");
        return;
    };
    out.line(&format!("  Key Container = {container}"));
    if let Some(file) = world.key_file(container) {
        out.line(&format!("  Unique container name: {}", file.name()));
    }
    out.line(&format!("  Provider = {provider}"));
    match world.use_key(container, &process.token) {
        Ok(modulus) if modulus == certificate.modulus => {
            out.line("Private key is NOT exportable");
            out.line("Encryption test passed");
        }
        Ok(_) => out.line(&format!("Public key does not match the stored keyset: {BAD_PUBLIC_KEY}")),
        Err(KeyError::Missing) => {
            out.line("Missing stored keyset");
            out.line(&format!("Keyset does not exist {}", key_code(KeyError::Missing)));
        }
        Err(error) => out.line(&format!("Cannot open the stored keyset: {}", key_code(error))),
    }
}

/// What a chain check says: a self-signed certificate always ends in a root that is not trusted.
fn verify(process: &Process, world: &World, stored: &Stored) {
    let out = &process.stdout;
    out.line(&format!(
        "A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider. {UNTRUSTED_ROOT}"
    ));
    out.line("------------------------------------");
    let now = world.wall_time();
    if now > stored.certificate.not_after || now < stored.certificate.not_before {
        out.line(&format!(
            "A required certificate is not within its validity period when verifying against the current system clock or the timestamp in the signed file. {EXPIRED}"
        ));
    }
    if !stored.certificate.signature_fits {
        out.line(&format!("The signature of the certificate cannot be verified. {BAD_SIGNATURE}"));
    }
    out.line("Verifies against UNTRUSTED root");
    out.line("Certificate is NOT valid");
}

fn delete(process: &Process, store: &str, id: &str) -> ExitCode {
    let language = process.language();
    if !process.token.is_administrator() {
        return fail(process, "-delstore", DENIED);
    }
    let mut world = process.world();
    let found = selected(&world, store, Some(id));
    process.stdout.line(&format!("{store} \"{store}\""));
    if found.is_empty() {
        drop(world);
        return fail(process, "-delstore", NOT_FOUND);
    }
    for (index, stored) in found {
        process.stdout.line(&DELETING.fill(language, &[&index.to_string()]));
        // The key stays: only -delkey removes it.
        world.registry.remove(&format!(r"{}\{}", store_path(store), stored.thumbprint));
    }
    process.stdout.line(&DONE.fill(language, &["-delstore"]));
    0
}

/// The certificates an id names: an index, a serial number, a SHA-1 hash, or a part of the subject's name.
fn selected(world: &World, store: &str, id: Option<&str>) -> Vec<(usize, Stored)> {
    let all = in_store(&world.registry, store).into_iter().enumerate();
    let Some(id) = id else { return all.collect() };
    let plain = id.replace(' ', "");
    all.filter(|(index, stored)| {
        let is_hash = plain.len() == 40 && stored.thumbprint.eq_ignore_ascii_case(&plain);
        let is_serial = hex(&stored.certificate.serial, "").eq_ignore_ascii_case(&plain);
        let is_index = plain.len() < 4 && plain.parse() == Ok(*index);
        let is_name =
            plain.len() != 40 && stored.certificate.subject.to_lowercase().contains(&id.to_lowercase());
        is_hash || is_serial || is_index || is_name
    })
    .collect()
}

fn fail(process: &Process, verb: &str, code: Code) -> ExitCode {
    let language = process.language();
    process.stdout.line(&FAILED.fill(language, &[verb, &code.to_string()]));
    if code.0 == NOT_FOUND.0 {
        process.stdout.line(NOT_FOUND_TEXT.in_language(language));
    }
    code.0.cast_signed()
}

fn key_code(error: KeyError) -> Code {
    let name = match error {
        KeyError::Missing => "NTE_BAD_KEYSET",
        KeyError::Denied => "NTE_PERM",
        KeyError::Damaged => "NTE_BAD_KEY_STATE",
    };
    Code(error.code(), name)
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;
    use crate::sim::windows::acl::Token;
    use crate::sim::windows::certificates::REMOTE_DESKTOP;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    fn print(trial: &Trial) -> String {
        in_store(&trial.world.lock().registry, REMOTE_DESKTOP)[0].thumbprint.clone()
    }

    #[test]
    fn a_good_certificate_is_shown_with_its_key() {
        // Up to 2016 Administrators may read the key; later only the services may.
        assert!(Trial::healthy().ok("certutil -store \"Remote Desktop\"").contains("NTE_PERM"));
        let trial = Trial::new(World::healthy(Os::Server2016, Language::EnUs));
        let shown = trial.ok("certutil -store \"Remote Desktop\"");
        assert!(
            shown.starts_with("Remote Desktop \"Remote Desktop\"\n================ Certificate 0 ===="),
            "{shown}"
        );
        assert!(shown.contains("  Key Container = TSSecKeySet1\n"), "{shown}");
        assert!(
            shown.ends_with("Encryption test passed\nCertUtil: -store command completed successfully.\n"),
            "{shown}"
        );
        let verified = trial.ok(&format!("certutil -verifystore \"Remote Desktop\" {}", print(&trial)));
        assert!(verified.contains("0x800b0109") && !verified.contains("0x800b0101"), "{verified}");
    }

    #[test]
    fn what_is_wrong_is_told_by_its_number() {
        let trial = Trial::healthy();
        let id = print(&trial);
        trial.wait(400 * 24 * 3600);
        let verified = trial.ok(&format!("certutil -verifystore \"Remote Desktop\" {id}"));
        assert!(verified.contains("0x800b0101 (-2146762495 CERT_E_EXPIRED)"), "{verified}");
        let key = trial.world.lock().key_file("TSSecKeySet1").unwrap();
        trial.world.lock().files.remove(&key, &Token::system()).unwrap();
        let shown = trial.ok("certutil -store \"Remote Desktop\"");
        assert!(shown.contains("0x80090016 (-2146893802 NTE_BAD_KEYSET)"), "{shown}");
    }

    #[test]
    fn a_certificate_is_deleted_by_its_hash_and_its_key_stays() {
        let trial = Trial::healthy();
        let id = print(&trial);
        assert_eq!(trial.run("certutil -delstore \"Remote Desktop\" ff").code, -2_146_893_807);
        trial.ok(&format!("certutil -delstore \"Remote Desktop\" {id}"));
        assert!(in_store(&trial.world.lock().registry, REMOTE_DESKTOP).is_empty());
        let world = trial.world.lock();
        assert!(world.files.is_file(&world.key_file("TSSecKeySet1").unwrap()));
    }
}
