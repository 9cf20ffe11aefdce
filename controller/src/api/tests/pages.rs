//! The pages: that each comes, in the language chosen, and loads nothing from elsewhere.

use super::*;

const PATHS: [&str; 4] = ["/", "/wall", "/aps", "/record"];

#[tokio::test]
async fn every_page_comes_in_both_languages() {
    let served = Served::new().await;
    for path in PATHS {
        for (query, lang) in [("", "ja"), ("?lang=en", "en"), ("?lang=fr", "ja")] {
            let answer = served.get(&format!("{path}{query}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.text().contains(&format!("<html lang=\"{lang}\"")), "{path}{query}");
        }
    }
}

#[tokio::test]
async fn the_language_is_kept_in_a_cookie_that_only_this_site_gets() {
    let served = Served::new().await;
    let chosen = served.get("/?lang=en").await;
    assert_eq!(chosen.header("set-cookie"), "lang=en; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly");
    assert_eq!(served.get("/").await.header("set-cookie"), "");
    let later = served.ask("GET", "/aps", &[("Cookie", "a=b; lang=en; c")], "").await;
    assert!(later.text().contains("<html lang=\"en\""));
    let back = served.ask("GET", "/aps?lang=ja", &[("Cookie", "lang=en")], "").await;
    assert!(back.text().contains("<html lang=\"ja\""));
}

#[tokio::test]
async fn the_files_a_page_asks_for_are_there_and_never_change() {
    // Every address in the pages that a browser loads by itself is ours and answered.
    let served = Served::new().await;
    let mut loaded = 0;
    for path in PATHS {
        let page = served.get(path).await;
        for attribute in ["src=\"", "<link rel=\"stylesheet\" href=\""] {
            for rest in page.text().split(attribute).skip(1) {
                let address = rest.split('"').next().expect("an address");
                assert!(address.starts_with('/') && !address.starts_with("//"), "{address} is elsewhere");
                let asset = served.get(address).await;
                assert_eq!(asset.status, 200, "{address}");
                assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
                assert_eq!(asset.header("x-content-type-options"), "nosniff");
                loaded += 1;
            }
        }
    }
    assert!(loaded >= PATHS.len(), "each page has at least its style");
    for asset in dashboard::assets() {
        let answer = served.get(&asset.path).await;
        assert_eq!((answer.header("content-type"), &answer.body[..]), (asset.mime, asset.bytes), "{}", asset.path);
    }
}

#[tokio::test]
async fn pages_come_without_a_store_and_with_any_query() {
    let served = Served::bare().await;
    for path in PATHS {
        assert_eq!(served.get(path).await.status, 200, "{path}");
    }
    for query in ["/aps?q=%00%FF&state=x&page=-1", "/record?before=x", "/?x=%E3%81", "/aps?page=99999999999999999999"] {
        assert_eq!(served.get(query).await.status, 200, "{query}");
    }
}
