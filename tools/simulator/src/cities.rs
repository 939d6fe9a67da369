//! Real cities that simulated members are named after.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A city.
#[derive(Clone, Debug)]
pub(crate) struct City {
    /// Four-digit regional code, also the last digits of the member code `1000cccc`.
    pub(crate) code: u16,
    /// Chinese name.
    pub(crate) name: String,
    /// Code under which MOHURD cards know the city; the regional code where no other is known.
    pub(crate) mohurd_code: u16,
}

/// Every city, the largest first; there are more than a scheme can have members. MOHURD codes are distinct: a city
/// without a known one keeps its regional code unless that is another's, then it gets the next free one from 9001.
pub(crate) static CITIES: LazyLock<Vec<City>> = LazyLock::new(|| {
    let text = include_str!("../data/cities.csv");
    let rows: Vec<Vec<&str>> =
        text.lines().filter(|l| !l.starts_with('#')).skip(1).map(|l| l.split(',').collect()).collect();
    let number = |text: &str| text.parse::<u16>().ok();
    let mut taken: BTreeSet<u16> = rows.iter().filter_map(|row| number(row[2])).collect();
    let mut city = |row: &Vec<&str>| {
        let code = number(row[0]).expect("cities.csv: four digits");
        let mohurd_code = number(row[2]).unwrap_or_else(|| {
            let free = std::iter::once(code).chain(9001..9999).find(|c| !taken.contains(c));
            free.expect("fewer cities than codes")
        });
        taken.insert(mohurd_code);
        City { code, name: row[1].into(), mohurd_code }
    };
    rows.iter().map(&mut city).collect()
});

/// Four decimal digits as two BCD bytes.
pub(crate) fn bcd2(number: u16) -> [u8; 2] {
    [(number / 1000 % 10 * 16 + number / 100 % 10) as u8, (number / 10 % 10 * 16 + number % 10) as u8]
}

/// The digits of `number`, right-aligned, as BCD bytes.
pub(crate) fn bcd<const N: usize>(number: u64) -> [u8; N] {
    let mut rest = number;
    let mut out = [0; N];
    for byte in out.iter_mut().rev() {
        *byte = (rest / 10 % 10 * 16 + rest % 10) as u8;
        rest /= 100;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_are_enough_and_distinct() {
        assert_eq!(CITIES.len(), 352);
        assert_eq!(CITIES.iter().map(|c| c.code).collect::<BTreeSet<_>>().len(), 352);
        assert_eq!(CITIES.iter().map(|c| c.mohurd_code).collect::<BTreeSet<_>>().len(), 352);
        assert_eq!(CITIES[2].name, "深圳");
        assert_eq!((bcd2(2900), bcd::<4>(12_345)), ([0x29, 0x00], [0x00, 0x01, 0x23, 0x45]));
    }
}
