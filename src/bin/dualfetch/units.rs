//! Durations and sizes as people write them: `500ms`, `5m`, `8MiB`.

use std::fmt;
use std::time::Duration;

/// A timeout of the command line: a duration, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound(pub(crate) Option<Duration>);

/// Reads a timeout.
pub(crate) fn bound(text: &str) -> Result<Bound, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Bound(None));
    }
    const FORM: &str = "write a number and its unit, such as 500ms, 60s, 5m or 1h, or `none`";
    let (number, unit) = number_and_unit(text).ok_or(FORM)?;
    let unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "" => return Err(format!("{text:?} has no unit: {FORM}")),
        _ => return Err(FORM.to_owned()),
    };
    let duration = Duration::try_from_secs_f64(number * unit).map_err(|_| "it is too long".to_owned())?;
    match duration.is_zero() {
        true => Err("nothing can be done in no time; `none` takes the bound away".to_owned()),
        false => Ok(Bound(Some(duration))),
    }
}

/// So many in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) count: u32,
    pub(crate) per: Duration,
}

/// Reads a rate.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    const FORM: &str = "write a whole number and a time, such as 10/s, 30/m or 500/h";
    let (count, unit) = text.split_once('/').ok_or(FORM)?;
    let per = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        _ => return Err(FORM.to_owned()),
    };
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    match count.parse() {
        Ok(0) => Err("nothing can be done at no rate; leave it out for no bound".to_owned()),
        Ok(count) if is_number => Ok(Rate { count, per: Duration::from_secs(per) }),
        _ => Err(FORM.to_owned()),
    }
}

/// Reads a number of bytes, one at least.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    const FORM: &str = "write a number of bytes, or a number and its unit, such as 500kB or 8MiB";
    let (number, unit) = number_and_unit(text).ok_or(FORM)?;
    let unit: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(FORM.to_owned()),
    };
    let bytes = number * unit as f64;
    match bytes {
        _ if bytes < 1.0 => Err("it must be at least one byte".to_owned()),
        _ if bytes >= u64::MAX as f64 => Err("it is too large".to_owned()),
        _ => Ok(bytes as u64),
    }
}

/// `1.5s` is 1.5 and `s`. Digits and at most one point: no sign, no exponent, no `inf`.
fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

/// Bytes for people to read, in powers of ten: `4.2 MB`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", bytes / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.1} GB", bytes / 1e9),
        }
    }
}

/// How long something took, for people to read; seven columns at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took(pub(crate) Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        match seconds {
            _ if seconds < 0.9995 => write!(f, "{:.0} ms", seconds * 1e3),
            _ if seconds < 99.95 => write!(f, "{seconds:.1} s"),
            _ if seconds < 99_999.0 => write!(f, "{seconds:.0} s"),
            _ => write!(f, "{:.0} h", seconds / 3_600.0),
        }
    }
}

/// A count with its thousands set apart: `12,345`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_may_have_a_fraction() {
        let read = |text| bound(text).map(|Bound(bound)| bound);
        assert_eq!(read("500ms"), Ok(Some(Duration::from_millis(500))));
        assert_eq!(read("60s"), Ok(Some(Duration::from_secs(60))));
        assert_eq!(read("1.5s"), Ok(Some(Duration::from_millis(1_500))));
        assert_eq!(read("5m"), Ok(Some(Duration::from_secs(300))));
        assert_eq!(read("1h"), Ok(Some(Duration::from_secs(3_600))));
        assert_eq!(read("none"), Ok(None));
        for bad in ["", "60", "s", "-1s", "1e3s", "infs", "nans", "1..2s", "0s", "0.0ms", "5x", "1s 2s", "٣s"]
        {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(bound("99999999999999999999h").is_err());
        assert!(bound("60").expect_err("no unit").contains("60s"));
    }

    #[test]
    fn rates_are_a_number_in_a_time() {
        let read = |text| rate(text).map(|Rate { count, per }| (count, per.as_secs()));
        assert_eq!(read("10/s"), Ok((10, 1)));
        assert_eq!(read("30/m"), Ok((30, 60)));
        assert_eq!(read("500/h"), Ok((500, 3_600)));
        for bad in ["", "10", "0/s", "-1/s", "+1/s", "1.5/s", "10/", "/s", "10/d", "10/s/s", "99999999999/s"]
        {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn sizes_are_decimal_or_binary_as_they_are_written() {
        assert_eq!(size("8MiB"), Ok(8 << 20));
        assert_eq!(size("500kB"), Ok(500_000));
        assert_eq!(size("500 KB"), Ok(500_000));
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("1.5KiB"), Ok(1536));
        for bad in ["", "0", "MiB", "-1", "8 MiBs", "1e3", "99999999999999999999999GiB", "0.5"] {
            assert!(size(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(Bytes(999).to_string(), "999 B");
        assert_eq!(Bytes(1_500).to_string(), "1.5 kB");
        assert_eq!(Bytes(5_400_000).to_string(), "5.4 MB");
        assert_eq!(Count(0).to_string(), "0");
        assert_eq!(Count(999).to_string(), "999");
        assert_eq!(Count(1_234_567).to_string(), "1,234,567");
        let took = |millis| Took(Duration::from_millis(millis)).to_string();
        assert_eq!(took(0), "0 ms");
        assert_eq!(took(999), "999 ms");
        assert_eq!(took(1_000), "1.0 s");
        assert_eq!(took(61_234), "61.2 s");
        assert_eq!(took(600_000), "600 s");
        assert!(Took(Duration::from_secs(99_998)).to_string().len() <= 7);
    }
}
