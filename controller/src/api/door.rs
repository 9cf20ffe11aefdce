//! The door: asks every caller whom they came to see, and dresses every answer.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Everything a page may load comes from here, nothing frames it, nothing is sniffed, nothing tells where it led.
const HEADERS: [(header::HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Round every request: refuses callers of another name, dresses every answer.
pub async fn keep(request: Request, next: Next) -> Response {
    let under_api = request.uri().path().starts_with("/api/");
    let path = request.uri().path().to_owned();
    let mut response = match host(&request) {
        Some(host) if is_loopback(host) => next.run(request).await,
        other => misdirected(other),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = method_not_allowed(&response, under_api, &path);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn host(request: &Request) -> Option<&str> {
    // A request line may carry the name itself; then it, not the header, is what counts (RFC 9112 §3.2.2).
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    request.headers().get(header::HOST)?.to_str().ok()
}

/// Whether a `Host` names this machine to itself. A page elsewhere whose name was made to point here (DNS rebinding)
/// sends its own name, and is turned away.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((inside, port)) if is_port(port) => inside,
            _ => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) if is_port(&host[name.len()..]) && !port.is_empty() => name,
            Some(_) => return false,
            None => host,
        },
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

fn misdirected(host: Option<&str>) -> Response {
    ApiError::new(
        StatusCode::MISDIRECTED_REQUEST,
        "the request asks for a host that this is not",
        "open http://localhost:PORT/ on this machine, or through `ssh -L PORT:localhost:PORT`",
    )
    .found(host.unwrap_or("no Host header"))
    .expected("localhost, 127.0.0.1 or [::1], with or without a port")
    .into_response()
}

fn method_not_allowed(response: &Response, under_api: bool, path: &str) -> Response {
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut answer = if under_api {
        let error = ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path does not take this method",
            "see /api/v1/openapi.json",
        )
        .found(path);
        match allow.as_ref().and_then(|allow| allow.to_str().ok()) {
            Some(allow) => error.expected(allow),
            None => error,
        }
        .into_response()
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, "このページは読むだけです。\nThis page can only be read.\n").into_response()
    };
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn this_machine_by_its_own_names() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
    }

    #[test]
    fn nobody_else() {
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "192.168.1.1",
            "[::2]",
            "[::1",
            "::1",
            "localhost:",
            "localhost:http",
            "localhost:80:80",
            "[::1]x",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
