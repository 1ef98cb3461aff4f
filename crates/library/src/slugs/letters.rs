//! What letters of other scripts, and Latin ones with marks, are in the letters of ASCII. Characters are small letters already.
//! The conventions are those that the samples of the reference show; what they do not show follows each script's usual romanisation.

/// The letters that stand for a character; none for what separates words.
pub(super) fn letters(character: char) -> Option<&'static str> {
    let special = match character {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' | 'œ' => "oe",
        'ü' => "ue",
        'å' => "aa",
        'ß' => "ss",
        'ə' => "e",
        '@' => "at",
        '©' => "c",
        '°' => "0",
        // Signs among the letters.
        '×' | '÷' => return None,
        _ => "",
    };
    if !special.is_empty() {
        return Some(special);
    }
    let table: &[(char, &str)] = match character {
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => return latin(character),
        '\u{370}'..='\u{3ff}' => GREEK,
        '\u{400}'..='\u{52f}' => CYRILLIC,
        '\u{530}'..='\u{58f}' => ARMENIAN,
        '\u{600}'..='\u{6ff}' => ARABIC,
        '\u{900}'..='\u{97f}' => DEVANAGARI,
        '\u{1000}'..='\u{109f}' => BURMESE,
        '\u{10d0}'..='\u{10ff}' => GEORGIAN,
        _ => return None,
    };
    table.iter().find(|(known, _)| *known == character).map(|(_, letters)| *letters)
}

/// Latin letters with marks are those without.
fn latin(character: char) -> Option<&'static str> {
    deunicode::deunicode_char(character).filter(|letters| letters.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

#[rustfmt::skip]
const GREEK: &[(char, &str)] = &[
    ('α', "a"), ('ά', "a"), ('β', "b"), ('γ', "g"), ('δ', "d"), ('ε', "e"), ('έ', "e"), ('ζ', "z"), ('η', "i"), ('ή', "i"),
    ('θ', "th"), ('ι', "i"), ('ί', "i"), ('ϊ', "i"), ('ΐ', "i"), ('κ', "k"), ('λ', "l"), ('μ', "m"), ('ν', "n"), ('ξ', "x"),
    ('ο', "o"), ('ό', "o"), ('π', "p"), ('ρ', "r"), ('σ', "s"), ('ς', "s"), ('τ', "t"), ('υ', "y"), ('ύ', "y"), ('ϋ', "y"),
    ('ΰ', "y"), ('φ', "f"), ('χ', "ch"), ('ψ', "ps"), ('ω', "o"), ('ώ', "o"),
];

#[rustfmt::skip]
const CYRILLIC: &[(char, &str)] = &[
    ('а', "a"), ('б', "b"), ('в', "v"), ('г', "g"), ('ґ', "g"), ('д', "d"), ('е', "e"), ('ё', "yo"), ('є', "ye"), ('ж', "zh"),
    ('з', "z"), ('и', "i"), ('і', "i"), ('ї', "ji"), ('й', "j"), ('к', "k"), ('л', "l"), ('м', "m"), ('н', "n"), ('о', "o"),
    ('п', "p"), ('р', "r"), ('с', "s"), ('т', "t"), ('у', "u"), ('ф', "f"), ('х', "h"), ('ц', "c"), ('ч', "ch"), ('ш', "sh"),
    ('щ', "shh"), ('ъ', ""), ('ы', "y"), ('ь', ""), ('э', "e"), ('ю', "yu"), ('я', "ya"), ('ђ', "dj"), ('ј', "j"), ('љ', "lj"),
    ('њ', "nj"), ('ћ', "c"), ('џ', "dz"), ('ѓ', "gj"), ('ќ', "kj"), ('ѕ', "dz"), ('ў', "u"),
];

#[rustfmt::skip]
const ARMENIAN: &[(char, &str)] = &[
    ('ա', "a"), ('բ', "b"), ('գ', "g"), ('դ', "d"), ('ե', "e"), ('զ', "z"), ('է', "e"), ('ը', "y"), ('թ', "t"), ('ժ', "zh"),
    ('ի', "i"), ('լ', "l"), ('խ', "kh"), ('ծ', "ts"), ('կ', "k"), ('հ', "h"), ('ձ', "dz"), ('ղ', "gh"), ('ճ', "ch"), ('մ', "m"),
    ('յ', "y"), ('ն', "n"), ('շ', "sh"), ('ո', "o"), ('չ', "ch"), ('պ', "p"), ('ջ', "j"), ('ռ', "r"), ('ս', "s"), ('վ', "v"),
    ('տ', "t"), ('ր', "r"), ('ց', "ts"), ('ւ', "u"), ('փ', "p"), ('ք', "q"), ('և', "ev"), ('օ', "o"), ('ֆ', "f"),
];

#[rustfmt::skip]
const ARABIC: &[(char, &str)] = &[
    ('أ', "a"), ('ب', "b"), ('ت', "t"), ('ث', "th"), ('ج', "g"), ('ح', "h"), ('خ', "kh"), ('د', "d"), ('ذ', "th"), ('ر', "r"),
    ('ز', "z"), ('س', "s"), ('ش', "sh"), ('ص', "s"), ('ض', "d"), ('ط', "t"), ('ظ', "th"), ('ع', "aa"), ('غ', "gh"), ('ف', "f"),
    ('ق', "k"), ('ك', "k"), ('ل', "l"), ('م', "m"), ('ن', "n"), ('ه', "h"), ('و', "o"), ('ي', "y"),
];

#[rustfmt::skip]
const DEVANAGARI: &[(char, &str)] = &[
    ('अ', "a"), ('आ', "aa"), ('इ', "i"), ('ई', "ii"), ('उ', "u"), ('ऊ', "uu"), ('ए', "e"), ('ऐ', "ai"), ('ओ', "o"), ('औ', "au"),
    ('क', "ka"), ('ख', "kha"), ('ग', "ga"), ('घ', "gha"), ('च', "cha"), ('छ', "chha"), ('ज', "ja"), ('झ', "jha"), ('ट', "ta"),
    ('ठ', "tha"), ('ड', "da"), ('ढ', "dha"), ('ण', "na"), ('त', "ta"), ('थ', "tha"), ('द', "tha"), ('ध', "dha"), ('न', "na"),
    ('प', "pa"), ('फ', "pha"), ('ब', "ba"), ('भ', "bha"), ('म', "ma"), ('य', "ya"), ('र', "ra"), ('ल', "la"), ('व', "va"),
    ('श', "sha"), ('ष', "sha"), ('स', "sa"), ('ह', "ha"),
];

#[rustfmt::skip]
const BURMESE: &[(char, &str)] = &[
    ('က', "k"), ('ခ', "kh"), ('ဂ', "g"), ('ဃ', "g"), ('င', "ng"), ('စ', "s"), ('ဆ', "s"), ('ဇ', "z"), ('ဈ', "z"), ('ည', "ny"),
    ('ဋ', "t"), ('ဌ', "t"), ('ဍ', "d"), ('ဎ', "d"), ('ဏ', "n"), ('တ', "t"), ('ထ', "ht"), ('ဒ', "d"), ('ဓ', "d"), ('န', "n"),
    ('ပ', "p"), ('ဖ', "ph"), ('ဗ', "b"), ('ဘ', "b"), ('မ', "m"), ('ယ', "y"), ('ရ', "y"), ('လ', "l"), ('ဝ', "w"), ('သ', "th"),
    ('ဟ', "h"), ('ဠ', "l"), ('အ', "a"), ('ာ', "a"), ('ါ', "a"), ('ိ', "i"), ('ီ', "i"), ('ု', "u"), ('ူ', "u"), ('ေ', "e"),
    ('ဲ', "ai"), ('ံ', "an"), ('ျ', "ya"), ('ြ', "ya"), ('ွ', "wa"), ('ှ', "h"), ('်', ""), ('့', ""), ('း', ""),
];

#[rustfmt::skip]
const GEORGIAN: &[(char, &str)] = &[
    ('ა', "a"), ('ბ', "b"), ('გ', "g"), ('დ', "d"), ('ე', "e"), ('ვ', "v"), ('ზ', "z"), ('თ', "t"), ('ი', "i"), ('კ', "k"),
    ('ლ', "l"), ('მ', "m"), ('ნ', "n"), ('ო', "o"), ('პ', "p"), ('ჟ', "zh"), ('რ', "r"), ('ს', "s"), ('ტ', "t"), ('უ', "u"),
    ('ფ', "p"), ('ქ', "k"), ('ღ', "gh"), ('ყ', "q"), ('შ', "sh"), ('ჩ', "ch"), ('ც', "ts"), ('ძ', "dz"), ('წ', "ts"), ('ჭ', "ch"),
    ('ხ', "kh"), ('ჯ', "j"), ('ჰ', "h"),
];
