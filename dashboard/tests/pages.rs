//! Shows what every page keeps: words for every state, both languages whole, nothing from outside as markup, small.

use dashboard::sample::{self, Size};
use dashboard::words::{Style, ap_word, disagreement, say, told};
use dashboard::{
    Ap, ApsQuery, Lang, RecordPage, Screen, Standing, Stranger, Who, Witnessed, assets, board, fragments, page_aps,
    page_now, page_record, page_wall,
};
use firmware_config::mode::Mode;

/// Elements on a page of 400 facilities: what a thin terminal draws without a stutter.
const ELEMENTS_MAX: usize = 6_000;

fn every_page(screen: &Screen, lang: Lang) -> Vec<String> {
    let record = RecordPage { entries: screen.recent.clone(), ..RecordPage::default() };
    vec![
        page_now(screen, lang),
        page_wall(screen, lang),
        page_aps(screen, lang, &ApsQuery::default()),
        page_record(screen, lang, &record),
    ]
}

fn every_scene(size: Size) -> Vec<Screen> {
    vec![
        sample::sized(size, Mode::Normal),
        sample::sized(size, Mode::Disaster),
        sample::sized(size, Mode::Drill),
        sample::one_silent(size),
        sample::with_faults(size),
        sample::opening(size),
        sample::key_broken(size),
        sample::left_open(size),
        sample::first_start(size),
        sample::of_two(size, true, false),
    ]
}

/// One access point for every standing, mode and witness, heard and never heard.
fn every_ap() -> Vec<Ap> {
    let mut aps = Vec::new();
    for mode in [Mode::Normal, Mode::Drill, Mode::Disaster] {
        for standing in Standing::ALL {
            for witnessed in [
                Witnessed::NoMeans,
                Witnessed::Seen(1),
                Witnessed::NotSeen(1),
                Witnessed::NotAsked("no answer".to_owned()),
            ] {
                for heard_ms in [None, Some(1)] {
                    let ap = sample::facility("f", mode, 1).aps.remove(0);
                    let witnessed = witnessed.clone();
                    aps.push(Ap { standing, witnessed, heard_ms, ..ap });
                }
            }
        }
    }
    aps
}

#[test]
fn one_of_two_controllers_says_which_it_is_whether_it_decides_and_whether_the_other_is_heard() {
    let page = |active, heard, lang| page_now(&sample::of_two(Size::Town, active, heard), lang);
    assert!(page(true, true, Lang::Ja).contains("この装置 yakuba が主・kouminkan は待機"));
    assert!(page(false, true, Lang::Ja).contains("この装置 yakuba は待機・kouminkan が主"));
    assert!(page(false, true, Lang::En).contains("this is yakuba, standing by; kouminkan decides"));
    let alone = page(true, false, Lang::Ja);
    assert!(alone.contains("kouminkan は応答なし") && alone.contains("もう1台の制御装置と通じません"));
    assert!(!page(true, true, Lang::En).contains("No other controller is heard"));
    assert!(!page_now(&sample::sized(Size::Town, Mode::Normal), Lang::Ja).contains("この装置"));
}

fn sentence(screen: &Screen, lang: Lang) -> String {
    let sums = board::sums(screen);
    let said: String = say(screen, &sums, lang).into_iter().map(|(text, _)| text).collect();
    let differs = disagreement(screen, lang).map(|text| format!(" / {text}")).unwrap_or_default();
    said + &differs
}

#[test]
fn every_standing_in_every_mode_has_a_word_an_icon_and_a_class_that_exist() {
    let page = page_now(&sample::town(Mode::Normal), Lang::Ja);
    for ap in every_ap() {
        let (_, icon) = board::sign(&ap);
        assert!(page.contains(&format!("id=\"i-{icon}\"")), "the sprite lacks {icon}");
        for lang in [Lang::Ja, Lang::En] {
            assert!(!ap_word(&ap, lang).is_empty(), "{ap:?}");
        }
        let drill = ap.wanted.1 == Mode::Drill;
        assert_eq!(ap_word(&ap, Lang::Ja).contains("訓練"), drill, "{}", ap_word(&ap, Lang::Ja));
    }
}

#[test]
fn an_access_point_that_is_not_as_ordered_never_looks_as_if_it_were() {
    let calm = |ap: &Ap| matches!(board::sign(ap).1, "check" | "wifi");
    for ap in every_ap() {
        assert!(!calm(&ap) || ap.standing == Standing::Settled, "{ap:?}");
    }
}

#[test]
fn the_band_says_what_is_so() {
    let ja = |screen: &Screen| sentence(screen, Lang::Ja);
    let en = |screen: &Screen| sentence(screen, Lang::En);
    let town = |mode| sample::sized(Size::Town, mode);
    assert_eq!(
        ja(&town(Mode::Normal)),
        "24施設すべて正常です。役場の鍵を「災害」に回すと「00000JAPAN」を一斉に開放します。"
    );
    assert_eq!(ja(&town(Mode::Disaster)), "Wi-Fi「00000JAPAN」を24施設すべてで開放しています。");
    assert_eq!(
        ja(&sample::with_faults(Size::Town)),
        "Wi-Fi「00000JAPAN」を24施設のうち 23施設で開放しています。1施設は応答がありません。"
    );
    assert_eq!(
        en(&sample::with_faults(Size::Town)),
        "Wi-Fi “00000JAPAN” is open at 23 of 24 facilities. 1 facility does not answer."
    );
    assert_eq!(
        ja(&town(Mode::Drill)),
        "これは訓練です。Wi-Fi「00000JAPAN」を24施設すべてで開放しています。18時04分に自動で平時に戻ります。"
    );
    assert_eq!(ja(&sample::one_silent(Size::Town)), "24施設のうち 23施設は正常です。1施設に応答のない機器があります。");
    assert!(
        ja(&sample::left_open(Size::Town)).ends_with("鍵を「平時」に戻しましたが、2台がまだ00000JAPANを出しています。")
    );
    assert!(
        ja(&sample::key_broken(Size::Town))
            .ends_with("鍵が読めません(断線、または鍵が途中の位置)。「災害」のまま続けています。")
    );
    assert!(ja(&sample::first_start(Size::Town)).starts_with("まだどの機器からも連絡がありません。"));
}

#[test]
fn whoever_looks_at_a_key_that_says_normal_is_told_who_opened_and_closes() {
    let mut screen = sample::sized(Size::Town, Mode::Disaster);
    screen.key.position = Some(Mode::Normal);
    let mut says = |who: Who| {
        screen.decisive.as_mut().expect("open").who = who;
        [Lang::Ja, Lang::En].map(|lang| disagreement(&screen, lang).unwrap_or_default())
    };
    assert_eq!(
        says(Who::KeyAt("kouminkan".into())),
        [
            "ここの鍵は「平時」ですが、もう一方の鍵(kouminkan)で開放しています。閉じるのもその鍵です。",
            "The key here is at “normal”; the key at kouminkan has opened, and closes again."
        ]
    );
    assert_eq!(
        says(Who::FacilityKey("taiiku-1".into())),
        [
            "ここの鍵は「平時」ですが、施設の鍵(taiiku-1)で開放しています。閉じるのもその鍵です。",
            "The key here is at “normal”; the key at taiiku-1 has opened, and closes again."
        ]
    );
    assert_eq!(
        says(Who::Operator("田中".into()))[0],
        "鍵は「平時」ですが、田中の操作で開放しています。閉じるのも同じ人です。"
    );
}

#[test]
fn a_check_mark_stands_only_where_all_of_all_are_there() {
    let chain = |screen: &Screen| {
        let all = fragments(screen, Lang::Ja);
        let chain = all.into_iter().find(|it| it.id == "chain").map(|it| it.html).unwrap_or_default();
        chain.split("<li").filter(|li| li.contains("#i-check")).count()
    };
    // ② and ③; ④ has no means of seeing, and never a check mark for it.
    assert_eq!(chain(&sample::town(Mode::Disaster)), 2);
    assert_eq!(chain(&sample::with_faults(Size::Demo)), 1);
    assert_eq!(chain(&sample::first_start(Size::Demo)), 0);
}

#[test]
fn pages_and_live_pieces_are_the_same_text() {
    for screen in every_scene(Size::Demo) {
        for lang in [Lang::Ja, Lang::En] {
            let (now, wall) = (page_now(&screen, lang), page_wall(&screen, lang));
            for piece in fragments(&screen, lang) {
                assert!(now.contains(&piece.html) || wall.contains(&piece.html), "{} is on no page", piece.id);
                assert!(piece.html.contains(&format!("id=\"{}\"", piece.id)), "{} lacks its id", piece.id);
            }
        }
    }
}

#[test]
fn english_pages_are_english_wherever_the_town_gave_english() {
    for mut screen in every_scene(Size::Demo) {
        screen.town_en = "Shiomi".to_owned();
        for place in &mut screen.facilities {
            (place.district, place.contact) = ("Centre".to_owned(), "ext. 1".to_owned());
            place.aps.iter_mut().for_each(|ap| ap.name = "Hall".to_owned());
        }
        for page in every_page(&screen, Lang::En) {
            // The one Japanese word is the way back; the drill's glyph is a picture.
            let page = page.replace("日本語", "").replace(">訓練</text>", "");
            let japanese =
                |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{3000}'..='\u{303f}');
            if let Some(at) = page.find(japanese) {
                let around: String = page[at..].chars().take(40).collect();
                assert!(page.is_empty(), "not English: {around}");
            }
        }
    }
}

#[test]
fn names_and_reasons_from_outside_stay_text_on_every_page() {
    let evil = "<script>alert(1)</script>\"'&\u{202e}\u{2066}**x**";
    let mut screen = sample::with_faults(Size::Demo);
    (screen.town_ja, screen.build) = (evil.to_owned(), evil.to_owned());
    screen.broker_lost = Some((1, evil.to_owned()));
    screen.store_lost = Some((1, evil.to_owned(), 3));
    screen.left_open = vec![(1, evil.to_owned())];
    screen.strangers = vec![Stranger {
        ssid: evil.to_owned(),
        bssid: evil.to_owned(),
        channel: 6,
        by: evil.to_owned(),
        since_ms: 1,
        alarm: true,
        why: Some((evil.to_owned(), evil.to_owned())),
    }];
    screen.key.isolated = Some(evil.to_owned());
    for place in &mut screen.facilities {
        (place.name_ja, place.district, place.contact) = (evil.to_owned(), evil.to_owned(), evil.to_owned());
        place.name_en = evil.to_owned();
        for ap in &mut place.aps {
            (ap.name, ap.why) = (evil.to_owned(), evil.to_owned());
            if let Some(said) = &mut ap.reported {
                (said.on_air, said.agent) = (vec![evil.to_owned()], evil.to_owned());
            }
        }
    }
    for entry in &mut screen.recent {
        entry.fields.iter_mut().for_each(|(_, value)| *value = evil.to_owned());
    }
    for lang in [Lang::Ja, Lang::En] {
        let mut texts = every_page(&screen, lang);
        texts.push(page_aps(&screen, lang, &ApsQuery { q: evil.to_owned(), ..ApsQuery::default() }));
        texts.extend(fragments(&screen, lang).into_iter().map(|piece| piece.html));
        for text in texts {
            assert!(!text.contains("<script>alert"), "markup from outside");
            assert!(!text.contains(['\u{202e}', '\u{2066}']), "a mark that turns the line round");
            assert!(!text.contains(" style="), "style attributes are refused by the page's own policy");
        }
    }
}

#[test]
fn text_from_outside_cannot_open_bold() {
    let mut screen = sample::town(Mode::Disaster);
    screen.facilities.truncate(1);
    screen.facilities[0].name_ja = "**x".to_owned();
    let bold: Vec<String> = say(&screen, &board::sums(&screen), Lang::Ja)
        .into_iter()
        .filter(|(_, style)| *style == Style::Bold)
        .map(|(text, _)| text)
        .collect();
    assert_eq!(bold, ["00000JAPAN", "＊＊xで開放"]);
}

#[test]
fn a_town_of_400_facilities_is_still_a_small_page() {
    let mut screen = sample::sized(Size::Town, Mode::Disaster);
    let place = screen.facilities[0].clone();
    screen.facilities = (0..400)
        .map(|i| {
            let mut place = place.clone();
            place.id = format!("f-{i}").parse().expect("an identifier");
            place.district = format!("D{}", i % 12);
            for ap in &mut place.aps {
                ap.standing = Standing::Silent;
            }
            place
        })
        .collect();
    let page = page_now(&screen, Lang::Ja);
    let elements = page.matches('<').count() - page.matches("</").count();
    assert!(elements < ELEMENTS_MAX, "{elements} elements");
    assert!(page.contains("400件") && page.contains("ほか 388件"), "the needs are neither counted nor cut");
}

#[test]
fn another_board_or_another_look_is_another_build() {
    let screen = sample::town(Mode::Normal);
    let mut renamed = screen.clone();
    renamed.facilities[0].name_ja.push('x');
    assert_ne!(screen.build_id(), renamed.build_id());
    let mut later = screen.clone();
    later.now_ms += 1;
    later.facilities[0].aps[0].standing = Standing::Silent;
    assert_eq!(screen.build_id(), later.build_id());
}

/// Relative luminance and contrast ratio as WCAG 2.2 defines them.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let part = |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("#rrggbb")) / 255.0;
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    };
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_pair_of_text_and_ground_has_a_contrast_of_4_5() {
    let css = assets().iter().find(|asset| asset.mime.starts_with("text/css")).expect("a stylesheet");
    let css = std::str::from_utf8(css.bytes).expect("UTF-8");
    let colour = |name: &str| {
        let mut value = name.to_owned();
        while !value.starts_with('#') {
            let declared = format!("  {value}: ");
            let at = css.find(&declared).expect("a declared colour") + declared.len();
            let text = css[at..].split(';').next().expect("a value");
            value = text.trim_start_matches("var(").trim_end_matches(')').to_owned();
        }
        value
    };
    for (text, ground) in [
        ("--ink", "--card"),
        ("--ink", "--page"),
        ("--ink-2", "--card"),
        ("--ink-2", "--page"),
        ("--ink-3", "--card"),
        ("--ink-3", "--page"),
        ("--ink", "--fault-bg"),
        ("--ink-2", "--fault-bg"),
        ("--fault", "--card"),
        ("--fault", "--fault-bg"),
        ("--caution", "--card"),
        ("--press", "--card"),
        ("--press", "--page"),
        ("--card", "--fault"),
        ("--card", "--mode-disaster"),
        ("--card", "--mode-drill"),
        ("--ink", "--color-primitive-yellow-300"),
    ] {
        let ratio = contrast(&colour(text), &colour(ground));
        assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}");
    }
    // Without hue the worst is the darkest: a facility out, then one partly out, then caution, then nothing.
    let dark = |name: &str| contrast(&colour(name), "#ffffff");
    assert!(dark("--fault") > dark("--fault-bg") && dark("--fault") > dark("--caution-mark"));
}

#[test]
fn only_our_own_html_is_written_unescaped() {
    let mut names = Vec::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).expect("the templates") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("UTF-8");
        let before = text.split("|safe").map(str::to_owned).collect::<Vec<_>>();
        names.extend(before[..before.len() - 1].iter().filter_map(|it| it.rsplit(' ').next().map(str::to_owned)));
    }
    names.sort();
    names.dedup();
    // Each is the rendering of another template, or the chart, which is numbers and our own words.
    assert_eq!(names, ["band", "body", "chain", "chart", "counts", "events", "foot", "needs", "svg", "tile"]);
}

#[test]
fn no_page_asks_another_origin_or_carries_script_of_its_own() {
    for lang in Lang::ALL {
        for html in every_page(&sample::with_faults(Size::Demo), lang) {
            for foreign in ["http://", "https://", "src=\"//", "onclick", "<style", "javascript:", "data:,"] {
                assert!(!html.contains(foreign), "{foreign}");
            }
        }
    }
}

#[test]
fn distinct_devices_are_never_told_without_their_error_and_never_where_they_are_few() {
    let mut screen = sample::town(Mode::Disaster);
    assert!(page_now(&screen, Lang::Ja).contains("00000JAPANを使った端末 およそ2,430台(±5%)"));
    assert!(page_now(&screen, Lang::En).contains("about 2,430 devices on 00000JAPAN so far (±5%)"));
    screen.distinct.as_mut().expect("a sample").devices = None;
    assert!(page_now(&screen, Lang::Ja).contains("00000JAPANを使った端末 10台未満"));
    screen.distinct = None;
    assert!(!page_now(&screen, Lang::Ja).contains("00000JAPANを使った端末"));
}

#[test]
fn a_drill_says_so_in_the_title_on_every_tile_and_in_the_record() {
    let html = page_now(&sample::town(Mode::Drill), Lang::Ja);
    assert!(html.contains("<title>訓練モード"));
    let tiles: Vec<&str> = html.split("<a class=\"tile").skip(1).collect();
    assert!(tiles.len() == 6 && tiles.iter().all(|tile| tile.contains("訓練で開放中")));
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

/// An access point that SNMP flips is a row as any other, with its way and its profile; a witness that could not look is
/// neither a yes, a no nor "nothing can look".
#[test]
fn who_carries_orders_out_and_what_could_not_be_seen_is_said_in_the_list() {
    let screen = sample::with_faults(Size::Town);
    let page = page_aps(&screen, Lang::Ja, &ApsQuery::default());
    assert!(page.contains("SNMP (cisco-wlc)"));
    assert!(page.contains("確認できず(機器が答えない"));
    let english = page_aps(&screen, Lang::En, &ApsQuery::default());
    assert!(english.contains("could not be asked (no answer within 5.0 s"));
    let sums = board::sums(&screen);
    assert_eq!((sums.unasked, sums.unseen), (1, 1));
    assert_eq!(sums.aps, sums.seen + sums.unseen + sums.unasked + sums.no_means);
    assert!(page_now(&screen, Lang::Ja).contains("1台 確認できず"));
}

/// A device's reason is English, for whoever maintains it; what it comes to stands before it in Japanese.
#[test]
fn a_devices_reason_has_what_it_comes_to_before_it() {
    let refused = "step \"on\": notWritable: the object cannot be written on this device";
    assert_eq!(told(refused, Lang::Ja), format!("機器が書き込みを許していない — {refused}"));
    assert_eq!(told(refused, Lang::En), refused);
    assert_eq!(told("hostapd: could not add the interface", Lang::Ja), "hostapd: could not add the interface");
    assert!(told("witness-sees-it-not", Lang::Ja).contains("SNMPでは見えない"));
}
