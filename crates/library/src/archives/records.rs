//! The records of a ZIP file (PKWARE's APPNOTE 6.3), byte for byte. It knows single entries and where they begin, not how an archive is read.

use content::ByteRange;

use super::Entry;

/// In a 32-bit field: the value stands in the zip64 field instead.
const IN_ZIP64: u32 = u32::MAX;
/// General purpose bit 11: the name is UTF-8.
const NAME_IS_UTF8: u16 = 1 << 11;
/// The system that the external attributes speak of: Unix.
const MADE_BY_UNIX: u16 = 3 << 8;
const UNIX_FILE: u32 = 0o100_644 << 16;
/// A folder, with the bit by which DOS knows one.
const UNIX_FOLDER: u32 = 0o040_755 << 16 | 0x10;

const LOCAL_FIXED_BYTES: u64 = 30;
const CENTRAL_FIXED_BYTES: u64 = 46;

/// Makes an entry one that the format can say: a folder has no bytes, a path has at most 65,535.
pub(super) fn tidy(entry: &mut Entry) {
    if is_folder(entry) {
        (entry.size, entry.crc32) = (0, 0);
    }
    if entry.path.len() > usize::from(u16::MAX) {
        let folder = is_folder(entry);
        entry.path.truncate(entry.path.floor_char_boundary(usize::from(u16::MAX) - 1));
        if folder {
            entry.path.push('/');
        }
    }
}

/// How many bytes [`local`] makes.
pub(super) fn local_len(entry: &Entry) -> u64 {
    let zip64 = if Zip64::of_local(entry).is_some() { 4 + 16 } else { 0 };
    LOCAL_FIXED_BYTES + entry.path.len() as u64 + zip64 + time_len(entry)
}

/// How many bytes [`central`] makes for an entry whose local header begins at `start`.
pub(super) fn central_len(entry: &Entry, start: u64) -> u64 {
    CENTRAL_FIXED_BYTES + entry.path.len() as u64 + Zip64::of_central(entry, start).len() + time_len(entry)
}

/// The header that stands before the body.
pub(super) fn local(entry: &Entry) -> Vec<u8> {
    let mut extra = Vec::new();
    let zip64 = Zip64::of_local(entry);
    if let Some(zip64) = &zip64 {
        zip64.write(&mut extra);
    }
    write_time(entry, &mut extra);

    let mut out = Vec::with_capacity(usize::from(u16::MAX).min(64 + entry.path.len()));
    out.extend(b"PK\x03\x04");
    write_shared(entry, zip64.is_some(), &mut out);
    let size = field(entry.size);
    out.extend(size.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(short(entry.path.len()));
    out.extend(short(extra.len()));
    out.extend(entry.path.as_bytes());
    out.extend(extra);
    out
}

/// Appends the entry's record in the central directory; its local header begins at `start`.
pub(super) fn central(entry: &Entry, start: u64, out: &mut Vec<u8>) {
    let zip64 = Zip64::of_central(entry, start);
    let mut extra = Vec::new();
    zip64.write(&mut extra);
    write_time(entry, &mut extra);

    out.extend(b"PK\x01\x02");
    out.extend((MADE_BY_UNIX | 45).to_le_bytes());
    write_shared(entry, !zip64.is_empty(), out);
    let size = field(entry.size);
    out.extend(size.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(short(entry.path.len()));
    out.extend(short(extra.len()));
    // No comment, first disk, no internal attributes.
    out.extend([0; 6]);
    out.extend((if is_folder(entry) { UNIX_FOLDER } else { UNIX_FILE }).to_le_bytes());
    out.extend(field(start).to_le_bytes());
    out.extend(entry.path.as_bytes());
    out.extend(extra);
}

/// What closes an archive.
pub(super) struct EndRecord {
    /// How many entries there are.
    pub(super) entries: u64,
    /// Where the central directory lies.
    pub(super) central: ByteRange,
}

impl EndRecord {
    /// The zip64 end record and its locator where a number needs them, then the plain end record.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(98);
        let (size, start) = (field(self.central.len()), field(self.central.start));
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        if size == IN_ZIP64 || start == IN_ZIP64 || entries == u16::MAX {
            self.write_zip64(&mut out);
        }
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(entries.to_le_bytes());
        out.extend(entries.to_le_bytes());
        out.extend(size.to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    fn write_zip64(&self, out: &mut Vec<u8>) {
        out.extend(b"PK\x06\x06");
        // What follows this number in the record: two versions, two disks, four numbers.
        out.extend(44_u64.to_le_bytes());
        out.extend((MADE_BY_UNIX | 45).to_le_bytes());
        out.extend(45_u16.to_le_bytes());
        out.extend([0; 8]);
        out.extend(self.entries.to_le_bytes());
        out.extend(self.entries.to_le_bytes());
        out.extend(self.central.len().to_le_bytes());
        out.extend(self.central.start.to_le_bytes());
        // The locator: on disk 0, where the record begins, one disk in all.
        out.extend(b"PK\x06\x07\0\0\0\0");
        out.extend(self.central.end.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
}

fn is_folder(entry: &Entry) -> bool {
    entry.path.ends_with('/')
}

/// From "version needed" to the CRC-32: the part that both headers of an entry share.
fn write_shared(entry: &Entry, zip64: bool, out: &mut Vec<u8>) {
    let version_needed: u16 = if zip64 {
        45
    } else if is_folder(entry) {
        20
    } else {
        10
    };
    let (time, date) = dos_time(entry.modified_ms);
    out.extend(version_needed.to_le_bytes());
    out.extend(NAME_IS_UTF8.to_le_bytes());
    // Method 0: stored.
    out.extend([0; 2]);
    out.extend(time.to_le_bytes());
    out.extend(date.to_le_bytes());
    out.extend(entry.crc32.to_le_bytes());
}

/// The numbers of an entry that do not fit in 32 bits, in the order in which the field holds them.
struct Zip64(Vec<u64>);

impl Zip64 {
    /// The local header must give both sizes or none.
    fn of_local(entry: &Entry) -> Option<Self> {
        (field(entry.size) == IN_ZIP64).then(|| Self(vec![entry.size, entry.size]))
    }

    fn of_central(entry: &Entry, start: u64) -> Self {
        let mut numbers = Self::of_local(entry).map_or_else(Vec::new, |sizes| sizes.0);
        if field(start) == IN_ZIP64 {
            numbers.push(start);
        }
        Self(numbers)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn len(&self) -> u64 {
        if self.is_empty() { 0 } else { 4 + 8 * self.0.len() as u64 }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if self.is_empty() {
            return;
        }
        out.extend(1_u16.to_le_bytes());
        out.extend(short(8 * self.0.len()));
        for number in &self.0 {
            out.extend(number.to_le_bytes());
        }
    }
}

/// The 32-bit field of a number that may need zip64.
fn field(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(IN_ZIP64)
}

/// The 16-bit field of a length; `tidy` has seen to it that paths fit, and extra fields are small.
fn short(len: usize) -> [u8; 2] {
    u16::try_from(len).expect("paths are cut and extra fields are short").to_le_bytes()
}

/// Seconds since 1970 as the "extended timestamp" holds them, where they fit its signed 32 bits.
fn unix_seconds(entry: &Entry) -> Option<i32> {
    i32::try_from(entry.modified_ms.div_euclid(1000)).ok()
}

fn time_len(entry: &Entry) -> u64 {
    if unix_seconds(entry).is_some() { 9 } else { 0 }
}

/// The extended timestamp: DOS times are local times without a zone, this one is not.
fn write_time(entry: &Entry, out: &mut Vec<u8>) {
    if let Some(seconds) = unix_seconds(entry) {
        out.extend(b"UT\x05\0\x01");
        out.extend(seconds.to_le_bytes());
    }
}

/// DOS time and date (UTC, two-second steps), clamped to the years it can say: 1980 to 2107.
fn dos_time(modified_ms: i64) -> (u16, u16) {
    const FIRST_S: i64 = 315_532_800; // 1980-01-01T00:00:00Z
    const LAST_S: i64 = 4_354_819_198; // 2107-12-31T23:59:58Z
    let seconds = modified_ms.div_euclid(1000).clamp(FIRST_S, LAST_S);
    let (year, month, day) = civil_date(seconds / 86_400);
    let second = seconds % 86_400;
    let time = (second / 3600) << 11 | (second / 60 % 60) << 5 | (second % 60 / 2);
    let date = (year - 1980) << 9 | month << 5 | day;
    let fits = "clamped to what the fields can say";
    (u16::try_from(time).expect(fits), u16::try_from(date).expect(fits))
}

/// Year, month and day of a day counted from 1970-01-01, for days after it (Howard Hinnant's `civil_from_days`).
fn civil_date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Year, month, day, hour, minute, second.
    fn read_back((time, date): (u16, u16)) -> [u16; 6] {
        [1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2]
    }

    #[test]
    fn dos_times_are_clamped_and_keep_the_date() {
        let cases: &[(i64, [u16; 6])] = &[
            (i64::MIN, [1980, 1, 1, 0, 0, 0]),
            (0, [1980, 1, 1, 0, 0, 0]),
            (951_826_439_999, [2000, 2, 29, 12, 13, 58]),
            (1_735_689_599_000, [2024, 12, 31, 23, 59, 58]),
            (4_107_542_400_000, [2100, 3, 1, 0, 0, 0]),
            (i64::MAX, [2107, 12, 31, 23, 59, 58]),
        ];
        for (modified_ms, expected) in cases {
            assert_eq!(read_back(dos_time(*modified_ms)), *expected, "{modified_ms}");
        }
    }
}
