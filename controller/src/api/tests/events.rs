//! The stream of a page: greeting, everything, then only what changed, and a beat while the controller lives.

use std::collections::BTreeMap;

use dashboard::Lang;

use super::*;

/// An open stream and the events that came over it.
struct Stream {
    line: BufReader<TcpStream>,
    rest: String,
}

impl Stream {
    async fn open(served: &Served, query: &str) -> Result<Self, Answer> {
        let mut stream = TcpStream::connect(served.address).await.expect("it listens");
        let text = format!("GET /events?{query} HTTP/1.1\r\nHost: {}\r\n\r\n", served.address);
        stream.write_all(text.as_bytes()).await.expect("it reads");
        let mut line = BufReader::new(stream);
        let (status, headers) = Answer::head(&mut line).await;
        let answer = Answer { status, headers, body: Vec::new() };
        if answer.header("content-type") != "text/event-stream" {
            return Err(answer);
        }
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
        Ok(Self { line, rest: String::new() })
    }

    /// The next event: its name and its data.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let field = |name: &str| {
                    let values = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    values.collect::<Vec<_>>().join("\n")
                };
                let found = (field("event"), field("data"));
                self.rest = rest.to_owned();
                return Some(found);
            }
            let chunk = tokio::time::timeout(PATIENCE, chunk(&mut self.line)).await.expect("something in time")?;
            self.rest += &String::from_utf8(chunk).expect("utf-8");
        }
    }

    async fn of(&mut self, kind: &str) -> Value {
        let (event, data) = self.next().await.expect("an event");
        assert_eq!(event, kind, "{data}");
        serde_json::from_str(&data).expect("json")
    }

    /// Reads the greeting and every fragment that follows it; by id.
    async fn all(&mut self, served: &Served, lang: Lang) -> BTreeMap<String, String> {
        self.of("hello").await;
        let mut told = BTreeMap::new();
        for _ in fragments(served, lang) {
            let fragment = self.of("fragment").await;
            told.insert(text(&fragment["id"]), text(&fragment["html"]));
        }
        told
    }
}

fn change(served: &Served, how: impl Fn(&mut TownView)) {
    served.view.send_modify(|view| {
        let mut new = TownView::clone(view);
        how(&mut new);
        *view = Arc::new(new);
    });
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// What the dashboard makes of the town as it is.
fn fragments(served: &Served, lang: Lang) -> BTreeMap<String, String> {
    let desk = Desk::new(served.house.clone(), served.stop.subscribe());
    let screen = screens::screen(&desk, &desk.view());
    dashboard::fragments(&screen, lang).into_iter().map(|it| (it.id, it.html)).collect()
}

#[tokio::test]
async fn a_greeting_then_everything_then_only_what_changed() {
    let served = Served::new().await;
    let mut stream = Stream::open(&served, "page=now&lang=en").await.expect("a stream");
    let before = fragments(&served, Lang::En);
    let mut line = Stream::open(&served, "lang=en").await.expect("a second stream");
    let hello = line.of("hello").await;
    assert_eq!(hello["now_ms"], AT);
    assert!(hello["build"].as_str().is_some_and(|build| !build.is_empty()));
    assert_eq!(stream.all(&served, Lang::En).await, before);
    change(&served, |view| view.totals.stations = 4711);
    let after = fragments(&served, Lang::En);
    let changed: Vec<_> = after.iter().filter(|(id, html)| before.get(*id) != Some(html)).collect();
    assert!(!changed.is_empty() && changed.len() < after.len(), "some fragments change with the figure, not all");
    for _ in &changed {
        let fragment = stream.of("fragment").await;
        assert!(changed.contains(&(&text(&fragment["id"]), &text(&fragment["html"]))), "{fragment}");
    }
}

#[tokio::test]
async fn many_views_are_told_in_few_steps_and_the_last_is_always_told() {
    // A hundred views as fast as they come: far fewer fragments, and the last figure among them.
    let served = Served::new().await;
    let mut stream = Stream::open(&served, "lang=ja").await.expect("a stream");
    stream.all(&served, Lang::Ja).await;
    for stations in 1000..1100 {
        change(&served, |view| view.totals.stations = stations);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut told = 0;
    loop {
        let html = text(&stream.of("fragment").await["html"]);
        if html.contains("1099") || html.contains("1,099") {
            break;
        }
        told += 1;
    }
    assert!(told < 50, "{told} fragments for 100 views");
}

#[tokio::test]
async fn the_beat_comes_while_the_loop_lives_and_stops_with_it() {
    // Views go on until a beat came, then stop: at most the beat that was due at that moment still comes.
    let served = Served::new().await;
    let mut stream = Stream::open(&served, "lang=en").await.expect("a stream");
    stream.all(&served, Lang::En).await;
    let beat = stream.of("beat").await;
    served.publishing.abort();
    assert_eq!(beat["now_ms"], AT);
    let mut more = 0;
    while tokio::time::timeout(Duration::from_secs(6), stream.next()).await.is_ok() {
        more += 1;
        assert!(more < 2, "a beat without a loop");
    }
    // And nobody who comes now is greeted; a page is still shown, as what it is.
    let refused = Stream::open(&served, "lang=en").await.err().expect("no stream");
    assert_eq!((refused.status, served.get("/").await.status), (503, 503));
}

#[tokio::test]
async fn streams_are_bounded_and_a_place_is_free_again_when_one_leaves() {
    let served = Served::new().await;
    let mut open = Vec::new();
    let refused = loop {
        match Stream::open(&served, "page=now").await {
            Ok(stream) => open.push(stream),
            Err(answer) => break answer,
        }
    };
    assert_eq!((open.len(), refused.status, refused.header("retry-after")), (64, 503, "10"));
    open.clear();
    let again = async {
        while Stream::open(&served, "page=now").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("a place is free again");
}

#[tokio::test]
async fn streams_end_when_the_house_closes() {
    let served = Served::new().await;
    let mut stream = Stream::open(&served, "page=now").await.expect("a stream");
    stream.of("hello").await;
    served.stop.send_replace(true);
    while stream.next().await.is_some() {}
    let outcome = tokio::time::timeout(PATIENCE, served.server).await.expect("it ends in time");
    assert!(outcome.expect("no panic").is_ok());
}
