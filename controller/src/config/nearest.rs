//! The good ear: the word that a mistyped one was most likely meant to be.

/// The known word a mistyped one was most likely meant to be: at most a third of its letters differ.
pub(super) fn nearest<'k>(typed: &str, known: &[&'k str]) -> Option<&'k str> {
    // Underscores and capitals are the commonest slips and are not to count.
    let plain: Vec<char> =
        typed.chars().take(64).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    known
        .iter()
        .map(|word| (distance(&plain, &word.chars().collect::<Vec<_>>()), *word))
        .filter(|(distance, word)| *distance * 3 <= word.chars().count().max(3))
        .min()
        .map(|(_, word)| word)
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(x != y)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && *x == b[j - 1] {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_the_word_and_a_foreign_word_does_not() {
        let known = ["facility", "name", "name-en", "shelter", "managed", "no", "nc"];
        assert_eq!(nearest("facilty", &known), Some("facility"));
        assert_eq!(nearest("name_en", &known), Some("name-en"));
        assert_eq!(nearest("sheltre", &known), Some("shelter"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
