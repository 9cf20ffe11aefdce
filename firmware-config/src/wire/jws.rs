//! Orders as JSON Web Signatures: compact serialisation (RFC 7515 §7.1) with `EdDSA` (RFC 8037) and nothing else.
//!
//! Knows the form and not the arithmetic: signing and verifying are handed in, so that the controller and the agent
//! may each use the library that suits them.

use base64ct::{Base64UrlUnpadded, Encoding};

use super::{DOCUMENT_MAX_BYTES, Document, DocumentError, Heartbeat, Order, read, write};

/// The one protected header of an order that is written and accepted, byte for byte: there is no algorithm to choose.
const HEADER: &str = r#"{"alg":"EdDSA","typ":"hirake-order"}"#;
/// That of a heartbeat: what is signed as the one is never taken for the other.
const HEARTBEAT_HEADER: &str = r#"{"alg":"EdDSA","typ":"hirake-controller"}"#;

/// Length of an Ed25519 signature in bytes (RFC 8032 §5.1.6).
pub const SIGNATURE_BYTES: usize = 64;

/// Why a text is not an order of this town.
#[derive(Debug, thiserror::Error)]
pub enum JwsError {
    /// Not three parts of unpadded base64url, or too long.
    #[error("not a compact JWS: {0}")]
    Form(&'static str),
    /// Another algorithm, type, or an extension.
    #[error("JWS header is not {0}")]
    Header(&'static str),
    /// The signature is not by the key at hand.
    #[error("signature is not by the town's key")]
    Signature,
    /// Signed, and yet not an order.
    #[error("signed text is not an order: {0}")]
    Payload(#[from] DocumentError),
}

/// What is to be signed for `order`: header and payload in their final form.
#[must_use]
pub fn signing_input(order: &Order) -> String {
    input(HEADER, order)
}

/// The same for a heartbeat.
#[must_use]
pub fn heartbeat_input(heartbeat: &Heartbeat) -> String {
    input(HEARTBEAT_HEADER, heartbeat)
}

fn input<D: Document>(header: &str, document: &D) -> String {
    let encoded = Base64UrlUnpadded::encode_string;
    format!("{}.{}", encoded(header.as_bytes()), encoded(&write(document)))
}

/// Joins a signing input and its signature.
#[must_use]
pub fn compact(signing_input: &str, signature: &[u8; SIGNATURE_BYTES]) -> String {
    format!("{signing_input}.{}", Base64UrlUnpadded::encode_string(signature))
}

/// A JWS whose form is right and whose signature nobody has checked: it gives nothing away before that.
#[derive(Debug, Clone)]
pub struct Unverified<'a> {
    header: &'static str,
    signing_input: &'a str,
    payload: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
}

impl<'a> Unverified<'a> {
    /// Takes an order's text apart.
    ///
    /// # Errors
    /// It has not the form, or not the one header.
    pub fn parse(text: &'a [u8]) -> Result<Self, JwsError> {
        Self::parse_as(HEADER, text)
    }

    /// Takes a heartbeat's text apart.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_heartbeat(text: &'a [u8]) -> Result<Self, JwsError> {
        Self::parse_as(HEARTBEAT_HEADER, text)
    }

    fn parse_as(expected: &'static str, text: &'a [u8]) -> Result<Self, JwsError> {
        // Base64 makes four characters of three bytes; the header and the signature are 135 of them.
        if text.len() > DOCUMENT_MAX_BYTES / 3 * 4 + 256 {
            return Err(JwsError::Form("too long"));
        }
        let text = std::str::from_utf8(text).map_err(|_| JwsError::Form("not ASCII"))?;
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Form("not three parts"))?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Form("not three parts"))?;
        let decode = |part| Base64UrlUnpadded::decode_vec(part).map_err(|_| JwsError::Form("not base64url"));
        if decode(header)? != expected.as_bytes() {
            return Err(JwsError::Header(expected));
        }
        let signature = decode(signature)?.try_into().map_err(|_| JwsError::Form("signature is not 64 bytes"))?;
        Ok(Self { header: expected, signing_input, payload: decode(payload)?, signature })
    }

    /// The order, if `verify(signed bytes, signature)` says that the town's key signed it.
    ///
    /// # Errors
    /// It is not signed by that key, or what is signed is not an order.
    pub fn order(self, verify: impl FnOnce(&[u8], &[u8; SIGNATURE_BYTES]) -> bool) -> Result<Order, JwsError> {
        self.document(HEADER, verify)
    }

    /// The heartbeat, likewise.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn heartbeat(self, verify: impl FnOnce(&[u8], &[u8; SIGNATURE_BYTES]) -> bool) -> Result<Heartbeat, JwsError> {
        self.document(HEARTBEAT_HEADER, verify)
    }

    fn document<D: Document>(
        self,
        header: &'static str,
        verify: impl FnOnce(&[u8], &[u8; SIGNATURE_BYTES]) -> bool,
    ) -> Result<D, JwsError> {
        if self.header != header {
            return Err(JwsError::Header(header));
        }
        if !verify(self.signing_input.as_bytes(), &self.signature) {
            return Err(JwsError::Signature);
        }
        Ok(read(&self.payload, None)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            v: 1,
            town: "shiomi".parse().expect("valid"),
            number: 7,
            issued_at_ms: 0,
            controller: None,
            facilities: std::collections::BTreeMap::new(),
            activations: Vec::new(),
        }
    }

    #[test]
    fn an_order_survives_the_journey_when_its_signature_holds() {
        let text = compact(&signing_input(&order()), &[9; 64]);
        let read = Unverified::parse(text.as_bytes()).expect("form").order(|input, signature| {
            assert_eq!(input, signing_input(&order()).as_bytes());
            signature == &[9; 64]
        });
        assert_eq!(read.expect("verified"), order());
    }

    #[test]
    fn nothing_is_read_from_an_unverified_order() {
        let text = compact(&signing_input(&order()), &[9; 64]);
        let refused = Unverified::parse(text.as_bytes()).expect("form").order(|_, _| false);
        assert!(matches!(refused, Err(JwsError::Signature)));
    }

    #[test]
    fn a_signed_order_is_never_taken_for_a_heartbeat() {
        let text = compact(&signing_input(&order()), &[9; 64]);
        assert!(matches!(Unverified::parse_heartbeat(text.as_bytes()), Err(JwsError::Header(_))));
        let order = Unverified::parse(text.as_bytes()).expect("form");
        assert!(matches!(order.heartbeat(|_, _| true), Err(JwsError::Header(_))));
    }

    #[test]
    fn no_other_algorithm_is_heard() {
        let none = Base64UrlUnpadded::encode_string(br#"{"alg":"none"}"#);
        let text = format!("{none}.e30.{}", Base64UrlUnpadded::encode_string(&[0; 64]));
        assert!(matches!(Unverified::parse(text.as_bytes()), Err(JwsError::Header(_))));
    }

    #[test]
    fn malformed_texts_are_refused() {
        for text in ["", ".", "..", "a.b", "a.b.c", "####.####.####"] {
            assert!(Unverified::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
