//! F8_E4M3, the 8-bit float of safetensors: a sign, four bits of exponent (bias 7), three of mantissa. It has no
//! infinities: its largest number is 448, and all seven bits set is NaN.

/// The largest number.
pub const LARGEST: f32 = 448.0;

/// All exponent and mantissa bits.
const NAN: u8 = 0x7f;

/// The same numbers as f32, exactly.
///
/// # Panics
/// When the lengths differ.
pub fn widen(x: &[u8], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "input and output of widen");
    for (x, out) in x.iter().zip(out) {
        *out = value(*x);
    }
}

/// The number that a byte stands for.
pub fn value(byte: u8) -> f32 {
    if byte & NAN == NAN {
        return f32::NAN.copysign(if byte >> 7 == 0 { 1.0 } else { -1.0 });
    }
    // Half precision has the same order of bits, a longer mantissa and a bias of 15: 2⁸ too small.
    let half = u16::from(byte & 0x80) << 8 | u16::from(byte & NAN) << 7;
    half::f16::from_bits(half).to_f32() * 256.0
}

/// The nearest number to `x`, ties to even; what is larger than the largest becomes that, and NaN stays one.
pub fn nearest(x: f32) -> u8 {
    let sign = (x.to_bits() >> 24) as u8 & 0x80;
    if x.is_nan() {
        return sign | NAN;
    }
    let magnitude = x.abs().min(LARGEST);
    // The numbers of one exponent lie evenly; the smallest exponent, 2⁻⁶, serves those below it, too.
    let exponent = ((magnitude.to_bits() >> 23) as i32 - 127).max(-6);
    let step = f32::from_bits(((exponent - 3 + 127) as u32) << 23); // 2^(exponent - 3)
    let steps = (magnitude / step).round_ties_even() as i32; // below 8 without the hidden bit, up to 16 by rounding
    let bits = if steps < 8 {
        steps // subnormal
    } else {
        (exponent + 7) * 8 + steps - 8 // 16 steps carry into the exponent
    };
    sign | bits as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_what_the_format_says() {
        // The table of the paper that defines it (arXiv 2209.05433, table 1).
        for (byte, number) in [
            (0b0000_0000, 0.0),
            (0b0000_0001, 2f32.powi(-9)),
            (0b0000_0111, 0.875 * 2f32.powi(-6)),
            (0b0000_1000, 2f32.powi(-6)),
            (0b0011_1000, 1.0),
            (0b1011_1100, -1.5),
            (0b0111_1110, 448.0),
            (0b1111_1110, -448.0),
        ] {
            assert_eq!(value(byte), number, "{byte:#010b}");
        }
        assert!(value(0x7f).is_nan() && value(0xff).is_nan());
        assert!(value(0x80).is_sign_negative());
    }

    #[test]
    fn every_byte_survives_the_way_there_and_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(nearest(value(byte)), byte, "{byte:#010b}");
        }
    }

    #[test]
    fn the_nearest_is_chosen_and_ties_go_to_even() {
        for byte in 0..0x7eu8 {
            let (below, above) = (value(byte), value(byte + 1));
            let middle = (below + above) / 2.0; // exact: one bit more
            assert_eq!(nearest(middle), byte + byte % 2, "{middle}");
            assert_eq!(nearest(f32::from_bits(middle.to_bits() - 1)), byte);
            assert_eq!(
                nearest(-f32::from_bits(middle.to_bits() + 1)),
                0x80 | (byte + 1)
            );
        }
        assert_eq!((nearest(1e9), nearest(f32::NEG_INFINITY)), (0x7e, 0xfe));
        assert_eq!((nearest(f32::NAN) & 0x7f, nearest(1e-30)), (0x7f, 0));
    }
}
