//! Certificates and the stores they live in.
//!
//! A machine store is a registry key: `HKLM\SOFTWARE\Microsoft\SystemCertificates\<store>\Certificates\<thumbprint>`
//! with one value `Blob`, a run of (property, encoding, length, data) records (wincrypt.h, measured on live
//! machines). The certificate itself is property 32, the key container behind it property 2. So `reg export`,
//! `reg delete` and `reg import` back up, remove and restore a certificate, while its key stays a file.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::der::{self, Reader, tag};
use super::registry::{Data, Key, Registry};

/// The store of the listener's self-signed certificate.
pub const REMOTE_DESKTOP: &str = "Remote Desktop";

const KEY_PROVIDER: u32 = 2;
const SHA1_HASH: u32 = 3;
const CERTIFICATE: u32 = 32;

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_SHA256_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const OID_COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const OID_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const OID_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const OID_SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// What a self-signed certificate is made of.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The common name of subject and issuer.
    pub name: &'a str,
    /// The serial number, big-endian.
    pub serial: [u8; 16],
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
    /// The modulus of its RSA key.
    pub modulus: &'a [u8],
}

/// A certificate read from its DER bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The bytes.
    pub der: Vec<u8>,
    /// Serial number, big-endian, without leading zero.
    pub serial: Vec<u8>,
    /// Issuer's common name.
    pub issuer: String,
    /// Subject's common name.
    pub subject: String,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
    /// Modulus of the public key.
    pub modulus: Vec<u8>,
    /// The signature fits what was signed.
    pub signature_fits: bool,
}

/// A certificate in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The name of its key: SHA-1 of the certificate, 40 upper-case hex digits.
    pub thumbprint: String,
    /// The certificate.
    pub certificate: Certificate,
    /// The key container that belongs to it, and the provider's name.
    pub key: Option<(String, String)>,
}

/// The DER bytes of a self-signed certificate.
///
/// invented: the signature. Nobody inside the simulation can check an RSA signature; it is a stretched SHA-256
/// of what is signed and of the key, so that any damage shows.
pub fn self_signed(request: &Request<'_>) -> Vec<u8> {
    let algorithm =
        der::group(tag::SEQUENCE, &[der::element(tag::OID, OID_SHA256_RSA), der::element(tag::NULL, &[])]);
    let name = der::group(
        tag::SEQUENCE,
        &[der::group(
            tag::SET,
            &[der::group(
                tag::SEQUENCE,
                &[der::element(tag::OID, OID_COMMON_NAME), der::element(tag::UTF8, request.name.as_bytes())],
            )],
        )],
    );
    let key =
        der::group(tag::SEQUENCE, &[der::unsigned(request.modulus), der::unsigned(&[0x01, 0x00, 0x01])]);
    let usage = der::group(
        tag::SEQUENCE,
        &[
            der::group(
                tag::SEQUENCE,
                &[
                    der::element(tag::OID, OID_EXTENDED_KEY_USAGE),
                    der::element(
                        tag::OCTET_STRING,
                        &der::group(tag::SEQUENCE, &[der::element(tag::OID, OID_SERVER_AUTH)]),
                    ),
                ],
            ),
            der::group(
                tag::SEQUENCE,
                &[
                    der::element(tag::OID, OID_KEY_USAGE),
                    // Key encipherment and data encipherment.
                    der::element(tag::OCTET_STRING, &der::element(tag::BIT_STRING, &[4, 0x30])),
                ],
            ),
        ],
    );
    let signed = der::group(
        tag::SEQUENCE,
        &[
            der::element(0xa0, &der::element(tag::INTEGER, &[2])),
            der::unsigned(&request.serial),
            algorithm.clone(),
            name.clone(),
            der::group(tag::SEQUENCE, &[utc_time(request.not_before), utc_time(request.not_after)]),
            name,
            der::group(
                tag::SEQUENCE,
                &[
                    der::group(
                        tag::SEQUENCE,
                        &[der::element(tag::OID, OID_RSA), der::element(tag::NULL, &[])],
                    ),
                    der::bits(&key),
                ],
            ),
            der::element(0xa3, &usage),
        ],
    );
    let signature = der::bits(&signature(&signed, request.modulus));
    der::group(tag::SEQUENCE, &[signed, algorithm, signature])
}

/// SHA-1 of `bytes` as 40 upper-case hex digits.
pub fn thumbprint(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes), "")
}

/// Upper-case hex digits with `between` the bytes.
pub fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(between)
}

impl Certificate {
    /// Reads a certificate; `None` when the bytes are none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut outer = Reader(bytes);
        let mut whole = Reader(outer.expect(tag::SEQUENCE)?);
        let signed = whole.raw()?;
        whole.expect(tag::SEQUENCE)?;
        let signature_bits = whole.expect(tag::BIT_STRING)?;
        let mut fields = Reader(Reader(signed).expect(tag::SEQUENCE)?);
        fields.expect(0xa0)?;
        let serial = fields.expect(tag::INTEGER)?;
        fields.expect(tag::SEQUENCE)?;
        let issuer = common_name(fields.expect(tag::SEQUENCE)?)?;
        let mut validity = Reader(fields.expect(tag::SEQUENCE)?);
        let not_before = read_time(validity.expect(tag::UTC_TIME)?)?;
        let not_after = read_time(validity.expect(tag::UTC_TIME)?)?;
        let subject = common_name(fields.expect(tag::SEQUENCE)?)?;
        let mut key = Reader(fields.expect(tag::SEQUENCE)?);
        key.expect(tag::SEQUENCE)?;
        let key_bits = key.expect(tag::BIT_STRING)?;
        let modulus =
            Reader(Reader(key_bits.strip_prefix(&[0])?).expect(tag::SEQUENCE)?).expect(tag::INTEGER)?;
        let modulus: Vec<u8> = modulus.iter().copied().skip_while(|byte| *byte == 0).collect();
        let signature_fits =
            signature_bits.strip_prefix(&[0]) == Some(signature(signed, &modulus).as_slice());
        Some(Self {
            der: bytes.to_vec(),
            serial: serial.iter().copied().skip_while(|byte| *byte == 0).collect(),
            issuer,
            subject,
            not_before,
            not_after,
            modulus,
            signature_fits,
        })
    }
}

/// Puts a certificate into a store. `key` is its container and the provider's name.
pub fn add(registry: &mut Registry, store: &str, der: &[u8], key: Option<(&str, &str)>) -> String {
    let print = thumbprint(der);
    let path = format!(r"{}\{print}", store_path(store));
    registry.set(&path, "Blob", Data::Binary(blob(der, key)));
    print
}

/// The certificates of a store, by thumbprint. Entries whose bytes are no certificate are passed over, as
/// Windows does.
pub fn in_store(registry: &Registry, store: &str) -> Vec<Stored> {
    let Some(key) = registry.key(&store_path(store)) else { return Vec::new() };
    key.keys().filter_map(read_entry).collect()
}

/// The registry key of a machine store's certificates.
pub fn store_path(store: &str) -> String {
    format!(r"HKLM\SOFTWARE\Microsoft\SystemCertificates\{store}\Certificates")
}

fn read_entry(key: &Key) -> Option<Stored> {
    let Some(Data::Binary(blob)) = key.value("Blob") else { return None };
    let der = property(blob, CERTIFICATE)?;
    let certificate = Certificate::parse(der)?;
    let container = property(blob, KEY_PROVIDER).and_then(read_key_provider);
    Some(Stored { thumbprint: key.name().to_uppercase(), certificate, key: container })
}

fn blob(der: &[u8], key: Option<(&str, &str)>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut record = |property: u32, data: &[u8]| {
        out.extend(property.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
    };
    if let Some((container, provider)) = key {
        record(KEY_PROVIDER, &key_provider(container, provider));
    }
    record(SHA1_HASH, &Sha1::digest(der));
    record(CERTIFICATE, der);
    out
}

fn property(blob: &[u8], wanted: u32) -> Option<&[u8]> {
    let mut rest = blob;
    loop {
        let (head, after) = rest.split_at_checked(12)?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let data = after.get(..number(8) as usize)?;
        if number(0) == wanted {
            return Some(data);
        }
        rest = &after[data.len()..];
    }
}

/// A serialised CRYPT_KEY_PROV_INFO: offsets of the two names, provider type (1, RSA full), flags (machine key),
/// no parameters, key exchange; then the names in UTF-16.
fn key_provider(container: &str, provider: &str) -> Vec<u8> {
    let container: Vec<u8> = wide(container);
    let start = 28u32;
    let mut out = Vec::new();
    for number in [start, start + container.len() as u32, 1, 0x20, 0, 0, 1] {
        out.extend(number.to_le_bytes());
    }
    out.extend(&container);
    out.extend(wide(provider));
    out
}

fn read_key_provider(data: &[u8]) -> Option<(String, String)> {
    let offset = |at: usize| -> Option<usize> {
        Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?) as usize)
    };
    Some((read_wide(data, offset(0)?)?, read_wide(data, offset(4)?)?))
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn read_wide(data: &[u8], start: usize) -> Option<String> {
    let units: Vec<u16> = data
        .get(start..)?
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0)
        .collect();
    String::from_utf16(&units).ok()
}

fn signature(signed: &[u8], modulus: &[u8]) -> Vec<u8> {
    (0u8..8)
        .flat_map(|part| {
            Sha256::new().chain_update([part]).chain_update(signed).chain_update(modulus).finalize()
        })
        .collect()
}

fn utc_time(time: Timestamp) -> Vec<u8> {
    let text = time.to_zoned(TimeZone::UTC).strftime("%y%m%d%H%M%SZ").to_string();
    der::element(tag::UTC_TIME, text.as_bytes())
}

fn read_time(bytes: &[u8]) -> Option<Timestamp> {
    let text = str::from_utf8(bytes).ok()?;
    let time = DateTime::strptime("%y%m%d%H%M%SZ", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn common_name(name: &[u8]) -> Option<String> {
    let mut pair = Reader(Reader(Reader(name).expect(tag::SET)?).expect(tag::SEQUENCE)?);
    if pair.expect(tag::OID)? != OID_COMMON_NAME {
        return None;
    }
    String::from_utf8(pair.any()?.1.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        self_signed(&Request {
            name: "VM01",
            serial: [0x12; 16],
            not_before: "2024-01-02T03:04:05Z".parse().unwrap(),
            not_after: "2024-07-02T03:04:05Z".parse().unwrap(),
            modulus: &[0xc5; 256],
        })
    }

    #[test]
    fn what_is_made_is_read_again() {
        let read = Certificate::parse(&sample()).unwrap();
        assert_eq!(read.subject, "VM01");
        assert_eq!(read.issuer, "VM01");
        assert_eq!(read.serial, [0x12; 16]);
        assert_eq!(read.not_after.to_string(), "2024-07-02T03:04:05Z");
        assert_eq!(read.modulus, [0xc5; 256]);
        assert!(read.signature_fits);
    }

    #[test]
    fn damage_shows() {
        let good = sample();
        // The outer algorithm (15 bytes before the signature's 261) is not read.
        let unread = good.len() - 261 - 15..good.len() - 261;
        for at in (0..good.len()).filter(|at| !unread.contains(at)) {
            let mut bad = good.clone();
            bad[at] ^= 0x01;
            assert!(Certificate::parse(&bad).is_none_or(|read| !read.signature_fits), "byte {at}");
        }
        assert!(Certificate::parse(&good[..good.len() - 1]).is_none());
    }

    #[test]
    fn a_store_is_a_registry_key_and_a_blob() {
        let mut registry = Registry::new("S-1-5-18");
        let der = sample();
        let print = add(&mut registry, REMOTE_DESKTOP, &der, Some(("TSSecKeySet1", "Provider v1.0")));
        assert_eq!(print.len(), 40);
        let stored = in_store(&registry, REMOTE_DESKTOP);
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0].thumbprint, print);
        assert_eq!(stored[0].certificate.der, der);
        assert_eq!(stored[0].key, Some(("TSSecKeySet1".to_owned(), "Provider v1.0".to_owned())));
        let path = format!(r"{}\{print}", store_path(REMOTE_DESKTOP));
        registry.set(&path, "Blob", Data::Binary(vec![1, 2, 3]));
        assert_eq!(in_store(&registry, REMOTE_DESKTOP), []);
    }
}
