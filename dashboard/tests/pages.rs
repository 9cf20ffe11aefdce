//! Pages as a reader of their HTML finds them: complete in both languages, escaped, small enough, nothing foreign.

use dashboard::{
    ApsQuery, Lang, RecordPage, Screen, Standing, fragments, page_aps, page_now, page_record, page_wall, sample,
};
use firmware_config::mode::Mode;

const MODES: [Mode; 3] = [Mode::Normal, Mode::Drill, Mode::Disaster];

fn every_page(screen: &Screen, lang: Lang) -> [String; 4] {
    let record = RecordPage { entries: screen.recent.clone(), ..RecordPage::default() };
    [
        page_now(screen, lang),
        page_wall(screen, lang),
        page_aps(screen, lang, &ApsQuery::default()),
        page_record(screen, lang, &record),
    ]
}

#[test]
fn every_piece_that_changes_live_stands_in_the_page_word_for_word() {
    for mode in MODES {
        for lang in Lang::ALL {
            let screen = sample::town(mode);
            let (now, wall) = (page_now(&screen, lang), page_wall(&screen, lang));
            for part in fragments(&screen, lang) {
                assert!(now.contains(&part.html) || wall.contains(&part.html), "{} in {mode}", part.id);
                assert!(part.html.contains(&format!("id=\"{}\"", part.id)), "{}", part.id);
            }
        }
    }
}

#[test]
fn a_hostile_name_or_reason_is_shown_and_not_obeyed() {
    let mut screen = sample::town(Mode::Disaster);
    let evil = "<script>alert(1)</script>\"'&\u{202e}";
    screen.town_ja = evil.into();
    screen.facilities[0].name_ja = evil.into();
    screen.facilities[0].district = evil.into();
    screen.facilities[0].aps[0].name = evil.into();
    screen.facilities[0].aps[0].why = evil.into();
    screen.facilities[0].aps[0].standing = Standing::Refused;
    screen.recent[0].fields = vec![("ap".into(), evil.into())];
    screen.recent[0].kind = "ap-stands".into();
    for lang in Lang::ALL {
        for html in every_page(&screen, lang) {
            assert!(!html.contains("<script>alert"), "{html}");
        }
    }
}

#[test]
fn no_page_asks_another_origin_or_carries_script_or_style_of_its_own() {
    for lang in Lang::ALL {
        for html in every_page(&sample::town(Mode::Disaster), lang) {
            for foreign in ["http://", "https://", "src=\"//", "style=\"", "onclick", "<style", "javascript:", "data:,"]
            {
                assert!(!html.contains(foreign), "{foreign}");
            }
        }
    }
}

#[test]
fn an_english_page_has_no_japanese_sentence() {
    let mut screen = sample::town(Mode::Disaster);
    screen.facilities.iter_mut().for_each(|facility| {
        facility.district = "Centre".into();
        facility.aps.iter_mut().for_each(|ap| ap.name = "Hall".into());
    });
    screen.town_ja = "Shiomi".into();
    for html in every_page(&screen, Lang::En) {
        // The link to the Japanese page is in Japanese, and so is the sign 訓練 on a drill's band.
        let html = html.replace("日本語", "").replace("訓練", "");
        let japanese = html.chars().find(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'));
        assert_eq!(japanese, None, "{html}");
    }
}

#[test]
fn four_hundred_facilities_stay_below_six_thousand_elements() {
    let mut screen = sample::town(Mode::Disaster);
    screen.facilities = (0..400).map(|i| sample::facility(&format!("f{i}"), Mode::Disaster, 2)).collect();
    let html = page_now(&screen, Lang::Ja);
    let elements = html.matches('<').count() - html.matches("</").count();
    assert!(elements < 6_000, "{elements}");
}

#[test]
fn a_drill_says_so_in_the_title_on_every_tile_and_in_the_record() {
    let html = page_now(&sample::town(Mode::Drill), Lang::Ja);
    assert!(html.contains("<title>訓練モード"));
    assert!(html.contains("これは訓練です。"));
    assert_eq!(html.matches("訓練で開放中").count(), 6);
    assert!(html.contains("【訓練】"));
}

#[test]
fn a_long_list_is_paged_and_found_by_name_and_by_standing() {
    let mut screen = sample::town(Mode::Normal);
    screen.facilities = vec![sample::facility("hall", Mode::Normal, 250)];
    screen.facilities[0].aps[249].standing = Standing::Silent;
    let rows = |query: &ApsQuery| page_aps(&screen, Lang::Ja, query).matches("<tr id=").count();
    assert_eq!(rows(&ApsQuery::default()), 100);
    assert_eq!(rows(&ApsQuery { page: 3, ..ApsQuery::default() }), 50);
    assert_eq!(rows(&ApsQuery { page: 99, ..ApsQuery::default() }), 50);
    assert_eq!(rows(&ApsQuery { state: Some(Standing::Silent), ..ApsQuery::default() }), 1);
    assert_eq!(rows(&ApsQuery { q: "hall-17".into(), ..ApsQuery::default() }), 11);
    assert_eq!(rows(&ApsQuery { q: "nowhere".into(), ..ApsQuery::default() }), 0);
}
