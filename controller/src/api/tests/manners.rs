//! Who is let in, how every answer is dressed, and how wrong paths and methods are told.

use super::*;

#[tokio::test]
async fn only_this_machine_by_its_own_name_is_answered() {
    // A page of another name that was made to point here gets nothing, whatever path it asks for.
    let served = Served::new().await;
    for path in ["/api/v1/town", "/metrics", "/healthz", "/nothing"] {
        let answer = served.ask("GET", path, &[("Host", "evil.example")], "").await;
        assert_eq!(answer.complaint(421).found.as_deref(), Some("evil.example"), "{path}");
    }
    for host in ["localhost", "localhost:8080", "[::1]:8080", "127.0.0.1"] {
        assert_eq!(served.ask("GET", "/api/v1/town", &[("Host", host)], "").await.status, 200, "{host}");
    }
    let nameless = raw(served.address, b"GET /api/v1/town HTTP/1.0\r\n\r\n".to_vec()).await;
    assert_eq!(nameless.status, 421);
    let other = b"GET http://evil.example/api/v1/town HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(served.address, other.to_vec()).await.status, 421);
}

#[tokio::test]
async fn every_answer_is_dressed() {
    let served = Served::new().await;
    for path in ["/api/v1/town", "/api/v1/nothing", "/nothing", "/metrics"] {
        let answer = served.get(path).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'self';"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn wrong_paths_and_methods() {
    let served = Served::new().await;
    assert_eq!(served.get("/api/v1/nothing").await.complaint(404).found.as_deref(), Some("/api/v1/nothing"));
    assert_eq!(served.get("/api/v2/town").await.complaint(404).found.as_deref(), Some("/api/v2/town"));
    let page = served.get("/nothing").await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/plain; charset=utf-8"));
    let answer = served.ask("PUT", "/api/v1/town", &[], "").await;
    assert_eq!(answer.header("allow"), "GET,HEAD");
    assert_eq!(answer.complaint(405).expected.as_deref(), Some("GET,HEAD"));
    assert_eq!(served.ask("POST", "/metrics", &[], "").await.status, 405);
    assert_eq!(served.ask("HEAD", "/api/v1/town", &[], "").await.status, 200);
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_the_next_caller_served() {
    let served = Served::new().await;
    for nonsense in [&b"\x16\x03\x01\x02\x00\x01\r\n\r\n"[..], b"hello\r\n\r\n", b"GET\r\n\r\n"] {
        assert_eq!(raw(served.address, nonsense.to_vec()).await.status, 400, "{nonsense:?}");
    }
    assert_eq!(served.get("/api/v1/town").await.status, 200);
}

#[tokio::test]
async fn it_stops_when_told() {
    let served = Served::new().await;
    // A connection somebody holds open does not hold it up.
    let _held = TcpStream::connect(served.address).await.expect("it listens");
    served.stop.send_replace(true);
    let outcome = tokio::time::timeout(PATIENCE, served.server).await.expect("it ends in time");
    assert!(outcome.expect("no panic").is_ok());
}
