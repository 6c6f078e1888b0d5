//! The wire format: numbered fields, each a number or some bytes.

use super::Unreadable;

/// What stands behind a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireValue<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> WireValue<'a> {
    /// The bytes; none of a number.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }

    /// The number; 0 of bytes.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(_) => 0,
        }
    }
}

/// A numbered field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireField<'a> {
    pub number: u64,
    pub value: WireValue<'a>,
}

/// All fields of a message, in their order.
///
/// # Errors
/// `Torn` for anything that does not end well.
pub fn fields(mut rest: &[u8]) -> Result<Vec<WireField<'_>>, Unreadable> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let value = match key & 7 {
            0 => WireValue::Number(varint(&mut rest)?),
            1 => WireValue::Number(fixed::<8>(&mut rest).map(u64::from_le_bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).map_err(|_| Unreadable::Torn)?;
                WireValue::Bytes(taken(&mut rest, length)?)
            }
            5 => WireValue::Number(fixed::<4>(&mut rest).map(|bytes| u32::from_le_bytes(bytes).into())?),
            _ => return Err(Unreadable::Torn),
        };
        fields.push(WireField { number: key >> 3, value });
    }
    Ok(fields)
}

fn taken<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Unreadable> {
    let (bytes, after) = rest.split_at_checked(length).ok_or(Unreadable::Torn)?;
    *rest = after;
    Ok(bytes)
}

fn fixed<const LENGTH: usize>(rest: &mut &[u8]) -> Result<[u8; LENGTH], Unreadable> {
    taken(rest, LENGTH)?.try_into().map_err(|_| Unreadable::Torn)
}

/// Seven bits in each byte, the lowest first.
fn varint(rest: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut number = 0;
    for place in 0..10 {
        let (byte, after) = rest.split_first().ok_or(Unreadable::Torn)?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Unreadable::Torn)
}
