//! The gate before acts: the token from the file, compared in constant time; guesses are counted.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq;

use super::error::ApiError;

/// Shortest token. 24 characters of a random text are beyond guessing, so guesses need no lock-out, and a lock-out
/// would let any program on this machine shut the town's operator out.
pub const TOKEN_MIN_CHARS: usize = 24;

/// Wrong tokens that are told and logged one by one in [`GUESS_WINDOW`]; the rest are only refused.
const GUESSES: u32 = 10;

/// See [`GUESSES`].
const GUESS_WINDOW: Duration = Duration::from_secs(60);

/// The token for acts over HTTP; never shown.
#[derive(Clone)]
pub struct Token(String);

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too few characters.
    #[error("the token has {0} characters; expected at least {TOKEN_MIN_CHARS}, such as from `openssl rand -hex 24`")]
    Short(usize),
    /// It could not be sent in a header.
    #[error("the token has a character other than visible ASCII in it; make one with `openssl rand -hex 24`")]
    Character,
}

impl Token {
    /// A token from the text of its file; space around it is left out.
    ///
    /// # Errors
    /// Shorter than [`TOKEN_MIN_CHARS`], or not visible ASCII.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Character);
        }
        if text.len() < TOKEN_MIN_CHARS {
            return Err(TokenError::Short(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    fn is(&self, given: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(given).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Counts wrong tokens. One count for all callers: they all come from this machine.
#[derive(Debug)]
pub struct Gate(Mutex<Window>);

#[derive(Debug)]
struct Window {
    since: Instant,
    guesses: u32,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Mutex::new(Window { since: Instant::now(), guesses: 0 }))
    }
}

impl Gate {
    /// Lets a request with the right token through.
    ///
    /// # Errors
    /// 403 where no token is configured, 401 without or with a wrong one, 429 after too many wrong ones.
    pub fn admit(&self, token: Option<&Token>, headers: &HeaderMap) -> Result<(), ApiError> {
        let Some(token) = token else {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "acts over HTTP are switched off: no token is configured",
                "write a token into a file (`openssl rand -hex 24`), name the file as `token-file` under [http] in controller.toml, \
                 restart; the key works without this",
            ));
        };
        let unauthorized = |error: &str, todo: &str| {
            ApiError::new(StatusCode::UNAUTHORIZED, error, todo)
                .expected("Authorization: Bearer TOKEN")
                .header(header::WWW_AUTHENTICATE, "Bearer")
        };
        let todo = "send the token that stands in the file that controller.toml names as `token-file` under [http]";
        let Some(given) = headers.get(header::AUTHORIZATION) else {
            return Err(unauthorized("this act needs the token", todo));
        };
        if bearer(given.as_bytes()).is_some_and(|given| token.is(given)) {
            return Ok(());
        }
        if self.guessed_too_often() {
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens", todo)
                .header(header::RETRY_AFTER, "60"));
        }
        tracing::warn!("an act over HTTP came with a wrong token");
        Err(unauthorized("the token is wrong", todo))
    }

    fn guessed_too_often(&self) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.since.elapsed() > GUESS_WINDOW {
            *window = Window { since: Instant::now(), guesses: 0 };
        }
        window.guesses = window.guesses.saturating_add(1);
        window.guesses > GUESSES
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    // The scheme is told without regard to case (RFC 9110 §11.1).
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_could_be_guessed_or_not_be_sent_is_refused() {
        assert_eq!(Token::new(" short\n").err(), Some(TokenError::Short(5)));
        assert_eq!(Token::new("パスワードパスワードパスワードパスワード").err(), Some(TokenError::Character));
        assert!(Token::new("0123456789abcdef01234567\n").is_ok());
    }

    #[test]
    fn wrong_tokens_are_bounded_and_never_shut_the_right_one_out() {
        // Guess more often than is told, then come with the right token.
        let token = Token::new("0123456789abcdef01234567").expect("long enough");
        let with = |value: &'static str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, header::HeaderValue::from_static(value))])
        };
        let gate = Gate::default();
        for _ in 0..GUESSES {
            assert!(format!("{:?}", gate.admit(Some(&token), &with("Bearer no"))).contains("401"));
        }
        assert!(format!("{:?}", gate.admit(Some(&token), &with("Bearer no"))).contains("429"));
        assert!(gate.admit(Some(&token), &with("bearer 0123456789abcdef01234567")).is_ok());
    }
}
